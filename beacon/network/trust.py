"""What a peer's certificate must be signed by, and ours that it is shown.

TLS 1.2 or later, the host's name checked, always.  A context is made again when one
of its files changes, and remembers when the certificate it last saw ends.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Final

from beacon.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from beacon.network.peers import Credentials

Stamp = tuple[int, int, int] | None
"""What changes of a file when it does."""

_DAY: Final = 86_400.0


class _Handshake(ssl.SSLObject):
    """A connection that tells its context how long the peer's certificate holds."""

    def do_handshake(self) -> None:
        super().do_handshake()
        shown = self.getpeercert()
        if shown and isinstance(self.context, Trust):
            self.context.ends = ssl.cert_time_to_seconds(str(shown["notAfter"]))


class Trust(ssl.SSLContext):
    """A context of one peer.

    Attributes:
        ends: moment after which the certificate it last saw is over.
    """

    sslobject_class = _Handshake
    ends: float | None = None


def trust_in(credentials: Credentials, *, of_login: bool = False) -> Trust:
    """Return the context for a peer.

    Args:
        credentials: of the peer.
        of_login: for its authorisation server, which may have a certificate of the
            system's authorities, too, and is shown none.

    Raises:
        UsageError: naming the file that cannot be used.
    """
    trust = Trust(ssl.PROTOCOL_TLS_CLIENT)
    trust.minimum_version = ssl.TLSVersion.TLSv1_2
    authorities, certificate = credentials.authorities, credentials.certificate
    try:
        if authorities is None or of_login:
            trust.load_default_certs()
        if authorities is not None:
            trust.load_verify_locations(authorities)
    except (OSError, ValueError) as failure:
        message = f"{authorities}: no certificates of authorities can be read there"
        raise UsageError(message) from failure
    try:
        if certificate is not None and not of_login:
            trust.load_cert_chain(certificate, credentials.key, password=_no_password)
    except (OSError, ValueError) as failure:
        message = f"{certificate}: our certificate and its key cannot be read"
        raise UsageError(message) from failure
    return trust


def _no_password() -> str:
    """Ask nobody for the password of a key: a server has no terminal."""
    message = "the key has a password"
    raise ValueError(message)


class Trusts:
    """The context of one peer, made when it is first needed and when a file changes."""

    def __init__(self, credentials: Credentials, *, of_login: bool = False) -> None:
        self._credentials = credentials
        self._of_login = of_login
        files = (credentials.authorities, credentials.certificate, credentials.key)
        self._files = tuple(each for each in files if each is not None)
        self._made: tuple[tuple[Stamp, ...], Trust] | None = None

    async def now(self) -> Trust:
        """Return it; made in a thread, as reading a system's authorities takes long.

        Raises:
            UsageError: naming the file that cannot be used.
        """
        stamps = tuple(map(stamp_of, self._files))
        made = self._made
        if made is None or made[0] != stamps:
            trust = await asyncio.to_thread(
                trust_in, self._credentials, of_login=self._of_login
            )
            made = self._made = (stamps, trust)
        return made[1]

    def days_left(self, clock: Callable[[], float]) -> float | None:
        """Return how long the peer's certificate holds, where one was seen."""
        if self._made is None or self._made[1].ends is None:
            return None
        return (self._made[1].ends - clock()) / _DAY


def stamp_of(path: Path) -> Stamp:
    """Return what changes when a file does; ``None``: it cannot be seen."""
    try:
        seen = path.stat()
    except OSError:
        return None
    return (seen.st_mtime_ns, seen.st_size, seen.st_ino)
