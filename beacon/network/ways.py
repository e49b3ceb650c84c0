"""The way of a question: the beacons it has passed, as ``Via`` tells them.

Proxies write themselves into ``Via``, too; they ask nobody, and a question that came
by one is no question of a network.  Beacons are known by the protocol of their
member, which is no proxy's, and by nothing else: what a proxy calls itself is its own
choice, also where it is the id of a beacon.
RFC 9110, section 7.6.3.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_PROTOCOL: Final = "beacon/2"
_RECEIVED: Final = re.compile(r"(?:[A-Za-z]{1,16}/)?[0-9.]{1,8}")
_NAME: Final = re.compile(r"[!-~]{1,200}")
_MOST: Final = 32
_LONGEST: Final = 8192
"""Letters of all members together that are looked at."""


def told_way(via: Iterable[str]) -> str:
    """Return the ``Via`` of a question that has passed some beacons."""
    return ", ".join(f"{_PROTOCOL} {beacon}" for beacon in via)


def passed(values: Iterable[str]) -> tuple[str, ...]:
    """Return the beacons a question has passed, by its ``Via`` headers.

    Args:
        values: of the headers, in their order.
    """
    members = ",".join(values)[:_LONGEST].split(",", _MOST)[:_MOST]
    found = []
    for member in members:
        received, name, *comment = [*member.split(None, 2), "", ""][:3]
        if not _RECEIVED.fullmatch(received) or not _NAME.fullmatch(name):
            continue
        if comment[0] and not comment[0].startswith("("):
            continue
        if received.lower() == _PROTOCOL:
            found.append(name)
    return tuple(found)
