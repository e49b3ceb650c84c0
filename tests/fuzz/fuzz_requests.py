"""Sends a number of hostile requests to a served site of a process of its own.

    python tests/fuzz/fuzz_requests.py --requests 1000000 --seed 1

Prints counts of statuses, what is wrong, and the rate; ends with 1 if anything
is wrong.  ``--only N`` sends the one request of a number, to look at it.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from beacon.store.connection import connect  # noqa: E402 - found by the path above
from beacon.store.releases import Catalogue  # noqa: E402
from tests.fuzz.asking_hostile import ask_many  # noqa: E402
from tests.fuzz.hostile_requests import hostile  # noqa: E402
from tests.rules.society import settle  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fuzz.asking_hostile import Tally

_EVERY = 20_000


@contextmanager
def served(workers: int) -> Iterator[int]:
    """Run ``beacon serve`` over the people of the rules' tests; give its port."""
    with (
        TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        connect(None, Path(folder)) as address,
    ):
        with Catalogue(address) as catalogue:
            settle(catalogue, Path(folder))
        program = Path(sys.executable).with_name("beacon")
        said = ["--port", "0", "--workers", str(workers)]
        process = subprocess.Popen(
            [str(program), "--data-dir", folder, "serve", *said],
            stdout=subprocess.PIPE,
            stderr=sys.stderr,
            text=True,
        )
        try:
            line = process.stdout.readline()
            yield int(line.rstrip().rstrip("/").rpartition(":")[2])
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def shown(tally: Tally, begun: float) -> str:
    """Return what came back, as lines."""
    spent = time.monotonic() - begun
    total = sum(tally.statuses.values())
    statuses = [f"{status}: {n}" for status, n in sorted(tally.statuses.items())]
    lines = [
        f"{total} answers in {spent:.1f} s, {total / spent:.0f} a second",
        f"statuses: {', '.join(statuses)}",
        f"no HTTP, refused by the library: {tally.unparsed}",
        f"faults: {len(tally.faults)}",
        *tally.faults,
    ]
    return "\n".join(lines)


def main() -> None:
    """Send them all, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--only", type=int)
    given = parser.parse_args()
    numbers = range(given.requests)
    if given.only is not None:
        numbers = range(given.only, given.only + 1)
        print(hostile(given.seed, given.only, "localhost").raw)  # noqa: T201

    def said(number: int) -> None:
        if number % _EVERY == _EVERY - 1:
            print(number + 1, f"{time.monotonic() - begun:.0f} s", flush=True)  # noqa: T201

    with served(given.workers) as port:
        begun = time.monotonic()
        tally = asyncio.run(
            ask_many(
                port, numbers, given.seed, connections=given.connections, said=said
            )
        )
        print(shown(tally, begun))  # noqa: T201
    sys.exit(bool(tally.faults))


if __name__ == "__main__":
    main()
