"""Site frequencies as VCF text: what is written, and that pysam reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pysam
import pytest

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.counts import AlleleCounts
from beacon.model.disclosure import GroupDisclosure, VariantDisclosure
from beacon.model.structure import Structure
from beacon.model.variant import Allele
from loaders.sites import Origin, SiteWriter

if TYPE_CHECKING:
    from pathlib import Path

CHR20 = ASSEMBLIES["GRCh38"].contigs[19]
MT = ASSEMBLIES["GRCh38"].contigs[24]
COUNTS = AlleleCounts(ac=3, an=10, hom=1, het=1, hemi=0)
FEW = AlleleCounts(ac=0, an=0, hom=0, het=0, hemi=0)
ORIGIN = Origin(
    facts={"ID": "export", "Name": 'a "name" <of> it\nall'},
    program="nordic-beacon-0.1.0",
    date="20261127",
)


class AllC:
    """A genome in which every base is C."""

    def bases(self, contig: object, start: int, end: int) -> str:
        """Return as many."""
        del contig
        return "C" * (end - start)


def variant(
    alternate: str,
    *,
    end: int = 101,
    reference: str = "A",
    structure: Structure | None = None,
    mt: bool = False,
    counts: tuple[AlleleCounts, ...] = (COUNTS, FEW),
) -> VariantDisclosure:
    """Return an allele at base 101, with the counts of two groups."""
    allele = Allele(
        contig=MT if mt else CHR20,
        start=100,
        end=end,
        reference=reference,
        alternate=alternate,
        structure=structure,
    )
    labels = ("Total", "SE F")
    groups = tuple(
        GroupDisclosure(label=label, counts=each)
        for label, each in zip(labels, counts, strict=True)
    )
    return VariantDisclosure(allele=allele, groups=groups)


WRITER = SiteWriter("GRCh38", ["Total", "SE F"], prefix="chr")
TAIL = (
    "AC=3;AN=10;AF=0.3;nhomalt=1;nhet=1;nhemi=0;"
    "AC_SE_F=0;AN_SE_F=0;nhomalt_SE_F=0;nhet_SE_F=0;nhemi_SE_F=0"
)


@pytest.mark.parametrize(
    ("given", "record"),
    [
        (variant("G"), "chr20\t101\t.\tA\tG\t.\tPASS\t"),
        (variant("AT", mt=True), "chrM\t101\t.\tA\tAT\t.\tPASS\t"),
        (
            variant("<DEL>", reference="N", end=200),
            "chr20\t101\t.\tN\t<DEL>\t.\tPASS\tSVTYPE=DEL;END=200;SVLEN=-99;",
        ),
        (
            variant("<INS:ME:ALU=280>", reference="N"),
            "chr20\t101\t.\tN\t<INS:ME:ALU>\t.\tPASS\tSVTYPE=INS;END=101;SVLEN=280;",
        ),
        (
            variant("<INS>", reference="N"),
            "chr20\t101\t.\tN\t<INS>\t.\tPASS\tSVTYPE=INS;END=101;",
        ),
        (
            variant("<CN3>", reference="N", end=200),
            "chr20\t101\t.\tN\t<CN3>\t.\tPASS\tSVTYPE=CNV;END=200;SVLEN=99;",
        ),
        (
            variant("N[8:5000[", reference="N"),
            "chr20\t101\t.\tN\tN[chr8:5000[\t.\tPASS\tSVTYPE=BND;",
        ),
        (
            variant("]8:5000]N", reference="N"),
            "chr20\t101\t.\tN\t]chr8:5000]N\t.\tPASS\tSVTYPE=BND;",
        ),
        (variant("N.", reference="N"), "chr20\t101\t.\tN\tN.\t.\tPASS\tSVTYPE=BND;"),
        (
            variant("N?8:5000?", reference="N"),
            "chr20\t101\t.\tN\t<TRA>\t.\tPASS\tSVTYPE=TRA;CHR2=chr8;POS2=5000;",
        ),
        (
            variant(
                "<DUP>",
                reference="N",
                end=200,
                structure=Structure((-5, 5), (-9, 0), is_imprecise=True),
            ),
            "chr20\t101\t.\tN\t<DUP>\t.\tPASS\tSVTYPE=DUP;END=200;SVLEN=99;IMPRECISE;"
            "CIPOS=-5,5;CIEND=-9,0;",
        ),
    ],
)
def test_each_kind_of_allele_is_a_record(given: VariantDisclosure, record: str) -> None:
    """Bases as they are, structural ones with type, end, length and margins."""
    assert WRITER.line(given).decode() == f"{record}{TAIL}\n"


def test_base_before_an_event_is_that_of_the_reference() -> None:
    """With a genome at hand, REF and the base of a breakend are read from it."""
    writer = SiteWriter("GRCh38", ["Total"], reference=AllC())
    events = [
        variant("<DEL>", reference="N", end=200),
        variant("[8:7[N", reference="N"),
    ]
    found = [writer.line(each).decode().split("\t")[3:5] for each in events]

    assert found == [["C", "<DEL>"], ["C", "[8:7[C"]]


def test_what_is_not_known_is_not_written() -> None:
    """A source without counts leaves INFO empty; without AN there is no frequency."""
    nothing = AlleleCounts(ac=None, an=None)
    counted = AlleleCounts(ac=4, an=None)
    writer = SiteWriter("GRCh37", ["Total"])

    assert writer.line(variant("G", counts=(nothing, nothing))).endswith(b"PASS\t.\n")
    assert writer.line(variant("G", counts=(counted, FEW))).endswith(b"\tAC=4\n")


def test_labels_that_look_alike_stay_apart() -> None:
    """Two groups whose labels differ in forbidden letters have two names."""
    head = SiteWriter("GRCh38", ["Total", "a b", "a-b"]).head(ORIGIN).decode()

    assert "ID=AC_a_b," in head
    assert "ID=AC_a_b_," in head


def test_file_is_read_by_htslib(tmp_path: Path) -> None:
    """The head declares all that records use, and free text breaks nothing."""
    path = tmp_path / "a.vcf"
    records = [variant("G"), variant("<DEL>", reference="N", end=200)]
    path.write_bytes(WRITER.head(ORIGIN) + b"".join(map(WRITER.line, records)))
    with pysam.VariantFile(str(path)) as file:
        first, second = list(file)

        assert first.info["AC"] == (3,)
        assert first.info["AN_SE_F"] == 0
        assert second.stop == 200
        assert second.info["SVLEN"] == -99
        assert 'Name="a  name   of  it all"' in str(file.header)
