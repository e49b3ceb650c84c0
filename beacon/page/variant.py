"""``/v/{assembly}/{variant}``: each node's word for a variant, dataset by dataset.

One question is asked of all nodes and shown when all have answered or their time is
over; who did not answer has a row that says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from beacon.model.lifting import Lift
from beacon.model.nodes import ANSWERS
from beacon.model.query import Granularity, Include, Query
from beacon.model.status import Status
from beacon.page.answering import answer_to
from beacon.page.asked import Asked, read_box
from beacon.page.behind import BEHIND
from beacon.page.examples import box_of
from beacon.page.glossary import REASONS
from beacon.page.home import KINDS
from beacon.page.rendering import HEADERS, render, root_of
from beacon.page.search import show_puzzle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from beacon.model.counts import AlleleCounts
    from beacon.model.nodes import NetworkAnswer, NodeAnswer, NodeDataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one dataset, or a node without any, says.

    Attributes:
        node: that says it.
        dataset: of which it is said; ``None``: the node as a whole speaks.
        status: the word.
        notes: what is to be known of it, in English.
    """

    node: NodeAnswer
    dataset: NodeDataset | None
    status: Status
    notes: tuple[str, ...]

    @property
    def counts(self) -> AlleleCounts | None:
        """Its numbers, where the dataset speaks in numbers: as the API tells them."""
        part = None if self.dataset is None else self.dataset.part
        if part is None or part.granularity < Granularity.COUNT:
            return None
        return part.counts


async def show_variant(request: web.Request) -> web.Response:
    """Show what nodes say of a variant."""
    behind = request.app[BEHIND]
    text, assembly = request.match_info["variant"], request.match_info["assembly"]
    found = read_box(text, assembly, await behind.understanding(request))
    if not isinstance(found, Asked):
        return await show_puzzle(request, text, assembly, found)
    pattern = found.pattern
    if pattern.overlap is not None:
        address = f"{root_of(behind.identity)}{found.address}"
        return web.Response(status=303, headers={**HEADERS, hdrs.LOCATION: address})
    query = Query(
        pattern=pattern,
        granularity=Granularity.COUNT,
        include=Include.ALL,
    )
    answer = await answer_to(request, query)
    box = await box_of(request, found.shown, pattern.assembly)
    return render(
        request,
        "variant.html",
        box=replace(box, text=found.shown, assembly=pattern.assembly),
        asked=found,
        rows=list(rows(answer)),
        answered=sum(node.status in ANSWERS for node in answer.nodes),
        asked_nodes=sum(node.status is not Status.NOT_ASKED for node in answer.nodes),
        warnings=answer.warnings,
        kinds=KINDS,
        reasons=REASONS,
    )


def rows(answer: NetworkAnswer) -> Iterator[Row]:
    """Yield what is shown, in the order of the nodes: each dataset once."""
    once = {id(row) for row in answer.rows}
    for node in answer.nodes:
        own = [row for row in node.datasets if id(row) in once]
        if not own:
            yield Row(node=node, dataset=None, status=node.status, notes=node.warnings)
        for place, row in enumerate(own):
            whole = () if place else node.warnings  # once, at the node's first
            notes = (*_lift_notes(row), *row.warnings, *whole)
            yield Row(node=node, dataset=row, status=row.part.status, notes=notes)


def _lift_notes(row: NodeDataset) -> tuple[str, ...]:
    lifted = row.part.lifted
    if lifted is None:
        return ()
    if not isinstance(lifted, Lift):
        return (lifted.why,)
    asked = f"Asked as {lifted.lifted} on {lifted.assembly}."
    return (asked, *lifted.doubts, *lifted.notes)
