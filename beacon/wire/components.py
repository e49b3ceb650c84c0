"""The schemas of everything asked and answered, as OpenAPI's components.

Answers and records are the files of ``schemas``, embedded with their references
led here; requests follow from the types that read them.  What a parameter means
to people is said here and nowhere else.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from beacon.model.entry_types import COLLECTIONS, DOCUMENTED, ENTRY_TYPES
from beacon.model.status import Status
from beacon.wire.endpoints import PAGE, RECORDS
from beacon.wire.filters import MOST_FILTERS, FilterBody
from beacon.wire.network_schemas import network_components
from beacon.wire.parameters import CommonBody, SchemaBody, VariantBody
from beacon.wire.summary import SCHEMA as SUMMARY
from schemas import contents, names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.model.entry_types import EntryType
    from beacon.wire.info import Document
    from beacon.wire.values import Read

    Schema = dict[str, Any]

_SCHEMAS: Final = "#/components/schemas"


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
        **network_components(ref),
        "question": _question(),
        "variantParameters": _object(
            {name: _parameter(name) for name in _members(VariantBody)},
            "What is asked of variants",
        ),
        "filter": _object(filters, "A filter") | {"required": ["id"]},
        "requestedSchema": _object(_members(SchemaBody), "A schema asked for"),
        "datasetInfo": _DATASET_INFO,
        "answerInfo": _ANSWER_INFO,
        "batchQuestion": _BATCH_QUESTION,
        "batchAnswer": _BATCH_ANSWER,
        "budget": _BUDGET,
        "datasetSummary": SUMMARY,
        "health": {
            "type": "object",
            "required": ["status"],
            "properties": {"status": {"enum": ["alive", "ready", "unavailable"]}},
        },
        "openapi": {"type": "object", "required": ["openapi", "info", "paths"]},
    }


def ref(name: str) -> Schema:
    """Return a reference to a component's schema."""
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


# --- requests ----------------------------------------------------------------


@cache
def _members(body: type[Read]) -> Mapping[str, Schema]:
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
    schema = {**_members(CommonBody), **_members(VariantBody), **_APART}[name]
    return _LISTS.get(name, schema) | {"description": _SAID[name][0]}


def query_parameter(name: str) -> Document:
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
        parameter["schema"] = schema | {"items": _TEXT}
    return parameter | {"style": "form", "explode": False}


def _object(members: Mapping[str, Schema], title: str) -> Schema:
    return {"title": title, "type": "object", "properties": dict(members)}


def _question() -> Schema:
    """Return the schema of a body that asks."""
    said = {name: _parameter(name) for name in RECORDS}
    meta = {name: said.pop(name) for name in ("apiVersion", "requestedSchemas")}
    page = {name: said.pop(name) for name in PAGE}
    asked = {
        "g_variant": ref("variantParameters"),
        "datasets": _object({"datasetIds": said.pop("datasets")}, "Datasets asked"),
        "cohorts": _object({"cohortIds": said.pop("cohorts")}, "The cohort asked"),
        **dict.fromkeys(DOCUMENTED, _FIELDS),
    }
    query = {
        "requestParameters": _object(asked, "What is asked, by entry type"),
        "pagination": _object(page, "A page of the answer"),
        **said,
    }
    parts = {"meta": _object(meta, "Who asks"), "query": _object(query, "The query")}
    return _object(parts, "A question")


# --- answers -----------------------------------------------------------------


def _records_answer(row: EntryType) -> Schema:
    """Return the schema of an answer that holds records of one type."""
    records: Schema = {"type": "array", "items": ref(row.id)}
    if row.id in COLLECTIONS:
        envelope, response = "collections", {"properties": {"collections": records}}
    else:
        told = {"results": records, "info": ref("datasetInfo")}
        sets = {"type": "array", "items": {"properties": told}}
        envelope, response = "resultsets", {"properties": {"resultSets": sets}}
    own = {"response": response, "info": ref("answerInfo")}
    return {
        "title": f"An answer with {row.name}",
        "allOf": [ref(envelope), {"properties": own}],
    }


_TEXT: Final[Schema] = {"type": "string", "minLength": 1, "pattern": r"\S"}
_ONE_FILTER: Final[list[Schema]] = [_TEXT, ref("filter")]
_VALUE: Final[Schema] = {"anyOf": [_TEXT, {"type": ["number", "boolean"]}]}
_FIELDS: Final[Schema] = {
    "type": "object",
    "description": "By the name of a field, its value, or a list of any of them.",
    "additionalProperties": {"anyOf": [_VALUE, {"type": "array", "items": _VALUE}]},
}
_LISTS: Final[Mapping[str, Schema]] = {
    "filters": {
        "type": "array",
        "maxItems": MOST_FILTERS,
        "items": {
            "anyOf": [
                *_ONE_FILTER,
                {"type": "array", "items": {"anyOf": _ONE_FILTER}},
            ]
        },
    },
    "requestedSchemas": {
        "type": "array",
        "items": {"anyOf": [_TEXT, ref("requestedSchema")]},
    },
    "datasets": {"type": "array", "items": _TEXT},
    "cohorts": {"type": "array", "items": _TEXT, "maxItems": 1},
}
"""Lists whose items have more than one form."""

_APART: Final[Mapping[str, Schema]] = {"failures": {"enum": ["resultsets"]}}
"""Parameters that no question holds in its body."""
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
    "failures": (
        "Of the network: whether beacons that failed are listed as result sets, too.",
        "resultsets",
    ),
    "strict": ("Whether a filter that is not known is an error.", True),
    "datasets": ("The only datasets asked.", ["clinic"]),
    "cohorts": ("The only cohort whose individuals are asked.", ["women"]),
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
    "genomicAlleleShortForm": (
        "An allele in HGVS, or its name.",
        "NC_000022.10:g.16050408T>C",
    ),
    "mateName": ("The other sequence of a breakend.", "13"),
    "mateStart": ("0-based place of the other end.", 32315085),
    "variantLength": ("The length of a similar structural variant.", 5000),
    "similarity": ("The share that similar variants must overlap.", 0.7),
    "breakpointDistance": ("How far breakpoints of similar ones may lie.", 500),
}
"""Of each parameter: what it means, and an example."""
_STATUS: Final[Schema] = {"enum": [str(word) for word in Status]}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_SENTENCES: Final[Schema] = {"type": "array", "items": {"type": "string"}}
_COUNTS: Final[Mapping[str, Schema]] = {
    "alleleCount": _COUNT,
    "alleleNumber": _COUNT,
    "homozygous": _COUNT,
    "heterozygous": _COUNT,
    "hemizygous": _COUNT,
}
"""Of one allele; the last three are people."""
_COVERAGE: Final[Schema] = {
    "enum": ["undeclared", "partial"],
    "description": "Where it rests on no declared coverage, or not all of it does.",
}
_LIFTED: Final[Schema] = {
    "title": "How a dataset on another assembly was asked, or why it was not",
    "type": "object",
    "properties": {
        "asked": _TEXT,
        "lifted": _TEXT,
        "assemblyId": _TEXT,
        "isCertain": {
            "type": "boolean",
            "description": "Whether not finding it there means that it is not there.",
        },
        "doubts": _SENTENCES,
        "notes": _SENTENCES,
        "why": {"type": "string", "description": "Why it was not asked."},
    },
}
_ANSWER_INFO: Final[Schema] = {
    "title": "What is said beside an answer",
    "type": "object",
    "properties": {"status": _STATUS, "warnings": _SENTENCES},
}
_DATASET_INFO: Final[Schema] = {
    "title": "What is said of one dataset",
    "type": "object",
    "properties": {
        "status": _STATUS,
        "release": _COUNT,
        "releaseDate": {"type": "string", "format": "date"},
        "sampleCount": _COUNT,
        "coverage": _COVERAGE,
        "filters": {
            **_SENTENCES,
            "description": "FILTER words that kept the allele from counting.",
        },
        "lifted": _LIFTED,
        **_COUNTS,
    },
}
_BUDGET: Final[Schema] = {
    "title": "What whoever asks has left",
    "type": "object",
    "required": ["meta", "response"],
    "properties": {
        "response": {
            "type": "object",
            "required": ["limits", "ledgers"],
            "properties": {
                "tier": {"type": "string", "description": "The highest it has."},
                "limits": {
                    "type": "array",
                    "description": "Of distinct variants; repeating one is free.",
                    "items": {
                        "type": "object",
                        "required": [
                            "tier",
                            "scope",
                            "days",
                            "limit",
                            "left",
                            "resetSeconds",
                        ],
                        "properties": {
                            "tier": {
                                "type": "string",
                                "description": "To whose answers it is kept.",
                            },
                            "scope": {"enum": ["user", "client_net", "organisation"]},
                            "days": _COUNT,
                            "limit": _COUNT,
                            "left": _COUNT,
                            "resetSeconds": _COUNT,
                        },
                    },
                },
                "ledgers": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["datasetId", "nats"],
                        "properties": {
                            "datasetId": {"type": "string"},
                            "nats": {
                                "type": "number",
                                "description": "That may be learnt of one person.",
                            },
                        },
                    },
                },
            },
        },
    },
}
_BATCH_DATASETS: Final[Schema] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["id", "status"],
        "properties": {
            "id": {"type": "string"},
            "status": _STATUS,
            "coverage": _COVERAGE,
            "lifted": _LIFTED,
            **_COUNTS,
        },
    },
}
_BATCH_QUESTION: Final[Schema] = {
    "title": "One line of a batch: a variant, or parameters of one",
    "anyOf": [
        _TEXT,
        {
            "type": "object",
            "properties": {
                "id": {"description": "Repeated in the answer."},
                "variant": _TEXT,
                "assemblyId": _TEXT,
                "datasets": {"type": "array", "items": _TEXT},
                "exclude": {
                    "anyOf": [_TEXT, {"type": "array", "items": _TEXT}],
                    "description": "Individuals to be left out of all counts.",
                },
            },
        },
    ],
}
_BATCH_ANSWER: Final[Schema] = {
    "title": "The line that answers a line of a batch",
    "type": "object",
    "required": ["variant", "status", "datasets"],
    "properties": {
        "id": {"description": "The line's, as it was given."},
        "variant": {"description": "The line's, as it was given."},
        "status": _STATUS,
        "error": {"type": "string", "description": "Why there is no answer."},
        "warnings": _SENTENCES,
        "datasets": _BATCH_DATASETS,
        "alleles": {
            "type": "array",
            "description": "Of a name, the alleles it names, each with its answer.",
            "items": {
                "type": "object",
                "required": ["variant", "assemblyId", "status", "datasets"],
                "properties": {
                    "variant": {"type": "string"},
                    "assemblyId": {"type": "string"},
                    "status": _STATUS,
                    "datasets": _BATCH_DATASETS,
                },
            },
        },
    },
}
