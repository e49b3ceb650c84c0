"""A source of bytes, read to its end → the text of its VCF, whatever the container.

For who reads a file or a pipe at its own pace; ``stream`` alone is fed instead.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING

from beacon.model.errors import ReadError
from loaders import bcf
from loaders.stream import BCF, Cutter, Unpacker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from loaders.stream import Block

_CHUNK = 1 << 16


def blocks_of(pieces: Iterator[bytes], cutter: Cutter) -> Iterator[Block]:
    """Yield the blocks of a text; the header is known with the first one.

    Raises:
        ReadError: it is no VCF, or ends too early.
    """
    for piece in pieces:
        yield from cutter.feed(piece)
    yield from cutter.end()


def text_of(read: Callable[[int], bytes], name: str) -> Iterator[bytes]:
    """Yield the text of a VCF or BCF, plain or compressed, in pieces.

    Args:
        read: returns at most so many bytes, and none at the end.
        name: what sentences call the source.

    Raises:
        ReadError: it is damaged or ends too early.
    """
    pieces = _unpacked(read, Unpacker(name))
    first = next(pieces, b"")
    whole = chain((first,), pieces)
    return _text_of_bcf(whole, name) if first.startswith(BCF) else whole


def _unpacked(read: Callable[[int], bytes], unpacker: Unpacker) -> Iterator[bytes]:
    while data := read(_CHUNK):
        yield from unpacker.feed(data)
    yield from unpacker.end()


def _text_of_bcf(pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Yield the text that the reading program makes of a BCF."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-P", str(Path(bcf.__file__))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        if process.stdin is None or process.stdout is None:
            return
        feeder = _Feeder(pieces, process.stdin)
        feeder.start()
        try:
            while text := process.stdout.read(_CHUNK):
                yield text
            feeder.join()
            if feeder.failure is not None:
                raise feeder.failure
            if process.wait():
                reason = "the BCF cannot be read on; it is truncated or corrupt"
                raise ReadError(reason, path=name)
        finally:
            process.kill()


class _Feeder(threading.Thread):
    """Writes pieces into a program; keeps why there are no more of them."""

    def __init__(self, pieces: Iterator[bytes], into: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._pieces = pieces
        self._into = into
        self.failure: ReadError | None = None

    def run(self) -> None:
        """Write all of them, then close."""
        try:
            with self._into as into:
                for piece in self._pieces:
                    into.write(piece)
        except ReadError as failure:
            self.failure = failure
        except OSError:
            return  # the program ended early, and says why by its exit code
