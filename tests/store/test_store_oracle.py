"""The store and its naive twin cannot be told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from beacon.model.annotation import Annotation, AnnotationPattern, Unread
from beacon.model.counts import SKIPPED, Carriers, Tally, VariantRecord
from beacon.model.pattern import Bounds, VariantPattern, identity_of
from beacon.model.query import Granularity, Page, Query
from beacon.model.similarity import Similar, event_of
from beacon.model.structure import Structure
from beacon.model.variant import Allele, trim
from beacon.store.variants import VariantStore
from tests import oracle
from tests.store.store_samples import CHR21, CHR22, identity, load, together

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from beacon.model.status import Status
    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue

    Draw = Callable[[st.SearchStrategy], object]

BASE = 16_050_000
NEAR = st.integers(BASE, BASE + 12)
BASES = st.text("ACGT", min_size=1, max_size=3)
TYPES = ["SNP", "MNP", "INS", "DEL", "INDEL", "DUP", "INV", "CNV", "BND", "TRA"]
TYPES += ["DUP:TANDEM", "INS:ME", "CN0"]
SYMBOLIC = ["<DEL>", "<DUP>", "<CN0>", "<CNV>", "<INV>", "<DUP:TANDEM>"]
POINTS = [
    *("<INS>", "<INS=3>", "<INS:ME:ALU=300>", "<INS=6000>", "N.", ".N"),
    *("N[22:16050303[", "]22:16051009]N", "N]22:16054100]", "[22:16050009[N"),
    *("N[22:16050003[", "]22:16050003]N", "N]21:16050004]", "[21:16050009[N"),
    *("N?22:16050008?", "N[GL000192.1:7[", "]1:0]N"),
]
MARGINS = st.tuples(st.integers(-40, 0), st.integers(0, 40))


@st.composite
def tallies(draw: Draw) -> Tally:
    """Draw counts: usual ones, none, an AC of 0, an AN of 0, no AN."""
    an = draw(st.sampled_from([(100, 60), (98, 60), (0, 0), None]))
    if an == (0, 0):
        return Tally(an, ())
    carriers = st.none() | st.sampled_from(
        [
            (),
            (Carriers(0, 1, 0, 1, 0),),
            (Carriers(1, 5, 2, 0, 1),),
            (Carriers(0, 2, None, None, None), Carriers(1, 1, None, None, None)),
        ]
    )
    return Tally(an, draw(carriers))


GENES = ["BRCA2", "ATM", "BRAF"]
EFFECTS = ["SO:0001583", "SO:0001819", "SO:0001589"]
CHANGES = ["V600E", "V600K", "E221Nfs*5", "E221fs"]
KNOWN = ["rs1", "rs22"]


@st.composite
def annotations(draw: Draw) -> Annotation:
    """Draw what a file may say of an allele; some of it not understood."""

    def some(values: Sequence[str]) -> tuple[str, ...]:
        return tuple(draw(st.lists(st.sampled_from(values), unique=True, max_size=2)))

    return Annotation(
        genes=some(GENES),
        effects=some(EFFECTS),
        protein_changes=some(CHANGES),
        identifiers=some(KNOWN),
        transcript_hgvs=some(["NM_1.2:c.1A>G", "NM_1.3:c.9+99A>G"]),
        clinvar=draw(st.none() | st.just("7")),
        unread=tuple(
            draw(
                st.sampled_from([(), (), (), (), *[(u,) for u in Unread]]),
            )
        ),
    )


def _says_something(annotation: Annotation) -> bool:
    """Whether it is one that a loader makes: one that says nothing is none."""
    return annotation != Annotation()


@st.composite
def annotation_patterns(draw: Draw) -> AnnotationPattern:
    """Draw what may be asked of annotations, unknown names among them."""
    parts = {
        "genes": st.sampled_from([("BRCA2",), ("ATM", "BRAF"), ("NONE",)]),
        "effects": st.sampled_from(
            [(tuple(EFFECTS[:2]),), (("SO:0001583",), ("SO:0001589",))]
        ),
        "protein_change": st.sampled_from([*CHANGES, "E221Kfs*9", "R1*"]),
        "identifier": st.sampled_from([*KNOWN, "rs333"]),
        "hgvs": st.sampled_from(["NM_1.2:c.1A>G", "NM_1.9:c.1A>G", "NM_2.1:c.1A>G"]),
    }
    chosen = draw(st.sets(st.sampled_from(sorted(parts)), min_size=1, max_size=2))
    return AnnotationPattern(**{name: draw(parts[name]) for name in sorted(chosen)})


FILTERS = [(), (), (), (), ("q10",), ("LowQual", "q10"), (SKIPPED,)]


@st.composite
def records(draw: Draw) -> VariantRecord:
    """Draw a record of any kind, so close together that records meet."""
    tally = draw(tallies())
    filters = draw(st.sampled_from(FILTERS))
    if SKIPPED in filters:
        tally = tally._replace(carriers=())
    rank = draw(st.sampled_from([22, 22, 22, 21]))
    start = draw(NEAR)
    kinds = ["bases"] * 4 + ["long", "gain", "symbolic", "far", "point", "point"]
    kind = draw(st.sampled_from([*kinds, "site"]))
    structure = None
    if kind == "site":
        carriers = ()
        site = Tally(tally.an, carriers)
        return VariantRecord(rank, start, start + 1, "", "", site, filters)
    if kind == "bases":
        start, reference, alternate = trim(start, draw(BASES), draw(BASES))
        end = start + len(reference)
    elif kind == "long":
        reference = draw(st.sampled_from(["A", "AC"])) * draw(
            st.sampled_from([7, 500, 501, 700])
        )
        alternate, end = "A", start + len(reference)
    elif kind == "gain":
        reference, alternate = "A", "A" * draw(st.sampled_from([4, 301, 5001]))
        end = start + 1
    else:
        texts = POINTS if kind == "point" else SYMBOLIC
        reference, alternate = "N", draw(st.sampled_from(texts))
        start -= draw(st.integers(0, 5000)) if kind == "far" else 0
        sizes = [0, 1] if kind == "point" else [0, 1, 2, 5, 300, 999, 1001, 4097]
        end = start + draw(st.sampled_from(sizes))
        structure = draw(st.none() | st.builds(Structure, MARGINS, MARGINS, MARGINS))
    if reference == alternate:
        alternate += "G"
    said = draw(st.none() | annotations().filter(_says_something))
    return VariantRecord(
        rank, start, end, reference, alternate, tally, filters, structure, said
    )


@st.composite
def bounds(draw: Draw) -> Bounds:
    """Draw bounds around the records."""
    low = draw(st.integers(BASE - 3, BASE + 14))
    return Bounds(low=low, high=low + draw(st.sampled_from([1, 2, 5, 20, 6000])))


@st.composite
def similarities(draw: Draw, asked: VariantRecord) -> Similar | None:
    """Draw a question for what is similar to a known record moved a little."""
    if not asked.alternate:
        return None
    start = max(0, asked.start + draw(st.integers(-60, 60)))
    end = max(start + 1, asked.end + draw(st.integers(-200, 200)))
    is_long = asked.alternate in SYMBOLIC
    allele = Allele(
        contig=CHR22,
        start=start,
        end=end if is_long else start + asked.end - asked.start,
        reference=asked.reference,
        alternate=asked.alternate,
        structure=asked.structure,
    )
    event = event_of(allele)
    if event is None:
        return None
    overlap = draw(st.sampled_from([0.1, 0.5, 0.8, 1.0]))
    distance = draw(st.sampled_from([0, 10, 100]))
    return Similar(event=event, overlap=overlap, distance=distance)


@st.composite
def patterns(draw: Draw, known: Sequence[VariantRecord]) -> VariantPattern | None:
    """Draw a question of any kind; some are about a known record."""
    asked = draw(st.sampled_from(known))
    spelling = (asked.start, asked.reference, asked.alternate)
    kind = draw(st.integers(0, 11))
    if kind == 0:
        return None
    if kind == 1 and asked.alternate.isalpha():
        near = (draw(NEAR), draw(BASES), draw(BASES))
        return VariantPattern(contig=CHR22, spellings=(spelling, near))
    if kind == 2 and asked.alternate:
        allele = Allele(
            contig=CHR22,
            start=asked.start,
            end=asked.end,
            reference=asked.reference,
            alternate=asked.alternate,
        )
        start = Bounds(low=asked.start, high=asked.start + 1)
        identity = identity_of(allele)
        return VariantPattern(contig=CHR22, start=start, identity=identity)
    similar = draw(similarities(asked)) if kind > 9 else None
    if similar is not None:
        return VariantPattern(contig=CHR22, similar=similar)
    return draw(narrow_patterns(kind))


@st.composite
def narrow_patterns(draw: Draw, kind: int) -> VariantPattern:
    """Draw a question of up to three parts."""
    parts = {
        "mate": st.sampled_from([CHR21, CHR22]),
        "overlap": bounds(),
        "start": bounds(),
        "end": bounds(),
        "reference": st.text("ACGTN", max_size=3),
        "alternate": st.text("ACGTN", max_size=3),
        "variant_type": st.sampled_from(TYPES),
        "min_length": st.integers(0, 5),
        "max_length": st.integers(0, 2000),
    }
    chosen = draw(st.sets(st.sampled_from(sorted(parts)), max_size=3))
    if kind == 3:
        chosen = {"overlap"}
    given = {name: draw(parts[name]) for name in sorted(chosen)}
    if kind < 7:
        return VariantPattern(contig=CHR22, **given)
    given["annotated"] = draw(annotation_patterns())
    if kind < 9:
        return VariantPattern(contig=CHR22, **given)
    return VariantPattern(contig=None, genome="GRCh37", **given)


async def _statuses(
    store: VariantStore, query: Query, granularity: Granularity
) -> tuple[Status, ...]:
    found = await store.find(query, dict.fromkeys("ab", granularity))
    return tuple(f.status for f in found.datasets)


def _last_of_each(records: Sequence[VariantRecord]) -> list[VariantRecord]:
    """Return one record an allele: a load may replace one, never an annotation."""
    return list({identity(r): r for r in records}.values())


RECORDS = st.lists(records(), min_size=1, max_size=25).map(_last_of_each)


@settings(
    max_examples=24,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(first=RECORDS, second=RECORDS, third=RECORDS | st.none(), data=st.data())
async def test_the_store_is_its_naive_twin(
    catalogue: Catalogue,
    store_address: StoreAddress,
    first: list[VariantRecord],
    second: list[VariantRecord],
    third: list[VariantRecord] | None,
    data: st.DataObject,
) -> None:
    """Whatever is stored, appended and asked, at any granularity, both say the same.

    And all granularities have one status.
    """
    loaded = []
    releases = {
        "a": load(catalogue, "a", first),
        "b": load(catalogue, "b", second),
    }
    if third is not None:
        before = releases["b"]
        releases["b"] = load(catalogue, "b", third, before=before, earlier=second)
        second = together(second, third)
    for name, kept in (("a", first), ("b", second)):
        dataset, release = catalogue.dataset(name), releases[name]
        loaded.append(oracle.Loaded(dataset=dataset, release=release, records=kept))
    store = await VariantStore.open(store_address)
    try:
        for _ in range(12):
            pattern = data.draw(patterns([*first, *second]))
            levels = st.sampled_from(Granularity)
            asked = {"b": data.draw(levels), "a": data.draw(levels)}
            page = Page(skip=data.draw(st.integers(0, 2)), limit=3)
            query = Query(pattern=pattern, page=page)
            found = await store.find(query, asked)

            assert oracle.find(query, asked, loaded) == found
            assert len({await _statuses(store, query, g) for g in Granularity}) == 1
    finally:
        await store.close()
