"""How right and how fast lifts are, by a chain file and by pairs that others made.

The pairs are a table with columns ``hgvs_g_37`` and ``hgvs_g_38``: the same variant
on both assemblies, as ClinVar gives it.  Each is lifted and compared with the other.
Positions drawn at random are looked up by ``liftover``, too, and must be the same.

    python benchmarks/lifts.py hg19ToHg38.over.chain.gz pairs.tsv [--back]
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import resource
import time
from collections import Counter
from pathlib import Path

from liftover import ChainFile
from measure import machine

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.errors import BeaconError
from beacon.model.lifting import Lifted, Lifting, lifted
from beacon.model.notation import parse
from beacon.model.query import Query
from loaders.chains import read_chains

_DRAWN = 200_000
_SEED = 20261127


def compared(path: Path, pairs: Path, source: str, target: str) -> dict[str, object]:
    """Return what came of lifting pairs and positions by one file."""
    began = time.perf_counter()
    chains = read_chains(path, source, target)
    opened = time.perf_counter() - began
    known = Lifting(chains={(source, target): chains})
    column = {"GRCh37": "hgvs_g_37", "GRCh38": "hgvs_g_38"}
    words: Counter[str] = Counter()
    spent = 0.0
    with pairs.open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            try:
                asked = parse(
                    row[column[source]], assembly=source, loaded=(), references={}
                )
                meant = parse(
                    row[column[target]], assembly=target, loaded=(), references={}
                )
            except BeaconError:
                words["needs a reference to be read"] += 1
                continue
            began = time.perf_counter()
            got = lifted(Query(pattern=asked), target, known)
            spent += time.perf_counter() - began
            if not isinstance(got, Lifted) or got.query.pattern is None:
                words["not lifted"] += 1
            elif set(got.query.pattern.spellings) & set(meant.spellings):
                words["the same"] += 1
            else:
                words["another"] += 1
    lifts = words["the same"] + words["another"] + words["not lifted"]
    return {
        "file": path.name,
        "blocks": len(chains),
        "seconds_to_read": round(opened, 2),
        "pairs": dict(words),
        "microseconds_a_lift": round(1e6 * spent / max(1, lifts), 1),
        "positions": _positions(path, source, known, target),
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }


def _positions(path: Path, source: str, known: Lifting, target: str) -> dict[str, int]:
    """Compare positions drawn at random with another program's."""
    other = ChainFile(str(path), one_based=False)
    chains = known.chains[source, target]
    drawn = random.Random(_SEED)
    counted: Counter[str] = Counter(different=0)
    for _ in range(_DRAWN):
        contig = drawn.choice(ASSEMBLIES[source].contigs[:24])
        at = drawn.randrange(contig.length)
        blocks = chains.touching(contig, at, at + 1, 100)
        mine = {
            (None if onto is None else onto.name, block.image(at, at + 1)[0])
            for block in blocks
            for onto in [chains.contig_of(block)]
        }
        theirs = {
            (None if "_" in name else name.removeprefix("chr"), pos)
            for name, pos, _ in other[f"chr{contig.name}"][at]
        }
        counted["different"] += mine != theirs
        counted["nowhere"] += not mine
        counted["not unique"] += any(
            chains.is_shared(b.onto, *b.image(at, at + 1)) for b in blocks if b.onto
        )
    return dict(counted) | {"drawn": _DRAWN}


def main() -> None:
    """Print the figures of one file as a line of JSON."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("chain", type=Path)
    given.add_argument("pairs", type=Path)
    given.add_argument("--back", action="store_true", help="It leads to GRCh37.")
    read = given.parse_args()
    ends = ("GRCh38", "GRCh37") if read.back else ("GRCh37", "GRCh38")
    print(json.dumps(machine() | compared(read.chain, read.pairs, *ends)))


if __name__ == "__main__":
    main()
