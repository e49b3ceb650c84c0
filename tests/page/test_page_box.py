"""The box on a served site, with a browser and without: P1, P9, the region view."""

from __future__ import annotations

import re
from html import unescape

import pytest

from beacon.store.releases import Catalogue
from tests.page.browser import LANGUAGES, opened
from tests.served import served
from tests.service.people_samples import Record, load

VARIANT = "/v/GRCh37/22-16050408-T-C"
SCOUT = "pos=16050408&chrom=22&allele=C&ref=T&rs=GRCh37"


@pytest.fixture(scope="module")
def structural_site(shared_address, tmp_path_factory):
    """Give a site with structural variants around one place."""
    address = shared_address("regions")
    lines = [
        Record(
            chromosome="22",
            pos=pos,
            reference=reference,
            alternates=alternates,
            genotypes=("0/1", "0/0", "1/1", "0/0"),
        )
        for pos, reference, alternates in (
            (16_050_100, "A", "G"),
            (16_050_408, "T" + "ACGTTGCA" * 10, "T"),
            (16_050_900, "N", "N[22:16055000["),
            (16_051_000, "N", "N[X:2700000["),
        )
    ]
    with Catalogue(address) as catalogue:
        load(catalogue, tmp_path_factory.mktemp("regions"), "large", lines)
    with served(address) as one:
        yield one


def _goes(site, path: str) -> tuple[int, str | None]:
    answer = site.get(path)
    return answer.status, answer.headers.get("location")


@pytest.mark.parametrize(
    "path",
    [
        "/?q=22-16050408-T-C",
        "/?q=22-16050408-T-C&assembly=GRCh37",
        "/?q=NC_000022.10%3Ag.16050408T%3EC&assembly=GRCh38",
        "/?q=%20chr22%3A16%2C050%2C408+T%2FC%20het&assembly=GRCh37",
        f"/?{SCOUT}",
        "/?pos=16050408&chrom=chr22&allele=c&ref=t&rs=hg19",
    ],
)
def test_p1_p9_a_question_goes_to_its_address(site, path):
    """However it is asked, the browser ends at the permalink; nothing is looked up."""
    assert _goes(site, path) == (303, VARIANT)


@pytest.mark.parametrize(
    "path",
    [
        "/?pos=16050408&chrom=22&allele=C&ref=T&rs=hg38",
        "/?q=22-16050408-T-C&assembly=GRCh38",
        "/?q=22-16050408-T-C&assembly=hg38",
    ],
)
def test_p9_what_is_chosen_decides_the_assembly(site, path):
    """The toggle, or Scout's ``rs``, though nothing is loaded on that one."""
    assert _goes(site, path) == (303, "/v/GRCh38/22-16050408-T-C")


def test_p9_the_language_is_kept_on_the_way(site):
    """Of a link that says it."""
    assert _goes(site, f"/?{SCOUT}&lang=sv") == (303, f"{VARIANT}?lang=sv")


def test_p1_a_text_that_is_not_understood_is_shown_as_text(site):
    """400, its sentence, what may have been meant; markup stays letters."""
    answer = site.get("/?q=22-16050408-T-C%2CG+%3Cb%3E&assembly=GRCh37")
    html = answer.body.decode()

    assert (answer.status, "<b>" in html) == (400, False)
    assert "this is not a “no”" in html


@pytest.mark.parametrize(
    ("path", "sentence", "offered"),
    [
        ("/?q=27886287", "number alone", ["/?q=rs27886287&assembly=GRCh37"]),
        (
            "/?q=22-16050408-T-C,A",
            "several alternate alleles",
            [
                "/?q=22-16050408-T-C&assembly=GRCh37",
                "/?q=22-16050408-T-A&assembly=GRCh37",
            ],
        ),
        (
            f"/?{SCOUT.replace('ref=T', 'ref=')}",
            "REF and ALT are needed",
            ["/?q=22%3A16050408&assembly=GRCh37"],
        ),
        ("/region/GRCh37/22:20-10", "ends before it begins", []),
    ],
)
def test_p1_the_page_offers_what_was_meant(site, path, sentence, offered):
    """As links that ask it."""
    answer = site.get(path)
    html = answer.body.decode()
    listed = re.findall(r'<li><a href="(/\?q=[^"]+)"', html)

    assert answer.status == 400
    assert sentence in html
    assert [unescape(each) for each in listed] == offered


def test_p9_scouts_link_opens_the_variant(browser, site):
    """Its question stands behind the "#"; five lines of script take it further."""
    with opened(browser, site.address) as (page, _):
        page.goto(f"/#/search?{SCOUT}")
        page.wait_for_url(f"**{VARIANT}")

        assert page.url == f"{site.address}{VARIANT}"


@pytest.mark.parametrize("javascript", [True, False])
def test_p1_a_pasted_link_of_gnomad_opens_the_variant(browser, site, javascript):
    """Pasted into the box, and Enter; with scripts or without."""
    link = (
        "https://gnomad.broadinstitute.org/variant/22-16050408-T-C?dataset=gnomad_r2_1"
    )
    with opened(browser, site.address, javascript=javascript) as (page, _):
        page.goto("/about")
        page.fill("#q", link)
        page.press("#q", "Enter")
        page.wait_for_url(f"**{VARIANT}")


def test_the_examples_are_of_what_is_loaded(browser, site):
    """Each is a question whose answer is there."""
    with opened(browser, site.address) as (page, _):
        page.goto("/")
        texts = page.locator("#box-help a").all_inner_texts()

    assert texts[0] == "22-16050408-T-C"
    assert len(texts) >= 3


def test_a_region_shows_the_numbers_of_the_api(structural_site):
    """AC, AN and people of every variant are those the API tells."""
    path = "/region/GRCh37/22:16050000-16056000"
    html = structural_site.get(path).body.decode()
    asked = structural_site.get(
        "/api/g_variants",
        assemblyId="GRCh37",
        referenceName="22",
        start=16_049_999,
        end=16_056_000,
        requestedGranularity="record",
        includeResultsetResponses="ALL",
    ).document
    (part,) = asked["response"]["resultSets"]
    told = sorted(
        f"{total['alleleCount']} / {total['alleleNumber']}"
        for record in part["results"]
        for each in record["frequencyInPopulations"]
        for total in each["frequencies"]
        if total["population"] == "Total"
    )
    shown = sorted(re.findall(r'data-label="AC / AN">([0-9]+ / [0-9]+)<', html))

    assert shown == told
    assert f"{part['resultsCount']} variants" in html


def test_a_region_draws_what_is_large(structural_site):
    """A deletion in bases, a deletion as breakends and a breakend; not the SNV."""
    html = structural_site.get("/region/GRCh37/22:16050000-16056000").body.decode()
    drawn = re.findall(r'<svg class="track".*?</svg>\n', html, re.DOTALL)
    titles = re.findall(r"<title>([^<]+)</title>", "".join(drawn))

    assert sorted(titles) == [
        "22:16050409-16050488 DEL",
        "22:16050901-16054999 DEL",
        "22:16051000 BND",
    ]


@pytest.mark.parametrize("region", ["22:16050000-16056000", "22:1-1000"])
def test_p1_a_region_alone_is_never_seen(structural_site, region):
    """What lies in it is told, as a number; no word calls a place seen, or not."""
    html = structural_site.get(f"/region/GRCh37/{region}").body.decode()
    words = set(re.findall(r'data-status="(\w+)"', html))

    assert words <= {"not_covered"}


def test_p03_where_nobody_looked_nothing_is_counted(structural_site):
    """A dataset without anything on a sequence says no number there, but "no “no”"."""
    html = structural_site.get("/region/GRCh37/1:1-1000").body.decode()

    assert 'data-status="not_covered"' in html
    assert "This is not a “no”." in html
    assert "0 variants" not in html


@pytest.mark.parametrize(
    ("region", "told"),
    [("22:7-7", "Chromosome 22, 7: 1 base."), ("22:7-8", "22, 7 to 8: 2 bases.")],
)
def test_a_region_of_one_base_is_one(structural_site, region, told):
    """And is not told as a range."""
    html = structural_site.get(f"/region/GRCh37/{region}").body.decode()

    assert told in html


def test_each_variant_of_a_region_can_be_asked(structural_site):
    """Its link is an address that is understood."""
    html = structural_site.get("/region/GRCh37/22:16050000-16056000").body.decode()
    links = re.findall(r'<th scope="row"><a href="/v/GRCh37/([^"]+)"', html)
    found = {_goes(structural_site, f"/?q={each}&assembly=GRCh37") for each in links}

    assert len(links) == 4
    assert {status for status, _ in found} == {303}


def test_a_node_that_is_silent_has_its_row_in_a_region(browser, network_site):
    """Who did not answer stands beside those who did, and it is no "no"."""
    with opened(browser, network_site.address) as (page, _):
        page.goto("/region/GRCh37/22:16050000-16060000")
        said = page.locator(".tracks").inner_text()
        status = page.locator("p[role=status]").inner_text()

    assert "Hanging node" in said
    assert "This is not a “no”." in said
    assert status.startswith(
        "1 of 3 nodes answered. No answer from Hanging node and Gone node: "
        "this is not a “no”."
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_region_is_in_every_language(site, language):
    """The picture's label, too."""
    html = site.get(f"/region/GRCh37/22:1-100?lang={language}").body.decode()

    assert f'<html lang="{language}">' in html
