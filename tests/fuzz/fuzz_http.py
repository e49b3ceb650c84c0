"""Asks a served site whatever its OpenAPI document allows, and much that it does not.

    python tests/fuzz/fuzz_http.py --seconds 600

What breaks a check (a 5xx, a status or a content type that is not announced, an
answer that breaks its schema) is printed with a command that repeats it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from beacon.store.connection import connect  # noqa: E402 - found by the path above
from beacon.store.releases import Catalogue  # noqa: E402
from tests.fuzz.asking_openapi import command  # noqa: E402
from tests.rules.society import settle  # noqa: E402
from tests.served import served  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.served import Served


@contextmanager
def society() -> Iterator[Served]:
    """Serve the people of the rules' tests from a store of their own."""
    with (
        TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        connect(None, Path(folder)) as address,
    ):
        mine = replace(address, database="fuzz_http")
        with Catalogue(mine) as catalogue:
            settle(catalogue, Path(folder))
        with served(mine) as server:
            yield server


def main() -> None:
    """Ask until the time is over, and end as the checks did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    bound = ("--max-time", str(given.seconds))
    with society() as server, TemporaryDirectory() as remembered:
        asked = command(server.address, *bound, seed=given.seed)
        sys.exit(subprocess.run(asked, cwd=remembered, check=False).returncode)


if __name__ == "__main__":
    main()
