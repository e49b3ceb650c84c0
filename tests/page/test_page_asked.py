"""What is typed into the box: its address, and what may have been meant."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.assemblies import ASSEMBLIES
from beacon.model.genes import Gene, GeneTable, place_texts
from beacon.model.genome import Interval
from beacon.model.hints import Why
from beacon.model.links import read_link
from beacon.page.asked import WHYS, Asked, Puzzle, read_box
from beacon.page.outward import Place, outward
from beacon.wire.requests import Understanding
from tests.page.test_page_beside import Bases

KNOWN = Understanding(loaded=("GRCh37", "GRCh38"), references={})
ADDRESS = "/v/GRCh38/17-43045711-T-C"


@pytest.mark.parametrize(
    "text",
    [
        "17-43045711-T-C",
        "chr17:43045711 T/C",
        "17:43045711T>C",
        "17\t43045711\t.\tT\tC\t50\tPASS\t.\tGT\t0/1",
        "chr17:g.43045711T>C",
        "NC_000017.11:g.43045711T>C",
        "NC_000017.11:43045710:T:C",
        "https://gnomad.broadinstitute.org/variant/17-43045711-T-C?dataset=gnomad_r4",
        "https://franklin.genoox.com/clinical-db/variant/snp/chr17-43045711-T-C-hg38",
        "https://beacon.example.se/v/GRCh38/17-43045711-T-C?lang=sv",
        "https://b.example/#/search?pos=43045711&chrom=17&allele=C&ref=T&rs=GRCh38",
        "17\u201343045711\u2013T\u2013C",
        "chr17:43\u00a0045\u00a0711 T&gt;C het",
        '="17-43045711-T-C"',
    ],
)
@pytest.mark.parametrize("chosen", ["GRCh38", None])
def test_p1_every_way_of_writing_has_one_address(text, chosen):
    """Pasted, typed or linked: the same variant is kept under the same path."""
    known = Understanding(loaded=("GRCh38",), references={})
    found = read_box(text, chosen, known)

    assert (type(found), found.address) == (Asked, ADDRESS)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("17:43,044,295-43,125,364", "/region/GRCh38/17:43044295-43125364"),
        ("22:18912231-21465672 DUP", "/v/GRCh38/22:18912231-21465672%20DUP"),
        ("del 22:18912231-21465672", "/v/GRCh38/22:18912231-21465672%20DEL"),
        ("m.3243A>G", "/v/GRCh38/MT-3243-A-G"),
        ("chrM:3243 A>G", "/v/GRCh38/MT-3243-A-G"),
        ("rs334", "/v/GRCh38/rs334"),
        ("NM_004006.2:c.4375C>T", "/v/GRCh38/NM_004006.2:c.4375C>T".replace(">", ">")),
        ("X-100-A-AT", "/v/GRCh38/X-100-A-AT"),
    ],
)
def test_p1_every_kind_of_question_has_its_address(text, address):
    """Regions, events and names, too."""
    assert read_box(text, "GRCh38", KNOWN).address == address


@pytest.mark.parametrize(
    "text",
    [
        "NC_000017.10:g.41197728T>C",
        "17-41197728-T-C GRCh37",
        "https://gnomad.broadinstitute.org/variant/17-41197728-T-C?dataset=gnomad_r2_1",
        "https://franklin.genoox.com/clinical-db/variant/snp/chr17-41197728-T-C-hg19",
        "https://beacon.example.se/v/GRCh37/17-41197728-T-C?lang=sv",
        "/v/GRCh37/17-41197728-T-C",
        "https://b.example/#/search?pos=41197728&chrom=17&allele=C&ref=T&rs=GRCh37",
        "https://b.example/?pos=41197728&chrom=17&allele=C&ref=T&assembly=GRCh37",
        "https://b.example/api/g_variants?assemblyId=GRCh37&referenceName=17"
        "&start=41197727&referenceBases=T&alternateBases=C",
    ],
)
def test_p9_what_a_text_says_wins_over_the_toggle(text):
    """An accession, a word or a link decides the assembly."""
    found = read_box(text, "GRCh38", KNOWN)

    assert found.address == "/v/GRCh37/17-41197728-T-C"


@pytest.mark.parametrize(
    ("link", "address"),
    [
        (
            "franklin.genoox.com/clinical-db/variant/sv/chr22-100-900-DEL-hg19",
            "/v/GRCh37/22:100-900%20DEL",
        ),
        (
            "https://genome.ucsc.edu/cgi-bin/hgTracks?db=hg19&position=chr22%3A100-900",
            "/region/GRCh37/22:100-900",
        ),
        (
            "https://grch37.ensembl.org/Homo_sapiens/Location/View?r=22:100-900",
            "/region/GRCh37/22:100-900",
        ),
        (
            "https://gnomad.broadinstitute.org/region/22-100-900?dataset=gnomad_r2_1",
            "/region/GRCh37/22:100-900",
        ),
        (
            "https://b.example/api/g_variants?assemblyId=GRCh37&referenceName=22"
            "&start=99&end=900&variantType=DUP",
            "/v/GRCh37/22:100-900%20DUP",
        ),
        (
            "https://www.deciphergenomics.org/browser#q/grch37%3A22%3A100-900",
            "/region/GRCh37/22:100-900",
        ),
        (
            "https://www.ncbi.nlm.nih.gov/clinvar/?term=hg19+22:100-900+DUP",
            "/v/GRCh37/22:100-900%20DUP",
        ),
    ],
)
def test_p9_what_a_link_to_a_place_says_wins_over_the_toggle(link, address):
    """Regions and events, too, to the base."""
    assert read_box(link, "GRCh38", KNOWN).address == address


@pytest.mark.parametrize(
    ("path", "assembly"), [("gene/hg19/BRCA1", "GRCh37"), ("gene/BRCA1", None)]
)
def test_p9_a_gene_of_franklin_is_on_the_assembly_it_names(path, assembly):
    """Which stands before it, where it is said."""
    said = read_link(f"https://franklin.genoox.com/clinical-db/{path}")

    assert (said.text, said.assembly) == ("BRCA1", assembly)


@pytest.mark.parametrize(
    "link",
    [
        "https://notgnomad.broadinstitute.org.example/variant/17-41197728-T-C",
        "https://evilgnomad.broadinstitute.org/variant/17-41197728-T-C",
    ],
)
def test_p1_a_link_of_another_site_is_not_read_as_one_that_is_known(link):
    """Whose name only ends, or begins, like one: it may mean another assembly."""
    found = read_box(link, "GRCh38", KNOWN)

    assert "are not read" in found.sentence


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("NC_000017.10:g.41276045_41276046del", "GRCh37 17:41276045-41276046"),
        ("NC_000017.11:g.43124028dup", "GRCh38 17:43124028-43124028"),
    ],
)
@pytest.mark.parametrize("chosen", ["GRCh37", "GRCh38", None])
def test_p9_a_text_that_cannot_be_read_is_never_the_toggles_fault(text, place, chosen):
    """An accession decides where bases are missing, whatever is chosen beside it."""
    found = read_box(text, chosen, KNOWN)

    assert isinstance(found, Puzzle)
    assert f"needs the bases of {place}, and no reference" in found.sentence


@pytest.mark.parametrize("text", ["NC_000017.11:g.43045711A>C", "17-43045711-A-C hg38"])
def test_p9_what_is_offered_is_of_the_assembly_that_a_text_names(text):
    """REF is wrong there; nobody can tell whether it fits on the one that is chosen."""
    known = Understanding(loaded=KNOWN.loaded, references={"GRCh38": Bases()})
    found = read_box(text, "GRCh37", known)

    assert found.sentence == "The reference has T at GRCh38 17:43045711, not A."
    assert {each.assembly for each in found.offers} == {"GRCh38"}


@pytest.mark.parametrize(
    ("text", "word", "whys"),
    [
        ("msh2 c.277C>T", "map of transcripts", []),
        ("T4413fs", "change of a protein", []),
        ("27886287", "number alone", [Why.RSID]),
        ("p.(Glu221AsnfsTer5)", "on a protein", []),
        ("NM_000059.3:c,7790delAAG", "not a comma", []),
        ("BRCA1 185delAG", "beside a gene", []),
        ("17-43045711-T", "One allele alone", [Why.POSITION]),
        ("17-43045711-T-C,G", "several alternate", [Why.ONE_OF, Why.ONE_OF]),
        ("17-99999999-T-C", "has 83257441 bases", []),
        ("VCV000017661", "accession of ClinVar", []),
        ("17q21.31", "cytogenetic band", []),
        ("hello?", "not a variant or region", []),
        ("A" * 5_000, "bases without a place", []),
        ("ACGT" * 5, "bases without a place", []),
        ("HLA-A-100-A-T", "no chromosome", []),
        ("HLA-DRB1:100 A>T", "no chromosome", []),
    ],
)
def test_p1_the_list_of_shame_has_a_sentence_each(text, word, whys):
    """None is met with silence, with "not found" or with a "no"."""
    found = read_box(text, "GRCh38", KNOWN)

    assert isinstance(found, Puzzle)
    assert word in found.sentence
    assert [offer.why for offer in found.offers] == whys


def test_an_allele_that_is_too_long_for_an_address_says_so():
    """It can be asked elsewhere."""
    found = read_box(f"17-43045711-{'T' * 3000}-T", "GRCh38", KNOWN)

    assert isinstance(found, Puzzle)
    assert "too long for the address" in found.sentence


@pytest.mark.parametrize("text", ["AAA1", "HGNC:1", "ENSG00000000001"])
def test_p1_a_gene_is_a_region_by_its_name(text):
    """Its page lists what lies there; the address keeps the name."""
    contig = ASSEMBLIES["GRCh37"].contigs[21]
    place = Interval(contig=contig, start=10, end=20)
    gene = Gene(symbol="AAA1", interval=place, hgnc="HGNC:1", ensembl="ENSG00000000001")
    known = Understanding(
        loaded=("GRCh37",), references={}, genes=GeneTable(place_texts([gene]))
    )
    found = read_box(text, "GRCh37", known)

    assert found.address == f"/region/GRCh37/{text}"
    assert (found.pattern.overlap.low, found.pattern.overlap.high) == (10, 20)


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (("17", 43045711, 43045711, "T", "C"), "17-43045711-T-C"),
        (("X", 100000, 100002, "ACT", "A"), "X-100000-ACT-A"),
        (("MT", 3243, 3243, "A", "G"), "MT-3243-A-G"),
        (("22", 100000, 200000, None, None, "DEL"), "22:100000-200000%20DEL"),
        (("22", 100000, 200000), None),
    ],
)
@pytest.mark.parametrize(
    ("assembly", "other"), [("GRCh37", "GRCh38"), ("GRCh38", "GRCh37")]
)
def test_p1_p9_a_link_that_leads_out_leads_back(assembly, other, place, text):
    """Pasted here it asks what it was made of, on its assembly; ClinVar's is a search.

    A site that knows places alone leads back to the place.
    """
    contig, first, last, *_ = place
    links = outward(Place(assembly, *place))
    back = {
        read_box(link.address, other, KNOWN).address
        for link in links
        if link.name != "ClinVar"
    }

    assert back <= {
        f"/v/{assembly}/{text}",
        f"/region/{assembly}/{contig}:{first}-{last}",
        # gnomAD has mitochondria on GRCh38 alone: it is the same sequence.
        *([f"/v/GRCh38/{text}"] if contig == "MT" else []),
    }
    assert f"/region/{assembly}/{contig}:{first}-{last}" in back
    assert text is None or f"/v/{assembly}/{text}" in back


def test_p1_the_mitochondrion_of_hg19_is_another_sequence():
    """UCSC's chrM of hg19 has other positions: it is led to, and read, nowhere."""
    place = Place("GRCh37", "MT", 3243, 3243, "A", "G")
    (led,) = (link.address for link in outward(place) if link.name == "UCSC")
    found = [
        read_box(f"https://genome.ucsc.edu/cgi-bin/hgTracks?{asked}", None, KNOWN)
        for asked in (
            *("db=hg19&position=chrM%3A3243-3243", "position=chrm:3243&db=hg19"),
            *("db=hg19&position=chrMT:3243", "db=hg38&position=chrM:3243"),
        )
    ]

    assert led.endswith("?db=hg19&position=chrMT:3243-3243")
    assert ["NC_001807" in each.sentence for each in found[:2]] == [True, True]
    assert [each.address for each in found[2:]] == [
        "/region/GRCh37/MT:3243-3243",
        "/region/GRCh38/MT:3243-3243",
    ]


def test_every_reason_has_its_words():
    """In the catalogues, beside those of the command line."""
    assert set(WHYS) == set(Why)


@given(
    contig=st.sampled_from(ASSEMBLIES["GRCh38"].contigs),
    share=st.floats(0.001, 0.999),
    ref=st.text("ACGT", min_size=1, max_size=6),
    alt=st.text("ACGT", min_size=1, max_size=6),
)
def test_p1_an_address_asks_what_it_was_made_from(contig, share, ref, alt):
    """Format, then parse: the permalink reads back as the same question."""
    pos = max(1, int(contig.length * share) - 6)
    asked = read_box(f"{contig.name}-{pos}-{ref}-{alt}", "GRCh38", KNOWN)
    if isinstance(asked, Puzzle):
        assert ref == alt
        return
    _, _, assembly, text = asked.address.split("/", 3)
    again = read_box(unquote(text), assembly, KNOWN)

    assert again.address == asked.address
    assert set(again.pattern.spellings) <= set(asked.pattern.spellings)
