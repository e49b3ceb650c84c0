"""Chunks say what the whole says: every record, every line, every count.

The law: a load in chunks, however small, and its report are those of a load in
one, or the files are found out of order.
"""

from __future__ import annotations

import os
import random
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beacon.model.errors import BeaconError
from loaders import LoadOptions, open_cohort, shards
from loaders.accounts import Account, read_account
from loaders.shards import OutOfOrder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loaders.cohort import Cohort

VALIDATE = os.environ.get("BEACON_VALIDATE")
DATA = Path(os.environ.get("BEACON_SHARED_DATA", "data"))
FOLDERS = ("vcf", "ploidy", "sites", "odd", "gvcf", "sv", "annot", "synthetic_cohort")
HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


@pytest.fixture
def tiny(monkeypatch):
    """Chunks of a few lines."""
    monkeypatch.setattr(shards, "_LEAST", 1)


def whole(cohort: Cohort, reference=None):
    """Return the last record of each allele, the runs, and the report."""
    runs: list[object] = []
    records = {r[:5]: r for r in cohort.records(reference, covered=runs.append)}
    return records, runs, told(cohort)


def told(cohort: Cohort):
    """Return all that is said of a load."""
    report = cohort.report
    return (
        report.as_dict(),
        {name: n for name, n in report.bins.items() if n},
        sorted(cohort.contigs),
        cohort.coverage,
    )


def in_chunks(cohort: Cohort, reference=None):
    """Return the same, read chunk by chunk, from the last to the first."""
    plan = cohort.plan()
    runs: dict[int, list[object]] = {}
    records = {}
    texts = {}
    for number in reversed(range(plan.chunks)):
        account = Account()
        mine = runs.setdefault(number, [])
        found = cohort.chunk(plan, number, account, reference, covered=mine.append)
        for record in found:
            records[record[:5]] = record
        texts[number] = account.as_text()
    names = [file.name for file in cohort.report.files]
    accounts = [read_account(texts[n], names) for n in range(plan.chunks)]
    last: list[object] = []
    for record in cohort.concluded(plan, accounts, reference, last.append):
        records[record[:5]] = record
    ordered = [run for n in range(plan.chunks) for run in runs[n]]
    return (records, ordered + last, told(cohort)), plan


def compare(paths: Sequence[Path], reference=None, **options):
    """Assert the law for some files; return the plan, ``None``: they are unsorted."""
    chosen = LoadOptions(**options)
    expected = attempt(lambda: whole(open_cohort(paths, chosen), reference))
    found = attempt(lambda: in_chunks(open_cohort(paths, chosen), reference))
    if isinstance(found, OutOfOrder):
        return None
    if isinstance(found, BeaconError):
        assert type(found) is type(expected)
        return None
    assert expected[2] == found[0][2]
    assert expected[1] == found[0][1]
    assert expected[0] == found[0][0]
    return found[1]


def attempt(load):
    """Return what a load gives, or the error it ends with."""
    try:
        return load()
    except BeaconError as error:
        return error


class Runs:
    """A reference of long runs of one base, where alleles move far."""

    def bases(self, contig, start, end):
        """Return A in one half of every 4,000 bases, C in the other."""
        del contig
        return "".join("AC"[(at // 2000) % 2] for at in range(max(0, start), end))


def blocked(text: str, size: int) -> bytes:
    """Return text in BGZF blocks of so many bytes."""
    data = text.encode()
    blocks = []
    for at in range(0, len(data), size):
        piece = data[at : at + size]
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = packer.compress(piece) + packer.flush()
        head = b"\x1f\x8b\x08\x04" + bytes(5) + b"\xff\x06\x00BC\x02\x00"
        blocks.append(
            head
            + struct.pack("<H", len(packed) + 25)
            + packed
            + struct.pack("<II", zlib.crc32(piece), len(piece))
        )
    return b"".join(blocks) + END


def line(draw: random.Random, contig: str, pos: int, samples: int) -> str:
    """Return a data line: some are bad, some move far to either side."""
    base = "AC"[((pos - 1) // 2000) % 2]
    other = "AC".replace(base, "")
    run = draw.choice((1, 3, 30, 1500))
    reference, alternate = draw.choice(
        (
            (base, "G"),
            (base, "T,G"),
            (base * 3, base),
            (base, base * 4),
            (base + other, base),
            (base * run + base, base * run + "G"),
            (base, "<DEL>"),
            ("Z", "G"),
            ("G", "T"),
            (base, "."),
        )
    )
    told = draw.choice(("AC=1;AN=8", "AC=9;AN=8", "AN=6;AC=0", ".", "END=90"))
    columns = [contig, str(pos), draw.choice((".", "rs7")), reference, alternate]
    columns += [".", draw.choice(("PASS", "PASS", "q10")), told]
    if samples:
        calls = [draw.choice(("0/0", "0/1", "1/1", "./.", "1")) for _ in range(samples)]
        columns += ["GT", *calls]
    return "\t".join(columns)


def some_text(draw: random.Random, samples: tuple[str, ...]) -> str:
    """Return a sorted file, with sequences that are unknown in between."""
    lines = [
        HEAD + "".join(f"\t{s}" for s in (("FORMAT", *samples) if samples else ()))
    ]
    for contig in draw.choice((("1",), ("1", "2", "X"), ("3", "1_random", "2"))):
        starts = sorted(draw.randrange(1, 9000) for _ in range(draw.randrange(1, 60)))
        lines += [line(draw, contig, pos, len(samples)) for pos in starts]
        lines += [""] * draw.choice((0, 0, 2))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("files", [1, 2])
@pytest.mark.parametrize("people", [0, 2])
@given(seed=st.integers(0, 1 << 30), size=st.sampled_from((0, 90, 700)))
@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@pytest.mark.usefixtures("tiny")
def test_chunks_are_the_whole(tmp_path_factory, files, people, seed, size):
    """Sorted files of any kind in chunks are what they are in one piece."""
    draw = random.Random(seed)  # noqa: S311 - hypothesis chooses the seed
    folder = tmp_path_factory.mktemp("chunks")
    paths = []
    for number in range(files):
        samples = tuple(f"s{number}{n}" for n in range(people))
        text = some_text(draw, samples)
        path = folder / f"{number}.vcf"
        path.write_bytes(blocked(text, size) if size else text.encode())
        paths.append(path)

    compare(paths, draw.choice((None, Runs())), assembly="GRCh37", max_bad=1.0)


@pytest.mark.skipif(
    not VALIDATE, reason="reads every file there is (BEACON_VALIDATE=1)"
)
@pytest.mark.usefixtures("tiny")
def test_real_files_in_chunks_are_whole():
    """Real files of every kind in chunks are what they are in one piece."""
    found = [
        path
        for folder in FOLDERS
        for path in sorted((DATA / folder).rglob("*"))
        if path.name.endswith((".vcf", ".vcf.gz", ".bcf"))
    ]
    chunks = [_chunks(path) for path in found if path.stat().st_size < 3_000_000]

    assert max(chunks, default=2) > 1


def _chunks(path: Path) -> int:
    for assembly in (None, "GRCh37", "GRCh38"):
        try:
            open_cohort([path], LoadOptions(assembly=assembly))
        except BeaconError:
            continue
        plan = compare([path], assembly=assembly)
        return plan.chunks if plan else 0
    return 0


SORTED = "".join(f"22\t{pos}\t.\tA\tG\t.\t.\tAC=1;AN=4\n" for pos in range(1, 400))


@pytest.mark.parametrize(
    "stray",
    [
        "22\t5\t.\tA\tG\t.\t.\tAC=1;AN=4\n",
        "21\t5\t.\tA\tG\t.\t.\tAC=1;AN=4\n22\t900\t.\tA\tG\t.\t.\tAC=1;AN=4\n",
    ],
    ids=["position", "contig"],
)
@pytest.mark.usefixtures("tiny")
def test_disorder_is_seen(tmp_path, stray):
    """A record behind its place is found, wherever chunks are cut."""
    path = tmp_path / "unsorted.vcf"
    path.write_text(f"{HEAD}\n{SORTED}{stray}")
    cohort = open_cohort([path], LoadOptions(assembly="GRCh37"))

    with pytest.raises(OutOfOrder):
        in_chunks(cohort)


def test_small_files_are_one_chunk(tmp_path):
    """A file of a few lines is not cut."""
    path = tmp_path / "small.vcf"
    path.write_text(f"{HEAD}\n{SORTED}")

    assert open_cohort([path], LoadOptions(assembly="GRCh37")).plan().chunks == 1


@pytest.mark.usefixtures("tiny")
def test_the_same_file_is_cut_alike(tmp_path):
    """A plan is the same each time, and its chunks follow each other."""
    path = tmp_path / "sorted.vcf"
    path.write_text(f"{HEAD}\n{SORTED}")
    plans = [open_cohort([path], LoadOptions(assembly="GRCh37")).plan() for _ in "ab"]
    ends = [plans[0].places(n)[0] for n in range(plans[0].chunks)]

    assert plans[0] == plans[1]
    assert plans[0].chunks > 50
    assert [begin for begin, _ in ends[1:]] == [end for _, end in ends[:-1]]
