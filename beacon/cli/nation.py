"""One national beacon of ``beacon demo --network``: ``beacon serve``, on a leash.

It is the command that everybody serves with, in a process of its own; it ends when
its standard input does, so that none outlives the demonstration.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from beacon.cli.main import main


def _let_go() -> None:
    """Wait for the end of standard input, then ask this process to drain and end."""
    os.read(sys.stdin.fileno(), 1)  # sys.stdin itself may not be held at the end
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_let_go, name="leash", daemon=True).start()
    main(["serve", *sys.argv[1:]])
