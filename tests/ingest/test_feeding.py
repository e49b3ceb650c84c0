"""What is submitted comes into a dataset, as far as it was meant, and leaves it."""

from __future__ import annotations

import asyncio
import json
import os
from collections import deque
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import pysam
import pytest

from beacon.ingest import Journal, LoadRequest, feeding, load_variants, withdraw
from beacon.ingest.documents import DocumentRequest, kind_named, load_documents
from beacon.ingest.feeding import (
    Asked,
    Feed,
    carry_out,
    held,
    leave,
    opened,
    register,
    submit,
    take_over,
)
from beacon.ingest.submissions import Fed, Kind, Spool, next_batch
from beacon.model.assemblies import ASSEMBLIES
from beacon.model.counts import Group, Layout
from beacon.model.errors import (
    BeaconError,
    BeingLoaded,
    InvalidRequest,
    LoadRejected,
    StoreUnavailable,
)
from beacon.model.genes import Gene, GeneTable, place_texts
from beacon.model.genome import Interval
from beacon.model.notation import parse
from beacon.model.query import Granularity, Include, Query
from beacon.model.requester import OPERATOR
from beacon.policy.policy import OPEN
from beacon.service import LocalBeacon
from beacon.store.releases import Catalogue
from beacon.store.variants import VariantStore
from loaders import LoadOptions
from loaders.extracting import missing_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from beacon.ingest.submissions import Submission
    from beacon.store.connection import StoreAddress

NUMBERS = count()
HEAD = (
    "##fileformat=VCFv4.2\n"
    '##INFO=<ID=AC,Number=A,Type=Integer,Description="count">\n'
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="call">\n'
    "##SAMPLE=<ID=mother,Description=secret>\n"
    "##bcftools_viewCommand=view somebody/case.vcf\n"
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"
)
TRIO = ("child", "father", "mother")
FIRST, SECOND, FAR = "22-20000100-A-G", "22-20000200-C-T", "22-30000100-G-A"
NOWHERE, NOWHERE_NEAR = "22-40000000-A-G", "22-20000500-A-G"
SITES = (
    (FIRST, ("0/1", "0/0", "0/1")),
    (SECOND, ("0/0", "0/1", "1/1")),
    (FAR, ("1/1", "0/1", "0/1")),
)
_GENE = Gene(
    symbol="ONE",
    hgnc="HGNC:17284",
    ensembl="ENSG00000128513",
    interval=Interval(
        contig=ASSEMBLIES["GRCh37"].contigs[21], start=20_000_000, end=20_001_000
    ),
)
GENES = GeneTable(place_texts([_GENE]))
ONE = ("HGNC:17284",)


def write(
    path: Path,
    names: Sequence[str] = TRIO,
    sites: Sequence[tuple[str, Sequence[str]]] = SITES,
) -> Path:
    """Write a file of a case."""
    rows = []
    for variant, calls in sites:
        chrom, pos, ref, alt = variant.split("-")
        fixed = (chrom, pos, ".", ref, alt, ".", "PASS", "AC=9;AN=99", "GT")
        rows.append("\t".join((*fixed, *calls)) + "\n")
    path.write_text(HEAD + "\t".join(names) + "\n" + "".join(rows))
    return path


class Desk:
    """A beacon that is fed."""

    def __init__(self, catalogue: Catalogue, home: Path) -> None:
        self.catalogue = catalogue
        self.dataset = f"cust{next(NUMBERS):03}_GRCh37"
        self.root = home / "cases"
        self.root.mkdir()
        self.spool = Spool(home / "scout")
        self.spool.open()
        self.journal = Journal(home)
        self.feed = Feed(root=self.root, references={}, min_new_people={})
        register(
            self.spool, catalogue, Fed(id=self.dataset, assembly="GRCh37"), name="C"
        )

    def submit(
        self, path: Path, *samples: str, genes: tuple[str, ...] | None = None
    ) -> Submission:
        """Submit people of a file."""
        asked = Asked(
            dataset=self.dataset,
            assembly="GRCh37",
            samples=samples,
            path=str(path),
            genes=genes,
        )
        return submit(self.spool, self.catalogue, GENES, asked, self.root)[0]

    def leave(self, *samples: str) -> Submission:
        """Submit the wish that people leave."""
        return leave(self.spool, self.catalogue, self.dataset, samples)

    def work(self) -> None:
        """Carry out all that waits, and is not held."""
        least = self.feed.min_new_people
        while batch := next_batch(self.spool.submissions(), held(self.spool, least)):
            carry_out(self.spool, self.catalogue, self.journal, batch, self.feed)

    def told(self) -> list[tuple[str, str]]:
        """Return what became of all submissions."""
        return [(s.state.value, s.message) for s in self.spool.submissions()]

    def said(self, *texts: str) -> list[tuple[str, int | None, int | None]]:
        """Return the word, AC and AN of alleles."""
        return asyncio.run(_said(self.catalogue, self.dataset, texts))


async def _said(
    catalogue: Catalogue, dataset: str, texts: Sequence[str]
) -> list[tuple[str, int | None, int | None]]:
    store = await VariantStore.open(catalogue.address)
    beacon = LocalBeacon(store, OPEN, references={}, deadline=5)
    found = []
    for text in texts:
        pattern = parse(text, assembly="GRCh37", loaded=("GRCh37",), references={})
        query = Query(
            pattern=pattern,
            datasets=(dataset,),
            granularity=Granularity.RECORD,
            include=Include.ALL,
        )
        (part,) = (await beacon.answer(query, OPERATOR)).datasets
        counts = part.counts
        ac, an = (None, None) if counts is None else (counts.ac, counts.an)
        found.append((part.status.value, ac, an))
    await store.close()
    return found


@pytest.fixture(scope="session")
def shared(shared_address: Callable[[str], StoreAddress]) -> Iterator[Catalogue]:
    """Give the catalogue of a database in which each test has a dataset of its own."""
    with Catalogue(shared_address("feeding")) as catalogue:
        yield catalogue


@pytest.fixture
def desk(shared: Catalogue, tmp_path: Path, hurried: None) -> Desk:
    """Give a beacon that is fed."""
    del hurried
    return Desk(shared, tmp_path)


def test_only_who_was_submitted_counts(desk: Desk) -> None:
    """Of a trio's file the child alone is counted, and AN is the child's."""
    desk.submit(write(desk.root / "case.vcf"), "child")
    desk.work()

    assert desk.told() == [("done", "release 1 holds it")]
    assert desk.said(FIRST, SECOND, FAR) == [
        ("seen", 1, 2),
        ("not_seen", 0, 2),
        ("seen", 2, 2),
    ]


def test_a_copy_holds_nothing_else(desk: Desk) -> None:
    """The copy has no other sample, no header that tells, and no foreign counts."""
    desk.submit(write(desk.root / "case.vcf"), "child", genes=ONE)
    desk.work()
    (kept,) = desk.spool.genotypes.glob("*.vcf.gz")
    with pysam.BGZFile(str(kept)) as file:
        text = file.read().decode()

    assert [w for w in ("mother", "somebody", "AC=9", "AN=99") if w in text] == []
    assert [row.split("\t")[1] for row in text.splitlines() if row[0] != "#"] == [
        "20000100",
        "20000200",
    ]
    assert kept.stat().st_mode & 0o777 == 0o600


def test_genes_say_where_was_looked(desk: Desk) -> None:
    """Outside the genes that were submitted a "no" is none; inside it has no AN."""
    desk.submit(write(desk.root / "case.vcf"), *TRIO, genes=ONE)
    desk.work()

    assert desk.said(FIRST, FAR, NOWHERE, NOWHERE_NEAR) == [
        ("seen", 2, 6),
        ("not_covered", None, None),
        ("not_covered", None, None),
        ("not_seen", 0, None),
    ]


def test_a_whole_file_takes_the_limits_of_genes_away(desk: Desk) -> None:
    """Once a whole file is submitted, its records count beyond the genes."""
    desk.submit(write(desk.root / "case.vcf"), "child", genes=ONE)
    desk.work()
    desk.submit(write(desk.root / "other.vcf", ("x", "y", "z")), "x", "y")
    desk.work()

    assert desk.said(FIRST, FAR, NOWHERE) == [
        ("seen", 2, 6),
        ("seen", 3, 4),
        ("not_seen", 0, None),
    ]


def test_other_genes_stand_beside(desk: Desk) -> None:
    """Submissions of genes are appended to each other: nothing is read again."""
    desk.submit(write(desk.root / "case.vcf"), "child", genes=ONE)
    desk.work()
    desk.submit(
        write(desk.root / "other.vcf", ("x", "y", "z")), "x", genes=("ENSG00000128513",)
    )
    desk.work()
    release = desk.catalogue.dataset(desk.dataset).release

    assert release is not None
    assert (release.loads, len(release.inputs)) == (2, 2)
    assert desk.said(FIRST, FAR) == [("seen", 2, 4), ("not_covered", None, None)]


def test_files_of_a_case_go_together(desk: Desk) -> None:
    """Two files of a person are one load, and the person counts once."""
    desk.submit(write(desk.root / "clinical.vcf"), "child")
    desk.submit(write(desk.root / "research.vcf"), "child")
    desk.work()

    assert {message for _, message in desk.told()} == {"release 1 holds it"}
    assert desk.said(FIRST, FAR) == [("seen", 1, 2), ("seen", 2, 2)]


def test_a_later_file_of_the_same_person_counts_once(desk: Desk) -> None:
    """A file that comes after is read with what is there, even if that moved."""
    path = write(desk.root / "clinical.vcf")
    desk.submit(path, "child")
    desk.work()
    path.unlink()
    desk.submit(write(desk.root / "research.vcf", sites=SITES[1:]), "child")
    desk.work()

    assert desk.told()[1] == ("done", "release 2 holds it")
    assert desk.said(FIRST, FAR) == [("seen", 1, 2), ("seen", 2, 2)]


def test_a_bad_file_fails_alone(desk: Desk) -> None:
    """What cannot be loaded says why, and others that came with it are loaded."""
    desk.submit(write(desk.root / "case.vcf"), "child")
    desk.submit(write(desk.root / "bad.vcf", ("x",), [("99-1-A-G", ("0/1",))]), "x")
    desk.work()
    first, second = desk.told()

    assert first == ("done", "release 1 holds it")
    assert second[0] == "failed"
    assert "none of its 1 records can be used" in second[1]
    assert str(desk.spool.genotypes) not in second[1]
    assert len(list(desk.spool.genotypes.iterdir())) == 1


def test_who_leaves_is_withdrawn_and_their_copy_is_gone(desk: Desk) -> None:
    """A wish to leave takes somebody out of counts and copies, for good."""
    path = write(desk.root / "case.vcf")
    desk.submit(path, "child", "mother")
    desk.work()
    desk.leave("mother")
    desk.work()
    (kept,) = desk.spool.genotypes.iterdir()
    with pysam.BGZFile(str(kept)) as file:
        text = file.read()

    assert desk.said(FIRST, SECOND) == [("seen", 1, 2), ("not_seen", 0, 2)]
    assert b"mother" not in text
    assert b"child" in text
    with pytest.raises(InvalidRequest, match="mother left dataset"):
        desk.submit(path, "mother")


def test_more_comes_after_somebody_left(desk: Desk) -> None:
    """Copies without who left are loaded again with new files of who stayed."""
    path = write(desk.root / "case.vcf")
    desk.submit(path, "child", "mother")
    desk.work()
    desk.leave("mother")
    desk.work()
    desk.submit(write(desk.root / "more.vcf"), "child", "father")
    desk.work()

    assert desk.told()[2] == ("done", "release 3 holds it")
    assert desk.said(FIRST, SECOND) == [("seen", 1, 4), ("seen", 1, 4)]


def test_everybody_may_leave(desk: Desk) -> None:
    """A dataset that everybody left says nothing of anybody, and can be fed again."""
    desk.submit(write(desk.root / "case.vcf"), "child")
    desk.work()
    desk.leave("child")
    desk.work()
    gone = desk.said(FIRST)
    desk.submit(write(desk.root / "other.vcf", ("x", "y", "z")), "x")
    desk.work()

    assert gone[0][0] in ("not_seen", "not_covered")
    assert list(desk.spool.genotypes.iterdir()) != []
    assert desk.said(FIRST) == [("seen", 1, 2)]


def test_a_wish_keeps_its_place(desk: Desk) -> None:
    """Who is submitted and leaves before anything is loaded is never counted."""
    path = write(desk.root / "case.vcf")
    desk.submit(path, "child", "mother")
    desk.leave("mother")
    desk.work()

    assert desk.told()[1] == ("done", "they have left the dataset")
    assert desk.said(FIRST) == [("seen", 1, 2)]


def test_who_is_withdrawn_otherwise_leaves_no_copy(desk: Desk) -> None:
    """After ``beacon withdraw`` the next submission erases their copy, too."""
    desk.submit(write(desk.root / "case.vcf"), "child")
    desk.work()
    withdraw(desk.catalogue, desk.journal, desk.dataset, ["child"])
    desk.submit(write(desk.root / "other.vcf", ("x", "y", "z")), "x")
    desk.work()

    assert [path.name for path in desk.spool.genotypes.iterdir()] == ["00000002.vcf.gz"]
    assert desk.said(FIRST) == [("seen", 1, 2)]


def test_files_elsewhere_are_not_told_of(desk: Desk) -> None:
    """Outside the root nothing is read, and nothing is said of what is there."""
    outside = write(desk.root.parent / "outside.vcf")
    (desk.root / "link.vcf").symlink_to(outside)
    (desk.root / "folder").mkdir()
    os.mkfifo(desk.root / "pipe")
    others = ("folder", "case.vcf/..", "none.vcf", "a\0b", "pipe")

    for path in ("../outside.vcf", "link.vcf", *others):
        with pytest.raises(InvalidRequest, match=r"no file below the folder"):
            desk.submit(desk.root / path, "child")


@pytest.mark.parametrize("linked", ["inner/case.vcf", "inner"])
def test_what_was_judged_is_what_is_read(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, linked: str
) -> None:
    """A link that comes between the judging and the opening is not followed."""
    outside = desk.root.parent / "outside"
    for folder in (desk.root / "inner", outside):
        folder.mkdir()
        path = write(folder / "case.vcf")
    before = os.open

    def late(name: Path | str, *given: int, **more: int) -> int:
        if (swapped := desk.root / linked).exists() and not swapped.is_symlink():
            swapped.rename(desk.root / "gone")
            swapped.symlink_to(path if swapped.suffix else outside)
        return before(name, *given, **more)

    monkeypatch.setattr("beacon.ingest.feeding.os.open", late)
    with pytest.raises(InvalidRequest, match=r"no file below"):
        desk.submit(desk.root / "inner" / "case.vcf", "child")


def test_what_was_opened_is_read_whatever_has_its_name(desk: Desk) -> None:
    """Between the opening and the reading nothing else can take its place."""
    path = write(desk.root / "case.vcf")
    with opened(str(path), desk.root) as found:
        path.unlink()
        path.symlink_to(write(desk.root.parent / "outside.vcf", ("secret",), []))

        assert missing_from(found, TRIO) == ()


def test_a_packed_file_is_read_by_what_was_opened(desk: Desk) -> None:
    """BCF, too, which another process reads."""
    text, path = write(desk.root / "case.vcf"), desk.root / "case.bcf"
    more = "##contig=<ID=22>\n##INFO=<ID=AN,Number=1,Type=Integer,Description=n>\n##S"
    text.write_text(text.read_text().replace("##S", more, 1))
    with (
        pysam.VariantFile(str(text)) as read,
        pysam.VariantFile(str(path), "wb", header=read.header) as file,
    ):
        deque(map(file.write, read))
    desk.submit(path, "child")
    desk.work()

    assert desk.told() == [("done", "release 1 holds it")]


def test_a_link_that_is_put_there_later_is_not_followed(desk: Desk) -> None:
    """A file is judged again when it is copied."""
    path = write(desk.root / "case.vcf")
    desk.submit(path, "child")
    path.rename(desk.root.parent / "moved.vcf")
    path.symlink_to(desk.root.parent / "moved.vcf")
    desk.work()

    assert desk.told() == [
        ("failed", "vcf_path is no file below the folder that scout.root names")
    ]


@pytest.mark.parametrize(
    ("samples", "genes", "sentence"),
    [
        (("child", "nobody"), None, "the file has no sample nobody"),
        ((), None, "samples is no list"),
        (("child",), (), "genes.ids is no list"),
        (("child",), ("HGNC:1",), "none of the genes has a place on GRCh37 here"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(
    desk: Desk, samples: tuple[str, ...], genes: tuple[str, ...] | None, sentence: str
) -> None:
    """Nothing is kept of a submission that cannot be carried out."""
    path = write(desk.root / "case.vcf")

    with pytest.raises(InvalidRequest, match=sentence):
        desk.submit(path, *samples, genes=genes)
    assert desk.spool.submissions() == ()


def test_a_file_that_is_no_vcf_is_refused(desk: Desk) -> None:
    """Its place is not told in the sentence."""
    path = desk.root / "no.vcf"
    path.write_text("hello")

    with pytest.raises(InvalidRequest, match=r"^no\.vcf:1: "):
        desk.submit(path, "child")


def test_bad_records_stay_bad_ones(desk: Desk) -> None:
    """What is no record is copied, counted, and rejects the file; nobody is hurt."""
    rows = (
        "22\t" + "9" * 5000 + "\t.\tA\tG\t.\tPASS\t.\tGT\t0/1\t0/1\t0/1",
        "22\t-5\t.\tA\tG\t.\tPASS\tEND=99999999999999\tGT\t0/1\t0/1\t0/1",
        "22\t20000100\t.\tA\tG",
        "22",
        "\x00\x01\t\t\t",
    )
    path = write(desk.root / "case.vcf")
    path.write_text(path.read_text() + "\n".join(rows) + "\n")
    desk.submit(path, "child", genes=ONE)
    desk.work()
    (told,) = desk.told()

    assert told[0] == "failed"
    assert "5 of 7 records are bad" in told[1]
    assert "mother" not in told[1]


def test_a_full_disk_is_waited_for(desk: Desk) -> None:
    """Where nothing can be copied, nothing is lost, and it is no fault of the file."""
    desk.submit(write(desk.root / "case.vcf"), "child")
    desk.spool.genotypes.rmdir()
    with pytest.raises(StoreUnavailable, match="genotypes cannot be copied"):
        desk.work()
    desk.spool.open()
    desk.work()

    assert desk.told() == [("done", "release 1 holds it")]


def test_datasets_of_others_are_not_fed(desk: Desk) -> None:
    """What was loaded otherwise can neither be fed nor be loaded over."""
    path = write(desk.root / "case.vcf")
    other = LoadRequest(
        dataset="reference",
        paths=(path,),
        options=LoadOptions(assembly="GRCh37"),
        references={},
    )
    load_variants(desk.catalogue, other)

    with pytest.raises(InvalidRequest, match="loaded otherwise"):
        register(desk.spool, desk.catalogue, Fed(id="reference", assembly="GRCh37"))


def test_datasets_of_others_that_hold_documents_are_not_fed(desk: Desk) -> None:
    """Where anything was loaded, even without variants, nobody takes it over."""
    people = [{"id": "P1", "sex": {"id": "NCIT:C16576", "label": "female"}}]
    path = desk.root / "individuals.json"
    path.write_text(json.dumps(people))
    name, kind = f"papers{desk.dataset}", kind_named("individuals")
    request = DocumentRequest(paths=(path,), kind=kind, dataset=name)
    load_documents(desk.catalogue, request)

    with pytest.raises(InvalidRequest, match="loaded otherwise"):
        register(desk.spool, desk.catalogue, Fed(id=name, assembly="GRCh37"))


def test_a_dataset_that_was_loaded_meanwhile_is_left_alone(desk: Desk) -> None:
    """Files that were not submitted are never replaced by those that were."""
    path = write(desk.root / "case.vcf")
    other = LoadRequest(
        dataset=desk.dataset,
        paths=(path,),
        options=LoadOptions(assembly="GRCh37"),
        references={},
    )
    load_variants(desk.catalogue, other)
    desk.submit(path, "child")
    desk.work()

    assert desk.told()[0][0] == "failed"
    assert desk.said(FIRST) == [("seen", 2, 6)]


def test_what_was_removed_does_not_come_back(desk: Desk) -> None:
    """After its dataset was removed, a submission and its copy are gone for good."""
    desk.submit(write(desk.root / "case.vcf"), "child")
    desk.work()
    desk.catalogue.remove(desk.dataset)
    desk.submit(write(desk.root / "other.vcf", ("x", "y", "z")), "x")
    desk.work()

    assert desk.told()[0] == ("failed", "its dataset was removed since")
    assert [path.name for path in desk.spool.genotypes.iterdir()] == ["00000002.vcf.gz"]
    assert desk.said(FIRST) == [("seen", 1, 2)]


def test_what_was_rolled_back_does_not_come_back(desk: Desk) -> None:
    """What the release served does not hold is not read again with it."""
    desk.submit(write(desk.root / "case.vcf"), "child")
    desk.work()
    desk.submit(write(desk.root / "other.vcf", ("x", "y", "z")), "y")
    desk.work()
    desk.catalogue.rollback(desk.dataset)
    desk.submit(write(desk.root / "more.vcf", sites=SITES[1:]), "child")
    desk.work()

    assert desk.said(FIRST, SECOND) == [("seen", 1, 2), ("not_seen", 0, 2)]


def test_few_people_wait_for_more(desk: Desk) -> None:
    """Where releases must differ in several people, additions wait until they do."""
    desk.submit(write(desk.root / "case.vcf"), *TRIO)
    desk.work()
    least = {desk.dataset: 2}
    desk.feed = Feed(root=desk.root, references={}, min_new_people=least)
    desk.submit(write(desk.root / "one.vcf", ("x", "y", "z")), "x")
    desk.work()
    waits = held(desk.spool, least)
    desk.submit(write(desk.root / "two.vcf", ("x", "y", "z")), "y")
    desk.work()

    assert waits == {desk.dataset: 1}
    assert [state for state, _ in desk.told()] == ["done"] * 3
    assert desk.said(FIRST) == [("seen", 3, 10)]


def test_what_is_cut_short_again_and_again_is_given_up(desk: Desk) -> None:
    """A submission whose process dies each time fails, and says so."""
    given = desk.submit(write(desk.root / "case.vcf"), "child")
    for _ in range(5):
        (again,) = next_batch(desk.spool.submissions())
        desk.spool.keep(_tried(again))
    desk.work()

    assert given.kind is Kind.ADD
    assert desk.told() == [("failed", "given up: it was cut short 5 times")]


def test_old_releases_are_removed(desk: Desk) -> None:
    """Of a dataset that is fed the last releases are kept, and all parts in use."""
    desk.feed = Feed(root=desk.root, references={}, min_new_people={}, keeps=2)
    path = write(desk.root / "case.vcf")
    for name in TRIO:
        desk.submit(path, name)
        desk.work()
    kept = [release.ordinal for release in desk.catalogue.releases(desk.dataset)]

    assert kept == [2, 3]
    assert desk.said(FIRST) == [("seen", 2, 6)]


def test_many_parts_become_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many loads all submissions are read as one."""
    monkeypatch.setattr(feeding, "_MOST_PARTS", 2)
    path = write(desk.root / "case.vcf")
    loads = []
    for name in TRIO:
        desk.submit(path, name)
        desk.work()
        release = desk.catalogue.dataset(desk.dataset).release
        loads.append(release and release.loads)

    assert loads == [1, 2, 1]
    assert desk.said(FIRST) == [("seen", 2, 6)]


def test_who_leaves_does_not_wait_for_others(desk: Desk) -> None:
    """A wish to leave is carried out while additions wait for more people."""
    desk.submit(write(desk.root / "case.vcf"), *TRIO)
    desk.work()
    least = {desk.dataset: 2}
    desk.feed = Feed(root=desk.root, references={}, min_new_people=least)
    desk.submit(write(desk.root / "one.vcf", ("x", "y", "z")), "x")
    desk.leave("mother", "x")
    desk.work()

    assert [state for state, _ in desk.told()] == ["done", "waiting", "done"]
    assert desk.said(FIRST) == [("seen", 1, 4)]


def test_who_left_meanwhile_is_not_copied(desk: Desk) -> None:
    """An addition is carried out with those who are left, or with nobody."""
    path = write(desk.root / "case.vcf")
    desk.submit(path, "child", "mother")
    desk.submit(path, "mother")
    withdraw(desk.catalogue, desk.journal, desk.dataset, ["mother"], is_for_future=True)
    desk.work()
    (kept,) = desk.spool.genotypes.iterdir()
    with pysam.BGZFile(str(kept)) as file:
        text = file.read()

    assert desk.told() == [
        ("done", "release 1 holds it"),
        ("failed", "everybody in it has left the dataset"),
    ]
    assert b"mother" not in text
    assert desk.said(FIRST) == [("seen", 1, 2)]


def _tried(submission: Submission) -> Submission:
    return replace(submission, tries=submission.tries + 1)


def test_a_dataset_that_is_being_loaded_is_waited_for(desk: Desk) -> None:
    """Somebody else's load fails no submission, and costs it no try."""
    desk.submit(write(desk.root / "case.vcf"), "child")
    layout = Layout(baseline=(2,), groups=(Group(label="Total", columns=(0,)),))
    with desk.catalogue.begin(desk.dataset, assembly="GRCh37", layout=layout):
        with pytest.raises(BeingLoaded, match="is being loaded by process"):
            desk.work()
        (waiting,) = desk.spool.submissions()

    assert (waiting.state.value, waiting.tries) == ("waiting", 0)


def test_a_damaged_copy_keeps_nobody_there(desk: Desk) -> None:
    """Who leaves leaves, though their copy cannot be read: it is erased, and said.

    Who stays is counted until all copies are read again.
    """
    desk.submit(write(desk.root / "case.vcf"), "child", "mother")
    desk.work()
    (kept,) = desk.spool.genotypes.iterdir()
    kept.write_bytes(kept.read_bytes()[:40])
    desk.leave("mother")
    desk.submit(write(desk.root / "other.vcf", ("x", "y", "z")), "x")
    desk.work()
    before, counts = desk.told(), desk.said(FIRST, SECOND)
    desk.submit(write(desk.root / "more.vcf", ("x", "y", "z")), "x")
    desk.work()

    assert not kept.exists()
    assert [state for state, _ in before] == ["done"] * 3
    assert "was damaged, and erased as somebody left" in before[0][1]
    assert counts == [("seen", 2, 4), ("not_seen", 0, 4)]
    assert desk.told()[0][0] == "failed"
    assert desk.told()[0][1].endswith("it is counted no more: submit it again")
    assert desk.said(FIRST, SECOND) == [("seen", 1, 2), ("not_seen", 0, 2)]


def test_what_always_fails_is_ended(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure that is not the store's counts, and its sentence is kept."""
    desk.submit(write(desk.root / "case.vcf"), "child")
    desk.work()
    desk.leave("child")

    def fail(*_: object, **__: object) -> None:
        message = "a rule that nobody thought of"
        raise LoadRejected(message)

    monkeypatch.setattr(feeding, "withdraw", fail)
    for _ in range(5):
        with pytest.raises(LoadRejected):
            desk.work()
    desk.work()

    assert desk.told()[1] == (
        "failed",
        "given up after 5 tries: a rule that nobody thought of",
    )


def test_others_are_not_kept_waiting(desk: Desk) -> None:
    """What belongs to a dataset that is busy stands aside, wishes to leave as well."""
    path = write(desk.root / "case.vcf")
    other = Fed(id=f"other{desk.dataset}", assembly="GRCh37")
    register(desk.spool, desk.catalogue, other)
    desk.submit(path, "child")
    desk.leave("child")
    desk.submit(path, "mother")
    desk.spool.add(replace(desk.spool.submissions()[0], dataset=other.id))
    known = desk.spool.submissions()

    assert [s.number for s in next_batch(known, (), [desk.dataset])] == [4]
    assert [s.number for s in next_batch(known, (), [other.id])] == [1]
    assert next_batch(known, (), [desk.dataset, other.id]) == ()


def test_what_others_take_over_is_fed_no_more(desk: Desk) -> None:
    """No copy of it is kept, nothing of it waits, and it cannot be fed again."""
    path = write(desk.root / "case.vcf")
    desk.submit(path, "child")
    desk.work()
    desk.submit(path, "mother")
    take_over(desk.spool, desk.dataset)

    assert [state for state, _ in desk.told()] == ["failed"] * 2
    assert list(desk.spool.genotypes.iterdir()) == []
    with pytest.raises(InvalidRequest, match="no such dataset to be fed"):
        desk.submit(path, "mother")
    with pytest.raises(InvalidRequest, match="loaded otherwise"):
        register(desk.spool, desk.catalogue, Fed(id=desk.dataset, assembly="GRCh37"))
    assert desk.said(FIRST) == [("seen", 1, 2)]


def test_one_server_takes_submissions(desk: Desk) -> None:
    """A second one is told so."""
    other = Spool(desk.root.parent / "scout")
    said = "another server takes submissions"
    with desk.spool.alone(), pytest.raises(BeaconError, match=said), other.alone():
        pass
