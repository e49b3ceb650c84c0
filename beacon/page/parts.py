"""The parts of a variant's page, as they are shown, and as they are taken along."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from beacon.page.behind import BEHIND
from beacon.page.beside import elsewhere, found_in, nearby, region_text
from beacon.page.delimited import csv_text, tsv_text
from beacon.page.frequency_svg import axis_svg, frequency_svg
from beacon.page.glossary import FOUND, REASONS
from beacon.page.home import KINDS
from beacon.page.outward import outward
from beacon.page.population_svg import populations_svg
from beacon.page.rendering import rendered, root_of, words_of
from beacon.page.report import (
    COVERAGES,
    UNCHECKED,
    WITHHELD,
    Report,
    report_table,
    report_text,
)
from beacon.page.verdict import rows, verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp import web

    from beacon.model.nodes import NetworkAnswer, Node, NodeAnswer
    from beacon.page.question import Question
    from beacon.page.verdict import Row

Values = dict[str, object]

WAIT: Final = "wait"
"""The parameter of a page that waits until all nodes have answered."""
_SEXED: Final = frozenset({"X", "Y", "MT"})
"""Sequences of which people may have one copy."""


def common(request: web.Request, question: Question) -> Values:
    """Return what every part of the page may use."""
    words, asked = words_of(request), question.asked
    chosen = request.query.get("lang")
    query = "" if chosen is None else f"?lang={words.language}"
    path = f"{root_of(request.app[BEHIND].identity)}{asked.address}"
    contig = asked.pattern.contig
    return {
        "asked": asked,
        "axis": axis_svg(words.decimal),
        "called": {} if asked.pattern.is_single_allele else FOUND,
        "coverages": COVERAGES,
        "frequency_svg": frequency_svg,
        "hgvs": question.hgvs,
        "is_sexed": contig is not None and contig.name in _SEXED,
        "is_single": asked.pattern.is_single_allele,
        "is_unchecked": question.is_unchecked,
        "kinds": KINDS,
        "language_query": query,
        "path": path,
        "populations_svg": populations_svg,
        "reasons": REASONS,
        "unchecked": UNCHECKED,
        "waiting": f"{path}{query}{'&' if query else '?'}{WAIT}=1",
        "withheld": WITHHELD,
    }


def bodies(
    request: web.Request,
    values: Values,
    question: Question,
    told: Sequence[Row] | None,
    nodes: Sequence[Node],
) -> list[tuple[str, str]]:
    """Return the rows of nodes as they are shown, each with the id of its place.

    Args:
        request: that is answered.
        values: that every part may use.
        question: that is asked.
        told: what is said; ``None``: nothing yet.
        nodes: whose rows are made.
    """
    places = {node.id: at for at, node in enumerate(question.nodes, 1)}
    made = []
    for node in nodes:
        own = told
        if told is not None:
            own = [row for row in told if row.node.node.id == node.id]
        place = f"node-{places.get(node.id, 0)}"
        more = {"place": place, "node": node, "rows": own}
        html = rendered(request, "parts/verdict_node.html", **values | more)
        made.append((place, html))
    return made


def lead_so_far(
    request: web.Request, values: Values, question: Question, told: Sequence[NodeAnswer]
) -> str:
    """Return what stands above the rows while nodes are still asked."""
    partly = request.app[BEHIND].network.federation.merged(told)
    return rendered(
        request,
        "parts/verdict_lead.html",
        **values,
        verdict=verdict(partly, question.asked.pattern, words_of(request)),
        heard=len(told),
        asked_nodes=len(question.nodes),
    )


async def whole_values(
    request: web.Request, question: Question, answer: NetworkAnswer
) -> Values:
    """Return what is shown once all that will come is there."""
    words, pattern = words_of(request), question.asked.pattern
    report, place = report_of(request, question, answer), question.place
    table = report_table(report, words)
    return {
        "answer": answer,
        "asked_nodes": len(question.nodes),
        "csv": csv_text(table),
        "found": [] if pattern.is_single_allele else found_in(answer, pattern),
        "heard": None,
        "nearby": await nearby(request, question.allele),
        "others": elsewhere(question.asking.query, request.app[BEHIND].lifting),
        "outward": () if place is None else outward(place),
        "region": region_text(question.allele),
        "report": report_text(report, words),
        "reported": report,
        "tsv": tsv_text(table),
        "verdict": verdict(answer, pattern, words),
    }


def report_of(
    request: web.Request, question: Question, answer: NetworkAnswer
) -> Report:
    """Return what is taken along of an answer."""
    asked = question.asked
    site = request.app[BEHIND].identity.site(request.scheme, request.host)
    return Report(
        variant=asked.shown,
        assembly=asked.pattern.assembly,
        hgvs=question.hgvs,
        is_unchecked=question.is_unchecked,
        pattern=asked.pattern,
        answer=answer,
        rows=rows(answer, asked.pattern),
        asked=datetime.now(UTC),
        question=question.asking.request_id or "",
        address=f"{site}{asked.address}",
    )
