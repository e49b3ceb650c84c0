"""Where the store is: a server named by the user, or the embedded one.

``connect`` is the one way in.  With a URI that server is used as given.
Without one a mongod is shared on the data directory: started by whoever comes
first, on a Unix socket only, kept by a process apart (``keeper``), stopped
about two seconds after the last user left or was killed.

What may be killed at any time, and what happens then:

* a user of the store: the kernel drops its shared lock, nothing else;
* the keeper: mongod goes on; every user looks once a second whether there is a
  keeper, and starts one that adopts the running mongod;
* mongod: the keeper starts it again, and drivers reconnect to the same socket;
* all of them: the next user finds locks that nobody holds, and starts afresh.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from beacon.model.errors import BeaconError, StoreUnavailable, UsageError
from beacon.store.embedded import (
    Home,
    has_keeper,
    locked,
    log_size,
    open_home,
    socket_path,
    why_no_room,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_DATABASE = "nordic_beacon"
_LOCK_DEADLINE = 90.0
_KEEPER_DEADLINE = 90.0
_LOOK_EVERY = 1.0
_LOOK_AT_LEAST_EVERY = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreAddress:
    """Where the store is.

    Attributes:
        description: a sentence that names the store without its credentials.
    """

    uri: str
    database: str
    is_embedded: bool
    description: str


@contextmanager
def connect(store_uri: str | None, data_dir: Path) -> Iterator[StoreAddress]:
    """Give the address of the store, and keep an embedded one alive meanwhile.

    Raises:
        UsageError: when the URI cannot be read, or there is no mongod to start.
        StoreUnavailable: when the embedded mongod does not start.
    """
    if store_uri is not None:
        yield _named_server(store_uri)
        return
    home = open_home(data_dir)
    before = log_size(home)
    with locked(home.users_lock, fcntl.LOCK_SH, _LOCK_DEADLINE):
        address = _embedded_server(home)
        done = threading.Event()
        watcher = threading.Thread(
            target=_watch_keeper, args=(home, done), name="store-keeper", daemon=True
        )
        watcher.start()
        try:
            yield address
        except StoreUnavailable as failure:
            message = why_no_room(home, before)
            if message is None:
                raise
            raise StoreUnavailable(message) from failure
        finally:
            done.set()
            watcher.join()


def _named_server(uri: str) -> StoreAddress:
    try:
        parts = parse_uri(uri)
    except (PyMongoError, ValueError) as error:
        message = f"--store is not a MongoDB URI: {error}"
        raise UsageError(message) from error
    database = parts["database"] or DEFAULT_DATABASE
    hosts = ", ".join(h if p is None else f"{h}:{p}" for h, p in parts["nodelist"])
    return StoreAddress(
        uri=uri,
        database=database,
        is_embedded=False,
        description=f"The store is the MongoDB database {database} at {hosts}.",
    )


def _embedded_server(home: Home) -> StoreAddress:
    _ensure_keeper(home)
    return StoreAddress(
        uri=f"mongodb://{quote(str(socket_path(home)), safe='')}",
        database=DEFAULT_DATABASE,
        is_embedded=True,
        description=(
            f"The store is an embedded MongoDB on {home.root}, "
            "meant for evaluation and tests."
        ),
    )


def _ensure_keeper(home: Home) -> None:
    """Start a keeper unless one lives; it adopts a mongod that runs already.

    Raises:
        StoreUnavailable: with the keeper's own sentence.
    """
    with locked(home.start_lock, fcntl.LOCK_EX, _LOCK_DEADLINE):
        if has_keeper(home):
            return
        # Only our own package is added to the keeper's path, and with -P not
        # the current directory, whose files could shadow the standard library.
        root = str(Path(__file__).resolve().parents[2])
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        command = [sys.executable, "-P", "-m", "beacon.store.keeper", str(home.root)]
        try:
            keeper = subprocess.run(  # noqa: S603 (our own words only)
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
                timeout=_KEEPER_DEADLINE,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            message = "the embedded MongoDB did not start in time"
            raise StoreUnavailable(message) from error
    said = keeper.stdout.decode(errors="replace").strip()
    if said != "ready":
        last = said.splitlines()[-1] if said else "the keeper ended without a word"
        raise StoreUnavailable(last)


def _watch_keeper(home: Home, done: threading.Event) -> None:
    """Replace a keeper that was killed, until ``done``; look less often in vain."""
    pause = _LOOK_EVERY
    while not done.wait(pause):
        try:
            if not has_keeper(home):
                _ensure_keeper(home)
            pause = _LOOK_EVERY
        except (BeaconError, OSError):
            # Whoever uses the store is told by its own failing operation.
            pause = min(2 * pause, _LOOK_AT_LEAST_EVERY)
