"""The embedded mongod's files, locks and program; starting it is the keeper's.

One data directory holds one mongod, shared by every process that uses it:

    users.lock    shared flock of every connected process; whoever holds it
                  exclusively knows that nobody is connected
    start.lock    exclusive flock: one process at a time looks for a keeper
    keeper.lock   exclusive flock of the living keeper
    socket.path   where the socket is (its directory is short, see below)
    mongo/        mongod's data; mongod locks its own ``mongod.lock``
    mongod.log    keeper.log

The kernel drops the locks of a killed process, so no file left behind can lie.
Only the standard library is imported: the keeper must start quickly.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import socket
import stat
import struct
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from errno import ENOSPC
from pathlib import Path
from typing import TYPE_CHECKING

from beacon.model.errors import StoreUnavailable, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_SOCKET_NAME = "mongodb-27017.sock"
_LONGEST_SOCKET_PATH = 100
_LARGEST_CACHE_GB = 1.0
_SMALLEST_CACHE_GB = 0.25
_LOCK_POLL = 0.01
_LEAST_ROOM = 2**20
"""Bytes: with less nothing is written."""
_MOST_OF_A_LOG = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The files of one embedded store."""

    root: Path

    @property
    def data(self) -> Path:
        """The directory of mongod itself."""
        return self.root / "mongo"

    @property
    def users_lock(self) -> Path:
        """Held shared by everybody who is connected."""
        return self.root / "users.lock"

    @property
    def start_lock(self) -> Path:
        """Held by the process that looks for, or starts, a keeper."""
        return self.root / "start.lock"

    @property
    def keeper_lock(self) -> Path:
        """Held by the living keeper."""
        return self.root / "keeper.lock"

    @property
    def mongod_log(self) -> Path:
        """What mongod writes, one JSON document a line."""
        return self.root / "mongod.log"

    @property
    def keeper_log(self) -> Path:
        """What the keeper writes."""
        return self.root / "keeper.log"

    @property
    def socket_note(self) -> Path:
        """Names the socket, for processes whose temporary directory differs."""
        return self.root / "socket.path"


def open_home(data_dir: Path) -> Home:
    """Return the store's home below ``data_dir``, created where it is missing.

    Raises:
        UsageError: when the directory cannot be made or written.
    """
    root = data_dir.expanduser().absolute()
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        home = Home(root=root.resolve())
        home.data.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        message = f"--data-dir {data_dir}: {error.strerror}"
        raise UsageError(message) from error
    return home


def socket_path(home: Home) -> Path:
    """Return the path of the socket, in a directory only this user can enter.

    Socket paths are limited to about 107 bytes, hence a short directory named
    after the user and the data directory, not the data directory itself.

    A note that names another one came with a copy of another data directory.

    Raises:
        StoreUnavailable: when somebody else owns that directory.
    """
    digest = hashlib.sha256(os.fsencode(home.root)).hexdigest()[:12]
    name = f"nordic-beacon-{os.getuid()}-{digest}"
    try:
        noted = Path(home.socket_note.read_text(encoding="utf-8"))
    except FileNotFoundError:
        noted = None
    if noted is not None and noted.parent.name == name and noted.parent.is_dir():
        _check_private(noted.parent)
        return noted
    path = Path(tempfile.gettempdir()) / name / _SOCKET_NAME
    if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH:
        path = Path("/tmp") / name / _SOCKET_NAME  # noqa: S108 (owner checked below)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    _check_private(path.parent)
    home.socket_note.write_text(str(path), encoding="utf-8")
    return path


def _check_private(directory: Path) -> None:
    """Refuse a directory that others own, can enter, or have linked elsewhere."""
    facts = directory.lstat()
    private = stat.S_ISDIR(facts.st_mode) and stat.S_IMODE(facts.st_mode) == 0o700
    if not private or facts.st_uid != os.getuid():
        message = f"{directory} is not a directory of yours alone (mode 0700)"
        raise StoreUnavailable(message)


def find_mongod() -> Path:
    """Return the mongod found on PATH, else the one installed beside us.

    Raises:
        UsageError: when there is none.
    """
    on_path = shutil.which("mongod")
    if on_path is not None:
        return Path(on_path)
    spec = importlib.util.find_spec("fiftyone")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        bundled = Path(folder) / "db" / "bin" / "mongod"
        if os.access(bundled, os.X_OK):
            return bundled
    raise UsageError(_why_no_mongod())


def _why_no_mongod() -> str:
    system, machine = platform.system(), platform.machine()
    remedy = "install nordic-beacon[embedded], put mongod on PATH"
    if (system, machine) != ("Linux", "x86_64"):
        remedy = f"none is bundled for {system} on {machine}: put mongod on PATH"
    return f"no MongoDB server was found; {remedy}, or name a server with --store"


def mongod_command(home: Home, program: Path, path: Path) -> list[str]:
    """Return the command line of the embedded mongod: a socket, no TCP port."""
    return [
        str(program),
        *("--dbpath", str(home.data)),
        *("--bind_ip", str(path)),
        *("--unixSocketPrefix", str(path.parent)),
        *("--filePermissions", "0700"),
        *("--wiredTigerCacheSizeGB", f"{_cache_gb():.2f}"),
        *("--wiredTigerCollectionBlockCompressor", "zstd"),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        *("--setParameter", "ttlMonitorEnabled=false"),
        "--noscripting",
        "--quiet",
        *("--logpath", str(home.mongod_log)),
        "--logappend",
    ]


def _cache_gb() -> float:
    """Return a quarter of the memory, within bounds."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return max(_SMALLEST_CACHE_GB, min(_LARGEST_CACHE_GB, memory / 4))


def last_words(home: Home) -> str:
    """Return the last complaint in mongod's log, or say that there is none."""
    try:
        lines = home.mongod_log.read_text(encoding="utf-8").splitlines()[-200:]
    except OSError:
        lines = []
    for line in reversed(lines):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if entry.get("s") in ("E", "F"):
            detail = entry.get("attr", {}).get("error", "")
            return f"{entry.get('msg', '')} {detail}".strip()
    return f"see {home.mongod_log}"


def log_size(home: Home) -> int:
    """Return how long mongod's log is now, in bytes."""
    return home.mongod_log.stat().st_size if home.mongod_log.exists() else 0


def why_no_room(home: Home, since: int) -> str | None:
    """Return that a mongod ended as its disk was full; ``None``: it did not.

    The disk is asked, and the log: what mongod gave up is free again afterwards.

    Args:
        home: of the mongod.
        since: where in its log it is looked for from.
    """
    with suppress(OSError):
        disk = os.statvfs(home.root)
        is_full = disk.f_bavail * disk.f_frsize < _LEAST_ROOM
        if is_full or os.strerror(ENOSPC).encode() in _log_from(home, since):
            return (
                f"the disk of {home.root} is full, and the embedded MongoDB on it"
                " ended: make room, and begin again; what was served is there as it was"
            )
    return None


def _log_from(home: Home, since: int) -> bytes:
    """Return what mongod wrote from a place of its log on: of much, the end."""
    size = log_size(home)
    if not size:
        return b""
    with home.mongod_log.open("rb") as file:
        file.seek(max(since if since <= size else 0, size - _MOST_OF_A_LOG))
        return file.read()


@contextmanager
def locked(path: Path, mode: int, deadline: float) -> Iterator[int]:
    """Hold a flock on ``path`` (``fcntl.LOCK_SH`` or ``LOCK_EX``).

    Raises:
        StoreUnavailable: when it is not free within ``deadline`` seconds.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        until = time.monotonic() + deadline
        while not try_lock(handle, mode):
            if time.monotonic() > until:
                message = f"{path} stayed locked for {deadline:.0f} s"
                raise StoreUnavailable(message)
            time.sleep(_LOCK_POLL)
        yield handle
    finally:
        os.close(handle)


def try_lock(handle: int, mode: int) -> bool:
    """Take a flock at once, or say that it is taken."""
    try:
        fcntl.flock(handle, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def has_keeper(home: Home) -> bool:
    """Whether a living keeper holds its lock.

    The lock is tried shared: two processes that look at once see the keeper,
    not each other.
    """
    handle = os.open(home.keeper_lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        return not try_lock(handle, fcntl.LOCK_SH)
    finally:
        os.close(handle)


def server_pid(home: Home, path: Path) -> int | None:
    """Return the process that listens on the socket, ``None`` when nobody does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(5)
        try:
            client.connect(str(path))
        except OSError:
            return None
        if hasattr(socket, "SO_PEERCRED"):
            peer = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            return int(struct.unpack("3i", peer)[0])
    return locked_pid(home)


def locked_pid(home: Home) -> int | None:
    """Return the pid that mongod wrote into its lock file; it may be long dead."""
    try:
        return int((home.data / "mongod.lock").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def is_our_mongod(home: Home, pid: int) -> bool:
    """Whether ``pid`` is a mongod on this store's data, not a number used again."""
    processes = Path("/proc")
    try:
        if not (processes / "self").exists():
            os.kill(pid, 0)
            return True
        words = (processes / str(pid) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.fsencode(home.data) in words
