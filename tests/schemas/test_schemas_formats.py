"""Formats are read as their standards say, whatever else is installed."""

from __future__ import annotations

import pytest

import schemas

RUN = {"id": "r", "biosampleId": "b", "runDate": "2021-04-23"}
SET = {"id": "d", "name": "D"}
SERVICE = {
    "id": "i",
    "name": "n",
    "type": {"group": "g", "artifact": "a", "version": "1"},
    "organization": {"name": "o", "url": "https://example.org"},
    "version": "1",
}


@pytest.mark.parametrize("day", ["2021-04-23", "2024-02-29", "0001-01-01"])
def test_a_day_is_a_day(day):
    """Year, month and day, four digits and two and two."""
    assert schemas.validator("run").is_valid({**RUN, "runDate": day})


@pytest.mark.parametrize(
    "text",
    [
        "2021-02-29",
        "2021-13-01",
        "20210423",
        "2021-W16-5",
        "2021",
        "",
        "2021-04-23T00:00:00Z",
        "२०२१-04-23",
    ],
)
def test_what_is_no_day_is_refused(text):
    """Also where a looser reader would take it."""
    assert not schemas.validator("run").is_valid({**RUN, "runDate": text})


@pytest.mark.parametrize(
    "moment",
    [
        "2017-01-17T20:33:40Z",
        "2017-01-17t20:33:40.123456789z",
        "2017-01-17T20:33:40+02:00",
        "2016-12-31T23:59:60Z",
    ],
)
def test_a_moment_has_an_offset(moment):
    """As RFC 3339, section 5.6, writes it; leap seconds too."""
    document = {**SET, "createDateTime": moment}

    assert schemas.validator("dataset").is_valid(document)


@pytest.mark.parametrize(
    "text",
    [
        "2017-01-17",
        "2017-01-17T20:33:40",
        "2017-01-17 20:33:40Z",
        "2017-01-17T25:33:40Z",
        "2017-02-30T20:33:40Z",
        "",
    ],
)
def test_what_is_no_moment_is_refused(text):
    """Without an offset nobody knows which moment is meant."""
    document = {**SET, "createDateTime": text}

    assert not schemas.validator("dataset").is_valid(document)


@pytest.mark.parametrize("address", ["https://example.org/a?b#c", "mailto:a@b.se"])
def test_an_address_is_absolute(address):
    """It has a scheme, and something after it."""
    assert schemas.validator("service-info").is_valid(
        {**SERVICE, "contactUrl": address}
    )


@pytest.mark.parametrize("text", ["/api", "example.org", "https:", "https://a b", ""])
def test_what_is_no_address_is_refused(text):
    """A client could not follow it."""
    document = {**SERVICE, "contactUrl": text}

    assert not schemas.validator("service-info").is_valid(document)


def test_formats_are_left_unread_on_demand():
    """As the verifiers in use do."""
    document = {**RUN, "runDate": "soon"}

    assert schemas.validator("run", formats=False).is_valid(document)
    assert [] == list(schemas.complaints("run", document, formats=False))


def test_a_date_of_a_collection_event_is_any_text():
    """The standard writes ``datetime``, which is no format of JSON Schema."""
    event = {"eventDate": "spring 2018", "eventTimeline": {"start": "2018"}}
    cohort = {"id": "c", "name": "C", "cohortType": "study-defined"}

    assert [] == list(
        schemas.complaints("cohort", {**cohort, "collectionEvents": [event]})
    )
