"""What is shown of nodes' answers about a variant: rows, frequencies, one sentence.

Pure: from the network's answer to what stands on the page, in an order that is always
the same.  A number comes from the answer or follows from one that did; of counts that
were rounded there is no interval.  Whoever is silent has a row, and is named.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from beacon.model.intervals import (
    FEW_COPIES,
    filtering_frequency,
    highest_unseen,
    wilson,
)
from beacon.model.lifting import NotLifted
from beacon.model.nodes import ANSWERS, FAILURES
from beacon.model.query import Granularity
from beacon.model.status import Status
from beacon.page.words import N_

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from beacon.model.counts import AlleleCounts
    from beacon.model.intervals import Interval
    from beacon.model.lifting import Lift
    from beacon.model.nodes import NetworkAnswer, NodeAnswer, NodeDataset, People
    from beacon.model.pattern import VariantPattern
    from beacon.page.words import Words

_TOTAL: Final = "Total"
_OF_A_SEX: Final = re.compile(r"(?:.*_)?[FM]")
"""Labels of women or men alone; what they are of is counted with everybody, too."""
_PEOPLE: Final[Mapping[str, str]] = {
    "patients": N_("Patients: %(people)s."),
    "population": N_("Population: %(people)s."),
    "unstated": N_("Of people of whom no more is said: %(people)s."),
}
"""Who carries it, by the kind of dataset: never one number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frequency:
    """How often an allele is, where its counts are told.

    Attributes:
        share: AC / AN; 0 where it was not seen.
        interval: 95 %, two-sided; ``None``: it was not seen, or counts are rounded.
        below: 95 %, one-sided, of one that was not seen; ``None``: it was, or counts
            are rounded.
        is_exact: whether the counts are those of the people.
    """

    share: float
    interval: Interval | None = None
    below: float | None = None
    is_exact: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """One group of a dataset's people.

    Attributes:
        label: as the dataset has it.
        faf: the FAF95; ``None`` where counts are rounded or not told.
        is_few: whether it has too few copies to speak for its population.
        is_of_a_sex: whether it is only its women or its men.
    """

    label: str
    counts: AlleleCounts
    frequency: Frequency | None
    faf: float | None
    is_few: bool
    is_of_a_sex: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one dataset, or a node without any, says.

    Attributes:
        node: that says it.
        dataset: of which it is said; ``None``: the node as a whole speaks.
        status: the word.
        notes: what is to be known of it, in English.
        populations: of one allele, the groups of its people that are told, the one
            with the highest frequency first.
    """

    node: NodeAnswer
    dataset: NodeDataset | None
    status: Status
    notes: tuple[str, ...] = ()
    populations: tuple[Population, ...] = ()

    @property
    def counts(self) -> AlleleCounts | None:
        """Its numbers, where the dataset speaks in numbers: as the API tells them."""
        return None if self.dataset is None else self.dataset.counts

    @property
    def frequency(self) -> Frequency | None:
        """How often it is there."""
        if self.dataset is None or self.counts is None:
            return None
        return frequency_of(self.counts, is_exact=self.dataset.part.adjusted_to is None)

    @property
    def faf(self) -> Population | None:
        """The population with the highest FAF95."""
        told = [p for p in self.populations if p.faf and not p.is_of_a_sex]
        return max(told, key=lambda p: p.faf or 0.0, default=None)

    @property
    def lift(self) -> Lift | None:
        """How it was asked on its own assembly, where it was asked on another one."""
        lifted = None if self.dataset is None else self.dataset.part.lifted
        return None if isinstance(lifted, NotLifted) else lifted

    @property
    def asked_as(self) -> str | None:
        """What was asked for there instead, without the name of its assembly."""
        lift = self.lift
        return None if lift is None else lift.lifted.removeprefix(f"{lift.assembly}-")

    @property
    def is_failure(self) -> bool:
        """Whether asking again may help."""
        return self.status is Status.NO_ANSWER


def frequency_of(counts: AlleleCounts, *, is_exact: bool) -> Frequency | None:
    """Return a frequency with what it rests on; ``None``: there is none.

    Args:
        counts: as they are told.
        is_exact: whether they are those of the people.
    """
    ac, an = counts.ac, counts.an
    if ac is None or not an:
        return None
    if not is_exact:
        return Frequency(share=ac / an, is_exact=False)
    if ac == 0:
        return Frequency(share=0.0, below=highest_unseen(an))
    return Frequency(share=ac / an, interval=wilson(ac, an))


# --- rows --------------------------------------------------------------------


def rows(answer: NetworkAnswer, pattern: VariantPattern) -> tuple[Row, ...]:
    """Return what is shown, in the order of the nodes: each dataset once."""
    return tuple(
        row for node, own in each_once(answer) for row in _of_node(node, own, pattern)
    )


def each_once(
    answer: NetworkAnswer,
) -> Iterator[tuple[NodeAnswer, list[NodeDataset]]]:
    """Yield nodes in their order with what they say: of each dataset, one says it.

    A node without any is silent, or says nothing that another does not say better.
    """
    once = {id(row) for row in answer.rows}
    for node in answer.nodes:
        yield node, [row for row in node.datasets if id(row) in once]


def _of_node(
    node: NodeAnswer, own: Sequence[NodeDataset], pattern: VariantPattern
) -> Iterator[Row]:
    if not own:
        yield Row(node=node, dataset=None, status=node.status, notes=node.warnings)
    for place, row in enumerate(own):
        whole = () if place else node.warnings  # once, at the node's first
        yield Row(
            node=node,
            dataset=row,
            status=row.part.status,
            notes=(*_lift_notes(row), *row.warnings, *whole),
            populations=_populations(row) if pattern.is_single_allele else (),
        )


def _lift_notes(row: NodeDataset) -> tuple[str, ...]:
    lifted = row.part.lifted
    if lifted is None:
        return ()
    if isinstance(lifted, NotLifted):
        return (lifted.why,)
    return (*lifted.doubts, *lifted.notes)


def _populations(row: NodeDataset) -> tuple[Population, ...]:
    """Return the groups of the one record of a dataset, beside all people together."""
    part = row.part
    if part.granularity < Granularity.RECORD or len(part.variants) != 1:
        return ()
    is_exact = part.adjusted_to is None
    told = [
        _population(group.label, group.counts, is_exact=is_exact)
        for group in part.variants[0].groups
        if group.label != _TOTAL
    ]
    return tuple(sorted(told, key=_by_frequency))


def _population(label: str, counts: AlleleCounts, *, is_exact: bool) -> Population:
    ac, an = counts.ac, counts.an
    has_faf = is_exact and ac is not None and an
    return Population(
        label=label,
        counts=counts,
        frequency=frequency_of(counts, is_exact=is_exact),
        faf=filtering_frequency(ac, an) if has_faf and an and ac is not None else None,
        is_few=an is not None and an < FEW_COPIES,
        is_of_a_sex=_OF_A_SEX.fullmatch(label) is not None,
    )


def _by_frequency(population: Population) -> tuple[float, str]:
    found = population.frequency
    return (-1.0 if found is None else found.share) * -1, population.label


# --- one sentence ------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is said first, in the reader's language.

    Attributes:
        status: the word over all nodes.
        sentence: what all that answered say together.
        whole: who answered, and who did not.
    """

    status: Status
    sentence: str
    whole: str


def verdict(answer: NetworkAnswer, pattern: VariantPattern, words: Words) -> Verdict:
    """Return the verdict of an answer."""
    words_of_rows = [row.part.status for row in answer.rows]
    said = [*_seen(words_of_rows, pattern, words)]
    if pattern.is_single_allele:
        said += _people(answer.people, words)
        said += _homozygous(answer, words)
        said += _highest(answer.rows, words)
    return Verdict(
        status=answer.status, sentence=" ".join(said), whole=whole(answer, words)
    )


def _seen(
    told: Sequence[Status], pattern: VariantPattern, words: Words
) -> Iterator[str]:
    ngettext = words.ngettext
    yes, no = told.count(Status.SEEN), told.count(Status.NOT_SEEN)
    if pattern.is_single_allele:
        seen = ngettext("Seen in %(num)s dataset", "Seen in %(num)s datasets", yes)
        unseen = ngettext(
            "Not seen in %(num)s dataset", "Not seen in %(num)s datasets", no
        )
        both = ngettext(
            "%(seen)s, not seen in %(num)s.",
            "%(seen)s, not seen in %(num)s.",
            no,
            seen=seen,
        )
    else:
        seen = ngettext("Found in %(num)s dataset", "Found in %(num)s datasets", yes)
        unseen = ngettext(
            "Nothing found in %(num)s dataset", "Nothing found in %(num)s datasets", no
        )
        both = ngettext(
            "%(seen)s, nothing in %(num)s.",
            "%(seen)s, nothing in %(num)s.",
            no,
            seen=seen,
        )
    if yes:
        yield both if no else f"{seen}."
    elif no:
        yield f"{unseen}."
    elif pattern.is_single_allele:
        yield words.gettext("Nobody says whether it has been seen.")
    else:
        yield words.gettext("Nobody says whether there is anything.")
    if count := sum(word in FAILURES for word in told):
        yield ngettext(
            "%(num)s dataset gave no answer.", "%(num)s datasets gave no answer.", count
        )
    if count := told.count(Status.WITHHELD):
        yield ngettext(
            "%(num)s dataset withholds its answer.",
            "%(num)s datasets withhold their answer.",
            count,
        )
    if count := told.count(Status.NOT_COVERED):
        yield ngettext(
            "%(num)s dataset knows nothing of this place.",
            "%(num)s datasets know nothing of this place.",
            count,
        )


def _people(people: Mapping[str, People], words: Words) -> Iterator[str]:
    """Yield who carries it: patients and populations are never one number."""
    for kind, text in _PEOPLE.items():
        told = people.get(kind)
        if told is not None and (told.at_least or told.at_most):
            yield words.gettext(text, people=bounds(told, words))


def bounds(people: People, words: Words) -> str:
    """Return how many people they are, or between what."""
    least, most = people.at_least, people.at_most
    if most is None:
        return words.ngettext(
            "at least %(num)s carrier", "at least %(num)s carriers", least
        )
    if least == most:
        return words.ngettext("%(num)s carrier", "%(num)s carriers", least)
    return words.gettext(
        "%(least)s to %(most)s carriers",
        least=words.number(least),
        most=words.number(most),
    )


def _homozygous(answer: NetworkAnswer, words: Words) -> Iterator[str]:
    """Yield whether anybody is homozygous, where that is told of everybody."""
    seen = [row.part for row in answer.rows if row.part.status is Status.SEEN]
    if any(part.counts is not None and part.counts.hom for part in seen):
        yield words.gettext("Some carriers are homozygous.")
    elif seen and answer.is_complete and all(map(_has_none, answer.rows)):
        yield words.gettext("No carrier is homozygous.")


def _has_none(row: NodeDataset) -> bool:
    """Whether a dataset tells that nobody in it is homozygous.

    Of a carrier of whom one copy alone was called nobody knows the other.
    """
    part = row.part
    if part.status is not Status.SEEN:
        return part.status not in (*FAILURES, Status.WITHHELD)
    told = part.counts
    if told is None or told.hom is None or part.adjusted_to is not None:
        return False
    return told.het is None or told.ac == told.het + (told.hemi or 0)


def _highest(told: Iterable[NodeDataset], words: Words) -> Iterator[str]:
    """Yield where it is most frequent; of rounded counts it is said so."""
    shares = [
        (share, row.part)
        for row in told
        if row.part.status is Status.SEEN
        and row.part.counts is not None
        and (share := row.part.counts.frequency)
    ]
    if shares:
        share, part = max(shares, key=lambda each: each[0])
        text = N_("Highest frequency: %(frequency)s (%(dataset)s).")
        if part.adjusted_to is not None:
            text = N_("Highest frequency: about %(frequency)s (%(dataset)s).")
        yield words.gettext(text, frequency=words.decimal(share), dataset=part.name)


def whole(answer: NetworkAnswer, words: Words) -> str:
    """Return how many nodes answered, and who did not."""
    asked = [node for node in answer.nodes if node.status is not Status.NOT_ASKED]
    answered = sum(node.status in ANSWERS for node in asked)
    said = [
        words.ngettext(
            "%(answered)s of %(num)s node answered.",
            "%(answered)s of %(num)s nodes answered.",
            len(asked),
            answered=words.number(answered),
        )
    ]
    silent = [name_of(node, words) for node in asked if node.status in FAILURES]
    if silent:
        said.append(
            words.gettext(
                "No answer from %(names)s: this is not a “no”.",
                names=words.listed(silent),
            )
        )
    partly = [name_of(node, words) for node in asked if _is_partly(node, answer)]
    if partly:
        said.append(
            words.gettext(
                "%(names)s did not answer for everything: this is not a “no”.",
                names=words.listed(partly),
            )
        )
    if left := len(answer.nodes) - len(asked):
        said.append(
            words.ngettext(
                "%(num)s node was not asked.", "%(num)s nodes were not asked.", left
            )
        )
    return " ".join(said)


def _is_partly(node: NodeAnswer, answer: NetworkAnswer) -> bool:
    """Whether a node that answered did not for a dataset, or for one it asked."""
    if node.status in FAILURES:
        return False
    shown = {id(row) for row in answer.rows}
    return node.is_partial or any(
        row.part.status in FAILURES and id(row) in shown for row in node.datasets
    )


def name_of(answer: NodeAnswer, words: Words) -> str:
    """Return what a node is called in the reader's language."""
    names = answer.node.names
    return names.get(words.language, names["en"])
