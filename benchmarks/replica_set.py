"""A real replica set on this machine, to be hurt: three mongods on loopback.

Members are stopped, killed, frozen and held back by their process ids.  Nothing
outlives the block that made it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pymongo import MongoClient, WriteConcern
from pymongo.errors import PyMongoError

from beacon.store.embedded import find_mongod

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MEMBERS = 3
_NAME = "beacon"
_DEADLINE = 60.0


class ReplicaSet:
    """Three members; made by ``replica_set``."""

    def __init__(self, root: Path, *, election: int, heartbeat: int) -> None:
        self._root = root
        self._timing = {
            "electionTimeoutMillis": election,
            "heartbeatIntervalMillis": heartbeat,
            "chainingAllowed": False,  # nobody copies from a member held back
        }
        self.ports = _free_ports(MEMBERS)
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def uri(self, database: str = "", **options: object) -> str:
        """Return the address of the whole set."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        words = "&".join(f"{k}={v}" for k, v in options.items())
        return f"mongodb://{hosts}/{database}?replicaSet={_NAME}" + (
            words and f"&{words}"
        )

    def alone(self, port: int) -> MongoClient[dict[str, object]]:
        """Return a client of one member only."""
        return MongoClient(
            "127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=30_000
        )

    def start(self, port: int) -> None:
        """Start a member, again if it was killed."""
        home = self._root / str(port)
        home.mkdir(exist_ok=True)
        command = [
            str(find_mongod()),
            *("--dbpath", str(home), "--port", str(port), "--bind_ip", "127.0.0.1"),
            *("--replSet", _NAME, "--oplogSize", "256"),
            *("--wiredTigerCacheSizeGB", "0.25", "--nounixsocket", "--quiet"),
            *("--wiredTigerCollectionBlockCompressor", "zstd"),
            *("--logpath", str(home / "log"), "--logappend"),
            *("--setParameter", "enableTestCommands=1"),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        ]
        self._processes[port] = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def begin(self) -> None:
        """Start all members and make them a set with a primary."""
        for port in self.ports:
            self.start(port)
        for port in self.ports:
            with self.alone(port) as client:
                client.admin.command("ping")
        with self.alone(self.ports[0]) as client:
            client.admin.command(
                "replSetInitiate",
                {
                    "_id": _NAME,
                    "members": [
                        {"_id": number, "host": f"127.0.0.1:{port}"}
                        for number, port in enumerate(self.ports)
                    ],
                    "settings": self._timing,
                },
            )
        self.settle()

    def settle(self) -> None:
        """Wait until every member has everything."""
        until = time.monotonic() + _DEADLINE
        while True:
            try:
                with MongoClient(self.uri()) as client:
                    everybody = WriteConcern(w=MEMBERS, wtimeout=5000)
                    notes = client.test.get_collection("notes", write_concern=everybody)
                    notes.update_one({"_id": 1}, {"$inc": {"n": 1}}, upsert=True)
                    return
            except PyMongoError:
                if time.monotonic() > until:
                    raise

    def primary(self) -> int:
        """Return the port of the primary; wait for one."""
        with MongoClient(self.uri()) as client:
            client.admin.command("ping")
            found = client.primary
        if found is None:
            message = "the set has no primary"
            raise RuntimeError(message)
        return found[1]

    def secondary(self) -> int:
        """Return the port of a secondary."""
        primary = self.primary()
        return next(port for port in self.ports if port != primary)

    def send(self, port: int, number: signal.Signals) -> None:
        """Send a signal to a member."""
        os.kill(self._processes[port].pid, number)

    def kill(self, port: int) -> None:
        """End a member at once."""
        self.send(port, signal.SIGKILL)
        self._processes.pop(port).wait()

    @contextmanager
    def frozen(self, port: int) -> Iterator[None]:
        """Freeze a member: its connections stay open, and nobody answers."""
        self.send(port, signal.SIGSTOP)
        try:
            yield
        finally:
            self.send(port, signal.SIGCONT)

    @contextmanager
    def held_back(self, port: int) -> Iterator[None]:
        """Keep a secondary from applying what others write; it goes on answering."""
        with self.alone(port) as client:
            _fail_point(client, "alwaysOn")
            try:
                yield
            finally:
                _fail_point(client, "off")

    def end(self) -> None:
        """End every member."""
        for process in self._processes.values():
            process.kill()
        for process in self._processes.values():
            process.wait()


def _fail_point(client: MongoClient[dict[str, object]], mode: str) -> None:
    client.admin.command("configureFailPoint", "rsSyncApplyStop", mode=mode)


def _free_ports(number: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [s.getsockname()[1] for s in sockets]
    for each in sockets:
        each.close()
    return ports


@contextmanager
def replica_set(
    root: Path, *, election: int = 10_000, heartbeat: int = 2000
) -> Iterator[ReplicaSet]:
    """Give a replica set of three; MongoDB's own timing, unless told otherwise."""
    members = ReplicaSet(root, election=election, heartbeat=heartbeat)
    try:
        members.begin()
        yield members
    finally:
        members.end()
