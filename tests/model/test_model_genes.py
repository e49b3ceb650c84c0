"""Genes: which gene a name means, where it lies, and what is said when it is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.errors import InvalidRequest
from beacon.model.genes import (
    ALIAS,
    APPROVED,
    NO_GENES,
    PREVIOUS,
    Gene,
    GeneName,
    GeneTable,
    name_texts,
    place_texts,
)
from beacon.model.genome import Interval
from beacon.model.pattern import Bounds


def _gene(
    symbol: str,
    contig: str,
    start: int,
    end: int,
    *,
    genome: str = "GRCh38",
    hgnc: str | None = None,
    ensembl: str | None = None,
    is_primary: bool = True,
) -> Gene:
    found = next(c for c in ASSEMBLIES[genome].contigs if c.name == contig)
    return Gene(
        symbol=symbol,
        interval=Interval(contig=found, start=start, end=end),
        hgnc=hgnc,
        ensembl=ensembl,
        is_primary=is_primary,
    )


GENES = (
    _gene("AAA1", "17", 100, 200, hgnc="HGNC:1", ensembl="ENSG00000000001"),
    _gene("AAA1", "17", 90, 210, genome="GRCh37", hgnc="HGNC:1"),
    _gene("BBB1", "2", 500, 900, hgnc="HGNC:2", ensembl="ENSG00000000002"),
    _gene("OLD3", "3", 5, 9, hgnc="HGNC:3"),
    _gene("SHARED", "4", 1, 2, ensembl="ENSG00000000004", is_primary=False),
    _gene("SHARED", "4", 10, 20, ensembl="ENSG00000000005"),
    _gene("PARG", "X", 1000, 1100),
    _gene("PARG", "Y", 1000, 1100),
    _gene("MANY", "5", 1, 2, ensembl="ENSG00000000006"),
    _gene("MANY", "6", 1, 2, ensembl="ENSG00000000007"),
    _gene("C1orf9", "1", 10, 20),
    _gene("ONLY37", "7", 10, 20, genome="GRCh37"),
    _gene("ROW4", "8", 10, 20, hgnc="HGNC:4"),
    _gene("TAKER", "9", 10, 20, hgnc="HGNC:5"),
)
NAMES = (
    GeneName("alpha", ALIAS, "HGNC:1", "AAA1"),
    GeneName("ALPHA1", PREVIOUS, "HGNC:1", "AAA1"),
    GeneName("BBB1", ALIAS, "HGNC:1", "AAA1"),
    GeneName("BBB1", APPROVED, "HGNC:2", "BBB1"),
    GeneName("twice", ALIAS, "HGNC:1", "AAA1"),
    GeneName("twice", PREVIOUS, "HGNC:2", "BBB1"),
    GeneName("OLD3", PREVIOUS, "HGNC:3", "NEW3"),
    GeneName("row4", ALIAS, "HGNC:5", "TAKER"),
    GeneName("mine", ALIAS, "HGNC:5", "TAKER"),
    GeneName("ghost", ALIAS, "HGNC:9", "GHOST"),
)
TABLE = GeneTable({**place_texts(GENES), **name_texts(NAMES)})


@pytest.mark.parametrize(
    ("name", "genome", "contig", "bounds", "note"),
    [
        ("AAA1", "GRCh38", "17", (100, 200), None),
        ("AAA1", "GRCh37", "17", (90, 210), None),
        (" aaa1 ", "GRCh38", "17", (100, 200), None),
        ("HGNC:1", "GRCh37", "17", (90, 210), None),
        ("hgnc:1", "GRCh38", "17", (100, 200), None),
        ("ENSG00000000001", "GRCh38", "17", (100, 200), None),
        ("ensembl:ENSG00000000001.7", "GRCh38", "17", (100, 200), None),
        ("Alpha", "GRCh38", "17", (100, 200), "alpha is an alias of AAA1 (HGNC:1)."),
        (
            "ALPHA1",
            "GRCh38",
            "17",
            (100, 200),
            "ALPHA1 is a previous symbol of AAA1 (HGNC:1).",
        ),
        ("BBB1", "GRCh38", "2", (500, 900), None),
        ("NEW3", "GRCh38", "3", (5, 9), None),
        ("OLD3", "GRCh38", "3", (5, 9), None),
        ("SHARED", "GRCh38", "4", (10, 20), None),
        ("ENSG00000000004", "GRCh38", "4", (1, 2), None),
        (
            "PARG",
            "GRCh38",
            "X",
            (1000, 1100),
            "PARG lies on X and Y: X:1001-1100 and Y:1001-1100.",
        ),
        ("c1ORF9", "GRCh38", "1", (10, 20), None),
    ],
)
def test_a_name_means_one_place(
    name: str, genome: str, contig: str, bounds: tuple[int, int], note: str | None
) -> None:
    """Symbols, ids and aliases ask for the overlap with their gene's interval."""
    pattern = TABLE.pattern(name, genome)

    assert (genome, contig) == (pattern.assembly, pattern.sequence.name)
    assert pattern.overlap == Bounds(low=bounds[0], high=bounds[1])
    assert pattern.notes == (() if note is None else (note,))


@pytest.mark.parametrize(
    ("name", "genome", "sentence"),
    [
        ("nobody", "GRCh38", "'nobody' is no gene of the table"),
        ("HGNC:77", "GRCh38", "'HGNC:77' is no gene of the table"),
        ("twice", "GRCh38", r"several genes: AAA1 \(HGNC:1\), BBB1 \(HGNC:2\)"),
        ("ONLY37", "GRCh38", "ONLY37 has no place on GRCh38"),
        ("ghost", "GRCh38", r"GHOST \(HGNC:9\) has no place on GRCh38"),
        ("GHOST", "GRCh38", r"GHOST \(HGNC:9\) has no place on GRCh38"),
        ("BBB1", "GRCh37", r"BBB1 \(HGNC:2\) has no place on GRCh37"),
        ("MANY", "GRCh38", r"ENSG00000000006 \(5:2-2\), ENSG00000000007 \(6:2-2\)"),
        ("AAA1", "T2T-CHM13", "No genes are loaded for T2T-CHM13"),
    ],
)
def test_what_names_no_place_gets_its_sentence(
    name: str, genome: str, sentence: str
) -> None:
    """Unknown, ambiguous and placeless names are refused, never answered "no"."""
    with pytest.raises(InvalidRequest, match=sentence) as caught:
        TABLE.pattern(name, genome)

    assert caught.value.parameter == "geneId"


PAR_GENES = GeneTable(
    place_texts(
        [
            _gene("SHOX", "X", 585078, 620146, genome="GRCh37"),
            _gene("XG", "X", 2_670_090, 2_734_541, genome="GRCh37"),
            _gene("ON_Y", "Y", 59_040_000, 59_050_000, genome="GRCh37"),
            _gene("SHOX", "X", 624343, 659411),
            _gene("DMD", "X", 31_097_676, 33_339_441),
            _gene("SHOX", "X", 300_000, 400_000, genome="T2T-CHM13"),
        ]
    )
)


@pytest.mark.parametrize(
    ("name", "genome", "twins"),
    [
        ("SHOX", "GRCh37", [("Y", 535078, 570146)]),
        ("XG", "GRCh37", [("Y", 2_620_090, 2_649_520)]),
        ("ON_Y", "GRCh37", [("Y", 59_040_000, 59_050_000)]),
        ("SHOX", "GRCh38", [("Y", 624343, 659411)]),
        ("DMD", "GRCh38", []),
        ("SHOX", "T2T-CHM13", []),
    ],
)
def test_a_pseudo_autosomal_gene_lies_on_both(
    name: str, genome: str, twins: list[tuple[str, int, int]]
) -> None:
    """A table that lists it on one of X and Y means the other one too."""
    pattern = PAR_GENES.pattern(name, genome)
    found = [(p.contig.name, p.start, p.end) for p in pattern.elsewhere]

    assert found == twins
    assert bool(pattern.notes) == (name != "DMD")
    assert ("not asked" in str(pattern.notes)) == (genome == "T2T-CHM13")


def test_an_approved_symbol_wins_over_the_same_alias() -> None:
    """BBB1 is an alias of AAA1 too; the gene of that symbol is meant."""
    assert TABLE.pattern("BBB1", "GRCh38").sequence.name == "2"


def test_without_a_table_the_sentence_says_how_to_load_one() -> None:
    """No genes are no answer, and the reader learns what to do."""
    assert NO_GENES.is_empty
    assert not TABLE.is_empty
    with pytest.raises(InvalidRequest, match="beacon load genes"):
        NO_GENES.pattern("AAA1", "GRCh38")


@pytest.mark.parametrize(
    ("name", "symbols"),
    [
        ("alpha", ("AAA1", "ALPHA1", "alpha", "ENSG00000000001", "HGNC:1")),
        ("HGNC:3", ("NEW3", "OLD3", "HGNC:3")),
        ("old3", ("NEW3", "OLD3", "HGNC:3")),
        ("BBB1", ("BBB1", "ENSG00000000002", "HGNC:2")),
        ("ROW4", ("ROW4", "HGNC:4")),
        ("row4", ("ROW4", "HGNC:4")),
        ("TAKER", ("TAKER", "mine", "HGNC:5")),
        ("ENSG00000000005", ("SHARED", "ENSG00000000005")),
        ("GHOST", ("GHOST", "ghost", "HGNC:9")),
        ("nobody", ()),
    ],
)
def test_every_symbol_of_a_gene_is_known(name: str, symbols: tuple[str, ...]) -> None:
    """The approved symbol comes first, what means another gene is left out."""
    assert TABLE.symbols(name) == symbols


def test_an_ambiguous_name_has_no_symbols() -> None:
    """It is refused with the choice, as where its place is asked."""
    with pytest.raises(InvalidRequest, match=r"several genes: AAA1 \(HGNC:1\), BBB1"):
        TABLE.symbols("twice")


@given(st.sampled_from([n.name for n in NAMES] + [g.symbol for g in GENES]))
def test_a_name_means_one_gene_however_it_is_asked(name: str) -> None:
    """What a name's symbols are is of the gene whose place it asks for."""
    for genome in ("GRCh37", "GRCh38"):
        try:
            place = TABLE.pattern(name, genome)
            first, *_ = TABLE.symbols(name)
        except InvalidRequest:
            continue

        assert TABLE.pattern(first, genome) == place


@pytest.mark.parametrize(
    ("name", "is_spelled"),
    [
        ("AAA1", True),
        ("aaa1", False),
        ("NEW3", True),
        ("twice", True),
        ("ONLY37", True),
        ("nobody", False),
        ("HGNC:1", True),
    ],
)
def test_a_symbol_is_known_letter_by_letter(name: str, is_spelled: bool) -> None:
    """Only what is spelled as the table has it is a gene before anything else."""
    assert TABLE.spells(name) is is_spelled


@given(
    st.lists(
        st.tuples(
            st.text(alphabet="ABab1-.", min_size=1, max_size=4),
            st.integers(0, 1000),
            st.integers(1, 50),
        ),
        max_size=30,
        unique_by=lambda row: row[0].casefold(),
    )
)
def test_every_gene_is_found_again(rows: list[tuple[str, int, int]]) -> None:
    """What was put into a table is what its symbol finds, in either case."""
    genes = [_gene(name, "9", start, start + size) for name, start, size in rows]
    table = GeneTable(place_texts(genes))
    found = [
        (spelled, table.pattern(spelled, "GRCh38").overlap)
        for gene in genes
        for spelled in (gene.symbol, gene.symbol.swapcase())
    ]

    assert found == [
        (spelled, Bounds(low=gene.interval.start, high=gene.interval.end))
        for gene in genes
        for spelled in (gene.symbol, gene.symbol.swapcase())
    ]
