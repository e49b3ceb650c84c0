"""Ask servers over HTTP with ``wrk``, and compare every answer with the truth.

Each connection has a thread and a Lua state of its own: it asks one question, reads
its answer and only then asks the next, so that an answer cannot be taken for that
of another question.  What the checking costs is told by asking a server that does
nothing (``bare.py``).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PATIENCE = 60
"""Seconds until an answer is late: a time-out is a wrong answer."""

SCRIPT = """
local threads = {}
function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end
function init()
  at, wrong, requests = number * 61 % #asked, 0, {}
  local json = {["Content-Type"] = "application/json"}
  for i, one in ipairs(asked) do
    requests[i] = wrk.format(one[1], one[2], one[3] and json or {}, one[3])
  end
end
function request()
  at = at % #asked + 1
  return requests[at]
end
function response(status, headers, body)
  if status ~= 200 or string.match(body, pattern) ~= asked[at][4] then
    wrong = wrong + 1
  end
end
function done(summary, latency)
  local bad, e = 0, summary.errors
  for _, thread in ipairs(threads) do bad = bad + thread:get("wrong") end
  io.write(string.format(
    '\\ntold {"asked": %d, "seconds": %f, "wrong": %d, "failed": %d, ' ..
    '"p50 ms": %f, "p99 ms": %f}\\n',
    summary.requests, summary.duration / 1e6, bad,
    e.connect + e.read + e.write + e.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request, and the words that the service's pattern must find in its answer."""

    path: str
    answer: str
    body: str | None = None

    @property
    def lua(self) -> str:
        """The question as a Lua table."""
        body = "nil" if self.body is None else f"[=[{self.body}]=]"
        method = "GET" if self.body is None else "POST"
        return f'{{"{method}", [=[{self.path}]=], {body}, "{self.answer}"}},\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a while of asking came to.

    Attributes:
        wrong: answers that were not the truth; failed: questions without one.
        p50, p99: milliseconds.
        server, mongod: processor microseconds of an answer.
    """

    asked: int
    seconds: float
    wrong: int
    failed: int
    p50: float
    p99: float
    server: float = 0.0
    mongod: float = 0.0

    @property
    def cost(self) -> float:
        """Processor microseconds of an answer, and not less than one."""
        return max(1.0, self.server + self.mongod)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.asked / self.seconds


def told(text: str) -> Told:
    """Read the line that a load generator ends with.

    Raises:
        ValueError: when there is none.
    """
    for line in text.splitlines():
        if line.startswith("told "):
            said = json.loads(line.removeprefix("told "))
            p50, p99 = said.pop("p50 ms"), said.pop("p99 ms")
            return Told(p50=p50, p99=p99, **said)
    message = f"the load generator said nothing of use: {text[-500:]}"
    raise ValueError(message)


def generator() -> str:
    """Return the path and version of wrk, or end with a sentence."""
    path = shutil.which("wrk")
    if path is None:
        sys.exit("wrk is not installed: it asks the questions (package wrk)")
    said = subprocess.run([path, "--version"], capture_output=True, text=True)
    return said.stdout.split("\n")[0].split(" [")[0]


def ask(
    port: int,
    questions: Sequence[Question],
    pattern: str,
    *,
    connections: int,
    seconds: int,
) -> Told:
    """Ask for a while; the pattern is Lua's, with one capture."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write("asked = {\n" + "".join(q.lua for q in questions) + "}\n")
        script.write(f"pattern = [==[{pattern}]==]\n" + SCRIPT)
        script.flush()
        command = [
            "wrk", f"-t{connections}", f"-c{connections}", f"-d{seconds}s",
            f"--timeout={PATIENCE}s", f"--script={Path(script.name)}",
            f"http://127.0.0.1:{port}",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return told(done.stdout)
