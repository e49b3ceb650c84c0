"""Changes of a protein in their one spelling: one-letter, without ``p.``.

``p.(Val600Glu)``, ``NP_004324.2:p.Val600Glu`` and ``V600E`` are one change,
``V600E``.  A text that is none of the forms below has no spelling here.
HGVS nomenclature, https://hgvs-nomenclature.org, protein level.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

_CODES = {
    "Ala": "A",
    "Arg": "R",
    "Asn": "N",
    "Asp": "D",
    "Cys": "C",
    "Gln": "Q",
    "Glu": "E",
    "Gly": "G",
    "His": "H",
    "Ile": "I",
    "Leu": "L",
    "Lys": "K",
    "Met": "M",
    "Phe": "F",
    "Pro": "P",
    "Ser": "S",
    "Thr": "T",
    "Trp": "W",
    "Tyr": "Y",
    "Val": "V",
    "Sec": "U",
    "Pyl": "O",
    "Asx": "B",
    "Glx": "Z",
    "Xaa": "X",
    "Ter": "*",
    "Stop": "*",
}
_SPELLED_OUT = {name.lower(): code for name, code in _CODES.items()}
_NAMES = re.compile("|".join(_CODES), re.IGNORECASE)
_IS_SPELLED_OUT = re.compile(rf"(?:{'|'.join(_CODES)})[0-9]", re.IGNORECASE)
_LONGEST = 500
_A = "[ACDEFGHIKLMNPQRSTVWYUOBZX*]"
_AT = f"{_A}[0-9]{{1,6}}"
_FORMS = re.compile(
    rf"{_AT}(?:{_A}|[=?])"  # V600E, R97*, T90=, M1?
    rf"|{_AT}(?:_{_AT})?(?:del|dup)"
    rf"|{_AT}_{_AT}ins{_A}+"
    rf"|{_AT}(?:_{_AT})?delins{_A}+"
    rf"|{_AT}{_A}?fs(?:\*(?:[0-9]{{1,6}}|\?))?"
    rf"|\*[0-9]{{1,6}}{_A}?ext(?:\*(?:[0-9]{{1,6}}|\?))?"
    r"|M1ext-[0-9]{1,6}"
)
_TAIL = re.compile(rf"({_AT}(?:_{_AT})?(?:del|dup)){_A}+\Z")
_FRAMESHIFT = re.compile(rf"({_AT}){_A}?fs(?:\*.*)?\Z")
_REPLACEMENT = re.compile(rf"{_AT}[A-Z=]\Z")
_LENGTHENING = re.compile(r"fs|del|dup|ins|ext")
_SAME = re.compile(rf"({_A})([0-9]{{1,6}})\1\Z")
_OLD_STOP = re.compile(rf"({_AT})X\Z")


@lru_cache(maxsize=1 << 14)
def protein_change(text: str) -> str | None:
    """Return the one spelling of a protein change, ``None`` where it has none.

    Three-letter or one-letter codes, with or without an accession, ``p.`` and
    parentheses, percent-encoded or not.
    """
    if len(text) > _LONGEST:
        return None
    plain = unquote(text).strip()
    plain = plain.rpartition(":")[2].strip()
    plain = plain.removeprefix("p.").replace("(", "").replace(")", "")
    if _IS_SPELLED_OUT.match(plain):
        plain = _NAMES.sub(lambda found: _SPELLED_OUT[found[0].lower()], plain)
    plain = plain.replace("fsX", "fs*").replace("extX", "ext*")
    plain = _SAME.sub(r"\1\2=", plain)
    tail = _TAIL.match(plain)
    if tail is not None:
        plain = tail[1]  # the bases that old names repeat behind del and dup
    return plain if _FORMS.fullmatch(plain) else None


def asked_change(text: str) -> str | None:
    """Return the spelling of a change as people ask for it.

    ``r97x`` is ``R97*``: an X at the end is the old sign of a stop.
    """
    found = protein_change(text)
    if found is None:
        bare = text.strip().removeprefix("p.").strip("()")
        if re.fullmatch(r"[A-Za-z*][0-9]+[A-Za-z*=?]", bare):
            found = protein_change(bare.upper())
    if found is None:
        return None
    return _OLD_STOP.sub(r"\1*", found)


def substitution(before: str, position: str, after: str) -> str | None:
    """Return the change of one amino acid: ``V``, ``600``, ``E`` give ``V600E``."""
    return protein_change(f"{before}{position}{'=' if before == after else after}")


def is_replacement(change: str) -> bool:
    """Whether a change is one amino acid for another, or for the same.

    A frameshift or a deletion can begin with a stop; it is then written as one.
    """
    return _REPLACEMENT.match(change) is not None


def changes_length(text: str) -> bool:
    """Whether a text in a form that is not read tells of added or lost amino acids."""
    return _LENGTHENING.search(text) is not None


def frameshift(change: str) -> str | None:
    """Return the short form of a frameshift (``E221Nfs*5`` is an ``E221fs``)."""
    found = _FRAMESHIFT.match(change)
    return None if found is None else f"{found[1]}fs"


def is_same_change(asked: str, said: str) -> bool:
    """Whether a file's change is the one asked for.

    Of a frameshift either side may give the short form: it is the same one.
    """
    if asked == said:
        return True
    short = frameshift(asked)
    return short is not None and short == frameshift(said) and short in (asked, said)
