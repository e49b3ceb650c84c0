"""Serving with several processes: one parent that keeps them, N that answer.

The parent holds the port and every listening socket.  A worker that dies is
replaced, and another accepts for it meanwhile; one whose parent died drains and
ends.  On SIGHUP new workers begin with the settings as they are now, and only
when all of them answer do the old ones end: no request is refused meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from multiprocessing import connection, get_context, resource_tracker
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import click

from beacon.api.metrics import fold
from beacon.app import Post, Site, run_server
from beacon.model.errors import BeaconError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from beacon.cli.ports import Port
    from beacon.settings import Settings
    from beacon.store.connection import StoreAddress

_DRAIN_SECONDS = 25.0
_HANDING_OVER_SECONDS = 35.0
_SHORT_LIFE = 10.0
_SHORT_LIVES_BORNE = 5


class Accept(NamedTuple):
    """To a worker: accept from a socket that is not yours, or no more."""

    number: int
    is_mine: bool


class HandOver(NamedTuple):
    """To a worker: others have your place; end when nobody needs you."""


class Ready(NamedTuple):
    """From a worker: connections are accepted."""


class Failed(NamedTuple):
    """From a worker: it cannot serve, and why."""

    sentence: str
    is_usage: bool


@dataclass(eq=False, slots=True)
class _Worker:
    process: SpawnProcess
    link: Connection
    name: str
    place: int
    sockets: tuple[int, ...]
    born: float = field(default_factory=time.monotonic)
    is_ready: bool = False
    failure: Failed | None = None
    ends_by: float | None = None

    def tell(self, word: Accept | HandOver) -> None:
        with suppress(OSError):  # it died meanwhile, which is seen elsewhere
            self.link.send(word)


class Crew:
    """The worker processes of one server.

    Args:
        settings: of the whole beacon.
        address: of the store.
        port: that the server has.
        reread: gives the settings as they are now, or the sentence why it cannot.
    """

    def __init__(
        self,
        settings: Settings,
        address: StoreAddress,
        port: Port,
        reread: Callable[[], Settings],
    ) -> None:
        self._settings = settings
        self._address = address
        self._port = port
        self._reread = reread
        self._names = count()
        self._serving: list[_Worker] = []
        self._coming: list[_Worker] = []
        self._coming_settings = settings
        self._leaving: list[_Worker] = []
        self._helping: dict[int, _Worker] = {}
        self._short_lives = 0
        self._has_terminal = _terminal()

    def run(self, when_ready: Callable[[], None]) -> None:
        """Serve until SIGTERM or SIGINT, replacing workers that die.

        Raises:
            BeaconError: when workers do not start, or die again and again.
        """
        resource_tracker.ensure_running()
        with (
            TemporaryDirectory(prefix="beacon-") as folder,
            _woken_by_signals() as woken,
        ):
            self._folder = Path(folder)
            try:
                self._prepare(self._settings)
                while not self._is_stopped(woken):
                    self._look(when_ready)
            finally:
                self._port.close()
                self._dismiss([*self._serving, *self._coming, *self._leaving])

    # --- what happens ---------------------------------------------------------

    def _is_stopped(self, woken: int) -> bool:
        """Wait for something to happen; say whether it is a signal to stop."""
        everyone = [*self._serving, *self._coming, *self._leaving]
        links = [w.link for w in everyone if not (w.is_ready or w.failure)]
        sentinels = [worker.process.sentinel for worker in everyone]
        due = min((w.ends_by for w in everyone if w.ends_by is not None), default=None)
        patience = None if due is None else max(0.0, due - time.monotonic())
        if woken not in connection.wait([*links, *sentinels, woken], patience):
            return False
        numbers = os.read(woken, 64)
        if signal.SIGTERM in numbers or signal.SIGINT in numbers:
            return True
        if self._has_terminal and not _terminal():
            return True  # the terminal was closed, which is no wish to go on
        if signal.SIGHUP in numbers:
            self._renew()
        return False

    def _look(self, when_ready: Callable[[], None]) -> None:
        """Do what the state of the workers asks for."""
        for worker in [*self._serving, *self._coming]:
            _hear(worker)
        if self._coming:
            self._look_at_coming(when_ready)
        for worker in [w for w in self._serving if not w.process.is_alive()]:
            self._replace(worker)
        self._share_sockets()
        for worker in self._leaving[:]:
            self._look_at_leaving(worker)

    def _look_at_coming(self, when_ready: Callable[[], None]) -> None:
        """Let new workers take over once all are ready; or give them up together."""
        lost = [w for w in self._coming if w.failure or not w.process.is_alive()]
        if lost:
            failure = lost[0].failure
            self._give_up_coming()
            if not self._serving:
                raise _error(failure)
            _say(f"the new settings are not used: {_error(failure)}")
        elif all(worker.is_ready for worker in self._coming):
            old, self._serving, self._coming = self._serving, self._coming, []
            self._settings = self._coming_settings
            for worker in old:
                worker.tell(HandOver())
                worker.ends_by = time.monotonic() + _HANDING_OVER_SECONDS
            self._leaving += old
            if old:
                _say(f"{len(self._serving)} new processes serve with the new settings")
            else:
                when_ready()

    def _look_at_leaving(self, worker: _Worker) -> None:
        is_overdue = worker.ends_by is not None and time.monotonic() >= worker.ends_by
        if is_overdue or not worker.process.is_alive():
            self._leaving.remove(worker)
            self._end(worker)

    def _share_sockets(self) -> None:
        """Let somebody accept for each worker that is not ready, and only for those."""
        ready = [worker for worker in self._serving if worker.is_ready]
        alone = {n for w in self._serving if not w.is_ready for n in w.sockets}
        for number, helper in list(self._helping.items()):
            if number not in alone or helper not in ready:
                del self._helping[number]
                helper.tell(Accept(number, is_mine=False))
        for number in alone - self._helping.keys() if ready else ():
            self._helping[number] = ready[number % len(ready)]
            self._helping[number].tell(Accept(number, is_mine=True))

    # --- hiring and dismissing ------------------------------------------------

    def _renew(self) -> None:
        """Begin anew with the settings as they are now, beside those who serve."""
        self._give_up_coming()
        try:
            fresh = self._reread()
        except BeaconError as failure:
            _say(f"the new settings are not used: {failure}")
        else:
            self._prepare(fresh)

    def _prepare(self, settings: Settings) -> None:
        self._port.listen(settings.server.workers)
        self._coming_settings = settings
        for place in range(settings.server.workers):
            self._coming.append(self._hired(settings, place))

    def _give_up_coming(self) -> None:
        given_up, self._coming = self._coming, []
        self._dismiss(given_up)

    def _hired(self, settings: Settings, place: int) -> _Worker:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        workers = settings.server.workers
        post = Post(
            name=str(next(self._names)),
            workers=workers,
            folder=self._folder,
            sockets=tuple(self._port.sockets),
            mine=self._port.served_by(place, workers),
        )
        process = context.Process(
            target=work, args=(settings, self._address, post, theirs), daemon=True
        )
        with _deaf_to_the_terminal():
            process.start()
        theirs.close()
        return _Worker(process, ours, post.name, place, post.mine)

    def _replace(self, dead: _Worker) -> None:
        lived = time.monotonic() - dead.born
        self._short_lives = self._short_lives + 1 if lived < _SHORT_LIFE else 0
        if self._short_lives > _SHORT_LIVES_BORNE:
            why = "" if dead.failure is None else f": {dead.failure.sentence}"
            message = f"the serving processes die as soon as they start{why}; giving up"
            raise BeaconError(message)
        self._serving.remove(dead)
        self._end(dead)
        self._serving.append(self._hired(self._settings, dead.place))

    def _dismiss(self, workers: Iterable[_Worker]) -> None:
        """Let every worker drain; end those that take too long."""
        workers = list(workers)
        for worker in workers:
            worker.process.terminate()
        deadline = time.monotonic() + _DRAIN_SECONDS
        for worker in workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            self._end(worker)

    def _end(self, worker: _Worker) -> None:
        """End what is left of a worker, and keep what it has counted."""
        if worker.process.is_alive():
            worker.process.kill()
        worker.process.join()
        worker.link.close()
        fold(self._folder, [worker.name])


def _hear(worker: _Worker) -> None:
    """Take a worker's first word, if there is one."""
    if worker.is_ready or worker.failure or not worker.link.poll():
        return
    try:
        word = worker.link.recv()
    except (EOFError, OSError):
        return  # it ended before it could say anything
    if isinstance(word, Failed):
        worker.failure = word
    else:
        worker.is_ready = True


def _error(failure: Failed | None) -> BeaconError:
    if failure is None:
        return BeaconError("a serving process ended before it could answer")
    return (UsageError if failure.is_usage else BeaconError)(failure.sentence)


def _say(sentence: str) -> None:
    click.echo(f"beacon: {sentence}", err=True)


# --- in the worker -----------------------------------------------------------


def work(
    settings: Settings, address: StoreAddress, post: Post, link: Connection
) -> None:
    """Be one worker: say when ready, stop when told or when the parent is gone."""

    async def until(site: Site, stop: asyncio.Event) -> None:
        words: asyncio.Queue[Accept | HandOver] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        loop.add_reader(link.fileno(), _listen, link, words, stop)
        link.send(Ready())
        obeying = asyncio.create_task(_obey(site, words, stop))
        await stop.wait()
        obeying.cancel()
        loop.remove_reader(link.fileno())

    try:
        run_server(settings, address, post, until)
    except BeaconError as failure:
        _give_up(link, Failed(str(failure), isinstance(failure, UsageError)))
    except Exception as failure:  # noqa: BLE001 - the last line of the process
        sentence = f"unexpected {type(failure).__name__}: {failure}"
        _give_up(link, Failed(sentence, is_usage=False))


def _give_up(link: Connection, failure: Failed) -> NoReturn:
    with suppress(OSError):  # the parent may be gone, too
        link.send(failure)
    sys.exit(1)


def _listen(
    link: Connection, words: asyncio.Queue[Accept | HandOver], stop: asyncio.Event
) -> None:
    try:
        words.put_nowait(link.recv())
    except (EOFError, OSError):
        asyncio.get_running_loop().remove_reader(link.fileno())
        stop.set()


async def _obey(
    site: Site, words: asyncio.Queue[Accept | HandOver], stop: asyncio.Event
) -> None:
    """Do what the parent says, one thing after the other."""
    while True:
        match await words.get():
            case Accept(number=number, is_mine=True):
                await site.accept(number)
            case Accept(number=number):
                await site.leave_to_others(number)
            case HandOver():
                await site.hand_over()
                stop.set()
                return


# --- signals -----------------------------------------------------------------


def _terminal() -> bool:
    """Whether standard input is a terminal that is there."""
    return sys.stdin is not None and os.isatty(0)


@contextmanager
def _woken_by_signals() -> Iterator[int]:
    """Give a file descriptor from which the numbers of signals can be read."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    kept = {
        number: signal.signal(number, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
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
def _deaf_to_the_terminal() -> Iterator[None]:
    """Block in what is started here what is the parent's to pass on."""
    meant = {signal.SIGINT, signal.SIGHUP}
    kept = signal.pthread_sigmask(signal.SIG_BLOCK, meant)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, kept)
