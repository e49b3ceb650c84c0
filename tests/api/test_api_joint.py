"""Joint questions over HTTP: the invented cohort counts as it was made."""

from __future__ import annotations

import json

import pytest

from beacon.store.variants import VariantStore
from tests.api.site import application, local_beacon
from tests.store.joint_samples import COHORT, plain_alleles

TRUTH = json.loads((COHORT / "truth.json").read_text())
FEMALE = "NCIT:C16576"


@pytest.fixture
async def site(aiohttp_client, cohort_address):
    """Give a client of a site of the invented people."""
    store = await VariantStore.open(cohort_address)
    yield await aiohttp_client(application(local_beacon(store)))
    await store.close()


async def said(site, path, **query):
    """Return the answer to a question."""
    response = await site.get(f"/api/{path}", params=query)
    assert response.status == 200, await response.text()
    return await response.json()


async def number(site, path, **query):
    """Return how many records there are, all datasets together."""
    query = {
        "requestedGranularity": "count",
        "includeResultsetResponses": "ALL",
        **query,
    }
    answer = await said(site, path, **query)
    return answer["responseSummary"].get("numTotalResults", 0)


@pytest.mark.parametrize("allele", plain_alleles(TRUTH)[::4])
async def test_who_carries_an_allele_is_counted(site, allele):
    """By sex, disease and feature, each person once."""
    where = {
        "referenceName": allele["chrom"],
        "start": allele["start0"],
        "referenceBases": allele["ref"],
        "alternateBases": allele["alt"],
        "assemblyId": "GRCh37",
    }
    kinds = {FEMALE: allele["individuals_female"], **allele["by_disease"]}
    kinds |= allele["by_hpo"]
    counted = {
        kind: await number(site, "individuals", filters=kind, **where) for kind in kinds
    }

    assert kinds == counted
    assert allele["n_individuals"] == await number(site, "individuals", **where)
    assert allele["n_individuals"] == await number(site, "biosamples", **where)


async def test_a_variant_under_a_filter_is_counted_of_those_people(site):
    """AC, people and frequencies are those of who meets the filter."""
    allele = next(a for a in plain_alleles(TRUTH) if a["individuals_female"] > 3)
    answer = await said(
        site,
        "g_variants",
        referenceName=allele["chrom"],
        start=allele["start0"],
        referenceBases=allele["ref"],
        alternateBases=allele["alt"],
        assemblyId="GRCh37",
        filters=FEMALE,
        requestedGranularity="record",
    )
    groups = [
        group
        for each in answer["response"]["resultSets"]
        for record in each["results"]
        for source in record["frequencyInPopulations"]
        for group in source["frequencies"]
        if group["population"] == "Total"
    ]
    carriers = sum(
        group[f"genotype{kind}"]
        for group in groups
        for kind in ("Homozygous", "Heterozygous", "Hemizygous")
    )

    assert 0 < carriers <= sum(group["alleleCount"] for group in groups)
    assert all(group["alleleNumber"] <= 2 * 20 for group in groups)


async def test_from_a_person_to_variants_and_back(site):
    """Each variant of somebody leads to them among its individuals."""
    query = {"requestedGranularity": "record", "limit": "3"}
    answer = await said(site, "individuals/IND0034/g_variants", **query)
    records = [r for s in answer["response"]["resultSets"] for r in s["results"]]

    assert 3 == len(records)
    for record in records:
        path = f"g_variants/{record['variantInternalId']}/individuals"
        back = await said(site, path, requestedGranularity="record", limit="100")
        ids = [r["id"] for s in back["response"]["resultSets"] for r in s["results"]]
        assert "IND0034" in ids


async def test_ranges_are_of_the_people_who_are_meant(site):
    """What is seen in a range under a filter is seen of those people, or not."""
    answer = await said(
        site,
        "g_variants",
        referenceName="1",
        start="700000",
        end="900000",
        assemblyId="GRCh37",
        filters="HP:0001250",
        requestedGranularity="count",
        includeResultsetResponses="ALL",
    )
    statuses = {s["info"]["status"] for s in answer["response"]["resultSets"]}

    assert statuses <= {"seen", "not_seen"}
