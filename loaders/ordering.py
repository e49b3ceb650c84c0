"""Sites of some contigs in genome order, however the files are ordered.

The files are read once to see how much stands where, then once for every window
that fits into memory.  Slow on purpose: sorting a file beforehand is better.
"""

from __future__ import annotations

from collections import Counter
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from loaders.vcf import Site

    Bin = tuple[int, int]

_BIN = 16
"""Bits of a start within its bin."""
_OVERHEAD = 16
_ORDER = attrgetter("order")


def in_order(
    ranks: Collection[int], again: Callable[[], Iterable[Site]], most: int
) -> Iterator[Site]:
    """Yield the sites of contigs in genome order.

    Args:
        ranks: of the contigs.
        again: gives all sites once more.
        most: calls that may be in memory at once (one bin may hold more).
    """
    weights: Counter[Bin] = Counter()
    for site in again():
        if site.contig.rank in ranks:
            cells = len(site.calls.cells) if site.calls else 0
            weights[_bin(site)] += _OVERHEAD + cells
    for first, last in _windows(weights, most):
        sites = [s for s in again() if first <= _bin(s) <= last]
        yield from sorted((s for s in sites if s.contig.rank in ranks), key=_ORDER)


def _bin(site: Site) -> Bin:
    return site.contig.rank, site.start >> _BIN


def _windows(weights: Counter[Bin], most: int) -> Iterator[tuple[Bin, Bin]]:
    """Yield first and last bins of windows that hold at most ``most`` together."""
    bins = sorted(weights)
    first, total = 0, 0
    for place, name in enumerate(bins):
        if total and total + weights[name] > most:
            yield bins[first], bins[place - 1]
            first, total = place, 0
        total += weights[name]
    if bins:
        yield bins[first], bins[-1]
