"""Whoever withdrew is covered by no reference block: as if never in the files."""

from __future__ import annotations

import asyncio
import os
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient

from beacon.ingest import Journal, LoadRequest, load_variants, withdraw
from beacon.model.assemblies import ASSEMBLIES
from beacon.model.counts import CoverageRun, group_counts
from beacon.model.errors import UsageError
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.query import Granularity, Query
from beacon.store import folding, reach_documents, sweeping
from beacon.store.keys import decode
from beacon.store.reach import (
    BIN,
    Leaving,
    Runs,
    in_bins,
    pack_reach,
    united,
    unpack_reach,
)
from beacon.store.release_documents import read_release
from beacon.store.runs import Run, unpack_runs
from loaders import LoadOptions, shards

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymongo.database import Database

    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue
    from beacon.store.variants import VariantStore

GVCF = Path(__file__).resolve().parents[3] / "shared/data/gvcf"
LAST = 60
_HEAD = (
    '##fileformat=VCFv4.2\n##INFO=<ID=END,Number=1,Type=Integer,Description="End">\n'
    '##ALT=<ID=NON_REF,Description="Any other">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"
)
_TABLE = "sample\tsex\tpopulation\nP\tF\tSE\nQ\tM\tSE\nR\tF\tNO\nS\tM\tNO\nT\tF\tSE\n"
_names = count()


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing wait for readers that there are not; write few runs at once."""
    monkeypatch.setattr(folding, "SETTLE", 0.0)
    monkeypatch.setattr(sweeping, "SETTLE", 0.0)
    monkeypatch.setattr(reach_documents, "_FULL", 7)
    monkeypatch.setattr(reach_documents, "_PIECES", 3)


@pytest.fixture
def database(store_address: StoreAddress) -> Iterator[Database]:
    """Give the database itself, to look what is in it."""
    with MongoClient(store_address.uri, tz_aware=True) as client:
        yield client[store_address.database]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """Give a journal of its own."""
    return Journal(tmp_path / "data")


# --- runs and bytes -----------------------------------------------------------------

_RUNS = st.lists(
    st.tuples(st.integers(0, 90), st.integers(1, 30), st.integers(1, 4)), max_size=12
)


def _runs(drawn: list[tuple[int, int, int]]) -> Runs:
    table = np.array(drawn, dtype=np.int64).reshape(-1, 3)
    return Runs(table[:, 0], table[:, 0] + table[:, 1], table[:, 2])


def _listed(runs: Runs) -> dict[int, int]:
    """Return the most copies at each base."""
    found: dict[int, int] = {}
    for start, end, copies in zip(*(values.tolist() for values in runs), strict=True):
        for base in range(start, end):
            found[base] = max(copies, found.get(base, 0))
    return found


@given(_RUNS)
@settings(max_examples=200)
def test_runs_are_kept_as_a_list_of_bases_has_them(
    drawn: list[tuple[int, int, int]],
) -> None:
    """However they overlap, each base has the most copies, and is kept once."""
    runs = united(_runs(drawn))
    _, bins, pieces = in_bins(
        Runs(runs.starts + BIN - 60, runs.ends + BIN - 60, runs[2])
    )
    kept = unpack_reach(pack_reach(runs))
    cut = {
        base + (number << 24) - BIN + 60: copies
        for number in (0, 1)
        for base, copies in _listed(Runs(*(v[bins == number] for v in pieces))).items()
    }

    assert _listed(_runs(drawn)) == _listed(runs) == _listed(kept) == cut
    assert len(_listed(runs)) == int((runs.ends - runs.starts).sum())
    assert all(map(np.array_equal, runs, kept))


def test_a_bin_that_somebody_covers_is_seven_bytes() -> None:
    """The usual bin costs next to nothing, and a bin can be full."""
    whole = Runs(np.array([0]), np.array([BIN]), np.array([2]))
    blob = pack_reach(whole)

    assert 7 == len(blob)
    assert [0, BIN, 2] == [int(values[0]) for values in unpack_reach(blob)]


@given(_RUNS, _RUNS)
@settings(max_examples=100)
def test_what_is_left_is_a_difference_base_by_base(
    one: list[tuple[int, int, int]], other: list[tuple[int, int, int]]
) -> None:
    """Two people leave one column; a third stays where there is anybody else."""
    mine, theirs = _listed(_runs(one)), _listed(_runs(other))
    stays = dict.fromkeys(range(40, 70), 2)
    called = [
        tuple(d.get(base, 0) for d in (mine, theirs, stays)) for base in range(130)
    ]
    runs = [
        Run(base, base + 1, (a + b, c))
        for base, (a, b, c) in enumerate(called)
        if a + b + c
    ]
    leaving = Leaving((0, 0), [united(_runs(one)), united(_runs(other))])

    assert [Run(40, 70, (0, 2))] == leaving.left(0, runs)


# --- datasets -----------------------------------------------------------------------


@st.composite
def _line(draw: st.DrawFn, samples: int) -> tuple[int, str]:
    pos = draw(st.integers(1, LAST))
    word = draw(st.sampled_from(["PASS", "PASS", "PASS", "LowGQ"]))
    kind = draw(st.sampled_from(["block", "block", "block", "variant", "plain"]))
    info, ref, alt = ".", "A", "<NON_REF>"
    calls = ["0/0", "0/0", "0/0", "./.", "0", "0/.", "0/0/0"]
    if kind == "block":
        info = f"END={draw(st.integers(pos, LAST))}"
        alt = draw(st.sampled_from(["<NON_REF>", "<*>", "."]))
    else:
        ref, alt = draw(st.sampled_from([("A", "C"), ("A", "G"), ("AAA", "A")]))
        alt += ",<NON_REF>" if kind == "variant" else ""
        calls = ["0/1", "1/1", "0/0", "./.", "./1", "1", "0"]
    row = [draw(st.sampled_from(calls)) for _ in range(samples)]
    return pos, "\t".join((str(pos), ".", ref, alt, ".", word, info, "GT", *row))


@st.composite
def _bodies(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Draw header and records of files; somebody may be in several."""
    found = []
    for _ in range(draw(st.integers(1, 3))):
        names = draw(
            st.lists(st.sampled_from("PQRST"), min_size=1, max_size=3, unique=True)
        )
        body = []
        for contig in ("21", "X"):
            rows = draw(st.lists(_line(len(names)), min_size=1, max_size=9))
            if draw(st.sampled_from([True, True, False])):
                rows.sort()
            body += [f"{contig}\t{row}" for _, row in rows]
        found.append(("\t".join(names), "\n".join(body)))
    return found


def _write(folder: Path, bodies: list[tuple[str, str]]) -> list[Path]:
    folder.mkdir(exist_ok=True)
    paths = []
    for number, (names, body) in enumerate(bodies):
        path = folder / f"{number}.g.vcf"
        path.write_text(f"{_HEAD}{names}\n{body}\n")
        paths.append(path)
    (folder / "samples.tsv").write_text(_TABLE)
    return paths


def _load(catalogue: Catalogue, dataset: str, paths: list[Path], **options: object):
    return load_variants(
        catalogue,
        LoadRequest(
            dataset=dataset,
            paths=tuple(paths),
            options=LoadOptions(**{"assembly": "GRCh37", "max_bad": 1.0, **options}),
            references={},
        ),
    )


def _without(
    catalogue: Catalogue, dataset: str, gone: list[str], paths: list[Path], **options
):
    """Load files without some people."""
    orders = catalogue.withdrawals.new_orders(dataset, gone)
    catalogue.withdrawals.keep_orders(orders)
    return _load(catalogue, dataset, paths, **options)


def _said(database: Database, dataset: str) -> tuple[object, object, object]:
    """Return what a dataset says of itself, in rows, and of where it looked."""
    active = database["datasets"].find_one({"_id": dataset})["active"]
    stored = read_release(database["releases"].find_one(active))
    release = stored.release
    (part,) = stored.rows.parts
    rows = {}
    for name in ("variants_", "long_"):
        for row in database[name + release.assembly].find():
            read = stored.rows.read(row["d"])
            if read is not None:
                groups = {
                    g.label: group_counts(read[0], g) for g in release.layout.groups
                }
                rows[row["_id"], row.get("a")] = groups, read[1], read[2]
    runs: list[CoverageRun] = []
    for found in database[f"coverage_{release.assembly}"].find().sort("_id"):
        blob = part.blob(found["d"])
        place = decode(found["_id"])
        for start, end, an in unpack_runs(blob or b"", part.everybody) if blob else ():
            told = tuple(
                sum(an[c] for c in group.columns) for group in release.layout.groups
            )
            start, end = place.start + start, place.start + end
            if runs and runs[-1][0::2] == (place.rank, start) and runs[-1].an == told:
                runs[-1] = runs[-1]._replace(end=end)
            else:
                runs.append(CoverageRun(place.rank, start, end, told))
    facts = release.sample_count, release.variants, release.fingerprint
    return facts, rows, runs


@given(
    _bodies(),
    st.lists(st.sampled_from("PQRST"), min_size=1, max_size=3, unique=True),
    st.booleans(),
    st.booleans(),
)
@settings(
    max_examples=int(os.environ.get("REACH_EXAMPLES", "6")),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_withdrawn_from_blocks_is_never_loaded(
    catalogue: Catalogue,
    database: Database,
    journal: Journal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    bodies: list[tuple[str, str]],
    gone: list[str],
    is_table_given: bool,
    is_cut: bool,
) -> None:
    """A withdrawal says what a load of the others says, at once and when folded."""
    paths = _write(tmp_path / "files", bodies)
    monkeypatch.setattr(shards, "_LEAST", 1 if is_cut else 1 << 20)
    table = {"samples": tmp_path / "files/samples.tsv"} if is_table_given else {}
    there = {name for names, _ in bodies for name in names.split("\t")}
    one, other = f"one{next(_names)}", f"other{next(_names)}"
    if not there.difference(gone) or there.isdisjoint(gone):
        return
    _load(catalogue, one, paths, **table)
    _without(catalogue, other, gone, paths, **table)
    expected, at_once = _said(database, other), []
    withdraw(
        catalogue, journal, one, gone, is_for_future=True,
        told=lambda _: at_once.append(_said(database, one)),
    )  # fmt: skip

    assert [expected] == at_once
    assert expected == _said(database, one)


def _patterns(
    assembly: str, rank: int, starts: Sequence[int]
) -> Iterator[VariantPattern]:
    """Yield questions at alleles and places, in blocks and outside, and of ranges."""
    contig = ASSEMBLIES[assembly].contigs[rank - 1]
    for start in starts:
        for spelling in ((start, "A", "C"), (start, "AAA", "A"), (start, "A", "T")):
            yield VariantPattern(contig=contig, spellings=(spelling,))
    for start, size in ((starts[0], 20), (starts[-5], 5000), (starts[0], 1 << 20)):
        overlap = Bounds(low=start, high=start + size)
        yield VariantPattern(contig=contig, overlap=overlap)
        yield VariantPattern(
            contig=contig, start=Bounds(low=start, high=start + size), alternate="C"
        )


def _answer(found):
    """Return what a dataset answers, but its name and how many were left out."""
    total = found.dataset.release.layout.groups[0]
    variants = [
        (v.allele, v.filters, group_counts(v.tally, total)) for v in found.variants
    ]
    return (
        found.total, variants, found.place, found.silence, found.is_conclusive,
        found.is_contig_loaded,
    )  # fmt: skip


async def _assert_alike(
    store: VariantStore,
    patterns: list[VariantPattern],
    names: tuple[str, str],
    excluded: tuple[str, ...] = (),
) -> None:
    """Both datasets answer alike, the first without whoever is excluded."""

    async def answers(name: str, without: tuple[str, ...]) -> list[object]:
        queries = (
            Query(
                pattern=pattern,
                granularity=Granularity.RECORD,
                excluded=frozenset(without),
            )
            for pattern in patterns
        )
        names = {name: Granularity.RECORD}
        found = await asyncio.gather(*(store.find(query, names) for query in queries))
        return [_answer(one.datasets[0]) for one in found]

    one, other = await answers(names[0], excluded), await answers(names[1], ())
    for pattern, said, expected in zip(patterns, one, other, strict=True):
        assert said == expected, pattern


_STARTS = (
    *(0, 5, 10, 20, 29, 30, 31, 34, 35, 38, 39, 41, 42, 46, 49),
    *(16383, 16384, 19999, 20000, 30000, 16777216, 16999999),
)
_FIXED = [
    ("P", "21\t1\t.\tA\t<NON_REF>\t.\tPASS\tEND=30\tGT\t0/0\n"
          "21\t31\t.\tA\tC,<NON_REF>\t.\tPASS\t.\tGT\t0/1\n"
          "21\t36\t.\tA\t<NON_REF>\t.\tPASS\tEND=40\tGT\t0/0"),
    ("Q", "21\t11\t.\tA\t<NON_REF>\t.\tPASS\tEND=39\tGT\t0/0\n"
          "21\t40\t.\tAAA\tA,<NON_REF>\t.\tPASS\t.\tGT\t1/1\n"
          "21\t50\t.\tA\t<NON_REF>\t.\tPASS\tEND=20000\tGT\t0/0\n"
          "21\t20001\t.\tA\t<NON_REF>\t.\tPASS\tEND=17000000\tGT\t0/0"),
]  # fmt: skip


async def test_people_are_left_out_of_questions_and_for_good(
    catalogue: Catalogue,
    variant_store: VariantStore,
    database: Database,
    journal: Journal,
    tmp_path: Path,
) -> None:
    """Excluded or withdrawn: the answers are those of a load without them."""
    paths = _write(tmp_path / "files", _FIXED)
    patterns = list(_patterns("GRCh37", 21, _STARTS))
    single = [p for p in patterns if p.spellings]
    names = ["x", "y", "withoutP", "withoutQ"]
    for name in names:
        _without(catalogue, name, [name[7:]] if name[7:] else [], paths)
    kept = database["reach_GRCh37"].count_documents({})
    withdraw(catalogue, journal, "y", ["Q"])

    assert kept - database["reach_GRCh37"].count_documents({}) == 2
    await _assert_alike(variant_store, single, ("x", "withoutP"), ("P",))
    await _assert_alike(variant_store, single, ("x", "withoutQ"), ("Q",))
    await _assert_alike(variant_store, patterns, ("y", "withoutQ"))
    for name in names:
        catalogue.remove(name)
    assert not database["reach_GRCh37"].count_documents({})
    assert not database["coverage_GRCh37"].count_documents({})


@pytest.mark.skipif(not GVCF.is_dir(), reason="needs the shared gVCF files")
async def test_one_of_five_genomes_withdraws(
    catalogue: Catalogue,
    variant_store: VariantStore,
    database: Database,
    journal: Journal,
    tmp_path: Path,
) -> None:
    """Real files, one person each: the others' load, and their own files' alone."""
    paths = sorted((GVCF / "1kg30x").glob("*.g.vcf.gz"))
    options = {"assembly": "GRCh38"}
    _load(catalogue, "x", paths, **options)
    _without(catalogue, "y", ["HG00524"], paths, **options)
    others = [path for path in paths if "HG00524" not in path.name]
    _load(catalogue, "z", others, **options)
    withdraw(catalogue, journal, "x", ["HG00524"])
    expected = _said(database, "z")
    said = _said(database, "x")
    first = said[2][0]
    starts = range(first.start - 5000, first.start + 45000, 2997)
    patterns = list(_patterns("GRCh38", first.rank, starts))

    assert _said(database, "y") == said
    assert expected[2] == said[2]
    assert expected[1].items() <= said[1].items()
    await _assert_alike(variant_store, patterns, ("x", "y"))


def test_regions_lose_as_many_copies_as_somebody_has(
    catalogue: Catalogue, database: Database, journal: Journal, tmp_path: Path
) -> None:
    """One copy of X and of MT, none of Y: not two wherever a dataset looked."""
    row = "GT\t0/1\t0/0\t0/0\t0/1"
    body = "\n".join(f"{c}\t50\t.\tA\tC\t.\tPASS\t.\t{row}" for c in ("21", "X", "MT"))
    paths = _write(tmp_path / "files", [("P\tQ\tR\tS", body)])
    bed = tmp_path / "looked.bed"
    bed.write_text("21\t10\t90\nX\t3000000\t3000100\nY\t3000000\t3000100\nMT\t5\t90\n")
    options = {"callable_regions": bed, "samples": tmp_path / "files/samples.tsv"}
    _load(catalogue, "x", paths, **options)
    gone = ["Q", "R"]
    _without(catalogue, "y", gone, paths, **options)
    withdraw(catalogue, journal, "x", gone[:1])
    withdraw(catalogue, journal, "x", gone[1:])

    assert _said(database, "y") == _said(database, "x")


def test_blocks_of_an_older_version_cannot_be_lessened(
    catalogue: Catalogue, database: Database, journal: Journal, tmp_path: Path
) -> None:
    """Where it is not kept whom blocks cover, nothing is ever said to be done."""
    paths = _write(tmp_path / "files", _FIXED)
    _load(catalogue, "x", paths)
    database["releases"].update_many({}, {"$unset": {"parts.0.has_reach": ""}})
    with pytest.raises(UsageError, match="load its files again"):
        withdraw(catalogue, journal, "x", ["Q"])
    outcome = withdraw(catalogue, journal, "x", ["Q"], is_for_future=True)
    _load(catalogue, "x", paths)

    assert outcome.is_served_bare
    with pytest.raises(UsageError, match="withdrawn since"):
        catalogue.rollback("x")
