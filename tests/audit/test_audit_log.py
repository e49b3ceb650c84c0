"""Lines are on disk before anybody is answered, and none is lost in silence."""

from __future__ import annotations

import asyncio
import os
import resource
import threading
from contextlib import contextmanager

import orjson
import pytest

from beacon.audit import log as audit_log
from beacon.audit.chain import members, segments_in
from beacon.audit.log import AuditLog, AuditUnavailable, Entry, written_once
from beacon.audit.verifying import verify
from beacon.store.anchors import Anchor

KEY = b"k" * 32


class Heads:
    """Keeps heads in memory, as a store does."""

    def __init__(self) -> None:
        self.kept = []
        self.fails = False

    async def put(self, node, head, *, is_last):
        """Keep a head, or fail."""
        if self.fails:
            message = "away"
            raise OSError(message)
        self.kept.append((node, head, is_last))


class Disk:
    """The disk under the log: it can hang, fail, and be full."""

    def __init__(self, monkeypatch) -> None:
        self.synced = 0
        self.fails = False
        self.goes = threading.Event()
        self.goes.set()
        self._sync = os.fdatasync
        monkeypatch.setattr(audit_log.os, "fdatasync", self.sync)

    def sync(self, file) -> None:
        """Synchronise, as far as this disk does."""
        self.goes.wait(20)
        if self.fails:
            raise OSError(28, "No space left on device")
        self._sync(file)
        self.synced += 1


@pytest.fixture
def disk(monkeypatch):
    """Give a disk that does what it is told."""
    return Disk(monkeypatch)


@pytest.fixture
def heads():
    """Give a place for heads."""
    return Heads()


@pytest.fixture
def said():
    """Give the list of what was said when writing failed."""
    return []


@pytest.fixture
async def log(tmp_path, heads, said):
    """Give an open log."""
    made = AuditLog(
        tmp_path / "audit", KEY, {}, anchors=heads, when_failing=said.append
    )
    await made.open()
    return made


def entry(number=0):
    """Return an entry that can be told from others."""
    return Entry(members({"kind": "request", "number": number}))


def lines(folder):
    """Return all lines, as they are on disk."""
    return [
        orjson.loads(line)
        for each in segments_in(folder).values()
        for _, path in each
        for line in path.read_bytes().splitlines()
    ]


def numbers(folder):
    """Return the numbers of the entries that are on disk."""
    return [line["number"] for line in lines(folder) if line["kind"] == "request"]


async def test_what_waits_together_is_written_together(log, disk, tmp_path):
    """A thousand of one turn need one of the disk (the end has its own), in order."""
    await asyncio.gather(*(log.admit(entry(n)) for n in range(1000)))
    on_disk = numbers(tmp_path / "audit")
    await log.close()

    assert list(range(1000)) == on_disk
    assert 2 == disk.synced


async def test_an_entry_is_on_disk_before_it_is_admitted(log, disk, tmp_path):
    """While the disk takes its time, whoever waits is not told."""
    disk.goes.clear()
    admission = asyncio.create_task(log.admit(entry()))
    await asyncio.sleep(0.05)
    was_done = admission.done()
    disk.goes.set()
    await admission
    synced = disk.synced
    await log.close()

    assert (False, 1, [0]) == (was_done, synced, numbers(tmp_path / "audit"))


class Turns:
    """A disk whose turns end when they are told to, each well or with a failure."""

    def __init__(self, monkeypatch, count) -> None:
        self.begun = [threading.Event() for _ in range(count)]
        self.goes = [threading.Event() for _ in range(count)]
        self.fails = set()
        self._next = iter(range(count))
        self._sync = os.fdatasync
        monkeypatch.setattr(audit_log.os, "fdatasync", self.sync)

    def sync(self, file) -> None:
        """Synchronise, when this turn is told to end."""
        turn = next(self._next, None)
        if turn is None:
            self._sync(file)
            return
        self.begun[turn].set()
        self.goes[turn].wait(20)
        if turn in self.fails:
            raise OSError(5, "Input/output error")
        self._sync(file)


async def _two_in_the_air(log, turns):
    """Return two admissions, each on its way to the disk in a turn of its own."""
    made = []
    for number, begun in enumerate(turns.begun):
        made.append(asyncio.create_task(log.admit(entry(number))))
        assert await asyncio.to_thread(begun.wait, 20)
    return made


async def test_who_comes_while_the_disk_is_at_work_takes_its_next_turn(
    log, monkeypatch, tmp_path
):
    """At once, but is not told before all lines before it are on disk."""
    turns = Turns(monkeypatch, 2)
    first, second = await _two_in_the_air(log, turns)
    turns.goes[1].set()
    await asyncio.sleep(0.05)
    were_done = first.done(), second.done()
    turns.goes[0].set()
    await asyncio.gather(first, second)
    await log.close()

    assert (False, False) == were_done
    assert [0, 1] == numbers(tmp_path / "audit")
    assert [] == verify([tmp_path / "audit"], KEY, [], whole=True).faults


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("fails", [{0}, {1}, {0, 1}])
async def test_what_comes_after_a_failed_turn_failed(
    log, monkeypatch, tmp_path, order, fails
):
    """Whatever the disk says of it; all is written in the end, once, in order."""
    turns = Turns(monkeypatch, 2)
    turns.fails = fails
    tasks = await _two_in_the_air(log, turns)
    for number in order:
        turns.goes[number].set()
        await asyncio.sleep(0.02)
    told = await asyncio.gather(*tasks, return_exceptions=True)
    log.look()
    async with asyncio.timeout(20):
        while log.is_failing:  # noqa: ASYNC110 - nobody sets an event for it
            await asyncio.sleep(0.01)
    await log.close()
    folder = tmp_path / "audit"

    expected = [number >= min(fails) for number in (0, 1)]
    assert expected == [isinstance(one, AuditUnavailable) for one in told]
    assert [0, 1] == sorted(numbers(folder))
    assert [] == verify([folder], KEY, [], whole=True).faults


async def test_a_disk_that_fails_lets_nothing_out_but_what_may(log, disk, said):
    """Whoever may not wait is refused; what may is kept; it is said once."""
    disk.fails = True
    for _ in range(2):  # the first finds it out, the second is told at once
        with pytest.raises(AuditUnavailable):
            await log.admit(entry())
        await log.admit(entry(), may_wait=True)
    waiting, is_failing = log.waiting, log.is_failing
    disk.fails = False
    await log.close()

    assert (4, True) == (waiting, is_failing)
    assert ["No space left on device"] == said


async def test_what_was_kept_is_written_when_the_disk_is_well(log, disk, tmp_path):
    """In its order, in a chain that says which one it follows; all is verified."""
    await log.admit(entry(0))
    disk.fails = True
    for number in (1, 2):
        await log.admit(entry(number), may_wait=True)
    disk.fails = False
    log.look()
    async with asyncio.timeout(20):
        while log.is_failing:  # noqa: ASYNC110 - nobody sets an event for it
            await asyncio.sleep(0.01)
    await log.admit(entry(3))
    await log.close()
    folder = tmp_path / "audit"
    first, second = sorted(
        (line for line in lines(folder) if line["kind"] == "begin"),
        key=lambda line: "follows" in line,
    )
    kept = sorted(numbers(folder))

    assert [0, 1, 2, 3] == kept
    assert (first["chain"], 2) == (
        second["follows"]["chain"],
        second["follows"]["number"],
    )
    assert [] == verify([folder], KEY, [], whole=True).faults


async def test_a_full_disk_leaves_no_empty_files(log, disk, tmp_path):
    """A chain is begun every second; those of which nothing was written go."""
    folder = tmp_path / "audit"
    await log.admit(entry(0))
    disk.fails = True
    await log.admit(entry(1), may_wait=True)
    for _ in range(3):
        log.look()
        async with asyncio.timeout(20):
            while log._air:  # noqa: ASYNC110, SLF001 - nobody sets an event for it
                await asyncio.sleep(0.01)
    left = len(list(folder.glob("*.jsonl")))
    disk.fails = False
    await log.close()
    verdict = verify([folder], KEY, [], whole=True)

    assert 1 == left
    assert ([0, 1], []) == (sorted(numbers(folder)), verdict.faults)
    assert 2 == verdict.chains


async def test_a_full_disk_at_the_end_is_said_and_leaves_what_is_whole(
    log, disk, tmp_path, said
):
    """How many lines are lost; half a line is not left."""
    folder = tmp_path / "audit"
    await log.admit(entry(0))
    disk.fails = True
    await log.admit(entry(1), may_wait=True)
    await log.close()
    verdict = verify([folder], KEY, [], whole=True)

    assert "1 lines are lost" in said
    assert ([], [0]) == (verdict.faults, numbers(folder))
    assert 1 == verdict.chains


async def test_what_is_followed_cannot_be_cut(log, disk, heads, tmp_path):
    """Its last seconds have no anchor in the store; the chain after it is one."""
    for number in range(4):
        await log.admit(entry(number))
    disk.fails = True
    await log.admit(entry(4), may_wait=True)
    disk.fails = False
    log.look()
    async with asyncio.timeout(20):
        while log.is_failing:  # noqa: ASYNC110 - nobody sets an event for it
            await asyncio.sleep(0.01)
    await log.close()
    folder, chain = tmp_path / "audit", heads.kept[0][1].chain
    anchors = [Anchor(*head, node, is_last) for node, head, is_last in heads.kept]
    whole = verify([folder], KEY, anchors, whole=True).faults
    ((_, path),) = segments_in(folder)[chain]
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-2]))
    (cut,) = verify([folder], KEY, anchors, whole=True).faults
    path.unlink()
    (gone,) = verify([folder], KEY, anchors, whole=True).faults

    assert [1] == [anchor.number for anchor in anchors if anchor.chain == chain]
    assert [] == whole
    assert "its last 2 lines are missing" in cut
    assert "is missing; it had 5 lines" in gone


async def test_a_disk_that_hangs_keeps_nobody_waiting(log, disk, tmp_path, monkeypatch):
    """The look of every second frees who waits; the lines come in the end."""
    monkeypatch.setattr(audit_log, "_PATIENCE", 0.0)
    disk.goes.clear()
    strict = asyncio.create_task(log.admit(entry(0)))
    lenient = asyncio.create_task(log.admit(entry(1), may_wait=True))
    await asyncio.sleep(0.05)
    log.look()
    with pytest.raises(AuditUnavailable):
        await strict
    await lenient
    monkeypatch.undo()
    disk.goes.set()
    await log.close()

    assert [0, 1] == numbers(tmp_path / "audit")


async def test_what_cannot_be_kept_is_counted(log, disk, tmp_path, monkeypatch):
    """A chain says how many lines there was no room for; nothing of them was sent."""
    monkeypatch.setattr(audit_log, "_MOST_WAITING", 1)
    disk.fails = True
    await log.admit(entry(0), may_wait=True)
    for _ in range(3):
        with pytest.raises(AuditUnavailable):
            await log.admit(entry(9), may_wait=True)
    disk.fails = False
    log.look()
    async with asyncio.timeout(20):
        while log.is_failing:  # noqa: ASYNC110 - nobody sets an event for it
            await asyncio.sleep(0.01)
    await log.close()
    (lost,) = [line for line in lines(tmp_path / "audit") if line["kind"] == "lost"]

    assert ([0], 3) == (numbers(tmp_path / "audit"), lost["lines"])


async def test_after_ten_minutes_nothing_more_goes_out(log, disk, monkeypatch):
    """Not even what everybody may know."""
    monkeypatch.setattr(audit_log, "_LONGEST_WAITING", -1.0)
    disk.fails = True

    with pytest.raises(AuditUnavailable):
        await log.admit(entry(), may_wait=True)


async def test_the_end_is_written_and_anchored(log, heads, tmp_path):
    """Closing writes what nobody waits for, the last line, and its head."""
    log.note(entry(7))
    await log.close()
    last = lines(tmp_path / "audit")[-1]
    node, head, is_last = heads.kept[-1]

    assert ([7], "end") == (numbers(tmp_path / "audit"), last["kind"])
    assert (last["n"], last["seal"], True) == (head.number, head.seal, is_last)
    assert {node} == {each[0] for each in heads.kept}
    with pytest.raises(AuditUnavailable):
        await log.admit(entry())


async def test_heads_are_anchored_while_a_chain_grows(log, heads, said, monkeypatch):
    """At once when it begins, then when it has grown; a failure is tried again."""
    monkeypatch.setattr(audit_log, "_ANCHORED_EVERY", 0.0)
    begun = len(heads.kept)
    log.look()
    await asyncio.sleep(0)
    idle = len(heads.kept)
    await log.admit(entry())
    heads.fails = True
    log.look()
    await asyncio.sleep(0.01)
    heads.fails = False
    log.look()
    await asyncio.sleep(0.01)
    grown = [head.number for _, head, _ in heads.kept]
    await log.close()

    assert (1, 1, [1, 2]) == (begun, idle, grown)
    assert ["no anchor: away"] == said


async def test_a_chain_without_a_line_is_not_anchored(log, disk, heads, monkeypatch):
    """While the disk takes none there may be no file, which would count as missing."""
    monkeypatch.setattr(audit_log, "_ANCHORED_EVERY", 0.0)
    disk.fails = True
    await log.admit(entry(), may_wait=True)
    log.look()
    await asyncio.sleep(0.01)
    anchored = [head.number for _, head, _ in heads.kept]
    disk.fails = False
    await log.close()

    assert [1] == anchored


async def test_a_client_that_leaves_takes_no_line_with_it(log, disk, tmp_path):
    """Its line is written all the same, and others' with it."""
    disk.goes.clear()
    first = asyncio.create_task(log.admit(entry(0)))
    second = asyncio.create_task(log.admit(entry(1)))
    await asyncio.sleep(0.02)
    first.cancel()
    disk.goes.set()
    await second
    await log.close()

    assert first.cancelled()
    assert [0, 1] == numbers(tmp_path / "audit")


async def _settled(log):
    """Wait until nothing of a log waits."""
    async with asyncio.timeout(20):
        while log.waiting:  # noqa: ASYNC110 - nobody sets an event for it
            await asyncio.sleep(0.01)


async def test_what_nobody_waits_for_is_written_soon(log, disk, tmp_path):
    """Together, without anybody who waits, and before the log is closed."""
    taken = [log.take(entry(number)) for number in range(100)]
    await _settled(log)
    on_disk = numbers(tmp_path / "audit")
    await log.close()

    assert [True] * 100 == taken
    assert list(range(100)) == on_disk
    assert 2 == disk.synced


async def test_what_nobody_waits_for_is_in_its_place(log, tmp_path):
    """Whoever waits takes along what came before, in its order, in one chain."""
    log.take(entry(0))
    log.take(entry(1))
    await log.admit(entry(2))
    on_disk = numbers(tmp_path / "audit")
    log.take(entry(3))
    await log.close()
    folder = tmp_path / "audit"

    assert [0, 1, 2] == on_disk
    assert [0, 1, 2, 3] == numbers(folder)
    assert [] == verify([folder], KEY, [], whole=True).faults


async def test_nobody_runs_ahead_of_a_disk_that_is_behind(log, disk, tmp_path):
    """Once a flight is late everybody waits again, and nothing is lost of before."""
    disk.goes.clear()
    taken = 0
    async with asyncio.timeout(20):
        while log.take(entry(taken)):
            taken += 1
            await asyncio.sleep(0.01)
    admission = asyncio.create_task(log.admit(entry(taken)))
    await asyncio.sleep(0.05)
    was_done = admission.done()
    disk.goes.set()
    await admission
    is_taken_again = log.take(entry(taken + 1))
    await log.close()

    assert taken > 0
    assert (False, True) == (was_done, is_taken_again)
    assert list(range(taken + 2)) == numbers(tmp_path / "audit")


async def test_what_was_taken_for_a_disk_that_failed_is_written_later(
    log, disk, tmp_path
):
    """In a new chain, in order; while it fails nothing more is taken."""
    disk.fails = True
    log.take(entry(0))
    async with asyncio.timeout(20):
        while not log.is_failing:  # noqa: ASYNC110 - nobody sets an event for it
            await asyncio.sleep(0.01)
    is_taken = log.take(entry(1))
    await log.admit(entry(2), may_wait=True)
    disk.fails = False
    log.look()
    await _settled(log)
    await log.close()
    folder = tmp_path / "audit"

    assert not is_taken
    assert [0, 2] == numbers(folder)
    assert [] == verify([folder], KEY, [], whole=True).faults


async def test_a_closed_log_takes_nothing(log):
    """Nothing would write it."""
    await log.close()

    assert not log.take(entry())


async def test_each_day_is_a_segment(log, tmp_path, monkeypatch):
    """Or each so many bytes; the chain goes on through all."""
    monkeypatch.setattr(audit_log, "_LARGEST", 0)
    for number in range(3):
        await log.admit(entry(number))
    await log.close()
    folder = tmp_path / "audit"
    ((_, segments),) = segments_in(folder).items()

    assert [0, 1, 2, 3, 4] == [segment.part for segment, _ in segments]
    assert [] == verify([folder], KEY, [], whole=True).faults


async def test_files_are_for_their_owner(log, tmp_path):
    """Nobody else may read them."""
    await log.close()
    folder = tmp_path / "audit"
    (path,) = folder.glob("*.jsonl")

    assert (0o700, 0o600) == (
        folder.stat().st_mode & 0o777,
        path.stat().st_mode & 0o777,
    )


@contextmanager
def full(size=0):
    """Let this process write no file beyond a size: what a full disk is to it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_full_disk_at_the_beginning_leaves_nothing(tmp_path, heads):
    """Nobody begins on one, and who tries again and again litters none."""
    folder = tmp_path / "audit"
    with full(), pytest.raises(OSError, match="File too large"):
        AuditLog(folder, KEY, {}, anchors=heads)
    nameless = list(folder.iterdir())
    log = AuditLog(folder, KEY, {}, anchors=heads)
    with full(100), pytest.raises(OSError, match="File too large"):
        await log.open()
    with full(100), pytest.raises(OSError, match="File too large"):
        written_once(folder, KEY, {}, {"kind": "pruned"})

    assert ([], ["node"]) == (nameless, [each.name for each in folder.iterdir()])
