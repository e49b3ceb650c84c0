"""Where a socket may go: judged when it is made, whatever its name resolved to.

A name that resolves to the inside, an address spelled in a queer way or an IPv4 one
in IPv6 clothes are all the same here: an address that is public, or listed, or none.
"""

from __future__ import annotations

import errno
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from ipaddress import IPv4Network, IPv6Network

Network: TypeAlias = "IPv4Network | IPv6Network"
Address: TypeAlias = IPv4Address | IPv6Address
AddressInfo: TypeAlias = tuple[
    "int | socket.AddressFamily",
    "int | socket.SocketKind",
    int,
    str,
    tuple[object, ...],
]

_IPV4: Final = 0xFFFF_FFFF
_HOLD_IPV4: Final = (ip_network("64:ff9b::/96"), ip_network("::/96"))
"""Networks whose last 32 bits are an IPv4 address (RFC 6052, RFC 4291)."""
_INSIDE: Final = (ip_network("64:ff9b:1::/48"), ip_network("fec0::/10"))
"""Networks of a site (RFC 8215, RFC 3879) that the standard library calls global."""


class ForbiddenAddress(OSError):
    """An address that a peer may not live at; which, is nobody's business."""

    def __init__(self) -> None:
        super().__init__(errno.EACCES, "an address that is not asked")


def guard(allowed: Sequence[Network]) -> Callable[[AddressInfo], socket.socket]:
    """Return what makes sockets to public addresses and to those in ``allowed``."""
    networks = tuple(allowed)

    def make(info: AddressInfo) -> socket.socket:
        family, kind, protocol, _, place = info
        if not may_be_asked(str(place[0]), networks):
            raise ForbiddenAddress
        return socket.socket(family=family, type=kind, proto=protocol)

    return make


def anywhere(info: AddressInfo) -> socket.socket:
    """Return a socket to any address: of a proxy that the operator named."""
    family, kind, protocol, _, _ = info
    return socket.socket(family=family, type=kind, proto=protocol)


def check_literal(host: str | None, allowed: Sequence[Network]) -> None:
    """Refuse a host that is an address which may not be asked; a name passes.

    Of what is asked by a proxy, nothing more is known here.

    Raises:
        ForbiddenAddress: when it is one.
    """
    try:
        ip_address(host or "")
    except ValueError:
        return
    if not may_be_asked(host or "", allowed):
        raise ForbiddenAddress


def may_be_asked(host: str, allowed: Sequence[Network]) -> bool:
    """Whether an address, as a socket takes it, is public or listed.

    Args:
        host: the address; what is none, is not asked.
        allowed: networks it may be in.
    """
    try:
        address = ip_address(host)
    except ValueError:
        return False
    meant = _meant(address)
    if any(each in network for network in allowed for each in meant):
        return True
    return all(_is_public(each) for each in meant)


def _is_public(address: Address) -> bool:
    is_inside = any(address in network for network in _INSIDE)
    return address.is_global and not address.is_multicast and not is_inside


def _meant(address: Address) -> tuple[Address, ...]:
    """Return an address and the IPv4 one it stands for; a mapped one is only that."""
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address, address.sixtofour)
    if any(address in network for network in _HOLD_IPV4):
        return (address, IPv4Address(int(address) & _IPV4))
    return (address,)
