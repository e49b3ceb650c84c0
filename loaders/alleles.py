"""One site → its alleles in their one spelling, and what is left out by name.

An ALT becomes a sequence allele, a symbolic allele that spans to its END, no
allele at all (``*``, ``<NON_REF>``), or one that is not loaded yet.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from beacon.model.variant import left_align, sequence_allele, trim

if TYPE_CHECKING:
    from beacon.model.variant import Reference
    from loaders.vcf import Site

NO_ALLELE = "no allele"
_BAD = "bad: "
_BASES = frozenset("ACGTN")
_PLAIN = frozenset("ACGT")
_UNSPECIFIED = frozenset(("*", "<*>", "<NON_REF>", "<X>", "."))
_SPANNING = re.compile(r"<(?:DEL|DUP|INV|CNV|CN\d+)(?::[^<>]*)?>\Z")
_KNOWN = frozenset(("INS", "TRA", "BND", "CTX", "CPX"))
_OTHER = "not loaded yet: other symbolic allele"
_LONGEST = 1_000_000
_TOO_LONG = f"not loaded yet: more than {_LONGEST} bases"
_SYMBOLIC = re.compile(r"<[^<>]+>\Z")
_BREAKEND = re.compile(r"[\[\]]|\A\.|\.\Z")


class AlleleKey(NamedTuple):
    """An allele's identity on its contig; a place has empty bases."""

    start: int
    reference: str
    alternate: str
    end: int


class SiteAlleles(NamedTuple):
    """What a site declares.

    Attributes:
        keys: each allele with the record's allele numbers that are it.
        left: ALTs that are none of them, with the reason.
        twins: ALTs written twice in the record.
    """

    keys: dict[AlleleKey, tuple[int, ...]]
    left: tuple[tuple[str, str], ...] = ()
    twins: int = 0

    @property
    def fault(self) -> tuple[str, str] | None:
        """Why the record is bad, and the ALT: it has some, and none can be read."""
        if not self.left or any(not why.startswith(_BAD) for why, _ in self.left):
            return None
        if any(self.keys.values()):
            return None
        why, alternate = self.left[0]
        return why.removeprefix(_BAD), f"ALT {alternate[:40]}"


def contradiction(site: Site, reference: Reference) -> str | None:
    """Return a sentence if REF is not what the reference has there.

    A base that either side does not know (anything but A, C, G, T) never
    contradicts.
    """
    start, bases = site.start, site.reference
    truth = reference.bases(site.contig, start, start + len(bases))
    if truth is None or truth == bases:
        return None
    # A reference that ends early says nothing of what lies behind.
    for asked, known in zip(bases, truth, strict=False):
        if asked != known and asked in _PLAIN and known in _PLAIN:
            return f"REF is {bases[:20]}, the reference has {truth[:20]}"
    return None


def alleles_of(site: Site, reference: Reference | None) -> SiteAlleles:
    """Return the alleles of a site, and its place where none stays there."""
    if len(site.alternates) == 1 and _is_snv(site.reference, site.alternates[0]):
        start, base = site.start, site.reference
        only = AlleleKey(start, base, site.alternates[0], start + 1)
        return SiteAlleles({only: (1,)})
    numbers: dict[AlleleKey, list[int]] = {}
    left: list[tuple[str, str]] = []
    for number, alternate in enumerate(site.alternates, 1):
        key = _key(site, alternate, reference)
        if isinstance(key, str):
            left.append((key, alternate))
        else:
            numbers.setdefault(key, []).append(number)
    keys = {key: tuple(found) for key, found in numbers.items()}
    twins = len(site.alternates) - len(left) - len(keys)
    if not any(k.start == site.start and k.alternate[0] != "<" for k in keys):
        keys[AlleleKey(site.start, "", "", site.start)] = ()
    return SiteAlleles(keys, tuple(left), twins)


def _is_snv(reference: str, alternate: str) -> bool:
    return len(reference) == 1 and alternate in _BASES and reference != alternate


def _key(site: Site, alternate: str, reference: Reference | None) -> AlleleKey | str:
    """Return an ALT's key, or the reason why it has none."""
    if _BASES.issuperset(alternate):
        if alternate == site.reference:
            return f"{_BAD}ALT equals REF"
        if len(alternate) + len(site.reference) > _LONGEST:
            return _TOO_LONG
        return _sequence(site, alternate, reference)
    if alternate in _UNSPECIFIED:
        return NO_ALLELE
    if _SPANNING.match(alternate):
        return _spanning(site, alternate)
    if _SYMBOLIC.match(alternate):
        word = alternate.split(":")[0].strip("<>").upper()
        return f"not loaded yet: <{word}>" if word in _KNOWN else _OTHER
    if _BREAKEND.search(alternate):
        return "not loaded yet: breakend"
    return f"{_BAD}ALT is not of A, C, G, T, N"


def _sequence(site: Site, alternate: str, reference: Reference | None) -> AlleleKey:
    start, ref, alt = site.start, site.reference, alternate
    if len(ref) > 1 and len(alt) > 1:
        start, ref, alt = trim(start, ref, alt)
    if reference is not None and len(ref) != len(alt):
        moved = left_align(sequence_allele(site.contig, start, ref, alt), reference)
        start, ref, alt = moved.start, moved.reference, moved.alternate
    return AlleleKey(start, ref, alt, start + len(ref))


def _spanning(site: Site, alternate: str) -> AlleleKey | str:
    if site.end is None:
        word = alternate.split(":")[0].strip("<>").rstrip("0123456789")
        return f"not loaded yet: <{word}> without END or SVLEN"
    if not site.start < site.end <= site.contig.length:
        return f"{_BAD}END of {alternate} is not inside its contig"
    return AlleleKey(site.start, site.reference[0], alternate, site.end)
