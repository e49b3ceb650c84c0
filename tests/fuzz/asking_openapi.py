"""How schemathesis is told to ask a served site, and what it checks."""

from __future__ import annotations

import sys
from pathlib import Path

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
)
"""Not among them: that every value a schema allows is taken, as what parameters
mean together (an end before its start) is beyond a schema."""


def command(address: str, *bound: str, seed: int = 1) -> list[str]:
    """Return the command that asks a served site, within a bound.

    It has one worker: with several, its coverage phase fails now and then on
    Python 3.11, as sources are parsed in threads.
    """
    return [
        str(Path(sys.executable).with_name("schemathesis")),
        *("run", f"{address}/openapi.json", "--url", address),
        *("--checks", ",".join(CHECKS), "--seed", str(seed), "--no-color"),
        *("--suppress-health-check", "all", "--warnings", "off", "--workers", "1"),
        *("--generation-database", "none", "--continue-on-failure"),
        *bound,
    ]
