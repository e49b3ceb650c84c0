"""The annotations of one assembly, as asked for: by id, and by what they say.

Everything here is reading through Motor; an index of its own serves every part
of a question, so that no collection is ever walked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from beacon.model.annotation import (
    Unread,
    doubted_changes,
    sought_changes,
    unversioned,
)
from beacon.model.pattern import VariantPattern
from beacon.model.protein import short_form
from beacon.store.annotation_documents import (
    UNREAD,
    annotations_collection,
    read_annotation,
)
from beacon.store.coalescing import Coalescer
from beacon.store.driver import Document, driver_errors

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection, Mapping, Sequence

    from motor.motor_asyncio import AsyncIOMotorCollection, AsyncIOMotorDatabase

    from beacon.model.annotation import Annotation, AnnotationPattern

_PAGE = 1_000
_MOST_UNREAD = 10_000
_MOST_EDGES = 1_000
_WANTED = {"n": 0, "y": 0, "d": 0}
"""Pages hold what is judged; what is only shown is read by id."""


class AnnotationTable:
    """The annotations of one assembly; look-ups of concurrent questions are coalesced.

    Args:
        deadline: seconds any single operation may take on the server.
    """

    def __init__(
        self, database: AsyncIOMotorDatabase[Document], assembly: str, deadline: float
    ) -> None:
        self._collection: AsyncIOMotorCollection[Document]
        self._collection = database[annotations_collection(assembly)]
        self._max_ms = int(deadline * 1000)
        self.by_id: Coalescer[bytes, Annotation] = Coalescer(self._fetch)

    async def close(self) -> None:
        """Stop every look-up."""
        await self.by_id.close()

    async def _fetch(self, ids: list[bytes]) -> Mapping[bytes, Annotation]:
        with driver_errors():
            cursor = self._collection.find(
                {"_id": {"$in": ids}}, max_time_ms=self._max_ms
            )
            found = await cursor.batch_size(len(ids) + 1).to_list(None)
        return {cast("bytes", d["_id"]): read_annotation(d) for d in found}

    async def pages(
        self,
        parts: Collection[int],
        pattern: VariantPattern,
        longest: int,
        *,
        are_joined: bool,
    ) -> AsyncGenerator[list[Document], None]:
        """Yield what may answer a question, in genome order; one start stays together.

        Args:
            parts: numbers of the parts of the releases asked.
            pattern: what is asked, annotations included.
            longest: bases that no short allele of theirs exceeds.
            are_joined: whether parts of one release may each say a part of what is
                asked; then those come that say the first part of it.
        """
        said = _said(pattern.annotated)
        where = {
            "v": {"$in": sorted(parts)},
            **(_first_of(said) if are_joined else said),
            **_placed(pattern, longest),
        }
        waiting: list[Document] = []
        with driver_errors():
            cursor = self._collection.find(where, _WANTED, max_time_ms=self._max_ms)
            cursor.sort([("c", 1), ("s", 1)]).batch_size(_PAGE)
        try:
            while True:
                with driver_errors():
                    found = await cursor.to_list(_PAGE)
                if not found:
                    break
                waiting += found
                cut = _last_start(waiting)
                if cut:
                    yield waiting[:cut]
                    waiting = waiting[cut:]
            if waiting:
                yield waiting
        finally:
            with driver_errors():
                await cursor.close()

    async def count(self, release: int, pattern: VariantPattern) -> int | None:
        """Return how many alleles of a release match and exist, counted there.

        Of a range those that begin in it; the others are its ``edges``.
        ``None`` where only ``matches`` can tell.
        """
        if not _is_told_by_indexes(pattern):
            return None
        where = {"v": release, **_said(pattern.annotated), "z": True}
        if pattern.contig is not None:
            where["c"] = pattern.contig.rank
        if pattern.overlap is not None:
            where["s"] = {"$gte": pattern.overlap.low, "$lt": pattern.overlap.high}
        with driver_errors():
            return await self._collection.count_documents(where, maxTimeMS=self._max_ms)

    async def edges(
        self, release: int, pattern: VariantPattern, longest: int
    ) -> list[Document] | None:
        """Return what ``count`` leaves out of a range: what may reach into it.

        ``None`` where there is too much of it.
        """
        reach = pattern.overlap
        if pattern.contig is None or reach is None:
            return []
        before = {"s": {"$gte": reach.low - longest, "$lt": reach.low}}
        long = {"s": {"$lt": reach.low}, "k": {"$type": "binData"}}
        found: list[Document] = []
        for part in (before, long, {"s": reach.high}):
            where = {
                "v": release,
                **_said(pattern.annotated),
                "z": True,
                "c": pattern.contig.rank,
                **part,
            }
            with driver_errors():
                cursor = self._collection.find(where, max_time_ms=self._max_ms)
                found += await cursor.limit(_MOST_EDGES).to_list(None)
            if len(found) >= _MOST_EDGES:
                return None
        return list({cast("bytes", d["_id"]): d for d in found}.values())

    async def names(self, parts: Sequence[int], asked: AnnotationPattern) -> bool:
        """Whether a release knows the gene, the rs number or the HGVS name asked."""
        for name in _names(asked):
            where = {"v": {"$in": list(parts)}, **name}
            with driver_errors():
                found = await self._collection.find_one(
                    where, {"_id": 1}, max_time_ms=self._max_ms
                )
            if found is None:
                return False
        return True

    async def unread(
        self, numbers: Sequence[int], pattern: VariantPattern, longest: int
    ) -> list[Document] | None:
        """Return a release's alleles whose annotation may say more than was read.

        With them those of which a change is told that may be the one asked for.
        ``None`` where there are too many.
        """
        parts: list[Document] = [{UNREAD: {"$in": [str(why) for why in Unread]}}]
        change = None if pattern.annotated is None else pattern.annotated.protein_change
        if change is not None:
            parts.append({"p": {"$in": doubted_changes(change)}})
        found: list[Document] = []
        for part in parts:
            where = {
                "v": {"$in": list(numbers)},
                **part,
                **_placed(pattern, longest),
            }
            with driver_errors():
                cursor = self._collection.find(where, max_time_ms=self._max_ms)
                found += await cursor.limit(_MOST_UNREAD).to_list(None)
            if len(found) >= _MOST_UNREAD:
                return None
        return found


def _is_told_by_indexes(pattern: VariantPattern) -> bool:
    """Whether a question asks nothing that a condition on documents cannot tell."""
    asked = pattern.annotated
    bare = replace(
        pattern, contig=None, genome=pattern.assembly, annotated=None, overlap=None
    )
    if pattern.overlap is not None and pattern.contig is None:
        return False
    if asked is None or bare != VariantPattern(contig=None, genome=bare.genome):
        return False
    change = asked.protein_change
    return asked.hgvs is None and (change is None or short_form(change) is None)


def _said(asked: AnnotationPattern | None) -> Document:
    """Return the conditions that indexes answer; ``matches`` judges what is found."""
    if asked is None:
        return {}
    where: Document = {}
    for part in _names(asked):
        where |= part
    if asked.protein_change is not None:
        where["p"] = {"$in": sought_changes(asked.protein_change)}
    if len(asked.effects) == 1:
        where["e"] = {"$in": list(asked.effects[0])}
    elif asked.effects:
        where["$and"] = [{"e": {"$in": list(terms)}} for terms in asked.effects]
    return where


def _first_of(said: Document) -> Document:
    """Return one of several conditions: whatever meets all has one that meets it."""
    if "$and" in said and len(said) == 1:
        return cast("list[Document]", said["$and"])[0]
    return dict([next((k, v) for k, v in said.items() if k != "$and")] if said else [])


def _names(asked: AnnotationPattern) -> list[Document]:
    """Return a condition for each name a question gives."""
    parts: list[Document] = []
    if asked.identifier is not None:
        parts.append({"x": asked.identifier})
    if asked.hgvs is not None:
        parts.append({"h": unversioned(asked.hgvs)})
    if asked.genes:
        parts.append({"g": {"$in": list(asked.genes)}})
    return parts


def _placed(pattern: VariantPattern, longest: int) -> Document:
    """Return where a match may begin; wider than the truth is allowed.

    A stripped spelling begins at most one base behind the stored one; a long
    allele (its row's key is bytes) may begin anywhere before.
    """
    if pattern.contig is None:
        return {}
    where: Document = {"c": pattern.contig.rank}
    if pattern.start is not None:
        return where | {"s": {"$gte": pattern.start.low - 1, "$lt": pattern.start.high}}
    reach = pattern.overlap or pattern.end
    if reach is None:
        return where
    near = {"s": {"$gte": reach.low - longest}}
    return where | {
        "s": {"$lt": reach.high + 1},
        "$or": [near, {"k": {"$type": "binData"}}],
    }


def _last_start(documents: list[Document]) -> int:
    """Return how many documents lie before the last start among them."""
    last = documents[-1]["c"], documents[-1]["s"]
    cut = len(documents)
    while cut and (documents[cut - 1]["c"], documents[cut - 1]["s"]) == last:
        cut -= 1
    return cut
