"""Environments, servers and a mongod that a benchmark makes, and takes down again.

Everything listens on loopback and is ended by the process that started it, by pid.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from beacon.store.embedded import find_mongod

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

START = 120.0
"""Seconds in which a server must answer."""
PAGE, TICKS = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")


def environment(folder: Path, program: str, requirements: Sequence[str]) -> Path:
    """Return the Python of an environment with just these packages, made if missing.

    A requirement that begins with ``--no-deps`` is installed without what it asks for.

    Raises:
        subprocess.CalledProcessError: when a package cannot be had.
    """
    note, python = folder / "installed.json", folder / "bin" / "python"
    if note.exists() and json.loads(note.read_text()) == list(requirements):
        return python
    done([program, "-m", "venv", "--clear", str(folder)])
    pip = [str(python), "-m", "pip", "install", "--quiet"]
    alone = [r.removeprefix("--no-deps ") for r in requirements if r.startswith("--")]
    if alone:
        done([*pip, "--no-deps", *alone])
    done([*pip, *(r for r in requirements if not r.startswith("--"))])
    note.write_text(json.dumps(list(requirements)))
    return python


def done(command: Sequence[str], **more: str) -> str:
    """Run a command, ``more`` added to its environment; return what it printed.

    Raises:
        subprocess.CalledProcessError: when it fails; its ``stderr`` says why.
    """
    ran = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, **more}
    )
    return ran.stdout


def version(python: Path, package: str) -> str:
    """Return the version of a package in an environment."""
    code = f"from importlib.metadata import version; print(version({package!r}))"
    return done([str(python), "-c", code]).strip()


@contextmanager
def started(
    command: Sequence[str], port: int, log: Path, more: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Run a server until the end of the block; yield its pid once it listens.

    Raises:
        OSError: when it ends, or does not listen in time; its log says why.
    """
    with log.open("wb") as said:
        server = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env={**os.environ, **(more or {})},
            start_new_session=True,
        )
        try:
            _wait(server, port, log)
            yield server.pid
        finally:
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGTERM)
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + START
    while time.monotonic() < until and server.poll() is None:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    lines = log.read_text(errors="replace").strip().splitlines()
    message = f"{server.args!r} does not listen: {lines[-1] if lines else 'no word'}"
    raise OSError(message)


@contextmanager
def mongod(folder: Path, port: int) -> Iterator[tuple[str, int]]:
    """Run the bundled mongod over TCP, as peers need it; yield its URI and pid.

    It has the cache that ours has, and mongod's own settings otherwise.
    """
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    command = [
        str(find_mongod()), "--dbpath", str(data), "--bind_ip", "127.0.0.1",
        "--port", str(port), "--wiredTigerCacheSizeGB", "1", "--quiet",
        "--logpath", str(folder / "mongod.log"),
    ]  # fmt: skip
    with started(command, port, folder / "mongod.err") as pid:
        yield f"mongodb://127.0.0.1:{port}", pid


def _stat(pid: int) -> list[str]:
    """Return the words of a process's state after its name; none when it ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return []


def family(pid: int) -> list[int]:
    """Return a process and all that descend from it and live."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (words := _stat(int(entry.name))):
            children.setdefault(int(words[1]), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def processor(pid: int | None) -> float:
    """Return processor seconds of a process and its descendants, ended ones, too."""
    if pid is None:
        return 0.0
    spent = sum(sum(map(int, _stat(one)[11:15])) for one in family(pid))
    return spent / TICKS


def _resident(pid: int) -> int:
    """Return resident bytes of a process, 0 when it has ended."""
    try:
        words = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0
    return int(words[1]) * PAGE


@dataclass(slots=True)
class Watch:
    """What a server's processes take: memory at most, processor in all.

    Attributes:
        pid: of the server; database: of its mongod, where it has one.
        largest, together: bytes of the largest process, and of all, at most.
        server, mongod: processor seconds while watched.
    """

    pid: int
    database: int | None
    largest: int = 0
    together: int = 0
    server: float = 0.0
    mongod: float = 0.0

    def look(self) -> None:
        """Look at the memory once."""
        sizes = [_resident(pid) for pid in family(self.pid)]
        self.largest = max(self.largest, *sizes)
        self.together = max(self.together, sum(sizes))

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look once a second while the block runs; add what it took."""
        over = threading.Event()
        watch = threading.Thread(target=self._until, args=(over,))
        server, mongod = processor(self.pid), processor(self.database)
        watch.start()
        try:
            yield
        finally:
            over.set()
            watch.join()
            self.server += processor(self.pid) - server
            self.mongod += processor(self.database) - mongod

    def _until(self, over: threading.Event) -> None:
        while not over.wait(1.0):
            self.look()

    @property
    def megabytes(self) -> dict[str, float]:
        """The memory."""
        return {
            "largest process": round(self.largest / 1e6, 1),
            "all processes": round(self.together / 1e6, 1),
        }
