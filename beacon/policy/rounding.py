"""Rounding, and noise that is the same whenever it is asked for.  Pure.

Noise is made of a key and of what it is added to, and of nothing else: whoever asks
again learns nothing, and nobody without the key can take it away.
"""

from __future__ import annotations

import hmac
import math
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from beacon.model.counts import AlleleCounts
    from beacon.model.variant import Allele

_BITS = 53
_DIGEST = "sha256"
_MOST = 3.0
"""Deviations that noise has at most: no rare allele is lifted over a threshold by luck,
which would all but prove that somebody carries it."""


def rounded(number: int, step: int) -> int:
    """Return the nearest multiple of a step, halves upwards; above 0 never 0."""
    if number <= 0:
        return 0
    return max((number + step // 2) // step, 1) * step


def noise(key: bytes, sd: float, *named: object) -> int:
    """Return a whole number of a normal distribution around 0, cut at both ends.

    Args:
        key: without which it cannot be told.
        sd: standard deviation.
        named: what it is added to; the same has the same noise.
    """
    text = "\x1f".join(map(str, named)).encode()
    digest = hmac.digest(key, text, _DIGEST)
    one, other = (
        (int.from_bytes(digest[at : at + 8], "big") >> (64 - _BITS)) / (1 << _BITS)
        for at in (0, 8)
    )
    # Box and Muller 1958; 1 - one is above 0.
    normal = math.sqrt(-2 * math.log(1 - one)) * math.cos(2 * math.pi * other)
    return round(sd * max(-_MOST, min(normal, _MOST)))


def blurred(
    counts: AlleleCounts, key: bytes, sd: float, *named: object
) -> AlleleCounts:
    """Return counts with noise on AC, and without people by zygosity.

    What is not there stays so; AC stays between 0 and AN.
    """
    if not counts.ac:
        return replace(counts, hom=None, het=None, hemi=None)
    ac = max(counts.ac + noise(key, sd, *named), 0)
    if counts.an is not None:
        ac = min(ac, counts.an)
    return replace(counts, ac=ac, hom=None, het=None, hemi=None)


def named(release: int, dataset: str, allele: Allele) -> tuple[object, ...]:
    """Return what noise on the count of an allele is made of.

    The allele as the dataset keeps it, so that no other spelling has another noise.
    """
    return (
        release,
        dataset,
        allele.contig.assembly,
        allele.contig.name,
        allele.start,
        allele.reference,
        allele.alternate,
    )
