"""``beacon demo --with-login``: a test issuer, a policy that believes it, three users.

The issuer runs in a process of its own, on loopback, for as long as the
demonstration; what it signs is worth nothing elsewhere.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from beacon.model.errors import BeaconError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_COMMAND = (sys.executable, "-P", "-m", "beacon.cli.authorizing")
_LAST_WORDS = 10.0

POLICY = """\
# The policy of `beacon demo --with-login`: written anew whenever it begins.
[policy]
id = "demo"

[issuers.demo]
iss = "{iss}"
audiences = ["beacon-demo"]
title = "Nordic Test Login"
client_id = "beacon-pages"
max_age_s = 43200
visa_issuers = {{ "{iss}" = "{iss}/jwks" }}
role_map = {{ "clinical-geneticist" = "clinician" }}

[tiers.public]
granularity = "record"
queries = ["allele", "range"]
[tiers.registered]
granularity = "count"
queries = ["allele", "range"]
visas = ["ResearcherStatus", "AcceptedTermsAndPolicies"]
[tiers.care]
granularity = "record"
queries = ["allele", "range", "filters", "documents", "individuals"]
[tiers.care.require]
purpose = "care"
org_agreement = true
organisations = ["hospital.example"]
acr = ["loa3"]
roles = ["clinician"]
visa = "ControlledAccessGrants"

[disclosure.exact]
[disclosure.rounded]
min_count = 3
round_to = 5

[datasets.demo-1kg]
kind = "reference"
access = {{ public = "exact", registered = "exact", care = "exact" }}
grant = "{grant}"
[datasets.demo-a]
kind = "care"
legal_basis = "Nobody: these people are invented"
access = {{ registered = "rounded", care = "exact" }}
grant = "{grant}"
[datasets.demo-b]
kind = "care"
legal_basis = "Nobody: these people are invented"
access = {{ care = "exact" }}
grant = "{grant}"
[datasets.demo-c]
kind = "care"
legal_basis = "Nobody: these people are invented"
access = {{ care = "exact" }}
grant = "{grant}"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A test issuer that runs.

    Attributes:
        policy: that believes it, as a file says it.
        tokens: of its users, by name.
    """

    policy: str
    tokens: Mapping[str, str]


@contextmanager
def logging_in() -> Iterator[Login]:
    """Give a test issuer, until the end of the block.

    Raises:
        UsageError: when what it signs with is not installed.
        BeaconError: when it does not start.
    """
    if find_spec("joserfc") is None:
        message = "--with-login signs with joserfc: install nordic-beacon[login]"
        raise UsageError(message)
    process = subprocess.Popen(  # noqa: S603 - our own words only
        _COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the demonstration, which ends it
    )
    try:
        line = process.stdout.readline() if process.stdout is not None else ""
        if not line:
            message = "the test issuer did not start"
            raise BeaconError(message)
        told = json.loads(line)
        policy = POLICY.format(iss=told["iss"], grant=told["grant"])
        yield Login(policy=policy, tokens=told["tokens"])
    finally:
        try:
            process.communicate(timeout=_LAST_WORDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
