"""Whom a file's alleles are asked of beside the own store, and what each of them holds.

A beacon at a typed address must say who it is, or nothing is written; a peer of the
network that does not has its word in the file instead.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from beacon.app import directory_of
from beacon.cli import elsewhere
from beacon.cli.listed import Target, met, unlisted, unmet
from beacon.model.errors import StoreUnavailable, UsageError
from beacon.model.nodes import NodeAnswer, Reason
from beacon.model.status import Status
from beacon.network.exchange import Exchange
from beacon.wire.info import API_VERSION

if TYPE_CHECKING:
    from beacon.network.peers import Peer
    from beacon.settings import Settings
    from beacon.wire.peers.cards import Card

_SECONDS: Final = 60.0
"""That a beacon at an address has for one answer."""


async def addressed(url: str, token: str | None, assembly: str) -> Target:
    """Return the beacon at an address.

    Raises:
        UsageError: it is no address.
        StoreUnavailable: it does not say who it is, or what it holds.
    """
    async with elsewhere.opened(url, token, _SECONDS) as there:
        found = await there.meet()
        if isinstance(found, elsewhere.Unmet):
            message = f"{there.address}: {found.answer.sentence or 'it is silent'}"
            raise StoreUnavailable(message)
        target = met(found.peer, found.card, assembly, there.address)
    if target.unmet is None and (found.card.datasets or not _lists(found.card)):
        return target
    nothing = replace(target.consulted, columns=())  # which is told of all together
    return replace(target, consulted=nothing)


def _lists(card: Card) -> bool:
    """Whether a beacon lists its datasets, so that where it lists none it has none."""
    return card.version == API_VERSION


async def peers_of(settings: Settings, assembly: str) -> list[Target]:
    """Return all peers, in their order; each that takes lists says what it holds.

    Raises:
        UsageError: there is no peers file, or it cannot be acted on.
    """
    directory = directory_of(settings)
    if directory is None:
        message = "--network asks peers: name their file in network.peers"
        raise UsageError(message)
    exchange = Exchange(directory, shows_token=True)
    try:
        found = (_target(exchange, peer, assembly) for peer in directory.peers)
        return list(await asyncio.gather(*found))
    finally:
        await exchange.close()


async def _target(exchange: Exchange, peer: Peer, assembly: str) -> Target:
    """Return how a peer is asked, as far as it says who it is."""
    if not peer.batch:
        return unlisted(peer)
    look = await exchange.metadata.look(peer)
    silence = exchange.metadata.refusal(peer) or look.silence
    if silence is not None or look.card is None:
        answer = NodeAnswer(
            node=peer.node,
            status=Status.NO_ANSWER,
            reason=Reason.NOT_A_BEACON if silence is None else silence.reason,
            sentence=None if silence is None else silence.sentence,
        )
        return unmet(peer, answer)
    return met(peer, look.card, assembly, peer.url)
