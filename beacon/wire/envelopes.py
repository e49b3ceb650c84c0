"""The shape every answer shares: ``meta``, ``responseSummary``, ``info``, errors.

One shape at every granularity; an absent value is left out, never null.  What
stands in ``response`` is made by ``responses`` (variants and documents) and by
``catalogue`` (datasets and cohorts).
Beacon v2, framework/json/responses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from beacon.model.entry_types import DATASET, GENOMIC_VARIANT
from beacon.model.errors import (
    BeaconError,
    BudgetSpent,
    InvalidRequest,
    IssuerUnavailable,
    NetworkBusy,
    NetworkLoop,
    NetworkSilent,
    NotPermitted,
    RequestTooLarge,
    StoreUnavailable,
)
from beacon.model.query import Granularity, Include, Query
from beacon.model.status import Status
from beacon.wire.info import API_VERSION, given

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from beacon.model.entry_types import EntryType
    from beacon.wire.info import Document, Speaker


class Part(Protocol):
    """What is said for one dataset, whatever is asked of it."""

    @property
    def dataset(self) -> str:
        """Its id."""

    @property
    def exists(self) -> bool:
        """Whether it holds a match."""

    @property
    def status(self) -> Status:
        """The word for it."""

    @property
    def total(self) -> int | None:
        """How many match; ``None`` where it may not be said."""

    @property
    def granularity(self) -> Granularity:
        """The detail it is given in."""

    @property
    def adjusted_to(self) -> int | None:
        """What shown counts are multiples of; ``None``: they are exact."""


_MISSES = frozenset({Status.NOT_SEEN, Status.NOT_COVERED})

_AT_LEAST = (
    "The same variants may have been counted on two assemblies: numTotalResults is at"
    " least how many there are, the most that the datasets of one assembly have."
)
AnyPart = TypeVar("AnyPart", bound=Part)
CoveredPart = TypeVar("CoveredPart", bound=Part, covariant=True)


class Said(Protocol[CoveredPart]):
    """An answer: its parts, and what is said over all of them."""

    @property
    def status(self) -> Status:
        """The one word over all datasets."""

    @property
    def warnings(self) -> Sequence[str]:
        """Sentences that belong to it."""

    @property
    def datasets(self) -> Sequence[CoveredPart]:
        """What is said for each dataset."""

    @property
    def exists(self) -> bool:
        """Whether any dataset holds a match."""

    @property
    def total(self) -> int | None:
        """How many match over all; ``None`` where it may not be said."""

    @property
    def is_bound(self) -> bool:
        """Whether that is the least there are, and there may be more."""

    @property
    def granularity(self) -> Granularity:
        """The most detail any dataset is given in."""


def answer_document(
    query: Query,
    answer: Said[AnyPart],
    speaker: Speaker,
    returned: EntryType,
    result_set: Callable[[AnyPart, Granularity], object],
) -> Document:
    """Return an answer that lists result sets.

    Args:
        query: the question as understood.
        answer: what may be said.
        speaker: the beacon that answers.
        returned: the entry type of the records.
        result_set: renders one dataset's part at a granularity.
    """
    total = answer.total
    level = granularity_of(query, answer, total)
    document = envelope(speaker, query, returned, level)
    document["responseSummary"] = _summary(answer, level, total)
    document["response"] = {
        "resultSets": [
            result_set(part, min(level, part.granularity))
            for part in included(query.include, answer.datasets)
        ]
    }
    info: Document = {"status": str(answer.status)}
    warnings = dict.fromkeys((*query.warnings, *answer.warnings))
    if level > Granularity.BOOLEAN and answer.is_bound:
        warnings[_AT_LEAST] = None
    if warnings:
        info["warnings"] = list(warnings)
    document["info"] = info
    return document


def result_set_document(
    part: Part,
    level: Granularity,
    results: Sequence[Mapping[str, object]],
    info: Mapping[str, object],
) -> Document:
    """Return one result set.

    It always has ``resultsCount`` and ``results``, because Beacon before v2.2
    requires them; where a count may not be said, ``resultsCount`` repeats
    ``exists`` as 1 or 0 and is marked ``imprecise``.
    """
    counted = part.total if level >= Granularity.COUNT else None
    return given(
        id=part.dataset,
        setType=DATASET.id,
        exists=part.exists,
        resultsCount=int(part.exists) if counted is None else counted,
        **_precision(part.adjusted_to, is_counted=counted is not None),
        **_step(part.adjusted_to if counted is None else None, level),
        results=list(results) if level is Granularity.RECORD else [],
        info=dict(info),
    )


def granularity_of(query: Query, answer: Said[Part], total: int | None) -> Granularity:
    """Return the granularity of the whole answer.

    Without result sets (``NONE``) nothing finer than a count is said; where no
    dataset may be counted, nothing finer than yes or no.
    """
    level = min(query.granularity, answer.granularity)
    if total is None:
        return Granularity.BOOLEAN
    if query.include is Include.NONE:
        return min(level, Granularity.COUNT)
    return level


def included(include: Include, parts: Sequence[AnyPart]) -> Sequence[AnyPart]:
    """Return the parts that an answer lists."""
    match include:
        case Include.HIT:
            return [part for part in parts if part.exists]
        case Include.MISS:
            # Who gives no answer, or may give none, did not miss: it is no "no".
            return [part for part in parts if part.status in _MISSES]
        case Include.ALL:
            return parts
        case Include.NONE:
            return ()


def _summary(answer: Said[Part], level: Granularity, total: int | None) -> Document:
    if level is Granularity.BOOLEAN:
        return {"exists": answer.exists}
    is_counted = None not in [part.total for part in answer.datasets]
    is_counted = is_counted and not answer.is_bound
    steps = [part.adjusted_to for part in answer.datasets if part.adjusted_to]
    return given(
        exists=answer.exists,
        numTotalResults=total,
        **_precision(max(steps, default=None), is_counted=is_counted),
    )


def _precision(adjusted_to: int | None, *, is_counted: bool) -> Document:
    """Return how the counts of a part, or of all, are to be taken (Beacon v2.2).

    Args:
        adjusted_to: what they are multiples of.
        is_counted: whether all that may be counted was.
    """
    if not is_counted:
        return {"countPrecision": "imprecise"}
    if adjusted_to is None:
        return {}
    return {"countPrecision": "rounded", "countAdjustedTo": [adjusted_to]}


def _step(adjusted_to: int | None, level: Granularity) -> Document:
    """Return what the counts in ``info`` are multiples of, where none is of results."""
    if adjusted_to is None or level < Granularity.COUNT:
        return {}
    return {"countAdjustedTo": [adjusted_to]}


def error_document(error: BeaconError, speaker: Speaker) -> Document:
    """Return the error document of a failure we can explain."""
    parameter, hint = None, None
    if isinstance(error, InvalidRequest):
        parameter, hint = error.parameter, error.hint
    return failure_document(
        error.status_hint,
        str(error),
        speaker,
        info=given(
            status=_status_of(error),
            parameter=parameter,
            warnings=None if hint is None else [hint],
        ),
    )


def _status_of(error: BeaconError) -> str | None:
    """Return the status word a failed question has; a wrong path has none."""
    match error:
        case InvalidRequest() | RequestTooLarge():
            return Status.NO_ANSWER.value
        case NetworkBusy() | NetworkLoop() | NetworkSilent():
            return Status.NO_ANSWER.value
        case IssuerUnavailable() | StoreUnavailable():
            return Status.NO_ANSWER.value
        case BudgetSpent():
            return Status.NO_ANSWER.value
        case NotPermitted():
            return Status.WITHHELD.value
    return None


def failure_document(
    code: int,
    sentence: str,
    speaker: Speaker,
    *,
    info: Mapping[str, object] | None = None,
) -> Document:
    """Return an error document with the full meta of a data answer."""
    nothing_asked = Query(requested=summary_of_nothing())
    document = envelope(speaker, nothing_asked, GENOMIC_VARIANT, Granularity.BOOLEAN)
    document["error"] = {"errorCode": code, "errorMessage": sentence}
    if info:
        document["info"] = dict(info)
    return document


def summary_of_nothing() -> Document:
    """Return the ``receivedRequestSummary`` of a request that was not understood."""
    return {
        "apiVersion": API_VERSION,
        "requestedSchemas": [],
        "pagination": {"skip": 0, "limit": 10},
        "requestedGranularity": Granularity.BOOLEAN.word,
    }


def envelope(
    speaker: Speaker, query: Query, returned: EntryType, level: Granularity
) -> Document:
    """Return an answer of which only ``meta`` is written yet."""
    return {
        "meta": {
            "beaconId": speaker.identity.id,
            "apiVersion": API_VERSION,
            "returnedSchemas": [{"entityType": returned.id, "schema": returned.schema}],
            "returnedGranularity": level.word,
            "testMode": query.test_mode,
            "receivedRequestSummary": dict(query.requested),
        }
    }
