"""Whoever withdrew is not counted: as if their samples had never been in the files."""

from __future__ import annotations

import json
import random
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient

from beacon.ingest import Journal, LoadRequest, load_variants, reapply, withdraw
from beacon.model.counts import group_counts
from beacon.model.errors import NotFound, StoreUnavailable, UsageError
from beacon.model.orders import Order
from beacon.store import folding
from beacon.store.carrier_documents import read_carriers
from beacon.store.people import read_people
from beacon.store.release_documents import read_release
from loaders import LoadOptions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database

    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue

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
            lines.append("\t".join(fields))
    return lines


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing wait for readers that there are not."""
    monkeypatch.setattr(folding, "SETTLE", 0.0)


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


def _load(catalogue: Catalogue, dataset: str, files: list[Path], **options: object):
    request = LoadRequest(
        dataset=dataset,
        paths=tuple(files),
        options=LoadOptions(
            assembly="GRCh37",
            samples=files[0].parent / "samples.tsv",
            max_bad=1.0,
            **options,
        ),
        references={},
    )
    return load_variants(catalogue, request)


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
    for name in ("variants_GRCh37", "long_GRCh37"):
        for row in database[name].find():
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
        for name in ("variants_GRCh37", "long_GRCh37", "coverage_GRCh37")
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
    """A withdrawal says what a fresh load of the others says, before and after folding."""
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
