"""The one gate: exact findings go in, what may be said comes out.

``permit`` decides what a requester may learn of a dataset; ``disclose`` is the
only place where an exact number becomes sayable.  Whatever has no permit is
withheld.  Pure: the same arguments give the same answer; what is said of one
value is kept with that value, and with no other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from beacon.model.counts import AlleleCounts, group_counts
from beacon.model.disclosure import (
    DatasetDisclosure,
    Disclosure,
    GroupDisclosure,
    Permit,
    RecordsDisclosure,
    RecordSetDisclosure,
    VariantDisclosure,
)
from beacon.model.entry_types import DOCUMENTED
from beacon.model.filters import unknown_sentence
from beacon.model.findings import Coverage, Findings, Silence
from beacon.model.query import Granularity
from beacon.model.status import Status
from beacon.policy.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from beacon.model.counts import Layout, Tally
    from beacon.model.dataset import Dataset, Release
    from beacon.model.findings import (
        DatasetFindings,
        FoundRecords,
        FoundVariant,
        RecordFindings,
    )
    from beacon.model.query import Query
    from beacon.model.requester import Requester

_Kept = tuple[DatasetDisclosure, bool]

_RULES = tuple(RULES.values())
_UNDECLARED = "undeclared"
_PARTIAL = "partial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What may be said to whom.

    Attributes:
        granularity: the most that everybody may learn from every dataset.
        individuals: whether everybody may name individuals in questions.
    """

    granularity: Granularity = Granularity.RECORD
    individuals: bool = True


OPEN = Policy()
"""Every dataset at record granularity, for everybody."""


def permit(policy: Policy, requester: Requester, dataset: Dataset) -> Permit:
    """Return what ``requester`` may learn from ``dataset``."""
    if requester.is_operator:
        policy = OPEN
    return Permit(
        dataset=dataset.id,
        granularity=policy.granularity,
        individuals=policy.individuals,
    )


def may_ask(granted: Permit, query: Query) -> bool:
    """Whether a question may be asked of a dataset: it may name an individual."""
    return granted.individuals or not _names_people(query)


def _names_people(query: Query) -> bool:
    """Whether a question may name an individual."""
    is_one = query.identity is not None or query.under is not None
    return is_one or bool(query.excluded)


def detail(granted: Permit, query: Query) -> Granularity:
    """Return the most detail that a question may be asked in.

    A document is told of one individual, so without leave to name individuals
    documents are counted at most.
    """
    most = granted.granularity
    if query.about in DOCUMENTED and not granted.individuals:
        most = min(most, Granularity.COUNT)
    return min(query.granularity, most)


def disclose_records(
    found: FoundRecords,
    permits: Mapping[str, Permit],
    query: Query,
    unasked: Sequence[Dataset] = (),
) -> RecordsDisclosure:
    """Return what may be said of documents, dataset by dataset.

    Args:
        found: what those say that may be asked.
        permits: by dataset.
        query: the question.
        unasked: datasets that may not be asked it.
    """
    parts = (
        *(_record_part(f, permits.get(f.dataset.id), query) for f in found.datasets),
        *(_withheld_part(dataset) for dataset in unasked),
    )
    return RecordsDisclosure(
        granularity=max((p.granularity for p in parts), default=query.granularity),
        datasets=parts,
        total=_distinct(found, parts, query),
        warnings=(*query.warnings, *map(unknown_sentence, found.unknown_filters)),
    )


def _record_part(
    found: RecordFindings, granted: Permit | None, query: Query
) -> RecordSetDisclosure:
    said = _withheld_part(found.dataset)
    if granted is None or not may_ask(granted, query):
        return said
    level = detail(granted, query)
    return replace(
        said,
        status=found.status,
        granularity=level,
        exists=found.status is Status.SEEN,
        total=found.total if level >= Granularity.COUNT else None,
        records=found.records if level is Granularity.RECORD else (),
    )


def _withheld_part(dataset: Dataset) -> RecordSetDisclosure:
    return RecordSetDisclosure(
        dataset=dataset.id,
        name=dataset.name,
        status=Status.WITHHELD,
        granularity=Granularity.BOOLEAN,
        exists=False,
    )


def _distinct(
    found: FoundRecords, parts: Sequence[RecordSetDisclosure], query: Query
) -> int | None:
    """Return how many different documents match, as far as it may be said.

    Beside a dataset that may not be counted it is the most that any other holds:
    the true number would tell of that dataset, too.
    """
    if not parts:
        return 0 if query.granularity >= Granularity.COUNT else None
    totals = [part.total for part in parts if part.total is not None]
    if len(totals) < len(parts):
        return max(totals, default=None)
    return found.distinct


def disclose(
    findings: Findings,
    permits: Mapping[str, Permit],
    query: Query,
    unasked: Sequence[Dataset] = (),
) -> Disclosure:
    """Return what may be said of ``findings``, dataset by dataset.

    The answer as a whole is given in the highest granularity any dataset
    permits; each dataset's part names its own (Beacon v2.2 mixes them).

    Args:
        findings: what those say that may be asked.
        permits: by dataset.
        query: the question.
        unasked: datasets that may not be asked it.
    """
    manner = _manner(query)
    parts: list[DatasetDisclosure] = []
    is_plain = True
    for found in findings.datasets:
        part, says_all = _part(found, permits.get(found.dataset.id), query, manner)
        parts.append(part)
        is_plain = is_plain and says_all
    warnings = (*query.warnings, *map(unknown_sentence, findings.unknown_filters))
    if not is_plain:
        warnings += (*_doubts(findings, parts), *_nobody(findings, parts))
    parts += map(_withheld, unasked)
    return Disclosure(
        granularity=max((p.granularity for p in parts), default=query.granularity),
        datasets=tuple(parts),
        warnings=warnings,
    )


class Gate:
    """``disclose`` for questions that are the same but for what is found.

    Args:
        permits: by dataset.
        query: one of them.
        unasked: datasets that may not be asked them.
    """

    __slots__ = ("_key", "_manner", "_permits", "_query", "_said", "_unasked")

    def __init__(
        self, permits: Mapping[str, Permit], query: Query, unasked: Sequence[Dataset]
    ) -> None:
        self._permits = permits
        self._query = query
        self._unasked = unasked
        manner = self._manner = _manner(query)
        keys = {_key(manner, granted) for granted in permits.values()}
        self._key = keys.pop() if len(keys) == 1 and not unasked else _NO_KEY
        self._said: dict[int, tuple[Sequence[DatasetFindings], Disclosure]] = {}

    def disclose(self, found: Sequence[DatasetFindings]) -> Disclosure:
        """Return what may be said of findings, which permits are given for.

        Of the very same tuple of findings it is the very same.
        """
        if type(found) is not tuple:
            return self._disclosed(found)
        known = self._said.get(id(found))
        if known is not None and known[0] is found:
            return known[1]
        said = self._disclosed(found)
        if len(self._said) >= _MOST:
            self._said.clear()
        self._said[id(found)] = found, said
        return said

    def _disclosed(self, found: Sequence[DatasetFindings]) -> Disclosure:
        """Return what may be said of findings.

        What is said of each was mostly said before, and needs no explanation.
        """
        plain = ~self._key
        parts: tuple[object, ...] | None
        try:
            parts = tuple([one.kept[plain] for one in found])
        except KeyError:
            parts = self._judged(found, plain)
        if parts is None:
            findings = Findings(datasets=tuple(found))
            return disclose(findings, self._permits, self._query, self._unasked)
        said = cast("tuple[DatasetDisclosure, ...]", parts)
        level = self._query.granularity
        if level > Granularity.BOOLEAN:
            level = max([part.granularity for part in said], default=level)
        return Disclosure(
            granularity=level, datasets=said, warnings=self._query.warnings
        )

    def _judged(
        self, found: Sequence[DatasetFindings], plain: int
    ) -> tuple[object, ...] | None:
        """Return what is said of each; ``None``: any needs an explanation."""
        if self._key == _NO_KEY:
            return None
        parts: list[object] = []
        for one in found:
            part = one.kept.get(plain)
            if part is None:
                granted = self._permits.get(one.dataset.id)
                part, is_plain = _part(one, granted, self._query, self._manner)
                if not is_plain:
                    return None
            parts.append(part)
        return tuple(parts)


_NO_KEY = 0
_MOST = 1024
"""Tuples of findings of which what may be said is kept."""


def _key(manner: int, granted: Permit) -> int:
    """Return all that a part depends on beside its findings, page and records apart.

    Its complement is the key of a part that needs no explanation.
    """
    return 8 * manner + 2 * granted.granularity + granted.individuals


def _manner(query: Query) -> int:
    """Return what a dataset's part depends on of a question, beside its page.

    That is its granularity, and four claims, each a bit of the number.
    """
    claims = (
        query.pattern is not None,
        _asks_allele(query),
        _names_people(query),
        _chooses_people(query),
    )
    manner = int(query.granularity)
    for claim in claims:
        manner = 2 * manner + claim
    return manner


def _doubts(findings: Findings, parts: Sequence[DatasetDisclosure]) -> tuple[str, ...]:
    """Return why datasets could give no answer, each reason in one sentence."""
    said: dict[str, None] = {}
    for found, part in zip(findings.datasets, parts, strict=True):
        if part.status is Status.WITHHELD:
            continue
        if found.silence is not None:
            said[_SILENT[found.silence]] = None
        elif part.status is Status.NO_ANSWER:
            said[_UNPLACED] = None
        if found.is_other_version:
            said[_OTHER_VERSION] = None
    return tuple(said)


def _nobody(findings: Findings, parts: Sequence[DatasetDisclosure]) -> tuple[str, ...]:
    """Return which datasets could not do what was asked of their people."""
    answering = [
        found
        for found, part in zip(findings.datasets, parts, strict=True)
        if part.status is not Status.WITHHELD
    ]
    whole = [found.dataset.id for found in answering if found.left_out is None]
    undivided = [found.dataset.id for found in answering if found.groups is None]
    said = []
    if whole:
        said.append(
            f"{_KNOWS_NOBODY}, so nobody is left out there: {', '.join(whole)}."
        )
    if undivided:
        said.append(f"{_KNOWS_NOBODY}, so there are no groups: {', '.join(undivided)}.")
    return tuple(said)


_KNOWS_NOBODY = "Of some datasets only counts are kept, and no individuals"
_UNPLACED = (
    "Where this variant stands in the data cannot be told without a reference"
    " genome (or with N among its bases), so not finding it is no answer."
)
_OTHER_VERSION = (
    "This HGVS name was found with another version of its transcript or protein."
)
_SILENT: Mapping[Silence, str] = {
    Silence.NOT_ANNOTATED: (
        "A dataset without annotations of this kind says nothing of this question."
    ),
    Silence.UNKNOWN_NAME: (
        "A dataset whose annotations never name what is asked for says nothing of it."
    ),
    Silence.KNOWN_NOWHERE: (
        "No dataset here names this gene or identifier, so there is no answer:"
        " check its spelling, or ask by place.  Genes are found by their place once"
        " a table of them is loaded (beacon load genes)."
    ),
    Silence.ONLY_EXCLUDED: (
        "Of a dataset it is not kept who was called here, and perhaps only who was to"
        " be left out, so not finding the variant is no answer."
    ),
    Silence.UNREAD: (
        "Some alleles of a dataset are not annotated, or not in a way that could be"
        " read, and may be what is asked for, so not finding it is no answer."
    ),
    Silence.NO_PEOPLE: (
        "A dataset without documents that the people asked for can be told by, or"
        " without what each person carries, says nothing of this question."
    ),
    Silence.NOBODY: (
        "Where nobody is one of the people asked for, nothing is said of them."
    ),
}


def _part(
    found: DatasetFindings, granted: Permit | None, query: Query, manner: int
) -> tuple[DatasetDisclosure, bool]:
    """Return what is said for one dataset, and whether that needs no explanation.

    It follows from the findings, the permit and the manner of the question (its
    page chooses among records only), so it is kept with the findings.
    """
    if granted is None:
        return _withheld(found.dataset), True
    key = _key(manner, granted)
    kept = cast("_Kept | None", found.kept.get(key))
    if kept is None:
        part = _ruled(found, granted, query)
        kept = part, _says_all(found, part)
        if query.granularity < Granularity.RECORD or not found.variants:
            found.kept[key] = kept
            if kept[1]:
                found.kept[~key] = part
    return kept


def _says_all(found: DatasetFindings, part: DatasetDisclosure) -> bool:
    """Whether nothing has to be added in words: there is an answer, as was asked."""
    if part.status is Status.WITHHELD:
        return True
    is_clear = found.silence is None and part.status is not Status.NO_ANSWER
    does_all = found.left_out is not None and found.groups is not None
    return is_clear and does_all and not found.is_other_version


def _ruled(found: DatasetFindings, granted: Permit, query: Query) -> DatasetDisclosure:
    if not may_ask(granted, query):
        return _withheld(found.dataset)
    return _kept_to(_exact(found, query), granted, query)


def _kept_to(
    said: DatasetDisclosure, granted: Permit, query: Query
) -> DatasetDisclosure:
    """Return what is left of a statement by the rules."""
    for rule in _RULES:
        said = rule(said, granted)
    if said.granularity < Granularity.COUNT and _chooses_people(query):
        # How many people are meant is a number that depends on the question.
        said = replace(said, sample_count=None)
    return said


def counting(
    seen: DatasetFindings, granted: Permit, query: Query
) -> Callable[[AlleleCounts], DatasetDisclosure]:
    """Return what says of counts what is disclosed of findings that have them.

    Nothing else of what is said depends on counts, so it is stated once; the rules
    are asked about every statement.

    Args:
        seen: that an allele is there, with counts or without.
        granted: what may be learnt of the dataset.
        query: asks for one allele.
    """
    if not may_ask(granted, query):
        withheld = _withheld(seen.dataset)
        return lambda _: withheld
    exact = _exact(seen, query)
    if seen.dataset.release is None or query.granularity < Granularity.COUNT:
        said = _kept_to(exact, granted, query)
        return lambda _: said
    return lambda counts: _kept_to(exact.counting(counts), granted, query)


def _chooses_people(query: Query) -> bool:
    """Whether counts are of some people, whom the question chooses."""
    is_under = query.under is not None and query.under.entry_type in DOCUMENTED
    return bool(query.filters) or is_under or query.cohort is not None


def _withheld(dataset: Dataset) -> DatasetDisclosure:
    return DatasetDisclosure(
        dataset=dataset.id,
        name=dataset.name,
        status=Status.WITHHELD,
        granularity=Granularity.BOOLEAN,
        exists=False,
    )


def _exact(found: DatasetFindings, query: Query) -> DatasetDisclosure:
    """Return everything the question asked for, before any rule."""
    dataset, release, status = found.dataset, found.dataset.release, found.status
    counted = query.granularity >= Granularity.COUNT
    asks_variants = release is not None and query.pattern is not None
    asks_allele = counted and asks_variants and _asks_allele(query)
    has_words = status in (Status.SEEN, Status.NOT_SEEN)
    return DatasetDisclosure(
        dataset=dataset.id,
        name=dataset.name,
        status=status,
        granularity=query.granularity,
        exists=status is Status.SEEN,
        total=found.total if counted else None,
        release=release.ordinal if release else None,
        released=release.published if release else None,
        sample_count=_people(found, release) if release else None,
        variants=_records(found, release, query) if release else (),
        coverage=_coverage(found, status) if asks_variants else None,
        filters=_filters(found, status) if asks_variants else (),
        counts=_everybody(found, release, status) if asks_allele and release else None,
        groups=(found.groups or ()) if asks_allele and has_words else (),
    )


def _asks_allele(query: Query) -> bool:
    return query.pattern is not None and query.pattern.is_single_allele


def _records(
    found: DatasetFindings, release: Release, query: Query
) -> tuple[VariantDisclosure, ...]:
    """Return the records of the page, where records are asked for."""
    if query.granularity < Granularity.RECORD:
        return ()
    shown = (variant for variant in _on_page(found, query) if variant.exists)
    return tuple(_record(variant, release.layout) for variant in shown)


def _people(found: DatasetFindings, release: Release) -> int | None:
    if release.sample_count is None:
        return None
    return release.sample_count - (found.left_out or 0)


def _on_page(found: DatasetFindings, query: Query) -> tuple[FoundVariant, ...]:
    """Return the variants of the page asked for; a single allele fills one."""
    if not _asks_allele(query):
        return found.variants
    first = query.page.offset
    return found.variants[first : first + query.page.limit]


def _record(variant: FoundVariant, layout: Layout) -> VariantDisclosure:
    return VariantDisclosure(
        allele=variant.allele,
        annotation=variant.annotation,
        groups=tuple(
            GroupDisclosure(
                label=group.label, counts=group_counts(variant.tally, group)
            )
            for group in layout.groups
        ),
    )


def _everybody(
    found: DatasetFindings, release: Release, status: Status
) -> AlleleCounts | None:
    """Return the counts of all people together; ``None`` where nothing is known."""
    layout = release.layout
    if found.counts is not None:
        return found.counts
    if status is Status.SEEN:
        counts = [_total(v.tally, layout) for v in found.variants if v.exists]
        return max(counts, key=lambda c: c.ac or 0, default=None)
    if status is not Status.NOT_SEEN:
        return None
    an = _copies_called(found, layout)
    if an is None and not release.genotyped:
        return None  # a source without counts has counted nobody
    return AlleleCounts(ac=0, an=an, hom=0, het=0, hemi=0)


def _copies_called(found: DatasetFindings, layout: Layout) -> int | None:
    """Return the AN a "no" rests on."""
    if found.place is not None and found.place.an is not None:
        return found.place.an
    declared = [_total(v.tally, layout).an for v in found.variants if not v.filters]
    return max((an for an in declared if an is not None), default=None)


def _total(tally: Tally, layout: Layout) -> AlleleCounts:
    return group_counts(tally, layout.groups[0])


def _coverage(found: DatasetFindings, status: Status) -> str | None:
    if status is not Status.NOT_SEEN or found.variants:
        return None
    place, release = found.place, found.dataset.release
    if place is None:
        # What is asked has no place, and nobody has looked at a whole genome.
        is_declared = release is not None and release.coverage is not None
        return _PARTIAL if is_declared else _UNDECLARED
    if place.coverage is Coverage.PARTIAL:
        return _PARTIAL
    is_known = place.has_record or place.an is not None or place.coverage is not None
    return None if is_known else _UNDECLARED


def _filters(found: DatasetFindings, status: Status) -> tuple[str, ...]:
    """Return the FILTER words that kept an allele, or its place, from counting."""
    if status in (Status.SEEN, Status.NO_ANSWER):
        return ()
    if found.place is not None and found.place.filters:
        return found.place.filters
    return tuple(dict.fromkeys(word for v in found.variants for word in v.filters))
