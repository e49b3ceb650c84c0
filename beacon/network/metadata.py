"""What peers say of themselves: asked now and then, and kept on disk while good.

A peer that is ourselves, another one than it is listed as, or a network in a
beacon's clothes is not asked.  What it says is read by ``wire``; an address it names
leads nowhere but below its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from time import time
from typing import TYPE_CHECKING, Final

import structlog

from beacon.model.errors import InvalidRequest
from beacon.model.nodes import NodeKind, Reason
from beacon.network.exchanged import Silence
from beacon.network.peers import Proof
from beacon.wire.peers.cards import Card, is_document, read_card
from beacon.wire.peers.plain import Members, members
from beacon.wire.reading import read_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from beacon.network.client import Client
    from beacon.network.exchanged import Heard
    from beacon.network.peers import Directory, Peer

_log = structlog.get_logger(__name__)

_DOCUMENTS: Final = {"info": "/info", "map": "/map", "datasets": "/datasets"}
_V1_DOCUMENTS: Final = {"info": "/"}
_LARGEST: Final = 524_288
"""Bytes of a document that is kept."""
_AT_ONCE: Final = 2.0
"""Seconds within which all peers are asked first."""
_JITTER: Final = 0.1
_SOONEST: Final = 60.0
"""Seconds after which a peer that did not answer is asked again, and then longer."""
_NEEDED: Final = "info"
_UNSEEN: Final = Silence(
    reason=Reason.FAILED, sentence="Something failed here while it was looked at."
)
_CLOSED: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_NO_COPY: Final = (
    *(OSError, InvalidRequest, ValueError, KeyError, TypeError, AttributeError),
)
"""What reading a copy that is none may raise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """One document as it was sent, and by which name it can be asked for again.

    Attributes:
        is_shown: whether it was said to who showed our service's token, and so is
            nobody else's.
    """

    body: bytes = field(repr=False)
    etag: str | None = None
    is_shown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is known of a peer by its own word.

    Attributes:
        card: what it says; ``None``: it never said anything.
        seen: moment that was said, or was still so.
        is_copy: whether that is of an earlier process.
        is_shown: whether some of it was said to our service alone, and is told to
            nobody else.
        silence: why the last look found nothing.
        problems: what could not be had of it, in sentences.
    """

    card: Card | None = None
    seen: float | None = None
    is_copy: bool = False
    is_shown: bool = False
    silence: Silence | None = None
    problems: tuple[str, ...] = ()


class Metadata:
    """Looks at peers.

    Args:
        client: asks them.
        here: our own beacon id.
        folder: where good copies are kept; ``None``: nowhere.
        clock: the time of day.
        shows_token: whether a peer that knows our service by a token is shown it at
            once, as where nobody else is told what is learnt.  Else only a peer that
            is closed to others is, and what it says is not told (``is_shown``).
            Never a requester's token.
    """

    def __init__(
        self,
        client: Client,
        here: str,
        folder: Path | None = None,
        clock: Callable[[], float] = time,
        *,
        shows_token: bool = False,
    ) -> None:
        self._shows_token = shows_token
        self._client = client
        self._here = here
        self._folder = folder
        self._clock = clock
        self._sheets: dict[str, dict[str, _Sheet]] = {}
        self._looks: dict[str, Look] = {}
        self._watched: dict[str, tuple[Peer, float, asyncio.Task[None]]] = {}

    def look_of(self, peer: Peer) -> Look:
        """Return what is known of a peer; nothing is asked."""
        return self._looks.get(peer.node.id) or Look()

    def refusal(self, peer: Peer) -> Silence | None:
        """Return why a peer must not be asked, by what it says; ``None``: it may be."""
        card = self.look_of(peer).card
        return None if card is None else refusal_of(card, peer, self._here)

    async def take(self, directory: Directory) -> None:
        """Look at these peers from now on, and at no others."""
        wanted = {peer.node.id: peer for peer in directory.peers}
        refresh = directory.terms.refresh
        for name, (peer, every, task) in list(self._watched.items()):
            if wanted.get(name) != peer or every != refresh:
                await _ended(task)
                del self._watched[name]
            if name not in wanted or wanted[name].url != peer.url:
                self._looks.pop(name, None)
                self._sheets.pop(name, None)
        for name, peer in wanted.items():
            if name not in self._watched:
                await asyncio.to_thread(self._read_copy, peer)
                task = asyncio.create_task(self._watch(peer, refresh))
                self._watched[name] = (peer, refresh, task)

    async def close(self) -> None:
        """Look at nobody any more."""
        while self._watched:
            await _ended(self._watched.popitem()[1][2])

    async def look(self, peer: Peer) -> Look:
        """Ask a peer for what it says of itself, and return what is known now."""
        v1 = peer.node.kind is NodeKind.V1
        before = self.look_of(peer)
        sheets = self._sheets.setdefault(peer.node.id, {})
        problems: list[str] = []
        silence: Silence | None = None
        for which, path in (_V1_DOCUMENTS if v1 else _DOCUMENTS).items():
            came = await self._asked(peer, path, sheets.get(which))
            if isinstance(came, _Sheet):
                sheets[which] = came
                continue
            problems.append(f"{path}: {came.sentence}")
            if which == _NEEDED:
                silence = came
                break
        look = await asyncio.to_thread(self._looked, peer, before, silence, problems)
        self._looks[peer.node.id] = look
        if silence is None and self._folder is not None:
            await asyncio.to_thread(self._write_copy, peer, dict(sheets))
        return look

    def _looked(
        self,
        peer: Peer,
        before: Look,
        silence: Silence | None,
        problems: list[str],
    ) -> Look:
        if silence is not None:
            return replace(before, silence=silence, problems=tuple(problems))
        card = self._card(peer)
        return Look(
            card=card,
            seen=self._clock(),
            is_shown=self._is_shown(peer),
            problems=(*problems, *card.problems),
        )

    def _is_shown(self, peer: Peer) -> bool:
        sheets = self._sheets.get(peer.node.id, {})
        return any(sheet.is_shown for sheet in sheets.values())

    def _card(self, peer: Peer) -> Card:
        sheets = self._sheets.get(peer.node.id, {})
        return read_card({w: sheet.body for w, sheet in sheets.items()}, peer.url)

    async def _asked(
        self, peer: Peer, path: str, known: _Sheet | None
    ) -> _Sheet | Silence:
        """Return a document as it is now; what was known, where that is still so."""
        headers = {}
        if known is not None and known.etag is not None:
            headers["If-None-Match"] = known.etag
        knows_us = peer.credentials.proof is Proof.BEARER
        shows = self._shows_token and knows_us
        came = await self._got(peer, path, headers, shows=shows)
        is_closed = not isinstance(came, Silence) and came.status in _CLOSED
        if is_closed and knows_us and not shows:
            shows = True
            came = await self._got(peer, path, headers, shows=True)
        if isinstance(came, Silence):
            return came
        if came.status == HTTPStatus.NOT_MODIFIED and known is not None:
            return known
        if came.status != HTTPStatus.OK:
            return Silence(
                reason=Reason.HTTP_ERROR, sentence=f"It answers HTTP {came.status}."
            )
        if len(came.body) > _LARGEST:
            sentence = "It is larger than is kept."
            return Silence(reason=Reason.TOO_LARGE, sentence=sentence)
        # Half a megabyte of JSON is read in a thread: others wait for answers.
        if not await asyncio.to_thread(is_document, came.body):
            sentence = "It is no JSON object, or tells an error."
            return Silence(reason=Reason.NOT_JSON, sentence=sentence)
        etag = came.headers.get("etag")
        return _Sheet(body=came.body, etag=etag, is_shown=shows)

    async def _got(
        self, peer: Peer, path: str, headers: Mapping[str, str], *, shows: bool
    ) -> Heard | Silence:
        return await self._client.get(
            peer, path, deadline=peer.seconds, headers=headers, shows=shows
        )

    async def _watch(self, peer: Peer, refresh: float) -> None:
        """Look again and again; one that does not answer, sooner."""
        pause, wait = _SOONEST, random.uniform(0, _AT_ONCE)  # noqa: S311 - no secret
        while True:
            await asyncio.sleep(wait)
            try:
                look = await self.look(peer)
            except Exception as failure:  # noqa: BLE001 - the next look may go well
                why = type(failure).__name__
                _log.error("peer.not_looked_at", peer=peer.node.id, why=why)
                look = Look(silence=_UNSEEN)
            refusal = self.refusal(peer)
            if refusal is not None:
                _log.warning("peer.not_asked", peer=peer.node.id, why=refusal.sentence)
            every = refresh
            if look.silence is not None:
                every, pause = min(pause, refresh), 2 * pause
            else:
                pause = _SOONEST
            wait = every * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311

    def _place(self, peer: Peer) -> Path | None:
        return None if self._folder is None else self._folder / f"{peer.node.id}.json"

    def _read_copy(self, peer: Peer) -> None:
        """Take what an earlier process kept of a peer at the same address."""
        place = self._place(peer)
        if place is None or peer.node.id in self._looks:
            return
        with suppress(*_NO_COPY):
            if place.stat().st_size > _LARGEST * 2 * len(_DOCUMENTS):
                return
            said = members(read_json(place.read_bytes()))
            seen, documents = said["seen"], members(said["documents"])
            if said["url"] != peer.url or not isinstance(seen, int | float):
                return
            self._sheets[peer.node.id] = {
                which: _sheet(members(each)) for which, each in documents.items()
            }
            card = self._card(peer)
            self._looks[peer.node.id] = Look(
                card=card, seen=seen, is_copy=True, is_shown=self._is_shown(peer)
            )

    def _write_copy(self, peer: Peer, sheets: Mapping[str, _Sheet]) -> None:
        """Keep what a peer said, whole or not at all."""
        place = self._place(peer)
        if place is None:
            return
        said = {
            "url": peer.url,
            "seen": self._clock(),
            "documents": {
                which: {
                    "body": sheet.body.decode("utf-8", "replace"),
                    "etag": sheet.etag,
                    "shown": sheet.is_shown,
                }
                for which, sheet in sheets.items()
            },
        }
        made = place.with_name(f"{place.name}.{os.getpid()}")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            made.write_text(json.dumps(said), encoding="utf-8")
            made.replace(place)
        except OSError as failure:
            _log.warning("peer.not_kept", peer=peer.node.id, why=failure.strerror)
        finally:
            with suppress(OSError):  # where nothing can be written, nothing is left
                made.unlink(missing_ok=True)


def _sheet(said: Members) -> _Sheet:
    """Return a document as it was kept.

    Raises:
        KeyError, TypeError: when it was not.
    """
    body, etag = said["body"], said["etag"]
    if not isinstance(body, str) or not isinstance(etag, str | None):
        raise TypeError
    return _Sheet(
        body=body.encode(), etag=etag, is_shown=said.get("shown", False) is True
    )


def refusal_of(card: Card, peer: Peer, here: str) -> Silence | None:
    """Return why a peer must not be asked, by what it says of itself."""
    if card.beacon == here:
        return _refused(Reason.LOOP, "It is our own beacon under another name.")
    if card.beacon is not None and card.beacon != peer.node.id:
        sentence = "It says that it is another beacon than it is listed as."
        return _refused(Reason.WRONG_BEACON, sentence)
    if card.is_network and peer.node.kind is NodeKind.BEACON:
        return _refused(Reason.LOOP, "It is a network, and is listed as a beacon.")
    return None


def _refused(reason: Reason, sentence: str) -> Silence:
    return Silence(reason=reason, sentence=sentence, is_ours=True)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
