"""Reference blocks: who was called at an allele, and where nothing stands.

The judge is a list: every person at every base, asked of every record.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beacon.model.counts import group_counts
from beacon.model.dataset import CoverageKind
from loaders import LoadOptions, merging, open_cohort
from loaders.reference import FastaReference
from tests.loaders.laws import assert_shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beacon.model.counts import CoverageRun

SHARED = Path(__file__).resolve().parents[3] / "shared/data"
GVCF = SHARED / "gvcf"
HEADER = (
    '##INFO=<ID=END,Number=1,Type=Integer,Description="End">',
    '##ALT=<ID=NON_REF,Description="Any other">',
)
PEOPLE = "PQRS"
SAME = {"T": "S"}
"""Samples that are another sample's person."""

LAST = 40
"""The last base of the small world these tests live in."""


def read(*paths, reference=None, **options):
    """Return the cohort, its last record of each allele, and its last runs."""
    cohort = open_cohort(paths, LoadOptions(**{"assembly": "GRCh37", **options}))
    told: list[CoverageRun] = []
    records = {}
    for r in cohort.records(reference, None, told.append):
        assert_shares(cohort, r)
        records[r.rank, r.start + 1, r.reference, r.alternate] = r
    return cohort, records, _last_told(told)


def _last_told(told):
    """A contig whose runs begin again has said the earlier ones in vain."""
    kept: dict[int, list[CoverageRun]] = defaultdict(list)
    for run in told:
        before = kept[run.rank]
        if before and run.start < before[-1].end:
            before.clear()
        before.append(run)
    return kept


def an_at(runs, rank, pos):
    """Return the AN by column that runs give a base, ``None`` outside."""
    found = [r.an for r in runs[rank] if r.start < pos <= r.end]

    assert len(found) <= 1
    return found[0] if found else None


class Line(NamedTuple):
    """One data line of a generated file."""

    pos: int
    reference: str
    alternates: str
    end: int | None
    is_passing: bool
    cells: tuple[str, ...]

    @property
    def tells(self) -> bool:
        """Whether only a gVCF has such a line."""
        is_open = self.alternates.endswith(("<NON_REF>", "<*>"))
        return is_open or (self.end is not None and self.end > self.pos)

    def stretch(self, body: Sequence[tuple[str, Line]]) -> range:
        """Return the bases whose other alleles a line of this body speaks for."""
        if not any(line.tells for _, line in body):
            return range(0)
        return range(self.pos, 1 + (self.end or self.pos + len(self.reference) - 1))

    def text(self, contig: str) -> str:
        """Return the line."""
        info = "." if self.end is None else f"END={self.end}"
        filters = "PASS" if self.is_passing else "LowGQ"
        fields = (contig, self.pos, ".", self.reference, self.alternates, ".")
        return "\t".join(map(str, (*fields, filters, info, "GT", *self.cells)))


CALLS = st.sampled_from(["0/0", "0/0", "0|0", "./.", "0", ".", "0/.", "0/0/0"])
CARRYING = st.sampled_from(["0/1", "1/1", "0/0", "./.", "./1", "1", "0"])


@st.composite
def lines(draw, samples: int) -> Line:
    """Draw a block, a variant that speaks for others too, or a plain one."""
    pos = draw(st.integers(1, LAST))
    kind = draw(st.sampled_from(["block", "block", "block", "variant", "plain", "dot"]))
    is_passing = draw(st.sampled_from([True, True, True, False]))
    if kind == "block":
        end = draw(st.none() | st.integers(pos, LAST))
        alternates = draw(st.sampled_from(["<NON_REF>", "<*>", "."]))
        cells = tuple(draw(CALLS) for _ in range(samples))
        return Line(pos, "A", alternates, end, is_passing, cells)
    cells = tuple(draw(CARRYING) for _ in range(samples))
    if kind == "dot":
        cells = tuple(c.replace("1", "0") for c in cells)
        return Line(pos, "A", ".", None, is_passing, cells)
    reference, alternate = draw(st.sampled_from([("A", "C"), ("A", "G"), ("AAA", "A")]))
    if kind == "variant":
        alternate += draw(st.sampled_from([",<NON_REF>", ",<*>"]))
    return Line(pos, reference, alternate, None, is_passing, cells)


@st.composite
def files(draw):
    """Draw files as (samples, contig → lines); people may be in several files."""
    found = []
    for number in range(draw(st.integers(1, 3))):
        names = draw(
            st.lists(st.sampled_from("PQRST"), min_size=1, max_size=3, unique=True)
        )
        body = []
        for contig in draw(st.sampled_from([("21",), ("21", "22"), ("22", "21")])):
            rows = draw(st.lists(lines(len(names)), max_size=12))
            if draw(st.sampled_from([True, True, False])):
                rows.sort(key=lambda line: line.pos)
            body += [(contig, line) for line in rows]
        found.append((number, names, body))
    return found


def _called(cell: str) -> int:
    return sum(c != "." for c in cell.replace("|", "/").split("/"))


def _write(folder, number, names, body):
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"]
    head = ["##fileformat=VCFv4.2", *HEADER, "\t".join([*columns, *names])]
    path = folder / f"{number}.g.vcf"
    path.write_text("\n".join([*head, *(line.text(c) for c, line in body)]) + "\n")
    return path


def _table(folder):
    """Write who people are; T is another sample of S."""
    path = folder / "people.tsv"
    rows = ["sample\tindividual\tsex\tpopulation"]
    for sample in "PQRST":
        person = SAME.get(sample, sample)
        number = PEOPLE.index(person)
        rows.append(f"{sample}\t{person}\t{'MF'[number % 2]}\t{'AB'[number // 2]}")
    path.write_text("\n".join(rows) + "\n")
    return path


def _fasta(folder):
    path = folder / "a.fa"
    bases = "A" * (LAST + 3)
    path.write_text(f">21\n{bases}\n>22\n{bases}\n")
    return path


def _naive_covered(world, contig, pos):
    """Return each person's called copies at a base, from whatever covers it."""
    copies: dict[str, int] = defaultdict(int)
    for _, names, body in world:
        for where, line in body:
            if where == contig and line.is_passing and pos in line.stretch(body):
                for name, cell in zip(names, line.cells, strict=True):
                    person = SAME.get(name, name)
                    copies[person] = max(copies[person], _called(cell))
    return copies


def _naive_called(world, contig, pos, reference, alternate, *, is_aligned):
    """Return each person's called copies in the passing lines of an allele.

    In a genome of nothing but A, every deletion of two bases is the same one.
    """
    copies: dict[str, int] = defaultdict(int)
    for _, names, body in world:
        for where, line in body:
            is_there = line.pos == pos or (is_aligned and reference == "AAA")
            is_it = where == contig and is_there and line.reference == reference
            if is_it and line.is_passing and line.alternates.split(",")[0] == alternate:
                for name, cell in zip(names, line.cells, strict=True):
                    person = SAME.get(name, name)
                    copies[person] = max(copies[person], _called(cell))
    return copies


def _by_label(cohort, copies):
    """Return people's copies summed by group."""
    labels = {g.label: 0 for g in cohort.layout.groups}
    for person, count in copies.items():
        number = PEOPLE.index(person)
        sex, population = "MF"[number % 2], "AB"[number // 2]
        for label in ("Total", sex, population, f"{population}_{sex}"):
            labels[label] += count
    return labels


def _of_groups(cohort, an):
    return {g.label: sum(an[c] for c in g.columns) for g in cohort.layout.groups}


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    world=files(),
    margin=st.sampled_from([0, 3, 1000]),
    most=st.sampled_from([1, 9]),
    is_aligned=st.booleans(),
)
def test_an_is_that_of_a_list_of_people(tmp_path, world, margin, most, is_aligned):
    """However files are cut and ordered, AN counts each called person once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merging, "_MARGIN", margin)
        patch.setattr(merging, "_WAITING_KEYS", most)
        patch.setattr(merging, "_WAITING_BYTES", 4_000 * most)
        paths = [_write(tmp_path, *file) for file in world]
        genome = FastaReference(_fasta(tmp_path), "GRCh37") if is_aligned else None
        people = _table(tmp_path)
        cohort, records, runs = read(*paths, samples=people, reference=genome)
    wanted, got = {}, {}
    for contig, rank in (("21", 21), ("22", 22)):
        for pos in range(1, LAST + 1):
            copies = _naive_covered(world, contig, pos)
            an = an_at(runs, rank, pos)
            if cohort.coverage is not None:
                wanted[contig, pos] = _by_label(cohort, copies)
                none = (0,) * len(cohort.layout.baseline)
                got[contig, pos] = _of_groups(cohort, an or none)
    for (rank, pos, reference, alternate), record in records.items():
        if record.filters or not alternate:
            continue
        name = (str(rank), pos, reference, alternate)
        called = _naive_called(world, *name, is_aligned=is_aligned)
        copies = _naive_covered(world, str(rank), pos)
        copies |= {person: n for person, n in called.items() if n}
        wanted[name] = _by_label(cohort, copies)
        got[name] = _of_groups(cohort, record.tally.an)

    assert wanted == got


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(world=files())
def test_the_account_reconciles(tmp_path, world):
    """Every record and every ALT is accounted for, blocks and disorder included."""
    paths = [_write(tmp_path, *file) for file in world]
    cohort, _, _ = read(*paths)
    report = cohort.report
    alts = dict(report.alternates)
    read_in = alts.pop("read", 0)

    assert read_in == sum(alts.values()) + report.stored["alleles"]
    for file in report.files:
        assert file.records == file.loaded + file.bad_records


def small(folder, *rows, samples=("P",), name="x.vcf", header=HEADER):
    """Write rows of space-separated columns from #CHROM to the last sample."""
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"]
    head = ["##fileformat=VCFv4.5", *header, "\t".join([*columns, *samples])]
    path = folder / name
    body = ["\t".join(row.split()) for row in rows]
    path.write_text("\n".join([*head, *body]) + "\n")
    return path


def ends(runs, rank=22):
    """Return the runs of a contig as (first base, last base, AN)."""
    return [(r.start + 1, r.end, *r.an) for r in runs[rank]]


def test_blocks_make_a_declared_coverage_and_no_places(tmp_path):
    """A block is counted, covers its stretch, and leaves no row behind."""
    path = small(
        tmp_path,
        "22 100 . A <NON_REF> . . END=200 GT:DP 0/0:30",
        "22 201 . C <NON_REF> . . END=300 GT:DP 0/0:9",
        "22 302 . C . . . END=310 GT:DP 0/0:9",
    )
    cohort, records, runs = read(path)

    assert CoverageKind.BLOCKS == cohort.coverage
    assert {} == records
    assert [(100, 300, 2), (302, 310, 2)] == ends(runs)
    assert 3 == cohort.report.stored["reference blocks"]
    assert 2 == cohort.report.alternates["reference block"]
    assert {"22"} == cohort.contigs


def test_a_plain_file_declares_no_coverage(tmp_path):
    """A record without ALT and END is a place, however the header looks."""
    path = small(tmp_path, "22 100 . A . . . . GT 0/0")
    cohort, records, _ = read(path)

    assert cohort.coverage is None
    assert [(22, 100, "", "")] == list(records)


def test_every_sample_has_its_own_length(tmp_path):
    """FORMAT LEN (VCF 4.5) ends each sample's block where it says."""
    path = small(
        tmp_path,
        "22 100 . A <*> . . . GT:LEN 0/0:10 0/0:20 0/0:.",
        "22 130 . A C,<*> . . . GT:LEN 0/1:. 0/0:5 ./.:7",
        samples=("P", "Q", "R"),
    )
    _, records, runs = read(path)

    wanted = [(100, 100, 6), (101, 109, 4), (110, 119, 2), (130, 130, 4), (131, 134, 2)]
    assert wanted == ends(runs)
    assert (4,) == records[22, 130, "A", "C"].tally.an


@pytest.mark.parametrize(
    "row",
    [
        "22 100 . N . . . END=900 GT:CN 0:2",
        "22 100 . A . . . END=900;SVTYPE=CNV GT 0/0",
        "22 100 . A . . . END=900 GT:SM:CN 0/0:1:2",
    ],
)
def test_a_segment_of_copy_number_is_no_block(tmp_path, row):
    """Two copies of a stretch say nothing of its bases."""
    cohort, _, runs = read(small(tmp_path, row))

    assert cohort.coverage is None
    assert {} == dict(runs)


@pytest.mark.parametrize(
    "row",
    [
        "22 100 . A <NON_REF> . . END=99 GT 0/0",
        "22 100 . A <NON_REF> . . END=51304567 GT 0/0",
        "22 51304560 . A <*> . . . GT:LEN 0/0:8",
    ],
)
def test_a_block_must_end_inside_its_contig(tmp_path, row):
    """A block that ends before it begins, or behind its contig, is a bad record."""
    good = "22 50 . A <NON_REF> . . END=60 GT 0/0"
    cohort, records, runs = read(small(tmp_path, good, row), max_bad=0.5)

    reason = "reference block does not end inside its contig"
    assert {reason: 1} == dict(cohort.report.files[0].bad)
    assert [(50, 60, 2)] == ends(runs)
    assert ("skipped",) == next(iter(records.values())).filters


def test_blocks_in_disorder_are_said(tmp_path):
    """A file out of order is read again, right, and the report says so."""
    rows = [f"22 {p} . A <NON_REF> . . END={p + 4} GT 0/0" for p in (900, 950, 10)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merging, "_MARGIN", 0)
        patch.setattr(merging, "_WAITING_KEYS", 0)
        cohort, _, runs = read(small(tmp_path, *rows))

    assert [(10, 14, 2), (900, 904, 2), (950, 954, 2)] == ends(runs)
    assert any("not in order" in note for note in cohort.report.notes)
    assert 3 == cohort.report.stored["reference blocks"]


@pytest.mark.skipif(not GVCF.exists(), reason="the shared data directory is not there")
def test_five_files_have_the_an_of_a_merge():
    """Five one-sample gVCFs as one dataset: AC, carriers and AN of every allele."""
    folder = GVCF / "1kg30x"
    truth = json.loads((folder / "all_files_as_one_dataset.truth.json").read_text())
    paths = [folder / name for name in truth["files"]]
    cohort, records, _ = read(*paths, assembly="GRCh38")
    wanted, got = {}, {}
    for allele in truth["alleles"]:
        key = (22, allele["pos"], allele["ref"], allele["alt"])
        people = (allele["n_carriers"], allele["hom"])
        wanted[key] = (allele["AC"], allele["AN_with_reference_blocks"], *people)
        counts = group_counts(records[key].tally, cohort.layout.groups[0])
        carriers = counts.hom + counts.het + counts.hemi
        got[key] = (counts.ac, counts.an, carriers, counts.hom)

    assert 130 == len(wanted)
    assert wanted == got


@pytest.mark.skipif(not GVCF.exists(), reason="the shared data directory is not there")
@pytest.mark.parametrize("order", [1, -1])
def test_real_blocks_cover_what_a_list_says(tmp_path, order):
    """The runs of a real gVCF, forwards and backwards, are those of its lines."""
    folder = GVCF / "1kg30x"
    head, body = _split(folder / "HG00187.hg38.g.vcf.gz")
    path = tmp_path / "x.vcf"
    path.write_bytes(b"".join([*head, *body[::order]]))
    _, _, runs = read(path, assembly="GRCh38")
    covered = set()
    for line in body:
        columns = line.split(b"\t")
        start = int(columns[1])
        end = start + len(columns[3])
        if columns[7].startswith(b"END="):
            end = 1 + int(columns[7][4:].split(b";")[0])
        if b"." not in columns[9].split(b":")[0]:
            covered.update(range(start, end))

    assert covered == {
        p for r in runs[22] for p in range(r.start + 1, r.end + 1) if r.an == (2,)
    }


def _split(path):
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    is_head = [line.startswith(b"#") for line in lines]
    return lines[: sum(is_head)], lines[sum(is_head) :]


@pytest.mark.parametrize("is_sorted", [True, False])
def test_annotations_are_accounted_for_once(tmp_path, is_sorted):
    """Reading a contig again, in order, tells nothing twice."""
    csq = "Allele|Consequence|IMPACT|SYMBOL"
    header = (
        *HEADER,
        f'##INFO=<ID=CSQ,Number=.,Type=String,Description="Format: {csq}">',
    )
    lines = []
    for pos in range(100, 25_000, 4):
        told = "CSQ=C|missense_variant|M|G,G|missense_variant|M|G"
        lines.append(f"22\t{pos}\t.\tA\tC,<NON_REF>\t.\t.\t{told}\tGT\t0/1")
        lines.append(f"22\t{pos + 1}\t.\tA\t<NON_REF>\t.\t.\tEND={pos + 3}\tGT\t0/0")
    records = len(lines) // 2
    path = tmp_path / "x.vcf"
    columns = [
        "#CHROM",
        "POS",
        "ID",
        "REF",
        "ALT",
        "QUAL",
        "FILTER",
        "INFO",
        "FORMAT",
        "P",
    ]
    body = lines if is_sorted else lines[2:] + lines[:2]
    text = ["##fileformat=VCFv4.2", *header, "\t".join(columns), *body]
    path.write_text("\n".join(text) + "\n")
    cohort, found, _ = read(path)

    assert [records] == list(cohort.report.annotations.values())
    assert records == sum(1 for r in found.values() if r.annotation is not None)


def test_blocks_far_behind_the_first_lines_are_seen(tmp_path):
    """A file that declares END is looked into further before it is no gVCF."""
    header = ["##fileformat=VCFv4.2", HEADER[0]]
    columns = [
        "#CHROM",
        "POS",
        "ID",
        "REF",
        "ALT",
        "QUAL",
        "FILTER",
        "INFO",
        "FORMAT",
        "P",
    ]
    plain = [f"22\t{n}\t.\tA\tC\t.\t.\t.\tGT\t0/1" for n in range(100, 2100)]
    blocks = [f"22\t{n}\t.\tA\t.\t.\t.\tEND={n + 8}\tGT\t0/0" for n in (3000, 3010)]
    path = tmp_path / "x.vcf"
    path.write_text("\n".join([*header, "\t".join(columns), *plain, *blocks]) + "\n")
    cohort, _, _ = read(path)

    assert CoverageKind.BLOCKS == cohort.coverage
    assert cohort._headers[0].is_gvcf  # noqa: SLF001 - what the counts rest on
