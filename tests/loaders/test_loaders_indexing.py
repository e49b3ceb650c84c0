"""An index made while a file is written finds what htslib's own finds."""

from __future__ import annotations

import gzip

import pysam
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loaders.indexing import Lines, TabixIndex, is_indexable, marks_of
from loaders.packed import BGZF_END, packed

HEAD = b"##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
POSITIONS = st.one_of(
    st.integers(1, 50),
    st.integers(1, 1 << 28),
    st.sampled_from([1 << n for n in (14, 15, 17, 20, 23, 26, 28)]),
)
RECORDS = st.lists(
    st.tuples(
        st.sampled_from(["1", "X"]),
        POSITIONS,
        st.sampled_from([1, 1, 2, 400, 20_000, 200_000]),
        st.sampled_from([0, 10, 70_000]),
    ),
    min_size=1,
    max_size=12,
)


def line(contig: str, pos: int, length: int, more: int) -> bytes:
    """Return a record of a REF of some bases, and of more bytes."""
    ref = "ACGT" * (length // 4) + "ACGT"[: length % 4]
    return f"{contig}\t{pos}\t.\t{ref}\tC\t.\t.\tX={'x' * more}\n".encode()


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(records=RECORDS, size=st.integers(1, 5), asked=st.lists(POSITIONS, max_size=6))
def test_what_is_found_is_what_htslib_finds(tmp_path, records, size, asked):
    """However the file is cut into blocks, and whatever its records span."""
    records = sorted(records)
    index, written = TabixIndex(), packed(HEAD)
    for first in range(0, len(records), size):
        some = records[first : first + size]
        text = b"".join(line(*one) for one in some)
        names = [contig for contig, *_ in some]
        firsts = [(name, names.index(name)) for name in dict.fromkeys(names)]
        lines = Lines(firsts, [p - 1 for _, p, *_ in some], [n for *_, n, _ in some])
        block = packed(text)
        index.add(marks_of(lines, text, block), len(written))
        written += block
    path = tmp_path / "a.vcf.gz"
    path.write_bytes(written + BGZF_END)
    own = tmp_path / "own.tbi"
    own.write_bytes(index.written())
    theirs = pysam.tabix_index(str(path), preset="vcf", force=True)

    with (
        pysam.TabixFile(theirs) as one,
        pysam.TabixFile(str(path), index=str(own)) as other,
    ):
        assert index.is_whole
        assert other.contigs == one.contigs
        for contig in one.contigs:
            assert list(other.fetch(contig)) == list(one.fetch(contig))
            for start in asked:
                for end in (start + 1, start + 20_000):
                    expected = list(one.fetch(contig, start, end))

                    assert list(other.fetch(contig, start, end)) == expected


@pytest.mark.parametrize(
    "text",
    [
        b"1\t5\t.\tA\t<DEL>\t.\t.\tX\n",
        b"1\t5\t.\tA\tC\t.\t.\tEND=9\n",
        b"1\t5\t.\tA\tC\t.\t.\tSVLEN=9\n",
    ],
)
def test_what_may_reach_further_is_not_told_of(text):
    """Its end is htslib's to read."""
    assert not is_indexable(text)


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (Lines([("1", 0)], [4], [1]), b"1\t5\n\n"),
        (Lines([("1", 0)], [-1], [1]), b"1\t0\n"),
        (Lines([("1", 0)], [4], [0]), b"1\t5\n"),
        (Lines([], [], []), b""),
    ],
)
def test_a_block_of_anything_else_is_not_told_of(lines, text):
    """An empty line, a place that is none, no base."""
    index = TabixIndex()
    index.add(marks_of(lines, text, packed(text)), 0)

    assert not index.is_whole


def test_an_index_is_a_bgzf_file():
    """As htslib wants it."""
    assert gzip.decompress(TabixIndex().written())[:4] == b"TBI\1"
