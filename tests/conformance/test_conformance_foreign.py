"""The checker on beacons unlike ours: they are asked only what they offer."""

from __future__ import annotations

import pytest

from beacon.conformance.judge import Manner, Verdict
from tests.conformance.reference import TOKEN, TRAITS, variants
from tests.conformance.test_conformance_faults import rules, verdict_on


def unchecked(verdict: Verdict) -> str:
    """Return what could not be checked, as one text."""
    return "\n".join(f"{each.what}: {each.why}" for each in verdict.unchecked)


@pytest.mark.parametrize("trait", TRAITS)
async def test_a_beacon_may_say_little(trait: str) -> None:
    """A beacon that shows less breaks no rule, and what was not seen is listed."""
    verdict = await verdict_on([trait])

    assert [] == rules(verdict)
    assert unchecked(verdict) != ""


@pytest.mark.parametrize(
    ("trait", "manner", "expected"),
    [
        ("network", Manner(), []),
        ("aggregated", Manner(version=(2, 0)), []),
        ("aggregated", Manner(), ["R10", "R27"]),
        ("root with a slash", Manner(), []),
        ("plain 404", Manner(), ["(R67)"]),
        ("GET is boolean", Manner(), ["(R64)"]),
        ("null for no error", Manner(), ["(M17)"]),
        ("GET only", Manner(), ["R24"]),
    ],
)
async def test_a_beacon_may_be_otherwise(
    trait: str, manner: Manner, expected: list[str]
) -> None:
    """What deployed beacons do is found where it breaks a rule, at its level."""
    assert expected == rules(await verdict_on([trait], manner))


async def test_a_protected_beacon_is_seen_with_a_token() -> None:
    """With a token a protected beacon is judged whole."""
    verdict = await verdict_on(["protected"], Manner(token=TOKEN))

    assert [] == rules(verdict)
    assert "rights" not in unchecked(verdict)


@pytest.mark.parametrize(
    ("version", "expected"), [((2, 1), ["R36"]), ((2, 2), []), (None, [])]
)
async def test_a_version_decides_what_is_demanded(
    version: tuple[int, int] | None, expected: list[str]
) -> None:
    """Before v2.2 a result set needs its records; the beacon's own version holds."""
    verdict = await verdict_on(["bare sets"], Manner(version=version))

    assert expected == rules(verdict)


def test_the_reference_speaks_of_real_places() -> None:
    """The reference beacon's variants are where their HGVS names say."""
    starts = [
        each["variation"]["location"]["interval"]["start"]["value"]
        for each in variants()
    ]
    names = [each["identifiers"]["genomicHGVSId"] for each in variants()]

    assert [f"NC_000022.11:g.{start + 1}A>G" for start in starts] == names
