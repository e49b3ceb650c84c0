"""Errors are sentences, whatever they quote."""

from __future__ import annotations

import pytest

from beacon.model.errors import UnknownFilters
from beacon.model.filters import unknown_sentence


@pytest.mark.parametrize("text", ["a\r\nX-Evil: 1", '"', "x" * 500, "\u2028", ""])
def test_a_filter_is_quoted_short_and_on_one_line(text):
    """What a requester wrote can neither break a line nor drown the sentence."""
    for sentence in (str(UnknownFilters([text])), unknown_sentence(text)):
        assert [sentence] == sentence.splitlines()
        assert len(sentence) < 200
