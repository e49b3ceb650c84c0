"""What a ledger costs, and whether the time of an answer tells anything.

    PYTHONPATH=. python benchmarks/ledger.py STORE

Loads a clinic of 400 people, one of whom carries every second of some alleles; asks
for them as one requester who was told enough of that person, in pairs of hidden and
absent; then charges for answers at once.  Seeded; a database of its own, dropped.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
import uuid
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from pymongo import MongoClient

from beacon.ingest import LoadRequest, load_variants
from beacon.model.notation import parse
from beacon.model.profile import LedgerTerms, Profile
from beacon.model.query import Granularity, Query
from beacon.model.requester import Requester
from beacon.policy.policy import Policy
from beacon.policy.terms import DatasetTerms, Tier
from beacon.service import LocalBeacon
from beacon.service.guard import Guard
from beacon.store.accounts import Books
from beacon.store.connection import StoreAddress, connect
from beacon.store.ledger import Asking, Hit, Ledger
from beacon.store.releases import Catalogue
from beacon.store.variants import VariantStore
from loaders import LoadOptions

PEOPLE, PAIRS, CHARGES, AT_ONCE = 400, 1_000, 2_000, 200
FIRST = 20_000_000
PATIENCE = 30.0
ANN = Requester(subject="ann", roles=frozenset({"care"}))
CARE = Tier(name="care", granularity=Granularity.COUNT, roles=frozenset({"care"}))


def policy() -> Policy:
    """Return one tier, one dataset, a ledger and no budget."""
    profile = Profile(name="ledgered", ledger=LedgerTerms())
    terms = DatasetTerms(id="clinic", access={"care": profile}, legal_basis="none")
    return Policy(tiers=(CARE,), datasets={"clinic": terms})


def write(path: Path) -> None:
    """Write the clinic: P0 carries what stands at every even place."""
    names = "\t".join(f"P{n}" for n in range(PEOPLE))
    head = "##fileformat=VCFv4.3\n"
    head += '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    head += f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}\n"
    rest = "\t0/0" * (PEOPLE - 1)
    with path.open("w") as file:
        file.write(head)
        for n in range(2 * PAIRS + 2):
            mine = "0/0" if n % 2 else "0/1"
            file.write(f"22\t{FIRST + n}\t.\tA\tG\t50\tPASS\t.\tGT\t{mine}{rest}\n")


def question(number: int) -> Query:
    """Return the question for the allele at a place."""
    text = f"22-{FIRST + number}-A-G"
    pattern = parse(text, assembly="GRCh37", loaded=(), references={})
    return Query(pattern=pattern, granularity=Granularity.COUNT)


def distance(one: list[float], other: list[float]) -> tuple[float, float]:
    """Return the greatest difference of two distributions, and where it is p = 0.01."""
    moments = sorted([(x, 1) for x in one] + [(x, -1) for x in other])
    most, sum_ = 0.0, 0
    for _, step in moments:
        sum_ += step
        most = max(most, abs(sum_) / len(one))
    return most, 1.628 * (2 / len(one)) ** 0.5


async def pairs(address: StoreAddress) -> None:
    """Ask for hidden and for absent alleles, one after another, in random order."""
    store = await VariantStore.open(address)
    books = await Books.open(address, b"k" * 32, patience=PATIENCE)
    rules = policy()
    guard = Guard(rules, books, store)
    beacon = LocalBeacon(store, rules, references={}, deadline=PATIENCE, guard=guard)
    await beacon.answer(question(0), ANN)
    chance = random.Random(1)
    spent: dict[int, list[float]] = {0: [], 1: []}
    for n in range(1, PAIRS + 1):
        for odd in chance.sample((0, 1), 2):
            began = time.perf_counter()
            said = await beacon.answer(question(2 * n + odd), ANN)
            spent[odd].append(1000 * (time.perf_counter() - began))
            assert said.datasets[0].status == "withheld", said  # noqa: S101
    for name, times in (("hidden", spent[0]), ("zero", spent[1])):
        cut = statistics.quantiles(times, n=20)
        print(f"{name}: median {cut[9]:.2f} ms, 95 % within {cut[18]:.2f} ms")
    most, line = distance(spent[0], spent[1])
    print(f"Kolmogorov-Smirnov: D {most:.3f} of {PAIRS} pairs (p = 0.01 at {line:.3f})")
    books.close()
    await store.close()


async def charges(address: StoreAddress) -> None:
    """Charge for different answers, many at once."""
    books = await Books.open(address, b"k" * 32, patience=PATIENCE)
    ledger = Ledger(books)
    base = Asking(
        who="ann", organisation="ward", dataset="clinic", question="",
        most=4.2, first_always=True, org_most=5.7, user_hits=2, org_hits=3,
        window=90, cap=50, ttl=365,
    )  # fmt: skip

    async def ask(first: int) -> None:
        for n in range(first, CHARGES, AT_ONCE):
            hits = [Hit(f"P{n % 997}", 1.5), Hit(f"P{n % 991}", 1.5)]
            await ledger.charge(replace(base, question=str(n)), hits)

    began = time.perf_counter()
    await asyncio.gather(*(ask(n) for n in range(AT_ONCE)))
    spent = time.perf_counter() - began
    print(f"{CHARGES} charges, {AT_ONCE} at once: {CHARGES / spent:,.0f} a second")
    books.close()


def main(uri: str | None) -> None:
    """Load, ask, and tell."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clinic.vcf"
        write(path)
        with connect(uri, Path(folder) / "store") as named:
            name = f"ledger_{uuid.uuid4().hex[:8]}"
            address = replace(named, database=name)
            with Catalogue(address) as catalogue:
                request = LoadRequest(
                    dataset="clinic",
                    paths=(path,),
                    options=LoadOptions(assembly="GRCh37"),
                    references={},
                )
                load_variants(catalogue, request)
            asyncio.run(pairs(address))
            asyncio.run(charges(address))
            with closing(MongoClient(address.uri)) as client:
                client.drop_database(name)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
