"""``beacon store …``: the database itself, for who operates a big one.

``split-points`` only reads, and prints commands for ``mongosh``.
"""

from __future__ import annotations

import click

from beacon.cli.options import settings_of
from beacon.model.assemblies import find_assembly
from beacon.model.errors import UsageError
from beacon.store.connection import connect
from beacon.store.splitting import (
    commands,
    place_of_point,
    points_between,
    points_by_length,
    read_sample,
    shares,
)

_MOST_SHARDS = 1000


@click.group()
def store() -> None:
    """What a database of many machines needs to know."""


@store.command("split-points")
@click.option("--assembly", required=True, metavar="NAME", help="GRCh38, GRCh37 …")
@click.option(
    "--shards",
    required=True,
    type=click.IntRange(2, _MOST_SHARDS),
    help="Into how many parts the rows are cut.",
)
@click.pass_context
def split_points(context: click.Context, assembly: str, shards: int) -> None:
    """Print how to cut an assembly's rows into equal shards, for mongosh.

    The cuts follow the rows that are loaded; where none are, the lengths of the
    contigs.  Nothing is changed.
    """
    known = find_assembly(assembly)
    if known is None:
        message = f"--assembly {assembly!r} is not an assembly known here"
        raise UsageError(message)
    settings = settings_of(context)
    with connect(settings.store_uri, settings.data_dir) as address:
        sample = read_sample(address, known.name)
    if sample.keys:
        points = points_between(sample.keys, shards)
        held = ", ".join(f"{n:,}" for n in shares(sample.keys, points))
        click.echo(f"// {known.name}: {sample.rows:,} rows; of {len(sample.keys):,}")
        click.echo(f"// that were looked at, the shards hold {held}.")
    else:
        points = points_by_length(known.name, shards)
        click.echo(f"// {known.name}: no rows yet; cut by the lengths of contigs.")
    if len(points) < shards - 1:
        few = f"the rows allow {len(points) + 1} shards only: too few positions differ"
        raise UsageError(few)
    for number, point in enumerate(points, start=1):
        click.echo(f"// shard {number} begins at {place_of_point(known.name, point)}")
    for line in commands(address.database, known.name, points):
        click.echo(line)
