"""What peers are shown: never a requester's own token, and secrets from files."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from base64 import b64encode
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from time import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import pytest
import trustme
from aiohttp import web

from beacon.model.nodes import Reason
from beacon.network.client import Client
from beacon.network.exchanged import Heard, Silence, SubjectToken
from beacon.network.peers import Credentials, Proof, Terms
from tests.network.evil import evil, peer_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

OWN = SubjectToken("requesters.own-token")
GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """Give a client of the usual terms."""
    asks = Client(Terms())
    yield asks
    await asks.close()


class Login:
    """An authorisation server on loopback that exchanges tokens (RFC 8693)."""

    def __init__(self) -> None:
        self.forms: list[dict[str, str]] = []
        self.shown: list[str | None] = []
        self.status = 200
        self.says: object = {"token_type": "Bearer", "expires_in": 300}

    async def exchange(self, request: web.Request) -> web.Response:
        """Exchange a token."""
        body = await request.text()
        self.forms.append(dict(parse_qsl(body, strict_parsing=True)))
        self.shown.append(request.headers.get("Authorization"))
        says = self.says
        if isinstance(says, dict):
            says = {"access_token": f"exchanged-{len(self.forms)}", **says}
        return web.json_response(says, status=self.status)


@asynccontextmanager
async def served(handler, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Give the port that a handler answers all requests on."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


def exchanging(login_port: int, **more: object) -> Credentials:
    """Return credentials that are had from a server on loopback."""
    told = {
        "proof": Proof.EXCHANGE,
        "token_url": f"http://127.0.0.1:{login_port}/token",
        "client_id": "us & co",
        "audience": "dk.b",
        "scope": "g_variants",
        **more,
    }
    return Credentials(**told)


def shown_in(asked: list[bytes]) -> list[str | None]:
    """Return the ``Authorization`` of each request."""
    found = []
    for each in asked:
        lines = each.decode().split("\r\n")
        named = [ln for ln in lines if ln.lower().startswith("authorization:")]
        found.append(named[0].split(": ")[1] if named else None)
    return found


async def test_f06_without_credentials_nothing_is_shown(client: Client) -> None:
    """Not even where a requester came with a token."""
    async with evil("cookie") as (asked, port):
        await client.post(peer_at(port), "/x", b"{}", deadline=20, subject=OWN)

    assert shown_in(asked.asked) == [None]
    assert OWN.text.encode() not in b"".join(asked.asked)


async def test_f06_a_service_token_is_read_again_when_its_file_changes(
    client: Client, tmp_path: Path
) -> None:
    """What is shown is what the file holds now; what is no token, is not sent."""
    path = tmp_path / "token"
    peer_of = Credentials(proof=Proof.BEARER, token_file=path)
    came = []
    async with evil("cookie") as (asked, port):
        peer = peer_at(port, credentials=peer_of)
        for text in ("first\n", "second", "", "two words", "bad\nline", "\u00e9", None):
            if text is None:
                path.unlink()
            else:
                path.write_text(text, encoding="utf-8")
            came.append(await client.post(peer, "/x", b"{}", deadline=20, subject=OWN))

    assert shown_in(asked.asked) == ["Bearer first", "Bearer second"]
    assert [each.reason for each in came[2:]] == [Reason.NO_CREDENTIALS] * 5
    assert all(each.is_ours for each in came[2:])


async def test_f06_a_token_is_exchanged_and_the_own_one_stays(client: Client) -> None:
    """The server that the operator named sees it; the peer sees what came back."""
    login = Login()
    async with served(login.exchange) as door, evil("cookie") as (asked, port):
        peer = peer_at(port, credentials=exchanging(door))
        for _ in range(3):
            await client.post(peer, "/x", b"{}", deadline=20, subject=OWN)

    assert shown_in(asked.asked) == ["Bearer exchanged-1"] * 3
    assert OWN.text.encode() not in b"".join(asked.asked)
    assert login.forms == [
        {
            "grant_type": GRANT,
            "subject_token": OWN.text,
            "subject_token_type": ACCESS,
            "requested_token_type": ACCESS,
            "audience": "dk.b",
            "scope": "g_variants",
            "client_id": "us & co",
        }
    ]
    assert login.shown == [None]


async def test_a_secret_of_ours_is_shown_as_rfc_6749_says(
    client: Client, tmp_path: Path
) -> None:
    """Form-encoded first, then in Base64; the name is no field then."""
    (tmp_path / "secret").write_text("p@ss:word\n", encoding="utf-8")
    login = Login()
    async with served(login.exchange) as door, evil("cookie") as (_, port):
        said = exchanging(door, client_secret_file=tmp_path / "secret")
        await client.post(
            peer_at(port, credentials=said), "/x", b"{}", deadline=20, subject=OWN
        )

    expected = b64encode(b"us+%26+co:p%40ss%3Aword").decode()
    assert login.shown == [f"Basic {expected}"]
    assert "client_id" not in login.forms[0]


async def test_f06_two_requesters_never_share_a_token(client: Client) -> None:
    """Each has one of its own; twenty questions of one at once have one exchange."""
    login, other = Login(), SubjectToken("others.own-token")
    async with served(login.exchange) as door, evil("cookie") as (asked, port):
        peer = peer_at(port, credentials=exchanging(door), seconds=5)
        ask = [
            client.post(peer, "/x", b"{}", deadline=5, subject=each)
            for each in (OWN, other) * 10
        ]
        await asyncio.gather(*ask)

    assert sorted(form["subject_token"] for form in login.forms) == sorted(
        [OWN.text, other.text]
    )
    assert sorted(shown_in(asked.asked)) == sorted(
        ["Bearer exchanged-1", "Bearer exchanged-2"] * 10
    )


async def test_a_token_that_was_taken_back_is_renewed_once(client: Client) -> None:
    """A peer that says 401 to a kept token gets a fresh one; to that, no other."""
    login = Login()
    seen: list[str | None] = []

    async def peer_says(request: web.Request) -> web.Response:
        await request.read()
        seen.append(request.headers.get("Authorization"))
        is_good = seen[-1] == "Bearer exchanged-2" or len(seen) == 1
        return web.json_response({}, status=200 if is_good else 401)

    async with served(login.exchange) as door, served(peer_says) as port:
        peer = peer_at(port, credentials=exchanging(door))
        first = await client.post(peer, "/x", b"{}", deadline=20, subject=OWN)
        again = await client.post(peer, "/x", b"{}", deadline=20, subject=OWN)
        for number in range(2):
            login.says = {"token_type": "Bearer", "access_token": f"bad-{number}"}
            third = await client.post(
                peer, "/x", b"{}", deadline=20, subject=SubjectToken("c")
            )

    assert (first.status, again.status, third.status) == (200, 200, 401)
    assert seen[:3] == ["Bearer exchanged-1"] * 2 + ["Bearer exchanged-2"]
    assert seen[3:] == ["Bearer bad-0", "Bearer bad-1"]


@pytest.mark.parametrize(
    ("seconds", "exchanges"),
    [(300, 1), (5, 3), (0, 3), (None, 1), (-1, 3), ("300", 1), (1e999, 1), (True, 1)],
)
async def test_a_token_is_kept_no_longer_than_it_holds(
    client: Client, seconds: object, exchanges: int
) -> None:
    """One that ends in a moment is had anew for each question."""
    login = Login()
    login.says = {"token_type": "bearer", "expires_in": seconds}
    async with served(login.exchange) as door, evil("cookie") as (_, port):
        peer = peer_at(port, credentials=exchanging(door))
        for _ in range(3):
            await client.post(peer, "/x", b"{}", deadline=20, subject=OWN)

    assert len(login.forms) == exchanges


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (400, {"error": "invalid_grant"}),
        (200, {"token_type": "N_A"}),
        (200, {"token_type": None}),
        (200, {"token_type": "Bearer", "access_token": 7}),
        (200, {"token_type": "Bearer", "access_token": ""}),
        (200, {"token_type": "Bearer", "access_token": "a b"}),
        (200, {"token_type": "Bearer", "access_token": "a\r\nX: y"}),
        (200, {"token_type": "Bearer", "access_token": OWN.text}),
        (200, ["exchanged"]),
        (302, {}),
    ],
)
async def test_f06_what_is_no_token_asks_nobody(
    client: Client, status: int, says: object
) -> None:
    """Nor is the requester's own one that the server only gave back."""
    login = Login()
    login.status, login.says = status, says
    async with served(login.exchange) as door, evil("cookie") as (asked, port):
        peer = peer_at(port, credentials=exchanging(door))
        came = await client.post(peer, "/x", b"{}", deadline=20, subject=OWN)

    assert isinstance(came, Silence)
    assert (came.reason, came.is_ours) == (Reason.NO_CREDENTIALS, True)
    assert asked.connections == 0


async def test_f06_who_has_no_token_has_none_exchanged(client: Client) -> None:
    """A peer that is asked in somebody's name is not asked in nobody's."""
    login = Login()
    async with served(login.exchange) as door, evil("cookie") as (asked, port):
        peer = peer_at(port, credentials=exchanging(door))
        came = await client.post(peer, "/x", b"{}", deadline=20)
        looked = await client.get(peer, "/info", deadline=20, shows=False)

    assert came.reason is Reason.NO_CREDENTIALS
    assert isinstance(looked, Heard)
    assert (login.forms, shown_in(asked.asked)) == ([], [None])


@pytest.mark.parametrize("manner", ["silent", "endless", "redirect", "html", "deep"])
async def test_f02_an_evil_authorisation_server_costs_a_deadline(
    client: Client, manner: str
) -> None:
    """It is an exchange like any other."""
    async with evil(manner) as (_, door), evil("cookie") as (asked, port):
        peer = peer_at(port, credentials=exchanging(door), seconds=0.3)
        came = await client.post(peer, "/x", b"{}", deadline=20, subject=OWN)

    assert came.reason in {Reason.NO_CREDENTIALS, Reason.TIMEOUT}
    assert came.seconds < 0.3 + 0.5
    assert asked.connections == 0


def test_a_token_shows_itself_nowhere() -> None:
    """Neither its text nor its representation is in a log that holds it."""
    assert OWN.text not in f"{OWN} {OWN!r} {[OWN]} { ({'a': OWN}) }"


# --- TLS -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Give who signs certificates here."""
    return trustme.CA()


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """Return what a peer serves with."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    return context


async def good(_: web.Request) -> web.Response:
    """Answer well."""
    return web.json_response({})


def by_https(port: int, host: str = "127.0.0.1", **told: object):
    """Return a peer that is asked over TLS."""
    credentials = Credentials(**told)
    return peer_at(port, url=f"https://{host}:{port}", credentials=credentials)


def pem(path: Path, *blobs: trustme.Blob) -> Path:
    """Write certificates or a key."""
    path.write_bytes(b"".join(blob.bytes() for blob in blobs))
    return path


async def test_a_private_authority_is_believed_where_it_is_named(
    client: Client, authority: trustme.CA, tmp_path: Path
) -> None:
    """By its peer alone; and how long its certificate holds is known then."""
    ca = pem(tmp_path / "ca.pem", authority.cert_pem)
    ends = datetime.now(UTC) + timedelta(days=30)
    context = server_context(authority.issue_cert("127.0.0.1", not_after=ends))
    async with served(good, context) as port:
        peer = by_https(port, authorities=ca)
        stranger = await client.post(by_https(port), "/x", b"{}", deadline=20)
        before = client.days_left(peer)
        came = await client.post(peer, "/x", b"{}", deadline=20)
        days = client.days_left(peer)

    assert (stranger.reason, before) == (Reason.INSECURE, None)
    assert isinstance(came, Heard)
    assert days == pytest.approx(30, abs=0.1)


async def test_a_certificate_that_is_over_or_of_another_host_is_none(
    client: Client, authority: trustme.CA, tmp_path: Path
) -> None:
    """Each is insecure, and no question was sent."""
    ca, asked = pem(tmp_path / "ca.pem", authority.cert_pem), []

    async def noting(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response({})

    past = datetime.fromtimestamp(time() - 86_400, UTC)
    over = server_context(authority.issue_cert("127.0.0.1", not_after=past))
    other = server_context(authority.issue_cert("other.example.org"))
    async with served(noting, over) as first, served(noting, other) as second:
        came = [
            await client.post(by_https(port, authorities=ca), "/x", b"{}", deadline=20)
            for port in (first, second)
        ]

    assert [each.reason for each in came] == [Reason.INSECURE] * 2
    assert asked == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_our_certificate_is_shown_where_it_is_asked_for(
    client: Client,
    authority: trustme.CA,
    tmp_path: Path,
    version: ssl.TLSVersion,
) -> None:
    """A peer that wants one takes ours, and nobody without; a new file is taken up."""
    ca = pem(tmp_path / "ca.pem", authority.cert_pem)
    ours = authority.issue_cert("us.example.org")
    context = server_context(authority.issue_cert("127.0.0.1"))
    context.verify_mode, context.maximum_version = ssl.CERT_REQUIRED, version
    authority.configure_trust(context)
    cert, key = tmp_path / "us.pem", tmp_path / "us.key"
    async with served(good, context) as port:
        peer = by_https(port, authorities=ca, certificate=cert, key=key)
        missing = await client.post(peer, "/x", b"{}", deadline=20)
        strange = trustme.CA().issue_cert("us.example.org")
        for each in (strange, ours):
            pem(cert, *each.cert_chain_pems)
            pem(key, each.private_key_pem)
            os.utime(cert)
            came = await client.post(peer, "/x", b"{}", deadline=20)
            if each is strange:
                stranger = came
        without = by_https(port, authorities=ca)
        bare = await client.post(without, "/x", b"{}", deadline=20)

    assert (missing.reason, missing.is_ours) == (Reason.INSECURE, True)
    # A peer may just close the connection, after what looked like success.
    words = {Reason.INSECURE, Reason.UNREACHABLE}
    assert stranger.reason in words
    assert isinstance(came, Heard)
    assert bare.reason in words


async def test_a_peer_that_speaks_no_tls_is_insecure(client: Client) -> None:
    """Plain bytes where TLS was expected are no answer."""
    async with evil("garbage") as (_, port):
        came = await client.post(by_https(port), "/x", b"{}", deadline=1)
    async with served(good) as port:
        plain = await client.post(by_https(port), "/x", b"{}", deadline=20)

    assert came.reason in {Reason.INSECURE, Reason.TIMEOUT}
    assert plain.reason is Reason.INSECURE


async def test_the_login_of_a_peer_is_not_shown_our_certificate(
    client: Client, authority: trustme.CA, tmp_path: Path
) -> None:
    """It is asked over TLS that the peer's authority, or the system's, vouches for."""
    ca = pem(tmp_path / "ca.pem", authority.cert_pem)
    ours = authority.issue_cert("us.example.org")
    context = server_context(authority.issue_cert("127.0.0.1"))
    context.verify_mode = ssl.CERT_OPTIONAL
    authority.configure_trust(context)
    seen: list[object] = []
    login = Login()

    async def noting(request: web.Request) -> web.Response:
        transport = request.transport
        assert transport is not None
        seen.append(transport.get_extra_info("peercert"))
        return await (login.exchange if request.path == "/token" else good)(request)

    async with served(noting, context) as port:
        said = exchanging(
            port,
            token_url=f"https://127.0.0.1:{port}/token",
            authorities=ca,
            certificate=pem(tmp_path / "us.pem", *ours.cert_chain_pems),
            key=pem(tmp_path / "us.key", ours.private_key_pem),
        )
        peer = peer_at(port, url=f"https://127.0.0.1:{port}", credentials=said)
        came = await client.post(peer, "/x", b"{}", deadline=20, subject=OWN)

    assert isinstance(came, Heard)
    assert [bool(each) for each in seen] == [False, True]
    assert json.dumps(login.forms).count(OWN.text) == 1
