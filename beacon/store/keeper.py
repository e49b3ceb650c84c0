"""The keeper: a small process of its own that owns the embedded mongod.

``python -m beacon.store.keeper DATA_DIR`` detaches, starts (or adopts) mongod,
says ``ready`` or one sentence on stdout, and closes it.  Then it looks, four
times a second, after two things:

* mongod died: it is started again, at most five times a minute;
* nobody holds ``users.lock`` for two seconds: mongod is stopped with SIGTERM
  while the keeper holds that lock exclusively, so that a newcomer waits and
  then starts a fresh one.  The two seconds let one command follow another.

It is a process apart because any user of the store may be killed at any time.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from beacon.model.errors import BeaconError, StoreUnavailable
from beacon.store.embedded import (
    Home,
    find_mongod,
    is_our_mongod,
    last_words,
    locked,
    locked_pid,
    log_size,
    mongod_command,
    open_home,
    server_pid,
    socket_path,
    try_lock,
    why_no_room,
)

_POLL = 0.25
_IDLE = 2.0
_START_DEADLINE = 60.0
_STOP_DEADLINE = 30.0
_RESTARTS = 5
_RESTART_WINDOW = 60.0
_LONGEST_LOG = 16 * 2**20


class Mongod:
    """The one mongod of a home, started here or found running."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._path = socket_path(home)
        self._child: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None

    def start(self) -> None:
        """Adopt the mongod that answers, or start one and wait until it listens.

        Raises:
            StoreUnavailable: when it ends or stays silent.
            UsageError: when there is no mongod to start.
        """
        self._pid = server_pid(self._home, self._path)
        if self._pid is not None:
            return
        self._end_silent_one()
        program = find_mongod()
        _shorten(self._home.mongod_log)
        before = log_size(self._home)
        command = mongod_command(self._home, program, self._path)
        self._child = subprocess.Popen(  # noqa: S603 (our own words only)
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._pid = self._child.pid
        self._wait_until_listening(self._child, before)

    def _end_silent_one(self) -> None:
        """Kill a mongod that runs on our data without answering on the socket."""
        pid = locked_pid(self._home)
        if pid is not None and is_our_mongod(self._home, pid):
            self._pid = pid
            self.stop()

    def _wait_until_listening(
        self, child: subprocess.Popen[bytes], before: int
    ) -> None:
        until = time.monotonic() + _START_DEADLINE
        while server_pid(self._home, self._path) is None:
            if child.poll() is not None:
                message = why_no_room(self._home, before)
                if message is None:
                    message = f"the embedded MongoDB did not start: {self._said(child)}"
                raise StoreUnavailable(message)
            if time.monotonic() > until:
                self.stop()
                message = "the embedded MongoDB did not start within a minute"
                raise StoreUnavailable(message)
            time.sleep(0.01)
        if child.stderr is not None:
            child.stderr.close()

    def _said(self, child: subprocess.Popen[bytes]) -> str:
        """Return the first line of what a mongod said that ended, or its last words."""
        said = child.stderr.read() if child.stderr else b""
        lines = said.decode(errors="replace").strip().splitlines()
        return lines[0] if lines else last_words(self._home)

    @property
    def is_alive(self) -> bool:
        """Whether the process lives and its socket is still in place."""
        return self._is_running() and self._path.exists()

    def _is_running(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        return self._pid is not None and is_our_mongod(self._home, self._pid)

    def leave(self) -> None:
        """Stop mongod for good, and take its socket's directory away."""
        self.stop()
        self._path.unlink(missing_ok=True)
        self._home.socket_note.unlink(missing_ok=True)
        with suppress(OSError):  # somebody put a file there: it is theirs
            self._path.parent.rmdir()

    def stop(self) -> None:
        """Ask mongod to end, and insist when it does not."""
        for number, deadline in ((signal.SIGTERM, _STOP_DEADLINE), (signal.SIGKILL, 5)):
            if not self._is_running() or self._pid is None:
                return
            os.kill(self._pid, number)
            until = time.monotonic() + deadline
            while self._is_running() and time.monotonic() < until:
                time.sleep(0.01)


def _shorten(log: Path) -> None:
    """Begin a log anew when it has grown too long."""
    if log.exists() and log.stat().st_size > _LONGEST_LOG:
        log.unlink()


def watch(users: int, mongod: Mongod) -> None:
    """Keep mongod alive while anybody is connected; stop it and return after.

    ``users`` is the open lock of the users; it stays locked on return.

    Raises:
        StoreUnavailable: when mongod dies again and again.
    """
    restarts: deque[float] = deque(maxlen=_RESTARTS)
    idle_since: float | None = None
    while True:
        time.sleep(_POLL)
        now = time.monotonic()
        if try_lock(users, fcntl.LOCK_EX):
            idle_since = now if idle_since is None else idle_since
            if now - idle_since >= _IDLE:
                mongod.leave()
                return
            fcntl.flock(users, fcntl.LOCK_UN)
            continue
        idle_since = None
        if not mongod.is_alive:
            _restart(mongod, restarts, now)


def _restart(mongod: Mongod, restarts: deque[float], now: float) -> None:
    if len(restarts) == _RESTARTS and now - restarts[0] < _RESTART_WINDOW:
        message = "the embedded MongoDB keeps dying; giving up"
        raise StoreUnavailable(message)
    restarts.append(now)
    _log("mongod is gone; starting it again")
    mongod.stop()
    mongod.start()


def _log(words: str) -> None:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S")
    os.write(2, f"{stamp} {words}\n".encode())


def _detach() -> None:
    """Leave the parent's session; the parent waits for our first words only."""
    if os.fork():
        os._exit(0)
    os.setsid()
    os.chdir("/")


def _close_standard_streams(home: Home) -> None:
    """Turn stdout and stderr to the log, which tells the parent to go on."""
    _shorten(home.keeper_log)
    log = os.open(home.keeper_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)


def keep(data_dir: Path) -> int:
    """Run the keeper of ``data_dir`` until nobody needs it."""
    home = open_home(data_dir)
    users = os.open(home.users_lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        # The keeper's lock is given back before the users' one: a newcomer who
        # had to wait for the latter must not find a keeper that is leaving.
        with locked(home.keeper_lock, fcntl.LOCK_EX, 5):
            return _serve(home, users)
    finally:
        os.close(users)


def _serve(home: Home, users: int) -> int:
    try:
        mongod = Mongod(home)
        mongod.start()
    except (BeaconError, OSError) as error:
        _tell(str(error))
        return 1
    _tell("ready")
    _close_standard_streams(home)
    _log(f"keeping mongod for {home.root}")
    try:
        watch(users, mongod)
    except (BeaconError, OSError) as error:
        _log(str(error))
        return 1
    _log("nobody is connected; stopped mongod")
    return 0


def _tell(words: str) -> None:
    """Say it to whoever started us, who may have been killed meanwhile."""
    with suppress(BrokenPipeError):
        os.write(1, f"{words}\n".encode())


def main() -> NoReturn:
    """Detach and keep the data directory named on the command line."""
    _detach()
    sys.exit(keep(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
