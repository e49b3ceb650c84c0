"""What the handlers are given: one key each, typed, set once when the app is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from aiohttp import web

from beacon.model.disclosure import Answers
from beacon.network.network import NetworkService
from beacon.wire.info import BeaconIdentity

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping, Sequence

    from beacon.api.auditing import Account
    from beacon.api.exchange import Known
    from beacon.api.metrics import Meter
    from beacon.api.middleware import Door
    from beacon.auth.logins import Desk
    from beacon.auth.sessions import Session
    from beacon.model.allowance import Allowance
    from beacon.model.dataset import Dataset
    from beacon.model.disclosure import Collected, Disclosure, RecordsDisclosure
    from beacon.model.errors import BeaconError
    from beacon.model.genes import Genes
    from beacon.model.ontology import Ontologies
    from beacon.model.outline import Outline, Spelled
    from beacon.model.profile import PolicyName
    from beacon.model.query import Query
    from beacon.model.requester import Requester
    from beacon.model.summarised import Summarised
    from beacon.model.terms import FilteringTerm
    from beacon.model.variant import Reference
    from beacon.wire.info import Speaker


class BeaconService(Answers, Protocol):
    """The beacon behind the API."""

    @property
    def policy(self) -> PolicyName | None:
        """By what the policy in force is known; ``None``: it has no file."""

    @property
    def references(self) -> Mapping[str, Reference]:
        """Genomes that questions are normalised with, by assembly."""

    async def answer_alike(
        self, outline: Outline, allele: Spelled, requester: Requester
    ) -> Disclosure:
        """Return what ``answer`` gives to the question of an outline for an allele.

        Raises:
            BeaconError: as drawn in ``model.errors``.
        """

    async def count(self, query: Query, requester: Requester) -> None:
        """Count a question that others are asked, whatever our own part in it is.

        Raises:
            BeaconError: as drawn in ``model.errors``.
        """

    async def count_many(
        self, queries: Sequence[Query], requester: Requester
    ) -> Mapping[int, BeaconError]:
        """Count many of them in one go; return why some may not be asked, by place.

        Raises:
            BeaconError: as drawn in ``model.errors``.
        """

    async def answer_records(
        self, query: Query, requester: Requester
    ) -> RecordsDisclosure:
        """Return what may be said of documents.

        Raises:
            BeaconError: as drawn in ``model.errors``.
        """

    async def filtering_terms(
        self, query: Query, requester: Requester
    ) -> Sequence[FilteringTerm]:
        """Return what the records that a question chooses can be filtered by.

        Raises:
            StoreUnavailable: when the store cannot be reached.
        """

    async def collect(self, query: Query, requester: Requester) -> Collected:
        """Return the datasets, or the cohorts, that a question is met by.

        Raises:
            BeaconError: as drawn in ``model.errors``.
        """

    async def datasets(self, requester: Requester) -> tuple[Dataset, ...]:
        """Return every dataset that a requester sees.

        Raises:
            StoreUnavailable: when the store cannot be reached.
        """

    async def summary(self, dataset: str, requester: Requester) -> Summarised:
        """Return what may be said of a dataset as a whole.

        Raises:
            NotFound: when there is none, or the requester does not see it.
            StoreUnavailable: when it cannot be read.
        """

    async def loaded(self, requester: Requester) -> frozenset[str]:
        """Return the assemblies that at least one dataset it sees serves.

        Raises:
            StoreUnavailable: when the store cannot be reached.
        """

    async def ontologies(self) -> Ontologies:
        """Return the hierarchies of terms that are loaded.

        Raises:
            StoreUnavailable: when the store cannot be reached.
        """

    async def genes(self) -> Genes:
        """Return where genes lie.

        Raises:
            StoreUnavailable: when the store cannot be reached.
        """

    async def allowance(self, requester: Requester) -> Allowance:
        """Return what a requester has left.

        Raises:
            StoreUnavailable: when it cannot be read.
        """

    async def ready(self) -> bool:
        """Whether questions can be answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request may hold.

    Attributes:
        body: largest body of a question, in bytes.
        batch_body: largest body of a batch, in bytes.
        batch_lines: most variants in a batch.
        page: largest page of records.
        at_once: lines of a batch that are asked together, so that the store can
            look them up in one go.
        annotate_body: largest VCF that is annotated, in bytes as it is sent.
        annotate_text: the same, in bytes of its text.
        annotate_records: most records of it.
        annotations: how many are annotated at once, by one process.
        batches: how many batches are answered at once, by one process; they may take
            as long as their client does, and must leave room for others.
        strict_filters: whether a filter nothing answers to is an error, where the
            request does not say.
        in_work: requests that are answered at once, by one process.
        waiting: requests that wait for it, at most; beyond, they are refused.
        seconds: that a request may take altogether, unless it streams.
    """

    body: int = 1024**2
    batch_body: int = 20 * 1024**2
    batch_lines: int = 10_000
    page: int = 1000
    at_once: int = 500
    annotate_body: int = 1024**3
    annotate_text: int = 64 * 1024**3
    annotate_records: int = 10_000_000
    annotations: int = 4
    batches: int = 32
    strict_filters: bool = False
    in_work: int = 256
    waiting: int = 1024
    seconds: float = 30.0


BEACON: web.AppKey[BeaconService] = web.AppKey("beacon", BeaconService)
IDENTITY: web.AppKey[BeaconIdentity] = web.AppKey("identity", BeaconIdentity)
LIMITS: web.AppKey[Limits] = web.AppKey("limits", Limits)
METER: web.AppKey[Meter] = web.AppKey("meter")
DOOR: web.AppKey[Door] = web.AppKey("door")
DESK: web.AppKey[Desk] = web.AppKey("desk")
"""Where people log in; it is there where the policy has an issuer for that."""
SPEAKERS: web.AppKey[Callable[[str, str], Speaker]] = web.AppKey("speakers")
"""Gives the speaker at the scheme and the host a request came to."""
NETWORK: web.AppKey[NetworkService] = web.AppKey("network", NetworkService)
"""Asks every node, ourselves among them."""
KNOWN: web.AppKey[Known] = web.AppKey("known")
"""Gives what questions are understood with."""
KNOWN_OF_ALL: web.AppKey[Known] = web.AppKey("known of all")
"""The same of questions to all nodes, whose pages are no longer than a peer's."""
REQUESTER: web.RequestKey[Requester] = web.RequestKey("requester")
"""Under this key a request that passed the door holds who asks."""
SESSION: web.RequestKey[Session] = web.RequestKey("session")
"""Under this key a request of somebody who is logged in holds their session."""
LOGIN_ENDED: web.RequestKey[bool] = web.RequestKey("login_ended", bool)
"""Under this key a request says that whoever sent it was logged in, and is no more."""
BODY: web.RequestKey[bytes] = web.RequestKey("body")
"""Under this key a request holds its body, where it came after its head."""
ACCOUNT: web.RequestKey[Account] = web.RequestKey("account")
"""Under this key a request that is audited holds its account."""
BATCHES: web.AppKey[asyncio.Semaphore] = web.AppKey("batches")
"""The batches that are answered at once."""
ANNOTATIONS: web.AppKey[asyncio.Semaphore] = web.AppKey("annotations")
"""The files that are annotated at once."""
