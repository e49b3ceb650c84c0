"""What is appended answers as if all files had been loaded at once."""

from __future__ import annotations

import asyncio
import gzip
import shutil
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from beacon.ingest import LoadRequest, append_variants, load_variants
from beacon.model.assemblies import ASSEMBLIES
from beacon.model.counts import group_counts
from beacon.model.errors import LoadRejected, UsageError
from beacon.model.findings import Place
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.query import Granularity, Page, Query
from beacon.store.variants import VariantStore
from loaders import LoadOptions
from loaders.mapping import read_choice
from loaders.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beacon.model.dataset import Release
    from beacon.model.findings import DatasetFindings
    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue

DEMO = Path(__file__).resolve().parents[2] / "beacon/data/demo"
FIVE = DEMO / "1kg_p3.chr22.5samples.GRCh37.vcf.gz"
CONTIGS = {name: ASSEMBLIES["GRCh37"].contigs[int(name) - 1] for name in ("21", "22")}
BASE = 16_050_000
SEQUENCE = "ACGTTGCAACGT"
CALLS = ["0/0", "0/0", "0/1", "1|1", "./.", "1", "./1", "0/2", "1/2", "0"]
NUMBERS = count()

Site = tuple[str, int, tuple[str, ...], str, tuple[str, ...]]
"""Contig, offset, ALTs, FILTER and a call of everybody."""


@st.composite
def sites(draw, people: int, contigs: Sequence[str]) -> list[Site]:
    """Draw the records of a file, in order, each position at most once."""
    places = draw(
        st.sets(
            st.tuples(st.sampled_from(contigs), st.integers(0, 8)),
            min_size=1,
            max_size=8,
        )
    )
    found = []
    for contig, offset in sorted(places):
        base = SEQUENCE[offset]
        others = [b for b in "ACGT" if b != base] + [base + "G"]
        alternates = draw(st.permutations(others))[: draw(st.integers(1, 2))]
        allowed = CALLS if len(alternates) == 2 else [c for c in CALLS if "2" not in c]
        calls = tuple(draw(st.sampled_from(allowed)) for _ in range(people))
        filters = draw(st.sampled_from(["PASS", ".", "q10"]))
        found.append((contig, offset, tuple(alternates), filters, calls))
    return found


def write(path: Path, people: Sequence[str], found: Sequence[Site]) -> Path:
    """Write a file of these people and sites."""
    lines = ["##fileformat=VCFv4.2", '##FILTER=<ID=q10,Description="low">']
    fixed = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"]
    lines.append("\t".join([*fixed, *people]))
    for contig, offset, alternates, filters, calls in found:
        place = [contig, str(BASE + offset + 1), ".", SEQUENCE[offset]]
        row = [*place, ",".join(alternates), ".", filters, ".", "GT", *calls]
        lines.append("\t".join(row))
    path.write_text("\n".join(lines) + "\n")
    return path


TABLE = (
    "sample\tsex\tpopulation\tgroup\n"
    "p0\tF\tSE\tx\np1\tM\tNO\tx\np2\tM\tSE\ty\nq0\tF\tDK\ty\nq1\tM\tSE\tz\n"
)


def request(dataset: str, *paths: Path, **options) -> LoadRequest:
    """Return a request to load files on GRCh37."""
    return LoadRequest(
        dataset=dataset,
        paths=paths,
        options=LoadOptions(**{"assembly": "GRCh37", **options}),
        references={},
    )


def patterns(found: Sequence[Site]) -> list[VariantPattern]:
    """Return questions for every allele, for one nobody declares, and for ranges."""
    asked = []
    for name, contig in CONTIGS.items():
        for offset in range(9):
            here = (one[2] for one in found if one[:2] == (name, offset))
            declared = {alternate for several in here for alternate in several}
            for alternate in (*declared, "GATTACA"):
                spelling = (BASE + offset, SEQUENCE[offset], alternate)
                asked.append(VariantPattern(contig=contig, spellings=(spelling,)))
        for width in (1, 3, 9, 3_000_000):
            stretch = Bounds(low=BASE, high=BASE + width)
            asked.append(VariantPattern(contig=contig, overlap=stretch))
    return asked


def said(found: DatasetFindings) -> object:
    """Return all that an answer says, columns added up to the groups shown."""
    groups = found.dataset.release.layout.groups
    variants = [
        (v.allele, v.filters, [(g.label, group_counts(v.tally, g)) for g in groups])
        for v in found.variants
    ]
    bare = replace(found, dataset=None, variants=())
    return bare, variants


async def answers(
    address: StoreAddress, asked: Sequence[VariantPattern], dataset: str
) -> list[object]:
    """Return what a dataset answers to every question, at every granularity."""
    store = await VariantStore.open(address, deadline=60.0)
    page = Page(skip=0, limit=50)
    try:
        found = await asyncio.gather(
            *(
                store.find(Query(pattern=pattern, page=page), {dataset: level})
                for pattern in asked
                for level in Granularity
            )
        )
    finally:
        await store.close()
    return [said(one.datasets[0]) for one in found]


def about(release: Release) -> object:
    """Return what a release says of itself that does not depend on how it is made."""
    return (
        release.variants,
        release.sample_count,
        release.contigs,
        release.coverage,
        [group.label for group in release.layout.groups],
        sorted(one.sha256 for one in release.inputs),
    )


@settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data(), how=st.sampled_from(["people", "contigs", "both"]))
async def test_appending_is_loading_at_once(
    catalogue: Catalogue,
    store_address: StoreAddress,
    tmp_path: Path,
    data: st.DataObject,
    how: str,
) -> None:
    """Other people, other contigs, or the same of both: the answers are the same."""
    number = next(NUMBERS)
    mine = ["p0", "p1", "p2"]
    other = ["q0", "q1"] if how == "people" else data.draw(st.permutations(mine))
    names = [["21"], ["22"]] if how == "contigs" else [["21", "22"], ["22"]]
    first = data.draw(sites(len(mine), names[0]))
    second = data.draw(sites(len(other), names[1]))
    one = write(tmp_path / f"{number}a.vcf", mine, first)
    two = write(tmp_path / f"{number}b.vcf", other, second)
    table = tmp_path / "samples.tsv"
    table.write_text(TABLE)
    options = {"samples": table, "group_by": ("group",)} if number % 2 else {}

    whole = load_variants(catalogue, request(f"w{number}", one, two, **options))
    load_variants(catalogue, request(f"p{number}", one, **options))
    parts = append_variants(catalogue, request(f"p{number}", two, **options))
    asked = patterns([*first, *second])

    assert about(whole.release) == about(parts.release)
    assert await answers(store_address, asked, f"w{number}") == await answers(
        store_address, asked, f"p{number}"
    )


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Two files of other people on one contig."""
    one = [("22", 0, ("C",), "PASS", ("0/1", "0/0"))]
    other = [("22", 0, ("C", "G"), "PASS", ("1/1", "0/2"))]
    return (
        write(tmp_path / "one.vcf", ["a", "b"], one),
        write(tmp_path / "two.vcf", ["c", "d"], other),
    )


def test_old_files_are_not_read_again(
    catalogue: Catalogue, two: tuple[Path, Path]
) -> None:
    """Files of other people are appended though the old ones are gone."""
    load_variants(catalogue, request("d", two[0]))
    two[0].unlink()
    outcome = append_variants(catalogue, request("d", two[1]))

    assert outcome.is_new
    assert 4 == outcome.release.sample_count
    assert 2 == outcome.release.variants
    assert 1 == outcome.release.options["appendedTo"]
    assert ["one.vcf", "two.vcf"] == [one.name for one in outcome.release.inputs]


def test_appending_again_changes_nothing(
    catalogue: Catalogue, two: tuple[Path, Path]
) -> None:
    """Files that a release holds are left out, and no release is made of none."""
    load_variants(catalogue, request("d", two[0]))
    first = append_variants(catalogue, request("d", *two))
    again = append_variants(catalogue, request("d", *two))

    assert first.is_new
    assert any("left out (one.vcf)" in note for note in first.report.notes)
    assert not again.is_new
    assert first.release == again.release


def test_appending_to_nothing_is_loading(
    catalogue: Catalogue, two: tuple[Path, Path]
) -> None:
    """A dataset without a release gets its first."""
    outcome = append_variants(catalogue, request("d", two[0]))

    assert outcome.is_new
    assert 1 == outcome.release.ordinal


def test_an_old_file_that_is_needed_and_gone_is_named(
    catalogue: Catalogue, two: tuple[Path, Path], tmp_path: Path
) -> None:
    """People in old and new files need both; who is missing is said, and why."""
    load_variants(catalogue, request("d", two[0]))
    again = [("22", 3, ("C",), "PASS", ("0/1",))]
    more = write(tmp_path / "more.vcf", ["a"], again)
    before = catalogue.dataset("d").release
    shutil.move(two[0], tmp_path / "elsewhere.vcf")

    with pytest.raises(LoadRejected, match=r"one.vcf has to be read again .*same"):
        append_variants(catalogue, request("d", more))

    assert before == catalogue.dataset("d").release

    moved = append_variants(catalogue, request("d", more, tmp_path / "elsewhere.vcf"))

    assert ["elsewhere.vcf", "more.vcf"] == [i.name for i in moved.release.inputs]


def test_what_does_not_fit_is_refused(
    catalogue: Catalogue, two: tuple[Path, Path], tmp_path: Path
) -> None:
    """Another assembly, or files without genotypes, cannot be appended."""
    load_variants(catalogue, request("d", two[0]))
    bare = tmp_path / "sites.vcf"
    bare.write_text(
        "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    )

    with pytest.raises(UsageError, match="dataset d is GRCh37; these files are GRCh38"):
        append_variants(catalogue, request("d", two[1], assembly="GRCh38"))
    with pytest.raises(UsageError, match="dataset d has genotypes"):
        append_variants(catalogue, request("d", bare))


@pytest.mark.parametrize("bad", ["0/9", "0/9|1/1"])
async def test_a_skipped_record_yields_to_carriers_only(
    catalogue: Catalogue,
    store_address: StoreAddress,
    tmp_path: Path,
    bad: str,
) -> None:
    """Who carries what a bad record declares is not known, in one load or in two."""
    spoilt, *beside = bad.split("|")
    first = [("22", 0, ("C",), "PASS", (spoilt,))]
    first += [("22", 0, ("C",), "q10", (call,)) for call in beside]
    first += [("22", 5, ("C",), "PASS", ("0/1",))]
    second = [("22", 0, ("C",), "PASS", ("0/0",))]
    one = write(tmp_path / "one.vcf", ["a"], first)
    two = write(tmp_path / "two.vcf", ["b"], second)
    load_variants(catalogue, request("whole", one, two, max_bad=1.0))
    load_variants(catalogue, request("parts", one, max_bad=1.0))
    append_variants(catalogue, request("parts", two, max_bad=1.0))
    asked = patterns(second)
    told = await answers(store_address, asked, "whole")
    asked_for = [said for p, _, said in told if p.spellings and p.contig.name == "22"]
    bare = asked_for[0][0]

    assert bare.total == 0
    assert bare.place == Place(filters=("skipped",))
    assert told == await answers(store_address, asked, "parts")


def test_options_are_those_of_the_release(catalogue: Catalogue, tmp_path: Path) -> None:
    """What is not given again is as it was: here, where counts stand in INFO."""
    head = (
        "##fileformat=VCFv4.2\n"
        '##INFO=<ID=NUMBER,Number=A,Type=Integer,Description="c">\n'
        '##INFO=<ID=TOLD,Number=1,Type=Integer,Description="n">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    )
    mapping = tmp_path / "counts.toml"
    mapping.write_text("[[groups]]\nlabel='Total'\nac='NUMBER'\nan='TOLD'\n")
    choice = read_choice(str(mapping), PRESETS)
    one, other = tmp_path / "one.vcf", tmp_path / "other.vcf"
    one.write_text(head + "21\t100\t.\tA\tC\t.\tPASS\tNUMBER=3;TOLD=9\n")
    other.write_text(head + "22\t100\t.\tA\tC\t.\tPASS\tNUMBER=4;TOLD=9\n")
    load_variants(catalogue, request("d", one, info_counts=choice))
    outcome = append_variants(catalogue, request("d", other))

    assert {"21", "22"} == outcome.release.contigs
    assert 2 == outcome.release.variants
    assert 1 == outcome.report.stored["exist"]


def test_a_gzip_of_real_people_is_appended(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    """The bundled people under other names double every count."""
    text = gzip.decompress(FIVE.read_bytes()).decode()
    head, _, body = text.partition("#CHROM")
    names, _, rows = body.partition("\n")
    fixed, people = names.split("\t")[:9], names.split("\t")[9:]
    renamed = "\t".join([*fixed, *(f"other-{name}" for name in people)])
    again = tmp_path / "again.vcf"
    again.write_text(f"{head}#CHROM{renamed}\n{rows}")
    first = load_variants(catalogue, request("d", FIVE)).release
    both = append_variants(catalogue, request("d", again)).release

    assert first.variants == both.variants
    assert 10 == both.sample_count
