"""One collection of a store, open for a command.

Whoever serves has an open store already; this is for those who write or read a few
documents and end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymongo import MongoClient

from beacon.store.driver import (
    JOURNALED,
    Document,
    client_options,
    driver_errors,
    patience_options,
)

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from beacon.store.connection import StoreAddress


class OpenCollection:
    """A context manager: it closes its connections on leaving.

    Args:
        address: of the store.
        name: of the collection; what is written is journaled.

    Raises:
        StoreUnavailable: when the address cannot be used.
    """

    def __init__(self, address: StoreAddress, name: str) -> None:
        with driver_errors():
            waits = patience_options(address.uri)
            options = client_options(address.uri, **waits)
            self._client: MongoClient[Document] = MongoClient(address.uri, **options)  # type: ignore[arg-type]
        database = self._client[address.database]
        self._collection = database.get_collection(name, write_concern=JOURNALED)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()
