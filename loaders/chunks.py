"""A stream of bytes → blocks of whole lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHUNK = 1 << 17
"""Bytes taken at a time: many lines, and still near the processor."""


def blocks_of(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """Yield blocks of lines with their ends; the last line of all may have none.

    Args:
        read: returns at most so many bytes, and none at the end.
    """
    begun: list[bytes] = []
    while chunk := read(CHUNK):
        end = chunk.rfind(b"\n") + 1
        if end:
            yield b"".join([*begun, chunk[:end]])
            begun = []
        if end < len(chunk):
            begun.append(chunk[end:])
    if begun:
        yield b"".join(begun)
