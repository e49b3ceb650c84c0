"""Writing the annotations of one release.

Documents are a release's own and never shared, so they are inserted; one that
exists already (a write that is tried again, an allele that is replaced) is put
in place of the former.  The collection is made when the first one comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymongo import ReplaceOne
from pymongo.errors import BulkWriteError

from beacon.store.annotation_documents import INDEXED, annotations_collection
from beacon.store.driver import JOURNALED, Document, duplicates, while_away

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.database import Database


class AnnotationWriter:
    """Takes the annotations of one release."""

    def __init__(self, database: Database[Document], assembly: str) -> None:
        self._collection = database.get_collection(
            annotations_collection(assembly), write_concern=JOURNALED
        )
        self._is_indexed = False

    def write(self, documents: Sequence[Document]) -> None:
        """Write documents, again while the server is away for a short time.

        Raises:
            StoreUnavailable: when it stays away.
        """
        if documents:
            while_away(lambda: self._write(documents))

    def _write(self, documents: Sequence[Document]) -> None:
        if not self._is_indexed:
            for field in INDEXED:
                self._collection.create_index(
                    [("v", 1), (field, 1), ("c", 1), ("s", 1)],
                    partialFilterExpression={field: {"$exists": True}},
                )
            self._is_indexed = True
        try:
            self._collection.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            again = [documents[index] for index in duplicates(error)]
            self._collection.bulk_write(
                [ReplaceOne({"_id": d["_id"]}, d, upsert=True) for d in again],
                ordered=False,
            )
