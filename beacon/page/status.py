"""The page at ``/status``: how each node is, as ``/network/status`` says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from beacon.model.health import NodeState
from beacon.page.behind import BEHIND
from beacon.page.examples import box_of
from beacon.page.glossary import REASONS
from beacon.page.rendering import render, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp import web

    from beacon.model.health import NodeHealth
    from beacon.page.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One node, as it is shown.

    Attributes:
        health: how it is.
        name: in the reader's language.
        asked, answered, seen: moments, in UTC.
        why: what came of the last question, where it was no answer.
    """

    health: NodeHealth
    name: str
    asked: datetime | None
    answered: datetime | None
    seen: datetime | None
    why: str | None


async def show_status(request: web.Request) -> web.Response:
    """Show the page."""
    words = words_of(request)
    health = request.app[BEHIND].network.health()
    well = sum(each.state in (NodeState.OK, NodeState.SLOW) for each in health)
    return render(
        request,
        "status.html",
        box=await box_of(request),
        rows=rows(health, words),
        well=well,
    )


def rows(health: Sequence[NodeHealth], words: Words) -> list[Row]:
    """Return every node as it is shown, in the order of the network."""
    return [
        Row(
            health=each,
            name=each.node.names.get(words.language, each.node.names["en"]),
            asked=_moment(each.asked),
            answered=_moment(each.answered),
            seen=_moment(each.seen),
            why=None if each.reason is None else words.gettext(REASONS[each.reason]),
        )
        for each in health
    ]


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
