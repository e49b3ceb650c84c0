"""A document that holds written parts is written as one that holds none."""

from __future__ import annotations

import json

import pytest

from beacon.wire.writing import ready, written

PART = {"id": "d1", "exists": True, "name": "é"}


@pytest.mark.parametrize("beside", [1, 2**70, "\ud800"])
def test_a_written_part_reads_as_the_part(beside):
    """Whoever writes the rest: a fast writer, or one that takes any number and text."""
    document = {"parts": [ready(PART), ready(PART)], "beside": beside}

    assert json.loads(written(document)) == {"parts": [PART, PART], "beside": beside}


@pytest.mark.parametrize("odd", [2**70, "\ud800"])
def test_a_part_that_cannot_be_written_early_stays_as_it_is(odd):
    """It is written with the document, like the rest of it."""
    part = {"odd": odd}

    assert ready(part) is part
    assert json.loads(written({"part": ready(part)})) == {"part": part}
