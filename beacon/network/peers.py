"""A peer: whom we ask, how, and what may be believed.  Read from the peers file."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Network, IPv6Network
    from pathlib import Path

    from beacon.model.nodes import Node


ALL_OTHERS: Final = "*"
"""Stands for every dataset that is not named."""
_SHARES: Final = 2
"""One requester may have one of so many shares of the places there are."""
_FEWEST: Final = 2
"""Places that anybody may have, however few there are."""


class Audience(StrEnum):
    """For whom a peer is asked."""

    ANYONE = "anyone"
    IDENTIFIED = "identified"
    """Whoever says who they are: what our service is shown, not everybody is."""


class Proof(StrEnum):
    """How we show a peer who asks."""

    NONE = "none"
    BEARER = "bearer"
    EXCHANGE = "token-exchange"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a peer is shown; secrets stay in their files until they are needed.

    Attributes:
        proof: which way.
        token_file: of our service's token (``bearer``).
        token: itself, where it is in no file (of one that a command was given).
        token_url: of the peer's authorisation server (``token-exchange``, RFC 8693).
        client_id, client_secret_file: of ours there.
        audience, scope: that the exchanged token is for.
        certificate, key: of ours towards the peer (mutual TLS), beside any of these.
        authorities: of a private kind that sign the peer's certificate.
    """

    proof: Proof = Proof.NONE
    token_file: Path | None = None
    token: str | None = field(default=None, repr=False)
    token_url: str | None = None
    client_id: str | None = None
    client_secret_file: Path | None = None
    audience: str | None = None
    scope: str | None = None
    certificate: Path | None = None
    key: Path | None = None
    authorities: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One node we ask over HTTP.

    Attributes:
        node: how it is presented; its id must be that of its answers.
        url: of its API, without a trailing slash.
        seconds: it has for an answer.
        at_once: questions it is asked at the same time.
        largest: bytes of an answer, unpacked; more of them are read by nobody.
        credentials: what it is shown.
        audience: for whom it is asked.
        private: networks it may live in; public addresses only, where empty.
        proxy: that it is reached by; ``None``: directly.
        one_based: whether it takes and gives 1-based starts.
        by_get: whether it takes questions as GET only.
        trims: whether an insertion or deletion is asked again in its shortest form.
        batch: whether lists may be asked of it.
        assemblies: it has; empty: as its metadata or its answers say.
        overlap: group of all its datasets, where nothing else is said of one.
        overlaps: group by dataset.
        same_as: ``beacon/dataset`` that one of its datasets is, by its id.
        kinds: ``patients`` or ``population`` by dataset (``*``: all others).
    """

    node: Node
    url: str
    seconds: float = 5.0
    at_once: int = 4
    largest: int = 4_000_000
    credentials: Credentials = field(default_factory=Credentials)
    audience: Audience = Audience.ANYONE
    private: tuple[IPv4Network | IPv6Network, ...] = ()
    proxy: str | None = None
    one_based: bool = False
    by_get: bool = False
    trims: bool = False
    batch: bool = False
    assemblies: frozenset[str] = frozenset()
    overlap: str | None = None
    overlaps: Mapping[str, str] = field(default_factory=dict)
    same_as: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)

    def overlap_of(self, dataset: str, beacon: str | None = None) -> str | None:
        """Return the group whose datasets may hold the same people as this one.

        Args:
            dataset: its id.
            beacon: whose it is, behind a network: what is said of ``beacon/dataset``
                comes before what is said of its id alone.
        """
        return _said_of(self.overlaps, dataset, beacon) or self.overlap

    def kind_of(self, dataset: str, beacon: str | None = None) -> str | None:
        """Return what its people are, where the operator said it."""
        return _said_of(self.kinds, dataset, beacon) or self.kinds.get(ALL_OTHERS)

    def same_of(self, dataset: str, beacon: str | None = None) -> str | None:
        """Return the ``beacon/dataset`` that it is, where the operator said it."""
        return _said_of(self.same_as, dataset, beacon)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for all questions of the network.

    Attributes:
        deadline: seconds no question runs longer than.
        questions: at once; more are told to come again.
        connections: to all peers together.
        remembered: seconds a "yes" is remembered for, of questions nobody logged in
            for; failures never are.
        remembered_no: the same of a "no".
        refresh: seconds between two looks at what a peer says of itself.
        agent: the ``User-Agent`` we go by.
        most_hops: networks a question may have passed.
    """

    deadline: float = 8.0
    questions: int = 16
    connections: int = 64
    remembered: float = 600.0
    remembered_no: float = 120.0
    refresh: float = 3600.0
    agent: str = "nordic-beacon"
    most_hops: int = 3

    def places(self, party: str | None) -> int:
        """Return how many questions a requester may have on their way at once.

        That is half of all, and two at least.  Whom nothing tells from others, as all
        who ask from this machine, have all together.
        """
        if party is None:
            return self.questions
        return max(_FEWEST, self.questions // _SHARES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Everybody we ask, in the order their answers are shown in; ourselves first.

    Attributes:
        here: how our own answers are presented.
        peers: whom we ask beside ourselves.
        terms: what holds for all of them.
        here_overlap: group of all our datasets, where nothing else is said of one.
        here_overlaps: group by dataset of ours.
        here_same_as: ``beacon/dataset`` that one of ours is, by its id.
    """

    here: Node
    peers: tuple[Peer, ...] = ()
    terms: Terms = field(default_factory=Terms)
    here_overlap: str | None = None
    here_overlaps: Mapping[str, str] = field(default_factory=dict)
    here_same_as: Mapping[str, str] = field(default_factory=dict)

    def overlap_of(self, dataset: str, beacon: str | None = None) -> str | None:
        """Return the group whose datasets may hold the same people as ours."""
        return _said_of(self.here_overlaps, dataset, beacon) or self.here_overlap

    def same_of(self, dataset: str, beacon: str | None = None) -> str | None:
        """Return the ``beacon/dataset`` that one of ours is, where that is said."""
        return _said_of(self.here_same_as, dataset, beacon)


def _said_of(known: Mapping[str, str], dataset: str, beacon: str | None) -> str | None:
    return known.get(f"{beacon}/{dataset}", known.get(dataset))
