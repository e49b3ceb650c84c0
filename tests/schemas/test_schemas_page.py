"""The page about our schemas tells of every one of them."""

from __future__ import annotations

from pathlib import Path

import schemas

PAGE = Path(__file__).parents[2] / "docs" / "schemas.md"


def _row(name):
    schema = schemas.contents(name)
    folder = schema["$id"].split("/")[-2]
    return f"| `{name}` | `{folder}/{name}.json` | {schema['description']} |"


def test_the_page_lists_every_schema():
    """By the name that tells it, where it is, and what it describes."""
    whole = (*schemas.ENVELOPES, *schemas.REQUESTS, *schemas.ENTITIES)
    rows = [_row(name) for name in whole]

    assert "\n".join(rows) in PAGE.read_text(encoding="utf-8")


def test_the_complaints_on_the_page_are_those_made():
    """An example that nobody runs is a promise nobody keeps."""
    record = {
        "id": "P1",
        "sex": {"label": "female"},
        "diseases": [
            {
                "diseaseCode": {"id": "MONDO:0009061"},
                "ageOfOnset": {"age": {"iso8601duration": "P1Y"}},
            }
        ],
        "measures": [
            {
                "assayCode": {"id": "LOINC:39156-5"},
                "measurementValue": {"unit": {"id": "NCIT:C49671"}, "value": "26.5"},
            }
        ],
    }
    told = [
        f"{each.pointer}: {each.sentence}"
        for each in schemas.complaints("individual", record)
    ]

    assert "```text\n" + "\n".join(told) in PAGE.read_text(encoding="utf-8")
