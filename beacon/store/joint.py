"""Joint questions: the people of datasets that a question about variants is of.

Who is meant is decided by documents (``cabinets``); what they carry by rows as
they alone would have made them (``joint_table``).  A dataset that cannot know
who is meant is silent, with the reason; it never says "no".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pyroaring import BitMap

from beacon.model.counts import Layout
from beacon.model.dataset import CoverageKind
from beacon.model.findings import DatasetFindings
from beacon.store.chosen import Chosen
from beacon.store.joint_table import JointTable, Narrowing
from beacon.store.reach import Leaving, Sharing, Staying

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from beacon.model.findings import Silence
    from beacon.model.genome import Contig
    from beacon.store.carrier_documents import CarrierTable
    from beacon.store.individuals import Crowd
    from beacon.store.lookup import Shelf
    from beacon.store.reach import Lessens
    from beacon.store.reach_documents import ReachTable
    from beacon.store.rows import Part
    from beacon.store.tables import Table


class Joint:
    """The people one question is about.

    Args:
        shelves: the datasets that can answer.
        crowds: everybody in them, by part.
        people: who is meant, by part.
        silent: why the other datasets cannot answer.
    """

    def __init__(
        self,
        shelves: Sequence[Shelf],
        crowds: Mapping[int, Crowd],
        people: Mapping[int, BitMap],
        silent: Mapping[str, Silence],
    ) -> None:
        self.shelves = shelves
        self.silent = silent
        self.crowds = crowds
        self._parts = [part for shelf in shelves for part in shelf.rows.parts]
        self.chosen: dict[int, Chosen] = {
            part.number: Chosen(
                people[part.number], crowds[part.number].roster, len(part.baseline)
            )
            for part in self._parts
        }
        self._reach: ReachTable | None = None

    def table(self, table: Table, carriers: CarrierTable) -> JointTable:
        """Return the rows of an assembly as these people alone would have made them."""
        return JointTable(table, Narrowing(self.chosen, self._parts, carriers))

    def reads(self, reach: ReachTable) -> Joint:
        """Say where it is kept whom blocks cover; return this."""
        self._reach = reach
        return self

    def others(self) -> dict[int, frozenset[int]]:
        """Return who of each part is not meant."""
        return {
            part.number: frozenset(
                self._present(part) - self.chosen[part.number].people
            )
            for part in self._parts
        }

    def silences(self, shelf: Shelf) -> DatasetFindings:
        """Return what is said by a dataset that cannot know who is meant."""
        silence = self.silent[shelf.dataset.id]
        return DatasetFindings(dataset=shelf.dataset, total=0, silence=silence)

    async def leaving(
        self, shelves: Sequence[Shelf], contig: Contig, stretch: tuple[int, int]
    ) -> dict[int, Lessens]:
        """Return what is left of where parts looked, for these people alone."""
        found: dict[int, Lessens] = {}
        for shelf in shelves:
            for part in shelf.rows.parts:
                if shelf.release.coverage is CoverageKind.BLOCKS:
                    found[part.number] = await self._blocks(part, contig, stretch)
                else:
                    found[part.number] = self._regions(part)
        return found

    async def _blocks(
        self, part: Part, contig: Contig, stretch: tuple[int, int]
    ) -> Lessens:
        """Read whom blocks cover: these people, or the others if they are fewer."""
        column_of = self.crowds[part.number].people.column_of
        mine = self.chosen[part.number].people
        others = self._present(part) - mine
        staying = len(mine) <= len(others)
        people = sorted(mine if staying else others)
        columns = [column_of[person] for person in people]
        runs = []
        if self._reach is not None and people:
            runs = await self._reach.get(part.number, contig.rank, stretch, people)
        return Staying(columns, runs) if staying else Leaving(columns, runs)

    def _regions(self, part: Part) -> Lessens:
        roster, chosen = self.crowds[part.number].roster, self.chosen[part.number]
        columns = (roster.by_column.get(c, BitMap()) for c in range(chosen.width))
        return Sharing([len(who) for who in columns], chosen.sizes.tolist())

    def _present(self, part: Part) -> BitMap:
        """Return everybody who has not left a part."""
        return self.crowds[part.number].roster.present

    def told(self, shelf: Shelf, found: DatasetFindings) -> DatasetFindings:
        """Return findings with the groups that any of these people is of."""
        release = shelf.release
        layout, sizes = release.layout, [0] * shelf.rows.width
        for part in shelf.rows.parts:
            chosen = self.chosen[part.number]
            sizes[part.first : part.first + chosen.width] = chosen.sizes.tolist()
        total, *others = layout.groups
        groups = (total, *(g for g in others if any(sizes[c] for c in g.columns)))
        narrowed = replace(
            release,
            layout=Layout(baseline=layout.baseline, groups=groups, kinds=layout.kinds),
        )
        dataset = replace(found.dataset, release=narrowed)
        number = self._number_of_people(shelf)
        left_out = (release.sample_count or number) - number
        return replace(found, dataset=dataset, left_out=left_out)

    def _number_of_people(self, shelf: Shelf) -> int:
        """Return how many are meant; whoever is in several parts is one."""
        chosen = [(p.number, self.chosen[p.number].people) for p in shelf.rows.parts]
        if len(chosen) == 1:
            return len(chosen[0][1])
        return len(
            {
                self.crowds[part].people.names[person]
                for part, people in chosen
                for person in people
            }
        )
