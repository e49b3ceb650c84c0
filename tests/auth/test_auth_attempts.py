"""Logins that have begun: where they lead, and that nobody else can have begun them."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from beacon.auth.attempts import HOME, LIFE, Attempt, Attempts, own_path
from tests.auth.issuing import Clock

SITES = ("https://beacon.example.org", "https://portal.example.org/beacon")
ELSEWHERE = (
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/%0d%0aSet-Cookie: a=b\r\n",
    "javascript:alert(1)",
    "evil.example",
    "@evil.example",
    ".evil.example",
    "",
    " /v/x",
    "/v/x y",
    "/å",
    "/" + "a" * 2048,
    "/login",
    "/login?next=/login",
    "/login/back?code=x",
    "/logout#x",
)


def attempts(key: bytes = b"k" * 32, clock: Clock | None = None) -> Attempts:
    """Return what begins logins."""
    return Attempts(key, clock or Clock())


@pytest.mark.parametrize("text", [None, *ELSEWHERE])
def test_what_is_no_path_of_ours_leads_home(text: str | None) -> None:
    """Another host, a control character, a blank: none is gone to."""
    assert HOME == own_path(text)


@pytest.mark.parametrize(
    "text",
    [
        "/",
        "/v/GRCh37/22-16050408-T-C",
        "/?q=NM_007294.4%3Ac.5266dup&assembly=GRCh38",
        "/region/GRCh38/22:1-100",
        "/loginhelp",
    ],
)
def test_paths_of_ours_are_kept(text: str) -> None:
    """With their query, letter by letter."""
    assert text == own_path(text)


PIECES = st.sampled_from(
    [
        *("/", "//", "\\", "@", ":", "evil.example", "https:", "?", "#", "..", "%2f"),
        *("%5c", "\t", "\n", "\r", "\0", " ", "a", ";", "&", "=", "å", "\u2028"),
        "\N{FULLWIDTH SOLIDUS}",
    ]
)


@given(
    text=st.text(max_size=60) | st.lists(PIECES, max_size=8).map("".join),
    site=st.sampled_from(SITES),
)
def test_nobody_is_led_elsewhere(text: str, site: str) -> None:
    """Whatever is asked for, one goes on on this site, by three readers of it."""
    path = own_path(text)
    address = site + path
    ours = urlsplit(site)
    # As a browser reads it: it drops tabs and line ends and turns backslashes round.
    as_read = "".join(c for c in address if c not in "\t\n\r").replace("\\", "/")

    assert path.startswith("/")
    assert address.isascii()
    assert address.isprintable()
    assert {ours.netloc} == {
        urlsplit(address).netloc,
        urlsplit(as_read).netloc,
        URL(address, encoded=True).raw_authority,
        urlsplit(urljoin(site + "/login/back", path)).netloc,
    }


def test_a_login_is_known_again() -> None:
    """What is sealed comes back whole, and says nothing to who holds it."""
    made = attempts()
    attempt = made.new("hospital", "/v/GRCh37/22-16050408-T-C")
    sealed = made.sealed(attempt)

    assert attempt == made.opened(sealed)
    assert attempt.verifier not in repr(attempt)
    assert attempt.state not in sealed


def test_a_login_fits_into_a_cookie() -> None:
    """With the longest path that is gone back to."""
    made = attempts()
    sealed = made.sealed(made.new("i" * 128, "/" + "a" * 2047))

    assert len(sealed) < 4000


def test_every_login_is_another() -> None:
    """State, nonce and verifier are drawn anew, and differ among each other."""
    made = attempts()
    drawn = [made.new("a", None) for _ in range(20)]

    assert 60 == len({each for a in drawn for each in (a.state, a.nonce, a.verifier)})


def test_the_challenge_is_that_of_rfc_7636() -> None:
    """The digest of the verifier, in base64url; it has at least 43 letters."""
    attempt = attempts().new("a", None)
    digest = sha256(attempt.verifier.encode()).digest()

    assert urlsafe_b64encode(digest).rstrip(b"=").decode() == attempt.challenge
    assert len(attempt.verifier) >= 43


@pytest.mark.parametrize("spoilt", ["", "x", "Zm9v", "\x00", "é", "A" * 400])
def test_nonsense_is_no_login(spoilt: str) -> None:
    """Whatever is in the cookie."""
    assert attempts().opened(spoilt) is None


def test_a_login_of_another_key_is_none() -> None:
    """Nor one of which a letter was changed."""
    made = attempts()
    sealed = made.sealed(made.new("a", None))
    changed = ("B" if sealed[0] == "A" else "A") + sealed[1:]

    assert attempts(b"o" * 32).opened(sealed) is None
    assert made.opened(changed) is None


def test_a_login_takes_ten_minutes_at_most() -> None:
    """After that it must be begun again."""
    clock = Clock()
    made = attempts(clock=clock)
    sealed = made.sealed(made.new("a", None))
    clock.now += LIFE - 1
    early = made.opened(sealed)
    clock.now += 1

    assert early is not None
    assert made.opened(sealed) is None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hinted(Attempt):
    """A login as a version might begin it that keeps more."""

    hint: str = "karin"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Aimless:
    """One of a version that keeps less."""

    issuer: str = "a"
    state: str = "s"
    nonce: str = "n"
    verifier: str = "v"
    began: float = Clock().now


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dated(_Aimless):
    """One of a version that writes the same fields otherwise."""

    after: str = "/"
    began: str = "2026-11-28"  # type: ignore[assignment]


HINTED = _Hinted(
    issuer="a", state="s", nonce="n", verifier="v", after="/", began=int(Clock().now)
)


@pytest.mark.parametrize("begun", [HINTED, _Aimless(), _Dated()])
def test_a_login_of_another_version_is_none(begun: object) -> None:
    """Fewer fields, more, or others: it has to begin anew."""
    made = attempts()
    sealed = made.sealed(begun)  # type: ignore[arg-type]

    assert made.opened(sealed) is None
