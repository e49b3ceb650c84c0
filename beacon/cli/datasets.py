"""``beacon datasets …``: what is loaded, what it is called, which release serves.

Every release is kept until it is removed; going back is moving one pointer.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from beacon.cli.answers import filled
from beacon.cli.options import settings_of
from beacon.cli.withdraw import leave_out_again, leave_out_forgotten
from beacon.model.entry_types import DOCUMENTED, ENTRY_TYPES
from beacon.model.errors import UsageError
from beacon.store.connection import connect
from beacon.store.releases import Catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from beacon.model.dataset import Dataset, Release

_COUNTRY = re.compile(r"[A-Za-z]{2}\Z")
_ADDRESS = re.compile(r"(https?://|mailto:)[^\s/][^\s]*\Z")
_GAP = "  "


@click.group(invoke_without_command=True)
@click.pass_context
def datasets(context: click.Context) -> None:
    """List, describe, roll back and remove datasets."""
    if context.invoked_subcommand is None:
        context.invoke(list_datasets)


@datasets.command("list")
@click.pass_context
def list_datasets(context: click.Context) -> None:
    """List every dataset and the release it serves."""
    with _catalogue(context) as catalogue:
        found = catalogue.datasets()
    if not found:
        click.echo("Nothing is loaded yet.")
        return
    head = ("ID", "ASSEMBLY", "RELEASE", "PEOPLE", "VARIANTS", "DOCUMENTS", "NAME")
    _print_table([head, *(_row(dataset) for dataset in found)])


@datasets.command("show")
@click.argument("dataset", metavar="ID")
@click.pass_context
def show(context: click.Context, dataset: str) -> None:
    """Show everything known of one dataset."""
    with _catalogue(context) as catalogue:
        found = catalogue.dataset(dataset)
    _print_facts(found)


@datasets.command("set")
@click.argument("dataset", metavar="ID")
@click.option("--name", help="Its name, as people say it.")
@click.option("--description", help="What is in it, in a sentence.")
@click.option(
    "--kind", type=click.Choice(["patients", "population"]), help="Who is in it."
)
@click.option("--country", metavar="SE", help="ISO 3166 code of two letters.")
@click.option("--contact", metavar="URL", help="Where to ask: a page or mailto:.")
@click.pass_context
def set_description(
    context: click.Context,
    dataset: str,
    name: str | None,
    description: str | None,
    kind: str | None,
    country: str | None,
    contact: str | None,
) -> None:
    """Say what a dataset is; an empty value takes one back."""
    if country and not _COUNTRY.match(country):
        message = f"--country {country!r} is not a country code of two letters"
        raise UsageError(message)
    if contact and not _ADDRESS.match(contact):
        message = f"--contact {contact!r} is no https://, http:// or mailto: address"
        raise UsageError(message)
    given = {
        "name": name,
        "description": description,
        "kind": kind,
        "country": country.upper() if country else country,
        "contact": contact,
    }
    changes = {key: value or None for key, value in given.items() if value is not None}
    if not changes:
        message = "datasets set: give at least one of --" + ", --".join(given)
        raise UsageError(message)
    with _catalogue(context) as catalogue:
        catalogue.dataset(dataset)
        changed = catalogue.describe(dataset, **changes)
    _print_facts(changed)


@datasets.command("releases")
@click.argument("dataset", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="All that each was made from.")
@click.pass_context
def list_releases(
    context: click.Context,
    dataset: str,
    as_json: bool,  # noqa: FBT001 - click passes it by name
) -> None:
    """List the releases of a dataset, oldest first; * marks the one it serves."""
    with _catalogue(context) as catalogue:
        found = catalogue.dataset(dataset).release
        known = catalogue.releases(dataset)
    serving = None if found is None else found.number
    if as_json:
        told = [_as_json(r, is_served=r.number == serving) for r in known]
        click.echo(json.dumps(told, indent=2))
        return
    head = ("RELEASE", "PUBLISHED", "ASSEMBLY", "PEOPLE", "VARIANTS", "FILES")
    _print_table([head, *(_release_row(r, serving) for r in known)])


@datasets.command("rollback")
@click.argument("dataset", metavar="ID")
@click.option("--to", "ordinal", type=click.IntRange(1), help="Release to serve.")
@click.pass_context
def rollback(context: click.Context, dataset: str, ordinal: int | None) -> None:
    """Serve an earlier release again: the one before, or the one named."""
    with _catalogue(context) as catalogue:
        leave_out_again(catalogue, settings_of(context))
        release = catalogue.rollback(dataset, ordinal)
    click.echo(f"{dataset} serves release {release.ordinal}.")


@datasets.command("remove")
@click.argument("dataset", metavar="ID")
@click.option("--release", "ordinal", type=click.IntRange(1), help="Only this one.")
@click.pass_context
def remove(context: click.Context, dataset: str, ordinal: int | None) -> None:
    """Remove a dataset with all its releases, or one release."""
    with _catalogue(context) as catalogue:
        catalogue.remove(dataset, ordinal)
    what = "" if ordinal is None else f", release {ordinal}"
    click.echo(f"{dataset}{what}: removed.")


@datasets.command("duplicates")
@click.argument("names", nargs=-1, metavar="[ID...]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def duplicates(
    context: click.Context,
    names: tuple[str, ...],
    as_json: bool,  # noqa: FBT001 - click passes it by name
) -> None:
    """Find people who are in several datasets, twice in one, or swapped.

    Without ID all datasets are compared, with one ID that with all others, with
    several these.  Nothing is changed.
    """
    with _catalogue(context) as catalogue:
        said = catalogue.comparer().among(names)
    if as_json:
        document = {
            "datasets": list(said.compared),
            "withoutIndividuals": list(said.unknown),
            "duplicates": [likeness.as_dict() for likeness in said.found],
        }
        click.echo(json.dumps(document, indent=2))
        return
    for sentence in said.sentences:
        click.echo(filled(sentence))
    if said.unknown:
        click.echo(filled(f"No individuals are kept of {', '.join(said.unknown)}."))
    number = len(said.compared)
    click.echo(
        f"{len(said.found)} found in {number} dataset{'' if number == 1 else 's'}."
    )


@contextmanager
def _catalogue(context: click.Context) -> Iterator[Catalogue]:
    settings = settings_of(context)
    with (
        connect(settings.store_uri, settings.data_dir) as address,
        Catalogue(address) as catalogue,
    ):
        leave_out_forgotten(address, settings)
        yield catalogue


def _row(dataset: Dataset) -> tuple[str, ...]:
    release = dataset.release
    of_variants: tuple[str, ...] = ("", "", "", "")
    if release is not None:
        of_variants = (
            release.assembly,
            str(release.ordinal),
            _people(release),
            f"{release.variants:,}",
        )
    count = sum(kept.count for kept in dataset.documents.values())
    return (dataset.id, *of_variants, f"{count:,}" if count else "", dataset.name)


def _release_row(release: Release, serving: int | None) -> tuple[str, ...]:
    mark = " *" if release.number == serving else ""
    return (
        f"{release.ordinal}{mark}",
        f"{release.published:%Y-%m-%d %H:%M}",
        release.assembly,
        _people(release),
        f"{release.variants:,}",
        ", ".join(source.name for source in release.inputs),
    )


def _as_json(release: Release, *, is_served: bool) -> dict[str, object]:
    """Return what a release was made from, and how."""
    return {
        "release": release.ordinal,
        "served": is_served,
        "created": release.created.isoformat(),
        "published": release.published.isoformat(),
        "assembly": release.assembly,
        "sampleCount": release.sample_count,
        "variants": release.variants,
        "loads": release.loads,
        "fingerprint": release.fingerprint,
        "inputs": [
            {"name": one.name, "sha256": one.sha256, "size": one.size}
            for one in release.inputs
        ],
        "tool": release.tool,
        "options": dict(release.options),
        "report": dict(release.report),
    }


def _people(release: Release) -> str:
    return "sites" if release.sample_count is None else f"{release.sample_count:,}"


def _print_facts(dataset: Dataset) -> None:
    release = dataset.release
    facts = {
        "id": dataset.id,
        "name": dataset.name,
        "description": dataset.description,
        "kind": dataset.kind,
        "country": dataset.country,
        "contact": dataset.contact,
    }
    if release is not None:
        facts |= {
            "release": f"{release.ordinal}, published {release.published:%Y-%m-%d}",
            "assembly": release.assembly,
            "people": _people(release),
            "individuals": "kept" if release.keeps_people else "not kept",
            "variants": f"{release.variants:,}",
            "coverage": release.coverage or "not declared",
            "contigs": ", ".join(sorted(release.contigs, key=_genome_order)),
            "groups": ", ".join(group.label for group in release.layout.groups),
            "files": ", ".join(source.name for source in release.inputs),
            "loads": str(release.loads) if release.loads > 1 else None,
            "made with": release.tool,
        }
    facts |= _documents(dataset)
    for key, value in facts.items():
        if value is not None:
            click.echo(f"{key:<13}{value}")


def _documents(dataset: Dataset) -> dict[str, str | None]:
    """Return what a dataset has beside variants: documents, cohorts, its record."""
    kept = [
        f"{dataset.documents[name].count:,} {ENTRY_TYPES[name].path}"
        for name in DOCUMENTED
        if name in dataset.documents
    ]
    cohorts = [
        cohort.id
        if cohort.members is None
        else f"{cohort.id} ({len(cohort.members):,} individuals)"
        for cohort in dataset.cohorts
    ]
    return {
        "documents": ", ".join(kept) or None,
        "cohorts": ", ".join(cohorts) or None,
        "record": None if dataset.record is None else "loaded",
    }


def _genome_order(name: str) -> tuple[int, str]:
    return (int(name) if name.isdecimal() else 99, name)


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(_GAP.join(cells).rstrip())
