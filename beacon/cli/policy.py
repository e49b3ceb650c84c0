"""``beacon policy …``: what may be said to whom, in sentences.

The file and the datasets are those that ``beacon serve`` would serve; whoever would
ask is described by what would be proven of them, never by a token.
"""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import click

from beacon.cli.options import settings_of
from beacon.model.errors import UsageError
from beacon.model.requester import ANONYMOUS, Requester, Visa
from beacon.opening import policy_of
from beacon.policy.explaining import explained
from beacon.store.connection import connect
from beacon.store.releases import Catalogue

_SETS = frozenset({"roles", "scopes", "only"})
_TEXTS = frozenset({"subject", "issuer", "organisation", "acr", "purpose", "key"})
_LONGEST = 1_048_576


@click.group("policy")
def policy() -> None:
    """Say what may be said to whom."""


@policy.command("explain")
@click.option(
    "--requester",
    "claims",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="CLAIMS.json",
    help="What is proven of who asks; without it, somebody unknown.",
)
@click.option("--dataset", metavar="ID", help="Only this dataset.")
@click.pass_context
def explain(context: click.Context, claims: Path | None, dataset: str | None) -> None:
    """Say what a requester may learn of each dataset, and why.

    CLAIMS.json is an object with any of subject, organisation, roles, acr, purpose,
    only, and visas (each with type, value and source).
    """
    settings = settings_of(context)
    rules = policy_of(settings)
    requester = ANONYMOUS if claims is None else read_requester(claims)
    with (
        connect(settings.store_uri, settings.data_dir) as address,
        Catalogue(address) as catalogue,
    ):
        found = catalogue.datasets()
    chosen = [each for each in found if dataset in (None, each.id)]
    if dataset is not None and not chosen:
        message = f"--dataset {dataset}: there is no such dataset"
        raise UsageError(message)
    for sentence in explained(rules, requester, chosen):
        click.echo(sentence)


def read_requester(path: Path) -> Requester:
    """Return the requester that a file describes.

    Raises:
        UsageError: one sentence naming the file and what is wrong.
    """
    try:
        with path.open("rb") as file:
            said = json.loads(file.read(_LONGEST))
    except OSError as failure:
        message = f"--requester {path} cannot be read ({failure.strerror})"
        raise UsageError(message) from failure
    except ValueError as failure:
        message = f"--requester {path} cannot be read as JSON ({failure})"
        raise UsageError(message) from failure
    if not isinstance(said, dict):
        message = f"--requester {path}: this is no JSON object"
        raise UsageError(message)
    try:
        return _requester(said)
    except (TypeError, ValueError) as failure:
        message = f"--requester {path}: {failure}"
        raise UsageError(message) from failure


def _requester(said: dict[str, object]) -> Requester:
    known = _SETS | _TEXTS | {"visas"}
    for name in said:
        if name not in known:
            message = f"unknown key {name}; known are {', '.join(sorted(known))}"
            raise ValueError(message)
    texts = {name: _text(name, said[name]) for name in _TEXTS & said.keys()}
    sets = {name: frozenset(_texts(name, said[name])) for name in _SETS & said.keys()}
    visas = frozenset(_visa(each) for each in _list("visas", said.get("visas", [])))
    return Requester(**texts, **sets, visas=visas)  # type: ignore[arg-type]


def _visa(said: object) -> Visa:
    known = {field.name for field in fields(Visa)}
    if not isinstance(said, dict) or not {"type", "value", "source"} <= said.keys():
        message = "a visa is an object with type, value and source"
        raise ValueError(message)
    if not said.keys() <= known:
        message = f"a visa has no {', '.join(sorted(said.keys() - known))}"
        raise ValueError(message)
    return Visa(**{name: _text(name, value) for name, value in said.items()})


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        message = f"{name} is a text"
        raise ValueError(message)
    return value


def _list(name: str, value: object) -> list[object]:
    if not isinstance(value, list):
        message = f"{name} is a list"
        raise TypeError(message)
    return value


def _texts(name: str, value: object) -> list[str]:
    return [_text(name, each) for each in _list(name, value)]
