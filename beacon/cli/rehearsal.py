"""A network to rehearse with: three nations, and three peers that behave badly.

The nations are what anybody would run: a settings file, a policy and a release each,
served by ``beacon serve``; their files are written where they can be read afterwards.
Nothing listens but on loopback, and nothing outlives the block.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from beacon.auth.keys import KeyTerms, make_key
from beacon.auth.secrets import Purpose, derive, read_secret
from beacon.ingest import LoadRequest, load_variants
from beacon.model.errors import BeaconError
from beacon.settings import Settings
from beacon.store.api_keys import ApiKeys
from beacon.store.releases import Catalogue
from loaders import LoadOptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from beacon.store.connection import StoreAddress

_ASSEMBLY = "GRCh38"
_LAST_WORDS = 30.0
_SECONDS = 9.0
"""That a nation has for an answer."""
_IMPATIENT = 2.0
"""That somebody has who is known to behave badly."""
_SERVES = re.compile(r" serves (http://\S+)/$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A dataset of a nation."""

    id: str
    name: str
    kind: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Nation:
    """A beacon of the rehearsal.

    Attributes:
        key: two letters: of its files, its database and its id.
        country: as others write it; ``None`` for several.
        says: what its policy means, in a sentence.
        admits: the role that it asks for; a key of it is given to who asks.
    """

    key: str
    name: str
    country: str | None
    says: str
    releases: tuple[Release, ...]
    admits: str | None = None

    @property
    def id(self) -> str:
        """Its beacon id."""
        return f"{self.key}.demo.beacon"


NATIONS = (
    Nation(
        key="se",
        name="Sweden",
        country="SE",
        says="all of its reference, and itself of its patients, too",
        releases=(
            Release(
                id="se-care",
                name="Swedish patients",
                kind="patients",
                description="Invented sums of 12,099 patients who do not exist.",
            ),
            Release(
                id="se-reference",
                name="Swedish reference",
                kind="population",
                description="Invented sums of 1,000 people who do not exist.",
            ),
        ),
    ),
    Nation(
        key="dk",
        name="Denmark",
        country="DK",
        says="partners, who show a key, tens, and nothing of fewer than ten",
        admits="partner",
        releases=(
            Release(
                id="dk-care",
                name="Danish patients",
                kind="patients",
                description="Invented sums of 15,560 patients who do not exist.",
            ),
        ),
    ),
    Nation(
        key="eu",
        name="Europe",
        country=None,
        says="all of everything; the people of Sweden's reference are among its own",
        releases=(
            Release(
                id="eu-reference",
                name="European reference",
                kind="population",
                description="Invented sums of 90,022 people who do not exist.",
            ),
        ),
    ),
)
HOME, *ABROAD = NATIONS
SHARED_PEOPLE = "european-reference"
"""The group of datasets that hold the same people."""
BADLY_BEHAVED = {
    "slow": "takes a question and never answers",
    "lying": "says yes to everything, 40,628,794 times",
    "broken": "shows the page of its proxy",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """A network that is up.

    Attributes:
        settings: of the beacon that asks the others.
        address: of its store.
        urls: of the APIs of its peers, by name or key.
    """

    settings: Settings
    address: StoreAddress
    urls: Mapping[str, str]


@contextmanager
def rehearsing(folder: Path, address: StoreAddress, port: int) -> Iterator[Rehearsal]:
    """Give the network, until the end of the block.

    Args:
        folder: its files are written to.
        address: of the store; each nation has a database there.
        port: that the beacon that asks shall serve on; 0: any.

    Raises:
        BeaconError: when one of them does not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as opened:
        for nation in NATIONS:
            _load(nation, _store_of(nation, address))
        urls = opened.enter_context(_strangers())
        serving = {}
        for nation in ABROAD:  # all begin before the first is waited for
            path = _write(folder, nation, address, port=0)
            if nation.admits is not None:
                _invite(nation, path, _store_of(nation, address))
            serving[nation.key] = path, opened.enter_context(_served(path))
        urls |= {key: _url_of(*served) for key, served in serving.items()}
        peers = folder / "peers.toml"
        peers.write_text(peers_file(urls), encoding="utf-8")
        path = _write(folder, HOME, address, port=port, peers=peers.name)
        yield Rehearsal(
            settings=_settings(path),
            address=_store_of(HOME, address),
            urls=urls,
        )


def _store_of(nation: Nation, address: StoreAddress) -> StoreAddress:
    database = f"rehearsal_{nation.key}"
    return replace(address, uri=f"{address.uri}/{database}", database=database)


def _load(nation: Nation, address: StoreAddress) -> None:
    """Load what a nation knows; unchanged files are not read a second time."""
    with (
        as_file(files("beacon").joinpath("data", "network")) as data,
        Catalogue(address) as catalogue,
    ):
        for release in nation.releases:
            request = LoadRequest(
                dataset=release.id,
                paths=(data / f"{release.id}.vcf",),
                options=LoadOptions(assembly=_ASSEMBLY),
                references={},
            )
            if load_variants(catalogue, request).is_new:
                catalogue.describe(
                    release.id,
                    name=release.name,
                    kind=release.kind,
                    description=release.description,
                    country=nation.country,
                )


def _write(
    folder: Path,
    nation: Nation,
    address: StoreAddress,
    *,
    port: int,
    peers: str | None = None,
) -> Path:
    """Write a nation's policy and settings; return the latter's path."""
    policy = f"{nation.key}.policy.toml"
    text = files("beacon").joinpath("data", "network", policy).read_text("utf-8")
    (folder / policy).write_text(text, encoding="utf-8")
    store = _store_of(nation, address)
    lines = [
        f"data_dir = {json.dumps(str(folder / nation.key))}",
        "[beacon]",
        f'id = "{nation.id}"',
        f'name = "{nation.name}"',
        "[server]",
        f"port = {port}",
        "[store]",
        f'uri = "{store.uri}"',
        "[policy]",
        f'file = "{policy}"',
    ]
    if peers is not None:
        lines += ["[network]", f'peers = "{peers}"']
    path = folder / f"{nation.key}.beacon.toml"
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path


def _settings(path: Path) -> Settings:
    """Return what a nation's file says; nothing of the environment is its own."""
    said = tomllib.loads(path.read_text(encoding="utf-8"))
    said["policy"]["file"] = path.with_name(said["policy"]["file"])
    if "network" in said:
        said["network"]["peers"] = path.with_name(said["network"]["peers"])
    return Settings.model_validate(said)


def _invite(nation: Nation, path: Path, address: StoreAddress) -> None:
    """Give whoever asks a key of a nation, in a file that its owner alone can read."""
    pepper = derive(read_secret(_settings(path).secret_path), Purpose.API_KEYS)
    terms = KeyTerms(
        name=HOME.name,
        life=timedelta(days=1),
        scopes=frozenset({"query", "batch"}),
        roles=frozenset({nation.admits} if nation.admits else ()),
        organisation=HOME.id,
    )
    made, text = make_key(terms, pepper, datetime.now(UTC))
    with ApiKeys(address) as kept:
        kept.add(made)
    token = path.with_name(_token_of(nation))
    token.touch(mode=0o600)
    token.write_text(text + "\n", encoding="utf-8")


def _token_of(nation: Nation) -> str:
    return f"{nation.key}.token"


def peers_file(urls: Mapping[str, str]) -> str:
    """Return what the asking beacon says of its peers, as a file says it."""
    blocks = [
        "# Whom Sweden asks: written anew whenever the rehearsal begins.",
        "[federation]",
        f"deadline_s = {_SECONDS + 1:g}",
        "",
        "[federation.here]",
        f'name = "{HOME.name}"',
        f'country = "{HOME.country}"',
        _table(
            "overlap_groups",
            {"se-reference": SHARED_PEOPLE, "se-care": "se-patients"},
        ),
    ]
    for nation in ABROAD:
        blocks += _peer(nation.id, nation.name, urls[nation.key], _SECONDS)
        if nation.admits is not None:
            token = _token_of(nation)
            blocks.append(f'auth = {{ type = "bearer", token_file = "{token}" }}')
            blocks.append('ask_for = "anyone"')
        if nation.country is not None:
            blocks.append(f'country = "{nation.country}"')
        has_patients = any(r.kind == "patients" for r in nation.releases)
        group = f"{nation.key}-patients" if has_patients else SHARED_PEOPLE
        blocks += [f'overlap_group = "{group}"', "batch = true"]
        kinds = {release.id: release.kind for release in nation.releases}
        blocks.append(_table("dataset_kinds", kinds))
    for name in BADLY_BEHAVED:
        title = f"A {name} peer"
        blocks += _peer(f"{name}.demo.beacon", title, urls[name], _IMPATIENT)
    return "\n".join([*blocks, ""])


def _table(key: str, values: Mapping[str, str]) -> str:
    pairs = ", ".join(f'"{name}" = "{value}"' for name, value in values.items())
    return f"{key} = {{ {pairs} }}"


def _peer(beacon: str, name: str, url: str, seconds: float) -> list[str]:
    return [
        "",
        "[[federation.peer]]",
        f'id = "{beacon}"',
        f'name = "{name}"',
        f'url = "{url}"',
        f"timeout_s = {seconds:g}",
        'private_networks = ["127.0.0.0/8"]',
    ]


@contextmanager
def _strangers() -> Iterator[dict[str, str]]:
    """Give the addresses of the peers that behave badly."""
    with _leashed("beacon.cli.strangers") as process:
        line = process.stdout.readline() if process.stdout is not None else ""
        if not line:
            message = "the peers that behave badly did not start"
            raise BeaconError(message)
        yield dict(json.loads(line))


@contextmanager
def _served(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Serve a nation until the end of the block; what it says goes to a file."""
    with (
        _log_of(path).open("w", encoding="utf-8") as log,
        _leashed("beacon.cli.nation", "--config", str(path), log=log.fileno()) as child,
    ):
        yield child


def _url_of(path: Path, child: subprocess.Popen[str]) -> str:
    """Return the address of a nation's API once it answers.

    Raises:
        BeaconError: when it does not start, with its own last sentence.
    """
    for line in child.stdout or ():
        found = _SERVES.search(line)
        if found is not None:
            return f"{found[1]}/api"
    said = _log_of(path).read_text(encoding="utf-8").strip()
    message = f"{path.name}: {said.splitlines()[-1] if said else 'did not start'}"
    raise BeaconError(message)


def _log_of(path: Path) -> Path:
    return path.with_suffix(".log")


@contextmanager
def _leashed(
    module: str, *arguments: str, log: int | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run a module of ours that ends when its standard input does."""
    process = subprocess.Popen(  # noqa: S603 - our own words only
        [sys.executable, "-P", "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env={k: v for k, v in os.environ.items() if not k.startswith("BEACON_")},
        text=True,
        start_new_session=True,  # Ctrl-C is for the demonstration, which ends it
    )
    try:
        yield process
    finally:
        try:
            process.communicate(timeout=_LAST_WORDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
