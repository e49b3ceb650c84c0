"""Callable regions: what a BED file declares, against every base of a list."""

from __future__ import annotations

import gzip
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.counts import CoverageRun
from beacon.model.dataset import CoverageKind
from beacon.model.errors import LoadRejected, ReadError
from loaders import LoadOptions, open_cohort
from loaders.regions import read_regions

GRCH37 = ASSEMBLIES["GRCh37"]
ONE = "22 100 . A C . . . GT 0/1 0/0 0/0"
SAMPLES = ("P", "Q", "R")


def bed(folder, *lines, name="panel.bed"):
    """Write lines as a BED file."""
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def vcf(folder, *rows, samples=SAMPLES, header=()):
    """Write rows of space-separated columns as a VCF."""
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
    columns += ["FORMAT", *samples] if samples else []
    body = ["\t".join(row.split()) for row in rows]
    head = ["##fileformat=VCFv4.3", *header, "\t".join(columns)]
    path = folder / "x.vcf"
    path.write_text("\n".join([*head, *body]) + "\n")
    return path


def read(path, regions, **options):
    """Return the cohort, its records and the runs it told."""
    asked = {"assembly": "GRCh37", "callable_regions": regions, **options}
    cohort = open_cohort([path], LoadOptions(**asked))
    told: list[CoverageRun] = []
    records = list(cohort.records(None, None, told.append))
    return cohort, records, told


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(st.sampled_from("12"), st.integers(0, 30), st.integers(0, 9)))
)
def test_regions_are_the_bases_of_their_lines(tmp_path, drawn):
    """Regions in any order, overlapping, touching or empty, are a set of bases."""
    lines = [f"chr{name}\t{start}\t{start + size}" for name, start, size in drawn]
    wanted = {(int(n), p) for n, s, size in drawn for p in range(s, s + size)}
    if not wanted:
        with pytest.raises(ReadError, match="declares no region"):
            read_regions(bed(tmp_path, *lines), GRCH37)
        return
    regions = read_regions(bed(tmp_path, *lines), GRCH37)
    found = [(r, s, e) for r, every in regions.stretches.items() for s, e in every]
    got = [(rank, p) for rank, start, end in found for p in range(start, end)]

    assert sorted(wanted) == got
    assert len(wanted) == regions.bases
    assert all(a[2] < b[1] for a, b in pairwise(found) if a[0] == b[0])


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), min_size=1),
    st.integers(0, 35),
    st.integers(1, 20),
)
def test_a_run_is_cut_to_the_regions(tmp_path, drawn, start, size):
    """What is left of a run is what both hold."""
    lines = [f"1\t{low}\t{low + long}" for low, long in drawn]
    regions = read_regions(bed(tmp_path, *lines), GRCH37)
    run = CoverageRun(1, start, start + size, (4,))
    inside = {p for low, long in drawn for p in range(low, low + long)}
    parts = list(regions.within(run))

    assert sorted(inside & set(range(start, start + size))) == [
        p for part in parts for p in range(part.start, part.end)
    ]
    assert all((1, (4,)) == (part.rank, part.an) for part in parts)


@pytest.mark.parametrize("is_packed", [False, True])
def test_lines_that_are_no_regions_are_passed_over(tmp_path, is_packed):
    """Comments, browser and track lines and sequences of no contig are no regions."""
    path = bed(
        tmp_path,
        "browser position chr1:1-10",
        'track name="panel"',
        "# a comment",
        "",
        "chr1 5 9 exon 0 +",
        "HLA-A\t0\t10",
        "chrM\t0\t16571",
    )
    if is_packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    regions = read_regions(path, GRCH37)

    assert {1: ((5, 9),)} == regions.stretches
    assert {"HLA-A": 1, "chrM": 1} == regions.left_out


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1\t5", "a region is a name and two whole numbers"),
        ("1\tx\t9", "a region is a name and two whole numbers"),
        ("1\t-5\t9", "a region is a name and two whole numbers"),
        ("1\t9\t5", "begins at 9 and ends before it, at 5"),
        ("chr22\t5\t51304567", "ends at 51304567, GRCh37 22 has 51304566 bases"),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, reason):
    """A line that is no region stops the load, with file and line."""
    path = bed(tmp_path, "1\t5\t9", line)

    with pytest.raises(ReadError, match=rf"panel\.bed:2: .*{reason}"):
        read(vcf(tmp_path, ONE), path)


def test_a_cut_file_is_refused(tmp_path):
    """A gzip file that ends too early declares nothing."""
    path = bed(tmp_path, *(f"1\t{n}\t{n + 5}" for n in range(0, 90_000, 7)))
    path.write_bytes(gzip.compress(path.read_bytes())[:-900])

    with pytest.raises(LoadRejected, match="truncated or corrupt"):
        read(vcf(tmp_path, ONE), path)


def test_everybody_was_looked_at_inside(tmp_path):
    """Inside the regions all people have two copies; records keep their own AN."""
    cohort, records, told = read(
        vcf(tmp_path, ONE), bed(tmp_path, "22\t200\t300", "21\t5\t6")
    )

    assert CoverageKind.REGIONS == cohort.coverage
    assert {"21", "22"} == cohort.contigs
    assert [CoverageRun(21, 5, 6, (6,)), CoverageRun(22, 200, 300, (6,))] == told
    assert (6,) == records[0].tally.an
    assert 2 == cohort.report.stored["callable regions"]
    assert 101 == cohort.report.stored["callable bases"]


def _sexed(folder, *sexes):
    path = folder / "people.tsv"
    rows = [f"{name}\t{sex}" for name, sex in zip("PQR", sexes, strict=True)]
    path.write_text("\n".join(["sample\tsex", *rows]) + "\n")
    return path


@pytest.mark.parametrize(
    ("line", "copies"),
    [
        ("22 100 200", {"Total": 6, "M": 2, "F": 4}),
        ("X 1000000 1000001", {"Total": 6, "M": 2, "F": 4}),
        ("X 5000000 5000001", {"Total": 5, "M": 1, "F": 4}),
        ("Y 5000000 5000001", {"Total": 1, "M": 1, "F": 0}),
        ("MT 100 200", {"Total": 3, "M": 1, "F": 2}),
    ],
)
def test_copies_follow_sex(tmp_path, line, copies):
    """X outside its PARs, Y and MT have the copies that people of a sex have."""
    people = _sexed(tmp_path, "M", "F", "F")
    cohort, _, told = read(vcf(tmp_path, ONE), bed(tmp_path, line), samples=people)
    groups = cohort.layout.groups

    assert [copies] == [
        {g.label: sum(run.an[c] for c in g.columns) for g in groups} for run in told
    ]


def test_a_region_is_cut_at_a_par(tmp_path):
    """Where a region leaves a pseudo-autosomal region, males have one copy less."""
    people = _sexed(tmp_path, "M", "M", "M")
    _, _, told = read(
        vcf(tmp_path, ONE), bed(tmp_path, "X 2699500 2699540"), samples=people
    )

    assert [
        CoverageRun(23, 2699500, 2699520, (6,)),
        CoverageRun(23, 2699520, 2699540, (3,)),
    ] == told


@pytest.mark.parametrize("line", ["X 5000000 5000001", "Y 5000000 5000001"])
def test_an_unknown_sex_leaves_the_copies_open(tmp_path, line):
    """Where a sex decides and one is not known, no AN is told."""
    people = _sexed(tmp_path, "M", "F", "other")
    _, _, told = read(vcf(tmp_path, ONE), bed(tmp_path, line), samples=people)

    assert [None] == [run.an for run in told]


@pytest.mark.parametrize(
    ("infos", "an"),
    [(["AC=1;AN=9", "AC=0;AN=9"], (9,)), (["AC=1;AN=9", "AC=1;AN=8"], None)],
)
def test_sites_alone_have_their_usual_an(tmp_path, infos, an):
    """A source without people has its one AN inside the regions, or none is known."""
    rows = [f"22 {n + 5} . A C . . {info}" for n, info in enumerate(infos)]
    path = vcf(tmp_path, *rows, samples=())
    _, _, told = read(path, bed(tmp_path, "22 0 100"))

    assert [CoverageRun(22, 0, 100, an)] == told


def test_blocks_count_inside_the_regions_alone(tmp_path):
    """With both, blocks say who, and regions where."""
    header = ['##INFO=<ID=END,Number=1,Type=Integer,Description="End">']
    rows = ["22 100 . A <NON_REF> . . END=200 GT 0/0 ./. 0/0"]
    cohort, _, told = read(
        vcf(tmp_path, *rows, header=header), bed(tmp_path, "22 150 160", "22 190 300")
    )

    assert CoverageKind.BLOCKS == cohort.coverage
    assert [CoverageRun(22, 150, 160, (4,)), CoverageRun(22, 190, 200, (4,))] == told
