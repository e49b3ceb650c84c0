"""The entries of CSQ, ANN, EFF and BCSQ → claims about the ALTs they name.

An entry that names no ALT of its record, or cannot be read, is a fault; the
ALTs it may have been about are marked, so that no "no" rests on them.
VEP and SnpEff (ANN 1.0, EFF) and bcftools csq, as their headers describe them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from beacon.model.annotation import Unread
from beacon.model.protein import protein_change, replacements
from beacon.model.variant import trim
from loaders.allele_names import NO_ALLELES, may_be, snpeff_places, vep_places
from loaders.annotation_claims import (
    LONGEST_HGVS,
    MALFORMED,
    NO_ALT,
    POINTER,
    TOO_MANY,
    UNKNOWN_CHANGE,
    Claims,
    Reading,
    says_nothing,
)
from loaders.annotation_layouts import Style
from loaders.gene_names import genes_joined

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping

    from loaders.annotation_layouts import Layout
    from loaders.vcf import Site

_MOST_ENTRIES = 2_000
_LONGEST_EFF = 10_000
_RS = re.compile(r"rs[0-9]{1,12}\Z", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,12}\Z")
_BCSQ_PART = re.compile(r"([0-9]{1,12})([A-Za-z]+)>([A-Za-z]+)\Z")
_BCSQ_AMINO = re.compile(r"([0-9]{1,6})([A-Z*]+)(?:>\1([A-Z*]+))?\Z")
_POSITION = re.compile(r"([0-9]{1,6})(?:-[0-9]+)?(?:/[0-9]+)?\Z")
_AMINO, _DNA = 5, 6
_Change = tuple[int, str, str]
"""Start, REF and ALT."""

_PLACED = frozenset(
    ("intron", "non_coding", "3_prime_utr", "5_prime_utr", "intergenic")
)
"""Consequences of bcftools csq that depend on the place of a base alone."""

_EFF = re.compile(r"([^()|,]+)\(([^()]*(?:\([^()]*\)[^()]*)*)\)?\Z")
_EFF_SAME = re.compile(r"([A-Z*])([0-9]+)\Z")


def _entries(value: bytes, reading: Reading) -> list[str]:
    """Return the entries of an annotation, a bounded number of them."""
    found = value.decode("utf-8", "replace").split(",", _MOST_ENTRIES)
    if len(found) > _MOST_ENTRIES:
        reading.fault(TOO_MANY, f"{_MOST_ENTRIES} annotations are read")
        reading.doubt([Unread.WHOLE])
        found.pop()
    return found


# --- VEP and SnpEff ---


def _read_table(layout: Layout, value: bytes, reading: Reading) -> None:
    """Read annotations whose fields stand between bars and that name their allele."""
    rows = _rows(layout, value, reading)
    if not rows:
        return
    places = _places(layout, reading.site, rows)
    by_number: dict[int, list[list[str]]] = {}
    lost: set[str] = set()
    for row in rows:
        number, name = places(row), row[layout.columns.allele]
        if number is not None:
            by_number.setdefault(number, []).append(row)
        elif name not in NO_ALLELES:
            reading.fault(NO_ALT, f"allele {name[:40]!r}")
            lost.add(name)
    reading.annotated.update(by_number)
    for number, own in by_number.items():
        _take(layout, own, reading.of(number), reading)
    _doubt(lost, by_number, reading)


def _doubt(lost: set[str], named: Container[int], reading: Reading) -> None:
    """Mark the ALTs that a name which was placed nowhere may have been."""
    site = reading.site
    for number in reading.alleles if lost else ():
        alternate = site.alternates[number - 1]
        if number not in named and any(
            may_be(name, site.reference, alternate) for name in lost
        ):
            reading.of(number).unread.append(Unread.WHOLE)


def _rows(layout: Layout, value: bytes, reading: Reading) -> list[list[str]]:
    """Return the entries that have as many fields as the header names."""
    rows = []
    for entry in _entries(value, reading):
        row = entry.split("|")
        if len(row) == layout.width:
            rows.append(row)
        else:
            reading.fault(MALFORMED, f"{len(row)} fields, not {layout.width}")
            reading.doubt([Unread.WHOLE])
    return rows


def _places(
    layout: Layout, site: Site, rows: list[list[str]]
) -> Callable[[list[str]], int | None]:
    """Return how to find the ALT number of a row."""
    at = layout.columns.allele
    named = {row[at] for row in rows}
    find = snpeff_places if layout.style is Style.SNPEFF else vep_places
    places = find(site.reference, site.alternates, named)
    numbers = _allele_numbers(layout, site, rows)
    if numbers is None:
        return lambda row: places.get(row[at])
    column = layout.columns.number

    def numbered(row: list[str]) -> int | None:
        number, spelled = int(row[column]), places.get(row[at])
        if spelled not in (None, number) or site.alternates[number - 1] in NO_ALLELES:
            return None
        return number

    return numbered


def _allele_numbers(
    layout: Layout, site: Site, rows: list[list[str]]
) -> frozenset[int] | None:
    """Return the ALLELE_NUMs of a record, where they count this record's ALTs.

    A record that was split after it was annotated keeps the numbers it had.
    With one ALT they would tell nothing that its spelling does not.
    """
    column, count = layout.columns.number, len(site.alternates)
    if column < 0 or count < 2:
        return None
    texts = {row[column] for row in rows}
    if not all(_NUMBER.match(text) for text in texts):
        return None
    numbers = frozenset(map(int, texts))
    if not all(1 <= number <= count for number in numbers):
        return None
    return numbers


def _take(
    layout: Layout, rows: list[list[str]], claims: Claims, reading: Reading
) -> None:
    """Take what the entries of one ALT say, column by column: they repeat much."""
    at = layout.columns
    for text in {row[at.effect]: None for row in rows}:
        reading.take_effects(text, claims)
    for text in _genes(layout, rows):
        reading.take_gene(text, claims)
    for text in _column(at.existing, rows):
        claims.identifiers += _existing(text)
    if at.transcript >= 0:
        _take_transcripts(layout, rows, claims)
    for text in _column(at.protein, rows):
        _take_protein(layout, text, claims, reading)
    if at.amino >= 0 and at.position >= 0:
        bare = [
            r
            for r in rows
            if r[at.amino] and (at.protein < 0 or _leaves_open(r[at.protein]))
        ]
        for amino, position in {(r[at.amino], r[at.position]): None for r in bare}:
            _take_amino(amino, position, claims)


def _column(column: int, rows: list[list[str]]) -> Iterable[str]:
    """Return what stands in a column, each text once."""
    if column < 0:
        return ()
    return {row[column]: None for row in rows if row[column]}


def _genes(layout: Layout, rows: list[list[str]]) -> Iterable[str]:
    """Return the symbols of entries, then the ids: people ask by either."""
    at = layout.columns
    if layout.style is not Style.SNPEFF:
        return dict.fromkeys((*_column(at.symbol, rows), *_column(at.gene, rows)))
    cells = {
        (row[column], row[at.effect]): None
        for column in (at.symbol, at.gene)
        for row in rows
        if column >= 0
    }
    return dict.fromkeys(name for cell in cells for name in genes_joined(*cell))


@lru_cache(maxsize=1 << 12)
def _existing(text: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in text.split("&") if _RS.match(word))


def _take_transcripts(layout: Layout, rows: list[list[str]], claims: Claims) -> None:
    at = layout.columns
    if layout.style is Style.SNPEFF:
        names = [
            f"{row[at.feature]}:{row[at.transcript]}"
            for row in rows
            if row[at.transcript] and row[at.feature_type] == "transcript"
        ]
    else:
        names = [row[at.transcript] for row in rows if row[at.transcript]]
    claims.transcripts += [
        name.replace("%3D", "=")
        for name in names
        if len(name) <= LONGEST_HGVS and ":" in name and name.isprintable()
    ]


def _take_protein(layout: Layout, text: str, claims: Claims, reading: Reading) -> None:
    reading.take_change(protein_change(text), text, claims)
    if layout.style is Style.VEP and len(text) <= LONGEST_HGVS and text.isprintable():
        claims.proteins.append(text.replace("%3D", "="))


@lru_cache(maxsize=1 << 12)
def _leaves_open(text: str) -> bool:
    """Whether a protein name says less than amino acids and a position do."""
    return not text or says_nothing(text) or protein_change(text) == "M1?"


def _take_amino(amino: str, position: str, claims: Claims) -> None:
    """Take ``V/E`` at ``600/766``, ``VK/EN`` at ``800-801``, and ``V``, which stays."""
    before, _, after = amino.partition("/")
    at = _POSITION.match(position)
    if at is not None and "X" not in after:
        changes = replacements(before, int(at[1]), after or before)
        claims.changes += changes
        if changes:
            return
    if before and amino != "-":
        is_even = len(before) == len(after) and {"X", "-"}.isdisjoint(amino)
        claims.unread.append(Unread.PROTEIN if is_even else Unread.LENGTH)


# --- old SnpEff ---


def _read_eff(layout: Layout, value: bytes, reading: Reading) -> None:
    """Read ``EFFECT(field|field|…)``; the ALT is its number, or the only one."""
    for entry in _entries(value, reading):
        match = _EFF.match(entry) if len(entry) < _LONGEST_EFF else None
        row = match[2].split("|") if match else []
        if match is None or len(row) < layout.least:
            reading.fault(MALFORMED, entry)
            reading.doubt([Unread.WHOLE])
            continue
        number = _eff_number(layout, row, reading)
        if number is None:
            reading.fault(NO_ALT, entry)
            reading.doubt([Unread.WHOLE])
        else:
            reading.annotated.add(number)
            claims = reading.of(number)
            reading.take_effects(match[1].strip(), claims)
            _take_eff(layout, row, match[1], claims, reading)


def _eff_number(layout: Layout, row: list[str], reading: Reading) -> int | None:
    text, alleles = _cell(row, layout.columns.number), reading.alleles
    if not _NUMBER.match(text):
        return alleles[0] if len(reading.site.alternates) == len(alleles) == 1 else None
    return int(text) if int(text) in alleles else None


def _cell(row: list[str], column: int) -> str:
    return row[column] if 0 <= column < len(row) else ""


def _take_eff(
    layout: Layout, row: list[str], effect: str, claims: Claims, reading: Reading
) -> None:
    """Take the gene, and ``Q236K`` or ``p.Gln236Lys/c.706C>A``."""
    at = layout.columns
    for name in genes_joined(_cell(row, at.symbol), effect):
        reading.take_gene(name, claims)
    for text in filter(None, _cell(row, at.amino).split("/")):
        if text.startswith(("c.", "n.")):
            name = f"{_cell(row, at.feature)}:{text}"
            claims.transcripts += [name] if len(name) <= LONGEST_HGVS else []
        else:
            same = _EFF_SAME.match(text)
            change = protein_change(f"{text}=" if same else text)
            reading.take_change(change, text, claims)


# --- bcftools csq ---


def _read_bcsq(layout: Layout, value: bytes, reading: Reading) -> None:
    """Read ``consequence|gene|transcript|biotype[|strand|amino acids|DNA]``.

    ``@123`` says that the consequence stands at the record of that position,
    together with this one's: what it says here is not read.
    """
    named: set[int] = set()
    lost: list[Unread] = []
    for entry in _entries(value, reading):
        row = entry.split("|")
        if entry.startswith("@"):
            reading.fault(POINTER, entry)
            reading.doubt([Unread.WHOLE])
        elif not layout.least <= len(row) <= layout.width:
            reading.fault(MALFORMED, entry)
            lost.append(Unread.WHOLE)
        elif numbers := _bcsq_numbers(row, reading):
            for number in numbers:
                _take_bcsq(row, reading.of(number), reading)
            named.update(numbers if len(row) > _DNA else ())
        else:
            reading.fault(NO_ALT, entry)
            lost += _bcsq_doubt(row, reading.site)
    reading.doubt(lost, but=named)


def _bcsq_numbers(row: list[str], reading: Reading) -> list[int]:
    """Return the ALTs an entry is about: the one whose change of DNA it holds.

    One that holds none depends on the place alone, if only single bases change.
    """
    site = reading.site
    if len(row) <= _DNA:
        is_one = len(site.alternates) == 1
        return reading.alleles if is_one or _is_of_place(row[0], site) else []
    changes = _bcsq_changes(row)
    return [n for n in reading.alleles if _change_of(site, n) in changes]


def _bcsq_changes(row: list[str]) -> list[_Change]:
    """Return the changes of DNA of an entry, trimmed: its own, and neighbours'."""
    parts = map(_BCSQ_PART.match, row[_DNA].split("+"))
    return [
        trim(int(part[1]) - 1, part[2].upper(), part[3].upper())
        for part in parts
        if part is not None
    ]


def _change_of(site: Site, number: int) -> _Change:
    return trim(site.start, site.reference, site.alternates[number - 1])


def _bcsq_doubt(row: list[str], site: Site) -> list[Unread]:
    """Return what may be unknown of a record's ALTs, that an entry did not name.

    Another change is another's, but for an insertion or deletion of as many
    bases, which may have been moved.
    """
    if len(row) <= _DNA:
        return [Unread.GENE, Unread.EFFECT]
    added = [len(alt) - len(ref) for _, ref, alt in _bcsq_changes(row)]
    here = {len(alternate) - len(site.reference) for alternate in site.alternates}
    is_moved = any(count and count in here for count in added)
    return [Unread.WHOLE] if is_moved or not added else []


def _is_of_place(words: str, site: Site) -> bool:
    is_single = len(site.reference) == 1 and all(len(a) == 1 for a in site.alternates)
    return is_single and _PLACED.issuperset(words.split("&"))


def _take_bcsq(row: list[str], claims: Claims, reading: Reading) -> None:
    reading.take_effects(row[0], claims)
    reading.take_gene(row[1], claims)
    text = _cell(row, _AMINO)
    if text:
        _take_bcsq_change(text, claims, reading)


def _take_bcsq_change(text: str, claims: Claims, reading: Reading) -> None:
    """Take ``600V>600E``, ``600VK>600EN``, or ``600V``, which stays."""
    match = _BCSQ_AMINO.match(text)
    before, after = (match[2], match[3] or match[2]) if match else ("", "")
    changes = replacements(before, int(match[1]), after) if match else ()
    claims.changes += changes
    if not changes:
        reading.fault(UNKNOWN_CHANGE, text)
        is_even = len(before) == len(after) and match is not None
        claims.unread.append(Unread.PROTEIN if is_even else Unread.LENGTH)


READERS: Mapping[Style, Callable[..., None]] = {
    Style.VEP: _read_table,
    Style.SNPEFF: _read_table,
    Style.EFF: _read_eff,
    Style.BCSQ: _read_bcsq,
}
