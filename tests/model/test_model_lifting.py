"""Questions lifted to another assembly: the same allele, or a sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from model_references import SliceReference, shared_file

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.chains import ELSEWHERE, Block, Chains
from beacon.model.genes import Gene, GeneTable, place_texts
from beacon.model.genome import Contig, Interval
from beacon.model.lifting import Lifted, Lifting, NotLifted, lifted
from beacon.model.notation import parse
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.query import Query
from beacon.model.questions import VariantParameters, pattern_of
from beacon.model.spelling import allele_pattern
from beacon.model.variant import left_align, sequence_allele, strip

HERE, THERE = "GRCh37", "GRCh38"
CHR22 = ASSEMBLIES[HERE].contigs[21]
TO22 = ASSEMBLIES[THERE].contigs[21]
FAR = 20_000_000
_COMPLEMENT = str.maketrans("ACGT", "TGCA")


def complement(bases: str) -> str:
    """Return the other strand."""
    return bases.translate(_COMPLEMENT)[::-1]


class Bases:
    """A few bases of one sequence of an assembly, none elsewhere."""

    def __init__(self, contig: Contig, start: int, bases: str) -> None:
        self._contig, self._start, self._bases = contig, start, bases

    def bases(self, contig: Contig, start: int, end: int) -> str | None:
        """Return bases, ``N`` where none are known."""
        if contig != self._contig:
            return None
        start, end = max(0, start), min(end, contig.length)
        return "".join(
            self._bases[at - self._start]
            if 0 <= at - self._start < len(self._bases)
            else "N"
            for at in range(start, end)
        )


#          0         1         2         3         4
#          0123456789012345678901234567890123456789012345
SOURCE = "GATTACAGGCTCATCATCGTTGACCATGCAAAATCGGATCTAGCC"
# one block as it is but for two bases; a stretch the target lacks; one turned round
TARGET = "GATTACAGGCTCATCATCGATGACCATGC" + complement("TCGGATCTAGCC")
BLOCKS = (
    Block(22, FAR, FAR + 29, 22, 30_000_000),
    Block(22, FAR + 33, FAR + 45, 22, 30_000_029, is_reversed=True, chain=1),
    Block(22, 40_000_000, 40_000_100, 21, 5_000_000, chain=2),
    Block(22, 41_000_000, 41_000_100, ELSEWHERE, 7, chain=3),
    Block(22, 42_000_000, 42_000_100, 22, 44_000_000, chain=4),
    Block(22, 43_000_000, 43_000_100, 22, 44_000_050, chain=5),
    Block(22, 45_000_000, 45_001_000, 22, 46_000_000, chain=6),
    Block(22, 45_001_010, 45_002_000, 22, 46_001_000, chain=6),
)
HELD = {
    HERE: Bases(CHR22, FAR, SOURCE),
    THERE: Bases(TO22, 30_000_000, TARGET),
}
CHAINS = {(HERE, THERE): Chains(HERE, THERE, BLOCKS)}
WHOLE = Lifting(chains=CHAINS, references=HELD)


class Alike:
    """A genome of one base."""

    def __init__(self, base: str = "A") -> None:
        self._base = base

    def bases(self, contig: Contig, start: int, end: int) -> str:
        """Return as many."""
        return self._base * (min(end, contig.length) - max(0, start))


def over(*blocks: Block, back: tuple[Block, ...] = ()) -> Lifting:
    """Return what lifts over blocks between two genomes of nothing but A."""
    chains = {(HERE, THERE): Chains(HERE, THERE, blocks)}
    if back:
        chains[THERE, HERE] = Chains(THERE, HERE, back)
    return Lifting(chains=chains, references={HERE: Alike(), THERE: Alike()})


BARE = Lifting(chains=CHAINS)


def ask(text: str, known: Lifting = WHOLE) -> Lifted | NotLifted:
    """Lift what a notation asks for; ``+7`` stands for the base at offset 7."""
    references = known.references
    pattern = parse(text, assembly=HERE, loaded=(), references=references)
    return lifted(Query(pattern=pattern), THERE, known)


def at(offset: int) -> int:
    """Return the 1-based position of a base of ``SOURCE``."""
    return FAR + offset + 1


def forms(said: Lifted | NotLifted) -> tuple[str, bool]:
    """Return what is asked instead, and whether it is certain."""
    assert isinstance(said, Lifted), said
    return said.lift.lifted, said.lift.is_certain


def why(said: Lifted | NotLifted) -> str:
    """Return why nothing is asked instead."""
    assert isinstance(said, NotLifted), said
    return said.why


def test_substitution_lies_where_its_block_lies() -> None:
    """One base for another is moved with its block, and certain with a reference."""
    said = ask(f"22-{at(4)}-A-T")

    assert forms(said) == ("GRCh38-22-30000005-A-T", True)
    assert isinstance(said, Lifted)
    assert said.query.assembly == THERE
    assert said.lift.asked == "GRCh37-22-20000005-A-T"
    assert said.query.pattern == parse(
        "22-30000005-A-T", assembly=THERE, loaded=(), references=HELD
    )


def test_lift_without_reference_is_uncertain() -> None:
    """Where nobody can compare the reference bases, a "no" would mean nothing."""
    assert forms(ask(f"22-{at(4)}-A-T", BARE)) == ("GRCh38-22-30000005-A-T", False)
    assert forms(ask(f"22-{at(4)}-ACA-A", BARE)) == ("GRCh38-22-30000005-ACA-A", False)


def test_reverse_strand_turns_the_bases() -> None:
    """In a block that is turned round, REF and ALT are those of the other strand."""
    said = ask(f"22-{at(35)}-G-C")

    assert forms(said) == ("GRCh38-22-30000039-C-G", True)
    assert isinstance(said, Lifted)
    assert "reverse strand" in said.lift.notes[0]
    assert forms(ask(f"22-{at(37)}-ATC-A")) == ("GRCh38-22-30000033-TAG-T", True)


def test_swapped_reference_is_not_the_same_allele() -> None:
    """Where the alternate is the other assembly's reference, nothing is asked."""
    assert SOURCE[19] + TARGET[19] == "TA"
    assert "which is the alternate asked for" in why(ask(f"22-{at(19)}-T-A"))


def test_changed_reference_is_recognised() -> None:
    """A third base as reference leaves the carriers of the alternate the same."""
    said = ask(f"22-{at(19)}-T-G")

    assert forms(said) == ("GRCh38-22-30000020-A-G", True)
    assert isinstance(said, Lifted)
    assert "carriers of G are the same people" in said.lift.notes[0]


def test_changed_reference_is_doubted_where_only_one_genome_is_known() -> None:
    """A typing error reads the same as another reference base, so no "no" is taken."""
    blind = replace(WHOLE, references={THERE: HELD[THERE]})
    said = ask(f"22-{at(19)}-T-G", blind)

    assert forms(said) == ("GRCh38-22-30000020-A-G", False)
    assert isinstance(said, Lifted)
    assert said.lift.notes == ()
    assert forms(ask(f"22-{at(4)}-A-T", blind))[1] is True


@pytest.mark.parametrize("text", ["C-T", "CT-GG", "CT-C"])
def test_reference_is_what_the_genome_asked_about_has(text: str) -> None:
    """A wrong REF is no other reference base there: it is refused by name."""
    typed = f"22-{at(4)}-{text}"
    pattern = parse(typed, assembly=HERE, loaded=(), references={})

    sentence = why(lifted(Query(pattern=pattern), THERE, WHOLE))
    assert sentence.startswith("GRCh37 has ")


def test_changed_reference_of_several_bases_is_not_the_same_people() -> None:
    """Of a change of several bases a part may be carried alone, so it is not lifted."""
    assert SOURCE[19:21] + TARGET[19:21] == "TTAT"
    assert "the allele is another one there" in why(ask(f"22-{at(19)}-TT-CC"))


def test_unknown_bases_tell_nothing() -> None:
    """Where the other assembly's base is not known, the lift is uncertain."""
    blank = replace(WHOLE, references={HERE: HELD[HERE], THERE: Bases(TO22, 0, "")})

    assert forms(ask(f"22-{at(4)}-A-T", blank)) == ("GRCh38-22-30000005-A-T", False)
    assert forms(ask(f"22-{at(4)}-ACA-A", blank))[1] is False


def test_deletion_of_other_bases_is_another_allele() -> None:
    """Deleted bases that the other assembly does not have cannot be asked for."""
    assert "other bases than those deleted" in why(ask(f"22-{at(18)}-GT-G"))
    assert "the allele is another one there" in why(ask(f"22-{at(18)}-GTTG-GCC"))


def test_indel_of_a_repeat_is_one_allele_wherever_it_is_written() -> None:
    """A unit of a repeat that both assemblies have alike may be written anywhere."""
    asked = [f"22-{at(10)}-TCAT-T", f"22-{at(12)}-ATCA-A", f"22-{at(13)}-TCAT-T"]

    assert {forms(ask(text)) for text in asked} == {("GRCh38-22-30000010-CTCA-C", True)}


def test_insertion_is_lifted_with_its_bases_around() -> None:
    """An insertion is certain where the bases beside it are the same."""
    assert forms(ask(f"22-{at(4)}-A-AT")) == ("GRCh38-22-30000005-A-AT", True)
    assert forms(ask(f"22-{at(13)}-T-TCAT")) == ("GRCh38-22-30000010-C-CTCA", True)


def test_chains_that_lead_back_are_heard() -> None:
    """A place that two places of the other assembly come back to is not its own."""
    back = [
        Block(22, 30_000_000, 30_000_029, 22, FAR),
        Block(22, 31_000_000, 31_000_006, 22, FAR),
    ]
    chains = CHAINS | {(THERE, HERE): Chains(THERE, HERE, back)}
    both = replace(WHOLE, chains=chains)

    assert "is in several places of GRCh38" in why(ask(f"22-{at(4)}-A-T", both))
    assert forms(ask(f"22-{at(9)}-C-T", both)) == ("GRCh38-22-30000010-C-T", True)
    assert forms(ask(f"22:{at(2)}-{at(9)}", both)) == (
        "GRCh38 22:30000003-30000010",
        False,
    )


TWO = (
    Block(22, 20_000_000, 20_000_100, 22, 30_000_000),
    Block(22, 20_000_100, 20_000_200, 22, 30_000_100),
)
AGAIN = Block(22, 25_000_000, 25_000_200, 22, 30_000_000, chain=2)


@pytest.mark.parametrize(
    "known",
    [
        over(*TWO, AGAIN),
        over(*TWO, AGAIN._replace(end=25_000_020, at=30_000_090)),
        over(
            *TWO,
            back=(
                Block(22, 30_000_000, 30_000_200, 22, 20_000_000),
                Block(22, 31_000_000, 31_000_020, 22, 20_000_100),
            ),
        ),
    ],
)
def test_place_of_several_blocks_must_be_its_own(known: Lifting) -> None:
    """However many blocks adjoin, a place that another one leads to is doubted."""
    assert forms(ask("22:20000051-20000150", over(*TWO)))[1] is True
    assert forms(ask("22:20000051-20000150", known))[1] is False
    assert "place" in why(ask("22-20000101-A-G", known))


def test_blocks_that_adjoin_are_one() -> None:
    """An allele over the edge of two blocks without a gap is lifted; else it is not."""
    turned = (
        Block(22, 20_000_000, 20_000_100, 22, 30_000_100, is_reversed=True),
        Block(22, 20_000_100, 20_000_200, 22, 30_000_000, is_reversed=True),
    )
    apart = (TWO[0], TWO[1]._replace(at=30_000_101))
    other = replace(over(*turned), references={HERE: Alike(), THERE: Alike("T")})

    assert forms(ask("22-20000100-AA-CG", over(*TWO))) == (
        "GRCh38-22-30000100-AA-CG",
        True,
    )
    assert forms(ask("22-20000100-AA-CG", other)) == ("GRCh38-22-30000100-TT-CG", True)
    assert "several pieces" in why(ask("22-20000100-AA-CG", over(*apart)))


def test_indel_is_not_turned_without_its_reference() -> None:
    """Where nobody knows how it is written on the other strand, nobody is asked."""
    blind = replace(WHOLE, references={HERE: HELD[HERE]})

    for known in (BARE, blind):
        for text in ("ATC-A", "A-AGG"):
            said = ask(f"22-{at(37)}-{text}", known)
            assert "where only a reference of that assembly tells" in why(said)
    assert forms(ask(f"22-{at(35)}-G-C", BARE)) == ("GRCh38-22-30000039-C-G", False)


def test_repeat_at_the_edge_of_a_block_is_not_lifted() -> None:
    """Where a repeat goes on behind what both share, its length may be another."""
    assert "several pieces" in why(ask(f"22-{at(28)}-CAA-C"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f"22-{at(30)}-A-C", "is not in GRCh38"),
        ("22-40000010-A-C", None),
        ("22-41000010-A-C", "that is no chromosome"),
        ("22-42000060-A-C", "are the same place on GRCh38"),
        ("22:41000010-41000020", "that is no chromosome"),
        (f"22:{at(20)}-{at(40)}", "lies in several places there"),
        (f"22:{at(20)}-{at(30)}", "An end of"),
        ("22:49000000-49000100", "is not in GRCh38"),
    ],
)
def test_what_has_no_one_counterpart_is_not_lifted(
    text: str, sentence: str | None
) -> None:
    """Deleted, split and doubled places have a sentence; another chromosome is one."""
    said = ask(text, BARE)

    if sentence is None:
        assert forms(said) == ("GRCh38-21-5000010-A-C", False)
    else:
        assert sentence in why(said)


def test_range_within_a_block_is_exact() -> None:
    """A range that is the same bases is lifted for good, forward and turned round."""
    assert forms(ask(f"22:{at(2)}-{at(9)}")) == ("GRCh38 22:30000003-30000010", True)
    assert forms(ask(f"22:{at(34)}-{at(36)}")) == ("GRCh38 22:30000038-30000040", True)


def test_range_of_other_bases_is_uncertain() -> None:
    """One base that differs within a block may be a variant of one genome only."""
    assert SOURCE[19] != TARGET[19]
    for text in (f"22:{at(15)}-{at(24)}", f"22:{at(19)}-{at(19)}"):
        said = ask(text)

        assert forms(said)[1] is False
        assert isinstance(said, Lifted)
        assert "have other bases within it" in said.lift.doubts[0]
    assert forms(ask(f"22:{at(15)}-{at(18)}"))[1] is True


@pytest.mark.parametrize(
    "references",
    [
        {},
        {HERE: Alike()},
        {THERE: Alike()},
        {HERE: Alike(), THERE: Alike("N")},
        {HERE: Alike(), THERE: Alike("C")},
    ],
)
def test_range_nobody_compared_is_uncertain(references: dict[str, Alike]) -> None:
    """Without the bases of both genomes alignment alone tells of no "no"."""
    block = Block(22, 20_000_000, 20_000_200, 22, 30_000_000)
    bare = replace(over(block), references=references)
    alike = over(block)

    assert forms(ask("22:20000051-20000150", bare))[1] is False
    assert forms(ask("22:20000051-20000150", alike))[1] is True


def test_wide_ranges_are_compared_in_pieces_up_to_a_length() -> None:
    """As many bases as a gene has are compared, to the last; more are doubted."""
    block = Block(22, 20_000_000, 24_000_000, 22, 30_000_000)
    alike = over(block)
    last = Bases(TO22, 32_399_999, "C")

    class Almost(Alike):
        def bases(self, contig: Contig, start: int, end: int) -> str:
            found = super().bases(contig, start, end)
            odd = last.bases(contig, start, end) or ""
            return odd.replace("N", "A") if "C" in odd else found

    almost = replace(alike, references={HERE: Alike(), THERE: Almost()})

    assert forms(ask("22:20000001-22400000", alike))[1] is True
    assert forms(ask("22:20000001-22400000", almost))[1] is False
    assert forms(ask("22:20000001-22399999", almost))[1] is True
    assert forms(ask("22:20000001-23000000", alike))[1] is False


def test_events_are_asked_for_by_their_place_alone() -> None:
    """Where only a structural type is asked for, single bases change nothing."""
    pattern = parse("22:45000101-45000200", assembly=HERE, loaded=(), references={})
    certain = {}
    for kind, least in [("DUP", None), ("DEL", 50), ("DEL", None), ("SNP", None)]:
        asked = replace(pattern, variant_type=kind, min_length=least)
        certain[kind, least] = forms(lifted(Query(pattern=asked), THERE, BARE))[1]

    assert certain == {
        ("DUP", None): True,
        ("DEL", 50): True,
        ("DEL", None): False,
        ("SNP", None): False,
    }


def bracket(known: Lifting, kind: str | None = "DEL") -> Lifted | NotLifted:
    """Lift a question for what begins about one place and ends about another."""
    pattern = VariantPattern(
        contig=CHR22,
        start=Bounds(low=20_000_010, high=20_000_020),
        end=Bounds(low=20_001_010, high=20_001_020),
        variant_type=kind,
    )
    return lifted(Query(pattern=pattern), THERE, known)


FIRST = Block(22, 20_000_000, 20_000_100, 22, 30_000_000)


def test_bracket_is_certain_over_one_stretch() -> None:
    """What lies between its ends is one stretch in both, of the same bases if asked."""
    whole = Block(22, 20_000_000, 20_001_100, 22, 30_000_000)
    other = replace(over(whole), references={HERE: Alike(), THERE: Alike("C")})

    assert forms(bracket(over(whole)))[1] is True
    assert forms(bracket(over(whole), None))[1] is True
    assert forms(bracket(other))[1] is True
    assert forms(bracket(other, None))[1] is False


@pytest.mark.parametrize(
    "last",
    [
        Block(22, 20_001_000, 20_001_100, 22, 30_001_000),
        Block(22, 20_001_000, 20_001_100, 22, 30_101_000),
        Block(22, 20_001_000, 20_001_100, 22, 30_000_100),
    ],
)
def test_bracket_of_another_length_is_uncertain(last: Block) -> None:
    """Where more, less or other bases lie between, an event has another length."""
    assert forms(bracket(over(FIRST, last)))[1] is False


def test_bracket_whose_ends_change_places_is_refused() -> None:
    """An end before its start is the question for nothing."""
    last = Block(22, 20_001_000, 20_001_100, 22, 29_000_000, chain=2)

    assert "its end lies before its start" in why(bracket(over(FIRST, last)))


def test_range_over_a_gap_is_uncertain() -> None:
    """A range of which a little is missing is asked, but no "no" is taken of it."""
    said = ask("22:45000001-45002000")

    assert forms(said) == ("GRCh38 22:46000001-46001990", False)
    assert isinstance(said, Lifted)
    assert "assemblies differ within it" in said.lift.doubts[0]


def test_structural_questions_keep_their_type() -> None:
    """Brackets and ranges of a type are moved bound by bound."""
    parameters = VariantParameters(
        assembly_id=HERE,
        reference_name="22",
        start=(45_000_100, 45_000_200),
        end=(45_000_500, 45_000_600),
        variant_type="DEL",
    )
    pattern = pattern_of(parameters, loaded=(), references={})
    said = lifted(Query(pattern=pattern), THERE, WHOLE)

    assert isinstance(said, Lifted)
    moved = said.query.pattern
    assert moved is not None
    assert moved.start is not None
    assert moved.end is not None
    assert (moved.start.low, moved.start.high) == (46_000_100, 46_000_200)
    assert (moved.end.low, moved.end.high) == (46_000_500, 46_000_600)
    assert moved.variant_type == "DEL"
    assert said.lift.is_certain


def test_similar_events_are_moved_whole() -> None:
    """An event is asked for where its span lies on the other assembly."""
    said = ask("del 22:45000101-45000600", BARE)

    assert forms(said) == ("GRCh38 22:46000101-46000600 DEL", True)


def test_gene_is_asked_where_it_lies_here() -> None:
    """A gene by its place is asked for as a range."""
    interval = Interval(contig=CHR22, start=45_000_100, end=45_000_900)
    table = GeneTable(place_texts([Gene(symbol="TWIN", interval=interval)]))
    pattern = table.pattern("TWIN", HERE)
    alike = replace(WHOLE, references={HERE: Alike(), THERE: Alike()})
    said = lifted(Query(pattern=pattern), THERE, alike)

    assert forms(said) == ("GRCh38 22:46000101-46000900", True)
    assert forms(lifted(Query(pattern=pattern), THERE, BARE))[1] is False


def test_names_are_the_same_everywhere() -> None:
    """An rsID is asked for as it is; what names one assembly's sequence is not."""
    said = ask("rs123")
    digest = ask("ga4gh:VA." + "A" * 32)

    assert forms(said) == ("GRCh38 rs123", True)
    assert isinstance(said, Lifted)
    assert said.query.pattern is not None
    assert said.query.pattern.assembly == THERE
    assert "names nothing on GRCh38" in why(digest)


@pytest.mark.parametrize(
    "pattern",
    [
        None,
        VariantPattern(contig=CHR22),
        VariantPattern(contig=CHR22, identity="GRCh37-22-1-5-DEL"),
        VariantPattern(contig=CHR22, spellings=((FAR, "A", "G"), (FAR, "C", "G"))),
    ],
)
def test_what_names_no_place_is_not_lifted(pattern: VariantPattern | None) -> None:
    """Everything, a whole sequence, an id and unknown bases stay where they are."""
    assert why(lifted(Query(pattern=pattern), THERE, WHOLE)).endswith(".")


def test_without_a_chain_nothing_is_lifted() -> None:
    """An assembly no chain leads to is named."""
    pattern = parse("22-5-A-C", assembly=HERE, loaded=(), references={})
    said = lifted(Query(pattern=pattern), "T2T-CHM13", WHOLE)

    assert why(said) == "No chain file leads from GRCh37 to T2T-CHM13."


# --- a stretch of chromosome 20 that both assemblies have alike -----------------------

LIKE = Block(20, 60_000, 100_000, 20, 79_359)
"""As the chain file of UCSC has it, from hg19 to hg38, cut short."""


@pytest.mark.parametrize("change", ["substitution", "insertion", "deletion"])
def test_real_bases_are_lifted_for_certain(change: str) -> None:
    """Along 40 kb of real repeats every allele is the one 19,359 bases further on."""
    shared_file("data", "reference", "GRCh38.slices.fa.gz")
    held = {name: SliceReference(name) for name in (HERE, THERE)}
    known = Lifting(
        chains={(HERE, THERE): Chains(HERE, THERE, [LIKE])}, references=held
    )
    contig, there = (ASSEMBLIES[name].contigs[19] for name in (HERE, THERE))
    for at in range(61_000, 99_000, 307):
        ref = held[HERE].bases(contig, at, at + 3) or ""
        alleles = {
            "substitution": (ref[0], complement(ref[0])),
            "insertion": (ref[0], ref[:2]),
            "deletion": (ref, ref[0]),
        }
        allele = sequence_allele(contig, at, *alleles[change])
        pattern = allele_pattern(allele, held[HERE])
        said = lifted(Query(pattern=pattern), THERE, known)
        moved = sequence_allele(there, at + 19_359, *alleles[change])

        assert isinstance(said, Lifted)
        assert said.lift.is_certain
        assert said.query.pattern is not None
        wanted = allele_pattern(moved, held[THERE]).spellings
        assert set(said.query.pattern.spellings) & set(wanted)


# --- laws, on genomes made of stretches of each other ---------------------------------

bases = st.text(alphabet="AC", min_size=4, max_size=14)


@st.composite
def genomes(draw: st.DrawFn) -> tuple[Lifting, str]:
    """Draw two genomes that share stretches, and the chains between them."""
    source = target = ""
    forward, backward = [], []
    for number, stretch in enumerate(draw(st.lists(bases, min_size=1, max_size=5))):
        turned = draw(st.booleans())
        image = complement(stretch) if turned else stretch
        here, there = (FAR + len(source), 30_000_000 + len(target))
        size = len(stretch)
        forward.append(Block(22, here, here + size, 22, there, turned, number))
        backward.append(Block(22, there, there + size, 22, here, turned, number))
        source += stretch + draw(st.sampled_from(["", "A", "CA"]))
        target += image + draw(st.sampled_from(["", "C", "AC"]))
    known = Lifting(
        chains={
            (HERE, THERE): Chains(HERE, THERE, forward),
            (THERE, HERE): Chains(THERE, HERE, backward),
        },
        references={
            HERE: Bases(CHR22, FAR, source),
            THERE: Bases(TO22, 30_000_000, target),
        },
    )
    return known, source


@st.composite
def questions(draw: st.DrawFn) -> tuple[Lifting, str, int, str, str]:
    """Draw genomes and an allele on the first of them."""
    known, source = draw(genomes())
    start = draw(st.integers(0, len(source) - 1))
    ref = source[start : start + draw(st.integers(1, 4))]
    alt = draw(st.sampled_from(["A", "C", "AA", "CA", "ACA", "T"]))
    return known, source, FAR + start, ref, alt


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_certain_range_is_the_same_bases(data: st.DataObject) -> None:
    """Whatever base is another, a range that holds it is not lifted for certain."""
    known, source = data.draw(genomes())
    changed = data.draw(st.integers(0, len(source) - 1))
    mine = source[:changed] + "G" + source[changed + 1 :]
    held = {**known.references, HERE: Bases(CHR22, FAR, mine)}
    start = data.draw(st.integers(0, len(source) - 1))
    end = data.draw(st.integers(start + 1, len(source)))
    pattern = VariantPattern(
        contig=CHR22, overlap=Bounds(low=FAR + start, high=FAR + end)
    )
    said = lifted(Query(pattern=pattern), THERE, replace(known, references=held))
    if isinstance(said, NotLifted) or not said.lift.is_certain:
        return
    assert said.query.pattern is not None
    asked = said.query.pattern.overlap
    assert asked is not None
    theirs = held[THERE].bases(TO22, asked.low, asked.high) or ""

    assert not start <= changed < end
    assert mine[start:end] in (theirs, complement(theirs))


def normal(said: Lifted, known: Lifting) -> tuple[int, str, str]:
    """Return the lifted allele in its normal form."""
    pattern = said.query.pattern
    assert pattern is not None
    allele = sequence_allele(pattern.sequence, *pattern.spellings[0])
    found = left_align(allele, known.references[pattern.assembly])
    return found.start, found.reference, found.alternate


def test_repeat_over_the_edge_of_blocks_that_adjoin_is_one() -> None:
    """Wherever in the repeat it is written: its blocks go on from each other."""
    bases = "GGGGACACCGGG"
    blocks = (
        Block(22, FAR, FAR + 8, 22, 30_000_000),
        Block(22, FAR + 8, FAR + 12, 22, 30_000_008, chain=1),
    )
    known = Lifting(
        chains={(HERE, THERE): Chains(HERE, THERE, blocks)},
        references={
            HERE: Bases(CHR22, FAR, bases),
            THERE: Bases(TO22, 30_000_000, bases),
        },
    )
    for start, ref, alt in ((3, "GAC", "G"), (6, "ACC", "C")):
        allele = sequence_allele(CHR22, FAR + start, ref, alt)
        pattern = allele_pattern(allele, known.references[HERE])
        said = lifted(Query(pattern=pattern), THERE, known)

        assert isinstance(said, Lifted)
        assert said.lift.is_certain


@settings(max_examples=150, deadline=None)
@given(questions())
def test_certain_lift_returns(
    drawn: tuple[Lifting, str, int, str, str],
) -> None:
    """What is lifted for certain and back is the allele that was asked for."""
    known, _, start, ref, alt = drawn
    assume(ref != alt)
    allele = sequence_allele(CHR22, start, ref, alt)
    pattern = allele_pattern(allele, known.references[HERE])
    there = lifted(Query(pattern=pattern), THERE, known)
    if isinstance(there, NotLifted) or not there.lift.is_certain:
        return
    back = lifted(there.query, HERE, known)
    was = left_align(allele, known.references[HERE])

    assert isinstance(back, Lifted)
    assert normal(back, known) == (was.start, was.reference, was.alternate)


@settings(max_examples=150, deadline=None)
@given(questions())
def test_spelling_does_not_decide_the_lift(
    drawn: tuple[Lifting, str, int, str, str],
) -> None:
    """Every spelling of an allele is lifted to the same allele, or none is."""
    known, _, start, ref, alt = drawn
    assume(ref != alt)
    allele = sequence_allele(CHR22, start, ref, alt)
    pattern = allele_pattern(allele, known.references[HERE])
    found = set()
    for form in pattern.spellings:
        if strip(*form) == strip(start, ref, alt) or not (ref and alt):
            one = replace(pattern, spellings=(form, *pattern.spellings))
            said = lifted(Query(pattern=one), THERE, known)
            found.add(normal(said, known) if isinstance(said, Lifted) else "not lifted")

    assert len(found) <= 1
