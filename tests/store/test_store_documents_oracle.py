"""The documents in a store and their naive twin cannot be told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from beacon.model.entry_types import DOCUMENTED
from beacon.model.filters import FieldFilter, Operator, Similarity, TermFilter
from beacon.model.ontology import Concept, Hierarchy, Ontologies, text_of
from beacon.model.query import Granularity, Page, Query
from beacon.model.records import LINKS, Record
from beacon.store.variants import VariantStore
from tests.store.documents_oracle import Naive, NaiveDataset

if TYPE_CHECKING:
    from collections.abc import Callable

    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue

    Draw = Callable[[st.SearchStrategy], object]

CONCEPTS = (
    Concept(id="T:1", label="all"),
    Concept(id="T:2", label="two", parents=("T:1",)),
    Concept(id="T:3", label="three", parents=("T:1",)),
    Concept(id="T:4", label="four", parents=("T:2",), alternatives=("T:44",)),
    Concept(id="T:5", label="five", parents=("T:2", "T:3")),
    Concept(id="T:6", label="six", parents=("T:5",)),
)
ONTOLOGIES = Ontologies(by_prefix={"T": Hierarchy(CONCEPTS)})
TERMS = [*(f"T:{n}" for n in range(1, 7)), "t:4", "T:44", "T_5", "X:1"]
LABELS = ["Two", "two", "five", "Seizure", "asian"]
AGES = ["P9Y", "P70Y", "P12M", "P1Y", "P1Y6M", "P3W", "young"]
DATES = ["2021-04-23", "2021", "2021-04", "2020-01-01T10:00:00Z", "23/4/21"]
TEXTS = ["WGS", "wgs", "WXS", "a%b", "GBR", "42", "P9Y", "2021-04-23"]
NAMES = [f"n{n}" for n in range(5)]


def maybe(strategy: st.SearchStrategy) -> st.SearchStrategy:
    """Draw something, or that it is missing."""
    return st.none() | strategy


TERM = st.fixed_dictionaries(
    {"id": st.sampled_from(TERMS)}, optional={"label": st.sampled_from(LABELS)}
)
TIME = (
    st.fixed_dictionaries({"iso8601duration": st.sampled_from(AGES)})
    | st.builds(
        lambda low, high: {
            "start": {"iso8601duration": low},
            "end": {"iso8601duration": high},
        },
        st.sampled_from(AGES),
        st.sampled_from(AGES),
    )
    | TERM
    | st.sampled_from(DATES)
)
FEATURE = st.fixed_dictionaries(
    {"featureType": TERM, "excluded": st.booleans()},
    optional={"onset": TIME, "severity": TERM},
)
MEASURE = st.fixed_dictionaries(
    {
        "assayCode": TERM,
        "measurementValue": st.fixed_dictionaries({"value": st.integers(0, 4)}) | TERM,
    }
)
INFO = st.fixed_dictionaries(
    {},
    optional={
        "Population": st.sampled_from(TEXTS),
        "age": st.integers(8, 71) | st.sampled_from(AGES),
        "deep": st.fixed_dictionaries({"flag": st.booleans()}),
        "many": st.lists(st.integers(0, 3), max_size=2),
    },
)
DOCUMENTS = {
    "individual": {
        "sex": TERM,
        "diseases": st.lists(
            st.fixed_dictionaries(
                {"diseaseCode": TERM}, optional={"ageOfOnset": TIME, "stage": TERM}
            ),
            max_size=2,
        ),
        "phenotypicFeatures": st.lists(FEATURE, max_size=2),
        "measures": st.lists(MEASURE, max_size=2),
        "pedigrees": st.just([{"disease": {"diseaseCode": {"id": "T:1"}}}]),
        "info": INFO,
    },
    "biosample": {
        "sampleOriginType": TERM,
        "collectionDate": st.sampled_from(DATES),
        "collectionMoment": st.sampled_from(AGES),
        "phenotypicFeatures": st.lists(FEATURE, max_size=1),
    },
    "run": {
        "libraryStrategy": st.sampled_from(TEXTS),
        "platformModel": TERM,
        "runDate": st.sampled_from(DATES),
    },
    "analysis": {"aligner": st.sampled_from(TEXTS), "info": INFO},
}


@st.composite
def records(draw: Draw, entry_type: str) -> list[Record]:
    """Draw the records of one type."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=5))
    drawn = []
    for name in names:
        links = {
            link: to
            for link in LINKS[entry_type]
            if (to := draw(maybe(st.sampled_from([*NAMES, "nobody"])))) is not None
        }
        optional = st.fixed_dictionaries({}, optional=DOCUMENTS[entry_type])
        document = {"id": name, **links, **draw(optional)}
        drawn.append(Record(id=name, document=document, links=links))
    return drawn


@st.composite
def datasets(draw: Draw) -> NaiveDataset:
    """Draw a dataset: some types of records, perhaps its own, perhaps cohorts."""
    held = draw(st.sets(st.sampled_from(DOCUMENTED), min_size=1))
    duo = {"dataUseConditions": {"duoDataUse": [draw(TERM)]}}
    cohort = Record(
        id="c",
        document={"id": "c", "name": "c", "cohortDesign": draw(TERM)},
        members=draw(maybe(st.lists(st.sampled_from(NAMES)).map(tuple))),
    )
    return NaiveDataset(
        sets={name: draw(records(name)) for name in DOCUMENTED if name in held},
        record=draw(maybe(st.just({"id": "d", "name": "d", **duo}))),
        cohorts=draw(st.sampled_from([(), (cohort,)])),
    )


SCOPES = (None, None, "individual", "individual", *DOCUMENTED, "dataset", "cohort")
SCOPE = st.sampled_from(SCOPES)
TERM_FILTER = st.builds(
    TermFilter,
    id=st.sampled_from(
        (
            *(*TERMS, *TERMS, *TERMS, "NCIT:C16576"),
            *("population:gbr", "sex:two", "demographic.sex:T:4", "info.many:3"),
            *("libraryStrategy", "nothing:1", "run.aligner:wgs", "info.deep.flag:true"),
        )
    ),
    descendants=st.booleans(),
    negated=st.booleans(),
    similarity=st.sampled_from(Similarity),
    scope=SCOPE,
)
FIELD_FILTER = st.builds(
    FieldFilter,
    field=st.sampled_from(
        (
            *("age", "ageOfOnset", "diseases.ageOfOnset", "population", "sex"),
            *("T:4", "Seizure", "libraryStrategy", "collectionDate", "runDate"),
            *("info.many", "phenotypicFeatures.featureType", "onset", "nothing"),
        )
    ),
    operator=st.sampled_from(Operator),
    value=st.sampled_from(
        [*AGES, *DATES, *TEXTS, *LABELS, "T:4", "t%", "%w%s", "%", "2", "P2Y", "10"]
    ),
    scope=SCOPE,
)
FILTER = TERM_FILTER | FIELD_FILTER
ONE = FILTER.map(lambda asked: ((asked,),))
CLAUSES = st.lists(st.lists(FILTER, max_size=2).map(tuple), max_size=2).map(tuple)
QUESTION = st.tuples(ONE | ONE | CLAUSES, st.sampled_from(DOCUMENTED))
QUESTIONS = st.lists(QUESTION, min_size=60, max_size=60)


@settings(
    max_examples=20,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.target),
    suppress_health_check=list(HealthCheck),
)
@given(first=datasets(), second=datasets(), questions=QUESTIONS)
async def test_no_filter_tells_them_apart(
    store_address: StoreAddress,
    catalogue: Catalogue,
    hurried: None,
    monkeypatch: object,
    first: NaiveDataset,
    second: NaiveDataset,
    questions: list[tuple],
) -> None:
    """Whatever is asked of records, the store finds what ``is_met`` accepts.

    And every term that is listed finds something in each of its scopes.
    """
    for name in ("one", "two"):
        if any(d.id == name for d in catalogue.datasets()):
            catalogue.remove(name)
    catalogue.keep_ontology("T", text_of(CONCEPTS))
    for name, dataset in (("one", first), ("two", second)):
        _load(catalogue, name, dataset)
    naive = Naive([first, second], ONTOLOGIES)
    asked = {"one": Granularity.RECORD, "two": Granularity.RECORD}
    store = await VariantStore.open(store_address)
    try:
        for clauses, about in questions:
            query = Query(about=about, filters=clauses, page=Page(limit=100))
            answer = await store.find_records(query, asked)
            ids = [{r["id"] for r in one.records} for one in answer.datasets]
            expected = naive.select(clauses, about)

            assert expected == ids
            assert len(set().union(*expected)) == answer.distinct
            assert naive.unknown(clauses, about) == set(answer.unknown_filters)
        for listed in await store.filtering_terms(["one", "two"]):
            for scope in listed.scopes:
                asks = TermFilter(id=listed.id, scope=scope)
                query = Query(about=scope, filters=((asks,),))
                answer = await store.find_records(query, asked)

                assert (True, ()) == (bool(answer.distinct), answer.unknown_filters)
    finally:
        await store.close()


def _load(catalogue: Catalogue, name: str, dataset: NaiveDataset) -> None:
    for entry_type, held in dataset.sets.items():
        writer = catalogue.begin_documents(name, entry_type)
        writer.put(held)
        writer.publish("f", ())
    if dataset.record is not None:
        catalogue.describe_dataset(name, dataset.record)
    catalogue.keep_cohorts(name, dataset.cohorts)
