"""Datasets and releases ↔ documents.  Pure.

A release document also says which contigs and length classes its rows touch,
and, while it is being loaded, who loads it.  Options and report are kept as
JSON text: their keys are the loader's own, and a database has views on keys.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, NotRequired, TypedDict, cast

from beacon.model.annotation import Kind
from beacon.model.counts import Group, Layout
from beacon.model.dataset import CoverageKind, Dataset, Input, Release
from beacon.model.errors import StoreUnavailable
from beacon.store.rows import Part, Rows
from beacon.store.set_documents import read_sets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from beacon.model.records import Record
    from beacon.model.structure import Structure
    from beacon.store.driver import Document
    from beacon.store.set_documents import ServedDocument


class WorkerDocument(TypedDict):
    """A process that writes a release."""

    host: str
    pid: int
    started: int | None


class OwnerDocument(WorkerDocument):
    """The process that loads a release."""

    token: str


class LayoutDocument(TypedDict):
    """A layout, as kept."""

    baseline: list[int]
    groups: list[tuple[str, list[int]]]
    kinds: list[list[str | None]]


class InputDocument(TypedDict):
    """An input file, as kept."""

    name: str
    sha256: str
    size: int
    path: str | None


class PartDocument(TypedDict):
    """One load's rows in a release, as kept.

    ``fields`` are the names under which rows hold its counts, newest first;
    ``touched`` the contigs where they do.  Several releases may hold one part.
    ``has_reach``: whom its reference blocks cover is kept by person, if it has any.
    """

    number: int
    fields: list[int]
    baseline: list[int]
    everybody: list[int]
    touched: list[int]
    has_people: bool
    has_reach: NotRequired[bool]
    gone: NotRequired[list[int]]


class ReleaseDocument(TypedDict):
    """A release, as kept; what is known only at publication comes last.

    ``resume`` is a digest of all that decides a load, where a killed one can go on.
    """

    _id: int
    dataset: str
    assembly: str
    format: int
    layout: LayoutDocument
    parts: list[PartDocument]
    state: str
    touched: list[int]
    long_classes: list[int]
    longest_short: int
    widest_margin: int
    annotated: list[str] | None
    base: int | None
    owner: OwnerDocument
    workers: list[WorkerDocument]
    resume: str | None
    created: datetime
    ordinal: int
    fingerprint: str
    published: datetime
    genotyped: bool
    contigs: list[str]
    variants: int
    sample_count: int | None
    inputs: list[InputDocument]
    tool: str
    options: str
    report: str
    coverage: str | None
    depth: str | None


FORMAT = 3
"""Raised whenever rows or documents of a release are kept in another form."""


class DatasetDocument(TypedDict, total=False):
    """A dataset, as kept.

    ``active`` is the number of the release it serves: the one pointer.
    ``loading`` is the number of the release being loaded: a lease.
    ``withdrawn`` are releases on their way out, ``removing`` the dataset itself.
    ``documents`` are the sets it serves, by entry type; ``filing`` the numbers of
    those being loaded (``document_sets``).  ``record`` is JSON; ``cohorts`` says
    where they are.
    """

    _id: str
    name: str
    description: str | None
    kind: str | None
    country: str | None
    contact: str | None
    created: datetime
    updated: datetime
    described: bool
    active: int | None
    loading: int | None
    ordinals: int
    withdrawn: list[int]
    removing: bool
    documents: Mapping[str, ServedDocument]
    filing: Mapping[str, int]
    record: str
    cohorts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRelease:
    """A release, and how far its rows can reach.

    Attributes:
        rows: how its rows are read.
        long_classes: length classes of its long variants.
        longest_short: bases that none of its short variants exceeds.
        widest_margin: bases that no margin of its structural variants exceeds.
        annotated: what its annotations speak of; ``None``: it has none.
        depth: what its files' annotations tell of, in the loader's words.
    """

    release: Release
    rows: Rows
    long_classes: tuple[int, ...]
    longest_short: int
    widest_margin: int
    annotated: frozenset[Kind] | None = None
    depth: str | None = None


@dataclass(slots=True, kw_only=True)
class Touched:
    """What a load has written to so far."""

    ranks: set[int] = field(default_factory=set)
    long_classes: set[int] = field(default_factory=set)
    longest_short: int = 0
    widest_margin: int = 0

    def take_long(self, length_class: int, structure: Structure | None) -> None:
        """Note a long row."""
        self.long_classes.add(length_class)
        if structure is not None and structure.widest > self.widest_margin:
            self.widest_margin = structure.widest

    def __le__(self, other: Touched) -> bool:
        return (
            self.ranks <= other.ranks
            and self.long_classes <= other.long_classes
            and self.longest_short <= other.longest_short
            and self.widest_margin <= other.widest_margin
        )

    def __or__(self, other: Touched) -> Touched:
        """Return both; the longest of each is rounded up, so that it changes rarely."""
        longest = max(self.longest_short, other.longest_short)
        widest = max(self.widest_margin, other.widest_margin)
        return Touched(
            ranks=self.ranks | other.ranks,
            long_classes=self.long_classes | other.long_classes,
            longest_short=1 << max(0, longest - 1).bit_length(),
            widest_margin=widest and 1 << (widest - 1).bit_length(),
        )


def layout_document(layout: Layout) -> LayoutDocument:
    """Return the document of a layout."""
    return {
        "baseline": list(layout.baseline),
        "groups": [(g.label, list(g.columns)) for g in layout.groups],
        "kinds": [list(kind) for kind in layout.kinds],
    }


def read_layout(document: LayoutDocument) -> Layout:
    """Return the layout a document holds."""
    groups = (
        Group(label=label, columns=tuple(columns))
        for label, columns in document["groups"]
    )
    return Layout(
        baseline=tuple(document["baseline"]),
        groups=tuple(groups),
        kinds=tuple(map(tuple, document.get("kinds", ()))),
    )


def part_document(number: int, layout: Layout) -> PartDocument:
    """Return the document of a part that is about to be loaded."""
    return {
        "number": number,
        "fields": [number],
        "baseline": list(layout.baseline),
        "everybody": list(layout.baseline),
        "touched": [],
        "has_people": False,
    }


def new_document(
    number: int, dataset: str, assembly: str, layout: Layout
) -> dict[str, object]:
    """Return the document of a release of which no row is written yet."""
    return {
        "_id": number,
        "dataset": dataset,
        "assembly": assembly,
        "layout": layout_document(layout),
        "parts": [part_document(number, layout)],
        "state": "loading",
        "format": FORMAT,
        "touched": [],
        "long_classes": [],
        "longest_short": 1,
        "widest_margin": 0,
        "workers": [],
    }


class Appended(NamedTuple):
    """What a load is appended to.

    Attributes:
        number: of the release; its dataset serves it until the load is published.
        layout: the columns of all, those of the new part last.
    """

    number: int
    layout: Layout


def inherited(
    base: ReleaseDocument | None, appended: Appended | None, part: PartDocument
) -> Document:
    """Return the fields in which an appended release begins as another one."""
    if base is None or appended is None:
        return {"base": None}
    reach = ("touched", "long_classes", "longest_short", "widest_margin")
    return {
        "layout": layout_document(appended.layout),
        "parts": [*base["parts"], part],
        "base": base["_id"],
        **{name: cast("Document", base)[name] for name in reach},
    }


def read_rows(documents: Sequence[PartDocument]) -> Rows:
    """Return how the rows of a release with some parts are read."""
    parts: list[Part] = []
    first = 0
    for document in documents:
        part = Part(
            number=document["number"],
            fields=tuple(map(str, document["fields"])),
            first=first,
            baseline=tuple(document["baseline"]),
            everybody=tuple(document["everybody"]),
            gone=frozenset(document.get("gone", ())),
            has_reach=document.get("has_reach", False),
        )
        parts.append(part)
        first += len(part.baseline)
    return Rows(parts=tuple(parts), width=first)


def is_readable(document: Mapping[str, object]) -> bool:
    """Whether a release was written in the form this version reads."""
    return document.get("format") == FORMAT


def is_on_its_way_out(document: Mapping[str, object]) -> bool:
    """Whether what a release holds may have been taken away by now."""
    return document.get("state") == "removing"


def read_release(document: Mapping[str, object]) -> StoredRelease:
    """Return the release a document holds.

    Raises:
        StoreUnavailable: when another version wrote it in another form.
    """
    kept = cast("ReleaseDocument", document)
    if not is_readable(document):
        message = (
            f"release {kept['ordinal']} of dataset {kept['dataset']} was written by"
            " another version of Nordic Beacon; load its files again"
        )
        raise StoreUnavailable(message)
    release = Release(
        number=kept["_id"],
        ordinal=kept["ordinal"],
        dataset=kept["dataset"],
        assembly=kept["assembly"],
        fingerprint=kept["fingerprint"],
        created=kept["created"],
        published=kept["published"],
        genotyped=kept["genotyped"],
        layout=read_layout(kept["layout"]),
        contigs=frozenset(kept["contigs"]),
        variants=kept["variants"],
        sample_count=kept["sample_count"],
        inputs=tuple(Input(**i) for i in kept["inputs"]),
        tool=kept["tool"],
        options=json.loads(kept["options"]),
        report=json.loads(kept["report"]),
        coverage=CoverageKind(told) if (told := kept["coverage"]) else None,
        loads=len(kept["parts"]),
        keeps_people=all(part["has_people"] for part in kept["parts"]),
        keeps_reach=all(part.get("has_reach", False) for part in kept["parts"]),
    )
    kinds = kept["annotated"]
    return StoredRelease(
        release=release,
        rows=read_rows(kept["parts"]),
        long_classes=tuple(sorted(kept["long_classes"])),
        longest_short=kept["longest_short"],
        widest_margin=kept["widest_margin"],
        annotated=None if kinds is None else frozenset(map(Kind, kinds)),
        depth=kept.get("depth"),
    )


def publication(details: Mapping[str, object]) -> Document:
    """Return the fields of a release document that publication adds."""
    fields = dict(details)
    fields["contigs"] = sorted(cast("frozenset[str]", details["contigs"]))
    fields["inputs"] = [
        {"name": i.name, "sha256": i.sha256, "size": i.size, "path": i.path}
        for i in cast("tuple[Input, ...]", details["inputs"])
    ]
    fields["options"] = json.dumps(details["options"])
    fields["report"] = json.dumps(details["report"])
    return fields


def read_dataset(
    document: Mapping[str, object],
    release: Release | None,
    cohorts: tuple[Record, ...] = (),
) -> Dataset:
    """Return the dataset a document holds, serving ``release``."""
    kept = cast("DatasetDocument", document)
    record = kept.get("record")
    return Dataset(
        id=kept["_id"],
        name=kept.get("name") or kept["_id"],
        created=kept["created"],
        updated=kept["updated"],
        description=kept.get("description"),
        kind=kept.get("kind"),
        country=kept.get("country"),
        contact=kept.get("contact"),
        release=release,
        record=None if record is None else json.loads(record),
        documents={name: each.set for name, each in read_sets(document).items()},
        cohorts=cohorts,
    )


LISTED: Document = {
    "removing": None,
    "$or": [
        {"active": {"$ne": None}},
        {"documents": {"$ne": None}},
        {"described": True},
    ],
}
"""The filter of the datasets people see: served, or described by hand."""
