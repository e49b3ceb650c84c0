"""A tabix index made while its file is written, block by block; nothing is read twice.

Whoever compresses a block tells where its records stand in it; whoever writes the
file adds where the block stands.  A block that holds what is longer than its REF
(END, SVLEN, a symbolic ALT) is not told of: such a file is indexed by htslib.
SAM specification, section 5.2; tabix.pdf of the same repository.
"""

from __future__ import annotations

from collections import Counter
from struct import Struct, pack
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from loaders.packed import BGZF_END, IN_BLOCK, begins_of, packed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_LONGER = (b"<", b"END=", b"SVLEN=")
_WINDOW = 14
_LEVELS = ((14, 4681), (17, 585), (20, 73), (23, 9), (26, 1))
"""Bits of a bin's bases, and the number of the first such bin."""
_STATISTICS = 37450
"""Stands where a bin's number would: where a contig's records lie, and how many."""
_MAGIC = b"TBI\1"
_VCF, _NAME, _BEGIN, _NO_END, _META, _SKIP = 2, 1, 2, 0, ord("#"), 0
_HEAD, _BIN, _CHUNK, _COUNT = Struct("<8i"), Struct("<Ii"), Struct("<QQ"), Struct("<i")

Chunk = tuple[int, int]
"""Virtual offsets of the first byte of some records, and of the byte behind them."""


class Marks(NamedTuple):
    """Where records of one contig stand in a compressed block.

    Attributes:
        records: how many they are.
        bins: number of a bin, and the records of it that follow each other.
        windows: number of a window, and the first record that reaches into it.
    """

    contig: str
    records: int
    bins: Sequence[tuple[int, Chunk]]
    windows: Sequence[tuple[int, int]]


class Lines(NamedTuple):
    """The records of a block of lines, one on each.

    Attributes:
        contigs: names, each with the number of the first of its lines.
        begins: 0-based.
        lengths: bases of REF.
    """

    contigs: Sequence[tuple[str, int]]
    begins: Sequence[int]
    lengths: Sequence[int]


def is_indexable(text: bytes) -> bool:
    """Whether records reach as far as their REF, and no further."""
    return not any(word in text for word in _LONGER)


def marks_of(lines: Lines, text: bytes, block: bytes) -> list[Marks] | None:
    """Return where records stand; ``None``: something else stands there, too.

    Args:
        lines: the records.
        text: as they are written.
        block: the same, compressed.
    """
    starts, ends = _bytes_of(text, block)
    if len(starts) != len(lines.begins):
        return None
    begins = np.array(lines.begins, np.int64)
    lasts = begins + np.array(lines.lengths, np.int64) - 1
    if not len(begins) or begins.min() < 0 or (lasts < begins).any():
        return None
    bins = _bins(begins, lasts)
    firsts = [first for _, first in lines.contigs]
    stretches = zip(lines.contigs, [*firsts[1:], len(begins)], strict=True)
    return [
        Marks(
            contig,
            last - first,
            _chunks(bins[first:last], starts[first:last], ends[first:last]),
            _windows(begins[first:last], lasts[first:last], starts[first:last]),
        )
        for (contig, first), last in stretches
    ]


def _bytes_of(text: bytes, block: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the virtual offsets of where lines begin, and of where they end."""
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n")) + 1
    if len(ends) and ends[-1] != len(text):
        ends = np.append(ends, len(text))
    starts = np.concatenate((np.zeros(min(len(ends), 1), np.int64), ends[:-1]))
    places = np.array([*begins_of(block), len(block)], np.int64)
    told = [places[at // IN_BLOCK] << 16 | at % IN_BLOCK for at in (starts, ends)]
    return told[0], told[1]


def _bins(begins: NDArray[np.int64], lasts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the smallest bin that holds each record."""
    bins = np.zeros(len(begins), np.int64)
    for bits, first in reversed(_LEVELS):
        is_within = begins >> bits == lasts >> bits
        bins = np.where(is_within, first + (begins >> bits), bins)
    return bins


def _chunks(
    bins: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> list[tuple[int, Chunk]]:
    """Return the records of the same bin that follow each other."""
    first = np.concatenate(([0], np.flatnonzero(np.diff(bins)) + 1))
    last = np.append(first[1:], len(bins)) - 1
    chunks = zip(starts[first].tolist(), ends[last].tolist(), strict=True)
    return list(zip(bins[first].tolist(), chunks, strict=True))


def _windows(
    begins: NDArray[np.int64], lasts: NDArray[np.int64], starts: NDArray[np.int64]
) -> list[tuple[int, int]]:
    """Return the first record of each window; records come by their begins."""
    found: dict[int, int] = {}
    low, high = begins >> _WINDOW, lasts >> _WINDOW
    heads = np.flatnonzero(np.diff(low, prepend=-1) | (high > low))
    rows = (low[heads].tolist(), high[heads].tolist(), starts[heads].tolist())
    for one, other, start in zip(*rows, strict=True):
        for window in range(one, other + 1):
            found.setdefault(window, start)
    return list(found.items())


class TabixIndex:
    """The index of a file that is written block by block, its records in order."""

    def __init__(self) -> None:
        self._bins: dict[str, dict[int, list[Chunk]]] = {}
        self._windows: dict[str, dict[int, int]] = {}
        self._counts: Counter[str] = Counter()
        self.is_whole = True

    def add(self, marks: Sequence[Marks] | None, place: int) -> None:
        """Take a block that stands at a place of the file; ``None``: it is unknown."""
        if marks is None:
            self.is_whole = False
            return
        by = place << 16
        for one in marks:
            bins = self._bins.setdefault(one.contig, {})
            windows = self._windows.setdefault(one.contig, {})
            self._counts[one.contig] += one.records
            for number, (start, end) in one.bins:
                chunks = bins.setdefault(number, [])
                if chunks and chunks[-1][1] >> 16 == start + by >> 16:
                    chunks[-1] = chunks[-1][0], end + by
                else:
                    chunks.append((start + by, end + by))
            for number, start in one.windows:
                windows.setdefault(number, start + by)

    def written(self) -> bytes:
        """Return the index as a file."""
        names = b"".join(name.encode("latin-1") + b"\0" for name in self._bins)
        settings = (_VCF, _NAME, _BEGIN, _NO_END, _META, _SKIP)
        parts = [_MAGIC, _HEAD.pack(len(self._bins), *settings, len(names)), names]
        for name, bins in self._bins.items():
            every = [chunk for chunks in bins.values() for chunk in chunks]
            whole = min(every)[0], max(end for _, end in every)
            numbers = {**bins, _STATISTICS: [whole, (self._counts[name], 0)]}
            parts.append(_COUNT.pack(len(numbers)))
            for number, chunks in numbers.items():
                parts.append(_BIN.pack(number, len(chunks)))
                parts += (_CHUNK.pack(*chunk) for chunk in chunks)
            parts.append(_linear(self._windows[name]))
        parts.append(bytes(8))  # so many records are of no contig
        return packed(b"".join(parts)) + BGZF_END


def _linear(windows: Mapping[int, int]) -> bytes:
    """Return the first record of every window; where there is none, that before."""
    count, last = max(windows) + 1, 0
    offsets = []
    for window in range(count):
        last = windows.get(window, last)
        offsets.append(last)
    return pack(f"<i{count}Q", count, *offsets)
