"""Feeds the readers mutated bytes for as long as it is let, guided by coverage.

    python tests/fuzz/fuzz_readers.py CORPUS tests/fuzz/seeds -max_total_time=900

Needs the dependency group ``fuzz``.  What it finds is written to the working
directory as ``crash-…``; made small, it belongs among the seeds.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["loaders", "beacon.model", "beacon.store"]):
    from loading_laws import check_bytes


def main() -> None:
    """Fuzz until a law is broken or the time is over."""
    atheris.Setup(sys.argv, _one)
    atheris.Fuzz()


def _one(data: bytes) -> None:
    check_bytes(data)


if __name__ == "__main__":
    main()
