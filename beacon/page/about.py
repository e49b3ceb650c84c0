"""The page at ``/about``: what the words mean, what is kept, who can use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from beacon.model.status import Status
from beacon.page.behind import BEHIND
from beacon.page.examples import box_of
from beacon.page.rendering import render
from beacon.page.words import N_

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

MEANINGS: Final[Mapping[Status, str]] = {
    Status.SEEN: N_("At least one person in the dataset carries exactly this variant."),
    Status.NOT_SEEN: N_(
        "Nobody carries it, among so many people in whom it would have been found. The"
        " number stands beside it; where a dataset does not say where it has looked,"
        " that is said."
    ),
    Status.NOT_COVERED: N_(
        "The dataset knows nothing about this place of the genome. It is not a no."
    ),
    Status.WITHHELD: N_(
        "The dataset's rules do not let an answer out: the number may be small, or"
        " none. It is not a no."
    ),
    Status.REFUSED: N_("A node was asked and refused us. It is not a no."),
    Status.NO_ANSWER: N_(
        "A node was asked, and no answer came that could be understood. It is not a no."
    ),
    Status.NOT_ASKED: N_("The node was not asked; the reason stands beside it."),
}
"""What each word says, and what it does not."""


async def show_about(request: web.Request) -> web.Response:
    """Show the page."""
    behind, box = request.app[BEHIND], await box_of(request)
    requester = behind.requester_of(request)
    datasets = await behind.beacon_of(request).datasets(requester)
    return render(request, "about.html", box=box, datasets=datasets, meanings=MEANINGS)
