"""``beacon audit``: what a server wrote is whole, and found out where it is not."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from commands import Command

from beacon.cli.main import main
from beacon.model.errors import StoreUnavailable
from beacon.store.anchors import AnchorBook

if TYPE_CHECKING:
    from collections.abc import Callable

    from beacon.store.connection import StoreAddress

    Run = Callable[..., tuple[int, str, str]]

ASK = (
    "/api/g_variants?assemblyId=GRCh38&referenceName=22"
    "&referenceBases=A&alternateBases=G"
)
QUESTIONS = 60
PATIENCE = 30.0


def get(url: str) -> int:
    """Return the status of what an address answers."""
    with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 - ours
        answer.read()
        return int(answer.status)


def children(parent: int) -> list[int]:
    """Return the processes of a process."""
    tasks = Path(f"/proc/{parent}/task").glob("*/children")
    return [int(number) for path in tasks for number in path.read_text().split()]


def chains(home: Path) -> list[Path]:
    """Return the files of the audit."""
    return sorted((home / "audit").glob("*.jsonl"))


def lines(home: Path) -> list[dict[str, object]]:
    """Return the lines of requests."""
    every = (json.loads(x) for f in chains(home) for x in f.read_text().splitlines())
    return [line for line in every if line["kind"] == "request"]


class Asked(NamedTuple):
    """A server that was asked and ended: where, with what, how it went."""

    home: Path
    variables: dict[str, str]
    statuses: list[int]
    code: int
    errors: str


@pytest.fixture(scope="module")
def asked(
    shared_address: Callable[[str], StoreAddress],
    tmp_path_factory: pytest.TempPathFactory,
) -> Asked:
    """Serve with two workers, ask for different alleles at once, and end calmly."""
    home, address = tmp_path_factory.mktemp("audited"), shared_address("audit")
    variables = {
        "BEACON_STORE": f"{address.uri}/{address.database}",
        "BEACON_AUDIT__FOLDER": str(home / "audit"),
    }
    command = Command(home=home, variables=variables)
    with command.serving("serve", "--port", "0", "--workers", "2") as server:
        urls = [f"{server.url}{ASK}&start={n}" for n in range(QUESTIONS)]
        with ThreadPoolExecutor(8) as asking:
            statuses = list(asking.map(get, urls))
        code, _, errors = server.end()
    return Asked(home, variables, statuses, code, errors)


@pytest.fixture
def home(asked: Asked, tmp_path: Path) -> Path:
    """Give a copy of what was written, to spoil."""
    copy = tmp_path / "home"
    shutil.copytree(asked.home, copy)
    return copy


@pytest.fixture
def run(
    asked: Asked,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Give the command line, in this process, on that copy."""
    variables = asked.variables | {
        "BEACON_DATA_DIR": str(home),
        "BEACON_AUDIT__FOLDER": str(home / "audit"),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def test_two_workers_lose_no_line_and_are_whole(asked: Asked, run: Run) -> None:
    """Each writes its own chain; SIGTERM ends both; every question is in one (D5)."""
    code, out, _ = run("audit", "verify", "--json")
    verdict = json.loads(out)
    written = lines(asked.home)

    assert (0, 0) == (asked.code, asked.errors.count("audit.failing"))
    assert (0, [], []) == (code, verdict["faults"], verdict["notes"])
    assert (2, QUESTIONS + 4) == (verdict["chains"], verdict["lines"])
    assert sorted(asked.statuses) == sorted(line["status"] for line in written)
    assert QUESTIONS == len({str(line["queries"]) for line in written})


def test_a_changed_byte_is_found_and_the_file_named(home: Path, run: Run) -> None:
    """Exit code 1, and where (D8)."""
    path = chains(home)[0]
    good = path.read_bytes()
    middle = len(good) // 2
    path.write_bytes(good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :])
    code, out, _ = run("audit", "verify")

    assert 1 == code
    assert path.name in out
    assert "The audit is broken" in out


def test_a_cut_chain_is_found_by_the_store(home: Path, run: Run) -> None:
    """Every line that is left is right; the store knows that there were more.

    Lines whose seal was cut off with others are as good as gone.
    """
    path = max(chains(home), key=lambda each: each.stat().st_size)
    written = path.read_bytes().splitlines(keepends=True)
    left = written[:-10]
    path.write_bytes(b"".join(left))
    sealed = max(n for n, line in enumerate(left, 1) if b'"seal":' in line)
    cut, cut_said, _ = run("audit", "verify")
    path.unlink()
    gone, gone_said, _ = run("audit", "verify")

    assert (1, 1) == (cut, gone)
    assert f"its last {len(written) - sealed} lines are missing" in cut_said
    assert f"is missing; it had {len(written)} lines" in gone_said


def test_a_wiped_audit_is_found_by_the_store(home: Path, run: Run) -> None:
    """Exit code 1: with its files gone, with its name gone, and with another name."""
    (home / "audit" / "node").unlink()
    nameless = run("audit", "verify")
    for path in chains(home):
        path.unlink()
    bare = run("audit", "verify")
    (home / "audit" / "node").write_text("f00d\n")
    wiped = run("audit", "verify")
    elsewhere = run("audit", "verify", "--partial")

    assert [1, 1, 1, 0] == [done[0] for done in (nameless, bare, wiped, elsewhere)]
    assert "node: the file is missing" in nameless[1]
    assert 2 == wiped[1].count("is missing; it had")
    assert "are kept elsewhere" in elsewhere[1]


def test_what_is_no_line_keeps_nobody_from_finding(home: Path, run: Run) -> None:
    """Half a line, and what is JSON and no object, are what ``verify`` tells of."""
    (first, _) = chains(home)
    first.write_bytes(first.read_bytes() + b'17\n["queries"]\n{"n":9')
    code, _, errors = run("audit", "find", "22-1-A-G", "--assembly", "GRCh38")

    assert (0, "1 lines.\n") == (code, errors)


def test_who_asked_for_an_allele_is_found_by_its_code(run: Run) -> None:
    """However it is spelled, without any line that names it."""
    hit = run("audit", "find", "chr22:18:A:G", "--assembly", "GRCh38", "--json")
    shown = run("audit", "find", "22-18-A-G", "--assembly", "GRCh38")
    miss = run("audit", "find", "22-18-A-T", "--assembly", "GRCh38")
    region = run("audit", "find", "22:1-100", "--assembly", "GRCh38")
    (line,) = hit[1].splitlines()

    assert [0, 0, 0, 2] == [done[0] for done in (hit, shown, miss, region)]
    assert "request" == json.loads(line)["kind"]
    assert json.loads(line)["request"] in shown[1]
    assert ("", "0 lines.\n") == miss[1:]


def test_pruning_leaves_what_is_young(home: Path, run: Run) -> None:
    """Nothing of today is old."""
    before = chains(home)
    usual = run("audit", "prune")
    day = run("audit", "prune", "--older-than", "1")

    assert (0, 0) == (usual[0], day[0])
    assert "Nothing is older than 1827 days" in usual[1]
    assert before == chains(home)


def test_pruned_chains_are_written_down_and_stay_whole(
    home: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What went is said in a chain of its own, and the store forgets its heads."""
    before = chains(home)
    monkeypatch.setattr("beacon.cli.audit.timedelta", lambda **_: _NO_TIME)
    dry = run("audit", "prune", "--dry-run")
    kept = chains(home)
    done = run("audit", "prune")
    after = run("audit", "verify")

    assert [0, 0, 0] == [each[0] for each in (dry, done, after)]
    assert before == kept
    assert 2 == done[1].count("1 files until")
    assert not set(before) & set(chains(home))
    assert "The audit is whole: 3 lines in 1 chains" in after[1]


_NO_TIME = timedelta(0)


@pytest.mark.parametrize("what", ["forget", "put"])
def test_nothing_is_pruned_that_the_store_did_not_agree_to(
    home: Path, run: Run, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """A user who may not forget heads, or a store that is away, leaves every file."""
    before = chains(home)
    monkeypatch.setattr("beacon.cli.audit.timedelta", lambda **_: _NO_TIME)

    def refuse(*_: object, **__: object) -> None:
        message = "not authorized"
        raise StoreUnavailable(message)

    monkeypatch.setattr(AnchorBook, what, refuse)
    code, _, said = run("audit", "prune")

    assert (1, True) == (code, "not authorized" in said)
    assert set(before) <= set(chains(home))


def test_without_an_audit_there_is_a_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which setting says where it is."""
    monkeypatch.delenv("BEACON_AUDIT__FOLDER")
    code, _, said = run("audit", "verify")

    assert 2 == code
    assert "audit.folder" in said


def test_a_killed_worker_leaves_a_chain_that_is_whole(empty_beacon: Command) -> None:
    """Of every answer that left there is a line; that a chain has no end is said."""
    empty_beacon.variables["BEACON_AUDIT__FOLDER"] = str(empty_beacon.home / "audit")
    with empty_beacon.serving("serve", "--port", "0") as server:
        statuses = [get(f"{server.url}{ASK}&start={n}") for n in range(10)]
        for worker in children(server.pid):
            os.kill(worker, 9)
        server.end()
    done = empty_beacon("audit", "verify")

    assert 0 == done.returncode
    assert "has not ended" in done.stdout
    assert statuses == [line["status"] for line in lines(empty_beacon.home)]


def test_where_only_the_parent_was_killed_its_workers_end_their_chains(
    empty_beacon: Command,
) -> None:
    """They write the audit, and notice: all of it is there, with its end."""
    empty_beacon.variables["BEACON_AUDIT__FOLDER"] = str(empty_beacon.home / "audit")
    with empty_beacon.serving("serve", "--port", "0") as server:
        statuses = [get(f"{server.url}{ASK}&start={n}") for n in range(10)]
        server.send(signal.SIGKILL)
        until = time.monotonic() + PATIENCE
        while not has_ended(empty_beacon.home) and time.monotonic() < until:
            time.sleep(0.1)
    verdict = json.loads(empty_beacon("audit", "verify", "--json").stdout)

    assert ([], []) == (verdict["faults"], verdict["notes"])
    assert statuses == [line["status"] for line in lines(empty_beacon.home)]


def has_ended(home: Path) -> bool:
    """Whether the only chain has its last line."""
    (path,) = chains(home)
    return b'"kind":"end"' in path.read_bytes()


def test_a_folder_that_cannot_be_written_keeps_the_server_from_serving(
    empty_beacon: Command,
) -> None:
    """In one sentence that names it."""
    empty_beacon.variables["BEACON_AUDIT__FOLDER"] = str(empty_beacon.home / "audit")
    (empty_beacon.home / "audit").write_text("no folder")
    done = empty_beacon("serve", "--port", "0")

    assert done.returncode in (1, 2)
    assert "audit.folder" in done.stderr
    assert "Traceback" not in done.stderr
