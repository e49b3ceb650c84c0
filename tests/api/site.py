"""Two small datasets, and the whole site over a beacon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.api.keys import Limits
from beacon.api.routes import create_api
from beacon.app import behind_of
from beacon.model.counts import Carriers, Group, Layout, Tally, VariantRecord
from beacon.page.views import add_pages
from beacon.policy.policy import OPEN
from beacon.service import LocalBeacon
from beacon.wire.info import BeaconIdentity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp import web

    from beacon.api.keys import BeaconService
    from beacon.auth.logins import Desk
    from beacon.auth.porter import Porter
    from beacon.network.network import NetworkService
    from beacon.store.releases import Catalogue
    from beacon.store.variants import VariantStore

IDENTITY = BeaconIdentity(
    id="se.example.beacon",
    name="Example beacon",
    environment="test",
    organisation_id="se.example",
    organisation_name="Example",
    version="0.1.0",
)
GROUPS = (
    Group(label="Total", columns=(0, 1)),
    Group(label="F", columns=(0,)),
    Group(label="M", columns=(1,)),
)


def _carried(
    start: int, reference: str, alternate: str, *, an: int, women: int, men: int
) -> VariantRecord:
    """Return an allele that so many women and men carry on one chromosome."""
    carriers = [
        Carriers(column, people, 0, people, 0)
        for column, people in enumerate((women, men))
        if people
    ]
    end, tally = start + len(reference), Tally((an, an), tuple(carriers))
    return VariantRecord(22, start, end, reference, alternate, tally)


def _publish(
    catalogue: Catalogue, dataset: str, records: Sequence[VariantRecord]
) -> None:
    (an, _) = records[0].tally.an
    layout = Layout(baseline=(an, an), groups=GROUPS)
    with catalogue.begin(dataset, assembly="GRCh37", layout=layout) as writer:
        writer.put(records)
        writer.publish(
            fingerprint=dataset,
            genotyped=True,
            contigs=frozenset({"22"}),
            variants=sum(record.tally.exists for record in records),
            sample_count=an,
            inputs=(),
            tool="test",
            options={},
            report={},
        )


def fill(catalogue: Catalogue) -> None:
    """Publish two datasets; one allele is in both, one is carried by nobody."""
    many = [
        _carried(1000 + number, "A", "G", an=10, women=1, men=0) for number in range(25)
    ]
    _publish(
        catalogue,
        "clinic",
        [
            _carried(100, "T", "C", an=10, women=2, men=1),
            _carried(200, "G", "A", an=10, women=0, men=0),
            *many,
        ],
    )
    _publish(catalogue, "twins", [_carried(100, "T", "C", an=4, women=1, men=1)])
    catalogue.describe("clinic", kind="patients", country="SE")


def publish_alleles(
    catalogue: Catalogue, dataset: str, *, an: int, women: int, men: int
) -> None:
    """Publish a dataset in which so many carry 22-101-T-C, and nobody 22-201-G-A."""
    _publish(
        catalogue,
        dataset,
        [
            _carried(100, "T", "C", an=an, women=women, men=men),
            _carried(200, "G", "A", an=an, women=0, men=0),
        ],
    )


def publish_many(catalogue: Catalogue, dataset: str, many: int) -> None:
    """Publish a dataset of so many alleles, 22-1001-A-G and the next ones."""
    places = range(1000, 1000 + many)
    _publish(
        catalogue,
        dataset,
        [_carried(place, "A", "G", an=10, women=1, men=0) for place in places],
    )


def fill_sites(catalogue: Catalogue) -> None:
    """Publish a dataset of which only counts are kept."""
    _publish(catalogue, "sites", [_carried(100, "T", "C", an=4, women=1, men=1)])


def local_beacon(store: VariantStore) -> LocalBeacon:
    """Return a beacon that says everything its store holds."""
    return LocalBeacon(store, OPEN, references={}, deadline=2)


def application(
    beacon: BeaconService,
    network: NetworkService | None = None,
    porter: Porter | None = None,
    desk: Desk | None = None,
    **limits: int,
) -> web.Application:
    """Return the whole site over a beacon, the peers it asks, and who can log in."""
    app = create_api(
        beacon,
        IDENTITY,
        limits=Limits(**limits),
        network=network,
        porter=porter,
        desk=desk,
    )
    add_pages(app, behind_of(app))
    return app
