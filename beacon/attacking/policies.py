"""A policy file → the same policy of a simulated dataset, and its attackers' rules.

Numbers are kept: granularity, kinds of questions, budgets and profiles.  Who must
prove what is replaced, because no real issuer vouches for attackers: each tier that
demands anything demands a role of the simulation's own issuer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from beacon.attacking.believing import Ledger, allowance
from beacon.attacking.manners import Manner

if TYPE_CHECKING:
    from collections.abc import Iterator

Table = Mapping[str, object]

DATASET, REFERENCE = "simulated", "simulated-reference"
AUDIENCE = "simulated-beacon"
_DEMANDS = ("visas", "require")
_ANYBODY = "reference-of-the-simulation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Defended:
    """One tier that a dataset speaks to.

    Attributes:
        tier: its name.
        profile: that it hears the dataset in.
        is_anonymous: whether it demands nothing.
        manner: how the dataset speaks to it.
        ledger: what is charged; ``None``: nothing.
        per_day: distinct variants it may ask for in a day; ``None``: any.
        per_30d: likewise, in 30 days.
    """

    tier: str
    profile: str
    is_anonymous: bool
    manner: Manner
    ledger: Ledger | None
    per_day: int | None
    per_30d: int | None


def tables(of: Table, name: str) -> Mapping[str, Table]:
    """Return the tables of a table by their names; those that are none are no part."""
    found = of.get(name)
    told = found if isinstance(found, Mapping) else {}
    return {key: each for key, each in told.items() if isinstance(each, Mapping)}


def defended(policy: Table, dataset: str, people: int) -> tuple[Defended, ...]:
    """Return the tiers that a dataset of a policy speaks to, as it would to so many."""
    pairs = _table(tables(policy, "datasets")[dataset], "access")
    return tuple(_defended(policy, t, str(pairs[t]), people) for t in pairs)


def _defended(policy: Table, tier: str, profile: str, people: int) -> Defended:
    terms = tables(policy, "tiers")[tier]
    told = tables(policy, "disclosure")[profile]
    budget = _table(terms, "distinct_variants")
    return Defended(
        tier=tier,
        profile=profile,
        is_anonymous=not any(terms.get(each) for each in _DEMANDS),
        manner=Manner(
            is_boolean=terms.get("granularity") == "boolean",
            min_count=_whole(told, "min_count") or 1,
            round_to=_whole(told, "round_to") or 1,
            noise_sd=_number(told, "noise_sd", 0.0),
        ),
        ledger=_ledger(_table(told, "ledger"), people) if "ledger" in told else None,
        per_day=_whole(budget, "per_day"),
        per_30d=_whole(budget, "per_30d"),
    )


def _ledger(told: Table, people: int) -> Ledger:
    population = _whole(told, "population") or 6_000_000
    return Ledger(
        nats=allowance(_number(told, "ppv_max", 0.10), population, people),
        most=_whole(told, "cap_carriers") or 50,
        first_hit_always=bool(told.get("first_hit_always", True)),
    )


def _table(of: Table, name: str) -> Table:
    found = of.get(name)
    return found if isinstance(found, Mapping) else {}


def _whole(of: Table, name: str) -> int | None:
    found = of.get(name)
    return found if isinstance(found, int) else None


def _number(of: Table, name: str, usual: float) -> float:
    found = of.get(name)
    return float(found) if isinstance(found, (int, float)) else usual


def simulated(policy: Table, dataset: str, iss: str) -> str:
    """Return the policy file that a simulated server keeps.

    Args:
        policy: that is simulated.
        dataset: of it, whose terms the simulated dataset has.
        iss: address of the issuer that vouches for attackers.
    """
    tiers = tables(policy, "tiers")
    terms = dict(tables(policy, "datasets")[dataset])
    for name in ("grant", "source", "people", "opt_out_register"):
        terms.pop(name, None)
    terms.setdefault("legal_basis", "simulation")
    document: dict[str, Table] = {
        "policy": dict(_table(policy, "policy")),
        "issuers": {"simulation": _issuer(iss, tiers)},
        "tiers": {name: _tier(name, each) for name, each in tiers.items()},
        "disclosure": {
            **tables(policy, "disclosure"),
            _ANYBODY: {"min_count": 1},
        },
        "datasets": {
            DATASET: terms,
            REFERENCE: {"kind": "reference", "access": dict.fromkeys(tiers, _ANYBODY)},
        },
        "release": _table(policy, "release"),
    }
    return "".join(_written(document))


def _issuer(iss: str, tiers: Mapping[str, Table]) -> Table:
    return {
        "iss": iss,
        "algs": ["ES256"],
        "audiences": [AUDIENCE],
        "passports": False,
        "jwks_uri": f"{iss}/jwks",
        "role_map": {name: name for name in tiers},
    }


def _tier(name: str, said: Table) -> Table:
    kept = {key: each for key, each in said.items() if key not in _DEMANDS}
    if any(said.get(each) for each in _DEMANDS):
        kept["require"] = {"roles": [name]}
    return kept


def _written(document: Mapping[str, Table]) -> Iterator[str]:
    """Yield TOML: a table for each, those within tables inline."""
    for name, table in document.items():
        nested = all(isinstance(each, Mapping) for each in table.values()) and table
        if not nested:
            yield f"[{name}]\n"
            yield from (f"{json.dumps(k)} = {_inline(v)}\n" for k, v in table.items())
            continue
        for key, each in tables(document, name).items():
            yield f"[{name}.{json.dumps(key)}]\n"
            yield from (f"{json.dumps(k)} = {_inline(v)}\n" for k, v in each.items())


def _inline(value: object) -> str:
    """Return a value as TOML writes it; text and lists are written as in JSON."""
    if isinstance(value, Mapping):
        pairs = (f"{json.dumps(k)} = {_inline(v)}" for k, v in value.items())
        return f"{{ {', '.join(pairs)} }}" if value else "{}"
    return json.dumps(value)
