"""Classes and steps of alleles: each is in one of both, and changes add up."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.classes import (
    CLASSES,
    LOWEST,
    VariantClass,
    bounds_of,
    cell,
    cell_of,
    class_of,
    read_cell,
    step_of,
)
from beacon.model.counts import Carriers, Layout, Tally
from beacon.model.pattern import type_of
from beacon.model.summary import Change, Summary, people_of, windows_of
from beacon.model.variant import sequence_allele, trim

CHR22 = ASSEMBLIES["GRCh37"].contigs[21]
TYPES = {
    "SNP": VariantClass.SNV,
    "MNP": VariantClass.MNV,
    "INS": VariantClass.INSERTION,
    "DEL": VariantClass.DELETION,
    "INDEL": VariantClass.DELINS,
}
COPIES = st.integers(1, 3_000_000)
BASES = st.text("ACGT", min_size=1, max_size=6)
CELLS = st.builds(cell, st.sampled_from(CLASSES), st.integers(0, len(LOWEST)))


@given(BASES, BASES)
def test_a_spelled_allele_is_of_the_class_that_questions_call_it(reference, alternate):
    """As a question for its type finds it; only what changes nothing has none."""
    start, reference, alternate = trim(100, reference, alternate)
    if reference != alternate:
        allele = sequence_allele(CHR22, start, reference, alternate)

        assert class_of(reference, alternate) is TYPES[type_of(allele)]


def test_a_named_allele_is_of_the_class_it_is_named_with():
    """Whatever stands behind its first word."""
    named = {
        "<DEL>": VariantClass.DEL,
        "<DUP:TANDEM>": VariantClass.DUP,
        "<INS:ME:ALU=280>": VariantClass.INS,
        "<CN0>": VariantClass.CNV,
        "<CNV>": VariantClass.CNV,
        "<INV>": VariantClass.INV,
        "N[8:107653411[": VariantClass.BND,
        "N.": VariantClass.BND,
        "<TRA>": VariantClass.OTHER,
    }

    assert {word: class_of("N", word) for word in named} == named


@given(COPIES)
def test_a_count_is_in_the_one_step_that_holds_it(ac):
    """Steps leave nothing out and share nothing."""
    holding = [
        step
        for step in range(1, len(LOWEST) + 1)
        for low, high in [bounds_of(step)]
        if low <= ac and (high is None or ac <= high)
    ]

    assert holding == [step_of(ac)]


@given(st.lists(COPIES, min_size=1, max_size=4), BASES, BASES)
def test_a_cell_says_class_and_step(copies, reference, alternate):
    """However many columns the carriers are in; also of what nobody counted."""
    carriers = tuple(
        Carriers(column, ac, None, None, None) for column, ac in enumerate(copies)
    )
    counted = cell_of(reference, alternate, Tally(None, carriers))
    listed = cell_of(reference, alternate, Tally(None, None))
    one = VariantClass.SNV
    if len(reference) > 1 or len(alternate) > 1:
        one = class_of(reference, alternate)

    assert read_cell(counted) == (one, step_of(sum(copies)))
    assert read_cell(listed) == (one, step_of(None))


@given(
    st.lists(
        st.tuples(st.integers(0, 9), CELLS | st.none(), st.integers(0, 1 << 24)),
        max_size=40,
    )
)
def test_what_moves_adds_up(moves):
    """After any moves a summary is that of where the alleles are now."""
    alleles: dict[int, tuple[int | None, int]] = {}
    summary = Summary(cells={}, windows={})
    for name, after, place in moves:
        before, start = alleles.get(name, (None, place))
        change = Change()
        change.move(22, start, before, after)
        alleles[name] = after, start
        summary = summary.changed(change)
    there = [(now, start) for now, start in alleles.values() if now is not None]

    assert summary.cells == Counter(now for now, _ in there)
    assert summary.windows == windows_of(Counter((22, s) for _, s in there), 0)
    assert summary.alleles == sum(summary.windows.values()) == len(there)


def test_people_are_told_by_what_they_have_in_common():
    """Whoever leaves is one fewer; of sums alone there are no people."""
    kinds = (("F", "SE"), ("M", "SE"))
    layout = Layout(baseline=(6, 2), groups=(), kinds=kinds)
    people = people_of(layout)
    left = Summary(cells={}, windows={}, people=people).without([("F", "SE")])

    assert people == {("F", "SE"): 3, ("M", "SE"): 1}
    assert left.people == {("F", "SE"): 2, ("M", "SE"): 1}
    assert people_of(Layout(baseline=(6,), groups=())) is None
