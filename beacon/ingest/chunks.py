"""One chunk of a load: its records to the store, its account to whoever asks.

The same in every process: the only one there is, or one of several.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.errors import LoadRejected, UsageError
from beacon.model.variant import Allele
from beacon.model.vrs import vrs_ids
from loaders.accounts import Account
from loaders.reference import FastaReference
from loaders.shards import OutOfOrder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from beacon.model.assemblies import Assembly
    from beacon.model.counts import VariantRecord
    from beacon.store.naming import IdentifierWriter
    from beacon.store.releases import Catalogue
    from beacon.store.writer import ReleaseWriter
    from loaders import Cohort
    from loaders.shards import Plan

LATE = 0xFFFF_FFFF
"""The chunk of what is known only when all others are."""

_BATCH = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What there is to read, and what with.

    Attributes:
        reference: FASTA that alleles are normalised with.
        keeps_vrs_ids: whether alleles are to be found by their VRS ids.
    """

    cohort: Cohort
    plan: Plan
    reference: Path | None = None
    keeps_vrs_ids: bool = False

    def opened_reference(self) -> FastaReference | None:
        """Return the reference, if there is one."""
        if self.reference is None:
            return None
        return FastaReference(self.reference, self.cohort.assembly.name)


class ChunkReader:
    """Reads chunks, and stores nothing."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._reference = work.opened_reference()

    def read(self, chunk: int, told: Callable[[int], None] | None) -> str:
        """Read one chunk; return its account."""
        account = Account()
        work = self._work
        records = work.cohort.chunk(work.plan, chunk, account, self._reference, told)
        deque(_in_chunks(work.plan, records), maxlen=0)
        return account.as_text()


class ChunkWriter:
    """Reads chunks and stores their rows."""

    def __init__(self, work: Work, catalogue: Catalogue, writer: ReleaseWriter) -> None:
        self._work = work
        self._reference = work.opened_reference()
        self._catalogue = catalogue
        self._writer = writer

    def read(self, chunk: int, told: Callable[[int], None] | None) -> str:
        """Store one chunk; return its account."""
        account = Account()
        work, writer = self._work, self._writer
        writer.enter(chunk)
        reached = None if work.cohort.people is None else writer.reach
        records = work.cohort.chunk(
            work.plan, chunk, account, self._reference, told, writer.cover, reached
        )
        self.write(_in_chunks(work.plan, records))
        text = account.as_text()
        if work.plan.cuts:
            writer.leave(text)
        return text

    def conclude(self, accounts: Sequence[Account]) -> None:
        """Store what no chunk knew alone."""
        work, writer = self._work, self._writer
        concluded = work.cohort.concluded(
            work.plan, accounts, self._reference, writer.cover
        )
        self.write(concluded)

    def write(self, records: Iterator[VariantRecord]) -> None:
        """Store records, and their names where those are kept."""
        namer = None
        if self._work.keeps_vrs_ids:
            assembly = self._work.cohort.assembly
            kept = self._catalogue.identifiers(self._writer, assembly.name)
            namer = _Namer(kept, self._reference, assembly)
        while batch := list(islice(records, _BATCH)):
            self._writer.put(batch)
            if namer is not None:
                namer.put(batch)
        if namer is not None:
            namer.finish()


def _in_chunks(plan: Plan, records: Iterable[VariantRecord]) -> Iterator[VariantRecord]:
    """Yield records; whatever stops them says that chunks do not do.

    Raises:
        OutOfOrder: whole files must be read, if only to say where they are wrong.
    """
    if not plan.cuts:
        yield from records
        return
    try:
        yield from records
    except LoadRejected as error:
        raise OutOfOrder(str(error)) from error


def refuse_ids_without(reference: Path | None, assembly: Assembly) -> None:
    """Refuse to keep VRS ids where they cannot be computed.

    Raises:
        UsageError: without a reference, or where no digests are known.
    """
    if reference is None:
        name = assembly.name
        message = f"--vrs-ids needs the reference of {name} (--reference FASTA)"
        raise UsageError(message)
    if assembly.contigs[0].refget is None:
        message = f"--vrs-ids: the digests of {assembly.name} are not known here"
        raise UsageError(message)


class _Namer:
    """Computes and keeps the VRS ids of alleles."""

    def __init__(
        self,
        kept: IdentifierWriter,
        reference: FastaReference | None,
        assembly: Assembly,
    ) -> None:
        self._contigs = ASSEMBLIES[assembly.name].contigs
        self._reference = reference
        self._kept = kept
        self.finish = kept.finish

    def put(self, records: Sequence[VariantRecord]) -> None:
        """Keep the ids of the alleles of some records."""
        if self._reference is None:
            return
        for record in records:
            rank, start, end, reference, alternate = record[:5]
            if not alternate or alternate.startswith("<"):
                continue
            allele = Allele(
                contig=self._contigs[rank - 1],
                start=start,
                end=end,
                reference=reference,
                alternate=alternate,
            )
            ids = vrs_ids(allele, self._reference)
            if ids is not None:
                self._kept.put(allele, ids)
