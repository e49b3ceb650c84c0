"""What is written into a record: every value in its place, all else as it was."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.annotating.annotator import Annotator
from beacon.annotating.asking import Persistent
from beacon.annotating.columns import (
    Column,
    Consulted,
    Provenance,
    annotated_header,
    distinct,
)
from beacon.annotating.order import Order
from beacon.annotating.questions import NO_ANSWER, Run, Understanding
from beacon.annotating.values import Columns, Values
from beacon.model.assemblies import ASSEMBLIES, find_contig
from beacon.model.counts import AlleleCounts
from beacon.model.disclosure import DatasetDisclosure, Disclosure
from beacon.model.errors import (
    BeaconError,
    InvalidRequest,
    ReadError,
    StoreUnavailable,
)
from beacon.model.query import Granularity, Include, Query
from beacon.model.requester import ANONYMOUS
from beacon.model.spelling import allele_pattern
from beacon.model.status import Status
from beacon.model.variant import sequence_allele
from beacon.model.wording import Cells, answered_whole, question, worded
from loaders.stream import Block

GENOME = ASSEMBLIES["GRCh37"]


def column(name: str, release: int | None = None) -> Column:
    """Return a dataset's column."""
    return Column(dataset=name, label=name, name=name.upper(), release=release)


def part(name: str, status: Status, counts: AlleleCounts | None = None):
    """Return what a dataset says."""
    return DatasetDisclosure(
        dataset=name,
        name=name,
        status=status,
        granularity=Granularity.COUNT,
        exists=status is Status.SEEN,
        counts=counts,
        release=1,
    )


SEEN = AlleleCounts(ac=3, an=200, hom=1, het=1)
NONE = AlleleCounts(ac=0, an=200, hom=0, het=0)


class Known:
    """A beacon of two datasets that knows one allele, and fails when told to."""

    def __init__(self, known: tuple[int, str, str], failures: int = 0) -> None:
        self.known = known
        self.failures = failures
        self.asked: list[int] = []

    async def answer(self, query, requester):
        """Return the answer to one question."""
        del requester
        found = self.known in query.pattern.spellings
        first = part("a", Status.SEEN, SEEN) if found else part("a", Status.NOT_COVERED)
        return Disclosure(
            granularity=Granularity.COUNT,
            datasets=(first, part("b", Status.NOT_SEEN, NONE)),
        )

    async def answer_many(self, queries, requester):
        """Return the answers, unless it fails."""
        self.asked.append(len(queries))
        if self.failures:
            self.failures -= 1
            return [StoreUnavailable("gone")] * len(queries)
        return [await self.answer(query, requester) for query in queries]

    async def answer_alleles(self, asked, requester, wording):
        """Return the same in words."""
        return await answered_whole(self, asked, requester, wording)


def annotated(lines: str, beacon=None, *, columns: int = 8, consulted=None):
    """Return lines with the answers of a beacon."""
    beacon = beacon or Known((99, "A", "C"))
    consulted = consulted or Consulted(beacon="x", columns=(column("a"), column("b")))
    understanding = Understanding("x", GENOME, None, columns=columns)
    asking = Persistent(beacon, ANONYMOUS, consulted, pauses=(0, 0))
    annotator = Annotator(understanding, [asking])
    block = Block(10, lines.encode("latin-1"))
    return asyncio.run(annotator.annotate(block))


def info(line: str, beacon=None) -> dict[str, str]:
    """Return the INFO fields of one annotated line."""
    text = annotated(line, beacon).text.decode("latin-1").rstrip("\n").split("\t")[7]
    return dict(each.split("=") for each in text.split(";") if "=" in each)


def test_there_is_a_value_for_each_alt_and_dataset():
    """That of ALT a and dataset d of two is the one at a * 2 + d."""
    said = info("1\t100\t.\tA\tG,C\t.\t.\tDP=3\n")

    assert said == {
        "DP": "3",
        "BEACON_AC": ".,0,3,0",
        "BEACON_AN": ".,200,200,200",
        "BEACON_AF": ".,0,0.015,0",
        "BEACON_HOM": ".,0,1,0",
        "BEACON_STATUS": "not_covered,not_seen,seen,not_seen",
    }


@pytest.mark.parametrize(
    ("record", "word"),
    [
        ("1\t100\t.\tA\t<DEL>", "not_asked"),
        ("1\t100\t.\tA\tA[2:300[", "not_asked"),
        ("1\t100\t.\tA\t*,<DEL>", "not_asked"),
        ("GL000220.1\t100\t.\tA\tC", "no_answer"),
        ("1\t0\t.\tA\tC", "no_answer"),
        ("1\tx\t.\tA\tC", "no_answer"),
        ("1\t999999999\t.\tA\tC", "no_answer"),
        ("1\t99999999999999\t.\tA\tC", "no_answer"),
        ("1\t100\t.\tA\tA", "no_answer"),
        ("1\t100\t.\tA\t!", "not_asked"),
        ("1\t100\t.\tA\tÄ", "no_answer"),
        ("1\t100\t.\t.\tC", "no_answer"),
    ],
)
def test_what_is_no_question_has_its_word(record, word):
    """And no number; nobody is asked about it."""
    beacon = Known((99, "A", "C"))
    said = info(f"{record}\t.\t.\t.\n", beacon)

    assert set(said["BEACON_STATUS"].split(",")) == {word}
    assert set(said["BEACON_AC"].split(",")) == {"."}
    assert beacon.asked == []


@pytest.mark.parametrize("alternates", [".", "*", "<NON_REF>", "<*>", "<NON_REF>,*"])
def test_a_record_without_an_allele_stays_as_it_is(alternates):
    """As the blocks of a gVCF, which are most of it."""
    line = f"1\t100\t.\tA\t{alternates}\t.\t.\tEND=200\tGT\t0/0\n"

    assert annotated(line, columns=10).text.decode() == line


def test_an_unspecified_allele_beside_one_is_not_asked():
    """It has its place among the values."""
    said = info("1\t100\t.\tA\tC,<NON_REF>\t.\t.\t.\n")

    assert said["BEACON_STATUS"] == "seen,not_seen,not_asked,not_asked"
    assert said["BEACON_AC"] == "3,0,.,."


def test_earlier_values_are_replaced():
    """Whatever stood there, ours is there once."""
    once = annotated("1\t100\t.\ta\tc\t.\t.\tDP=3;X;END=4\n").text.decode()
    stale = once.replace("BEACON_AC=3", "BEACON_AC=77")

    assert annotated(stale).text.decode() == once
    assert annotated("1\t100\t.\tA\t.\t.\t.\tBEACON_AC=1\n").text == (
        b"1\t100\t.\tA\t.\t.\t.\t.\n"
    )


COLUMN = st.text(
    st.characters(max_codepoint=255, exclude_characters="\t\n\r,;"), max_size=9
)


@given(st.lists(st.tuples(*[COLUMN] * 7), max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_all_but_info_is_as_it_was(rows, end):
    """Byte for byte, whatever the bytes, and INFO begins as it began."""
    lines = [
        f"1\t{100 + n}\t{a}\tA\tC\t{b}\t{c}\tX{d}\t{e}\t{f}\t{g}{end}"
        for n, (a, b, c, d, e, f, g) in enumerate(rows)
    ]
    text = annotated("".join(lines), columns=11).text.decode("latin-1")
    made = text.split("\n")[:-1]

    assert len(made) == len(lines)
    for before, after in zip(lines, made, strict=True):
        old, new = before.removesuffix("\n").split("\t"), after.split("\t")
        assert new[:7] + new[8:] == old[:7] + old[8:]
        assert new[7].startswith(f"{old[7]};BEACON_AC=")


def test_a_line_end_of_two_bytes_stays_behind_info():
    """In a file without samples INFO is the last column."""
    text = annotated("1\t100\t.\tA\tC\t.\t.\tDP=1\r\n\r\n").text

    assert text.startswith(b"1\t100\t.\tA\tC\t.\t.\tDP=1;BEACON_AC=3,0;")
    assert text.endswith(b"seen,not_seen\r\n\r\n")


@pytest.mark.parametrize(
    ("lines", "line"),
    [("1\t100\t.\tA\tC\t.\t.\t.\n1\t101\n", 11), ("1\t100\t.\tA\tC\t.\t.\t.\t0", 10)],
)
def test_a_line_that_is_cut_ends_it(lines, line):
    """Its number is told."""
    with pytest.raises(ReadError, match=f"x:{line}:"):
        annotated(lines)


def test_a_failure_that_passes_is_asked_again():
    """Only what failed, and the answers are those of the later attempt."""
    beacon = Known((99, "A", "C"), failures=2)
    made = annotated("1\t100\t.\tA\tC\t.\t.\t.\n", beacon)

    assert b"seen,not_seen" in made.text
    assert (beacon.asked, made.tally.failed) == ([1, 1, 1], 0)


def test_a_failure_that_stays_is_no_answer_and_counted():
    """It is never a no."""
    made = annotated("1\t100\t.\tA\tC\t.\t.\t.\n", Known((99, "A", "C"), failures=9))

    assert made.text.endswith(
        b"BEACON_AC=.,.;BEACON_AN=.,.;BEACON_AF=.,.;"
        b"BEACON_HOM=.,.;BEACON_STATUS=no_answer,no_answer\n"
    )
    assert made.tally.failed == 1


def test_a_beacon_that_keeps_failing_is_left_alone():
    """A long file ends all the same."""

    async def run() -> list[int]:
        beacon = Known((99, "A", "C"), failures=99)
        consulted = Consulted(beacon="x", columns=(column("a"),))
        asking = Persistent(beacon, ANONYMOUS, consulted, pauses=(0,))
        understanding = Understanding("x", GENOME, None, columns=8)
        lines = b"1\t5\t.\tA\tC\t.\t.\t.\n" * 2
        asked = understanding.questions(Block(1, lines)).questions
        first, again = await asking.ask(asked), await asking.ask(asked)
        assert all(isinstance(each, BeaconError) for each in (*first, *again))
        return beacon.asked

    assert asyncio.run(run()) == [2, 2]


def test_too_few_answers_are_none():
    """Nobody can tell which question they belong to."""

    class Short(Known):
        async def answer_many(self, queries, requester):
            return (await super().answer_many(queries, requester))[1:]

    made = annotated("1\t100\t.\tA\tC\t.\t.\t.\n" * 2, Short((99, "A", "C")))

    assert made.text.count(b"no_answer,no_answer") == 2


def test_datasets_are_known_by_their_ids_not_their_order():
    """One that says nothing has no answer."""
    named = Consulted(beacon="x", columns=(column("b"), column("c"), column("a")))
    made = annotated("1\t100\t.\tA\tC\t.\t.\t.\n", consulted=named)

    assert b"BEACON_STATUS=not_seen,no_answer,seen" in made.text


def test_another_release_is_noticed():
    """The header names the one that was served at the beginning."""
    named = Consulted(beacon="x", columns=(column("a", 1), column("b", 2)))
    made = annotated("1\t100\t.\tA\tC\t.\t.\t.\n", consulted=named)

    assert made.tally.changed == {"b"}


class Rounding(Known):
    """A beacon that says for one of its datasets what its counts are rounded to."""

    async def answer(self, query, requester):
        """Return the answer to one question."""
        said = await super().answer(query, requester)
        first, second = said.datasets
        return replace(said, datasets=(replace(first, adjusted_to=5), second))


def test_counts_that_are_not_exact_say_so():
    """Beside them, in their place; a record of exact counts has no such field."""
    beacon = Rounding((99, "A", "C"))
    made = annotated("1\t100\t.\tA\tC\t.\t.\t.\n1\t100\t.\tA\tC,G\t.\t.\t.\n", beacon)
    other = annotated("1\t101\t.\tA\tC\t.\t.\t.\n", beacon)
    first, second = made.text.decode().splitlines()

    assert "BEACON_AC=3,0;" in first
    assert first.endswith("BEACON_STATUS=seen,not_seen;BEACON_ROUNDED_TO=5,.")
    assert second.endswith(";BEACON_ROUNDED_TO=5,.,.,.")
    assert b"BEACON_ROUNDED_TO" not in other.text
    again = annotated(made.text.decode("latin-1"), beacon)
    assert again.text == made.text


def test_a_dataset_that_gives_no_answer_is_counted():
    """Also where the others of its beacon do."""
    named = Consulted(beacon="x", columns=(column("a"), column("c")))
    made = annotated("1\t100\t.\tA\tC\t.\t.\t.\n", consulted=named)

    assert b"BEACON_STATUS=seen,no_answer" in made.text
    assert (made.tally.failed, made.tally.partly) == (0, 1)


def test_words_are_counted_by_dataset():
    """Each ALT that is an allele once."""
    made = annotated("1\t100\t.\tA\tC,G\t.\t.\t.\n1\t101\t.\tA\t.\t.\t.\t.\n")
    first, second = made.tally.by_column(2)

    assert (made.tally.records, made.tally.alleles) == (2, 2)
    assert first == {"seen": 1, "not_covered": 1}
    assert second == {"not_seen": 2}


ORIGIN = Provenance(
    version="1.2",
    moment=datetime(2026, 5, 1, tzinfo=UTC),
    assembly="GRCh37",
    is_aligned=False,
)


def test_a_header_says_whose_values_stand_where():
    """One line for each dataset, in their order, and one for each beacon."""
    named = replace(column("a", 4), name='The "A"', released="2026-04-01")
    consulted = Consulted(beacon="se.x", columns=(named, column("b")))
    first = [b"##fileformat=VCFv4.2", b"#CHROM\tPOS"]
    made = annotated_header(first, (consulted,), ORIGIN)

    assert made[:1] + made[-1:] == first
    assert b'##beacon_dataset=<ID=a,Name="The \\"A\\"",Release=4,' in made[7]
    assert made[8] == b'##beacon_dataset=<ID=b,Name="B">'
    assert made[9] == (
        b'##beacon_annotate=<ID=1,Beacon="se.x",Address="local store",'
        b'Version="Nordic Beacon 1.2",Date=2026-05-01T00:00:00+00:00,'
        b"Assembly=GRCh37,Reference=none>"
    )
    assert annotated_header(made, (consulted,), ORIGIN) == made


def test_datasets_of_one_name_get_names_of_their_own():
    """Their beacon's before it, and a number where that is one, too."""
    one = Consulted(beacon="x", columns=(column("a"), column("b")))
    two = Consulted(beacon="y", columns=(column("a"),))
    labels = [[c.label for c in each.columns] for each in distinct((one, two, two))]

    assert labels == [["x:a", "b"], ["y:a"], ["y:a#2"]]


@pytest.mark.parametrize(
    ("runs", "is_kept"),
    [
        ([], True),
        ([Run("1", 1, 5, True), Run("1", 5, 9, True), Run("2", 1, 1, True)], True),
        ([Run("1", 1, 5, True), Run("1", 4, 9, True)], False),
        ([Run("1", 1, 5, False)], False),
        ([Run("1", 1, 5, True), Run("2", 1, 1, True), Run("1", 9, 9, True)], False),
    ],
)
def test_only_an_order_that_has_an_index_is_one(runs, is_kept):
    """Contigs in one piece each, and POS never falling."""
    order = Order()
    order.add(runs)

    assert order.is_kept is is_kept


LOOSE = ASSEMBLIES["GRCh38"]
PLACES = st.one_of(
    st.integers(0, 120), st.sampled_from([248956421, 248956422, 248956423])
)
BASES = st.one_of(
    st.sampled_from("ACGTNacgtu"),
    st.text("ACGTNacgU", min_size=1, max_size=5),
    st.text("AC", min_size=1),
)


class Genome:
    """A reference of sixteen bases, again and again."""

    def bases(self, contig, start, end):
        """Return its bases."""
        start, end = max(0, start), min(end, contig.length)
        return ("ACGTTTGGCACACAAA" * (end // 16 + 1))[start:end] if end < 10_000 else ""


@given(
    places=st.lists(PLACES, min_size=1, max_size=4),
    alleles=st.lists(st.tuples(BASES, BASES), min_size=1, max_size=2),
    reference=st.sampled_from([None, Genome()]),
    chosen=st.sampled_from([None, ("a",)]),
)
def test_an_allele_is_asked_about_as_the_model_asks(places, alleles, reference, chosen):
    """The question is the model's own, whatever was asked before and wherever."""
    understanding = Understanding("x", LOOSE, reference, columns=8, datasets=chosen)
    for place, (ref, alt) in product(places, alleles):
        line = f"chr1\t{place}\t.\t{ref}\t{alt}\t.\t.\t.\n"
        asked = understanding.questions(Block(1, line.encode()))

        found = [question(one) for one in asked.questions]
        assert found == asked_by_the_model(place, ref, alt, reference, chosen)
        assert asked.targets[0] == (0 if found else NO_ANSWER)


def asked_by_the_model(place, ref, alt, reference, chosen):
    """Return the question about an allele, if it is one."""
    contig = find_contig(LOOSE, "1")
    bases = [each.upper().replace("U", "T") for each in (ref, alt)]
    try:
        allele = sequence_allele(contig, place - 1, *bases)
        pattern = allele_pattern(allele, reference)
    except InvalidRequest:
        return []
    return [
        Query(
            pattern=pattern,
            datasets=chosen,
            assembly="GRCh38",
            granularity=Granularity.COUNT,
            include=Include.ALL,
        )
    ]


@given(
    st.lists(st.lists(st.sampled_from(range(6)), min_size=2, max_size=2), min_size=1)
)
def test_a_statement_that_is_made_once_is_written_as_any_other(rows):
    """Its values are those of a statement of the same content made anew."""
    consulted = Consulted(beacon="x", columns=(column("a"), column("b")))
    said = [
        (Status.SEEN, SEEN),
        (Status.NOT_SEEN, NONE),
        (Status.NOT_COVERED, None),
        (Status.WITHHELD, None),
        (Status.NOT_SEEN, AlleleCounts(ac=0, an=None, hom=None, het=None)),
        (Status.SEEN, AlleleCounts(ac=None, an=None, hom=None, het=None)),
    ]
    columns = Columns(consulted)
    counting = {d: columns.counting(part(d, Status.SEEN, NONE), ()) for d in "ab"}
    texts = []
    for is_anew in (False, True):
        answers = [
            (Columns(consulted) if is_anew else columns).joined(
                [
                    counting[d](SEEN)
                    if said[n][1] is SEEN and not is_anew
                    else columns.of(part(d, *said[n]), ())
                    for d, n in zip("ab", row, strict=True)
                ]
            )
            for row in rows
        ]
        lines = "".join(f"1\t{n}\t.\tA\tC\t.\t.\t.\n" for n in range(1, len(rows) + 1))
        understanding = Understanding("x", GENOME, None, columns=8)
        asked = understanding.questions(Block(1, lines.encode()))
        texts.append(Values([columns]).write(asked, [answers]).text)

    assert texts[0] == texts[1]


def test_statements_in_another_order_stay_with_their_datasets():
    """Also where the same ones were written in the right order before."""
    a, b = part("a", Status.SEEN, SEEN), part("b", Status.NOT_SEEN, NONE)
    consulted = Consulted(beacon="x", columns=(column("a"), column("b")))
    understanding = Understanding("x", GENOME, None, columns=8)
    line = "1\t5\t.\tA\tC\t.\t.\t.\n"
    asked = understanding.questions(Block(1, (line * 4).encode()))
    columns = Columns(consulted)
    orders = [(a, b), (b, a), (b,), (a, a, b)]
    answers = [
        worded(Disclosure(granularity=Granularity.COUNT, datasets=each), columns)
        for each in orders
    ]
    text = Values([columns]).write(asked, [answers]).text.decode()
    words = [each.rpartition("STATUS=")[2] for each in text.splitlines()]

    assert words == [
        "seen,not_seen",
        "seen,not_seen",
        "no_answer,not_seen",
        "seen,not_seen",
    ]


COUNTED = st.builds(
    lambda ac, more, hom: AlleleCounts(
        ac=ac, an=None if more is None else ac + more, hom=hom
    ),
    st.integers(2, 10**6) | st.sampled_from([9_999, 10_000, 10**8 - 1, 10**8, 10**12]),
    st.none() | st.integers(0, 10**6) | st.sampled_from([0, 10**8]),
    st.none() | st.integers(0, 1),
)


@given(
    st.lists(st.dictionaries(st.integers(0, 2), COUNTED), min_size=1, max_size=5),
    st.booleans(),
    st.sampled_from([None, AlleleCounts(ac=0, an=123_456_789, hom=0)]),
)
def test_alleles_laid_side_by_side_are_written_as_each_by_itself(
    alleles, is_withheld, usual
):
    """Any counts of any datasets, one of which may tell none."""
    columns = Columns(Consulted(beacon="x", columns=tuple(map(column, "abc"))))
    words = [columns.of(part(d, Status.NOT_SEEN, usual), ()) for d in "abc"]
    parts = [part(d, Status.SEEN, NONE) for d in "ab"]
    parts.append(
        part("c", Status.WITHHELD) if is_withheld else part("c", Status.SEEN, NONE)
    )
    laid = columns.laid(words, parts)
    rows = [(n, d, c) for n, each in enumerate(alleles) for d, c in each.items()]
    numbers = [
        [-1 if (n := getattr(c, name)) is None else n for _, _, c in rows]
        for name in ("ac", "an", "hom", "het", "hemi")
    ]
    cells = Cells(len(alleles), [r[0] for r in rows], [r[1] for r in rows], *numbers)
    assert [c for _, _, c in rows] == list(cells.counts())
    expected = []
    for each in alleles:
        said = list(words)
        for d, counts in each.items():
            told = parts[d]
            shown = told if told.counts is None else told.counting(counts)
            said[d] = columns.of(shown, ())
        expected.append(columns.joined(said))

    assert list(laid(cells)) == expected


@pytest.mark.parametrize("names", ["ba", "a", "", "abc"])
def test_other_datasets_than_the_columns_are_not_laid(names):
    """They are put in order one by one; so is another release than the header's."""
    columns = Columns(Consulted(beacon="x", columns=(column("a"), column("b"))))
    words = [columns.of(part(d, Status.NOT_SEEN, NONE), ()) for d in names]
    parts = [part(d, Status.SEEN, NONE) for d in names]
    later = Columns(Consulted(beacon="x", columns=(column("a", 2), column("b", 2))))
    both = [part(d, Status.SEEN, NONE) for d in "ab"]

    assert columns.laid(words, parts) is None
    assert later.laid([later.of(each, ()) for each in both], both) is None
