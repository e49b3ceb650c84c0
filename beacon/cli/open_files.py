"""How many files and connections this process may hold open."""

from __future__ import annotations

from contextlib import suppress

try:
    import resource
except ImportError:  # not on every system
    resource = None  # type: ignore[assignment]


def allow_many_files() -> None:
    """Let this process, and those it starts, hold as many open files as they may.

    All files of a load are open at once, and every connection of a server is one; a
    shell often allows no more than 1,024.
    """
    if resource is None:
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
