"""The page at ``/``: what this beacon is, what is loaded, how to ask.

Plain HTML made from values that may be shown to anybody; no script, nothing
from another server, and a policy that forbids both.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, urlencode

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from beacon.model.entry_types import ENTRY_TYPES
from beacon.model.requester import ANONYMOUS
from beacon.wire.info import Speaker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beacon.model.dataset import Dataset
    from beacon.model.requester import Requester
    from beacon.wire.info import BeaconIdentity

_CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_STATIC = {"style.css": "text/css", "logo.svg": "image/svg+xml"}


class Catalogue(Protocol):
    """Whatever knows what is loaded."""

    async def datasets(self, requester: Requester) -> tuple[Dataset, ...]:
        """Return every dataset that a requester sees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A question to try: what it asks, and its address."""

    asks: str
    address: str


def add_page(
    app: web.Application, *, catalogue: Catalogue, identity: BeaconIdentity
) -> None:
    """Add the page, its style and its logo to an application."""
    page = _Page(catalogue, identity)
    app.router.add_get("/", page.show)
    for name, kind in _STATIC.items():
        app.router.add_get(f"/static/{name}", _StaticFile(name, kind).show)


class _Page:
    """The page of one beacon; its template is read once."""

    def __init__(self, catalogue: Catalogue, identity: BeaconIdentity) -> None:
        self._catalogue = catalogue
        self._identity = identity
        templates = Environment(
            loader=PackageLoader("beacon.page"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._template = templates.get_template("home.html")

    async def show(self, request: web.Request) -> web.Response:
        """Show the page."""
        site = self._identity.site(request.scheme, request.host)
        speaker = Speaker(identity=self._identity, site=site)
        datasets = await self._catalogue.datasets(ANONYMOUS)
        html = self._template.render(
            me=self._identity,
            datasets=datasets,
            documents=_documents,
            examples=examples(speaker, datasets),
            api=speaker.api,
        )
        return web.Response(text=html, content_type="text/html", headers=_HEADERS)


class _StaticFile:
    """A file that lies beside the templates, read once."""

    def __init__(self, name: str, kind: str) -> None:
        self._body = (files("beacon.page") / "static" / name).read_bytes()
        self._kind = kind

    async def show(self, _: web.Request) -> web.Response:
        """Send the file."""
        return web.Response(
            body=self._body,
            content_type=self._kind,
            headers=_HEADERS | {"Cache-Control": "max-age=3600"},
        )


def _documents(dataset: Dataset) -> str:
    """Return how many documents a dataset serves, of each entry type."""
    counts = {row.path: dataset.documents.get(row.id) for row in ENTRY_TYPES.values()}
    return ", ".join(f"{path}: {s.count:,}" for path, s in counts.items() if s)


def _holds_variants(dataset: Dataset) -> bool:
    return dataset.release is not None and dataset.release.variants > 0


def examples(speaker: Speaker, datasets: Sequence[Dataset]) -> list[Example]:
    """Return questions that can be asked of what is loaded."""
    api = speaker.api
    shown = [
        Example(asks="Who is this beacon?", address=f"{api}/info"),
        Example(asks="Which datasets are loaded?", address=f"{api}/datasets"),
        Example(asks="Which paths are there?", address=f"{api}/map"),
    ]
    loaded = next((each for each in datasets if _holds_variants(each)), None)
    if loaded is None or loaded.release is None or not loaded.release.contigs:
        return shown
    assembly, sequence = loaded.release.assembly, min(loaded.release.contigs)
    somewhere = urlencode({"assemblyId": assembly, "referenceName": sequence})
    here = f"{api}/datasets/{quote(loaded.id, safe='')}/g_variants"
    return [
        *shown,
        Example(
            asks=f"Is there any variant on chromosome {sequence} of {assembly}?",
            address=f"{api}/g_variants?{somewhere}",
        ),
        Example(
            asks=f"How many variants does “{loaded.name}” hold?",
            address=f"{here}?requestedGranularity=count",
        ),
        Example(
            asks="Which are the first ten of them, with their counts?",
            address=f"{here}?requestedGranularity=record",
        ),
    ]
