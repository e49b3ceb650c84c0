"""The time of an answer tells no more than its words where people may be hidden."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.notation import parse
from beacon.model.outline import Outline
from beacon.model.profile import Profile
from beacon.model.query import Granularity, Query
from beacon.model.requester import ANONYMOUS
from beacon.policy.policy import OPEN
from beacon.policy.terms import CARE
from beacon.service import LocalBeacon, levelling
from beacon.service.levelling import STEP, in_steps
from beacon.store.releases import Catalogue
from beacon.store.variants import VariantStore
from tests.policy_samples import tiered
from tests.service.ledgered_samples import FIRST, asked
from tests.service.people_samples import Record, load

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from beacon.policy.policy import Policy
    from beacon.store.connection import StoreAddress

    Way = Callable[[LocalBeacon, int], Awaitable[object]]

PEOPLE = ("S0", "S1", "S2")
HIDDEN, NOWHERE = 100, 200
THRESHOLD = Profile(name="threshold", min_count=3)
NOISY = Profile(name="noisy", min_count=3, noise_sd=1.0)
EXACT = Profile(name="exact")


@pytest.fixture(scope="module")
def address(
    shared_address: Callable[[str], StoreAddress],
    tmp_path_factory: pytest.TempPathFactory,
) -> StoreAddress:
    """Give a database of one dataset in which one carries a rare allele."""
    found = shared_address("levelling")
    record = Record(
        chromosome="22",
        pos=FIRST + HIDDEN,
        reference="A",
        alternates="G",
        genotypes=("0/1", "0/0", "0/0"),
        name="rs100",
    )
    with Catalogue(found) as catalogue:
        load(catalogue, tmp_path_factory.mktemp("a"), "a", [record], PEOPLE)
    return found


@pytest.fixture
async def store(address: StoreAddress) -> AsyncIterator[VariantStore]:
    """Give the store of it."""
    opened = await VariantStore.open(address)
    yield opened
    await opened.close()


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Give the seconds that answers were kept back, each time."""
    found: list[float] = []

    async def sleep(seconds: float) -> None:
        found.append(seconds)

    loops = SimpleNamespace(get_running_loop=asyncio.get_running_loop, sleep=sleep)
    monkeypatch.setattr(levelling, "asyncio", loops)
    return found


async def _alone(beacon: LocalBeacon, place: int) -> object:
    return await beacon.answer(asked(place), ANONYMOUS)


async def _in_a_batch(beacon: LocalBeacon, place: int) -> object:
    return await beacon.answer_many([asked(place)], ANONYMOUS)


async def _alike(beacon: LocalBeacon, place: int) -> object:
    outline = Outline(asked(999), None)
    allele = outline.spelled(FIRST + place - 1, "A", "G")
    return await beacon.answer_alike(outline, allele, ANONYMOUS)


async def _by_name(beacon: LocalBeacon, place: int) -> object:
    pattern = parse(f"rs{place}", assembly="GRCh37", loaded=(), references={})
    query = Query(pattern=pattern, granularity=Granularity.COUNT)
    return await beacon.answer(query, ANONYMOUS)


def policy_of(profile: Profile, kind: str) -> Policy:
    """Return a policy by which the dataset speaks to everybody in a profile."""
    policy = tiered(Granularity.COUNT, {"a": profile}, queries=frozenset({"allele"}))
    terms = replace(policy.datasets["a"], kind=kind)
    return replace(policy, datasets={"a": terms})


@pytest.mark.parametrize("way", [_alone, _in_a_batch, _alike, _by_name])
@pytest.mark.parametrize("place", [HIDDEN, NOWHERE])
@pytest.mark.parametrize(
    ("profile", "kind"),
    [(THRESHOLD, CARE), (NOISY, CARE), (NOISY, "reference")],
)
async def test_hidden_and_zero_are_kept_back_alike(
    store: VariantStore,
    slept: list[float],
    profile: Profile,
    kind: str,
    way: Way,
    place: int,
) -> None:
    """By whatever way, till the end of a step, once where the answer is found."""
    policy = policy_of(profile, kind)
    beacon = LocalBeacon(store, policy, references={}, deadline=5)
    await way(beacon, place)

    assert 1 == len(slept)
    assert 0 < slept[0] <= STEP


@pytest.mark.parametrize("way", [_alone, _in_a_batch, _alike])
@pytest.mark.parametrize(
    "policy",
    [OPEN, policy_of(EXACT, CARE), policy_of(THRESHOLD, "reference")],
)
async def test_nobody_else_waits(
    store: VariantStore, slept: list[float], policy: Policy, way: Way
) -> None:
    """Where nothing is hidden, or of a reference whose thresholds are all it has."""
    beacon = LocalBeacon(store, policy, references={}, deadline=5)
    await way(beacon, HIDDEN)

    assert [] == slept


@given(took=st.floats(0, 100), began=st.floats(0, 1e6))
def test_what_is_inside_ends_at_a_multiple_of_a_step(took: float, began: float) -> None:
    """Of its own beginning, the next there is, whatever it took."""
    now = [began]

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    async def run() -> None:
        async with in_steps(0.5):
            now[0] += took

    loop = SimpleNamespace(time=lambda: now[0])
    fake = SimpleNamespace(get_running_loop=lambda: loop, sleep=sleep)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(levelling, "asyncio", fake)
        asyncio.run(run())
    steps = (now[0] - began) / 0.5

    assert abs(steps - round(steps)) < 1e-6
    assert took - 1e-6 <= now[0] - began <= took + 0.5 + 1e-6


async def test_a_failure_is_told_at_once(slept: list[float]) -> None:
    """It is told to everybody alike."""

    async def fail() -> None:
        async with in_steps(STEP):
            message = "away"
            raise ValueError(message)

    with pytest.raises(ValueError, match="away"):
        await fail()

    assert [] == slept
