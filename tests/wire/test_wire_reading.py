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


def test_a_byte_order_mark_is_no_part_of_the_text():
    """Editors on Windows put one there."""
    read = read_json(b"\xef\xbb\xbf{}")

    assert read == {}


def test_a_long_value_is_quoted_short():
    """A sentence stays a sentence, whatever was sent."""
    quoted = shown("A" * 10_000)

    assert len(quoted) == 78
