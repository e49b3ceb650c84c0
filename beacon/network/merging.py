"""Nodes' answers made one: each dataset once, nothing added up that may not be.  Pure.

Who may hold the same people is what the configuration says.  Datasets of different
overlap groups share nobody; those of one group, and all of which nothing is said,
may, so that of them only bounds can be told.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from beacon.model.counts import AlleleCounts
from beacon.model.disclosure import DatasetDisclosure
from beacon.model.nodes import (
    ANSWERS,
    FAILURES,
    NetworkAnswer,
    NodeDataset,
    People,
    Pooled,
    Reason,
)
from beacon.model.query import Granularity
from beacon.model.status import Status, overall
from beacon.network.peers import ALL_OTHERS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from beacon.model.nodes import NodeAnswer
    from beacon.network.peers import Directory

UNSTATED: Final = "unstated"
"""The kind of datasets of which nobody says whether they hold patients."""
_MAY_HAVE: Final = FAILURES | {Status.WITHHELD}
"""Words of datasets that may have what was asked for, and do not say so."""
_ASKED_ELSEWHERE: Final = frozenset({Reason.UNDER_WAY, Reason.LOOP})
"""Why a node was not asked by us, that somebody else may ask."""
_GLOBAL: Final = ("GDID-", "EGAD")
"""What the ids of datasets begin with that are the same everywhere."""


def merged(directory: Directory, answers: Iterable[NodeAnswer]) -> NetworkAnswer:
    """Return what a network says, in the order of its configuration.

    Args:
        directory: whom it asks, and what is known of their datasets.
        answers: of its nodes, in any order.
    """
    by_id = {answer.node.id: answer for answer in answers}
    order = [directory.here.id, *(peer.node.id for peer in directory.peers)]
    known = [node for node in order if node in by_id]
    nodes = [by_id[node] for node in dict.fromkeys([*known, *by_id])]
    ours = by_id.get(directory.here.id)
    if ours is not None and ours.status in ANSWERS:
        nodes = [_without_ours(node, ours) for node in nodes]
    placed = [_placed(answer, directory) for answer in nodes]
    rows, doubts = _once(
        [row for a in placed for row in a.datasets if not _is_ours_to_say(row, by_id)]
    )
    kinds = _by_kind(rows)
    silent = {row.kind for row in rows if row.part.status in _MAY_HAVE}
    for node in placed:
        silent |= _silent_kinds(node, directory)
    people = {
        kind: told
        for kind, each in kinds.items()
        if (told := _people(each, is_open=bool(silent & {kind, None})))
    }
    pooled = {kind: pool for kind, each in kinds.items() if (pool := _pooled(each))}
    return NetworkAnswer(
        nodes=tuple(placed),
        rows=tuple(rows),
        people=people,
        pooled=pooled,
        warnings=tuple(doubts),
    )


# --- what the configuration knows of datasets --------------------------------


def _placed(answer: NodeAnswer, directory: Directory) -> NodeAnswer:
    """Return an answer with what the configuration says of its datasets."""
    peer = next((p for p in directory.peers if p.node.id == answer.node.id), None)
    if peer is None and answer.node.id != directory.here.id:
        return answer
    knows = directory if peer is None else peer
    rows = []
    for row in _rows(answer):
        whose = row.part.dataset, row.beacon
        group = knows.overlap_of(*whose) or row.overlap
        kind = None if peer is None else peer.kind_of(*whose)
        same = knows.same_of(*whose) or row.same_as
        known = (group, same, kind or row.kind)
        if known != (row.overlap, row.same_as, row.kind):
            overlap, same, kind = known
            row = replace(row, overlap=overlap, same_as=same, kind=kind)
        rows.append(row)
    if tuple(rows) == answer.datasets:
        return answer
    return replace(answer, datasets=tuple(rows))


def _rows(answer: NodeAnswer) -> tuple[NodeDataset, ...]:
    """Return what is said of datasets; who names none speaks of all it has as one."""
    if answer.datasets or answer.status not in ANSWERS:
        return answer.datasets
    whole = DatasetDisclosure(
        dataset=answer.node.id,
        name=answer.node.names["en"],
        status=answer.status,
        granularity=Granularity.BOOLEAN,
        exists=answer.status is Status.SEEN,
    )
    return (NodeDataset(beacon=answer.node.id, part=whole),)


def _is_ours_to_say(row: NodeDataset, nodes: Collection[str]) -> bool:
    """Whether a network says that a beacon is silent which we ask ourselves."""
    if row.part.dataset != row.beacon or row.part.status in ANSWERS:
        return False  # it is one dataset, or says something
    is_told_of = any(node != row.beacon for node in row.via)
    return is_told_of and row.beacon in nodes


def _without_ours(answer: NodeAnswer, ours: NodeAnswer) -> NodeAnswer:
    """Return an answer without what it tells of our own datasets.

    What we hold, and what of it may be said, nobody knows better than we; who tells
    of nothing else was asked in vain.
    """
    rows = tuple(row for row in answer.datasets if row.beacon != ours.node.id)
    if answer.node.id == ours.node.id or len(rows) == len(answer.datasets):
        return answer
    if not rows:
        return replace(
            answer,
            datasets=(),
            status=Status.NOT_ASKED,
            reason=Reason.LOOP,
            sentence="It tells of our own datasets only.",
        )
    status = answer.status
    if status is overall(row.part.status for row in answer.datasets):
        status = overall(row.part.status for row in rows)
    return replace(answer, datasets=rows, status=status)


# --- each dataset once -------------------------------------------------------


def identity_of(row: NodeDataset) -> str:
    """Return what a dataset is known by, whatever way its answer came."""
    name = row.part.dataset
    if row.same_as is None and name.startswith(_GLOBAL):
        return name
    return row.identity


def _once(rows: Sequence[NodeDataset]) -> tuple[list[NodeDataset], list[str]]:
    """Return each dataset once, as its nearest teller has it, and what contradicts.

    Whoever has seen something is not hidden by one who has not, however near.
    """
    known = {f"{row.beacon}/{row.part.dataset}": identity_of(row) for row in rows}
    if len(known) == len(rows) and all(own == each for own, each in known.items()):
        return list(rows), []  # each was told once, which is the rule
    ways: dict[str, list[NodeDataset]] = defaultdict(list)
    for row in rows:
        ways[_root(identity_of(row), known)].append(row)
    shown, doubts = [], []
    for identity, told in ways.items():
        seen = [row for row in told if row.part.exists]
        shown.append(min(seen or told, key=_distance))
        words = {row.part.status for row in told} - FAILURES - {Status.NOT_ASKED}
        if len(words) > 1:
            all_words = " and ".join(sorted(word.value for word in words))
            doubts.append(
                f"Of {identity} different things were told on different ways:"
                f" {all_words}; {shown[-1].part.status.value} is shown."
            )
    return shown, doubts


def _root(identity: str, known: Mapping[str, str]) -> str:
    """Return what all that are said to be the same are known by.

    Who says "the same as x/y" means what x/y itself is known by; of some that name
    each other it is the first name in the order of letters.
    """
    passed = [identity]
    while (further := known.get(passed[-1], passed[-1])) not in passed:
        passed.append(further)
    return min(passed[passed.index(further) :])


def _distance(row: NodeDataset) -> tuple[bool, int, bool]:
    """Return how far away a row was told; who failed comes last.

    Of two as near as each other it is that which withholds: the other's "no" is not
    known to be its own.
    """
    between = [node for node in row.via if node != row.beacon]
    status = row.part.status
    return status in FAILURES, len(between), status is not Status.WITHHELD


def _silent_kinds(answer: NodeAnswer, directory: Directory) -> set[str | None]:
    """Return the kinds of people of whom a node did not say all; ``None``: any.

    It failed as a whole, others behind it did, or somebody else asks it.
    """
    is_silent = answer.status in _MAY_HAVE and not answer.datasets
    is_asked = answer.reason in _ASKED_ELSEWHERE
    if not (is_silent or is_asked or answer.is_partial or answer.lacks):
        return set()
    peer = next((p for p in directory.peers if p.node.id == answer.node.id), None)
    if peer is None or ALL_OTHERS not in peer.kinds:
        return {None}
    return {*peer.kinds.values()}


# --- people and copies -------------------------------------------------------


def _by_kind(rows: Iterable[NodeDataset]) -> Mapping[str, Sequence[NodeDataset]]:
    """Return the datasets that know of the place, by the kind of people in them."""
    kinds: dict[str, list[NodeDataset]] = defaultdict(list)
    for row in rows:
        if row.part.status in (Status.SEEN, Status.NOT_SEEN):
            kinds[row.kind or UNSTATED].append(row)
    return kinds


def _people(rows: Sequence[NodeDataset], *, is_open: bool) -> People | None:
    """Return how many people carry an allele; ``None``: nobody tells.

    Args:
        rows: the datasets of one kind that tell.
        is_open: whether others may have it, too, that do not tell.
    """
    told = [(row, _carriers(row)) for row in rows if row.part.exists]
    if all(row.part.counts is None for row, _ in told):
        return None
    apart: dict[str, int] = {}
    anywhere = 0
    for row, (least, _) in told:
        if row.overlap is None or row.assembly != rows[0].assembly:
            anywhere = max(anywhere, least)
        else:
            apart[row.overlap] = max(apart.get(row.overlap, 0), least)
    most = [at_most for _, (_, at_most) in told]
    known = [at_most for at_most in most if at_most is not None]
    return People(
        at_least=max(anywhere, sum(apart.values())),
        at_most=None if is_open or len(known) < len(most) else sum(known),
    )


def _carriers(row: NodeDataset) -> tuple[int, int | None]:
    """Return the fewest and the most people of a dataset who carry the allele."""
    counts, step = row.part.counts, row.part.adjusted_to or 1
    if counts is None or counts.ac is None:
        return 1, None
    if step == 1 and counts.hom is not None and counts.het is None:
        # Two copies in each homozygous person, one in each other carrier.
        carriers = max(1, counts.ac - counts.hom)
        return carriers, carriers
    if step > 1 or None in (counts.hom, counts.het, counts.hemi):
        # One or two copies each; what is shown is rounded to multiples of the step.
        return -(-max(1, counts.ac - step + 1) // 2), counts.ac + step - 1
    hom, het, hemi = counts.hom or 0, counts.het or 0, counts.hemi or 0
    half_called = counts.ac - 2 * hom - het - hemi
    told = hom + het + hemi
    return max(1, told + min(1, half_called)), told + half_called


def _pooled(rows: Sequence[NodeDataset]) -> Pooled | None:
    """Return counts added up; ``None``: these datasets may share people, or do not say.

    Exact counts of one assembly, each of another overlap group.
    """
    groups = [row.overlap for row in rows]
    if len(rows) < 2 or None in groups or len({*groups}) < len(groups):
        return None
    if len({row.assembly for row in rows}) > 1:
        return None
    counts = [row.part.counts for row in rows if row.part.adjusted_to is None]
    exact = [c for c in counts if c and c.ac is not None and c.an is not None]
    if len(exact) < len(rows):
        return None
    return Pooled(
        counts=AlleleCounts(
            ac=sum(c.ac or 0 for c in exact),
            an=sum(c.an or 0 for c in exact),
            hom=_sum([c.hom for c in exact]),
            het=_sum([c.het for c in exact]),
            hemi=_sum([c.hemi for c in exact]),
        ),
        datasets=tuple(identity_of(row) for row in rows),
    )


def _sum(values: Sequence[int | None]) -> int | None:
    known = [each for each in values if each is not None]
    return sum(known) if len(known) == len(values) else None
