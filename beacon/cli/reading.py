"""How far files are read: a bar on a terminal, elsewhere a line a minute.

Standard error holds it; standard output is the account's.
"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

_QUIET_SECONDS = 60.0


@contextmanager
def reading(files: Sequence[Path]) -> Iterator[Callable[[int], None]]:
    """Give a function that is told the bytes read: a bar, or a line a minute."""
    total = sum(f.stat().st_size for f in files if f.is_file())
    if not sys.stderr.isatty():
        yield _lines(total)
        return
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Reading", total=total)
        yield lambda read: bar.update(task, completed=read)


def _lines(total: int) -> Callable[[int], None]:
    due = time.monotonic() + _QUIET_SECONDS

    def told(read: int) -> None:
        nonlocal due
        now = time.monotonic()
        if now >= due:
            due = now + _QUIET_SECONDS
            share = read / total if total else 1.0
            click.echo(f"Read {share:.0%} of {total / 1e6:,.0f} MB", err=True)

    return told
