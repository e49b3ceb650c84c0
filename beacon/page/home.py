"""The page at ``/``: what this beacon is, what is loaded, how to ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from beacon.model.entry_types import ENTRY_TYPES
from beacon.page.behind import BEHIND
from beacon.page.examples import box_of
from beacon.page.rendering import render, words_of
from beacon.page.search import is_search, show_search
from beacon.page.words import N_
from beacon.wire.info import Speaker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp import web

    from beacon.model.dataset import Dataset
    from beacon.page.words import Words

KINDS = {"patients": N_("patients"), "population": N_("population")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A question to try: what it asks, and its address."""

    asks: str
    address: str


async def show_home(request: web.Request) -> web.Response:
    """Show the page, or what comes of the question in its address."""
    if is_search(request.query):
        return await show_search(request)
    behind, words = request.app[BEHIND], words_of(request)
    requester = behind.requester_of(request)
    datasets = await behind.beacon_of(request).datasets(requester)
    identity = behind.identity
    speaker = Speaker(
        identity=identity, site=identity.site(request.scheme, request.host)
    )
    return render(
        request,
        "home.html",
        box=await box_of(request),
        datasets=datasets,
        documents=lambda dataset: documents(dataset, words),
        examples=examples(speaker, datasets, words),
        kinds=KINDS,
        api=speaker.api,
    )


def documents(dataset: Dataset, words: Words) -> str:
    """Return how many documents a dataset serves, of each entry type."""
    counts = {row.path: dataset.documents.get(row.id) for row in ENTRY_TYPES.values()}
    return ", ".join(
        f"{path}: {words.number(served.count)}"
        for path, served in counts.items()
        if served
    )


def _holds_variants(dataset: Dataset) -> bool:
    return dataset.release is not None and dataset.release.variants > 0


def examples(
    speaker: Speaker, datasets: Sequence[Dataset], words: Words
) -> list[Example]:
    """Return questions that can be asked of the API, of what is loaded."""
    api, _ = speaker.api, words.gettext
    shown = [
        Example(asks=_("Who is this beacon?"), address=f"{api}/info"),
        Example(asks=_("Which datasets are loaded?"), address=f"{api}/datasets"),
        Example(asks=_("Which paths are there?"), address=f"{api}/map"),
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
            asks=_(
                "Is there any variant on chromosome %(sequence)s of %(assembly)s?",
                sequence=sequence,
                assembly=assembly,
            ),
            address=f"{api}/g_variants?{somewhere}",
        ),
        Example(
            asks=_("How many variants does “%(dataset)s” hold?", dataset=loaded.name),
            address=f"{here}?requestedGranularity=count",
        ),
        Example(
            asks=_("Which are the first ten of them, with their counts?"),
            address=f"{here}?requestedGranularity=record",
        ),
    ]
