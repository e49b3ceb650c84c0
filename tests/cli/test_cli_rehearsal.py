"""What the nations of ``beacon demo --network`` say of themselves and of each other."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

from beacon import peers_file, policy_file
from beacon.cli.rehearsal import (
    ABROAD,
    BADLY_BEHAVED,
    HOME,
    NATIONS,
    SHARED_PEOPLE,
    Nation,
)
from beacon.cli.rehearsal import peers_file as written
from beacon.cli.strangers import names
from beacon.network.peers import Proof

if TYPE_CHECKING:
    from pathlib import Path

URLS = {
    each: f"http://127.0.0.1:{5160 + number}/api"
    for number, each in enumerate([*BADLY_BEHAVED, *(n.key for n in ABROAD)])
}


def test_everybody_that_behaves_badly_is_served() -> None:
    """What is said of the badly behaved peers is said of those there are."""
    assert list(names()) == list(BADLY_BEHAVED)


@pytest.mark.parametrize("nation", NATIONS, ids=lambda nation: nation.key)
def test_policies_name_the_nations_datasets(nation: Nation, tmp_path: Path) -> None:
    """Each nation's policy can be acted on and is about the datasets it loads."""
    text = files("beacon").joinpath("data", "network", f"{nation.key}.policy.toml")
    path = tmp_path / "policy.toml"
    path.write_text(text.read_text("utf-8"))

    policy = policy_file.read(path).policy

    assert {each.id for each in nation.releases} == set(policy.datasets)


def test_peers_file_is_one(tmp_path: Path) -> None:
    """The file that is written names every peer, Denmark's key and who overlaps."""
    path = tmp_path / "peers.toml"
    path.write_text(written(URLS))

    directory = peers_file.read(path, here=HOME.id, name=HOME.name)
    peers = {peer.node.id: peer for peer in directory.peers}

    assert list(peers) == [
        *(nation.id for nation in ABROAD),
        *(f"{each}.demo.beacon" for each in BADLY_BEHAVED),
    ]
    assert peers["dk.demo.beacon"].credentials.proof is Proof.BEARER
    assert peers["eu.demo.beacon"].overlap_of("eu-reference") == SHARED_PEOPLE
    assert directory.overlap_of("se-reference") == SHARED_PEOPLE
    assert directory.overlap_of("se-care") == "se-patients"
