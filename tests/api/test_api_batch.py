"""Batches over HTTP: a stream of lines, in order."""

from __future__ import annotations

import asyncio
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

    async def loaded(self, _):
        """Name one assembly."""
        return frozenset({"GRCh37"})

    async def genes(self):
        """Name none."""
        return NO_GENES

    async def answer(self, query, requester):
        """Fail."""
        raise self.failure

    async def answer_many(self, queries, requester):
        """Fail, too."""
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


async def pieces(*texts):
    """Send a body piece by piece, without saying how long it is."""
    for text in texts:
        yield text.encode()


async def test_a_stream_is_answered_like_a_whole_body(client):
    """Wherever it is cut."""
    sent = spelled("22-101-T-C", "oops", "22-201-G-A")
    whole = await ask(client, sent)

    assert await ask(client, pieces(sent[:20], sent[20:75], sent[75:])) == whole


async def test_a_stream_is_answered_as_it_comes(client):
    """A line sent is answered before the next one is."""
    answered = asyncio.Event()

    async def body():
        yield spelled("22-101-T-C").encode() + b"\n"
        await asyncio.wait_for(answered.wait(), 20)
        yield spelled("22-201-G-A").encode()

    response = await client.post("/api/batch", data=body())
    first = json.loads(await response.content.readline())
    answered.set()
    second = json.loads(await response.content.readline())

    assert (first["status"], second["status"]) == ("seen", "not_seen")


async def test_a_stream_that_is_too_long_says_so_last(aiohttp_client, beacon):
    """What was promised is answered; nobody can take it for everything."""
    client = await aiohttp_client(application(beacon, batch_lines=2))
    lines = spelled("22-101-T-C", "22-201-G-A", "22-101-T-C").splitlines()
    *said, last = await ask(client, pieces(*(line + "\n" for line in lines)))

    assert [line["status"] for line in said] == ["seen", "not_seen"]
    assert last == {
        "status": "no_answer",
        "datasets": [],
        "error": "A batch holds at most 2 variants; this one has more.",
    }


async def test_a_stream_that_never_was_one_has_a_status(client):
    """What is wrong before anything is answered is refused as usual."""
    response = await client.post("/api/batch", data=pieces("[oops"))

    assert response.status == 400


class StuckBeacon(FailingBeacon):
    """A beacon that answers one group and then never ends."""

    def __init__(self):
        super().__init__(StoreUnavailable("never"))
        self.groups = 0
        self.left = asyncio.Event()

    async def answer_many(self, queries, requester):
        """Wait without end, and note that nobody waits any more."""
        self.groups += 1
        if self.groups == 1:
            return [StoreUnavailable("once")] * len(queries)
        try:
            await asyncio.Event().wait()
        finally:
            self.left.set()


async def test_who_leaves_is_not_worked_for(aiohttp_client):
    """What was begun for a client that is gone is stopped, and no more begun."""
    stuck = StuckBeacon()
    client = await aiohttp_client(
        application(stuck, at_once=1), server_kwargs={"handler_cancellation": True}
    )
    sent = spelled(*["22-101-T-C"] * 50)
    response = await client.post("/api/batch", data=sent)
    await response.content.readline()
    response.close()
    await asyncio.wait_for(stuck.left.wait(), 20)

    assert stuck.groups <= 3
