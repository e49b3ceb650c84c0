"""Other beacons, whose client is imported where there are any, and no sooner."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from beacon.cli.remote_batch import RemoteBatch
    from beacon.model.variant import Reference

_MODULE = "beacon.cli.remote_batch"


def remote_batch(url: str, references: Mapping[str, Reference]) -> RemoteBatch:
    """Return the beacon at an address; see ``RemoteBatch``."""
    kind: type[RemoteBatch] = import_module(_MODULE).RemoteBatch
    return kind(url, references)


def shown(url: str) -> str:
    """Return an address without what it may hold of credentials."""
    return cast("Callable[[str], str]", import_module(_MODULE).shown)(url)
