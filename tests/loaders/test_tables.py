"""Tables: columns as paths, cells as the schema wants them, lines as they stand."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beacon.model.errors import ReadError
from loaders.documents import read_documents
from loaders.tables import is_table, read_table
from loaders.words import NO_SEX
from tests.loaders.document_samples import NAMES, shared, written

FEMALE = {"id": "NCIT:C16576", "label": "female"}
MALE = {"id": "NCIT:C20197", "label": "male"}
UNKNOWN = {"id": "NCIT:C17998", "label": "unknown"}


def _read(folder: Path, text: str, entry_type="individual", name="t.csv"):
    return list(read_table(written(folder, text, name), entry_type))


def _one(folder: Path, columns: str, cells: str, entry_type="individual"):
    [found] = _read(folder, f"{columns}\n{cells}\n", entry_type)
    return found.document


@pytest.mark.parametrize("kind", ["individuals", "biosamples"])
def test_a_table_gives_the_records_made_from_it(kind: str) -> None:
    """Beside the free text of info, they are those another tool made of it."""
    table = shared("csv", "cineca_uk1.150", f"{kind}.csv")
    documents = shared("bff", "cineca_uk1.150", f"{kind}.json")
    mine = [found.document for found in read_table(table, NAMES[kind])]
    theirs = [found.document for found in read_documents(documents)]
    for document in (*mine, *theirs):
        document.pop("info", None)

    assert theirs == mine


def test_values_of_one_array_go_together(tmp_path: Path) -> None:
    """The first, second … value of each cell is of one entry; a gap is a gap."""
    columns = "id,measures|assayCode|id,measures|measurementValue|value,measures|notes"
    found = _one(tmp_path, columns, "a,LOINC:1-1|LOINC:2-2,1.5|2,|weighed")

    assert [
        {"assayCode": {"id": "LOINC:1-1"}, "measurementValue": {"value": 1.5}},
        {
            "assayCode": {"id": "LOINC:2-2"},
            "measurementValue": {"value": 2},
            "notes": "weighed",
        },
    ] == found["measures"]


def test_an_array_within_one_entry_has_the_values(tmp_path: Path) -> None:
    """One pedigree of three members is no three pedigrees."""
    found = _one(
        tmp_path, "id,pedigrees|id,pedigrees|members|memberId", "a,P1,I1|I2|I3"
    )

    members = [{"memberId": f"I{n}"} for n in (1, 2, 3)]
    assert [{"id": "P1", "members": members}] == found["pedigrees"]


def test_kinds_follow_the_schema(tmp_path: Path) -> None:
    """Truth, numbers and texts are told apart by it, never by how they look."""
    columns = "ID,diseases|diseaseCode|id,diseases|familyHistory,diseases|notes,info"
    found = _one(tmp_path, columns, '007,HP:1|HP:2,TRUE|false,1|2,"{""n"": [1]}"')

    assert found == {
        "id": "007",
        "diseases": [
            {"diseaseCode": {"id": "HP:1"}, "familyHistory": True, "notes": "1"},
            {"diseaseCode": {"id": "HP:2"}, "familyHistory": False, "notes": "2"},
        ],
        "info": {"n": [1]},
    }


def test_plain_columns_are_enough(tmp_path: Path) -> None:
    """Words of sex are terms, ids of terms are terms, and nothing is thrown away."""
    columns = "id,sex,ethnicity,geographicOrigin,height"
    found = _one(tmp_path, columns, "a,F,NCIT:C41261,Lapland,170")

    assert found == {
        "id": "a",
        "sex": FEMALE,
        "ethnicity": {"id": "NCIT:C41261"},
        "geographicOrigin": {"id": "text:Lapland", "label": "Lapland"},
        "info": {"height": "170"},
    }


def test_json_in_a_cell_is_what_it_says(tmp_path: Path) -> None:
    """An object of an array is one entry, with the blanks of spreadsheets."""
    columns = "id,diseases|diseaseCode|id,diseases|ageOfOnset"
    found = _one(tmp_path, columns, 'a,HP:1,"{""iso8601duration"":\u00a0""P1Y""}"')

    assert {"iso8601duration": "P1Y"} == found["diseases"][0]["ageOfOnset"]


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    """Quoted line ends, blank lines and a mark at the beginning count as they stand."""
    text = '\ufeffid;notes\r\n"a";"one\r\ntwo"\r\n\r\nb;x\r\n'
    found = _read(tmp_path, text, "biosample")

    assert [("a", 2), ("b", 5)] == [(f.document["id"], f.line) for f in found]
    assert "one\r\ntwo" == found[0].document["notes"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "t.csv: the file is empty"),
        ("\n\n", "t.csv: holds no header line"),
        ("id,sex\n", "t.csv: holds no record below its header"),
        ("id,sex\na,M,x\n", "t.csv:2: 3 cells stand here, the header has 2 columns"),
        ("id,sex\na,M\nb\n", "t.csv:3: 1 cells stand here, the header has 2 columns"),
        ("id,ID\na,M\n", "t.csv:1: the column 'id' is there twice"),
        ("id,diseases||id\na,M\n", "t.csv:1: the column 'diseases||id' has an empty"),
        ('id,sex\n"a,M\n', "t.csv:2: this is no row of a table"),
        ("sample,sex\n,M\n", "t.csv:2: the sample has no name"),
    ],
)
def test_a_broken_table_is_one_sentence(
    tmp_path: Path, text: str, sentence: str
) -> None:
    """It names the file and the line; no cell is filled up or thrown away."""
    with pytest.raises(ReadError) as caught:
        _read(tmp_path, text)

    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    ("columns", "cells", "pointer"),
    [
        ("id,info", 'a,"{""x"": }"', "/info"),
        (
            "id,diseases|ageOfOnset,diseases|ageOfOnset|id",
            "a,P1,X:1",
            "/diseases/ageOfOnset",
        ),
        (
            "id,pedigrees|id,pedigrees|members|memberId",
            "a,P1|P2,I1|I2|I3",
            "/pedigrees",
        ),
    ],
)
def test_a_cell_that_cannot_be_meant_is_told(
    tmp_path: Path, columns: str, cells: str, pointer: str
) -> None:
    """The record is told with its place, and the next one is read on."""
    found = _read(tmp_path, f"{columns}\n{cells}\n{cells}\n")

    assert [[pointer]] * 2 == [[place for place, _ in f.faults] for f in found]


def test_samples_become_individuals(tmp_path: Path) -> None:
    """Sex is a term, the rest is kept as it is, several samples are one person."""
    text = (
        "sample\tindividual\tgender\tpop\tsuper_pop\t\t\n"
        "S1\tI1\tmale\tGBR\tEUR\nS2\tI1\tmale\tGBR\tEUR\nS3\t\tx\tFIN\t.\n"
    )
    found = _read(tmp_path, text, name="t.tsv")

    assert [f.document for f in found] == [
        {
            "id": "I1",
            "sex": MALE,
            "info": {"population": "GBR", "super_pop": "EUR", "samples": ["S1", "S2"]},
        },
        {"id": "S3", "sex": UNKNOWN, "info": {"population": "FIN"}},
    ]


def test_samples_become_biosamples(tmp_path: Path) -> None:
    """Each names its individual, and claims no status."""
    [found] = _read(tmp_path, "sample,individual\nS1,I1\n", "biosample")

    assert ("S1", "I1") == (found.document["id"], found.document["individualId"])
    assert "NCIT:C17998" == found.document["biosampleStatus"]["id"]


def test_rows_of_one_person_must_agree(tmp_path: Path) -> None:
    """A person of two sexes is told, with both lines."""
    with pytest.raises(ReadError, match=r"t.csv:3: individual 'I' is .* on line 2"):
        _read(tmp_path, "sample,individual,sex\nS,I,M\nT,I,F\n")


def test_a_panel_is_read_whole() -> None:
    """Everybody of a large table of samples is an individual."""
    found = list(read_table(shared("1kg_panel.tsv"), "individual"))

    assert 2504 == len(found)
    assert {"population": "GBR", "super_pop": "EUR"} == found[0].document["info"]


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(CELL, min_size=1, max_size=4), max_size=4))
def test_no_table_breaks_the_reader(tmp_path_factory, rows: list[list[str]]) -> None:
    """Any text is read, or refused with the name of the file."""
    folder = tmp_path_factory.mktemp("t")
    text = "\n".join(",".join(row) for row in [["id", "sex", "diseases|notes"], *rows])
    try:
        read = len(_read(folder, text))
    except ReadError as error:
        read = str(error).startswith("t.csv")

    assert read


def test_a_name_in_capitals_is_that_of_a_table() -> None:
    """As other systems write them."""
    assert [True, True, False] == [
        is_table(Path(name)) for name in ("A.CSV", "a.Tsv.GZ", "a.JSON")
    ]


def test_a_cell_below_no_name_is_refused(tmp_path: Path) -> None:
    """It is lost nowhere; empty ones say nothing."""
    assert 1 == len(_read(tmp_path, "id,sex,,height\nI1,F,,1\n"))
    with pytest.raises(ReadError, match=r"t.csv:3: a cell stands in column 3, which"):
        _read(tmp_path, "id,sex,,height\nI1,F,,1\nI2,F,x,1\n")


@pytest.mark.parametrize("head", ["id,sex", "sample,sex"])
def test_words_of_sex_that_nobody_understands_are_counted(
    tmp_path: Path, head: str
) -> None:
    """They read as unknown, as those do that say so."""
    found = _read(tmp_path, f"{head}\na,kvinna\nb,unknown\nc,\nd,f\n")

    assert [(NO_SEX,), (), (), ()] == [one.notes for one in found]


def test_a_cohort_in_a_table_has_the_people_it_lists(tmp_path: Path) -> None:
    """Nobody else; a cell that names nobody does not mean everybody."""
    text = "id,name,cohortType,individualIds\nc,n,study-defined,a|b\nd,n,x,\n"
    some, nobody = _read(tmp_path, text, "cohort")

    assert (["a", "b"], ()) == (some.document["individualIds"], some.faults)
    assert ["/individualIds"] == [pointer for pointer, _ in nobody.faults]
    assert "info" not in some.document


def test_a_column_is_spelled_as_its_own_schema_has_it(tmp_path: Path) -> None:
    """At every step; what is not known there is kept, and counted."""
    columns = "id,sex,DISEASES|diseasecode|ID,diseases|Ageofonset|iso8601duration"
    text = f"{columns},diseases|onset|id\na,F,AB:1,P3Y,AB:2\nb,F,AB:1,P3Y,\n"
    strange, plain = _read(tmp_path, text)

    assert [
        {"diseaseCode": {"id": "AB:1"}, "ageOfOnset": {"iso8601duration": "P3Y"}}
    ] == (plain.document["diseases"])
    assert {"id": "AB:2"} == strange.document["diseases"][0]["onset"]
    assert (1, ()) == (len(strange.notes), plain.notes)


def test_a_path_that_begins_nowhere_is_refused(tmp_path: Path) -> None:
    """It would be found by no filter."""
    with pytest.raises(
        ReadError, match=r"t.csv:1: the column 'disease.diseaseCode.id'"
    ):
        _read(tmp_path, "id,sex,disease|diseaseCode|id\na,F,AB:1\n")
