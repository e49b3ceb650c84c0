"""A VCF that is sent, on its way through: bytes in, blocks out, then annotated bytes.

Fed as bytes arrive and held no longer than a block; who feeds it bounds the rest.
Everything here takes the processor only: it may run in a thread, one call at a
time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from beacon.annotating.annotator import Annotator
from beacon.annotating.asking import Persistent
from beacon.annotating.columns import (
    Consulted,
    Provenance,
    annotated_header,
    columns_of,
)
from beacon.annotating.questions import Understanding
from beacon.model.errors import InvalidRequest, ReadError, RequestTooLarge, UsageError
from loaders.header import choose_assembly, header_of, left_out
from loaders.packed import BGZF_END, packed
from loaders.reader import Stamp
from loaders.stream import Block, Cutter, Unpacker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from beacon.annotating.questions import Asked
    from beacon.annotating.values import Said
    from beacon.model.dataset import Dataset
    from beacon.model.disclosure import Answers
    from beacon.model.requester import Requester
    from beacon.model.variant import Reference

Lines = Block
"""Some lines of what is sent, as they came."""

_NAME = "the VCF"
_LINES, _BYTES = 1000, 1 << 19
_PAUSES = (0.2, 0.5)
_NO_STAMP = Stamp(0, 0, 0, 0)


class Intake:
    """Takes the bytes of a VCF, plain or compressed.

    Args:
        most_bytes: of its text.
        most_records: that it may hold.
    """

    def __init__(self, *, most_bytes: int, most_records: int) -> None:
        self._unpacker = Unpacker(_NAME)
        self._cutter = Cutter(_NAME, lines=_LINES, size=_BYTES)
        self._most_bytes, self._most_records = most_bytes, most_records
        self._bytes = self._records = 0

    @property
    def header(self) -> tuple[bytes, ...] | None:
        """The header's lines, once they have come."""
        return self._cutter.header

    @property
    def ending(self) -> bytes:
        """What ends its lines."""
        return self._cutter.ending

    @property
    def is_packed(self) -> bool:
        """Whether it is compressed, once it has begun."""
        return self._unpacker.is_packed

    def feed(self, data: bytes) -> list[Lines]:
        """Return the blocks that are whole with some more bytes.

        Raises:
            InvalidRequest: they are no VCF.
            RequestTooLarge: it is longer than may be.
        """
        return self._taken(self._unpacker.feed(data), is_last=False)

    def end(self) -> list[Lines]:
        """Return what is left at the end.

        Raises:
            InvalidRequest: it ends too early.
        """
        return self._taken(self._unpacker.end(), is_last=True)

    def _taken(self, pieces: Iterator[bytes], *, is_last: bool) -> list[Lines]:
        found: list[Lines] = []
        try:
            for piece in pieces:
                self._bytes += len(piece)
                self._refuse_more(self._bytes, self._most_bytes, "bytes of text")
                found += self._cutter.feed(piece)
            if is_last:
                found += self._cutter.end()
        except ReadError as error:
            raise InvalidRequest(str(error)) from error
        self._records += sum(block.text.count(b"\n") for block in found)
        self._refuse_more(self._records, self._most_records, "records")
        return found

    def _refuse_more(self, count: int, most: int, what: str) -> None:
        if count > most:
            message = f"A VCF to annotate holds at most {most:,} {what}."
            raise RequestTooLarge(message)


class Local(NamedTuple):
    """The beacon that is asked, and how it names itself."""

    answers: Answers
    requester: Requester
    datasets: Sequence[Dataset]
    references: Mapping[str, Reference]
    beacon: str
    version: str


class Transfer:
    """Annotates what came in, under one header.

    Args:
        intake: whose header has come.
        local: whom to ask.
        assembly: canonical name; ``None``: the header decides.
        moment: now.
        is_packed: whether BGZF goes out, or text.

    Raises:
        InvalidRequest: the header cannot be read, contradicts the assembly or does
            not decide it, or there is no dataset of it.
    """

    def __init__(
        self,
        intake: Intake,
        local: Local,
        *,
        assembly: str | None,
        moment: datetime,
        is_packed: bool,
    ) -> None:
        lines = intake.header or ()
        try:
            header = header_of(
                [x.decode("utf-8", "replace") for x in lines], _NAME, _NO_STAMP
            )
            genome = choose_assembly([header], assembly)
        except (ReadError, UsageError) as error:
            said = str(error).replace("--assembly", "assemblyId")
            raise InvalidRequest(said, parameter="assemblyId") from error
        columns = columns_of(local.datasets, genome.name)
        if not columns:
            message = f"No dataset here is on {genome.name}: nothing can be asked."
            raise InvalidRequest(message, parameter="assemblyId")
        consulted = Consulted(beacon=local.beacon, columns=columns)
        reference = local.references.get(genome.name)
        origin = Provenance(
            version=local.version,
            moment=moment,
            assembly=genome.name,
            is_aligned=reference is not None,
        )
        self._is_packed = is_packed
        self._head = b"".join(
            line + intake.ending
            for line in annotated_header(lines, (consulted,), origin)
        )
        understanding = Understanding(
            _NAME,
            genome,
            reference,
            columns=header.columns,
            other_sequences=left_out(header, genome),
        )
        asking = Persistent(local.answers, local.requester, consulted, pauses=_PAUSES)
        self._annotator = Annotator(understanding, [asking])

    def head(self) -> bytes:
        """Return the header, as it is sent."""
        return self._sent(self._head)

    def tail(self) -> bytes:
        """Return what ends a whole file."""
        return BGZF_END if self._is_packed else b""

    def read(self, block: Lines) -> Asked:
        """Return the questions of a block.

        Raises:
            InvalidRequest: a line is no record.
        """
        try:
            return self._annotator.read(block)
        except ReadError as error:
            raise InvalidRequest(str(error)) from error

    async def ask(self, asked: Asked) -> Sequence[Sequence[Said]]:
        """Return what is said to the questions of a block."""
        return await self._annotator.ask(asked)

    def write(self, asked: Asked, said: Sequence[Sequence[Said]]) -> tuple[bytes, int]:
        """Return a block as it is sent, and of how many alleles the asking failed."""
        written = self._annotator.write(asked, said)
        return self._sent(written.text), written.tally.failed

    def _sent(self, text: bytes) -> bytes:
        return packed(text) if self._is_packed else text
