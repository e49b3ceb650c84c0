"""Where people log in at the test issuer: by choosing who they are, without a password.

It keeps to what a strict issuer keeps to (PKCE with S256, a code that is used once and
soon, addresses on this machine alone), so that a login that works here is one.  As a
program it is the whole issuer: ``python -m beacon.cli.authorizing``.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_plus, urlencode, urlsplit

from aiohttp import web

from beacon.cli.issuer import GRANT, LIFE, PEOPLE, Issuer, demo_tokens, new_key
from beacon.model.hosts import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from beacon.cli.issuer import Person

CLIENT: Final = "beacon-pages"
BACK: Final = "/login/back"
OUT: Final = "/logout"
CODE_LIFE: Final = 60
"""Seconds for which a code is good."""
_ASKED_FOR: Final = 600
_SEE_OTHER: Final = 303
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_STYLE: Final = """\
:root { color-scheme: light dark; --paper: #f5f7f8; --card: #fff; --ink: #15212d;
  --quiet: #4b5967; --line: #7a8793; --link: #0d5187; }
@media (prefers-color-scheme: dark) { :root { --paper: #0f151b; --card: #171f27;
  --ink: #e7ecf1; --quiet: #a9b5c1; --line: #7d8b99; --link: #8fc6f4; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 3rem 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, "Liberation Sans", Arial, sans-serif; }
main { max-width: 34rem; margin: 0 auto; }
h1 { margin: 0 0 .5rem; font-size: 1.6rem; line-height: 1.2; }
p { margin: .4rem 0 1.2rem; color: var(--quiet); }
ul { margin: 0; padding: 0; list-style: none; }
li { margin: .8rem 0; }
a.person { display: block; padding: .9rem 1.1rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .6rem; text-decoration: none;
  color: var(--quiet); }
a.person strong { display: block; color: var(--link); font-size: 1.1rem; }
a.person:hover strong { text-decoration: underline; }
a { color: var(--link); }
a:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
"""
_PAGE: Final = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Test issuer</title><link rel="stylesheet" href="/style.css"></head>
<body><main><h1>{title}</h1>
{body}</main></body></html>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a client asked for, and when.

    Attributes:
        redirect: where the browser goes back to.
        challenge: of the verifier that the client keeps.
        person: who was chosen; ``None``: nobody yet.
    """

    redirect: str
    state: str
    nonce: str
    scope: str
    challenge: str
    since: float
    person: Person | None = None


class Authorizing:
    """The pages of an issuer that people see, and the place where codes are exchanged.

    Args:
        issuer: that signs.
        people: who can log in.
        secret: that the client proves itself with; ``None``: none.
    """

    def __init__(
        self,
        issuer: Issuer,
        people: Sequence[Person] = PEOPLE,
        secret: str | None = None,
    ) -> None:
        self.issuer = issuer
        self.people = {each.subject: each for each in people}
        self.secret = secret
        self.codes: dict[str, Asked] = {}
        self.life = LIFE
        self._asked: dict[str, Asked] = {}

    def add_to(self, app: web.Application) -> None:
        """Add the paths to an issuer's application."""
        app.router.add_get("/authorize", self._authorize)
        app.router.add_get("/choose", self._choose)
        app.router.add_post("/token", self._token)
        app.router.add_get("/end", self._end)
        app.router.add_get("/style.css", self._style)

    def announce(self) -> None:
        """Have the discovery document say where they are."""
        iss = self.issuer.iss
        self.issuer.more = {
            "authorization_endpoint": f"{iss}/authorize",
            "token_endpoint": f"{iss}/token",
            "end_session_endpoint": f"{iss}/end",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "token_endpoint_auth_methods_supported": [
                "none" if self.secret is None else "client_secret_basic"
            ],
        }

    async def _authorize(self, request: web.Request) -> web.Response:
        """Let people choose who they are."""
        said = request.query
        redirect = said.get("redirect_uri", "")
        if said.get("client_id") != CLIENT or not _is_here(redirect, BACK):
            return _page("Unknown client", "<p>Nobody is sent back there.</p>", 400)
        if said.get("response_type") != "code" or not said.get("state"):
            return self._back(redirect, said, error="invalid_request")
        challenge = said.get("code_challenge", "")
        if said.get("code_challenge_method") != "S256" or len(challenge) < 43:
            return self._back(redirect, said, error="invalid_request")
        asked = Asked(
            redirect=redirect,
            state=said["state"],
            nonce=said.get("nonce", ""),
            scope=said.get("scope", ""),
            challenge=challenge,
            since=self.issuer.clock(),
        )
        name = secrets.token_urlsafe(16)
        self._asked[name] = asked
        return _page("Who are you today?", self._choices(name))

    def _choices(self, name: str) -> str:
        rows = [
            f'<li><a class="person" href="/choose?{urlencode({"ask": name})}'
            f'&amp;person={escape(each.subject)}"><strong>{escape(each.name)}</strong>'
            f"{escape(each.says)}</a></li>"
            for each in self.people.values()
        ]
        return (
            "<p>A test issuer, on this machine alone. It asks for no password; these"
            f" people are invented.</p><ul>{''.join(rows)}</ul>"
            f'<p><a href="/choose?{urlencode({"ask": name})}">Rather nobody</a></p>'
        )

    async def _choose(self, request: web.Request) -> web.Response:
        """Send a browser back with a code for who was chosen."""
        asked = self._asked.pop(request.query.get("ask", ""), None)
        if asked is None or self.issuer.clock() - asked.since > _ASKED_FOR:
            return _page("Too late", "<p>Begin again where you came from.</p>", 400)
        state = {"state": asked.state}
        person = self.people.get(request.query.get("person", ""))
        if person is None:
            return self._back(asked.redirect, state, error="access_denied")
        code = secrets.token_urlsafe(24)
        self.codes[code] = Asked(
            redirect=asked.redirect,
            state=asked.state,
            nonce=asked.nonce,
            scope=asked.scope,
            challenge=asked.challenge,
            since=self.issuer.clock(),
            person=person,
        )
        return self._back(asked.redirect, state, code=code)

    def _back(
        self, redirect: str, said: Mapping[str, str], **told: str
    ) -> web.Response:
        """Send a browser back, and say who does (RFC 9207)."""
        told |= {"state": said.get("state", ""), "iss": self.issuer.iss}
        return _to(f"{redirect}?{urlencode(told)}")

    async def _token(self, request: web.Request) -> web.Response:
        """Exchange a code, once, for who proves that it is theirs."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        if not self._is_client(request, form):
            return _json({"error": "invalid_client"}, 401)
        if form.get("grant_type") != "authorization_code":
            return _json({"error": "unsupported_grant_type"}, 400)
        asked = self.codes.pop(form.get("code", ""), None)
        digest = sha256(form.get("code_verifier", "").encode()).digest()
        challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or asked.person is None
            or self.issuer.clock() - asked.since > CODE_LIFE
            or form.get("redirect_uri") != asked.redirect
            or challenge != asked.challenge
        ):
            return _json({"error": "invalid_grant"}, 400)
        return _json(self._given(asked, asked.person))

    def _given(self, asked: Asked, person: Person) -> dict[str, object]:
        issuer, now = self.issuer, int(self.issuer.clock())
        ends = {"exp": now + self.life}
        token = issuer.token(
            person.subject,
            azp=CLIENT,
            scope=asked.scope,
            **{**person.claims, **ends},
        )
        proof = issuer.id_token(
            person.subject, aud=CLIENT, nonce=asked.nonce, name=person.name, **ends
        )
        return {
            "access_token": token,
            "id_token": proof,
            "token_type": "Bearer",
            "expires_in": self.life,
            "scope": asked.scope,
        }

    def _is_client(self, request: web.Request, form: Mapping[str, str]) -> bool:
        if self.secret is None:
            return form.get("client_id") == CLIENT
        try:
            shown = request.headers["Authorization"]
        except KeyError:
            return False
        given = f"{CLIENT}:{quote_plus(self.secret)}".encode()
        return secrets.compare_digest(shown.encode(), _basic(given))

    async def _end(self, request: web.Request) -> web.Response:
        """Send a browser back: nobody stays logged in here."""
        back = request.query.get("post_logout_redirect_uri", "")
        if request.query.get("client_id") == CLIENT and _is_here(back, OUT):
            return _to(back)
        return _page("Logged out", "<p>Nobody is logged in here.</p>")

    async def _style(self, _: web.Request) -> web.Response:
        return web.Response(text=_STYLE, content_type="text/css")


def _basic(given: bytes) -> bytes:
    return b"Basic " + b64encode(given)


def _is_here(address: str, path: str) -> bool:
    """Whether an address is on this machine (RFC 8252, 7.3: at any port)."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    return (
        parts.scheme == "http"
        and is_loopback(host)
        and parts.path.endswith(path)
        and not parts.query
        and not parts.fragment
    )


def _page(title: str, body: str, status: int = 200) -> web.Response:
    return web.Response(
        text=_PAGE.format(title=title, body=body),
        content_type="text/html",
        status=status,
        headers=_HEADERS,
    )


def _json(told: Mapping[str, object], status: int = 200) -> web.Response:
    return web.json_response(told, status=status, headers={"Cache-Control": "no-store"})


def _to(address: str) -> web.Response:
    headers = {**_HEADERS, "Location": address}
    return web.Response(status=_SEE_OTHER, headers=headers)


async def _run() -> None:
    """Answer on a free port until standard input ends; print who it is, and tokens."""
    issuer = Issuer("", [new_key("ES256", "demo")])
    authorizing = Authorizing(issuer)
    app = issuer.application()
    authorizing.add_to(app)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    issuer.iss = f"http://127.0.0.1:{runner.addresses[0][1]}"
    authorizing.announce()
    told = {"iss": issuer.iss, "grant": GRANT, "tokens": demo_tokens(issuer)}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_run())
