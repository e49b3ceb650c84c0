"""The token a command shows another beacon: from a file, or the environment.

It goes to one address and no further; of what it is nothing is ever printed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from yarl import URL

from beacon.model.errors import UsageError
from beacon.model.hosts import is_private

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

VARIABLE = "BEACON_TOKEN"
_Command = TypeVar("_Command", bound="Callable[..., object]")


def token_option(command: _Command) -> _Command:
    """Give a command the option that names the file of a token."""
    return click.option(
        "--token-file",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help=f"File with a bearer token for the URL; otherwise ${VARIABLE}.",
    )(command)


def token_of(path: Path | None) -> str | None:
    """Return the bearer token; ``None`` where there is none.

    Raises:
        UsageError: when it has characters that no header may have.
    """
    if path is None:
        found = os.environ.get(VARIABLE, "").strip()
        place = f"${VARIABLE}"
    else:
        found = path.read_text(encoding="utf-8", errors="replace").strip()
        place = str(path)
    if not found.isascii() or any(not each.isprintable() for each in found):
        message = f"{place} holds no token: it is one line of plain characters"
        raise UsageError(message)
    if path is not None and not found:
        message = f"{place} is empty, and holds no token"
        raise UsageError(message)
    return found or None


def token_for(urls: Sequence[str], path: Path | None) -> str | None:
    """Return the token that is shown at the one address that is asked.

    Raises:
        UsageError: when it would go to several, to none, or be read on the way.
    """
    if not urls:
        if path is not None:
            message = "--token-file is shown at a --url, and none is given"
            raise UsageError(message)
        return None
    token = token_of(path)
    if token is None:
        return None
    if len(urls) > 1:
        message = "a token is shown at one --url, and several are given"
        raise UsageError(message)
    if not _is_private(urls[0]):
        message = f"a token is not sent to {_shown(urls[0])}: it is no https:// address"
        raise UsageError(message)
    return token


def _is_private(address: str) -> bool:
    """Whether nobody on the way can read what is sent; what is no URL is said later."""
    try:
        url = URL(address)
    except ValueError:
        return True
    return url.scheme != "http" or is_private(url.scheme, url.host or "")


def _shown(address: str) -> str:
    return str(URL(address).with_user(None).with_query(None).with_fragment(None))
