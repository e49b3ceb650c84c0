"""From Beacon v2 variant parameters to the one question they ask.

``QUERY_TYPES`` is the whole decision: the first row whose parameters are given
builds the pattern.  A new kind of question is a new row.  Whatever cannot be
answered is refused naming its parameter; nothing is dropped, nothing guessed:
a parameter changes the pattern, or is refused.
Beacon v2, genomicVariations/requestParameters.json and docs/variant-queries.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from beacon.model import assemblies, notation
from beacon.model.annotation import AnnotationPattern
from beacon.model.errors import InvalidRequest, NotUnderstood
from beacon.model.genes import NO_GENES
from beacon.model.genome import Interval, start_from_pos
from beacon.model.hgvs import transcript_hgvs
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.protein import asked_change
from beacon.model.similarity import POINTS, SPANS, Event, Mate
from beacon.model.spelling import (
    allele_pattern,
    check_place,
    check_reference,
    overlap_bounds,
    reference_of,
    region_pattern,
    resolve_assembly,
    resolve_contig,
    similar_pattern,
    spellings,
)
from beacon.model.variant import BASES, sequence_allele

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from beacon.model.genes import Genes
    from beacon.model.genome import Contig
    from beacon.model.variant import Reference

__all__ = [
    "QUERY_TYPES",
    "QueryType",
    "VariantParameters",
    "allele_pattern",
    "canonical_type",
    "gene_symbols",
    "identity_pattern",
    "pattern_of",
    "region_pattern",
    "spellings",
    "transcript_hgvs",
    "variant_pattern",
]

LONGEST_ALLELE = 100_000
"""Bases; a longer allele is asked for by its place, type and length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantParameters:
    """The variant parameters of one request, as given; ``None`` or ``()``: not given.

    ``start`` and ``end`` hold one value, or two for a bracket; ``""`` as bases is
    a value (a pure insertion or deletion).  ``effects`` holds, for each effect
    asked, the Sequence Ontology ids that are it.
    """

    assembly_id: str | None = None
    reference_name: str | None = None
    start: tuple[int, ...] = ()
    end: tuple[int, ...] = ()
    reference_bases: str | None = None
    alternate_bases: str | None = None
    variant_type: str | None = None
    variant_min_length: int | None = None
    variant_max_length: int | None = None
    gene_id: str | None = None
    aminoacid_change: str | None = None
    genomic_allele_short_form: str | None = None
    mate_name: str | None = None
    mate_start: int | None = None
    variant_length: int | None = None
    similarity: float | None = None
    breakpoint_distance: int | None = None

    @property
    def asks_similar(self) -> bool:
        """Whether variants that are similar to an event are asked for."""
        return (self.similarity, self.breakpoint_distance) != (None, None)

    effects: tuple[tuple[str, ...], ...] = ()

    @property
    def asks_annotations(self) -> bool:
        """Whether a gene, a protein change or an effect is given."""
        return bool(self.effects) or (self.gene_id, self.aminoacid_change) != (
            None,
            None,
        )

    @property
    def is_placed(self) -> bool:
        """Whether a place is given, or something that holds one."""
        names = (self.reference_name, self.genomic_allele_short_form)
        return bool(self.start or self.end) or names != (None, None)

    @property
    def places_something(self) -> bool:
        """Whether anything that needs a sequence is given."""
        bases = (self.reference_bases, self.alternate_bases)
        others = (self.mate_name, self.similarity, self.breakpoint_distance)
        is_given = any(value is not None for value in (*bases, *others))
        return self.narrows or bool(self.start or self.end) or is_given

    @property
    def narrows(self) -> bool:
        """Whether a type or a length is given."""
        lengths = (self.variant_min_length, self.variant_max_length)
        return self.variant_type is not None or lengths != (None, None)

    @property
    def spells_allele(self) -> bool:
        """Whether one start, REF and ALT are given."""
        bases = (self.reference_bases, self.alternate_bases)
        return len(self.start) == 1 and None not in bases


class _Asked(NamedTuple):
    """Parameters beside what they are read against."""

    given: VariantParameters
    loaded: Collection[str]
    references: Mapping[str, Reference]
    genes: Genes = NO_GENES

    @property
    def knows_gene_place(self) -> bool:
        """Whether a gene is asked by where it lies, not by what annotations say."""
        name = self.given.gene_id
        if name is None or self.given.aminoacid_change is not None:
            return False
        return self.genes.places(name, self.genome())

    def genome(self) -> str:
        """Return the assembly that is asked, where no sequence tells."""
        return resolve_assembly(self.given.assembly_id, self.loaded)

    def contig(self) -> Contig:
        name = self.given.reference_name
        if name is None:
            _refuse("referenceName", "referenceName is needed to place a variant.")
        return resolve_contig(name, assembly=self.given.assembly_id, loaded=self.loaded)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryType:
    """One kind of question: when it is asked, and the pattern it stands for.

    Attributes:
        needs_genes: whether it can be asked only where gene places are loaded.
        compares_events: whether it reads what describes an event and how like it
            another must be; elsewhere that is refused.
    """

    name: str
    asks: Callable[[VariantParameters], bool]
    build: Callable[[_Asked], VariantPattern | None]
    needs_genes: bool = False
    compares_events: bool = False

    def is_for(self, asked: _Asked) -> bool:
        """Whether it is what some parameters ask."""
        if self.needs_genes and not asked.knows_gene_place:
            return False
        return self.asks(asked.given)


def pattern_of(
    parameters: VariantParameters,
    *,
    loaded: Collection[str],
    references: Mapping[str, Reference],
    genes: Genes = NO_GENES,
) -> VariantPattern | None:
    """Return what the parameters ask for; ``None``: no particular variant.

    Args:
        parameters: as given in the request.
        loaded: canonical names of the assemblies that have datasets.
        references: the references at hand, by canonical assembly name.
        genes: where genes lie.

    Raises:
        InvalidRequest: naming the parameter that is missing, malformed or
            contradicts another one.
        UnknownContig: when the assembly has no such sequence.
    """
    given = _checked(parameters)
    asked = _Asked(given, loaded, references, genes)
    row = next(row for row in QUERY_TYPES if row.is_for(asked))
    if not row.compares_events:
        _refuse_events(given)
    found = row.build(asked)
    if found is None:
        return None
    if found.similar is None:
        found = _joined(_narrowed(found, given), asked)
    return _annotated(found, asked)


def _refuse(parameter: str, sentence: str) -> NoReturn:
    raise InvalidRequest(sentence, parameter=parameter)


# --- what every question must satisfy --------------------------------------------


def _checked(given: VariantParameters) -> VariantParameters:
    """Return the parameters with bases in upper case, or refuse malformed ones."""
    for parameter, values in (("start", given.start), ("end", given.end)):
        if len(values) > 2 or any(value < 0 for value in values):
            _refuse(parameter, f"{parameter} takes one or two positions from 0 on.")
    _check_lengths(given.variant_min_length, given.variant_max_length)
    return replace(
        given,
        reference_bases=_bases("referenceBases", given.reference_bases),
        alternate_bases=_bases("alternateBases", given.alternate_bases),
    )


def _check_lengths(least: int | None, most: int | None) -> None:
    if least is not None and least < 0:
        _refuse("variantMinLength", "variantMinLength must not be negative.")
    if most is not None and most < 0:
        _refuse("variantMaxLength", "variantMaxLength must not be negative.")
    if least is not None and most is not None and most < least:
        _refuse("variantMaxLength", "variantMaxLength is below variantMinLength.")


def _bases(parameter: str, text: str | None) -> str | None:
    """Return bases in upper case as DNA; a lone ``-`` or ``.`` means none."""
    if text is None:
        return None
    if len(text) > LONGEST_ALLELE:
        _refuse(parameter, f"{parameter} has more than {LONGEST_ALLELE:,} bases.")
    bases = "" if text in ("-", ".") else text.upper()
    if BASES.match(bases) is None:
        _refuse(parameter, f"{parameter} may hold the letters ACGTUNRYSWKMBDHV only.")
    return bases.replace("U", "T")


def _narrowed(pattern: VariantPattern, given: VariantParameters) -> VariantPattern:
    if not given.narrows:
        return pattern
    asked = given.variant_type
    return replace(
        pattern,
        variant_type=None if asked is None else canonical_type(asked),
        min_length=given.variant_min_length,
        max_length=given.variant_max_length,
    )


def _refuse_events(given: VariantParameters) -> None:
    """Refuse what compares events where none are compared."""
    for parameter, value in (
        ("similarity", given.similarity),
        ("breakpointDistance", given.breakpoint_distance),
    ):
        if value is not None:
            _refuse(
                parameter,
                f"{parameter} compares an event of referenceName, start, end and"
                " variantType with others; leave it out of this question.",
            )
    for parameter, value in (
        ("mateStart", given.mate_start),
        ("variantLength", given.variant_length),
    ):
        if value is not None:
            _refuse(parameter, f"{parameter} needs similarity beside it.")


def _joined(pattern: VariantPattern, asked: _Asked) -> VariantPattern:
    """Return the pattern, narrowed to breakends whose mate is on a sequence."""
    given = asked.given
    if given.mate_name is None:
        return pattern
    if pattern.is_single_allele or pattern.name is not None:
        _refuse("mateName", "mateName asks for breakends; leave out the allele.")
    if pattern.contig is None:
        _refuse("mateName", "mateName asks for breakends; it needs referenceName.")
    mate = resolve_contig(
        given.mate_name, assembly=pattern.assembly, loaded=asked.loaded
    )
    return replace(pattern, mate=mate)


# --- types of variants -----------------------------------------------------------

_TYPE_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "SNP": ("SNV", "SUBSTITUTION", "SO:0001483", "SO:0000694"),
    "MNP": ("MNV", "SO:0002007", "SO:0001013"),
    "INS": ("INSERTION", "SO:0000667"),
    "DEL": (
        *("DELETION", "LOSS", "SO:0000159", "SO:0001743"),
        *("EFO:0030067", "EFO:0030068", "EFO:0020073", "EFO:0030069"),
    ),
    "INDEL": ("DELINS", "SO:1000032"),
    "DUP": (
        *("DUPLICATION", "GAIN", "SO:1000035", "SO:1000173", "SO:0001742"),
        *("EFO:0030070", "EFO:0030071", "EFO:0030072", "EFO:0030073"),
    ),
    "INV": ("INVERSION", "SO:1000036"),
    "CNV": ("SO:0001019", "EFO:0030063"),
    "CPX": ("COMPLEX", "SO:0001784"),
    "BND": ("BREAKEND",),
    "TRA": ("TRANSLOCATION", "CTX", "SO:0000199"),
}
_TYPES = {
    synonym: word
    for word, synonyms in _TYPE_SYNONYMS.items()
    for synonym in (word, *synonyms)
}
_COPY_NUMBER = re.compile(r"CN[0-9]+")
_SUBTYPE = re.compile(r"(?P<type>[A-Z]+)(?P<rest>(?::[A-Z0-9_.+*-]+)+)")


def canonical_type(word: str) -> str:
    """Return our word for a variant type.

    VCF words and what they know below them (``DUP:TANDEM``, ``<INS:ME>``), SO and
    EFO terms.

    Raises:
        InvalidRequest: when the word is none of them: "no" would be a wrong answer.
    """
    plain = word.strip().strip("<>").upper()
    if not plain:
        _refuse("variantType", "variantType is empty.")
    known = _TYPES.get(plain)
    below = _SUBTYPE.fullmatch(plain)
    if known is None and below is not None and below["type"] in _TYPES:
        return _TYPES[below["type"]] + below["rest"]
    if known is None and _COPY_NUMBER.fullmatch(plain):
        return "CNV"
    if known is None:
        words = ", ".join(_TYPE_SYNONYMS)
        _refuse("variantType", f"variantType {plain[:40]!r} is none of {words}.")
    return known


# --- the kinds of questions ------------------------------------------------------


def _everything(asked: _Asked) -> None:
    if asked.given.assembly_id is not None:
        assemblies.assembly(asked.given.assembly_id)


def _gene(asked: _Asked) -> VariantPattern:
    """Build the question for what overlaps a gene, of the bases asked for."""
    given = asked.given
    if given.start or given.end or given.genomic_allele_short_form is not None:
        _refuse("geneId", "geneId places the variants; leave out other places.")
    pattern = asked.genes.pattern(given.gene_id or "", asked.genome())
    if given.reference_name is not None:
        pattern = _on_sequence(pattern, asked)
    return replace(
        pattern, reference=given.reference_bases, alternate=given.alternate_bases
    )


def _on_sequence(pattern: VariantPattern, asked: _Asked) -> VariantPattern:
    """Return the question for a gene's place on the sequence that is named."""
    given, contig = asked.given, asked.contig()
    for place in pattern.places:
        if place.contig == contig:
            return place
    _refuse(
        "geneId",
        f"{given.gene_id} lies on "
        f"{' and '.join(p.sequence.name for p in pattern.places)}, not on "
        f"{given.reference_name}.",
    )


def _without_place(asked: _Asked) -> VariantPattern:
    """Build a question about annotations of a whole assembly."""
    given = asked.given
    return VariantPattern(
        contig=None,
        genome=asked.genome(),
        reference=given.reference_bases,
        alternate=given.alternate_bases,
    )


def _annotated(pattern: VariantPattern, asked: _Asked) -> VariantPattern:
    """Return a question that asks for what annotations say, too."""
    given = asked.given
    if not given.asks_annotations:
        return pattern
    if pattern.is_single_allele or pattern.annotated is not None:
        parameter = _said_by_annotations(given)
        _refuse(
            parameter,
            f"{parameter} narrows a gene, a range or a sequence;"
            " leave it out where one allele is asked for.",
        )
    change = given.aminoacid_change
    annotated = AnnotationPattern(
        genes=_symbols(asked),
        effects=given.effects,
        protein_change=None if change is None else _change(change),
    )
    return replace(
        pattern,
        annotated=annotated if annotated.kinds else None,
        notes=pattern.notes + _gene_notes(asked, annotated),
    )


def _said_by_annotations(given: VariantParameters) -> str:
    """Return the first parameter that annotations answer."""
    if given.gene_id is not None:
        return "geneId"
    return "filters" if given.aminoacid_change is None else "aminoacidChange"


def _symbols(asked: _Asked) -> tuple[str, ...]:
    """Return the symbols annotations are asked for; none where a place is asked."""
    name = asked.given.gene_id
    if name is None or asked.knows_gene_place:
        return ()
    return asked.genes.symbols(name) or gene_symbols(name)


def _gene_notes(asked: _Asked, annotated: AnnotationPattern) -> tuple[str, ...]:
    """Return which gene a name is taken for, and why its place is not asked."""
    name = asked.given.gene_id
    if not annotated.genes or name is None or asked.genes.is_empty:
        return ()
    name, known = name.strip(), asked.genes.symbols(name)
    notes: tuple[str, ...] = ()
    if known and name.casefold() != known[0].casefold():
        notes = (f"{name} is taken for {known[0]}.",)
    if asked.given.aminoacid_change is not None:
        return notes
    lacking = (
        f"no place on {asked.genome()} is loaded for {known[0]}"
        if known
        else f"{name[:40]!r} is no gene of the table that is loaded here"
    )
    return (*notes, f"Annotations were asked for this gene: {lacking}.")


def _change(text: str) -> str:
    change = asked_change(text)
    if change is None:
        _refuse(
            "aminoacidChange",
            f"aminoacidChange {text[:40]!r} is no change of amino acids,"
            " as V600E, Val600Glu or p.(Val600Glu).",
        )
    return change


def gene_symbols(name: str) -> tuple[str, ...]:
    """Return the symbols that one gene may be written with.

    Approved symbols are in capitals, but for ``C1orf112`` and its like.

    Raises:
        InvalidRequest: for what cannot be a gene's symbol or id.
    """
    plain = name.strip()
    if _GENE.fullmatch(plain) is None:
        _refuse("geneId", f"geneId {name[:40]!r} is no gene symbol or id.")
    capital = plain.upper()
    frame = _OPEN_FRAME.fullmatch(capital)
    open_frame = f"C{frame[1]}orf{frame[2]}" if frame else capital
    return tuple(dict.fromkeys((plain, capital, open_frame)))


def _short_form(asked: _Asked) -> VariantPattern:
    given, parameter = asked.given, "genomicAlleleShortForm"
    text = given.genomic_allele_short_form or ""
    if given.start or given.end or given.reference_name is not None:
        _refuse(parameter, f"{parameter} places a variant; leave out other places.")
    if given.reference_bases is not None or given.alternate_bases is not None:
        _refuse(parameter, f"{parameter} spells a variant; leave out other bases.")
    hgvs = transcript_hgvs(text)
    if hgvs is not None:
        return VariantPattern(
            contig=None,
            genome=asked.genome(),
            annotated=AnnotationPattern(hgvs=hgvs),
        )
    if not (notation.is_hgvs(text) or notation.is_name(text)):
        _refuse(
            parameter,
            f"{parameter} takes HGVS, as NC_000022.10:g.16050408T>C, an rsID or a "
            "VRS id.",
        )
    try:
        return notation.parse(
            text,
            assembly=given.assembly_id,
            loaded=asked.loaded,
            references=asked.references,
            genes=asked.genes,
        )
    except NotUnderstood as error:
        raise InvalidRequest(str(error), parameter=parameter) from error


_EVENTS_ALONE = "similarity compares events;"
_LENGTH_BOUND = "similarity bounds the length itself;"


def _similar(asked: _Asked) -> VariantPattern:
    """Build the question whether an event has been seen: kind, place, how alike."""
    given, contig = asked.given, asked.contig()
    for parameter, value, sentence in (
        ("referenceBases", given.reference_bases, _EVENTS_ALONE),
        ("alternateBases", given.alternate_bases, _EVENTS_ALONE),
        ("variantMinLength", given.variant_min_length, _LENGTH_BOUND),
        ("variantMaxLength", given.variant_max_length, _LENGTH_BOUND),
    ):
        if value is not None:
            _refuse(parameter, f"{sentence} leave out {parameter}.")
    if given.asks_annotations:
        parameter = _said_by_annotations(given)
        _refuse(parameter, f"{_EVENTS_ALONE} leave out {parameter}.")
    if given.variant_type is None:
        kinds = ", ".join((*SPANS, *POINTS))
        _refuse("variantType", f"similarity needs variantType, one of {kinds}.")
    kind = canonical_type(given.variant_type).partition(":")[0]
    return similar_pattern(
        _event(asked, "BND" if kind == "TRA" else kind, contig),
        contig,
        overlap=given.similarity,
        distance=given.breakpoint_distance,
    )


def _event(asked: _Asked, kind: str, contig: Contig) -> Event:
    """Return the event that parameters describe."""
    given = asked.given
    if kind not in (*SPANS, *POINTS):
        _refuse("variantType", f"Events of type {kind} have no similar ones.")
    if len(given.start) != 1 or len(given.end) > 1:
        _refuse("start", "similarity takes one start and one end.")
    _check_event(given, kind)
    start = given.start[0]
    end = given.end[0] if given.end else start
    if kind in SPANS and end <= start:
        _refuse("end", f"similarity of {kind} needs an end behind its start.")
    check_place(contig, start, max(start, end))
    if kind in SPANS:
        return Event(kind, contig.name, start, end, end - start)
    mate = _mate(asked, contig) if kind == "BND" else None
    return Event(kind, contig.name, start, start, given.variant_length, mate=mate)


def _check_event(given: VariantParameters, kind: str) -> None:
    """Refuse what says nothing of an event of a kind."""
    if kind != "INS" and given.variant_length is not None:
        _refuse("variantLength", f"variantLength is of INS, not of {kind}.")
    if kind != "BND" and given.mate_name is not None:
        _refuse("mateName", f"mateName is of BND, not of {kind}.")
    if kind != "BND" and given.mate_start is not None:
        _refuse("mateStart", f"mateStart is of BND, not of {kind}.")
    if kind in POINTS and given.end and given.end[0] - given.start[0] not in (0, 1):
        _refuse("end", f"{kind} lies at one place; leave out the end.")


def _mate(asked: _Asked, contig: Contig) -> Mate | None:
    given = asked.given
    if (given.mate_name is None) != (given.mate_start is None):
        _refuse("mateStart", "A mate needs both mateName and mateStart.")
    if given.mate_name is None or given.mate_start is None:
        return None
    other = resolve_contig(
        given.mate_name, assembly=contig.assembly, loaded=asked.loaded
    )
    check_place(other, given.mate_start, given.mate_start)
    return Mate(other.name, given.mate_start)


_GENE = re.compile(r"[A-Za-z0-9][\w.:@/-]{0,59}", re.ASCII)
_OPEN_FRAME = re.compile(r"C([0-9XY]+)ORF([0-9]+)")


def _bracket(asked: _Asked) -> VariantPattern:
    given, contig = asked.given, asked.contig()
    if len(given.start) != len(given.end):
        lacking = "start" if len(given.start) < len(given.end) else "end"
        _refuse(lacking, f"A bracket question takes two values of {lacking}.")
    return VariantPattern(
        contig=contig,
        start=_bracket_bounds("start", given.start),
        end=_bracket_bounds("end", given.end),
        reference=given.reference_bases,
        alternate=given.alternate_bases,
    )


def _bracket_bounds(parameter: str, values: tuple[int, ...]) -> Bounds:
    low, high = values
    if high <= low:
        _refuse(
            parameter,
            f"{parameter} {low},{high} holds no position: the second value is the "
            f"first one no longer meant, so {low} alone is {low},{low + 1}.",
        )
    return Bounds(low=low, high=high)


def _allele(asked: _Asked) -> VariantPattern:
    """Build the question for one spelled allele, wildcards or not."""
    given = asked.given
    start, reference = given.start[0], given.reference_bases
    _check_end(given)
    if reference is None or given.alternate_bases is None or _has_wildcard(given):
        return _like_allele(asked)
    contig = asked.contig()
    allele = sequence_allele(contig, start, reference, given.alternate_bases)
    return allele_pattern(allele, reference_of(contig, asked.references))


def _has_wildcard(given: VariantParameters) -> bool:
    return "N" in (given.reference_bases or "") + (given.alternate_bases or "")


def _check_end(given: VariantParameters) -> None:
    """Refuse an end before the start: the allele could not overlap the range."""
    if given.end and given.end[0] < given.start[0]:
        _refuse("end", f"end {given.end[0]} lies before start {given.start[0]}.")


def _like_allele(asked: _Asked) -> VariantPattern:
    given, contig = asked.given, asked.contig()
    start, reference = given.start[0], given.reference_bases
    check_place(contig, start, start + len(reference or ""))
    check_reference(
        contig, start, reference or "", reference_of(contig, asked.references)
    )
    return VariantPattern(
        contig=contig,
        start=Bounds(low=start, high=start + 1),
        reference=reference,
        alternate=given.alternate_bases,
    )


def _range(asked: _Asked) -> VariantPattern:
    given, contig = asked.given, asked.contig()
    _check_end(given)
    interval = Interval(contig=contig, start=given.start[0], end=given.end[0])
    return VariantPattern(
        contig=contig,
        overlap=overlap_bounds(interval),
        reference=given.reference_bases,
        alternate=given.alternate_bases,
    )


def _start_only(asked: _Asked) -> NoReturn:
    asked.contig()
    _refuse("alternateBases", "start without end needs alternateBases.")


def _end_only(asked: _Asked) -> NoReturn:
    asked.contig()
    _refuse("start", "end without start cannot be answered: start is needed.")


def _whole_contig(asked: _Asked) -> VariantPattern:
    given = asked.given
    return VariantPattern(
        contig=asked.contig(),
        reference=given.reference_bases,
        alternate=given.alternate_bases,
    )


QUERY_TYPES: tuple[QueryType, ...] = (
    QueryType(
        name="gene",
        asks=lambda p: p.gene_id is not None and p.aminoacid_change is None,
        build=_gene,
        needs_genes=True,
    ),
    QueryType(
        name="annotation",
        asks=lambda p: p.asks_annotations and not p.is_placed,
        build=_without_place,
    ),
    QueryType(
        name="short form",
        asks=lambda p: p.genomic_allele_short_form is not None,
        build=_short_form,
    ),
    QueryType(
        name="everything",
        asks=lambda p: p.reference_name is None and not p.places_something,
        build=_everything,
    ),
    QueryType(
        name="similar",
        asks=lambda p: p.asks_similar,
        build=_similar,
        compares_events=True,
    ),
    QueryType(
        name="bracket",
        asks=lambda p: max(len(p.start), len(p.end)) > 1,
        build=_bracket,
    ),
    QueryType(name="allele", asks=lambda p: p.spells_allele, build=_allele),
    QueryType(
        name="sequence",
        asks=lambda p: bool(p.start) and not p.end and p.alternate_bases is not None,
        build=_allele,
    ),
    QueryType(name="range", asks=lambda p: bool(p.start and p.end), build=_range),
    QueryType(
        name="start without end", asks=lambda p: bool(p.start), build=_start_only
    ),
    QueryType(name="end without start", asks=lambda p: bool(p.end), build=_end_only),
    QueryType(name="whole sequence", asks=lambda _: True, build=_whole_contig),
)
"""Every kind of question, in the order they are tried; the last takes the rest."""


# --- a variant's id --------------------------------------------------------------

_IDENTITY = re.compile(
    rf"(?P<assembly>{'|'.join(map(re.escape, assemblies.ASSEMBLIES))})"
    r"-(?P<contig>[0-9XYMT]{1,2})-(?P<pos>[1-9][0-9]{0,9})-(?P<change>.+)",
    re.DOTALL,
)
_SPELLED = re.compile(r"([A-Z]+)-([A-Z]+)")
_DIGESTED = re.compile(r"ref\.[0-9a-f]{24}-alt\.[0-9a-f]{24}")
_SYMBOLIC = re.compile(r"([0-9]{1,10})-\S+")


def identity_pattern(identity: str) -> VariantPattern | None:
    """Return the pattern that asks for the variant of an id, see ``identity_of``.

    ``None`` for whatever cannot be such an id; that is no variant's, not an error.
    """
    match = _IDENTITY.fullmatch(identity)
    if match is None:
        return None
    assembly = assemblies.ASSEMBLIES[match["assembly"]]
    contig = assemblies.find_contig(assembly, match["contig"])
    start = start_from_pos(int(match["pos"]))
    if contig is None or contig.name != match["contig"] or start > contig.length:
        return None
    return _identity_pattern(contig, start, match["change"], identity)


def _identity_pattern(
    contig: Contig, start: int, change: str, identity: str
) -> VariantPattern | None:
    spelled, symbolic = _SPELLED.fullmatch(change), _SYMBOLIC.fullmatch(change)
    if not (spelled or symbolic or _DIGESTED.fullmatch(change)):
        return None
    end = int(symbolic[1]) if symbolic else None
    return VariantPattern(
        contig=contig,
        identity=identity,
        start=Bounds(low=start, high=start + 1),
        end=None if end is None else Bounds(low=end, high=end + 1),
        spellings=((start, spelled[1], spelled[2]),) if spelled else (),
    )


def variant_pattern(
    identity: str, references: Mapping[str, Reference]
) -> VariantPattern | None:
    """Return the pattern that asks for the variant of an id, however data spells it.

    An id whose bases contradict the reference is that of the spelling alone.
    """
    pattern = identity_pattern(identity)
    if pattern is None or not pattern.spellings:
        return pattern
    contig = pattern.sequence
    try:
        allele = sequence_allele(contig, *pattern.spellings[0])
        return allele_pattern(allele, reference_of(contig, references))
    except InvalidRequest:
        return pattern
