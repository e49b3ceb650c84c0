"""BGZF blocks: where the next one begins, and what it holds.

A file of blocks can be entered anywhere: a block says its own size, so one is
believed where another follows it.  No index is needed, and none is trusted.
A place is a virtual offset: the block's offset, and 16 bits within it.
SAM specification, section 4.1.
"""

from __future__ import annotations

import zlib
from struct import Struct
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACE_BITS = 16
_MAGIC = b"\x1f\x8b\x08\x04"
_EXTRA = 12
"""Bytes before the extra field."""
_LARGEST = 1 << 16
_U16, _U32 = Struct("<H"), Struct("<I")
_SIZE_AT = 2
_TAIL = 8


def block_size(head: bytes) -> int | None:
    """Return the size of the block whose first bytes these are; ``None``: of none."""
    if len(head) < _EXTRA or not head.startswith(_MAGIC):
        return None
    at, end = _EXTRA, _EXTRA + _U16.unpack_from(head, _EXTRA - 2)[0]
    while at + 6 <= min(end, len(head)):
        length = int(_U16.unpack_from(head, at + 2)[0])
        if head[at : at + 2] == b"BC" and length == _SIZE_AT:
            return int(_U16.unpack_from(head, at + 4)[0]) + 1
        at += 4 + length
    return None


def next_block(file: BinaryIO, offset: int, size: int) -> int:
    """Return the offset of the first block at or behind ``offset``.

    Args:
        file: a BGZF file.
        offset: in bytes.
        size: of the file; what is returned where no block follows.
    """
    file.seek(offset)
    window = file.read(2 * _LARGEST)
    at = window.find(_MAGIC)
    while at >= 0:
        own = block_size(window[at : at + _LARGEST])
        if own is not None and _is_followed(file, offset + at + own, size):
            return offset + at
        at = window.find(_MAGIC, at + 1)
    return size


def _is_followed(file: BinaryIO, offset: int, size: int) -> bool:
    """Whether a block, or the end of the file, is at ``offset``."""
    if offset >= size:
        return offset == size
    file.seek(offset)
    return block_size(file.read(_LARGEST)) is not None


def blocks(file: BinaryIO, offset: int) -> Iterator[tuple[int, bytes]]:
    """Yield the offset and the bytes of each block from ``offset`` on.

    Raises:
        ValueError: there is no block, or a damaged one.
        EOFError: the last one is cut.
        zlib.error: one cannot be inflated.
    """
    while True:
        file.seek(offset)
        block = file.read(_LARGEST)
        if not block:
            return
        size = block_size(block)
        if size is None:
            message = "no block begins here"
            raise ValueError(message)
        if len(block) < size:
            raise EOFError
        yield offset, _inflated(block[:size])
        offset += size


def _inflated(block: bytes) -> bytes:
    data = zlib.decompress(block[_EXTRA + _U16.unpack_from(block, 10)[0] : -_TAIL], -15)
    if zlib.crc32(data) != _U32.unpack_from(block, len(block) - _TAIL)[0]:
        message = "a block's checksum is wrong"
        raise ValueError(message)
    return data
