"""One record after the other: mended, judged by its schema, and by its links.

What is right becomes a ``Record``; what is wrong, a sentence that names its place.
Nothing here reads a file or a store.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson

from beacon.ingest.document_report import dangling
from beacon.model.entry_types import ENTRY_TYPES, RUN
from beacon.model.leaving import forgetting, is_of
from beacon.model.records import LINKS, Record
from beacon.store.document_writer import LARGEST
from loaders.mending import mended
from schemas import complaints

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from beacon.ingest.document_report import Dangling, DocumentReport
    from beacon.model.records import Json
    from loaders.documents import Found

_TERM = re.compile(rb'"id":"([A-Za-z][A-Za-z0-9._-]*):')
_LONGEST_ID = 512
_SHOWN = 60
KIN = "pedigrees that named somebody who withdrew, without them"


class Examiner:
    """Examines the records of one entry type.

    Args:
        entry_type: its id.
        report: told what was found.
        ids_of: gives the ids of the records of another type, which links may lead
            to; ``None``: none are loaded yet.
        gone: names of those who withdrew: individuals, and samples of theirs.
        runs: ids of their runs.

    Attributes:
        left_out: ids of the records that are about them.
    """

    def __init__(
        self,
        entry_type: str,
        report: DocumentReport,
        ids_of: Callable[[str], Collection[str] | None],
        gone: frozenset[str] = frozenset(),
        runs: frozenset[str] = frozenset(),
    ) -> None:
        self._type = entry_type
        self._report = report
        self._ids_of = ids_of
        self._gone = gone
        self._runs = runs
        self.left_out: set[str] = set()
        self._links = LINKS.get(entry_type, {})
        self._places: dict[str, str] = {}
        self._dangling: dict[str, Dangling] = {}

    @property
    def ids(self) -> Collection[str]:
        """The ids of all records so far."""
        return self._places.keys()

    def record(self, found: Found) -> Record | None:
        """Return a record as it is kept; ``None``: it is faulty, or left out."""
        report = self._report
        report.read += 1
        report.made.update(found.notes)
        document = mended(found.document, self._type, report.made)
        if self._faults(found, document):
            report.bad += 1
            return None
        links = {name: str(document[name]) for name in self._links if name in document}
        record = Record(id=str(document["id"]), document=document, links=links)
        if self._is_gone(record):
            report.withdrawn += 1
            self.left_out.add(record.id)
            return None
        left = forgetting(document, self._gone)
        if left is not document:
            report.made[KIN] += 1
        report.kept += 1
        report.prefixes.update(_prefixes(document))
        return replace(record, document=left)

    def _is_gone(self, record: Record) -> bool:
        """Whether a record is about somebody who withdrew."""
        if not self._gone:
            return False
        if is_of(self._type, record, self._gone, self._runs):
            return True
        return not self._gone.isdisjoint(samples_in(record.document))

    def _faults(self, found: Found, document: Json) -> bool:
        """Tell all that is wrong with a record; say whether anything is."""
        told = dict(found.faults)
        for complaint in complaints(self._type, document):
            told.setdefault(complaint.pointer, complaint.sentence)
        if not told:
            told = self._own_faults(found, document)
        for pointer, sentence in told.items():
            self._report.add_fault(f"{found.place(pointer)}: {sentence}")
        return bool(told)

    def _own_faults(self, found: Found, document: Json) -> dict[str, str]:
        """Return what no schema knows: ids that stand twice, links to nothing."""
        identity = str(document["id"])
        if not identity.strip() or len(identity) > _LONGEST_ID:
            return {"/id": f"must have 1 to {_LONGEST_ID} characters"}
        if len(orjson.dumps(document)) > LARGEST:
            return {"": f"has more than {LARGEST // 1024**2} MiB"}
        if identity in self._places:
            first = self._places[identity]
            return {"/id": f"{identity[:_SHOWN]!r} is there twice, first in {first}"}
        self._places[identity] = found.place()
        told = {}
        for link, target in self._links.items():
            sentence = self._link(link, target, document.get(link))
            if sentence is not None:
                told[f"/{link}"] = sentence
        return told

    def _link(self, link: str, target: str, identity: object) -> str | None:
        """Return what is wrong with a link; where nothing is loaded, it may wait."""
        theirs = self._runs if target == RUN.id else self._gone
        if not isinstance(identity, str) or identity in theirs:
            return None
        known = self._ids_of(target)
        if known is None:
            self._waiting(link, target).add(identity)
            return None
        if identity in known:
            return None
        name = ENTRY_TYPES[target].name.lower()
        return f"{identity[:_SHOWN]!r} is none of the {name} of this dataset"

    def _waiting(self, link: str, target: str) -> Dangling:
        if link not in self._dangling:
            made = dangling(self._type, link, target, is_loaded=False)
            self._dangling[link] = made
            self._report.dangling.append(made)
        return self._dangling[link]


def samples_in(document: Json) -> list[str]:
    """Return the samples that a table of samples tells of an individual."""
    info = document.get("info")
    samples = info.get("samples") if isinstance(info, dict) else None
    found = samples if isinstance(samples, list) else []
    return [name for name in found if isinstance(name, str)]


def _prefixes(document: Json) -> set[str]:
    """Return the prefixes of the terms in a document, in upper case."""
    below = {k: v for k, v in document.items() if k not in ("id", "info")}
    found = _TERM.findall(orjson.dumps(below))
    return {prefix.decode().upper() for prefix in found} - {"TEXT"}
