"""The processes that annotate: each asks by itself, block after block, in order out.

A process has its own connections; what it is handed are lines, what it hands
back are lines.  One that is killed ends the command, and no file is written.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
from collections import deque
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, Pipe, wait
from typing import TYPE_CHECKING, NamedTuple, Self, cast

import uvloop

from beacon.annotating.annotator import Annotator
from beacon.annotating.asking import Persistent
from beacon.annotating.questions import Understanding
from beacon.cli.remotes import listed
from beacon.model.assemblies import ASSEMBLIES
from beacon.model.errors import (
    BeaconError,
    LoadRejected,
    StoreUnavailable,
    UsageError,
)
from beacon.model.requester import OPERATOR
from beacon.opening import open_beacon, references_of
from loaders.indexing import marks_of
from loaders.packed import packed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from beacon.annotating.columns import Consulted
    from beacon.annotating.questions import Run
    from beacon.annotating.values import Tally, Written
    from beacon.cli.listed import Target
    from beacon.settings import Settings
    from beacon.store.connection import StoreAddress
    from loaders.indexing import Marks
    from loaders.stream import Block

_PROGRAM = "from beacon.cli.annotators import main; main()"
_AHEAD = 3
"""So many blocks a process may be ahead of what is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a process needs to begin.

    Attributes:
        name: what sentences call the file.
        columns: how many its header names.
        datasets: ids that are asked; ``None``: all.
        consulted: each beacon; the first is the local store where there is one.
        targets: the others, with whatever lets us in.
        jobs: processes that ask at the same time.
        is_packed: whether blocks come back as BGZF.
    """

    settings: Settings
    address: StoreAddress | None
    targets: tuple[Target, ...]
    jobs: int
    consulted: tuple[Consulted, ...]
    name: str
    assembly: str
    columns: int
    other_sequences: frozenset[str]
    datasets: tuple[str, ...] | None
    is_packed: bool


class Done(NamedTuple):
    """A block, annotated, as bytes to be written, and where its records stand."""

    data: bytes
    tally: Tally
    runs: list[Run]
    marks: list[Marks] | None


class Failed(NamedTuple):
    """The process cannot go on."""

    kind: str
    message: str


_KINDS: dict[str, type[BeaconError]] = {
    kind.__name__: kind for kind in (UsageError, LoadRejected, StoreUnavailable)
}


class Crew:
    """Processes that annotate the blocks of one file; a context that ends them.

    Args:
        jobs: so many at most.
        is_whole: whether all start with the context, as it takes them a while.
    """

    def __init__(self, jobs: int, *, is_whole: bool) -> None:
        self.jobs = jobs
        self._is_whole = is_whole
        self._workers: dict[Connection, subprocess.Popen[bytes]] = {}
        self._idle: deque[Connection] = deque()
        self._ready: deque[Connection] = deque()
        self._busy: dict[Connection, int] = {}

    def __enter__(self) -> Self:
        while self._is_whole and len(self._workers) < self.jobs:
            self._idle.append(self._hire())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for link, process in self._workers.items():
            process.kill()
            process.wait()
            link.close()

    def annotated(self, plan: Plan, blocks: Iterator[Block]) -> Iterator[Done]:
        """Yield the blocks annotated, in their order.

        Raises:
            BeaconError: as raised in a process, or where one was killed.
        """
        held: dict[int, Done] = {}
        given = written = 0
        spare = next(blocks, None)
        while spare is not None or self._busy or held:
            while written in held:
                yield held.pop(written)
                written += 1
            is_near = given - written < _AHEAD * self.jobs
            if spare is not None and is_near and self._has_room():
                self._give(plan, spare, given)
                given += 1
                spare = next(blocks, None)
            elif self._busy:
                for ready in wait(list(self._busy)):
                    link = cast("Connection", ready)
                    number, done = self._hear(link)
                    held[number] = done

    def _has_room(self) -> bool:
        waiting = self._ready or self._idle
        return bool(waiting) or len(self._workers) < self.jobs

    def _give(self, plan: Plan, block: Block, number: int) -> None:
        is_known = bool(self._ready)
        if is_known:
            link = self._ready.popleft()
        else:
            link = self._idle.popleft() if self._idle else self._hire()
        try:
            if not is_known:
                link.send(plan)
            link.send(block)
        except OSError as error:
            raise self._lost(link) from error
        self._busy[link] = number

    def _hire(self) -> Connection:
        ours, theirs = Pipe()
        command = [sys.executable, "-P", "-c", _PROGRAM, str(theirs.fileno())]
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=subprocess.DEVNULL, pass_fds=(theirs.fileno(),)
        )
        theirs.close()
        self._workers[ours] = process
        return ours

    def _hear(self, link: Connection) -> tuple[int, Done]:
        try:
            message = link.recv()
        except (EOFError, OSError) as error:
            raise self._lost(link) from error
        if isinstance(message, Failed):
            raise _KINDS[message.kind](message.message)
        self._ready.append(link)
        return self._busy.pop(link), cast("Done", message)

    def _lost(self, link: Connection) -> BeaconError:
        code = self._workers[link].wait()
        how = f"was killed (signal {-code})" if code < 0 else f"failed (exit {code})"
        return BeaconError(f"a process that annotates {how}; nothing is written")


def main() -> None:
    """Work for the process that started this one, over the pipe it names."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when to stop
    gc.set_threshold(200_000, 20, 100)
    link = Connection(int(sys.argv[1]))
    try:
        uvloop.run(_work(link, link.recv()))
    except BeaconError as error:
        kind = next(k for k, v in _KINDS.items() if isinstance(error, v))
        link.send(Failed(kind, str(error)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        os._exit(1)  # nobody waits for it


async def _work(link: Connection, plan: Plan) -> None:
    async with AsyncExitStack() as opened:
        annotator = await _annotator(plan, opened)
        while True:
            block = await asyncio.to_thread(link.recv)
            written = await annotator.annotate(block)
            link.send(_done(written, is_packed=plan.is_packed))


def _done(written: Written, *, is_packed: bool) -> Done:
    """Return a block as it is written to the file."""
    text, lines = written.text, written.lines
    if not is_packed:
        return Done(text, written.tally, written.runs, None)
    data = packed(text)
    marks = None if lines is None else marks_of(lines, text, data)
    return Done(data, written.tally, written.runs, marks)


async def _annotator(plan: Plan, opened: AsyncExitStack) -> Annotator:
    references = references_of(plan.settings)
    beacons: list[Persistent] = []
    left = iter(plan.consulted)
    if plan.address is not None:
        local = await opened.enter_async_context(
            open_beacon(plan.settings, plan.address)
        )
        beacons.append(Persistent(local, OPERATOR, next(left)))
    for target, consulted in zip(plan.targets, left, strict=True):
        wanted = replace(target, consulted=consulted)
        other = listed(wanted, references, plan.jobs)
        await opened.enter_async_context(other)
        beacons.append(Persistent(other, OPERATOR, consulted))
    understanding = Understanding(
        plan.name,
        ASSEMBLIES[plan.assembly],
        references.get(plan.assembly),
        columns=plan.columns,
        other_sequences=plan.other_sequences,
        datasets=plan.datasets,
    )
    return Annotator(understanding, beacons)
