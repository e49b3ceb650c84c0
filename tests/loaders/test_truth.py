"""What is counted from real files equals what bcftools counts from them.

Alleles declared by one record are compared number by number.  The bundled files
are always there; more files may stand beside the project, and join in then.
"""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUNDLED = ROOT / "beacon/data/demo"
SHARED = ROOT.parent / "shared" / "data"
FOLDERS = ("vcf", "ploidy", "synthetic_cohort")
COUNTS = ("AC", "AN", "hom", "het", "hemi")
REFUSED = ("mixed_ploidy.vcf.gz", "vcf44_phasing.vcf")
"""Their headers contradict every assembly."""

FILES = [
    (BUNDLED / path.name.removesuffix(".truth.json"), path)
    for path in sorted((ROOT / "tests/data").glob("*.truth.json"))
] + [
    (path.with_name(path.name.removesuffix(".truth.json")), path)
    for folder in FOLDERS
    for path in sorted((SHARED / folder).glob("*.truth.json"))
    if not path.name.endswith(".population.truth.json")
    and not path.name.startswith(REFUSED)
]
POPULATION = SHARED / "vcf/1kg_p3.chr22_16-16.5mb.2504.GRCh37.vcf.gz"


def _assembly(path: Path) -> str:
    return "GRCh38" if "GRCh38" in path.name or "star" in path.name else "GRCh37"


def _spelled_once(truth):
    """Alleles of one record whose spelling cannot change and people are whole."""
    for allele in truth["alleles"]:
        ref, alt = allele["ref"].upper(), allele["alt"].upper()
        plain = set(ref + alt) <= set("ACGT") and min(len(ref), len(alt)) == 1
        if plain and allele["n_records"] == 1:
            yield f"-{allele['pos']}-{ref}-{alt}", allele


@pytest.mark.parametrize(("path", "truth_path"), FILES, ids=lambda p: p.name)
def test_counts_equal_bcftools(path, truth_path, load, counts_of):
    """AC, AN and people of each allele are bcftools' own."""
    truth = json.loads(truth_path.read_text())
    cohort, found = load(
        path, assembly=_assembly(path), keep_filtered=True, max_bad=1.0
    )
    wanted, got = {}, {}
    for name, allele in _spelled_once(truth):
        key = (
            allele["chrom"].removeprefix("chr").replace("M", "MT").replace("MTT", "MT")
        )
        wanted[key + name] = tuple(allele[c] for c in COUNTS)
        got[key + name] = counts_of(cohort, found[key + name])["Total"]

    assert wanted == got


@pytest.mark.skipif(
    not POPULATION.exists(), reason="the shared data directory is not there"
)
def test_population_counts_equal_bcftools(load, counts_of):
    """Counts by population, super-population, sex and both are bcftools' own."""
    truth = json.loads(Path(f"{POPULATION}.population.truth.json").read_text())
    cohort, found = load(
        POPULATION,
        samples=SHARED / "metadata/1kg_panel.tsv",
        group_by=("super_pop",),
    )
    words = {"male": "M", "female": "F", "all": "Total"}
    wanted, got = {}, {}
    for allele in truth["alleles"]:
        name = f"22-{allele['pos']}-{allele['ref']}-{allele['alt']}"
        counts = counts_of(cohort, found[name]) if name in found else {}
        for group, numbers in allele["groups"].items():
            label = "_".join(words.get(w, w) for w in group.split(":")[-1].split("+"))
            wanted[name, label] = (numbers["AC"], numbers["AN"], numbers["hom"])
            got[name, label] = counts.get(label, ())[:3]

    assert wanted == got
