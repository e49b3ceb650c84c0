"""Broader effects stand for narrower ones."""

from __future__ import annotations

from beacon.model.annotation import Annotation, AnnotationPattern, Unread, unversioned
from beacon.model.effects import EFFECTS, narrower


def test_every_term_lies_under_known_terms() -> None:
    """No term names a broader one that is not in the table, or itself."""
    for name, term in EFFECTS.items():
        assert set(term.broader) <= EFFECTS.keys() - {name}


def test_a_broader_term_stands_for_narrower_ones() -> None:
    """Protein-altering finds missense; missense does not find synonymous."""
    assert "SO:0001583" in narrower("SO:0001818")
    assert "SO:0001819" not in narrower("SO:0001818")
    assert narrower("SO:0001578") == ("SO:0001578",)
    assert set(narrower("SO:0001060")) > set(narrower("SO:0001818"))


def test_every_part_of_a_question_must_hold() -> None:
    """Gene, effects, protein change, identifier and HGVS are joined by "and"."""
    said = Annotation(
        genes=("BRAF",),
        effects=("SO:0001583",),
        protein_changes=("V600E",),
        identifiers=("rs113488022",),
        transcript_hgvs=("NM_004333.6:c.1799T>A",),
        protein_hgvs=("NP_004324.2:p.Val600Glu",),
    )
    asked = {
        "genes": ("BRAF", "BRAF1"),
        "effects": (narrower("SO:0001818"),),
        "protein_change": "V600E",
        "identifier": "rs113488022",
        "hgvs": "NP_004324:p.V600E",
    }

    assert AnnotationPattern(**asked).matches(said)
    assert AnnotationPattern().matches(said)
    assert not AnnotationPattern().matches(None)
    others = {
        "genes": ("BRCA2",),
        "effects": (("SO:0001819",),),
        "protein_change": "V600K",
        "identifier": "rs1",
        "hgvs": "NM_004333:c.1799T>C",
    }
    for part, other in others.items():
        assert not AnnotationPattern(**{**asked, part: other}).matches(said)


def test_a_no_does_not_rest_on_what_was_not_read() -> None:
    """What could not be read may be what is asked; an indel replaces no amino acid."""
    lost = Annotation(unread=(Unread.WHOLE,))
    coarse = Annotation(genes=("BRAF",), unread=(Unread.LENGTH,))
    bare = Annotation(genes=("BRAF",), unread=(Unread.PROTEIN,))
    effect = Annotation(genes=("BRAF",), unread=(Unread.EFFECT,))

    assert AnnotationPattern(protein_change="V600E").may_match(lost)
    assert not AnnotationPattern(protein_change="V600E").may_match(coarse)
    assert AnnotationPattern(protein_change="E221fs").may_match(coarse)
    assert not AnnotationPattern(genes=("X",), protein_change="E221fs").may_match(
        coarse
    )
    assert not AnnotationPattern(genes=("BRAF",)).may_match(coarse)
    assert AnnotationPattern(genes=("BRAF",), protein_change="V600E").may_match(bare)
    assert not AnnotationPattern(genes=("X",), protein_change="V6E").may_match(bare)
    assert AnnotationPattern(effects=(("SO:0001583",),)).may_match(effect)
    assert not AnnotationPattern(protein_change="V600E").may_match(effect)


def test_an_hgvs_name_is_compared_without_its_version() -> None:
    """A protein's change is compared in one letter."""
    assert unversioned("NM_004333.6:c.1799T>A") == "NM_004333:c.1799T>A"
    assert unversioned("NP_004324.2:p.(Val600Glu)") == "NP_004324:p.V600E"
