"""What INFO of a sites-only file declares is shown group by group, or refused."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.errors import LoadRejected, ReadError, UsageError
from loaders import bulk
from loaders.mapping import CountMapping, read_choice
from loaders.presets import PRESETS
from loaders.reader import VcfText
from loaders.vcf import Site

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
GNOMAD = SHARED / "sites/gnomad.exomes.r2.1.1.chr1.GRCh37.vcf.gz"
THIRTY = SHARED / "vcf/1kg_30x.chr1.3202.GRCh38.vcf.gz"
PANEL = SHARED / "metadata/1kg_panel.tsv"
SHARED_TMP = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
absent = pytest.mark.skipif(
    not SHARED.exists(), reason="the shared data directory is not there"
)


TOTALS = """[[groups]]
label = 'Total'
ac = 'A'
an = 'B'
"""
TWO = f"""{TOTALS}
[[groups]]
ac = 'A_{{population}}'
an = 'B_{{population}}'
"""
PLACED = "label = '{population}'"


def row(pos, ref, alt, info, filters="PASS", contig="22"):
    """Return one data line."""
    return (contig, pos, ref, alt, filters, info)


def declare(*names):
    """Return header lines that declare INFO fields."""
    return [f'##INFO=<ID={n},Number=.,Type=Integer,Description="x">' for n in names]


def keys(*infos):
    """Return the keys of INFO columns."""
    return dict.fromkeys(f.partition("=")[0] for i in infos for f in i.split(";"))


@pytest.fixture
def counted(write_vcf, load, counts_of):
    """Give a function that loads records as a preset or mapping, and counts them."""

    def count(preset, *rows, **options):
        header = declare(*keys(*(r[5] for r in rows)))
        choice = None if preset is None else read_choice(str(preset), PRESETS)
        cohort, found = load(
            write_vcf(rows, header=header), info_counts=choice, **options
        )
        return cohort, {k: counts_of(cohort, r) for k, r in found.items()}

    return count


def test_goe_shows_countries_and_sexes(counted):
    """Genome of Europe: fill-tags' alleles become people; Total stands first."""
    told = {
        "": (9, 40, 4, 4, 1),
        "_SE": (5, 20, 2, 2, 1),
        "_DK": (4, 20, 2, 2, 0),
        "_M": (1, 20, 0, 0, 1),
        "_SE_M": (1, 10, 0, 0, 1),
    }
    info = ";".join(
        f"AC{g}={ac};AN{g}={an};AC_Hom{g}={hom};AC_Het{g}={het};AC_Hemi{g}={hemi}"
        for g, (ac, an, hom, het, hemi) in told.items()
    )
    cohort, found = counted("goe", row(100, "A", "C", info))
    labels = [group.label for group in cohort.layout.groups]

    assert ["Total", "DK", "SE", "M", "SE_M"] == labels
    assert {
        "Total": (9, 40, 2, 4, 1),
        "SE": (5, 20, 1, 2, 1),
        "DK": (4, 20, 1, 2, 0),
        "M": (1, 20, 0, 0, 1),
        "SE_M": (1, 10, 0, 0, 1),
    } == found["22-100-A-C"]


def test_goe_kind_may_stand_behind(counted):
    """``AC_SE_M_Het`` is ``AC_Het_SE_M``."""
    info = "AC=3;AN=9;AC_SE_M=3;AN_SE_M=9;AC_SE_M_Het=1;AC_SE_M_Hom=2;AC_SE_M_Hemi=0"
    _, found = counted("goe", row(100, "A", "C", info))

    assert (3, 9, 1, 1, 0) == found["22-100-A-C"]["SE_M"]


@pytest.mark.parametrize(
    ("fields", "labels"),
    [
        ("AC AN AC_afr AN_afr AC_afr_male AN_afr_male", ["afr_M"]),
        ("AC AN AC_afr AN_afr AC_afr_XX AN_afr_XX", ["afr_F"]),
        ("AC AN AC_afr AN_afr AC_XX_afr AN_XX_afr", ["afr_F"]),
        ("AC AN AC-afr AN-afr AC-afr-XY AN-afr-XY", ["afr_M"]),
        (
            "AC_joint AN_joint AC_joint_afr AN_joint_afr AC_joint_afr_XY "
            "AN_joint_afr_XY",
            ["afr_M"],
        ),
        (
            "AC AN AC_afr AN_afr controls_AC_afr controls_AN_afr non_cancer_AC_sas "
            "non_cancer_AN_sas AC_raw AN_raw AC_popmax AN_popmax AC_non_topmed_afr "
            "AN_non_topmed_afr",
            [],
        ),
    ],
)
def test_gnomad_in_every_order(counted, fields, labels):
    """Populations and sexes of gnomAD are found however a release joins them."""
    info = ";".join(f"{f}={9 if 'AN' in f else 2}" for f in fields.split())
    cohort, _ = counted("gnomad", row(100, "A", "C", info))

    assert ["Total", "afr", *labels] == [g.label for g in cohort.layout.groups]


def test_gnomad_homozygotes_are_people(counted):
    """``nhomalt`` counts people, and heterozygotes are not told."""
    info = "AC=7;AN=20;nhomalt=2;AC_fin=4;AN_fin=8;nhomalt_fin=2"
    _, found = counted("gnomad", row(100, "A", "C", info))

    assert {"Total": (7, 20, 2, None, None), "fin": (4, 8, 2, None, None)} == found[
        "22-100-A-C"
    ]


def test_exac_counts_adjusted_people(counted):
    """ExAC: Total is the adjusted count; pairs of alleles make an ALT's het."""
    one = "AC=9;AN=99;AC_Adj=6;AN_Adj=80;AC_Hom=2;AC_Het=1;AC_Hemi=1"
    one += ";AC_NFE=6;AN_NFE=70;Hom_NFE=2;Het_NFE=1;Hemi_NFE=1;AC_MALE=1;AN_MALE=30"
    two = "AC=9,9;AN=99;AC_Adj=6,3;AN_Adj=80;AC_Hom=1,0;AC_Het=3,2,1;AC_Hemi=0,0"
    two += ";AC_NFE=6,3;AN_NFE=70;Hom_NFE=1,0;Het_NFE=3,2,1;Hemi_NFE=0,0"
    two += ";AC_MALE=0,0;AN_MALE=0"
    _, found = counted("exac", row(100, "A", "C", one), row(200, "A", "C,G", two))

    assert (6, 80, 2, 1, 1) == found["22-100-A-C"]["Total"]
    assert (1, 30, None, None, None) == found["22-100-A-C"]["M"]
    assert (6, 80, 1, 4, 0) == found["22-200-A-C"]["Total"]
    assert (3, 70, 0, 3, 0) == found["22-200-A-G"]["NFE"]


def test_exac_adjusted_to_nobody(counted, write_vcf, load):
    """An allele that no adjusted call carries does not exist."""
    info = "AC=2;AN=99;AC_Adj=0;AN_Adj=80;AC_NFE=0;AN_NFE=70"
    path = write_vcf([row(1, "A", "C", info)], header=declare(*keys(info)))
    _, found = load(path, info_counts=read_choice("exac", PRESETS))

    assert not found["22-1-A-C"].tally.exists


def test_evs_counts_alternates_before_the_reference(counted):
    """EVS: values are ALT, then REF; AN is their sum; people come by genotype."""
    snv = "TAC=368,7858;EA_AC=191,5105;AA_AC=177,2753;GTS=TT,TC,CC"
    snv += ";GTC=167,34,3912;EA_GTC=88,15,2545;AA_GTC=79,19,1367"
    indels = "TAC=3,2,95;EA_AC=3,0,57;AA_AC=0,2,38;GTS=A1A1,A1A2,A1R,A2A2,A2R,RR"
    indels += ";GTC=1,0,1,1,0,47;EA_GTC=1,0,1,0,0,28;AA_GTC=0,0,0,1,0,19"
    x = "TAC=4,6;EA_AC=4,6;AA_AC=0,0;GTS=TT,TC,T,CC,C;GTC=1,1,1,2,1;EA_GTC=1,1,1,2,1"
    _, found = counted(
        "evs",
        row(100, "C", "T", snv),
        row(200, "A", "AT,AG", indels),
        row(300, "C", "T", x, contig="X"),
    )

    assert (368, 8226, 167, 34, 0) == found["22-100-C-T"]["Total"]
    assert (177, 2930, 79, 19, 0) == found["22-100-C-T"]["AA"]
    assert (3, 100, 1, 1, 0) == found["22-200-A-AT"]["Total"]
    assert (2, 40, 1, 0, 0) == found["22-200-A-AG"]["AA"]
    assert (4, 10, 1, 1, 1) == found["X-300-C-T"]["EA"]


def test_evs_people_that_do_not_fit_are_not_told(counted):
    """Genotypes that do not add up to AC, or cannot be read, say nothing."""
    one = "TAC=3,97;EA_AC=3,97;AA_AC=0,0;GTS=TT,TC,CC;GTC=9,1,40"
    two = "TAC=3,97;EA_AC=3,97;AA_AC=0,0;GTS=TT,TQ,CC;GTC=1,1,48"
    _, found = counted("evs", row(1, "C", "T", one), row(2, "C", "T", two))

    assert (3, 100, None, None, None) == found["22-1-C-T"]["Total"]
    assert (3, 100, None, None, None) == found["22-2-C-T"]["Total"]


def test_phase_3_has_no_counts_by_population(counted):
    """1000 Genomes phase 3 gives frequencies alone by population: none is counted."""
    info = "AC=5;AF=0.1;AN=50;EUR_AF=0.2;SAS_AF=0"
    cohort, found = counted("1000g", row(100, "A", "C", info))

    assert {"Total": (5, 50, None, None, None)} == found["22-100-A-C"]
    assert any("INFO EUR_AF, SAS_AF" in note for note in cohort.report.notes)


def test_topmed_counts_people(counted):
    """TOPMed's Hom and Het are people."""
    _, found = counted("topmed", row(100, "A", "C", "AC=5;AN=50;Het=3;Hom=1"))

    assert (5, 50, 1, 3, None) == found["22-100-A-C"]["Total"]


def test_fill_tags_keeps_the_names_of_groups(counted):
    """The groups of +fill-tags -S stand under their own names."""
    info = "AC=2;AN=8;AC_north_F=2;AN_north_F=4;AC_Hom_north_F=2;AC_M=0;AN_M=4"
    cohort, found = counted("fill-tags", row(100, "A", "C", info))

    assert ["Total", "M", "north_F"] == [g.label for g in cohort.layout.groups]
    assert (2, 4, 1, None, None) == found["22-100-A-C"]["north_F"]


def test_groups_need_not_add_up(counted):
    """Every group shows what the file says of it, whatever the others say."""
    info = "AC=5;AN=50;AC_SE=4;AN_SE=30;AC_DK=4;AN_DK=30;AC_FI=0;AN_FI=10"
    _, found = counted("goe", row(100, "A", "C", info))
    counts = {label: counts[:2] for label, counts in found["22-100-A-C"].items()}

    assert {
        "Total": (5, 50), "SE": (4, 30), "DK": (4, 30), "FI": (0, 10),
    } == counts  # fmt: skip


def test_what_is_missing_is_not_nought(counted):
    """A dot, a field that is not there and a wrong number of values say nothing."""
    rows = [
        row(1, "A", "C", "AC=5;AN=50;AC_SE=.;AN_SE=30;AC_DK=1;AN_DK=9"),
        row(2, "A", "C", "AC=5;AN=50;AN_SE=30;AC_DK=1;AN_DK=9"),
        row(3, "A", "C", "AC=5;AN=50;AC_SE=1,1;AN_SE=30;AC_DK=1;AN_DK=."),
    ]
    _, found = counted("goe", *rows)

    assert (None, None) == found["22-1-A-C"]["SE"][:2]
    assert (1, 9) == found["22-1-A-C"]["DK"][:2]
    assert (None, None) == found["22-2-A-C"]["SE"][:2]
    assert (None, None) == found["22-3-A-C"]["SE"][:2]
    assert (None, None) == found["22-3-A-C"]["DK"][:2]
    assert (5, 50) == found["22-3-A-C"]["Total"][:2]


def test_many_alternates_have_their_own_counts(counted):
    """Values stand in the order of ALTs."""
    info = "AC=5,2;AN=50;nhomalt=1,0;AC_afr=1,2;AN_afr=9;nhomalt_afr=0,1"
    _, found = counted("gnomad", row(100, "A", "C,G", info))

    assert (5, 50, 1, None, None) == found["22-100-A-C"]["Total"]
    assert (2, 9, 1, None, None) == found["22-100-A-G"]["afr"]


@pytest.mark.parametrize(
    ("info", "detail"),
    [
        ("AC=51;AN=50;AC_SE=1;AN_SE=9", "AC 51 of Total exceeds AN 50"),
        ("AC=5;AN=50;AC_SE=10;AN_SE=9", "AC 10 of SE exceeds AN 9"),
        ("AC=5;AN=50;AC_SE=1;AN_SE=9;AC_Hom_SE=2", "of SE carry more than AC 1"),
        ("AC=5;AN=50;AC_SE=5;AN_SE=9;AC_Hom_SE=3", "3 homozygous alleles of SE"),
    ],
)
def test_contradictions_are_bad_records(counted, info, detail):
    """Counts that cannot be true together make a bad record, with line and reason."""
    good = row(900, "A", "C", "AC=5;AN=50;AC_SE=1;AN_SE=9")
    cohort, found = counted("goe", good, row(905, "A", "C", info), max_bad=1.0)
    file = cohort.report.files[0]

    assert {"INFO counts contradict each other": 1} == dict(file.bad)
    assert detail in file.examples["INFO counts contradict each other"][0]
    assert ["22-900-A-C", "22-905-A-C"] == sorted(found)


def test_what_is_no_number_is_a_bad_record(counted):
    """A count that is neither a number nor a dot is bad, in any group."""
    rows = [
        row(1, "A", "C", "AC=5;AN=50;AC_SE=1;AN_SE=9"),
        row(2, "A", "C", "AC=5;AN=50;AC_SE=1.5;AN_SE=9"),
    ]
    cohort, _ = counted("goe", *rows, max_bad=1.0)
    file = cohort.report.files[0]

    assert {"INFO count is not a whole number": 1} == dict(file.bad)
    assert "AC_SE is '1.5'" in next(iter(file.examples.values()))[0]


@pytest.mark.parametrize(
    ("preset", "info", "reason"),
    [
        ("gnomad", "AC=1;AN=9", "no group beside Total"),
        ("exac", "AC=1;AN=9;AC_NFE=1;AN_NFE=9", "no AC_Adj and AN_Adj"),
        ("evs", "AC=1;AN=9", "no TAC"),
        ("goe", "AC=1;AN=9;AF_SE=0.1", "no group beside Total"),
        ("topmed", "AC=1;AF=0.1", "no AC and AN"),
    ],
)
def test_a_preset_that_does_not_fit_is_refused(counted, preset, info, reason):
    """A preset whose fields a file lacks is refused, with the fields found."""
    named = ", ".join(keys(info))

    with pytest.raises(UsageError, match=rf"{reason}.*INFO fields found: {named}"):
        counted(preset, row(1, "A", "C", info))


def test_fields_declared_and_never_told_are_refused(write_vcf, load):
    """A file whose header promises counts that no record has is refused."""
    header = declare("AC", "AN", "AC_SE", "AN_SE", "DP")
    path = write_vcf([row(1, "A", "C", "DP=3")], header=header)

    with pytest.raises(LoadRejected, match=r"no record tells .* AC, AN, AC_SE"):
        load(path, info_counts=read_choice("goe", PRESETS))


def test_fields_need_not_be_declared(write_vcf, load, counts_of):
    """Fields that only records have are found, too."""
    path = write_vcf([row(1, "A", "C", "AC=2;AN=8;AC_SE=1;AN_SE=4")])
    cohort, found = load(path, info_counts=read_choice("goe", PRESETS))

    assert (1, 4) == counts_of(cohort, found["22-1-A-C"])["SE"][:2]


def test_files_may_have_different_groups(write_vcf, load, counts_of):
    """A group that one file lacks is not told there."""
    one = row(1, "A", "C", "AC=2;AN=8;AC_SE=1;AN_SE=4")
    two = row(2, "A", "C", "AC=2;AN=8;AC_DK=1;AN_DK=4;AC_Hom_DK=0")
    paths = [
        write_vcf([r], name=n, header=declare(*keys(r[5])))
        for n, r in (("1.vcf", one), ("2.vcf", two))
    ]
    cohort, found = load(*paths, info_counts=read_choice("goe", PRESETS))
    counts = [counts_of(cohort, found[f"22-{n}-A-C"]) for n in (1, 2)]

    assert (1, 4, None, None, None) == counts[0]["SE"]
    assert (None, None) == counts[0]["DK"][:2] == counts[1]["SE"][:2]
    assert (1, 4, 0) == counts[1]["DK"][:3]


def test_genotypes_count_where_there_are_any(write_vcf, load, counts_of):
    """With samples in the file genotypes count, and the load says so."""
    rows = [("22", 1, "A", "C", "PASS", "AC=9;AN=9;AC_SE=9;AN_SE=9", "0/1")]
    choice = read_choice("goe", PRESETS)
    cohort, found = load(write_vcf(rows, ["S"]), info_counts=choice)

    assert {"Total": (1, 2, 0, 1, 0)} == counts_of(cohort, found["22-1-A-C"])
    assert any("genotypes count" in note for note in cohort.report.notes)


def test_untold_files_are_read_as_fill_tags_where_it_fits(counted):
    """AC_Hom and its like are read untold when they add up to AC, else left."""
    rows = [
        row(1, "A", "C", "AC=5;AN=50;AC_Hom=2;AC_Het=2;AC_Hemi=1"),
        row(2, "A", "C", "AC=5;AN=50;AC_Hom=2;AC_Het=1;AC_Hemi=0"),
        row(3, "A", "C", "AC=5;AN=50;AC_Hom=2;AC_Het=3"),
        row(4, "A", "C", "AC=5;AN=50;nhomalt=2;AC_Hom=2;AC_Het=3"),
        row(5, "A", "C,G", "AC=5,1;AN=50;AC_Hom=2,0;AC_Het=3,1;AC_Hemi=0,0"),
    ]
    _, found = counted(None, *rows)
    totals = {key: counts["Total"] for key, counts in found.items()}

    assert {
        "22-1-A-C": (5, 50, 1, 2, 1),
        "22-2-A-C": (5, 50, None, None, None),
        "22-3-A-C": (5, 50, 1, 3, None),
        "22-4-A-C": (5, 50, 2, None, None),
        "22-5-A-C": (5, 50, 1, 3, 0),
        "22-5-A-G": (1, 50, 0, 1, 0),
    } == totals


MAPPING = """
homozygous = "people"
populations = ["SE", "DK"]
sexes = {w = "F"}

[[groups]]
label = "Total"
ac = "ALL"
an = "ALLN"
hom = ["HH", "H"]

[[groups]]
label = "{population}"
ac = "{population}_n"
an = "{population}_of"

[[groups]]
label = "{population}_{sex}"
ac = "{sex}{population}_n"
an = "{sex}{population}_of"
"""
MAPPED = "ALL=4;ALLN=9;H=2;SE_n=1;SE_of=4;DK_n=3;DK_of=5;wSE_n=1;wSE_of=2"


@pytest.mark.parametrize("form", ["toml", "json"])
def test_a_mapping_of_ones_own(counted, tmp_path, form):
    """A file names the fields of a source that is no preset."""
    path = tmp_path / f"counts.{form}"
    path.write_text(MAPPING)
    if form == "json":
        form = read_choice(str(_toml(tmp_path)), PRESETS).forms[0]
        path.write_text(json.dumps(form.model_dump(mode="json")))
    _, found = counted(path, row(1, "A", "C", MAPPED))

    assert {
        "Total": (4, 9, 2, None, None),
        "DK": (3, 5, None, None, None),
        "SE": (1, 4, None, None, None),
        "SE_F": (1, 2, None, None, None),
    } == found["22-1-A-C"]


def _toml(folder):
    path = folder / "written.toml"
    path.write_text(MAPPING)
    return path


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        (MAPPED.replace("H=2;", ""), "it has no HH"),
        (MAPPED.replace("ALLN=9;", ""), "it has no ALL and ALLN"),
        (MAPPED.replace("DK_n", "DK_m"), "it has no group of population DK"),
        (MAPPED.replace("wSE_of", "wSE"), "it has no {sex}{population}_n"),
    ],
)
def test_all_that_a_mapping_names_must_be_there(counted, tmp_path, info, reason):
    """Of one's own mapping every group and field must be in the file."""
    with pytest.raises(UsageError, match=reason):
        counted(_toml(tmp_path), row(1, "A", "C", info))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = [", "no TOML"),
        ("[[groups]]\nlabel = 'SE'\nac = 'A'\nan = 'B'", "first group is 'SE'"),
        ("[[groups]]\nlabel = 'Total'\nac = 'A'", "no an"),
        ("[[groups]]\nlabel = 'Total'\nac = 'A_{sex}'\nan = 'B'", "other places"),
        ("[[groups]]\nlabel = 'Total'\nac = 'A'\nan = 'B'\nx = 1", r"groups\.0\.x"),
        ("homozygous = 'twins'\ngroups = []", "homozygous"),
        (f"{TWO}label = '{{population}}_{{population}}'", "other places"),
        (f"population_form = '(?P<population>x)'\n{TWO}{PLACED}", "population_form"),
        (f"needs_field = '['\n{TWO}{PLACED}", "needs_field"),
        (f"{TOTALS}{TOTALS}", "two groups are called 'Total'"),
        ("groups = " + "[" * 100_000, "nested too deeply"),
    ],
)
def test_a_mapping_that_means_nothing_is_refused(tmp_path, text, reason):
    """A mapping is checked when it is read, and the fault is named."""
    path = tmp_path / "m.toml"
    path.write_text(text)

    with pytest.raises(ReadError, match=reason):
        read_choice(str(path), PRESETS)


@pytest.mark.parametrize("preset", ["topmed", "1000g"])
def test_a_preset_of_another_source_does_not_fit(counted, preset):
    """AC and AN alone are everybody's: a source shows by what else it has."""
    told = "AC=9;AN=40;nhomalt=4;AC_afr=3;AN_afr=10;nhomalt_afr=1"
    with pytest.raises(UsageError, match="INFO fields found: AC, AN, nhomalt"):
        counted(preset, row(1, "A", "C", told))


@pytest.mark.parametrize("count", [1, 40])
def test_a_group_above_total_is_a_contradiction(counted, count):
    """More copies in a group than in everybody: one record, or many at once."""
    told = "AC=0;AN=40;AC_afr=3;AN_afr=10"
    rows = [row(n + 2, "A", "C", told) for n in range(count)]
    good = row(1, "A", "C", "AC=4;AN=40;AC_afr=3;AN_afr=10")
    cohort, _ = counted("gnomad", good, *rows, max_bad=1.0)

    assert {"INFO counts contradict each other": count} == cohort.report.files[0].bad


def test_neither_preset_nor_file():
    """A name that is neither is refused with the names there are."""
    with pytest.raises(UsageError, match=r"gnomed is neither .* goe, gnomad, exac"):
        read_choice("gnomed", PRESETS)


def test_the_schema_of_mappings_is_published():
    """``schemas/local`` says what a mapping is, as it is now."""
    written = json.loads((ROOT / "schemas/local/info-counts.json").read_text())

    assert CountMapping.model_json_schema() == written


def test_the_documentation_names_every_preset():
    """The table of presets is the register's."""
    text = (ROOT / "docs/loading.md").read_text()
    rows = [
        f"| `{name}` | {form.about} | {form.total} |"
        for name, forms in PRESETS.items()
        for form in forms
    ]

    assert [r for r in rows if r not in text] == []


NUMBER = st.one_of(
    st.integers(0, 30).map(str),
    st.sampled_from(["0", "1", ".", "007", "99999999", "123456789", "1234567890"]),
    st.sampled_from(["-1", "", "x", "1.5", "1e3", "3,4", "+5", "²", "1 "]),
)
FIELDS = ("AC", "AN", "AC_SE", "AN_SE", "AC_Hom_SE", "AC_Het_SE", "AC_DK", "AN_DK")
UNTOLD_FIELDS = ("AC", "AN", "nhomalt", "AC_Hom", "AC_Het", "AC_Hemi")


def _infos(names):
    """Return INFO columns: mostly all fields in their order, with plain numbers."""
    plain = st.fixed_dictionaries(
        {
            n: st.integers(0, 9).map(str)
            if "AN" not in n
            else st.integers(5, 400_000_000).map(str)
            for n in names
        }
    ).map(lambda d: list(d.items()))
    odd = st.lists(
        st.tuples(st.sampled_from([*names, "DP", "AC_", "A", "SVTYPE"]), NUMBER),
        max_size=9,
    )
    flagged = plain.map(lambda pairs: [*pairs[:2], ("FLAG", None), *pairs[2:]])
    written = st.one_of(plain, plain, flagged, odd).map(
        lambda pairs: ";".join(k if v is None else f"{k}={v}" for k, v in pairs)
    )
    return st.one_of(written, written, written, st.sampled_from([".", "", "FLAG"]))


def _lines(names):
    line = st.tuples(
        st.sampled_from(["22"] * 6 + ["chr22", "21", "HLA", "X"]),
        st.one_of(
            st.integers(1, 5000).map(str),
            st.sampled_from(["0", "51304566", "51304567", "x", "", "1234567890"]),
        ),
        st.sampled_from([".", "rs1", "rs2;rs3"]),
        st.sampled_from(["A", "A", "A", "AC", "a", "N", "R", ""]),
        st.sampled_from(["C", "C", "G", "CT", "c", "A", ".", "*", "<DEL>", "C,G", ""]),
        st.just("."),
        st.sampled_from(["PASS", "PASS", "PASS", ".", "q10", "q10;s50"]),
        _infos(names),
    ).map("\t".join)
    broken = st.one_of(line, line.map(lambda s: s + "\t."), st.just(""), st.just("x"))
    return st.lists(st.one_of(line, line, line, line, broken), min_size=1, max_size=40)


def _read(load, path, **options):
    """Return everything a load says: its sites, and its account."""
    cohort = load(path, max_bad=1.0, **options)
    report = cohort[0].report
    return [*cohort[1].items()], report.as_dict()


@pytest.mark.parametrize(
    ("preset", "names"), [("goe", FIELDS), (None, UNTOLD_FIELDS), (None, FIELDS[:2])]
)
@SHARED_TMP
@given(data=st.data())
def test_many_lines_at_once_and_one_by_one_agree(
    tmp_path, load, monkeypatch, preset, names, data
):
    """Reading lines all at once gives what reading each alone gives."""
    lines = data.draw(_lines(names))
    end = data.draw(st.sampled_from(["\n", "\n", "\r\n"]))
    path = tmp_path / "x.vcf"
    head = ["##fileformat=VCFv4.3", *declare(*names)]
    head.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO")
    good = "22\t40000000\t.\tA\tC\t.\tPASS\t" + ";".join(f"{n}=0" for n in names)
    text = end.join([*head, *lines, good]) + data.draw(st.sampled_from(["", end]))
    path.write_bytes(text.encode())
    choice = None if preset is None else read_choice(preset, PRESETS)

    fast = _outcome(load, path, choice)
    with monkeypatch.context() as patch:
        patch.setattr(bulk, "_FEWEST", 1)
        fastest = _outcome(load, path, choice)
        patch.setattr(bulk, "_groups", lambda *_: iter(()))
        exact = _outcome(load, path, choice)

    assert exact == fast
    assert exact == fastest


def _outcome(load, path, choice):
    try:
        return _read(load, path, info_counts=choice)
    except (LoadRejected, UsageError) as error:
        return str(error)


@absent
def test_gnomad_equals_an_independent_reading(load, counts_of):
    """Every group of every allele is what plain splitting of the line says."""
    cohort, found = load(
        GNOMAD, info_counts=read_choice("gnomad", PRESETS), keep_filtered=True
    )
    populations = ("afr", "amr", "asj", "eas", "fin", "nfe", "oth", "sas", "nfe_swe")
    sexes = {"": "", "_male": "_M", "_female": "_F"}
    wanted, got = {}, {}
    for line in gzip.decompress(GNOMAD.read_bytes()).decode().splitlines():
        if line.startswith("#"):
            continue
        _, pos, _, ref, alt, _, _, info = line.split("\t")
        fields = dict(f.split("=", 1) for f in info.split(";") if "=" in f)
        name = f"1-{pos}-{ref}-{alt}"
        if name not in found:
            continue
        counts = counts_of(cohort, found[name])
        for key, label in {
            "": "Total",
            **{f"_{p}{s}": p + t for p in populations for s, t in sexes.items()},
        }.items():
            if f"AC{key}" in fields:
                ac, an, hom = (int(fields[k + key]) for k in ("AC", "AN", "nhomalt"))
                wanted[name, label] = (ac, an, hom)
                got[name, label] = counts[label][:3]

    assert len(wanted) > 2000
    assert wanted == got


@pytest.fixture
def without_genotypes(tmp_path):
    """The 1000 Genomes 30x file without its genotypes."""
    path = tmp_path / "30x.sites.vcf"
    lines = gzip.decompress(THIRTY.read_bytes()).decode().splitlines()
    path.write_text(
        "\n".join(
            line if line.startswith("##") else "\t".join(line.split("\t")[:8])
            for line in lines
        )
        + "\n"
    )
    return path


UNRELATED = """
homozygous = "alleles"
[[groups]]
label = "Total"
ac = "AC"
an = "AN"
[[groups]]
label = "{population}"
ac = "AC_{population}_unrel"
an = "AN_{population}_unrel"
hom = "AC_Hom_{population}_unrel"
het = "AC_Het_{population}_unrel"
"""


@absent
def test_30x_info_equals_its_genotypes(load, counts_of, without_genotypes, tmp_path):
    """What INFO says of the 2,504 unrelated is what their genotypes say."""
    mapping = tmp_path / "unrelated.toml"
    mapping.write_text(UNRELATED)
    common = {"assembly": "GRCh38", "keep_filtered": True, "max_bad": 1.0}
    told, said = load(
        without_genotypes, info_counts=read_choice(str(mapping), PRESETS), **common
    )
    cohort, found = load(THIRTY, samples=PANEL, group_by=("super_pop",), **common)
    wanted, got = {}, {}
    for name in sorted(said.keys() & found.keys()):
        if "place" in name or not found[name].tally.exists:
            continue
        declared = counts_of(told, said[name])
        counted = counts_of(cohort, found[name])
        for label in ("AFR", "AMR", "EAS", "EUR", "SAS"):
            wanted[name, label] = counted[label][:4]
            got[name, label] = declared[label][:4]

    assert len(wanted) > 300
    assert wanted == got


def test_plain_lines_are_read_at_once(write_vcf, load):
    """The usual line of a usual file is one of those that are read at once."""
    infos = [f"AC={n};AN=99;AC_SE={n};AN_SE=50;lcr;DP=7" for n in range(40)]
    rows = [row(n + 1, "A", "C", info) for n, info in enumerate(infos)]
    path = write_vcf(rows, header=declare("AC", "AN", "AC_SE", "AN_SE"))
    cohort, _ = load(path, info_counts=read_choice("goe", PRESETS))
    text = VcfText(path)
    reader = bulk.BulkReader(
        Site,
        {**dict.fromkeys(Site._fields), **Site._field_defaults},
        declared=cohort._people.readers[0],  # noqa: SLF001 - what the load used
        contig_of=lambda _: ASSEMBLIES["GRCh37"].contigs[21],
        failed={b"PASS": ((), False)},
        keeps_fields=True,
    )
    read = reader.read(b"".join(b for _, b in text.blocks()), 6)
    sites = list(read.sites)

    assert (40, (ASSEMBLIES["GRCh37"].contigs[21], 0, 39)) == (read.lines, read.span)
    assert [(3, 99, 3, 50)] == [(r[0], r[2], r[1], r[3]) for r in sites[3].told]
    assert [45, b"AC=39;AN=99;AC_SE=39;AN_SE=50;lcr;DP=7"] == [
        sites[39].line,
        sites[39].fields,
    ]
