"""Observations for Scout: its questions, asked of this beacon's own API.

The answer is whatever that API tells whoever holds the key, or anybody where there
is none; so policy, budgets and audit are those of every other question.
"""

from __future__ import annotations

from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import quote

import aiohttp
import orjson
from aiohttp import web
from yarl import URL

from beacon.model.errors import StoreUnavailable
from beacon.model.hosts import is_loopback
from beacon.scout.loqus import (
    UNKNOWN,
    VERSION,
    Observed,
    Place,
    allele_observed,
    allele_question,
    event_observed,
    event_question,
    not_understood,
    place_of,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    Answer = Mapping[str, object]

OBSERVED = "/loqus/"
"""What stands before the dataset."""
_DATASET = "[A-Za-z0-9][A-Za-z0-9._-]*"
"""What it can be called: nothing that is another place in the API's addresses."""
_LED_BY_NOBODY = ("none", "same-origin")
_SECONDS = 1.0
"""Scout waits for this while it shows a page."""
_KEPT_FOR = 30.0
_MOST_KEPT = 1000
_OK = 200
_WELCOME = "What this beacon has observed, in the shape of loqusdbapi"
_NO_ANSWER = "this beacon gave no answer; that is no 0"
_NO_DATASET = "there is no such dataset, or it is not for you"
_NO_ALLELE = "this is no chrom_pos_ref_alt of this assembly"
_NO_EVENT = "this is no DEL, DUP, INV, CNV, INS or BND with its place on this assembly"


class Observatory:
    """Asks the API.

    Args:
        api: its address, as ``http://127.0.0.1:5050/api``.
        key: gives what is shown to it, as it is now; ``None``: nothing.
        is_partial: tells of a dataset whether some of its people were looked at in
            some genes alone, so that nobody's number is that of all.
    """

    def __init__(
        self,
        api: str,
        key: Callable[[], str | None],
        is_partial: Callable[[str], Awaitable[bool]],
    ) -> None:
        self._api = api
        self._key = key
        self._is_partial = is_partial
        self._session: aiohttp.ClientSession | None = None
        self._places: dict[tuple[str, bool], tuple[float, Place]] = {}

    async def run(self, _: web.Application) -> AsyncIterator[None]:
        """Ask while the application runs.

        No connection is kept: the server would wait for one when it is stopped.
        """
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        once = aiohttp.TCPConnector(force_close=True)
        async with aiohttp.ClientSession(timeout=timeout, connector=once) as session:
            self._session = session
            yield
            self._session = None

    async def allele(
        self, dataset: str, identity: str, *, is_near: bool = True
    ) -> Observed:
        """Return what is known of ``chrom_pos_ref_alt``.

        Args:
            dataset: its id.
            identity: of the allele.
            is_near: whether this machine is asked under a name of its own; else no
                key is shown, as a page of anywhere may have led a browser here.
        """
        place = await self._place(dataset, is_near=is_near)
        if isinstance(place, Observed):
            return place
        question = allele_question(identity, place.assembly)
        if question is None:
            return not_understood(_NO_ALLELE)
        path = f"{_path(dataset)}/g_variants"
        answer = await self._asked(path, question, is_near=is_near)
        return _unanswered(place) if answer is None else allele_observed(answer, place)

    async def event(
        self, dataset: str, told: Mapping[str, str], *, is_near: bool = True
    ) -> Observed:
        """Return the same of variants similar to a structural one."""
        place = await self._place(dataset, is_near=is_near)
        if isinstance(place, Observed):
            return place
        question = event_question(told, place.assembly)
        if question is None:
            return not_understood(_NO_EVENT)
        path = f"{_path(dataset)}/g_variants"
        answer = await self._asked(path, question, is_near=is_near)
        return _unanswered(place) if answer is None else event_observed(answer, place)

    async def people(self, dataset: str, *, is_near: bool = True) -> int:
        """Return how many people a dataset has; -1: that is not told."""
        place = await self._place(dataset, is_near=is_near)
        told = None if isinstance(place, Observed) else place.people
        return UNKNOWN if told is None else told

    async def seen(self) -> frozenset[str]:
        """Return the ids of the datasets that the policy lets be seen by who asks here.

        Raises:
            StoreUnavailable: when that cannot be found out.
        """
        question = {"requestedGranularity": "record", "limit": "0"}
        answer = await self._asked("/datasets", question, is_near=True)
        response = {} if answer is None else answer.get("response")
        listed = response.get("collections") if isinstance(response, dict) else None
        if not isinstance(listed, list):
            message = "the API gave no answer"
            raise StoreUnavailable(message)
        return frozenset(str(each["id"]) for each in listed)

    async def _place(self, dataset: str, *, is_near: bool) -> Place | Observed:
        kept = self._places.get((dataset, is_near))
        if kept is not None and kept[0] > monotonic():
            return kept[1]
        question = {"requestedGranularity": "record"}
        answer = await self._asked(_path(dataset), question, is_near=is_near)
        if answer is None:
            return not_understood(_NO_ANSWER)
        place = place_of(answer)
        if place is None:
            return not_understood(_NO_DATASET)
        if await self._is_partial(dataset):
            place = replace(place, people=None)
        if len(self._places) >= _MOST_KEPT:
            self._places.clear()
        self._places[dataset, is_near] = monotonic() + _KEPT_FOR, place
        return place

    async def _asked(
        self, path: str, question: Mapping[str, str], *, is_near: bool
    ) -> Answer | None:
        """Return the API's answer; ``None``: it gave none."""
        if self._session is None:
            return None
        try:
            key = self._key() if is_near else None
            shown = {} if key is None else {"Authorization": f"Bearer {key}"}
            async with self._session.get(
                f"{self._api}{path}",
                params=question,
                headers=shown,
                allow_redirects=False,
            ) as response:
                body = await response.read()
                if response.status != _OK:
                    return None
        except (TimeoutError, aiohttp.ClientError, OSError):
            return None
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        return found if isinstance(found, dict) else None


def _path(dataset: str) -> str:
    return f"/datasets/{quote(dataset, safe='')}"


def _unanswered(place: Place) -> Observed:
    return Observed(
        status=not_understood(_NO_ANSWER).status,
        total=place.people,
        message=_NO_ANSWER,
    )


def add_observatory(app: web.Application, observatory: Observatory) -> None:
    """Add the routes that Scout asks of a loqusdbapi, for each dataset."""

    async def root(request: web.Request) -> web.Response:
        del request
        return _json({"message": _WELCOME, "loqusdb_version": VERSION})

    async def variant(request: web.Request) -> web.Response:
        identity = request.match_info["identity"]
        dataset = request.match_info["dataset"]
        found = await observatory.allele(dataset, identity, is_near=is_near(request))
        return _json({"_id": identity, **_alleles(identity), **found.members})

    async def event(request: web.Request) -> web.Response:
        told = dict(request.query)
        dataset = request.match_info["dataset"]
        found = await observatory.event(dataset, told, is_near=is_near(request))
        return _json({**_events(told), **found.members})

    async def cases(request: web.Request) -> web.Response:
        dataset = request.match_info["dataset"]
        people = await observatory.people(dataset, is_near=is_near(request))
        return _json({"nr_cases_snvs": people, "nr_cases_svs": people})

    app.cleanup_ctx.append(observatory.run)
    at = f"{OBSERVED}{{dataset:{_DATASET}}}"
    for path in (at, f"{at}/"):
        app.router.add_get(path, root)
    app.router.add_get(f"{at}/variants/{{identity:.*}}", variant)
    for path in ("svs", "svs/", "svs/svs/"):  # the last is what older ones ask for
        app.router.add_get(f"{at}/{path}", event)
    app.router.add_get(f"{at}/cases", cases)


def failed() -> web.Response:
    """Return what Scout is told when something unforeseen happens: no 0."""
    return _json(not_understood(_NO_ANSWER).members)


def is_near(request: web.Request) -> bool:
    """Whether a request names this machine itself, and no page of others sent it.

    It names it by an address, or as localhost; browsers say what led them here.
    """
    led_by = request.headers.get("Sec-Fetch-Site", "none").lower()
    if "Origin" in request.headers or led_by not in _LED_BY_NOBODY:
        return False
    try:
        name = URL(f"http://{request.host}").host
    except ValueError:
        return False
    return is_loopback(name or "")


def _alleles(identity: str) -> dict[str, object]:
    """Return the members of an allele as they were asked for."""
    chrom, _, rest = identity.partition("_")
    parts = rest.split("_")
    is_whole = len(parts) == len(("pos", "ref", "alt")) and parts[0].isdigit()
    if not is_whole:
        return {}
    pos, ref, alt = parts
    end = int(pos) + max(len(ref), len(alt)) - 1
    return {"chrom": chrom, "start": int(pos), "end": end, "ref": ref, "alt": alt}


def _events(told: Mapping[str, str]) -> dict[str, object]:
    """Return the members of an event as they were asked for."""
    numbers = {
        name: int(value)
        for name in ("pos", "end")
        if (value := told.get(name, "")).isdigit() and len(value) <= len("9999999999")
    }
    if len(numbers) != len(("pos", "end")):
        return {}
    pos, end = numbers["pos"], numbers["end"]
    chrom = told.get("chrom", "")
    return {
        "chrom": chrom,
        "end_chrom": told.get("end_chrom") or chrom,
        "sv_type": told.get("sv_type", ""),
        "pos_left": pos,
        "pos_right": pos,
        "end_left": end,
        "end_right": end,
        "length": max(0, end - pos),
    }


def _json(document: object) -> web.Response:
    return web.Response(
        body=orjson.dumps(document),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
