"""Other beacons, whose client is imported where there are any, and no sooner."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from beacon.cli.listed import Listed, Target
    from beacon.model.variant import Reference
    from beacon.settings import Settings

_TARGETS = "beacon.cli.targets"


def addressed(url: str, token: str | None, assembly: str) -> Awaitable[Target]:
    """Return the beacon at an address; see ``targets.addressed``."""
    found: Callable[[str, str | None, str], Awaitable[Target]]
    found = import_module(_TARGETS).addressed
    return found(url, token, assembly)


def peers_of(settings: Settings, assembly: str) -> Awaitable[list[Target]]:
    """Return all peers; see ``targets.peers_of``."""
    found: Callable[[Settings, str], Awaitable[list[Target]]]
    found = import_module(_TARGETS).peers_of
    return found(settings, assembly)


def listed(target: Target, references: Mapping[str, Reference], jobs: int) -> Listed:
    """Return what asks a beacon for lists; see ``Listed``."""
    kind: type[Listed] = import_module("beacon.cli.listed").Listed
    return kind(target, references, jobs)


def shown(url: str) -> str:
    """Return an address without what it may hold of credentials."""
    return cast("str", import_module("beacon.cli.elsewhere").shown(url))
