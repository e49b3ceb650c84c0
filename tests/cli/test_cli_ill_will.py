"""A served site under ill will, in small; at full size ``benchmarks/ill_will.py``."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commands import Command, Server

SLOW = 300
"""More of each than a process answers at once."""
ASK = "/api/g_variants?assemblyId=GRCh37&referenceName=22&referenceBases=T"
HEAD = b"GET /api/g_variants HTTP/1.1\r\nHost: x\r\nX-Slow: "
BODY = (
    b"POST /api/g_variants HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: 9000\r\n\r\n{"
)
TRACES = re.compile(
    rb"GATTACA|s3cr3t|PATIENT|HP:0001250|(?<![0-9a-f])50310[0-9]{3}(?![0-9a-f])"
)
"""What was asked; the digits stand alone, as a seal may hold any."""


def asked(url: str, **headers: str) -> tuple[int, str | None]:
    """Return the status and the id of what an address answers."""
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - ours
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            answer.read()
            return answer.status, answer.headers["X-Request-Id"]
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers["X-Request-Id"]


@pytest.fixture
def audited(empty_beacon: Command) -> Command:
    """Give the command on an empty database, with an audit and a line a request."""
    home = empty_beacon.home
    empty_beacon.variables["BEACON_AUDIT__FOLDER"] = str(home / "audit")
    empty_beacon.variables["BEACON_SERVER__ACCESS_LOG"] = str(home / "access.log")
    return empty_beacon


@pytest.fixture
def server(audited: Command) -> Iterator[Server]:
    """Serve it."""
    with audited.serving("serve", "--port", "0") as running:
        yield running


def test_slow_clients_are_closed_and_keep_nobody_waiting(server: Server) -> None:
    """More slow heads and bodies than there are places, and who asks is answered (D2).

    All are closed within 15 seconds (generously: 30, on a busy machine).
    """
    port = int(server.url.rpartition(":")[2])
    slow = []
    for first in (HEAD, BODY):
        for _ in range(SLOW):
            line = socket.create_connection(("127.0.0.1", port), 30)
            line.sendall(first)
            slow.append(line)
    began = time.monotonic()
    statuses = [
        asked(f"{server.url}{ASK}&start={n}&alternateBases=C")[0] for n in range(20)
    ]
    spent = time.monotonic() - began
    ended = [_ended(line, began + 30) for line in slow]

    assert {200} == set(statuses) or {400} == set(statuses)
    assert spent < 10
    assert all(ended)


def _ended(line: socket.socket, until: float) -> bool:
    """Return whether the other side closes a connection in time."""
    line.settimeout(max(0.1, until - time.monotonic()))
    try:
        while line.recv(65_536):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    finally:
        line.close()
    return True


def test_stopping_under_load_loses_no_answer_and_no_line(
    audited: Command, server: Server
) -> None:
    """Who was let in is answered, what was answered is written down (D5)."""
    answered: list[tuple[int, str | None]] = []
    broken: list[float] = []
    is_over = threading.Event()
    place = server.url.removeprefix("http://")

    def asking() -> None:
        """Ask on one connection that is kept, in plain heads: the front answers."""
        line, number = http.client.HTTPConnection(place, timeout=30), 0
        while not is_over.is_set():
            number += 1
            since, is_kept = time.monotonic(), line.sock is not None
            try:
                line.request("GET", f"{ASK}&start={number}&alternateBases=C")
                with line.getresponse() as answer:
                    answer.read()
                    known = answer.status, answer.headers["X-Request-Id"]
                answered.append(known)
            except ConnectionRefusedError:
                return
            except (OSError, http.client.HTTPException):
                # Who knocks while the door is being shut may find it shut.
                broken.append(0.0 if is_kept else since)
                return

    askers = [threading.Thread(target=asking) for _ in range(8)]
    for each in askers:
        each.start()
    time.sleep(1.5)
    began = time.monotonic()
    code, _, errors = server.end(signal.SIGTERM)
    spent = time.monotonic() - began
    is_over.set()
    for each in askers:
        each.join()
    written = "".join(p.read_text() for p in (audited.home / "audit").glob("*.jsonl"))

    assert (0, []) == (code, [since for since in broken if since < began])
    assert spent < 30
    assert len(answered) > 8
    assert [] == [known for _, known in answered if known not in written]
    assert "Traceback" not in errors


def test_no_log_holds_what_was_asked(audited: Command, server: Server) -> None:
    """A thousand variants, tokens and names, also in what fails: 0 traces (D8)."""
    port = int(server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), 30) as line:
        taken = line.makefile("rb")
        for number in range(1000):
            _send(line, number)
            _read(taken)
    for words in ("GET /GATTACA HTTP/9.9\r\n\r\n", "s3cr3t \x00 GATTACA\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port), 30) as line:
            line.sendall(words.encode())
            line.recv(65_536)
    code, out, errors = server.end()
    files = [p for p in audited.home.rglob("*") if p.is_file() and p.name != "secret"]
    whole = b"".join(p.read_bytes() for p in files) + (out + errors).encode()

    assert 0 == code
    assert {"access.log"} <= {p.name for p in files}
    assert whole.count(b'"kind":"request"') == 750  # there is nothing at the others
    assert 0o600 == (audited.home / "secret").stat().st_mode & 0o777
    assert [] == TRACES.findall(whole)


def _send(line: socket.socket, number: int) -> None:
    """Send one of several kinds of questions that name what must not be kept."""
    place = 50_310_000 + number
    match number % 4:
        case 0:
            path = f"{ASK}&start={place}&alternateBases=GATTACA"
        case 1:
            path = f"/api/g_variants/22-{place}-T-GATTACA"
        case 2:
            path = f"/api/individuals/PATIENT{place}?filters=HP:0001250"
        case _:
            path = f"/api/nothing/{place}/GATTACA"
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nX-Case-Reference: PATIENT\r\n"
    if number % 8 == 0:
        head += "Authorization: Bearer s3cr3t\r\n"
    line.sendall(f"{head}\r\n".encode())


def _read(taken) -> None:
    length = 0
    while (each := taken.readline().strip()) != b"":
        name, _, value = each.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    json.loads(taken.read(length))
