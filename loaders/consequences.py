"""The words annotators use for an effect → Sequence Ontology ids.

VEP and SnpEff write the names of the terms; bcftools csq shortens them, and
old SnpEff (EFF) had words of its own.  A word that is not here has no id.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from beacon.model.effects import EFFECTS

if TYPE_CHECKING:
    from collections.abc import Mapping

_OLD_NAMES = {
    "nc_transcript_variant": "SO:0001619",
    "non_coding_exon_variant": "SO:0001792",
    "exon_loss": "SO:0001572",
    "initiator_codon_change": "SO:0001582",
    "start_retained": "SO:0002019",
    "inframe_codon_gain": "SO:0001821",
    "inframe_codon_loss": "SO:0001822",
    "complex_change_in_transcript": "SO:0001576",
    "splice_branch_variant": "SO:0001630",
    "non_synonymous_coding": "SO:0001583",
}
_BCFTOOLS = {
    "3_prime_utr": "SO:0001624",
    "5_prime_utr": "SO:0001623",
    "coding_sequence": "SO:0001580",
    "frameshift": "SO:0001589",
    "inframe_altering": "SO:0001650",
    "intergenic": "SO:0001628",
    "intron": "SO:0001627",
    "missense": "SO:0001583",
    "non_coding": "SO:0001619",
    "splice_acceptor": "SO:0001574",
    "splice_donor": "SO:0001575",
    "splice_region": "SO:0001630",
    "stop_retained": "SO:0001567",
    "synonymous": "SO:0001819",
}
_OLD_SNPEFF = {
    "CDS": "SO:0001580",
    "CHROMOSOME_LARGE_DELETION": "SO:0000340",
    "CODON_CHANGE": "SO:0001580",
    "CODON_CHANGE_PLUS_CODON_DELETION": "SO:0001826",
    "CODON_CHANGE_PLUS_CODON_INSERTION": "SO:0001824",
    "CODON_DELETION": "SO:0001822",
    "CODON_INSERTION": "SO:0001821",
    "DOWNSTREAM": "SO:0001632",
    "EXON": "SO:0001791",
    "EXON_DELETED": "SO:0001572",
    "FRAME_SHIFT": "SO:0001589",
    "GENE": "SO:0001564",
    "INTERGENIC": "SO:0001628",
    "INTERGENIC_CONSERVED": "SO:0002017",
    "INTRAGENIC": "SO:0002011",
    "INTRON": "SO:0001627",
    "INTRON_CONSERVED": "SO:0002018",
    "MICRO_RNA": "SO:0000276",
    "NON_SYNONYMOUS_CODING": "SO:0001583",
    "NON_SYNONYMOUS_START": "SO:0001582",
    "NON_SYNONYMOUS_STOP": "SO:0001567",
    "RARE_AMINO_ACID": "SO:0002008",
    "REGULATION": "SO:0001566",
    "SPLICE_SITE_ACCEPTOR": "SO:0001574",
    "SPLICE_SITE_BRANCH": "SO:0001630",
    "SPLICE_SITE_DONOR": "SO:0001575",
    "SPLICE_SITE_REGION": "SO:0001630",
    "START_GAINED": "SO:0001988",
    "START_LOST": "SO:0002012",
    "STOP_GAINED": "SO:0001587",
    "STOP_LOST": "SO:0001578",
    "SYNONYMOUS_CODING": "SO:0001819",
    "SYNONYMOUS_START": "SO:0002019",
    "SYNONYMOUS_STOP": "SO:0001567",
    "TRANSCRIPT": "SO:0001576",
    "UPSTREAM": "SO:0001631",
    "UTR_3_DELETED": "SO:0002015",
    "UTR_3_PRIME": "SO:0001624",
    "UTR_5_DELETED": "SO:0002013",
    "UTR_5_PRIME": "SO:0001623",
    "CHROMOSOME": "SO:0000340",
    "CHROMOSOME_LARGE_DUPLICATION": "SO:1000035",
    "CHROMOSOME_LARGE_INVERSION": "SO:1000036",
    "EXON_DELETED_PARTIAL": "SO:0001572",
    "EXON_DUPLICATION": "SO:1000035",
    "EXON_DUPLICATION_PARTIAL": "SO:1000035",
    "EXON_INVERSION": "SO:1000036",
    "EXON_INVERSION_PARTIAL": "SO:1000036",
    "EXON_REGION": "SO:0001791",
    "GENE_DELETED": "SO:0001879",
    "GENE_DUPLICATION": "SO:1000035",
    "GENE_FUSION_HALF": "SO:0001565",
    "GENE_FUSION_REVERESE": "SO:0002086",
    "GENE_FUSION_REVERSE": "SO:0002086",
    "GENE_INVERSION": "SO:1000036",
    "GENE_REARRANGEMENT": "SO:0000904",
    "MOTIF": "SO:0001782",
    "MOTIF_DELETED": "SO:0001895",
    "NEXT_PROT": "SO:0000110",
    "PROTEIN_INTERACTION_LOCUS": "SO:0001093",
    "PROTEIN_PROTEIN_INTERACTION_LOCUS": "SO:0001093",
    "PROTEIN_STRUCTURAL_INTERACTION_LOCUS": "SO:0002093",
    "SPLICE_SITE_BRANCH_U12": "SO:0001630",
    "TRANSCRIPT_DELETED": "SO:0001893",
    "TRANSCRIPT_DUPLICATION": "SO:1000035",
    "TRANSCRIPT_INVERSION": "SO:1000036",
}
WORDS: Mapping[str, str] = {
    word.lower(): name
    for words in (
        {term.label: name for name, term in EFFECTS.items()},
        {name: name for name in EFFECTS},
        *(_OLD_NAMES, _BCFTOOLS, _OLD_SNPEFF),
    )
    for word, name in words.items()
}
"""Every word that has an id, in small letters."""


class Effects(NamedTuple):
    """The terms of one annotation, and the words that are none."""

    ids: tuple[str, ...]
    unknown: tuple[str, ...]


@lru_cache(maxsize=1 << 13)
def effects_of(text: str) -> Effects:
    """Return the terms of words joined by ``&`` or ``+``; ``*`` before one is left out.

    bcftools csq puts a star before what lies behind a stop.
    """
    words = text.replace("+", "&").split("&")
    known: dict[str, None] = {}
    unknown: list[str] = []
    for word in words:
        plain = word.strip().lstrip("*")
        found = WORDS.get(plain.lower())
        if found is not None:
            known[found] = None
        elif plain and plain != ".":
            unknown.append(plain)
    return Effects(tuple(known), tuple(unknown))
