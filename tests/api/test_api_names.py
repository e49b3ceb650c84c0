"""Genes, rs numbers and VRS ids over HTTP: found, labelled, or a sentence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.genes import Gene, GeneName, name_texts, place_texts
from beacon.model.genome import Interval
from beacon.store.keys import encode
from beacon.store.releases import Catalogue
from beacon.store.variants import VariantStore
from tests.api.site import application, fill, local_beacon
from tests.speaking import violations

if TYPE_CHECKING:
    from collections.abc import Callable

    from beacon.store.connection import StoreAddress

CHR22 = ASSEMBLIES["GRCh37"].contigs[21]


def gene(symbol, start, end, hgnc):
    """Return a gene of chromosome 22."""
    place = Interval(contig=CHR22, start=start, end=end)
    return Gene(symbol=symbol, interval=place, hgnc=hgnc)


@pytest.fixture(scope="session")
def named_address(shared_address: Callable[[str], StoreAddress]) -> StoreAddress:
    """Give two datasets with three genes and two rs numbers."""
    address = shared_address("api_names")
    genes = [
        gene("MANY1", 1000, 1010, "HGNC:1"),
        gene("ONE1", 100, 101, "HGNC:2"),
        gene("NONE1", 5000, 6000, "HGNC:3"),
    ]
    names = [
        GeneName("alpha", "alias", "HGNC:1", "MANY1"),
        GeneName("both", "alias", "HGNC:1", "MANY1"),
        GeneName("both", "alias", "HGNC:2", "ONE1"),
    ]
    with Catalogue(address) as catalogue:
        fill(catalogue)
        catalogue.keep_genes({**place_texts(genes), **name_texts(names)})
        release = catalogue.dataset("twins").release
        clinic = catalogue.dataset("clinic").release
    assert release is not None
    assert clinic is not None
    documents = [
        {"v": number, "c": 22, "s": start, "x": [name]}
        | {"k": encode(22, start, ref, alt)}
        for number, name, start, ref, alt in (
            (release.number, "rs1", 100, "T", "C"),
            (clinic.number, "rs2", 1000, "A", "G"),
            (clinic.number, "rs2", 200, "G", "A"),
        )
    ]
    with MongoClient(address.uri) as client:
        client[address.database]["annotations_GRCh37"].insert_many(documents)
    return address


@pytest.fixture
async def client(aiohttp_client, named_address):
    """Give a client of the site over them."""
    store = await VariantStore.open(named_address)
    yield await aiohttp_client(application(local_beacon(store)))
    await store.close()


async def got(client, path="/api/g_variants", **asked):
    """Return the code and the document of a GET at count granularity."""
    asked = {
        "requestedGranularity": "count",
        "includeResultsetResponses": "ALL",
    } | asked
    response = await client.get(path, params=asked)
    document = await response.json()
    kind = "resultsets" if response.status == 200 else "error"
    assert violations(document, kind) == []
    return response.status, document


@pytest.mark.parametrize(
    ("name", "count"),
    [("MANY1", 10), ("many1", 10), ("HGNC:1", 10), ("ONE1", 2), ("NONE1", 0)],
)
async def test_a_gene_asks_for_what_overlaps_it(client, name, count):
    """The alleles of its interval are counted, on the assembly asked."""
    code, document = await got(client, geneId=name, assemblyId="GRCh37")

    assert code == 200
    assert document["responseSummary"] == {
        "exists": count > 0,
        "numTotalResults": count,
    }
    assert "warnings" not in document["info"]


async def test_type_and_length_narrow_a_gene(client):
    """What else is asked holds beside the gene."""
    _, deletions = await got(client, geneId="MANY1", variantType="DEL")
    _, short = await got(client, geneId="MANY1", variantMaxLength="1")

    assert deletions["responseSummary"]["numTotalResults"] == 0
    assert short["responseSummary"]["numTotalResults"] == 10


async def test_an_alias_is_said(client):
    """The answer to an alias names the gene it was taken for."""
    _, document = await got(client, geneId="alpha")

    assert document["responseSummary"]["numTotalResults"] == 10
    assert document["info"]["warnings"] == ["alpha is an alias of MANY1 (HGNC:1)."]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"geneId": "both"}, "several genes: MANY1 (HGNC:1), ONE1 (HGNC:2)"),
        ({"geneId": "nobody"}, "no gene of the table"),
        ({"geneId": "nobody"}, "No dataset here names this gene"),
        ({"geneId": "MANY1", "start": "5"}, "geneId places the variants"),
        ({"geneId": "MANY1", "referenceName": "21"}, "lies on 22, not on 21"),
    ],
)
async def test_a_gene_that_is_not_understood_is_refused(client, asked, sentence):
    """400 with a sentence, and never a "no"."""
    code, document = await got(client, **asked)

    assert (code, document["info"]["status"]) == (400, "no_answer")
    assert sentence in document["error"]["errorMessage"]


async def test_without_genes_the_sentence_says_how_to_load_them(
    aiohttp_client, filled_address
):
    """A beacon without a table of genes cannot say "no" to a gene."""
    store = await VariantStore.open(filled_address)
    client = await aiohttp_client(application(local_beacon(store)))
    code, document = await got(client, geneId="BRCA1")
    await store.close()

    assert code == 400
    assert "beacon load genes" in document["error"]["errorMessage"]


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/api/g_variants/rs1", {}),
        ("/api/g_variants", {"genomicAlleleShortForm": "rs1", "assemblyId": "GRCh37"}),
    ],
)
async def test_a_name_of_one_allele_has_counts(client, path, asked):
    """Every dataset says its counts, whichever knows the name."""
    code, document = await got(client, path, **asked)
    sets = {each["id"]: each["info"] for each in document["response"]["resultSets"]}

    assert code == 200
    assert {name: info["status"] for name, info in sets.items()} == {
        "clinic": "seen",
        "twins": "seen",
    }
    assert (sets["clinic"]["alleleCount"], sets["twins"]["alleleCount"]) == (3, 2)


async def test_a_name_of_several_alleles_has_their_records(client):
    """Each allele that exists is a record, and nothing is summed."""
    asked = {"requestedGranularity": "record"}
    _, document = await got(client, "/api/g_variants/rs2", **asked)
    clinic = document["response"]["resultSets"][0]

    assert [each["variantInternalId"] for each in clinic["results"]] == [
        "GRCh37-22-1001-A-G"
    ]
    assert "alleleCount" not in clinic["info"]
    assert "rs2 names 2 alleles here." in document["info"]["warnings"]


@pytest.mark.parametrize("name", ["rs9", f"ga4gh:VA.{'x' * 32}"])
async def test_an_unknown_name_is_refused(client, name):
    """It is no answer: neither "no" nor an empty list."""
    code, document = await got(client, f"/api/g_variants/{name}")

    assert (code, document["info"]["status"]) == (400, "no_answer")
    assert f"{name} is not among" in document["error"]["errorMessage"]


async def test_a_batch_labels_the_alleles_of_a_name(client):
    """One allele has its counts beside the name; several have theirs each."""
    lines = ["rs1", "rs2", "rs9", "MANY1"]
    sent = "\n".join(json.dumps({"variant": each}) for each in lines)
    response = await client.post("/api/batch", data=sent)
    one, several, unknown, refused = map(
        json.loads, (await response.text()).splitlines()
    )

    assert [(x["variant"], x["status"]) for x in (one, several, unknown, refused)] == [
        ("rs1", "seen"),
        ("rs2", "seen"),
        ("rs9", "no_answer"),
        ("MANY1", "no_answer"),
    ]
    assert [part["alleleCount"] for part in one["datasets"]] == [3, 2]
    assert [each["variant"] for each in one["alleles"]] == ["22-101-T-C"]
    assert several["datasets"] == [
        {"id": "clinic", "status": "seen"},
        {"id": "twins", "status": "not_seen", "coverage": "undeclared"},
    ]
    assert [(x["variant"], x["status"]) for x in several["alleles"]] == [
        ("22-201-G-A", "not_seen"),
        ("22-1001-A-G", "seen"),
    ]
    assert several["alleles"][1]["datasets"][0]["alleleCount"] == 1
    assert "rs9 is not among the rsIDs" in unknown["error"]
    assert "alleles and rsIDs only" in refused["error"]


async def test_a_type_narrows_a_name_over_http(client):
    """rs1 is a substitution: no deletion of that name is seen, in a batch neither."""
    asked = {"genomicAlleleShortForm": "rs1", "assemblyId": "GRCh37"}
    answers = {
        kind: await got(client, **asked, variantType=kind) for kind in ("SNV", "DEL")
    }
    lines = [asked | {"variantType": kind} for kind in ("SNV", "DEL")]
    response = await client.post(
        "/api/batch", data="\n".join(json.dumps(line) for line in lines)
    )
    said = [json.loads(line) for line in (await response.text()).splitlines()]

    assert {k: d["info"]["status"] for k, (_, d) in answers.items()} == {
        "SNV": "seen",
        "DEL": "not_seen",
    }
    assert [line["status"] for line in said] == ["seen", "not_seen"]
