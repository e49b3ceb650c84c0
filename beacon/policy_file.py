"""The policy file: one TOML, read into frozen values once, or refused.

A key that nobody knows, a name that names nothing, a promise that the law or the
data cannot keep: each is one sentence and no policy.  What is not listed is not
shown.  Nothing here decides what is said; that is ``beacon.policy``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from beacon.auth.issuers import Client, Issuer
from beacon.model.errors import UsageError
from beacon.model.profile import LedgerTerms, Profile
from beacon.model.query import Granularity
from beacon.policy.policy import Policy
from beacon.policy.terms import Budget, DatasetTerms, ReleaseTerms, Tier
from beacon.toml_form import formed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LARGEST = 1_048_576
_MFA = "https://refeds.org/profile/mfa"
"""What an issuer says of a login by two factors, where it says nothing else."""

Name = Annotated[str, Field(min_length=1, max_length=128)]
Scope = Annotated[str, Field(pattern=r"^[!#-\[\]-~]{1,128}$")]
Kind = Literal["allele", "range", "filters", "documents", "individuals"]
Visa = Literal[
    "ControlledAccessGrants",
    "ResearcherStatus",
    "AcceptedTermsAndPolicies",
    "AffiliationAndRole",
]
_LEVELS = {
    "boolean": Granularity.BOOLEAN,
    "count": Granularity.COUNT,
    "record": Granularity.RECORD,
    "aggregate_record": Granularity.RECORD,
}


class _Section(BaseModel):
    """What every table shares: it does not change, and it knows its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Head(_Section):
    id: Name
    default: Literal["deny"] = "deny"
    on_ledger_error: Literal["refuse"] = "refuse"
    pools: list[str] = []


_SETS = {"algs", "audiences", "partner_clients", "require_acr"}
_OF_CLIENT = {
    *("title", "client_id", "client_secret_file", "scopes"),
    *("authorization_uri", "token_uri", "end_session_uri"),
}
"""Keys that are of the client, where people log in."""
_PASSPORT = "ga4gh_passport_v1"


class IssuerSection(_Section):
    """One table of ``[issuers.*]``, as it is written; see ``auth.issuers.Issuer``."""

    iss: Name
    algs: list[Literal["RS256", "ES256"]] = ["RS256", "ES256"]
    audiences: list[str] = []
    partner_clients: list[str] = []
    max_age_s: int = Field(default=3600, ge=1)
    jwks_uri: str | None = None
    passports: bool = True
    userinfo_uri: str | None = None
    visa_issuers: dict[str, str] = {}
    require_acr: list[str] = []
    role_map: dict[str, str] = {}
    roles_claim: str = "roles"
    organisation: str | None = None
    organisation_claim: str = "organisation"
    purpose_claim: str = "purpose"
    title: Name | None = None
    client_id: Name | None = None
    client_secret_file: Name | None = None
    scopes: list[Scope] | None = None
    authorization_uri: str | None = None
    token_uri: str | None = None
    end_session_uri: str | None = None


class _Budget(_Section):
    scope: Literal["user", "client_net"] = "user"
    per_day: int | None = Field(default=None, ge=1)
    per_30d: int | None = Field(default=None, ge=1)
    org_per_day: int | None = Field(default=None, ge=1)


class _Require(_Section):
    purpose: Name | None = None
    org_agreement: bool = False
    organisations: list[Name] = []
    mfa: bool = False
    acr: list[Name] = []
    roles: list[Name] = []
    visa: Visa | None = None


class _Tier(_Section):
    granularity: Literal["boolean", "count", "record", "aggregate_record"]
    queries: list[Kind] = ["allele"]
    range_width: int | None = Field(default=None, ge=1)
    visas: list[Visa] = []
    require: _Require = _Require()
    distinct_variants: _Budget | None = None


class _Ledger(_Section):
    ppv_max: float = Field(default=0.10, gt=0, lt=1)
    population: int = Field(default=6_000_000, ge=1)
    first_hit_always: bool = True
    cap_carriers: int = Field(default=50, ge=1)
    ttl_days: int = Field(default=365, ge=1)


class _Alarm(_Section):
    user_rare_hits: int = Field(default=2, ge=1)
    org_rare_hits: int = Field(default=3, ge=1)
    window_days: int = Field(default=90, ge=1)


class _Disclosure(_Section):
    min_count: int = Field(default=1, ge=1)
    round_to: int = Field(default=1, ge=1)
    noise_sd: float = Field(default=0.0, ge=0, le=1000)
    min_population_rows: int = Field(default=1, ge=1)
    min_dataset: int = Field(default=0, ge=0)
    cohort_named_from: int = Field(default=1, ge=1)
    ledger: _Ledger | None = None
    org_ledger_extra_nats: float | None = Field(default=None, ge=0)
    alarm: _Alarm | None = None


class _Dataset(_Section):
    access: dict[str, str] = {}
    kind: Literal["care", "reference"]
    country: str | None = Field(default=None, pattern="^[A-Z]{2}$")
    frequency: bool = True
    legal_basis: str = ""
    grant: Name | None = None
    source: Name | None = None
    people: int | None = Field(default=None, ge=0)
    opt_out_register: str | None = None


class _Release(_Section):
    min_new_people: int = Field(default=100, ge=0)
    opt_out_hours: int = Field(default=24, ge=1)


class _File(_Section):
    policy: _Head
    issuers: dict[str, IssuerSection] = {}
    tiers: dict[str, _Tier] = {}
    disclosure: dict[str, _Disclosure] = {}
    datasets: dict[str, _Dataset] = {}
    release: _Release = _Release()


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFile:
    """What a policy file says.

    Attributes:
        policy: what may be said to whom, without the key of its noise.
        issuers: whose tokens are believed.
        release: how releases may follow each other.
        registers: of datasets, the register of who opted out.
    """

    policy: Policy
    issuers: tuple[Issuer, ...] = ()
    release: ReleaseTerms = field(default_factory=ReleaseTerms)
    registers: Mapping[str, str] = field(default_factory=dict)


def read(path: Path) -> PolicyFile:
    """Return what a policy file says.

    Raises:
        UsageError: one sentence naming the key, where it cannot be read or may not
            be acted on.
    """
    try:
        data = path.read_bytes()
    except OSError as failure:
        message = f"policy.file: {path} cannot be read ({failure.strerror})"
        raise UsageError(message) from failure
    return parsed(data, str(path))


def parsed(data: bytes, where: str) -> PolicyFile:
    """Return what the bytes of a policy file say; ``where`` it is, for sentences.

    Raises:
        UsageError: see ``read``.
    """
    if len(data) > _LARGEST:
        message = f"{where}: a policy has at most {_LARGEST:,} bytes"
        raise UsageError(message)
    said = formed(data, where, _File, _TABLES)
    wrong = next(_contradictions(said), None)
    if wrong is not None:
        message = f"{where}: {wrong}"
        raise UsageError(message)
    return _frozen(said, sha256(data).hexdigest(), Path(where).parent)


def _frozen(said: _File, digest: str, beside: Path) -> PolicyFile:
    profiles = {name: _profile(name, p) for name, p in said.disclosure.items()}
    logins = frozenset(a for each in said.issuers.values() for a in each.require_acr)
    return PolicyFile(
        policy=Policy(
            tiers=tuple(_tier(name, t, logins) for name, t in said.tiers.items()),
            datasets={
                name: _terms(name, each, profiles)
                for name, each in said.datasets.items()
            },
            pools=frozenset(said.policy.pools),
            id=said.policy.id,
            digest=digest,
        ),
        issuers=tuple(
            _issuer(name, each, beside) for name, each in said.issuers.items()
        ),
        release=ReleaseTerms(**said.release.model_dump()),
        registers={
            name: each.opt_out_register
            for name, each in said.datasets.items()
            if each.opt_out_register is not None
        },
    )


def _issuer(name: str, said: IssuerSection, beside: Path = Path()) -> Issuer:
    """Return an issuer; files that it names lie ``beside`` the policy."""
    told = said.model_dump(exclude=_OF_CLIENT)
    told |= {key: frozenset(told[key]) for key in _SETS}
    client = _client(name, said, beside)
    if client is not None:  # what an issuer gives us for ourselves is for us
        told["audiences"] |= {client.id}
        told["partner_clients"] |= {client.id}
    return Issuer(name=name, client=client, **told)


def _client(name: str, said: IssuerSection, beside: Path) -> Client | None:
    if said.client_id is None:
        return None
    scopes = said.scopes
    if scopes is None:
        scopes = ["openid", "profile", *([_PASSPORT] if said.passports else [])]
    secret = said.client_secret_file
    return Client(
        id=said.client_id,
        title=said.title or name,
        secret_file=None if secret is None else beside / secret,
        scopes=tuple(scopes),
        authorization_uri=said.authorization_uri,
        token_uri=said.token_uri,
        end_session_uri=said.end_session_uri,
    )


def _tier(name: str, said: _Tier, logins: frozenset[str]) -> Tier:
    asks = said.require
    visas = [*said.visas, *([] if asks.visa is None else [asks.visa])]
    acr = frozenset(asks.acr)
    if asks.mfa:
        acr = acr or logins | {_MFA}
    budget = said.distinct_variants
    return Tier(
        name=name,
        granularity=_LEVELS[said.granularity],
        queries=frozenset(said.queries),
        range_width=said.range_width,
        visas=frozenset(visas),
        roles=frozenset(asks.roles),
        purpose=asks.purpose,
        acr=acr,
        organisations=frozenset(asks.organisations),
        budget=None if budget is None else Budget(**budget.model_dump()),
    )


def _profile(name: str, said: _Disclosure) -> Profile:
    ledger = None
    if said.ledger is not None:
        more = {} if said.alarm is None else said.alarm.model_dump()
        if said.org_ledger_extra_nats is not None:
            more["org_extra_nats"] = said.org_ledger_extra_nats
        ledger = LedgerTerms(**said.ledger.model_dump(), **more)
    return Profile(
        name=name,
        min_count=said.min_count,
        round_to=said.round_to,
        noise_sd=said.noise_sd,
        min_population_rows=said.min_population_rows,
        min_dataset=said.min_dataset,
        cohort_named_from=said.cohort_named_from,
        ledger=ledger,
    )


def _terms(name: str, said: _Dataset, profiles: Mapping[str, Profile]) -> DatasetTerms:
    return DatasetTerms(
        id=name,
        access={tier: profiles[profile] for tier, profile in said.access.items()},
        kind=said.kind,
        grant=said.grant,
        source=said.source,
        country=said.country,
        frequency=said.frequency,
        people=said.people,
        legal_basis=said.legal_basis,
    )


def _contradictions(said: _File) -> Iterator[str]:
    """Yield what no policy may say, each in a sentence."""
    yield from _of_issuers(said.issuers)
    for name, each in said.disclosure.items():
        yield from _of_profile(name, each)
    for name, tier in said.tiers.items():
        if tier.range_width is not None and "range" not in tier.queries:
            yield f"tiers.{name}: range_width is without effect, as it asks no range"
        yield from _of_tier(name, tier)
    for name, dataset in said.datasets.items():
        for standing, profile in dataset.access.items():
            yield from _of_access(said, name, standing, profile)


def _of_issuers(said: Mapping[str, IssuerSection]) -> Iterator[str]:
    known: dict[str, str] = {}
    for name, each in said.items():
        try:
            _issuer(name, each)
        except ValueError as failure:
            yield f"issuers.{name}: {failure}"
        lonely = sorted(each.model_fields_set & _OF_CLIENT - {"title"})
        if each.client_id is None and lonely:
            yield f"issuers.{name}: {lonely[0]} is without effect without a client_id"
        if each.iss in known:
            yield f"issuers.{name}: {known[each.iss]} has the same iss"
        known[each.iss] = name


def _of_tier(name: str, said: _Tier) -> Iterator[str]:
    here = f"tiers.{name}"
    if said.distinct_variants and "range" in said.queries and said.range_width is None:
        yield (
            f"{here}: distinct_variants counts a range once, so it needs a range_width"
        )
    if said.require.org_agreement and not said.require.organisations:
        yield f"{here}: org_agreement needs require.organisations, those that agreed"


def _of_profile(name: str, said: _Disclosure) -> Iterator[str]:
    here = f"disclosure.{name}"
    if said.ledger is None and (said.alarm or said.org_ledger_extra_nats is not None):
        yield f"{here}: alarm and org_ledger_extra_nats are of a ledger; it has none"
    if said.noise_sd > 0 and said.min_count == 1:
        yield f"{here}: noise_sd needs a min_count, or zero would show as a number"
    if said.noise_sd > 0 and said.round_to == 1:
        yield f"{here}: noise_sd needs a round_to, or the numbers would pass for exact"
    if said.ledger is not None and (said.noise_sd > 0 or said.round_to > 1):
        yield f"{here}: what a ledger charges for is exact: no noise_sd, no round_to"
    if said.cohort_named_from > 1 and (said.noise_sd > 0 or said.round_to > 1):
        yield (
            f"{here}: a country's sum (cohort_named_from) is exact: no noise_sd, no"
            " round_to"
        )


def _of_access(said: _File, name: str, tier: str, profile: str) -> Iterator[str]:
    """Yield what keeps a dataset from speaking to a tier in a profile."""
    here, dataset = f"datasets.{name}", said.datasets[name]
    if tier not in said.tiers:
        yield f"{here}: access names the tier {tier}, {_there_are(said.tiers)}"
        return
    if profile not in said.disclosure:
        known = _there_are(said.disclosure)
        yield f"{here}: access names the profile {profile}, {known}"
        return
    terms, is_care = said.disclosure[profile], dataset.kind == "care"
    if is_care and _tier(tier, said.tiers[tier], frozenset()).is_public:
        yield f"{here}: care data is not public, and the tier {tier} demands nothing"
    if dataset.legal_basis.strip():
        return
    if terms.ledger is not None:
        yield f"{here}: the ledger of the profile {profile} needs a legal_basis"
    elif is_care and terms.min_count == 1:
        yield (
            f"{here}: the profile {profile} hides no small count of care data, which"
            " needs a legal_basis"
        )


def _there_are(known: Mapping[str, object]) -> str:
    return f"and there are {', '.join(known)}" if known else "and there are none"


_TABLES: Mapping[str, type[BaseModel]] = {
    "policy": _Head,
    "issuers": IssuerSection,
    "tiers": _Tier,
    "disclosure": _Disclosure,
    "datasets": _Dataset,
    "release": _Release,
    "distinct_variants": _Budget,
    "require": _Require,
    "ledger": _Ledger,
    "alarm": _Alarm,
}
