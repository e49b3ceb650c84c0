"""``beacon load documents`` and ``beacon load ontology``, as people type them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from commands import Command

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


def test_documents_are_loaded_and_told(empty_beacon: Command, tmp_path: Path) -> None:
    """The account is on standard output, and a dataset says what it has."""
    people = _write(tmp_path, "p.csv", PEOPLE)
    samples = _write(tmp_path, "s.json", SAMPLES)
    report = tmp_path / "r.json"
    into = ("--dataset", "d")
    done = empty_beacon(
        "load",
        "documents",
        people,
        *into,
        "--type",
        "individuals",
        "--report",
        str(report),
    )
    again = empty_beacon("load", "documents", people, *into, "--type", "individual")
    empty_beacon("load", "documents", samples, *into, "--type", "biosamples")
    shown = empty_beacon("datasets", "show", "d").stdout
    [told] = json.loads(report.read_text())["reports"]

    assert (0, "d: 2 individuals published") == (
        done.returncode,
        done.stdout.splitlines()[0],
    )
    assert (2, {"columns that are no members, kept under info": 1}) == (
        told["kept"],
        told["noticed"],
    )
    assert (0, "d: unchanged, 2 individuals as they were\n") == (
        again.returncode,
        again.stdout,
    )
    assert "documents    2 individuals, 1 biosamples" in shown.splitlines()


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
    assert 1 == empty_beacon("datasets", "show", "d").returncode


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--type", "individuals"), "beacon: --dataset is missing"),
        (("--type", "people", "--dataset", "d"), "beacon: --type 'people' is none of"),
        (("--type", "runs", "--dataset", "a b"), "beacon: --dataset 'a b' is not"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    empty_beacon: Command, arguments: tuple[str, ...], sentence: str
) -> None:
    """Nothing is tried, and the exit code is 2."""
    done = empty_beacon("load", "documents", "x.json", *arguments)

    assert 2 == done.returncode
    assert done.stderr.startswith(sentence)


def test_records_of_datasets_need_no_name(
    empty_beacon: Command, tmp_path: Path
) -> None:
    """Each describes the dataset of its id."""
    path = _write(tmp_path, "d.json", '{"id": "x", "name": "X"}')
    done = empty_beacon("load", "documents", path, "--type", "datasets")

    assert (0, "x: 1 dataset published") == (
        done.returncode,
        done.stdout.splitlines()[0],
    )


def test_an_ontology_is_loaded(empty_beacon: Command, tmp_path: Path) -> None:
    """The account names its prefix; a dry run stores nothing."""
    path = _write(tmp_path, "t.obo", OBO)
    tried = empty_beacon("load", "ontology", path, "--dry-run")
    done = empty_beacon("load", "ontology", path)
    missing = empty_beacon("load", "ontology", str(tmp_path / "no.obo"))

    assert "TT: dry run, nothing stored" == tried.stdout.splitlines()[0]
    assert ["TT: loaded", "2"] == [
        done.stdout.splitlines()[0],
        done.stdout.split()[-1],
    ]
    assert (1, True) == (missing.returncode, "cannot be read" in missing.stderr)
