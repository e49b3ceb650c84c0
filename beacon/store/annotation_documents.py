"""Annotations ↔ documents.  Pure.

``annotations_<assembly>`` holds one document for each release and annotated
allele,

    {_id, v: release number, c: rank, k: the row's _id, s: start, r?: REF, a?: ALT,
     z: whether the allele exists there, g: genes, e: effects, p: protein changes,
     x: rs numbers, h: HGVS names, …}

with ``r`` and ``a`` where a short row's key holds only their hash (the row may
have been salted: compare).  The first ``m`` of ``p`` are the file's, the rest
short forms they are found under, and places (``~800``).  What an allele is found
under has an index of its own, over the documents that have it; everything else is
shown only.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING, cast

from beacon.model.annotation import (
    Annotation,
    Kind,
    Unread,
    indexed_changes,
    unversioned,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.model.counts import VariantRecord
    from beacon.model.variant import Allele
    from beacon.store.driver import Document

UNREAD = "w"
_PARTS = "gepxtqnydw"
"""The parts of an annotation, in its order."""

INDEXED = (*(str(kind) for kind in Kind), UNREAD)
"""Fields with an index ``(v, field, c, s)``, each over the documents that have it."""

_FAR = re.compile(r"[0-9][+-]([0-9]+)")
_ID_LENGTH = 17
_FURTHEST = 20
"""HGVS names of introns are found up to so many bases from an exon."""


def annotations_collection(assembly: str) -> str:
    """Return the name of the collection of annotations."""
    return f"annotations_{assembly}"


def release_ids(number: int) -> tuple[bytes, bytes]:
    """Return ``(low, high)``: a release's documents have ``low <= _id < high``.

    As long as an id: the database compares lengths before bytes.
    """
    low, high = (n.to_bytes(4).ljust(_ID_LENGTH, b"\0") for n in (number, number + 1))
    return low, high


def annotation_id(
    number: int, rank: int, start: int, end: int, reference: str, alternate: str
) -> bytes:
    """Return the id of an allele's annotation in a release; in genome order."""
    rest = blake2b(f"{end}:{reference}:{alternate}".encode(), digest_size=8)
    return (number << 40 | rank << 32 | start).to_bytes(9) + rest.digest()


def id_of(number: int, allele: Allele) -> bytes:
    """Return the id of an allele's annotation in a release."""
    place = (allele.contig.rank, allele.start, allele.end)
    return annotation_id(number, *place, allele.reference, allele.alternate)


def annotation_document(
    number: int, record: VariantRecord, key: object, *, is_hashed: bool
) -> Document:
    """Return the document of an annotated record.

    Args:
        number: the release's.
        record: one with an annotation.
        key: the ``_id`` of its row, before any salt.
        is_hashed: whether that key holds only a hash of REF and ALT.
    """
    said = record.annotation or Annotation()
    document: Document = {
        "_id": annotation_id(number, *record[:5]),
        "v": number,
        "c": record.rank,
        "k": key,
        "s": record.start,
        "z": record.tally.exists and not record.filters,
    }
    if is_hashed:
        document |= {"r": record.reference, "a": record.alternate}
    for name, value in zip(_PARTS, said, strict=True):
        if value:
            document[name] = value
    if said.protein_changes:
        changes = indexed_changes(said.protein_changes)
        document["p"], document["m"] = changes, len(said.protein_changes)
    names = {unversioned(h): None for h in said.hgvs if _is_near(h)}
    if names:
        document["h"] = list(names)
    return document


def _is_near(hgvs: str) -> bool:
    """Whether an HGVS name is indexed: not deep in an intron."""
    change = hgvs.partition(":")[2]
    return all(len(far) < 4 and int(far) <= _FURTHEST for far in _FAR.findall(change))


def kinds_of(document: Document) -> set[str]:
    """Return what a document speaks of."""
    return {kind for kind in map(str, Kind) if kind in document}


def read_annotation(document: Mapping[str, object]) -> Annotation:
    """Return the annotation a document holds."""

    def words(name: str) -> tuple[str, ...]:
        return tuple(cast("list[str]", document.get(name, ())))

    changes = cast("int | None", document.get("m"))
    return Annotation(
        genes=words("g"),
        effects=words("e"),
        protein_changes=words("p")[:changes],
        identifiers=words("x"),
        transcript_hgvs=words("t"),
        protein_hgvs=words("q"),
        clinvar=cast("str | None", document.get("n")),
        significance=words("y"),
        conditions=words("d"),
        unread=tuple(Unread(word) for word in words("w")),
    )
