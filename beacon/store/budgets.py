"""How many distinct questions an account has asked, and whether it may one more.

``budgets`` holds one document for each account, changed by one update alone,

    {_id: digest of the account, days: [{d: day, q: [digest of a question]}], x}

so that no two processes ever give the same room away twice.  A question asked in
the last 30 days is there already, and free.  What waits, of however many accounts,
is one write and one read.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, TypedDict, cast

from pymongo import UpdateOne

from beacon.store.accounts import Together
from beacon.store.driver import Document, driver_errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from beacon.store.accounts import Books

BUDGETS = "budgets"
PERIOD = 30
"""Days in which a question is asked once, however often."""
_NO_LIMIT = (1 << 31) - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_KNOWN = 50_000


class Account(NamedTuple):
    """Whose questions are counted together, and how many they may be.

    Attributes:
        kind: ``user``, ``client_net`` or ``organisation``.
        name: who it is, among those.
        tier: whose budget it is; each has a count of its own.
        per_day: distinct questions a day (UTC); ``None``: any.
        per_30d: the same in any 30 days.
    """

    kind: str
    name: str
    tier: str = ""
    per_day: int | None = None
    per_30d: int | None = None


class Spent(NamedTuple):
    """What an account has asked.

    Attributes:
        today: distinct questions asked first today.
        period: in the last 30 days, those of today among them.
        first: the day of the oldest of them; ``None``: there are none.
        day: today; days are counted from 1970.
    """

    today: int
    period: int
    first: int | None
    day: int


class _Outcome(NamedTuple):
    is_free: bool
    spent: Spent


_Wish = tuple[Account, int]


class Budgets:
    """Counts distinct questions.

    Args:
        books: where.
    """

    def __init__(self, books: Books) -> None:
        self._books = books
        self._writing: Together[_Wish, _Outcome] = Together(self._commit, books)
        self._known: set[_Wish] = set()
        self._known_on = 0

    async def close(self) -> None:
        """Let what is being written end."""
        await self._writing.close()

    @property
    def now(self) -> datetime:
        """The time it is."""
        return self._books.now()

    async def take(
        self, account: Account, questions: Sequence[str]
    ) -> dict[str, Spent | None]:
        """Return of each question ``None`` where it may be asked, else what is spent.

        Those that were asked before are free; of the others as many are counted as
        there is room for, the first ones.

        Raises:
            StoreUnavailable: when it is not known to be written.
        """
        number = self._books.seal.number
        wishes = {text: (account, number("question", text)) for text in questions}
        known = self._known_now()
        fresh = {text: wish for text, wish in wishes.items() if wish not in known}
        told = await self._writing.put(list(fresh.values()))
        outcomes = dict(zip(fresh, told, strict=True))
        if len(known) + len(outcomes) > _MOST_KNOWN:
            known.clear()
        known.update(fresh[text] for text, one in outcomes.items() if one.is_free)
        return {
            text: None
            if text not in outcomes or outcomes[text].is_free
            else outcomes[text].spent
            for text in wishes
        }

    async def spent(self, account: Account) -> Spent:
        """Return what an account has asked.

        Raises:
            StoreUnavailable: when it cannot be read.
        """
        return await self._books.patiently(self._spent(account))

    async def _spent(self, account: Account) -> Spent:
        books, day = self._books, day_of(self._books.now())
        collection = await books.collection(BUDGETS)
        with driver_errors():
            found = await collection.find_one({"_id": self._id(account)})
        kept = [one for one in _days(found) if one["d"] > day - PERIOD]
        return Spent(
            today=sum(len(one["q"]) for one in kept if one["d"] == day),
            period=sum(len(one["q"]) for one in kept),
            first=min((one["d"] for one in kept), default=None),
            day=day,
        )

    def _known_now(self) -> set[_Wish]:
        """Return the questions that this process knows to be free today."""
        day = day_of(self._books.now())
        if day != self._known_on:
            self._known_on = day
            self._known.clear()
        return self._known

    def _id(self, account: Account) -> bytes:
        return self._books.seal.of("account", account.kind, account.name, account.tier)

    async def _commit(self, wishes: list[_Wish]) -> Mapping[_Wish, _Outcome]:
        asked: dict[Account, list[int]] = {}
        for account, question in wishes:
            asked.setdefault(account, []).append(question)
        day = day_of(self._books.now())
        await self._books.write(
            BUDGETS,
            [
                UpdateOne(
                    {"_id": self._id(account)},
                    _counting(account, questions, day),
                    upsert=True,
                )
                for account, questions in asked.items()
            ],
        )
        kept = await self._kept(asked, day)
        told: dict[_Wish, _Outcome] = {}
        for account, question in wishes:
            free, spent = kept[self._id(account)]
            told[account, question] = _Outcome(question in free, spent)
        return told

    async def _kept(
        self, asked: Mapping[Account, list[int]], day: int
    ) -> dict[bytes, tuple[frozenset[int], Spent]]:
        """Return of accounts which of some questions are free, and what is spent."""
        collection = await self._books.collection(BUDGETS)
        every = sorted({question for some in asked.values() for question in some})
        stages: list[Document] = [
            {"$match": {"_id": {"$in": [self._id(account) for account in asked]}}},
            {"$project": _told(every, day)},
        ]
        with driver_errors():
            found = await collection.aggregate(stages).to_list(None)
        return {
            cast("bytes", told["_id"]): (
                frozenset(cast("list[int]", told["free"])),
                Spent(
                    today=cast("int", told["today"]),
                    period=cast("int", told["period"]),
                    first=cast("int | None", told["first"]),
                    day=day,
                ),
            )
            for told in found
        }


def day_of(moment: datetime) -> int:
    """Return the day of a moment, counted from 1970."""
    return (moment - _EPOCH).days


def begin_of(day: int) -> datetime:
    """Return when a day begins."""
    return _EPOCH + timedelta(days=day)


class _Day(TypedDict):
    """The questions that were asked first on one day."""

    d: int
    q: list[int]


def _days(document: Mapping[str, object] | None) -> list[_Day]:
    return cast("list[_Day]", (document or {}).get("days", []))


_ALL: Document = {
    "$reduce": {
        "input": "$days.q",
        "initialValue": [],
        "in": {"$concatArrays": ["$$value", "$$this"]},
    }
}


def _of_day(day: int, *, others: bool = False) -> Document:
    word = "$ne" if others else "$eq"
    return {"$filter": {"input": "$days", "cond": {word: ["$$this.d", day]}}}


def _today(day: int) -> Document:
    """Return the questions that were first asked today."""
    told: Document = {
        "$reduce": {
            "input": _of_day(day),
            "initialValue": [],
            "in": {"$concatArrays": ["$$value", "$$this.q"]},
        }
    }
    return told


def _counting(account: Account, asked: list[int], day: int) -> list[Document]:
    """Return the update that counts as many questions as there is room for."""
    most = (account.per_day, account.per_30d)
    per_day, period = (_NO_LIMIT if one is None else one for one in most)
    fresh: Document = {
        "$filter": {"input": asked, "cond": {"$not": [{"$in": ["$$this", "$all"]}]}}
    }
    room: Document = {
        "$max": [
            0,
            {
                "$min": [
                    {"$subtract": [per_day, {"$size": "$today"}]},
                    {"$subtract": [period, {"$size": "$all"}]},
                ]
            },
        ]
    }
    taken: Document = {
        "$cond": [
            {"$gt": ["$room", 0]},
            {"$slice": ["$fresh", {"$max": ["$room", 1]}]},
            [],
        ]
    }
    last: Document = {"d": day, "q": {"$concatArrays": ["$today", "$taken"]}}
    now_kept: Document = {
        "$filter": {
            "input": {"$ifNull": ["$days", []]},
            "cond": {"$gt": ["$$this.d", day - PERIOD]},
        }
    }
    joined: Document = {"$concatArrays": [_of_day(day, others=True), [last]]}
    return [
        {"$set": {"days": now_kept}},
        {"$set": {"all": _ALL, "today": _today(day)}},
        {"$set": {"fresh": fresh, "room": room}},
        {"$set": {"taken": taken}},
        {
            "$set": {
                "days": {"$cond": [{"$eq": ["$taken", []]}, "$days", joined]},
                "x": begin_of(day + PERIOD + 1),
            }
        },
        {"$unset": ["all", "today", "fresh", "room", "taken"]},
    ]


def _told(asked: list[int], day: int) -> Document:
    """Return what is told of a document after it was changed."""
    return {
        "free": {"$setIntersection": [asked, _ALL]},
        "today": {"$size": _today(day)},
        "period": {"$size": _ALL},
        "first": {"$min": "$days.d"},
    }
