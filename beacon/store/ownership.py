"""Who loads a release, and whether that process still lives.

On this machine the kernel knows (pid and start time: a number used again is
another process).  Elsewhere only the heartbeat on the release can tell.
"""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from beacon.store.release_documents import OwnerDocument, WorkerDocument

_AFTER_NAME = 19
"""Index of the start time in /proc/PID/stat, counted after the command's name."""


def this_process() -> OwnerDocument:
    """Return the owner document of this process, with a token of its own."""
    return {**this_worker(), "token": secrets.token_hex(8)}


def this_worker() -> WorkerDocument:
    """Return the document of this process as one that works for an owner."""
    return {
        "host": _this_host(),
        "pid": os.getpid(),
        "started": _started(os.getpid()),
    }


def is_here(owner: WorkerDocument) -> bool:
    """Whether the owner runs, or ran, where we can see its process."""
    return owner["host"] == _this_host()


def is_alive(owner: WorkerDocument) -> bool:
    """Whether an owner on this machine still runs."""
    try:
        os.kill(owner["pid"], 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _started(owner["pid"]) == owner["started"]


def _this_host() -> str:
    """Name the machine, its boot and its process namespace, as far as it can say."""
    parts = [socket.gethostname()]
    try:
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    except OSError:
        pass  # another kernel: the name alone must do
    return "/".join(parts)


def _started(pid: int) -> int | None:
    """Return when a process started, in the kernel's ticks; a zombie never did."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return None
    words = status.rpartition(")")[2].split()
    return None if words[0] == "Z" else int(words[_AFTER_NAME])
