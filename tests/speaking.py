"""What tests of documents share: one beacon, and the official schemas if present."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from beacon.wire.info import BeaconIdentity, Speaker
from schemas import validator

if TYPE_CHECKING:
    from types import ModuleType

SHARED = Path(__file__).resolve().parents[1].parent / "shared"
OFFICIAL = SHARED / "spec" / "schemas" / "validate.py"
SAMPLES = SHARED / "spec" / "samples"

IDENTITY = BeaconIdentity(
    id="se.example.beacon",
    name="Example beacon",
    environment="test",
    organisation_id="se.example",
    organisation_name="Example",
    version="0.1.0",
    public_url="https://beacon.example.se/",
    contact_url="mailto:beacon@example.se",
)
SPEAKER = Speaker(identity=IDENTITY, site="https://beacon.example.se")

needs_official = pytest.mark.skipif(
    not OFFICIAL.exists(), reason="the official schemas are not beside the project"
)


@cache
def official() -> ModuleType:
    """Return the module that checks documents against the official schemas."""
    spec = importlib.util.spec_from_file_location("official_validate", OFFICIAL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def _registry(version: str) -> object:
    return official().registry(version)


def violations(document: object, kind: str, entry_type: str | None = None) -> list[str]:
    """Return every way a document breaks our schemas, or the official ones."""
    found = [f"ours: {e.json_path} {e.message}" for e in _ours(document, kind)]
    for record in _records(document, entry_type):
        found += [
            f"ours: {e.message}" for e in validator(entry_type).iter_errors(record)
        ]
    if OFFICIAL.exists():
        for version in ("2.1.1", "2.2.0"):
            found += [
                f"{version}: {sentence}"
                for sentence in official().check(
                    document, kind, version, entry_type, True, _registry(version)
                )
            ]
    return found


def _ours(document: object, kind: str) -> list[object]:
    return list(validator(kind).iter_errors(document))


def _records(document: dict, entry_type: str | None) -> list[object]:
    if entry_type is None:
        return []
    response = document.get("response", {})
    if entry_type in ("dataset", "cohort"):
        return response["collections"]
    return [r for each in response["resultSets"] for r in each["results"]]
