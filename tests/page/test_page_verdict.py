"""What is shown of answers: exact numbers, and no failure that reads as no.

P3 and P4 of pages, without a browser.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.nodes import Reason
from beacon.model.notation import read_text
from beacon.model.reading import Context
from beacon.model.status import Status
from beacon.page.frequency_svg import frequency_svg, place
from beacon.page.glossary import STATUSES
from beacon.page.verdict import frequency_of, rows, verdict
from beacon.page.words import fixed, words_in
from tests.page.answers_samples import (
    PATTERN,
    counts,
    dataset,
    node,
    said,
    silent,
    together,
)

ENGLISH = words_in("en")
SE, DK, EU, FI = node("se", "SE"), node("dk", "DK"), node("eu"), node("fi", "FI")
AS_DRAWN = (
    said(SE, dataset("gms", told=counts(3, 24_198, 3, 0, 0), kind="patients")),
    said(DK, dataset("ngc", Status.NOT_SEEN, counts(0, 31_120), kind="patients")),
    said(EU, dataset("goe", told=counts(41, 180_044, 39, 1, 0), kind="population")),
    silent(FI),
)


def shown(*answers, pattern=PATTERN):
    """Return the rows that are shown of answers."""
    return rows(together(*answers), pattern)


# --- P4: numbers -----------------------------------------------------------------


def test_p04_the_numbers_are_exact():
    """Those of the notes on the page, to every digit that is shown."""
    seen, unseen, common, _ = shown(*AS_DRAWN)
    told = [seen.frequency, unseen.frequency, common.frequency]

    assert [fixed(each.share) for each in told] == ["0.00012", "0.0", "0.00023"]
    assert [tuple(map(fixed, each.interval or ())) for each in told] == [
        ("0.000042", "0.00036"),
        (),
        ("0.00017", "0.00031"),
    ]
    assert fixed(unseen.frequency.below, 4) == "0.00009626"


@pytest.mark.parametrize(
    ("ac", "an", "exact"), [(None, 20, True), (0, None, True), (0, 0, True)]
)
def test_p04_without_copies_there_is_no_frequency(ac, an, exact):
    """Neither of what is not told, nor of what nobody looked at."""
    assert frequency_of(counts(ac, an), is_exact=exact) is None


def test_p04_rounded_counts_have_no_interval():
    """And no FAF: of what is not exact nothing exact follows."""
    groups = {"Total": counts(20, 3_000), "SE": counts(10, 2_000)}
    (row,) = shown(
        said(SE, dataset("x", told=counts(20, 3_000), groups=groups, adjusted_to=10))
    )

    assert (row.frequency.interval, row.frequency.below) == (None, None)
    assert (row.frequency.is_exact, row.faf) == (False, None)


def test_p04_populations_have_their_faf_and_few_are_marked():
    """The highest frequency first; women and men alone are no population."""
    groups = {
        "Total": counts(44, 182_000),
        "SE": counts(41, 180_044),
        "FI": counts(3, 1_956),
        "FI_F": counts(3, 800),
    }
    (row,) = shown(said(SE, dataset("goe", told=counts(44, 182_000), groups=groups)))
    told = {each.label: each for each in row.populations}

    assert list(told) == ["FI_F", "FI", "SE"]
    assert fixed(told["SE"].faf, 4) == "0.0001725"
    assert [told[label].is_few for label in ("FI", "SE")] == [True, False]
    assert row.faf.label == "FI"


@given(st.floats(1e-9, 1), st.floats(1e-9, 1))
def test_the_axis_keeps_the_order(one, other):
    """A rarer allele is never drawn to the right of one that is more frequent."""
    low, high = sorted((one, other))

    assert 0 <= place(low) <= place(high) <= 100


def test_a_picture_shows_the_interval_or_the_bound():
    """A dot where it was seen; only an end where it was not."""
    seen, unseen, *_ = shown(*AS_DRAWN)

    assert "circle" in frequency_svg(seen.frequency)
    assert "circle" not in frequency_svg(unseen.frequency)
    assert 'class="whisker"' in frequency_svg(unseen.frequency)


# --- P3: words -------------------------------------------------------------------


def test_p03_each_word_has_a_text_and_a_symbol_of_its_own():
    """In every language."""
    for language in ("en", "sv", "da"):
        words = words_in(language)
        said_ = {words.gettext(sign.word) for sign in STATUSES.values()}

        assert len(said_) == len(Status)
    assert len({sign.symbol for sign in STATUSES.values()}) == len(Status)


def test_the_verdict_says_all_that_was_told():
    """Patients and populations apart, the frequency where it is highest, who failed."""
    found = verdict(together(*AS_DRAWN), PATTERN, ENGLISH)

    assert found.sentence == (
        "Seen in 2 datasets, not seen in 1. Patients: at least 3 carriers. "
        "Population: at least 40 carriers. Some carriers are homozygous. "
        "Highest frequency: 0.00023 (goe data)."
    )
    assert found.whole == (
        "3 of 4 nodes answered. No answer from Fi node: this is not a “no”."
    )


@pytest.mark.parametrize(
    ("language", "begins", "whole"),
    [
        ("sv", "Påvisad i 2 datamängder, ej påvisad i 1.", "3 av 4 noder svarade."),
        ("da", "Påvist i 2 datasæt, ikke påvist i 1.", "3 af 4 noder svarede."),
    ],
)
def test_the_verdict_is_in_the_readers_language(language, begins, whole):
    """With numbers as they are read there."""
    found = verdict(together(*AS_DRAWN), PATTERN, words_in(language))

    assert found.sentence.startswith(begins)
    assert "0,00023" in found.sentence
    assert found.whole.startswith(whole)


def test_who_is_silent_is_not_a_no():
    """One "no" and one silence: the sentence says the one, and names the other."""
    found = verdict(together(AS_DRAWN[1], silent(FI)), PATTERN, ENGLISH)

    assert found.sentence == "Not seen in 1 dataset."
    assert "No answer from Fi node: this is not a “no”." in found.whole


def test_a_silent_dataset_of_a_node_that_answers_is_told_of():
    """Two datasets of one node, one of them silent: all of it is no "no"."""
    answer = said(
        DK, dataset("a", Status.NOT_SEEN, counts(0, 20)), dataset("b", Status.NO_ANSWER)
    )
    partly = replace(answer, status=Status.NOT_SEEN)
    seen = said(EU, dataset("c", told=counts(1, 20, 1, 0, 0)), is_partial=True)

    found = verdict(together(partly), PATTERN, ENGLISH)
    assert found.sentence == "Not seen in 1 dataset. 1 dataset gave no answer."
    for told in (partly, seen):
        whole = verdict(together(AS_DRAWN[1], told), PATTERN, ENGLISH).whole
        assert "did not answer for everything: this is not a “no”." in whole


@pytest.mark.parametrize(
    "other",
    [
        silent(FI),
        said(FI, dataset("d", Status.WITHHELD)),
        said(FI, dataset("d", told=counts(4, 20), adjusted_to=2)),
        said(FI, dataset("d", told=counts(2, 20, 1, 0, 0))),
        said(FI, dataset("d", Status.NOT_SEEN, counts(0, 20)), is_partial=True),
    ],
)
def test_nobody_is_homozygous_only_where_everybody_says_so(other):
    """Silence, rounding and half-called carriers leave it open."""
    none = "No carrier is homozygous."

    assert none in verdict(together(AS_DRAWN[0]), PATTERN, ENGLISH).sentence
    assert none not in verdict(together(AS_DRAWN[0], other), PATTERN, ENGLISH).sentence


def test_the_highest_frequency_of_rounded_counts_is_about():
    """And none of it is the highest where it was rounded to nothing."""
    told = said(SE, dataset("x", told=counts(10, 200), adjusted_to=10))
    none = said(SE, dataset("x", told=counts(0, 200), adjusted_to=10))

    assert "Highest frequency: about 0.050 (x data)." in (
        verdict(together(told), PATTERN, ENGLISH).sentence
    )
    assert "Highest" not in verdict(together(none), PATTERN, ENGLISH).sentence


def test_what_is_similar_is_never_seen():
    """A question that may mean several things found something, or nothing."""
    similar = read_text("del 22:18912231-21465672", Context(assembly="GRCh38"))
    found = verdict(together(*AS_DRAWN), similar, ENGLISH)

    assert found.sentence == "Found in 2 datasets, nothing in 1."


_NO_NO = (Status.SEEN, Status.WITHHELD, Status.NOT_COVERED)
_REASONS = tuple(Reason)
_ANSWERS = st.lists(
    st.one_of(
        st.sampled_from(_NO_NO).map(lambda word: (word, None)),
        st.sampled_from(_REASONS).map(lambda reason: (None, reason)),
    ),
    min_size=1,
    max_size=5,
)


@given(_ANSWERS)
def test_no_failure_reads_as_no(answers):
    """Whatever nodes say or fail to: who says no "no" is not counted as one."""
    told = [
        said(node(f"n{at}"), dataset(f"d{at}", word))
        if word
        else silent(node(f"n{at}"), reason)
        for at, (word, reason) in enumerate(answers)
    ]
    found = verdict(together(*told), PATTERN, ENGLISH)

    assert "not seen" not in found.sentence.lower()
    silent_ones = sum(each.status is Status.NO_ANSWER for each in told)
    assert ("this is not a “no”" in found.whole) == bool(
        silent_ones + sum(each.status is Status.REFUSED for each in told)
    )


@given(st.permutations(range(4)))
def test_rows_keep_their_order(order):
    """However answers come, a node has its place."""
    here, *others = AS_DRAWN
    came = [here, *(others[at - 1] for at in order if at)]
    names = [row.node.node.id for row in rows(together(*came), PATTERN)]
    in_order = [row.node.node.id for row in rows(together(*AS_DRAWN), PATTERN)]

    assert sorted(names) == sorted(in_order)


def test_nothing_of_a_sentence_is_left_open():
    """No placeholder stays in any language."""
    for language in ("en", "sv", "da"):
        found = verdict(together(*AS_DRAWN), PATTERN, words_in(language))

        assert not re.search(r"%\(|%%", f"{found.sentence} {found.whole}")
