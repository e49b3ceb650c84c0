"""Conditions of visas are met by other visas, clause by clause, or the visa is none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.auth.conditions import are_met, is_like, read_conditions
from beacon.model.errors import NotIdentified
from beacon.model.requester import Visa
from tests.auth.issuing import NOON, who

if TYPE_CHECKING:
    from beacon.auth.porter import Porter
    from tests.auth.issuing import Clock, Watched

ROLE, STATUS = "AffiliationAndRole", "ResearcherStatus"
REGISTERED = "https://doi.org/10.1038/s41431-018-0219-y"
MINE = (
    Visa(type=ROLE, value="faculty@ki.example", source="https://ki.example", by="so"),
    Visa(type=STATUS, value=REGISTERED, source="https://dac.example"),
    Visa(type="LinkedIdentities", value="1,https:%2F%2Fa;2,https:%2F%2Fb1", source="s"),
)
MET: dict[str, object] = {
    "as said": [[{"type": ROLE, "value": "const:faculty@ki.example"}]],
    "as a pattern has it": [[{"type": ROLE, "value": "pattern:f?culty@*"}]],
    "one part of several": [
        [{"type": "LinkedIdentities", "value": "split_pattern:2,https:%2F%2Fb?"}]
    ],
    "several fields of one": [
        [{"type": ROLE, "value": "pattern:*", "by": "const:so"}],
    ],
    "two clauses, two visas": [
        [
            {"type": ROLE, "source": "const:https://ki.example"},
            {"type": STATUS, "value": f"const:{REGISTERED}"},
        ]
    ],
    "the second alternative": [
        [{"type": ROLE, "value": "const:student@ki.example"}],
        [{"type": STATUS, "source": "pattern:https://*"}],
    ],
    "an unknown way in another alternative": [
        [{"type": ROLE, "value": "regex:.*"}],
        [{"type": ROLE, "by": "const:so"}],
    ],
}
UNMET: dict[str, object] = {
    "another case": [[{"type": ROLE, "value": "const:Faculty@ki.example"}]],
    "a part of it": [[{"type": ROLE, "value": "pattern:faculty"}]],
    "a part where nothing is split": [
        [{"type": "LinkedIdentities", "value": "pattern:2,https:%2F%2Fb?"}]
    ],
    "another type": [[{"type": STATUS, "value": "const:faculty@ki.example"}]],
    "fields of two visas": [
        [{"type": ROLE, "value": "pattern:*", "source": "const:https://dac.example"}]
    ],
    "one of two clauses": [
        [{"type": ROLE, "by": "const:so"}, {"type": STATUS, "by": "const:so"}]
    ],
    "a field that is absent": [[{"type": STATUS, "by": "pattern:*"}]],
    "a way that is not known": [[{"type": ROLE, "value": "regex:.*"}]],
    "a pattern taken for itself": [[{"type": ROLE, "value": "const:faculty@*"}]],
}
UNSOUND: dict[str, object] = {
    "nothing": [],
    "no clause": [[]],
    "no list": {"type": ROLE, "value": "pattern:*"},
    "clauses in one list": [{"type": ROLE, "value": "pattern:*"}],
    "no type": [[{"value": "pattern:*"}]],
    "a type alone": [[{"type": ROLE}]],
    "no way": [[{"type": ROLE, "value": "faculty@ki.example"}]],
    "conditions of conditions": [[{"type": ROLE, "conditions": "pattern:*"}]],
    "a moment": [[{"type": ROLE, "asserted": "pattern:*"}]],
    "a number": [[{"type": ROLE, "value": 1}]],
    "beside a sound one": [[{"type": ROLE, "value": "pattern:*"}], [{"type": ROLE}]],
    "too many": [[{"type": ROLE, "value": "pattern:*"}]] * 21,
    "too long": [[{"type": ROLE, "value": "pattern:" + "*" * 1024}]],
}


@pytest.mark.parametrize("how", MET)
def test_conditions_are_met(how: str) -> None:
    """By any alternative, whose every clause one visa meets."""
    assert are_met(read_conditions(MET[how]), MINE)


@pytest.mark.parametrize("how", UNMET)
def test_conditions_are_not_met(how: str) -> None:
    """By what is nearly so, or by several visas together where one is asked for."""
    assert not are_met(read_conditions(UNMET[how]), MINE)


@pytest.mark.parametrize("how", UNSOUND)
def test_what_is_not_written_so_is_nothing(how: str) -> None:
    """It is not read as something it may not mean."""
    with pytest.raises(NotIdentified):
        read_conditions(UNSOUND[how])


SIGNS = st.text(alphabet="ab*?;.", max_size=12)


@given(text=SIGNS, pattern=SIGNS)
def test_patterns_match_as_expressions_do(text: str, pattern: str) -> None:
    """The same as a regular expression of any characters, over the whole text."""
    expression = "".join(
        {"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in pattern
    )

    assert is_like(text, pattern) == bool(re.fullmatch(expression, text, re.DOTALL))


def test_no_pattern_takes_long() -> None:
    """One that an expression would need ages for is done at once."""
    assert not is_like("a" * 1024, "*a" * 500 + "b")
    for _ in range(1000):  # a visa may have as many, and be one of several
        assert not is_like("a" * 1024, f"*{'a' * 500}b*")
        assert not is_like("a" * 1024, f"*?{'a' * 500}b*")


def _grant(issuer: Watched, subject: str) -> str:
    """Return a grant that counts only beside an affiliation."""
    return issuer.visa(
        subject,
        "ControlledAccessGrants",
        "https://a.example/datasets/1",
        "https://a.example/dac",
        conditions=AFFILIATED,
    )


def _role(issuer: Watched, subject: str, ends: int) -> str:
    """Return an affiliation that ends after some seconds."""
    stated = {"type": ROLE, "value": "faculty@ki.example", "source": "s", "by": "so"}
    claims = {
        "iss": issuer.iss,
        "sub": subject,
        "iat": NOON,
        "exp": NOON + ends,
        "ga4gh_visa_v1": {**stated, "asserted": NOON},
    }
    header = {"typ": "vnd.ga4gh.visa+jwt", "jku": f"{issuer.iss}/jwks"}
    return issuer.signed(header, claims)


AFFILIATED = [[{"type": ROLE, "value": "pattern:*@ki.example", "by": "const:so"}]]


async def test_a_grant_counts_beside_what_it_asks_for(
    issuer: Watched, porter: Porter
) -> None:
    """And not without it, nor beside one that has conditions itself."""
    chained = issuer.visa(
        "b", ROLE, "faculty@ki.example", "s", by="so", conditions=AFFILIATED
    )
    issuer.visas["a"] = [_grant(issuer, "a")]
    issuer.visas["b"] = [_grant(issuer, "b"), chained]
    issuer.visas["c"] = [_grant(issuer, "c"), _role(issuer, "c", 3600)]
    found = [(await who(porter, issuer.token(each))).visas for each in "abc"]

    assert [set(), set(), {"ControlledAccessGrants", ROLE}] == [
        {visa.type for visa in visas} for visas in found
    ]


async def test_a_grant_ends_with_what_it_asks_for(
    issuer: Watched, porter: Porter, clock: Clock
) -> None:
    """When the affiliation is over, so is what it was given for."""
    issuer.visas["c"] = [_grant(issuer, "c"), _role(issuer, "c", 600)]
    before = await who(porter, issuer.token("c"))
    clock.now += 700
    after = await who(porter, issuer.token("c"))

    assert len(before.visas) == 2
    assert not after.visas


async def test_conditions_link_nobody(issuer: Watched, porter: Porter) -> None:
    """Whose visas meet conditions is not decided by one that has conditions."""
    other = f"other,{quote(issuer.iss, safe='')}"
    linking = ("LinkedIdentities", other, "s")
    met = [[{"type": ROLE, "value": "pattern:*"}]]
    issuer.visas["a"] = [
        issuer.visa("a", *linking, conditions=met),
        _role(issuer, "a", 3600),
        _grant(issuer, "other"),
    ]
    issuer.visas["b"] = [
        issuer.visa("b", *linking),
        _role(issuer, "b", 3600),
        _grant(issuer, "other"),
    ]
    by_conditions = await who(porter, issuer.token("a"))
    plainly = await who(porter, issuer.token("b"))

    assert {"LinkedIdentities", ROLE} == {v.type for v in by_conditions.visas}
    assert "ControlledAccessGrants" in {v.type for v in plainly.visas}
