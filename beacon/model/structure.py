"""What a structural allele says besides its place and its name.

Lengths and margins are bases; nothing here decides what is similar to what.
VCF 4.5, section 3 and 1.6.1 (SVLEN, CIPOS, CIEND).
"""

from __future__ import annotations

from typing import NamedTuple


class Structure(NamedTuple):
    """Details of one structural allele.

    Attributes:
        length: bases of a named insertion; ``None`` where not told.
        start_margin: how far before (<= 0) and behind (>= 0) its start it may begin.
        end_margin: the same of its end.
    """

    length: int | None = None
    start_margin: tuple[int, int] = (0, 0)
    end_margin: tuple[int, int] = (0, 0)
