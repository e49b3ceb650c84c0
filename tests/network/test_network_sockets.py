"""A socket goes to public addresses and to those that are listed, however spelled."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.network.sockets import ForbiddenAddress, guard, may_be_asked

INSIDE = [
    *("127.0.0.1", "127.8.9.1", "10.0.0.1", "172.16.0.1", "192.168.1.1"),
    "0.0.0.0",  # noqa: S104 - never bound
    *("169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1"),
    *("240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0"),
    *("fc00::1", "fd12::1", "ff02::1", "ff0e::1", "::ffff:127.0.0.1"),
    *("::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1"),
    *("64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1", "2001:db8::1", "fec0::1"),
    *("2001:0:7f00:1::", "localhost", "0x7f000001", "2130706433", "", "127.1"),
]
PUBLIC = [
    *("8.8.8.8", "193.166.3.2", "2a00:1450:400f::1", "2001:6b0::1"),
    *("::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"),
]


@pytest.mark.parametrize("host", INSIDE)
def test_f06_an_address_inside_is_not_asked(host: str) -> None:
    """Nor is what is no address at all."""
    assert not may_be_asked(host, ())


@pytest.mark.parametrize("host", PUBLIC)
def test_a_public_address_is_asked(host: str) -> None:
    """Also one that stands for a public one."""
    assert may_be_asked(host, ())


def test_a_listed_network_is_asked_and_no_other() -> None:
    """A list opens what it lists, in each of its spellings."""
    listed = (ip_network("10.1.0.0/16"), ip_network("fd00::/8"))

    assert may_be_asked("10.1.2.3", listed)
    assert may_be_asked("::ffff:10.1.2.3", listed)
    assert may_be_asked("fd00::1", listed)
    assert not may_be_asked("10.2.2.3", listed)
    assert not may_be_asked("::1", listed)


@given(st.integers(0, 2**32 - 1))
def test_no_spelling_of_an_address_opens_what_another_closes(number: int) -> None:
    """Mapped, translated or compatible: never more than the address itself."""
    plain = IPv4Address(number)
    spellings = [
        IPv6Address(prefix | number << shift)
        for prefix, shift in (
            (0xFFFF << 32, 0),
            (0x64FF9B << 96, 0),
            (0, 0),
            (0x2002 << 112, 80),
        )
    ]

    may_be = may_be_asked(str(plain), ())
    assert all(may_be or not may_be_asked(str(each), ()) for each in spellings)


def test_a_socket_is_made_for_what_may_be_asked_alone() -> None:
    """The rest is refused before there is one."""
    make = guard((ip_network("127.0.0.0/8"),))
    info = (socket.AF_INET, socket.SOCK_STREAM, 0, "")

    with make((*info, ("127.0.0.1", 80))) as made:
        assert made.family == socket.AF_INET
    with pytest.raises(ForbiddenAddress):
        make((*info, ("10.0.0.1", 80)))
