"""Ours and the other schemas say the same of every sample, and of it spoiled."""

from __future__ import annotations

import json

import pytest

import schemas
from tests.schemas.judges import KINDS, judge, samples
from tests.schemas.mutations import at, spoiled
from tests.speaking import SHARED

JUDGES = ("2.2.0", "packages")
BFF = SHARED / "data" / "metadata" / "bff" / "cineca_uk1.150"
FILES = {
    "individuals": "individual",
    "biosamples": "biosample",
    "runs": "run",
    "analyses": "analysis",
    "cohorts": "cohort",
    "datasets": "dataset",
}
# Where the official schema of /entry_types forgets to ask for an object.
_ENTRY_TYPES = ("entryTypes", ("response", "entryTypes"))
# Forms of a variation that VRS 1.2, as the packages have it, lacks or has otherwise.
_NOT_IN_1_2 = ('"components"', '"CopyNumber', '"Genotype', '"Haplotype"')


@pytest.mark.parametrize("kind", KINDS)
def test_every_sample_is_accepted(kind):
    """Formats included."""
    found = [list(schemas.complaints(kind, each)) for each in samples(kind)]

    assert [[] for _ in found] == found


@pytest.mark.parametrize("name", [*JUDGES, "2.1.1"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_sample_is_accepted_by_the_other_schemas(kind, name):
    """Except, by v2.1.1, of result sets without a count and records."""
    theirs = judge(name).validator(kind)
    found = [each for each in _judged(kind, name) if not theirs.is_valid(each)]

    assert _sets_without_records(kind, name) == found


@pytest.mark.parametrize("name", JUDGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_spoiled_sample_is_judged_alike(kind, name):
    """Whatever member is taken away, changed or added."""
    found = _judged_differently(kind, _judged(kind, name), judge(name).validator(kind))

    assert found == []


@pytest.mark.parametrize(("file", "kind"), FILES.items())
def test_records_of_a_public_cohort_are_judged_alike(file, kind):
    """As they are, and spoiled."""
    path = BFF / f"{file}.json"
    if not path.exists():
        pytest.skip("the public cohort is not beside the project")
    records = json.loads(path.read_text(encoding="utf-8"))
    records = records if isinstance(records, list) else [records]
    ours, theirs = (
        schemas.validator(kind, formats=False),
        judge("2.2.0").validator(kind),
    )
    found = [each for each in records if ours.is_valid(each) != theirs.is_valid(each)]

    assert found == []
    assert _judged_differently(kind, records, theirs) == []


def _judged(kind, name):
    """Return the samples a judge knows the forms of."""
    if (kind, name) != ("genomicVariant", "packages"):
        return samples(kind)
    return [
        each
        for each in samples(kind)
        if not any(word in json.dumps(each) for word in _NOT_IN_1_2)
    ]


def _sets_without_records(kind, name):
    if (kind, name) != ("resultsets", "2.1.1"):
        return []
    return [
        each
        for each in samples(kind)
        if any("results" not in one for one in each["response"]["resultSets"])
    ]


def _judged_differently(kind, documents, theirs):
    ours = schemas.validator(kind, formats=False)
    seen = set()
    return [
        (path, at(document, path[:-1]), value)
        for document in documents
        for path, value in spoiled(document, seen)
        if ours.is_valid(document) != theirs.is_valid(document)
        and (kind, path) != _ENTRY_TYPES
    ]
