"""``/openapi.json``: everything this beacon answers, as OpenAPI 3.1.

Made from what the routes and readers are made from: the entry types, the types
of ``parameters``, the files of ``schemas``.  A path is announced here and served
by ``api.routes``, or neither; a test compares the two.
OpenAPI 3.1.0, https://spec.openapis.org/oas/v3.1.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from beacon.model.entry_types import COLLECTIONS, ENTRY_TYPES
from beacon.model.status import Status
from beacon.wire.filters import FilterBody
from beacon.wire.parameters import CommonBody, SchemaBody, VariantBody
from schemas import contents, names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import BaseModel

    from beacon.model.entry_types import EntryType
    from beacon.wire.info import Document, Speaker

    Schema = dict[str, Any]

_JSON: Final = "application/json"
_LINES: Final = "application/x-ndjson"
_SCHEMAS: Final = "#/components/schemas"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_TERMS: Final = "filtering_terms"


def _names(body: type[BaseModel]) -> tuple[str, ...]:
    return tuple(each.alias or name for name, each in body.model_fields.items())


PAGE: Final = ("skip", "limit")
"""What a request for a list may say."""
RECORDS: Final = _names(CommonBody)
"""What a request for records may say."""
VARIANTS: Final = RECORDS + _names(VariantBody)
"""What a request for variants may say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One path, and what it takes and gives.

    Attributes:
        path: of the site, with its parameters in braces.
        summary: what it answers, in a few words.
        answer: name of the schema of its answer; of records, their entry type.
        asks: names of the parameters a query string may hold.
        body: name of the schema of what is posted.
        group: what it is listed under.
        methods: that it takes, in lower case.
    """

    path: str
    summary: str
    answer: str
    asks: tuple[str, ...] = ()
    body: str | None = None
    group: str = "Framework"
    methods: tuple[str, ...] = ("get", "post")


_FRAMEWORK: Final = {
    "": ("info", "Who this beacon is"),
    "/info": ("info", "Who this beacon is"),
    "/service-info": ("service-info", "Who this beacon is, as a GA4GH service"),
    "/configuration": ("configuration", "How this beacon is set up"),
    "/entry_types": ("entryTypes", "The kinds of records"),
    "/map": ("map", "The paths of the records"),
}
_HEALTH: Final = {
    "/openapi.json": ("openapi", "This document"),
    "/healthz": ("health", "Whether the process lives"),
    "/readyz": ("health", "Whether questions can be answered"),
}


@cache
def endpoints() -> tuple[Endpoint, ...]:
    """Return every path that answers, in the order they are listed."""
    framework = [
        Endpoint(path=f"/api{path}", answer=answer, summary=summary)
        for path, (answer, summary) in _FRAMEWORK.items()
    ]
    health = [
        Endpoint(
            path=path, answer=answer, summary=summary, group="Health", methods=("get",)
        )
        for path, (answer, summary) in _HEALTH.items()
    ]
    entries = [each for row in ENTRY_TYPES.values() for each in _entries(row)]
    return (*framework, _terms("/api", "Framework"), *entries, _batch(), *health)


def _entries(row: EntryType) -> Iterator[Endpoint]:
    """Yield the paths of one entry type: all, terms, one, and what belongs to one."""
    root = f"/api/{row.path}"
    yield _records(root, f"{row.name}: all that match", row.name, row)
    yield _terms(root, row.name)
    yield _records(f"{root}/{{id}}", f"{row.name}: one, by its id", row.name, row)
    if row.has_terms:
        yield _terms(f"{root}/{{id}}", row.name)
    for other in row.related:
        below = ENTRY_TYPES[other]
        path = f"{root}/{{id}}/{below.path}"
        yield _records(path, f"{below.name} below one of {row.name}", row.name, below)


def _records(path: str, summary: str, group: str, gives: EntryType) -> Endpoint:
    return Endpoint(
        path=path,
        summary=summary,
        answer=gives.id,
        asks=RECORDS if gives.id in COLLECTIONS else VARIANTS,
        body="question",
        group=group,
    )


def _terms(root: str, group: str) -> Endpoint:
    return Endpoint(
        path=f"{root}/{_TERMS}",
        summary="The terms that filters may use",
        answer="filteringTerms",
        asks=PAGE,
        body="question",
        group=group,
    )


def _batch() -> Endpoint:
    return Endpoint(
        path="/api/batch",
        summary="Thousands of alleles in one request, a line of answer for each",
        answer="batchAnswer",
        body="batchQuestion",
        group="Batch",
        methods=("post",),
    )


# --- the document ------------------------------------------------------------


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
            "parameters": {name: _query_parameter(name) for name in VARIANTS},
        },
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
    if method == "get" and endpoint.asks:
        operation["parameters"] = [
            {"$ref": f"#/components/parameters/{name}"} for name in endpoint.asks
        ]
    if method == "post" and endpoint.body:
        operation["requestBody"] = _request_body(endpoint.body)
    return operation


# --- what is asked -----------------------------------------------------------


@cache
def _members(body: type[BaseModel]) -> Mapping[str, Schema]:
    """Return the schema of each member of a part of a request, by its wire name."""
    read = body.model_json_schema()
    return {name: _plain(member) for name, member in read["properties"].items()}


def _plain(member: Schema) -> Schema:
    """Return a member's schema as the wire knows it: absent is absent, never null."""
    kept = {n: v for n, v in member.items() if n not in ("title", "anyOf", "default")}
    branches = [b for b in member.get("anyOf", ()) if b != {"type": "null"}]
    if member.get("default"):
        kept["default"] = member["default"]
    if len(branches) == 1:
        return {**branches[0], **kept}
    return kept | ({"anyOf": branches} if branches else {})


def _parameter(name: str) -> Schema:
    """Return the schema of a parameter that may stand in a query string or a body."""
    schema = {**_members(CommonBody), **_members(VariantBody)}[name]
    return _LISTS.get(name, schema) | {"description": _SAID[name][0]}


def _query_parameter(name: str) -> Document:
    """Return one parameter; in a query string a list is texts with commas."""
    schema = _parameter(name)
    parameter: Document = {
        "name": name,
        "in": "query",
        "description": schema.pop("description"),
        "schema": schema,
        "example": _SAID[name][1],
    }
    if schema.get("type") != "array":
        return parameter
    if name in _LISTS:
        parameter["schema"] = {"type": "array", "items": _TEXT}
    return parameter | {"style": "form", "explode": False}


def _object(members: Mapping[str, Schema], title: str) -> Schema:
    return {"title": title, "type": "object", "properties": dict(members)}


def _question() -> Schema:
    """Return the schema of a body that asks."""
    said = {name: _parameter(name) for name in RECORDS}
    meta = {name: said.pop(name) for name in ("apiVersion", "requestedSchemas")}
    page = {name: said.pop(name) for name in PAGE}
    asked = {
        "g_variant": _ref("variantParameters"),
        "datasets": _object({"datasetIds": said.pop("datasets")}, "Datasets asked"),
    }
    query = {
        "requestParameters": _object(asked, "What is asked, by entry type"),
        "pagination": _object(page, "A page of the answer"),
        **said,
    }
    parts = {"meta": _object(meta, "Who asks"), "query": _object(query, "The query")}
    return _object(parts, "A question")


def _request_body(name: str) -> Document:
    if name != "batchQuestion":
        return {"content": {_JSON: {"schema": _ref(name)}}}
    return {
        "required": True,
        "description": "A JSON array of questions, or one question in each line.",
        "content": {
            _JSON: {"schema": {"type": "array", "items": _ref(name)}},
            _LINES: {"schema": {"type": "string"}},
        },
    }


# --- what is answered --------------------------------------------------------


def _responses(endpoint: Endpoint, method: str) -> Document:
    kind = _LINES if endpoint.answer == "batchAnswer" else _JSON
    found: Document = {"200": _response("The answer.", _answer(endpoint.answer), kind)}
    if endpoint.path == "/readyz":
        found["503"] = _response("Not now.", _answer(endpoint.answer))
    if endpoint.group == "Health":
        return found
    codes = [404, 405, 503]
    if endpoint.asks or endpoint.body:
        codes.append(400)
    if method == "post" and endpoint.body:
        codes.append(413)
    return found | {
        str(code): {"$ref": f"#/components/responses/{_FAILURES[code][0]}"}
        for code in sorted(codes)
    }


def _response(said: str, schema: Schema, kind: str = _JSON) -> Document:
    return {"description": said, "content": {kind: {"schema": schema}}}


def _answer(name: str) -> Schema:
    if name == "batchAnswer":
        return {"type": "string", "description": "Lines, each a batchAnswer."}
    return _ref(f"{name}Answer" if name in ENTRY_TYPES else name)


def _failures() -> Document:
    return {
        name: _response(sentence, _ref("error"))
        for name, sentence in _FAILURES.values()
    }


def _records_answer(row: EntryType) -> Schema:
    """Return the schema of an answer that holds records of one type."""
    records: Schema = {"type": "array", "items": _ref(row.id)}
    if row.id in COLLECTIONS:
        envelope, response = "collections", {"properties": {"collections": records}}
    else:
        one_set = {"properties": {"results": records}}
        sets = {"type": "array", "items": one_set}
        envelope, response = "resultsets", {"properties": {"resultSets": sets}}
    return {
        "title": f"An answer with {row.name}",
        "allOf": [_ref(envelope), {"properties": {"response": response}}],
    }


# --- schemas -----------------------------------------------------------------


@cache
def components() -> Mapping[str, Schema]:
    """Return every schema: the files of ``schemas``, answers, and requests."""
    files = {name: _embedded(name, contents(name)) for name in names()}
    answers = {f"{row.id}Answer": _records_answer(row) for row in ENTRY_TYPES.values()}
    scope = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
    filters = {**_members(FilterBody), "scope": scope}
    return {
        **files,
        **answers,
        "question": _question(),
        "variantParameters": _object(
            {name: _parameter(name) for name in _names(VariantBody)},
            "What is asked of variants",
        ),
        "filter": _object(filters, "A filter") | {"required": ["id"]},
        "requestedSchema": _object(_members(SchemaBody), "A schema asked for"),
        "batchQuestion": _BATCH_QUESTION,
        "batchAnswer": _BATCH_ANSWER,
        "health": {
            "type": "object",
            "required": ["status"],
            "properties": {"status": {"enum": ["alive", "ready", "unavailable"]}},
        },
        "openapi": {"type": "object", "required": ["openapi", "info", "paths"]},
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"{_SCHEMAS}/{name}"}


def _embedded(name: str, schema: object) -> Any:
    """Return a schema file's content with its references led to the components."""
    if isinstance(schema, list):
        return [_embedded(name, each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _led(name, value)
        if key == "$ref" and isinstance(value, str)
        else _embedded(name, value)
        for key, value in schema.items()
        if key not in ("$id", "$schema") or not isinstance(value, str)
    }


def _led(name: str, reference: str) -> str:
    """Return where a reference of the file ``name`` leads among the components."""
    path, _, pointer = reference.partition("#")
    target = path.rpartition("/")[2].removesuffix(".json") or name
    return f"{_SCHEMAS}/{target}{pointer}"


_TEXT: Final[Schema] = {"type": "string", "minLength": 1, "pattern": r"\S"}
_ONE_FILTER: Final[list[Schema]] = [_TEXT, _ref("filter")]
_LISTS: Final[Mapping[str, Schema]] = {
    "filters": {
        "type": "array",
        "items": {
            "anyOf": [
                *_ONE_FILTER,
                {"type": "array", "items": {"anyOf": _ONE_FILTER}},
            ]
        },
    },
    "requestedSchemas": {
        "type": "array",
        "items": {"anyOf": [_TEXT, _ref("requestedSchema")]},
    },
    "datasets": {"type": "array", "items": _TEXT},
    "cohorts": {"type": "array", "items": _TEXT},
}
"""Lists whose items have more than one form."""

_SAID: Final[Mapping[str, tuple[str, object]]] = {
    "apiVersion": ("The version of Beacon the client speaks.", "v2.0.0"),
    "requestedSchemas": ("Schemas wished for; the default ones are used.", []),
    "requestedGranularity": ("The most detail that is wished for.", "record"),
    "includeResultsetResponses": ("Which datasets are listed.", "HIT"),
    "skip": ("Pages (not records) before the one wished for.", 0),
    "limit": ("Records on a page; 0 asks for the largest page.", 10),
    "testMode": ("Whether invented records are to answer.", False),
    "filters": (
        "Filters that records must all meet; of a list within the list any. "
        "In a query string field:operator value, as ageOfOnset:<=P65Y.",
        ["NCIT:C16576"],
    ),
    "strict": ("Whether a filter that is not known is an error.", True),
    "datasets": ("The only datasets asked.", ["clinic"]),
    "cohorts": ("The only cohorts whose individuals are asked.", ["women"]),
    "assemblyId": ("The assembly that positions are of.", "GRCh37"),
    "referenceName": ("A sequence, as 22, chr22 or refseq:NC_000022.10.", "22"),
    "start": ("0-based first base; two numbers: between which.", [16050407]),
    "end": ("0-based end, itself outside; two numbers: between which.", [16050408]),
    "referenceBases": ("The bases that are replaced; N is any one base.", "T"),
    "alternateBases": ("The bases that replace them; N is any one base.", "C"),
    "variantType": ("A kind of variant: SNP, DEL, DUP, EFO:0030067 …", "SNP"),
    "variantMinLength": ("The fewest bases affected.", 1),
    "variantMaxLength": ("The most bases affected.", 1000),
    "geneId": ("A gene's symbol or HGNC id.", "BRCA1"),
    "aminoacidChange": ("A change of an amino acid.", "V600E"),
    "genomicAlleleShortForm": ("An allele in HGVS.", "NC_000022.10:g.16050408T>C"),
    "mateName": ("The other sequence of a breakend.", "13"),
    "mateStart": ("0-based place of the other end.", 32315085),
    "variantLength": ("The length of a similar structural variant.", 5000),
    "similarity": ("The share that similar variants must overlap.", 0.7),
    "breakpointDistance": ("How far breakpoints of similar ones may lie.", 500),
}
"""Of each parameter: what it means, and an example."""

_FAILURES: Final[Mapping[int, tuple[str, str]]] = {
    400: ("NotUnderstood", "The request cannot be understood; one sentence says why."),
    404: ("NotThere", "There is nothing at this path."),
    405: ("NotThatMethod", "This path does not take that method."),
    413: ("TooLarge", "The request is larger than this beacon reads."),
    503: ("NotNow", "The store cannot be reached; this is no answer."),
}
_WORDS: Final = [str(word) for word in Status]
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_BATCH_QUESTION: Final[Schema] = {
    "title": "One line of a batch: a variant, and where it is meant",
    "anyOf": [
        _TEXT,
        {
            "type": "object",
            "properties": {
                "variant": _TEXT,
                "assemblyId": _TEXT,
                "datasets": {"type": "array", "items": _TEXT},
            },
        },
    ],
}
_BATCH_ANSWER: Final[Schema] = {
    "title": "The line that answers a line of a batch",
    "type": "object",
    "required": ["variant", "status", "datasets"],
    "properties": {
        "variant": {"description": "The line's variant, as it was given."},
        "status": {"enum": _WORDS},
        "error": {"type": "string", "description": "Why there is no answer."},
        "warnings": {"type": "array", "items": {"type": "string"}},
        "datasets": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "status"],
                "properties": {
                    "id": {"type": "string"},
                    "status": {"enum": _WORDS},
                    "coverage": {"type": "string"},
                    "alleleCount": _COUNT,
                    "alleleNumber": _COUNT,
                    "homozygous": _COUNT,
                    "heterozygous": _COUNT,
                    "hemizygous": _COUNT,
                },
            },
        },
    },
}
