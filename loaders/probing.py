"""Looking into a file anywhere: the lines behind an offset, and their places.

Only the beginning of each line is kept, however long lines are.  What cannot be
entered (plain gzip, BCF) has no probe.
"""

from __future__ import annotations

import zlib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loaders.bgzf import PLACE_BITS, blocks, next_block
from loaders.reader import VcfText

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loaders.header import Header

PROBE = 1 << 16
"""Bytes: nearer than this, reading on is cheaper than looking elsewhere."""
_HEAD = 1 << 12
_INSIDE = (1 << PLACE_BITS) - 1

_Piece = tuple[int, bytes]
"""A place, and the bytes from there on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A file that can be entered anywhere.

    Attributes:
        begin: the place where the data lines begin.
    """

    path: Path
    size: int
    is_bgzf: bool
    begin: int
    header_lines: int

    @property
    def end(self) -> int:
        """The place behind the last line."""
        return self.size << PLACE_BITS if self.is_bgzf else self.size

    def offset(self, place: int) -> int:
        """Return the offset of a place in the file, in bytes."""
        return place >> PLACE_BITS if self.is_bgzf else place

    def lines(self, offset: int) -> Iterator[_Piece]:
        """Yield places and beginnings of the lines that begin behind an offset."""
        return _beginnings(self._pieces(offset), is_begun=False)

    def lines_from(self, place: int) -> Iterator[_Piece]:
        """Yield places and beginnings of lines, from the one at a place on."""
        pieces = _bgzf_pieces if self.is_bgzf else _plain_pieces
        return _beginnings(_sound(pieces(self.path, place)), is_begun=True)

    def _pieces(self, offset: int) -> Iterator[_Piece]:
        if not self.is_bgzf:
            return _plain_pieces(self.path, offset)
        with self.path.open("rb") as file:
            place = next_block(file, offset, self.size) << PLACE_BITS
        return _sound(_bgzf_pieces(self.path, place))


def open_probe(header: Header) -> Probe | None:
    """Return what looks into a file; ``None`` where it cannot be entered."""
    path = Path(header.path)
    with closing(VcfText(path)) as text:
        if text.format not in ("plain", "bgzf"):
            return None
        is_bgzf = text.format == "bgzf"
        begin = text.header_bytes
        if is_bgzf:
            begin = _place_of(path, begin)
        return Probe(
            path=path,
            size=text.size,
            is_bgzf=is_bgzf,
            begin=begin,
            header_lines=len(text.header),
        )


def _place_of(path: Path, number: int) -> int:
    """Return the place of a byte of a BGZF file's text."""
    place = 0
    for place, data in _sound(_bgzf_pieces(path, 0)):
        if number < len(data):
            return place + number
        number -= len(data)
    return place


def _plain_pieces(path: Path, offset: int) -> Iterator[_Piece]:
    with path.open("rb") as file:
        file.seek(offset)
        while data := file.read(PROBE):
            yield offset, data
            offset += len(data)


def _bgzf_pieces(path: Path, place: int) -> Iterator[_Piece]:
    inside = place & _INSIDE
    with path.open("rb") as file:
        for offset, data in blocks(file, place >> PLACE_BITS):
            yield offset << PLACE_BITS | inside, data[inside:]
            inside = 0


def _sound(pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    """Yield pieces as long as they can be read; readers refuse what is damaged."""
    try:
        yield from pieces
    except (EOFError, ValueError, zlib.error):
        return


def _beginnings(pieces: Iterator[_Piece], *, is_begun: bool) -> Iterator[_Piece]:
    """Yield the place and the first bytes of every line that begins in pieces.

    Args:
        pieces: in the order of the file.
        is_begun: whether the first one begins a line.
    """
    begun: int | None = None
    head = b""
    for place, data in pieces:
        if is_begun and data:
            begun, head, is_begun = place, b"", False
        at = 0
        while (end := data.find(b"\n", at)) >= 0:
            if begun is not None:
                yield begun, head + data[at : min(end, at + _HEAD)]
            at = end + 1
            begun, head, is_begun = place + at, b"", at == len(data)
        if begun is not None and len(head) < _HEAD:
            head += data[at : at + _HEAD]
    if begun is not None and head:
        yield begun, head
