"""BCF on standard input → VCF text on standard output, as a program of its own.

htslib trusts the lengths a BCF declares; a damaged one may ask it for any
amount of memory, or end it.  Here that ends this process, never a load.
Run by ``reader`` as a script: it imports nothing of the project.
"""

from __future__ import annotations

import resource
import sys
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pysam

NO_HEADER = 3
"""Exit code: what stands before the records cannot be read."""

_MEMORY = 1 << 30
_BATCH = 256


def main() -> int:
    """Copy the records; return the exit code."""
    _limit_memory()
    pysam.set_verbosity(0)
    out = sys.stdout.buffer
    try:
        file = pysam.VariantFile("-", "rb")
        out.write(str(file.header).encode("utf-8", "surrogateescape"))
        out.flush()
    except (ValueError, OSError):
        return NO_HEADER
    while batch := [str(record) for record in islice(file, _BATCH)]:
        out.write("".join(batch).encode("utf-8", "surrogateescape"))
    out.flush()
    return 0


def _limit_memory() -> None:
    """Bound what may be added to the address space, where the system can."""
    with suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + _MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main())
