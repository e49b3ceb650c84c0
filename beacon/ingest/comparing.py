"""Who of a dataset that was just loaded is in others, too, twice in it, or swapped.

The load is published by then, so nothing here can make it fail; it only adds
sentences to its account.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from beacon.model.errors import BeaconError

if TYPE_CHECKING:
    from beacon.ingest.loading import LoadOutcome
    from beacon.store.releases import Catalogue

_SECONDS = 60.0
"""After these no further dataset is compared."""


def with_duplicates(catalogue: Catalogue, outcome: LoadOutcome) -> LoadOutcome:
    """Return the outcome of a load with what its people's genotypes tell."""
    release = outcome.release
    if release is None or not outcome.is_new or not release.keeps_people:
        return outcome
    try:
        said = catalogue.comparer().of_new(outcome.dataset, _SECONDS).sentences
    except BeaconError as failure:
        said = (f"Its people could not be compared with those of others: {failure}",)
    return replace(outcome, duplicates=said)
