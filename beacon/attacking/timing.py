"""Whether answers that say the same differ in their time or their form.

Two kinds of questions are asked in turns over one connection, in random order
within each pair, so that whatever else the machine does falls on both.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from http.client import HTTPConnection
from time import perf_counter_ns
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import numpy as np

from beacon.attacking.asking import ANYBODY, headers_of
from beacon.attacking.cohort import ASSEMBLY
from beacon.attacking.verdict import same_distribution

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from beacon.attacking.asking import Account

_SECONDS = 30.0
_UNSEEN = 50
"""Pairs that are asked first, and not measured."""
_PLACEHOLDER = b"@" * 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """What two kinds of answers had in common, and what not.

    Attributes:
        first: milliseconds of each answer of one kind.
        second: of the other.
        forms: different answers, places of variants made alike; one: all the same.
        sizes: different lengths of answers.
        statuses: different status codes.
    """

    first: npt.NDArray[np.float64]
    second: npt.NDArray[np.float64]
    forms: frozenset[bytes]
    sizes: frozenset[int]
    statuses: frozenset[int]

    @property
    def difference(self) -> float:
        """Between the medians, in milliseconds."""
        return float(np.median(self.second) - np.median(self.first))

    @property
    def p(self) -> float:
        """How likely such times are of one distribution (Kolmogorov-Smirnov)."""
        return same_distribution(self.first, self.second)

    def accuracy(self) -> float:
        """Return the share of single answers that the best cut tells right."""
        every = np.unique(np.concatenate([self.first, self.second]))
        here = np.searchsorted(np.sort(self.first), every, side="right")
        there = np.searchsorted(np.sort(self.second), every, side="right")
        gap = here / len(self.first) - there / len(self.second)
        return float(0.5 + np.abs(gap).max() / 2)


def compare(
    url: str,
    first: Sequence[str],
    second: Sequence[str],
    account: Account = ANYBODY,
    granularity: str = "count",
    dataset: str | None = None,
    seed: int = 1,
) -> Timed:
    """Ask pairs of alleles, one of each kind, and time the answers.

    Args:
        url: of the beacon's site.
        first: alleles, ``contig-pos-ref-alt``, each asked once.
        second: as many.
        account: who asks.
        granularity: of the questions.
        dataset: the only one that is asked; ``None``: all.
        seed: of the order within pairs.
    """
    where = urlsplit(url)
    connection = HTTPConnection(where.hostname or "", where.port, timeout=_SECONDS)
    order = random.Random(seed)  # noqa: S311 - what is drawn must be drawn again
    times: tuple[list[float], list[float]] = ([], [])
    seen: set[tuple[int, int, bytes]] = set()
    try:
        for number, pair in enumerate(zip(first, second, strict=True)):
            for kind in order.sample((0, 1), 2):
                path = _path(pair[kind], granularity, dataset)
                took, status, body = _ask(connection, path, account)
                if number >= min(_UNSEEN, len(first) // 10):
                    times[kind].append(took)
                    seen.add((status, len(body), _without(body, pair[kind])))
    finally:
        connection.close()
    return Timed(
        first=np.array(times[0]),
        second=np.array(times[1]),
        forms=frozenset(form for _, _, form in seen),
        sizes=frozenset(size for _, size, _ in seen),
        statuses=frozenset(status for status, _, _ in seen),
    )


def _path(variant: str, granularity: str, dataset: str | None) -> str:
    """Return the question for one allele."""
    contig, place, reference, alternate = variant.split("-")
    asked = {
        "assemblyId": ASSEMBLY,
        "referenceName": contig,
        "start": str(int(place) - 1),
        "referenceBases": reference,
        "alternateBases": alternate,
        "requestedGranularity": granularity,
        "includeResultsetResponses": "ALL",
    }
    chosen = {} if dataset is None else {"datasets": dataset}
    return f"/api/g_variants?{urlencode(asked | chosen)}"


def _ask(
    connection: HTTPConnection, path: str, account: Account
) -> tuple[float, int, bytes]:
    """Return milliseconds, status and body of one answer."""
    headers = headers_of(account)
    began = perf_counter_ns()
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    return (perf_counter_ns() - began) / 1e6, answer.status, body


def _without(body: bytes, variant: str) -> bytes:
    """Return an answer of which the place that was asked for is cut out."""
    place = int(variant.split("-")[1])
    for told in (place - 1, place):
        body = body.replace(str(told).encode(), _PLACEHOLDER)
    return body
