"""P7: what is taken along holds everybody, in one order, and never acts."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from typing import TYPE_CHECKING

import pytest

from beacon.model.hgvs import hgvs_g
from beacon.model.links import read_link
from beacon.model.nodes import Reason
from beacon.model.notation import read_text
from beacon.model.reading import Context
from beacon.model.status import Status
from beacon.page.delimited import csv_text, tsv_text
from beacon.page.outward import Place, outward, place_of
from beacon.page.report import COLUMNS, Report, report_table, report_text
from beacon.page.verdict import rows
from beacon.page.words import words_in
from tests.page.answers_samples import (
    ALLELE,
    PATTERN,
    TEXT,
    counts,
    dataset,
    node,
    said,
    silent,
    together,
)

if TYPE_CHECKING:
    from beacon.model.nodes import NodeAnswer

ANSWERS = (
    said(
        node("se", "SE"),
        dataset(
            "gms",
            told=counts(3, 24_198, 3, 0, 0),
            groups={"Total": counts(3, 24_198, 3, 0, 0), "SE": counts(3, 20_000)},
            kind="patients",
            contact="https://gms.example/ask",
        ),
        dataset("+46", Status.NOT_SEEN, counts(0, 31_120)),
    ),
    said(node("dk", "DK"), dataset("ngc", Status.WITHHELD, kind="patients")),
    said(node("no", "NO"), dataset("hus", Status.NOT_COVERED)),
    silent(node("fi", "FI")),
    silent(node("is", "IS"), Reason.REFUSED),
    silent(node("ee", "EE"), Reason.LOG_IN),
)


def report(*answers: NodeAnswer) -> Report:
    """Return what is taken along of answers."""
    answer = together(*(answers or ANSWERS))
    return Report(
        variant=TEXT,
        assembly="GRCh38",
        hgvs=hgvs_g(ALLELE),
        pattern=PATTERN,
        answer=answer,
        rows=rows(answer, PATTERN),
        asked=datetime(2026, 11, 28, 2, 50, tzinfo=UTC),
        question="7f3a9c00-0000-4000-8000-000000000000",
        address="https://beacon.example/v/GRCh38/17-43045711-T-C",
    )


def test_p07_the_text_holds_everybody():
    """Each of the seven words, the numbers, the days, and the question."""
    assert report_text(report(), words_in("en")).splitlines() == [
        "Variant: 17-43045711-T-C (GRCh38)",
        "HGVS: NC_000017.11:g.43045711T>C",
        "Asked: 2026-11-28 02:50 UTC",
        "",
        "Seen in 1 dataset, not seen in 1. 1 dataset withholds its answer. "
        "1 dataset knows nothing of this place. Patients: at least 3 carriers. "
        "Highest frequency: 0.00012 (gms data).",
        "3 of 5 nodes answered. "
        "No answer from Fi node and Is node: this is not a “no”. "
        "1 node was not asked.",
        "",
        "1. Se node (SE), gms data [patients]: Seen. Carriers: 3 het, 0 hom. "
        "AC/AN 3/24198. Frequency 0.00012 (95 %: 0.000042 to 0.00036), 1 in 8066 "
        "copies. FAF95 0.000041 (SE). Data of 2026-11-14.",
        "2. Se node (SE), +46 data: Not seen. AC/AN 0/31120. "
        "Frequency below 0.000096 (95 %, one-sided). Data of 2026-11-14.",
        "3. Dk node (DK), ngc data [patients]: Withheld. Its rules let no answer out: "
        "perhaps nobody, perhaps few. This is not a “no”. Data of 2026-11-14.",
        "4. No node (NO), hus data: Not covered. This is not a “no”. "
        "Data of 2026-11-14.",
        "5. Fi node (FI): No answer. It did not answer in time. This is not a “no”.",
        "6. Is node (IS): Refused. It refused to answer us. This is not a “no”.",
        "7. Ee node (EE): Not asked. It is asked only for those who log in.",
        "",
        "Counts can include your own patient. Not a classification.",
        "Question: 7f3a9c00-0000-4000-8000-000000000000",
        "https://beacon.example/v/GRCh38/17-43045711-T-C",
    ]


def test_p07_doubts_are_taken_along():
    """Who was asked behind a node and is silent, and what a node warns of."""
    partly = said(
        node("eu"),
        dataset("goe", Status.NOT_SEEN, counts(0, 200)),
        warnings=("Nothing proves that\nit was understood.",),
        is_partial=True,
    )
    told = report(said(node("se")), partly)
    text = report_text(told, words_in("en"))
    head, *lines = report_table(told, words_in("en"))
    cells = dict(zip(head, lines[-1], strict=True))

    assert "It says that not all whom it asked have answered." in text
    assert "Nothing proves that it was understood." in text
    assert "Eu node did not answer for everything: this is not a “no”." in text
    assert (cells["partial"], cells["notes"]) == (
        "partial",
        "Nothing proves that it was understood.",
    )


def test_p07_a_text_says_what_is_only_similar():
    """What was found is not what was asked for."""
    similar = read_text("del 22:18912231-21465672", Context(assembly="GRCh38"))
    text = report_text(replace(report(), pattern=similar), words_in("en"))

    assert "+46 data: Nothing found. AC/AN" in text
    assert "Seen" not in text
    assert "What was found\n- 17-43045711-T-C (gms data): AC/AN 3/24198\n" in text
    assert "variants that are similar, not only for exactly this one" in text


def test_p07_what_failed_filters_beside_what_was_found_is_not_all():
    """Of several alleles one is found: not "only" those that failed are there."""
    named = read_text("rs80358150", Context(assembly="GRCh38"))
    some = said(node("se"), dataset("x", filters=("RF",)))
    none = said(node("se"), dataset("x", Status.NOT_COVERED, filters=("RF",)))

    for told, is_said in ((some, False), (none, True)):
        text = report_text(replace(report(told), pattern=named), words_in("en"))
        assert ("Only in records that failed RF." in text) == is_said


@pytest.mark.parametrize("language", ["sv", "da"])
def test_p07_numbers_have_a_point_in_every_language(language):
    """A report is read by programs, too; its words are the reader's."""
    text = report_text(report(), words_in(language))

    assert "3/24198" in text
    assert "0.00012 (95 %: 0.000042 ti" in text
    assert "0,0" not in text


def test_p07_the_table_holds_everybody():
    """A line for each dataset, population and silent node, with its reason."""
    head, *lines = report_table(report(), words_in("en"))
    found = [dict(zip(head, line, strict=True)) for line in lines]

    assert tuple(head) == COLUMNS
    assert [
        (each["node_id"], each["population"], each["status"]) for each in found
    ] == [
        ("se.beacon", "Total", "seen"),
        ("se.beacon", "SE", "seen"),
        ("se.beacon", "Total", "not_seen"),
        ("dk.beacon", None, "withheld"),
        ("no.beacon", None, "not_covered"),
        ("fi.beacon", None, "no_answer"),
        ("is.beacon", None, "refused"),
        ("ee.beacon", None, "not_asked"),
    ]
    assert (found[0]["AC"], found[0]["AN"], found[0]["het"]) == (3, 24_198, 3)
    assert found[2]["below_95"] == "0.0000962593"
    assert [each["reason"] for each in found[-3:]] == ["timeout", "refused", "log_in"]
    assert {each["question"] for each in found} == {report().question}
    assert {each["data_date"] for each in found[:5]} == {"2026-11-14"}


def test_p07_no_cell_of_a_table_acts():
    """What others named their datasets is text, in CSV and in TSV."""
    table = report_table(report(), words_in("en"))
    (read,) = [
        row
        for row in csv.reader(StringIO(csv_text(table), newline=""))
        if row[6] == "'+46"
    ]
    (line,) = [x for x in tsv_text(table).splitlines() if "+46\t" in x]

    assert read[5] == "'+46 data"
    assert "\t'+46\t" in line


# --- links that lead on ----------------------------------------------------------


def test_links_lead_to_the_same_variant():
    """Those that we read, when they are pasted, mean the same again."""
    links = dict(outward(place_of(ALLELE)))
    read = {
        name: read_text(links[name], Context()).spellings
        for name in ("gnomAD", "Franklin", "DECIPHER")
    }

    assert list(links) == [
        *("gnomAD", "ClinVar", "Ensembl", "DECIPHER", "Franklin", "UCSC"),
    ]
    assert set(read.values()) == {PATTERN.spellings}
    for name in ("UCSC", "Ensembl"):
        told = read_link(links[name])

        assert "43045711-43045711" in told.text
        assert told.assembly in ("hg38", "GRCh38")


@pytest.mark.parametrize(
    ("assembly", "called"), [("GRCh37", "MT"), ("GRCh38", "M"), ("T2T-CHM13", "M")]
)
def test_a_link_is_left_out_where_a_site_lacks_the_assembly(assembly, called):
    """Nobody is sent to another genome, nor to hg19's other mitochondrion."""
    place = Place(assembly=assembly, contig="MT", first=3_243, last=3_243)
    links = dict(outward(place))

    assert ("gnomAD" in links) == (assembly != "T2T-CHM13")
    assert f"chr{called}:3243-3243" in links["UCSC"]
