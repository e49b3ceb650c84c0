"""Whatever is sent, what comes back is announced: a short run of the long ones."""

from __future__ import annotations

import asyncio
import subprocess

from tests.fuzz.asking_hostile import ask_many
from tests.fuzz.asking_openapi import command

SEED = 5
NUMBERS = range(1000)


def test_every_hostile_request_gets_a_good_answer(site):
    """No 5xx, no answer outside its schema, no error without its sentence."""
    tally = asyncio.run(ask_many(site.server.port, NUMBERS, SEED))

    assert tally.faults == []
    assert sum(tally.statuses.values()) == len(NUMBERS)
    assert tally.statuses[200] > len(NUMBERS) / 4


def test_the_site_keeps_to_its_openapi_document(site):
    """As schemathesis finds, asking everything that it announces."""
    bound = ("--phases", "examples,fuzzing", "--max-examples", "1")
    done = subprocess.run(
        command(site.server.address, *bound),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, ""), done.stdout
