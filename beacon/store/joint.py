"""Joint questions: the people of datasets that a question about variants is of.

Who is meant is decided by documents (``cabinets``); what they carry by rows as
they alone would have made them (``joint_table``).  A dataset that cannot know
who is meant is silent, with the reason; it never says "no".
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING

from pyroaring import BitMap

from beacon.model.counts import Layout
from beacon.model.dataset import CoverageKind
from beacon.model.entry_types import GENOMIC_VARIANT, INDIVIDUAL
from beacon.model.findings import DatasetFindings
from beacon.model.query import Page
from beacon.model.status import Status
from beacon.store.chosen import Chosen
from beacon.store.finding import Narrowed
from beacon.store.joint_carriers import carriers_of
from beacon.store.joint_table import JointTable, Narrowing
from beacon.store.reach import Leaving, Sharing, Staying

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from beacon.model.genome import Contig
    from beacon.model.pattern import VariantPattern
    from beacon.model.query import Query
    from beacon.store.cabinets import Cabinet
    from beacon.store.carrier_documents import CarrierTable
    from beacon.store.individuals import Crowd
    from beacon.store.lookup import Shelf
    from beacon.store.meant import Meant
    from beacon.store.reach import Lessens
    from beacon.store.reach_documents import ReachTable
    from beacon.store.rows import Part
    from beacon.store.tables import Table


class Joint:
    """The people one question is about.

    Args:
        shelves: the datasets that are asked.
        crowds: everybody in them, by part.
        meant: who is meant in each of them.
        reach: of the assembly that is asked for.
    """

    def __init__(
        self,
        shelves: Sequence[Shelf],
        crowds: Mapping[int, Crowd],
        meant: Sequence[Meant],
        reach: ReachTable,
    ) -> None:
        pairs = [*zip(shelves, meant, strict=True)]
        self.shelves = [shelf for shelf, said in pairs if said.silence is None]
        self._silent = {
            shelf.dataset.id: said.silence
            for shelf, said in pairs
            if said.silence is not None
        }
        self._unknown = [said.unknown for said in meant if said.unknown is not None]
        self._crowds = crowds
        self._reach = reach
        self._is_led = False
        self._parts = [part for shelf in self.shelves for part in shelf.rows.parts]
        people = {part: who for said in meant for part, who in said.people.items()}
        self._chosen: dict[int, Chosen] = {
            part.number: Chosen(
                people[part.number], crowds[part.number].roster, len(part.baseline)
            )
            for part in self._parts
        }

    def unknown_filters(self, query: Query) -> tuple[str, ...]:
        """Return the filters that no dataset answers to, in the order asked."""
        return query.unanswered(self._unknown)

    def table(self, table: Table, carriers: CarrierTable) -> JointTable:
        """Return the rows of an assembly as these people alone would have made them."""
        narrowing = Narrowing(self._chosen, self._parts, carriers)
        return JointTable(table, narrowing, is_led=self._is_led)

    def leading(self) -> Joint:
        """Return the same, whose tables lack the short rows of what nobody carries.

        In stretches only: an allele that is asked for by its key is there.
        """
        led = copy(self)
        led._is_led = True  # noqa: SLF001 - its own
        return led

    @property
    def is_of_few(self) -> bool:
        """Whether these people are few of all, so that most rows are not theirs."""
        return all(chosen.is_few for chosen in self._chosen.values())

    def others(self) -> dict[int, frozenset[int]]:
        """Return who of each part is not meant."""
        return {
            part.number: frozenset(
                self._present(part) - self._chosen[part.number].people
            )
            for part in self._parts
        }

    def silences(self, shelf: Shelf) -> DatasetFindings:
        """Return what is said by a dataset that cannot know who is meant."""
        silence = self._silent[shelf.dataset.id]
        return DatasetFindings(dataset=shelf.dataset, total=0, silence=silence)

    async def carrying(
        self,
        shelf: Shelf,
        found: Sequence[DatasetFindings],
        cabinet: Cabinet,
        table: CarrierTable,
        about: str,
    ) -> Narrowed:
        """Return the individuals of a dataset who carry what was found there.

        What was seen of people without a document is nothing that can be shown, and
        no "no" either.
        """
        status = found[0].status
        if status is not Status.SEEN:
            return Narrowed(BitMap(), status)
        among = {p.number: self._chosen[p.number].people for p in shelf.rows.parts}
        variants = [variant for one in found for variant in one.variants]
        carriers = await carriers_of(variants, shelf.rows.parts, among, table)
        individuals, samples = BitMap(), BitMap()
        for part, people in carriers.items():
            crowd = self._crowds[part]
            individuals |= await cabinet.individuals_of(people, crowd, part)
            if about != INDIVIDUAL.id:
                samples |= await cabinet.samples_of(people, crowd, part)
        return Narrowed(individuals, Status.NOT_COVERED, samples)

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
        column_of = self._crowds[part.number].people.column_of
        mine = self._chosen[part.number].people
        others = self._present(part) - mine
        staying = len(mine) <= len(others)
        people = sorted(mine if staying else others)
        columns = [column_of[person] for person in people]
        runs = []
        if people:
            runs = await self._reach.get(part.number, contig.rank, stretch, people)
        return Staying(columns, runs) if staying else Leaving(columns, runs)

    def _regions(self, part: Part) -> Lessens:
        roster, chosen = self._crowds[part.number].roster, self._chosen[part.number]
        columns = (roster.by_column.get(c, BitMap()) for c in range(chosen.width))
        return Sharing([len(who) for who in columns], chosen.sizes.tolist())

    def _present(self, part: Part) -> BitMap:
        """Return everybody who has not left a part."""
        return self._crowds[part.number].roster.present

    def told(self, shelf: Shelf, found: DatasetFindings) -> DatasetFindings:
        """Return findings with the groups that any of these people is of."""
        release = shelf.release
        layout, sizes = release.layout, [0] * shelf.rows.width
        for part in shelf.rows.parts:
            chosen = self._chosen[part.number]
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
        chosen = [(p.number, self._chosen[p.number].people) for p in shelf.rows.parts]
        if len(chosen) == 1:
            return len(chosen[0][1])
        return len(
            {
                self._crowds[part].people.names[person]
                for part, people in chosen
                for person in people
            }
        )


_EVERY = Page(limit=1 << 31)


def of_variants(query: Query) -> Query:
    """Return the question for all variants whose carriers are asked for."""
    return replace(query, about=GENOMIC_VARIANT.id, identity=None, by=(), page=_EVERY)


def is_scanned(pattern: VariantPattern | None) -> bool:
    """Whether a question is answered by reading a stretch row by row."""
    if pattern is None:
        return True
    is_looked_up = pattern.is_single_allele or pattern.annotated is not None
    return not is_looked_up and pattern.similar is None


def spelled_apart(query: Query, found: Sequence[DatasetFindings]) -> list[Query]:
    """Return the questions for each spelling of an allele that was found.

    A release may hold several, and different people may carry each.
    """
    pattern = query.pattern
    if pattern is None or len(pattern.spellings) < _SEVERAL:
        return []
    if not any(one.total for one in found):
        return []
    return [
        replace(query, pattern=replace(pattern, spellings=(one,)))
        for one in pattern.spellings
    ]


_SEVERAL = 2
