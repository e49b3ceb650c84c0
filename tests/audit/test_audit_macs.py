"""A prepared key gives the codes that the standard library gives."""

from __future__ import annotations

import hmac

from hypothesis import given
from hypothesis import strategies as st

from beacon.audit.macs import Mac


@given(st.binary(max_size=200), st.binary(max_size=300))
def test_a_prepared_key_gives_the_same_codes(key, text):
    """Of any key, longer than a block or not, and as often as it is asked."""
    mac = Mac(key)

    assert hmac.digest(key, text, "sha256") == mac.of(text) == mac.of(text)
