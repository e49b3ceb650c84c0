"""``/login``, ``/login/back`` and ``/logout``: who a reader is, if they want to say.

No token comes to a page.  A login is begun by a link of ours and ended by a form of
ours; where one goes then is a path of ours, whatever was asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit

import structlog
from aiohttp import hdrs, web

from beacon.auth.attempts import HOME, LIFE, own_path
from beacon.auth.cookies import is_asked_here
from beacon.auth.doubts import Doubt
from beacon.auth.logins import GONE
from beacon.model.errors import (
    IssuerUnavailable,
    NotFound,
    NotIdentified,
    NotPermitted,
)
from beacon.model.hosts import is_loopback
from beacon.page.behind import BEHIND
from beacon.page.rendering import HEADERS, render
from beacon.page.words import N_

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.auth.logins import Desk
    from beacon.page.behind import Reception

_log = structlog.get_logger(__name__)

LOGIN: Final = "/login"
_SAID: Final[Mapping[str, str]] = {
    Doubt.STATE: N_(
        "This login was begun in another browser or another tab, or more than ten"
        " minutes ago. Begin again."
    ),
    Doubt.DENIED: N_("The login was broken off, so nobody is logged in."),
    Doubt.CODE: N_("This login was used already, or took too long. Begin again."),
}
"""What is said of a login that failed, where a reader can do something about it."""
_FAILED: Final = N_(
    "What came back from where you logged in is not accepted here, so nobody is logged"
    " in. The operator of this beacon can find out why."
)
_AWAY: Final = N_("The place where you log in cannot be reached just now.")
_ELSEWHERE: Final = "Another site's page asked to log out; use the button on our own."
_NOBODY: Final = "Nobody logs in at this beacon."
_CHALLENGE: Final[Mapping[str, str]] = {
    hdrs.WWW_AUTHENTICATE: 'Bearer error="invalid_token"'
}
_SEE_OTHER: Final = 303


async def show_login(request: web.Request) -> web.Response:
    """Show where one can log in, or send a browser there."""
    reception = _reception(request)
    desk, chosen = reception.desk, request.query.get("issuer")
    if _is_alias(request.host, desk.site.address):
        return _to(f"{desk.site.address}{request.rel_url.raw_path_qs}")
    # A page of somebody else begins nobody's login.
    if chosen is None or not _is_ours(request, desk):
        return _page(request, desk)
    try:
        address, cookie = await desk.begin(chosen, request.query.get("next"))
    except NotIdentified:
        return _page(request, desk)
    except IssuerUnavailable as failure:
        _log.warning("login.issuer_away", issuer=chosen, why=str(failure))
        return _page(request, desk, problem=_AWAY, status=503)
    response = _to(address)
    response.set_cookie(desk.site.attempt, cookie, max_age=LIFE, **desk.site.terms)
    return response


async def show_return(request: web.Request) -> web.Response:
    """Log in who comes back from an issuer, and send them where they wanted to go."""
    reception = _reception(request)
    desk, cookies = reception.desk, request.headers.getall(hdrs.COOKIE, ())
    said = list(request.query.items())
    try:
        arrived = await desk.finish(cookies, said, request.remote)
    except NotIdentified as failure:
        _log.warning("login.failed", why=failure.why)
        problem = _SAID.get(failure.why, _FAILED)
        response = _page(request, desk, problem=problem, status=401, headers=_CHALLENGE)
    except IssuerUnavailable as failure:
        _log.warning("login.issuer_away", why=str(failure))
        response = _page(request, desk, problem=_AWAY, status=503)
    else:
        reception.arrived(request, arrived.requester)
        response = _to(f"{desk.site.address}{arrived.after}")
        response.set_cookie(desk.site.session, arrived.cookie, **desk.site.terms)
    response.del_cookie(desk.site.attempt, **desk.site.terms)
    return response


async def log_out(request: web.Request) -> web.Response:
    """End a session, here; and tell how to end it where one logged in, too."""
    reception = _reception(request)
    desk, session = reception.desk, reception.session_of(request)
    if not _is_ours(request, desk):
        raise NotPermitted(_ELSEWHERE)
    await desk.end(request.headers.getall(hdrs.COOKIE, ()))
    after = own_path(request.query.get("next"))
    if session is not None:
        told = {"issuer": session.issuer, "next": after}
        after = f"{GONE}?{urlencode(told)}"
    response = _to(f"{desk.site.address}{after}")
    response.del_cookie(desk.site.session, **desk.site.terms)
    return response


async def show_logged_out(request: web.Request) -> web.Response:
    """Show that nobody is logged in here, and where one may still be."""
    reception = _reception(request)
    desk, issuer = reception.desk, request.query.get("issuer", "")
    return render(
        request,
        "logged_out.html",
        after=own_path(request.query.get("next")),
        goodbye=await desk.goodbye(issuer),
        title=desk.titles.get(issuer),
    )


def _page(
    request: web.Request,
    desk: Desk,
    *,
    problem: str | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    after = own_path(request.query.get("next"))
    places = {
        title: urlencode({"issuer": name, "next": after})
        for name, title in desk.titles.items()
    }
    return render(
        request,
        "login.html",
        status=status,
        headers=headers,
        after=after if after != HOME else None,
        places=places,
        problem=problem,
    )


def _reception(request: web.Request) -> Reception:
    reception = request.app[BEHIND].reception
    if reception is None:
        raise NotFound(_NOBODY)
    return reception


def _is_ours(request: web.Request, desk: Desk) -> bool:
    """Whether a page of ours asks, or somebody by themselves."""
    return is_asked_here(
        request.method, request.headers, desk.site.origin, is_page=False
    )


def _is_alias(host: str, address: str) -> bool:
    """Whether this machine is called otherwise than browsers come back to it.

    Cookies are one name's alone.
    """
    ours, name = urlsplit(address), urlsplit(f"//{host}").hostname
    here = ours.hostname or ""
    return bool(name) and name != here and is_loopback(here) and is_loopback(name or "")


def _to(address: str) -> web.Response:
    return web.Response(status=_SEE_OTHER, headers={**HEADERS, hdrs.LOCATION: address})
