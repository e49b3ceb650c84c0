"""Many questions at once: each is answered as it would be alone."""

from __future__ import annotations

import asyncio
from dataclasses import fields, replace
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from beacon.ingest import LoadRequest, load_variants
from beacon.model.counts import CoverageRun, VariantRecord
from beacon.model.dataset import CoverageKind
from beacon.model.disclosure import Disclosure
from beacon.model.errors import StoreUnavailable
from beacon.model.genome import Interval
from beacon.model.notation import parse
from beacon.model.outline import Outline, Spelled
from beacon.model.pattern import Bounds, VariantPattern
from beacon.model.query import Granularity, Query
from beacon.model.requester import ANONYMOUS
from beacon.model.wording import question as question_of
from beacon.model.wording import worded
from beacon.policy.policy import OPEN
from beacon.service import LocalBeacon, many
from beacon.store import messages
from beacon.store.many import Places, Read, is_told_together
from beacon.store.variants import VariantStore
from loaders import LoadOptions
from tests.policy_samples import policies
from tests.store.store_samples import CHR21, CHR22
from tests.store.store_samples import load as load_records
from tests.store.test_store_coverage import EDGE
from tests.store.test_store_coverage import load as load_covered
from tests.store.test_store_oracle import BASE, BASES, NEAR, RECORDS, patterns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from beacon.model.counts import AlleleCounts
    from beacon.model.disclosure import DatasetDisclosure
    from beacon.model.errors import BeaconError
    from beacon.model.wording import Asked, Cells
    from beacon.policy.policy import Policy
    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue

HEAD = (
    "##fileformat=VCFv4.3\n"
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP1\tP2\n"
)
LINES = {
    "one": ("GRCh37", "22\t20000000\trs7\tA\tG\t50\tPASS\t.\tGT\t1/1\t0/1\n"),
    "two": ("GRCh37", "22\t20000000\t.\tA\tG\t50\tPASS\t.\tGT\t0/0\t0/0\n"),
    "three": ("GRCh38", "22\t20000000\t.\tA\tG\t50\tPASS\t.\tGT\t0/1\t./.\n"),
}


@pytest.fixture
def beacon(
    catalogue: Catalogue, variant_store: VariantStore, tmp_path: Path
) -> LocalBeacon:
    """Give a beacon of two datasets on one assembly and one on another."""
    for name, (assembly, line) in LINES.items():
        path = tmp_path / f"{name}.vcf"
        path.write_text(HEAD + line)
        request = LoadRequest(
            dataset=name,
            paths=(path,),
            options=LoadOptions(assembly=assembly),
            references={},
        )
        load_variants(catalogue, request)
    return LocalBeacon(variant_store, OPEN, references={}, deadline=5)


def question(text: str, assembly: str = "GRCh37", **more: object) -> Query:
    """Return the question a text asks."""
    pattern = parse(text, assembly=assembly, loaded=(), references={})
    return Query(pattern=pattern, **{"granularity": Granularity.RECORD} | more)


def told(answer: Disclosure | BeaconError) -> object:
    """Return what can be compared of an answer, or of why there is none."""
    return (type(answer), str(answer)) if isinstance(answer, Exception) else answer


async def each(beacon: LocalBeacon, queries: Sequence[Query]) -> list[object]:
    """Return what each question gets alone."""
    said: list[object] = []
    for query in queries:
        try:
            said.append(told(await beacon.answer(query, ANONYMOUS)))
        except Exception as failure:  # noqa: BLE001 - compared by type and sentence
            said.append((type(failure), str(failure)))
    return said


MIXED = (
    question("22-20000000-A-G"),
    question("22-20000000-A-G", "GRCh38"),
    question("22-20000000-A-C"),
    question("21-20000000-A-C"),
    question("22-20000000-A-G", excluded=("P1",)),
    question("22-20000000-A-G", excluded=("Nobody",)),
    question("22-20000000-A-G", by=("nothing",)),
    question("rs7"),
    question("rs8"),
    question("22:19999990-20000010"),
    question("22-20000000-A-G", datasets=("two", "three")),
    Query(pattern=None, granularity=Granularity.COUNT),
)


async def test_many_are_answered_as_each_alone(beacon: LocalBeacon) -> None:
    """In their order, errors included."""
    said = await beacon.answer_many(MIXED, ANONYMOUS)

    assert [told(one) for one in said] == await each(beacon, MIXED)


async def test_no_questions_have_no_answers(beacon: LocalBeacon) -> None:
    """And nothing is asked."""
    assert list(await beacon.answer_many((), ANONYMOUS)) == []


async def test_a_store_that_is_gone_is_every_questions_error(
    beacon: LocalBeacon, variant_store: VariantStore
) -> None:
    """Never a "no"."""
    await variant_store.close()
    said = await beacon.answer_many(MIXED[:4], ANONYMOUS)

    assert [type(one) for one in said] == [StoreUnavailable] * 4


KINDS = st.sampled_from(CoverageKind)
PLACES = NEAR | st.sampled_from([EDGE - 2, EDGE - 1, EDGE, EDGE + 1, 7])


@st.composite
def covers(draw: st.DrawFn) -> list[CoverageRun]:
    """Draw where a dataset looked: runs in order, some over the edge of a bin."""
    cuts = [*range(BASE - 4, BASE + 14, 2), EDGE - 3, EDGE - 1, EDGE, EDGE + 2]
    chosen = sorted(draw(st.sets(st.sampled_from(cuts), max_size=8)))
    chosen = chosen[: len(chosen) // 2 * 2]
    an = st.sampled_from([(100, 60), (4, 2), (0, 0), None])
    pairs = zip(chosen[::2], chosen[1::2], strict=True)
    return [CoverageRun(22, low, high, draw(an)) for low, high in pairs]


@st.composite
def spelled(draw: st.DrawFn, known: Sequence[VariantRecord]) -> VariantPattern:
    """Draw an allele: a known one, one beside it, in one or several spellings."""
    bases = [r for r in known if r.alternate.isalpha()]
    near = (draw(PLACES), draw(BASES), draw(BASES))
    forms = [near]
    if bases and draw(st.integers(0, 3)):
        one = draw(st.sampled_from(bases))
        forms = [(one.start, one.reference, one.alternate)]
        forms += draw(st.sampled_from([[], [], [], [near]]))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 4]))):
        forms.append((draw(PLACES), draw(BASES), draw(BASES)))
    return VariantPattern(
        contig=draw(st.sampled_from([CHR22, CHR22, CHR22, CHR21])),
        spellings=tuple(dict.fromkeys(forms)),
        is_provisional=draw(st.sampled_from([False, False, True])),
    )


@st.composite
def questions(draw: st.DrawFn, known: Sequence[VariantRecord]) -> Query:
    """Draw a question: mostly for an allele, of all datasets or some."""
    pattern = draw(spelled(known) if draw(st.integers(0, 5)) else patterns(known))
    return Query(
        pattern=pattern,
        assembly="GRCh37",
        granularity=draw(st.sampled_from(Granularity)),
        datasets=draw(st.sampled_from([None, None, ("c", "a"), ("none",)])),
        warnings=draw(st.sampled_from([(), ("Mind this.",)])),
        excluded=draw(st.sampled_from([(), (), (), (), ("P1",)])),
    )


class Words:
    """Words that hold all that a statement does."""

    def of(self, part: DatasetDisclosure, doubts: Sequence[str]) -> object:
        """Return the statement in other words."""
        return repr(part), tuple(doubts)

    def counting(
        self, part: DatasetDisclosure, doubts: Sequence[str]
    ) -> Callable[[AlleleCounts], object]:
        """Return what words the same of other counts."""
        return lambda counts: self.of(part.counting(counts), doubts)

    def laid(
        self, words: Sequence[object], parts: Sequence[DatasetDisclosure]
    ) -> Callable[[Cells], Sequence[object]]:
        """Return what words many alleles at once."""

        def each(cells: Cells) -> list[object]:
            rows = [list(words) for _ in range(cells.size)]
            where = zip(cells.alleles, cells.datasets, cells.counts(), strict=True)
            for allele, n, counts in where:
                part = parts[n]
                said = part if part.counts is None else part.counting(counts)
                rows[allele][n] = self.of(said, ())
            return list(map(self.joined, rows))

        return each

    def joined(self, words: Sequence[object]) -> object:
        """Return all words, and each doubt once."""
        pairs = cast("Sequence[tuple[str, tuple[str, ...]]]", words)
        doubts = dict.fromkeys(doubt for _, some in pairs for doubt in some)
        return tuple(part for part, _ in pairs), tuple(doubts)


WORDS = Words()


def in_words(answer: object) -> object:
    """Return an answer in these words, or why there is none."""
    return worded(answer, WORDS) if isinstance(answer, Disclosure) else answer


def outlined(query: Query) -> Asked | None:
    """Return a question by its outline, where it has a plain one; nothing warns."""
    pattern = query.pattern
    if pattern is None or pattern.contig is None or not pattern.spellings:
        return None
    outline = Outline(replace(query, warnings=()), None)
    allele = Spelled(pattern.spellings, pattern.is_provisional)
    return (outline, allele) if outline.is_plain else None


POLICIES = policies("a", "b", "c")


@settings(
    max_examples=40,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    worlds=st.tuples(RECORDS, RECORDS, RECORDS | st.none(), RECORDS),
    runs=covers(),
    kind=KINDS,
    policy=POLICIES,
    data=st.data(),
)
async def test_whatever_is_stored_many_are_answered_as_each_alone(
    catalogue: Catalogue,
    store_address: StoreAddress,
    worlds: tuple[list[VariantRecord], ...],
    runs: list[CoverageRun],
    kind: CoverageKind,
    policy: Policy,
    data: st.DataObject,
) -> None:
    """Any datasets, one of two parts, one declaring coverage; any questions."""
    first, second, third, fourth = worlds
    load_records(catalogue, "a", first)
    before = load_records(catalogue, "b", second)
    if third is not None:
        load_records(catalogue, "b", third, before=before, earlier=second)
    load_covered(catalogue, "c", runs, fourth, kind)
    store = await VariantStore.open(store_address)
    beacon = LocalBeacon(store, policy, references={}, deadline=5)
    known = [*first, *second, *(third or ()), *fourth]
    try:
        asked = data.draw(st.lists(questions(known), min_size=5, max_size=40))
        said = await beacon.answer_many(asked, ANONYMOUS)

        assert [told(one) for one in said] == await each(beacon, asked)

        plain = [one for one in map(outlined, asked) if one is not None]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(messages, "_MOST", data.draw(st.sampled_from([1, 2, 5000])))
            words = await beacon.answer_alleles(plain * 2, ANONYMOUS, WORDS)
        alone = await each(beacon, [question_of(one) for one in plain])

        assert [in_words(one) for one in alone] * 2 == [told(one) for one in words]
    finally:
        await store.close()


async def test_a_chunk_alone_misses_its_deadline(
    beacon: LocalBeacon, variant_store: VariantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its questions have no answer, those of other chunks do."""
    read, calls = Places.read, iter([10.0, 0.0, 0.0])

    async def slow(self: Places, *args: object) -> Read:
        await asyncio.sleep(next(calls))
        return await read(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(many, "_CHUNK", 2)
    monkeypatch.setattr(Places, "read", slow)
    monkeypatch.setattr(variant_store, "_deadline", 0.5)
    asked = [question("22-20000000-A-G", granularity=Granularity.COUNT)] * 6
    said = await beacon.answer_many(asked, ANONYMOUS)

    assert [isinstance(one, StoreUnavailable) for one in said] == [
        *[True, True],
        *[False] * 4,
    ]
    assert said[0] is not said[1]


async def test_who_is_cancelled_leaves_nothing_behind(
    beacon: LocalBeacon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunks under way end, and no other begins."""
    begun = asyncio.Event()
    reads: list[int] = []

    async def endless(*_: object) -> Read:
        reads.append(1)
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(many, "_CHUNK", 2)
    monkeypatch.setattr(Places, "read", endless)
    asked = [question("22-20000000-A-G", granularity=Granularity.COUNT)] * 20
    before = asyncio.all_tasks()
    asking = asyncio.create_task(beacon.answer_many(asked, ANONYMOUS))
    await begun.wait()
    await asyncio.sleep(0.05)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    assert asking.cancelled()
    assert len(reads) == 2
    assert asyncio.all_tasks() <= before


KNOWN_PARTS = {
    *("contig", "genome", "annotated", "identity", "spellings", "overlap", "start"),
    *("end", "reference", "alternate", "variant_type", "min_length", "max_length"),
    *("mate", "similar", "elsewhere", "is_provisional", "notes"),
}


def test_no_part_of_a_question_is_overlooked() -> None:
    """Whoever adds a part says whether it is asked together with others."""
    assert {f.name for f in fields(VariantPattern)} == KNOWN_PARTS


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("variant_type", "DEL"),
        ("min_length", 0),
        ("overlap", Bounds(low=1, high=2)),
        ("alternate", ""),
        ("mate", CHR21),
        ("elsewhere", (Interval(contig=CHR21, start=1, end=2),)),
    ],
)
def test_an_allele_narrowed_further_is_asked_alone(part: str, value: object) -> None:
    """Rows of an allele do not tell whether it meets the rest."""
    bare = VariantPattern(contig=CHR22, spellings=((1, "A", "T"),))

    assert is_told_together(bare)
    assert not is_told_together(replace(bare, **{part: value}))
