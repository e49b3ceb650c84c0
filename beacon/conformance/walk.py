"""The walk through one beacon: what it announced, and what was learnt of it.

``Walk.put`` sends a question and holds every answer against what holds for all
of them; what a single check asks beyond that is the business of that check.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from yarl import URL

from beacon.conformance.answers import judge_answer, judge_failure
from beacon.conformance.questions import Question, answer_of
from beacon.conformance.reading import text_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.conformance.exchange import Client, Exchange
    from beacon.conformance.finding import Notebook
    from beacon.conformance.questions import Answer
    from beacon.conformance.reading import Json

COLLECTIONS = ("dataset", "cohort")
"""Types whose records come as collections."""
VARIANT = "genomicVariant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """Records of one type below a record of another."""

    type: str
    template: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One set of endpoints of the map, addresses as they are asked."""

    type: str
    root: URL
    single: str | None = None
    related: tuple[Related, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the root of one type answers first.

    Attributes:
        endpoint: the root.
        answer: its first page, every result set included.
        question: what gave it; under ``test`` the data is synthetic.
    """

    endpoint: Endpoint
    answer: Answer
    question: Question

    @property
    def records(self) -> list[dict[str, Json]]:
        """The records of the first page."""
        return self.answer.records


@dataclass(slots=True, kw_only=True)
class Walk:
    """What is known of the beacon so far.

    Attributes:
        client: asks.
        notes: what was found.
        base: address of the beacon.
        version: of the standard it is judged by.
        beacon_id: as /info has it.
        documents: framework documents by path, those that came whole.
        entry_types: of the configuration, by id.
        endpoints: of the map.
        samples: by entry type, of the roots that answer.
        terms: every filtering term.
        deaf: types whose roots do not answer GET.
        times: seconds of every exchange.
    """

    client: Client
    notes: Notebook
    base: URL
    version: tuple[int, int] = (2, 2)
    beacon_id: str | None = None
    documents: dict[str, Exchange] = field(default_factory=dict)
    entry_types: Mapping[str, Json] = field(default_factory=dict)
    endpoints: list[Endpoint] = field(default_factory=list)
    samples: dict[str, Sample] = field(default_factory=dict)
    terms: list[Json] = field(default_factory=list)
    deaf: set[str] = field(default_factory=set)
    times: list[float] = field(default_factory=list)

    @property
    def spoken(self) -> str:
        """The version as a request names it."""
        return f"v{self.version[0]}.{self.version[1]}.0"

    def path(self, *parts: str) -> URL:
        """Return an address below the base."""
        return self.base.joinpath(*parts) if parts else self.base

    def entry(self, template: str, entry_id: str) -> URL:
        """Return the address a template gives for an id."""
        return URL(template.replace("{id}", quote(entry_id, safe="")), encoded=True)

    async def put(
        self,
        url: URL,
        entry_type: str,
        question: Question,
        *,
        method: str = "POST",
        anonymous: bool = False,
    ) -> tuple[Exchange, Answer | None]:
        """Ask a data endpoint; judge what comes, when it is an answer.

        Args:
            url: where to.
            entry_type: of the records it gives.
            question: what is asked.
            method: GET or POST.
            anonymous: whether the token is left out.
        """
        exchange = await self.send(url, question, method=method, anonymous=anonymous)
        if not exchange.is_answer:
            judge_failure(self, exchange)
            return exchange, None
        answer = answer_of(exchange.document)
        judge_answer(self, exchange, entry_type, question, answer)
        return exchange, answer

    async def send(
        self,
        url: URL,
        question: Question,
        *,
        method: str = "POST",
        anonymous: bool = False,
    ) -> Exchange:
        """Send a question and judge nothing."""
        if method == "POST":
            body = question.body(self.spoken)
            return await self.client.ask(
                url, method="POST", body=body, anonymous=anonymous
            )
        return await self.client.ask(
            url.update_query(question.query()), anonymous=anonymous
        )

    def name(self, url: URL) -> str:
        """Return an address as sentences say it: below the base."""
        text, base = str(url.with_query(None)), str(self.base)
        return text.removeprefix(base) if text.startswith(base) else text

    def declared(self, entry_type: str, key: str) -> Json:
        """Return what the configuration says of a type."""
        of_type = self.entry_types.get(entry_type)
        return of_type.get(key) if isinstance(of_type, dict) else None

    @property
    def default_granularity(self) -> str:
        """What is answered when nothing is asked for; boolean when undeclared."""
        found = self.documents.get("configuration")
        said = text_at(
            found.document if found else None,
            *("response", "securityAttributes", "defaultGranularity"),
        )
        return said or "boolean"
