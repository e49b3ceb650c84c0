"""Documents in a store: kept whole, replaced at once, removed without a trace."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import MongoClient
from pyroaring import BitMap

from beacon.model.dataset import Input
from beacon.model.errors import LoadRejected, NotFound, StoreUnavailable, UsageError
from beacon.model.filters import FieldFilter, Operator, TermFilter
from beacon.model.people import People
from beacon.model.query import Granularity, Page, Query
from beacon.model.records import DocumentSet, Record, Under
from beacon.model.status import Status
from beacon.store import document_sets
from beacon.store.document_tables import DocumentTables
from beacon.store.individuals import Crowd
from beacon.store.remembered import Remembered
from beacon.store.variants import VariantStore

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from beacon.model.filters import Clauses, Filter
    from beacon.model.findings import FoundRecords
    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue

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


async def test_a_person_in_two_datasets_is_one(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """Different ids are counted over datasets, and only where counts are wanted."""
    load(catalogue, [person("a"), person("b"), person("c", MALE)])
    load(catalogue, [person("b"), person("d")], "two")
    query = Query(about="individual", filters=every(TermFilter(id=FEMALE)))
    levels = [Granularity.RECORD, Granularity.COUNT, Granularity.BOOLEAN]
    answers = [
        await found(variant_store, query, "one", "two", granularity=level)
        for level in levels
    ]
    told = [[(one.total, len(one.records)) for one in a.datasets] for a in answers]

    assert [3, 3, None] == [answer.distinct for answer in answers]
    assert [[(2, 2), (2, 2)], [(2, 0), (2, 0)], [(1, 0), (1, 0)]] == told


async def test_pages_are_parts_of_one_order(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """Pages side by side are the whole, in the order of the file."""
    load(catalogue, [person(f"p{n}") for n in (3, 1, 2, 5, 4)])
    pages = [Page(skip=n, limit=2) for n in range(4)]
    answers = [
        await found(variant_store, Query(about="individual", page=page))
        for page in pages
    ]

    assert [[["p3", "p1"]], [["p2", "p5"]], [["p4"]], [[]]] == [
        ids(answer) for answer in answers
    ]
    assert {5} == {answer.datasets[0].total for answer in answers}


STATUSES = {
    "there": (every(TermFilter(id=FEMALE)), "individual", Status.SEEN),
    "not there": (every(TermFilter(id="sex:alien")), "individual", Status.NOT_SEEN),
    "no such documents": ((), "run", Status.NOT_COVERED),
    "none in scope": (
        every(TermFilter(id=FEMALE, scope="biosample")),
        "individual",
        Status.NOT_COVERED,
    ),
    "none in scope, but an alternative": (
        ((TermFilter(id=FEMALE, scope="run"), TermFilter(id=FEMALE)),),
        "individual",
        Status.SEEN,
    ),
}


@pytest.mark.parametrize("name", STATUSES)
async def test_a_missing_set_is_no_no(
    catalogue: Catalogue, variant_store: VariantStore, name: str
) -> None:
    """Only a dataset that has such documents says that nothing is among them."""
    load(catalogue, [person("a")])
    clauses, about, status = STATUSES[name]
    answer = await found(variant_store, Query(about=about, filters=clauses))

    assert status is answer.datasets[0].status


async def test_what_nothing_answers_to_is_told(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """A filter is unknown when no dataset answers to it; it matches nothing."""
    load(catalogue, [person("a")])
    load(catalogue, [person("b", info={"population": "GBR"})], "two")
    filters = every(TermFilter(id="population:FIN"))
    strange = every(TermFilter(id="HP:0001250", negated=True))
    known = await found(variant_store, Query(about="individual", filters=filters))
    both = Query(about="individual", filters=filters)
    answers = [
        known,
        await found(variant_store, both, "one", "two"),
        await found(variant_store, Query(about="individual", filters=strange)),
    ]

    assert [("population:FIN",), (), ("!HP:0001250",)] == [
        answer.unknown_filters for answer in answers
    ]
    assert {0} == {one.total for answer in answers for one in answer.datasets}


async def test_datasets_and_cohorts_are_records(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """They are found by their own records, and by those of their individuals."""
    load(catalogue, [person("a"), person("b", MALE)])
    load(catalogue, [person("c")], "two")
    catalogue.describe_dataset(
        "two",
        {
            "id": "two",
            "name": "Two",
            "dataUseConditions": {"duoDataUse": [{"id": "DUO:1"}]},
        },
    )
    cohort = {"id": "men", "name": "men", "cohortType": "study-defined"}
    catalogue.keep_cohorts("one", [Record(id="men", document=cohort, members=("b",))])
    asked = [
        Query(about="dataset", filters=every(TermFilter(id="DUO:1"))),
        Query(about="dataset", filters=every(TermFilter(id=MALE))),
        Query(about="cohort", filters=every(TermFilter(id="cohortType:study-defined"))),
        Query(about="cohort", filters=every(TermFilter(id=FEMALE))),
        Query(about="individual", cohort="men"),
        Query(about="individual", filters=every(TermFilter(id="DUO:1"))),
        Query(
            about="individual", filters=every(TermFilter(id="DUO:1", scope="dataset"))
        ),
    ]
    answers = [await found(variant_store, query, "one", "two") for query in asked]

    assert [
        [[], ["two"]],
        [["one"], []],
        [["men"], []],
        [[], []],
        [["b"], []],
        [[], ["c"]],
        [[], ["c"]],
    ] == [ids(answer) for answer in answers]


async def test_a_cohort_of_people_who_are_not_here(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """Without its individuals a cohort says nothing, unless it is the whole dataset."""
    load(catalogue, [sample("s", "p")], entry_type="biosample")
    named = Record(id="some", document={"id": "some"}, members=("p",))
    whole = Record(id="all", document={"id": "all"})
    catalogue.keep_cohorts("one", [named, whole])
    answers = [
        await found(variant_store, Query(about="biosample", cohort=cohort))
        for cohort in ("some", "all", "other")
    ]

    assert [Status.NOT_COVERED, Status.SEEN, Status.NOT_COVERED] == [
        answer.datasets[0].status for answer in answers
    ]


async def test_one_document_is_found_by_its_id(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """An id is compared exactly."""
    load(catalogue, [person("a"), person("B")])
    answers = [
        await found(variant_store, Query(about="individual", identity=identity))
        for identity in ("B", "b")
    ]

    assert [[["B"]], [[]]] == [ids(answer) for answer in answers]


def rows_left(catalogue: Catalogue) -> dict[str, int]:
    """Return how many rows are kept of documents, by collection."""
    with MongoClient(catalogue.address.uri) as client:
        database = client[catalogue.address.database]
        names = ("documents", "postings", "document_sets", "cohorts", "datasets")
        return {n: database[n].count_documents({}) for n in names}


@pytest.mark.usefixtures("hurried")
async def test_a_set_is_replaced_at_once(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """What was loaded before is served until the last step, and then gone."""
    load(catalogue, [person("a"), person("b")])
    before = rows_left(catalogue)
    writer = catalogue.begin_documents("one", "individual")
    writer.put([person("c"), person("d")])
    meanwhile = await found(variant_store, Query(about="individual"))
    writer.publish("g", ())
    fresh = await VariantStore.open(catalogue.address)
    after = await found(fresh, Query(about="individual"))
    await fresh.close()

    assert [[["a", "b"]], [["c", "d"]]] == [ids(meanwhile), ids(after)]
    assert before == rows_left(catalogue)
    assert catalogue.documents_unchanged("one", "individual", "f") is None
    assert catalogue.documents_unchanged("one", "individual", "g") is not None


async def test_who_reads_what_was_removed_is_told(
    catalogue: Catalogue, variant_store: VariantStore, hurried: None
) -> None:
    """A set that is gone under a question is an error, never "nothing there"."""
    load(catalogue, [person("a")])
    await variant_store.datasets()
    load(catalogue, [person("b")], fingerprint="g")
    with pytest.raises(StoreUnavailable, match="replaced while"):
        await found(variant_store, Query(about="individual", identity="a"))


async def test_questions_during_a_load_see_one_set(
    catalogue: Catalogue,
    variant_store: VariantStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While sets are replaced, every answer is the whole of one of them."""
    monkeypatch.setattr("beacon.store.variants._FRESH", 0)
    query = Query(about="individual", filters=every(TermFilter(id=FEMALE)))
    load(catalogue, [person("p0")])

    def replace() -> None:
        load(catalogue, [person("p0"), person("p1")], fingerprint="g")

    loading = asyncio.create_task(asyncio.to_thread(replace))
    seen = set()
    while not loading.done():
        answers = await asyncio.gather(*(found(variant_store, query) for _ in range(8)))
        seen |= {(one.total, len(one.records)) for a in answers for one in a.datasets}
    await loading
    answer = await found(variant_store, query)

    assert {(1, 1), (2, 2)} >= seen
    assert 2 == answer.distinct


async def test_who_leaves_does_not_stop_what_all_wait_for(
    store_address: StoreAddress,
) -> None:
    """What a question had no time for is there for the next; a failure is not kept."""
    client: AsyncIOMotorClient[dict[str, object]]
    client = AsyncIOMotorClient(store_address.uri)
    tables = DocumentTables(client[store_address.database], 1.0)
    known: Remembered[int, str] = Remembered(10)
    begun: list[int] = []

    async def read() -> str:
        begun.append(len(begun))
        await asyncio.sleep(0.02)
        if len(begun) == 1:
            raise StoreUnavailable
        return "read"

    def asked() -> Awaitable[str]:
        return tables.once(known, 1, read, len)

    with pytest.raises(StoreUnavailable):
        await asked()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asked(), 0.01)
    told = await asyncio.gather(asked(), asked())
    client.close()

    assert (["read", "read"], [0, 1], "read") == (told, begun, known.get(1))


def test_documents_are_given_for_checks(catalogue: Catalogue) -> None:
    """A loader reads back what is served: ids, links and documents."""
    samples = [sample("s1", "p1"), Record(id="s2", document={"id": "s2"})]
    load(catalogue, samples, entry_type="biosample")

    assert samples == list(catalogue.documents_of("one", "biosample"))
    assert [] == list(catalogue.documents_of("one", "run"))
    assert [] == list(catalogue.documents_of("nobody", "run"))


def test_one_load_at_a_time(catalogue: Catalogue) -> None:
    """A second load of the same documents is refused; of others it is not."""
    writer = catalogue.begin_documents("one", "individual")
    with pytest.raises(LoadRejected, match="being loaded by another process"):
        catalogue.begin_documents("one", "individual")
    load(catalogue, [sample("s", "p")], entry_type="biosample")
    writer.abandon()
    load(catalogue, [person("a")])

    assert {"individual", "biosample"} == catalogue.dataset("one").documents.keys()


def test_an_id_stands_once(catalogue: Catalogue) -> None:
    """Two documents with one id are refused, and nothing of them stays."""
    writer = catalogue.begin_documents("one", "individual")
    with pytest.raises(LoadRejected, match="two individual documents have the id a"):
        writer.put([person("a"), person("b"), person("a")])
    writer.abandon()

    assert {0} == set(rows_left(catalogue).values())
    with pytest.raises(NotFound):
        catalogue.dataset("one")


def kill(catalogue: Catalogue) -> None:
    """Let every load under way look as if its process had died."""
    with MongoClient(catalogue.address.uri) as client:
        sets = client[catalogue.address.database]["document_sets"]
        sets.update_many({"state": "loading"}, {"$set": {"owner.started": -1}})


@pytest.mark.usefixtures("hurried")
def test_a_killed_load_leaves_what_was_there(catalogue: Catalogue) -> None:
    """A load that died is swept by the next; the set before goes on being served."""
    load(catalogue, [person("a")])
    before = rows_left(catalogue)
    writer = catalogue.begin_documents("one", "individual")
    writer.put([person("b")])
    kill(catalogue)
    swept = catalogue.sweep()

    assert (1, before) == (swept, rows_left(catalogue))
    assert ["a"] == [r.id for r in catalogue.documents_of("one", "individual")]
    with pytest.raises(LoadRejected, match="given up as dead"):
        writer.publish("g", ())
    writer.abandon()
    assert before == rows_left(catalogue)


@pytest.mark.usefixtures("hurried")
def test_killed_between_its_last_steps(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A load that died after the flip is served, and what it replaced is removed."""
    load(catalogue, [person("a"), person("b")])
    writer = catalogue.begin_documents("one", "individual")
    writer.put([person("c"), person("d")])
    monkeypatch.setattr(document_sets.DocumentSets, "sweep", lambda _: 0)
    writer.publish("g", ())
    monkeypatch.undo()
    with MongoClient(catalogue.address.uri) as client:
        sets = client[catalogue.address.database]["document_sets"]
        sets.update_many({}, {"$set": {"state": "loading"}})
    kill(catalogue)
    monkeypatch.setattr(document_sets, "SETTLE", 0.0)
    catalogue.sweep()

    assert ["c", "d"] == [r.id for r in catalogue.documents_of("one", "individual")]
    assert (2, 1) == (rows_left(catalogue)["documents"], catalogue.sweep() + 1)


def test_what_was_published_stays(catalogue: Catalogue) -> None:
    """Whoever gives a load up that was published unawares takes nothing away."""
    writer = catalogue.begin_documents("one", "individual")
    writer.put([person("a")])
    writer.publish("f", ())
    writer.abandon()

    assert ["a"] == [r.id for r in catalogue.documents_of("one", "individual")]


@pytest.mark.usefixtures("hurried")
def test_a_removed_dataset_leaves_nothing(catalogue: Catalogue) -> None:
    """With a dataset go its documents, its cohorts and what killed loads left."""
    load(catalogue, [person("a")])
    load(catalogue, [sample("s", "a")], entry_type="biosample")
    catalogue.keep_cohorts("one", [Record(id="c", document={"id": "c"})])
    catalogue.describe_dataset("one", {"id": "one", "name": "One"})
    catalogue.begin_documents("one", "run").put([])
    kill(catalogue)
    catalogue.remove("one")

    assert {0} == set(rows_left(catalogue).values())


def test_a_dataset_that_is_being_loaded_stays(catalogue: Catalogue) -> None:
    """It is not removed under a load of documents."""
    load(catalogue, [person("a")])
    writer = catalogue.begin_documents("one", "run")
    with pytest.raises(UsageError, match="being removed or loaded"):
        catalogue.remove("one")
    writer.abandon()


async def test_every_read_uses_an_index(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """No question for documents makes the database look at every row."""
    people = [person(f"p{n}", info={"n": n % 7}, age="x") for n in range(120)]
    load(catalogue, people)
    load(catalogue, [sample(f"s{n}", f"p{n}") for n in range(120)], "one", "biosample")
    catalogue.keep_cohorts("one", [Record(id="c", document={"id": "c"})])
    catalogue.keep_ontology("HP", b"HP:1\tall\t\t\n")
    with MongoClient(catalogue.address.uri) as client:
        database = client[catalogue.address.database]
        database.command("profile", 2)
        filters = every(
            TermFilter(id=FEMALE),
            TermFilter(id=MALE, negated=True),
            FieldFilter(field="n", operator=Operator.LESS, value="5"),
        )
        under = Under(entry_type="individual", identity="p3")
        for query in (
            Query(about="biosample", filters=filters, cohort="c"),
            Query(about="biosample", under=under),
            Query(about="individual", identity="p5"),
            Query(about="cohort", filters=filters),
        ):
            await found(variant_store, query)
        await variant_store.filtering_terms(["one"], under=under)
        await variant_store.filtering_terms(["one"], cohort="c")
        database.command("profile", 0)
        told = [
            (op["ns"].partition(".")[2], op["planSummary"])
            for op in database["system.profile"].find({"op": "query"})
        ]
    plans = {ns: {plan for n, plan in told if n == ns} for ns, _ in told}

    assert {"IDHACK", "IXSCAN { _id: 1 }"} >= plans["documents"] | plans["postings"]
    assert {"IDHACK", "IXSCAN { _id: 1 }"} >= plans["ontologies"] | plans["cohorts"]
    assert {"datasets"} >= {ns for ns, plan in told if "COLLSCAN" in plan}


async def test_terms_are_listed_once(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """A term is listed with its scopes and its usual label; an absent one is not."""
    feature = {"featureType": {"id": "HP:1", "label": "one"}, "excluded": True}
    bmi = {
        "assayCode": {"id": "LOINC:35925-4", "label": "BMI"},
        "measurementValue": {"value": 20},
    }
    more = {
        "phenotypicFeatures": [feature],
        "measures": [bmi],
        "info": {"Population": "GBR"},
        "diseases": [{"diseaseCode": {"id": "MONDO:1"}, "ageOfOnset": "P3Y"}],
    }
    load(catalogue, [person("a", **more), person("b")])
    status = {"biosampleStatus": {"id": FEMALE, "label": "odd"}}
    load(catalogue, [sample("s", "b", **status)], "two", "biosample")
    terms = await variant_store.filtering_terms(["one", "two"])
    told = {(t.type.value, t.id): (t.label, t.scopes, t.values) for t in terms}

    assert {
        ("ontology", FEMALE): ("female", ("individual", "biosample"), ()),
        ("ontology", "LOINC:35925-4"): ("BMI", ("individual",), ()),
        ("ontology", "MONDO:1"): (None, ("individual",), ()),
        ("alphanumeric", "LOINC:35925-4"): ("BMI", ("individual",), ()),
        ("alphanumeric", "age"): (None, ("individual",), ()),
        ("alphanumeric", "diseases.ageOfOnset"): (None, ("individual",), ()),
        ("alphanumeric", "info.population"): (None, ("individual",), ("GBR",)),
        ("custom", "population:GBR"): (None, ("individual",), ()),
    } == told


async def test_terms_of_some(catalogue: Catalogue, variant_store: VariantStore) -> None:
    """Terms of a type, of a record and of a cohort are those that they say."""
    load(catalogue, [person("a"), person("b", MALE), person("c", MALE)])
    load(catalogue, [sample("s", "b", tumorGrade={"id": "X:1"})], "one", "biosample")
    cohort = Record(id="k", document={"id": "k"}, members=("a",))
    catalogue.keep_cohorts("one", [cohort])
    under = Under(entry_type="individual", identity="b")
    asked = (
        {},
        {"entry_types": ["biosample"]},
        {"under": under},
        {"cohort": "k"},
    )
    told = [
        [t.id for t in await variant_store.filtering_terms(["one"], **only)]
        for only in asked
    ]

    assert [[FEMALE, MALE, "X:1"], ["X:1"], [MALE, "X:1"], [FEMALE]] == told


async def test_people_are_individuals(
    catalogue: Catalogue, variant_store: VariantStore
) -> None:
    """Somebody is the individual of their name, sample or biosample; or nobody."""
    load(catalogue, [person("i1"), person("i2"), person("S3")])
    load(catalogue, [sample("b2", "i2")], entry_type="biosample")
    people = People(
        names=("i1", "x", "y", None, "z"),
        samples=(("S1",), ("S0", "b2"), ("S3",), (), ("s9",)),
        column_of=(0, 0, 0, 0, 0),
    )
    crowd = Crowd(people, {}, people, frozenset())
    (cabinet,) = await variant_store.cabinets(["one"])
    everybody = await cabinet.people_of(BitMap([0, 1, 2]), crowd, 7)
    second = await cabinet.people_of(BitMap([1]), crowd, 7)
    individuals = await cabinet.individuals_of(BitMap([1, 2, 3, 4]), crowd, 7)

    assert ([0, 1, 2], [1], [1, 2]) == (
        list(everybody),
        list(second),
        list(individuals),
    )
