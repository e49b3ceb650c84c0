"""VCF text on standard input → a BCF file, as a program of its own.

The path of the file is its argument.  htslib reports what it cannot write by a
message and a code of its own; here that ends this process, and no file is kept.
Run by ``writing`` as a script: it imports nothing of the project.
"""

from __future__ import annotations

import sys

import pysam


def main() -> int:
    """Copy the records; return the exit code."""
    pysam.set_verbosity(0)
    try:
        source = pysam.VariantFile("-")
        with pysam.VariantFile(sys.argv[1], "wb", header=source.header) as made:
            for record in source:
                made.write(record)
    except (ValueError, OSError):
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
