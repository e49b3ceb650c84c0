"""Documents of people who withdraw: found under any of their names, and left out.

Every set is written anew without them and takes the old one's place as a whole, what
nothing else is found by first: wherever this stops, it can be done again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from beacon.ingest.examining import samples_in
from beacon.model.entry_types import ANALYSIS, BIOSAMPLE, DOCUMENTED, INDIVIDUAL, RUN
from beacon.model.errors import LoadRejected, NotFound, UsageError
from beacon.model.leaving import INNERMOST_FIRST, forgetting, is_of, names_of
from beacon.model.records import INDIVIDUAL_KEY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from beacon.model.dataset import Dataset
    from beacon.model.records import DocumentSet, Record
    from beacon.store.releases import Catalogue


class Documented(NamedTuple):
    """What the documents of a dataset say of some people.

    Attributes:
        names: every name of theirs: as given, of their samples, and as loads of
            variants name them.
        known: which of the names given any document or load knows.
        is_any_left: whether any document, or any cohort, is about them.
    """

    names: frozenset[str]
    known: frozenset[str]
    is_any_left: bool


def runs_left_out(known: Dataset | None) -> frozenset[str]:
    """Return the runs that left a dataset with somebody: analyses may name them."""
    runs = None if known is None else known.documents.get(RUN.id)
    return frozenset() if runs is None else runs.left_out


def withdrawn_from(catalogue: Catalogue, dataset: str) -> frozenset[str]:
    """Return who is to be left out of a dataset, under each name that was ordered."""
    orders = catalogue.withdrawals.orders(dataset)
    return frozenset(order.individual for order in orders)


def documented(
    catalogue: Catalogue, dataset: str, individuals: Collection[str]
) -> Documented:
    """Return what is known of some people of a dataset.

    Raises:
        StoreUnavailable: when the store fails.
    """
    samples = [
        (record.id, record.links[INDIVIDUAL_KEY])
        for record in catalogue.documents_of(dataset, BIOSAMPLE.id)
        if INDIVIDUAL_KEY in record.links
    ]
    ids = set()
    for record in catalogue.documents_of(dataset, INDIVIDUAL.id):
        ids.add(record.id)
        samples += ((sample, record.id) for sample in samples_in(record.document))
    names, before = frozenset(individuals), frozenset[str]()
    while names != before:
        before = names
        names = names_of(names, samples, ids)
        names |= _of_variants(catalogue, dataset, names)
    about = _mentioned(catalogue, dataset, names)
    mentioned = about | ids.intersection(names)
    in_files = _of_variants(catalogue, dataset, individuals)
    return Documented(
        names=names,
        known=frozenset(individuals) & (mentioned | in_files),
        is_any_left=bool(mentioned) or _is_named(catalogue, dataset, names),
    )


def _is_named(catalogue: Catalogue, dataset: str, names: frozenset[str]) -> bool:
    """Whether analyses name runs that were left out, or people these as their kin."""
    runs = runs_left_out(_dataset(catalogue, dataset))
    return any(
        forgetting(record.document, names) is not record.document
        for record in catalogue.documents_of(dataset, INDIVIDUAL.id)
    ) or any(
        is_of(ANALYSIS.id, record, (), runs)
        for record in catalogue.documents_of(dataset, ANALYSIS.id)
    )


def _of_variants(
    catalogue: Catalogue, dataset: str, names: Collection[str]
) -> frozenset[str]:
    """Return under which names loads of variants know some people."""
    try:
        standing = catalogue.withdrawals.standing(dataset, names)
    except NotFound:
        return frozenset()
    found: set[str] = set()
    for people, numbers in standing.parts.values():
        for number in numbers:
            found.update(people.samples[number])
            name = people.names[number]
            if name is not None:
                found.add(name)
    return frozenset(found)


def _mentioned(
    catalogue: Catalogue, dataset: str, names: frozenset[str]
) -> frozenset[str]:
    """Return which of some names documents and cohorts speak of."""
    found: set[str] = set()
    for entry_type in DOCUMENTED:
        for record in catalogue.documents_of(dataset, entry_type):
            if is_of(entry_type, record, names):
                found |= {record.id, *record.links.values()} & names
    known = _dataset(catalogue, dataset)
    for cohort in () if known is None else known.cohorts:
        found |= names.intersection(cohort.members or ())
    return frozenset(found)


def _dataset(catalogue: Catalogue, dataset: str) -> Dataset | None:
    try:
        return catalogue.dataset(dataset)
    except NotFound:
        return None


def erase_documents(
    catalogue: Catalogue, dataset: str, names: Collection[str]
) -> dict[str, int]:
    """Leave people out of every set of documents, and of cohorts.

    Args:
        catalogue: the store's.
        dataset: its id.
        names: each of theirs (``Documented.names``).

    Returns:
        How many documents of each entry type are gone.

    Raises:
        UsageError: when somebody loads such documents right now.
        StoreUnavailable: when the store fails.
    """
    known = _dataset(catalogue, dataset)
    if known is None:
        return {}
    runs = runs_left_out(known).union(
        record.id
        for record in catalogue.documents_of(dataset, RUN.id)
        if is_of(RUN.id, record, names)
    )
    gone = {}
    for entry_type in INNERMOST_FIRST:
        served = known.documents.get(entry_type)
        if served is not None:
            number = _erased(catalogue, served, names, runs)
            if number:
                gone[entry_type] = number
    if any(not frozenset(names).isdisjoint(c.members or ()) for c in known.cohorts):
        catalogue.keep_cohorts(dataset, [_without(c, names) for c in known.cohorts])
    return gone


def _erased(
    catalogue: Catalogue,
    served: DocumentSet,
    names: Collection[str],
    runs: Collection[str],
) -> int:
    """Replace a set by one without people; say how many documents are gone."""
    entry_type, dataset = served.entry_type, served.dataset
    number, is_named = 0, False
    for record in catalogue.documents_of(dataset, entry_type):
        number += is_of(entry_type, record, names, runs)
        is_named |= forgetting(record.document, names) is not record.document
    if not number and not is_named:
        return 0
    try:
        writer = catalogue.begin_documents(dataset, entry_type)
    except LoadRejected as error:
        raise UsageError(str(error)) from error

    def left() -> Iterator[Record]:
        for record in catalogue.documents_of(dataset, entry_type):
            if not is_of(entry_type, record, names, runs):
                yield replace(record, document=forgetting(record.document, names))

    try:
        writer.put(left())
    except BaseException:
        writer.abandon()
        raise
    left_out = runs if entry_type == RUN.id else ()
    writer.publish(served.fingerprint, served.inputs, left_out)
    return number


def _without(cohort: Record, names: Collection[str]) -> Record:
    if cohort.members is None:
        return cohort
    members = tuple(name for name in cohort.members if name not in names)
    return replace(cohort, members=members)
