"""In which cell of a summary the allele of a row is counted.  Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from beacon.model.classes import cell, cell_of, class_of, step_of
from beacon.store.keys import decode, start_of
from beacon.store.packing import FILTERED, everybody

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.store.rows import Counts, Rows


def row_cell(rows: Rows, row: Mapping[str, object], counts: Counts) -> int | None:
    """Return the cell of a row's allele in a release; ``None``: it does not exist.

    Args:
        rows: reads the release.
        row: names the allele, by its id or by bases.
        counts: what it holds; this may be other than what is in the row now.
    """
    if not rows.exists(counts):
        return None
    key = row["_id"]
    reference = alternate = None
    if isinstance(key, int):
        _, _, reference, alternate = decode(key)
    if reference is None or alternate is None:
        reference, alternate = str(row["r"]), str(row["a"])
    blobs = rows.blobs(counts)
    if any(blob[0] & FILTERED for _, blob in blobs):
        read = rows.read(counts)
        # It exists, so it is read.
        return None if read is None else cell_of(reference, alternate, read[0])
    told = [everybody(blob, part.layout).ac for part, blob in blobs]
    known = [ac for ac in told if ac is not None]
    # What is only listed yields to counted carriers (``rows.side_by_side``).
    ac = sum(known) if len(known) == len(told) or any(known) else None
    return cell(class_of(reference, alternate), step_of(ac))


def start_of_row(row: Mapping[str, object]) -> int:
    """Return the 0-based start of a row."""
    key = row["_id"]
    return start_of(key) if isinstance(key, int) else cast("int", row["s"])
