"""What was given as options that every command shares (``everywhere``), read.

``settings_of`` reads it once.  Nothing here opens anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.ingest.describing import DATASET_ID
from beacon.model.errors import UsageError
from beacon.settings import Values, read_settings

if TYPE_CHECKING:
    from pathlib import Path

    import click

    from beacon.settings import Settings


def settings_of(context: click.Context, *, server: Values | None = None) -> Settings:
    """Return the settings this command line asks for.

    Args:
        context: of the command that runs.
        server: options of ``[server]`` given on this command line.

    Raises:
        UsageError: one sentence naming the key and where it was written.
    """
    given = context.ensure_object(dict)
    options: Values = {}
    if given.get("data_dir") is not None:
        options["data_dir"] = given["data_dir"]
    if given.get("store") is not None:
        options["store"] = {"uri": given["store"]}
    chosen = {key: value for key, value in (server or {}).items() if value is not None}
    if chosen:
        options["server"] = chosen
    return read_settings(given.get("config"), options)


def must_be_an_id(dataset: str) -> None:
    """Refuse what no dataset can be called.

    Raises:
        UsageError: naming the option.
    """
    if not DATASET_ID.match(dataset):
        shown = dataset[:200]
        message = f"--dataset {shown!r} is not 1 to 128 letters, digits, '.', '_', '-'"
        raise UsageError(message)


def must_be_writable(report: Path) -> None:
    """Refuse before the load, not after it, to write where nothing can be written.

    Raises:
        UsageError: naming the option and why.
    """
    try:
        report.open("a").close()
    except OSError as error:
        message = f"--report {report} cannot be written ({error.strerror})"
        raise UsageError(message) from error
