"""Sites of all files, in order → one counted record an allele.

Alleles wait until the files have moved on by a margin, so that spellings and
duplicates near each other meet.  An allele that turns up behind the margin (an
unsorted file, a long shift, a file in another order) is *late*: the files are
read once more for the late ones alone, and their records then replace what was
yielded before.  A reference block that turns up there changes all that it
covers, so its contig is read again in order.  Memory stays bounded however
disordered a file is.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from functools import reduce
from typing import TYPE_CHECKING, Protocol

from beacon.model import structure as structural
from beacon.model.annotation import Unread, united
from beacon.model.classes import cell_of
from beacon.model.counts import SKIPPED, VariantRecord
from beacon.model.errors import LoadRejected
from beacon.model.people import Otherwise
from beacon.model.variant import is_long
from loaders.alleles import (
    NO_ALLELE,
    AlleleKey,
    SiteAlleles,
    alleles_of,
    contradiction,
    own_allele,
)
from loaders.blocks import is_block
from loaders.counting import Contribution, Counting
from loaders.ordering import in_order, too_many_out_of_order
from loaders.report import BIN_BITS, BINNED
from loaders.shards import READ_AHEAD, OutOfOrder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from beacon.model.annotation import Annotation
    from beacon.model.people import Shares
    from beacon.model.variant import Reference
    from loaders.annotations import FileAnnotations
    from loaders.coverage import Coverage, CoverageOver
    from loaders.report import Bin, LoadReport
    from loaders.sweep import Covered
    from loaders.vcf import Site

REFERENCE_BLOCK = "reference block"
_NO_EXAMPLES = (NO_ALLELE, REFERENCE_BLOCK)
_MARGIN = READ_AHEAD
_WAITING_KEYS = 4_000
_WAITING_BYTES = 96 << 20
_MOST_WAITING_BYTES = 256 << 20
_MOST_LATE_BYTES = 512 << 20
_CALL = 24
"""What a call weighs, in bytes."""
_LATE, _LATE_LINE = 400, 40
"""What a late allele and each of its records weigh, in bytes."""

_MOST_FOREIGN_BYTES = 4 << 20
"""Of alleles that a chunk leaves to others: they are kept in one document."""

_NOTHING: Mapping[int, Annotation] = {}

LateKey = tuple[int, AlleleKey]
Late = dict[LateKey, list[tuple[int, int]]]
"""Alleles, with file and line of the records that came too late for them."""


class Window(Protocol):
    """The part of the genome whose alleles are merged."""

    def span(self, rank: int) -> tuple[int, int]:
        """Return the starts that belong to it on a contig, half-open."""

    def is_met(self, rank: int, start: int, read_at: int) -> bool:
        """Whether the owner of an allele that starts elsewhere meets a record."""


class Everything:
    """The window that holds the whole genome."""

    def span(self, _: int) -> tuple[int, int]:
        """Return every start."""
        return -1, 1 << 62

    def is_met(self, *_: int) -> bool:
        """Return that there is nobody else."""
        return False


class Merger:
    """Counts the alleles of a stream of sites.

    Args:
        coverage: is told of every block, and knows who is covered.
        report: is filled while the records are taken, and complete at the end.
        annotations: read the annotations of each file's records.
        window: whose alleles are merged; sites behind its end on a contig are
            looked at for alleles that begin in it, and not accounted for.

    Attributes:
        contigs: plain names of those with a record.
        foreign: alleles of other windows, and who did not meet those here.
    """

    def __init__(
        self,
        counting: Counting,
        reference: Reference | None,
        coverage: Coverage,
        report: LoadReport,
        annotations: Sequence[FileAnnotations],
        window: Window | None = None,
    ) -> None:
        self._window = window or Everything()
        self._low, self._high = self._window.span(0)
        self.foreign: Late = {}
        self._foreign_bytes = 0
        self._counting = counting
        self._coverage = coverage
        self._annotations = annotations
        self._reference = reference
        self._report = report
        self._waiting: dict[AlleleKey, list[Contribution]] = {}
        self._waiting_bytes = 0
        self._kept = (0, 0)
        self._held: tuple[Site, AlleleKey] | None = None
        self._rank = 0
        self._frontier = 0
        self._left: set[int] = set()
        self._all_bytes = 0
        self._all_sites = 0
        self._late: Late = {}
        self._late_bytes = 0
        self._accounts: dict[int, Counter[str]] = defaultdict(Counter)
        self._cells: dict[int, Counter[int]] = defaultdict(Counter)
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
            alone = self._passed(site)
            if alone is not None:
                yield alone
            if site.contig.rank != self._rank:
                yield from self._flush(None)
                self._enter(site.contig.rank)
            elif alone is None and self._is_full():
                yield from self._flush(site.start - _MARGIN)
                if 2 * self._waiting_bytes > _MOST_WAITING_BYTES:
                    yield from self._flush(1 + max(k.start for k in self._waiting))
            if site.start < self._high:
                self._hold(site)
            else:
                self._look_ahead(site)
        self._passed(None)
        yield from self._flush(None)
        if self._coverage.disordered:
            yield from self._reordered(again)
        yield from self._resolve(again)
        self._settle()

    def replaced(
        self, late: Late, again: Callable[[], Iterable[Site]]
    ) -> Iterator[VariantRecord]:
        """Yield the records of late alleles, each in place of the one before.

        Args:
            late: they, with the records of which nobody knew.
            again: gives every site that declares one of them, once each.
        """
        self._late = late
        yield from self._resolve(again)
        self._settle()

    def _hold(self, site: Site) -> None:
        """Take a site; one that may stand alone is held until the next is seen."""
        key = self._only(site)
        if key is None:
            self._take(site)
        else:
            self._held = site, key

    def _passed(self, following: Site | None) -> VariantRecord | None:
        """Let go of the site that is held: the record of its allele, if that is alone.

        It is where nothing that waits declares it, and nothing that follows in
        order can.  Otherwise, and before the end, it waits as others do.
        """
        if self._held is None:
            return None
        site, key = self._held
        self._held = None
        if (
            following is not None
            and (following.start > site.start or following.contig is not site.contig)
            and key not in self._waiting
        ):
            return self._alone(site, key)
        self._take(site)
        return None

    def _only(self, site: Site) -> AlleleKey | None:
        """Return the allele of a plain site, if no later place can declare it.

        Plain is a site without genotypes, in files that have been in order so far.
        """
        if (
            site.told is None
            or site.filters
            or site.is_skipped
            or self._reference is not None
            or self._late
            or self._rank in self._left
            or site.start < self._frontier
            or not self._low <= site.start < self._high
        ):
            return None
        return own_allele(site)

    def _alone(self, site: Site, key: AlleleKey) -> VariantRecord:
        """Return the record of an allele that no other site declares."""
        found = SiteAlleles({key: (1,)})
        said = self._annotations[site.file].of(site, self._report)
        parts = [Contribution(site, (1,), said.get(1))]
        self._account_site(site, found)
        record = self._merge(self._rank, key, parts)
        self._account(record, parts, 1)
        self._frontier = site.start + 1
        return record

    def _reordered(
        self, again: Callable[[], Iterable[Site]]
    ) -> Iterator[VariantRecord]:
        """Read contigs again, in order, whose blocks were not; replace all of them."""
        ranks = frozenset(self._coverage.disordered)
        self._report.disordered += len(ranks)
        self._late = {k: v for k, v in self._late.items() if k[0] not in ranks}
        for rank in ranks:
            self._accounts.pop(rank, None)
            self._cells.pop(rank, None)
        for counted in self._binned():
            for name in [name for name in counted if name[0] in ranks]:
                del counted[name]
        self._coverage.disordered.clear()
        self._left = (self._left | {self._rank}) - ranks
        self._rank = 0
        for written in in_order(ranks, again, _WAITING_BYTES, _MOST_LATE_BYTES):
            if written.contig.rank != self._rank:
                yield from self._flush(None)
                self._enter(written.contig.rank)
            elif self._is_full():
                yield from self._flush(written.start - _MARGIN)
                if self._waiting_bytes > _MOST_LATE_BYTES:
                    raise too_many_out_of_order(written.contig.name)
            site, found, _ = self._understood(written)
            self._keep(site, found, None)
        yield from self._flush(None)

    def _enter(self, rank: int) -> None:
        self._left.add(self._rank)
        self._rank = rank
        self._frontier = 0
        self._low, self._high = self._window.span(rank)
        self._coverage.enter(rank)

    def _is_full(self) -> bool:
        """Whether so much has come since the last flush that one is worth it."""
        keys, kept = self._kept
        allowed = min(2 * kept + _WAITING_BYTES, _MOST_WAITING_BYTES)
        return (
            len(self._waiting) + self._coverage.waiting > 2 * keys + _WAITING_KEYS
            or self._waiting_bytes + _CALL * self._coverage.weight > allowed
        )

    def _take(self, site: Site) -> None:
        site, found, fault = self._understood(site)
        if fault is not None:
            self._report.files[site.file].reject(site.line, *fault)
        if not site.is_skipped:
            self._account_site(site, found)
        self._keep(site, found, self._report)

    def _look_ahead(self, written: Site) -> None:
        """Let the alleles of a site that begin before it, in the window, wait."""
        site, found, _ = self._understood(written)
        self._keep(site, found, None)

    def _keep(self, site: Site, found: SiteAlleles, report: LoadReport | None) -> None:
        """Let the alleles of a site wait for others of the same.

        The report is told of annotations; ``None`` where it was told before.
        """
        said = _NOTHING
        if not site.is_skipped and found.keys:
            said = self._annotations[site.file].of(site, report)
        if self._rank in self._coverage.disordered:
            return
        is_late = self._rank in self._left
        if site.reach is not None:
            self._coverage.take(site, None if is_late else self._frontier)
        structures = found.structures
        for key, indexes in found.keys.items():
            if not self._low <= key.start < self._high:
                self._pass_on(site, key)
                continue
            part = Contribution(
                site,
                indexes,
                _about(indexes, said) if said else None,
                structures.get(key) if structures else None,
                key in found.lost,
            )
            if is_late or key.start < self._frontier:
                self._put_off(site, key)
            elif key in self._waiting:
                self._waiting[key].append(part)
            else:
                self._waiting[key] = [part]
        weight = site.weight
        self._waiting_bytes += weight
        self._all_bytes += weight
        self._all_sites += 1

    def _pass_on(self, site: Site, key: AlleleKey) -> None:
        """Note an allele of another window, unless its reader meets this site."""
        is_own = site.start < self._high
        if not is_own or self._window.is_met(self._rank, key.start, site.start):
            return
        self.foreign.setdefault((self._rank, key), []).append((site.file, site.line))
        self._foreign_bytes += _LATE + len(key.reference) + len(key.alternate)
        if self._foreign_bytes > _MOST_FOREIGN_BYTES:
            message = "too many alleles stand far from where they are written"
            raise OutOfOrder(message)

    def _put_off(self, site: Site, key: AlleleKey) -> None:
        """Remember an allele that comes too late, to be read again."""
        lines = self._late.setdefault((self._rank, key), [])
        if not lines:
            self._late_bytes += _LATE + len(key.reference) + len(key.alternate)
        lines.append((site.file, site.line))
        self._late_bytes += _LATE_LINE
        if self._late_bytes > _MOST_LATE_BYTES:
            name = self._report.files[site.file].name
            message = (
                f"{name}:{site.line}: more than {len(self._late):,} alleles stand out"
                " of order; sort the files, or load fewer at once"
            )
            raise LoadRejected(message)

    def _understood(
        self, site: Site
    ) -> tuple[Site, SiteAlleles, tuple[str, str] | None]:
        """Return a site and its alleles; one that is bad after all, skipped.

        The last value is the reason and its detail, where one was found here.
        """
        found = (
            alleles_of(site, self._reference)
            if site.reach is None
            else _found(site, self._reference)
        )
        if site.is_skipped or (self._reference is None and not found.left):
            return site, found, None
        fault = self._fault(site, found)
        if fault is not None:
            site = site._replace(
                is_skipped=True, calls=None, info=None, reach=None, told=None
            )
            found = alleles_of(site, self._reference)
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
        if not found.keys and not site.filters:
            self._report.stored["reference blocks"] += 1
        if found.twins:
            alternates["merged"] += found.twins
        for why, alternate in found.left:
            alternates[why] += 1
            if why not in _NO_EXAMPLES:
                file_report.remark(site.line, why, f"ALT {alternate[:40]}")

    def _flush(self, limit: int | None) -> Iterator[VariantRecord]:
        """Yield what cannot meet another record any more."""
        ready = sorted(k for k in self._waiting if limit is None or k.start < limit)
        self._coverage.prepare()
        for key in ready:
            found = self._waiting.pop(key)
            record = self._merge(self._rank, key, found)
            self._account(record, found, 1)
            there = self._coverage.at(key.start)
            yield record if there is None else self._covered(record, found, there)
        self._coverage.flush(limit)
        sites = {id(c.site): c.site for kept in self._waiting.values() for c in kept}
        self._waiting_bytes = sum(site.weight for site in sites.values())
        self._kept = (
            len(self._waiting) + self._coverage.waiting,
            self._waiting_bytes + _CALL * self._coverage.weight,
        )
        if limit is not None:
            self._frontier = max(self._frontier, limit)

    def _merge(
        self, rank: int, key: AlleleKey, found: Sequence[Contribution]
    ) -> VariantRecord:
        start, reference, alternate, end = key
        one = found[0].site
        if len(found) == 1 and not one.filters and found[0].is_sound:
            tally, shares = self._counting.tally(found)
            return VariantRecord(
                rank, start, end, reference, alternate, tally, (),
                found[0].structure, found[0].annotation, shares,
            )  # fmt: skip
        sound = [c for c in found if c.is_sound]
        passing = [c for c in sound if not c.site.filters]
        counted = passing or sound
        counting = self._counting
        tally, shares = counting.tally(counted) if counted else counting.nothing()
        filters = () if passing else _words_failed(sound)
        if len(sound) < len(found):  # somebody may carry it all the same
            if not (passing and tally.exists):
                words = filters if tally.exists else ()
                filters = tuple(sorted({*words, SKIPPED}))
            if tally.exists:
                shares = _or_skipped(shares)
        structure = reduce(structural.united, (c.structure for c in counted), None)
        annotation = united(c.annotation for c in sound if c.annotation is not None)
        return VariantRecord(
            rank, start, end, reference, alternate, tally, filters,
            structure, annotation, shares,
        )  # fmt: skip

    def _covered(
        self, record: VariantRecord, found: Sequence[Contribution], there: Covered
    ) -> VariantRecord:
        """Return a record with the copies of people whom only blocks call."""
        if record.filters:
            return record
        counted = [c for c in found if c.is_sound and not c.site.filters]
        before = record.tally, record.shares
        tally, shares = self._counting.with_covered(before, counted, there)
        return record._replace(tally=tally, shares=shares)

    def _account(
        self, record: VariantRecord, found: Sequence[Contribution], sign: int
    ) -> None:
        """Add a record to its contig's account, or take it back with ``sign`` -1."""
        stored = self._accounts[record.rank]
        self._bin(record, sign)
        if not record.reference:
            stored["places"] += sign
            return
        is_one = len(found) == 1
        declared = found[0].is_sound if is_one else sum(c.is_sound for c in found)
        if not declared:
            return
        stored["alleles"] += sign
        self._report.told[record.tally.carriers is not None] += sign
        said = record.annotation
        if said is not None:
            is_missing = Unread.MISSING in said.unread
            stored["not annotated" if is_missing else "annotated"] += sign
        if record.filters:
            stored["filtered only"] += sign
        elif record.tally.exists:
            stored["exist"] += sign
            cell = cell_of(record.reference, record.alternate, record.tally)
            self._cells[record.rank][cell] += sign
        if declared > 1:
            stored["merged"] += sign * (declared - 1)
        elif _disagrees(record, found[0]):
            stored["disagreements"] += sign

    def _bin(self, record: VariantRecord, sign: int) -> None:
        """Account for a row where it begins; a long one only where it exists."""
        exists = record.tally.exists and not record.filters
        if not is_long(record.start, record.end, record.alternate):
            bins = self._report.bins if exists else self._report.absent
        elif exists:
            bins = self._report.wide
        else:
            return
        bins[record.rank, record.start >> BIN_BITS] += sign

    def _settle(self) -> None:
        """Add the accounts of all contigs to the report."""
        report = self._report
        for rank, cells in self._cells.items():
            for cell, count in cells.items():
                report.cells[rank, cell] += count
        for account in self._accounts.values():
            if merged := account.pop("merged", 0):
                report.alternates["merged"] += merged
            report.disagreements += account.pop("disagreements", 0)
            report.stored.update(account)
        for nothing in [what for what, n in report.stored.items() if not n]:
            del report.stored[nothing]
        for counted in self._binned():
            for name in [name for name, n in counted.items() if not n]:
                del counted[name]

    def _binned(self) -> list[Counter[Bin]]:
        return [getattr(self._report, name) for name in BINNED]

    def _resolve(self, again: Callable[[], Iterable[Site]]) -> Iterator[VariantRecord]:
        """Read the files again for the late alleles, a bounded number at a time."""
        late = deque(sorted(self._late))
        average = 1 + self._all_bytes // max(1, self._all_sites)
        size = max(_WAITING_KEYS, _MOST_LATE_BYTES // average)
        while late:
            batch = [late.popleft() for _ in range(min(size, len(late)))]
            over = self._coverage.over(sorted({(r, key.start) for r, key in batch}))
            found = self._gathered(batch, again(), over)
            if found is None:
                late.extendleft(reversed(batch))
                size = len(batch) // 2
                continue
            for (rank, key), waiting in found.items():
                record = self._replaced(rank, key, waiting)
                if over is not None:
                    there = over.at((rank, key.start))
                    record = self._covered(record, waiting, there)
                yield record

    def _gathered(
        self,
        batch: Sequence[LateKey],
        sites: Iterable[Site],
        over: CoverageOver | None,
    ) -> dict[LateKey, list[Contribution]] | None:
        """Return all records of some alleles; ``None`` where they are too many.

        Raises:
            LoadRejected: there are too many of a single allele.
        """
        found: dict[LateKey, list[Contribution]] = {key: [] for key in batch}
        weight = 0
        for written in sites:
            site, parts, _ = self._understood(written)
            if over is not None and site.reach is not None:
                over.take(site)
            weight += self._join(site, parts, found)
            if weight > _MOST_LATE_BYTES:
                if len(batch) > 1:
                    return None
                name = self._report.files[site.file].name
                message = f"{name}:{site.line}: too many records of one allele"
                raise LoadRejected(message)
        return found

    def _join(
        self,
        site: Site,
        parts: SiteAlleles,
        found: Mapping[LateKey, list[Contribution]],
    ) -> int:
        """Add what a site says of late alleles; return what that weighs."""
        rank = site.contig.rank
        if found.keys().isdisjoint((rank, key) for key in parts.keys):
            return 0
        said = _NOTHING
        if not site.is_skipped:
            said = self._annotations[site.file].of(site, None)
        weight = site.weight
        for key, indexes in parts.keys.items():
            waiting = found.get((rank, key))
            if waiting is not None:
                part = Contribution(
                    site,
                    indexes,
                    _about(indexes, said),
                    parts.structures.get(key),
                    key in parts.lost,
                )
                waiting.append(part)
                weight += _LATE_LINE
        return weight

    def _replaced(
        self, rank: int, key: AlleleKey, found: Sequence[Contribution]
    ) -> VariantRecord:
        """Return a late allele's record; take back the one yielded before it."""
        lines = set(self._late[rank, key])
        before = [c for c in found if (c.site.file, c.site.line) not in lines]
        if before:
            self._account(self._merge(rank, key, before), before, -1)
        record = self._merge(rank, key, found)
        self._account(record, found, 1)
        return record


def _or_skipped(shares: Shares | None) -> Shares | None:
    """Return shares of an allele that a skipped record may declare, too."""
    if shares is None or shares.otherwise is not None:
        return shares
    return shares._replace(otherwise=Otherwise.SKIPPED)


def _words_failed(sound: Sequence[Contribution]) -> tuple[str, ...]:
    """Return the FILTER words of records; of none, that they were skipped."""
    return tuple(sorted({word for c in sound for word in c.site.filters})) or (SKIPPED,)


def _found(site: Site, reference: Reference | None) -> SiteAlleles:
    """Return what a site declares: a reference block declares nothing."""
    if is_block(site):
        return SiteAlleles({}, tuple((REFERENCE_BLOCK, a) for a in site.alternates))
    return alleles_of(site, reference)


def _about(
    indexes: tuple[int, ...], said: Mapping[int, Annotation]
) -> Annotation | None:
    """Return what a record says of the allele with some of its numbers."""
    if len(indexes) == 1:
        return said.get(indexes[0])
    return united(said[n] for n in indexes if n in said)


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
