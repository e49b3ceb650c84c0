"""Bars of a region as SVG, drawn on the server: no script, no style, no foreign font.

Places are shares of the width, so that a picture fits any page and its shapes keep
their form.  A type has a shape of its own beside its colour: what is lost points
inwards, what is gained outwards.  All of it stands in a table, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from beacon.page.regions import Bar, Track, Window

_LANE: Final = 18
_HEIGHT: Final = 10
_AXIS: Final = 26
_LEAST: Final = 1.2
"""Per cent of the width; nothing is drawn narrower."""


_RIGHT: Final = "M0 0L7 5L0 10Z"
_LEFT: Final = "M0 0L-7 5L0 10Z"
_SHAPES: Final[Mapping[str, tuple[str, str]]] = {
    "DEL": (_RIGHT, _LEFT),
    "DUP": ("M7 0L0 5L7 10Z", "M-7 0L0 5L-7 10Z"),
    "INV": ("M7 0L0 5L7 10Z", _LEFT),
    "CNV": ("M0 0H5V10H0Z", "M0 0H-5V10H0Z"),
}
"""What stands at both ends of a bar, inside it: (at its start, at its end)."""
_POINTS: Final[Mapping[str, str]] = {
    "INS": "M-6 0H6L0 10Z",
    "BND": "M-1 10V4H-6L0 -1L6 4H1V10Z",
}
"""What is drawn of a place without a length."""


def track_svg(track: Track, window: Window, label: str) -> Markup:
    """Return the bars of a dataset.

    Args:
        track: whose.
        window: what is drawn.
        label: what is said of the picture to those who do not see it.
    """
    drawn = [_bar(bar, window) for bar in track.bars if bar.lane is not None]
    height = max(1, track.lanes) * _LANE + 4
    asked = _asked(window, height)
    return Markup(
        '<svg class="track" role="img" width="100%" height="{}" aria-label="{}">{}{}'
        "</svg>"
    ).format(height, label, asked, Markup("").join(drawn))


def _asked(window: Window, height: int) -> Markup:
    """Return the ground of the region that was asked for."""
    left = window.share(window.first - 1) * 100
    right = window.share(window.last) * 100
    return Markup(
        '<rect class="asked" x="{:.3f}%" y="0" width="{:.3f}%" height="{}"/>'
    ).format(left, right - left, height)


def _bar(bar: Bar, window: Window) -> Markup:
    top = (bar.lane or 0) * _LANE + 6
    left = window.share(bar.start) * 100
    right = window.share(bar.end) * 100
    title = Markup("<title>{} {}</title>").format(bar.place, bar.kind)
    point = _POINTS.get(bar.kind)
    if point is not None:
        inside = Markup('<path d="{}"/>').format(point)
        shapes = _at(left, top, inside)
    else:
        width = max(right - left, _LEAST)
        left = min(left, 100 - width)
        shapes = Markup(
            '<rect class="body" x="{:.3f}%" y="{}" width="{:.3f}%" height="{}" rx="1"/>'
        ).format(left, top, width, _HEIGHT) + _ends(bar, window, left, width, top)
    kind = escape(bar.kind.lower() if bar.kind.isalpha() else "other")
    return Markup('<g class="bar sv-{}">{}{}</g>').format(kind, title, shapes)


def _ends(bar: Bar, window: Window, left: float, width: float, top: int) -> Markup:
    """Return what stands at the ends of a bar; one that lies outside has none."""
    first, last = _SHAPES.get(bar.kind, ("", ""))
    shown = Markup("")
    if first and bar.start >= window.start:
        shown += _at(left, top, _end(first))
    if last and bar.end <= window.end:
        shown += _at(left + width, top, _end(last))
    return shown


def _end(path: str) -> Markup:
    return Markup('<path class="end" d="{}"/>').format(path)


def _at(left: float, top: int, inside: Markup) -> Markup:
    """Return a shape in pixels at a share of the width."""
    return Markup('<svg x="{:.3f}%" y="{}" overflow="visible">{}</svg>').format(
        left, top, inside
    )


def axis_svg(window: Window, number: Callable[[int], str]) -> Markup:
    """Return the axis: first, middle and last position, as people read them."""
    middle = (window.first + window.last) // 2
    marks = (
        (_share(window, window.first), "start", window.first),
        (_share(window, middle), "middle", middle),
        (_share(window, window.last), "end", window.last),
    )
    drawn = Markup("").join(
        Markup(
            '<line x1="{0}%" x2="{0}%" y1="0" y2="6"/>'
            '<text x="{0}%" y="21" text-anchor="{1}">{2}</text>'
        ).format(share, anchor, number(pos))
        for share, anchor, pos in marks
    )
    return Markup(
        '<svg class="axis" aria-hidden="true" width="100%" height="{}">'
        '<line x1="0" x2="100%" y1="0.5" y2="0.5"/>{}</svg>'
    ).format(_AXIS, drawn)


def _share(window: Window, pos: int) -> str:
    """Return where a position is drawn, in per cent."""
    return f"{window.share(pos) * 100:.3f}"


def sign_svg(kind: str) -> Markup:
    """Return how a type is drawn, for the legend."""
    point = _POINTS.get(kind)
    if point is not None:
        inside = Markup('<path transform="translate(18 3)" d="{}"/>').format(point)
    else:
        first, last = _SHAPES.get(kind, ("", ""))
        ends: Sequence[Markup] = [
            Markup('<path class="end" transform="translate({} 3)" d="{}"/>').format(
                left, path
            )
            for left, path in ((0, first), (36, last))
            if path
        ]
        inside = Markup(
            '<rect class="body" x="0" y="3" width="36" height="10" rx="1"/>{}'
        ).format(Markup("").join(ends))
    name = escape(kind.lower() if kind.isalpha() else "other")
    return Markup(
        '<svg class="sign" aria-hidden="true" width="36" height="16">'
        '<g class="bar sv-{}">{}</g></svg>'
    ).format(name, inside)
