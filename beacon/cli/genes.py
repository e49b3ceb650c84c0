"""``beacon load genes``: where genes lie, and what else they are called."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from beacon.cli.answers import filled
from beacon.cli.options import settings_of
from beacon.ingest import load_genes
from beacon.model.genes import APPROVED
from beacon.store.connection import connect
from beacon.store.releases import Catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loaders.genes import GeneFile

_WIDTH = 44


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@click.option(
    "--assembly", metavar="NAME", help="Of tables whose columns name no assembly."
)
@click.option("--dry-run", is_flag=True, help="Read and report; store nothing.")
@click.pass_context
def genes(
    context: click.Context,
    files: tuple[Path, ...],
    assembly: str | None,
    dry_run: bool,  # noqa: FBT001 - click passes it by name
) -> None:
    """Load tables of genes and of their aliases (tab-separated, with a header).

    The places on the assemblies that the files hold replace those loaded before,
    and so do aliases; what the files do not hold stays.
    """
    settings = settings_of(context)
    if dry_run:
        _tell(load_genes(None, files, assembly), "dry run, nothing stored")
        return
    with connect(settings.store_uri, settings.data_dir) as address:
        click.echo(filled(address.description), err=True)
        with Catalogue(address) as catalogue:
            _tell(load_genes(catalogue, files, assembly), "loaded")


def _tell(found: GeneFile, done: str) -> None:
    click.echo(f"genes: {done}")
    for name, number in _rows(found):
        if number:
            click.echo(f"  {name:<{_WIDTH}}{number:>12,}")


def _rows(found: GeneFile) -> Iterator[tuple[str, int]]:
    genomes = Counter(gene.interval.contig.assembly for gene in found.genes)
    for genome, number in sorted(genomes.items()):
        yield f"places on {genome}", number
    yield "genes with names", len({known.identity for known in found.names})
    kinds = Counter(known.kind for known in found.names if known.kind != APPROVED)
    for kind, number in sorted(kinds.items()):
        yield f"names ({kind})", number
    for reason, number in found.skipped.items():
        yield f"not loaded: {reason}", number
