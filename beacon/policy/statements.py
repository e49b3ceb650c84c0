"""What is said of one dataset alone, and answers put together from such statements.

Of thousands of alleles whose rows say the same, the same is said: it is stated
once, in the words of who asks.  Nothing is decided here; ``policy`` is asked.
"""

from __future__ import annotations

from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Generic, NamedTuple

from beacon.model.disclosure import DatasetDisclosure, Disclosure
from beacon.model.findings import Findings
from beacon.model.wording import Whole, Word
from beacon.policy.policy import counting, disclose

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from beacon.model.counts import AlleleCounts
    from beacon.model.dataset import Dataset
    from beacon.model.disclosure import Permit
    from beacon.model.findings import DatasetFindings
    from beacon.model.query import Query
    from beacon.model.wording import Cells, Wording

_part_of, _doubts_of = itemgetter(0), itemgetter(1)
_granularity_of = attrgetter("granularity")


class Statement(NamedTuple):
    """What is said of one dataset, and in words why it gives no answer, if so."""

    part: DatasetDisclosure
    doubts: Sequence[str]


def state(found: DatasetFindings, granted: Permit | None, query: Query) -> Statement:
    """Return what may be said of one dataset's findings.

    ``query`` asks for one allele, and has no warnings.  Below record granularity
    what is said depends on counts alone, and not on which allele has them.
    """
    permits = {} if granted is None else {granted.dataset: granted}
    said = disclose(Findings(datasets=(found,)), permits, query)
    return Statement(said.datasets[0], said.warnings)


class Stating(Generic[Word, Whole]):
    """States what datasets may say to questions of one form.

    Args:
        query: one of them; see ``state``.
        permit_of: what may be learnt of a dataset.
        wording: the words of who asks.
    """

    def __init__(
        self,
        query: Query,
        permit_of: Callable[[Dataset], Permit | None],
        wording: Wording[Word, Whole],
    ) -> None:
        self._query = query
        self._permit_of = permit_of
        self._wording = wording
        self.joined = wording.joined

    def state(self, found: DatasetFindings) -> Word:
        """Return what may be said of one dataset's findings."""
        return self._wording.of(*self._statement(found))

    def counting(self, found: DatasetFindings) -> Callable[[AlleleCounts], Word]:
        """Return what says of counts what is stated of findings that rest on them.

        ``found`` says that an allele is there, and no more, or is not, by the copies
        that were called there.
        """
        doubts = self._statement(found).doubts
        said = counting(found, self._permit_of(found.dataset), self._query)
        if not isinstance(said, DatasetDisclosure):
            say, word_of = said, self._wording.of
            return lambda counts: word_of(say(counts), doubts)
        if said.counts is not None:
            return self._wording.counting(said, doubts)
        word = self._wording.of(said, doubts)
        return lambda _: word

    def laid(
        self, words: Sequence[Word], seen: Sequence[DatasetFindings]
    ) -> Callable[[Cells], Sequence[Whole]]:
        """Return what says all of many alleles at once.

        Args:
            words: what datasets say of an allele of which nobody counts anything.
            seen: that an allele is there, and no more, by dataset.
        """
        parts = [
            counting(found, self._permit_of(found.dataset), self._query)
            for found in seen
        ]
        plain = [part for part in parts if isinstance(part, DatasetDisclosure)]
        doubts = [doubt for found in seen for doubt in self._statement(found).doubts]
        laid = None
        if len(plain) == len(parts) and not doubts:
            laid = self._wording.laid(words, plain)
        return laid or self._word_by_word(words, seen)

    def _word_by_word(
        self, words: Sequence[Word], seen: Sequence[DatasetFindings]
    ) -> Callable[[Cells], Sequence[Whole]]:
        say = list(map(self.counting, seen))

        def each(cells: Cells) -> list[Whole]:
            rows = [list(words) for _ in range(cells.size)]
            where = zip(cells.alleles, cells.datasets, cells.counts(), strict=True)
            for allele, n, counts in where:
                rows[allele][n] = say[n](counts)
            return list(map(self.joined, rows))

        return each

    def _statement(self, found: DatasetFindings) -> Statement:
        return state(found, self._permit_of(found.dataset), self._query)


class Plainly:
    """Answers as they are: their words are statements.

    Args:
        query: one of the questions; it has no warnings.
    """

    def __init__(self, query: Query) -> None:
        self._query = query

    def of(self, part: DatasetDisclosure, doubts: Sequence[str]) -> Statement:
        """Return the statement."""
        return Statement(part, doubts)

    def counting(
        self, part: DatasetDisclosure, doubts: Sequence[str]
    ) -> Callable[[AlleleCounts], Statement]:
        """Return what states the same of other counts."""
        return lambda counts: Statement(part.counting(counts), doubts)

    def joined(self, words: Sequence[Statement]) -> Disclosure:
        """Return the answer."""
        return joined(words, self._query)

    def laid(
        self, words: Sequence[Statement], parts: Sequence[DatasetDisclosure]
    ) -> None:
        """Say that answers are put together statement by statement."""


def joined(statements: Sequence[Statement], query: Query) -> Disclosure:
    """Return what ``disclose`` says of findings that were stated one by one."""
    parts = tuple(map(_part_of, statements))
    warnings = query.warnings
    if any(map(_doubts_of, statements)):
        doubts = dict.fromkeys([word for _, words in statements for word in words])
        warnings = (*warnings, *doubts)
    return Disclosure(
        granularity=max(map(_granularity_of, parts), default=query.granularity),
        datasets=parts,
        warnings=warnings,
    )
