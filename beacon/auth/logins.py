"""Logging in with a browser (OpenID Connect, authorisation code with PKCE), and out.

A browser is sent to an issuer of the policy and comes back with a code, which we
exchange there ourselves; the token stays here and is judged as every token is.
RFC 9700 names the attacks that each check is for.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit

from beacon.auth.compact import read_compact
from beacon.auth.cookies import cookie_in
from beacon.auth.doubts import Doubt
from beacon.auth.id_tokens import read_id_token
from beacon.auth.sessions import Session
from beacon.model.errors import IssuerUnavailable, LoginEnded, NotIdentified

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from beacon.auth.attempts import Attempt, Attempts
    from beacon.auth.cookies import Site
    from beacon.auth.discovery import Gate
    from beacon.auth.issuers import Client, Issuer
    from beacon.auth.porter import Porter, Trusted
    from beacon.auth.sessions import Sessions
    from beacon.model.requester import Requester

BACK: Final = "/login/back"
GONE: Final = "/logout"
_LONGEST_CODE: Final = 4096
_PAUSE: Final = 5.0
"""Seconds after which an issuer that was away is asked again where people log in."""
_MOST_KEPT: Final = 10_000
_AWAY: Final = "The issuer cannot be reached; log in again in a moment."


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """Somebody who has just logged in.

    Attributes:
        cookie: that stands for their session.
        requester: who they are.
        after: the path they wanted to go to.
    """

    cookie: str = field(repr=False)
    requester: Requester
    after: str


class Desk:
    """Where people log in and out.

    Args:
        porter: who judges their tokens, and knows the issuers.
        secrets: what we prove to issuers who we are with, by their names.
        sessions: of those who are logged in.
        attempts: of those who are about to.
        site: the pages, as browsers know them.
        clock: says what time it is.
    """

    def __init__(
        self,
        porter: Porter,
        secrets: Mapping[str, str],
        sessions: Sessions,
        attempts: Attempts,
        site: Site,
        clock: Callable[[], float],
    ) -> None:
        self._porter = porter
        self._secrets = dict(secrets)
        self._sessions = sessions
        self._attempts = attempts
        self._clock = clock
        self.site = site
        self._came_back: OrderedDict[str, None] = OrderedDict()
        self._away: dict[str, float] = {}
        self._counters = {
            each.issuer.name: (each, each.issuer.client)
            for each in porter.trusted
            if each.issuer.client is not None
        }

    @property
    def titles(self) -> dict[str, str]:
        """By the names of issuers where people log in, what they call them."""
        return {name: client.title for name, (_, client) in self._counters.items()}

    async def begin(self, issuer: str, after: str | None) -> tuple[str, str]:
        """Return where a browser is sent, and the cookie that it takes along.

        Raises:
            NotIdentified: when nobody logs in at such an issuer.
            IssuerUnavailable: when it does not say where.
        """
        trusted, client = self._counter(issuer)
        if self._clock() < self._away.get(issuer, 0.0):
            raise IssuerUnavailable(_AWAY)
        try:
            gate = await trusted.places.gate(client)
        except IssuerUnavailable:  # anybody may begin: it is not asked each time
            self._away[issuer] = self._clock() + _PAUSE
            raise
        attempt = self._attempts.new(issuer, after)
        asked = {
            "response_type": "code",
            "client_id": client.id,
            "redirect_uri": f"{self.site.address}{BACK}",
            "scope": " ".join(client.scopes),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        return _with(gate.authorization, asked), self._attempts.sealed(attempt)

    async def finish(
        self,
        cookies: Sequence[str],
        said: Sequence[tuple[str, str]],
        remote: str | None,
    ) -> Arrived:
        """Return who has logged in, with a session that begins.

        Args:
            cookies: every ``Cookie`` of the browser that came back.
            said: what its address says, pair by pair.
            remote: the other end of its connection.

        Raises:
            NotIdentified: when nobody has, or not as it was begun.
            IssuerUnavailable: when that cannot be found out.
            StoreUnavailable: when the session cannot be kept.
        """
        attempt = self._begun(cookies, said)
        trusted, client = self._counter(attempt.issuer)
        gate = await trusted.places.gate(client)
        code = self._code(dict(said), trusted.issuer, gate)
        given = await self._exchanged(trusted, client, gate, attempt, code)
        token, proof = given.get("access_token"), given.get("id_token")
        if not (isinstance(token, str) and isinstance(proof, str)):
            raise NotIdentified(Doubt.CODE)
        subject, name = await read_id_token(
            proof, trusted.issuer, trusted.keys, attempt.nonce, self._clock()
        )
        requester = await self._porter.requester([f"Bearer {token}"], remote)
        claims = read_compact(token).claims
        if claims.get("sub") != subject or claims.get("iss") != trusted.issuer.iss:
            raise NotIdentified(Doubt.SUBJECT)
        session = Session(
            token=token,
            issuer=attempt.issuer,
            name=name,
            ends=_end(claims, trusted.issuer),
        )
        cookie = await self._sessions.begin(session)
        await self._forget(cookies)
        return Arrived(cookie=cookie, requester=requester, after=attempt.after)

    async def session(self, cookies: Iterable[str]) -> Session | None:
        """Return the session that the cookies of a request stand for; ``None``: none.

        Raises:
            LoginEnded: when they stand for one that is over, or for none of ours.
            StoreUnavailable: when that cannot be found out.
        """
        try:
            cookie = cookie_in(cookies, self.site.session)
        except NotIdentified as failure:
            raise LoginEnded(failure.why) from failure
        return None if cookie is None else await self._sessions.find(cookie)

    async def end(self, cookies: Iterable[str]) -> None:
        """End the session of a browser; there need be none.

        Raises:
            StoreUnavailable: when it may go on.
        """
        await self._forget(cookies)

    async def goodbye(self, issuer: str) -> str | None:
        """Return where one logs out at an issuer, too; ``None``: it does not say."""
        if issuer not in self._counters:
            return None
        trusted, client = self._counters[issuer]
        try:
            gate = await trusted.places.gate(client)
        except IssuerUnavailable:
            return None
        if gate.end_session is None:
            return None
        back = f"{self.site.address}{GONE}"
        asked = {"client_id": client.id, "post_logout_redirect_uri": back}
        return _with(gate.end_session, asked)

    async def _forget(self, cookies: Iterable[str]) -> None:
        """End every session that cookies of a browser stand for."""
        for line in cookies:
            for each in line.split(";"):
                name, _, value = each.strip().partition("=")
                if name == self.site.session:
                    await self._sessions.end(value.strip('"'))

    def _counter(self, issuer: str) -> tuple[Trusted, Client]:
        found = self._counters.get(issuer)
        if found is None:
            raise NotIdentified(Doubt.NO_LOGIN)
        return found

    def _begun(
        self, cookies: Sequence[str], said: Sequence[tuple[str, str]]
    ) -> Attempt:
        """Return the login that this browser began, and that now comes back."""
        if len({name for name, _ in said}) != len(said):
            raise NotIdentified(Doubt.MALFORMED)
        kept = cookie_in(cookies, self.site.attempt)
        attempt = None if kept is None else self._attempts.opened(kept)
        state = dict(said).get("state", "")
        if attempt is None or not hmac.compare_digest(
            attempt.state.encode(), state.encode()
        ):
            raise NotIdentified(Doubt.STATE)
        if attempt.state in self._came_back:  # once, so that no issuer is flooded
            raise NotIdentified(Doubt.CODE)
        self._came_back[attempt.state] = None
        if len(self._came_back) > _MOST_KEPT:
            self._came_back.popitem(last=False)
        return attempt

    def _code(self, said: Mapping[str, str], issuer: Issuer, gate: Gate) -> str:
        """Return the code that an issuer sent, and no other issuer (RFC 9207)."""
        named = said.get("iss")
        must_name = gate.names_itself or len(self._counters) > 1
        if (named is None and must_name) or named not in (None, issuer.iss):
            raise NotIdentified(Doubt.ISSUER)
        if "error" in said:
            raise NotIdentified(Doubt.DENIED)
        code = said.get("code", "")
        if not 0 < len(code) <= _LONGEST_CODE:
            raise NotIdentified(Doubt.CODE)
        return code

    async def _exchanged(
        self,
        trusted: Trusted,
        client: Client,
        gate: Gate,
        attempt: Attempt,
        code: str,
    ) -> Mapping[str, object]:
        secret = self._secrets.get(attempt.issuer)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": f"{self.site.address}{BACK}",
            "code_verifier": attempt.verifier,
        }
        basic = None
        if secret is not None and gate.takes_basic:
            basic = (client.id, secret)
        else:
            form["client_id"] = client.id
            if secret is not None:
                form["client_secret"] = secret
        given = await trusted.places.tokens(gate.token, form, basic)
        if str(given.get("token_type")).lower() != "bearer":
            raise NotIdentified(Doubt.CODE)
        return given


def _with(address: str, asked: Mapping[str, str]) -> str:
    """Return an address with more parameters."""
    joint = "&" if urlsplit(address).query else "?"
    return f"{address}{joint}{urlencode(asked)}"


def _end(claims: Mapping[str, object], issuer: Issuer) -> int:
    """Return when a token that was proven says nothing any more."""
    ends, since = claims["exp"], claims["iat"]
    assert isinstance(ends, int)  # noqa: S101 - it was proven
    assert isinstance(since, int)  # noqa: S101 - likewise
    return min(ends, since + issuer.max_age_s)
