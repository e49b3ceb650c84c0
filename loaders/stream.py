"""A VCF that comes as a stream: its header lines, then blocks of whole lines.

For what is written again as it was: nothing is decoded, repaired or dropped, and
a pipe or a request can be read as a file can.  Bytes are fed in as they come;
a stream that ends too early is an error, never a short file.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, NamedTuple

from beacon.model.errors import ReadError
from loaders.lines import LONGEST_LINE

if TYPE_CHECKING:
    from collections.abc import Iterator

BCF = b"BCF\x02"
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_COLUMNS = b"#CHROM"
_SNIFFED = 18
_PIECE = 1 << 17
_LONGEST_HEADER = 1 << 26
_ANY_GZIP = 31
_BROKEN = "it cannot be read on from here; it is truncated or corrupt"
_EMPTY = "it is empty (0 bytes)"
_TOO_LONG = "the line is longer than any that is read"
_NO_END = "the BGZF end marker is missing; it may be truncated"
_NO_COLUMNS = "there is no #CHROM line before the first record"
_NO_VCF = "this is not a VCF file; its first line is no header"


class Block(NamedTuple):
    """Some whole lines, their ends included, and the number of the first one."""

    line: int
    text: bytes


class Unpacker:
    """Bytes as they come, plain, gzip or BGZF → the plain ones, in pieces.

    Args:
        name: what sentences call the stream.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._begun: bytes | None = b""
        self._is_packed = False
        self._is_bgzf = False
        self._member: zlib._Decompress | None = None
        self._made = 0
        self._was_empty = False

    @property
    def is_packed(self) -> bool:
        """Whether the stream is compressed, once it has begun."""
        return self._is_packed

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what some more bytes hold, a bounded piece at a time.

        Raises:
            ReadError: they are damaged.
        """
        if self._begun is not None:
            self._begun += data
            if len(self._begun) < _SNIFFED:
                return
            data = self._sniffed(self._begun)
        if self._is_packed:
            yield from self._inflated(data)
        elif data:
            yield data

    def end(self) -> Iterator[bytes]:
        """Yield what is left at the end of the stream.

        Raises:
            ReadError: it ends too early, or holds nothing.
        """
        if self._begun is not None:
            begun = self._begun
            if not begun:
                raise ReadError(_EMPTY, path=self._name)
            yield from self.feed(b"") if len(begun) >= _SNIFFED else self._rest(begun)
        while self._member is not None:
            piece = self._inflate(b"")
            if not piece and self._member is not None:
                raise ReadError(_BROKEN, path=self._name)
            yield piece
        if self._is_bgzf and not self._was_empty:
            raise ReadError(_NO_END, path=self._name)

    def _rest(self, begun: bytes) -> Iterator[bytes]:
        data = self._sniffed(begun)
        yield from self._inflated(data) if self._is_packed else (data,)

    def _sniffed(self, begun: bytes) -> bytes:
        self._begun = None
        self._is_packed = begun.startswith(_GZIP)
        is_marked = begun[12:14] == b"BC" and len(begun) >= _SNIFFED
        self._is_bgzf = self._is_packed and is_marked and bool(begun[3] & 4)
        return begun

    def _inflated(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._member is None:
                data = data if self._is_bgzf else data.lstrip(b"\0")
                if not data:
                    return
                self._member, self._made = zlib.decompressobj(_ANY_GZIP), 0
            member = self._member
            piece = self._inflate(data)
            data = member.unused_data if member.eof else member.unconsumed_tail
            if piece:
                yield piece

    def _inflate(self, data: bytes) -> bytes:
        """Return a piece of the member being read; at its end there is none."""
        member = self._member
        if member is None:
            return b""
        try:
            piece = member.decompress(data, _PIECE)
        except zlib.error as error:
            raise ReadError(_BROKEN, path=self._name) from error
        self._made += len(piece)
        if member.eof:
            self._member, self._was_empty = None, not self._made
        return piece


class Cutter:
    """Plain text as it comes → the header, then blocks of whole lines.

    ``header`` holds the lines up to ``#CHROM``, without their ends, once that line
    has come; ``ending`` is what ends them.

    Args:
        name: what sentences call the stream.
        lines: so many lines, at least, make a block.
        size: or so many bytes.
    """

    def __init__(self, name: str, *, lines: int, size: int) -> None:
        self._name = name
        self._lines, self._size = lines, size
        self._pieces: list[bytes] = []
        self._held = self._ends = 0
        self._next = 0
        self._head = bytearray()
        self._columns_at = self._looked = 0
        self.header: tuple[bytes, ...] | None = None
        self.ending = b"\n"

    def feed(self, text: bytes) -> Iterator[Block]:
        """Yield the blocks that are whole now.

        Raises:
            ReadError: it is no VCF, or a line or the header is longer than any.
        """
        if self.header is None:
            text = self._read_header(text)
        if not text:
            return
        self._pieces.append(text)
        self._held += len(text)
        self._ends += text.count(b"\n")
        if self._ends >= self._lines or (self._ends and self._held >= self._size):
            whole = b"".join(self._pieces)
            cut = whole.rindex(b"\n") + 1
            self._keep(whole[cut:])
            yield self._block(whole[:cut])
        elif self._held > LONGEST_LINE:
            raise ReadError(_TOO_LONG, path=self._name, line=self._next)

    def end(self) -> Iterator[Block]:
        """Yield the last block; only its last line may have no end.

        Raises:
            ReadError: there is no header.
        """
        if self.header is None:
            if self._head:
                self._read_header(b"\n")
            if self.header is None:
                raise ReadError(_NO_COLUMNS, path=self._name)
        if self._held:
            last = b"".join(self._pieces)
            self._keep(b"")
            yield self._block(last)

    def _block(self, text: bytes) -> Block:
        block = Block(self._next, text)
        self._next += text.count(b"\n")
        return block

    def _keep(self, rest: bytes) -> None:
        self._pieces = [rest] if rest else []
        self._held, self._ends = len(rest), 0

    def _read_header(self, text: bytes) -> bytes:
        """Take the header; return what follows it, which may be nothing yet."""
        head = self._head
        head += text
        if head[:3] == _BOM:
            del head[:3]
        if len(head) > _LONGEST_HEADER:
            reason = f"the header is longer than {_LONGEST_HEADER >> 20} MiB"
            raise ReadError(reason, path=self._name)
        if head and head[:1] != b"#":
            raise ReadError(_NO_VCF, path=self._name, line=1)
        if not self._columns_at and not head.startswith(_COLUMNS):
            found = head.find(b"\n" + _COLUMNS, self._looked)
            if found < 0:
                self._looked = max(0, len(head) - len(_COLUMNS))
                return b""
            self._columns_at = self._looked = found + 1
        end = head.find(b"\n", self._looked)
        self._looked = len(head)
        return b"" if end < 0 else self._cut_header(bytes(head), end)

    def _cut_header(self, head: bytes, end: int) -> bytes:
        lines = head[:end].split(b"\n")
        self.ending = b"\r\n" if lines[-1].endswith(b"\r") else b"\n"
        for number, line in enumerate(lines, 1):
            if line and not line.startswith(b"#"):
                raise ReadError(_NO_COLUMNS, path=self._name, line=number)
        self.header = tuple(line.removesuffix(b"\r") for line in lines)
        self._next = len(lines) + 1
        self._head.clear()
        return head[end + 1 :]
