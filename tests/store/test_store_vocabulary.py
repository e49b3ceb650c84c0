"""What is found by an index is what the meaning says; what is remembered is bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.errors import LoadRejected
from beacon.model.facts import Amount, Lexicon, Said, Worded
from beacon.model.fields import Kind
from beacon.model.filters import Similarity, TermFilter
from beacon.model.ontology import Concept, Hierarchy, Ontologies, normal
from beacon.store.postings import (
    Contents,
    Entry,
    Indexer,
    Region,
    Spoken,
    chunks_of,
    key_of,
    number_of,
    pack_contents,
    read_contents,
)
from beacon.store.remembered import Remembered
from beacon.store.vocabulary import IndexedLexicon

NAMES = [f"T:{n}" for n in range(7)]
TERMS = st.sampled_from([*NAMES, "T:44", "X:1", "X_1", "odd"])
CONCEPTS = st.lists(
    st.builds(
        Concept,
        id=st.sampled_from(NAMES),
        parents=st.lists(st.sampled_from([*NAMES, "X:1"]), max_size=2).map(tuple),
        alternatives=st.sampled_from([(), ("T:44",)]),
    ),
    max_size=8,
)


@given(
    concepts=CONCEPTS,
    places=st.lists(st.tuples(st.sampled_from(["sex", "stage"]), TERMS.map(normal))),
    asked=st.builds(
        TermFilter,
        id=TERMS,
        descendants=st.booleans(),
        similarity=st.sampled_from(Similarity),
        negated=st.booleans(),
    ),
)
def test_an_index_finds_what_is_meant(
    concepts: list[Concept], places: list[tuple[str, str]], asked: TermFilter
) -> None:
    """Whatever the hierarchy (circles, twins, other ontologies' terms)."""
    ontologies = Ontologies(by_prefix={"T": Hierarchy(concepts)})
    plain = Lexicon(ontologies, {"individual": places})
    indexed = IndexedLexicon(ontologies, {"individual": places})
    term = normal(asked.id)
    for _ in range(2):
        assert plain.meant("individual", asked) == indexed.meant("individual", asked)
        assert plain.spoken("individual", asked) == indexed.spoken("individual", asked)
        assert plain.denying("individual", term) == indexed.denying("individual", term)
        assert plain.kindred("individual", term) == indexed.kindred("individual", term)
    assert frozenset() == indexed.meant("run", asked) == indexed.denying("run", term)


def test_columns_are_as_many_as_have_numbers() -> None:
    """More are refused, as one would be taken for another."""
    index = Indexer([])
    amounts = [Amount(f"info.{n}", Kind.NUMBER, n, n) for n in range(65_536)]
    index.add("a", {}, amounts)
    with pytest.raises(LoadRejected, match="under more than 65536 names"):
        index.add("b", {}, [Amount("info.x", Kind.NUMBER, 0, 0)])


def test_a_vocabulary_is_kept() -> None:
    """What blobs keep of a vocabulary is the vocabulary, half characters, too."""
    contents = Contents(
        entries=(
            Entry(Said("sex", "T:1", None), 3),
            Entry(Said("sex", "T:1", "one", is_denied=True), 1),
            Entry(Worded("info.a", "\ud800"), 2),
        ),
        columns=(("age", Kind.AGE, 7),),
        fields={"sex": Spoken(0, None), "info.a": Spoken(None, 1)},
        links=("individualId",),
        count=4,
    )

    assert contents == read_contents(pack_contents(contents))


def test_numbers_do_not_meet() -> None:
    """Statements, fields, and the chunks of columns and keys have numbers apart."""
    edge = 1 << 16
    numbers = [
        number_of(region, index, chunk)
        for region in Region
        for index in (0, 1, edge - 1)
        for chunk in ((0,) if region in (Region.STATEMENT, Region.FIELD) else (0, 4095))
    ]

    assert len(numbers) == len(set(numbers))
    assert max(numbers) < 1 << 32
    assert (0, 1, 1, 2) == tuple(chunks_of(n) for n in (0, 1, 250_000, 250_001))
    assert key_of("a") != key_of("A")


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 12)), max_size=30))
def test_what_is_remembered_is_bounded(kept: list[tuple[int, int]]) -> None:
    """Never more than the limit, and the latest unless it is too large itself."""
    table: Remembered[int, tuple[int, int]] = Remembered(10)
    for key, weight in kept:
        table.keep(key, (key, weight), weight)
        found = {k: v for k in range(6) if (v := table.get(k)) is not None}

        assert (weight <= 10) == (table.get(key) == (key, weight))
        assert sum(w for _, w in found.values()) <= 10
