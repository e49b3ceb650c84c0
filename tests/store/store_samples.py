"""Small layouts, records and loads that the store's tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.counts import Carriers, Group, Layout, Tally, VariantRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beacon.model.dataset import Release
    from beacon.store.releases import Catalogue

CHR21 = ASSEMBLIES["GRCh37"].contigs[20]
CHR22 = ASSEMBLIES["GRCh37"].contigs[21]
TOTAL = Group(label="Total", columns=(0, 1))
LAYOUT = Layout(baseline=(100, 60), groups=(TOTAL,))
CARRIED = Tally((100, 58), (Carriers(1, 3, 1, 1, 0),))
NOT_CARRIED = Tally((100, 58), ())
SITE = Tally((90, 50), ())


def record(
    start: int,
    reference: str,
    alternate: str,
    tally: Tally = CARRIED,
    filters: tuple[str, ...] = (),
    rank: int = 22,
) -> VariantRecord:
    """Return the record of one sequence allele."""
    return VariantRecord(
        rank, start, start + len(reference), reference, alternate, tally, filters
    )


def load(
    catalogue: Catalogue,
    dataset: str,
    records: Sequence[VariantRecord],
    assembly: str = "GRCh37",
    fingerprint: str = "f",
) -> Release:
    """Load and publish records as one release."""
    contigs = ASSEMBLIES[assembly].contigs
    names = frozenset(contigs[r.rank - 1].name for r in records)
    exist = {r[:5] for r in records if r.alternate and r.tally.exists and not r.filters}
    with catalogue.begin(dataset, assembly=assembly, layout=LAYOUT) as writer:
        writer.put(records)
        return writer.publish(
            fingerprint=fingerprint,
            genotyped=True,
            contigs=names,
            variants=len(exist),
            sample_count=80,
            inputs=(),
            tool="test",
            options={},
            report={},
        )
