"""Cookies: their names, how they are read, and for which requests they count."""

from __future__ import annotations

import pytest

from beacon.auth.cookies import Site, cookie_in, is_asked_here
from beacon.model.errors import NotIdentified

OURS = "https://beacon.example.org"


def test_names_keep_neighbours_out() -> None:
    """Over TLS a browser takes such a cookie from us alone."""
    whole, part = Site(OURS), Site("https://portal.example.org/beacon")
    here = Site("http://127.0.0.1:5050")

    assert ("__Host-session", "__Host-login") == (whole.session, whole.attempt)
    assert "__Secure-session" == part.session
    assert "session" == here.session


def test_terms_keep_scripts_and_other_sites_out() -> None:
    """No script reads them, no other site's request has them, no plain line."""
    assert Site(OURS).terms == {
        "path": "/",
        "secure": True,
        "httponly": True,
        "samesite": "Lax",
    }
    assert Site("https://portal.example.org/beacon").terms["path"] == "/beacon/"
    assert not Site("http://127.0.0.1:5050").terms["secure"]


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([], None),
        (["lang=sv"], None),
        (["lang=sv; session=abc"], "abc"),
        (["lang=sv", "session=abc"], "abc"),
        (['session="abc"'], "abc"),
        (["xsession=abc; session2=d; Session=e"], None),
        ([";;=; session"], ""),
    ],
)
def test_cookies_are_read_strictly(headers: list[str], found: str | None) -> None:
    """By their whole name."""
    assert found == cookie_in(headers, "session")


@pytest.mark.parametrize(
    "headers", [["session=a; session=b"], ["session=a", "session=a"]]
)
def test_a_cookie_that_comes_twice_is_none(headers: list[str]) -> None:
    """Somebody else may have set one of them."""
    with pytest.raises(NotIdentified):
        cookie_in(headers, "session")


def said(site: str | None = None, mode: str = "cors", dest: str = "empty", **more: str):
    """Return what a browser says of a request."""
    if site is None:
        return dict(more)
    fetched = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    return {**fetched, **more}


LINK = {"mode": "navigate", "dest": "document"}


@pytest.mark.parametrize(
    ("method", "headers", "page", "api"),
    [
        # What a browser says of itself is believed before all else.
        ("GET", said("same-origin"), True, True),
        ("POST", said("same-origin", Origin="null"), True, True),
        ("GET", said("none", **LINK), True, True),
        # A link of somebody else leads to a page, and to nothing that machines ask.
        ("GET", said("cross-site", **LINK), True, False),
        ("GET", said("same-site", **LINK), True, False),
        # No form, frame, picture or script of somebody else does.
        ("POST", said("cross-site", **LINK), False, False),
        ("POST", said("same-site", **LINK), False, False),
        ("GET", said("cross-site", mode="navigate", dest="iframe"), False, False),
        ("GET", said("same-site", mode="no-cors", dest="image"), False, False),
        ("GET", said("same-site"), False, False),
        ("GET", said("SAME-ORIGIN"), False, False),
        # A browser that does not say.
        ("GET", said(), True, True),
        ("POST", said(), False, False),
        ("POST", said(Origin=OURS), True, True),
        ("POST", said(Origin="https://BEACON.example.org"), True, True),
        ("POST", said(Origin="null"), False, False),
        ("POST", said(Origin="https://evil.example"), False, False),
        ("POST", said(Origin="https://beacon.example.org:444"), False, False),
        ("POST", said(Origin="http://beacon.example.org"), False, False),
        ("GET", said(Origin="https://evil.example"), False, False),
        ("DELETE", said(), False, False),
    ],
)
def test_a_cookie_counts_where_our_pages_ask(
    method: str, headers: dict[str, str], page: bool, api: bool
) -> None:
    """And where somebody follows a link to a page."""
    found = [
        is_asked_here(method, headers, Site(OURS).origin, is_page=is_page)
        for is_page in (True, False)
    ]

    assert [page, api] == found
