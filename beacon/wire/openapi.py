"""``/openapi.json``: everything this beacon answers, as OpenAPI 3.1.

Made from what the routes and readers are made from: ``endpoints``, the types of
``parameters``, the files of ``schemas``.
OpenAPI 3.1.0, https://spec.openapis.org/oas/v3.1.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from beacon.model.entry_types import ENTRY_TYPES
from beacon.wire.components import components, query_parameter, ref
from beacon.wire.endpoints import NETWORK, VARIANTS, endpoints

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.wire.endpoints import Endpoint
    from beacon.wire.info import Document, Speaker

    Schema = dict[str, Any]

_JSON: Final = "application/json"
_LINES: Final = "application/x-ndjson"
_LISTED: Final = frozenset({"batchAnswer", "networkBatchAnswer"})
"""Answers that are lines, each of its own."""
_KINDS: Final = dict.fromkeys(_LISTED, _LINES) | {"metrics": "text/plain"}
"""Of answers that are no JSON document."""
_GZIP: Final = "application/gzip"
_VCF: Final = "text/vcf"
_BYTES: Final = "application/octet-stream"
_BEARER: Final = "bearer"
_TOKENS: Final[Schema] = {
    "type": "http",
    "scheme": "bearer",
    "description": "An access token (JWT) of an issuer, or an API key (`gbk_…`).",
}
_UNASKED: Final = frozenset({"/healthz", "/readyz"})
"""Where nobody is asked who they are."""
_EVENTS: Final[Schema] = {
    "type": "string",
    "description": "Lines: asked, then answer or failure of each beacon, then done.",
}
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def openapi(speaker: Speaker) -> Document:
    """Return the whole description, under the address a request came to."""
    me = speaker.identity
    listed = endpoints()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": me.name,
            "version": me.version,
            "summary": "A GA4GH Beacon v2: has this variant been seen elsewhere?",
        },
        "jsonSchemaDialect": _DIALECT,
        "servers": [{"url": speaker.site}],
        "tags": [{"name": name} for name in dict.fromkeys(e.group for e in listed)],
        "paths": {each.path: _path(each) for each in listed},
        "components": {
            "schemas": components(),
            "responses": _failures(),
            "parameters": {
                name: query_parameter(name) for name in (*VARIANTS, *NETWORK)
            },
            "securitySchemes": {_BEARER: _TOKENS},
        },
        "security": [{}, {_BEARER: []}],
    }


def _path(endpoint: Endpoint) -> Document:
    operations: Document = {m: _operation(endpoint, m) for m in endpoint.methods}
    if "{id}" not in endpoint.path:
        return operations
    identity: Document = {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "The id of a record; for an unknown one nothing exists.",
        "schema": {"type": "string", "minLength": 1},
    }
    return {"parameters": [identity], **operations}


def _operation(endpoint: Endpoint, method: str) -> Document:
    words = endpoint.path.translate(str.maketrans("/-.", "___", "{}")).strip("_")
    operation: Document = {
        "operationId": f"{method}_{words}",
        "summary": endpoint.summary,
        "tags": [endpoint.group],
        "responses": _responses(endpoint, method),
    }
    if endpoint.path in _UNASKED:
        operation["security"] = []
    if endpoint.asks and (method == "get" or endpoint.body == "vcf"):
        operation["parameters"] = [
            {"$ref": f"#/components/parameters/{name}"} for name in endpoint.asks
        ]
    if method == "post" and endpoint.body:
        operation["requestBody"] = _request_body(endpoint.body)
    return operation


# --- what is asked -----------------------------------------------------------


def _request_body(name: str) -> Document:
    if name == "vcf":
        return {
            "required": True,
            "description": "A VCF: text, gzip or BGZF.",
            "content": {kind: {} for kind in (_VCF, _GZIP, _BYTES)},
        }
    if name != "batchQuestion":
        return {"content": {_JSON: {"schema": ref(name)}}}
    return {
        "required": True,
        "description": "A JSON array of questions, or one question in each line.",
        "content": {
            _JSON: {"schema": {"type": "array", "items": ref(name)}},
            _LINES: {"schema": {"type": "string"}},
        },
    }


# --- what is answered --------------------------------------------------------


def _responses(endpoint: Endpoint, method: str) -> Document:
    kind = _KINDS.get(endpoint.answer, _JSON)
    found: Document = {"200": _response("The answer.", _answer(endpoint.answer), kind)}
    if endpoint.answer == "networkAnswer":
        content = {_JSON: {"schema": _answer(endpoint.answer)}}
        content[_LINES] = {"schema": _EVENTS}
        found = {"200": {"description": "The answer.", "content": content}}
    if endpoint.answer == "annotatedVcf":
        said = "The VCF as BGZF, or as text where text came and is accepted."
        found = {"200": {"description": said, "content": {_GZIP: {}, _VCF: {}}}}
    if endpoint.path == "/readyz":
        found["503"] = _response("Not now.", _answer(endpoint.answer))
    codes = [] if endpoint.path in _UNASKED else [401]
    if endpoint.group != "Health":
        codes += [404, 405, 503]
    if endpoint.asks or endpoint.body:
        codes += [400, 403, 429]
    if method == "post" and endpoint.body:
        codes.append(413)
    if endpoint.group == "Network" and endpoint.body:
        codes += [508] if endpoint.answer in _LISTED else [502, 508]
    return found | {
        str(code): {"$ref": f"#/components/responses/{_FAILURES[code][0]}"}
        for code in sorted(codes)
    }


def _response(
    said: str, schema: Schema, kind: str = _JSON, *, plain: bool = False
) -> Document:
    content: Document = {kind: {"schema": schema}}
    if plain:
        content["text/plain"] = {"schema": {"type": "string"}}
    return {"description": said, "content": content}


def _answer(name: str) -> Schema:
    if name in _LISTED:
        return {"type": "string", "description": f"Lines, each a {name}."}
    if name == "metrics":
        return {"type": "string", "description": "Metrics as Prometheus reads them."}
    return ref(f"{name}Answer" if name in ENTRY_TYPES else name)


def _failures() -> Document:
    # What is too long for an HTTP request never reaches us, and is refused as text.
    return {
        name: _response(sentence, ref("error"), plain=code == _UNREAD)
        for code, (name, sentence) in _FAILURES.items()
    }


_UNREAD: Final = 400
_FAILURES: Final[Mapping[int, tuple[str, str]]] = {
    400: ("NotUnderstood", "The request cannot be understood; one sentence says why."),
    401: ("NotIdentified", "The token or the key of this request proves nothing."),
    403: ("NotPermitted", "Who asks may not ask this."),
    404: ("NotThere", "There is nothing at this path."),
    405: ("NotThatMethod", "This path does not take that method."),
    413: ("TooLarge", "The request is larger than this beacon reads."),
    429: ("Spent", "Whoever asks has asked as much as it may for now."),
    502: ("NobodyAnswered", "Of all beacons that were asked none has answered."),
    508: ("Loop", "The question has come back, or has gone too far."),
    503: ("NotNow", "The store cannot be reached, or too much waits; no answer."),
}
