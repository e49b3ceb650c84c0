"""The page of a variant: the API's numbers, who is silent, and links that lead on."""

from __future__ import annotations

import csv
import json
import re
from html import unescape
from io import StringIO

import pytest

from beacon.page.rendering import CONTENT_SECURITY_POLICY
from beacon.page.views import PAGES
from tests.page.browser import LANGUAGES, SHOWN
from tests.page.conftest import QUESTION
from tests.page.test_page_beside import Bases
from tests.served import served

SEEN = "/v/GRCh37/22-16050408-T-C"
_ROW = re.compile(r'<tr class="first">\s*<th scope="row">(.*?)</tr>', re.DOTALL)
_GROUP = re.compile(r"<tr>\s*<th scope=\"row\">(.*?)</tr>", re.DOTALL)


def _text(html):
    return " ".join(re.sub(r"<[^>]+>", " ", unescape(html)).split())


def _rows(html):
    """Return the status words and the texts of each row of a page."""
    found = []
    for row in _ROW.findall(html):
        (word,) = re.findall(r'data-status="(\w+)"', row)
        found.append((word, _text(row)))
    return found


def _page(site, path, wait="?wait=1"):
    answer = site.get(f"{path}{wait}")
    assert answer.status == 200
    return answer.body.decode()


def _table(site, path):
    """Return the lines of the CSV of a page."""
    body = site.get(f"{path}/table.csv").body.decode()
    assert body.startswith("\ufeff")
    return list(csv.DictReader(StringIO(body[1:], newline="")))


def _sets(site, start, ref, alt):
    """Return what the API says of an allele, dataset by dataset."""
    asked = QUESTION | {
        "start": start,
        "referenceBases": ref,
        "alternateBases": alt,
        "requestedGranularity": "record",
        "includeResultsetResponses": "ALL",
    }
    return site.get("/network/g_variants", **asked).document["response"]["resultSets"]


@pytest.mark.parametrize("bases", ["T-C", "T-G"])
def test_every_number_is_the_apis(site, bases):
    """Every dataset and group: its word, AC and AN, and people; page and CSV."""
    told = _sets(site, 16050407, *bases.split("-"))
    path = f"/v/GRCh37/22-16050408-{bases}"
    html, table = _page(site, path), _table(site, path)
    shown = _rows(html)
    totals = [line for line in table if line["population"] in ("Total", "")]

    assert [word for word, _ in shown] == [each["info"]["status"] for each in told]
    assert [line["dataset_id"] for line in totals] == [each["id"] for each in told]
    for each, line, (_, text) in zip(told, totals, shown, strict=True):
        said = each["info"]
        for name, column in (
            *(("alleleCount", "AC"), ("alleleNumber", "AN"), ("homozygous", "hom")),
            *(("heterozygous", "het"), ("hemizygous", "hemi")),
        ):
            assert line[column] == str(said.get(name, ""))
        if "alleleCount" in said and "alleleNumber" in said:
            assert f"{said['alleleCount']:,} / {said['alleleNumber']:,}" in text
        if said["status"] == "seen" and said.get("heterozygous") is not None:
            assert f"{said['heterozygous']:,} het {said['homozygous']:,} hom" in text
    assert any("alleleNumber" in each["info"] for each in told)


def test_every_population_is_the_apis(site):
    """Each group of each dataset that tells of any."""
    told = {
        (each["id"], row["population"]): (row["alleleCount"], row["alleleNumber"])
        for each in _sets(site, 16050407, "T", "C")
        for record in each["results"]
        for source in record.get("frequencyInPopulations", ())
        for row in source["frequencies"]
        if "alleleCount" in row and "alleleNumber" in row
    }
    table = {
        (line["dataset_id"], line["population"]): (int(line["AC"]), int(line["AN"]))
        for line in _table(site, SEEN)
        if line["AC"] and line["AN"]
    }
    html = _page(site, SEEN)
    groups = [_text(each) for each in _GROUP.findall(html)]

    assert len(told) >= 3
    assert told.items() <= table.items()
    for (_, label), (ac, an) in told.items():
        if label != "Total":
            assert [
                text
                for text in groups
                if text.startswith(label) and f"{ac:,} / {an:,}" in text
            ]


def test_who_is_silent_has_a_row_that_is_no_no(network_site):
    """One hangs, one is not there; both say so, and neither says "not seen"."""
    html = _page(network_site, SEEN)
    *ours, hanging, gone = _rows(html)

    assert "seen" in [word for word, _ in ours]
    assert [hanging[0], gone[0]] == ["no_answer", "no_answer"]
    assert re.search(r"It (did not|failed).* This is not a “no”. Ask again", hanging[1])
    assert "This is not a “no”." in gone[1]
    assert "1 of 3 nodes answered. No answer from Hanging node and Gone node" in html


def test_without_scripts_a_page_waits(network_site):
    """The page that a script fills says nothing of the variant, and leads on."""
    html = _page(network_site, SEEN, "?lang=sv")
    (address,) = re.findall(
        r'<noscript><meta http-equiv="refresh" content="0; url=([^"]+)">', html
    )
    whole = network_site.get(unescape(address)).body.decode()

    assert unescape(address) == f"{SEEN}?lang=sv&wait=1"
    assert "data-status" not in html
    assert "Påvisad i" in whole
    assert "<noscript>" not in whole


def _events(answer):
    """Return the events of a stream: name and data."""
    parts = answer.body.decode().strip().split("\n\n")
    told = [dict(line.split(": ", 1) for line in part.splitlines()) for part in parts]
    return [(each["event"], json.loads(each["data"])) for each in told]


def _told(rows):
    """Return rows without why a node is silent: one that failed is left alone later."""
    return [
        (word, re.sub(r"(⚠ No answer) It [^.]*\. ", r"\1 ", said))
        for word, said in rows
    ]


def test_a_stream_has_every_node_and_the_whole(network_site):
    """Each into its place, and at the end what the page without scripts shows."""
    answer = network_site.get(f"{SEEN}/events")
    events = [each for each in _events(answer) if each[0] != "beat"]
    html = _page(network_site, SEEN)
    (whole,) = [said for name, said in events if name == "done"]
    nodes = {place: body for _, said in events for place, body in said.get("nodes", ())}

    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["x-accel-buffering"] == "no"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert [name for name, _ in events] == ["begin", "node", "node", "node", "done"]
    assert [
        _told(_rows(nodes["node-1"])),
        *(_told(_rows(nodes[f"node-{at}"])) for at in (2, 3)),
    ] == [_told(_rows(html)[:-2]), *(_told([row]) for row in _rows(html)[-2:])]
    assert _text(whole["lead"]) in _text(html)
    assert "1 of 3 nodes are done" in events[1][1]["lead"]


def test_a_stream_of_nothing_is_not_there(network_site):
    """No page leads to what cannot be asked."""
    for text in ("22-1-T-", "22:16050000-16060000"):
        assert network_site.get(f"/v/GRCh37/{text}/events").status == 404


def test_the_report_is_plain_text(network_site):
    """Reached without scripts; it holds who was silent, and the question."""
    answer = network_site.get(f"{SEEN}/report.txt")
    text = answer.body.decode()

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert re.search(r"Hanging node \(DK\): No answer. It (did not|failed)", text)
    assert re.search(r"^Question: [0-9a-f-]{36}$", text, re.MULTILINE)
    assert f"{network_site.address}{SEEN}\n" in text


@pytest.mark.parametrize(("kind", "mark"), [("csv", ","), ("tsv", "\t")])
def test_a_table_is_a_file(site, kind, mark):
    """With a name, and the mark that spreadsheets look for."""
    answer = site.get(f"{SEEN}/table.{kind}")

    assert answer.headers["content-disposition"] == (
        f'attachment; filename="verdict.{kind}"'
    )
    assert answer.body.decode().startswith(f"\ufeffvariant{mark}assembly{mark}")


def test_other_alleles_at_the_place_are_linked(site):
    """Where looking is free; each has a page of its own."""
    html = _page(site, SEEN)

    assert "other allele" in html
    assert "/region/GRCh37/22:16050408-16050408" not in html


def test_links_out_do_not_say_where_they_come_from(site):
    """Each has ``noreferrer``, and none is followed before somebody does."""
    html = _page(site, SEEN)
    outward = re.findall(r'<a href="https://[^>]+>', html)

    assert len(outward) >= 6
    assert all('rel="noreferrer"' in each for each in outward)


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


def test_a_name_is_found_and_never_seen(site):
    """It may mean several alleles: in no row is it "seen"."""
    text = site.ask("GET", "/v/GRCh37/rs149201999").body.decode()
    rows = text.partition('id="verdicts"')[2].partition("</table>")[0]

    assert "</span> Found</span>" in rows
    assert "Seen" not in rows


UNSEEN = "/v/GRCh37/22-16050408-T-G"


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "REF is right was not checked: there is no reference sequence of"),
        ("sv", "inte kontrollerat"),
        ("da", "er ikke kontrolleret"),
    ],
)
def test_p03_a_no_of_a_ref_that_nobody_checked_says_so(
    site, populated_address, language, sentence
):
    """On the page, in its stream and in the report; who has seen it knows REF."""
    ways = [
        f"{UNSEEN}{way}lang={language}"
        for way in ("?wait=1&", "/events?", "/report.txt?")
    ]
    unchecked = [site.get(way).body.decode() for way in ways]
    seen = _page(site, SEEN, f"?wait=1&lang={language}")
    with served(populated_address, references={"GRCh37": Bases()}) as other:
        checked = [other.get(way).body.decode() for way in ways]

    assert [sentence in each for each in unchecked] == [True] * 3
    assert [sentence in each for each in (seen, *checked)] == [False] * 4
