"""A question on its way to other beacons, and whoever can put it to one of them.

``Federation`` knows when whom to ask; how a peer is asked and what its answer means
is an ``Asker``'s.  Nothing here moves a byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Protocol

from beacon.model.requester import ANONYMOUS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beacon.model.nodes import NodeAnswer
    from beacon.model.query import Query
    from beacon.model.requester import Requester
    from beacon.network.exchanged import SubjectToken
    from beacon.network.peers import Peer


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One question that is asked of a network.

    Attributes:
        query: what is asked.
        requester: who asks us; a peer is never told.
        request_id: under which peers can find it in their logs and we in ours.
        via: beacons it has passed, ourselves last (``Via``, RFC 9110, section 7.6.3).
        comes_from_a_network: whether another network asks us, whatever it passes on.
        subject: the token the requester came with, for whom a peer's own
            authorisation server gives one in its place.
        seconds: within which whoever asks must have an answer, whatever the terms.
    """

    query: Query
    requester: Requester = ANONYMOUS
    request_id: str | None = None
    via: tuple[str, ...] = ()
    comes_from_a_network: bool = False
    subject: SubjectToken | None = None
    seconds: float = inf


class Asker(Protocol):
    """Puts questions to peers."""

    def held_off(self, peer: Peer, requester: Requester) -> NodeAnswer | None:
        """Return why a peer is left alone by one requester; ``None``: it is not.

        It is asked before others' exchanges are joined: what holds for one is told to
        nobody else.
        """

    async def ask(self, peer: Peer, asking: Asking, seconds: float) -> NodeAnswer:
        """Return what came of asking a peer; every failure is an answer, too.

        Args:
            peer: that is asked.
            asking: what it is asked.
            seconds: within which it must answer.
        """

    async def ask_list(
        self, peer: Peer, askings: Sequence[Asking], seconds: float
    ) -> list[NodeAnswer] | None:
        """Return what a peer says to each of many questions, asked in one request.

        ``None``: it takes no lists, and is asked one by one.
        """
