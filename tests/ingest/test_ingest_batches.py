"""Two releases never differ in a few people alone, where a policy says so (C6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from beacon.ingest import LoadRequest, append_variants, load_variants
from beacon.model.errors import LoadRejected
from loaders import LoadOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from beacon.store.releases import Catalogue

LEAST = 3
HEAD = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"


@pytest.fixture
def loads(catalogue: Catalogue, tmp_path: Path) -> Callable[..., int | None]:
    """Give what loads some people, and returns how many there are then."""

    def load(
        people: Sequence[str],
        *,
        least: int | None = LEAST,
        adds: bool = False,
        keeps_people: bool = True,
    ) -> int | None:
        path = tmp_path / f"{'-'.join(people)}.vcf"
        calls = "\t".join(["0/1"] * len(people))
        line = f"22\t101\t.\tT\tC\t.\tPASS\t.\tGT\t{calls}\n"
        names = "\t".join(people)
        path.write_text(f"##fileformat=VCFv4.2\n{HEAD}{names}\n{line}")
        request = LoadRequest(
            dataset="d",
            paths=(path,),
            options=LoadOptions(assembly="GRCh37", keeps_people=keeps_people),
            references={},
            min_new_people=least,
        )
        outcome = (append_variants if adds else load_variants)(catalogue, request)
        assert outcome.release is not None
        return outcome.release.sample_count

    return load


def test_a_first_release_may_be_of_anybody(loads: Callable[..., int]) -> None:
    """There is nothing it could be compared with."""
    assert loads(["A"]) == 1


@pytest.mark.parametrize(
    ("people", "sentence"),
    [
        (["A", "B", "C", "D"], "1 person comes or goes"),
        (["A", "B"], "1 person comes or goes"),
        (["A", "B", "X"], "2 people come or go"),
    ],
)
def test_few_people_make_no_release(
    loads: Callable[..., int], people: list[str], sentence: str
) -> None:
    """Whether they come, go, or take the place of others; nothing is stored."""
    loads(["A", "B", "C"])
    with pytest.raises(LoadRejected, match=sentence):
        loads(people)

    assert loads(["A", "B", "C"]) == 3


def test_where_nobody_is_known_their_number_tells(loads: Callable[..., int]) -> None:
    """Of counts alone it is how many more, or fewer, they are."""
    loads(["A", "B", "C"], keeps_people=False)
    with pytest.raises(LoadRejected, match="1 person comes or goes"):
        loads(["A", "B"], keeps_people=False)

    assert loads(["A", "B", "C", "D", "E", "F"], keeps_people=False) == 6


def test_many_people_do(loads: Callable[..., int]) -> None:
    """Beside those who were there, or instead of them."""
    loads(["A"])

    assert loads(["A", "B", "C", "D"]) == 4
    assert loads(["E", "F", "G"]) == 3


def test_what_is_appended_is_many_people_too(loads: Callable[..., int]) -> None:
    """They are all who come."""
    loads(["A"])
    with pytest.raises(LoadRejected, match="2 people come or go"):
        loads(["B", "C"], adds=True)

    assert loads(["B", "C", "D"], adds=True) == 4


def test_the_same_people_may_be_loaded_again(loads: Callable[..., int]) -> None:
    """Of them nothing is learnt."""
    loads(["A", "B"])

    assert loads(["B", "A"]) == 2


def test_without_a_policy_any_release_is_made(loads: Callable[..., int]) -> None:
    """As it always was."""
    loads(["A", "B"])

    assert loads(["A", "B", "C"], least=None) == 3
