"""The process that listens to Scout, and has carried out what it says.

One submission after another, each in a process of its own: what one takes of memory
is given back, and one that is killed is begun again from what is on disk.
"""

from __future__ import annotations

import asyncio
import pickle
import signal
import socket
import sys
import threading
from contextlib import suppress
from importlib.metadata import version
from time import monotonic
from typing import TYPE_CHECKING, cast

import structlog
from aiohttp import web

from beacon.app import keep_log
from beacon.cli.scout import Errand, read_private
from beacon.cli.scout_loader import (
    IS_BUSY,
    Task,
    least,
    outlive_parent,
    root,
)
from beacon.ingest.feeding import held, leave, register, submit
from beacon.ingest.submissions import FOLDER, Spool, live, next_batch
from beacon.model.errors import BeaconError, StoreUnavailable, UsageError
from beacon.model.hosts import is_loopback
from beacon.opening import open_store
from beacon.scout.door import Door, create_door
from beacon.scout.observing import Observatory
from beacon.store.releases import Catalogue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beacon.ingest.feeding import Asked
    from beacon.ingest.submissions import Submission
    from beacon.scout.reading import Described
    from beacon.store.variants import VariantStore

_LOADER = "from beacon.cli.scout_loader import main; main()"
_QUIET = 2.0
"""Seconds in which the files of a case come, one after another."""
_PAUSE = 10.0
"""Seconds until what could not be tried is tried again."""
_LOOK_EVERY = 60.0
_LAST_SECONDS = 2.0
_log = structlog.get_logger(__name__)


class Feeder:
    """Keeps submissions, and has them carried out.

    Args:
        errand: what this process was given.
        spool: where submissions are kept.
        catalogue: the store's.
        store: knows where genes lie.
        quiet: seconds that a submission waits for others like it.
    """

    def __init__(
        self,
        errand: Errand,
        spool: Spool,
        catalogue: Catalogue,
        store: VariantStore,
        quiet: float = _QUIET,
    ) -> None:
        self._errand = errand
        self._settings = errand.settings
        self._spool = spool
        self._catalogue = catalogue
        self._store = store
        self._quiet = quiet
        self._lock = asyncio.Lock()
        self._news = asyncio.Event()
        self._busy: dict[str, float] = {}

    async def datasets(self) -> Sequence[str]:
        """Return the ids of what may be fed."""
        return [each.id for each in await asyncio.to_thread(self._spool.datasets)]

    async def register(self, described: Described) -> None:
        """Let a dataset be fed."""
        said = {"name": described.name, "description": described.description}
        async with self._lock:
            await asyncio.to_thread(
                register, self._spool, self._catalogue, described.dataset, **said
            )

    async def submit(self, asked: Asked) -> tuple[Submission, tuple[str, ...]]:
        """Keep an addition; return the genes that were left out, too."""
        genes = await self._store.genes()
        async with self._lock:
            kept = await asyncio.to_thread(
                submit, self._spool, self._catalogue, genes, asked, root(self._settings)
            )
        self._news.set()
        return kept

    async def leave(self, dataset: str, samples: tuple[str, ...]) -> Submission:
        """Keep the wish that people leave a dataset."""
        async with self._lock:
            kept = await asyncio.to_thread(
                leave, self._spool, self._catalogue, dataset, samples
            )
        self._news.set()
        return kept

    async def submissions(self) -> Sequence[Submission]:
        """Return all submissions, oldest first."""
        return await asyncio.to_thread(self._spool.submissions)

    async def is_partial(self, dataset: str) -> bool:
        """Whether some people of a dataset were looked at in some genes alone.

        So it may be where nobody knows.
        """
        try:
            known = live(await self.submissions(), dataset)
        except StoreUnavailable:
            return True
        return any(each.stretches is not None for each in known)

    async def work(self) -> None:
        """Have everything carried out that waits, for as long as this runs."""
        while True:
            self._news.clear()  # what comes from here on is looked for again
            try:
                await self._work()
                patience = self._patience()
            except BeaconError as failure:
                _log.error("scout.waits", why=str(failure))
                patience = _PAUSE
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), patience)

    async def _work(self) -> None:
        while await asyncio.to_thread(self._next):
            await asyncio.sleep(self._quiet)
            batch = await asyncio.to_thread(self._next)
            code = await self._carried_out(batch) if batch else 0
            if code:  # others need not wait for it
                pause = _LOOK_EVERY if code == IS_BUSY else _PAUSE
                self._busy[batch[0].dataset] = monotonic() + pause

    def _patience(self) -> float:
        """Return in how many seconds something may be done that waits now."""
        now = monotonic()
        self._busy = {name: at for name, at in self._busy.items() if at > now}
        return min((at - now for at in self._busy.values()), default=_LOOK_EVERY)

    def _next(self) -> tuple[Submission, ...]:
        waits = held(self._spool, least(self._settings, self._spool))
        busy = [name for name, until in self._busy.items() if until > monotonic()]
        return next_batch(self._spool.submissions(), waits, busy)

    async def _carried_out(self, batch: Sequence[Submission]) -> int:
        """Have a process carry something out; return its exit code."""
        numbers = tuple(each.number for each in batch)
        task = Task(self._settings, self._errand.address, numbers)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _LOADER, stdin=asyncio.subprocess.PIPE
        )
        try:
            if process.stdin is not None:  # it stays open: its end is ours
                with suppress(ConnectionError):
                    process.stdin.write(pickle.dumps(task))
                    await process.stdin.drain()
            return await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def main() -> None:
    """Listen for the process that started this one."""
    errand = cast("Errand", pickle.load(sys.stdin.buffer))  # noqa: S301 - our parent's
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when to stop
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    keep_log(sys.stderr)
    try:
        asyncio.run(_listen(errand))
    except BeaconError as failure:
        print(f"beacon: {failure}", file=sys.stderr)  # noqa: T201 - no command line
        sys.exit(1)


async def _listen(errand: Errand) -> None:
    settings, address = errand.settings, errand.address
    spool = Spool(settings.data_dir / FOLDER)
    stop = _stopped()
    with spool.alone(), Catalogue(address) as catalogue:
        async with open_store(settings, address) as store:
            feeder = Feeder(errand, spool, catalogue, store)
            app = application(errand, feeder)
            runner = web.AppRunner(
                app,
                access_log=None,
                handle_signals=False,
                shutdown_timeout=_LAST_SECONDS,
            )
            await runner.setup()
            listening = socket.socket(fileno=errand.socket)
            await web.SockSite(runner, listening).start()
            working = asyncio.create_task(feeder.work())
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
            for task in (working, stopping):
                task.cancel()
            await asyncio.gather(working, stopping, return_exceptions=True)
            await runner.cleanup()


def application(errand: Errand, feeder: Feeder) -> web.Application:
    """Return the application of the listener."""
    settings = errand.settings
    scout, me = settings.scout, settings.beacon

    def token() -> bytes:
        if scout.token_file is None:
            message = "scout.token_file is not set"
            raise UsageError(message)
        return read_private(scout.token_file, "scout.token_file")

    def key() -> str | None:
        if scout.key_file is None:
            return None
        return read_private(scout.key_file, "scout.key_file").decode("latin-1")

    identity = {
        "id": me.id,
        "name": me.name,
        "apiVersion": "1.0.0",
        "organisation": {"id": me.organisation.id, "name": me.organisation.name},
        "version": version("nordic-beacon"),
    }
    observatory = Observatory(errand.api, key, feeder.is_partial)
    has_policy = settings.policy.file is not None
    door = Door(
        feeder,
        token,
        identity,
        is_private=is_loopback(scout.host),
        seen=observatory.seen if has_policy else None,
    )
    return create_door(door, observatory)


def _stopped() -> asyncio.Event:
    """Return what is set on SIGTERM, and when the parent is gone."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)

    def wait() -> None:
        outlive_parent()
        with suppress(RuntimeError):  # it ended meanwhile
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait, daemon=True).start()
    return stop
