"""Tables of genes and aliases: what is read, and what is named as unreadable."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from beacon.model.errors import InvalidRequest, ReadError
from beacon.model.genes import GeneName
from loaders.genes import read_genes

if TYPE_CHECKING:
    from pathlib import Path

BOTH = (
    "symbol\thgnc_id\tensembl_gene_id\tchrom_37\tstart_37\tend_37\t"
    "chrom_38\tstart_38\tend_38\tprimary\n"
    "AAA1\tHGNC:1\tENSG00000000001\t17\t101\t200\tchr17\t111\t210\t1\n"
    "AAA1\t\tENSG00000000002\t\t\t\t17\t1\t9\t0\n"
)


def _read(folder: Path, text: str | bytes, name: str = "genes.tsv", assembly=None):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_genes([path], assembly)


def _places(found):
    return [
        (
            *(g.symbol, g.interval.contig.assembly, g.interval.contig.name),
            *(g.interval.start, g.interval.end, g.is_primary),
        )
        for g in found.genes
    ]


def test_a_table_of_two_assemblies_is_read(tmp_path: Path) -> None:
    """Each row lies where its columns say, 1-based and inclusive."""
    found = _read(tmp_path, BOTH)

    assert _places(found) == [
        ("AAA1", "GRCh37", "17", 100, 200, True),
        ("AAA1", "GRCh38", "17", 110, 210, True),
        ("AAA1", "GRCh38", "17", 0, 9, False),
    ]
    assert [g.hgnc for g in found.genes] == ["HGNC:1", "HGNC:1", None]


@pytest.mark.parametrize(
    ("name", "text", "start"),
    [
        ("a.tsv", "symbol\tchrom\tstart\tend\nAAA1\t17\t101\t200\n", 100),
        ("a.tsv", "\ufeffSymbol\tChrom\tStart\tEnd\r\nAAA1\tchr17\t101\t200\r\n", 100),
        ("a.tsv", "##made\n#chrom\tstart\tend\tgene\n17\t101\t200\tAAA1\n", 100),
        (
            "a.tsv",
            "Gene name\tChromosome/scaffold name\tGene start (bp)\tGene end (bp)\n"
            "AAA1\t17\t101\t200\n",
            100,
        ),
        ("a.tsv", "chrom\tchromStart\tchromEnd\tname\n17\t100\t200\tAAA1\n", 100),
        ("a.bed", "17\t100\t200\tAAA1\n", 100),
        ("a.bed", "track name=x\n17\t100\t200\tAAA1\t0\t+\n", 100),
    ],
)
def test_tables_of_one_assembly_are_read(
    tmp_path: Path, name: str, text: str, start: int
) -> None:
    """Other headers, and BED, mean the same place."""
    found = _read(tmp_path, text, name, "hg38")

    assert _places(found) == [("AAA1", "GRCh38", "17", start, 200, True)]


def test_gzip_is_read(tmp_path: Path) -> None:
    """A compressed table is a table, whatever its name says."""
    found = _read(tmp_path, gzip.compress(BOTH.encode()), "genes.txt")

    assert len(found.genes) == 3


def test_aliases_are_read(tmp_path: Path) -> None:
    """An alias is kept with its kind and its gene."""
    text = (
        "alias\tkind\thgnc_id\tapproved_symbol\n"
        "OLD1\tprevious\tHGNC:1\tAAA1\nalpha\talias\tHGNC:1\tAAA1\n"
    )
    found = _read(tmp_path, text)

    approved = GeneName("AAA1", "approved", "HGNC:1", "AAA1")
    assert found.names == [
        approved,
        GeneName("OLD1", "previous", "HGNC:1", "AAA1"),
        approved,
        GeneName("alpha", "alias", "HGNC:1", "AAA1"),
    ]


def test_the_complete_set_of_hgnc_is_read(tmp_path: Path) -> None:
    """Aliases and previous symbols stand in one row, parted by bars."""
    text = (
        "hgnc_id\tsymbol\tname\talias_symbol\tprev_symbol\n"
        'HGNC:1\tAAA1\tthe first\t"A1|A2"\tOLD1\n'
    )
    found = _read(tmp_path, text)

    assert [(n.name, n.kind) for n in found.names] == [
        ("AAA1", "approved"),
        ("A1", "alias"),
        ("A2", "alias"),
        ("OLD1", "previous"),
    ]


def test_what_lies_elsewhere_is_counted(tmp_path: Path) -> None:
    """Scaffolds are left out and named."""
    text = "symbol\tchrom\tstart\tend\nA\tKI270713.1\t1\t9\nB\t1\t1\t9\n\t1\t1\t2\n"
    found = _read(tmp_path, text, assembly="GRCh38")

    assert [g.symbol for g in found.genes] == ["B"]
    assert dict(found.skipped) == {
        "not on a chromosome of GRCh38": 1,
        "a gene without a name": 1,
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the file is empty"),
        ("a\tb\n1\t2\n", r":1: these columns are no table .*: a, b;"),
        ("symbol\tchrom\tstart\tend\n", "holds no gene"),
        ("symbol\tchrom\tstart\tend\nA\t1\t1\n", ":2: 3 columns stand here"),
        ("symbol\tchrom\tstart\tend\nA\t1\tx\t9\n", ":2: 'x' to '9' are no pos"),
        ("symbol\tchrom\tstart\tend\nA\t1\t9\t3\n", ":2: 1:9-3 is no stretch"),
        ("symbol\tchrom\tstart\tend\nA\t1\t0\t3\n", ":2: 1:0-3 is no stretch"),
        ("symbol\tchrom\tstart\tend\nA\tMT\t1\t16570\n", "has 16569 bases"),
        ("symbol\tsymbol\tstart\tend\n", "symbol is there twice"),
        ("symbol\thgnc_id\tchrom\tstart\tend\nA\tX9\t1\t1\t2\n", "no HGNC id"),
        (b"symbol\tchrom\tstart\tend\n\xff\t1\t1\t2\n", "not UTF-8"),
        (b"\x1f\x8bnot gzip", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_named(
    tmp_path: Path, text: str | bytes, reason: str
) -> None:
    """An unreadable table is one sentence with its file, and its line."""
    with pytest.raises(ReadError, match=reason) as caught:
        _read(tmp_path, text, assembly="GRCh38")

    assert "genes.tsv" in str(caught.value)


def test_a_table_that_is_not_there_is_named_as_given(tmp_path: Path) -> None:
    """Its whole path stands in the sentence, as for any other file."""
    path = tmp_path / "genes.tsv"
    with pytest.raises(ReadError) as caught:
        read_genes([path], "GRCh38")

    assert str(caught.value) == f"{path}: cannot be read (No such file or directory)"


def test_the_assembly_must_be_said(tmp_path: Path) -> None:
    """Places on an assembly nobody names are refused, as are unknown assemblies."""
    text = "symbol\tchrom\tstart\tend\nA\t1\t1\t9\n"

    with pytest.raises(ReadError, match="give --assembly"):
        _read(tmp_path, text)
    with pytest.raises(InvalidRequest, match="hg99"):
        _read(tmp_path, text, assembly="hg99")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A file that is not there is an error with its name."""
    with pytest.raises(ReadError, match=r"none\.tsv"):
        read_genes([tmp_path / "none.tsv"], None)
