"""``beacon`` as a process with an environment of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(sys.executable).with_name("beacon")
DEADLINE = 120.0


@dataclass(frozen=True, kw_only=True)
class Command:
    """``beacon`` with an environment of its own."""

    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of this process, without its own settings."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("BEACON_")}
        mine = {"BEACON_DATA_DIR": str(self.home), "NO_COLOR": "1"}
        return kept | mine | self.variables

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return subprocess.run(
            [str(PROGRAM), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    @contextmanager
    def serving(self, *arguments: str, deadline: float = DEADLINE) -> Iterator[Server]:
        """Run it as a server, until the end of the block or the deadline."""
        process = subprocess.Popen(
            [str(PROGRAM), *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        watch = threading.Timer(deadline, process.kill)
        watch.start()
        try:
            yield Server(process)
        finally:
            watch.cancel()
            process.kill()
            process.communicate()


class Server:
    """A running ``beacon serve`` that said its address."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.lines: list[str] = []
        self.url = ""
        for line in process.stdout or ():
            self.lines.append(line)
            found = re.search(r" serves (http://\S+)/$", line)
            if found is not None:
                self.url = found[1]
                break

    @property
    def pid(self) -> int:
        """The process that was started."""
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def error_with(self, words: str) -> str:
        """Wait for a line on standard error that says something; return it."""
        for line in self._process.stderr or ():
            if words in line:
                return line
        return ""

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        """Send a signal; return the exit code and the rest of what was said."""
        self._process.send_signal(number)
        said, errors = self._process.communicate(timeout=DEADLINE)
        return self._process.returncode, said, errors
