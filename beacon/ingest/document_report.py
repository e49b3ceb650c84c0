"""The account of a load of documents: what was read, mended, left out, and why.

It only counts and words; ``examining`` and ``documents`` fill it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from beacon.model.entry_types import ENTRY_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

SHOWN = 20
"""Faults that are told one by one."""
_EXAMPLES = 3


@dataclass(slots=True, kw_only=True)
class Dangling:
    """Links to records that are not there.

    Attributes:
        whose: path of the entry type that holds the links.
        link: its member, e.g. ``individualId``.
        target: path of the entry type they lead to.
        is_loaded: whether the dataset has records of that type at all.
    """

    whose: str
    link: str
    target: str
    is_loaded: bool
    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, identity: str) -> None:
        """Count one, and remember the first few."""
        self.count += 1
        if len(self.examples) < _EXAMPLES and identity not in self.examples:
            self.examples.append(identity)

    @property
    def sentence(self) -> str:
        """What a steward should know."""
        named = ", ".join(identity[:60] for identity in self.examples)
        why = "are not among those loaded" if self.is_loaded else "are not loaded yet"
        return (
            f"{self.count:,} {self.whose} name {self.target} by {self.link} that"
            f" {why}, e.g. {named}"
        )


def dangling(entry_type: str, link: str, target: str, *, is_loaded: bool) -> Dangling:
    """Return an empty count of links to nothing, between entry types by their ids."""
    return Dangling(
        whose=ENTRY_TYPES[entry_type].path,
        link=link,
        target=ENTRY_TYPES[target].path,
        is_loaded=is_loaded,
    )


@dataclass(slots=True, kw_only=True)
class DocumentReport:
    """What became of the records of one entry type.

    Attributes:
        entry_type: its id.
        read: records in the files.
        kept: records that are served, or would be.
        withdrawn: records left out because somebody withdrew.
        bad: records with a fault.
        faults: sentences, the first few; ``fault_count``: of how many.
        made: what was mended or made of texts, and how often.
        prefixes: of the terms used, how often each.
        warnings: sentences.
    """

    entry_type: str
    read: int = 0
    kept: int = 0
    withdrawn: int = 0
    bad: int = 0
    faults: list[str] = field(default_factory=list)
    fault_count: int = 0
    made: Counter[str] = field(default_factory=Counter)
    dangling: list[Dangling] = field(default_factory=list)
    prefixes: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)

    def add_fault(self, sentence: str) -> None:
        """Count a fault, and keep it while there are few."""
        self.fault_count += 1
        if len(self.faults) < SHOWN:
            self.faults.append(sentence)

    @property
    def said(self) -> tuple[str, ...]:
        """Every warning, those about links, too."""
        found = (one.sentence for one in self.dangling if one.count)
        return (*self.warnings, *found)

    def rows(self) -> Iterator[tuple[str, int]]:
        """Yield what is shown of it, line by line."""
        yield "records read", self.read
        yield "records kept", self.kept
        yield "left out: withdrawn", self.withdrawn
        yield "left out: faulty", self.bad
        for what, number in sorted(self.made.items()):
            yield f"noticed: {what}", number

    def as_dict(self) -> dict[str, object]:
        """Return the report as JSON values."""
        return {
            "entryType": self.entry_type,
            "read": self.read,
            "kept": self.kept,
            "withdrawn": self.withdrawn,
            "bad": self.bad,
            "faults": list(self.faults),
            "faultCount": self.fault_count,
            "noticed": {what: n for what, n in sorted(self.made.items()) if n},
            "links": [
                {
                    "link": one.link,
                    "of": one.whose,
                    "to": one.target,
                    "missing": one.count,
                    "examples": list(one.examples),
                }
                for one in self.dangling
                if one.count
            ],
            "warnings": list(self.said),
        }
