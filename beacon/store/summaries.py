"""The summary of a release, as kept: one small document, written before it is served.

``summaries`` holds, under the number of its release,

    {_id, c: {cell: alleles}, w: {rank: packed}, k: {rank: packed} | None,
     p: [[what people have in common, people]] | None}

``w`` are alleles by the window they begin in, ``k`` the bases of a window that are
covered; packed as bins are.  A release of an earlier version has none, and neither
has one that appends to it: nothing here is worked out while somebody waits.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

from beacon.model.classes import WINDOW_BITS
from beacon.model.summary import Summary
from beacon.store.bins import pack_counts, unpack_counts
from beacon.store.driver import (
    JOURNALED,
    Document,
    coverage_collection,
    driver_errors,
    while_away,
)
from beacon.store.keys import contig_range, start_of
from beacon.store.runs import BIN, unpack_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from motor.motor_asyncio import AsyncIOMotorDatabase
    from pymongo.database import Database

    from beacon.store.rows import Counts, Rows

SUMMARIES = "summaries"
_BEAT = 2.0
_PLAIN_BIN = 6
"""A bin of no more bytes that is whole is of one run in which everybody was called."""


def keep_summary(
    database: Database[Document], number: int, summary: Summary | None
) -> None:
    """Keep the summary of a release; ``None``: it has none.

    Raises:
        StoreUnavailable: when it cannot be written.
    """
    if summary is None:
        forget_summary(database, number)
        return
    collection = database.get_collection(SUMMARIES, write_concern=JOURNALED)
    document = _document(number, summary)
    while_away(lambda: collection.replace_one({"_id": number}, document, upsert=True))


def read_summary(database: Database[Document], number: int) -> Summary | None:
    """Return the summary of a release; ``None`` where it has none.

    Raises:
        StoreUnavailable: when it cannot be read.
    """
    with driver_errors():
        found = database[SUMMARIES].find_one({"_id": number})
    return None if found is None else _summary(found)


async def find_summary(
    database: AsyncIOMotorDatabase[Document], number: int
) -> Summary | None:
    """Return the same while others are answered."""
    with driver_errors():
        found = await database[SUMMARIES].find_one({"_id": number})
    return None if found is None else _summary(found)


def forget_summary(database: Database[Document], number: int) -> None:
    """Remove the summary of a release."""
    with driver_errors():
        database[SUMMARIES].delete_one({"_id": number})


def move_summary(database: Database[Document], old: int, new: int) -> None:
    """Keep the summary of a release as another one's, and as its own no more.

    It may be done again.
    """
    found = read_summary(database, old)
    if found is not None:
        keep_summary(database, new, found)
        forget_summary(database, old)


def _document(number: int, summary: Summary) -> Document:
    covered, people = summary.covered, summary.people
    return {
        "_id": number,
        "c": {str(one): count for one, count in sorted(summary.cells.items())},
        "w": _packed(summary.windows),
        "k": None if covered is None else _packed(covered),
        "p": None
        if people is None
        else [[list(kind), count] for kind, count in people.items()],
    }


def _packed(counts: Mapping[tuple[int, int], int]) -> dict[str, bytes]:
    by_rank: dict[int, dict[int, int]] = {}
    for (rank, place), count in counts.items():
        by_rank.setdefault(rank, {})[place] = count
    return {str(rank): pack_counts(by_rank[rank]) for rank in sorted(by_rank)}


def _summary(document: Document) -> Summary:
    covered = cast("dict[str, bytes] | None", document["k"])
    people = cast("list[tuple[list[str | None], int]] | None", document["p"])
    return Summary(
        cells={
            int(name): count
            for name, count in cast("dict[str, int]", document["c"]).items()
        },
        windows=_unpacked(cast("dict[str, bytes]", document["w"])),
        covered=None if covered is None else _unpacked(covered),
        people=None
        if people is None
        else {tuple(kind): count for kind, count in people},
    )


def _unpacked(packed: Mapping[str, bytes]) -> dict[tuple[int, int], int]:
    counts: dict[tuple[int, int], int] = {}
    for rank, blob in packed.items():
        places, numbers = unpack_counts(blob)
        for place, count in zip(places.tolist(), numbers.tolist(), strict=True):
            counts[int(rank), place] = count
    return counts


# --- coverage -----------------------------------------------------------------------


def covered_windows(
    database: Database[Document],
    assembly: str,
    rows: Rows,
    ranks: Iterable[int],
    beat: Callable[[], None],
) -> dict[tuple[int, int], int]:
    """Return at how many bases of each window a release looked at anybody.

    Args:
        database: the store's; everything of the release is written.
        assembly: of the release.
        rows: reads it.
        ranks: of the contigs it may have looked at.
        beat: is called every few seconds.

    Raises:
        StoreUnavailable: when it cannot be read.
    """
    covered: dict[tuple[int, int], int] = {}
    wanted = {f"d.{field}": 1 for field in rows.fields}
    due = time.monotonic() + _BEAT
    for rank in sorted(ranks):
        low, high = contig_range(rank)
        with driver_errors():
            where = {"_id": {"$gte": low, "$lt": high}}
            for document in database[coverage_collection(assembly)].find(where, wanted):
                bases = _covered(rows, cast("Counts", document["d"]))
                if bases:
                    place = rank, start_of(cast("int", document["_id"])) >> WINDOW_BITS
                    covered[place] = covered.get(place, 0) + bases
                if time.monotonic() > due:
                    due = time.monotonic() + _BEAT
                    beat()
    return covered


def _covered(rows: Rows, counts: Counts) -> int:
    """Return at how many bases of a bin anybody was looked at."""
    blobs = rows.blobs(counts)
    if any(
        blob[0] == 1 and len(blob) <= _PLAIN_BIN and any(part.everybody)
        for part, blob in blobs
    ):
        return BIN
    stretches = sorted(
        (run.start, run.end)
        for part, blob in blobs
        for run in unpack_runs(blob, part.everybody)
        if run.an is None or any(run.an)
    )
    return sum(end - start for start, end in _united(stretches))


def _united(stretches: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield stretches, in order of their starts, as such that share no base."""
    reached = 0
    for start, end in stretches:
        if end > reached:
            yield max(start, reached), end
            reached = end
