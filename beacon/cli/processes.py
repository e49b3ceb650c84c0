"""Serving with several processes: one parent that keeps them, N that answer.

The parent binds the port once and hands the listening socket to every worker,
so a second server on the port is refused and nobody waits at a dead worker.
A worker that dies is replaced; one whose parent died drains and ends.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import contextmanager
from multiprocessing import connection, get_context, resource_tracker
from typing import TYPE_CHECKING, NamedTuple

from beacon.app import run_server
from beacon.model.errors import BeaconError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from beacon.settings import Settings
    from beacon.store.connection import StoreAddress

_READY = b"ready"
_DRAIN_SECONDS = 25.0
_SHORT_LIFE = 10.0
_SHORT_LIVES_BORNE = 5


class _Worker(NamedTuple):
    process: SpawnProcess
    link: Connection
    born: float


class Crew:
    """The worker processes of one server.

    Args:
        settings: of the whole beacon.
        address: of the store.
        listener: bound and listening; every worker accepts from it.
    """

    def __init__(
        self, settings: Settings, address: StoreAddress, listener: socket.socket
    ) -> None:
        self._settings = settings
        self._address = address
        self._listener = listener
        self._workers: list[_Worker] = []
        self._short_lives = 0

    def run(self, when_ready: Callable[[], None]) -> None:
        """Serve until SIGTERM or SIGINT, replacing workers that die.

        Raises:
            BeaconError: when workers do not start, or die again and again.
        """
        resource_tracker.ensure_running()
        with _woken_by_signals() as told_to_stop:
            try:
                for _ in range(self._settings.server.workers):
                    self._hire()
                if self._wait_until_ready(told_to_stop):
                    when_ready()
                    self._keep(told_to_stop)
            finally:
                self._dismiss()

    def _hire(self) -> None:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=work,
            args=(self._settings, self._address, self._listener, theirs),
            daemon=True,
        )
        with _deaf_to_interrupts():
            process.start()
        theirs.close()
        self._workers.append(_Worker(process, ours, time.monotonic()))

    def _wait_until_ready(self, told_to_stop: int) -> bool:
        """Wait for every worker's word; ``False`` when told to stop meanwhile."""
        waiting = {worker.link for worker in self._workers}
        while waiting:
            events = connection.wait([*waiting, told_to_stop])
            if told_to_stop in events:
                return False
            for link in waiting.intersection(events):
                _hear(link)
                waiting.discard(link)
        return True

    def _keep(self, told_to_stop: int) -> None:
        while True:
            sentinels = [worker.process.sentinel for worker in self._workers]
            if told_to_stop in connection.wait([*sentinels, told_to_stop]):
                return
            for worker in [w for w in self._workers if not w.process.is_alive()]:
                self._replace(worker)

    def _replace(self, dead: _Worker) -> None:
        lived = time.monotonic() - dead.born
        self._short_lives = self._short_lives + 1 if lived < _SHORT_LIFE else 0
        if self._short_lives > _SHORT_LIVES_BORNE:
            message = "the serving processes die as soon as they start; giving up"
            raise BeaconError(message)
        self._workers.remove(dead)
        dead.link.close()
        self._hire()

    def _dismiss(self) -> None:
        """Let every worker drain; end those that take too long."""
        for worker in self._workers:
            worker.process.terminate()
        deadline = time.monotonic() + _DRAIN_SECONDS
        for worker in self._workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.link.close()


def work(
    settings: Settings,
    address: StoreAddress,
    listener: socket.socket,
    link: Connection,
) -> None:
    """Be one worker: say when ready, stop when told or when the parent is gone."""

    def when_ready(stop: asyncio.Event) -> None:
        asyncio.get_running_loop().add_reader(link.fileno(), stop.set)
        link.send_bytes(_READY)

    run_server(settings, address, listener, when_ready)


def _hear(link: Connection) -> None:
    try:
        link.recv_bytes()
    except EOFError as failure:
        message = "a serving process ended before it could answer"
        raise BeaconError(message) from failure


@contextmanager
def _woken_by_signals() -> Iterator[int]:
    """Give a file descriptor that becomes readable on SIGTERM or SIGINT."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    kept = {
        number: signal.signal(number, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    before = signal.set_wakeup_fd(writable)
    try:
        yield readable
    finally:
        signal.set_wakeup_fd(before)
        for number, handler in kept.items():
            signal.signal(number, handler)
        os.close(readable)
        os.close(writable)


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Block SIGINT in what is started here: Ctrl-C is the parent's to pass on."""
    kept = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, kept)
