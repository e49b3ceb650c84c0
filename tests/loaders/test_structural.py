"""Structural alleles as callers write them: kept, merged, or left with a reason."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beacon.model.counts import Tally
from beacon.model.structure import Structure

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "sv"
FILES = sorted(
    path
    for path in SHARED.glob("*.vcf*")
    if not path.name.endswith(".json") and "spec" not in path.name
)
SHARED_TMP = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
END_22 = 51_304_566
MISSING, HETEROZYGOUS = (0, 0, 0, 0, 0), (1, 2, 0, 1, 0)
HOMOZYGOUS, REFERENCE, HALF = (2, 2, 1, 0, 0), (0, 2, 0, 0, 0), (1, 1, 0, 0, 0)
HEMIZYGOUS, ONE_COPY = (1, 1, 0, 0, 1), (0, 1, 0, 0, 0)


def row(pos, ref, alt, info, *cells, contig="22"):
    """Return one data line that passed its filters."""
    return (contig, pos, ref, alt, "PASS", info, *cells)


def alleles(found):
    """Return the records that are alleles, not places or what was left out."""
    return [r for r in found.values() if r.alternate and r.filters != ("skipped",)]


def lost(found):
    """Return the place and name of all of which nothing is known."""
    return [
        (r.start, r.end, r.alternate)
        for r in found.values()
        if r.filters == ("skipped",)
    ]


SPANS = [
    ("delly", "A", "<DEL>", "SVTYPE=DEL;END=900", (99, 900, "<DEL>")),
    ("manta", "A", "<DUP:TANDEM>", "END=900;SVLEN=800", (99, 900, "<DUP:TANDEM>")),
    ("negative length", "A", "<DEL>", "SVLEN=-800", (99, 900, "<DEL>")),
    ("length of 4.4", "A", "<DEL>", "SVLEN=800;SVCLAIM=DJ", (99, 900, "<DEL>")),
    ("end wins", "A", "<DEL>", "END=900;SVLEN=-790", (99, 900, "<DEL>")),
    ("end says nothing", "A", "<DEL>", "END=100;SVLEN=-800", (99, 900, "<DEL>")),
    ("end before", "A", "<DEL>", "END=7;SVLEN=-800", (99, 900, "<DEL>")),
    ("dragen", "N", "<DUP>", "SVTYPE=CNV;END=900;REFLEN=800", (99, 900, "<DUP>")),
    ("reflen alone", "N", "<DUP>", "SVTYPE=CNV;REFLEN=800", (99, 900, "<DUP>")),
    ("REF spelled", "ACGT", "<DEL>", "SVTYPE=DEL", (99, 103, "<DEL>")),
    ("type of a CNV", "N", "<CNV>", "SVTYPE=DEL;END=900", (99, 900, "<DEL>")),
    ("subtype told", "N", "<DUP>", "SVTYPE=DUP:INT;END=900", (99, 900, "<DUP:INT>")),
    ("a type alone", "N", ".", "SVTYPE=DEL;END=900", (99, 900, "<DEL>")),
    ("ALT is N", "N", "N", "SVTYPE=INV;END=900", (99, 900, "<INV>")),
    ("lower case", "n", "<del:me>", "END=900", (99, 900, "<DEL:ME>")),
    ("sniffles", "N", "<INVDUP>", "SVTYPE=INVDUP;END=900", (99, 900, "<DUP:INV>")),
    ("nested", "N", "<DEL/INV>", "SVTYPE=DEL/INV;END=900", (99, 900, "<DEL:INV>")),
    ("copies", "N", "<CN0>", "END=900;CS=DEL", (99, 900, "<CN0>")),
    ("repeat", "N", "<CNV:TR>", "SVLEN=800;RN=1;RUS=CAG", (99, 900, "<CNV:TR>")),
    ("complex", "N", "<CPX>", "END=900;CPX_TYPE=dDUP", (99, 900, "<CPX>")),
    ("reaches back", "N", "<INV>", "SVTYPE=INV;END=7", (6, 100, "<INV>")),
    ("back in place", "N", "<DEL>", "CHR2=chr22;END=7", (6, 100, "<DEL>")),
    ("gnomad", "N", "<CN=0>", "SVTYPE=CNV;END=900", (99, 900, "<CN0>")),
    ("own word", "N", "<FOO>", "SVTYPE=DEL;END=900", (99, 900, "<DEL>")),
    ("odd word", "N", "<A=9>", "SVTYPE=DUP;END=900", (99, 900, "<DUP>")),
    ("words", "N", "<LOSS>", "END=900", (99, 900, "<DEL>")),
    ("telomere", "N", "<DEL>", f"END={END_22 + 1}", (99, END_22, "<DEL>")),
]
POINTS = [
    ("manta", "A", "<INS>", "END=100;SVLEN=56", (99, 100, "<INS=56>")),
    ("no length", "A", "<INS>", "END=100;LEFT_SVINSSEQ=AC", (99, 100, "<INS>")),
    ("dot", "A", "<INS>", "END=100;SVLEN=.", (99, 100, "<INS>")),
    ("delly", "A", "<INS>", "END=101;INSLEN=31", (99, 100, "<INS=31>")),
    ("no length of -1", "A", "<INS>", "END=101;SVLEN=-1", (99, 100, "<INS>")),
    ("length elsewhere", "A", "<INS>", "SVLEN=-1;SEQ=ACG", (99, 100, "<INS=3>")),
    ("END is no span", "A", "<INS>", "END=156;SVLEN=56", (99, 100, "<INS=56>")),
    ("melt", "A", "<INS:ME:ALU>", "SVLEN=280", (99, 100, "<INS:ME:ALU=280>")),
    ("bases told", "A", "<INS>", "SVINSSEQ=ACGT", (99, 100, "<INS=4>")),
    ("gridss", "A", "ACC[8:500[", "SVTYPE=BND", (99, 100, "N[8:500[")),
    ("chr", "A", "]chr8:500]A", "MATEID=x", (99, 100, "]8:500]N")),
    ("accession", "A", "A]NC_000008.10:5]", ".", (99, 100, "N]8:5]")),
    ("no base", "N", "[13:7[.", ".", (99, 100, "[13:7[N")),
    ("scaffold", "A", "A[GL000192.1:5[", ".", (99, 100, "N[GL000192.1:5[")),
    ("single", "A", "ACCT.", "SVTYPE=BND", (99, 100, "N.")),
    ("single before", "A", ".TTA", "SVTYPE=BND", (99, 100, ".N")),
    ("sniffles", "N", "<TRA>", "CHR2=8;END=5;STRANDS=-+", (99, 100, "]8:5]N")),
    ("lumpy", "N", "<BND>", "CHR2=8;END=5;STRANDS=++:7", (99, 100, "N]8:5]")),
    ("delly", "N", "<TRA>", "CHR2=chr8;END=5;CT=5to5", (99, 100, "[8:5[N")),
    ("delly 0.8", "N", "<BND>", "CHR2=8;POS2=5;END=101", (99, 100, "N?8:5?")),
    ("gatk", "N", "<CTX>", "CHR2=8;END=100;END2=5", (99, 100, "N?8:5?")),
    ("type", "N", ".", "SVTYPE=TRA;CHR2=8;END=5", (99, 100, "N?8:5?")),
    ("telomere", "A", "]8:0]A", ".", (99, 100, "]8:0]N")),
]
LEFT = [
    ("<DEL>", "SVTYPE=DEL", "not loaded yet: <DEL> without END or SVLEN"),
    ("<DEL>", "CHR2=8;END=7", "not loaded yet: <DEL> without END or SVLEN"),
    ("<TRA>", "END=5000", "not loaded yet: breakend without a mate (CHR2)"),
    ("<TRA>", "CHR2=8", "not loaded yet: breakend without its mate's position"),
    ("<ODD>", "END=5000", "not loaded yet: other symbolic allele"),
    ("<A=9>", "END=5000", "not loaded yet: other symbolic allele"),
    ("A[8:5]", ".", "bad: breakend cannot be read"),
    ("A[8:5[A", ".", "bad: breakend cannot be read"),
    ("A[8:999999999[", ".", "bad: mate of a breakend is not inside its contig"),
    ("<DEL>", "END=99999999", "bad: END of <DEL> is not inside its contig"),
]


@pytest.mark.parametrize(
    ("ref", "alt", "info", "expected"),
    [case[1:] for case in SPANS + POINTS],
    ids=[f"{case[2]} {case[0]}" for case in SPANS + POINTS],
)
def test_every_dialect_gives_the_canonical_allele(
    write_vcf, load, ref, alt, info, expected
):
    """Place and name do not depend on who wrote the record."""
    found = load(write_vcf([row(100, ref, alt, info, "0/1")], "A"))[1]

    assert [expected] == [(r.start, r.end, r.alternate) for r in alleles(found)]
    assert {"N"} == {r.reference for r in alleles(found)}


@pytest.mark.parametrize(("alt", "info", "reason"), LEFT)
def test_what_is_not_understood_has_its_reason(write_vcf, load, alt, info, reason):
    """It is counted under its reason with an example, and nothing is guessed."""
    rows = [row(100, "A", f"C,{alt}", info, "0/1")]
    cohort, found = load(write_vcf(rows, "A"))

    assert ["C"] == [r.alternate for r in alleles(found)]
    assert 1 == cohort.report.alternates[reason]
    assert f"x.vcf:3: ALT {alt}" in cohort.report.files[0].examples[reason]


BOTH_SIDES = [(99, 100, "N."), (99, 100, ".N")]


@pytest.mark.parametrize("beside", ["", "C,"])
@pytest.mark.parametrize(
    ("alt", "info", "expected"),
    [
        ("<DEL>", "SVLEN=0", []),
        ("<DEL>", "CHR2=8;END=7", []),
        ("<DEL>", "END=99999999", [(99, END_22, "<DEL>")]),
        ("<DUP>", "SVLEN=99999999", [(99, END_22, "<DUP>")]),
        ("<ODD>", ".", []),
        ("<ODD>", "END=900", [(99, 900, "<CPX>")]),
        ("<BND>", "SVTYPE=BND", BOTH_SIDES),
        ("<TRA>", "CHR2=8", BOTH_SIDES),
        ("A[8:999999999[", ".", BOTH_SIDES),
    ],
)
def test_nothing_is_known_where_an_alternate_is_left_out(
    write_vcf, load, beside, alt, info, expected
):
    """Its place, and what it may be, are skipped, whatever else the record has."""
    rows = [
        row(100, "A", f"{beside}{alt}", info, "0/1"),
        row(100, "A", "<INS>", "SVLEN=9", "0/0"),
    ]
    cohort, found = load(write_vcf(rows, "A"), max_bad=1.0)

    assert sorted([(99, 99, ""), *expected]) == sorted(lost(found))
    _reconciles(cohort.report)


def test_a_span_may_run_over_the_origin_of_a_circle(write_vcf, load):
    """MT has no first base; what ends before it begins is not guessed."""
    rows = [row(16_000, "N", "<DEL>", "END=200", "0/1", contig="MT")]
    cohort, found = load(write_vcf(rows, "A"))
    spans = [(199, 16_000), (15_999, 16_569), (0, 200)]

    assert (
        1
        == cohort.report.alternates[
            "not loaded yet: <DEL> that may run over the origin"
        ]
    )
    assert sorted([(15_999, 15_999, ""), *((*s, "<DEL>") for s in spans)]) == sorted(
        lost(found)
    )


def test_what_is_carried_is_there_whatever_is_left_out(write_vcf, load, counts_of):
    """A record cut at its contig's end hides no carrier of the same allele."""
    cut = row(100, "N", "<DEL>", "END=99999999", "0/1")
    whole = row(100, "N", "<DEL>", f"END={END_22}", "0/1")
    absent = row(100, "N", "<DEL>", f"END={END_22}", "0/0")
    cohort, carried = load(write_vcf([cut, whole], "A"), max_bad=1.0)
    nobody = load(write_vcf([absent, cut], "A", name="y"), max_bad=1.0)[1]

    assert [HETEROZYGOUS] == [counts_of(cohort, r)["Total"] for r in alleles(carried)]
    assert [] == alleles(nobody)


def test_a_bad_record_of_a_deletion_is_skipped_over_its_span(write_vcf, load):
    """Its genotypes cannot be used; where it lies is known."""
    rows = [row(100, "N", "<DEL>", "END=900", "0/7"), row(999, "A", "C", ".", "0/1")]
    found = load(write_vcf(rows, "A"), max_bad=1.0)[1]

    assert [(99, 99, ""), (99, 900, "<DEL>")] == lost(found)


def test_each_alternate_has_its_own_length(write_vcf, load):
    """SVLEN and CIPOS of VCF 4.4 hold a value, or two, for every ALT."""
    info = "SVLEN=100,300,5;CIPOS=-1,2,-3,4,0,0;END=400"
    rows = [row(100, "A", "<DEL>,<DUP>,<INS>", info, "1/2", "2/3")]
    found = load(write_vcf(rows, "AB"))[1]
    told = {(r.end, r.alternate): r.structure for r in alleles(found)}

    assert {
        (200, "<DEL>"): Structure((-1, 2)),
        (400, "<DUP>"): Structure((-3, 4)),
        (100, "<INS=5>"): None,
    } == told


def test_telomeres_have_no_base(write_vcf, load):
    """POS 0 and the one behind the last base are places of breakends, empty ones."""
    rows = [
        row(0, "N", ".ACGT", ".", "0/1"),
        row(0, "N", "]8:5]N", ".", "0/1"),
        row(END_22 + 1, "N", "N[8:5[", ".", "0/1"),
    ]
    cohort, found = load(write_vcf(rows, "A"))

    assert [(0, 0, ".N"), (0, 0, "]8:5]N"), (END_22, END_22, "N[8:5[")] == [
        (r.start, r.end, r.alternate) for r in found.values()
    ]
    assert not cohort.report.files[0].bad


@pytest.mark.parametrize(
    ("pos", "alt"), [(0, "C"), (0, "C,.A"), (END_22 + 1, "C"), (END_22 + 2, ".A")]
)
def test_nothing_else_stands_outside_its_contig(write_vcf, load, pos, alt):
    """A sequence allele of a telomere is left out; any further place is bad."""
    rows = [row(pos, "N", alt, ".", "0/1"), row(9, "A", "C", ".", "0/1")]
    cohort, _ = load(write_vcf(rows, "A"), max_bad=1.0)
    file = cohort.report.files[0]
    is_telomere = pos <= END_22 + 1

    assert ({} if is_telomere else {"record is not inside its contig": 1}) == file.bad
    assert is_telomere == (
        {"POS is a telomere, outside the sequence": 1} == file.not_loaded
    )


@pytest.mark.parametrize(
    ("alt", "info", "expected"),
    [
        ("A[22:500[", "CIPOS=-5,0", "]GL000192.1:100]N"),
        ("]chr22:500]A", "CIPOS=-5,0", "N[GL000192.1:100["),
        ("<TRA>", "CIPOS=-5,0;CHR2=22;END=500;CT=3to3", "N]GL000192.1:100]"),
        ("<TRA>", "CIPOS=-5,0;CHR2=22;END=500", "N?GL000192.1:100?"),
    ],
)
def test_a_breakend_on_a_scaffold_is_kept_by_its_mate(
    write_vcf, load, alt, info, expected
):
    """The sequence it is joined to must not read as if nothing were there."""
    info = f"{info};CIEND=-40,20"
    rows = [row(100, "A", alt, info, "0/1", contig="GL000192.1")]
    cohort, found = load(write_vcf(rows, "A"))
    (record,) = alleles(found)

    assert (499, 500, expected) == (record.start, record.end, record.alternate)
    assert Structure((-40, 20), (-5, 0)) == record.structure
    assert 1 == cohort.report.files[0].loaded


def test_a_breakend_between_scaffolds_is_left(write_vcf, load):
    """Neither of its sides is a sequence of the assembly."""
    rows = [
        row(100, "A", "A[GL000193.1:5[", ".", "0/1", contig="GL000192.1"),
        row(100, "A", "C", ".", "0/1"),
    ]
    report = load(write_vcf(rows, "A"))[0].report.files[0]

    assert {"contig is not of GRCh37": 1} == dict(report.not_loaded)


def test_nothing_is_deleted_behind_the_last_base(write_vcf, load):
    """A span that begins at the telomere behind a sequence is left, not bad."""
    rows = [row(END_22 + 1, "N", "<DEL>", "SVLEN=5", "0/1")]
    cohort, found = load(write_vcf(rows, "A"))
    report = cohort.report

    assert 1 == report.alternates["not loaded yet: <DEL> behind the last base"]
    assert [] == lost(found)


# --- copy numbers ------------------------------------------------------------------


def _copies(write_vcf, alt, cells, *, contig="22", pos=9_000_000, form="GT:CN"):
    """Write one record of copy numbers, with a sample a cell."""
    names = [f"S{i}" for i in range(len(cells))]
    path = write_vcf([row(pos, "N", alt, "SVLEN=800", *cells, contig=contig)], names)
    path.write_text(path.read_text().replace("\tGT\t", f"\t{form}\t"))
    return path


@pytest.mark.parametrize(
    ("alt", "cell", "expected"),
    [
        ("<DEL>", "./.:2", REFERENCE),
        ("<DEL>", "./.:3", REFERENCE),
        ("<DEL>", "./.:1", HETEROZYGOUS),
        ("<DEL>", ".:0", HOMOZYGOUS),
        ("<DUP>", "./.:2", REFERENCE),
        ("<DUP>", "./.:1", REFERENCE),
        ("<DUP:TANDEM>", "./.:3", HETEROZYGOUS),
        ("<DUP>", "./.:4", HALF),
        ("<DUP>", "./.:9", HALF),
        ("<CNV>", "./.:2", REFERENCE),
        ("<CNV>", "./.:1", HALF),
        ("<CNV>", "./.:5", HALF),
        ("<CN0>", "./.:1", HETEROZYGOUS),
        ("<DEL>", "./.:.", MISSING),
        ("<DEL>", "./.", MISSING),
        ("<DEL>", "./.:1.1", HETEROZYGOUS),
        ("<DEL>", "./.:1.5", MISSING),
        ("<DEL>", "0/0:1", REFERENCE),
        ("<DUP>", "0/1:2", HETEROZYGOUS),
        ("<DUP>", "./1:4", HALF),
        ("<INV>", "./.:1", MISSING),
    ],
)
def test_a_copy_number_speaks_where_no_genotype_does(
    write_vcf, load, counts_of, alt, cell, expected
):
    """(AC, AN, hom, het, hemi) of one person; a called genotype always wins."""
    cohort, found = load(_copies(write_vcf, alt, [cell]))

    assert [expected] == [counts_of(cohort, r)["Total"] for r in alleles(found)]


@pytest.mark.parametrize(
    ("contig", "pos", "sex", "alt", "number", "expected"),
    [
        ("X", 9_000_000, "M", "<DEL>", 1, ONE_COPY),
        ("X", 9_000_000, "M", "<DEL>", 0, HEMIZYGOUS),
        ("X", 9_000_000, "M", "<DUP>", 2, HEMIZYGOUS),
        ("X", 9_000_000, "M", "<DUP>", 3, HALF),
        ("X", 9_000_000, "F", "<DEL>", 1, HETEROZYGOUS),
        ("X", 9_000_000, "", "<DEL>", 1, MISSING),
        ("X", 100_000, "", "<DEL>", 1, HETEROZYGOUS),
        ("Y", 9_000_000, "M", "<DEL>", 0, HEMIZYGOUS),
        ("Y", 9_000_000, "F", "<DEL>", 0, MISSING),
        ("Y", 9_000_000, "", "<DEL>", 0, MISSING),
        ("MT", 100, "F", "<DEL>", 0, HEMIZYGOUS),
    ],
)
def test_how_many_copies_are_usual(
    write_vcf, load, counts_of, tmp_path, contig, pos, sex, alt, number, expected
):
    """Sex, contig and pseudo-autosomal region decide; without sex there is no call."""
    table = tmp_path / "s.tsv"
    table.write_text(f"sample\tsex\nS0\t{sex}\n")
    path = _copies(write_vcf, alt, [f"./.:{number}"], contig=contig, pos=pos)
    cohort, found = load(path, samples=table)

    assert [expected] == [counts_of(cohort, r)["Total"] for r in alleles(found)]


@pytest.mark.parametrize(
    ("contig", "alt", "number", "expected"),
    [
        ("X", "<DEL>", 0, HALF),
        ("X", "<DEL>", 2, (0, 1, 0, 0, 0)),
        ("X", "<DUP>", 1, (0, 1, 0, 0, 0)),
        ("X", "<DUP>", 2, MISSING),
        ("X", "<DUP>", 3, HALF),
        ("X", "<DUP>", 5, HALF),
        ("X", "<CNV>", 0, HALF),
        ("X", "<CNV>", 1, MISSING),
        ("Y", "<DUP>", 1, ONE_COPY),
        ("Y", "<DUP>", 2, HEMIZYGOUS),
        ("Y", "<DEL>", 0, MISSING),
    ],
)
def test_what_holds_for_either_sex_needs_none(
    write_vcf, load, counts_of, contig, alt, number, expected
):
    """Nothing left of X is a loss of whoever it is; how many copies is not known."""
    path = _copies(write_vcf, alt, [f"./.:{number}"], contig=contig)
    cohort, found = load(path)

    assert [expected] == [counts_of(cohort, r)["Total"] for r in alleles(found)]


def test_one_of_several_deletions_is_there(write_vcf, load, counts_of):
    """Which of two deletions a person lacks a copy by is not told: both are listed."""
    path = _copies(write_vcf, "<DEL>,<DEL>,<DUP>", ["./.:1", "./.:2", "./.:3"])
    path.write_text(path.read_text().replace("SVLEN=800", "SVLEN=800,900,800"))
    cohort, found = load(path)
    told = {(r.end, r.alternate): r for r in alleles(found)}
    first, second, gained = told.values()

    assert Tally(None, None) == first.tally == second.tally
    assert (1, 4, 0, 1, 0) == counts_of(cohort, gained)["Total"]


def test_deletions_that_are_counted_elsewhere_are_counted(write_vcf, load, counts_of):
    """A record that tells who carries one is preferred to one that does not."""
    path = _copies(write_vcf, "<DEL>,<DEL>", ["./.:1", "./.:2"])
    path.write_text(path.read_text().replace("SVLEN=800", "SVLEN=800,900"))
    other = write_vcf([row(9_000_000, "N", "<DEL>", "SVLEN=800", "0/1")], "T", name="y")
    cohort, found = load(path, other)
    told = {r.end: counts_of(cohort, r)["Total"][0] for r in alleles(found)}

    assert {9_000_800: 1, 9_000_900: None} == told


def test_alternates_that_are_one_allele_are_one_choice(write_vcf, load, counts_of):
    """``<DEL>,<DEL>`` of one length is a deletion, counted like any other."""
    path = _copies(write_vcf, "<DEL>,<DEL>", ["./.:1", "./.:2"])
    path.write_text(path.read_text().replace("SVLEN=800", "SVLEN=800,800"))
    cohort, found = load(path)

    assert [(1, 4, 0, 1, 0)] == [counts_of(cohort, r)["Total"] for r in alleles(found)]


@pytest.mark.parametrize("cells", [[".", "."], ["1.5", "."]])
def test_copies_that_nobody_measured_list_nothing(write_vcf, load, counts_of, cells):
    """A CN without a number, and no GT, is no call: nobody was looked at."""
    cohort, found = load(_copies(write_vcf, "<DEL>", cells, form="CN"))

    assert [MISSING] == [counts_of(cohort, r)["Total"] for r in alleles(found)]


def test_a_record_of_type_cnv_is_one(write_vcf, load, counts_of):
    """An ALT of ``.`` whose SVTYPE says CNV is read by its copies."""
    path = _copies(write_vcf, ".", ["./.:1", "./.:2"])
    path.write_text(path.read_text().replace("SVLEN", "SVTYPE=CNV;SVLEN"))
    cohort, found = load(path)
    (record,) = alleles(found)

    assert "<CNV>" == record.alternate
    assert (1, 3, 0, 0, 0) == counts_of(cohort, record)["Total"]


def test_copies_without_genotypes(write_vcf, load, counts_of):
    """FORMAT may have CN alone; of two ALTs fewer copies are the deletion."""
    path = _copies(write_vcf, "<DEL>,<DUP>", ["1", "3", "2", "."], form="CN")
    cohort, found = load(path)
    told = {r.alternate: counts_of(cohort, r)["Total"] for r in alleles(found)}

    assert {"<DEL>": (1, 6, 0, 1, 0), "<DUP>": (1, 6, 0, 1, 0)} == told


def test_a_copy_number_in_info_is_the_only_sample_s(write_vcf, load, counts_of):
    """INFO/CN counts in a file of one sample, and in no other."""
    record = ("N", "<DEL>", "CN=0;END=400")
    one, found = load(write_vcf([row(100, *record, "./.")], "A"))
    two, both = load(write_vcf([row(100, *record, "./.", "./.")], "AB", name="y"))

    assert [HOMOZYGOUS] == [counts_of(one, r)["Total"] for r in alleles(found)]
    assert [MISSING] == [counts_of(two, r)["Total"] for r in alleles(both)]


def test_a_record_without_genotypes_lists_its_alleles(write_vcf, load):
    """Without GT and CN an allele is there, uncounted; a missing GT is not a call."""
    path = write_vcf([row(9, "A", "C", ".", "4"), row(20, "A", "<INS>", ".", "3")], "A")
    path.write_text(path.read_text().replace("\tGT\t", "\tPR\t"))
    listed = load(path)[1]
    missing = load(write_vcf([row(9, "A", "C", ".", "./.")], "A", name="y"))[1]

    assert {Tally(None, None)} == {r.tally for r in alleles(listed)}
    assert [Tally((0,), ())] == [r.tally for r in alleles(missing)]


def test_a_listed_allele_is_there_whoever_else_lacks_it(write_vcf, load):
    """It does not matter which file comes first; counted carriers are preferred."""
    listed = write_vcf([row(9, "A", "C", ".", "4")], "A", name="listed")
    listed.write_text(listed.read_text().replace("\tGT\t", "\tPR\t"))
    absent = write_vcf([row(9, "A", "C", ".", "0/0")], "B", name="absent")
    carried = write_vcf([row(9, "A", "C", ".", "0/1")], "C", name="carried")
    one = load(listed, absent)[1]["22-9-A-C"].tally
    other = load(absent, listed)[1]["22-9-A-C"].tally
    counted = load(listed, carried, absent)[1]["22-9-A-C"].tally

    assert one == other == Tally(None, None)
    assert [1] == [c.ac for c in counted.carriers]


# --- merging -----------------------------------------------------------------------

RECORDS = st.lists(
    st.tuples(
        st.sampled_from([100, 101]),
        st.sampled_from("ANC"),
        st.sampled_from(
            [
                ("<DEL>", "END=900"),
                ("<DEL>", "END=900;CIPOS=-9,4;CIEND=0,7"),
                ("<DEL>", "SVLEN=-800;CIPOS=0,30;IMPRECISE"),
                ("<INS>", "SVLEN=56"),
                ("<INS>", "SVLEN=56;CIPOS=-2,2"),
                ("<INS>", "END=101"),
                ("T[8:500[", "MATEID=b"),
                ("<TRA>", "CHR2=chr8;END=500;STRANDS=+-;CIPOS=-3,3"),
                ("<CNV>", "END=900;SVTYPE=DEL"),
            ]
        ),
        st.sampled_from(["0/1", "1/1", "0/0", "./."]),
        st.sampled_from(["21", "22"]),
    ),
    min_size=1,
    max_size=8,
)


@SHARED_TMP
@given(records=RECORDS, data=st.data())
def test_order_does_not_matter(write_vcf, load, records, data):
    """Whatever the order of records and files, alleles and margins are the same."""
    rows = [
        row(pos, ref, alt, f"SVTYPE=BND;{info}", gt, contig=contig)
        for pos, ref, (alt, info), gt, contig in records
    ]
    shuffled = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(0, len(rows)))
    one = load(write_vcf(rows, "A", name="one"))[1]
    parts = [
        write_vcf(part, "A", name=name)
        for name, part in (("b", shuffled[cut:]), ("a", shuffled[:cut]))
        if part
    ]
    other = load(*parts)[1]

    assert one == other


def test_records_that_differ_in_margins_only_are_one(write_vcf, load, counts_of):
    """REF, margins and how the end is told are no identity; the widest are kept."""
    rows = [
        row(100, "A", "<DEL>", "END=900;CIPOS=-9,4", "0/1", "0/0"),
        row(100, "N", "<del>", "SVLEN=-800;CIPOS=0,30;CIEND=-1,0", "0/1", "0/1"),
    ]
    cohort, found = load(write_vcf(rows, "AB"))
    (record,) = alleles(found)

    assert Structure((-9, 30), (-1, 0)) == record.structure
    assert (2, 4, 0, 2, 0) == counts_of(cohort, record)["Total"]
    assert 1 == cohort.report.alternates["merged"]


def test_insertions_of_other_lengths_are_other_alleles(write_vcf, load):
    """56 and 57 inserted bases differ, and so does a length that is not told."""
    infos = ["SVLEN=56", "SVLEN=57", "END=100", "SVLEN=56"]
    rows = [row(100, "A", "<INS>", info, "0/1") for info in infos]
    found = load(write_vcf(rows, "A"))[1]

    assert ["<INS=56>", "<INS=57>", "<INS>"] == [r.alternate for r in alleles(found)]


# --- accounts ----------------------------------------------------------------------


def _reconciles(report):
    """Check the sums that a load report promises."""
    for file in report.files:
        assert file.records == (
            file.loaded + file.bad.total() + file.not_loaded.total()
        )
    outcome = sum(n for why, n in report.alternates.items() if why != "read")

    assert report.alternates["read"] == outcome + report.stored["alleles"]


def test_accounts_of_every_dialect_reconcile(write_vcf, load):
    """Each ALT is stored, merged or left with a reason, to the last one."""
    rows = [row(100 + i, *case[1:4], "0/1") for i, case in enumerate(SPANS + POINTS)]
    rows += [row(300, "A", f"C,{alt}", info, "0/1") for alt, info, _ in LEFT]
    rows += [row(300, "A", alt, info, "0/1") for alt, info, _ in LEFT]
    cohort, _ = load(write_vcf(rows, "A"), max_bad=1.0)

    _reconciles(cohort.report)
    assert len(SPANS + POINTS) <= cohort.report.stored["exist"]


@pytest.mark.skipif(not FILES, reason="no data beside the project")
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_accounts_of_real_files_reconcile(path, load):
    """Nothing of a caller's file is lost: all of its ALTs are kept."""
    assembly = "GRCh38" if "GRCh38" in path.name else "GRCh37"
    cohort, _ = load(path, assembly=assembly)

    _reconciles(cohort.report)
    assert {"read", "merged"} >= set(cohort.report.alternates)
    assert not cohort.report.files[0].bad
