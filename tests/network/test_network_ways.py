"""The way of a question: beacons are told from the proxies between them."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.network.ways import passed, told_way

NAMES = st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,8}){0,3}", fullmatch=True)


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        ([], ()),
        (["beacon/2 a.b"], ("a.b",)),
        (["beacon/2 a.b, Beacon/2 c.d (x)", "beacon/2 e"], ("a.b", "c.d", "e")),
        (["1.1 google", "1.1 varnish (Varnish/7.1), HTTP/2.0 edge"], ()),
        (["1.1 se.example, HTTP/2 dk.example, beacon/2 a.b"], ("a.b",)),
        (["nonsense", ",,", "beacon/2", "beacon/2 a b", "beacon/2 a\x80"], ()),
    ],
)
def test_beacons_are_read_and_proxies_are_not(sent, known):
    """By their protocol, whatever proxies call themselves (RFC 9110, 7.6.3)."""
    assert passed(sent) == known


@given(st.lists(NAMES, max_size=5))
def test_what_we_write_we_read(names):
    """Each beacon once, in its place; also with a proxy's name behind."""
    assert passed([told_way(names), "1.1 proxy"]) == tuple(names)


def test_a_way_as_long_as_headers_may_be_costs_little():
    """Thirty headers of 8 kB that nearly end as a comment would."""
    headers = ["1.1 " + "(" * 7900 + "\x80"] * 30 + ["1.1 a" + " " * 8000 + "("] * 30
    began = process_time()

    assert passed(headers) == ()
    assert process_time() - began < 0.2
