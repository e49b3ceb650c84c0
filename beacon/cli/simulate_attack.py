"""``beacon simulate-attack``: what a policy file is worth, measured by attacking it.

People are invented, loaded as real ones are, and served twice: without a policy,
where the attacks must find them, and with it.  Nothing of one's own data is read.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import tomllib
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from beacon.attacking.asking import ANYBODY, Asker
from beacon.attacking.attacks import carry_out
from beacon.attacking.cohort import Plan, Pool, draw
from beacon.attacking.manners import most_telling
from beacon.attacking.policies import DATASET, defended, simulated, tables
from beacon.attacking.trial import (
    CONTROL_QUERIES,
    attacks_on,
    conclude,
    control_attacks,
    is_broken,
    plain,
    table,
)
from beacon.cli.arena import load, serving, vouching
from beacon.model.errors import UsageError
from beacon.policy_file import read
from beacon.store.connection import connect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from beacon.attacking.asking import Account
    from beacon.attacking.cohort import Cohort
    from beacon.attacking.policies import Defended, Table
    from beacon.attacking.trial import Conclusion
    from beacon.cli.arena import Vouching
    from beacon.store.connection import StoreAddress

_POPULATION = 6_000_000
_QUERIES = (1, 3, 10, 30, 50, 100, 200, 300, 500)
_CONTROL = (1, CONTROL_QUERIES, 10)
_BROKEN = 1
_MORE = 1.4
"""Sites are drawn for so many times the questions: people differ in what they carry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What is simulated.

    Attributes:
        policy: the policy file, read as TOML.
        datasets: of it, which are simulated one after the other.
        plan: of the people.
        most: questions on each victim.
        population: of whom anybody may be in a dataset.
    """

    policy: Table
    datasets: Sequence[str]
    plan: Plan
    most: int
    population: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Conclusions about one tier of one dataset; of the control neither is named.

    Attributes:
        heard: share of questions that were answered.
    """

    title: str
    conclusions: Sequence[Conclusion]
    heard: float


@click.command("simulate-attack")
@click.option(
    "--policy",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Policy file to measure [one with every profile of the documentation].",
)
@click.option("--dataset", metavar="ID", help="Of the policy, the only one measured.")
@click.option(
    "--people", type=click.IntRange(100, 100_000), default=1_000, show_default=True
)
@click.option(
    "--victims",
    type=click.IntRange(20, 5_000),
    default=100,
    show_default=True,
    help="In the dataset, and as many who are not.",
)
@click.option(
    "--calibrators",
    type=click.IntRange(20, 20_000),
    default=200,
    show_default=True,
    help="Strangers who set thresholds; 1,000 resolve a rate of 0.1 %.",
)
@click.option(
    "--questions",
    type=click.IntRange(CONTROL_QUERIES, 500),
    default=50,
    show_default=True,
    help="On each victim, at most; no more than a day's budget.",
)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def simulate_attack(
    context: click.Context,
    policy: Path | None,
    dataset: str | None,
    people: int,
    victims: int,
    calibrators: int,
    questions: int,
    seed: int,
    as_json: bool,  # noqa: FBT001 - click passes it by name
) -> None:
    """Measure what can be inferred of people under a policy file.

    Exit code: 0 measured, 1 the undefended control was not broken (then the attacks
    are at fault, and no figure means anything), 2 a policy that cannot be simulated.
    """
    said, names = _policy(policy, dataset)
    plan = Plan(
        people=people,
        members=victims,
        strangers=victims,
        calibrators=calibrators,
        rare=questions,
        pools=tuple(_pools(said, names, people, questions)),
        seed=seed,
    )
    simulation = Simulation(
        policy=said,
        datasets=names,
        plan=plan,
        most=questions,
        population=_POPULATION,
    )
    with tempfile.TemporaryDirectory(prefix="attack-") as folder:
        parts = _measured(simulation, Path(folder))
        control = next(parts)
        shown = [control]
        _show(control, as_json=as_json)
        if not is_broken(control.conclusions):
            click.echo(
                "beacon: the undefended control was not broken, so the attacks are "
                "at fault and nothing is measured",
                err=True,
            )
            context.exit(_BROKEN)
        for part in parts:
            shown.append(part)
            _show(part, as_json=as_json)
    if as_json:
        told = [
            {
                "part": part.title,
                "heard": part.heard,
                "conclusions": [plain(each) for each in part.conclusions],
            }
            for part in shown
        ]
        click.echo(json.dumps(told, indent=2))


def _policy(path: Path | None, dataset: str | None) -> tuple[Table, tuple[str, ...]]:
    """Return a policy as it is written, and its datasets that are measured.

    Raises:
        UsageError: for one that no server would keep, or has no such dataset.
    """
    if path is None:
        text = (
            files("beacon").joinpath("data", "policies", "simulated.toml").read_text()
        )
    else:
        read(path)  # what a server would refuse is refused here, in the same words
        text = path.read_text(encoding="utf-8")
    said = tomllib.loads(text)
    known = tables(said, "datasets")
    if dataset is not None and dataset not in known:
        message = (
            f"--dataset {dataset!r}: the policy lists {', '.join(known) or 'none'}"
        )
        raise UsageError(message)
    return said, ((dataset,) if dataset is not None else _different(known))


def _different(known: Mapping[str, Table]) -> tuple[str, ...]:
    """Return one dataset of each kind of access."""
    kinds = {json.dumps(each.get("access", {})): name for name, each in known.items()}
    return tuple(kinds.values())


def _pools(
    policy: Table, datasets: Sequence[str], people: int, questions: int
) -> Iterator[Pool]:
    """Yield sites of the frequencies that attacks on thresholds are strongest at."""
    manners = {
        tier.manner
        for name in datasets
        for tier in defended(policy, name, people)
        if tier.manner.min_count > 1
    }
    for frequency in sorted({most_telling(each, people) for each in manners}):
        carried = 1 - (1 - frequency) ** 2
        yield Pool(sites=int(_MORE * questions / carried), frequency=frequency)


def _measured(simulation: Simulation, folder: Path) -> Iterator[Part]:
    """Yield the control, then what came of each tier of each dataset."""
    cohort = draw(simulation.plan)
    with connect(None, folder / "store") as address, vouching() as vouch:
        load(cohort, address, folder)
        with serving(address, folder / "store", None) as url:
            yield asyncio.run(_control(url, cohort, simulation))
        for name in simulation.datasets:
            yield from _of_dataset(simulation, name, cohort, address, folder, vouch)


async def _control(url: str, cohort: Cohort, simulation: Simulation) -> Part:
    prior = cohort.plan.people / simulation.population
    found: list[Conclusion] = []
    async with Asker(url, DATASET) as asker:
        for attack in control_attacks():
            scored = await carry_out(attack, asker, cohort, _CONTROL)
            found += conclude(attack, scored, prior)
    return Part(title="no policy", conclusions=found, heard=asker.heard)


def _of_dataset(
    simulation: Simulation,
    name: str,
    cohort: Cohort,
    address: StoreAddress,
    folder: Path,
    vouch: Vouching,
) -> Iterator[Part]:
    """Yield what came of each tier that hears one dataset."""
    path = folder / "policy.toml"
    path.write_text(simulated(simulation.policy, name, vouch.issuer.iss))
    with serving(address, folder / "store", path) as url:
        for tier in defended(simulation.policy, name, cohort.plan.people):
            told = asyncio.run(_of_tier(url, cohort, simulation, tier, vouch))
            yield replace(told, title=f"{name}, {told.title}")


async def _of_tier(
    url: str,
    cohort: Cohort,
    simulation: Simulation,
    tier: Defended,
    vouch: Vouching,
) -> Part:
    """Attack as one tier may, each victim by an account of its own."""
    most = min(simulation.most, tier.per_day or simulation.most)
    queries = sorted({each for each in _QUERIES if each < most} | {most})
    prior = cohort.plan.people / simulation.population

    def accounts() -> Sequence[Account]:
        if tier.is_anonymous and tier.per_day is None:
            return (ANYBODY,)
        return vouch.accounts(None if tier.is_anonymous else tier.tier)

    found: list[Conclusion] = []
    async with Asker(url, DATASET) as asker:
        for attack in attacks_on(tier.manner, tier.ledger):
            scored = await carry_out(attack, asker, cohort, queries, accounts)
            found += conclude(attack, scored, prior)
    title = f"{tier.tier} ({tier.profile})"
    return Part(title=title, conclusions=found, heard=asker.heard)


def _show(part: Part, *, as_json: bool) -> None:
    """Print what came of one part; where nobody was answered, that alone."""
    if as_json:
        return
    if part.heard:
        click.echo("\n".join(table(part.title, part.conclusions)))
        click.echo(f"\nOf the questions {part.heard:.1%} were answered.\n")
    else:
        click.echo(f"{part.title}: no question was answered, so nothing is measured.\n")
