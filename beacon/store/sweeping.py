"""Removing rows: of loads that died, and of releases people removed.

Order is everything.  A release stops being served first (one update of its
dataset), is marked ``removing`` second, its rows go third, its document last:
wherever this stops, the next sweep goes on, and no reader ever misses a row.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

from beacon.model.errors import LoadRejected
from beacon.store.annotation_documents import annotations_collection, release_ids
from beacon.store.bins import forget_bins
from beacon.store.carrier_documents import forget_carriers
from beacon.store.chunks import ChunkMarks
from beacon.store.driver import (
    COHORTS,
    DATASETS,
    DOCUMENT_SETS,
    JOURNALED,
    RELEASES,
    SETTLE,
    Document,
    coverage_collection,
    long_collection,
    server_time,
    variants_collection,
)
from beacon.store.keys import contig_range
from beacon.store.naming import forget_identifiers
from beacon.store.ownership import is_alive, is_here
from beacon.store.people import forget_people
from beacon.store.reach_documents import forget_reach
from beacon.store.summaries import forget_summary

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from pymongo.database import Database

    from beacon.store.release_documents import (
        DatasetDocument,
        PartDocument,
        ReleaseDocument,
    )

LOADING: Document = {"owner": "", "heartbeat": "", "workers": "", "resume": ""}
"""Fields that a release has only while it is loaded."""

NOTHING: Document = {
    "active": None,
    "loading": None,
    "described": None,
    "removing": None,
    "documents": None,
    "filing": {"$in": [None, {}]},
}
"""What a dataset that only ever saw failed loads holds."""

_LEASE_SECONDS = 60
_STALE_SECONDS = 7 * 24 * 3600
"""How long a load that was killed is kept, for somebody to go on with it."""
_WORKERS_SECONDS = 20.0


class Sweeper:
    """Finishes what was left unfinished; safe beside other sweepers and loads."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._datasets = database.get_collection(DATASETS, write_concern=JOURNALED)
        self._releases = database.get_collection(RELEASES, write_concern=JOURNALED)

    def sweep(self) -> int:
        """Remove what dead loads and half-removed releases left; say how many."""
        for release in self._dead():
            self._bury(release)
        for found in self._datasets.find({"removing": True}):
            self.mark({"dataset": found["_id"]})
        for found in self._datasets.find({"withdrawn.0": {"$exists": True}}):
            gone = cast("DatasetDocument", found)["withdrawn"]
            self.mark({"_id": {"$in": gone}})
        removed = 0
        for found in self._releases.find({"state": "removing"}):
            self.remove_rows(cast("ReleaseDocument", found))
            removed += 1
        self._forget_empty_datasets()
        return removed

    def mark(self, where: Document) -> None:
        """Mark releases as on their way out."""
        self._releases.update_many(where, {"$set": {"state": "removing"}})

    def _dead(self) -> list[ReleaseDocument]:
        """Return the loads that nobody goes on with, and nobody will."""
        silent = self._silent_numbers(_LEASE_SECONDS)
        forgotten = self._silent_numbers(_STALE_SECONDS)
        found = self._releases.find({"state": "loading"})
        dead = [
            r for r in cast("list[ReleaseDocument]", list(found)) if is_dead(r, silent)
        ]
        return [
            release
            for release in dead
            if not release.get("resume")
            or release["_id"] in forgotten
            or self._is_served(release)
            or not self._is_leased(release)
        ]

    def left_behind(self, dataset: str) -> ReleaseDocument | None:
        """Return the load of a dataset that was killed and can go on."""
        held = self._datasets.find_one({"_id": dataset}) or {}
        number = held.get("loading")
        where: Document = {"_id": number, "state": "loading", "resume": {"$ne": None}}
        release = cast("ReleaseDocument | None", self._releases.find_one(where))
        if release is None or not self.is_dead(release):
            return None
        return None if self._is_served(release) else release

    def is_dead(self, release: ReleaseDocument) -> bool:
        """Whether nobody writes a release any more."""
        return is_dead(release, self._silent_numbers(_LEASE_SECONDS))

    def give_up(self, release: ReleaseDocument) -> None:
        """Discard a load that was left behind, once its last process is gone."""
        self.wait_for_workers(release)
        self._bury(release)

    def wait_for_workers(self, release: ReleaseDocument) -> None:
        """Wait until the processes of a dead load are gone, as they soon are.

        Raises:
            LoadRejected: one stays.
        """
        until = time.monotonic() + _WORKERS_SECONDS
        while (pid := living_worker(release)) is not None:
            if time.monotonic() > until:
                message = (
                    f"dataset {release['dataset']} is still being written by process"
                    f" {pid} of a load that was killed"
                )
                raise LoadRejected(message)
            time.sleep(0.05)

    def _is_served(self, release: ReleaseDocument) -> bool:
        where = {"_id": release["dataset"], "active": release["_id"]}
        return self._datasets.find_one(where) is not None

    def _is_leased(self, release: ReleaseDocument) -> bool:
        """Whether the dataset knows of a load: else it was killed at its beginning."""
        where = {"_id": release["dataset"], "loading": release["_id"]}
        return self._datasets.find_one(where) is not None

    def _silent_numbers(self, seconds: int) -> set[object]:
        """Return the loads whose heartbeat stopped, by the server's clock."""
        limit = {"$subtract": ["$$NOW", 1000 * seconds]}
        where: Document = {
            "state": "loading",
            "$expr": {"$lt": ["$heartbeat", limit]},
        }
        return {found["_id"] for found in self._releases.find(where, {"_id": 1})}

    def _bury(self, release: ReleaseDocument) -> None:
        """Take a dead load's lease; keep it if it had already been published."""
        number, dataset = release["_id"], release["dataset"]
        self._datasets.update_one(
            {"_id": dataset, "loading": number}, {"$unset": {"loading": ""}}
        )
        if not self._is_served(release):
            self.mark({"_id": number, "state": "loading"})
        else:
            self._releases.update_one(
                {"_id": number}, {"$set": {"state": "ready"}, "$unset": LOADING}
            )
            ChunkMarks(self._database, number).forget()

    def remove_rows(self, release: ReleaseDocument) -> None:
        """Remove a marked release's rows, then its document.

        What other releases hold, too, stays: on their way out or still being loaded,
        the last of them takes it away.
        """
        if "owner" not in release:  # it was published once
            self._let_readers_finish(release["dataset"])
        assembly, number = release["assembly"], release["_id"]
        parts = self._remove_unheld(release, ())
        forget_bins(self._database, assembly, number)
        forget_summary(self._database, number)
        self._releases.delete_one({"_id": number})
        # Another sweep may have let go of the same parts at the same time.
        self._remove_unheld(release, parts)
        self._datasets.update_one(
            {"_id": release["dataset"]}, {"$pull": {"withdrawn": number}}
        )

    def _remove_unheld(
        self, release: ReleaseDocument, done: Collection[int]
    ) -> Collection[int]:
        """Remove what no other release holds; return the numbers of fields gone.

        Args:
            release: on its way out.
            done: fields that are gone already.
        """
        assembly, gone = release["assembly"], set(done)
        held = list(self._held_by_others(release))
        numbers = {part["number"] for part in held}
        fields = gone.union(field for part in held for field in part["fields"])
        for part in release["parts"]:
            for field in part["fields"]:
                if field not in fields:
                    self._remove_field(assembly, field, part["touched"])
                    gone.add(field)
            if part["number"] not in numbers | set(done):
                self._remove_part(assembly, part["number"])
        return gone

    def _held_by_others(self, release: ReleaseDocument) -> Iterator[PartDocument]:
        """Yield the parts of all other releases that hold one of a release's."""
        numbers = [part["number"] for part in release["parts"]]
        where: Document = {
            "_id": {"$ne": release["_id"]},
            "parts.number": {"$in": numbers},
        }
        for found in self._releases.find(where, {"parts": 1}):
            yield from cast("ReleaseDocument", found)["parts"]

    def _remove_field(self, assembly: str, field: int, ranks: Sequence[int]) -> None:
        """Remove what rows and bins hold under one name."""
        name = f"d.{field}"
        for collection in (variants_collection, long_collection, coverage_collection):
            rows = self._database[collection(assembly)]
            for rank in ranks:
                where = _contig_filter(rank, is_long=collection is long_collection)
                rows.update_many(
                    {**where, name: {"$exists": True}}, {"$unset": {name: ""}}
                )
                rows.delete_many({**where, "d": {}})

    def _remove_part(self, assembly: str, number: int) -> None:
        """Remove what is kept of a part beside its rows."""
        low, high = release_ids(number)
        annotations = self._database[annotations_collection(assembly)]
        annotations.delete_many({"_id": {"$gte": low, "$lt": high}})
        forget_carriers(self._database, assembly, number)
        forget_reach(self._database, assembly, number)
        forget_identifiers(self._database, assembly, number)
        forget_people(self._database, number)
        ChunkMarks(self._database, number).forget()

    def _let_readers_finish(self, dataset: str) -> None:
        """Wait until nobody can still read by a pointer from before the change."""
        found = self._datasets.find_one({"_id": dataset})
        if found is None:
            return
        changed = cast("DatasetDocument", found)["updated"]
        age = (server_time(self._database) - changed).total_seconds()
        time.sleep(max(0.0, min(SETTLE, SETTLE - age)))

    def _forget_empty_datasets(self) -> None:
        """Delete datasets that were removed, or only ever saw a failed load."""
        for found in self._datasets.find({"removing": True}, {"_id": 1}):
            where = {"dataset": found["_id"]}
            rest = (self._releases, self._database[DOCUMENT_SETS])
            if all(kept.find_one(where) is None for kept in rest):
                self._database[COHORTS].delete_many({"d": found["_id"]})
                self._datasets.delete_one({"_id": found["_id"]})
        self._datasets.delete_many(NOTHING)


def is_dead(release: ReleaseDocument, silent: set[object]) -> bool:
    """Whether nobody loads a release any more.

    Args:
        release: that is being loaded.
        silent: the loads whose heartbeat stopped, to judge owners elsewhere by.
    """
    owner = release["owner"]
    if is_here(owner):
        return not is_alive(owner)
    return release["_id"] in silent


def living_worker(release: ReleaseDocument) -> int | None:
    """Return a process that may still write a release whose owner is dead."""
    for worker in release.get("workers", []):
        if is_here(worker) and is_alive(worker):
            return worker["pid"]
    return None


def _contig_filter(rank: int, *, is_long: bool) -> Document:
    if is_long:
        return {"c": rank}
    low, high = contig_range(rank)
    return {"_id": {"$gte": low, "$lt": high}}
