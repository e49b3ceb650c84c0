"""Genomic HGVS, read and written.

HGVS nomenclature, https://hgvs-nomenclature.org.  Positions are 1-based in the
text alone; forms without bases need a reference, and say so where there is none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from beacon.model.errors import NotUnderstood
from beacon.model.genome import pos_from_start, start_from_pos
from beacon.model.reading import (
    LONGEST_QUOTED,
    LONGEST_READ,
    ask_allele,
    read_bases,
    read_new_bases,
    read_pos,
    reference_bases,
    refuse,
)
from beacon.model.spelling import check_place, check_reference, reference_of
from beacon.model.variant import right_align, strip_prefix_first

if TYPE_CHECKING:
    from collections.abc import Callable

    from beacon.model.genome import Contig
    from beacon.model.pattern import VariantPattern
    from beacon.model.reading import Context
    from beacon.model.variant import Allele, Reference

_COMPLEMENT = str.maketrans("ACGTURYKMBVDHNSW", "TGCAAYRMKVBHDNSW")


@dataclass(frozen=True, slots=True)
class _Hgvs:
    """A genomic HGVS change being read: ``[start, end)`` and the bases it states."""

    contig: Contig
    start: int
    end: int
    stated: str
    context: Context

    def bases(self) -> str:
        """Return the bases of the range: as stated, else the reference's."""
        if not self.stated or self.stated.isdigit():
            held = self.reference_bases()
            self._expect_length(int(self.stated or len(held)))
            return held
        self._expect_length(len(self.stated))
        return read_bases(self.stated)

    def reference_bases(self) -> str:
        """Return the reference's bases of the range."""
        return reference_bases(self.contig, self.start, self.end, self.context)

    def reference(self) -> Reference | None:
        """Return the reference of the contig's assembly, if there is one."""
        return reference_of(self.contig, self.context.references)

    def _expect_length(self, length: int) -> None:
        if length != self.end - self.start:
            refuse(
                f"The HGVS range holds {self.end - self.start} bases, "
                f"but {length} are stated."
            )

    def ask(self, reference: str, alternate: str, *, at: int) -> VariantPattern:
        """Return the pattern of the change."""
        return ask_allele(self.contig, at, reference, alternate, self.context)


_HGVS_RANGE = r"(?P<pos>[0-9][0-9,]{0,14})(?:_(?P<last>[0-9][0-9,]{0,14}))?"


def _hgvs(contig: str, match: re.Match[str], context: Context) -> _Hgvs:
    found = context.contig(contig)
    first = read_pos(match["pos"])
    last = read_pos(match["last"] or match["pos"])
    if last < first:
        refuse(f"The HGVS range {first}_{last} ends before it begins.")
    check_place(found, start_from_pos(first), last)
    stated = match.groupdict().get("stated") or ""
    return _Hgvs(found, start_from_pos(first), last, stated, context)


def _read_substitution(change: _Hgvs, match: re.Match[str]) -> VariantPattern:
    reference = change.bases()
    return change.ask(reference, read_new_bases(match["new"]), at=change.start)


def _read_deletion(change: _Hgvs, match: re.Match[str]) -> VariantPattern:
    new = _inserted(match["new"]) if match["new"] else ""
    return change.ask(change.bases(), new, at=change.start)


def _read_duplication(change: _Hgvs, _: re.Match[str]) -> VariantPattern:
    """Read a duplication: an insertion that can always be written further left.

    Where to, only a reference tells, even when the bases are stated.
    """
    held = change.reference_bases()
    stated = change.bases()
    check_reference(change.contig, change.start, stated, change.reference())
    return change.ask("", held, at=change.end)


def _read_insertion(change: _Hgvs, match: re.Match[str]) -> VariantPattern:
    if change.end - change.start != 2 or match["last"] is None:
        refuse(
            "An HGVS insertion stands between two neighbouring positions, "
            "for example g.100_101insA."
        )
    return change.ask("", _inserted(match["new"]), at=change.start + 1)


def _inserted(text: str) -> str:
    if text.isdigit() or not text.isalpha():
        refuse(
            f"The inserted sequence {text[:LONGEST_QUOTED]!r} is not spelled in bases."
        )
    return read_new_bases(text)


def _read_inversion(change: _Hgvs, _: re.Match[str]) -> VariantPattern:
    bases = change.bases()
    return change.ask(bases, bases.translate(_COMPLEMENT)[::-1], at=change.start)


def _read_repeat(change: _Hgvs, match: re.Match[str]) -> VariantPattern:
    """Read ``g.100_105CAG[5]`` (a whole tract) or ``g.100_102[5]`` (one unit)."""
    copies, length = int(match["copies"]), change.end - change.start
    if copies * length > LONGEST_READ:
        refuse(f"{copies} copies of {length} bases are too long for one allele.")
    if not match["stated"]:
        unit = change.bases()
        tract = unit * _copies_in_reference(change, unit)
        return change.ask(tract, unit * copies, at=change.start)
    unit = read_bases(match["stated"])
    if length % len(unit):
        refuse(
            f"The HGVS range holds {length} bases, which is no multiple of "
            f"the repeated unit {unit[:LONGEST_QUOTED]}."
        )
    if length == len(unit):  # the first unit stands for the whole tract
        change.reference_bases()
        tract = unit * _copies_in_reference(change, unit)
        return change.ask(tract, unit * copies, at=change.start)
    return change.ask(unit * (length // len(unit)), unit * copies, at=change.start)


def _copies_in_reference(change: _Hgvs, unit: str) -> int:
    reference = change.reference()
    end, copies = change.end, 1
    while reference is not None and end - change.start < LONGEST_READ:
        if reference.bases(change.contig, end, end + len(unit)) != unit:
            break
        end, copies = end + len(unit), copies + 1
    return copies


def _read_unchanged(_: _Hgvs, __: re.Match[str]) -> VariantPattern:
    refuse("HGVS '=' says that nothing is changed: this is not a variant.")


_CHANGES: tuple[
    tuple[re.Pattern[str], Callable[[_Hgvs, re.Match[str]], VariantPattern]], ...
] = tuple(
    (re.compile(_HGVS_RANGE + form, re.IGNORECASE | re.ASCII), read)
    for form, read in (
        (r"(?P<stated>[A-Z]+)>(?P<new>[A-Z]+)", _read_substitution),
        (r"del(?P<stated>[0-9]{1,9}|[A-Z]*?)(?:ins(?P<new>.+))?", _read_deletion),
        (r"dup(?P<stated>[0-9]{1,9}|[A-Z]*)", _read_duplication),
        (r"ins(?P<new>.+)", _read_insertion),
        (r"inv(?P<stated>[0-9]{1,9}|[A-Z]*)", _read_inversion),
        (r"(?P<stated>[A-Z]*)\[(?P<copies>[0-9]{1,4})\]", _read_repeat),
        (r"(?P<stated>[A-Z]*)=", _read_unchanged),
    )
)


def read_hgvs(match: re.Match[str], context: Context) -> VariantPattern:
    """Read a change of a named sequence."""
    return _read_change(match["contig"], match["change"], context)


def read_mitochondrial(match: re.Match[str], context: Context) -> VariantPattern:
    """Read a change of the mitochondrion, whose name may be left out."""
    return _read_change("MT", match["change"], context)


def _read_change(contig: str, change: str, context: Context) -> VariantPattern:
    change = change.replace(" ", "")
    for form, read in _CHANGES:
        found = form.fullmatch(change)
        if found is not None:
            return read(_hgvs(contig, found, context), found)
    if "?" in change or "(" in change:
        refuse("HGVS with uncertain positions cannot be answered.")
    if ";" in change or "[" in change:
        refuse("HGVS of several changes at once; ask for one at a time.")
    sentence = (
        f"The HGVS change {change[:LONGEST_QUOTED]!r} is none of >, del, dup, ins, "
        "delins, inv and repeats."
    )
    raise NotUnderstood(sentence, parameter="variant")


TRANSCRIPT = re.compile(
    r"(?P<accession>(?:[NX][MRP]_|ENS[TP])[0-9]+(?:\.[0-9]+)?|LRG_[0-9]+[tp][0-9]+)"
    r"(?:\([\w.-]+\))?\s?:\s?(?P<change>[cnpr]\.\S+)(?:\s\(p\.\S+\))?",
    re.IGNORECASE,
)


def transcript_hgvs(text: str) -> str | None:
    """Return an HGVS name of a transcript or protein, ``None`` for other texts.

    ``NM_004006.2(DMD):c.4375C>T (p.Arg1459Ter)``, as ClinVar titles it, is
    ``NM_004006.2:c.4375C>T``.
    """
    match = TRANSCRIPT.fullmatch(text.strip())
    if match is None:
        return None
    accession = match["accession"]
    if not accession.startswith("LRG_"):
        accession = accession.upper()
    return f"{accession}:{match['change']}"


_HGVS_FORM = re.compile(r"[^\s:]+\s?:\s?[cgmnrp]\..*|[cnrp]\..*", re.IGNORECASE)


def is_hgvs(text: str) -> bool:
    """Whether a text has the form of HGVS, on a genome, transcript or protein."""
    return _HGVS_FORM.fullmatch(text.strip()) is not None


def hgvs_g(allele: Allele, reference: Reference | None = None) -> str:
    """Return the genomic HGVS form of a sequence allele.

    With a reference it is moved as far 3' as it reads the same and duplications
    are named; without one it is written where it is stored.
    HGVS nomenclature, https://hgvs-nomenclature.org.
    """
    form = strip_prefix_first(allele.start, allele.reference, allele.alternate)
    if reference is not None:
        form = right_align(allele, reference)
    kind = "m" if allele.contig.name == "MT" else "g"
    change = _hgvs_change(allele, form, reference)
    return f"{allele.contig.refseq}:{kind}.{change}"


def _hgvs_change(
    allele: Allele, form: tuple[int, str, str], reference: Reference | None
) -> str:
    start, ref, alt = form
    if len(ref) == len(alt) == 1:
        return f"{pos_from_start(start)}{ref}>{alt}"
    if ref:
        place = _hgvs_place(start, start + len(ref))
        return f"{place}delins{alt}" if alt else f"{place}del"
    contig, origin = allele.contig, start - len(alt)
    held = reference.bases(contig, max(0, origin), start) if reference else None
    if held == alt:
        return f"{_hgvs_place(origin, start)}dup"
    if 0 < start < contig.length:
        return f"{start}_{start + 1}ins{alt}"
    place = _hgvs_place(allele.start, allele.start + len(allele.reference))
    return f"{place}delins{allele.alternate}"


def _hgvs_place(start: int, end: int) -> str:
    first = pos_from_start(start)
    return str(first) if first == end else f"{first}_{end}"
