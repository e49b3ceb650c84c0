"""Bodies are read as Scout sends them, and refused in one sentence."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beacon.ingest.feeding import Asked
from beacon.ingest.submissions import Fed
from beacon.model.errors import InvalidRequest
from beacon.scout.reading import read_addition, read_dataset, read_leaving

ADDITION = {
    "dataset_id": "cust000_GRCh37",
    "samples": ["ADM1059A2", "ADM1059A1"],
    "assemblyId": "GRCh37",
    "genes": {"ids": [17284, 21497], "id_type": "HGNC"},
    "vcf_path": "/cases/643594.clinical.vcf.gz",
}


def test_an_addition_is_read() -> None:
    """Ids of HGNC are numbers in Scout, and have their prefix here."""
    assert read_addition(ADDITION) == Asked(
        dataset="cust000_GRCh37",
        assembly="GRCh37",
        samples=("ADM1059A2", "ADM1059A1"),
        path="/cases/643594.clinical.vcf.gz",
        genes=("HGNC:17284", "HGNC:21497"),
    )


def test_a_case_without_panels_has_no_genes() -> None:
    """Without ``genes`` the whole file is meant."""
    told = {name: value for name, value in ADDITION.items() if name != "genes"}

    assert read_addition(told).genes is None


def test_a_dataset_is_read() -> None:
    """What Scout says of access and version decides nothing here."""
    said = read_dataset(
        {
            "id": "cust000_GRCh38",
            "name": "cust000_GRCh38",
            "description": "Scout dataset. Institute:Clinical - genome build:GRCh38",
            "build": "GRCh38",
            "authlevel": "public",
            "version": "v1.0",
        }
    )

    assert said.dataset == Fed(id="cust000_GRCh38", assembly="GRCh38")
    assert said.name == "cust000_GRCh38"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"dataset_id": None}, "dataset_id is missing"),
        ({"vcf_path": None}, "vcf_path is missing"),  # a case without such a file
        ({"vcf_path": 7}, "vcf_path is missing, or no text"),
        ({"samples": "child"}, "samples is missing, or no list of names"),
        ({"samples": [1]}, "samples is missing, or no list of names"),
        ({"assemblyId": "FOO"}, "assemblyId is no assembly known here"),
        ({"genes": [17284]}, "genes has no id_type HGNC or Ensembl"),
        ({"genes": {"ids": [17284]}}, "genes has no id_type HGNC or Ensembl"),
        ({"genes": {"ids": "A", "id_type": "HGNC"}}, "genes.ids is no list"),
        ({"genes": {"ids": ["BRCA1"], "id_type": "HGNC"}}, "'BRCA1', which is no HGNC"),
        ({"genes": {"ids": [1], "id_type": "Ensembl"}}, "'1', which is no Ensembl"),
    ],
)
def test_what_is_wrong_is_named(change: dict, sentence: str) -> None:
    """Each has its sentence."""
    with pytest.raises(InvalidRequest, match=sentence):
        read_addition({**ADDITION, **change})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
NAMES = st.sampled_from([*ADDITION, "id", "name", "build", "description", "ids"])


@settings(max_examples=60)
@given(JSON | st.dictionaries(NAMES, JSON))
def test_nothing_else_is_raised(body: object) -> None:
    """Whatever is sent, it is read, or refused in a sentence."""
    for read in (read_addition, read_dataset, read_leaving):
        with suppress(InvalidRequest):
            read(body)
