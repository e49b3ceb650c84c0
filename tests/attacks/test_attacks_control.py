"""The control: without a policy every attack works, or it measures nothing."""

from __future__ import annotations

import numpy as np
import pytest
from attacked import DATASET

from beacon.attacking.asking import Asker
from beacon.attacking.attacks import (
    Attack,
    carry_out,
    most_telling_first,
    rarest_first,
)
from beacon.attacking.manners import Manner
from beacon.attacking.verdict import power

EXACT = Manner()
PRESENCE = Manner(is_boolean=True)
ATTACKS = (
    Attack(name="rarest first", choose=rarest_first, manner=PRESENCE),
    Attack(name="counting", choose=rarest_first, manner=PRESENCE, weighs=False),
    Attack(name="adaptive", choose=most_telling_first, manner=EXACT),
)


async def test_the_cohort_is_served_as_it_was_drawn(cohort, undefended) -> None:
    """Every allele is answered with the number of copies that are called."""
    sites = np.arange(0, len(cohort.frequency), 7)
    async with Asker(undefended.address, DATASET) as asker:
        said = await asker.ask([cohort.spelled(site) for site in sites])

    assert said.tolist() == cohort.counts()[sites].tolist()


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
async def test_an_undefended_beacon_is_broken(attack, cohort, undefended) -> None:
    """C1: three questions find 95 % of members at 5 % false alarms, or more."""
    async with Asker(undefended.address, DATASET) as asker:
        scored = await carry_out(attack, asker, cohort, (1, 3, 10))
    found = {
        number: power(
            scored.members[number],
            scored.strangers[number],
            scored.calibrators[number],
            alpha=0.05,
        )
        for number in (1, 3, 10)
    }

    assert found[3].power.value >= 0.95
    assert found[3].power.low >= 0.95
    assert found[3].false_alarms.low <= 0.05
    assert found[1].power.value >= 0.9
