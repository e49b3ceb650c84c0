"""What a policy costs: the same store, openly and by a policy, asked side by side.

    python benchmarks/policy.py [--variants 1000000] [--seconds 5] [--repeat 5]

Exact alleles over ten datasets, 32 connections, one worker, nobody logged in.  Taking
turns in one run:

* ``open``: no policy, and no audit;
* ``audited``: no policy, but an audit, each line on disk before its answer leaves;
* ``public``: every dataset speaks in the profile ``reference_public``, with an audit;
* ``blurred``: the same with noise of each allele's own, of which nothing can be kept.

Told are answers a second, microseconds of the server's processor, and rates by each
other, which are medians over turns.  Ends with 1 when the policy costs more than a
tenth beside the audit.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import make_ten
import served
from measure import WORK, keep
from serving import ROUTE, Running, figures, ratio, turns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_CONNECTIONS = 32
_ASKED = 4000
_PROFILES = {
    "public": "min_count = 10\nround_to = 1\nmin_population_rows = 10\n",
    "blurred": "min_count = 20\nnoise_sd = 5.0\nround_to = 10\n",
}


def policy(profile: str) -> Path:
    """Write the policy by which all datasets speak in one profile to everybody."""
    lines = ['[policy]\nid = "benchmark"\n']
    lines += ['[tiers.public]\ngranularity = "record"\nqueries = ["allele"]\n']
    lines += [f"[disclosure.{profile}]\n{_PROFILES[profile]}"]
    lines += [
        f'[datasets.{name}]\nkind = "reference"\naccess = {{ public = "{profile}" }}\n'
        for name in make_ten.NAMES
    ]
    path = WORK / f"policy-{profile}.toml"
    path.write_text("".join(lines))
    return path


def contestants(store: served.Store) -> Mapping[str, Sequence[str]]:
    """Return the command of each that takes part."""
    command = served.beacon(store)

    audited = [
        "env",
        f"BEACON_POLICY__SECRET_FILE={WORK / 'policy-secret'}",
        f"BEACON_AUDIT__FOLDER={WORK / 'policy-audit'}",
    ]

    def by(profile: str) -> list[str]:
        return [*audited, f"BEACON_POLICY__FILE={policy(profile)}", *command]

    return {
        "open": command,
        "audited": [*audited, *command],
        "public": by("public"),
        "blurred": by("blurred"),
    }


def main() -> None:
    """Read the command line, measure, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variants", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--granularity", action="append")
    given = parser.parse_args()
    store = served.store_of(given.variants)
    alleles = served.alleles_of(store, _ASKED)
    dearest = 0.0
    for granularity in given.granularity or ("boolean", "count"):
        bodies = [served.question(allele, granularity) for allele in alleles]
        asked = served.script(WORK / f"ask-{granularity}.lua", bodies, ROUTE)
        with ExitStack() as stack:
            running = {
                name: Running(
                    *stack.enter_context(served.serving(command)), _CONNECTIONS
                )
                for name, command in contestants(store).items()
            }
            taken = turns(running, asked, seconds=given.seconds, repeat=given.repeat)
        ratios = {name: ratio(taken, name, "open") for name in taken}
        ratios["public by audited"] = ratio(taken, "public", "audited")
        dearest = max(dearest, 1 - ratios["public by audited"])
        told = {name: figures(runs) for name, runs in taken.items()}
        question = f"exact allele, {granularity}, by a policy"
        row = {"question": question, "ratios": ratios, "contestants": told}
        keep("policy", {"variants": given.variants, **row})
    sys.exit(dearest > 0.1)


if __name__ == "__main__":
    os.umask(0o077)  # a secret is written
    main()
