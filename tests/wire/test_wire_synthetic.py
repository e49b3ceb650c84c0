"""In test mode the invented dataset answers as a loaded one would."""

from __future__ import annotations

import pytest

from beacon.model.query import Granularity
from beacon.wire.requests import (
    Address,
    Understanding,
    gather_parameters,
    understand,
)
from beacon.wire.synthetic import synthetic_answer

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
