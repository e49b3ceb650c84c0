"""What another beacon answered, read into our own words and values.

Rules in order: HTTP status, JSON, an error it tells, whose answer it is, what it
understood, each dataset's word, its numbers.  Every one that fails ends in
``no_answer`` or ``refused`` with its reason; what is left says yes or no.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.model.nodes import NodeAnswer
    from beacon.model.query import Query
    from beacon.wire.peers.speech import Form, Manner, Request


def read_answer(
    query: Query,
    peer: Manner,
    request: Request,
    *,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    names: Mapping[str, str] | None = None,
) -> NodeAnswer:
    """Return what a peer says; never raises, whatever came.

    Args:
        query: what was asked.
        peer: who was asked.
        request: as it was sent.
        status: HTTP status.
        headers: of the answer, names in any case.
        body: all of it, unpacked.
        names: of its datasets by id, where its metadata tells them.
    """
    raise NotImplementedError


def again(
    query: Query, peer: Manner, request: Request, said: NodeAnswer
) -> Form | None:
    """Return the form to ask a peer once more in, after what it said; mostly none."""
    raise NotImplementedError
