"""Questions about genes, protein changes and effects, through the whole house."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from beacon.ingest import LoadRequest, load_variants
from loaders import LoadOptions
from tests.api.site import application, local_beacon
from tests.speaking import violations

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp.test_utils import TestClient
    from pytest_aiohttp import AiohttpClient

    from beacon.store.releases import Catalogue
    from beacon.store.variants import VariantStore

HEADER = """##fileformat=VCFv4.3
##source=ClinVar
##INFO=<ID=CSQ,Number=.,Type=String,Description="Format: Allele|Consequence|SYMBOL|\
HGVSc|HGVSp">
##INFO=<ID=CLNSIG,Number=.,Type=String,Description="Clinical significance">
##INFO=<ID=AC,Number=A,Type=Integer,Description="Copies">
##INFO=<ID=AN,Number=1,Type=Integer,Description="Called">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
"""
ROWS = [
    "7\t140453136\t13961\tA\tT\t.\tPASS\tAC=3;AN=100;CLNSIG=Pathogenic;CSQ="
    "T|missense_variant|BRAF|NM_004333.4:c.1799T>A|NP_004324.2:p.Val600Glu",
    "7\t140453137\t.\tC\tT\t.\tPASS\tAC=1;AN=100;CSQ="
    "T|synonymous_variant|BRAF|NM_004333.4:c.1798G>A|NP_004324.2:p.Val600%3D",
    "7\t140453140\t.\tCA\tC\t.\tPASS\tAC=0;AN=100;CSQ="
    "-|frameshift_variant|BRAF|NM_004333.4:c.1795del|NP_004324.2:p.Thr599fs",
    "13\t32900000\t.\tG\tA,C\t.\tPASS\tAC=2,1;AN=100;CSQ="
    "A|missense_variant|BRCA2||,C|stop_gained|BRCA2||",
]


@pytest.fixture
async def client(
    aiohttp_client: AiohttpClient,
    catalogue: Catalogue,
    variant_store: VariantStore,
    tmp_path: Path,
) -> TestClient:
    """Give a client of a site with an annotated dataset and a bare one."""
    for name, rows in (
        ("annotated", ROWS),
        ("bare", ["7\t140453136\t.\tA\tT\t.\tPASS\tAC=1;AN=10"]),
    ):
        path = tmp_path / f"{name}.vcf"
        path.write_text(HEADER + "\n".join(rows) + "\n")
        options = LoadOptions(assembly="GRCh37")
        request = LoadRequest(
            dataset=name, paths=(path,), options=options, references={}
        )
        load_variants(catalogue, request)
    return await aiohttp_client(application(local_beacon(variant_store)))


async def asked(client: TestClient, filters: object = None, **g_variant: object):
    """Return what GET and POST both answer, which must be the same."""
    query = {
        "requestParameters": {"g_variant": g_variant} if g_variant else {},
        "requestedGranularity": "record",
        "includeResultsetResponses": "ALL",
    }
    sent = await client.post(
        "/api/g_variants", json={"query": query | ({"filters": filters or []})}
    )
    flat = {
        name: ",".join(map(str, v)) if isinstance(v, list) else v
        for name, v in g_variant.items()
    }
    words = ",".join(f["id"] for f in filters or [] if isinstance(f, dict))
    got = await client.get(
        "/api/g_variants",
        params=flat
        | ({"filters": words} if words else {})
        | {"requestedGranularity": "record", "includeResultsetResponses": "ALL"},
    )
    answer = await sent.json()
    assert (got.status, sent.status) in ((200, 200), (400, 400))
    if got.status == 200:
        other = await got.json()
        assert other["response"] == answer["response"]
        assert violations(answer, "resultsets", "genomicVariant") == []
    return answer


def told(answer: dict) -> dict[str, tuple[str, list[str]]]:
    """Return each dataset's status and the variants it lists."""
    return {
        each["id"]: (
            each["info"]["status"],
            [record["variantInternalId"] for record in each["results"]],
        )
        for each in answer["response"]["resultSets"]
    }


V600E, V600 = "GRCh37-7-140453136-A-T", "GRCh37-7-140453137-C-T"
BRCA2 = ["GRCh37-13-32900000-G-A", "GRCh37-13-32900000-G-C"]
SILENT = ("not_covered", [])


@pytest.mark.parametrize(
    ("g_variant", "filters", "expected"),
    [
        ({"geneId": "BRAF"}, None, [V600E, V600]),
        ({"geneId": "braf"}, None, [V600E, V600]),
        ({"geneId": "BRCA2"}, None, BRCA2),
        ({"geneId": "BRAF", "aminoacidChange": "V600E"}, None, [V600E]),
        ({"aminoacidChange": "p.(Val600Glu)"}, None, [V600E]),
        ({"aminoacidChange": "Val600Glu"}, None, [V600E]),
        ({"genomicAlleleShortForm": "NM_004333.4:c.1799T>A"}, None, [V600E]),
        ({"genomicAlleleShortForm": "NP_004324.2:p.(Val600Glu)"}, None, [V600E]),
        (
            {"geneId": "BRAF", "alternateBases": "T", "referenceBases": "C"},
            None,
            [V600],
        ),
        ({"geneId": "BRAF", "variantType": "SNP"}, None, [V600E, V600]),
        ({"geneId": "BRCA2"}, [{"id": "SO:0001587"}], BRCA2[1:]),
        ({}, [{"id": "SO:0001583"}], [V600E, BRCA2[0]]),
        ({}, [{"id": "SO:0001992"}], [V600E, *BRCA2]),
        ({}, [{"id": "so:0001583", "scope": "genomicVariant"}], [V600E, BRCA2[0]]),
        (
            {"referenceName": "13", "start": [32899999], "end": [32900001]},
            [{"id": "SO:0001583"}],
            BRCA2[:1],
        ),
    ],
)
async def test_what_annotations_say_is_asked(
    client: TestClient, g_variant: dict, filters: list | None, expected: list[str]
) -> None:
    """GET and POST alike; a dataset without annotations says nothing, never "no"."""
    answer = await asked(client, filters, assemblyId="GRCh37", **g_variant)
    is_placed = "referenceName" in g_variant

    found = told(answer)
    assert found["bare"] == SILENT
    assert found["annotated"] == ("seen", sorted(expected, key=_order))
    assert is_placed or any("says nothing" in w for w in answer["info"]["warnings"])


def _order(identity: str) -> tuple[int, int, str]:
    _, contig, pos, ref, alt = identity.split("-")
    return int(contig), int(pos), ref + alt


@pytest.mark.parametrize(
    ("g_variant", "filters", "expected"),
    [
        ({"geneId": "BRAF", "aminoacidChange": "T599fs"}, None, "not_seen"),
        ({"geneId": "BRAF", "aminoacidChange": "V600K"}, None, "not_seen"),
        ({"geneId": "BRAF", "variantType": "DEL"}, None, "not_seen"),
        ({"geneId": "BRAF"}, [{"id": "SO:0001587"}], "not_seen"),
        ({}, [{"id": "SO:0001583", "includeDescendantTerms": False}], "seen"),
        ({}, [{"id": "SO:0001992", "includeDescendantTerms": False}], "not_seen"),
    ],
)
async def test_a_no_rests_on_annotations(
    client: TestClient, g_variant: dict, filters: list | None, expected: str
) -> None:
    """Nobody carries what is asked for, and the gene is known here."""
    sent = {
        "query": {
            "requestParameters": {"g_variant": {"assemblyId": "GRCh37"} | g_variant},
            "filters": filters or [],
            "includeResultsetResponses": "ALL",
        }
    }
    answer = await (await client.post("/api/g_variants", json=sent)).json()

    assert told(answer)["annotated"][0] == expected
    assert told(answer)["bare"][0] == "not_covered"


def row(pos: int, said: str, ref: str = "A", alt: str = "T") -> str:
    """Return a record on 7 that somebody carries."""
    return f"7\t{pos}\t.\t{ref}\t{alt}\t.\tPASS\tAC=1;AN=10{said}"


BESIDE = row(140453200, ";CSQ=T|synonymous_variant|BRAF||NP_004324.2:p.Leu597%3D")
NAMELESS = HEADER.replace("##INFO=<ID=CSQ", "##INFO=<ID=OTHER").replace("Format:", "")


async def test_a_change_that_is_told_in_part(
    aiohttp_client: AiohttpClient,
    catalogue: Catalogue,
    variant_store: VariantStore,
    tmp_path: Path,
) -> None:
    """It is found by what is told; what may be more is no "no"."""
    said = {
        100: "T|frameshift_variant|FSG||E:p.Val7LysfsTer3",
        200: "T|stop_lost|FSG||E:p.Ter606GlnextTer17",
        300: "T|start_lost|FSG||E:p.Met1?",
        400: "T|missense_variant|FSG||E:p.Val800_Lys801delinsGluAsn",
    }
    path = tmp_path / "x.vcf"
    rows = [row(pos, f";CSQ={entry}") for pos, entry in said.items()]
    path.write_text(HEADER + "\n".join(rows) + "\n")
    request = LoadRequest(
        dataset="d",
        paths=(path,),
        options=LoadOptions(assembly="GRCh37"),
        references={},
    )
    load_variants(catalogue, request)
    client = await aiohttp_client(application(local_beacon(variant_store)))
    told = {}
    for change in (
        *("V7Kfs", "V7fs*3", "*606Q", "Ter606ext", "*606ext*17", "M1?"),
        *("M1V", "V800E", "K801N", "V7Kfs*4", "*606K", "V801E"),
    ):
        wanted = {"geneId": "FSG", "aminoacidChange": change}
        told[change] = status_of(
            await asked(client, None, assemblyId="GRCh37", **wanted)
        )

    assert list(told.values()) == [
        *["seen"] * 6,
        *["no_answer"] * 3,
        *["not_seen"] * 3,
    ]


@pytest.mark.parametrize(
    "files",
    [
        [(HEADER, [BESIDE]), (NAMELESS, [row(140453136, "")])],
        [(HEADER, [row(140453136, ""), BESIDE])],
        [(HEADER, [row(140453136, ";CSQ=T||BRAF||"), BESIDE])],
        [(HEADER, [BESIDE]), (NAMELESS, [row(140453136, ";CLNSIG=Pathogenic")])],
        [(HEADER, [row(140453136, ";CSQ=T|missense_variant|BRAF||"), BESIDE])],
        [(HEADER, [row(140453000, ";END=140455000", alt="<DEL>"), BESIDE])],
    ],
)
async def test_an_allele_that_is_not_annotated_is_no_no(
    aiohttp_client: AiohttpClient,
    catalogue: Catalogue,
    variant_store: VariantStore,
    tmp_path: Path,
    files: list[tuple[str, list[str]]],
) -> None:
    """Somebody carries it, and nothing says that it is not what is asked for."""
    paths = []
    for number, (header, rows) in enumerate(files):
        paths.append(tmp_path / f"{number}.vcf")
        paths[-1].write_text(header + "\n".join(rows) + "\n")
    request = LoadRequest(
        dataset="d",
        paths=tuple(paths),
        options=LoadOptions(assembly="GRCh37"),
        references={},
    )
    load_variants(catalogue, request)
    client = await aiohttp_client(application(local_beacon(variant_store)))
    where = {"referenceName": "7", "start": [140453135], "end": [140453136]}
    effect = await asked(client, [{"id": "SO:0001583"}], assemblyId="GRCh37", **where)
    wanted = {"geneId": "BRAF", "aminoacidChange": "V600E"}
    change = await asked(client, None, assemblyId="GRCh37", **wanted)
    far = {**where, "start": [1000], "end": [2000]}
    elsewhere = await asked(client, [{"id": "SO:0001583"}], assemblyId="GRCh37", **far)

    answers = [status_of(effect), status_of(change)]
    assert set(answers) <= {"no_answer", "seen"}
    assert "no_answer" in answers
    assert status_of(elsewhere) == "not_seen"


def status_of(answer: dict) -> str:
    """Return the status of an answer, or of its refusal."""
    return str(answer["info"]["status"])


@pytest.mark.parametrize(
    ("g_variant", "sentence"),
    [
        ({"geneId": "NOSUCH"}, "No dataset here names this gene or identifier"),
        ({"genomicAlleleShortForm": "NM_1.1:c.1A>G"}, "No dataset here names"),
        ({"geneId": "a gene"}, "is no gene symbol or id"),
        ({"aminoacidChange": "600"}, "is no change of amino acids"),
        (
            {
                "geneId": "BRAF",
                "referenceName": "7",
                "start": [140453135],
                "referenceBases": "A",
                "alternateBases": "T",
            },
            "geneId narrows a gene, a range or a sequence",
        ),
    ],
)
async def test_what_cannot_be_answered_is_an_error(
    client: TestClient, g_variant: dict, sentence: str
) -> None:
    """An unknown gene is a sentence, never a "no"."""
    answer = await asked(client, assemblyId="GRCh37", **g_variant)

    assert answer["error"]["errorCode"] == 400
    assert sentence in answer["error"]["errorMessage"]


async def test_a_record_shows_its_annotations(client: TestClient) -> None:
    """Also where it was not asked for by them."""
    answer = await asked(
        client,
        assemblyId="GRCh37",
        referenceName="7",
        start=[140453135],
        referenceBases="A",
        alternateBases="T",
    )
    sets = {each["id"]: each["results"][0] for each in answer["response"]["resultSets"]}

    assert sets["annotated"]["molecularAttributes"] == {
        "geneIds": ["BRAF"],
        "aminoacidChanges": ["V600E"],
        "molecularEffects": [{"id": "SO:0001583", "label": "missense_variant"}],
    }
    assert sets["annotated"]["identifiers"]["clinvarVariantId"] == "clinvar:13961"
    interpretations = sets["annotated"]["variantLevelData"]["clinicalInterpretations"]
    assert [i["clinicalRelevance"] for i in interpretations] == ["pathogenic"]
    assert "molecularAttributes" not in sets["bare"]


async def test_another_version_of_a_transcript_is_labelled(client: TestClient) -> None:
    """The variant is found, and the answer says that the version differs."""
    answer = await asked(
        client, assemblyId="GRCh37", genomicAlleleShortForm="NM_004333.6:c.1799T>A"
    )

    assert told(answer)["annotated"] == ("seen", [V600E])
    assert any("another version" in w for w in answer["info"]["warnings"])


async def test_an_unknown_filter_still_matches_nothing(client: TestClient) -> None:
    """It is named in the warnings, and no dataset says "no" to it."""
    answer = await asked(client, [{"id": "HP:0000001"}], assemblyId="GRCh37")

    assert all(said == ("not_covered", []) for said in told(answer).values())
    assert "HP:0000001" in " ".join(answer["info"]["warnings"])


async def test_every_filter_that_is_listed_is_understood(client: TestClient) -> None:
    """The terms of /filtering_terms are those that variants answer to."""
    listed = await (await client.get("/api/filtering_terms?limit=0")).json()
    terms = [term["id"] for term in listed["response"]["filteringTerms"]]
    answer = await asked(client, [{"id": terms[0]}], assemblyId="GRCh37")

    assert violations(listed, "filteringTerms") == []
    assert "SO:0001583" in terms
    assert "warnings" not in answer["info"] or not any(
        "not known here" in w for w in answer["info"]["warnings"]
    )
