"""The network as its doors see it: whom it asks, who they are, and how they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from beacon.model.health import NodeHealth, NodeState
from beacon.model.nodes import Node, NodeAnswer, NodeKind, Reason
from beacon.model.status import Status
from beacon.network.asker import NO_LIFTING, HttpAsker
from beacon.network.exchange import Exchange
from beacon.network.federation import Federation
from beacon.network.peers import Directory
from beacon.wire.info import API_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from beacon.model.lifting import Lifting
    from beacon.model.requester import Requester
    from beacon.model.variant import Reference
    from beacon.network.asking import Asking
    from beacon.network.peers import Peer
    from beacon.wire.peers.cards import Card


class NetworkService(Protocol):
    """A network, as its doors see it."""

    @property
    def federation(self) -> Federation:
        """Asks all nodes."""

    def health(self) -> Sequence[NodeHealth]:
        """Return how each node is, ourselves first."""

    def cards(self) -> Mapping[str, Card]:
        """Return what peers say of themselves, by id; of some nothing is known."""


class Network:
    """Ourselves and our peers, with all that is needed to ask them.

    Args:
        directory: whom we ask.
        references: genomes that alleles are normalised with, by assembly.
        environment: that we say we are.
        folder: where what peers say of themselves is kept; ``None``: nowhere.
        lifting: what questions are lifted to other assemblies with.
    """

    def __init__(
        self,
        directory: Directory,
        references: Mapping[str, Reference],
        *,
        environment: str,
        folder: Path | None = None,
        lifting: Lifting = NO_LIFTING,
    ) -> None:
        self._environment = environment
        self.exchange = Exchange(directory, folder)
        asker = HttpAsker(self.exchange, references, lifting)
        self.federation = Federation(asker, lambda: self.exchange.directory)

    @property
    def directory(self) -> Directory:
        """Whom we ask."""
        return self.exchange.directory

    async def open(self) -> None:
        """Begin to look at what peers say of themselves."""
        await self.exchange.open()

    async def take(self, directory: Directory) -> None:
        """Ask others from now on; what is under way goes on to its end."""
        await self.exchange.take(directory)

    async def close(self) -> None:
        """Ask nobody any more."""
        await self.exchange.close()

    def health(self) -> Sequence[NodeHealth]:
        """Return how each node is, ourselves first."""
        ours = _well(self.directory.here, self._environment)
        return (ours, *self.exchange.status())

    def cards(self) -> Mapping[str, Card]:
        """Return what peers say of themselves, by id; of some nothing is known."""
        look_of = self.exchange.metadata.look_of
        looks = {peer.node.id: look_of(peer).card for peer in self.directory.peers}
        return {name: card for name, card in looks.items() if card is not None}


class Alone:
    """A network of ourselves: of a beacon that asks no peers.

    Args:
        here: how we are presented.
        environment: that we say we are.
    """

    def __init__(self, here: Node, environment: str) -> None:
        directory = Directory(here=here)
        self.federation = Federation(_Nobody(), lambda: directory)
        self._health = _well(here, environment)

    def health(self) -> Sequence[NodeHealth]:
        """Return how we are."""
        return (self._health,)

    def cards(self) -> Mapping[str, Card]:
        """Return that there are no peers."""
        return {}


class _Nobody:
    """Asks nobody: there are no peers."""

    def held_off(self, peer: Peer, requester: Requester) -> NodeAnswer | None:
        """Return that nobody is left alone."""
        del peer, requester
        return None

    async def ask(self, peer: Peer, asking: Asking, seconds: float) -> NodeAnswer:
        """Return that a peer was not asked."""
        del asking, seconds
        return NodeAnswer(
            node=peer.node, status=Status.NOT_ASKED, reason=Reason.KIND_OF_QUESTION
        )

    async def ask_list(
        self, peer: Peer, askings: Sequence[Asking], seconds: float
    ) -> list[NodeAnswer] | None:
        """Return that no lists are taken."""
        del peer, askings, seconds
        return None


def _well(here: Node, environment: str) -> NodeHealth:
    """Return how we are who say it."""
    return NodeHealth(
        node=here, state=NodeState.OK, environment=environment, version=API_VERSION
    )


def ourselves(identity: str, name: str) -> Node:
    """Return how we are presented where no peers file says it."""
    parts = [part for part in identity.split(".") if len(part) == 2 and part.isalpha()]
    return Node(
        id=identity,
        names={"en": name},
        country=parts[0].upper() if parts else None,
        kind=NodeKind.HERE,
    )
