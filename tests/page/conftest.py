"""A browser for a module, and the site it looks at."""

from __future__ import annotations

import socket
from dataclasses import replace
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest

from beacon.auth.issuers import Client, Issuer
from beacon.model.nodes import Node
from beacon.network.peers import Peer
from tests.page.browser import browsing
from tests.served import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from beacon.store.connection import StoreAddress
    from tests.served import Served


QUESTION = {
    "assemblyId": "GRCh37",
    "referenceName": "22",
    "start": 100,
    "referenceBases": "T",
    "alternateBases": "C",
}


ISSUER = Issuer(
    name="hospital",
    iss="https://login.hospital.example",
    audiences=frozenset({"beacon"}),
    client=Client(
        id="beacon",
        title="hospital.example",
        authorization_uri="https://login.hospital.example/authorize",
        token_uri="https://login.hospital.example/token",  # noqa: S106 - an address
        end_session_uri="https://login.hospital.example/end",
    ),
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give a browser."""
    with browsing() as opened:
        yield opened


def peer(
    name: str, port: int, title: str, country: str | None = None, **more: object
) -> Peer:
    """Return a peer on this machine."""
    return Peer(
        node=Node(id=name, names={"en": title}, country=country),
        url=f"http://127.0.0.1:{port}/api",
        private=(ip_network("127.0.0.0/8"),),
        **{"seconds": 1.0, **more},
    )


@pytest.fixture(scope="session")
def hanging() -> Iterator[int]:
    """Give a port of something that takes every question and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as silent:
        yield silent.getsockname()[1]


@pytest.fixture(scope="session")
def closed() -> int:
    """Give a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        return gone.getsockname()[1]


@pytest.fixture(scope="session")
def site(populated_address: StoreAddress) -> Iterator[Served]:
    """Give a site with everything in it, without peers."""
    with served(populated_address) as one:
        yield one


@pytest.fixture(scope="session")
def peers(hanging: int, closed: int) -> tuple[Peer, ...]:
    """Give two peers: one hangs, one is not there."""
    return (
        peer("dk.hanging", hanging, "Hanging node", "DK"),
        peer("fi.gone", closed, "Gone node", "FI"),
    )


@pytest.fixture(scope="session")
def network_site(
    populated_address: StoreAddress, peers: tuple[Peer, ...]
) -> Iterator[Served]:
    """Give the same site with both peers.

    People could log in, at an issuer that nobody is sent to.
    """
    with served(populated_address, peers=peers, issuers=(ISSUER,)) as one:
        one.get("/network/g_variants", **QUESTION)  # so that each has a last question
        yield one


@pytest.fixture
def fresh_site(
    populated_address: StoreAddress, peers: tuple[Peer, ...]
) -> Iterator[Served]:
    """Give a site of which no peer is left alone yet: each is asked, and waited for."""
    patient = tuple(replace(each, seconds=3.0) for each in peers)
    with served(populated_address, peers=patient) as one:
        yield one
