"""What is told of rows without building their alleles is what patterns say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from beacon.model.pattern import Bounds, VariantPattern
from beacon.store.bins import Sums, pack_counts
from beacon.store.keys import encode, is_hashed
from beacon.store.stretches import Judge, runs, short_allele, starts_of, without
from tests.store.store_samples import CHR22

if TYPE_CHECKING:
    from beacon.store.tables import Row

LONGEST = 64
BASES = st.text("ACGT", min_size=1, max_size=3) | st.sampled_from(["A" * 60, "TN"])
BOUNDS = st.none() | st.builds(
    lambda low, width: Bounds(low=low, high=low + width),
    st.integers(0, 120),
    st.integers(1, 90),
)
LENGTHS = st.sampled_from([None, None, 0, 1, 2, 58])
PATTERNS = st.builds(
    VariantPattern,
    contig=st.just(CHR22),
    overlap=BOUNDS,
    start=BOUNDS,
    end=BOUNDS,
    variant_type=st.sampled_from([None, None, "SNP", "MNP", "INS", "DEL", "CNV"]),
    min_length=LENGTHS,
    max_length=LENGTHS,
)


def row(start: int, reference: str, alternate: str) -> Row:
    """Return a short row, of no release."""
    document: dict[str, object] = {"_id": encode(22, start, reference, alternate)}
    if is_hashed(reference, alternate):
        document |= {"r": reference, "a": alternate}
    return start, document


ROWS = st.lists(
    st.builds(row, st.integers(0, 220), BASES, BASES.filter(lambda b: b != "A")),
    max_size=30,
).map(lambda rows: sorted(rows, key=lambda row: row[0]))


@given(pattern=PATTERNS, rows=ROWS)
def test_rows_are_judged_as_alleles_are(
    pattern: VariantPattern, rows: list[Row]
) -> None:
    """Of questions for places and kinds those rows match whose alleles do."""
    judge = Judge.of(pattern)
    assert judge is not None
    alleles = [(one, short_allele(CHR22, *one)) for one in rows]
    matching = [one for one, allele in alleles if pattern.matches(allele)]

    assert matching == [*judge.matching(rows)]


@given(pattern=PATTERNS, rows=ROWS)
def test_what_is_sure_matches_and_what_matches_is_possible(
    pattern: VariantPattern, rows: list[Row]
) -> None:
    """Every row of the kind that begins where it is sure; no match begins elsewhere."""
    starts = starts_of(CHR22, pattern, LONGEST)
    judge = Judge.of(pattern)
    assert judge is not None
    others = judge.others(rows)
    for start, document in rows:
        is_match = pattern.matches(short_allele(CHR22, start, document))
        if is_match:
            assert start in starts.possible
            assert start in starts.concerned
        if starts.sure is not None and start in starts.sure:
            assert is_match == ((start, document) not in others)


def test_questions_for_more_are_not_judged() -> None:
    """Where bases, spellings or another sequence matter, alleles are looked at."""
    inside = Bounds(low=5, high=90)
    for more in (
        {"alternate": "T"},
        {"mate": CHR22},
        {"identity": "x"},
        {"spellings": ((7, "A", "C"),)},
    ):
        pattern = VariantPattern(contig=CHR22, overlap=inside, **more)  # type: ignore[arg-type]

        assert Judge.of(pattern) is None
        assert starts_of(CHR22, pattern, LONGEST).sure is None


@given(
    low=st.integers(0, 300),
    width=st.integers(0, 300),
    full=st.sets(st.integers(0, 80)),
)
def test_runs_hold_every_bin_worth_reading(
    low: int, width: int, full: set[int]
) -> None:
    """In order, apart from each other, inside the stretch; no start is left out."""
    sums = Sums(3, pack_counts(dict.fromkeys(full, 2)), b"")
    stretch = Bounds(low=low, high=low + width)
    found = [*runs(stretch, 3, sums.next_existing)]
    read = [at for some in found for at in range(some.low, some.high)]

    assert read == sorted(set(read))
    assert all(at in stretch for at in read)
    assert {at for at in range(low, low + width) if at >> 3 in full} <= {*read}


@given(BOUNDS.filter(bool), BOUNDS)
def test_without_leaves_the_rest(bounds: Bounds, apart: Bounds | None) -> None:
    """What is left is every start but those of the middle."""
    left = [at for some in without(bounds, apart) for at in range(some.low, some.high)]

    assert left == [
        at for at in range(bounds.low, bounds.high) if apart is None or at not in apart
    ]
