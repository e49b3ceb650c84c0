"""A process that carries out submissions, and ends with the one that started it.

What it takes of memory is given back; killed, it is begun again from what is on disk.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, cast

from beacon.cli.load import min_new_people, usual_jobs
from beacon.cli.open_files import allow_many_files
from beacon.cli.priority import give_way
from beacon.cli.withdraw import leave_out_again
from beacon.ingest import Journal
from beacon.ingest.feeding import Feed, carry_out
from beacon.ingest.submissions import FOLDER, Spool
from beacon.model.errors import BeaconError, BeingLoaded, UsageError
from beacon.store.connection import StoreAddress  # noqa: TC001 - it is unpickled
from beacon.store.releases import Catalogue

if TYPE_CHECKING:
    from pathlib import Path

    from beacon.settings import Settings

IS_BUSY = 3
"""Exit code where somebody else loads the dataset."""


class Task(NamedTuple):
    """What one loading process is given: submissions, by number."""

    settings: Settings
    address: StoreAddress
    numbers: tuple[int, ...]


def root(settings: Settings) -> Path:
    """Return the folder in which files that are submitted have to lie.

    Raises:
        UsageError: none is set.
    """
    if settings.scout.root is None:
        message = "scout.root is not set"
        raise UsageError(message)
    return settings.scout.root


def least(settings: Settings, spool: Spool) -> dict[str, int]:
    """Return in how many people releases must differ, by dataset that is fed."""
    found = {each.id: min_new_people(settings, each.id) for each in spool.datasets()}
    return {name: number for name, number in found.items() if number is not None}


def main() -> None:
    """Carry out submissions for the process that started this one; die with it."""
    task = cast("Task", pickle.load(sys.stdin.buffer))  # noqa: S301 - our parent's
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    # Records come by the million and hold no cycles: looking for some costs a third.
    gc.set_threshold(200_000, 20, 100)
    allow_many_files()
    give_way()
    try:
        _load(task)
    except BeaconError as failure:
        print(f"beacon: {failure}", file=sys.stderr)  # noqa: T201 - no command line
        os._exit(IS_BUSY if isinstance(failure, BeingLoaded) else 1)
    except Exception as failure:  # noqa: BLE001 - its text may hold what is in a file
        print(f"beacon: unexpected {type(failure).__name__}", file=sys.stderr)  # noqa: T201
        os._exit(1)
    os._exit(0)  # without waiting for the thread above


def _load(task: Task) -> None:
    settings = task.settings
    spool = Spool(settings.data_dir / FOLDER)
    batch = [s for s in spool.submissions() if s.number in task.numbers]
    feed = Feed(
        root=root(settings),
        references=settings.references.paths(),
        jobs=usual_jobs(),
        min_new_people=least(settings, spool),
        keeps=settings.scout.keep_releases,
    )
    with Catalogue(task.address) as catalogue:
        leave_out_again(catalogue, settings)
        carry_out(spool, catalogue, Journal(settings.data_dir), batch, feed)
        # Somebody may have withdrawn while the files were read.
        leave_out_again(catalogue, settings)


def _die_with_parent() -> None:
    outlive_parent()
    os._exit(1)


def outlive_parent() -> None:
    """Wait until the parent is gone, which holds the other end of standard input.

    Read below the buffer: its lock would be held when this process ends.
    """
    with suppress(OSError):
        while os.read(0, 1):
            pass
