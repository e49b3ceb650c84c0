"""Budgets on a real mongod: no room is given away twice, and a repeat is free."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from pymongo import MongoClient, UpdateOne

from beacon.store.accounts import Books
from beacon.store.budgets import BUDGETS, PERIOD, Account, Budgets
from tests.store.booked import KEY, SLOW, Clock

if TYPE_CHECKING:
    from beacon.store.connection import StoreAddress


async def asked(budgets: Budgets, account: Account, *questions: str) -> list[str]:
    """Return which of some questions an account may ask."""
    told = await budgets.take(account, questions)
    return [question for question, spent in told.items() if spent is None]


async def test_as_many_as_there_is_room_for(books: Books) -> None:
    """Of more questions than fit the first are counted, and the others are told."""
    budgets, account = Budgets(books), Account("user", "ann", per_day=3)

    told = await budgets.take(account, ["a", "b", "c", "d"])

    assert [told[q] is None for q in "abcd"] == [True, True, True, False]
    assert told["d"] is not None
    assert told["d"].today == 3


async def test_a_repeat_is_free(books: Books) -> None:
    """What was asked may be asked again, here and by another process."""
    account = Account("user", "ann", per_day=2)
    first, other = Budgets(books), Budgets(books)

    assert await asked(first, account, "a", "b") == ["a", "b"]
    assert await asked(first, account, "a", "b", "c") == ["a", "b"]
    assert await asked(other, account, "b", "c", "a") == ["b", "a"]
    assert (await other.spent(account)).today == 2


async def test_accounts_do_not_share(books: Books) -> None:
    """Nobody spends what is somebody else's, be they called alike."""
    budgets = Budgets(books)

    for account in (
        Account("user", "ann", per_day=1),
        Account("user", "bob", per_day=1),
        Account("organisation", "ann", per_day=1),
    ):
        assert await asked(budgets, account, "a", "b") == ["a"]


async def test_what_waits_is_one_write(
    books: Books, store_address: StoreAddress
) -> None:
    """Of however many accounts, and for whatever tiers."""
    budgets = Budgets(books)
    await asked(budgets, Account("user", "first", per_day=1), "a")
    written: list[int] = []
    write = books.write

    async def counted(name: str, changes: list[UpdateOne]) -> None:
        written.append(len(changes))
        await write(name, changes)

    books.write = counted  # type: ignore[method-assign]
    passed = await asyncio.gather(
        *(
            asked(budgets, Account("user", f"u{n % 20}", tier, per_day=1), "a", "b")
            for n in range(40)
            for tier in ("public", "care")
        )
    )

    assert passed == [["a"]] * 80
    assert written == [40]


async def test_processes_never_give_the_same_room_away(
    books: Books, store_address: StoreAddress
) -> None:
    """However many ask at once, as many distinct questions pass as are allowed."""
    account = Account("user", "ann", per_day=20)
    others = [await Books.open(store_address, KEY, patience=SLOW) for _ in range(3)]
    servers = [Budgets(each) for each in (books, *others)]

    passed = await asyncio.gather(
        *(
            asked(servers[n % len(servers)], account, f"q{n % 40}", f"q{(n + 7) % 40}")
            for n in range(120)
        )
    )
    for each in others:
        each.close()

    assert len({question for some in passed for question in some}) == 20
    assert (await servers[0].spent(account)).period == 20


async def test_a_day_and_a_period_end(books: Books, time: Clock) -> None:
    """A day's room comes back at midnight, that of 30 days when they are over."""
    budgets = Budgets(books)
    account = Account("user", "ann", per_day=2, per_30d=3)

    assert await asked(budgets, account, "a", "b", "c") == ["a", "b"]
    time.now += timedelta(days=1)
    assert await asked(budgets, account, "a", "c", "d") == ["a", "c"]
    time.now += timedelta(days=PERIOD - 2)
    assert await asked(budgets, account, "d") == []
    time.now += timedelta(days=1)  # the first day is forgotten
    assert await asked(budgets, account, "d", "e") == ["d", "e"]
    spent = await budgets.spent(account)
    assert (spent.today, spent.period) == (2, 3)
    time.now += timedelta(days=PERIOD)
    assert (await budgets.spent(account)).period == 0


async def test_what_is_kept_names_nobody(
    books: Books, store_address: StoreAddress
) -> None:
    """Neither who asked nor what stands in the collection."""
    budgets = Budgets(books)
    await asked(budgets, Account("user", "ann-the-asker"), "22-100-A-G")

    with MongoClient(store_address.uri) as client:
        kept = str(list(client[store_address.database][BUDGETS].find()))

    assert "ann" not in kept
    assert "22-100" not in kept
