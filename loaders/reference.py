"""Bases of a reference genome, read from an indexed FASTA.

Blocks are kept, so that walking along a contig costs one read per block.  Threads
may share one; the file is read by one of them at a time.
"""

from __future__ import annotations

from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING

import pysam

from beacon.model.assemblies import ASSEMBLIES, find_contig
from beacon.model.errors import ReadError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from beacon.model.genome import Contig

_BLOCK = 1 << 16
_KEPT = 64
_MITOCHONDRION = "MT"


class FastaReference:
    """A FASTA file (plain or BGZF, with .fai) of one assembly.

    Args:
        path: the file.
        assembly: canonical assembly name.

    A sequence may end early (a slice of a genome); its bases are unknown there.

    Raises:
        ReadError: bases that cannot be read, when they are asked for.
        UsageError: the file cannot be opened, or a sequence of it is longer than
            the assembly's or as long as another assembly's.
    """

    def __init__(self, path: Path, assembly: str) -> None:
        self._path = path
        self._fasta = _open(path)
        self._one_reads = Lock()
        self._names: dict[str, str] = {}
        self._lengths: dict[str, int] = {}
        lengths = zip(self._fasta.references, self._fasta.lengths, strict=True)
        for name, length in lengths:
            contig = find_contig(ASSEMBLIES[assembly], name)
            if contig is None or contig.name in self._names:
                continue
            if _is_of_another_genome(contig, length):
                if contig.name == _MITOCHONDRION:
                    continue
                message = (
                    f"reference {path}: {name} has {length} bases, {assembly} has"
                    f" {contig.length}"
                )
                raise UsageError(message)
            self._names[contig.name] = name
            self._lengths[name] = length
        self._block = lru_cache(maxsize=_KEPT)(self._read_block)

    def bases(self, contig: Contig, start: int, end: int) -> str | None:
        """Return the upper-case bases of ``[start, end)``, clipped to the sequence.

        ``None`` where the file does not hold the contig.
        """
        name = self._names.get(contig.name)
        if name is None:
            return None
        start, end = max(0, start), min(end, self._lengths[name])
        if start >= end:
            return ""
        number = start // _BLOCK
        if end <= (number + 1) * _BLOCK:
            low = number * _BLOCK
            return self._block(name, number)[start - low : end - low]
        return self._fetched(name, start, end)

    def _read_block(self, name: str, number: int) -> str:
        low = number * _BLOCK
        return self._fetched(name, low, min(low + _BLOCK, self._lengths[name]))

    def _fetched(self, name: str, start: int, end: int) -> str:
        """Return the bases, all of them: a shorter answer is a damaged file."""
        try:
            with self._one_reads:
                found: str = self._fasta.fetch(name, start, end).upper()
        except (OSError, ValueError) as error:
            raise self._unreadable(name) from error
        if len(found) != end - start or not found.isascii():
            raise self._unreadable(name)
        return found

    def _unreadable(self, name: str) -> ReadError:
        reason = f"{name[:40]} cannot be read; the FASTA or its index is damaged"
        return ReadError(reason, path=str(self._path))


def _is_of_another_genome(contig: Contig, length: int) -> bool:
    others = {a.contigs[contig.rank - 1].length for a in ASSEMBLIES.values()}
    return length > contig.length or length in others - {contig.length}


def _open(path: Path) -> pysam.FastaFile:
    message = (
        f"reference {path} cannot be opened as an indexed FASTA"
        " (samtools faidx makes the index)"
    )
    if path.exists() and not path.is_file():
        raise UsageError(message)
    try:
        fasta = pysam.FastaFile(str(path.absolute()))
        is_damaged = min(fasta.lengths, default=0) < 0
    except (OSError, ValueError) as error:
        raise UsageError(message) from error
    if is_damaged:
        raise UsageError(message)
    return fasta
