"""What is wrong with a value we read is said: as a bad record, a note or a refusal."""

import re

import pytest

from beacon.model.errors import LoadRejected, ReadError

CHROM = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
GOOD = "22\t50\trs1\tA\tC\t.\tPASS\tAC=1;AN=4"


@pytest.fixture
def write(tmp_path):
    """Give a function that writes lines as a file."""

    def written(*lines, chrom=CHROM, first="##fileformat=VCFv4.2", header=()):
        path = tmp_path / "x.vcf"
        path.write_text("\n".join([first, *header, chrom, *lines]) + "\n")
        return path

    return written


def people(line, cells="GT\t0/1\t0/0"):
    """Return a data line with genotypes of two people."""
    return f"{line}\t{cells}"


TWO = f"{CHROM}\tFORMAT\tP1\tP2"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("22 \t60\t.\tA\tC\t.\t.\t.", "CHROM is no sequence name"),
        ("\t60\t.\tA\tC\t.\t.\t.", "CHROM is no sequence name"),
        ("22,1\t60\t.\tA\tC\t.\t.\t.", "CHROM is no sequence name"),
        ("<22\t60\t.\tA\tC\t.\t.\t.", "CHROM is no sequence name"),
        ("22\t 60\t.\tA\tC\t.\t.\t.", "POS is not a whole number above 0"),
        ("22\t+60\t.\tA\tC\t.\t.\t.", "POS is not a whole number above 0"),
        ("22\t6e1\t.\tA\tC\t.\t.\t.", "POS is not a whole number above 0"),
        ("22\t99999999999999999999\t.\tA\tC\t.\t.\t.", "record is not inside"),
        ("22\t4294967346\t.\tA\tC\t.\t.\t.", "record is not inside"),
        ("22\t60\t.\tA \tC\t.\t.\t.", "REF is not of A, C, G, T, N"),
        ("22\t60\t.\t\tC\t.\t.\t.", "REF is not of A, C, G, T, N"),
        ("22\t60\t.\tA\tC G\t.\t.\t.", "ALT is not of A, C, G, T, N"),
        ("22\t60\t.\tA\tC,,G\t.\t.\t.", "an ALT is empty"),
        ("22\t60\t.\tA\tC\t.\t.\tAC=-1;AN=4", "INFO count is not a whole number"),
        ("22\t60\t.\tA\tC\t.\t.\tAC=1.5;AN=4", "INFO count is not a whole number"),
        ("22\t60\t.\tA\tC\t.\t.\tAC=1;AN=many", "INFO count is not a whole number"),
        ("22\t60\t.\tA\tC\t.\t.\tAC=2;AN=4;nhomalt=x", "INFO count is not a whole"),
        ("22\t60\t.\tA\tC\t.\t.\tAC=5;AN=4", "INFO counts contradict each other"),
        ("22\t60\t.\t\0\tC\t.\t.\t.", "REF is not of A, C, G, T, N"),
        ("2\0002\t60\t.\tA\tC\t.\t.\t.", "CHROM is no sequence name"),
    ],
)
def test_a_bad_record_is_named(write, load, line, reason):
    """A record that cannot be used is bad, with its line; the good one loads."""
    cohort, found = load(write(GOOD, line), max_bad=1.0)
    file = cohort.report.files[0]
    said = next(iter(file.bad))

    assert said.startswith(reason)
    assert file.examples[said][0].startswith("x.vcf:4: ")
    assert found["22-50-A-C"].tally.exists


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("22\t60\trs1 rs2\tA\tC\t.\t.\t.", "ID is not a list of names"),
        ("22\t60\t;rs1\tA\tC\t.\t.\t.", "ID is not a list of names"),
        ("22\t60\t.\tA\tC\t.\tPASS;\t.", "FILTER is not a list of names"),
        ("22\t60\t.\tA\tC\t.\tq10;PASS\t.", "FILTER is not a list of names"),
        ("22\t60\t.\tA\tC\t.\tlow depth\t.", "FILTER is not a list of names"),
        ("22\t60\t.\tA\tC\t.\t.\tDP=3; AC=1", "INFO has a key with a space"),
        ("22\t60\t.\tA\tC,G\t.\t.\tAC=1;AN=4", "INFO AC has not one value per ALT"),
        ("22\t60\t.\tA\tC\t.\t.\tAC=1;AN=4;AC=2", "INFO gives a count twice"),
        ("22\t60\t.\tA\tC\t.\t.\tAN=4;AC=1;AN=4", "INFO gives a count twice"),
        ("22\t40\t.\tA\tC\t.\t.\t.", "record stands before the one above it"),
    ],
)
def test_what_is_wrong_with_a_loaded_record_is_noticed(write, load, line, reason):
    """A record that can be used in spite of a defect loads, and the defect is said."""
    cohort, _ = load(write(GOOD, line))
    file = cohort.report.files[0]

    assert {reason: 1} == dict(file.noticed)
    assert file.examples[reason][0].startswith("x.vcf:4: ")
    assert (2, 0) == (file.loaded, file.bad_records)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ("GT::DP\t0/1::3\t0/0::3", "FORMAT is not a list of names"),
        ("GT:D P\t0/1:3\t0/0:3", "FORMAT is not a list of names"),
        ("GT:GT\t0/1:0/1\t0/0:0/0", "FORMAT is not a list of names"),
        ("DP:GT\t3:0/1\t3:0/0", "GT is not the first of FORMAT"),
    ],
)
def test_a_malformed_format_is_noticed(write, load, counts_of, fields, reason):
    """Genotypes are still found behind a malformed FORMAT, and the defect is said."""
    cohort, found = load(write(people("22\t60\t.\tA\tC\t.\t.\t.", fields), chrom=TWO))

    assert {reason: 1} == dict(cohort.report.files[0].noticed)
    assert (1, 4, 0, 1, 0) == counts_of(cohort, found["22-60-A-C"])["Total"]


def test_counts_beside_genotypes_are_noticed_only(write, load, counts_of):
    """Where genotypes count, a malformed INFO count makes no record bad."""
    line = people("22\t60\t.\tA\tC\t.\t.\tAC=-1;AN=x")
    cohort, found = load(write(line, chrom=TWO))

    assert {"INFO count is not a whole number": 2} == dict(
        cohort.report.files[0].noticed
    )
    assert (1, 4, 0, 1, 0) == counts_of(cohort, found["22-60-A-C"])["Total"]


def test_pass_with_a_stray_separator_passes(write, load):
    """``PASS;`` is PASS: a stray separator hides no allele."""
    _, found = load(write("22\t60\t.\tA\tC\t.\tPASS;\t.", "22\t70\t.\tA\tC\t.\t;q1\t."))

    assert () == found["22-60-A-C"].filters
    assert ("q1",) == found["22-70-A-C"].filters


@pytest.mark.parametrize("pos", [0, 51304567])
def test_a_telomere_is_left_out_and_not_bad(write, load, pos):
    """VCF writes telomeres at 0 and N+1: sound records, of no place of the sequence."""
    path = write(GOOD, f"22\t{pos}\t.\tN\tA\t.\t.\t.")
    file = load(path, max_bad=0.0)[0].report.files[0]

    assert {"POS is a telomere, outside the sequence": 1} == dict(file.not_loaded)


def test_scattered_contigs_are_noticed(write, load):
    """A contig that comes back is said, once for each return."""
    lines = [f"{c}\t60\t.\tA\tC\t.\t.\t." for c in ("21", "22", "21", "22")]
    cohort, _ = load(write(*lines))

    assert {"records of a contig are not together": 2} == dict(
        cohort.report.files[0].noticed
    )


@pytest.mark.parametrize(
    ("first", "header", "chrom", "note"),
    [
        ("##fileformat=", (), CHROM, "not VCFv4.1 to VCFv4.5"),
        ("##fileformat=VCF v4.2", (), CHROM, "not VCFv4.1 to VCFv4.5"),
        ("##fileformat=VCFv9.9", (), CHROM, "not VCFv4.1 to VCFv4.5"),
        ("##source=x", (), CHROM, "first line is not ##fileformat"),
        ("##fileformat=VCFv4.2", ("##contig=<length=5>",), CHROM, "has no ID"),
        ("##fileformat=VCFv4.2", ("##contig=<ID=2 2>",), CHROM, "no sequence name"),
        ("##fileformat=VCFv4.2", ("##contig=<ID=2,2>",), CHROM, "no sequence name"),
        ("##fileformat=VCFv4.2", ("##reference=",), CHROM, "##reference is empty"),
        ("##fileformat=VCFv4.2", (), f"{CHROM}\tFORMAT", "FORMAT but no sample"),
        (
            "##fileformat=VCFv4.2",
            ("##INFO=<ID=AC,Number=A,Type=Float>",),
            CHROM,
            "INFO AC with Type=Float",
        ),
    ],
)
def test_what_is_wrong_with_a_header_is_noted(write, load, first, header, chrom, note):
    """A header's defect in a line we read is a sentence of the report."""
    cohort, _ = load(write(first=first, header=header, chrom=chrom))

    assert 1 == len(cohort.report.notes)
    assert cohort.report.notes[0].startswith("x.vcf: ")
    assert note in cohort.report.notes[0]


@pytest.mark.parametrize(
    ("header", "chrom", "reason"),
    [
        ((), f"{CHROM}\tP1\tP2", "ninth column is 'P1'"),
        ((), f"{CHROM}\tFORMAT\tP1\t", "sample of column 11 has no name"),
        ((), CHROM.replace("POS", "POSITION"), "eight columns"),
        (("##contig=<ID=22,length=9>", "##contig=<ID=22,length=8>"), CHROM, "two"),
    ],
)
def test_what_a_header_leaves_open_is_refused(write, load, header, chrom, reason):
    """A header that leaves open who or what is meant is refused in a sentence."""
    with pytest.raises(ReadError, match=rf"x\.vcf.*{re.escape(reason)}"):
        load(write(header=header, chrom=chrom))


def test_one_note_for_many_files(write, load, tmp_path):
    """What is wrong with many headers alike is one sentence."""
    one = write(first="##fileformat=VCFv3.3")
    for name in ("a.vcf", "b.vcf", "c.vcf"):
        (tmp_path / name).write_bytes(one.read_bytes())
    cohort, _ = load(*(tmp_path / name for name in ("a.vcf", "b.vcf", "c.vcf")))

    assert 1 == len(cohort.report.notes)
    assert cohort.report.notes[0].startswith("a.vcf and 2 more files: ")


def test_good_records_are_not_noticed(write, load):
    """Usual ways of writing a record raise no remark."""
    lines = [
        "22\t50\trs1;rs2\tA\tC\t.\tPASS\tAC=1;AN=4;DP=3",
        "22\t50\tchr22_50:A-C.b38\tA\tG,T\t.\tq10;s50\tAC=1,0;AN=4;nhomalt=0,0",
        "22\t51\t.\tA\tC\t.\t.\tAC=.;AN=.;CSQ=C|stop gained|x y",
        "22\t52\t.\tA\t.\t30\t.\tAC=0;AN=4",
        "22\t53\t.\tA\t*,<NON_REF>\t30\t\t.",
        "X\t5\t.\tA\tC\t.\t.\tAC_raw=1;AC=1;AN=4;AC_het=1",
    ]
    cohort, _ = load(write(*lines))

    assert {} == dict(cohort.report.files[0].noticed)
    assert [] == cohort.report.notes


def test_a_file_of_bad_counts_is_rejected(write, load):
    """A sites-only file whose counts are all malformed is rejected."""
    with pytest.raises(LoadRejected, match="INFO count is not a whole number"):
        load(write("22\t60\t.\tA\tC\t.\t.\tAC=0.5"), max_bad=1.0)
