"""``beacon demo``: bundled data, six questions, and a server to look around in.

It keeps to a data directory of its own and to the embedded store, whatever the
settings say, so that it can never touch anybody's data.
"""

from __future__ import annotations

import asyncio
import shlex
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

import click

from beacon.cli.answers import filled, print_answer
from beacon.cli.ask import ask_beacon
from beacon.cli.demo_network import demo_network
from beacon.cli.login import logging_in
from beacon.cli.options import settings_of
from beacon.cli.ports import Port
from beacon.cli.serve import ends_calmly, serve_on
from beacon.ingest import LoadRequest, load_variants
from beacon.ingest.describing import load_cohorts
from beacon.ingest.documents import DocumentRequest, load_documents
from beacon.model.entry_types import DOCUMENTED, ENTRY_TYPES
from beacon.model.errors import UsageError
from beacon.opening import open_beacon
from beacon.settings import Settings
from beacon.store.connection import connect
from beacon.store.releases import Catalogue
from loaders import LoadOptions

if TYPE_CHECKING:
    from pathlib import Path

    from beacon.cli.login import Login
    from beacon.store.connection import StoreAddress

_ASSEMBLY = "GRCh37"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundled:
    """One dataset of the demonstration.

    Attributes:
        documents: what the files of its documents are called before their type;
            ``None``: there are none.
    """

    id: str
    file: str
    name: str
    kind: str
    description: str
    documents: str | None = None


BUNDLED = (
    Bundled(
        id="demo-1kg",
        file="1kg_p3.chr22.5samples.GRCh37.vcf.gz",
        name="1000 Genomes chr22",
        kind="population",
        description="Five people of the 1000 Genomes Project, 700 kb of chromosome 22.",
    ),
    Bundled(
        id="demo-a",
        file="ds-open.GRCh37.vcf.gz",
        name="Synthetic cohort A",
        kind="patients",
        description="Twenty invented people.",
        documents="ds-open",
    ),
    Bundled(
        id="demo-b",
        file="ds-registered.GRCh37.vcf.gz",
        name="Synthetic cohort B",
        kind="patients",
        description="Sixteen invented people.",
        documents="ds-registered",
    ),
    Bundled(
        id="demo-c",
        file="ds-controlled.GRCh37.vcf.gz",
        name="Synthetic cohort C",
        kind="patients",
        description="Six invented people.",
        documents="ds-controlled",
    ),
)


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the demonstration and why it is asked."""

    text: str
    why: str


QUESTIONS = (
    Question("22-50454000-G-A", "Has this variant been seen elsewhere?"),
    Question(
        "22-50300086-C-T", "One that nobody here carries: a no, and what it rests on."
    ),
    Question("13-32914437-GT-G", "A place no dataset covers: that is not a no."),
    Question("22:50300000-50310000", "How much varies in a region?"),
    Question("NC_000001.10:g.702011T>G", "Any usual spelling; here HGVS."),
    Question("del 17:218000-218700", "A copy number variant: similar ones count."),
)


@click.command()
@click.option("--once", is_flag=True, help="Stop after the questions.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port [5050]; 0: any.")
@click.option(
    "--with-login",
    is_flag=True,
    help="Serve it by a policy, with a test issuer, and print tokens of three users.",
)
@click.option(
    "--network",
    "of_network",
    is_flag=True,
    help="Ask three national beacons, and three peers that behave badly.",
)
@click.pass_context
def demo(
    context: click.Context,
    once: bool,  # noqa: FBT001 - click passes it by name
    port: int | None,
    with_login: bool,  # noqa: FBT001 - likewise
    of_network: bool,  # noqa: FBT001 - likewise
) -> None:
    """Load example data, ask questions of it, then serve it until Ctrl-C."""
    if with_login and (once or of_network):
        other = "--once" if once else "--network"
        message = f"--with-login is for one beacon that serves; leave {other} out"
        raise UsageError(message)
    given = settings_of(context, server={"port": port})
    if of_network:
        with ends_calmly():
            demo_network(_apart(given, "network"), once=once)
        return
    settings = _apart(given, "demo")
    with ExitStack() as opened:
        opened.enter_context(ends_calmly())
        login = opened.enter_context(logging_in()) if with_login else None
        server = settings.server
        taken = None if once else opened.enter_context(Port(server.host, server.port))
        if login is not None and taken is not None:
            settings = _with_policy(settings, login.policy, taken.number)
        address = opened.enter_context(connect(None, settings.data_dir))
        click.echo(filled(address.description), err=True)
        _load(address)
        asyncio.run(_ask(settings, address))
        click.echo(f"To ask more:  export BEACON_DATA_DIR={settings.data_dir}")
        click.echo("And of its people:  /api/individuals?filters=MONDO:0005148")
        if login is not None:
            _tell_tokens(login)
        if taken is not None:
            serve_on(settings, address, taken, lambda: settings)


def _apart(settings: Settings, folder: str) -> Settings:
    """Return settings of which nothing but the port and the place is taken over."""
    return Settings.model_validate(
        {
            "data_dir": settings.data_dir / folder,
            "server": {"port": settings.server.port},
        }
    )


def _with_policy(settings: Settings, policy: str, port: int) -> Settings:
    """Return settings with a policy, which is written beside the data.

    And with the address that browsers come back to when somebody has logged in.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    path = settings.data_dir / "policy.toml"
    path.write_text(policy, encoding="utf-8")
    given = settings.model_dump(include={"data_dir": True, "server": {"port"}})
    here = {"public_url": f"http://{settings.server.host}:{port}"}
    return Settings.model_validate({**given, "policy": {"file": path}, "beacon": here})


def _tell_tokens(login: Login) -> None:
    click.echo("\nThree users and their tokens, for twelve hours and this demo alone:")
    for user, token in login.tokens.items():
        click.echo(f"{user}  {token}")
    click.echo("Log in as one of them, on the page:  ADDRESS/login")
    click.echo('Or ask as one:  curl -H "Authorization: Bearer …" ADDRESS/api/…')


def _load(address: StoreAddress) -> None:
    """Load what is bundled; unchanged files are not read a second time."""
    click.echo("Four datasets, bundled with the program:")
    with (
        as_file(files("beacon").joinpath("data", "demo")) as folder,
        Catalogue(address) as catalogue,
    ):
        for bundled in BUNDLED:
            _load_one(catalogue, bundled, folder)
            if bundled.documents is not None:
                _load_documents(catalogue, bundled.id, bundled.documents, folder)


def _load_documents(
    catalogue: Catalogue, dataset: str, stem: str, folder: Path
) -> None:
    """Load what is said of a dataset's invented people."""
    for kind in DOCUMENTED:
        path = folder / f"{stem}.{ENTRY_TYPES[kind].path}.jsonl"
        if path.exists():
            load_documents(
                catalogue, DocumentRequest(paths=(path,), kind=kind, dataset=dataset)
            )
    load_cohorts(catalogue, (folder / "cohorts.json",), dataset)


def _load_one(catalogue: Catalogue, bundled: Bundled, folder: Path) -> None:
    request = LoadRequest(
        dataset=bundled.id,
        paths=(folder / bundled.file,),
        options=LoadOptions(assembly=_ASSEMBLY),
        references={},
    )
    outcome = load_variants(catalogue, request)
    if outcome.is_new:
        catalogue.describe(
            bundled.id,
            name=bundled.name,
            kind=bundled.kind,
            description=bundled.description,
        )
    release = outcome.release
    if release is not None:
        click.echo(
            f"  {bundled.name} ({bundled.id}): "
            f"{release.sample_count} people, {release.variants:,} variants"
        )


async def _ask(settings: Settings, address: StoreAddress) -> None:
    async with open_beacon(settings, address) as beacon:
        for question in QUESTIONS:
            click.echo(f"\n{question.why}")
            click.echo(f"$ beacon ask {shlex.quote(question.text)}")
            print_answer(await ask_beacon(beacon, question.text, None))
    click.echo()
