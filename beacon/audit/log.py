"""AuditLog: lines are on disk before what they tell of is sent, or just after.

One process writes one chain.  Whoever answers hands in an entry and waits; all
that come in one turn of the event loop, or while the disk is at work, are written
and synchronised together, in threads of their own, so that a disk that hangs stops
nothing else.  A few such flights may be on their way; they land in their order.  Where
that fails an entry says so to who waits, and is kept to be written later, in a new
chain.  What anybody may know may be sent while its line is on its way, as long as the
disk keeps up.  Lines never get lost in silence: a chain ends with a line that says so,
and its heads are anchored elsewhere.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from beacon.audit.chain import END, FOLLOWS, Fields, Head, Link, Segment, members

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_PATIENCE: Final = 2.0
"""Seconds for which an answer waits for its line."""
_ANCHORED_EVERY: Final = 15.0
"""Seconds between two anchors of a chain that grows."""
_LARGEST: Final = 64 * 1024**2
"""Bytes of a segment; another day is another segment, too."""
_IN_THE_AIR: Final = 3
"""Flights at once: who comes while the disk is at work need not wait for it twice."""
_LEISURE: Final = 0.1
"""Seconds for which lines that nobody waits for gather, so that flights are few."""
_BEHIND: Final = 0.1
"""Seconds that a flight may take before everybody waits for the disk again."""
_MOST_WAITING: Final = 50_000
_LONGEST_WAITING: Final = 600.0
"""So many entries wait for a disk that takes none, for so many seconds at most."""
_MODE: Final = 0o600
_FOLDER_MODE: Final = 0o700
NODE_FILE: Final = "node"
LOST: Final = "lost"
"""A line that says how many could not even be kept; what they told of was refused."""


class AuditUnavailable(Exception):
    """A line could not be written; the answer it tells of must not be sent."""


class Anchors(Protocol):
    """Where heads of chains are kept, out of reach of who can write the files."""

    async def put(self, node: str, head: Head, *, is_last: bool) -> None:
        """Keep a head.

        Raises:
            BeaconError: when it cannot be kept.
        """


@dataclass(slots=True, eq=False)
class Entry:
    """One line that is to be written.

    Attributes:
        text: what it says, as members of a JSON object; it may change until it is
            written.
    """

    text: bytes
    written: asyncio.Future[None] | None = field(default=None, repr=False)

    def settle(self, failure: Exception | None) -> None:
        """Tell who waits for it that it is written, or why it is not."""
        future, self.written = self.written, None
        if future is None or future.done():
            return
        if failure is None:
            future.set_result(None)
        else:
            future.set_exception(failure)


class _Load(NamedTuple):
    """What is written in one go.

    Attributes:
        segment: that it begins, if any.
        data: lines.
        head: of the chain after them.
    """

    segment: Segment | None
    data: bytes
    head: Head


@dataclass(slots=True, eq=False)
class _Flight:
    """Entries on their way to the disk.

    Attributes:
        down: done once it is known what came of it.
        since: when it began, by the loop's clock.
        failure: why its lines are not on disk.
    """

    entries: Sequence[Entry]
    load: _Load
    down: asyncio.Future[None]
    since: float
    failure: Exception | None = None


class _Writer:
    """The file side of one chain.

    Lines are sealed in one place (``load``) and put on disk by whatever threads;
    what was put counts once it is confirmed, in the order it was sealed.

    Args:
        folder: of the segments.
        key: that seals the lines.
        about: what the first line of each segment says beside its place.
        follows: the head of the chain before, where that could not be gone on with.

    Attributes:
        head: of what is confirmed to be on disk.
    """

    def __init__(
        self, folder: Path, key: bytes, about: Fields, follows: Head | None
    ) -> None:
        now = datetime.now(UTC)
        chain = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(8)}"
        self._folder = folder
        self._about = about
        self._follows = follows
        if follows is not None:
            self._about = {**about, FOLLOWS: follows._asdict()}
        self._link = Link(key, chain)
        self.head = self._link.head
        self._part = -1
        self._day = ""
        self._size = self._confirmed = 0
        self._file, self._path = -1, folder
        self._writing = threading.Lock()
        self._unwritten: deque[_Load] = deque()
        self._failure: Exception | None = None

    def must_turn(self) -> bool:
        """Whether the next lines begin a segment; nothing may be on its way then."""
        return self._size > _LARGEST or f"{datetime.now(UTC):%Y%m%d}" != self._day

    def load(self, texts: Sequence[bytes], *, is_alone: bool) -> _Load:
        """Return the next lines, sealed.

        Args:
            texts: what each says, see ``Link.lines``.
            is_alone: whether nothing else is on its way.
        """
        segment, data = None, b""
        if is_alone and self.must_turn():
            now = datetime.now(UTC)
            self._part, self._day, self._size = self._part + 1, f"{now:%Y%m%d}", 0
            self._confirmed = 0
            segment = Segment(self._link.head.chain, self._part)
            own = {"time": moment(now), **self._about}
            data = self._link.begin(self._part, own)
        data += self._link.lines(texts)
        self._size += len(data)
        made = _Load(segment, data, self._link.head)
        self._unwritten.append(made)
        return made

    def put(self) -> None:
        """Put on disk all that was sealed by now, in its order.

        Whichever thread comes first writes what others have to: each synchronises
        after it, so that what it came for is on disk when this returns.

        Raises:
            Exception: when it is not; this writer is then of no more use.
        """
        with self._writing:
            if self._failure is not None:
                raise self._failure
            is_new = False
            try:
                while self._unwritten:
                    load = self._unwritten.popleft()
                    if load.segment is not None:
                        self._open(load.segment)
                        is_new = True
                    _write_all(self._file, load.data)
            except Exception as failure:
                self._failure = failure
                raise
        os.fdatasync(self._file)
        if is_new:
            _keep_names(self._folder)

    def confirm(self, load: _Load) -> None:
        """Take lines for written: all before them are, too."""
        self.head = load.head
        self._confirmed += len(load.data)

    def write(self, texts: Sequence[bytes]) -> None:
        """Write lines while nothing else is on its way.

        Raises:
            OSError: when they are not on disk; this writer is then of no more use.
        """
        load = self.load(texts, is_alone=True)
        try:
            self.put()
        except OSError:
            self.give_up()
            raise
        self.confirm(load)

    def end(self) -> None:
        """Write the last line.

        Raises:
            OSError: when it cannot be written.
        """
        self.write([members({"kind": END, "time": moment(datetime.now(UTC))})])
        self._close()

    def give_up(self) -> Head | None:
        """Leave the chain as it was when all was well, as far as that can be.

        A file of which nothing is confirmed goes: while a disk is full one is begun
        every second.

        Returns the head of the last chain that was begun.
        """
        with suppress(OSError):
            if self._file >= 0 and self._confirmed:
                os.ftruncate(self._file, self._confirmed)
            elif self._file >= 0:
                self._path.unlink()
        self._close()
        return self.head if self.head.number else self._follows

    def _open(self, segment: Segment) -> None:
        """Begin a segment."""
        self._close()
        self._folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
        self._path = self._folder / segment.file
        self._file = os.open(self._path, flags, _MODE)
        fcntl.flock(self._file, fcntl.LOCK_EX)  # so that no pruning takes it

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _write_all(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def written_once(folder: Path, key: bytes, about: Fields, fields: Fields) -> Head:
    """Return the head of a new chain that says one thing and ends.

    Raises:
        OSError: when it cannot be written.
    """
    writer = _Writer(folder, key, about, None)
    writer.write([members(fields)])
    writer.end()
    return writer.head


def moment(now: datetime) -> str:
    """Return a moment as lines have it: UTC, to the millisecond."""
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _keep_names(folder: Path) -> None:
    """Make the names of new files last, too."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def node_in(folder: Path) -> str | None:
    """Return what a folder of chains is known as; ``None``: it does not say.

    Raises:
        OSError: when it cannot be read.
    """
    path = folder / NODE_FILE
    return path.read_text(encoding="ascii").strip() if path.exists() else None


def node_of(folder: Path) -> str:
    """Return what a folder of chains is known as, for good.

    Raises:
        OSError: when it cannot be read or made.
    """
    path = folder / NODE_FILE
    folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    if not path.exists():
        made = folder / f".{NODE_FILE}.{secrets.token_hex(4)}"
        try:
            made.write_text(f"{secrets.token_hex(8)}\n", encoding="ascii")
            with suppress(FileExistsError):  # another process came first
                os.link(made, path)
        finally:
            made.unlink()
        _keep_names(folder)
    return path.read_text(encoding="ascii").strip()


class AuditLog:
    """Writes what is handed in, in the order it comes.

    Args:
        folder: where chains are.
        key: that seals lines.
        about: what each segment's first line says of who writes.
        anchors: keeps the heads.
        when_failing: told once when writing begins to fail, and why.
    """

    def __init__(
        self,
        folder: Path,
        key: bytes,
        about: Mapping[str, object],
        *,
        anchors: Anchors,
        when_failing: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._folder, self._key = folder, key
        self._about, self._anchors = dict(about), anchors
        self._when_failing = when_failing
        self._node = node_of(folder)
        self._flights: SimpleQueue[_Flight | None] = SimpleQueue()
        self._writer = _Writer(folder, key, self._about, None)
        self._waiting: deque[Entry] = deque()
        self._air: deque[_Flight] = deque()
        self._is_boarding = self._is_awaited = False
        self._leisure: asyncio.TimerHandle | None = None
        self._failing_since: float | None = None
        self._lost = 0
        self._anchored: Head | None = None
        self._anchored_at = 0.0
        self._anchoring: asyncio.Task[None] | None = None
        self._is_closed = False
        self.written = 0

    @property
    def is_failing(self) -> bool:
        """Whether lines cannot be written now."""
        return self._failing_since is not None

    @property
    def waiting(self) -> int:
        """How many lines are not written yet."""
        return len(self._waiting) + sum(len(each.entries) for each in self._air)

    async def open(self) -> None:
        """Begin the chain, and anchor that there is one.

        Raises:
            OSError: when it cannot be written.
            BeaconError: when it cannot be anchored.
        """
        await asyncio.to_thread(self._writer.write, ())
        loop = asyncio.get_running_loop()
        for number in range(_IN_THE_AIR):
            name = f"audit_{number}"
            threading.Thread(
                target=self._serve, args=(loop,), name=name, daemon=True
            ).start()
        await self._anchor(is_last=False)

    async def admit(self, entry: Entry, *, may_wait: bool = False) -> None:
        """Return when an entry is on disk.

        Args:
            entry: to be written.
            may_wait: whether what it tells of may be sent before it is written,
                while writing fails, for ten minutes.

        Raises:
            AuditUnavailable: when it is not, and what it tells of must not be sent.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._is_closed:
            raise AuditUnavailable
        if self._failing_since is None:
            future = entry.written = loop.create_future()
            self.note(entry)
            try:
                await future
            except AuditUnavailable:
                if not (may_wait and self._has_room(now, more=0)):
                    raise
            return
        is_kept = self._has_room(now, more=1)
        if is_kept:
            self._waiting.append(entry)
        else:
            self._lost += 1
        if not (may_wait and is_kept):
            raise AuditUnavailable

    def take(self, entry: Entry) -> bool:
        """Have an entry written while what it tells of is sent, where that may be.

        It may not be while writing fails, nor while the disk is behind: so of what
        was sent no more than a quarter of a second is ever not on disk.

        Returns whether it was taken; what was not has to be admitted.
        """
        if self._is_closed or self._failing_since is not None:
            return False
        loop = asyncio.get_running_loop()
        if self._air and loop.time() - self._air[0].since > _BEHIND:
            return False
        self._waiting.append(entry)
        if self._leisure is None:
            self._leisure = loop.call_later(_LEISURE, self._call)
        return True

    def note(self, entry: Entry) -> None:
        """Have an entry written soon; nobody waits for it.

        Answers that were found together come in one turn of the loop, and are taken
        along.
        """
        self._waiting.append(entry)
        self._call()

    def _call(self) -> None:
        """Have what waits written in this turn, or as soon as there is room."""
        self._is_awaited = True
        if not self._is_boarding and len(self._air) < _IN_THE_AIR:
            self._is_boarding = True
            asyncio.get_running_loop().call_soon(self._board)

    def look(self) -> None:
        """Do once a second what no request waits for."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._air:
            if now - self._air[0].since > _PATIENCE:
                self._fail("the disk does not answer", now)
        elif self._waiting or self._lost:
            self._fly()
        is_due = now - self._anchored_at >= _ANCHORED_EVERY
        is_idle = self._anchoring is None or self._anchoring.done()
        head = self._writer.head
        if is_due and is_idle and head.number and self._anchored != head:
            self._anchored_at = now
            self._anchoring = loop.create_task(self._anchor_or_say())

    async def close(self) -> None:
        """Write what waits, the last line and the last anchor."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._anchoring is not None:
            await asyncio.gather(self._anchoring, return_exceptions=True)
        await self._settle()
        if self.waiting:
            self._when_failing(f"{self.waiting} lines are lost")
        if not self._air:
            try:
                await asyncio.to_thread(self._writer.end)
            except OSError as failure:
                self._when_failing(_why(failure))
            else:
                await self._anchor_or_say(is_last=True)
        for _ in range(_IN_THE_AIR):
            self._flights.put(None)

    async def _settle(self) -> None:
        """Write what is on its way, and what came meanwhile; wait for what came of it.

        A disk that fails is tried once more.
        """
        for _ in range(3):
            if not self._air and self._waiting:
                self._fly()
            if self._air:
                await asyncio.wait([f.down for f in self._air], timeout=_PATIENCE)

    # --- writing ----------------------------------------------------------------

    def _has_room(self, now: float, *, more: int) -> bool:
        since = self._failing_since
        is_recent = since is None or now - since <= _LONGEST_WAITING
        return is_recent and self.waiting + more <= _MOST_WAITING

    def _board(self) -> None:
        """Write what came in this turn, and what nobody waits for with it."""
        self._is_boarding = False
        if not self._is_awaited:
            return
        has_room = len(self._air) < _IN_THE_AIR and not (
            self._air and self._writer.must_turn()
        )
        if self._waiting and has_room and self._failing_since is None:
            self._fly()

    def _fly(self) -> None:
        """Write all that waits."""
        loop = asyncio.get_running_loop()
        if self._lost:
            now = moment(datetime.now(UTC))
            fields: Fields = {"kind": LOST, "time": now, "lines": self._lost}
            self._waiting.append(Entry(members(fields)))
            self._lost = 0
        entries = tuple(self._waiting)
        self._waiting.clear()
        self._is_awaited = False
        if self._leisure is not None:
            self._leisure.cancel()
            self._leisure = None
        texts = [entry.text for entry in entries]
        load = self._writer.load(texts, is_alone=not self._air)
        flight = _Flight(entries, load, loop.create_future(), loop.time())
        self._air.append(flight)
        self._flights.put(flight)

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        """Put on disk what flights have, in a thread; tell the loop what came of it."""
        while (flight := self._flights.get()) is not None:
            try:
                self._writer.put()
            except Exception as failure:  # noqa: BLE001 - whatever, nothing is there
                flight.failure = failure
            with suppress(RuntimeError):  # nobody is there any more
                loop.call_soon_threadsafe(self._landed, flight)

    def _landed(self, flight: _Flight) -> None:
        """Tell all whose lines are on disk, flight by flight in their order.

        What is before a line must be on disk, too: so where one failed, those after
        it did, whatever the disk said of them.
        """
        flight.down.set_result(None)
        while self._air and self._air[0].down.done():
            first = self._air[0]
            if first.failure is not None:
                self._failed(first.failure)
                return
            self._air.popleft()
            self._writer.confirm(first.load)
            self._failing_since = None
            self.written += len(first.entries)
            for entry in first.entries:
                entry.settle(None)
        self._board()

    def _failed(self, failure: Exception) -> None:
        """Leave the chain, once nothing is on its way; what is not written is kept."""
        self._fail(_why(failure), asyncio.get_running_loop().time())
        if not all(each.down.done() for each in self._air):
            return
        before = self._writer.give_up()
        self._writer = _Writer(self._folder, self._key, self._about, before)
        for flight in reversed(self._air):
            self._waiting.extendleft(reversed(flight.entries))
        self._air.clear()

    def _fail(self, why: str, now: float) -> None:
        """Tell all who wait that their lines are not written."""
        if self._failing_since is None:
            self._failing_since = now
            self._when_failing(why)
        on_their_way = [entry for flight in self._air for entry in flight.entries]
        for entry in [*on_their_way, *self._waiting]:
            entry.settle(AuditUnavailable())

    # --- anchoring --------------------------------------------------------------

    async def _anchor(self, *, is_last: bool) -> None:
        head = self._writer.head
        await self._anchors.put(self._node, head, is_last=is_last)
        self._anchored = head
        self._anchored_at = asyncio.get_running_loop().time()

    async def _anchor_or_say(self, *, is_last: bool = False) -> None:
        try:
            await self._anchor(is_last=is_last)
        except Exception as failure:  # noqa: BLE001 - the next second tries again
            self._when_failing(f"no anchor: {failure}")


def _why(failure: BaseException) -> str:
    if isinstance(failure, OSError) and failure.strerror:
        return failure.strerror
    return type(failure).__name__
