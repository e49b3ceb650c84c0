"""One port, several listening sockets: the kernel spreads connections over them.

Each worker has a socket of its own, but all of them belong to the parent: a
socket whose worker dies, or is replaced, keeps what waits in it, and another
process accepts it.  None is closed before the server ends.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING

from beacon.model.errors import BeaconError, UsageError

if TYPE_CHECKING:
    from types import TracebackType

_BACKLOG = 1024
_IS_SPREAD = sys.platform == "linux"
"""Elsewhere sockets can share a port, too, but one of them gets everything."""


class Port:
    """A port that this server has for itself, and its listening sockets.

    Args:
        host: address to listen on.
        number: of the port; 0: any that is free.

    Raises:
        UsageError: when the host means nothing here.
        BeaconError: when the port is taken or may not be used.
    """

    def __init__(self, host: str, number: int) -> None:
        family, self._address = _address(host, number)
        self._family = family
        self.sockets: list[socket.socket] = []
        self._kept = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._reserve()
        except OSError as failure:
            self._kept.close()
            message = f"cannot listen on {host} port {number}: {_reason(failure)}"
            raise BeaconError(message) from failure
        self.number: int = self._kept.getsockname()[1]
        self._address = (self._address[0], self.number)

    def _reserve(self) -> None:
        """Take the port as if nobody shared it; then share it with our own sockets.

        A second server asks for it for itself, too, and is refused whatever state
        our sockets are in.
        """
        _set(self._kept, socket.SO_REUSEADDR, on=True)  # past connections linger
        if self._family == socket.AF_INET6:
            self._kept.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self._kept.bind(self._address)
        if _IS_SPREAD:
            _set(self._kept, socket.SO_REUSEADDR, on=False)
            _set(self._kept, socket.SO_REUSEPORT, on=True)

    def listen(self, workers: int) -> None:
        """Listen with a socket for each worker, at least."""
        if not _IS_SPREAD:
            self._kept.listen(_BACKLOG)
            self.sockets = [self._kept]
        while len(self.sockets) < workers and _IS_SPREAD:
            fresh = socket.socket(self._family, socket.SOCK_STREAM)
            self.sockets.append(fresh)
            # The first lets the next server begin while our connections linger.
            _set(fresh, socket.SO_REUSEADDR, on=True)
            _set(fresh, socket.SO_REUSEPORT, on=True)
            if self._family == socket.AF_INET6:
                fresh.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            fresh.bind(self._address)
            fresh.listen(_BACKLOG)

    def served_by(self, worker: int, workers: int) -> tuple[int, ...]:
        """Return which sockets one of so many workers accepts from."""
        several = range(worker, len(self.sockets), workers)
        return tuple(several) or (worker % len(self.sockets),)

    def close(self) -> None:
        """Give the port back; connections are refused once no worker has it."""
        self._kept.close()
        for each in self.sockets:
            each.close()

    def __enter__(self) -> Port:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _address(host: str, number: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
    try:
        found = socket.getaddrinfo(
            host, number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as failure:
        message = f"server.host {host} is not an address of this machine"
        raise UsageError(message) from failure
    family, _, _, _, address = min(found, key=lambda row: row[0] != socket.AF_INET)
    return family, (str(address[0]), int(address[1]))


def _set(kept: socket.socket, option: int, *, on: bool) -> None:
    kept.setsockopt(socket.SOL_SOCKET, option, int(on))


def _reason(failure: OSError) -> str:
    return os.strerror(failure.errno).lower() if failure.errno else str(failure)
