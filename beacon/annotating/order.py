"""Whether the lines of a file are in an order that an index can be made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from beacon.annotating.questions import Run


class Order:
    """Follows the lines of a file: contigs in one piece each, POS never falling."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._contig: str | None = None
        self._last = -1
        self.is_kept = True
        self.longest = 0

    def add(self, runs: Iterable[Run]) -> None:
        """Take the lines that come next."""
        for run in runs:
            is_new = run.contig != self._contig
            if is_new:
                is_right = run.contig not in self._seen
                self._seen.add(run.contig)
            else:
                is_right = run.first >= self._last
            self.is_kept = self.is_kept and run.rises and is_right
            self._contig, self._last = run.contig, run.last
            self.longest = max(self.longest, run.last)
