"""Batches over HTTP: a stream of lines, in order."""

from __future__ import annotations

import json
from typing import ClassVar

import pytest

from beacon.model.errors import StoreUnavailable
from beacon.model.genes import NO_GENES
from tests.api.site import application


async def ask(client, sent):
    """Return the lines a batch is answered with."""
    response = await client.post("/api/batch", data=sent)
    assert (response.status, response.content_type) == (200, "application/x-ndjson")
    return [json.loads(line) for line in (await response.text()).splitlines()]


def spelled(*variants):
    """Return the lines that ask for some variants."""
    return "\n".join(
        json.dumps({"variant": each, "assemblyId": "GRCh37"}) for each in variants
    )


async def test_a_line_holds_the_counts_of_every_dataset(client):
    """Its status is the strongest word of them."""
    (line,) = await ask(client, spelled("22-101-T-C"))

    assert line == {
        "variant": "22-101-T-C",
        "status": "seen",
        "datasets": [
            {
                "id": "clinic",
                "status": "seen",
                "alleleCount": 3,
                "alleleNumber": 20,
                "homozygous": 0,
                "heterozygous": 3,
                "hemizygous": 0,
            },
            {
                "id": "twins",
                "status": "seen",
                "alleleCount": 2,
                "alleleNumber": 8,
                "homozygous": 0,
                "heterozygous": 2,
                "hemizygous": 0,
            },
        ],
    }


PLACED = {"referenceName": "22", "start": 100, "referenceBases": "T"}


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({"variant": "22-101-T-C", "datasets": ["twins"]}, ["twins"]),
        ({"variant": "22-101-T-C", "datasetIds": "clinic"}, ["clinic"]),
        ({"variant": "22-101-T-C", "datasets": []}, ["clinic", "twins"]),
        ({"variant": "22-101-T-C", "datasets": ["nosuch"]}, []),
        (PLACED | {"alternateBases": "C", "datasets": ["twins"]}, ["twins"]),
        (
            PLACED | {"alternateBases": "C", "datasets": {"datasetIds": ["twins"]}},
            ["twins"],
        ),
    ],
)
async def test_a_line_asks_the_datasets_it_names(client, asked, ids):
    """Others say nothing; a dataset that is not there is not asked."""
    (line,) = await ask(client, json.dumps(asked | {"assemblyId": "GRCh37"}))

    assert [part["id"] for part in line["datasets"]] == ids
    assert line["status"] == ("seen" if ids else "not_asked")


async def test_a_bad_line_keeps_its_place_and_spoils_no_other(client):
    """Also one that is no JSON at all."""
    sent = spelled("22-101-T-C", "oops") + "\n{oops\n" + spelled("22-201-G-A")
    lines = await ask(client, sent)

    assert [(line["variant"], line["status"], "error" in line) for line in lines] == [
        ("22-101-T-C", "seen", False),
        ("oops", "no_answer", True),
        ("{oops", "no_answer", True),
        ("22-201-G-A", "not_seen", False),
    ]


async def test_a_sequence_the_assembly_lacks_has_no_answer(client):
    """It is never a "no"."""
    (line,) = await ask(client, spelled("GL000191.1-5-A-T"))

    assert (line["status"], line["datasets"]) == ("no_answer", [])


async def test_an_assembly_nothing_is_loaded_for_is_not_asked(client):
    """And no failure either."""
    (line,) = await ask(client, '{"variant": "22-101-T-C", "assemblyId": "GRCh38"}')

    assert line == {"variant": "22-101-T-C", "status": "not_asked", "datasets": []}


async def test_many_lines_are_answered_in_their_order(aiohttp_client, beacon):
    """Over several groups that are asked together."""
    client = await aiohttp_client(application(beacon, at_once=7))
    variants = [f"22-{1001 + number}-A-G" for number in range(100)]
    lines = await ask(client, spelled(*variants))

    assert [line["variant"] for line in lines] == variants
    assert [line["status"] for line in lines] == ["seen"] * 25 + ["not_seen"] * 75


async def test_an_array_is_answered_like_lines(client):
    """Whichever a client finds easier to write."""
    array = [{"variant": "22-101-T-C"}, {"variant": "22-201-G-A"}]
    lines = await ask(client, "\n".join(map(json.dumps, array)))

    assert lines == await ask(client, json.dumps(array))


async def test_nothing_asked_is_nothing_answered(client):
    """An empty batch is no error."""
    lines = await ask(client, b"")

    assert lines == []


@pytest.mark.parametrize("joined", ["\n", ","])
async def test_more_than_promised_is_refused(client, joined):
    """10,001 lines or items."""
    one = json.dumps({"variant": "22-101-T-C"})
    sent = joined.join([one] * 10_001)
    response = await client.post(
        "/api/batch", data=f"[{sent}]" if joined == "," else sent
    )
    document = await response.json()

    assert (response.status, document["error"]["errorMessage"]) == (
        413,
        "A batch holds at most 10000 variants; this one has 10001.",
    )


class FailingBeacon:
    """A beacon that understands a question and fails to answer it."""

    references: ClassVar = {}

    def __init__(self, failure: Exception) -> None:
        self.failure = failure

    async def loaded(self):
        """Name one assembly."""
        return frozenset({"GRCh37"})

    async def genes(self):
        """Name none."""
        return NO_GENES

    async def answer(self, query, requester):
        """Fail."""
        raise self.failure


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (StoreUnavailable("The store is gone."), "The store is gone."),
        (KeyError("secret"), "This beacon failed to answer."),
    ],
)
async def test_a_failure_is_no_answer_on_its_line(aiohttp_client, failure, sentence):
    """Never a "no", and never a secret."""
    client = await aiohttp_client(application(FailingBeacon(failure)))
    (line,) = await ask(client, spelled("22-101-T-C"))

    assert line == {
        "variant": "22-101-T-C",
        "status": "no_answer",
        "datasets": [],
        "error": sentence,
    }
