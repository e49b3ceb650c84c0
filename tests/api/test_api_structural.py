"""Structural variants from a VCF to HTTP: every question that finds them."""

from __future__ import annotations

from functools import partial
from hashlib import sha256

import pytest

from beacon.ingest import LoadRequest, load_variants
from beacon.store.releases import Catalogue
from loaders import LoadOptions
from tests.api.site import application, local_beacon
from tests.speaking import violations

AT_22 = {"assemblyId": "GRCh37", "referenceName": "22"}
RECORDS = """\
8\t500000\tb\tA\t]22:40000000]A\t.\tPASS\tSVTYPE=BND\tGT\t0/0\t./.
22\t18912231\t.\tN\t<DEL>\t.\tPASS\tEND=21465672;CIPOS=-50,50\tGT:CN\t./.:1\t./.:2
22\t18912240\t.\tN\t<DUP>\t.\tPASS\tEND=21465000\tGT:CN\t./.:2\t./.:4
22\t18912300\t.\tN\t<CNV>\t.\tPASS\tEND=21465000\tGT:CN\t./.:2\t./.:3
22\t18912400\t.\tN\t<CN0>\t.\tPASS\tEND=21464000\tGT\t0/0\t0/1
22\t30000000\t.\tA\t<INS:ME:ALU>\t.\tPASS\tSVLEN=280\tGT\t0/1\t0/0
22\t30000050\t.\tA\tA{bases}\t.\tPASS\t.\tGT\t0/1\t0/0
22\t31000000\t.\tT\tT[chr8:107653411[\t.\tPASS\tMATEID=m\tGT\t0/1\t1/1
22\t32000000\t.\tN\t<DEL>\t.\tq10\tEND=32005000\tGT\t0/1\t1/1
22\t34000000\t.\tN\t<DEL>\t.\tPASS\tEND=99999999\tGT\t0/1\t0/0
22\t35000000\t.\tA\tC,<ODD>\t.\tPASS\tEND=35009000\tGT\t0/2\t0/0
22\t35500000\t.\tN\t<BND>\t.\tPASS\tSVTYPE=BND\tGT\t0/1\t0/0
22\t33000000\t.\tN\t<DEL>\t.\tPASS\tEND=33005000\tGT\t./.\t./.
22\t34000000\t.\tN\t<DEL>\t.\tPASS\tEND=34005000\tGT\t0/0\t0/0
22\t35000000\t.\t{reference}\tA\t.\tPASS\t.\tGT\t./.\t./.
22\t36000000\t.\t{reference}\tA\t.\tPASS\t.\tGT\t0/0\t0/0
"""


@pytest.fixture
async def asked_of(aiohttp_client, store_address, variant_store, tmp_path):
    """Give a function that loads records and gives one that asks a site of them."""
    client = await aiohttp_client(application(local_beacon(variant_store)))

    def load(records):
        _load(records, tmp_path / "x.vcf", store_address)
        return partial(_ask, client)

    return load


@pytest.fixture
def asked(asked_of):
    """Give a function that asks a site that has loaded ``RECORDS``."""
    return asked_of(RECORDS.format(bases="ACGT" * 75, reference="AC" * 60))


def _load(records, path, store_address):
    header = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
    path.write_text(f"{header}\tFORMAT\tA\tB\n{records}")
    with Catalogue(store_address) as catalogue:
        options = LoadOptions(assembly="GRCh37", max_bad=1.0)
        request = LoadRequest(
            dataset="sv", paths=(path,), options=options, references={}
        )
        load_variants(catalogue, request)


async def _ask(client, path="/api/g_variants", **parameters):
    given = {
        "requestedGranularity": "record",
        "includeResultsetResponses": "ALL",
    }
    response = await client.get(path, params=given | parameters)
    answer = await response.json()
    assert response.status == 200, answer
    assert violations(answer, "resultsets", "genomicVariant") == []
    return answer["response"]["resultSets"]


def names(sets):
    """Return the shown ids, without the assembly."""
    return [
        record["variantInternalId"].removeprefix("GRCh37-")
        for each in sets
        for record in each["results"]
    ]


DELETION = "22-18912231-21465672-DEL"
ALL_COPIES = [
    DELETION,
    "22-18912240-21465000-DUP",
    "22-18912300-21465000-CNV",
    "22-18912400-21464000-CN0",
]
JOIN = "22-31000000-31000000-BND.8.107653411.pm"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ({"start": "20000000", "end": "20000001"}, ALL_COPIES),
        ({"start": "20000000", "end": "20000001", "variantType": "CNV"}, ALL_COPIES),
        (
            {"start": "20000000", "end": "20000001", "variantType": "DEL"},
            [DELETION, ALL_COPIES[3]],
        ),
        (
            {"start": "18912000,18912235", "end": "21465000,21466000"},
            [DELETION],
        ),
        ({"start": "30990000", "end": "31010000"}, [JOIN]),
        ({"start": "30990000", "end": "31010000", "mateName": "chr8"}, [JOIN]),
        ({"start": "30990000", "end": "31010000", "mateName": "9"}, []),
        (
            {"referenceName": "8", "start": "107653410", "end": "107653411"},
            [JOIN],
        ),
        ({"variantType": "BND"}, [JOIN]),
        ({"variantType": "TRA", "mateName": "8"}, [JOIN]),
        (
            {"variantType": "INS", "variantMinLength": "250"},
            [
                "22-30000000-30000000-INS.ME.ALU~280",
                "22-30000050-ref.559aead08264d5795d390971-alt.",
            ],
        ),
        ({"variantType": "INS:ME"}, ["22-30000000-30000000-INS.ME.ALU~280"]),
    ],
)
async def test_every_question_finds_structural_variants(asked, question, expected):
    """By range, bracket, type, length and mate; a breakend from both its sides."""
    found = names(await asked(**(AT_22 | question)))

    assert [name[: len(want)] for name, want in zip(found, expected, strict=True)] == (
        expected
    )


async def test_an_id_finds_its_record(asked):
    """With counts from copy numbers where there are no genotypes."""
    (found,) = await asked(f"/api/g_variants/GRCh37-{DELETION}")

    assert found["info"]["status"] == "seen"
    assert (found["info"]["alleleCount"], found["info"]["alleleNumber"]) == (1, 4)
    assert found["results"][0]["info"]["startMargin"] == [-50, 50]


LONG = f"ref.{sha256(b'AC' * 60).hexdigest()[:24]}-alt.{sha256(b'A').hexdigest()[:24]}"


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        ("22-32000000-32005000-DEL", ("not_covered", None, None, ["q10"])),
        ("22-33000000-33005000-DEL", ("not_covered", None, None, None)),
        ("22-34000000-34005000-DEL", ("not_seen", 4, None, None)),
        (f"22-35000000-{LONG}", ("not_covered", None, None, None)),
        (f"22-36000000-{LONG}", ("not_seen", 4, None, None)),
        # Not declared: a record at the place, one that calls nobody, none.
        ("22-34000000-34000900-DUP", ("not_seen", 4, None, None)),
        ("22-33000000-33000900-DUP", ("not_covered", None, None, None)),
        ("22-37000000-37000900-DUP", ("not_seen", None, "undeclared", None)),
    ],
)
async def test_an_id_of_what_nobody_carries_rests_on_its_record(
    asked, identity, expected
):
    """As a question that spells the allele does, whatever the id is made of."""
    (found,) = await asked(f"/api/g_variants/GRCh37-{identity}")
    told = [found["info"].get(k) for k in ("alleleNumber", "coverage", "filters")]

    assert (found["info"]["status"], *told) == expected


SIMILAR = {"variantType": "DEL", "start": "18912231", "end": "21465672"}


async def test_what_is_similar_is_shown_closest_first(asked):
    """A deletion finds CN0 and a CNV, labelled as such, not a duplication."""
    (found,) = await asked(**(AT_22 | SIMILAR), similarity="0.5")

    assert found["resultsCount"] == 3
    assert names([found]) == [DELETION, ALL_COPIES[2], ALL_COPIES[3]]
    assert [r["variation"]["variantType"] for r in found["results"]] == [
        "DEL",
        "CNV",
        "CNV",
    ]
    assert found["results"][0]["info"]["similarity"] == {
        "overlap": 1.0,
        "breakpointDistance": 0,
    }


@pytest.mark.parametrize(
    ("question", "status", "count"),
    [
        (SIMILAR | {"similarity": "0.9999"}, "seen", 1),
        (SIMILAR | {"start": "20900000", "similarity": "0.5"}, "not_seen", 0),
        (
            {
                "variantType": "INS",
                "start": "30000040",
                "variantLength": "290",
                "similarity": "0.9",
            },
            "seen",
            2,
        ),
        (
            {
                "referenceName": "8",
                "start": "107653400",
                "variantType": "BND",
                "mateName": "22",
                "mateStart": "31000020",
                "breakpointDistance": "50",
            },
            "seen",
            1,
        ),
        (
            {"variantType": "DEL", "start": "32000000", "end": "32005000"}
            | {"similarity": "0.5"},
            "not_covered",
            0,
        ),
        (
            {"variantType": "DEL", "start": "33000000", "end": "33005000"}
            | {"similarity": "0.5"},
            "not_covered",
            0,
        ),
        (
            {"referenceName": "9", "start": "5", "end": "500", "variantType": "DEL"}
            | {"similarity": "0.5"},
            "not_covered",
            0,
        ),
    ],
)
async def test_similarity_has_a_status(asked, question, status, count):
    """What nobody was called for, or only failed records tell, is never a "no"."""
    (found,) = await asked(**(AT_22 | question))

    assert (found["info"]["status"], found["resultsCount"]) == (status, count)


DOUBTFUL = """\
1\t1000\t.\tN\t<DEL>\t.\tPASS\tEND=2000\tGT\t0/0\t0/0
1\t1001\t.\tN\t<DEL>\t.\tLowQ\tEND=2000\tGT\t0/1\t0/0
1\t5000\t.\tN\t<DEL>\t.\tPASS\tEND=6000\tGT\t./.\t./.
1\t5001\t.\tN\t<DEL>\t.\tPASS\tEND=6000\tGT\t0/0\t0/0
1\t8000\t.\tN\t<DEL>\t.\tPASS\tEND=9000\tGT\t0/0\t0/0
1\t8001\t.\tN\t<DEL>\t.\tPASS\tEND=9000\tGT\t0/0\t./.
"""


@pytest.mark.parametrize("granularity", ["boolean", "count", "record"])
@pytest.mark.parametrize(
    ("start", "end", "status", "filters"),
    [
        ("1000", "2000", "not_covered", ["LowQ"]),
        ("5000", "6000", "not_covered", None),
        ("8000", "9000", "not_seen", None),
    ],
)
async def test_one_similar_record_never_overrules_another(
    asked_of, granularity, start, end, status, filters
):
    """A failed one may hide a carrier, and who is not called may be one."""
    asked = asked_of(DOUBTFUL)
    question = {"start": start, "end": end, "variantType": "DEL", "similarity": "0.5"}
    where = {"assemblyId": "GRCh37", "referenceName": "1"}
    (found,) = await asked(**where, **question, requestedGranularity=granularity)

    assert (found["info"]["status"], found["info"].get("filters")) == (status, filters)


async def test_a_batch_takes_no_events(asked, aiohttp_client, variant_store):
    """Its line says where to ask instead."""
    client = await aiohttp_client(application(local_beacon(variant_store)))
    line = {"variant": "del 22:18912231-21465672", "assemblyId": "GRCh37"}
    response = await client.post("/api/batch", json=[line])
    answer = await response.json(content_type=None)

    assert answer["status"] == "no_answer"
    assert "or a structural variant by itself" in answer["error"]


NEAR_END = {"start": "33999999", "end": "51304566", "variantType": "DEL"}
ODD = {"start": "35000000", "end": "35009000"}


@pytest.mark.parametrize(
    "question",
    [
        {"start": "33999999", "end": "34000000", "variantType": "DEL"},
        {"start": "40000000", "end": "40000001", "variantType": "DEL"},
        NEAR_END | {"similarity": "0.5"},
        {"start": "34999999", "end": "35000000", "variantType": "INV"},
        *(
            ODD | {"variantType": kind, "similarity": "0.5"}
            for kind in ("DEL", "DUP", "INV", "CNV")
        ),
        {"start": "35499999", "end": "35500000", "variantType": "BND"},
        {"start": "35499999", "variantType": "BND", "similarity": "0.5"},
    ],
)
async def test_what_is_left_out_is_no_no(asked, question):
    """Where an alternate was not understood, nobody reads that nothing is there."""
    (found,) = await asked(**AT_22, **question)

    assert ("not_covered", ["skipped"]) == (
        found["info"]["status"],
        found["info"].get("filters"),
    )
