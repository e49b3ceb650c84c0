"""Every spelling people give a variant or a region, read and written.

One row of ``NOTATIONS`` per way of writing; the first row whose form fits reads
the text or says, in one sentence, why it cannot.  A text that is not understood
is an error, never a "no".  1-based positions live in this file, and leave it as
0-based interbase.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from html import unescape
from typing import TYPE_CHECKING, NoReturn

from beacon.model import assemblies
from beacon.model.annotation import AnnotationPattern
from beacon.model.dialects import (
    BAD,
    NOT_LOADED,
    Written,
    info_fields,
    is_structural,
    turned,
    understand,
)
from beacon.model.errors import InvalidRequest, NotUnderstood, UnknownContig
from beacon.model.genes import NO_GENES
from beacon.model.genome import interval_from_pos, pos_from_start, start_from_pos
from beacon.model.links import read_link
from beacon.model.pattern import VariantPattern
from beacon.model.similarity import Event, event_of
from beacon.model.spelling import (
    allele_pattern,
    check_place,
    check_reference,
    reference_of,
    region_pattern,
    resolve_assembly,
    resolve_contig,
    similar_pattern,
)
from beacon.model.structure import ANCHOR
from beacon.model.unread import (
    GENE_CHANGE_SENTENCE,
    PROTEIN,
    PROTEIN_SENTENCE,
    UNREAD,
    is_protein_change,
)
from beacon.model.variant import (
    BASES,
    Allele,
    right_align,
    sequence_allele,
    strip_prefix_first,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from beacon.model.genes import Genes
    from beacon.model.genome import Contig
    from beacon.model.variant import Reference

_LONGEST_TEXT = 100_000
_LONGEST_QUOTED = 60
_LONGEST_READ = 100_000
_LONGEST_ASSEMBLY = 30
_COMPLEMENT = str.maketrans("ACGTURYKMBVDHNSW", "TGCAAYRMKVBHDNSW")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What reading a text may rest on.

    Attributes:
        assembly: any name of the assembly asked for; ``None``: not said.
        loaded: canonical names of the assemblies that have datasets.
        references: the references at hand, by canonical assembly name.
        genes: where genes lie.
    """

    assembly: str | None = None
    loaded: Collection[str] = ()
    references: Mapping[str, Reference] = field(default_factory=dict)
    genes: Genes = NO_GENES

    def contig(self, name: str) -> Contig:
        """Return the contig a text names."""
        return resolve_contig(name, assembly=self.assembly, loaded=self.loaded)

    def genome(self) -> str:
        """Return the assembly asked, of a text that names no sequence."""
        return resolve_assembly(self.assembly, self.loaded)

    def of_assembly(self, name: str) -> Context:
        """Return the same context for the assembly a text names itself.

        Raises:
            InvalidRequest: when another assembly was asked for.
        """
        said = assemblies.assembly(name).name
        if (
            self.assembly is not None
            and assemblies.assembly(self.assembly).name != said
        ):
            message = (
                f"The variant is given on {said}, but assemblyId is {self.assembly}."
            )
            raise InvalidRequest(message, parameter="assemblyId")
        return replace(self, assembly=said)


@dataclass(frozen=True, slots=True)
class Notation:
    """One way of writing: its name, its form, and what reads it."""

    name: str
    form: re.Pattern[str]
    read: Callable[[re.Match[str], Context], VariantPattern]


def _refuse(sentence: str) -> NoReturn:
    raise NotUnderstood(sentence, parameter="variant")


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
    context = Context(
        assembly=assembly, loaded=loaded, references=references, genes=genes
    )
    plain = PLAIN_VCF.fullmatch(text)
    if plain is not None:  # nothing to tidy, and no other way of writing is like it
        return _read_vcf(plain, context)
    return _read(_tidy(text), context)


def _read(text: str, context: Context) -> VariantPattern:
    """Return what a tidy text asks for."""
    if not is_name(text):  # whose letters may end like an assembly
        said, text = _take_assembly(text)
        if said is not None:
            context = context.of_assembly(said)
    worded = _WORD.fullmatch(text)
    if worded is not None and context.genes.spells(text):
        return _read_gene(worded, context)
    for notation in NOTATIONS:
        match = notation.form.fullmatch(text)
        if match is not None:
            return notation.read(match, context)
    shown = text if len(text) <= _LONGEST_QUOTED else f"{text[:_LONGEST_QUOTED]}…"
    _refuse(
        f"{shown!r} is not a variant or region we can read; "
        "write for example 22-16050408-T-C or 22:16050000-16060000."
    )


# Characters that word processors, mail and web pages put for the plain ones.
_PLAIN = str.maketrans(
    {
        "\u00a0": " ",
        "\u2009": " ",
        "\u202f": " ",
        "\u200b": None,
        "\ufeff": None,
        "\u2010": "-",
        "\u2011": "-",
        "\u2012": "-",
        "\u2013": "-",
        "\u2014": "-",
        "\u2212": "-",
        "\u2192": ">",
        "\u203a": ">",
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "\u2018": "'",
        "\u2019": "'",
        "\uff1a": ":",
    }
)


# Web pages escape characters; typography parts thousands by blanks of its own.
_ENTITY = re.compile(
    r"&(?:gt|lt|amp|quot|apos|nbsp|#[0-9]{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE
)
_THOUSANDS = re.compile(
    r"(?<![0-9])[0-9]{1,3}(?:[\u2009\u202f\u2019'][0-9]{3})+(?![0-9])"
    r"|(?<![0-9])[0-9]{1,3}(?:\u00a0[0-9]{3}){2,}(?![0-9])"
)
_NOT_A_DIGIT = re.compile(r"[^0-9]")
_ZYGOSITY = re.compile(
    r"[\s(\[,;|]+(?:het|hom|hemi|heterozyg\w*|homozyg\w*|hemizyg\w*|de novo"
    r"|[01][/|][01])[)\].;]*\Z",
    re.IGNORECASE,
)


def _tidy(text: str) -> str:
    if len(text) > _LONGEST_TEXT:
        _refuse("The text is too long for one variant.")
    text = _ENTITY.sub(lambda entity: unescape(entity[0]), text)
    text = _THOUSANDS.sub(lambda number: _NOT_A_DIGIT.sub("", number[0]), text)
    lines = [line for line in text.translate(_PLAIN).splitlines() if line.strip()]
    if len(lines) > 1:
        _refuse("Several lines were given; ask for one variant at a time.")
    # Runs of blanks become one, so that no form below can backtrack over them.
    text = " ".join("".join(lines).split()).removeprefix("=").strip("\"'` ")
    last = _ZYGOSITY.search(text, max(0, len(text) - _LONGEST_ASSEMBLY))
    text = text if last is None else text[: last.start()]
    text = text.removesuffix(",").removesuffix(";").strip("\"'` ")
    if not text:
        _refuse("Nothing was given to ask for.")
    return text


_ASSEMBLY_WORDS = "|".join(
    re.escape(alias)
    for alias in sorted(
        {
            alias
            for known in assemblies.ASSEMBLIES.values()
            for alias in (known.name, *known.aliases)
            if not alias.isdigit()
        },
        key=len,
        reverse=True,
    )
)
_ASSEMBLY_FIRST = re.compile(
    rf"[(\[]?({_ASSEMBLY_WORDS})[)\]]?(?:\s*[-:/|_,]\s*|\s+)(.+)", re.IGNORECASE
)
_ASSEMBLY_LAST = re.compile(
    rf"[\s(\[,|:_@-]+({_ASSEMBLY_WORDS})[)\]]?\Z", re.IGNORECASE
)


def _take_assembly(text: str) -> tuple[str | None, str]:
    """Split an assembly written before or after the rest from it."""
    first = _ASSEMBLY_FIRST.fullmatch(text)
    if first is not None:
        return first[1], first[2]
    last = _ASSEMBLY_LAST.search(text, max(1, len(text) - _LONGEST_ASSEMBLY))
    if last is not None:
        return last[1], text[: last.start()]
    return None, text


def _pos(digits: str) -> int:
    """Return a 1-based position, thousands separators allowed."""
    pos = int(digits.replace(",", ""))
    if pos < 1:
        _refuse("Positions begin at 1; 0 is none.")
    return pos


def _bases(text: str) -> str:
    """Return bases in upper case, as DNA."""
    bases = text.upper()
    if BASES.match(bases) is None:
        shown = text[:_LONGEST_QUOTED]
        _refuse(f"{shown!r} is not a sequence of bases (A, C, G, T, N).")
    return bases.replace("U", "T")


def _ask(
    contig: Contig, start: int, reference: str, alternate: str, context: Context
) -> VariantPattern:
    allele = sequence_allele(contig, start, reference, alternate)
    return allele_pattern(allele, reference_of(contig, context.references))


# --- positions, REF and ALT ---------------------------------------------------

_CONTIG = r"(?P<contig>N[CTW]_[0-9]+(?:\.[0-9]+)?|chr[A-Za-z0-9_.]+?|[A-Za-z0-9.]+)"
_POS = r"(?P<pos>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12})"
_LAST = r"(?P<last>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12})"
_TO = r"\s?(?:-|\.\.|_|:|\s)\s?"
_GAP = r"(?:\s?(?:->|[-:/|_>,])\s?|\s)"


def _read_vcf(match: re.Match[str], context: Context) -> VariantPattern:
    alternate = match["alt"]
    if _names_structure(alternate):
        return _read_structure(match, context)
    _check_alternate(alternate)
    contig = context.contig(match["contig"])
    start = start_from_pos(_pos(match["pos"]))
    reference, alternate = _gapless(match["ref"]), _gapless(alternate)
    if not reference:
        _refuse("An insertion needs the base before it: write for example 22-100-A-AT.")
    return _ask(contig, start, _bases(reference), _bases(alternate), context)


def _read_line(match: re.Match[str], context: Context) -> VariantPattern:
    """Read CHROM POS ID REF ALT, which five columns of a BED file look like."""
    if _names_structure(match["alt"]):
        return _read_structure(match, context)
    third, pos = match["id"], _pos(match["pos"])
    if third.isdecimal() and int(third[:12]) == pos + len(match["ref"]):
        _refuse(
            "This looks like a line with a 0-based start and an end; "
            "write position, REF and ALT, as 22-16050408-T-C."
        )
    return _read_vcf(match, context)


def _gapless(bases: str) -> str:
    return "" if bases in ("-", ".") else bases


# As programs write thousands of them; longer bases go the longer way.
PLAIN_VCF = re.compile(
    r"(?P<contig>(?:chr)?(?:[1-9]|1[0-9]|2[0-2]|X|Y))(?P<gap>[-:])(?P<pos>[1-9][0-9]{0,8})"
    r"(?P=gap)(?P<ref>[ACGT]{1,50})(?P=gap)(?P<alt>[ACGT]{1,50})"
)
"""Contig, what stands between, POS, REF and ALT; no other way of writing is like it."""

_NO_ALLELES = ("*", "<*>", "<NON_REF>", "<X>", ".")


def _check_alternate(alternate: str) -> None:
    """Refuse an ALT that is not one sequence of bases, saying which kind it is."""
    if "," in alternate:
        _refuse(
            f"{alternate[:_LONGEST_QUOTED]!r} are several alternate alleles; "
            "ask for one at a time."
        )
    if alternate.upper() in _NO_ALLELES:
        _refuse(f"ALT {alternate!r} is not an allele that can be asked for.")


def _names_structure(alternate: str) -> bool:
    """Whether an ALT is one structural allele: named, or a breakend."""
    return (
        is_structural(alternate)
        and "," not in alternate
        and alternate.upper() not in _NO_ALLELES
    )


def _read_structure(match: re.Match[str], context: Context) -> VariantPattern:
    """Read a structural ALT: has anything similar been seen?

    Its ends are what the line says of them; without a line, what ALT says alone.
    """
    written = _written(match, context)
    contig, pos = written.contig, written.pos
    if not 0 <= pos <= contig.length + 1:
        check_place(contig, start_from_pos(pos), pos)
    found = understand(written)
    if isinstance(found, str):
        why = found.removeprefix(NOT_LOADED).removeprefix(BAD)
        _refuse(
            f"{match['alt'][:_LONGEST_QUOTED]!r} cannot be placed ({why}); write "
            "del 22:18912231-21465672, or paste the whole VCF line."
        )
    event = event_of(
        Allele(
            contig=contig,
            start=found.start,
            end=found.end,
            reference=ANCHOR,
            alternate=found.alternate,
            structure=found.structure,
        )
    )
    if event is None:
        shown = match["alt"][:_LONGEST_QUOTED]
        _refuse(f"{shown} is too complex to be compared; ask for its region.")
    return similar_pattern(event, contig)


def _written(match: re.Match[str], context: Context) -> Written:
    """Return a structural ALT where it stands.

    One on a scaffold stands where its mate does, as it is loaded.
    """
    name, pos = match["contig"], int(match["pos"].replace(",", ""))
    rest = match.groupdict().get("rest") or ""
    info = ";".join(part for part in rest.split() if "=" in part)
    try:
        contig = context.contig(name)
    except UnknownContig:
        genome = assemblies.assembly(context.genome())
        mate = turned(genome, name, pos, match["alt"], info)
        if mate is None:
            raise
        contig, pos, info = mate
        return Written(contig, pos, ANCHOR, "<BND>", info_fields(info))
    return Written(contig, pos, match["ref"], match["alt"], info_fields(info))


def _read_event(match: re.Match[str], context: Context) -> VariantPattern:
    """Read ``del 22:18912231-21465672``: has anything similar been seen?"""
    kind = _KINDS[match["word"].lower()]
    contig, first = context.contig(match["contig"]), _pos(match["pos"])
    last = _pos(match["last"]) if match["last"] else first
    if kind == "BND":
        _refuse("A breakend is asked for as a VCF line, or as 11-94987872-T-T[8:100[.")
    if match["last"] is None and kind != "INS":
        _refuse(f"A {kind} needs a range, as {match['word']} 22:18912231-21465672.")
    if last < first:
        _refuse(f"The range {first}-{last} ends before it begins.")
    if kind == "INS":
        check_place(contig, start_from_pos(first), first)
        return similar_pattern(Event("INS", contig.name, first, first, None), contig)
    start = start_from_pos(first)
    check_place(contig, start, last)
    return similar_pattern(Event(kind, contig.name, start, last, last - start), contig)


def _read_region(match: re.Match[str], context: Context) -> VariantPattern:
    contig = context.contig(match["contig"])
    first, last = _pos(match["pos"]), _pos(match["last"])
    if last < first:
        _refuse(f"The range {first}-{last} ends before it begins.")
    return region_pattern(interval_from_pos(contig, first, last))


def _read_position(match: re.Match[str], context: Context) -> VariantPattern:
    contig = context.contig(match["contig"])
    pos = _pos(match["pos"])
    return region_pattern(interval_from_pos(contig, pos, pos))


# --- SPDI ---------------------------------------------------------------------


def _read_spdi(match: re.Match[str], context: Context) -> VariantPattern:
    """Read SPDI: a 0-based start, and a deletion in bases or as their number."""
    contig = context.contig(match["contig"])
    start, deleted = int(match["start"]), match["deleted"]
    if deleted.isdigit():
        deleted = _reference_bases(contig, start, start + int(deleted), context)
    return _ask(contig, start, _bases(deleted), _bases(match["inserted"]), context)


def _reference_bases(contig: Contig, start: int, end: int, context: Context) -> str:
    """Return the reference's bases, which a notation leaves out.

    Raises:
        NotUnderstood: when there is no reference here, or it has no bases there.
    """
    if start == end:
        return ""
    check_place(contig, start, end)
    place = f"{contig.assembly} {contig.name}:{pos_from_start(start)}-{end}"
    if end - start > _LONGEST_READ:
        _refuse(f"{place} is too long for one allele; ask for the region.")
    reference = reference_of(contig, context.references)
    held = None if reference is None else reference.bases(contig, start, end)
    if held is None:
        _refuse(
            f"This form needs the bases of {place}, and no reference sequence is "
            "configured here; write position, REF and ALT, as in a VCF."
        )
    if len(held) < end - start or held.strip("ACGT"):
        _refuse(
            f"This form needs the bases of {place}, and the reference has no known "
            "bases there; write position, REF and ALT, as in a VCF."
        )
    return held


# --- HGVS ---------------------------------------------------------------------


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
        return _bases(self.stated)

    def reference_bases(self) -> str:
        """Return the reference's bases of the range."""
        return _reference_bases(self.contig, self.start, self.end, self.context)

    def reference(self) -> Reference | None:
        """Return the reference of the contig's assembly, if there is one."""
        return reference_of(self.contig, self.context.references)

    def _expect_length(self, length: int) -> None:
        if length != self.end - self.start:
            _refuse(
                f"The HGVS range holds {self.end - self.start} bases, "
                f"but {length} are stated."
            )

    def ask(self, reference: str, alternate: str, *, at: int) -> VariantPattern:
        """Return the pattern of the change."""
        return _ask(self.contig, at, reference, alternate, self.context)


_HGVS_RANGE = r"(?P<pos>[0-9][0-9,]{0,14})(?:_(?P<last>[0-9][0-9,]{0,14}))?"


def _hgvs(contig: str, match: re.Match[str], context: Context) -> _Hgvs:
    found = context.contig(contig)
    first = _pos(match["pos"])
    last = _pos(match["last"] or match["pos"])
    if last < first:
        _refuse(f"The HGVS range {first}_{last} ends before it begins.")
    check_place(found, start_from_pos(first), last)
    stated = match.groupdict().get("stated") or ""
    return _Hgvs(found, start_from_pos(first), last, stated, context)


def _read_substitution(change: _Hgvs, match: re.Match[str]) -> VariantPattern:
    reference = change.bases()
    return change.ask(reference, _bases(match["new"]), at=change.start)


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
        _refuse(
            "An HGVS insertion stands between two neighbouring positions, "
            "for example g.100_101insA."
        )
    return change.ask("", _inserted(match["new"]), at=change.start + 1)


def _inserted(text: str) -> str:
    if text.isdigit() or not text.isalpha():
        _refuse(
            f"The inserted sequence {text[:_LONGEST_QUOTED]!r} is not spelled in bases."
        )
    return _bases(text)


def _read_inversion(change: _Hgvs, _: re.Match[str]) -> VariantPattern:
    bases = change.bases()
    return change.ask(bases, bases.translate(_COMPLEMENT)[::-1], at=change.start)


def _read_repeat(change: _Hgvs, match: re.Match[str]) -> VariantPattern:
    """Read ``g.100_105CAG[5]`` (a whole tract) or ``g.100_102[5]`` (one unit)."""
    copies, length = int(match["copies"]), change.end - change.start
    if copies * length > _LONGEST_READ:
        _refuse(f"{copies} copies of {length} bases are too long for one allele.")
    if not match["stated"]:
        unit = change.bases()
        tract = unit * _copies_in_reference(change, unit)
        return change.ask(tract, unit * copies, at=change.start)
    unit = _bases(match["stated"])
    if length % len(unit):
        _refuse(
            f"The HGVS range holds {length} bases, which is no multiple of "
            f"the repeated unit {unit[:_LONGEST_QUOTED]}."
        )
    if length == len(unit):  # the first unit stands for the whole tract
        change.reference_bases()
        tract = unit * _copies_in_reference(change, unit)
        return change.ask(tract, unit * copies, at=change.start)
    return change.ask(unit * (length // len(unit)), unit * copies, at=change.start)


def _copies_in_reference(change: _Hgvs, unit: str) -> int:
    reference = change.reference()
    end, copies = change.end, 1
    while reference is not None and end - change.start < _LONGEST_READ:
        if reference.bases(change.contig, end, end + len(unit)) != unit:
            break
        end, copies = end + len(unit), copies + 1
    return copies


def _read_unchanged(_: _Hgvs, __: re.Match[str]) -> VariantPattern:
    _refuse("HGVS '=' says that nothing is changed: this is not a variant.")


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


def _read_hgvs(match: re.Match[str], context: Context) -> VariantPattern:
    return _read_change(match["contig"], match["change"], context)


def _read_mitochondrial(match: re.Match[str], context: Context) -> VariantPattern:
    return _read_change("MT", match["change"], context)


def _read_change(contig: str, change: str, context: Context) -> VariantPattern:
    change = change.replace(" ", "")
    for form, read in _CHANGES:
        found = form.fullmatch(change)
        if found is not None:
            return read(_hgvs(contig, found, context), found)
    if "?" in change or "(" in change:
        _refuse("HGVS with uncertain positions cannot be answered.")
    if ";" in change or "[" in change:
        _refuse("HGVS of several changes at once; ask for one at a time.")
    _refuse(
        f"The HGVS change {change[:_LONGEST_QUOTED]!r} is none of >, del, dup, ins, "
        "delins, inv and repeats."
    )


# --- links --------------------------------------------------------------------


def _read_link(match: re.Match[str], context: Context) -> VariantPattern:
    told = read_link(match[0])
    if told.assembly is not None:
        context = context.of_assembly(told.assembly)
    return _read(_tidy(told.text), context)


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
        _refuse(sentence)

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
    "HGVS on a transcript or protein (c., n., r., p.) is not read yet: give the "
    "genomic form, as NC_000022.10:g.16050408T>C."
)
_NO_HEADER = "This is the header line of a VCF; paste the line of a variant."
_NO_WHOLE = "This names a whole sequence; add a position or a range, as 22:100-200."

_KINDS = {
    **dict.fromkeys(("del", "loss", "deletion"), "DEL"),
    **dict.fromkeys(("dup", "gain", "duplication"), "DUP"),
    **dict.fromkeys(("ins", "insertion"), "INS"),
    **dict.fromkeys(("inv", "inversion"), "INV"),
    **dict.fromkeys(("bnd", "tra", "translocation"), "BND"),
    **dict.fromkeys(("cpx", "complex"), "CPX"),
    "cnv": "CNV",
}
_CNV_WORD = rf"(?P<word>{'|'.join(sorted(_KINDS, key=len, reverse=True))})"
_HOST = r"(?:[a-z0-9-]+\.)+(?:org|com|gov|edu|net|io|se|dk|no|fi|is|eu|uk)"
_SEQUENCE = (
    r"chr(?:[0-9]{1,2}|[XYM]|MT|Un|EBV)(?:_\w+)?|[XYM]|MT|[0-9]{1,2}|N[CTW]_[0-9.]+"
)
_NO_PLACE = r"(?!(?:chr)?(?:[0-9]{1,2}|[XYM]|MT)[-_:.][0-9]{3})"


def _form(*parts: str) -> re.Pattern[str]:
    return re.compile("".join(parts), re.IGNORECASE | re.ASCII)


_WORD = _form(_NO_PLACE, r"[A-Z0-9]+[A-Z_-][\w.@/()-]{0,40}|[A-Z]+[0-9]+")

NOTATIONS: tuple[Notation, ...] = (
    Notation("header line", _form(r"#.*"), _unread(_NO_HEADER)),
    Notation("link", _form(r"(?:[a-z]+://\S+|", _HOST, r"/\S+)"), _read_link),
    Notation("VRS id", _form(r"(?:ga4gh:)?VA\.(?P<digest>[\w-]{32})"), _read_vrs),
    Notation("VRS id", _form(r"(?:ga4gh:)?[A-Z]{2,3}\.[\w-]{32}"), _unread(_NO_VRS)),
    Notation("VRS id", _form(r"ga4gh:.*"), _unread(_NO_VRS)),
    Notation("rsID", _form(r"(?:dbsnp:)?rs\s?(?P<number>[0-9]{1,15})"), _read_rsid),
    *(Notation(row.name, row.form, _unread(row.sentence)) for row in UNREAD),
    Notation(
        "genomic HGVS",
        _form(_CONTIG, r"(?:\([^)]*\))?\s*:\s*[gm]\.\s*(?P<change>\S.*)"),
        _read_hgvs,
    ),
    Notation(
        "mitochondrial HGVS", _form(r"m\.\s?(?P<change>\S.*)"), _read_mitochondrial
    ),
    Notation(
        "transcript or protein HGVS",
        _form(r"(?:\S+?\s*:\s*)?[cnrp]\.\s*\(?\S.*"),
        _unread(_NO_TRANSCRIPT),
    ),
    Notation(
        "SPDI",
        _form(
            r"(?P<contig>(?:N[CTW]_|[A-Z]{1,2})[0-9]{5,}\.[0-9]+):(?P<start>[0-9]{1,12})",
            r":(?P<deleted>[A-Z]*|[0-9]{1,12}):(?P<inserted>[A-Z]*)",
        ),
        _read_spdi,
    ),
    Notation(
        "line of a VCF",
        _form(
            _CONTIG,
            r"\s",
            _POS,
            r"\s(?P<id>\S+)\s(?P<ref>\S+)\s(?P<alt>\S+)(?:\s(?P<rest>.*))?",
        ),
        _read_line,
    ),
    Notation(
        "copy number variant",
        _form(_CNV_WORD, r"[\s:]+", _CONTIG, _GAP, _POS, rf"(?:{_TO}{_LAST})?"),
        _read_event,
    ),
    Notation(
        "copy number variant",
        _form(
            _CONTIG, _GAP, _POS, rf"(?:{_TO}{_LAST})?", r"[\s:-]+<?", _CNV_WORD, ">?"
        ),
        _read_event,
    ),
    Notation(
        "copy number variant",
        _form(_CNV_WORD, r"[\s:]+", _CONTIG, _GAP, r"[0-9].*"),
        _unread(_NO_CNV),
    ),
    Notation(
        "region",
        _form(_CONTIG, r"\s*[-:]\s*", _POS, r"\s*(?:-|\.\.|:)\s*", _LAST),
        _read_region,
    ),
    Notation(
        "position, REF, ALT",
        _form(
            _CONTIG,
            _GAP,
            _POS,
            rf"(?:{_GAP})?(?P<ref>[A-Z]+|-|\.){_GAP}(?P<alt>\S+)",
        ),
        _read_vcf,
    ),
    Notation("HGNC id", _form(r"HGNC:[0-9]+|ENSG[0-9]{11}(?:\.[0-9]+)?"), _read_gene),
    Notation("position", _form(_CONTIG, r"(?:\s?:\s?|\s)", _POS), _read_position),
    Notation(
        "position", _form(r"(?P<contig>(?:chr)?[0-9XYMT]+)-", _POS), _read_position
    ),
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


_HGVS_FORM = re.compile(r"[^\s:]+\s?:\s?[cgmnrp]\..*|[cnrp]\..*", re.IGNORECASE)


def is_hgvs(text: str) -> bool:
    """Whether a text has the form of HGVS, on a genome, transcript or protein."""
    return _HGVS_FORM.fullmatch(text.strip()) is not None


# --- writers --------------------------------------------------------------------


def vcf_style(allele: Allele) -> str:
    """Return ``22-16050408-T-C``: plain name, 1-based position, REF, ALT."""
    pos = pos_from_start(allele.start)
    return f"{allele.contig.name}-{pos}-{allele.reference}-{allele.alternate}"


def spdi(allele: Allele) -> str:
    """Return ``NC_000022.10:16050407:T:C`` (Holmes et al. 2020, 0-based)."""
    bases = f"{allele.reference}:{allele.alternate}"
    return f"{allele.contig.refseq}:{allele.start}:{bases}"


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
