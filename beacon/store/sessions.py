"""Who is logged in, as serving processes share it, sealed by who reads it.

    {_id: mark, sealed, until}

Neither says who it is.  What is over goes by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pymongo import ReadPreference

from beacon.store.driver import JOURNALED, LONGEST_MS, Document, driver_errors

if TYPE_CHECKING:
    from datetime import datetime

    from motor.motor_asyncio import AsyncIOMotorDatabase

SESSIONS = "sessions"


class SessionShelf:
    """What is kept of those who are logged in; methods raise ``StoreUnavailable``."""

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        # From the primary: who has logged out a moment ago is out everywhere.
        self._kept = database.get_collection(
            SESSIONS,
            read_preference=ReadPreference.PRIMARY,
            write_concern=JOURNALED,
        )
        self._is_indexed = False

    async def put(self, mark: str, sealed: bytes, until: datetime) -> None:
        """Keep what is sealed until a moment."""
        with driver_errors():
            if not self._is_indexed:
                await self._kept.create_index("until", expireAfterSeconds=0)
                self._is_indexed = True
            await self._kept.insert_one({"_id": mark, "sealed": sealed, "until": until})

    async def look(self, mark: str) -> bytes | None:
        """Return what is kept."""
        with driver_errors():
            found = await self._kept.find_one({"_id": mark}, max_time_ms=LONGEST_MS)
        return None if found is None else bytes(cast("bytes", found["sealed"]))

    async def drop(self, mark: str) -> None:
        """Keep it no longer."""
        with driver_errors():
            await self._kept.delete_one({"_id": mark})
