"""Genes: every name of one, and where it lies on each assembly.

A table is a handful of sorted texts that are searched as they are kept, so that
a hundred thousand names cost their letters and no objects.  An approved symbol
wins over the same text as an alias; what is ambiguous is answered with the
choice, what is unknown with a sentence, and neither with a "no".
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple, NoReturn, Protocol, overload

from beacon.model.annotation import AnnotationPattern
from beacon.model.assemblies import ASSEMBLIES, find_contig
from beacon.model.errors import InvalidRequest
from beacon.model.genome import Interval, pos_from_start
from beacon.model.pattern import VariantPattern
from beacon.model.spelling import region_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_LONGEST_QUOTED = 60
_MOST_LISTED = 10
_FOREIGN = re.compile(r"(?:hgnc:|ensembl:)?(hgnc:[0-9]+|ensg[0-9]{11})(?:\.[0-9]+)?")
_WORDED = re.compile(r"(?!rs[0-9]+\Z)[A-Za-z]{2}.", re.IGNORECASE)
_NAMES = "names"
_ROWS, _KEYS = "rows", "keys"


class Genes(Protocol):
    """Whatever knows where genes lie."""

    @property
    def is_empty(self) -> bool:
        """Whether no gene is known at all."""

    def places(self, name: str, genome: str) -> bool:
        """Whether ``pattern`` is to be asked for a name on an assembly.

        Not where no genes of that assembly are loaded, or nobody knows the name:
        annotations may know it.  What is ambiguous or lacks a place is refused there.
        """

    def pattern(self, name: str, genome: str) -> VariantPattern:
        """Return the question for what overlaps a gene.

        Args:
            name: symbol, alias, HGNC id or Ensembl gene id.
            genome: canonical name of the assembly.

        Raises:
            InvalidRequest: when the name is unknown or ambiguous, or the gene has
                no place on that assembly.
        """

    def symbols(self, name: str) -> tuple[str, ...]:
        """Return what annotations may call the gene of a name; none: unknown.

        The approved symbol first, then further symbols that mean no other gene,
        then its ids.  A name means what it means to ``pattern``.

        Raises:
            InvalidRequest: when the name is ambiguous.
        """

    def spells(self, name: str) -> bool:
        """Whether a text is a gene's symbol, letter by letter, or an alias of words.

        Such a text is the gene, although it may look like something else: ``RS1``
        (not ``rs1``), ``SS18``, ``IGHV7-4-1``, ``H3-3A-DT``.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Gene:
    """One gene at one place.

    Attributes:
        symbol: as the table spells it.
        hgnc: ``HGNC:1100``; ensembl: ``ENSG00000012048``, without version.
        is_primary: whether its symbol means this place, where others share it.
    """

    symbol: str
    interval: Interval
    hgnc: str | None = None
    ensembl: str | None = None
    is_primary: bool = True

    @property
    def identity(self) -> str:
        """What tells it from other genes."""
        return self.hgnc or self.symbol

    def __str__(self) -> str:
        return _called(self.symbol, self.hgnc)


class GeneName(NamedTuple):
    """A further name of a gene.

    Attributes:
        name: the alias, or the approved symbol itself.
        kind: ``alias``, ``previous`` or ``approved``.
    """

    name: str
    kind: str
    hgnc: str | None
    symbol: str

    @property
    def identity(self) -> str:
        """What tells its gene from others."""
        return self.hgnc or self.symbol

    def __str__(self) -> str:
        return _called(self.symbol, self.hgnc)


APPROVED, PREVIOUS, ALIAS = "approved", "previous", "alias"
_SAID = {ALIAS: "an alias", PREVIOUS: "a previous symbol"}


def _called(symbol: str, hgnc: str | None) -> str:
    return symbol if hgnc is None else f"{symbol} ({hgnc})"


def _refuse(sentence: str) -> NoReturn:
    raise InvalidRequest(sentence, parameter="geneId")


def _key(name: str) -> str:
    """Return what a name is looked up by: without case, prefix and version."""
    key = " ".join(name.split()).casefold()
    foreign = _FOREIGN.fullmatch(key)
    return key if foreign is None else foreign[1]


# --- the texts ------------------------------------------------------------------


class Lines(Sequence[str]):
    """The lines of a text, sorted, and found by their first column."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        lengths = map(len, text.splitlines(keepends=True))
        self._starts = array("Q", accumulate(lengths, initial=0))

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        """Return a line, without its end."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        low, high = self._starts[index], self._starts[index + 1]
        return self._text[low : high - 1].decode()

    def under(self, key: str) -> Iterator[list[str]]:
        """Yield the further columns of every line whose first column is ``key``."""
        prefix = f"{key}\t"
        at = bisect_left(self, prefix)
        while at < len(self) and (line := self[at]).startswith(prefix):
            yield line[len(prefix) :].split("\t")
            at += 1


def _text(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def place_texts(genes: Sequence[Gene]) -> dict[str, bytes]:
    """Return the texts of genes, two for each assembly they lie on."""
    by_genome: dict[str, list[Gene]] = {}
    for gene in genes:
        by_genome.setdefault(gene.interval.contig.assembly, []).append(gene)
    texts: dict[str, bytes] = {}
    for genome, held in by_genome.items():
        texts[f"{genome} {_ROWS}"] = _text(map(_row, held))
        texts[f"{genome} {_KEYS}"] = _text(sorted(_keys(held)))
    return texts


def name_texts(names: Iterable[GeneName]) -> dict[str, bytes]:
    """Return the text of further names, each also under its gene."""
    lines: set[str] = set()
    for known in names:
        named = f"{known.hgnc or ''}\t{known.symbol}"
        lines.add(f"{_key(known.name)}\t{known.name}\t{known.kind}\t{named}")
        lines.add(f"{_key(known.symbol)}\t{known.symbol}\t{APPROVED}\t{named}")
        if known.hgnc is not None:
            lines.add(f"{_key(known.hgnc)}\t{known.hgnc}\t{APPROVED}\t{named}")
        if known.kind != APPROVED:
            lines.add(f">{_key(known.identity)}\t{known.name}")
    return {_NAMES: _text(sorted(lines))}


def _row(gene: Gene) -> str:
    place = gene.interval
    columns = (gene.symbol, gene.hgnc or "", gene.ensembl or "", place.contig.name)
    return "\t".join((*columns, str(place.start), str(place.end)))


def _keys(genes: Sequence[Gene]) -> Iterator[str]:
    """Yield the keys of every row; a name means primary rows, where it has any."""
    by_name: dict[str, list[tuple[bool, int]]] = {}
    for number, gene in enumerate(genes):
        for name in (gene.symbol, gene.hgnc):
            if name is not None:
                by_name.setdefault(_key(name), []).append((gene.is_primary, number))
        if gene.ensembl is not None:
            yield f"{_key(gene.ensembl)}\t{number}"
    for key, rows in by_name.items():
        has_primary = any(is_primary for is_primary, _ in rows)
        for is_primary, number in rows:
            if is_primary or not has_primary:
                yield f"{key}\t{number}"


# --- the table ------------------------------------------------------------------


class _Places:
    """Where genes lie on one assembly."""

    def __init__(self, genome: str, rows: bytes, keys: bytes) -> None:
        self._assembly = ASSEMBLIES[genome]
        self._rows, self._keys = Lines(rows), Lines(keys)

    def under(self, key: str) -> list[Gene]:
        """Return the genes of a key."""
        return [
            self._gene(self._rows[int(number)]) for (number,) in self._keys.under(key)
        ]

    def _gene(self, row: str) -> Gene:
        symbol, hgnc, ensembl, sequence, start, end = row.split("\t")
        contig = find_contig(self._assembly, sequence)
        if contig is None:
            message = f"a gene lies on {sequence}, which {self._assembly.name} lacks"
            raise ValueError(message)
        return Gene(
            symbol=symbol,
            hgnc=hgnc or None,
            ensembl=ensembl or None,
            interval=Interval(contig=contig, start=int(start), end=int(end)),
        )


class GeneTable:
    """Genes of some texts, as ``place_texts`` and ``name_texts`` make them."""

    def __init__(self, texts: Mapping[str, bytes]) -> None:
        self._names = Lines(texts.get(_NAMES, b""))
        self._places = {
            genome: _Places(
                genome, texts[f"{genome} {_ROWS}"], texts[f"{genome} {_KEYS}"]
            )
            for genome in ASSEMBLIES
            if f"{genome} {_ROWS}" in texts
        }

    @property
    def is_empty(self) -> bool:
        """Whether there is no gene with a place."""
        return not self._places

    def places(self, name: str, genome: str) -> bool:
        """Whether a name is asked by its place on an assembly; see ``Genes``."""
        if genome not in self._places:
            return False
        return bool(self._candidates(name) or self._rows(_key(name)))

    def pattern(self, name: str, genome: str) -> VariantPattern:
        """Return the question for what overlaps a gene; see ``Genes``."""
        if self.is_empty:
            _refuse(
                "No genes are loaded here (beacon load genes FILE loads some); "
                "give a region such as 22:16050000-16060000."
            )
        if genome not in self._places:
            _refuse(f"No genes are loaded for {genome}; give a region instead.")
        found, notes = self._find(name, genome)
        place, others, more = _place_of(name, found)
        return replace(region_pattern(place), elsewhere=others, notes=(*notes, *more))

    def symbols(self, name: str) -> tuple[str, ...]:
        """Return what annotations may call the gene of a name; see ``Genes``."""
        known = self._known(name)
        rows = self._rows(_key(name)) if known is None else self._rows_of(known)
        if known is None and not rows:
            return ()
        ids = {row.identity for row in rows}
        if known is None and len(ids) == 1:  # a newer table may approve another symbol
            known = self._approved(rows[0].identity)
        ids |= {known.identity} if known else set()
        approved = [known.symbol] if known else []
        further = (
            alias
            for identity in sorted(ids)
            for (alias,) in self._names.under(f">{_key(identity)}")
            if self._identities(alias) <= ids
        )
        written = (row.symbol for row in _exact(name, rows))
        numbers = {each for row in rows for each in (row.ensembl, row.hgnc)}
        numbers.add(known.hgnc if known else None)
        listed = sorted(each for each in numbers if each is not None)
        return tuple(dict.fromkeys((*approved, *written, *further, *listed)))

    def spells(self, name: str) -> bool:
        """Whether a text is a gene's symbol, letter by letter; see ``Genes``."""
        named = {known.kind for known in self._named(name) if known.name == name}
        if APPROVED in named or (named and _WORDED.match(name)):
            return True
        found = (places.under(_key(name)) for places in self._places.values())
        return any(gene.symbol == name for rows in found for gene in rows)

    def _find(self, name: str, genome: str) -> tuple[list[Gene], tuple[str, ...]]:
        """Return the gene's rows on an assembly, and what the answer must repeat."""
        known = self._known(name)
        if known is None:
            return self._written(name, genome), ()
        if known.kind == APPROVED:
            return self._of(known, genome), ()
        said = f"{known.name} is {_SAID.get(known.kind, 'a name')} of {known}."
        return self._of(known, genome), (said,)

    def _written(self, name: str, genome: str) -> list[Gene]:
        """Return the rows that are written under a name that no text of names has."""
        rows = self._places[genome].under(_key(name))
        if not rows and self._rows(_key(name)):
            _refuse(_without_place(name.strip(), genome))
        if not rows:
            _refuse(
                f"{_quoted(name)} is no gene of the table that is loaded here; give a "
                "symbol or id of HGNC, an Ensembl gene id, or a region."
            )
        return rows

    def _known(self, name: str) -> GeneName | None:
        """Return the one gene that the texts of names mean by a name.

        ``None`` where a row of a table has it as its own, or nobody knows it.
        """
        candidates = self._candidates(name)
        known = _sole(candidates)
        if candidates and known is None:
            _refuse(_choice(name, candidates))
        return known

    def _candidates(self, name: str) -> list[GeneName]:
        """Return what a name may mean: approved, else of a row, else any other."""
        found = list(self._named(name))
        approved = [n for n in found if n.kind == APPROVED]
        if _sole(approved) is not None:
            return approved
        return [] if self._rows(_key(name)) else approved or found

    def _identities(self, name: str) -> set[str]:
        """Return the identities of every gene a name may mean."""
        candidates = self._candidates(name)
        return {each.identity for each in candidates or self._rows(_key(name))}

    def _rows(self, key: str) -> list[Gene]:
        """Return the rows of a key on every assembly."""
        return [g for places in self._places.values() for g in places.under(key)]

    def _rows_of(self, known: GeneName) -> list[Gene]:
        """Return the rows of a gene of HGNC on every assembly."""
        named = (known.hgnc, known.symbol)
        rows = [g for key in named if key is not None for g in self._rows(_key(key))]
        return [g for g in rows if g.hgnc in (None, known.hgnc)]

    def _of(self, known: GeneName, genome: str) -> list[Gene]:
        """Return the rows of a gene of HGNC: by its id, else by its symbol."""
        places = self._places[genome]
        rows = places.under(_key(known.hgnc)) if known.hgnc else []
        rows = rows or [
            gene
            for gene in places.under(_key(known.symbol))
            if gene.hgnc in (None, known.hgnc)
        ]
        if not rows:
            _refuse(_without_place(str(known), genome))
        return rows

    def _approved(self, name: str) -> GeneName | None:
        found = [n for n in self._named(name) if n.kind == APPROVED]
        return _sole(found)

    def _named(self, name: str) -> Iterator[GeneName]:
        for spelled, kind, hgnc, symbol in self._names.under(_key(name)):
            yield GeneName(spelled, kind, hgnc or None, symbol)


class _ForeignGenes:
    """The genes of another beacon: known to it by name alone."""

    is_empty = False

    def places(self, name: str, genome: str) -> bool:
        """Say that places are known there."""
        del name, genome
        return True

    def pattern(self, name: str, genome: str) -> VariantPattern:
        """Return the question for a gene, whatever it may be there."""
        named = AnnotationPattern(genes=(name.strip(),))
        return VariantPattern(contig=None, genome=genome, annotated=named)

    def symbols(self, name: str) -> tuple[str, ...]:
        """Return the name itself."""
        return (name.strip(),)

    def spells(self, name: str) -> bool:
        """Say nothing: names are known elsewhere."""
        del name
        return False


ASKED_ELSEWHERE: Genes = _ForeignGenes()
"""Genes of a question that goes to another beacon."""

NO_GENES = GeneTable({})
"""The table of a beacon that has loaded no genes."""


def _sole(names: Sequence[GeneName]) -> GeneName | None:
    """Return the one gene some names mean, a previous symbol before an alias."""
    if len({known.identity for known in names}) != 1:
        return None
    return max(names, key=lambda known: known.kind == PREVIOUS)


def _quoted(name: str) -> str:
    return repr(name.strip()[:_LONGEST_QUOTED])


def _without_place(gene: str, genome: str) -> str:
    return f"{gene} has no place on {genome} in the genes loaded here; give a region."


def _choice(name: str, names: Sequence[GeneName]) -> str:
    listed = sorted({str(known) for known in names})
    more = len(listed) - _MOST_LISTED
    listed = listed[:_MOST_LISTED] + ([f"{more} more"] if more > 0 else [])
    return (
        f"{_quoted(name)} is a name of several genes: {', '.join(listed)}; "
        "ask for one of them."
    )


def _exact(name: str, rows: Sequence[Gene]) -> Sequence[Gene]:
    """Return the rows that spell a name letter by letter, where there are any."""
    return [gene for gene in rows if gene.symbol == name.strip()] or rows


def _place_of(
    name: str, rows: Sequence[Gene]
) -> tuple[Interval, tuple[Interval, ...], tuple[str, ...]]:
    """Return the place some rows mean, further ones, and what else must be said.

    Genes of the pseudo-autosomal regions lie on X and on Y, wherever tables list
    them; data may keep their variants on either.
    """
    rows = _exact(name, rows)
    symbol, places = rows[0].symbol, list(dict.fromkeys(g.interval for g in rows))
    if len(places) == 1:
        twins = _twins(places[0])
        if any(twin is None for twin in twins):
            return places[0], (), (_without_twin(symbol, places[0]),)
        places += (twin for twin in twins if twin is not None)
    elif sorted(place.contig.name for place in places) != ["X", "Y"]:
        _refuse_places(name, rows)
    if len(places) == 1:
        return places[0], (), ()
    places.sort(key=lambda place: place.contig.rank)
    where = " and ".join(map(_place, places))
    return places[0], tuple(places[1:]), (f"{symbol} lies on X and Y: {where}.",)


def _refuse_places(name: str, rows: Sequence[Gene]) -> NoReturn:
    listed = [f"{g.ensembl or g.symbol} ({_place(g.interval)})" for g in rows]
    _refuse(
        f"{_quoted(name)} lies at several places: "
        f"{', '.join(listed[:_MOST_LISTED])}; ask for one of them."
    )


def _twins(place: Interval) -> list[Interval | None]:
    """Return where the pseudo-autosomal bases of a place lie on the other sequence.

    ``None`` where the two regions differ in length, so that nobody can tell.
    """
    regions = ASSEMBLIES[place.contig.assembly].par
    half = len(regions) // 2
    others = (*regions[half:], *regions[:half])
    found: list[Interval | None] = []
    for here, there in zip(regions, others, strict=True):
        low, high = max(place.start, here.start), min(place.end, here.end)
        if here.contig != place.contig or low >= high:
            continue
        shift = there.start - here.start
        twin = Interval(contig=there.contig, start=low + shift, end=high + shift)
        found.append(twin if len(here) == len(there) else None)
    return found


def _without_twin(symbol: str, place: Interval) -> str:
    other = "Y" if place.contig.name == "X" else "X"
    return (
        f"{symbol} lies in a pseudo-autosomal region ({_place(place)}); its place on "
        f"{other} is not known here and not asked: give it as a region."
    )


def _place(interval: Interval) -> str:
    first = pos_from_start(interval.start)
    return f"{interval.contig.name}:{first}-{interval.end}"
