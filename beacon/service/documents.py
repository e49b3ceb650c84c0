"""Questions about documents: who is asked, what is found, what may be said.

A question about carriers of one of several alleles (a name), or at several places,
is asked for each and answered as one: a document that matches twice is one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from beacon.model.entry_types import GENOMIC_VARIANT
from beacon.model.errors import InvalidRequest, NotPermitted
from beacon.model.findings import FoundRecords, RecordFindings
from beacon.model.joining import said_at_places, strongest
from beacon.model.query import Granularity, Page
from beacon.model.status import Status
from beacon.policy.asking import refusal
from beacon.policy.policy import depth, disclose_records, may_ask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from beacon.model.dataset import Dataset
    from beacon.model.disclosure import Permit, RecordsDisclosure
    from beacon.model.pattern import VariantPattern
    from beacon.model.query import Query
    from beacon.model.records import Json
    from beacon.store.variants import VariantStore

_MOST_TOGETHER = 5000
_TOO_MANY = (
    "Too many documents match one of several alleles or places at once: ask for each"
    " of them alone."
)


def is_asked(dataset: Dataset, query: Query) -> bool:
    """Whether a question concerns a dataset: one with another genome is not asked."""
    return query.chooses(dataset) and _has_genome(dataset, query)


def _has_genome(dataset: Dataset, query: Query) -> bool:
    """Whether a dataset holds what a question asks of variants.

    Documents are asked for, too, where no variants are kept: a question that needs
    both is then ``not_covered``.
    """
    assembly = query.assembly if query.pattern is None else query.pattern.assembly
    if dataset.release is None:
        is_limited = query.pattern is None and query.assembly is not None
        return query.about != GENOMIC_VARIANT.id and not is_limited
    return assembly in (None, dataset.release.assembly)


def asking(
    query: Query, datasets: Sequence[Dataset], permits: Mapping[str, Permit]
) -> tuple[dict[str, Granularity], list[Dataset]]:
    """Return how each dataset may be asked a question, and which may not be.

    Those are not looked into: the time an answer takes says nothing of them.
    """
    granularities: dict[str, Granularity] = {}
    unasked: list[Dataset] = []
    for dataset in datasets:
        granted = permits[dataset.id]
        if may_ask(granted, query):
            granularities[dataset.id] = depth(granted, query)
        else:
            unasked.append(dataset)
    return granularities, unasked


def check_permitted(
    asked: Mapping[str, Granularity],
    unasked: Sequence[Dataset],
    permits: Mapping[str, Permit],
) -> None:
    """Refuse a question that no dataset may be asked, where tiers say so.

    Raises:
        NotPermitted: saying what may be asked instead.
    """
    if asked or not unasked:
        return
    refused = [permits[dataset.id] for dataset in unasked]
    if all(granted.queries is not None for granted in refused):
        raise NotPermitted(refusal(refused))


def check_asking(
    query: Query, datasets: Sequence[Dataset], permits: Mapping[str, Permit]
) -> None:
    """Refuse a question that none of the datasets it concerns may be asked.

    Raises:
        NotPermitted: saying what may be asked instead.
    """
    granularities, unasked = asking(query, datasets, permits)
    check_permitted(granularities, unasked, permits)


@dataclass(frozen=True, slots=True)
class Documents:
    """Answers questions about documents of datasets, as far as each is permitted."""

    store: VariantStore
    permits: Mapping[str, Permit]

    async def answer(self, query: Query, asked: Sequence[Dataset]) -> RecordsDisclosure:
        """Return what may be said to one question."""
        found = await self._find(query, asked)
        return self._said(query, asked, found)

    async def answer_any(
        self,
        query: Query,
        asked: Sequence[Dataset],
        patterns: Sequence[VariantPattern],
    ) -> RecordsDisclosure:
        """Return what may be said of carriers of a variant of any of some patterns.

        Raises:
            InvalidRequest: when more match than can be told apart.
        """
        if len(patterns) == 1:
            return await self.answer(replace(query, pattern=patterns[0]), asked)
        whole = replace(query, page=Page(limit=_MOST_TOGETHER))
        if query.granularity >= Granularity.COUNT:
            whole = replace(whole, granularity=Granularity.RECORD)
        each = await asyncio.gather(
            *(
                self._find(replace(whole, pattern=p), asked, exact=True)
                for p in patterns
            )
        )
        return self._said(query, asked, _united(each, query))

    async def _find(
        self, query: Query, asked: Sequence[Dataset], *, exact: bool = False
    ) -> FoundRecords:
        """Return what the datasets truly say that may be asked this question.

        Args:
            query: the question.
            asked: the datasets it concerns.
            exact: whether documents are needed to count them, shown or not.

        Raises:
            UnknownFilters: where a filter nothing answers to is to be an error.
            NotPermitted: where no dataset may be asked.
        """
        granularities, unasked = asking(query, asked, self.permits)
        check_permitted(granularities, unasked, self.permits)
        if not granularities:
            return FoundRecords(datasets=())
        if exact:
            granularities = {
                name: Granularity.RECORD if level is Granularity.COUNT else level
                for name, level in granularities.items()
            }
        found = await self.store.find_records(query, granularities)
        query.check_known(found.unknown_filters)
        return found

    def _said(
        self, query: Query, asked: Sequence[Dataset], found: FoundRecords
    ) -> RecordsDisclosure:
        """Return what may be said, with a word for each dataset not asked."""
        _, unasked = asking(query, asked, self.permits)
        return disclose_records(found, self.permits, query, unasked)


def _united(each: Sequence[FoundRecords], query: Query) -> FoundRecords:
    """Return what is found by any of several questions."""
    by_id: dict[str, list[RecordFindings]] = {}
    for part in (part for found in each for part in found.datasets):
        by_id.setdefault(part.dataset.id, []).append(part)
    united = {name: _identified(parts) for name, parts in by_id.items()}
    is_name = query.pattern is not None and query.pattern.name is not None
    offset, limit = query.page.offset, query.page.limit
    datasets = []
    for name, parts in by_id.items():
        words = [part.status for part in parts]
        words += [Status.NO_ANSWER] * (len(each) - len(parts))
        documents = [united[name][key] for key in sorted(united[name])]
        is_boolean = query.granularity is Granularity.BOOLEAN
        datasets.append(
            RecordFindings(
                dataset=parts[0].dataset,
                status=strongest(words if is_name else said_at_places(words)),
                total=max(p.total for p in parts) if is_boolean else len(documents),
                records=tuple(documents[offset : offset + limit]),
            )
        )
    return FoundRecords(
        datasets=tuple(datasets),
        distinct=len({key for documents in united.values() for key in documents}),
        unknown_filters=each[0].unknown_filters if each else (),
    )


def _identified(parts: Sequence[RecordFindings]) -> dict[str, Json]:
    """Return documents by their id.

    Raises:
        InvalidRequest: when not all that match are there.
    """
    if any(part.total > _MOST_TOGETHER for part in parts):
        raise InvalidRequest(_TOO_MANY)
    return {str(record["id"]): record for part in parts for record in part.records}
