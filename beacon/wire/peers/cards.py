"""What a peer says of itself, read into our own values: who, which version, what of.

Pure: documents in, a ``Card`` out; what is not understood is a problem with a
sentence, never an exception.  An address it names is used only below its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from beacon.model.assemblies import find_assembly
from beacon.model.errors import InvalidRequest
from beacon.wire.peers.plain import (
    Members,
    items,
    members,
    name,
    parsed,
    text,
    truth,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_VERSION: Final = re.compile(r"v?[0-9]{1,3}(\.[0-9]{1,4}){0,3}")
_ID: Final = re.compile(r"[A-Za-z0-9._:~-]{1,100}")
_BELOW: Final = re.compile(r"(?!.*\.\.)(/[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,80}){1,8}")
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}(Z|[+-][0-9:]{5})"
)
_ENVIRONMENTS: Final = frozenset({"prod", "test", "dev", "staging"})
_GENOMIC: Final = frozenset({"genomicVariant", "genomicVariation", "g_variant"})
_MOST_DATASETS: Final = 2000
_MOST_SETS: Final = 200
_PAGE: Final = 10
"""Datasets that a beacon lists at once if nothing is said (Beacon v2)."""

ELSEWHERE: Final = "Its /map names addresses that are not below its own; not used."
"""What an address off its origin is answered with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A dataset of a peer, as far as the peer tells.

    Attributes:
        assembly: it is on.
        release: number of the one it serves.
        people: in it.
    """

    assembly: str | None = None
    release: int | None = None
    people: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a peer says of itself.

    Attributes:
        beacon: its id.
        name: of it.
        version: of Beacon that it speaks, as ``v2.1.0``.
        environment: that it says it is: ``prod``, ``test``, ``dev`` or ``staging``.
        updated: when it last changed, as it says (RFC 3339).
        is_network: whether it says that it asks others.
        datasets: names by id, of those it lists.
        held: what is told of each, by id.
        assemblies: that its datasets are on; empty where it does not say it of all.
        path: where its variants are asked for, below its address; ``None``: not said.
        problems: what cannot be believed or used of it, in sentences.
    """

    beacon: str | None = None
    name: str | None = None
    version: str | None = None
    environment: str | None = None
    updated: str | None = None
    is_network: bool = False
    datasets: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[str, Held] = field(default_factory=dict)
    assemblies: frozenset[str] = frozenset()
    path: str | None = None
    problems: tuple[str, ...] = ()


def read_card(documents: Mapping[str, bytes], url: str) -> Card:
    """Return what a peer's documents say.

    Args:
        documents: ``info``, ``map`` and ``datasets``, those that came.
        url: of the peer, below which its addresses must lie.
    """
    problems: list[str] = []
    info = _document(documents, "info", problems)
    told = members(info.get("response")) or info  # of v1, all of it
    meta = members(info.get("meta"))
    collected = _document(documents, "datasets", problems)
    listed = [*_listed(info), *_listed(collected)]
    kept = listed[:_MOST_DATASETS]
    is_whole = kept == listed and _is_whole(collected, {each for each, *_ in listed})
    path, elsewhere = _path(_document(documents, "map", problems), url)
    if elsewhere:
        problems.append(ELSEWHERE)
    if "info" in documents and _id(meta.get("beaconId") or told.get("id")) is None:
        problems.append("Its /info does not say which beacon it is.")
    return Card(
        beacon=_id(meta.get("beaconId") or told.get("id")),
        name=name(told.get("name")),
        version=_version(told.get("apiVersion") or meta.get("apiVersion")),
        environment=_environment(told.get("environment")),
        updated=_moment(told.get("updateDateTime")),
        is_network=truth(meta.get("isAggregated")) is True,
        datasets={each: title for each, title, _ in kept},
        held=_held(told),
        assemblies=(
            _assemblies([place for *_, place in kept]) if is_whole else frozenset()
        ),
        path=path,
        problems=tuple(dict.fromkeys(problems)),
    )


def is_document(body: bytes) -> bool:
    """Whether a body is a JSON object that tells no error."""
    return _object(body) is not None


def _document(
    documents: Mapping[str, bytes], which: str, problems: list[str]
) -> Members:
    """Return one document; what is none is a problem and empty."""
    body = documents.get(which)
    if body is None:
        return {}
    found = _object(body)
    if found is None:
        problems.append(f"Its /{which} is no JSON object, or tells an error.")
    return found or {}


def _object(body: bytes) -> Members | None:
    try:
        found = parsed(body)
    except InvalidRequest:
        return None
    is_told = isinstance(found, dict) and found.get("error") is None
    return members(found) if is_told else None


def _id(value: object) -> str | None:
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _version(value: object) -> str | None:
    return value if isinstance(value, str) and _VERSION.fullmatch(value) else None


def _environment(value: object) -> str | None:
    return value if isinstance(value, str) and value in _ENVIRONMENTS else None


def _moment(value: object) -> str | None:
    """Return a moment that is one, as it is written."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return None
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return None
    return value


def _listed(document: Members) -> Iterator[tuple[str, str, str | None]]:
    """Yield each dataset's id, its name, and the assembly it is said to be on.

    They are in ``/info`` of ours and of v1, and in the collections of ``/datasets``.
    """
    response = members(document.get("response")) or document
    places = (
        response.get("datasets"),
        members(response.get("info")).get("datasets"),
        response.get("collections"),
    )
    for value in (each for place in places for each in items(place)):
        each = members(value)
        known = _id(each.get("id"))
        if known is None:
            continue
        place = each.get("assemblyId", each.get("assembly"))
        yield known, name(each.get("name")) or known, text(place, 40)


def _held(told: Members) -> dict[str, Held]:
    """Return what ``/info`` tells of each dataset: that of ours does, and of v1."""
    places = (told.get("datasets"), members(told.get("info")).get("datasets"))
    found = {}
    for value in [each for place in places for each in items(place)][:_MOST_DATASETS]:
        each = members(value)
        known = _id(each.get("id"))
        if known is not None:
            place = find_assembly(
                text(each.get("assemblyId", each.get("assembly")), 40) or ""
            )
            found[known] = Held(
                assembly=None if place is None else place.name,
                release=whole(each.get("release")),
                people=whole(each.get("sampleCount")),
            )
    return found


def _is_whole(collected: Members, known: set[str]) -> bool:
    """Whether ``/datasets`` is all of it, not the first page of a longer list."""
    came = len(items(members(collected.get("response")).get("collections")))
    summary = members(collected.get("responseSummary"))
    for told in (summary.get("numTotalResults"), summary.get("resultsCount")):
        if told is not None:
            return whole(told) in (came, len(known))
    return came < _PAGE


def _assemblies(said: list[str | None]) -> frozenset[str]:
    """Return the assemblies of all datasets, if each says one that we know."""
    found = [find_assembly(each) if each is not None else None for each in said]
    names = frozenset(each.name for each in found if each is not None)
    return names if all(each is not None for each in found) else frozenset()


def _path(document: Members, url: str) -> tuple[str | None, bool]:
    """Return where variants are asked for, and whether an address lies elsewhere."""
    sets = members(members(document.get("response")).get("endpointSets"))
    elsewhere, found = False, None
    for key, value in list(sets.items())[:_MOST_SETS]:
        each = members(value)
        root = each.get("rootUrl")
        if not isinstance(root, str):
            continue
        below = path_below(root, url)
        elsewhere = elsewhere or below is None
        if found is None and (key in _GENOMIC or _is_genomic(each.get("entryType"))):
            found = below
    return found, elsewhere


def _is_genomic(entry_type: object) -> bool:
    return isinstance(entry_type, str) and entry_type in _GENOMIC


def path_below(address: str, url: str) -> str | None:
    """Return the part of an address after ``url``; ``None`` where it lies elsewhere.

    Same scheme, host and port, a plain path below the base, and nothing else: no
    dots that climb, no query, no name.
    """
    if not address.startswith(f"{url}/") or address.count("://") != 1:
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    below = address[len(url) :].removesuffix("/")
    is_plain = not (parts.query or parts.fragment or "@" in parts.netloc)
    return below if is_plain and _BELOW.fullmatch(below) else None
