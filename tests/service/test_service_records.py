"""Questions about documents: who is asked, what is said, and to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from beacon.model.annotation import AnnotationPattern
from beacon.model.assemblies import assembly, contig
from beacon.model.errors import InvalidRequest, UnknownFilters
from beacon.model.filters import TermFilter
from beacon.model.genome import Interval
from beacon.model.notation import parse
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.query import Granularity, Page, Query
from beacon.model.records import Under
from beacon.model.requester import ANONYMOUS
from beacon.model.status import Status
from beacon.policy.policy import OPEN, Policy
from beacon.service import LocalBeacon
from beacon.store.variants import VariantStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from beacon.model.disclosure import RecordsDisclosure
    from beacon.store.connection import StoreAddress

CHR22 = contig(assembly("GRCh37"), "22")
SEIZURE = ((TermFilter(id="HP:0001250"),),)


@pytest.fixture
async def store(populated_address: StoreAddress) -> AsyncIterator[VariantStore]:
    """Give a store with everything in it."""
    opened = await VariantStore.open(populated_address)
    yield opened
    await opened.close()


def beacon(store: VariantStore, policy: Policy = OPEN) -> LocalBeacon:
    """Return a beacon over a store."""
    return LocalBeacon(store, policy, references={}, deadline=5)


def people(**asked: object) -> Query:
    """Return a question for individuals at record granularity."""
    return Query(about="individual", **{"granularity": Granularity.RECORD, **asked})  # type: ignore[arg-type]


def at(*starts: int) -> VariantPattern:
    """Return the pattern that asks for whatever overlaps any of some bases."""
    first, *others = starts
    return VariantPattern(
        contig=CHR22,
        overlap=Bounds(low=first, high=first + 1),
        elsewhere=tuple(
            Interval(contig=CHR22, start=start, end=start + 1) for start in others
        ),
    )


def found(said: RecordsDisclosure) -> dict[str, list[object]]:
    """Return the ids of the documents of each dataset that has any."""
    return {
        part.dataset: [record["id"] for record in part.records]
        for part in said.datasets
        if part.exists
    }


async def test_without_leave_to_name_individuals_nobody_is_told_of(
    store: VariantStore,
) -> None:
    """Documents are counted; who is named is neither there nor not there."""
    strict = beacon(store, Policy(individuals=False))
    whole = await strict.answer_records(people(filters=SEIZURE), ANONYMOUS)
    one = await strict.answer_records(people(identity="I1"), ANONYMOUS)
    none = await strict.answer_records(people(identity="I77"), ANONYMOUS)
    under = Under(entry_type="individual", identity="I1")
    variants = await strict.answer(
        Query(under=under, granularity=Granularity.RECORD), ANONYMOUS
    )
    terms = await strict.filtering_terms(people(identity="I1"), ANONYMOUS)

    assert (found(whole), whole.total) == ({"register": [], "ward": []}, 4)
    assert one == none
    assert one.status is Status.WITHHELD
    assert variants.status is Status.WITHHELD
    assert terms == ()


async def test_who_may_not_be_asked_is_not_looked_into(store: VariantStore) -> None:
    """Not even whether the filters of the question are known there is told."""
    strict = beacon(store, Policy(individuals=False))
    query = Query(
        under=Under(entry_type="individual", identity="I1"),
        filters=((TermFilter(id="NOPE:1"),),),
        is_strict=True,
    )

    variants = await strict.answer(query, ANONYMOUS)
    documents = await strict.answer_records(people(**told(query)), ANONYMOUS)

    assert {part.status for part in variants.datasets} == {Status.WITHHELD}
    assert {part.status for part in documents.datasets} == {Status.WITHHELD}


def told(query: Query) -> dict[str, object]:
    """Return what narrows a question, to ask it of something else."""
    return {"under": query.under, "filters": query.filters, "is_strict": True}


async def test_a_name_without_anybody_asked_is_no_error(store: VariantStore) -> None:
    """As of variants: no dataset was chosen that could know it."""
    pattern = parse("rs404", assembly="GRCh37", loaded={"GRCh37"}, references={})

    said = await beacon(store).answer_records(
        people(pattern=pattern, datasets=("nowhere",)), ANONYMOUS
    )

    assert said.status is Status.NOT_ASKED


async def test_a_policy_of_counts_shows_no_document(store: VariantStore) -> None:
    """And one of yes and no shows no number."""
    counts = await beacon(store, Policy(granularity=Granularity.COUNT)).answer_records(
        people(), ANONYMOUS
    )
    words = await beacon(store, Policy(granularity=Granularity.BOOLEAN)).answer_records(
        people(), ANONYMOUS
    )

    assert (found(counts), counts.total) == ({"register": [], "ward": []}, 6)
    assert (words.exists, words.total) == (True, None)


async def test_places_are_asked_together(store: VariantStore) -> None:
    """Who carries something at either is found once; pages are over all of them."""
    ours = beacon(store)
    first = await ours.answer_records(people(pattern=at(16050407)), ANONYMOUS)
    both = await ours.answer_records(people(pattern=at(16050407, 16050677)), ANONYMOUS)
    page = people(pattern=at(16050407, 16050677), page=Page(skip=1, limit=3))
    rest = await ours.answer_records(page, ANONYMOUS)
    counted = people(
        pattern=at(16050407, 16050677), granularity=Granularity.COUNT, filters=SEIZURE
    )
    total = (await ours.answer_records(counted, ANONYMOUS)).total

    assert found(first) == {"ward": ["I1", "I2"]}
    assert found(both) == {"ward": ["I1", "I2", "I3", "I4"]}
    assert found(rest) == {"ward": ["I4"]}
    assert (both.total, total) == (4, 2)


async def test_a_name_nobody_carries_is_no_answer(store: VariantStore) -> None:
    """It is said, and never read as a "no"."""
    name = parse("rs77", assembly="GRCh37", loaded={"GRCh37"}, references={})

    with pytest.raises(InvalidRequest, match="rs77 is not among the rsIDs"):
        await beacon(store).answer_records(people(pattern=name), ANONYMOUS)


async def test_why_there_is_no_answer_is_said(store: VariantStore) -> None:
    """As it is where variants are asked for."""
    asked = AnnotationPattern(genes=("NOWHERE1",))
    pattern = VariantPattern(contig=None, genome="GRCh37", annotated=asked)
    said = await beacon(store).answer_records(people(pattern=pattern), ANONYMOUS)

    assert said.status is Status.NO_ANSWER
    assert any("names this gene" in sentence for sentence in said.warnings)


async def test_a_dataset_that_speaks_of_nothing_of_the_kind_has_not_said_no(
    store: VariantStore,
) -> None:
    """A filter it does not answer to leaves it without a word."""
    asked = people(filters=((TermFilter(id="LOINC:1-1"),),))
    said = await beacon(store).answer_records(asked, ANONYMOUS)

    assert {part.status for part in said.datasets} == {Status.NOT_COVERED}


async def test_an_assembly_alone_asks_datasets_of_that_assembly(
    store: VariantStore,
) -> None:
    """Documents without variants are of none."""
    said = await beacon(store).answer_records(people(assembly="GRCh37"), ANONYMOUS)

    assert list(found(said)) == ["ward"]


@pytest.mark.parametrize("about", ["individual", "genomicVariant", "dataset"])
async def test_strictly_an_unknown_filter_is_refused(
    store: VariantStore, about: str
) -> None:
    """By its name, whatever is asked for."""
    asked = Query(about=about, filters=((TermFilter(id="HP:9"),),), is_strict=True)
    ours = beacon(store)
    ask = {"individual": ours.answer_records, "dataset": ours.collect}

    with pytest.raises(UnknownFilters, match='"HP:9"'):
        await ask.get(about, ours.answer)(asked, ANONYMOUS)


async def test_carriers_are_told_where_people_are_known(store: VariantStore) -> None:
    """A dataset of counts, or of documents alone, says nothing of carriers."""
    said = await beacon(store).answer_records(people(pattern=at(16050407)), ANONYMOUS)

    assert {part.dataset: part.status for part in said.datasets} == {
        "register": Status.NOT_COVERED,
        "sites": Status.NOT_COVERED,
        "ward": Status.SEEN,
    }
