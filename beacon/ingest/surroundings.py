"""What a dataset has already, as far as new documents of it are concerned.

Links lead to records of other sets, and from them; whoever withdrew is gone from
every set, under each of their names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.ingest.document_report import dangling
from beacon.ingest.leaving import documented, runs_left_out, withdrawn_from
from beacon.model.entry_types import COHORT, INDIVIDUAL
from beacon.model.errors import NotFound
from beacon.model.leaving import names_of
from beacon.model.records import LINKS, MEMBERS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from beacon.ingest.document_report import Dangling
    from beacon.model.dataset import Dataset
    from beacon.model.records import DocumentSet, Record
    from beacon.store.releases import Catalogue


def dataset_if_known(catalogue: Catalogue, dataset: str) -> Dataset | None:
    """Return a dataset; ``None``: it is yet to come."""
    try:
        return catalogue.dataset(dataset)
    except NotFound:
        return None


class Surroundings:
    """The other sets of a dataset, read when they are asked for.

    Args:
        catalogue: the store's.
        dataset: its id.

    Attributes:
        served: its sets, by entry type.
        gone: who withdrew, under each of their names.
        is_any_left: whether any document is about them all the same.
        runs: those of theirs that were left out.
    """

    def __init__(self, catalogue: Catalogue, dataset: str) -> None:
        self._catalogue = catalogue
        self._dataset = dataset
        known = dataset_if_known(catalogue, dataset)
        self._cohorts = () if known is None else known.cohorts
        self.served: Mapping[str, DocumentSet] = (
            {} if known is None else known.documents
        )
        self._ids: dict[str, Collection[str]] = {}
        self.gone, self.is_any_left = self._gone()
        self.runs = runs_left_out(known)

    def ids(self, entry_type: str) -> Collection[str] | None:
        """Return the ids of the records of a type; ``None``: none are loaded."""
        if entry_type not in self._ids and entry_type in self.served:
            found = self._catalogue.documents_of(self._dataset, entry_type)
            self._ids[entry_type] = frozenset(record.id for record in found)
        return self._ids.get(entry_type)

    def replace(self, entry_type: str, ids: Collection[str]) -> None:
        """Take these for the records of a type from now on."""
        self._ids[entry_type] = ids

    def looking_back(self, entry_type: str, ids: Collection[str]) -> Iterator[Dangling]:
        """Yield the links of other sets that would lead to none of these records."""
        for other in self.served:
            links = [k for k, to in LINKS.get(other, {}).items() if to == entry_type]
            counts = {k: dangling(other, k, entry_type, is_loaded=True) for k in links}
            for record in self._records(other) if links else ():
                for link, count in counts.items():
                    wanted = record.links.get(link)
                    if wanted is not None and wanted not in ids:
                        count.add(wanted)
            yield from (count for count in counts.values() if count.count)
        if entry_type == INDIVIDUAL.id:
            count = dangling(COHORT.id, MEMBERS, entry_type, is_loaded=True)
            for name in (n for c in self._cohorts for n in c.members or ()):
                if name not in ids:
                    count.add(name)
            yield from [count] if count.count else []

    def gone_with(self, belongs: Iterable[tuple[str, str]]) -> frozenset[str]:
        """Return who withdrew, under the names that these samples tell of them, too.

        Args:
            belongs: samples, and the individual each is of.
        """
        if not self.gone:
            return self.gone
        return names_of(self.gone, belongs, self.ids(INDIVIDUAL.id) or ())

    def keep(self, gone: Collection[str]) -> None:
        """Order that people stay away under these names, too, as under others."""
        new = sorted(set(gone) - self._ordered)
        if new:
            withdrawals = self._catalogue.withdrawals
            withdrawals.keep_orders(withdrawals.new_orders(self._dataset, new))

    def _records(self, entry_type: str) -> Iterator[Record]:
        return self._catalogue.documents_of(self._dataset, entry_type)

    def _gone(self) -> tuple[frozenset[str], bool]:
        """Return the names of who withdrew, and whether a document is about them.

        Their names are those ordered, and of whom a sample was.
        """
        self._ordered = withdrawn_from(self._catalogue, self._dataset)
        if not self._ordered:
            return self._ordered, False
        found = documented(self._catalogue, self._dataset, self._ordered)
        return found.names, found.is_any_left
