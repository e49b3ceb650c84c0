"""Ask other implementations and ours the same questions over the same alleles.

    python benchmarks/peers.py [--alleles 1000000] [--repeat 5] [--quick] [--only NAME]

The alleles are those of the first file of ``make_ten.py``.  Asked are exact alleles,
nine in ten there and one not, on 1 and on 32 connections, and how many lie in
100 kb.  Every answer is compared with the truth; ``wrk`` asks (see ``asking.py``).
All servers stand ready; they take turns, so that what else the machine does falls
on all.  ``bare`` is a handler that parses a question and answers a fixed document:
the load generator can be no slower than that.

Peers are installed from PyPI, each in an environment of its own, and set up as their
own documents say; their database is the mongod that ships with ours, over TCP:

* ``cgbeacon2`` 4.5.1 (Beacon v1, Flask): served by gunicorn with the options of its
  Dockerfile (one worker, one thread), its proxy's and syslog's apart.  Its command
  loads the first 1,000 alleles; the rest is stored in bulk, and those 1,000 must
  equal what its loader stored.  ``end`` is given: without it, it scans everything.
* ``bycon`` (Beacon v2, CGI): 2.2.4, the last that runs on Python 3.11 (2.3 to 2.6.4
  are written for 3.12, and the last opens a SeqRepo in a folder of its author's to
  answer about variants); it needs ``requests`` and ``deepmerge``, which it does not
  name.  Served by Python's CGI server.  Its boolean answers say neither yes nor no,
  so counts are asked; a count of none is its schema's placeholder ``{}``.
* ``loqusdb`` 2.7.7 (no server): installed without its pins (numpy 1.21.4 and cyvcf2
  0.30.12 do not build here), loaded by its own command as one person's file.  Its
  adapter is asked in process, beside our store in process (``store``).

A peer that cannot be set up is named with the reason, and the rest goes on.
"""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import asking
import make_ten
import services
import truth
from contenders import SERVICES, Bench, Running, Served
from measure import WORK, keep, summary

from beacon.store.embedded import find_mongod

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asking import Told

CASES = (("exact", 1), ("exact", 32), ("range", 1))
WIDTH = 100_000
AGAINST = {"bare": "ours", "cgbeacon2": "ours", "bycon": "ours", "loqusdb": "store"}
"""Which of ours each is compared with."""
OWN = ("ours", "bare", "store")


@dataclass(slots=True)
class Results:
    """What was told, by service and case."""

    told: dict[str, dict[tuple[str, int], list[Told]]] = field(default_factory=dict)

    def figures(self, name: str) -> dict[str, object]:
        """Return rates, times and errors of a service, by case."""
        return {
            f"{kind}, {connections} at once": {
                "a second": summary([one.rate for one in told]),
                "p50 ms": summary([one.p50 for one in told]),
                "p99 ms": summary([one.p99 for one in told]),
                "answers": sum(one.asked for one in told),
                "processor µs": {
                    "server": summary([one.server for one in told]),
                    "mongod": summary([one.mongod for one in told]),
                },
                "wrong answers": sum(one.wrong for one in told),
                "without an answer": sum(one.failed for one in told),
            }
            for (kind, connections), told in self.told[name].items()
        }

    def ratios(self, name: str) -> dict[str, dict[str, float]]:
        """Return how many times as good ours is as a peer: medians of turns.

        ``processor`` is that of server and mongod together, which holds when the
        machine has other work, too.
        """
        ours = self.told.get(AGAINST[name], {})
        compared = {}
        for (kind, connections), told in self.told[name].items():
            turns = list(zip(ours.get((kind, connections), ()), told, strict=False))
            if turns:
                rates = [own.rate / other.rate for own, other in turns]
                costs = [other.cost / own.cost for own, other in turns]
                compared[f"{kind}, {connections} at once"] = {
                    "answers a second": round(statistics.median(rates), 3),
                    "processor": round(statistics.median(costs), 3),
                }
        return compared


def reason(error: Exception) -> str:
    """Say in a line why something could not be set up."""
    if isinstance(error, subprocess.CalledProcessError) and error.stderr:
        return str(error.stderr).strip().splitlines()[-1]
    return str(error)


def turns(
    running: Mapping[str, Running], repeat: int, seconds: int
) -> tuple[Results, dict[str, str]]:
    """Let all be asked in turn; the first, short round only warms."""
    results, lost = Results(), dict[str, str]()
    for turn in range(repeat + 1):
        for kind, connections in CASES:
            for name, service in running.items():
                if name in lost or (name == "bare" and kind != "exact"):
                    continue
                try:
                    one = service.ask(kind, connections, seconds if turn else 1)
                except (ValueError, subprocess.CalledProcessError) as error:
                    lost[name] = reason(error)
                    print(turn, name, kind, connections, "failed:", lost[name])
                    continue
                print(turn, name, kind, connections, round(one.rate, 1), one.wrong)
                if turn:
                    told = results.told.setdefault(name, {})
                    told.setdefault((kind, connections), []).append(one)
    return results, lost


def compare(bench: Bench, only: Sequence[str], repeat: int, seconds: int) -> None:
    """Set up, ask, print and keep."""
    set_up: dict[str, object] = {}
    lost: dict[str, str] = {}
    with ExitStack() as stack:
        running: dict[str, Running] = {}
        for service in SERVICES:
            if only and service.name not in (*only, *OWN):
                continue
            print("setting up", service.name, flush=True)
            try:
                set_up[service.name] = service.prepare(bench)
                running[service.name] = stack.enter_context(service.ready(bench))
            except (OSError, ValueError, subprocess.CalledProcessError) as error:
                lost[service.name] = reason(error)
                print("cannot be set up:", lost[service.name])
        results, gone = turns(running, repeat, seconds)
        memory = {
            name: service.watch.megabytes
            for name, service in running.items()
            if isinstance(service, Served)
        }
    lost |= gone
    names = [name for name in results.told if name not in lost]
    program = [str(find_mongod()), "--version"]
    keep(
        "peers",
        {
            "alleles": len(bench.alleles),
            "repetitions": repeat,
            "seconds": seconds,
            "asked by": asking.generator(),
            "mongod": services.done(program).split("\n")[0],
            "set up": set_up,
            "could not be set up": lost,
            "figures": {name: results.figures(name) for name in names},
            "ours by theirs": {n: results.ratios(n) for n in names if n in AGAINST},
            "megabytes": memory,
        },
    )


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alleles", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--quick", action="store_true", help="20,000 alleles, 2 turns")
    parser.add_argument("--only", action="append", default=[], help="a peer; again")
    parser.add_argument("--port", type=int, default=5220)
    given = parser.parse_args()
    if given.quick:
        given.alleles, given.repeat, given.seconds = 20_000, 2, 2
    return given


def main() -> None:
    """Make data and questions, then compare."""
    given = arguments()
    asking.generator()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    path = make_ten.write(WORK / "ten1m", 1_000_000)[0]
    alleles = truth.read(path, given.alleles)
    folder = WORK / "peers"
    database = folder / f"mongo-{len(alleles)}"
    database.mkdir(parents=True, exist_ok=True)
    with services.mongod(database, given.port) as (uri, mongod):
        bench = Bench(
            folder=folder,
            alleles=alleles,
            exact=truth.drawn(alleles, 2_000),
            ranges=truth.ranges(alleles, 200, width=WIDTH),
            uri=uri,
            mongod=mongod,
            port=given.port,
        )
        truth.write(bench.sites, alleles, sample=False)
        truth.write(bench.sample, alleles, sample=True)
        asked = {
            "exact": bench.exact,
            "range": [((r.low, r.high), r.count) for r in bench.ranges],
        }
        bench.questions.write_text(json.dumps(asked))
        compare(bench, given.only, given.repeat, given.seconds)


if __name__ == "__main__":
    main()
