"""What one of several processes of a load does: chunk after chunk, until told so.

It lives no longer than its parent: whoever goes on with a load that was killed
must be alone with it.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import threading
import time
from contextlib import ExitStack
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from beacon.ingest.chunks import ChunkReader, ChunkWriter
from beacon.ingest.parallel import Done, Ended, Failed, Job, Read
from beacon.model.errors import BeaconError, LoadRejected, StoreUnavailable
from beacon.store.releases import Catalogue
from loaders.shards import OutOfOrder

if TYPE_CHECKING:
    from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_LOOK_EVERY = 0.25
_SAY_EVERY = 0.2


def main() -> None:
    """Work for the process that started this one, over the pipe it names."""
    _die_with(int(sys.argv[2]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when to stop
    gc.set_threshold(200_000, 20, 100)
    link = Connection(int(sys.argv[1]))
    try:
        _work(link, link.recv())
    except EOFError:
        return
    except (LoadRejected, StoreUnavailable) as error:
        link.send(Failed(_kind(error), str(error)))


def _kind(error: BeaconError) -> str:
    kinds = (OutOfOrder, LoadRejected, StoreUnavailable)
    return next(kind.__name__ for kind in kinds if isinstance(error, kind))


def _work(link: Connection, job: Job) -> None:
    with ExitStack() as opened:
        reader = _reader(job, opened)
        while (chunk := link.recv()) is not None:
            link.send(Done(chunk, reader.read(chunk, _teller(link, chunk))))
    link.send(Ended())


def _reader(job: Job, opened: ExitStack) -> ChunkReader | ChunkWriter:
    if job.address is None or job.ticket is None:
        return ChunkReader(job.work)
    catalogue = opened.enter_context(Catalogue(job.address))
    writer = opened.enter_context(catalogue.join(job.ticket))
    opened.callback(writer.finish)
    return ChunkWriter(job.work, catalogue, writer)


def _teller(link: Connection, chunk: int) -> Callable[[int], None]:
    """Return what tells the parent now and then how much of a chunk is read."""
    due = time.monotonic() + _SAY_EVERY

    def told(size: int) -> None:
        nonlocal due
        now = time.monotonic()
        if now > due:
            due = now + _SAY_EVERY
            link.send(Read(chunk, size))

    return told


def _die_with(parent: int) -> None:
    """End when the parent does: at once on Linux, else soon."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_EVERY)
        os._exit(1)

    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=look, daemon=True).start()
