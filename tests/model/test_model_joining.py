"""One answer out of several alleles': what was not told is never a "no"."""

from __future__ import annotations

import pytest

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.counts import AlleleCounts
from beacon.model.disclosure import DatasetDisclosure, Disclosure, NamedAllele
from beacon.model.joining import joined, joined_places
from beacon.model.query import Granularity, Query
from beacon.model.status import Status
from beacon.model.variant import sequence_allele

CHR22 = ASSEMBLIES["GRCh37"].contigs[21]


def _said(base: str, **words: Status) -> NamedAllele:
    parts = tuple(
        DatasetDisclosure(
            dataset=name,
            name=name,
            status=status,
            granularity=Granularity.COUNT,
            exists=status is Status.SEEN,
            total=int(status is Status.SEEN),
            counts=AlleleCounts(ac=1, an=2),
        )
        for name, status in words.items()
    )
    return NamedAllele(
        allele=sequence_allele(CHR22, 9, "A", base),
        disclosure=Disclosure(granularity=Granularity.COUNT, datasets=parts),
    )


@pytest.mark.parametrize(
    ("first", "second", "word"),
    [
        (Status.SEEN, Status.NOT_SEEN, Status.SEEN),
        (Status.NOT_SEEN, Status.NOT_SEEN, Status.NOT_SEEN),
        (Status.NOT_SEEN, Status.NOT_COVERED, Status.NOT_COVERED),
        (Status.NOT_SEEN, Status.WITHHELD, Status.WITHHELD),
        (Status.NOT_SEEN, Status.NO_ANSWER, Status.NO_ANSWER),
        (Status.NOT_COVERED, Status.NOT_COVERED, Status.NOT_COVERED),
    ],
)
def test_a_no_needs_every_allele(first: Status, second: Status, word: Status) -> None:
    """A dataset is ``not_seen`` only where it is so for each allele."""
    answers = [_said("C", d=first), _said("G", d=second)]
    both = joined("rs1", answers, Query())
    turned = joined("rs1", answers[::-1], Query())

    assert [word] == [part.status for part in both.datasets]
    assert [word] == [part.status for part in turned.datasets]
    assert both.datasets[0].counts is None


def test_a_dataset_that_came_meanwhile_has_no_answer() -> None:
    """One that was asked for some of the alleles has not said "no"."""
    answers = [_said("C", a=Status.NOT_SEEN), _said("G", b=Status.NOT_SEEN)]
    both = joined("rs1", answers, Query())

    assert {part.status for part in both.datasets} == {Status.NO_ANSWER}


def test_one_allele_keeps_its_counts() -> None:
    """The name of one allele is answered as the allele."""
    (answer,) = answers = [_said("C", d=Status.SEEN)]
    said = joined("rs1", answers, Query())

    assert said.datasets == answer.disclosure.datasets
    assert said.alleles == (answer,)


@pytest.mark.parametrize(
    ("first", "second", "word"),
    [
        (Status.SEEN, Status.NOT_COVERED, Status.SEEN),
        (Status.NOT_SEEN, Status.SEEN, Status.SEEN),
        (Status.NOT_SEEN, Status.NOT_COVERED, Status.NOT_SEEN),
        (Status.NOT_COVERED, Status.NOT_SEEN, Status.NOT_COVERED),
        (Status.NOT_COVERED, Status.SEEN, Status.SEEN),
        (Status.NOT_SEEN, Status.NO_ANSWER, Status.NO_ANSWER),
        (Status.NOT_SEEN, Status.WITHHELD, Status.WITHHELD),
    ],
)
def test_a_no_needs_the_first_place(
    first: Status, second: Status, word: Status
) -> None:
    """A dataset that never looked where data is expected says no "no"."""
    places = [_said("C", d=status).disclosure for status in (first, second)]
    (part,) = joined_places(places, Query()).datasets

    assert (part.status, part.counts) == (word, None)
    assert part.total == [first, second].count(Status.SEEN)
