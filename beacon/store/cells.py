r"""Rows of many alleles, their counts read all at once.  A law: as ``everybody``.

    \x03 d \0 size  { \x05 field \0 size \0 blob } ...  \0  \0

Fields of all rows are found, and the numbers of all blobs are read, in a few passes
of numpy.  What is not a plain count of a carried allele, of one column's people, is
left to be read by itself: nothing is guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from beacon.model.wording import Cells
from beacon.store.messages import ROW_BEGINS
from beacon.store.packing import PLAIN, PLAIN_MEANS, WITH_AN, WITH_PEOPLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from beacon.model.counts import Layout

    Numbers = NDArray[np.int64]
    Bytes = NDArray[np.uint8]
    Marks = NDArray[np.bool_]

_WINDOW = 8
"""Bytes of a field's name, and the zero behind it."""
_BINARY, _SIZE = 0x05, 4
_TO_BLOB, _AT_END = 5, 2
"""Bytes of a blob's size and kind, and the zeros at the end of a row."""
_LONGEST = 8
"""Bytes of a number; there are none of more."""
_SPARE = bytes(64)
"""Stands behind the last row, so that what is looked at is there."""


class Fields(NamedTuple):
    """The names of fields, each of which holds all of one dataset.

    Attributes:
        codes: the names as numbers, ascending.
        datasets: the number of each one's dataset.
        called: of each dataset, AN of all its columns that rows differ from.
        widths: of each dataset, how many columns it has.
    """

    codes: NDArray[np.uint64]
    datasets: Numbers
    called: Numbers
    widths: Numbers

    @classmethod
    def of(cls, names: Mapping[str, int], layouts: Sequence[Layout | None]) -> Fields:
        """Return the fields of datasets that keep all they say in one.

        Args:
            names: the number of the dataset, by field.
            layouts: of each dataset; ``None``: its rows are read by themselves.
        """
        coded = sorted(
            (int.from_bytes(name.encode(), "little"), n)
            for name, n in names.items()
            if len(name.encode()) < _WINDOW
        )
        kept = [() if layout is None else layout.baseline for layout in layouts]
        return cls(
            np.array([code for code, _ in coded], np.uint64),
            np.array([n for _, n in coded], np.int64),
            np.array([sum(baseline) for baseline in kept], np.int64),
            np.array([len(baseline) for baseline in kept], np.int64),
        )


class _Blobs(NamedTuple):
    """What fields hold: the number of the row, of the field, first byte and end."""

    rows: Numbers
    fields: Numbers
    begins: Numbers
    ends: Numbers


def cells_of(
    rows: Sequence[bytes], fields: Fields, *, is_beside: bool = False
) -> tuple[Cells, list[int]]:
    """Return the counts that rows hold, and the numbers of rows left to be read.

    Args:
        rows: all that follows the key of each; the only one at its place.
        fields: whom they speak of.
        is_beside: whether another allele is asked for, of which no copy is among
            those that were called.

    Returns:
        Cells of the other rows, by the numbers that those have among themselves.
    """
    text = np.frombuffer(b"".join([*rows, _SPARE]), np.uint8)
    ends = np.cumsum(np.fromiter(map(len, rows), np.int64, len(rows)))
    blobs, is_whole = _found(text, ends)
    known, names = _known(blobs, text, fields)
    numbers = _counted(text, known, fields, names)
    if is_beside:
        numbers = numbers.beside()
    is_whole[known.rows[~numbers.is_plain]] = False
    kept = is_whole[known.rows]
    renumbered = np.cumsum(is_whole) - 1
    columns = (
        *(renumbered[known.rows], fields.datasets[names]),
        *(numbers.ac, numbers.an, numbers.hom, numbers.het, numbers.hemi),
    )
    count = int(is_whole.sum())
    cells = Cells(count, *(column[kept].data for column in columns))
    return cells, np.flatnonzero(~is_whole).tolist()


def _found(text: Bytes, ends: Numbers) -> tuple[_Blobs, Marks]:
    """Return the blobs of rows, and which rows hold blobs and nothing else.

    Fields are looked for by how one begins.  Those of a row must follow each other
    without a gap from its first byte to its last, as no others would: numbers that
    look like a field by chance would break the chain.
    """
    begins = np.concatenate((np.zeros(1, np.int64), ends[:-1]))
    head = np.frombuffer(ROW_BEGINS, np.uint8)
    is_whole = (text[begins[:, None] + np.arange(len(head))] == head).all(axis=1)
    place = np.flatnonzero(text[: -len(_SPARE)] == _BINARY)
    window = text[place[:, None] + np.arange(1, _WINDOW + 1)]
    behind = place + (window == 0).argmax(axis=1) + 2
    begin = behind + _TO_BLOB
    end = begin + _ints(text, behind)
    rows = np.searchsorted(ends, place, side="right")
    is_field = (window == 0).any(axis=1) & (text[behind + 4] == 0)
    is_field &= (end > begin) & (end + _AT_END <= ends[rows])
    found = (rows, place, begin, end)
    rows, place, begin, end = (column[is_field] for column in found)
    is_first = np.diff(rows, prepend=-1) != 0
    is_last = np.diff(rows, append=len(ends)) != 0
    expected = np.concatenate((np.zeros(1, np.int64), end[:-1]))[: len(end)]
    expected = np.where(is_first, begins[rows] + len(head) + _SIZE, expected)
    is_wrong = (place != expected) | (is_last & (end + _AT_END != ends[rows]))
    is_whole[rows[is_wrong]] = False
    is_whole &= np.bincount(rows, minlength=len(ends)) > 0
    return _Blobs(rows, place + 1, begin, end), is_whole


def _ints(text: Bytes, at: Numbers) -> Numbers:
    """Return the numbers of 32 bits that begin at some bytes."""
    taken = np.ascontiguousarray(text[at[:, None] + np.arange(4)])
    return taken.view("<i4")[:, 0].astype(np.int64)


def _known(blobs: _Blobs, text: Bytes, fields: Fields) -> tuple[_Blobs, Numbers]:
    """Return the blobs of fields that are asked for, and which those are."""
    taken = text[blobs.fields[:, None] + np.arange(_WINDOW)]
    width = np.uint64(8) * (taken == 0).argmax(axis=1).astype(np.uint64)
    codes = np.ascontiguousarray(taken).view("<u8")[:, 0]
    codes &= (np.uint64(1) << width) - np.uint64(1)
    if not len(fields.codes):
        return _Blobs(*(column[:0] for column in blobs)), np.zeros(0, np.int64)
    names = np.searchsorted(fields.codes, codes)
    names[names == len(fields.codes)] = 0
    mine = fields.codes[names] == codes
    return _Blobs(*(column[mine] for column in blobs)), names[mine]


class _Counted(NamedTuple):
    """The counts that blobs hold, -1 where they say none, and which are plain."""

    is_plain: Marks
    ac: Numbers
    an: Numbers
    hom: Numbers
    het: Numbers
    hemi: Numbers

    def beside(self) -> _Counted:
        """Return what they count of another allele at the place."""
        none = np.zeros_like(self.ac)
        is_plain = self.is_plain & (self.an > 0)
        return _Counted(is_plain, none, self.an, none, none, none)


def _counted(text: Bytes, blobs: _Blobs, fields: Fields, names: Numbers) -> _Counted:
    """Return what ``packing.everybody`` gives of blobs."""
    flags = text[blobs.begins]
    values, first, behind, is_plain = _values(text, blobs)
    is_plain &= (flags & PLAIN_MEANS) == PLAIN
    dataset = fields.datasets[names]
    width, an = fields.widths[dataset], fields.called[dataset]
    is_plain &= width > 0
    has_an, at = flags & WITH_AN != 0, first.copy()
    kind = values[at]
    is_plain &= ~has_an | (kind <= 1)
    is_told = is_plain & has_an & (kind == 1)
    steps = np.concatenate(([0], np.cumsum(values >> 1 ^ -(values & 1))))
    at += has_an
    till = np.minimum(at + width, len(values) - 1)
    an = np.where(has_an, an + np.where(is_told, steps[till] - steps[at], 0), -1)
    at = np.where(is_told, till, at)
    is_plain &= values[at] == 1
    at = np.minimum(at + 2, len(values) - 4)
    return _carried(values, at, behind, an, flags & WITH_PEOPLE != 0, is_plain)


def _carried(
    values: Numbers,
    at: Numbers,
    behind: Numbers,
    an: Numbers,
    has_people: Marks,
    is_plain: Marks,
) -> _Counted:
    """Return the counts of one column's people, whose AC is the value at ``at``."""
    ac = np.where(has_people, values[at] >> 1, values[at])
    is_long = has_people & (values[at] & 1 == 1)
    is_plain &= np.where(is_long, at + 4, at + 1) == behind
    hom, hemi, rest = (np.where(is_long, values[at + n], 0) for n in (1, 2, 3))
    het = ac - 2 * hom - hemi - rest
    is_plain &= (an < 0) | (ac <= an)
    is_plain &= ~has_people | (het >= 0)
    untold = np.int64(-1)
    hom, het, hemi = (np.where(has_people, x, untold) for x in (hom, het, hemi))
    return _Counted(is_plain, ac, an, hom, het, hemi)


def _values(text: Bytes, blobs: _Blobs) -> tuple[Numbers, Numbers, Numbers, Marks]:
    """Return the numbers of all blobs, some zeros behind them, and whose they are.

    Of each blob the number of its first one, of the one behind its last, and whether
    its bytes are whole numbers of usual length.
    """
    sizes = blobs.ends - blobs.begins - 1
    till = np.cumsum(sizes)
    offset = till - sizes
    body = text[np.repeat(blobs.begins + 1 - offset, sizes) + np.arange(sizes.sum())]
    last = np.flatnonzero(body < 0x80)
    first = np.searchsorted(last, offset)
    behind = np.searchsorted(last, till)
    is_plain = (sizes > 0) & (body[till - 1] < 0x80 if len(body) else False)
    starts = np.concatenate((np.zeros(1, np.int64), last + 1))
    within = np.arange(len(body)) - starts[np.searchsorted(last, np.arange(len(body)))]
    if len(within) and within.max() >= _LONGEST:
        is_plain[:] = False
        within = np.minimum(within, _LONGEST)
    bits = (body & 0x7F).astype(np.int64) << 7 * within
    values = np.add.reduceat(bits, starts[:-1]) if len(last) else bits
    return np.concatenate((values, np.zeros(8, np.int64))), first, behind, is_plain
