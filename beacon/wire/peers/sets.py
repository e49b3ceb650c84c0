"""One result set of a peer: its word, and the numbers that may be believed.

A set that tells an error, that cannot tell, or that contradicts itself keeps its
place with ``no_answer``; only a plain, whole ``false`` becomes ``not_seen``.
Counts are exact, multiples of a number that is told, or none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import orjson

from beacon.model.disclosure import DatasetDisclosure, VariantDisclosure
from beacon.model.lifting import Lift
from beacon.model.nodes import FAILURES, NodeDataset, NodeKind, Reason
from beacon.model.pattern import identity_of
from beacon.model.query import Granularity
from beacon.model.status import Status
from beacon.wire.peers.failing import (
    ANOTHER_ALLELE,
    ONE_BASED,
    TOO_MANY,
    NotAnswered,
)
from beacon.wire.peers.lifts import asked_there, read_lift
from beacon.wire.peers.numbers import Counted, frequencies, people_counts
from beacon.wire.peers.plain import (
    Members,
    items,
    members,
    name,
    one_sentence,
    tells_more,
    tells_some,
    text,
    truth,
    whole,
    word,
)
from beacon.wire.peers.questions import page_of
from beacon.wire.peers.records import (
    BELIEVED,
    Likeness,
    allele_of,
    likeness,
    place_of,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from beacon.model.counts import AlleleCounts
    from beacon.model.pattern import VariantPattern
    from beacon.model.query import Query
    from beacon.model.variant import Allele
    from beacon.wire.peers.speech import Manner, Request

MOST_OF_ONE_ALLELE = 1_000
"""Records that one allele can have at most; more are everything a node has."""

_WORDS = {status.value: status for status in Status}
_MEANS_NOTHING = frozenset(("", "ok", "success"))
_COVERAGES = frozenset(("undeclared", "partial"))
_FILTER_WORD = re.compile(r"[A-Za-z0-9_.:;<>=+-]{1,60}")
_ID = re.compile(r"[A-Za-z0-9._:~-]{1,100}")
_ADDRESS = re.compile(
    r"https://[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/?=&%#-]{0,200})?"
    r"|mailto:[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,253}"
)
_KINDS = frozenset(("patients", "population"))
_MOST_KEPT, _LARGEST_KEPT = 1_000, 2_000
"""Sets, and bytes of each, that are remembered of a peer."""
_MOST_RECORDS, _MOST_FILTERS, _MOST_VIA, _MOST_WARNINGS = 1_000, 20, 5, 5
_UNPLACED = "Its record does not say which variant it is."
_START_FROM_ONE = "It counts starts from 1."
_SPELLED = (
    "It spells the variant otherwise, and no reference tells that it is the same."
)
_VAGUE = "Its counts are not exact, nor told how near they are, and are left out."
_MORE_THAN_THERE = "It counts more variants than can lie there."
_ONE_PAGE = "It counts what it has sent; there may be more."
_MOST_AT_A_BASE = 10
_NO_BASES = "Some of its records could not be read as variants."


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """What one answer is read against.

    Attributes:
        level: the granularity the answer says it has, where it does.
        names: of its datasets by id.
        precision: how its counts are to be taken, where a set does not say it.
        kept: what sets were read as; of one peer and such names, while both stay.
    """

    query: Query
    pattern: VariantPattern
    peer: Manner
    request: Request
    level: Granularity | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    precision: Mapping[str, object] = field(default_factory=dict)
    kept: dict[Hashable, Heard] | None = field(default=None, compare=False)

    @property
    def is_network(self) -> bool:
        """Whether it speaks for other beacons."""
        return self.peer.node.kind is NodeKind.NETWORK

    @property
    def title(self) -> str:
        """What the node is called."""
        return self.peer.node.names.get("en", self.peer.node.id)


class Heard(NamedTuple):
    """One dataset's part, and why it is no answer where it is none."""

    dataset: NodeDataset
    failure: NotAnswered | None = None


class _Evidence(NamedTuple):
    """What a set's records prove."""

    variants: tuple[VariantDisclosure, ...] = ()
    counts: AlleleCounts | None = None
    warnings: tuple[str, ...] = ()

    @property
    def has_counts(self) -> bool:
        """Whether any record tells how many carry it."""
        return any(each.groups for each in self.variants)

    def without_counts(self) -> _Evidence:
        """Return which variants there are, and nothing of how many carry them."""
        bare = tuple(replace(each, groups=()) for each in self.variants)
        return _Evidence(bare, None, self.warnings)


_NOTHING = _Evidence()


def read_set(found: object, hearing: Hearing) -> Heard:
    """Return what one result set says."""
    key = _kept_by(found, hearing)
    if key is None or hearing.kept is None:
        return _heard(found, hearing)
    heard = hearing.kept.get(key)
    if heard is None:
        heard = _heard(found, hearing)
        if heard.failure is None:
            if len(hearing.kept) >= _MOST_KEPT:
                hearing.kept.clear()
            hearing.kept[key] = heard
    return heard


def _kept_by(found: object, hearing: Hearing) -> Hashable | None:
    """Return all that a set without records is read by; ``None``: it is read anew.

    A dataset that has not an allele says so of the next one in the same words.
    """
    if not isinstance(found, dict) or found.get("results") != []:
        return None
    if hearing.precision or not hearing.pattern.is_single_allele:
        return None
    info = found.get("info")
    if isinstance(info, dict) and "lifted" in info:
        return None
    try:
        said = orjson.dumps(found)
    except (TypeError, ValueError):
        return None
    if len(said) > _LARGEST_KEPT:
        return None
    return hearing.level, hearing.pattern.assembly, said


def _heard(found: object, hearing: Hearing) -> Heard:
    said = members(found)
    try:
        beacon = _beacon(said, hearing)
    except NotAnswered as failure:
        return _failed(said, hearing.peer.node.id, hearing, failure)
    try:
        return _read(said, beacon, hearing)
    except NotAnswered as failure:
        return _failed(said, beacon, hearing, failure)


def _beacon(said: Members, hearing: Hearing) -> str:
    """Return the beacon a set belongs to: a network's sets keep theirs."""
    told = said.get("beaconId")
    own = hearing.peer.node.id
    if told is None or told == own:
        return own
    known = name(told)
    if not hearing.is_network or known is None:
        raise NotAnswered(Reason.WRONG_BEACON, "It answers for another beacon.")
    return known


def _read(said: Members, beacon: str, hearing: Hearing) -> Heard:
    info = members(said.get("info"))
    if "countPrecision" not in said and not is_of_ours(info):
        said = {**said, **hearing.precision}
    check_error(said)
    exists = truth(said.get("exists"))
    if exists is None:
        raise NotAnswered(Reason.NOT_A_BEACON, "It says neither yes nor no.")
    status = status_of(info, exists=exists)
    # An empty object is a template that some leave where they have no record.
    results = [each for each in map(members, items(said.get("results"))) if each]
    is_bare = not results and "results" not in said and "resultsCount" not in said
    if hearing.is_network and not exists and is_bare and not is_of_ours(info):
        raise NotAnswered(Reason.NOT_UNDERSTOOD, "It cannot tell a no from a failure.")
    is_ours, step = is_of_ours(info), adjusted_to(said)
    total, many = _total(said, results, hearing, exists=exists)
    lift = read_lift(info, hearing.pattern) if is_ours else None
    there = asked_there(lift, hearing) if isinstance(lift, Lift) else hearing
    evidence = _evidence(results, there) if exists else _NOTHING
    counts, doubt = people_counts(info)
    counts = counts or evidence.counts
    is_exact = _is_exact(said)
    status = _fitting(status, counts, is_exact=is_exact)
    if status is Status.NOT_SEEN and isinstance(lift, Lift) and not lift.is_certain:
        status = Status.NOT_COVERED
    is_vague = not is_exact and step is None
    if is_vague and (counts is not None or evidence.has_counts):
        counts, many = None, _VAGUE
        evidence = evidence.without_counts()
    known = name(said.get("id"))
    part = DatasetDisclosure(
        dataset=known or hearing.peer.node.id,
        name=_title(known, info, hearing),
        status=status,
        granularity=_level(evidence, counts, total),
        exists=status is Status.SEEN,
        total=total,
        variants=evidence.variants,
        counts=counts,
        coverage=_coverage(info, status, counts, is_ours=is_ours),
        filters=_filters(info) if "filters" in info else (),
        release=whole(info.get("release")),
        released=_day(info.get("releaseDate")),
        sample_count=whole(info.get("sampleCount")),
        adjusted_to=step,
        pool=_pool(info) if "datasets" in info else (),
        lifted=lift,
    )
    shown = tuple(filter(None, (*evidence.warnings, doubt, many)))
    return Heard(_placed(part, beacon, there, info, shown))


# --- its word ------------------------------------------------------------------------


def check_error(said: Members) -> None:
    """Raise what a document or a set tells as its error.

    Raises:
        NotAnswered: it tells one, in any of the places they are told.
    """
    info = members(said.get("info"))
    for told in (said.get("error"), info.get("error"), info.get("errors")):
        if told is None or told == []:
            continue
        error = members(told)
        code = whole(error.get("errorCode"))
        told_in_words = text(error.get("errorMessage")) or text(told)
        ours = "It tells an error" if code is None else f"It tells the error {code}"
        sentence = one_sentence((ours, told_in_words))
        told_word = info.get("status")
        is_refusal = told_word == Status.REFUSED.value
        status = Status.REFUSED if is_refusal else Status.NO_ANSWER
        raise NotAnswered(Reason.TOLD_AN_ERROR, sentence, status)


def is_of_ours(info: Members) -> bool:
    """Whether a set or an answer has a word that beacons of this software have."""
    told = info.get("status")
    return isinstance(told, str) and told in _WORDS


def status_of(info: Members, *, exists: bool) -> Status:
    """Return the word of a set or an answer: its own where it is ours, else yes or no.

    Raises:
        NotAnswered: its word contradicts it, or is one nobody knows.
    """
    told = info.get("status")
    if told is None or (isinstance(told, str) and word(told) in _MEANS_NOTHING):
        return Status.SEEN if exists else Status.NOT_SEEN
    status = _WORDS.get(told) if isinstance(told, str) else None
    if status is None:
        raise NotAnswered(Reason.NOT_UNDERSTOOD, "It has a word of its own for it.")
    if status in FAILURES:
        raise NotAnswered(Reason.TOLD_AN_ERROR, "It could not tell.", status)
    if exists is not (status is Status.SEEN):
        raise NotAnswered(Reason.CONTRADICTS, "Its word and its yes or no differ.")
    return status


def _fitting(status: Status, counts: AlleleCounts | None, *, is_exact: bool) -> Status:
    """Return the word that counts leave standing: nothing looked at is not a no.

    Raises:
        NotAnswered: they contradict it.
    """
    if counts is None:
        return status
    if status is Status.SEEN and counts.ac == 0 and is_exact:
        raise NotAnswered(Reason.CONTRADICTS, "It says yes and counts no copy.")
    if status is not Status.SEEN and counts.ac:
        raise NotAnswered(Reason.CONTRADICTS, "It says no and counts copies.")
    is_empty = status is Status.NOT_SEEN and counts.an == 0
    return Status.NOT_COVERED if is_empty else status


def _coverage(
    info: Members, status: Status, counts: AlleleCounts | None, *, is_ours: bool
) -> str | None:
    told = info.get("coverage")
    if isinstance(told, str) and told in _COVERAGES:
        return told
    is_bare_no = status is Status.NOT_SEEN and (counts is None or counts.an is None)
    return "undeclared" if is_bare_no and not is_ours else None


# --- its numbers ---------------------------------------------------------------------


def _total(
    said: Members, results: Sequence[Members], hearing: Hearing, *, exists: bool
) -> tuple[int | None, str | None]:
    """Return how many records match, where that is told, and a warning.

    Raises:
        NotAnswered: it contradicts the yes or no, or is too many for one allele.
    """
    told = said.get("resultsCount")
    count = whole(told)
    if not exists and (tells_some(told) or results):
        raise NotAnswered(Reason.CONTRADICTS, "It says no and has results.")
    if hearing.pattern.is_single_allele and tells_more(told, MOST_OF_ONE_ALLELE):
        raise NotAnswered(Reason.NOT_UNDERSTOOD, TOO_MANY)
    is_exact = _is_exact(said)
    is_yes_or_no = hearing.level is Granularity.BOOLEAN
    if exists and count == 0 and not results and is_exact and not is_yes_or_no:
        raise NotAnswered(Reason.CONTRADICTS, "It says yes and counts nothing.")
    is_rounded = word(said.get("countPrecision")) == "rounded"
    is_counted = is_exact or (is_rounded and adjusted_to(said) is not None)
    if count is None or not is_counted or is_yes_or_no:
        return None, None
    if count > _most_there(hearing.pattern):
        return None, _MORE_THAN_THERE
    is_ours = is_of_ours(members(said.get("info")))
    is_page = not is_ours and count == len(results) == page_of(hearing.query)[1]
    return (None, _ONE_PAGE) if is_page else (count, None)


def _most_there(pattern: VariantPattern) -> float:
    """Return how many variants may lie where was asked: some at every base."""
    if pattern.is_single_allele or pattern.contig is None or pattern.similar:
        return float("inf")
    reach = pattern.reach()
    return MOST_OF_ONE_ALLELE + _MOST_AT_A_BASE * (reach.high - reach.low)


def _is_exact(said: Members) -> bool:
    return word(said.get("countPrecision")) in ("", "exact")


def adjusted_to(said: Members) -> int | None:
    """Return what counts are multiples of (``countAdjustedTo``, Beacon v2.2).

    Where no number of results is told, beacons like this one say ``imprecise`` of
    that, and this of the counts beside it.
    """
    precision = word(said.get("countPrecision"))
    is_ours = precision == "imprecise" and is_of_ours(members(said.get("info")))
    if precision != "rounded" and not is_ours:
        return None
    steps = [n for each in items(said.get("countAdjustedTo")) if (n := whole(each))]
    return max(steps, default=None)


def _evidence(results: Sequence[Members], hearing: Hearing) -> _Evidence:
    """Return what records prove.

    Raises:
        NotAnswered: they are of other variants than were asked for.
    """
    if not results:
        return _Evidence()
    if hearing.pattern.spellings and hearing.request.allele is not None:
        return _of_allele(results[:_MOST_RECORDS], hearing)
    return _of_several(results[:_MOST_RECORDS], hearing)


def _of_allele(results: Sequence[Members], hearing: Hearing) -> _Evidence:
    pattern, one_based = hearing.pattern, hearing.peer.one_based
    judged = [
        (likeness(place_of(each, pattern.assembly, one_based=one_based), pattern), each)
        for each in results
    ]
    same = [(how, each) for how, each in judged if how in BELIEVED]
    if not same:
        kinds = {how for how, _ in judged}
        if kinds == {Likeness.UNKNOWN}:
            return _Evidence(warnings=(_UNPLACED,))
        beside = Likeness.BESIDE in kinds
        raise NotAnswered(
            Reason.NOT_UNDERSTOOD, ONE_BASED if beside else ANOTHER_ALLELE
        )
    how, record = same[0]
    counted = frequencies(record)
    doubts = {
        Likeness.SAME_ONE_BASED: _START_FROM_ONE,
        Likeness.SPELLED_OTHERWISE: _SPELLED,
    }
    doubt = (doubts[how],) if how in doubts else ()
    return _counted(hearing, counted, (*doubt, *counted.warnings))


def _counted(
    hearing: Hearing, counted: Counted, warnings: tuple[str, ...]
) -> _Evidence:
    allele = hearing.request.allele
    variants: tuple[VariantDisclosure, ...] = ()
    if allele is not None and allele.is_anchored:
        variants = (VariantDisclosure(allele=allele, groups=counted.groups),)
    return _Evidence(variants, counted.total, warnings)


def _of_several(results: Sequence[Members], hearing: Hearing) -> _Evidence:
    """Return the records of a range that lie where it was asked."""
    pattern, one_based = hearing.pattern, hearing.peer.one_based
    found: list[VariantDisclosure] = []
    warnings: list[str] = []
    strays = 0
    for record in results:
        place = place_of(record, pattern.assembly, one_based=one_based)
        allele = allele_of(place, pattern)
        if place.is_elsewhere:
            strays += 1
        elif allele is None:
            warnings.append(_NO_BASES)
        elif not _lies_there(pattern, allele.contig, allele.start, allele.end):
            strays += 1
        else:
            counted = frequencies(record)
            found.append(VariantDisclosure(allele=allele, groups=counted.groups))
            warnings += counted.warnings
    if strays and not found and strays == len(results):
        raise NotAnswered(Reason.NOT_UNDERSTOOD, "Its variants lie elsewhere.")
    doubts = tuple(dict.fromkeys(warnings))
    if pattern.identity is None or not found:
        return _Evidence(tuple(found), None, doubts)
    same = [each for each in found if _is_event(each.allele, pattern)]
    if not same:
        raise NotAnswered(Reason.NOT_UNDERSTOOD, ANOTHER_ALLELE)
    groups = same[0].groups
    return _Evidence((same[0],), Counted(groups).total, doubts)


def _is_event(allele: Allele, pattern: VariantPattern) -> bool:
    """Whether a record is the event of an id; some leave the base before it out."""
    if identity_of(allele) == pattern.identity:
        return True
    with_base = replace(allele, start=max(0, allele.start - 1))
    return identity_of(with_base) == pattern.identity


def _lies_there(pattern: VariantPattern, contig: object, start: int, end: int) -> bool:
    """Whether an allele lies where it was asked for, give or take a base or margin."""
    if pattern.contig is None:
        return True
    if pattern.similar is not None:
        return True
    if contig != pattern.contig:
        return pattern.mate is not None
    reach = pattern.reach()
    return start <= reach.high and end + 1 >= reach.low


def _level(
    evidence: _Evidence, counts: AlleleCounts | None, total: int | None
) -> Granularity:
    """Return the detail a part is given in."""
    if evidence.variants:
        return Granularity.RECORD
    is_counted = counts is not None or total is not None
    return Granularity.COUNT if is_counted else Granularity.BOOLEAN


# --- its dataset ---------------------------------------------------------------------


def _title(known: str | None, info: Members, hearing: Hearing) -> str:
    """Return what a dataset is called: as its metadata says, or else itself."""
    if known is None:
        return hearing.title
    return hearing.names.get(known) or name(info.get("name")) or known


def _pool(info: Members) -> tuple[str, ...]:
    names = map(name, items(info.get("datasets"))[:_MOST_FILTERS])
    return tuple(each for each in names if each is not None)


def _filters(info: Members) -> tuple[str, ...]:
    return tuple(
        each
        for each in items(info.get("filters"))[:_MOST_FILTERS]
        if isinstance(each, str) and _FILTER_WORD.fullmatch(each)
    )


def _day(value: object) -> datetime | None:
    return _moment(value) if isinstance(value, str) and len(value) <= 40 else None


@lru_cache(maxsize=256)
def _moment(value: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _placed(
    part: DatasetDisclosure,
    beacon: str,
    hearing: Hearing,
    info: Members,
    warnings: tuple[str, ...] = (),
) -> NodeDataset:
    """Return a part with whose it is, and what the configuration says of it."""
    peer, dataset = hearing.peer, part.dataset
    if beacon != peer.node.id and dataset == peer.node.id:
        part = replace(part, dataset=beacon, name=beacon)
        dataset = beacon
    keys = (f"{beacon}/{dataset}", dataset)
    return NodeDataset(
        beacon=beacon,
        part=part,
        via=_via(beacon, info, hearing),
        same_as=_first(peer.same_as, keys) if peer.same_as else None,
        overlap=(_first(peer.overlaps, keys) if peer.overlaps else None)
        or peer.overlap,
        assembly=hearing.pattern.assembly,
        warnings=(*warnings, *_warnings(info)),
        contact=_contact(info),
        kind=(_first(peer.kinds, (*keys, "*")) if peer.kinds else None) or _kind(info),
    )


def _first(known: Mapping[str, str], keys: Sequence[str]) -> str | None:
    return next((known[key] for key in keys if key in known), None)


def _warnings(info: Members) -> tuple[str, ...]:
    if "warnings" not in info:
        return ()
    found = (text(each) for each in items(info.get("warnings"))[:_MOST_WARNINGS])
    return tuple(each for each in found if each is not None)


def _contact(info: Members) -> str | None:
    """Return where an owner can be asked: a plain address, and of no other kind."""
    said = info.get("contact")
    return said if isinstance(said, str) and _ADDRESS.fullmatch(said) else None


def _kind(info: Members) -> str | None:
    said = info.get("kind")
    return said if isinstance(said, str) and said in _KINDS else None


def _via(beacon: str, info: Members, hearing: Hearing) -> tuple[str, ...]:
    """Return the nodes a part came by: none where a beacon speaks for itself."""
    own = hearing.peer.node.id
    if not hearing.is_network or beacon == own:
        return (own,) if hearing.is_network else ()
    further = [
        each
        for each in items(info.get("via"))[:_MOST_VIA]
        if isinstance(each, str) and _ID.fullmatch(each) and each not in (own, beacon)
    ]
    return (own, *further)


def _failed(
    said: Members, beacon: str, hearing: Hearing, failure: NotAnswered
) -> Heard:
    part = DatasetDisclosure(
        dataset=name(said.get("id")) or hearing.peer.node.id,
        name=name(said.get("id")) or hearing.title,
        status=failure.status,
        granularity=Granularity.BOOLEAN,
        exists=False,
    )
    info = members(said.get("info"))
    placed = _placed(part, beacon, hearing, info, (failure.sentence,))
    return Heard(placed, failure)


def spoken_for(beacon: str, hearing: Hearing, failure: NotAnswered) -> Heard:
    """Return the part of a beacon that a network names as one that did not answer."""
    return _failed({}, beacon, hearing, failure)


def alone(said: Members, hearing: Hearing, *, exists: bool) -> Heard:
    """Return the one part of an answer that lists no result sets."""
    summary = members(said.get("responseSummary"))
    told = {"exists": exists, "info": members(said.get("info"))} | {
        "resultsCount" if key == "numTotalResults" else key: value
        for key, value in summary.items()
        if key in ("numTotalResults", "countPrecision", "countAdjustedTo")
    }
    return read_set(told | {"results": []}, hearing)
