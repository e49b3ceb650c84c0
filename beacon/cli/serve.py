"""``beacon serve``: answer over HTTP until told to stop.

What may be served to whom is decided before anything is opened: without a
policy only this machine is served.
"""

from __future__ import annotations

import os
import signal
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import click

from beacon.app import policy_of, run_server
from beacon.cli.answers import filled
from beacon.cli.options import settings_of
from beacon.cli.processes import Crew
from beacon.cli.withdraw import leave_out_again
from beacon.model.errors import BeaconError, UsageError
from beacon.store.connection import connect
from beacon.store.releases import Catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from beacon.settings import Settings
    from beacon.store.connection import StoreAddress

_BACKLOG = 1024


@click.command()
@click.option("--host", help="Address to listen on [127.0.0.1].")
@click.option("--port", type=click.IntRange(0, 65535), help="Port [5050]; 0: any.")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes [1].")
@click.pass_context
def serve(
    context: click.Context, host: str | None, port: int | None, workers: int | None
) -> None:
    """Serve the API and the page until SIGTERM or Ctrl-C."""
    settings = settings_of(
        context, server={"host": host, "port": port, "workers": workers}
    )
    for notice in check_what_is_said(settings):
        click.echo(filled(notice), err=True)
    with (
        ends_calmly(),
        listening(settings) as listener,
        connect(settings.store_uri, settings.data_dir) as address,
    ):
        click.echo(filled(address.description), err=True)
        serve_on(settings, address, listener)


def serve_on(
    settings: Settings, address: StoreAddress, listener: socket.socket
) -> None:
    """Serve on an open port, and print the URL once connections are accepted.

    Nobody who withdrew is served, whatever backup the store was restored from.
    """
    with Catalogue(address) as catalogue:
        leave_out_again(catalogue, settings)
    say = _announcement(settings, listener)
    if settings.server.workers == 1:
        run_server(settings, address, listener, lambda _: say())
    else:
        Crew(settings, address, listener).run(say)


def check_what_is_said(settings: Settings) -> list[str]:
    """Return what an operator should know before the server answers.

    Raises:
        UsageError: when others could reach a server that has no policy, or it is in
            production without the addresses that networks ask for.
    """
    policy_of(settings)
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
    if settings.network.peers is not None:
        notices.append("network.peers is set, but this version asks no peers.")
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
def listening(settings: Settings) -> Iterator[socket.socket]:
    """Give a socket that listens where the settings say.

    Raises:
        UsageError: when the host means nothing here.
        BeaconError: when the port is taken or may not be used.
    """
    host, port = settings.server.host, settings.server.port
    try:
        found = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as failure:
        message = f"server.host {host} is not an address of this machine"
        raise UsageError(message) from failure
    family, _, _, _, address = min(found, key=lambda row: row[0] != socket.AF_INET)
    try:
        listener = socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as failure:
        message = f"cannot listen on {host} port {port}: {_reason(failure)}"
        raise BeaconError(message) from failure
    with listener:
        yield listener


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


def _reason(failure: OSError) -> str:
    return os.strerror(failure.errno).lower() if failure.errno else str(failure)


def _announcement(settings: Settings, listener: socket.socket) -> Callable[[], None]:
    host, port = settings.server.host, listener.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host

    def say() -> None:
        click.echo(f"{settings.beacon.name} serves http://{shown}:{port}/")

    return say
