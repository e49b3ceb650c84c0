"""What a peer is shown: nothing, our service's token, or one had for the requester's.

A requester's token goes to the ``token_url`` that the operator named and nowhere else
(RFC 8693); the peer gets what came back.  Nothing here is logged or kept on disk, and
a token that is not one line of plain characters is none.
"""

from __future__ import annotations

import asyncio
import json
import re
from base64 import b64encode
from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from time import monotonic
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_plus, urlencode
from weakref import WeakValueDictionary

from beacon.model.nodes import Reason
from beacon.network.exchanged import Silence
from beacon.network.peers import Proof
from beacon.network.trust import stamp_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from beacon.network.exchanged import Heard, SubjectToken
    from beacon.network.peers import Credentials
    from beacon.network.trust import Stamp

_GRANT: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
_ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a name
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""What a bearer token may look like (RFC 6750, section 2.1)."""
_LONGEST: Final = 16_384
_LARGEST_FILE: Final = 65_536
_MOST_KEPT: Final = 1000
_MARGIN: Final = 10.0
"""Seconds before its end from which a token is not used any more."""
_UNSAID: Final = 60.0
"""Seconds for which a token is kept that does not say how long it holds."""
_LONGEST_KEPT: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Shown:
    """An ``Authorization`` for a peer; ``None``: none.

    Attributes:
        is_kept: whether it was had before, so that it may have been taken back since.
    """

    authorization: str | None = field(default=None, repr=False)
    is_kept: bool = False


class TokenFile:
    """A secret of one line in a file, read again when that changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[Stamp, str | None] | None = None

    def text(self) -> str | None:
        """Return it; ``None`` where there is none, or it is no plain line."""
        stamp = stamp_of(self._path)
        if self._read is None or self._read[0] != stamp or stamp is None:
            self._read = (stamp, self._fresh())
        return self._read[1]

    def _fresh(self) -> str | None:
        try:
            with self._path.open("rb") as file:
                text = file.read(_LARGEST_FILE).decode("ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None
        return text if 0 < len(text) <= _LONGEST and text.isprintable() else None


class Purse:
    """What one peer is shown.

    Args:
        credentials: how.
        send: sends a form to its authorisation server.
        clock: seconds, as they pass.
    """

    def __init__(
        self,
        credentials: Credentials,
        send: Callable[[str, bytes, dict[str, str]], Awaitable[Heard | Silence]],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._said = credentials
        self._send = send
        self._clock = clock
        self._token = _file(credentials.token_file)
        self._secret = _file(credentials.client_secret_file)
        self._kept: OrderedDict[bytes, tuple[str, float]] = OrderedDict()
        self._asking: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()

    async def shown(self, subject: SubjectToken | None) -> Shown | Silence:
        """Return what the peer is shown for a requester, or why that cannot be had."""
        if self._said.proof is Proof.NONE:
            return Shown()
        if self._said.proof is Proof.BEARER:
            return self._service()
        if subject is None:
            return _none("It is asked in a requester's name, and no token was given.")
        return await self._exchanged(subject)

    def forget(self, subject: SubjectToken | None) -> None:
        """Keep a token no longer that the peer did not take."""
        if subject is not None:
            self._kept.pop(_mark(subject), None)

    def _service(self) -> Shown | Silence:
        text = self._said.token
        if self._token is not None:
            text = self._token.text()
        if text is None or not _TOKEN.fullmatch(text):
            return _none("The token of our service cannot be read.")
        return Shown(f"Bearer {text}")

    async def _exchanged(self, subject: SubjectToken) -> Shown | Silence:
        """Return a token for the peer; one exchange at a time for each requester."""
        mark = _mark(subject)
        async with self._asking.setdefault(mark, asyncio.Lock()):
            kept = self._kept.get(mark)
            if kept is not None and self._clock() < kept[1]:
                return Shown(f"Bearer {kept[0]}", is_kept=True)
            came = await self._asked(subject)
            if isinstance(came, Silence):
                return came
            self._keep(mark, *came)
            return Shown(f"Bearer {came[0]}")

    def _keep(self, mark: bytes, token: str, seconds: float) -> None:
        self._kept[mark] = (token, self._clock() + seconds)
        self._kept.move_to_end(mark)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)

    async def _asked(self, subject: SubjectToken) -> tuple[str, float] | Silence:
        """Return a token and the seconds it may be kept for."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        form = self._form(subject)
        if self._secret is not None:
            secret = self._secret.text()
            if secret is None:
                return _none("Our secret for its authorisation server cannot be read.")
            headers["Authorization"] = _basic(form.pop("client_id"), secret)
        body = urlencode(form).encode()
        came = await self._send(self._said.token_url or "", body, headers)
        if isinstance(came, Silence):
            return _none("Its authorisation server does not answer.")
        given = _read(came)
        if given is None or given[0] == subject.text:
            return _none("Its authorisation server gives this requester no token.")
        return given

    def _form(self, subject: SubjectToken) -> dict[str, str]:
        said = self._said
        form = {
            "grant_type": _GRANT,
            "subject_token": subject.text,
            "subject_token_type": _ACCESS_TOKEN,
            "requested_token_type": _ACCESS_TOKEN,
            "audience": said.audience,
            "scope": said.scope,
            "client_id": said.client_id,
        }
        return {key: value for key, value in form.items() if value is not None}


def _file(path: Path | None) -> TokenFile | None:
    return None if path is None else TokenFile(path)


def _mark(subject: SubjectToken) -> bytes:
    return sha256(subject.text.encode()).digest()


def _none(sentence: str) -> Silence:
    return Silence(reason=Reason.NO_CREDENTIALS, sentence=sentence, is_ours=True)


def _basic(name: str, secret: str) -> str:
    """Return the header of a client (RFC 6749, section 2.3.1)."""
    pair = f"{quote_plus(name)}:{quote_plus(secret)}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def _read(came: Heard) -> tuple[str, float] | None:
    """Read the answer of an authorisation server (RFC 8693, section 2.2)."""
    if came.status != HTTPStatus.OK:
        return None
    try:
        said = json.loads(came.body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    token, kind = said.get("access_token"), said.get("token_type")
    if not isinstance(token, str) or not isinstance(kind, str):
        return None
    if kind.lower() != "bearer" or len(token) > _LONGEST or not _TOKEN.fullmatch(token):
        return None
    return token, _seconds(said.get("expires_in"))


def _seconds(said: object) -> float:
    """Return for how long a token is kept; what is no number, says nothing."""
    if isinstance(said, bool) or not isinstance(said, int | float):
        return _UNSAID
    if said >= _LONGEST_KEPT:
        return _LONGEST_KEPT - _MARGIN
    return said - _MARGIN if said > _MARGIN else 0.0
