"""One JSON line a request: when, how, what pattern of path, how it went.

Never the path, the query string, a header or an address: no line tells what was
asked, nor by whom.  Lines wait in memory for a second at most, or until there are
64 kB of them, and are written where the event loop does not wait for it.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LINES_OF_64_KB: Final = 400
"""A line has 120 to 170 bytes."""
_MOST_WAITING: Final = 50_000
"""Lines kept for a disk that does not take them; what is beyond is counted only."""


class Entry(NamedTuple):
    """One request, as it is kept until it is written.

    Attributes:
        ended: seconds since 1970.
        size: bytes of the answer's body.
    """

    ended: float
    method: str
    route: str
    status: int
    seconds: float
    size: int


class AccessLog:
    """Keeps lines, and writes them in batches.

    Args:
        place: a file, or ``-`` for standard error.
        worker: which process writes.

    Raises:
        OSError: when the file cannot be opened.
    """

    def __init__(self, place: str, worker: str = "0") -> None:
        self._place = place
        self._worker = worker
        self._entries: list[Entry] = []
        self._lost = 0
        self._writing: asyncio.Future[None] | None = None
        self._file = _opened(place)

    def note(self, entry: Entry) -> None:
        """Keep a line; write all that are kept, where they are many."""
        self._entries.append(entry)
        if len(self._entries) >= _LINES_OF_64_KB:
            self.write_soon()

    def write_soon(self) -> None:
        """Write what is kept, outside the event loop; one batch at a time."""
        if self._writing is not None and not self._writing.done():
            if len(self._entries) > _MOST_WAITING:
                self._lost += len(self._entries)
                self._entries = []
            return
        if self._entries or self._lost:
            loop = asyncio.get_running_loop()
            self._writing = loop.run_in_executor(None, self._write, *self._taken())

    async def close(self) -> None:
        """Write the last lines."""
        if self._writing is not None:
            await self._writing
        await asyncio.to_thread(self._write, *self._taken())
        _close(self._file)

    def _taken(self) -> tuple[list[Entry], int]:
        taken, self._entries = self._entries, []
        lost, self._lost = self._lost, 0
        return taken, lost

    def _write(self, entries: list[Entry], lost: int) -> None:
        lines = list(_lines(entries, self._worker))
        if lost:
            lines.append(f'{{"lost":{lost},"worker":"{self._worker}"}}\n')
        rest = memoryview("".join(lines).encode())
        with suppress(OSError):  # a full disk must not stop the answers
            while rest:
                rest = rest[os.write(self._file, rest) :]


def _lines(entries: Iterable[Entry], worker: str) -> Iterator[str]:
    """Yield requests as lines; patterns and methods are ours, and need no quotes."""
    written, shown = -1, ""
    for ended, method, route, status, seconds, size in entries:
        second = int(ended)
        if second != written:  # a date takes as long as all the rest of a line
            written = second
            shown = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        thousandths = int((ended - second) * 1000)
        yield (
            f'{{"time":"{shown}.{thousandths:03d}Z","method":"{method}",'
            f'"route":"{route}","status":{status},"ms":{seconds * 1000:.2f},'
            f'"bytes":{size},"worker":"{worker}"}}\n'
        )


def _opened(place: str) -> int:
    if place == "-":
        return sys.stderr.fileno()
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    return os.open(Path(place), flags, 0o640)


def _close(file: int) -> None:
    if file != sys.stderr.fileno():
        os.close(file)
