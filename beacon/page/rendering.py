"""From values to a page: the templates, in the reader's language, with their headers.

Every page leaves through ``render``: so each has the same strict policy, loads
nothing that is not ours and runs nothing that is written into it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from jinja2 import Environment, PackageLoader, StrictUndefined

from beacon.model.health import NodeState
from beacon.page.addresses import dataset_path
from beacon.page.behind import BEHIND
from beacon.page.box import Box
from beacon.page.glossary import STATES, STATUSES
from beacon.page.reader import reader_of
from beacon.page.statics import STATICS
from beacon.page.words import LANGUAGES, Words, language_of, words_in

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from jinja2 import Template

    from beacon.wire.info import BeaconIdentity

COOKIE: Final = "lang"
_YEAR: Final = 365 * 24 * 3600
CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    hdrs.CACHE_CONTROL: "no-store",
    hdrs.VARY: "Accept-Language, Cookie",
}


class Renderer:
    """The templates, in each language, read when they are first asked for.

    Args:
        pages: the paths there are: what a page links to and tells of follows them.
    """

    def __init__(self, pages: Collection[str]) -> None:
        self._pages = frozenset(pages)
        self._loader = PackageLoader("beacon.page")
        self._environments: dict[str, Environment] = {}

    def template(self, name: str, words: Words) -> Template:
        """Return a template whose texts are in the language of ``words``."""
        found = self._environments.get(words.language)
        if found is None:
            found = self._environments[words.language] = self._speaking(words)
        return found.get_template(name)

    def _speaking(self, words: Words) -> Environment:
        spoken = Environment(
            loader=self._loader,
            extensions=["jinja2.ext.i18n"],
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        spoken.policies["ext.i18n.trimmed"] = True
        spoken.globals.update(_globals(words), pages=self._pages)
        spoken.install_gettext_callables(  # type: ignore[attr-defined]
            words.plain, words.plain_plural, newstyle=True
        )
        return spoken


RENDERER: web.AppKey[Renderer] = web.AppKey("renderer", Renderer)


def _globals(words: Words) -> dict[str, object]:
    """Return what every template may use beside its own values."""
    return {
        "dataset_path": dataset_path,
        "day": words.day,
        "decimal": words.decimal,
        "lang": words.language,
        "languages": LANGUAGES,
        "listed": words.listed,
        "number": words.number,
        "percent": words.percent,
        "seconds": words.seconds,
        "states": STATES,
        "static": STATICS.address,
        "statuses": STATUSES,
    }


def words_of(request: web.Request) -> Words:
    """Return the language that a request is answered in."""
    return words_in(
        language_of(
            request.query.get("lang"),
            request.cookies.get(COOKIE),
            request.headers.get(hdrs.ACCEPT_LANGUAGE, ""),
        )
    )


def root_of(identity: BeaconIdentity) -> str:
    """Return the path below which the site lies, without a slash at its end."""
    return urlsplit(identity.public_url or "").path.rstrip("/")


def rendered(request: web.Request, name: str, **values: object) -> str:
    """Return a template with its values, for a part of a page or a page."""
    behind, words = request.app[BEHIND], words_of(request)
    given = {
        "box": Box(),
        "here": request.path,
        "language_links": _language_links(request),
        "me": behind.identity,
        "nodes": Counter(each.state for each in behind.network.health()),
        "node_states": tuple(NodeState),
        "reader": reader_of(request, behind),
        "root": root_of(behind.identity),
        **values,
    }
    return request.app[RENDERER].template(name, words).render(given)


def render(
    request: web.Request,
    name: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: object,
) -> web.Response:
    """Return a page.

    Args:
        request: that it answers.
        name: of its template.
        status: of the answer.
        headers: beside those that every page has, or instead.
        values: of the template; every page has those of ``rendered``, too.
    """
    response = web.Response(
        text=rendered(request, name, **values),
        status=status,
        content_type="text/html",
        headers={**HEADERS, **(headers or {})},
    )
    asked = request.query.get("lang")
    if asked is not None and asked in LANGUAGES:
        identity = request.app[BEHIND].identity
        response.set_cookie(
            COOKIE,
            asked,
            max_age=_YEAR,
            path=f"{root_of(identity)}/",
            secure=identity.site(request.scheme, request.host).startswith("https:"),
            httponly=True,
            samesite="Lax",
        )
    return response


def _language_links(request: web.Request) -> dict[str, str]:
    """Return, by language, the query string of this page in it."""
    return {
        language: request.rel_url.update_query(lang=language).raw_query_string
        for language in LANGUAGES
    }
