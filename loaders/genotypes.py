"""Genotype text → exact calls, at the speed of the common cell.

Nearly every cell of a cohort reads ``0|0`` or ``0/0``.  Those are recognised
four bytes at a time; only cells that differ are decoded, and a cell that is no
plain haploid or diploid call with one-digit alleles is read by ``_exact``, one
by one.  Both ways must agree; a test proves it on generated cells.
VCF 4.1 to 4.5, section 1.6.2 (GT), leading phase of 4.4 included.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

MISSING = -1
"""An allele of a call that was not made (``.``)."""
ABSENT = -2
"""The second allele of a haploid call: there is none."""

_CELL = 4
_KEPT = 16
"""Bytes of a genotype that is worth remembering."""
_PHASED, _UNPHASED = (int.from_bytes(b, "little") for b in (b"\t0|0", b"\t0/0"))
_TAB, _PIPE, _SLASH, _COLON, _DOT, _ZERO = (ord(c) for c in "\t|/:.0")
_NO_ALLELE = -3
_ALLELE = np.full(256, _NO_ALLELE, dtype=np.int64)
_ALLELE[_ZERO : _ZERO + 10] = range(10)
_ALLELE[_DOT] = MISSING
"""What a byte is as a one-digit allele."""

_MOST_COPIES = 1_000
_MOST_POLYPLOID = 4_000_000
"""What a genotype, and all those above ploidy 2 of a record, may hold of alleles."""

_FIELD = re.compile(rb"[|/]?(?:\d{1,9}|\.)(?:[|/](?:\d{1,9}|\.))*")


class BadGenotype(ValueError):
    """A genotype that cannot be: not a call, or of an allele never declared."""


class WrongColumns(BadGenotype):
    """More or fewer sample columns than the header names."""


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of one record, as exceptions from ``0/0``.

    Attributes:
        cells: sample columns that are not a called diploid ``0/0``, ascending.
        first, second: their allele indexes; ``MISSING``, or ``ABSENT`` for the
            second of a haploid call.
        polyploid: column → allele indexes, for ploidy above 2 (not in ``cells``).
        unclear: allele indexes of which somebody carries one, and which is not
            told: they are there, uncounted.
    """

    cells: Ints
    first: Ints
    second: Ints
    polyploid: tuple[tuple[int, tuple[int, ...]], ...] = ()
    unclear: frozenset[int] = frozenset()

    def counts(self, indexes: Iterable[int]) -> bool:
        """Whether they tell who carries one of some alleles."""
        return self.unclear.isdisjoint(indexes)


def read_calls(line: bytes, start: int, samples: int, alleles: int) -> Calls:
    """Return the calls of a data line.

    Args:
        line: the whole line, without its end.
        start: offset of the tab before the first sample's column.
        samples: how many sample columns there must be.
        alleles: REF and ALTs together.

    Raises:
        BadGenotype: as described there.
    """
    if samples == 1 and line.find(b"\t", start + 1) < 0:
        end = line.find(b":", start + 1)
        field = line[start + 1 : end if end > 0 else len(line)]
        read = _alone if len(field) <= _KEPT else _alone.__wrapped__
        calls, highest = read(field)
    else:
        calls = _uniform(line, start, samples) or _mixed(line, start, samples)
        highest = _highest(calls)
    if highest >= alleles:
        message = f"a genotype names allele {highest}, the record has {alleles - 1} ALT"
        raise BadGenotype(message)
    return calls


def _highest(calls: Calls) -> int:
    return max(
        int(calls.first.max(initial=0)),
        int(calls.second.max(initial=0)),
        *(max(c) for _, c in calls.polyploid),
        0,
    )


@lru_cache(maxsize=4096)
def _alone(field: bytes) -> tuple[Calls, int]:
    """Return the calls of a record's only sample, and the highest allele named.

    One person's genotypes are few and come back by the million.
    """
    call = exact(field)
    none = np.zeros(0, dtype=np.int64)
    if len(call) > 2:
        calls = Calls(none, none, none, ((0, call),))
    elif call == (0, 0):
        calls = Calls(none, none, none)
    else:
        first, second = call[0], call[1] if len(call) == 2 else ABSENT
        cell, one, two = (np.array([n], dtype=np.int64) for n in (0, first, second))
        calls = Calls(cell, one, two)
    return calls, _highest(calls)


def _uniform(line: bytes, start: int, samples: int) -> Calls | None:
    """Read cells of exactly three bytes; ``None`` where the line has others."""
    if len(line) - start != _CELL * samples:
        return None
    words = np.frombuffer(line, dtype="<u4", offset=start)
    common = _PHASED if line[start + 2] == _PIPE else _UNPHASED
    cells = (words != common).nonzero()[0]
    odd = words[cells]
    other = odd != (_UNPHASED if common == _PHASED else _PHASED)
    cells, odd = cells[other], odd[other]
    chars = odd.view(np.uint8).reshape(-1, _CELL)
    separator = chars[:, 2]
    first, second = _ALLELE[chars[:, 1]], _ALLELE[chars[:, 3]]
    good = (chars[:, 0] == _TAB) & ((separator == _PIPE) | (separator == _SLASH))
    if not (good & (first != _NO_ALLELE) & (second != _NO_ALLELE)).all():
        return None
    return Calls(cells, first, second)


def _mixed(line: bytes, start: int, samples: int) -> Calls:
    """Read cells of any width, with further FORMAT fields behind GT."""
    padded = np.frombuffer(line[start:] + b"\t\t\t\t", dtype=np.uint8)
    is_tab = padded[:-4] == _TAB
    found = int(np.count_nonzero(is_tab))
    if found != samples:
        message = f"the line has {found} sample columns, the header {samples}"
        raise WrongColumns(message)
    tabs = is_tab.nonzero()[0]
    one, two, three, four = (padded[tabs + n] for n in (1, 2, 3, 4))
    first, second = _ALLELE[one], _ALLELE[three]
    known = first != _NO_ALLELE
    haploid = known & ((two == _TAB) | (two == _COLON))
    joined = ((two == _PIPE) | (two == _SLASH)) & (second != _NO_ALLELE)
    diploid = known & joined & ((four == _TAB) | (four == _COLON))
    second = np.where(haploid, ABSENT, second)
    odd = (~(haploid | diploid)).nonzero()[0]
    keep = (haploid | diploid) & ((first != 0) | (second != 0))
    if not len(odd):
        cells = keep.nonzero()[0]
        return Calls(cells, first[cells], second[cells])
    polyploid = _exact_cells(line[start + 1 :], odd, keep, first, second)
    cells = keep.nonzero()[0]
    return Calls(cells, first[cells], second[cells], polyploid)


def _exact_cells(
    text: bytes, odd: Ints, keep: NDArray[np.bool_], first: Ints, second: Ints
) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """Read the odd cells one by one, into the arrays; return those above ploidy 2."""
    columns = text.split(b"\t")
    polyploid = []
    copies = 0
    for cell in odd.tolist():
        call = exact(columns[cell].split(b":", 1)[0])
        if len(call) > 2:
            copies += len(call)
            if copies > _MOST_POLYPLOID:
                message = f"polyploid genotypes of more than {_MOST_POLYPLOID:,} copies"
                raise BadGenotype(message)
            polyploid.append((cell, call))
            continue
        first[cell] = call[0]
        second[cell] = call[1] if len(call) == 2 else ABSENT
        keep[cell] = call != (0, 0)
    return tuple(polyploid)


def exact(field: bytes) -> tuple[int, ...]:
    """Return the allele indexes of one GT field of any ploidy and phase.

    Raises:
        BadGenotype: the field is no genotype.
    """
    if not field:
        return (MISSING,)
    if field.count(b"/") + field.count(b"|") >= _MOST_COPIES:
        message = f"a genotype of {_MOST_COPIES:,} copies or more"
        raise BadGenotype(message)
    if not _FIELD.fullmatch(field):
        message = f"{field[:20].decode('latin1')!r} is no genotype"
        raise BadGenotype(message)
    parts = field.lstrip(b"|/").replace(b"|", b"/").split(b"/")
    return tuple(MISSING if p == b"." else int(p) for p in parts)


def reorder_format(line: bytes, gt: int) -> bytes:
    """Return the sample columns of a line whose GT is field ``gt``, GT alone.

    The result starts with the tab before the first sample, as ``read_calls``
    expects.
    """
    columns = line.split(b"\t")[9:]
    fields = (c.split(b":") for c in columns)
    return b"".join(b"\t" + (f[gt] if gt < len(f) else b".") for f in fields)
