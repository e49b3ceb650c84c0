"""The listener: routes, the token, and answers in the shapes that Scout reads.

Whatever changes something needs the token (``X-Auth-Token``).  What is told without
it is what the API tells of observations, and, to this machine alone, the ids of
datasets that are fed, as far as a policy lets them be seen: Scout asks for them
without it.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final, Protocol

import orjson
import structlog
from aiohttp import web

from beacon.model.errors import (
    BeaconError,
    InvalidRequest,
    StoreUnavailable,
    UsageError,
)
from beacon.scout.observing import (
    OBSERVED,
    Observatory,
    add_observatory,
    failed,
    is_near,
)
from beacon.scout.reading import read_addition, read_dataset, read_leaving

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from beacon.ingest.feeding import Asked
    from beacon.ingest.submissions import Submission
    from beacon.scout.reading import Described

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_BODY = 4 << 20
_HEADER: Final = "X-Auth-Token"
_ADDED = "Saving variants to Beacon"
_LEAVING = "Deleting variants from Beacon"
_REGISTERED = "Dataset collection was successfully updated"
_NOT_VALID = "X-Auth-Token is missing or not valid"
_LEFT_OUT = 5
_MOST_TOLD = 1000
"""Submissions, the latest."""
_UNPROCESSABLE = 422
_log = structlog.get_logger(__name__)


class Feeder(Protocol):
    """Whoever keeps what is submitted, and carries it out."""

    async def datasets(self) -> Sequence[str]:
        """Return the ids of what may be fed."""

    async def register(self, described: Described) -> None:
        """Let a dataset be fed."""

    async def submit(self, asked: Asked) -> tuple[Submission, tuple[str, ...]]:
        """Keep an addition; return the genes that were left out, too."""

    async def leave(self, dataset: str, samples: tuple[str, ...]) -> Submission:
        """Keep the wish that people leave a dataset."""

    async def submissions(self) -> Sequence[Submission]:
        """Return all submissions, oldest first."""


class Door:
    """What a request to the listener leads to.

    Args:
        feeder: is told what is submitted.
        token: gives what a request has to show, as it is now.
        identity: of the beacon, as the first version of Beacon wrote it.
        is_private: whether only this machine reaches the listener.
        seen: gives the ids of the datasets that whoever shows no token may see;
            ``None``: all.
    """

    def __init__(
        self,
        feeder: Feeder,
        token: Callable[[], bytes],
        identity: Mapping[str, object],
        *,
        is_private: bool,
        seen: Callable[[], Awaitable[Collection[str]]] | None = None,
    ) -> None:
        self._feeder = feeder
        self._token = token
        self._identity = identity
        self._is_private = is_private
        self._seen = seen

    async def info(self, request: web.Request) -> web.Response:
        """Answer ``GET /``."""
        is_told_all = self._seen is None
        if not (self._is_private and is_near(request)) or _HEADER in request.headers:
            self._check(request)
            is_told_all = True
        ids = await self._feeder.datasets()
        if self._seen is not None and not is_told_all:
            seen = await self._seen()
            ids = [each for each in ids if each in seen]
        datasets = [{"id": each, "name": each} for each in ids]
        return _json({**self._identity, "datasets": datasets})

    async def add_dataset(self, request: web.Request) -> web.Response:
        """Answer ``POST /add_dataset``."""
        self._check(request)
        await self._feeder.register(read_dataset(await _body(request)))
        return _json({"message": _REGISTERED})

    async def add(self, request: web.Request) -> web.Response:
        """Answer ``POST /add``: it is kept, and carried out soon."""
        self._check(request)
        kept, strangers = await self._feeder.submit(read_addition(await _body(request)))
        _log.info("scout.submitted", number=kept.number, dataset=kept.dataset)
        message = _ADDED
        if strangers:
            named = ", ".join(strangers[:_LEFT_OUT])
            message += f"; {len(strangers)} of the genes have no place here ({named})"
        return _json({"message": message, "submission": kept.number}, 202)

    async def delete(self, request: web.Request) -> web.Response:
        """Answer ``DELETE /delete``: it is kept, and carried out soon."""
        self._check(request)
        dataset, samples = read_leaving(await _body(request))
        kept = await self._feeder.leave(dataset, samples)
        _log.info("scout.leaving", number=kept.number, dataset=kept.dataset)
        return _json({"message": _LEAVING, "submission": kept.number}, 202)

    async def submissions(self, request: web.Request) -> web.Response:
        """Say what became of submissions; Scout does not ask for it, people do."""
        self._check(request)
        wanted = request.query.get("dataset_id")
        found = [
            {
                "submission": each.number,
                "kind": str(each.kind),
                "dataset_id": each.dataset,
                "samples": list(each.samples),
                "received": each.received,
                "state": str(each.state),
                "message": each.message,
            }
            for each in await self._feeder.submissions()
            if wanted in (None, each.dataset)
        ]
        return _json({"submissions": found[-_MOST_TOLD:]})

    def _check(self, request: web.Request) -> None:
        given = request.headers.get(_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self._token()):
            raise web.HTTPUnauthorized(
                text=orjson.dumps({"message": _NOT_VALID}).decode(),
                content_type="application/json",
            )


def create_door(door: Door, observatory: Observatory) -> web.Application:
    """Return the application of the listener."""
    app = web.Application(middlewares=[_in_words], client_max_size=_BODY)
    for root in ("/scout", "/scout/"):
        app.router.add_get(root, door.info)
    app.router.add_post("/scout/add_dataset", door.add_dataset)
    app.router.add_post("/scout/add", door.add)
    app.router.add_delete("/scout/delete", door.delete)
    app.router.add_get("/scout/submissions", door.submissions)
    add_observatory(app, observatory)
    return app


@web.middleware
async def _in_words(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer failures as Scout shows them: JSON with a sentence."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.content_type == "application/json":
            raise
        return _json({"message": error.reason}, error.status)
    except Exception as error:  # noqa: BLE001 - Scout reads JSON, whatever happens
        if not request.path.startswith(OBSERVED):
            return _failure(error)
        _log.error("scout.unanswered", why=type(error).__name__)
        return failed()


def _failure(error: Exception) -> web.Response:
    """Return a sentence; what is not foreseen is whole inside and bland outside."""
    match error:
        case InvalidRequest():
            return _json({"message": str(error)}, _UNPROCESSABLE)
        case UsageError():  # of who runs this, whose places are nobody else's matter
            _log.error("scout.misused", why=str(error))
            return _json({"message": "nothing is taken now; ask its operator"}, 503)
        case StoreUnavailable():
            _log.error("scout.unavailable")
            return _json({"message": "the store cannot be reached; try again"}, 503)
        case BeaconError():
            return _json({"message": str(error)}, error.status_hint)
        case _:
            _log.error("scout.failed", exc_info=error)
            return _json({"message": "an unexpected failure"}, 500)


async def _body(request: web.Request) -> object:
    body = await request.read()
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        message = "the body is no JSON"
        raise InvalidRequest(message) from error


def _json(document: object, status: int = 200) -> web.Response:
    return web.Response(
        body=orjson.dumps(document),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
