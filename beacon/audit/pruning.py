"""Old segments go, and a line of a new chain says which.

Only whole segments go, from the beginning of a chain on, once their last line is
older than what is to be kept; those of a chain that is written to stay.
"""

from __future__ import annotations

import fcntl
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from beacon.audit.chain import GENESIS, PRUNED, Broken, Head, Reader, Torn, segments_in
from beacon.audit.log import moment, written_once
from beacon.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from beacon.audit.chain import Fields, Segment


class Old(NamedTuple):
    """The old beginning of a chain.

    Attributes:
        head: its last line.
        until: when the last of them was written.
        files: that go.
    """

    head: Head
    until: str
    files: tuple[Path, ...]


def old_ones(folder: Path, key: bytes, before: datetime) -> list[Old]:
    """Return what of the chains of a folder is older than a moment.

    Raises:
        UsageError: when a chain is not what was written: nothing of it is pruned
            before somebody has looked.
        OSError: when a file cannot be read.
    """
    limit = moment(before.astimezone(UTC))
    found = (_old(segments, key, limit) for _, segments in segments_in(folder).items())
    return [one for one in found if one is not None]


def _old(
    segments: Sequence[tuple[Segment, Path]], key: bytes, limit: str
) -> Old | None:
    first = segments[0][0]
    head = Head(first.chain, 0, GENESIS) if first.part == 0 else None
    old: Old | None = None
    for segment, path in segments:
        reader = Reader(key, segment, head)
        until = _until(reader, path, is_last=path == segments[-1][1])
        if until >= limit or reader.head is None or _is_written_to(path):
            break
        head = reader.head
        files = () if old is None else old.files
        old = Old(head, until, (*files, path))
    return old


def _until(reader: Reader, path: Path, *, is_last: bool) -> str:
    """Return when the last line of a segment was written."""
    until = ""
    try:
        for fields in reader.read(path):
            until = str(fields.get("time", until))
    except (Broken, Torn) as fault:
        # Of what is torn nobody got an answer; but then its chain ends there.
        if isinstance(fault, Broken) or not is_last:
            message = f"{path}: {fault}; nothing is pruned of a chain that is not whole"
            raise UsageError(message) from fault
    return until


def _is_written_to(path: Path) -> bool:
    file = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def prune(
    folder: Path,
    key: bytes,
    old: Sequence[Old],
    now: datetime,
    keep: Callable[[Head], None],
) -> None:
    """Write down what goes, have that kept elsewhere, too, and only then take it away.

    Killed in between, what is left is pruned again another time.

    Args:
        folder: of the chains.
        key: that seals what is written down.
        old: what goes.
        now: the time.
        keep: keeps the head of what was written down; where it fails, nothing goes.

    Raises:
        OSError: when it cannot be written down, or not be taken away.
    """
    removed = [{**one.head._asdict(), "until": one.until} for one in old]
    fields: Fields = {"kind": PRUNED, "time": moment(now), "removed": removed}
    keep(written_once(folder, key, {"by": "prune"}, fields))
    for one in old:
        for path in one.files:
            path.unlink(missing_ok=True)
