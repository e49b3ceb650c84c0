"""A dataset as a whole over HTTP: the same numbers for programs and people."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from beacon.ingest import LoadRequest, load_variants
from beacon.model.query import Granularity
from beacon.policy.policy import OPEN, Policy
from beacon.service import LocalBeacon
from beacon.store.variants import VariantStore
from beacon.wire.components import components
from loaders import LoadOptions
from tests.api.site import application
from tests.policy_samples import KINDS, PROFILES, tiered

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = [f"S{number}" for number in range(6)]
HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"
RECORDS = [
    ("22", 2_000_100, "A", "C", 3),
    ("22", 2_000_200, "A", "AT", 3),
    ("22", 2_000_300, "AC", "A", 1),
    ("22", 2_000_400, "AC", "GT", 0),
    ("21", 9_000_000, "C", "G", 6),
]
NAMES = ("exact", "threshold", "rounded", "noisy", "pooled", "secret")
POLICY = tiered(
    Granularity.RECORD,
    {profile.name: profile for profile in PROFILES},
    queries=KINDS,
)


def _write(folder: Path) -> Path:
    lines = [
        "\t".join(
            (
                *(contig, str(pos), ".", reference, alternate, ".", "PASS", ".", "GT"),
                *("0/1" if number < carriers else "0/0" for number in range(6)),
            )
        )
        for contig, pos, reference, alternate, carriers in RECORDS
    ]
    path = folder / "x.vcf"
    path.write_text(HEAD + "\t".join(PEOPLE) + "\n" + "\n".join(lines) + "\n")
    rows = [f"{name}\t{'MF'[at % 2]}\n" for at, name in enumerate(PEOPLE)]
    (folder / "x.tsv").write_text("sample\tsex\n" + "".join(rows))
    (folder / "x.bed").write_text("22\t2000000\t2001000\n21\t8999000\t9000500\n")
    return path


@pytest.fixture
def loaded(catalogue, tmp_path):
    """Load the same people into several datasets."""
    path = _write(tmp_path)
    options = LoadOptions(
        assembly="GRCh37",
        samples=path.with_suffix(".tsv"),
        callable_regions=path.with_suffix(".bed"),
    )
    for name in NAMES:
        load_variants(
            catalogue,
            LoadRequest(dataset=name, paths=(path,), options=options, references={}),
        )


async def _asked(aiohttp_client, address, policy: Policy, *paths: str) -> list:
    """Return status and text of some paths, as a browser gets them."""
    store = await VariantStore.open(address)
    beacon = LocalBeacon(store, policy, references={}, deadline=5)
    client = await aiohttp_client(application(beacon))
    said = []
    for path in paths:
        answer = await client.get(path, headers={"Accept": "text/html"})
        said.append((answer.status, await answer.text()))
    await store.close()
    return said


def judged(document: object) -> list[str]:
    """Return every way a document breaks the schema that is announced for it."""
    schema = {
        "$ref": "#/components/schemas/datasetSummary",
        "components": {"schemas": components()},
    }
    return [e.message for e in Draft202012Validator(schema).iter_errors(document)]


async def test_everything_is_told_where_everything_may_be(
    aiohttp_client, store_address, loaded
):
    """Classes, counts, places, people; and the page has the same numbers."""
    (status, text), (shown, html) = await _asked(
        aiohttp_client,
        store_address,
        OPEN,
        "/api/datasets/exact/summary",
        "/d/exact",
    )
    document = json.loads(text)
    said = document["response"]
    chr21, chr22 = said["contigs"]

    assert (status, shown) == (200, 200)
    assert judged(document) == []
    assert said["detail"] == "exact"
    assert (said["coverage"], said["filters"]) == ("regions", "pass")
    assert (said["alleles"], said["chromosomeCopies"]) == (4, 12)
    assert said["variantClasses"] == [
        {"class": "SNV", "alleles": 2},
        {"class": "insertion", "alleles": 1},
        {"class": "deletion", "alleles": 1},
    ]
    assert said["alleleCounts"] == [
        {"lowest": 1, "highest": 1, "alleles": 1},
        {"lowest": 2, "highest": 2, "alleles": 0},
        {"lowest": 3, "highest": 5, "alleles": 2},
        {"lowest": 6, "highest": 10, "alleles": 1},
    ]
    assert (chr21["contig"], chr21["alleles"][8], sum(chr21["alleles"])) == ("21", 1, 1)
    assert (chr22["alleles"][1], sum(chr22["coveredBases"])) == (3, 1000)
    assert said["people"] == [
        {
            "column": "sex",
            "counts": [{"value": "F", "people": 3}, {"value": "M", "people": 3}],
        }
    ]
    tables = re.findall(r"<tbody>(.*?)</tbody>", html, re.DOTALL)
    cells = [re.findall(r">([^<>]+)</t[hd]>", table) for table in tables]
    assert [" ".join(row) for row in cells] == [
        "Single base (SNV) 2 50\xa0% Insertion 1 25\xa0% Deletion 1 25\xa0%",
        "1 0.083 1 2 0.17 0 3–5 0.25–0.42 2 6–10 0.50–0.83 1",  # noqa: RUF001
        "Women 3 50\xa0% Men 3 50\xa0%",
        "21 48,129,895 1 0.021 0\xa0% 22 51,304,566 3 0.058 0\xa0%",
    ]


async def test_each_profile_tells_what_it_tells_of_single_variants(
    aiohttp_client, store_address, loaded
):
    """Thresholds hide what is rare; what rounds, blurs or pools tells no number."""
    names = ("exact", "threshold", "rounded", "noisy", "pooled")
    paths = [f"/api/datasets/{name}/summary" for name in names]
    said = [
        json.loads(text)["response"]
        for _, text in await _asked(aiohttp_client, store_address, POLICY, *paths)
    ]
    told = {name: sorted(each) for name, each in zip(names, said, strict=True)}
    bare = ["coverage", "dataset", "detail", "filters"]
    shown = {*bare, "alleleCounts", "alleles", "leastAlleleCount", "variantClasses"}

    # Ranges are 2,000 bases wide at most there: a window would tell too much.
    assert told["exact"] == sorted(
        {*shown, "chromosomeCopies", "people", "windowBases"}
    )
    assert told["threshold"] == sorted(shown)
    assert said[1]["alleles"] == 3
    # One insertion is too few to be told, and would follow from the SNVs.
    assert said[1]["variantClasses"] == [{"class": "SNV"}, {"class": "insertion"}]
    assert [told[name] for name in names[2:]] == [bare, bare, bare]


async def test_a_hidden_dataset_is_like_one_that_is_not_there(
    aiohttp_client, store_address, loaded
):
    """The same status, and the same page but for what was asked."""
    hidden, missing, page, other = await _asked(
        aiohttp_client,
        store_address,
        POLICY,
        "/api/datasets/secret/summary",
        "/api/datasets/absent/summary",
        "/d/secret",
        "/d/absent",
    )

    assert (hidden[0], page[0]) == (404, 404)
    assert hidden[1].replace("secret", "absent") == missing[1]
    assert page[1].replace("secret", "absent") == other[1]


async def test_a_dataset_without_a_summary_says_so(aiohttp_client, filled_address):
    """It was loaded by an earlier version; the page says what to do."""
    (status, text), (_, html) = await _asked(
        aiohttp_client,
        filled_address,
        OPEN,
        "/api/datasets/clinic/summary",
        "/d/clinic",
    )

    assert (status, json.loads(text)["response"]["detail"]) == (200, "none")
    assert "its files were loaded by an earlier version" in html
