"""A beacon at an address that was typed: met, and then asked like any peer of ours.

It is asked over the same exchange and read by the same reader as the peers of a
network.  Whose it is is what it says; the address may be anywhere, as whoever typed
it chose it.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from ipaddress import ip_network
from typing import TYPE_CHECKING, Final

from yarl import URL

from beacon.model.disclosure import DatasetDisclosure, Disclosure
from beacon.model.errors import UsageError
from beacon.model.nodes import Node, NodeAnswer, NodeKind, Reason
from beacon.model.query import Granularity
from beacon.model.status import Status, overall
from beacon.network.asker import HttpAsker
from beacon.network.asking import Asking
from beacon.network.client import Client
from beacon.network.exchange import Exchange
from beacon.network.exchanged import Silence
from beacon.network.peers import Credentials, Directory, Peer, Proof, Terms
from beacon.wire.peers.cards import Card, read_card

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from beacon.model.nodes import NodeDataset
    from beacon.model.query import Query
    from beacon.model.variant import Reference

_ANYWHERE: Final = (ip_network("0.0.0.0/0"), ip_network("::/0"))
_NOBODY: Final = "-"
"""Our own id, where we are no beacon."""
_LARGEST: Final = 64 * 1024**2
_AT_ONCE: Final = 4
_REFUSALS: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def api_of(address: str) -> URL:
    """Return the address of a beacon's API: of its site, where that has no path.

    Raises:
        UsageError: it is no HTTP address.
    """
    try:
        site = URL(address)
    except ValueError as failure:
        message = f"--url {address} is not an address: {failure}"
        raise UsageError(message) from failure
    if site.scheme not in ("http", "https") or not site.host:
        message = f"--url {address} is not an http:// or https:// address"
        raise UsageError(message)
    base = site if site.path.strip("/") else site.with_path("/api")
    return base.with_path(base.path.rstrip("/")).with_query(None).with_fragment(None)


def shown(address: str) -> str:
    """Return an address without what it may hold of credentials."""
    return str(api_of(address).with_user(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """A beacon that said who it is.

    Attributes:
        peer: as it is asked.
        card: what it says of itself.
    """

    peer: Peer
    card: Card


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmet:
    """A beacon that did not say who it is; ``answer`` says why, as to any question."""

    answer: NodeAnswer


@dataclass(slots=True, kw_only=True)
class Elsewhere:
    """One address, and the connections to it.

    Attributes:
        address: as it was typed, without credentials.
        seconds: an answer may take.
    """

    address: str
    seconds: float
    client: Client = field(repr=False)
    stranger: Peer = field(repr=False)

    async def meet(self) -> Met | Unmet:
        """Return who is there."""
        came = await self.client.get(self.stranger, "/info", deadline=self.seconds)
        if isinstance(came, Silence):
            return self._unmet(Status.NO_ANSWER, came.reason, came.sentence)
        if came.status in _REFUSALS:
            sentence = f"It says who it is to nobody like us (HTTP {came.status})."
            return self._unmet(Status.REFUSED, Reason.REFUSED, sentence)
        card = Card()
        if came.status == HTTPStatus.OK:
            card = read_card({"info": came.body}, self.stranger.url)
        if card.beacon is None:
            sentence = f"It is no Beacon: its /info says nothing (HTTP {came.status})."
            return self._unmet(Status.NO_ANSWER, Reason.NOT_A_BEACON, sentence)
        node = Node(
            id=card.beacon,
            names={"en": card.name or card.beacon},
            kind=_kind(card),
        )
        peer = replace(self.stranger, node=node, assemblies=card.assemblies)
        return Met(peer=peer, card=card)

    def _unmet(self, status: Status, reason: Reason, sentence: str) -> Unmet:
        return Unmet(
            answer=NodeAnswer(
                node=self.stranger.node, status=status, reason=reason, sentence=sentence
            )
        )

    async def ask(
        self, query: Query, references: Mapping[str, Reference]
    ) -> Disclosure:
        """Return what the beacon there says to a question."""
        met = await self.meet()
        if isinstance(met, Unmet):
            return self._disclosed(met.answer, met.answer.node.id)
        here = Node(id=_NOBODY, names={"en": _NOBODY}, kind=NodeKind.HERE)
        exchange = Exchange(Directory(here=here, peers=(met.peer,)))
        try:
            await exchange.metadata.look(met.peer)
            asker = HttpAsker(exchange, references)
            answer = await asker.ask(met.peer, Asking(query=query), self.seconds)
        finally:
            await exchange.close()
        return self._disclosed(answer, met.peer.node.id)

    def _disclosed(self, answer: NodeAnswer, beacon: str) -> Disclosure:
        """Return a node's answer as a beacon's own; its silence has its place, too."""
        parts = tuple(_part(row, beacon) for row in answer.datasets)
        doubts = tuple(w for row in answer.datasets for w in row.warnings)
        if answer.status is not overall(part.status for part in parts) or not parts:
            parts = (*parts, _wordless(self.address, answer.status))
        why = () if answer.sentence is None else (f"{self.address}: {answer.sentence}",)
        return Disclosure(
            granularity=answer.granularity or Granularity.BOOLEAN,
            datasets=parts,
            warnings=(*why, *answer.warnings, *dict.fromkeys(doubts)),
        )


@asynccontextmanager
async def opened(
    address: str, token: str | None, seconds: float
) -> AsyncIterator[Elsewhere]:
    """Give a beacon at an address, and close all connections to it at the end.

    Raises:
        UsageError: it is no HTTP address.
    """
    proof = Proof.NONE if token is None else Proof.BEARER
    name = shown(address)
    stranger = Peer(
        node=Node(id=name, names={"en": name}),
        url=str(api_of(address)),
        seconds=seconds,
        at_once=_AT_ONCE,
        largest=_LARGEST,
        credentials=Credentials(proof=proof, token=token),
        private=_ANYWHERE,
    )
    client = Client(Terms())
    try:
        yield Elsewhere(address=name, seconds=seconds, client=client, stranger=stranger)
    finally:
        await client.close()


def _kind(card: Card) -> NodeKind:
    if card.is_network:
        return NodeKind.NETWORK
    version = (card.version or "").removeprefix("v")
    return NodeKind.V1 if version.startswith(("0.", "1.")) else NodeKind.BEACON


def _part(row: NodeDataset, beacon: str) -> DatasetDisclosure:
    """Return what is said of a dataset; that of another beacon is named with it."""
    if row.beacon == beacon:
        return row.part
    return replace(row.part, dataset=f"{row.beacon}/{row.part.dataset}")


def _wordless(name: str, status: Status) -> DatasetDisclosure:
    return DatasetDisclosure(
        dataset=name,
        name=name,
        status=status,
        granularity=Granularity.BOOLEAN,
        exists=status is Status.SEEN,
    )
