"""The framework's own documents: who the beacon is, what it offers, where.

What they announce is taken over into the walk, so that nothing is asked of a
beacon that it did not offer.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING

from yarl import URL

from beacon.conformance.questions import same
from beacon.conformance.reading import (
    at,
    dict_at,
    list_at,
    shown,
    text_at,
    texts_at,
    version_of,
)
from beacon.conformance.shapes import judge_document
from beacon.conformance.walk import Endpoint, Related

if TYPE_CHECKING:
    from beacon.conformance.exchange import Exchange
    from beacon.conformance.reading import Json
    from beacon.conformance.walk import Walk

_SEMANTIC = re.compile(r"v\d+\.\d+\.\d+(?:[-+].*)?", re.ASCII)
_COUNTRY = re.compile(r"(?:.*\.)?[a-z]{2}(?:\..*)?", re.IGNORECASE)
_MOST_SETS, _MOST_RELATED = 40, 40
_MOST_TERMS = 20_000
_TERM_TYPES = ("ontology", "alphanumeric", "custom")
_DOCUMENTS = {
    # path: the schema, the rule that it is there
    "info": ("info", "R2"),
    "service-info": ("service-info", "R5"),
    "configuration": ("configuration", "R7"),
    "entry_types": ("entryTypes", "R13"),
    "map": ("map", "R14"),
    "filtering_terms": ("filteringTerms", "R18"),
}


async def check_documents(walk: Walk) -> None:
    """Every framework document is there and keeps to its schema."""
    for path, (kind, rule) in _DOCUMENTS.items():
        exchange = await walk.client.ask(walk.path(path))
        if not exchange.is_answer:
            sentence = f"/{path} answers 200 with a JSON object; {exchange.came} came"
            walk.notes.find(rule, "no answer", exchange, sentence)
            continue
        walk.documents[path] = exchange
        judge_document(walk.notes, exchange, kind)
    configuration = walk.documents.get("configuration")
    entry_types = walk.documents.get("entry_types")
    for found in (entry_types, configuration):
        if found is not None:
            walk.entry_types = (
                dict_at(found.document, "response", "entryTypes") or walk.entry_types
            )
    if not walk.entry_types:
        walk.notes.leave("entry types", "neither /configuration nor /entry_types")


async def check_root(walk: Walk) -> None:
    """The root says what /info says; it is "/" below the base, or the base itself."""
    exchange = await walk.client.ask(walk.path())
    if not exchange.is_answer:
        below = await walk.client.ask(URL(f"{walk.base}/"))
        exchange = below if below.is_answer else exchange
    if not exchange.is_answer:
        walk.notes.find(
            "R1",
            "no answer",
            exchange,
            f"the root answers 200 with the info document; {exchange.came} came",
        )
        return
    info = walk.documents.get("info")
    if info is None:
        judge_document(walk.notes, exchange, "info")
        return
    if not same(at(exchange.document, "response"), at(info.document, "response")):
        walk.notes.find(
            "R1",
            "differs",
            exchange,
            "the root has the same response as /info; it differs",
        )


async def check_identity(walk: Walk) -> None:
    """One id everywhere, in a form that others can use."""
    info = walk.documents.get("info")
    if info is None:
        return
    response = dict_at(info.document, "response")
    version = text_at(response, "apiVersion") or text_at(
        info.document, "meta", "apiVersion"
    )
    if version is not None and not _SEMANTIC.fullmatch(version):
        walk.notes.find(
            "R23",
            "form",
            info,
            f"apiVersion has the form v2.1.0; it is {shown(version)}",
        )
    if walk.beacon_id and not _COUNTRY.fullmatch(walk.beacon_id):
        walk.notes.find(
            "M2",
            "country",
            info,
            "one dot-separated part of the beacon's id is a two-letter country; "
            f"{shown(walk.beacon_id)} has none",
        )
    missing = [name for name in _WANTED if text_at(response, *name.split(".")) is None]
    if missing:
        walk.notes.find(
            "M3",
            "members",
            info,
            f"networks read {', '.join(missing)} of /info; absent",
        )


_WANTED = (
    "description",
    "welcomeUrl",
    "alternativeUrl",
    "createDateTime",
    "updateDateTime",
    "organization.welcomeUrl",
    "organization.contactUrl",
    "organization.logoUrl",
)


async def check_service_info(walk: Walk) -> None:
    """The GA4GH registry recognises a Beacon by its type."""
    found = walk.documents.get("service-info")
    if found is None:
        return
    kind = dict_at(found.document, "type")
    said = (text_at(kind, "group"), text_at(kind, "artifact"))
    if None not in said and said != ("org.ga4gh", "beacon"):
        walk.notes.find(
            "R6",
            "type",
            found,
            "type.group is org.ga4gh and type.artifact is beacon; "
            f"{shown(said[0])} and {shown(said[1])} came",
        )


async def check_entry_types(walk: Walk) -> None:
    """Keys are ids; /entry_types repeats the configuration."""
    configuration = walk.documents.get("configuration")
    listed = walk.documents.get("entry_types")
    if configuration is None:
        return
    declared = at(configuration.document, "response", "entryTypes")
    if listed is not None and not same(
        declared, at(listed.document, "response", "entryTypes")
    ):
        walk.notes.find(
            "R13",
            "differs",
            listed,
            "entryTypes is that of /configuration; it differs",
        )
    for key, row in walk.entry_types.items():
        told = text_at(row, "id")
        if told is not None and told != key:
            walk.notes.find(
                "R12",
                f"key {key}",
                configuration,
                f"each key of entryTypes is the id inside; {shown(key)} "
                f"holds {shown(told)}",
            )
        if not dict_at(row, "ontologyTermForThisType"):
            walk.notes.find(
                "R12",
                "ontologyTermForThisType",
                configuration,
                f"every entry type has ontologyTermForThisType; {shown(key)} has none",
            )


async def check_map(walk: Walk) -> None:
    """The map names known types at addresses that can be asked."""
    found = walk.documents.get("map")
    if found is None:
        walk.notes.leave("every data endpoint", "there is no map")
        return
    sets = dict_at(found.document, "response", "endpointSets")
    if not sets:
        if at(found.document, "response", "endpointSets") is not None:
            walk.notes.find(
                "R14", "no set", found, "the map has at least one set; it has none"
            )
        return
    if len(sets) > _MOST_SETS:
        walk.notes.leave("the rest of the map", f"{_MOST_SETS} sets are walked")
    for key, row in islice(sets.items(), _MOST_SETS):
        endpoint = _endpoint(walk, found, row)
        if endpoint is None:
            walk.notes.leave(
                f"endpoints of {shown(key)}", "its rootUrl is none of this beacon's"
            )
        else:
            walk.endpoints.append(endpoint)


def _endpoint(walk: Walk, found: Exchange, row: Json) -> Endpoint | None:
    entry_type = text_at(row, "entryType") or ""
    _known(walk, found, entry_type, "entryType")
    root = _address(walk, found, text_at(row, "rootUrl"))
    related = []
    for below in islice(dict_at(row, "endpoints").values(), _MOST_RELATED):
        returned = text_at(below, "returnedEntryType") or ""
        _known(walk, found, returned, "returnedEntryType")
        template = _template(walk, found, text_at(below, "url"))
        if template is not None:
            related.append(Related(type=returned, template=template))
    if at(row, "singleEntryUrl") is None:
        walk.notes.find(
            "M4",
            "singleEntryUrl",
            found,
            "networks need singleEntryUrl in every set of the map; one has none",
        )
    if root is None:
        return None
    return Endpoint(
        type=entry_type,
        root=URL(root, encoded=True),
        single=_template(walk, found, text_at(row, "singleEntryUrl")),
        related=tuple(related),
    )


def _known(walk: Walk, found: Exchange, entry_type: str, member: str) -> None:
    if not walk.entry_types or not entry_type or entry_type in walk.entry_types:
        return
    walk.notes.find(
        "R15",
        f"type {entry_type}",
        found,
        f"every {member} of the map is an entry type of the configuration; "
        f"{shown(entry_type)} is none",
    )


def _template(walk: Walk, found: Exchange, url: str | None) -> str | None:
    """Return where a record, or what is below it, is asked; its id is to be put in.

    The schema lets these be relative; networks do not.
    """
    if url is not None and "{id}" not in url:
        walk.notes.find(
            "R16",
            "no {id}",
            found,
            f"the id of a record goes where an address has {{id}}; {shown(url)} "
            "has no such place",
        )
        return None
    return _address(walk, found, url, rule="M4")


def _address(
    walk: Walk, found: Exchange, url: str | None, rule: str = "R14"
) -> str | None:
    """Return where an address of the map is asked.

    A relative one is a fault, and is read as below the base, so that what is
    behind it is still judged.  One of another host, as a beacon behind a proxy
    has them, is asked here when its path is here.
    """
    if url is None:
        return None
    base = str(walk.base).rstrip("/")
    if not re.match(r"https?://[^/]", url):
        walk.notes.find(
            rule,
            "relative",
            found,
            f"addresses of the map are absolute; {shown(url)} came",
        )
        path = url.split("://")[-1] if "://" in url else url
        return _rebased(walk, path) or f"{base}/{path.lstrip('/')}"
    if _origin(url) == _origin(base):
        return url
    walk.notes.find(
        "M4",
        "origin",
        found,
        "addresses of the map lie under the address that was checked; "
        f"{shown(url)} does not",
    )
    return _rebased(walk, re.sub(r"^https?://[^/]*", "", url))


def _rebased(walk: Walk, path: str) -> str | None:
    own = walk.base.raw_path.rstrip("/")
    if not path.startswith(f"{own}/"):
        return None
    return f"{walk.base.origin()}{path}"


def _origin(url: str) -> URL | None:
    try:
        return URL(url).origin()
    except ValueError:
        return None


async def check_openapi(walk: Walk) -> None:
    """What the map calls an OpenAPI definition is one."""
    found = walk.documents.get("map")
    sets = dict_at(found.document if found else None, "response", "endpointSets")
    named = {
        url
        for row in sets.values()
        if (url := text_at(row, "openAPIEndpointsDefinition"))
    }
    for url in sorted(named)[:_MOST_SETS]:
        if _origin(url) != _origin(str(walk.base)):
            walk.notes.leave("OpenAPI definitions", "they are on another host")
            continue
        exchange = await walk.client.ask(URL(url))
        if exchange.status == HTTPStatus.OK and exchange.document is None:
            walk.notes.leave("OpenAPI definitions", "they are not JSON")
        elif text_at(exchange.document, "openapi") is None:
            walk.notes.find(
                "R17",
                "openapi",
                exchange,
                "openAPIEndpointsDefinition names an OpenAPI document; "
                f"{exchange.came} came",
            )


async def check_terms(walk: Walk) -> None:
    """Filtering terms: pages, types, scopes, and resources."""
    url = walk.path("filtering_terms")
    if "filtering_terms" not in walk.documents:
        return
    whole = await walk.client.ask(url.with_query(limit="0"))
    if whole.status == HTTPStatus.OK and whole.document is None:
        walk.notes.leave("all filtering terms at once", f"{whole.problem}")
        whole = walk.documents["filtering_terms"]
    every = list_at(whole.document, "response", _TERMS)
    walk.terms = every[:_MOST_TERMS]
    listed = walk.documents["filtering_terms"].document
    if len(every) < len(list_at(listed, "response", _TERMS)):
        walk.notes.find(
            "R20",
            "limit 0",
            whole,
            f"limit=0 gives all terms or the most there may be; {len(every)} came",
        )
    await _judge_term_pages(walk, url, len(every))
    _judge_terms(walk, whole)


async def _judge_term_pages(walk: Walk, url: URL, total: int) -> None:
    size = 2
    if total <= size:
        walk.notes.leave("pages of filtering terms", "there are too few terms")
        return
    first = await walk.client.ask(url.with_query(skip="0", limit=str(size)))
    head = [_key(each) for each in list_at(first.document, "response", _TERMS)]
    if len(head) != size:
        walk.notes.find(
            "R20",
            "limit",
            first,
            f"limit={size} gives {size} of {total} terms; {len(head)} came",
        )
        return
    second = await walk.client.ask(url.with_query(skip="1", limit=str(size)))
    tail = [_key(each) for each in list_at(second.document, "response", _TERMS)]
    if len(tail) != min(size, total - size) or set(head) & set(tail):
        walk.notes.find(
            "R20",
            "skip",
            second,
            f"skip=1 leaves out one page of {size} terms; "
            f"{len(tail)} came, {len(set(head) & set(tail))} of them again",
        )


_TERMS = "filteringTerms"


def _key(term: Json) -> tuple[str | None, ...]:
    scopes = ",".join(texts_at(term, "scopes"))
    return text_at(term, "type"), text_at(term, "id"), text_at(term, "label"), scopes


def _judge_terms(walk: Walk, whole: Exchange) -> None:
    prefixes = {
        text_at(each, "nameSpacePrefix") or text_at(each, "id") or ""
        for each in list_at(whole.document, "response", "resources")
    }
    known = {prefix.casefold() for prefix in prefixes}
    for term in walk.terms:
        kind, name = text_at(term, "type"), text_at(term, "id") or ""
        if kind is not None and kind not in _TERM_TYPES:
            walk.notes.find(
                "R19",
                "type",
                whole,
                f"a term's type is {', '.join(_TERM_TYPES)}; {shown(kind)} came",
            )
        for scope in texts_at(term, "scopes"):
            if walk.entry_types and scope not in walk.entry_types:
                walk.notes.find(
                    "R19",
                    f"scope {scope}",
                    whole,
                    f"scopes are entry types of this beacon; {shown(scope)} is none",
                )
        prefix, colon, _ = name.partition(":")
        if kind == "ontology" and colon and prefix.casefold() not in known:
            walk.notes.find(
                "R19",
                f"prefix {prefix}",
                whole,
                "every prefix of an ontology term is described in resources; "
                f"{shown(prefix)} is not",
            )


async def check_polls(walk: Walk) -> None:
    """Two polls without a change are the same: networks look at /info only."""
    info = walk.documents.get("info")
    if info is None:
        return
    again = await walk.client.ask(walk.path("info"))
    if again.is_answer and not same(again.document, info.document):
        walk.notes.find(
            "M7", "poll", again, "two polls of /info are the same; they differ"
        )


def declared_version(info: Exchange) -> tuple[int, int] | None:
    """Return the version a beacon says it speaks."""
    for place in (("response", "apiVersion"), ("meta", "apiVersion")):
        found = version_of(text_at(info.document, *place))
        if found is not None:
            return found
    return None
