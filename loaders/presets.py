"""Which INFO fields hold the counts of the sources people load: plain data.

One row a source, each a tuple of forms: the first form whose Total a file has
is the file's.  What a mapping means, and how it meets a header, is ``mapping``'s.
A form names every group once per spelling; of two spellings of one label the
first that a file has is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loaders.mapping import CountMapping, GroupFields

if TYPE_CHECKING:
    from collections.abc import Mapping

_ISO = "[A-Z]{2}"
_GNOMAD = (
    "afr", "ami", "amr", "asj", "eas", "fin", "mid", "nfe", "oth", "remaining", "sas",
    "eas_jpn", "eas_kor", "eas_oea", "nfe_bgr", "nfe_est", "nfe_nwe", "nfe_onf",
    "nfe_seu", "nfe_swe",
)  # fmt: skip
_SUPER = ("AFR", "AMR", "EAS", "EUR", "SAS")
_POPULATION, _SEX, _BOTH = "{population}", "{sex}", "{population}_{sex}"


def _filled(label: str, *names: str) -> GroupFields:
    """Return a group as bcftools +fill-tags names it, the kind before or behind.

    Its AC_Hom, AC_Het and AC_Hemi count alleles; half-calls are in none of them.
    """
    names = names or (label,)
    return GroupFields(
        label=label,
        ac=tuple(f"AC_{n}" for n in names),
        an=tuple(f"AN_{n}" for n in names),
        hom=tuple(f for n in names for f in (f"AC_Hom_{n}", f"AC_{n}_Hom")),
        het=tuple(f for n in names for f in (f"AC_Het_{n}", f"AC_{n}_Het")),
        hemi=tuple(f for n in names for f in (f"AC_Hemi_{n}", f"AC_{n}_Hemi")),
    )


_FILLED_TOTAL = GroupFields(
    label="Total",
    ac=("AC",),
    an=("AN",),
    hom=("AC_Hom",),
    het=("AC_Het",),
    hemi=("AC_Hemi",),
)


def _gnomad(label: str, *names: str) -> GroupFields:
    """Return a group of gnomAD, whose parts are joined by ``_`` or ``-``."""
    return GroupFields(
        label=label,
        ac=tuple(f"AC{name}" for name in names),
        an=tuple(f"AN{name}" for name in names),
        hom=tuple(f"nhomalt{name}" for name in names),
        hemi=tuple(f"nhemi{name}" for name in names),
    )


def _gnomad_groups(prefix: str) -> tuple[GroupFields, ...]:
    return tuple(
        _gnomad(label, *names)
        for label, names in (
            ("Total", (prefix,)),
            (_POPULATION, (f"{prefix}_{_POPULATION}", f"{prefix}-{_POPULATION}")),
            (_SEX, (f"{prefix}_{_SEX}", f"{prefix}-{_SEX}")),
            (
                _BOTH,
                (
                    f"{prefix}_{_BOTH}",
                    f"{prefix}_{_SEX}_{_POPULATION}",
                    f"{prefix}-{_POPULATION}-{_SEX}",
                    f"{prefix}-{_SEX}-{_POPULATION}",
                ),
            ),
        )
    )


PRESETS: Mapping[str, tuple[CountMapping, ...]] = {
    "goe": (
        CountMapping(
            about="Genome of Europe: bcftools +fill-tags by ISO country and sex",
            total="AC of AN: everybody in the file",
            homozygous="alleles",
            population_form=_ISO,
            groups=(
                _FILLED_TOTAL,
                _filled(_POPULATION),
                _filled(_SEX),
                _filled(_BOTH, _BOTH, f"{_SEX}_{_POPULATION}"),
            ),
            needs_groups=True,
        ),
    ),
    "gnomad": tuple(
        CountMapping(
            about=about,
            total=total,
            homozygous="people",
            populations=_GNOMAD,
            groups=_gnomad_groups(prefix),
            needs_groups=True,
        )
        for about, total, prefix in (
            ("gnomAD v2 to v4, exomes or genomes", "AC of AN: high quality calls", ""),
            ("gnomAD v4 joint", "AC_joint of AN_joint: exomes and genomes", "_joint"),
        )
    ),
    "exac": (
        CountMapping(
            about="ExAC 0.3 and 1.0",
            total="AC_Adj of AN_Adj: high quality calls (AC and AN count all calls)",
            homozygous="people",
            populations=("AFR", "AMR", "EAS", "FIN", "NFE", "OTH", "SAS"),
            groups=(
                GroupFields(
                    label="Total",
                    ac=("AC_Adj",),
                    an=("AN_Adj",),
                    hom=("AC_Hom",),
                    het=("AC_Het",),
                    hemi=("AC_Hemi",),
                ),
                GroupFields(
                    label=_POPULATION,
                    ac=("AC_{population}",),
                    an=("AN_{population}",),
                    hom=("Hom_{population}", "AC_Hom_{population}"),
                    het=("Het_{population}", "AC_Het_{population}"),
                    hemi=("Hemi_{population}", "AC_Hemi_{population}"),
                ),
                GroupFields(label=_SEX, ac=("AC_{sex}",), an=("AN_{sex}",)),
            ),
            needs_groups=True,
        ),
    ),
    "evs": (
        CountMapping(
            about="Exome Variant Server (ESP6500)",
            total="TAC: European and African Americans; AN is the sum of its values",
            homozygous="people",
            counts="alt,ref",
            genotypes="GTS",
            groups=(
                GroupFields(label="Total", ac=("TAC",), people=("GTC",)),
                GroupFields(label="EA", ac=("EA_AC",), people=("EA_GTC",)),
                GroupFields(label="AA", ac=("AA_AC",), people=("AA_GTC",)),
            ),
        ),
    ),
    "1000g": (
        CountMapping(
            about="1000 Genomes, phase 3 (no counts by population) and 30x",
            total="AC of AN: all samples of the release",
            homozygous="alleles",
            populations=_SUPER,
            groups=(_FILLED_TOTAL, _filled(_POPULATION)),
            needs_field="EUR_AF|AF_EUR|AC_EUR",
        ),
    ),
    "fill-tags": (
        CountMapping(
            about="bcftools +fill-tags, with the groups of its -S, under their names",
            total="AC of AN: everybody in the file",
            homozygous="alleles",
            sexes={},
            groups=(_FILLED_TOTAL, _filled(_POPULATION)),
            needs_field="AC_Hom|AC_Het|AC_Hemi|AN_.+",
        ),
    ),
    "topmed": (
        CountMapping(
            about="TOPMed as published by BRAVO",
            total="AC of AN: everybody in the freeze",
            homozygous="people",
            groups=(
                GroupFields(
                    label="Total", ac=("AC",), an=("AN",), hom=("Hom",), het=("Het",)
                ),
            ),
            needs_field="Hom|Het",
        ),
    ),
}
