"""``beacon load ontology``: which terms are narrower than which."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from beacon.cli.answers import filled
from beacon.cli.options import settings_of
from beacon.ingest.ontologies import load_ontologies
from beacon.store.connection import connect
from beacon.store.releases import Catalogue
from loaders.ontologies import ontology_paths

if TYPE_CHECKING:
    from loaders.ontologies import Ontology

_WIDTH = 44


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...|hpo")
@click.option("--dry-run", is_flag=True, help="Read and report; store nothing.")
@click.pass_context
def ontology(
    context: click.Context,
    files: tuple[str, ...],
    dry_run: bool,  # noqa: FBT001 - click passes it by name
) -> None:
    """Load ontologies (OBO, or obographs JSON), so that narrower terms are found.

    Each replaces the last one of its prefix.  The word hpo is the Human Phenotype
    Ontology that is installed with this program.
    """
    settings = settings_of(context)
    paths = ontology_paths(files)
    if dry_run:
        for found in load_ontologies(None, paths):
            _tell(found, "dry run, nothing stored")
        return
    with connect(settings.store_uri, settings.data_dir) as address:
        click.echo(filled(address.description), err=True)
        with Catalogue(address) as catalogue:
            for found in load_ontologies(catalogue, paths):
                _tell(found, "loaded")


def _tell(found: Ontology, done: str) -> None:
    version = "" if found.version is None else f" ({found.version})"
    click.echo(f"{found.prefix}{version}: {done}")
    click.echo(f"  {'terms':<{_WIDTH}}{len(found.terms):>12,}")
    if found.obsolete:
        click.echo(f"  {'obsolete terms left out':<{_WIDTH}}{found.obsolete:>12,}")
