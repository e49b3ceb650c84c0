"""A small, correct beacon over fixed data, and the faults that can be planted in it.

Written from the specification for the tests of the checker and for nothing else:
none of our own code is in it, so that the judge is not its own witness.  A fault
is a word in ``faults``; each changes one thing in one place.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

BEACON_ID = "se.reference.beacon"
DATASETS = ("one", "two")
MODEL = "https://example.org/model"
PATHS = {
    "individuals": "individual",
    "biosamples": "biosample",
    "g_variants": "genomicVariant",
    "datasets": "dataset",
}
GRANULARITIES = ("boolean", "count", "record")
INCLUDES = ("HIT", "MISS", "ALL", "NONE")
LARGEST, FEW = 100, 10
KNOWN = ("requestedGranularity", "includeResultsetResponses", "skip", "limit")
VARIANT_KEYS = (
    *("assemblyId", "referenceName", "start", "end"),
    *("referenceBases", "alternateBases", "variantType", "geneId"),
)
FEMALE, MALE = "NCIT:C16576", "NCIT:C20197"
FEVER = "HP:0001945"

Json = dict[str, Any]


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass
class Asked:
    """A request as understood."""

    granularity: str = "boolean"
    include: str = "HIT"
    skip: int = 0
    limit: int = 10
    test: bool = False
    filters: list[Json] = field(default_factory=list)
    parameters: Json = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    method: str = "GET"
    requested: str = "boolean"


def individuals() -> list[Json]:
    """Return five people; the first had no fever."""
    people = [
        {
            "id": f"person{number}",
            "sex": {"id": FEMALE if number % 2 else MALE, "label": "a sex"},
            "ethnicity": {"id": "NCIT:C43851", "label": "European"},
            "info": {
                "ethnicity": "european" if number < 3 else "asian",
                "age": 8 if number < 3 else 40,
            },
        }
        for number in range(1, 6)
    ]
    fever = {"featureType": {"id": FEVER, "label": "Fever"}}
    people[0]["phenotypicFeatures"] = [{**fever, "excluded": True}]
    people[1]["phenotypicFeatures"] = [fever]
    return people


def biosamples() -> list[Json]:
    """Return one sample of each person."""
    term = {"id": "EFO:0009654", "label": "reference sample"}
    return [
        {
            "id": f"sample{number}",
            "individualId": f"person{number}",
            "biosampleStatus": term,
            "sampleOriginType": {"id": "UBERON:0000178", "label": "blood"},
        }
        for number in range(1, 6)
    ]


def variants() -> list[Json]:
    """Return five substitutions on chromosome 22 of GRCh38, one of each person."""
    return [variant(number) for number in range(1, 6)]


def variant(number: int) -> Json:
    """Return the substitution that person ``number`` carries."""
    start = 20_000_000 + 10 * number
    return {
        "variantInternalId": f"GRCh38-22-{start + 1}-A-G",
        "identifiers": {"genomicHGVSId": f"NC_000022.11:g.{start + 1}A>G"},
        "variation": {
            "location": {
                "type": "SequenceLocation",
                "sequence_id": "refseq:NC_000022.11",
                "interval": {
                    "type": "SequenceInterval",
                    "start": {"type": "Number", "value": start},
                    "end": {"type": "Number", "value": start + 1},
                },
            },
            "referenceBases": "A",
            "alternateBases": "G",
            "variantType": "SNP",
        },
        "caseLevelData": [
            {"biosampleId": f"sample{number}", "individualId": f"person{number}"}
        ],
        "frequencyInPopulations": [
            {
                "source": "Reference",
                "sourceReference": "https://example.org",
                "frequencies": [
                    {
                        "population": "Total",
                        "alleleFrequency": 0.1,
                        "alleleCount": 1,
                        "alleleNumber": 10,
                        "alleleCountHeterozygous": 1,
                        "alleleCountHomozygous": 0,
                        "alleleCountHemizygous": 0,
                    }
                ],
            }
        ],
    }


def datasets() -> list[Json]:
    """Return both datasets; the second holds nothing."""
    return [{"id": name, "name": f"Dataset {name}"} for name in DATASETS]


def terms() -> list[Json]:
    """Return terms of each type."""
    scopes = ["individual", "biosample"]
    return [
        {"type": "ontology", "id": FEMALE, "label": "female", "scopes": scopes},
        {"type": "ontology", "id": MALE, "label": "male", "scopes": scopes},
        {"type": "ontology", "id": FEVER, "label": "Fever", "scopes": scopes},
        {
            "type": "alphanumeric",
            "id": "ethnicity",
            "scopes": scopes,
            "values": ["european", "asian"],
        },
        {"type": "custom", "id": "ethnicity:asian", "scopes": scopes},
        {"type": "alphanumeric", "id": "ageOfOnset", "scopes": scopes},
    ]


class Reference:
    """The beacon."""

    def __init__(self, faults: Iterable[str] = ()) -> None:
        self.faults = frozenset(faults)
        self.polls = 0
        empty = self.has("nothing loaded")
        self.people = [] if empty else individuals()
        self.samples = [] if empty else biosamples()
        self.variants = [] if empty else variants()
        self.plant_in_people()
        self.plant_in_variants()

    def plant_in_people(self) -> None:
        """Change records of people."""
        if self.has("record invalid"):
            del self.people[0]["sex"]
        if self.has("broken CURIE"):
            self.people[1]["ethnicity"] = {"id": "NOCURIE"}

    def plant_in_variants(self) -> None:
        """Change records of variants."""
        if self.has("case without sample"):
            del self.variants[1]["caseLevelData"][0]["biosampleId"]
        if self.has("sequence without prefix"):
            self.variants[1]["variation"]["location"]["sequence_id"] = "22"
        if self.has("symbolic allele"):
            self.variants[2]["variation"]["alternateBases"] = "<DEL>"
        for fault, (number, counts) in _COUNTS.items():
            if self.has(fault):
                study = self.variants[number]["frequencyInPopulations"][0]
                study["frequencies"][0] |= counts
        if self.has("1-based"):
            for each in self.variants:
                interval = each["variation"]["location"]["interval"]
                interval["start"]["value"] += 1
                interval["end"]["value"] += 1

    def has(self, fault: str) -> bool:
        """Whether a fault is planted."""
        return fault in self.faults

    def application(self) -> web.Application:
        """Return it as an application."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.answer)
        return app

    async def answer(self, request: web.Request) -> web.Response:
        """Answer anything."""
        self.body = (await request.read()).decode()
        parts = [part for part in request.path.split("/") if part]
        if request.method == "OPTIONS":
            return self.reply(None, HTTPStatus.NO_CONTENT)
        if self.is_deaf(request, parts):
            return web.Response(status=405, text="405: not this way")
        self.base = f"http://{request.host}/api"
        try:
            document = await self.document(request, parts)
        except Refused as refused:
            return self.refuse(refused)
        text = parts[1:] == ["service-info"] and self.has("text/plain")
        kind = "text/plain" if text else "application/json"
        return self.reply(document, HTTPStatus.OK, kind)

    def is_deaf(self, request: web.Request, parts: list[str]) -> bool:
        """Whether a request is of a kind, or to a place, that is not taken."""
        is_bare = request.raw_path == "/api" and self.has("root with a slash")
        is_posted = request.method == "POST" and self.has("GET only")
        is_unknown = parts[1:2] == ["no-such-path"] and self.has("plain 404")
        return is_bare or is_posted or is_unknown

    def reply(
        self, document: Json | None, status: int, kind: str = "application/json"
    ) -> web.Response:
        """Return a response that browsers may read."""
        response = web.Response(
            status=status,
            body=None if document is None else json.dumps(document).encode(),
            content_type=kind,
        )
        if not self.has("no CORS"):
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Access-Control-Allow-Headers"] = "content-type"
        return response

    def refuse(self, refused: Refused) -> web.Response:
        """Return an error."""
        code: Any = refused.code
        document: Json = {
            "meta": self.meta("genomicVariant", Asked()),
            "error": {
                "errorCode": str(code) if self.has("errorCode text") else code,
                "errorMessage": str(refused),
            },
        }
        if self.has("error without meta"):
            del document["meta"]
        return self.reply(document, 200 if self.has("error with 200") else code)

    async def document(self, request: web.Request, path: list[str]) -> Json:
        """Return the document of a path."""
        if path[:1] != ["api"]:
            raise Refused(404, "no such path")
        parts = path[1:]
        if len(parts) <= 1 and (parts or [""])[0] in self.framework:
            return self.framework[(parts or [""])[0]](self, request)
        if len(parts) == 3 and parts[2] == "filtering_terms":
            return self.filtering_terms(request)
        if parts[0] not in PATHS or len(parts) > 3:
            raise Refused(404, "no such path")
        if self.has("protected") and not self.is_known(request):
            raise Refused(401, "who are you")
        asked = await self.read(request)
        if (
            parts == ["datasets"]
            and request.method == "GET"
            and self.has("GET refused")
        ):
            raise Refused(405, "POST only")
        is_listing = not (asked.filters or asked.parameters or asked.test)
        if self.has("lists nothing") and len(parts) == 1 and is_listing:
            raise Refused(400, "ask for something")
        return self.data(parts, asked)

    def is_known(self, request: web.Request) -> bool:
        """Whether somebody may ask for more than yes and no, or what is invented."""
        if request.headers.get("Authorization") == f"Bearer {TOKEN}":
            return True
        asked = self.body + request.query_string
        return "testMode" in asked or "boolean" in asked

    # the framework

    def informational(self, name: str, response: Json) -> Json:
        """Return a framework document."""
        odd = name == "map" and self.has("beaconId differs")
        return {
            "meta": {
                "beaconId": "org.other" if odd else BEACON_ID,
                "apiVersion": "v2.2.0",
                "returnedSchemas": [{"entityType": name, "schema": f"{name}-v2.2.0"}],
            },
            "response": response,
        }

    def info(self, _: web.Request) -> Json:
        """Return who it is."""
        self.polls += 1
        second = self.polls if self.has("info changes") else 0
        wrong = self.has("environment")
        return self.informational(
            "info",
            {
                "id": BEACON_ID,
                "name": "Reference",
                "apiVersion": "v2.2.0",
                "environment": "production" if wrong else "test",
                "description": "Fixed data.",
                "welcomeUrl": "https://example.org",
                "alternativeUrl": "https://example.org",
                "createDateTime": "2026-01-01T00:00:00Z",
                "updateDateTime": f"2026-01-01T00:00:{second:02}Z",
                "organization": {
                    "id": "org",
                    "name": "Organisation",
                    "welcomeUrl": "https://example.org",
                    "contactUrl": "mailto:a@example.org",
                    "logoUrl": "https://example.org/logo.svg",
                },
            },
        )

    def service_info(self, _: web.Request) -> Json:
        """Return it for a registry."""
        document = {
            "id": BEACON_ID,
            "name": "Reference",
            "type": {"group": "org.ga4gh", "artifact": "beacon", "version": "v2.2.0"},
            "organization": {"name": "Organisation", "url": "https://example.org"},
            "version": "1.0",
        }
        if self.has("service-info incomplete"):
            del document["type"]
        return document

    def entry_types(self) -> Json:
        """Return the entry types."""
        return {
            name: {
                "id": name,
                "name": name,
                "partOfSpecification": "Beacon v2.2.0",
                "ontologyTermForThisType": {"id": "NCIT:C25190"},
                "nonFilteredQueriesAllowed": not self.has("lists nothing"),
                "defaultSchema": {
                    "id": name,
                    "name": name,
                    "referenceToSchemaDefinition": f"{MODEL}/{name}",
                },
            }
            for name in (*PATHS.values(), "run")
        }

    def configuration(self, _: web.Request) -> Json:
        """Return the configuration."""
        old = self.has("aggregated")
        response = {
            "$schema": "https://example.org/configuration",
            "maturityAttributes": {"productionStatus": "TEST"},
            "securityAttributes": {
                "defaultGranularity": "aggregated" if old else "boolean",
                "securityLevels": ["PUBLIC"],
            },
            "entryTypes": self.entry_types(),
        }
        if self.has("no $schema"):
            del response["$schema"]
        return self.informational("configuration", response)

    def listed_types(self, _: web.Request) -> Json:
        """Return the entry types by themselves."""
        found = self.entry_types()
        if self.has("entry types differ"):
            del found["run"]
        return self.informational("entry_types", {"entryTypes": found})

    def beacon_map(self, _: web.Request) -> Json:
        """Return where everything is."""
        sets = {
            name: {
                "entryType": name,
                "rootUrl": f"{self.base}/{path}",
                "singleEntryUrl": f"{self.base}/{path}/{{id}}",
                "endpoints": {
                    PATHS[other]: {
                        "returnedEntryType": PATHS[other],
                        "url": f"{self.base}/{path}/{{id}}/{other}",
                    }
                    for other in RELATED[path]
                },
            }
            for path, name in PATHS.items()
        }
        people = sets["individual"]["endpoints"]
        if self.has("map entry 404"):
            people["run"] = {
                "returnedEntryType": "run",
                "url": f"{self.base}/individuals/{{id}}/runs",
            }
        if self.has("unknown type in map"):
            sets["dataset"]["endpoints"]["sample"] = {
                "returnedEntryType": "sample",
                "url": f"{self.base}/datasets/{{id}}/biosamples",
            }
        if self.has("no place for the id"):
            people["biosample"]["url"] = f"{self.base}/biosamples"
        if self.has("relative map URL"):
            sets["dataset"]["rootUrl"] = "/api/datasets"
        return self.informational(
            "map", {"$schema": "https://example.org/map", "endpointSets": sets}
        )

    def filtering_terms(self, request: web.Request) -> Json:
        """Return a page of the terms."""
        skip, limit = (int(request.query.get(k, d)) for k, d in (("skip", 0), _TEN))
        found = terms()
        limit = limit or len(found)
        if not self.has("terms limit ignored"):
            found = found[skip * limit : (skip + 1) * limit]
        resources = [
            {"id": each, "nameSpacePrefix": each.upper()} for each in ("ncit", "hp")
        ]
        return self.informational(
            "filtering_terms", {"filteringTerms": found, "resources": resources}
        )

    framework: dict[str, Callable[[Reference, web.Request], Json]] = {  # noqa: RUF012
        "": info,
        "info": info,
        "service-info": service_info,
        "configuration": configuration,
        "entry_types": listed_types,
        "map": beacon_map,
        "filtering_terms": filtering_terms,
    }

    # requests

    async def read(self, request: web.Request) -> Asked:
        """Read a request."""
        if request.method == "GET":
            return self.checked(self.read_query(request), request)
        try:
            body = json.loads(await request.read())
        except ValueError as failure:
            raise Refused(400, "no JSON") from failure
        query = body.get("query", {})
        page = query.get("pagination", {})
        parameters = query.get("requestParameters") or {}
        asked = Asked(
            granularity=query.get("requestedGranularity", self.default),
            include=query.get("includeResultsetResponses", "HIT"),
            skip=page.get("skip", 0),
            limit=page.get("limit", 10),
            test=query.get("testMode", False),
            filters=query.get("filters", []),
            parameters=parameters.get("g_variant", parameters) if parameters else {},
        )
        return self.checked(asked, request)

    @property
    def default(self) -> str:
        """What is answered when nothing is asked for."""
        return "record" if self.has("default granularity") else "boolean"

    def read_query(self, request: web.Request) -> Asked:
        """Read the query of a GET request."""
        query = request.query
        known = {*KNOWN, *VARIANT_KEYS, "testMode", "filters"}
        return Asked(
            granularity=self.default
            if self.has("GET is boolean")
            else query.get("requestedGranularity", self.default),
            include=query.get("includeResultsetResponses", "HIT"),
            skip=int(query.get("skip", 0)),
            limit=int(query.get("limit", 10)),
            test=query.get("testMode") == "true",
            filters=[
                {"id": each} for each in query.get("filters", "").split(",") if each
            ],
            parameters={
                key: self.listed(query[key]) if key in _LISTS else query[key]
                for key in VARIANT_KEYS
                if key in query
            },
            warnings=[f"{key} is not known" for key in query if key not in known],
        )

    def listed(self, text: str) -> list[str]:
        """Return the members of a list in a query."""
        if "," in text and self.has("no comma lists"):
            raise Refused(400, "one number")
        return text.split(",")

    def checked(self, asked: Asked, request: web.Request) -> Asked:
        """Refuse what cannot be meant."""
        asked.method, asked.requested = request.method, asked.granularity
        if asked.granularity not in GRANULARITIES:
            if not self.has("any granularity"):
                raise Refused(400, "requestedGranularity")
            asked.granularity = "boolean"
        if asked.include not in INCLUDES:
            raise Refused(400, "includeResultsetResponses")
        self.check_filters(asked.filters)
        if asked.skip < 0 and self.has("negative skip"):
            asked.skip = 0
        if asked.skip < 0 or asked.limit < 0:
            raise Refused(400, "pagination")
        if asked.test and self.has("testMode refused"):
            raise Refused(403, "no test mode")
        self.check_variant(asked.parameters)
        if self.has("boolean only"):
            asked.granularity = "boolean"
        return asked

    def check_filters(self, filters: list[Json]) -> None:
        """Refuse filters that a fault makes unwelcome."""
        names = [each["id"] for each in filters]
        if len(filters) > 1 and self.has("one filter only"):
            raise Refused(400, "one filter at a time")
        if "!" in [e.get("operator") for e in filters] and self.has("! refused"):
            raise Refused(400, "no negation")
        if names[:1] == ["NOSUCH:0000000"] and self.has("unknown filter fails"):
            raise Refused(500, "something went wrong")

    def check_variant(self, parameters: Json) -> None:
        """Refuse parameters of a variant that break their schema."""
        for key in ("start", "end"):
            if key in parameters:
                value = parameters[key]
                value = value if isinstance(value, list) else [value]
                parameters[key] = [int(each) for each in value]
                if len(value) > 2 or min(parameters[key]) < 0:
                    raise Refused(400, key)
        for key in ("referenceBases", "alternateBases"):
            if set(parameters.get(key, "")) - set("ACGTN"):
                raise Refused(400, key)
        if "start" in parameters and not {"end", "alternateBases"} & set(parameters):
            raise Refused(400, "start needs end or alternateBases")

    # data

    def data(self, parts: list[str], asked: Asked) -> Json:
        """Return the answer of a data path."""
        path = parts[-1] if len(parts) == 3 else parts[0]
        if path not in PATHS:
            raise Refused(404, "no such path")
        records = self.matching(path, asked)
        if len(parts) == 3:
            records = self.below(parts, records)
        elif len(parts) == 2:
            records = [each for each in records if id_of(each) == parts[1]]
            if path == "g_variants" and self.has("variant by id lost"):
                records = []
        dataset = parts[1] if parts[0] == "datasets" and len(parts) == 3 else None
        return self.said(parts, path, asked, records, dataset)

    def source(self, path: str) -> list[Json]:
        """Return every record below a path."""
        return {
            "individuals": self.people,
            "biosamples": self.samples,
            "g_variants": self.variants,
            "datasets": datasets(),
        }[path]

    def matching(self, path: str, asked: Asked) -> list[Json]:
        """Return the records that a question is about."""
        found = self.source(path)
        if asked.test:
            return INVENTED[path]
        if path == "g_variants" and asked.parameters:
            found = [each for each in found if self.is_variant(each, asked.parameters)]
        for each in asked.filters:
            found = [record for record in found if self.is_met(each, record)]
        return found

    def is_met(self, asked: Json, record: Json) -> bool:
        """Whether a record, or the person it is of, meets a filter."""
        name = asked["id"]
        if name.startswith("NOSUCH"):
            return self.has("unknown filter ignored")
        is_of_owner = asked.get("scope") == "individual" and "individualId" in record
        if is_of_owner and self.has("other scope ignored"):
            return True
        person = next(
            (
                p
                for p in self.people
                if p["id"] in (record.get("individualId"), record.get("id"))
            ),
            {},
        )
        if name == "age":
            return self.is_young(person, str(asked["value"]))
        if name.startswith("ethnicity"):
            value = asked.get("value", name.partition(":")[2])
            told = person.get("info", {}).get("ethnicity", "")
            if asked.get("operator") == "!":
                return self.has("! ignored") or told != value
            if value.endswith("%"):
                return not self.has("% is a letter") and told.startswith(value[:-1])
            return told == value
        features = person.get("phenotypicFeatures", [])
        present = {
            f["featureType"]["id"]
            for f in features
            if not f.get("excluded") or self.has("excluded matches")
        }
        return name in present | {person.get("sex", {}).get("id")}

    def is_young(self, person: Json, age: str) -> bool:
        """Whether a person is so old at most."""
        if self.has("age not understood"):
            raise Refused(400, "what is age")
        if self.has("ages as text"):
            return f"P{person['info']['age']}Y" <= age
        return person["info"]["age"] <= int(age[1:-1])

    def is_variant(self, record: Json, asked: Json) -> bool:
        """Whether a variant answers to parameters."""
        variation = record["variation"]
        interval = variation["location"]["interval"]
        start, end = interval["start"]["value"], interval["end"]["value"]
        name = asked.get("referenceName", "22").removeprefix("refseq:")
        on = asked.get("assemblyId", "GRCh38") == "GRCh38" or self.has("any assembly")
        there = name in ("22", "chr22", "NC_000022.11") or self.has("any chromosome")
        if not on or not there or "geneId" in asked:
            return False
        if asked.get("variantMinLength", 0) > 1 and not self.has("lengths ignored"):
            return False
        same = all(
            self.is_spelled(asked.get(key), variation[key], fault)
            for key, fault in _SPELLED.items()
        )
        kind = "SNP" if self.has("any type") else asked.get("variantType", "SNP")
        return same and kind == "SNP" and self.lies(start, end, asked)

    def is_spelled(self, asked: str | None, bases: str, fault: str) -> bool:
        """Whether bases are those asked for, N being any."""
        if asked is None or (asked in ("C", "T") and self.has(fault)):
            return True
        wild = "" if self.has("N is a letter") else "N"
        pairs = zip(asked, bases, strict=False)
        return len(asked) == len(bases) and all(a in (b, wild) for a, b in pairs)

    def lies(self, start: int, end: int, asked: Json) -> bool:
        """Whether an interval lies where it is asked for."""
        starts, ends = asked.get("start", []), asked.get("end", [])
        if len(starts) == 2:
            more = int(self.has("closed bracket"))
            is_begun = starts[0] <= start < starts[1] + more
            return is_begun and ends[0] <= end < ends[1] + more
        if starts and ends:
            if ends[0] - starts[0] > FEW and self.has("wide range lost"):
                return False
            if self.has("closed range"):
                return start <= ends[0] and end >= starts[0]
            return start < ends[0] and end > starts[0]
        return not starts or starts[0] == start

    def below(self, parts: list[str], records: list[Json]) -> list[Json]:
        """Return the records linked to another."""
        path, owner, _ = parts
        if path == "datasets":
            return records if owner == "one" else []
        if parts[::2] == ["individuals", "biosamples"] and self.has("links ignored"):
            return records
        if parts[::2] == ["biosamples", "individuals"] and self.has("not the owner"):
            return records
        return [each for each in records if number_of(each) == owner[-1]]

    def said(
        self,
        parts: list[str],
        path: str,
        asked: Asked,
        records: list[Json],
        dataset: str | None,
    ) -> Json:
        """Return an answer, no more detailed than asked."""
        root = parts[0] if len(parts) == 1 else ""
        total = len(records)
        page = self.page(root, asked, records)
        if root == "g_variants" and self.has("summary counts page"):
            total = len(page)
        entry_type = PATHS[path]
        if parts[::2] == ["individuals", "biosamples"] and self.has("wrong type"):
            entry_type = "individual"
        document: Json = {"meta": self.meta(entry_type, asked)}
        if asked.include == "NONE" and asked.granularity == "record":
            document["meta"]["returnedGranularity"] = "count"
        document["responseSummary"] = self.summary(root, asked, records, total)
        has_sets = asked.granularity == "record" or (
            path != "datasets"
            and asked.granularity == "count"
            and self.has("bare sets")
        )
        if has_sets and asked.include != "NONE":
            document["response"] = (
                {"collections": page}
                if path == "datasets" and not self.is_wrapped(parts)
                else {"resultSets": self.sets(root, asked, records, page, dataset)}
            )
        if self.has("null for no error"):
            document["error"] = None
        if asked.warnings:
            document["info"] = {"warnings": asked.warnings}
        return document

    def rounded(self, name: str, count: int) -> Json:
        """Return a count under its name, up to the next ten where it is rounded."""
        if not self.has("rounded"):
            return {name: count}
        return {name: -(-count // 10) * 10, "countPrecision": "rounded"}

    def is_wrapped(self, parts: list[str]) -> bool:
        """Whether datasets come in result sets."""
        return parts == ["datasets"] and self.has("datasets in sets")

    def summary(self, root: str, asked: Asked, records: list[Json], total: int) -> Json:
        """Return the summary."""
        summary: Json = {"exists": bool(records)}
        total *= 1 + (self.has("network") and root != "datasets")
        if root == "biosamples" and self.has("null exists"):
            summary["exists"] = None
        if asked.granularity == "boolean" and self.has("exists by detail"):
            summary["exists"] = False
        is_plain = asked.granularity == "count" and not asked.filters
        if is_plain and self.has("count by detail"):
            total += bool(records)
        if asked.granularity != "boolean" or self.has("boolean leaks"):
            summary |= self.rounded("numTotalResults", total)
        mute = root == "datasets" and self.has("count without count")
        if asked.granularity == "count" and mute:
            del summary["numTotalResults"]
        return summary

    def page(self, root: str, asked: Asked, records: list[Json]) -> list[Json]:
        """Return one page of records."""
        limit = asked.limit or LARGEST
        offset = asked.skip * limit
        if root == "biosamples" and self.has("skip counts records"):
            offset = asked.skip
        if root == "individuals" and self.has("limit ignored"):
            limit = LARGEST
        if root == "g_variants" and asked.limit == 0 and self.has("limit 0 is none"):
            limit = 0
        if root == "individuals" and asked.skip == 2 and self.has("pages repeat"):
            offset, limit = 0, 1
        page = records[offset : offset + limit]
        odd = root == "biosamples" and asked.method == "GET"
        return page[1:] if odd and self.has("POST differs from GET") else page

    def sets(
        self,
        root: str,
        asked: Asked,
        records: list[Json],
        page: list[Json],
        dataset: str | None,
    ) -> list[Json]:
        """Return the result sets that are included."""
        kind = "dataset"
        if root == "biosamples" and self.has("setType wrong"):
            kind = "collection"
        held = {
            name: (records, page) if name == "one" else ([], []) for name in DATASETS
        }
        if dataset is not None and not self.has("dataset brings another"):
            held = {name: held[name] for name in DATASETS if name == dataset}
        if self.has("network"):
            held |= {f"{name} again": found for name, found in held.items()}
        wanted = {"HIT": (True,), "MISS": (False,), "ALL": (True, False)}[asked.include]
        if (
            root == "individuals"
            and self.has("MISS and HIT swapped")
            and len(wanted) == 1
        ):
            wanted = (not wanted[0],)
        if root == "biosamples" and self.has("ALL hides misses"):
            wanted = wanted[:1]
        yes = root == "g_variants" and asked.include == "ALL"
        yes = yes and self.has("a set says yes with 0")
        return [
            {
                "id": name.removesuffix(" again"),
                "beaconId": f"org.{len(name)}",
                "setType": kind,
                "exists": bool(all_of) or yes,
                **self.rounded("resultsCount", len(all_of)),
            }
            | ({"results": shown} if asked.granularity == "record" else {})
            for name, (all_of, shown) in held.items()
            if bool(all_of) in wanted
        ]

    def meta(self, entry_type: str, asked: Asked) -> Json:
        """Return the meta of a data answer."""
        parameters: Json = {"g_variant": asked.parameters} if asked.parameters else {}
        if self.has("flat echo"):
            parameters = asked.parameters
        if "start" in asked.parameters and self.has("start not echoed"):
            parameters = json.loads(json.dumps(parameters).replace("[2", "[1"))
        filters = [each["id"] for each in asked.filters]
        if entry_type == "biosample" and self.has("filters not echoed"):
            filters = []
        if self.has("filters of another"):
            filters = [FEVER]
        returned = asked.granularity
        if returned == "count" and self.has("aggregated"):
            returned = "aggregated"
        meta = {
            "beaconId": BEACON_ID,
            "apiVersion": "v2.2.0",
            "returnedSchemas": [{"entityType": entry_type, "schema": entry_type}],
            "returnedGranularity": returned,
            "testMode": asked.test and not self.has("testMode not flagged"),
            "receivedRequestSummary": {
                "apiVersion": "v2.2.0",
                "requestedSchemas": [],
                "filters": asked.filters if self.has("filters as objects") else filters,
                "requestParameters": parameters,
                "includeResultsetResponses": asked.include,
                "pagination": {"skip": asked.skip, "limit": asked.limit},
                "requestedGranularity": asked.requested,
                "testMode": asked.test and not self.has("testMode not flagged"),
            },
        }
        if self.has("meta incomplete"):
            del meta["apiVersion"]
        return meta


_SPELLED = {"referenceBases": "any reference", "alternateBases": "any allele"}
_LISTS = ("start", "end")
_COUNTS: dict[str, tuple[int, Json]] = {
    # fault: the variant, and what its counts say
    "AF wrong": (0, {"alleleFrequency": 0.5}),
    "homozygous counted once": (0, {"alleleCountHomozygous": 1}),
    "frequency above 1": (1, {"alleleFrequency": 1.5}),
    "AC above AN": (1, {"alleleCount": 11, "alleleCountHeterozygous": 11}),
}
_TEN = ("limit", 10)
INVENTED = {
    "individuals": individuals()[:1],
    "biosamples": biosamples()[:1],
    "g_variants": variants()[:1],
    "datasets": datasets()[:1],
}
RELATED = {
    "individuals": ("biosamples", "g_variants"),
    "biosamples": ("individuals", "g_variants"),
    "g_variants": (),
    "datasets": ("individuals", "biosamples", "g_variants"),
}

TOKEN = "let-me-in"  # noqa: S105 - nobody's
TRAITS = ("boolean only", "lists nothing", "nothing loaded", "protected", "rounded")
"""What a beacon may be and still keep to the specification."""
FAULTS = {
    # fault: the rule it breaks
    "environment": "R3",
    "meta incomplete": "R27",
    "null exists": "R33",
    "skip counts records": "R53",
    "limit ignored": "R53",
    "summary counts page": "R34",
    "MISS and HIT swapped": "R51",
    "POST differs from GET": "R25",
    "error with 200": "R67",
    "errorCode text": "R67",
    "relative map URL": "R14",
    "map entry 404": "R24",
    "unknown type in map": "R15",
    "record invalid": "R38",
    "broken CURIE": "R43",
    "1-based": "R82",
    "unknown filter ignored": "R71",
    "beaconId differs": "R22",
    "boolean leaks": "R48",
    "terms limit ignored": "R20",
    "testMode refused": "R57",
    "service-info incomplete": "R5",
    "entry types differ": "R13",
    "no $schema": "R8",
    "any granularity": "R49",
    "negative skip": "R54",
    "excluded matches": "R80",
    "wrong type": "R32",
    "any assembly": "R96",
    "variant by id lost": "R98",
    "default granularity": "R46",
    "links ignored": "R105",
    "filters as objects": "R29",
    "flat echo": "R30",
    "closed range": "R88",
    "N is a letter": "R85",
    "count without count": "R26",
    "! ignored": "R74",
    "% is a letter": "R74",
    "no comma lists": "R63",
    "datasets in sets": "R40",
    "GET refused": "R24",
    "ages as text": "R75",
    "case without sample": "R104",
    "sequence without prefix": "R100",
    "symbolic allele": "R101",
    "frequency above 1": "R102",
    "any allele": "R83",
    "closed bracket": "R89",
    "any type": "R90",
    "a set says yes with 0": "R35",
    "ALL hides misses": "R51",
    "start not echoed": "R31",
    "any reference": "R83",
    "any chromosome": "R83",
    "wide range lost": "R87",
    "not the owner": "R105",
    "other scope ignored": "R71",
    "error without meta": "R67",
    "one filter only": "R71",
    "limit 0 is none": "R55",
    "dataset brings another": "R109",
}
"""Faults that are violations."""
KINDRED = {
    "exists by detail": "R35",
    "count by detail": "R34",
    "filters not echoed": "R31",
    "filters of another": "R31",
    "testMode not flagged": "R57",
    "! refused": "R74",
}
"""Violations, too, of a cause that another fault has."""
FLAWS = {
    "AC above AN": "R103",
    "homozygous counted once": "R103",
    "pages repeat": "R56",
    "unknown filter fails": "R81",
    "no place for the id": "R16",
    "info changes": "M7",
    "setType wrong": "R37",
    "lengths ignored": "R92",
    "age not understood": "R76",
    "AF wrong": "R103",
    "text/plain": "R114",
    "no CORS": "R113",
}
"""Faults that are advice."""


def number_of(record: Json) -> str:
    """Return which person a record is of."""
    if "caseLevelData" in record:
        return record["caseLevelData"][0]["individualId"][-1]
    return record["id"][-1]


def id_of(record: Json) -> str:
    """Return the id of a record."""
    return record.get("variantInternalId") or record["id"]
