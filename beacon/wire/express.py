"""Answers to requests of a known form, put together from what is written already.

An answer below record granularity is its ``meta``, in which the allele alone
differs; a summary, of which there are few; and one piece for each dataset, which
is kept with what is said of it.  The bytes are those of ``responses``, cut and
joined; what is not plainly so is left to the long way.
"""

from __future__ import annotations

from dataclasses import replace
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, cast

from beacon.model.query import Granularity
from beacon.model.status import Status
from beacon.wire.envelopes import granularity_of, included
from beacon.wire.responses import result_set_below_records, result_sets
from beacon.wire.writing import written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beacon.model.disclosure import DatasetDisclosure, Disclosure
    from beacon.model.query import Include
    from beacon.wire.forms import Form, Parts
    from beacon.wire.info import Document, Speaker

_START, _END = 900_719_925_474_001, 900_719_925_474_002
_REF, _ALT = "<the bases of REF>", "<the bases of ALT>"
_MODEL = (_START, _REF, _ALT, _END)
"""An allele that nobody asks for: where it stands in bytes, alleles stand."""
_QUOTED = (1, 2)
_MEMBERS = ["meta", "responseSummary", "response", "info"]
_MOST = 256
_MOST_SAID = 1024
"""So many disclosures at boolean granularity are known again."""
_EXISTS, _COUNTED, _UNCOUNTED = 1, 2, 4
_WORDS = {status: 8 << number for number, status in enumerate(Status)}


_Known = tuple[int, int | None, Granularity, int]
"""What a summary depends on: bits and step of the pieces, the total, the level."""


class Piece(NamedTuple):
    """One dataset's part of an answer.

    Attributes:
        text: how it is written; ``None``: it is not listed.
        said: whether it exists, whether it is counted, and its status, in bits.
        step: what its counts are multiples of; 0: they are exact.
    """

    text: bytes | None
    said: int
    step: int = 0


class _Frame(NamedTuple):
    """What stands around the pieces."""

    before: bytes
    after: bytes


class _Head:
    """An answer's ``meta``, with places for the parts of an allele.

    Args:
        order: which part stands at each place.
        texts: what stands before each, and after the last.
    """

    __slots__ = ("_format", "_in_order")

    def __init__(self, order: Sequence[int], texts: Sequence[bytes]) -> None:
        self._in_order = itemgetter(*order)
        places = [b"%b" if number in _QUOTED else b"%d" for number in order]
        cut = [text.replace(b"%", b"%%") for text in texts]
        self._format = b"".join(
            text + place for text, place in zip(cut, [*places, b""], strict=True)
        )

    def of(self, parts: Parts) -> bytes:
        """Return it with an allele."""
        start, ref, alt, end = parts
        allele = (start, ref.encode(), alt.encode(), end)
        return bytes(self._format % self._in_order(allele))


def _head(meta: bytes, *, has_end: bool) -> _Head | None:
    """Return ``meta`` with places for an allele; ``None``: they cannot be told."""
    cuts = [written(part) for part in _MODEL[: 4 if has_end else 3]]
    if any(meta.count(cut) != 1 for cut in cuts):
        return None
    places = sorted((meta.index(cut), n) for n, cut in enumerate(cuts))
    texts, after = [], meta
    for _, number in places:
        before, _, after = after.partition(cuts[number])
        # Bases stand in quotes, as they do in the model.
        quote = b'"' if number in _QUOTED else b""
        texts.append(before + quote)
        after = quote + after
    return _Head([number for _, number in places], (*texts, after))


class _Joining(NamedTuple):
    """What the answer of a disclosure is joined from, but for its allele."""

    said: Disclosure
    head: _Head
    frame: _Frame
    texts: Sequence[bytes]


class Script:
    """How answers to requests of one form are written.

    Args:
        form: of the requests; its outline is plain.
        speaker: the beacon that answers.
        has_end: whether the requests name where the allele ends.
    """

    def __init__(self, form: Form, speaker: Speaker, *, has_end: bool) -> None:
        requested = form.requested(_START, _REF, _ALT, _END if has_end else None)
        self.speaker = speaker
        self._has_end = has_end
        self._query = replace(form.outline.query, requested=requested)
        self._counts = self._query.granularity > Granularity.BOOLEAN
        include = self._query.include
        self._keys = {level: f"{level.word} {include}" for level in Granularity}
        self._heads: dict[Granularity, _Head | None] = {}
        self._said: dict[int, _Joining] = {}
        self._frames: dict[_Known, _Frame | None] = {}

    def written(self, parts: Parts, said: Disclosure) -> bytes | None:
        """Return an answer as bytes; ``None``: it must be written the long way.

        Args:
            parts: the allele of the request.
            said: what may be said.
        """
        kept = self._said.get(id(said))
        if kept is None or kept.said is not said:
            kept = self._joining(said)
            if kept is None:
                return None
        listed = b",".join(kept.texts)
        frame = kept.frame
        return b"".join((kept.head.of(parts), frame.before, listed, frame.after))

    def _joining(self, said: Disclosure) -> _Joining | None:
        """Return what an answer is joined from; ``None``: it cannot be.

        Of the very same disclosure it is the same, and at boolean granularity, where
        there are few of them, it is kept.
        """
        query = self._query
        if said.warnings != query.warnings or said.alleles:
            return None
        total = said.total if self._counts else None
        level = granularity_of(query, said, total)
        bits, step, texts = 0, 0, []
        key = self._keys[level]
        for part in said.datasets:
            piece = cast("Piece | None", part.kept.get(key))
            text, bit, rounds = piece or _piece(part, key, level, query.include)
            bits |= bit
            if rounds > step:
                step = rounds
            if text is not None:
                texts.append(text)
        known = bits, total, level, step
        frame = self._frames.get(known)
        if frame is None:
            frame = self._framed(known, said)
        head = self._heads.get(level)
        if frame is None or head is None:
            return None
        joining = _Joining(said, head, frame, texts)
        if not self._counts:
            self._keep(joining)
        return joining

    def _keep(self, joining: _Joining) -> None:
        if len(self._said) >= _MOST_SAID:
            self._said.clear()
        self._said[id(joining.said)] = joining

    def _framed(self, known: _Known, said: Disclosure) -> _Frame | None:
        """Return what stands around the pieces of an answer, for the first time.

        It is cut out of that answer, written the long way.
        """
        document = result_sets(self._query, said, self.speaker)
        response = cast("Document", document["response"])
        if [*document] != _MEMBERS or [*response] != ["resultSets"]:
            return None
        meta, summary, _, info = map(written, document.values())
        level = known[2]
        if level not in self._heads:
            self._heads[level] = _head(b'{"meta":' + meta, has_end=self._has_end)
        frame = None
        if said.status is not Status.NO_ANSWER:
            frame = _Frame(
                b',"responseSummary":' + summary + b',"response":{"resultSets":[',
                b']},"info":' + info + b"}",
            )
        if len(self._frames) >= _MOST:
            self._frames.clear()
        if frame is not None:
            self._frames[known] = frame
        return frame


def _piece(
    part: DatasetDisclosure, key: str, level: Granularity, include: Include
) -> Piece:
    """Return a dataset's part of an answer, for the first time."""
    text = None
    if included(include, [part]):
        own = min(level, part.granularity)
        text = written(result_set_below_records(part, own))
    said = _WORDS[part.status] | (_EXISTS if part.exists else 0)
    said |= _UNCOUNTED if part.total is None else _COUNTED
    piece = Piece(text, said, part.adjusted_to or 0)
    part.kept[key] = piece
    return piece
