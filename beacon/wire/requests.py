"""Beacon requests, GET and POST, as questions.

A request is gathered into one form (``Asked``) whatever way it came, checked by
the types of ``parameters``, and understood as a ``Query``; so GET and POST can
only give the same question.  Nothing here does I/O.  What an answer must repeat
(warnings, the request as understood) travels in the ``Query``.
Beacon v2, framework/json/requests; docs/rest-api.md, docs/variant-queries.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from pydantic import ValidationError

from beacon.model.assemblies import assembly as assembly_named
from beacon.model.entry_types import (
    COHORT,
    COLLECTIONS,
    DATASET,
    DOCUMENTED,
    ENTRY_TYPES,
    GENOMIC_VARIANT,
)
from beacon.model.errors import InvalidRequest
from beacon.model.filters import unknown_sentence
from beacon.model.genes import NO_GENES
from beacon.model.notation import is_name, parse
from beacon.model.query import Granularity, Include, Page, Query
from beacon.model.questions import VariantParameters, pattern_of, variant_pattern
from beacon.wire.filters import (
    FilterBody,
    Narrowing,
    entry_type_named,
    narrowing,
    split_filters,
)
from beacon.wire.info import API_VERSION
from beacon.wire.invented import ASSEMBLY
from beacon.wire.parameters import CommonBody, VariantBody
from beacon.wire.reading import read_json, shown
from beacon.wire.values import invalid

if TYPE_CHECKING:
    from collections.abc import (
        Callable,
        Collection,
        Hashable,
        Iterable,
        Iterator,
        Mapping,
    )

    from beacon.model.genes import Genes
    from beacon.model.records import Under
    from beacon.model.variant import Reference
    from beacon.wire.forms import Form, Latest
    from beacon.wire.info import Document

SECTION = "g_variant"
_VARIANT_NAMES = {
    **{
        field.alias.lower(): field.alias
        for field in VariantBody.model_fields.values()
        if field.alias
    },
    "assembly": "assemblyId",
    "allele": "genomicAlleleShortForm",
}
_COMMON_NAMES = {
    **{
        field.alias.lower(): field.alias
        for field in CommonBody.model_fields.values()
        if field.alias
    },
    "requestedschema": "requestedSchemas",
    "granularity": "requestedGranularity",
    "dataset": "datasets",
    "datasetids": "datasets",
    "datasetid": "datasets",
    "cohort": "cohorts",
    "cohortids": "cohorts",
    "cohortid": "cohorts",
    "strictfilters": "strict",
}
_USUAL = {
    **{name.lower(): name for name in ("meta", "query", "requestParameters")},
    "pagination": "pagination",
    **_COMMON_NAMES,
    **_VARIANT_NAMES,
}
"""Every key that means something, by its letters."""
_LISTS = frozenset({"start", "end", "filters", "datasets", "requestedSchemas"})
_CHOICES = ("datasets", "cohorts")
"""What chooses whom to ask, in whatever spelling, and in several places together."""
MOST_VALUES = 5_000
"""Of the JSON of one question: 500 filters with all they may say have 3,500."""
MOST_PARAMETERS = 500
"""Of one query string."""
_MOST_WARNINGS = 20
_MAY_BE_EMPTY = frozenset({"referenceBases", "alternateBases"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """What is needed to understand a question.

    Attributes:
        loaded: canonical names of the assemblies that have data.
        references: genomes to normalise alleles with, by assembly.
        genes: where genes lie.
        largest_page: no page is larger; a larger ``limit`` is cut to it.
        is_strict: whether a filter nothing answers to is an error, where the
            request does not say.
        forms: what is kept of requests that were understood with it (``forms``).
        latest: the form that was met last, if any.
    """

    loaded: Collection[str]
    references: Mapping[str, Reference]
    genes: Genes = NO_GENES
    largest_page: int = 1000
    is_strict: bool = False
    forms: dict[Hashable, Form] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    latest: list[Latest] = field(
        default_factory=list, init=False, repr=False, compare=False
    )


_INVENTED = Understanding(loaded=(ASSEMBLY,), references={})
"""What a question in test mode is understood with, whatever is loaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """What the path of a request says.

    Attributes:
        about: id of the entry type whose records are asked for.
        identity: the id of the one record asked for.
        under: the record below which records are asked for.
    """

    about: str = GENOMIC_VARIANT.id
    identity: str | None = None
    under: Under | None = None

    @property
    def granularity(self) -> Granularity:
        """What is meant when the request names none."""
        is_collection = self.about in COLLECTIONS
        return Granularity.RECORD if is_collection else Granularity.BOOLEAN

    def named(self, entry_type: str) -> str | None:
        """Return the id of the record of one entry type that the path names."""
        if self.under is not None and self.under.entry_type == entry_type:
            return self.under.identity
        return self.identity if self.about == entry_type else None


@dataclass(slots=True)
class Asked:
    """A request being gathered: raw values under the names of the wire."""

    variant: dict[str, object] = field(default_factory=dict)
    common: dict[str, object] = field(default_factory=dict)
    chosen: dict[str, list[object]] = field(default_factory=dict)
    narrowing: list[object] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    is_start_empty: bool = False

    def put_variant(self, name: str, value: object) -> bool:
        """Keep a variant parameter; return whether there is one of that name."""
        known = _VARIANT_NAMES.get(name.lower())
        if known is not None:
            _put(self.variant, known, value)
        if known == "start" and value in (None, "", []):
            self.is_start_empty = True
        return known is not None

    def put_common(self, name: str, value: object) -> bool:
        """Keep what every question may say; return whether it has that name."""
        known = _COMMON_NAMES.get(name.lower())
        if known in _CHOICES:
            self.choose(known, value)
        elif known is not None:
            _put(self.common, known, value)
        return known is not None

    def choose(self, kind: str, value: object) -> None:
        """Keep ids of datasets or cohorts, as they are or as ``datasetIds``.

        Raises:
            InvalidRequest: for anything beside, which would not be asked.
        """
        if isinstance(value, dict):
            for name, ids in _section(value, kind).items():
                if _COMMON_NAMES.get(name.lower()) != kind:
                    usual = f"{kind.removesuffix('s')}Ids"
                    message = f"{shown(name)} means nothing in {kind}; give {usual}."
                    raise InvalidRequest(message, parameter=kind)
                self.choose(kind, ids)
            return
        ids = value if isinstance(value, list) else [value]
        self.chosen.setdefault(kind, []).extend(i for i in ids if i not in (None, ""))

    def narrow(self, entry_type: str, field_name: str, value: object) -> None:
        """Keep a parameter of documents: it narrows as a filter of that field does."""
        values = value if isinstance(value, list) else [value]
        alternatives: list[object] = [
            {"id": field_name, "operator": "=", "value": each, "scope": entry_type}
            for each in values
            if each not in (None, "")
        ]
        if alternatives:
            self.narrowing.append(alternatives)

    def warn(self, name: str, where: str) -> None:
        """Say that a key means nothing here and was ignored.

        Raises:
            InvalidRequest: for one that is known, but for its underscores: what it
                restricts must not be left out, or everything is answered about.
        """
        usual = _USUAL.get(name.replace("_", "").lower())
        if usual is not None and "_" in name:
            message = f"{shown(name)} {where} is not known; it is spelled {usual}."
            raise InvalidRequest(message, parameter=name)
        self.warnings.append(f"The key {shown(name)} {where} is not known and ignored.")


def _put(values: dict[str, object], name: str, value: object) -> None:
    if value is None or value == [] or (value == "" and name not in _MAY_BE_EMPTY):
        return
    if name in values and values[name] != value:
        message = f"{name} is given twice, with different values."
        raise InvalidRequest(message, parameter=name)
    values[name] = value


# --- gathering ---------------------------------------------------------------


def gather_parameters(
    items: Iterable[tuple[str, str]], asked: Asked | None = None
) -> Asked:
    """Gather a query string, name by name; beside a body, into what it holds."""
    asked = Asked() if asked is None else asked
    for name, values in _grouped(items).items():
        for value in values:
            if not (asked.put_common(name, value) or asked.put_variant(name, value)):
                asked.warn(name, "in the query string")
                break
    return asked


def _grouped(items: Iterable[tuple[str, str]]) -> dict[str, list[object]]:
    """Group values by name; a list given in several parts becomes one list."""
    grouped: dict[str, list[object]] = {}
    for name, value in items:
        lower = name.lower()
        known = _VARIANT_NAMES.get(lower) or _COMMON_NAMES.get(lower) or name
        grouped.setdefault(known, []).append(value)
    if "filters" in grouped:
        grouped["filters"] = [
            [each for value in grouped["filters"] for each in split_filters(str(value))]
        ]
    return {
        name: [values] if name in _LISTS and len(values) > 1 else values
        for name, values in grouped.items()
    }


def gather_body(body: bytes) -> Asked:
    """Gather the JSON body of a POST request; an empty body asks nothing special.

    Raises:
        InvalidRequest: when it is not a JSON object, or contradicts itself.
    """
    asked = Asked()
    if body.count(b",") >= MOST_VALUES:  # each costs time, wherever it stands
        message = f"A question holds at most {MOST_VALUES:,} values."
        raise InvalidRequest(message)
    if body.strip():
        document = read_json(body)
        if not isinstance(document, dict):
            message = f"The request body must be an object, not {shown(document)}."
            raise InvalidRequest(message)
        for name, value in document.items():
            _gather_top(asked, name, value)
    return asked


def gather_line(parameters: dict[str, object]) -> Asked:
    """Gather the variant parameters of one line of a batch, nested or flat.

    Raises:
        InvalidRequest: when one of them is unknown.
    """
    asked = Asked()
    for name, value in parameters.items():
        is_cohort = _COMMON_NAMES.get(name.lower()) == "cohorts"
        if is_cohort or entry_type_named(name) in DOCUMENTED:
            raise _unknown(name)  # a line asks for alleles, whoever carries them
        _gather_parameter(asked, name, value)
    return asked


def _gather_top(asked: Asked, name: str, value: object) -> None:
    """Gather one member of a body; many clients put those of ``query`` beside it."""
    match name.lower():
        case "$schema":
            return
        case "meta":
            _gather_members(asked, value, "meta", asked.put_common)
        case "query":
            _gather_members(asked, value, "query", partial(_gather_query, asked))
        case _ if not _gather_query(asked, name, value):
            asked.warn(name, "in the request")


def _gather_query(asked: Asked, name: str, value: object) -> bool:
    match name.lower():
        case "requestparameters":
            for key, item in _section(value, "requestParameters").items():
                _gather_parameter(asked, key, item)
            return True
        case "pagination":
            _gather_members(asked, value, "pagination", partial(_gather_page, asked))
            return True
    return asked.put_common(name, value)


def _gather_page(asked: Asked, name: str, value: object) -> bool:
    return name.lower() in ("skip", "limit") and asked.put_common(name, value)


def _gather_members(
    asked: Asked, value: object, called: str, put: Callable[[str, object], bool]
) -> None:
    for name, item in _section(value, called).items():
        if not put(name, item) and item is not None:
            asked.warn(name, f"in {called}")


def _gather_parameter(asked: Asked, name: str, value: object) -> None:
    """Gather one request parameter, nested under its entry type or flat.

    An unknown one is refused: a misspelled restriction that is ignored makes
    the answer wider than the question.
    """
    about = entry_type_named(name) or ""
    if about == GENOMIC_VARIANT.id:
        _gather_variant(asked, value)
    elif asked.put_variant(name, value):
        return
    elif _COMMON_NAMES.get(name.lower()) in _CHOICES:
        asked.put_common(name, value)
    elif value in (None, {}, []):
        asked.warn(name, "in requestParameters")
    elif about in DOCUMENTED:
        for key, item in _section(value, name).items():
            asked.narrow(about, key, item)
    else:
        raise _unknown(name)


def _gather_variant(asked: Asked, value: object) -> None:
    for key, item in _section(value, SECTION).items():
        if not asked.put_variant(key, item):
            raise _unknown(key)


def _unknown(name: str) -> InvalidRequest:
    return InvalidRequest(
        f"{shown(name)} is not a parameter of {SECTION}.", parameter=name
    )


def _section(value: object, called: str) -> dict[str, object]:
    """Return an object without its ``$schema``; nothing and a list of one are one."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None or value == []:
        return {}
    if not isinstance(value, dict):
        message = f"{called} must be a JSON object, not {shown(value)}."
        raise InvalidRequest(message)
    return {name: item for name, item in value.items() if name != "$schema"}


# --- understanding -----------------------------------------------------------


def understand(asked: Asked, address: Address, known: Understanding) -> Query:
    """Return the question a request asks.

    Raises:
        InvalidRequest: one sentence naming the parameter that is wrong.
    """
    try:
        common = CommonBody.model_validate(asked.common | _gathered(asked))
        body = VariantBody.model_validate(asked.variant)
    except ValidationError as failure:
        raise invalid(failure) from failure
    if asked.is_start_empty:
        _check_place_of_bases(body)
    told = narrowing(common.filters, address.about)
    query = Query(
        datasets=common.datasets or None,
        granularity=_granularity(common, address),
        include=Include(common.include_resultset_responses),
        page=Page(skip=common.skip, limit=_limit(common, known)),
        about=address.about,
        cohort=_one_cohort(common),
        filters=told.clauses,
        is_strict=known.is_strict if common.strict is None else common.strict,
        unknown_filters=told.impossible,
        test_mode=common.test_mode,
        warnings=_few((*asked.warnings, *_warnings(common, known, told))),
    )
    query.check_known((*told.impossible, *told.doubtful))
    query = replace(query, requested=_requested(query, common, body))
    known = _INVENTED if query.test_mode else known
    query = _about(query, body, told.effects, address, known)
    return _addressed(query, address, known)


def _one_cohort(common: CommonBody) -> str | None:
    if len(common.cohorts) > 1:
        message = "cohorts takes one cohort: ask for each of several alone."
        raise InvalidRequest(message, parameter="cohorts")
    return common.cohorts[0] if common.cohorts else None


def _check_place_of_bases(body: VariantBody) -> None:
    """Refuse bases beside an empty start: that would ask for a whole sequence."""
    bases = (body.reference_bases, body.alternate_bases)
    if body.start is None and body.gene_id is None and bases != (None, None):
        message = "start is empty, so the bases have no place: give a position."
        raise InvalidRequest(message, parameter="start")


def _gathered(asked: Asked) -> dict[str, object]:
    """Return what is said in several places, each as one list."""
    filters = asked.common.get("filters", [])
    if asked.narrowing:
        given_here = filters if isinstance(filters, list) else [filters]
        filters = [*given_here, *asked.narrowing]
    return {"filters": filters, **asked.chosen}


def _granularity(common: CommonBody, address: Address) -> Granularity:
    if common.requested_granularity is None:
        return address.granularity
    return Granularity[common.requested_granularity.upper()]


def _limit(common: CommonBody, known: Understanding) -> int:
    """Return the page size that holds: 0 asks for the largest there is."""
    return min(common.limit or known.largest_page, known.largest_page)


def _warnings(
    common: CommonBody, known: Understanding, told: Narrowing
) -> Iterator[str]:
    if common.limit > known.largest_page:
        yield f"limit {common.limit} is cut to the largest page, {known.largest_page}."
    for body in (body for clause in common.filters for body in clause):
        for name in body.unread:
            yield f"The key {shown(name)} in filters is not known and ignored."
    for each in (*told.impossible, *told.doubtful):
        yield unknown_sentence(each)


def _few(warnings: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first of many warnings, and how many are left out."""
    more = len(warnings) - _MOST_WARNINGS
    if more <= 0:
        return warnings
    return (*warnings[:_MOST_WARNINGS], f"{more} more warnings are left out.")


def _requested(query: Query, common: CommonBody, body: VariantBody) -> Document:
    """Return the request as understood, in the shape Beacon echoes it."""
    parameters: Document = {}
    if variant := body.model_dump(by_alias=True, exclude_none=True, mode="json"):
        parameters[SECTION] = variant
    if query.datasets:
        parameters["datasets"] = {"datasetIds": list(query.datasets)}
    if query.cohort is not None:
        parameters["cohorts"] = {"cohortIds": [query.cohort]}
    schemas = [
        schema.model_dump(by_alias=True, exclude_none=True)
        for schema in common.requested_schemas
    ]
    return {
        "apiVersion": common.api_version or API_VERSION,
        "requestedSchemas": schemas,
        "filters": [_clause_text(each) for each in common.filters],
        "requestParameters": parameters,
        "includeResultsetResponses": query.include.value,
        "pagination": {"skip": query.page.skip, "limit": query.page.limit},
        "requestedGranularity": query.granularity.word,
        "testMode": query.test_mode,
    }


def _clause_text(clause: tuple[FilterBody, ...]) -> str:
    """Return a clause as a query string writes it."""
    texts = ",".join(each.text for each in clause)
    return texts if len(clause) == 1 else f"[{texts}]"


def _about(
    query: Query,
    body: VariantBody,
    effects: tuple[tuple[str, ...], ...],
    address: Address,
    known: Understanding,
) -> Query:
    """Return the question with what it asks of variants."""
    if not body.model_fields_set and not effects:
        return query
    if address.about in COLLECTIONS:
        listed = ENTRY_TYPES[address.about].path
        message = f"Variant parameters do not narrow a list of {listed}; ignored."
        return replace(query, warnings=(*query.warnings, message))
    narrows = bool(effects or body.model_fields_set - {"assembly_id"})
    if address.named(GENOMIC_VARIANT.id) is not None and narrows:
        message = "Variant parameters cannot be given beside the id of a variant."
        raise InvalidRequest(message)
    pattern = pattern_of(
        VariantParameters(**body.model_dump(exclude_none=True), effects=effects),
        loaded=known.loaded,
        references=known.references,
        genes=known.genes,
    )
    named = None if body.assembly_id is None else assembly_named(body.assembly_id).name
    if pattern is None:
        return replace(query, assembly=named)
    return replace(
        query,
        pattern=pattern,
        assembly=pattern.assembly,
        warnings=(*query.warnings, *pattern.notes),
    )


def _addressed(query: Query, address: Address, known: Understanding) -> Query:
    """Return the question narrowed to what its path names."""
    dataset, cohort = address.named(DATASET.id), address.named(COHORT.id)
    if dataset is not None:
        is_asked = query.datasets is None or dataset in query.datasets
        query = replace(query, datasets=(dataset,) if is_asked else ())
    if cohort is not None:
        is_asked = query.cohort in (None, cohort)
        query = replace(query, cohort=cohort)
        query = query if is_asked else replace(query, datasets=())
    variant = address.named(GENOMIC_VARIANT.id)
    if variant is not None:
        return _of_variant(query, variant, known)
    under = address.under
    if under is not None and under.entry_type in DOCUMENTED:
        query = replace(query, under=under)
    if address.about in DOCUMENTED:
        query = replace(query, identity=address.identity)
    return query


def _of_variant(query: Query, identity: str, known: Understanding) -> Query:
    """Return the question about the variant of an id."""
    pattern = variant_pattern(identity, known.references)
    if pattern is None and is_name(identity):
        pattern = parse(
            identity,
            assembly=query.assembly,
            loaded=known.loaded,
            references=known.references,
        )
    if pattern is None:
        message = f"{shown(identity)} is not the id of a variant here."
        return replace(query, datasets=(), warnings=(*query.warnings, message))
    if query.assembly not in (None, pattern.assembly):
        message = f"That variant is on {pattern.assembly}, not on {query.assembly}."
        raise InvalidRequest(message, parameter="assemblyId")
    return replace(query, pattern=pattern, assembly=pattern.assembly)
