"""Plain charts as SVG, drawn on the server: bars, a histogram, tracks, dots.

Places are shares of the width, so that a chart fits any page; looks come by class
from ``charts.css``, and no meaning is in a colour alone.  A chart is named by a
label, and all its numbers stand in a table beside it.  Texts come written as people
read them.
"""

from __future__ import annotations

from math import log10
from typing import TYPE_CHECKING, Final, NamedTuple

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROW: Final = 38
_BAR: Final = 12
_TALL: Final = 168
_ABOVE: Final = 18
_BELOW: Final = 24
_TRACK: Final = 30
_STRIP: Final = 6
_GAP: Final = 3
_LEAST: Final = 1.5
"""What is there is seen: nothing is drawn smaller, in pixels of its height."""


class Bar(NamedTuple):
    """A bar that lies: what it is of, how long it is, and its number in words."""

    name: str
    value: int
    shown: str


def bars_svg(bars: Sequence[Bar], label: str, most: int | None = None) -> Markup:
    """Return bars below each other, each with its name and its number above it.

    Args:
        bars: at least one.
        label: what is said of them to those who do not see them.
        most: what a bar of the whole width stands for; ``None``: the largest.
    """
    most = most or max(bar.value for bar in bars) or 1
    drawn = Markup("").join(
        Markup(
            '<text x="0" y="{0}">{1}</text>'
            '<text class="value" x="100%" y="{0}" text-anchor="end">{2}</text>'
            '<rect class="ground" x="0" y="{3}" width="100%" height="{4}" rx="2"/>'
            '<rect class="bar" x="0" y="{3}" width="{5:.3f}%" height="{4}" rx="2"/>'
        ).format(
            at * _ROW + 14,
            bar.name,
            bar.shown,
            at * _ROW + 20,
            _BAR,
            max(100 * bar.value / most, 0.3 if bar.value else 0),
        )
        for at, bar in enumerate(bars)
    )
    return _svg("bars", _ROW * len(bars), label, drawn)


class Column(NamedTuple):
    """A column of a histogram: from which count to below which, and how many."""

    start: int
    end: int
    value: int
    title: str


def histogram_svg(
    columns: Sequence[Column], ticks: Sequence[tuple[int, str]], most: str, label: str
) -> Markup:
    """Return a histogram over a logarithmic axis of counts.

    Args:
        columns: in order; those of the value 0 are not drawn.
        ticks: counts that are written below the axis, with their texts.
        most: the largest value, in words.
        label: what is said of it to those who do not see it.
    """
    first, last = columns[0].start, columns[-1].end
    highest = max(column.value for column in columns) or 1
    bottom = _ABOVE + _TALL

    def place(count: int) -> float:
        share = log10(count / first) / log10(last / first)
        return 100 * min(max(share, 0.0), 1.0)

    drawn = [
        Markup(
            '<line class="grid" x1="0" x2="100%" y1="{0}" y2="{0}"/>'
            '<text x="100%" y="{1}" text-anchor="end">{2}</text>'
        ).format(_ABOVE, _ABOVE - 5, most)
    ]
    for column in columns:
        if column.value:
            left, right = place(column.start), place(column.end)
            height = max(_TALL * column.value / highest, _LEAST)
            drawn.append(
                Markup(
                    '<rect class="bar" x="{:.3f}%" y="{:.2f}" width="{:.3f}%" '
                    'height="{:.2f}"><title>{}</title></rect>'
                ).format(left, bottom - height, right - left, height, column.title)
            )
    drawn.append(
        Markup('<line class="axis" x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(bottom)
    )
    for number, (count, text) in enumerate(ticks):
        at = place(count)
        kind = "minor" if number % 2 and len(ticks) > _FEW else "major"
        anchor = "start" if at < _NEAR else "end" if at > 100 - _NEAR else "middle"
        drawn.append(
            Markup(
                '<line class="axis" x1="{0:.3f}%" x2="{0:.3f}%" y1="{1}" y2="{2}"/>'
                '<text class="{6}" x="{0:.3f}%" y="{3}" text-anchor="{4}">{5}</text>'
            ).format(at, bottom, bottom + 5, bottom + 19, anchor, text, kind)
        )
    return _svg("histogram", bottom + _BELOW, label, Markup("").join(drawn))


_NEAR: Final = 4.0
"""Per cent from an end within which a text is not centred."""
_FEW: Final = 4
"""Ticks that have room on any page; of more, every other one is minor."""


def decades(first: int, last: int) -> list[int]:
    """Return the powers of ten from one count to another, and the first of all."""
    found, power = [first], 1
    while power <= last:
        if power > first:
            found.append(power)
        power *= 10
    return found


class Track(NamedTuple):
    """What lies along a contig.

    Attributes:
        share: how long it is, of the longest.
        windows: how many windows it has; the last may be a part of one.
        values: of each window, as shares of the largest anywhere.
        covered: of each window, the share that is covered; ``None``: not declared.
    """

    share: float
    windows: float
    values: Sequence[float]
    covered: Sequence[float] | None


def track_svg(track: Track, label: str) -> Markup:
    """Return a contig: how much begins in each window, and below how much is covered.

    What is drawn is stretched to the width; it holds no text.
    """
    below = 0 if track.covered is None else _GAP + _STRIP
    drawn = Markup(
        '<path class="ground" d="M0 0H{0}V{1}H0Z"/><path class="bar" d="{2}"/>'
    ).format(
        _number(track.windows), _TRACK, _outline(track.values, track.windows, 0, _TRACK)
    )
    if track.covered is not None:
        top = _TRACK + _GAP
        drawn += Markup(
            '<path class="ground" d="M0 {0}H{1}V{2}H0Z"/>'
            '<path class="covered" d="{3}"/>'
        ).format(
            top,
            _number(track.windows),
            top + _STRIP,
            _outline(track.covered, track.windows, top, _STRIP),
        )
    height = _TRACK + below
    return Markup(
        '<svg class="chart contig" role="img" aria-label="{}" width="{:.3f}%" '
        'height="{}" viewBox="0 0 {} {}" preserveAspectRatio="none">{}</svg>'
    ).format(
        label,
        max(100 * track.share, 1.0),
        height,
        _number(track.windows),
        height,
        drawn,
    )


def _outline(values: Sequence[float], windows: float, top: int, height: int) -> str:
    """Return a path around columns of one window each; runs of a height are one."""
    bottom, parts, last = top + height, [f"M0 {top + height}"], float(top + height)
    for at, value in enumerate(values):
        tall = max(min(value, 1.0) * height, _LEAST) if value > 0 else 0.0
        level = bottom - tall
        if level != last:
            parts.append(f"H{at}V{_number(level)}")
            last = level
    parts.append(f"H{_number(windows)}V{bottom}Z")
    return "".join(parts)


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _svg(kind: str, height: int, label: str, drawn: Markup) -> Markup:
    return Markup(
        '<svg class="chart {}" role="img" aria-label="{}" width="100%" height="{}">'
        "{}</svg>"
    ).format(kind, label, height, drawn)
