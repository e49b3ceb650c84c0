"""Chain files: which stretches of one assembly are which of another.

The format is read by ``pyliftover``, which checks that the blocks of a chain are as
long as its head says; here its sequences become ours and a file of other genomes
is refused.  Sequences that are in no table (scaffolds, patches) are left out as a
source, and known as "elsewhere" as a target.
"""

from __future__ import annotations

import gzip
import zlib
from typing import IO, TYPE_CHECKING, cast

from pyliftover.chainfile import (  # type: ignore[import-untyped]
    LiftOverChain,
)

from beacon.model.assemblies import ASSEMBLIES, find_contig
from beacon.model.chains import ELSEWHERE, Block, Chains
from beacon.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_GZIP = b"\x1f\x8b"
_HEAD = b"chain"
_MITOCHONDRION = "MT"


def read_chains(path: Path, source: str, target: str) -> Chains:
    """Return the chains of a file, plain or gzipped.

    A sequence that both assemblies have (the mitochondrion of GRCh37 and GRCh38)
    is its own image, whatever the file says of it.

    Args:
        path: the file.
        source: canonical name of the assembly that its first columns are of.
        target: of the one that it leads to.

    Raises:
        UsageError: when it cannot be read, is no chain file, or is one of other
            genomes.
    """
    blocks = [*_same(source, target)]
    same = {block.rank for block in blocks}
    number = 0
    for number, chain in enumerate(_chains(path), start=1):
        rank = _rank(path, source, chain.source_name, chain.source_size)
        if rank == ELSEWHERE or rank in same:
            continue
        onto = _rank(path, target, chain.target_name, chain.target_size)
        for block in _blocks(chain, rank, onto, number):
            _check_within(path, chain, block)
            blocks.append(block)
    if not number:
        message = f"liftover {path}: there is no chain in it"
        raise UsageError(message)
    return Chains(source, target, blocks)


def _same(source: str, target: str) -> Iterator[Block]:
    there = {contig.refseq: contig for contig in ASSEMBLIES[target].contigs}
    for contig in ASSEMBLIES[source].contigs:
        twin = there.get(contig.refseq)
        if twin is not None:
            yield Block(contig.rank, 0, contig.length, twin.rank, 0)


def _chains(path: Path) -> Iterator[LiftOverChain]:
    try:
        with path.open("rb") as raw:
            is_packed = raw.read(2) == _GZIP
        opened = gzip.open(path) if is_packed else path.open("rb")  # noqa: SIM115 - below
        with cast("IO[bytes]", opened) as file:
            yield from _heads(path, file)
    except (OSError, EOFError, zlib.error) as failure:
        reason = getattr(failure, "strerror", None) or failure
        message = f"liftover {path} cannot be read ({reason})"
        raise UsageError(message) from failure


def _heads(path: Path, file: IO[bytes]) -> Iterator[LiftOverChain]:
    for number, line in enumerate(iter(file.readline, b""), start=1):
        if line.startswith(b"#") or not line.strip():
            continue
        if not line.startswith(_HEAD):
            message = f"liftover {path}: this is no chain file ({line[:40]!r})"
            raise UsageError(message)
        try:
            yield LiftOverChain(line, file)
        except (OSError, EOFError, zlib.error):
            raise
        except Exception as failure:  # the library raises nothing narrower
            shown = line[:60].decode("utf-8", "replace").strip()
            message = f"liftover {path}: chain {shown!r} (block {number}): {failure}"
            raise UsageError(message) from failure


def _rank(path: Path, assembly: str, name: str, size: int) -> int:
    """Return the rank of a sequence, ``ELSEWHERE`` for one that is in no table.

    hg19's own mitochondrion is another sequence than GRCh37's.

    Raises:
        UsageError: when it is as long as another assembly's.
    """
    contig = find_contig(ASSEMBLIES[assembly], name)
    if contig is None:
        return ELSEWHERE
    if size == contig.length:
        return contig.rank
    if contig.name == _MITOCHONDRION:
        return ELSEWHERE
    message = (
        f"liftover {path}: {name} has {size} bases, {assembly} has {contig.length};"
        " is it a file of other genomes, or of the other direction?"
    )
    raise UsageError(message)


def _blocks(chain: LiftOverChain, rank: int, onto: int, number: int) -> Iterator[Block]:
    """Yield the blocks of a chain, those on the reverse strand turned to the forward.

    Coordinates of a reverse strand count from its own beginning.
    """
    turned = chain.target_strand == "-"
    for start, end, there in chain.blocks:
        at = chain.target_size - there - (end - start) if turned else there
        if start == end:
            continue
        yield Block(rank, start, end, onto, at, turned, number)


def _check_within(path: Path, chain: LiftOverChain, block: Block) -> None:
    """Refuse a block that does not lie within both sequences."""
    last = block.at + block.end - block.start
    is_here = 0 <= block.start < block.end <= chain.source_size
    if is_here and block.at >= 0 and last <= chain.target_size:
        return
    message = (
        f"liftover {path}: a block of chain {block.chain} ({chain.source_name} to"
        f" {chain.target_name}) does not lie within both sequences"
    )
    raise UsageError(message)
