"""Withdrawals: who is to be left out, said once and kept for good.

An order is on disk, in the journal and in the store, before anything else is
done.  Whatever the store holds later (a backup, older files), ``reapply`` leaves
out whoever ever asked for it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from beacon.ingest.leaving import documented, erase_documents, withdrawn_from
from beacon.ingest.loading import without
from beacon.model.entry_types import INDIVIDUAL
from beacon.model.errors import NotFound, StoreUnavailable, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from beacon.ingest.journal import Journal
    from beacon.ingest.leaving import Documented
    from beacon.model.orders import Order
    from beacon.store.releases import Catalogue
    from beacon.store.withdrawing import Standing, Withdrawn


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawOutcome:
    """What an order did.

    Attributes:
        withdrawn: what changed; ``None`` where nobody kept is named.
        bare: ordinals of releases whose counts cannot be changed, because the
            individuals behind them are not kept.
        is_served_bare: whether the release that is served is one of them.
        documents: by entry type, how many documents of theirs are gone.
    """

    withdrawn: Withdrawn | None
    bare: tuple[int, ...]
    is_served_bare: bool
    documents: Mapping[str, int] = field(default_factory=dict)


def withdraw(
    catalogue: Catalogue,
    journal: Journal,
    dataset: str,
    individuals: Sequence[str],
    *,
    is_for_future: bool = False,
    told: Callable[[Withdrawn], None] = lambda _: None,
) -> WithdrawOutcome:
    """Leave individuals out of a dataset, now and whenever it is loaded.

    Args:
        catalogue: the store's.
        journal: where orders are kept beside the store.
        dataset: its id.
        individuals: who is to be left out.
        is_for_future: keep the order even where nobody of that name is known.
        told: is called when counts have changed, before the rest is cleaned up.

    Raises:
        UsageError: nobody of that name is kept there, or it is being loaded.
        NotFound: there is no such dataset.
        StoreUnavailable: the database or the journal failed.
    """
    reapply(catalogue, journal)
    found = documented(catalogue, dataset, individuals)
    # Who withdrew before is nobody here: the order is carried out, not refused.
    known = found.known | withdrawn_from(catalogue, dataset)
    unknown = [name for name in individuals if name not in known]
    standing = _standing(
        catalogue, dataset, (found.names, unknown), is_for_future=is_for_future
    )
    # In the order they were given, then their other names.
    names = dict.fromkeys((*individuals, *sorted(found.names)))
    orders = catalogue.withdrawals.new_orders(dataset, names)
    journal.append(orders)
    catalogue.withdrawals.keep_orders(orders)
    if standing is None:
        return WithdrawOutcome(withdrawn=None, bare=(), is_served_bare=False)
    documents = erase_documents(catalogue, dataset, found.names)
    withdrawn = _apply(catalogue, dataset, tuple(names), told)
    return WithdrawOutcome(
        withdrawn=withdrawn,
        bare=standing.bare,
        is_served_bare=standing.is_served_bare,
        documents=documents,
    )


def _standing(
    catalogue: Catalogue,
    dataset: str,
    names: tuple[Collection[str], Sequence[str]],
    *,
    is_for_future: bool,
) -> Standing | None:
    """Return where they are; ``None``: the dataset is yet to come.

    ``names`` are all of theirs, and those of the ones given that nobody has.
    """
    every, unknown = names
    try:
        standing = catalogue.withdrawals.standing(dataset, every)
    except NotFound:
        if is_for_future:
            return None
        raise
    if is_for_future:
        return standing
    if standing.is_served_bare:
        message = (
            f"dataset {dataset} does not keep what its individuals add to its counts"
            " (sites only, --counts-only, or loaded by an older version): use --anyway"
            " to keep these out of future loads, then load its"
            " files again"
        )
        raise UsageError(message)
    strangers = [name for name in unknown if name in standing.unknown]
    if strangers:
        message = (
            f"dataset {dataset} has no individual {strangers[0]} (--anyway keeps"
            " them out of future loads)"
        )
        raise UsageError(message)
    return standing


def _apply(
    catalogue: Catalogue,
    dataset: str,
    individuals: Sequence[str],
    told: Callable[[Withdrawn], None],
) -> Withdrawn | None:
    """Carry an order out; a load that was killed and could go on gives way to it."""
    catalogue.give_up_killed(dataset)
    withdrawn = catalogue.withdrawals.withdraw(dataset, individuals, without)
    if withdrawn is not None:
        told(withdrawn)
        catalogue.withdrawals.finish(dataset, withdrawn)
    return withdrawn


def reapply(
    catalogue: Catalogue,
    journal: Journal,
    waits: Callable[[str, UsageError], None] = lambda *_: None,
) -> int:
    """Leave out everybody who ever asked for it and is there all the same.

    The journal and the store learn from each other; what a killed withdrawal left
    is finished.  A dataset that is being loaded waits: whoever loads it does this
    at the end, and had done it before.

    Args:
        catalogue: the store's.
        journal: where orders are kept beside the store.
        waits: is told of such a dataset, and why.

    Returns:
        How many people were left out of datasets now.

    Raises:
        StoreUnavailable: the database or the journal failed.
    """
    orders, missing = _shared_orders(catalogue, journal)
    by_dataset: dict[str, list[str]] = defaultdict(list)
    for order in orders:
        by_dataset[order.dataset].append(order.individual)
    left = 0
    for dataset, individuals in sorted(by_dataset.items()):
        try:
            left += _reapplied(catalogue, dataset, individuals)
        except UsageError as error:
            missing = [order for order in missing if order.dataset != dataset]
            waits(dataset, error)
        except StoreUnavailable as error:
            message = f"who withdrew from dataset {dataset} cannot be left out: {error}"
            raise StoreUnavailable(message) from error
    # Last of all: what stops here is done by whoever comes next (``is_forgetful``).
    catalogue.withdrawals.keep_orders(missing)
    return left


def _reapplied(catalogue: Catalogue, dataset: str, individuals: Sequence[str]) -> int:
    """Leave out who is in a dataset all the same; say how many.

    Where there is nothing to be done, nothing is written: a server may only read.
    """
    try:
        standing = catalogue.withdrawals.standing(dataset, individuals)
    except NotFound:
        return 0
    found = documented(catalogue, dataset, individuals)
    people = 0
    if found.is_any_left:
        catalogue.sweep()
        gone = erase_documents(catalogue, dataset, found.names)
        people = max(1, gone.get(INDIVIDUAL.id, 0))
    return max(people, _reapplied_to_variants(catalogue, dataset, found, standing))


def _reapplied_to_variants(
    catalogue: Catalogue, dataset: str, found: Documented, standing: Standing
) -> int:
    individuals = tuple(found.names)
    if not standing.parts and not catalogue.withdrawals.is_left_behind(dataset):
        return 0
    catalogue.sweep()
    catalogue.withdrawals.finish(dataset)
    if not catalogue.withdrawals.standing(dataset, individuals).parts:
        return 0
    done = _apply(catalogue, dataset, individuals, lambda _: None)
    return 0 if done is None else done.people


def is_forgetful(catalogue: Catalogue, journal: Journal) -> bool:
    """Whether the store lacks an order of the journal, as after it was restored.

    Raises:
        StoreUnavailable: the database or the journal failed.
    """
    here = {order[:2] for order in journal.orders()}
    return bool(here) and not here.issubset(
        order[:2] for order in catalogue.withdrawals.orders()
    )


def _shared_orders(
    catalogue: Catalogue, journal: Journal
) -> tuple[list[Order], list[Order]]:
    """Return every order, all of them in the journal, and those the store lacks."""
    here = {order[:2]: order for order in journal.orders()}
    there = {order[:2]: order for order in catalogue.withdrawals.orders()}
    journal.append([order for name, order in there.items() if name not in here])
    missing = [order for name, order in here.items() if name not in there]
    return [*{**there, **here}.values()], missing
