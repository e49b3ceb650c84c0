"""What was submitted is on disk, whatever else lies beside it."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from beacon.ingest.submissions import Fed, Kind, Spool, Submission
from beacon.model.errors import StoreUnavailable

if TYPE_CHECKING:
    from pathlib import Path

WISH = Submission(
    number=0, kind=Kind.DELETE, dataset="d", samples=("a",), received="2026-11-28"
)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """Give a folder with one submission to one dataset."""
    made = Spool(tmp_path / "scout")
    made.open()
    made.feed(Fed(id="d", assembly="GRCh37"))
    made.add(WISH)
    return made


@pytest.mark.parametrize(
    "name", [".00000002.json", ".00000002.json.part", ".d.json", "notes.json", "x.txt"]
)
def test_what_was_left_half_written_is_nobodys(
    spool: Spool, tmp_path: Path, name: str
) -> None:
    """A process that was killed while it wrote stops nothing."""
    (tmp_path / "scout" / "submissions" / name).write_text('{"num')
    if name.startswith("."):
        (tmp_path / "scout" / "datasets" / name).write_text("")

    assert [each.number for each in spool.submissions()] == [1]
    assert spool.add(WISH).number == 2
    assert [each.id for each in spool.datasets()] == ["d"]


def test_what_cannot_be_written_leaves_nothing(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk the submission is refused, and no piece of it stays."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreUnavailable, match="No space left"):
            spool.add(WISH)
    left = sorted(p.name for p in (tmp_path / "scout" / "submissions").iterdir())

    assert left == ["00000001.json"]


def test_reading_while_somebody_writes(spool: Spool, tmp_path: Path) -> None:
    """Whoever lists submissions meets none that is being written, and none twice."""
    other, is_over = Spool(tmp_path / "scout"), threading.Event()

    def write() -> None:
        for _ in range(60):
            other.keep(other.add(WISH))
        is_over.set()

    writer = threading.Thread(target=write)
    writer.start()
    before = 1
    while not is_over.is_set():
        numbers = [each.number for each in spool.submissions()]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= before
        before = len(numbers)
    writer.join()
