"""Whose documents are whose, where somebody is to be left out of them.  Pure.

An order names an individual or one of their samples; whatever is linked to either
goes with them.  Ids of individuals and names of samples are one space of names, as
in the files that samples come in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from beacon.model.records import Json, Record

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


def forgetting(document: Json, names: Collection[str]) -> Json:
    """Return a document of somebody else that names some people as kin no more.

    Args:
        document: as it is; it is returned itself where it names none of them.
        names: of these people (``names_of``).
    """
    told: Json = {}
    pedigrees, info = document.get("pedigrees"), document.get("info")
    if isinstance(pedigrees, list):
        left = [_left(one, "members", "memberId", names) for one in pedigrees]
        if any(new is not old for new, old in zip(left, pedigrees, strict=True)):
            told["pedigrees"] = [one for one in left if one is not None]
    if isinstance(info, dict):
        # Of a family of phenopackets.
        old = info.get("pedigree")
        new = _left(old, "persons", "individualId", names)
        if new is not old:
            told["info"] = {**info, "pedigree": new or {}}
    return document | told if told else document


def _left(pedigree: object, members: str, name: str, names: Collection[str]) -> object:
    """Return a pedigree without some people; ``None``: it has nobody else."""
    every = pedigree.get(members) if isinstance(pedigree, dict) else None
    if not isinstance(pedigree, dict) or not isinstance(every, list):
        return pedigree
    left = [
        one
        for one in every
        if not isinstance(one, dict) or str(one.get(name)) not in names
    ]
    if len(left) == len(every):
        return pedigree
    return pedigree | {members: left} if left else None
