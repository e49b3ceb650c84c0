"""Time filters over individuals and their biosamples.

    python benchmarks/filters.py [--people 100000] [--repeat 20]

One dataset in a real store, made from a seed.  Each question is asked once of a
fresh reader and then again and again; beside it a document is found by its id, as
the plainest thing that the database does.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import resource
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from measure import keep, summary
from pymongo import MongoClient

from beacon.model.filters import FieldFilter, Operator, TermFilter
from beacon.model.query import Granularity, Query
from beacon.model.records import Record
from beacon.store.connection import connect
from beacon.store.releases import Catalogue
from beacon.store.variants import VariantStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from beacon.store.connection import StoreAddress

FEMALE = TermFilter(id="NCIT:C16576")
FEATURE = TermFilter(id="HP:0000012")
QUESTIONS = {
    "one of 5,000 features": ("individual", (FEATURE,)),
    "not this feature": (
        "individual",
        (TermFilter(id="HP:0000012", negated=True),),
    ),
    "women, BMI, age of onset": (
        "individual",
        (
            FEMALE,
            FieldFilter(field="BMI", operator=Operator.GREATER, value="26"),
            FieldFilter(field="age", operator=Operator.LESS, value="P30Y"),
        ),
    ),
    "biosamples of women": ("biosample", (FEMALE,)),
    "individuals by origin": (
        "individual",
        (TermFilter(id="UBERON:3", scope="biosample"),),
    ),
}


def individuals(people: int) -> Iterator[Record]:
    """Yield individuals."""
    rng = random.Random(1)
    for number in range(people):
        identity = f"IND{number:07d}"
        age = {"iso8601duration": f"P{rng.randrange(90)}Y"}
        disease = {"id": f"MONDO:{rng.randrange(3000):07d}", "label": "disease"}
        features = [
            {
                "featureType": {
                    "id": f"HP:{rng.randrange(5000):07d}",
                    "label": "trait",
                },
                "excluded": rng.random() < 0.2,
            }
            for _ in range(rng.randrange(5))
        ]
        bmi = {
            "assayCode": {"id": "LOINC:35925-4", "label": "BMI"},
            "measurementValue": {"value": rng.gauss(25, 4)},
        }
        document = {
            "id": identity,
            "sex": {"id": rng.choice(("NCIT:C16576", "NCIT:C20197"))},
            "ethnicity": {"id": f"NCIT:C4{rng.randrange(30)}"},
            "diseases": [{"diseaseCode": disease, "ageOfOnset": age}],
            "phenotypicFeatures": features,
            "measures": [bmi],
            "info": {"population": rng.choice("ABCDEFG")},
        }
        yield Record(id=identity, document=document)


def biosamples(people: int) -> Iterator[Record]:
    """Yield a biosample of each individual."""
    rng = random.Random(2)
    for number in range(people):
        owner = f"IND{number:07d}"
        document = {
            "id": f"S{number:07d}",
            "individualId": owner,
            "biosampleStatus": {"id": "EFO:0009654"},
            "sampleOriginType": {"id": f"UBERON:{rng.randrange(20)}"},
            "collectionDate": f"20{rng.randrange(10, 24)}-03-11",
        }
        links = {"individualId": owner}
        yield Record(id=f"S{number:07d}", document=document, links=links)


def load(address: StoreAddress, people: int) -> dict[str, float]:
    """Load everything; return the seconds of each entry type."""
    taken = {}
    made: dict[str, Callable[[int], Iterator[Record]]]
    made = {"individual": individuals, "biosample": biosamples}
    with Catalogue(address) as catalogue:
        for entry_type, records in made.items():
            begun = time.perf_counter()
            writer = catalogue.begin_documents("bench", entry_type)
            writer.put(records(people))
            writer.publish("bench", ())
            taken[entry_type] = round(time.perf_counter() - begun, 2)
    return taken


async def ask(
    address: StoreAddress, repeat: int
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Return the milliseconds of each question, at first and again and again."""
    first: dict[str, float] = {}
    again: dict[str, list[float]] = {}
    asked = {"bench": Granularity.RECORD}
    store = await VariantStore.open(address)
    try:
        await store.datasets()
        for name, (about, filters) in QUESTIONS.items():
            query = Query(about=about, filters=tuple((f,) for f in filters))
            for turn in range(repeat + 1):
                begun = time.perf_counter()
                await store.find_records(query, asked)
                took = round(1000 * (time.perf_counter() - begun), 3)
                if turn:
                    again.setdefault(name, []).append(took)
                else:
                    first[name] = took
    finally:
        await store.close()
    return first, again


def plain(address: StoreAddress, repeat: int) -> list[float]:
    """Return the milliseconds of finding a document by its id."""
    taken = []
    with MongoClient(address.uri) as client:
        documents = client[address.database]["documents"]
        for turn in range(repeat + 1):
            begun = time.perf_counter()
            documents.find_one({"_id": (1 << 32) + 7 * turn})
            taken.append(1000 * (time.perf_counter() - begun))
    return taken[1:]


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, connect(None, Path(home)) as address:
        seconds = load(address, given.people)
        first, again = asyncio.run(ask(address, given.repeat))
        found = plain(address, given.repeat)
    keep(
        "filters",
        {
            "people": given.people,
            "load_seconds": seconds,
            "memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "first_milliseconds": first,
            "milliseconds": {n: summary(t) for n, t in again.items()},
            "one_document_milliseconds": summary(found),
        },
    )


if __name__ == "__main__":
    main()
