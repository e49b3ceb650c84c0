"""Ask without a pause while a dataset changes; every answer is one it may give.

    python benchmarks/changing.py [--seconds 60] [--seed 1] [--store URI]

People are withdrawn, files loaded and appended, releases served again and removed,
in any order, by this process; ``VariantStore``s ask for alleles and wide ranges,
with and without somebody, meanwhile.  What each state of the dataset says is
counted from the genotypes themselves.  The law: no answer of a state that is over
for longer than a server may remember it, none that mixes two, none of somebody who
had left.  The exit code is 1 where it is broken.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from beacon.ingest import (
    Journal,
    LoadRequest,
    append_variants,
    load_variants,
    withdraw,
)
from beacon.model.assemblies import ASSEMBLIES
from beacon.model.counts import group_counts
from beacon.model.errors import BeaconError, StoreUnavailable
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.query import Granularity, Query
from beacon.store.connection import connect
from beacon.store.releases import Catalogue
from beacon.store.variants import VariantStore
from loaders import LoadOptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from beacon.model.findings import DatasetFindings

CONTIG = ASSEMBLIES["GRCh37"].contigs[21]
FIRST = 20_000_000
STEP = 1_500
PLACES = 300
PEOPLE = (60, 8, 8, 8)
"""How many are in each file; the first is loaded, the others are appended."""
REMEMBERED = 1.3
"""Seconds for which a server may serve what it has read before."""
CALLS = (("0/0", 0, 2), ("0/0", 0, 2), ("0/1", 1, 2), ("1/1", 2, 2), ("./.", 0, 0))
RARE = (("0/0", 0, 2),) * 60 + (("0/1", 1, 2), ("./.", 0, 0))
WIDE = Bounds(low=FIRST - 10, high=FIRST + STEP * PLACES + 10)


class State(NamedTuple):
    """What is served: files, who of them is counted, and from when on to when."""

    files: frozenset[int]
    gone: frozenset[str]
    begun: float


class Cohort:
    """Files of genotypes, and what they say."""

    def __init__(self, root: Path, chance: random.Random) -> None:
        self.paths: list[Path] = []
        self.calls: list[dict[int, dict[str, tuple[int, int]]]] = []
        for number, size in enumerate(PEOPLE):
            names = [f"f{number}p{n}" for n in range(size)]
            told: dict[int, dict[str, tuple[int, int]]] = {}
            path = root / f"{number}.vcf"
            head = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT"
            lines = ["##fileformat=VCFv4.2", "\t".join((head, *names))]
            for place in range(PLACES):
                if number and chance.random() < 0.4:
                    continue
                kinds = CALLS if chance.random() < 0.3 else RARE  # a few are common
                calls = [chance.choice(kinds) for _ in names]
                told[place] = {n: c[1:] for n, c in zip(names, calls, strict=True)}
                fixed = f"22\t{FIRST + place * STEP + 1}\t.\tA\tC\t.\tPASS\t.\tGT"
                lines.append("\t".join((fixed, *(c[0] for c in calls))))
            path.write_text("\n".join(lines) + "\n")
            self.paths.append(path)
            self.calls.append(told)

    def counts(self, state: State, place: int, without: str | None) -> tuple[int, int]:
        """Return AC and AN of an allele."""
        ac = an = 0
        for file in state.files:
            for name, (mine, called) in self.calls[file].get(place, {}).items():
                if name not in state.gone and name != without:
                    ac, an = ac + mine, an + called
        return ac, an

    def people(self, state: State) -> int:
        """Return how many are counted."""
        names = {
            n for f in state.files for calls in self.calls[f].values() for n in calls
        }
        return len(names - state.gone)


class Dataset:
    """Changes the dataset, and knows what it may say at any time."""

    def __init__(
        self, catalogue: Catalogue, journal: Journal, cohort: Cohort, seed: int
    ) -> None:
        self._catalogue, self._journal, self._cohort = catalogue, journal, cohort
        self._chance = random.Random(seed)
        self._served = frozenset((0,))
        self._gone: frozenset[str] = frozenset()
        self._files: dict[int, frozenset[int]] = {}
        self.states: list[State] = []
        self.ended: dict[int, float] = {}
        self.done: Counter[str] = Counter()

    def begin(self) -> None:
        """Load the first file."""
        self._load(0)

    def _enter(self, files: frozenset[int], gone: frozenset[str]) -> None:
        self.states.append(State(files, gone, time.monotonic()))

    def _entered(self) -> None:
        """Say that the last state alone is served."""
        for number in range(len(self.states) - 1):
            self.ended.setdefault(number, time.monotonic())
        self._served, self._gone = self.states[-1][:2]

    def possible(self, asked: float) -> Iterator[State]:
        """Yield the states that may answer what was asked then."""
        for number, state in [*enumerate(self.states)]:
            if self.ended.get(number, asked) > asked - REMEMBERED:
                yield state

    def change(self) -> None:
        """Do something."""
        work = self._chance.choice(
            (self._withdraw, self._withdraw, self._append, self._again, self._reload)
        )
        work()

    def _request(self, file: int, files: Sequence[int]) -> LoadRequest:
        return LoadRequest(
            dataset="d",
            paths=tuple(self._cohort.paths[f] for f in files or (file,)),
            options=LoadOptions(assembly="GRCh37"),
            references={},
        )

    def _load(self, file: int) -> None:
        files = frozenset((0, file))
        self._enter(files, self._gone)
        done = load_variants(self._catalogue, self._request(0, sorted(files)))
        self._files[done.release.ordinal] = files
        self._entered()
        self.done["load"] += 1

    def _reload(self) -> None:
        self._load(self._chance.randrange(len(PEOPLE)))

    def _append(self) -> None:
        left = [f for f in range(1, len(PEOPLE)) if f not in self._served]
        if not left:
            return
        file = self._chance.choice(left)
        files = self._served | {file}
        self._enter(files, self._gone)
        done = append_variants(self._catalogue, self._request(file, ()))
        self._files[done.release.ordinal] = files
        self._entered()
        self.done["append"] += 1

    def _withdraw(self) -> None:
        here = {
            n
            for f in self._served
            for n in self._cohort.calls[f][next(iter(self._cohort.calls[f]))]
        }
        if len(here - self._gone) < 20:
            return
        names = self._chance.sample(
            sorted(here - self._gone), self._chance.choice((1, 3))
        )
        gone = self._gone | {*names}
        self._enter(self._served, gone)
        served = self._catalogue.dataset("d").release.ordinal
        withdraw(
            self._catalogue, self._journal, "d", names, told=lambda _: self._entered()
        )
        self._files[self._catalogue.dataset("d").release.ordinal] = self._files[served]
        self.done["withdraw"] += 1

    def _again(self) -> None:
        """Serve another release; remove one now and then."""
        served = self._catalogue.dataset("d").release.ordinal
        others = [
            r.ordinal for r in self._catalogue.releases("d") if r.ordinal != served
        ]
        if not others:
            return
        wanted = self._chance.choice(others)
        if self._chance.random() < 0.3:
            self._catalogue.remove("d", wanted)
            self.done["remove"] += 1
            return
        self._enter(self._files[wanted], self._gone)
        self._catalogue.rollback("d", wanted)
        self._entered()
        self.done["rollback"] += 1


class Asker:
    """Asks one store, and judges what it says."""

    def __init__(self, dataset: Dataset, cohort: Cohort, seed: int) -> None:
        self._dataset, self._cohort = dataset, cohort
        self._chance = random.Random(seed)
        self.told: Counter[str] = Counter()
        self.wrong: list[str] = []

    async def ask(self, store: VariantStore, until: float, pause: float) -> None:
        """Ask until a moment, with pauses for which nothing is asked."""
        while time.monotonic() < until:
            await self._once(store)
            if self._chance.random() < 0.02:
                await asyncio.sleep(pause * self._chance.random())

    async def _once(self, store: VariantStore) -> None:
        kind = self._chance.choice(("allele", "allele", "without", "range"))
        place = self._chance.randrange(PLACES)
        without = None
        if kind == "without":
            without = f"f0p{self._chance.randrange(PEOPLE[0])}"
        asked = time.monotonic()
        try:
            found = await store.find(_query(kind, place, without), _LEVELS)
        except StoreUnavailable as error:
            self.told[str(error)] += 1
            return
        self.told[kind] += 1
        (said,) = found.datasets or (None,)
        possible = [*self._dataset.possible(asked)]
        wanted = [self._expected(kind, state, place, without) for state in possible]
        told = None if said is None else _told(kind, said)
        if told not in wanted:
            self.wrong.append(f"{kind} {place} {without}: {told} not in {wanted}")

    def _expected(
        self, kind: str, state: State, place: int, without: str | None
    ) -> object:
        people = self._cohort.people(state)
        if kind == "range":
            counts = (self._cohort.counts(state, p, None) for p in range(PLACES))
            return people, sum(ac > 0 for ac, _ in counts)
        ac, an = self._cohort.counts(state, place, without)
        return people, ac, an


_LEVELS = {"d": Granularity.COUNT}


def _query(kind: str, place: int, without: str | None) -> Query:
    if kind == "range":
        pattern = VariantPattern(contig=CONTIG, overlap=WIDE)
        return Query(pattern=pattern, granularity=Granularity.COUNT)
    start = FIRST + place * STEP
    pattern = VariantPattern(contig=CONTIG, spellings=((start, "A", "C"),))
    left_out = () if without is None else (without,)
    return Query(pattern=pattern, granularity=Granularity.COUNT, excluded=left_out)


def _told(kind: str, said: DatasetFindings) -> object:
    release = said.dataset.release
    if release is None:
        return None
    if kind == "range":
        return release.sample_count, said.total
    if said.counts is not None:
        return release.sample_count, said.counts.ac, said.counts.an
    if said.variants:
        total = group_counts(said.variants[0].tally, release.layout.groups[0])
        return release.sample_count, total.ac, total.an
    an = None if said.place is None else said.place.an
    return release.sample_count, 0, an or 0


def _changes(dataset: Dataset, until: float, failed: list[BaseException]) -> None:
    try:
        while time.monotonic() < until:
            dataset.change()
    except (BeaconError, AssertionError) as error:
        failed.append(error)


async def _run(options: argparse.Namespace, root: Path) -> int:
    chance = random.Random(options.seed)
    cohort = Cohort(root, chance)
    with connect(options.store, root / "data") as address, Catalogue(address) as held:
        dataset = Dataset(held, Journal(root / "data"), cohort, options.seed)
        dataset.begin()
        until = time.monotonic() + options.seconds
        failed: list[BaseException] = []
        worker = threading.Thread(target=_changes, args=(dataset, until, failed))
        askers = [Asker(dataset, cohort, options.seed + n) for n in range(4)]
        pauses = (0.0, 0.0, 3 * REMEMBERED, 15.0)
        stores = [await VariantStore.open(address) for _ in askers]
        await asyncio.gather(*(store.datasets() for store in stores))
        worker.start()
        await asyncio.gather(
            *(
                a.ask(s, until, p)
                for a, s, p in zip(askers, stores, pauses, strict=True)
            )
        )
        worker.join()
        for store in stores:
            await store.close()
    told = sum((asker.told for asker in askers), Counter())
    wrong = [line for asker in askers for line in asker.wrong]
    print(dict(dataset.done), dict(told), f"{len(wrong)} wrong", sep="\n")
    print(*wrong[:10], *failed, sep="\n")
    return 1 if wrong or failed else 0


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", help="a MongoDB URI; default: an embedded one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        return asyncio.run(_run(options, Path(root)))


if __name__ == "__main__":
    sys.exit(main())
