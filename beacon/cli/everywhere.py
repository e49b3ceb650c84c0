"""Options every command shares, accepted before and after its name.

``accept_everywhere`` adds them to a command and those below it, so that no command
declares them; what was given is kept in the context, for ``options`` to read.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    import os


def accept_everywhere(command: click.Command) -> None:
    """Add the shared options to ``command`` and to every command below it."""
    known = {parameter.name for parameter in command.params}
    command.params.extend(o for o in _shared_options() if o.name not in known)
    if isinstance(command, click.Group):
        for below in command.commands.values():
            accept_everywhere(below)


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
