"""What somebody typed or pasted: the question and its address, or what was meant.

The texts are read by the same function that reads them on the command line and in
lists (``model.notation``); here an assembly that a text names itself wins over the
one that is chosen beside it, and every question gets the address it is kept under.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from beacon.model.errors import InvalidRequest
from beacon.model.genome import pos_from_start
from beacon.model.hints import Suggestion, Why, suggestions
from beacon.model.notation import read_text, vcf_style
from beacon.model.reading import Context
from beacon.model.spelling import normal_allele
from beacon.page.words import N_

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.model.pattern import VariantPattern
    from beacon.wire.requests import Understanding

_PLAIN: Final = ":,->=().;+@*"
"""What may stand in a path as it is, and reads better so."""
_LONGEST: Final = 2_000
"""Characters of an address that browsers and proxies are sure to take."""
WHYS: Final[Mapping[Why, str]] = {
    Why.OTHER_ASSEMBLY: N_("it fits on %(assembly)s"),
    Why.REFERENCE: N_("with what the reference has there as REF"),
    Why.SWAPPED: N_("the reference has ALT there: perhaps the other way round"),
    Why.EARLIER: N_("REF fits one base earlier"),
    Why.LATER: N_("REF fits one base later"),
    Why.OTHER_STRAND: N_("REF fits on the other strand"),
    Why.ONE_OF: N_("one of them"),
    Why.POSITION: N_("whatever lies at this position"),
    Why.GENE: N_("what lies in this gene"),
    Why.RSID: N_("as the number of dbSNP"),
    Why.EVENT: N_("similar ones of this type"),
    Why.ONE_BASED: N_("with the position counted from 1"),
    Why.ANCHORED: N_("with the base before it"),
    Why.REORDERED: N_("with the place first"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question that was understood.

    Attributes:
        pattern: what is asked.
        shown: the question as we write it.
        address: the path it is kept under, below the root of the site.
    """

    pattern: VariantPattern
    shown: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Puzzle:
    """A text that was not understood.

    Attributes:
        sentence: why, in English.
        offers: what may have been meant.
    """

    sentence: str
    offers: tuple[Suggestion, ...]


def read_box(text: str, chosen: str | None, known: Understanding) -> Asked | Puzzle:
    """Return what a text asks, or what may be asked instead.

    Args:
        text: as it was typed or pasted.
        chosen: the assembly that stands beside it; one that the text names wins.
        known: what questions are understood with.
    """
    context = Context(
        assembly=_own_assembly(text, known) or chosen,
        loaded=known.loaded,
        references=known.references,
        genes=known.genes,
    )
    try:
        pattern = read_text(text, context)
        shown = written(text, pattern, known)
        return Asked(pattern=pattern, shown=shown, address=address_of(pattern, shown))
    except InvalidRequest as refusal:
        said = _own_refusal(text, known) or refusal
        offers = suggestions(text, said, context)
        return Puzzle(sentence=str(said), offers=offers)


def _own_assembly(text: str, known: Understanding) -> str | None:
    """Return the assembly a text names itself, by a word or by an accession."""
    alone = Context(references=known.references, genes=known.genes)
    # Whether REF is right is another matter: without a reference it is not asked.
    for context in (alone, replace(alone, references={})):
        try:
            return read_text(text, context).assembly
        except InvalidRequest:
            continue
    return None


def _own_refusal(text: str, known: Understanding) -> InvalidRequest | None:
    """Return why a text cannot be read, whichever assembly was chosen beside it.

    ``None``: that depends on the assembly.
    """
    alone = Context(references=known.references, genes=known.genes)
    try:
        read_text(text, alone)
    except InvalidRequest as refusal:
        return None if refusal.parameter == "assemblyId" else refusal
    return None


def written(text: str, pattern: VariantPattern, known: Understanding) -> str:
    """Return a question as we write it, in a notation that is read back."""
    plain = " ".join(text.split())
    if pattern.contig is None:
        asked = pattern.annotated
        return pattern.name or (asked and asked.hgvs) or plain
    if pattern.spellings:
        allele = normal_allele(pattern, known.references)
        return vcf_style(allele) if allele.is_anchored else plain
    if pattern.similar is not None:
        event = pattern.similar.event
        if not event.is_span:
            return plain
        first = pos_from_start(event.start)
        return f"{event.contig}:{first}-{event.end} {event.kind}"
    if pattern.overlap is None or _is_gene(plain, known):
        return plain
    low, high = pattern.overlap.low, pattern.overlap.high
    return f"{pattern.sequence.name}:{pos_from_start(low)}-{high}"


def _is_gene(text: str, known: Understanding) -> bool:
    """Whether a text that names a place is a gene, which is shown by its name."""
    try:
        return bool(known.genes.symbols(text))
    except InvalidRequest:
        return True


def address_of(pattern: VariantPattern, shown: str) -> str:
    """Return the path a question is kept under.

    Raises:
        InvalidRequest: when it is too long for an address.
    """
    kind = "v" if pattern.overlap is None else "region"
    address = path_of(kind, pattern.assembly, shown)
    if address is None:
        message = (
            "This allele is too long for the address of a page; ask for it with "
            "beacon ask, or through /api/batch."
        )
        raise InvalidRequest(message, parameter="variant")
    return address


def path_of(kind: str, assembly: str, text: str) -> str | None:
    """Return the path of a page about a text; ``None``: it is too long for one."""
    path = f"/{kind}/{assembly}/{quote(text, safe=_PLAIN)}"
    return path if len(path) <= _LONGEST else None
