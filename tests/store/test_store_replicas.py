"""A replica set, really run and really hurt: no wrong answer, and nearly no failure.

One set of three for all tests, each of which leaves it whole (the last one with a
member that still catches up).
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest
from pymongo import MongoClient
from pymongo.errors import ExecutionTimeout

from beacon.model.errors import StoreUnavailable
from beacon.model.pattern import VariantPattern
from beacon.model.query import Granularity, Query
from beacon.store.connection import connect
from beacon.store.members import PATIENCE, Since
from beacon.store.releases import Catalogue
from beacon.store.variants import VariantStore
from benchmarks.replica_set import replica_set
from tests.cli.forking import PROGRAM
from tests.store.store_samples import CHR22, load, record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from benchmarks.replica_set import ReplicaSet

FIRST = 16_050_000
ALLELES = 500
NEW = 10_000
A_SECOND = 50
SLOWEST = 2.5


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplicaSet]:
    """Give the set that all tests share; it elects quickly, to be cheap."""
    root = tmp_path_factory.mktemp("members")
    with replica_set(root, election=1000, heartbeat=200) as started:
        yield started


@pytest.fixture
def loaded(
    members: ReplicaSet, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Catalogue]:
    """Give the catalogue of a database of the set, with every second allele."""
    uri = members.uri(request.node.name[:30])
    with connect(uri, tmp_path) as address, Catalogue(address) as catalogue:
        records = [record(FIRST + 2 * n, "T", "C") for n in range(ALLELES)]
        load(catalogue, "d", records)
        yield catalogue


@pytest.fixture
def uri(members: ReplicaSet, request: pytest.FixtureRequest) -> str:
    """Give the address of that database."""
    return members.uri(request.node.name[:30])


async def opened(uri: str, tmp_path: Path) -> VariantStore:
    """Open a store that knows what is served."""
    with connect(uri, tmp_path) as address:
        store = await VariantStore.open(address)
    await store.datasets()
    return store


def asked(start: int) -> Query:
    """Return the question for one allele."""
    pattern = VariantPattern(contig=CHR22, spellings=((start, "T", "C"),))
    return Query(pattern=pattern)


class Answered(NamedTuple):
    """How one question went: ``None`` is right, else what was wrong."""

    seconds: float
    fault: str | None


async def answer(store: VariantStore, number: int) -> Answered:
    """Ask for one allele, of which every second is there."""
    began = time.monotonic()
    fault = None
    try:
        found = await store.find(asked(FIRST + number), {"d": Granularity.COUNT})
    except StoreUnavailable as error:
        fault = f"failed: {error}"
    else:
        if found.datasets[0].total != 1 - number % 2:
            fault = "wrong"
    return Answered(time.monotonic() - began, fault)


async def ask_while(
    store: VariantStore, goes_on: Callable[[int], bool]
) -> list[Answered]:
    """Ask fifty questions a second, as long as it goes on."""
    asking: list[asyncio.Task[Answered]] = []
    began = time.monotonic()
    while goes_on(len(asking)):
        due = began + len(asking) / A_SECOND
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        number = len(asking) % (2 * ALLELES)
        asking.append(asyncio.create_task(answer(store, number)))
    return await asyncio.gather(*asking)


async def test_a_frozen_primary_is_passed_over(
    members: ReplicaSet, loaded: Catalogue, uri: str, tmp_path: Path
) -> None:
    """The same while it is frozen: none wrong, one in a hundred may fail."""
    store, primary = await opened(uri, tmp_path), members.primary()

    def goes_on(asked_so_far: int) -> bool:
        if asked_so_far == A_SECOND // 2:
            members.send(primary, signal.SIGSTOP)
        return asked_so_far < 3 * A_SECOND

    try:
        answers = await ask_while(store, goes_on)
    finally:
        members.send(primary, signal.SIGCONT)
        await store.close()
    members.settle()
    faults = [a.fault for a in answers if a.fault]

    assert "wrong" not in faults
    assert len(faults) <= len(answers) / 100, faults
    assert max(a.seconds for a in answers) < SLOWEST


async def test_a_member_that_lags_never_says_no(
    members: ReplicaSet, loaded: Catalogue, uri: str, tmp_path: Path
) -> None:
    """What was published is found at once, though a member has no row of it yet."""
    late = FIRST + 5001
    store, member = await opened(uri, tmp_path), members.secondary()
    with members.held_back(member):
        release = load(loaded, "late", [record(late, "T", "C")])
        await asyncio.sleep(1.1)
        took, totals = [], []
        for _ in range(12):
            began = time.monotonic()
            found = await store.find(asked(late), {"late": Granularity.COUNT})
            took.append(time.monotonic() - began)
            totals += [d.total for d in found.datasets]
        with members.alone(member) as alone:
            rows = alone[loaded_database(uri)]["variants_GRCh37"]
            without = rows.count_documents({f"d.{release.number}": {"$exists": True}})
    await store.close()

    assert 0 == without  # whoever asked that member plainly would say no
    assert [1] * 12 == totals
    assert max(took) > PATIENCE / 2  # it was asked, and waited


def loaded_database(uri: str) -> str:
    """Return the name of the database an address names."""
    return uri.rpartition("/")[2].partition("?")[0]


def test_rows_are_not_older_than_their_pointers(
    members: ReplicaSet, loaded: Catalogue, uri: str
) -> None:
    """A member that lags behind the moment of a pointer does not answer at all."""
    name = loaded_database(uri)
    since = Since()
    with (
        members.held_back(members.secondary()),
        members.alone(members.secondary()) as late,
        MongoClient(members.uri()) as client,
        client.start_session() as session,
    ):
        load(loaded, "late", [record(FIRST + 5001, "T", "C")])
        client[name]["datasets"].find_one({}, session=session)
        since.reach(session.operation_time)
        rows = late.get_database(name, read_concern=since)["variants_GRCh37"]
        with pytest.raises(ExecutionTimeout):
            rows.find_one({}, max_time_ms=200)


async def test_an_old_pointer_finds_no_rows_removed(
    members: ReplicaSet, loaded: Catalogue, uri: str, tmp_path: Path
) -> None:
    """Rows removed behind an old pointer make no "no": the moment of rows tells."""
    store = await opened(uri, tmp_path)
    store._read_at = time.monotonic() + 3600  # noqa: SLF001 (pointers of long ago)
    loaded.remove("d")
    with pytest.raises(StoreUnavailable, match="changed"):
        await store.find(asked(FIRST), {"d": Granularity.COUNT})
    await store.close()


async def test_a_kill_of_the_primary_is_not_noticed(
    members: ReplicaSet, loaded: Catalogue, uri: str, tmp_path: Path
) -> None:
    """It is killed in the middle of a load, under questions: all are right.

    The load goes on, and nothing of it is lost or there twice.
    """
    file = tmp_path / "d.vcf"
    file.write_text(sites(NEW))
    command = [str(PROGRAM), "load", "variants", str(file), "--dataset", "new"]
    command += ["--assembly", "GRCh38", "--store", uri]
    store, primary = await opened(uri, tmp_path), members.primary()
    with MongoClient(uri) as client:
        rows = client[loaded_database(uri)]["variants_GRCh38"]
        process = started(command)
        killed = False

        def goes_on(_: int) -> bool:
            nonlocal killed
            if not killed and rows.estimated_document_count():
                members.kill(primary)
                killed = process.poll() is None
            return process.poll() is None

        answers = await ask_while(store, goes_on)
        said, _ = process.communicate(timeout=60)
        members.start(primary)
        held = rows.count_documents({})
    await store.close()
    release = loaded.dataset("new").release

    assert killed
    assert 0 == process.returncode, said
    assert release is not None
    assert (NEW, NEW) == (release.variants, held)
    assert {None} == {a.fault for a in answers}
    assert max(a.seconds for a in answers) < SLOWEST


def started(command: list[str]) -> subprocess.Popen[str]:
    """Start a command, its words kept."""
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def sites(number: int) -> str:
    """Return a file of alleles with counts, a base apart."""
    lines = [
        "##fileformat=VCFv4.2",
        "##contig=<ID=chr22>",
        '##INFO=<ID=AC,Number=A,Type=Integer,Description="carriers">',
        '##INFO=<ID=AN,Number=1,Type=Integer,Description="called">',
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO",
    ]
    lines += [
        f"chr22\t{FIRST + n}\t.\tT\tC\t.\tPASS\tAC=3;AN=200" for n in range(number)
    ]
    return "\n".join(lines) + "\n"
