"""A VCF that comes as a stream: nothing of it is changed, nothing cut is whole."""

from __future__ import annotations

import gzip
import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.errors import ReadError
from loaders.packed import BGZF_END, packed
from loaders.stream import Cutter, Unpacker
from loaders.stream_text import blocks_of, text_of

HEADER = b"##fileformat=VCFv4.2\n##x=\xff\xfe\r\n#CHROM\tPOS\tID\tREF\tALT\n"
RECORDS = b"".join(b"1\t%d\t.\tA\tC\n" % n for n in range(5000))
TEXT = HEADER + RECORDS


def pieces(data: bytes, size: int) -> list[bytes]:
    """Return bytes in pieces."""
    return [data[at : at + size] for at in range(0, len(data), size)]


def through(data: bytes, size: int = 1000) -> tuple[bytes, list[bytes]]:
    """Return the body that comes out of a stream, and its header."""
    unpacker, cutter = Unpacker("x"), Cutter("x", lines=700, size=1 << 20)
    found = []
    for piece in pieces(data, size):
        for text in unpacker.feed(piece):
            found += cutter.feed(text)
    for text in unpacker.end():
        found += cutter.feed(text)
    found += cutter.end()
    line = len(cutter.header or ()) + 1
    for block in found:
        assert line == block.line
        line += block.text.count(b"\n")
    return b"".join(block.text for block in found), list(cutter.header or ())


FORMS = {
    "plain": TEXT,
    "gzip": gzip.compress(TEXT),
    "two members": gzip.compress(TEXT[:99]) + gzip.compress(TEXT[99:]) + b"\0" * 9,
    "bgzf": packed(TEXT) + BGZF_END,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [1, 17, 1000, 1 << 20])
def test_the_lines_are_the_files_bytes(form, size):
    """Whatever the container and the pieces it comes in."""
    body, header = through(FORMS[form], size)

    assert body == RECORDS
    assert header == [b"##fileformat=VCFv4.2", b"##x=\xff\xfe", HEADER[29:-1]]


@pytest.mark.parametrize("form", ["gzip", "two members", "bgzf"])
@pytest.mark.parametrize("left", [20, 500, -40, -1])
def test_what_is_cut_is_refused(form, left):
    """Wherever a compressed file ends early, at a block's end, too."""
    data = FORMS[form].rstrip(b"\0") if form == "two members" else FORMS[form]

    with pytest.raises(ReadError):
        through(data[:left])


def test_a_bgzf_file_without_its_end_is_cut():
    """All its blocks may be whole, and there may have been more of them."""
    with pytest.raises(ReadError, match="end marker"):
        through(packed(TEXT))


def test_damage_is_refused():
    """A byte that changed within a block is told by its checksum."""
    data = bytearray(FORMS["bgzf"])
    data[300] ^= 0xFF

    with pytest.raises(ReadError, match="corrupt"):
        through(bytes(data))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"hello\nthere, this is text\n", "no header"),
        (b"##fileformat=VCFv4.2\n1\t2\t.\tA\tC\n", "#CHROM"),
        (b"##fileformat=VCFv4.2\n1\t2\t.\tA\tC\n#CHROM\tPOS\n", "#CHROM"),
    ],
)
def test_what_is_no_vcf_is_refused(data, why):
    """In one sentence that says why."""
    with pytest.raises(ReadError, match=why):
        through(data)


def test_the_ends_of_lines_are_noticed():
    """What is added to a header ends as its own lines do."""
    cutter = Cutter("x", lines=1, size=1)
    list(cutter.feed(b"#CHROM\tPOS\r\n"))

    assert (cutter.ending, cutter.header) == (b"\r\n", (b"#CHROM\tPOS",))


def test_a_pipe_is_read_as_a_file_is():
    """Only ``read`` is needed."""
    cutter = Cutter("x", lines=100, size=1 << 20)
    source = io.BytesIO(FORMS["bgzf"])
    found = list(blocks_of(text_of(source.read, "x"), cutter))

    assert b"".join(block.text for block in found) == RECORDS


@given(st.binary(max_size=200_000), st.integers(0, 3))
def test_blocks_hold_what_was_packed(data, repeats):
    """Any bytes, also such that cannot be made smaller."""
    noise = random.Random(repeats).randbytes(70_000 * repeats)  # noqa: S311

    assert gzip.decompress(packed(data + noise) + BGZF_END) == data + noise
