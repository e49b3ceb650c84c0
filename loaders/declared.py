"""INFO of a sites-only record → its counts by group, exactly, or a contradiction.

One row an ALT: the numbers of every group, kind by kind, ``None`` where the
record does not tell.  This is the slow, complete way; ``bulk`` reads plain
records many at a time and must give the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from beacon.model.counts import Group, Layout
from loaders.mapping import KINDS, TOTAL, Column, CountMapping, FileCounts, GroupFields

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Row = list[int | None]
"""The numbers of one ALT: AC of every group, then AN of every group, and so on."""

_DIGITS = 18
_INDEXED = re.compile(r"A\d+|R")
_FILLED = ("AC_Hom", "AC_Het", "AC_Hemi")

PLAIN = FileCounts(
    columns=(Column(label=TOTAL, ac="AC", an="AN", hom="nhomalt"),),
    mapping=CountMapping(
        groups=(GroupFields(label=TOTAL, ac=("AC",), an=("AN",), hom=("nhomalt",)),)
    ),
)
"""What is read of a sites-only file without being told."""
FILLED = replace(PLAIN, is_filled=True)
"""The same, of a file that declares what bcftools +fill-tags writes."""


def untold(fields: Sequence[str]) -> FileCounts:
    """Return what is read of a file with these INFO fields that nobody described."""
    return FILLED if {*_FILLED[:2]} <= {*fields} else PLAIN


class NoNumber(ValueError):
    """A count that is neither a whole number nor ``.``."""


class Contradiction(ValueError):
    """Counts of one record that cannot be true together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How rows are laid out, the same for every file of a load.

    Attributes:
        labels: the groups, Total first.
        kinds: the kinds of count at least one group tells.
    """

    labels: tuple[str, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredFiles:
    """The groups that the files of a sites-only load declare.

    Attributes:
        files: per file, its own groups; all are shown, in the mapping's order.
    """

    files: tuple[FileCounts, ...]
    notes: tuple[str, ...] = ()

    @property
    def shape(self) -> Shape:
        """The shape that holds every group of every file."""
        labels = dict.fromkeys(c.label for file in self.files for c in file.columns)
        kinds = tuple(
            kind
            for kind in KINDS
            if kind in ("ac", "an")
            or any(_tells(file, column, kind) for file, column in self._columns())
        )
        return Shape(labels=tuple(labels), kinds=kinds)

    def _columns(self) -> Iterator[tuple[FileCounts, Column]]:
        for file in self.files:
            for column in file.columns:
                yield file, column

    @property
    def layout(self) -> Layout:
        """A column for every group: groups overlap and need not add up."""
        labels = self.shape.labels
        return Layout(
            baseline=(0,) * len(labels),
            groups=tuple(
                Group(label=label, columns=(column,))
                for column, label in enumerate(labels)
            ),
        )

    @property
    def readers(self) -> tuple[DeclaredCounts, ...]:
        """What reads each file's records."""
        shape = self.shape
        return tuple(DeclaredCounts(file, shape) for file in self.files)


def _tells(file: FileCounts, column: Column, kind: str) -> bool:
    is_by_genotype = column.people is not None
    return file.is_filled or is_by_genotype or getattr(column, kind) is not None


class DeclaredCounts:
    """Reads the counts of one file's records.

    Attributes:
        keys: the INFO fields that are wanted.
        slots: per key, where its number stands in a row.
        extra: whether the last three keys are fill-tags', read where they fit.
    """

    def __init__(self, file: FileCounts, shape: Shape) -> None:
        self.mapping: CountMapping = file.mapping
        self.shape = shape
        self.columns = {c.label: c for c in file.columns}
        self.extra = file.is_filled
        wanted = [
            (key.encode(), at * len(shape.labels) + number)
            for at, kind in enumerate(shape.kinds)
            for number, label in enumerate(shape.labels)
            if (column := self.columns.get(label)) and (key := getattr(column, kind))
        ]
        self.keys = tuple(key for key, _ in wanted)
        self.slots = tuple(slot for _, slot in wanted)
        if self.extra:
            self.keys += tuple(key.encode() for key in _FILLED)
        self._names = tuple(key.decode() for key in self.keys)
        self.is_plain = file.mapping.counts == "alt" and not file.mapping.genotypes

    def rows(
        self, info: bytes, reference: str, alternates: Sequence[str]
    ) -> tuple[Row, ...] | None:
        """Return a row for every ALT (one for none); ``None``: nothing is told.

        Raises:
            Contradiction: the numbers cannot be true together.
            NoNumber: one of them is no number.
        """
        found: dict[str, str] = {}
        for part in reversed(info.decode("latin1").split(";")):
            key, _, value = part.partition("=")
            found[key] = value
        for name in self._names:
            _refuse_odd(name, found.get(name))
        told = [
            self._row(found, number, reference, alternates)
            for number in range(max(1, len(alternates)))
        ]
        if all(number is None for row in told for number in row):
            return None
        return tuple(told)

    def _row(
        self,
        found: Mapping[str, str],
        number: int,
        reference: str,
        alternates: Sequence[str],
    ) -> Row:
        size = len(self.shape.labels)
        row: Row = [None] * (size * len(self.shape.kinds))
        for place, label in enumerate(self.shape.labels):
            column = self.columns.get(label)
            if column is None:
                continue
            counts = self._column(column, found, number, len(alternates))
            if column.people is not None:
                counts |= self._people(column, found, number, reference, alternates)
            if self.extra:
                counts |= _filled(counts, found, number, len(alternates))
            contradict(label, counts)
            _stay_within(row[0], label, counts["ac"])
            for at, kind in enumerate(self.shape.kinds):
                row[at * size + place] = counts[kind]
        return row

    def _column(
        self, column: Column, found: Mapping[str, str], number: int, alternates: int
    ) -> dict[str, int | None]:
        """Return one group's numbers; homozygotes as people."""
        counts: dict[str, int | None] = {
            kind: _number(found.get(key), number, alternates, kind)
            if (key := getattr(column, kind))
            else None
            for kind in KINDS
        }
        if self.mapping.counts == "alt,ref":
            values = _wholes(found.get(column.ac))
            if values is not None and len(values) == alternates + 1:
                counts["ac"] = values[number] if alternates else None
                counts["an"] = sum(values)
        elif counts["hom"] is not None and self.mapping.homozygous == "alleles":
            if counts["hom"] % 2:
                message = (
                    f"{counts['hom']} homozygous alleles of {column.label} are odd"
                )
                raise Contradiction(message)
            counts["hom"] //= 2
        return counts

    def _people(
        self,
        column: Column,
        found: Mapping[str, str],
        number: int,
        reference: str,
        alternates: Sequence[str],
    ) -> dict[str, int | None]:
        """Return people by genotype, where their names can be read and fit AC."""
        names = found.get(self.mapping.genotypes or "", "").split(",")
        people = _wholes(found.get(column.people or ""))
        values = _wholes(found.get(column.ac))
        calls = [_call(name, reference, alternates) for name in names]
        if people is None or values is None or len(people) != len(calls):
            return {}
        counts = {"hom": 0, "het": 0, "hemi": 0}
        for call, count in zip(calls, people, strict=True):
            if call is None:
                return {}
            kind = _kind(call, number + 1)
            if kind is not None:
                counts[kind] += count
        fits = 2 * counts["hom"] + counts["het"] + counts["hemi"] == values[number]
        return {**counts} if fits else {}


def _refuse_odd(name: str, text: str | None) -> None:
    if not text or whole(text) is not None:
        return
    for part in text.split(","):
        if part != "." and whole(part) is None:
            message = f"{name} is {text[:40]!r}"
            raise NoNumber(message)


def _stay_within(total: int | None, label: str, ac: int | None) -> None:
    if total is not None and ac is not None and ac > total:
        message = f"AC {ac} of {label} exceeds AC {total} of {TOTAL}"
        raise Contradiction(message)


def contradict(label: str, counts: Mapping[str, int | None]) -> None:
    """Refuse one group's numbers if they cannot be true together.

    Raises:
        Contradiction: more copies than were called, or people who carry more
            copies than there are.
    """
    ac, an = counts["ac"], counts["an"]
    if ac is None:
        return
    if an is not None and ac > an:
        message = f"AC {ac} of {label} exceeds AN {an}"
        raise Contradiction(message)
    hom, het, hemi = (counts[kind] or 0 for kind in ("hom", "het", "hemi"))
    if 2 * hom + het + hemi > ac:
        message = (
            f"{hom} homozygotes, {het} heterozygotes and {hemi} hemizygotes of"
            f" {label} carry more than AC {ac}"
        )
        raise Contradiction(message)


def _filled(
    counts: Mapping[str, int | None],
    found: Mapping[str, str],
    number: int,
    alternates: int,
) -> dict[str, int | None]:
    """Return people of fill-tags' allele counts, where those add up to AC."""
    hom, het, hemi = (
        _number(found.get(key), number, alternates, "ac") for key in _FILLED
    )
    if counts["hom"] is not None or hom is None or het is None or hom % 2:
        return {}
    if hom + het + (hemi or 0) != counts["ac"]:
        return {}
    return {"hom": hom // 2, "het": het, "hemi": hemi}


def whole(text: str | None) -> int | None:
    """Return a whole number from 0, or ``None`` for anything else."""
    if text is None or len(text) > _DIGITS or not (text.isascii() and text.isdigit()):
        return None
    return int(text)


def _wholes(text: str | None) -> list[int] | None:
    values = [whole(part) for part in (text or "").split(",")]
    known = [value for value in values if value is not None]
    return known if len(known) == len(values) else None


def _number(text: str | None, number: int, alternates: int, kind: str) -> int | None:
    """Return an ALT's own value of a field.

    AN is one for all or one per ALT.  Heterozygotes may be given by pair of
    alleles (0/1, 0/2, 1/2, as ExAC does): an ALT's are those of its pairs.
    """
    if text is None:
        return None
    values = text.split(",")
    if kind == "an" and len(values) == 1:
        return whole(text)
    if len(values) == alternates:
        return whole(values[number])
    if kind == "het" and len(values) == alternates * (alternates + 1) // 2:
        pairs = [
            (a, b) for a in range(alternates + 1) for b in range(a + 1, alternates + 1)
        ]
        mine = [whole(v) for v, p in zip(values, pairs, strict=True) if number + 1 in p]
        known = [value for value in mine if value is not None]
        return sum(known) if len(known) == len(mine) else None
    return None


def _call(
    name: str, reference: str, alternates: Sequence[str]
) -> tuple[int, ...] | None:
    """Return the alleles of a genotype's name: ``AG``, ``A1R``, or ``A`` of one."""
    parts = _INDEXED.findall(name)
    if parts and "".join(parts) == name:
        call = tuple(0 if p == "R" else int(p[1:]) for p in parts)
        return call if max(call) <= len(alternates) else None
    alleles = {a: i for i, a in enumerate((reference, *alternates))}
    if not name or any(len(a) > 1 for a in alleles) or not set(name) <= alleles.keys():
        return None
    return tuple(alleles[base] for base in name)


def _kind(call: tuple[int, ...], allele: int) -> str | None:
    """Return what a person of this genotype is for an allele."""
    if allele not in call:
        return None
    if len(call) == 1:
        return "hemi"
    return "hom" if set(call) == {allele} else "het"
