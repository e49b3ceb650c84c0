"""Files → counted records.  No database is ever seen here.

``open_cohort`` reads headers and refuses what does not fit; its ``records``
are what a store keeps.
"""

from loaders.cohort import Cohort, LoadOptions, open_cohort

__all__ = ["Cohort", "LoadOptions", "open_cohort"]
