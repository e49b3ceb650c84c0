"""Removing rows: of loads that died, and of releases people removed.

Order is everything.  A release stops being served first (one update of its
dataset), is marked ``removing`` second, its rows go third, its document last:
wherever this stops, the next sweep goes on, and no reader ever misses a row.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

from beacon.store.annotation_documents import annotations_collection, release_ids
from beacon.store.driver import (
    DATASETS,
    JOURNALED,
    RELEASES,
    SETTLE,
    Document,
    coverage_collection,
    long_collection,
    server_time,
    variants_collection,
)
from beacon.store.keys import position_range
from beacon.store.naming import forget_identifiers
from beacon.store.ownership import is_alive, is_here
from beacon.store.people import forget_people

if TYPE_CHECKING:
    from pymongo.database import Database

    from beacon.store.release_documents import DatasetDocument, ReleaseDocument

_LEASE_SECONDS = 60
_WHOLE_CONTIG = 1 << 28


class Sweeper:
    """Finishes what was left unfinished; safe beside other sweepers and loads."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database
        self._datasets = database.get_collection(DATASETS, write_concern=JOURNALED)
        self._releases = database.get_collection(RELEASES, write_concern=JOURNALED)

    def sweep(self) -> int:
        """Remove what dead loads and half-removed releases left; say how many."""
        stale = self._stale_numbers()
        for found in self._releases.find({"state": "loading"}):
            release = cast("ReleaseDocument", found)
            if self._is_dead(release, stale):
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

    def _stale_numbers(self) -> set[object]:
        """Return the loads whose heartbeat stopped, by the server's clock."""
        limit = {"$subtract": ["$$NOW", 1000 * _LEASE_SECONDS]}
        where: Document = {
            "state": "loading",
            "$expr": {"$lt": ["$heartbeat", limit]},
        }
        return {found["_id"] for found in self._releases.find(where, {"_id": 1})}

    @staticmethod
    def _is_dead(release: ReleaseDocument, stale: set[object]) -> bool:
        owner = release["owner"]
        if is_here(owner):
            return not is_alive(owner)
        return release["_id"] in stale

    def _bury(self, release: ReleaseDocument) -> None:
        """Take a dead load's lease; keep it if it had already been published."""
        number, dataset = release["_id"], release["dataset"]
        self._datasets.update_one(
            {"_id": dataset, "loading": number}, {"$unset": {"loading": ""}}
        )
        is_served = self._datasets.find_one({"_id": dataset, "active": number})
        if is_served is None:
            self.mark({"_id": number, "state": "loading"})
        else:
            self._releases.update_one(
                {"_id": number},
                {"$set": {"state": "ready"}, "$unset": {"owner": "", "heartbeat": ""}},
            )

    def remove_rows(self, release: ReleaseDocument) -> None:
        """Remove a marked release's rows, then its document."""
        if "owner" not in release:  # it was published once
            self._let_readers_finish(release["dataset"])
        field = f"d.{release['_id']}"
        for name in (variants_collection, long_collection, coverage_collection):
            rows = self._database[name(release["assembly"])]
            for rank in release["touched"]:
                where = _contig_filter(rank, is_long=name is long_collection)
                rows.update_many(
                    {**where, field: {"$exists": True}}, {"$unset": {field: ""}}
                )
                rows.delete_many({**where, "d": {}})
        low, high = release_ids(release["_id"])
        annotations = self._database[annotations_collection(release["assembly"])]
        annotations.delete_many({"_id": {"$gte": low, "$lt": high}})
        forget_identifiers(self._database, release["assembly"], release["_id"])
        forget_people(self._database, release["_id"])
        self._releases.delete_one({"_id": release["_id"]})
        self._datasets.update_one(
            {"_id": release["dataset"]}, {"$pull": {"withdrawn": release["_id"]}}
        )

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
            if self._releases.find_one({"dataset": found["_id"]}) is None:
                self._datasets.delete_one({"_id": found["_id"]})
        nothing: Document = {
            "active": None,
            "loading": None,
            "described": None,
            "removing": None,
        }
        self._datasets.delete_many(nothing)


def _contig_filter(rank: int, *, is_long: bool) -> Document:
    if is_long:
        return {"c": rank}
    low, high = position_range(rank, 0, _WHOLE_CONTIG)
    return {"_id": {"$gte": low, "$lt": high}}
