"""People in several datasets are found by their genotypes, and nobody else is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from beacon.ingest import LoadRequest, load_variants, with_duplicates
from beacon.model.errors import NotFound
from beacon.store.releases import Catalogue
from loaders import LoadOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from beacon.ingest import LoadOutcome
    from beacon.store.connection import StoreAddress
    from beacon.store.duplicates import Comparison

    Copies = NDArray[np.int8]

DEMO = Path(__file__).resolve().parents[2] / "beacon/data/demo"
HEAD = (
    "##fileformat=VCFv4.3\n"
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"
)
SITES = 600
CALLS = {-1: "./.", 0: "0/0", 1: "0/1", 2: "1/1"}


def load(
    catalogue: Catalogue, dataset: str, path: Path, **options: object
) -> LoadOutcome:
    """Load a file as a dataset."""
    request = LoadRequest(
        dataset=dataset,
        paths=(path,),
        options=LoadOptions(assembly="GRCh37", **options),  # type: ignore[arg-type]
        references={},
    )
    return with_duplicates(catalogue, load_variants(catalogue, request))


def write(path: Path, people: Mapping[str, Copies], step: int = 1) -> Path:
    """Write people's copies of alleles on two chromosomes, every so many of them."""
    lines = [HEAD + "\t".join(people) + "\n"]
    for site in range(0, SITES, step):
        contig, pos = 1 + site % 2, 1_000_000 + 20_000 * site
        calls = "\t".join(CALLS[int(copies[site])] for copies in people.values())
        lines.append(f"{contig}\t{pos}\t.\tA\tG\t50\tPASS\t.\tGT\t{calls}\n")
    path.write_text("".join(lines))
    return path


def strangers(number: int, seed: int) -> list[Copies]:
    """Return unrelated people."""
    frequency = np.random.default_rng(1).uniform(0.05, 0.95, SITES)
    chance = np.random.default_rng(seed)
    both = chance.random((number, 2, SITES)) < frequency
    return list(both.sum(axis=1).astype(np.int8))


def child(mother: Copies, father: Copies) -> Copies:
    """Return a child of two people."""
    chance = np.random.default_rng(7)
    return sum((chance.random(SITES) < p / 2).astype(np.int8) for p in (mother, father))


def read_again(person: Copies) -> Copies:
    """Return a person sequenced again: 1 % wrong, 20 % not called."""
    chance, copies = np.random.default_rng(8), person.copy()
    wrong = chance.random(SITES) < 0.01
    copies[wrong] = (copies[wrong] + 1) % 3
    copies[chance.random(SITES) < 0.2] = -1
    return copies


def test_the_synthetic_cohort(catalogue: Catalogue, tmp_path: Path) -> None:
    """Two people are in two of its datasets; nobody else is found."""
    table = tmp_path / "samples.tsv"
    rows = (f"SMP-{n:04}\tIND{n:04}\n" for n in range(40))
    table.write_text("sample\tindividual\n" + "".join(rows))
    said = [
        load(catalogue, name, DEMO / f"{name}.GRCh37.vcf.gz", samples=table)
        for name in ("ds-open", "ds-controlled", "ds-registered")
    ]

    assert [outcome.duplicates for outcome in said] == [
        (),
        (),
        (
            "IND0000 is in ds-registered and in ds-open:"
            " 100.0% of 83 alleles are equal.",
            "IND0010 is in ds-registered and in ds-open:"
            " 100.0% of 87 alleles are equal.",
        ),
    ]
    assert said[2].as_dict()["duplicates"] == list(said[2].duplicates)
    assert all(outcome.release.report.get("duplicates") is None for outcome in said)


@pytest.fixture(scope="module")
def planted(
    shared_address: Callable[[str], StoreAddress],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Catalogue]:
    """Load a genome and an exome with some of its people, and counts alone."""
    folder = tmp_path_factory.mktemp("planted")
    with Catalogue(shared_address("duplicates")) as catalogue:
        plant(catalogue, folder)
        yield catalogue


def plant(catalogue: Catalogue, folder: Path) -> None:
    """Load three datasets that share people."""
    one, other = strangers(60, 2), strangers(8, 3)
    genome = {f"P{n}": copies for n, copies in enumerate(one)}
    genome["TWIN"] = one[3]
    exome = {f"Q{n}": copies for n, copies in enumerate(other)}
    exome |= {
        "P0": read_again(one[0]),
        "P4": one[5],
        "P5": read_again(one[4]),
        "OTHER": one[6],
        "P7": other[7],
        "CHILD": child(one[8], one[9]),
    }
    load(catalogue, "genome", write(folder / "genome.vcf", genome))
    load(catalogue, "exome", write(folder / "exome.vcf", exome, step=3))
    path = write(folder / "counts.vcf", {"P1": one[1]})
    load(catalogue, "counts", path, keeps_people=False)


def plain(said: Comparison) -> set[tuple[str, ...]]:
    """Return what was found, without its figures."""
    return {
        (str(likeness.kind), *(str(person) for person in likeness.pairs[0][:2]))
        for likeness in said.found
    }


def test_planted_people_are_found(planted: Catalogue) -> None:
    """One twice in one dataset, some in both, two swapped, and one in name only.

    A child of two people is none of them.
    """
    said = planted.comparer().among(())

    assert plain(said) == {
        ("same", "P3 of genome", "TWIN of genome"),
        ("same", "P0 of exome", "P0 of genome"),
        ("same", "OTHER of exome", "P6 of genome"),
        ("swapped", "P4 of exome", "P5 of genome"),
        ("different", "P7 of exome", "P7 of genome"),
        ("same", "Q7 of exome", "P7 of exome"),
    }
    assert (said.unknown, said.left) == (("counts",), ())


def test_one_dataset_is_compared_with_all_others(planted: Catalogue) -> None:
    """One id: with all others; several: with each other; an unknown one: an error."""
    comparer = planted.comparer()
    found = plain(comparer.among(["genome"]))

    assert ("same", "P3 of genome", "TWIN of genome") in found
    assert ("same", "P6 of genome", "OTHER of exome") in found
    assert ("same", "Q7 of exome", "P7 of exome") not in found
    with pytest.raises(NotFound, match="no dataset nosuch"):
        comparer.among(["nosuch"])


def test_a_load_says_what_it_had_no_time_for(planted: Catalogue) -> None:
    """Out of time, nothing is compared, and nobody is called different."""
    said = planted.comparer().of_new("genome", 0.0)

    assert (said.found, set(said.left)) == ((), {"genome", "exome"})
    assert said.sentences == (
        "Not compared in the time a load has: genome, exome (beacon datasets duplicates"
        " does it).",
    )
