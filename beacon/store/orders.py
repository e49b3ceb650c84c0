"""Who asked to be left out: collection ``withdrawals``, the store's own memory of it.

    {_id: {dataset, individual}, at}

An order stays for good: it holds for files that are loaded later, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pymongo import UpdateOne

from beacon.model.orders import Order
from beacon.store.driver import JOURNALED, Document, driver_errors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymongo.database import Database

WITHDRAWALS = "withdrawals"


def keep_orders(database: Database[Document], orders: Iterable[Order]) -> None:
    """Keep orders; one that is kept already stays as it is.

    Raises:
        StoreUnavailable: when the store fails.
    """
    changes = [
        UpdateOne(
            {"_id": {"dataset": order.dataset, "individual": order.individual}},
            {"$setOnInsert": {"at": order.at}},
            upsert=True,
        )
        for order in orders
    ]
    if changes:
        collection = database.get_collection(WITHDRAWALS, write_concern=JOURNALED)
        with driver_errors():
            collection.bulk_write(changes, ordered=False)


def read_orders(
    database: Database[Document], dataset: str | None = None
) -> tuple[Order, ...]:
    """Return the orders of a dataset, or all.

    Raises:
        StoreUnavailable: when the store fails.
    """
    where: Document = {} if dataset is None else {"_id.dataset": dataset}
    with driver_errors():
        found = list(database[WITHDRAWALS].find(where))
    return tuple(_read(document) for document in found)


def _read(document: Document) -> Order:
    named = cast("dict[str, str]", document["_id"])
    return Order(named["dataset"], named["individual"], str(document["at"]))
