"""The page of a variant: the API's numbers, who is silent, and links that lead on."""

from __future__ import annotations

import re
from html import unescape

import pytest

from beacon.page.views import PAGES
from tests.page.browser import LANGUAGES, SHOWN
from tests.page.conftest import QUESTION

SEEN = "/v/GRCh37/22-16050408-T-C"
_ROW = re.compile(r"<tr>\s*<th scope=\"row\">(.*?)</tr>", re.DOTALL)


def _rows(site, path):
    """Return the status words and the texts of each row of a page."""
    answer = site.get(path)
    html = answer.body.decode()
    assert answer.status == 200
    found = []
    for row in _ROW.findall(html):
        (word,) = re.findall(r'data-status="(\w+)"', row)
        found.append((word, " ".join(re.sub(r"<[^>]+>", " ", unescape(row)).split())))
    return found


@pytest.mark.parametrize("bases", ["T-C", "T-G"])
def test_a_variant_has_the_words_and_numbers_of_the_api(site, bases):
    """Every dataset: its word, AC and AN."""
    ref, alt = bases.split("-")
    asked = QUESTION | {
        "start": 16050407,
        "referenceBases": ref,
        "alternateBases": alt,
        "requestedGranularity": "count",
        "includeResultsetResponses": "ALL",
    }
    told = site.get("/api/g_variants", **asked).document["response"]["resultSets"]
    shown = _rows(site, f"/v/GRCh37/22-16050408-{bases}")

    assert [word for word, _ in shown] == [each["info"]["status"] for each in told]
    for each, (_, text) in zip(told, shown, strict=True):
        said = each["info"]
        if "alleleCount" in said and "alleleNumber" in said:
            assert f"{said['alleleCount']:,} / {said['alleleNumber']:,}" in text
    assert any("alleleNumber" in each["info"] for each in told)


def test_who_is_silent_has_a_row_that_is_no_no(network_site):
    """One hangs, one is not there; both say so, and neither says "not seen"."""
    *ours, hanging, gone = _rows(network_site, SEEN)

    assert "seen" in [word for word, _ in ours]
    assert [hanging[0], gone[0]] == ["no_answer", "no_answer"]
    assert "It did not answer in time. This is not a “no”." in hanging[1]
    assert "This is not a “no”." in gone[1]


@pytest.mark.parametrize(
    "text", ["rs334", "del 22:16050000-16060000", "22-1-A-C", "MT-3243-A-G"]
)
def test_whatever_the_box_understands_ends_at_a_page(site, text):
    """Names and events, too; none is a page that is missing."""
    there = site.get(f"/?q={text.replace(' ', '+')}&assembly=GRCh37")
    answer = site.get(there.headers["location"])

    assert (there.status, answer.status) == (303, 200)


def test_a_range_that_is_asked_as_a_variant_goes_to_its_region(site):
    """Its address is another."""
    answer = site.get("/v/GRCh37/22:16050000-16060000")

    assert (answer.status, answer.headers["location"]) == (
        303,
        "/region/GRCh37/22:16050000-16060000",
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SHOWN)
def test_no_page_links_to_what_is_not_there(site, name, language):
    """Every link of ours is answered, on every page."""
    path = SHOWN[name]
    mark = "&" if "?" in path else "?"
    html = site.get(f"{path}{mark}lang={language}").body.decode()
    links = {unescape(each) for each in re.findall(r'href="(/[^"]*)"', html)}
    missing = [each for each in sorted(links) if site.get(each).status == 404]

    assert missing == []


def test_only_what_there_is_is_told_of(site):
    """A list page and a login are linked and described once they are there."""
    html = site.get("/about").body.decode()

    assert ("/batch" in PAGES) == ("VCF" in html) == ('href="/batch"' in html)
    assert ("/login" in PAGES) == ("log in" in html)
