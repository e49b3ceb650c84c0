"""``beacon load …``: files in, an account of every record out.

Standard output holds the account, standard error the progress.
"""

from __future__ import annotations

import gc
import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from beacon import policy_file
from beacon.cli.answers import filled
from beacon.cli.documents import documents
from beacon.cli.genes import genes
from beacon.cli.ontology import ontology
from beacon.cli.open_files import allow_many_files
from beacon.cli.options import must_be_an_id, must_be_writable, settings_of
from beacon.cli.priority import give_way
from beacon.cli.reading import reading
from beacon.cli.withdraw import leave_out_again
from beacon.ingest import (
    LoadOutcome,
    LoadRequest,
    append_variants,
    feeding,
    load_variants,
    try_variants,
    with_duplicates,
)
from beacon.ingest.submissions import FOLDER, Spool
from beacon.model.assemblies import assembly as find_assembly
from beacon.model.errors import UsageError
from beacon.store.connection import connect
from beacon.store.releases import Catalogue
from loaders import LoadOptions
from loaders.mapping import read_choice
from loaders.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from beacon.settings import Settings
    from loaders.report import LoadReport

_SHARE = re.compile(r"(\d+(?:\.\d+)?)(%?)\Z")
_WIDTH = 44
_USUAL_JOBS = 4


def usual_jobs() -> int:
    """Return how many processes read where nobody says it."""
    try:
        return min(_USUAL_JOBS, len(os.sched_getaffinity(0)))
    except AttributeError:  # not on every system
        return min(_USUAL_JOBS, os.cpu_count() or 1)


@click.group()
def load() -> None:
    """Load files into the store."""


load.add_command(genes)
load.add_command(documents)
load.add_command(ontology)


@load.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@click.option("--dataset", required=True, metavar="ID", help="Dataset to load into.")
@click.option(
    "--assembly", metavar="NAME", help="GRCh37, GRCh38 or T2T-CHM13; else the header."
)
@click.option(
    "--samples", type=click.Path(path_type=Path), metavar="TSV", help="Samples table."
)
@click.option(
    "--group-by", multiple=True, metavar="COLUMN", help="Count by this column, too."
)
@click.option(
    "--reference",
    type=click.Path(path_type=Path),
    metavar="FASTA",
    help="Check REF and left-align with this genome.",
)
@click.option(
    "--info-counts",
    metavar="PRESET|FILE",
    help=f"Where sites-only files keep counts: {', '.join(PRESETS)}, or a mapping.",
)
@click.option(
    "--filters",
    type=click.Choice(["pass", "all"]),
    default="pass",
    show_default=True,
    help="Which records count: those that passed, or all.",
)
@click.option(
    "--callable",
    "regions",
    type=click.Path(path_type=Path),
    metavar="BED",
    help="Where the dataset looked: a no outside these regions is not_covered.",
)
@click.option(
    "--max-bad",
    default="1%",
    show_default=True,
    metavar="SHARE",
    help="Reject a file with more bad records than this.",
)
@click.option(
    "--vrs-ids",
    is_flag=True,
    help="Find alleles by their GA4GH VRS ids, too (needs a reference).",
)
@click.option(
    "--counts-only",
    is_flag=True,
    help="Keep the counts alone, not the individuals behind them.",
)
@click.option(
    "--append",
    is_flag=True,
    help="Keep what the dataset serves, and add these files to it.",
)
@click.option(
    "--take-over",
    is_flag=True,
    help="Load what Scout feeds; it cannot feed the dataset any more then.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=usual_jobs,
    metavar="N",
    help="Processes that read [default: one a core, 4 at most].",
)
@click.option("--dry-run", is_flag=True, help="Read and report; store nothing.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.json",
    help="Write the account as JSON, too.",
)
@click.pass_context
def variants(
    context: click.Context,
    files: tuple[Path, ...],
    dataset: str,
    assembly: str | None,
    samples: Path | None,
    group_by: tuple[str, ...],
    reference: Path | None,
    info_counts: str | None,
    filters: str,
    regions: Path | None,
    max_bad: str,
    vrs_ids: bool,  # noqa: FBT001 - click passes it by name
    counts_only: bool,  # noqa: FBT001 - click passes it by name
    append: bool,  # noqa: FBT001 - click passes it by name
    take_over: bool,  # noqa: FBT001 - click passes it by name
    jobs: int,
    dry_run: bool,  # noqa: FBT001 - click passes it by name
    report: Path | None,
) -> None:
    """Load VCF, VCF.gz or BCF files as a new release of a dataset."""
    must_be_an_id(dataset)
    if report is not None:
        must_be_writable(report)
    options = LoadOptions(
        assembly=None if assembly is None else find_assembly(assembly).name,
        samples=samples,
        group_by=group_by,
        keep_filtered=filters == "all",
        max_bad=_share(max_bad),
        info_counts=None if info_counts is None else read_choice(info_counts, PRESETS),
        callable_regions=regions,
        keeps_people=not (counts_only or dry_run),
    )
    settings = settings_of(context)
    spool = Spool(settings.data_dir / FOLDER)
    if not (dry_run or take_over):
        _must_be_ours(spool, dataset)
    request = LoadRequest(
        dataset=dataset,
        paths=files,
        options=options,
        references=settings.references.paths(),
        reference=reference,
        keeps_vrs_ids=vrs_ids,
        jobs=jobs,
        min_new_people=min_new_people(settings, dataset),
    )
    # Records come by the million and hold no cycles: looking for some costs a third.
    gc.set_threshold(200_000, 20, 100)
    allow_many_files()
    with reading(files) as told:
        if dry_run:
            outcome = try_variants(request, told)
        else:
            with connect(settings.store_uri, settings.data_dir) as address:
                click.echo(filled(address.description), err=True)
                give_way()
                with Catalogue(address) as catalogue:
                    leave_out_again(catalogue, settings)
                    into = append_variants if append else load_variants
                    outcome = into(catalogue, request, told, _say)
                    if take_over:
                        feeding.take_over(spool, dataset)
                    # Somebody may have withdrawn while the files were read.
                    leave_out_again(catalogue, settings)
                    outcome = with_duplicates(catalogue, outcome)
    _tell(outcome)
    if reference is not None and outcome.assembly not in request.references:
        hint = f"Questions need this reference, too: set references.{outcome.assembly}."
        click.echo(filled(hint), err=True)
    if report is not None:
        report.write_text(json.dumps(outcome.as_dict(), indent=2) + "\n")


def _must_be_ours(spool: Spool, dataset: str) -> None:
    """Refuse to load what Scout feeds.

    Raises:
        UsageError: naming the option that ends that.
    """
    if spool.dataset(dataset) is not None:
        message = (
            f"dataset {dataset} is fed by Scout: --take-over loads it all the same,"
            " and Scout cannot feed it any more then"
        )
        raise UsageError(message)


def min_new_people(settings: Settings, dataset: str) -> int | None:
    """Return in how many people releases of a dataset must differ, if in any number.

    Raises:
        UsageError: when the policy cannot be read.
    """
    if settings.policy.file is None:
        return None
    file = policy_file.read(settings.policy.file)
    is_listed = dataset in file.policy.datasets
    return file.release.min_new_people if is_listed else None


def _say(sentence: str) -> None:
    click.echo(filled(sentence), err=True)


def _share(text: str) -> float:
    match = _SHARE.match(text.strip())
    share = float(match[1]) / (100 if match[2] else 1) if match else -1.0
    if not 0 <= share <= 1:
        message = f"--max-bad {text!r} is not a share such as 1% or 0.01"
        raise UsageError(message)
    return share


def _tell(outcome: LoadOutcome) -> None:
    """Print what was stored, merged, skipped and why."""
    release = outcome.release
    if release is None:
        click.echo(f"{outcome.dataset}: dry run, nothing stored ({outcome.assembly})")
    elif not outcome.is_new:
        click.echo(
            f"{outcome.dataset}: unchanged, release {release.ordinal} holds these files"
        )
        return
    else:
        people = "sites only"
        if release.sample_count is not None:
            people = f"{release.sample_count:,} people"
        click.echo(
            f"{outcome.dataset}: release {release.ordinal} published,"
            f" {outcome.assembly}, {people}"
        )
    if outcome.report is not None:
        _account(outcome.report)
    for sentence in outcome.duplicates:
        click.echo(filled(sentence, indent="  "))


def _account(report: LoadReport) -> None:
    for name, number in _rows(report):
        if number:
            click.echo(f"  {name:<{_WIDTH}}{number:>12,}")
    if report.disagreements:
        click.echo(
            f"  INFO AC/AN differ from the genotypes for {report.disagreements:,}"
            " alleles; the genotypes count."
        )
    for note in report.notes:
        click.echo(f"  {note}")
    for file in report.files:
        for reason, lines in file.examples.items():
            click.echo(f"  e.g. {lines[0]} ({reason})")


def _rows(report: LoadReport) -> Iterator[tuple[str, int]]:
    files = report.files
    yield "records read", sum(f.records for f in files)
    yield "records loaded", sum(f.loaded for f in files)
    yield "  of them failed a FILTER, kept apart", sum(f.filtered for f in files)
    for reason, count in sum((f.bad for f in files), Counter[str]()).items():
        yield f"bad: {reason}", count
    for reason, count in sum((f.not_loaded for f in files), Counter[str]()).items():
        yield f"not loaded: {reason}", count
    for reason, count in sum((f.noticed for f in files), Counter[str]()).items():
        yield f"noticed: {reason}", count
    for reason, count in report.alternates.items():
        yield f"ALT {reason}", count
    for what, count in report.annotations.items():
        yield f"annotation: {what}", count
    for what, count in report.stored.items():
        yield f"stored: {what}", count
