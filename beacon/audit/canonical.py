"""A question as one text that is the same however it was asked, and its code.

Only the code is ever written down: whoever has the key can tell whether a given
question was asked, and nobody can tell from the code what was.
"""

from __future__ import annotations

import hmac
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from beacon.audit.macs import Mac
from beacon.model.entry_types import GENOMIC_VARIANT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beacon.model.genome import Contig
    from beacon.model.pattern import Spelling, VariantPattern
    from beacon.model.query import Query

CHAINS, QUERIES, CASES = "chains", "queries", "cases"
"""What the audit has keys for."""
_HASH: Final = "sha256"
_BYTES: Final = 16
"""Of a code: of a billion questions no two have the same."""
_SAID_APART: Final = frozenset({"datasets", "assembly"})
_MANNER: Final = frozenset(
    {"granularity", "include", "page", "requested", "warnings", "notes", "is_strict"}
)
"""How an answer is given, not what is asked."""
_SPELLED: Final = frozenset({"contig", "genome", "spellings", "is_provisional"})


def subkey(key: bytes, use: str) -> bytes:
    """Return the key of one use, from that of the whole audit."""
    return hmac.digest(key, use.encode(), _HASH)


def code(key: bytes, text: str) -> str:
    """Return the code of a text, whatever bytes a client made it of."""
    return Coder(key).code(text)


class Coder:
    """Makes the codes of many texts.

    Args:
        key: that they are coded with.
    """

    __slots__ = ("_mac",)

    def __init__(self, key: bytes) -> None:
        self._mac = Mac(key)

    def code(self, text: str) -> str:
        """Return the code of a text, whatever bytes a client made it of."""
        told = text.encode("utf-8", "surrogatepass")
        return self._mac.of(told)[:_BYTES].hex()


def allele_text(contig: Contig, spellings: Sequence[Spelling]) -> str:
    """Return one allele as it is coded: its shortest spelling, the leftmost of those.

    All spellings of an allele are the same set where a reference is configured.
    """
    start, reference, alternate = (
        spellings[0] if len(spellings) == 1 else min(spellings, key=_shortest)
    )
    return f"{contig.assembly} {contig.name} {start} {reference} {alternate}"


def _shortest(spelling: Spelling) -> tuple[int, Spelling]:
    return len(spelling[1]) + len(spelling[2]), spelling


def allele_of(query: Query) -> str | None:
    """Return the one allele a question spells; ``None``: it spells none."""
    pattern = query.pattern
    if pattern is None or pattern.contig is None or not pattern.spellings:
        return None
    return allele_text(pattern.contig, pattern.spellings)


def question_text(query: Query) -> str:
    """Return a question as one text, but for the datasets asked.

    One for an allele and nothing else is the allele's own text, so that the code of
    an allele finds all who asked for it.
    """
    allele, left_out = allele_of(query), _MANNER | _SAID_APART
    if allele is not None and _asks_no_more(query):
        return allele
    if query.about == GENOMIC_VARIANT.id:
        left_out |= {"about"}
    if allele is None or query.pattern is None:
        return " ".join(_parts(query, left_out))
    beside = _parts(query.pattern, _SPELLED | _MANNER)
    return " ".join([allele, *beside, *_parts(query, left_out | {"pattern"})])


def _asks_no_more(query: Query) -> bool:
    """Whether nothing is asked beside an allele: what most questions are."""
    beside = (
        *(query.filters, query.unknown_filters, query.excluded, query.by),
        *(query.identity, query.under, query.cohort, query.test_mode),
    )
    pattern = query.pattern
    return (
        not any(beside)
        and query.about == GENOMIC_VARIANT.id
        and pattern is not None
        and pattern.asks_spelling_only
        and not pattern.elsewhere
    )


def _parts(value: Query | VariantPattern, left_out: frozenset[str]) -> list[str]:
    """Return the parts of a question that ask something, by name."""
    return [
        f"{each.name}={_canonical(asked)}"
        for each in fields(value)
        if each.name not in left_out
        and (asked := getattr(value, each.name)) not in (None, (), False)
    ]


def _canonical(value: object) -> str:
    """Return a frozen value as a text that does not depend on the process."""
    if isinstance(value, Enum):
        return str(value.value)
    if is_dataclass(value) and not isinstance(value, type):
        parts = [
            f"{each.name}={_canonical(getattr(value, each.name))}"
            for each in fields(value)
            if each.compare
        ]
        return f"({' '.join(parts)})"
    if isinstance(value, (frozenset, set)):
        return f"{{{' '.join(sorted(map(_canonical, value)))}}}"
    if isinstance(value, (tuple, list)):
        return f"[{' '.join(map(_canonical, value))}]"
    return repr(value)
