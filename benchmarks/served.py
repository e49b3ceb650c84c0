"""What benchmarks over HTTP share: the data, a served store, wrk, and the truth.

``wrk`` (Debian's package of that name) asks; it costs little and is never what is
measured.  Answers are checked apart, by ``ask``: what is fast must be right.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast
from zlib import crc32

import make_ten
from measure import HERE, WORK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import IO

BEACON = Path(sys.executable).with_name("beacon")
Key = tuple[int, str, str]
"""POS, REF and ALT."""

ASSEMBLY, CONTIG = "GRCh38", "1"
_TICKS = os.sysconf("SC_CLK_TCK")
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A store of several datasets, and the files it was loaded from."""

    home: Path
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allele:
    """An allele as a VCF line gives it, and which datasets hold it."""

    pos: int
    reference: str
    alternate: str
    held: frozenset[str]

    def word(self, dataset: str) -> str:
        """Return the status of it in a dataset.

        Inserted or deleted bases that may be moved to the left need a reference.
        """
        if dataset in self.held:
            return "seen"
        is_moved = len(self.reference) != len(self.alternate)
        is_moved = is_moved and self.reference[-1] == self.alternate[-1]
        return "no_answer" if is_moved else "not_seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one stretch of asking gave.

    Attributes:
        rate: answers a second.
        p50: milliseconds.
        p99: milliseconds.
        bad: answers that are no 200, and sockets that failed.
        cpu: the server's processor, microseconds an answer.
    """

    rate: float
    p50: float
    p99: float
    bad: int
    cpu: float


def store_of(variants: int, datasets: int = 10) -> Store:
    """Return the store with that data; it is made and loaded where it is not yet."""
    name = f"ten-{variants}"
    files = tuple(make_ten.write(WORK / name, variants, datasets=datasets))
    home = WORK / f"{name}-store"
    mark = home / "loaded"
    if not mark.exists():
        shutil.rmtree(home, ignore_errors=True)
        for number, file in enumerate(files):
            subprocess.run(
                [str(BEACON), "--data-dir", str(home), "load", "variants", str(file),
                 "--dataset", f"set{number}", "--jobs", "2"],
                check=True,
            )  # fmt: skip
        mark.touch()
    return Store(home=home, files=files)


def alleles_of(store: Store, count: int, *, seed: int = 7) -> list[Allele]:
    """Return alleles drawn from those of any dataset; one in ten is in none."""
    rng = random.Random(seed)
    held: dict[Key, set[str]] = {}
    for number, file in enumerate(store.files):
        for key in _some(file):
            held.setdefault(key, set()).add(f"set{number}")
    drawn = rng.sample(sorted(held), min(count, len(held)))
    return [
        _allele(key, held) if place % 10 else _allele(_other(key, held), held)
        for place, key in enumerate(drawn)
    ]


def _some(file: Path) -> Iterator[Key]:
    """Yield all alleles of one position in 512, the same ones in every file."""
    with gzip.open(file, "rt") as lines:
        for line in lines:
            if line[0] != "#":
                _, pos, _, reference, alternate, _ = line.split("\t", 5)
                if crc32(pos.encode()) % 512 == 0:
                    yield int(pos), reference, alternate


def _allele(key: Key, held: Mapping[Key, set[str]]) -> Allele:
    pos, reference, alternate = key
    here = frozenset(held.get(key, ()))
    return Allele(pos=pos, reference=reference, alternate=alternate, held=here)


def _other(key: Key, held: Mapping[Key, set[str]]) -> Key:
    """Return a change of the same first base that no dataset holds."""
    pos, reference = key[0], key[1][0]
    changes = ((pos, reference, base) for base in "ACGT" if base != reference)
    return next(change for change in changes if change not in held)


def question(allele: Allele, granularity: str) -> bytes:
    """Return the body that asks for an allele."""
    return json.dumps(
        {
            "meta": {"apiVersion": "v2.0"},
            "query": {
                "requestParameters": {
                    "assemblyId": ASSEMBLY,
                    "referenceName": CONTIG,
                    "start": [allele.pos - 1],
                    "referenceBases": allele.reference,
                    "alternateBases": allele.alternate,
                },
                "requestedGranularity": granularity,
                "includeResultsetResponses": "ALL",
            },
        }
    ).encode()


def ask(url: str, body: bytes) -> dict[str, object]:
    """Return one answer."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, body, headers)
    with urllib.request.urlopen(request) as response:
        answer: dict[str, object] = json.load(response)
    return answer


def wrong(url: str, alleles: Sequence[Allele], granularity: str) -> int:
    """Return how many alleles are answered otherwise than the files say."""
    return sum(not _is_right(ask(url, question(a, granularity)), a) for a in alleles)


def _is_right(answer: dict[str, object], allele: Allele) -> bool:
    response = cast("dict[str, list[dict[str, dict[str, str]]]]", answer["response"])
    said = {str(s["id"]): s["info"]["status"] for s in response["resultSets"]}
    return said == {name: allele.word(name) for name in make_ten.NAMES}


@contextmanager
def serving(command: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Give the URL a server prints, and its process; it ends with the context."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        said = cast("IO[str]", process.stdout).readline()
        found = re.search(r"http://\S+", said)
        if found is None:
            message = f"{command[0]} did not start"
            raise RuntimeError(message)
        yield found[0].rstrip("/"), process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def beacon(store: Store, *options: str) -> list[str]:
    """Return the command that serves a store on any port."""
    return [
        str(BEACON),
        "--data-dir",
        str(store.home),
        "serve",
        "--port",
        "0",
        *options,
    ]


def bare(answer: Path) -> list[str]:
    """Return the command that serves nothing but one answer."""
    return [sys.executable, str(HERE / "bare.py"), str(answer)]


def family(process: int) -> list[int]:
    """Return a process and all that descend from it, mongod not among them."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                said = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            children.setdefault(int(said[1]), []).append(int(entry.name))
    found = [process]
    for each in found:
        found += children.get(each, [])
    return found


def processor(process: int) -> float:
    """Return the seconds of processor that a server took so far."""
    return sum(map(own_processor, family(process)))


def own_processor(process: int) -> float:
    """Return the seconds that one process took so far; 0 when it is gone."""
    try:
        said = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(said[11]) + int(said[12])) / _TICKS


def resident(process: int) -> list[int]:
    """Return the resident MiB of a server's processes that answer, largest first."""
    found = []
    for each in family(process):
        try:
            text = Path(f"/proc/{each}/status").read_text()
        except OSError:
            continue
        said = re.search(r"VmRSS:\s+(\d+) kB", text)
        found.append(int(said[1]) >> 10 if said else 0)
    return sorted(found, reverse=True)


def script(path: Path, bodies: Sequence[bytes], route: str) -> Path:
    """Write what wrk asks, over and over in this order."""
    lines = ["local b = {"]
    lines += [f"[=[{body.decode()}]=]," for body in bodies]
    lines += [
        "}",
        "local n, asked = 0, {}",
        'local h = {["Content-Type"] = "application/json"}',
        "function init(args)",
        f'  for i = 1, #b do asked[i] = wrk.format("POST", "{route}", h, b[i]) end',
        "end",
        "function request()",
        "  n = n % #b + 1",
        "  return asked[n]",
        "end",
    ]
    path.write_text("\n".join(lines))
    return path


def load(
    url: str, process: int, asked: Path, *, connections: int, seconds: int
) -> Load:
    """Ask for some seconds; return what came of it."""
    before = processor(process)
    said = subprocess.run(
        ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--latency",
         "-s", str(asked), url],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    spent = processor(process) - before
    count = int(_found(r"(\d+) requests in", said))
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    sockets = re.search(r"Socket errors: (.*)", said)
    lost = sum(map(int, re.findall(r"\d+", sockets[1]))) if sockets else 0
    return Load(
        rate=float(_found(r"Requests/sec:\s+([\d.]+)", said)),
        p50=_milliseconds(_found(r"(?m)^ +50% +(\S+)", said)),
        p99=_milliseconds(_found(r"(?m)^ +99% +(\S+)", said)),
        bad=(int(failed[1]) if failed else 0) + lost,
        cpu=1e6 * spent / max(count, 1),
    )


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        message = f"wrk did not say what was expected: {text}"
        raise RuntimeError(message)
    return found[1]


def _milliseconds(text: str) -> float:
    number = text.rstrip("ums")
    return float(number) * _UNITS[text.removeprefix(number)]
