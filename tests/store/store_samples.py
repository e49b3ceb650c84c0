"""Small layouts, records and loads that the store's tests share."""

from __future__ import annotations

from collections import Counter
from functools import reduce
from typing import TYPE_CHECKING

from beacon.model import structure as structural
from beacon.model.annotation import united
from beacon.model.assemblies import ASSEMBLIES
from beacon.model.counts import SKIPPED, Carriers, Group, Layout, Tally, VariantRecord
from beacon.model.grouping import joined
from beacon.store.bins import EXISTING_BITS, Begins
from beacon.store.driver import is_long
from beacon.store.release_documents import Appended

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from beacon.model.dataset import Release
    from beacon.store.releases import Catalogue

CHR21 = ASSEMBLIES["GRCh37"].contigs[20]
CHR22 = ASSEMBLIES["GRCh37"].contigs[21]
TOTAL = Group(label="Total", columns=(0, 1))
LAYOUT = Layout(baseline=(100, 60), groups=(TOTAL,))
CARRIED = Tally((100, 58), (Carriers(1, 3, 1, 1, 0),))
NOT_CARRIED = Tally((100, 58), ())
SITE = Tally((90, 50), ())
UNCALLED = Tally((0, 0), ())


def record(
    start: int,
    reference: str,
    alternate: str,
    tally: Tally = CARRIED,
    filters: tuple[str, ...] = (),
    rank: int = 22,
) -> VariantRecord:
    """Return the record of one sequence allele."""
    return VariantRecord(
        rank, start, start + len(reference), reference, alternate, tally, filters
    )


def together(
    first: Sequence[VariantRecord], second: Sequence[VariantRecord]
) -> list[VariantRecord]:
    """Return the records of two loads of other people as one load makes them.

    Said in the words of ``loaders.merging``, of at most one record an allele.
    """
    found = {identity(r): (r, None) for r in first}
    for record in second:
        mine = found.get(identity(record), (None, None))[0]
        found[identity(record)] = (mine, record)
    return [_one(mine, other) for mine, other in found.values()]


def identity(record: VariantRecord) -> object:
    """Return what two records of one allele, or of one place, have in common."""
    return record[:5] if record.alternate else record[:2]


def _one(mine: VariantRecord | None, other: VariantRecord | None) -> VariantRecord:
    widths = len(LAYOUT.baseline), len(LAYOUT.baseline)
    both = [
        None if r is None else r._replace(tally=_moved(r.tally, place, widths))
        for place, r in enumerate((mine, other))
    ]
    there = [r for r in both if r is not None]
    passing = [r for r in there if not r.filters] or there
    tally = _summed([r.tally for r in passing])
    filters = {word for r in passing for word in r.filters}
    if not tally.exists and any(SKIPPED in r.filters for r in there):
        filters = {SKIPPED}
    structure = reduce(structural.united, (r.structure for r in passing), None)
    return there[0]._replace(
        tally=tally,
        filters=tuple(sorted(filters)),
        structure=structure,
        annotation=united(r.annotation for r in there if r.annotation is not None),
    )


def _moved(tally: Tally, place: int, widths: tuple[int, int]) -> Tally:
    """Return a part's tally over the columns of both."""
    before, behind = (0,) * sum(widths[:place]), (0,) * sum(widths[place + 1 :])
    return Tally(
        None if tally.an is None else (*before, *tally.an, *behind),
        None
        if tally.carriers is None
        else tuple(c._replace(column=c.column + len(before)) for c in tally.carriers),
    )


def _summed(tallies: Sequence[Tally]) -> Tally:
    counted = [t for t in tallies if t.carriers is not None]
    if len(counted) < len(tallies) and not any(t.carriers for t in counted):
        return tallies[0] if len(tallies) == 1 else Tally(None, None)
    ans = [t.an for t in counted]
    an = None if None in ans else tuple(map(sum, zip(*ans, strict=True)))
    return Tally(an, tuple(sorted(c for t in counted for c in t.carriers or ())))


def load(
    catalogue: Catalogue,
    dataset: str,
    records: Sequence[VariantRecord],
    assembly: str = "GRCh37",
    fingerprint: str = "f",
    layout: Layout = LAYOUT,
    before: Release | None = None,
    earlier: Sequence[VariantRecord] = (),
    begins: Begins | None = None,
) -> Release:
    """Load and publish records as one release, or as a part more of the one before.

    ``earlier`` are the records of that one; ``begins`` the records' own, if any.
    """
    contigs = ASSEMBLIES[assembly].contigs
    names = frozenset(contigs[r.rank - 1].name for r in (*earlier, *records))
    exist = {
        one[:5]
        for one in together(earlier, records)
        if one.alternate and one.tally.exists and not one.filters
    }
    appended = None
    if before is not None:
        whole = joined(before.layout, layout, ())
        assert whole is not None
        appended = Appended(before.number, whole)
    with catalogue.begin(
        dataset, assembly=assembly, layout=layout, appended_to=appended
    ) as writer:
        writer.put(records)
        if appended is not None and begins is not None:
            known = writer.begins_before()
            begins = None if known is None else known.plus(writer.added().begins)
        return writer.publish(
            fingerprint=fingerprint,
            genotyped=True,
            contigs=names,
            variants=len(exist),
            sample_count=80,
            inputs=(),
            tool="test",
            options={},
            report={},
            begins=begins,
        )


def begins_of(records: Iterable[VariantRecord], bits: int = EXISTING_BITS) -> Begins:
    """Return where short rows of one release begin."""
    short = [r for r in records if not is_long(r.start, r.end, r.alternate)]
    exist = [r for r in short if r.tally.exists and not r.filters]
    existing = Counter((r.rank, r.start >> bits) for r in exist)
    every = Counter((r.rank, r.start >> bits) for r in short)
    return Begins(existing, every - existing, bits)
