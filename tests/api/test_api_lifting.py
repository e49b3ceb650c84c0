"""Lifted questions over HTTP: the answer says how each dataset was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from beacon.model.chains import Block, Chains
from beacon.model.lifting import Lifting
from beacon.policy.policy import OPEN
from beacon.service.lifting import LiftingBeacon
from beacon.store.variants import VariantStore
from tests.api.site import application

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp.test_utils import TestClient
    from pytest_aiohttp import AiohttpClient

    from beacon.store.connection import StoreAddress

BLOCK = Block(22, 30_000_000, 30_005_000, 22, 0)


class Held:
    """The bases of both genomes that the data spells; A everywhere else."""

    def __init__(self, at: int) -> None:
        self._at = at

    def bases(self, contig: object, start: int, end: int) -> str:
        """Return T where the allele stands."""
        del contig
        return "".join("T" if n == self._at else "A" for n in range(start, end))


@pytest.fixture
async def lifting(
    aiohttp_client: AiohttpClient, filled_address: StoreAddress
) -> AsyncIterator[TestClient]:
    """Give a client of a site that lifts questions on GRCh38 to GRCh37."""
    chains = {("GRCh38", "GRCh37"): Chains("GRCh38", "GRCh37", [BLOCK])}
    held = {"GRCh37": Held(100), "GRCh38": Held(30_000_100)}
    store = await VariantStore.open(filled_address)
    beacon = LiftingBeacon(
        store,
        OPEN,
        references=held,
        deadline=5,
        lifting=Lifting(chains=chains, references=held),
    )
    yield await aiohttp_client(application(beacon))
    await store.close()


async def _asked(client: TestClient, start: int, alternate: str = "C") -> dict:
    response = await client.get(
        "/api/g_variants",
        params={
            "assemblyId": "GRCh38",
            "referenceName": "22",
            "start": str(start),
            "referenceBases": "T" if start == 30_000_100 else "A",
            "alternateBases": alternate,
            "requestedGranularity": "count",
            "includeResultsetResponses": "ALL",
        },
    )
    assert response.status == 200

    found: dict = await response.json()
    return found


async def test_answer_names_both_forms(lifting: TestClient) -> None:
    """``info.lifted`` holds what was asked, what instead, and that it is certain."""
    answers = [await _asked(lifting, 30_000_100) for _ in range(2)]
    (clinic, twins) = answers[0]["response"]["resultSets"]

    assert answers[0] == answers[1]
    assert clinic["info"]["status"] == twins["info"]["status"] == "seen"
    assert clinic["info"]["lifted"] == {
        "asked": "GRCh38-22-30000101-T-C",
        "lifted": "GRCh37-22-101-T-C",
        "assemblyId": "GRCh37",
        "isCertain": True,
    }
    assert answers[0]["info"]["warnings"] == [
        "GRCh38-22-30000101-T-C was asked of datasets on GRCh37 as GRCh37-22-101-T-C."
    ]


async def test_other_alleles_are_other_answers(lifting: TestClient) -> None:
    """What is kept of one lifted answer is never written into another."""
    first = await _asked(lifting, 30_000_100)
    second = await _asked(lifting, 30_000_100, "G")
    third = await _asked(lifting, 30_002_000)

    assert [
        each["response"]["resultSets"][0]["info"]["lifted"]["lifted"]
        for each in (first, second, third)
    ] == ["GRCh37-22-101-T-C", "GRCh37-22-101-T-G", "GRCh37-22-2001-A-C"]


async def test_no_counterpart_is_not_asked(lifting: TestClient) -> None:
    """A place that the other assembly lacks is no question, and no error."""
    answer = await _asked(lifting, 40_000_000)
    (clinic, _) = answer["response"]["resultSets"]

    assert answer["info"]["status"] == clinic["info"]["status"] == "not_asked"
    assert clinic["info"]["lifted"] == {"why": "GRCh38 22:40000001 is not in GRCh37."}


async def test_batch_says_so_too(lifting: TestClient) -> None:
    """A line of a batch holds the same."""
    line = {"variant": "22-30000101-T-C", "assemblyId": "GRCh38"}
    response = await lifting.post("/api/batch", json=[line, line])
    lines = (await response.text()).splitlines()

    assert len(lines) == 2
    assert lines[0] == lines[1]
    assert '"lifted":"GRCh37-22-101-T-C"' in lines[0]
    assert '"status":"seen"' in lines[0]
