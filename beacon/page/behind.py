"""What stands behind the pages: handed in by the roof, once, for all of them.

A page asks through these and through nothing else; it knows no database, no policy
and no other door.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from beacon.auth.logins import Desk
    from beacon.auth.sessions import Session
    from beacon.model.errors import BeaconError
    from beacon.model.lifting import Lifting
    from beacon.model.nodes import NetworkAnswer, NodeAnswer
    from beacon.model.query import Query
    from beacon.model.requester import Requester
    from beacon.network.asking import Asking
    from beacon.network.here import Local
    from beacon.network.network import NetworkService
    from beacon.wire.info import BeaconIdentity
    from beacon.wire.requests import Understanding


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """What pages know of those who log in.

    Attributes:
        desk: where they do.
        session_of: gives the session of a request; ``None``: nobody is logged in.
        has_ended: whether whoever sent a request was logged in, and is no more.
        arrived: has the audit told who has just logged in.
    """

    desk: Desk
    session_of: Callable[[web.Request], Session | None]
    has_ended: Callable[[web.Request], bool]
    arrived: Callable[[web.Request, Requester], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What the pages of one beacon are made from.

    Attributes:
        identity: who this beacon says it is.
        network: asks every node, ourselves among them, and knows how they are.
        beacon_of: gives our own beacon as a request asks it: what it tells is noted.
        requester_of: gives who asks, as the door found out.
        understanding: gives what questions of a request are understood with.
        asking: makes a question to the network of a question in a request.
        note: has the audit told what other nodes said to a request.
        write_down: has it written what other nodes say, before that is said.
        lifting: what questions are lifted to other assemblies with.
        is_open: whether neither a policy nor an audit stands between a request and
            the data, so that examples may be looked up.
        has_policy: whether a policy says what who may ask.
        answers: gives what all nodes say to each of many questions, or why nobody
            does; they are counted, and the audit is told.
        reception: where people log in; ``None``: nobody does.
    """

    identity: BeaconIdentity
    network: NetworkService
    beacon_of: Callable[[web.Request], Local]
    requester_of: Callable[[web.Request], Requester]
    understanding: Callable[[web.Request], Awaitable[Understanding]]
    asking: Callable[[web.Request, Query], Asking]
    note: Callable[[web.Request, Iterable[NodeAnswer]], None]
    write_down: Callable[[web.Request, Iterable[NodeAnswer]], Awaitable[None]]
    lifting: Lifting
    is_open: Callable[[web.Request], bool]
    has_policy: Callable[[], bool]
    answers: Callable[
        [web.Request, Sequence[Query]], Awaitable[Sequence[NetworkAnswer | BeaconError]]
    ]
    reception: Reception | None = None


BEHIND: web.AppKey[Behind] = web.AppKey("behind", Behind)
