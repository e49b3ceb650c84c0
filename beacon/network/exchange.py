"""All that peers are asked with, in one hand: client, health, metadata, and who it is.

``take`` changes whom we ask while questions are on their way; those end as they began.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from beacon.model.health import NodeHealth, NodeState
from beacon.model.nodes import NodeKind
from beacon.network.client import Client, way_to
from beacon.network.health import Health
from beacon.network.metadata import Metadata
from beacon.network.peers import Proof

if TYPE_CHECKING:
    from pathlib import Path

    from beacon.network.exchanged import Silence
    from beacon.network.peers import Directory, Peer
    from beacon.wire.peers.cards import Card


class Exchange:
    """Asks peers, and knows how they are.

    Args:
        directory: whom.
        folder: where what they say of themselves is kept; ``None``: nowhere.
        client: that bytes are moved with; ``None``: one of its own.
        shows_token: whether peers see our service's token when they are looked at:
            what they say then is not everybody's.
    """

    def __init__(
        self,
        directory: Directory,
        folder: Path | None = None,
        client: Client | None = None,
        *,
        shows_token: bool = False,
    ) -> None:
        self.directory = directory
        self.client = client or Client(directory.terms)
        self.health = Health()
        self.metadata = Metadata(
            self.client, directory.here.id, folder, shows_token=shows_token
        )
        self._tells_all = shows_token
        self._known: dict[str, tuple[Peer, Card, Peer]] = {}
        self._meetings: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def open(self) -> None:
        """Begin to look at what peers say of themselves."""
        await self.metadata.take(self.directory)

    async def take(self, directory: Directory) -> None:
        """Ask others from now on."""
        before = {peer.node.id: way_to(peer) for peer in self.directory.peers}
        self.directory = directory
        await self.client.take(directory.terms, directory.peers)
        self._known.clear()
        # How it was on another way says nothing: what was mended is asked at once.
        same = (p for p in directory.peers if before.get(p.node.id) == way_to(p))
        self.health.keep({peer.node.id for peer in same})
        await self.metadata.take(directory)

    async def close(self) -> None:
        """Ask nobody any more."""
        await self.metadata.close()
        await self.client.close()

    def may_ask(self, peer: Peer) -> Silence | None:
        """Return why a peer must not be asked now; ``None``: it may be.

        Who is told that it may, asks it and tells ``health`` what came.
        """
        return self.metadata.refusal(peer) or self.health.may_ask(peer)

    def known(self, peer: Peer) -> Peer:
        """Return a peer with the assemblies it says it has, where the file says none.

        What it has not, it need not be asked.  A peer that is shown who we are may
        have more than it says of itself to everybody; of v1 that is no reason, as
        its "no" on an assembly it has not looks like any other.
        """
        if peer.assemblies:
            return peer
        card = self.metadata.look_of(peer).card
        if card is None or not card.assemblies:
            return peer
        before = self._known.get(peer.node.id)
        if before is None or before[0] is not peer or before[1] is not card:
            before = (peer, card, self._with_assemblies(peer, card))
            self._known[peer.node.id] = before
        return before[2]

    @staticmethod
    def _with_assemblies(peer: Peer, card: Card) -> Peer:
        shown, is_v1 = peer.credentials, peer.node.kind is NodeKind.V1
        is_known = shown.proof is not Proof.NONE or shown.certificate is not None
        if is_known and not is_v1:
            return peer
        return replace(peer, assemblies=card.assemblies)

    async def meet(self, peer: Peer, seconds: float) -> None:
        """Look at a peer whose assemblies nobody said, unless it was looked at.

        All who ask meanwhile wait for one look, no longer than ``seconds``.
        """
        look = self.metadata.look_of(peer)
        if peer.assemblies or look.card is not None or look.silence is not None:
            return
        lock = self._meetings.setdefault(peer.node.id, asyncio.Lock())
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), lock:
                look = self.metadata.look_of(peer)
                if look.card is None and look.silence is None:
                    await self.metadata.look(peer)

    def status(self) -> list[NodeHealth]:
        """Return how every peer is, in the order of the configuration."""
        return [self.status_of(peer) for peer in self.directory.peers]

    def status_of(self, peer: Peer) -> NodeHealth:
        """Return how one peer is: as it answers, and as it says."""
        health, look = self.health.of(peer), self.metadata.look_of(peer)
        card, refusal = look.card, self.metadata.refusal(peer)
        problems = look.problems
        if refusal is not None:
            problems = (refusal.sentence, *problems)
        state = health.state
        if refusal is not None or (health.asked is None and look.silence is not None):
            state = NodeState.DOWN
        elif state is NodeState.UNKNOWN and card is not None and not look.is_copy:
            state = NodeState.OK
        return replace(
            health,
            state=state,
            version=None if card is None else card.version,
            environment=None if card is None else card.environment,
            updated=None if card is None else card.updated,
            assemblies=() if card is None else tuple(sorted(card.assemblies)),
            datasets=()
            if card is None or (look.is_shown and not self._tells_all)
            else tuple(sorted(card.datasets)),
            seen=look.seen,
            problems=problems,
            certificate_days=self.client.days_left(peer),
        )
