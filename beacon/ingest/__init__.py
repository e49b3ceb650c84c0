"""Loads, and what becomes of loaded people: where files and the store meet.

Everything here ends in one pointer that is flipped in the catalogue, or in
nothing at all.
"""

from beacon.ingest.appending import append_variants
from beacon.ingest.comparing import with_duplicates
from beacon.ingest.journal import Journal
from beacon.ingest.leaving import withdrawn_from
from beacon.ingest.loading import (
    LoadOutcome,
    LoadRequest,
    load_genes,
    load_variants,
    try_variants,
)
from beacon.ingest.withdrawing import (
    WithdrawOutcome,
    is_forgetful,
    reapply,
    withdraw,
)

__all__ = [
    "Journal",
    "LoadOutcome",
    "LoadRequest",
    "WithdrawOutcome",
    "append_variants",
    "is_forgetful",
    "load_genes",
    "load_variants",
    "reapply",
    "try_variants",
    "with_duplicates",
    "withdraw",
    "withdrawn_from",
]
