"""Many variants in one request: lines in, lines out, in the same order.

A line that cannot be read or understood answers ``no_answer`` with a sentence
and never spoils its neighbours.  Nothing here asks anything; see ``api.batch``.
"""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import orjson

from beacon.model.errors import BeaconError, InvalidRequest, RequestTooLarge
from beacon.model.notation import PLAIN_VCF, parse, vcf_style
from beacon.model.outline import Outline
from beacon.model.query import Granularity, Include, Query
from beacon.model.spelling import reference_of
from beacon.model.status import Status, overall
from beacon.wire.info import given
from beacon.wire.reading import read_json, shown
from beacon.wire.requests import Address, Understanding, gather_line, understand
from beacon.wire.responses import count_members, lift_members

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from beacon.model.counts import AlleleCounts
    from beacon.model.disclosure import DatasetDisclosure, Disclosure
    from beacon.model.outline import Spelled
    from beacon.model.pattern import VariantPattern
    from beacon.wire.info import Document

_ARRAY = b"["
_WRITTEN = 4096
"""Statements that are kept as they are written."""
_OUTLINES = 256
_SPELLED = frozenset({"variant", "assemblyId", "assembly", "id"})
_EXCLUDE = "exclude"
_LONGEST_LINE = 262_144
"""Bytes: two alleles of the longest there are, and what stands around them."""
_SHOWN = 80
_TOO_LONG = f"A line of a batch has at most {_LONGEST_LINE:,} bytes."
MOST_EXCLUDED = 100
"""So many individuals one question may leave out."""

_DATASETS = frozenset({"datasets", "datasetids"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a batch: what was sent, or why it is no JSON.

    Attributes:
        value: what the line holds; the text itself where it is no JSON.
        error: why it cannot be read.
        is_sent: whether it was sent; otherwise it tells of the batch as a whole.
    """

    value: object
    error: str | None = None
    is_sent: bool = True

    @property
    def echo(self) -> object:
        """What the answer repeats: the variant as it was given."""
        if not isinstance(self.value, dict):
            return self.value
        is_spelled = "variant" in self.value
        return self.value["variant"] if is_spelled else _without_id(self.value)


Raw = Line | bytes
"""A line as it came, or one that was read as part of something larger."""


def _without_id(value: dict[str, object]) -> dict[str, object]:
    return {name: item for name, item in value.items() if name != "id"}


def split(body: bytes, *, most: int) -> list[Raw]:
    """Return the lines of a batch: NDJSON, or the items of one JSON array.

    Raises:
        RequestTooLarge: when there are more than ``most``.
        InvalidRequest: when a JSON array cannot be read.
    """
    text = body.removeprefix(BOM_UTF8).strip()
    found: list[Raw] = []
    if text.startswith(_ARRAY):
        items = read_json(text)
        found += [Line(value=i) for i in (items if isinstance(items, list) else [])]
    else:
        found += _lines(text)
    if len(found) > most:
        message = f"A batch holds at most {most} variants; this one has {len(found)}."
        raise RequestTooLarge(message)
    return found


def _lines(text: bytes) -> list[Raw]:
    """Return the lines of a text that hold anything, without blanks around them."""
    return [line for each in text.splitlines() if (line := each.strip())]


class Arriving:
    """Cuts a batch into lines while it comes.

    Args:
        most: lines it may have.
        largest: bytes it may have.
    """

    def __init__(self, *, most: int, largest: int) -> None:
        self._most = self._left = most
        self._largest = largest
        self._size = 0
        self._rest = bytearray()
        self._is_array: bool | None = None
        self._is_marked = False
        self.is_over = False
        """Whether all of it has come."""

    def take(self, more: bytes) -> list[Raw]:
        """Return the lines that are complete with what has come; nothing ends it.

        An array is complete at its end.  Where lines are too many, those that are
        not come first, and the next call fails.

        Raises:
            RequestTooLarge: when there are too many lines or bytes.
            InvalidRequest: when a JSON array cannot be read.
        """
        self.is_over = not more
        if self._left < 0:
            message = f"A batch holds at most {self._most} variants; this one has more."
            raise RequestTooLarge(message)
        self._size += len(more)
        if self._size > self._largest:
            message = f"The request body is larger than {self._largest} bytes."
            raise RequestTooLarge(message)
        self._rest += more
        text = self._complete()
        if not text:
            return []
        if self._is_array:
            return split(text, most=self._most)
        found = _lines(text)
        kept = found[: self._left]
        self._left -= len(found)
        if self._left < 0:
            self.is_over = False  # it ends with what is wrong with it
        return kept

    def _complete(self) -> bytes:
        """Take what no later byte can change."""
        if self._is_array is None and not self._begins():
            return b""
        end = len(self._rest)
        if not self.is_over:
            end = 0 if self._is_array else self._rest.rfind(b"\n") + 1
        text = bytes(self._rest[:end])
        del self._rest[:end]
        return text

    def _begins(self) -> bool:
        """Find out what it is: its first bytes may be a mark, or blank."""
        is_short = len(self._rest) < len(BOM_UTF8)
        if is_short and not self._is_marked and not self.is_over:
            return False
        text = self._rest if self._is_marked else self._rest.removeprefix(BOM_UTF8)
        self._is_marked = True
        text = self._rest = text.lstrip()
        if text:
            self._is_array = text.startswith(_ARRAY)
        return bool(text)


def read_line(raw: Raw) -> Line:
    """Return what a line holds, or why it cannot be read."""
    if isinstance(raw, Line):
        return raw
    if len(raw) > _LONGEST_LINE:
        start = raw[:_SHOWN].decode("utf-8", errors="replace")
        return Line(value=f"{start}…", error=_TOO_LONG)
    try:
        return Line(value=read_json(raw))
    except InvalidRequest as failure:
        text = raw.decode("utf-8", errors="replace")
        return Line(value=text, error=str(failure))


def question(line: Line, known: Understanding) -> Query:
    """Return the question one line asks: about one allele, of the datasets it names.

    Raises:
        InvalidRequest: one sentence saying why it cannot be asked.
    """
    if line.error is not None:
        raise InvalidRequest(line.error)
    if isinstance(line.value, str) and len(line.value) > _LONGEST_LINE:
        raise InvalidRequest(_TOO_LONG)
    datasets: tuple[str, ...] | None = None
    excluded: tuple[str, ...] = ()
    match line.value:
        case str() as text:
            pattern = _spelled(text, None, known)
        case dict() as members:
            excluded = _excluded(members.get(_EXCLUDE))
            asked = {n: v for n, v in members.items() if n != _EXCLUDE}
            pattern, datasets = _asked(asked, known)
        case _:
            message = f"A line must be a JSON object, not {shown(line.value)}."
            raise InvalidRequest(message)
    return Query(
        datasets=datasets,
        pattern=pattern,
        assembly=pattern.assembly,
        granularity=Granularity.COUNT,
        include=Include.ALL,
        excluded=excluded,
    )


def _excluded(named: object) -> tuple[str, ...]:
    """Return the individuals that a line leaves out: one, or a list of them."""
    match named:
        case None:
            return ()
        case str():
            names: list[object] = [named]
        case list():
            names = named
        case _:
            names = [named]
    if not all(isinstance(name, str) and name.strip() for name in names):
        message = (
            f"{_EXCLUDE} must be the id of an individual, or a list of them,"
            f" not {shown(named)}."
        )
        raise InvalidRequest(message, parameter=_EXCLUDE)
    if len(names) > MOST_EXCLUDED:
        message = f"{_EXCLUDE} names at most {MOST_EXCLUDED} individuals."
        raise InvalidRequest(message, parameter=_EXCLUDE)
    return tuple(dict.fromkeys(str(name).strip() for name in names))


def _asked(
    members: dict[str, object], known: Understanding
) -> tuple[VariantPattern, tuple[str, ...] | None]:
    """Return what an object asks (a spelled variant, or parameters), and of whom."""
    if "variant" not in members:
        asked = understand(gather_line(_without_id(members)), Address(), known)
        return _allele(asked.pattern), asked.datasets
    text = members["variant"]
    if not isinstance(text, str):
        message = f"variant must be text, not {shown(text)}."
        raise InvalidRequest(message, parameter="variant")
    narrowing = {n: v for n, v in members.items() if n.lower() in _DATASETS}
    assembly = _assembly(members.keys() - narrowing.keys(), members)
    if not narrowing:
        return _spelled(text, assembly, known), None
    asked = understand(gather_line(narrowing), Address(), known)
    return _spelled(text, assembly, known), asked.datasets


def _assembly(given_here: AbstractSet[str], members: dict[str, object]) -> str | None:
    """Return the assembly beside a spelled variant, and refuse what is not known."""
    unknown = given_here - _SPELLED
    if unknown:
        message = f"{shown(min(unknown))} is not known beside variant."
        raise InvalidRequest(message)
    named = members.get("assemblyId", members.get("assembly"))
    if named is not None and not isinstance(named, str):
        message = f"assemblyId must be text, not {shown(named)}."
        raise InvalidRequest(message, parameter="assemblyId")
    return named or None


def _spelled(text: str, assembly: str | None, known: Understanding) -> VariantPattern:
    return _allele(
        parse(
            text,
            assembly=assembly,
            loaded=known.loaded,
            references=known.references,
            genes=known.genes,
        )
    )


def _allele(pattern: VariantPattern | None) -> VariantPattern:
    """Refuse a question that is about more than one allele."""
    if pattern is None or not (pattern.is_single_allele or pattern.name):
        message = (
            "A list asks for alleles and rsIDs only, as 22-16050408-T-C; "
            "ask for a region, a gene or a structural variant by itself."
        )
        raise InvalidRequest(message)
    return pattern


class Plain(NamedTuple):
    """A line that asks for one allele as programs write thousands of them.

    Attributes:
        head: what its answer begins with: the variant as it was given, and its id.
    """

    outline: Outline
    allele: Spelled
    head: bytes

    def answered(self, said: bytes) -> bytes:
        """Return the line that answers it, by what ``Members`` joined."""
        return b"%b,%b}\n" % (self.head, said)


class Plainly:
    """Reads lines of one batch that are written in the plainest way.

    ``question`` says what a line asks; of lines that differ in place and bases
    alone it is asked once.

    Args:
        known: what lines are understood with.
    """

    def __init__(self, known: Understanding) -> None:
        self._known = known
        self._outlines: dict[tuple[str, str | None], Outline | None] = {}

    def read(self, raw: Raw) -> Plain | None:
        """Return a plain line; ``None``: it must be read the long way."""
        value = _plain_members(raw) if isinstance(raw, bytes) else None
        if value is None:
            return None
        text, named = value.get("variant"), value.get("assemblyId")
        rest = len(value) - ("id" in value) - ("assemblyId" in value)
        if not isinstance(text, str) or isinstance(named, int) or rest != 1:
            return None
        found = PLAIN_VCF.fullmatch(text)
        if found is None:
            return None
        contig, _, pos, ref, alt = found.groups()
        try:
            outline = self._outlines[contig, named]
        except KeyError:
            outline = self._learn(contig, named, value)
        if outline is None:
            return None
        try:
            allele = outline.spelled(int(pos) - 1, ref, alt)
        except InvalidRequest:
            return None  # the long way says why
        sent = value.get("id")
        if sent is None:
            return Plain(outline, allele, b'{"variant":"%b"' % text.encode())
        marked = b"%d" % sent if isinstance(sent, int) else orjson.dumps(sent)
        head = b'{"variant":"%b","id":%b' % (text.encode(), marked)
        return Plain(outline, allele, head)

    def _learn(
        self, contig: str, assembly: str | None, value: Mapping[str, str | int]
    ) -> Outline | None:
        """Return the outline of a line, and keep it for others like it."""
        try:
            query = question(Line(value=dict(value)), self._known)
        except BeaconError:
            return None
        pattern = query.pattern
        if pattern is None or not pattern.spellings:
            return None
        reference = reference_of(pattern.sequence, self._known.references)
        outline: Outline | None = Outline(query, reference)
        if outline is not None and not outline.is_plain:
            outline = None
        if len(self._outlines) >= _OUTLINES:
            self._outlines.clear()
        self._outlines[contig, assembly] = outline
        return outline


def _plain_members(raw: bytes) -> dict[str, str | int] | None:
    """Return what ``read_json`` gives of an object of plain texts and whole numbers.

    Without escapes every quote begins or ends a text, so that their number tells
    whether a name was given twice.  ``None``: it is another value, or has to be
    read with more care.
    """
    if b"\\" in raw:
        return None
    try:
        value = orjson.loads(raw)
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    kinds = list(map(type, value.values()))
    texts = kinds.count(str)
    if texts + kinds.count(int) != len(kinds):
        return None
    return value if raw.count(b'"') == 2 * (len(value) + texts) else None


class Member(NamedTuple):
    """What one dataset says, as it is written, its word, and why it is no answer."""

    text: bytes
    status: Status
    doubts: Sequence[str]


class Members:
    """Words answers to plain lines: what follows the head of each."""

    def of(self, part: DatasetDisclosure, doubts: Sequence[str]) -> Member:
        """Return what one dataset says."""
        return Member(orjson.dumps(dataset_members(part)), part.status, doubts)

    def counting(
        self, part: DatasetDisclosure, doubts: Sequence[str]
    ) -> Callable[[AlleleCounts], Member]:
        """Return what words the same of other counts."""
        said, status = (
            dataset_members(replace(part, counts=None, coverage=None)),
            part.status,
        )
        head = orjson.dumps(said)[:-1]
        tail = orjson.dumps({"coverage": part.coverage})[1:] if part.coverage else b"}"
        between = b"," if part.coverage else b""

        def member(counts: AlleleCounts) -> Member:
            members = orjson.dumps(count_members(counts))[1:-1]
            first = b"," if members else b""
            text = b"".join((head, first, members, between, tail))
            return Member(text, status, doubts)

        return member

    def joined(self, words: Sequence[Member]) -> bytes:
        """Return what is said of an allele."""
        status = overall([word.status for word in words])
        parts = b",".join([word.text for word in words])
        said = b'"status":"%b","datasets":[%b]' % (status.value.encode(), parts)
        if status is not Status.NO_ANSWER:
            return said
        doubts = dict.fromkeys(doubt for word in words for doubt in word.doubts)
        if not doubts:
            return said
        return said + b',"error":' + orjson.dumps(" ".join(doubts))

    def laid(self, words: Sequence[Member], parts: Sequence[DatasetDisclosure]) -> None:
        """Say that members are written one by one."""


class Pen:
    """Writes answers as lines of JSON; what is said again is not written again."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[DatasetDisclosure, orjson.Fragment]] = {}

    def answered(self, line: Line, disclosure: Disclosure) -> bytes:
        """Return the line that answers a line; no answer says why."""
        try:
            return _dumped(answered(line, disclosure, self._written))
        except TypeError:  # an echo that holds an integer beyond 64 bits
            return json.dumps(answered(line, disclosure)).encode() + b"\n"

    def unanswered(self, line: Line, sentence: str) -> bytes:
        """Return the line that says why there is no answer."""
        document = unanswered(line, sentence)
        try:
            return _dumped(document)
        except TypeError:
            return json.dumps(document).encode() + b"\n"

    def _written(self, part: DatasetDisclosure) -> orjson.Fragment:
        """Return what a dataset says; the very same statement is written once."""
        known = self._known.get(id(part))
        if known is None:
            if len(self._known) >= _WRITTEN:
                self._known.clear()
            # Kept with its statement, so that no other one has its id.
            known = part, orjson.Fragment(orjson.dumps(dataset_members(part)))
            self._known[id(part)] = known
        return known[1]


def _dumped(document: Document) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)


def dataset_members(part: DatasetDisclosure) -> Document:
    """Return what is said of one dataset."""
    said: Document = {"id": part.dataset, "status": part.status.value}
    if part.counts is not None:
        said.update(count_members(part.counts))
    if part.counts is not None and part.adjusted_to is not None:
        said["countPrecision"] = "rounded"
        said["countAdjustedTo"] = [part.adjusted_to]
    if part.coverage is not None:
        said["coverage"] = part.coverage
    if part.lifted is not None:
        said["lifted"] = lift_members(part.lifted)
    return said


def answered(
    line: Line,
    disclosure: Disclosure,
    written: Callable[[DatasetDisclosure], object] = dataset_members,
) -> Document:
    """Return the line that answers a line; no answer says why.

    ``written`` gives what one dataset says.
    """
    status = disclosure.status
    is_open = status is Status.NO_ANSWER
    error = " ".join(disclosure.warnings) if is_open else None
    more = {
        "alleles": _alleles(disclosure, written) if disclosure.alleles else None,
        "error": error or None,
        "warnings": None if is_open else _warnings(line, disclosure),
    }
    return _line(
        line,
        status=status.value,
        datasets=[written(part) for part in disclosure.datasets],
        **{name: value for name, value in more.items() if value is not None},
    )


def _warnings(line: Line, disclosure: Disclosure) -> list[str] | None:
    """Return whose counts are not without the individuals that were left out."""
    asks = isinstance(line.value, dict) and line.value.get(_EXCLUDE)
    return list(disclosure.warnings) or None if asks else None


def _alleles(
    disclosure: Disclosure, written: Callable[[DatasetDisclosure], object]
) -> list[Document]:
    """Return the alleles of a name, labelled, each with its answer."""
    return [
        {
            "variant": vcf_style(named.allele),
            "assemblyId": named.allele.contig.assembly,
            "status": named.disclosure.status.value,
            "datasets": [written(part) for part in named.disclosure.datasets],
        }
        for named in disclosure.alleles
    ]


def unanswered(line: Line, sentence: str) -> Document:
    """Return the line that says why there is no answer."""
    return _line(line, status=Status.NO_ANSWER.value, datasets=[], error=sentence)


def _line(line: Line, **members: object) -> Document:
    if not line.is_sent:
        return members
    sent = line.value.get("id") if isinstance(line.value, dict) else None
    return {"variant": line.echo} | given(id=sent) | members
