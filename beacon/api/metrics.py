"""What a server does, in numbers for Prometheus; of all its processes together.

A request adds to plain numbers of its own process.  Once a second they are laid
down in a folder the processes share, and whoever is asked adds all of them up.
No label ever holds a variant, a path, a token or a requester.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from dataclasses import dataclass, field
from platform import python_version
from typing import TYPE_CHECKING, Final

import orjson
from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from prometheus_client.metrics_core import Metric

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
BOUNDS: Final = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1),
    *(0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
"""Upper bounds of the histogram's buckets, in seconds; the last is infinite."""
_GONE: Final = "gone.json"
_LIVING: Final = "worker-*.json"

Key = tuple[str, str, int]
"""Pattern of a route, method, status."""
Row = list[float]
"""Seconds altogether, then requests in each bucket."""
Counts = dict[str, float]
"""Numbers that only grow, by name."""

# Only what somebody counts is told; the store's are, once it has a source here.
GROWING: Final = {
    "refused": ("beacon_refused", "Requests refused because too much was waiting."),
    "late": ("beacon_late", "Requests given up at the deadline of a request."),
    "left": ("beacon_clients_left", "Requests whose client left before the answer."),
    "spent": ("beacon_budget_refused", "Questions for which there was no room left."),
    "alarms": ("beacon_ledger_alarms", "Alarms of the ledger, those of today apart."),
    "batches": ("beacon_store_batches", "Batches of look-ups sent to the store."),
    "network_joined": (
        "beacon_network_joined",
        "Questions to peers that shared an exchange under way.",
    ),
    "network_remembered": (
        "beacon_network_remembered",
        "Questions to peers that were answered from memory.",
    ),
    "looked_up": ("beacon_store_keys", "Alleles looked up in those batches."),
}
MOMENTARY: Final = {
    "working": ("beacon_requests_in_work", "Requests that are being answered."),
    "waiting": ("beacon_requests_waiting", "Requests that wait for their turn."),
}


@dataclass(slots=True)
class Sums:
    """What one process has counted, or several together."""

    rows: dict[Key, Row] = field(default_factory=dict)
    counts: Counts = field(default_factory=dict)
    moment: Counts = field(default_factory=dict)

    def add(self, other: Sums) -> None:
        """Add what another process has counted."""
        for key, row in other.rows.items():
            mine = self.rows.setdefault(key, [0.0] * len(row))
            for place, value in enumerate(row):
                mine[place] += value
        for mine_, theirs in ((self.counts, other.counts), (self.moment, other.moment)):
            for name, value in theirs.items():
                mine_[name] = mine_.get(name, 0) + value

    def written(self) -> bytes:
        """Return it as ``read_sums`` reads it."""
        rows = [[*key, row] for key, row in self.rows.items()]
        return orjson.dumps({"rows": rows, "counts": self.counts, "now": self.moment})


def read_sums(text: bytes) -> Sums:
    """Return what a process has laid down."""
    told = orjson.loads(text)
    rows = {
        (route, method, int(status)): row for route, method, status, row in told["rows"]
    }
    return Sums(rows=rows, counts=told["counts"], moment=told["now"])


class Meter:
    """Counts the requests of one process, and tells those of all.

    Args:
        version: of this software.
        folder: where the processes of one server lay their numbers down; ``None``
            where there is one process.
        name: of this process in the folder; no two ever had the same.
        workers: how many processes serve.
    """

    def __init__(
        self,
        version: str,
        folder: Path | None = None,
        name: str = "0",
        workers: int = 1,
    ) -> None:
        self._version = version
        self._folder = folder
        self._name = name
        self._workers = workers
        self._sums = Sums()
        self._sources: list[Callable[[], Sums]] = []

    def row(self, route: str, method: str, status: int) -> Row:
        """Return where requests of one kind are counted; see ``count``."""
        return self._sums.rows.setdefault(
            (route, method, status), [0.0] * (len(BOUNDS) + 2)
        )

    def watch(self, source: Callable[[], Sums]) -> None:
        """Take further numbers from a source, whenever numbers are asked for."""
        self._sources.append(source)

    def mine(self) -> Sums:
        """Return what this process has counted so far."""
        sums = Sums()
        sums.add(self._sums)
        for source in self._sources:
            sums.add(source())
        return sums

    async def lay_down(self) -> None:
        """Let the other processes know what this one has counted."""
        if self._folder is not None:
            path = self._folder / f"worker-{self._name}.json"
            await asyncio.to_thread(_replace, path, self.mine().written())

    async def told(self) -> bytes:
        """Return the numbers of all processes, as Prometheus reads them."""
        sums = self.mine()
        if self._folder is not None:
            sums.add(await asyncio.to_thread(_others, self._folder, self._name))
        registry = CollectorRegistry()
        registry.register(_Told(sums, self._version, self._workers))
        return generate_latest(registry)


def count(row: Row, seconds: float) -> None:
    """Count one request in its row."""
    row[0] += seconds
    row[bisect_left(BOUNDS, seconds) + 1] += 1


class _Told(Collector):
    """Sums as the families of metrics that Prometheus knows."""

    def __init__(self, sums: Sums, version: str, workers: int) -> None:
        self._sums = sums
        self._version = version
        self._workers = workers

    def collect(self) -> Iterator[Metric]:
        build = {"version": self._version, "python": python_version()}
        yield InfoMetricFamily("beacon_build", "What is running.", value=build)
        yield GaugeMetricFamily(
            "beacon_workers", "Processes that should answer.", value=self._workers
        )
        yield self._requests()
        yield self._seconds()
        counts, moment = self._sums.counts, self._sums.moment
        for name in sorted(counts.keys() & GROWING.keys()):
            metric, meaning = GROWING[name]
            yield CounterMetricFamily(metric, meaning, value=counts[name])
        yield from _of_peers(counts)
        for name in sorted(moment.keys() & MOMENTARY.keys()):
            metric, meaning = MOMENTARY[name]
            yield GaugeMetricFamily(metric, meaning, value=moment[name])

    def _requests(self) -> Metric:
        family = CounterMetricFamily(
            "beacon_requests",
            "Requests that were answered.",
            labels=("route", "method", "status"),
        )
        for (route, method, status), row in sorted(self._sums.rows.items()):
            family.add_metric((route, method, str(status)), sum(row[1:]))
        return family

    def _seconds(self) -> Metric:
        """Return the histogram; by route only, so that it stays small."""
        family = HistogramMetricFamily(
            "beacon_request_seconds",
            "Seconds from the head of a request to its answer.",
            labels=("route",),
        )
        routes: dict[str, Row] = {}
        for (route, _, _), row in sorted(self._sums.rows.items()):
            old = routes.get(route, [0.0] * len(row))
            routes[route] = [a + b for a, b in zip(old, row, strict=True)]
        for route, (seconds, *buckets) in routes.items():
            family.add_metric((route,), _grown(buckets), sum_value=seconds)
        return family


def _of_peers(counts: Mapping[str, float]) -> Iterator[Metric]:
    """Yield what was counted of each peer; ``network.record`` names it."""
    words = CounterMetricFamily(
        "beacon_peer_answers",
        "Questions that a peer was asked, by what came of it.",
        labels=("peer", "status"),
    )
    seconds = CounterMetricFamily(
        "beacon_peer_seconds", "Seconds that a peer took for them.", labels=("peer",)
    )
    for name in sorted(counts):
        match name.split("|"):
            case ["peer", peer, status]:
                words.add_metric((peer, status), counts[name])
            case ["peer_seconds", peer]:
                seconds.add_metric((peer,), counts[name])
    yield from (each for each in (words, seconds) if each.samples)


def _grown(buckets: Iterable[float]) -> list[tuple[str, float]]:
    """Return buckets as Prometheus wants them: each with all below it."""
    grown, below = [], 0.0
    bounds = [*map(str, BOUNDS), "+Inf"]
    for bound, value in zip(bounds, buckets, strict=True):
        below += value
        grown.append((bound, below))
    return grown


# --- the folder --------------------------------------------------------------


def _replace(path: Path, text: bytes) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_bytes(text)
    fresh.replace(path)


def _others(folder: Path, name: str) -> Sums:
    """Return what the other processes have counted, the ended ones included."""
    living: dict[str, bytes] = {}
    for path in folder.glob(_LIVING):
        other = path.stem.removeprefix("worker-")
        if other != name:
            try:
                living[other] = path.read_bytes()
            except FileNotFoundError:
                continue  # ended meanwhile: among those that are gone, read below
    sums, ended = _gone(folder)
    for other, text in living.items():
        if other not in ended:
            sums.add(read_sums(text))
    return sums


def _gone(folder: Path) -> tuple[Sums, frozenset[str]]:
    """Return what ended processes have counted, and which those are."""
    try:
        text = (folder / _GONE).read_bytes()
    except FileNotFoundError:
        return Sums(), frozenset()
    return read_sums(text), frozenset(orjson.loads(text)["ended"])


def fold(folder: Path, names: Iterable[str]) -> None:
    """Keep what ended processes have counted, and clear away their files.

    Called by the one process that starts and ends the others.  Their names are
    written with the sums, so that a reader counts each of them once at any moment.
    """
    sums, ended = _gone(folder)
    fresh: Mapping[str, Path] = {
        name: folder / f"worker-{name}.json" for name in names if name not in ended
    }
    for path in fresh.values():
        if path.exists():
            sums.add(read_sums(path.read_bytes()))
    sums.moment = {}
    told = orjson.loads(sums.written()) | {"ended": sorted({*ended, *fresh})}
    _replace(folder / _GONE, orjson.dumps(told))
    for path in fresh.values():
        path.unlink(missing_ok=True)
