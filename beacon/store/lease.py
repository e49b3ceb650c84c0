"""The right to load one release, as two documents of the catalogue know it.

``publish`` flips the dataset's pointer only while the dataset's ``loading``
still names this release; a sweep that takes us for dead takes that away first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from pymongo import ReturnDocument

from beacon.model.errors import LoadRejected
from beacon.store.driver import (
    DATASETS,
    JOURNALED,
    RELEASES,
    Document,
    driver_errors,
    server_time,
    while_away,
)
from beacon.store.ownership import this_worker
from beacon.store.release_documents import publication, read_release
from beacon.store.sweeping import LOADING, Sweeper

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pymongo.database import Database

    from beacon.model.counts import Layout
    from beacon.model.dataset import Release
    from beacon.store.release_documents import (
        DatasetDocument,
        ReleaseDocument,
        Touched,
    )


_NEVER = -1
"""When no process was ever started."""


class Ticket(NamedTuple):
    """What a process needs to write for the owner of a load.

    Attributes:
        layout: of what is written.
        base: the number of the release that is appended to; it must be served until
            the end.
        place: how many parts the release has before the one that is written.
    """

    number: int
    dataset: str
    token: str
    assembly: str
    layout: Layout
    base: int | None = None
    place: int = 0


class Lease:
    """One load's entries in the catalogue."""

    def __init__(self, database: Database[Document], ticket: Ticket) -> None:
        number, dataset, token = ticket.number, ticket.dataset, ticket.token
        self.number = number
        self.base, self._place = ticket.base, ticket.place
        self._database = database
        self._datasets = database.get_collection(DATASETS, write_concern=JOURNALED)
        self._releases = database.get_collection(RELEASES, write_concern=JOURNALED)
        self._dataset = dataset
        self._mine: Document = {
            "_id": number,
            "state": "loading",
            "owner.token": token,
        }

    def renew(self) -> None:
        """Say that this load lives."""
        self._change({"$currentDate": {"heartbeat": True}})

    def touch(self, touched: Touched) -> None:
        """Note the contigs and spans that rows are about to touch."""
        self._change(
            {
                "$addToSet": {
                    f"parts.{self._place}.touched": {"$each": sorted(touched.ranks)},
                    "touched": {"$each": sorted(touched.ranks)},
                    "long_classes": {"$each": sorted(touched.long_classes)},
                },
                "$max": {
                    "longest_short": touched.longest_short,
                    "widest_margin": touched.widest_margin,
                },
            }
        )

    def work(self) -> None:
        """Say that this process writes for the owner of the load, before it does."""
        self._change({"$push": {"workers": this_worker()}})

    def let_go(self) -> None:
        """Leave the load to whoever goes on with it: its owner is no process now."""
        self._change({"$set": {"owner.started": _NEVER}})

    def publish(self, details: Mapping[str, object]) -> Release:
        """Complete the release's document, then flip the dataset's pointer."""
        ordinal, published = while_away(self._next)
        fields = publication(details)
        self._change({"$set": {**fields, "ordinal": ordinal, "published": published}})
        if not while_away(lambda: self._flip(ordinal)):
            raise self._overtaken()
        kept = while_away(
            lambda: self._releases.find_one_and_update(
                {"_id": self.number},
                {"$set": {"state": "ready"}, "$unset": LOADING},
                return_document=ReturnDocument.AFTER,
            )
        )
        if kept is None:
            raise self._lost()
        return read_release(kept).release

    def _next(self) -> tuple[int, datetime]:
        """Return the ordinal of the release, and what time it is."""
        dataset = self._datasets.find_one({"_id": self._dataset}) or {}
        ordinal = cast("DatasetDocument", dataset).get("ordinals", 0) + 1
        return ordinal, server_time(self._database)

    def _flip(self, ordinal: int) -> bool:
        """Flip the pointer; say whether it is flipped, be it by an earlier try."""
        before = {} if self.base is None else {"active": self.base}
        flipped = self._datasets.update_one(
            {"_id": self._dataset, "loading": self.number, **before},
            {
                "$set": {"active": self.number, "ordinals": ordinal},
                "$unset": {"loading": ""},
                "$currentDate": {"updated": True},
            },
        )
        served = {"_id": self._dataset, "active": self.number}
        return bool(flipped.matched_count or self._datasets.find_one(served))

    def document(self, number: int) -> ReleaseDocument:
        """Return the document of this release, or of the one that is appended to.

        Raises:
            LoadRejected: when it is gone.
        """
        with driver_errors():
            found = self._releases.find_one({"_id": number})
        if found is None:
            raise self._lost()
        return cast("ReleaseDocument", found)

    def discard(self) -> None:
        """Give the lease back and remove the rows."""
        with driver_errors():
            self._datasets.update_one(
                {"_id": self._dataset, "loading": self.number},
                {"$unset": {"loading": ""}},
            )
            sweeper = Sweeper(self._database)
            sweeper.mark(self._mine)
            sweeper.sweep()

    def _change(self, change: Document) -> None:
        changed = while_away(lambda: self._releases.update_one(self._mine, change))
        if not changed.matched_count:
            raise self._lost()

    def _overtaken(self) -> LoadRejected:
        """Return why the pointer was not ours to flip."""
        mine = {"_id": self._dataset, "loading": self.number}
        if self.base is None or self._datasets.find_one(mine) is None:
            return self._lost()
        message = (
            f"dataset {self._dataset} was changed while files were being appended;"
            " append them again"
        )
        return LoadRejected(message)

    def _lost(self) -> LoadRejected:
        message = f"this load of dataset {self._dataset} was given up as dead"
        return LoadRejected(message)
