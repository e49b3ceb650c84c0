"""JSON files: every record with its place, every defect in one sentence."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beacon.model.errors import ReadError
from loaders.documents import NotJson, parse_json, read_documents
from tests.loaders.document_samples import written

if TYPE_CHECKING:
    from pathlib import Path

TWO = [{"id": "a"}, {"id": "b", "info": {"n": [1, 2.5, True, None]}}]


def _places(path: Path) -> list[tuple[object, str]]:
    return [(f.document["id"], f.place("/x")) for f in read_documents(path)]


@pytest.mark.parametrize(
    ("name", "text", "places"),
    [
        ("a.json", '[\n{"id": "a"},\n\n{"id":\n"b"}]\n', ["a.json:2", "a.json:4"]),
        ("a.json", '[{"id": "a"}, {"id": "b"}]', ["a.json:1/0", "a.json:1/1"]),
        ("a.json", '[{"id": "a"},\n{"id": "b"}]', ["a.json:1", "a.json:2"]),
        ("a.json", '{"id": "a"}', ["a.json:1"]),
        ("a.json", '\ufeff[\r\n{"id": "a"}]', ["a.json:2"]),
        ("a.json", '{"id": "a"}\n{"id": "b"}', ["a.json:1", "a.json:2"]),
        ("a.jsonl", '{"id": "a"}\r\n\r\n{"id": "b"}', ["a.jsonl:1", "a.jsonl:3"]),
        ("a.ndjson", '\ufeff{"id": "a"}\n', ["a.ndjson:1"]),
    ],
)
def test_a_record_knows_where_it_begins(
    tmp_path: Path, name: str, text: str, places: list[str]
) -> None:
    """An element's line is that of its bracket; several on a line are counted."""
    found = _places(written(tmp_path, text, name))

    assert [f"{place}/x" for place in places] == [place for _, place in found]
    assert ["a", "b"][: len(places)] == [identity for identity, _ in found]


@pytest.mark.parametrize("name", ["a.json.gz", "a.jsonl.gz"])
def test_gzip_is_unpacked(tmp_path: Path, name: str) -> None:
    """What is packed reads as what is not."""
    text = "\n".join(map(json.dumps, TWO))
    path = written(tmp_path, gzip.compress(text.encode()), name)

    assert TWO == [found.document for found in read_documents(path)]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "a.json: the file is empty (0 bytes)"),
        (b" \n", "a.json: holds no record"),
        (b"[]", "a.json: holds no record: the array is empty"),
        (b"[{},\n{}\n{}]", "a.json:3: expected ',' or ']' after a record, not '{'"),
        (b"[{}]\nx", "a.json:2: something follows the array"),
        (b'[{},\n{"a": NaN}]', "a.json:2: NaN is no number; leave the member out"),
        (b'{"a": -Infinity}', "a.json:1: -Infinity is no number"),
        (b'{"a": 1e999}', "a.json:1: the number 1e999 is too large to be kept"),
        (b'{"a": 99999999999999999999}', "a.json:1: the number 9999999999999999"),
        (b"[" + b"9" * 5000 + b"]", "a.json:1: the number 9999999999999999"),
        (b'[{},\n{"a": 1, "a": 2}]', "a.json:2: the key 'a' stands twice in one"),
        (b'[{},\n\n{"a": "', "a.json:3: the file ends within a record or an array"),
        (b'[{"a": 1},\n', "a.json:2: the file ends within a record or an array"),
        (b'[\n{"a": 1', "a.json:2: the file ends within a record or an array"),
        (b'[{}, {"a" 1}]', "a.json:1: this is no JSON: expecting ':' delimiter"),
        (b'[{"a": "\xff"}]', "a.json:1: this is not UTF-8 text"),
        (b'\n[{"a": "\xc3\x28"}]', "a.json:2: this is not UTF-8 text"),
        (b"\xff\xfe[\x00", "a.json:1: this is UTF-16, not UTF-8 text; save it as"),
        (b'{"a": "\\ud800"}', "a.json:1: holds text with half a character"),
        (b'{"a": "\x00"}', "a.json:1: this is no JSON: invalid control character"),
        (b'{"a":' * 5000, "a.json:1: is nested deeper than 100 levels"),
        (b'{"a":' + b"[" * 150 + b"]" * 150 + b"}", "a.json:1: is nested deeper"),
        (b"[1]", "a.json:1: a record is an object, this is a number"),
        (b"[{}, null]", "a.json:1: a record is an object, this is nothing (null)"),
        (b'"x"', "a.json:1: a record is an object, this is a text"),
        (b"PK\x03\x04", "a.json: this is a spreadsheet or a zip file; save it as CSV"),
        (b"\x1f\x8b\x08abc", "a.json: the gzip file is cut off or damaged"),
    ],
)
def test_a_defect_is_one_sentence(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    """It names the file, and the line where there is one."""
    with pytest.raises(ReadError) as caught:
        list(read_documents(written(tmp_path, content, "a.json")))

    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    """A directory and a missing file are named."""
    with pytest.raises(ReadError, match="is a directory, not a file"):
        list(read_documents(tmp_path))
    with pytest.raises(ReadError, match=r"cannot be read .No such file"):
        list(read_documents(tmp_path / "none.json"))


def test_brackets_in_texts_nest_nothing() -> None:
    """Only those that open something count."""
    text = json.dumps({"a": "[{" * 500})

    assert {"a": "[{" * 500} == parse_json(text)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text('ab[{"\\'), inner),
    max_leaves=20,
)


@settings(max_examples=60, deadline=None)
@given(JSON)
def test_all_json_reads_as_itself(value: object) -> None:
    """What can be written is read back."""
    assert value == parse_json(f" {json.dumps(value)}\r\n")


@settings(max_examples=150, deadline=None)
@given(st.text('[]{}:,"\\ \n0123.-eEtruefalsn', max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Any text is JSON, or a sentence says that it is none."""
    try:
        parse_json(text)
    except NotJson as error:
        said = error.reason
    else:
        said = "understood"

    assert said
