"""A small society whose variants and documents every rule can be asked of.

Eight people of a clinic in Sweden and Norway, three of a register in Denmark (one
of them the clinic's), and two people on another assembly without documents.
Every expected number in the tests is read off this page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.ingest import LoadRequest, load_variants
from beacon.model.ontology import Concept, text_of
from beacon.model.records import Record
from loaders import LoadOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from beacon.store.releases import Catalogue

CLINIC, REGISTER, OTHER = "clinic", "register", "build38"
PEOPLE = tuple(f"I{n}" for n in range(1, 9))
SAMPLES = tuple(f"B{n}" for n in range(1, 9))
SEX = ("F", "M") * 4
COUNTRY = ("SE",) * 4 + ("NO",) * 4
MANY = 25

HEAD = """##fileformat=VCFv4.3
##INFO=<ID=CSQ,Number=.,Type=String,Description="Format: Allele|Consequence|SYMBOL|\
HGVSc|HGVSp">
##INFO=<ID=END,Number=1,Type=Integer,Description="End">
##INFO=<ID=SVTYPE,Number=1,Type=String,Description="Type">
##INFO=<ID=SVLEN,Number=.,Type=Integer,Description="Length">
##ALT=<ID=DEL,Description="Deletion">
##ALT=<ID=DUP,Description="Duplication">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"""
EFFECTS = (
    "CSQ=C|missense_variant|GENEA|NM_000001.1:c.1799T>C|NP_000001.1:p.Val600Ala,"
    "G|synonymous_variant|GENEA|NM_000001.1:c.1799T>G|NP_000001.1:p.Val600%3D"
)
NOBODY = "0/0 0/0 0/0 0/0 0/0 0/0 0/0 0/0"
ROWS = [
    ("22", 101, "T", "C,G", EFFECTS, "0/1 1/1 0/1 0/2 0/0 0/0 0/0 ./."),
    ("22", 201, "G", "A", ".", NOBODY),
    ("22", 301, "ACGT", "A", ".", "0/0 0/0 0/0 0/0 0/1 0/0 0/0 0/0"),
    ("22", 401, "A", "ATT", ".", "0/0 0/0 0/0 0/0 0/0 0/1 0/0 0/0"),
    (
        *("22", 501, "A", "<DEL>", "SVTYPE=DEL;END=1500;SVLEN=-999"),
        "0/0 0/0 0/0 0/0 0/0 0/0 0/1 0/0",
    ),
    (
        *("22", 2001, "A", "<DUP>", "SVTYPE=DUP;END=3000;SVLEN=999"),
        "0/0 0/0 0/0 0/0 0/0 0/0 0/0 0/1",
    ),
    *[
        ("22", 5001 + 10 * n, "A", "G", ".", "0/1 0/0 0/0 0/0 0/0 0/0 0/0 0/0")
        for n in range(MANY)
    ],
    ("22", 7001, "A", "G", ".", "0/0 0/1 0/0 0/0 0/0 0/0 0/0 0/0"),
    ("22", 7002, "A", "T", ".", "0/0 0/1 0/0 0/0 0/0 0/0 0/0 0/0"),
    ("22", 8001, "AC", "GT", ".", "0/0 0/0 0/1 0/0 0/0 0/0 0/0 0/0"),
    ("X", 30000001, "A", "G", ".", "0/1 1 0/0 0 0/0 0 0/0 0"),
]

PHENOTYPES = (
    Concept(id="HP:0000118", label="Phenotypic abnormality"),
    Concept(id="HP:0001250", label="Seizure", parents=("HP:0000118",)),
    Concept(
        id="HP:0002069",
        label="Bilateral tonic-clonic seizure",
        parents=("HP:0001250",),
    ),
    Concept(id="HP:0007359", label="Focal-onset seizure", parents=("HP:0001250",)),
    Concept(id="HP:0001251", label="Ataxia", parents=("HP:0000118",)),
)

FEMALE = {"id": "NCIT:C16576", "label": "female"}
MALE = {"id": "NCIT:C20197", "label": "male"}
DIABETES = {"id": "MONDO:0005148", "label": "type 2 diabetes mellitus"}
SEIZURE, TONIC = "HP:0001250", "HP:0002069"


def individuals() -> list[dict]:
    """Return the people of the clinic."""
    found = [
        {
            "id": person,
            "sex": FEMALE if sex == "F" else MALE,
            "ethnicity": {"id": "NCIT:C41261", "label": "White"},
            "geographicOrigin": {"id": f"ISO3166:{country}", "label": country},
        }
        for person, sex, country in zip(PEOPLE, SEX, COUNTRY, strict=True)
    ]
    for person, age in zip(found, ("P9Y", "P70Y", "P40Y"), strict=False):
        person["diseases"] = [
            {"diseaseCode": DIABETES, "ageOfOnset": {"iso8601duration": age}}
        ]
    first, second, third, _, fifth = found[:5]
    first["ethnicity"] = {"id": "NCIT:C16352", "label": "African American"}
    first["phenotypicFeatures"] = [_feature(TONIC, "Bilateral tonic-clonic seizure")]
    second["phenotypicFeatures"] = [_feature(SEIZURE, "Seizure") | {"excluded": True}]
    third["phenotypicFeatures"] = [_feature(SEIZURE, "Seizure")]
    fifth["phenotypicFeatures"] = [_feature("HP:0001251", "Ataxia")]
    first["measures"] = [_mass(31.5)]
    second["measures"] = [_mass(22)]
    return found


def _feature(term: str, label: str) -> dict:
    return {"featureType": {"id": term, "label": label}}


def _mass(value: float) -> dict:
    return {
        "assayCode": {"id": "LOINC:35925-4", "label": "BMI"},
        "measurementValue": {
            "unit": {"id": "NCIT:C49671", "label": "kg per square meter"},
            "value": value,
        },
    }


def biosamples() -> list[dict]:
    """Return one sample of each person of the clinic."""
    return [
        {
            "id": f"B{n}",
            "individualId": f"I{n}",
            "biosampleStatus": {"id": "EFO:0009654", "label": "reference sample"},
            "sampleOriginType": {"id": "UBERON:0000178", "label": "blood"}
            if n < 7
            else {"id": "UBERON:0001836", "label": "saliva"},
            "collectionDate": f"2021-01-0{n}",
            "collectionMoment": f"P{70 + n}Y",
        }
        for n in range(1, 9)
    ]


def runs() -> list[dict]:
    """Return one run of each sample."""
    return [
        {
            "id": f"R{n}",
            "biosampleId": f"B{n}",
            "individualId": f"I{n}",
            "runDate": "2021-02-01",
            "librarySource": {"id": "GENEPIO:0001966", "label": "genomic source"},
            "libraryStrategy": "WGS" if n < 5 else "WES",
            "libraryLayout": "PAIRED",
            "platform": "Illumina",
            "platformModel": {"id": "OBI:0002048", "label": "Illumina HiSeq 3000"},
        }
        for n in range(1, 9)
    ]


def analyses() -> list[dict]:
    """Return one analysis of each run."""
    return [
        {
            "id": f"A{n}",
            "runId": f"R{n}",
            "biosampleId": f"B{n}",
            "individualId": f"I{n}",
            "analysisDate": "2021-03-01",
            "pipelineName": "pipeline-1" if n < 5 else "pipeline-2",
        }
        for n in range(1, 9)
    ]


WOMEN = {
    "id": "women",
    "name": "Women of the clinic",
    "cohortType": "study-defined",
    "cohortSize": 4,
}
DESCRIBED = {
    "id": CLINIC,
    "name": "The clinic",
    "description": "Eight people.",
    "dataUseConditions": {
        "duoDataUse": [
            {
                "id": "DUO:0000042",
                "label": "general research use",
                "version": "2021-02-23",
            }
        ]
    },
}
MEMBERS = tuple(p for p, sex in zip(PEOPLE, SEX, strict=True) if sex == "F")


def _records(documents: Iterable[dict]) -> list[Record]:
    names = ("individualId", "biosampleId", "runId")
    return [
        Record(
            id=each["id"],
            document=each,
            links={name: each[name] for name in names if name in each},
        )
        for each in documents
    ]


def _table(samples: Sequence[str], people: Sequence[str]) -> str:
    lines = ["sample\tindividual\tsex\tpopulation"]
    told = zip(samples, people, SEX, COUNTRY, strict=False)
    return "\n".join([*lines, *("\t".join(each) for each in told)]) + "\n"


def _load(
    catalogue: Catalogue,
    folder: Path,
    dataset: str,
    rows: Sequence[tuple],
    samples: Sequence[str],
    people: Sequence[str],
    assembly: str = "GRCh37",
) -> None:
    """Load genotypes as a dataset."""
    path, table = folder / f"{dataset}.vcf", folder / f"{dataset}.tsv"
    lines = [
        "\t".join(
            (chrom, str(pos), ".", ref, alt, ".", "PASS", info, "GT", *calls.split())
        )
        for chrom, pos, ref, alt, info, calls in rows
    ]
    path.write_text(HEAD + "\t".join(samples) + "\n" + "\n".join(lines) + "\n")
    table.write_text(_table(samples, people))
    load_variants(
        catalogue,
        LoadRequest(
            dataset=dataset,
            paths=(path,),
            options=LoadOptions(assembly=assembly, samples=table),
            references={},
        ),
    )


def _keep(catalogue: Catalogue, dataset: str, kind: str, documents: list) -> None:
    writer = catalogue.begin_documents(dataset, kind)
    writer.put(_records(documents))
    writer.publish(fingerprint=f"{dataset} {kind}", inputs=())


def settle(catalogue: Catalogue, folder: Path) -> None:
    """Load the whole society."""
    _load(catalogue, folder, CLINIC, ROWS, SAMPLES, PEOPLE)
    danes = [
        ("22", 101, "T", "C", ".", "0/1 0/1 0/0"),
        ("22", 9001, "A", "G", ".", "0/0 0/0 1/1"),
    ]
    _load(catalogue, folder, REGISTER, danes, ("D1", "J1", "J2"), ("I1", "J1", "J2"))
    others = [
        ("22", 101, "T", "C", ".", "0/1 0/0"),
        ("22", 6001, "A", "G", ".", "0/1 0/1"),
    ]
    _load(catalogue, folder, OTHER, others, ("K1", "K2"), ("K1", "K2"), "GRCh38")
    for kind, made in (
        ("individual", individuals()),
        ("biosample", biosamples()),
        ("run", runs()),
        ("analysis", analyses()),
    ):
        _keep(catalogue, CLINIC, kind, made)
    registered = [individuals()[0], *({"id": j, "sex": FEMALE} for j in ("J1", "J2"))]
    _keep(catalogue, REGISTER, "individual", registered)
    catalogue.describe(CLINIC, kind="patients", country="SE")
    catalogue.describe_dataset(CLINIC, DESCRIBED)
    catalogue.keep_cohorts(
        CLINIC, [Record(id="women", document=WOMEN, members=MEMBERS)]
    )
    catalogue.keep_ontology("HP", text_of(PHENOTYPES))
