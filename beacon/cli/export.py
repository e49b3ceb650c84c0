"""``beacon export``: the site frequencies of a reference dataset, as one VCF.

For tools that annotate whole genomes from a file (vcfanno, echtvar, SVDB).  Only a
reference dataset is written, or one of which the policy lets everybody see exact
counts.  It is read stretch by stretch, and appears whole or not at all.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from beacon.cli.options import settings_of
from beacon.cli.withdraw import leave_out_forgotten
from beacon.model.assemblies import ASSEMBLIES
from beacon.model.errors import StoreUnavailable, UsageError
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.query import Granularity, Include, Page, Query
from beacon.model.requester import ANONYMOUS, OPERATOR
from beacon.opening import policy_of, references_of
from beacon.policy.asking import tells_exactly
from beacon.policy.policy import permit
from beacon.service import LocalBeacon
from beacon.store.connection import connect
from beacon.store.variants import VariantStore
from loaders.packed import packed
from loaders.sites import Origin, SiteWriter
from loaders.writing import Form, NewFile, form_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from beacon.model.dataset import Dataset, Release
    from beacon.model.disclosure import VariantDisclosure
    from beacon.model.genome import Contig
    from beacon.settings import Settings
    from beacon.store.connection import StoreAddress

_STDOUT = "-"
_POPULATION = "population"
_TOTAL = "Total"
_PATIENCE = 600.0
"""Seconds for one stretch: nobody waits for an answer but this command."""
_WIDTH = 1 << 20
_FEWEST_BASES = 1 << 10
_MANY = 50_000
"""Alleles of a stretch after which the next one is narrower."""
_EVERY_RECORD = 1_000_000_000
_GATHERED = 1 << 20
_PLAIN, _CHR = "plain", "chr"


class _Wish(NamedTuple):
    """What was asked of this command."""

    dataset: str
    out: str
    names: str | None


@click.command()
@click.option("--dataset", required=True, metavar="ID", help="The dataset to write.")
@click.option(
    "-o",
    "--output",
    "out",
    required=True,
    metavar="OUT",
    help="OUT.vcf.gz, OUT.bcf, OUT.vcf, or - for text on standard output.",
)
@click.option(
    "--contigs",
    "names",
    type=click.Choice([_PLAIN, _CHR]),
    help="Names: 1 … MT, or chr1 … chrM [default: plain for GRCh37, chr for others].",
)
@click.pass_context
def export(context: click.Context, dataset: str, out: str, names: str | None) -> None:
    """Write the site frequencies of a reference dataset as VCF.

    Exit code: 0 written, 1 not (nothing is left), 2 bad usage.
    """
    wish = _Wish(dataset, out, names)
    form = Form.TEXT if out == _STDOUT else form_of(Path(out))
    settings = settings_of(context)
    with ExitStack() as opened:
        address = opened.enter_context(connect(settings.store_uri, settings.data_dir))
        leave_out_forgotten(address, settings)
        count, release = asyncio.run(_export(settings, address, wish, form))
    click.echo(
        f"{count:,} alleles of {dataset}, release {release.ordinal}"
        f" ({release.assembly}), are in {out}",
        err=out == _STDOUT,
    )


async def _export(
    settings: Settings, address: StoreAddress, wish: _Wish, form: Form
) -> tuple[int, Release]:
    store = await VariantStore.open(address, _PATIENCE)
    try:
        dataset = await _dataset(store, wish.dataset)
        labels = _labels(dataset, settings)
        beacon = LocalBeacon(
            store, policy_of(settings), references={}, deadline=_PATIENCE
        )
        release = _release(dataset)
        writer = SiteWriter(
            release.assembly,
            labels,
            prefix=_prefix(wish.names, release.assembly),
            reference=references_of(settings).get(release.assembly),
        )
        head = writer.head(_origin(settings, dataset, release))
        stretches = _stretches(beacon, dataset.id, release)
        if wish.out == _STDOUT:
            return await _pour(
                head, stretches, writer, sys.stdout.buffer.write
            ), release
        with NewFile(Path(wish.out), form) as file:
            is_packed = form is Form.PACKED

            def write(data: bytes) -> None:
                file.write(packed(data) if is_packed else data)

            count = await _pour(head, stretches, writer, write)
            longest = max(c.length for c in ASSEMBLIES[release.assembly].contigs)
            file.publish(is_indexed=True, longest=longest)
        return count, release
    finally:
        await store.close()


async def _dataset(store: VariantStore, name: str) -> Dataset:
    """Return a dataset that has variants.

    Raises:
        UsageError: there is none.
    """
    found = {dataset.id: dataset for dataset in await store.datasets()}
    if name not in found or found[name].release is None:
        known = ", ".join(sorted(n for n, d in found.items() if d.release)) or "none"
        message = f"--dataset {name[:200]}: the datasets with variants are {known}"
        raise UsageError(message)
    return found[name]


def _release(dataset: Dataset) -> Release:
    if dataset.release is None:
        message = f"{dataset.id} serves no variants any more"
        raise StoreUnavailable(message)
    return dataset.release


def _labels(dataset: Dataset, settings: Settings) -> list[str]:
    """Return the groups of a dataset that may be written.

    Raises:
        UsageError: when none may.
    """
    labels = [group.label for group in _release(dataset).layout.groups]
    if dataset.kind == _POPULATION:
        return labels
    granted = permit(policy_of(settings), ANONYMOUS, dataset)
    is_open = settings.policy.is_given and granted is not None
    if granted is None or not is_open or not tells_exactly(granted):
        message = (
            f"{dataset.id} is no reference dataset, and no policy lets everybody see"
            " its exact counts; say what it is with beacon datasets set"
            f" {dataset.id} --kind population"
        )
        raise UsageError(message)
    if granted.granularity < Granularity.RECORD:
        return [label for label in labels if label == _TOTAL]
    return labels


def _prefix(names: str | None, assembly: str) -> str:
    usual = _PLAIN if assembly == "GRCh37" else _CHR
    return _CHR if (names or usual) == _CHR else ""


def _origin(settings: Settings, dataset: Dataset, release: Release) -> Origin:
    people = release.sample_count
    return Origin(
        facts={
            "ID": "export",
            "Beacon": settings.beacon.id,
            "Dataset": dataset.id,
            "Name": dataset.name,
            "Release": str(release.ordinal),
            "Published": release.published.date().isoformat(),
            "People": "unknown" if people is None else str(people),
        },
        program=f"nordic-beacon-{version('nordic-beacon')}",
        date=datetime.now(UTC).strftime("%Y%m%d"),
    )


async def _pour(
    head: bytes,
    stretches: AsyncIterator[list[VariantDisclosure]],
    writer: SiteWriter,
    write: Callable[[bytes], object],
) -> int:
    """Write all alleles; return how many."""
    count, gathered = 0, bytearray(head)
    async for found in stretches:
        for variant in found:
            gathered += writer.line(variant)
            if len(gathered) >= _GATHERED:
                write(bytes(gathered))
                gathered.clear()
        count += len(found)
    write(bytes(gathered))
    return count


async def _stretches(
    beacon: LocalBeacon, dataset: str, release: Release
) -> AsyncIterator[list[VariantDisclosure]]:
    """Yield the alleles of a release, a stretch at a time, in the order of the genome.

    Raises:
        StoreUnavailable: when the dataset serves another release meanwhile.
    """
    for contig in ASSEMBLIES[release.assembly].contigs:
        if contig.name not in release.contigs:
            continue
        low, width = 0, _WIDTH
        while low <= contig.length:
            high = min(low + width, contig.length + 1)
            found = await _found(beacon, dataset, release, (contig, low, high))
            yield found
            low = high
            is_full = len(found) > _MANY
            width = max(width // 2, _FEWEST_BASES) if is_full else width
            width = min(width * 2, _WIDTH) if len(found) < _MANY // 4 else width


async def _found(
    beacon: LocalBeacon, dataset: str, release: Release, where: tuple[Contig, int, int]
) -> list[VariantDisclosure]:
    """Return the alleles that begin in a stretch."""
    contig, low, high = where
    pattern = VariantPattern(contig=contig, start=Bounds(low=low, high=high))
    query = Query(
        pattern=pattern,
        datasets=(dataset,),
        granularity=Granularity.RECORD,
        include=Include.ALL,
        page=Page(limit=_EVERY_RECORD),
    )
    said = await beacon.answer(query, OPERATOR)
    for part in said.datasets:
        if part.release != release.ordinal:
            message = f"{dataset} serves another release now; nothing was written"
            raise StoreUnavailable(message)
        # A breakend is found at its mate's place, too; it is written at its own.
        mine = [
            variant
            for variant in part.variants
            if variant.allele.contig == contig and low <= variant.allele.start < high
        ]
        return sorted(mine, key=_order)
    message = f"{dataset} is not served any more; nothing was written"
    raise StoreUnavailable(message)


def _order(variant: VariantDisclosure) -> tuple[int, str, str]:
    allele = variant.allele
    return allele.start, allele.reference, allele.alternate
