"""Tracks of a region: which bars there are, where, and that none covers another."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.disclosure import DatasetDisclosure
from beacon.model.genome import start_from_pos
from beacon.model.nodes import NetworkAnswer, Node, NodeAnswer, NodeDataset, Reason
from beacon.model.query import Granularity
from beacon.model.status import Status
from beacon.model.structure import Structure
from beacon.model.variant import Allele
from beacon.page.region_svg import axis_svg, sign_svg, track_svg
from beacon.page.regions import KINDS, Bar, Track, bar_of, laid_out, tracks, window_of

CHR17 = ASSEMBLIES["GRCh37"].contigs[16]
NODE = Node(id="dk", names={"en": "Denmark"})
WINDOW = window_of(1_000, 11_000, CHR17.length)


def _bar(start: int, end: int, kind: str = "DEL") -> Bar:
    return Bar(
        text=f"17:{start + 1}-{end} {kind}",
        place=f"17:{start + 1}-{end}",
        kind=kind,
        start=start,
        end=end,
        length=end - start,
        mate=None,
        counts=None,
    )


def _allele(alternate: str, pos: int, end: int, reference: str = "N") -> Allele:
    return Allele(
        contig=CHR17,
        start=start_from_pos(pos),
        end=end,
        reference=reference,
        alternate=alternate,
        structure=Structure(),
    )


@pytest.mark.parametrize(
    ("allele", "text", "kind", "length"),
    [
        (_allele("<DEL>", 100, 300), "17:101-300 DEL", "DEL", 200),
        (_allele("<DUP>", 100, 300), "17:101-300 DUP", "DUP", 200),
        (_allele("<INV>", 100, 300), "17:101-300 INV", "INV", 200),
        (_allele("<CNV>", 100, 300), "17:101-300 CNV", "CNV", 200),
        (_allele("N[17:300[", 100, 100), "17:101-299 DEL", "DEL", 199),
        (_allele("N[22:300[", 100, 100), "17-100-N-N[22:300[", "BND", 0),
    ],
)
def test_a_variant_is_listed_in_a_notation(allele, text, kind, length):
    """Its link asks for it; a breakend that makes an event is shown as the event."""
    bar = bar_of(allele, None)

    assert (bar.text, bar.kind) == (text, kind)
    assert bar.length in (length, None)


@given(
    st.lists(st.tuples(st.integers(0, 12_000), st.integers(1, 9_000)), max_size=40).map(
        lambda spans: [_bar(start, start + size) for start, size in spans]
    )
)
def test_no_bar_covers_another(bars):
    """Bars of one lane are apart; every bar is there, in its order."""
    laid = laid_out(bars, WINDOW)
    by_lane = {}
    for bar in laid:
        if bar.lane is not None:
            by_lane.setdefault(bar.lane, []).append((bar.start, bar.end))
    crossing = [
        (one, other)
        for spans in by_lane.values()
        for at, one in enumerate(sorted(spans))
        for other in sorted(spans)[at + 1 :]
        if max(one[0], other[0], WINDOW.start) < min(one[1], other[1], WINDOW.end)
    ]

    assert [bar.text for bar in laid] == [bar.text for bar in bars]
    assert crossing == []


def test_a_picture_is_plain_and_escaped():
    """Well-formed, without script, style or link; foreign text stays text."""
    bars = tuple(_bar(2_000 + 900 * at, 5_000, kind) for at, kind in enumerate(KINDS))
    odd = Bar(
        **{name: getattr(bars[0], name) for name in Bar.__slots__}
        | {"place": "<b>&", "kind": 'X"<script>'}
    )
    track = Track(
        node=None,
        name="d",
        status=Status.SEEN,
        bars=laid_out((*bars, odd), WINDOW),
    )
    drawn = [
        track_svg(track, WINDOW, 'a "label" <i>'),
        axis_svg(WINDOW, str),
        *(sign_svg(kind) for kind in KINDS),
    ]
    elements = {each.tag for svg in drawn for each in ET.fromstring(svg).iter()}  # noqa: S314

    assert elements <= {"svg", "g", "rect", "path", "line", "text", "title"}
    assert not any("style=" in svg or "href" in svg for svg in drawn)


@given(st.integers(0, CHR17.length - 1), st.integers(1, 5_000_000))
def test_a_window_holds_its_region(low, size):
    """And stays on its sequence."""
    high = min(CHR17.length, low + size)
    window = window_of(low, high, CHR17.length)

    assert 0 <= window.start <= low < high <= window.end <= CHR17.length
    assert 0 <= window.share(low) <= window.share(high) <= 1


def _said(*rows: NodeDataset, **more: object) -> NetworkAnswer:
    status = rows[0].part.status if rows else Status.NO_ANSWER
    node = NodeAnswer(
        **{"node": NODE, "status": status, "datasets": rows, **more}  # type: ignore[arg-type]
    )
    return NetworkAnswer(nodes=(node,), rows=rows)


def _row(status: Status, **more: object) -> NodeDataset:
    part = DatasetDisclosure(
        dataset="wgs",
        name="wgs",
        status=status,
        granularity=Granularity.COUNT,
        exists=status is Status.SEEN,
        **more,  # type: ignore[arg-type]
    )
    return NodeDataset(beacon="dk", part=part, warnings=("Of the dataset.",))


def test_what_a_region_rests_on_is_told():
    """How much was looked at, and what is to be known of the node and the dataset."""
    nothing = _row(Status.NOT_SEEN, coverage="partial")
    said = _said(nothing, warnings=("Not all beacons that it asked have answered.",))
    (track,) = tracks(said, said, WINDOW)

    assert (track.coverage, track.is_large_unknown) == ("partial", False)
    assert track.notes == (
        "Of the dataset.",
        "Not all beacons that it asked have answered.",
    )


@pytest.mark.parametrize(
    "large",
    [
        _said(reason=Reason.TIMEOUT),
        _said(_row(Status.NO_ANSWER)),
        _said(_row(Status.WITHHELD)),
    ],
)
def test_no_bar_is_no_no_where_nobody_told_what_is_large(large):
    """The question for what is large failed, and that for all did not."""
    whole, told = _said(_row(Status.SEEN, total=3)), _said(_row(Status.NOT_SEEN))

    assert [t.is_large_unknown for t in tracks(whole, large, WINDOW)] == [True]
    assert [t.is_large_unknown for t in tracks(whole, told, WINDOW)] == [False]


@pytest.mark.parametrize(
    "word", [Status.NOT_COVERED, Status.WITHHELD, Status.NO_ANSWER, Status.NOT_ASKED]
)
def test_p03_none_where_nobody_looked_is_no_number(word):
    """A dataset that says nothing of a place has not found "0 variants" there."""
    nothing, none = _said(_row(word, total=0)), _said(_row(Status.NOT_SEEN, total=0))
    (silent,) = tracks(nothing, nothing, WINDOW)
    (empty,) = tracks(none, none, WINDOW)

    assert (silent.total, silent.large) == (None, None)
    assert (empty.total, empty.large) == (0, 0)
