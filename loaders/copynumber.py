"""Copy numbers → calls, for samples whose genotype is missing.

Array and depth callers say how many copies a sample has, not which chromosome
lacks or repeats what.  A deletion or duplication is called from that number
alone; a called genotype always wins over it.  How many copies are expected, only
sex, contig and pseudo-autosomal regions tell: where sex is not known, there is a
call only of what holds for either, else none, never a "no".
VCF 4.2 to 4.5, section 1.6.2 (CN) and 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.dialects import Written, info_fields, is_structural, understand
from beacon.model.structure import Named, described
from loaders.genotypes import ABSENT, MISSING, Calls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beacon.model.genome import Contig

_NO_CALL = (MISSING, MISSING)
_EITHER = (MISSING, MISSING - 10)
"""Somebody carries one of several ALTs."""
_NEAR = 0.25
"""How far a measured number may be from a whole one; others are mosaics, not calls."""
_FORMAT = b"CN"


class CopyNumbers:
    """The copy numbers of one file's samples, read as calls.

    Args:
        sexes: ``M``, ``F`` or ``None`` of each sample, in column order.
        is_alone: whether the file is of one sample, and INFO speaks of it.
    """

    def __init__(self, sexes: Sequence[str | None], *, is_alone: bool) -> None:
        self._sexes = sexes
        self._is_alone = is_alone and bool(sexes)

    def calls(
        self,
        line: bytes,
        calls: Calls | None,
        contig: Contig,
        alternates: Sequence[str],
    ) -> Calls | None:
        """Return a record's calls, those that are missing taken from copy numbers.

        Args:
            line: the whole data line.
            calls: what its genotypes say; ``None`` where it has none.
            contig: where it is.
            alternates: its ALTs, as written.
        """
        missing = _missing(calls, len(self._sexes))
        columns = line.split(b"\t")
        numbers = self._numbers(columns) if missing else None
        if numbers is None:
            return calls
        effect = _effect(contig, columns, alternates)
        if effect is None:
            return calls
        found: dict[int, tuple[int, int]] = {}
        unclear: set[int] = set()
        for cell in missing:
            number = numbers[cell]
            if number is None:
                continue
            usual = _possible(number, self._expected(cell, contig, columns))
            found[cell] = _call(number, usual, effect)
            if found[cell] == _EITHER:
                found[cell] = _NO_CALL
                unclear.update(effect.choices(number, usual[0]))
        if calls is None and not found and _FORMAT not in columns[8].split(b":"):
            return None
        return _with(calls, found, len(self._sexes), frozenset(unclear))

    def _numbers(self, columns: list[bytes]) -> list[int | None] | None:
        """Return every sample's copy number; ``None`` where the record has none."""
        form = columns[8].split(b":")
        if _FORMAT in form:
            at = form.index(_FORMAT)
            fields = (cell.split(b":") for cell in columns[9:])
            return [_whole(f[at]) if at < len(f) else None for f in fields]
        if not self._is_alone:
            return None
        told = info_fields(columns[7].decode("latin1")).get("CN")
        return None if told is None else [_whole(told.encode("latin1"))]

    def _expected(
        self, cell: int, contig: Contig, columns: list[bytes]
    ) -> tuple[int, ...]:
        return expected_copies(contig, int(columns[1]) - 1, self._sexes[cell])


def expected_copies(contig: Contig, start: int, sex: str | None) -> tuple[int, ...]:
    """Return how many copies of a place a person usually has.

    Where sex is needed and not known, all that may be.
    """
    if contig.name == "MT":
        return (1,)
    if contig.name not in ("X", "Y"):
        return (2,)
    in_par = any(
        region.contig == contig and region.start <= start < region.end
        for region in ASSEMBLIES[contig.assembly].par
    )
    if contig.name == "X":
        if in_par or sex == "F":
            return (2,)
        return (1,) if sex == "M" else (1, 2)
    return {"M": (1,), "F": (0,)}.get(sex or "", (0, 1))


def _possible(number: int, expected: tuple[int, ...]) -> tuple[int, ...]:
    """Return what copies may be usual: of Y in one who has any, one."""
    if len(expected) > 1 and number:
        return tuple(usual for usual in expected if usual)
    return expected


def _whole(text: bytes) -> int | None:
    try:
        number = float(text)
    except ValueError:
        return None
    if not 0 <= number < 1 << 16 or abs(number - round(number)) > _NEAR:
        return None
    return round(number)


class _Effect:
    """Which of a record's ALTs a lower, and which a higher number of copies is."""

    def __init__(self) -> None:
        self.lost: list[int] = []
        self.gained: list[int] = []
        self.changed: list[int] = []

    def choices(self, number: int, expected: int) -> list[int]:
        """Return the ALTs of which one makes a number of copies."""
        if number == expected:
            return []
        return (self.lost if number < expected else self.gained) or self.changed


def _effect(
    contig: Contig, columns: list[bytes], alternates: Sequence[str]
) -> _Effect | None:
    """Return what copy numbers say of the ALTs; ``None`` where they say nothing.

    ALTs that are one allele are one choice, the first.
    """
    effect, info = _Effect(), info_fields(columns[7].decode("utf-8", "replace"))
    reference, pos = columns[3].decode("latin1"), int(columns[1])
    known: set[tuple[int, int, str]] = set()
    for number, alternate in enumerate(alternates):
        if not is_structural(alternate):
            return None
        written = Written(
            contig, pos, reference, alternate, info, number, len(alternates)
        )
        found = understand(written)
        said = None if isinstance(found, str) else described(found.alternate)
        if isinstance(found, str) or not isinstance(said, Named):
            return None
        if said.family not in ("DEL", "DUP", "CNV"):
            return None
        if found[:3] not in known:
            kinds = {"DEL": effect.lost, "DUP": effect.gained}
            kinds.get(said.direction or "", effect.changed).append(number + 1)
        known.add(found[:3])
    return effect


def _call(number: int, expected: tuple[int, ...], effect: _Effect) -> tuple[int, int]:
    """Return the call a copy number stands for, whichever number is usual.

    Where only the zygosity depends on that, a half call.
    """
    calls = {_call_of(number, usual, effect) for usual in expected}
    if len(calls) == 1:
        return calls.pop()
    carried = {first for first, _ in calls}
    return (carried.pop(), MISSING) if len(carried) == 1 else _NO_CALL


def _call_of(number: int, expected: int, effect: _Effect) -> tuple[int, int]:
    """Return the call a copy number stands for.

    A gain beyond one copy, and a change of a plain ``<CNV>``, is carried by at
    least one copy of a number not told: a half call.  Several ALTs that lose (or
    gain) are told apart by nobody: ``_EITHER``.
    """
    if not expected:
        return _NO_CALL
    choices = effect.choices(number, expected)
    if not choices:
        return _of(0, 0, expected)
    if len(choices) > 1:
        return _EITHER
    if choices is effect.lost:
        return _of(choices[0], 0 if number else choices[0], expected)
    if choices is effect.gained and number == expected + 1:
        return _of(choices[0], 0, expected)
    return choices[0], MISSING


def _of(first: int, second: int, expected: int) -> tuple[int, int]:
    return (first, ABSENT) if expected == 1 else (first, second)


def _missing(calls: Calls | None, samples: int) -> list[int]:
    """Return the samples without any call."""
    if calls is None:
        return list(range(samples))
    unknown = (calls.first == MISSING) & (
        (calls.second == MISSING) | (calls.second == ABSENT)
    )
    return [int(cell) for cell in calls.cells[unknown]]


def _with(
    calls: Calls | None,
    found: dict[int, tuple[int, int]],
    samples: int,
    unclear: frozenset[int],
) -> Calls:
    """Return calls with those found put in, as exceptions from ``0/0``."""
    known: dict[int, tuple[int, int]] = {}
    if calls is None:
        known = dict.fromkeys(range(samples), _NO_CALL)
    else:
        rows = zip(
            calls.cells.tolist(), calls.first.tolist(), calls.second.tolist(),
            strict=True,
        )  # fmt: skip
        known = {cell: (first, second) for cell, first, second in rows}
    known |= found
    cells = sorted(cell for cell, call in known.items() if call != (0, 0))
    first = [known[cell][0] for cell in cells]
    second = [known[cell][1] for cell in cells]
    return Calls(
        np.array(cells, dtype=np.int64),
        np.array(first, dtype=np.int64),
        np.array(second, dtype=np.int64),
        () if calls is None else calls.polyploid,
        unclear,
    )
