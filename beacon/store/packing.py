"""A row's counts ↔ a few bytes.  Pure, and a law: ``unpack(pack(x)) == x``.

    flags | structure? | filters? | untold columns? | AN? | carriers?

Numbers are varints (7 bits a byte, least significant first).  AN is kept as the
columns' differences from the layout's baseline (zigzag), carriers as gaps
between their columns.  ``het`` is kept as what is left of AC, so that the usual
carrier, one heterozygote, is two bytes.  The first byte alone says whether the
row makes its allele exist.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from beacon.model.counts import AlleleCounts, Carriers, Group, Tally, group_counts
from beacon.model.structure import Structure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from beacon.model.counts import Layout

EXISTS = 0x01
_HAS_AN = 0x02
_HAS_AC = 0x04
_HAS_PEOPLE = 0x08
_HAS_SOME_PEOPLE = 0x10
FILTERED = 0x20
_HAS_UNTOLD = 0x40
_HAS_STRUCTURE = 0x80
_STRUCTURE_NUMBERS = 7
_INVOLVED = FILTERED | _HAS_SOME_PEOPLE | _HAS_UNTOLD | _HAS_STRUCTURE
"""What few rows hold; they are unpacked before they are counted."""

PLAIN = EXISTS | _HAS_AC
PLAIN_MEANS = PLAIN | _INVOLVED
"""A row whose flags are ``PLAIN`` among these is of carriers, and of nothing else."""
WITH_AN, WITH_PEOPLE = _HAS_AN, _HAS_PEOPLE

_ALL_EQUAL = b"\0"
_DENSE = b"\1"
_SPARSE_FROM = 2


def _write_varint(number: int) -> bytes:
    """Return any number from 0 as a varint.

    Raises:
        ValueError: for a negative number.
    """
    if number < 0:
        message = f"{number} is negative"
        raise ValueError(message)
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


_COMMON = tuple(_write_varint(n) for n in range(1 << 14))
_large = lru_cache(maxsize=1 << 14)(_write_varint)
"""AN above the table's numbers is mostly one of few."""


def varint(number: int) -> bytes:
    """Return a number from 0 as a varint, a small one from the table."""
    if 0 <= number < 1 << 14:
        return _COMMON[number]
    return _large(number)


def pack(
    tally: Tally,
    filters: Sequence[str],
    layout: Layout,
    structure: Structure | None = None,
) -> bytes:
    """Return the bytes that keep a tally, its filters and its structure.

    Raises:
        ValueError: for a negative number, an AC above its AN, people who carry
            more than AC copies, columns out of order, or AN of other columns.
    """
    an, carriers, untold = tally
    flags = 0
    parts = [b""]
    if structure is not None:
        flags |= _HAS_STRUCTURE
        parts.append(_write_structure(structure))
    if filters:
        flags |= FILTERED
        parts.append(_write_words(filters))
    elif carriers is None or carriers:
        flags |= EXISTS
    if untold:
        flags |= _HAS_UNTOLD
        parts.append(_write_columns(untold))
    if an is not None:
        flags |= _HAS_AN
        same = an == layout.baseline
        parts.append(_ALL_EQUAL if same else _write_an(an, layout.baseline))
    if carriers is not None:
        flags |= _HAS_AC
        kind = _people_flag(carriers)
        flags |= kind
        parts.append(varint(len(carriers)))
        _WRITERS[kind](parts, carriers)
        if an is not None:
            _check(carriers, an)
    parts[0] = bytes((flags,))
    return b"".join(parts)


def _write_structure(structure: Structure) -> bytes:
    start, end, length, is_imprecise = structure
    numbers = (-start[0], start[1], -end[0], end[1], -length[0], length[1])
    return b"".join(map(varint, (*numbers, int(is_imprecise))))


def structure_of(blob: bytes) -> Structure | None:
    """Return the structure that ``pack`` was given."""
    if not blob[0] & _HAS_STRUCTURE:
        return None
    numbers, at = [], 1
    for _ in range(_STRUCTURE_NUMBERS):
        number, at = _read_varint(blob, at)
        numbers.append(number)
    a, b, c, d, e, f, is_imprecise = numbers
    return Structure((-a, b), (-c, d), (-e, f), bool(is_imprecise))


def _behind_structure(blob: bytes) -> int:
    """Return where what follows a structure begins."""
    at = 1
    for _ in range(_STRUCTURE_NUMBERS if blob[0] & _HAS_STRUCTURE else 0):
        _, at = _read_varint(blob, at)
    return at


def _check(carriers: Sequence[Carriers], an: tuple[int, ...]) -> None:
    for carrier in carriers:
        if carrier.ac > an[carrier.column]:
            message = f"AC exceeds AN {an} in {carrier}"
            raise ValueError(message)


def _people_flag(carriers: Sequence[Carriers]) -> int:
    """Return whether all, some or none of the people counts are known."""
    every, some = bool(carriers), False
    for _, _, hom, het, hemi in carriers:
        if hom is None or het is None or hemi is None:
            every = False
            some = some or not (hom is het is hemi)
        else:
            some = True
    if every:
        return _HAS_PEOPLE
    return _HAS_SOME_PEOPLE if some else 0


def _write_words(words: Sequence[str]) -> bytes:
    parts = [varint(len(words))]
    for word in words:
        text = word.encode()
        parts += (varint(len(text)), text)
    return b"".join(parts)


def _write_columns(columns: Sequence[int]) -> bytes:
    parts = [varint(len(columns))]
    last = -1
    for column in columns:
        parts.append(varint(column - last - 1))
        last = column
    return b"".join(parts)


def _write_an(an: tuple[int, ...], baseline: tuple[int, ...]) -> bytes:
    """Write AN as differences: of every column, or of the few that differ."""
    if len(an) != len(baseline) or min(an) < 0:
        message = f"AN {an} does not fit the columns {baseline}"
        raise ValueError(message)
    if len(an) == 1:
        step = an[0] - baseline[0]
        return _DENSE + varint(step << 1 if step >= 0 else ~(step << 1))
    steps = [a - b for a, b in zip(an, baseline, strict=True)]
    steps = [s << 1 if s >= 0 else ~(s << 1) for s in steps]
    changed = [c for c, s in enumerate(steps) if s]
    if 2 * len(changed) >= len(steps):
        return _DENSE + b"".join(map(varint, steps))
    parts = [varint(len(changed) + _SPARSE_FROM - 1)]
    last = -1
    for column in changed:
        parts += (varint(column - last - 1), varint(steps[column]))
        last = column
    return b"".join(parts)


def _write_with_people(parts: list[bytes], carriers: Sequence[Carriers]) -> None:
    last = -1
    for column, ac, hom, het, hemi in carriers:
        if hom is None or het is None or hemi is None:
            message = "a carrier's people are not known"
            raise ValueError(message)
        parts.append(varint(column - last - 1))
        last = column
        if het == ac and not hom and not hemi:
            parts.append(varint(ac << 1))
            continue
        rest = ac - 2 * hom - hemi - het
        parts += (varint(ac << 1 | 1), varint(hom), varint(hemi), varint(rest))


def _write_with_some_people(parts: list[bytes], carriers: Sequence[Carriers]) -> None:
    last = -1
    for column, ac, hom, het, hemi in carriers:
        known = (hom is not None) | (het is not None) << 1 | (hemi is not None) << 2
        parts += (varint(column - last - 1), varint(ac), _COMMON[known])
        last = column
        if hom is not None:
            parts.append(varint(hom))
        if het is not None:
            parts.append(varint(het))
        if hemi is not None:
            parts.append(varint(hemi))


def _write_without_people(parts: list[bytes], carriers: Sequence[Carriers]) -> None:
    last = -1
    for carrier in carriers:
        parts += (varint(carrier.column - last - 1), varint(carrier.ac))
        last = carrier.column


_WRITERS = {
    _HAS_PEOPLE: _write_with_people,
    _HAS_SOME_PEOPLE: _write_with_some_people,
    0: _write_without_people,
}


def exists(blob: bytes) -> bool:
    """Whether a row makes its allele exist: carried, or listed without counts."""
    return bool(blob[0] & EXISTS)


def is_filtered(blob: bytes) -> bool:
    """Whether a row failed its filters, or was skipped."""
    return bool(blob[0] & FILTERED)


def is_listed(blob: bytes) -> bool:
    """Whether a row lists its allele without saying how many copies there are."""
    return not blob[0] & _HAS_AC


def is_bare_of_details(blob: bytes) -> bool:
    """Whether a row holds counts, and neither filters nor a structure."""
    return blob[0] & (_HAS_AC | FILTERED | _HAS_STRUCTURE) == _HAS_AC


def unpack(blob: bytes, layout: Layout) -> tuple[Tally, tuple[str, ...]]:
    """Return the tally and the filters that ``pack`` was given."""
    flags = blob[0]
    filters: tuple[str, ...] = ()
    an: tuple[int, ...] | None = None
    carriers: tuple[Carriers, ...] | None = None
    at = _behind_structure(blob) if flags & _HAS_STRUCTURE else 1
    if flags & FILTERED:
        filters, at = _read_words(blob, at)
    numbers = read_varints(blob, at)
    untold = _read_columns(numbers) if flags & _HAS_UNTOLD else ()
    if flags & _HAS_AN:
        an = _read_an(numbers, layout.baseline)
    if flags & _HAS_AC:
        read = _READERS[flags & (_HAS_PEOPLE | _HAS_SOME_PEOPLE)]
        carriers = tuple(read(numbers, next(numbers)))
    return Tally(an, carriers, untold), filters


def everybody(blob: bytes, layout: Layout) -> AlleleCounts:
    """Return the counts of all columns together, as ``group_counts`` gives them."""
    flags = blob[0]
    if flags & _INVOLVED:
        every = Group(label="", columns=tuple(range(len(layout.baseline))))
        return group_counts(unpack(blob, layout)[0], every)
    an, at = None, 1
    if flags & _HAS_AN:
        an, at = _called_first(blob, layout.baseline)
    if not flags & _HAS_AC:
        return AlleleCounts(ac=None, an=an)
    ac, hom, het, hemi = _carried(blob[at:], flags & _HAS_PEOPLE)
    return AlleleCounts(ac=ac, an=an, hom=hom, het=het, hemi=hemi)


def _called_first(blob: bytes, baseline: tuple[int, ...]) -> tuple[int, int]:
    """Return AN of all columns, and the byte at which what follows begins."""
    kind = blob[1]
    if kind == 0:
        return sum(baseline), 2
    if len(baseline) > 1:
        an, numbers = _called(_numbers(blob), baseline)
        return an, _behind(blob, numbers)
    end = 2
    while blob[end] > 0x7F:
        end += 1
    return baseline[0] + _step(blob[2 : end + 1]), end + 1


def _behind(blob: bytes, numbers: int) -> int:
    """Return the byte behind so many numbers."""
    at = 0
    while numbers:
        at += 1
        numbers -= blob[at] < 0x80
    return at + 1


@lru_cache(maxsize=1 << 13)
def _step(number: bytes) -> int:
    """Return a step, of which rows of one AN hold the same."""
    return unzigzag(_read_varint(number, 0)[0])


_Carried = tuple[int, int | None, int | None, int | None]


@lru_cache(maxsize=1 << 14)
def _carried(rest: bytes, has_people: int) -> _Carried:
    """Return AC, hom, het and hemi of all columns, by what stands behind AN.

    Rows of whatever AN hold the same few of it.
    """
    numbers = _numbers(b"\0" + rest)
    count = numbers[0]
    if has_people:
        return _people(numbers, 1, count)
    people = None if count else 0
    return sum(numbers[2::2]), people, people, people


def called(blob: bytes, layout: Layout) -> int | None:
    """Return AN of all columns together; ``None`` where it is not known."""
    if blob[0] & _INVOLVED:
        an = unpack(blob, layout)[0].an
        return None if an is None else sum(an)
    if not blob[0] & _HAS_AN:
        return None
    return _called(_numbers(blob), layout.baseline)[0]


def _called(numbers: Sequence[int], baseline: tuple[int, ...]) -> tuple[int, int]:
    """Return AN of all columns, and where what follows begins."""
    kind = numbers[0]
    if kind == 0:
        return sum(baseline), 1
    if len(baseline) == 1:
        return baseline[0] + unzigzag(numbers[1]), 2
    if kind == 1:
        at = 1 + len(baseline)
        steps = numbers[1:at]
    else:
        at = 1 + 2 * (kind - _SPARSE_FROM + 1)
        steps = numbers[2:at:2]
    return sum(baseline) + sum(map(unzigzag, steps)), at


def _people(numbers: Sequence[int], at: int, count: int) -> tuple[int, int, int, int]:
    """Return AC, hom, het and hemi of so many columns together."""
    copies = homs = hets = hemis = 0
    for _ in range(count):
        ac = numbers[at + 1] >> 1
        copies += ac
        if not numbers[at + 1] & 1:
            hets += ac
            at += 2
            continue
        hom, hemi, rest = numbers[at + 2 : at + 5]
        homs += hom
        hets += ac - 2 * hom - hemi - rest
        hemis += hemi
        at += 5
    return copies, homs, hets, hemis


def _numbers(blob: bytes) -> Sequence[int]:
    """Return the numbers of a row without filters or structure."""
    body = blob[1:]
    if body.isascii():
        return body  # each a byte
    numbers: list[int] = []
    number = shift = 0
    for byte in body:
        if byte < 0x80:
            numbers.append(number | byte << shift)
            number = shift = 0
        else:
            number |= (byte & 0x7F) << shift
            shift += 7
    return numbers


def read_varints(blob: bytes, at: int) -> Iterator[int]:
    """Yield the numbers that begin at byte ``at``."""
    number = shift = 0
    for byte in blob[at:]:
        if byte < 0x80 and not shift:
            yield byte
            continue
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield number
            number = shift = 0


def _read_words(blob: bytes, at: int) -> tuple[tuple[str, ...], int]:
    count, at = _read_varint(blob, at)
    words = []
    for _ in range(count):
        size, at = _read_varint(blob, at)
        words.append(blob[at : at + size].decode())
        at += size
    return tuple(words), at


def _read_varint(blob: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = blob[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, at


def _read_columns(numbers: Iterator[int]) -> tuple[int, ...]:
    columns = []
    column = -1
    for _ in range(next(numbers)):
        column += next(numbers) + 1
        columns.append(column)
    return tuple(columns)


def _read_an(numbers: Iterator[int], baseline: tuple[int, ...]) -> tuple[int, ...]:
    kind = next(numbers)
    if kind == 0:
        return baseline
    if kind == 1:
        return tuple(b + unzigzag(next(numbers)) for b in baseline)
    an = list(baseline)
    column = -1
    for _ in range(kind - _SPARSE_FROM + 1):
        column += next(numbers) + 1
        an[column] += unzigzag(next(numbers))
    return tuple(an)


def unzigzag(step: int) -> int:
    """Return the step, of either sign, that was written as a varint."""
    return step >> 1 if not step & 1 else ~(step >> 1)


def _read_with_people(numbers: Iterator[int], count: int) -> Iterator[Carriers]:
    column = -1
    for _ in range(count):
        column += next(numbers) + 1
        ac = next(numbers)
        if not ac & 1:
            yield Carriers(column, ac >> 1, 0, ac >> 1, 0)
            continue
        ac >>= 1
        hom, hemi = next(numbers), next(numbers)
        yield Carriers(column, ac, hom, ac - 2 * hom - hemi - next(numbers), hemi)


def _read_with_some_people(numbers: Iterator[int], count: int) -> Iterator[Carriers]:
    column = -1
    for _ in range(count):
        column += next(numbers) + 1
        ac, known = next(numbers), next(numbers)
        hom, het, hemi = (
            next(numbers) if known >> bit & 1 else None for bit in range(3)
        )
        yield Carriers(column, ac, hom, het, hemi)


def _read_without_people(numbers: Iterator[int], count: int) -> Iterator[Carriers]:
    column = -1
    for _ in range(count):
        column += next(numbers) + 1
        yield Carriers(column, next(numbers), None, None, None)


_READERS = {
    _HAS_PEOPLE: _read_with_people,
    _HAS_SOME_PEOPLE: _read_with_some_people,
    0: _read_without_people,
}
