"""The pages over given datasets, without a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from beacon.model.lifting import Lifting
from beacon.model.requester import ANONYMOUS
from beacon.network.network import Alone, ourselves
from beacon.page.behind import Behind
from beacon.page.views import add_pages
from tests.speaking import IDENTITY

if TYPE_CHECKING:
    from beacon.model.dataset import Dataset
    from beacon.model.requester import Requester
    from beacon.network.network import NetworkService
    from beacon.wire.info import BeaconIdentity


class Shelf:
    """A catalogue of given datasets."""

    def __init__(self, *datasets: Dataset) -> None:
        self.listed = datasets

    async def datasets(self, requester: Requester) -> tuple[Dataset, ...]:
        """Return them."""
        del requester
        return self.listed


def pages(
    *datasets: Dataset,
    network: NetworkService | None = None,
    identity: BeaconIdentity = IDENTITY,
) -> web.Application:
    """Return an application of the pages alone; nothing can be asked of it."""
    here = ourselves(identity.id, identity.name)
    app = web.Application()
    add_pages(
        app,
        Behind(
            identity=identity,
            network=network or Alone(here, identity.environment),
            beacon_of=lambda _: Shelf(*datasets),
            requester_of=lambda _: ANONYMOUS,
            understanding=lambda _: None,
            asking=lambda *_: None,
            note=lambda *_: None,
            write_down=lambda *_: None,
            lifting=Lifting(),
            has_policy=lambda: False,
            answers=lambda *_: None,
            is_open=lambda _: False,
        ),
    )
    return app


async def page(aiohttp_client, *datasets, path="/", headers=None, **more):
    """Return the answer to a request for a page, and its text."""
    client = await aiohttp_client(pages(*datasets, **more))
    response = await client.get(path, headers=headers)
    return response, await response.text()
