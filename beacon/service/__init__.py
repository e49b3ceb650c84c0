"""This beacon's own answers: questions in, what may be said out.

``local`` answers questions about variants, ``documents`` those about documents,
``catalogue`` those about datasets and cohorts; ``LocalBeacon`` is all of them.
No HTTP, no JSON and no database query lives here.
"""

from beacon.service.local import LocalBeacon

__all__ = ["LocalBeacon"]
