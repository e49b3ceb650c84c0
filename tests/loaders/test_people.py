"""Who is behind the counts: shares, the samples table, and who is left out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from beacon.model.errors import BeaconError, LoadRejected
from beacon.model.people import FULL, UNCALLED, Share
from loaders import LoadOptions, counting, merging, open_cohort, sharing
from tests.loaders.laws import assert_shares

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT")
HEADER = (
    '##INFO=<ID=END,Number=1,Type=Integer,Description="End">',
    '##ALT=<ID=NON_REF,Description="Any other">',
    '##ALT=<ID=DEL,Description="Deletion">',
)
SAMPLES = "ABCDEF"
SAME = {"F": "A"}
"""Samples that are another sample's person."""
TABLE = "".join(
    f"{name}\t{SAME.get(name, name)}\t{'MF'[number % 2]}\t{'xyz'[number % 3]}\n"
    for number, name in enumerate(SAMPLES)
    if name != "E"
)

CALLS = [
    *("0/0", "0|0", "0/1", "1|0", "1/1", "./.", ".", "1", "0", "./1", "0/.", "1/2"),
    *("2/2", "0/2", "0/0/1", "1/1/1", "./1/1", "0/0/0", "././."),
]
IMPOSSIBLE = ["0/9", "x"]
BODIES = [
    *(("A", "C"), ("A", "C,G"), ("AA", "CA,A"), ("A", "C,*"), ("A", ".")),
    *(("A", "<NON_REF>"), ("A", "C,<NON_REF>"), ("A", "<DEL>"), ("AA", "A")),
    ("A", ",".join("ACGT"[n % 4] * (2 + n // 4) for n in range(20))),
]


class Line(NamedTuple):
    """One data line of a generated file: what comes before the samples, and them."""

    fixed: tuple[str, ...]
    cells: tuple[str, ...]


@st.composite
def lines(draw, samples: int) -> Line:
    """Draw a record of any kind, its calls as odd as calls can be."""
    ref, alt = draw(st.sampled_from(BODIES))
    pos = draw(st.integers(10, 16))
    is_block = alt in (".", "<NON_REF>", "<DEL>")
    end = draw(st.sampled_from(["", f"END={pos + 3}"])) if is_block else ""
    info = ";".join(filter(None, [end, draw(st.sampled_from(["", "AC=1;AN=4"]))]))
    form = draw(st.sampled_from(["GT"] * 5 + ["DP:GT", "GT:CN", "CN", "GT:LEN", "DP"]))
    fields = {
        "GT": st.sampled_from(CALLS * 4 + IMPOSSIBLE),
        "CN": st.sampled_from(["0", "1", "2", "."]),
        "LEN": st.sampled_from(["1", "4", "."]),
        "DP": st.just("7"),
    }
    cell = st.tuples(*(fields[key] for key in form.split(":"))).map(":".join)
    cells = tuple(draw(cell) for _ in range(samples))
    filters = draw(st.sampled_from(["PASS", "PASS", "PASS", "q10"]))
    return Line(("22", str(pos), ".", ref, alt, ".", filters, info or ".", form), cells)


@st.composite
def files(draw) -> list[tuple[tuple[str, ...], list[Line]]]:
    """Draw one to three files that may share people."""
    found = []
    for _ in range(draw(st.integers(1, 3))):
        some = st.lists(st.sampled_from(SAMPLES), min_size=1, max_size=5, unique=True)
        names = tuple(draw(some))
        body = draw(st.lists(lines(len(names)), max_size=5))
        if draw(st.booleans()):
            body.sort(key=lambda line: int(line.fixed[1]))
        found.append((names, body))
    return found


def write(folder: Path, world, without=frozenset()) -> list[Path]:
    """Write the files, without the columns of some samples."""
    paths = []
    for number, (names, body) in enumerate(world):
        kept = [i for i, name in enumerate(names) if name not in without]
        head = "\t".join([*COLUMNS, *(names[i] for i in kept)])
        rows = ["\t".join([*b.fixed, *(b.cells[i] for i in kept)]) for b in body]
        path = folder / f"{number}.vcf"
        path.write_text("\n".join(["##fileformat=VCFv4.2", *HEADER, head, *rows, ""]))
        paths.append(path)
    return paths


def loaded(paths, few=12, **options):
    """Return all that a load says, or the sentence with which it is refused.

    Of each record, ``few`` exceptional calls are counted one by one.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merging, "_MARGIN", 0)
        patch.setattr(merging, "_WAITING_KEYS", 1)
        patch.setattr(counting, "_FEW", few)
        patch.setattr(sharing, "_FEW", few)
        try:
            options = {"assembly": "GRCh37", "max_bad": 1.0, **options}
            cohort = open_cohort(paths, LoadOptions(**options))
            told = []
            records = list(cohort.records(None, None, told.append))
        except BeaconError as error:
            return str(error)
    for record in records:
        assert_shares(cohort, record)
    return (
        records, told, cohort.layout, cohort.sample_count, cohort.people,
        cohort.coverage, cohort.contigs, cohort.report.stored,
    )  # fmt: skip


EXAMPLES = 2_000 if "BEACON_VALIDATE" in os.environ else 60
WORLD = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

ONE_CALL = [
    ((name,), [Line(("22", pos, ".", *BODIES[-1], ".", "PASS", ".", "GT"), ("1/2",))])
    for name, pos in (("A", "10"), ("B", "11"))
]
"""Two files of one person each, of whom records of many alleles tell the same."""


@WORLD
@given(world=files(), is_grouped=st.booleans(), few=st.sampled_from([0, 12]))
@example(world=ONE_CALL, is_grouped=False, few=0)
@example(world=ONE_CALL, is_grouped=True, few=0)
def test_shares_sum_up_to_the_counts(tmp_path, world, is_grouped, few):
    """Whatever is called, what each person adds sums up to the tally."""
    table = tmp_path / "people.tsv"
    table.write_text(f"sample\tindividual\tsex\tpop\n{TABLE}")
    paths, samples = write(tmp_path, world), table if is_grouped else None
    with_people = loaded(paths, few, samples=samples)
    alone = loaded(paths, 12 - few, samples=samples, keeps_people=False)

    if isinstance(with_people, str):
        assert with_people == alone
    else:
        assert alone[0] == [r._replace(shares=None) for r in with_people[0]]
        assert (alone[1:4], alone[5:]) == (with_people[1:4], with_people[5:])


@WORLD
@given(world=files(), excluded=st.sets(st.sampled_from("ABCDE"), min_size=1))
def test_who_is_left_out_might_never_have_been_there(tmp_path, world, excluded):
    """A load without somebody is the load of files without their columns."""
    table = tmp_path / "people.tsv"
    table.write_text(f"sample\tindividual\tsex\tpop\n{TABLE}")
    gone = {s for s in SAMPLES if SAME.get(s, s) in excluded}
    if any(gone.issuperset(names) for names, _ in world):
        return
    left_out = loaded(
        write(tmp_path, world), samples=table, excluded=frozenset(excluded)
    )
    cut = loaded(write(tmp_path, world, gone), samples=table)

    assert cut == left_out


def test_a_file_of_nobody_declares_its_alleles(write_vcf, load):
    """Who withdrew carries nothing, in a file of their own as elsewhere."""
    rows = [("22", 9, "A", "C", "PASS", ".")]
    own = write_vcf([(*rows[0], "0/1")], ["A"], name="a.vcf")
    other = write_vcf([("22", 50, "A", "C", "PASS", ".", "1/1")], ["B"], name="b.vcf")
    cohort, found = load(own, other, excluded=frozenset("A"))

    assert ((0,), ()) == found["22-9-A-C"].tally[:2]
    assert ((2,), 2) == (
        found["22-50-A-C"].tally.an,
        found["22-50-A-C"].tally.carriers[0].ac,
    )
    assert 1 == cohort.sample_count
    assert ("A",) == cohort.without
    assert "1 person of these files was withdrawn and is left out" in (
        cohort.report.notes
    )


def test_blocks_of_nobody_declare_no_coverage(write_vcf, load):
    """A gVCF of somebody who withdrew says of nobody where they were looked at."""
    own = write_vcf(
        [("22", 9, "A", "<NON_REF>", "PASS", "END=20", "0/0")],
        ["A"], name="a.vcf", header=HEADER,
    )  # fmt: skip
    other = write_vcf([("22", 50, "A", "C", "PASS", ".", "1/1")], ["B"], name="b.vcf")
    cohort, _ = load(own, other, excluded=frozenset("A"))

    assert cohort.coverage is None


def test_nobody_left_is_refused(write_vcf):
    """Files of none but people who withdrew are not loaded."""
    path = write_vcf([("22", 9, "A", "C", "PASS", ".", "0/1", "0/0")], ["A", "B"])
    with pytest.raises(LoadRejected, match="everybody in these files was withdrawn"):
        open_cohort([path], LoadOptions(assembly="GRCh37", excluded=frozenset("AB")))


def test_somebody_is_left_out_by_any_of_their_names(write_vcf, load, tmp_path):
    """The individual's id, or any sample's name, in the files or in the table."""
    path = write_vcf(
        [("22", 9, "A", "C", "PASS", ".", "0/1", "0/1", "0/0")], ["S1", "S2", "S3"]
    )
    table = tmp_path / "people.tsv"
    table.write_text("sample\tindividual\nS1\tP\nS2\tP\nS0\tP\nS3\tQ\n")
    for name in ("P", "S1", "S0"):
        cohort, found = load(path, samples=table, excluded=frozenset([name, "else"]))

        assert ("P",) == cohort.without
        assert ((2,), ()) == found["22-9-A-C"].tally[:2]


def test_the_usual_share_is_the_commonest(write_vcf, load):
    """Few people are named: in one file the exceptions, of many files who is called."""
    cells = ("0/0", "0/0", "0/0", "0/1", "./.")
    _, found = load(write_vcf([("22", 9, "A", "C", "PASS", ".", *cells)], SAMPLES[:5]))

    assert FULL == found["22-9-A-C"].shares.usual
    assert [(UNCALLED, [4]), (Share(1, 2, het=1), [3])] == [
        (share, list(who)) for share, who in found["22-9-A-C"].shares.others
    ]

    paths = [
        write_vcf([("22", 9 + n, "A", "C", "PASS", ".", "0/1")], [name], name=name)
        for n, name in enumerate(SAMPLES)
    ]
    _, found = load(*paths)

    assert UNCALLED == found["22-9-A-C"].shares.usual
    assert [(Share(1, 2, het=1), [0])] == [
        (share, list(who)) for share, who in found["22-9-A-C"].shares.others
    ]

    cells = ("0", "0", "0", "1", ".")
    _, found = load(write_vcf([("MT", 9, "A", "C", "PASS", ".", *cells)], SAMPLES[:5]))

    assert Share(0, 1) == found["MT-9-A-C"].shares.usual


def test_the_samples_table_is_kept_whole(write_vcf, load, tmp_path):
    """Every column describes people, in the words that are used here."""
    path = write_vcf(
        [("22", 9, "A", "C", "PASS", ".", *["0/1"] * 5)], ["S1", "S2", "S3", "S4", "S5"]
    )
    table = tmp_path / "people.tsv"
    rows = [
        "Sample\tIndividual\tGender\tpop\tStatus\tHPO term",
        "S1\tP\tmale\tSE\tCase\tHP:1",
        "S2\tP\tM\tSE\tunaffected\tHP:2",
        "S3\tQ\t2\tNA\t1\t.",
        "S4\tR\t?\tDK\tother\tHP:3",
    ]
    table.write_text("\n".join(rows) + "\n")
    cohort, _ = load(path, samples=table, group_by=("status",))
    people = cohort.people

    assert ("P", "Q", "R", "S5") == people.names
    assert (("S1", "S2"), ("S3",), ("S4",), ("S5",)) == people.samples
    assert {
        "sex": ("M", "F", None, None),
        "population": ("SE", None, "DK", None),
        "status": (None, "unaffected", None, None),
        "hpo term": (None, None, "HP:3", None),
    } == people.table
    assert {"unaffected", "unaffected_F"} <= {g.label for g in cohort.layout.groups}
    assert any("contradict each other in status" in n for n in cohort.report.notes)


def test_without_a_table_people_are_their_samples(write_vcf, load):
    """The columns that are always there hold nothing then."""
    path = write_vcf([("22", 9, "A", "C", "PASS", ".", "0/1", "0/1")], ["B", "A"])
    cohort, _ = load(path)

    assert ("B", "A") == cohort.people.names
    assert dict.fromkeys(("sex", "population", "status"), (None, None)) == (
        cohort.people.table
    )


def test_counts_only_keeps_nobody(write_vcf, load):
    """Asked for counts alone, nobody is behind them."""
    path = write_vcf([("22", 9, "A", "C", "PASS", ".", "0/1")], ["A"])
    cohort, found = load(path, keeps_people=False)

    assert (None, None) == (cohort.people, found["22-9-A-C"].shares)
