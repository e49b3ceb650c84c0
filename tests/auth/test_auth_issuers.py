"""Issuers as a policy names them: what could not be verified is refused at once."""

from __future__ import annotations

import pytest

from beacon.auth.issuers import Issuer, is_private

GOOD = {"name": "x", "iss": "https://x.example/", "audiences": frozenset({"b"})}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"algs": frozenset({"HS256"})}, "algs"),
        ({"algs": frozenset()}, "algs"),
        ({"audiences": frozenset()}, "audiences"),
        ({"max_age_s": 0}, "max_age_s"),
        ({"iss": "http://x.example"}, "iss is an https"),
        ({"jwks_uri": "http://x.example/jwks"}, "jwks_uri"),
        ({"userinfo_uri": "ftp://x.example"}, "userinfo_uri"),
        ({"visa_issuers": {"dac": "http://x.example"}}, "visa_issuers of dac"),
    ],
)
def test_what_cannot_be_verified_is_refused(more: dict, said: str) -> None:
    """A mistake is one sentence that names the field."""
    assert Issuer(**GOOD).algs == {"RS256", "ES256"}
    with pytest.raises(ValueError, match=said):
        Issuer(**{**GOOD, **more})


@pytest.mark.parametrize(
    ("address", "is_fit"),
    [
        ("https://x.example/jwks", True),
        ("http://127.0.0.1:80/jwks", True),
        ("http://[::1]/jwks", True),
        ("http://localhost/jwks", True),
        ("http://127.0.0.1.evil.example/jwks", False),
        ("http://x.example/jwks", False),
        ("https://user:secret@x.example/jwks", False),
        ("https:///jwks", False),
        ("file:///etc/passwd", False),
        ("https://[x", False),
        ("", False),
    ],
)
def test_only_private_addresses_are_asked(address: str, *, is_fit: bool) -> None:
    """Keys come over TLS, or from this machine."""
    assert is_private(address) is is_fit
