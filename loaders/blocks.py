"""A record that says "nothing else is here" → the stretch its calls hold for.

A gVCF names no allele where it found none: ALT is ``<NON_REF>``, ``<*>`` or
``.``, and INFO END (or FORMAT LEN) says how far.  A record that names alleles
beside one of the first two speaks for every other allele of its own bases, and
so does, between blocks, one that names only its own.
VCF 4.5, sections 1.6.1 (END), 1.6.2 (LEN) and 5.5.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from loaders.genotypes import Calls
    from loaders.roster import Roster
    from loaders.vcf import Site

    Ints = NDArray[np.int64]

UNSPECIFIED = frozenset(("<NON_REF>", "<*>", "<X>"))
_NO_ALLELE = UNSPECIFIED | {"*"}
_MOST_COPIES = 255
_END = re.compile(rb"(?:^|;)END=(\d{1,18})(?:;|$)")
_COPY_NUMBER = re.compile(rb"(?:^|;)(?:SVTYPE|SVLEN|CN)=")
_LENGTH = b"LEN"


class Block(NamedTuple):
    """People whose calls say that a stretch holds no other allele.

    ``people`` and ``copies`` are one person and the called copies, or arrays of
    them with each person once.
    """

    start: int
    end: int
    people: int | Ints
    copies: int | NDArray[np.uint8]

    @property
    def weight(self) -> int:
        """What it weighs in memory, in calls."""
        return 1 if isinstance(self.copies, int) else len(self.copies) // 8


class Reach(NamedTuple):
    """How far the calls of a record hold for alleles that it does not name.

    Attributes:
        end: 0-based; of samples without a length of their own.
        lengths: bases by sample column (FORMAT LEN); ``None``: no length given.
    """

    end: int
    lengths: tuple[int | None, ...] | None = None

    @property
    def last(self) -> int:
        """The furthest end of any sample, as a length from the record's start."""
        return max((n for n in self.lengths or () if n is not None), default=0)


def tells_reach(line: bytes) -> bool:
    """Whether a data line says that nothing else is there, beyond a plain record."""
    columns = line.split(b"\t", 9)
    if len(columns) < 10 or not columns[1].isdigit():
        return False
    written = columns[4].decode("latin1")
    alternates = () if written == "." else tuple(written.split(","))
    reach = reach_of(0, columns[3].decode("latin1"), alternates, columns)
    if reach is None:
        return False
    is_longer = reach.end > int(columns[1][:18]) or reach.lengths is not None
    return bool(alternates) or (is_longer and _END.search(columns[7]) is not None)


def reach_of(
    start: int, reference: str, alternates: tuple[str, ...], columns: list[bytes]
) -> Reach | None:
    """Return how far a record's calls hold; ``None``: for its own alleles only.

    A segment of known copy number names no allele either, but says nothing of
    single bases.
    """
    if alternates and UNSPECIFIED.isdisjoint(alternates):
        return None
    form = columns[8].split(b":") if len(columns) > 9 else []
    own = start + len(reference)
    if alternates and _LENGTH in form:
        return Reach(own, _lengths(columns[9], form.index(_LENGTH)))
    if not _NO_ALLELE.issuperset(alternates):
        return Reach(own)
    end = _END.search(columns[7])
    if end is None:
        return Reach(own)
    if reference == "N" or b"CN" in form or _COPY_NUMBER.search(columns[7]):
        return None
    return Reach(int(end[1]))


def _lengths(cells: bytes, place: int) -> tuple[int | None, ...]:
    found = []
    for cell in cells.split(b"\t"):
        fields = cell.split(b":", place + 1)
        text = fields[place] if place < len(fields) else b"."
        found.append(int(text) if text.isdigit() and len(text) < 10 else None)
    return tuple(found)


def is_block(site: Site) -> bool:
    """Whether a record names no allele, and is there to say how far it looked."""
    if site.reach is None or not _NO_ALLELE.issuperset(site.alternates):
        return False
    is_longer = site.reach.end > site.start + len(site.reference)
    return is_longer or bool(site.alternates) or site.reach.lengths is not None


def blocks_of(site: Site, roster: Roster) -> Iterator[Block]:
    """Yield whom a record's calls count, and how far."""
    reach, calls = site.reach, site.calls
    if reach is None or calls is None or site.filters or site.is_skipped:
        return
    who = roster.person_of[site.file]
    if len(who) == 1 and reach.lengths is None:
        alone = _copies_alone(calls)
        if alone:
            yield Block(site.start, reach.end, int(who[0]), alone)
        return
    copies = called_copies(calls, len(who))
    for end, there in _by_end(site.start, reach, copies):
        people = who
        if not roster.is_plain[site.file]:
            people, there = _each_once(who, there)
        block = _block(site.start, end, people, there)
        if block is not None:
            yield block


def _by_end(start: int, reach: Reach, copies: Ints) -> Iterator[tuple[int, Ints]]:
    """Yield each end of a record's calls, with the copies that go so far."""
    if reach.lengths is None:
        yield reach.end, copies
        return
    ends = np.array(
        [reach.end if n is None else start + n for n in reach.lengths], dtype=np.int64
    )
    for end in np.unique(ends).tolist():
        yield end, np.where(ends == end, copies, 0)


def called_copies(calls: Calls, samples: int) -> Ints:
    """Return the called copies of every sample column."""
    copies = np.full(samples, 2, dtype=np.int64)
    if len(calls.cells):
        copies[calls.cells] = (calls.first >= 0).astype(np.int64) + (calls.second >= 0)
    for cell, call in calls.polyploid:
        copies[cell] = min(_MOST_COPIES, sum(a >= 0 for a in call))
    return copies


def _copies_alone(calls: Calls) -> int:
    """Return what ``called_copies`` says of the only sample."""
    if len(calls.cells):
        return int(calls.first[0] >= 0) + int(calls.second[0] >= 0)
    if calls.polyploid:
        return min(_MOST_COPIES, sum(a >= 0 for a in calls.polyploid[0][1]))
    return 2


def _block(start: int, end: int, who: Ints, copies: Ints) -> Block | None:
    """Return a block of everybody in a file: who is not called has 0 copies there.

    So all blocks of a file share one array of people.
    """
    if end <= start or not copies.any():
        return None
    return Block(start, end, who, copies.astype(np.uint8))


def _each_once(people: Ints, copies: Ints) -> tuple[Ints, Ints]:
    """Return people in order, each with the most copies any column of theirs has."""
    once, place = np.unique(people, return_inverse=True)
    most = np.zeros(len(once), dtype=np.int64)
    np.maximum.at(most, place, copies)
    return once, most
