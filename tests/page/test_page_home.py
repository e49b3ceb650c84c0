"""The page at ``/`` reads well and loads nothing but its own."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from beacon.model.dataset import Dataset
from beacon.model.records import DocumentSet
from beacon.page.home import examples
from beacon.page.words import words_in
from beacon.wire.synthetic import synthetic_dataset
from tests.page.shelf import page
from tests.speaking import SPEAKER

BARE = Dataset(
    id="bare",
    name="<b>Bare</b>",
    created=datetime(2026, 1, 1, tzinfo=UTC),
    updated=datetime(2026, 1, 1, tzinfo=UTC),
)
LOADED = replace(synthetic_dataset(), name="Loaded", description="Ten people.")


async def test_loaded_datasets_are_listed_with_their_numbers(aiohttp_client):
    """Name, assembly, release, people, variants, day of the last change."""
    _, html = await page(aiohttp_client, LOADED)
    cells = re.findall(r"<td[^>]*>(?:<time[^>]*>)?([^<]+)", html)

    assert cells == [
        *("GRCh38", "1", "10", "1", "1 Jan 2026"),
    ]


async def test_documents_are_counted_where_no_variants_are(aiohttp_client):
    """A dataset that serves only documents has published something."""
    served = DocumentSet(
        number=1,
        entry_type="individual",
        dataset=BARE.id,
        count=1500,
        fingerprint="",
        published=BARE.created,
    )
    _, html = await page(
        aiohttp_client, replace(BARE, documents={"individual": served})
    )

    assert "individuals: 1,500" in html
    assert "no variants published yet" in html


async def test_a_page_without_datasets_says_how_to_load_one(aiohttp_client):
    """An empty beacon is no error."""
    response, html = await page(aiohttp_client)

    assert (response.status, "beacon load variants" in html) == (200, True)


async def test_what_operators_write_is_text(aiohttp_client):
    """A name is never markup."""
    _, html = await page(aiohttp_client, BARE)

    assert "&lt;b&gt;Bare&lt;/b&gt;" in html


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/static/style.css", "text/css"), ("/static/logo.svg", "image/svg+xml")],
)
async def test_its_own_files_are_served(aiohttp_client, path, kind):
    """Under the type browsers insist on."""
    response, _ = await page(aiohttp_client, path=path)

    assert (response.status, response.content_type) == (200, kind)


def test_examples_ask_of_what_is_loaded():
    """Links that find something, once there is something to be found."""
    empty = replace(LOADED, id="empty", release=replace(LOADED.release, variants=0))
    shown = [
        each.address
        for each in examples(SPEAKER, [BARE, empty, LOADED], words_in("en"))
    ]

    assert shown[-3:] == [
        "https://beacon.example.se/api/g_variants?assemblyId=GRCh38&referenceName=22",
        "https://beacon.example.se/api/datasets/synthetic/g_variants"
        "?requestedGranularity=count",
        "https://beacon.example.se/api/datasets/synthetic/g_variants"
        "?requestedGranularity=record",
    ]


def test_examples_without_data_ask_about_the_beacon():
    """They work as well."""
    shown = examples(SPEAKER, [BARE], words_in("sv"))

    assert len(shown) == 3
