"""Protein changes have one spelling, whatever they are written in."""

from __future__ import annotations

import pytest

from beacon.model.protein import (
    asked_change,
    is_replacement,
    is_same_change,
    may_be_same_change,
    protein_change,
    replacements,
    short_form,
    substitution,
)


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("V600E", "V600E"),
        ("p.Val600Glu", "V600E"),
        ("p.(Val600Glu)", "V600E"),
        ("NP_004324.2:p.Val600Glu", "V600E"),
        ("ENSP00000288602.6:p.Val600Glu", "V600E"),
        ("p.Arg97Ter", "R97*"),
        ("p.Arg97*", "R97*"),
        ("ENSP00000334393.3:p.Thr90%3D", "T90="),
        ("p.Thr90Thr", "T90="),
        ("p.Thr90=", "T90="),
        ("p.Met1?", "M1?"),
        ("p.Glu221AsnfsTer5", "E221Nfs*5"),
        ("p.Glu221Asnfs*5", "E221Nfs*5"),
        ("p.Glu221fs", "E221fs"),
        ("p.Arg97ProfsTer?", "R97Pfs*?"),
        ("p.Lys23_Val25del", "K23_V25del"),
        ("p.Phe508del", "F508del"),
        ("p.Gly4_Gln6dup", "G4_Q6dup"),
        ("p.Lys2_Gly3insGlnSerLys", "K2_G3insQSK"),
        ("p.Cys28delinsTrpVal", "C28delinsWV"),
        ("p.Cys28_Lys29delinsTrp", "C28_K29delinsW"),
        ("p.Ter110GlnextTer17", "*110Qext*17"),
        ("p.Met1ext-5", "M1ext-5"),
        ("p.Sec46Ser", "U46S"),
        ("p.Phe508delPhe", "F508del"),
        ("p.Val900_Lys901delinsTer", "V900*"),
    ],
)
def test_a_change_has_one_spelling(written: str, spelled: str) -> None:
    """Three letters or one, with or without accession, ``p.`` and parentheses."""
    assert protein_change(written) == spelled


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "p.?", "p.=", "V600", "600E", "BRCA2", "c.1799T>A", "446G>446EG"),
        *("V600E|V600K", "V600EE", "V" * 1000, "p.", "Val600", "\x00V600E"),
    ],
)
def test_what_is_no_change_has_none(text: str) -> None:
    """A text in no known form is not read as something near it."""
    assert protein_change(text) is None


@pytest.mark.parametrize(
    ("asked", "spelled"),
    [
        ("V600E", "V600E"),
        ("v600e", "V600E"),
        ("val600glu", "V600E"),
        ("p.(V600E)", "V600E"),
        ("R97X", "R97*"),
        ("p.Arg97X", "R97*"),
        ("Gly12", None),
    ],
)
def test_people_ask_in_their_own_way(asked: str, spelled: str | None) -> None:
    """Small letters, and X for a stop, are understood in a question."""
    assert asked_change(asked) == spelled


def test_a_frameshift_is_found_by_its_short_form() -> None:
    """Either side may give the short form; two long ones must be equal."""
    assert short_form("E221Nfs*5") == "E221fs"
    assert short_form("V600E") is None
    assert is_same_change("E221fs", "E221Nfs*5")
    assert is_same_change("E221Nfs*5", "E221fs")
    assert not is_same_change("E221Nfs*5", "E221Kfs*12")
    assert not is_same_change("V600E", "V600K")


def test_amino_acids_and_a_position_are_a_change() -> None:
    """VEP's ``V/E`` at ``600``, and ``T`` alone, which stays."""
    assert substitution("V", "600", "E") == "V600E"
    assert substitution("T", "90", "T") == "T90="
    assert substitution("V", "", "E") is None
    assert is_replacement("T90=")
    assert not is_replacement("F508del")


@pytest.mark.parametrize(
    ("asked", "said", "expected"),
    [
        ("V7Kfs", "V7Kfs*3", "same"),
        ("V7fs*3", "V7Kfs*3", "same"),
        ("V7Kfs*3", "V7Kfs", "same"),
        ("V7Kfs*3", "V7Kfs*?", "maybe"),
        ("V7Kfs*3", "V7Efs*3", "other"),
        ("V7Kfs*3", "V7Kfs*4", "other"),
        ("V7Kfs", "V8Kfs", "other"),
        ("*606Q", "*606Qext*17", "same"),
        ("*606ext", "*606Qext*17", "same"),
        ("*606Qext", "*606Qext*17", "same"),
        ("*606ext*17", "*606Qext*17", "same"),
        ("*606Qext*17", "*606Q", "same"),
        ("*606K", "*606Qext*17", "other"),
        ("M1?", "M1V", "same"),
        ("M1V", "M1?", "maybe"),
        ("M1V", "M1L", "other"),
        ("M1?", "M1ext-5", "same"),
        ("V800E", "V800_K801delinsEN", "maybe"),
        ("K801N", "V800_K801delinsEN", "maybe"),
        ("K801E", "V800_K801delinsEN", "other"),
        ("V800E", "V800_K801delinsE", "other"),
        ("V600E", "V600K", "other"),
    ],
)
def test_what_is_told_in_part_may_be_the_same(
    asked: str, said: str, expected: str
) -> None:
    """Less told is the same; more asked than told may be; others are others."""
    told = "same" if is_same_change(asked, said) else "other"
    if told == "other" and may_be_same_change(asked, said):
        told = "maybe"

    assert told == expected
    if told != "other":
        assert may_be_same_change(asked, said)


@pytest.mark.parametrize(
    ("before", "first", "after", "changes"),
    [
        ("V", 600, "E", ("V600E",)),
        ("V", 701, "V", ("V701=",)),
        ("VK", 800, "EN", ("V800_K801delinsEN",)),
        ("VK", 800, "VN", ("K801N",)),
        ("VKA", 8, "EKG", ("V8_A10delinsEKG",)),
        ("VK", 8, "VK", ("V8=", "K9=")),
        ("VK", 8, "*N", ("V8*",)),
        ("V", 8, "", ()),
        ("-", 8, "G", ()),
        ("A" * 99, 8, "G" * 99, ()),
    ],
)
def test_amino_acids_replace_as_many(
    before: str, first: int, after: str, changes: tuple[str, ...]
) -> None:
    """Only what differs is changed."""
    assert replacements(before, first, after) == changes


def test_ends_and_stops_are_not_always_replacements() -> None:
    """They may come from a change of the protein's length."""
    assert is_replacement("V600E")
    assert not is_replacement("R97*")
    assert not is_replacement("*606Q")
    assert not is_replacement("M1V")
    assert is_replacement("M12V")
