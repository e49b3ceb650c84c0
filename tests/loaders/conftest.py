"""What the loader tests share: writing a small VCF, and the naive twin."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.counts import VariantRecord, group_counts
from loaders import Cohort, LoadOptions, open_cohort
from tests.loaders.laws import assert_shares

Row = tuple[str, int, str, str, str, tuple[str, ...]]
"""contig, POS, REF, ALT, FILTER and sample cells."""


@pytest.fixture
def write_vcf(tmp_path: Path) -> Callable[..., Path]:
    """Give a function that writes rows as a VCF and returns its path."""

    def write(
        rows: Sequence[Sequence[object]],
        samples: Sequence[str] = (),
        *,
        name: str = "x.vcf",
        header: Sequence[str] = (),
    ) -> Path:
        fixed = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
        columns = [*fixed, "FORMAT", *samples] if samples else fixed
        lines = ["##fileformat=VCFv4.3", *header, "\t".join(columns)]
        for contig, pos, ref, alt, *rest in rows:
            filters, info, *cells = rest or ("PASS", ".")
            fields = [contig, pos, ".", ref, alt, ".", filters, info]
            lines.append(
                "\t".join(map(str, [*fields, *(["GT"] if cells else []), *cells]))
            )
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


@pytest.fixture
def load() -> Callable[..., tuple[Cohort, dict[str, VariantRecord]]]:
    """Give a function that reads files whole: the cohort and its last records."""

    def read(*paths: Path, reference=None, **options):
        cohort = open_cohort(paths, LoadOptions(**{"assembly": "GRCh37", **options}))
        records = {}
        for record in cohort.records(reference):
            assert_shares(cohort, record)
            contig = ASSEMBLIES[cohort.assembly.name].contigs[record.rank - 1].name
            alternate = record.alternate or "place"
            key = f"{contig}-{record.start + 1}-{record.reference}-{alternate}"
            if "<" in alternate:  # one name may end at several places
                key = f"{key}-{record.end}"
            records[key] = record
        return cohort, records

    return read


@pytest.fixture
def counts_of() -> Callable[[Cohort, VariantRecord], dict[str, tuple[int | None, ...]]]:
    """Give a function that returns a record's (AC, AN, hom, het, hemi) by group."""

    def counts(cohort: Cohort, record: VariantRecord):
        found = {}
        for group in cohort.layout.groups:
            c = group_counts(record.tally, group)
            found[group.label] = (c.ac, c.an, c.hom, c.het, c.hemi)
        return found

    return counts
