"""The laws of loading, held against seeds, generated files and every file there is."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loading_laws import HEAD, PEOPLE, check_bytes, check_file, read

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
SEEDS = sorted((Path(__file__).parent / "seeds").iterdir())
BUNDLED = sorted((ROOT / "beacon/data/demo").glob("*.vcf.gz"))
FOLDERS = (
    "annot", "gvcf", "hostile", "odd", "ploidy", "sites", "sv", "synthetic_cohort",
    "vcf", "vectors",
)  # fmt: skip
ENDS = (".vcf", ".vcf.gz", ".bcf")
SMALL = 300_000
FILES = BUNDLED + sorted(
    path
    for folder in FOLDERS
    for path in (SHARED / folder).rglob("*")
    if path.name.endswith(ENDS)
    and "vcf-validator" not in path.parts
    and path.stat().st_size < SMALL
)


@pytest.mark.parametrize("seed", SEEDS, ids=lambda p: p.name)
def test_seeds_keep_the_laws(seed):
    """What fuzzing began with, and what it once found, breaks no law."""
    check_bytes(seed.read_bytes())


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_every_file_reconciles(path):
    """Each record and each ALT of a real file is stored or named with its reason."""
    assembly = "GRCh38" if "38" in path.name else "GRCh37"
    _, _, account = read(path, assembly, is_lenient=True)

    assert json.dumps(account)


CONTIG = st.sampled_from(["22", "chr22", "X", "MT", "21", "zz", "2 2", ""])
POS = st.one_of(
    st.integers(1, 60).map(str),
    st.sampled_from(
        ["0", "-1", "x", "51304566", "51304567", "4294967297", str(1 << 63)]
    ),
)
BASES = st.text("ACGTNacgt", min_size=1, max_size=6)
ALT = st.one_of(
    BASES,
    BASES,
    st.sampled_from(
        [".", "*", "<NON_REF>", "<*>", "<DEL>", "<DUP:TANDEM>", "<INS>", "<CN0>", "",
         "<DEL", "A[22:9[", "]X:3]A", ".A", "<CNV>", "R", "<INV>", "<BND>", "<TRA>"]
    ),
)  # fmt: skip
ALTS = st.lists(ALT, min_size=1, max_size=4).map(",".join)
IDS = st.sampled_from([".", "rs1", "rs1;rs2", ";", "a b", "rs1"])
FILTERS = st.sampled_from([".", "PASS", "q10", "q10;s50", "PASS;", "", "q 10"])
NUMBER = st.one_of(st.integers(0, 9).map(str), st.sampled_from([".", "-1", "x", "1e3"]))
KEY = st.sampled_from(["AC", "AN", "END", "SVLEN", "nhomalt", "CIPOS", "DP", "CSQ"])
FIELD = st.tuples(KEY, st.lists(NUMBER, min_size=1, max_size=3).map(",".join))
INFO = st.lists(FIELD.map("=".join), max_size=5).map(";".join)
CALL = st.sampled_from(
    ["0/0", "0|1", "1/1", "./.", ".", "1", "0", "./1", "1/2", "2|4", "0/1/1", "/0|1",
     "9", "x", "", "0/", "1|1|1|1"]
)  # fmt: skip
FORMAT = st.sampled_from(
    [("GT", "{}"), ("GT:DP", "{}:3"), ("DP:GT", "4:{}"), ("CN", "2")]
)
HARMS = st.one_of(
    st.none(),
    st.tuples(
        st.sampled_from(["insert", "delete", "double"]),
        st.integers(0, 400),
        st.sampled_from([b"\0", b"\t", b"\n", b"\r", b";", b",", b"\xff", b"#CHROM"]),
    ),
)


@st.composite
def records(draw, people):
    """Draw a data line, mostly sound."""
    fixed = [
        draw(CONTIG), draw(POS), draw(IDS), draw(BASES), draw(ALTS), ".",
        draw(FILTERS), draw(INFO) or ".",
    ]  # fmt: skip
    if people:
        keys, cell = draw(FORMAT)
        fixed.append(keys)
        fixed += [cell.format(draw(CALL)) for _ in range(3)]
    return "\t".join(fixed)


@st.composite
def files(draw):
    """Draw a file: a sound frame, strange records, and at times a blow of a hammer."""
    people = draw(st.booleans())
    lines = draw(st.lists(records(people), max_size=8))
    body = "\n".join(lines).encode()
    data = HEAD + (PEOPLE if people else b"") + b"\n" + body + b"\n"
    harm = draw(HARMS)
    if harm is not None:
        how, place, what = harm
        place %= len(data)
        gone = place + (1 if how == "delete" else 0)
        data = data[:place] + (b"" if how == "delete" else what) + data[gone:]
    return gzip.compress(data, 1) if draw(st.integers(0, 9)) == 0 else data


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(files())
def test_generated_files_keep_the_laws(data):
    """Whatever stands in a file's columns, no law of loading is broken."""
    check_bytes(data)


def test_strictness_changes_no_account(tmp_path):
    """A file that is too bad for the usual limit is refused with its first bad line."""
    path = tmp_path / "x.vcf"
    path.write_bytes(HEAD + b"\n22\t5\t.\tA\tC\t.\t.\t.\n22\t6\t.\t?\tC\t.\t.\t.\n")

    assert "" == check_file(path)
    assert "x.vcf:4" in check_file(path, is_lenient=False)
