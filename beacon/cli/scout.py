"""The listener for Scout beside a server: started, watched, and ended with it.

It is a process of its own, so that no load and no submission is in the way of a
question.  What it works with is given to it as it starts; it ends with its parent.
"""

from __future__ import annotations

import os
import pickle
import stat
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager, suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

import click

from beacon.cli.ports import Port
from beacon.model.errors import UsageError
from beacon.model.hosts import is_loopback
from beacon.store.connection import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from beacon.settings import Settings
    from beacon.store.connection import StoreAddress

_PROGRAM = "from beacon.cli.scout_listener import main; main()"
_OTHERS = 0o077
_SHORTEST = 16
_LARGEST = 4096
_PATIENCE = 4.0
_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)


class Errand(NamedTuple):
    """What the listener is given.

    Attributes:
        api: address of this beacon's own API.
        socket: number of the listening socket.
    """

    settings: Settings
    address: StoreAddress
    api: str
    socket: int


def read_private(path: Path, name: str) -> bytes:
    """Return what stands in a file that only its owner may read.

    Raises:
        UsageError: naming the setting and what is wrong.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(_LARGEST).strip()
    except OSError as failure:
        message = f"{name} {path} cannot be read ({failure.strerror})"
        raise UsageError(message) from failure
    if stat.S_IMODE(mode) & _OTHERS:
        message = f"{name} {path} can be read by others; make it yours alone (0600)"
        raise UsageError(message)
    if len(text) < _SHORTEST:
        message = f"{name} {path} holds no {_SHORTEST} letters"
        raise UsageError(message)
    return text


def check_scout(settings: Settings) -> None:
    """Check what a listener for Scout needs, where there is to be one.

    Raises:
        UsageError: naming what is missing or wrong.
    """
    scout = settings.scout
    if scout.port is None:
        return
    if scout.token_file is None or scout.root is None:
        name = "token_file" if scout.token_file is None else "root"
        message = f"scout.port is set, so scout.{name} must be, too"
        raise UsageError(message)
    read_private(scout.token_file, "scout.token_file")
    if not scout.root.is_dir():
        message = f"scout.root {scout.root} is no folder"
        raise UsageError(message)
    if not is_loopback(scout.host) and not settings.policy.is_given:
        message = (
            f"scout.host {scout.host} can be reached from other machines: set a policy"
            ' first ([policy] default = "open" shows every dataset to everybody)'
        )
        raise UsageError(message)
    if scout.key_file is not None:
        read_private(scout.key_file, "scout.key_file")
        if not is_loopback(scout.host):
            message = (
                f"scout.host {scout.host} can be reached from other machines, whom"
                " scout.key_file would lend its key: Scout shows none of its own"
            )
            raise UsageError(message)


@contextmanager
def scout_listens(
    settings: Settings, address: StoreAddress, api_port: int
) -> Iterator[None]:
    """Have the listener run until the end of the block, where one is asked for.

    Args:
        settings: of the whole beacon.
        address: of the store.
        api_port: that this beacon answers on.
    """
    scout = settings.scout
    if scout.port is None:
        yield
        return
    with _taken(scout.host, scout.port) as port, ExitStack() as opened:
        if scout.store_uri is not None:
            uri = scout.store_uri.get_secret_value()
            address = opened.enter_context(connect(uri, settings.data_dir))
        port.listen(1)
        listening = port.sockets[0]
        listening.set_inheritable(True)
        api = f"http://{_reached(settings.server.host)}:{api_port}/api"
        keeper = _Keeper(Errand(settings, address, api, listening.fileno()))
        shown = f"[{scout.host}]" if ":" in scout.host else scout.host
        click.echo(f"Scout is listened to at http://{shown}:{port.number}/", err=True)
        try:
            yield
        finally:
            keeper.end()


def _taken(host: str, number: int) -> Port:
    try:
        return Port(host, number)
    except UsageError as failure:
        raise UsageError(str(failure).replace("server.", "scout.", 1)) from failure


def _reached(host: str) -> str:
    """Return where this machine reaches a server that listens on an address."""
    with suppress(ValueError):
        known = ip_address(host)
        if known.is_unspecified:
            return "127.0.0.1" if known.version == 4 else "[::1]"
        return f"[{host}]" if known.version == 6 else host
    return host


class _Keeper:
    """Keeps the process; one that ends too early is followed by another."""

    def __init__(self, errand: Errand) -> None:
        self._errand = errand
        self._is_over = threading.Event()
        self._lock = threading.Lock()
        self._process = self._started()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _started(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            pass_fds=(self._errand.socket,),
        )
        if process.stdin is not None:  # it stays open: its end is the parent's
            with suppress(BrokenPipeError):
                pickle.dump(self._errand, process.stdin)
                process.stdin.flush()
        return process

    def _watch(self) -> None:
        for number in range(sys.maxsize):
            self._process.wait()
            if self._is_over.wait(_PAUSES[min(number, len(_PAUSES) - 1)]):
                return
            click.echo("beacon: the listener for Scout ended, and is begun", err=True)
            with self._lock:
                if self._is_over.is_set():
                    return
                self._process = self._started()

    def end(self) -> None:
        """Let it end, and see to it that it does."""
        with self._lock:
            self._is_over.set()
            self._process.terminate()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
