"""The words that stand on every page: one symbol and one word for each thing.

No meaning is in a colour alone: what differs has another word and another symbol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from beacon.model.health import NodeState
from beacon.model.nodes import Reason
from beacon.model.status import Status
from beacon.page.words import N_

if TYPE_CHECKING:
    from collections.abc import Mapping


class Sign(NamedTuple):
    """How something is shown.

    Attributes:
        symbol: one character; read by nobody who hears the word.
        word: in English.
    """

    symbol: str
    word: str


STATUSES: Final[Mapping[Status, Sign]] = {
    Status.SEEN: Sign("●", N_("Seen")),
    Status.NOT_SEEN: Sign("○", N_("Not seen")),
    Status.NOT_COVERED: Sign("◌", N_("Not covered")),
    Status.WITHHELD: Sign("◐", N_("Withheld")),
    Status.REFUSED: Sign("⊘", N_("Refused")),
    Status.NO_ANSWER: Sign("⚠", N_("No answer")),
    Status.NOT_ASKED: Sign("\N{EN DASH}", N_("Not asked")),
}
FOUND: Final[Mapping[Status, str]] = {
    Status.SEEN: N_("Found"),
    Status.NOT_SEEN: N_("Nothing found"),
}
"""The same of a question that may mean several variants: none of them is "seen"."""
STATES: Final[Mapping[NodeState, Sign]] = {
    NodeState.OK: Sign("●", N_("ok")),
    NodeState.SLOW: Sign("◔", N_("slow")),
    NodeState.PAUSED: Sign("‖", N_("paused")),
    NodeState.DOWN: Sign("⚠", N_("down")),
    NodeState.UNKNOWN: Sign("○", N_("not asked yet")),
}
REASONS: Final[Mapping[Reason, str]] = {
    Reason.TIMEOUT: N_("It did not answer in time."),
    Reason.UNREACHABLE: N_("It could not be reached."),
    Reason.INSECURE: N_("Its certificate is not the one we trust."),
    Reason.FORBIDDEN_ADDRESS: N_("Its address is one that may not be asked."),
    Reason.REDIRECT: N_("It sent us to another address; we do not follow."),
    Reason.HTTP_ERROR: N_("Its server reported an error."),
    Reason.BUSY: N_("It asked for patience."),
    Reason.NOT_JSON: N_("It did not send plain JSON."),
    Reason.TOO_LARGE: N_("It sent more than may be read."),
    Reason.NOT_A_BEACON: N_("It did not answer as a beacon does."),
    Reason.TOLD_AN_ERROR: N_("It reported an error instead of an answer."),
    Reason.WRONG_BEACON: N_("Another beacon than expected answered."),
    Reason.NOT_UNDERSTOOD: N_("Its answer does not show that it understood us."),
    Reason.CONTRADICTS: N_("Its numbers contradict each other."),
    Reason.PAUSED: N_("It failed so often that it is left alone for a while."),
    Reason.REFUSED: N_("It refused to answer us."),
    Reason.NO_CREDENTIALS: N_("Our credentials for it could not be had."),
    Reason.LOG_IN: N_("It is asked only for those who log in."),
    Reason.ASSEMBLY: N_("It has nothing on this assembly."),
    Reason.KIND_OF_QUESTION: N_("It cannot be asked this kind of question."),
    Reason.DATASETS: N_("It has none of the datasets asked for."),
    Reason.LISTS: N_("It is asked single questions only, no lists."),
    Reason.LOOP: N_("The question came by way of it."),
    Reason.UNDER_WAY: N_("It is being asked the same already."),
    Reason.LOCAL: N_("Our own store did not answer."),
    Reason.FAILED: N_("Something failed here while it was asked."),
}
"""Why there is no answer; never a text that another beacon sent."""
