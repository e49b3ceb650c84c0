"""The secret: made once, read by its owner only, and one key for each purpose."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from beacon.auth.secrets import (
    Purpose,
    derive,
    read_client_secret,
    read_secret,
)
from beacon.model.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("purpose", Purpose)
def test_keys_are_those_of_rfc_5869(purpose: Purpose) -> None:
    """A derived key is what another HKDF-SHA-256 gives."""
    other = HKDF(SHA256(), 32, salt=b"nordic-beacon", info=purpose.encode())

    assert other.derive(b"m" * 64) == derive(b"m" * 64, purpose)


def test_each_purpose_and_secret_has_its_own_key() -> None:
    """No two purposes, and no two secrets, share a key."""
    keys = {derive(m, p) for m in (b"a" * 32, b"b" * 32) for p in Purpose}

    assert 2 * len(Purpose) == len(keys)


def test_secret_is_made_once_and_privately(tmp_path: Path) -> None:
    """However many begin together, one secret is made, for its owner alone."""
    path = tmp_path / "new" / "secret"
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(read_secret, [path] * 32))

    assert len(found) == 1
    assert path.stat().st_mode & 0o777 == 0o600
    assert [path] == list(path.parent.iterdir())
    assert found == {read_secret(path)}


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [(b"x" * 64, 0o640, "others can read"), (b"short\n", 0o600, "at least 32 bytes")],
)
def test_unfit_secrets_are_refused(
    tmp_path: Path, content: bytes, mode: int, said: str
) -> None:
    """A secret that others can read, or that can be guessed, is refused."""
    path = tmp_path / "secret"
    path.write_bytes(content)
    path.chmod(mode)

    with pytest.raises(UsageError, match=said) as refused:
        read_secret(path)

    assert content.decode().strip() not in str(refused.value)


def test_unreadable_place_is_one_sentence(tmp_path: Path) -> None:
    """A place that is no file is told of in a sentence."""
    with pytest.raises(UsageError, match="cannot be read or made"):
        read_secret(tmp_path)


def test_a_client_s_secret_is_its_owner_s_alone(tmp_path: Path) -> None:
    """One that others can read, that is empty or not there is none."""
    path = tmp_path / "secret"
    problems = []
    for text, mode in (("hush\n", 0o600), ("hush", 0o644), ("\n", 0o600)):
        path.write_text(text)
        path.chmod(mode)
        try:
            problems.append(read_client_secret(path))
        except UsageError as failure:
            problems.append(str(failure).partition(": ")[2][:12])
    with pytest.raises(UsageError, match="cannot be read"):
        read_client_secret(tmp_path / "none")

    assert ["hush", "others can r", "there is no "] == problems
