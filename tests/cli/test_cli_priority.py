"""A load runs behind everything else, and what it starts from then on does, too."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_PROGRAM = """
import os, subprocess, sys
from beacon.cli.priority import give_way
give_way()
give_way()
told = "import os; print(os.getpriority(os.PRIO_PROCESS, 0))"
print(os.getpriority(os.PRIO_PROCESS, 0), flush=True)
subprocess.run([sys.executable, "-c", told], check=True)
"""


@pytest.mark.skipif(not hasattr(os, "setpriority"), reason="no priorities here")
def test_a_load_gives_way_and_never_pushes_forward() -> None:
    """Its priority is lower than this one's, or as low as it was, and passed on."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(max(before, 10))] * 2
