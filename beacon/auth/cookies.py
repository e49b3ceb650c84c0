"""Cookies of people who are logged in: their names, how they are read, when they count.

A browser sends a cookie whoever made it ask, so that a cookie counts only where the
browser says that our own page did, or somebody who followed a link to a page.  Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypedDict
from urllib.parse import urlsplit

from beacon.auth.doubts import Doubt
from beacon.model.errors import NotIdentified

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SAFE: Final = frozenset({"GET", "HEAD"})
_SITE, _MODE, _DEST = "Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest"
_OURS: Final = frozenset({"same-origin", "none"})
"""What asked: a page of ours, or somebody by themselves (a bookmark, an address)."""


class Terms(TypedDict):
    """How a browser keeps a cookie."""

    path: str
    secure: bool
    httponly: bool
    samesite: Literal["Lax"]


@dataclass(frozen=True, slots=True)
class Site:
    """The pages as browsers know them.

    Attributes:
        address: under which others reach this beacon, without a slash at its end.
    """

    address: str

    @property
    def origin(self) -> str:
        """Scheme, host and port, as a browser names them."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}".lower()

    @property
    def session(self) -> str:
        """The name of the cookie of a session."""
        return f"{self._prefix}session"

    @property
    def attempt(self) -> str:
        """The name of the cookie of a login that has begun."""
        return f"{self._prefix}login"

    @property
    def terms(self) -> Terms:
        """How both are kept: from scripts, from other sites, and only encrypted."""
        return {
            "path": f"{self._root}/",
            "secure": self._is_secure,
            "httponly": True,
            "samesite": "Lax",
        }

    @property
    def _root(self) -> str:
        return urlsplit(self.address).path.rstrip("/")

    @property
    def _is_secure(self) -> bool:
        return self.address.lower().startswith("https:")

    @property
    def _prefix(self) -> str:
        """Names by which a browser takes no such cookie from a neighbouring host."""
        if not self._is_secure:
            return ""
        return "__Secure-" if self._root else "__Host-"


def cookie_in(headers: Iterable[str], name: str) -> str | None:
    """Return the value of a cookie of a request.

    Raises:
        NotIdentified: when it comes twice: somebody else may have set one of them.
    """
    pairs = (each.partition("=") for line in headers for each in line.split(";"))
    found = [value.strip().strip('"') for key, _, value in pairs if key.strip() == name]
    if len(found) > 1:
        raise NotIdentified(Doubt.COOKIE)
    return found[0] if found else None


def is_asked_here(
    method: str, headers: Mapping[str, str], origin: str, *, is_page: bool
) -> bool:
    """Whether a cookie counts for a request.

    Args:
        method: of the request.
        headers: of it.
        origin: of our pages.
        is_page: whether it is for a page, which links of others may lead to.
    """
    site = headers.get(_SITE)
    if site in _OURS:
        return True
    if site is not None:
        return (
            is_page
            and method in _SAFE
            and headers.get(_MODE) == "navigate"
            and headers.get(_DEST) == "document"
        )
    # A browser that does not say.  Of another site's it sends no such cookie
    # (SameSite=Lax) but where a link is followed.
    asked_by = headers.get("Origin")
    if asked_by is None:
        return method in _SAFE
    return asked_by.lower() == origin
