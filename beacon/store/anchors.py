"""Heads of audit chains, kept where who can write the files cannot reach them.

``audit_heads`` holds one document for each head that was told,

    {_id: "<chain>:<number>", c: chain, n: number, s: seal, f: folder, l: is last, t}

A server only inserts: with the rights of its user no head can be taken back.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from pymongo.errors import DuplicateKeyError

from beacon.store.driver import (
    JOURNALED,
    Document,
    driver_errors,
)
from beacon.store.opened import OpenCollection

if TYPE_CHECKING:
    from motor.motor_asyncio import AsyncIOMotorDatabase

    from beacon.store.connection import StoreAddress

Head = tuple[str, int, str]
"""A chain, the number of its last line, and that line's seal."""
AUDIT_HEADS: Final = "audit_heads"


class Anchor(NamedTuple):
    """One head that was told.

    Attributes:
        node: the folder its chain is in.
        is_last: whether its chain has ended.
    """

    chain: str
    number: int
    seal: str
    node: str
    is_last: bool


class AnchorWriter:
    """Keeps heads, for a serving process.

    Args:
        database: that is written to.
    """

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        heads = database.get_collection(AUDIT_HEADS)
        self._heads = heads.with_options(write_concern=JOURNALED)

    async def put(self, node: str, head: Head, *, is_last: bool) -> None:
        """Keep a head; telling it again changes nothing.

        Raises:
            StoreUnavailable: when it cannot be kept.
        """
        document = _document(node, head, is_last=is_last)
        with driver_errors():
            try:
                await self._heads.insert_one(document)
            except DuplicateKeyError:
                return  # an attempt before this one came through after all


class AnchorBook(OpenCollection):
    """All heads that were told; for the command line.

    A context manager: it closes its connections on leaving.  Every method raises
    ``StoreUnavailable``.
    """

    def __init__(self, address: StoreAddress) -> None:
        super().__init__(address, AUDIT_HEADS)

    def all(self) -> tuple[Anchor, ...]:
        """Return every head, by chain and number."""
        with driver_errors():
            found = self._collection.find().sort([("c", 1), ("n", 1)])
            return tuple(map(_anchor, found))

    def put(self, node: str, head: Head, *, is_last: bool) -> None:
        """Keep a head."""
        document = _document(node, head, is_last=is_last)
        with driver_errors():
            self._collection.replace_one(
                {"_id": document["_id"]}, document, upsert=True
            )

    def forget(self, chain: str, number: int) -> None:
        """Forget the heads of a chain up to a line that is kept no longer."""
        with driver_errors():
            self._collection.delete_many({"c": chain, "n": {"$lte": number}})


def _document(node: str, head: Head, *, is_last: bool) -> Document:
    chain, number, seal = head
    return {
        "_id": f"{chain}:{number}",
        "c": chain,
        "n": number,
        "s": seal,
        "f": node,
        "l": is_last,
        "t": datetime.now(UTC),
    }


def _anchor(document: Document) -> Anchor:
    return Anchor(
        chain=str(document["c"]),
        number=cast("int", document["n"]),
        seal=str(document["s"]),
        node=str(document["f"]),
        is_last=bool(document["l"]),
    )
