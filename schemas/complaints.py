"""What is wrong with a document, and where, in sentences people can act on.

A validator tells that a value "is not valid under any of the given schemas";
here the form that was most likely meant is found, and its fault is told.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

SHOWN = 40
"""Characters of a wrong value that are repeated."""
_CHOICES = ("oneOf", "anyOf")
_KINDS = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_PATTERNS = {
    r"^\w[^:]+:.+$": "be a prefix of two or more characters, a colon and a name",
    r"^(clinvar:)?\d+$": "be a number, with or without clinvar: before it",
}
_FORMATS = {
    "date": "a day as 2021-04-23",
    "date-time": "a moment as 2021-04-23T10:00:00Z",
    "uri": "an absolute address",
    "uri-template": "an address, with {id} for what varies",
}


class Fault(Protocol):
    """What the validator says of one fault."""

    message: str
    validator: str
    validator_value: object
    instance: object
    schema: Mapping[str, object]

    @property
    def absolute_path(self) -> Sequence[str | int]:
        """Where it is in the document."""

    @property
    def relative_path(self) -> Sequence[str | int]:
        """Where it is below the fault it belongs to."""

    @property
    def relative_schema_path(self) -> Sequence[str | int]:
        """Where its rule is below the rule it belongs to."""

    @property
    def context(self) -> Sequence[Fault]:
        """Of a choice, the faults of each of its forms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One fault of a document.

    Attributes:
        pointer: where it is, as a JSON Pointer (RFC 6901); the whole is ``""``.
        sentence: what is wrong, without a full stop, e.g. ``sex is missing``.
    """

    pointer: str
    sentence: str


def told(faults: Iterable[Fault]) -> Iterator[Complaint]:
    """Yield each fault once, in the order of the document's members."""
    seen: set[Complaint] = set()
    for fault in faults:
        for complaint in _of(fault):
            if complaint not in seen:
                seen.add(complaint)
                yield complaint


def _of(fault: Fault) -> Iterator[Complaint]:
    if fault.validator not in _CHOICES:
        yield _complaint(fault, _sentence(fault))
        return
    forms = _forms(fault)
    meant = [form for form in forms if _is_meant(form, fault)]
    if not forms or any(_is_double(form[0]) for form in forms):
        yield _complaint(fault, "fits several forms at once: keep to one of them")
    elif meant:
        nearest = min(meant, key=_nearness)
        yield from told(nearest)
    else:
        yield _complaint(fault, _choice(forms, fault))


def _forms(choice: Fault) -> list[list[Fault]]:
    """Return the faults of each form, choices between forms laid flat."""
    branches: dict[str | int, list[Fault]] = {}
    for fault in choice.context:
        branches.setdefault(fault.relative_schema_path[0], []).append(fault)
    forms: list[list[Fault]] = []
    for branch in branches.values():
        only = branch[0]
        is_choice = only.validator in _CHOICES and not only.relative_path
        if len(branch) == 1 and is_choice and only.context:
            forms += _forms(only)
        else:
            forms.append(branch)
    return forms


def _is_double(fault: Fault) -> bool:
    return fault.validator in _CHOICES and not fault.context


def _is_meant(form: list[Fault], choice: Fault) -> bool:
    """Whether a value looks like this form: the right members, a wrong one below."""
    place = list(choice.absolute_path)
    if any(fault.validator == "const" for fault in form):
        return False
    here = [fault for fault in form if list(fault.absolute_path) == place]
    has = set(choice.instance) if isinstance(choice.instance, dict) else set()
    return not here or any(has & _members(fault) for fault in here)


def _members(fault: Fault) -> set[str]:
    found = fault.schema.get("properties")
    return set(found) if isinstance(found, dict) else set()


def _nearness(form: list[Fault]) -> tuple[int, int, int]:
    """Return how far a value is from a form: few faults, right kinds, deep down."""
    kinds = sum(fault.validator == "type" for fault in form)
    return (len(form), kinds, -max(len(fault.absolute_path) for fault in form))


def _choice(forms: list[list[Fault]], choice: Fault) -> str:
    ways = []
    for form in forms:
        names = [name for fault in form for name in _missing(fault)]
        ways.append(" and ".join(dict.fromkeys(names)))
    if all(ways):
        return f"must have {_either(dict.fromkeys(ways))}"
    return f"has none of the forms allowed, is {_shown(choice.instance)}"


def _complaint(fault: Fault, sentence: str) -> Complaint:
    return Complaint(pointer=pointer(fault.absolute_path), sentence=sentence)


def pointer(path: Iterable[str | int]) -> str:
    """Return a path as a JSON Pointer."""
    steps = [str(step).replace("~", "~0").replace("/", "~1") for step in path]
    return "".join(f"/{step}" for step in steps)


def _sentence(fault: Fault) -> str:
    say = _SENTENCES.get(fault.validator)
    return fault.message if say is None else say(fault)


def _missing(fault: Fault) -> list[str]:
    names, has = fault.validator_value, fault.instance
    if fault.validator != "required":
        return []
    if not isinstance(names, list) or not isinstance(has, dict):
        return []
    return [name for name in names if name not in has]


def _required(fault: Fault) -> str:
    names = _missing(fault)
    verb = "is" if len(names) == 1 else "are"
    return f"{_listed(names)} {verb} missing"


def _type(fault: Fault) -> str:
    wanted = fault.validator_value
    kinds = wanted if isinstance(wanted, list) else [wanted]
    return _must(fault, f"be {_either(_KINDS.get(str(k), str(k)) for k in kinds)}")


def _enum(fault: Fault) -> str:
    words = fault.validator_value
    listed = words if isinstance(words, list) else [words]
    return _must(fault, f"be {_either(str(word) for word in listed)}")


def _pattern(fault: Fault) -> str:
    wanted = str(fault.validator_value)
    return _must(fault, _PATTERNS.get(wanted, f"match {wanted}"))


def _format(fault: Fault) -> str:
    form = str(fault.validator_value)
    return _must(fault, f"be {_FORMATS.get(form, form)}")


def _extra(fault: Fault) -> str:
    has = fault.instance if isinstance(fault.instance, dict) else {}
    names = [name for name in has if name not in _members(fault)]
    return f"{_listed(names)} may not stand here"


def _must(fault: Fault, what: str) -> str:
    return f"must {what}, is {_shown(fault.instance)}"


def _shown(value: object) -> str:
    if isinstance(value, dict | list) and value:
        return _KINDS["object" if isinstance(value, dict) else "array"]
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _listed(names: Iterable[str]) -> str:
    *first, last = list(names)
    return f"{', '.join(first)} and {last}" if first else last


def _either(names: Iterable[str]) -> str:
    *first, last = list(names)
    return f"{', '.join(first)} or {last}" if first else last


_SENTENCES: Mapping[str, Callable[[Fault], str]] = {
    "required": _required,
    "type": _type,
    "enum": _enum,
    "const": lambda fault: _must(fault, f"be {_shown(fault.validator_value)}"),
    "pattern": _pattern,
    "format": _format,
    "additionalProperties": _extra,
    "minItems": lambda fault: f"must have {fault.validator_value} or more entries",
    "minProperties": lambda fault: f"must have {fault.validator_value} or more members",
    "minimum": lambda fault: _must(fault, f"be {fault.validator_value} or more"),
    "uniqueItems": lambda _: "must not have the same entry twice",
}
