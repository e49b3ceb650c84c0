"""The page at ``/batch``: many variants at once, pasted, or of a VCF in the browser.

A script asks ``/network/batch`` and writes the annotated file where the file is; what
it has to know of assemblies and words it gets with the page.  Without one a pasted list
is posted, and a table comes.  Nothing is kept of either.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from beacon.model.assemblies import ASSEMBLIES, find_assembly
from beacon.model.errors import InvalidRequest, NotPermitted, RequestTooLarge
from beacon.model.query import Granularity, Include, Query
from beacon.page.asked import Asked, read_box
from beacon.page.behind import BEHIND
from beacon.page.delimited import CSV, MARK, TSV, csv_text, tsv_text
from beacon.page.examples import box_of
from beacon.page.glossary import REASONS, STATUSES
from beacon.page.listing import Entry, Row, entries, exported, row_of
from beacon.page.rendering import HEADERS, render, root_of, words_of
from beacon.page.words import N_

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from beacon.page.words import Words
    from beacon.wire.requests import Understanding

MOST_ANONYMOUS: Final = 200
"""Lines that anybody may paste where there is a policy."""
MOST_KNOWN: Final = 5_000
"""The same of who has said who they are."""
_MOST_ANYWHERE: Final = 10_000
"""Lines of a list that is posted: its table comes in one page."""
_LARGEST: Final = 1024**2
_ONES: Final = (
    "A list asks for alleles and rsIDs only; ask for a region, a gene or a structural"
    " variant in the box above."
)
_SPREAD: Final = {"csv": CSV, "tsv": TSV}

TEXTS: Final[Mapping[str, str]] = {
    "asking": N_("Asking …"),
    "progress": N_("Variants answered so far: %(rows)s."),
    "done": N_("Done. Variants answered: %(rows)s."),
    "doneHeader": N_(
        "Done. Variants answered: %(rows)s, on %(assembly)s as the header says. The"
        " annotated file is ready."
    ),
    "doneToggle": N_(
        "Done. Variants answered: %(rows)s, on %(assembly)s as you chose. The annotated"
        " file is ready."
    ),
    "stopped": N_("Stopped. Variants answered: %(rows)s."),
    "failed": N_("This could not be finished."),
    "waiting": N_("No answer yet; asking again in %(seconds)s s."),
    "unheard": N_("This beacon did not answer. It is not a “no”."),
    "inexact": N_("Only exact alleles are asked in lists."),
    "pasted": N_("The pasted list"),
    "rows": N_("Rows %(first)s to %(last)s of %(all)s"),
    "none": N_("No rows"),
    "all": N_("All"),
    "line": N_("Line"),
    "text": N_("As it was written"),
    "why": N_("Why"),
    "answer": N_("Answer"),
    "where": N_("Where"),
    "untold": N_("not told"),
    "rounded": N_("rounded"),
}
"""What the script says."""
COVERAGES: Final[Mapping[str, str]] = {
    "undeclared": N_("coverage not stated"),
    "partial": N_("covered in part"),
}
"""What a "no" does not rest on."""
BADS: Final[Mapping[str, str]] = {
    "short": N_("The line has fewer than eight columns."),
    "contig": N_("The assembly has no such sequence, or the file has another one."),
    "pos": N_("POS is no position."),
    "ref": N_("REF is missing, or is not made of bases."),
    "alt": N_("ALT is not made of bases."),
    "long": N_("The allele is longer than any that is asked for."),
}
"""Why an allele of a file is not asked for."""
FAILURES: Final[Mapping[str, str]] = {
    "empty": N_("The file is empty."),
    "bcf": N_("This is a BCF file; “bcftools view” makes a VCF of it."),
    "broken": N_(
        "The file cannot be read on from here: it is truncated or damaged, or was"
        " packed in several pieces. Pack it with bgzip, or choose it unpacked."
    ),
    "noend": N_(
        "The end of the file is missing: it may be truncated. No annotated file is"
        " made."
    ),
    "cut": N_("The last record is cut off: the file may be truncated."),
    "longline": N_("A line, or the header, is longer than any that is read."),
    "novcf": N_("This is not a VCF file: its first line is no header."),
    "nocolumns": N_("There is no #CHROM line before the first record."),
    "columns": N_("The #CHROM line does not name the eight columns of a VCF."),
    "old": N_("The header names NCBI36 (hg18), which nothing here is on."),
    "contradicts": N_(
        "The header gives %(contig)s %(length)s bases, and %(assembly)s has %(known)s:"
        " the file is on another assembly."
    ),
    "nodatasets": N_("No dataset here is on %(assembly)s."),
    "unheard": N_("This beacon did not answer. It is not a “no”."),
    "refused": N_("This beacon refused: %(sentence)s"),
    "ended": N_(
        "Your login has ended, so the rest is not asked. Log in again, then ask for it"
        " again; the rows that came stay until then."
    ),
    "unable": N_(
        "This browser cannot pack files; use a newer one, or “beacon annotate”."
    ),
    "nothing": N_("There is nothing in the list that asks for a variant."),
    "toomany": N_("At most %(most)s variants can be pasted; a file can hold more."),
    "toomanyhere": N_(
        "At most %(most)s variants can be pasted by who is not logged in; a file can"
        " hold more."
    ),
}
"""Why a list or a file is not asked to its end."""


async def show_list(request: web.Request) -> web.Response:
    """Show the page before anything is asked."""
    return await _page(request, text="", assembly=None, rows=None)


async def answer_list(request: web.Request) -> web.Response:
    """Answer a list that a form posts: a page, or a table for a spreadsheet.

    Raises:
        NotPermitted: when a page of another site sent it.
        InvalidRequest: when nothing is asked.
        RequestTooLarge: when there are more lines than may be.
    """
    _refuse_others(request)
    form = await _form(request)
    text, assembly = form.get("variants", ""), _known(form.get("assembly"))
    asked = entries(text)
    if not asked:
        message = "There is nothing in the list that asks for a variant."
        raise InvalidRequest(message, parameter="variants")
    most = most_lines(request) or _MOST_ANYWHERE
    if len(asked) > most:
        message = f"A list that is pasted holds at most {most:,} variants here."
        raise RequestTooLarge(message)
    rows = await _answered(request, asked, assembly)
    ending = form.get("as", "")
    if ending in _SPREAD:
        return _spread(rows, ending)
    return await _page(request, text=text, assembly=assembly, rows=rows)


def most_lines(request: web.Request) -> int | None:
    """Return how many variants whoever asks may paste; ``None``: any number."""
    behind = request.app[BEHIND]
    if not behind.has_policy():
        return None
    is_known = behind.requester_of(request).subject is not None
    return MOST_KNOWN if is_known else MOST_ANONYMOUS


def _refuse_others(request: web.Request) -> None:
    """Refuse what a page of another site has a browser send.

    Browsers say who led them here; of a page without a referrer the origin is null.
    """
    led_by = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get(hdrs.ORIGIN, "null")
    mine = request.app[BEHIND].identity.site(request.scheme, request.host)
    ours = {urlsplit(mine).netloc, request.host}
    is_ours = origin == "null" or urlsplit(origin).netloc in ours
    if led_by not in (None, "same-origin", "none") or not is_ours:
        message = "A list is taken from this site's own page only."
        raise NotPermitted(message)


async def _form(request: web.Request) -> Mapping[str, str]:
    if (request.content_length or 0) > _LARGEST:
        message = f"A list that is pasted has at most {_LARGEST:,} bytes."
        raise RequestTooLarge(message)
    posted = await request.post()
    return {name: value for name, value in posted.items() if isinstance(value, str)}


def _known(name: str | None) -> str | None:
    found = None if name is None else find_assembly(name)
    return None if found is None else found.name


async def _answered(
    request: web.Request, asked: Sequence[Entry], assembly: str | None
) -> list[Row]:
    behind = request.app[BEHIND]
    known = await behind.understanding(request)
    # Thousands of lines take a while; others are answered meanwhile.
    read = await asyncio.to_thread(
        lambda: [_read(entry, assembly, known) for entry in asked]
    )
    queries = [
        Query(
            pattern=one.pattern,
            assembly=one.pattern.assembly,
            granularity=Granularity.COUNT,
            include=Include.ALL,
        )
        for one in read
        if isinstance(one, Asked)
    ]
    said = iter(await behind.answers(request, queries) if queries else ())
    return [
        row_of(entry, one, next(said))
        if isinstance(one, Asked)
        else row_of(entry, None, one)
        for entry, one in zip(asked, read, strict=True)
    ]


def _read(entry: Entry, assembly: str | None, known: Understanding) -> Asked | str:
    """Return what an entry asks, or why nothing."""
    found = read_box(entry.text, assembly, known)
    if not isinstance(found, Asked):
        return found.sentence
    pattern = found.pattern
    return found if pattern.is_single_allele or pattern.name else _ONES


def _spread(rows: Sequence[Row], ending: str) -> web.Response:
    table = exported(rows)
    text = MARK + csv_text(table) if ending == "csv" else tsv_text(table)
    return web.Response(
        text=text,
        content_type=_SPREAD[ending],
        charset="utf-8",
        headers={
            **HEADERS,
            hdrs.CONTENT_DISPOSITION: f'attachment; filename="beacon.{ending}"',
        },
    )


async def _page(
    request: web.Request,
    *,
    text: str,
    assembly: str | None,
    rows: Sequence[Row] | None,
) -> web.Response:
    box = await box_of(request)
    most = most_lines(request)
    return render(
        request,
        "batch.html",
        box=box,
        text=text,
        assembly=assembly or box.assembly or box.assemblies[0],
        rows=rows,
        counted=Counter(row.status for row in rows or ()),
        bad=[row for row in rows or () if row.error is not None],
        reasons=REASONS,
        coverages=COVERAGES,
        most=most,
        said=said_to_script(request, words_of(request), most),
    )


def said_to_script(request: web.Request, words: Words, most: int | None) -> str:
    """Return what the script has to know, as JSON."""
    behind, plain = request.app[BEHIND], words.plain
    told = {
        "root": root_of(behind.identity),
        "lang": words.language,
        "locale": words.locale.replace("_", "-"),
        "most": most,
        "isKnown": behind.requester_of(request).subject is not None,
        "assemblies": {
            name: [[c.name, c.length, c.refseq, c.genbank] for c in each.contigs]
            for name, each in ASSEMBLIES.items()
        },
        "statuses": {w: [s.symbol, plain(s.word)] for w, s in STATUSES.items()},
        "reasons": {reason: plain(why) for reason, why in REASONS.items()},
        "coverages": {word: plain(each) for word, each in COVERAGES.items()},
        "texts": {name: plain(each) for name, each in TEXTS.items()},
        "bads": {name: plain(each) for name, each in BADS.items()},
        "failures": {name: plain(each) for name, each in FAILURES.items()},
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))
