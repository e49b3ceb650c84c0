"""What a requester has left, as a document.

Everything in it is about whoever asks, and follows from what that has asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.wire.info import framework_document, given

if TYPE_CHECKING:
    from beacon.model.allowance import Allowance, Learnt, Room
    from beacon.wire.info import Document, Speaker


def budget(speaker: Speaker, allowance: Allowance) -> Document:
    """Return the ``/budget`` document."""
    response = given(
        tier=allowance.tier,
        limits=[_limit(room) for room in allowance.rooms],
        ledgers=[_ledger(one) for one in allowance.ledgers],
    )
    return framework_document(speaker, "budget", response)


def _limit(room: Room) -> Document:
    return {
        "tier": room.tier,
        "scope": room.scope,
        "days": room.days,
        "limit": room.limit,
        "left": room.left,
        "resetSeconds": room.seconds,
    }


def _ledger(one: Learnt) -> Document:
    return {
        "datasetId": one.dataset,
        "nats": round(one.most, 3),
    }
