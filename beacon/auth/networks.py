"""Where a client is, as far as anybody needs to know: its /24 or /48.

Behind a proxy that the operator named, the address is the one the proxy tells.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_PREFIXES = {4: 24, 6: 48}
_KEPT = 4096


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return networks as they are written; an address alone is one.

    Raises:
        ValueError: naming the first that is none.
    """
    return tuple(ipaddress.ip_network(text) for text in texts)


@lru_cache(maxsize=_KEPT)
def address_of(text: str | None) -> Address | None:
    """Return an address as a socket or a proxy spells it."""
    if text is None:
        return None
    try:
        found = ipaddress.ip_address(text.strip().partition("%")[0].strip("[]"))
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def is_within(address: Address | None, those: Iterable[Network]) -> bool:
    """Whether an address lies in any of some networks."""
    return address is not None and any(address in network for network in those)


def client_of(
    remote: str | None, forwarded: Sequence[str], proxies: Sequence[Network]
) -> Address | None:
    """Return whom a request comes from.

    Args:
        remote: the other end of the connection.
        forwarded: values of ``X-Forwarded-For``; anybody may write what they like
            there, so only what a named proxy added is believed, from the right.
        proxies: that are believed.
    """
    client = address_of(remote)
    hops = [hop for value in forwarded for hop in value.split(",")]
    while hops and is_within(client, proxies):
        told = address_of(hops.pop())
        if told is None:
            break
        client = told
    return client


@lru_cache(maxsize=_KEPT)
def network_of(address: Address | None) -> str | None:
    """Return the /24 or /48 an address is in, as text."""
    if address is None:
        return None
    whole = (address, _PREFIXES[address.version])
    return str(ipaddress.ip_network(whole, strict=False))
