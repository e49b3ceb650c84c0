"""Requests that differ from an earlier one in their allele alone.

A *form* is the text of a request with its allele cut out.  What it is understood
as is kept, and of the next request of that form only the allele is read.
The short way gives the very question, or the very error, that the long way of
``requests`` gives: what is not plainly of a form goes the long way, and a form is
kept only where both agree.  Forms belong to one ``Understanding``, so that nothing
they depend on can change under them.
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, cast

from beacon.model.entry_types import GENOMIC_VARIANT
from beacon.model.errors import InvalidRequest
from beacon.model.mould import Mould
from beacon.model.outline import Outline
from beacon.model.spelling import reference_of
from beacon.wire.express import Script
from beacon.wire.requests import (
    MOST_PARAMETERS,
    SECTION,
    gather_body,
    gather_parameters,
    understand,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    from beacon.model.disclosure import Disclosure
    from beacon.model.outline import Spelled
    from beacon.model.query import Query
    from beacon.model.variant import Reference
    from beacon.wire.info import Document, Speaker
    from beacon.wire.requests import Address, Asked, Understanding

    Parts = tuple[int, str, str, int | None]

_NAMES = ("start", "referenceBases", "alternateBases", "end")
_NEEDED = {*_NAMES[:3]}
_GAP = r"[ \t\r\n]*"
_VALUE = "(0|[1-9][0-9]{0,8}|[ACGTacgt]+)"
_IN_BODY = re.compile(
    rf'("(?:start|end)"{_GAP}:{_GAP}(?:\[{_GAP})?'
    rf'|"(?:reference|alternate)Bases"{_GAP}:{_GAP}")'
    rf'{_VALUE}(?={_GAP}[],}}"])'.encode()
)
_IN_QUERY = re.compile(
    rf"((?:\A|&)(?:start|end|referenceBases|alternateBases)=){_VALUE}(?=&|\Z)"
)
"""An allele's parts: what stands before each, and its value, which is cut out."""
_MOST = 256
_LONGEST = 4096
_SHORT = 1024


class Sent(NamedTuple):
    """A request as it came.

    Attributes:
        text: its query string, as it was sent.
        parameters: reads them out of the query string.
        body: of a POST; ``None`` of others.
    """

    text: str
    parameters: Callable[[], Iterable[tuple[str, str]]]
    body: bytes | None = None

    def gathered(self) -> Asked:
        """Return what it asks, in its query string and in its body.

        Raises:
            InvalidRequest: when it contradicts itself, or the body is no object, or
                it holds too much.
        """
        if self.text.count("&") >= MOST_PARAMETERS:
            message = f"A query string holds at most {MOST_PARAMETERS} parameters."
            raise InvalidRequest(message)
        asked = None if self.body is None else gather_body(self.body)
        return gather_parameters(self.parameters(), asked)

    def cut(self) -> Sequence[str] | Sequence[bytes]:
        """Return text, what names a part of an allele, that part, then text again."""
        if self.body is None:
            return _IN_QUERY.split(self.text)
        return () if self.text else _IN_BODY.split(self.body)

    def says_once(self, names: Iterable[str]) -> bool:
        """Whether each name is said once and plainly, in whatever case of letters."""
        if self.body is None:
            said = [name.lower() for name, _ in self.parameters()]
            return all(said.count(name.lower()) == 1 for name in names)
        plain = self.body.isascii() and b"\\" not in self.body
        text = self.body.lower()
        return plain and all(
            text.count(f'"{name}"'.lower().encode()) == 1 for name in names
        )


def understand_sent(sent: Sent, address: Address, known: Understanding) -> Query:
    """Return the question that a request asks.

    Raises:
        InvalidRequest: one sentence naming the parameter that is wrong.
    """
    told = recognise(sent, address, known)
    return told.question() if isinstance(told, Alike) else told


def recognise(sent: Sent, address: Address, known: Understanding) -> Alike | Query:
    """Return what a request is like that came before, or the question that it asks.

    Raises:
        InvalidRequest: one sentence naming the parameter that is wrong.
    """
    for latest in known.latest:
        alike = latest.told(sent, address)
        if alike is not None:
            return alike
    cut = sent.cut()
    if len(cut) not in (10, 13) or address.identity is not None:
        return understand(sent.gathered(), address, known)
    key = (address.about, address.under, *cut[::3], *cut[1::3])
    form = known.forms.get(key)
    if form is not None:
        parts = form.read(cut)
        if parts is not None:
            known.latest[:] = form.seen_again(address, cut)
            return Alike(form, parts)
    query = understand(sent.gathered(), address, known)
    if form is None:
        _keep(known.forms, key, _form_of(sent, cut, query, address, known))
    return query


class Latest:
    """The form that was met last: it is known by one look at the whole body.

    A body that begins, goes on and ends as that form does, with values in between as
    ``cut`` finds them, is cut into the very same pieces.

    Args:
        form: that was met.
        address: it belongs to.
        cut: a body of the form, cut.
    """

    __slots__ = ("_address", "_form", "_match")

    def __init__(self, form: Form, address: Address, cut: Sequence[bytes]) -> None:
        self._form = form
        self._address = address
        text = b""
        for before, name in zip(cut[::3], (*cut[1::3], b""), strict=True):
            text += re.escape(before + name)
            text += _VALUE.encode() if name else b""
        self._match = re.compile(text).fullmatch

    def told(self, sent: Sent, address: Address) -> Alike | None:
        """Return a request of the form; ``None``: it is none."""
        if sent.body is None or sent.text or address is not self._address:
            return None
        found = self._match(sent.body)
        parts = None if found is None else self._form.read_values(found.groups())
        return None if parts is None else Alike(self._form, parts)


def _keep(forms: dict[Hashable, Form], key: Hashable, form: Form | None) -> None:
    if form is None:
        return
    while len(forms) >= _MOST:
        del forms[next(iter(forms))]
    forms[key] = form


def _form_of(
    sent: Sent,
    cut: Sequence[str] | Sequence[bytes],
    query: Query,
    address: Address,
    known: Understanding,
) -> Form | None:
    """Return the form of a request that was understood, if it is a plain one."""
    named = [next(n for n in _NAMES if n in str(before)) for before in cut[1::3]]
    pattern = query.pattern
    if pattern is None or not pattern.spellings or query.test_mode:
        return None
    is_one = len(named) == len({*named}) and {*named} >= _NEEDED
    above = "" if address.under is None else address.under.identity
    is_short = len(above) + sum(map(len, cut)) <= _LONGEST
    if address.named(GENOMIC_VARIANT.id) is not None or not (is_one and is_short):
        return None
    if not sent.says_once(named):
        return None
    form = Form(query, named, reference_of(pattern.sequence, known.references))
    allele = form.read(cut)
    if allele is None or not form.says(*allele):
        return None
    return form if form.question(*allele) == query else None


class Form:
    """What requests are understood as that differ in their allele alone.

    Args:
        query: what one of them asks.
        named: the parts of its allele, in the order it gives them.
        reference: the genome its alleles are normalised with.

    Attributes:
        outline: what their questions have in common.
        script: how answers to them are written (``express``), once one was.
    """

    def __init__(
        self, query: Query, named: Sequence[str], reference: Reference | None
    ) -> None:
        self.outline = Outline(query, reference)
        self.script: Script | None = None
        self._latest: list[Latest] | None = None
        self._queries = Mould(query, "pattern", "requested")
        self._requested = {**query.requested}
        parameters = cast("Mapping[str, Document]", query.requested[_ASKED])
        self._parameters = {**parameters}
        self._variant = self._parameters.get(SECTION, {})
        self._parts = itemgetter(*(named.index(n) for n in _NAMES if n in named))

    def read(self, cut: Sequence[str] | Sequence[bytes]) -> Parts | None:
        """Return start, REF, ALT and end; ``None``: they are not plain ones."""
        return self.read_values(cut[2::3])

    def read_values(self, values: Sequence[str] | Sequence[bytes]) -> Parts | None:
        """Return start, REF, ALT and end, by the values in the order they are given."""
        start, reference, alternate, *end = self._parts(values)
        if not (start.isdigit() and reference.isalpha() and alternate.isalpha()):
            return None
        first = int(start)
        if not end:
            return first, _bases(reference), _bases(alternate), None
        if not end[0].isdigit() or int(end[0]) < max(first, 1):
            return None
        return first, _bases(reference), _bases(alternate), int(end[0])

    def seen_again(
        self, address: Address, cut: Sequence[str] | Sequence[bytes]
    ) -> list[Latest]:
        """Return how to know the next request of the form, where it is short."""
        if self._latest is None:
            is_body = isinstance(cut[0], bytes) and sum(map(len, cut)) <= _SHORT
            body = cast("Sequence[bytes]", cut)
            self._latest = [Latest(self, address, body)] if is_body else []
        return self._latest

    def says(self, start: int, ref: str, alt: str, end: int | None) -> bool:
        """Whether the request it was made of is echoed with this allele."""
        said = [self._variant.get(name) for name in _NAMES]
        return said == [[start], ref, alt, None if end is None else [end]]

    def question(self, start: int, ref: str, alt: str, end: int | None) -> Query:
        """Return what the request of an allele asks.

        Raises:
            InvalidRequest: when there can be no such allele there.
        """
        pattern = self.outline.pattern(self.outline.spelled(start, ref, alt))
        return self._queries.cast(pattern, self.requested(start, ref, alt, end))

    def requested(self, start: int, ref: str, alt: str, end: int | None) -> Document:
        """Return how the request of an allele is echoed."""
        echo = self._variant | {
            "start": [start],
            "referenceBases": ref,
            "alternateBases": alt,
        }
        if end is not None:
            echo["end"] = [end]
        parameters = self._parameters | {SECTION: echo}
        return self._requested | {_ASKED: parameters}


class Alike(NamedTuple):
    """A request of a known form, and the allele that it names.

    Attributes:
        parts: start, REF, ALT, and end where it is given.
    """

    form: Form
    parts: Parts

    def question(self) -> Query:
        """Return what it asks.

        Raises:
            InvalidRequest: when there can be no such allele there.
        """
        return self.form.question(*self.parts)

    def allele(self) -> Spelled:
        """Return the allele.

        Raises:
            InvalidRequest: when there can be no such allele there.
        """
        start, ref, alt, _ = self.parts
        return self.form.outline.spelled(start, ref, alt)

    def written(self, said: Disclosure, speaker: Speaker) -> bytes | None:
        """Return the answer as bytes; ``None``: it must be written the long way."""
        form = self.form
        script = form.script
        if script is None or script.speaker.identity is not speaker.identity:
            has_end = self.parts[3] is not None
            script = form.script = Script(form, speaker, has_end=has_end)
        return script.written(self.parts, said)


_ASKED = "requestParameters"


def _bases(text: str | bytes) -> str:
    return (text if isinstance(text, str) else text.decode()).upper()
