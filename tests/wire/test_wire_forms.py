"""A request of a known form is understood as if it were the first of all."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beacon.model.errors import InvalidRequest
from beacon.model.query import Query
from beacon.model.records import Under
from beacon.wire.forms import Sent, understand_sent
from beacon.wire.requests import Address, Understanding, understand

HERE = Address()
ADDRESSES = st.sampled_from(
    [
        HERE,
        Address(about="individual"),
        Address(about="dataset"),
        Address(identity="GRCh37-22-101-T-C"),
        Address(under=Under(entry_type="dataset", identity="a")),
        Address(
            about="individual",
            under=Under(entry_type="genomicVariant", identity="GRCh37-22-101-T-C"),
        ),
    ]
)


class Genome:
    """A reference that spells the same four bases again and again."""

    def bases(self, contig, start, end):
        """Return the bases of a stretch."""
        if contig.name != "22":
            return None
        first, size = start % 4, end - start
        return ("ACGT" * (size // 4 + 2))[first : first + size]


def known(*, referenced=False):
    """Return what requests are understood with, no form of them known."""
    references = {"GRCh37": Genome()} if referenced else {}
    return Understanding(loaded={"GRCh37"}, references=references)


def told(way):
    """Return the question of a request, or all of why there is none."""
    try:
        return way()
    except InvalidRequest as refusal:
        return type(refusal), str(refusal), refusal.parameter, refusal.hint


def posted(body, text=""):
    """Return a request with a body, and perhaps a query string."""
    return Sent(text, lambda: parse_qsl(text, keep_blank_values=True), body)


def got(text):
    """Return a request with a query string alone."""
    return Sent(text, lambda: parse_qsl(text, keep_blank_values=True))


def check(requests, address, *, referenced):
    """Ask one request after another; each must be understood as if it were alone."""
    shared = known(referenced=referenced)
    for sent in requests:
        alone = known(referenced=referenced)
        expected = told(lambda: understand(sent.gathered(), address, alone))  # noqa: B023

        assert told(lambda: understand_sent(sent, address, shared)) == expected  # noqa: B023


PLAIN = {
    "start": st.integers(0, 60).map(lambda n: f"[{n}]"),
    "end": st.integers(1, 60).map(lambda n: f"[{n}]"),
    "referenceBases": st.sampled_from(["A", "C", "CG", "acgt", "GTACGT"]).map(
        json.dumps
    ),
    "alternateBases": st.sampled_from(["A", "T", "C", "CGG", "g", "GT"]).map(
        json.dumps
    ),
}
ODD = st.sampled_from(
    [
        *("5", "[ 5 ]", '"5"', "[5,6]", "05", "-1", "5.0", "5e0", "null", "[]", '""'),
        *("999999999", "9999999999", '"N"', '"AN"', '"-"', '"U"', '"A "', '"12"', "A"),
        *(
            '"\\u0041"',
            '"A',
            "[5",
            "{}",
            "true",
            '["A"]',
            '"A","start":[5]',
            "0",
            '"0"',
        ),
    ]
)
NAMES = ("start", "referenceBases", "alternateBases")
WRINKLES = st.sampled_from(
    [
        *('"START":[5]', '"\\u0073tart":[5]', '"start":[5]', '"End":[50]', '"x":null'),
        *('"variantType":"DEL"', '"variantMinLength":2', '"geneId":"BRCA1"', '"a":"é"'),
        *('"mateName":"21"', '"similarity":0.7', '"g_variant":{"start":5}', '"end":9'),
        *('"assemblyId":"GRCh38"', '"cohorts":["w"]', '"datasets":["a","b"]'),
    ]
)
OUTSIDE = st.sampled_from(
    [
        *('"meta":{"start":[5]}', '"meta":{"apiVersion":"2.0"}', '"start":[5]'),
        *('"requestedGranularity":"count"', '"includeResultsetResponses":"ALL"'),
        *('"testMode":true', '"skip":1', '"limit":0', '"filters":["NCIT:C16576"]'),
        *('"strict":true', '"unknown":"\\"start\\":[5]"', '"note":"start"', '"é":1'),
    ]
)


@st.composite
def bodies(draw):
    """Make some bodies alike, but for the values of an allele."""
    names = draw(st.permutations([*NAMES, *draw(st.sampled_from([(), ("end",)]))]))
    wrinkles = draw(st.lists(WRINKLES, max_size=1))
    outside = draw(st.lists(OUTSIDE, max_size=2))
    colon = draw(st.sampled_from([":", " : ", ":\n\t"]))
    nested = draw(st.booleans())
    made = []
    for _ in range(draw(st.integers(2, 4))):
        odd = draw(st.sampled_from([None, None, *names]))
        values = {n: draw(ODD if n == odd else PLAIN[n]) for n in names}
        members = [f'"{name}"{colon}{value}' for name, value in values.items()]
        inner = ",".join(['"referenceName":"22"', *members, *wrinkles])
        asked = f'{{"g_variant":{{{inner}}}}}' if nested else f"{{{inner}}}"
        query = ",".join([f'"requestParameters":{asked}', *outside])
        made.append(f'{{"query":{{{query}}}}}'.encode())
    return made


@settings(max_examples=150, deadline=None)
@given(bodies(), ADDRESSES, st.booleans())
def test_any_body_is_understood_as_if_it_were_alone(bodies, address, referenced):
    """Whatever was asked before: the very question, or the very error."""
    check([posted(body) for body in bodies], address, referenced=referenced)


@given(bodies(), st.sampled_from(["start=5", "skip=1", "geneId=BRCA1", "%"]))
def test_a_query_string_beside_a_body_is_read(bodies, text):
    """What the address says belongs to the question, too."""
    check(
        [posted(bodies[0]), *(posted(body, text) for body in bodies)],
        HERE,
        referenced=False,
    )


ODD_TEXTS = st.sampled_from(
    ["", "5", "05", "5,6", "N", "-", "%41", "A+", "a", "5&start=6", "A&x=1", "5;6", "é"]
)
MORE = st.sampled_from(
    [
        *("START=5", "%73tart=5", "start=5", "end=50", "limit=0", "granularity=count"),
        *("variantType=DEL", "testMode=true", "x=1", "datasets=a,b", "start", "&"),
    ]
)


@st.composite
def query_strings(draw):
    """Make some query strings alike, but for the values of an allele."""
    names = draw(st.permutations([*NAMES, *draw(st.sampled_from([(), ("end",)]))]))
    more = draw(st.lists(MORE, max_size=2))
    made = []
    for _ in range(draw(st.integers(2, 4))):
        odd = draw(st.sampled_from([None, None, *names]))
        values = {
            n: draw(ODD_TEXTS if n == odd else PLAIN[n]).strip('"[]') for n in names
        }
        members = [f"{name}={value}" for name, value in values.items()]
        made.append("&".join(["referenceName=22", *members, *more]))
    return made


@settings(max_examples=150, deadline=None)
@given(query_strings(), ADDRESSES, st.booleans())
def test_any_query_string_is_understood_as_if_it_were_alone(texts, address, referenced):
    """Whatever was asked before: the very question, or the very error."""
    check([got(text) for text in texts], address, referenced=referenced)


class Unread(Sent):
    """A request that must not be read whole."""

    def gathered(self):
        """Fail: its form is known."""
        pytest.fail("it was read whole")


def body(start, reference, alternate, **more):
    """Return a usual body."""
    asked = {
        "assemblyId": "GRCh37",
        "referenceName": "22",
        "start": [start],
        "referenceBases": reference,
        "alternateBases": alternate,
    }
    return json.dumps({"query": {"requestParameters": asked | more}}).encode()


def address_of(start, reference, alternate):
    """Return a usual query string."""
    allele = f"start={start}&referenceBases={reference}&alternateBases={alternate}"
    return f"assemblyId={quote('GRCh37.p13')}&referenceName=22&{allele}&limit=3"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (body(100, "A", "C"), body(20_000_000, "GTT", "G")),
        (body(100, "A", "C", end=[101]), body(7, "G", "T", end=[8])),
        (body(9, "A", "CTT", variantType="INS"), body(8, "G", "GT", variantType="INS")),
        (address_of(100, "A", "C"), address_of(20_000_000, "GTT", "G")),
    ],
)
def test_of_a_known_form_only_the_allele_is_read(first, second):
    """The second request is not read whole, and still is its own question."""
    shared, make = known(), got if isinstance(first, str) else posted
    understand_sent(make(first), HERE, shared)
    asked = understand_sent(Unread(*make(second)), HERE, shared)

    assert isinstance(asked, Query)
    assert asked == understand(make(second).gathered(), HERE, known())


def test_a_known_form_refuses_what_cannot_be_an_allele():
    """Beyond its sequence, or without a change, an allele is refused as ever."""
    shared = known()
    understand_sent(posted(body(100, "A", "C")), HERE, shared)

    with pytest.raises(InvalidRequest, match="this is not a variant"):
        understand_sent(Unread(*posted(body(5, "G", "G"))), HERE, shared)
    with pytest.raises(InvalidRequest, match="has 51304566 bases"):
        understand_sent(Unread(*posted(body(51_304_566, "G", "T"))), HERE, shared)


def test_forms_are_few_and_short():
    """What strangers send cannot fill the memory."""
    shared = known()
    for number in range(600):
        understand_sent(
            posted(body(100, "A", "C", datasets=[f"d{number}"])), HERE, shared
        )
    understand_sent(posted(body(100, "A", "C") + b" " * 5000), HERE, shared)

    below = Address(under=Under(entry_type="dataset", identity="d" * 5000))
    understand_sent(posted(body(100, "A", "C")), below, shared)

    assert len(shared.forms) == 256
    assert all(len(b"".join(key[2:])) < 4096 for key in shared.forms)
    assert all(key[1] is None for key in shared.forms)


def test_forms_belong_to_what_they_were_understood_with():
    """Another table of genes, or another assembly, knows no form yet."""
    shared = known()
    understand_sent(posted(body(100, "A", "C")), HERE, shared)

    assert len(shared.forms) == 1
    assert known() == shared
    assert known().forms == {}
