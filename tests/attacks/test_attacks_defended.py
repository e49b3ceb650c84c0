"""What a policy is worth, by attacks on a real server that keeps it.

The figures of every size are in docs/attacks.md (``benchmarks/attacks.py``); here
are few people, and bounds that few can tell.
"""

from __future__ import annotations

import tomllib
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
from attacked import SMALL

from beacon.attacking.asking import ANYBODY, NO_WORD, Account, Asker
from beacon.attacking.attacks import Attack, carry_out, most_telling_first, rarest_first
from beacon.attacking.cohort import FIRST, draw
from beacon.attacking.crosstalk import Question, mix
from beacon.attacking.files import person
from beacon.attacking.policies import DATASET, defended, simulated
from beacon.attacking.tables import by_ranges, groups_of
from beacon.attacking.timing import compare
from beacon.attacking.utility import differing
from beacon.attacking.verdict import posterior, power
from beacon.cli.arena import load, serving, vouching

POPULATION = 6_000_000
PATIENTS = "patients"


def policy():
    """Return the policy that is attacked."""
    text = files("beacon").joinpath("data", "policies", "simulated.toml").read_text()
    return tomllib.loads(text)


TIERS = {each.tier: each for each in defended(policy(), PATIENTS, SMALL.people)}


@pytest.fixture(scope="module")
def arena(shared_address, tmp_path_factory):
    """Serve the people who are attacked by a policy: address, accounts, cohort."""
    folder = tmp_path_factory.mktemp("arena")
    address = shared_address("defended")
    cohort = draw(SMALL)
    load(cohort, address, folder)
    path = folder / "policy.toml"
    with vouching() as vouch:
        path.write_text(simulated(policy(), PATIENTS, vouch.issuer.iss))
        with serving(address, folder, path) as url:
            yield url, vouch, cohort


def fewer(cohort, members, strangers, calibrators):
    """Return the same dataset, of which fewer people are attacked."""
    plan = replace(
        cohort.plan, members=members, strangers=strangers, calibrators=calibrators
    )
    victims = (
        *cohort.members[:members],
        *cohort.strangers[:strangers],
        *cohort.calibrators[:calibrators],
    )
    return replace(cohort, plan=plan, victims=victims)


async def test_care_data_is_invisible_to_anybody(arena) -> None:
    """C2: whoever is not known sees no dataset of patients, nor hears of one."""
    url, _, cohort = arena
    sites = [cohort.spelled(int(site)) for site in np.argsort(-cohort.counts())[:20]]
    async with Asker(url, DATASET) as asker:
        said = await asker.ask(sites)
        _, listed = await asker.get("/api/datasets")
        _, described = await asker.get("/api/info")
        code, found = await by_ranges(asker, DATASET, FIRST, FIRST + 100_000)

    assert set(said.tolist()) == {NO_WORD}
    assert asker.heard == 0
    assert f'"{DATASET}"'.encode() not in listed + described
    assert (code != 200, found) in [(True, {}), (False, {})]


async def test_the_server_speaks_by_the_rules_the_attacker_knows(arena) -> None:
    """No answer is one that the profile could not give to the true count."""
    url, vouch, cohort = arena
    sites = np.argsort(-cohort.counts())[:50]
    (account,) = vouch.accounts("registered")
    async with Asker(url, DATASET) as asker:
        said = await asker.ask([cohort.spelled(int(s)) for s in sites], account)
    blurred = TIERS["registered"].manner

    assert differing(blurred, cohort.counts()[sites], said).tolist() == []
    assert (said > 0).any()


async def test_a_day_of_blurred_answers_finds_few(arena) -> None:
    """C3, small: at 5 % false alarms a day's questions find far from all."""
    url, vouch, cohort = arena
    attack = Attack(
        name="adaptive",
        choose=most_telling_first,
        manner=TIERS["registered"].manner,
    )
    async with Asker(url, DATASET) as asker:
        scored = await carry_out(
            attack,
            asker,
            fewer(cohort, 40, 40, 60),
            (50,),
            lambda: vouch.accounts("registered"),
        )
    scores = (scored.members, scored.strangers, scored.calibrators)
    at = power(*(each[50] for each in scores), 0.05)

    assert asker.heard > 0.99
    assert at.power.low <= 0.30
    assert at.power.value <= 0.60


async def test_a_budget_ends_a_day(arena) -> None:
    """After 50 distinct variants the next is refused, and those are free."""
    url, vouch, cohort = arena
    (account,) = vouch.accounts("registered")
    sites = [cohort.spelled(site) for site in range(52)]
    async with Asker(url, DATASET) as asker:
        first = await asker.ask(sites[:50], account)
        more = await asker.ask(sites[50:], account)
        again = await asker.ask(sites[:50], account)

    assert NO_WORD not in first
    assert set(more.tolist()) == {NO_WORD}
    assert again.tolist() == first.tolist()


async def test_a_ledger_keeps_belief_low(arena) -> None:
    """C4, small: after one hit on a person no more is said, and belief stays low."""
    url, vouch, cohort = arena
    attack = Attack(
        name="ledger",
        choose=rarest_first,
        manner=TIERS["care"].manner,
        ledger=TIERS["care"].ledger,
        alone=2,
    )
    async with Asker(url, DATASET) as asker:
        scored = await carry_out(
            attack,
            asker,
            fewer(cohort, 12, 4, 4),
            (1, 10),
            lambda: vouch.accounts("care"),
        )
    prior = SMALL.people / POPULATION
    first, then = (posterior(scored.members[number], prior) for number in (1, 10))

    assert asker.heard == 1
    assert first.max() >= 0.05
    assert then.max() <= 0.12
    assert then.mean() <= 0.12


async def test_colluding_accounts_learn_more(arena) -> None:
    """Two accounts have a hit each on one person: that is told, and not prevented."""
    url, vouch, cohort = arena
    attack = Attack(
        name="colluding",
        choose=rarest_first,
        manner=TIERS["care"].manner,
        ledger=TIERS["care"].ledger,
        alone=2,
    )
    async with Asker(url, DATASET) as asker:
        scored = await carry_out(
            attack,
            asker,
            fewer(cohort, 6, 2, 2),
            (10,),
            lambda: vouch.accounts("care", 2),
        )
    believed = posterior(scored.members[10], SMALL.people / POPULATION)

    assert np.median(believed) >= 0.5


@pytest.mark.parametrize("tier", ["registered", "care"])
async def test_nobody_is_left_out_by_name(arena, tier) -> None:
    """What an individual adds cannot be asked for, whether the id exists or not."""
    url, vouch, cohort = arena
    (account,) = vouch.accounts(tier)
    common = np.argsort(-cohort.counts())[:4]
    variants = [cohort.spelled(int(site)) for site in common]
    async with Asker(url, DATASET) as asker:
        everybody = await asker.ask(variants, account, alone=4)
        known = await asker.ask(variants, account, without=(person(0),))
        unknown = await asker.ask(variants, account, without=("nobody",))

    assert (everybody > 0).any()
    assert (known > 0).sum() == 0
    assert (unknown > 0).sum() == 0


@pytest.mark.parametrize("tier", ["registered", "care"])
async def test_ranges_enumerate_nothing(arena, tier) -> None:
    """No allele of a stretch is listed to whoever may ask for single ones."""
    url, vouch, _ = arena
    (account,) = vouch.accounts(tier)
    async with Asker(url, DATASET) as asker:
        _, found = await by_ranges(asker, DATASET, FIRST, FIRST + 100_000, account)

    assert found == {}


async def test_groups_of_people_are_not_shown(arena) -> None:
    """Counts by sex or country are nothing that care data says."""
    url, vouch, cohort = arena
    (account,) = vouch.accounts("registered")
    site = int(np.argmax(cohort.counts()))
    async with Asker(url, DATASET) as asker:
        rows = await groups_of(asker, cohort, site, DATASET, account)

    assert rows == {}


@pytest.mark.parametrize("granularity", ["boolean", "count", "record"])
def test_hidden_and_zero_have_one_form(arena, granularity) -> None:
    """C7, form: status, keys and length are the same, to the byte."""
    url, vouch, cohort = arena
    (account,) = vouch.accounts("registered")
    counts = cohort.counts()
    hidden, zero = np.flatnonzero(counts == 1)[:20], np.flatnonzero(counts == 0)[:20]
    timed = compare(
        url,
        [cohort.spelled(int(site)) for site in hidden],
        [cohort.spelled(int(site)) for site in zero],
        account,
        granularity,
        DATASET,
    )

    assert len(timed.sizes) == 1
    assert timed.statuses == {200}
    assert len(timed.forms) == 1
    assert b"withheld" in next(iter(timed.forms))


async def test_mixed_requests_get_their_own_answers(arena) -> None:
    """B5, small: 200 at once of three tiers and a forger, three rounds."""
    url, vouch, cohort = arena
    sites = np.argsort(-cohort.counts())[:10]
    forged = Account(token="a.b.c")  # noqa: S106 - it proves nothing
    accounts = (
        ANYBODY,
        forged,
        *vouch.accounts("registered"),
        *vouch.accounts("registered"),
        *vouch.accounts("care"),
    )
    questions = [
        Question(account=account, method="GET", path=path_of(cohort, int(site), said))
        for account in accounts
        for site in sites[:4]
        for said in ("boolean", "count", "record")
    ]
    mixed = await mix(url, questions, at_once=200, rounds=3)

    assert mixed.differing == {}
    assert set(mixed.statuses) <= {200, 401, 503}
    assert mixed.statuses[200] >= 300
    assert mixed.statuses[401] >= 100
    assert mixed.kinds > 10


def path_of(cohort, site, granularity):
    """Return the question for one allele in some detail."""
    return (
        f"/api/g_variants?assemblyId=GRCh37&referenceName=1&referenceBases=A"
        f"&start={cohort.position[site] - 1}&alternateBases=G"
        f"&requestedGranularity={granularity}"
    )
