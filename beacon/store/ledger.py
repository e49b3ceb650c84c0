"""What was learnt of whom by whom, in nats; it names nobody.

``ledger`` holds one document for each requester, dataset and individual,

    {_id: digest of the three, e: [{q, n, at, y}], x}

an entry for each question whose answer the individual bears on: its digest, what
it tells in nats, when, and whether the individual was shown in it.  One update
decides and writes at once: what was decided of a question stays, whoever asks it
again and at how many servers.  ``ledger_pages`` holds, for each requester and
dataset, what the answers themselves have told (``page``); ``alarms`` whose answers
hit one person too often.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, TypedDict, cast

from pymongo import UpdateOne

from beacon.store.accounts import Together
from beacon.store.budgets import day_of
from beacon.store.driver import Document, driver_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from beacon.store.accounts import Books

LEDGER = "ledger"
PAGES = "ledger_pages"
ALARMS = "alarms"
MOST_ENTRIES = 500
"""So many questions are kept of one individual; after them nothing more is told."""
_EPSILON = 1e-9
_NOBODY = "nobody"
_HALF = 2.0
_FULL = 50.0
"""Nats beyond what may be learnt after which a page need not be added to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who asks what of which dataset, and how much may be learnt there.

    Attributes:
        who: pseudonym of the requester.
        organisation: that it belongs to, if any.
        question: what is asked, as it is spelled canonically, with the release.
        most: nats that may be learnt of one individual.
        first_always: whether a first answer on an individual always fits.
        org_most: nats from which an organisation raises an alarm.
        user_hits: rare answers on one individual from which a requester does.
        org_hits: the same of an organisation.
        window: days within which.
        cap: answers of more people are not charged.
        ttl: days after which an entry is forgotten.
    """

    who: str
    organisation: str | None
    dataset: str
    question: str
    most: float
    first_always: bool
    org_most: float
    user_hits: int
    org_hits: int
    window: int
    cap: int
    ttl: int


class Hit(NamedTuple):
    """An individual whom an answer bears on, and how much it tells, in nats."""

    individual: str
    nats: float


class Page(NamedTuple):
    """What the answers of a dataset have told one requester.

    It follows from the answers alone, so that whoever looks at what depends on it
    learns nothing from it.

    Attributes:
        shown: people they showed, one counted as often as it was shown.
        nats: what they told, as if all of it were of one individual.
    """

    shown: int = 0
    nats: float = 0.0


class Overlap(NamedTuple):
    """Too much was learnt of one individual.

    Attributes:
        kind: ``user`` or ``organisation``.
        who: that is, by pseudonym or as it is called.
        person: stands for the individual.
        hits: rare answers on it lately.
        nats: that all answers on it told.
    """

    kind: str
    who: str
    dataset: str
    person: bytes
    hits: int
    nats: float


class _Entry(NamedTuple):
    """One question about one individual, to be written."""

    name: bytes
    question: int
    nats: float
    most: float | None
    first_always: bool
    ttl: int


class _Turned(NamedTuple):
    """What a page is told of one answer."""

    name: bytes
    question: int
    shown: int
    expected: float
    asking: Asking


class _Kept(TypedDict):
    """An entry as it is kept."""

    q: int
    n: float
    at: datetime
    y: bool


_State = tuple[_Kept, ...]


class Ledger:
    """Writes down what is learnt of individuals.

    Args:
        books: where.
    """

    def __init__(self, books: Books) -> None:
        self._books = books
        self._entering: Together[_Entry, _State]
        self._entering = Together(self._enter, books)
        self._turning: Together[_Turned, Page]
        self._turning = Together(self._turn, books)
        self._reading: Together[bytes, Page]
        self._reading = Together(self._read, books)

    async def close(self) -> None:
        """Let what is being written end."""
        await self._entering.close()
        await self._turning.close()
        await self._reading.close()

    @property
    def today(self) -> int:
        """The day it is, counted from 1970."""
        return day_of(self._books.now())

    async def charge(
        self, asking: Asking, hits: Sequence[Hit]
    ) -> tuple[frozenset[str], tuple[Overlap, ...]]:
        """Write down whom an answer would tell of; return who is left out of it.

        As much is written where it tells of nobody, so that it takes as long.

        Returns:
            The individuals that are left out, and of whom too much was learnt.

        Raises:
            StoreUnavailable: when it is not known to be written: there is no answer.
        """
        question = self._books.seal.number("allele", asking.question)
        entries = [self._entry(asking, hit, question) for hit in hits]
        told = await self._entering.put(
            [*entries, *self._of_organisation(asking, hits, question)]
            or [self._entry(asking, Hit(_NOBODY, 0.0), question, decoy=True)]
        )
        mine, theirs = told[: len(hits)], told[len(hits) :]
        out = frozenset(
            hit.individual
            for hit, state in zip(hits, mine, strict=False)
            if not _is_shown(state, question)
        )
        overlaps = (
            *self._overlaps(asking, hits, mine),
            *self._overlaps(asking, hits, theirs, is_of_organisation=True),
        )
        return out, overlaps

    async def turn(self, asking: Asking, shown: int, expected: float) -> Page:
        """Write down what an answer told as a whole, and return what all have told.

        Args:
            asking: what was asked.
            shown: how many people the answer shows; at least one.
            expected: how many of the dataset's people were to be expected.

        Raises:
            StoreUnavailable: when it is not known to be written, or cannot be read.
        """
        question = self._books.seal.number("allele", asking.question)
        name = self._books.seal.of("page", asking.who, asking.dataset)
        turned = _Turned(name, question, shown, expected, asking)
        (page,) = await self._turning.put([turned])
        return page

    async def page(self, who: str, dataset: str) -> Page:
        """Return what the answers of a dataset have told a requester.

        Raises:
            StoreUnavailable: when it cannot be read.
        """
        name = self._books.seal.of("page", who, dataset)
        (page,) = await self._reading.put([name])
        return page

    async def fill(self, asking: Asking) -> None:
        """Let a page tell that nothing more fits: it lacks an answer that was told.

        Raises:
            StoreUnavailable: when it is not known to be written.
        """
        name = self._books.seal.of("page", asking.who, asking.dataset)
        end = self._books.now() + timedelta(days=asking.ttl)
        full: Document = {
            "$max": {"shown": asking.cap, "nats": asking.most + 2 * _FULL, "x": end},
            "$setOnInsert": {"q": []},
        }
        change = UpdateOne({"_id": name}, full, upsert=True)
        await self._books.patiently(self._books.write(PAGES, [change]))

    def _entry(
        self, asking: Asking, hit: Hit, question: int, *, decoy: bool = False
    ) -> _Entry:
        kind = "decoy" if decoy else "user"
        return _Entry(
            self._books.seal.of(kind, asking.who, asking.dataset, hit.individual),
            question,
            hit.nats,
            asking.most,
            asking.first_always,
            asking.ttl,
        )

    def _of_organisation(
        self, asking: Asking, hits: Sequence[Hit], question: int
    ) -> list[_Entry]:
        """Return what is written for the organisation: it hides nothing."""
        organisation, seal = asking.organisation, self._books.seal
        if organisation is None:
            return []
        return [
            _Entry(
                seal.of("organisation", organisation, asking.dataset, hit.individual),
                question,
                hit.nats,
                None,
                True,  # noqa: FBT003 - a field
                asking.ttl,
            )
            for hit in hits
        ]

    # --- entries -------------------------------------------------------------

    async def _enter(self, entries: list[_Entry]) -> Mapping[_Entry, _State]:
        """Write entries, each decided by what stands there, and read what does."""
        collection = await self._books.collection(LEDGER)
        now = self._books.now()
        await self._books.write(
            LEDGER,
            [
                UpdateOne({"_id": e.name}, _entering(e, now), upsert=True)
                for e in entries
            ],
        )
        names = list({entry.name for entry in entries})
        with driver_errors():
            found = await collection.find({"_id": {"$in": names}}).to_list(None)
        kept = {d["_id"]: tuple(cast("list[_Kept]", d["e"])) for d in found}
        return {entry: kept.get(entry.name, ()) for entry in entries}

    # --- pages ---------------------------------------------------------------

    async def _turn(self, turned: list[_Turned]) -> Mapping[_Turned, Page]:
        now = self._books.now()
        await self._books.write(
            PAGES,
            [UpdateOne({"_id": t.name}, _turning(t, now), upsert=True) for t in turned],
        )
        pages = await self._pages(list({one.name for one in turned}))
        return {one: pages.get(one.name, Page()) for one in turned}

    async def _read(self, names: list[bytes]) -> Mapping[bytes, Page]:
        found = await self._pages(names)
        return {name: found.get(name, Page()) for name in names}

    async def _pages(self, names: list[bytes]) -> dict[bytes, Page]:
        collection = await self._books.collection(PAGES)
        fields = {"shown": 1, "nats": 1}
        with driver_errors():
            found = await collection.find({"_id": {"$in": names}}, fields).to_list(None)
        return {
            cast("bytes", d["_id"]): Page(
                cast("int", d["shown"]), cast("float", d["nats"])
            )
            for d in found
        }

    # --- alarms --------------------------------------------------------------

    def _overlaps(
        self,
        asking: Asking,
        hits: Sequence[Hit],
        states: Sequence[_State],
        *,
        is_of_organisation: bool = False,
    ) -> Iterator[Overlap]:
        """Yield of whom too much was learnt.

        A rare answer is one of which two do not fit.
        """
        since = self._books.now() - timedelta(days=asking.window)
        most = asking.org_hits if is_of_organisation else asking.user_hits
        who = asking.organisation if is_of_organisation else asking.who
        for hit, state in zip(hits, states, strict=False):
            lately = [e for e in state if e["at"] > since and _is_rare(e["n"], asking)]
            nats = sum(e["n"] for e in state)
            is_over = is_of_organisation and nats > asking.org_most
            if _is_rare(hit.nats, asking) and (is_over or len(lately) >= most):
                yield Overlap(
                    kind="organisation" if is_of_organisation else "user",
                    who=who or "",
                    dataset=asking.dataset,
                    person=self._books.seal.of("p", asking.dataset, hit.individual),
                    hits=len(lately),
                    nats=nats,
                )

    async def alarm(self, overlap: Overlap) -> bool:
        """Keep an alarm; whether it is a new one.

        Raises:
            StoreUnavailable: when it is not known to be kept; it may be again.
        """
        collection, now = await self._books.collection(ALARMS), self._books.now()
        kind, who, dataset, person, hits, nats = overlap
        change: Document = {
            "$setOnInsert": {
                "kind": kind,
                "who": who,
                "dataset": dataset,
                "person": person,
                "first": now,
            },
            "$set": {"last": now},
            "$max": {"hits": hits, "nats": nats},
        }
        name = self._books.seal.of("alarm", kind, who, dataset, person.hex())
        with driver_errors():
            done = await collection.update_one({"_id": name}, change, upsert=True)
        return done.upserted_id is not None


def _is_shown(state: _State, question: int) -> bool:
    return any(entry["q"] == question and entry["y"] for entry in state)


def _is_rare(nats: float, asking: Asking) -> bool:
    return nats > 0 and nats * _HALF > asking.most


def _entering(entry: _Entry, now: datetime) -> list[Document]:
    """Return the update that decides on an entry and keeps it.

    What was decided before stays.  Entries that are forgotten count no more.
    """
    since = now - timedelta(days=entry.ttl)
    alive: Document = {
        "$filter": {
            "input": {"$ifNull": ["$e", []]},
            "cond": {"$gt": ["$$this.at", since]},
        }
    }
    shown: Document = {"$filter": {"input": "$$kept", "cond": "$$this.y"}}
    fits: object = True
    if entry.most is not None:
        told: Document = {"$sum": [{"$sum": "$$shown.n"}, entry.nats]}
        tests: list[Document] = [{"$lte": [told, entry.most + _EPSILON]}]
        if entry.first_always:
            tests.append({"$eq": ["$$shown", []]})
        fits = {"$or": tests}
    mine: Document = {"q": entry.question, "n": entry.nats, "at": now, "y": fits}
    is_there: Document = {"$in": [entry.question, "$$kept.q"]}
    is_full: Document = {"$gte": [{"$size": "$$kept"}, MOST_ENTRIES]}
    decided: Document = {
        "$cond": [
            {"$or": [is_there, is_full]},
            "$$kept",
            {
                "$let": {
                    "vars": {"shown": shown},
                    "in": {"$concatArrays": ["$$kept", [mine]]},
                }
            },
        ]
    }
    kept: Document = {"$let": {"vars": {"kept": alive}, "in": decided}}
    return [{"$set": {"e": kept}}, {"$set": {"x": _end(entry.ttl)}}]


def _end(ttl: int) -> Document:
    """Return when the newest entry is forgotten."""
    return {"$add": [{"$max": "$e.at"}, ttl * 86_400_000]}


def _turning(turned: _Turned, now: datetime) -> list[Document]:
    """Return the update that adds an answer to a page, once.

    Of whom it left out nobody was shown before more often than the page tells, so
    that no more people bear on an answer than it shows and the page has shown.  A
    page is forgotten as a whole, when the newest of its answers is.
    """
    asking, end = turned.asking, now + timedelta(days=turned.asking.ttl)
    is_over: Document = {"$lte": [{"$ifNull": ["$x", now]}, now]}
    people: Document = {"$min": [asking.cap, {"$add": ["$shown", turned.shown]}]}
    told: Document = {"$ln": {"$divide": [people, turned.expected]}}
    is_known: Document = {"$in": [turned.question, "$q"]}
    is_full: Document = {
        "$and": [
            {"$gt": ["$nats", asking.most + _FULL]},
            {"$gte": ["$shown", asking.cap]},
        ]
    }

    def old(name: str, nothing: object) -> Document:
        return {"$cond": [is_over, nothing, {"$ifNull": [f"${name}", nothing]}]}

    def once(name: str, new: object) -> Document:
        return {"$cond": ["$new", new, f"${name}"]}

    return [
        {
            "$set": {
                "q": old("q", []),
                "shown": old("shown", 0),
                "nats": old("nats", 0.0),
            }
        },
        {"$set": {"new": {"$not": [{"$or": [is_known, is_full]}]}}},
        {
            "$set": {
                "shown": once("shown", {"$add": ["$shown", turned.shown]}),
                "nats": once("nats", {"$add": ["$nats", {"$max": [0, told]}]}),
                "q": once("q", {"$concatArrays": ["$q", [turned.question]]}),
                "x": end,  # an entry made again after its days lasts as long
            }
        },
        {"$unset": "new"},
    ]
