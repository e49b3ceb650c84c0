"""Store a callset as cgbeacon2's loader would: run by its own environment.

    python cgbeacon2_load.py DATASET CALLSET.vcf SAMPLE

Its loader takes a thousandth of a second an allele.  Here its own model makes every
document, which are stored in bulk; those that its loader has stored before must
equal them in every field.  Prints how many did.
"""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from cgbeacon2.models.variant import Variant
from cgbeacon2.server import create_app
from cgbeacon2.utils.update import update_dataset

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH = 5_000


def documents(path: Path, dataset: str, sample: str) -> Iterator[dict[str, object]]:
    """Yield the document of every allele, in the file's order."""
    with path.open() as lines:
        for line in lines:
            if line.startswith("#"):
                continue
            chromosome, position, _, reference, alternate, _ = line.split("\t", 5)
            start = int(position) - 1
            same = len(reference) == len(alternate)
            parsed = {
                "chromosome": chromosome,
                "start": start,
                "end": start + len(reference),
                "reference_bases": reference,
                "alternate_bases": [alternate],
                "variant_type": "SNP" if same and len(reference) == 1 else "INDEL",
            }
            held = {dataset: {"samples": {sample: {"allele_count": 1}}}}
            variant = Variant(parsed, held, "GRCh38")
            variant.call_count = 1
            yield variant.__dict__


def main() -> None:
    """Compare with what is there, store the rest, and count as the loader does."""
    dataset, path, sample = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    app = create_app()
    variants = app.db["variant"]
    stored = {one["_id"]: list(one.items()) for one in variants.find()}
    equal = 0
    made = documents(path, dataset, sample)
    while batch := list(islice(made, BATCH)):
        for one in [one for one in batch if one["_id"] in stored]:
            if sorted(one.items(), key=str) != sorted(stored[one["_id"]], key=str):
                sys.exit(f"its loader stored {stored[one['_id']]}, we made {one}")
            equal += 1
        new = [one for one in batch if one["_id"] not in stored]
        if new:
            variants.insert_many(new, ordered=False)
    if equal != len(stored):
        sys.exit(f"{len(stored) - equal} documents of its loader were not made here")
    with app.app_context():
        update_dataset(database=app.db, dataset_id=dataset, samples=[sample], add=True)
    print(f"equal {equal}")


if __name__ == "__main__":
    main()
