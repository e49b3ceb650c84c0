"""Options every command shares, accepted before and after its name.

``accept_everywhere`` adds them to a whole tree of commands, so that no command
declares them; what was given is kept in the context and read once, by
``settings_of``.  Nothing here opens anything.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from beacon.ingest.describing import DATASET_ID
from beacon.model.errors import UsageError
from beacon.settings import Values, read_settings

if TYPE_CHECKING:
    import os

    from beacon.settings import Settings


def accept_everywhere(command: click.Command) -> None:
    """Add the shared options to ``command`` and to every command below it."""
    known = {parameter.name for parameter in command.params}
    command.params.extend(o for o in _shared_options() if o.name not in known)
    if isinstance(command, click.Group):
        for below in command.commands.values():
            accept_everywhere(below)


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


class _Directory(click.Path):
    """A directory; an empty word (an unset variable of a shell) names none."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str | bytes | os.PathLike[str]:
        """Return the directory; refuse the empty word."""
        if value == "":
            self.fail("the directory's name is empty", param, ctx)
        return super().convert(value, param, ctx)


def _shared_options() -> list[click.Option]:
    return [
        click.Option(
            ["--config"],
            type=click.Path(path_type=Path, dir_okay=False),
            envvar="BEACON_CONFIG",
            help="Settings file (beacon.toml).",
            expose_value=False,
            callback=_keep,
        ),
        click.Option(
            ["--data-dir"],
            type=_Directory(path_type=Path, file_okay=False),
            help="Directory of the embedded store and of withdrawals.",
            expose_value=False,
            callback=_keep,
        ),
        click.Option(
            ["--store"],
            metavar="URI",
            help="mongodb://… to use instead of the embedded store.",
            expose_value=False,
            callback=_keep,
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            default=None,
            help="Show tracebacks.",
            expose_value=False,
            callback=_keep,
        ),
    ]


def _keep(context: click.Context, parameter: click.Parameter, value: object) -> None:
    """Keep what was given; what was typed wins over the environment."""
    name, given = str(parameter.name), context.ensure_object(dict)
    source = context.get_parameter_source(name)
    if source is ParameterSource.COMMANDLINE or (
        value is not None and name not in given
    ):
        given[name] = value
