"""Who sees which dataset, and in which profile it speaks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.requester import ANONYMOUS, OPERATOR, Requester, Visa
from beacon.policy.policy import OPEN, is_anybodys, permit, standing
from beacon.policy.tiers import REGISTERED_ACCESS
from beacon.policy_file import parsed
from tests.policy.test_policy_disclose import dataset
from tests.policy_example import example

if TYPE_CHECKING:
    from beacon.model.dataset import Dataset

POLICY = example().policy
DAC = "https://dac.example/"


def visa(kind: str, value: str = "x", source: str = DAC) -> Visa:
    """Return a visa."""
    return Visa(type=kind, value=value, source=source)


REGISTERED = Requester(
    subject="r",
    visas=frozenset(
        visa(kind, REGISTERED_ACCESS)
        for kind in ("ResearcherStatus", "AcceptedTermsAndPolicies")
    ),
)
CARE = Requester(
    subject="c",
    organisation="hospital",
    purpose="care",
    acr="loa3",
    visas=frozenset(
        {
            visa("ControlledAccessGrants", "https://dac.example/clinic"),
            visa("ControlledAccessGrants", "observed"),
        }
    ),
)
STEWARD = Requester(subject="s", roles=frozenset({"steward"}))
EVERYTHING = replace(CARE, roles=STEWARD.roles, visas=CARE.visas | REGISTERED.visas)


def large(name: str, people: int | None = 1000) -> Dataset:
    """Return a dataset of many people."""
    small = dataset(name)
    assert small.release is not None
    return replace(small, release=replace(small.release, sample_count=people))


def speaks(requester: Requester, name: str, people: int | None = 1000) -> str | None:
    """Return the tier and the profile a dataset speaks to a requester in."""
    granted = permit(POLICY, requester, large(name, people))
    if granted is None or granted.profile is None:
        return None
    return f"{granted.tier}: {granted.profile.name}"


@pytest.mark.parametrize(
    ("requester", "expected"),
    [
        (ANONYMOUS, ["public: reference_public", None, None, None, None]),
        (REGISTERED, ["registered: reference_public", "registered: blurred",
                      "registered: rounded", None, None]),
        (CARE, ["public: reference_public", "care: pooled", "care: pooled",
                None, None]),
        (STEWARD, ["steward: exact", "steward: exact", None, None, None]),
        (EVERYTHING, ["steward: exact", "steward: exact", "care: pooled", None, None]),
    ],
)  # fmt: skip
def test_the_highest_tier_that_gives_access_speaks(
    requester: Requester, expected: list[str | None]
) -> None:
    """What is not listed, or too well protected, is not there."""
    names = ["reference", "clinic", "observed", "charged", "unlisted"]

    assert [speaks(requester, name) for name in names] == expected


@pytest.mark.parametrize(
    "change",
    [
        {"purpose": None},
        {"purpose": "Care"},
        {"organisation": None},
        {"organisation": "another"},
        {"acr": "loa2"},
        {"visas": frozenset()},
        {"visas": frozenset({visa("ControlledAccessGrants", "clinic")})},
        {"visas": frozenset({visa("ControlledAccessGrants", f"x{DAC}clinic")})},
        {"visas": frozenset({visa("ControlledAccessGrants", f"{DAC}clinic", "me")})},
        {"visas": frozenset({visa("ResearcherStatus", f"{DAC}clinic")})},
    ],
)
def test_every_demand_must_be_met(change: dict[str, object]) -> None:
    """One that is not met is enough to see nothing."""
    assert speaks(CARE, "clinic") == "care: pooled"
    assert speaks(replace(CARE, **change), "clinic") is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("ResearcherStatus", {"value": "x"}),
        ("ResearcherStatus", {"value": f"{REGISTERED_ACCESS}/"}),
        ("ResearcherStatus", {"by": "self"}),
        ("AcceptedTermsAndPolicies", {"value": "https://terms.example/"}),
    ],
)
def test_registered_access_is_stated_letter_by_letter(
    kind: str, change: dict[str, str]
) -> None:
    """Both visas say what the standard says, and no researcher is one by own word."""
    (other,) = (each for each in REGISTERED.visas if each.type != kind)
    wrong = replace(visa(kind, REGISTERED_ACCESS), **change)
    requester = replace(REGISTERED, visas=frozenset({other, wrong}))

    assert speaks(REGISTERED, "clinic") == "registered: blurred"
    assert speaks(requester, "clinic") is None


def test_a_small_dataset_is_not_there() -> None:
    """Nor is one of which it is not known how many people it is of."""
    assert speaks(ANONYMOUS, "reference", 100) == "public: reference_public"
    assert speaks(ANONYMOUS, "reference", 99) is None
    assert speaks(ANONYMOUS, "reference", None) is None


def test_how_many_people_sums_are_of_may_be_stated() -> None:
    """The operator says it where the files do not."""
    terms = replace(POLICY.datasets["reference"], people=100)
    policy = replace(POLICY, datasets={"reference": terms})

    assert permit(policy, ANONYMOUS, large("reference", None)) is not None


def test_a_key_of_some_datasets_sees_no_other() -> None:
    """Whatever its roles, and without a policy of tiers, too."""
    kept = replace(STEWARD, only=frozenset({"clinic"}))

    assert speaks(kept, "clinic") == "steward: exact"
    assert speaks(kept, "reference") is None


def test_whom_a_ledger_may_leave_out_must_be_known() -> None:
    """A dataset of sums has nobody to leave out, so it does not speak."""
    grant = visa("ControlledAccessGrants", "charged")
    doctor = replace(CARE, visas=frozenset({grant}))
    sums = large("charged")
    assert sums.release is not None
    people = replace(sums, release=replace(sums.release, keeps_people=True))

    assert permit(POLICY, doctor, sums) is None
    assert permit(POLICY, doctor, people) is not None


def test_the_operator_sees_everything() -> None:
    """The own store is asked whole, whatever the file says."""
    granted = permit(POLICY, OPERATOR, large("unlisted"))

    assert granted is not None
    assert (granted.profile, granted.queries) == (None, None)


VISAS = st.frozensets(
    st.builds(
        Visa,
        type=st.sampled_from(["ControlledAccessGrants", "ResearcherStatus"]),
        value=st.sampled_from(["observed", "x", REGISTERED_ACCESS]),
        source=st.just(DAC),
    )
)
REQUESTERS = st.builds(
    Requester,
    subject=st.sampled_from([None, "a"]),
    organisation=st.sampled_from([None, "h", "k"]),
    roles=st.frozensets(st.sampled_from(["steward", "x"])),
    visas=VISAS,
    acr=st.sampled_from([None, "loa3"]),
    purpose=st.sampled_from([None, "care"]),
    only=st.none() | st.frozensets(st.sampled_from(["reference", "observed"])),
    network=st.sampled_from([None, "192.0.2.0/24"]),
)


@given(REQUESTERS, REQUESTERS, st.sampled_from(["reference", "observed", "clinic"]))
def test_who_has_one_standing_sees_alike(
    one: Requester, other: Requester, name: str
) -> None:
    """All that a permit depends on is in the standing."""
    if standing(POLICY, one) == standing(POLICY, other):
        here = large(name)

        assert permit(POLICY, one, here) == permit(POLICY, other, here)


PLAIN = """
[policy]
id = "plain"
[tiers.public]
granularity = "count"
queries = ["allele"]
[tiers.care]
granularity = "count"
queries = ["allele"]
require = { roles = ["care"] }
[disclosure.told]
min_count = 10
min_population_rows = 10
[datasets.one]
kind = "reference"
access = { public = "told" }
"""
OTHERWISE = {
    "rounded": ("min_count = 10", "min_count = 10\nround_to = 10"),
    "noisy": ("min_count = 10", "min_count = 20\nnoise_sd = 5.0\nround_to = 10"),
    "pooled": ('kind = "reference"', 'kind = "reference"\ncountry = "SE"'),
    "counted": (
        'queries = ["allele"]\n[tiers.care]',
        'queries = ["allele"]\ndistinct_variants = { per_day = 20, scope = '
        '"client_net" }\n[tiers.care]',
    ),
    "proven": ("access = { public", "access = { care"),
    "unlisted": ("datasets.one", "datasets.other"),
}


def test_a_reference_with_thresholds_alone_is_anybodys() -> None:
    """So is all where there is no policy."""
    policy = parsed(PLAIN.encode(), "plain").policy

    assert is_anybodys(policy, ANONYMOUS, "one")
    assert is_anybodys(OPEN, ANONYMOUS, "one")


@pytest.mark.parametrize("how", OTHERWISE)
def test_what_is_told_otherwise_is_not_anybodys(how: str) -> None:
    """Rounded, noisy, pooled, counted, told to few, or not told at all."""
    text = PLAIN.replace(*OTHERWISE[how])
    if how == "pooled":
        text = text.replace("min_count = 10", "cohort_named_from = 5")
    policy = parsed(text.encode(), how).policy
    asks = Requester(subject="c", roles=frozenset({"care"}))

    assert text != PLAIN
    assert not is_anybodys(policy, ANONYMOUS, "one")
    assert not is_anybodys(policy, asks if how == "proven" else ANONYMOUS, "one")


def test_patients_are_nobodys() -> None:
    """Whatever the profile that they are told in, and the tier."""
    told = replace(
        POLICY.datasets["clinic"], access=POLICY.datasets["reference"].access
    )
    policy = replace(POLICY, datasets={**POLICY.datasets, "clinic": told})
    tiers = tuple(replace(tier, budget=None) for tier in policy.tiers or ())
    policy = replace(policy, tiers=tiers)

    assert is_anybodys(policy, ANONYMOUS, "reference")
    assert not is_anybodys(policy, ANONYMOUS, "clinic")
