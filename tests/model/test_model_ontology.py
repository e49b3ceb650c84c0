"""Terms of ontologies: narrower, the same, and alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.filters import Similarity
from beacon.model.ontology import Concept, Hierarchy, Ontologies, normal, text_of

CONCEPTS = (
    Concept(id="T:1", label="all"),
    Concept(id="T:2", parents=("T:1",)),
    Concept(id="T:3", label="a\tlabel", parents=("T:1",)),
    Concept(id="T:4", parents=("T:2", "T:3"), alternatives=("T:40", "T:41")),
    Concept(id="T:5", parents=("T:4",)),
)
TREE = Hierarchy(CONCEPTS)
TERMS = [concept.id for concept in CONCEPTS]
ALL = Ontologies(by_prefix={"T": TREE})
SPELLINGS = {
    "hp:0001250": "HP:0001250",
    "EFO_0005056": "EFO:0005056",
    "Orphanet:558": "ORPHA:558",
    "http://www.orpha.net/ORDO/Orphanet_558": "ORPHA:558",
    "http://purl.obolibrary.org/obo/HP_0001250": "HP:0001250",
    "HTTPS://identifiers.org/hp:0001250": "HP:0001250",
    "https://example.org/terms": "https://example.org/terms",
    "OPCS(v4-0.0):L46.3": "OPCS(v4-0.0):L46.3",
    " HP:0001250 ": "HP:0001250",
    "male": "male",
    "NCIT:c1": "NCIT:c1",
}


@pytest.mark.parametrize("term", SPELLINGS)
def test_one_spelling_is_compared(term: str) -> None:
    """The prefix has no case, IRIs and underscores are CURIEs, the rest is as it is."""
    assert SPELLINGS[term] == normal(term)
    assert SPELLINGS[term] == normal(normal(term))


def test_narrower_terms() -> None:
    """Over any number of parents, and by alternative ids."""
    assert {"T:1", "T:2", "T:3", "T:4", "T:5"} == TREE.descendants("T:1")
    assert {"T:4", "T:5"} == TREE.descendants("T:40")
    assert ALL.is_within("T:5", "T:41")
    assert not ALL.is_within("T:2", "T:3")
    assert ALL.is_same("T:40", "T:41")


def test_terms_within_another_ontology() -> None:
    """A term is narrower than what any ontology puts it below."""
    rows = {"MONDO:1": (), "MONDO:2": ("MONDO:1",), "MONDO:3": ("MONDO:2",)}
    mondo = [Concept(id=name, parents=parents) for name, parents in rows.items()]
    efo = [Concept(id="EFO:1"), Concept(id="MONDO:2", parents=("EFO:1",))]
    every = Ontologies(by_prefix={"MONDO": Hierarchy(mondo), "EFO": Hierarchy(efo)})
    alone = Ontologies(by_prefix={"EFO": Hierarchy(efo)})

    assert {"MONDO:3", "MONDO:2", "MONDO:1", "EFO:1"} == every.above("MONDO:3")
    assert alone.is_within("MONDO:2", "EFO:1")


def test_a_circle_ends() -> None:
    """Terms that are narrower than each other are found, and no loop."""
    circle = Hierarchy(
        [Concept(id="C:1", parents=("C:2",)), Concept(id="C:2", parents=("C:1",))]
    )

    assert {"C:1", "C:2"} == circle.above("C:1")


def test_what_is_not_loaded_is_itself_only() -> None:
    """A term of another ontology has nothing narrower, and is like nothing."""
    assert ALL.is_within("X:1", "X:1")
    assert not ALL.is_within("X:1", "X:2")
    assert not ALL.is_alike("X:1", "X:1", Similarity.LOW)


@given(
    st.sampled_from(["T:1", "T:2", "T:3", "T:4", "T:5"]),
    st.sampled_from(["T:2", "T:4", "T:5"]),
)
def test_less_alike_is_more(one: str, other: str) -> None:
    """What is highly similar is so at every lower level; likeness has no direction."""
    levels = (Similarity.HIGH, Similarity.MEDIUM, Similarity.LOW)
    alike = [ALL.is_alike(one, other, level) for level in levels]

    assert sorted(alike) == alike
    assert alike == [ALL.is_alike(other, one, level) for level in levels]


def test_a_hierarchy_is_kept() -> None:
    """What a text keeps of a hierarchy is the hierarchy."""
    kept = Hierarchy.from_text(text_of(CONCEPTS))

    assert len(TREE) == len(kept)
    assert [TREE.above(f"T:{n}") for n in range(6)] == [
        kept.above(f"T:{n}") for n in range(6)
    ]
    assert ("a label", "all", None) == (
        kept.label("T:3"),
        kept.label("T:1"),
        kept.label("T:2"),
    )
    assert "T:40" in kept
