"""Whether audit chains are what was written, whole.

Every line is held to its seal, every segment to the one before, and every chain to
the heads that were anchored while it grew.  What was pruned is accounted for by
lines of its own.  The sentences name files and lines, never what a line says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, cast

from beacon.audit.chain import (
    END,
    GENESIS,
    PRUNED,
    Broken,
    Fields,
    Head,
    Reader,
    Torn,
    segments_in,
    strangers_in,
)
from beacon.audit.log import NODE_FILE, node_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from beacon.audit.chain import Segment

_KNOWN: Final = (NODE_FILE,)


class Anchor(Protocol):
    """A head that was kept elsewhere."""

    @property
    def chain(self) -> str:
        """The chain it is of."""

    @property
    def number(self) -> int:
        """The number of its line."""

    @property
    def seal(self) -> str:
        """The seal of that line."""

    @property
    def node(self) -> str:
        """The folder its chain was in."""

    @property
    def is_last(self) -> bool:
        """Whether its chain ended there."""


@dataclass(kw_only=True)
class Verdict:
    """What was found of chains.

    Attributes:
        chains: how many were read.
        lines: how many lines they have.
        pruned: lines that were taken out and are accounted for.
        faults: sentences, of what is not as it was written.
        notes: sentences, of what is no fault and worth knowing.
    """

    chains: int = 0
    lines: int = 0
    pruned: int = 0
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class _Read:
    """What a chain was found to be.

    Attributes:
        first: where its first segment goes on from.
        last: where it has got to.
        has_ended: whether its last line says so.
        is_broken: whether a fault of it is told.
    """

    first: Head | None = None
    last: Head | None = None
    has_ended: bool = False
    is_broken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What a line says was pruned: a chain up to a line, with that line's seal."""

    chain: str
    number: int
    seal: str


def verify(
    folders: Sequence[Path], key: bytes, anchors: Iterable[Anchor], *, whole: bool
) -> Verdict:
    """Return what is found of the chains in folders.

    Args:
        folders: all that are at hand.
        key: that sealed the lines.
        anchors: of all chains, read before the folders.
        whole: whether these are all the folders there are, so that chains of others
            are missing.

    Raises:
        OSError: when a folder cannot be read.
    """
    verdict = Verdict()
    chains: dict[str, _Read] = {}
    removals: dict[str, Removal] = {}
    nodes = {node_of(folder) for folder in folders}
    for folder in folders:
        for stranger in strangers_in(folder, _KNOWN):
            verdict.notes.append(f"{folder / stranger}: this is no audit file.")
        for chain, segments in segments_in(folder).items():
            chains[chain] = _read(key, segments, verdict, removals)
    _hold_to_removals(chains, removals, verdict)
    _hold_to_anchors(chains, removals, anchors, nodes if not whole else None, verdict)
    verdict.chains = len(chains)
    return verdict


def _read(
    key: bytes,
    segments: Sequence[tuple[Segment, Path]],
    verdict: Verdict,
    removals: dict[str, Removal],
) -> _Read:
    """Read a chain, segment by segment, up to the first fault."""
    read = _Read()
    head = Head(segments[0][0].chain, 0, GENESIS) if not segments[0][0].part else None
    expected = segments[0][0].part
    for segment, path in segments:
        if segment.part != expected:
            verdict.faults.append(f"{path}: the segment before it is missing.")
            read.is_broken = True
            return read
        reader = Reader(key, segment, head)
        try:
            for fields in reader.read(path):
                verdict.lines += 1
                _learn(fields, reader, read, removals)
        except Broken as fault:
            verdict.faults.append(f"{path}: {fault}.")
            read.is_broken = True
            return read
        except Torn as note:
            verdict.notes.append(f"{path}: {note}.")
        head = read.last
        expected += 1
    if not read.has_ended:
        chain = segments[-1][0].chain
        verdict.notes.append(f"chain {chain} has not ended: it grows, or was killed.")
    return read


def _learn(
    fields: Fields, reader: Reader, read: _Read, removals: dict[str, Removal]
) -> None:
    if read.first is None:
        number, after = cast("int", fields["n"]), str(fields["after"])
        read.first = Head(str(fields["chain"]), number - 1, after)
    read.last = reader.head
    read.has_ended = fields.get("kind") == END
    if fields.get("kind") == PRUNED:
        for removed in _removals(fields):
            before = removals.get(removed.chain)
            if before is None or before.number < removed.number:
                removals[removed.chain] = removed


def _removals(fields: Fields) -> Iterable[Removal]:
    for one in cast("list[Mapping[str, object]]", fields["removed"]):
        yield Removal(
            chain=str(one["chain"]),
            number=cast("int", one["number"]),
            seal=str(one["seal"]),
        )


def _hold_to_removals(
    chains: Mapping[str, _Read], removals: Mapping[str, Removal], verdict: Verdict
) -> None:
    """Hold what is missing at the beginning of chains to what was pruned."""
    verdict.pruned = sum(removal.number for removal in removals.values())
    for chain, read in chains.items():
        if read.first is None or read.first.number == 0:
            continue
        removed = removals.get(chain)
        if removed is None or not _accounts_for(removed, read.first):
            sentence = f"chain {chain}: its first {read.first.number} lines are missing"
            verdict.faults.append(f"{sentence}, and no pruning tells of them.")


def _accounts_for(removed: Removal, first: Head) -> bool:
    """Whether a pruning tells of all before a line; killed, it may leave some."""
    if removed.number == first.number:
        return removed.seal == first.seal
    return removed.number > first.number


def _hold_to_anchors(
    chains: Mapping[str, _Read],
    removals: Mapping[str, Removal],
    anchors: Iterable[Anchor],
    nodes: set[str] | None,
    verdict: Verdict,
) -> None:
    """Hold chains to the heads that were told; of folders elsewhere, say so once."""
    elsewhere: set[str] = set()
    last = {anchor.chain: anchor for anchor in anchors}  # they come in order
    for chain, anchor in last.items():
        read, removed = chains.get(chain), removals.get(chain)
        if read is None and removed is not None and removed.number >= anchor.number:
            continue
        if read is None and nodes is not None and anchor.node not in nodes:
            elsewhere.add(anchor.node)
            continue
        fault = _against(anchor, read)
        if fault is not None:
            verdict.faults.append(f"chain {chain}{fault}")
    for node in sorted(elsewhere):
        verdict.notes.append(f"chains of the folder {node} are kept elsewhere.")


def _against(anchor: Anchor, read: _Read | None) -> str | None:
    """Return in what a chain is not what its last anchor says."""
    if read is None:
        return f" is missing; it had {anchor.number} lines."
    if read.is_broken:
        return None
    number = 0 if read.last is None else read.last.number
    if read.last is None or number < anchor.number:
        return f": its last {anchor.number - number} lines are missing."
    if number == anchor.number and read.last.seal != anchor.seal:
        return ": its last line is not the one that was anchored."
    return None
