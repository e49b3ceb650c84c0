"""A disk that is full under the audit: who is still answered, and that it heals.

What stands for the disk is the kernel's limit to the size of the server's files,
which is set and lifted from outside while it runs.
"""

from __future__ import annotations

import json
import resource
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from commands import Command

if TYPE_CHECKING:
    from collections.abc import Callable

    from beacon.store.connection import StoreAddress

POLICY = """
[policy]
id = "full-disk"
default = "deny"
[tiers.public]
granularity = "count"
queries = ["allele"]
[disclosure.exact]
[datasets.reference]
kind = "reference"
access = { public = "exact" }
"""
VCF = (
    "##fileformat=VCFv4.2\n##contig=<ID=22,length=51304566,assembly=GRCh37>\n"
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n22\t101\t.\tT\tC\t.\t.\t.\n"
)
ASK = (
    "/api/g_variants?assemblyId=GRCh37&referenceName=22&start=100"
    "&referenceBases=T&alternateBases=C"
)
NO_LIMIT = resource.RLIM_INFINITY
BYTES = 100
"""Less than the first line of a chain, so that it is written in part."""
PATIENCE = 30.0


class Told(NamedTuple):
    """What was answered: how, and which line tells of it."""

    status: int
    word: str | None
    request: str


def told(url: str, key: str | None) -> Told:
    """Return what is answered to a question, with a key or without one."""
    asked = urllib.request.Request(url)  # noqa: S310 - ours
    if key is not None:
        asked.add_header("Authorization", f"Bearer {key}")
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:  # noqa: S310 - ours
            status, said, fields = answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as refusal:
        status, said, fields = refusal.code, refusal.read(), refusal.headers
    word = json.loads(said).get("info", {}).get("status")
    return Told(status, word, fields["X-Request-Id"])


def worker_of(parent: int) -> int:
    """Return the process that writes the audit."""
    tasks = Path(f"/proc/{parent}/task").glob("*/children")
    every = [int(number) for path in tasks for number in path.read_text().split()]
    return next(n for n in every if _writes(n))


def _writes(process: int) -> bool:
    opened = Path(f"/proc/{process}/fd").iterdir()
    return any(each.readlink().suffix == ".jsonl" for each in opened)


def limited(process: int, size: int) -> None:
    """Let a process write no file beyond a size."""
    resource.prlimit(process, resource.RLIMIT_FSIZE, (size, NO_LIMIT))


@pytest.fixture
def audited(shared_address: Callable[[str], StoreAddress], tmp_path: Path) -> Command:
    """Give the command on one reference that everybody is told of."""
    address = shared_address("full_disk")
    (tmp_path / "policy.toml").write_text(POLICY)
    (tmp_path / "one.vcf").write_text(VCF)
    variables = {
        "BEACON_STORE": f"{address.uri}/{address.database}",
        "BEACON_POLICY__FILE": str(tmp_path / "policy.toml"),
        "BEACON_AUDIT__FOLDER": str(tmp_path / "audit"),
    }
    command = Command(home=tmp_path, variables=variables)
    done = command(
        *("load", "variants", "--dataset", "reference"), str(tmp_path / "one.vcf")
    )
    assert 0 == done.returncode, done.stderr
    return command


def test_a_full_disk_refuses_who_is_known_and_heals(audited: Command) -> None:
    """What anybody may know goes on; no line is lost, and all is whole afterwards."""
    key = audited("keys", "create", "--name", "k", "--organisation", "o").stdout.strip()
    with audited.serving("serve", "--port", "0") as server:
        url, worker = f"{server.url}{ASK}", worker_of(server.pid)
        before = [told(url, who) for who in (None, key)]
        limited(worker, BYTES)
        told(url, key)  # whoever comes first finds it out
        full = [told(url, who) for who in 3 * (None, key)]
        said = server.error_with("audit.failing")
        time.sleep(2.5)  # looks of a second each, at a disk that takes nothing
        left = list((audited.home / "audit").glob("*.jsonl"))
        limited(worker, NO_LIMIT)
        until = time.monotonic() + PATIENCE
        while told(url, key).status != 200 and time.monotonic() < until:
            time.sleep(0.2)
        after = [told(url, who) for who in (None, key)]
        code, _, _ = server.end()
    lines = {
        line["request"]: line["status"]
        for path in (audited.home / "audit").glob("*.jsonl")
        for line in map(json.loads, path.read_text().splitlines())
        if line["kind"] == "request"
    }
    verdict = json.loads(audited("audit", "verify", "--json").stdout)

    assert [(200, "seen"), (503, "no_answer")] * 3 == [each[:2] for each in full]
    assert [(200, "seen")] * 4 == [each[:2] for each in [*before, *after]]
    assert "File too large" in said
    assert len(left) <= 2  # the chain that was left, perhaps one that is tried
    assert {each.request: each.status for each in [*before, *full, *after]}.items() <= (
        lines.items()
    )
    assert (0, [], 2) == (code, verdict["faults"], verdict["chains"])
