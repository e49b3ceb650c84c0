"""``beacon withdraw``: somebody disappears from a dataset's counts, for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from beacon.cli.answers import filled
from beacon.cli.options import settings_of
from beacon.ingest import Journal, is_forgetful, reapply
from beacon.ingest import withdraw as leave_out
from beacon.model.entry_types import ENTRY_TYPES
from beacon.model.errors import LoadRejected, UsageError
from beacon.store.connection import connect
from beacon.store.releases import Catalogue

if TYPE_CHECKING:
    from beacon.ingest import WithdrawOutcome
    from beacon.settings import Settings
    from beacon.store.connection import StoreAddress
    from beacon.store.withdrawing import Withdrawn


@click.command()
@click.argument("dataset", metavar="ID")
@click.option(
    "--individual",
    "individuals",
    multiple=True,
    required=True,
    metavar="X",
    help="Whom to leave out; may be given again.",
)
@click.option(
    "--anyway",
    is_flag=True,
    help="Keep the order even if the dataset knows nobody of that name.",
)
@click.pass_context
def withdraw(
    context: click.Context,
    dataset: str,
    individuals: tuple[str, ...],
    anyway: bool,  # noqa: FBT001 - click passes it by name
) -> None:
    """Leave individuals out of a dataset, now and in every later load.

    Their files are not needed.  The order cannot be taken back.
    """
    if not all(name.strip() for name in individuals):
        message = "--individual is empty"
        raise UsageError(message)
    settings = settings_of(context)
    with (
        connect(settings.store_uri, settings.data_dir) as address,
        Catalogue(address) as catalogue,
    ):
        click.echo(filled(address.description), err=True)
        outcome = leave_out(
            catalogue,
            Journal(settings.data_dir),
            dataset,
            tuple(dict.fromkeys(individuals)),
            is_for_future=anyway,
            told=lambda done: _tell_change(dataset, done),
        )
    _tell_end(dataset, outcome)


def leave_out_again(catalogue: Catalogue, settings: Settings) -> None:
    """Leave out who withdrew and is in the store all the same; say so.

    As after the database was restored from a backup.
    """
    left = reapply(catalogue, Journal(settings.data_dir), _tell_waiting)
    if left:
        people = "1 person" if left == 1 else f"{left:,} people"
        click.echo(f"{people} who had withdrawn were left out again", err=True)


def _tell_waiting(dataset: str, error: UsageError) -> None:
    message = f"{dataset} may still count somebody who withdrew: {error}"
    click.echo(filled(message), err=True)


def leave_out_forgotten(address: StoreAddress, settings: Settings) -> None:
    """Do so where the store does not know all orders: for commands that only read."""
    journal = Journal(settings.data_dir)
    if not journal.orders():
        return
    with Catalogue(address) as catalogue:
        if is_forgetful(catalogue, journal):
            leave_out_again(catalogue, settings)


def _tell_change(dataset: str, done: Withdrawn) -> None:
    people = "1 person" if done.people == 1 else f"{done.people:,} people"
    click.echo(
        f"{dataset}: release {done.ordinal} serves without {people};"
        f" {done.rows:,} counts were rewritten,"
        f" {done.lost:,} alleles are carried by nobody else"
    )


def _tell_end(dataset: str, outcome: WithdrawOutcome) -> None:
    """Say what is done.

    Raises:
        LoadRejected: when what is served may still count them.
    """
    if outcome.documents:
        told = ", ".join(
            f"{n:,} {name if n == 1 else ENTRY_TYPES[name].path}"
            for name, n in sorted(outcome.documents.items())
        )
        click.echo(f"{dataset}: documents of theirs are gone: {told}")
    if outcome.withdrawn is not None:
        click.echo(f"{dataset}: what was kept of them is erased")
    if outcome.is_served_bare:
        message = (
            f"the order is kept, but dataset {dataset} may still count them: what its"
            " individuals add is not kept; load its files again"
        )
        raise LoadRejected(message)
    if outcome.withdrawn is None and not outcome.documents:
        click.echo(f"{dataset}: the order is kept; nobody of that name is loaded now")
