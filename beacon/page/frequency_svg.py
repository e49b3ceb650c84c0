"""A frequency as a dot and a whisker on a logarithmic axis, drawn on the server.

Every picture has the same axis, from one in a million to all, so that rows that come
one after the other can be compared.  What it shows stands beside it as text.
"""

from __future__ import annotations

from math import log10
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from beacon.page.words import fixed

if TYPE_CHECKING:
    from collections.abc import Callable

    from beacon.page.verdict import Frequency

_DECADES: Final = 6
_LEAST: Final = 10.0**-_DECADES
_LABELLED: Final = ((1e-6, "start"), (1e-2, "middle"), (1.0, "end"))
_HEIGHT: Final = 22
_MIDDLE: Final = _HEIGHT // 2
_MARGIN: Final = 3.0
"""Per cent at either end, so that a dot at the end is whole."""


def place(share: float) -> float:
    """Return where a frequency is drawn, in per cent of the width."""
    if share <= _LEAST:
        return _MARGIN
    inner = 100 - 2 * _MARGIN
    return _MARGIN + inner * (min(log10(share), 0.0) + _DECADES) / _DECADES


def frequency_svg(found: Frequency) -> Markup:
    """Return the picture of a frequency; it is hidden from those who hear the text."""
    marks = Markup("").join(
        Markup('<line class="tick" x1="{0}%" x2="{0}%" y1="7" y2="15"/>').format(
            _at(10.0**-decade)
        )
        for decade in range(_DECADES + 1)
    )
    return Markup(
        '<svg class="freq" aria-hidden="true" width="100%" height="{}">'
        '<line class="base" x1="{}%" x2="{}%" y1="{}" y2="{}"/>{}{}</svg>'
    ).format(_HEIGHT, _at(_LEAST), _at(1.0), _MIDDLE, _MIDDLE, marks, _inside(found))


def _inside(found: Frequency) -> Markup:
    if found.below is not None:
        return Markup(
            '<line class="whisker" x1="{0}%" x2="{1}%" y1="11" y2="11"/>'
            '<line class="whisker" x1="{1}%" x2="{1}%" y1="5" y2="17"/>'
        ).format(_at(_LEAST), _at(found.below))
    if not found.share:
        return Markup("")
    drawn = Markup("")
    if found.interval is not None:
        drawn = Markup(
            '<line class="whisker" x1="{}%" x2="{}%" y1="11" y2="11"/>'
        ).format(_at(found.interval.low), _at(found.interval.high))
    kind = "dot" if found.is_exact else "dot about"
    return drawn + Markup('<circle class="{}" cx="{}%" cy="11" r="4.5"/>').format(
        kind, _at(found.share)
    )


def axis_svg(decimal: Callable[[float, int], str]) -> Markup:
    """Return the axis, with its numbers as people read them."""
    texts = Markup("").join(
        Markup('<text x="{}%" y="12" text-anchor="{}">{}</text>').format(
            _at(share), anchor, decimal(share, 1)
        )
        for share, anchor in _LABELLED
    )
    return Markup(
        '<svg class="freq-axis" aria-hidden="true" width="100%" height="16">{}</svg>'
    ).format(texts)


def _at(share: float) -> str:
    return fixed(place(share), 4)
