"""One site → its alleles in their one spelling, and what is left out by name.

An ALT becomes a sequence allele, a structural one under its canonical name (by
``model.dialects``), no allele at all (``*``, ``<NON_REF>``), or is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from beacon.model.dialects import BAD, Written, info_fields, may_be, understand
from beacon.model.structure import ANCHOR, united
from beacon.model.variant import is_symbolic, left_align, sequence_allele, trim

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.model.structure import Structure
    from beacon.model.variant import Reference
    from loaders.vcf import Site

NO_ALLELE = "no allele"
_BASES = frozenset("ACGTN")
_PLAIN = frozenset("ACGT")
_UNSPECIFIED = frozenset(("*", "<*>", "<NON_REF>", "<X>", "."))
_LONGEST = 1_000_000
_SAME = f"{BAD}ALT equals REF"
_NOTHING_LOST = frozenset((NO_ALLELE, _SAME))
_TOO_LONG = f"not loaded yet: more than {_LONGEST} bases"


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
        structures: how exactly structural alleles are known.
        lost: those of the keys of which nothing is known, for an ALT is left out.
    """

    keys: dict[AlleleKey, tuple[int, ...]]
    left: tuple[tuple[str, str], ...] = ()
    twins: int = 0
    structures: Mapping[AlleleKey, Structure] = {}
    lost: frozenset[AlleleKey] = frozenset()

    @property
    def fault(self) -> tuple[str, str] | None:
        """Why the record is bad, and the ALT: it has some, and none can be read."""
        if not self.left or any(not why.startswith(BAD) for why, _ in self.left):
            return None
        if any(self.keys.values()):
            return None
        why, alternate = self.left[0]
        return why.removeprefix(BAD), f"ALT {alternate[:40]}"


def contradiction(site: Site, reference: Reference) -> str | None:
    """Return a sentence if REF is not what the reference has there.

    A base that either side does not know (anything but A, C, G, T) never
    contradicts.
    """
    start, bases = site.start, site.reference
    if start < 0:  # a telomere has no base
        return None
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
    structures: dict[AlleleKey, Structure] = {}
    lost: set[AlleleKey] = set()
    info: dict[str, str] = {}
    for number, alternate in enumerate(site.alternates, 1):
        if _is_structural(alternate):
            info = info or info_fields(site.fields.decode("utf-8", "replace"))
            key = _structural(site, number, info, structures)
        else:
            key = _key(site, alternate, reference)
        if isinstance(key, str):
            left.append((key, alternate))
            if key not in _NOTHING_LOST:
                lost.update(_lost(site, number, info))
        else:
            numbers.setdefault(key, []).append(number)
    keys = {key: tuple(found) for key, found in numbers.items()}
    twins = len(site.alternates) - len(left) - len(keys)
    lost.difference_update(keys)
    if not any(k.start == site.start and not is_symbolic(k.alternate) for k in keys):
        keys.update(dict.fromkeys(_places(site), ()))
    keys.update(dict.fromkeys(lost, ()))
    return SiteAlleles(keys, tuple(left), twins, structures, frozenset(lost))


def own_allele(site: Site) -> AlleleKey | None:
    """Return the one allele of a site, if it stays where the site is written.

    Without a reference nothing moves it; what begins later is another one.
    """
    if len(site.alternates) != 1:
        return None
    start, reference, alternate = site.start, site.reference, site.alternates[0]
    if not _is_snv(reference, alternate):
        if len(reference) > 1 and len(alternate) > 1:
            return None
        if not _BASES.issuperset(alternate) or alternate == reference:
            return None
        if len(alternate) + len(reference) > _LONGEST:
            return None
    return AlleleKey(start, reference, alternate, start + len(reference))


def _places(site: Site) -> tuple[AlleleKey, ...]:
    """Return a site's place; a telomere is none."""
    if 0 <= site.start < site.contig.length:
        return (AlleleKey(site.start, "", "", site.start),)
    return ()


def _lost(site: Site, number: int, info: Mapping[str, str]) -> list[AlleleKey]:
    """Return the place of an ALT that is left out, and what it may be."""
    found = may_be(_written(site, number, info))
    keys = [AlleleKey(one.start, ANCHOR, one.alternate, one.end) for one in found]
    return [*_places(site), *keys]


def _is_snv(reference: str, alternate: str) -> bool:
    return len(reference) == 1 and alternate in _BASES and reference != alternate


def _key(site: Site, alternate: str, reference: Reference | None) -> AlleleKey | str:
    """Return an ALT's key, or the reason why it has none."""
    if _BASES.issuperset(alternate):
        if alternate == site.reference:
            return _SAME
        if len(alternate) + len(site.reference) > _LONGEST:
            return _TOO_LONG
        return _sequence(site, alternate, reference)
    if alternate in _UNSPECIFIED:
        return NO_ALLELE
    return f"{BAD}ALT is not of A, C, G, T, N"


def _is_structural(alternate: str) -> bool:
    return is_symbolic(alternate) and alternate not in _UNSPECIFIED


def _structural(
    site: Site,
    number: int,
    info: Mapping[str, str],
    structures: dict[AlleleKey, Structure],
) -> AlleleKey | str:
    """Return the key of a structural ALT, or the reason why it has none."""
    found = understand(_written(site, number, info))
    if isinstance(found, str):
        return found
    key = AlleleKey(found.start, ANCHOR, found.alternate, found.end)
    known = united(structures.get(key), found.structure)
    if known is not None:
        structures[key] = known
    return key


def _written(site: Site, number: int, info: Mapping[str, str]) -> Written:
    return Written(
        site.contig,
        site.start + 1,
        site.reference,
        site.alternates[number - 1],
        info,
        number - 1,
        len(site.alternates),
    )


def _sequence(site: Site, alternate: str, reference: Reference | None) -> AlleleKey:
    start, ref, alt = site.start, site.reference, alternate
    if len(ref) > 1 and len(alt) > 1:
        start, ref, alt = trim(start, ref, alt)
    if reference is not None and len(ref) != len(alt):
        moved = left_align(sequence_allele(site.contig, start, ref, alt), reference)
        start, ref, alt = moved.start, moved.reference, moved.alternate
    return AlleleKey(start, ref, alt, start + len(ref))
