"""API keys as a store keeps them: one document a key, found by its public part.

    {_id: id, digest, name, scopes, datasets?, networks, organisation?, roles,
     purpose?, created, expires, revoked?, used?}

A key that was revoked stays, so that what it did can still be told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pymongo import ReadPreference

from beacon.model.api_key import ApiKey
from beacon.model.errors import NotFound
from beacon.store.driver import (
    LONGEST_MS,
    Document,
    driver_errors,
)
from beacon.store.opened import OpenCollection

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from motor.motor_asyncio import AsyncIOMotorDatabase

    from beacon.store.connection import StoreAddress

API_KEYS = "api_keys"


class ApiKeys(OpenCollection):
    """The keys of a store, for the command line.

    Every method raises ``StoreUnavailable``; leaving it closes its connections.
    """

    def __init__(self, address: StoreAddress) -> None:
        super().__init__(address, API_KEYS)

    def add(self, key: ApiKey) -> None:
        """Keep a new key."""
        with driver_errors():
            self._collection.insert_one(_document(key))

    def all(self) -> tuple[ApiKey, ...]:
        """Return every key, the newest first."""
        with driver_errors():
            found = self._collection.find().sort([("created", -1), ("_id", 1)])
            return tuple(_read(each) for each in found)

    def revoke(self, key: str, moment: datetime) -> ApiKey:
        """Let a key be worth nothing from now on; again changes nothing.

        Raises:
            NotFound: when there is none of that id.
        """
        with driver_errors():
            self._collection.update_one(
                {"_id": key, "revoked": {"$exists": False}},
                {"$set": {"revoked": moment}},
            )
            found = self._collection.find_one({"_id": key})
        if found is None:
            message = f"there is no key {key}"
            raise NotFound(message)
        return _read(found)


class ApiKeyReader:
    """The keys of a store, for those who answer."""

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        # A member that is behind would still know a key that was revoked.
        self._keys = database.get_collection(
            API_KEYS, read_preference=ReadPreference.PRIMARY_PREFERRED
        )

    async def api_key(self, key: str) -> ApiKey | None:
        """Return the key of a public id.

        Raises:
            StoreUnavailable: when the store fails or is too slow.
        """
        with driver_errors():
            found = await self._keys.find_one({"_id": key}, max_time_ms=LONGEST_MS)
        return None if found is None else _read(found)

    async def api_key_used(self, key: str, moment: datetime) -> None:
        """Note when a key was last used.

        Raises:
            StoreUnavailable: when the store fails.
        """
        with driver_errors():
            await self._keys.update_one({"_id": key}, {"$max": {"used": moment}})


def _document(key: ApiKey) -> Document:
    said: Document = {
        "_id": key.id,
        "digest": key.digest,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "datasets": None if key.datasets is None else sorted(key.datasets),
        "networks": list(key.networks),
        "organisation": key.organisation,
        "roles": sorted(key.roles),
        "purpose": key.purpose,
        "created": key.created,
        "expires": key.expires,
        "revoked": key.revoked,
        "used": key.used,
    }
    return {name: value for name, value in said.items() if value is not None}


def _read(said: Document) -> ApiKey:
    return ApiKey(
        id=str(said["_id"]),
        digest=bytes(cast("bytes", said["digest"])),
        name=str(said["name"]),
        scopes=_words(said["scopes"]),
        created=_moment(said["created"]),
        expires=_moment(said["expires"]),
        datasets=_words(said["datasets"]) if "datasets" in said else None,
        networks=tuple(sorted(_words(said["networks"]))),
        organisation=_text(said.get("organisation")),
        roles=_words(said["roles"]),
        purpose=_text(said.get("purpose")),
        revoked=_moment(said["revoked"]) if "revoked" in said else None,
        used=_moment(said["used"]) if "used" in said else None,
    )


def _words(said: object) -> frozenset[str]:
    return frozenset(cast("Iterable[str]", said))


def _text(said: object) -> str | None:
    return None if said is None else str(said)


def _moment(said: object) -> datetime:
    return cast("datetime", said)
