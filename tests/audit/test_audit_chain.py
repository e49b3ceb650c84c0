"""What is written cannot be changed, cut or taken away unseen."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beacon.audit.chain import Head, Link, Segment, members, segments_in
from beacon.audit.log import node_of, written_once
from beacon.audit.pruning import old_ones, prune
from beacon.audit.verifying import verify
from beacon.model.errors import StoreUnavailable, UsageError

KEY = b"k" * 32
CHAINS = ("20260101T000000Z-" + "a" * 16, "20260102T000000Z-" + "b" * 16)
PARTS = 3
LINES = 4
"""Of a segment, its first one included."""
UNSEALED = b'{"n":9,"kind":"request"}\n'


class Kept(NamedTuple):
    """A head that was anchored."""

    chain: str
    number: int
    seal: str
    node: str
    is_last: bool


def written(folder):
    """Write two chains of three segments, a day apart; return their last heads."""
    node, heads = node_of(folder), []
    for chain in CHAINS:
        link = Link(KEY, chain)
        for part in range(PARTS):
            moment = f"2026-01-{part + 10}T00:00:00.000Z"
            lines = [link.begin(part, {"time": moment})]
            told = {"kind": "request", "time": moment, "status": 200}
            lines.append(link.lines([members(told)] * (LINES - 2)))  # under one seal
            is_last = part == PARTS - 1
            lines.append(link.line({"kind": "end" if is_last else "x", "time": moment}))
            (folder / Segment(chain, part).file).write_bytes(b"".join(lines))
        heads.append(Kept(*link.head, node, is_last=True))
    return heads


def judged(folder, heads, *, whole=False):
    """Return what verification finds of a folder."""
    return verify([folder], KEY, heads, whole=whole)


@pytest.fixture(scope="module")
def master(tmp_path_factory):
    """Give a folder of two whole chains, and their heads."""
    folder = tmp_path_factory.mktemp("audit")
    return folder, written(folder)


@pytest.fixture
def copied(master, tmp_path):
    """Give a copy to spoil."""
    folder = tmp_path / "audit"
    shutil.copytree(master[0], folder)
    return folder, master[1]


def files(folder):
    """Return the segments of a folder."""
    return [path for each in segments_in(folder).values() for _, path in each]


def test_what_is_whole_is_whole(master):
    """Nothing is found of chains as they were written."""
    verdict = judged(*master, whole=True)

    assert ([], []) == (verdict.faults, verdict.notes)
    assert (2, 2 * PARTS * LINES) == (verdict.chains, verdict.lines)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_one_changed_byte_is_found(copied, data):
    """Wherever it is, and whatever it becomes."""
    folder, heads = copied
    path = data.draw(st.sampled_from(files(folder)))
    good = path.read_bytes()
    place = data.draw(st.integers(0, len(good) - 1))
    other = data.draw(st.integers(1, 255))
    path.write_bytes(good[:place] + bytes([good[place] ^ other]) + good[place + 1 :])
    verdict = judged(folder, heads)
    path.write_bytes(good)

    assert 1 <= len(verdict.faults)
    assert any(re.search("|".join(CHAINS), fault) for fault in verdict.faults)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_line_that_is_gone_doubled_or_moved_is_found(copied, data):
    """The seal of what follows it says so, or the head that was anchored."""
    folder, heads = copied
    path = data.draw(st.sampled_from(files(folder)))
    good = path.read_bytes()
    lines = good.splitlines(keepends=True)
    place = data.draw(st.integers(0, len(lines) - 1))
    spoilt = data.draw(
        st.sampled_from(
            [
                lines[:place] + lines[place + 1 :],
                [*lines[:place], lines[place], *lines[place:]],
                [lines[place], *lines[:place], *lines[place + 1 :]] if place else [],
            ]
        )
    )
    path.write_bytes(b"".join(spoilt))
    verdict = judged(folder, heads)
    path.write_bytes(good)

    assert 1 <= len(verdict.faults)


def test_without_the_key_no_line_can_be_sealed(copied):
    """A chain that was written anew, whole, with another key is broken."""
    folder, heads = copied
    forged = Link(b"another key, as long as it may be", CHAINS[0])
    lines = [forged.begin(0, {"time": "2026-01-10T00:00:00.000Z"})]
    (folder / Segment(CHAINS[0], 0).file).write_bytes(b"".join(lines))

    assert "line 1 was changed" in judged(folder, heads).faults[0]


@pytest.mark.parametrize("left", [0, 1, LINES - 1])
def test_a_chain_that_was_cut_is_found_by_its_anchor(copied, left):
    """Also between two lines, where every seal that is left is right."""
    folder, heads = copied
    path = folder / Segment(CHAINS[1], PARTS - 1).file
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:left]))

    (fault,) = judged(folder, heads).faults
    assert f"its last {LINES - left} lines are missing" in fault


def test_a_change_is_told_by_the_lines_under_its_seal(copied):
    """One of so many; a line that has a seal of its own is named."""
    folder, heads = copied
    path = folder / Segment(CHAINS[0], 0).file
    good = path.read_bytes()
    told = []
    for before, after in ((b"200", b"201"), (b"begin", b"begun")):
        path.write_bytes(good.replace(before, after, 1))
        told += judged(folder, heads).faults

    assert "one of lines 2 to 3 was changed" in told[0]
    assert "line 1 was changed" in told[1]


def test_many_lines_are_under_few_seals(tmp_path):
    """A hundred at most under each; all of them are read."""
    node, link = node_of(tmp_path), Link(KEY, CHAINS[0])
    begun = link.begin(0, {"time": "2026-01-10T00:00:00.000Z"})
    data = begun + link.lines([members({"kind": "request"})] * 250)
    (tmp_path / Segment(CHAINS[0], 0).file).write_bytes(data)
    verdict = judged(tmp_path, [Kept(*link.head, node, is_last=False)], whole=True)

    assert ([], 251) == (verdict.faults, verdict.lines)
    assert [1, 101, 201, 251] == [
        number
        for number, line in enumerate(data.splitlines(), 1)
        if "seal" in orjson.loads(line)
    ]


def test_lines_without_their_seal_are_its_writers_only_at_the_end(copied):
    """Killed it leaves some; where its chain goes on, or ended, it left none."""
    folder, _ = copied
    found = []
    for part, left in ((PARTS - 1, LINES - 1), (0, LINES), (PARTS - 1, LINES)):
        path = folder / Segment(CHAINS[0], part).file
        good = path.read_bytes()
        lines = good.splitlines(keepends=True)[:left]
        path.write_bytes(b"".join([*lines, UNSEALED]))
        found.append(judged(folder, []))
        path.write_bytes(good)
    killed, middle, ended = found

    assert [] == killed.faults
    assert "its last lines, 1 of them, have no seal" in killed.notes[0]
    assert "have no seal, and its chain goes on" in middle.faults[0]
    assert "have no seal, and its chain had ended" in ended.faults[0]


def test_no_writer_leaves_a_hundred_lines_without_their_seal(tmp_path):
    """It seals them by the hundred: 99 are what it was at, one more is another's."""
    folder = tmp_path / "audit"
    node_of(folder)
    begun = Link(KEY, CHAINS[0]).begin(0, {"time": "2026-01-10T00:00:00.000Z"})
    path = folder / Segment(CHAINS[0], 0).file
    found = []
    for number in (99, 100):
        path.write_bytes(begun + number * UNSEALED)
        found.append(judged(folder, []).faults)

    assert [0, 1] == list(map(len, found))
    assert "100 of its lines and more have no seal" in found[1][0]


def test_a_line_that_was_anchored_had_a_seal(copied):
    """Where it is under that of another line it is not the one that was."""
    folder, heads = copied
    within = Kept(CHAINS[0], 2, "0" * 64, node_of(folder), is_last=False)

    (fault,) = judged(folder, [within, *heads]).faults
    assert "its line 2 is not the one that was anchored" in fault


def test_files_that_are_gone_are_found(copied):
    """The last segment, one in the middle, the first, a whole chain."""
    folder, heads = copied
    found = []
    for chain, part in ((0, 2), (0, 1), (1, 0)):
        path = folder / Segment(CHAINS[chain], part).file
        good = path.read_bytes()
        path.unlink()
        found += judged(folder, heads).faults
        path.write_bytes(good)
    for path in files(folder):
        if path.name.startswith(CHAINS[0]):
            path.unlink()
    found += judged(folder, heads).faults

    assert [
        ": its last 4 lines are missing.",
        ": the segment before it is missing.",
        ": its first 4 lines are missing, and no pruning tells of them.",
        " is missing; it had 12 lines.",
    ] == [re.sub(r"^chain [^: ]*|^.*jsonl", "", fault) for fault in found]


def test_what_its_writer_did_not_finish_is_no_fault(copied):
    """A torn last line was never acknowledged; nor is an end that is not there."""
    folder, _ = copied
    path = folder / Segment(CHAINS[0], PARTS - 1).file
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.rindex(b'{"n"') + 30])
    verdict = judged(folder, [])

    assert [] == verdict.faults
    assert 2 == len(verdict.notes)
    assert "its last line was not finished" in verdict.notes[0]
    assert "has not ended" in verdict.notes[1]


def head_at(folder, chain, number, *, is_last=False):
    """Return what a store that was told of a line has of it."""
    lines = b"".join(
        path.read_bytes() for _, path in segments_in(folder)[chain]
    ).splitlines()
    seal = orjson.loads(lines[number - 1])["seal"]
    return Kept(chain, number, seal, node_of(folder), is_last)


def test_a_chain_that_was_written_anew_is_found(copied):
    """With the key, longer than it was: its lines are not those that were anchored."""
    folder, heads = copied
    middle = head_at(folder, CHAINS[0], 2 * LINES)
    for path in files(folder):
        if path.name.startswith(CHAINS[0]):
            path.unlink()
    link, part = Link(KEY, CHAINS[0]), folder / Segment(CHAINS[0], 0).file
    lines = [link.begin(0, {"time": "2026-01-10T00:00:00.000Z"})]
    lines += [link.line({"kind": "request"}) for _ in range(PARTS * LINES)]
    part.write_bytes(b"".join(lines))
    (first,) = judged(folder, [middle, *heads]).faults
    (last,) = judged(folder, heads).faults

    assert "its line 8 is not the one that was anchored" in first
    assert "its line 12 is not the one that was anchored" in last


def test_nothing_follows_the_end_of_a_chain(copied):
    """Who has the key may add lines, but the store knows that it had ended."""
    folder, heads = copied
    path = folder / Segment(CHAINS[0], PARTS - 1).file
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    link = Link(KEY, CHAINS[0])
    link.head = Head(*head_at(folder, CHAINS[0], PARTS * LINES - 1)[:3])
    more = [orjson.loads(lines[-1])["time"]] * 2
    fields = [{"kind": "end", "time": moment} for moment in more]
    path.write_bytes(b"".join([*lines[:-1], *map(link.line, fields)]))
    (fault,) = judged(folder, heads).faults

    assert "it ended with line 12, and lines follow" in fault


def test_a_folder_that_was_wiped_is_found(copied, tmp_path):
    """Also where it is there and empty, or only its name is new; unless on purpose."""
    folder, heads = copied
    empty = tmp_path / "empty"
    node_of(empty)
    wiped = judged(empty, heads, whole=True).faults
    (folder / "node").unlink()
    nameless = judged(folder, heads, whole=True).faults
    node_of(folder)
    renamed = judged(folder, heads, whole=True).faults

    assert ["had 12 lines" in fault for fault in wiped] == [True, True, False]
    assert ["node: the file is missing" in fault for fault in nameless] == [True, False]
    assert ["is missing, or its file node was" in fault for fault in renamed] == [True]
    assert [] == judged(empty, heads).faults


def test_a_copy_beside_its_chain_is_named(copied, tmp_path):
    """Only one of them would be held to the store."""
    folder, heads = copied
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)

    faults = verify([folder, copy], KEY, heads, whole=True).faults
    assert [f"chain {chain} is in two of these folders." for chain in CHAINS] == faults


def test_folders_elsewhere_are_named(copied, tmp_path):
    """With all folders at hand, what lies in none of them is missing."""
    folder, heads = copied
    away = Kept("20260103T000000Z-" + "c" * 16, 7, "0" * 64, "f00d", is_last=False)

    assert [] == judged(folder, [*heads, away]).faults
    assert "f00d" in judged(folder, [*heads, away]).notes[0]
    assert "had 7 lines" in judged(folder, [*heads, away], whole=True).faults[0]


def test_what_is_no_audit_file_is_named(copied):
    """It is no fault."""
    folder, heads = copied
    (folder / "core.1").write_bytes(b"")
    verdict = judged(folder, heads)

    assert ([], 1) == (verdict.faults, len(verdict.notes))


# --- pruning -----------------------------------------------------------------


def before(day):
    """Return the beginning of a day of the written chains."""
    return datetime(2026, 1, day, tzinfo=UTC)


TODAY = datetime(2026, 6, 1, tzinfo=UTC)


def kept_nowhere(_):
    """Keep no head, as a store whose answer does not matter."""


def anchored(folder, head):
    """Return a head as the store keeps it."""
    return Kept(*head, node_of(folder), is_last=True)


def test_pruned_chains_stay_verifiable(copied):
    """Old segments go, the rest begins where they ended, and a line says so."""
    folder, heads = copied
    old = old_ones(folder, KEY, before(12))
    kept = []
    prune(folder, KEY, old, datetime.now(UTC), kept.append)
    (head,) = kept
    verdict = judged(folder, [*heads, anchored(folder, head)], whole=True)

    assert [] == verdict.faults
    assert 2 * 2 * LINES == verdict.pruned
    assert 3 == verdict.chains
    assert {"2026-01-11T00:00:00.000Z"} == {one.until for one in old}


def test_whole_chains_may_go(copied):
    """Their anchors, where they are still there, are accounted for."""
    folder, heads = copied
    old = old_ones(folder, KEY, before(20))
    prune(folder, KEY, old, datetime.now(UTC), kept_nowhere)

    verdict = judged(folder, heads, whole=True)
    assert ([], 1) == (verdict.faults, verdict.chains)


def test_a_pruning_that_was_killed_is_gone_on_with(copied):
    """What is left of what was to go is no fault, and goes the next time."""
    folder, heads = copied
    prune(folder, KEY, old_ones(folder, KEY, before(12)), TODAY, kept_nowhere)
    late = before(13)
    kept = folder / Segment(CHAINS[0], 2).file
    saved = kept.read_bytes()
    prune(folder, KEY, old_ones(folder, KEY, late), TODAY, kept_nowhere)
    kept.write_bytes(saved)

    assert [] == judged(folder, heads).faults
    assert [kept] == [f for one in old_ones(folder, KEY, late) for f in one.files]


def test_a_beginning_that_is_gone_without_a_pruning_is_a_fault(copied):
    """Also beside one that tells of less."""
    folder, heads = copied
    prune(folder, KEY, old_ones(folder, KEY, before(11)), TODAY, kept_nowhere)
    (folder / Segment(CHAINS[0], 1).file).unlink()

    (fault,) = judged(folder, heads).faults
    assert "its first 8 lines are missing" in fault


def test_nothing_goes_before_its_head_is_kept(copied):
    """Where the store fails, every file is still there, and all is whole."""
    folder, heads = copied
    there = files(folder)

    def refuse(_):
        message = "not authorized"
        raise StoreUnavailable(message)

    with pytest.raises(StoreUnavailable):
        prune(folder, KEY, old_ones(folder, KEY, before(20)), TODAY, refuse)

    assert all(path.exists() for path in there)
    assert [] == judged(folder, heads, whole=True).faults


def test_nothing_is_pruned_of_what_is_not_whole(copied):
    """Somebody has to look first."""
    folder, _ = copied
    path = folder / Segment(CHAINS[0], 0).file
    path.write_bytes(path.read_bytes().replace(b"200", b"403"))

    with pytest.raises(UsageError, match="nothing is pruned"):
        old_ones(folder, KEY, before(20))


def test_nothing_is_pruned_where_lines_without_a_seal_are_not_the_last(copied):
    """Those at the end of a chain go with it; others are somebody's addition."""
    folder, _ = copied
    path = folder / Segment(CHAINS[0], PARTS - 1).file
    path.write_bytes(path.read_bytes() + UNSEALED)
    last = old_ones(folder, KEY, before(20))
    path = folder / Segment(CHAINS[0], 0).file
    path.write_bytes(path.read_bytes() + UNSEALED)

    assert 2 * PARTS == sum(len(one.files) for one in last)
    with pytest.raises(UsageError, match="nothing is pruned"):
        old_ones(folder, KEY, before(20))


def test_a_chain_that_is_written_to_is_left(tmp_path):
    """However old its lines are."""
    folder = tmp_path / "audit"
    head = written_once(folder, KEY, {}, {"kind": "x"})
    path = folder / Segment(head.chain, 0).file
    file = os.open(path, os.O_RDONLY)
    os.set_inheritable(file, False)
    late = datetime.now(UTC) + timedelta(days=1)
    fcntl.flock(file, fcntl.LOCK_EX)
    busy = old_ones(folder, KEY, late)
    os.close(file)

    assert ([], 1) == (busy, len(old_ones(folder, KEY, late)))
    assert isinstance(head, Head)
