"""Ask loqusdb's adapter, which has no server: run by its own environment.

python loqusdb_ask.py URI QUESTIONS.json exact|range THREADS SECONDS
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

from clock import ask
from loqusdb.plugins.mongo.adapter import MongoAdapter
from mongo_adapter import get_client


def main() -> None:
    """Ask for a while."""
    uri, path, kind, threads, seconds = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    adapter = MongoAdapter(get_client(uri=uri), db_name="loqusdb")
    asked = json.loads(Path(path).read_text())[kind]
    if kind == "exact":
        questions = [
            ({"_id": f"1_{start + 1}_{reference}_{alternate}"}, truth)
            for (start, reference, alternate), truth in asked
        ]
        look = lambda one: adapter.get_variant(one) is not None  # noqa: E731
    else:
        questions = [(bounds, truth) for bounds, truth in asked]
        look = lambda one: adapter.nr_variants("1", one[0] + 1, one[1])  # noqa: E731
    ask(look, questions, seconds=float(seconds), threads=int(threads))


if __name__ == "__main__":
    main()
