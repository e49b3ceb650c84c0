"""An answer of Beacon v1, as some hospitals still give it.

``exists: null`` is an error there, wherever it stands; a call count counts copies
of the allele, and nothing says of how many.
Beacon v1.0 and v1.1; cgbeacon2 echoes the question as ``allelRequest``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from beacon.model.counts import AlleleCounts
from beacon.model.nodes import Reason
from beacon.model.query import Granularity
from beacon.model.status import Status
from beacon.wire.peers.echoes import Echo, check_parameters
from beacon.wire.peers.failing import NotAnswered
from beacon.wire.peers.plain import (
    Members,
    items,
    members,
    tells_some,
    truth,
    whole,
)
from beacon.wire.peers.sets import Heard, alone, read_set

if TYPE_CHECKING:
    from beacon.wire.peers.sets import Hearing

_ECHOES = ("alleleRequest", "allelRequest")
_NULL = "It could not tell (v1 says null)."


def read_first_version(document: Members, hearing: Hearing) -> tuple[list[Heard], Echo]:
    """Return what each dataset of a v1 answer says, and what its echo proves.

    Raises:
        NotAnswered: the answer as a whole is none.
    """
    echo = _echo(document, hearing)
    exists = truth(document.get("exists"))
    responses = items(document.get("datasetAlleleResponses"))
    if exists is None:
        if "exists" not in document and not responses:
            raise NotAnswered(Reason.NOT_A_BEACON, "It is no answer of a beacon.")
        raise NotAnswered(Reason.TOLD_AN_ERROR, _NULL)
    if not responses:
        return [alone({}, hearing, exists=exists)], echo
    parts = [_dataset(each, hearing) for each in responses]
    words = {heard.dataset.part.status for heard in parts}
    if exists and not words & {Status.SEEN, Status.NO_ANSWER}:
        raise NotAnswered(Reason.CONTRADICTS, "It says yes, and every dataset says no.")
    return parts, echo


def _echo(document: Members, hearing: Hearing) -> Echo:
    said = next((document[k] for k in _ECHOES if document.get(k) is not None), None)
    return Echo.SILENT if said is None else check_parameters(said, hearing.request.sent)


def _dataset(found: object, hearing: Hearing) -> Heard:
    """Return what one dataset says, read as a result set of v2 that says the same."""
    said = members(found)
    told: Members = {
        "id": said.get("datasetId"),
        "exists": said.get("exists"),
        "error": said.get("error"),
        "results": [],
    }
    exists = truth(said.get("exists"))
    calls, variants = whole(said.get("callCount")), whole(said.get("variantCount"))
    if exists is False:
        told["resultsCount"] = said.get("variantCount")
    elif variants:
        told["resultsCount"] = variants
    heard = read_set(told, hearing)
    part = heard.dataset.part
    if part.status is Status.NOT_SEEN and tells_some(said.get("callCount")):
        told["resultsCount"] = said.get("callCount")  # calls of what is not there
        return read_set(told, hearing)
    if heard.failure is not None or not calls:
        return heard
    if not hearing.pattern.is_single_allele:
        return heard
    counted = replace(
        part, counts=AlleleCounts(ac=calls, an=None), granularity=Granularity.COUNT
    )
    return Heard(replace(heard.dataset, part=counted))
