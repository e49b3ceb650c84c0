"""What is explained is what happens."""

from __future__ import annotations

import pytest

from beacon.model.requester import ANONYMOUS, Requester
from beacon.policy.explaining import explained
from beacon.policy.policy import OPEN
from tests.policy.test_policy_tiers import CARE, POLICY, REGISTERED, STEWARD, large

NAMES = ("reference", "clinic", "observed", "charged", "unlisted")


def told(requester: Requester, *names: str) -> list[str]:
    """Return what is explained of some datasets, the opening left out."""
    said = list(explained(POLICY, requester, [large(name) for name in names]))
    return said[len(said) - len(names) :]


def test_the_file_is_named_first() -> None:
    """Then who asks, and what each tier demands."""
    said = list(explained(POLICY, ANONYMOUS, []))

    assert said[:3] == [
        f"Policy example-2026-11, SHA-256 {POLICY.digest}.",
        "An anonymous requester meets the demands of public.",
        "Tier public demands nothing.",
    ]


def test_a_public_reference_is_told_in_sentences() -> None:
    """Each number of its profile has its place."""
    assert told(ANONYMOUS, "reference") == [
        "reference: It speaks as to tier public, in profile reference_public. It may be"
        " asked for single alleles. Answers are record at most. An allele counted fewer"
        " than 10 times is withheld, and so is one that nobody carries: both answers"
        " are the same. Populations and sexes are told where every group has at least"
        " 10 copies, and people who belong to none, too. It is shown while it has at"
        " least 100 people."
    ]


@pytest.mark.parametrize(
    ("requester", "name", "sentence"),
    [
        (REGISTERED, "clinic", "Noise of a standard deviation of 5 is on each count"),
        (REGISTERED, "clinic", "ranges of at most 1,000 bases"),
        (REGISTERED, "clinic", "Legal basis: Example act, section 1."),
        (CARE, "clinic", "it is told for SE as a whole, where two datasets or more"),
        (CARE, "clinic", "It may be asked for single alleles."),
        (CARE, "observed", "No AN and no frequency is told."),
        (STEWARD, "reference", "Nothing is hidden, and counts are exact."),
        (ANONYMOUS, "clinic", "(a grant is of https://dac.example/clinic from https"),
        (ANONYMOUS, "unlisted", "The policy does not list it for anybody."),
    ],
)
def test_every_term_has_a_sentence(
    requester: Requester, name: str, sentence: str
) -> None:
    """Also why a dataset is not there."""
    assert sentence in told(requester, name)[0]


@pytest.mark.parametrize("requester", [ANONYMOUS, REGISTERED, CARE, STEWARD])
def test_what_does_not_exist_is_said_so(requester: Requester) -> None:
    """For whom, and for nobody else."""
    hidden = [name for name in NAMES if "does not exist" in told(requester, name)[0]]
    expected = {
        ANONYMOUS: ["clinic", "observed", "charged", "unlisted"],
        REGISTERED: ["charged", "unlisted"],
        CARE: ["charged", "unlisted"],
        STEWARD: ["observed", "charged", "unlisted"],
    }

    assert expected[requester] == hidden


def test_without_a_file_everything_is_open() -> None:
    """That is said, too."""
    said = list(explained(OPEN, ANONYMOUS, [large("x")]))

    assert said[0] == (
        "There is no policy file: every dataset speaks to everybody alike."
    )
    assert said[-1].endswith("Nothing is hidden, and counts are exact.")
