"""A chain of lines, sealed with a key over themselves and the seal before them.

A line is one JSON object; of lines that are written together the last one has their
seal, its last member: ``{…,"seal":"<64 hex digits>"}``.  Whoever changes, takes out,
adds or moves a line breaks every seal from there on, and cannot make new ones without
the key.  A file is one segment of one chain and begins with a line that says which,
and which seal it goes on from, so that a segment can be verified when those before it
are gone.
"""

from __future__ import annotations

import hmac
import re
from binascii import hexlify
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from beacon.audit.macs import Mac

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

Fields = dict[str, object]

GENESIS: Final = "0" * 64
"""What the first line of a chain goes on from."""
BEGIN, END, PRUNED = "begin", "end", "pruned"
"""Kinds of lines that tell of the chain itself."""
FOLLOWS: Final = "follows"
"""Where a first line names the head of a chain that could not be gone on with."""

_SEAL: Final = re.compile(rb',"seal":"([0-9a-f]{64})"\}\Z')
_NAME: Final = re.compile(
    r"(?P<chain>[0-9]{8}T[0-9]{6}Z-[0-9a-f]{16})\.(?P<part>\d{6})"
)
_SUFFIX: Final = ".jsonl"
_CHUNK: Final = 1 << 20
_UNDER_ONE_SEAL: Final = 100
"""Lines at most: where one was changed, one of so few is named."""


class Head(NamedTuple):
    """Where a chain has got to.

    Attributes:
        chain: its name.
        number: of its last line.
        seal: of that line.
    """

    chain: str
    number: int
    seal: str


class Link:
    """Adds lines to one chain.

    Args:
        key: that seals them.
        chain: its name.
    """

    def __init__(self, key: bytes, chain: str) -> None:
        self._mac = Mac(key)
        self.head = Head(chain, 0, GENESIS)

    def lines(self, texts: Sequence[bytes]) -> bytes:
        """Return the next lines, under as few seals as may be, each with its end.

        Args:
            texts: what each says: the members of a JSON object, without its braces.
        """
        return b"".join(
            [
                self._sealed(texts[first : first + _UNDER_ONE_SEAL])
                for first in range(0, len(texts), _UNDER_ONE_SEAL)
            ]
        )

    def _sealed(self, texts: Sequence[bytes]) -> bytes:
        """Return the next lines under one seal, which is the last one's."""
        chain, number, seal = self.head
        body = b"}\n".join(
            [b'{"n":%d,%b' % each for each in enumerate(texts, number + 1)]
        )
        made = hexlify(self._mac.of(seal.encode() + body))
        self.head = Head(chain, number + len(texts), made.decode())
        return b'%b,"seal":"%b"}\n' % (body, made)

    def line(self, fields: Mapping[str, object]) -> bytes:
        """Return the next line, sealed, with its end."""
        return self.lines([members(fields)])

    def begin(self, part: int, fields: Mapping[str, object]) -> bytes:
        """Return the first line of a segment."""
        own = {"chain": self.head.chain, "part": part, "after": self.head.seal}
        return self.line({"kind": BEGIN, **own, **fields})


def members(fields: Mapping[str, object]) -> bytes:
    """Return what a line says: the members of a JSON object, without its braces."""
    return orjson.dumps(fields)[1:-1]


class Segment(NamedTuple):
    """What a segment file is called after."""

    chain: str
    part: int

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.chain}.{self.part:06d}{_SUFFIX}"


def segment_of(path: Path) -> Segment | None:
    """Return which segment a file is; ``None``: none at all."""
    found = _NAME.fullmatch(path.stem)
    if found is None or path.suffix != _SUFFIX:
        return None
    return Segment(found["chain"], int(found["part"]))


class Broken(ValueError):
    """A line that is not what was written."""


class Torn(ValueError):
    """Last lines without their seal: their writer died, or is at them."""


class Reader:
    """Reads a segment line by line and holds each to its seal.

    Args:
        key: that sealed the lines.
        segment: which it is by its name.
        head: where the segment before ended; ``None``: what its first line says.
    """

    def __init__(self, key: bytes, segment: Segment, head: Head | None) -> None:
        self._mac = Mac(key)
        self._segment = segment
        self._is_first = True
        self._open: list[bytes] = []
        self.head = head

    def read(self, path: Path) -> Iterator[Fields]:
        """Yield the lines, once their seal was seen; ``head`` is theirs then.

        Raises:
            Broken: at the first lines that are not what was written, saying how.
            Torn: where the last have no seal.
            OSError: when the file cannot be read.
        """
        rest = b""
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    yield from self._checked(line)
        if rest:
            self._check_torn(rest)
        if self._open:
            message = f"its last lines, {len(self._open)} of them, have no seal"
            raise Torn(message)
        if self._is_first:
            message = "it is empty"
            raise Torn(message)

    def _checked(self, line: bytes) -> Sequence[Fields]:
        """Return the lines of which this one has the seal, if it has one."""
        self._open.append(line)
        seal = _SEAL.search(line)
        if seal is None:
            _fields(line)
            if len(self._open) >= _UNDER_ONE_SEAL:  # no writer leaves so many
                message = f"{_UNDER_ONE_SEAL} of its lines and more have no seal"
                raise Broken(message)
            return ()
        lines, self._open = self._open, []
        told = [_fields(each) for each in lines]
        before = self.head
        if before is None:
            before = self._before_all(told[0])
        number = before.number + len(lines)
        body = b"\n".join(lines)[: seal.start() - len(line)]
        expected = self._mac.of(before.seal.encode() + body).hex()
        if not hmac.compare_digest(expected.encode(), seal[1]):
            raise Broken(_changed(before.number + 1, number))
        if self._is_first:
            self._check_begin(told[0], before)
            self._is_first = False
        self.head = Head(self._segment.chain, number, expected)
        return told

    @staticmethod
    def _before_all(fields: Fields) -> Head:
        """Return where a segment goes on from by what its first line says of it."""
        number, after, chain = (fields.get(name) for name in ("n", "after", "chain"))
        if not isinstance(number, int) or not isinstance(after, str):
            message = "its first line does not begin a segment"
            raise Broken(message)
        return Head(str(chain), number - 1, after)

    def _check_begin(self, fields: Fields, before: Head) -> None:
        """Hold the first line to the name of the file and the segment before."""
        said = tuple(fields.get(name) for name in ("kind", "chain", "part", "after"))
        if said != (BEGIN, self._segment.chain, self._segment.part, before.seal):
            message = "its first line begins another segment"
            raise Broken(message)

    def _check_torn(self, rest: bytes) -> None:
        """Tell a line whose end was changed from one that was never finished.

        Raises:
            Broken: when all but the last byte is a line.
            Torn: when it is none.
        """
        if _SEAL.search(rest[:-1]) is None:
            message = "its last line was not finished"
            raise Torn(message)
        message = "the end of its last line was changed"
        raise Broken(message)


def _changed(first: int, last: int) -> str:
    """Return that one of some lines is not what was sealed."""
    which = f"line {first}" if first == last else f"one of lines {first} to {last}"
    return f"{which} was changed, or one before it taken out"


def followed_in(path: Path) -> Head | None:
    """Return the head that a segment says its chain goes on after, if it says one.

    Whether the segment may be believed shows when it is read.

    Raises:
        OSError: when it cannot be read.
    """
    with path.open("rb") as file:
        line = file.readline(_CHUNK)
    with suppress(Broken):
        told = _fields(line).get(FOLLOWS)
        if isinstance(told, dict):
            chain, number, seal = (told.get(name) for name in Head._fields)
            if isinstance(number, int):
                return Head(str(chain), number, str(seal))
    return None


def _fields(line: bytes) -> Fields:
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError as failure:
        message = "a line is no JSON"
        raise Broken(message) from failure
    if not isinstance(fields, dict):
        message = "a line is no JSON object"
        raise Broken(message)
    return fields


def segments_in(folder: Path) -> dict[str, list[tuple[Segment, Path]]]:
    """Return the segments of a folder by chain, in order.

    Raises:
        OSError: when it cannot be listed.
    """
    found: dict[str, list[tuple[Segment, Path]]] = {}
    for path in sorted(folder.iterdir()):
        segment = segment_of(path)
        if segment is not None:
            found.setdefault(segment.chain, []).append((segment, path))
    return found


def strangers_in(folder: Path, known: Iterable[str]) -> list[str]:
    """Return what lies in a folder of ours and is not ours."""
    names = set(known)
    return [
        path.name
        for path in sorted(folder.iterdir())
        if segment_of(path) is None and path.name not in names
    ]
