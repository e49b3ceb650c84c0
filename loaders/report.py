"""What happened to every record: loaded, bad or not loaded, and why.

The sums reconcile: ``records = loaded + bad + not loaded``, and for ALTs
``alternates = alleles stored + merged + no allele + not loaded + bad``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Bin = tuple[int, int]
"""Rank of a contig, and number of a bin on it."""

BIN_BITS = 13
BINNED = "bins", "absent", "cells", "wide"
"""The accounts of a report that are kept by contig and a number."""

_EXAMPLES = 20


@dataclass(slots=True)
class FileReport:
    """One file's account."""

    name: str
    records: int = 0
    loaded: int = 0
    bad: Counter[str] = field(default_factory=Counter)
    not_loaded: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    filtered: int = 0
    noticed: Counter[str] = field(default_factory=Counter)

    def reject(self, line: int, reason: str, detail: str = "") -> None:
        """Count a bad record."""
        self.bad[reason] += 1
        self._keep(line, reason, detail)

    def leave(self, line: int, reason: str, detail: str) -> None:
        """Count a record that is sound but not loaded."""
        self.not_loaded[reason] += 1
        self._keep(line, reason, detail)

    def remark(self, line: int, reason: str, detail: str) -> None:
        """Keep an example of something about a record that is loaded."""
        self._keep(line, reason, detail)

    def notice(self, line: int, reason: str, detail: str = "") -> None:
        """Count something wrong with a record that is loaded all the same."""
        self.noticed[reason] += 1
        self._keep(line, reason, detail)

    def add(self, other: FileReport, lines: int) -> None:
        """Add the account of a later part, whose lines were counted from another one.

        Args:
            other: of the part.
            lines: of the file before those that were counted there.
        """
        self.records += other.records
        self.loaded += other.loaded
        self.filtered += other.filtered
        for name in ("bad", "not_loaded", "noticed"):
            getattr(self, name).update(getattr(other, name))
        before = len(f"{self.name}:")
        for reason, examples in other.examples.items():
            kept = self.examples.setdefault(reason, [])
            for example in examples[: _EXAMPLES - len(kept)]:
                line, _, detail = example[before:].partition(":")
                kept.append(f"{self.name}:{int(line) + lines}:{detail}")

    def _keep(self, line: int, reason: str, detail: str) -> None:
        kept = self.examples.setdefault(reason, [])
        if len(kept) < _EXAMPLES:
            kept.append(f"{self.name}:{line}: {detail or reason}")

    @property
    def bad_records(self) -> int:
        """How many records were bad."""
        return self.bad.total()

    @property
    def usable(self) -> int:
        """Records that are sound and on the assembly, loaded or not loaded yet."""
        off = sum(n for r, n in self.not_loaded.items() if r.startswith("contig "))
        return self.loaded + self.not_loaded.total() - off


@dataclass(slots=True)
class LoadReport:
    """The account of a whole load.

    Attributes:
        annotations: what could not be read of annotations, with the reason.
        told: alleles of a file without samples, by whether their AC is told.
        bins: short alleles that exist, by contig and bin of 8,192 bases.
        absent: other short rows, of alleles or of places, in the same bins.
        cells: alleles that exist, by contig and cell (``model.classes``).
        wide: long ones of them, by contig and bin.
        disordered: contigs whose reference blocks were not in order.
    """

    files: list[FileReport] = field(default_factory=list)
    alternates: Counter[str] = field(default_factory=Counter)
    stored: Counter[str] = field(default_factory=Counter)
    annotations: Counter[str] = field(default_factory=Counter)
    told: Counter[bool] = field(default_factory=Counter)
    bins: Counter[Bin] = field(default_factory=Counter)
    absent: Counter[Bin] = field(default_factory=Counter)
    cells: Counter[Bin] = field(default_factory=Counter)
    wide: Counter[Bin] = field(default_factory=Counter)
    disagreements: int = 0
    disordered: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def variants(self) -> int:
        """Alleles that exist: carried, or listed without counts."""
        return self.stored["exist"]

    def add(self, other: LoadReport, lines: Sequence[int]) -> None:
        """Add the account of a later part of the load.

        Args:
            other: of the part, without notes.
            lines: per file, lines before those that were counted there.
        """
        for mine, part, before in zip(self.files, other.files, lines, strict=True):
            mine.add(part, before)
        for name in ("alternates", "stored", "annotations", "told", *BINNED):
            getattr(self, name).update(getattr(other, name))
        self.disagreements += other.disagreements
        self.disordered += other.disordered

    def as_dict(self) -> dict[str, object]:
        """Return the report as plain JSON values, keys in a fixed order."""
        return {
            "files": [
                {
                    "name": f.name,
                    "records": f.records,
                    "loaded": f.loaded,
                    "filtered": f.filtered,
                    "bad": dict(sorted(f.bad.items())),
                    "notLoaded": dict(sorted(f.not_loaded.items())),
                    "noticed": dict(sorted(f.noticed.items())),
                    "examples": f.examples,
                }
                for f in self.files
            ],
            "alternates": dict(sorted(self.alternates.items())),
            "stored": dict(sorted(self.stored.items())),
            "annotations": dict(sorted(self.annotations.items())),
            "infoDisagreements": self.disagreements,
            "notes": self.notes,
        }
