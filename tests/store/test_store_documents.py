"""Documents in a store: kept whole, replaced at once, removed without a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.model.dataset import Input
from beacon.model.filters import TermFilter
from beacon.model.query import Granularity, Query
from beacon.model.records import DocumentSet, Record, Under
from beacon.model.status import Status

if TYPE_CHECKING:
    from beacon.model.filters import Clauses, Filter
    from beacon.model.findings import FoundRecords
    from beacon.store.releases import Catalogue
    from beacon.store.variants import VariantStore

FEMALE, MALE = "NCIT:C16576", "NCIT:C20197"
INPUT = Input(name="individuals.json", sha256="ab", size=1, path="/x")


def person(identity: str, sex: str = FEMALE, **more: object) -> Record:
    """Return an individual."""
    label = {FEMALE: "female", MALE: "male"}[sex]
    document = {"id": identity, "sex": {"id": sex, "label": label}, **more}
    return Record(id=identity, document=document)


def sample(identity: str, individual: str, **more: object) -> Record:
    """Return a biosample."""
    document = {"id": identity, "individualId": individual, **more}
    return Record(id=identity, document=document, links={"individualId": individual})


def load(
    catalogue: Catalogue,
    records: list[Record],
    dataset: str = "one",
    entry_type: str = "individual",
    fingerprint: str = "f",
) -> DocumentSet:
    """Load documents."""
    writer = catalogue.begin_documents(dataset, entry_type)
    writer.put(records)
    return writer.publish(fingerprint, (INPUT,))


def every(*filters: Filter) -> Clauses:
    """Return clauses that ask for all of these."""
    return tuple((asked,) for asked in filters)


async def found(
    store: VariantStore,
    query: Query,
    *datasets: str,
    granularity: Granularity = Granularity.RECORD,
) -> FoundRecords:
    """Ask a store."""
    asked = dict.fromkeys(datasets or ("one",), granularity)
    return await store.find_records(query, asked)


def ids(answer: FoundRecords) -> list[list[object]]:
    """Return the ids that are told of, dataset by dataset."""
    return [[record["id"] for record in one.records] for one in answer.datasets]


async def test_what_is_loaded_is_answered(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """Documents are given back as they are, in their order, and counted."""
    records = [person("b", MALE, info={"big": 2**70, "half": "\ud800"}), person("a")]
    load(catalogue, records)
    answer = await found(variant_store, Query(about="individual"))

    assert [r.document for r in records] == list(answer.datasets[0].records)
    assert (Status.SEEN, 2, 2) == (
        answer.datasets[0].status,
        answer.datasets[0].total,
        answer.distinct,
    )


async def test_filters_and_links(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """A filter is judged where it is known, and carried over to what is asked for."""
    load(catalogue, [person("p1"), person("p2", MALE), person("p3", MALE)])
    blood = {"sampleOriginType": {"id": "UBERON:0000178", "label": "blood"}}
    samples = [sample("s1", "p1", **blood), sample("s2", "p2"), sample("s3", "p3")]
    load(catalogue, samples, entry_type="biosample")
    women = Query(about="biosample", filters=every(TermFilter(id=FEMALE)))
    of_blood = Query(
        about="individual",
        filters=every(TermFilter(id="uberon:0000178", scope="biosample")),
    )
    under = Query(
        about="biosample", under=Under(entry_type="individual", identity="p3")
    )
    answers = [await found(variant_store, q) for q in (women, of_blood, under)]

    assert [[["s1"]], [["p1"]], [["s3"]]] == [ids(answer) for answer in answers]
