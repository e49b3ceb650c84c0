"""What a load counts, keeps apart, leaves out and refuses."""

import gzip
import itertools

import pysam
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.errors import LoadRejected, ReadError, UsageError
from beacon.model.people import Otherwise
from loaders import merging
from loaders.reference import FastaReference

S3 = ("A", "B", "C")
SHARED_TMP = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def row(pos, ref, alt, *cells, contig="22", filters="PASS", info="."):
    """Return one data line."""
    return (contig, pos, ref, alt, filters, info, *cells)


def total(counts_of, cohort, record):
    """Return a record's (AC, AN, hom, het, hemi) over all people."""
    return counts_of(cohort, record)["Total"]


def test_counts_of_one_record(write_vcf, load, counts_of):
    """AC, AN and people follow the genotype's own ploidy; half calls are no people."""
    cells = ("0/1", "1/1", "./1", "1", "0", "./.", "1/2", ".", "0/1/1", "1/1/1")
    names = [f"S{i}" for i in range(len(cells))]
    cohort, found = load(write_vcf([row(100, "A", "C,G", *cells)], names))

    assert (11, 15, 2, 3, 1) == total(counts_of, cohort, found["22-100-A-C"])
    assert (1, 15, 0, 1, 0) == total(counts_of, cohort, found["22-100-A-G"])


def test_unspecified_alleles_are_none(write_vcf, load, counts_of):
    """``*`` and ``<NON_REF>`` are called copies, never alleles."""
    cells = ("0/2", "1/3", "0/0")
    path = write_vcf([row(100, "A", "C,*,<NON_REF>", *cells)], S3)
    cohort, found = load(path)

    assert ["22-100-A-C"] == list(found)
    assert (1, 6, 0, 1, 0) == total(counts_of, cohort, found["22-100-A-C"])


def test_declared_but_not_carried(write_vcf, load):
    """An ALT nobody carries is kept with its AN, and does not exist."""
    cohort, found = load(write_vcf([row(100, "A", "C", "0/0", "0/0", "./.")], S3))

    assert not found["22-100-A-C"].tally.exists
    assert 0 == cohort.report.variants


def test_monomorphic_record_is_a_place(write_vcf, load, counts_of):
    """A record without ALT tells how many copies were called there."""
    cohort, found = load(write_vcf([row(100, "A", ".", "0/0", "0/0", "./.")], S3))

    assert (0, 4, 0, 0, 0) == total(counts_of, cohort, found["22-100--place"])


def test_twins_count_each_person_once(write_vcf, load, counts_of):
    """Records of one allele merge: per person the record with most copies."""
    rows = [
        row(100, "CAA", "CA", "0/1", "./.", "0/0"),
        row(100, "CA", "C", "1/1", "0/1", "./."),
    ]
    cohort, found = load(write_vcf(rows, S3))

    assert (3, 6, 1, 1, 0) == total(counts_of, cohort, found["22-100-CA-C"])
    assert 1 == cohort.report.alternates["merged"]


def test_same_alternate_twice_in_a_record(write_vcf, load, counts_of):
    """An ALT written twice is one allele; ``1/2`` carries two copies of it."""
    cohort, found = load(write_vcf([row(9, "A", "C,c", "1/2", "0/2", "0/0")], S3))

    assert (3, 6, 1, 1, 0) == total(counts_of, cohort, found["22-9-A-C"])


def test_filtered_records_stand_apart(write_vcf, load, counts_of):
    """Failed records count only where nothing passed, and are named."""
    rows = [
        row(100, "A", "C", "0/1", "0/0", "0/0", filters="q10;s50"),
        row(200, "A", "C", "1/1", "0/0", "0/0", filters="q10"),
        row(200, "A", "C", "0/0", "0/1", "0/0", filters="."),
    ]
    cohort, found = load(write_vcf(rows, S3))

    assert ("q10", "s50") == found["22-100-A-C"].filters
    assert () == found["22-200-A-C"].filters
    assert (1, 6, 0, 1, 0) == total(counts_of, cohort, found["22-200-A-C"])
    assert 1 == cohort.report.variants


def test_all_filters(write_vcf, load):
    """With all filters kept, failed records count like others."""
    path = write_vcf([row(100, "A", "C", "0/1", "0/0", "0/0", filters="q10")], S3)
    _, found = load(path, keep_filtered=True)

    assert () == found["22-100-A-C"].filters


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row(100, "A", "C", "0/2", "0/0", "0/0"), "impossible genotype"),
        (row(100, "A", "C", "0/0", "0/0"), "wrong number of columns"),
        (row(100, "A", "-", "0/1", "0/0", "0/0"), "ALT is not of A, C, G, T, N"),
        (row("x", "A", "C", "0/0", "0/0", "0/0"), "POS is not a whole number above 0"),
        (row(-3, "A", "C", "0/0", "0/0", "0/0"), "POS is not a whole number above 0"),
        (row(0, "AT", "A", "0/0", "0/0", "0/0"), "record is not inside its contig"),
        (row(10**18, "A", "C", *["0/0"] * 3), "record is not inside its contig"),
        (row(100, "A", "A", "0/1", "0/0", "0/0"), "ALT equals REF"),
        (row(100, "R", "A", "0/1", "0/0", "0/0"), "REF is not of A, C, G, T, N"),
        (row(100, "A", "C,", "0/1", "0/0", "0/0"), "an ALT is empty"),
        (("22", 100, "A", "C"), "wrong number of columns"),
    ],
)
def test_bad_records_are_named_and_skipped(write_vcf, load, bad, reason):
    """A bad record is counted with its line and reason; the others load."""
    good = row(900, "A", "C", "0/1", "0/0", "0/0")
    cohort, found = load(write_vcf([good, bad], S3), max_bad=1.0)
    file = cohort.report.files[0]

    assert {reason: 1} == dict(file.bad)
    assert file.examples[reason][0].startswith("x.vcf:4: ")
    assert found["22-900-A-C"].tally.exists
    assert not any(r.tally.exists for k, r in found.items() if "900" not in k)


def test_place_of_a_bad_record_says_nothing(write_vcf, load):
    """The place and alleles of a skipped record are marked, so no "no" rests on it."""
    rows = [row(100, "A", "C", "0/9", "0/0", "0/0"), row(900, "A", "C", *["0/0"] * 3)]
    _, found = load(write_vcf(rows, S3), max_bad=1.0)

    assert ("skipped",) == found["22-100-A-C"].filters


def test_no_no_rests_beside_a_skipped_record(write_vcf, load):
    """Where another record of the allele was skipped, only a carrier is known of."""
    carried = [row(p, "A", "C", "0/1", "0/0", "0/0") for p in (200, 300)]
    rows = [row(100, "A", "C", *["0/0"] * 3), carried[0]]
    bad = [row(p, "A", "C", "0/9", "0/1", "0/0") for p in (100, 200)]
    path = write_vcf([rows[0], bad[0], rows[1], bad[1], carried[1]], S3)
    _, found = load(path, max_bad=1.0)

    assert ("skipped",) == found["22-100-A-C"].filters
    assert () == found["22-200-A-C"].filters
    assert Otherwise.SKIPPED is found["22-200-A-C"].shares.otherwise
    assert found["22-300-A-C"].shares.otherwise is None


def test_what_lists_an_allele_says_so_without_its_carriers(write_vcf, load):
    """Beside a record without genotypes an allele is there, carried or not."""
    path = write_vcf([row(100, "A", "C", "0/1", "0/0", "0/0")], S3)
    path.write_text(path.read_text() + "22\t100\t.\tA\tC\t.\tPASS\t.\tDP\t1\t2\t3\n")
    _, found = load(path)

    assert Otherwise.LISTED is found["22-100-A-C"].shares.otherwise


def test_too_many_bad_records_reject_the_file(write_vcf, load):
    """More bad records than allowed reject the file, naming the first."""
    rows = [row(p, "A", "C", "0/1", "0/0", "0/0") for p in range(100, 198)]
    path = write_vcf([*rows, row(-1, "A", "C", *S3), row("x", "A", "C", *S3)], S3)

    with pytest.raises(LoadRejected, match=r"2 of 100 .*x\.vcf:101"):
        load(path)
    assert 98 == load(path, max_bad=0.02)[0].report.variants


def test_header_only_loads(write_vcf, load):
    """A file without records loads, and holds nothing."""
    cohort, found = load(write_vcf([], S3))

    assert {} == found
    assert 3 == cohort.sample_count


def test_foreign_contigs_are_not_loaded(write_vcf, load):
    """A contig the assembly lacks is left out by name, not bad."""
    rows = [
        row(5, "A", "C", *["0/1"] * 3),
        row(5, "A", "C", *["0/1"] * 3, contig="hs37d5"),
    ]
    cohort, found = load(write_vcf(rows, S3), max_bad=0.0)

    assert ["22-5-A-C"] == list(found)
    assert {"contig is not of GRCh37": 1} == dict(cohort.report.files[0].not_loaded)


def test_many_foreign_contigs_are_one_reason(write_vcf, load):
    """However many sequences are foreign, the report stays short."""
    rows = [row(5, "A", "C", *["0/1"] * 3, contig=f"HLA{i}") for i in range(200)]
    rows.append(row(5, "A", "C", *["0/1"] * 3))
    file = load(write_vcf(rows, S3))[0].report.files[0]

    assert {"contig is not of GRCh37": 200} == dict(file.not_loaded)
    assert len(file.examples["contig is not of GRCh37"]) == 20


def test_a_second_header_is_refused(write_vcf, load, tmp_path):
    """Files joined end to end are refused: their samples may stand otherwise."""
    one = write_vcf([row(5, "A", "C", *["0/1"] * 3)], S3)
    two = tmp_path / "two.vcf"
    two.write_bytes(one.read_bytes() * 2)

    with pytest.raises(ReadError, match=r"two.vcf:5: a second header"):
        load(two, max_bad=1.0)


def test_a_plain_file_cut_in_its_last_line_is_refused(write_vcf, load, tmp_path):
    """A last line that is bad and has no end is a cut file, not a bad record."""
    one = write_vcf([row(p, "A", "C", *["0/1"] * 3) for p in range(1, 500)], S3)
    cut = tmp_path / "cut.vcf"
    cut.write_bytes(one.read_bytes()[:-6])

    with pytest.raises(ReadError, match="truncated"):
        load(cut, max_bad=1.0)


def test_an_allele_of_a_million_bases_is_left(write_vcf, load):
    """An allele too long to keep is counted as not loaded; the others load."""
    called = ("0/1", "0/0", "0/0")
    rows = [row(5, "A", "C", *called), row(6, "A", "A" * 1_000_001, *called)]
    cohort, found = load(write_vcf(rows, S3))

    assert "22-5-A-C" in found
    assert 1 == cohort.report.alternates["not loaded yet: more than 1000000 bases"]


def test_quotes_in_a_samples_table_are_text(write_vcf, load, tmp_path):
    """A stray quote in the samples table joins no rows."""
    table = tmp_path / "samples.tsv"
    table.write_text('sample\tpop\nA\t"FIN\nB\tSWE\n')
    cohort, _ = load(write_vcf([], S3), samples=table)

    assert ["Total", '"FIN', "SWE"] == [g.label for g in cohort.layout.groups]


def test_sample_names_in_latin1_stay_apart(load, tmp_path):
    """Names that are not UTF-8 keep their letters."""
    path = tmp_path / "x.vcf"
    fixed = b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT"
    path.write_bytes(b"##fileformat=VCFv4.2\n" + fixed + b"\tM\xe9\tM\xe8\n")

    assert 2 == load(path)[0].sample_count


def test_nothing_usable_is_rejected(write_vcf, load):
    """A file none of whose records can be used is rejected, however lenient."""
    with pytest.raises(LoadRejected, match="none of its 1 records"):
        load(write_vcf([row(5, "A", "C", *S3, contig="zz")], S3), max_bad=1.0)


def test_what_is_not_loaded_yet_is_said(write_vcf, load):
    """Annotations are named, never silently left."""
    rows = [row(100, "A", "C", "0/0", "0/0", "0/0")]
    header = ["##INFO=<ID=CSQ,Number=.,Type=String>"]
    report = load(write_vcf(rows, S3, header=header))[0].report

    note = "not loaded: annotations whose header names no fields (INFO CSQ)"
    assert [note] == report.notes


def test_alternates_reconcile(write_vcf, load):
    """Every ALT read is stored, merged, no allele, not loaded yet or bad."""
    rows = [
        row(100, "A", "C,*,<DEL>,T", "0/1", "0/2", "0/0", info="END=400"),
        row(100, "A", "C,A,]22:5]A,X", "0/1", "0/1", "0/0"),
        row(101, "GA", "GC", "0/1", "0/1", "0/0"),
    ]
    report = load(write_vcf(rows, S3))[0].report
    outcome = sum(n for reason, n in report.alternates.items() if reason != "read")

    assert report.alternates["read"] == outcome + report.stored["alleles"]


def test_sites_only_counts(write_vcf, load, counts_of):
    """A sites-only file counts by INFO; what it does not say stays unknown."""
    rows = [
        ("22", 100, "A", "C,G", "PASS", "AC=3,0;AN=10;nhomalt=1,0"),
        ("22", 200, "A", "C", "PASS", "AC=0;AN=0"),
        ("22", 300, "A", "C", "PASS", "RS=1"),
        ("22", 400, "A", "C", "PASS", "AC=1,2;AN=10"),
    ]
    cohort, found = load(write_vcf(rows))

    assert (3, 10, 1, None, None) == total(counts_of, cohort, found["22-100-A-C"])
    assert not found["22-100-A-G"].tally.exists
    assert not found["22-200-A-C"].tally.exists
    assert (None, None, None, None, None) == total(
        counts_of, cohort, found["22-300-A-C"]
    )
    assert found["22-300-A-C"].tally.exists
    assert (None, 10, None, None, None) == total(counts_of, cohort, found["22-400-A-C"])
    assert cohort.sample_count is None


def test_impossible_info_counts_are_bad(write_vcf, load):
    """AC above AN is a bad record, not a frequency above 1."""
    rows = [
        ("22", 100, "A", "C", "PASS", "AC=12;AN=10"),
        ("22", 200, "A", "C", "PASS", "AC=1;AN=10"),
    ]
    cohort, found = load(write_vcf(rows), max_bad=1.0)

    assert {"INFO counts contradict each other": 1} == dict(cohort.report.files[0].bad)
    assert ("skipped",) == found["22-100-A-C"].filters


def test_info_of_another_cohort_is_reported(write_vcf, load, counts_of):
    """Genotypes count even where INFO says otherwise, and the report says so."""
    path = write_vcf([row(9, "A", "C", "0/1", "0/0", "0/0", info="AC=900;AN=5008")], S3)
    cohort, found = load(path)

    assert (1, 6, 0, 1, 0) == total(counts_of, cohort, found["22-9-A-C"])
    assert 1 == cohort.report.disagreements


def test_groups(write_vcf, load, counts_of, tmp_path):
    """People are counted by sex, population, both, and columns asked for."""
    table = tmp_path / "samples.tsv"
    table.write_text(
        "sample\tpop\tgender\tsuper_pop\t\n"
        "A\tSE\tfemale\tNORD\t\nB\tDK\tM\tNORD\nX\tDK\t1\tNORD\n"
    )
    path = write_vcf([row(9, "A", "C", "0/1", "1/1", "0/1")], S3)
    cohort, found = load(path, samples=table, group_by=("super_pop",))
    counts = counts_of(cohort, found["22-9-A-C"])

    assert [
        "Total",
        "DK",
        "SE",
        "F",
        "M",
        "DK_M",
        "SE_F",
        "NORD",
        "NORD_F",
        "NORD_M",
    ] == list(counts)
    assert (4, 6, 1, 2, 0) == counts["Total"]
    assert (2, 2, 1, 0, 0) == counts["DK"] == counts["M"] == counts["DK_M"]
    assert (1, 2, 0, 1, 0) == counts["SE_F"]
    assert (3, 4, 1, 1, 0) == counts["NORD"]
    assert 2 == len(cohort.report.notes)


def test_two_samples_of_one_person(write_vcf, load, counts_of, tmp_path):
    """Samples of one individual count as one person."""
    table = tmp_path / "samples.tsv"
    table.write_text("sample\tindividual\nA\tP1\nB\tP1\nC\tP2\n")
    path = write_vcf([row(9, "A", "C", "0/1", "1/1", "0/0")], S3)
    cohort, found = load(path, samples=table)

    assert 2 == cohort.sample_count
    assert (2, 4, 1, 0, 0) == total(counts_of, cohort, found["22-9-A-C"])


@pytest.mark.parametrize(
    ("text", "group_by", "error", "word"),
    [
        ("name\tsex\nA\tM\n", (), ReadError, "column named sample"),
        ("sample\nA\nA\n", (), ReadError, ":3: sample 'A' is named twice"),
        ("sample\tsex\nA\tM\n", ("region",), UsageError, "region"),
    ],
)
def test_bad_samples_table(write_vcf, load, tmp_path, text, group_by, error, word):
    """A samples table that cannot be used is refused in one sentence."""
    table = tmp_path / "samples.tsv"
    table.write_text(text)

    with pytest.raises(error, match=word):
        load(write_vcf([], S3), samples=table, group_by=group_by)


def test_files_of_other_people_are_united(write_vcf, load, counts_of):
    """Files with other samples add people; a person without a record adds no AN."""
    one = write_vcf([row(9, "A", "C", "0/1", "0/0")], ("A", "B"), name="1.vcf")
    two = write_vcf(
        [row(9, "A", "C", "1/1"), row(20, "A", "C", "0/1")], ("C",), name="2.vcf"
    )
    cohort, found = load(one, two)

    assert 3 == cohort.sample_count
    assert (3, 6, 1, 1, 0) == total(counts_of, cohort, found["22-9-A-C"])
    assert (1, 2, 0, 1, 0) == total(counts_of, cohort, found["22-20-A-C"])


def test_same_people_in_two_files(write_vcf, load, counts_of):
    """The same sample in two files is one person."""
    one = write_vcf([row(9, "A", "C", "0/1", "0/0")], ("A", "B"), name="1.vcf")
    two = write_vcf([row(9, "A", "C", "0/0", "1/1")], ("A", "C"), name="2.vcf")
    cohort, found = load(one, two)

    assert (3, 6, 1, 1, 0) == total(counts_of, cohort, found["22-9-A-C"])


def test_samples_and_sites_do_not_mix(write_vcf, load):
    """Files with and without samples are not one dataset."""
    with pytest.raises(UsageError, match="no samples"):
        load(write_vcf([], S3, name="1.vcf"), write_vcf([], (), name="2.vcf"))


RECORDS = st.lists(
    st.tuples(
        st.sampled_from(["1", "22", "X"]),
        st.integers(1, 9_000),
        st.sampled_from(["A", "AC", "ACC"]),
        st.sampled_from(["C", "A", "AC", "G,T", "ACCC", "."]),
        st.lists(st.sampled_from(["0/0", "0/1", "1/1", "./."]), min_size=3, max_size=3),
    )
    .filter(lambda r: r[2] != r[3])
    .map(lambda r: (*r[:4], ["0/0"] * 3 if r[3] == "." else r[4])),
    max_size=30,
)


@SHARED_TMP
@given(records=RECORDS, shuffle=st.randoms(use_true_random=False), small=st.booleans())
def test_order_does_not_matter(
    write_vcf, load, counts_of, monkeypatch, records, shuffle, small
):
    """A file in any order gives what the sorted one gives, late alleles and all."""
    monkeypatch.setattr(merging, "_WAITING_KEYS", 2 if small else 4000)
    rows = [row(p, ref, alt, *gt, contig=c) for c, p, ref, alt, gt in records]
    contigs = {"1": 0, "22": 1, "X": 2}
    cohort, expected = load(
        write_vcf(sorted(rows, key=lambda r: (contigs[r[0]], r[1])), S3), max_bad=1.0
    )
    mixed = list(rows)
    shuffle.shuffle(mixed)
    other, found = load(write_vcf(mixed, S3, name="y.vcf"), max_bad=1.0)

    assert expected == found
    assert cohort.report.stored == other.report.stored
    assert +cohort.report.alternates == +other.report.alternates


SITES = st.lists(
    st.tuples(
        st.sampled_from(["1", "22"]),
        st.integers(1, 40),
        st.sampled_from(["A", "AC", "ACC"]),
        st.sampled_from(["C", "A", "AC", "AG", "ACCC", "G,T", "*", "<DEL>", "."]),
        st.integers(0, 9),
        st.sampled_from(["PASS", "PASS", "PASS", "q10"]),
    ).filter(lambda r: r[2] != r[3]),
    max_size=30,
)


@SHARED_TMP
@given(
    records=SITES, shuffle=st.randoms(use_true_random=False), is_sorted=st.booleans()
)
def test_order_of_sites_does_not_matter(
    write_vcf, load, records, shuffle, *, is_sorted
):
    """Alleles that stand alone and those that others declare, too, count the same."""
    rows = [
        row(pos, ref, alt, contig=contig, filters=filters, info=info_of(alt, copies))
        for contig, pos, ref, alt, copies, filters in records
    ]
    mixed = list(rows)
    shuffle.shuffle(mixed)
    if is_sorted:
        mixed.sort(key=lambda r: (r[0] != "1", r[1]))
    cohort, expected = load(write_vcf(rows), max_bad=1.0)
    other, found = load(write_vcf(mixed, name="y.vcf"), max_bad=1.0)

    assert expected == found
    assert cohort.report.stored == other.report.stored
    assert +cohort.report.alternates == +other.report.alternates


def info_of(alternates, copies):
    """Return INFO counts of a sites-only record."""
    values = ",".join([str(copies)] * (alternates.count(",") + 1))
    homozygotes = ",".join([str(copies // 4)] * (alternates.count(",") + 1))
    return f"AC={values};AN={20 - copies % 3};nhomalt={homozygotes}"


@SHARED_TMP
@given(records=RECORDS, cut=st.integers(0, 30))
def test_splitting_by_file_does_not_matter(write_vcf, load, records, cut):
    """The records of one file, spread over two of the same people, count the same."""
    rows = [row(p, ref, alt, *gt, contig=c) for c, p, ref, alt, gt in records]
    _, expected = load(write_vcf(rows, S3), max_bad=1.0)
    one = write_vcf(rows[:cut], S3, name="1.vcf")
    two = write_vcf(rows[cut:], S3, name="2.vcf")

    assert expected == load(one, two, max_bad=1.0)[1]


@pytest.mark.parametrize("kind", ["plain", "crlf", "gzip", "bgzf", "bcf", "last line"])
def test_every_container_reads_the_same(write_vcf, load, tmp_path, kind):
    """Plain, CR LF, gzip, BGZF and BCF give the same records."""
    header = [
        "##contig=<ID=22,length=51304566>",
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="GT">',
    ]
    rows = [row(p, "A", "C", "0/1", "./1", "1") for p in range(1, 400)]
    path = write_vcf(rows, S3, header=header)
    _, expected = load(path)
    text = path.read_bytes()
    other = tmp_path / "other"
    if kind == "crlf":
        other.write_bytes(text.replace(b"\n", b"\r\n"))
    elif kind == "gzip":
        other.write_bytes(gzip.compress(text))
    elif kind == "bgzf":
        pysam.tabix_compress(str(path), str(other))
    elif kind == "bcf":
        source = pysam.VariantFile(str(path))
        with pysam.VariantFile(str(other), "wb", header=source.header) as sink:
            for record in source:
                sink.write(record)
        source.close()
    elif kind == "last line":
        other.write_bytes(text.rstrip(b"\n"))
    else:
        other.write_bytes(text)

    assert expected == load(other)[1]


@pytest.mark.parametrize("container", ["gzip", "bgzf"])
def test_truncated_files_are_refused(write_vcf, load, tmp_path, container):
    """A compressed file that ends too early is an error wherever it is cut."""
    rows = [row(p, "A", "C", "0/1", "./1", "1") for p in range(1, 9000)]
    path = write_vcf(rows, S3)
    whole = tmp_path / "whole"
    if container == "gzip":
        whole.write_bytes(gzip.compress(path.read_bytes()))
    else:
        pysam.tabix_compress(str(path), str(whole))
    for part in (0.3, 0.6, 0.99):
        cut = tmp_path / "cut"
        cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * part)])
        with pytest.raises(ReadError, match="truncated"):
            load(cut)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "empty"),
        ("hello\n", "not a VCF"),
        ("##fileformat=VCFv4.2\n22\t5\t.\tA\tC\t.\t.\t.\n", "no #CHROM line"),
        ("##fileformat=VCFv4.2\n#CHROM POS ID REF ALT\n", "tab separated"),
        (
            "##x\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\tS\n",
            "more than once",
        ),
    ],
)
def test_what_is_no_vcf_is_refused(load, tmp_path, text, word):
    """A file that is no VCF is refused in a sentence with its name."""
    path = tmp_path / "bad.vcf"
    path.write_text(text)

    with pytest.raises(ReadError, match=f"bad.vcf.*{word}"):
        load(path)


@pytest.mark.parametrize(
    ("lines", "assembly"),
    [
        (["##contig=<ID=chr1,length=248956422>"], "GRCh38"),
        (["##contig=<ID=NC_000001.10>"], "GRCh37"),
        (["##reference=file:///ref/hs37d5.fa"], "GRCh37"),
        (["##contig=<ID=1,length=248387328>"], "T2T-CHM13"),
    ],
)
def test_header_decides_the_assembly(write_vcf, load, lines, assembly):
    """Lengths, accessions or words of the header say which assembly it is."""
    path = write_vcf([], S3, header=lines)

    assert assembly == load(path, assembly=None)[0].assembly.name


@pytest.mark.parametrize(
    "line",
    [
        "##contig=<ID=1,length=248956422>",
        "##reference=NCBI36",
        "##contig=<ID=1,assembly=hg18>",
    ],
)
def test_contradicting_header_is_refused(write_vcf, load, line):
    """A header that contradicts the assembly given is refused."""
    with pytest.raises(ReadError):
        load(write_vcf([], S3, header=[line]))


def test_undecided_assembly_is_asked_for(write_vcf, load):
    """Where the header does not decide, the user must."""
    with pytest.raises(UsageError, match="--assembly"):
        load(write_vcf([], S3), assembly=None)


def test_hg19_mitochondrion_is_left_out(write_vcf, load):
    """hg19's chrM is another sequence: it is left out, the rest loads."""
    path = write_vcf(
        [
            row(9, "A", "C", *["0/1"] * 3, contig="chr1"),
            row(9, "A", "C", *["0/1"] * 3, contig="chrM"),
        ],
        S3,
        header=[
            "##contig=<ID=chr1,length=249250621>",
            "##contig=<ID=chrM,length=16571>",
        ],
    )

    assert ["1-9-A-C"] == list(load(path)[1])


@pytest.fixture
def reference(tmp_path):
    """A genome whose MT begins GCACACACATTT…, padded to its real length."""
    start = "GCACACACATTTACGN"
    contig = ASSEMBLIES["GRCh37"].contigs[24]
    fasta = tmp_path / "mt.fa"
    fasta.write_text(">MT\n" + start + "N" * (contig.length - len(start)) + "\n")
    return FastaReference(fasta, "GRCh37")


def test_spellings_meet_with_a_reference(write_vcf, load, counts_of, reference):
    """Shifted and padded spellings of one deletion are one allele."""
    spellings = [(1, "GCA", "G"), (3, "ACA", "A"), (6, "CAC", "C"), (7, "ACAT", "AT")]
    rows = [
        row(pos, ref, alt, *["0/1" if i == n else "0/0" for i in range(4)], contig="MT")
        for n, (pos, ref, alt) in enumerate(spellings)
    ]
    cohort, found = load(write_vcf(rows, "ABCD"), reference=reference)
    real = [k for k in found if "place" not in k]

    assert ["MT-1-GCA-G"] == real
    assert (4, 8, 0, 4, 0) == total(counts_of, cohort, found[real[0]])


def test_wrong_ref_is_bad(write_vcf, load, reference):
    """REF that contradicts the reference is bad; unknown bases never contradict."""
    rows = [
        row(10, "T", "C", "0/1", "0/0", "0/0", contig="MT"),
        row(11, "A", "C", "0/1", "0/0", "0/0", contig="MT"),
        row(16, "T", "C", "0/1", "0/0", "0/0", contig="MT"),
    ]
    cohort, found = load(write_vcf(rows, S3), reference=reference, max_bad=1.0)

    assert {"REF contradicts the reference": 1} == dict(cohort.report.files[0].bad)
    assert ("skipped",) == found["MT-11-A-C"].filters
    assert found["MT-16-T-C"].tally.exists


def test_few_and_many_cells_count_the_same(write_vcf, load, counts_of):
    """Counting cell by cell and counting all at once agree."""
    calls = ["0/1", "1/1", "./.", "1", "./1", "1/2", "0", "2/2", "0|0", "1/1/2"]
    names = [f"S{i}" for i in range(50)]
    many = list(itertools.islice(itertools.cycle(calls), 50))
    cohort, found = load(write_vcf([row(9, "A", "C,G", *many)], names))
    few_cohort, few = load(
        write_vcf([row(9, "A", "C,G", *calls)], names[:10], name="f")
    )
    times_five = [5 * n for n in total(counts_of, few_cohort, few["22-9-A-C"])]

    assert times_five == list(total(counts_of, cohort, found["22-9-A-C"]))
