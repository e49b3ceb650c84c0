"""What a peer says of itself is read without trusting any of it."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.assemblies import find_assembly
from beacon.wire.peers.cards import ELSEWHERE, Card, is_document, path_below, read_card

URL = "https://beacon.example.dk/api"
KEYS = st.sampled_from(
    [
        *("meta", "response", "beaconId", "id", "apiVersion", "isAggregated", "info"),
        *("datasets", "collections", "assemblyId", "assembly", "endpointSets", "name"),
        *("genomicVariant", "rootUrl", "entryType", "environment", "updateDateTime"),
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=12)
    | st.sampled_from(
        [
            *(f"{URL}/g_variants", "https://evil.example.org/x", "GRCh38", "prod"),
            *("2026-01-01T00:00:00Z", "genomicVariant", "v2.0.0", "dk.example"),
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5)
    ),
    max_leaves=25,
)


def card_of(**documents: object) -> Card:
    """Return what documents say."""
    sent = {which: json.dumps(each).encode() for which, each in documents.items()}
    return read_card(sent, URL)


@given(info=VALUES, leads=VALUES, datasets=VALUES)
def test_whatever_json_comes_a_card_is_read(
    info: object, leads: object, datasets: object
) -> None:
    """Nothing raises, and every member is of its kind."""
    card = card_of(info=info, map=leads, datasets=datasets)

    assert card.beacon is None or card.beacon
    assert card.environment in {None, "prod", "test", "dev", "staging"}
    assert all(find_assembly(each) is not None for each in card.assemblies)
    assert card.path is None or path_below(f"{URL}{card.path}", URL) == card.path
    assert all(0 < len(each) <= 200 for each in card.problems)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_whatever_bytes_come_a_card_is_read(body: bytes) -> None:
    """What is no JSON object is a problem and nothing else."""
    card = read_card({"info": body, "map": body, "datasets": body}, URL)

    assert is_document(body) or card == Card(problems=card.problems)
    assert card.problems


@given(st.text(max_size=40))
def test_f06_whatever_follows_an_address_stays_at_it(more: str) -> None:
    """A path that is taken leads to the same host, below the same path."""
    below = path_below(f"{URL}/{more}", URL)

    if below is not None:
        parts = urlsplit(f"{URL}{below}")
        assert (parts.scheme, parts.netloc) == ("https", "beacon.example.dk")
        assert parts.path.startswith("/api/")
        assert ".." not in parts.path
        assert "//" not in parts.path


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        (f"{URL}/g_variants", "/g_variants"),
        (f"{URL}/g_variants/", "/g_variants"),
        (f"{URL}/v2.1/g_variants", "/v2.1/g_variants"),
        (f"{URL}2/g_variants", None),
        ("https://beacon.example.dk/g_variants", None),
        ("https://beacon.example.dk:444/api/g_variants", None),
        ("http://beacon.example.dk/api/g_variants", None),
        (f"{URL}/g_variants?a=b", None),
        (7, None),
        (None, None),
    ],
)
def test_where_variants_are_asked_for(root: object, expected: str | None) -> None:
    """By the map, where it stays below the address of the peer."""
    sets = {"genomicVariant": {"entryType": "genomicVariant", "rootUrl": root}}
    card = card_of(map={"response": {"endpointSets": sets}})
    is_elsewhere = isinstance(root, str) and expected is None

    assert card.path == expected
    assert (ELSEWHERE in card.problems) == is_elsewhere


def test_an_entry_type_names_a_set_whatever_its_key() -> None:
    """Some spell the key another way."""
    sets = {
        "runs": {"entryType": "run", "rootUrl": f"{URL}/runs"},
        "variants": {"entryType": "genomicVariant", "rootUrl": f"{URL}/v"},
        "odd": {"entryType": ["genomicVariant"], "rootUrl": f"{URL}/w"},
    }

    assert card_of(map={"response": {"endpointSets": sets}}).path == "/v"


def test_a_first_version_says_it_all_at_its_root() -> None:
    """Without an envelope."""
    said = {
        "id": "se.v1",
        "name": "Old",
        "apiVersion": "1.0.1",
        "datasets": [{"id": "d", "assemblyId": "GRCh37"}],
    }

    card = card_of(info=said)

    assert (card.beacon, card.name, card.version) == ("se.v1", "Old", "1.0.1")
    assert (card.datasets, card.assemblies) == ({"d": "d"}, {"GRCh37"})
    assert card.problems == ()


def _listing(came: int, **summary: object) -> Card:
    sets = [{"id": f"d{n}", "assemblyId": "GRCh37"} for n in range(came)]
    document = {
        "responseSummary": {"exists": True} | summary,
        "response": {"collections": sets},
    }
    return card_of(info={"meta": {"beaconId": "x"}}, datasets=document)


@pytest.mark.parametrize(
    ("came", "summary", "is_known"),
    [
        (10, {"numTotalResults": 25}, False),
        (10, {"resultsCount": 25}, False),
        (10, {"numTotalResults": "25"}, False),
        (10, {}, False),
        (10, {"numTotalResults": 10}, True),
        (3, {}, True),
    ],
)
def test_f3_a_page_of_datasets_does_not_tell_what_all_are_on(
    came: int, summary: dict[str, object], is_known: bool
) -> None:
    """Who lists ten of 25 is not known to lack an assembly."""
    card = _listing(came, **summary)

    assert card.assemblies == (frozenset({"GRCh37"}) if is_known else frozenset())
    assert len(card.datasets) == came
