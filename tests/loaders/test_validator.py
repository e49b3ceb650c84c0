"""Files of the EBI's VCF validator: the good ones load, the bad ones are found out.

Each bad file breaks one rule of VCF 4.1 or 4.2.  Where the rule is about a value
that is read here, the load says so; the others are listed with the reason why
their defect is no concern of ours.  The files may stand beside the project.
"""

import re
from pathlib import Path

import pytest

from beacon.model.errors import BeaconError
from loaders import LoadOptions, open_cohort

FOLDER = (
    Path(__file__).resolve().parents[3] / "shared" / "data" / "hostile/vcf-validator"
)
PASSED = sorted(FOLDER.glob("v4.*/passed/*.vcf"))
FAILED = sorted(FOLDER.glob("v4.*/failed/*.vcf"))
absent = pytest.mark.skipif(not FAILED, reason="the shared data directory is not there")

REFUSED_THOUGH_VALID = {
    "passed_meta_contig.vcf": "chromosome 1 has 123456 bases in no assembly",
}
BAD_THOUGH_VALID = {
    "passed_body_alt.vcf": "a genotype names allele 1 of a record without ALT",
}

FOUND = {
    r"body_alt_00[013]": "ALT is not of A, C, G, T, N",
    r"body_alt_002": "an ALT is empty",
    r"body_alt_005": "breakend",
    r"body_chrom_": "CHROM is no sequence name",
    r"body_contiguous_": "records of a contig are not together",
    r"body_duplicated_": "merged",
    r"body_filter_": "FILTER is not a list of names",
    r"body_format_00[01]": "FORMAT is not a list of names",
    r"body_format_00[24]": "impossible genotype",
    r"body_id_": "ID is not a list of names",
    r"body_info_00[123678]|body_info_036": "INFO count is not a whole number",
    r"body_info_028": "INFO has a key with a space",
    r"body_pos_": "POS is not a whole number above 0",
    r"body_ref_": "REF is not of A, C, G, T, N",
    r"body_sample_00[012]": "impossible genotype",
    r"body_sample_011": "named more than once",
    r"body_unsorted_": "record stands before the one above it",
    r"fileformat_": "is not VCFv4.1 to VCFv4.5",
    r"header_000": "does not name VCF's eight columns",
    r"header_001": "names FORMAT but no sample",
    r"meta_00[245]": "no #CHROM line",
    r"meta_009": "##reference is empty",
    r"meta_assembly_000": "##assembly is empty",
    r"meta_contig_000": "has no ID",
    r"meta_contig_001": "is no sequence name",
    r"meta_contig_002": "1 123456 bases",
}
"""Which files of 4.2 hold a defect that is found, and by which words."""

DECLARED = r"declares (?:INFO|FORMAT) (?:AC|AN|END|GT) with|not a whole number"
HEADER = re.compile(r"##(?:INFO|FORMAT)=<ID=(?:AC|AN|END|GT),")
"""Declarations of what is read: whoever breaks one is found out."""

NO_CONCERN = {
    r"body_format_003": "the name of a FORMAT key nobody here reads",
    r"body_info_0(?:00|04|05|09|1[0-5]|19|2[0-79]|3[0-5])": (
        "the value of an INFO key nobody here reads, which rests on no other"
    ),
    r"body_info_01[678]": "END of an allele spelled in bases is not read",
    r"body_qual_": "QUAL is not read",
    r"body_sample_003": "more values than FORMAT names; GT stands where it should",
    r"body_sample_0(?:0[4-9]|10)": "values of FORMAT keys nobody here reads",
    r"body_samples_ploidy_": "how many likelihoods stand beside a sound genotype",
    r"meta_00[013678]": "a header line nobody here reads",
    r"meta_alt_": "symbolic alleles are read where they are used, not declared",
    r"meta_assembly_001": "the address of an assembly file is not followed",
    r"meta_(?:format|info)_": "the declaration of a key nobody here reads",
    r"meta_(?:pedigree|pedigreedb|sample)_": "pedigrees and samples are not read here",
}


def outcome(path: Path, **options) -> str:
    """Return all that a load says of a file."""
    try:
        cohort = open_cohort([path], LoadOptions(assembly="GRCh37", **options))
        list(cohort.records())
    except BeaconError as error:
        return str(error)
    file = cohort.report.files[0]
    ours = ("bad", "not loaded", "merged")
    alternates = [a for a in cohort.report.alternates if a.startswith(ours)]
    said = [*file.bad, *file.noticed, *cohort.report.notes, *alternates]
    return "; ".join(["loaded", *map(str, said)])


def expected(path: Path) -> str | None:
    """Return the words that must be said of a bad file, as a pattern."""
    name = path.stem.removeprefix("failed_")
    words = [w for pattern, w in FOUND.items() if re.match(pattern, name)]
    if words:
        return re.escape(words[0])
    lines = path.read_text().splitlines()
    return DECLARED if any(HEADER.match(line) for line in lines) else None


@absent
@pytest.mark.parametrize("path", PASSED, ids=lambda p: f"{p.parts[-3]}-{p.stem}")
def test_good_files_load(path):
    """A valid file loads; two classes say something impossible of their data."""
    lenient = {"max_bad": 1.0} if path.name in BAD_THOUGH_VALID else {}
    is_refused = not outcome(path, **lenient).startswith("loaded")

    assert (path.name in REFUSED_THOUGH_VALID) == is_refused


@absent
@pytest.mark.parametrize("path", FAILED, ids=lambda p: f"{p.parts[-3]}-{p.stem}")
def test_defects_are_said(path):
    """A defect of a value that is read is named; every other one is listed above."""
    name = path.stem.removeprefix("failed_")
    words = expected(path)
    said = outcome(path, max_bad=1.0)

    if words is None:
        assert any(re.match(pattern, name) for pattern in NO_CONCERN)
        assert said.startswith("loaded")
    else:
        assert re.search(words, said)
