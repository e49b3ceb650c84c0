"""Documents about individuals, biosamples, runs, analyses and cohorts.

They are carried, not computed with: spec-shaped JSON, checked once at load and
given back as it is.  What we know of one is its id, and whose it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from beacon.model.dataset import Input

Json = dict[str, object]
"""One JSON object, as a file or an answer holds it."""

INDIVIDUAL_KEY = "individualId"
MEMBERS = "individualIds"
"""The member of a cohort's record that lists its people; kept apart from it."""
LINKS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "individual": MappingProxyType({}),
        "biosample": MappingProxyType({"individualId": "individual"}),
        "run": MappingProxyType(
            {"biosampleId": "biosample", "individualId": "individual"}
        ),
        "analysis": MappingProxyType(
            {
                "runId": "run",
                "biosampleId": "biosample",
                "individualId": "individual",
            }
        ),
    }
)
"""Of each entry type that documents are about: its links, and where they lead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Under:
    """The record whose records are asked for: ``/{type}/{id}/…``.

    Attributes:
        entry_type: its id, e.g. ``biosample``; ``genomicVariant`` for carriers.
        identity: its id, as in the path.
    """

    entry_type: str
    identity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentSet:
    """The documents of one entry type in one dataset; replaced as a whole.

    Attributes:
        number: unique over the whole store.
        count: how many documents.
        fingerprint: digest of inputs and meaning; equal means the same content, of
            which those who withdrew are left out.
        left_out: of runs, the ids of those of people who withdrew: analyses may
            name these alone.
    """

    number: int
    entry_type: str
    dataset: str
    count: int
    fingerprint: str
    published: datetime
    inputs: tuple[Input, ...] = ()
    left_out: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One document, with what it is linked to.

    Attributes:
        links: by the name of the link, the id it holds.
        members: of a cohort, the individuals it lists; ``None``: all of its dataset.
    """

    id: str
    document: Json
    links: Mapping[str, str] = field(default_factory=dict)
    members: tuple[str, ...] | None = None
