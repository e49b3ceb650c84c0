"""What lies beside an answer: other alleles here, other assemblies, what was found.

Other alleles are looked for where looking is free: where neither a policy nor an audit
stands between.  Everywhere else a link asks for them, as a question of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from beacon.model.errors import BeaconError
from beacon.model.genome import pos_from_start
from beacon.model.lifting import Lifted, lifted
from beacon.model.notation import vcf_style
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.query import Granularity, Include, Page, Query
from beacon.model.spelling import normal_allele
from beacon.page.asked import path_of
from beacon.page.behind import BEHIND
from beacon.page.regions import bar_of, total_of

if TYPE_CHECKING:
    from aiohttp import web

    from beacon.model.counts import AlleleCounts
    from beacon.model.lifting import Lifting
    from beacon.model.nodes import NetworkAnswer
    from beacon.model.similarity import Closeness
    from beacon.model.variant import Allele
    from beacon.page.regions import Bar

_MOST: Final = 12
_LOOKED_AT: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Another question: how it is written, and the path of its page.

    Attributes:
        assembly: it is on.
        is_certain: whether it is the same place for sure.
    """

    text: str
    path: str
    assembly: str
    is_certain: bool = True


async def nearby(request: web.Request, allele: Allele | None) -> list[Link] | None:
    """Return other alleles at a place; ``None``: that is a question of its own."""
    behind = request.app[BEHIND]
    if allele is None or not behind.is_open(request):
        return None
    end = max(allele.end, allele.start + 1)
    query = Query(
        pattern=VariantPattern(
            contig=allele.contig, overlap=Bounds(low=allele.start, high=end)
        ),
        granularity=Granularity.RECORD,
        include=Include.HIT,
        page=Page(limit=_LOOKED_AT),
    )
    beacon, requester = behind.beacon_of(request), behind.requester_of(request)
    try:
        said = await beacon.answer(query, requester)
    except BeaconError:
        return None
    own = vcf_style(allele)
    others = dict.fromkeys(
        vcf_style(each.allele)
        for part in said.datasets
        for each in part.variants
        if not each.allele.is_symbolic and each.allele.contig == allele.contig
    )
    assembly = allele.contig.assembly
    links = [
        Link(text=text, path=path, assembly=assembly)
        for text in others
        if text != own and (path := path_of("v", assembly, text)) is not None
    ]
    return links[:_MOST]


def region_text(allele: Allele | None) -> str | None:
    """Return the stretch of an allele, as a region that can be asked for."""
    if allele is None:
        return None
    first = pos_from_start(allele.start)
    return f"{allele.contig.name}:{first}-{max(first, allele.end)}"


def elsewhere(query: Query, lifting: Lifting) -> list[Link]:
    """Return the same question on other assemblies, where it can be lifted."""
    pattern = query.pattern
    if pattern is None or not pattern.spellings:
        return []
    links = []
    for source, target in sorted(lifting.chains):
        if source != pattern.assembly:
            continue
        found = lifted(query, target, lifting)
        if isinstance(found, Lifted):
            there = found.query.pattern
            if there is None or not there.spellings:
                continue
            text = vcf_style(normal_allele(there, lifting.references))
            path = path_of("v", target, text)
            if path is not None:
                certain = found.lift.is_certain
                links.append(
                    Link(text=text, path=path, assembly=target, is_certain=certain)
                )
    return links


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One variant that a question found which may mean several.

    Attributes:
        bar: how it is written.
        path: of its own page; ``None``: it has none.
        close: how similar it is to an event that was asked for.
        told: by whom, and with which counts.
    """

    bar: Bar
    path: str | None
    close: Closeness | None
    told: list[tuple[str, AlleleCounts | None]]


def found_in(answer: NetworkAnswer, pattern: VariantPattern) -> list[Found]:
    """Return every variant that is told, once: the most similar first."""
    similar = pattern.similar
    found: dict[tuple[str, str], Found] = {}
    for row in answer.rows:
        for variant in row.part.variants:
            counts = total_of(variant)
            bar = bar_of(variant.allele, counts)
            assembly = variant.allele.contig.assembly
            each = found.setdefault(
                (assembly, bar.text),
                Found(
                    bar=bar,
                    path=path_of("v", assembly, bar.text),
                    close=None
                    if similar is None
                    else similar.closeness(variant.allele),
                    told=[],
                ),
            )
            each.told.append((row.part.name, counts))
    return sorted(found.values(), key=_by_closeness)


def _by_closeness(found: Found) -> tuple[float, int]:
    return (0.0, 0) if found.close is None else found.close.order
