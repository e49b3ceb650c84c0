"""Sites of all files, in order → one counted record an allele.

Alleles wait until the files have moved on by a margin, so that spellings and
duplicates near each other meet.  An allele that turns up behind the margin (an
unsorted file, a long shift, a file in another order) is *late*: the files are
read once more for the late ones alone, and their records then replace what was
yielded before.  Memory stays bounded however disordered a file is.
"""

from __future__ import annotations

from collections import defaultdict
from functools import reduce
from itertools import islice
from typing import TYPE_CHECKING

from beacon.model.counts import VariantRecord
from beacon.model.structure import united
from loaders.alleles import NO_ALLELE, AlleleKey, SiteAlleles, alleles_of, contradiction
from loaders.counting import Contribution, Counting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from beacon.model.variant import Reference
    from loaders.report import LoadReport
    from loaders.vcf import Site

SKIPPED = "skipped"
"""Stands among the filters of a place that only bad records describe."""

_MARGIN = 1_000
_WAITING_CALLS = 4_000_000
_WAITING_KEYS = 4_000
_OVERHEAD = 16
"""What an allele weighs beside its calls, in calls."""

LateKey = tuple[int, AlleleKey]


class Merger:
    """Counts the alleles of a stream of sites.

    Args:
        report: is filled while the records are taken.
    """

    def __init__(
        self, counting: Counting, reference: Reference | None, report: LoadReport
    ) -> None:
        self._counting = counting
        self._reference = reference
        self._report = report
        self._waiting: dict[AlleleKey, list[Contribution]] = {}
        self._waiting_calls = 0
        self._kept = (0, 0)
        self._rank = 0
        self._frontier = 0
        self._left: set[int] = set()
        self._all_calls = 0
        self._all_sites = 0
        self._late: dict[LateKey, set[tuple[int, int]]] = defaultdict(set)
        self.contigs: set[str] = set()

    def records(
        self, sites: Iterable[Site], again: Callable[[], Iterable[Site]]
    ) -> Iterator[VariantRecord]:
        """Yield every allele's record; a late one's follows and replaces.

        Args:
            sites: all sites of all files, in the order of the files.
            again: gives the same sites once more, without accounting for them.
        """
        for site in sites:
            if site.contig.rank != self._rank:
                yield from self._flush(None)
                self._enter(site.contig.rank)
            elif self._is_full():
                yield from self._flush(site.start - _MARGIN)
            self._take(site)
        yield from self._flush(None)
        yield from self._resolve(again)

    def _enter(self, rank: int) -> None:
        self._left.add(self._rank)
        self._rank = rank
        self._frontier = 0

    def _is_full(self) -> bool:
        """Whether so much has come since the last flush that one is worth it."""
        keys, calls = self._kept
        return (
            len(self._waiting) > keys + _WAITING_KEYS
            or self._waiting_calls > calls + _WAITING_CALLS
        )

    def _take(self, site: Site) -> None:
        site, found, fault = self._understood(site)
        if fault is not None:
            self._report.files[site.file].reject(site.line, *fault)
        if not site.is_skipped:
            self._account_site(site, found)
        is_late = self._rank in self._left
        structures = found.structures
        for key, indexes in found.keys.items():
            one = Contribution(
                site, indexes, structures.get(key) if structures else None
            )
            if is_late or key.start < self._frontier:
                self._late[self._rank, key].add((site.file, site.line))
            elif key in self._waiting:
                self._waiting[key].append(one)
            else:
                self._waiting[key] = [one]
        weight = _OVERHEAD + (len(site.calls.cells) if site.calls else 0)
        self._waiting_calls += weight
        self._all_calls += weight
        self._all_sites += 1

    def _understood(
        self, site: Site
    ) -> tuple[Site, SiteAlleles, tuple[str, str] | None]:
        """Return a site and its alleles; one that is bad after all, skipped.

        The last value is the reason and its detail, where one was found here.
        """
        found = alleles_of(site, self._reference)
        if site.is_skipped or (self._reference is None and not found.left):
            return site, found, None
        fault = self._fault(site, found)
        if fault is not None:
            site = site._replace(is_skipped=True, calls=None, info=None)
        return site, found, fault

    def _fault(self, site: Site, found: SiteAlleles) -> tuple[str, str] | None:
        if self._reference is not None:
            reason = contradiction(site, self._reference)
            if reason is not None:
                return "REF contradicts the reference", reason
        return found.fault

    def _account_site(self, site: Site, found: SiteAlleles) -> None:
        file_report = self._report.files[site.file]
        file_report.loaded += 1
        file_report.filtered += bool(site.filters)
        self.contigs.add(site.contig.name)
        alternates = self._report.alternates
        alternates["read"] += len(site.alternates)
        if found.twins:
            alternates["merged"] += found.twins
        for why, alternate in found.left:
            alternates[why] += 1
            if why != NO_ALLELE:
                file_report.remark(site.line, why, f"ALT {alternate[:40]}")

    def _flush(self, limit: int | None) -> Iterator[VariantRecord]:
        """Yield what cannot meet another record any more."""
        ready = sorted(k for k in self._waiting if limit is None or k.start < limit)
        for key in ready:
            found = self._waiting.pop(key)
            record = self._merge(self._rank, key, found)
            self._account(record, found, 1)
            yield record
        self._waiting_calls = _OVERHEAD * len(self._waiting) + sum(
            len(c.site.calls.cells)
            for waiting in self._waiting.values()
            for c in waiting
            if c.site.calls is not None
        )
        self._kept = len(self._waiting), self._waiting_calls
        if limit is not None:
            self._frontier = max(self._frontier, limit)

    def _merge(
        self, rank: int, key: AlleleKey, found: Sequence[Contribution]
    ) -> VariantRecord:
        start, reference, alternate, end = key
        one = found[0].site
        if len(found) == 1 and not one.filters and not one.is_skipped:
            tally = self._counting.tally(found)
            structure = found[0].structure
            return VariantRecord(
                rank, start, end, reference, alternate, tally, (), structure
            )
        sound = [c for c in found if not c.site.is_skipped]
        passing = [c for c in sound if not c.site.filters]
        filters: tuple[str, ...] = ()
        if not sound:
            filters = (SKIPPED,)
        elif not passing:
            filters = tuple(sorted({word for c in sound for word in c.site.filters}))
        counted = passing or sound
        tally = self._counting.tally(counted) if counted else self._counting.nothing()
        structure = reduce(united, (c.structure for c in counted), None)
        return VariantRecord(
            rank, start, end, reference, alternate, tally, filters, structure
        )

    def _account(
        self, record: VariantRecord, found: Sequence[Contribution], sign: int
    ) -> None:
        """Add a record to the report, or take it back with ``sign`` -1."""
        stored = self._report.stored
        if not record.reference:
            stored["places"] += sign
            return
        declared = sum(not c.site.is_skipped for c in found)
        if not declared:
            return
        stored["alleles"] += sign
        if record.filters:
            stored["filtered only"] += sign
        elif record.tally.exists:
            stored["exist"] += sign
        if declared > 1:
            self._report.alternates["merged"] += sign * (declared - 1)
        elif _disagrees(record, found[0]):
            self._report.disagreements += sign

    def _resolve(self, again: Callable[[], Iterable[Site]]) -> Iterator[VariantRecord]:
        """Read the files again for the late alleles, a bounded number at a time."""
        late = iter(sorted(self._late))
        average = 1 + self._all_calls // max(1, self._all_sites)
        size = max(_WAITING_KEYS, 5 * _WAITING_CALLS // average)
        while batch := list(islice(late, size)):
            found: dict[LateKey, list[Contribution]] = {key: [] for key in batch}
            for written in again():
                site, parts, _ = self._understood(written)
                for key, indexes in parts.keys.items():
                    waiting = found.get((site.contig.rank, key))
                    if waiting is not None:
                        structure = parts.structures.get(key)
                        waiting.append(Contribution(site, indexes, structure))
            for (rank, key), waiting in found.items():
                yield self._replaced(rank, key, waiting)

    def _replaced(
        self, rank: int, key: AlleleKey, found: Sequence[Contribution]
    ) -> VariantRecord:
        """Return a late allele's record; take back the one yielded before it."""
        lines = self._late[rank, key]
        before = [c for c in found if (c.site.file, c.site.line) not in lines]
        if before:
            self._account(self._merge(rank, key, before), before, -1)
        record = self._merge(rank, key, found)
        self._account(record, found, 1)
        return record


def _disagrees(record: VariantRecord, one: Contribution) -> bool:
    """Whether INFO counts other copies than the genotypes do."""
    info = one.site.info
    if info is None or one.site.calls is None:
        return False
    ac, an = info.ac[one.indexes[0] - 1], info.an
    carriers, called = record.tally.carriers, record.tally.an
    if ac is None or carriers is None or called is None:
        return False
    return (ac, an) != (sum(c.ac for c in carriers), sum(called))
