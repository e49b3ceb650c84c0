"""The assemblies we know: their sequences, every name of them, and their PARs.

Facts of the Genome Reference Consortium, NCBI and the T2T Consortium, as tables;
a sequence, an alias or an assembly is added by a row.  All look-ups are one
dictionary access and ignore case.  Scaffolds, patches and decoys are not here:
a name that is not in the table is unknown, never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from beacon.model.errors import InvalidRequest, UnknownContig
from beacon.model.genome import Contig, Interval, interval_from_pos

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LONGEST_QUOTED = 60

# Columns: name, length, RefSeq accession, GenBank accession, refget digest.
_GRCH37 = """
1 249250621 NC_000001.10 CM000663.1 S_KjnFVz-FE7M0W6yoaUDgYxLPc1jyWU
2 243199373 NC_000002.11 CM000664.1 9KdcA9ZpY1Cpvxvg8bMSLYDUpsX6GDLO
3 198022430 NC_000003.11 CM000665.1 VNBualIltAyi2AI_uXcKU7M9XUOuA7MS
4 191154276 NC_000004.11 CM000666.1 iy7Zfceb5_VGtTQzJ-v5JpPbpeifHD_V
5 180915260 NC_000005.9 CM000667.1 vbjOdMfHJvTjK_nqvFvpaSKhZillW0SX
6 171115067 NC_000006.11 CM000668.1 KqaUhJMW3CDjhoVtBetdEKT1n6hM-7Ek
7 159138663 NC_000007.13 CM000669.1 IW78mgV5Cqf6M24hy52hPjyyo5tCCd86
8 146364022 NC_000008.10 CM000670.1 tTm7wmhz0G4lpt8wPspcNkAD_qiminj6
9 141213431 NC_000009.11 CM000671.1 HBckYGQ4wYG9APHLpjoQ9UUe9v7NxExt
10 135534747 NC_000010.10 CM000672.1 -BOZ8Esn8J88qDwNiSEwUr5425UXdiGX
11 135006516 NC_000011.9 CM000673.1 XXi2_O1ly-CCOi3HP5TypAw7LtC6niFG
12 133851895 NC_000012.11 CM000674.1 105bBysLoDFQHhajooTAUyUkNiZ8LJEH
13 115169878 NC_000013.10 CM000675.1 Ewb9qlgTqN6e_XQiRVYpoUfZJHXeiUfH
14 107349540 NC_000014.8 CM000676.1 5Ji6FGEKfejK1U6BMScqrdKJK8GqmIGf
15 102531392 NC_000015.9 CM000677.1 zIMZb3Ft7RdWa5XYq0PxIlezLY2ccCgt
16 90354753 NC_000016.9 CM000678.1 W6wLoIFOn4G7cjopxPxYNk2lcEqhLQFb
17 81195210 NC_000017.10 CM000679.1 AjWXsI7AkTK35XW9pgd3UbjpC3MAevlz
18 78077248 NC_000018.9 CM000680.1 BTj4BDaaHYoPhD3oY2GdwC_l0uqZ92UD
19 59128983 NC_000019.9 CM000681.1 ItRDD47aMoioDCNW_occY5fWKZBKlxCX
20 63025520 NC_000020.10 CM000682.1 iy_UbUrvECxFRX5LPTH_KPojdlT7BKsf
21 48129895 NC_000021.8 CM000683.1 LpTaNW-hwuY_yARP0rtarCnpCQLkgVCg
22 51304566 NC_000022.10 CM000684.1 XOgHwwR3Upfp5sZYk6ZKzvV25a4RBVu8
X 155270560 NC_000023.10 CM000685.1 v7noePfnNpK8ghYXEqZ9NukMXW7YeNsm
Y 59373566 NC_000024.9 CM000686.1 BT7QyW5iXaX_1PSX-msSGYsqRdMKqkj-
MT 16569 NC_012920.1 J01415.2 k3grVkjY-hoWcCUojHw6VU6GE3MZ8Sct
"""

_GRCH38 = """
1 248956422 NC_000001.11 CM000663.2 Ya6Rs7DHhDeg7YaOSg1EoNi3U_nQ9SvO
2 242193529 NC_000002.12 CM000664.2 pnAqCRBrTsUoBghSD1yp_jXWSmlbdh4g
3 198295559 NC_000003.12 CM000665.2 Zu7h9AggXxhTaGVsy7h_EZSChSZGcmgX
4 190214555 NC_000004.12 CM000666.2 HxuclGHh0XCDuF8x6yQrpHUBL7ZntAHc
5 181538259 NC_000005.10 CM000667.2 aUiQCzCPZ2d0csHbMSbh2NzInhonSXwI
6 170805979 NC_000006.12 CM000668.2 0iKlIQk2oZLoeOG9P1riRU6hvL5Ux8TV
7 159345973 NC_000007.14 CM000669.2 F-LrLMe1SRpfUZHkQmvkVKFEGaoDeHul
8 145138636 NC_000008.11 CM000670.2 209Z7zJ-mFypBEWLk4rNC6S_OxY5p7bs
9 138394717 NC_000009.12 CM000671.2 KEO-4XBcm1cxeo_DIQ8_ofqGUkp4iZhI
10 133797422 NC_000010.11 CM000672.2 ss8r_wB0-b9r44TQTMmVTI92884QvBiB
11 135086622 NC_000011.10 CM000673.2 2NkFm8HK88MqeNkCgj78KidCAXgnsfV1
12 133275309 NC_000012.12 CM000674.2 6wlJpONE3oNb4D69ULmEXhqyDZ4vwNfl
13 114364328 NC_000013.11 CM000675.2 _0wi-qoDrvram155UmcSC-zA5ZK4fpLT
14 107043718 NC_000014.9 CM000676.2 eK4D2MosgK_ivBkgi6FVPg5UXs1bYESm
15 101991189 NC_000015.10 CM000677.2 AsXvWL1-2i5U_buw6_niVIxD6zTbAuS6
16 90338345 NC_000016.10 CM000678.2 yC_0RBj3fgBlvgyAuycbzdubtLxq-rE0
17 83257441 NC_000017.11 CM000679.2 dLZ15tNO1Ur0IcGjwc3Sdi_0A6Yf4zm7
18 80373285 NC_000018.10 CM000680.2 vWwFhJ5lQDMhh-czg06YtlWqu0lvFAZV
19 58617616 NC_000019.10 CM000681.2 IIB53T8CNeJJdUqzn9V_JnRtQadwWCbl
20 64444167 NC_000020.11 CM000682.2 -A1QmD_MatoqxvgVxBLZTONHz9-c7nQo
21 46709983 NC_000021.9 CM000683.2 5ZUqxCmDDgN4xTRbaSjN8LwgZironmB8
22 50818468 NC_000022.11 CM000684.2 7B7SHsmchAR0dFcDCuSFjJAo7tX87krQ
X 156040895 NC_000023.11 CM000685.2 w0WZEvgJF0zf_P4yyTzjjv9oW1z61HHP
Y 57227415 NC_000024.10 CM000686.2 8_liLu1aycC0tPQPFmUaGXJLDs5SbPZ5
MT 16569 NC_012920.1 J01415.2 k3grVkjY-hoWcCUojHw6VU6GE3MZ8Sct
"""

# The mitochondrion of CHM13 has no RefSeq record; its GenBank accession stands in.
# No refget digests: none that we could check against the sequences.
_CHM13 = """
1 248387328 NC_060925.1 CP068277.2
2 242696752 NC_060926.1 CP068276.2
3 201105948 NC_060927.1 CP068275.2
4 193574945 NC_060928.1 CP068274.2
5 182045439 NC_060929.1 CP068273.2
6 172126628 NC_060930.1 CP068272.2
7 160567428 NC_060931.1 CP068271.2
8 146259331 NC_060932.1 CP068270.2
9 150617247 NC_060933.1 CP068269.2
10 134758134 NC_060934.1 CP068268.2
11 135127769 NC_060935.1 CP068267.2
12 133324548 NC_060936.1 CP068266.2
13 113566686 NC_060937.1 CP068265.2
14 101161492 NC_060938.1 CP068264.2
15 99753195 NC_060939.1 CP068263.2
16 96330374 NC_060940.1 CP068262.2
17 84276897 NC_060941.1 CP068261.2
18 80542538 NC_060942.1 CP068260.2
19 61707364 NC_060943.1 CP068259.2
20 66210255 NC_060944.1 CP068258.2
21 45090682 NC_060945.1 CP068257.2
22 51324926 NC_060946.1 CP068256.2
X 154259566 NC_060947.1 CP068255.2
Y 62460029 NC_060948.1 CP086569.2
MT 16569 CP068254.1 CP068254.1
"""

# 1-based and closed, as the GRC publishes them: sequence, first and last position.
_GRCH37_PAR = (
    ("X", 60_001, 2_699_520),
    ("X", 154_931_044, 155_260_560),
    ("Y", 10_001, 2_649_520),
    ("Y", 59_034_050, 59_363_566),
)
_GRCH38_PAR = (
    ("X", 10_001, 2_781_479),
    ("X", 155_701_383, 156_030_895),
    ("Y", 10_001, 2_781_479),
    ("Y", 56_887_903, 57_217_415),
)
_CHM13_PAR = (
    ("X", 1, 2_394_410),
    ("X", 153_925_835, 154_259_566),
    ("Y", 1, 2_458_320),
    ("Y", 62_122_810, 62_460_029),
)

# A patch adds scaffolds and leaves the chromosomes as they are, so every patch
# release of an assembly is that assembly.
_GRCH37_ALIASES = (
    *("hg19", "b37", "37", "build37", "hs37", "hs37d5", "human_g1k_v37"),
    *(f"GRCh37.p{patch}" for patch in range(14)),
    *(f"GCF_000001405.{version}" for version in range(13, 26)),
    *(f"GCA_000001405.{version}" for version in range(1, 15)),
)
_GRCH38_ALIASES = (
    *("hg38", "b38", "38", "build38", "hs38", "hs38d1", "hs38DH"),
    *(f"GRCh38.p{patch}" for patch in range(15)),
    *(f"GCF_000001405.{version}" for version in range(26, 41)),
    *(f"GCA_000001405.{version}" for version in range(15, 30)),
)
_CHM13_ALIASES = (
    *("hs1", "T2T", "T2T-CHM13v2", "T2T-CHM13v2.0", "CHM13", "CHM13v2", "CHM13v2.0"),
    *("GCF_009914755.1", "GCA_009914755.4"),
)

# Further plain names of a sequence; each is also known with ``chr`` before it.
_FURTHER_NAMES = {"X": ("23",), "Y": ("24",), "MT": ("M",)}

_ACCESSION = re.compile(
    r"(?:(?:refseq|insdc|genbank):)?((?:[A-Z]{2}_|[A-Z]{1,2})\d{5,})(?:\.(\d+))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """One genome assembly.

    Attributes:
        name: canonical name: ``GRCh37``, ``GRCh38`` or ``T2T-CHM13``.
        aliases: further names, without the canonical one.
        contigs: its 25 sequences in genome order; rank ``r`` at index ``r - 1``.
        par: the pseudo-autosomal regions, on X and on Y.
    """

    name: str
    aliases: tuple[str, ...]
    contigs: tuple[Contig, ...]
    par: tuple[Interval, ...]


def _assembly(
    name: str,
    aliases: tuple[str, ...],
    sequences: str,
    par: tuple[tuple[str, int, int], ...],
) -> Assembly:
    rows = (line.split() for line in sequences.split("\n") if line)
    contigs = tuple(
        Contig(
            assembly=name,
            name=row[0],
            rank=rank,
            length=int(row[1]),
            refseq=row[2],
            genbank=row[3],
            refget=row[4] if len(row) > 4 else None,
        )
        for rank, row in enumerate(rows, start=1)
    )
    by_name = {contig.name: contig for contig in contigs}
    regions = (interval_from_pos(by_name[x], first, last) for x, first, last in par)
    return Assembly(name=name, aliases=aliases, contigs=contigs, par=tuple(regions))


ASSEMBLIES: Mapping[str, Assembly] = MappingProxyType(
    {
        known.name: known
        for known in (
            _assembly("GRCh37", _GRCH37_ALIASES, _GRCH37, _GRCH37_PAR),
            _assembly("GRCh38", _GRCH38_ALIASES, _GRCH38, _GRCH38_PAR),
            _assembly("T2T-CHM13", _CHM13_ALIASES, _CHM13, _CHM13_PAR),
        )
    }
)
"""Every assembly by its canonical name."""


def _accessions(contig: Contig) -> set[str]:
    return {contig.refseq.casefold(), contig.genbank.casefold()}


def _names(contig: Contig) -> Iterable[str]:
    for plain in (contig.name, *_FURTHER_NAMES.get(contig.name, ())):
        yield from (plain.casefold(), f"chr{plain.casefold()}")
    for accession in _accessions(contig):
        yield from (accession, f"refseq:{accession}", f"insdc:{accession}")
        yield f"genbank:{accession}"


_ALL_CONTIGS = tuple(c for known in ASSEMBLIES.values() for c in known.contigs)
_ASSEMBLY_BY_NAME = {
    alias.casefold(): known
    for known in ASSEMBLIES.values()
    for alias in (known.name, *known.aliases)
}
_CONTIGS_BY_NAME = {
    known.name: {name: c for c in known.contigs for name in _names(c)}
    for known in ASSEMBLIES.values()
}
_CONTIGS_BY_ACCESSION: dict[str, tuple[Contig, ...]] = {}
_CONTIGS_BY_STEM: dict[str, tuple[Contig, ...]] = {}
for _contig in _ALL_CONTIGS:
    for _accession in sorted(_accessions(_contig)):
        _stem = _accession.partition(".")[0]
        _CONTIGS_BY_ACCESSION[_accession] = (
            *_CONTIGS_BY_ACCESSION.get(_accession, ()),
            _contig,
        )
        _CONTIGS_BY_STEM[_stem] = (*_CONTIGS_BY_STEM.get(_stem, ()), _contig)


def find_assembly(name: str) -> Assembly | None:
    """Return the assembly of any of its names, or ``None``."""
    return _ASSEMBLY_BY_NAME.get(name.strip().casefold())


def assembly(name: str) -> Assembly:
    """Return the assembly of any of its names.

    Raises:
        InvalidRequest: when no assembly has that name.
    """
    found = find_assembly(name)
    if found is None:
        message = (
            f"assemblyId {name[:_LONGEST_QUOTED]!r} is not an assembly we know; "
            f"known are {', '.join(ASSEMBLIES)} and their usual aliases."
        )
        raise InvalidRequest(message, parameter="assemblyId")
    return found


def find_contig(assembly: Assembly, name: str) -> Contig | None:
    """Return the contig of any of its names in ``assembly``, or ``None``."""
    return _CONTIGS_BY_NAME[assembly.name].get(name.strip().casefold())


def contig(assembly: Assembly, name: str) -> Contig:
    """Return the contig of any of its names in ``assembly``.

    Raises:
        UnknownContig: when the assembly has no such sequence.
    """
    found = find_contig(assembly, name)
    if found is None:
        raise UnknownContig(
            _unknown_sentence(assembly, name), parameter="referenceName"
        )
    return found


def is_accession(name: str) -> bool:
    """Whether ``name`` has the form of a RefSeq or GenBank accession."""
    return _ACCESSION.fullmatch(name.strip()) is not None


def contigs_by_accession(name: str) -> tuple[Contig, ...]:
    """Return the contigs an accession names: it decides the assembly.

    The mitochondrial NC_012920.1 is the same sequence in GRCh37 and GRCh38, so
    it gives two.  A name that is no accession gives none.

    Raises:
        UnknownContig: for an accession of a sequence or version we do not know.
    """
    match = _ACCESSION.fullmatch(name.strip())
    if match is None:
        return ()
    stem, version = match.groups()
    found = _CONTIGS_BY_ACCESSION.get(f"{stem}.{version}".casefold(), ())
    if not found:
        raise UnknownContig(_unknown_accession(name, stem), parameter="referenceName")
    return found


def _unknown_sentence(assembly: Assembly, name: str) -> str:
    match = _ACCESSION.fullmatch(name.strip())
    if match is not None:
        stem, version = match.groups()
        elsewhere = _CONTIGS_BY_ACCESSION.get(f"{stem}.{version}".casefold(), ())
        if not elsewhere:
            return _unknown_accession(name, stem)
        owners = " and ".join(c.assembly for c in elsewhere)
        return f"{name.strip()} is a sequence of {owners}, not of {assembly.name}."
    return (
        f"{assembly.name} has no sequence named {name[:_LONGEST_QUOTED]!r}; "
        "it has 1 to 22, X, Y and MT."
    )


def _unknown_accession(name: str, stem: str) -> str:
    known = _CONTIGS_BY_STEM.get(stem.casefold(), ())
    if not known:
        return (
            f"{name.strip()[:_LONGEST_QUOTED]} is not the accession of a chromosome "
            f"of {', '.join(ASSEMBLIES)}."
        )
    versions = " and ".join(
        f"{accession.upper()} in {c.assembly}"
        for c in known
        for accession in sorted(_accessions(c))
        if accession.startswith(f"{stem.casefold()}.")
    )
    return (
        f"{name.strip()} is not a version of that sequence this beacon knows; "
        f"it knows {versions}."
    )
