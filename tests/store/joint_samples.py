"""Documents about the people of small files, for joint questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.model.filters import TermFilter
from beacon.model.records import LINKS, Record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from beacon.model.filters import Clauses
    from beacon.model.records import Json
    from beacon.store.releases import Catalogue

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
