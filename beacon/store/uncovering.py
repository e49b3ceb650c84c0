"""Leaving people out of where a part looked.

As rows do, bins keep AN as differences: from everybody, of whom there are fewer
then.  So only the bins in which a leaver was not called twice, or in which
nobody is left, get a blob under the overlay's field.
"""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Protocol, cast

from pymongo import UpdateOne

from beacon.model.dataset import CoverageKind
from beacon.model.errors import StoreUnavailable
from beacon.store.driver import (
    JOURNALED,
    Document,
    coverage_collection,
    driver_errors,
    while_away,
)
from beacon.store.keys import contig_range, start_of
from beacon.store.reach import Leaving, lessened
from beacon.store.reach_documents import read_reach
from beacon.store.runs import Run, pack_runs, unpack_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from pymongo.collection import Collection as Rows
    from pymongo.database import Database

    from beacon.store.overlay import Leaver, Overlay
    from beacon.store.rows import Counts

_BATCH = 1000
_PAIR = 2


class _Left(Protocol):
    """What makes the runs of a bin those of the others."""

    def left(self, first: int, runs: Iterable[Run]) -> list[Run]:
        """Return the runs of a bin without whoever leaves."""


class _Everywhere:
    """Leavers of a part that says of all its people alike where it looked.

    The people of a column are of one sex, and have as many copies there.
    """

    def __init__(self, leavers: Sequence[Leaver], everybody: Sequence[int]) -> None:
        self._columns = [leaver.column for leaver in leavers]
        self._everybody = everybody

    def left(self, _: int, runs: Iterable[Run]) -> list[Run]:
        """Return the runs of a bin without whoever leaves."""
        return lessened(run._replace(an=self._less(run.an)) for run in runs)

    def _less(self, an: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if an is None:
            return None
        left = list(an)
        for column in self._columns:
            left[column] -= _PAIR * an[column] // self._everybody[column]
        return tuple(left)


def uncover(
    database: Database[Document],
    overlay: Overlay,
    kinds: Collection[str | None],
    alive: Callable[[], None],
) -> None:
    """Write the bins that change.

    Args:
        database: of the store.
        overlay: of the part; its rows are written elsewhere.
        kinds: how the releases that hold the part say where they looked.
        alive: is called often: it renews a lease.

    Raises:
        StoreUnavailable: when the database fails, or bins and people disagree.
    """
    if CoverageKind.BLOCKS not in kinds and CoverageKind.REGIONS not in kinds:
        return
    bins = database.get_collection(
        coverage_collection(overlay.assembly), write_concern=JOURNALED
    )
    for rank in overlay.ranks:
        leaving: _Left = _Everywhere(overlay.leavers, overlay.part.everybody)
        if CoverageKind.BLOCKS in kinds:
            leaving = _by_blocks(database, overlay, rank)
        with driver_errors():
            changes = _changes(bins, overlay, rank, leaving)
            while batch := list(islice(changes, _BATCH)):
                while_away(partial(bins.bulk_write, batch, ordered=False))
                alive()
        alive()


def _by_blocks(database: Database[Document], overlay: Overlay, rank: int) -> Leaving:
    people = [leaver.person for leaver in overlay.leavers]
    runs = read_reach(database, overlay.assembly, overlay.part.number, rank, people)
    columns = [leaver.column for leaver in overlay.leavers]
    return Leaving(columns, runs)


def _changes(
    bins: Rows[Document], overlay: Overlay, rank: int, leaving: _Left
) -> Iterator[UpdateOne]:
    part, everybody = overlay.part, overlay.everybody
    fields = [f"d.{field}" for field in part.fields]
    low, high = contig_range(rank)
    where: Document = {"_id": {"$gte": low, "$lt": high}}
    found = bins.find(where, dict.fromkeys(fields, 1)).sort("_id", 1)
    for document in found.batch_size(_BATCH):
        blob = part.blob(cast("Counts", document["d"]))
        if blob is None:
            continue
        first = start_of(cast("int", document["_id"]))
        try:
            left = leaving.left(first, unpack_runs(blob, part.everybody))
            new = pack_runs(left, everybody)
        except ValueError as error:
            message = (
                f"what is kept of the people of part {part.number} does not fit where"
                f" it looked, at contig {rank}, base {first}; load the files again"
                " without them"
            )
            raise StoreUnavailable(message) from error
        if new != blob:
            change = {"$set": {f"d.{overlay.number}": new}}
            yield UpdateOne({"_id": document["_id"]}, change)
