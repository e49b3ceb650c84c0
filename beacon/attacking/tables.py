"""Attacks on exact tables: frequencies of many sites, releases, people left out.

None of them needs rare alleles: what is compared is one number with another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import orjson

from beacon.attacking.asking import ANYBODY, NO_WORD
from beacon.attacking.cohort import ASSEMBLY, CONTIG

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from beacon.attacking.asking import Account, Asker
    from beacon.attacking.cohort import Cohort

    Numbers = npt.NDArray[np.int64]
    Scores = npt.NDArray[np.float64]

_HALF = 0.5


def by_frequencies(
    said: Numbers, frequencies: Scores, people: int, carried: Sequence[Numbers]
) -> Scores:
    """Return how much nearer each genome is to the dataset than to the population.

    The likelihood ratio of Sankararaman (https://doi.org/10.1038/ng.436), over all
    sites that were answered, whether carried or not.

    Args:
        said: the allele count of each site; 0 and no word tell nothing.
        frequencies: of the population.
        people: in the dataset.
        carried: sites of each victim.
    """
    # Half a copy more or less keeps the logarithm of a rare site finite.
    inside = (said + _HALF) / (2 * people + 1)
    is_told = (said != NO_WORD) & (said != 0)
    having = np.where(is_told, np.log(inside / frequencies), 0.0)
    lacking = np.where(is_told, np.log((1 - inside) / (1 - frequencies)), 0.0)
    base = 2 * float(lacking.sum())
    return np.array([base + float((having - lacking)[own].sum()) for own in carried])


def by_releases(
    before: Numbers, after: Numbers, expected: float, carried: Sequence[Numbers]
) -> Scores:
    """Return how far counts of each genome's alleles grew from release to release.

    What was hidden and is shown grew, too (Ayoz 2021,
    https://doi.org/10.1093/bioinformatics/btab339).

    Args:
        before: what was said of each site.
        after: the same, of the next release.
        expected: growth of a count that is due to everybody else, as a share.
        carried: sites of each victim.
    """
    is_told = (before != NO_WORD) & (after != NO_WORD)
    grown = np.where(is_told, after - before * (1 + expected), 0.0)
    return np.array([float(grown[own].sum()) for own in carried])


async def by_leaving_out(
    asker: Asker,
    cohort: Cohort,
    carried: Numbers,
    individual: str,
    account: Account = ANYBODY,
) -> float:
    """Return how many counts fall when somebody is left out whose id is known."""
    variants = [cohort.spelled(site) for site in carried]
    everybody = await asker.ask(variants, account)
    others = await asker.ask(variants, account, without=(individual,))
    is_told = (everybody != NO_WORD) & (others != NO_WORD)
    return float(((everybody > others) & is_told).sum())


async def by_ranges(
    asker: Asker, dataset: str, first: int, last: int, account: Account = ANYBODY
) -> tuple[int, dict[int, int]]:
    """Enumerate what varies between two places; return the status, and counts.

    Args:
        asker: of the beacon.
        dataset: that is enumerated.
        first: 1-based.
        last: likewise, and inside.
        account: who asks.
    """
    question = {
        "meta": {"apiVersion": "v2.0"},
        "query": {
            "requestedGranularity": "record",
            "includeResultsetResponses": "HIT",
            "pagination": {"skip": 0, "limit": 1_000},
            "requestParameters": {
                "assemblyId": ASSEMBLY,
                "referenceName": CONTIG,
                "start": [first - 1],
                "end": [last],
                "datasets": [dataset],
            },
        },
    }
    code, body = await asker.post(
        "/api/g_variants", orjson.dumps(question), "application/json", account
    )
    found: dict[int, int] = {}
    for position, rows in _records(orjson.loads(body), dataset):
        found[position] = rows.get("Total", 0)
    return code, found


async def groups_of(
    asker: Asker, cohort: Cohort, site: int, dataset: str, account: Account = ANYBODY
) -> dict[str, int]:
    """Return the allele count that is shown of each group of people."""
    place = int(cohort.position[site])
    code, body = await asker.get(
        "/api/g_variants",
        account,
        assemblyId=ASSEMBLY,
        referenceName=CONTIG,
        start=str(place - 1),
        referenceBases="A",
        alternateBases="G",
        requestedGranularity="record",
        datasets=dataset,
    )
    del code
    rows = [each for _, each in _records(orjson.loads(body), dataset)]
    return rows[0] if rows else {}


def _records(document: object, dataset: str) -> list[tuple[int, dict[str, int]]]:
    """Return place and counts by group of each variant of a dataset's result set."""
    response = document.get("response", {}) if isinstance(document, dict) else {}
    return [
        (
            record["variation"]["location"]["interval"]["start"]["value"] + 1,
            {
                row["population"]: row["alleleCount"]
                for source in record.get("frequencyInPopulations", ())
                for row in source["frequencies"]
            },
        )
        for results in response.get("resultSets", ())
        if results["id"] == dataset
        for record in results.get("results", ())
    ]


def derived(rows: dict[str, int]) -> dict[str, int]:
    """Return hidden counts of sexes and countries that shown ones give away.

    Sexes, and countries, are divisions of all: of each but one shown, the last
    follows; likewise of each division within one.
    """
    found: dict[str, int] = {}
    for whole, parts in _DIVISIONS:
        hidden = [part for part in parts if part not in rows]
        if whole in rows and len(hidden) == 1:
            told = sum(rows[part] for part in parts if part in rows)
            found[hidden[0]] = rows[whole] - told
    return found


_DIVISIONS = (
    ("Total", ("F", "M")),
    ("Total", ("SE", "DK")),
    ("SE", ("SE_F", "SE_M")),
    ("DK", ("DK_F", "DK_M")),
    ("F", ("SE_F", "DK_F")),
    ("M", ("SE_M", "DK_M")),
)
