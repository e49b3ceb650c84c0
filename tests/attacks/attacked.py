"""A seeded cohort, loaded by the real loader and served over loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.attacking.cohort import Plan, Pool, draw
from beacon.attacking.files import write
from beacon.attacking.manners import Manner, most_telling
from beacon.ingest import LoadRequest, load_variants
from beacon.store.releases import Catalogue
from loaders import LoadOptions

if TYPE_CHECKING:
    from pathlib import Path

    from beacon.attacking.cohort import Cohort
    from beacon.store.connection import StoreAddress

DATASET = "victims"
BLURRED = Manner(min_count=20, round_to=10, noise_sd=5)
SMALL = Plan(
    members=60,
    strangers=60,
    calibrators=200,
    rare=10,
    pools=(Pool(sites=2_500, frequency=most_telling(BLURRED, 1_000)),),
)


def load(
    cohort: Cohort, address: StoreAddress, folder: Path, people: int | None = None
) -> None:
    """Publish a release of the first people of a cohort."""
    written = write(cohort, folder, cohort.plan.people if people is None else people)
    request = LoadRequest(
        dataset=DATASET,
        paths=(written.variants,),
        options=LoadOptions(
            assembly="GRCh37",
            samples=written.samples,
            callable_regions=written.regions,
            keeps_people=True,
        ),
        references={},
    )
    with Catalogue(address) as catalogue:
        outcome = load_variants(catalogue, request)
    assert outcome.release is not None


def small() -> Cohort:
    """Return the cohort that tests share."""
    return draw(SMALL)
