"""What is said of one dataset alone, and answers put together from such statements.

Of thousands of alleles whose rows say the same, the same is said: it is stated
once.  Nothing is decided here; ``policy`` is asked.
"""

from __future__ import annotations

from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, NamedTuple

from beacon.model.disclosure import Disclosure
from beacon.model.findings import Findings
from beacon.policy.policy import counting, disclose

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from beacon.model.counts import AlleleCounts
    from beacon.model.dataset import Dataset
    from beacon.model.disclosure import DatasetDisclosure, Permit
    from beacon.model.findings import DatasetFindings
    from beacon.model.query import Query

_part_of, _doubts_of = itemgetter(0), itemgetter(1)
_granularity_of = attrgetter("granularity")


class Statement(NamedTuple):
    """What is said of one dataset, and in words why it gives no answer, if so."""

    part: DatasetDisclosure
    doubts: tuple[str, ...]


def state(found: DatasetFindings, granted: Permit | None, query: Query) -> Statement:
    """Return what may be said of one dataset's findings.

    ``query`` asks for one allele, and has no warnings.  Below record granularity
    what is said depends on counts alone, and not on which allele has them.
    """
    permits = {} if granted is None else {granted.dataset: granted}
    said = disclose(Findings(datasets=(found,)), permits, query)
    return Statement(said.datasets[0], said.warnings)


class Stating:
    """States what datasets may say to questions of one form.

    Args:
        query: one of them; see ``state``.
        permit_of: what may be learnt of a dataset.
    """

    def __init__(
        self, query: Query, permit_of: Callable[[Dataset], Permit | None]
    ) -> None:
        self._query = query
        self._permit_of = permit_of

    def state(self, found: DatasetFindings) -> Statement:
        """Return what may be said of one dataset's findings."""
        return state(found, self._permit_of(found.dataset), self._query)

    def counting(self, seen: DatasetFindings) -> Callable[[AlleleCounts], Statement]:
        """Return what says of counts what is stated of findings that have them.

        ``seen`` says that an allele is there, and no more.
        """
        doubts = self.state(seen).doubts
        say = counting(seen, self._permit_of(seen.dataset), self._query)
        return lambda counts: Statement(say(counts), doubts)


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
