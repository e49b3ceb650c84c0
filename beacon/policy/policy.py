"""The one gate: exact findings go in, what may be said comes out.

``permit`` decides what a requester may learn of a dataset; ``disclose`` is the
only place where an exact number becomes sayable.  Whatever has no permit is
withheld.  Pure: the same arguments give the same answer; what is said of one
value is kept with that value, and with no other.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
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
from beacon.model.entry_types import DOCUMENTED, INDIVIDUAL
from beacon.model.filters import unknown_sentence
from beacon.model.findings import Coverage, Findings, Silence
from beacon.model.profile import PolicyName
from beacon.model.query import Granularity
from beacon.model.status import Status
from beacon.policy.asking import chooses_people, is_permitted, names_people
from beacon.policy.pooling import Member, members_of, pooled
from beacon.policy.rounding import blurred, named, rounded
from beacon.policy.rules import RULES
from beacon.policy.suppression import (
    are_many,
    ploidy_of,
    shown_groups,
    without_few,
)
from beacon.policy.terms import CARE
from beacon.policy.tiers import has, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence, Set

    from beacon.model.counts import Group, Layout, Tally
    from beacon.model.dataset import Dataset, Release
    from beacon.model.findings import (
        DatasetFindings,
        FoundRecords,
        FoundVariant,
        RecordFindings,
    )
    from beacon.model.profile import Profile
    from beacon.model.query import Query
    from beacon.model.records import Json, Record
    from beacon.model.requester import Requester
    from beacon.model.variant import Allele
    from beacon.policy.suppression import Ploidy
    from beacon.policy.terms import DatasetTerms, Tier

_Kept = tuple[DatasetDisclosure, bool]

_RULES = tuple(RULES.values())
_UNDECLARED = "undeclared"
_PARTIAL = "partial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What may be said to whom.

    Attributes:
        granularity: the most that everybody may learn from every dataset, where
            there are no tiers.
        individuals: whether everybody may name individuals in questions, likewise.
        tiers: the lowest first; ``None``: there are none, and every dataset speaks
            to everybody alike.
        datasets: by id, what each allows; one that is not listed does not exist.
        pools: countries whose counts may be pooled though one dataset is all there
            is of them.
        id: as its author calls it.
        digest: SHA-256 of the file it was read from.
        noise_key: by which noise is made; who has it can take the noise away.
    """

    granularity: Granularity = Granularity.RECORD
    individuals: bool = True
    tiers: tuple[Tier, ...] | None = None
    datasets: Mapping[str, DatasetTerms] = field(default_factory=dict)
    pools: frozenset[str] = frozenset()
    id: str | None = None
    digest: str | None = None
    noise_key: bytes = field(default=b"", repr=False)

    @property
    def name(self) -> PolicyName | None:
        """By what it is known; ``None``: it was read from no file."""
        if self.id is None or self.digest is None:
            return None
        return PolicyName(self.id, self.digest)

    @property
    def profiles(self) -> Mapping[str, Profile]:
        """The profiles that datasets speak in, by name."""
        terms = self.datasets.values()
        return {p.name: p for each in terms for p in each.access.values()}


OPEN = Policy()
"""Every dataset at record granularity, for everybody."""


def permit(policy: Policy, requester: Requester, dataset: Dataset) -> Permit | None:
    """Return what ``requester`` may learn from ``dataset``.

    ``None``: it does not see it, and is answered as if there were no such dataset.
    """
    if requester.is_operator:
        return _alike(OPEN, dataset)
    if requester.only is not None and dataset.id not in requester.only:
        return None
    if policy.tiers is None:
        return _alike(policy, dataset)
    terms = policy.datasets.get(dataset.id)
    if terms is None:
        return None
    tier = tier_of(policy, requester, dataset.id)
    return None if tier is None else _granted(policy, tier, terms, dataset)


def tier_of(policy: Policy, requester: Requester, dataset: str) -> Tier | None:
    """Return the highest tier that ``requester`` has towards a dataset."""
    terms = policy.datasets.get(dataset)
    if terms is None or policy.tiers is None:
        return None
    for tier in reversed(policy.tiers):
        if tier.name in terms.access and has(tier, requester, terms):
            return tier
    return None


def is_anybodys(policy: Policy, requester: Requester, dataset: str) -> bool:
    """Whether what a dataset tells ``requester`` is what it tells everybody, at will.

    So it is of references that a tier which demands nothing, and counts nothing, is
    told of by fixed thresholds at most: not of patients, and not where counts are
    blurred, pooled or charged.
    """
    if policy.tiers is None:
        return True
    tier = tier_of(policy, requester, dataset)
    if tier is None or not tier.is_public or tier.budget is not None:
        return False
    terms = policy.datasets[dataset]
    profile = terms.access[tier.name]
    is_plain = not (profile.needs_more or profile.is_adjusted)
    return is_plain and terms.kind != CARE


def _described(granted: Permit, dataset: Dataset) -> Dataset:
    """Return a dataset as it may be described: how much is in it, as exactly as that.

    Where anything may be hidden, how many alleles there are is told in two digits:
    it changes with each person.  Of the record loaded for it those members are left
    that count nobody; those of its cohorts, see ``described_together``.
    """
    profile = granted.profile
    if profile is None or not (profile.may_hide or profile.is_adjusted):
        return dataset
    step, release = profile.round_to, dataset.release
    if release is not None:
        people, alleles = release.sample_count, release.variants
        digits = max(100, 10 ** (len(str(alleles)) - 2))
        release = replace(
            release,
            sample_count=None if people is None else rounded(people, step),
            variants=rounded(alleles, digits),
        )
    documents = {
        name: replace(each, count=rounded(each.count, step))
        for name, each in dataset.documents.items()
    }
    return replace(
        dataset,
        release=release,
        documents=documents,
        record=None if dataset.record is None else _uncounted(dataset.record),
    )


_UNCOUNTED = (
    *("id", "name", "description", "version", "externalUrl", "cohortType"),
    *("createDateTime", "updateDateTime"),
)
"""Members of dataset and cohort records that hold texts, and count nobody."""


def described_together(
    permits: Mapping[str, Permit], datasets: Sequence[Dataset]
) -> tuple[Dataset, ...]:
    """Return datasets as they may be described beside each other.

    The record of a cohort may be of people in several: where one of those may not
    be counted, none tells it.
    """
    told = tuple(_described(permits[each.id], each) for each in datasets)
    coarse = {
        cohort.id
        for each, said in zip(datasets, told, strict=True)
        if said is not each
        for cohort in each.cohorts
    }
    return tuple(
        replace(each, cohorts=tuple(_bare(c, coarse) for c in each.cohorts))
        if any(cohort.id in coarse for cohort in each.cohorts)
        else each
        for each in told
    )


def _bare(cohort: Record, coarse: Set[str]) -> Record:
    if cohort.id not in coarse:
        return cohort
    return replace(cohort, document=_uncounted(cohort.document))


def _uncounted(record: Json) -> Json:
    """Return the members of a record that are texts about the whole of it."""
    return {key: record[key] for key in _UNCOUNTED if isinstance(record.get(key), str)}


def standing(policy: Policy, requester: Requester) -> Hashable:
    """Return all that ``permit`` reads of a requester: whose is equal see alike."""
    if requester.is_operator:
        return True
    if policy.tiers is None:
        return requester.only
    return (
        requester.visas,
        requester.roles,
        requester.purpose,
        requester.acr,
        listed(policy.tiers, requester),
        requester.only,
    )


def _alike(policy: Policy, dataset: Dataset) -> Permit:
    return Permit(
        dataset=dataset.id,
        granularity=policy.granularity,
        individuals=policy.individuals,
    )


def _granted(
    policy: Policy, tier: Tier, terms: DatasetTerms, dataset: Dataset
) -> Permit | None:
    """Return what a tier may learn of a dataset, where that may speak to it at all."""
    profile = terms.access[tier.name]
    if not may_speak(profile, dataset, terms.people):
        return None
    return Permit(
        dataset=dataset.id,
        granularity=_level(tier, profile),
        individuals="individuals" in tier.queries,
        tier=tier.name,
        profile=profile,
        queries=tier.queries,
        range_width=tier.range_width,
        frequency=terms.frequency,
        country=terms.country or dataset.country,
        pools_alone=(terms.country or dataset.country) in policy.pools,
        noise_key=policy.noise_key,
        is_care=terms.kind == CARE,
    )


def _level(tier: Tier, profile: Profile) -> Granularity:
    """Return the most detail: groups of people would tell more than is charged."""
    if profile.ledger is None:
        return tier.granularity
    return min(tier.granularity, Granularity.COUNT)


def may_speak(profile: Profile, dataset: Dataset, people: int | None = None) -> bool:
    """Whether a dataset, as it is now, may speak in a profile.

    It must have enough people; and where somebody may have to be left out, it must
    know whom its counts are of.

    Args:
        profile: that it is to speak in.
        dataset: with the release it serves.
        people: how many it is of, where it does not count them.
    """
    release = dataset.release
    is_charged = release is not None and profile.ledger is not None
    if is_charged and release is not None and not release.can_be_lessened:
        return False
    return profile.min_dataset <= (_people_of(dataset) or people or 0)


def _people_of(dataset: Dataset) -> int | None:
    """Return how many people a dataset counts; ``None``: it does not."""
    if dataset.release is not None and dataset.release.sample_count is not None:
        return dataset.release.sample_count
    documents = dataset.documents.get(INDIVIDUAL.id)
    return None if documents is None else documents.count


def may_ask(granted: Permit, query: Query) -> bool:
    """Whether a question may be asked of a dataset."""
    return is_permitted(granted, query)


def detail(granted: Permit, query: Query) -> Granularity:
    """Return the most detail that a question may be asked in.

    A document is told of one individual, so without leave to name individuals
    documents are counted at most.
    """
    most = granted.granularity
    if query.about in DOCUMENTED and not granted.individuals:
        most = min(most, Granularity.COUNT)
    return min(query.granularity, most)


def depth(granted: Permit, query: Query) -> Granularity:
    """Return the detail in which the store must be asked, so that it can be judged.

    Whether an allele is shown follows from its count; noise from the allele itself.
    A range is judged allele by allele.
    """
    wanted, profile = detail(granted, query), granted.profile
    if profile is None or not profile.may_hide:
        return wanted
    is_one = _asks_allele(query)
    if is_one and profile.noise_sd <= 0:
        return max(wanted, Granularity.COUNT)
    return Granularity.RECORD


def is_judged_whole(granted: Permit, query: Query) -> bool:
    """Whether every allele that a question meets must be found to answer it."""
    profile = granted.profile
    return profile is not None and profile.may_hide and not _asks_allele(query)


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
    beside: frozenset[str] = frozenset(),
) -> Disclosure:
    """Return what may be said of ``findings``, dataset by dataset.

    The answer as a whole is given in the highest granularity any dataset
    permits; each dataset's part names its own (Beacon v2.2 mixes them).

    Args:
        findings: what those say that may be asked.
        permits: by dataset.
        query: the question.
        unasked: datasets that may not be asked it.
        beside: ids of those that are found only so that their pools can be judged:
            nothing is said of them, nor by a pool that they are in.
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
        warnings += _explained(findings, parts, beside)
    told = _pooled(findings, permits, query, parts)
    if beside:
        told = [p for p in told if beside.isdisjoint((p.dataset, *p.pool))]
    parts = [*told, *map(_withheld, unasked)]
    return Disclosure(
        granularity=max((p.granularity for p in parts), default=query.granularity),
        datasets=tuple(parts),
        warnings=warnings,
    )


def _pooled(
    findings: Findings,
    permits: Mapping[str, Permit],
    query: Query,
    parts: Sequence[DatasetDisclosure],
) -> Sequence[DatasetDisclosure]:
    """Return what is said, with what pools say of what is not said by name."""
    some = members_of(permits, [found.dataset.id for found in findings.datasets])
    if not some or not _asks_allele(query):
        return parts
    members = []
    for at, granted in some:
        found = findings.datasets[at]
        counts = _exact(found, query, granted).counts
        is_told = found.status is not Status.SEEN or (counts and counts.ac is not None)
        if _is_loaded(found, query) and is_told and may_ask(granted, query):
            members.append(Member(at, granted, counts))
    return pooled(members, parts, query.granularity)


class Gate:
    """``disclose`` for questions that are the same but for what is found.

    Args:
        permits: by dataset.
        query: one of them.
        unasked: datasets that may not be asked them.
    """

    __slots__ = (
        *("_manner", "_one", "_permits", "_plain", "_query", "_rest", "_said"),
        *("_equal", "_unasked", "_whole"),
    )

    def __init__(
        self, permits: Mapping[str, Permit], query: Query, unasked: Sequence[Dataset]
    ) -> None:
        self._permits = permits
        self._query = query
        self._unasked = unasked
        manner = self._manner = _manner(query)
        self._plain = {
            name: _plain(_key(manner, granted, query))
            for name, granted in permits.items()
        }
        alike = set(self._plain.values())
        self._one = alike.pop() if len(alike) == 1 else None
        self._rest = tuple(map(_withheld, unasked))
        self._said: dict[int, tuple[Sequence[DatasetFindings], Disclosure]] = {}
        self._equal: dict[DatasetDisclosure, DatasetDisclosure] = {}
        self._whole: dict[tuple[int, ...], Disclosure] = {}

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
        parts: tuple[object, ...] | None
        try:
            plain = self._one
            if plain is not None:
                parts = tuple([one.kept[plain] for one in found])
            else:
                known = self._plain
                parts = tuple([one.kept[known[one.dataset.id]] for one in found])
        except KeyError:
            parts = self._judged(found)
        if parts is None:
            findings = Findings(datasets=tuple(found))
            return disclose(findings, self._permits, self._query, self._unasked)
        said = cast("tuple[DatasetDisclosure, ...]", parts)
        if self._rest:
            said += self._rest
        level = self._query.granularity
        if level is Granularity.BOOLEAN:
            return self._boolean(said)
        level = max([part.granularity for part in said], default=level)
        return Disclosure(
            granularity=level, datasets=said, warnings=self._query.warnings
        )

    def _boolean(self, said: tuple[DatasetDisclosure, ...]) -> Disclosure:
        """Return what is said without a number: of the very same parts the very same.

        Whatever counts they were judged by, there are few of them (``_judged``).
        """
        key = tuple(map(id, said))
        known = self._whole.get(key)  # it holds its parts, so that ids stay theirs
        if known is None:
            if len(self._whole) >= _MOST:
                self._whole.clear()
            known = self._whole[key] = Disclosure(
                granularity=Granularity.BOOLEAN,
                datasets=said,
                warnings=self._query.warnings,
            )
        return known

    def _judged(self, found: Sequence[DatasetFindings]) -> tuple[object, ...] | None:
        """Return what is said of each; ``None``: any needs an explanation."""
        parts: list[object] = []
        for one in found:
            key = self._plain.get(one.dataset.id)
            part = one.kept.get(key)
            if part is None:
                granted = self._permits.get(one.dataset.id)
                made, is_plain = _part(one, granted, self._query, self._manner)
                if not is_plain:
                    return None
                part = made
                if self._query.granularity is Granularity.BOOLEAN:
                    part = self._met(made)
                    if key in one.kept:
                        one.kept[key] = part
            parts.append(part)
        return tuple(parts)

    def _met(self, part: DatasetDisclosure) -> DatasetDisclosure:
        """Return the first part that was equal to one: without numbers many are."""
        if len(self._equal) >= _MOST:
            self._equal.clear()
        return self._equal.setdefault(part, part)


_MOST = 1024
"""Tuples of findings of which what may be said is kept."""


def _key(manner: int, granted: Permit, query: Query) -> int | str:
    """Return all that a part depends on beside its findings, page and records apart.

    Of a profile that is all of it; whether the question may be asked at all; and
    which people there cannot be where it asks.
    """
    known = 8 * manner + 2 * granted.granularity + granted.individuals
    if granted.queries is None:
        return known
    may = is_permitted(granted, query)
    return (
        f"{known} {may} {_ploidy(query)} {_worded(granted.profile, granted.frequency)}"
    )


@lru_cache(maxsize=256)
def _worded(profile: Profile | None, frequency: bool) -> str:  # noqa: FBT001 - a part of the key
    return f"{frequency} {profile}"


def _plain(key: int | str) -> int | str:
    """Return the key of a part that needs no explanation."""
    return ~key if isinstance(key, int) else f"~{key}"


def _manner(query: Query) -> int:
    """Return what a dataset's part depends on of a question, beside its page.

    That is its granularity, and four claims, each a bit of the number.
    """
    claims = (
        query.pattern is not None,
        _asks_allele(query),
        names_people(query),
        chooses_people(query),
    )
    manner = int(query.granularity)
    for claim in claims:
        manner = 2 * manner + claim
    return manner


def _explained(
    findings: Findings, parts: Sequence[DatasetDisclosure], beside: frozenset[str]
) -> tuple[str, ...]:
    """Return in words what datasets could not do, of which anything is said."""
    answering = [
        (found, part)
        for found, part in zip(findings.datasets, parts, strict=True)
        if part.status is not Status.WITHHELD and part.dataset not in beside
    ]
    return (*_doubts(answering), *_nobody([found for found, _ in answering]))


def _doubts(
    answering: Sequence[tuple[DatasetFindings, DatasetDisclosure]],
) -> tuple[str, ...]:
    """Return why datasets could give no answer, each reason in one sentence."""
    said: dict[str, None] = {}
    for found, part in answering:
        if found.silence is not None:
            said[_SILENT[found.silence]] = None
        elif part.status is Status.NO_ANSWER:
            said[_UNPLACED] = None
        if found.is_other_version:
            said[_OTHER_VERSION] = None
    return tuple(said)


def _nobody(answering: Sequence[DatasetFindings]) -> tuple[str, ...]:
    """Return which datasets could not do what was asked of their people."""
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
    key = _key(manner, granted, query)
    kept = cast("_Kept | None", found.kept.get(key))
    if kept is None:
        part = _ruled(found, granted, query)
        kept = part, _says_all(found, part)
        is_below = query.granularity < Granularity.RECORD and _is_of_counts(granted)
        if is_below or not found.variants:
            found.kept[key] = kept
            if kept[1]:
                found.kept[_plain(key)] = part
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
    # Whatever the word for finding none would be: who is hidden has no other.
    if found.may_hide and not found.total and found.is_contig_loaded:
        return _hidden(found)
    said = _kept_to(_exact(found, query, granted), granted, query)
    is_silent = said.status is Status.WITHHELD and _may_hide(granted)
    if is_silent and not _is_loaded(found, query):
        # Of a contig that was never loaded nobody is hidden.
        return replace(said, status=Status.NOT_COVERED)
    return said


def _is_loaded(found: DatasetFindings, query: Query) -> bool:
    """Whether a dataset's release has the contig that is asked for.

    The finding would tell of a breakend that has its mate on a contig without any.
    """
    contig = None if query.pattern is None else query.pattern.contig
    release = found.dataset.release
    is_known = release is None or contig is None or contig.name in release.contigs
    return found.is_contig_loaded and is_known


def _kept_to(
    said: DatasetDisclosure, granted: Permit, query: Query
) -> DatasetDisclosure:
    """Return what is left of a statement by the rules."""
    for rule in _RULES:
        said = rule(said, granted)
    if said.granularity < Granularity.COUNT and chooses_people(query):
        # How many people are meant is a number that depends on the question.
        said = replace(said, sample_count=None)
    if said.variants and is_judged_whole(granted, query):
        first = query.page.offset
        shown = said.variants[first : first + query.page.limit]
        said = replace(said, variants=shown)
    return said


def counting(
    found: DatasetFindings, granted: Permit | None, query: Query
) -> Callable[[AlleleCounts], DatasetDisclosure] | DatasetDisclosure:
    """Return what says of counts what is disclosed of findings that rest on them.

    Args:
        found: that an allele is there, with counts or without; or that it is not, by
            the copies that were called there.
        granted: what may be learnt of the dataset; ``None``: nothing.
        query: asks for one allele.

    Returns:
        What states it of any counts, where rules look at them; else one statement:
        what is said of others differs from it in the counts that stand in it, if any.
    """
    if granted is None or not may_ask(granted, query):
        return _withheld(found.dataset)
    if found.total and found.counts is None:
        found = replace(found, counts=_NO_COPIES)
    exact = _exact(found, query, granted)
    is_counted = query.granularity >= Granularity.COUNT or _may_hide(granted)
    if _is_said_as_it_is(granted) or not is_counted or found.dataset.release is None:
        return _kept_to(exact, granted, query)
    if granted.profile is None:
        return lambda counts: _kept_to(exact.counting(counts), granted, query)
    least, ploidy = granted.profile.named_from, _ploidy(query)

    def say(counts: AlleleCounts) -> DatasetDisclosure:
        many = without_few(counts, least, ploidy)
        return _kept_to(exact.counting(many), granted, query)

    return say


_NO_COPIES = AlleleCounts(ac=0, an=0)


def _is_said_as_it_is(granted: Permit) -> bool:
    """Whether counts stay as they are, or go, whatever they are."""
    return granted.profile is None and granted.frequency


def _may_hide(granted: Permit) -> bool:
    return granted.profile is not None and granted.profile.may_hide


def _ploidy(query: Query) -> Ploidy:
    contig = None if query.pattern is None else query.pattern.contig
    return ploidy_of(None if contig is None else contig.name)


def _is_of_counts(granted: Permit) -> bool:
    """Whether what is said of findings follows from their counts, and no allele."""
    return granted.profile is None or granted.profile.noise_sd <= 0


def _withheld(dataset: Dataset) -> DatasetDisclosure:
    return DatasetDisclosure(
        dataset=dataset.id,
        name=dataset.name,
        status=Status.WITHHELD,
        granularity=Granularity.BOOLEAN,
        exists=False,
    )


def _hidden(found: DatasetFindings) -> DatasetDisclosure:
    """Return what the rules leave of an allele that is hidden (``rules.withheld``).

    Of whom a ledger left out, too: what is found without them has no part in it.
    """
    release, said = found.dataset.release, _withheld(found.dataset)
    if release is None:
        return said
    people = _people(found, release)
    return replace(
        said, release=release.ordinal, released=release.published, sample_count=people
    )


def _exact(found: DatasetFindings, query: Query, granted: Permit) -> DatasetDisclosure:
    """Return everything the question asked for, before any rule.

    And what is needed to judge it, where anything may be hidden.
    """
    dataset, release, status = found.dataset, found.dataset.release, found.status
    counted = query.granularity >= Granularity.COUNT or _may_hide(granted)
    measure = _Measure(granted, query, release) if release else None
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
        variants=_records(found, measure, query) if measure else (),
        coverage=_coverage(found, status) if asks_variants else None,
        filters=_filters(found, status) if asks_variants else (),
        counts=_counts(found, measure, status) if asks_allele and measure else None,
        groups=(found.groups or ()) if asks_allele and has_words else (),
    )


def _asks_allele(query: Query) -> bool:
    return query.pattern is not None and query.pattern.is_single_allele


class _Measure:
    """Makes the counts of alleles that one dataset may say under a profile.

    Args:
        granted: what may be learnt of the dataset.
        query: the question.
        release: that it serves.
    """

    def __init__(self, granted: Permit, query: Query, release: Release) -> None:
        profile = granted.profile
        self.release = release
        self.is_of_each = is_judged_whole(granted, query)
        self._ploidy = _ploidy(query)
        self._named_from = 1 if profile is None else profile.named_from
        self._rows_from = 1 if profile is None else profile.rows_from
        self._noise_sd = 0.0 if profile is None else profile.noise_sd
        self._noise_key = granted.noise_key

    def everybody(self, counts: AlleleCounts, allele: Allele | None) -> AlleleCounts:
        """Return the counts of all people together."""
        if self._noise_sd > 0:
            if allele is None:
                return AlleleCounts(ac=None, an=counts.an)
            name = named(self.release.number, self.release.dataset, allele)
            return blurred(counts, self._noise_key, self._noise_sd, *name)
        return without_few(counts, self._named_from, self._ploidy)

    def groups(self, variant: FoundVariant) -> tuple[GroupDisclosure, ...]:
        """Return the counts of groups of people, all together first."""
        layout, tally = self.release.layout, variant.tally
        if self._noise_sd > 0:
            total = self.everybody(_total(tally, layout), variant.allele)
            return (GroupDisclosure(label=layout.groups[0].label, counts=total),)
        least = self._rows_from
        shown = shown_groups(layout, tally, least, of_people=self.release.genotyped)
        tells = all(are_many(part, least, self._ploidy) for part in shown.parts)

        def counts_of(group: Group) -> AlleleCounts:
            counts = group_counts(tally, group)
            if group is layout.groups[0]:
                return self.everybody(counts, variant.allele)
            return counts if tells else AlleleCounts(ac=counts.ac, an=counts.an)

        return tuple(
            GroupDisclosure(label=group.label, counts=counts_of(group))
            for group in shown.groups
        )


def _records(
    found: DatasetFindings, measure: _Measure, query: Query
) -> tuple[VariantDisclosure, ...]:
    """Return the records of the page, or all that must be judged."""
    if query.granularity < Granularity.RECORD and not measure.is_of_each:
        return ()
    shown = (variant for variant in _on_page(found, query) if variant.exists)
    return tuple(_record(variant, measure) for variant in shown)


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


def _record(variant: FoundVariant, measure: _Measure) -> VariantDisclosure:
    return VariantDisclosure(
        allele=variant.allele,
        annotation=variant.annotation,
        groups=measure.groups(variant),
    )


def _counts(
    found: DatasetFindings, measure: _Measure, status: Status
) -> AlleleCounts | None:
    """Return the counts of all people together; ``None`` where nothing is known."""
    release = measure.release
    layout = release.layout
    if found.counts is not None:
        return measure.everybody(found.counts, None)
    if status is Status.SEEN:
        counts = [
            measure.everybody(_total(v.tally, layout), v.allele)
            for v in found.variants
            if v.exists
        ]
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
