"""A load in chunks is exactly once: killed anywhere, gone on with, or given up."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pymongo import MongoClient

from beacon.ingest import (
    Journal,
    LoadRequest,
    append_variants,
    load_variants,
    try_variants,
    withdraw,
)
from beacon.model.errors import LoadInterrupted, LoadRejected
from beacon.store import sweeping
from beacon.store.carrier_documents import read_carriers
from beacon.store.people import read_people
from loaders import LoadOptions, shards
from tests.cli.forking import running

HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
DEMO = Path(__file__).resolve().parents[2] / "beacon/data/demo"
FIVE = DEMO / "1kg_p3.chr22.5samples.GRCh37.vcf.gz"
RECORDS = 8_000
CHUNKS = 16
LOADER = """
import sys
from pathlib import Path
from beacon.ingest import LoadRequest, load_variants
from beacon.store.connection import StoreAddress
from beacon.store.releases import Catalogue
from loaders import LoadOptions, shards

shards._LEAST, shards._CHUNKS = 1, 16
uri, database, path = sys.argv[1:]
address = StoreAddress(uri=uri, database=database, is_embedded=True, description="")
with Catalogue(address) as catalogue:
    load_variants(catalogue, LoadRequest(
        dataset="d", paths=(Path(path),), references={}, jobs=2,
        options=LoadOptions(assembly="GRCh37"),
    ), say=lambda sentence: print(sentence, flush=True))
"""


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    """Cut files that are small."""
    monkeypatch.setattr(shards, "_LEAST", 1)
    monkeypatch.setattr(shards, "_CHUNKS", CHUNKS)


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    """A file without samples, a row a position."""
    path = tmp_path_factory.mktemp("resume") / "sites.vcf"
    rows = (
        f"22\t{20_000_000 + 7 * n}\t.\tA\tG\t.\tPASS\tAC={n % 90};AN=90\n"
        for n in range(RECORDS)
    )
    path.write_text(HEAD + "".join(rows))
    return path


def request(path: Path, dataset: str = "d", jobs: int = 1, **options) -> LoadRequest:
    """Return a request to load a file on GRCh37."""
    return LoadRequest(
        dataset=dataset,
        paths=(path,),
        options=LoadOptions(**{"assembly": "GRCh37", **options}),
        references={},
        jobs=jobs,
    )


def rows(address, number: int):
    """Return every row of a release, without its number."""
    with MongoClient(address.uri) as client:
        database = client[address.database]
        names = [n for n in database.list_collection_names() if n.endswith("GRCh37")]
        found = {
            (name, row["_id"]): row["d"][str(number)]
            for name in names
            for row in database[name].find({f"d.{number}": {"$exists": True}})
        }
        assert database["chunks"].count_documents({}) == 0
    return found


def shares(address, number: int):
    """Return what everybody adds to every allele of a release, and who they are."""
    found = {}
    with MongoClient(address.uri) as client:
        database = client[address.database]
        for stretch in read_carriers(database, "GRCh37", number):
            for block, ordinals in stretch.latest():
                for ordinal in range(len(block)) if ordinals is None else ordinals:
                    allele = stretch.rank, block.identities[ordinal]
                    said = block.shares(ordinal)
                    others = [(share, list(who)) for share, who in said.others]
                    found[allele] = said.usual, others
        return found, read_people(database, number)


def killed_after(address, path: Path, seconds: float) -> str:
    """Load in processes of its own, kill the parent after a while; what it said."""
    command = [sys.executable, "-c", LOADER, address.uri, address.database, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as loading:
        try:
            loading.wait(seconds)
        except subprocess.TimeoutExpired:
            loading.send_signal(signal.SIGKILL)
        return loading.stdout.read()


def state(address):
    """Return the chunks that are done, and the releases that are not published."""
    with MongoClient(address.uri) as client:
        database = client[address.database]
        loading = database.releases.count_documents({"state": "loading"})
        return database["chunks"].count_documents({}), loading


def killed_in_the_middle(address, path: Path) -> int:
    """Kill a load when some of its chunks are done; return how many."""
    with (
        MongoClient(address.uri) as client,
        running(LOADER, address.uri, address.database, str(path)) as loading,
    ):
        chunks = client[address.database]["chunks"]
        while loading.poll() is None and chunks.count_documents({}) < 3:
            time.sleep(0.02)
    done, loading_still = state(address)
    assert loading_still == 1
    return done


def test_processes_load_what_one_does(catalogue, store_address, sites):
    """Two processes store the rows and tell the report of one, with progress."""
    seen = []
    one = load_variants(catalogue, request(sites, "one"))
    two = load_variants(catalogue, request(sites, "two", jobs=2), seen.append)
    tried = try_variants(request(sites, jobs=2))

    assert rows(store_address, one.release.number) == rows(
        store_address, two.release.number
    )
    assert one.report.as_dict() == two.report.as_dict() == tried.report.as_dict()
    assert one.release.report == two.release.report
    assert sites.stat().st_size - len(HEAD) == seen[-1]


def test_genotypes_in_parts_are_the_whole(catalogue, store_address, monkeypatch):
    """Genotyped rows and carriers, killed on the way, are those of one piece."""
    killed_in_the_middle(store_address, FIVE)
    parts = load_variants(catalogue, request(FIVE, jobs=2))
    monkeypatch.setattr(shards, "_LEAST", 1 << 30)
    whole = load_variants(catalogue, request(FIVE, "whole"))
    numbers = parts.release.number, whole.release.number
    one, other = (shares(store_address, number) for number in numbers)

    assert rows(store_address, numbers[0]) == rows(store_address, numbers[1])
    assert one == other
    assert len(one[0]) >= whole.report.stored["exist"]
    assert parts.report.as_dict() == whole.report.as_dict()
    told = catalogue.served("whole").annotated
    assert told is not None
    assert told == catalogue.served("d").annotated


def test_a_killed_load_goes_on(catalogue, store_address, sites):
    """Killed anywhere: the next load does what is missing, and nothing twice."""
    moment = random.Random(4)  # noqa: S311 - the same moments every time
    said = [
        killed_after(store_address, sites, moment.uniform(0.8, 2.0)) for _ in range(2)
    ]
    done, _ = state(store_address)
    release = load_variants(catalogue, request(sites, jobs=2), say=said.append).release
    fresh = load_variants(catalogue, request(sites, "fresh")).release

    assert done == 0 or f"Resuming: {done} of" in said[-1]
    assert rows(store_address, fresh.number) == rows(store_address, release.number)
    assert fresh.report == release.report
    assert state(store_address) == (0, 0)


def test_another_load_leaves_it_alone_or_gives_it_up(
    catalogue, store_address, sites, monkeypatch, tmp_path
):
    """Other datasets leave a killed load; other files, age or removal discard it."""
    few = tmp_path / "few.vcf"
    few.write_text(HEAD + "22\t5\t.\tA\tG\t.\tPASS\tAC=1;AN=90\n")
    killed_in_the_middle(store_address, sites)
    load_variants(catalogue, request(few, "other"))
    left = state(store_address)
    load_variants(catalogue, request(few))

    assert left[0] >= 3
    assert left[1] == 1
    assert state(store_address) == (0, 0)

    killed_in_the_middle(store_address, sites)
    catalogue.remove("d")

    assert state(store_address) == (0, 0)

    killed_in_the_middle(store_address, sites)
    monkeypatch.setattr(sweeping, "_STALE_SECONDS", -60)
    catalogue.sweep()

    assert state(store_address) == (0, 0)


def test_a_load_killed_at_its_beginning_is_swept(catalogue, store_address, sites):
    """A load whose lease was not taken yet leaves nothing for the next one."""
    killed_in_the_middle(store_address, sites)
    with MongoClient(store_address.uri) as client:
        client[store_address.database].datasets.delete_many({})
    catalogue.sweep()

    assert state(store_address) == (0, 0)


def test_a_killed_process_is_said(catalogue, store_address, sites):
    """A worker that is killed ends the load in a sentence, and the next goes on."""
    told = []

    def kill_one(read: int) -> None:
        with MongoClient(store_address.uri) as client:
            loading = client[store_address.database].releases.find_one()
        workers = loading["workers"]
        if read and workers and not told:
            told.append(workers[0]["pid"])
            os.kill(told[0], signal.SIGKILL)

    with pytest.raises(LoadInterrupted, match=r"was killed \(signal 9.*goes on"):
        load_variants(catalogue, request(sites, jobs=2), kill_one)

    assert state(store_address)[1] == 1
    assert load_variants(catalogue, request(sites)).is_new


def test_files_out_of_order_are_read_by_one(catalogue, store_address, sites, tmp_path):
    """An unsorted file is loaded all the same, in one piece, and the report says so."""
    path = tmp_path / "unsorted.vcf"
    path.write_text(sites.read_text() + "22\t5\t.\tA\tG\t.\tPASS\tAC=1;AN=90\n")
    outcome = load_variants(catalogue, request(path, jobs=2))

    assert outcome.report.stored["alleles"] == RECORDS + 1
    assert "one process read them" in outcome.report.notes[-1]
    assert len(rows(store_address, outcome.release.number)) == RECORDS + 1


def test_a_bad_file_is_refused_in_parts_too(catalogue, store_address, sites, tmp_path):
    """Too many bad records are judged over the whole file, and leave nothing."""
    path = tmp_path / "bad.vcf"
    bad = "".join(f"22\t{30_000_000 + n}\t.\tZ\tG\t.\t.\t.\n" for n in range(900))
    path.write_text(sites.read_text() + bad)

    with pytest.raises(LoadRejected, match=f"900 of {RECORDS + 900} .*:{RECORDS + 3}:"):
        load_variants(catalogue, request(path, jobs=2))
    assert state(store_address) == (0, 0)


def test_a_withdrawal_does_not_wait_for_a_killed_load(
    catalogue, store_address, sites, tmp_path
):
    """Nobody loads: what a killed load left gives way to who wants to leave."""
    people = load_variants(catalogue, request(FIVE)).release.number
    leaving = catalogue.people_of(people).names[0]
    killed_in_the_middle(store_address, sites)
    outcome = withdraw(catalogue, Journal(tmp_path), "d", [leaving])

    assert 1 == outcome.withdrawn.people
    assert (0, 0) == state(store_address)


@pytest.mark.parametrize("contig", ["21", "22"])
def test_a_cut_off_append_goes_on(catalogue, store_address, sites, tmp_path, contig):
    """As a part more, and where the contigs are the same and all is read again."""

    def stop(_: int) -> None:
        if state(store_address)[0] > 2:
            raise KeyboardInterrupt

    more = tmp_path / "more.vcf"
    text = "".join(sites.read_text().splitlines(keepends=True)[:2_000])
    more.write_text(text.replace("\n22\t", f"\n{contig}\t"))
    with more.open("a") as file:
        file.write(f"{contig}\t30000000\t.\tA\tC\t.\tPASS\tAC=1;AN=9\n")
    said = []
    load_variants(catalogue, request(sites))
    with pytest.raises(KeyboardInterrupt):
        append_variants(catalogue, request(more), stop)
    whole = append_variants(catalogue, request(more), say=said.append)
    load_variants(catalogue, request(sites, "fresh"))
    fresh = append_variants(catalogue, request(more, "fresh"))

    assert "Resuming: " in said[0]
    assert (2 if contig == "21" else 1) == whole.release.loads
    assert whole.release.report == fresh.release.report
    assert rows(store_address, whole.release.number) == rows(
        store_address, fresh.release.number
    )


def test_a_file_that_changes_is_refused_in_parts_too(
    catalogue, store_address, sites, tmp_path
):
    """What is read is what was opened, though unsorted files are read twice."""
    path = tmp_path / "grows.vcf"
    path.write_text(sites.read_text())
    told = []

    def grow(read: int) -> None:
        if not told:
            told.append(read)
            with path.open("a") as file:
                file.write("22\t30000000\t.\tA\tG\t.\tPASS\tAC=1;AN=90\n")

    with pytest.raises(LoadRejected, match="changed while it was read"):
        load_variants(catalogue, request(path), grow)
    assert state(store_address) == (0, 0)
    assert not catalogue.datasets()
