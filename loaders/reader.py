"""Bytes on disk → numbered lines of VCF text, whatever the container.

Plain text, plain gzip, BGZF and BCF give the same lines.  A file that ends
too early is an error, never a short file.  What a line means is ``vcf``'s
business; nothing here looks past the first ``#``.
"""

from __future__ import annotations

import gzip
import os
import zlib
from contextlib import closing
from typing import TYPE_CHECKING

import pysam

from beacon.model.errors import ReadError
from loaders.chunks import CHUNK, blocks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_GZIP = b"\x1f\x8b"
_BCF = b"BCF\x02"
_BOM = b"\xef\xbb\xbf"
_BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


class VcfText:
    """The lines of one VCF or BCF file.

    ``header`` holds the lines that start with ``#``, up to ``#CHROM``;
    ``body()`` yields ``(line number, line)`` for every non-empty line after it,
    as bytes without the line end.  ``ends_whole`` tells whether the last line of a
    plain file had its end.

    Raises:
        ReadError: an empty, unreadable or truncated file, or one that is no VCF.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = _size(path)
        self.bytes_read = 0
        self.ends_whole = True
        self._format = _sniff(path)
        self._read: Callable[[int], bytes] | None = None
        self._lines = self._open()
        self.header, self._line = self._read_header()

    def body(self) -> Iterator[tuple[int, bytes]]:
        """Yield the data lines, once."""
        number = self._line
        try:
            for number, line in enumerate(self._lines, self._line + 1):
                text = line.rstrip(b"\r\n")
                self._note_end(line)
                if text:
                    yield number, text
        except (EOFError, OSError, zlib.error, ValueError) as error:
            raise self._broken(number + 1) from error

    def blocks(self) -> Iterator[tuple[int, bytes]]:
        """Yield the number of a line, and it and some behind it, ends and all.

        Together they are the data lines, empty ones included, once.
        """
        number = self._line + 1
        try:
            for block in self._blocks():
                self._note_end(block)
                yield number, block
                number += block.count(b"\n")
        except (EOFError, OSError, zlib.error, ValueError) as error:
            raise self._broken(number) from error

    def _blocks(self) -> Iterator[bytes]:
        """Yield what is left, whole lines and a bounded number of bytes at a time."""
        if self._read is not None:
            yield from blocks_of(self._read)
            return
        lines, size = list[bytes](), 0
        for line in self._lines:
            lines.append(line)
            size += len(line)
            if size >= CHUNK:
                yield b"".join(lines)
                lines, size = [], 0
        if lines:
            yield b"".join(lines)

    def _note_end(self, line: bytes) -> None:
        self.ends_whole = self._format != "plain" or line.endswith(b"\n")

    def _broken(self, line: int) -> ReadError:
        reason = "the file cannot be read on from here; it is truncated or corrupt"
        return ReadError(reason, path=str(self.path), line=line)

    def _read_header(self) -> tuple[list[str], int]:
        header: list[str] = []
        number = 0
        try:
            for number, line in enumerate(self._lines, 1):
                text = line.rstrip(b"\r\n").removeprefix(_BOM if number == 1 else b"")
                if not text.startswith(b"#"):
                    break
                header.append(_decoded(text))
                if text.startswith(b"#CHROM"):
                    return header, number
        except (EOFError, OSError, zlib.error, ValueError) as error:
            raise self._broken(number + 1) from error
        reason = "there is no #CHROM line before the first record"
        if not header:
            reason = "this is not a VCF or BCF file; its first line is no header"
        raise ReadError(reason, path=str(self.path), line=max(1, number))

    def _open(self) -> Iterator[bytes]:
        if self._format == "bcf":
            return self._bcf_lines()
        if self._format == "bgzf":
            return self._bgzf_lines()
        if self._format == "gzip":
            return self._gzip_lines()
        return self._plain_lines()

    def _plain_lines(self) -> Iterator[bytes]:
        with self.path.open("rb", buffering=1 << 20) as file:
            for line in file:
                self.bytes_read += len(line)
                yield line

    def _gzip_lines(self) -> Iterator[bytes]:
        with self.path.open("rb") as raw, gzip.open(raw) as file:
            for line in file:
                self.bytes_read = raw.tell()
                yield line

    def _bgzf_lines(self) -> Iterator[bytes]:
        if not _ends_as_bgzf(self.path):
            reason = "the BGZF end marker is missing; the file may be truncated"
            raise ReadError(reason, path=str(self.path))
        with pysam.BGZFile(str(self.path), "rb", None) as file:

            def read(size: int) -> bytes:
                self.bytes_read = file.tell() >> 16
                return file.read(size)

            self._read = read
            for count, line in enumerate(file):
                if not count & 255:
                    self.bytes_read = file.tell() >> 16
                yield line
        self.bytes_read = self.size

    def _bcf_lines(self) -> Iterator[bytes]:
        with closing(_open_bcf(self.path)) as file:
            yield from (line.encode() for line in str(file.header).splitlines())
            for record in file:
                yield str(record).encode("utf-8", "surrogateescape")
        self.bytes_read = self.size


def _decoded(text: bytes) -> str:
    """Return a header line as text: UTF-8, else Latin-1, which loses nothing."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin1")


def shown_name(path: Path) -> str:
    """Return a file's name as text that can be printed and kept."""
    return os.fsencode(path.name).decode("utf-8", "replace")


def _open_bcf(path: Path) -> pysam.VariantFile:
    try:
        return pysam.VariantFile(str(path), "rb")
    except (ValueError, OSError) as error:
        reason = "the BCF header cannot be read"
        raise ReadError(reason, path=str(path)) from error


def _size(path: Path) -> int:
    try:
        size = path.stat().st_size
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
        raise ReadError(reason, path=str(path)) from error
    if not path.is_file():
        reason = "is not a file"
        raise ReadError(reason, path=str(path))
    if size == 0:
        reason = "the file is empty (0 bytes)"
        raise ReadError(reason, path=str(path))
    return size


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
    is_bgzf = bool(first[3] & 4) and first[12:14] == b"BC"
    if is_bgzf and _inner_magic(path) == _BCF:
        return "bcf"
    return "bgzf" if is_bgzf else "gzip"


def _inner_magic(path: Path) -> bytes:
    try:
        with gzip.open(path) as file:
            return file.read(4)
    except (EOFError, OSError, zlib.error):
        return b""


def _ends_as_bgzf(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - len(_BGZF_END)))
        return file.read() == _BGZF_END
