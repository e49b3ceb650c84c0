"""What the name of a host tells by itself; nobody is asked for its address."""

from __future__ import annotations

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host, by its address or as localhost."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_private(scheme: str, host: str) -> bool:
    """Whether nobody on the way can read or change what is exchanged with a host.

    That is TLS, or this machine itself.
    """
    return bool(host) and (
        scheme == "https" or (scheme == "http" and is_loopback(host))
    )
