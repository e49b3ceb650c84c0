"""What may have been meant: each kind of slip, and that all of it can be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_references import TextReference

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.errors import InvalidRequest
from beacon.model.genes import Gene, GeneTable, place_texts
from beacon.model.genome import Interval
from beacon.model.hints import SENTENCES, Suggestion, Why, suggestions
from beacon.model.notation import read_text
from beacon.model.reading import Context

CHR22 = ASSEMBLIES["GRCh37"].contigs[21]
#                                  123456789012345678
REFERENCES = {
    "GRCh37": TextReference("ACGTTTGACACACACGGA"),
    "GRCh38": TextReference("CATTTTTTTTTTTTTTTT"),
}
CONTEXT = Context(
    loaded=("GRCh37", "GRCh38"),
    references=REFERENCES,
    genes=GeneTable(
        place_texts(
            [
                Gene(symbol=symbol, interval=Interval(contig=CHR22, start=10, end=20))
                for symbol in ("MSH2", "BRAF")
            ]
        )
    ),
)


def _meant(text: str, assembly: str | None = "GRCh37") -> tuple[Suggestion, ...]:
    context = Context(
        assembly=assembly,
        loaded=CONTEXT.loaded,
        references=CONTEXT.references,
        genes=CONTEXT.genes,
    )
    with pytest.raises(InvalidRequest) as caught:
        read_text(text, context)
    return suggestions(text, caught.value, context)


@pytest.mark.parametrize(
    ("text", "why", "offered", "assembly"),
    [
        ("22-2-A-G", Why.OTHER_ASSEMBLY, "22-2-A-G", "GRCh38"),
        ("chr22:g.2A>G", Why.OTHER_ASSEMBLY, "22-2-A-G", "GRCh38"),
        ("22-2-A-G", Why.EARLIER, "22-1-A-G", "GRCh37"),
        ("22-2-A-G", Why.REFERENCE, "22-2-C-G", "GRCh37"),
        ("22-2-G-C", Why.SWAPPED, "22-2-C-G", "GRCh37"),
        ("22-2-G-A", Why.LATER, "22-3-G-A", "GRCh37"),
        ("22-2-G-A", Why.OTHER_STRAND, "22-2-C-T", "GRCh37"),
        ("22-2-TG-T", Why.REFERENCE, "22-2-CG-C", "GRCh37"),
        ("22-2-C-G GRCh37", Why.OTHER_ASSEMBLY, "22-2-C-G", "GRCh37"),
        ("NC_000022:g.2C>G", Why.OTHER_ASSEMBLY, "NC_000022.10:g.2C>G", "GRCh37"),
        ("NC_000022.9:g.2C>G", Why.OTHER_ASSEMBLY, "NC_000022.10:g.2C>G", "GRCh37"),
        ("22-2-C-G,T", Why.ONE_OF, "22-2-C-T", "GRCh37"),
        ("22-2-C-K", Why.ONE_OF, "22-2-C-T", "GRCh37"),
        ("22-500-C-T 22-600-G-A", Why.ONE_OF, "22-600-G-A", "GRCh37"),
        ("rs1234, rs5678", Why.ONE_OF, "rs5678", "GRCh37"),
        ("22-2-C-G\n22-3-G-T", Why.ONE_OF, "22-3-G-T", "GRCh37"),
        ("27886287", Why.RSID, "rs27886287", "GRCh37"),
        ("22-2-C", Why.POSITION, "22:2", "GRCh37"),
        ("C>G 22:2", Why.REORDERED, "22-2-C-G", "GRCh37"),
        ("22 1 2 C G", Why.ONE_BASED, "22-2-C-G", "GRCh37"),
        ("22:2:-:G", Why.ANCHORED, "22-2-C-CG", "GRCh37"),
        ("22:200-900 x1", Why.EVENT, "22:200-900 DEL", "GRCh37"),
        ("22q11.2(200_900)x3", Why.EVENT, "22:200-900 DUP", "GRCh37"),
        ("arr 22q11.2(200_900)x1", Why.EVENT, "22:200-900 DEL", "GRCh37"),
        ("msh2 c.277C>T", Why.GENE, "MSH2", "GRCh37"),
        ("BRAF V600E", Why.GENE, "BRAF", "GRCh37"),
        ("MSH-2", Why.GENE, "MSH2", "GRCh37"),
    ],
)
def test_p1_a_slip_is_offered_what_was_meant(
    text: str, why: Why, offered: str, assembly: str
) -> None:
    """Each slip is answered with another question and what it rests on."""
    other = "GRCh38" if text.endswith("GRCh37") else "GRCh37"

    expected = Suggestion(why=why, text=offered, assembly=assembly)
    assert expected in _meant(text, other)


def test_p1_without_an_assembly_the_loaded_ones_are_offered() -> None:
    """Where nothing decides the assembly, each that is loaded can be chosen."""
    offered = {(s.text, s.assembly) for s in _meant("22-17-G-T", None)}

    assert {("22-17-G-T", "GRCh37")} == offered


@pytest.mark.parametrize("text", ["hello?", "", "17p13.1", "22-0-A-C"])
def test_p1_what_nothing_can_be_made_of_has_no_offers(text: str) -> None:
    """Nothing is guessed."""
    assert () == _meant(text)


def test_every_reason_has_its_sentence() -> None:
    """A suggestion is shown with what it rests on."""
    assert set(Why) == set(SENTENCES)


@given(
    st.from_regex(
        r"(chr)?(22|X)[-: ][0-9]{1,4}[-: ]?[ACGTR]{1,3}[-:> ,]?[ACGT,R]{0,4}"
        r"( GRCh3[78])?",
        fullmatch=True,
    )
    | st.text(max_size=40)
)
def test_p1_whatever_is_offered_can_be_read(text: str) -> None:
    """No suggestion leads to another refusal, and none is the text itself."""
    context = Context(
        assembly="GRCh37",
        loaded=CONTEXT.loaded,
        references=CONTEXT.references,
        genes=CONTEXT.genes,
    )
    try:
        read_text(text, context)
    except InvalidRequest as refusal:
        for offered in suggestions(text, refusal, context):
            on = Context(
                assembly=offered.assembly,
                references=context.references,
                genes=context.genes,
            )
            assert read_text(offered.text, on).assembly == offered.assembly
