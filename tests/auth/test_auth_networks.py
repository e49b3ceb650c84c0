"""Where clients are: a network of them, told by whom we believe."""

from __future__ import annotations

import pytest

from beacon.auth.networks import address_of, client_of, network_of, networks

PROXIES = networks(["10.0.0.0/8", "::1"])


@pytest.mark.parametrize(
    ("remote", "forwarded", "client"),
    [
        ("192.0.2.7", [], "192.0.2.7"),
        ("192.0.2.7", ["203.0.113.9"], "192.0.2.7"),
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["198.51.100.1", "203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        ("::1", ["2001:db8::5"], "2001:db8::5"),
        ("10.0.0.1", ["evil"], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9, evil, 10.0.0.2"], "10.0.0.2"),
        ("::ffff:192.0.2.7", [], "192.0.2.7"),
        (None, ["203.0.113.9"], None),
    ],
)
def test_only_proxies_are_believed(
    remote: str | None, forwarded: list[str], client: str | None
) -> None:
    """An address is taken from whom the operator named, and from the right."""
    assert client_of(remote, forwarded, PROXIES) == address_of(client)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", None),
    ],
)
def test_networks_are_wide(address: str, network: str | None) -> None:
    """No more than 24 or 48 bits of an address are kept."""
    assert network_of(address_of(address)) == network
