"""``beacon withdraw``: somebody disappears from the counts, and stays away."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from commands import Command

_FILE = (
    "##fileformat=VCFv4.3\n"
    "##contig=<ID=22,length=51304566,assembly=GRCh37>\n"
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP1\tP2\n"
    "22\t20000000\t.\tA\tG\t50\tPASS\t.\tGT\t0/1\t0/0\n"
)
_QUESTION = "22-20000000-A-G"


def test_somebody_is_withdrawn_for_good(empty_beacon: Command, tmp_path: Path) -> None:
    """Counts change, the same files change nothing, and nothing brings them back."""
    path = tmp_path / "a.vcf"
    path.write_text(_FILE)
    load = ("load", "variants", str(path), "--dataset", "d1")
    empty_beacon(*load)
    wrong = empty_beacon("withdraw", "d1", "--individual", "P9")
    done = empty_beacon("withdraw", "d1", "--individual", "P1")
    asked = empty_beacon("ask", _QUESTION)
    again = empty_beacon(*load)
    back = empty_beacon("datasets", "rollback", "d1")

    assert 2 == wrong.returncode
    assert "no individual P9" in wrong.stderr
    assert 0 == done.returncode, done.stderr
    assert "release 2 serves without 1 person" in done.stdout
    assert "erased" in done.stdout
    assert 3 == asked.returncode, asked.stdout
    assert "unchanged" in again.stdout
    assert 1 == back.returncode


def test_a_restored_store_shows_nobody_who_withdrew(
    empty_beacon: Command, tmp_path: Path
) -> None:
    """Whichever command comes first, the journal is heeded before it answers."""
    path = tmp_path / "a.vcf"
    path.write_text(_FILE)
    for dataset in ("d1", "d2"):
        empty_beacon("load", "variants", str(path), "--dataset", dataset)
    order = '{"dataset": "%s", "individual": "P1", "at": "2026-01-01T00:00:00+00:00"}\n'
    with (empty_beacon.home / "withdrawals.jsonl").open("a") as journal:
        journal.write(order % "d1")
    listed = empty_beacon("datasets", "list")
    with (empty_beacon.home / "withdrawals.jsonl").open("a") as journal:
        journal.write(order % "d2")
    asked = empty_beacon("ask", _QUESTION)

    assert "1 person who had withdrawn were left out again" in listed.stderr
    assert "1 person who had withdrawn were left out again" in asked.stderr
    assert 3 == asked.returncode, asked.stdout


def test_an_order_for_counts_alone_is_not_done(
    empty_beacon: Command, tmp_path: Path
) -> None:
    """It is kept, and said to be open until the files are loaded again."""
    path = tmp_path / "a.vcf"
    path.write_text(_FILE)
    empty_beacon("load", "variants", str(path), "--dataset", "d1", "--counts-only")
    kept = empty_beacon("withdraw", "d1", "--individual", "P1", "--anyway")

    assert 1 == kept.returncode
    assert "load its files again" in kept.stderr
