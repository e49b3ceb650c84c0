"""One policy file for tests: five tiers, five profiles, four kinds of datasets."""

from __future__ import annotations

from beacon.policy_file import PolicyFile, parsed

TEXT = """
[policy]
id = "example-2026-11"
default = "deny"
on_ledger_error = "refuse"

[issuers.hospital]
iss = "https://idp.example/"
audiences = ["beacon.example"]
require_acr = ["loa3"]
role_map = { "clinical-geneticist" = "care" }

[tiers.public]
granularity = "aggregate_record"
queries = ["allele"]
distinct_variants = { per_day = 20, scope = "client_net" }
[tiers.registered]
granularity = "count"
queries = ["allele", "range"]
range_width = 1000
visas = ["ResearcherStatus", "AcceptedTermsAndPolicies"]
distinct_variants = { per_day = 50, per_30d = 200 }
[tiers.care]
granularity = "count"
queries = ["allele", "range"]
[tiers.care.require]
purpose = "care"
org_agreement = true
organisations = ["hospital", "h", "o"]
mfa = true
visa = "ControlledAccessGrants"
[tiers.steward]
granularity = "record"
queries = ["allele", "range", "filters", "documents", "individuals"]
require = { roles = ["steward"] }

[disclosure.reference_public]
min_count = 10
min_population_rows = 10
min_dataset = 100
[disclosure.blurred]
min_count = 20
noise_sd = 5.0
round_to = 10
min_dataset = 100
[disclosure.rounded]
min_count = 10
round_to = 10
[disclosure.ledgered]
cohort_named_from = 5
ledger = { ppv_max = 0.10, population = 5_960_000 }
alarm = { user_rare_hits = 2, org_rare_hits = 3, window_days = 90 }
[disclosure.pooled]
cohort_named_from = 5
[disclosure.exact]

[datasets.reference]
kind = "reference"
country = "DK"
[datasets.reference.access]
public = "reference_public"
registered = "reference_public"
steward = "exact"
[datasets.clinic]
kind = "care"
country = "SE"
legal_basis = "Example act, section 1"
grant = "https://dac.example/clinic"
source = "https://dac.example/"
access = { registered = "blurred", care = "pooled", steward = "exact" }
[datasets.observed]
kind = "care"
country = "SE"
frequency = false
legal_basis = "Example act, section 1"
access = { care = "pooled", registered = "rounded" }
[datasets.charged]
kind = "care"
legal_basis = "Example act, section 1"
access = { care = "ledgered" }

[release]
min_new_people = 100
opt_out_hours = 24
"""


def example() -> PolicyFile:
    """Return what the example says."""
    return parsed(TEXT.encode(), "policy.toml")
