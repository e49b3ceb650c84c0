"""Judges tokens drawn at random by our rules and by joserfc's (criterion B1).

    python tests/fuzz/fuzz_tokens.py --tokens 100000

Prints how often both agree, and why we refuse what joserfc believes; ends with 1
where that is for no documented reason.  ``--only N`` shows the token of a number.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.auth.second_opinion import judge, shown


def main() -> int:
    """Judge as many tokens as asked for."""
    options = argparse.ArgumentParser(description="Judge tokens twice.")
    options.add_argument("--tokens", type=int, default=100_000)
    options.add_argument("--first", type=int, default=0)
    options.add_argument("--only", type=int)
    asked = options.parse_args()
    if asked.only is not None:
        sys.stdout.write(shown(asked.only) + "\n")
        return 0
    found = judge(range(asked.first, asked.first + asked.tokens))
    sys.stdout.write(f"believed by both {found.believed:>8,}\n")
    sys.stdout.write(f"refused by both  {found.refused:>8,}\n")
    for why, times in found.stricter.most_common():
        sys.stdout.write(f"refused by us    {times:>8,}  {why}\n")
    sys.stdout.write(f"wrong            {len(found.wrong):>8,}  {found.wrong[:10]}\n")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
