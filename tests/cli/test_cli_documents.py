"""``beacon load documents`` and ``beacon load ontology``, as people type them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from beacon.cli.main import command_line
from beacon.model.errors import ReadError, UsageError
from loaders import ontologies

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from commands import Command

    from beacon.store.connection import StoreAddress

PEOPLE = "id,sex,height\nI1,F,170\nI2,M,\n"
SAMPLES = (
    '[{"id": "S1", "individualId": "I1",'
    ' "biosampleStatus": {"id": "EFO:0009654"},'
    ' "sampleOriginType": {"id": "UBERON:0000178"}}]'
)
OBO = "a: b\n\n[Term]\nid: TT:1\n\n[Term]\nid: TT:2\nis_a: TT:1\n"


def _write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


@pytest.fixture
def typed(
    store_address: StoreAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """Give a function that runs a command in this process; it returns what is said."""
    uri = f"{store_address.uri}/{store_address.database}"
    monkeypatch.setenv("BEACON_STORE", uri)
    monkeypatch.setenv("BEACON_DATA_DIR", str(tmp_path / "home"))

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(command_line(), arguments, obj={})
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.stdout

    return run


def test_documents_are_loaded_and_told(
    typed: Callable[..., str], tmp_path: Path
) -> None:
    """The account is on standard output, and a dataset says what it has."""
    people = _write(tmp_path, "p.csv", PEOPLE)
    samples = _write(tmp_path, "s.json", SAMPLES)
    report = tmp_path / "r.json"
    into = ("load", "documents", "--dataset", "d", "--type")
    done = typed(*into, "individuals", people, "--report", str(report))
    again = typed(*into, "individual", people)
    tried = typed(*into, "biosamples", samples, "--dry-run")
    typed(*into, "biosamples", samples)
    [told] = json.loads(report.read_text())["reports"]

    assert "d: 2 individuals published" == done.splitlines()[0]
    assert (2, {"columns that are no members, kept under info": 1}) == (
        told["kept"],
        told["noticed"],
    )
    assert "d: unchanged, 2 individuals as they were\n" == again
    assert "d: dry run, nothing stored" == tried.splitlines()[0]
    assert "documents    2 individuals, 1 biosamples" in typed("datasets", "show", "d")
    assert ["d", "3", "d"] == typed("datasets", "list").splitlines()[1].split()


def test_an_ontology_that_is_not_installed_is_told(
    typed: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what to do about it; the documents are published all the same."""
    monkeypatch.setattr(ontologies, "find_spec", lambda _: None)
    people = _write(
        tmp_path, "p.csv", "id,sex,diseases|diseaseCode|id\nI,F,HP:0000001\n"
    )
    said = typed("load", "documents", people, "--dataset", "d", "--type", "individuals")

    assert "d: 1 individual published" == said.splitlines()[0]
    assert "The Human Phenotype Ontology is not installed here: pip install" in said
    assert "No ontology is loaded of HP, NCIT" in said


def test_faults_are_on_standard_error(empty_beacon: Command, tmp_path: Path) -> None:
    """Each is one line with its place; nothing is stored, and the exit code is 1."""
    bad = _write(tmp_path, "p.csv", "id,sex\n,F\nI2,\n")
    done = empty_beacon(
        "load", "documents", bad, "--dataset", "d", "--type", "individuals"
    )

    assert (1, "") == (done.returncode, done.stdout)
    assert [
        "p.csv:2: id is missing",
        "p.csv:3: sex is missing",
        "beacon: 2 faults in 2 of 2 records; nothing was stored",
    ] == done.stderr.splitlines()[-3:]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--type", "individuals"), "--dataset is missing"),
        (("--type", "people", "--dataset", "d"), "--type 'people' is none of"),
        (("--type", "runs", "--dataset", "a b"), "--dataset 'a b' is not"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    typed: Callable[..., str], arguments: tuple[str, ...], sentence: str
) -> None:
    """Nothing is tried."""
    with pytest.raises(UsageError, match=sentence):
        typed("load", "documents", "x.json", *arguments)


def test_records_of_datasets_need_no_name(
    typed: Callable[..., str], tmp_path: Path
) -> None:
    """Each describes the dataset of its id, which then says so."""
    path = _write(tmp_path, "d.json", '{"id": "x", "name": "X"}')
    done = typed("load", "documents", path, "--type", "datasets")

    assert "x: 1 dataset published" == done.splitlines()[0]
    assert "record       loaded" in typed("datasets", "show", "x").splitlines()


def test_cohorts_are_told_with_their_people(
    typed: Callable[..., str], tmp_path: Path
) -> None:
    """A cohort that lists somebody shows how many."""
    text = (
        '{"id": "c", "name": "C", "cohortType": "study-defined",'
        ' "individualIds": ["a", "b"]}'
    )
    path = _write(tmp_path, "c.json", text)
    done = typed("load", "documents", path, "--type", "cohorts", "--dataset", "d")

    assert "d: 1 cohort published" == done.splitlines()[0]
    assert "cohorts      c (2 individuals)" in typed("datasets", "show", "d")


def test_an_ontology_is_loaded(typed: Callable[..., str], tmp_path: Path) -> None:
    """The account names its prefix; a dry run stores nothing."""
    path = _write(tmp_path, "t.obo", OBO)
    tried = typed("load", "ontology", path, "--dry-run")
    done = typed("load", "ontology", path)

    assert "TT: dry run, nothing stored" == tried.splitlines()[0]
    assert ["TT: loaded", "2"] == [done.splitlines()[0], done.split()[-1]]
    with pytest.raises(ReadError, match="cannot be read"):
        typed("load", "ontology", str(tmp_path / "no.obo"))
