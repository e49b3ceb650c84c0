"""Frequencies of the populations of one dataset in one picture: dots and intervals.

All are on one logarithmic axis, as far down as it is needed, so that what differs is
seen at once.  The table below the picture has its numbers.
"""

from __future__ import annotations

from math import floor, log10
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from beacon.page.verdict import Frequency, Population

MOST: Final = 40
"""Populations that are drawn; the table has all."""
_ROW: Final = 24
_NAMES: Final = 26.0
"""Per cent of the width that names take."""
_LETTERS: Final = 12
_END: Final = 3.0
_FEWEST_DECADES: Final = 2
_MOST_DECADES: Final = 6


def drawn_of(populations: Sequence[Population]) -> list[Population]:
    """Return the populations that are drawn: those of both sexes, with a frequency.

    One alone is no comparison, so that it is not drawn.
    """
    told = [p for p in populations if p.frequency is not None and not p.is_of_a_sex]
    return told[:MOST] if len(told) > 1 else []


def decades_of(frequencies: Sequence[Frequency]) -> int:
    """Return how many decades below one the axis must reach."""
    ends = [one.share for one in frequencies]
    ends += [one.below for one in frequencies if one.below is not None]
    ends += [one.interval.low for one in frequencies if one.interval is not None]
    least = min((end for end in ends if end > 0), default=1.0)
    return min(max(-floor(log10(least)), _FEWEST_DECADES), _MOST_DECADES)


def populations_svg(
    populations: Sequence[Population],
    label: str,
    decimal: Callable[[float, int], str],
) -> Markup:
    """Return the picture; nothing where there are not two that can be drawn.

    Args:
        populations: of a dataset, in the order in which they are drawn.
        label: what is said of the picture to those who do not see it.
        decimal: writes a number as people read it, with so many digits.
    """
    told = drawn_of(populations)
    shown = [one.frequency for one in told if one.frequency is not None]
    if not shown:
        return Markup("")
    decades, bottom = decades_of(shown), _ROW * len(told) + 4
    drawn = [_grid(decades, bottom, decimal)]
    for at, (one, found) in enumerate(zip(told, shown, strict=True)):
        middle = at * _ROW + _ROW // 2
        kind = "dot" if found.is_exact and not one.is_few else "dot about"
        drawn.append(_name(one.label, middle) + _row(found, kind, middle, decades))
    return Markup(
        '<svg class="freq-groups" role="img" aria-label="{}" width="100%" height="{}">'
        "{}</svg>"
    ).format(label, bottom + 20, Markup("").join(drawn))


def _place(share: float, decades: int) -> str:
    """Return where a frequency is drawn, in per cent of the width."""
    low = 10.0**-decades
    part = (log10(min(max(share, low), 1.0)) + decades) / decades
    return f"{_NAMES + (100 - _NAMES - _END) * part:.3f}"


def _grid(decades: int, bottom: int, decimal: Callable[[float, int], str]) -> Markup:
    """Return a line for each decade, every other one with its number."""
    drawn = Markup("")
    for decade in range(decades + 1):
        at = _place(10.0**-decade, decades)
        drawn += Markup(
            '<line class="tick" x1="{0}%" x2="{0}%" y1="0" y2="{1}"/>'
        ).format(at, bottom)
        if decade % 2 == 0 or decades <= _FEWEST_DECADES:
            anchor = "end" if decade == 0 else "middle"
            drawn += Markup('<text x="{}%" y="{}" text-anchor="{}">{}</text>').format(
                at, bottom + 15, anchor, decimal(10.0**-decade, 1)
            )
    return drawn


def _name(label: str, middle: int) -> Markup:
    short = label if len(label) <= _LETTERS else f"{label[: _LETTERS - 1]}…"
    return Markup('<text class="name" x="0" y="{}">{}</text>').format(middle + 4, short)


def _row(found: Frequency, kind: str, middle: int, decades: int) -> Markup:
    """Return the interval and the dot of a frequency, or the bound of one not seen."""
    whisker = Markup('<line class="whisker" x1="{}%" x2="{}%" y1="{}" y2="{}"/>')
    if found.below is not None:
        end = _place(found.below, decades)
        return whisker.format(
            _place(0.0, decades), end, middle, middle
        ) + whisker.format(end, end, middle - 6, middle + 6)
    if not found.share:
        return Markup("")
    drawn = Markup("")
    if found.interval is not None:
        low, high = (_place(end, decades) for end in found.interval)
        drawn = whisker.format(low, high, middle, middle)
    return drawn + Markup('<circle class="{}" cx="{}%" cy="{}" r="4.5"/>').format(
        kind, _place(found.share, decades), middle
    )
