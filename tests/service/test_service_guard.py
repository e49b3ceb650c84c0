"""Every way to an answer passes the guard: it is counted, charged, or withheld."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from beacon.model.disclosure import Disclosure
from beacon.model.entry_types import INDIVIDUAL
from beacon.model.errors import (
    BudgetSpent,
    InvalidRequest,
    NotPermitted,
    StoreUnavailable,
)
from beacon.model.filters import TermFilter
from beacon.model.notation import parse
from beacon.model.outline import Outline
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.profile import Profile
from beacon.model.query import Granularity, Page, Query
from beacon.model.records import Under
from beacon.model.requester import OPERATOR, Requester
from beacon.model.status import Status
from beacon.policy.policy import Policy
from beacon.policy.terms import Budget, DatasetTerms, Tier
from beacon.service import LocalBeacon
from beacon.service.guard import Guard
from beacon.service.ledgered import LEFT_OUT
from beacon.store.accounts import Books
from tests.service.ledgered_samples import FIRST, TERMS, asked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from beacon.store.connection import StoreAddress
    from beacon.store.variants import VariantStore

    Way = Callable[[LocalBeacon, int], Awaitable[Disclosure]]

SLOW = 30.0
EXACT = Profile(name="exact")
LEDGERED = Profile(name="ledgered", ledger=TERMS)
PUBLIC = Tier(
    name="public",
    granularity=Granularity.RECORD,
    queries=frozenset({"allele", "range", "documents", "filters"}),
    budget=Budget(scope="client_net", per_day=3),
)
CARE = Tier(
    name="care",
    granularity=Granularity.RECORD,
    queries=frozenset({"allele", "range", "filters", "documents", "individuals"}),
    roles=frozenset({"care"}),
    budget=Budget(per_day=6, per_30d=9, org_per_day=8),
)
STEWARD = Tier(
    name="steward",
    granularity=Granularity.RECORD,
    queries=CARE.queries,
    roles=frozenset({"steward"}),
)
POLICY = Policy(
    tiers=(PUBLIC, CARE, STEWARD),
    datasets={
        "clinic": DatasetTerms(
            id="clinic", access={"care": LEDGERED}, legal_basis="Example act, § 1"
        ),
        "public": DatasetTerms(
            id="public", access={"public": EXACT, "care": EXACT, "steward": EXACT}
        ),
    },
)
ANN = Requester(subject="ann", organisation="ward 3", roles=frozenset({"care"}))
BOB = replace(ANN, subject="bob")
SOMEBODY = Requester(network="192.0.2.0/24")


@pytest.fixture
async def beacon(
    clinic_store: VariantStore, store_address: StoreAddress
) -> AsyncIterator[LocalBeacon]:
    """Give a beacon whose books are fresh."""
    books = await Books.open(store_address, b"k" * 32, patience=SLOW)
    guard = Guard(POLICY, books, clinic_store)
    yield LocalBeacon(clinic_store, POLICY, references={}, deadline=5, guard=guard)
    books.close()


def said_by(said: Disclosure, dataset: str) -> Status | None:
    """Return the word of a dataset; ``None``: it is not there."""
    parts = (part.status for part in said.datasets if part.dataset == dataset)
    return next(parts, None)


async def _alone(beacon: LocalBeacon, place: int) -> Disclosure:
    return await beacon.answer(asked(place), ANN)


async def _in_short(beacon: LocalBeacon, place: int) -> Disclosure:
    return await beacon.answer(asked(place, granularity=Granularity.BOOLEAN), ANN)


async def _whole(beacon: LocalBeacon, place: int) -> Disclosure:
    return await beacon.answer(asked(place, granularity=Granularity.RECORD), ANN)


async def _alike(beacon: LocalBeacon, place: int) -> Disclosure:
    outline = Outline(asked(999), None)
    allele = outline.spelled(FIRST + place - 1, "A", "G")
    return await beacon.answer_alike(outline, allele, ANN)


async def _together(beacon: LocalBeacon, place: int) -> Disclosure:
    (said,) = await beacon.answer_many([asked(place)], ANN)
    assert isinstance(said, Disclosure)
    return said


async def _by_id(beacon: LocalBeacon, place: int) -> Disclosure:
    (spelling,) = asked(place).pattern.spellings  # type: ignore[union-attr]
    contig = asked(place).pattern.sequence  # type: ignore[union-attr]
    found = VariantPattern(contig=contig, spellings=(spelling,))
    name = f"GRCh37-22-{FIRST + place}-A-G"
    start = Bounds(low=spelling[0], high=spelling[0] + 1)
    by_id = replace(found, spellings=(), identity=name, start=start)
    return await beacon.answer(Query(pattern=by_id, granularity=Granularity.COUNT), ANN)


@pytest.mark.parametrize("way", [_alone, _in_short, _whole, _alike, _together, _by_id])
async def test_every_way_to_an_allele_is_charged(beacon: LocalBeacon, way: Way) -> None:
    """Who was shown in one of them is not shown again, in any."""
    first = await way(beacon, 100)
    again = await _alone(beacon, 200)

    assert said_by(first, "clinic") is Status.SEEN
    assert LEFT_OUT in first.warnings
    assert said_by(again, "clinic") is Status.WITHHELD
    assert said_by(again, "public") is Status.SEEN


@pytest.mark.parametrize("way", [_alone, _in_short, _whole, _alike, _together, _by_id])
async def test_no_way_shows_who_was_told_enough_of(
    beacon: LocalBeacon, way: Way
) -> None:
    """And all of them say the same of nobody there and of somebody hidden."""
    await _alone(beacon, 100)
    hidden, zero = await way(beacon, 200), await way(beacon, 500)

    mine = [
        [part for part in said.datasets if part.dataset == "clinic"]
        for said in (hidden, zero)
    ]
    assert said_by(hidden, "clinic") is Status.WITHHELD
    assert mine[0] == mine[1]


async def test_no_groups_are_told_of_a_ledgered_dataset(beacon: LocalBeacon) -> None:
    """A count among few tells more than was charged: records are counts there."""
    said = await _whole(beacon, 300)
    (mine,) = [part for part in said.datasets if part.dataset == "clinic"]

    assert mine.granularity is Granularity.COUNT
    assert mine.variants == ()
    assert mine.groups == ()
    assert mine.counts is not None
    assert mine.counts.ac == 3


def _pattern(text: str) -> VariantPattern:
    return parse(text, assembly="GRCh37", loaded=(), references={})


_RANGE = f"22:{FIRST}-{FIRST + 1000}"
_FILTER = ((TermFilter(id="NCIT:C16576"),),)
_OVERLAP = replace(_pattern(f"22-{FIRST + 100}-A-G"), overlap=Bounds(low=1, high=2))


@pytest.mark.parametrize(
    "query",
    [
        Query(pattern=_pattern(_RANGE), granularity=Granularity.COUNT),
        Query(pattern=_pattern(_RANGE), granularity=Granularity.BOOLEAN),
        Query(granularity=Granularity.COUNT, assembly="GRCh37"),
        asked(100, by=("sex",)),
        asked(100, excluded=("S0",)),
        asked(100, filters=_FILTER),
        asked(100, cohort="women"),
        asked(100, under=Under(entry_type=INDIVIDUAL.id, identity="S0")),
        asked(100, pattern=_OVERLAP),
    ],
    ids=[
        "range",
        "any",
        "all",
        "by",
        "exclude",
        "filters",
        "cohort",
        "under",
        "overlap",
    ],
)
async def test_what_cannot_be_charged_is_withheld(
    beacon: LocalBeacon, query: Query
) -> None:
    """Whatever does not tell whom it is about, one by one."""
    said = await beacon.answer(query, ANN)
    (told,) = await beacon.answer_many([query], ANN)

    assert said_by(said, "clinic") in (Status.WITHHELD, None)
    assert told == said
    assert said_by(await _alone(beacon, 200), "clinic") is Status.SEEN


async def test_documents_of_carriers_are_withheld(beacon: LocalBeacon) -> None:
    """They would tell who carries what."""
    query = asked(100, about=INDIVIDUAL.id, granularity=Granularity.COUNT)
    said = await beacon.answer_records(query, ANN)

    words = {part.dataset: part.status for part in said.datasets}
    assert words["clinic"] is Status.WITHHELD


async def test_a_name_that_only_a_ledgered_dataset_knows_is_unknown(
    beacon: LocalBeacon,
) -> None:
    """That somebody there carries it is not charged for."""
    said = await beacon.answer(Query(pattern=_pattern("rs100")), ANN)

    assert said.status is Status.NO_ANSWER
    assert (await beacon.answer(Query(pattern=_pattern("rs100")), OPERATOR)).exists


async def test_without_books_nothing_is_said(clinic_store: VariantStore) -> None:
    """Whoever forgets the guard gets no answer at all."""
    bare = LocalBeacon(clinic_store, POLICY, references={}, deadline=5)

    with pytest.raises(StoreUnavailable):
        await _alone(bare, 100)
    (said,) = await bare.answer_many([asked(100)], ANN)
    assert isinstance(said, StoreUnavailable)


async def test_an_operator_has_no_budget_and_no_ledger(beacon: LocalBeacon) -> None:
    """On the local store everything is there, as often as it is asked."""
    for place in (100, 200, 300, 400, 600, 700, 800, 200):
        assert (await beacon.answer(asked(place), OPERATOR)).exists
    assert (await beacon.allowance(OPERATOR)).rooms == ()


# --- budgets -----------------------------------------------------------------


async def spend(beacon: LocalBeacon, *places: int, who: Requester = SOMEBODY) -> None:
    """Ask about places."""
    for place in places:
        await beacon.answer(asked(place), who)


async def test_distinct_variants_are_counted_and_repeats_are_free(
    beacon: LocalBeacon,
) -> None:
    """However they are asked; the next one is refused, with when to come again."""
    await spend(beacon, 100, 200, 100, 300, 200)
    outline = Outline(asked(999), None)
    await beacon.answer_alike(outline, outline.spelled(FIRST + 99, "A", "G"), SOMEBODY)

    with pytest.raises(BudgetSpent) as refused:
        await spend(beacon, 400)
    assert refused.value.limit == 3
    assert 0 < refused.value.seconds <= 86_401
    allele = outline.spelled(FIRST + 399, "A", "G")
    with pytest.raises(BudgetSpent):
        await beacon.answer_alike(outline, allele, SOMEBODY)
    with pytest.raises(BudgetSpent):
        await beacon.answer(Query(pattern=_pattern(_RANGE)), SOMEBODY)
    with pytest.raises(BudgetSpent):
        await beacon.answer(Query(pattern=_pattern("rs999")), SOMEBODY)
    with pytest.raises(BudgetSpent):
        await beacon.answer_records(asked(400, about=INDIVIDUAL.id), SOMEBODY)
    await spend(beacon, 100, 200, 300)
    await spend(beacon, 400, who=replace(SOMEBODY, network="198.51.100.0/24"))


async def test_names_are_counted_before_they_are_looked_up(
    beacon: LocalBeacon,
) -> None:
    """Of documents, too, where nobody knows them."""
    for name in ("rs901", "rs902", "rs903", "rs901"):
        with pytest.raises(InvalidRequest):
            await beacon.answer_records(_carriers(name), SOMEBODY)

    with pytest.raises(BudgetSpent):
        await beacon.answer_records(_carriers("rs904"), SOMEBODY)


@pytest.mark.parametrize("name", ["rs100", "rs999"])
async def test_a_name_tells_nothing_where_it_may_not_be_asked(
    beacon: LocalBeacon, clinic_store: VariantStore, name: str
) -> None:
    """Neither of documents nor of chosen people; and it costs nothing."""
    narrow = replace(PUBLIC, queries=frozenset({"allele"}), budget=None)
    policy = replace(POLICY, tiers=(narrow, CARE, STEWARD))
    strict = LocalBeacon(clinic_store, policy, references={}, deadline=5)

    with pytest.raises(NotPermitted):
        await strict.answer_records(_carriers(name), SOMEBODY)
    with pytest.raises(NotPermitted):
        await strict.answer(Query(pattern=_pattern(name), filters=_FILTER), SOMEBODY)
    assert (await beacon.allowance(SOMEBODY)).rooms[0].left == 3


def _carriers(name: str) -> Query:
    return Query(pattern=_pattern(name), about=INDIVIDUAL.id)


async def test_each_line_of_a_batch_counts(beacon: LocalBeacon) -> None:
    """The first that fit are answered; each other is refused in its place."""
    places = (100, 200, 100, 300, 400, 500, 200)
    said = await beacon.answer_many([asked(place) for place in places], SOMEBODY)

    refused = [isinstance(one, BudgetSpent) for one in said]
    assert refused == [False, False, False, False, True, True, False]
    assert said[0] == said[2]


async def test_an_organisation_shares_a_budget(beacon: LocalBeacon) -> None:
    """Beside each user's own."""
    await spend(beacon, 100, 200, 300, 400, 500, 600, who=ANN)
    await spend(beacon, 100, 200, 700, 800, who=BOB)

    with pytest.raises(BudgetSpent, match="Your organisation"):
        await spend(beacon, 999, who=BOB)
    with pytest.raises(BudgetSpent, match="You have"):
        await spend(beacon, 999, who=ANN)


async def test_who_asks_sees_what_is_left(beacon: LocalBeacon) -> None:
    """Of every period, and what ledgers have told."""
    await spend(beacon, 100, 200, who=ANN)
    left = await beacon.allowance(ANN)

    assert left.tier == "care"
    assert [(r.scope, r.days, r.limit, r.left) for r in left.rooms] == [
        ("user", 1, 6, 4),
        ("user", 30, 9, 7),
        ("organisation", 1, 8, 6),
    ]
    (one,) = left.ledgers
    assert one.dataset == "clinic"
    assert one.most == pytest.approx(8.11, abs=0.01)
    nobody = await beacon.allowance(SOMEBODY)
    assert (nobody.tier, nobody.ledgers) == ("public", ())
    assert [room.left for room in nobody.rooms] == [3]


async def test_a_higher_tier_without_a_budget_does_not_lift_that_of_the_ledger(
    beacon: LocalBeacon,
) -> None:
    """Who is a steward, too, asks a clinic within the budget of care."""
    both = replace(ANN, roles=frozenset({"care", "steward"}))
    left = await beacon.allowance(both)

    assert left.tier == "steward"
    assert [(room.tier, room.limit) for room in left.rooms] == [
        ("care", 6),
        ("care", 9),
        ("care", 8),
    ]
    places = (1, 2, 3, 4, 5, 6, 7, 8, 9)
    for place in places:  # as a steward
        await beacon.answer(asked(place, datasets=("public",)), both)
    assert (await beacon.allowance(both)).rooms[0].left == 6
    steward = replace(ANN, roles=frozenset({"steward"}))
    assert (await beacon.allowance(steward)).rooms == ()


async def test_what_happened_is_counted(beacon: LocalBeacon) -> None:
    """Refusals at once; alarms on the day after, or they would tell who is there."""
    await spend(beacon, 100, 200, who=ANN)
    for place in (1, 2, 3, 4):
        await beacon.answer_many([asked(place)], SOMEBODY)

    assert beacon.counted() == {"spent": 1, "alarms": 0}


async def test_a_question_is_counted_where_it_is_answered(
    clinic_store: VariantStore, store_address: StoreAddress
) -> None:
    """Who may ask a clinic much asks what answers as public as anybody does."""
    terms = {
        **POLICY.datasets,
        "public": DatasetTerms(id="public", access={"public": EXACT}),
    }
    policy = replace(POLICY, datasets=terms)
    books = await Books.open(store_address, b"k" * 32, patience=SLOW)
    beacon = LocalBeacon(
        clinic_store,
        policy,
        references={},
        deadline=5,
        guard=Guard(policy, books, clinic_store),
    )
    for place in (100, 200, 300):
        await beacon.answer(asked(place, datasets=("public",)), ANN)
    with pytest.raises(BudgetSpent) as refused:
        await beacon.answer(asked(400, datasets=("public",)), ANN)
    many = [asked(400, datasets=(name,)) for name in ("public", "clinic")]
    said = await beacon.answer_many(many, ANN)
    outline = Outline(asked(999, datasets=("public",)), None)
    allele = outline.spelled(FIRST + 499, "A", "G")
    with pytest.raises(BudgetSpent):
        await beacon.answer_alike(outline, allele, ANN)
    left = await beacon.allowance(ANN)
    books.close()

    assert refused.value.limit == 3
    assert [isinstance(one, BudgetSpent) for one in said] == [True, False]
    rooms = [(room.tier, room.left) for room in left.rooms]
    assert rooms == [("public", 0), ("care", 5), ("care", 8), ("care", 7)]


@pytest.mark.parametrize("pattern", [None, _pattern(_RANGE)], ids=["all", "range"])
async def test_each_page_counts(
    beacon: LocalBeacon, pattern: VariantPattern | None
) -> None:
    """A dataset is not had page by page for the price of one variant."""

    async def page(number: int) -> None:
        query = Query(
            pattern=pattern,
            assembly="GRCh37",
            granularity=Granularity.RECORD,
            page=Page(skip=number, limit=1),
        )
        await beacon.answer(query, SOMEBODY)

    for number in (0, 1, 2, 1, 0):
        await page(number)
    with pytest.raises(BudgetSpent):
        await page(3)


async def test_who_shows_a_key_shares_no_network(beacon: LocalBeacon) -> None:
    """Its network is not looked at: it is one by itself, not nobody's."""
    ann = Requester(subject="a key")
    await spend(beacon, 100, 200, 300, who=ann)

    await spend(beacon, 400, who=Requester(subject="another key"))
    with pytest.raises(BudgetSpent):
        await spend(beacon, 400, who=ann)


async def test_organisations_of_two_issuers_are_two(beacon: LocalBeacon) -> None:
    """Be they called alike: one cannot spend what is the other's."""
    await spend(beacon, 100, 200, 300, 400, 500, 600, who=ANN)
    await spend(beacon, 700, 800, who=BOB)

    await spend(beacon, 999, who=replace(BOB, issuer="elsewhere"))
    with pytest.raises(BudgetSpent, match="Your organisation"):
        await spend(beacon, 999, who=BOB)
