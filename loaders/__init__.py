"""Files → counted records.  No database is ever seen here.

``open_cohort`` reads headers and refuses what does not fit; its ``records``
are what a store keeps.  It is imported when it is asked for: who reads or writes
lines alone does not wait for it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loaders.cohort import Cohort, LoadOptions, open_cohort

__all__ = ["Cohort", "LoadOptions", "open_cohort"]


def __getattr__(name: str) -> object:
    """Return what a cohort is read with."""
    if name in __all__:
        return getattr(import_module("loaders.cohort"), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
