"""``beacon demo --network``: questions to a network, some of which fails.

Sweden asks Denmark, Europe and three peers that behave badly; every one of them has
its place in the answer.  Then Sweden serves, network included, until it is told to
stop.
"""

from __future__ import annotations

import asyncio
import shlex
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from beacon.app import open_network
from beacon.cli.answers import filled
from beacon.cli.ask import ask_network
from beacon.cli.network_answers import print_network
from beacon.cli.ports import Port
from beacon.cli.rehearsal import ABROAD, BADLY_BEHAVED, HOME, rehearsing
from beacon.cli.serve import serve_on
from beacon.model.errors import BeaconError
from beacon.opening import lifting_of, open_beacon
from beacon.store.connection import connect

if TYPE_CHECKING:
    from pathlib import Path

    from beacon.cli.rehearsal import Rehearsal
    from beacon.settings import Settings


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the demonstration and why it is asked."""

    text: str
    why: str


QUESTIONS = (
    Question("17-43124027-ACT-A", "Who else has seen this variant?"),
    Question("6-26092913-G-A", "A common one: counts that may be added up, or not."),
    Question("17-43045711-G-C", "One that nobody carries, as far as we are told."),
)


def demo_network(settings: Settings, *, once: bool) -> None:
    """Bring up a network, ask it, and serve what asks it.

    Args:
        settings: of the demonstration; its data directory holds all files.
        once: whether it ends after the questions.
    """
    server, folder = settings.server, settings.data_dir
    with ExitStack() as opened:
        taken = None if once else opened.enter_context(Port(server.host, server.port))
        address = opened.enter_context(connect(None, folder))
        click.echo(filled(address.description), err=True)
        _introduce()
        rehearsal = opened.enter_context(
            rehearsing(folder, address, 0 if taken is None else taken.number)
        )
        asyncio.run(_ask(rehearsal))
        if taken is not None:
            _tell(folder)
            home = rehearsal.settings
            serve_on(home, rehearsal.address, taken, lambda: home)


def _introduce() -> None:
    click.echo("Three nations that do not exist; every number is invented:")
    for nation in (HOME, *ABROAD):
        click.echo(filled(f"{nation.name} tells {nation.says}.", indent="  "))
    click.echo("Three peers that behave badly:")
    for name, manner in BADLY_BEHAVED.items():
        click.echo(filled(f"One is {name}: it {manner}.", indent="  "))


async def _ask(rehearsal: Rehearsal) -> None:
    lifting = lifting_of(rehearsal.settings)
    async with (
        open_network(rehearsal.settings, lifting) as network,
        open_beacon(rehearsal.settings, rehearsal.address, lifting) as beacon,
    ):
        if network is None:
            message = "the rehearsal has no peers"
            raise BeaconError(message)
        known = network.exchange.metadata
        await asyncio.gather(*(known.look(each) for each in network.directory.peers))
        replies = await asyncio.gather(  # together, as each waits for the slow peer
            *(ask_network(network, beacon, each.text, None) for each in QUESTIONS)
        )
        for question, reply in zip(QUESTIONS, replies, strict=True):
            click.echo(f"\n{question.why}")
            click.echo(f"$ beacon ask --network {shlex.quote(question.text)}")
            print_network(reply)
    click.echo()


def _tell(folder: Path) -> None:
    config = folder / f"{HOME.key}.beacon.toml"
    click.echo(f"Their settings, policies and peers are in {folder}")
    click.echo("While this runs, ask more:")
    click.echo(f"  beacon --config {config} ask --network 7-117559590-ATCT-A")
    click.echo(f"  beacon --config {config} peers")
    click.echo("As everybody else, who is told less:  /network/g_variants, /status")
