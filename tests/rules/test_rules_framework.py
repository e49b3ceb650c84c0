"""R1 to R23: what a beacon says about itself."""

from __future__ import annotations

import re

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from beacon.wire.endpoints import endpoints
from tests.rules.asking import (
    FRAMEWORK,
    ONE_OF,
    ROOTS,
)
from tests.speaking import violations

CURIE = re.compile(r"^\w[^:]+:.+$")


def test_r001_the_root_is_an_info_document(site):
    """``GET /`` answers 200 with a valid info document."""
    assert violations(site.get(""), "info") == []


def test_r002_info_is_the_same_as_the_root(site):
    """``GET /info`` answers what ``/`` answers."""
    assert violations(site.get("info"), "info") == []
    assert site.get("info")["response"] == site.get("")["response"]


def test_r003_the_environment_is_one_of_four_words(site):
    """Written in lower case."""
    assert site.get("info")["response"]["environment"] in {
        *("prod", "test", "dev", "staging")
    }


def test_r004_the_organisation_has_an_id_and_a_name(site):
    """Both are texts that say something."""
    organisation = site.get("info")["response"]["organization"]

    assert all(organisation[name].strip() for name in ("id", "name"))


def test_r005_service_info_has_no_envelope(site):
    """``GET /service-info`` answers a bare GA4GH object."""
    document = site.get("service-info")

    assert violations(document, "service-info") == []
    assert {"meta", "response"} & document.keys() == set()


def test_r006_service_info_names_the_protocol(site):
    """Group and artifact are those of Beacon."""
    kind = site.get("service-info")["type"]

    assert (kind["group"], kind["artifact"]) == ("org.ga4gh", "beacon")


def test_r007_configuration_is_valid(site):
    """``GET /configuration`` answers 200."""
    assert violations(site.get("configuration"), "configuration") == []


def test_r008_configuration_names_its_schema(site):
    """Networks drop one that does not."""
    assert site.get("configuration")["response"]["$schema"].startswith("https://")


def test_r009_the_production_status_is_in_upper_case(site):
    """One of three words."""
    attributes = site.get("configuration")["response"]["maturityAttributes"]

    assert attributes["productionStatus"] in {"DEV", "TEST", "PROD"}


def test_r010_security_attributes_are_of_the_standard(site):
    """The default granularity and every level are words it knows."""
    attributes = site.get("configuration")["response"]["securityAttributes"]

    assert attributes["defaultGranularity"] in {"boolean", "count", "record"}
    assert set(attributes["securityLevels"]) <= {"PUBLIC", "REGISTERED", "CONTROLLED"}


@pytest.mark.parametrize("name", ROOTS)
def test_r011_every_entry_type_is_defined(site, name):
    """With its id, its name, its specification and its schema."""
    defined = site.get("configuration")["response"]["entryTypes"][name]
    schema = defined["defaultSchema"]

    assert all(defined[each] for each in ("id", "name", "partOfSpecification"))
    assert all(schema[x] for x in ("id", "name", "referenceToSchemaDefinition"))


@pytest.mark.parametrize("name", ROOTS)
def test_r012_keys_are_ids_and_types_are_terms(site, name):
    """Each key of the entry types equals the id inside; each is a term."""
    defined = site.get("configuration")["response"]["entryTypes"][name]

    assert defined["id"] == name
    assert CURIE.match(defined["ontologyTermForThisType"]["id"])


def test_r013_entry_types_are_those_of_the_configuration(site):
    """``GET /entry_types`` answers a valid document with the same types."""
    document = site.get("entry_types")

    assert violations(document, "entryTypes") == []
    assert (
        document["response"]["entryTypes"]
        == (site.get("configuration")["response"]["entryTypes"])
    )


def test_r014_the_map_is_valid_and_names_its_schema(site):
    """With at least one endpoint set."""
    document = site.get("map")

    assert violations(document, "map") == []
    assert document["response"]["$schema"].startswith("https://")
    assert ROOTS.keys() == document["response"]["endpointSets"].keys()


def test_r015_the_map_names_types_of_the_configuration(site):
    """No type that is not defined is returned anywhere."""
    types = site.get("entry_types")["response"]["entryTypes"]
    mapped = site.get("map")["response"]["endpointSets"].values()
    named = {each["entryType"] for each in mapped} | {
        related["returnedEntryType"]
        for each in mapped
        for related in each["endpoints"].values()
    }

    assert named == types.keys()


def addresses(site) -> dict[str, str]:
    """Return every address of the map with an id put in, and what it returns."""
    listed = {}
    for name, each in site.get("map")["response"]["endpointSets"].items():
        listed[each["rootUrl"]] = name
        listed[each["singleEntryUrl"].replace("{id}", ONE_OF[name])] = name
        for other in each["endpoints"].values():
            address = other["url"].replace("{id}", ONE_OF[name])
            listed[address] = other["returnedEntryType"]
    return listed


def test_r016_every_address_of_the_map_answers(site):
    """With an id put in, each answers 200, with records of the type it promises."""
    asked = addresses(site)
    paths = {address.partition("/api/")[2]: kind for address, kind in asked.items()}
    returned = {
        path: site.get(path)["meta"]["returnedSchemas"][0]["entityType"]
        for path in paths
    }

    assert returned == paths


def test_r016_every_path_of_records_is_in_the_map(site):
    """None is served that is not announced."""
    announced = {
        address.partition("/api/")[2]
        for each in site.get("map")["response"]["endpointSets"].values()
        for address in (
            each["rootUrl"],
            each["singleEntryUrl"],
            *(other["url"] for other in each["endpoints"].values()),
        )
    }
    served = {each.path for each in endpoints() if each.answer in ROOTS}

    assert {f"/api/{path}" for path in announced} == served


def test_r017_the_map_names_a_valid_openapi_document(site):
    """Wherever it names one."""
    mapped = site.get("map")["response"]["endpointSets"].values()
    named = {each["openAPIEndpointsDefinition"] for each in mapped}
    document = site.server.get("/openapi.json").document

    assert {address.rpartition("/")[2] for address in named} == {"openapi.json"}
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_r018_filtering_terms_are_valid(site):
    """Each term has a type and an id."""
    document = site.get("filtering_terms", limit=0)
    terms = document["response"]["filteringTerms"]

    assert violations(document, "filteringTerms") == []
    assert terms != []
    assert [t for t in terms if not (t["type"] and t["id"])] == []


def test_r019_terms_have_known_types_scopes_and_resources(site):
    """Every ontology a term is of is described."""
    response = site.get("filtering_terms", limit=0)["response"]
    terms = response["filteringTerms"]
    described = {
        each.get("nameSpacePrefix", each["id"]).lower()
        for each in response["resources"]
    }
    prefixes = {
        t["id"].partition(":")[0].lower() for t in terms if t["type"] == "ontology"
    }

    assert {t["type"] for t in terms} <= {"ontology", "alphanumeric", "custom"}
    assert {scope for t in terms for scope in t["scopes"]} <= ROOTS.keys()
    assert prefixes - described == set()


def test_r020_filtering_terms_take_a_page(site):
    """``limit=0`` returns all; pages are of the size asked for, and follow on."""
    all_terms = site.get("filtering_terms", limit=0)["response"]["filteringTerms"]
    pages = [
        site.get("filtering_terms", skip=skip, limit=4)["response"]["filteringTerms"]
        for skip in (0, 1)
    ]

    assert pages == [all_terms[:4], all_terms[4:8]]


@pytest.mark.parametrize("path", [p for p in FRAMEWORK if p != "service-info"])
def test_r021_informational_answers_say_who_and_what(site, path):
    """Their ``meta`` has the beacon, the version and the schemas."""
    assert site.get(path)["meta"].keys() >= {
        *("beaconId", "apiVersion", "returnedSchemas")
    }


def test_r022_the_beacon_has_one_id(site):
    """The same in every answer, and the one that info gives."""
    paths = [p for p in FRAMEWORK if p != "service-info"] + list(ROOTS.values())
    told = {site.get(path)["meta"]["beaconId"] for path in paths}
    told.add(site.refused("g_variants", start="-1")["meta"]["beaconId"])

    assert told == {site.get("info")["response"]["id"]}


def test_r023_the_version_is_semantic(site):
    """With a ``v`` in front."""
    assert re.fullmatch(r"v\d+\.\d+\.\d+", site.get("info")["meta"]["apiVersion"])
