"""One structural ALT, as any variant caller writes it → its canonical allele.

VCF leaves callers much freedom: END or SVLEN, signed or not, one for each ALT;
a mate in the ALT, or in CHR2 and one of END2, POS2, END; a type in SVTYPE alone.
Files and pasted lines are read by the same rules.  What is not understood gets
its reason, never a guess.
VCF 4.2 to 4.5, sections 1.6.1, 3 and 5.4.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from beacon.model.assemblies import ASSEMBLIES, find_contig
from beacon.model.structure import EXACT, Join, Margin, Named, Structure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from beacon.model.assemblies import Assembly
    from beacon.model.genome import Contig

BAD = "bad: "
"""Begins the reason of what cannot be, unlike what is only not understood."""
NOT_LOADED = "not loaded yet: "

_PAIRED = re.compile(
    r"(?P<before>[A-Z.]*)(?P<mark>[\[\]])(?P<mate>[^\[\]\s]+):(?P<pos>[0-9]{1,18})"
    r"(?P=mark)(?P<after>[A-Z.]*)",
    re.IGNORECASE,
)
_SINGLE = re.compile(r"(?P<before>[A-Z]+)\.|\.(?P<after>[A-Z]+)", re.IGNORECASE)
_NAMED = re.compile(r"<[^<>]+>")
_WORD = re.compile(r"[A-Z0-9_.+*-]+(?::[A-Z0-9_.+*-]+)*")
_COPY_NUMBER = re.compile(r"CN[0-9]{1,4}")
_EQUALS = re.compile(r"(?<=^CN)=(?=[0-9]{1,4}$)")
"""gnomAD writes ``<CN=0>``."""
_CONNECTION = re.compile(r"([35])to([35])")
_SIGNS = re.compile(r"[+-]{2}")
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")

_SYNONYMS = {
    "DELETION": "DEL",
    "LOSS": "DEL",
    "DUPLICATION": "DUP",
    "GAIN": "DUP",
    "TDUP": "DUP:TANDEM",
    "INVDUP": "DUP:INV",
    "INVERSION": "INV",
    "INSERTION": "INS",
    "MEI": "INS:ME",
    "TRANSLOCATION": "BND",
    "TRA": "BND",
    "CTX": "BND",
    "ITX": "BND",
    "BREAKEND": "BND",
}
_SPANNING = frozenset(("DEL", "DUP", "INV", "CNV", "CPX"))
_ANY_SPAN = "CPX"
"""What spans of an unknown word are kept as: similar to every span that is asked."""
_OPEN = frozenset(("", "SV", "CNV"))
"""ALT words that SVTYPE may say more than."""
_TOLD_BY_TYPE = frozenset(("DEL", "DUP", "INV", "INS", "BND", "CNV"))
_CIRCULAR = frozenset(("MT",))
_MATE_PLACES = ("END2", "POS2", "END")
_INSERTED_LENGTHS = ("SVLEN", "INSLEN", "SVINSLEN")
_INSERTED_BASES = ("SVINSSEQ", "SEQ")
_OF_SIDES = frozenset(
    ("SVTYPE", "CHR2", "STRANDS", "CT", "CIPOS", "CIEND", *_MATE_PLACES)
)
_SIGNED = ("+-", "++", "-+", "--")
_DIGITS = 19
_LONGEST = 1 << 31


class Written(NamedTuple):
    """One ALT where it stands.

    Attributes:
        pos: 1-based; 0 and one beyond the contig are telomeres.
        number: which of the record's ALTs it is, from 0.
        among: how many ALTs the record has.
        info: INFO's fields.
    """

    contig: Contig
    pos: int
    reference: str
    alternate: str
    info: Mapping[str, str]
    number: int = 0
    among: int = 1


class Understood(NamedTuple):
    """A structural allele: 0-based interbase, under its canonical alternate."""

    start: int
    end: int
    alternate: str
    structure: Structure | None = None


def info_fields(text: str) -> dict[str, str]:
    """Return INFO's fields; a flag has an empty value."""
    return dict(part.partition("=")[::2] for part in text.split(";"))


def is_structural(alternate: str) -> bool:
    """Whether an ALT as written is named or a breakend."""
    return bool(alternate) and not alternate.isalpha() and alternate not in "*.-"


def type_alone(info: Mapping[str, str]) -> str | None:
    """Return ``<DEL>`` for a record without an ALT whose SVTYPE says DEL."""
    word = _canonical_word(info.get("SVTYPE", ""))
    return f"<{word}>" if word.partition(":")[0] in _TOLD_BY_TYPE else None


def understand(written: Written) -> Understood | str:
    """Return the allele an ALT is, or the reason why it is none we know."""
    alternate = written.alternate
    if "[" in alternate or "]" in alternate:
        return _paired(written)
    if not alternate.startswith("<"):
        return _single(written)
    if _NAMED.fullmatch(alternate) is None:
        return f"{BAD}ALT is not of A, C, G, T, N"
    word = _word(written)
    first = word.partition(":")[0]
    if first == "BND":
        return _named_breakend(written)
    if first == "INS":
        return _insertion(written, word)
    if _is_known(word):
        return _spanning(written, word)
    return f"{NOT_LOADED}other symbolic allele"


def may_be(written: Written) -> tuple[Understood, ...]:
    """Return alleles that stand for an ALT that is left out, so far as it is told.

    They say no more than that something may be there: a span within its contig,
    a breakend whose other side is not known.
    """
    if not is_structural(written.alternate):
        return ()
    word = _word(written) if written.alternate.startswith("<") else "BND"
    start, end = _point(written.contig, written.pos)
    if word.partition(":")[0] == "BND":
        return tuple(Understood(start, end, Join(None, None, s).text) for s in "+-")
    kind = Named(word if _is_known(word) else _ANY_SPAN)
    return tuple(Understood(low, high, kind.text) for low, high in _stretches(written))


def _stretches(written: Written) -> Iterator[tuple[int, int]]:
    """Yield where a span that is left out may lie: cut at the end of its contig.

    One that ends before it begins on a circular sequence may run over its origin.
    """
    pos, last = max(1, written.pos), written.contig.length
    end, length = _number(written, "END") or 0, _number(written, "SVLEN") or 0
    furthest = max(end, pos + abs(length) if length else 0)
    if pos < furthest and pos <= last:
        yield pos - 1, min(furthest, last)
    elif written.contig.name in _CIRCULAR and 0 < end < pos <= last:
        yield from ((end - 1, pos), (pos - 1, last), (0, end))


def _word(written: Written) -> str:
    """Return the canonical type word: the ALT's, or SVTYPE's where that says more."""
    word = _canonical_word(written.alternate.strip("<>"))
    told = _canonical_word(written.info.get("SVTYPE", ""))
    if (word in _OPEN or not _is_known(word)) and _is_known(told):
        return told
    return told if told.startswith(f"{word}:") else word


def _is_known(word: str) -> bool:
    """Whether a type word, or what it begins with, is understood."""
    first = word.partition(":")[0]
    return first in _TOLD_BY_TYPE | _SPANNING or bool(_COPY_NUMBER.fullmatch(first))


def _canonical_word(text: str) -> str:
    plain = _EQUALS.sub("", text.strip().upper().replace("/", ":"))
    first, colon, rest = plain.partition(":")
    word = _SYNONYMS.get(first, first) + colon + rest
    return word if _WORD.fullmatch(word) else ""


@lru_cache(maxsize=16)
def _numbers(text: str | None) -> tuple[int | None, ...]:
    """Return the numbers of a list; it is asked for again by each of many ALTs."""
    if not text:
        return ()
    return tuple(int(n) if _WHOLE.fullmatch(n) else None for n in text.split(","))


def _number(written: Written, key: str) -> int | None:
    """Return a field's number for this ALT: its own of a list, else the only one."""
    values = _numbers(written.info.get(key))
    if len(values) == written.among:
        return values[written.number]
    return values[0] if len(values) == 1 else None


def _margin(written: Written, key: str) -> Margin:
    """Return two offsets as a margin; a list holds two for each ALT."""
    values = _numbers(written.info.get(key))
    first = 2 * written.number if len(values) == 2 * written.among else 0
    pair = [v for v in values[first : first + 2] if v is not None]
    if len(pair) < 2 or max(map(abs, pair)) > _LONGEST:
        return EXACT
    return min(0, *pair), max(0, *pair)


def _structure(written: Written) -> Structure | None:
    found = Structure(
        _margin(written, "CIPOS"),
        _margin(written, "CIEND"),
        _margin(written, "CILEN"),
        "IMPRECISE" in written.info,
    )
    return None if found == Structure() else found


# --- alleles that span -------------------------------------------------------------


def _spanning(written: Written, word: str) -> Understood | str:
    last = _last(written)
    if last is None:
        return _exchanged(written, word)
    if written.pos > written.contig.length:
        return f"{NOT_LOADED}<{word}> behind the last base"
    start = max(0, written.pos - 1)
    if last == written.contig.length + 1:
        last -= 1  # the telomere behind the last base
    if not start < last <= written.contig.length:
        return f"{BAD}END of <{word}> is not inside its contig"
    return Understood(start, last, Named(word).text, _structure(written))


def _exchanged(written: Written, word: str) -> Understood | str:
    """Read a span whose END comes before POS: some callers exchange them.

    Not on a circular sequence, where it may as well run over the origin.
    """
    end = _number(written, "END")
    mate = written.info.get("CHR2", "")
    known = find_contig(ASSEMBLIES[written.contig.assembly], mate) if mate else None
    is_here = mate in ("", ".") or known == written.contig
    if end is None or not 0 < end < written.pos or not is_here:
        return f"{NOT_LOADED}<{word}> without END or SVLEN"
    if written.contig.name in _CIRCULAR:
        return f"{NOT_LOADED}<{word}> that may run over the origin"
    known_ends = _structure(written)
    if known_ends is not None:
        known_ends = known_ends._replace(
            start_margin=known_ends.end_margin, end_margin=known_ends.start_margin
        )
    last = min(written.pos, written.contig.length)
    return Understood(end - 1, last, Named(word).text, known_ends)


def _last(written: Written) -> int | None:
    """Return the last base an allele spans to.

    Of several ALTs each has its own SVLEN; of one END is what indexes and other
    programs go by, unless it does not reach anywhere.
    """
    end, length = _number(written, "END"), _number(written, "SVLEN")
    if length is None:
        length = _number(written, "REFLEN")
    by_length = None if not length else written.pos + abs(length)
    if by_length is not None and written.among > 1:
        return by_length
    if end is not None and (end > written.pos or by_length is None):
        return end if end >= written.pos else None
    if by_length is None and len(written.reference) > 1:
        return written.pos + len(written.reference) - 1
    return by_length


# --- insertions --------------------------------------------------------------------


def _insertion(written: Written, word: str) -> Understood:
    start, end = _point(written.contig, written.pos)
    alternate = Named(word, _inserted(written)).text
    return Understood(start, end, alternate, _structure(written))


def _inserted(written: Written) -> int | None:
    """Return how many bases are inserted, where that is told.

    A negative number is none: some callers write -1 where they do not know.
    """
    for key in _INSERTED_LENGTHS:
        length = _number(written, key)
        if length is not None and 0 < length < _LONGEST:
            return length
    for key in _INSERTED_BASES:
        bases = written.info.get(key, "")
        if bases.isalpha():
            return len(bases)
    return None


def _point(contig: Contig, pos: int) -> tuple[int, int]:
    """Return the interval of one base; a telomere is empty."""
    return min(max(0, pos - 1), contig.length), min(pos, contig.length)


# --- breakends ---------------------------------------------------------------------


class _Told(NamedTuple):
    """What a breakend says of its mate, wherever it says it."""

    mate: str
    pos: int
    strands: str


def _paired(written: Written) -> Understood | str:
    told = _in_brackets(written.alternate)
    return f"{BAD}breakend cannot be read" if told is None else _breakend(written, told)


def _in_brackets(alternate: str) -> _Told | None:
    found = _PAIRED.fullmatch(alternate)
    if found is None or bool(found["before"]) == bool(found["after"]):
        return None
    own = "+" if found["before"] else "-"
    strands = own + ("-" if found["mark"] == "[" else "+")
    return _Told(found["mate"], int(found["pos"]), strands)


def _single(written: Written) -> Understood | str:
    found = _SINGLE.fullmatch(written.alternate)
    if found is None:
        return f"{BAD}ALT is not of A, C, G, T, N"
    join = Join(None, None, "+" if found["before"] else "-")
    start, end = _point(written.contig, written.pos)
    return Understood(start, end, join.text, _structure(written))


def _named_breakend(written: Written) -> Understood | str:
    """Read ``<TRA>``, ``<BND>`` and the like: the mate is in INFO."""
    told = _in_fields(written.info)
    if told is not None:
        return _breakend(written, told)
    if written.info.get("CHR2", "") in ("", "."):
        return f"{NOT_LOADED}breakend without a mate (CHR2)"
    return f"{NOT_LOADED}breakend without its mate's position"


def _in_fields(info: Mapping[str, str]) -> _Told | None:
    mate = info.get("CHR2", "")
    for key in _MATE_PLACES:
        pos = info.get(key, "")
        if mate not in ("", ".") and pos.isdecimal() and len(pos) < _DIGITS:
            return _Told(mate, int(pos), _told_strands(info))
    return None


def turned(
    assembly: Assembly, name: str, pos: int, alternate: str, info: str
) -> tuple[Contig, int, str] | None:
    """Return a breakend as its mate tells it: contig, POS and INFO of a ``<BND>``.

    For a record on a sequence the assembly lacks, whose mate lies on one it has:
    it must be found there.  ``None`` where that is not so.
    """
    fields = info_fields(info)
    word = _canonical_word(alternate.strip("<>")) or alternate
    told = _in_fields(fields) if word == "BND" else _in_brackets(alternate)
    known = None if told is None else find_contig(assembly, told.mate)
    if told is None or known is None:
        return None
    kept = [f"{key}={value}" for key, value in fields.items() if key not in _OF_SIDES]
    strands = told.strands[::-1]
    signs = [f"STRANDS={strands}"] if strands in _SIGNED else []
    margins = [
        f"{here}={fields[there]}"
        for here, there in (("CIPOS", "CIEND"), ("CIEND", "CIPOS"))
        if there in fields
    ]
    return (
        known,
        told.pos,
        ";".join(["SVTYPE=BND", f"CHR2={name}", f"END={pos}", *signs, *margins, *kept]),
    )


def _told_strands(info: Mapping[str, str]) -> str:
    """Return the strands: ``STRANDS=+-:7``, or ``CT=3to5`` (which ends are joined)."""
    signs = _SIGNS.match(info.get("STRANDS", ""))
    if signs is not None:
        return signs[0]
    ends = _CONNECTION.fullmatch(info.get("CT", ""))
    if ends is None:
        return "?"
    return "".join("+" if end == "3" else "-" for end in ends.groups())


def _breakend(written: Written, told: _Told) -> Understood | str:
    mate, pos, strands = told
    known = find_contig(ASSEMBLIES[written.contig.assembly], mate)
    if known is not None:
        mate = known.name
        if pos > known.length + 1:
            return f"{BAD}mate of a breakend is not inside its contig"
    start, end = _point(written.contig, written.pos)
    join = Join(mate, pos, strands)
    return Understood(start, end, join.text, _structure(written))
