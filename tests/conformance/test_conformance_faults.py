"""The checker on a beacon that is right, and on beacons that are wrong on purpose."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from aiohttp.test_utils import TestServer
from yarl import URL

from beacon.conformance.judge import Manner, Verdict, judge
from tests.conformance.reference import FAULTS, FLAWS, KINDRED, Reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

VIOLATIONS = FAULTS | KINDRED
GROUPS = [
    *[[*FAULTS][first :: len(FAULTS) // 5] for first in range(len(FAULTS) // 5)],
    *[[each] for each in KINDRED],
]
"""Every fault among a few others, and those alone that others would hide."""


async def verdict_on(
    faults: Iterable[str] = (), manner: Manner | None = None
) -> Verdict:
    """Return what the checker says of the reference beacon with faults in it."""
    async with TestServer(Reference(faults).application()) as server:
        return await judge(URL(str(server.make_url("/api"))), manner or Manner())


def rules(verdict: Verdict) -> list[str]:
    """Return the rules it finds broken, advice in brackets."""
    return [each.rule for each in verdict.violations] + [
        f"({each.rule})" for each in verdict.advice
    ]


async def test_a_correct_beacon_has_no_finding() -> None:
    """On a beacon that keeps to the specification nothing is found, and no advice."""
    verdict = await verdict_on()

    assert () == verdict.violations
    assert () == verdict.advice


@pytest.mark.parametrize("faults", GROUPS, ids=", ".join)
async def test_a_few_faults_are_their_findings(faults: Sequence[str]) -> None:
    """Planted faults give the findings of their rules, each once, and no other."""
    verdict = await verdict_on(faults)

    assert Counter(VIOLATIONS[each] for each in faults) == Counter(rules(verdict))


async def test_every_fault_at_once_is_every_finding() -> None:
    """A beacon with all faults in it has exactly their findings, none twice."""
    verdict = await verdict_on(FAULTS)

    assert Counter(FAULTS.values()) == Counter(rules(verdict))


async def test_flaws_are_advice() -> None:
    """What the specification does not demand is advice."""
    verdict = await verdict_on(FLAWS)

    assert Counter(f"({rule})" for rule in FLAWS.values()) == Counter(rules(verdict))


async def test_strictness_makes_advice_a_violation() -> None:
    """Asked to be strict, the checker counts advice as violations."""
    verdict = await verdict_on(FLAWS, Manner(is_strict=True))

    assert Counter(FLAWS.values()) == Counter(rules(verdict))
