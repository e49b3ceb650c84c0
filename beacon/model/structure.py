"""How a structural allele is named: its canonical text, read and written.

All that makes it itself, besides its place, is in that text: the type word, for
an insertion its length when told (``<INS:ME:ALU=280>``), for a breakend the place
and strands of its mate (``N[8:107653411[``).  The base before the event is the
reference's own and always written ``N``.  What does not make it another allele
(how exactly its ends are known) is ``Structure``.
VCF 4.5, sections 1.6.1 (SVLEN, CIPOS, CIEND, CILEN), 3 and 5.4 (breakends).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

ANCHOR = "N"
"""The base before a structural allele, as its identity writes it."""

_NAMED = re.compile(r"<(?P<word>[^<>=]+)(?:=(?P<length>[0-9]+))?>")
_PAIRED = re.compile(
    r"(?P<before>N?)(?P<mark>[\[\]?])(?P<mate>.+):(?P<pos>[0-9]+)(?P=mark)(?P<after>N?)"
)
_FORWARD, _REVERSE = "+", "-"
_UNKNOWN_STRANDS = "?"
_TEXTS = {
    "+-": "N[{}[",
    "++": "N]{}]",
    "-+": "]{}]N",
    "--": "[{}[N",
    _UNKNOWN_STRANDS: "N?{}?",
}
_SINGLE = {_FORWARD: "N.", _REVERSE: ".N"}
_COPY_NUMBER = re.compile(r"CN[0-9]+")
_LOST, _GAINED = 0, 2

Margin = tuple[int, int]
"""How far before (<= 0) and behind (>= 0) a place something may lie, in bases."""

EXACT: Margin = (0, 0)


class Structure(NamedTuple):
    """How exactly the ends of one structural allele are known.

    Attributes:
        start_margin: of its start; end_margin: of its end; length_margin: of the
            length of an insertion.
        is_imprecise: whether the source calls it imprecise.
    """

    start_margin: Margin = EXACT
    end_margin: Margin = EXACT
    length_margin: Margin = EXACT
    is_imprecise: bool = False

    @property
    def widest(self) -> int:
        """The bases that no margin of a place exceeds."""
        places = (*self.start_margin, *self.end_margin)
        return max(abs(bases) for bases in places)


def united(one: Structure | None, other: Structure | None) -> Structure | None:
    """Return the widest margins of two descriptions of one allele."""
    if one is None or other is None:
        return one or other
    return Structure(
        _widest(one.start_margin, other.start_margin),
        _widest(one.end_margin, other.end_margin),
        _widest(one.length_margin, other.length_margin),
        one.is_imprecise or other.is_imprecise,
    )


def _widest(one: Margin, other: Margin) -> Margin:
    return min(one[0], other[0]), max(one[1], other[1])


class Named(NamedTuple):
    """An allele that is named: ``<DEL>``, ``<INS:ME:ALU>``, ``<CN0>``.

    Attributes:
        word: upper case, as VCF writes it, without brackets.
        length: bases of an insertion; ``None`` where not told.
    """

    word: str
    length: int | None = None

    @property
    def text(self) -> str:
        """The canonical alternate."""
        return (
            f"<{self.word}>" if self.length is None else f"<{self.word}={self.length}>"
        )

    @property
    def family(self) -> str:
        """The type it is shown with: its first word, ``CNV`` for a copy number."""
        first = self.word.partition(":")[0]
        return "CNV" if _COPY_NUMBER.fullmatch(first) else first

    @property
    def types(self) -> frozenset[str]:
        """Every type under which a question finds it.

        Its word and all it begins with; a deletion and a duplication are copy
        number variants, too, and a number of copies says which of both it is.
        """
        parts = self.word.split(":")
        found = {":".join(parts[:count]) for count in range(1, len(parts) + 1)}
        found.add(self.family)
        if self.family in ("DEL", "DUP"):
            found.add("CNV")
        if self.direction is not None:
            found.add(self.direction)
        return frozenset(found)

    @property
    def direction(self) -> str | None:
        """``DEL`` or ``DUP``, where it says that copies are lost or gained."""
        first = self.word.partition(":")[0]
        if first in ("DEL", "DUP"):
            return first
        if _COPY_NUMBER.fullmatch(first):
            copies = int(first.removeprefix("CN"))
            return "DEL" if copies == _LOST else "DUP" if copies >= _GAINED else None
        return None


class Join(NamedTuple):
    """A breakend: this side of a new adjacency, and where its mate is.

    Attributes:
        mate: plain name of the mate's contig, or as written where it is none of
            the assembly's; ``None`` for a single breakend.
        pos: 1-based position of the mate; 0 and one beyond the end are telomeres.
        strands: which way each side is kept: ``+`` the sequence up to the place,
            ``-`` from it on; own side first.  ``?`` where not told; one sign
            for a single breakend.
    """

    mate: str | None
    pos: int | None
    strands: str

    @property
    def text(self) -> str:
        """The canonical alternate."""
        if self.mate is None:
            return _SINGLE[self.strands]
        return _TEXTS[self.strands].format(f"{self.mate}:{self.pos}")

    @property
    def word(self) -> str:
        """What identifies it in an id: ``BND.8.107653411.pm``."""
        signs = self.strands.translate(str.maketrans("+-?", "pmx"))
        if self.mate is None:
            return f"BND.{signs}"
        return f"BND.{self.mate}.{self.pos}.{signs}"


Description = Named | Join


@lru_cache(maxsize=1 << 14)
def described(alternate: str) -> Description:
    """Return what a canonical alternate says.

    Raises:
        ValueError: when it is none.
    """
    named = _NAMED.fullmatch(alternate)
    if named is not None:
        length = named["length"]
        return Named(named["word"], None if length is None else int(length))
    for strand, text in _SINGLE.items():
        if alternate == text:
            return Join(None, None, strand)
    paired = _PAIRED.fullmatch(alternate)
    if paired is None:
        message = f"{alternate!r} is no structural allele"
        raise ValueError(message)
    return Join(paired["mate"], int(paired["pos"]), _strands(paired))


def _strands(paired: re.Match[str]) -> str:
    mark = paired["mark"]
    if mark == _UNKNOWN_STRANDS:
        return _UNKNOWN_STRANDS
    own = _FORWARD if paired["before"] else _REVERSE
    return own + (_REVERSE if mark == "[" else _FORWARD)
