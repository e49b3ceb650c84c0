"""One variant record as Beacon JSON: the genomicVariant of the default model.

Only what a disclosure holds is written; a frequency is made here, at the edge,
from the integers it holds.  Location and bases use the legacy form every client
reads (VRS 1.3 SequenceLocation, 0-based interbase).
Beacon v2, genomicVariations/defaultSchema.json.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from beacon.model.notation import hgvs_g, spdi
from beacon.model.pattern import affected_length, identity_of, mate_side, type_of
from beacon.model.structure import Join, Named, Structure, described
from beacon.model.vrs import PREFIX, vrs_ids
from beacon.wire.annotations import (
    alternative_ids,
    identifiers,
    molecular_attributes,
    variant_level_data,
)
from beacon.wire.info import given

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.model.counts import AlleleCounts
    from beacon.model.disclosure import GroupDisclosure, VariantDisclosure
    from beacon.model.similarity import Similar
    from beacon.model.structure import Margin
    from beacon.model.variant import Allele, Reference
    from beacon.wire.info import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where frequencies come from: a dataset, its address and its release."""

    name: str
    address: str
    release: int | None


def genomic_variant(
    variant: VariantDisclosure,
    source: Source,
    references: Mapping[str, Reference],
    similar: Similar | None = None,
) -> Document:
    """Return the genomicVariant record of one variant of one dataset.

    Args:
        variant: what may be said of it.
        source: where its frequencies come from.
        references: genomes that HGVS names are moved 3' with, by assembly.
        similar: the event it was found by, where it was.
    """
    frequencies = [
        entry for group in variant.groups if (entry := _frequency(group)) is not None
    ]
    identity = identity_of(variant.allele)
    return given(
        id=identity,  # some validators fill the ``{id}`` of the map from it alone
        variantInternalId=identity,
        variation=_variation(variant.allele),
        identifiers=_identifiers(variant, references),
        molecularAttributes=molecular_attributes(variant.annotation),
        variantLevelData=variant_level_data(variant.annotation),
        frequencyInPopulations=[_population(source, frequencies)]
        if frequencies
        else None,
        info=(_structure(variant.allele) | _closeness(variant.allele, similar)) or None,
    )


def _structure(allele: Allele) -> Document:
    """Return what the LegacyVariation cannot say of a structural allele."""
    if not allele.is_symbolic:
        return {}
    said, known = described(allele.alternate), allele.structure or Structure()
    details: Document = given(
        name=said.text,
        length=affected_length(allele) if isinstance(said, Named) else None,
        startMargin=_margin(known.start_margin),
        endMargin=_margin(known.end_margin),
        lengthMargin=_margin(known.length_margin),
        imprecise=True if known.is_imprecise else None,
    )
    if isinstance(said, Join):
        details |= _mate(allele, said)
    return details


def _mate(allele: Allele, said: Join) -> Document:
    """Return a breakend's mate, 0-based; a single breakend has none we know."""
    strands = None if said.strands == "?" else said.strands
    if said.mate is None or said.pos is None:
        return given(strands=strands)
    side = mate_side(allele)
    start = max(0, said.pos - 1) if side is None else side.start
    return given(mateName=said.mate, mateStart=start, strands=strands)


def _margin(margin: Margin) -> list[int] | None:
    return list(margin) if any(margin) else None


def _closeness(allele: Allele, similar: Similar | None) -> Document:
    """Return how close a variant is to the event that was asked for."""
    close = None if similar is None else similar.closeness(allele)
    if close is None:
        return {}
    overlap = None if close.overlap is None else round(close.overlap, 4)
    return {"similarity": given(overlap=overlap, breakpointDistance=close.distance)}


def _variation(allele: Allele) -> Document:
    """Return the LegacyVariation; a symbolic allele has no bases, only a type."""
    return given(
        location={
            "type": "SequenceLocation",
            "sequence_id": f"refseq:{allele.contig.refseq}",
            "interval": {
                "type": "SequenceInterval",
                "start": {"type": "Number", "value": allele.start},
                "end": {"type": "Number", "value": allele.end},
            },
        },
        variantType=type_of(allele),
        referenceBases=None if allele.is_symbolic else allele.reference,
        alternateBases="" if allele.is_symbolic else allele.alternate,
    )


def _identifiers(
    variant: VariantDisclosure, references: Mapping[str, Reference]
) -> Document | None:
    """Return every name of a variant: those its bases give, and those of its files."""
    allele, said = variant.allele, variant.annotation
    named = identifiers(said)
    others = alternative_ids(said)
    if not allele.is_symbolic:
        reference = references.get(allele.contig.assembly)
        named = {"genomicHGVSId": hgvs_g(allele, reference)} | named
        others = [*_computed_ids(allele, reference), *others]
    return (named | given(variantAlternativeIds=others or None)) or None


def _computed_ids(allele: Allele, reference: Reference | None) -> list[Document]:
    """Return the ids that an allele's place and bases give."""
    ids: list[Document] = [{"id": f"spdi:{spdi(allele)}", "notes": "SPDI"}]
    known = None if reference is None else vrs_ids(allele, reference)
    if known is not None:
        ids.append({"id": f"{PREFIX}{known.v2}", "notes": "VRS 2"})
        ids.append({"id": f"{PREFIX}{known.v1}", "notes": "VRS 1.3"})
    return ids


def _population(source: Source, frequencies: list[Document]) -> Document:
    return given(
        source=source.name,
        sourceReference=source.address,
        version=None if source.release is None else str(source.release),
        frequencies=frequencies,
    )


def _frequency(group: GroupDisclosure) -> Document | None:
    """Return one population's entry; none where nobody could have shown the allele."""
    counts = group.counts
    if counts.frequency is None:
        return None
    homozygous = None if counts.hom is None else 2 * counts.hom
    return given(
        population=group.label,
        alleleFrequency=counts.frequency,
        alleleCount=counts.ac,
        alleleNumber=counts.an,
        alleleCountHomozygous=homozygous,
        alleleCountHeterozygous=_heterozygous_copies(counts),
        alleleCountHemizygous=counts.hemi,
        genotypeHomozygous=counts.hom,
        genotypeHeterozygous=counts.het,
        genotypeHemizygous=counts.hemi,
    )


def _heterozygous_copies(counts: AlleleCounts) -> int | None:
    """Return AC less the homozygous and hemizygous copies, so the three sum to AC.

    A source that does not tell hemizygotes may tell heterozygotes, one copy each.
    """
    if counts.ac is None or counts.hom is None or counts.hemi is None:
        return counts.het
    return counts.ac - 2 * counts.hom - counts.hemi
