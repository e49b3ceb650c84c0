"""A small clinic whose people are known, and a public dataset, both loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.model.notation import parse
from beacon.model.profile import LedgerTerms
from beacon.model.query import Granularity, Query
from beacon.store.releases import Catalogue
from tests.service.people_samples import Record, load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from beacon.store.connection import StoreAddress

PEOPLE = tuple(f"S{n}" for n in range(200))
TERMS = LedgerTerms(population=6_000_000)
"""Of 200 people 8.1 nats may be learnt; a rare answer about one tells 7.8."""
VARIANTS: Mapping[int, Mapping[str, str]] = {
    100: {"S0": "0/1"},
    200: {"S0": "0/1"},
    300: {"S0": "0/1", "S1": "1/1"},
    400: {"S1": "0/1"},
    500: {},
    600: dict.fromkeys(PEOPLE[:70], "0/1"),
    700: {"S2": "0/1", "S3": "0/1", "S4": "./1"},
    800: {"S0": "0/1", "S5": "0/1"},
    900: {**dict.fromkeys(PEOPLE[:4], "0/1"), "S6": "1/1"},
    910: {**dict.fromkeys(PEOPLE[:4], "0/1"), "S6": "1/1"},
    920: {**dict.fromkeys(PEOPLE[:60], "0/1"), "S6": "1/1"},
    930: {**dict.fromkeys(PEOPLE[:14], "0/1"), "S6": "1/1"},
    940: {**dict.fromkeys(PEOPLE[:12], "0/1"), "S6": "1/1"},
    950: dict.fromkeys(PEOPLE[:40], "0/1"),
}
"""By place who carries A>G there."""
OF_X: Mapping[int, Mapping[str, str]] = {
    100: {"S0": "0/1", "S1": "1/1", "S150": "1", "S151": "1"},
}
"""The same of X, of which the last hundred people have one copy."""
ELSEWHERE = 950
"""A place where nobody of the clinic carries it, but others do in public."""
FIRST = 20_000_000
"""Places are counted from here, on contig 22 and on X."""


def load_clinic(address: StoreAddress, folder: Path) -> None:
    """Load both datasets."""
    with Catalogue(address) as catalogue:
        load(catalogue, folder, "clinic", _records(), PEOPLE)
        load(catalogue, folder, "public", _records(PEOPLE[:4]), PEOPLE)
        catalogue.describe("public", kind="population")


def _records(only: Sequence[str] = PEOPLE) -> list[Record]:
    nothing = dict.fromkeys(PEOPLE, "0/0")
    once = nothing | dict.fromkeys(PEOPLE[100:], "0")
    return [
        Record(
            chromosome=chromosome,
            pos=FIRST + place,
            reference="A",
            alternates="G",
            genotypes=tuple(
                carried.get(name, other)
                if (name in only) != (place == ELSEWHERE)
                else other
                for name, other in others.items()
            ),
            name=f"rs{place}" if only == PEOPLE and others is nothing else ".",
        )
        for chromosome, variants, others in (
            ("22", VARIANTS, nothing),
            ("X", OF_X, once),
        )
        for place, carried in variants.items()
    ]


def asked(place: int, chromosome: str = "22", **more: object) -> Query:
    """Return the question for A>G at a place, with its counts."""
    text = f"{chromosome}-{FIRST + place}-A-G"
    pattern = parse(text, assembly="GRCh37", loaded=(), references={})
    told = {"pattern": pattern, "granularity": Granularity.COUNT, **more}
    return Query(**told)  # type: ignore[arg-type]
