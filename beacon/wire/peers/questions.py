"""A question of ours in the words of another beacon, the fewest that carry it.

Strict readers refuse one unknown key, so nothing is sent that the question does
not need; what a dialect has no words for is not asked at all, never asked wider.
Beacon v2, framework/json/requests; Beacon v1.0, v1.1.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from beacon.model.entry_types import GENOMIC_VARIANT
from beacon.model.filters import FieldFilter, Similarity, TermFilter
from beacon.model.genome import pos_from_start
from beacon.model.nodes import NodeKind, Reason
from beacon.model.query import Granularity, Include
from beacon.model.spelling import normal_allele
from beacon.model.variant import sequence_allele, strip
from beacon.wire.peers.speech import Form, Manner, Request, Unasked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.model.filters import Filter
    from beacon.model.pattern import Bounds, Spelling, VariantPattern
    from beacon.model.query import Query
    from beacon.model.similarity import Similar
    from beacon.model.variant import Allele, Reference

API_VERSION = "v2.0.0"
"""Every v2 beacon answers this version, whatever more it knows."""

_PATH, _V1_PATH = "g_variants", "query"
_FEW = 10
"""Records of one allele that are asked for; some nodes count datasets so."""
MOST_ON_PAGE = 100
_OURS = frozenset(("genomicAlleleShortForm", "similarity"))
_SPANS = frozenset(("DEL", "DUP", "INV", "CNV"))

Parameters = dict[str, object]


class _NoWords(Exception):
    """The dialect cannot say it."""


def question(
    query: Query,
    peer: Manner,
    references: Mapping[str, Reference],
    *,
    form: Form = Form.ANCHORED,
    by_get: bool | None = None,
    in_our_words: bool = True,
) -> Request | Unasked:
    """Return the request that asks a peer a question, or why there is none.

    Args:
        query: the question.
        peer: whom it is put to.
        references: genomes that alleles are normalised with, by assembly.
        form: how an insertion or deletion is spelled (``again`` says when another
            form is worth asking).
        by_get: whether it is asked by GET; ``None``: as the peer wants it.  A peer
            that answers 405 may be asked once more with the other.
        in_our_words: whether it may be asked what only beacons of this software have
            words for (names of variants, similar events, filters).  What another
            makes of that is read as ``not_asked``; ``False`` spares it the question.
    """
    pattern = query.pattern
    if pattern is None:
        return _unasked("Other beacons are not asked for all variants.")
    if peer.assemblies and pattern.assembly not in peer.assemblies:
        only = " and ".join(sorted(peer.assemblies))
        return Unasked(reason=Reason.ASSEMBLY, sentence=f"It has only {only}.")
    try:
        _check_askable(query)
        allele = asked_allele(pattern, references, form)
        if peer.node.kind is NodeKind.V1:
            _check_narrowing(query, is_ours=False)
            return _first_version(pattern, allele, peer, form, by_get=by_get)
        if in_our_words and _is_unspelled(pattern):
            return _record(pattern.identity or "", form)
        _check_narrowing(query, is_ours=in_our_words)
        sent = _parameters(pattern, allele, is_ours=in_our_words)
    except _NoWords as failure:
        return _unasked(str(failure))
    if peer.one_based:
        sent = _one_based(sent)
    level = Granularity.RECORD if pattern.is_single_allele else query.granularity
    asking = by_get if by_get is not None else peer.by_get
    build = _by_get if asking else _by_post
    request = build(query, sent, allele, level, form)
    return replace(request, is_ours=bool(query.filters) or not _OURS.isdisjoint(sent))


def _unasked(sentence: str) -> Unasked:
    return Unasked(reason=Reason.KIND_OF_QUESTION, sentence=sentence)


def _check_askable(query: Query) -> None:
    """Refuse what is only ours to answer; who may be left out is told to nobody."""
    if query.about != GENOMIC_VARIANT.id or query.under is not None:
        message = "Other beacons are asked about variants only."
        raise _NoWords(message)
    if query.excluded or query.by or query.cohort is not None:
        message = "Groups of people and single persons are not asked of others."
        raise _NoWords(message)
    is_one = query.pattern is not None and query.pattern.is_single_allele
    if query.page.skip and query.page.limit > MOST_ON_PAGE and not is_one:
        message = (
            f"Other beacons are asked for pages of {MOST_ON_PAGE} records at most, and"
            " where a longer one goes on they cannot be told."
        )
        raise _NoWords(message)


def _check_narrowing(query: Query, *, is_ours: bool) -> None:
    """Refuse filters that a peer may drop, which would answer a wider question."""
    has_words = is_ours and all(len(clause) == 1 for clause in query.filters)
    if query.unknown_filters or (query.filters and not has_words):
        message = "Filters are asked of beacons like this one only."
        raise _NoWords(message)


# --- Beacon v2 -----------------------------------------------------------------------


def asked_allele(
    pattern: VariantPattern, references: Mapping[str, Reference], form: Form
) -> Allele | None:
    """Return the one spelled allele that is asked for, in the form it is sent in."""
    if not pattern.spellings:
        return None
    allele = normal_allele(pattern, references)
    if form is Form.TRIMMED:
        return sequence_allele(
            allele.contig, *strip(allele.start, allele.reference, allele.alternate)
        )
    typed = pattern.spellings[0]
    if allele.is_anchored or _is_guessed(typed, pattern.spellings):
        return allele
    return sequence_allele(allele.contig, *typed)


def _is_guessed(form: Spelling, spellings: tuple[Spelling, ...]) -> bool:
    """Whether the base before a change is one of those that it may be."""
    start, reference, alternate = form
    return (start, f"N{reference[1:]}", f"N{alternate[1:]}") in spellings


def _parameters(
    pattern: VariantPattern, allele: Allele | None, *, is_ours: bool
) -> Parameters:
    """Return the variant parameters of Beacon v2, flat, as everybody reads them.

    Raises:
        _NoWords: there are none for this question.
    """
    asked: Parameters = {"assemblyId": pattern.assembly}
    if pattern.elsewhere:
        message = "A gene of two places is not asked of others."
        raise _NoWords(message)
    if pattern.contig is None:
        return asked | _unplaced(pattern, is_ours=is_ours)
    asked["referenceName"] = pattern.contig.name
    if allele is not None:
        return asked | _spelled(allele)
    if pattern.similar is not None:
        if not is_ours:
            message = "Similar events are asked of beacons like this one only."
            raise _NoWords(message)
        return asked | _similar(pattern.similar)
    return asked | _placed(pattern) | _annotated(pattern)


def _spelled(allele: Allele) -> Parameters:
    return {
        "start": [allele.start],
        "referenceBases": allele.reference,
        "alternateBases": allele.alternate,
    }


def _unplaced(pattern: VariantPattern, *, is_ours: bool) -> Parameters:
    if pattern.name is not None:
        if not is_ours:
            message = "Names of variants are asked of beacons like this one only."
            raise _NoWords(message)
        return {"genomicAlleleShortForm": pattern.name}
    asked = _annotated(pattern)
    if "geneId" not in asked:
        message = "A whole genome is not asked of other beacons."
        raise _NoWords(message)
    return asked | _narrowed(pattern)


def _annotated(pattern: VariantPattern) -> Parameters:
    said = pattern.annotated
    if said is None:
        return {}
    if said.effects or said.hgvs is not None or said.identifier is not None:
        message = "Effects and transcript names are not asked of other beacons."
        raise _NoWords(message)
    asked: Parameters = {}
    if said.genes:
        asked["geneId"] = said.genes[0]
    if said.protein_change is not None:
        asked["aminoacidChange"] = said.protein_change
    return asked


def _placed(pattern: VariantPattern) -> Parameters:
    """Return the parameters of a range, a bracket or an allele with open bases."""
    if pattern.identity is not None:
        return _event(pattern)
    narrowed = _narrowed(pattern)
    if pattern.overlap is not None:
        return narrowed | _stretch(pattern.overlap)
    if pattern.start is not None and pattern.end is not None:
        return narrowed | {"start": _pair(pattern.start), "end": _pair(pattern.end)}
    if pattern.is_pinned and pattern.start is not None:
        if pattern.alternate is None:
            message = "A reference base alone is not asked of other beacons."
            raise _NoWords(message)
        return narrowed | {"start": [pattern.start.low]}
    if pattern.start is None and pattern.end is None:
        length = pattern.sequence.length
        return narrowed | {"start": [0], "end": [length]}
    message = "A place with one open end is not asked of other beacons."
    raise _NoWords(message)


def _stretch(asked: Bounds) -> Parameters:
    if asked.low == asked.high:
        message = "A place between two bases is not asked of other beacons."
        raise _NoWords(message)
    return {"start": [asked.low], "end": [asked.high]}


def _pair(asked: Bounds) -> list[int]:
    return [asked.low, asked.high]


def _event(pattern: VariantPattern) -> Parameters:
    """Return the bracket that holds one structural variant, by its id."""
    kind = _kind_of(pattern)
    if kind not in _SPANS or pattern.start is None or pattern.end is None:
        message = "This kind of variant is not asked of other beacons."
        raise _NoWords(message)
    return {
        "start": _pair(pattern.start),
        "end": _pair(pattern.end),
        "variantType": kind,
    }


def _kind_of(pattern: VariantPattern) -> str:
    """Return the type word that ends a structural variant's id."""
    last = (pattern.identity or "").rsplit("-", 1)[-1]
    return last.partition("~")[0].partition(".")[0]


def _narrowed(pattern: VariantPattern) -> Parameters:
    given = {
        "referenceBases": pattern.reference,
        "alternateBases": pattern.alternate,
        "variantType": pattern.variant_type,
        "variantMinLength": pattern.min_length,
        "variantMaxLength": pattern.max_length,
        "mateName": None if pattern.mate is None else pattern.mate.name,
    }
    return {name: value for name, value in given.items() if value is not None}


def _similar(similar: Similar) -> Parameters:
    """Return the question for what is similar to an event; margins stay here."""
    event = similar.event
    asked: Parameters = {
        "start": [event.start],
        "variantType": event.kind,
        "similarity": similar.overlap,
        "breakpointDistance": similar.distance,
    }
    if event.is_span:
        asked["end"] = [event.end]
    elif event.length is not None:
        asked["variantLength"] = event.length
    if event.mate is not None:
        asked |= {"mateName": event.mate.contig, "mateStart": event.mate.start}
    return asked


def _one_based(sent: Parameters) -> Parameters:
    """Return the parameters for a peer whose starts count from 1; ends stay."""
    starts = sent.get("start")
    if isinstance(starts, list):
        return sent | {"start": [pos_from_start(start) for start in starts]}
    return sent


def _is_unspelled(pattern: VariantPattern) -> bool:
    """Whether an allele is known by its id alone, and is no span of a place."""
    is_named = pattern.identity is not None and not pattern.spellings
    return is_named and (_kind_of(pattern) not in _SPANS or pattern.end is None)


def _record(identity: str, form: Form) -> Request:
    """Return the request for one record of a beacon like this, by its id."""
    body = _body({}, Granularity.RECORD, skip=0, limit=_FEW, filters=[], is_test=False)
    path = f"{_PATH}/{quote(identity, safe='')}"
    return Request(
        method="POST", path=path, body=body, sent={}, form=form, is_ours=True
    )


def _by_post(
    query: Query,
    sent: Parameters,
    allele: Allele | None,
    level: Granularity,
    form: Form,
) -> Request:
    skip, limit = page_of(query)
    filters = [_filter(clause[0]) for clause in query.filters]
    body = _body(
        sent, level, skip=skip, limit=limit, filters=filters, is_test=query.test_mode
    )
    return Request(
        method="POST", path=_PATH, body=body, sent=sent, form=form, allele=allele
    )


def _body(
    sent: Parameters,
    level: Granularity,
    *,
    skip: int,
    limit: int,
    filters: list[Parameters],
    is_test: bool,
) -> bytes:
    document = {
        "meta": {"apiVersion": API_VERSION, "requestedSchemas": []},
        "query": {
            "requestParameters": sent,
            "filters": filters,
            "includeResultsetResponses": Include.ALL.value,
            "pagination": {"skip": skip, "limit": limit},
            "testMode": is_test,
            "requestedGranularity": level.word,
        },
    }
    return json.dumps(document, separators=(",", ":")).encode()


def page_of(query: Query) -> tuple[int, int]:
    """Return how many pages are passed over, and how many records one has."""
    if query.pattern is not None and query.pattern.is_single_allele:
        return 0, _FEW
    return query.page.skip, min(max(1, query.page.limit), MOST_ON_PAGE)


def _by_get(
    query: Query,
    sent: Parameters,
    allele: Allele | None,
    level: Granularity,
    form: Form,
) -> Request:
    skip, limit = page_of(query)
    asked: Parameters = sent | {
        "requestedGranularity": level.word,
        "includeResultsetResponses": Include.ALL.value,
        "limit": limit,
    }
    if skip:
        asked["skip"] = skip
    if query.test_mode:
        asked["testMode"] = "true"
    if query.filters:
        asked["filters"] = ",".join(clause[0].text for clause in query.filters)
    return Request(
        method="GET",
        path=_PATH,
        parameters=_flat(asked),
        sent=sent,
        form=form,
        allele=allele,
    )


def _flat(asked: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, ",".join(map(str, value)) if isinstance(value, list) else str(value))
        for name, value in asked.items()
    )


def _filter(asked: Filter) -> Parameters:
    said: Parameters
    match asked:
        case TermFilter():
            said = {"id": f"!{asked.id}" if asked.negated else asked.id}
            if not asked.descendants:
                said["includeDescendantTerms"] = False
            if asked.similarity is not Similarity.EXACT:
                said["similarity"] = asked.similarity.value
        case FieldFilter():
            said = {
                "id": asked.field,
                "operator": asked.operator.value,
                "value": asked.value,
            }
    return said if asked.scope is None else said | {"scope": asked.scope}


# --- Beacon v1 -----------------------------------------------------------------------


def _first_version(
    pattern: VariantPattern,
    allele: Allele | None,
    peer: Manner,
    form: Form,
    *,
    by_get: bool | None,
) -> Request:
    """Return the request of Beacon v1: an allele, or an event within brackets.

    Raises:
        _NoWords: it has none for this question.
    """
    sent: Parameters = {"assemblyId": pattern.assembly}
    if pattern.contig is not None:
        sent["referenceName"] = pattern.contig.name
    sent |= _v1_allele(allele) if allele is not None else _v1_event(pattern)
    if peer.one_based:
        sent = {
            name: pos_from_start(value)
            if name.startswith("start") and isinstance(value, int)
            else value
            for name, value in sent.items()
        }
    asked = sent | {"includeDatasetResponses": Include.ALL.value}
    asking = by_get if by_get is not None else peer.by_get
    if asking:
        return Request(
            method="GET",
            path=_V1_PATH,
            parameters=_flat(asked),
            sent=sent,
            form=form,
            allele=allele,
        )
    body = json.dumps(asked, separators=(",", ":")).encode()
    return Request(
        method="POST", path=_V1_PATH, body=body, sent=sent, form=form, allele=allele
    )


def _v1_allele(allele: Allele) -> Parameters:
    if not allele.is_anchored:
        message = "The base before this change is needed to ask Beacon v1."
        raise _NoWords(message)
    return {
        "start": allele.start,
        "referenceBases": allele.reference,
        "alternateBases": allele.alternate,
    }


def _v1_event(pattern: VariantPattern) -> Parameters:
    kind = pattern.variant_type
    if pattern.identity is not None:
        kind = _kind_of(pattern)
    if kind not in _SPANS or pattern.start is None or pattern.end is None:
        message = "Beacon v1 has no words for this question."
        raise _NoWords(message)
    return {
        "referenceBases": "N",
        "variantType": kind,
        "startMin": pattern.start.low,
        "startMax": pattern.start.high - 1,
        "endMin": pattern.end.low,
        "endMax": pattern.end.high - 1,
    }
