"""The people of a part: kept before it is served, erased in place, removed with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import MongoClient

from beacon.model.people import People
from beacon.store import people as kept
from beacon.store.people import (
    PeopleTable,
    erase_people,
    forget_people,
    keep_people,
    read_people,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.database import Database

    from beacon.store.connection import StoreAddress

PART = 7


def people(number: int = 5) -> People:
    """Return some people, with whatever a samples table may hold."""
    return People(
        names=tuple(f"P{n}" for n in range(number)),
        samples=tuple((f"S{n}", f"T{n}") for n in range(number)),
        column_of=tuple(n % 2 for n in range(number)),
        table={
            "sex": tuple("MF"[n % 2] for n in range(number)),
            "$odd.näme": tuple(None if n % 2 else f"a\t{n}" for n in range(number)),
        },
    )


def erased(whole: People, gone: set[int]) -> People:
    """Return people without some of them."""
    return People(
        names=tuple(None if n in gone else x for n, x in enumerate(whole.names)),
        samples=tuple(() if n in gone else x for n, x in enumerate(whole.samples)),
        column_of=whole.column_of,
        table={
            column: tuple(None if n in gone else x for n, x in enumerate(values))
            for column, values in whole.table.items()
        },
    )


@pytest.fixture
def database(store_address: StoreAddress) -> Iterator[Database]:
    """Give a fresh database, as the driver has it."""
    with MongoClient(store_address.uri) as client:
        yield client[store_address.database]


@pytest.fixture(params=["one document", "people each", "by size"])
def chunked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut people into documents in every way."""
    if request.param == "people each":
        monkeypatch.setattr(kept, "_CHUNK", 2)
    elif request.param == "by size":
        monkeypatch.setattr(kept, "_LARGEST", 150)


@pytest.mark.usefixtures("chunked")
def test_people_are_read_as_they_were_kept(database: Database) -> None:
    """Whatever documents they are cut into; twice is once; parts stand apart."""
    keep_people(database, PART, people(9))
    keep_people(database, PART + 1, people(1))
    for _ in range(2):
        keep_people(database, PART, people())

    assert people() == read_people(database, PART)
    assert people(1) == read_people(database, PART + 1)
    assert read_people(database, PART - 1) is None

    forget_people(database, PART)

    assert read_people(database, PART) is None
    assert people(1) == read_people(database, PART + 1)


@pytest.mark.usefixtures("chunked")
def test_who_is_erased_leaves_a_number(database: Database) -> None:
    """Nothing of them is left, and everybody else is as before; twice is once."""
    keep_people(database, PART, people())
    for _ in range(2):
        erase_people(database, PART, [1, 4])

    assert erased(people(), {1, 4}) == read_people(database, PART)
    assert frozenset([0]) == read_people(database, PART).numbers_of(["P0", "P4"])


async def test_a_table_sees_who_was_erased(
    database: Database, store_address: StoreAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read is used again while it is fresh or unchanged, and not beyond."""
    client: AsyncIOMotorClient = AsyncIOMotorClient(store_address.uri)
    table = PeopleTable(client[store_address.database])
    keep_people(database, PART, people())
    first = await table.get(PART)
    monkeypatch.setattr(kept, "_FRESH", 0)
    again = await table.get(PART)
    erase_people(database, PART, [2])
    after = await table.get(PART)
    forget_people(database, PART)
    nobody = await table.get(PART)
    client.close()

    assert people() == first
    assert first is again
    assert erased(people(), {2}) == after
    assert nobody is None
