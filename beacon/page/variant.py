"""``/v/{assembly}/{variant}``: what every node says of a variant, as they say it.

A page that a script will fill asks nobody: its rows come from ``…/events``, in the
order of the nodes.  Without scripts, with ``?wait=1``, and where there is no node but
ourselves, the page asks and waits.  Either way it is one question.  ``…/report.txt``,
``…/table.csv`` and ``…/table.tsv`` are the same to take along.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from aiohttp import hdrs, web
from markupsafe import Markup

from beacon.network.here import Here
from beacon.page.answering import answered
from beacon.page.behind import BEHIND
from beacon.page.delimited import CSV, MARK, TSV, csv_text, tsv_text
from beacon.page.examples import box_of
from beacon.page.following import follow
from beacon.page.parts import (
    WAIT,
    bodies,
    common,
    lead_so_far,
    report_of,
    whole_values,
)
from beacon.page.question import Question, question_of
from beacon.page.rendering import HEADERS, render, rendered, words_of
from beacon.page.report import report_table, report_text
from beacon.page.verdict import rows

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from beacon.model.nodes import NetworkAnswer, NodeAnswer
    from beacon.page.report import Report
    from beacon.page.words import Words

    Writer = Callable[[Report, Words], str]

_FILES: Final = {CSV: "csv", TSV: "tsv"}


async def show_variant(request: web.Request) -> web.Response:
    """Show what nodes say of a variant, or the page that it will be shown on."""
    question = await question_of(request)
    if not isinstance(question, Question):
        return question
    if len(question.nodes) > 1 and WAIT not in request.query:
        return await _page(request, question, None)
    return await _page(request, question, await answered(request, question.asking))


async def _page(
    request: web.Request, question: Question, answer: NetworkAnswer | None
) -> web.Response:
    """Return the page; without an answer, the one that is filled as they come."""
    asked, values = question.asked, common(request, question)
    box = await box_of(request, asked.shown, asked.pattern.assembly)
    told = None if answer is None else rows(answer, asked.pattern)
    whole = {} if answer is None else await whole_values(request, question, answer)
    made = bodies(request, values, question, told, question.nodes)
    return render(
        request,
        "variant.html",
        status=200,
        headers=None,
        **values | {"answer": None} | whole,
        bodies=[Markup(html) for _, html in made],  # noqa: S704 - made by our templates
        box=replace(box, text=asked.shown, assembly=asked.pattern.assembly),
    )


async def show_events(request: web.Request) -> web.StreamResponse:
    """Send what nodes say as they say it, ready to be put into the page.

    Raises:
        HTTPNotFound: where nothing can be asked: no page leads here.
        BeaconError: when it is refused before anybody has answered.
    """
    question = await question_of(request)
    if not isinstance(question, Question):
        raise web.HTTPNotFound
    behind, values = request.app[BEHIND], common(request, question)
    federation, pattern = behind.network.federation, question.asked.pattern
    told: list[NodeAnswer] = []
    shown: dict[str, str] = {}

    def say(said: NodeAnswer) -> Mapping[str, object]:
        told.append(said)
        alone = rows(federation.merged([said]), pattern)
        ((place, html),) = bodies(request, values, question, alone, [said.node])
        shown[place] = html
        lead = lead_so_far(request, values, question, told)
        return {"nodes": [(place, html)], "lead": lead}

    async def end() -> Mapping[str, object]:
        answer = await federation.merged_aside(told)
        whole = values | await whole_values(request, question, answer)
        made = bodies(request, values, question, rows(answer, pattern), question.nodes)
        return {
            # Beside the others a row may look different: one dataset is shown once.
            "nodes": [each for each in made if shown.get(each[0]) != each[1]],
            "lead": rendered(request, "parts/verdict_lead.html", **whole),
            "tail": rendered(request, "parts/verdict_tail.html", **whole),
        }

    here = Here(
        federation.directory.here, behind.beacon_of(request), is_told_at_once=True
    )
    coming = federation.ask(question.asking, here, waits_for_us=True)
    return await follow(request, _written_down(request, coming), say, end)


async def _written_down(
    request: web.Request, coming: AsyncGenerator[NodeAnswer, None]
) -> AsyncGenerator[NodeAnswer, None]:
    """Yield what nodes say, once the audit has it."""
    async with aclosing(coming) as answers:
        async for said in answers:
            await request.app[BEHIND].write_down(request, (said,))
            yield said


async def show_report(request: web.Request) -> web.Response:
    """Send the text for a report."""
    return await _taken(request, "text/plain", report_text)


async def show_csv(request: web.Request) -> web.Response:
    """Send the table as CSV."""
    return await _taken(
        request, CSV, lambda report, words: csv_text(report_table(report, words))
    )


async def show_tsv(request: web.Request) -> web.Response:
    """Send the table as TSV."""
    return await _taken(
        request, TSV, lambda report, words: tsv_text(report_table(report, words))
    )


async def _taken(request: web.Request, kind: str, write: Writer) -> web.Response:
    """Ask, and send what is to be taken along."""
    question = await question_of(request)
    if not isinstance(question, Question):
        return question
    answer = await answered(request, question.asking)
    text = write(report_of(request, question, answer), words_of(request))
    headers, ending = dict(HEADERS), _FILES.get(kind)
    if ending is not None:
        headers[hdrs.CONTENT_DISPOSITION] = f'attachment; filename="verdict.{ending}"'
        text = f"{MARK}{text}"
    return web.Response(text=text, content_type=kind, headers=headers)
