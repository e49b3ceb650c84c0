"""Pages of records that peers list: those that were asked for, or none.

``skip`` counts pages, so that a peer whose pages are of another length lists other
records than ours; and what has nothing on a further page may say "no" of all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from beacon.model.nodes import Reason
from beacon.model.status import Status, overall
from beacon.wire.peers.plain import members, whole
from beacon.wire.peers.questions import page_of

if TYPE_CHECKING:
    from beacon.model.nodes import NodeAnswer, NodeDataset
    from beacon.model.query import Query
    from beacon.wire.peers.plain import Members

_OTHER_PAGE: Final = (
    "Its pages are of another length than was asked, so its records are shown on the"
    " first one only."
)
_NO_OF_A_PAGE: Final = (
    'It says "no" of a further page, which may be of what is on that page alone.'
)


def of_page(
    answer: NodeAnswer, query: Query, received: Members, *, is_ours: bool = False
) -> NodeAnswer:
    """Return an answer with the records of the page that was asked for.

    Records of one allele are few and always asked for from the first; of a range the
    page is the peer's to find, and it may say that it found another.

    Args:
        answer: as it was read.
        query: that was asked.
        received: what the peer says it was asked (``receivedRequestSummary``).
        is_ours: whether it is of software like this, whose words are of no page.
    """
    if not query.page.skip:
        return answer
    if query.pattern is not None and query.pattern.is_single_allele:
        first = query.page.offset
        return _with_records(answer, slice(first, first + query.page.limit))
    if not is_ours:
        answer = _without_no(answer)
    told = members(received.get("pagination"))
    page = zip(("skip", "limit"), page_of(query), strict=True)
    if all(whole(told.get(name)) in (None, ours) for name, ours in page):
        return answer
    if not any(row.part.variants for row in answer.datasets):
        return answer
    none = _with_records(answer, slice(0))
    return replace(none, warnings=(*answer.warnings, _OTHER_PAGE))


def _with_records(answer: NodeAnswer, some: slice) -> NodeAnswer:
    rows = tuple(
        replace(row, part=replace(row.part, variants=row.part.variants[some]))
        for row in answer.datasets
    )
    return replace(answer, datasets=rows)


def _without_no(answer: NodeAnswer) -> NodeAnswer:
    """Return an answer in which nobody says "no": it may be of a page."""
    if all(row.part.status is not Status.NOT_SEEN for row in answer.datasets):
        return answer
    rows = tuple(map(_unanswered, answer.datasets))
    status = overall(row.part.status for row in rows)
    if status is not Status.NO_ANSWER:
        return replace(answer, datasets=rows)
    return replace(
        answer,
        datasets=rows,
        status=status,
        reason=Reason.NOT_UNDERSTOOD,
        sentence=_NO_OF_A_PAGE,
    )


def _unanswered(row: NodeDataset) -> NodeDataset:
    if row.part.status is not Status.NOT_SEEN:
        return row
    part = replace(row.part, status=Status.NO_ANSWER, counts=None, coverage=None)
    return replace(row, part=part, warnings=(*row.warnings, _NO_OF_A_PAGE))
