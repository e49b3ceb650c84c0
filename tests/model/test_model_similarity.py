"""When two structural variants may be one event."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.similarity import Closeness, Event, Mate, Similar, event_of, span_of
from beacon.model.structure import Structure
from beacon.model.variant import Allele, sequence_allele

CHR22, CHR8 = (ASSEMBLIES["GRCh37"].contigs[i] for i in (21, 7))
STRUCTURES = st.builds(
    Structure,
    *[st.tuples(st.integers(-50, 0), st.integers(0, 50))] * 3,
)
MATES = st.none() | st.builds(Mate, st.sampled_from(["22", "8"]), st.integers(0, 300))


@st.composite
def events(draw) -> Event:
    """Draw an event of any kind, close to every other one."""
    kind = draw(st.sampled_from(["DEL", "DUP", "INV", "CNV", "CPX", "INS", "BND"]))
    start = draw(st.integers(0, 300))
    structure = draw(STRUCTURES)
    if kind not in ("INS", "BND"):
        length = draw(st.integers(1, 400))
        return Event(kind, "22", start, start + length, length, structure)
    if kind == "INS":
        length = draw(st.none() | st.integers(1, 400))
        return Event(kind, "22", start, start, length, structure)
    contig, mate = draw(st.sampled_from(["22", "8"])), draw(MATES)
    strands = draw(st.sampled_from(["+", "-"] if mate is None else ["+-", "++", "?"]))
    return Event(kind, contig, start, start, None, structure, mate, strands)


@given(
    one=events(),
    other=events(),
    overlap=st.sampled_from([0.1, 0.5, 0.9, 1.0]),
    distance=st.integers(0, 60),
)
def test_similarity_is_symmetric(
    one: Event, other: Event, overlap: float, distance: int
) -> None:
    """Neither of two events knows which was asked for and which was loaded."""
    there = Similar(event=one, overlap=overlap, distance=distance).compare(other)
    back = Similar(event=other, overlap=overlap, distance=distance).compare(one)

    assert there == back


@given(event=events(), overlap=st.floats(0.1, 1.0))
def test_an_event_is_most_similar_to_itself(event: Event, overlap: float) -> None:
    """It finds itself, at no distance and with full overlap."""
    close = Similar(event=event, overlap=overlap, distance=0).compare(event)

    assert close == Closeness(0, 1.0 if event.is_span else None)


ONE_LESS = {"start_margin": (-1, 0), "end_margin": (-1, 0)}


def _span(start: int, end: int, kind: str = "DEL", **structure: object) -> Event:
    return Event(kind, "22", start, end, end - start, Structure(**structure))


@pytest.mark.parametrize(
    ("one", "other", "is_similar"),
    [
        (_span(0, 1000), _span(500, 1500), True),
        (_span(0, 1000), _span(501, 1501), False),
        (_span(0, 1000), _span(0, 2000), True),
        (_span(0, 1000), _span(0, 2001), False),
        (_span(0, 50), _span(90, 140), True),
        (_span(0, 50), _span(90, 200), False),
        (_span(0, 50), _span(101, 151), False),
        (_span(0, 1000), _span(501, 1501, **ONE_LESS), True),
        (_span(0, 1000), _span(0, 1000, "DUP"), False),
        (_span(0, 1000), _span(0, 1000, "CNV"), True),
        (_span(0, 1000, "DUP"), _span(0, 1000, "CNV"), True),
        (_span(0, 1000, "INV"), _span(0, 1000, "CNV"), False),
        (_span(0, 1000, "CPX"), _span(0, 1000, "CPX"), True),
        (_span(0, 1000, "INV"), _span(0, 1000, "CPX"), True),
    ],
)
def test_spans_share_half_or_end_close(
    one: Event, other: Event, is_similar: bool
) -> None:
    """Half of each covered, or both ends within 100 bases and lengths that agree."""
    assert is_similar == (Similar(event=one).compare(other) is not None)


def _insertion(place: int, length: int | None) -> Event:
    return Event("INS", "22", place, place, length)


@pytest.mark.parametrize(
    ("one", "other", "is_similar"),
    [
        (_insertion(500, 100), _insertion(600, 200), True),
        (_insertion(500, 100), _insertion(601, 100), False),
        (_insertion(500, 100), _insertion(500, 201), False),
        (_insertion(500, None), _insertion(510, 9000), True),
        (_insertion(500, 300), _span(200, 500, "DUP"), True),
        (_insertion(500, 300), _span(500, 800, "DUP"), True),
        (_insertion(500, 300), _span(350, 650, "DUP"), False),
        (_insertion(500, 300), _span(200, 500, "CNV"), True),
        (_insertion(500, 300), _span(500, 800, "DEL"), False),
    ],
)
def test_insertions_lie_close_and_agree_in_length(
    one: Event, other: Event, is_similar: bool
) -> None:
    """A duplication is an insertion at one of its edges."""
    assert is_similar == (Similar(event=one).compare(other) is not None)


def _breakend(contig: str, start: int, mate: Mate | None, strands: str) -> Event:
    return Event("BND", contig, start, start, None, mate=mate, strands=strands)


JOIN = _breakend("22", 500, Mate("8", 900), "+-")


@pytest.mark.parametrize(
    ("other", "is_similar"),
    [
        (_breakend("22", 560, Mate("8", 850), "+-"), True),
        (_breakend("8", 900, Mate("22", 500), "-+"), True),
        (_breakend("8", 900, Mate("22", 500), "+-"), False),
        (_breakend("22", 500, Mate("8", 900), "?"), True),
        (_breakend("22", 500, Mate("8", 900), "++"), False),
        (_breakend("22", 500, Mate("8", 1001), "+-"), False),
        (_breakend("22", 500, Mate("9", 900), "+-"), False),
        (_breakend("22", 510, None, "+"), True),
        (_breakend("22", 510, None, "-"), False),
        (_breakend("8", 890, None, "-"), True),
        (_breakend("9", 890, None, "-"), False),
    ],
)
def test_breakends_agree_on_both_sides(other: Event, is_similar: bool) -> None:
    """Either side may be told first; what is not told agrees with anything."""
    assert is_similar == (Similar(event=JOIN).compare(other) is not None)


@pytest.mark.parametrize(
    ("breakend", "span"),
    [
        (_breakend("22", 99, Mate("22", 200), "+-"), _span(100, 200)),
        (_breakend("22", 200, Mate("22", 99), "-+"), _span(100, 200)),
        (_breakend("22", 100, Mate("22", 199), "-+"), _span(100, 200, "DUP")),
        (_breakend("22", 199, Mate("22", 100), "+-"), _span(100, 200, "DUP")),
        (_breakend("22", 99, Mate("22", 199), "++"), _span(100, 200, "INV")),
        (_breakend("22", 200, Mate("22", 100), "--"), _span(100, 200, "INV")),
        (_breakend("22", 99, Mate("22", 200), "?"), None),
        (_breakend("22", 99, Mate("22", 100), "+-"), None),
        (_breakend("22", 99, Mate("8", 200), "+-"), None),
        (_breakend("22", 99, None, "+"), None),
    ],
)
def test_a_breakend_makes_a_span(breakend: Event, span: Event | None) -> None:
    """Within a contig its strands say which; both are one event, either way round."""
    assert span_of(breakend) == span
    assert span is None or Similar(event=span, overlap=1).compare(breakend)
    assert span is None or Similar(event=breakend, overlap=1).compare(span)


def _named(alternate: str, start: int, end: int) -> Allele:
    return Allele(
        contig=CHR22, start=start, end=end, reference="N", alternate=alternate
    )


@pytest.mark.parametrize(
    ("spelled", "named"),
    [
        (sequence_allele(CHR22, 99, "A" * 5001, "A"), _named("<DEL>", 99, 5100)),
        (sequence_allele(CHR22, 99, "C" + "A" * 5000, "TG"), _named("<DEL>", 99, 5100)),
        (sequence_allele(CHR22, 99, "A", "A" * 281), _named("<INS=280>", 99, 100)),
        (sequence_allele(CHR22, 99, "A", "A" * 281), _named("<DUP>", 99, 380)),
        (_named("<CN0>", 99, 5100), _named("<DEL>", 99, 5100)),
        (_named("<CN3>", 99, 5100), _named("<DUP:TANDEM>", 99, 5100)),
        (_named("<DEL:ME:ALU>", 99, 400), _named("<CNV>", 99, 400)),
    ],
)
def test_spelled_and_named_forms_are_compared(spelled: Allele, named: Allele) -> None:
    """How an event is written does not matter, in either direction."""
    one, other = event_of(spelled), event_of(named)

    assert one is not None
    assert other is not None
    assert Similar(event=one, overlap=0.99).closeness(named) is not None
    assert Similar(event=other, overlap=0.99).closeness(spelled) is not None


@pytest.mark.parametrize(
    "allele",
    [
        sequence_allele(CHR22, 99, "A", "C"),
        sequence_allele(CHR22, 99, "ACGT", "TGCA"),
    ],
)
def test_some_alleles_are_no_event(allele: Allele) -> None:
    """Substitutions are similar to nothing."""
    assert event_of(allele) is None
    assert Similar(event=_span(99, 400)).closeness(allele) is None
