"""Where to cut an assembly's rows into shards that hold equally many.

A cut lies between two positions, never between the alleles of one: its low 31
bits are zero.  ``variants_`` and ``coverage_`` have the same keys and are cut at
the same points, so that a place and what is declared of it are on one shard.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, cast

from pymongo import MongoClient

from beacon.model.assemblies import ASSEMBLIES
from beacon.store.driver import (
    Document,
    client_options,
    coverage_collection,
    driver_errors,
    patience_options,
    variants_collection,
)
from beacon.store.keys import decode, position_range

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from beacon.store.connection import StoreAddress

_SAMPLED = 100_000
_POSITION = 1 << 31


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Keys of an assembly's rows, in order, and of how many rows they are."""

    keys: Sequence[int]
    rows: int


def read_sample(address: StoreAddress, assembly: str) -> Sample:
    """Return every key of an assembly, or a sample where there are many.

    Raises:
        StoreUnavailable: when they cannot be read.
    """
    with driver_errors():
        options = client_options(address.uri, **patience_options(address.uri))
        with MongoClient[Document](address.uri, **options) as client:  # type: ignore[arg-type]
            rows = client[address.database][variants_collection(assembly)]
            number = rows.estimated_document_count()
            stages: list[Document] = [{"$project": {"_id": 1}}]
            if number > _SAMPLED:
                stages.insert(0, {"$sample": {"size": _SAMPLED}})
            found = rows.aggregate(stages, batchSize=20_000)
            keys = sorted({cast("int", document["_id"]) for document in found})
    return Sample(keys=keys, rows=max(number, len(keys)))


def points_between(keys: Sequence[int], shards: int) -> tuple[int, ...]:
    """Return cuts that leave each shard as many of the sorted keys as can be.

    There are fewer cuts than asked for where too many keys share a position.
    """
    points: list[int] = []
    behind = 0
    for shard in range(1, shards if keys else 0):
        wanted = shard * len(keys) / shards
        before = keys[int(wanted)] // _POSITION * _POSITION
        cuts = (bisect_left(keys, c) for c in (before, before + _POSITION))
        at = min(cuts, key=lambda c: abs(c - wanted))
        if behind < at < len(keys):
            points.append(keys[at] // _POSITION * _POSITION)
            behind = at
    return tuple(points)


def points_by_length(assembly: str, shards: int) -> tuple[int, ...]:
    """Return cuts that leave each shard as many bases, for want of any rows."""
    contigs = ASSEMBLIES[assembly].contigs
    ends = list(accumulate(contig.length for contig in contigs))
    points = []
    for shard in range(1, shards):
        base = shard * ends[-1] // shards
        index = bisect_left(ends, base + 1)
        contig = contigs[index]
        start = base - (ends[index] - contig.length)
        points.append(position_range(contig.rank, start, start + 1)[0])
    return tuple(points)


def shares(keys: Sequence[int], points: Sequence[int]) -> list[int]:
    """Return how many of the sorted keys each shard holds."""
    ends = [0, *(bisect_left(keys, point) for point in points), len(keys)]
    return [high - low for low, high in pairwise(ends)]


def place_of_point(assembly: str, point: int) -> str:
    """Return the first position behind a cut, as people write it."""
    key = decode(point)
    return f"{ASSEMBLIES[assembly].contigs[key.rank - 1].name}:{key.start + 1}"


def commands(database: str, assembly: str, points: Sequence[int]) -> Iterator[str]:
    """Yield what ``mongosh`` has to do: shard, cut, and keep each part in its place."""
    yield "var shards = db.adminCommand({listShards: 1}).shards.map(s => s._id)"
    bounds = ["MinKey()", *(f'NumberLong("{point}")' for point in points), "MaxKey()"]
    for shard in range(len(points) + 1):
        yield f'sh.addShardToZone(shards[{shard}], "{assembly}-{shard}")'
    for name in (variants_collection(assembly), coverage_collection(assembly)):
        space = f'"{database}.{name}"'
        yield f"sh.shardCollection({space}, {{_id: 1}})"
        for bound in bounds[1:-1]:
            yield f"sh.splitAt({space}, {{_id: {bound}}})"
        for shard, bound in enumerate(bounds[:-1]):
            yield f"sh.moveChunk({space}, {{_id: {bound}}}, shards[{shard}])"
        for shard, (low, high) in enumerate(pairwise(bounds)):
            span = f"{{_id: {low}}}, {{_id: {high}}}"
            yield f'sh.updateZoneKeyRange({space}, {span}, "{assembly}-{shard}")'
