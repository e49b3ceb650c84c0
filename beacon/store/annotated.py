"""Questions about what annotations say: annotations first, then their alleles' rows.

The index gives the documents that may answer; ``pattern.matches`` judges each
allele beside what its own dataset says of it.  A dataset that cannot know the
answer is silent, with the reason; it never says "no".
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, cast

from beacon.model.annotation import Kind, united
from beacon.model.assemblies import ASSEMBLIES
from beacon.model.findings import DatasetFindings, Silence
from beacon.model.query import Granularity
from beacon.model.variant import Allele
from beacon.store.annotation_documents import id_of, read_annotation
from beacon.store.keys import SALTS, decode, encode
from beacon.store.scanning import Answer, allele_of, genome_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from beacon.model.annotation import Annotation, AnnotationPattern
    from beacon.model.pattern import VariantPattern
    from beacon.model.query import Page
    from beacon.store.annotations import AnnotationTable
    from beacon.store.driver import Document
    from beacon.store.lookup import Shelf
    from beacon.store.rows import Counts, Rows
    from beacon.store.tables import Table

_NAMES = frozenset((Kind.GENE, Kind.IDENTIFIER, Kind.HGVS))
"""What a dataset may not know: then it says nothing of it."""


_LOOKED_AT = 500
"""Doubtful alleles that are looked up at once."""


class Tables(NamedTuple):
    """The rows and the annotations of one assembly."""

    rows: Table
    annotations: AnnotationTable


class _Found(NamedTuple):
    """One allele: its counts by field, and what each part says of it."""

    allele: Allele
    counts: Counts
    said: dict[int, Annotation]

    def of(self, rows: Rows) -> Annotation | None:
        """Return what a release says of it: its parts together."""
        if len(rows.numbers) == 1:
            return self.said.get(rows.numbers[0])
        return united(self.said[n] for n in rows.numbers if n in self.said)


async def ask(
    pattern: VariantPattern,
    shelves: Sequence[Shelf],
    granularity: Callable[[str], Granularity],
    page: Page,
    tables: Tables,
) -> list[DatasetFindings]:
    """Return what every dataset says of the alleles whose annotations match."""
    asked = _asked(pattern)
    able = [s for s in shelves if _is_loaded(s, pattern) and _speaks(s, asked)]
    totals = {
        s.release.number: await _counted(s, pattern, tables)
        for s in able
        if granularity(s.dataset.id) > Granularity.BOOLEAN
    }
    answers = {
        s.release.number: Answer(
            s,
            granularity(s.dataset.id),
            page,
            is_counted=not totals.get(s.release.number),
        )
        for s in able
    }
    exact = await _read(pattern, answers, tables)
    told = []
    for shelf in shelves:
        number = shelf.release.number
        answer, total = answers.get(number), totals.get(number) or None
        told.append(await _told(shelf, pattern, answer, total, tables))
    told = [_versioned(t, asked, exact) for t in told]
    return _known_nowhere(told, asked)


async def _counted(shelf: Shelf, pattern: VariantPattern, tables: Tables) -> int | None:
    """Return how many alleles match, where indexes tell; ``None`` where they do not.

    Of what several parts say together, or of some people, they tell nothing.
    """
    if len(shelf.rows.numbers) > 1 or not tables.rows.is_of_all:
        return None
    number = shelf.rows.numbers[0]
    total = await tables.annotations.count(number, pattern)
    if total is None:
        return None
    edges = await tables.annotations.edges(number, pattern, shelf.longest_short)
    if edges is None:
        return None
    for one in await _alleles(edges, pattern.assembly, tables.rows):
        is_there = shelf.rows.exists(one.counts)
        total += is_there and pattern.matches(one.allele, one.said[number])
    return total


async def _read(
    pattern: VariantPattern, answers: dict[int, Answer], tables: Tables
) -> set[int]:
    """Give answers what they want; return who names the HGVS version asked for."""
    exact: set[int] = set()
    if all(answer.is_done for answer in answers.values()):
        return exact
    longest = max(answer.shelf.longest_short for answer in answers.values())
    asked = [answer.rows for answer in answers.values()]
    joined = [rows for rows in asked if len(rows.numbers) > 1]
    numbers = {number for rows in asked for number in rows.numbers}
    pages = tables.annotations.pages(numbers, pattern, longest, are_joined=bool(joined))
    try:
        bare = replace(pattern, annotated=None)
        async for documents in pages:
            able = [d for d in documents if _may_be(d, bare)]
            found = await _alleles(able, pattern.assembly, tables.rows)
            await _complete(found, joined, tables.annotations)
            for one in found:
                exact |= _judge(one, pattern, answers)
            if all(answer.is_done for answer in answers.values()):
                break
    finally:
        await pages.aclose()
    return exact


def _may_be(document: Document, bare: VariantPattern) -> bool:
    """Whether an annotation's allele is one asked for, as far as its key tells.

    A key that holds a hash only, or a long allele's, tells nothing.
    """
    key = document["k"]
    if not isinstance(key, int) or "r" in document:
        return True
    rank, start, reference, alternate = decode(key)
    if reference is None or alternate is None:
        return True
    contig = ASSEMBLIES[bare.assembly].contigs[rank - 1]
    end = start + len(reference)
    return bare.matches(
        Allele(
            contig=contig,
            start=start,
            end=end,
            reference=reference,
            alternate=alternate,
        )
    )


def _asked(pattern: VariantPattern) -> AnnotationPattern:
    if pattern.annotated is None:
        message = "the pattern asks nothing of annotations"
        raise ValueError(message)
    return pattern.annotated


def _speaks(shelf: Shelf, asked: AnnotationPattern) -> bool:
    """Whether a dataset's annotations speak of all that is asked."""
    return shelf.annotated is not None and asked.kinds <= shelf.annotated


def _is_loaded(shelf: Shelf, pattern: VariantPattern) -> bool:
    return pattern.contig is None or pattern.contig.name in shelf.release.contigs


async def _alleles(
    documents: Sequence[Document], assembly: str, table: Table
) -> list[_Found]:
    """Return the alleles of annotations in genome order, with their rows."""
    by_allele: dict[tuple[object, ...], list[Document]] = defaultdict(list)
    for document in documents:
        name = (document["k"], document.get("r"), document.get("a"))
        by_allele[name].append(document)
    rows = await _rows([same[0] for same in by_allele.values()], table)
    found = []
    for same in by_allele.values():
        row = _row_of(same[0], rows)
        if row is None:
            continue  # only where its release is being removed
        contig = ASSEMBLIES[assembly].contigs[cast("int", same[0]["c"]) - 1]
        said = {cast("int", d["v"]): read_annotation(d) for d in same}
        allele = allele_of(contig, cast("int", same[0]["s"]), row)
        found.append(_Found(allele, cast("Counts", row["d"]), said))
    found.sort(key=lambda one: (one.allele.contig.rank, *genome_order(one.allele)))
    return found


async def _complete(
    found: Sequence[_Found], joined: Sequence[Rows], annotations: AnnotationTable
) -> None:
    """Add what the other parts of releases say of alleles that one was found by."""
    missing = {
        id_of(number, one.allele): (one, number)
        for one in found
        for rows in joined
        if not one.said.keys().isdisjoint(rows.numbers)
        for number in rows.numbers
        if number not in one.said
    }
    said = await annotations.by_id.get(tuple(missing)) if missing else {}
    for name, annotation in said.items():
        one, number = missing[name]
        one.said[number] = annotation


async def _rows(documents: Iterable[Document], table: Table) -> dict[object, Document]:
    """Return the rows that annotations are about, and others of their hashes."""
    short: list[int] = []
    long: list[bytes] = []
    for document in documents:
        key = document["k"]
        if isinstance(key, int):
            short += _salted(document)
        else:
            long.append(cast("bytes", key))
    found: list[Mapping[int, Document] | Mapping[bytes, Document]] = []
    if short:
        found.append(await table.rows.get(tuple(short)))
    if long:
        found.append(await table.long_rows.get(tuple(long)))
    return {key: row for rows in found for key, row in rows.items()}


def _salted(document: Document) -> list[int]:
    """Return the keys a short row may have."""
    key = cast("int", document["k"])
    if "r" not in document:
        return [key]
    place = decode(key)
    alleles = cast("str", document["r"]), cast("str", document["a"])
    return [encode(place.rank, place.start, *alleles, salt) for salt in range(SALTS)]


def _row_of(document: Document, rows: dict[object, Document]) -> Document | None:
    """Return an annotation's own row: a hash may have named another allele's."""
    if not isinstance(document["k"], int) or "r" not in document:
        return rows.get(document["k"])
    for key in _salted(document):
        row = rows.get(key)
        if row is not None and all(row.get(p) == document[p] for p in ("r", "a")):
            return row
    return None


def _judge(
    one: _Found, pattern: VariantPattern, answers: dict[int, Answer]
) -> set[int]:
    """Give an allele to the answers it matches; return who names the exact version."""
    exact = set()
    for number, answer in answers.items():
        said = one.of(answer.rows)
        if said is None or answer.is_done or not pattern.matches(one.allele, said):
            continue
        if answer.rows.exists(one.counts):
            answer.take(one.allele, one.counts)
            if _asked(pattern).has_version(said):
                exact.add(number)
        elif _is_heeded(one.counts, answer):
            answer.pass_over(one.counts)
    return exact


def _is_heeded(counts: Counts, answer: Answer) -> bool:
    """Whether what does not exist changes what a "no" rests on."""
    return answer.rows.is_absent(counts) and answer.heeds(counts, is_plain=False)


async def _told(
    shelf: Shelf,
    pattern: VariantPattern,
    answer: Answer | None,
    total: int | None,
    tables: Tables,
) -> DatasetFindings:
    """Return what a dataset found, or why it is silent.

    ``total`` is how many alleles match, where that was counted and is not 0.
    """
    if not _is_loaded(shelf, pattern):
        return DatasetFindings(dataset=shelf.dataset, total=0, is_contig_loaded=False)
    if answer is None:
        return DatasetFindings(
            dataset=shelf.dataset, total=0, silence=Silence.NOT_ANNOTATED
        )
    found = answer.findings(total)
    if found.total or found.place is not None:
        return found
    if not await tables.annotations.names(shelf.rows.numbers, _asked(pattern)):
        return replace(found, silence=Silence.UNKNOWN_NAME)
    if await _may_be_unread(shelf, pattern, tables):
        return replace(found, silence=Silence.UNREAD)
    return found


async def _may_be_unread(shelf: Shelf, pattern: VariantPattern, tables: Tables) -> bool:
    """Whether an allele that was not fully understood may be the one asked for."""
    asked, rows = _asked(pattern), shelf.rows
    doubtful = await tables.annotations.unread(
        rows.numbers, pattern, shelf.longest_short
    )
    if doubtful is None:
        return True  # more than anybody can look through
    joined = [rows] if len(rows.numbers) > 1 else []
    if not joined:
        doubtful = [d for d in doubtful if asked.may_match(read_annotation(d))]
    bare = replace(pattern, annotated=None)
    for first in range(0, len(doubtful), _LOOKED_AT):
        some = doubtful[first : first + _LOOKED_AT]
        found = await _alleles(some, pattern.assembly, tables.rows)
        await _complete(found, joined, tables.annotations)
        if any(_is_doubtful(one, rows, asked, bare) for one in found):
            return True
    return False


def _is_doubtful(
    one: _Found, rows: Rows, asked: AnnotationPattern, bare: VariantPattern
) -> bool:
    """Whether an allele exists that may be the one asked for."""
    said = one.of(rows)
    return (
        said is not None
        and rows.exists(one.counts)
        and bare.matches(one.allele)
        and bare.meets_own_side(one.allele)  # annotations speak of no mate
        and asked.may_match(said)
    )


def _versioned(
    told: DatasetFindings, asked: AnnotationPattern, exact: set[int]
) -> DatasetFindings:
    """Say so where only another version of an HGVS name was found."""
    release = told.dataset.release
    if asked.hgvs is None or not told.total or release is None:
        return told
    return replace(told, is_other_version=release.number not in exact)


def _known_nowhere(
    told: list[DatasetFindings], asked: AnnotationPattern
) -> list[DatasetFindings]:
    """Give no answer where no dataset knows the name that is asked for."""
    ignorant = (Silence.UNKNOWN_NAME, Silence.NOT_ANNOTATED)
    if asked.kinds.isdisjoint(_NAMES) or any(
        t.silence not in ignorant for t in told if t.is_contig_loaded
    ):
        return told
    return [
        replace(t, silence=Silence.KNOWN_NOWHERE) if t.silence in ignorant else t
        for t in told
    ]
