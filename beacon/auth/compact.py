"""A signed token as it is written (JWS compact form), read strictly.

What two readers could read differently is refused: padding, stray bits, names
that come twice, numbers that are none.  Nothing is verified here.
"""

from __future__ import annotations

import json
import math
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn

from beacon.auth.doubts import Doubt
from beacon.model.errors import NotIdentified

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST: Final = 16 * 1024
"""Characters of a token or a visa."""
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compact:
    """What a token says; whether that is true is yet to be seen."""

    text: str
    header: Mapping[str, object]
    claims: Mapping[str, object]


def read_compact(text: str) -> Compact:
    """Return what a token says.

    Raises:
        NotIdentified: when it is no token, or could be read in two ways.
    """
    if len(text) > LONGEST:
        raise NotIdentified(Doubt.TOO_LONG)
    if not _COMPACT.fullmatch(text):
        raise NotIdentified(Doubt.MALFORMED)
    header, claims, signature = text.split(".")
    _bytes(signature)
    return Compact(text=text, header=_object(header), claims=_object(claims))


def _bytes(part: str) -> bytes:
    try:
        found = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise NotIdentified(Doubt.MALFORMED) from None
    if urlsafe_b64encode(found).rstrip(b"=") != part.encode():
        raise NotIdentified(Doubt.MALFORMED)
    return found


def _object(part: str) -> Mapping[str, object]:
    try:
        found = json.loads(
            _bytes(part).decode(),
            object_pairs_hook=_once,
            parse_constant=_refuse,
            parse_float=_finite,
        )
        # What cannot be written again (half a surrogate pair) is no text.
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise NotIdentified(Doubt.MALFORMED) from None
    if not isinstance(found, dict):
        raise NotIdentified(Doubt.MALFORMED)
    return found


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a name comes twice"
        raise ValueError(message)
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _finite(number: str) -> float:
    found = float(number)
    if not math.isfinite(found):
        raise ValueError(number)
    return found
