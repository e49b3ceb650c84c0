"""Bytes on disk → numbered lines of VCF text, whatever the container.

Plain text, plain gzip, BGZF and BCF give the same lines.  A file that ends
too early, or changes while it is read, is an error, never a short file.  What a
line means is ``vcf``'s business; nothing here looks past the first ``#``.
"""

from __future__ import annotations

import gzip
import os
import stat
import subprocess
import sys
import zlib
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import pysam

from beacon.model.errors import ReadError
from loaders import bcf
from loaders.bgzf import PLACE_BITS, blocks
from loaders.lines import LongLine, pages_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from io import RawIOBase

CHANGED = "the file was changed while it was read"

_GZIP = b"\x1f\x8b"
_BCF = b"BCF\x02"
_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_LONGEST_HEADER = 1 << 26
_MOST_HEADER_LINES = 1_000_000
_FIRST = 1 << 12
_BROKEN = (EOFError, OSError, zlib.error, ValueError)
_PIECE = 1 << 17
_NEAR = 1 << 19
"""Compressed bytes before a part's end that no single piece goes beyond."""
_BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


class Stamp(NamedTuple):
    """What tells a file from another one, or from itself before it changed."""

    device: int
    inode: int
    size: int
    changed: int


class Stamped(Protocol):
    """A file whose header was read."""

    @property
    def path(self) -> str:
        """Where it is."""

    @property
    def stamp(self) -> Stamp:
        """What it was then."""


class VcfLines:
    """The data lines of a file, or of a part of it, once.

    ``body()`` yields ``(line number, line)`` for every non-empty line, as bytes
    without the line end; of one that is too long its first two columns, and
    ``long_line`` is its number then.  ``ends_whole`` tells whether the last line
    of a plain file had its end, ``last`` the number of the last line read.
    """

    def __init__(self, path: Path, stamp: Stamp) -> None:
        self.path = path
        self.stamp = stamp
        self.bytes_read = 0
        self.ends_whole = True
        self.long_line = 0
        self.last = 0
        self._format = ""
        self._begun: list[bytes] = []
        self._pages: Generator[list[bytes], None, None]

    def close(self) -> None:
        """Let go of the file, wherever reading stands."""
        self._pages.close()

    @property
    def size(self) -> int:
        """The file's size in bytes."""
        return self.stamp.size

    def body(self) -> Iterator[tuple[int, bytes]]:
        """Yield the data lines, once."""
        number = self.last
        try:
            lines = chain.from_iterable(self._rest())
            for number, line in enumerate(lines, self.last + 1):
                if type(line) is LongLine:
                    self.long_line = number
                    yield number, _beginning(line)
                    continue
                text = line.rstrip(b"\r\n")
                self._note_end(line)
                if text:
                    yield number, text
        except _BROKEN as error:
            raise self._broken(number + 1) from error
        self.last = number
        self.refuse_change(self.stamp)

    def blocks(self) -> Iterator[tuple[int, bytes]]:
        """Yield the number of a line, and it and some behind it, ends and all.

        Together they are the data lines, empty ones included, once; one that is
        too long comes alone, as ``body`` gives it.
        """
        number = self.last + 1
        try:
            for page in self._rest():
                for lines in _parted(page):
                    self._note_end(lines[-1])
                    if type(lines[0]) is LongLine:
                        self.long_line = number
                        yield number, _beginning(lines[0])
                    else:
                        yield number, b"".join(lines)
                    number += len(lines)
        except _BROKEN as error:
            raise self._broken(number) from error
        self.last = number - 1
        self.refuse_change(self.stamp)

    def _rest(self) -> Iterator[list[bytes]]:
        """Yield what lies behind the header."""
        if self._begun:
            yield self._begun
        yield from self._pages

    def _note_end(self, line: bytes) -> None:
        self.ends_whole = self._format != "plain" or line.endswith(b"\n")

    def refuse_change(self, stamp: Stamp) -> None:
        """Refuse a file that is not the one it was.

        Raises:
            ReadError: it was changed or replaced.
        """
        if _stamp(self.path) != stamp:
            raise self._refusal(CHANGED, None)

    def _refusal(self, reason: str, line: int | None) -> ReadError:
        return ReadError(reason, path=str(self.path), line=line)

    def _broken(self, line: int) -> ReadError:
        reason = "the file cannot be read on from here; it is truncated or corrupt"
        return self._refusal(reason, line)


class VcfText(VcfLines):
    """The lines of one VCF or BCF file.

    ``header`` holds the lines that start with ``#``, up to ``#CHROM``, and
    ``header_bytes`` is how many bytes of text they take; the data lines follow.

    Raises:
        ReadError: an empty, unreadable or truncated file, one that is no VCF or
            changes while it is read, or whose header is longer than any.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, _stamp(path))
        self._format = _sniff(path)
        self._is_in_header = True
        self.header_bytes = 0
        self._pages = self._open()
        try:
            self.header, self.last = self._read_header()
        except ReadError:
            self.close()
            raise

    @property
    def format(self) -> str:
        """``plain``, ``gzip``, ``bgzf`` or ``bcf``."""
        return self._format

    def _read_header(self) -> tuple[list[str], int]:
        header: list[str] = []
        try:
            for number, line in enumerate(self._one_by_one(), 1):
                text = line.rstrip(b"\r\n").removeprefix(_BOM if number == 1 else b"")
                self.last = number
                self.header_bytes += len(line)
                if not text.startswith(b"#"):
                    break
                if number > _MOST_HEADER_LINES:
                    reason = f"the header has more than {_MOST_HEADER_LINES:,} lines"
                    raise self._refusal(reason, number)
                header.append(_decoded(text))
                if text.startswith(b"#CHROM"):
                    self._is_in_header = False
                    return header, number
        except _BROKEN as error:
            raise self._broken(self.last + 1) from error
        reason = "there is no #CHROM line before the first record"
        if header and "\r" in header[0]:
            reason = "its lines end with CR alone, as no VCF's do"
        raise self._refusal(reason, self.last)

    def _one_by_one(self) -> Iterator[bytes]:
        """Yield lines; what is left of a page when it stops is kept for the body."""
        for page in self._pages:
            for taken, line in enumerate(page, 1):
                self._begun = page[taken:] if line.startswith(b"#CHROM") else []
                yield line

    def _pages_of(self, read: Callable[[int], bytes]) -> Iterator[list[bytes]]:
        """Yield the lines of a stream that begins as a VCF, and has a header's end."""
        first = read(_FIRST)
        if not first.removeprefix(_BOM).startswith(b"#"):
            raise self._refusal(_no_vcf(first), 1)
        begun = [first]
        size = 0

        def guarded(most: int) -> bytes:
            nonlocal size
            chunk = begun.pop() if begun else read(most)
            if self._is_in_header:
                size += len(chunk)
                if size > _LONGEST_HEADER:
                    reason = f"the header is longer than {_LONGEST_HEADER >> 20} MiB"
                    raise self._refusal(reason, self.last + 1)
            return chunk

        yield from pages_of(guarded)

    def _open(self) -> Generator[list[bytes], None, None]:
        reading = {
            "bcf": self._bcf_pages,
            "bgzf": self._bgzf_pages,
            "gzip": self._gzip_pages,
            "plain": self._plain_pages,
        }
        return reading[self._format]()

    def _plain_pages(self) -> Generator[list[bytes], None, None]:
        with self.path.open("rb", buffering=0) as file:

            def read(size: int) -> bytes:
                chunk = file.read(size)
                self.bytes_read += len(chunk)
                return chunk

            yield from self._pages_of(read)

    def _gzip_pages(self) -> Generator[list[bytes], None, None]:
        with self.path.open("rb") as raw, gzip.open(raw) as file:

            def read(size: int) -> bytes:
                self.bytes_read = raw.tell()
                return file.read(size)

            yield from self._pages_of(read)

    def _bgzf_pages(self) -> Generator[list[bytes], None, None]:
        _refuse_cut(self.path)
        with pysam.BGZFile(str(self.path), "rb", None) as file:

            def read(size: int) -> bytes:
                self.bytes_read = file.tell() >> 16
                return bytes(file.read(size))

            yield from self._pages_of(read)
        self.bytes_read = self.size

    def _bcf_pages(self) -> Generator[list[bytes], None, None]:
        with self.path.open("rb", buffering=0) as file:
            if file.read(2) == _GZIP:
                _refuse_cut(self.path)
            file.seek(0)
            program = [sys.executable, "-P", str(Path(bcf.__file__))]
            with subprocess.Popen(  # noqa: S603 - our own program
                program,
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            ) as process:
                try:
                    yield from self._copied(process, file)
                finally:
                    process.kill()
        self.bytes_read = self.size

    def _copied(
        self, process: subprocess.Popen[bytes], file: RawIOBase
    ) -> Iterator[list[bytes]]:
        """Yield the lines that the reading program writes, if it ends well."""
        written = process.stdout
        if written is None:
            return

        def read(size: int) -> bytes:
            chunk = written.read(size)
            self.bytes_read = min(self.size, file.tell())
            if not chunk and process.wait():
                if process.returncode == bcf.NO_HEADER:
                    reason = "the BCF header cannot be read"
                    raise self._refusal(reason, None)
                raise EOFError
            return chunk

        yield from self._pages_of(read)


class VcfPart(VcfLines):
    """The data lines between two places of a plain or BGZF file.

    Args:
        begin: where a line begins: an offset, or a virtual offset of a BGZF file.
        end: where another one does; ``None``: the file's end.
        last: the number of the line before.

    Raises:
        ReadError: a file that is truncated or corrupt, or changes while it is read.
    """

    def __init__(
        self, header: Stamped, begin: int, end: int | None, *, last: int, is_bgzf: bool
    ) -> None:
        super().__init__(Path(header.path), header.stamp)
        self.last = last
        self._format = "bgzf" if is_bgzf else "plain"
        self._begin = begin
        self._end = end
        self._pages = pages_of_part(self)

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes of the part."""
        if self._format == "plain":
            return self._plain()
        return self._bgzf()

    def _plain(self) -> Iterator[bytes]:
        end = self.size if self._end is None else self._end
        with self.path.open("rb", buffering=0) as file:
            file.seek(self._begin)
            while chunk := file.read(min(_PIECE, end - self._begin - self.bytes_read)):
                self.bytes_read += len(chunk)
                yield chunk

    def _bgzf(self) -> Iterator[bytes]:
        """Yield what htslib reads, but near the end of a part block by block."""
        _refuse_cut(self.path)
        first = self._begin >> PLACE_BITS
        if first >= self.size or self._begin == self._end:
            return
        with pysam.BGZFile(str(self.path), "rb", None) as file:
            file.seek(self._begin)
            place = self._begin
            near = None if self._end is None else (self._end >> PLACE_BITS) - _NEAR
            while near is None or place >> PLACE_BITS < near:
                chunk = bytes(file.read(_PIECE))
                if not chunk:
                    break
                place = file.tell()
                self.bytes_read = (place >> PLACE_BITS) - first
                yield chunk
        if self._end is not None:
            yield from self._last_blocks(place, self._end)
        self.bytes_read = ((self._end or self.size << PLACE_BITS) >> PLACE_BITS) - first

    def _last_blocks(self, place: int, end: int) -> Iterator[bytes]:
        inside = (1 << PLACE_BITS) - 1
        with self.path.open("rb") as file:
            for offset, data in blocks(file, place >> PLACE_BITS):
                begun = place & inside if offset == place >> PLACE_BITS else 0
                if offset >= end >> PLACE_BITS:
                    yield data[begun : end & inside]
                    return
                yield data[begun:]


def pages_of_part(part: VcfPart) -> Generator[list[bytes], None, None]:
    """Yield the lines of a part, some at a time."""
    pieces = part.pieces()

    def read(_: int) -> bytes:
        return next(filter(None, pieces), b"")

    yield from pages_of(read)


def _parted(page: list[bytes]) -> Iterator[list[bytes]]:
    """Yield the lines of a page together, but each one that is too long alone."""
    if not any(type(line) is LongLine for line in page):
        yield page
        return
    for is_long, grouped in groupby(page, key=lambda line: type(line) is LongLine):
        lines = list(grouped)
        yield from ([line] for line in lines) if is_long else [lines]


def _beginning(line: bytes) -> bytes:
    """Return the first two columns of a line that is too long."""
    return b"\t".join(line.split(b"\t", 2)[:2])


def _decoded(text: bytes) -> str:
    """Return a header line as text: UTF-8, else Latin-1, which loses nothing."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin1")


def shown_name(path: Path) -> str:
    """Return a file's name as text that can be printed and kept."""
    return os.fsencode(path.name).decode("utf-8", "replace")


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
        raise ReadError(reason, path=str(path)) from error
    if not stat.S_ISREG(found.st_mode):
        reason = "is not a file"
        raise ReadError(reason, path=str(path))
    if found.st_size == 0:
        reason = "the file is empty (0 bytes)"
        raise ReadError(reason, path=str(path))
    return Stamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _no_vcf(first: bytes) -> str:
    if first.startswith(_UTF_16):
        return "this is text in UTF-16; a VCF is UTF-8"
    return "this is not a VCF or BCF file; its first line is no header"


def _sniff(path: Path) -> str:
    """Return ``plain``, ``gzip``, ``bgzf`` or ``bcf``."""
    try:
        with path.open("rb") as file:
            first = file.read(18)
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
        raise ReadError(reason, path=str(path)) from error
    if first.startswith(_BCF):
        return "bcf"
    if not first.startswith(_GZIP):
        return "plain"
    is_bgzf = first[12:14] == b"BC" and bool(first[3] & 4)
    if is_bgzf and _inner_magic(path) == _BCF:
        return "bcf"
    return "bgzf" if is_bgzf else "gzip"


def _inner_magic(path: Path) -> bytes:
    try:
        with gzip.open(path) as file:
            return file.read(4)
    except (EOFError, OSError, zlib.error):
        return b""


def _refuse_cut(path: Path) -> None:
    """Refuse a BGZF file without its end marker.

    Raises:
        ReadError: the marker is missing.
    """
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - len(_BGZF_END)))
        if file.read() != _BGZF_END:
            reason = "the BGZF end marker is missing; the file may be truncated"
            raise ReadError(reason, path=str(path))
