"""A dataset with a ledger, on a real mongod: what is said once it is charged for."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient

from beacon.model.counts import AlleleCounts
from beacon.model.disclosure import Permit
from beacon.model.errors import StoreUnavailable
from beacon.model.findings import Findings
from beacon.model.profile import Profile
from beacon.model.query import Granularity
from beacon.model.requester import Requester
from beacon.model.status import Status
from beacon.policy.copies import Place, Sexes, expected_of
from beacon.policy.evidence import (
    RAREST,
    frequency_of,
    nats,
)
from beacon.policy.policy import disclose
from beacon.service.ledgered import Ledgered, who_is
from beacon.store.accounts import Books
from beacon.store.ledger import ALARMS, LEDGER, PAGES, Asking, Ledger, Page
from beacon.store.variants import VariantStore
from tests.service.ledgered_samples import ELSEWHERE, PEOPLE, TERMS, asked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from beacon.model.disclosure import DatasetDisclosure
    from beacon.model.profile import LedgerTerms
    from beacon.store.connection import StoreAddress

SLOW = 30.0
ANN = Requester(subject="ann", organisation="ward 3")
BOB = Requester(subject="bob", organisation="ward 3")


@pytest.fixture
async def books(store_address: StoreAddress) -> AsyncIterator[Books]:
    """Give the books of a fresh database."""
    opened = await Books.open(store_address, b"k" * 32, patience=SLOW)
    yield opened
    opened.close()


@pytest.fixture
def ledgered(clinic_store: VariantStore, books: Books) -> Ledgered:
    """Give what charges for answers of the clinic."""
    return Ledgered(clinic_store, Ledger(books))


async def told(
    ledgered: Ledgered,
    place: int,
    requester: Requester = ANN,
    terms: LedgerTerms = TERMS,
    references: Sequence[str] = (),
    named_from: int = 1,
    **more: object,
) -> DatasetDisclosure:
    """Return what the clinic says of A>G at a place."""
    profile = Profile(name="ledgered", ledger=terms, cohort_named_from=named_from)
    permit = Permit(
        dataset="clinic",
        granularity=Granularity.COUNT,
        individuals=True,
        tier="care",
        profile=profile,
    )
    permits, query = {"clinic": permit}, asked(place, **more)
    found = await ledgered.find(query, requester, permits, references)
    said = disclose(Findings(datasets=tuple(found)), permits, query)
    return said.datasets[0]


async def test_a_first_rare_answer_is_exact(ledgered: Ledgered) -> None:
    """With its AN and its people."""
    said = await told(ledgered, 100)

    assert said.status is Status.SEEN
    assert said.counts is not None
    assert (said.counts.ac, said.counts.an, said.counts.het) == (1, 400, 1)
    assert said.sample_count == len(PEOPLE)


async def test_two_copies_are_charged_apart(ledgered: Ledgered, books: Books) -> None:
    """Of an allele that is not rare: few are told little of, who has two, much."""
    first = await told(ledgered, 900, references=("public",))
    second = await told(ledgered, 910, references=("public",))
    again = await told(ledgered, 900, references=("public",))
    page = await Ledger(books).page(who_is(ANN), "clinic")

    counts = [said.counts for said in (first, second, again)]
    assert [(6, 1, 4), (4, 0, 4), (6, 1, 4)] == [
        None if c is None else (c.ac, c.hom, c.het) for c in counts
    ]
    # As much as was told of anybody shown: of two copies once, then of one.
    often = frequency_of([AlleleCounts(ac=4, an=400)])
    fewest = expected_of(Place.TWO, Sexes(0, 0, len(PEOPLE)), 400, often)
    assert page.nats == pytest.approx(nats(5, fewest.two) + nats(9, fewest.single))


async def test_on_x_each_kind_is_charged_among_those_who_can_be_it(
    ledgered: Ledgered, books: Books
) -> None:
    """Of two hundred whose sexes only AN tells, a hundred may have two copies."""
    terms = replace(TERMS, population=10**12)
    said = await told(ledgered, 100, terms=terms, chromosome="X")
    page = await Ledger(books).page(who_is(ANN), "clinic")

    counts = said.counts
    assert counts is not None
    assert (counts.ac, counts.an) == (5, 300)
    assert (counts.hom, counts.het, counts.hemi) == (1, 1, 2)
    # One who is homozygous tells most; with all four, as if they were one person.
    assert page.nats == pytest.approx(nats(4, 100 * RAREST**2))


@pytest.mark.parametrize(("place", "ac", "cap"), [(930, 15, 5), (940, 13, 10)])
async def test_nobody_s_two_copies_are_told_where_they_are_not_charged(
    ledgered: Ledgered, place: int, ac: int, cap: int
) -> None:
    """More carry it than are charged, and not one with two copies was expected."""
    said = await told(ledgered, place, terms=replace(TERMS, cap_carriers=cap))
    counts = said.counts

    assert said.status is Status.SEEN
    assert counts is not None
    assert (counts.ac, counts.an) == (ac, 400)
    assert (counts.hom, counts.het, counts.hemi) == (None, None, None)


@pytest.mark.parametrize("cap", [25, 50])
async def test_two_copies_are_told_where_some_were_expected(
    ledgered: Ledgered, cap: int
) -> None:
    """Then one tells of nobody, whoever lacks the allele elsewhere."""
    said = await told(ledgered, 920, terms=replace(TERMS, cap_carriers=cap))

    assert said.counts is not None
    assert (said.counts.ac, said.counts.hom, said.counts.het) == (61, 1, 59)


async def test_who_was_told_enough_of_is_left_out_silently(ledgered: Ledgered) -> None:
    """The others are counted, and all are still there and called."""
    await told(ledgered, 100)

    said = await told(ledgered, 300)
    assert said.counts is not None
    assert (said.counts.ac, said.counts.hom, said.counts.het) == (2, 1, 0)
    assert (said.counts.an, said.sample_count) == (400, len(PEOPLE))
    # Somebody else was told nothing yet.
    other = await told(ledgered, 300, BOB)
    assert other.counts is not None
    assert other.counts.ac == 3


async def test_hidden_and_zero_are_said_alike(ledgered: Ledgered) -> None:
    """Once anybody may be left out; before that a "no" is a "no"."""
    before = await told(ledgered, 500)
    await told(ledgered, 100)
    hidden, zero = await told(ledgered, 200), await told(ledgered, 500)

    assert before.status is Status.NOT_SEEN
    assert before.counts is not None
    assert before.counts.an == 400
    assert hidden == zero
    assert hidden.status is Status.WITHHELD
    assert (hidden.exists, hidden.counts) == (False, None)
    assert hidden.sample_count == len(PEOPLE)


async def test_a_no_is_judged_by_the_fewest_who_may_carry_it(
    ledgered: Ledgered,
) -> None:
    """What was called at a place says nothing of whether somebody is left out there.

    Of all who were called two are to be expected to have two copies, but a quarter of
    one of the fewest who may have been: too few for a "no" after a first answer.
    """
    before = await told(ledgered, ELSEWHERE, references=("public",))
    await told(ledgered, 100)
    after = await told(ledgered, ELSEWHERE, references=("public",))

    assert [before.status, after.status] == [Status.NOT_SEEN, Status.WITHHELD]


async def test_few_left_out_and_nobody_are_said_alike(ledgered: Ledgered) -> None:
    """Beside a ledger a threshold hides by the very same statement."""
    places = {"nobody, early": 500, "few": 300, "others": 700, "left out": 200}
    said = {
        name: await told(ledgered, place, named_from=4)
        for name, place in {**places, "nobody": 500, "many": 600}.items()
    }

    assert said.pop("many").status is Status.SEEN
    assert said["few"].status is Status.WITHHELD
    assert dict.fromkeys(said, said["few"]) == said


async def test_a_repeat_is_answered_alike_and_charged_once(
    ledgered: Ledgered, books: Books, store_address: StoreAddress
) -> None:
    """Shown or left out, as the first time; also when 200 ask at once (C8)."""
    first = [await told(ledgered, place) for place in (100, 300, 200)]
    many = await asyncio.gather(*(told(ledgered, 700) for _ in range(200)))
    again = [await told(ledgered, place) for place in (200, 300, 100)]

    assert again == first[::-1]
    assert set(map(repr, many)) == {repr(many[0])}
    with MongoClient(store_address.uri) as client:
        kept = list(client[store_address.database][LEDGER].find())
    mine = [document for document in kept if document["e"][0]["n"]]
    entries = [entry for document in mine for entry in document["e"] if entry["y"]]
    # S0 once, S1 once, and three of 700; each for the user and for its organisation.
    assert len(entries) == 2 * 5 + 2


async def test_what_many_carry_is_told_and_not_charged(
    ledgered: Ledgered, store_address: StoreAddress
) -> None:
    """More people than the cap tell of nobody, whatever was learnt of them."""
    await told(ledgered, 100)
    said = await told(ledgered, 600)

    assert said.counts is not None
    assert said.counts.ac == 70


async def test_a_public_frequency_makes_an_answer_cheaper(ledgered: Ledgered) -> None:
    """What is known to be frequent tells little of who carries it."""
    await told(ledgered, 300, references=("public",))  # three copies there: 0.005
    second = await told(ledgered, 200, references=("public",))  # one: taken for rare
    third = await told(ledgered, 800, references=("public",))

    assert second.counts is not None
    assert second.counts.ac == 1
    assert third.counts is not None
    assert third.counts.ac == 1  # S0 is left out, S5 is not


async def test_half_a_call_counts_for_its_copy(ledgered: Ledgered) -> None:
    """It adds to AC alone, and is charged and left out as any other."""
    said = await told(ledgered, 700)

    assert said.counts is not None
    assert (said.counts.ac, said.counts.het) == (3, 2)


async def test_where_a_first_answer_must_fit_it_may_be_hidden(
    ledgered: Ledgered,
) -> None:
    """And so may every "no", from the start."""
    strict = replace(TERMS, first_hit_always=False, ppv_max=0.01)

    assert (await told(ledgered, 100, terms=strict)).status is Status.WITHHELD
    assert (await told(ledgered, 500, terms=strict)).status is Status.WITHHELD


async def test_a_dataset_that_forgot_its_people_says_nothing(
    ledgered: Ledgered, clinic_store: VariantStore, clinic_address: StoreAddress
) -> None:
    """Who carries an allele must add up to its counts, or nobody is told of it.

    Of none either: beside a "no" the word for the others would tell that it is there.
    """
    (one,) = await clinic_store.find_carriers(asked(300), ("clinic",), 50)
    assert one.carried is not None
    assert sorted(c.individual for c in one.carried) == ["S0", "S1"]
    (common,) = await clinic_store.find_carriers(asked(600), ("clinic",), 10)
    assert common.is_common
    release = one.found.dataset.release
    assert release is not None
    with MongoClient(clinic_address.uri) as client:
        people = client[clinic_address.database]["people"]
        where = {"_id": release.number << 32}
        kept = people.find_one_and_delete(where)
        try:
            other = await VariantStore.open(clinic_address)
            lost = Ledgered(other, ledgered._ledger)  # noqa: SLF001 - the same books
            said = [await told(lost, place, BOB) for place in (300, 600, 500)]
            await other.close()
        finally:
            people.insert_one(kept)

    assert [part.status for part in said] == [Status.WITHHELD] * 3
    assert said[0] == said[1] == said[2]


async def test_two_accounts_raise_the_organisation_s_alarm(
    ledgered: Ledgered, store_address: StoreAddress, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the second rare answer on one person; the log names nobody (C4)."""
    await told(ledgered, 100, ANN)
    await told(ledgered, 200, BOB)
    await ledgered.close()

    with MongoClient(store_address.uri) as client:
        alarms = list(client[store_address.database][ALARMS].find())
    assert [(alarm["kind"], alarm["who"]) for alarm in alarms] == [
        ("organisation", ":ward 3")
    ]
    logged = capsys.readouterr().out
    assert "ledger.alarm" in logged
    for word in ("ward 3", "ann", "bob", "S0", "20000200"):
        assert word not in logged
    assert ledgered.alarms_before_today == 0


async def test_no_answer_comes_before_its_charge(
    clinic_store: VariantStore, store_address: StoreAddress
) -> None:
    """Whoever breaks off after the charge was charged; nobody is answered without."""
    books = await Books.open(store_address, b"k" * 32, patience=SLOW)
    ledgered = Ledgered(clinic_store, Ledger(books))
    await told(ledgered, 500)  # what is needed is open
    asking = [asyncio.create_task(told(ledgered, 100)) for _ in range(5)]
    with MongoClient(store_address.uri) as client:
        ledger = client[store_address.database][LEDGER]
        while not ledger.find_one({"e.n": {"$gt": 1}}):
            await asyncio.sleep(0.001)
            assert not any(task.done() for task in asking)
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
    books.close()
    again = await Books.open(store_address, b"k" * 32, patience=SLOW)
    said = await told(Ledgered(clinic_store, Ledger(again)), 200)
    again.close()

    assert said.status is Status.WITHHELD


class _Stopped(Ledger):
    """A ledger that stops for a while between a charge and its page."""

    def __init__(self, books: Books) -> None:
        super().__init__(books)
        self.stopped, self.goes_on = asyncio.Event(), asyncio.Event()

    async def turn(self, asking: Asking, shown: int, expected: float) -> Page:
        """Wait to be let on."""
        self.stopped.set()
        await self.goes_on.wait()
        return await super().turn(asking, shown, expected)


class _Uncertain(Ledger):
    """A ledger that once does not know whether it has written."""

    failures = 1

    async def turn(self, asking: Asking, shown: int, expected: float) -> Page:
        """Fail at first."""
        if self.failures:
            self.failures -= 1
            message = "not known"
            raise StoreUnavailable(message)
        return await super().turn(asking, shown, expected)


async def test_who_leaves_leaves_a_page_behind(
    clinic_store: VariantStore, books: Books
) -> None:
    """A charge that nobody waits for is told to its page; then all is withheld."""
    ledger = _Stopped(books)
    ledgered = Ledgered(clinic_store, ledger)
    asking = asyncio.create_task(told(ledgered, 100))
    await ledger.stopped.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    ledger.goes_on.set()
    await ledgered.close()

    assert (await ledger.page("subject::ann", "clinic")).shown == 1
    zero, hidden = await told(ledgered, 500), await told(ledgered, 200)
    assert zero == hidden
    assert zero.status is Status.WITHHELD


async def test_a_no_waits_for_what_bears_on_it(
    clinic_store: VariantStore, books: Books
) -> None:
    """Also where whoever asked for that is gone."""
    ledger = _Stopped(books)
    ledgered = Ledgered(clinic_store, ledger)
    asking = asyncio.create_task(told(ledgered, 100))
    await ledger.stopped.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    zero = asyncio.create_task(told(ledgered, 500))
    await asyncio.wait([zero], timeout=0.3)

    assert not zero.done()
    ledger.goes_on.set()
    assert (await zero).status is Status.WITHHELD


async def test_what_may_have_been_written_is_carried_through(
    clinic_store: VariantStore, books: Books
) -> None:
    """Whoever got no answer is as one who did."""
    ledger = _Uncertain(books)
    ledgered = Ledgered(clinic_store, ledger)
    with pytest.raises(StoreUnavailable):
        await told(ledgered, 100)

    assert (await told(ledgered, 500)).status is Status.WITHHELD
    assert (await ledger.page("subject::ann", "clinic")).shown == 1


async def test_a_page_that_was_lost_is_lost_once(
    ledgered: Ledgered, store_address: StoreAddress
) -> None:
    """After a crash in between it is found out once; then all is withheld."""
    await told(ledgered, 100)
    with MongoClient(store_address.uri) as client:
        client[store_address.database][PAGES].delete_many({})

    assert (await told(ledgered, 500)).status is Status.NOT_SEEN
    assert (await told(ledgered, 200)).status is Status.WITHHELD
    assert (await told(ledgered, 500)).status is Status.WITHHELD
