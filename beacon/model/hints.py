"""What somebody may have meant by a text that cannot be answered as it stands.

One row of ``RULES`` per kind of slip; each looks at the text and offers others.
Nothing is corrected silently: a suggestion is only shown, and only if it can be
read itself (``suggestions`` reads each).  The page shows them as links, the
command line as lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from beacon.model.assemblies import ASSEMBLIES, find_contig
from beacon.model.errors import InvalidRequest, NotUnderstood
from beacon.model.genome import pos_from_start, start_from_pos
from beacon.model.notation import read_text
from beacon.model.reading import EITHER
from beacon.model.tidying import tidy, without_assembly
from beacon.model.unread import PLACED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from beacon.model.genome import Contig
    from beacon.model.pattern import VariantPattern
    from beacon.model.reading import Context

_MOST = 6
_MOST_LINES = 5
_LONGEST_TEXT = 300
"""Longer texts are no slips of a hand."""
_COMPLEMENT = str.maketrans("ACGTN", "TGCAN")


class Why(StrEnum):
    """Why a text is suggested; the page has a sentence for each in its languages."""

    OTHER_ASSEMBLY = "other_assembly"
    REFERENCE = "reference"
    SWAPPED = "swapped"
    EARLIER = "earlier"
    LATER = "later"
    OTHER_STRAND = "other_strand"
    ONE_OF = "one_of"
    POSITION = "position"
    GENE = "gene"
    RSID = "rsid"
    EVENT = "event"
    ONE_BASED = "one_based"
    ANCHORED = "anchored"
    REORDERED = "reordered"


SENTENCES = {
    Why.OTHER_ASSEMBLY: "it fits on {assembly}",
    Why.REFERENCE: "with what the reference has there as REF",
    Why.SWAPPED: "the reference has ALT there: perhaps the other way round",
    Why.EARLIER: "REF fits one base earlier",
    Why.LATER: "REF fits one base later",
    Why.OTHER_STRAND: "REF fits on the other strand",
    Why.ONE_OF: "one of them",
    Why.POSITION: "whatever lies at this position",
    Why.GENE: "what lies in this gene",
    Why.RSID: "as the number of dbSNP",
    Why.EVENT: "similar ones of this type",
    Why.ONE_BASED: "with the position counted from 1",
    Why.ANCHORED: "with the base before it",
    Why.REORDERED: "with the place first",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A question that can be asked instead.

    Attributes:
        why: what it rests on.
        text: the question, in a notation.
        assembly: canonical name of the one it is on.
    """

    why: Why
    text: str
    assembly: str

    @property
    def sentence(self) -> str:
        """Why it is suggested, for people, without a capital or a full stop."""
        return SENTENCES[self.why].format(assembly=self.assembly)


class _Offer(NamedTuple):
    """A suggestion that has not been read yet; its assembly, if not the one asked."""

    why: Why
    text: str
    assembly: str | None = None


def suggestions(
    text: str, refusal: InvalidRequest, context: Context
) -> tuple[Suggestion, ...]:
    """Return what can be asked instead of a text that was refused.

    Args:
        text: as it was typed or pasted.
        refusal: why it was.
        context: what it was read with.
    """
    if len(text) > _LONGEST_TEXT:
        return ()
    found: dict[tuple[str, str], Suggestion] = {}
    for offer in _offers(text, refusal, context):
        asked = context if offer.assembly is None else _on(context, offer.assembly)
        pattern = _read(offer.text, asked)
        if pattern is not None:
            key = (offer.text, pattern.assembly)
            known = Suggestion(why=offer.why, text=key[0], assembly=key[1])
            found.setdefault(key, known)
        if len(found) == _MOST:
            break
    return tuple(found.values())


def _offers(text: str, refusal: InvalidRequest, context: Context) -> Iterator[_Offer]:
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1:
        yield from (_Offer(Why.ONE_OF, line.strip()) for line in lines[:_MOST_LINES])
        return
    try:
        plain = tidy(text)
    except NotUnderstood:
        return
    for rule in RULES:
        yield from rule(plain, refusal, context)


def _on(context: Context, assembly: str) -> Context:
    return replace(context, assembly=assembly)


def _read(text: str, context: Context) -> VariantPattern | None:
    try:
        return read_text(text, context)
    except InvalidRequest:
        return None


# --- assemblies -----------------------------------------------------------------


def _own_assembly(
    text: str, refusal: InvalidRequest, context: Context
) -> Iterator[_Offer]:
    """Offer the assembly a text names itself, or those that are loaded."""
    own = _read(text, replace(context, assembly=None, loaded=()))
    if own is not None:
        yield _Offer(Why.OTHER_ASSEMBLY, without_assembly(text), own.assembly)
    elif refusal.parameter == "assemblyId":
        for name in ASSEMBLIES:
            if name in context.loaded:
                yield _Offer(Why.OTHER_ASSEMBLY, without_assembly(text), name)


_ACCESSION = re.compile(r"(?P<stem>NC_[0-9]{6})(?:\.[0-9]+)?", re.IGNORECASE)


def _other_version(text: str, refusal: InvalidRequest, _: Context) -> Iterator[_Offer]:
    """Offer the versions of a sequence that are known.

    Not where REF is wrong: whether it fits on another one, only a reference tells.
    """
    match = _ACCESSION.match(text)
    if match is None or refusal.parameter == "referenceBases":
        return
    stem, rest = f"{match['stem'].upper()}.", text[match.end() :]
    for assembly in ASSEMBLIES.values():
        for contig in assembly.contigs:
            if contig.refseq.startswith(stem) and contig.refseq != match[0].upper():
                text = f"{contig.refseq}{rest}"
                yield _Offer(Why.OTHER_ASSEMBLY, text, assembly.name)


# --- REF ------------------------------------------------------------------------


class _Written(NamedTuple):
    """An allele as it was written, whatever the reference has there."""

    contig: Contig
    start: int
    ref: str
    alt: str

    def offer(self, why: Why, **other: object) -> _Offer:
        """Return another allele as an offer."""
        contig, start, ref, alt = self._replace(**other)  # type: ignore[arg-type]
        text = f"{contig.name}-{pos_from_start(start)}-{ref}-{alt}"
        return _Offer(why, text, contig.assembly)


_VCF = re.compile(
    r"(?P<contig>[A-Z0-9_.]+?)[-:\s](?:g\.)?(?P<pos>[0-9,]+)[-:\s]?(?P<ref>[ACGT]+)"
    r"\s?[-:>/\s]\s?(?P<alt>[ACGT]+)",
    re.IGNORECASE,
)


def _as_written(text: str, context: Context) -> _Written | None:
    """Return the allele of a text, read without looking at any reference."""
    pattern = _read(text, replace(context, references={}))
    if pattern is not None and pattern.spellings and pattern.contig is not None:
        return _Written(pattern.contig, *pattern.spellings[0])
    match = _VCF.fullmatch(without_assembly(text))
    if match is None:
        return None
    for name in (context.assembly, *context.loaded):
        known = ASSEMBLIES.get(name or "")
        contig = None if known is None else find_contig(known, match["contig"])
        if contig is not None:  # outside its sequence, or it had been read
            start = start_from_pos(int(match["pos"].replace(",", "")))
            return _Written(contig, start, match["ref"].upper(), match["alt"].upper())
    return None


def _held(written: _Written, context: Context, start: int, length: int) -> str | None:
    """Return the reference's bases there, where it knows all of them."""
    reference = context.references.get(written.contig.assembly)
    if reference is None or start < 0:
        return None
    held = reference.bases(written.contig, start, start + length) or ""
    return held if len(held) == length and not held.strip("ACGT") else None


def _other_ref(text: str, _: InvalidRequest, context: Context) -> Iterator[_Offer]:
    """Offer what fits where REF is not what the reference has."""
    written = _as_written(text, context)
    if written is None:
        return
    yield from _elsewhere(written, context)
    held = _held(written, context, written.start, len(written.ref))
    if held is not None and held != written.ref:
        yield from _nearby(written, context)
        yield from _corrected(written, held)


def _nearby(written: _Written, context: Context) -> Iterator[_Offer]:
    """Offer what fits by turning it round, or by moving it one base."""
    start, ref, alt = written.start, written.ref, written.alt
    if _held(written, context, start, len(alt)) == alt:
        yield written.offer(Why.SWAPPED, ref=alt, alt=ref)
    for why, shift in ((Why.EARLIER, -1), (Why.LATER, 1)):
        if _held(written, context, start + shift, len(ref)) == ref:
            yield written.offer(why, start=start + shift)


def _corrected(written: _Written, held: str) -> Iterator[_Offer]:
    """Offer what the reference has there as REF, and the other strand."""
    ref, alt = written.ref, written.alt
    if len(ref) == len(alt):
        if held == _turned(ref):
            yield written.offer(Why.OTHER_STRAND, ref=held, alt=_turned(alt))
        yield written.offer(Why.REFERENCE, ref=held)
    elif ref[0] == alt[0]:  # an anchored insertion or deletion
        yield written.offer(Why.REFERENCE, ref=held, alt=held[0] + alt[1:])


def _elsewhere(written: _Written, context: Context) -> Iterator[_Offer]:
    """Offer the other assemblies whose reference has REF there."""
    for assembly in ASSEMBLIES.values():
        contig = find_contig(assembly, written.contig.name)
        if contig is None or assembly.name == written.contig.assembly:
            continue
        there = written._replace(contig=contig)
        if _held(there, context, there.start, len(there.ref)) == there.ref:
            yield there.offer(Why.OTHER_ASSEMBLY)


def _turned(bases: str) -> str:
    return bases.translate(_COMPLEMENT)[::-1]


_UNANCHORED = re.compile(
    r"(?P<place>(?:chr)?[0-9XYMT]{1,2})[-:\s](?P<pos>[0-9,]+)\s?[-:\s]\s?-\s?[-:>/\s]\s?"
    r"(?P<new>[ACGT]+)",
    re.IGNORECASE,
)


def _anchored(text: str, _: InvalidRequest, context: Context) -> Iterator[_Offer]:
    """Offer an insertion with the base before it, as ANNOVAR counts."""
    match = _UNANCHORED.fullmatch(text)
    if match is None:
        return
    pos, new = match["pos"].replace(",", ""), match["new"].upper()
    place = f"{match['place']}-{pos}"
    written = _as_written(f"{place}-N-{new}", context)
    held = written and _held(written, context, written.start, 1)
    if held:
        yield _Offer(Why.ANCHORED, f"{place}-{held}-{held}{new}")


# --- several, or in another order ---------------------------------------------------

_ALTS = re.compile(r"(?P<head>.*[-:>/\s])(?P<alts>[ACGT]+(?:,[ACGT]+)+)", re.IGNORECASE)
_CODED = re.compile(
    rf"(?P<head>.*[-:>/\s])(?P<code>[{''.join(EITHER)}])", re.IGNORECASE
)
_RSIDS = re.compile(r"rs[0-9]+", re.IGNORECASE)
_PLACED_ONE = re.compile(PLACED, re.IGNORECASE)


def _one_of_several(text: str, _: InvalidRequest, __: Context) -> Iterator[_Offer]:
    """Offer each of several alleles, variants or names."""
    several = _ALTS.fullmatch(text)
    if several is not None:
        for alt in several["alts"].split(","):
            yield _Offer(Why.ONE_OF, f"{several['head']}{alt}")
    coded = _CODED.fullmatch(text)
    if coded is not None:
        for base in EITHER[coded["code"].upper()]:
            yield _Offer(Why.ONE_OF, f"{coded['head']}{base}")
    for form in (_PLACED_ONE, _RSIDS):
        found = form.findall(text)
        if len(found) > 1:
            yield from (_Offer(Why.ONE_OF, each) for each in found[:_MOST_LINES])


class _Slip(NamedTuple):
    """A form that is recognised, and the text to offer for it."""

    why: Why
    form: re.Pattern[str]
    text: str


def _slip(why: Why, form: str, text: str) -> _Slip:
    return _Slip(why, re.compile(form, re.IGNORECASE | re.ASCII), text)


_NAME = r"(?P<name>(?:chr)?(?:[0-9]{1,2}|X|Y|MT?))"
_SPAN = r"(?P<first>[0-9,]+)\s?[-_]\s?(?P<last>[0-9,]+)"
_IN_BAND = r"(?:arr\s?(?:\[[^\]]*\])?\s?)?(?P<name>[0-9XY]{1,2})[pq][0-9.pqter-]*\s?\("
_SLIPS = (
    _slip(Why.RSID, r"(?P<number>[0-9]{3,12})", "rs{number}"),
    _slip(
        Why.POSITION,
        rf"{_NAME}[-:_\s](?P<pos>[0-9,]+)[-:_\s]?[ACGTN]+[-:>/]?",
        "{name}:{pos}",
    ),
    _slip(
        Why.REORDERED,
        rf"(?P<ref>[ACGT]+)\s?[>/]\s?(?P<alt>[ACGT]+)[\s,@]+(?:at\s)?{_NAME}[-:]"
        r"(?P<pos>[0-9,]+)",
        "{name}-{pos}-{ref}-{alt}",
    ),
    *(
        _slip(Why.EVENT, head + _SPAN + copies, f"{{name}}:{{first}}-{{last}} {kind}")
        for head in (_IN_BAND, rf"{_NAME}[:-]")
        for copies, kind in (
            (r"\)?\s?\(?x\s?[01]\)?", "DEL"),
            (r"\)?\s?\(?x\s?[3-9]\)?", "DUP"),
        )
    ),
)


def _slips(text: str, _: InvalidRequest, __: Context) -> Iterator[_Offer]:
    """Offer what a known slip was meant to be."""
    for slip in _SLIPS:
        match = slip.form.fullmatch(text)
        if match is not None:
            yield _Offer(slip.why, slip.text.format_map(match.groupdict()))


_BED = re.compile(
    rf"{_NAME}\s(?P<start>[0-9]+)\s(?P<end>[0-9]+)\s(?P<ref>[ACGT]+)\s(?P<alt>[ACGT]+)",
    re.IGNORECASE | re.ASCII,
)


def _from_zero(text: str, _: InvalidRequest, __: Context) -> Iterator[_Offer]:
    """Offer a line whose start counts from 0 with its position."""
    match = _BED.fullmatch(text)
    if match is not None:
        pos = pos_from_start(int(match["start"]))
        text = f"{match['name']}-{pos}-{match['ref']}-{match['alt']}"
        yield _Offer(Why.ONE_BASED, text)


# --- genes ------------------------------------------------------------------------

_FIRST_WORD = re.compile(r"(?:N[MRP]_[0-9.]+\()?(?P<gene>[A-Z][A-Z0-9-]{1,20})(?=\W)")
_PARTED = re.compile(r"(?P<letters>[A-Z]{2,8})[\s-](?P<number>[0-9A-Z]{1,4})")


def _gene(text: str, _: InvalidRequest, context: Context) -> Iterator[_Offer]:
    """Offer the gene beside a change that cannot be placed."""
    upper = text.upper()
    named = [match["gene"] for match in [_FIRST_WORD.match(upper)] if match]
    parted = _PARTED.fullmatch(upper)
    if parted is not None:
        named.append(parted["letters"] + parted["number"])
    for name in named:
        if context.genes.spells(name):
            yield _Offer(Why.GENE, name)


RULES: tuple[Callable[[str, InvalidRequest, Context], Iterator[_Offer]], ...] = (
    _own_assembly,
    _other_version,
    _other_ref,
    _anchored,
    _one_of_several,
    _slips,
    _from_zero,
    _gene,
)
"""Every kind of slip that is known, the likeliest first."""
