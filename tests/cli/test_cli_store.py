"""``beacon store split-points``, as an operator runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commands import Command


def test_an_empty_store_is_cut_by_length(empty_beacon: Command) -> None:
    """Whatever is printed is a comment or a command, for the store's database."""
    done = empty_beacon("store", "split-points", "--assembly", "hg38", "--shards", "3")
    lines = done.stdout.splitlines()
    points = [line for line in lines if line.startswith("sh.splitAt")]

    assert 0 == done.returncode, done.stderr
    assert lines[0].startswith("// GRCh38: no rows yet")
    assert {"//", "sh", "va"} == {line[:2] for line in lines}
    assert 4 == len(points)
    assert all('"test_' in point and "NumberLong" in point for point in points)


def test_an_unknown_assembly_is_named(empty_beacon: Command) -> None:
    """One sentence, and the exit code of a command line that means nothing."""
    done = empty_beacon("store", "split-points", "--assembly", "hg20", "--shards", "3")

    assert 2 == done.returncode
    assert done.stderr == "beacon: --assembly 'hg20' is not an assembly known here\n"
