"""Small cohorts of genotypes, loaded with and without somebody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from beacon.ingest import LoadRequest, append_variants, load_variants
from loaders import LoadOptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from beacon.store.releases import Catalogue

HEAD = (
    "##fileformat=VCFv4.3\n"
    '##FILTER=<ID=LowQual,Description="low">\n'
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"
)
PEOPLE = ("P1", "P2", "P3", "P4")
SAMPLES = (
    "sample\tindividual\tsex\tstatus\tcity\n"
    "P1\tI1\tM\taffected\tLund\n"
    "P2\tI2\tF\taffected\t\n"
    "P3\tI3\tM\tunaffected\tLund\n"
    "P4\tI4\tF\t\tUmea\n"
)


@dataclass(frozen=True, kw_only=True)
class Record:
    """One line of a file: chromosome, position, bases and genotypes."""

    chromosome: str
    pos: int
    reference: str
    alternates: str
    genotypes: tuple[str, ...]
    filters: str = "PASS"
    name: str = "."

    @property
    def line(self) -> str:
        """The line as it is written."""
        fixed = (self.chromosome, str(self.pos), self.name, self.reference)
        more = (self.alternates, "50", self.filters, ".", "GT")
        return "\t".join((*fixed, *more, *self.genotypes)) + "\n"

    @property
    def spelled(self) -> list[str]:
        """Its alleles as people ask for them, and one that is not declared."""
        place = f"{self.chromosome}-{self.pos}-{self.reference}"
        bases = next(b for b in "ACGT" if b not in self.reference + self.alternates)
        return [f"{place}-{alt}" for alt in (*self.alternates.split(","), bases)]


def load(
    catalogue: Catalogue,
    folder: Path,
    dataset: str,
    records: Sequence[Record],
    people: Sequence[str] = PEOPLE,
    *,
    appends: bool = False,
    **options: object,
) -> None:
    """Load records as a dataset, or append them to it."""
    path = folder / f"{dataset}{'.more' if appends else ''}.vcf"
    table = folder / "samples.tsv"
    path.write_text(HEAD + "\t".join(people) + "\n" + "".join(r.line for r in records))
    table.write_text(SAMPLES)
    request = LoadRequest(
        dataset=dataset,
        paths=(path,),
        options=LoadOptions(assembly="GRCh37", samples=table, **options),  # type: ignore[arg-type]
        references={},
    )
    (append_variants if appends else load_variants)(catalogue, request)
