"""Molecular effects: the Sequence Ontology terms that annotators write.

A table of facts and what follows from them: the label of a term, and the terms
a broader one stands for.  Only terms that an annotation can hold, or that lie
above one, are here.  Sequence Ontology, http://www.sequenceontology.org.
"""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Term(NamedTuple):
    """A term's name, and the terms right above it."""

    label: str
    broader: tuple[str, ...] = ()


_TERMS = {
    "0000110": Term("sequence_feature"),
    "0000276": Term("miRNA", ("0000110",)),
    "0000340": Term("chromosome", ("0000110",)),
    # SnpEff's word for what others call an intergenic variant.
    "0000605": Term("intergenic_region", ("0001628",)),
    "0000680": Term("non_canonical_start_codon", ("0000110",)),
    "0000904": Term("rearranged_at_DNA_level"),
    "0001060": Term("sequence_variant"),
    "0001093": Term("protein_protein_contact", ("0000110",)),
    "0001537": Term("structural_variant", ("0001060",)),
    "0001564": Term("gene_variant", ("0001878",)),
    "0001565": Term("gene_fusion", ("0001882", "0001564")),
    "0001566": Term("regulatory_region_variant", ("0001878",)),
    "0001567": Term("stop_retained_variant", ("0001590", "0001819")),
    "0001568": Term("splicing_variant", ("0001576",)),
    "0001572": Term("exon_loss_variant", ("0001568",)),
    "0001574": Term("splice_acceptor_variant", ("0001629",)),
    "0001575": Term("splice_donor_variant", ("0001629",)),
    "0001576": Term("transcript_variant", ("0001564",)),
    "0001578": Term("stop_lost", ("0001590", "0001907", "0001992")),
    "0001580": Term("coding_sequence_variant", ("0001791", "0001968")),
    "0001582": Term("initiator_codon_variant", ("0001580",)),
    "0001583": Term("missense_variant", ("0001992",)),
    "0001585": Term("conservative_missense_variant", ("0001583",)),
    "0001586": Term("non_conservative_missense_variant", ("0001583",)),
    "0001587": Term("stop_gained", ("0001906", "0001992")),
    "0001589": Term("frameshift_variant", ("0001818",)),
    "0001590": Term("terminator_codon_variant", ("0001580",)),
    "0001619": Term("non_coding_transcript_variant", ("0001576",)),
    "0001620": Term("mature_miRNA_variant", ("0001619",)),
    "0001621": Term("NMD_transcript_variant", ("0001576",)),
    "0001622": Term("UTR_variant", ("0001791", "0001968")),
    "0001623": Term("5_prime_UTR_variant", ("0001622",)),
    "0001624": Term("3_prime_UTR_variant", ("0001622",)),
    "0001626": Term("incomplete_terminal_codon_variant", ("0001590", "0001650")),
    "0001627": Term("intron_variant", ("0001576",)),
    "0001628": Term("intergenic_variant", ("0001878",)),
    "0001629": Term("splice_site_variant", ("0001568", "0001627")),
    "0001630": Term("splice_region_variant", ("0001568",)),
    "0001631": Term("upstream_gene_variant", ("0001628",)),
    "0001632": Term("downstream_gene_variant", ("0001628",)),
    "0001650": Term("inframe_variant", ("0001818",)),
    "0001782": Term("TF_binding_site_variant", ("0001566",)),
    "0001787": Term("splice_donor_5th_base_variant", ("0001629",)),
    "0001791": Term("exon_variant", ("0001576",)),
    "0001792": Term("non_coding_transcript_exon_variant", ("0001619", "0001791")),
    "0001818": Term("protein_altering_variant", ("0001580",)),
    "0001819": Term("synonymous_variant", ("0001580",)),
    "0001820": Term("inframe_indel", ("0001650",)),
    "0001821": Term("inframe_insertion", ("0001820", "0001908")),
    "0001822": Term("inframe_deletion", ("0001820", "0001906")),
    "0001823": Term("conservative_inframe_insertion", ("0001821",)),
    "0001824": Term("disruptive_inframe_insertion", ("0001821",)),
    "0001825": Term("conservative_inframe_deletion", ("0001822",)),
    "0001826": Term("disruptive_inframe_deletion", ("0001822",)),
    "0001878": Term("feature_variant", ("0001537",)),
    "0001879": Term("feature_ablation", ("0001537",)),
    "0001880": Term("feature_amplification", ("0001537",)),
    "0001882": Term("feature_fusion", ("0001537",)),
    "0001886": Term("transcript_fusion", ("0001882",)),
    "0001889": Term("transcript_amplification", ("0001880",)),
    "0001891": Term("regulatory_region_amplification", ("0001880",)),
    "0001892": Term("TFBS_amplification", ("0001891",)),
    "0001893": Term("transcript_ablation", ("0001879",)),
    "0001894": Term("regulatory_region_ablation", ("0001879",)),
    "0001895": Term("TFBS_ablation", ("0001894",)),
    "0001906": Term("feature_truncation", ("0001878",)),
    "0001907": Term("feature_elongation", ("0001878",)),
    "0001908": Term("internal_feature_elongation", ("0001907",)),
    "0001968": Term("coding_transcript_variant", ("0001576",)),
    "0001983": Term("5_prime_UTR_premature_start_codon_variant", ("0001623",)),
    "0001988": Term("5_prime_UTR_premature_start_codon_gain_variant", ("0001983",)),
    "0001992": Term("nonsynonymous_variant", ("0001650",)),
    "0002008": Term("rare_amino_acid_variant", ("0001586",)),
    "0002011": Term("intragenic_variant", ("0001576",)),
    "0002012": Term("start_lost", ("0001582", "0001992")),
    "0002013": Term("5_prime_UTR_truncation", ("0001623",)),
    "0002014": Term("5_prime_UTR_elongation", ("0001623",)),
    "0002015": Term("3_prime_UTR_truncation", ("0001624",)),
    "0002016": Term("3_prime_UTR_elongation", ("0001624",)),
    "0002017": Term("conserved_intergenic_variant", ("0001628",)),
    "0002018": Term("conserved_intron_variant", ("0001627",)),
    "0002019": Term("start_retained_variant", ("0001582", "0001819")),
    "0002073": Term("no_sequence_alteration"),
    "0002086": Term("bidirectional_gene_fusion", ("0001565",)),
    "0002087": Term("unidirectional_gene_fusion", ("0001565",)),
    "0002093": Term("structural_interaction_variant", ("0001060",)),
    "0002152": Term("genic_downstream_transcript_variant", ("0001576",)),
    "0002153": Term("genic_upstream_transcript_variant", ("0001576",)),
    "0002169": Term("splice_polypyrimidine_tract_variant", ("0001568",)),
    "0002170": Term("splice_donor_region_variant", ("0001630",)),
    "1000035": Term("duplication", ("0001537",)),
    "1000036": Term("inversion", ("0001537",)),
    "1000182": Term("chromosome_number_variation", ("0001537",)),
}
EFFECTS: Mapping[str, Term] = MappingProxyType(
    {
        f"SO:{number}": Term(label, tuple(f"SO:{b}" for b in broader))
        for number, (label, broader) in _TERMS.items()
    }
)
"""Every term by its id."""


REPLACING = frozenset(
    f"SO:{number}"
    for number in (
        *("0001578", "0001582", "0001583", "0001585", "0001586", "0001587"),
        *("0001650", "0001818", "0001992", "0002008", "0002012"),
    )
)
"""Effects that may replace one amino acid."""

LENGTHENING = frozenset(
    f"SO:{number}"
    for number in (
        *("0001580", "0001589", "0001820", "0001821", "0001822"),
        *("0001823", "0001824", "0001825", "0001826"),
    )
)
"""Other effects on a protein: they add or remove amino acids."""


@cache
def narrower(term: str) -> tuple[str, ...]:
    """Return a term and every term it stands for, sorted."""
    found, waiting = {term}, [term]
    while waiting:
        above = waiting.pop()
        below = {name for name, known in EFFECTS.items() if above in known.broader}
        waiting += below - found
        found |= below
    return tuple(sorted(found))
