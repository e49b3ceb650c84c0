"""What lies beside an answer: the same place elsewhere, and what was found."""

from __future__ import annotations

from beacon.model.chains import Block, Chains
from beacon.model.lifting import Lifting
from beacon.model.notation import read_text
from beacon.model.query import Query
from beacon.model.reading import Context
from beacon.model.status import Status
from beacon.page.beside import Link, elsewhere, found_in, region_text
from tests.page.answers_samples import (
    ALLELE,
    PATTERN,
    counts,
    dataset,
    node,
    said,
    together,
)

BLOCK = Block(17, 43_000_000, 43_100_000, 17, 41_100_000)
FROM, TO = "GRCh38", "GRCh37"


class Bases:
    """A genome of nothing but T."""

    def bases(self, contig, start, end):
        """Return as many."""
        return "T" * (min(end, contig.length) - max(0, start))


def lifting(*blocks: Block, **references: Bases) -> Lifting:
    """Return what lifts over these blocks."""
    return Lifting(chains={(FROM, TO): Chains(FROM, TO, blocks)}, references=references)


def test_the_same_position_is_linked_where_it_can_be_lifted():
    """With its own notation and address there."""
    known = lifting(BLOCK, GRCh37=Bases(), GRCh38=Bases())

    assert elsewhere(Query(pattern=PATTERN), known) == [
        Link(
            text="17-41145711-T-C",
            path="/v/GRCh37/17-41145711-T-C",
            assembly="GRCh37",
            is_certain=True,
        )
    ]


def test_a_lift_that_may_be_wrong_says_so():
    """Without references nobody knows whether both have the same base there."""
    (link,) = elsewhere(Query(pattern=PATTERN), lifting(BLOCK))

    assert (link.text, link.is_certain) == ("17-41145711-T-C", False)


def test_where_nothing_is_lifted_nothing_is_linked():
    """No chains, another stretch, or a question of no allele."""
    similar = read_text("del 17:43000000-43010000", Context(assembly=FROM))
    known = lifting(BLOCK, GRCh37=Bases(), GRCh38=Bases())

    assert elsewhere(Query(pattern=PATTERN), Lifting()) == []
    assert elsewhere(Query(pattern=PATTERN), lifting()) == []
    assert elsewhere(Query(pattern=similar), known) == []


def test_an_allele_has_a_region_that_is_read_back():
    """The link to what else lies there is a question that is understood."""
    text = region_text(ALLELE)
    read = read_text(text or "", Context(assembly=FROM))

    assert text == "17:43045711-43045711"
    assert read.overlap is not None
    assert (read.overlap.low, read.overlap.high) == (ALLELE.start, ALLELE.end)


def test_one_population_is_not_everybody():
    """Who tells of a group and not of all people has no counts of all people."""
    named = read_text("rs80358150", Context(assembly=FROM))
    groups = {"SE": counts(1, 20)}
    told = together(said(node("se"), dataset("x", Status.SEEN, groups=groups)))
    (found,) = found_in(told, named)

    assert found.told == [("x data", None)]
    assert found.bar.counts is None


def test_what_was_found_is_listed_once_with_all_who_tell():
    """Each variant has one entry, whoever has it."""
    named = read_text("rs80358150", Context(assembly=FROM))
    answers = [
        said(node(name), dataset(name, Status.SEEN, groups={"Total": counts(ac, 20)}))
        for name, ac in (("se", 1), ("dk", 2))
    ]
    (found,) = found_in(together(*answers), named)

    assert found.bar.text == "17-43045711-T-C"
    assert found.path == "/v/GRCh38/17-43045711-T-C"
    assert [(name, each and each.ac) for name, each in found.told] == [
        ("se data", 1),
        ("dk data", 2),
    ]
