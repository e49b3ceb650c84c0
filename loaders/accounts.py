"""What is known of a chunk once it is read, as a value and as text.

Numbers of lines are counted from where the chunk begins in each file; how many
stand before it is known when all chunks are.  The text is kept until then, so
that a load that is killed goes on with the chunks that are missing.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

from loaders.alleles import AlleleKey
from loaders.report import BINNED, FileReport, LoadReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from loaders.merging import Late
    from loaders.report import Bin

_COUNTED = ("bad", "not_loaded", "noticed")
_SUMS = ("alternates", "stored", "annotations")

FORM = 3
"""Of the text; what was left behind by a load with another one is not gone on with."""


@dataclass(slots=True, kw_only=True)
class Account:
    """What a chunk held.

    Attributes:
        lines: of each file.
        ranks: of the contigs it has records on.
        contigs: plain names of those with a record that is loaded.
        foreign: alleles of other chunks that are declared here, unknown to those.
        usual: the AN of its records, two at most.
        is_declared: whether a record says how far it looked.
        has_blocks: whether any says it of anybody.
    """

    report: LoadReport = field(default_factory=LoadReport)
    lines: list[int] = field(default_factory=list)
    ranks: set[int] = field(default_factory=set)
    contigs: set[str] = field(default_factory=set)
    foreign: Late = field(default_factory=dict)
    usual: set[tuple[int, ...] | None] = field(default_factory=set)
    is_declared: bool = False
    has_blocks: bool = False

    def as_text(self) -> str:
        """Return the account as JSON text."""
        report = self.report
        values: _Written = {
            "files": [_file(one) for one in report.files],
            "sums": {name: getattr(report, name) for name in _SUMS},
            "told": [report.told[False], report.told[True]],
            "binned": {name: _bins(getattr(report, name)) for name in BINNED},
            "disagreements": report.disagreements,
            "disordered": report.disordered,
            "lines": self.lines,
            "ranks": sorted(self.ranks),
            "contigs": sorted(self.contigs),
            "foreign": [
                (rank, key, where) for (rank, key), where in self.foreign.items()
            ],
            "usual": list(self.usual),
            "declared": self.is_declared,
            "blocks": self.has_blocks,
        }
        return json.dumps(values, separators=(",", ":"))


class _Written(TypedDict):
    files: list[dict[str, object]]
    sums: dict[str, dict[str, int]]
    told: list[int]
    binned: dict[str, list[list[int]]]
    disagreements: int
    disordered: int
    lines: list[int]
    ranks: list[int]
    contigs: list[str]
    foreign: list[tuple[int, AlleleKey, list[tuple[int, int]]]]
    usual: list[tuple[int, ...] | None]
    declared: bool
    blocks: bool


def _bins(counts: Counter[Bin]) -> list[list[int]]:
    return [[*name, count] for name, count in sorted(counts.items())]


def _file(report: FileReport) -> dict[str, object]:
    return {
        "counts": [report.records, report.loaded, report.filtered],
        "examples": report.examples,
        **{name: getattr(report, name) for name in _COUNTED},
    }


def read_account(text: str, names: Sequence[str]) -> Account:
    """Return the account that a text holds.

    Args:
        text: of ``as_text``.
        names: of the files.
    """
    kept: _Written = json.loads(text)
    report = LoadReport(
        files=list(map(_read_file, names, kept["files"])),
        told=Counter({False: kept["told"][0], True: kept["told"][1]}),
        disagreements=kept["disagreements"],
        disordered=kept["disordered"],
    )
    for name in _SUMS:
        getattr(report, name).update(kept["sums"][name])
    for name, bins in kept["binned"].items():
        getattr(report, name).update({(rank, at): n for rank, at, n in bins})
    return Account(
        report=report,
        lines=kept["lines"],
        ranks=set(kept["ranks"]),
        contigs=set(kept["contigs"]),
        foreign={
            (rank, AlleleKey(*key)): [(file, line) for file, line in where]
            for rank, key, where in kept["foreign"]
        },
        usual={None if an is None else tuple(an) for an in kept["usual"]},
        is_declared=kept["declared"],
        has_blocks=kept["blocks"],
    )


def _read_file(name: str, kept: dict[str, object]) -> FileReport:
    report = FileReport(name=name)
    report.records, report.loaded, report.filtered = kept["counts"]  # type: ignore[misc]
    report.examples = kept["examples"]  # type: ignore[assignment]
    for counted in _COUNTED:
        getattr(report, counted).update(kept[counted])
    return report


def lines_before(accounts: Iterable[Account], first: Sequence[int]) -> list[list[int]]:
    """Return per chunk the lines of each file that stand before it.

    Args:
        accounts: of all chunks, in order.
        first: lines of each file before the first chunk.
    """
    found: list[list[int]] = []
    before = list(first)
    for account in accounts:
        found.append(before)
        before = [a + b for a, b in zip(before, account.lines, strict=True)]
    return found
