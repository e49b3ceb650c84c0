"""Sites of some contigs in genome order, however the files are ordered.

The files are read once to see how much stands where, then once for every window
that fits into memory.  Slow on purpose: sorting a file beforehand is better.
"""

from __future__ import annotations

from collections import Counter
from operator import attrgetter
from typing import TYPE_CHECKING

from beacon.model.errors import LoadRejected

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from loaders.vcf import Site

    Bin = tuple[int, int]

_BIN = 16
"""Bits of a start within its bin."""
_ORDER = attrgetter("order")


def in_order(
    ranks: Collection[int],
    again: Callable[[], Iterable[Site]],
    most: int,
    bound: int,
) -> Iterator[Site]:
    """Yield the sites of contigs in genome order.

    Args:
        ranks: of the contigs.
        again: gives all sites once more.
        most: bytes that may be in memory at once (one bin may hold more).
        bound: bytes that a single bin may hold.

    Raises:
        LoadRejected: one bin holds more than that.
    """
    weights: Counter[Bin] = Counter()
    for site in again():
        if site.contig.rank in ranks:
            weights[_bin(site)] += site.weight
            if weights[_bin(site)] > bound:
                raise too_many_out_of_order(site.contig.name)
    for first, last in _windows(weights, most):
        sites = [s for s in again() if first <= _bin(s) <= last]
        yield from sorted((s for s in sites if s.contig.rank in ranks), key=_ORDER)


def too_many_out_of_order(contig: str) -> LoadRejected:
    """Return the refusal of files that are too disordered to be put in order."""
    return LoadRejected(
        f"reference blocks of contig {contig} are not in order, and too many records"
        " stand together there to order them: sort the files"
    )


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
