"""Counts read all at once are those that each row says by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_store_packing import rows as packed_rows

from beacon.model.counts import AlleleCounts, Carriers, Layout, Tally
from beacon.store.cells import Fields, cells_of
from beacon.store.messages import rows_of
from beacon.store.packing import called, everybody, exists, is_filtered, pack

if TYPE_CHECKING:
    from beacon.model.wording import Cells

NAMES = ["1", "2", "10", "1234567", "12345678", "å"]
LAYOUTS = [Layout(baseline=b, groups=()) for b in [(4_000,), (10, 20), (0,)]]
STRANGE = [
    b"\x051\0\x01\0\0\0\0\x05",
    b"\x0f\0\x01\0\x02\x051\0\x01\0\0\0\0\x0f",
    b"\x05" * 40,
    b"\x0f\x01" + b"\xff" * 12,
    b"\x05\x01\0\xff\xff\xff\xff\xff\xff\xff\x7f",
]
BROKEN = [b"\x0f\x01", b"\x0f", b"\x0f\0\x01\0", b"\x05\0\x01\0\x80", b"\x05\0\x02\0\2"]


@st.composite
def blobs(draw: st.DrawFn, layout: Layout) -> bytes:
    """Draw what a row may hold of a dataset: mostly carriers of one column."""
    baseline = layout.baseline
    an = draw(st.sampled_from([None, baseline, tuple(n + 300 for n in baseline)]))
    most = 4 if an is None else an[-1]
    ac = draw(st.integers(0, most))
    hom = draw(st.integers(0, ac // 2))
    people = draw(st.sampled_from([(None, None, None), (hom, ac - 2 * hom, 0)]))
    carriers = (Carriers(len(baseline) - 1, ac, *people),) if ac else ()
    filters = draw(st.sampled_from([(), (), (), ("LowQual",)]))
    return pack(Tally(an, carriers), filters, layout)


@st.composite
def stores(
    draw: st.DrawFn,
) -> tuple[list[dict[str, bytes]], dict[str, int], list[Layout]]:
    """Draw rows, the number of each field's dataset, and the layouts of those."""
    numbers = {name: n for n, name in enumerate(draw(st.permutations(NAMES))[:4])}
    layouts = [draw(st.sampled_from(LAYOUTS)) for _ in numbers]
    others = st.sampled_from(STRANGE)
    held = st.fixed_dictionaries(
        {},
        optional={
            name: blobs(layouts[numbers[name]]) if name in numbers else others
            for name in NAMES
        },
    )
    return draw(st.lists(held, min_size=1, max_size=6)), numbers, layouts


def rests(held: list[dict[str, bytes]]) -> list[bytes]:
    """Return what follows the keys of rows that hold this."""
    batch = [{"_id": bson.Int64(n), "d": row} for n, row in enumerate(held)]
    rows, _ = rows_of(bson.encode({"firstBatch": batch, "id": bson.Int64(0)}))
    return [rest for _, rest in rows.every()]


def by_allele(cells: Cells) -> list[dict[int, AlleleCounts]]:
    """Return the counts of each allele, by dataset."""
    found: list[dict[int, AlleleCounts]] = [{} for _ in range(cells.size)]
    where = zip(cells.alleles, cells.datasets, cells.counts(), strict=True)
    for allele, dataset, counts in where:
        assert dataset not in found[allele]
        found[allele][dataset] = counts
    return found


@given(stores(), st.booleans())
def test_cells_are_what_rows_say(store, is_beside):
    """Whatever they hold; of other alleles, how many copies were called."""
    held, numbers, layouts = store
    fields = Fields.of(numbers, layouts)
    cells, left = cells_of(rests(held), fields, is_beside=is_beside)
    read = [row for n, row in enumerate(held) if n not in left]

    for row, found in zip(read, by_allele(cells), strict=True):
        own = {numbers[k]: blob for k, blob in row.items() if k in numbers}
        assert found.keys() == own.keys()
        for n, blob in own.items():
            assert not is_filtered(blob)
            if is_beside:
                an = called(blob, layouts[n])
                assert an
                assert found[n] == AlleleCounts(ac=0, an=an, hom=0, het=0, hemi=0)
            else:
                assert exists(blob)
                assert found[n] == everybody(blob, layouts[n])


@given(packed_rows())
def test_no_row_is_read_as_another(row):
    """Any columns, people, filters: it is read as it is, or left."""
    layout, blob = row[2], pack(*row)
    cells, left = cells_of(rests([{"1": blob}]), Fields.of({"1": 0}, [layout]))

    assert left == [0] or by_allele(cells) == [{0: everybody(blob, layout)}]


@pytest.mark.parametrize("blob", BROKEN)
def test_what_is_cut_is_left(blob):
    """Where a row is read by itself it fails as it always did."""
    rows = rests([{"1": blob}, {"1": b"\x0f\0\x01\0\2"}])

    assert cells_of(rows, Fields.of({"1": 0}, LAYOUTS[:1]))[1] == [0]


def test_the_usual_rows_are_all_read():
    """Carriers of one column, with people and without, in as many datasets."""
    names = {str(n): n for n in range(1, 12)}
    one, layout = Carriers(0, 5, 1, 3, 0), LAYOUTS[0]
    usual = [
        pack(Tally(an, (carriers,)), (), layout)
        for an in ((4_000,), (3_998,), (100_000,), None)
        for carriers in (
            one,
            one._replace(hom=0, het=5),
            Carriers(0, 9, None, None, None),
        )
    ]
    held = [dict.fromkeys(names, blob) for blob in usual]
    cells, left = cells_of(rests(held), Fields.of(names, [layout] * 12))

    assert not left
    assert by_allele(cells) == [
        dict.fromkeys(names.values(), everybody(blob, layout)) for blob in usual
    ]


def test_of_datasets_that_keep_more_nothing_is_read_at_once():
    """Of whom only some people are told, for one."""
    rows = rests([{"1": b"\x0f\0\x01\0\2"}, {"2": b"\x0f\0\x01\0\2"}])

    assert cells_of(rows, Fields.of({"1": 0, "2": 1}, [None, LAYOUTS[0]]))[1] == [0]
