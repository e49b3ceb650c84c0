"""Words of tables and phenopackets → the terms Beacon documents write them with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from beacon.model.records import Json

FEMALE = ("NCIT:C16576", "female")
MALE = ("NCIT:C20197", "male")
UNKNOWN_SEX = ("NCIT:C17998", "unknown")
OTHER_SEX = ("NCIT:C17649", "other")
UNKNOWN = ("NCIT:C17998", "Unknown")

NO_SEX = "words of sex that are not understood, kept as unknown"
_NOT_KNOWN = frozenset(("", ".", "0", "na", "n/a", "none", "u", "unknown"))
_SEXES = {
    **dict.fromkeys(("f", "female", "2"), FEMALE),
    **dict.fromkeys(("m", "male", "1"), MALE),
}
_LABELS = dict((FEMALE, MALE, UNKNOWN_SEX, OTHER_SEX))
_CURIE = re.compile(r"[A-Za-z][\w.\-]*:\S+\Z")


def term(found: tuple[str, str]) -> Json:
    """Return an ontology term as documents write it."""
    return {"id": found[0], "label": found[1]}


def is_sex(word: str) -> bool:
    """Whether a word of sex is understood, if only as one for what is not known."""
    plain = word.strip().lower()
    return plain in _SEXES or plain in _NOT_KNOWN or bool(_CURIE.match(plain))


def sex_term(word: str) -> Json:
    """Return the term for a word of sex; what is not known is ``unknown``."""
    plain = word.strip()
    if _CURIE.match(plain):
        label = _LABELS.get(plain)
        return {"id": plain} if label is None else {"id": plain, "label": label}
    return term(_SEXES.get(plain.lower(), UNKNOWN_SEX))
