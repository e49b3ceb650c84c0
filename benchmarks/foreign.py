"""Ask other implementations through our network, and let another client judge us.

    python benchmarks/foreign.py [--port 5170] [--record FOLDER]

Peers are installed from PyPI, each in an environment of its own, and hold four
alleles; see ``peers.py`` for how they are set up.  ``beacon ask --network`` then asks
both of alleles that are there, that are not, and of an assembly they do not have, and
each answer is compared with the truth.  ``ai4gh`` runs its compliance tests against our
``/api`` and asks it with its client.  ``--record`` writes what the peers answered to
plain requests, as ``tests/data/foreign`` has it.  What it took is in
docs/federation.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import services
import truth
from contenders import Bench, Bycon, Cgbeacon2
from measure import WORK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ALLELES: Sequence[truth.Allele] = (
    (169_549_810, "C", "T"),
    (169_550_100, "ATCT", "A"),
    (169_551_000, "G", "GTA"),
    (169_560_000, "A", "G"),
)
PEERS = """\
[federation]
deadline_s = 30

[[federation.peer]]
id = "benchmark"
name = "cgbeacon2"
url = "http://127.0.0.1:{v1}/apiv1.0"
kind = "v1"
timeout_s = 25
private_networks = ["127.0.0.0/8"]
assemblies = ["GRCh38"]

[[federation.peer]]
id = "bycon.example"
name = "bycon"
url = "http://127.0.0.1:{v2}/cgi-bin/beacon"
method = "GET"
timeout_s = 25
private_networks = ["127.0.0.0/8"]
assemblies = ["GRCh38"]
"""
CLIENT = """\
import asyncio, json, sys
from ai4gh.specs.beacon.client import BeaconClient
from ai4gh.specs.beacon.models import Granularity

async def main():
    async with BeaconClient(sys.argv[1]) as beacon:
        asked = {"assemblyId": "GRCh38", "referenceName": "1", "start": [169549810],
                 "referenceBases": "C", "alternateBases": "T"}
        said = await beacon.query(
            "g_variants", request_parameters=asked, granularity=Granularity.count
        )
        print(json.dumps(said.model_dump(), default=str)[:2000])

asyncio.run(main())
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and the word that both peers must say to it."""

    variant: str
    assembly: str
    word: str


QUESTIONS = (
    Asked("1-169549811-C-T", "GRCh38", "seen"),
    Asked("1-169550101-ATCT-A", "GRCh38", "seen"),
    Asked("1-169551001-G-GTA", "GRCh38", "seen"),
    Asked("1-169549811-C-G", "GRCh38", "not_seen"),
    Asked("1-169550101-ATC-A", "GRCh38", "not_seen"),
    Asked("1-169549811-C-T", "GRCh37", "not_asked"),
)


def plain(alternate: str = "T") -> dict[str, object]:
    """Return the parameters of a plain question for an allele."""
    start, reference, _ = ALLELES[0]
    return {
        "assemblyId": "GRCh38",
        "referenceName": "1",
        "start": start,
        "referenceBases": reference,
        "alternateBases": alternate,
    }


def posted(alternate: str = "T") -> dict[str, object]:
    """Return a question for an allele as a Beacon v2 is asked it."""
    asked = plain(alternate)
    return {
        "meta": {"apiVersion": "v2.0.0", "requestedSchemas": []},
        "query": {
            "requestParameters": asked | {"start": [asked["start"]]},
            "filters": [],
            "includeResultsetResponses": "ALL",
            "pagination": {"skip": 0, "limit": 10},
            "testMode": False,
            "requestedGranularity": "record",
        },
    }


def heard(url: str, body: Mapping[str, object] | None = None) -> object:
    """Return the document that a server answers."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    question = urllib.request.Request(url, data=data, headers=headers)
    with urllib.request.urlopen(question, timeout=60) as answer:
        return json.load(answer)


def record(folder: Path, v1: str, v2: str) -> None:
    """Write what the peers answer to plain requests."""
    every = {"includeDatasetResponses": "ALL"}
    deletion = {"start": ALLELES[1][0], "referenceBases": "ATCT"}
    several = {
        "requestedGranularity": "record",
        "includeResultsetResponses": "ALL",
    }
    documents = {
        "cgbeacon2-info": heard(f"{v1}/info"),
        "cgbeacon2-seen": heard(f"{v1}/query", plain() | every),
        "cgbeacon2-not-seen": heard(f"{v1}/query", plain("G") | every),
        "cgbeacon2-other-assembly": heard(
            f"{v1}/query", plain("G") | every | {"assemblyId": "GRCh37"}
        ),
        "cgbeacon2-deletion-seen": heard(f"{v1}/query", plain("A") | every | deletion),
        "bycon-info": heard(f"{v2}/info"),
        "bycon-post-seen": heard(f"{v2}/g_variants", posted()),
        "bycon-post-not-seen": heard(f"{v2}/g_variants", posted("G")),
        "bycon-get-seen": heard(f"{v2}/g_variants?{urlencode(plain() | several)}"),
        "bycon-get-not-seen": heard(
            f"{v2}/g_variants?{urlencode(plain('G') | several)}"
        ),
    }
    for name, document in documents.items():
        text = json.dumps(document, indent=1)
        (folder / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


def ask(config: Path, asked: Asked) -> dict[str, str]:
    """Return the word of each node, as ``beacon ask --network`` gives it."""
    command = [
        str(Path(sys.executable).with_name("beacon")), "--config", str(config),
        "ask", "--network", asked.variant, "--assembly", asked.assembly, "--json",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout:
        sys.exit(done.stderr)
    nodes = json.loads(done.stdout)["nodes"]
    return {each["name"]: each["status"] for each in nodes}


def judged(folder: Path, port: int, config: Path) -> None:
    """Let ai4gh test our API, and ask it."""
    python = services.environment(folder / "ai4gh", sys.executable, ("ai4gh==1.0.0",))
    beacon = str(Path(sys.executable).with_name("beacon"))
    command = [beacon, "--config", str(config), "serve", "--port", str(port)]
    with services.started(command, port, folder / "ours.log"):
        url = f"http://127.0.0.1:{port}/api"
        for test in (
            [str(python.with_name("ai4gh")), "test", "beacon", url],
            [str(python), "-c", CLIENT, url],
        ):
            done = subprocess.run(test, capture_output=True, text=True, check=False)
            print(done.stdout, done.stderr[-2000:])


def main() -> None:
    """Set up, record, ask and be judged."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=5170)
    parser.add_argument("--record", type=Path)
    given = parser.parse_args()
    folder = WORK / "foreign"
    (folder / "mongo").mkdir(parents=True, exist_ok=True)
    wrong = 0
    with ExitStack() as opened:
        uri, pid = opened.enter_context(services.mongod(folder / "mongo", given.port))
        bench = Bench(
            folder=folder,
            alleles=ALLELES,
            exact=[(ALLELES[0], True)],
            ranges=(),
            uri=uri,
            mongod=pid,
            port=given.port + 1,
        )
        truth.write(bench.sites, ALLELES, sample=False)
        truth.write(bench.sample, ALLELES, sample=True)
        ports = {}
        for name, service in (("v1", Cgbeacon2()), ("v2", Bycon())):
            print(service.name, json.dumps(service.prepare(bench)))
            ports[name] = opened.enter_context(service.ready(bench)).port
        if given.record is not None:
            v1 = f"http://127.0.0.1:{ports['v1']}/apiv1.0"
            v2 = f"http://127.0.0.1:{ports['v2']}/cgi-bin/beacon"
            record(given.record, v1, v2)
        (folder / "peers.toml").write_text(PEERS.format(**ports))
        config = folder / "beacon.toml"
        config.write_text(
            f'data_dir = "{folder / "ours"}"\n[store]\nuri = "{uri}/foreign_ours"\n'
            '[network]\npeers = "peers.toml"\n'
        )
        beacon = str(Path(sys.executable).with_name("beacon"))
        load = [beacon, "--config", str(config), "load", "variants", str(bench.sample)]
        subprocess.run(
            [*load, "--dataset", "ours", "--assembly", "GRCh38"],
            check=True, capture_output=True, env=dict(os.environ),
        )  # fmt: skip
        for asked in QUESTIONS:
            said = ask(config, asked)
            wrong += sum(word != asked.word for word in said.values())
            print(asked.variant, asked.assembly, asked.word, said)
        judged(folder, given.port + 9, config)
    print("wrong", wrong)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
