"""What is said of one dataset alone, and answers put together from such statements.

Of thousands of alleles whose rows say the same, the same is said: it is stated
once.  Nothing is decided here; ``policy.disclose`` is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from beacon.model.disclosure import Disclosure
from beacon.model.findings import Findings
from beacon.policy.policy import disclose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beacon.model.disclosure import DatasetDisclosure, Permit
    from beacon.model.findings import DatasetFindings
    from beacon.model.query import Query


class Statement(NamedTuple):
    """What is said of one dataset, and in words why it gives no answer, if so."""

    part: DatasetDisclosure
    doubts: tuple[str, ...]


def state(found: DatasetFindings, granted: Permit, query: Query) -> Statement:
    """Return what may be said of one dataset's findings.

    ``query`` asks for one allele, and has no warnings.  Below record granularity
    what is said depends on counts alone, and not on which allele has them.
    """
    said = disclose(Findings(datasets=(found,)), {granted.dataset: granted}, query)
    return Statement(said.datasets[0], said.warnings)


def joined(statements: Sequence[Statement], query: Query) -> Disclosure:
    """Return what ``disclose`` says of findings that were stated one by one."""
    parts = tuple([part for part, _ in statements])
    doubts = dict.fromkeys([word for _, words in statements for word in words])
    return Disclosure(
        granularity=max([p.granularity for p in parts], default=query.granularity),
        datasets=parts,
        warnings=(*query.warnings, *doubts),
    )
