"""Documents about the people of small files, for joint questions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from beacon.ingest import LoadRequest, load_variants
from beacon.model.entry_types import BIOSAMPLE, INDIVIDUAL
from beacon.model.filters import TermFilter
from beacon.model.records import LINKS, Record
from loaders import LoadOptions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from beacon.model.filters import Clauses
    from beacon.model.records import Json
    from beacon.store.releases import Catalogue

DEMO = Path(__file__).resolve().parents[2] / "beacon/data/demo"
COHORT = Path(__file__).resolve().parents[1] / "data/cohort"
CHOSEN = "NCIT:C42331"
"""The ethnicity of whoever is meant."""
OTHER = "NCIT:C43851"


def file(
    catalogue: Catalogue, dataset: str, entry_type: str, documents: Iterable[Json]
) -> None:
    """Load documents of one type in place of a dataset's last ones."""
    writer = catalogue.begin_documents(dataset, entry_type)
    links = LINKS[entry_type]
    writer.put(
        Record(
            id=str(document["id"]),
            document=document,
            links={name: str(document[name]) for name in links if name in document},
        )
        for document in documents
    )
    writer.publish(fingerprint="f", inputs=())


def individual(identity: str, ethnicity: str = OTHER, *features: str) -> Json:
    """Return the document of somebody."""
    return {
        "id": identity,
        "sex": {"id": "NCIT:C16576", "label": "female"},
        "ethnicity": {"id": ethnicity},
        "phenotypicFeatures": [{"featureType": {"id": f}} for f in features],
    }


def terms(*identities: str) -> Clauses:
    """Return filters that all must be met."""
    return tuple((TermFilter(id=identity),) for identity in identities)


def load_cohort(catalogue: Catalogue) -> None:
    """Load the invented people with their documents, three datasets of them."""
    members = json.loads((COHORT / "dataset_members.json").read_text())
    people = json.loads((COHORT / "individuals.json").read_text())
    samples = json.loads((COHORT / "biosamples.json").read_text())
    for name, ids in members.items():
        request = LoadRequest(
            dataset=name,
            paths=(DEMO / f"{name}.GRCh37.vcf.gz",),
            options=LoadOptions(assembly="GRCh37", keep_filtered=True),
            references={},
        )
        load_variants(catalogue, request)
        file(catalogue, name, INDIVIDUAL.id, (p for p in people if p["id"] in ids))
        mine = (s for s in samples if s["individualId"] in ids)
        file(catalogue, name, BIOSAMPLE.id, mine)


def plain_alleles(truth: dict[str, list[dict[str, object]]]) -> list[dict[str, object]]:
    """Return some of the alleles that need no reference genome to be found."""
    alleles = truth["alleles"]
    return [a for a in alleles if len(str(a["ref"])) == len(str(a["alt"]))][::15]
