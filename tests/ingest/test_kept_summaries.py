"""The summary of a release is that of its rows, however it came about."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient

from beacon.ingest import Journal, append_variants, load_variants, withdraw
from beacon.model.classes import WINDOW_BITS, cell_of
from beacon.model.summary import Summary
from beacon.store.driver import (
    coverage_collection,
    long_collection,
    variants_collection,
)
from beacon.store.keys import decode, start_of
from beacon.store.people import read_people
from beacon.store.release_documents import read_layout, read_rows
from beacon.store.runs import unpack_runs
from beacon.store.summaries import read_summary
from tests.ingest.test_kept_bins import hurried, request, write

if TYPE_CHECKING:
    from pathlib import Path

    from beacon.ingest import LoadRequest
    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue

__all__ = ["hurried"]


def _counted(database, release) -> Summary:
    """Return the summary of a release's rows, read one by one."""
    rows, assembly = read_rows(release["parts"]), release["assembly"]
    cells, windows, covered = Counter(), Counter(), Counter()
    for name in (variants_collection(assembly), long_collection(assembly)):
        for row in database[name].find():
            read = rows.read(row["d"])
            if read is None or not rows.exists(row["d"]):
                continue
            if isinstance(row["_id"], int):
                rank, start, reference, alternate = decode(row["_id"])
            else:
                rank, start, reference = row["c"], row["s"], None
            if reference is None:
                reference, alternate = row["r"], row["a"]
            cells[cell_of(reference, alternate, read[0])] += 1
            windows[rank, start >> WINDOW_BITS] += 1
    for row in database[coverage_collection(assembly)].find():
        place = decode(row["_id"]).rank, start_of(row["_id"]) >> WINDOW_BITS
        bases = {
            base
            for part, blob in rows.blobs(row["d"])
            for run in unpack_runs(blob, part.everybody)
            if run.an is None or any(run.an)
            for base in range(run.start, run.end)
        }
        covered[place] += len(bases)
    kinds, people = read_layout(release["layout"]).kinds, {}
    for part in rows.parts:
        known = read_people(database, part.number)
        people |= {
            name: kinds[part.first + known.column_of[number]]
            for number, name in enumerate(known.names)
            if name is not None and number not in part.gone
        }
    return Summary(
        cells=cells,
        windows=windows,
        covered=+covered if release["coverage"] else None,
        people=Counter(people.values()),
    )


def kept_and_counted(address: StoreAddress) -> dict[int, tuple[Summary, Summary]]:
    """Return, of every release of x, its summary as kept and that of its rows."""
    with MongoClient(address.uri) as client:
        database = client[address.database]
        releases = list(database["releases"].find({"state": "ready"}))
        numbers = {release["_id"] for release in releases}
        assert {kept["_id"] for kept in database["summaries"].find()} == numbers
        return {
            release["ordinal"]: (
                read_summary(database, release["_id"]),
                _counted(database, release),
            )
            for release in releases
        }


def _is_right(address: StoreAddress, *ordinals: int) -> bool:
    found = kept_and_counted(address)
    for kept, counted in found.values():
        assert kept == counted
        assert kept.alleles == sum(kept.windows.values())
    return sorted(found) == list(ordinals)


@pytest.mark.parametrize("seed", range(2))
def test_a_summary_is_that_of_the_rows(
    catalogue: Catalogue, store_address: StoreAddress, tmp_path: Path, seed: int
) -> None:
    """After a load, an append, a withdrawal and a rollback: of every release kept."""
    people = ["a", "b", "c"]
    table, regions = tmp_path / "people.tsv", tmp_path / "callable.bed"
    rows = [f"{name}\t{sex}\n" for name, sex in zip("abcd", "MFFM", strict=True)]
    table.write_text("sample\tsex\n" + "".join(rows))
    regions.write_text("22\t300000\t350000\n22\t1040000\t1050000\n")

    def asked(path: Path) -> LoadRequest:
        given = request(path)
        told = replace(given.options, samples=table, callable_regions=regions)
        return replace(given, options=told)

    load_variants(catalogue, asked(write(tmp_path / "a.vcf", people, seed)))
    assert _is_right(store_address, 1)

    append_variants(catalogue, asked(write(tmp_path / "d.vcf", ["d"], seed + 9)))
    assert _is_right(store_address, 1, 2)

    withdraw(catalogue, Journal(tmp_path), "x", ["b"])
    assert _is_right(store_address, 1, 3)

    catalogue.rollback("x")
    withdraw(catalogue, Journal(tmp_path), "x", ["c"])
    assert _is_right(store_address, 3, 4)


def test_a_summary_follows_who_was_looked_at(
    catalogue: Catalogue, store_address: StoreAddress, tmp_path: Path
) -> None:
    """Where reference blocks are one person's, nobody was looked at without them."""
    head = (
        "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"
    )
    blocks = {"a": [(1000, 2000), (5000, 6000)], "b": [(1500, 2500)]}
    paths = []
    for name, stretches in blocks.items():
        lines = [
            f"22\t{first}\t.\tA\t<NON_REF>\t.\tPASS\tEND={last}\tGT\t0/0"
            for first, last in stretches
        ]
        lines.append("22\t9000\t.\tA\tC,<NON_REF>\t.\tPASS\t.\tGT\t0/1")
        path = tmp_path / f"{name}.g.vcf"
        path.write_text(head + name + "\n" + "\n".join(lines) + "\n")
        paths.append(path)
    load_variants(catalogue, replace(request(paths[0]), paths=tuple(paths)))
    assert _is_right(store_address, 1)
    before = _bases(store_address)

    withdraw(catalogue, Journal(tmp_path), "x", ["a"])
    assert _is_right(store_address, 2)
    assert (before, _bases(store_address)) == (1501 + 1001 + 1, 1001 + 1)


def _bases(address: StoreAddress) -> int:
    ((kept, _),) = kept_and_counted(address).values()
    return sum((kept.covered or {}).values())
