"""The naive twin of the variant store: lists, filtered by ``pattern.matches``.

It is slow, obvious and right; the store must not be told apart from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from beacon.model.annotation import unversioned
from beacon.model.assemblies import ASSEMBLIES
from beacon.model.counts import group_counts
from beacon.model.findings import (
    Coverage,
    DatasetFindings,
    Findings,
    FoundVariant,
    Place,
    Silence,
)
from beacon.model.query import Granularity
from beacon.model.variant import Allele

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from beacon.model.annotation import Annotation, AnnotationPattern
    from beacon.model.counts import Group, VariantRecord
    from beacon.model.dataset import Dataset, Release
    from beacon.model.pattern import Spelling, VariantPattern
    from beacon.model.query import Query


FAR = re.compile(r"[0-9][+-](?:[0-9]{3,}|[3-9][0-9]|2[1-9])")
"""HGVS names deeper in an intron than 20 bases are not looked up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A dataset, the release it serves, and that release's records."""

    dataset: Dataset
    release: Release
    records: Sequence[VariantRecord]

    def rows(self) -> list[tuple[VariantRecord, FoundVariant]]:
        """Return one row an allele (the last one given), in genome order."""
        contigs = ASSEMBLIES[self.release.assembly].contigs
        rows = {}
        for record in self.records:
            allele = Allele(
                contig=contigs[record.rank - 1],
                start=record.start,
                end=record.end,
                reference=record.reference,
                alternate=record.alternate,
                structure=record.structure,
            )
            found = FoundVariant(
                allele=allele,
                tally=record.tally,
                filters=record.filters,
                annotation=record.annotation,
            )
            identity = record[:2] if not record.alternate else record[:5]
            rows[identity] = (record, found)
        return sorted(rows.values(), key=lambda row: row[0][:5])


def find(
    query: Query, granularities: Mapping[str, Granularity], loaded: Sequence[Loaded]
) -> Findings:
    """Return what the store must return."""
    by_id = {each.dataset.id: each for each in loaded}
    found = []
    for name, granularity in granularities.items():
        if name in by_id and _is_asked(query, by_id[name]):
            told = _ask(query, granularity, by_id[name])
            if granularity is not Granularity.RECORD:
                told = _without_annotations(told)
            found.append(told)
    if query.pattern is not None and query.pattern.annotated is not None:
        found = _known_nowhere(query.pattern.annotated, found)
    return Findings(datasets=tuple(found))


def _without_annotations(told: DatasetFindings) -> DatasetFindings:
    bare = tuple(replace(v, annotation=None) for v in told.variants)
    return replace(told, variants=bare)


def _known_nowhere(
    asked: AnnotationPattern, found: list[DatasetFindings]
) -> list[DatasetFindings]:
    """Where nobody knows a name that is asked for, there is no answer at all."""
    ignorant = {Silence.UNKNOWN_NAME, Silence.NOT_ANNOTATED}
    reached = [f for f in found if f.is_contig_loaded]
    is_named = asked.genes or asked.hgvs or asked.identifier
    if not is_named or not {f.silence for f in reached} <= ignorant:
        return found
    return [
        replace(f, silence=Silence.KNOWN_NOWHERE) if f.silence else f for f in found
    ]


def _is_asked(query: Query, loaded: Loaded) -> bool:
    if query.pattern is None:
        return query.assembly in (None, loaded.release.assembly)
    return query.pattern.assembly == loaded.release.assembly


def _ask(query: Query, granularity: Granularity, loaded: Loaded) -> DatasetFindings:
    pattern = query.pattern
    contig = None if pattern is None else pattern.contig
    is_loaded = contig is None or contig.name in loaded.release.contigs
    is_single = pattern is not None and pattern.is_single_allele
    if not is_loaded and (is_single or pattern.annotated is not None):
        return _not_loaded(loaded)
    if pattern is not None and pattern.annotated is not None:
        return _ask_annotations(query, granularity, loaded)
    if is_single:
        told = _ask_allele(pattern, loaded)
        return (
            told if granularity is Granularity.RECORD else _in_short(told, granularity)
        )
    matches = _matches(pattern, loaded)
    if not matches and not is_loaded:
        return _not_loaded(loaded)
    total = len(matches) if pattern is not None else loaded.release.variants
    first = query.page.offset
    page = matches[first : first + query.page.limit]
    if granularity is Granularity.BOOLEAN:
        total = min(total, 1)
    if granularity is not Granularity.RECORD:
        page = []
    place = None
    if not total:
        place = (
            _in_doubt(None, loaded)
            if pattern is None
            else _what_stands(pattern, loaded)
        )
    return DatasetFindings(
        dataset=loaded.dataset, total=total, variants=tuple(page), place=place
    )


def _matches(pattern: VariantPattern | None, loaded: Loaded) -> list[FoundVariant]:
    there = [found for record, found in loaded.rows() if record.alternate]
    there = [found for found in there if found.exists]
    if pattern is None:
        return there
    matches = [found for found in there if pattern.matches(found.allele)]
    return sorted(matches, key=lambda found: _order(pattern, found.allele))


def _not_loaded(loaded: Loaded) -> DatasetFindings:
    return DatasetFindings(dataset=loaded.dataset, total=0, is_contig_loaded=False)


def _order(pattern: VariantPattern, allele: Allele) -> tuple[object, ...]:
    """Return what answers are sorted by: where they are met, or how close they are."""
    whole = (allele.contig.rank, allele.start, allele.end)
    text = (allele.reference, allele.alternate)
    if pattern.similar is not None:
        close = pattern.similar.closeness(allele)
        return -(close.overlap or 0.0), close.distance, whole, text
    return pattern.place_of(allele), whole, text


def _kinds(said: Annotation) -> set[str]:
    """Return what an annotation speaks of."""
    near = [h for h in said.hgvs if not FAR.search(h)]
    spoken = {"g": said.genes, "e": said.effects, "p": said.protein_changes}
    spoken |= {"x": said.identifiers, "h": near}
    return {kind for kind, values in spoken.items() if values}


def _in_short(told: DatasetFindings, granularity: Granularity) -> DatasetFindings:
    """Return findings of an allele without it; its counts, where they are asked."""
    release = told.dataset.release
    counts = None
    if release is not None and told.variants and granularity is Granularity.COUNT:
        counts = group_counts(told.variants[0].tally, release.layout.groups[0])
    return replace(told, variants=(), counts=counts)


def _ask_annotations(
    query: Query, granularity: Granularity, loaded: Loaded
) -> DatasetFindings:
    """Return what annotations say, or why they are silent."""
    pattern = query.pattern
    asked = pattern.annotated
    rows = [f for r, f in loaded.rows() if r.alternate]
    said = [f.annotation for f in rows if f.annotation]
    if not asked.kinds <= set().union(*map(_kinds, said)):
        return DatasetFindings(
            dataset=loaded.dataset, total=0, silence=Silence.NOT_ANNOTATED
        )
    own = [f for f in rows if pattern.matches(f.allele, f.annotation)]
    there = [f for f in own if f.exists]
    total = min(len(there), 1) if granularity is Granularity.BOOLEAN else len(there)
    first = query.page.offset
    page = there[first : first + query.page.limit]
    place = None if there else _what_annotated_say(own, loaded)
    told = DatasetFindings(
        dataset=loaded.dataset,
        total=total,
        variants=tuple(page) if granularity is Granularity.RECORD else (),
        place=place,
        is_other_version=bool(there)
        and not any(
            asked.hgvs is None or asked.hgvs in f.annotation.hgvs
            for f in (there[:1] if granularity is Granularity.BOOLEAN else there)
        ),
    )
    if there or place is not None:
        return told
    known = (
        not asked.genes or any(set(asked.genes) & set(a.genes) for a in said),
        asked.identifier is None
        or any(asked.identifier in a.identifiers for a in said),
        asked.hgvs is None
        or any(
            unversioned(asked.hgvs) == unversioned(h) and not FAR.search(h)
            for a in said
            for h in a.hgvs
        ),
    )
    if not all(known):
        return replace(told, silence=Silence.UNKNOWN_NAME)
    bare = replace(pattern, annotated=None)
    if any(
        f.exists
        and f.annotation is not None
        and asked.may_match(f.annotation)
        and bare.matches(f.allele)
        and bare.meets_own_side(f.allele)  # annotations speak of no mate
        for f in rows
    ):
        return replace(told, silence=Silence.UNREAD)
    return told


def _what_annotated_say(own: Sequence[FoundVariant], loaded: Loaded) -> Place | None:
    """Return what no "no" rests on: failed records, alleles nobody is called at."""
    filters = {word for f in own for word in f.filters}
    if filters:
        return Place(filters=tuple(sorted(filters)))
    total = loaded.release.layout.groups[0]
    uncalled = any(group_counts(f.tally, total).an == 0 for f in own)
    return Place(an=0) if uncalled and loaded.release.genotyped else None


def _is_about(
    pattern: VariantPattern, record: VariantRecord, found: FoundVariant
) -> bool:
    """Whether a record may be, or stands where there could be, what is asked for."""
    bounds = [b for b in (pattern.overlap, pattern.start) if b is not None]
    by_end = pattern.start is None and pattern.end is not None
    here = record.rank == pattern.contig.rank and bounds and not by_end
    if pattern.is_pinned:
        is_there = here and record.start == pattern.start.low
        return is_there or pattern.matches(found.allele)
    if record.alternate:
        return pattern.matches(found.allele)
    is_there = here and all(record.start in b for b in bounds)
    return is_there and (pattern.is_plain or bool(found.filters))


def _in_doubt(pattern: VariantPattern | None, loaded: Loaded) -> Place | None:
    """Return what makes a "no" doubtful: failed records, or nobody called.

    Without a pattern every allele is asked for, and a call of any is enough.
    """
    filters: set[str] = set()
    total = loaded.release.layout.groups[0]
    called = set()
    for record, found in loaded.rows():
        asks_all = pattern is None and bool(record.alternate)
        if asks_all or (pattern and _is_about(pattern, record, found)):
            filters.update(found.filters)
            if pattern is not None or not found.filters:
                called.add(group_counts(found.tally, total).an != 0)
    if pattern is None and True in called:
        return None
    if filters:
        return Place(filters=tuple(sorted(filters)))
    if not loaded.release.genotyped or False not in called:
        return None
    is_plain = pattern is not None and (pattern.is_plain or pattern.is_pinned)
    if is_plain and True in called:
        return Place(coverage=Coverage.PARTIAL)
    return Place(an=0)


def _ask_allele(pattern: VariantPattern, loaded: Loaded) -> DatasetFindings:
    """Return the allele, or what stands where it would."""
    rows = loaded.rows()
    total = loaded.release.layout.groups[0]
    own = [f for r, f in rows if r.alternate and pattern.matches(f.allele)]
    there = [f for f in own if f.exists]
    if there:
        rank = {spelling: i for i, spelling in enumerate(pattern.spellings)}
        best = min(there, key=lambda f: rank.get(_spelling_of(f.allele), 0))
        return DatasetFindings(dataset=loaded.dataset, total=1, variants=(best,))
    starts = [s for s, r, a in pattern.spellings if r and a]
    starts = starts or [s for s, _, _ in pattern.spellings]
    starts = list(dict.fromkeys(starts))[:3] or [pattern.start.low]
    basis = own or [
        f for r, f in rows if r.rank == pattern.contig.rank and r.start in starts
    ]
    place = _rests_on([f for f in own if f.filters] or basis, total)
    is_conclusive = bool(own) or not pattern.is_provisional
    return DatasetFindings(
        dataset=loaded.dataset, total=0, place=place, is_conclusive=is_conclusive
    )


def _rests_on(
    basis: Sequence[FoundVariant],
    total: Group,
    choose: Callable[..., int | None] = max,
) -> Place:
    """Return what declared alleles that nobody carries say together."""
    known = [group_counts(f.tally, total).an for f in basis if not f.filters]
    if known:
        an = choose((n for n in known if n is not None), default=None)
        return Place(an=an, has_record=True)
    return Place(filters=tuple(sorted({w for f in basis for w in f.filters})))


def _what_stands(pattern: VariantPattern, loaded: Loaded) -> Place | None:
    if pattern.similar is not None:
        return _similar_but_absent(pattern, loaded)
    return _in_doubt(pattern, loaded)


def _similar_but_absent(pattern: VariantPattern, loaded: Loaded) -> Place | None:
    basis = [f for r, f in loaded.rows() if r.alternate and pattern.matches(f.allele)]
    if not basis:
        return None
    total = loaded.release.layout.groups[0]
    return _rests_on([f for f in basis if f.filters] or basis, total, choose=min)


def _spelling_of(allele: Allele) -> Spelling:
    return allele.start, allele.reference, allele.alternate
