"""Links that lead to other sites, to the same variant or the same place there.

Nothing is asked of them; whoever follows one leaves this site, which does not say
where they came from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, urlencode

from beacon.model.genome import pos_from_start

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from beacon.model.variant import Allele

_UCSC: Final[Mapping[str, str]] = {
    "GRCh37": "hg19",
    "GRCh38": "hg38",
    "T2T-CHM13": "hs1",
}
_GNOMAD: Final[Mapping[str, str]] = {"GRCh37": "gnomad_r2_1", "GRCh38": "gnomad_r4"}
_GNOMAD_LARGE: Final[Mapping[str, str]] = {
    "GRCh37": "gnomad_sv_r2_1",
    "GRCh38": "gnomad_sv_r4",
}
_ENSEMBL: Final[Mapping[str, str]] = {
    "GRCh37": "https://grch37.ensembl.org",
    "GRCh38": "https://www.ensembl.org",
}
_CLINVAR: Final[Mapping[str, str]] = {"GRCh37": "chrpos37", "GRCh38": "chrpos38"}
_MITOCHONDRION: Final = "MT"
_OF_MITOCHONDRIA: Final = "gnomad_r4"
"""gnomAD's of GRCh37 has none; the sequence is that of GRCh38."""
_OLD_CHRM: Final = "hg19"
"""Of UCSC's genomes the one whose chrM is another sequence: ours is its chrMT."""
_LONGEST: Final = 200
"""Bases of an allele that an address of another site is made of."""


class Outward(NamedTuple):
    """A link to another site: what it is called, and its address."""

    name: str
    address: str


class Place(NamedTuple):
    """What a link is about: a variant, or a stretch.

    Attributes:
        assembly: its canonical name.
        contig: its short name.
        first, last: 1-based, both inside.
        reference, alternate: the allele; ``None``: a stretch.
        kind: of an event, such as ``DEL``.
    """

    assembly: str
    contig: str
    first: int
    last: int
    reference: str | None = None
    alternate: str | None = None
    kind: str | None = None

    @property
    def is_allele(self) -> bool:
        """Whether it is one that fits into an address."""
        if self.reference is None or self.alternate is None:
            return False
        return len(self.reference) + len(self.alternate) <= _LONGEST

    @property
    def dashed(self) -> str:
        """The allele with dashes, as most sites write it."""
        return f"{self.first}-{self.reference}-{self.alternate}"

    @property
    def short(self) -> str:
        """The sequence, the mitochondrial one as ``M``."""
        return "M" if self.contig == _MITOCHONDRION else self.contig


def place_of(allele: Allele) -> Place:
    """Return what links about an allele are about."""
    is_spelled = allele.is_anchored
    return Place(
        assembly=allele.contig.assembly,
        contig=allele.contig.name,
        first=pos_from_start(allele.start),
        last=max(allele.end, pos_from_start(allele.start)),
        reference=allele.reference if is_spelled else None,
        alternate=allele.alternate if is_spelled else None,
    )


def outward(place: Place) -> tuple[Outward, ...]:
    """Return where else a place can be looked at, in an order that is always one."""
    found = ((name, make(place)) for name, make in _SITES.items())
    return tuple(Outward(name, address) for name, address in found if address)


def _gnomad(place: Place) -> str | None:
    dataset = (_GNOMAD if place.is_allele else _GNOMAD_LARGE).get(place.assembly)
    if dataset is None:
        return None
    if place.contig == _MITOCHONDRION:
        dataset = _OF_MITOCHONDRIA
    if place.is_allele:
        path = f"variant/{place.short}-{place.dashed}"
    else:
        path = f"region/{place.short}-{place.first}-{place.last}"
    return f"https://gnomad.broadinstitute.org/{path}?dataset={dataset}"


def _clinvar(place: Place) -> str | None:
    field = _CLINVAR.get(place.assembly)
    if field is None:
        return None
    where = str(place.first)
    if place.last > place.first and not place.is_allele:
        where = f"{place.first}:{place.last}"
    term = f"{place.contig}[chr] AND {where}[{field}]"
    return f"https://www.ncbi.nlm.nih.gov/clinvar/?{urlencode({'term': term})}"


def _ensembl(place: Place) -> str | None:
    site = _ENSEMBL.get(place.assembly)
    if site is None:
        return None
    where = f"{place.contig}:{place.first}-{place.last}"
    return f"{site}/Homo_sapiens/Location/View?r={where}"


def _decipher(place: Place) -> str | None:
    site = "https://www.deciphergenomics.org"
    where = f"{place.contig}:{place.first}-{place.last}"
    match place.assembly:
        case "GRCh38" if place.is_allele:
            return f"{site}/sequence-variant/{place.contig}-{place.dashed}"
        case "GRCh38":
            return f"{site}/browser#q/{where}"
        case "GRCh37":
            return f"{site}/browser#q/grch37:{where}"
    return None


def _franklin(place: Place) -> str | None:
    genome = _UCSC.get(place.assembly)
    if place.assembly not in _GNOMAD or genome is None:
        return None
    site = "https://franklin.genoox.com/clinical-db/variant"
    if place.is_allele:
        return f"{site}/snp/chr{place.short}-{place.dashed}-{genome}"
    if place.kind in ("DEL", "DUP"):
        where = f"chr{place.short}-{place.first}-{place.last}"
        return f"{site}/sv/{where}-{place.kind}-{genome}"
    return None


def _ucsc(place: Place) -> str | None:
    genome = _UCSC.get(place.assembly)
    if genome is None:
        return None
    contig = place.contig if genome == _OLD_CHRM else place.short
    where = quote(f"chr{contig}:{place.first}-{place.last}", safe=":-")
    return f"https://genome.ucsc.edu/cgi-bin/hgTracks?db={genome}&position={where}"


_SITES: Final[Mapping[str, Callable[[Place], str | None]]] = {
    "gnomAD": _gnomad,
    "ClinVar": _clinvar,
    "Ensembl": _ensembl,
    "DECIPHER": _decipher,
    "Franklin": _franklin,
    "UCSC": _ucsc,
}
