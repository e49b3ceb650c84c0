"""Every spelling people give a variant or a region, read and written.

One row of ``NOTATIONS`` per way of writing; the first row whose form fits reads
the text or says, in one sentence, why it cannot.  A text that is not understood
is an error, never a "no".  What reads each way lives beside: ``vcf_forms``,
``hgvs``, ``events``, ``links``; what cleans a text, in ``tidying``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from beacon.model.annotation import AnnotationPattern
from beacon.model.errors import InvalidRequest, NotUnderstood
from beacon.model.events import CNV_WORD, read_event
from beacon.model.genes import NO_GENES
from beacon.model.genome import pos_from_start
from beacon.model.hgvs import (
    TRANSCRIPT,
    hgvs_g,
    is_hgvs,
    read_hgvs,
    read_mitochondrial,
    transcript_hgvs,
)
from beacon.model.links import read_link
from beacon.model.pattern import VariantPattern
from beacon.model.reading import LONGEST_QUOTED, Context, refuse
from beacon.model.tidying import take_assembly, tidy
from beacon.model.unread import (
    GENE_CHANGE_SENTENCE,
    PROTEIN,
    PROTEIN_SENTENCE,
    UNREAD,
    is_protein_change,
)
from beacon.model.vcf_forms import (
    CONTIG,
    GAP,
    LAST,
    PLAIN_VCF,
    POS,
    TO,
    read_line,
    read_position,
    read_ranged,
    read_region,
    read_spdi,
    read_unfinished,
    read_vcf,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from beacon.model.genes import Genes
    from beacon.model.variant import Allele, Reference

__all__ = [
    "NOTATIONS",
    "PLAIN_VCF",
    "Notation",
    "hgvs_g",
    "is_hgvs",
    "is_name",
    "parse",
    "read_text",
    "spdi",
    "vcf_style",
]


@dataclass(frozen=True, slots=True)
class Notation:
    """One way of writing: its name, its form, and what reads it."""

    name: str
    form: re.Pattern[str]
    read: Callable[[re.Match[str], Context], VariantPattern]


def parse(
    text: str,
    *,
    assembly: str | None,
    loaded: Collection[str],
    references: Mapping[str, Reference],
    genes: Genes = NO_GENES,
) -> VariantPattern:
    """Return what a text asks for, in any of the ways people write it.

    Args:
        text: as it was typed or pasted.
        assembly: any name of the assembly asked for.
        loaded: canonical names of the assemblies that have datasets.
        references: the references at hand, by canonical assembly name.
        genes: where genes lie.

    Raises:
        NotUnderstood: when the text is none of those ways, or is one that cannot
            be answered; the sentence says why.
        UnknownContig: when the assembly has no such sequence.
        InvalidRequest: when the assembly is not decided, a place is outside its
            sequence, or REF is not what the reference has.
    """
    return read_text(
        text,
        Context(assembly=assembly, loaded=loaded, references=references, genes=genes),
    )


def read_text(text: str, context: Context) -> VariantPattern:
    """Return what a text asks for, as ``parse`` does.

    Raises:
        InvalidRequest: as ``parse`` does.
    """
    plain = PLAIN_VCF.fullmatch(text)
    if plain is not None:  # nothing to tidy, and no other way of writing is like it
        return read_vcf(plain, context)
    return _read(tidy(text), context)


def _read(text: str, context: Context) -> VariantPattern:
    """Return what a tidy text asks for."""
    if not is_name(text):  # whose letters may end like an assembly
        said, text = take_assembly(text)
        if said is not None:
            context = context.of_assembly(said)
    worded = _WORD.fullmatch(text)
    if worded is not None and context.genes.spells(text):
        return _read_gene(worded, context)
    for notation in NOTATIONS:
        match = notation.form.fullmatch(text)
        if match is not None:
            return notation.read(match, context)
    shown = text if len(text) <= LONGEST_QUOTED else f"{text[:LONGEST_QUOTED]}…"
    sentence = (
        f"{shown!r} is not a variant or region we can read; "
        "write for example 22-16050408-T-C or 22:16050000-16060000."
    )
    raise NotUnderstood(sentence, parameter="variant")


# --- links --------------------------------------------------------------------


def _read_link(match: re.Match[str], context: Context) -> VariantPattern:
    told = read_link(match[0])
    if told.assembly is not None:
        context = context.of_assembly(told.assembly)
    return _read(tidy(told.text), context)


# --- names ------------------------------------------------------------------------


def _read_gene(match: re.Match[str], context: Context) -> VariantPattern:
    """Read a gene; a text of that form that is none may be a change of a protein."""
    try:
        return context.genes.pattern(match[0], context.genome())
    except InvalidRequest as reason:
        if reason.parameter != "geneId":
            raise
        sentence = PROTEIN_SENTENCE if is_protein_change(match[0]) else str(reason)
        raise NotUnderstood(sentence, parameter="variant") from reason


def _read_annotated(match: re.Match[str], context: Context) -> VariantPattern:
    """Read HGVS on a transcript or protein: the data's annotations know where it is."""
    return VariantPattern(
        contig=None,
        genome=context.genome(),
        annotated=AnnotationPattern(hgvs=transcript_hgvs(match[0])),
    )


def _read_rsid(match: re.Match[str], context: Context) -> VariantPattern:
    return _named(f"rs{int(match['number'])}", context)


def _read_vrs(match: re.Match[str], context: Context) -> VariantPattern:
    return _named(f"ga4gh:VA.{match['digest']}", context)


def _named(identifier: str, context: Context) -> VariantPattern:
    """Return the question for every allele of a name; the data says which they are."""
    return VariantPattern(
        contig=None,
        genome=context.genome(),
        annotated=AnnotationPattern(identifier=identifier),
    )


# --- ways of writing that cannot be answered (yet) ------------------------------


def _unread(sentence: str) -> Callable[[re.Match[str], Context], VariantPattern]:
    def read(_: re.Match[str], __: Context) -> VariantPattern:
        refuse(sentence)

    return read


_NO_VRS = (
    "Of VRS ids, those of alleles are read, ga4gh:VA. and 32 characters; "
    "give position, REF and ALT, as 22-16050408-T-C."
)
_NO_CNV = (
    "A copy number variant is written as del 22:18912231-21465672, or as "
    "22:18912231-21465672 DUP."
)
_NO_TRANSCRIPT = (
    "HGVS on a transcript (c., n., r.) needs a map of transcripts that is not here; "
    "give the g. or the VCF form, as NC_000022.10:g.16050408T>C (your tool shows it), "
    "or name the transcript, as NM_004006.2:c.4375C>T, where the data is annotated."
)
_NO_PROTEIN = (
    "HGVS on a protein (p.) may come of several changes of the genome; give the g. or "
    "the VCF form, as NC_000022.10:g.16050408T>C (your tool shows it)."
)
_NO_HEADER = "This is the header line of a VCF; paste the line of a variant."
_NO_WHOLE = "This names a whole sequence; add a position or a range, as 22:100-200."
_HOST = r"(?:[a-z0-9-]+\.)+(?:org|com|gov|edu|net|io|se|dk|no|fi|is|eu|uk)"
_OWN_PATH = r"/(?:[\w.-]+/)*v/\S+|/?(?:#/search)?\?(?=\S*pos=)\S+"
_SEQUENCE = (
    r"chr(?:[0-9]{1,2}|[XYM]|MT|Un|EBV)(?:_\w+)?|[XYM]|MT|[0-9]{1,2}|N[CTW]_[0-9.]+"
)
_NO_GENE = r"(?=(?:chr)?(?:[0-9]{1,2}|[XYM]|MT)[^0-9A-Z])"
_NO_PLACE = r"(?!(?:chr)?(?:[0-9]{1,2}|[XYM]|MT)[-_:.][0-9]{3})"


def _form(*parts: str) -> re.Pattern[str]:
    return re.compile("".join(parts), re.IGNORECASE | re.ASCII)


_WORD = _form(_NO_PLACE, r"[A-Z0-9]+[A-Z_-][\w.@/()-]{0,40}|[A-Z]+[0-9]+")

NOTATIONS: tuple[Notation, ...] = (
    Notation("link", _form(r"(?:[a-z]+://\S+|", _HOST, r"/\S+)"), _read_link),
    Notation("link", _form(_OWN_PATH), _read_link),
    Notation("header line", _form(r"#.*"), _unread(_NO_HEADER)),
    Notation("VRS id", _form(r"(?:ga4gh:)?VA\.(?P<digest>[\w-]{32})"), _read_vrs),
    Notation("VRS id", _form(r"(?:ga4gh:)?[A-Z]{2,3}\.[\w-]{32}"), _unread(_NO_VRS)),
    Notation("VRS id", _form(r"ga4gh:.*"), _unread(_NO_VRS)),
    Notation("rsID", _form(r"(?:dbsnp:)?rs\s?(?P<number>[0-9]{1,15})"), _read_rsid),
    Notation("HGVS as annotations have it", TRANSCRIPT, _read_annotated),
    *(Notation(row.name, row.form, _unread(row.sentence)) for row in UNREAD),
    Notation(
        "genomic HGVS",
        _form(CONTIG, r"(?:\([^)]*\))?\s*:\s*[gm]\.\s*(?P<change>\S.*)"),
        read_hgvs,
    ),
    Notation(
        "mitochondrial HGVS", _form(r"m\.\s?(?P<change>\S.*)"), read_mitochondrial
    ),
    Notation(
        "transcript HGVS",
        _form(r"(?:\S+?\s*:\s*)?[cnr]\.\s*\(?\S.*"),
        _unread(_NO_TRANSCRIPT),
    ),
    Notation(
        "protein HGVS",
        _form(r"(?:\S+?\s*:\s*)?p\.\s*\(?\S.*"),
        _unread(_NO_PROTEIN),
    ),
    Notation(
        "SPDI",
        _form(
            r"(?P<contig>(?:N[CTW]_|[A-Z]{1,2})[0-9]{5,}\.[0-9]+):(?P<start>[0-9]{1,12})",
            r":(?P<deleted>[A-Z]*|[0-9]{1,12}):(?P<inserted>[A-Z]*)",
        ),
        read_spdi,
    ),
    Notation(
        "range, REF, ALT",
        _form(
            CONTIG,
            r"\s?[-:\s]\s?",
            POS,
            r"\s?(?:-|\.\.|\s)\s?",
            LAST,
            rf"{GAP}(?P<ref>[A-Z]+|-)\s?(?:->|[-:/|_>,])\s?(?P<alt>[A-Z]+|-)(?:\s[+1])?",
        ),
        read_ranged,
    ),
    Notation(
        "line of a VCF",
        _form(
            CONTIG,
            r"\s",
            POS,
            r"\s(?P<id>\S+)\s(?P<ref>\S+)\s(?P<alt>\S+)(?:\s(?P<rest>.*))?",
        ),
        read_line,
    ),
    Notation(
        "copy number variant",
        _form(CNV_WORD, r"[\s:]+", CONTIG, GAP, POS, rf"(?:{TO}{LAST})?"),
        read_event,
    ),
    Notation(
        "copy number variant",
        _form(CONTIG, GAP, POS, rf"(?:{TO}{LAST})?", r"[\s:-]+<?", CNV_WORD, ">?"),
        read_event,
    ),
    Notation(
        "copy number variant",
        _form(CNV_WORD, r"[\s:]+", CONTIG, GAP, r"[0-9].*"),
        _unread(_NO_CNV),
    ),
    Notation(
        "region",
        _form(CONTIG, r"\s*[-:]\s*", POS, r"\s*(?:-|\.\.|:)\s*", LAST),
        read_region,
    ),
    Notation(
        "position, REF, ALT",
        _form(
            CONTIG,
            GAP,
            POS,
            rf"(?:{GAP})?(?P<ref>[A-Z]+|-|\.){GAP}(?P<alt>\S+)",
        ),
        read_vcf,
    ),
    Notation(
        "position and one allele",
        _form(_NO_GENE, CONTIG, GAP, POS, rf"(?:{GAP})?(?P<ref>[ACGTN]+)[-:/>]?"),
        read_unfinished,
    ),
    Notation("HGNC id", _form(r"HGNC:[0-9]+|ENSG[0-9]{11}(?:\.[0-9]+)?"), _read_gene),
    Notation("position", _form(CONTIG, r"(?:\s?:\s?|\s)", POS), read_position),
    Notation("position", _form(r"(?P<contig>(?:chr)?[0-9XYMT]+)-", POS), read_position),
    Notation(
        "sequence",
        _form(_SEQUENCE),
        _unread(_NO_WHOLE),
    ),
    Notation(
        "gene", _form(_NO_PLACE, r"(?:[A-Z]|[0-9]{1,2}[A-Z_])[\w.@-]*"), _read_gene
    ),
    Notation("change of a protein", PROTEIN, _unread(PROTEIN_SENTENCE)),
    Notation(
        "change beside a gene",
        _form(r"[A-Z][A-Z0-9-]*[\s:]+\D*[0-9].*"),
        _unread(GENE_CHANGE_SENTENCE),
    ),
)
"""Every way of writing, in the order they are tried."""


_NAME_FORM = re.compile(r"rs[0-9]+|(?:ga4gh:)?VA\.[\w-]{32}", re.IGNORECASE | re.ASCII)


def is_name(text: str) -> bool:
    """Whether a text is an rs number or the VRS id of an allele."""
    return _NAME_FORM.fullmatch(text.strip()) is not None


# --- writers --------------------------------------------------------------------


def vcf_style(allele: Allele) -> str:
    """Return ``22-16050408-T-C``: plain name, 1-based position, REF, ALT."""
    pos = pos_from_start(allele.start)
    return f"{allele.contig.name}-{pos}-{allele.reference}-{allele.alternate}"


def spdi(allele: Allele) -> str:
    """Return ``NC_000022.10:16050407:T:C`` (Holmes et al. 2020, 0-based)."""
    bases = f"{allele.reference}:{allele.alternate}"
    return f"{allele.contig.refseq}:{allele.start}:{bases}"
