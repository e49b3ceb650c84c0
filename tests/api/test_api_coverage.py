"""What a "no" rests on, from files to words: single questions, batches, ranges."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from beacon.ingest import LoadRequest, load_variants
from beacon.model.annotation import AnnotationPattern
from beacon.model.assemblies import ASSEMBLIES
from beacon.model.findings import Coverage, Place
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.query import Granularity, Query
from loaders import LoadOptions

if TYPE_CHECKING:
    from pathlib import Path

HEADER = """\
##fileformat=VCFv4.3
##INFO=<ID=END,Number=1,Type=Integer,Description="End">
##INFO=<ID=AC,Number=A,Type=Integer,Description="Copies">
##INFO=<ID=AN,Number=1,Type=Integer,Description="Called">
"""
FIXED = "#CHROM POS ID REF ALT QUAL FILTER INFO"
GENOTYPED = f"{FIXED} FORMAT P Q R"
BLOCKS = """\
22 1000 . A <NON_REF> . . END=1049 GT 0/0 0/0 ./.
22 1050 . A C,<NON_REF> . . . GT 0/1 0/0 ./.
22 1051 . A <NON_REF> . . END=1099 GT 0/0 0/0 ./.
22 1060 . A G . LowQual . GT 0/1 ./. ./.
22 1200 . A <NON_REF> . LowQual END=1250 GT 0/0 0/0 0/0
22 1300 . A <NON_REF> . . END=1350 GT ./. ./. ./.
"""
OTHER = "22 1040 . A <NON_REF> . . END=1059 GT 0/0"
PLAIN = """\
22 1050 . A C . . . GT 0/1 0/0 ./.
22 1060 . A G . LowQual . GT 0/1 ./. ./.
22 5000 . A C . . . GT 0/1 0/0 0/0
"""
UNCALLED = """\
22 1000 . A C . . . GT ./. ./. ./.
22 1010 . N <DEL> . . END=1030 GT ./. ./. ./.
22 1020 . A C . . . GT 0/0 0/0 0/0
22 1040 . A G . LowQual . GT 0/1 0/0 0/0
22 1045 . N <DEL> . . END=1050 GT 0/0 0/0 0/0
22 1060 . A . . . . GT ./. ./. ./.
"""
SITES = "22 1050 . A C . . AC=1;AN=90\n22 1052 . A C . . AC=0;AN=90\n"
LISTED = "22 1050 . A C . . .\n"
PANEL = "chr22\t999\t1099\n21\t99\t200\n"


def write(folder: Path, name: str, columns: str, body: str) -> Path:
    """Write rows of space-separated columns as a VCF."""
    path = folder / name
    rows = [columns, *body.splitlines()]
    path.write_text(HEADER + "".join("\t".join(r.split()) + "\n" for r in rows))
    return path


@pytest.fixture
async def site(catalogue, empty_client, tmp_path):
    """Give a client of a site with six datasets of one place."""
    plain = write(tmp_path, "plain.vcf", GENOTYPED, PLAIN)
    sites = write(tmp_path, "sites.vcf", FIXED, SITES)
    listed = write(tmp_path, "listed.vcf", FIXED, LISTED)
    blocks = write(tmp_path, "blocks.g.vcf", GENOTYPED, BLOCKS)
    other = write(tmp_path, "other.g.vcf", f"{FIXED} FORMAT S", OTHER)
    bed = tmp_path / "panel.bed"
    bed.write_text(PANEL)
    for dataset, paths, regions in (
        ("blocks", (blocks, other), None),
        ("inside", (blocks,), bed),
        ("listed", (listed,), bed),
        ("panel", (plain,), bed),
        ("plain", (plain,), None),
        ("sites", (sites,), bed),
    ):
        options = LoadOptions(assembly="GRCh37", callable_regions=regions)
        request = LoadRequest(
            dataset=dataset, paths=paths, options=options, references={}
        )
        load_variants(catalogue, request)
    return empty_client


async def batch(site, *variants):
    """Return, by dataset, (status, AN, coverage) of each variant."""
    sent = [json.dumps({"variant": v, "assemblyId": "GRCh37"}) for v in variants]
    response = await site.post("/api/batch", data="\n".join(sent))
    lines = [json.loads(line) for line in (await response.text()).splitlines()]
    return [
        {
            d["id"]: (d["status"], d.get("alleleNumber"), d.get("coverage"))
            for d in line["datasets"]
        }
        for line in lines
    ]


async def single(site, granularity="record", **asked):
    """Return, by dataset, (status, AN, coverage) of one question."""
    parameters = {"assemblyId": "GRCh37", "referenceName": "22", **asked}
    query = {
        "requestParameters": {"g_variant": parameters},
        "requestedGranularity": granularity,
        "includeResultsetResponses": "ALL",
    }
    sent = {"meta": {"apiVersion": "v2.2.0"}, "query": query}
    response = await site.post("/api/g_variants", json=sent)
    sets = (await response.json())["response"]["resultSets"]
    return {
        s["id"]: tuple(s["info"].get(k) for k in ("status", "alleleNumber", "coverage"))
        for s in sets
    }


NOWHERE = ("not_covered", None, None)
UNDECLARED = ("not_seen", None, "undeclared")
ALLELES = {
    # A record stands there, with blocks of people it does not call.
    "22-1050-A-G": {
        "blocks": ("not_seen", 6, None),
        "inside": ("not_seen", 4, None),
        "listed": ("not_seen", None, None),
        "panel": ("not_seen", 4, None),
        "plain": ("not_seen", 4, None),
        "sites": ("not_seen", 90, None),
    },
    # No record: blocks, everybody in the regions, or nothing declared.
    "22-1055-A-G": {
        "blocks": ("not_seen", 6, None),
        "inside": ("not_seen", 4, None),
        "listed": ("not_seen", None, None),
        "panel": ("not_seen", 6, None),
        "plain": UNDECLARED,
        "sites": ("not_seen", 90, None),
    },
    # Only a failed record: blocks speak for others, regions for nobody.
    "22-1060-A-T": {
        "blocks": ("not_seen", 4, None),
        "inside": ("not_seen", 4, None),
        "listed": ("not_seen", None, None),
        "panel": NOWHERE,
        "plain": NOWHERE,
        "sites": ("not_seen", 90, None),
    },
    "22-1060-A-G": {
        "blocks": NOWHERE,
        "inside": NOWHERE,
        "listed": ("not_seen", None, None),
        "panel": NOWHERE,
        "plain": NOWHERE,
        "sites": ("not_seen", 90, None),
    },
    # A failed block, and one that calls nobody.
    "22-1210-A-T": dict.fromkeys(
        ("blocks", "inside", "listed", "panel", "sites"), NOWHERE
    )
    | {"plain": UNDECLARED},
    "22-1310-A-T": dict.fromkeys(
        ("blocks", "inside", "listed", "panel", "sites"), NOWHERE
    )
    | {"plain": UNDECLARED},
    # A contig that only the regions name.
    "21-150-A-T": {
        "blocks": NOWHERE,
        "inside": NOWHERE,
        "listed": ("not_seen", None, None),
        "panel": ("not_seen", 6, None),
        "plain": NOWHERE,
        "sites": ("not_seen", 90, None),
    },
    # Bases beyond the first lie outside.
    "22-1098-AC-T": {
        "blocks": ("not_seen", 4, None),
        "inside": ("not_seen", 4, None),
        "listed": ("not_seen", None, None),
        "panel": ("not_seen", 6, None),
        "plain": UNDECLARED,
        "sites": ("not_seen", 90, None),
    },
    "22-1098-ACT-G": {
        "blocks": ("not_seen", 4, "partial"),
        "inside": ("not_seen", 4, "partial"),
        "listed": ("not_seen", None, "partial"),
        "panel": ("not_seen", 6, "partial"),
        "plain": UNDECLARED,
        "sites": ("not_seen", 90, "partial"),
    },
    # A record outside the regions counts for itself.
    "22-5000-A-C": {
        "blocks": NOWHERE,
        "inside": NOWHERE,
        "listed": NOWHERE,
        "panel": ("seen", 6, None),
        "plain": ("seen", 6, None),
        "sites": NOWHERE,
    },
}


async def test_a_no_says_what_it_rests_on(site):
    """Records, blocks, regions and nothing have words of their own, alone or listed."""
    listed = dict(zip(ALLELES, await batch(site, *ALLELES), strict=True))
    alone = {}
    for name in ALLELES:
        contig, pos, reference, alternate = name.split("-")
        alone[name] = await single(
            site,
            referenceName=contig,
            start=[int(pos) - 1],
            referenceBases=reference,
            alternateBases=alternate,
        )

    assert ALLELES == listed
    assert ALLELES == alone


RANGES = {
    # Wholly inside, without a variant that exists.
    (1010, 1040): {
        "blocks": ("not_seen", None, None),
        "inside": ("not_seen", None, None),
        "panel": ("not_seen", None, None),
        "plain": UNDECLARED,
        "sites": ("not_seen", None, None),
    },
    # Across an edge.
    (1090, 1150): {
        "blocks": ("not_seen", None, "partial"),
        "inside": ("not_seen", None, "partial"),
        "panel": ("not_seen", None, "partial"),
        "plain": UNDECLARED,
        "sites": ("not_seen", None, "partial"),
    },
    # Wholly outside.
    (2000, 2500): {
        "blocks": NOWHERE,
        "inside": NOWHERE,
        "panel": NOWHERE,
        "plain": UNDECLARED,
        "sites": NOWHERE,
    },
}


@pytest.mark.parametrize("bounds", RANGES)
async def test_a_range_says_how_much_of_it_was_seen(site, bounds):
    """A range outside is no "no", and one that is partly inside says so."""
    found = await single(site, start=[bounds[0]], end=[bounds[1]])
    del found["listed"]

    assert RANGES[bounds] == found


async def test_a_variant_in_the_range_is_seen_whatever_is_covered(site):
    """What exists is found outside the regions, too."""
    found = await single(site, start=[4000], end=[6000])

    assert ("seen", None, None) == found["panel"]


DELETED = {"variantType": "DEL"}
UNCALLED_RANGES = [
    # Only what calls nobody: an allele, a deletion from inside, a bare place.
    ({"start": [999], "end": [1000]}, "not_covered", "not_covered"),
    ({"start": [1025], "end": [1026]}, "not_covered", "not_covered"),
    ({"start": [1059], "end": [1060]}, "not_covered", "not_covered"),
    ({"start": [1025], "end": [1026]} | DELETED, "not_covered", "not_covered"),
    ({"start": [1000, 1011], "end": [1029, 1031]}, "not_covered", "not_covered"),
    # Beside it people are called; one that matches what is narrowed is enough.
    ({"start": [999], "end": [1025]}, "partial", "partial"),
    ({"start": [1000], "end": [1047]} | DELETED, "not_covered", "not_covered"),
    # None that matches.
    ({"start": [999], "end": [1005]} | DELETED, "undeclared", None),
    ({"start": [1047], "end": [1062]} | DELETED, "undeclared", None),
    # Any allele of one base, where nobody is called.
    ({"start": [999], "alternateBases": "T"}, "not_covered", "not_covered"),
    # A failed record beside one that calls people.
    ({"start": [1020], "end": [1048]}, "not_covered", "not_covered"),
    ({"start": [1019], "end": [1040]}, "not_covered", "not_covered"),
]


@pytest.fixture
async def uncalled(catalogue, empty_client, tmp_path):
    """Give a client of a site where alleles are declared and nobody is called."""
    path = write(tmp_path, "uncalled.vcf", GENOTYPED, UNCALLED)
    sites = write(tmp_path, "s.vcf", FIXED, "22 1000 . A C . . AC=0;AN=0\n")
    bed = tmp_path / "panel.bed"
    bed.write_text(PANEL)
    for dataset, loaded, regions in (
        ("panel", path, bed),
        ("plain", path, None),
        ("sites", sites, None),
    ):
        options = LoadOptions(assembly="GRCh37", callable_regions=regions)
        request = LoadRequest(
            dataset=dataset, paths=(loaded,), options=options, references={}
        )
        load_variants(catalogue, request)
    return empty_client


@pytest.mark.parametrize(("question", "plain", "panel"), UNCALLED_RANGES)
async def test_a_range_where_nobody_is_called_is_no_no(
    uncalled, question, plain, panel
):
    """What is declared without a call, or failed, is not absent, at any granularity."""
    for granularity in ("boolean", "count", "record"):
        found = await single(uncalled, granularity=granularity, **question)
        told = [found[d][2] or found[d][0] for d in ("plain", "panel")]

        assert [plain, panel or "not_seen"] == told


async def test_sites_without_copies_were_looked_at(uncalled):
    """A sites-only source that lists a place with AN 0 has looked there."""
    found = await single(uncalled, start=[999], end=[1000])

    assert UNDECLARED == found["sites"]


ANNOTATED = """\
##fileformat=VCFv4.3
##INFO=<ID=ANN,Number=.,Type=String,Description="Functional annotations: 'Allele \
| Annotation | Annotation_Impact | Gene_Name | Gene_ID'">
"""
STOP_GAINED = AnnotationPattern(effects=(("SO:0001587",),))


@pytest.mark.parametrize(
    ("bounds", "coverage"),
    [
        ((1000, 1090), Coverage.WHOLE),
        ((1000, 1150), Coverage.PARTIAL),
        ((2000, 2500), Coverage.OUTSIDE),
    ],
)
async def test_an_effect_not_found_says_how_much_was_seen(
    catalogue, variant_store, tmp_path, bounds, coverage
):
    """A question of what annotations say rests on the same regions."""
    path, bed = tmp_path / "ann.vcf", tmp_path / "panel.bed"
    row = "22 1050 . A C . . ANN=C|missense_variant|MODERATE|G1|G1 GT 0/1"
    columns = f"{FIXED} FORMAT P"
    body = "".join("\t".join(r.split()) + "\n" for r in (columns, row))
    path.write_text(ANNOTATED + body)
    bed.write_text(PANEL)
    options = LoadOptions(assembly="GRCh37", callable_regions=bed)
    request = LoadRequest(dataset="ann", paths=(path,), options=options, references={})
    load_variants(catalogue, request)
    low, high = bounds
    pattern = VariantPattern(
        contig=ASSEMBLIES["GRCh37"].contigs[21],
        overlap=Bounds(low=low, high=high),
        annotated=STOP_GAINED,
    )
    asked = {"ann": Granularity.COUNT}
    (found,) = (await variant_store.find(Query(pattern=pattern), asked)).datasets

    assert Place(coverage=coverage) == found.place


async def test_an_id_rests_on_all_that_it_spans(site):
    """One that begins inside and ends outside is looked at in part."""
    query = {"requestedGranularity": "record", "includeResultsetResponses": "ALL"}
    response = await site.get("/api/g_variants/GRCh37-22-1070-1150-DEL", params=query)
    sets = (await response.json())["response"]["resultSets"]
    told = {s["id"]: s["info"] for s in sets}
    words = ("status", "alleleNumber", "coverage")

    assert [told["panel"].get(w) for w in words] == ["not_seen", 6, "partial"]
    assert [told["plain"].get(w) for w in words] == [*UNDECLARED]
