"""Loads, and what becomes of loaded people: where files and the store meet.

Everything here ends in one pointer that is flipped in the catalogue, or in
nothing at all.
"""

from beacon.ingest.appending import append_variants
from beacon.ingest.loading import (
    LoadOutcome,
    LoadRequest,
    load_genes,
    load_variants,
    try_variants,
)

__all__ = [
    "LoadOutcome",
    "LoadRequest",
    "append_variants",
    "load_genes",
    "load_variants",
    "try_variants",
]
