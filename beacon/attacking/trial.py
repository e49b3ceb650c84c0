"""One attack on one server, concluded: who was found, and how sure one may be.

The control comes first: where an undefended beacon is not broken the attack is bad,
and nothing that is measured with it means anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from beacon.attacking.attacks import (
    Attack,
    Scored,
    most_telling_first,
    rarest_first,
)
from beacon.attacking.manners import Manner
from beacon.attacking.verdict import (
    ALPHAS,
    Power,
    Rate,
    area,
    posterior,
    power,
    precision,
    share,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from beacon.attacking.believing import Ledger

PRIORS = (0.01, 0.1, 0.5)
"""Beforehand, beside that of anybody in the population."""
CONTROL_QUERIES = 3
CONTROL_POWER = 0.95
_ALONE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """What came of one attack after a number of questions.

    Attributes:
        attack: its name.
        queries: questions on each victim.
        powers: at each rate of false alarms.
        auc: how often a member scores above a stranger.
        precisions: by prior, how many of those found at 5 % are members.
        belief: what is to be believed of members, from the prior of anybody.
        highest: the most that is to be believed of any.
    """

    attack: str
    queries: int
    powers: tuple[Power, ...]
    auc: float
    precisions: dict[float, float]
    belief: Rate | None
    highest: float | None

    @property
    def found(self) -> Rate:
        """The share of members found at 5 % false alarms."""
        return self.powers[0].power


def conclude(attack: Attack, scored: Scored, prior: float) -> Iterator[Conclusion]:
    """Yield what follows after each number of questions.

    Args:
        attack: that was carried out.
        scored: its scores.
        prior: of anybody in the population, to be in the dataset.
    """
    for queries, members in scored.members.items():
        strangers, calibrators = scored.strangers[queries], scored.calibrators[queries]
        powers = tuple(power(members, strangers, calibrators, a) for a in ALPHAS)
        believed = posterior(members, prior) if attack.weighs else None
        yield Conclusion(
            attack=attack.name,
            queries=queries,
            powers=powers,
            auc=area(members, strangers),
            precisions={p: precision(powers[0], p) for p in (prior, *PRIORS)},
            belief=None if believed is None else share(believed),
            highest=None if believed is None else float(np.max(believed)),
        )


def control_attacks() -> tuple[Attack, ...]:
    """Return the attacks that must find the members of an undefended beacon."""
    presence = Manner(is_boolean=True)
    return (
        Attack(name="rarest first", choose=rarest_first, manner=presence),
        Attack(
            name="counting",
            choose=rarest_first,
            manner=presence,
            weighs=False,
        ),
        Attack(name="adaptive", choose=most_telling_first, manner=Manner()),
    )


def attacks_on(manner: Manner, ledger: Ledger | None) -> tuple[Attack, ...]:
    """Return the attacks of somebody who knows how a dataset speaks.

    One who knows of a ledger is beside one who does not: were none kept, the second
    would be sure of everybody.
    """
    rare = Attack(name="rarest first", choose=rarest_first, manner=manner)
    counting = replace(rare, name="counting", weighs=False)
    if ledger is not None:
        rare, counting = (replace(each, alone=_ALONE) for each in (rare, counting))
        return rare, replace(rare, name="knowing the ledger", ledger=ledger), counting
    adaptive = Attack(name="adaptive", choose=most_telling_first, manner=manner)
    # With nothing hidden the rarest tell most, and the two are one.
    is_same = manner.min_count == 1 and manner.noise_sd == 0
    return (rare, counting) if is_same else (adaptive, rare, counting)


def is_broken(conclusions: Sequence[Conclusion]) -> bool:
    """Whether every control found the members it must find."""
    judged = [one for one in conclusions if one.queries == CONTROL_QUERIES]
    return bool(judged) and all(one.found.low >= CONTROL_POWER for one in judged)


def table(title: str, conclusions: Sequence[Conclusion]) -> Iterator[str]:
    """Yield conclusions as lines of Markdown."""
    yield f"| {title} | questions | found at 5 % | at 1 % | at 0.1 % | AUC | belief |"
    yield "|---|---|---|---|---|---|---|"
    for one in conclusions:
        found = [
            str(each.power) if each.is_resolved else "too few people"
            for each in one.powers
        ]
        belief = "" if one.belief is None else f"{one.belief}, most {one.highest:.2f}"
        yield (
            f"| {one.attack} | {one.queries} | {' | '.join(found)} "
            f"| {one.auc:.2f} | {belief} |"
        )


def plain(one: Conclusion) -> dict[str, object]:
    """Return a conclusion as JSON."""
    return {
        "attack": one.attack,
        "questions": one.queries,
        "power": [
            {
                "alpha": each.alpha,
                "power": [each.power.value, each.power.low, each.power.high],
                "falseAlarms": [
                    each.false_alarms.value,
                    each.false_alarms.low,
                    each.false_alarms.high,
                ],
                "isResolved": each.is_resolved,
            }
            for each in one.powers
        ],
        "auc": one.auc,
        "precision": {f"{prior:g}": ppv for prior, ppv in one.precisions.items()},
        "belief": None if one.belief is None else one.belief.value,
        "highest": one.highest,
    }
