"""Ways of writing that no place can be read from, and what to write instead.

One row of ``UNREAD`` per way: each gets a sentence of its own, because "not
understood" helps nobody and "not found" would be a wrong answer.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_AMINO_ACIDS = (
    "Ala|Arg|Asn|Asp|Cys|Gln|Glu|Gly|His|Ile|Leu|Lys|Met|Phe|Pro|Ser|Thr|Trp|Tyr|"
    "Val|Sec|Pyl|Ter"
)
_GENOMIC = "give the genomic form, as 22-16050408-T-C or NC_000022.10:g.16050408T>C"
_CHANGED = r"fs\S*|del\S*|dup\S*|ins\S*|ext\S*|delins\S*|[*=X?]"


_BAND = r"(?:chr)?(?:[0-9]{1,2}|[XY])[pq](?:ter|cen|[0-9]{1,2}(?:\.[0-9]+)?)"
_BAND_TO = r"(?:\s?-?\s?(?:[pq](?:ter|cen|[0-9]+(?:\.[0-9]+)?)))?"
PLACED = (
    r"(?:chr)?(?:[0-9]{1,2}|[XYM]|MT)[-:](?:g\.)?[0-9]{3,}[-:]?[ACGT]+[-:>/][ACGT]+"
)
_EVENT = (
    r"(?:micro)?(?:del|dup|loss|gain|deletion|duplication|deletie|triplication|cnv)"
)


class Unread(NamedTuple):
    """One way of writing: its name, its form, and the sentence it gets."""

    name: str
    form: re.Pattern[str]
    sentence: str


def _row(name: str, form: str, sentence: str) -> Unread:
    return Unread(name, re.compile(form, re.IGNORECASE | re.ASCII), sentence)


UNREAD: tuple[Unread, ...] = (
    _row(
        "no rs number",
        r"(?:dbsnp:)?rs\s?[0-9]{16,}",
        "This is no rs number: dbSNP has none of more than 15 digits; check it for "
        "digits too many.",
    ),
    _row(
        "several rsIDs",
        r"rs[0-9]+(?:[\s,;/+]+rs[0-9]+)+",
        "Several rsIDs were given; ask for one at a time.",
    ),
    _row(
        "submission to dbSNP",
        r"ss[0-9]+",
        "ss numbers are submissions to dbSNP; give the rs number of the variant.",
    ),
    _row(
        "karyotype",
        r"arr\b.*|(?:4[0-9]|mos\s.*),\s?[XY]{1,4}\b.*"
        r"|.*\b(?:t|ins|inv|del|dup|der|add)\([0-9XY;]+\)\s?\([pq].*",
        "This is ISCN, a karyotype or the result of an array, which is not read; give "
        "the region in bases with its type, as del 22:18912231-21465672.",
    ),
    _row(
        "result of an array",
        rf"{_BAND}{_BAND_TO}\s?\([0-9_,?\s-]+\)\s?x\s?[0-9]"
        rf"|(?:chr)?(?:[0-9]{{1,2}}|[XY])[:-][0-9,]+[-_][0-9,]+\s?\(?x\s?[0-9]\)?",
        "A number of copies (x1, x3) is not read; give the region in bases with its "
        "type, as del 22:18912231-21465672.",
    ),
    _row(
        "cytogenetic band",
        rf"(?:{_EVENT}\s)?{_BAND}{_BAND_TO}(?:\s{_EVENT}(?:\ssyndrome)?)?",
        "This is a cytogenetic band, whose bounds are not exact; give a region in "
        "bases, as 22:18912231-21465672.",
    ),
    _row(
        "accession of ClinVar",
        r"(?:RCV|SCV|VCV)[0-9]+(?:\.[0-9]+)?|clinvar[\s:_-]*[0-9]+",
        f"This is an accession of ClinVar, which does not say the variant; {_GENOMIC}.",
    ),
    _row(
        "accession of another register",
        r"COS[MVN][0-9]+|CA[0-9]{4,}|O?MIM[\s:]*[0-9]{6}(?:\.[0-9]{4})?"
        r"|C[MDISRGPXEN][0-9]{5,7}|(?:n|e|dg)s?s?v[0-9]+|gnomad-sv\S+",
        "This is a number of another register (COSMIC, ClinGen, OMIM, HGMD, dbVar), "
        f"which does not say the variant; {_GENOMIC}.",
    ),
    _row(
        "transcript or protein",
        r"(?:N[MRP]|X[MRP])_[0-9]+(?:\.[0-9]+)?|ENS[TPE][0-9]+(?:\.[0-9]+)?"
        r"|LRG_[0-9]+(?:[tp][0-9]+)?",
        f"This names a transcript or protein and no variant of it; {_GENOMIC}.",
    ),
    _row(
        "sequence of one gene",
        r"(?:NG_[0-9]+(?:\.[0-9]+)?|LRG_[0-9]+)(?:\([^)]*\))?\s?:\s?g\..*",
        "Positions on the sequence of one gene (NG_, LRG_) cannot be placed on a "
        f"chromosome here; {_GENOMIC}.",
    ),
    _row(
        "number",
        r"[0-9][0-9,]{2,}",
        "This is a number alone: a position needs its chromosome, as 22:27886287, and "
        "an rsID its rs, as rs27886287.",
    ),
    _row(
        "genomic HGVS without a sequence",
        r"g\.\s?.*",
        "A genomic change needs its sequence: write for example chr22:g.16050408T>C "
        "or NC_000022.10:g.16050408T>C.",
    ),
    _row(
        "HGVS with a comma",
        r"\S*\s?[:\s]?[cgmnrp],\s?[0-9*-]+.*",
        "HGVS has a full stop behind its letter, as in g.16050408T>C, not a comma.",
    ),
    _row(
        "transcript or protein change beside a gene",
        r"\S+\s+(?:\S+\s+)?\(?[cnrp]\.\s?\S.*",
        "HGVS on a transcript or protein (c., n., r., p.) needs a map of transcripts "
        f"that is not here; {_GENOMIC} (your tool shows it).",
    ),
    _row(
        "star allele",
        r"[A-Z][A-Z0-9-]*\s?\*\s?[0-9]+[A-Z0-9:.+-]*(?:\s?/.*)?",
        "Star alleles (pharmacogenes, HLA) are combinations of variants; ask for one "
        "variant of it, as 22-16050408-T-C.",
    ),
    _row(
        "several variants",
        rf"{PLACED}(?:[\s,;+&|]+(?:and\s)?{PLACED})+",
        "Several variants were given; ask for one at a time, or paste them as a list.",
    ),
    _row(
        "bases alone",
        r"[ACGTUN\s]{20,}",
        "These are bases without a place: give position, REF and ALT, as "
        "22-16050408-T-C.",
    ),
    _row(
        "allele on a sequence that is no chromosome",
        r"(?!chr|[XYM]-|MT-)[A-Z][A-Z0-9]{1,8}-[A-Z][A-Z0-9]{0,8}"
        r"[-:\s][0-9]+[-:\s]?[ACGTN]+[-:>/\s][ACGTN]+",
        "This variant is on a sequence that is no chromosome; variants are asked on "
        "1 to 22, X, Y and MT, as 22-16050408-T-C.",
    ),
    _row(
        "alleles without a chromosome",
        r"[0-9][0-9,]{3,}\s?[-:\s]?\s?[ACGT]+\s?[->/]\s?[ACGT]+",
        "The chromosome is missing: write for example 22-16050408-T-C.",
    ),
    _row(
        "alleles before the place",
        r"[ACGT]+\s?[>/]\s?[ACGT]+[\s,@]+(?:at\s)?(?:chr)?[0-9XYMT]{1,2}[-:].*",
        "The place comes before the alleles: write for example 22:16050408 T>C.",
    ),
    _row(
        "change named as before HGVS",
        r"[0-9]+(?:_[0-9]+)?(?:del|ins|dup)[ACGTN0-9]*|(?:Δ|delta)\s?-?[A-Z][0-9]+"
        r"|[A-Z][A-Z0-9]{1,9}[\s:]+(?:Δ|delta)\s?-?[A-Z][0-9]+",
        "This is a change as it was named before HGVS, counted from the beginning of a "
        f"gene or protein; {_GENOMIC}.",
    ),
    _row(
        "intron",
        r".*\bIVS\s?-?[0-9]+.*",
        f"Changes counted from an intron (IVS) cannot be placed here; {_GENOMIC}.",
    ),
    _row(
        "exon",
        r".*\bexons?\b.*",
        "Exons cannot be placed here; give the region in bases, as "
        "del 22:18912231-21465672.",
    ),
)
"""Every way that is known and cannot be read, in the order they are tried."""

PROTEIN = re.compile(
    rf"\(?(?:(?:{_AMINO_ACIDS})[0-9]+(?:_\S+)?(?:{_AMINO_ACIDS}|{_CHANGED})\S*"
    rf"|[A-Z][0-9]+(?:[A-Z]|{_CHANGED})|(?:del|ins|dup)[A-Z][0-9]+)\)?",
    re.IGNORECASE | re.ASCII,
)
PROTEIN_SENTENCE = (
    "This reads as a change of a protein without its gene, which cannot be placed; "
    f"{_GENOMIC}."
)
GENE_CHANGE_SENTENCE = (
    "A change beside a gene's name cannot be placed without a map of its transcripts; "
    f"{_GENOMIC} (your tool shows it)."
)


def is_protein_change(text: str) -> bool:
    """Whether a text looks like ``T4413fs``, ``V600E``, ``Glu221AsnfsTer5``."""
    return PROTEIN.fullmatch(text) is not None
