"""Sessions: found by their cookie alone, sealed for who has it, gone when ended."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.auth.doubts import Doubt
from beacon.auth.sessions import OwnSessions, Session, Sessions
from beacon.model.errors import LoginEnded
from tests.auth.issuing import NOON, Clock

KARIN = Session(
    token="e.y.J" * 500, issuer="hospital", name="Karin Holm", ends=NOON + 3600
)


def sessions(
    store: OwnSessions | None = None, key: bytes = b"k" * 32, clock: Clock | None = None
) -> Sessions:
    """Return what keeps sessions."""
    return Sessions(store or OwnSessions(), key, clock or Clock())


async def test_a_session_is_found_by_its_cookie() -> None:
    """By any process that shares store and secret; a restart changes nothing."""
    store = OwnSessions()
    cookie = await sessions(store).begin(KARIN)

    assert KARIN == await sessions(store).find(cookie)
    assert len(cookie) == 43


async def test_the_store_tells_nobody_anything() -> None:
    """Neither the cookie, the token, the name nor the issuer is in it."""
    store = OwnSessions()
    cookie = await sessions(store).begin(KARIN)
    [(mark, sealed)] = store.kept.items()

    assert all(
        each not in sealed + mark.encode()
        for each in (cookie.encode(), b"e.y.J", b"Karin", b"hospital")
    )
    assert "Karin" not in repr(KARIN)
    assert "e.y.J" not in repr(KARIN)


async def test_each_session_has_a_cookie_of_its_own() -> None:
    """Nobody is given one that was there before (session fixation)."""
    kept = sessions()
    cookies = {await kept.begin(KARIN) for _ in range(50)}

    assert 50 == len(cookies)


@given(cookie=st.text(max_size=60) | st.from_regex(r"[A-Za-z0-9_-]{43}"))
async def test_forged_cookies_stand_for_nobody(cookie: str) -> None:
    """Whatever they look like."""
    kept = sessions()
    await kept.begin(KARIN)
    with pytest.raises(LoginEnded):
        await kept.find(cookie)


async def test_cookies_of_an_old_key_stand_for_nobody() -> None:
    """A new secret ends every session, as it makes every key worthless."""
    store = OwnSessions()
    cookie = await sessions(store, b"old" * 11).begin(KARIN)
    with pytest.raises(LoginEnded):
        await sessions(store, b"new" * 11).find(cookie)


async def test_sessions_cannot_be_exchanged_in_the_store() -> None:
    """Whoever writes the database cannot put one person's session under another's."""
    store = OwnSessions()
    kept = sessions(store)
    mine = await kept.begin(replace(KARIN, name="Jonas Lund"))
    theirs = await kept.begin(KARIN)
    first, second = store.kept
    store.kept[first] = store.kept[second]
    with pytest.raises(LoginEnded):
        await kept.find(mine)

    assert KARIN == await kept.find(theirs)


async def test_a_session_ends_with_its_token() -> None:
    """To the second, whether or not the store has cleared it away."""
    clock = Clock()
    kept = sessions(clock=clock)
    cookie = await kept.begin(KARIN)
    clock.now = KARIN.ends - 1
    found = await kept.find(cookie)
    clock.now = KARIN.ends
    with pytest.raises(LoginEnded):
        await kept.find(cookie)

    assert KARIN == found


async def test_a_session_that_was_ended_is_gone() -> None:
    """Whoever has a copy of its cookie; others go on."""
    kept = sessions()
    cookie, other = await kept.begin(KARIN), await kept.begin(KARIN)
    await kept.end(cookie)
    await kept.end(cookie)
    await kept.end("no cookie at all")
    with pytest.raises(LoginEnded):
        await kept.find(cookie)

    assert KARIN == await kept.find(other)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Nameless:
    """A session as a version might keep it that calls nobody by name."""

    token: str = "e.y.J"  # noqa: S105 - nobody's
    issuer: str = "hospital"
    ends: int = NOON + 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scoped(_Nameless):
    """One of a version that keeps more."""

    name: str | None = None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reworded(_Nameless):
    """One of a version that writes the same fields otherwise."""

    name: tuple[str, str] = ("Karin", "Holm")


@pytest.mark.parametrize("written", [_Nameless(), _Scoped(), _Reworded()])
async def test_a_session_of_another_version_has_ended(written: object) -> None:
    """Fewer fields, more, or others: whoever logged in then logs in again."""
    kept = sessions()
    cookie = await kept.begin(written)  # type: ignore[arg-type]
    with pytest.raises(LoginEnded) as failure:
        await kept.find(cookie)

    assert failure.value.why == Doubt.VERSION


@pytest.mark.parametrize("spoilt", [b"", b"short", b"x" * 12, b"x" * 200])
async def test_what_is_spoilt_in_the_store_is_no_session(spoilt: bytes) -> None:
    """However little is left of it."""
    store = OwnSessions()
    cookie = await sessions(store).begin(KARIN)
    store.kept = dict.fromkeys(store.kept, spoilt)
    with pytest.raises(LoginEnded):
        await sessions(store).find(cookie)
