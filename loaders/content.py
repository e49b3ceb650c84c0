"""The text of small files: plain or gzip, with or without a byte order mark.

What cannot be read is one sentence naming the file, and the line where there is
one.  Nothing here knows what the text means.
"""

from __future__ import annotations

import gzip
import io
import stat
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from beacon.model.errors import ReadError
from loaders.reader import shown_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_GZIP = b"\x1f\x8b"
_ZIP = b"PK"
_MARK = b"\xef\xbb\xbf"
_WIDE = (b"\xff\xfe", b"\xfe\xff")
LARGEST = 2 * 1024**3
"""Bytes of text that are held at once; JSON Lines are read line by line."""


def read_text(path: Path) -> str:
    """Return the whole text of a file.

    Raises:
        ReadError: it cannot be read, holds nothing, or is no UTF-8.
    """
    with _opened(path) as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        reason = "is too large to be read at once; write it as JSON Lines (.jsonl)"
        raise ReadError(
            reason,
            path=shown_name(path),
        )
    return _decoded(path, content.removeprefix(_MARK), 1)


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file with their numbers, one at a time.

    Raises:
        ReadError: it cannot be read, holds nothing, or is no UTF-8.
    """
    with _opened(path) as file:
        for number, line in enumerate(file, start=1):
            plain = line.removeprefix(_MARK) if number == 1 else line
            yield number, _decoded(path, plain, number)


def suffixes(path: Path) -> tuple[str, ...]:
    """Return the endings of a file's name, whatever their case."""
    return tuple(suffix.lower() for suffix in path.suffixes)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Give the bytes of a file, unpacked; whoever reads on may fail, too."""
    try:
        if stat.S_ISDIR(path.stat().st_mode):
            reason = "is a directory, not a file"
            raise ReadError(reason, path=shown_name(path))
        with path.open("rb") as raw:
            head = raw.read(2)
            if not head:
                reason = "the file is empty (0 bytes)"
                raise ReadError(reason, path=shown_name(path))
            if head == _ZIP:
                reason = "this is a spreadsheet or a zip file; save it as CSV (UTF-8)"
                raise ReadError(reason, path=shown_name(path))
            raw.seek(0)
            if head == _GZIP:
                with gzip.open(raw) as unpacked:
                    yield io.BufferedReader(cast("io.RawIOBase", unpacked))
            else:
                yield raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        reason = f"the gzip file is cut off or damaged ({error})"
        raise ReadError(reason, path=shown_name(path)) from error
    except OSError as error:
        reason = f"cannot be read ({error.strerror or error})"
        raise ReadError(reason, path=str(path)) from error


def _decoded(path: Path, content: bytes, line: int) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line += content.count(b"\n", 0, error.start)
        what = "UTF-16, not" if content.startswith(_WIDE) else "not"
        reason = f"this is {what} UTF-8 text; save it as UTF-8"
        raise ReadError(reason, path=shown_name(path), line=line) from error
