"""The command ``beacon``: its tree, and how it fails.

Every failure is one sentence on stderr and an exit code; a traceback is shown
only with ``--debug``.  What the commands do lives in their own files, which are
imported when they are asked for.
"""

from __future__ import annotations

import sys
import traceback
from importlib.metadata import version

import click

from beacon.cli.everywhere import accept_everywhere
from beacon.cli.lazy import Later, LazyGroup
from beacon.model.errors import BeaconError, InvalidRequest, UsageError

_FAILED = 1
_NOT_UNDERSTOOD = 2
_INTERRUPTED = 130
_DEBUG = "debug"


COMMANDS = {
    "annotate": Later(
        "beacon.cli.annotate",
        "Write a VCF again with what beacons say of its alleles in INFO.",
    ),
    "ask": Later(
        "beacon.cli.ask",
        "Ask whether a variant has been seen, or what lies in a region.",
    ),
    "audit": Later(
        "beacon.cli.audit",
        "Whether what was written of questions is whole, and who asked for an allele.",
    ),
    "check": Later(
        "beacon.cli.check",
        "Judge the beacon at URL against the Beacon v2 specification.",
    ),
    "datasets": Later(
        "beacon.cli.datasets", "List, describe, roll back and remove datasets."
    ),
    "demo": Later(
        "beacon.cli.demo",
        "Load example data, ask questions of it, then serve it until Ctrl-C.",
    ),
    "export": Later(
        "beacon.cli.export", "Write the site frequencies of a reference dataset as VCF."
    ),
    "keys": Later("beacon.cli.keys", "Keys for pipelines: made, listed and revoked."),
    "load": Later("beacon.cli.load", "Load files into the store."),
    "peers": Later(
        "beacon.cli.peers",
        "Show whom we ask, how they are now, and when they last answered.",
    ),
    "policy": Later("beacon.cli.policy", "Say what may be said to whom."),
    "serve": Later(
        "beacon.cli.serve", "Serve the API and the page until SIGTERM or Ctrl-C."
    ),
    "simulate-attack": Later(
        "beacon.cli.simulate_attack",
        "Measure what can be inferred of people under a policy file.",
    ),
    "store": Later(
        "beacon.cli.store", "What a database of many machines needs to know."
    ),
    "withdraw": Later(
        "beacon.cli.withdraw",
        "Leave individuals out of a dataset, now and in every later load.",
    ),
}


def command_line() -> LazyGroup:
    """Return the whole tree of commands."""
    said = "Nordic Beacon: has this variant been seen elsewhere? (GA4GH Beacon v2)"
    tree = LazyGroup("beacon", COMMANDS, accept_everywhere, said)
    accept_everywhere(tree)
    return click.version_option(version("nordic-beacon"), prog_name="Nordic Beacon")(
        tree
    )


def main(arguments: list[str] | None = None) -> None:
    """Run a command line and exit with its code."""
    given: dict[str, object] = {}
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
    for note in getattr(failure, "__notes__", ()):  # what may have been meant
        click.echo(note, err=True)
    if isinstance(failure, (UsageError, InvalidRequest)):
        return _NOT_UNDERSTOOD
    return _FAILED
