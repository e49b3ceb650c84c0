"""The ledger on a real mongod: never under-charged, and decided once."""

from __future__ import annotations

import asyncio
import math
import random
import signal
import time as clocks
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient

from beacon.model.errors import StoreUnavailable
from beacon.store.accounts import PATIENCE, Books, Together
from beacon.store.budgets import Account, Budgets
from beacon.store.connection import StoreAddress
from beacon.store.ledger import ALARMS, LEDGER, MOST_ENTRIES, Asking, Hit, Ledger
from benchmarks.replica_set import replica_set
from tests.store.booked import KEY, SLOW, Clock
from tests.store.ledger_twin import Twin

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from pathlib import Path

A_BUSY_MACHINE = 1.0
"""Seconds that a machine with much other work may add."""


ASKING = Asking(
    who="ann",
    organisation=None,
    dataset="clinic",
    question="1:a",
    most=4.0,
    first_always=True,
    org_most=5.5,
    user_hits=2,
    org_hits=3,
    window=90,
    cap=50,
    ttl=365,
)


async def left_out(
    ledger: Ledger, question: str, hits: dict[str, float], **more: object
) -> frozenset[str]:
    """Return who is left out of the answer to a question."""
    asking = replace(ASKING, question=question, **more)
    out, _ = await ledger.charge(asking, [Hit(*each) for each in hits.items()])
    return out


async def test_what_fits_is_shown_and_what_does_not_is_not(books: Books) -> None:
    """Nats on one individual add up to what may be learnt, and no further."""
    ledger = Ledger(books)

    assert await left_out(ledger, "1:a", {"I1": 3.0, "I2": 1.0}) == set()
    assert await left_out(ledger, "1:b", {"I1": 1.5, "I2": 1.5}) == {"I1"}
    assert await left_out(ledger, "1:c", {"I1": 1.0, "I2": 1.5}) == set()
    assert await left_out(ledger, "1:d", {"I1": 0.1, "I2": 0.1}) == {"I1", "I2"}


async def test_what_was_decided_stays(books: Books) -> None:
    """Whoever was shown stays shown, whoever was left out stays left out."""
    ledger, other = Ledger(books), Ledger(books)
    await left_out(ledger, "1:a", {"I1": 3.0})
    await left_out(ledger, "1:b", {"I1": 3.0})

    for again in (ledger, other):
        assert await left_out(again, "1:a", {"I1": 3.0}) == set()
        assert await left_out(again, "1:b", {"I1": 3.0}) == {"I1"}
    assert await left_out(ledger, "1:c", {"I1": 1.0}) == set()  # charged once


async def test_a_first_answer_fits_where_that_is_wanted(books: Books) -> None:
    """It may tell more than may be learnt; then nothing further is told."""
    ledger = Ledger(books)

    assert await left_out(ledger, "1:a", {"I1": 9.0}) == set()
    assert await left_out(ledger, "1:b", {"I1": 0.1}) == {"I1"}
    assert await left_out(ledger, "1:a", {"I2": 9.0}, first_always=False) == {"I2"}
    assert await left_out(ledger, "1:b", {"I2": 0.1}, first_always=False) == set()


async def test_requesters_and_datasets_have_ledgers_of_their_own(books: Books) -> None:
    """What one learnt is not charged to another, nor one dataset's to another."""
    ledger = Ledger(books)
    await left_out(ledger, "1:a", {"I1": 4.0})

    assert await left_out(ledger, "1:b", {"I1": 4.0}, who="bob") == set()
    assert await left_out(ledger, "1:b", {"I1": 4.0}, dataset="ward") == set()
    assert await left_out(ledger, "1:b", {"I1": 4.0}) == {"I1"}


async def test_entries_are_forgotten(books: Books, time: Clock) -> None:
    """After their days nothing is charged any more, and not before."""
    ledger = Ledger(books)
    await left_out(ledger, "1:a", {"I1": 4.0})

    time.now += timedelta(days=364)
    assert await left_out(ledger, "1:b", {"I1": 4.0}) == {"I1"}
    time.now += timedelta(days=2)
    assert await left_out(ledger, "1:c", {"I1": 4.0}) == set()


ASKED = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.dictionaries(
            st.sampled_from(("I1", "I2", "I3")), st.floats(0.01, 5.0), min_size=1
        ),
    ),
    max_size=12,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=ASKED, first_always=st.booleans(), together=st.booleans())
async def test_it_decides_as_its_twin(
    store_address: StoreAddress,
    asked: list[tuple[int, dict[str, float]]],
    *,
    first_always: bool,
    together: bool,
) -> None:
    """Whatever is asked, and asked again; together as one after another."""
    books = await Books.open(store_address, KEY, patience=SLOW)
    ledger, who = Ledger(books), uuid.uuid4().hex
    twin = Twin(ASKING.most, first_always=first_always)
    more = {"who": who, "first_always": first_always}
    try:
        expected = [twin.left_out(f"1:{n}", hits) for n, hits in asked]
        asking = [left_out(ledger, f"1:{n}", hits, **more) for n, hits in asked]
        if together:
            told = await asyncio.gather(*asking)
        else:
            told = [await each for each in asking]
    finally:
        books.close()

    # An individual is charged what the first question of a kind told of them.
    assert told == expected


async def test_identical_questions_at_once_are_charged_once(
    books: Books, store_address: StoreAddress
) -> None:
    """200 at once, at four processes: one charge, and one answer to all (C8)."""
    others = [await Books.open(store_address, KEY, patience=SLOW) for _ in range(3)]
    ledgers = [Ledger(each) for each in (books, *others)]
    await left_out(ledgers[0], "1:z", {"I2": 4.0})

    told = await asyncio.gather(
        *(left_out(ledgers[n % 4], "1:a", {"I1": 3.0, "I2": 3.0}) for n in range(200))
    )
    for each in others:
        each.close()

    assert set(told) == {frozenset({"I2"})}
    with MongoClient(store_address.uri) as client:
        kept = list(client[store_address.database][LEDGER].find())
    assert sorted(len(document["e"]) for document in kept) == [1, 2]


async def test_different_questions_at_once_are_never_under_charged(
    books: Books, store_address: StoreAddress
) -> None:
    """However they meet, who was shown is charged for, and no more than may be is."""
    others = [await Books.open(store_address, KEY, patience=SLOW) for _ in range(3)]
    ledgers = [Ledger(each) for each in (books, *others)]
    chance = random.Random(3)  # noqa: S311 - amounts, not keys
    asked = [(f"1:{n}", chance.uniform(0.3, 2.5)) for n in range(200)]

    told = await asyncio.gather(
        *(
            left_out(ledgers[n % 4], question, {"I1": nats})
            for n, (question, nats) in enumerate(asked)
        )
    )
    for each in others:
        each.close()

    shown = [nats for (_, nats), out in zip(asked, told, strict=True) if not out]
    with MongoClient(store_address.uri) as client:
        (kept,) = client[store_address.database][LEDGER].find()
    stored = sum(entry["n"] for entry in kept["e"] if entry["y"])
    assert math.isclose(sum(shown), stored)
    assert 0 < stored <= ASKING.most
    assert len(kept["e"]) == len(asked)


async def test_an_individual_asked_for_too_often_is_closed(books: Books) -> None:
    """So many questions are kept of one; whatever is asked beyond tells nothing."""
    ledger = Ledger(books)
    for first in range(0, MOST_ENTRIES, 100):
        await asyncio.gather(
            *(left_out(ledger, f"1:{first + n}", {"I1": 0.001}) for n in range(100))
        )

    assert await left_out(ledger, "1:more", {"I1": 0.001}) == {"I1"}
    assert await left_out(ledger, "1:7", {"I1": 0.001}) == set()


async def test_a_second_rare_answer_raises_an_alarm_once(
    books: Books, store_address: StoreAddress
) -> None:
    """Also where the individual is left out of it; the same again raises none."""
    ledger, raised = Ledger(books), []
    for question in ("1:a", "1:b", "1:b", "1:c"):
        asking = replace(ASKING, question=question)
        _, overlaps = await ledger.charge(asking, [Hit("I1", 3.0)])
        raised.append([(o.kind, o.hits, await ledger.alarm(o)) for o in overlaps])

    assert raised == [
        [],
        [("user", 2, True)],
        [("user", 2, False)],
        [("user", 3, False)],
    ]
    with MongoClient(store_address.uri) as client:
        (alarm,) = client[store_address.database][ALARMS].find()
    assert (alarm["who"], alarm["dataset"], alarm["hits"]) == ("ann", "clinic", 3)
    assert b"I1" not in alarm["person"]


async def test_two_accounts_of_an_organisation_raise_an_alarm(books: Books) -> None:
    """At the second rare answer on one individual, each account having had one (C4)."""
    ledger = Ledger(books)

    asking = replace(ASKING, organisation="ward 3")
    out, raised = await ledger.charge(asking, [Hit("I1", 3.9)])
    assert (out, raised) == (frozenset(), ())
    asking = replace(asking, who="bob", question="1:b")
    out, raised = await ledger.charge(asking, [Hit("I1", 3.9)])

    assert out == frozenset()
    assert [alarm.kind for alarm in raised] == ["organisation"]


async def test_answers_of_many_raise_no_alarm(books: Books) -> None:
    """Common alleles tell little, however many of them one individual carries."""
    ledger = Ledger(books)
    for n in range(5):
        asking = replace(ASKING, question=f"1:{n}", organisation="ward 3")
        _, raised = await ledger.charge(asking, [Hit("I1", 0.5)])

        assert raised == ()


async def test_a_page_tells_what_answers_told(books: Books, time: Clock) -> None:
    """People shown and nats, once for each question; forgotten as a whole."""
    ledger = Ledger(books)
    first = await ledger.turn(ASKING, 1, 0.1)
    again = await ledger.turn(ASKING, 1, 0.1)
    second = await ledger.turn(replace(ASKING, question="1:b"), 2, 0.1)

    assert first == again == (1, pytest.approx(math.log(1 / 0.1)))
    assert second == (3, pytest.approx(math.log(1 / 0.1) + math.log(3 / 0.1)))
    assert await ledger.page("ann", "clinic") == second
    assert await ledger.page("bob", "clinic") == (0, 0.0)
    time.now += timedelta(days=366)
    assert await ledger.turn(ASKING, 1, 0.1) == first


async def test_a_page_lasts_as_long_as_its_entries(books: Books, time: Clock) -> None:
    """An entry that is made again lasts from then on, and so must its page."""
    ledger = Ledger(books)
    await ledger.turn(ASKING, 1, 0.1)
    time.now += timedelta(days=200)
    both = await ledger.turn(replace(ASKING, question="1:b"), 1, 0.1)
    time.now += timedelta(days=200)  # the first entry is over, and made again
    await ledger.turn(ASKING, 1, 0.1)
    time.now += timedelta(days=200)  # when only that one is left

    assert (await ledger.turn(ASKING, 1, 0.1)).shown >= both.shown


async def test_a_page_may_be_filled(books: Books) -> None:
    """Then nothing more fits, and it stays."""
    ledger = Ledger(books)
    await ledger.fill(ASKING)
    filled = await ledger.turn(ASKING, 1, 0.1)

    assert filled == await ledger.page("ann", "clinic")
    assert filled.shown >= ASKING.cap
    assert filled.nats > ASKING.most


async def test_a_slow_primary_is_waited_for(store_address: StoreAddress) -> None:
    """What takes longer than it may be silent is no failure while it answers."""
    books = await Books.open(store_address, KEY, patience=0.5)
    await books.alive()

    async def slowly(things: list[str]) -> dict[str, int]:
        await asyncio.sleep(0.9)
        return dict.fromkeys(things, 1)

    waiting = Together(slowly, books)
    told = await asyncio.gather(waiting.put(["a"]), waiting.put(["b"]))
    last = await waiting.put(["c"])
    books.close()

    assert (told, last) == ([[1], [1]], [1])


async def test_what_is_kept_names_nobody(
    books: Books, store_address: StoreAddress
) -> None:
    """Neither individual, requester nor allele stands in the ledger."""
    ledger = Ledger(books)
    asking = replace(
        ASKING, who="ann-the-asker", question="1:GRCh37-22-100-A-G", organisation="org7"
    )
    await ledger.charge(asking, [Hit("patient-1", 3.0)])
    await ledger.turn(asking, 1, 0.1)

    with MongoClient(store_address.uri) as client:
        database = client[store_address.database]
        kept = str(
            [list(database[name].find()) for name in database.list_collection_names()]
        )
    for word in ("patient-1", "ann-the-asker", "GRCh37-22", "org7"):
        assert word not in kept


async def test_no_ledger_no_answer_and_soon(tmp_path: Path) -> None:
    """Without a primary to write to there is no answer, within 300 ms (C8, D3).

    With one again everything goes on, and what was charged is still there.
    """
    with replica_set(tmp_path, election=1000, heartbeat=200) as members:
        address = StoreAddress(
            uri=members.uri("d"), database="d", is_embedded=False, description=""
        )
        patient, books = (
            await Books.open(address, KEY, patience=SLOW),
            await Books.open(address, KEY),
        )
        await Ledger(patient).charge(ASKING, [Hit("I1", 3.0)])
        ledger, budgets = Ledger(books), Budgets(books)
        await at_last(ledger, replace(ASKING, question="1:z"), "I2")
        for port in (members.primary(), members.secondary()):
            members.send(port, signal.SIGSTOP)  # nobody can be elected
        for _ in range(3):
            asking = replace(ASKING, question="1:b")
            await refused(ledger.charge(asking, [Hit("I1", 3.0)]))
            await refused(budgets.take(Account("user", "ann", per_day=5), ["a"]))
            await refused(books.alive())
        for port in members.ports:
            members.send(port, signal.SIGCONT)
        out = await at_last(ledger, replace(ASKING, question="1:b"), "I1")
        patient.close()
        books.close()

    assert out == frozenset({"I1"})


async def refused(doing: Awaitable[object]) -> None:
    """See that something fails soon; a busy machine gets some more time."""
    began = clocks.monotonic()
    with pytest.raises(StoreUnavailable):
        await doing

    assert clocks.monotonic() - began < PATIENCE + A_BUSY_MACHINE


async def at_last(ledger: Ledger, asking: Asking, individual: str) -> frozenset[str]:
    """Return who is left out once there is a primary that answers."""
    until = clocks.monotonic() + SLOW
    while True:
        try:
            out, _ = await ledger.charge(asking, [Hit(individual, 3.0)])
        except StoreUnavailable:
            if clocks.monotonic() > until:
                raise
            await asyncio.sleep(0.1)
        else:
            return out


async def test_a_server_that_is_gone_is_no_answer(store_address: StoreAddress) -> None:
    """Nobody listens there: refused at once, and again."""
    address = replace(store_address, uri="mongodb://127.0.0.1:9/", is_embedded=False)
    books = await Books.open(address, KEY)
    try:
        for _ in range(2):
            await refused(Ledger(books).charge(ASKING, [Hit("I1", 1.0)]))
            await refused(Budgets(books).spent(Account("user", "ann")))
    finally:
        books.close()
