"""Answers of datasets that keep a ledger: first it is written, then it is said.

Whom an answer would tell of is charged for it, individual by individual
(``policy.evidence``); who has been told enough of is left out of it, silently: the
others, and how many were called, stay as they are.  Where nobody is left to be
shown, or nobody was there, both are said alike, and take as long.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from beacon.model.errors import StoreUnavailable
from beacon.model.findings import DatasetFindings
from beacon.model.pattern import identity_of
from beacon.model.query import Granularity
from beacon.policy.copies import (
    Place,
    Sexes,
    expected_of,
    fewest_of,
    place_of,
    sexes_of,
    written_twice,
)
from beacon.policy.evidence import (
    frequency_of,
    kinds_tell,
    may_have_left_out,
    most_nats,
    told_of,
    without,
    without_two_copies,
)
from beacon.service.levelling import LEDGER_STEP, in_steps
from beacon.service.settling import Settlements
from beacon.store.ledger import Asking, Hit

if TYPE_CHECKING:
    from collections.abc import (
        Collection,
        Iterable,
        Mapping,
        Sequence,
    )

    from beacon.model.disclosure import Permit
    from beacon.model.findings import Carrying
    from beacon.model.profile import LedgerTerms
    from beacon.model.query import Query
    from beacon.model.requester import Requester
    from beacon.policy.copies import Expected
    from beacon.store.ledger import Ledger, Overlap
    from beacon.store.variants import VariantStore

_log = structlog.get_logger(__name__)

LEFT_OUT = (
    "Some datasets here keep a ledger: whoever a requester was told enough of is left"
    " out of further counts, so counts may be a little too small, and nothing is"
    " said where nobody is left."
)
"""Stands beside every answer such a dataset has a part in, whatever it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One question to one dataset.

    Attributes:
        terms: of its ledger.
        asking: what is written down.
        expected: people that were to be expected, by what they carry.
        fewest: the least that they are ever taken for, carried or not.
        twice: columns of people who have one copy, also where two are written.
    """

    terms: LedgerTerms
    asking: Asking
    expected: Expected
    fewest: Expected
    twice: frozenset[int]


class _Alarms:
    """Raises alarms beside the answers, whose time must not tell of them.

    What is lost with a process is raised by the next answer of the kind.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._raising: set[asyncio.Task[None]] = set()
        self._by_day: dict[int, int] = {}

    def raise_soon(self, overlaps: Iterable[Overlap]) -> None:
        """Keep alarms, and note those that are new in the log."""
        for overlap in overlaps:
            task = asyncio.create_task(self._raise(overlap))
            self._raising.add(task)
            task.add_done_callback(self._raising.discard)

    async def _raise(self, overlap: Overlap) -> None:
        try:
            is_new = await self._ledger.alarm(overlap)
        except StoreUnavailable:
            _log.warning("ledger.alarm_not_kept", kind=overlap.kind)
            return
        if is_new:
            _log.warning("ledger.alarm", kind=overlap.kind, dataset=overlap.dataset)
            today = self._ledger.today
            self._by_day[today] = self._by_day.get(today, 0) + 1

    async def close(self) -> None:
        """Wait for those that are being kept."""
        await asyncio.gather(*self._raising, return_exceptions=True)

    @property
    def before_today(self) -> int:
        """How many were raised on earlier days."""
        today = self._ledger.today
        return sum(number for day, number in self._by_day.items() if day < today)


class Ledgered:
    """Finds what datasets with a ledger may say, and charges for it.

    Args:
        store: where the truth is.
        ledger: where it is written down.
    """

    def __init__(self, store: VariantStore, ledger: Ledger) -> None:
        self._store = store
        self._ledger = ledger
        self._alarms = _Alarms(ledger)
        self._settlements = Settlements(ledger, self._alarms.raise_soon)

    async def find(
        self,
        query: Query,
        requester: Requester,
        permits: Mapping[str, Permit],
        references: Sequence[str],
    ) -> list[DatasetFindings]:
        """Return what datasets with a ledger find, without whom it leaves out.

        Args:
            query: for one allele, of all people alike.
            requester: who asks.
            permits: of datasets with a ledger, by id.
            references: datasets whose frequencies everybody may know.

        Raises:
            StoreUnavailable: when it cannot be written down: there is no answer.
        """
        async with in_steps(LEDGER_STEP):
            return await self._find(query, requester, permits, references)

    async def _find(
        self,
        query: Query,
        requester: Requester,
        permits: Mapping[str, Permit],
        references: Sequence[str],
    ) -> list[DatasetFindings]:
        terms = {name: _terms(permit) for name, permit in permits.items()}
        most = max(each.cap_carriers for each in terms.values())
        found, frequency = await asyncio.gather(
            self._store.find_carriers(query, tuple(permits), most),
            self._frequency(query, references),
        )
        cases = [
            _case(one, requester, query, terms[one.found.dataset.id], frequency)
            for one in found
        ]
        said = await asyncio.gather(*map(self._told, cases, found))
        return [
            _left(_fit(one, case.terms, query), out, may_hide=may_hide)
            for one, case, (out, may_hide) in zip(found, cases, said, strict=True)
        ]

    async def _frequency(self, query: Query, references: Sequence[str]) -> float:
        """Return how frequent an allele is taken to be."""
        if not references:
            return frequency_of(())
        asked = replace(query, datasets=None, granularity=Granularity.COUNT)
        levels = dict.fromkeys(references, Granularity.COUNT)
        found = await self._store.find(asked, levels)
        return frequency_of(one.counts for one in found.datasets if one.counts)

    async def _told(self, case: _Case, one: Carrying) -> tuple[frozenset[str], bool]:
        """Charge for an answer; return who is left out, and whether any may be.

        Whether any may be follows from the page alone.
        """
        asking, terms = case.asking, case.terms
        carried = one.carried or ()
        told = told_of(carried, case.expected, terms, twice=case.twice)
        hits = [Hit(each.individual, each.nats) for each in told]

        def expected(shown: Collection[str]) -> float:
            """Return what the page is told by: what tells most of anybody shown."""
            return min(each.expected for each in told if each.individual in shown)

        out = await self._settlements.settle(asking, hits, expected)
        if one.is_common or {each.individual for each in carried} - out:
            return out, False
        await self._settlements.landed(asking.who, asking.dataset)
        page = await self._ledger.page(asking.who, asking.dataset)
        may_hide = may_have_left_out(
            page.shown, page.nats, case.fewest, asking.most, terms
        )
        if out and not may_hide:
            # An answer is missing in it: a process ended between the two, or has not
            # come to it yet.  It is said once; from now on the page tells as much.
            await self._ledger.fill(asking)
            return out, True
        return out, may_hide

    async def close(self) -> None:
        """Let be written what was begun, and alarms that were raised."""
        await self._settlements.close()
        await self._alarms.close()

    @property
    def alarms_before_today(self) -> int:
        """How many alarms this process raised on earlier days.

        Told at once they would tell who asked that somebody was left out.
        """
        return self._alarms.before_today


def _fit(one: Carrying, terms: LedgerTerms, query: Query) -> Carrying:
    """Return findings that tell of nobody who is not charged for."""
    people = len({each.individual for each in one.carried or ()})
    if not (one.is_common or people > terms.cap_carriers):
        return one
    tallies = [variant.tally for variant in one.found.variants]
    carried = sum(each.ac for tally in tallies for each in tally.carriers or ())
    place = _place_of(query)
    if kinds_tell(place, _sexes_of(one.found), carried, _copies(one.found)):
        return one._replace(found=without_two_copies(one.found))
    return one


def _place_of(query: Query) -> Place:
    return Place.TWO if query.pattern is None else place_of(query.pattern)


def _sexes_of(found: DatasetFindings) -> Sexes:
    release = found.dataset.release
    if release is None:
        return Sexes(0, 0, 1)
    return sexes_of(release.layout, max(release.sample_count or 0, 1))


def _left(one: Carrying, out: frozenset[str], *, may_hide: bool) -> DatasetFindings:
    """Return findings without some carriers; of nobody, whether that is a "no"."""
    if one.carried is None:  # who carries it is not known, so nothing can be said
        return DatasetFindings(dataset=one.found.dataset, total=0, may_hide=True)
    left = without(one.found, one.carried, out)
    return left if left.total or not may_hide else replace(left, may_hide=True)


def _terms(permit: Permit) -> LedgerTerms:
    """Return the terms of a permit's ledger.

    Raises:
        ValueError: where it has none.
    """
    if permit.profile is None or permit.profile.ledger is None:
        message = f"dataset {permit.dataset} keeps no ledger"
        raise ValueError(message)
    return permit.profile.ledger


def who_is(requester: Requester) -> str:
    """Return what tells a requester from others: a pseudonym, or a network."""
    if requester.subject is not None:
        return f"subject:{requester.issuer or ''}:{requester.subject}"
    return f"network:{requester.network or ''}"


def organisation_key(requester: Requester) -> str | None:
    """Return what tells an organisation from others: its name, by whom it is vouched.

    Nobody who is trusted for one issuer's users spends what is another's.
    """
    if requester.organisation is None:
        return None
    return f"{requester.issuer or ''}:{requester.organisation}"


def _case(
    one: Carrying,
    requester: Requester,
    query: Query,
    terms: LedgerTerms,
    frequency: float,
) -> _Case:
    dataset, release = one.found.dataset, one.found.dataset.release
    people = 0 if release is None else release.sample_count or 0
    most = most_nats(terms, people)
    number = 0 if release is None else release.number
    place, sexes = _place_of(query), _sexes_of(one.found)
    twice = None if release is None else written_twice(release.layout, place)
    return _Case(
        terms=terms,
        expected=expected_of(place, sexes, _copies(one.found), frequency),
        fewest=fewest_of(place, sexes, frequency),
        twice=twice or frozenset(),
        asking=Asking(
            who=who_is(requester),
            organisation=organisation_key(requester),
            dataset=dataset.id,
            question=f"{number}:{_spelled(one.found, query)}",
            most=most,
            first_always=terms.first_hit_always,
            org_most=most + terms.org_extra_nats,
            user_hits=terms.user_rare_hits,
            org_hits=terms.org_rare_hits,
            window=terms.window_days,
            cap=terms.cap_carriers,
            ttl=terms.ttl_days,
        ),
    )


def _spelled(found: DatasetFindings, query: Query) -> str:
    """Return the allele as the dataset keeps it, however it was asked for."""
    for variant in found.variants:
        if variant.exists:
            return identity_of(variant.allele)
    pattern = query.pattern
    return "" if pattern is None else repr(pattern.spellings or pattern.identity)


def _copies(found: DatasetFindings) -> int | None:
    """Return how many copies were called where an allele was looked for."""
    for variant in found.variants:
        if variant.exists:
            return None if variant.tally.an is None else sum(variant.tally.an)
    return None if found.place is None else found.place.an
