"""The box above a page: its assemblies, and texts to try, of what is loaded.

Where neither a policy nor an audit stands between, the examples are variants that
are there, looked up once for a release.  Else nothing is asked that nobody asked:
places come from what releases say of themselves.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from aiohttp import web

from beacon.model.assemblies import ASSEMBLIES, find_contig
from beacon.model.errors import BeaconError
from beacon.model.genome import pos_from_start
from beacon.model.notation import hgvs_g, vcf_style
from beacon.model.pattern import VariantPattern
from beacon.model.query import Granularity, Include, Page, Query
from beacon.model.requester import ANONYMOUS
from beacon.page.behind import BEHIND
from beacon.page.box import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beacon.model.dataset import Dataset, Release
    from beacon.model.genome import Contig
    from beacon.model.variant import Allele
    from beacon.network.here import Local

_ALWAYS: Final = ("GRCh38", "GRCh37")
_AROUND: Final = 5_000
_PATIENCE: Final = 1.0
"""Seconds; a page does not wait longer for its examples."""
_LARGE: Final = 50

Known = dict[tuple[str, int], tuple[str, ...]]
EXAMPLES: web.AppKey[Known] = web.AppKey("examples", dict)
"""Examples that were looked up, by dataset and release."""


async def box_of(
    request: web.Request, text: str = "", assembly: str | None = None
) -> Box:
    """Return the box with a text in it, and examples to try.

    Args:
        request: that is answered.
        text: that was asked.
        assembly: it is on; ``None``: the one there is most of.
    """
    behind = request.app[BEHIND]
    beacon = behind.beacon_of(request)
    datasets = await beacon.datasets(behind.requester_of(request))
    largest = _largest(datasets)
    loaded = {d.release.assembly for d in datasets if d.release is not None}
    assemblies = (*_ALWAYS, *(name for name in ASSEMBLIES if name in loaded))
    if largest is None or largest.release is None:
        return Box(text=text, assembly=assembly)
    shown = invented(largest.release)
    if behind.is_open(request):
        key = (largest.id, largest.release.number)
        known = request.app[EXAMPLES]
        if key not in known:
            known.clear()
            known[key] = await _real(beacon, largest.id, largest.release) or shown
        shown = known[key]
    return Box(
        text=text,
        assembly=assembly or largest.release.assembly,
        assemblies=tuple(dict.fromkeys(assemblies)),
        examples=shown,
        examples_on=largest.release.assembly,
    )


def _largest(datasets: Sequence[Dataset]) -> Dataset | None:
    """Return the dataset with the most variants."""
    held = [d for d in datasets if d.release is not None and d.release.contigs]
    return max(held, key=_variants, default=None)


def _variants(dataset: Dataset) -> int:
    return 0 if dataset.release is None else dataset.release.variants


def _contig(release: Release) -> Contig | None:
    """Return the first sequence of a release, in the order of its assembly."""
    known = ASSEMBLIES.get(release.assembly)
    if known is None:
        return None
    loaded = {find_contig(known, name) for name in release.contigs}
    return next((each for each in known.contigs if each in loaded), None)


def invented(release: Release) -> tuple[str, ...]:
    """Return places to try on a sequence that is loaded."""
    contig = _contig(release)
    if contig is None:
        return ()
    pos = contig.length // 2
    last = min(contig.length, pos + 2 * _AROUND)
    return (f"{contig.name}:{pos}-{last}", f"del {contig.name}:{pos}-{last}")


async def _real(beacon: Local, dataset: str, release: Release) -> tuple[str, ...]:
    """Return a variant of a dataset in several ways of writing; none: not in time."""
    contig = _contig(release)
    if contig is None:
        return ()
    plain = VariantPattern(contig=contig, variant_type="SNP")
    large = VariantPattern(contig=contig, variant_type="DEL", min_length=_LARGE)
    try:
        async with asyncio.timeout(_PATIENCE):
            found = await _first(beacon, dataset, plain)
            lost = await _first(beacon, dataset, large)
    except (TimeoutError, BeaconError):
        return ()
    shown = () if found is None else _written(found)
    return (*shown, *(() if lost is None else _event(lost)))


async def _first(beacon: Local, dataset: str, pattern: VariantPattern) -> Allele | None:
    query = Query(
        pattern=pattern,
        granularity=Granularity.RECORD,
        include=Include.HIT,
        page=Page(limit=1),
        datasets=(dataset,),
    )
    said = await beacon.answer(query, ANONYMOUS)
    there = (each.allele for part in said.datasets for each in part.variants)
    return next(there, None)


def _written(allele: Allele) -> tuple[str, ...]:
    pos, name = pos_from_start(allele.start), allele.contig.name
    region = f"{name}:{max(1, pos - _AROUND)}-{pos + _AROUND}"
    return (vcf_style(allele), hgvs_g(allele), region)


def _event(allele: Allele) -> tuple[str, ...]:
    if not allele.is_symbolic or allele.end <= allele.start + 1:
        return ()
    return (f"del {allele.contig.name}:{allele.start + 2}-{allele.end}",)
