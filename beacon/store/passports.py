"""Visas of users as serving processes share them, sealed by who reads them.

    {_id: pseudonym, sealed?, found?, again, pause, asked, gone}

Whose turn it is to ask an issuer is decided by one write.  What is a day old goes by
itself.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from pymongo import ReadPreference, ReturnDocument
from pymongo.errors import DuplicateKeyError

from beacon.model.passport import Shelved
from beacon.store.driver import JOURNALED, LONGEST_MS, Document, driver_errors

if TYPE_CHECKING:
    from motor.motor_asyncio import AsyncIOMotorDatabase

PASSPORTS = "passports"
_DAY = 24 * 3600.0


class PassportShelf:
    """What is shared of visas; every method raises ``StoreUnavailable``."""

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._kept = database.get_collection(
            PASSPORTS,
            read_preference=ReadPreference.PRIMARY_PREFERRED,
            write_concern=JOURNALED,
        )
        self._is_indexed = False

    async def turn(self, user: str, now: float, until: float) -> Shelved | None:
        """Take the turn to ask for a user's visas, and return what was found before.

        Args:
            user: a pseudonym.
            now: the time; who took the turn before has it until it is over.
            until: when it is over if nothing is put.

        Returns:
            ``None`` where it is not this process's turn.
        """
        with driver_errors():
            if not self._is_indexed:
                await self._kept.create_index("gone", expireAfterSeconds=0)
                self._is_indexed = True
            try:
                before = await self._kept.find_one_and_update(
                    {"_id": user, "again": {"$lte": now}},
                    {"$set": {"again": until, "asked": True, "gone": _gone(now)}},
                    upsert=True,
                    return_document=ReturnDocument.BEFORE,
                )
            except DuplicateKeyError:
                return None
        return Shelved() if before is None else _read(before)

    async def look(self, user: str) -> Shelved | None:
        """Return what is kept of a user."""
        with driver_errors():
            found = await self._kept.find_one({"_id": user}, max_time_ms=LONGEST_MS)
        return None if found is None else _read(found)

    async def put(self, user: str, what: Shelved, now: float) -> None:
        """Keep what was found of a user, and end the turn."""
        said: Document = {
            "again": what.again,
            "pause": what.pause,
            "asked": what.is_asked,
            "gone": _gone(now if what.found is None else what.found),
        }
        if what.found is not None:
            said |= {"sealed": what.sealed, "found": what.found}
        with driver_errors():
            await self._kept.update_one({"_id": user}, {"$set": said}, upsert=True)


def _gone(since: float) -> datetime:
    return datetime.fromtimestamp(since + _DAY, UTC)


def _read(said: Document) -> Shelved:
    found, sealed = said.get("found"), said.get("sealed")
    return Shelved(
        sealed=None if sealed is None else bytes(cast("bytes", sealed)),
        found=None if found is None else float(cast("float", found)),
        again=float(cast("float", said["again"])),
        pause=float(cast("float", said.get("pause", 60.0))),
        is_asked=bool(said.get("asked")),
    )
