"""Whether audit chains are what was written, whole.

Every line is held to its seal, every segment to the one before, and every chain to
all heads that were anchored while it grew, in the store and in the chain that was
begun where it could not be gone on with.  What was pruned is accounted for by
lines of its own.  The sentences name files and lines, never what a line says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, cast

from beacon.audit.chain import (
    END,
    GENESIS,
    PRUNED,
    Broken,
    Fields,
    Head,
    Reader,
    Torn,
    followed_in,
    segments_in,
    strangers_in,
)
from beacon.audit.log import NODE_FILE, node_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from beacon.audit.chain import Segment

_Files = list[tuple["Segment", "Path"]]
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
        strays: numbers of lines that are not those that were anchored.
    """

    first: Head | None = None
    last: Head | None = None
    has_ended: bool = False
    is_broken: bool = False
    strays: list[int] = field(default_factory=list)


class _Kept(NamedTuple):
    """A head that was kept outside its chain."""

    chain: str
    number: int
    seal: str
    node: str
    is_last: bool


class _Anchored:
    """All heads of one chain that were kept outside it."""

    def __init__(self) -> None:
        self.seals: dict[int, set[str]] = {}
        self.node = ""
        self.last = 0
        self.end: int | None = None

    def add(self, anchor: Anchor) -> None:
        """Take one more head."""
        self.seals.setdefault(anchor.number, set()).add(anchor.seal)
        self.last = max(self.last, anchor.number)
        self.node = anchor.node
        if anchor.is_last:
            self.end = anchor.number


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
    verdict, nodes = Verdict(), set[str]()
    files: dict[str, _Files] = {}
    known = _by_chain(anchors)
    for folder in folders:
        node = node_in(folder)
        if node is None:
            verdict.faults.append(f"{folder / NODE_FILE}: the file is missing.")
        nodes.add(node or "")
        for stranger in strangers_in(folder, _KNOWN):
            verdict.notes.append(f"{folder / stranger}: this is no audit file.")
        mine = segments_in(folder)
        _learn_what_follows(mine, node or "", known)
        for chain in sorted(mine.keys() & files):
            verdict.faults.append(f"chain {chain} is in two of these folders.")
        files |= mine
    chains: dict[str, _Read] = {}
    removals: dict[str, Removal] = {}
    for chain, segments in files.items():
        seals = known[chain].seals if chain in known else {}
        chains[chain] = _read(key, segments, seals, verdict, removals)
    _hold_to_removals(chains, removals, verdict)
    elsewhere = _hold_to_anchors(
        chains, removals, known, None if whole else nodes, verdict
    )
    _look_for_folders(elsewhere, known, nodes, verdict, whole=whole)
    verdict.chains = len(chains)
    return verdict


def _by_chain(anchors: Iterable[Anchor]) -> dict[str, _Anchored]:
    known: dict[str, _Anchored] = {}
    for anchor in anchors:
        known.setdefault(anchor.chain, _Anchored()).add(anchor)
    return known


def _learn_what_follows(
    files: Mapping[str, _Files], node: str, known: dict[str, _Anchored]
) -> None:
    """Take the heads that chains say they follow for anchors of those.

    A chain that could not be gone on with has no anchor of its last seconds; the one
    that was begun in its place says where it had got to, under its own seal.
    """
    for segments in files.values():
        for _, path in segments:
            head = followed_in(path)
            if head is not None:
                kept = _Kept(*head, node, is_last=False)
                known.setdefault(head.chain, _Anchored()).add(kept)


def _read(
    key: bytes,
    segments: _Files,
    seals: Mapping[int, set[str]],
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
                _learn(fields, reader, read, seals, removals)
        except Broken as fault:
            verdict.faults.append(f"{path}: {fault}.")
            read.is_broken = True
            return read
        except Torn as note:
            is_last = (segment, path) == segments[-1]
            if not is_last or read.has_ended:
                what = "had ended" if is_last else "goes on"
                verdict.faults.append(f"{path}: {note}, and its chain {what}.")
                read.is_broken = True
                return read
            verdict.notes.append(f"{path}: {note}.")
        head = read.last
        expected += 1
    if not read.has_ended:
        chain = segments[-1][0].chain
        verdict.notes.append(f"chain {chain} has not ended: it grows, or was killed.")
    return read


def _learn(
    fields: Fields,
    reader: Reader,
    read: _Read,
    seals: Mapping[int, set[str]],
    removals: dict[str, Removal],
) -> None:
    if read.first is None:
        number, after = cast("int", fields["n"]), str(fields["after"])
        read.first = Head(str(fields["chain"]), number - 1, after)
        _compare(read.first, seals, read)
    read.last = reader.head
    if read.last is not None:
        _compare(read.last, seals, read)
        number = cast("int", fields["n"])
        if number != read.last.number and number in seals:  # it had a seal then
            read.strays.append(number)
    read.has_ended = fields.get("kind") == END
    if fields.get("kind") == PRUNED:
        for removed in _removals(fields):
            before = removals.get(removed.chain)
            if before is None or before.number < removed.number:
                removals[removed.chain] = removed


def _compare(head: Head, seals: Mapping[int, set[str]], read: _Read) -> None:
    """Hold a line to what was kept of it elsewhere."""
    if seals.get(head.number, {head.seal}) != {head.seal}:
        read.strays.append(head.number)


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
    known: Mapping[str, _Anchored],
    nodes: set[str] | None,
    verdict: Verdict,
) -> set[str]:
    """Hold chains to the heads that were told; return folders that are elsewhere."""
    elsewhere: set[str] = set()
    for chain, anchored in known.items():
        read, removed = chains.get(chain), removals.get(chain)
        if read is None and removed is not None and removed.number >= anchored.last:
            continue
        if read is None and nodes is not None and anchored.node not in nodes:
            elsewhere.add(anchored.node)
            continue
        fault = _against(anchored, read)
        if fault is not None:
            verdict.faults.append(f"chain {chain}{fault}")
    return elsewhere


def _against(anchored: _Anchored, read: _Read | None) -> str | None:
    """Return in what a chain is not what its anchors say."""
    if read is None:
        return f" is missing; it had {anchored.last} lines."
    if read.is_broken:
        return None
    number = 0 if read.last is None else read.last.number
    if read.strays:
        return f": its line {read.strays[0]} is not the one that was anchored."
    if number < anchored.last:
        return f": its last {anchored.last - number} lines are missing."
    if anchored.end is not None and number > anchored.end:
        return f": it ended with line {anchored.end}, and lines follow."
    return None


def _look_for_folders(
    elsewhere: set[str],
    known: Mapping[str, _Anchored],
    nodes: set[str],
    verdict: Verdict,
    *,
    whole: bool,
) -> None:
    """Say which folders are not among those at hand; a fault where all should be."""
    if not whole:
        for node in sorted(elsewhere):
            verdict.notes.append(f"chains of the folder {node} are kept elsewhere.")
        return
    for node in sorted({anchored.node for anchored in known.values()} - nodes):
        verdict.faults.append(f"the folder {node} is missing, or its file node was.")
