"""Whoever withdrew is in no document: as if nobody had ever described them."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient

from beacon.ingest import Journal, reapply, withdraw, withdrawn_from
from beacon.model.entry_types import ANALYSIS, BIOSAMPLE, DOCUMENTED, INDIVIDUAL, RUN
from beacon.model.errors import NotFound, UsageError
from beacon.model.leaving import names_of
from beacon.model.records import Record
from tests.service.people_samples import load
from tests.store.joint_samples import file, individual
from tests.store.test_store_joint import LINES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database

    from beacon.model.records import Json
    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue

SECRET = "HP:7654321"  # noqa: S105 - a term that only one person has


@pytest.fixture(autouse=True)
def settled(hurried: None) -> None:
    """Let nothing wait for readers that there are not."""
    del hurried


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """Give a journal of its own."""
    return Journal(tmp_path / "data")


@pytest.fixture
def database(store_address: StoreAddress) -> Iterator[Database]:
    """Give the database itself, to look what is in it."""
    with MongoClient(store_address.uri, tz_aware=True) as client:
        yield client[store_address.database]


def documents() -> dict[str, list[Json]]:
    """Return three people; the second has two samples and all that follows them."""
    return {
        INDIVIDUAL.id: [
            individual("one"),
            {**individual("two", "NCIT:C41260", SECRET), "info": {"age": "P17Y"}},
            individual("three"),
        ],
        BIOSAMPLE.id: [
            {"id": "P1", "individualId": "one"},
            {"id": "P2", "individualId": "two"},
            {"id": "tissue", "individualId": "two"},
            {"id": "P3", "individualId": "three"},
        ],
        RUN.id: [
            {"id": "run1", "biosampleId": "P1"},
            {"id": "run2", "biosampleId": "tissue"},
        ],
        ANALYSIS.id: [
            {"id": "analysis1", "runId": "run1"},
            {"id": "analysis2", "runId": "run2"},
            {"id": "analysis3", "individualId": "two"},
        ],
    }


def fill(catalogue: Catalogue, dataset: str = "people") -> None:
    """Load the documents, and cohorts that list people."""
    for entry_type, some in documents().items():
        file(catalogue, dataset, entry_type, some)
    cohorts = [
        Record(id="c", document={"id": "c"}, members=("one", "two")),
        Record(id="all", document={"id": "all"}),
    ]
    catalogue.keep_cohorts(dataset, cohorts)


def kept(catalogue: Catalogue, dataset: str = "people") -> dict[str, list[str]]:
    """Return the ids of the documents a dataset serves."""
    return {
        entry_type: [r.id for r in catalogue.documents_of(dataset, entry_type)]
        for entry_type in DOCUMENTED
    }


LEFT = {
    INDIVIDUAL.id: ["one", "three"],
    BIOSAMPLE.id: ["P1", "P3"],
    RUN.id: ["run1"],
    ANALYSIS.id: ["analysis1"],
}


@pytest.mark.parametrize("name", ["two", "tissue"])
def test_all_that_is_linked_to_somebody_goes(
    catalogue: Catalogue, journal: Journal, name: str
) -> None:
    """By their id or a sample's, with or without variants, nothing of theirs stays."""
    fill(catalogue)
    outcome = withdraw(catalogue, journal, "people", [name])
    cohorts = {c.id: c.members for c in catalogue.dataset("people").cohorts}

    assert LEFT == kept(catalogue)
    assert {"c": ("one",), "all": None} == cohorts
    assert {INDIVIDUAL.id: 1, BIOSAMPLE.id: 2, RUN.id: 1, ANALYSIS.id: 2} == dict(
        outcome.documents
    )
    assert {"two", "P2", "tissue"} == withdrawn_from(catalogue, "people")


def test_nothing_of_them_is_in_the_store(
    catalogue: Catalogue, journal: Journal, database: Database
) -> None:
    """Documents, postings, columns, keys and vocabulary are those of a load without."""
    fill(catalogue)
    withdraw(catalogue, journal, "people", ["two"])
    said = texts(database)
    for entry_type, some in documents().items():
        mine = [d for d in some if d["id"] in LEFT[entry_type]]
        file(catalogue, "others", entry_type, mine)
    numbers = {
        entry_type: (
            catalogue.dataset("people").documents[entry_type].number,
            catalogue.dataset("others").documents[entry_type].number,
        )
        for entry_type in DOCUMENTED
    }

    assert not [text for text in said if SECRET in text or "two" in text]
    for mine, theirs in numbers.values():
        assert blobs(database, theirs) == blobs(database, mine)


def texts(database: Database) -> list[str]:
    """Return all that collections of documents hold, as text."""
    found = []
    for name in ("documents", "postings", "cohorts"):
        for row in database[name].find():
            for value in row.values():
                blob = value if isinstance(value, bytes) else str(value).encode()
                found.append(blob.decode("latin-1"))
                if blob[:1] == b"x":
                    found.append(zlib.decompress(blob).decode("latin-1"))
    return found


def blobs(database: Database, number: int) -> list[object]:
    """Return what is kept of one set, in its order."""
    where = {"_id": {"$gte": number << 32, "$lt": (number + 1) << 32}}
    return [
        [(row["_id"] & 0xFFFFFFFF, row.get("b"), row.get("j"), row.get("i"))]
        for name in ("documents", "postings")
        for row in database[name].find(where).sort("_id")
    ]


def test_variants_go_with_their_documents(
    catalogue: Catalogue, journal: Journal, tmp_path: Path
) -> None:
    """An individual whom only documents name is the person of their sample."""
    load(catalogue, tmp_path, "people", LINES)
    fill(catalogue)
    outcome = withdraw(catalogue, journal, "people", ["two"])
    again = withdraw(catalogue, journal, "people", ["three"])

    assert outcome.withdrawn is not None
    assert outcome.withdrawn.people == 1
    assert catalogue.dataset("people").release.sample_count == 2
    assert again.withdrawn is not None
    assert {"two", "P2", "tissue", "I2", "three", "P3", "I3"} == withdrawn_from(
        catalogue, "people"
    )


def test_a_restored_store_leaves_them_out_again(
    catalogue: Catalogue, journal: Journal, database: Database
) -> None:
    """What a backup brings back is gone when the store is next opened."""
    fill(catalogue)
    withdraw(catalogue, journal, "people", ["two"])
    fill(catalogue)
    database["withdrawals"].drop()
    left = reapply(catalogue, journal)

    assert left == 1
    assert LEFT == kept(catalogue)
    assert 0 == reapply(catalogue, journal)


def test_a_stranger_is_refused_and_nothing_changes(
    catalogue: Catalogue, journal: Journal
) -> None:
    """Somebody whom neither documents nor variants name is a mistake, unless told."""
    fill(catalogue)
    before = catalogue.dataset("people").documents
    with pytest.raises(UsageError, match="no individual nobody"):
        withdraw(catalogue, journal, "people", ["nobody"])
    with pytest.raises(NotFound):
        withdraw(catalogue, journal, "elsewhere", ["one"])
    withdraw(catalogue, journal, "people", ["nobody"], is_for_future=True)

    assert before == catalogue.dataset("people").documents


def test_documents_that_are_being_loaded_are_waited_for(
    catalogue: Catalogue, journal: Journal
) -> None:
    """The order is kept, said not to be carried out, and carried out next time."""
    fill(catalogue)
    writer = catalogue.begin_documents("people", RUN.id)
    with pytest.raises(UsageError, match="being loaded"):
        withdraw(catalogue, journal, "people", ["two"])
    writer.abandon()
    reapply(catalogue, journal)

    assert LEFT == kept(catalogue)


def test_somebody_elses_id_is_no_sample_of_theirs() -> None:
    """A biosample that is called like another individual does not stand for them."""
    belongs = [("1", "7"), ("s", "7"), ("7", "8")]

    assert {"7", "s"} == names_of(["7"], belongs, {"1", "7", "8"})
    assert {"1", "s", "7"} == names_of(["7"], belongs[:2], {"7"})
    assert {"7", "1", "s"} == names_of(["s"], belongs[:2])
