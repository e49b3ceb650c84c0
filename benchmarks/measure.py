"""What the benchmarks share: CPU and wall time side by side, and where it was taken."""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

HERE = Path(__file__).resolve().parent
WORK = HERE / "work"
RESULTS = HERE / "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Seconds of one run: of the processor (children, too), and of a clock."""

    cpu: float
    wall: float


def _cpu() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


def spent(work: Callable[[], object]) -> Spent:
    """Do some work in this process; return what it took."""
    cpu, begun = _cpu(), time.perf_counter()
    work()
    return Spent(cpu=_cpu() - cpu, wall=time.perf_counter() - begun)


def run(command: Sequence[str]) -> Callable[[], object]:
    """Return the work of running a command, its output thrown away."""

    def work() -> None:
        with Path(os.devnull).open("wb") as nothing:
            subprocess.run(command, check=True, stdout=nothing, stderr=nothing)

    return work


def side_by_side(
    repeat: int, works: Mapping[str, Callable[[], object]]
) -> dict[str, list[Spent]]:
    """Do the works in turn, ``repeat`` times; the first round only warms.

    Taking turns lets whatever else the machine does fall on all of them.
    """
    taken: dict[str, list[Spent]] = {name: [] for name in works}
    for turn in range(repeat + 1):
        for name, work in works.items():
            took = spent(work)
            if turn:
                taken[name].append(took)
    return taken


def summary(values: Sequence[float]) -> dict[str, float]:
    """Return minimum, median and maximum."""
    return {
        "min": round(min(values), 4),
        "median": round(statistics.median(values), 4),
        "max": round(max(values), 4),
    }


def ratio(slow: Sequence[Spent], fast: Sequence[Spent]) -> float:
    """Return the CPU of ``slow`` by that of ``fast``: the median of turns."""
    pairs = zip(slow, fast, strict=True)
    return round(statistics.median(s.cpu / f.cpu for s, f in pairs), 3)


def figures(taken: Mapping[str, Sequence[Spent]]) -> dict[str, object]:
    """Return what every work took."""
    return {
        name: {
            "cpu": summary([s.cpu for s in runs]),
            "wall": summary([s.wall for s in runs]),
        }
        for name, runs in taken.items()
    }


def machine() -> dict[str, object]:
    """Return what the figures depend on."""
    git = ["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"]
    sha = subprocess.run(git, capture_output=True, text=True, check=False).stdout
    return {
        "git": sha.strip(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "processor": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "nordic-beacon": version("nordic-beacon"),
        "numpy": version("numpy"),
        "pysam": version("pysam"),
        "bcftools": _bcftools(),
    }


def _bcftools() -> str | None:
    try:
        said = subprocess.run(
            ["bcftools", "--version"], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return said.stdout.split("\n")[0].removeprefix("bcftools ")


def keep(name: str, result: Mapping[str, object]) -> None:
    """Print a result, and append it to ``results/NAME.jsonl``."""
    print(json.dumps(result, indent=1))
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / f"{name}.jsonl").open("a") as file:
        file.write(json.dumps({**machine(), **result}) + "\n")
