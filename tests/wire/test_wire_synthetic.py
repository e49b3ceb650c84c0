"""In test mode the invented dataset answers as a loaded one would."""

from __future__ import annotations

import pytest

from beacon.model.entry_types import DOCUMENTED
from beacon.model.errors import UnknownFilters
from beacon.model.query import Granularity
from beacon.model.records import Under
from beacon.wire.catalogue import collections
from beacon.wire.requests import (
    Address,
    Understanding,
    gather_parameters,
    understand,
)
from beacon.wire.responses import record_sets
from beacon.wire.synthetic import (
    synthetic_answer,
    synthetic_collection,
    synthetic_records,
    synthetic_terms,
)
from tests.speaking import SPEAKER, violations

KNOWN = Understanding(loaded={"GRCh37", "GRCh38"}, references={})
ALLELE = {
    "assemblyId": "GRCh38",
    "referenceName": "22",
    "start": "1000",
    "referenceBases": "A",
    "alternateBases": "G",
}


def answer(identity=None, **parameters):
    """Return what is said to a question in test mode."""
    asked = gather_parameters((parameters | {"granularity": "count"}).items())
    return synthetic_answer(understand(asked, Address(identity=identity), KNOWN))


@pytest.mark.parametrize(
    ("changed", "word", "ac", "an"),
    [
        ({}, "seen", 3, 20),
        ({"alternateBases": "T"}, "not_seen", 0, 20),
        ({"referenceName": "1"}, "not_covered", None, None),
    ],
)
def test_an_allele_is_seen_or_not_or_not_covered(changed, word, ac, an):
    """A sequence it does not hold is no ground for a no."""
    (part,) = answer(**ALLELE | changed).datasets
    counts = part.counts

    assert part.status == word
    assert (counts and counts.ac, counts and counts.an) == (ac, an)


@pytest.mark.parametrize(
    "changed", [{"assemblyId": "GRCh37"}, {"datasets": "other"}, {"cohorts": "other"}]
)
def test_what_it_does_not_hold_is_not_asked_of_it(changed):
    """Another assembly, another dataset, another cohort."""
    said = answer(**ALLELE | changed)

    assert (said.status, said.datasets) == ("not_asked", ())


def test_an_id_that_is_none_of_ours_is_not_asked_of_it():
    """It does not find whatever there is."""
    said = answer(identity="nothing")

    assert (said.status, said.exists) == ("not_asked", False)


def test_its_variant_is_found_by_its_id():
    """Validators follow the first record they are given."""
    said = answer(identity="GRCh38-22-1001-A-G")

    assert (said.status, said.granularity) == ("seen", Granularity.COUNT)


# --- documents ---------------------------------------------------------------------


def asked(about, identity=None, under=None, **parameters):
    """Return a question in test mode, at record granularity."""
    usual = {"granularity": "record", "testMode": "true", "limit": "100"}
    address = Address(about=about, identity=identity, under=under)
    return understand(gather_parameters((usual | parameters).items()), address, KNOWN)


def records(about, **question):
    """Return the documents that are told of."""
    said = synthetic_records(asked(about, **question))
    return [record for part in said.datasets for record in part.records]


def ids(about, **question):
    """Return the number of each person whose document is told of."""
    return [int(r["id"].split("-")[1]) for r in records(about, **question)]


@pytest.mark.parametrize("about", DOCUMENTED)
def test_every_invented_document_is_valid(about):
    """As everything that is answered."""
    document = record_sets(asked(about), synthetic_records(asked(about)), SPEAKER)

    assert len(document["response"]["resultSets"][0]["results"]) == 10
    assert violations(document, "resultsets", about) == []


@pytest.mark.parametrize("about", ["dataset", "cohort"])
def test_the_invented_dataset_and_its_cohort_are_valid(about):
    """One of each."""
    document = collections(asked(about), synthetic_collection(asked(about)), SPEAKER)

    assert len(document["response"]["collections"]) == 1
    assert violations(document, "collections", about) == []


@pytest.mark.parametrize("about", DOCUMENTED)
@pytest.mark.parametrize("other", DOCUMENTED)
def test_invented_documents_lead_to_each_other(about, other):
    """Every document of a person belongs to that person."""
    (fifth,) = records(other, filters="biosamples.collectionMoment:=P25Y")
    under = Under(entry_type=other, identity=fifth["id"])

    assert ids(about, under=under) == [5]


@pytest.mark.parametrize(
    ("parameters", "people"),
    [
        ({"filters": "HP:0001250"}, [1, 2, 3]),
        ({"filters": "!HP:0001250"}, [4, 5, 6, 7, 8, 9, 10]),
        ({"filters": "HP:0001250,sex:female"}, [1, 3]),
        ({"filters": "ageOfOnset:<P25Y"}, [1, 2]),
        ({"filters": "[HP:0000365,libraryStrategy=WES]"}, [1, 2, 4, 6, 8, 10]),
        ({"filters": "HP:0001250", "datasets": "other"}, []),
        ({"filters": "HP:99"}, []),
        (ALLELE, [1, 2]),
        (ALLELE | {"alternateBases": "T"}, []),
        (ALLELE | {"filters": "libraryStrategy=WES"}, [2]),
    ],
)
def test_filters_and_variants_narrow_invented_documents(parameters, people):
    """By their meaning, as of documents that were loaded."""
    assert ids("individual", **parameters) == people
    assert ids("analysis", **parameters) == people


def test_filters_narrow_the_people_behind_the_invented_counts():
    """Counts are of those who meet them alone."""
    said = synthetic_answer(
        asked("genomicVariant", **ALLELE, filters="libraryStrategy=WES")
    )
    (part,) = said.datasets

    assert (part.counts.ac, part.counts.an, part.sample_count) == (1, 10, 5)


def test_what_nothing_invented_answers_to_is_said():
    """Or refused, where that is asked for."""
    lenient = synthetic_records(asked("run", filters="HP:99"))

    assert lenient.warnings == (
        'The filter "HP:99" is not known here and matches nothing.',
    )
    assert lenient.status == "not_covered"
    with pytest.raises(UnknownFilters):
        synthetic_records(asked("run", filters="HP:99", strict="true"))


def test_the_invented_terms_are_those_of_the_invented_records():
    """Of all of them, or of one."""
    every = {term.id for term in synthetic_terms(asked("dataset"))}
    one = synthetic_terms(asked("individual", identity="synthetic-4-individual"))

    assert {"HP:0001250", "EFO:0009654", "libraryStrategy"} <= every
    assert "HP:0001250" not in {term.id for term in one}
