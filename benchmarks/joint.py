"""Time joint questions: of people chosen by their documents, of alleles by carriers.

    python benchmarks/joint.py [--people 100000] [--alleles 1000000] [--questions 200]

One dataset in an embedded MongoDB of its own: synthetic individuals with their
documents (sex, ethnicity, diseases, phenotypic features, ages), and alleles of
chromosome 1, some carried by few and some by up to a third of all, drawn from a
seed and written by the store's own writers.  Asked is

* one document by its key, by the driver alone, and one allele, without any filter:
  the faster of them is the indexed find that others are compared to;
* the same allele's counts among the individuals who meet filters;
* how many variants of the 10,000 bases from there on they carry;
* how many individuals meet filters and carry the allele;
* how many individuals meet filters, without any variant.

Filters differ from question to question (a few per cent of all, and about half).
Some answers are compared to those of the seed itself.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from measure import keep, summary
from motor.motor_asyncio import AsyncIOMotorClient

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.counts import Carriers, Group, Layout, Tally, VariantRecord
from beacon.model.entry_types import GENOMIC_VARIANT, INDIVIDUAL
from beacon.model.filters import TermFilter
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.people import FULL, People, Share, Shares
from beacon.model.query import Granularity, Query
from beacon.model.records import Record
from beacon.store.connection import connect
from beacon.store.driver import variants_collection
from beacon.store.keys import encode
from beacon.store.releases import Catalogue
from beacon.store.variants import VariantStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from beacon.model.filters import Clauses
    from beacon.store.connection import StoreAddress

NAME = "joint"
CONTIG = ASSEMBLIES["GRCh37"].contigs[0]
SEXES = ("NCIT:C16576", "NCIT:C20197")
ETHNICITIES = ("NCIT:C42331", "NCIT:C43851", "NCIT:C41260")
DISEASES = tuple(f"MONDO:{number:07}" for number in range(100, 140))
FEATURES = tuple(f"HP:{number:07}" for number in range(1000, 1060))
BASES = ("AC", "AG", "AT", "CA", "CG", "GT", "TC")
HET, HOM = Share(1, 2, het=1), Share(2, 2, hom=1)
STEP, FIRST, BATCH, WARM = 200, 10_000, 10_000, 20
MOST_COMMON = 50
LIMIT = 20.0
"""How many times as long as a single find a joint question may take (p50)."""


class Person(NamedTuple):
    """What is told of somebody."""

    sex: str
    ethnicity: str
    diseases: tuple[str, ...]
    features: tuple[str, ...]
    years: int

    @property
    def terms(self) -> frozenset[str]:
        """Every term."""
        return frozenset((self.sex, self.ethnicity, *self.diseases, *self.features))


def cohort(people: int) -> list[Person]:
    """Draw who there is."""
    chance = random.Random(1)
    return [
        Person(
            SEXES[chance.random() < 0.5],
            chance.choice(ETHNICITIES),
            tuple(chance.sample(DISEASES, chance.randint(0, 2))),
            tuple(chance.sample(FEATURES, chance.randint(0, 4))),
            chance.randint(1, 90),
        )
        for _ in range(people)
    ]


def documents(people: list[Person]) -> Iterator[Record]:
    """Yield the individuals' documents."""
    for number, person in enumerate(people):
        age = {"age": {"iso8601duration": f"P{person.years}Y"}}
        yield Record(
            id=f"p{number}",
            document={
                "id": f"p{number}",
                "sex": {"id": person.sex},
                "ethnicity": {"id": person.ethnicity},
                "diseases": [
                    {"diseaseCode": {"id": disease}, "ageOfOnset": age}
                    for disease in person.diseases
                ],
                "phenotypicFeatures": [
                    {"featureType": {"id": feature}} for feature in person.features
                ],
            },
        )


def carriers_of(number: int, people: int) -> tuple[list[int], list[int]]:
    """Draw who carries an allele once and twice; of a few alleles very many do."""
    chance = random.Random(number)
    kind = chance.random()
    if kind < 0.0002:
        count = chance.randint(people // 10, people // 3)
    elif kind < 0.01:
        count = chance.randint(20, max(20, people // 500))
    else:
        count = chance.randint(1, 4)
    who = sorted(chance.sample(range(people), min(count, people)))
    return [n for n in who if n % 10], [n for n in who if not n % 10]


def spelled(number: int) -> tuple[int, str, str]:
    """Return where an allele is, and its bases."""
    reference, alternate = BASES[number % len(BASES)]
    return FIRST + number * STEP, reference, alternate


def records(alleles: int, people: int, column_of: list[int]) -> Iterator[VariantRecord]:
    """Yield the alleles in genome order."""
    full = baseline(column_of)
    for number in range(alleles):
        het, hom = carriers_of(number, people)
        counts = [[0, 0] for _ in full]
        for place, who in ((0, het), (1, hom)):
            for person in who:
                counts[column_of[person]][place] += 1
        carriers = tuple(
            Carriers(column, once + 2 * twice, twice, once, 0)
            for column, (once, twice) in enumerate(counts)
            if once or twice
        )
        others = tuple((s, n) for s, n in ((HET, het), (HOM, hom)) if n)
        start, reference, alternate = spelled(number)
        yield VariantRecord(
            1,
            start,
            start + 1,
            reference,
            alternate,
            Tally(full, carriers),
            shares=Shares(FULL, others),
        )


def baseline(column_of: list[int]) -> tuple[int, ...]:
    """Return the copies of everybody by column: a sex and an ethnicity each."""
    width = len(SEXES) * len(ETHNICITIES)
    return tuple(2 * column_of.count(column) for column in range(width))


def load(catalogue: Catalogue, cohort: list[Person], alleles: int) -> None:
    """Publish the variants and the documents."""
    kinds = [(s, e) for s in SEXES for e in ETHNICITIES]
    column_of = [kinds.index((p.sex, p.ethnicity)) for p in cohort]
    total = Group(label="Total", columns=tuple(range(len(kinds))))
    layout = Layout(baseline=baseline(column_of), groups=(total,))
    names = tuple(f"p{number}" for number in range(len(cohort)))
    known = People(
        names=names,
        samples=tuple((name,) for name in names),
        column_of=tuple(column_of),
    )
    with catalogue.begin(NAME, assembly="GRCh37", layout=layout) as writer:
        rows = records(alleles, len(cohort), column_of)
        while batch := list(islice(rows, BATCH)):
            writer.put(batch)
        catalogue.keep_people(writer.number, known)
        writer.publish(
            fingerprint="f",
            genotyped=True,
            contigs=frozenset((CONTIG.name,)),
            variants=alleles,
            sample_count=len(cohort),
            inputs=(),
            tool="benchmark",
            options={},
            report={},
        )
    documented = catalogue.begin_documents(NAME, INDIVIDUAL.id)
    documented.put(documents(cohort))
    documented.publish(fingerprint="f", inputs=())


def filters(chance: random.Random) -> Clauses:
    """Draw filters that a few per cent, or about half of all people meet."""
    terms = chance.choice(
        (
            (chance.choice(SEXES),),
            (chance.choice(DISEASES),),
            (chance.choice(SEXES), chance.choice(FEATURES)),
            (chance.choice(ETHNICITIES), chance.choice(SEXES)),
        )
    )
    return tuple((TermFilter(id=term),) for term in terms)


class Question(NamedTuple):
    """An allele, and who is meant."""

    allele: int
    filters: Clauses

    @property
    def pattern(self) -> VariantPattern:
        """The allele, as it is asked for."""
        return VariantPattern(contig=CONTIG, spellings=(spelled(self.allele),))

    @property
    def stretch(self) -> VariantPattern:
        """The 10,000 bases that begin with it."""
        start, _, _ = spelled(self.allele)
        return VariantPattern(
            contig=CONTIG, overlap=Bounds(low=start, high=start + 10_000)
        )


def questions(number: int, alleles: int, people: int) -> list[Question]:
    """Draw questions; every tenth is of an allele that very many people carry."""
    chance = random.Random(2)
    numbers = (n for n in range(alleles) if sum(map(len, carriers_of(n, people))) > 999)
    common = list(islice(numbers, MOST_COMMON))

    def drawn(turn: int) -> int:
        is_common = bool(common) and not turn % 10
        return chance.choice(common) if is_common else chance.randrange(alleles)

    return [Question(drawn(turn), filters(chance)) for turn in range(number)]


Taken = dict[str, list[float]]


async def ask(
    address: StoreAddress, asked: list[Question]
) -> tuple[Taken, list[tuple[int, int]]]:
    """Ask everything; return milliseconds, and AC and individuals of each question."""
    store = await VariantStore.open(address, deadline=60.0)
    client: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(address.uri)
    rows = client[address.database][variants_collection("GRCh37")]
    level = {NAME: Granularity.COUNT}
    taken: Taken = {}
    answers = []
    try:
        for turn, (_, clauses) in enumerate(asked):
            pattern = asked[turn].pattern
            variants = Query(pattern=pattern, granularity=Granularity.COUNT)
            of_people = Query(
                pattern=pattern, filters=clauses, granularity=Granularity.COUNT
            )
            people = Query(
                about=INDIVIDUAL.id, filters=clauses, granularity=Granularity.COUNT
            )
            carriers = Query(
                about=INDIVIDUAL.id,
                pattern=pattern,
                filters=clauses,
                granularity=Granularity.COUNT,
            )
            stretch = Query(
                pattern=asked[turn].stretch,
                filters=clauses,
                granularity=Granularity.COUNT,
            )
            begun = [time.perf_counter()]
            await rows.find_one({"_id": encode(1, *spelled(asked[turn].allele))})
            begun.append(time.perf_counter())
            await store.find(variants, level)
            begun.append(time.perf_counter())
            told = await store.find(of_people, level)
            begun.append(time.perf_counter())
            await store.find(stretch, level)
            begun.append(time.perf_counter())
            carrying = await store.find_records(carriers, level)
            begun.append(time.perf_counter())
            await store.find_records(people, level)
            begun.append(time.perf_counter())
            answers.append((_copies(told), carrying.distinct or 0))
            if turn >= WARM:
                for name, one, other in zip(KINDS, begun, begun[1:], strict=False):
                    taken.setdefault(name, []).append(1000 * (other - one))
    finally:
        await store.close()
        client.close()
    return taken, answers


KINDS = (
    "one document by its key",
    "one allele",
    "one allele under filters",
    "variants of 10,000 bases under filters",
    "individuals under filters who carry it",
    "individuals under filters",
)


def _copies(found: object) -> int:
    (one,) = found.datasets
    return 0 if one.counts is None else one.counts.ac or 0


def expected(question: Question, cohort: list[Person]) -> tuple[int, int]:
    """Return AC and individuals by going through everybody who carries an allele."""
    wanted = {alternatives[0].id for alternatives in question.filters}
    het, hom = (
        [n for n in who if wanted <= cohort[n].terms]
        for who in carriers_of(question.allele, len(cohort))
    )
    return len(het) + 2 * len(hom), len(het) + len(hom)


def main() -> None:
    """Measure, compare, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--alleles", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=200)
    given = parser.parse_args()
    people = cohort(given.people)
    asked = questions(given.questions + WARM, given.alleles, given.people)
    with tempfile.TemporaryDirectory() as home, connect(None, Path(home)) as address:
        began = time.perf_counter()
        with Catalogue(address) as catalogue:
            load(catalogue, people, given.alleles)
        loaded = time.perf_counter() - began
        taken, answers = asyncio.run(ask(address, asked))
    wrong = sum(
        answer != expected(question, people)
        for question, answer in zip(asked, answers, strict=True)
    )
    single = min(statistics.median(taken[kind]) for kind in KINDS[:2])
    ratios = {
        name: round(statistics.median(times) / single, 2)
        for name, times in taken.items()
    }
    keep(
        "joint",
        {
            "people": given.people,
            "alleles": given.alleles,
            "questions": given.questions,
            "about": [GENOMIC_VARIANT.id, INDIVIDUAL.id],
            "load s": round(loaded, 1),
            "milliseconds": {name: summary(times) for name, times in taken.items()},
            "times a single find (p50)": ratios,
            "wrong": wrong,
        },
    )
    if wrong or max(ratios.values()) > LIMIT:
        message = f"{wrong} wrong answers, {max(ratios.values())} times a single find"
        raise AssertionError(message)


if __name__ == "__main__":
    main()
