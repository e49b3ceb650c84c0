"""Releases that differ in few people tell of those: they wait for more.

Whoever asks before and after learns of everybody who came or went together.  So
where a policy says how many that must be, a release of fewer is not made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.model.errors import LoadRejected

if TYPE_CHECKING:
    from beacon.ingest.loading import LoadRequest
    from beacon.store.releases import Catalogue
    from loaders.cohort import Cohort


def check_batch(
    catalogue: Catalogue, request: LoadRequest, cohort: Cohort, *, is_added: bool
) -> None:
    """Refuse a release that differs from the one served in too few people.

    The first release of a dataset differs from nothing, and one of the same people
    tells of nobody more.  Of a source of sums it is not known whom they are of.

    Args:
        catalogue: the store's.
        request: says how many it must be.
        cohort: what is to be loaded.
        is_added: whether it comes beside what is served, which stays.

    Raises:
        LoadRejected: saying how many they are, and how many they must be.
    """
    least = request.min_new_people
    if least is None or cohort.sample_count is None:
        return
    changed = _changed(catalogue, request.dataset, cohort, is_added=is_added)
    if changed is None or not 0 < changed < least:
        return
    people = (
        "1 person comes or goes" if changed == 1 else f"{changed} people come or go"
    )
    message = (
        f"dataset {request.dataset}: {people} with this release, and the policy lets"
        f" no fewer than {least} do so together ([release] min_new_people)"
    )
    raise LoadRejected(message)


def _changed(
    catalogue: Catalogue, dataset: str, cohort: Cohort, *, is_added: bool
) -> int | None:
    """Return how many people come or go; ``None``: there was nobody before."""
    served = catalogue.served(dataset)
    if served is None:
        return None
    if is_added:
        return cohort.sample_count
    known = [catalogue.people_of(number) for number in served.rows.numbers]
    mine = cohort.people
    if mine is None or None in known:
        return abs((cohort.sample_count or 0) - (served.release.sample_count or 0))
    before = {name for people in known if people for name in people.names if name}
    return len(before.symmetric_difference(name for name in mine.names if name))
