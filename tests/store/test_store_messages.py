"""Rows are found in a message as decoding it finds them."""

from __future__ import annotations

from dataclasses import replace

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import MongoClient

from beacon.model.errors import StoreUnavailable
from beacon.store import messages
from beacon.store.keys import place_of_key
from beacon.store.messages import counts_of, find_raw, rows_of, spelling_of

KEYS = st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3) | st.just(-(2**31))
BLOBS = st.binary(min_size=1, max_size=9) | st.sampled_from(
    [b"\x12_id\0", b"\x12_id\0" * 4, b"\x20\0\0\0\x12_id\0" + bytes(30)]
)
DOCUMENTS = st.lists(
    st.fixed_dictionaries(
        {"_id": KEYS, "d": st.dictionaries(st.sampled_from("123"), BLOBS)},
        optional={"r": st.sampled_from(["A", "AC"]), "a": st.just("T")},
    ),
    max_size=14,
)


def cursor(documents: list[dict], number: int = 0) -> bytes:
    """Return the part of a reply that holds documents."""
    batch = {"firstBatch": documents, "partial": True, "id": bson.Int64(number)}
    return bson.encode({**batch, "ns": "beacon.variants"})


def long_keys(documents: list[dict]) -> list[dict]:
    """Return documents whose keys are sent as a store keeps most: with 64 bits."""
    return [{**d, "_id": bson.Int64(d["_id"])} for d in documents]


@given(DOCUMENTS, st.booleans(), st.integers(0, 2**62))
def test_rows_are_those_of_the_documents(documents, has_long_keys, number):
    """Whatever the counts hold, and however a key is sent."""
    sent = long_keys(documents) if has_long_keys else documents
    rows, more = rows_of(cursor(sent, number))
    found = [
        {"_id": key, "d": counts_of(rest), "s": spelling_of(rest)}
        for key, rest in rows.every()
    ]

    assert more == number
    assert found == [
        {"_id": d["_id"], "d": d["d"], "s": (d.get("r"), d.get("a"))} for d in documents
    ]


@given(DOCUMENTS, st.sets(KEYS, min_size=1, max_size=3), st.booleans())
def test_rows_at_places_are_those_that_begin_there(documents, others, is_there):
    """And no others; each with its place."""
    rows, _ = rows_of(cursor(long_keys(documents)))
    keys = others | ({d["_id"] for d in documents[::2]} if is_there else set())
    places = sorted(map(place_of_key, keys))
    expected = [
        (place_of_key(d["_id"]), d["_id"])
        for d in documents
        if place_of_key(d["_id"]) in places
    ]

    assert [(place, key) for place, (key, _) in rows.at(places)] == expected


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 101, 1001])
def test_as_many_rows_as_came_are_found_at_once(size, monkeypatch):
    """Their numbers in the message have one digit, or more."""
    monkeypatch.setattr(messages, "_walked", None if size else messages._walked)  # noqa: SLF001 - it is what must not be needed
    documents = [{"_id": bson.Int64(n), "d": {"1": b"x"}} for n in range(size)]

    assert list(rows_of(cursor(documents))[0].keys) == list(range(size))


# --- found on a server -----------------------------------------------------------

RANGES = [(n, n + 13) for n in range(-60, 61, 20)]
SEVERAL = {"$or": [{"_id": {"$gte": a, "$lt": b}} for a, b in reversed(RANGES)]}
AMONG = sorted(n for first, last in RANGES for n in range(first, last))


@pytest.fixture(scope="module")
def many(shared_address):
    """Give a database with rows from -100 to 100."""
    address = replace(shared_address("messages"))
    client = MongoClient(address.uri)
    rows = client[address.database]["rows"]
    rows.drop()
    rows.insert_many(
        {"_id": bson.Int64(n), "d": {"1": b"x"}} for n in reversed(range(-100, 100))
    )
    yield address
    client.close()


async def found(address, where, hint="_id_"):
    """Return the keys of every message that is sent of some rows."""
    client = AsyncIOMotorClient(address.uri)
    try:
        rows = client[address.database]["rows"]
        return [[*one.keys] async for one in find_raw(rows, where, hint, 5000)]
    finally:
        client.close()


@pytest.mark.parametrize("most", [1, 5, 13, 14, 5000])
async def test_several_messages_of_several_ranges_hold_every_row(
    most, many, monkeypatch
):
    """Once each, in the order of their keys, wherever a message ends."""
    monkeypatch.setattr(messages, "_MOST", most)
    told = await found(many, SEVERAL)

    assert [key for one in told for key in one] == AMONG
    assert max(map(len, told)) == min(most, len(AMONG))


def test_the_order_costs_no_sort(many):
    """The server reads the index in its order, range after range."""
    with MongoClient(many.uri) as client:
        rows = client[many.database]["rows"]
        plan = str(rows.find(SEVERAL).hint("_id_").sort([("_id", 1)]).explain())

    assert "IXSCAN" in plan
    assert "'stage': 'SORT'" not in plan


@pytest.mark.parametrize("keys", [[2, 1], [1, 1], [5, 6, 4]])
async def test_rows_in_disorder_are_no_answer(keys, many, monkeypatch):
    """Going on after the last of them would pass over others."""
    reply = cursor([{"_id": bson.Int64(key), "d": {}} for key in keys])

    async def sent(*_):
        return reply

    monkeypatch.setattr(messages, "_sent", sent)
    with pytest.raises(StoreUnavailable):
        await found(many, SEVERAL)
