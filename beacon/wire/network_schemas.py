"""The schemas of what the network answers, as OpenAPI's components.

Of what any beacon answers they say only what is more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from beacon.model.nodes import NodeKind, Reason
from beacon.model.status import Status
from beacon.wire.node_health import SCHEMA as NODE_HEALTH

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_SENTENCES: Final[Schema] = {"type": "array", "items": _TEXT}
_STATUS: Final[Schema] = {"enum": [word.value for word in Status]}
_PEOPLE: Final[Schema] = {
    "type": "object",
    "description": "By kind of dataset, between how many people carry the allele.",
    "additionalProperties": {
        "type": "object",
        "required": ["seenAtLeast"],
        "properties": {"seenAtLeast": _COUNT, "seenAtMost": _COUNT},
    },
}
_POOLED: Final[Schema] = {
    "type": "object",
    "description": "By kind, counts of datasets that share nobody, added up.",
    "additionalProperties": {
        "type": "object",
        "required": ["alleleCount", "alleleNumber", "datasets"],
        "properties": {
            "alleleCount": _COUNT,
            "alleleNumber": _COUNT,
            "homozygous": _COUNT,
            "heterozygous": _COUNT,
            "hemizygous": _COUNT,
            "datasets": _SENTENCES,
        },
    },
}
_NODE: Final[Schema] = {
    "title": "What one beacon of the network did",
    "type": "object",
    "required": ["beaconId", "name", "kind", "status", "afterMs", "ageSeconds"],
    "properties": {
        "beaconId": _TEXT,
        "name": _TEXT,
        "names": {"type": "object", "additionalProperties": _TEXT},
        "country": _TEXT,
        "kind": {"enum": [kind.value for kind in NodeKind]},
        "status": _STATUS,
        "reason": {"enum": [reason.value for reason in Reason]},
        "message": {"type": "string", "maxLength": 200},
        "afterMs": _COUNT,
        "ageSeconds": _COUNT,
        "granularity": {"enum": ["boolean", "count", "record"]},
        "requestId": _TEXT,
        "warnings": _SENTENCES,
    },
}
_INFO: Final[Schema] = {
    "type": "object",
    "required": ["complete", "asked", "answered", "beacons"],
    "properties": {
        "complete": {
            "type": "boolean",
            "description": "Whether every beacon that was asked has answered.",
        },
        "skipped": _SENTENCES
        | {
            "description": "Ids of beacons that were not asked, as the question came"
            " by way of them; all others have answered.",
        },
        "asked": _COUNT,
        "answered": _COUNT,
        "beacons": {"type": "array", "items": _NODE},
        "unanswered": {
            "type": "array",
            "description": "Datasets, and beacons behind others, that said nothing.",
            "items": {
                "type": "object",
                "required": ["beaconId", "id", "status", "via"],
                "properties": {
                    "beaconId": _TEXT,
                    "id": _TEXT,
                    "status": _STATUS,
                    "via": _SENTENCES,
                    "warnings": _SENTENCES,
                },
            },
        },
        "people": _PEOPLE,
        "pooled": _POOLED,
    },
}
_DATASET: Final[Schema] = {
    "type": "object",
    "required": ["beaconId"],
    "properties": {
        "beaconId": _TEXT,
        "info": {
            "type": "object",
            "properties": {
                "name": _TEXT,
                "via": _SENTENCES,
                "ageSeconds": _COUNT,
                "assemblyId": _TEXT,
                "kind": {"enum": ["patients", "population"]},
                "overlapGroup": _TEXT,
                "sameAs": _TEXT,
                "contact": _TEXT,
                "warnings": _SENTENCES,
            },
        },
    },
}
_SERVICES: Final[Schema] = {
    "title": "The beacons of the network, each as a GA4GH service",
    "type": "array",
    "items": {
        "type": "object",
        "required": ["id", "name", "type", "organization", "version", "url"],
        "properties": {"id": _TEXT, "name": _TEXT, "url": _TEXT},
    },
}
_REGISTRIES: Final[Schema] = {
    "title": "The beacons of the network, as an atlas lists them",
    "type": "object",
    "required": ["meta", "response"],
    "properties": {
        "response": {
            "type": "object",
            "required": ["registries"],
            "properties": {
                "registries": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["beaconId", "beaconName", "beaconURL"],
                    },
                }
            },
        }
    },
}


_REASON: Final[Schema] = {"enum": [reason.value for reason in Reason]}
_COUNTED: Final[Mapping[str, Schema]] = dict.fromkeys(
    (*("alleleCount", "alleleNumber"), *("homozygous", "heterozygous", "hemizygous")),
    _COUNT,
)
_LIST_HEAD: Final[Schema] = {
    "title": "The first line: who is asked, and what each is known to have",
    "type": "object",
    "required": ["event", "version", "aligned", "beacons", "datasets"],
    "properties": {
        "event": {"enum": ["asked"]},
        "version": _TEXT,
        "aligned": {
            "type": "array",
            "description": "Assemblies that alleles are left-aligned on.",
            "items": _TEXT,
        },
        "beacons": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["beaconId", "name", "kind"],
                "properties": {
                    "beaconId": _TEXT,
                    "name": _TEXT,
                    "address": _TEXT,
                    "status": {**_STATUS, "description": "Of all lines."},
                    "reason": _REASON,
                    "message": _TEXT,
                },
            },
        },
        "datasets": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["beaconId", "id", "name"],
                "properties": {
                    "beaconId": _TEXT,
                    "id": _TEXT,
                    "name": _TEXT,
                    "kind": {"enum": ["patients", "population"]},
                    "assemblyId": _TEXT,
                    "release": _COUNT,
                    "releaseDate": {"type": "string", "format": "date"},
                    "sampleCount": _COUNT,
                },
            },
        },
    },
}
_LIST_LINE: Final[Schema] = {
    "title": "The line that answers a line",
    "type": "object",
    "required": ["variant", "status", "complete", "beacons", "datasets"],
    "properties": {
        "id": {"description": "The line's, as it was given."},
        "variant": {"description": "The line's, as it was given."},
        "asked": {
            "type": "object",
            "description": "The variant as we write it.",
            "required": ["variant", "assemblyId"],
            "properties": {"variant": _TEXT, "assemblyId": _TEXT},
        },
        "status": _STATUS,
        "complete": {"type": "boolean"},
        "error": {"type": "string", "description": "Why there is no answer."},
        "beacons": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["beaconId", "status"],
                "properties": {
                    "beaconId": _TEXT,
                    "status": _STATUS,
                    "reason": _REASON,
                    "message": _TEXT,
                    "warnings": _SENTENCES,
                },
            },
        },
        "datasets": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["beaconId", "id", "status", "name"],
                "properties": {
                    "beaconId": _TEXT,
                    "via": {
                        "type": "string",
                        "description": "The node it was told by.",
                    },
                    "id": _TEXT,
                    "name": _TEXT,
                    "status": _STATUS,
                    "assemblyId": _TEXT,
                    "sameAs": _TEXT,
                    "warnings": _SENTENCES,
                    **_COUNTED,
                },
            },
        },
    },
}


def network_components(ref: Callable[[str], Schema]) -> Mapping[str, Schema]:
    """Return the schemas of all that the network answers.

    Args:
        ref: gives a reference to a component.
    """
    sets = {"resultSets": {"type": "array", "items": _DATASET}}
    own = {"response": {"properties": sets}, "info": _INFO}
    return {
        "networkAnswer": {
            "title": "The answers of all beacons of the network, as one",
            "allOf": [ref("genomicVariantAnswer"), {"properties": own}],
        },
        "networkInfo": {
            "title": "Who the network is, and who its beacons are",
            "allOf": [
                ref("info"),
                {"properties": {"responses": {"type": "array", "items": ref("info")}}},
            ],
        },
        "networkBatchAnswer": {
            "title": "A line of a batch asked of all beacons: who, or an answer",
            "anyOf": [_LIST_HEAD, _LIST_LINE],
        },
        "networkServices": _SERVICES,
        "networkRegistries": _REGISTRIES,
        "networkStatus": _NETWORK_STATUS,
    }


_NETWORK_STATUS: Final[Schema] = {
    "title": "How each beacon of the network is",
    "type": "object",
    "required": ["nodes"],
    "properties": {"nodes": {"type": "array", "items": NODE_HEALTH}},
}
