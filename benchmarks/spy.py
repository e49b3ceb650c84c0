"""Say as text where a served store spends its time.

    python benchmarks/spy.py [NAME…]

Under load py-spy looks at the server a thousand times a second; every function is
told with the share of looks it was on the stack of (``with``) and on top of it
(``own``).  A thread that waits, or that the system works for, is not looked at.
Written to ``benchmarks/profiles/NAME.txt``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import served
from measure import HERE, WORK, machine

if TYPE_CHECKING:
    from collections.abc import Mapping

SPY = Path(sys.executable).with_name("py-spy")
PROFILES = HERE / "profiles"
_SECONDS, _RATE = 8, 500
_SHOWN = 70


class Question(NamedTuple):
    """What is asked under the spy."""

    granularity: str
    connections: int


QUESTIONS: Mapping[str, Question] = {
    "exact-boolean": Question("boolean", 32),
    "exact-count": Question("count", 32),
    "exact-record": Question("record", 32),
    "exact-alone": Question("boolean", 1),
}


def stacks(process: int) -> list[tuple[list[str], int]]:
    """Return the stacks that were seen, outermost first, and how often."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "raw"
        subprocess.run(
            [str(SPY), "record", "-p", str(process), "-d", str(_SECONDS), "-r",
             str(_RATE), "-f", "raw", "-o", str(out), "--gil"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        lines = out.read_text().splitlines()
    told = (line.rsplit(" ", 1) for line in lines)
    return [([_name(frame) for frame in stack.split(";")], int(n)) for stack, n in told]


def _name(frame: str) -> str:
    return frame.rsplit(":", 1)[0].rstrip(")") + ")"


def table(seen: list[tuple[list[str], int]]) -> str:
    """Return the functions by the share of time they were on the stack."""
    inside: Counter[str] = Counter()
    own: Counter[str] = Counter()
    total = sum(count for _, count in seen)
    for stack, count in seen:
        own[stack[-1]] += count
        for name in set(stack):
            inside[name] += count
    rows = [
        f"{inside[name] / total:7.1%} {own[name] / total:7.1%}  {name}"
        for name, _ in inside.most_common(_SHOWN)
    ]
    most = [f"{'':7} {count / total:7.1%}  {n}" for n, count in own.most_common(25)]
    head = "   with     own  function"
    return "\n".join([head, *rows, "", "on top:", *most, ""])


def profiled(name: str) -> str:
    """Return the profile of one question."""
    granularity, connections = QUESTIONS[name]
    store = served.store_of(1_000_000)
    bodies = [served.question(a, granularity) for a in served.alleles_of(store, 4000)]
    route = "/api/g_variants"
    asked = served.script(WORK / f"ask-{granularity}.lua", bodies, route)
    with served.serving(served.beacon(store)) as (url, process):
        seconds = _SECONDS + 4
        work = threading.Thread(
            target=served.load,
            args=(url + route, process, asked),
            kwargs={"connections": connections, "seconds": seconds},
        )
        work.start()
        threading.Event().wait(2)
        seen = stacks(max(served.family(process), key=served.own_processor))
        work.join()
    said = ", ".join(f"{key} {value}" for key, value in machine().items())
    head = f"Exact allele, {granularity}, ten datasets, {connections} connections."
    return f"{head}\n{said}\n\n{table(seen)}"


def main() -> None:
    """Read the command line and write the profiles."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*QUESTIONS, []])
    PROFILES.mkdir(exist_ok=True)
    for name in parser.parse_args().names or QUESTIONS:
        (PROFILES / f"{name}.txt").write_text(profiled(name))


if __name__ == "__main__":
    main()
