"""The INFO fields of many alleles, laid out side by side and cut to size at once.

Each value has a place of a fixed width in a table of bytes, a row an allele; what
places are too wide for their values are zeros, and those are left out in the end.
A law: the text is what ``Columns.joined`` gives, allele by allele.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from beacon.model.wording import Cells

    Numbers = NDArray[np.int64]
    Texts = NDArray[np.bytes_]

_FOUR = 10_000
_FIRST = np.arange(_FOUR).astype("S4")
"""Numbers of four digits at most, as they are written."""
_BEHIND = np.array([b"%04d" % n for n in range(_FOUR)])
"""The same where others stand before them."""
_AHEAD = np.array([b"", *(b"%d" % n for n in range(1, _FOUR))], "S4")
_NONE = b"."
_WIDEST = 16
_ZERO = b"\0"


class _Field(NamedTuple):
    """A field of the table: where its places begin, and how wide they are."""

    first: int
    width: int


class Table:
    """Lays out the values of alleles under one list of datasets.

    Args:
        names: of the fields.
        usual: what stands in each field for a dataset that counts nothing.
        widths: bytes that a value of each field takes at most.
    """

    def __init__(
        self,
        names: Sequence[str],
        usual: Sequence[Sequence[str]],
        widths: Sequence[int],
    ) -> None:
        self._datasets = len(usual[0])
        self._fields: list[_Field] = []
        text = b""
        for name, values, least in zip(names, usual, widths, strict=True):
            width = max(least, *map(len, values))
            text += (f";{name}=" if text else f"{name}=").encode()
            self._fields.append(_Field(len(text), width + 1))
            places = [value.encode().ljust(width, _ZERO) for value in values]
            text += b",".join(places) + _ZERO
        self._usual = np.frombuffer(text + b"\n", np.uint8)

    def lines(self, cells: Cells, values: Sequence[Texts]) -> list[str]:
        """Return the fields of each allele as one text.

        Args:
            cells: which alleles and datasets values are of.
            values: of each field; none is wider than it may be.
        """
        whole = np.tile(self._usual, (cells.size, 1))
        where = cells.alleles, cells.datasets
        alleles, datasets = (np.asarray(numbers, np.int64) for numbers in where)
        for (first, width), texts in zip(self._fields, values, strict=True):
            places = whole[:, first : first + self._datasets * width]
            places = places.reshape(cells.size, self._datasets, width, copy=False)
            wide = texts.astype(f"S{width - 1}", copy=False)
            spelled = np.ascontiguousarray(wide).view(np.uint8)
            places[alleles, datasets, : width - 1] = spelled.reshape(-1, width - 1)
        text = whole.tobytes().translate(None, _ZERO).decode("ascii")
        return text.split("\n")[:-1]


def spelled(numbers: Sequence[int]) -> Texts:
    """Return numbers as they are written; of what is not told a dot."""
    values = np.asarray(numbers, np.int64)
    if len(values) and values.max() >= _FOUR * _FOUR:
        return np.where(values < 0, _NONE, values.astype(f"S{_WIDEST}"))
    ahead, behind = np.divmod(np.maximum(values, 0), _FOUR)
    texts = np.empty((len(values), 2), "S4")
    texts[:, 0] = np.where(values < 0, _NONE, _AHEAD[ahead])
    texts[:, 1] = np.where(ahead > 0, _BEHIND[behind], _FIRST[behind])
    texts[values < 0, 1] = b""
    # Eight bytes, with zeros where a number has less than eight digits.
    return texts.view("S8")[:, 0]


def frequencies(ac: Sequence[int], an: Sequence[int]) -> Texts:
    """Return AC / AN as it is written; a dot where there is none."""
    copies, called = np.asarray(ac, np.int64), np.asarray(an, np.int64)
    quotients = copies / np.maximum(called, 1)
    texts = np.array([b"%.6g" % quotient for quotient in quotients.tolist()], "S13")
    return np.where(called > 0, texts, _NONE)
