"""Workers that come and go while clients ask: nobody is refused, nothing is lost."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from test_cli_serve import get

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from commands import Command, Server

PATIENCE = 120.0
ONE = (
    "/api/g_variants?testMode=true&assemblyId=GRCh37&referenceName=22&start=12345"
    "&referenceBases=A&alternateBases=T"
)


@pytest.fixture
def configured(empty_beacon: Command, tmp_path: Path) -> Path:
    """Give the settings file of a command that has one."""
    path = tmp_path / "beacon.toml"
    path.write_text('[beacon]\nname = "Before"\n')
    empty_beacon.variables["BEACON_CONFIG"] = str(path)
    return path


def children(parent: int) -> list[int]:
    """Return the workers of a server: those of its processes that answer."""
    found = []
    for path in Path(f"/proc/{parent}/task").glob("*/children"):
        found += [int(number) for number in path.read_text().split()]
    return [p for p in found if b"spawn_main" in _command_line(p)]


def _command_line(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # it has ended
        return b""


def until(is_so: Callable[[], bool]) -> bool:
    """Wait until something is so; say whether it came to be."""
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@contextmanager
def asked_all_the_time(server: Server, path: str) -> Iterator[Counter[str]]:
    """Ask on six connections that are kept, and on new ones; count what comes."""
    seen: Counter[str] = Counter()
    host = server.url.removeprefix("http://")
    stop = threading.Event()

    def ask(*, is_kept: bool) -> None:
        line = http.client.HTTPConnection(host, timeout=20)
        while not stop.is_set():
            try:
                line.request("POST", path, headers={"Content-Length": "0"})
                answer = line.getresponse()
                answer.read()
                seen[str(answer.status)] += 1
            except (OSError, http.client.HTTPException) as failure:
                seen[repr(failure)] += 1
                line.close()
            if not is_kept:
                line.close()
        line.close()

    threads = [
        threading.Thread(target=ask, kwargs={"is_kept": number < 6})
        for number in range(9)
    ]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def name_of(server: Server) -> str:
    """Return the name a server says it has."""
    name: str = json.loads(get(f"{server.url}/api/info"))["response"]["name"]
    return name


@pytest.mark.parametrize("workers", ["1", "2"])
def test_new_settings_are_taken_on_under_load(
    empty_beacon: Command, configured: Path, workers: str
) -> None:
    """SIGHUP replaces every worker; no request fails, none is refused."""
    with empty_beacon.serving(
        "serve", "--port", "0", "--workers", workers, deadline=300
    ) as server:
        old = set(children(server.pid))
        with asked_all_the_time(server, "/api/map") as seen:
            time.sleep(0.5)
            configured.write_text('[beacon]\nname = "After"\n')
            server.send(signal.SIGHUP)
            took_on = until(lambda: not old & set(children(server.pid)))
            time.sleep(0.5)
        name, new = name_of(server), children(server.pid)
        code, _, errors = server.end()

    assert took_on
    assert set(seen) == {"200"}
    assert (name, len(new), code) == ("After", int(workers), 0)
    assert f"{workers} new processes serve with the new settings" in errors


def test_the_number_of_workers_may_change(
    empty_beacon: Command, configured: Path
) -> None:
    """From three to one and back, on the same port, without a failure."""
    configured.write_text("[server]\nworkers = 3\n")
    with empty_beacon.serving("serve", "--port", "0", deadline=300) as server:
        with asked_all_the_time(server, "/api/map") as seen:
            configured.write_text("[server]\nworkers = 1\n")
            server.send(signal.SIGHUP)
            went_down = until(lambda: len(children(server.pid)) == 1)
            configured.write_text("[server]\nworkers = 3\n")
            server.send(signal.SIGHUP)
            went_up = until(lambda: len(children(server.pid)) == 3)
        code, _, _ = server.end()

    assert (went_down, went_up, code) == (True, True, 0)
    assert set(seen) == {"200"}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[server]\nnonsense = 1\n", "unknown key server.nonsense"),
        ("[server]\nport = 1\n", "server.port was changed"),
        ('[server]\nport = 0\n[references]\nGRCh38 = "missing.fa"\n', "missing.fa"),
        ('[server]\nport = 0\naccess_log = "/nowhere/at/all"\n', "cannot be written"),
    ],
)
def test_settings_that_cannot_be_used_change_nothing(
    empty_beacon: Command, configured: Path, written: str, said: str
) -> None:
    """The workers that serve go on, and a sentence says why."""
    configured.write_text('[beacon]\nname = "Before"\n[server]\nport = 0\n')
    with empty_beacon.serving("serve", "--workers", "2", deadline=300) as server:
        old = children(server.pid)
        configured.write_text(written)
        server.send(signal.SIGHUP)
        line = server.error_with("the new settings are not used")
        name, new = name_of(server), children(server.pid)
        code, _, _ = server.end()

    assert said in line
    assert (sorted(new), name, code) == (sorted(old), "Before", 0)


def test_a_killed_worker_keeps_nobody_waiting(empty_beacon: Command) -> None:
    """Another accepts for it until it is replaced."""
    with empty_beacon.serving(
        "serve", "--port", "0", "--workers", "2", deadline=300
    ) as server:
        old = set(children(server.pid))
        victim = min(old)
        os.kill(victim, signal.SIGKILL)
        until(lambda: victim not in children(server.pid))
        answers = Counter(get(f"{server.url}/healthz") for _ in range(20))
        is_replaced = until(lambda: len(set(children(server.pid)) - old) == 1)
        code, _, _ = server.end()

    assert sum(answers.values()) == 20
    assert (len(answers), is_replaced, code) == (1, True, 0)


def test_a_second_server_is_refused(empty_beacon: Command) -> None:
    """However many sockets share the port of the first."""
    with empty_beacon.serving(
        "serve", "--port", "0", "--workers", "2", deadline=300
    ) as server:
        port = server.url.rpartition(":")[2]
        done = empty_beacon("serve", "--port", port)
        server.end()

    assert done.returncode == 1
    assert "address already in use" in done.stderr


def test_numbers_outlive_the_workers_that_counted_them(
    empty_beacon: Command, configured: Path
) -> None:
    """What any of them answered is told by whoever is asked."""

    def told(server: Server) -> str:
        lines = get(f"{server.url}/metrics").splitlines()
        return next(line for line in lines if '"/api/map"' in line and "_total" in line)

    with empty_beacon.serving(
        "serve", "--port", "0", "--workers", "2", deadline=300
    ) as server:
        for _ in range(20):
            get(f"{server.url}/api/map")
        time.sleep(1.5)  # what the other worker counted is a second old, at most
        before = {told(server) for _ in range(8)}
        old = set(children(server.pid))
        server.send(signal.SIGHUP)
        until(lambda: not old & set(children(server.pid)))
        after = {told(server) for _ in range(8)}
        server.end()

    expected = 'beacon_requests_total{method="GET",route="/api/map",status="200"} 20.0'
    assert (before, after) == ({expected}, {expected})


def test_the_log_has_a_line_for_every_request(
    empty_beacon: Command, tmp_path: Path
) -> None:
    """And none of what was asked."""
    path = tmp_path / "access.log"
    empty_beacon.variables["BEACON_SERVER__ACCESS_LOG"] = str(path)
    with empty_beacon.serving("serve", "--port", "0", deadline=300) as server:
        get(server.url + ONE)
        get(f"{server.url}/healthz")
        server.end()
    lines = [json.loads(line) for line in path.read_text().splitlines()]

    assert [(x["method"], x["route"], x["status"]) for x in lines] == [
        ("GET", "/api/g_variants", 200),
        ("GET", "/healthz", 200),
    ]
    assert {*lines[0]} == {
        *("time", "method", "route", "status", "ms", "bytes", "worker")
    }
    assert "12345" not in path.read_text()
