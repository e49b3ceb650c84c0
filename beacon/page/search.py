"""``/?q=``, and Scout's and the Beacon Network's ``/?pos=…&chrom=…``: where to go.

Nothing is asked here: a question that is understood is sent to its own address, and
one that is not gets its sentence, with what may have been meant as links.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import hdrs, web

from beacon.model.assemblies import find_assembly
from beacon.page.asked import WHYS, Asked, read_box
from beacon.page.behind import BEHIND
from beacon.page.examples import box_of
from beacon.page.rendering import HEADERS, render, root_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multidict import MultiMapping

    from beacon.page.asked import Puzzle

_LINKED: Final = ("pos", "chrom", "allele")
"""What a link of Scout's, or of the Beacon Network, says beside REF and assembly."""
_NOT_UNDERSTOOD: Final = 400


def is_search(asked: Mapping[str, str]) -> bool:
    """Whether an address of the first page asks something."""
    return bool(asked.get("q", "").strip()) or all(name in asked for name in _LINKED)


async def show_search(request: web.Request) -> web.Response:
    """Go to the address of what is asked, or say why it is not understood."""
    behind = request.app[BEHIND]
    text, chosen = _typed(request.query)
    known = await behind.understanding(request)
    found = read_box(text, chosen, known)
    if isinstance(found, Asked):
        address = f"{root_of(behind.identity)}{found.address}"
        language = request.query.get("lang")
        query = "" if language is None else f"?lang={language[:2]}"
        return web.Response(
            status=303, headers={**HEADERS, hdrs.LOCATION: f"{address}{query}"}
        )
    return await show_puzzle(request, text, chosen, found)


async def show_puzzle(
    request: web.Request, text: str, chosen: str | None, found: Puzzle
) -> web.Response:
    """Say why a text is not understood, and what may have been meant."""
    return render(
        request,
        "asked.html",
        status=_NOT_UNDERSTOOD,
        box=await box_of(request, text, chosen),
        text=text,
        puzzle=found,
        whys=WHYS,
        is_list="\n" in text.strip(),
    )


def _typed(asked: MultiMapping[str]) -> tuple[str, str | None]:
    """Return the text that is asked, and the assembly chosen beside it."""
    typed = asked.get("q", "").strip()
    if typed:
        return typed, _known(asked.get("assembly"))
    parts = (asked["chrom"], asked["pos"], asked.get("ref", ""), asked["allele"])
    text = "-".join(part.strip() for part in parts if part.strip())
    return text, _known(asked.get("rs") or asked.get("assembly"))


def _known(name: str | None) -> str | None:
    """Return an assembly that is named; one that nobody knows is none."""
    found = None if name is None else find_assembly(name)
    return None if found is None else found.name
