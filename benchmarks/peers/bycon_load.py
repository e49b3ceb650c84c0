"""Store a callset for bycon: run by bycon's own environment.

    python bycon_load.py DATABASE CALLSET.vcf ALLELES_OF_AN_ANALYSIS

bycon has no loader of VCF files.  A document has what its ``datatable_mappings.yaml``
and ``argument_definitions.yaml`` name as database keys, and the indexes are those
that the former marks ``indexed``.  The alleles are spread over analyses (of a sample
of a person each), as in its own database: all ids of an analysis that was met are
read to answer, and of a million they would not fit into an answer of MongoDB.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pymongo import MongoClient

if TYPE_CHECKING:
    from collections.abc import Iterator

COLLECTIONS = {
    "genomicVariant": "variants",
    "analysis": "analyses",
    "biosample": "biosamples",
    "individual": "individuals",
}
BATCH = 5_000
SEQUENCE = "refseq:NC_000001.11"


def alleles(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield start, reference and alternate bases."""
    with path.open() as lines:
        for line in lines:
            if not line.startswith("#"):
                _, position, _, reference, alternate, _ = line.split("\t", 5)
                yield int(position) - 1, reference, alternate


def document(
    number: int, allele: tuple[int, str, str], share: int
) -> dict[str, object]:
    """Return the document of an allele."""
    start, reference, alternate = allele
    size = len(alternate) - len(reference)
    kind = "SO:0001483" if not size and len(reference) == 1 else "SO:1000032"
    return {
        "id": f"pgxvar-{number}",
        "variant_internal_id": f"1:{start}:{reference}>{alternate}",
        "analysis_id": f"pgxcs-{number // share}",
        "biosample_id": f"pgxbs-{number // share}",
        "individual_id": f"pgxind-{number // share}",
        "type": "Allele",
        "location": {
            "sequence_id": SEQUENCE,
            "chromosome": "1",
            "start": start,
            "end": start + len(reference),
        },
        "reference_sequence": reference,
        "sequence": alternate,
        "variant_state": {"id": kind},
        "info": {"var_length": abs(size)},
        "updated": "2025-01-01T00:00:00",
    }


def indexed() -> Iterator[tuple[str, str]]:
    """Yield collection and key of every index that bycon's own tables ask for."""
    found = find_spec("bycon")
    if found is None or found.origin is None:
        sys.exit("bycon is not installed")
    tables = Path(found.origin).parent / "config" / "datatable_mappings.yaml"
    for entity, table in yaml.safe_load(tables.read_text())["$defs"].items():
        for parameter in table["parameters"].values():
            if parameter.get("indexed") is True and "db_key" in parameter:
                yield COLLECTIONS[entity], parameter["db_key"]


def main() -> None:
    """Load, then index."""
    name, path, share = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    database = MongoClient(os.environ["BYCON_MONGO_HOST"])[name]
    numbered = enumerate(alleles(path))
    count = 0
    while batch := [document(at, one, share) for at, one in islice(numbered, BATCH)]:
        database["variants"].insert_many(batch, ordered=False)
        count += len(batch)
    for at in range((count + share - 1) // share):
        ids = {"biosample_id": f"pgxbs-{at}", "individual_id": f"pgxind-{at}"}
        database["analyses"].insert_one({"id": f"pgxcs-{at}", **ids})
        database["biosamples"].insert_one({**ids, "id": f"pgxbs-{at}"})
        database["individuals"].insert_one({"id": f"pgxind-{at}"})
    for collection, key in indexed():
        database[collection].create_index(key)


if __name__ == "__main__":
    main()
