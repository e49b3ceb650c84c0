"""Whose documents are whose, where somebody is to be left out of them.  Pure.

An order names an individual or one of their samples; whatever is linked to either
goes with them.  Ids of individuals and names of samples are one space of names, as
in the files that samples come in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from beacon.model.records import Record

INNERMOST_FIRST = ("analysis", "run", "biosample", "individual")
"""The entry types of documents in an order in which none is needed to find another."""


def names_of(
    individuals: Collection[str],
    belongs: Iterable[tuple[str, str]],
    known: Collection[str] = (),
) -> frozenset[str]:
    """Return every name of some individuals: theirs, and those of their samples.

    Args:
        individuals: who is meant, by any of their names.
        belongs: samples and the individual each is of.
        known: ids of individuals: a sample of the same name as somebody else's id
            is not taken for theirs.
    """
    named, by_owner = frozenset(individuals), dict[str, set[str]]()
    owners = set(named)
    for sample, owner in belongs:
        by_owner.setdefault(owner, set()).add(sample)
        if sample in named and sample not in known:
            owners.add(owner)
    found = set(owners)
    for owner in owners:
        found |= {s for s in by_owner.get(owner, ()) if s == owner or s not in known}
    return frozenset(found)


def is_of(
    entry_type: str,
    record: Record,
    names: Collection[str],
    runs: Collection[str] = (),
) -> bool:
    """Whether a document is about one of some people.

    Args:
        entry_type: of the document.
        record: the document.
        names: of these people (``names_of``).
        runs: ids of their runs.
    """
    if entry_type in ("individual", "biosample") and record.id in names:
        return True
    linked = record.links
    if linked.get("individualId") in names or linked.get("biosampleId") in names:
        return True
    return linked.get("runId") in runs
