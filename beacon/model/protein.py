"""Changes of a protein in their one spelling: one-letter, without ``p.``.

``p.(Val600Glu)``, ``NP_004324.2:p.Val600Glu`` and ``V600E`` are one change,
``V600E``.  A text that is none of the forms below has no spelling here.
HGVS nomenclature, https://hgvs-nomenclature.org, protein level.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
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
_FRAMESHIFT = re.compile(rf"({_AT})({_A})?fs(?:\*([0-9]+|\?))?")
_EXTENSION = re.compile(rf"(\*[0-9]+)(?:({_A})?ext(?:\*([0-9]+|\?))?|(?P<bare>{_A}))")
_START = re.compile(rf"M1(?:({_A})|\?|ext(-[0-9]+))")
_ONE = re.compile(rf"({_A})([0-9]+)({_A})")
_SPAN = re.compile(rf"({_A})([0-9]+)_({_A})([0-9]+)delins({_A}+)")
_TO_STOP = re.compile(rf"({_AT})(?:_{_AT})?delins\*.*")
_LONGEST_SPAN = 20
"""Longer replacements are not taken apart."""

_REPLACEMENT = re.compile(rf"(?!\*|M1[A-Z]){_AT}[A-Z=]\Z")
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
    plain = _TO_STOP.sub(r"\1*", plain)
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
    What changes the first or the last of a protein can change its length, too.
    """
    return _REPLACEMENT.match(change) is not None


def changes_length(text: str) -> bool:
    """Whether a text in a form that is not read tells of added or lost amino acids."""
    return _LENGTHENING.search(text) is not None


def replacements(before: str, first: int, after: str) -> tuple[str, ...]:
    """Return the changes of as many amino acids by as many, from a position on.

    ``VK``, ``800``, ``EK`` give ``V800E``; ``EN`` gives ``V800_K801delinsEN``; what
    stays gives a ``V800=`` for each.  Empty where they are no amino acids.
    """
    if len(before) != len(after) or not 0 < len(before) <= _LONGEST_SPAN:
        return ()
    pairs = list(zip(before, after, strict=True))
    changed = [index for index, (one, other) in enumerate(pairs) if one != other]
    if len(changed) < 2:
        wanted = changed or range(len(before))
        found = [substitution(before[i], str(first + i), after[i]) for i in wanted]
    else:
        low, high = changed[0], changed[-1]
        span = f"{before[low]}{first + low}_{before[high]}{first + high}"
        found = [protein_change(f"{span}delins{after[low : high + 1]}")]
    return tuple(change for change in found if change is not None)


class _Open(NamedTuple):
    """A change of which more or less may be told.

    Attributes:
        short: the least that is told of it.
        residue: the amino acid that comes first.
        length: how far it reaches; ``?``: nobody knows.
    """

    short: str
    residue: str | None
    length: str | None


@lru_cache(maxsize=1 << 12)
def _open(change: str) -> _Open | None:
    shift = _FRAMESHIFT.fullmatch(change)
    if shift is not None:
        return _Open(f"{shift[1]}fs", shift[2], shift[3])
    extension = _EXTENSION.fullmatch(change)
    if extension is not None:
        residue = extension[2] or extension["bare"]
        return _Open(f"{extension[1]}ext", residue, extension[3])
    start = _START.fullmatch(change)
    return None if start is None else _Open("M1?", start[1], start[2])


def short_form(change: str) -> str | None:
    """Return the least that may be told of a change, where more may be.

    ``E221Nfs*5`` is an ``E221fs``, ``*606Qext*17`` and ``*606Q`` are a ``*606ext``,
    and whatever takes the place of the first amino acid is an ``M1?``.
    """
    found = _open(change)
    return None if found is None else found.short


def is_same_change(asked: str, said: str) -> bool:
    """Whether a file's change is the one asked for.

    Of a frameshift or a longer protein either side may tell less.  A lost start
    is asked for as ``M1?``; one amino acid in its place is more than that says.
    """
    if asked == said:
        return True
    one, other = _open(asked), _open(said)
    if one is None or other is None or one.short != other.short:
        return False
    if one.short == "M1?":
        return asked == "M1?"
    return all(
        one_says == other_says or None in (one_says, other_says)
        for one_says, other_says in zip(one[1:], other[1:], strict=True)
    )


def may_be_same_change(asked: str, said: str) -> bool:
    """Whether a file's change is the one asked for, or may be, or holds it.

    ``V800_K801delinsEN`` replaces V800 by E, among others.
    """
    if is_same_change(asked, said):
        return True
    one, other = _open(asked), _open(said)
    if one is None or other is None:
        return _holds(said, asked)
    return (
        one.short == other.short
        and (one.residue == other.residue or None in (one.residue, other.residue))
        and (
            one.length == other.length
            or not {None, "?"}.isdisjoint((one.length, other.length))
        )
    )


def _holds(said: str, asked: str) -> bool:
    """Whether a replacement of several amino acids holds that of one."""
    span, one = _SPAN.fullmatch(said), _ONE.fullmatch(asked)
    if span is None or one is None:
        return False
    first, last, place = int(span[2]), int(span[4]), int(one[2])
    if len(span[5]) != last - first + 1 or not first <= place <= last:
        return False
    before = {first: span[1], last: span[3]}.get(place, one[1])
    return (before, span[5][place - first]) == (one[1], one[3])


def places(change: str) -> range:
    """Return the positions of a change of as many amino acids by as many."""
    one = _ONE.fullmatch(change)
    if one is not None:
        return range(int(one[2]), int(one[2]) + 1)
    span = _SPAN.fullmatch(change)
    if span is None or len(span[5]) != int(span[4]) - int(span[2]) + 1:
        return range(0)
    return range(int(span[2]), int(span[4]) + 1)[:_LONGEST_SPAN]
