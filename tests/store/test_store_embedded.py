"""The embedded mongod: shared by everybody, harmed by nobody's death."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient

from beacon.model.errors import StoreUnavailable, UsageError
from beacon.store import embedded
from beacon.store.connection import connect
from beacon.store.embedded import (
    Home,
    find_mongod,
    has_keeper,
    locked_pid,
    open_home,
    server_pid,
    socket_path,
)
from beacon.store.releases import Catalogue
from tests.store.store_samples import LAYOUT, record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from beacon.store.connection import StoreAddress

ROOT = Path(__file__).resolve().parents[2]
USER = """
import sys, time
from pathlib import Path
from pymongo import MongoClient
from beacon.store.connection import connect
with connect(None, Path(sys.argv[1])) as address, MongoClient(address.uri) as client:
    print(client.admin.command("serverStatus")["pid"], flush=True)
    sys.stdin.read()
"""


def start_user(data_dir: Path) -> subprocess.Popen[bytes]:
    """Start a process that uses the store until its stdin closes."""
    return subprocess.Popen(
        [sys.executable, "-c", USER, str(data_dir)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def end_user(user: subprocess.Popen[bytes]) -> None:
    """Let a user leave."""
    user.communicate(timeout=30)


def mongod_pid(user: subprocess.Popen[bytes]) -> int:
    """Return the mongod that a user is connected to."""
    assert user.stdout is not None
    return int(user.stdout.readline())


def keeper_pid(home: Home) -> int:
    """Return the keeper's process, as its command line shows it."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"beacon.store.keeper" in words and os.fsencode(home.root) in words:
            return int(entry.name)
    message = "there is no keeper"
    raise AssertionError(message)


def wait_until(claim: Callable[[], bool]) -> None:
    """Wait until a claim holds, ten seconds at most."""
    until = time.monotonic() + 10
    while not claim():
        assert time.monotonic() < until
        time.sleep(0.05)


def ping(address: StoreAddress) -> bool:
    """Write to the server and read it back."""
    with MongoClient(address.uri, serverSelectionTimeoutMS=10_000) as client:
        client.test.kept.update_one({"_id": 1}, {"$inc": {"n": 1}}, upsert=True)
        return client.test.kept.count_documents({}) == 1


def _open_files(pid: int | None) -> Iterator[Path]:
    """Yield what a process has open; a file may be closed meanwhile."""
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            yield entry.readlink()


def test_it_is_a_private_socket_and_nothing_else(tmp_path: Path) -> None:
    """There is no TCP port, and nobody else can enter the socket's directory."""
    with connect(None, tmp_path) as address:
        home = open_home(tmp_path)
        path = socket_path(home)
        pid = server_pid(home, path)
        links = list(_open_files(pid))
        inodes = {str(p)[8:-1] for p in links if str(p).startswith("socket:")}
        tables = [Path(f"/proc/net/{name}").read_text() for name in ("tcp", "tcp6")]
        rows = [line.split() for table in tables for line in table.splitlines()[1:]]

        assert address.is_embedded
        assert str(tmp_path) in address.description
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert [row for row in rows if row[9] in inodes] == []


def test_processes_that_start_at_once_share_one_server(tmp_path: Path) -> None:
    """Five processes that start together reach the same mongod; the last stops it."""
    users = [start_user(tmp_path) for _ in range(5)]
    pids = {mongod_pid(user) for user in users}
    home = open_home(tmp_path)
    for user in users[1:]:
        end_user(user)
    time.sleep(3)
    still = server_pid(home, socket_path(home))
    end_user(users[0])

    assert {still} == pids
    wait_until(lambda: not has_keeper(home))
    assert server_pid(home, socket_path(home)) is None


def test_a_killed_user_harms_nobody(tmp_path: Path) -> None:
    """SIGKILL of one user leaves the other's server; killed users hold nothing."""
    one, other = start_user(tmp_path), start_user(tmp_path)
    pids = {mongod_pid(one), mongod_pid(other)}
    one.kill()
    one.communicate()
    with connect(None, tmp_path) as address:
        assert ping(address)
        assert len(pids) == 1
    other.kill()
    other.communicate()
    home = open_home(tmp_path)

    wait_until(lambda: not has_keeper(home))


def test_a_killed_keeper_is_replaced(tmp_path: Path) -> None:
    """Another keeper adopts the running server, and stops it at the end."""
    home = open_home(tmp_path)
    with connect(None, tmp_path) as address:
        before = server_pid(home, socket_path(home))
        os.kill(keeper_pid(home), signal.SIGKILL)
        with connect(None, tmp_path):
            assert ping(address)
        wait_until(lambda: has_keeper(home))

        assert before == server_pid(home, socket_path(home))
    wait_until(lambda: not has_keeper(home))

    assert server_pid(home, socket_path(home)) is None


def test_a_killed_server_is_started_again(tmp_path: Path) -> None:
    """Connected processes find a new server on the same socket, data and all."""
    home = open_home(tmp_path)
    with connect(None, tmp_path) as address:
        assert ping(address)
        before = server_pid(home, socket_path(home)) or 0
        os.kill(before, signal.SIGKILL)

        wait_until(lambda: server_pid(home, socket_path(home)) not in (None, before))
        assert ping(address)


def test_all_killed_at_once_is_a_fresh_start(tmp_path: Path) -> None:
    """Stale locks, pids and sockets of a crash do not keep the next one out."""
    user = start_user(tmp_path)
    home = open_home(tmp_path)
    server = mongod_pid(user)
    for pid in (keeper_pid(home), user.pid, server):
        os.kill(pid, signal.SIGKILL)
    user.communicate()
    stale = locked_pid(home)
    with connect(None, tmp_path) as address:
        assert stale == server
        assert ping(address)


def test_a_keeper_and_its_server_without_users_end(tmp_path: Path) -> None:
    """A command that follows at once finds the same server; later it is gone."""
    home = open_home(tmp_path)
    with connect(None, tmp_path):
        first = server_pid(home, socket_path(home))
    with connect(None, tmp_path):
        second = server_pid(home, socket_path(home))

    assert first == second
    wait_until(lambda: not has_keeper(home))


def test_a_server_that_cannot_start_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason mongod gives reaches the user as one sentence."""
    program = tmp_path / "bin" / "mongod"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho out of order >&2\nexit 3\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")

    with (
        pytest.raises(StoreUnavailable, match="did not start: out of order"),
        connect(None, tmp_path / "data"),
    ):
        pass


FULL = (
    '{"s":"E","c":"WT","msg":"WiredTiger error message","attr":{"error":28,'
    '"message":{"error_str":"No space left on device","error_code":28}}}'
)
"""What a mongod writes when its disk is full, shortened."""
SAID = "the disk of .* is full, and the embedded MongoDB on it ended: make room"


def test_a_server_that_has_no_room_to_start_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one sentence, whatever else it prints; what it said before is no reason."""
    program = tmp_path / "bin" / "mongod"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        'while [ "$1" != --logpath ]; do shift; done\n'
        f'[ -e "$2.no_more" ] || echo \'{FULL}\' >> "$2"\n'
        "echo abort >&2; echo '  Frame: 1' >&2\nexit 14\n"
    )
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    data = tmp_path / "data"

    with pytest.raises(StoreUnavailable, match=SAID), connect(None, data):
        pass
    (data / "mongod.log.no_more").touch()
    with (
        pytest.raises(StoreUnavailable, match=r"did not start: abort$"),
        connect(None, data),
    ):
        pass


@pytest.mark.parametrize(
    ("before", "during", "said"),
    [(FULL, "", "^cannot be reached$"), ("", FULL, SAID)],
)
def test_a_server_that_ran_out_of_room_is_told_of(
    tmp_path: Path, before: str, during: str, said: str
) -> None:
    """Whoever loses the store because its disk was full is told so, and nobody else."""
    log = tmp_path / "mongod.log"
    log.write_text(f"{before}\n")
    message = "cannot be reached"

    with (  # noqa: PT012 - the store has to be there meanwhile
        pytest.raises(StoreUnavailable, match=said),
        connect(None, tmp_path),
    ):
        with log.open("a") as file:
            file.write(f"{during}\n")
        raise StoreUnavailable(message)


def test_without_a_server_the_sentence_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where no mongod is installed, the ways out are named."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(embedded.importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(embedded.platform, "system", lambda: "Plan9")

    with pytest.raises(UsageError, match=r"none is bundled for Plan9.*--store"):
        find_mongod()


def test_a_socket_directory_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """A directory that others can enter is not used for the socket."""
    home = open_home(tmp_path)
    path = socket_path(home)
    path.parent.chmod(0o755)

    with pytest.raises(StoreUnavailable, match="not a directory of yours alone"):
        socket_path(home)
    path.parent.rmdir()


def test_a_copied_data_directory_is_a_store_of_its_own(tmp_path: Path) -> None:
    """What was copied beside the data of a running store leads to no other store."""
    home, copy = open_home(tmp_path / "one"), open_home(tmp_path / "other")
    path = socket_path(home)
    copy.socket_note.write_text(home.socket_note.read_text())
    copied = socket_path(copy)
    still = socket_path(home)
    path.parent.rmdir()
    copied.parent.rmdir()

    assert path != copied
    assert path == still


def test_a_long_data_directory_has_a_short_socket(tmp_path: Path) -> None:
    """However deep the data lies, the socket's path is short enough to bind."""
    home = open_home(tmp_path.joinpath(*["deep" * 10] * 4))
    path = socket_path(home)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
    path.unlink()
    path.parent.rmdir()

    assert len(str(path)) <= 100


def test_a_named_server_is_used_as_given(tmp_path: Path) -> None:
    """A URI is taken as it is; its password is not repeated."""
    uri = "mongodb://me:secret@db.example:27018/cohort?authSource=admin"
    with connect(uri, tmp_path / "unused") as address:
        assert (uri, "cohort", False) == (
            address.uri,
            address.database,
            address.is_embedded,
        )
        assert "secret" not in address.description
        assert not (tmp_path / "unused").exists()


def test_a_uri_that_is_none_is_bad_usage(tmp_path: Path) -> None:
    """A store that is no MongoDB URI is named as such."""
    with (
        pytest.raises(UsageError, match="--store is not a MongoDB URI"),
        connect("sqlite://here", tmp_path),
    ):
        pass


def test_a_load_survives_the_server(tmp_path: Path) -> None:
    """A load during which mongod is killed is published whole."""
    home = open_home(tmp_path)
    records = [record(1000 + n, "A", "C") for n in range(30_000)]
    with connect(None, tmp_path) as address, Catalogue(address) as catalogue:
        with catalogue.begin("d", assembly="GRCh37", layout=LAYOUT) as writer:
            writer.put(records[:10_000])
            os.kill(server_pid(home, socket_path(home)) or 0, signal.SIGKILL)
            writer.put(records[10_000:])
            writer.publish(
                fingerprint="f",
                genotyped=True,
                contigs=frozenset({"22"}),
                variants=len(records),
                sample_count=80,
                inputs=(),
                tool="test",
                options={},
                report={},
            )
        with MongoClient(address.uri) as client:
            rows = client[address.database]["variants_GRCh37"]

            assert rows.count_documents({"d.1": {"$exists": True}}) == len(records)
