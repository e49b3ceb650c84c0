"""What a record's annotations claim of each ALT, while they are being read.

Claims are gathered in the order of the file, bounded, and become one
``Annotation`` an ALT.  Which claim is whose is for ``annotation_entries``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from beacon.model.annotation import (
    MOST_CHANGES,
    MOST_CONDITIONS,
    MOST_EFFECTS,
    MOST_GENES,
    MOST_HGVS,
    MOST_IDENTIFIERS,
    Annotation,
    Unread,
    symbols_first,
)
from beacon.model.effects import LENGTHENING, REPLACING
from beacon.model.protein import changes_length
from loaders.allele_names import NO_ALLELES
from loaders.consequences import effects_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from loaders.vcf import Site

T = TypeVar("T")

LONGEST_NAME, LONGEST_HGVS = 100, 300
"""Longer names are none."""

_LONGEST_EFFECT = 1_000
_VERSIONED = re.compile(r"(ENS[A-Z]{0,6}G[0-9]+)\.[0-9]+\Z")

NO_ALT = "names no ALT of its record"
MALFORMED = "cannot be read"
POINTER = "stands at another record"
UNKNOWN_EFFECT = "unknown effect word"
UNKNOWN_CHANGE = "protein change in another form"
TOO_MANY = "more than is read"


class Claims:
    """What is said of one ALT; the order of the file is kept."""

    __slots__ = (
        *("genes", "effects", "changes", "identifiers", "transcripts", "proteins"),
        *("clinvar", "significance", "conditions", "unread"),
    )

    def __init__(self) -> None:
        self.genes: list[str] = []
        self.effects: list[str] = []
        self.changes: list[str] = []
        self.identifiers: list[str] = []
        self.transcripts: list[str] = []
        self.proteins: list[str] = []
        self.clinvar: str | None = None
        self.significance: list[str] = []
        self.conditions: list[str] = []
        self.unread: list[Unread] = []

    def annotation(self) -> Annotation:
        """Return it, each part without repeats and bounded."""
        changes = self._kept(self.changes, MOST_CHANGES) if self.changes else ()
        return Annotation(
            genes=self._kept(symbols_first(self.genes), MOST_GENES),
            effects=self._kept(self.effects, MOST_EFFECTS) if self.effects else (),
            protein_changes=changes,
            identifiers=self._kept(self.identifiers, MOST_IDENTIFIERS),
            transcript_hgvs=_first(self.transcripts, MOST_HGVS),
            protein_hgvs=_first(self.proteins, MOST_HGVS),
            clinvar=self.clinvar,
            significance=_first(self.significance, MOST_CONDITIONS),
            conditions=_first(self.conditions, MOST_CONDITIONS),
            unread=_first(self.unread, len(Unread)),
        )

    def miss_change(self) -> None:
        """Mark an effect on the protein, or one not known, without its change."""
        is_doubted = not {Unread.WHOLE, Unread.MISSING}.isdisjoint(self.unread)
        if is_doubted or any(not change.endswith("=") for change in self.changes):
            return
        # An effect that was lost with its gene is one of a place (bcftools csq).
        is_unknown = Unread.EFFECT in self.unread and Unread.GENE not in self.unread
        if is_unknown or not REPLACING.isdisjoint(self.effects):
            self.unread.append(Unread.PROTEIN)
        elif not LENGTHENING.isdisjoint(self.effects):
            self.unread.append(Unread.LENGTH)

    def _kept(self, values: list[str], most: int) -> tuple[str, ...]:
        """Return the first of them; what is left out, no "no" may rest on."""
        if len(values) < 2:
            return tuple(values)
        once = tuple(dict.fromkeys(values))
        if len(once) > most:
            self.unread.append(Unread.WHOLE)
        return once[:most]


def _first(values: list[T], most: int) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values))[:most] if values else ()


class Reading:
    """One record being read: its ALTs' claims, and what could not be read.

    Attributes:
        alleles: the numbers of the ALTs that are alleles.
        annotated: those that an entry was about.
        faults: reason → how often.
        examples: reason → the first text it was given for.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.faults: dict[str, int] = {}
        self.examples: dict[str, str] = {}
        self._claims: dict[int, Claims] = {}
        self.annotated: set[int] = set()
        alternates = enumerate(site.alternates, 1)
        self.alleles = [number for number, alt in alternates if alt not in NO_ALLELES]

    def of(self, number: int) -> Claims:
        """Return the claims of one ALT."""
        claims = self._claims.get(number)
        if claims is None:
            claims = self._claims[number] = Claims()
        return claims

    def fault(self, reason: str, example: str) -> None:
        """Count what could not be read."""
        self.faults[reason] = self.faults.get(reason, 0) + 1
        self.examples.setdefault(reason, example[:80])

    def doubt(self, why: Iterable[Unread], *, but: Container[int] = ()) -> None:
        """Mark the ALTs that something lost may have been about."""
        for number in self.alleles if why else ():
            if number not in but:
                self.of(number).unread.extend(why)

    def miss(self, *, but: Container[int] = ()) -> None:
        """Mark the ALTs that nothing annotates, where something should."""
        for number in self.alleles:
            if number not in but and Unread.WHOLE not in self.of(number).unread:
                self.of(number).unread.append(Unread.MISSING)

    def doubt_effects(self) -> None:
        """Mark the ALTs of which no effect is told, where the file tells effects."""
        for number in self.alleles:
            claims = self.of(number)
            if not (claims.effects or claims.unread):
                claims.unread.append(Unread.EFFECT)

    def take_gene(self, text: str, claims: Claims) -> None:
        """Take a gene's name: short, printable, without spaces; or none."""
        if not text or text == ".":
            return
        if len(text) > LONGEST_NAME or not text.isprintable() or " " in text:
            self.fault(MALFORMED, f"gene {text[:40]!r}")
            claims.unread.append(Unread.WHOLE)
        else:
            claims.genes.append(text)
            versioned = _VERSIONED.match(text)
            if versioned is not None:
                claims.genes.append(versioned[1])

    def take_effects(self, text: str, claims: Claims) -> None:
        """Take the words of an effect; those that are no term are counted."""
        if len(text) > _LONGEST_EFFECT:
            self.fault(MALFORMED, f"effect {text[:40]!r}")
            claims.unread.append(Unread.WHOLE)
            return
        known, unknown = effects_of(text)
        claims.effects += known
        if unknown or not known:
            claims.unread.append(Unread.EFFECT)
        for word in unknown:
            self.fault(UNKNOWN_EFFECT, word)

    def take_change(self, change: str | None, text: str, claims: Claims) -> None:
        """Take a protein change; the file's text tells of one in another form."""
        if change is not None:
            claims.changes.append(change)
        elif not says_nothing(text):
            self.fault(UNKNOWN_CHANGE, text)
            claims.unread.append(
                Unread.LENGTH if changes_length(text) else Unread.PROTEIN
            )

    def annotations(self, *, changes_are_told: bool) -> Mapping[int, Annotation]:
        """Return what was said of every ALT that something was said of.

        Args:
            changes_are_told: whether the load holds changes of proteins.
        """
        if changes_are_told:
            for claims in self._claims.values():
                if claims.effects or claims.unread:
                    claims.miss_change()
        found = {n: claims.annotation() for n, claims in self._claims.items()}
        return {n: one for n, one in found.items() if one != _EMPTY}


_EMPTY = Annotation()


def says_nothing(text: str) -> bool:
    """Whether a protein name says that nothing is known or that nothing changes."""
    name = text.rpartition(":")[2].rpartition("(")[2]
    return name.strip("p.()") in ("?", "=", "%3D", "0", "0?", "%3F")
