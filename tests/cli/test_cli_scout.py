"""A served beacon is fed by Scout, whatever is killed meanwhile, and tells it."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError

import pytest

from beacon.cli.scout import check_scout, scout_listens
from beacon.ingest.submissions import Fed, Spool
from beacon.model.errors import UsageError
from beacon.settings import PolicySettings, ScoutSettings, Settings
from beacon.store.connection import StoreAddress

if TYPE_CHECKING:
    from commands import Command, Server

TOKEN = "a-token-of-sixteen-letters"  # noqa: S105 - of these tests
VCF = (
    "##fileformat=VCFv4.2\n"
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tADM1059A1\tADM1059A2\n"
    "22\t20000100\t.\tA\tG\t.\tPASS\t.\tGT\t0/1\t1/1\n"
)
WHO = {"dataset_id": "cust000_GRCh37", "samples": ["ADM1059A1", "ADM1059A2"]}
SECONDS = 90


@pytest.fixture
def scout_beacon(empty_beacon: Command) -> Command:
    """Give a beacon that listens to Scout."""
    cases, token = empty_beacon.home / "cases", empty_beacon.home / "token"
    cases.mkdir()
    (cases / "case.vcf").write_text(VCF)
    token.write_text(TOKEN)
    token.chmod(0o600)
    empty_beacon.variables.update(
        BEACON_SCOUT__PORT="0",
        BEACON_SCOUT__TOKEN_FILE=str(token),
        BEACON_SCOUT__ROOT=str(cases),
        BEACON_SCOUT__STORE_URI=empty_beacon.variables["BEACON_STORE"],
    )
    return empty_beacon


def sent(url: str, method: str = "GET", body: object = None) -> tuple[int, dict]:
    """Send what Scout sends; return the code and the document."""
    request = urllib.request.Request(  # noqa: S310 - ours
        url,
        None if body is None else json.dumps(body).encode(),
        {"X-Auth-Token": TOKEN, "Content-Type": "application/json"},
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - ours
            return answer.status, json.load(answer)
    except HTTPError as answer:
        return answer.code, json.load(answer)


def ended(at: str, number: int) -> dict:
    """Wait until a submission is no longer waiting; return what became of it."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        try:
            _, told = sent(f"{at}scout/submissions")
        except OSError:  # it is being begun again
            told = {"submissions": []}
        for each in told["submissions"]:
            if each["submission"] == number and each["state"] != "waiting":
                return each
        time.sleep(0.2)
    return {}


def listener_of(server: Server) -> int:
    """Return the process that listens to Scout."""
    found = subprocess.run(
        ["pgrep", "-P", str(server.pid), "-f", "scout_listener"],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    )
    return int(found.stdout.split()[0])


def test_scout_feeds_a_beacon_and_is_told(scout_beacon: Command) -> None:
    """What was acknowledged is carried out, whoever is killed, and is observed."""
    cases = Path(scout_beacon.variables["BEACON_SCOUT__ROOT"])
    with scout_beacon.serving("serve", "--port", "0", deadline=300) as server:
        at = server.error_with("Scout is listened to").split()[-1]
        dataset = {"id": "cust000_GRCh37", "name": "C", "build": "GRCh37"}
        made = sent(f"{at}scout/add_dataset", "POST", dataset)
        addition = {
            **WHO,
            "assemblyId": "GRCh37",
            "vcf_path": str(cases / "case.vcf"),
        }
        added = sent(f"{at}scout/add", "POST", addition)
        os.kill(listener_of(server), signal.SIGKILL)
        done = ended(at, 1)
        _, seen = sent(f"{at}loqus/cust000_GRCh37/variants/22_20000100_A_G")
        code, _, errors = server.end()

    assert (made[0], added[0], done["state"], code) == (200, 202, "done", 0)
    assert (seen["observations"], seen["homozygote"], seen["total"]) == (2, 1, 2)
    assert "the listener for Scout ended, and is begun" in errors
    assert "ADM1059A1" not in errors
    assert "20000100" not in errors


def test_without_a_port_nothing_listens(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is started, and nothing said, unless it is asked for."""
    address = StoreAddress(uri="", database="", is_embedded=False, description="")
    with scout_listens(Settings(), address, 1):
        children = multiprocessing.active_children()

    assert (children, capsys.readouterr().err) == ([], "")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"token_file": None}, r"scout\.token_file must be, too"),
        ({"root": None}, r"scout\.root must be, too"),
        ({"token_file": Path("none")}, "scout.token_file none cannot be read"),
        ({"root": Path("none")}, "scout.root none is no folder"),
    ],
)
def test_half_a_listener_is_refused(
    tmp_path: Path, change: dict, sentence: str
) -> None:
    """What is missing is named before anything starts."""
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    given = {"port": 0, "token_file": token, "root": tmp_path, **change}

    with pytest.raises(UsageError, match=sentence):
        check_scout(Settings(scout=ScoutSettings(**given)))


@pytest.mark.parametrize(
    ("text", "mode", "sentence"),
    [(TOKEN, 0o644, "can be read by others"), ("short", 0o600, "holds no 16 letters")],
)
def test_a_token_is_kept_and_long(
    tmp_path: Path, text: str, mode: int, sentence: str
) -> None:
    """A token that others can read, or guess, is refused."""
    token = tmp_path / "token"
    token.write_text(text)
    token.chmod(mode)
    scout = ScoutSettings(port=0, token_file=token, root=tmp_path)

    with pytest.raises(UsageError, match=sentence):
        check_scout(Settings(scout=scout))


@pytest.mark.parametrize("has_key", [False, True])
def test_without_a_policy_only_this_machine_is_listened_to(
    tmp_path: Path, *, has_key: bool
) -> None:
    """What is told to Scout is told to whoever reaches the listener."""
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    key = token if has_key else None
    scout = ScoutSettings(
        port=0, host="192.0.2.1", token_file=token, root=tmp_path, key_file=key
    )

    with pytest.raises(UsageError, match=r"192\.0\.2\.1 .* set a policy"):
        check_scout(Settings(scout=scout))
    if not has_key:
        check_scout(Settings(scout=scout, policy=PolicySettings(default="open")))


def test_a_key_is_lent_to_this_machine_only(tmp_path: Path) -> None:
    """Where other machines reach the listener, it has no key to ask with."""
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    scout = ScoutSettings(
        port=0, host="192.0.2.1", token_file=token, root=tmp_path, key_file=token
    )

    with pytest.raises(UsageError, match="would lend its key"):
        check_scout(Settings(scout=scout, policy=PolicySettings(default="open")))


def test_what_scout_feeds_is_loaded_by_nobody_else(empty_beacon: Command) -> None:
    """A load is refused with the option that takes the dataset over, and does so."""
    spool = Spool(empty_beacon.home / "scout")
    spool.open()
    spool.feed(Fed(id="cust000_GRCh37", assembly="GRCh37"))
    file = empty_beacon.home / "z.vcf"
    file.write_text(VCF)
    load = ("load", "variants", str(file), "--dataset", "cust000_GRCh37")
    given = (*load, "--assembly", "GRCh37", "--append")
    refused = empty_beacon(*given)
    before = spool.datasets()
    taken = empty_beacon(*given, "--take-over")

    assert refused.returncode != 0
    assert "is fed by Scout: --take-over loads it all the same" in refused.stderr
    assert (len(before), taken.returncode, spool.datasets()) == (1, 0, ())
