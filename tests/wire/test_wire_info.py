"""The documents in which a beacon describes itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest

from beacon.model.entry_types import ENTRY_TYPES
from beacon.model.query import Page
from beacon.model.terms import FilteringTerm, TermType
from beacon.wire import info
from beacon.wire.synthetic import synthetic_dataset
from beacon.wire.terms import EFFECT_TERMS, filtering_terms
from tests.speaking import IDENTITY, SPEAKER, violations

DATASET = synthetic_dataset()
LATER = replace(
    DATASET,
    id="later",
    created=datetime(2026, 2, 1, tzinfo=UTC),
    updated=datetime(2026, 2, 2, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (info.info(SPEAKER, []), "info"),
        (info.info(SPEAKER, [DATASET, replace(LATER, release=None)]), "info"),
        (info.service_info(SPEAKER, []), "service-info"),
        (info.service_info(SPEAKER, [DATASET]), "service-info"),
        (info.configuration(SPEAKER), "configuration"),
        (info.entry_types(SPEAKER), "entryTypes"),
        (info.endpoint_map(SPEAKER), "map"),
        (filtering_terms(SPEAKER, Page(), EFFECT_TERMS), "filteringTerms"),
    ],
)
def test_every_document_is_valid(document, kind):
    """In our schemas and, where they are at hand, in both official versions."""
    found = violations(document, kind)

    assert found == []


def test_info_is_the_same_bytes_until_something_is_loaded():
    """Networks compare it to learn that anything changed; order means nothing."""
    before = orjson.dumps(info.info(SPEAKER, [DATASET, LATER]))
    again = orjson.dumps(info.info(SPEAKER, [LATER, DATASET]))

    assert again == before


def test_info_changes_with_a_release():
    """A new release of any dataset is visible."""
    newer = replace(DATASET, release=replace(DATASET.release, ordinal=2))
    before = info.info(SPEAKER, [DATASET])

    assert info.info(SPEAKER, [newer]) != before


def test_info_is_dated_by_the_datasets():
    """From the first that was made to the last that changed."""
    response = info.info(SPEAKER, [LATER, DATASET])["response"]

    assert (response["createDateTime"], response["updateDateTime"]) == (
        "2026-01-01T00:00:00Z",
        "2026-02-02T00:00:00Z",
    )


def test_info_has_what_networks_show_even_where_nothing_is_configured():
    """Some of them leave out a member that lacks one of these."""
    bare = replace(
        IDENTITY, description=None, welcome_url=None, contact_url=None, logo_url=None
    )
    response = info.info(replace(SPEAKER, identity=bare), [])["response"]

    assert {"description", "welcomeUrl", "alternativeUrl"} <= response.keys()
    assert {"welcomeUrl", "contactUrl", "logoUrl"} <= response["organization"].keys()


def test_the_configuration_and_the_entry_types_agree():
    """They list the same types, each under its own id."""
    configured = info.configuration(SPEAKER)["response"]["entryTypes"]
    listed = info.entry_types(SPEAKER)["response"]["entryTypes"]

    assert configured == listed
    assert {key: each["id"] for key, each in listed.items()} == {
        key: key for key in ENTRY_TYPES
    }


def test_the_map_names_types_of_the_configuration_under_the_public_address():
    """Whatever address a request came to."""
    sets = info.endpoint_map(SPEAKER)["response"]["endpointSets"]

    assert sets["dataset"] == {
        "entryType": "dataset",
        "openAPIEndpointsDefinition": "https://beacon.example.se/openapi.json",
        "rootUrl": "https://beacon.example.se/api/datasets",
        "singleEntryUrl": "https://beacon.example.se/api/datasets/{id}",
        "endpoints": {
            name: {
                "returnedEntryType": name,
                "url": f"https://beacon.example.se/api/datasets/{{id}}/{path}",
            }
            for name, path in (
                ("genomicVariant", "g_variants"),
                ("individual", "individuals"),
                ("biosample", "biosamples"),
                ("run", "runs"),
                ("analysis", "analyses"),
            )
        },
    }


@pytest.mark.parametrize(
    ("host", "site"),
    [
        ("127.0.0.1:5050", "http://127.0.0.1:5050"),
        ("[::1]:5050", "http://[::1]:5050"),
        ("beacon.example.se", "http://beacon.example.se"),
        ("a b", "http://localhost"),
        ('"><script>', "http://localhost"),
        ("\udcff", "http://localhost"),
        ("", "http://localhost"),
    ],
)
def test_the_host_of_a_request_is_used_where_no_address_is_configured(host, site):
    """On a laptop nobody configures one; what is no host is not repeated."""
    found = replace(IDENTITY, public_url=None).site("http", host)

    assert found == site


def test_filtering_terms_come_in_pages():
    """``skip`` counts pages here too."""
    terms = [
        FilteringTerm(type=TermType.CUSTOM, id=f"cohort:{number}")
        for number in range(5)
    ]
    page = filtering_terms(SPEAKER, Page(skip=1, limit=2), terms)

    assert page["response"]["filteringTerms"] == [
        {"type": "custom", "id": "cohort:2"},
        {"type": "custom", "id": "cohort:3"},
    ]


def test_every_prefix_of_an_ontology_term_is_described():
    """On every page, and also one that nobody has told us of."""
    terms = [
        FilteringTerm(type=TermType.ONTOLOGY, id=name)
        for name in ("HP:0001250", "LOINC:1-1", "XYZ:1", "Orphanet:1")
    ]
    page = filtering_terms(SPEAKER, Page(limit=1), terms)

    assert violations(page, "filteringTerms") == []
    assert page["response"]["resources"] == [
        {
            "id": "hp",
            "name": "Human Phenotype Ontology",
            "nameSpacePrefix": "HP",
            "url": "https://obofoundry.org/ontology/hp",
            "iriPrefix": "http://purl.obolibrary.org/obo/HP_",
        },
        {
            "id": "loinc",
            "name": "Logical Observation Identifiers Names and Codes",
            "nameSpacePrefix": "LOINC",
            "url": "https://loinc.org",
            "iriPrefix": "https://loinc.org/",
        },
        {
            "id": "orphanet",
            "name": "Orphanet nomenclature of rare diseases",
            "nameSpacePrefix": "Orphanet",
            "url": "https://www.orpha.net",
            "iriPrefix": "http://www.orpha.net/ORDO/Orphanet_",
        },
        {"id": "xyz", "name": "XYZ", "nameSpacePrefix": "XYZ"},
    ]
