"""``beacon`` begun as people begin it, and as most tests do: there is no difference."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.forking import PROGRAM

if TYPE_CHECKING:
    from commands import Command


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["ask", "22-50454000-G-A", "--json"], 0),
        (["ask", "nonsense"], 2),
        (["nonsense"], 2),
    ],
)
def test_a_forked_command_does_what_the_script_does(
    beacon: Command, arguments: list[str], code: int
) -> None:
    """It ends with the same code, and says the same on either stream."""
    script = subprocess.run(
        [str(PROGRAM), *arguments],
        env=beacon.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    forked = beacon(*arguments)

    assert script.returncode == forked.returncode == code
    assert (script.stdout, script.stderr) == (forked.stdout, forked.stderr)
