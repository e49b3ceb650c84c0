"""Who carries the alleles of a few thousand bases ↔ bytes.  Pure.

A law: ``Block(pack(x))`` says ``x``.  What most people add to an allele (its
usual share) is one byte; people who add something else are flat arrays, so that
where one person stands in a whole block is a single comparison.  Sets of many
people are one roaring bitmap a block, whose values are ``set << bits | person``.
"""

from __future__ import annotations

import hashlib
from array import array
from functools import cached_property
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
from pyroaring import BitMap

from beacon.model.people import Otherwise, Share, Shares
from beacon.store.driver import is_long
from beacon.store.keys import decode, encode, is_hashed_key, long_key, start_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from beacon.store.chosen import Chosen

    Ints = NDArray[np.int64]

RowName = int | bytes | tuple[int, str, str]
"""What names a row within a block: see ``row_name``."""

BIN_BITS = 12
"""A block holds alleles that begin in the same 4,096 bases."""

DENSE_ABOVE = 32
"""A set of more people is kept in the bitmap."""

_VERSION = 1
_MARKED = 2
"""The form of a block that ends in marks: of few blocks any allele has one."""
_MARK = Struct("<HB")
_MARKS = Struct("<H")
_HEAD = Struct("<BBHIIIIIII")
_ROW = 16
_ALLELE_MASK = (1 << 31) - 1
_POSITIONS = (1 << 28) - 1
_SIGN = np.uint64(1 << 63)
_LONGEST_SPELLED = 64
_DIGEST_MARK = "#"
_WIDTH = len(Share._fields)
_MOST_ALLELES = 1 << 15
_MOST_BYTES = 1 << 20
_VALUES = 1 << 32
_FEW_SHARES = 1 << 8


class Identity(NamedTuple):
    """What an allele is, within its contig; a site has no bases.

    Bases of more than 64 letters are named by their number and a digest.
    """

    start: int
    end: int
    reference: str
    alternate: str


def identity_of(start: int, end: int, reference: str, alternate: str) -> Identity:
    """Return the identity of an allele, as blocks name it."""
    if not alternate:
        return Identity(start, start, "", "")
    return Identity(start, end, shortened(reference), shortened(alternate))


def row_name(row: Mapping[str, object]) -> RowName:
    """Return what names a document of the store's rows: its id, if that says it all.

    A hash does not: there the start and the bases do.
    """
    number = row["_id"]
    if not isinstance(number, int):
        return cast("bytes", number)
    if not is_hashed_key(number):
        return number
    reference, alternate = cast("str", row["r"]), cast("str", row["a"])
    return start_of(number), shortened(reference), shortened(alternate)


def shortened(bases: str) -> str:
    """Return bases, or what names them where they are many."""
    if len(bases) <= _LONGEST_SPELLED:
        return bases
    digest = hashlib.blake2b(bases.encode(), digest_size=16).hexdigest()
    return f"{_DIGEST_MARK}{len(bases)}:{digest}"


def _length_of(bases: str) -> int:
    if bases.startswith(_DIGEST_MARK):
        return int(bases[1:].partition(":")[0])
    return len(bases)


class Packer:
    """Collects the alleles of one block; a full one takes no more.

    Args:
        rank: the contig's.
        first: the first base of the bin.
    """

    def __init__(self, rank: int, first: int) -> None:
        self._place = rank, first
        self._table: dict[Share, int] = {}
        self._keys: list[int] = []
        self._usual: list[int] = []
        self._people: list[int] = []
        self._sets: list[tuple[int, int, int]] = []
        self._dense: list[tuple[int, int, Ints]] = []
        self._most = 0
        self._weight = 0
        self._long: list[tuple[int, int, bytes]] = []
        self._otherwise: dict[int, Otherwise] = {}
        self._texts: list[str] = []

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def is_full(self) -> bool:
        """Whether what it holds is enough for one document."""
        return (
            len(self._keys) >= _MOST_ALLELES
            or self._weight >= _MOST_BYTES
            or len(self._dense) << self._bits >= _VALUES >> 1
        )

    @property
    def _bits(self) -> int:
        """How many bits every number of a dense set fits in."""
        return self._most.bit_length()

    def add(
        self, start: int, end: int, reference: str, alternate: str, shares: Shares
    ) -> None:
        """Add one allele, or one site, that begins in the bin."""
        rank, ordinal = self._place[0], len(self._keys)
        key = encode(rank, start, reference, alternate)
        if key & 1:
            self._texts.append(f"{shortened(reference)}\t{shortened(alternate)}")
            if is_long(start, end, alternate):
                row = long_key(rank, start, end, reference, alternate)
                self._long.append((ordinal, end, row))
        if shares.otherwise is not None:
            self._otherwise[ordinal] = shares.otherwise
        self._add(ordinal, key, shares)

    def _add(self, ordinal: int, key: int, shares: Shares) -> None:
        table = self._table
        self._keys.append(key)
        self._usual.append(table.setdefault(shares.usual, len(table)))
        self._weight += 8
        for share, people in shares.others:
            size = len(people)
            index = table.setdefault(share, len(table))
            if size > DENSE_ABOVE:
                numbers = np.asarray(people, dtype=np.int64)
                self._most = max(self._most, int(numbers.max()))
                self._dense.append((ordinal, index, numbers))
                self._weight += 2 * size
            else:
                self._people.extend(people)
                self._sets.append((ordinal, index, size))
                self._weight += 7 * size

    def pack(self) -> bytes:
        """Return the bytes of what was added.

        Raises:
            ValueError: for more people than a block can tell apart.
        """
        rank, first = self._place
        keys = np.array(self._keys, dtype=np.int64)
        ordinals, shares, sizes = _columns(self._sets)
        starts = (keys.view(np.uint64) ^ _SIGN) >> np.uint64(31)
        fields = _Fields(
            table=np.array(list(self._table), dtype=np.int64).reshape(-1, _WIDTH),
            alleles=keys & _ALLELE_MASK,
            people=np.array(self._people, dtype=np.int64),
            ends=np.array([end for _, end, _ in self._long], dtype=np.int64),
            offsets=(starts & np.uint64(_POSITIONS)).astype(np.int64) - first,
            ordinals=np.repeat(ordinals, sizes),
            dense_ordinals=np.array([o for o, _, _ in self._dense], dtype=np.int64),
            long=np.array([o for o, _, _ in self._long], dtype=np.int64),
            usual=np.array(self._usual, dtype=np.int64),
            shares=np.repeat(shares, sizes),
            dense_shares=np.array([s for _, s, _ in self._dense], dtype=np.int64),
        )
        rows = b"".join(row for _, _, row in self._long)
        texts = "\n".join(self._texts).encode()
        place = _Place(rank, first, self._bits)
        tail = _Tail(rows, self._bitmap(), texts, self._otherwise)
        return _write(place, fields, tail)

    def _bitmap(self) -> bytes:
        """Return the sets of many people as one bitmap."""
        if not self._dense:
            return b""
        bits = self._bits
        if len(self._dense) << bits > _VALUES:
            message = f"{len(self._dense)} sets of so many people are too many"
            raise ValueError(message)
        values = [who + (i << bits) for i, (_, _, who) in enumerate(self._dense)]
        joined = np.concatenate(values).astype(np.uint32)
        return _serialized(BitMap(array("I", joined.tobytes())))


def _serialized(bitmap: BitMap) -> bytes:
    bitmap.run_optimize()
    return bitmap.serialize()


def _columns(rows: Sequence[tuple[int, int, int]]) -> Ints:
    """Return three columns of numbers, shape ``(3, rows)``."""
    return np.array(rows, dtype=np.int64).reshape(-1, 3).T


def pack(rank: int, first: int, alleles: Iterable[tuple[Identity, Shares]]) -> bytes:
    """Return the bytes of alleles that begin in one bin, in any order."""
    packer = Packer(rank, first)
    for identity, shares in alleles:
        packer.add(*identity, shares)
    return packer.pack()


class _Place(NamedTuple):
    rank: int
    first: int
    bits: int


class _Fields(NamedTuple):
    """The arrays of a block, in the order they are kept."""

    table: Ints
    alleles: Ints
    people: Ints
    ends: Ints
    offsets: Ints
    ordinals: Ints
    dense_ordinals: Ints
    long: Ints
    usual: Ints
    shares: Ints
    dense_shares: Ints


class _Tail(NamedTuple):
    """What follows the arrays."""

    rows: bytes
    dense: bytes
    texts: bytes
    otherwise: Mapping[int, Otherwise]


_KINDS = "HIIIHHHHxxx"
"""Widths of the fields: two or four bytes; ``x``: as the table's size needs."""


def _kinds(shares: int) -> str:
    return _KINDS.replace("x", "B" if shares <= _FEW_SHARES else "H")


def _write(place: _Place, fields: _Fields, tail: _Tail) -> bytes:
    rows, dense, texts, otherwise = tail
    version = _MARKED if otherwise else _VERSION
    sizes = (len(f) for f in (fields.usual, fields.table, fields.people))
    more = (len(fields.dense_shares), len(fields.long), len(dense))
    head = _HEAD.pack(version, place.bits, place.rank, place.first, *sizes, *more)
    kinds = _kinds(len(fields.table))
    arrays = (f.astype(k).tobytes() for f, k in zip(fields, kinds, strict=True))
    return b"".join((head, *arrays, rows, dense, texts, _marks(otherwise)))


def _marks(otherwise: Mapping[int, Otherwise]) -> bytes:
    if not otherwise:
        return b""
    marks = (_MARK.pack(*mark) for mark in otherwise.items())
    return b"".join((*marks, _MARKS.pack(len(otherwise))))


def _marks_of(blob: bytes) -> tuple[dict[int, Otherwise], int]:
    """Return the marks at a block's end, and how many bytes they are."""
    (count,) = _MARKS.unpack_from(blob, len(blob) - _MARKS.size)
    size = _MARK.size * count
    first = len(blob) - _MARKS.size - size
    marks = _MARK.iter_unpack(blob[first : first + size])
    return {o: Otherwise(mark) for o, mark in marks}, size + _MARKS.size


def is_of_nobody(blob: bytes, chosen: NDArray[np.bool_]) -> bool:
    """Whether certainly no allele of a block is carried by any of some people.

    It looks at little of a block, as most hold nothing of a few people.

    Args:
        blob: the packed block.
        chosen: of everybody in the part whether they are meant.
    """
    _, _, _, _, size, shares, few, many, long, _ = _HEAD.unpack_from(blob)
    if many:
        return False
    at = _HEAD.size
    carries = np.frombuffer(blob, "H", _WIDTH * shares, at)[::_WIDTH] > 0
    at += 2 * _WIDTH * shares + 4 * size
    if chosen[np.frombuffer(blob, "I", few, at)].any():
        return False
    at += 4 * few + 4 * long + 2 * size + 2 * few + 2 * long
    usual = np.frombuffer(blob, _kinds(shares)[-1], size, at)
    return not carries[usual].any()


class Block:
    """A packed block, read without taking it apart.

    Attributes:
        rank, first: its contig and the first base of its bin.
        values: the distinct shares, shape ``(shares, 5)``; other arrays of shares
            hold indexes into it.  ``table`` are the same as values.
        keys: of the alleles' rows (of hashed alleles without their salt).
        usual: the usual share of each allele.
        people, ordinals, shares_of_people: whoever of a few people adds something
            else: their number, the allele's ordinal, their share.
        otherwise: what alleles are when nobody carries them, by ordinal.
    """

    def __init__(self, blob: bytes) -> None:
        version, bits, rank, first, *sizes = _HEAD.unpack_from(blob)
        if version not in (_VERSION, _MARKED):
            message = f"carriers are kept in form {version}, which is not known here"
            raise ValueError(message)
        self.rank, self.first = rank, first
        self._place = _Place(rank, first, bits)
        self.otherwise: dict[int, Otherwise] = {}
        end = len(blob)
        if version == _MARKED:
            self.otherwise, length = _marks_of(blob)
            end -= length
        at = _HEAD.size
        size, shares, few, many, long, dense = sizes
        counts = (_WIDTH * shares, size, few, long, size, few, many, long, size, few)
        found = []
        for kind, count in zip(_kinds(shares), (*counts, many), strict=True):
            found.append(np.frombuffer(blob, kind, count, at))
            at += found[-1].nbytes
        self._rows = blob[at : at + _ROW * long]
        at += _ROW * long
        self._dense = blob[at : at + dense]
        self._texts = blob[at + dense : end]
        found[0] = found[0].reshape(-1, _WIDTH).astype(np.int64)
        self._fields = fields = _Fields(*found)
        self.values, self.usual = fields.table, fields.usual
        self.people, self.ordinals = fields.people, fields.ordinals
        self.shares_of_people = fields.shares

    def __len__(self) -> int:
        return len(self.usual)

    @cached_property
    def table(self) -> tuple[Share, ...]:
        """The distinct shares."""
        return tuple(Share(*row) for row in self.values.tolist())

    @cached_property
    def keys(self) -> Ints:
        """The keys of the alleles' rows (of hashed alleles without their salt)."""
        offsets, alleles = self._fields.offsets, self._fields.alleles
        place = np.uint64(self.rank << 28 | self.first)
        numbers = (offsets + place) << np.uint64(31) | alleles
        return (numbers ^ _SIGN).view(np.int64)

    @cached_property
    def bitmap(self) -> BitMap:
        """The sets of many people: ``set << bits | person``."""
        return BitMap.deserialize(self._dense) if self._dense else BitMap()

    @cached_property
    def long_rows(self) -> dict[int, bytes]:
        """The row keys of the alleles that are kept apart, by ordinal."""
        return {
            ordinal: self._rows[_ROW * i : _ROW * (i + 1)]
            for i, ordinal in enumerate(self._fields.long.tolist())
        }

    @cached_property
    def texts(self) -> dict[int, tuple[str, str]]:
        """Reference and alternate of the alleles whose keys are hashes, by ordinal."""
        hashed = (self._fields.alleles & 1).nonzero()[0].tolist()
        lines = self._texts.decode().split("\n") if hashed else []
        pairs = (line.partition("\t") for line in lines)
        return {o: (r, a) for o, (r, _, a) in zip(hashed, pairs, strict=True)}

    @cached_property
    def identities(self) -> list[Identity]:
        """What each allele is."""
        ends = dict(zip(self._fields.long.tolist(), self._fields.ends.tolist()))  # noqa: B905
        found = []
        for ordinal, key in enumerate(self.keys.tolist()):
            place = decode(key)
            spelled = (place.reference or "", place.alternate or "")
            reference, alternate = self.texts.get(ordinal, spelled)
            end = ends.get(ordinal, place.start + _length_of(reference))
            found.append(Identity(place.start, end, reference, alternate))
        return found

    @cached_property
    def ordinal_of(self) -> dict[Identity, int]:
        """Where each allele stands; of one that stands twice, the later place."""
        return {identity: o for o, identity in enumerate(self.identities)}

    def find(self, identity: Identity) -> int | None:
        """Return where an allele stands, ``None`` where it does not."""
        start, _, reference, alternate = identity
        if (reference + alternate).isalpha() or not alternate:
            key = encode(self.rank, start, reference, alternate)
            if not key & 1:
                there = (self.keys == key).nonzero()[0]
                return int(there[-1]) if len(there) else None
        return self.ordinal_of.get(identity)

    @property
    def is_plain(self) -> bool:
        """Whether certainly no allele stands twice in it."""
        return len(np.unique(self.keys)) == len(self)

    def standing(self, person: int) -> Ints:
        """Return the share of one person for every allele, as indexes."""
        found = self.usual.copy()
        mine = self.people == person
        found[self.ordinals[mine]] = self.shares_of_people[mine]
        if self._dense and person >> self._place.bits == 0:
            sets = self._sets_of(person)
            found[self._fields.dense_ordinals[sets]] = self._fields.dense_shares[sets]
        return found

    def _probe(self, person: int) -> BitMap:
        """Return the values that stand for a person in any set."""
        step = 1 << self._place.bits
        return BitMap(range(person, len(self._fields.dense_shares) * step, step))

    def _sets_of(self, person: int) -> Ints:
        """Return the sets of many people that hold a person."""
        found = (self.bitmap & self._probe(person)).to_array()
        return np.asarray(found, dtype=np.int64) >> self._place.bits

    def shares(self, ordinal: int, of: Collection[int] | None = None) -> Shares:
        """Return the shares of one allele.

        Args:
            ordinal: where it stands.
            of: people whose shares are needed, others are left unnamed; ``None``: all.
        """
        fields, table = self._fields, self.table
        found: dict[int, list[int]] = {}
        low, high = np.searchsorted(fields.ordinals, (ordinal, ordinal + 1)).tolist()
        shares, people = fields.shares[low:high], fields.people[low:high]
        for share, person in zip(shares.tolist(), people.tolist(), strict=True):
            if of is None or person in of:
                found.setdefault(share, []).append(person)
        for number in (fields.dense_ordinals == ordinal).nonzero()[0].tolist():
            who = self._people_of(number) if of is None else self._those_in(number, of)
            if who:
                found[int(fields.dense_shares[number])] = who
        others = tuple((table[s], who) for s, who in found.items())
        usual = table[int(fields.usual[ordinal])]
        return Shares(usual, others, self.otherwise.get(ordinal))

    def _people_of(self, number: int) -> list[int]:
        """Return the people of one set of many, ascending."""
        first = number << self._place.bits
        whole = BitMap(range(first, first + (1 << self._place.bits)))
        found = np.asarray((self.bitmap & whole).to_array(), dtype=np.int64)
        people: list[int] = (found - first).tolist()
        return people

    def _those_in(self, number: int, people: Collection[int]) -> list[int]:
        """Return those of some people who are in one set of many, ascending."""
        bits = self._place.bits
        return [
            person
            for person in sorted(people)
            if person >> bits == 0 and number << bits | person in self.bitmap
        ]

    @cached_property
    def place_of_row(self) -> dict[RowName, int]:
        """Where the allele of each row stands, by ``row_name``; the later place."""
        plain = ((self._fields.alleles & 1) == 0).nonzero()[0]
        found: dict[RowName, int]
        found = dict(zip(self.keys[plain].tolist(), plain.tolist(), strict=True))
        for ordinal, (reference, alternate) in self.texts.items():
            row = self.long_rows.get(ordinal)
            if row is None:
                start = start_of(int(self.keys[ordinal]))
                found[start, reference, alternate] = ordinal
            else:
                found[row] = ordinal
        return found

    def sums_at(self, ordinal: int, chosen: Chosen) -> Ints:
        """Return what chosen people add to one allele, shape ``(width, 5)``."""
        fields, usual = self._fields, self.values[int(self.usual[ordinal])]
        found: Ints = usual[None, :] * chosen.sizes[:, None]
        low, high = np.searchsorted(fields.ordinals, (ordinal, ordinal + 1)).tolist()
        if low < high:
            columns = chosen.column_of[fields.people[low:high]]
            steps = self.values[fields.shares[low:high]] - usual
            is_one = columns >= 0
            np.add.at(found, columns[is_one], steps[is_one])
        for number in (fields.dense_ordinals == ordinal).nonzero()[0].tolist():
            self._add_many(found, number, usual, chosen)
        return found

    def add_many(self, found: Ints, chosen: Chosen) -> None:
        """Add what chosen people of sets of many add to all alleles, in place."""
        for number, ordinal in enumerate(self._fields.dense_ordinals.tolist()):
            usual = self.values[int(self.usual[ordinal])]
            self._add_many(found[ordinal], number, usual, chosen)

    def _add_many(self, found: Ints, number: int, usual: Ints, chosen: Chosen) -> None:
        """Add what chosen people of one set of many add to its allele."""
        step = self.values[int(self._fields.dense_shares[number])] - usual
        for column, people in chosen.by_column.items():
            there = self._those_of(number, people)
            found[column] += step * self.bitmap.intersection_cardinality(there)

    def _those_of(self, number: int, people: BitMap) -> BitMap:
        """Return the values that stand for people in one set of many."""
        bits = self._place.bits
        if people and people.max() >> bits:
            people = people & BitMap(range(1 << bits))
        return people.shift(number << bits)

    def carriers_at(self, ordinal: int, among: BitMap) -> BitMap:
        """Return who of some people carries one allele."""
        carries = self.values[:, 0] > 0
        if carries[int(self.usual[ordinal])]:
            return among - self._named_at(ordinal, ~carries)
        return among & self._named_at(ordinal, carries)

    def carriers_of(self, ordinals: Sequence[int], among: BitMap) -> BitMap:
        """Return who of some people carries any of some alleles."""
        fields, carries = self._fields, self.values[:, 0] > 0
        is_asked = np.zeros(len(self), dtype=np.bool_)
        is_asked[list(ordinals)] = True
        mine = is_asked[fields.ordinals] & carries[fields.shares]
        found = BitMap(array("I", fields.people[mine].tobytes()))
        sets = is_asked[fields.dense_ordinals] & carries[fields.dense_shares]
        for number in sets.nonzero()[0].tolist():
            found |= self._set(number)
        for ordinal in (is_asked & carries[self.usual]).nonzero()[0].tolist():
            found |= self.carriers_at(ordinal, among)
        return among & found

    def _set(self, number: int) -> BitMap:
        """Return the people of one set of many."""
        first, bits = number << self._place.bits, self._place.bits
        here = BitMap(range(first, first + (1 << bits)))
        return (self.bitmap & here).shift(-first)

    def may_be_carried(self, chosen: Chosen) -> Ints:
        """Return which alleles chosen people may carry, ascending; no other one.

        An allele that most people carry is always among them.
        """
        carries = self.values[:, 0] > 0
        mine = chosen.mask[self.people] & carries[self.shares_of_people]
        found = [self.ordinals[mine].astype(np.int64)]
        if carries.any():
            found.append(carries[self.usual].nonzero()[0])
        many = carries[self._fields.dense_shares].nonzero()[0]
        found.append(
            np.array(
                [
                    self._fields.dense_ordinals[number]
                    for number in many.tolist()
                    if self.bitmap.intersect(self._those_of(number, chosen.people))
                ],
                dtype=np.int64,
            )
        )
        return np.unique(np.concatenate(found))

    def _named_at(self, ordinal: int, wanted: NDArray[np.bool_]) -> BitMap:
        """Return who is named at an allele with one of some shares."""
        fields = self._fields
        low, high = np.searchsorted(fields.ordinals, (ordinal, ordinal + 1)).tolist()
        people = fields.people[low:high][wanted[fields.shares[low:high]]]
        found = BitMap(people.tolist())
        mine = (fields.dense_ordinals == ordinal) & wanted[fields.dense_shares]
        for number in mine.nonzero()[0].tolist():
            found |= self._set(number)
        return found

    def sums(self, column_of: Ints, width: int) -> Ints:
        """Return what people add together, shape ``(alleles, width, 5)``.

        Args:
            column_of: for every person of the part the column they are summed in,
                -1 for who is left out.
            width: how many columns there are.
        """
        sizes = np.bincount(column_of[column_of >= 0], minlength=width)
        usual = self.values[self.usual]
        found = usual[:, None, :] * sizes[None, :, None]
        for ordinals, people, shares in (self._few(), self._many()):
            columns = column_of[people]
            kept = columns >= 0
            ordinals, columns, shares = ordinals[kept], columns[kept], shares[kept]
            steps = self.values[shares] - usual[ordinals]
            flat = ordinals * width + columns
            for field in range(_WIDTH):
                total = np.bincount(flat, steps[:, field], len(self) * width)
                found[:, :, field] += total.astype(np.int64).reshape(-1, width)
        return found

    def _few(self) -> tuple[Ints, Ints, Ints]:
        ordinals = self.ordinals.astype(np.int64)
        return ordinals, self.people.astype(np.int64), self.shares_of_people

    def _many(self) -> tuple[Ints, Ints, Ints]:
        """Return the members of all sets of many people: allele, person, share."""
        values = np.asarray(self.bitmap.to_array(), dtype=np.int64)
        sets = values >> self._place.bits
        people = values & ((1 << self._place.bits) - 1)
        ordinals = self._fields.dense_ordinals.astype(np.int64)
        return ordinals[sets], people, self._fields.dense_shares[sets]

    def without(self, people: Collection[int]) -> bytes | None:
        """Return the block after some people were erased, ``None`` if none is named.

        They read as everybody else from then on: whoever counts people must leave
        out those without a name.
        """
        fields = self._fields
        gone = np.isin(fields.people, np.fromiter(people, np.int64))
        bitmap = BitMap(self.bitmap)
        for person in people:
            if person >> self._place.bits == 0:
                bitmap -= self._probe(person)
        if not gone.any() and len(bitmap) == len(self.bitmap):
            return None
        kept = fields._replace(
            people=fields.people[~gone],
            ordinals=fields.ordinals[~gone],
            shares=fields.shares[~gone],
        )
        dense = _serialized(bitmap) if self._dense else b""
        tail = _Tail(self._rows, dense, self._texts, self.otherwise)
        return _write(self._place, kept, tail)
