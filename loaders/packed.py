"""Bytes → BGZF blocks, each whole in itself; a file is any of them and an end.

Blocks made by several processes may follow each other in one file.
SAM specification, section 4.1.
"""

from __future__ import annotations

import zlib
from struct import Struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_HEAD = bytes.fromhex("1f8b08040000000000ff060042430200")
IN_BLOCK = 0xFF00
"""Bytes that each block holds; the last may hold less."""
_SIZE, _TAIL = Struct("<H"), Struct("<II")
_FRAME = len(_HEAD) + _SIZE.size + _TAIL.size
_QUICK = 1
"""Level of compression: more takes twice the time and saves a tenth."""


def packed(data: bytes) -> bytes:
    """Return some bytes as BGZF blocks; of none no block."""
    return b"".join(_blocks(data))


def begins_of(blocks: bytes) -> Iterator[int]:
    """Yield where each block begins, of some that follow each other."""
    at = 0
    while at < len(blocks):
        yield at
        at += _SIZE.unpack_from(blocks, at + len(_HEAD))[0] + 1


def _blocks(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), IN_BLOCK):
        piece = data[start : start + IN_BLOCK]
        made = _deflated(piece, _QUICK)
        if len(made) + _FRAME > 1 << 16:
            made = _deflated(piece, 0)  # what cannot be made smaller is stored
        yield _HEAD
        yield _SIZE.pack(len(made) + _FRAME - 1)
        yield made
        yield _TAIL.pack(zlib.crc32(piece), len(piece))


def _deflated(piece: bytes, level: int) -> bytes:
    deflate = zlib.compressobj(level, zlib.DEFLATED, -15)
    return deflate.compress(piece) + deflate.flush()
