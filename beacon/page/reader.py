"""Who reads a page: somebody who has logged in, somebody who could, or just anybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from beacon.auth.attempts import HOME, own_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp import web

    from beacon.page.behind import Behind


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads a page.

    Attributes:
        is_offered: whether people can log in here.
        is_in: whether this one is.
        has_ended: whether this one was, and is no more.
        name: as their issuer calls them.
        roles: as the policy calls them.
        organisation: whom they belong to.
        title: what people call the issuer.
        here: the path that they come back to.
    """

    is_offered: bool = False
    is_in: bool = False
    has_ended: bool = False
    name: str | None = None
    roles: Sequence[str] = ()
    organisation: str | None = None
    title: str | None = None
    here: str = HOME

    @property
    def query(self) -> str:
        """What is added to an address so that they come back here."""
        return urlencode({"next": self.here})


def reader_of(request: web.Request, behind: Behind) -> Reader:
    """Return who reads a page."""
    reception = behind.reception
    if reception is None:
        return Reader()
    here = own_path(request.rel_url.raw_path_qs)
    session = reception.session_of(request)
    if session is None:
        has_ended = reception.has_ended(request)
        return Reader(is_offered=True, has_ended=has_ended, here=here)
    requester = behind.requester_of(request)
    return Reader(
        is_offered=True,
        is_in=True,
        name=session.name,
        roles=sorted(requester.roles),
        organisation=requester.organisation,
        title=reception.desk.titles.get(session.issuer, session.issuer),
        here=here,
    )
