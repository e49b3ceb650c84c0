"""What came of one exchange with a peer: its bytes as it sent them, or silence.

Nothing of a body is read here.  A header is kept where somebody needs it, and no other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.model.nodes import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a peer sent: whatever HTTP status, but no redirect and nothing too large.

    Attributes:
        status: of HTTP.
        headers: ``content-type``, ``retry-after``, ``etag``, ``last-modified``; by
            lower-case name, as sent.
        body: unpacked; of an error (4xx, 5xx) no more than a page.
        seconds: from the question to the last byte.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """No answer, and why.

    Attributes:
        reason: the word for it.
        sentence: the same for people; nothing of what the peer sent is in it.
        seconds: until it was given up.
        retry_after: seconds it is left alone, where that is known.
        is_ours: whether it says nothing of the peer: it was not asked, for want of a
            turn or of credentials.
    """

    reason: Reason
    sentence: str
    seconds: float = 0.0
    retry_after: float | None = None
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class SubjectToken:
    """The token a requester came with.  It goes to a peer's ``token_url`` only.

    That is RFC 8693: the authorisation server gives one for the peer in its place.
    """

    text: str = field(repr=False)

    def __str__(self) -> str:
        return "(a token)"
