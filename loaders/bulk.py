"""Many plain lines of a sites-only file → their sites at once.

A line is plain when it has eight columns, one ALT, bases of A, C, G, T alone,
INFO fields laid out as its neighbours', and whole numbers (or ``.``) for all
that is counted; every step then runs over thousands of lines in C.  Any other
line is left to the exact way (``vcf``, ``declared``).  Both must agree; a test
proves it on generated lines.
"""

from __future__ import annotations

from functools import partial
from itertools import chain, repeat
from operator import eq, ne
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from beacon.model.genome import Contig
    from loaders.declared import DeclaredCounts, Row

    Ints = NDArray[np.int64]
    Bytes = NDArray[np.uint8]
    Words = NDArray[np.uint64]
    Truths = NDArray[np.bool_]

T = TypeVar("T", bound=tuple[object, ...])

_TAB, _LINE, _SEMICOLON, _DOT, _ZERO = (ord(c) for c in "\t\n;.0")
_TABS = 7
_ID = 2
"""The tab behind the ID column; one with a semicolon is read alone."""
_BLANKS = np.frombuffer(b" \r\x0b\x0c", np.uint8)
_FEWEST = 8
"""Lines of one kind in a batch that are worth the trouble."""
_BASES = b"ACGT"
_KNOWN, _LONG = 100_000, 100
"""How many words are remembered, and how long ones."""
_PASS = b"PASS"
_SOME = 64
UNTOLD = -1
"""Stands for a number that is not told."""

_WORD = 8
_PAD = 64
_FULL = 0xFFFFFFFFFFFFFFFF
_LAST = np.array(
    [_FULL << 8 * (_WORD - n) & _FULL for n in range(_WORD + 1)], np.uint64
)
"""Keeps the last n bytes of a word."""
_ZEROS, _OVER, _SIGNS = (
    np.uint64(int.from_bytes(bytes([n] * _WORD))) for n in (_ZERO, 0x76, 0x80)
)
_LAST_ZEROS = _LAST & _ZEROS
_JOINED = tuple(
    (width, np.uint64(mask))
    for width, mask in (
        (1, 0x00FF00FF00FF00FF), (2, 0x0000FFFF0000FFFF), (4, 0x00000000FFFFFFFF),
    )
)  # fmt: skip
"""How digits become pairs, pairs fours, and fours one number."""
_SINGLE = [bytes([n]) for n in range(256)]


class _Text:
    """Bytes of lines, to be read as words of eight at any offset."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        padded = b"".join((b"\0" * _PAD, self.text, b"\0" * _PAD))
        self.data: Bytes = np.frombuffer(padded, np.uint8, offset=_PAD)
        words: Words = np.ndarray(
            shape=(len(padded) - _WORD + 1,), dtype="<u8", buffer=padded, strides=(1,)
        )
        self._words = words[_PAD:]
        self._words_before = words[_PAD - _WORD :]
        self._blanks: Ints | None = None
        self._ninth_before = np.frombuffer(padded, np.uint8, offset=_PAD - _WORD - 1)

    def have_blanks(self, lines: _Lines) -> Truths:
        """Which lines hold a blank, which no plain one does."""
        if self._blanks is None:
            size = len(self.text)
            self._blanks = np.flatnonzero(np.isin(self.data[:size], _BLANKS))
        if not len(self._blanks):
            return np.zeros(len(lines.begin), dtype=np.bool_)
        before = np.searchsorted(self._blanks, lines.begin)
        return np.asarray(before < np.searchsorted(self._blanks, lines.field[:, -1]))

    def pieces(self, begin: Ints, end: Ints) -> Iterator[bytes]:
        """Return pieces of the text, each made when it is taken."""
        if (end - begin == 1).all():
            if (self.data[begin] == _DOT).all():
                return repeat(b".", len(begin))
            return map(_SINGLE.__getitem__, self.data[begin].tolist())
        return map(self.text.__getitem__, map(slice, begin.tolist(), end.tolist()))

    def are(self, begin: Ints, expected: Sequence[bytes]) -> Truths:
        """Whether the pieces of a line go on as expected, shape ``(lines,)``.

        Args:
            begin: shape ``(lines, pieces)``.
            expected: one for each piece.
        """
        good = np.ones(len(begin), dtype=np.bool_)
        for first in range(0, max(map(len, expected), default=0), _WORD):
            parts = [text[first : first + _WORD] for text in expected]
            has = [at for at, part in enumerate(parts) if part]
            masks = [_FULL >> 8 * (_WORD - len(parts[at])) for at in has]
            values = [int.from_bytes(parts[at], "little") for at in has]
            places = begin if len(has) == len(parts) else begin[:, has]
            where = places + first
            # Where the text has ended, it does not go on as expected.
            is_there = where < len(self._words)
            found = self._words[np.where(is_there, where, 0)]
            same = (found & np.array(masks, np.uint64)) == np.array(values, np.uint64)
            good &= _whole_rows(same & is_there)
        return good

    def numbers(self, begin: Ints, end: Ints) -> tuple[Ints, Truths]:
        """Return whole numbers of at most 9 digits, and which of them are.

        ``.`` is a number not told; anything else is none.
        """
        length = end - begin
        digits = self._words_before[end]
        size = length.clip(0, _WORD)
        digits &= _LAST[size]
        digits -= _LAST_ZEROS[size]
        odd = digits + _OVER
        odd |= digits
        odd &= _SIGNS
        good = (odd == 0) & (length >= 1) & (length <= _WORD + 1)
        value = _value(digits)
        is_nine = length == _WORD + 1
        if is_nine.any():
            ninth = self._ninth_before[end].astype(np.int64) - _ZERO
            value += np.where(is_nine, ninth * 10**_WORD, 0)
            good &= ~is_nine | ((ninth >= 0) & (ninth <= 9))
        if not good.all():
            is_dot = (length == 1) & (self.data[begin] == _DOT)
            value[is_dot] = UNTOLD
            good |= is_dot
        return value, good


def _whole_rows(truths: Truths) -> Truths:
    """Return which rows are all true; most often they all are."""
    if truths.all():
        return np.ones(len(truths), dtype=np.bool_)
    return np.asarray(truths.all(axis=1))


def _value(digits: Words) -> Ints:
    """Return the numbers whose decimal digits are the bytes of words."""
    for width, kept in _JOINED:
        digits = digits * np.uint64(10**width) + (digits >> np.uint64(8 * width))
        digits &= kept
    return digits.view(np.int64)


class _Lines(NamedTuple):
    """Lines whose tabs and semicolons stand in one order.

    Attributes:
        which: their numbers among the lines of the batch.
        begin: offset of each.
        tab: offsets of its tabs, shape ``(lines, 7)``.
        field: offsets of what stands before its INFO fields, and of its end.
    """

    which: Ints
    begin: Ints
    tab: Ints
    field: Ints


def _alike(text: _Text) -> tuple[int, Iterator[_Lines]]:
    """Return how many lines there are, and those of eight columns, kind by kind."""
    data = text.data
    is_mark = (data == _TAB) | (data == _LINE) | (data == _SEMICOLON)
    marks = np.flatnonzero(is_mark)
    kinds = data[marks]
    ends = np.flatnonzero(np.asarray(kinds == _LINE))
    return len(ends), _groups(marks, kinds, ends)


def _groups(marks: Ints, kinds: Bytes, ends: Ints) -> Iterator[_Lines]:
    lines = len(ends)
    firsts = np.concatenate(([0], ends[:-1] + 1))
    begins = np.concatenate(([0], marks[ends[:-1]] + 1))
    sizes = ends - firsts + 1
    for size in np.unique(sizes).tolist():
        which = np.flatnonzero(np.asarray(sizes == size))
        if len(which) < min(_FEWEST, lines):
            continue
        if len(which) == lines:
            found, order = marks.reshape(lines, size), kinds.reshape(lines, size)
        else:
            places = firsts[which][:, None] + np.arange(size)
            found, order = marks[places], kinds[places]
        alike = _whole_rows(order == order[0])
        if not alike.all():
            which, found = which[alike], found[alike]
        tabs = np.flatnonzero(np.asarray(order[0] == _TAB))
        if len(tabs) == _TABS and tabs[_ID] == tabs[_ID - 1] + 1:
            field = found[:, tabs[-1] :]
            yield _Lines(which, begins[which], found[:, tabs], field)


class _Layout(NamedTuple):
    """How the INFO fields of a record follow each other.

    Attributes:
        names: per field, the key with its sign, or a flag's whole name.
        is_flag: per field.
        wanted: per wanted key, its field's number; -1 where there is none.
    """

    names: tuple[bytes, ...]
    is_flag: Truths
    wanted: Ints

    @classmethod
    def of(cls, info: bytes, keys: Sequence[bytes]) -> _Layout | None:
        """Return the layout of one record; ``None`` where a key stands twice."""
        fields = [field.partition(b"=") for field in info.split(b";")]
        places = {key: at for at, (key, _, _) in enumerate(fields)}
        if len(places) < len(fields):
            return None
        names = tuple(key + sign for key, sign, _ in fields)
        is_flag = np.array([not sign for _, sign, _ in fields], dtype=np.bool_)
        wanted = np.array([places.get(key, -1) for key in keys], dtype=np.int64)
        return cls(names, is_flag, wanted)

    def numbers(self, text: _Text, field: Ints) -> tuple[Ints, Truths]:
        """Return the wanted numbers of lines, and which lines have this layout."""
        begin, end = field[:, :-1] + 1, field[:, 1:]
        good = text.are(begin, self.names)
        sizes = np.array([len(name) for name in self.names], dtype=np.int64)
        if self.is_flag.any():
            lengths = (end - begin)[:, self.is_flag]
            good &= _whole_rows(lengths == sizes[self.is_flag])
        there = self.wanted >= 0
        mine = self.wanted[there]
        found, are_numbers = text.numbers(begin[:, mine] + sizes[mine], end[:, mine])
        good &= _whole_rows(are_numbers)
        if there.all():
            return found, good
        numbers = np.full((len(field), len(self.wanted)), UNTOLD, np.int64)
        numbers[:, there] = found
        return numbers, good


class _Bases(dict[bytes, str]):
    """REF or ALT as written → its bases; empty where it needs a closer look."""

    def __missing__(self, word: bytes) -> str:
        bases = "" if word.translate(None, _BASES) else word.decode()
        if len(self) < _KNOWN and len(word) < _LONG:
            self[word] = bases
        return bases


Span = tuple["Contig", int, int]
"""A contig, and the first and the last start of records in order."""


class Read(NamedTuple, Generic[T]):
    """The lines of a block.

    Attributes:
        sites: what each line is; ``None``: it is not plain.
        lines: how many there are.
        span: where they stand, if all are plain and in order.
    """

    sites: Iterable[T | None]
    lines: int
    span: Span | None


class BulkReader(Generic[T]):
    """Reads the plain lines of one file.

    Args:
        kind: a named tuple, of what a line becomes.
        given: what every line has in common, by field of ``kind``.
        declared: the exact way, whose counts these are.
        contig_of: the contig of a name, ``None`` where it is not loaded.
        failed: FILTER words by column, and whether it is malformed; gives those of
            a new one when asked.
        keeps_fields: whether INFO goes along, for more than counts.
    """

    def __init__(
        self,
        kind: type[T],
        given: Mapping[str, object],
        *,
        declared: DeclaredCounts,
        contig_of: Callable[[bytes], Contig | None],
        failed: Mapping[bytes, tuple[tuple[str, ...], bool]],
        keeps_fields: bool,
    ) -> None:
        self._keeps_fields = keeps_fields
        self._make = partial(tuple.__new__, kind)
        self._fields: tuple[str, ...] = kind._fields  # type: ignore[attr-defined]
        self._given = given
        self._declared = declared
        self._contig_of = contig_of
        self._failed = failed
        self._layouts: dict[int, _Layout] = {}
        self._bases = _Bases()
        self._table = _Table(declared)

    def read(self, block: bytes, first: int) -> Read[T]:
        """Return what each line is.

        Most is made only when it is taken: what lives long costs memory and time.

        Args:
            block: lines, each ended by a line feed alone.
            first: the number of the first.
        """
        text = _Text(block)
        lines, groups = _alike(text)
        found: list[T | None] = [None] * lines
        for alike in groups:
            columns, plain, span = self._columns(text, alike)
            if columns is None:
                continue
            columns["line"] = (alike.which + first).tolist()
            values = (columns.get(f) or repeat(self._given[f]) for f in self._fields)
            made = map(self._make, zip(*values))  # noqa: B905 - repeat has no end
            if plain.all() and len(alike.which) == lines:
                return Read(made, lines, span)
            pairs = zip(alike.which.tolist(), made, plain.tolist(), strict=True)
            for at, one, is_plain in pairs:
                found[at] = one if is_plain else None
        return Read(found, lines, None)

    def _columns(
        self, text: _Text, lines: _Lines
    ) -> tuple[dict[str, Iterable[object]] | None, Truths, Span | None]:
        """Return what lines say, column by column, and which of them are plain.

        Last comes the stretch they stand in, if they are in order.
        """
        tab = lines.tab
        begin, end = tab[:, :-1] + 1, tab[:, 1:]
        name = text.text[lines.begin[0] : tab[0, 0] + 1]
        contig = self._contig_of(name[:-1])
        numbers, plain = self._numbers(text, lines)
        if contig is None:
            return None, plain, None
        plain &= text.are(lines.begin[:, None], [name])
        start, is_number = text.numbers(begin[:, 0], end[:, 0])
        start -= 1
        plain &= is_number & (start >= 0)
        plain &= start + (end[:, 2] - begin[:, 2]) <= contig.length
        plain &= (end[:, 1] > begin[:, 1]) & ~text.have_blanks(lines)
        bases = self._bases.__getitem__
        references = list(map(bases, text.pieces(begin[:, 2], end[:, 2])))
        alternates = list(map(bases, text.pieces(begin[:, 3], end[:, 3])))
        if "" in references or "" in alternates:
            plain &= list(map(all, zip(references, alternates, strict=True)))
        if any(map(eq, references, alternates)):
            plain &= list(map(ne, references, alternates))
        told = self._table.rows(numbers, plain)
        columns: dict[str, Iterable[object]] = {
            "contig": repeat(contig),
            "start": start.tolist(),
            "reference": references,
            "alternates": zip(alternates, strict=True),
            "filters": self._filters(text, begin[:, 5], end[:, 5], plain),
            "identifier": text.pieces(begin[:, 1], end[:, 1]),
            "told": told,
        }
        if self._keeps_fields:
            columns["fields"] = text.pieces(tab[:, -1] + 1, lines.field[:, -1])
        is_sorted = bool((start[1:] >= start[:-1]).all())
        span = (contig, int(start[0]), int(start[-1])) if is_sorted else None
        return columns, plain, span

    def _filters(
        self, text: _Text, begin: Ints, end: Ints, plain: Truths
    ) -> Iterable[tuple[str, ...]]:
        """Return the words that failed; mark lines where they are malformed."""
        failed = self._failed
        if (end - begin == len(_PASS)).all() and text.are(
            begin[:, None], [_PASS]
        ).all():
            return repeat(failed[_PASS][0])
        found = [failed[word] for word in text.pieces(begin, end)]
        plain &= [not is_odd for _, is_odd in found]
        return [words for words, _ in found]

    def _numbers(self, text: _Text, lines: _Lines) -> tuple[Ints, Truths]:
        """Return the wanted numbers of lines, and which lines have them.

        Lines are read by the layout the last ones had; where it does not fit most
        of them, by that of the first it does not fit.
        """
        field = lines.field
        count = field.shape[1]
        known = self._layouts.get(count)
        at, numbers = 0, np.empty((len(field), 0), np.int64)
        good = np.zeros(len(field), dtype=np.bool_)
        if known is not None:
            numbers, good = known.numbers(text, field)
            if 2 * good.sum() > len(good):
                return numbers, good
            at = int(good.argmin())
        info = text.text[field[at, 0] + 1 : field[at, -1]]
        new = _Layout.of(info, self._declared.keys)
        if new is not None:
            others, better = new.numbers(text, field)
            if known is None or better.sum() > good.sum():
                self._layouts[count] = new
                return others, better
        return numbers, good


class _Table:
    """Makes rows of wanted numbers, and finds what contradicts itself."""

    def __init__(self, declared: DeclaredCounts) -> None:
        self._kinds = declared.shape.kinds
        self._size = len(declared.shape.labels)
        self._width = self._size * len(self._kinds)
        self._slots = np.array(declared.slots, dtype=np.int64)
        self._is_direct = declared.slots == tuple(range(self._width))
        self._are_alleles = declared.mapping.homozygous == "alleles"
        self._extra = declared.extra

    def rows(self, numbers: Ints, plain: Truths) -> Iterator[tuple[Row, ...] | None]:
        """Return the counts of lines; mark those that contradict themselves."""
        if not plain.any():
            return repeat(None)
        own = numbers[:, : len(self._slots)]
        table = own
        if not self._is_direct:
            table = np.full((len(numbers), self._width), UNTOLD, dtype=np.int64)
            table[:, self._slots] = own
        by_kind = {
            kind: table[:, at * self._size : (at + 1) * self._size]
            for at, kind in enumerate(self._kinds)
        }
        if self._are_alleles and "hom" in by_kind:
            _halve(by_kind["hom"], plain)
        if self._extra:
            _adopt(numbers[:, -3:], by_kind)
        _contradict(by_kind, plain)
        rows = _rows(table)
        if table.min() < 0:
            return map(_told, rows)
        return cast("Iterator[tuple[Row, ...]]", zip(rows, strict=True))


def _rows(table: Ints) -> Iterator[list[int]]:
    """Return the rows of a table, turned into numbers some at a time."""
    parts = (table[at : at + _SOME].tolist() for at in range(0, len(table), _SOME))
    return chain.from_iterable(parts)


def _told(numbers: list[int]) -> tuple[Row, ...] | None:
    """Return a row whose numbers are not all told."""
    row: Row = [None if number == UNTOLD else number for number in numbers]
    return None if row.count(None) == len(row) else (row,)


def _halve(hom: Ints, plain: Truths) -> None:
    """Turn homozygous alleles into people; mark lines where they are odd."""
    plain &= _whole_rows((hom < 0) | (hom & 1 == 0))
    hom[hom > 0] >>= 1


def _adopt(filled: Ints, by_kind: Mapping[str, Ints]) -> None:
    """Take people from fill-tags' allele counts, where those add up to AC."""
    hom, het, hemi = filled.T
    own, ac = by_kind["hom"][:, 0], by_kind["ac"][:, 0]
    fits = (own < 0) & (hom >= 0) & (het >= 0) & (hom & 1 == 0)
    fits &= hom + het + np.maximum(hemi, 0) == ac
    by_kind["hom"][fits, 0] = hom[fits] >> 1
    by_kind["het"][fits, 0] = het[fits]
    by_kind["hemi"][fits, 0] = hemi[fits]


def _contradict(by_kind: Mapping[str, Ints], plain: Truths) -> None:
    """Mark lines of which a group's counts cannot be true together."""
    ac, an = by_kind["ac"], by_kind["an"]
    sound = (ac <= an) | (an < 0)
    copies = np.zeros_like(ac)
    for kind, times in (("hom", 2), ("het", 1), ("hemi", 1)):
        if kind in by_kind:
            copies += times * np.maximum(by_kind[kind], 0)
    sound &= (copies <= ac) | (ac < 0)
    sound &= (ac <= ac[:, :1]) | (ac[:, :1] < 0)
    plain &= _whole_rows(sound)
