"""``/region/{assembly}/{region}``: what lies in a region or a gene, dataset by dataset.

Two questions are asked of all nodes: what lies there, and what of it is large.  Each
is a question as any other, with the same permit, budget and audit.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from aiohttp import hdrs, web

from beacon.model.query import Granularity, Include, Page, Query
from beacon.page.answering import answer_to
from beacon.page.asked import Asked, path_of, read_box
from beacon.page.behind import BEHIND
from beacon.page.examples import box_of
from beacon.page.glossary import REASONS
from beacon.page.region_svg import axis_svg, sign_svg, track_svg
from beacon.page.regions import (
    KINDS,
    LARGE,
    MOST_LARGE,
    MOST_SMALL,
    kinds_of,
    tracks,
    window_of,
)
from beacon.page.rendering import HEADERS, render, root_of, words_of
from beacon.page.search import show_puzzle
from beacon.page.verdict import whole as answered_of
from beacon.page.words import N_

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.model.nodes import NetworkAnswer
    from beacon.model.pattern import VariantPattern
    from beacon.page.regions import Track
    from beacon.page.words import Words

NAMES: Final[Mapping[str, str]] = {
    "DEL": N_("deletion"),
    "DUP": N_("duplication"),
    "CNV": N_("copy number variant"),
    "INV": N_("inversion"),
    "INS": N_("insertion"),
    "BND": N_("breakend"),
    "INDEL": N_("deletion and insertion"),
    "MNP": N_("several bases"),
    "SNP": N_("single base"),
}
"""What types are called, for people."""


async def show_region(request: web.Request) -> web.Response:
    """Show what nodes say of a region."""
    behind, words = request.app[BEHIND], words_of(request)
    text, assembly = request.match_info["region"], request.match_info["assembly"]
    found = read_box(text, assembly, await behind.understanding(request))
    if not isinstance(found, Asked):
        return await show_puzzle(request, text, assembly, found)
    box = await box_of(request, text, assembly)
    if found.pattern.overlap is None or found.pattern.contig is None:
        address = f"{root_of(behind.identity)}{found.address}"
        return web.Response(status=303, headers={**HEADERS, hdrs.LOCATION: address})
    whole, large = await asyncio.gather(
        _answered(request, found.pattern, MOST_SMALL),
        _answered(request, replace(found.pattern, min_length=LARGE), MOST_LARGE),
    )
    assembly = found.pattern.assembly
    overlap, contig = found.pattern.overlap, found.pattern.contig
    window = window_of(overlap.low, overlap.high, contig.length)
    shown = tracks(whole, large, window)
    return render(
        request,
        "region.html",
        box=replace(box, text=found.shown, assembly=found.pattern.assembly),
        asked=found,
        window=window,
        contig=contig,
        tracks=shown,
        answered=answered_of(whole, words),
        axis=axis_svg(window, words.number),
        drawn=[track_svg(each, window, _label(each, words)) for each in shown],
        legend=[(kind, sign_svg(kind)) for kind in kinds_of(shown)],
        names=NAMES,
        kinds=KINDS,
        reasons=REASONS,
        large=LARGE,
        address=lambda bar: path_of("v", assembly, bar.text),
    )


async def _answered(
    request: web.Request, pattern: VariantPattern, most: int
) -> NetworkAnswer:
    """Return what all nodes say of what lies somewhere.

    Raises:
        BeaconError: when it cannot be asked of anybody, or is one too many.
    """
    query = Query(
        pattern=pattern,
        warnings=pattern.notes,
        granularity=Granularity.RECORD,
        include=Include.ALL,
        page=Page(limit=most),
    )
    return await answer_to(request, query)


def _label(track: Track, words: Words) -> str:
    """Return what a picture shows, for those who do not see it."""
    count = len(track.bars)
    return words.ngettext(
        "%(num)s large variant; the table below lists it",
        "%(num)s large variants; the table below lists them",
        count,
    )
