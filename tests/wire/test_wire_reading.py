"""JSON from strangers is read one way or refused with a sentence."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.errors import InvalidRequest
from beacon.wire.reading import read_json, shown

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner),
    max_leaves=10,
)


@given(PLAIN)
def test_plain_json_is_read_as_written(value):
    """Reading gives back what was written."""
    read = read_json(json.dumps(value).encode())

    assert read == value


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b'{"a": 1, "a": 2}', 'The key "a" is given twice in one JSON object.'),
        (
            b'[{"b": {"a": 1, "a": 1}}]',
            'The key "a" is given twice in one JSON object.',
        ),
        (b"NaN", "NaN is not a JSON number."),
        (b"[-Infinity]", "-Infinity is not a JSON number."),
        (b"1e999", '"1e999" is too large a number.'),
        (b"1" * 5000, "The request holds a number too large to be read."),
        (b"[" * 40 + b"]" * 40, "The JSON is nested deeper than 32 levels."),
        (b"[" * 500_000, "The JSON is nested deeper than 32 levels."),
        (b"\xff\xfe", "The request body is not UTF-8 text."),
        (b'"\\ud800"', "The JSON holds half of a Unicode surrogate pair."),
        (b'{"\\udfff": 1}', "The JSON holds half of a Unicode surrogate pair."),
        (
            b"{'a': 1}",
            "The request is not valid JSON: Expecting property name enclosed in "
            "double quotes (line 1, column 2).",
        ),
    ],
)
def test_what_could_be_read_two_ways_is_refused(text, sentence):
    """The refusal is one sentence saying what is wrong."""
    with pytest.raises(InvalidRequest) as refusal:
        read_json(text)

    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    "value",
    [[[[]] * 10], {"a": "\\ud800", "b": ["\U0001f9ec"]}, [{}] * 1000],
    ids=["nested", "escaped", "many"],
)
def test_what_only_looks_like_it_is_read(value):
    """A backslash that is written out, a pair of surrogates, many flat values."""
    read = read_json(json.dumps(value).encode())

    assert read == value


@pytest.mark.parametrize("levels", [31, 32])
def test_thirty_two_levels_are_read(levels):
    """The last one may hold values."""
    read = read_json(b"[" * levels + b"1" + b"]" * levels)

    assert read != []


def test_a_key_given_twice_among_very_many_is_found_at_once():
    """Looking for it takes no longer than reading."""
    members = [f'"k{number}": 1' for number in range(100_000)]
    body = "{" + ", ".join([*members, '"k99999": 2']) + "}"

    with pytest.raises(InvalidRequest, match="k99999"):
        read_json(body)


def test_a_byte_order_mark_is_no_part_of_the_text():
    """Editors on Windows put one there."""
    read = read_json(b"\xef\xbb\xbf{}")

    assert read == {}


def test_a_long_value_is_quoted_short():
    """A sentence stays a sentence, whatever was sent."""
    quoted = shown("A" * 10_000)

    assert len(quoted) == 78
