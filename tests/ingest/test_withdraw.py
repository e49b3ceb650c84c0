"""Whoever withdrew is not counted: as if their samples had never been in the files."""

from __future__ import annotations

import os
import random
import signal
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, NoReturn

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient

from beacon.ingest import (
    Journal,
    LoadRequest,
    append_variants,
    is_forgetful,
    load_variants,
    reapply,
    withdraw,
)
from beacon.ingest.loading import without
from beacon.model.assemblies import ASSEMBLIES
from beacon.model.counts import group_counts
from beacon.model.errors import LoadRejected, NotFound, StoreUnavailable, UsageError
from beacon.model.orders import Order
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.query import Granularity, Query
from beacon.store.carrier_documents import read_carriers
from beacon.store.people import read_people
from beacon.store.release_documents import read_release
from beacon.store.releases import Catalogue
from loaders import LoadOptions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database

    from beacon.model.findings import DatasetFindings
    from beacon.store.connection import StoreAddress
    from beacon.store.variants import VariantStore

_Documents = dict[str, object]
_HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"
_TABLE = (
    "sample\tindividual\tsex\tpopulation\n"
    "s0\tp0\tF\tSE\ns1\tp1\tM\tSE\ns2\tp2\tF\tNO\ns3\tp3\tM\tNO\ns4\tp4\tM\tDK\n"
    "s5\tp0\tF\tSE\n"
)
_SAMPLES = ("s0", "s1", "s2", "s3", "s4", "s5")
_ALLELES = (
    ("A", "C"), ("A", "C,G"), ("A", "C,*"), ("ATTTTTTTTTTTTTTT", "A"), ("A", "."),
    ("A", "*"),
    ("A" + "CGT" * 400, "A"), ("A", "<DEL>"), ("AC", "A,AGGGGGGGGGGGGGGGGGGG"),
)  # fmt: skip
_CALLS = ("0/0", "0/0", "0/0", "0/1", "1/1", "./.", "0", "1", "./1", "0/2", "1/2", "2")
_names = count()


@st.composite
def _records(draw: st.DrawFn, samples: int) -> list[str]:
    chance = random.Random(draw(st.integers(0, 1 << 32)))  # noqa: S311 (tests repeat)
    lines = []
    for contig in ("21", "22", "X", "MT"):
        for pos in sorted(chance.sample((5, 90, 4095, 4096, 4097, 9000), 3)):
            ref, alt = chance.choice(_ALLELES)
            most = 0 if alt == "." else 1 + alt.count(",")
            calls = [
                c
                for c in _CALLS
                if max(map(int, filter(str.isdigit, c)), default=0) <= most
            ]
            told = "END=9500;SVLEN=400" if alt == "<DEL>" else "."
            word = chance.choice(("PASS", "PASS", "q10"))
            row = [chance.choice(calls) for _ in range(samples)]
            fields = (contig, str(pos), ".", ref, alt, ".", word, told, "GT", *row)
            if samples > 1:  # in a file of whoever leaves, nobody else is told of
                lines += chance.choice(([], [], [], _other_records(fields)))
            lines.append("\t".join(fields))
    return lines


def _other_records(fields: tuple[str, ...]) -> list[str]:
    """Return records of the same alleles: one that lists them, one that is bad."""
    place, cells = fields[:8], fields[9:]
    listing = (*place, "DP", *("7" for _ in cells))
    bad = (*place, "GT", *("no call" for _ in cells))
    return ["\t".join(listing), "\t".join(bad)]


@pytest.fixture
def database(store_address: StoreAddress) -> Iterator[Database[_Documents]]:
    """Give the database itself, to look what is in it."""
    with MongoClient[_Documents](store_address.uri, tz_aware=True) as client:
        yield client[store_address.database]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """Give a journal of its own."""
    return Journal(tmp_path / "data")


def _files(folder: Path, records: list[str], more: list[str]) -> list[Path]:
    """Write a file of five samples, and one of the sixth."""
    folder.mkdir(exist_ok=True)
    (folder / "samples.tsv").write_text(_TABLE)
    one, other = folder / "one.vcf", folder / "other.vcf"
    one.write_text(_HEAD + "\t".join(_SAMPLES[:5]) + "\n" + "\n".join(records) + "\n")
    other.write_text(_HEAD + _SAMPLES[5] + "\n" + "\n".join(more) + "\n")
    return [one, other]


def _request(dataset: str, files: list[Path], **options: object) -> LoadRequest:
    given = {
        "assembly": "GRCh37",
        "samples": files[0].parent / "samples.tsv",
        "max_bad": 1.0,
        **options,
    }
    return LoadRequest(
        dataset=dataset,
        paths=tuple(files),
        options=LoadOptions(**given),
        references={},
    )


def _load(catalogue: Catalogue, dataset: str, files: list[Path], **options: object):
    return load_variants(catalogue, _request(dataset, files, **options))


def _said(database: Database[_Documents], dataset: str, ordinal: int | None = None):
    """Return all that a release says: of itself, and in every row."""
    where = {"dataset": dataset, "ordinal": ordinal}
    if ordinal is None:
        where = {"_id": database["datasets"].find_one({"_id": dataset})["active"]}
    stored = read_release(database["releases"].find_one(where))
    release = stored.release
    facts = (
        release.sample_count,
        release.variants,
        release.contigs,
        release.fingerprint,
        release.coverage,
        {g.label: sum(map(release.layout.baseline.__getitem__, g.columns))
         for g in release.layout.groups},
    )  # fmt: skip
    rows = {}
    for name in ("variants_", "long_"):
        for row in database[name + release.assembly].find():
            read = stored.rows.read(row["d"])
            if read is not None:
                tally, filters, structure = read
                counts = {
                    g.label: group_counts(tally, g) for g in release.layout.groups
                }
                exists = stored.rows.exists(row["d"])
                rows[row["_id"], row.get("a")] = counts, filters, structure, exists
    return facts, rows


def _fields(database: Database[_Documents]) -> set[str]:
    """Return the names of fields under which any row holds counts."""
    return {
        field
        for name in database.list_collection_names()
        if name.startswith(("variants_", "long_", "coverage_"))
        for row in database[name].find()
        for field in row["d"]
    }


@given(
    _records(5),
    _records(1),
    st.sets(st.sampled_from(("p0", "s1", "p2", "p3")), min_size=1, max_size=3),
    st.booleans(),
)
@settings(
    max_examples=8,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_withdrawn_is_never_loaded(
    catalogue: Catalogue,
    database: Database[_Documents],
    journal: Journal,
    tmp_path: Path,
    hurried: None,
    records: list[str],
    more: list[str],
    gone: set[str],
    is_all_kept: bool,
) -> None:
    """A withdrawal says what a load of the others says, at once and when folded."""
    files = _files(tmp_path, records, more)
    one, other = f"one{next(_names)}", f"other{next(_names)}"
    catalogue.withdrawals.keep_orders(catalogue.withdrawals.new_orders(other, gone))
    _load(catalogue, other, files, keep_filtered=is_all_kept)
    expected = _said(database, other)
    _load(catalogue, one, files, keep_filtered=is_all_kept)
    at_once = []
    withdraw(
        catalogue, journal, one, sorted(gone),
        told=lambda _: at_once.append(_said(database, one)),
    )  # fmt: skip
    again = _load(catalogue, one, files, keep_filtered=is_all_kept)

    assert [expected] == at_once
    assert expected == _said(database, one)
    assert not again.is_new
    assert [2] == [r.ordinal for r in catalogue.releases(one)]


def _fixed(samples: int, seed: int = 3) -> list[str]:
    """Return the same records every time; all alleles pass and are carried by some."""
    chance = random.Random(seed)  # noqa: S311 (tests repeat)
    return [
        "\t".join(
            (
                *(contig, str(pos), ".", "A", "C,G", ".", "PASS", ".", "GT"),
                *(chance.choice(_CALLS) for _ in range(samples)),
            )
        )
        for contig in ("21", "22", "X")
        for pos in (5, 90, 4096, 9000)
    ]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Give two files of five people."""
    return _files(tmp_path, _fixed(5), _fixed(1))


def _expected(
    catalogue: Catalogue,
    database: Database,
    files: list[Path],
    *gone: str,
    assembly: str = "GRCh37",
) -> tuple[object, ...]:
    """Return what a load of the others says."""
    orders = catalogue.withdrawals.new_orders("expected", gone)
    catalogue.withdrawals.keep_orders(orders)
    _load(catalogue, "expected", files, assembly=assembly)
    return _said(database, "expected")


def test_people_go_one_after_the_other(
    catalogue: Catalogue,
    database: Database[_Documents],
    journal: Journal,
    files: list[Path],
    hurried: None,
) -> None:
    """Every kept release loses them, whoever goes when; nothing of them remains."""
    _load(catalogue, "x", files[:1], assembly="GRCh38")
    _load(catalogue, "x", files)
    withdraw(catalogue, journal, "x", ["p1"])
    withdraw(catalogue, journal, "x", ["p0", "p3"])
    served = _said(database, "x")
    catalogue.rollback("x")
    before = _said(database, "x")
    releases = list(database["releases"].find())
    parts = [part for release in releases for part in release["parts"]]
    people = [read_people(database, part["number"]) for part in parts]
    named = [
        (part["number"], int(person))
        for release in releases
        for part in release["parts"]
        for stretch in read_carriers(database, release["assembly"], part["number"])
        for block in stretch.blocks
        for person in (*block.people, *block.bitmap)
    ]
    names = [n for one in people for n in one.names if n]
    gone = {(part["number"], n) for part in parts for n in part["gone"]}

    assert _fields(database) == {str(part["number"]) for part in parts}
    assert {"p2", "p4"} == set(names)
    assert gone.isdisjoint(named)
    assert [1, 4] == [r.ordinal for r in catalogue.releases("x")]
    assert _expected(catalogue, database, files, "p0", "p1", "p3") == served
    assert _expected(catalogue, database, files[:1], assembly="GRCh38") == before


def test_a_restored_database_forgets_nobody(
    catalogue: Catalogue,
    database: Database[_Documents],
    journal: Journal,
    files: list[Path],
    hurried: None,
) -> None:
    """What the journal knows is done again, once, and later loads heed it."""
    _load(catalogue, "x", files)
    journal.append(catalogue.withdrawals.new_orders("x", ["p2", "nobody"]))
    journal.append(catalogue.withdrawals.new_orders("y", ["p2"]))
    is_restored = is_forgetful(catalogue, journal)
    left = [reapply(catalogue, journal), reapply(catalogue, journal)]
    later = _load(catalogue, "y", files).release
    expected = _expected(catalogue, database, files, "p2")

    assert is_restored
    assert not is_forgetful(catalogue, journal)
    assert [1, 0] == left
    assert expected == _said(database, "x")
    assert expected == _said(database, "y")
    assert later is not None
    assert 3 == len(catalogue.withdrawals.orders()) - 1


async def test_nobody_is_left(
    catalogue: Catalogue,
    database: Database[_Documents],
    variant_store: VariantStore,
    journal: Journal,
    files: list[Path],
    hurried: None,
) -> None:
    """Without anybody nothing is covered, and nothing exists."""
    _load(catalogue, "x", files)
    for gone in (["p0", "p1"], ["p2", "p3", "p4"]):
        withdraw(catalogue, journal, "x", gone)
    facts, rows = _said(database, "x")
    contig = ASSEMBLIES["GRCh37"].contigs[21]
    found = []
    for asked in ("C", "T"):
        pattern = VariantPattern(contig=contig, spellings=((89, "A", asked),))
        query = Query(pattern=pattern, granularity=Granularity.RECORD)
        found += (await variant_store.find(query, {"x": Granularity.RECORD})).datasets

    assert (0, 0) == facts[:2]
    assert not any(exists for *_, exists in rows.values())
    assert [0, 0] == [f.total for f in found]
    assert [0, 0] == [f.place.an for f in found]
    with pytest.raises(LoadRejected, match="nobody to count"):
        _load(catalogue, "x", files)


def test_what_stops_is_done_by_the_next(
    catalogue: Catalogue, journal: Journal, files: list[Path], hurried: None
) -> None:
    """A restored store is forgetful until everybody is left out of it."""
    first = _load(catalogue, "x", files).release
    journal.append(catalogue.withdrawals.new_orders("x", ["p2"]))
    with catalogue.begin("x", assembly="GRCh37", layout=first.layout):
        assert 0 == reapply(catalogue, journal)

    assert is_forgetful(catalogue, journal)
    assert 1 == reapply(catalogue, journal)


def test_others_work_while_somebody_is_erased(
    catalogue: Catalogue, journal: Journal, files: list[Path], hurried: None
) -> None:
    """Nobody is served who has left: what another process erases is left to it."""
    _load(catalogue, "x", files)
    left = []
    withdraw(
        catalogue, journal, "x", ["p2"],
        told=lambda _: left.append(reapply(catalogue, journal)),
    )  # fmt: skip

    assert [0] == left
    assert not catalogue.withdrawals.standing("x", ["p2"]).parts


def test_the_store_tells_another_journal(
    catalogue: Catalogue, journal: Journal, tmp_path: Path
) -> None:
    """A machine that knew nothing of an order keeps it from then on."""
    order = catalogue.withdrawals.new_orders("x", ["p"])
    catalogue.withdrawals.keep_orders(order)
    reapply(catalogue, journal)
    with (tmp_path / "data" / "withdrawals.jsonl").open("a") as file:
        file.write('{"dataset": "x", "indiv')  # the machine stopped here

    assert order == journal.orders()
    more = catalogue.withdrawals.new_orders("x", ["q"])
    journal.append(more)

    assert (*order, *more) == journal.orders()
    assert 0o600 == (tmp_path / "data" / "withdrawals.jsonl").stat().st_mode & 0o777


def test_a_line_that_is_no_order_stops_everything(
    journal: Journal, tmp_path: Path
) -> None:
    """A journal that cannot be read is never an empty one."""
    journal.append([Order("x", "p", "2026-01-01T00:00:00.000+00:00")])
    with (tmp_path / "data" / "withdrawals.jsonl").open("a") as file:
        file.write("[1]\n")

    with pytest.raises(StoreUnavailable, match=r"withdrawals.jsonl:2: "):
        journal.orders()


def test_nobody_of_that_name(
    catalogue: Catalogue, journal: Journal, files: list[Path], hurried: None
) -> None:
    """A name nobody has is an error, unless the order is meant for later."""
    with pytest.raises(NotFound):
        withdraw(catalogue, journal, "x", ["p9"])
    _load(catalogue, "x", files)
    with pytest.raises(UsageError, match="no individual p9"):
        withdraw(catalogue, journal, "x", ["p1", "p9"])

    assert not journal.orders()
    outcome = withdraw(catalogue, journal, "x", ["p9"], is_for_future=True)

    assert outcome.withdrawn is None
    assert ["p9"] == [order.individual for order in journal.orders()]


def test_an_order_may_be_given_again(
    catalogue: Catalogue, journal: Journal, files: list[Path], hurried: None
) -> None:
    """Whoever repeats an order, as after a kill, is told that nobody is left."""
    _load(catalogue, "x", files)
    first = withdraw(catalogue, journal, "x", ["p1"])
    again = withdraw(catalogue, journal, "x", ["p1"])

    assert first.withdrawn is not None
    assert again.withdrawn is None


def test_counts_alone_cannot_be_lessened(
    catalogue: Catalogue, journal: Journal, files: list[Path], hurried: None
) -> None:
    """Where no individuals are kept, nothing is ever said to be done."""
    _load(catalogue, "x", files, keeps_people=False)
    with pytest.raises(UsageError, match="load its files again"):
        withdraw(catalogue, journal, "x", ["p1"])
    outcome = withdraw(catalogue, journal, "x", ["p1"], is_for_future=True)
    _load(catalogue, "x", files)

    assert outcome.is_served_bare
    with pytest.raises(UsageError, match="withdrawn since"):
        catalogue.rollback("x")


@pytest.mark.parametrize("moment", ["before the flip", "after the flip", "any"])
def test_killed_at_any_moment(
    store_address: StoreAddress,
    catalogue: Catalogue,
    database: Database[_Documents],
    journal: Journal,
    files: list[Path],
    hurried: None,
    moment: str,
) -> None:
    """Before the pointer is flipped nothing changed; afterwards everything has."""
    _load(catalogue, "x", files)
    before = _said(database, "x")
    if not (child := os.fork()):
        _withdraw_and_die(store_address, journal, moment)
    os.waitpid(child, 0)
    killed = _said(database, "x")
    reapply(catalogue, journal)
    after = _said(database, "x")
    expected = _expected(catalogue, database, files, "p1")
    (release,) = catalogue.releases("x")
    catalogue.remove("expected")

    if moment != "any":
        assert killed == (before if moment == "before the flip" else expected)
    assert expected == after
    assert not _load(catalogue, "x", files).is_new
    assert _fields(database) == {
        str(p["number"])
        for p in database["releases"].find_one({"_id": release.number})["parts"]
    }


def _withdraw_and_die(address: StoreAddress, journal: Journal, moment: str) -> NoReturn:
    """Withdraw somebody in this process, which is killed in the middle."""

    def die(*_: object) -> NoReturn:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    with Catalogue(address) as catalogue:
        journal.append(catalogue.withdrawals.new_orders("x", ["p1"]))
        if moment == "any":  # from here on the order is known
            signal.signal(signal.SIGALRM, die)
            signal.setitimer(signal.ITIMER_REAL, random.uniform(0.001, 0.3))  # noqa: S311
        doomed = die if moment == "before the flip" else without
        done = catalogue.withdrawals.withdraw("x", ["p1"], doomed)
        if moment == "after the flip":
            die()
        catalogue.withdrawals.finish("x", done)
    die()


def test_what_was_appended_is_withdrawn_from(
    catalogue: Catalogue,
    database: Database[_Documents],
    journal: Journal,
    files: list[Path],
    tmp_path: Path,
    hurried: None,
) -> None:
    """Parts lose their people one by one; the older release and the newer."""
    more = tmp_path / "more.vcf"
    more.write_text(_HEAD + "t0\tt1\n" + "\n".join(_fixed(2, seed=5)) + "\n")
    _load(catalogue, "x", files[:1])
    request = _request("x", [more], samples=None)
    append_variants(catalogue, request)
    withdraw(catalogue, journal, "x", ["p1", "t0"])
    withdraw(catalogue, journal, "x", ["p4"])
    served = _said(database, "x")
    catalogue.rollback("x")
    older = _said(database, "x")
    whole = _expected(catalogue, database, [files[0], more], "p1", "p4", "t0")

    assert whole[1] == served[1]
    assert whole[0][:2] == served[0][:2]
    assert _expected(catalogue, database, files[:1]) == older


async def test_questions_are_answered_alike(
    catalogue: Catalogue,
    variant_store: VariantStore,
    journal: Journal,
    files: list[Path],
    hurried: None,
) -> None:
    """Alleles, places and ranges, asked as the server asks them."""
    _load(catalogue, "x", files)
    withdraw(catalogue, journal, "x", ["p1", "p2"])
    orders = catalogue.withdrawals.new_orders("y", ["p1", "p2"])
    catalogue.withdrawals.keep_orders(orders)
    _load(catalogue, "y", files)
    contig = ASSEMBLIES["GRCh37"].contigs[21]
    patterns = [
        VariantPattern(contig=contig, spellings=((start, "A", alternate),))
        for start in (4, 89, 4095, 8999)
        for alternate in "CGT"
    ]
    patterns.append(VariantPattern(contig=contig, overlap=Bounds(low=0, high=1 << 20)))
    names = dict.fromkeys(("x", "y"), Granularity.RECORD)
    for pattern in patterns:
        query = Query(pattern=pattern, granularity=Granularity.RECORD)
        one, other = (await variant_store.find(query, names)).datasets

        assert _answered(one) == _answered(other)


def _answered(found: DatasetFindings) -> object:
    """Return an answer as people see it: by group, not by column."""
    release = found.dataset.release
    variants = [
        (v.allele, v.filters, [group_counts(v.tally, g) for g in release.layout.groups])
        for v in found.variants
    ]
    labels = [group.label for group in release.layout.groups]
    rest = replace(found, dataset=None, variants=())
    return labels, release.sample_count, release.variants, variants, rest


def test_an_order_outlives_a_load(
    catalogue: Catalogue,
    database: Database[_Documents],
    journal: Journal,
    files: list[Path],
    hurried: None,
) -> None:
    """While files are read nobody can be taken out; the order waits for the end."""
    first = _load(catalogue, "x", files).release
    with catalogue.begin("x", assembly="GRCh37", layout=first.layout):
        with pytest.raises(UsageError, match="the order is kept"):
            withdraw(catalogue, journal, "x", ["p1"])
        assert first.number == catalogue.dataset("x").release.number

    assert 1 == reapply(catalogue, journal)
    assert _said(database, "x") == _expected(catalogue, database, files, "p1")
