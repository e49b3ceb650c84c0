"""The names of genes as SnpEff writes them: joined, where an effect is of several.

``SG&SH`` are the genes of a fusion, ``SG-SH`` those beside what lies between two.
A hyphen is a part of many a name, too (``HLA-A``, and genes that are read through).
"""

from __future__ import annotations

import re
from functools import lru_cache

_BETWEEN = re.compile(r"intergenic|fusion", re.IGNORECASE)
_MOST_HYPHENS = 6


@lru_cache(maxsize=1 << 13)
def genes_joined(text: str, effect: str) -> tuple[str, ...]:
    """Return every gene that one cell may name, as written first.

    Args:
        text: what stands in the cell.
        effect: the words of its effect; they tell whether hyphens join genes.
    """
    names = text.split("&")
    if len(names) == 1 and _BETWEEN.search(effect) is not None:
        names += _halves(text)
    return tuple(dict.fromkeys(name for name in names if name))


def _halves(name: str) -> list[str]:
    """Return the two names around a hyphen: the middle one, or any of an even number.

    ``HLA-A-HLA-B`` joins two alike; of ``MT-ND1-TP53`` either may be meant.
    """
    parts = name.split("-")
    count = len(parts)
    if not 1 < count <= _MOST_HYPHENS + 1:
        return []
    cuts = range(1, count) if count % 2 else range(count // 2, count // 2 + 1)
    halves = (("-".join(parts[:cut]), "-".join(parts[cut:])) for cut in cuts)
    return [half for pair in halves for half in pair]
