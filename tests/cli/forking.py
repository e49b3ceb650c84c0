"""``beacon`` begun soon: forked from one process that has imported it already.

A child is a process as any other, with the environment, folder, output and signals it
is given; only the second its imports would take is spent once for all of them.  This
file is both sides: run as a program it waits for commands on a socket, and ends when
whoever started it has ended.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PROGRAM = Path(sys.executable).with_name("beacon")
_LONGEST = 1 << 20
_SECONDS = 60.0


class Child:
    """One that runs, as ``subprocess.Popen`` would give it.

    Args:
        arguments: of the command.
        environment: of the process, whole.
        said: where its output goes.
        errors: where its complaints go.
        code: what is run instead of the command, with the same imports done.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        said: IO[bytes],
        errors: IO[bytes],
        code: str | None = None,
    ) -> None:
        self._words = [str(PROGRAM) if code is None else "-c", *arguments]
        self.returncode: int | None = None
        self._reply, theirs = _pair()
        asked = {
            "words": self._words,
            "code": code,
            "environment": dict(environment),
            "folder": str(Path.cwd()),
        }
        with theirs, Path(os.devnull).open("rb") as nothing:
            ends = [each.fileno() for each in (nothing, said, errors, theirs)]
            socket.send_fds(_parent(), [json.dumps(asked).encode()], ends)
        self.pid = int(self._reply.recv(20))

        self.stdout: IO[str] | None = None
        self.stderr: IO[str] | None = None

    def wait(self, deadline: float) -> int:
        """Return the exit code, once it has ended.

        Raises:
            subprocess.TimeoutExpired: when it has not by then.
        """
        if self.returncode is None:
            if not select.select([self._reply], [], [], deadline)[0]:
                raise subprocess.TimeoutExpired(self._words, deadline)
            self.returncode = int(self._reply.recv(20))
            self._reply.close()
        return self.returncode

    def poll(self) -> int | None:
        """Return the exit code; ``None``: it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        with suppress(ProcessLookupError):
            if self.returncode is None:
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float) -> tuple[str, str]:
        """Return the rest of what it says until it has ended."""
        assert self.stdout is not None
        assert self.stderr is not None
        with self.stdout, self.stderr, ThreadPoolExecutor(1) as reading:
            errors = reading.submit(self.stderr.read)
            said = self.stdout.read()
            self.wait(timeout)
            return said, errors.result()


def begin(
    arguments: Sequence[str], environment: Mapping[str, str], code: str | None = None
) -> Child:
    """Begin ``beacon``, or a program; what it says can be read while it runs."""
    (said, mine), (errors, theirs) = os.pipe(), os.pipe()
    with os.fdopen(mine, "wb") as out, os.fdopen(theirs, "wb") as complaints:
        child = Child(arguments, environment, out, complaints, code)
    child.stdout, child.stderr = os.fdopen(said), os.fdopen(errors)
    return child


@contextmanager
def running(code: str, *arguments: str) -> Iterator[Child]:
    """Run a program of our own until the end of the block; what it says can be read."""
    child = begin(arguments, os.environ, code)
    try:
        yield child
    finally:
        child.kill()
        child.communicate(_SECONDS)


def run(
    arguments: Sequence[str], environment: Mapping[str, str], deadline: float
) -> subprocess.CompletedProcess[str]:
    """Run ``beacon`` to its end and return what it said.

    Raises:
        subprocess.TimeoutExpired: when it took longer; it was killed.
    """
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as errors:
        child = Child(arguments, environment, said, errors)
        try:
            child.wait(deadline)
        finally:
            child.kill()
            code = child.wait(deadline)
        words = [str(PROGRAM), *arguments]
        return subprocess.CompletedProcess(words, code, _text(said), _text(errors))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def _pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


@cache
def _parent() -> socket.socket:
    """Start the process that all are forked from, once."""
    ours, theirs = _pair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LONGEST)
    with theirs:
        number = theirs.fileno()
        process = subprocess.Popen(
            [sys.executable, "-P", __file__, str(number)],
            env={k: v for k, v in os.environ.items() if not k.startswith("BEACON_")},
            pass_fds=[number],
        )
    atexit.register(process.wait)
    atexit.register(ours.close)  # before it is waited for
    return ours


# --- in the process that is forked ---------------------------------------------------


def _serve(line: socket.socket) -> None:
    """Import all commands, then fork for each that comes, until nobody is there."""
    commands = import_module("beacon.cli.main").COMMANDS
    for command in commands.values():
        import_module(command.module)
    gc.freeze()
    while True:
        said, ends, _, _ = socket.recv_fds(line, _LONGEST, 4)
        if not said:
            return
        if os.fork() == 0:
            line.close()
            _watch(json.loads(said), ends)
        for end in ends:
            os.close(end)
        _bury()


def _bury() -> None:
    """Forget those that ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _watch(asked: dict, ends: list[int]) -> None:
    """Fork again; tell the number of the child, and with which code it ended."""
    reply = ends.pop()
    pid = os.fork()
    if pid == 0:
        os.close(reply)
        _become(asked, ends)
        return
    for end in ends:
        os.close(end)
    os.write(reply, b"%d" % pid)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.write(reply, b"%d" % code)
    os._exit(0)


def _become(asked: dict, ends: list[int]) -> None:
    """Be ``beacon``, as its script is."""
    for number, end in enumerate(ends):
        os.dup2(end, number)
        os.close(end)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    sys.argv = asked["words"]
    if asked["code"] is not None:
        exec(asked["code"], {"__name__": "__main__"})  # noqa: S102 - a test's own
        sys.exit()
    sys.exit(import_module("beacon.cli").main())


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as opened:
        _serve(opened)
