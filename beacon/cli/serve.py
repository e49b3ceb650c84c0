"""``beacon serve``: answer over HTTP until told to stop.

What may be served to whom is decided before anything is opened: without a
policy only this machine is served.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, NoReturn

import click

from beacon.app import directory_of, logins_of
from beacon.cli.answers import filled
from beacon.cli.open_files import allow_many_files
from beacon.cli.options import settings_of
from beacon.cli.ports import Port
from beacon.cli.processes import Crew
from beacon.cli.scout import check_scout, scout_listens
from beacon.cli.withdraw import leave_out_again
from beacon.model.errors import UsageError
from beacon.opening import rules_of
from beacon.store.connection import connect
from beacon.store.releases import Catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from beacon.settings import Settings, Values
    from beacon.store.connection import StoreAddress

_NOT_WHILE_SERVING = ("server.host", "server.port", "store.uri", "data_dir", "scout")


@click.command()
@click.option("--host", help="Address to listen on [127.0.0.1].")
@click.option("--port", type=click.IntRange(0, 65535), help="Port [5050]; 0: any.")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes [1].")
@click.pass_context
def serve(
    context: click.Context, host: str | None, port: int | None, workers: int | None
) -> None:
    """Serve the API and the page until SIGTERM or Ctrl-C."""
    options: Values = {"host": host, "port": port, "workers": workers}
    settings = settings_of(context, server=options)
    for notice in check_what_is_said(settings):
        click.echo(filled(notice), err=True)
    with (
        ends_calmly(),
        Port(settings.server.host, settings.server.port) as taken,
        connect(settings.store_uri, settings.data_dir) as address,
    ):
        click.echo(filled(address.description), err=True)
        again = partial(settings_of, context, server=options)
        with scout_listens(settings, address, taken.number):
            serve_on(settings, address, taken, lambda: reread(settings, again))


def serve_on(
    settings: Settings,
    address: StoreAddress,
    port: Port,
    reread: Callable[[], Settings],
) -> None:
    """Serve on a port, and print the URL once connections are accepted.

    Nobody who withdrew is served, whatever backup the store was restored from.

    Args:
        settings: of the whole beacon.
        address: of the store.
        port: that the server has.
        reread: gives the settings as they are now, on SIGHUP.
    """
    allow_many_files()
    with Catalogue(address) as catalogue:
        leave_out_again(catalogue, settings)
    Crew(settings, address, port, reread).run(_announcement(settings, port))


def reread(settings: Settings, again: Callable[[], Settings]) -> Settings:
    """Return the settings as they are now, if a running server can take them on.

    Raises:
        UsageError: when they cannot be read, or need a new server.
    """
    fresh = again()
    for name in _NOT_WHILE_SERVING:
        old, new = (attrgetter(name)(each) for each in (settings, fresh))
        if old != new:
            message = f"{name} was changed, which takes a new start of the server"
            raise UsageError(message)
    for notice in check_what_is_said(fresh):
        click.echo(filled(notice), err=True)
    return fresh


def check_what_is_said(settings: Settings) -> list[str]:
    """Return what an operator should know before the server answers.

    Raises:
        UsageError: when others could reach a server that has no policy, or it is in
            production without the addresses that networks ask for.
    """
    logins_of(settings, rules_of(settings).issuers)
    directory_of(settings)
    check_scout(settings)
    _check_addresses(settings)
    notices = []
    if not settings.policy.is_given:
        if not settings.server.is_loopback:
            message = (
                f"server.host {settings.server.host} can be reached from other "
                'machines: set a policy first ([policy] default = "open" shows '
                "every dataset to everybody)"
            )
            raise UsageError(message)
        notices.append(
            "No policy is set: every dataset is open at record granularity, "
            "to this machine only."
        )
    if settings.beacon.environment == "prod" and not _names_country(settings):
        notices.append(
            f"beacon.id {settings.beacon.id} names no country: portals read it from a "
            "part of two letters, as in se.example.beacon."
        )
    return notices


def _check_addresses(settings: Settings) -> None:
    """Refuse to be in production without addresses that others can use.

    Raises:
        UsageError: naming the first that is missing, or no ``https://`` address.
    """
    if settings.beacon.environment != "prod":
        return
    organisation = settings.beacon.organisation
    addresses = {
        "public_url": settings.beacon.public_url,
        "organisation.welcome_url": organisation.welcome_url,
        "organisation.contact_url": organisation.contact_url,
    }
    for name, address in addresses.items():
        is_mail = name.endswith("contact_url") and (address or "").startswith("mailto:")
        if not (is_mail or (address or "").startswith("https://")):
            message = (
                f"beacon.{name} must be an https:// address where beacon.environment "
                f'is "prod"; it is {address or "not set"}'
            )
            raise UsageError(message)


def _names_country(settings: Settings) -> bool:
    return any(
        len(part) == 2 and part.isalpha() for part in settings.beacon.id.split(".")
    )


@contextmanager
def ends_calmly() -> Iterator[None]:
    """End with exit 0, and everything closed, on SIGTERM before serving began."""
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(*_: object) -> NoReturn:
    raise SystemExit(0)


def _announcement(settings: Settings, port: Port) -> Callable[[], None]:
    host = settings.server.host
    shown = f"[{host}]" if ":" in host else host

    def say() -> None:
        click.echo(f"{settings.beacon.name} serves http://{shown}:{port.number}/")

    return say
