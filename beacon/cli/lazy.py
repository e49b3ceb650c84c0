"""Commands that are imported when they are asked for, and no sooner.

Databases, HTTP and readers of files take a second to import; who asks for help, or
for one command, does not wait for what the others need.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Later(NamedTuple):
    """A command that is not imported yet.

    Attributes:
        module: where it is, under its own name.
        summary: its line in the list of commands.
    """

    module: str
    summary: str


class LazyGroup(click.Group):
    """A group of commands that are imported one by one.

    Args:
        name: of the group.
        later: its commands, by name.
        prepare: is given every command when it was imported.
        text: what ``--help`` says of the group.
    """

    def __init__(
        self,
        name: str,
        later: Mapping[str, Later],
        prepare: Callable[[click.Command], None],
        text: str,
    ) -> None:
        names = {"help_option_names": ["-h", "--help"]}
        super().__init__(name, help=text, context_settings=names)
        self._later = later
        self._prepare = prepare

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, in order."""
        del ctx
        return sorted(self._later)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, imported; ``None``: there is none of this name."""
        known = super().get_command(ctx, cmd_name)
        if known is not None or cmd_name not in self._later:
            return known
        module = import_module(self._later[cmd_name].module)
        found: click.Command = getattr(module, cmd_name.replace("-", "_"))
        self._prepare(found)
        self.add_command(found)
        return found

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the list of commands, none of which is imported."""
        lines = [(name, self._later[name].summary) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(lines)
