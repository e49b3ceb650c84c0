"""What both drivers share: options, collection names, and errors in our words.

``variants_<assembly>`` holds one document per short variant,

    {_id: key, r?: REF, a?: ALT, d: {"<field>": packed counts}}

with ``r`` and ``a`` where the key holds only their hash.  ``long_<assembly>``
holds variants that are structural or span more than 1,000 bases,

    {_id: digest, c: rank, k: length class, s: start, e: end, r, a, d, mc?, ms?}

under an index by length class, so that a question reads only what can reach it.
A breakend also has its mate's contig and start, under an index of their own: it
is found from both sides.
``coverage_<assembly>`` holds where releases looked, 16,384 bases a document,

    {_id: key of the first base, d: {"<field>": packed runs}}

A field is the number of a part of releases (``rows``), or of an overlay of one.
``documents`` and ``postings`` hold documents and what finds them (``postings``).
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar, cast

from pymongo import WriteConcern
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
)
from pymongo.uri_parser import parse_uri

from beacon.model.errors import StoreUnavailable
from beacon.model.variant import is_long as is_long  # the store's word for it, too

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from pymongo.database import Database

DATASETS = "datasets"
RELEASES = "releases"
COUNTERS = "counters"
GENES = "genes"
ONTOLOGIES = "ontologies"
PEOPLE = "people"
LONG_INDEX = [("c", 1), ("k", 1), ("s", 1), ("e", 1)]
MATE_INDEX = [("mc", 1), ("ms", 1)]
HAS_MATE: dict[str, object] = {"mc": {"$exists": True}}
DOCUMENTS = "documents"
POSTINGS = "postings"
DOCUMENT_SETS = "document_sets"
COHORTS = "cohorts"
SETTLE = 3.0
"""Seconds a release's rows stay after it stopped being served: readers keep the
pointers they have read for less than this."""

LONGEST_MS = 4500
"""Milliseconds after which the server gives up a read, where nobody says less."""

_DUPLICATE_KEY = 11000
_STEPPED_DOWN = frozenset((91, 189, 10107, 11600, 11602, 13435, 13436))
_RETRY_FOR = 30.0
_NEAR = 15.0
_ELECTION_MS = 30_000
_SINGLE_MS = 10_000

T = TypeVar("T")
Document = dict[str, object]
JOURNALED = WriteConcern(w="majority", j=True)


def variants_collection(assembly: str) -> str:
    """Return the name of the collection of short variants."""
    return f"variants_{assembly}"


def long_collection(assembly: str) -> str:
    """Return the name of the collection of long and structural variants."""
    return f"long_{assembly}"


def coverage_collection(assembly: str) -> str:
    """Return the name of the collection of where releases looked."""
    return f"coverage_{assembly}"


def carriers_collection(assembly: str) -> str:
    """Return the name of the collection of the people behind counts."""
    return f"carriers_{assembly}"


def reach_collection(assembly: str) -> str:
    """Return the name of the collection of whom reference blocks cover."""
    return f"reach_{assembly}"


def client_options(uri: str, **defaults: object) -> dict[str, object]:
    """Return our defaults, without those that the URI sets itself."""
    given = {name.lower() for name in parse_uri(uri)["options"]}
    ours: dict[str, object] = {"appname": "nordic-beacon", "tz_aware": True, **defaults}
    return {name: value for name, value in ours.items() if name.lower() not in given}


def patience_options(uri: str) -> dict[str, object]:
    """Return how long a load waits for its server: for a set through an election.

    A member that is frozen is found out in some seven seconds.
    """
    parts = parse_uri(uri)
    is_set = len(parts["nodelist"]) > 1 or "replicaSet" in parts["options"]
    return {
        "serverSelectionTimeoutMS": _ELECTION_MS if is_set else _SINGLE_MS,
        "heartbeatFrequencyMS": 2000,
        "connectTimeoutMS": 5000,
    }


def nearness(uri: str) -> float:
    """Return by how many milliseconds a member may be farther than the nearest."""
    return float(parse_uri(uri)["options"].get("localThresholdMS", _NEAR))


@contextmanager
def driver_errors() -> Iterator[None]:
    """Turn every failure of the driver into ``StoreUnavailable``, never an answer."""
    try:
        yield
    except ExecutionTimeout as error:
        message = "the database was too slow to answer"
        raise StoreUnavailable(message) from error
    except OperationFailure as error:
        reason = (error.details or {}).get("codeName", "unknown failure")
        message = f"the database refused the operation ({reason})"
        raise StoreUnavailable(message) from error
    except ConfigurationError as error:
        message = f"the database cannot be reached as configured: {error}"
        raise StoreUnavailable(message) from error
    except PyMongoError as error:
        message = "the database cannot be reached"
        raise StoreUnavailable(message) from error


def server_time(database: Database[Document]) -> datetime:
    """Return the server's clock, the only one that is compared."""
    hello = database.client.admin.command("hello", codec_options=database.codec_options)
    return cast("datetime", hello["localTime"])


def while_away(write: Callable[[], T]) -> T:
    """Do an idempotent write, again while the server is away for a short time.

    Raises:
        StoreUnavailable: when it stays away.
    """
    until = time.monotonic() + _RETRY_FOR
    while True:
        try:
            with driver_errors():
                return write()
        except StoreUnavailable as error:
            is_away = isinstance(error.__cause__, AutoReconnect)
            if not is_away or time.monotonic() > until:
                raise
            time.sleep(0.2)


def duplicates(error: BulkWriteError) -> list[int]:
    """Return which operations met a key that was taken.

    Raises:
        AutoReconnect: when the member ceased to be the primary meanwhile.
        BulkWriteError: when any failed for another reason.
    """
    details = error.details
    failures = details["writeErrors"]
    unsure = details["writeConcernErrors"]
    if unsure and all(f["code"] in _STEPPED_DOWN for f in unsure):
        message = "the member is no primary any more"
        raise AutoReconnect(message) from error
    if unsure or any(f["code"] != _DUPLICATE_KEY for f in failures):
        raise error
    return [f["index"] for f in failures]
