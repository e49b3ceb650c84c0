"""``beacon keys``: shown once, listed without being told, revoked for good."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from commands import Command

KEY = re.compile(r"gbk_([0-9A-Za-z]{8})_[0-9A-Za-z]{43}\n")


def test_keys_are_made_listed_and_revoked(empty_beacon: Command) -> None:
    """A key is printed alone, once; afterwards only its public part is known."""
    made = empty_beacon(
        "keys", "create", "--name", "nightly", "--scope", "batch", "--days", "30"
    )
    found = KEY.fullmatch(made.stdout)

    assert found is not None, made.stderr
    listed = empty_beacon("keys", "list").stdout
    assert found[1] in listed
    assert found[0].strip() not in listed
    assert re.search(r"nightly +batch +all .* never +holds$", listed, re.MULTILINE)

    revoked = empty_beacon("keys", "revoke", found[1])
    assert revoked.returncode == 0
    assert revoked.stdout.startswith(f"Key {found[1]} (nightly) was revoked at ")
    assert "revoked" in empty_beacon("keys", "list").stdout
    assert empty_beacon("keys", "revoke", found[1]).stdout == revoked.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create",), "--name"),
        (("create", "--name", "x", "--scope", "load"), "--scope"),
        (("create", "--name", "x", "--days", "181"), "--days"),
        (("create", "--name", "x", "--network", "here"), "networks"),
    ],
)
def test_terms_that_no_key_has(
    empty_beacon: Command, arguments: tuple[str, ...], said: str
) -> None:
    """A key that may not be is not made, and a sentence says why."""
    done = empty_beacon("keys", *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_keys_that_are_not_there(empty_beacon: Command) -> None:
    """A key that nobody made cannot be revoked."""
    done = empty_beacon("keys", "revoke", "00000000")

    assert done.returncode == 1
    assert "there is no key 00000000" in done.stderr
