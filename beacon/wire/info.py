"""What a beacon says about itself: the framework documents of Beacon v2.

All of it follows from the identity, the entry types and the datasets; there is
no clock here, so a document changes only when one of those does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from beacon.model.entry_types import ENTRY_TYPES
from beacon.model.ontology import NO_ONTOLOGIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from beacon.model.dataset import Dataset
    from beacon.model.entry_types import EntryType
    from beacon.model.ontology import Ontologies
    from beacon.model.profile import PolicyName

Document = dict[str, object]
"""One JSON object, ready to be written."""

API_VERSION = "v2.2.0"
"""The version of Beacon every answer is made for."""

_SPECIFICATION = f"Beacon {API_VERSION}"
_FRAMEWORK = (
    "https://raw.githubusercontent.com/ga4gh-beacon/beacon-v2/main/framework/json"
)
_DESCRIPTION = (
    "Says whether a genetic variant has been seen in the datasets of this beacon, "
    "and in how many people."
)
_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_PRODUCTION_STATUS = {"prod": "PROD", "test": "TEST", "staging": "TEST", "dev": "DEV"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BeaconIdentity:
    """Who this beacon is; the same in every answer.

    Attributes:
        id: reversed domain name, e.g. ``se.example.beacon``.
        environment: ``prod``, ``test``, ``staging`` or ``dev``.
        public_url: address of the site, below which ``/api`` answers; ``None``:
            the address a request came to is used.
        version: version of this software.
        security_levels: who may ask: ``PUBLIC``, ``REGISTERED``, ``CONTROLLED``.
    """

    id: str
    name: str
    environment: str
    organisation_id: str
    organisation_name: str
    version: str
    description: str | None = None
    public_url: str | None = None
    welcome_url: str | None = None
    contact_url: str | None = None
    logo_url: str | None = None
    security_levels: tuple[str, ...] = ("PUBLIC",)

    def site(self, scheme: str, host: str) -> str:
        """Return the site's address, without a slash at its end.

        Args:
            scheme: of the request, used where no public address is configured.
            host: that the request came to; what is no host is not repeated.
        """
        here = host if _HOST.fullmatch(host) else "localhost"
        return (self.public_url or f"{scheme}://{here}").rstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """The beacon as one request reaches it: its identity and its address."""

    identity: BeaconIdentity
    site: str

    @property
    def api(self) -> str:
        """The address of the API, without a slash at its end."""
        return f"{self.site}/api"


def given(**members: object) -> Document:
    """Return the members that are known: an absent value is left out, never null."""
    return {name: value for name, value in members.items() if value is not None}


def timestamp(moment: datetime) -> str:
    """Return a moment as RFC 3339 writes it, to the second."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def framework_document(
    speaker: Speaker, kind: str, response: Mapping[str, object]
) -> Document:
    """Return a document about the beacon itself, in its envelope."""
    return {
        "meta": {
            "beaconId": speaker.identity.id,
            "apiVersion": API_VERSION,
            "returnedSchemas": [
                {"entityType": kind, "schema": f"beacon-{kind}-{API_VERSION}"}
            ],
        },
        "response": response,
    }


def info(
    speaker: Speaker,
    datasets: Sequence[Dataset],
    ontologies: Ontologies = NO_ONTOLOGIES,
    policy: PolicyName | None = None,
) -> Document:
    """Return the ``/info`` document.

    Networks poll it to learn that anything changed, so it lists what is loaded, and
    by what the policy in force is known.
    """
    me = speaker.identity
    loaded = sorted(datasets, key=lambda dataset: dataset.id)
    response = given(
        id=me.id,
        name=me.name,
        apiVersion=API_VERSION,
        environment=me.environment,
        organization=_organisation(speaker),
        description=me.description or _DESCRIPTION,
        version=f"v{me.version}",
        welcomeUrl=me.welcome_url or f"{speaker.site}/",
        alternativeUrl=f"{speaker.site}/",
        createDateTime=_first(dataset.created for dataset in loaded),
        updateDateTime=_last(dataset.updated for dataset in loaded),
        info=given(
            datasets=[_loaded(dataset) for dataset in loaded],
            ontologies=_ontologies(ontologies),
            policy=policy and {"id": policy.id, "sha256": policy.digest},
        ),
    )
    return framework_document(speaker, "info", response)


def _ontologies(ontologies: Ontologies) -> Document | None:
    """Return which hierarchies are loaded; ``None``: none."""
    if not ontologies.by_prefix:
        return None
    return {"version": ontologies.version, "prefixes": sorted(ontologies.by_prefix)}


def _organisation(speaker: Speaker) -> Document:
    me = speaker.identity
    return given(
        id=me.organisation_id,
        name=me.organisation_name,
        welcomeUrl=me.welcome_url or f"{speaker.site}/",
        contactUrl=me.contact_url or me.welcome_url or f"{speaker.site}/",
        logoUrl=me.logo_url or f"{speaker.site}/static/logo.svg",
    )


def _loaded(dataset: Dataset) -> Document:
    release = dataset.release
    documents = {
        ENTRY_TYPES[name].path: {"count": each.count, "version": each.number}
        for name, each in sorted(dataset.documents.items())
    }
    served = (
        {}
        if release is None
        else given(
            release=release.ordinal,
            assembly=release.assembly,
            sampleCount=release.sample_count,
        )
    )
    told = given(
        documents=documents or None,
        cohorts=[cohort.id for cohort in dataset.cohorts] or None,
    )
    return {"id": dataset.id, "name": dataset.name, **served, **told}


def _first(moments: Iterable[datetime]) -> str | None:
    earliest = min(moments, default=None)
    return None if earliest is None else timestamp(earliest)


def _last(moments: Iterable[datetime]) -> str | None:
    latest = max(moments, default=None)
    return None if latest is None else timestamp(latest)


def service_info(speaker: Speaker, datasets: Sequence[Dataset]) -> Document:
    """Return the GA4GH service-info object, which has no envelope."""
    me = speaker.identity
    return given(
        id=me.id,
        name=me.name,
        type={
            "group": "org.ga4gh",
            "artifact": "beacon",
            "version": API_VERSION.removeprefix("v"),
        },
        organization={
            "name": me.organisation_name,
            "url": me.welcome_url or f"{speaker.site}/",
        },
        version=me.version,
        description=me.description,
        contactUrl=me.contact_url,
        documentationUrl=f"{speaker.site}/",
        createdAt=_first(dataset.created for dataset in datasets),
        updatedAt=_last(dataset.updated for dataset in datasets),
        environment=me.environment,
    )


def configuration(speaker: Speaker) -> Document:
    """Return the ``/configuration`` document."""
    me = speaker.identity
    response = {
        "$schema": f"{_FRAMEWORK}/configuration/beaconConfigurationSchema.json",
        "maturityAttributes": {"productionStatus": _PRODUCTION_STATUS[me.environment]},
        "securityAttributes": {
            "defaultGranularity": "boolean",
            "securityLevels": list(me.security_levels),
        },
        "entryTypes": _entry_types(),
    }
    return framework_document(speaker, "configuration", response)


def entry_types(speaker: Speaker) -> Document:
    """Return the ``/entry_types`` document: the same types as the configuration."""
    return framework_document(speaker, "entryTypes", {"entryTypes": _entry_types()})


def _entry_types() -> Document:
    return {row.id: _entry_type(row) for row in ENTRY_TYPES.values()}


def _entry_type(row: EntryType) -> Document:
    members = [
        {"id": ENTRY_TYPES[other].id, "name": ENTRY_TYPES[other].name}
        for other in row.collection_of
    ]
    return given(
        id=row.id,
        name=row.name,
        description=row.description,
        ontologyTermForThisType={"id": row.term.id, "label": row.term.label},
        partOfSpecification=_SPECIFICATION,
        defaultSchema={
            "id": f"beacon-{row.id}-{API_VERSION}",
            "name": f"Default schema of {row.name}",
            "referenceToSchemaDefinition": row.schema,
            "schemaVersion": API_VERSION,
        },
        additionallySupportedSchemas=[],
        aCollectionOf=members or None,
        nonFilteredQueriesAllowed=True,
    )


def endpoint_map(speaker: Speaker) -> Document:
    """Return the ``/map`` document: every data path that answers, and no other."""
    response = {
        "$schema": f"{_FRAMEWORK}/configuration/beaconMapSchema.json",
        "endpointSets": {
            row.id: _endpoints(speaker, row) for row in ENTRY_TYPES.values()
        },
    }
    return framework_document(speaker, "map", response)


def _endpoints(speaker: Speaker, row: EntryType) -> Document:
    api = speaker.api
    one = f"{api}/{row.path}/{{id}}"
    related = {
        other: {
            "returnedEntryType": other,
            "url": f"{one}/{ENTRY_TYPES[other].path}",
        }
        for other in row.related
    }
    return given(
        entryType=row.id,
        rootUrl=f"{api}/{row.path}",
        singleEntryUrl=one,
        openAPIEndpointsDefinition=f"{speaker.site}/openapi.json",
        endpoints=related,
    )
