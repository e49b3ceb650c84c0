"""What the network layer adds: three beacons asked as one, and each by itself.

    python benchmarks/network.py [--variants 100000] [--rate 50] [--turns 5]

Three servers of one store, as three beacons on loopback; the first asks the other two.
At a fixed rate (questions come when they come, whether or not the last was answered)
exact alleles are asked at record granularity, no allele twice in a turn, and nothing is
remembered.  Taking turns: ``/network/g_variants`` of the first, and ``/api/g_variants``
of each.  Told are p50 and p99 in milliseconds from the moment a question was due, by
turn, the processor of all three servers for a question, and the ratio of the network's
p50 to the slowest beacon's own, the median over turns.  Beside it stands the same by
``together``: the three asked at once by the client, until the slowest has answered; of
three servers on few cores that tells what the network itself adds.  Answers are held
against each other: the network says what the three say.  Ends with 1 when the ratio to
the slowest's own is above 1.5, or an answer is wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
from contextlib import ExitStack
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import aiohttp
import served
from measure import WORK, keep

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_IDS = ("se.one", "dk.two", "fi.three")
_BOUND = 1.5
_HEADERS = {"Content-Type": "application/json"}


class Node(NamedTuple):
    """One beacon: where it answers, and its process."""

    url: str
    process: int


class Turn(NamedTuple):
    """What one stretch of asking took."""

    p50: float
    p99: float
    cpu: float


def peers_file(others: Mapping[str, str]) -> Path:
    """Write whom the first asks."""
    lines = ["[federation]", "answer_cache_s = 0", "no_cache_s = 0"]
    lines += ["max_questions = 256"]
    for name, url in others.items():
        lines += [
            "[[federation.peer]]",
            f'id = "{name}"',
            f'url = "{url}/api"',
            'private_networks = ["127.0.0.0/8"]',
            "max_inflight = 64",
        ]
    path = WORK / "network-peers.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def start(stack: ExitStack, store: served.Store) -> list[Node]:
    """Serve the three; the first asks the others."""
    found: dict[str, Node] = {}
    for name in (*_IDS[1:], _IDS[0]):
        more = ["env", f"BEACON_BEACON__ID={name}"]
        if name == _IDS[0]:
            path = peers_file({each: node.url for each, node in found.items()})
            more.append(f"BEACON_NETWORK__PEERS={path}")
        said = stack.enter_context(served.serving([*more, *served.beacon(store)]))
        found[name] = Node(*said)
    return [found[name] for name in _IDS]


async def pace(
    urls: Sequence[str], bodies: Sequence[bytes], rate: float
) -> list[float]:
    """Ask at a rate, all at once; return the milliseconds since each was due.

    Until all of them have answered.
    """
    took: list[float] = []

    async def ask(session: aiohttp.ClientSession, url: str, body: bytes) -> None:
        async with session.post(url, data=body, headers=_HEADERS) as response:
            await response.read()
            response.raise_for_status()

    async def one(session: aiohttp.ClientSession, body: bytes, due: float) -> None:
        await asyncio.sleep(max(0.0, due - perf_counter()))
        await asyncio.gather(*(ask(session, url, body) for url in urls))
        took.append((perf_counter() - due) * 1000)

    async with aiohttp.ClientSession() as session:
        begin = perf_counter() + 0.1
        await asyncio.gather(
            *(one(session, body, begin + n / rate) for n, body in enumerate(bodies))
        )
    return took


def turn(
    urls: Sequence[str], bodies: Sequence[bytes], rate: float, nodes: Sequence[Node]
) -> Turn:
    """Ask for one turn."""
    before = sum(served.processor(node.process) for node in nodes)
    took = sorted(asyncio.run(pace(urls, bodies, rate)))
    spent = sum(served.processor(node.process) for node in nodes) - before
    return Turn(
        p50=took[len(took) // 2],
        p99=took[int(len(took) * 0.99)],
        cpu=1e6 * spent / len(took),
    )


def differing(nodes: Sequence[Node], bodies: Sequence[bytes]) -> int:
    """Return how many answers of the network are not what the three say."""
    wrong = 0
    for body in bodies:
        said = served.ask(f"{nodes[0].url}/network/g_variants", body)
        alone = [served.ask(f"{node.url}/api/g_variants", body) for node in nodes]
        whole = {
            (each["beaconId"], each["id"], each["info"]["status"])
            for each in said["response"]["resultSets"]  # type: ignore[index]
        }
        # Which dataset could not tell stands apart, so that it cannot read as a "no".
        whole |= {
            (each["beaconId"], each["id"], each["status"])
            for each in said["info"].get("unanswered", ())  # type: ignore[attr-defined]
        }
        parts = {
            (name, each["id"], each["info"]["status"])
            for name, one in zip(_IDS, alone, strict=True)
            for each in one["response"]["resultSets"]  # type: ignore[index]
        }
        wrong += whole != parts
    return wrong


def main() -> int:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variants", type=int, default=100_000)
    parser.add_argument("--datasets", type=int, default=3)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    count = int(options.rate * options.seconds)
    store = served.store_of(options.variants, options.datasets)
    alleles = served.alleles_of(store, count)
    bodies = [served.question(each, "record") for each in alleles]
    with ExitStack() as stack:
        nodes = start(stack, store)
        own = {
            name: [f"{node.url}/api/g_variants"]
            for name, node in zip(_IDS, nodes, strict=True)
        }
        urls = {"network": [f"{nodes[0].url}/network/g_variants"], **own}
        urls["together"] = [url for (url,) in own.values()]
        wrong = differing(nodes, bodies[:100])
        for each in urls.values():
            asyncio.run(pace(each, bodies[:100], options.rate))
        turns: dict[str, list[Turn]] = {name: [] for name in urls}
        for _ in range(options.turns):
            for name, asked in urls.items():
                turns[name].append(turn(asked, bodies, options.rate, nodes))
    ratios = [
        network.p50 / max(turns[name][n].p50 for name in _IDS)
        for n, network in enumerate(turns["network"])
    ]
    ratio = statistics.median(ratios)
    by_together = statistics.median(
        network.p50 / together.p50
        for network, together in zip(turns["network"], turns["together"], strict=True)
    )
    figures: dict[str, object] = {
        "ratio_p50": round(ratio, 2),
        "ratios": [round(each, 2) for each in ratios],
        "ratio_together": round(by_together, 2),
        "wrong": wrong,
        "asked": count,
        "rate": options.rate,
    }
    for name, taken in turns.items():
        figures[name] = {
            "p50": round(statistics.median(t.p50 for t in taken), 2),
            "p99": round(statistics.median(t.p99 for t in taken), 2),
            "cpu_us": round(statistics.median(t.cpu for t in taken)),
        }
        print(name, figures[name])
    print(f"ratio {ratio:.2f}, by all at once {by_together:.2f}, {wrong} wrong")
    keep("network", figures)
    return int(wrong > 0 or ratio > _BOUND)


if __name__ == "__main__":
    sys.exit(main())
