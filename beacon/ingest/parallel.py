"""The processes of one load: this one tells them which chunk is next.

It asks nothing else of them: each reads its chunks and writes their rows by
itself.  A process that is killed ends the load, which can go on later; one whose
parent is killed ends at once.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import deque
from multiprocessing.connection import Connection, Pipe, wait
from typing import TYPE_CHECKING, NamedTuple, cast

from beacon.model.errors import (
    BeaconError,
    LoadInterrupted,
    LoadRejected,
    StoreUnavailable,
)
from loaders.shards import OutOfOrder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from beacon.ingest.chunks import Work
    from beacon.store.connection import StoreAddress
    from beacon.store.lease import Ticket

_PROGRAM = "from beacon.ingest.worker import main; main()"


class Job(NamedTuple):
    """What a process needs to begin.

    Attributes:
        address: of the store; ``None``: nothing is stored.
    """

    work: Work
    address: StoreAddress | None
    ticket: Ticket | None


class Read(NamedTuple):
    """So many bytes of a chunk are read."""

    chunk: int
    size: int


class Done(NamedTuple):
    """A chunk is read, and what there is to say of it."""

    chunk: int
    text: str


class Failed(NamedTuple):
    """The process cannot go on."""

    kind: str
    message: str


class Ended(NamedTuple):
    """All that the process had to write is written."""


_KINDS: dict[str, type[BeaconError]] = {
    kind.__name__: kind for kind in (OutOfOrder, LoadRejected, StoreUnavailable)
}


class Crew:
    """Reads the chunks of a load, in this process or in several.

    Args:
        work: what there is to read.
        progress: is told the bytes read, over all chunks.
        address: of the store; ``None``: nothing is stored.
        ticket: lets others write for this load.
    """

    def __init__(
        self,
        work: Work,
        progress: Callable[[int], None],
        address: StoreAddress | None = None,
        ticket: Ticket | None = None,
    ) -> None:
        self._job = Job(work, address, ticket)
        self._plan = work.plan
        self._progress = progress
        self._read: dict[int, int] = {}
        self._texts: dict[int, str] = {}
        self._workers: dict[Connection, subprocess.Popen[bytes]] = {}

    def read(
        self,
        here: Callable[[int, Callable[[int], None]], str],
        jobs: int,
        done: Collection[int] = (),
    ) -> list[str]:
        """Read the chunks that are not done; return their accounts, in order.

        Args:
            here: reads a chunk in this process.
            jobs: how many processes read; one is this one.
            done: chunks that need not be read.

        Raises:
            OutOfOrder: the files cannot be read in chunks.
            LoadInterrupted: a process was killed.
            BeaconError: as raised in a process.
        """
        for chunk in done:
            self._note(chunk, self._plan.weight(chunk))
        left = deque(n for n in range(self._plan.chunks) if n not in done)
        if min(jobs, len(left)) < 2:
            for chunk in left:
                told = self._teller(chunk)
                self._texts[chunk] = here(chunk, told)
        else:
            self._share(left, jobs)
        return [self._texts[chunk] for chunk in sorted(self._texts)]

    def _teller(self, chunk: int) -> Callable[[int], None]:
        return lambda size: self._note(chunk, size)

    def _note(self, chunk: int, size: int) -> None:
        self._read[chunk] = size
        self._progress(sum(self._read.values()))

    def _share(self, left: deque[int], jobs: int) -> None:
        """Have processes read what is left; none of them outlives this."""
        try:
            for _ in range(min(jobs, len(left))):
                link = self._hire()
                _send(link, left.popleft())
            while self._workers:
                for ready in wait(list(self._workers)):
                    self._hear(cast("Connection", ready), left)
        finally:
            for link, process in self._workers.items():
                process.kill()
                process.wait()
                link.close()
            self._workers.clear()

    def _hire(self) -> Connection:
        ours, theirs = Pipe()
        number = theirs.fileno()
        command = [sys.executable, "-P", "-c", _PROGRAM, str(number), str(os.getpid())]
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=subprocess.DEVNULL, pass_fds=(number,)
        )
        theirs.close()
        self._workers[ours] = process
        _send(ours, self._job)
        return ours

    def _hear(self, link: Connection, left: deque[int]) -> None:
        """Take what a process says, and tell it what to do next."""
        try:
            message = link.recv()
        except (EOFError, OSError) as error:
            raise self._lost(link) from error
        match message:
            case Read(chunk, size):
                self._note(chunk, size)
            case Done(chunk, text):
                self._texts[chunk] = text
                self._note(chunk, self._plan.weight(chunk))
                _send(link, left.popleft() if left else None)
            case Failed(kind, said):
                raise _KINDS[kind](said)
            case Ended():
                self._workers.pop(link).wait()
                link.close()

    def _lost(self, link: Connection) -> LoadInterrupted:
        code = self._workers[link].wait()
        how = f"was killed (signal {-code})" if code < 0 else f"failed (exit {code})"
        then = ""
        if self._job.ticket is not None:
            then = "; nothing is published, and the same command goes on from here"
        return LoadInterrupted(f"a process of this load {how}{then}")


def _send(link: Connection, message: object) -> None:
    """Tell a process something; that it is gone is heard when it is listened to."""
    try:
        link.send(message)
    except OSError:
        return
