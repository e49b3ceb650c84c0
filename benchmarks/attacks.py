"""Measure what a policy is worth, in full: docs/attacks.md has the figures.

    python benchmarks/attacks.py --people 1000 --part control --part blurred

Each part serves the same seeded people by the policy of ``beacon simulate-attack``,
with budgets as large as the part needs, and prints what came of it as Markdown.
The whole takes hours at 10,000 people; a part can be run alone.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pymongo import MongoClient

from beacon.attacking.asking import ANYBODY, Account, Asker
from beacon.attacking.attacks import Attack, carry_out, most_telling_first, rarest_first
from beacon.attacking.cohort import Cohort, Plan, Pool, draw, with_children
from beacon.attacking.crosstalk import Question, mix
from beacon.attacking.manners import Manner, most_telling
from beacon.attacking.policies import DATASET, Defended, defended, simulated
from beacon.attacking.timing import compare
from beacon.attacking.trial import conclude, control_attacks, is_broken, table
from beacon.attacking.utility import clinic_pools, sessions
from beacon.cli.arena import Vouching, load, serving, vouching
from beacon.store.connection import connect
from beacon.store.ledger import ALARMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from beacon.store.connection import StoreAddress

POPULATION = 6_000_000
BLURRED = Manner(min_count=20, round_to=10, noise_sd=5)
PUBLIC = Manner(min_count=10)


@dataclass(frozen=True)
class Scene:
    """Where a part plays: people, store, server, and who vouches for attackers."""

    cohort: Cohort
    address: StoreAddress
    url: str
    vouch: Vouching
    tiers: dict[str, Defended]

    @property
    def prior(self) -> float:
        """Of anybody in the population."""
        return self.cohort.plan.people / POPULATION


def policy(per_day: int) -> dict:
    """Return the policy, with so many questions a day for each tier."""
    text = files("beacon").joinpath("data", "policies", "simulated.toml").read_text()
    said = tomllib.loads(text)
    for tier in said["tiers"].values():
        budget = tier["distinct_variants"]
        budget.update(per_day=per_day, per_30d=per_day)
        budget.pop("per_30d" if budget["scope"] == "client_net" else "org_per_day", 0)
    return said


@contextmanager
def scene(plan: Plan, dataset: str | None, per_day: int) -> Iterator[Scene]:
    """Load people and serve them; ``None``: without a policy."""
    said = policy(per_day)
    with tempfile.TemporaryDirectory(prefix="attack-") as name, vouching() as vouch:
        folder = Path(name)
        cohort = draw(plan)
        with connect(None, folder / "store") as address:
            load(cohort, address, folder)
            path = None
            if dataset is not None:
                path = folder / "policy.toml"
                path.write_text(simulated(said, dataset, vouch.issuer.iss))
            tiers = defended(said, dataset, plan.people) if dataset else ()
            with serving(address, folder / "store", path) as url:
                yield Scene(
                    cohort, address, url, vouch, {each.tier: each for each in tiers}
                )


async def attack(
    at: Scene,
    what: Attack,
    queries: tuple[int, ...],
    accounts: Callable[[], tuple[Account, ...]] = lambda: (ANYBODY,),
) -> list:
    """Carry out one attack; return what follows, and print it."""
    began = time.monotonic()
    async with Asker(at.url, DATASET) as asker:
        scored = await carry_out(what, asker, at.cohort, queries, accounts)
    found = list(conclude(what, scored, at.prior))
    people = f"{at.cohort.plan.people:,} people"
    print("\n".join(table(f"{people}, {what.name}", found)))
    words = ", ".join(f"{word} {n}" for word, n in sorted(asker.words.items()))
    took = time.monotonic() - began
    print(f"\nAnswered: {asker.heard:.2%} ({words}); {took:.0f} s.\n", flush=True)
    return found


def control(given: argparse.Namespace) -> None:
    """C1: without a policy three questions find 95 % of members, or more."""
    with scene(plan_of(given, rare=30), None, 1) as at:
        found = []
        for each in control_attacks():
            found += asyncio.run(attack(at, each, (1, 3, 10, 30)))
        parents = replace(at, cohort=with_children(at.cohort))
        rare = Attack(
            name="a child's genome",
            choose=rarest_first,
            manner=Manner(is_boolean=True),
            inherited=0.5,
        )
        asyncio.run(attack(parents, rare, (1, 3, 10, 30)))
    print(f"C1: the control is {'' if is_broken(found) else 'NOT '}broken\n")


def public(given: argparse.Namespace) -> None:
    """C2: anybody, 20 questions from each of up to ten networks."""
    pools = pools_of(PUBLIC, given.people, 200)
    with scene(plan_of(given, rare=30, pools=pools), "reference", 20) as at:
        what = Attack(name="anybody", choose=most_telling_first, manner=PUBLIC)
        vouch = at.vouch
        asyncio.run(attack(at, what, (1, 10, 20), lambda: vouch.accounts(None)))
        many = replace(what, name="anybody, of ten networks")
        asyncio.run(attack(at, many, (50, 200), lambda: vouch.accounts(None, 10)))


def blurred(given: argparse.Namespace) -> None:
    """C3: a registered user, a day's and a month's questions."""
    pools = pools_of(BLURRED, given.people, 200)
    with scene(plan_of(given, rare=30, pools=pools), "patients", 200) as at:
        what = Attack(name="registered", choose=most_telling_first, manner=BLURRED)
        accounts = at.vouch.accounts
        asyncio.run(
            attack(at, what, (10, 50, 100, 200), lambda: accounts("registered"))
        )
        rare = Attack(name="registered, rarest", choose=rarest_first, manner=BLURRED)
        asyncio.run(attack(at, rare, (10, 30), lambda: accounts("registered")))


def ledgered(given: argparse.Namespace) -> None:
    """C4: a clinician's account, 500 questions."""
    few = replace(
        plan_of(given, rare=given.questions),
        members=given.members // 4,
        strangers=given.members // 4,
        calibrators=given.members // 4,
    )
    with scene(few, "patients", 5_000) as at:
        ledger = at.tiers["care"].ledger
        what = Attack(
            name="care",
            choose=rarest_first,
            manner=Manner(),
            ledger=ledger,
            alone=5,
        )
        accounts = at.vouch.accounts
        queries = (1, 3, 10, 30, given.questions)
        asyncio.run(attack(at, what, queries, lambda: accounts("care")))
        naive = replace(what, name="care, as if there were no ledger", ledger=None)
        asyncio.run(attack(at, naive, (1, 3, 10), lambda: accounts("care")))


def colluding(given: argparse.Namespace) -> None:
    """C4: two accounts of one organisation, and how often that raises its alarm."""
    few = replace(
        plan_of(given, rare=30),
        members=given.members // 4,
        strangers=given.members // 4,
        calibrators=given.members // 4,
    )
    with scene(few, "patients", 5_000) as at:
        two = Attack(
            name="care, two accounts",
            choose=rarest_first,
            manner=Manner(),
            ledger=at.tiers["care"].ledger,
            alone=5,
        )
        vouch = at.vouch
        asyncio.run(attack(at, two, (2, 10, 30), lambda: vouch.accounts("care", 2)))
        with MongoClient(at.address.uri) as client:
            alarms = client[at.address.database][ALARMS]
            raised = len(alarms.distinct("who", {"kind": "organisation"}))
        print(f"C4: {raised} organisations of {few.members} raised an alarm\n")


def clinic(given: argparse.Namespace) -> None:
    """C5: clinicians who ask for a thousand rare alleles each."""
    pools = clinic_pools(5_000)
    plan = replace(plan_of(given, rare=0, pools=pools), members=1, strangers=1)
    with scene(replace(plan, calibrators=1), "patients", 5_000) as at:
        accounts = [at.vouch.accounts("care")[0] for _ in range(given.sessions)]

        async def run() -> None:
            sites = np.arange(len(at.cohort.frequency))
            async with Asker(at.url, DATASET) as asker:
                kept = await sessions(asker, at.cohort, sites, 1_000, accounts)
            print(f"C5: {kept}; lost {kept.lost / max(1, kept.there):.3%}")
            print(f"    {dict(asker.words)}\n", flush=True)

        asyncio.run(run())


def timing(given: argparse.Namespace) -> None:
    """C7: hidden and zero, pairs over one connection."""
    pairs = given.pairs
    plan = replace(plan_of(given, rare=60), members=pairs // 50, strangers=pairs // 50)
    with scene(replace(plan, calibrators=1), "patients", 20_000) as at:
        counts = at.cohort.counts()
        hidden, zero = np.flatnonzero(counts == 1), np.flatnonzero(counts == 0)
        number = min(len(hidden), len(zero), pairs)
        (account,) = at.vouch.accounts("registered")
        spelled = [
            [at.cohort.spelled(int(site)) for site in kind[:number]]
            for kind in (hidden, zero)
        ]
        for granularity in ("count", "boolean"):
            timed = compare(at.url, *spelled, account, granularity, DATASET)
            print(
                f"C7, {granularity}: {len(timed.first)} pairs, medians "
                f"{np.median(timed.first):.3f} and {np.median(timed.second):.3f} ms, "
                f"difference {timed.difference * 1000:.0f} us, KS p {timed.p:.3g}, "
                f"one answer told right {timed.accuracy():.3f}; forms "
                f"{len(timed.forms)}, sizes {len(timed.sizes)}, {set(timed.statuses)}",
                flush=True,
            )
            for form in sorted(timed.forms)[1:3]:
                print(form[-400:], flush=True)
        # Asked by another before, and never asked: does anything remember?
        half = number // 2
        (other,) = at.vouch.accounts("registered")
        for granularity in ("count",):
            again = spelled[1][:half]
            compare(at.url, again, again, other, granularity, DATASET)
            (third,) = at.vouch.accounts("registered")
            fresh = spelled[1][half : 2 * half]
            timed = compare(at.url, again, fresh, third, granularity, DATASET)
            print(
                f"cache, {granularity}: {len(timed.first)} pairs, difference "
                f"{timed.difference * 1000:.0f} us, KS p {timed.p:.3g}\n",
                flush=True,
            )


def crosstalk(given: argparse.Namespace) -> None:
    """B5: a thousand mixed requests at once, fifty rounds."""
    pools = pools_of(BLURRED, given.people, 50)
    plan = replace(plan_of(given, rare=2, pools=pools), members=5, strangers=5)
    with scene(replace(plan, calibrators=5), "patients", 5_000) as at:
        sites = np.argsort(-at.cohort.counts())[:10]
        forged = Account(token="a.b.c")  # noqa: S106 - it proves nothing
        accounts = [ANYBODY, forged, *at.vouch.accounts("care")]
        accounts += [at.vouch.accounts("registered")[0] for _ in range(10)]
        place = at.cohort.position
        questions = [
            Question(
                account=each,
                method="GET",
                path=f"/api/g_variants?assemblyId=GRCh37&referenceName=1&start="
                f"{place[site] - 1}&referenceBases=A&alternateBases=G"
                f"&requestedGranularity={said}",
            )
            for each in accounts
            for site in sites
            for said in ("boolean", "count", "record")
        ]
        mixed = asyncio.run(
            mix(at.url, questions, at_once=given.at_once, rounds=given.rounds)
        )
        print(
            f"B5: {mixed.asked} requests, {len(mixed.differing)} questions with "
            f"another answer; {mixed.kinds} different answers; statuses "
            f"{mixed.statuses}\n",
            flush=True,
        )
        for number, pair in list(mixed.differing.items())[:3]:
            print(questions[number].path, *(text[-600:] for text in pair), sep="\n")


def pools_of(manner: Manner, people: int, questions: int) -> tuple[Pool, ...]:
    """Return the sites at which an attack on a manner is strongest."""
    frequency = most_telling(manner, people)
    return (Pool(sites=int(1.4 * questions / (2 * frequency)), frequency=frequency),)


def plan_of(given: argparse.Namespace, rare: int, pools: tuple[Pool, ...] = ()) -> Plan:
    """Return the people of a run."""
    return Plan(
        people=given.people,
        members=given.members,
        strangers=given.members,
        calibrators=given.calibrators,
        rare=rare,
        pools=pools,
        seed=given.seed,
    )


PARTS = {
    "control": control,
    "public": public,
    "blurred": blurred,
    "ledgered": ledgered,
    "colluding": colluding,
    "clinic": clinic,
    "timing": timing,
    "crosstalk": crosstalk,
}


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", action="append", choices=PARTS)
    parser.add_argument("--people", type=int, default=1_000)
    parser.add_argument("--members", type=int, default=200)
    parser.add_argument("--calibrators", type=int, default=1_000)
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--pairs", type=int, default=5_000)
    parser.add_argument("--at-once", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for part in given.part or PARTS:
        PARTS[part](given)


if __name__ == "__main__":
    main()
