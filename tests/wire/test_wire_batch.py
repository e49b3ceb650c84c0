"""A batch: every line is answered in its place, whatever its neighbours are."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.counts import AlleleCounts
from beacon.model.disclosure import DatasetDisclosure, Disclosure
from beacon.model.errors import InvalidRequest, RequestTooLarge
from beacon.model.query import Granularity
from beacon.model.status import Status
from beacon.wire.batch import (
    Arriving,
    Line,
    Members,
    Pen,
    Plainly,
    answered,
    question,
    read_line,
    split,
    unanswered,
)
from beacon.wire.requests import Understanding
from beacon.wire.synthetic import synthetic_answer

KNOWN = Understanding(loaded={"GRCh37"}, references={})
ALLELE = {
    "referenceName": "22",
    "start": 16050407,
    "referenceBases": "T",
    "alternateBases": "C",
}


def read_lines(body, *, most):
    """Return what the lines of a batch hold."""
    return [read_line(raw) for raw in split(body, most=most)]


def arrived(chunks, *, most=100, largest=1000):
    """Return the lines of a batch that comes in pieces, and why they end early."""
    arriving = Arriving(most=most, largest=largest)
    found = []
    waiting = [chunk for chunk in chunks if chunk]
    try:
        while not arriving.is_over:
            found += arriving.take(waiting.pop(0) if waiting else b"")
    except (InvalidRequest, RequestTooLarge) as failure:
        return found, str(failure)
    return found, None


PIECES = st.lists(
    st.sampled_from([b"\xef\xbb\xbf", b"[1, ", b"2]", b'"a"', b"\n", b"\r\n", b" "])
    | st.binary(max_size=4)
)


@given(PIECES)
def test_however_a_batch_comes_its_lines_are_the_same(chunks):
    """Cut anywhere, and whatever it begins with."""
    try:
        expected = split(b"".join(chunks), most=100), None
    except InvalidRequest as failure:
        expected = [], str(failure)

    assert arrived(chunks) == expected


def test_a_stream_gives_what_it_may_before_it_is_too_long():
    """All lines up to the limit, and then a sentence."""
    found, why = arrived([b"1\n2\n", b"3\n4\n", b"5\n"], most=3)

    assert (found, why) == (
        [b"1", b"2", b"3"],
        "A batch holds at most 3 variants; this one has more.",
    )


def test_a_stream_of_too_many_bytes_ends_with_a_sentence():
    """Also where no line ends."""
    found, why = arrived([b"1\n", b"2" * 10, b"2" * 10], largest=20)

    assert (found, why) == ([b"1"], "The request body is larger than 20 bytes.")


def test_what_is_written_is_what_is_answered():
    """The same statement twice, an echo that no 64 bits hold, and a sentence."""
    pen, said = Pen(), synthetic_answer(asked(ALLELE))
    lines = [
        Line(value={"variant": "22-16050408-T-C", "id": 1}),
        Line(value={"variant": "22-16050408-T-C", "id": 1 << 70}),
    ]
    written = [json.loads(pen.answered(line, said)) for line in lines]
    refused = [json.loads(pen.unanswered(line, "No.")) for line in lines]

    assert written == [answered(line, said) for line in lines]
    assert refused == [unanswered(line, "No.") for line in lines]


def asked(value):
    """Return the question a line asks."""
    return question(Line(value=value), KNOWN)


GENOME = ("ACGTTTGGCACACAAA" * 4)[:50]


class Genome:
    """A reference that begins with some bases; the others are not known."""

    def bases(self, contig, start, end):
        """Return its bases."""
        del contig
        return GENOME[max(0, start) : max(0, end)].ljust(max(0, end - start), "N")


KNOWN_ONES = [
    KNOWN,
    Understanding(loaded={"GRCh37", "GRCh38"}, references={"GRCh38": Genome()}),
]
TEXTS = st.builds(
    "{}{}{}{}{}{}{}".format,
    st.sampled_from(["1", "chr22", "X", "chrM", "99"]),
    st.sampled_from("--:"),
    st.integers(0, 40) | st.sampled_from([16050408, 51304566, 51304567, 10**9]),
    st.sampled_from("--:"),
    st.text("ACGTN", max_size=3),
    st.sampled_from("--:>"),
    st.text("ACGT", max_size=3),
)
SENT = st.one_of(
    st.fixed_dictionaries(
        {"variant": TEXTS | st.sampled_from(["22-5-A-C", "rs7", 7])},
        optional={
            "id": st.one_of(
                st.integers(-(2**66), 2**66),
                st.text(max_size=3),
                st.sampled_from([None, True, 0.5, -0.0, [1], {"a": 1}]),
            ),
            "assemblyId": st.sampled_from(["GRCh38", "hg19", "hg1", "", 37, None]),
            "assembly": st.just("GRCh37"),
            "exclude": st.just("P1"),
            "datasets": st.just(["a"]),
        },
    ),
    TEXTS,
    st.integers(),
)


@st.composite
def raw_lines(draw):
    """Draw a line as it is sent: plain, escaped, with a name given twice."""
    text = json.dumps(draw(SENT), ensure_ascii=draw(st.booleans()))
    twice = draw(st.sampled_from(["", "", '{"variant":"1-1-A-C",', '{"id": 1, ']))
    if twice and text.startswith("{") and len(text) > 2:
        text = twice + text[1:]
    spaced = text.replace(", ", draw(st.sampled_from([", ", ",", " ,\t"])))
    return spaced.encode("utf-8", "surrogatepass")


PARTS = st.lists(
    st.builds(
        DatasetDisclosure,
        dataset=st.sampled_from(["a", 'b"', "ö"]),
        name=st.just("A"),
        status=st.sampled_from(Status),
        granularity=st.just(Granularity.COUNT),
        exists=st.booleans(),
        counts=st.none()
        | st.builds(
            AlleleCounts,
            ac=st.none() | st.integers(2, 9),
            an=st.none() | st.integers(9, 99),
            hom=st.none() | st.just(1),
            het=st.none() | st.just(0),
        ),
        coverage=st.sampled_from([None, "partial"]),
    ),
    max_size=3,
)


@given(st.sampled_from(KNOWN_ONES), st.lists(raw_lines(), min_size=1, max_size=4))
def test_a_plain_line_asks_what_the_long_way_asks(known, lines):
    """Or it is not plain; whatever lines were read before."""
    plainly = Plainly(known)
    for raw in lines:
        plain = plainly.read(raw)
        if plain is None:
            continue
        expected = question(read_line(raw), known)

        assert plain.outline.question(plain.allele) == expected


@given(PARTS, st.sampled_from([(), ("Why.",), ("Why.", "So.")]), SENT)
def test_a_plain_line_is_answered_as_the_long_way_answers(parts, doubts, sent):
    """Byte for byte, in words that were made for other counts, too."""
    raw = json.dumps(sent).encode()
    plain = Plainly(KNOWN).read(raw)
    members = Members()
    words = [members.of(part, doubts) for part in parts]
    counted = [
        word
        if part.counts is None
        else members.counting(replace(part, counts=AlleleCounts(ac=0, an=0)), doubts)(
            part.counts
        )
        for part, word in zip(parts, words, strict=True)
    ]
    said = Disclosure(
        granularity=Granularity.COUNT,
        datasets=tuple(parts),
        warnings=doubts if parts else (),
    )

    assert members.joined(counted) == members.joined(words)
    if plain is not None:
        answer = Pen().answered(read_line(raw), said)
        assert plain.answered(members.joined(words)) == answer


def test_programs_lines_are_plain():
    """As they write them."""
    plainly = Plainly(KNOWN)
    lines = [
        b'{"variant": "22-16050408-T-C", "id": 1, "assemblyId": "GRCh37"}',
        b'{"id":"a","variant":"chr22:16050408:T:C"}',
        b'{"variant":"22-16050408-TTTTT-C"}',
    ]

    assert all(plainly.read(line) for line in lines)


SPELLINGS = [
    "22-16050408-T-C",
    {"variant": "22-16050408-T-C"},
    {"variant": "chr22:16050408:T:C", "assemblyId": "hg19"},
    {"variant": "22-16050408-T-C", "assembly": "GRCh37", "id": 7},
    ALLELE,
    {"g_variant": ALLELE, "id": "row 7"},
]


@pytest.mark.parametrize("value", SPELLINGS)
def test_a_line_asks_for_one_allele_in_every_dataset(value):
    """Spelled, or as Beacon parameters, nested or flat."""
    query = asked(value)

    assert (query.pattern.spellings, query.granularity, query.datasets) == (
        ((16050407, "T", "C"),),
        Granularity.COUNT,
        None,
    )


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (5, "A line must be a JSON object, not 5."),
        (None, "A line must be a JSON object, not null."),
        ({"variant": 5}, "variant must be text, not 5."),
        (
            {"variant": "22-1-A-T", "assemblyId": 37},
            "assemblyId must be text, not 37.",
        ),
        (
            {"variant": "22-1-A-T", "asembly": "hg19"},
            '"asembly" is not known beside variant.',
        ),
        ({"alternatBases": "T"}, '"alternatBases" is not a parameter of g_variant.'),
        (
            {"variant": "22:16050000-16060000"},
            "A list asks for alleles and rsIDs only, as 22-16050408-T-C; "
            "ask for a region, a gene or a structural variant by itself.",
        ),
        (
            {"referenceName": "22", "start": 1, "end": 9},
            "A list asks for alleles and rsIDs only, as 22-16050408-T-C; "
            "ask for a region, a gene or a structural variant by itself.",
        ),
        (
            {},
            "A list asks for alleles and rsIDs only, as 22-16050408-T-C; "
            "ask for a region, a gene or a structural variant by itself.",
        ),
    ],
)
def test_a_line_that_asks_anything_else_is_refused(value, sentence):
    """With the reason, for its own line only."""
    with pytest.raises(InvalidRequest) as refusal:
        asked(value)

    assert str(refusal.value) == sentence


def test_lines_and_an_array_are_read_alike():
    """Blank lines are no lines."""
    values = [{"variant": "a"}, "b", 5]
    lines = b"\r\n\n".join(json.dumps(value).encode() for value in values)

    assert read_lines(lines, most=3) == read_lines(json.dumps(values).encode(), most=3)


@pytest.mark.parametrize("body", [b'[{"variant": "a"}]', b'{"variant": "a"}'])
def test_a_byte_order_mark_is_no_part_of_a_batch(body):
    """Editors on Windows put one there, before lines and before an array."""
    lines = read_lines(b"\xef\xbb\xbf" + body, most=10)

    assert [line.value for line in lines] == [{"variant": "a"}]


@pytest.mark.parametrize("body", ['"{}"', '{{"variant": "{}"}}', "{}"])
def test_a_long_variant_is_repeated_whole(body):
    """A client finds its own line by it."""
    spelled = "22-16050408-T-" + "C" * 5000
    (line,) = read_lines(body.format(spelled).encode(), most=10)

    assert line.echo == spelled


def test_a_line_that_is_no_json_spoils_no_other():
    """It keeps its place and its reason."""
    lines = read_lines(b'{"variant": "a"}\n{oops\n{"variant": "c"}', most=10)

    assert [(line.echo, line.error is None) for line in lines] == [
        ("a", True),
        ("{oops", False),
        ("c", True),
    ]


def test_an_empty_batch_has_no_lines():
    """Nothing asked, nothing answered."""
    lines = read_lines(b" \n ", most=10)

    assert lines == []


@pytest.mark.parametrize("body", [b"1\n2\n3", b"[1, 2, 3]"])
def test_more_lines_than_promised_are_refused(body):
    """All of them: a batch is not answered in part."""
    with pytest.raises(RequestTooLarge, match="at most 2 variants; this one has 3"):
        read_lines(body, most=2)


def test_an_answer_repeats_the_variant_and_the_id():
    """Each dataset has its own row."""
    spelled = {"variant": "22-16050408-T-C", "assemblyId": "GRCh38"}
    line = Line(value=spelled | {"id": "row 7"})
    written = answered(line, synthetic_answer(asked(line.value)))

    assert written == {
        "variant": "22-16050408-T-C",
        "id": "row 7",
        "status": "not_seen",
        "datasets": [
            {
                "id": "synthetic",
                "status": "not_seen",
                "alleleCount": 0,
                "alleleNumber": 20,
                "homozygous": 0,
                "heterozygous": 0,
                "hemizygous": 0,
            }
        ],
    }


def test_parameters_are_repeated_as_they_were_given():
    """Without the id, which has its own place."""
    written = unanswered(Line(value=ALLELE | {"id": 7}), "No.")

    assert written == {
        "variant": ALLELE,
        "id": 7,
        "status": "no_answer",
        "datasets": [],
        "error": "No.",
    }


@pytest.mark.parametrize(
    ("named", "excluded"),
    [
        ("I1", ("I1",)),
        (["I1", " I2 ", "I1"], ("I1", "I2")),
        ([], ()),
        (None, ()),
    ],
)
def test_a_line_leaves_individuals_out(named, excluded):
    """One, or a list of them, beside a spelled variant and beside parameters."""
    spelled = asked({"variant": "22-16050408-T-C", "exclude": named})
    parameters = asked(ALLELE | {"exclude": named})

    assert (spelled.excluded, parameters.excluded) == (excluded, excluded)


@pytest.mark.parametrize("named", [7, {"id": "I1"}, [7], [""], "  ", ["I1", None]])
def test_what_names_no_individual_is_refused(named):
    """It is never ignored: the count would hold the own case."""
    with pytest.raises(InvalidRequest, match="exclude must be the id of an individual"):
        asked({"variant": "22-16050408-T-C", "exclude": named})


def test_a_line_says_whose_counts_are_whole():
    """Only where somebody was to be left out, the answer repeats the warnings."""
    asks = {"variant": "22-16050408-T-C", "exclude": "I1"}
    said = replace(synthetic_answer(asked(asks)), warnings=("only counts are kept",))

    assert answered(Line(value=asks), said)["warnings"] == [*said.warnings]
    assert "warnings" not in answered(Line(value="22-16050408-T-C"), said)
