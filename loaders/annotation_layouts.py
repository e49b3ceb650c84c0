"""Header lines → which annotations a file holds, and where their fields stand.

An INFO line's Description names the fields, in the words of the tool that wrote
them; a line that names none cannot be read, and says so.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_INFO = re.compile(r"##INFO=<ID=(?P<key>[^,>]+)(?:.*?Description=\"(?P<text>.*)\")?")
_KNOWN = frozenset(("CSQ", "ANN", "EFF", "BCSQ"))
_CLINVAR = frozenset(("CLNSIG", "GENEINFO", "MC", "CLNDN"))
_CLINVAR_IDS = re.compile(r"##source=ClinVar|##ID=.*ClinVar", re.IGNORECASE)
_RS = re.compile(r"dbSNP|\brs\b", re.IGNORECASE)
_NAMING = re.compile(r"(?:Format|annotations)\s{0,9}:\s{0,9}['\"]?")
_QUOTE = re.compile(r"['\"]")
_BREAK = re.compile(r"[\s'\":]")
_LONGEST = 50_000
"""Longer Descriptions name nothing."""

_SPEC = (
    *("allele", "annotation", "annotation_impact", "gene_name", "gene_id"),
    *("feature_type", "feature_id", "transcript_biotype", "rank", "hgvs.c", "hgvs.p"),
    *("cdna", "cds", "aa", "distance", "errors"),
)
"""SnpEff's ANN where a Description does not spell it out (its specification 1.0)."""


class Style(Enum):
    """Whose manner of writing an annotation has."""

    VEP = auto()
    SNPEFF = auto()
    EFF = auto()
    BCSQ = auto()


class Columns(NamedTuple):
    """Where the fields stand that are read; -1: there is none."""

    allele: int = -1
    effect: int = -1
    symbol: int = -1
    gene: int = -1
    feature: int = -1
    feature_type: int = -1
    transcript: int = -1
    protein: int = -1
    amino: int = -1
    position: int = -1
    existing: int = -1
    number: int = -1


class Layout(NamedTuple):
    """One INFO field that holds annotations.

    Attributes:
        key: ``b";CSQ="``, as it is looked for.
        width: how many fields an entry has, at most.
        least: how many it has at least.
    """

    key: bytes
    style: Style
    columns: Columns
    width: int
    least: int

    @property
    def tells_changes(self) -> bool:
        """Whether it holds changes of the protein."""
        at = self.columns
        is_amino = at.amino >= 0 and (at.position >= 0 or self.style is Style.EFF)
        return self.style is Style.BCSQ or at.protein >= 0 or is_amino

    @property
    def name(self) -> str:
        """The INFO key."""
        return self.key[1:-1].decode("utf-8", "replace")


class Annotated(NamedTuple):
    """What a header says of annotations.

    Attributes:
        layouts: those that can be read.
        unreadable: INFO keys of annotations whose fields are not named.
        has_clinvar: whether ClinVar's own fields are there.
        has_clinvar_effects: whether ClinVar's effects (MC) are among them.
        has_clinvar_ids: whether the ID column holds ClinVar's variation ids.
        has_rs: whether INFO RS holds rs numbers.
    """

    layouts: tuple[Layout, ...] = ()
    unreadable: tuple[str, ...] = ()
    has_clinvar: bool = False
    has_clinvar_effects: bool = False
    has_clinvar_ids: bool = False
    has_rs: bool = False

    @property
    def depth(self) -> int:
        """How much the files says of every record: 2 effects, 1 ClinVar's, 0 none."""
        return 2 if self.layouts else int(self.has_clinvar)

    @property
    def is_of_every_alt(self) -> bool:
        """Whether a tool wrote it that leaves no ALT out.

        bcftools csq writes of genes only, ClinVar of what it holds.
        """
        return any(layout.style is not Style.BCSQ for layout in self.layouts)

    @property
    def tells_changes(self) -> bool:
        """Whether changes of proteins are there."""
        return any(layout.tells_changes for layout in self.layouts)

    @property
    def is_plain(self) -> bool:
        """Whether nothing but rs numbers in the ID column can be read."""
        return not (self.layouts or self.has_clinvar or self.has_rs) and (
            not self.has_clinvar_ids
        )


def read_annotated(lines: Iterable[str]) -> Annotated:
    """Return which annotations a header announces."""
    layouts: dict[bytes, Layout] = {}
    unreadable: list[str] = []
    texts: dict[str, str] = {}
    has_clinvar_ids = False
    for line in lines:
        has_clinvar_ids = has_clinvar_ids or _CLINVAR_IDS.match(line) is not None
        match = _INFO.match(line)
        if match is None:
            continue
        key, text = match["key"], (match["text"] or "").replace('\\"', '"')
        texts[key] = text
        layout = _layout(key, text)
        if layout is not None:
            layouts[layout.key] = layout
        elif key in _KNOWN:
            unreadable.append(key)
    return Annotated(
        layouts=tuple(layouts.values()),
        unreadable=tuple(unreadable),
        has_clinvar=not _CLINVAR.isdisjoint(texts),
        has_clinvar_effects="MC" in texts,
        has_clinvar_ids=has_clinvar_ids,
        has_rs=_RS.search(texts.get("RS", "")) is not None,
    )


def _layout(key: str, text: str) -> Layout | None:
    names = _names(text)
    if key == "ANN" and "allele" not in names:
        names = _SPEC
    style = _style(key, names)
    if style is None:
        return None
    columns = _COLUMNS[style](names)
    optional = sum(name.startswith("?") for name in names)
    width = len(names) - (style is Style.EFF)
    return Layout(f";{key}=".encode(), style, columns, width, max(1, width - optional))


def _names(text: str) -> tuple[str, ...]:
    """Return the names of the fields, lower case; optional ones begin with ``?``."""
    bare = _listed(text).replace("[*]", "")
    if not bare:
        return ()
    required, _, optional = bare.partition("[")
    fields = [_plain(f) for f in required.replace("(", "|").split("|")]
    fields += [f"?{_plain(f)}" for f in optional.split("|") if _plain(f)]
    return tuple(f for i, f in enumerate(fields) if f or 0 < i < len(fields) - 1)


def _listed(text: str) -> str:
    """Return the list of fields in a Description: behind ``Format:``, or bare."""
    if len(text) > _LONGEST or "|" not in text:
        return ""
    named = _NAMING.search(text)
    while named is not None:
        quote = _QUOTE.search(text, named.end())
        listed = text[named.end() : quote.start() if quote else len(text)]
        if "|" in listed:
            return listed
        named = _NAMING.search(text, named.end() + len(listed))
    before, bar, behind = text.partition("|")
    first = _BREAK.split(before.rstrip())[-1]
    return first + bar + _QUOTE.split(behind)[0]


def _plain(field: str) -> str:
    return field.strip(" '\"[]()>").lower().replace(" ", "_")


def _style(key: str, names: Sequence[str]) -> Style | None:
    known = frozenset(names)
    if key == "EFF" or (names and names[0] == "effect" and "effect_impact" in known):
        return Style.EFF if "gene_name" in known else None
    if {"allele", "annotation", "gene_name"} <= known:
        return Style.SNPEFF
    if {"allele", "consequence"} <= known:
        return Style.VEP
    if names and names[0] == "consequence" and {"gene", "transcript"} <= known:
        return Style.BCSQ
    return None


def _at(names: Sequence[str], *wanted: str) -> int:
    """Return where the first of some names stands."""
    bare = [name.lstrip("?") for name in names]
    return next((bare.index(w) for w in wanted if w in bare), -1)


def _vep(names: Sequence[str]) -> Columns:
    return Columns(
        allele=_at(names, "allele"),
        effect=_at(names, "consequence"),
        symbol=_at(names, "symbol", "hgnc"),
        gene=_at(names, "gene"),
        feature=_at(names, "feature"),
        transcript=_at(names, "hgvsc"),
        protein=_at(names, "hgvsp"),
        amino=_at(names, "amino_acids"),
        position=_at(names, "protein_position"),
        existing=_at(names, "existing_variation"),
        number=_at(names, "allele_num"),
    )


def _snpeff(names: Sequence[str]) -> Columns:
    return Columns(
        allele=_at(names, "allele"),
        effect=_at(names, "annotation"),
        symbol=_at(names, "gene_name"),
        gene=_at(names, "gene_id"),
        feature=_at(names, "feature_id"),
        feature_type=_at(names, "feature_type"),
        transcript=_at(names, "hgvs.c"),
        protein=_at(names, "hgvs.p"),
    )


def _eff(names: Sequence[str]) -> Columns:
    """Return where fields stand inside the parentheses, behind the effect."""
    inside = names[1:]
    return Columns(
        effect=0,
        symbol=_at(inside, "gene_name"),
        feature=_at(inside, "transcript", "transcript_id"),
        amino=_at(inside, "amino_acid_change"),
        number=_at(inside, "genotype_number", "genotype"),
    )


def _bcsq(_: Sequence[str]) -> Columns:
    return Columns(effect=0, symbol=1)


_COLUMNS = {
    Style.VEP: _vep,
    Style.SNPEFF: _snpeff,
    Style.EFF: _eff,
    Style.BCSQ: _bcsq,
}
