"""The checker on a beacon that is right, and on beacons that are wrong on purpose."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from aiohttp.test_utils import TestServer
from yarl import URL

from beacon.conformance.judge import Manner, Verdict, judge
from tests.conformance.reference import FAULTS, FLAWS, Reference

if TYPE_CHECKING:
    from collections.abc import Iterable


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


@pytest.mark.parametrize(("fault", "rule"), FAULTS.items(), ids=FAULTS)
async def test_a_fault_is_its_own_finding(fault: str, rule: str) -> None:
    """A planted fault gives the finding of its rule, once, and no other."""
    verdict = await verdict_on([fault])

    assert [rule] == rules(verdict)


async def test_every_fault_at_once_is_every_finding() -> None:
    """A beacon with all faults in it has exactly their findings, none twice."""
    verdict = await verdict_on(FAULTS)

    assert Counter(FAULTS.values()) == Counter(rules(verdict))


@pytest.mark.parametrize(("flaw", "rule"), FLAWS.items(), ids=FLAWS)
async def test_a_flaw_is_advice(flaw: str, rule: str) -> None:
    """What the specification does not demand is advice."""
    verdict = await verdict_on([flaw])

    assert [f"({rule})"] == rules(verdict)


async def test_strictness_makes_advice_a_violation() -> None:
    """Asked to be strict, the checker counts advice as violations."""
    verdict = await verdict_on(FLAWS, Manner(is_strict=True))

    assert Counter(FLAWS.values()) == Counter(rules(verdict))
