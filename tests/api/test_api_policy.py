"""B4: who sees what of which dataset, by every way there is to an answer.

What is expected stands in a table of its own here, beside the policy and not made
of it.  ``clinic`` and ``observed`` are Swedish, and pooled for the care tier.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from beacon.api.keys import REQUESTER
from beacon.model.counts import Carriers, Group, Layout, Tally, VariantRecord
from beacon.model.records import Record
from beacon.model.requester import ANONYMOUS
from beacon.service import LocalBeacon
from beacon.store.releases import Catalogue
from beacon.store.variants import VariantStore
from tests.api.site import application
from tests.policy.test_policy_tiers import CARE, EVERYTHING, REGISTERED, STEWARD
from tests.policy_example import example

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from aiohttp.test_utils import TestClient
    from pytest_aiohttp import AiohttpClient

    from beacon.model.requester import Requester
    from beacon.store.connection import StoreAddress

DATASETS = ("reference", "clinic", "observed", "charged", "unlisted")
ALLELES = {"common": 100, "rare": 200, "nobody": 300, "filtered": 400, "absent": 500}
COPIES = {"common": 400, "rare": 3}
MARKED = {"reference": "NCIT:C41261", "unlisted": "NCIT:C41260"}
"""Terms that one dataset alone has."""
WHO: Mapping[str, Requester] = {
    "anonymous": ANONYMOUS,
    "registered": REGISTERED,
    "care": CARE,
    "steward": STEWARD,
    "everything": EVERYTHING,
}


@dataclass(frozen=True)
class Voice:
    """How a dataset is expected to speak: its detail, threshold and rounding."""

    level: int
    least: int = 1
    step: int = 1
    is_noisy: bool = False
    has_an: bool = True


EXACT, PUBLIC = Voice(3), Voice(3, 10)
ROUNDED, BLURRED = Voice(2, 10, 10, has_an=False), Voice(2, 20, 10, is_noisy=True)
NAMED, BARE = Voice(2, 5), Voice(2, 5, has_an=False)
TABLE: Mapping[str, Mapping[str, Voice]] = {
    "anonymous": {"reference": PUBLIC},
    "registered": {
        "reference": replace(PUBLIC, level=2),
        "clinic": BLURRED,
        "observed": ROUNDED,
    },
    "care": {"reference": PUBLIC, "clinic": NAMED, "observed": BARE},
    "steward": {"reference": EXACT, "clinic": EXACT},
    "everything": {"reference": EXACT, "clinic": EXACT, "observed": BARE},
}


def _record(name: str, copies: int, filters: tuple[str, ...] = ()) -> VariantRecord:
    half = copies // 2
    columns = ((0, copies - half), (1, half))
    carriers = tuple(Carriers(column, n, 0, n, 0) for column, n in columns if n)
    start = ALLELES[name]
    return VariantRecord(
        22, start, start + 1, "T", "C", Tally((1000, 1000), carriers), filters
    )


def _fill(catalogue: Catalogue) -> None:
    """Publish five datasets of the same counts, with people and cohorts."""
    groups = (
        Group(label="Total", columns=(0, 1)),
        Group(label="F", columns=(0,)),
        Group(label="M", columns=(1,)),
    )
    layout = Layout(baseline=(1000, 1000), groups=groups)
    records = [
        _record("common", 400),
        _record("rare", 3),
        _record("nobody", 0),
        _record("filtered", 400, ("LowQual",)),
    ]
    for name in DATASETS:
        with catalogue.begin(name, assembly="GRCh37", layout=layout) as writer:
            writer.put(records)
            writer.publish(
                fingerprint=name,
                genotyped=True,
                contigs=frozenset({"22"}),
                variants=2,
                sample_count=1000,
                inputs=(),
                tool="test",
                options={},
                report={},
            )
        catalogue.describe(name, kind="patients", country="SE")
        one = {"id": f"{name}-I1", "sex": {"id": "NCIT:C16576", "label": "female"}}
        if name in MARKED:
            one["ethnicity"] = {"id": MARKED[name], "label": name}
        people = catalogue.begin_documents(name, "individual")
        people.put([Record(id=one["id"], document=one)])
        people.publish(fingerprint=name, inputs=())
        cohort = {"id": f"{name}-cohort", "name": name, "cohortType": "study-defined"}
        catalogue.keep_cohorts(name, [Record(id=cohort["id"], document=cohort)])


@pytest.fixture(scope="session")
def policed_address(shared_address: Callable[[str], StoreAddress]) -> StoreAddress:
    """Give a database of five datasets, which no test changes."""
    address = shared_address("policed")
    with Catalogue(address) as catalogue:
        _fill(catalogue)
    return address


@pytest.fixture
async def policed(
    aiohttp_client: AiohttpClient, policed_address: StoreAddress
) -> AsyncIterator[TestClient]:
    """Give a client that says by a header which of some requesters it is."""
    store = await VariantStore.open(policed_address)
    policy = replace(example().policy, noise_key=b"a key for tests")
    beacon = LocalBeacon(store, policy, references={}, deadline=5)
    app = application(beacon)

    @web.middleware
    async def known(request: web.Request, handler):  # type: ignore[no-untyped-def]
        request[REQUESTER] = WHO[request.headers.get("X-Who", "anonymous")]
        return await handler(request)

    app.middlewares.append(known)
    yield await aiohttp_client(app)
    await store.close()


def asked(allele: str, level: str, include: str) -> dict:
    """Return the body of a question for an allele."""
    return {
        "query": {
            "requestParameters": {
                "assemblyId": "GRCh37",
                "referenceName": "22",
                "start": [ALLELES[allele]],
                "referenceBases": "T",
                "alternateBases": "C",
            },
            "requestedGranularity": level,
            "includeResultsetResponses": include,
        }
    }


async def told(client: TestClient, who: str, body: dict) -> tuple[int, dict]:
    """Return the answer to a body."""
    answer = await client.post("/api/g_variants", json=body, headers={"X-Who": who})
    return answer.status, await answer.json()


def expected_word(voice: Voice, allele: str) -> str:
    """Return the word that a dataset is expected to say of an allele."""
    if COPIES.get(allele, 0) >= voice.least:
        return "seen"
    if voice.least > 1:
        return "withheld"
    return "not_covered" if allele == "filtered" else "not_seen"


def check(part: dict, voice: Voice, allele: str, level: int) -> None:
    """Compare what a dataset says of an allele with what is expected."""
    word, detail = expected_word(voice, allele), min(level, voice.level)
    said = part["info"]

    assert (said["status"], part["exists"]) == (word, word == "seen"), (allele, part)
    assert bool(part["results"]) == (word == "seen" and detail == 3)
    if word == "withheld":
        assert said.keys() == {"status", "release", "releaseDate", "sampleCount"}
    elif detail == 1:
        assert not said.keys() & {"alleleCount", "alleleNumber", "homozygous"}
    elif word == "seen":
        copies = said["alleleCount"]
        assert abs(copies - COPIES[allele]) <= (40 if voice.is_noisy else 0)
        assert copies % voice.step == 0
        assert said.get("alleleNumber") == (2000 if voice.has_an else None)
        assert part.get("countAdjustedTo") == ([voice.step] if voice.step > 1 else None)
        assert ("homozygous" in said) == (voice.least == 1)
        shown = [r["frequencyInPopulations"][0]["frequencies"] for r in part["results"]]
        assert all(rows[0]["alleleCount"] == copies for rows in shown)


@pytest.mark.parametrize("who", TABLE)
async def test_every_cell_is_as_the_policy_says(policed: TestClient, who: str) -> None:
    """Requester, dataset, allele, granularity and selection: 900 cells in all."""
    cells = 0
    names = {1: "boolean", 2: "count", 3: "record"}
    for allele, level, include in product(ALLELES, names, ("HIT", "ALL")):
        body = asked(allele, names[level], include)
        for _ in range(2):  # the second is of a form that is known
            status, document = await told(policed, who, body)
        parts = {p["id"]: p for p in document["response"]["resultSets"]}
        assert status == 200
        for name in DATASETS:
            cells += 1
            voice = TABLE[who].get(name)
            if voice is None:
                assert name not in json.dumps(document)
            elif include == "ALL" or expected_word(voice, allele) == "seen":
                check(parts[name], voice, allele, level)
            else:
                assert name not in parts

    assert cells * len(TABLE) >= 500


@pytest.mark.parametrize("who", TABLE)
async def test_a_batch_says_the_same(policed: TestClient, who: str) -> None:
    """Line by line, each dataset as it says it to a single question."""
    lines = [f"22-{start + 1}-T-C" for start in ALLELES.values()]
    body = "\n".join(json.dumps({"variant": v, "assemblyId": "GRCh37"}) for v in lines)
    answer = await policed.post("/api/batch", data=body, headers={"X-Who": who})
    told_lines = [json.loads(line) for line in (await answer.text()).splitlines()]

    for allele, line in zip(ALLELES, told_lines, strict=True):
        _, single = await told(policed, who, asked(allele, "count", "ALL"))
        parts = {p["id"]: p for p in single["response"]["resultSets"]}
        said = {d.pop("id"): d for d in line["datasets"]}

        assert said.keys() == parts.keys()
        assert {i for i in said if not i.startswith("pooled:")} == TABLE[who].keys()
        for name, dataset in said.items():
            one = parts[name]["info"] | parts[name]
            assert dataset == {key: one[key] for key in dataset}, (allele, name)


LISTING = (
    "/api/info",
    "/api/service-info",
    "/api/datasets",
    "/api/cohorts",
    "/api/filtering_terms",
    "/api/individuals/filtering_terms",
    "/api/datasets/{}/g_variants?assemblyId=GRCh37&referenceName=22&start=100"
    "&referenceBases=T&alternateBases=C",
    "/api/datasets/{}",
    "/api/datasets/{}/filtering_terms",
    "/api/cohorts/{}-cohort",
)


@pytest.mark.parametrize("who", TABLE)
@pytest.mark.parametrize("path", LISTING)
async def test_what_is_not_seen_is_as_if_it_were_not(
    policed: TestClient, who: str, path: str
) -> None:
    """Answers that name an unseen dataset are those that name one that never was."""
    hidden = [name for name in DATASETS if name not in TABLE[who]]
    headers = {"X-Who": who}
    for name in hidden:
        answer = await policed.get(path.format(name), headers=headers)
        never = await policed.get(path.format("n" * len(name)), headers=headers)
        text = (await answer.text()).replace(name, "n" * len(name))

        assert (answer.status, text) == (never.status, await never.text())
        assert f'"{name}' not in await answer.text() or "{}" in path


async def test_terms_are_told_to_whom_they_are_permitted(
    policed: TestClient,
) -> None:
    """Of the datasets that they see; a term of another one is not there."""
    found = {}
    for who in TABLE:
        answer = await policed.get(
            "/api/individuals/filtering_terms", headers={"X-Who": who}
        )
        terms = (await answer.json())["response"]["filteringTerms"]
        ids = {term["id"] for term in terms}
        found[who] = {m for m in MARKED.values() if m in ids}

    assert found == {
        "anonymous": set(),
        "registered": set(),
        "care": set(),
        "steward": {MARKED["reference"]},
        "everything": {MARKED["reference"]},
    }


async def test_an_annotated_file_has_columns_of_what_is_seen(
    policed: TestClient,
) -> None:
    """And in them what a question would be answered."""
    text = (
        "##fileformat=VCFv4.2\n##contig=<ID=22,length=51304566>\n"
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        "22\t101\t.\tT\tC\t.\t.\t.\n22\t201\t.\tT\tC\t.\t.\t.\n"
    )
    headers = {"X-Who": "registered", "Accept": "text/vcf"}
    answer = await policed.post(
        "/annotate?assemblyId=GRCh37", data=text.encode(), headers=headers
    )
    lines = (await answer.text()).splitlines()
    columns = [line for line in lines if line.startswith("##beacon_dataset")]

    assert [c.split("=<ID=")[1].split(",")[0] for c in columns] == [
        "clinic",
        "observed",
        "reference",
    ]
    assert "BEACON_STATUS=seen,seen,seen" in lines[-2]
    assert "BEACON_STATUS=withheld,withheld,withheld" in lines[-1]
    assert "BEACON_AC=.,.,." in lines[-1]


RANGE = {"assemblyId": "GRCh37", "referenceName": "22", "start": [50], "end": [600]}


@pytest.mark.parametrize(
    ("who", "parameters", "sentence"),
    [
        ("anonymous", RANGE, "here public may ask for single alleles."),
        (
            "registered",
            RANGE | {"end": [2000]},
            "registered may ask for single alleles, ranges of at most 1,000 bases.",
        ),
        ("registered", {"assemblyId": "GRCh37"}, "ranges of at most 1,000 bases."),
    ],
)
async def test_what_may_not_be_asked_is_refused(
    policed: TestClient, who: str, parameters: dict, sentence: str
) -> None:
    """403 says what may be asked instead."""
    body = {"query": {"requestParameters": parameters}}
    status, document = await told(policed, who, body)

    assert status == 403
    assert document["error"]["errorMessage"].endswith(sentence)
    assert document["info"]["status"] == "withheld"


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("anonymous", "/api/individuals"),
        ("care", "/api/individuals?filters=NCIT:C16576"),
        ("registered", "/api/datasets?filters=NCIT:C16576"),
        ("anonymous", "/api/individuals/reference-I1"),
        ("care", "/api/individuals/clinic-I1/g_variants"),
        ("anonymous", "/api/cohorts/reference-cohort/individuals"),
    ],
)
async def test_documents_and_filters_are_for_whom_they_are_permitted(
    policed: TestClient, who: str, path: str
) -> None:
    """Also below a record, and to choose datasets by."""
    answer = await policed.get(path, headers={"X-Who": who})

    assert answer.status == 403


async def test_a_range_says_what_its_alleles_say(policed: TestClient) -> None:
    """The rare allele is not counted where it is withheld, and not shown."""
    counts = {}
    body = {
        "query": {
            "requestParameters": RANGE,
            "requestedGranularity": "count",
            "includeResultsetResponses": "ALL",
        }
    }
    for who in ("registered", "steward"):
        _, document = await told(policed, who, body)
        parts = document["response"]["resultSets"]
        counts[who] = {p["id"]: (p["info"]["status"], p["resultsCount"]) for p in parts}

    seen = ("seen", 1)
    assert counts == {
        "registered": {"clinic": seen, "observed": seen, "reference": seen},
        "steward": {"clinic": ("seen", 2), "reference": ("seen", 2)},
    }
    # What a pool leaves named follows from what others carry.
    assert (await told(policed, "care", body))[0] == 403


async def test_a_country_says_what_its_datasets_may_not(policed: TestClient) -> None:
    """The sum of two, without saying whose, and nothing where nobody carries it."""
    pools = {}
    for allele in ("rare", "nobody"):
        _, document = await told(policed, "care", asked(allele, "count", "ALL"))
        (pool,) = [
            p for p in document["response"]["resultSets"] if p["id"] == "pooled:SE"
        ]
        pools[allele] = pool["info"]

    assert pools["rare"] == {
        "status": "seen",
        "sampleCount": 2000,
        "alleleCount": 6,
        "datasets": ["clinic", "observed"],
    }
    assert pools["nobody"]["status"] == "withheld"


@pytest.mark.parametrize("who", ["anonymous", "registered", "care"])
@pytest.mark.parametrize("level", ["boolean", "count", "record"])
async def test_hidden_and_zero_have_the_same_bytes(
    policed: TestClient, who: str, level: str
) -> None:
    """C7: but for the place that was asked for, which the answer repeats."""
    bodies = {}
    for allele in ("rare", "nobody", "filtered", "absent"):
        _, document = await told(policed, who, asked(allele, level, "ALL"))
        text = json.dumps(document).replace(str(ALLELES[allele]), "###")
        bodies[allele] = text
    if who == "care":  # its pool says what is there
        del bodies["rare"]

    assert len(set(bodies.values())) == 1


async def test_a_file_is_known_by_its_name_and_digest(policed: TestClient) -> None:
    """What is in force is said to whoever asks who this is."""
    answer = await policed.get("/api/info")
    policy = (await answer.json())["response"]["info"]["policy"]

    assert policy == {
        "id": "example-2026-11",
        "sha256": example().policy.digest,
    }
