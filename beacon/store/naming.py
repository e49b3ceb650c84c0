"""From a name to its alleles: rs numbers that data carries, and VRS ids.

``annotations_<assembly>`` holds rs numbers beside rows,

    {v: release number, c: rank, k: row _id, s: start, r?: REF, a?: ALT, x: ["rs…"]}

(``r`` and ``a`` where a key holds only their hash: the row may have been salted)
and ``vrs_<assembly>`` the VRS ids of a release, by their first byte: entries of
sixteen bytes, the first eight of a digest and the key of its allele,

    {v: release number, p: first byte, b: entries}

written in runs, so that a load holds only the latest in memory and writes few
documents.  A name means what the releases served now carry under it.
"""

from __future__ import annotations

from binascii import a2b_base64
from collections import defaultdict
from struct import Struct
from typing import TYPE_CHECKING, cast

from pymongo import ReplaceOne

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.errors import InvalidRequest
from beacon.model.vrs import PREFIX
from beacon.store.annotation_documents import annotations_collection
from beacon.store.coalescing import Coalescer
from beacon.store.driver import JOURNALED, Document, driver_errors
from beacon.store.keys import decode, encode, is_site
from beacon.store.scanning import allele_of, genome_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from motor.motor_asyncio import AsyncIOMotorDatabase
    from pymongo.database import Database

    from beacon.model.genome import Contig
    from beacon.model.variant import Allele
    from beacon.store.tables import PlaceKey, Table

_MOST = 100
_AT_ONCE = 10
_RUN = 1 << 18
_PREFIXES = 256
_PER_MESSAGE = 64
_ANNOTATED = dict.fromkeys(("c", "k", "s", "r", "a", "x"), 1)
_INDEX = [("v", 1), ("p", 1)]
_ENTRY = Struct("<8sq")
_DIGEST, _LETTERS = 8, 12
_FOR_BASE64 = str.maketrans("-_", "+/")


def vrs_collection(assembly: str) -> str:
    """Return the name of the collection of VRS ids."""
    return f"vrs_{assembly}"


def _short(digest: str) -> bytes:
    """Return the first bytes of a digest: enough to tell a billion alleles apart.

    Whether an allele has the whole digest is told where its bases are known.
    """
    return a2b_base64(digest[:_LETTERS].translate(_FOR_BASE64))[:_DIGEST]


# --- writing ------------------------------------------------------------------------


class IdentifierWriter:
    """Writes the VRS ids of one release, which is not served before they are there.

    Those of a chunk that is loaded again take the place of its former ones.
    """

    def __init__(
        self, database: Database[Document], assembly: str, number: int, chunk: int = 0
    ) -> None:
        self._number = number
        self._chunk = chunk
        self._runs = 0
        with driver_errors():
            self._kept = database.get_collection(
                vrs_collection(assembly), write_concern=JOURNALED
            )
            self._kept.create_index(_INDEX)
        self._run = [bytearray() for _ in range(_PREFIXES)]
        self._entries = 0

    def put(self, allele: Allele, digests: Sequence[str]) -> None:
        """Keep the digests of one allele.

        Raises:
            StoreUnavailable: when they cannot be written.
        """
        key = encode(
            allele.contig.rank, allele.start, allele.reference, allele.alternate
        )
        for digest in digests:
            short = _short(digest)
            self._run[short[0]] += _ENTRY.pack(short, key)
        self._entries += len(digests)
        if self._entries >= _RUN:
            self.finish()

    def finish(self) -> None:
        """Write what is still held.

        Raises:
            StoreUnavailable: when it cannot be written.
        """
        documents: list[Document] = [
            {
                "_id": f"{self._number}/{self._chunk}/{self._runs}/{prefix}",
                "v": self._number,
                "p": prefix,
                "b": bytes(entries),
            }
            for prefix, entries in enumerate(self._run)
            if entries
        ]
        with driver_errors():
            for first in range(0, len(documents), _PER_MESSAGE):
                some = documents[first : first + _PER_MESSAGE]
                self._kept.bulk_write(
                    [ReplaceOne({"_id": d["_id"]}, d, upsert=True) for d in some]
                )
        self._run = [bytearray() for _ in range(_PREFIXES)]
        self._entries = 0
        self._runs += 1


def forget_identifiers(
    database: Database[Document], assembly: str, number: int
) -> None:
    """Remove the VRS ids of one release."""
    database[vrs_collection(assembly)].delete_many({"v": number})


# --- reading ------------------------------------------------------------------------


_Asked = tuple[str, tuple[int, ...]]
"""An rs number, and the releases that are asked for it."""


class NameTable:
    """The names of one assembly; look-ups of concurrent questions are coalesced.

    Args:
        table: the rows of the assembly.
        deadline: seconds any single operation may take on the server.
    """

    def __init__(
        self,
        database: AsyncIOMotorDatabase[Document],
        table: Table,
        assembly: str,
        deadline: float,
    ) -> None:
        self._database = database
        self._table = table
        self._assembly = assembly
        self._max_ms = int(deadline * 1000)
        self._rsids: Coalescer[_Asked, list[Document]] = Coalescer(self._fetch)

    async def close(self) -> None:
        """Stop every look-up."""
        await self._rsids.close()

    async def alleles_named(self, name: str, releases: Sequence[int]) -> list[Allele]:
        """Return the alleles that releases carry under a name, in genome order.

        Args:
            name: ``rs…``, or a VRS id ``ga4gh:VA.…``, whose first bytes are compared.
            releases: numbers of the releases that are asked (of their parts).

        Raises:
            InvalidRequest: when it names more alleles than anybody can read.
            StoreUnavailable: when the store fails.
        """
        if name.startswith(PREFIX):
            found = await self._by_vrs(name, releases)
        else:
            found = await self._by_rsid(name, releases)
        if len(found) > _MOST:
            message = (
                f"{name} names more than {_MOST} alleles in the data; ask for one."
            )
            raise InvalidRequest(message, parameter="variant")
        return sorted(found, key=lambda a: (a.contig.rank, *genome_order(a)))

    async def _by_rsid(self, name: str, releases: Sequence[int]) -> set[Allele]:
        asked = (name, tuple(releases))
        annotated = (await self._rsids.get([asked])).get(asked, [])
        contigs = ASSEMBLIES[self._assembly].contigs
        found: set[Allele] = set()
        long: dict[bytes, Contig] = {}
        for document in annotated:
            contig, key = contigs[cast("int", document["c"]) - 1], document["k"]
            if isinstance(key, bytes):
                long[key] = contig
            else:
                row = {**document, "_id": key}
                found.add(allele_of(contig, cast("int", document["s"]), row))
        rows = await self._table.long_rows.get(list(long)) if long else {}
        return found | {allele_of(long[key], 0, row) for key, row in rows.items()}

    async def _fetch(self, asked: list[_Asked]) -> dict[_Asked, list[Document]]:
        """Return the annotations that hold each of some rs numbers."""
        by_releases: dict[tuple[int, ...], list[str]] = defaultdict(list)
        for name, releases in asked:
            by_releases[releases].append(name)
        found: dict[_Asked, list[Document]] = defaultdict(list)
        for releases, names in by_releases.items():
            for name, document in await self._annotated(names, releases):
                found[name, releases].append(document)
        return found

    async def _annotated(
        self, names: Sequence[str], releases: tuple[int, ...]
    ) -> list[tuple[str, Document]]:
        """Return annotations with the name each was found by, enough of every name."""
        most = (_MOST + 1) * max(1, len(releases)) * min(len(names), _AT_ONCE)
        where: Document = {"v": {"$in": list(releases)}, "x": {"$in": list(names)}}
        collection = self._database[annotations_collection(self._assembly)]
        with driver_errors():
            cursor = collection.find(
                where, _ANNOTATED, max_time_ms=self._max_ms, limit=most
            )
            found = await cursor.to_list(None)
        if len(found) == most and len(names) > 1:  # one of them may hide the others
            halves = names[: len(names) // 2], names[len(names) // 2 :]
            return [p for half in halves for p in await self._annotated(half, releases)]
        wanted = set(names)
        return [
            (name, document)
            for document in found
            for name in cast("list[str]", document["x"])
            if name in wanted
        ]

    async def _by_vrs(self, name: str, releases: Sequence[int]) -> set[Allele]:
        digest = _short(name.removeprefix(PREFIX))
        where: Document = {"v": {"$in": list(releases)}, "p": digest[0]}
        with driver_errors():
            cursor = self._database[vrs_collection(self._assembly)].find(
                where, {"b": 1, "_id": 0}, max_time_ms=self._max_ms
            )
            runs = await cursor.to_list(None)
        keys = {k for run in runs for k in _keys_of(digest, cast("bytes", run["b"]))}
        places = {(found.rank, found.start) for found in map(decode, keys)}
        alleles = await _alleles_at(self._table, self._assembly, places)
        return {allele for allele in alleles if _key_of(allele) in keys}


def _keys_of(digest: bytes, entries: bytes) -> Iterator[int]:
    """Yield the keys that stand behind a digest in a run of entries."""
    at = entries.find(digest)
    while at >= 0:
        if at % _ENTRY.size == 0:
            yield cast("int", _ENTRY.unpack_from(entries, at)[1])
        at = entries.find(digest, at + 1)


def _key_of(allele: Allele) -> int:
    """Return the key of an allele before any salt."""
    return encode(allele.contig.rank, allele.start, allele.reference, allele.alternate)


async def _alleles_at(
    table: Table, assembly: str, places: set[PlaceKey]
) -> list[Allele]:
    contigs = ASSEMBLIES[assembly].contigs
    found: list[Allele] = []
    for asked in (table.places, table.long_places) if places else ():
        for (rank, start), rows in (await asked.get(list(places))).items():
            found += (
                allele_of(contigs[rank - 1], start, row)
                for row in rows
                if "e" in row or not is_site(cast("int", row["_id"]))
            )
    return found
