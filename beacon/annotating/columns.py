"""Whose values stand in a record, in which order, and how a header says so.

A value stands for an ALT and a dataset: that of ALT ``a`` and dataset ``d`` of ``D``
is the one at ``a * D + d``, counted from 0.  Datasets are in the order of the
header's ``beacon_dataset`` lines.  Nothing of the file's origin is said.
VCF 4.5, section 1.4.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from beacon.model.dataset import Dataset

FIELDS = ("BEACON_AC", "BEACON_AN", "BEACON_AF", "BEACON_HOM", "BEACON_STATUS")
ADJUSTED = "BEACON_ROUNDED_TO"
"""Stands beside the others in records where some of them are not exact."""
_ORDER = (
    "one value for each ALT and beacon_dataset line of this header, all datasets of"
    " the first ALT first"
)
_DESCRIBED = {
    "BEACON_AC": ("Integer", "Called copies of the allele"),
    "BEACON_AN": ("Integer", "Called copies of any allele there"),
    "BEACON_AF": ("Float", "Frequency of the allele, AC / AN"),
    "BEACON_HOM": ("Integer", "Homozygous people"),
    "BEACON_STATUS": (
        "String",
        "seen, not_seen, not_covered, withheld, refused, no_answer or not_asked",
    ),
    ADJUSTED: (
        "Integer",
        "AC, AN and AF are made of numbers that were adjusted to multiples of this by"
        " the policy of the dataset; where it is missing they are exact",
    ),
}
_OURS = re.compile(
    rb"##(?:INFO=<ID=BEACON_(?:AC|AN|AF|HOM|STATUS|ROUNDED_TO)[,>]"
    rb"|beacon_(?:dataset|annotate)=)"
)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A dataset whose values are written.

    Attributes:
        dataset: its id, as its beacon calls it.
        label: its id in the file, which no other has.
        release: the number of its release, as its beacon says it.
        released: the day that was published, as ``2026-05-01``.
        sample_count: people; ``None`` where it is sites only, or not said.
    """

    dataset: str
    label: str
    name: str
    release: int | None = None
    released: str | None = None
    sample_count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consulted:
    """A beacon that is asked, and the datasets it answers for.

    Attributes:
        address: where it is, without credentials; ``None``: the local store.
    """

    beacon: str
    columns: tuple[Column, ...]
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where the values of a file come from, apart from the datasets.

    Attributes:
        is_aligned: whether alleles were left-aligned with a reference.
    """

    version: str
    moment: datetime
    assembly: str
    is_aligned: bool


def columns_of(datasets: Sequence[Dataset], assembly: str) -> tuple[Column, ...]:
    """Return a column for each dataset that serves an assembly."""
    return tuple(
        Column(
            dataset=dataset.id,
            label=dataset.id,
            name=dataset.name,
            release=release.ordinal,
            released=release.published.date().isoformat(),
            sample_count=release.sample_count,
        )
        for dataset in datasets
        if (release := dataset.release) is not None and release.assembly == assembly
    )


def distinct(consulted: Sequence[Consulted]) -> tuple[Consulted, ...]:
    """Return the same beacons, no two columns of which have one label.

    A dataset of a name that several beacons use is called ``beacon:dataset``, and
    where that is not enough, too, it is numbered.
    """
    held = Counter(c.dataset for each in consulted for c in each.columns)
    taken: set[str] = set()

    def label(beacon: str, dataset: str) -> str:
        plain = dataset if held[dataset] == 1 else f"{beacon}:{dataset}"
        chosen, number = plain, 1
        while chosen in taken:
            number += 1
            chosen = f"{plain}#{number}"
        taken.add(chosen)
        return chosen

    return tuple(
        replace(
            each,
            columns=tuple(
                replace(c, label=label(each.beacon, c.dataset)) for c in each.columns
            ),
        )
        for each in consulted
    )


def annotated_header(
    header: Sequence[bytes], consulted: Sequence[Consulted], origin: Provenance
) -> list[bytes]:
    """Return a header's lines with ours before ``#CHROM``, instead of earlier ones."""
    kept = [line for line in header if not _OURS.match(line)]
    ours = [line.encode() for line in _our_lines(consulted, origin)]
    return [*kept[:-1], *ours, kept[-1]]


def _our_lines(consulted: Sequence[Consulted], origin: Provenance) -> Iterator[str]:
    for name, (kind, what) in _DESCRIBED.items():
        said = _quoted(f"{what}: {_ORDER}")
        yield f"##INFO=<ID={name},Number=.,Type={kind},Description={said}>"
    for column in (c for each in consulted for c in each.columns):
        yield f"##beacon_dataset=<{','.join(_dataset(column))}>"
    for number, each in enumerate(consulted, 1):
        members = ",".join(_beacon(number, each, origin))
        yield f"##beacon_annotate=<{members}>"


def _dataset(column: Column) -> Iterator[str]:
    yield f"ID={_word(column.label)}"
    yield f"Name={_quoted(column.name)}"
    if column.release is not None:
        yield f"Release={column.release}"
    if column.released is not None:
        yield f"Released={_word(column.released)}"
    if column.sample_count is not None:
        yield f"Samples={column.sample_count}"


def _beacon(number: int, each: Consulted, origin: Provenance) -> Iterator[str]:
    yield f"ID={number}"
    yield f"Beacon={_quoted(each.beacon)}"
    yield f"Address={_quoted(each.address or 'local store')}"
    yield f"Version={_quoted(f'Nordic Beacon {origin.version}')}"
    yield f"Date={origin.moment.isoformat(timespec='seconds')}"
    yield f"Assembly={origin.assembly}"
    yield f"Reference={'used' if origin.is_aligned else 'none'}"


def _quoted(text: str) -> str:
    plain = _UNPRINTABLE.sub(" ", text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'


def _word(text: str) -> str:
    """Return a text as a value without quotes: nothing that would end it."""
    return re.sub(r"[\s\x00-\x1f\x7f,<>\"=]", "_", text)
