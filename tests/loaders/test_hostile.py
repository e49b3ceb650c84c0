"""Files made to harm: each loads what is sound of it or is refused in one sentence.

Memory is measured in a process of its own; an unbounded reader would need several
times what is allowed here.
"""

import gzip
import io
import json
import os
import random
import socket
import subprocess
import sys
import tarfile
from itertools import chain
from pathlib import Path

import pysam
import pytest

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.errors import BeaconError, LoadRejected, ReadError, UsageError
from loaders import merging
from loaders.header import read_header
from loaders.lines import LongLine, pages_of
from loaders.reader import VcfText
from loaders.reference import FastaReference

HEAD = b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
GOOD = b"22\t50\t.\tA\tC\t.\t.\t.\n"
MEGABYTE = b"z" * (1 << 20)
LIMIT = 450 << 20
READ = """
import json, sys
from pathlib import Path
from beacon.model.errors import BeaconError
from loaders import LoadOptions, merging, open_cohort
vars(merging).update(json.loads(sys.argv[2]))
try:
    cohort = open_cohort([Path(sys.argv[1])], LoadOptions(assembly="GRCh37", max_bad=1))
    said = {"records": sum(1 for _ in cohort.records()), **cohort.report.as_dict()}
except BeaconError as error:
    said = {"refused": str(error)}
status = Path("/proc/self/status")
told = status.read_text().split("VmHWM:")[1].split()[0] if status.exists() else 0
said["peak"] = int(told) * 1024
print(json.dumps(said))
"""


def read_apart(path: Path, **limits: int) -> dict[str, object]:
    """Load a file in a process of its own; return what was said, and the peak."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path), json.dumps(limits)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=Path(__file__).resolve().parents[2],
    )

    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def bomb(path: Path, *parts: tuple[bytes, int]) -> Path:
    """Write parts, each so many times over, as members of a gzip file."""
    with path.open("wb") as file:
        for part, times in parts:
            member = gzip.compress(part, 1)
            for _ in range(times):
                file.write(member)
    return path


BLOCK = MEGABYTE * 32


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([(bytes(1 << 25), 32)], "this is not a VCF"),
        ([(b"##x=", 1), (BLOCK, 32)], "the header is longer than 64 MiB"),
        ([(HEAD, 1), (BLOCK, 32)], "the header is longer than 64 MiB"),
        ([(b"##\n" * 1_000, 1_001)], "the header has more than 1,000,000 lines"),
        (
            [(HEAD + b"\tFORMAT\tS1", 1), (b"\t" * 1_000_000, 3), (b"\n", 1)],
            "there are more than 2,000,000 samples",
        ),
    ],
)
def test_bombs_are_refused_within_bounds(tmp_path, parts, reason):
    """A file that unpacks to a gigabyte of nothing is refused, and never held."""
    said = read_apart(bomb(tmp_path / "x.vcf.gz", *parts))

    assert reason in said["refused"]
    assert said["peak"] < LIMIT


def test_an_endless_line_is_read_past(tmp_path):
    """A line beyond the bound is a bad record; those around it load."""
    begun = (HEAD + b"\n" + GOOD + b"22\t60\t.\tA\tC\t.\t.\tX=", 1)
    said = read_apart(
        bomb(tmp_path / "x.vcf.gz", begun, (BLOCK, 32), (b"\n" + GOOD, 1))
    )
    file = said["files"][0]

    assert {"line is longer than any that is read": 1} == file["bad"]
    assert (3, 2) == (file["records"], file["loaded"])
    assert said["peak"] < LIMIT


def test_what_waits_is_bounded(tmp_path):
    """A crowd of heavy records at one place gives way, and each is counted."""
    path = tmp_path / "x.vcf"
    with path.open("wb") as file:
        file.write(HEAD + b"\n")
        for i in range(40):
            file.write(b"22\t60\t.\tA\tC" + b"G" * i + b"\t.\t.\tX=" + MEGABYTE * 2)
            file.write(b"\n")
    said = read_apart(path, _MOST_WAITING_BYTES=8 << 20, _MOST_LATE_BYTES=16 << 20)

    assert (40, 40) == (said["files"][0]["loaded"], said["stored"]["alleles"])
    assert said["peak"] < 150 << 20


def test_genotypes_of_a_million_copies_are_bad(tmp_path):
    """A genotype of more copies than anything alive has is a bad record."""
    cells = b"\t".join([b"0/" * 1_000_000 + b"1"] * 2)
    line = b"22\t60\t.\tA\tC\t.\t.\t.\tGT\t" + cells + b"\n"
    head = HEAD + b"\tFORMAT\tP1\tP2\n"
    said = read_apart(bomb(tmp_path / "x.vcf.gz", (head, 1), (line, 20)))

    assert "impossible genotype" in said["refused"]
    assert said["peak"] < LIMIT


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_lines_are_cut_at_the_bound_only(end):
    """Lines up to the bound come whole; a longer one comes as its beginning, marked."""
    sizes = [0, 3, 33_000, 70_000, 99_999, 3, 150_000, 0, 1_000_000, 32_767, 32_768]
    lines = [bytes([97 + n]) * size for n, size in enumerate(sizes)]
    data = b"\n".join(lines) + end
    found = list(chain.from_iterable(pages_of(io.BytesIO(data).read, 100_000)))
    is_long = [type(line) is LongLine for line in found]
    whole = [line for line in found if type(line) is not LongLine]

    assert [size > 100_000 for size in sizes] == is_long
    assert [s for s in sizes if s <= 100_000] == [len(w.rstrip(b"\n")) for w in whole]
    assert {97 + sizes.index(150_000)} == set(found[sizes.index(150_000)])


@pytest.fixture
def plain(write_vcf):
    """A file of three people with a record of each kind of order."""
    rows = [("22", p, "A", "C", "PASS", ".", "0/1", "0/0", "1/1") for p in (5, 9, 7)]
    return write_vcf(rows, ("A", "B", "C"))


@pytest.mark.parametrize("kind", ["fifo", "directory", "socket", "loop", "device"])
def test_what_is_no_file_is_refused(load, tmp_path, kind):
    """A pipe, a folder, a socket, a device or a loop of links is refused at once."""
    path = tmp_path / "x.vcf"
    server = socket.socket(socket.AF_UNIX)
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    elif kind == "socket":
        server.bind(str(path))
    elif kind == "loop":
        path.symlink_to(path)
    else:
        path = Path("/dev/null")

    with server, pytest.raises(ReadError, match=r"is not a file|cannot be read"):
        load(path)


@pytest.mark.parametrize("kind", ["grows", "shrinks"])
def test_a_file_that_changes_is_refused(write_vcf, tmp_path, load, kind):
    """A file that changes after its header was read, or while it is, is refused."""
    rows = [("22", p, "A", "C") for p in range(1, 30_000)]
    path = write_vcf(rows)
    text = VcfText(path)
    read_header(text)
    body = text.body()
    next(body)
    size = path.stat().st_size
    os.truncate(path, size + 1 if kind == "grows" else size - 20)

    with pytest.raises(ReadError, match="changed while it was read"):
        list(body)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (HEAD.decode().encode("utf-16"), "UTF-16"),
        (HEAD.replace(b"\n", b"\r") + b"\r" + GOOD, "CR alone"),
        (b"\0" * 100, "not a VCF"),
        (b"BCF\x02\x02" + b"\xff" * 40, "BCF header"),
        (b"BCF\x02\x02\xff\xff\xff\x7f##fileformat=VCFv4.2\n", "BCF header"),
        (b"BCF\x02\x02" + (100).to_bytes(4, "little") + b"##x\n", "BCF header"),
    ],
)
def test_what_cannot_be_read_is_refused(load, tmp_path, data, reason):
    """Other encodings, line ends and damaged containers are refused by name."""
    path = tmp_path / "x.vcf"
    path.write_bytes(data)

    with pytest.raises(ReadError, match=reason):
        load(path)


def test_an_archive_is_no_vcf(plain, load, tmp_path):
    """A ``.gz`` that is a tar is refused, whatever lies in it."""
    path = tmp_path / "x.vcf.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(plain, "x.vcf")

    with pytest.raises(ReadError, match="not a VCF"):
        load(path)


@pytest.fixture
def bcf(write_vcf, tmp_path):
    """A sound BCF of three people."""
    header = [
        "##contig=<ID=22,length=51304566>",
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="GT">',
    ]
    rows = [("22", p, "A", "C", "PASS", ".", "0/1", "./1", "1") for p in range(1, 90)]
    path = write_vcf(rows, ("A", "B", "C"), header=header)
    written = tmp_path / "x.bcf"
    with (
        pysam.VariantFile(str(path)) as source,
        pysam.VariantFile(str(written), "wb", header=source.header) as sink,
    ):
        for record in source:
            sink.write(record)
    return written


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_bcf_ends_no_load(bcf, load, tmp_path, seed):
    """Wherever a BCF is damaged, it is refused or loads; this process goes on."""
    rng = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    with pysam.BGZFile(str(bcf), "rb", None) as file:
        data = bytearray(file.read())
    for _ in range(1 + seed % 3):
        at = rng.randrange(5, len(data) - 4)
        data[at : at + 4] = rng.choice([b"\xff" * 4, b"\0" * 4, rng.randbytes(4)])
    damaged = tmp_path / "damaged.bcf"
    damaged.write_bytes(data)

    said = loaded_or_refused(load, damaged)

    assert said == "loaded" or "damaged.bcf" in said


def loaded_or_refused(load, path):
    """Return the refusal of a file, or that it loaded and its account adds up."""
    try:
        cohort, _ = load(path, max_bad=1.0)
    except BeaconError as error:
        return str(error)
    file = cohort.report.files[0]
    accounted = file.loaded + file.bad_records + file.not_loaded.total()
    return "loaded" if file.records == accounted else "records are lost"


def test_a_bcf_cut_between_blocks_is_refused(bcf, load, tmp_path):
    """A BCF without its end marker may lack records: it is refused."""
    whole = tmp_path / "whole.bcf"
    with pysam.BGZFile(str(bcf), "rb", None) as file:
        data = file.read()
    with pysam.BGZFile(str(whole), "wb") as file:
        file.write(data)
    cut = tmp_path / "cut.bcf"
    cut.write_bytes(whole.read_bytes()[:-28])

    assert 3 == load(whole)[0].sample_count
    with pytest.raises(ReadError, match="end marker is missing"):
        load(cut)


def test_a_garbage_index_is_nobodys_concern(bcf, plain, load, tmp_path):
    """An index beside the file is not read, so a damaged one harms nothing."""
    packed = tmp_path / "x.vcf.gz"
    pysam.tabix_compress(str(plain), str(packed))
    for path in (bcf, packed):
        for end in (".csi", ".tbi"):
            Path(f"{path}{end}").write_bytes(b"CSI\1garbage" * 9)

    assert 3 == load(packed)[0].sample_count
    assert 3 == load(bcf)[0].sample_count


def test_many_alternates_count_as_one_by_one(write_vcf, load, counts_of):
    """Counting a record of many ALTs at once gives what counting each one gives."""
    rng = random.Random(4)  # noqa: S311 - to be repeated, not to be secret
    words = ["".join(rng.choices("ACGT", k=7)) for _ in range(120)]
    alternates = list(dict.fromkeys(words))
    calls = [
        rng.choice(["{}/{}", "{}|{}", "{}", "./{}", "{}/{}/{}"]).format(
            *(rng.randrange(len(alternates) + 1) for _ in range(3))
        )
        for _ in range(300)
    ]
    names = [f"S{i}" for i in range(300)]
    row = ("22", 60, "G", ",".join(alternates), "PASS", ".", *calls)
    cohort, found = load(write_vcf([row], names))
    copies = [a for c in calls for a in c.replace("|", "/").split("/")]
    for number, alternate in enumerate(alternates, 1):
        counts = counts_of(cohort, found[f"22-60-G-{alternate}"])["Total"]
        assert counts[:2] == (
            copies.count(str(number)),
            len(copies) - copies.count("."),
        )


@pytest.mark.parametrize("most", [1, 4_000])
def test_giving_way_changes_no_count(write_vcf, load, counts_of, monkeypatch, most):
    """However little may wait, each allele has the same counts."""
    monkeypatch.setattr(merging, "_MOST_WAITING_BYTES", most)
    rows = [
        ("22", 60 + i % 3, "A", "CGT"[i % 3], "PASS", ".", "0/1", "./.", "1/1")
        for i in range(30)
    ]
    cohort, found = load(write_vcf(rows, ("A", "B", "C")))
    counts = {k: counts_of(cohort, r)["Total"] for k, r in found.items()}

    assert [(3, 4, 1, 1, 0)] * 3 == list(counts.values())
    assert 27 == cohort.report.alternates["merged"]


def test_disorder_beyond_memory_is_refused(write_vcf, load, monkeypatch):
    """A file further out of order than may be remembered is refused with its line."""
    monkeypatch.setattr(merging, "_MOST_LATE_BYTES", 2_000)
    rows = [("22", p, "A", "C") for p in (9000, 20000)] + [
        ("21", 5, "A", "C"),
        *[("22", p, "A", "C") for p in range(1, 40)],
    ]

    with pytest.raises(LoadRejected, match=r"x\.vcf:\d+: .* out of order"):
        load(write_vcf(rows))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"sample\tsex\nA\0\tM\n", r":2: .*NUL"),
        (b"sample\tsex\nA\xe9\tM\n", "UTF-8"),
        (b"sample\t" + b"x" * (1 << 21), r":1: .*too long"),
        (b"sample\nA\nA\n", "named twice"),
        (b"", "no column named sample"),
    ],
)
def test_a_strange_samples_table_is_refused(plain, load, tmp_path, data, reason):
    """A samples table that is no table is refused in a sentence."""
    table = tmp_path / "people.tsv"
    table.write_bytes(data)

    with pytest.raises(ReadError, match=reason):
        load(plain, samples=table)


def test_a_samples_table_that_is_a_pipe_is_refused(plain, load, tmp_path):
    """Nobody waits for a pipe to speak."""
    os.mkfifo(tmp_path / "people.tsv")

    with pytest.raises(ReadError, match="not a file"):
        load(plain, samples=tmp_path / "people.tsv")


def test_rows_that_contradict_each_other_are_said(plain, load, tmp_path):
    """An individual of two sexes counts in neither, and the report names them."""
    table = tmp_path / "people.tsv"
    table.write_text(
        "sample\tindividual\tsex\tpop\nA\tI1\tM\tSE\nB\tI1\tF\tSE\nC\tI2\tF\tFI\n"
    )
    cohort, _ = load(plain, samples=table)
    labels = [group.label for group in cohort.layout.groups]

    assert ["Total", "FI", "SE", "F", "FI_F"] == labels
    assert "1 individuals" in cohort.report.notes[0]
    assert "sex (I1)" in cohort.report.notes[0]


def test_more_kinds_of_people_than_are_kept_apart_are_refused(load, tmp_path):
    """Groups that tell everybody from everybody are refused before a record is read."""
    names = [f"S{i}" for i in range(10_001)]
    path, table = tmp_path / "x.vcf", tmp_path / "people.tsv"
    path.write_bytes(HEAD + b"\tFORMAT\t" + "\t".join(names).encode() + b"\n")
    table.write_text("sample\tid\n" + "".join(f"{n}\t{n}\n" for n in names))

    with pytest.raises(UsageError, match="10,000 kinds"):
        load(path, samples=table, group_by=("id",))


@pytest.fixture
def genome(tmp_path):
    """A mitochondrion with an index."""
    path = tmp_path / "mt.fa"
    path.write_text(">MT\n" + "ACGT" * 4142 + "A\n")
    pysam.faidx(str(path))
    return path


@pytest.mark.parametrize(
    "index", [b"MT\t16569\t-9\t1\t2\n", b"MT\t16569\t900000\t16569\t16570\n", b"\0\xff"]
)
def test_a_damaged_genome_is_said(genome, index):
    """A genome whose index or bases are damaged is refused, never read as others."""
    Path(f"{genome}.fai").write_bytes(index)
    contig = ASSEMBLIES["GRCh37"].contigs[24]

    with pytest.raises((ReadError, UsageError), match=r"mt\.fa"):
        FastaReference(genome, "GRCh37").bases(contig, 100, 120)


def test_a_genome_cut_short_is_said(genome):
    """A FASTA that ends before its index says so is damaged, not short."""
    os.truncate(genome, 5_000)
    contig = ASSEMBLIES["GRCh37"].contigs[24]

    with pytest.raises(ReadError, match="damaged"):
        FastaReference(genome, "GRCh37").bases(contig, 100, 120)


def test_a_genome_that_is_no_file_is_refused(tmp_path):
    """A folder or a pipe is no genome."""
    with pytest.raises(UsageError, match="indexed FASTA"):
        FastaReference(tmp_path, "GRCh37")
