"""Why an answer cannot be taken for one: a word, a reason and a sentence.

Raised and caught within this package only; no caller sees it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.model.status import Status

if TYPE_CHECKING:
    from beacon.model.nodes import Reason

ONE_BASED = (
    "It answers about the base beside the one asked for;"
    ' if it counts from 1, set coordinates = "1-based".'
)
ANOTHER_ALLELE = "It answers with another variant than was asked for."
TOO_MANY = "It counts more variants than one allele can be."
TOO_MUCH = "Its answer holds more than we read."
UNHEEDED = "It does not repeat what was asked, so it may have answered anything."


class NotAnswered(Exception):
    """What came is no answer.

    Args:
        reason: why.
        sentence: the same for people.
        status: the word for it.
    """

    def __init__(
        self, reason: Reason, sentence: str, status: Status = Status.NO_ANSWER
    ) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.sentence = sentence
        self.status = status
