"""The network as its doors see it: whom it asks, who they are, and how they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from beacon.model.nodes import Node, NodeAnswer, NodeKind, Reason
from beacon.model.status import Status
from beacon.network.asker import HttpAsker
from beacon.network.client import Client
from beacon.network.federation import Federation
from beacon.network.health import Health
from beacon.network.peers import Directory
from beacon.wire.network import Member

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from beacon.model.variant import Reference
    from beacon.network.asker import Lift
    from beacon.network.asking import Asking
    from beacon.network.peers import Peer
    from beacon.wire.info import Document


class NetworkService(Protocol):
    """A network, as its doors see it."""

    @property
    def federation(self) -> Federation:
        """Asks all nodes."""

    def members(self) -> Sequence[Member]:
        """Return what is known of each node, ourselves first."""

    def status(self) -> Document:
        """Return how each node is."""


class Network:
    """Ourselves and our peers, with all that is needed to ask them.

    Args:
        directory: whom we ask.
        references: genomes that alleles are normalised with, by assembly.
        environment: that we say we are.
        lift: gives a question on another assembly; ``None``: nothing does.
    """

    def __init__(
        self,
        directory: Directory,
        references: Mapping[str, Reference],
        *,
        environment: str,
        lift: Lift | None = None,
    ) -> None:
        self.directory = directory
        self._environment = environment
        self.health = Health()
        self._client = Client(directory.terms)
        asker = HttpAsker(self._client, self.health, references, lift=lift)
        self.federation = Federation(asker, lambda: self.directory)

    async def take(self, directory: Directory) -> None:
        """Ask others from now on; what is under way goes on to its end."""
        self.directory = directory
        await self._client.take(directory.terms, directory.peers)
        self.health.keep({peer.node.id for peer in directory.peers})

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    def members(self) -> Sequence[Member]:
        """Return what is known of each node, ourselves first."""
        return (
            Member(node=self.directory.here, environment=self._environment),
            *(Member(node=p.node, url=p.url) for p in self.directory.peers),
        )

    def status(self) -> Document:
        """Return how each node is."""
        return {"nodes": []}


class Alone:
    """A network of ourselves: of a beacon that asks no peers.

    Args:
        here: how we are presented.
        environment: that we say we are.
    """

    def __init__(self, here: Node, environment: str) -> None:
        directory = Directory(here=here)
        self.federation = Federation(_Nobody(), lambda: directory)
        self._member = Member(node=here, environment=environment)

    def members(self) -> Sequence[Member]:
        """Return what is known of ourselves."""
        return (self._member,)

    def status(self) -> Document:
        """Return that we are."""
        return {"nodes": []}


class _Nobody:
    """Asks nobody: there are no peers."""

    async def ask(self, peer: Peer, asking: Asking, seconds: float) -> NodeAnswer:
        """Return that a peer was not asked."""
        del asking, seconds
        return NodeAnswer(
            node=peer.node, status=Status.NOT_ASKED, reason=Reason.KIND_OF_QUESTION
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
