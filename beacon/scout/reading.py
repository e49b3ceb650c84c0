"""Bodies as Scout sends them → values.  What is wrong is one sentence (422)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from beacon.ingest.feeding import Asked
from beacon.ingest.submissions import Fed
from beacon.model.assemblies import find_assembly
from beacon.model.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST = 4096
_HGNC = re.compile(r"(?:HGNC:)?([0-9]{1,9})", re.IGNORECASE)
_ENSEMBL = re.compile(r"ENSG[0-9]{11}(?:\.[0-9]+)?", re.IGNORECASE)
_NO_OBJECT = "the body is no JSON object"

Body = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A dataset that Scout wants to feed."""

    dataset: Fed
    name: str
    description: str | None


def read_dataset(body: object) -> Described:
    """Return what ``POST /add_dataset`` asks for.

    Raises:
        InvalidRequest: naming what is wrong.
    """
    told = _object(body)
    identity = _text(told, "id")
    description = told.get("description")
    return Described(
        dataset=Fed(id=identity, assembly=_assembly(told, "build")),
        name=_text(told, "name") if told.get("name") else identity,
        description=description[:_LONGEST] if isinstance(description, str) else None,
    )


def read_addition(body: object) -> Asked:
    """Return what ``POST /add`` asks for.

    Raises:
        InvalidRequest: naming what is wrong.
    """
    told = _object(body)
    return Asked(
        dataset=_text(told, "dataset_id"),
        assembly=_assembly(told, "assemblyId"),
        samples=_texts(told, "samples"),
        path=_text(told, "vcf_path"),
        genes=_genes(told.get("genes")),
    )


def read_leaving(body: object) -> tuple[str, tuple[str, ...]]:
    """Return from which dataset ``DELETE /delete`` takes whom.

    Raises:
        InvalidRequest: naming what is wrong.
    """
    told = _object(body)
    return _text(told, "dataset_id"), _texts(told, "samples")


def _object(body: object) -> Body:
    if not isinstance(body, Mapping):
        raise InvalidRequest(_NO_OBJECT)
    return body


def _text(told: Body, name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
        message = f"{name} is missing, or no text of at most {_LONGEST:,} letters"
        raise InvalidRequest(message, parameter=name)
    return value


def _texts(told: Body, name: str) -> tuple[str, ...]:
    values = told.get(name)
    texts = values if isinstance(values, list) else [None]
    if not all(isinstance(each, str) and 0 < len(each) <= _LONGEST for each in texts):
        message = f"{name} is missing, or no list of names"
        raise InvalidRequest(message, parameter=name)
    return tuple(dict.fromkeys(texts))


def _assembly(told: Body, name: str) -> str:
    known = find_assembly(_text(told, name))
    if known is None:
        message = f"{name} is no assembly known here, such as GRCh37 or GRCh38"
        raise InvalidRequest(message, parameter=name)
    return known.name


def _genes(told: object) -> tuple[str, ...] | None:
    """Return the ids of genes, as a table of genes has them."""
    if told is None:
        return None
    kind = told.get("id_type") if isinstance(told, Mapping) else None
    reading = _ID_TYPES.get(kind) if isinstance(kind, str) else None
    if reading is None:
        message = "genes has no id_type HGNC or Ensembl"
        raise InvalidRequest(message, parameter="genes")
    ids = told.get("ids") if isinstance(told, Mapping) else None
    if not isinstance(ids, Sequence) or isinstance(ids, str):
        message = "genes.ids is no list"
        raise InvalidRequest(message, parameter="genes")
    return tuple(dict.fromkeys(map(reading, ids)))


def _hgnc(told: object) -> str:
    found = _HGNC.fullmatch(str(told)) if isinstance(told, (int, str)) else None
    if found is None:
        raise _no_id(told, "HGNC")
    return f"HGNC:{int(found[1])}"


def _ensembl(told: object) -> str:
    found = _ENSEMBL.fullmatch(told) if isinstance(told, str) else None
    if found is None:
        raise _no_id(told, "Ensembl gene")
    return found[0].partition(".")[0].upper()


def _no_id(told: object, kind: str) -> InvalidRequest:
    message = f"genes.ids holds {str(told)[:40]!r}, which is no {kind} id"
    return InvalidRequest(message, parameter="genes")


_ID_TYPES: Mapping[str, Callable[[object], str]] = {"HGNC": _hgnc, "Ensembl": _ensembl}
