"""The command ``beacon``: its tree, and how it fails.

Every failure is one sentence on stderr and an exit code; a traceback is shown
only with ``--debug``.  What the commands do lives in their own files.
"""

from __future__ import annotations

import sys
import traceback
from importlib.metadata import version

import click

from beacon.app import keep_log
from beacon.cli.annotate import annotate
from beacon.cli.ask import ask
from beacon.cli.check import check
from beacon.cli.datasets import datasets
from beacon.cli.demo import demo
from beacon.cli.load import load
from beacon.cli.options import accept_everywhere
from beacon.cli.serve import serve
from beacon.cli.store import store
from beacon.cli.withdraw import withdraw
from beacon.model.errors import BeaconError, InvalidRequest, UsageError

_FAILED = 1
_NOT_UNDERSTOOD = 2
_INTERRUPTED = 130
_DEBUG = "debug"


def command_line() -> click.Group:
    """Return the whole tree of commands."""
    tree = click.Group(
        "beacon",
        help="Nordic Beacon: has this variant been seen elsewhere? (GA4GH Beacon v2)",
        commands=[serve, load, datasets, withdraw, ask, annotate, check, store, demo],
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    accept_everywhere(tree)
    return click.version_option(version("nordic-beacon"), prog_name="Nordic Beacon")(
        tree
    )


def main(arguments: list[str] | None = None) -> None:
    """Run a command line and exit with its code."""
    given: dict[str, object] = {}
    keep_log(sys.stderr)
    try:
        code = command_line().main(
            arguments, "beacon", standalone_mode=False, obj=given
        )
    except click.exceptions.Abort:
        code = _INTERRUPTED
    except click.ClickException as failure:
        code = _usage(failure)
    except BeaconError as failure:
        code = _say(failure, str(failure), given)
    except Exception as failure:  # noqa: BLE001 - the last line of the process
        code = _say(failure, f"unexpected {type(failure).__name__}: {failure}", given)
    sys.exit(code)


def _usage(failure: click.ClickException) -> int:
    if isinstance(failure, click.exceptions.NoArgsIsHelpError):
        failure.show()
    else:
        click.echo(f"beacon: {failure.format_message()}", err=True)
    return failure.exit_code


def _say(failure: Exception, sentence: str, given: dict[str, object]) -> int:
    if given.get(_DEBUG):
        traceback.print_exception(failure)
    click.echo(f"beacon: {sentence}", err=True)
    if isinstance(failure, (UsageError, InvalidRequest)):
        return _NOT_UNDERSTOOD
    return _FAILED
