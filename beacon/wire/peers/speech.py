"""What has to be known of a peer to ask it and to read it; and what passes to it.

``beacon.network.peers.Peer`` is a ``Manner``; nothing is converted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.model.nodes import Node, Reason
    from beacon.model.variant import Allele


class Manner(Protocol):
    """How one peer is asked and read; ``beacon.network.peers.Peer`` is one."""

    @property
    def node(self) -> Node:
        """Who it is; its id must be that of its answers."""

    @property
    def one_based(self) -> bool:
        """Whether it takes and gives 1-based starts."""

    @property
    def by_get(self) -> bool:
        """Whether it takes questions as GET only."""

    @property
    def trims(self) -> bool:
        """Whether an insertion or deletion is asked again in its shortest form."""

    @property
    def assemblies(self) -> frozenset[str]:
        """It has; empty: not known."""

    @property
    def overlap(self) -> str | None:
        """Group of all its datasets, where nothing else is said of one."""

    @property
    def overlaps(self) -> Mapping[str, str]:
        """Group by dataset."""

    @property
    def same_as(self) -> Mapping[str, str]:
        """``beacon/dataset`` that one of its datasets is, by its id."""

    @property
    def kinds(self) -> Mapping[str, str]:
        """``patients`` or ``population`` by dataset (``*``: all others)."""


class Form(Enum):
    """How an insertion or deletion is spelled in a question."""

    ANCHORED = "anchored"
    """As VCF does: left-aligned, with the base before it."""
    TRIMMED = "trimmed"
    """Without any shared base."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question as it is sent.

    Attributes:
        method: ``POST`` or ``GET``.
        path: below the peer's address, without a slash at its start.
        parameters: of the query string, of a GET.
        body: of a POST, JSON in UTF-8.
        content_type: of the body.
        sent: the variant parameters in it, by which an echo is judged.
        form: how the allele is spelled.
        allele: the one that is asked for, as it is spelled in it.
        is_ours: whether it says what only beacons of this software have words for;
            no other's answer to it is believed.
    """

    method: str
    path: str
    parameters: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    content_type: str = "application/json"
    sent: Mapping[str, object]
    form: Form = Form.ANCHORED
    allele: Allele | None = None
    is_ours: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unasked:
    """Why a peer cannot be asked a question (the word for it is ``not_asked``)."""

    reason: Reason
    sentence: str
