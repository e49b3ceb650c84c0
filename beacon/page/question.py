"""A question of a variant's page: what is asked, and how it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiohttp import hdrs, web

from beacon.model.genome import pos_from_start
from beacon.model.hgvs import hgvs_g
from beacon.model.query import Granularity, Include, Page, Query
from beacon.model.spelling import normal_allele
from beacon.page.asked import Asked, read_box
from beacon.page.behind import BEHIND
from beacon.page.outward import Place, place_of
from beacon.page.rendering import HEADERS, root_of
from beacon.page.search import show_puzzle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.model.nodes import Node
    from beacon.model.variant import Allele, Reference
    from beacon.network.asking import Asking

_MOST: Final = 100
"""Variants that are listed of a question that may mean several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a page of a variant asks.

    Attributes:
        asked: as it was understood.
        allele: the one allele that is asked for, if it is one.
        hgvs: how that is written in HGVS, where it can be told.
        is_unchecked: whether nobody here could tell if its REF is right.
        asking: how it is asked.
        nodes: who is asked, in the order they are shown.
    """

    asked: Asked
    allele: Allele | None
    hgvs: str | None
    is_unchecked: bool
    asking: Asking
    nodes: tuple[Node, ...]

    @property
    def place(self) -> Place | None:
        """What it is about, where that is one place."""
        if self.allele is not None:
            return place_of(self.allele)
        similar = self.asked.pattern.similar
        if similar is None or not similar.event.is_span:
            return None
        event = similar.event
        return Place(
            assembly=self.asked.pattern.assembly,
            contig=event.contig,
            first=pos_from_start(event.start),
            last=event.end,
            kind=event.kind,
        )


async def question_of(request: web.Request) -> Question | web.Response:
    """Return what is asked; or where else to go, or why it is not understood."""
    behind = request.app[BEHIND]
    text, assembly = request.match_info["variant"], request.match_info["assembly"]
    known = await behind.understanding(request)
    found = read_box(text, assembly, known)
    if not isinstance(found, Asked):
        return await show_puzzle(request, text, assembly, found)
    pattern = found.pattern
    if pattern.overlap is not None:
        address = f"{root_of(behind.identity)}{found.address}"
        return web.Response(status=303, headers={**HEADERS, hdrs.LOCATION: address})
    query = Query(
        pattern=pattern,
        granularity=Granularity.RECORD,  # what may be told of populations
        include=Include.ALL,
        page=Page(limit=_MOST),
    )
    allele = normal_allele(pattern, known.references) if pattern.spellings else None
    return Question(
        asked=found,
        allele=allele,
        hgvs=None if allele is None else _hgvs(allele, known.references),
        is_unchecked=allele is not None and _is_unchecked(allele, known.references),
        asking=behind.asking(request, query),
        nodes=tuple(behind.network.federation.nodes),
    )


def _is_unchecked(allele: Allele, references: Mapping[str, Reference]) -> bool:
    return bool(allele.reference) and allele.contig.assembly not in references


def _hgvs(allele: Allele, references: Mapping[str, Reference]) -> str | None:
    """Return an allele in HGVS; ``None``: only a reference tells how it is written."""
    reference = references.get(allele.contig.assembly)
    is_plain = len(allele.reference) == len(allele.alternate) == 1
    return hgvs_g(allele, reference) if is_plain or reference is not None else None
