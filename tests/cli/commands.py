"""``beacon`` as a process with an environment of its own."""

from __future__ import annotations

import os
import re
import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.cli.forking import begin, run

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.forking import Child

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
        return run(arguments, self.environment, DEADLINE)

    @contextmanager
    def serving(self, *arguments: str, deadline: float = DEADLINE) -> Iterator[Server]:
        """Run it as a server, until the end of the block or the deadline."""
        process = begin(arguments, self.environment)
        watch = threading.Timer(deadline, process.kill)
        watch.start()
        try:
            yield Server(process)
        finally:
            watch.cancel()
            process.kill()
            process.wait(deadline)
            for end in (process.stdout, process.stderr):
                end.close()


class Server:
    """A running ``beacon serve`` that said its address."""

    def __init__(self, process: Child) -> None:
        self._process = process
        self.lines: list[str] = []
        self.url = ""
        for line in process.stdout:
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
        for line in self._process.stderr:
            if words in line:
                return line
        return ""

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        """Send a signal; return the exit code and the rest of what was said."""
        self._process.send_signal(number)
        said, errors = self._process.communicate(timeout=DEADLINE)
        return self._process.returncode, said, errors
