"""A served site under ill will: what it costs everybody else, and what is left over.

    python benchmarks/ill_will.py --slow 300 --seconds 120
    python benchmarks/ill_will.py --seconds 20 --stop     # and SIGTERM in the middle

So many connections send a head byte by byte, and so many a body, while somebody asks
honestly; then bombs are sent, and with ``--stop`` the server is stopped under load.
Prints one JSON line; ends with 1 where a limit of the issue (D2, D5, D8) is broken.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from beacon.store.connection import connect  # noqa: E402 - found by the path above
from beacon.store.releases import Catalogue  # noqa: E402
from tests.rules.society import settle  # noqa: E402

_ASK = "/api/g_variants?assemblyId=GRCh37&referenceName=22&referenceBases=T"
_CLOSED_WITHIN = 15.0
_P99 = 0.5
_BOMB_MB = 64
_ENDED_WITHIN = 30.0


class Asker:
    """Asks honestly, in plain heads on a connection that it keeps: of the front."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, number: int) -> tuple[int, str | None, float]:
        """Return status, id and seconds of one question."""
        began = time.perf_counter()
        if self.line is None:
            self.line = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.line
        path = f"{_ASK}&start={100 + number}&alternateBases=C"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().strip()
        lines = head.split("\r\n")
        named = dict(line.split(": ", 1) for line in lines[1:])
        await reader.readexactly(int(named["Content-Length"]))
        if named.get("Connection") == "close":
            self.leave()
        spent = time.perf_counter() - began
        return int(lines[0].split()[1]), named.get("X-Request-Id"), spent

    def leave(self) -> None:
        """Give the connection up."""
        if self.line is not None:
            self.line[1].close()
            self.line = None


async def trickle(port: int, head: bytes, until: float) -> float | None:
    """Send a head, then a byte a second; return after how long it was closed."""
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    gone = asyncio.create_task(reader.read())
    writer.write(head)
    while time.perf_counter() < until:
        done, _ = await asyncio.wait({gone}, timeout=1)
        if done:
            break
        with suppress(OSError):
            writer.write(b"x")
            await writer.drain()
    closed = time.perf_counter() - began if gone.done() else None
    gone.cancel()
    with suppress(asyncio.CancelledError, OSError):
        await gone
    writer.close()
    return closed


_HEAD = b"GET /api/g_variants HTTP/1.1\r\nHost: x\r\nX-Slow: "
_BODY = (
    b"POST /api/g_variants HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: 9000\r\n\r\n{"
)


async def beside_slow_ones(port: int, slow: int, seconds: float) -> dict[str, object]:
    """Ask ten times a second while others trickle, each closed one replaced."""
    until = time.perf_counter() + seconds

    async def again(head: bytes) -> list[float | None]:
        found = []
        while time.perf_counter() < until - _CLOSED_WITHIN:
            found.append(await trickle(port, head, time.perf_counter() + 60))
        return found

    trickling = [
        asyncio.create_task(again(head)) for head in (_HEAD, _BODY) for _ in range(slow)
    ]
    took, statuses, number, asker = [], [], 0, Asker(port)
    while not all(task.done() for task in trickling):
        status, _, spent = await asker.ask(number)
        took.append(spent)
        statuses.append(status)
        number += 1
        await asyncio.sleep(0.1)
    asker.leave()
    closed = [one for task in trickling for one in task.result()]
    return {
        "slow": len(closed),
        "open": closed.count(None),
        "longest": max(one for one in closed if one is not None),
        "honest": len(took),
        "p50": quantiles(took, n=100)[49],
        "p99": quantiles(took, n=100)[98],
        "refused": sum(status != 200 for status in statuses),
    }


def memory(pid: int) -> float:
    """Return the largest share of memory a process ever had, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def workers(parent: int) -> list[int]:
    """Return the processes that answer."""
    found = [
        int(number)
        for path in Path(f"/proc/{parent}/task").glob("*/children")
        for number in path.read_text().split()
    ]
    return [
        p for p in found if b"spawn_main" in Path(f"/proc/{p}/cmdline").read_bytes()
    ]


async def bombs(port: int, pids: list[int]) -> dict[str, object]:
    """Send half a gigabyte in half a megabyte, twenty times; return what it took."""
    bomb = gzip.compress(b" " * 500_000_000, 9)
    before = max(map(memory, pids))
    statuses = []
    for path in ("/api/g_variants", "/api/batch") * 10:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n"
            "Connection: close\r\n\r\n"
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with suppress(OSError):
            writer.write(head.encode() + bomb)
            statuses.append(int((await reader.readline()).split()[1]))
        writer.close()
    return {
        "bombs": dict.fromkeys(map(str, statuses), len(statuses)),
        "bomb_mb": round(max(map(memory, pids)) - before, 1),
    }


def _written(audit: Path) -> str:
    return "".join(path.read_text() for path in audit.glob("*.jsonl"))


async def stopped(port: int, process: subprocess.Popen[str], audit: Path) -> dict:
    """Ask from 64 sides, stop the server in the middle; return what was lost.

    A connection that is kept and breaks is a loss whenever it does; who knocks anew
    while the door is being shut may find it shut.
    """
    answered: list[str | None] = []
    broken, began = 0, float("inf")

    async def asking(first: int) -> None:
        nonlocal broken
        asker = Asker(port)
        for number in range(first, first + 100_000):
            is_kept, since = asker.line is not None, time.perf_counter()
            try:
                _, known, _ = await asker.ask(number % 50_000)
                answered.append(known)
            except ConnectionRefusedError:
                return
            except (OSError, EOFError, KeyError, IndexError, ValueError):
                broken += is_kept or since < began
                asker.leave()
                return

    everybody = [asyncio.create_task(asking(n * 1000)) for n in range(64)]
    await asyncio.sleep(3)
    began = time.perf_counter()
    process.send_signal(signal.SIGTERM)
    await asyncio.gather(*everybody)
    code = await asyncio.to_thread(process.wait, 60)
    spent = time.perf_counter() - began
    written = await asyncio.to_thread(_written, audit)
    lost = sum(known is None or known not in written for known in answered)
    return {
        "answered": len(answered),
        "broken": broken,
        "lost_lines": lost,
        "exit": code,
        "ended": round(spent, 2),
    }


def faults(found: dict) -> list[str]:
    """Return which limits are broken."""
    limits = {
        "closed": found["open"] == 0 and found["longest"] <= _CLOSED_WITHIN,
        "p99": found["p99"] <= _P99 and found["refused"] == 0,
        "bombs": found["bomb_mb"] <= _BOMB_MB and set(found["bombs"]) == {"413"},
        "stop": found.get("lost_lines", 0) == found.get("broken", 0) == 0
        and found.get("exit", 0) == 0
        and found.get("ended", 0) <= _ENDED_WITHIN,
    }
    return [name for name, holds in limits.items() if not holds]


def main() -> None:
    """Serve, be ill-willed, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slow", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--stop", action="store_true")
    said = parser.parse_args()
    with (
        TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        connect(None, Path(folder)) as address,
    ):
        with Catalogue(address) as catalogue:
            settle(catalogue, Path(folder))
        audit = Path(folder) / "audit"
        (Path(folder) / "beacon.toml").write_text(f'[audit]\nfolder = "{audit}"\n')
        program = Path(sys.executable).with_name("beacon")
        asked = ["--config", f"{folder}/beacon.toml", "--data-dir", folder]
        process = subprocess.Popen(
            [
                str(program),
                *asked,
                "serve",
                "--port",
                "0",
                "--workers",
                str(said.workers),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            line = process.stdout.readline() if process.stdout else ""
            port = int(line.rstrip().rstrip("/").rpartition(":")[2])
            found = asyncio.run(beside_slow_ones(port, said.slow, said.seconds))
            found |= asyncio.run(bombs(port, workers(process.pid)))
            if said.stop:
                found |= asyncio.run(stopped(port, process, audit))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    broken = faults(found)
    print(json.dumps(found | {"broken_limits": broken}))
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
