"""What rows say is what reading each of them says, whatever was asked before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beacon.model.counts import Carriers, Group, Layout, Tally, group_counts
from beacon.model.dataset import Dataset, Release
from beacon.model.findings import DatasetFindings, FoundVariant, Place
from beacon.model.query import Granularity
from beacon.store import sayings
from beacon.store.keys import encode
from beacon.store.packing import pack
from beacon.store.racks import Held, Rack, Shelf, Told
from beacon.store.rows import Part, Rows
from beacon.store.sayings import Sayings
from tests.store.store_samples import CHR21, CHR22

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pytest

    Draw = Callable[[st.SearchStrategy], object]

NOW = datetime(2026, 1, 1, tzinfo=UTC)
START = 16_050_000
FIELDS = ([["1"]], [["2", "1"]], [["1"], ["2"]], [["3", "1"], ["2"]])
"""One part; one that was written over; two parts; one of two written over."""
PART = Layout(baseline=(100,), groups=())
TALLIES = [
    Tally((100,), ()),
    Tally((98,), (Carriers(0, 3, 1, 1, 0),)),
    Tally((0,), ()),
    Tally(None, None),
    Tally((90,), None),
    Tally(None, (Carriers(0, 2, None, None, None),)),
]
BLOBS = st.builds(
    lambda tally, filters: pack(tally, filters, PART),
    st.sampled_from(TALLIES),
    st.sampled_from([(), (), ("q10",), ("q10", "lowq")]),
)


def shelf_of(number: int, fields: Sequence[Sequence[str]], contig: str = "22") -> Shelf:
    """Return a dataset whose release has such parts; fields are its own."""
    mine = [tuple(f"{number}{field}" for field in part) for part in fields]
    parts = tuple(
        Part(number=n, fields=part, first=n, baseline=(100,), everybody=(100,))
        for n, part in enumerate(mine)
    )
    rows = Rows(parts=parts, width=len(parts))
    columns = tuple(range(len(parts)))
    release = Release(
        number=number,
        ordinal=1,
        dataset=f"d{number}",
        assembly="GRCh37",
        fingerprint="f",
        created=NOW,
        published=NOW,
        genotyped=True,
        layout=Layout(
            baseline=(100,) * len(parts),
            groups=(Group(label="Total", columns=columns),),
        ),
        contigs=frozenset((contig,)),
        variants=0,
        sample_count=None,
        inputs=(),
        tool="test",
    )
    dataset = Dataset(
        id=f"d{number}", name="d", created=NOW, updated=NOW, release=release
    )
    said = Sayings(dataset, release, rows)
    return Shelf(dataset, release, rows, (), 1, 0, None, said)


SHELVES = [shelf_of(number, fields) for number, fields in enumerate(FIELDS, 1)]
NOT_LOADED = shelf_of(5, FIELDS[0], contig="21")
EVERY_FIELD = sorted({f for shelf in SHELVES for f in shelf.rows.fields})
COUNTS = st.dictionaries(st.sampled_from([*EVERY_FIELD, "99"]), BLOBS)


def _read(shelf: Shelf, held: Sequence[dict[str, bytes]]) -> list[object]:
    return [read for read in map(shelf.rows.read, held) if read is not None]


def plainly(
    shelf: Shelf,
    own: Sequence[dict[str, bytes]],
    there: Sequence[dict[str, bytes]],
    *,
    is_conclusive: bool,
) -> tuple[int, Tally | None, Place | None, bool]:
    """Return what one dataset says, each row read for itself."""
    said = _read(shelf, own)
    for tally, words, _ in said:
        if tally.exists and not words:
            return 1, tally, None, True
    rows = said or _read(shelf, there)
    words = {word for _, filters, _ in rows for word in filters}
    good = [tally for tally, filters, _ in rows if not filters]
    if words and (said or not good):
        return 0, None, Place(filters=tuple(sorted(words))), bool(said) or is_conclusive
    called = [sum(tally.an) for tally in good if tally.an is not None]
    place = Place(an=max(called, default=None), has_record=bool(good))
    return 0, None, place, bool(said) or is_conclusive


def row(alternate: str, counts: dict[str, bytes]) -> dict[str, object]:
    """Return a row as it is kept."""
    return {"_id": encode(22, START, "A", alternate), "d": counts}


@settings(deadline=None)
@given(
    st.lists(COUNTS, max_size=2),
    st.lists(COUNTS, max_size=2),
    st.booleans(),
    st.sampled_from(Granularity),
)
def test_rows_say_what_each_of_them_says(
    own: list[dict[str, bytes]],
    beside: list[dict[str, bytes]],
    is_conclusive: bool,
    level: Granularity,
) -> None:
    """Whatever is remembered, every dataset says what reading its rows gives."""
    shelves = [*SHELVES, NOT_LOADED]
    standing = Rack(shelves).standing(CHR22)
    rows = [row("CG"[n], counts) for n, counts in enumerate(own)]
    others = [row("T", counts) for counts in beside]
    held = [Held(CHR22, START, document) for document in rows]
    levels = {shelf.dataset.id: level for shelf in shelves}
    told = Told(standing, held, levels, is_conclusive=is_conclusive)
    told.rest_on([(START, document) for document in (*rows, *others)])

    for shelf, found in zip(SHELVES, told.findings, strict=False):
        total, tally, place, is_sure = plainly(
            shelf, own, [*own, *beside], is_conclusive=is_conclusive
        )
        shown = [v.tally for v in found.variants]
        assert (total, place, is_sure) == (
            found.total,
            found.place,
            found.is_conclusive,
        )
        assert shown == ([tally] if total and level is Granularity.RECORD else [])
        is_counted = tally is not None and level is Granularity.COUNT
        every = shelf.release.layout.groups[0]
        assert found.counts == (group_counts(tally, every) if is_counted else None)
    assert not told.findings[-1].is_contig_loaded


@given(COUNTS)
def test_what_exists_is_told_by_the_first_byte(counts: dict[str, bytes]) -> None:
    """Of parts, too, existing and being read as existing are one."""
    for shelf in SHELVES:
        read = shelf.rows.read(counts)
        is_read = read is not None and read[0].exists and not read[1]

        assert is_read == shelf.rows.exists(counts)


def test_the_same_bytes_give_the_very_same_finding() -> None:
    """What is made of findings can be kept by their identity."""
    shelf = shelf_of(7, FIELDS[0])
    standing = Rack([shelf]).standing(CHR22)
    absent, carried = (pack(tally, (), PART) for tally in TALLIES[:2])

    def found(own: list[bytes], there: list[bytes]) -> DatasetFindings:
        rows = [row("C", {"71": bytes([*blob])}) for blob in own]
        held = [Held(CHR22, START, document) for document in rows]
        levels = {"d7": Granularity.BOOLEAN}
        told = Told(standing, held, levels, is_conclusive=True)
        told.rest_on((START, row("T", {"71": bytes([*blob])})) for blob in there)
        return told.findings[0]

    for own, there in (([carried], []), ([absent], []), ([], [absent]), ([], [])):
        assert found(own, there) is found(own, there)


def test_of_a_contig_that_is_not_loaded_nothing_is_said() -> None:
    """Each contig has its own datasets that answer."""
    rack = Rack([*SHELVES, NOT_LOADED])

    assert [4, 1] == [rack.standing(contig).count for contig in (CHR22, CHR21)]
    assert rack.standing(CHR22) is rack.standing(CHR22)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(BLOBS, min_size=1, max_size=40))
def test_what_is_remembered_is_bounded(
    monkeypatch: pytest.MonkeyPatch, blobs: list[bytes]
) -> None:
    """With next to no room everything is said as with much."""
    monkeypatch.setattr(sayings, "_MOST", 1000)
    shelf = shelf_of(8, FIELDS[0])
    allele = Held(CHR22, START, row("C", {})).allele
    for blob in blobs:
        tally, filters, _ = shelf.rows.read({"81": blob}) or (None, (), None)
        variant = FoundVariant(allele=allele, tally=tally, filters=filters)

        assert (variant,) == shelf.sayings.carried(allele, {"81": blob}).variants
        assert shelf.sayings.not_carried([{"81": blob}]).place is not None
    assert shelf.sayings._weight <= 1000  # noqa: SLF001 (it is what is bounded)
