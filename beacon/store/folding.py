"""What follows a withdrawal's flip of the pointer; every step may be done again.

readers gone | other releases re-pointed | folded | erased | the old one gone

Whoever reads longer than readers may asks at the end whether a release is still
what it was: it is re-pointed, or on its way out, before a row is touched.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, TypedDict, cast

from beacon.model.errors import UsageError
from beacon.store.bins import changed, forget_bins
from beacon.store.carrier_documents import erase_carriers
from beacon.store.driver import (
    DATASETS,
    JOURNALED,
    RELEASES,
    SETTLE,
    Document,
    driver_errors,
    server_time,
)
from beacon.store.overlay import Overlaid, fold
from beacon.store.people import erase_people
from beacon.store.reach_documents import erase_reach
from beacon.store.summaries import forget_summary, move_summary

if TYPE_CHECKING:
    from pymongo.database import Database

    from beacon.store.release_documents import ReleaseDocument

_HEARTBEAT = 5.0


class FoldDocument(TypedDict):
    """What is left to do in one part, as kept."""

    part: int
    overlay: int
    people: list[int]
    assembly: str
    ranks: list[int]


class OtherDocument(TypedDict):
    """Another release that holds the parts, as kept.

    ``bins`` is the number under which its bins wait.
    """

    number: int
    assembly: str
    fields: Document
    bins: int


class WithdrawalDocument(TypedDict):
    """What is left to do after the pointer was flipped, as kept."""

    replaces: int
    folds: list[FoldDocument]
    others: list[OtherDocument]


class Held:
    """A release that this process writes, under its dataset's lease."""

    def __init__(
        self, database: Database[Document], dataset: str, number: int, token: str
    ) -> None:
        self.number = number
        self._database = database
        self._datasets = database.get_collection(DATASETS, write_concern=JOURNALED)
        self._releases = database.get_collection(RELEASES, write_concern=JOURNALED)
        self._dataset = dataset
        self._mine: Document = {"_id": number, "owner.token": token}
        self._renewed = time.monotonic()

    def alive(self) -> None:
        """Say now and then that this process lives.

        Raises:
            UsageError: when somebody took it for dead.
        """
        if time.monotonic() - self._renewed > _HEARTBEAT:
            self._change({"$currentDate": {"heartbeat": True}})
            self._renewed = time.monotonic()

    def _change(self, change: Document) -> None:
        with driver_errors():
            changed = self._releases.update_one(self._mine, change)
        if not changed.matched_count:
            message = f"this withdrawal from dataset {self._dataset} was taken for dead"
            raise UsageError(message)


class Finish(Held):
    """What follows the flip; every step may be done again."""

    def __init__(
        self, database: Database[Document], release: ReleaseDocument, token: str
    ) -> None:
        super().__init__(database, release["dataset"], release["_id"], token)
        self._release = release
        self._plan = cast("WithdrawalDocument", cast("Document", release)["withdrawal"])

    def run(self) -> None:
        """Do all that is left."""
        with driver_errors():
            self._let_readers_finish()
            for other in self._plan["others"]:
                self._point_anew(other)
            self._retire(self._plan["replaces"])
            for folded in self._plan["folds"]:
                self._fold(folded)
            replaced = self._plan["replaces"]
            forget_bins(self._database, self._release["assembly"], replaced)
            forget_summary(self._database, replaced)
            self._releases.delete_one({"_id": replaced})
        self._change(
            {
                "$set": {"state": "ready"},
                "$unset": {"withdrawal": "", "owner": "", "heartbeat": ""},
            }
        )
        with driver_errors():
            self._datasets.update_one(
                {"_id": self._dataset, "loading": self.number},
                {"$unset": {"loading": ""}},
            )

    def _retire(self, number: int) -> None:
        """Say of the release before that its rows are not what they were."""
        retired: Document = {"$set": {"state": "removing"}}
        self._releases.update_one({"_id": number}, retired)

    def _point_anew(self, other: OtherDocument) -> None:
        """Change another release that holds the parts; nobody is served by it."""
        number, assembly = other["number"], other["assembly"]
        self._releases.update_one({"_id": number}, {"$set": other["fields"]})
        changed(self._database, assembly, other["bins"], number, Counter())
        forget_bins(self._database, assembly, other["bins"])
        move_summary(self._database, other["bins"], number)

    def _let_readers_finish(self) -> None:
        """Wait until nobody reads by a pointer from before the flip."""
        flipped = self._release["published"]
        while True:
            age = (server_time(self._database) - flipped).total_seconds()
            if age >= SETTLE:
                return
            time.sleep(min(SETTLE - age, SETTLE))

    def _fold(self, folded: FoldDocument) -> None:
        number, assembly = folded["part"], folded["assembly"]
        overlaid = Overlaid(number, folded["overlay"])
        fold(self._database, overlaid, assembly, folded["ranks"], self.alive)
        self._releases.update_many(
            {"parts.number": number},
            {"$set": {"parts.$[this].fields": [number]}},
            array_filters=[{"this.number": number}],
        )
        people = folded["people"]
        erase_carriers(self._database, assembly, number, people, self.alive)
        erase_reach(
            self._database, assembly, number, folded["ranks"], people, self.alive
        )
        erase_people(self._database, number, people)
