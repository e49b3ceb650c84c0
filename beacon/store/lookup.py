"""One allele, every dataset: is it there, and if not, what stands in its place.

First its keys (one for each spelling), then, only for datasets that hold none
of them, the rows that begin at the same positions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from beacon.model.counts import group_counts
from beacon.model.findings import DatasetFindings, FoundVariant, Place
from beacon.store.driver import is_long
from beacon.store.keys import SALTS, encode, is_hashed, long_key
from beacon.store.packing import unpack
from beacon.store.scanning import allele_of, genome_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from beacon.model.dataset import Dataset, Release
    from beacon.model.pattern import Spelling, VariantPattern
    from beacon.model.variant import Allele
    from beacon.store.driver import Document
    from beacon.store.tables import Row, Table

_HIGHEST_START = (1 << 28) - 1


class Shelf(NamedTuple):
    """A dataset, the release it serves, and its long variants' length classes."""

    dataset: Dataset
    release: Release
    long_classes: tuple[int, ...]


async def look_up(
    pattern: VariantPattern, shelves: Sequence[Shelf], table: Table
) -> list[DatasetFindings]:
    """Return what every dataset says of the one allele that is asked for."""
    name, rank = pattern.contig.name, pattern.contig.rank
    loaded = [s for s in shelves if name in s.release.contigs]
    spellings = [s for s in pattern.spellings if 0 <= s[0] <= _HIGHEST_START]
    has_long = any(s.long_classes for s in loaded)
    alleles = await _alleles(pattern, spellings, table, has_long=has_long)
    findings: dict[str, DatasetFindings] = {}
    for shelf in loaded:
        told = _from_rows(shelf, alleles)
        if told is not None:
            findings[shelf.dataset.id] = told
    missing = [s for s in loaded if s.dataset.id not in findings]
    if missing:
        starts = _starts(spellings)
        has_long = any(s.long_classes for s in missing)
        rows = await _rows_at(rank, starts, table, has_long=has_long)
        for shelf in missing:
            place = _place(shelf.release, rows)
            findings[shelf.dataset.id] = DatasetFindings(
                dataset=shelf.dataset, total=0, place=place
            )
    return [findings.get(s.dataset.id) or _not_loaded(s) for s in shelves]


def _not_loaded(shelf: Shelf) -> DatasetFindings:
    return DatasetFindings(dataset=shelf.dataset, total=0, is_contig_loaded=False)


async def _alleles(
    pattern: VariantPattern,
    spellings: Iterable[Spelling],
    table: Table,
    *,
    has_long: bool,
) -> list[tuple[Allele, Document]]:
    """Return the spellings that are stored, with what each release says of them."""
    rank = pattern.contig.rank
    short: dict[int, Spelling] = {}
    long: dict[bytes, Spelling] = {}
    symbolic: list[Spelling] = []
    for spelling in spellings:
        start, reference, alternate = spelling
        end = start + len(reference)
        if alternate.startswith("<"):
            symbolic.append(spelling)
        elif is_long(start, end, alternate):
            long[long_key(rank, start, end, reference, alternate)] = spelling
        else:
            salts = range(SALTS if is_hashed(reference, alternate) else 1)
            short |= {encode(rank, *spelling, salt): spelling for salt in salts}
    rows: list[Row] = []
    if short:
        found = await table.rows.get(tuple(short))
        rows += [(short[key][0], row) for key, row in found.items()]
    if long and has_long:
        rows += [(0, row) for row in (await table.long_rows.get(tuple(long))).values()]
    if symbolic and has_long:
        places = [(rank, start) for start, _, _ in symbolic]
        there = (await table.long_places.get(places)).values()
        rows += [(0, row) for rows_there in there for row in rows_there]
    return _asked_for(pattern, rows)


def _asked_for(
    pattern: VariantPattern, rows: Iterable[Row]
) -> list[tuple[Allele, Document]]:
    """Return the alleles that are asked for: a hash may have named another one."""
    alleles = []
    for start, row in rows:
        allele = allele_of(pattern.contig, start, row)
        if pattern.matches(allele):
            alleles.append((allele, cast("Document", row["d"])))
    return sorted(alleles, key=lambda found: genome_order(found[0]))


def _from_rows(
    shelf: Shelf, alleles: Sequence[tuple[Allele, Document]]
) -> DatasetFindings | None:
    """Return what a dataset's own rows of the allele say, ``None`` without any."""
    field, release = str(shelf.release.number), shelf.release
    declared = []
    for allele, counts in alleles:
        blob = counts.get(field)
        if blob is not None:
            tally, filters = unpack(cast("bytes", blob), release.layout)
            found = FoundVariant(allele=allele, tally=tally, filters=filters)
            declared.append(found)
    there = [found for found in declared if found.exists]
    if there:
        total = release.layout.groups[0]
        best = max(there, key=lambda f: group_counts(f.tally, total).ac or 0)
        return DatasetFindings(dataset=shelf.dataset, total=1, variants=(best,))
    if not declared:
        return None
    place = _place(release, [counts for _, counts in alleles])
    return DatasetFindings(dataset=shelf.dataset, total=0, place=place)


def _starts(spellings: Sequence[Spelling]) -> tuple[int, ...]:
    """Return where the allele may begin: anchored spellings say it best."""
    anchored = [
        start for start, reference, alternate in spellings if reference and alternate
    ]
    return tuple(dict.fromkeys(anchored or [start for start, _, _ in spellings]))


async def _rows_at(
    rank: int, starts: Sequence[int], table: Table, *, has_long: bool
) -> list[Document]:
    """Return what releases say at the positions, row by row."""
    places = [(rank, start) for start in starts]
    found = list((await table.places.get(places)).values())
    if has_long:
        found += (await table.long_places.get(places)).values()
    return [cast("Document", row["d"]) for rows in found for row in rows]


def _place(release: Release, rows: Iterable[Document]) -> Place:
    """Return what a release's rows say together, where none makes it exist."""
    field, total = str(release.number), release.layout.groups[0]
    known: list[int] = []
    filters: set[str] = set()
    has_record = False
    for counts in rows:
        blob = counts.get(field)
        if blob is None:
            continue
        tally, words = unpack(cast("bytes", blob), release.layout)
        if words:
            filters.update(words)
            continue
        has_record = True
        an = group_counts(tally, total).an
        if an is not None:
            known.append(an)
    if has_record:
        return Place(an=max(known, default=None), has_record=True)
    return Place(filters=tuple(sorted(filters)))
