"""``beacon export``: a reference dataset as a file that other tools annotate from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pysam
import pytest
from commands import Command

from beacon.model.assemblies import ASSEMBLIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from beacon.store.connection import StoreAddress

TRUTH = (
    Path(__file__).resolve().parents[1]
    / "data/1kg_p3.chr22.5samples.GRCh37.vcf.gz.truth.json"
)
HEAD = (
    "##fileformat=VCFv4.3\n"
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    '##INFO=<ID=END,Number=1,Type=Integer,Description="End">\n'
    '##INFO=<ID=SVTYPE,Number=1,Type=String,Description="Type">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP1\tP2\tP3\n"
)
RECORDS = (
    "1\t1000\t.\tA\tG,T\t.\tPASS\t.\tGT\t0/1\t1/2\t2/2\n"
    "1\t1048576\t.\tC\tT\t.\tPASS\t.\tGT\t0/1\t0/0\t0/0\n"
    "1\t1048577\t.\tC\tT\t.\tPASS\t.\tGT\t0/1\t0/0\t0/0\n"
    "1\t5000000\t.\tN\t<DEL>\t.\tPASS\tSVTYPE=DEL;END=7000000\tGT\t0/1\t0/0\t0/0\n"
    "2\t500\t.\tG\tG[1:9000[\t.\tPASS\tSVTYPE=BND\tGT\t0/1\t0/0\t0/0\n"
    "X\t600\t.\tG\tA\t.\tPASS\t.\tGT\t1\t0/1\t0/0\n"
)
SAMPLES = "sample\tsex\tpopulation\nP1\tM\tSE\nP2\tF\tSE\nP3\tF\tDK\n"
WRITTEN = [
    ("1", 1000, "A", "G", 2, 6),
    ("1", 1000, "A", "T", 3, 6),
    ("1", 1048576, "C", "T", 1, 6),
    ("1", 1048577, "C", "T", 1, 6),
    ("1", 5000000, "N", "<DEL>", 1, 6),
    ("2", 500, "N", "N[1:9000[", 1, 6),
    ("X", 600, "G", "A", 2, 5),
]
OPEN = '[policy]\ndefault = "open"\n'


@pytest.fixture(scope="module")
def filled(
    shared_address: Callable[[str], StoreAddress],
    tmp_path_factory: pytest.TempPathFactory,
) -> Command:
    """Give the command on a store with one dataset of three people."""
    address, folder = shared_address("export"), tmp_path_factory.mktemp("export")
    uri = f"{address.uri}/{address.database}"
    beacon = Command(home=folder, variables={"BEACON_STORE": uri})
    (folder / "a.vcf").write_text(HEAD + RECORDS)
    (folder / "a.tsv").write_text(SAMPLES)
    options = ("--assembly", "GRCh37", "--samples", str(folder / "a.tsv"))
    done = beacon(
        "load", "variants", str(folder / "a.vcf"), "--dataset", "se", *options
    )

    assert done.returncode == 0, done.stderr
    return beacon


def test_policy_may_open_other_datasets(filled: Command, tmp_path: Path) -> None:
    """What everybody may see exactly may be written, by any names."""
    config = tmp_path / "beacon.toml"
    config.write_text(OPEN)
    opened = Command(
        home=filled.home, variables=filled.variables | {"BEACON_CONFIG": str(config)}
    )
    done = opened("export", "--dataset", "se", "-o", "-", "--contigs", "chr")
    lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]

    assert done.returncode == 0, done.stderr
    assert [line.split("\t")[0] for line in lines[-2:]] == ["chr2", "chrX"]
    assert "N[chr1:9000[" in lines[5]


def test_only_reference_datasets_are_written(filled: Command, tmp_path: Path) -> None:
    """Patients stay where they are; a dataset declared a reference is written whole."""
    out = tmp_path / "out.vcf.gz"
    refused = filled("export", "--dataset", "se", "-o", str(out))

    assert refused.returncode == 2
    assert "is no reference dataset" in refused.stderr
    assert not list(tmp_path.glob("*out.vcf*"))

    filled("datasets", "set", "se", "--kind", "population")
    done = filled("export", "--dataset", "se", "-o", str(out))

    assert done.returncode == 0, done.stderr
    assert "7 alleles of se, release 1 (GRCh37)" in done.stdout
    with pysam.VariantFile(str(out)) as file:
        found = [
            (r.chrom, r.pos, r.ref, *(r.alts or ()), *r.info["AC"], r.info["AN"])
            for r in file
        ]
        header = str(file.header)
        within = [r.pos for r in file.fetch("1", 1_048_575, 1_048_577)]
        first = next(iter(file.fetch("X")))

    assert found == WRITTEN
    assert within == [1048576, 1048577]
    assert first.info["AC_SE_M"] == (1,)
    assert first.info["nhemi_SE_M"] == (1,)
    assert first.info["AN_DK"] == 2
    assert 'Dataset="se"' in header
    assert 'Release="1"' in header
    assert f"length={ASSEMBLIES['GRCh37'].contigs[0].length}" in header


def test_real_file_is_what_was_counted_from_it(beacon: Command, tmp_path: Path) -> None:
    """Every allele of the demonstration's excerpt has the counts of its source."""
    out, config = tmp_path / "kg.bcf", tmp_path / "beacon.toml"
    config.write_text(OPEN)
    opened = Command(home=beacon.home, variables={"BEACON_CONFIG": str(config)})
    done = opened("export", "--dataset", "demo-1kg", "-o", str(out))
    truth = json.loads(TRUTH.read_text())
    counted = {
        (allele["pos"], allele["ref"], allele["alt"]): (
            allele["AC"],
            allele["AN"],
            allele["hom"],
        )
        for allele in truth["alleles"]
        if allele["AC"] and allele["n_records"] == 1 and len(allele["ref"]) == 1
    }
    with pysam.VariantFile(str(out)) as file:
        written = {
            (r.pos, r.ref, (r.alts or ("",))[0]): (
                r.info["AC"][0],
                r.info["AN"],
                r.info["nhomalt"][0],
            )
            for r in file
        }

    assert done.returncode == 0, done.stderr
    assert out.with_name("kg.bcf.csi").exists()
    assert len(written) == truth["n_distinct_alleles_carried"]
    assert len(counted) > 10
    assert {key: written.get(key) for key in counted} == counted
