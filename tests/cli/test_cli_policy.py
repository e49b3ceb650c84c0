"""``beacon policy explain`` says who may learn what, and why not more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from beacon.cli.policy import read_requester
from beacon.model.errors import UsageError
from beacon.model.requester import Requester, Visa
from beacon.store.releases import Catalogue
from tests.policy_example import TEXT

if TYPE_CHECKING:
    from pathlib import Path

    from commands import Command

    from beacon.store.connection import StoreAddress


def test_it_is_told_of_every_dataset_that_is_loaded(
    empty_beacon: Command, tmp_path: Path, store_address: StoreAddress
) -> None:
    """By default to somebody unknown; to others by what is proven of them."""
    policy, claims = tmp_path / "policy.toml", tmp_path / "claims.json"
    policy.write_text(TEXT)
    claims.write_text(json.dumps({"subject": "s", "roles": ["steward"]}))
    empty_beacon.variables["BEACON_POLICY__FILE"] = str(policy)
    with Catalogue(store_address) as catalogue:
        for name in ("clinic", "elsewhere"):
            people = catalogue.begin_documents(name, "individual")
            people.publish(fingerprint=name, inputs=())
    unknown = empty_beacon("policy", "explain")
    steward = empty_beacon(
        *("policy", "explain", "--requester", str(claims), "--dataset", "clinic")
    )
    nowhere = empty_beacon("policy", "explain", "--dataset", "none")

    assert unknown.returncode == 0, unknown.stderr
    assert unknown.stdout.startswith("Policy example-2026-11, SHA-256 ")
    assert "clinic: it does not exist for this requester." in unknown.stdout
    assert "elsewhere: it does not exist for this requester." in unknown.stdout
    assert "clinic: It speaks as to tier steward, in profile exact." in steward.stdout
    assert "elsewhere" not in steward.stdout
    assert (nowhere.returncode, nowhere.stdout) == (2, "")


def test_a_requester_is_what_its_file_says(tmp_path: Path) -> None:
    """Every claim has its place."""
    path = tmp_path / "claims.json"
    visa = {"type": "ResearcherStatus", "value": "v", "source": "s", "by": "so"}
    path.write_text(
        json.dumps({"organisation": "o", "acr": "loa3", "only": ["d"], "visas": [visa]})
    )

    assert read_requester(path) == Requester(
        organisation="o",
        acr="loa3",
        only=frozenset({"d"}),
        visas=frozenset({Visa(**visa)}),
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "this is no JSON object"),
        ('{"role": []}', "unknown key role; known are acr"),
        ('{"roles": "care"}', "roles is a list"),
        ('{"acr": 3}', "acr is a text"),
        ('{"visas": [{"type": "x"}]}', "a visa is an object with type"),
        ('{"visas": [{"type":"x","value":"v","source":"s","exp":1}]}', "has no exp"),
    ],
)
def test_what_describes_nobody_is_refused(
    tmp_path: Path, text: str, sentence: str
) -> None:
    """In one sentence that names the file."""
    path = tmp_path / "claims.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=sentence) as told:
        read_requester(path)

    assert str(path) in str(told.value)


def test_claims_that_are_not_there_are_refused(tmp_path: Path) -> None:
    """The sentence names the file once, and why, without a number of an error."""
    path = tmp_path / "claims.json"
    with pytest.raises(UsageError) as told:
        read_requester(path)

    said = f"--requester {path} cannot be read (No such file or directory)"
    assert str(told.value) == said
