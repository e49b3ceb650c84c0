"""A pool is the same whichever of its datasets are asked, and by whatever way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from beacon.model.disclosure import Disclosure
from beacon.model.notation import parse
from beacon.model.outline import Outline
from beacon.model.profile import Profile
from beacon.model.query import Granularity, Query
from beacon.model.requester import ANONYMOUS, Requester
from beacon.model.status import Status
from beacon.service import LocalBeacon
from beacon.service.guard import Guard
from beacon.store.accounts import Books
from beacon.store.releases import Catalogue
from beacon.store.variants import VariantStore
from tests.policy_samples import tiered
from tests.service.ledgered_samples import FIRST, TERMS, asked
from tests.service.people_samples import Record, load

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from beacon.policy.policy import Policy
    from beacon.policy.terms import DatasetTerms
    from beacon.store.connection import StoreAddress

    Way = Callable[[LocalBeacon, int, str], Awaitable[Disclosure]]

PEOPLE = tuple(f"S{n}" for n in range(20))
CARRIED: Mapping[int, Mapping[str, int]] = {
    100: {"a": 7, "b": 2, "c": 0},
    200: {"a": 7, "b": 6, "c": 8},
    300: {"a": 1, "b": 0, "c": 2},
    400: {"a": 0, "b": 0, "c": 0},
    500: {"a": 7, "b": 0, "c": 0},
}
"""By place how many carry A>G there, by dataset; ``c`` is in no pool with others."""
POOLED, EXACT = Profile(name="pooled", cohort_named_from=5), Profile(name="exact")
CHARGED = Profile(name="charged", cohort_named_from=5, ledger=TERMS)
ALLELES = frozenset({"allele"})


@pytest.fixture(scope="module")
def address(
    shared_address: Callable[[str], StoreAddress],
    tmp_path_factory: pytest.TempPathFactory,
) -> StoreAddress:
    """Give a database of three datasets, which no test changes."""
    found = shared_address("pools")
    with Catalogue(found) as catalogue:
        for name in "abc":
            records = [_record(place, name) for place in CARRIED]
            load(catalogue, tmp_path_factory.mktemp(name), name, records, PEOPLE)
    return found


def _record(place: int, dataset: str) -> Record:
    carriers = CARRIED[place][dataset]
    return Record(
        chromosome="22",
        pos=FIRST + place,
        reference="A",
        alternates="G",
        genotypes=("0/1",) * carriers + ("0/0",) * (len(PEOPLE) - carriers),
        name=f"rs{place}" if dataset == "a" else ".",
    )


@pytest.fixture
async def store(address: StoreAddress) -> AsyncIterator[VariantStore]:
    """Give the store of them."""
    opened = await VariantStore.open(address)
    yield opened
    await opened.close()


def policy_of(b: Profile) -> Policy:
    """Return a policy in whose pool are ``a`` and, in any profile, ``b``."""
    profiles = {"a": POOLED, "b": b, "c": POOLED}
    policy = tiered(Granularity.COUNT, profiles, queries=ALLELES)
    other: DatasetTerms = replace(policy.datasets["c"], country="DK")
    return replace(policy, datasets={**policy.datasets, "c": other})


@pytest.fixture
def beacon(store: VariantStore) -> LocalBeacon:
    """Give a beacon of two countries."""
    return LocalBeacon(store, policy_of(POOLED), references={}, deadline=5)


async def _by_dataset(beacon: LocalBeacon, place: int, name: str) -> Disclosure:
    return await beacon.answer(asked(place, datasets=(name,)), ANONYMOUS)


async def _by_key(beacon: LocalBeacon, place: int, name: str) -> Disclosure:
    return await beacon.answer(asked(place), Requester(only=frozenset({name})))


async def _in_a_batch(beacon: LocalBeacon, place: int, name: str) -> Disclosure:
    (said,) = await beacon.answer_many([asked(place, datasets=(name,))], ANONYMOUS)
    assert isinstance(said, Disclosure)
    return said


async def _alike(beacon: LocalBeacon, place: int, name: str) -> Disclosure:
    outline = Outline(asked(999, datasets=(name,)), None)
    allele = outline.spelled(FIRST + place - 1, "A", "G")
    return await beacon.answer_alike(outline, allele, ANONYMOUS)


@pytest.mark.parametrize("way", [_by_dataset, _by_key, _in_a_batch, _alike])
@pytest.mark.parametrize("place", CARRIED)
async def test_a_dataset_says_alone_what_it_says_beside_its_pool(
    beacon: LocalBeacon, place: int, way: Way
) -> None:
    """Else the others would be the difference; and nothing is said of those."""
    whole = await beacon.answer(asked(place), ANONYMOUS)
    beside = {part.dataset: part for part in whole.datasets}

    for name in "abc":
        alone = await way(beacon, place, name)
        assert alone.datasets == (beside[name],), name


async def test_a_pool_is_told_where_all_of_it_is_asked(beacon: LocalBeacon) -> None:
    """Whatever else is asked, or is not."""
    said = await beacon.answer(asked(100, datasets=("a", "b")), ANONYMOUS)
    words = [(part.dataset, part.status, part.counts) for part in said.datasets]

    assert [word[:2] for word in words] == [
        ("a", Status.WITHHELD),
        ("b", Status.WITHHELD),
        ("pooled:SE", Status.SEEN),
    ]
    assert words[2][2] is not None
    assert words[2][2].ac == 9


async def test_a_name_is_not_told_by_part_of_a_pool(
    store: VariantStore, store_address: StoreAddress
) -> None:
    """What is charged for takes part in what is named, and is not asked for a name."""
    policy = policy_of(CHARGED)
    books = await Books.open(store_address, b"k" * 32, patience=30.0)
    guard = Guard(policy, books, store)
    charging = LocalBeacon(store, policy, references={}, deadline=5, guard=guard)
    plain = LocalBeacon(store, policy_of(EXACT), references={}, deadline=5)
    pattern = parse("rs100", assembly="GRCh37", loaded=(), references={})
    query = Query(pattern=pattern, granularity=Granularity.COUNT)
    by_place = await charging.answer(asked(100), Requester(subject="ann"))
    by_name = await charging.answer(query, Requester(subject="ann"))
    books.close()

    assert by_place.datasets[0].status is Status.WITHHELD
    assert by_name.alleles == ()
    assert by_name.status is Status.NO_ANSWER
    assert (await plain.answer(query, ANONYMOUS)).exists
