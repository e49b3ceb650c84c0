"""``beacon keys …``: keys for pipelines, which cannot log in as people do.

A key is shown once, when it is made; after that nobody can tell it.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from beacon.auth.keys import LONGEST_LIFE, SCOPES, KeyTerms, make_key
from beacon.auth.secrets import Purpose, derive, read_secret
from beacon.cli.answers import filled
from beacon.cli.options import settings_of
from beacon.store.api_keys import ApiKeys
from beacon.store.connection import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from beacon.model.api_key import ApiKey
    from beacon.settings import Settings

_HEAD = ("key", "name", "for", "datasets", "expires", "used", "state")
_DAYS = 90


@click.group()
def keys() -> None:
    """Keys for pipelines: made, listed and revoked."""


@keys.command()
@click.option("--name", required=True, help="What it is called, for people.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    default=("query",),
    type=click.Choice(sorted(SCOPES)),
    help="What it may be used for; may be given again [query].",
)
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    metavar="ID",
    help="Keep it to this dataset; may be given again [all the policy shows it].",
)
@click.option(
    "--network",
    "networks",
    multiple=True,
    metavar="CIDR",
    help="Keep it to this network; may be given again [any].",
)
@click.option("--organisation", metavar="NAME", help="Whose it is.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    metavar="NAME",
    help="A role of the policy that it has; may be given again.",
)
@click.option("--purpose", metavar="WORD", help="What it asks for, as care.")
@click.option(
    "--days",
    type=click.IntRange(1, LONGEST_LIFE.days),
    default=_DAYS,
    show_default=True,
    help="How long it lives.",
)
@click.pass_context
def create(
    context: click.Context,
    name: str,
    days: int,
    scopes: tuple[str, ...],
    datasets: tuple[str, ...],
    networks: tuple[str, ...],
    roles: tuple[str, ...],
    organisation: str | None,
    purpose: str | None,
) -> None:
    """Make a key, and print it: it cannot be shown again."""
    settings = settings_of(context)
    terms = KeyTerms(
        name=name,
        life=timedelta(days=days),
        scopes=frozenset(scopes),
        datasets=frozenset(datasets) or None,
        networks=networks,
        organisation=organisation,
        roles=frozenset(roles),
        purpose=purpose,
    )
    pepper = derive(read_secret(settings.secret_path), Purpose.API_KEYS)
    made, text = make_key(terms, pepper, datetime.now(UTC))
    with _kept(settings) as kept:
        kept.add(made)
    click.echo(text)
    until = f"{made.expires:%Y-%m-%d}"
    click.echo(
        filled(f"Key {made.id} holds until {until}; it is not shown again."), err=True
    )


@keys.command("list")
@click.pass_context
def list_(context: click.Context) -> None:
    """List the keys, the newest first; no key can be told from it."""
    now = datetime.now(UTC)
    with _kept(settings_of(context)) as kept:
        found = kept.all()
    if not found:
        click.echo("There are no keys.")
        return
    rows = [_HEAD, *(_row(key, now) for key in found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


@keys.command()
@click.argument("key", metavar="KEY")
@click.pass_context
def revoke(context: click.Context, key: str) -> None:
    """Let a key be worth nothing, in 10 seconds at the latest.

    KEY is its public part, as it is listed.
    """
    with _kept(settings_of(context)) as kept:
        gone = kept.revoke(key, datetime.now(UTC))
    click.echo(f"Key {gone.id} ({gone.name}) was revoked at {gone.revoked:%F %T} UTC.")


@contextmanager
def _kept(settings: Settings) -> Iterator[ApiKeys]:
    with connect(settings.store_uri, settings.data_dir) as address:
        click.echo(filled(address.description), err=True)
        with ApiKeys(address) as kept:
            yield kept


def _row(key: ApiKey, now: datetime) -> tuple[str, ...]:
    return (
        key.id,
        key.name,
        ", ".join(sorted(key.scopes)),
        "all" if key.datasets is None else ", ".join(sorted(key.datasets)),
        f"{key.expires:%Y-%m-%d}",
        "never" if key.used is None else f"{key.used:%Y-%m-%d %H:00}",
        _state(key, now),
    )


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked is not None:
        return "revoked"
    return "expired" if now >= key.expires else "holds"
