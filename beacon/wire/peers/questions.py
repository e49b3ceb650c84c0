"""A question of ours in the words of another beacon, the fewest that carry it.

Strict readers refuse one unknown key, so nothing is sent that the question does
not need; what a dialect has no words for is not asked at all, never asked wider.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.wire.peers.speech import Form, Manner, Request, Unasked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.model.query import Query
    from beacon.model.variant import Reference


def question(
    query: Query,
    peer: Manner,
    references: Mapping[str, Reference],
    *,
    form: Form = Form.ANCHORED,
    by_get: bool | None = None,
    is_ours: bool = False,
) -> Request | Unasked:
    """Return the request that asks a peer a question, or why there is none.

    Args:
        query: the question.
        peer: whom it is put to.
        references: genomes that alleles are normalised with, by assembly.
        form: how an insertion or deletion is spelled (``again`` says when another
            form is worth asking).
        by_get: whether it is asked by GET; ``None``: as the peer wants it.  A peer
            that answers 405 may be asked once more with the other.
        is_ours: whether the peer is known to be of this software, and has words for
            names of variants and similar events.
    """
    raise NotImplementedError
