"""What holds of every record of every load, whatever the test is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from beacon.model.counts import Carriers, Tally
from beacon.model.people import tally_of

if TYPE_CHECKING:
    from beacon.model.counts import VariantRecord
    from loaders import Cohort

_SMALL = 20


def assert_shares(cohort: Cohort, record: VariantRecord) -> None:
    """The shares of all people sum up to the tally; only non-carriers go unnamed."""
    people, shares, tally = cohort.people, record.shares, record.tally
    if people is None or tally.an is None:
        assert shares is None
        return
    column_of = np.array(people.column_of)
    each = np.empty((5, len(column_of)), dtype=np.int64)
    each[:] = np.array(shares.usual)[:, None]
    told = np.zeros(len(column_of), dtype=np.int64)
    for share, who in shares.others:
        numbers = np.array(who, dtype=np.int64)
        each[:, numbers] = np.array(share)[:, None]
        told[numbers] += 1

        assert len(who)
        assert (np.diff(numbers) > 0).all()

    assert not shares.usual.ac
    assert told.max(initial=0) <= 1
    assert sorted({s for s, _ in shares.others}) == [s for s, _ in shares.others]
    assert tally == _summed(each, column_of, len(tally.an))
    if len(column_of) < _SMALL:
        assert tally == tally_of(shares, people.column_of)


def _summed(each, column_of, size) -> Tally:
    sums = [np.bincount(column_of, row, size).astype(int).tolist() for row in each]
    carriers = (
        Carriers(column, ac, hom, het, hemi)
        for column, (ac, _, hom, het, hemi) in enumerate(zip(*sums, strict=True))
        if ac
    )
    return Tally(tuple(sums[1]), tuple(carriers))
