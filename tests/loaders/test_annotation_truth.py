"""Genes and effects of real files equal what plain splitting finds in them."""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from beacon.model.effects import EFFECTS
from loaders import LoadOptions, open_cohort

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHARED = Path(__file__).parents[3] / "shared" / "data"
_LABELS = {term.label: name for name, term in EFFECTS.items()}
_SHORT = {
    "non_coding": "non_coding_transcript_variant",
    "intron": "intron_variant",
    "3_prime_utr": "3_prime_UTR_variant",
    "5_prime_utr": "5_prime_UTR_variant",
    "coding_sequence": "coding_sequence_variant",
    "missense": "missense_variant",
    "frameshift": "frameshift_variant",
    "synonymous": "synonymous_variant",
    "splice_region": "splice_region_variant",
    "splice_acceptor": "splice_acceptor_variant",
    "splice_donor": "splice_donor_variant",
    "stop_retained": "stop_retained_variant",
}


def lines_of(path: Path) -> Iterator[list[str]]:
    """Yield the columns of every data line."""
    raw = path.read_bytes()
    text = gzip.decompress(raw) if path.suffix == ".gz" else raw
    for line in text.decode().splitlines():
        if not line.startswith("#"):
            yield line.split("\t")


def loaded(path: Path) -> dict[tuple[int, str, str], tuple[set[str], set[str]]]:
    """Return genes and effects of every allele, by start, REF and ALT."""
    cohort = open_cohort([path], LoadOptions(assembly="GRCh37", max_bad=1.0))
    found = {}
    for record in cohort.records():
        said = record.annotation
        if record.alternate and said is not None:
            key = (record.start, record.reference, record.alternate)
            symbols = {gene for gene in said.genes if not gene.startswith("ENSG")}
            found[key] = (symbols, set(said.effects))
    return found


def needed(name: str) -> Path:
    """Return a shared file, or skip the test that needs it."""
    path = _SHARED / name
    if not path.exists():
        pytest.skip(f"{name} is not at hand")
    return path


def shortest(pos: int, ref: str, alt: str) -> tuple[int, str, str]:
    """Return an allele trimmed as VCF wants it, written anew for this test."""
    while len(ref) > 1 and len(alt) > 1 and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while len(ref) > 1 and len(alt) > 1 and ref[0] == alt[0]:
        pos, ref, alt = pos + 1, ref[1:], alt[1:]
    return pos - 1, ref, alt


def test_every_consequence_of_bcftools_is_the_allele_s() -> None:
    """A trio's BCSQ, record by record; records at one place name each other's."""
    path = needed("annot/giab_ashkenazi_trio.vep.b37.vcf.gz")
    wanted = {}
    for _, pos, _, ref, alt, _, _, info, *_ in lines_of(path):
        genes, effects = set(), set()
        for value in re.findall(r"(?:^|;)BCSQ=([^;]*)", info):
            for entry in value.split(","):
                words, gene, *rest = entry.split("|")
                if len(rest) == 5:
                    at, one, two = re.fullmatch(r"(\d+)(\w+)>(\w+)", rest[4]).groups()
                    here = shortest(int(pos), ref, alt)
                    if shortest(int(at), one, two) != here:
                        continue
                genes |= {gene} - {""}
                effects |= {_LABELS[_SHORT.get(w, w)] for w in words.split("&")}
        if effects:
            wanted[shortest(int(pos), ref, alt)] = (genes, effects)

    found = loaded(path)

    assert len(wanted) > 9_000
    assert {k: v for k, v in found.items() if v != (set(), set())} == wanted


def test_every_consequence_of_vep_is_the_allele_s() -> None:
    """ALLELE_NUM tells the truth, which is found here from the spelling."""
    path = needed("annot/split-vep.csq.vcf")
    wanted = defaultdict(lambda: (set(), set()))
    for _, pos, _, ref, alts, _, _, info, *_ in lines_of(path):
        for entry in re.search(r"(?:^|;)CSQ=([^;]*)", info)[1].split(","):
            fields = entry.split("|")
            alt = alts.split(",")[int(fields[18]) - 1]
            if alt != "*":
                genes, effects = wanted[shortest(int(pos), ref, alt)]
                genes |= {fields[3] or fields[4]} - {""}
                effects |= {_LABELS[w] for w in fields[1].split("&")}

    assert len(wanted) > 800
    assert loaded(path) == dict(wanted)
