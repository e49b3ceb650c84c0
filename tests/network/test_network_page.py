"""The page of a variant asks once: of budgets, of the audit, and of other beacons."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession

from beacon.audit.canonical import QUERIES, code, subkey
from tests.network.nations import KEY, peer_at, serving, silent_peer, telling

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = "/v/GRCh37/22-101-T-C"
CODE = code(subkey(KEY, QUERIES), "GRCh37 22 100 T C")


async def get(one, path: str) -> tuple[int, str]:
    """Return the status and the text of a path, read to its end."""
    async with (
        ClientSession() as session,
        session.get(f"{one.address}{path}") as response,
    ):
        return response.status, await response.text()


async def _so_many(lines: Callable[[], list[dict]], count: int) -> list[dict]:
    """Return the lines of an audit, once there are so many."""
    async with asyncio.timeout(5):
        while len(lines()) < count:  # noqa: ASYNC110 - written after the end
            await asyncio.sleep(0.01)
    return lines()


async def test_a_page_and_its_stream_are_one_question(audited, dk):
    """The page that will be filled asks nothing; its stream tells of every node."""
    se, lines = audited
    await se.knows(dk.as_peer())
    status, html = await get(se, PAGE)
    _, events = await get(se, f"{PAGE}/events")
    told = await _so_many(lines, 4)
    requests = {each["route"]: each for each in told if each["kind"] == "request"}
    shell = requests["/v/{assembly}/{variant}"]
    whole = requests["/v/{assembly}/{variant}/events"]
    parts = [each for each in told if each["kind"] == "part"]
    theirs, ours = sorted(parts, key=lambda part: "queries" in part)

    assert (status, "data-events" in html) == (200, True)
    assert "event: done" in events
    assert not shell.get("queries")
    assert ours["queries"] == [CODE]
    assert {each["id"] for each in ours["datasets"]} == {"clinic", "twins"}
    assert [each["id"] for each in theirs["datasets"]] == ["dk.example/wgs"]
    assert {each["request"] for each in parts} == {whole["request"]}
    assert dk.calls["/api/g_variants"] == 1
    assert whole["request"] in events


async def test_a_reader_who_leaves_ends_the_question(audited, dk):
    """What had been told is written down; who is still asked is let go."""
    se, lines = audited
    async with silent_peer() as (port, under_way, ended):
        await se.knows(dk.as_peer(), peer_at("xx.slow", port, seconds=30.0))
        async with (
            ClientSession() as session,
            session.get(f"{se.address}{PAGE}/events") as response,
        ):
            told = b""
            while told.count(b"event: node") < 2:
                told += await response.content.readany()
            asked = list(under_way)
        async with asyncio.timeout(5):
            await ended.wait()
    found = [each for each in await _so_many(lines, 3) if each["kind"] == "part"]

    assert asked == ["/api/g_variants"]
    assert "dk.example/wgs" in {e["id"] for part in found for e in part["datasets"]}


async def test_silence_is_filled_with_signs_of_life(se, dk):
    """Every second, so that a reader can tell a slow node from a lost line."""
    async with silent_peer() as (port, _, _):
        await se.knows(dk.as_peer(), peer_at("xx.slow", port, seconds=1.6))
        _, events = await get(se, f"{PAGE}/events")

    assert events.startswith("event: begin\n")
    assert events.count("event: beat") >= 1
    assert events.count("event: node") == 3
    assert events.index("xx.slow".upper()) > events.index("event: beat")


async def test_a_page_costs_a_budget_once(budgeted, dk):
    """Page, stream, reload, the page without scripts and the files: one variant."""
    await budgeted.knows(dk.as_peer())
    ways = ("", "/events", "", "/events", "?wait=1", "/report.txt", "/table.csv")
    once = [(await get(budgeted, f"{PAGE}{way}"))[0] for way in ways]
    second = await get(budgeted, "/v/GRCh37/22-1002-A-G/events")
    before = dk.calls["/api/g_variants"]
    shell = await get(budgeted, "/v/GRCh37/22-1003-A-G")
    third = await get(budgeted, "/v/GRCh37/22-1003-A-G/events")
    waited = await get(budgeted, "/v/GRCh37/22-1003-A-G?wait=1")

    assert set(once) == {200}
    assert (second[0], shell[0]) == (200, 200)
    assert (third[0], waited[0]) == (429, 429)
    assert "data-status" not in shell[1] + third[1]
    assert (before, dk.calls["/api/g_variants"]) == (2, 2)  # the rest was remembered


@pytest.mark.parametrize(
    ("variant", "people"),
    [
        ("X-31496350-C-T", "2 het 0 hom 1 hemi"),
        ("Y-2655180-G-A", "2 het 0 hom 1 hemi"),
        ("22-101-T-C", "2 het 0 hom"),
    ],
)
async def test_p04_people_of_one_copy_are_told_where_there_are_any(se, variant, people):
    """On X, Y and M; elsewhere nobody has one copy, and none is spoken of."""
    hemi = 0 if variant.startswith("22") else 1
    numbers = {"alleleCount": 2 + hemi, "alleleNumber": 30}
    zygosity = {"heterozygous": 2, "homozygous": 0, "hemizygous": hemi}
    said = {"status": "seen", **numbers, **zygosity}
    told = {"id": "wgs", "exists": True, "resultsCount": 1, "results": [], "info": said}
    async with serving(telling("xx.other", told)) as port:
        await se.knows(peer_at("xx.other", port))
        _, html = await get(se, f"/v/GRCh37/{variant}?wait=1")
        _, text = await get(se, f"/v/GRCh37/{variant}/report.txt")
    (body,) = re.findall(r'<tbody id="node-2">(.*?)</tbody>', html, re.DOTALL)
    shown = " ".join(re.sub(r"<[^>]+>", " ", body).split())

    assert f"{people} {2 + hemi} / 30" in shown
    assert f"Carriers: {', '.join(re.findall('[0-9]+ [a-z]+', people))}." in text


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Counts are multiples of 10."),
        ("sv", "Antalen är multiplar av 10."),
        ("da", "Antallene er multipla af 10."),
    ],
)
async def test_p04_rounded_counts_say_so_in_their_row(se, language, sentence):
    """And to what; exact ones, and those of other rows, do not."""
    rounded = {"countPrecision": "rounded", "countAdjustedTo": [10]}
    info = {"status": "seen", "alleleCount": 20, "alleleNumber": 3000}
    told = {"exists": True, "resultsCount": 1, "results": [], "info": info}
    sets = [{"id": "about"} | told | rounded, {"id": "exact"} | told]
    async with serving(telling("xx.other", *sets)) as port:
        await se.knows(peer_at("xx.other", port))
        _, html = await get(se, f"{PAGE}?wait=1&lang={language}")
    rows = re.findall(r'<tr class="first">(.*?)</tr>', html, re.DOTALL)

    assert [sentence in row for row in rows] == [">about<" in row for row in rows]
    assert sum(sentence in row for row in rows) == 1
