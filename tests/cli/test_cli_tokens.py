"""The token that a command shows: where it comes from, and where it never goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from beacon.cli.tokens import VARIABLE, token_for
from beacon.model.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "gbk_4fT9aQ2x_secret"  # noqa: S105 - of nobody
HTTPS = "https://beacon.example/api"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a file with a token."""
    path = tmp_path / "token"
    path.write_text(f"{SECRET}\n")
    return path


@pytest.mark.parametrize(
    "url", [HTTPS, "http://127.0.0.1:5050", "http://[::1]:5050", "http://localhost"]
)
def test_a_file_is_read_for_one_address(file: Path, url: str) -> None:
    """A file's one line is shown at an address that nobody on the way can read."""
    assert token_for((url,), file) == SECRET


def test_the_environment_is_asked_next(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment's token is shown where no file is named, and no other one."""
    monkeypatch.setenv(VARIABLE, "of-the-environment")

    assert token_for((HTTPS,), None) == "of-the-environment"
    assert token_for((HTTPS,), file) == SECRET
    assert token_for((), None) is None


def test_there_may_be_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a token none is shown."""
    monkeypatch.delenv(VARIABLE, raising=False)

    assert token_for((HTTPS,), None) is None


@pytest.mark.parametrize(
    ("urls", "words"),
    [
        ((), "none is given"),
        ((HTTPS, "https://other.example"), "several are given"),
        (("http://beacon.example",), "no https:// address"),
        (("http://user:pass@10.0.0.1/x?y=z",), "no https:// address"),
    ],
)
def test_it_goes_nowhere_else(file: Path, urls: tuple[str, ...], words: str) -> None:
    """A token is refused to several addresses, to none, and to one in the clear."""
    with pytest.raises(UsageError, match=words) as refused:
        token_for(urls, file)

    assert SECRET not in str(refused.value)
    assert "pass" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "two\nlines", "blåbær"])
def test_what_is_no_token_is_refused(tmp_path: Path, text: str) -> None:
    """A file that holds no token is one sentence, which does not repeat it."""
    path = tmp_path / "token"
    path.write_text(text)

    with pytest.raises(UsageError, match="token") as refused:
        token_for((HTTPS,), path)

    assert "lines" not in str(refused.value)
