"""A policy file is read whole, or refused in one sentence."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from beacon.auth.issuers import Client
from beacon.model.errors import UsageError
from beacon.model.profile import LedgerTerms, Profile
from beacon.model.query import Granularity
from beacon.policy.terms import Budget, DatasetTerms, ReleaseTerms, Tier
from beacon.policy_file import (
    _Budget,
    _Dataset,
    _Disclosure,
    _Release,
    _Require,
    _Tier,
    parsed,
    read,
)
from tests.policy_example import TEXT, example

VISAS = frozenset({"ResearcherStatus", "AcceptedTermsAndPolicies"})


def test_a_tier_is_what_its_table_says() -> None:
    """Each key has its place, and ``mfa`` is what the issuers require."""
    tiers = {tier.name: tier for tier in example().policy.tiers or ()}

    assert list(tiers) == ["public", "registered", "care", "steward"]
    assert tiers["registered"] == Tier(
        name="registered",
        granularity=Granularity.COUNT,
        queries=frozenset({"allele", "range"}),
        range_width=1000,
        visas=VISAS,
        budget=Budget(scope="user", per_day=50, per_30d=200),
    )
    assert tiers["care"] == Tier(
        name="care",
        granularity=Granularity.COUNT,
        queries=frozenset({"allele", "range"}),
        visas=frozenset({"ControlledAccessGrants"}),
        purpose="care",
        acr=frozenset({"loa3", "https://refeds.org/profile/mfa"}),
        organisations=frozenset({"hospital", "h", "o"}),
    )


def test_a_dataset_names_profiles_by_tier() -> None:
    """The profiles are whole, with what a ledger charges."""
    datasets = example().policy.datasets
    pooled, exact = Profile(name="pooled", cohort_named_from=5), Profile(name="exact")

    assert datasets["clinic"] == DatasetTerms(
        id="clinic",
        access={
            "registered": Profile(
                name="blurred", min_count=20, noise_sd=5.0, round_to=10, min_dataset=100
            ),
            "care": pooled,
            "steward": exact,
        },
        kind="care",
        grant="https://dac.example/clinic",
        source="https://dac.example/",
        country="SE",
        legal_basis="Example act, section 1",
    )
    assert datasets["charged"].access["care"].ledger == LedgerTerms(
        ppv_max=0.10,
        population=5_960_000,
        user_rare_hits=2,
        org_rare_hits=3,
        window_days=90,
    )


def test_a_file_is_known_by_its_id_and_its_bytes(tmp_path: Path) -> None:
    """Whoever has the file can tell that it is the one in force."""
    path = tmp_path / "policy.toml"
    path.write_text(TEXT, encoding="utf-8")
    found = read(path)

    assert found.policy.id == "example-2026-11"
    assert found.policy.digest == sha256(TEXT.encode()).hexdigest()
    assert found.release == ReleaseTerms(min_new_people=100, opt_out_hours=24)
    assert found.issuers[0].role_map == {"clinical-geneticist": "care"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("min_count = 10\nmin_pop", "min_counts = 10\nmin_pop"), "min_counts"),
        (("round_to = 10\nmin_d", "round = 10\nmin_d"), "did you mean round_to?"),
        (("[release]", "[releases]"), "unknown key releases; did you mean release?"),
        (("[policy]\nid", "[policy]\nname"), "policy.id is missing"),
        (('default = "deny"', 'default = "open"'), "policy.default: input should be"),
        (("min_new_people = 100", "min_new_people = -1"), "release.min_new_people"),
        (("min_count = 20", 'min_count = "20"'), "disclosure.blurred.min_count"),
        (("frequency = false", "frequency = 0"), "datasets.observed.frequency"),
        (('country = "DK"', 'country = "Denmark"'), "datasets.reference.country"),
        (
            ('public = "r', 'pubic = "r'),
            "the tier pubic, and there are public, registered",
        ),
        (('steward = "exact"', 'steward = "exakt"'), "names the profile exakt"),
        (('queries = ["allele"]', 'queries = ["gene"]'), "tiers.public.queries.0"),
        (("range_width = 1000\n", "range_width = 0\n"), "tiers.registered.range_width"),
        (("[tiers.public]", "[tiers.public"), "this is not TOML"),
        (("min_count = 20", "min_count = 1"), "noise_sd needs a min_count"),
        (("[disclosure.exact]", "[disclosure.exact]\nalarm = {}"), "are of a ledger"),
        (
            ("[disclosure.pooled]", "[disclosure.pooled]\nround_to = 10"),
            "disclosure.pooled: a country's sum (cohort_named_from) is exact",
        ),
        (("range_width = 1000\n", ""), "tiers.registered: distinct_variants counts"),
        (
            ('organisations = ["hospital", "h", "o"]\n', ""),
            "tiers.care: org_agreement needs require.organisations",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(
    change: tuple[str, str], sentence: str
) -> None:
    """One sentence names the file and the key."""
    assert change[0] in TEXT
    with pytest.raises(UsageError) as told:
        parsed(TEXT.replace(*change, 1).encode(), "policy.toml")

    assert str(told.value).startswith("policy.toml: ")
    assert sentence in str(told.value)
    assert "\n" not in str(told.value)


BASIS = 'legal_basis = "Example act, section 1"\n'


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (f"{BASIS}access = {{ care = \"ledgered\"", 'access = { care = "ledgered"',
         "datasets.charged: the ledger of the profile ledgered needs a legal_basis"),
        (f"{BASIS}access = {{ care = \"pooled\"", 'access = { care = "pooled"',
         "datasets.observed: the profile pooled hides no small count of care data"),
        (f"{BASIS}access = {{ care = \"pooled\"",
         f"{BASIS}access = {{ public = \"rounded\", care = \"pooled\"",
         "datasets.observed: care data is not public"),
    ],
)  # fmt: skip
def test_what_the_law_does_not_allow_is_refused(
    old: str, new: str, sentence: str
) -> None:
    """Small counts of care data need a basis, and nobody unknown gets any."""
    assert TEXT.count(old) == 1
    with pytest.raises(UsageError, match=sentence):
        parsed(TEXT.replace(old, new).encode(), "policy.toml")


def test_a_file_that_is_not_there_is_named() -> None:
    """The setting and the path are in the sentence."""
    with pytest.raises(UsageError, match=r"policy\.file: missing\.toml cannot be read"):
        read(Path("missing.toml"))


def test_a_blank_basis_is_none() -> None:
    """Blanks are not a law."""
    text = TEXT.replace(BASIS, 'legal_basis = "  "\n')
    with pytest.raises(UsageError, match="needs a legal_basis"):
        parsed(text.encode(), "policy.toml")


def test_the_example_in_the_documentation_is_a_policy() -> None:
    """It can be copied."""
    page = Path(__file__).parents[1] / "docs" / "policy.md"
    _, _, example = page.read_text(encoding="utf-8").partition("## An example")
    text = example.split("```toml\n")[1].split("```")[0]
    policy = parsed(text.encode(), "policy.md").policy

    assert list(policy.datasets) == ["GOE-DK-DATASET-001", "GDI-SE-DATASET-020"]
    assert [tier.name for tier in policy.tiers or ()] == [
        "public",
        "registered",
        "care",
    ]


def test_every_key_is_documented() -> None:
    """Tiers, profiles, datasets and releases have each a place on the page."""
    page = Path(__file__).parents[1] / "docs" / "policy.md"
    text = page.read_text(encoding="utf-8")
    tables = (_Tier, _Require, _Budget, _Disclosure, _Dataset, _Release)
    keys = {key for table in tables for key in table.model_fields}
    missing = {key for key in keys if f"`{key}" not in text and f"{key} =" not in text}

    assert missing == set()


LOGIN = """\
[policy]
id = "x"
[issuers.hospital]
iss = "https://login.example.org/"
"""


def test_an_issuer_with_a_client_is_logged_in_at() -> None:
    """Its secret lies beside the policy, and what it gives our client is for us."""
    text = LOGIN + 'client_id = "beacon"\nclient_secret_file = "secret"\n'
    (issuer,) = parsed(text.encode(), "/etc/beacon/policy.toml").issuers
    bare = text + 'title = "Login"\npassports = false\nscopes = ["openid", "a:b"]\n'
    (other,) = parsed(bare.encode(), "/etc/beacon/policy.toml").issuers

    assert issuer.client == Client(
        id="beacon",
        title="hospital",
        secret_file=Path("/etc/beacon/secret"),
        scopes=("openid", "profile", "ga4gh_passport_v1"),
    )
    assert ({"beacon"}, {"beacon"}) == (issuer.audiences, issuer.partner_clients)
    assert other.client is not None
    assert ("Login", ("openid", "a:b")) == (other.client.title, other.client.scopes)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('audiences = ["a"]\nscopes = ["openid"]', "scopes is without effect"),
        ('audiences = ["a"]\ntoken_uri = "https://x"', "token_uri is without effect"),
        ('client_id = "a"\nscopes = ["profile"]', "scopes hold openid"),
        ('client_id = "a"\nscopes = ["open id"]', "scopes.0"),
        ('client_id = ""', "client_id"),
        ('client_id = "a"\ntoken_uri = "http://x.example"', "token_uri is an https://"),
        ('client_id = "a"\nend_session_uri = "x"', "end_session_uri is an https://"),
        ('client_id = "a"\nclient_secret = "hush"', "client_secret"),
    ],
)
def test_a_client_that_cannot_be_is_refused(more: str, words: str) -> None:
    """In a sentence that names its key."""
    with pytest.raises(UsageError, match=words):
        parsed(f"{LOGIN}{more}\n".encode(), "policy.toml")
