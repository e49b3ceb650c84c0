"""Ask a served store for exact alleles, beside what bounds it.

    python benchmarks/serving.py [--variants 1000000] [--seconds 5] [--repeat 5]

Ten datasets of that many variants.  Taking turns in one run:

* ``bare``: an aiohttp handler that parses the same question and writes the same
  answer, and asks nobody;
* ``ours``: ``beacon serve``, one worker;
* ``apart``: the same with one find a question;
* ``one`` and ``two``: one worker and two, at 128 connections.

Told are answers a second, p50 and p99, microseconds of the server's processor an
answer, MiB of each worker, and ratios, which are medians over turns.  Before that,
every answer asked for is compared with what the files hold.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import orjson
import served
from measure import HERE, WORK, keep, summary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from served import Load, Store

ROUTE = "/api/g_variants"
_FEW, _MANY = 32, 128
_ASKED, _CHECKED = 4000, 1000
_WARM = 2


class Contestant(NamedTuple):
    """A command that serves, and how many ask it at once."""

    command: Sequence[str]
    connections: int


class Running(NamedTuple):
    """One that serves."""

    url: str
    process: int
    connections: int


def contestants(store: Store, answer: Path) -> dict[str, Contestant]:
    """Return who takes part."""
    apart = [sys.executable, str(HERE / "uncoalesced.py")]
    ours = served.beacon(store)
    return {
        "bare": Contestant(served.bare(answer), _FEW),
        "ours": Contestant(ours, _FEW),
        "apart": Contestant([*apart, *ours[1:]], _FEW),
        "one": Contestant(ours, _MANY),
        "two": Contestant([*ours, "--workers", "2"], _MANY),
    }


def turns(
    running: Mapping[str, Running], asked: Path, *, seconds: int, repeat: int
) -> dict[str, list[Load]]:
    """Ask one after the other, ``repeat`` times; the first round only warms."""
    taken: dict[str, list[Load]] = {name: [] for name in running}
    for turn in range(repeat + 1):
        for name, (url, process, connections) in running.items():
            got = served.load(
                url + ROUTE,
                process,
                asked,
                connections=connections,
                seconds=seconds if turn else _WARM,
            )
            if turn:
                taken[name].append(got)
    return taken


def ratio(taken: Mapping[str, Sequence[Load]], one: str, other: str) -> float:
    """Return the rate of one by that of another: the median of turns."""
    pairs = zip(taken[one], taken[other], strict=True)
    return round(statistics.median(a.rate / b.rate for a, b in pairs), 3)


def figures(runs: Sequence[Load]) -> dict[str, object]:
    """Return what the turns of one contestant gave."""
    return {
        "rate": summary([run.rate for run in runs]),
        "p50": summary([run.p50 for run in runs]),
        "p99": summary([run.p99 for run in runs]),
        "cpu": summary([run.cpu for run in runs]),
        "bad": sum(run.bad for run in runs),
    }


def measured(
    store: Store, granularity: str, *, seconds: int, repeat: int
) -> dict[str, object]:
    """Return everything told of one granularity."""
    alleles = served.alleles_of(store, _ASKED)
    bodies = [served.question(allele, granularity) for allele in alleles]
    asked = served.script(WORK / f"ask-{granularity}.lua", bodies, ROUTE)
    answer = WORK / f"answer-{granularity}.json"
    with served.serving(served.beacon(store)) as (url, _):
        wrong = served.wrong(url + ROUTE, alleles[:_CHECKED], granularity)
        answer.write_bytes(orjson.dumps(served.ask(url + ROUTE, bodies[1])))
    with ExitStack() as stack:
        running = {
            name: Running(*stack.enter_context(served.serving(command)), connections)
            for name, (command, connections) in contestants(store, answer).items()
        }
        taken = turns(running, asked, seconds=seconds, repeat=repeat)
        resident = {name: served.resident(r.process) for name, r in running.items()}
    return {
        "question": f"exact allele, {granularity}",
        "answer bytes": answer.stat().st_size,
        "checked": _CHECKED,
        "wrong": wrong,
        "ours by bare": ratio(taken, "ours", "bare"),
        "ours by apart": ratio(taken, "ours", "apart"),
        "two workers by one": ratio(taken, "two", "one"),
        "resident MiB": resident,
        "contestants": {name: figures(runs) for name, runs in taken.items()},
    }


def main() -> None:
    """Read the command line, measure, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variants", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--granularity", action="append")
    given = parser.parse_args()
    store = served.store_of(given.variants)
    for granularity in given.granularity or ("boolean", "count", "record"):
        result = measured(
            store, granularity, seconds=given.seconds, repeat=given.repeat
        )
        keep("serving", {"variants": given.variants, **result})


if __name__ == "__main__":
    main()
