"""``beacon demo --with-login``: three users, and what a policy lets each see."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from commands import Command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from commands import Server

USERS = ("public-registered", "registered", "clinician")


@pytest.fixture(scope="module")
def served(demo_home: Path, demo_output: str) -> Iterator[Server]:
    """Serve the demonstration with its login."""
    del demo_output  # asked for so that the data is there
    command = Command(home=demo_home)
    with command.serving("demo", "--with-login", "--port", "0") as server:
        yield server


@pytest.fixture(scope="module")
def tokens(served: Server) -> dict[str, str]:
    """Give the tokens that were printed, by user."""
    rows = [line.split() for line in served.lines]
    return {row[0]: row[1] for row in rows if len(row) == 2 and row[0] in USERS}


def asked(url: str, path: str, token: str | None = None) -> tuple[int, dict]:
    """Ask as somebody, or as nobody."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    try:
        question = Request(url + path, headers=headers)  # noqa: S310 - our own server
        with urlopen(question, timeout=60) as answer:  # noqa: S310 - likewise
            return answer.status, json.load(answer)
    except HTTPError as failure:
        return failure.code, json.load(failure)


def shown(url: str, token: str | None) -> set[str]:
    """Return the datasets that somebody is shown."""
    _, answer = asked(url, "/api/datasets", token)
    return {each["id"] for each in answer["response"]["collections"]}


def test_three_tokens_are_printed(tokens: dict[str, str]) -> None:
    """A visitor, a researcher and a clinician have a token each."""
    assert set(USERS) == set(tokens)
    assert len(set(tokens.values())) == 3


def test_each_is_shown_what_is_theirs(served: Server, tokens: dict[str, str]) -> None:
    """Nobody and a visitor see the reference; visas of two kinds show more."""
    public = {"demo-1kg"}
    visitor, researcher, clinician = (tokens[user] for user in USERS)

    assert shown(served.url, None) == public
    assert shown(served.url, visitor) == public
    assert shown(served.url, researcher) == {*public, "demo-a"}
    assert shown(served.url, clinician) == {*public, "demo-a", "demo-b", "demo-c"}


def test_tampered_tokens_are_refused(served: Server, tokens: dict[str, str]) -> None:
    """A token of which one letter was changed is answered nothing."""
    token = tokens["clinician"]
    head, claims, mark = token.split(".")
    wrong = f"{head}.{claims}.{'A' if mark[0] != 'A' else 'B'}{mark[1:]}"
    status, said = asked(served.url, "/api/datasets", wrong)

    assert status == 401
    assert "response" not in said


def test_long_tokens_are_read(served: Server) -> None:
    """A token of 16 KiB reaches us, and is refused as any other that is none."""
    for size in (9_000, 16_384):
        assert asked(served.url, "/api/datasets", "x" * size)[0] == 401


def test_login_needs_a_server(tmp_path: Path) -> None:
    """Tokens for what is not served are refused in a sentence."""
    done = Command(home=tmp_path)("demo", "--once", "--with-login")

    assert done.returncode == 2
    assert "--once" in done.stderr
