"""A stream of bytes → its lines, none of them held beyond a bound.

A longer line is read past and handed on as its beginning alone, marked: what it
says is lost, where it stands is not.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONGEST_LINE = 1 << 27
"""Bytes of the longest line that is read: 100,000 samples of 1,300 bytes each."""

_CHUNK = 1 << 17
"""Bytes taken at a time: many lines, and still near the processor."""

_HEAD = 1 << 12


class LongLine(bytes):
    """The beginning of a line that is longer than any that is read."""

    __slots__ = ()


class _Unfinished:
    """A line whose end has not come yet."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._parts: list[bytes] = []
        self.size = 0

    def add(self, part: bytes) -> None:
        """Take what comes next, and let go of all but the beginning when too long."""
        was_held = self.size <= self._longest
        self.size += len(part)
        if self.size <= self._longest:
            self._parts.append(part)
        elif was_held:
            self._parts = [b"".join([*self._parts, part])[:_HEAD]]

    def take(self) -> bytes:
        """Return the line, whole or marked as too long, and begin anew."""
        line = b"".join(self._parts)
        if self.size > self._longest:
            line = LongLine(line)
        self._parts, self.size = [], 0
        return line


def pages_of(
    read: Callable[[int], bytes], longest: int = LONGEST_LINE
) -> Iterator[list[bytes]]:
    """Yield the lines that ``read`` gives, with their ends, some at a time.

    Only the last line of all may have no end.

    Args:
        read: returns at most so many bytes, and none at the end.
        longest: bytes of the longest line that is yielded whole.
    """
    unfinished = _Unfinished(longest)
    while chunk := read(_CHUNK):
        lines = BytesIO(chunk).readlines()
        rest = b"" if lines[-1].endswith(b"\n") else lines.pop()
        if unfinished.size and lines:
            unfinished.add(lines[0])
            lines[0] = unfinished.take()
        if lines:
            yield lines
        if rest:
            unfinished.add(rest)
    if unfinished.size:
        yield [unfinished.take()]
