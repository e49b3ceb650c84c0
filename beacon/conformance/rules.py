"""The register of rules: what a beacon must, should and had better do.

One row a rule: how it weighs, what it says, where that is written, and the check
that enforces it.  ``R`` numbers are of the specification; a MUST of it is a
violation, whatever it only recommends or leaves open is advice.  ``M`` numbers
are what networks of beacons and their clients rely on, which is advice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from beacon.conformance import filters, framework, links, manners, roots, variants
from beacon.conformance.finding import Level
from beacon.conformance.walk import Walk

Check: TypeAlias = Callable[[Walk], Awaitable[None]]

MUST, ADVICE = Level.VIOLATION, Level.ADVICE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing a beacon does.

    Attributes:
        level: what breaking it is.
        sentence: what must hold.
        source: where it is written; ``F/`` is framework/json, ``M/`` the default
            model of the specification.
        check: what enforces it, or the first that does.
    """

    level: Level
    sentence: str
    source: str
    check: Check


def _rule(level: Level, check: Check, sentence: str, source: str) -> Rule:
    return Rule(level=level, sentence=sentence, source=source, check=check)


_NETWORK = "practice of networks"
_COMPONENTS = "F/common/beaconCommonComponents.json"
_PARAMETERS = "M/genomicVariations/requestParameters.json"
_VARIANT = "M/genomicVariations/defaultSchema.json"
_FILTERS = "F/requests/filteringTerms.json"

_FRAMEWORK = {
    "R1": _rule(
        MUST,
        framework.check_root,
        "The root answers 200 with the info document of `/info`.",
        "F/endpoints.json",
    ),
    "R2": _rule(
        MUST,
        framework.check_documents,
        "`/info` answers 200 with a valid info document.",
        "F/responses/beaconInfoResponse.json",
    ),
    "R3": _rule(
        MUST,
        framework.check_documents,
        "`environment` of info is `prod`, `test`, `dev` or `staging`.",
        "F/responses/sections/beaconInfoResults.json",
    ),
    "R4": _rule(
        MUST,
        framework.check_documents,
        "`organization` of info has `id` and `name`.",
        "F/responses/sections/beaconInfoResults.json",
    ),
    "R5": _rule(
        MUST,
        framework.check_documents,
        "`/service-info` answers 200 with a valid service-info object, no envelope.",
        "F/responses/ga4gh-service-info-1-0-0-schema.json",
    ),
    "R6": _rule(
        ADVICE,
        framework.check_service_info,
        "service-info has type group `org.ga4gh` and artifact `beacon`.",
        "F/responses/ga4gh-service-info-1-0-0-schema.json",
    ),
    "R7": _rule(
        MUST,
        framework.check_documents,
        "`/configuration` answers 200 with a valid configuration document.",
        "F/responses/beaconConfigurationResponse.json",
    ),
    "R8": _rule(
        MUST,
        framework.check_documents,
        "The configuration has `$schema`.",
        "F/configuration/beaconConfigurationSchema.json",
    ),
    "R9": _rule(
        MUST,
        framework.check_documents,
        "`productionStatus` is `DEV`, `TEST` or `PROD`.",
        "F/configuration/beaconConfigurationSchema.json",
    ),
    "R10": _rule(
        MUST,
        framework.check_documents,
        "`defaultGranularity` and `securityLevels` keep to their words.",
        "F/configuration/beaconConfigurationSchema.json",
    ),
    "R11": _rule(
        MUST,
        framework.check_documents,
        "There is an entry type; each has `id`, `name`, `partOfSpecification` and "
        "`defaultSchema`.",
        "F/configuration/entryTypeDefinition.json",
    ),
    "R12": _rule(
        ADVICE,
        framework.check_entry_types,
        "Each key of `entryTypes` is the id inside, and each has "
        "`ontologyTermForThisType`.",
        "F/configuration/entryTypeDefinition.json",
    ),
    "R13": _rule(
        MUST,
        framework.check_entry_types,
        "`/entry_types` answers 200 with the `entryTypes` of the configuration.",
        "F/responses/beaconEntryTypesResponse.json",
    ),
    "R14": _rule(
        MUST,
        framework.check_map,
        "`/map` answers 200 with a valid map of absolute addresses, `$schema` and a "
        "set in it.",
        "F/configuration/beaconMapSchema.json",
    ),
    "R15": _rule(
        MUST,
        framework.check_map,
        "Every `entryType` and `returnedEntryType` of the map is an entry type of the "
        "configuration.",
        "F/configuration/beaconMapSchema.json",
    ),
    "R16": _rule(
        ADVICE,
        links.check_singles,
        "Every `singleEntryUrl`, with a real id, finds that record.",
        "both public verifiers walk the map",
    ),
    "R17": _rule(
        MUST,
        framework.check_openapi,
        "`openAPIEndpointsDefinition` names an OpenAPI document.",
        "F/configuration/beaconMapSchema.json",
    ),
    "R18": _rule(
        MUST,
        framework.check_documents,
        "`/filtering_terms` answers 200 with valid terms, each with `type` and `id`.",
        "F/responses/sections/beaconFilteringTermsResults.json",
    ),
    "R19": _rule(
        ADVICE,
        framework.check_terms,
        "A term's type is `ontology`, `alphanumeric` or `custom`; its scopes are entry "
        "types; its prefix is among the resources.",
        "docs/filters.md",
    ),
    "R20": _rule(
        MUST,
        framework.check_terms,
        "`/filtering_terms` heeds `skip` and `limit`; `limit=0` gives all.",
        "F/endpoints.json",
    ),
    "R21": _rule(
        MUST,
        framework.check_documents,
        "`meta` of a framework document has `beaconId`, `apiVersion` and "
        "`returnedSchemas`.",
        "F/responses/sections/beaconInformationalResponseMeta.json",
    ),
    "R22": _rule(
        MUST,
        framework.check_identity,
        "`beaconId` is the id of `/info` in every answer.",
        _COMPONENTS,
    ),
    "R23": _rule(
        ADVICE,
        framework.check_identity,
        "`apiVersion` is a semantic version with `v` before it.",
        _COMPONENTS,
    ),
}

_DATA = {
    "R24": _rule(
        MUST,
        roots.check_roots,
        "Every address of the map answers, by GET and by POST.",
        "M/*/endpoints.json",
    ),
    "R25": _rule(
        MUST,
        roots.check_parity,
        "GET and POST with the same parameters give the same.",
        "M/*/endpoints.json",
    ),
    "R26": _rule(
        MUST,
        roots.check_matrix,
        "A data answer is valid for the granularity it returns.",
        "F/responses/*.json",
    ),
    "R27": _rule(
        MUST,
        roots.check_matrix,
        "`meta` of a data answer has all its members.",
        "F/responses/sections/beaconResponseMeta.json",
    ),
    "R28": _rule(
        MUST,
        roots.check_matrix,
        "`receivedRequestSummary` has its members, defaults filled in.",
        "F/responses/sections/beaconReceivedRequestSummary.json",
    ),
    "R29": _rule(
        MUST,
        filters.check_filters,
        "`receivedRequestSummary.filters` is a list of texts.",
        "F/responses/sections/beaconReceivedRequestSummary.json",
    ),
    "R30": _rule(
        MUST,
        variants.check_variants,
        "Every value of `receivedRequestSummary.requestParameters` is an object.",
        "F/requests/requestParameters.json",
    ),
    "R31": _rule(
        MUST,
        roots.check_matrix,
        "`receivedRequestSummary` repeats what was asked.",
        "F/responses/sections/beaconReceivedRequestSummary.json",
    ),
    "R32": _rule(
        MUST,
        roots.check_matrix,
        "`returnedSchemas` names the entry type that is returned, below a record, too.",
        "F/responses/sections/beaconResponseMeta.json",
    ),
    "R33": _rule(
        MUST,
        roots.check_matrix,
        "`responseSummary.exists` is true or false, never null.",
        _COMPONENTS,
    ),
    "R34": _rule(
        MUST,
        roots.check_pages,
        "`numTotalResults` counts all matches, not the page.",
        _COMPONENTS,
    ),
    "R35": _rule(
        MUST,
        roots.check_matrix,
        "`exists` is true exactly when something matched.",
        _COMPONENTS,
    ),
    "R36": _rule(
        MUST,
        roots.check_matrix,
        "A result set has `id`, `setType` and `exists`; before v2.2 also "
        "`resultsCount` and `results`.",
        "F/responses/sections/beaconResultsets.json",
    ),
    "R37": _rule(
        ADVICE,
        roots.check_matrix,
        "`setType` is a collection type of the configuration.",
        "F/responses/sections/beaconResultsets.json",
    ),
    "R38": _rule(
        MUST,
        roots.check_matrix,
        "Every record is valid for its entry type.",
        "M/*/defaultSchema.json",
    ),
    "R39": _rule(
        MUST,
        roots.check_matrix,
        "Nothing that has a type is null.",
        "every schema",
    ),
    "R40": _rule(
        MUST,
        roots.check_roots,
        "`/datasets` and `/cohorts` answer with collections.",
        "M/datasets/endpoints.json",
    ),
    "R41": _rule(
        ADVICE,
        links.check_singles,
        "One dataset or cohort comes as a collection with one item.",
        "practice; M/datasets/endpoints.json says result sets",
    ),
    "R42": _rule(
        MUST,
        roots.check_matrix,
        "A handover has a type that is a CURIE and an address.",
        _COMPONENTS,
    ),
    "R43": _rule(
        MUST,
        roots.check_matrix,
        "The id of every ontology term is a CURIE.",
        "F/common/ontologyTerm.json",
    ),
    "R44": _rule(
        MUST,
        roots.check_pages,
        "An empty page or result is a normal answer.",
        "docs/beacon-flavours.md",
    ),
    "R46": _rule(
        MUST,
        roots.check_defaults,
        "No more detail is returned than asked; unasked, the default granularity.",
        "F/requests/beaconRequestBody.json",
    ),
    "R48": _rule(
        MUST,
        roots.check_matrix,
        "A boolean answer holds no count and no record, a count answer no record.",
        "F/responses/beaconBooleanResponse.json",
    ),
    "R49": _rule(
        MUST,
        manners.check_errors,
        "A granularity outside its words is refused.",
        _COMPONENTS,
    ),
    "R50": _rule(
        MUST,
        roots.check_defaults,
        "Without `includeResultsetResponses` only hits are listed.",
        _COMPONENTS,
    ),
    "R51": _rule(
        MUST,
        roots.check_matrix,
        "HIT lists hits, MISS misses, ALL both, NONE none; another word is refused.",
        _COMPONENTS,
    ),
    "R52": _rule(
        ADVICE,
        roots.check_matrix,
        "The summary is the same whichever result sets are included.",
        "the text is silent",
    ),
    "R53": _rule(
        MUST,
        roots.check_pages,
        "`limit` bounds a page; `skip` counts pages, not records.",
        _COMPONENTS,
    ),
    "R54": _rule(
        MUST,
        manners.check_errors,
        "Without a page the first 10 are given; negative numbers are refused.",
        _COMPONENTS,
    ),
    "R55": _rule(
        MUST,
        roots.check_pages,
        "`limit` 0 gives everything, or the most there may be.",
        _COMPONENTS,
    ),
    "R56": _rule(
        ADVICE,
        roots.check_pages,
        "Pages are stable and disjoint, and together hold every record.",
        "the text is silent",
    ),
    "R57": _rule(
        MUST,
        roots.check_test_mode,
        "`testMode` is answered to anybody, and flagged in the answer.",
        "docs/framework.md",
    ),
    "R59": _rule(
        MUST,
        roots.check_roots,
        "Where `nonFilteredQueriesAllowed` is true, a question without filters is "
        "answered.",
        "F/configuration/entryTypeDefinition.json",
    ),
    "R60": _rule(
        ADVICE,
        manners.check_open,
        "Yes and no are there for everybody.",
        "docs/beacon-flavours.md",
    ),
}

_REQUESTS = {
    "R61": _rule(
        ADVICE,
        manners.check_odd_requests,
        "A body without `meta` is answered.",
        "practice of clients",
    ),
    "R62": _rule(
        ADVICE,
        variants.check_variants,
        "Variant parameters mean the same without `g_variant` around them.",
        "practice of clients",
    ),
    "R63": _rule(
        MUST,
        variants.check_variants,
        "GET takes a list as one parameter with commas.",
        "docs/rest-api.md",
    ),
    "R64": _rule(
        ADVICE,
        roots.check_parity,
        "GET takes `requestedGranularity`.",
        "docs/variant-queries.md",
    ),
    "R65": _rule(
        ADVICE,
        variants.check_variants,
        "`start` may be one number, or text.",
        "practice of clients",
    ),
    "R66": _rule(
        MUST,
        variants.check_variants,
        "Parameters that break their schema give an error.",
        _PARAMETERS,
    ),
    "R67": _rule(
        MUST,
        manners.check_errors,
        "A failure has a status of 400 or more and a valid error document, `errorCode` "
        "a whole number.",
        "F/responses/beaconErrorResponse.json",
    ),
    "R68": _rule(
        ADVICE,
        manners.check_errors,
        "`errorCode` is the status of HTTP.",
        "the text is silent",
    ),
    "R69": _rule(
        MUST,
        manners.check_odd_requests,
        "An unknown requested schema falls back to the default one.",
        "F/requests/beaconRequestMeta.json",
    ),
    "R70": _rule(
        ADVICE,
        manners.check_odd_requests,
        "An unknown parameter is reported in `info.warnings`.",
        "the text is silent",
    ),
    "R71": _rule(
        MUST,
        filters.check_filters,
        "Filters are ANDed: none widens an answer, or is left out unsaid.",
        _FILTERS,
    ),
    "R73": _rule(
        MUST,
        filters.check_filters,
        "`includeDescendantTerms` false matches the term alone.",
        _FILTERS,
    ),
    "R74": _rule(
        MUST,
        filters.check_filters,
        "`!` negates, and `%` stands for any text.",
        _FILTERS,
    ),
    "R75": _rule(
        MUST,
        filters.check_ages,
        "Ages compare as durations, not as text: `P9Y` is less than `P70Y`.",
        "docs/filters.md",
    ),
    "R76": _rule(
        ADVICE,
        filters.check_ages,
        "`age:<=P65Y` is understood where a listed term is about an age.",
        "docs/FAQ.md",
    ),
    "R77": _rule(
        MUST,
        filters.check_filters,
        "`similarity` never narrows.",
        _FILTERS,
    ),
    "R78": _rule(
        MUST,
        filters.check_filters,
        "`scope` names an entry type, and narrows.",
        _FILTERS,
    ),
    "R79": _rule(
        MUST,
        filters.check_filters,
        "Every listed term works as a filter on the types in its scopes.",
        "F/responses/sections/beaconFilteringTermsResults.json",
    ),
    "R80": _rule(
        MUST,
        filters.check_excluded,
        "An excluded phenotype does not match its term.",
        "M/common/phenotypicFeature.json",
    ),
    "R81": _rule(
        ADVICE,
        filters.check_filters,
        "An unknown filter gives no match or an error; a warning is not enough.",
        "the text is silent",
    ),
}

_VARIANTS = {
    "R82": _rule(
        MUST,
        variants.check_variants,
        "Coordinates are 0-based, in records and in questions.",
        _PARAMETERS,
    ),
    "R83": _rule(
        MUST,
        variants.check_variants,
        "Start and bases find that allele and no other.",
        "docs/variant-queries.md",
    ),
    "R84": _rule(
        MUST,
        variants.check_variants,
        "`start` without `end` and `alternateBases` is an error.",
        _PARAMETERS,
    ),
    "R85": _rule(
        MUST,
        variants.check_variants,
        "`N` matches any one base.",
        "M/genomicVariations/requestParametersComponents.json",
    ),
    "R87": _rule(
        MUST,
        variants.check_variants,
        "A range finds what overlaps it.",
        "docs/variant-queries.md",
    ),
    "R88": _rule(
        MUST,
        variants.check_variants,
        "What ends where a range begins, or begins where it ends, is not found.",
        _PARAMETERS,
    ),
    "R89": _rule(
        MUST,
        variants.check_variants,
        "A bracket is half-open on both sides.",
        _PARAMETERS,
    ),
    "R90": _rule(
        MUST,
        variants.check_variants,
        "`variantType` narrows a range.",
        _PARAMETERS,
    ),
    "R92": _rule(
        ADVICE,
        variants.check_variants,
        "`variantMinLength` narrows a range.",
        _PARAMETERS,
    ),
    "R93": _rule(
        MUST,
        variants.check_variants,
        "`geneId` finds the variants of a gene.",
        "docs/variant-queries.md",
    ),
    "R95": _rule(
        ADVICE,
        variants.check_variants,
        "`chr1`, `1` and `refseq:NC_…` name the same sequence.",
        "M/genomicVariations/requestParametersComponents.json",
    ),
    "R96": _rule(
        MUST,
        variants.check_variants,
        "Data of one assembly does not answer a question on another.",
        "M/genomicVariations/requestParametersComponents.json",
    ),
    "R98": _rule(
        MUST,
        links.check_singles,
        "`variantInternalId` finds its variant.",
        "M/genomicVariations/endpoints.json",
    ),
    "R100": _rule(
        MUST,
        roots.check_matrix,
        "A location is of VRS 1.3: types, a CURIE for the sequence, no other member.",
        "VRS 1.3",
    ),
    "R101": _rule(
        MUST,
        roots.check_matrix,
        "`alternateBases` is there, in upper-case bases; no symbolic allele.",
        _VARIANT,
    ),
    "R102": _rule(
        MUST,
        variants.check_variants,
        "Frequencies have a population and a number between 0 and 1.",
        _VARIANT,
    ),
    "R103": _rule(
        ADVICE,
        variants.check_variants,
        "AF is AC / AN, AC is at most AN, and het, hom and hemi add up to AC.",
        "European extension of frequencies",
    ),
    "R104": _rule(
        MUST,
        roots.check_matrix,
        "Every `caseLevelData` has `biosampleId`.",
        _VARIANT,
    ),
    "R105": _rule(
        MUST,
        links.check_related,
        "Below a record are exactly the records linked to it.",
        "M/*/endpoints.json",
    ),
    "R107": _rule(
        MUST,
        links.check_related,
        "Granularity applies below the roots, too.",
        "M/*/endpoints.json",
    ),
    "R108": _rule(
        ADVICE,
        links.check_singles,
        "An unknown id answers 200 with `exists` false.",
        "the text is silent",
    ),
    "R109": _rule(
        MUST,
        links.check_related,
        "Below a dataset is one result set, its own.",
        "docs/framework.md",
    ),
}

_NETWORKS = {
    "R112": _rule(
        ADVICE, manners.check_speed, "An answer comes within 5 seconds.", _NETWORK
    ),
    "R113": _rule(
        ADVICE,
        manners.check_browsers,
        "Pages of other sites may ask (CORS).",
        "browser clients",
    ),
    "R114": _rule(
        ADVICE,
        manners.check_errors,
        "Every answer is `application/json`, errors too.",
        _NETWORK,
    ),
    "M2": _rule(
        ADVICE,
        framework.check_identity,
        "A part of the beacon's id is a two-letter country.",
        _NETWORK,
    ),
    "M3": _rule(
        ADVICE,
        framework.check_identity,
        "info has the addresses, dates and description that networks read.",
        _NETWORK,
    ),
    "M4": _rule(
        ADVICE,
        framework.check_map,
        "Every set of the map has `singleEntryUrl`, under the beacon's own address.",
        _NETWORK,
    ),
    "M7": _rule(
        ADVICE,
        framework.check_polls,
        "Two polls of `/info` without a change are the same.",
        _NETWORK,
    ),
    "M8": _rule(
        ADVICE,
        framework.check_documents,
        "A few polite requests are not turned away with 429.",
        _NETWORK,
    ),
    "M9": _rule(
        ADVICE,
        manners.check_odd_requests,
        "GET with `Content-Type: application/json` is answered.",
        _NETWORK,
    ),
    "M10": _rule(
        ADVICE,
        manners.check_odd_requests,
        "A POST that offers to upgrade to HTTP/2 keeps its body.",
        _NETWORK,
    ),
    "M11": _rule(
        ADVICE,
        manners.check_odd_requests,
        "`apiVersion` 2.0 and an empty list of parameters are understood.",
        _NETWORK,
    ),
    "M12": _rule(
        ADVICE,
        roots.check_test_mode,
        "`testMode` shows a record on every root.",
        _NETWORK,
    ),
    "M13": _rule(
        ADVICE,
        links.check_singles,
        "Ids use letters, digits and `._~-` only.",
        _NETWORK,
    ),
    "M14": _rule(
        ADVICE,
        manners.check_addresses,
        "Doubled and trailing slashes route, and nothing redirects.",
        _NETWORK,
    ),
    "M15": _rule(
        ADVICE,
        manners.check_browsers,
        "An unknown site may not send credentials.",
        _NETWORK,
    ),
    "M17": _rule(
        ADVICE,
        roots.check_matrix,
        "An absent value is left out, not null.",
        _NETWORK,
    ),
    "M18": _rule(
        ADVICE,
        roots.check_pages,
        "A page has records of every result set with a match.",
        _NETWORK,
    ),
    "M23": _rule(
        ADVICE,
        manners.check_speed,
        "19 of 20 answers come within a second.",
        _NETWORK,
    ),
}

RULES: Mapping[str, Rule] = MappingProxyType(
    {**_FRAMEWORK, **_DATA, **_REQUESTS, **_VARIANTS, **_NETWORKS}
)
"""Every rule that is enforced, by its number."""

CHECKS: tuple[Check, ...] = (
    framework.check_documents,
    framework.check_root,
    framework.check_identity,
    framework.check_service_info,
    framework.check_entry_types,
    framework.check_map,
    framework.check_openapi,
    framework.check_terms,
    framework.check_polls,
    roots.check_roots,
    roots.check_matrix,
    roots.check_defaults,
    roots.check_parity,
    roots.check_pages,
    roots.check_test_mode,
    links.check_singles,
    links.check_related,
    manners.check_open,
    manners.check_errors,
    manners.check_odd_requests,
    manners.check_addresses,
    manners.check_browsers,
    filters.check_filters,
    filters.check_filter_by_get,
    filters.check_excluded,
    filters.check_scopes,
    filters.check_ages,
    variants.check_variants,
    manners.check_speed,
)
"""The checks, in the order they are made: each may use what earlier ones learnt."""


def rules_table() -> str:
    """Return the register as a Markdown table."""
    head = "| Rule | Breaking it is | What must hold | Source |\n|---|---|---|---|\n"
    return head + "".join(
        f"| {number} | {rule.level} | {rule.sentence} | {rule.source} |\n"
        for number, rule in RULES.items()
    )
