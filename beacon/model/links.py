"""Pasted links: what the address of a page says of a variant, a region or a gene.

One row of ``SITES`` per kind of page; the first that knows the address reads it.
A link is never followed: what it does not say itself is answered with a sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, NoReturn
from urllib.parse import unquote, urlsplit

from beacon.model.assemblies import find_assembly
from beacon.model.errors import NotUnderstood
from beacon.model.genome import pos_from_start

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_QUOTED = 60
_HERE = "here.invalid"
_COPY = "copy the variant itself, as 22-16050408-T-C"


class Told(NamedTuple):
    """What a link says: a text in a notation, and its assembly where it says one."""

    text: str
    assembly: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The parts of an address, percent signs undone."""

    host: str
    path: tuple[str, ...]
    asked: dict[str, str]
    fragment: str

    def after(self, word: str) -> str | None:
        """Return the part of the path behind a word."""
        folded = [part.casefold() for part in self.path]
        at = folded.index(word) + 1 if word in folded else len(folded)
        return self.path[at] if at < len(self.path) else None

    def is_at(self, *hosts: str) -> bool:
        """Whether it leads to one of these hosts, or to one below it."""
        return any(self.host == h or self.host.endswith(f".{h}") for h in hosts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One kind of page: which addresses it has, and what reads them."""

    name: str
    knows: Callable[[Link], bool]
    read: Callable[[Link], Told]


def _refuse(sentence: str) -> NoReturn:
    raise NotUnderstood(sentence, parameter="variant")


def read_link(text: str) -> Told:
    """Return what a link says.

    Raises:
        NotUnderstood: when it does not say which variant it is about.
    """
    link = _taken_apart(text)
    for site in SITES:
        if site.knows(link):
            return site.read(link)
    _refuse(f"Links to {link.host[:_LONGEST_QUOTED]} are not read; {_COPY}.")


def _taken_apart(text: str) -> Link:
    try:
        if text.startswith(("/", "#", "?")):  # of this page, without its host
            text = f"https://{_HERE}/{text.removeprefix('/')}"
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = parts.hostname
    except ValueError:
        host = None
    if host is None:
        _refuse(f"This link cannot be read; {_COPY}.")
    # Pages that are built in the browser keep their question behind the "#".
    fragment, _, behind = parts.fragment.partition("?")
    return Link(
        host=host,
        path=tuple(unquote(part) for part in parts.path.split("/") if part),
        asked=_asked(parts.query) | _asked(behind),
        fragment=unquote(fragment),
    )


def _asked(query: str) -> dict[str, str]:
    """Return the parameters of a query, parted by "&" or, at Ensembl, by ";"."""
    pairs = (part.partition("=") for part in re.split("[&;]", query) if part)
    return {
        unquote(name).casefold(): unquote(value.replace("+", " "))
        for name, _, value in pairs
    }


# --- what any page may say ---------------------------------------------------------


def _asks_network(link: Link) -> bool:
    return {"pos", "chrom", "allele"} <= link.asked.keys()


def _read_network(link: Link) -> Told:
    """Read the question Scout's Beacon link asks: 1-based, ``rs`` is the assembly."""
    asked = link.asked
    if not asked.get("ref"):
        _refuse("This Beacon link names no REF (ref=); give position, REF and ALT.")
    text = f"{asked['chrom']}-{asked['pos']}-{asked['ref']}-{asked['allele']}"
    return Told(text, asked.get("rs") or asked.get("assembly") or None)


def _asks_beacon(link: Link) -> bool:
    return "referencename" in link.asked and "start" in link.asked


def _read_beacon(link: Link) -> Told:
    """Read the address of a Beacon's answer: 0-based starts."""
    asked = link.asked
    contig, start, end = asked["referencename"], asked["start"], asked.get("end", "")
    assembly = asked.get("assemblyid") or None
    if not start.isdecimal() or (end and not end.isdecimal()):
        _refuse(
            f"Of Beacon links, those to one variant or one range are read; {_COPY}."
        )
    pos = pos_from_start(int(start))
    bases = (asked.get("referencebases", ""), asked.get("alternatebases", ""))
    if all(bases):
        return Told(f"{contig}-{pos}-{bases[0]}-{bases[1]}", assembly)
    if any(bases) or not end:
        _refuse(f"This Beacon link does not name both REF and ALT; {_COPY}.")
    kind = asked.get("varianttype", "")
    return Told(f"{contig}:{pos}-{end} {kind}".strip(), assembly)


def _is_ours(link: Link) -> bool:
    assembly = link.after("v")
    return assembly is not None and find_assembly(assembly) is not None


def _read_ours(link: Link) -> Told:
    at = link.path.index("v")
    text = "/".join(link.path[at + 2 :])
    if not text:
        _refuse(f"This link names no variant; {_COPY}.")
    return Told(text, link.path[at + 1])


_CODED = re.compile(r"[0-9a-f]{32}")


def _is_coded(link: Link) -> bool:
    return bool(link.path) and _CODED.fullmatch(link.path[-1]) is not None


def _read_coded(_: Link) -> Told:
    _refuse(
        "This link (Scout's pages have such) names the variant by a code that only "
        f"its own site can read; {_COPY}."
    )


# --- pages of others -------------------------------------------------------------

_GNOMAD = (("r2", "GRCh37"), ("exac", "GRCh37"), ("r3", "GRCh38"))
_GNOMAD_NEWEST = "GRCh38"
_GNOMAD_STRUCTURAL = re.compile(r"(?:[a-z]{3}_.*|[0-9]+__[a-z]+)", re.IGNORECASE)


def _read_gnomad(link: Link) -> Told:
    """Read gnomAD's; the dataset decides the assembly, the newest unless it is said."""
    kind, text = (*link.path, "", "")[:2]
    if kind not in ("variant", "region", "gene") or not text or len(link.path) > 2:
        _refuse("Of gnomAD's links, those to a variant, a region or a gene are read.")
    if kind == "variant" and _GNOMAD_STRUCTURAL.fullmatch(text):
        _refuse(
            "gnomAD's ids of structural variants do not say where they lie; give the "
            "region with its type, as del 22:18912231-21465672."
        )
    dataset = link.asked.get("dataset", "").lower()
    owners = [name for word, name in _GNOMAD if word in dataset]
    return Told(text, owners[0] if owners else _GNOMAD_NEWEST)


_STRUCTURAL = re.compile(
    r"(?P<contig>[^-:]+)[-:](?P<first>[0-9]+)[-:](?P<last>[0-9]+)[-:](?P<kind>[A-Z]+)"
    r"(?:[-:](?P<assembly>[A-Z0-9]+))?",
    re.IGNORECASE,
)


def _read_franklin(link: Link) -> Told:
    """Read Franklin's: the assembly stands behind the variant, or before a gene."""
    gene = link.after("gene")
    if gene is not None:
        named = find_assembly(gene)
        symbol = link.path[-1] if named else gene
        return Told(symbol, named.name if named else None)
    text = link.after("sv") or link.after("cnv")
    if text is not None:
        found = _STRUCTURAL.fullmatch(text)
        if found is None:
            _refuse(f"This structural variant of Franklin's cannot be read; {_COPY}.")
        place = f"{found['contig']}:{found['first']}-{found['last']}"
        return Told(f"{place} {found['kind']}", found["assembly"])
    text = next(
        (p for word in ("snp", "snp-tumor", "variant") if (p := link.after(word))), None
    )
    if text is None:
        _refuse(f"This link of Franklin's names no variant; {_COPY}.")
    return Told(text)


def _read_ncbi(link: Link) -> Told:
    if link.path[:1] == ("snp",) and len(link.path) > 1:
        return Told(
            link.path[1] if link.path[1].startswith("rs") else f"rs{link.path[1]}"
        )
    if "rs" in link.asked and "snp_ref.cgi" in link.path:
        return Told(f"rs{link.asked['rs'].removeprefix('rs')}")
    if link.path[:1] == ("clinvar",):
        if link.asked.get("term"):
            return Told(link.asked["term"])
        _refuse(
            "A ClinVar link names its entry by a number, not the variant; copy the "
            "genomic location out of the page, as NC_000022.10:g.16050408T>C."
        )
    _refuse(f"Of NCBI's links, those to dbSNP (snp/rs…) are read; {_COPY}.")


_OLD_MITOCHONDRION = re.compile(r"chrM(?!T)", re.IGNORECASE)


def _read_ucsc(link: Link) -> Told:
    text, genome = link.asked.get("position"), link.asked.get("db")
    if not text:
        _refuse("Of UCSC's links, those with a position are read; give a region.")
    if genome is not None and find_assembly(genome) is None:
        _refuse(
            f"UCSC's {genome[:_LONGEST_QUOTED]} is not an assembly this beacon knows."
        )
    if (genome or "").casefold() == "hg19" and _OLD_MITOCHONDRION.match(text):
        _refuse(
            "UCSC's chrM of hg19 is an older sequence (NC_001807) than MT of GRCh37, "
            "with other positions; look there at chrMT, or give the variant, as "
            "MT-3243-A-G."
        )
    return Told(text, genome)


def _read_ensembl(link: Link) -> Told:
    species = link.path[0] if link.path else ""
    if species.casefold() not in ("homo_sapiens", "human", "id", ""):
        _refuse(f"Ensembl's {species[:_LONGEST_QUOTED]} is not the human genome.")
    assembly = "GRCh37" if link.host.startswith("grch37.") else "GRCh38"
    asked, page = link.asked, link.path[1] if len(link.path) > 1 else ""
    keys = ("v", "g", "r") if page in ("Variation", "Gene", "") else ("r", "v", "g")
    text = next((asked[key] for key in keys if asked.get(key)), link.after("id"))
    if text is None:
        _refuse("Of Ensembl's links, those to a variant, a gene or a region are read.")
    return Told(text, assembly)


_OF_GRCH37 = "grch37:"


def _read_decipher(link: Link) -> Told:
    """Read DECIPHER's, which is on GRCh38 where it does not say otherwise."""
    text = link.after("sequence-variant") or link.after("gene")
    if text is None and link.fragment:
        parts = [part for part in link.fragment.split("/") if part]
        at = parts.index("location") + 1 if "location" in parts else 1
        text = parts[at] if at < len(parts) else None
    if text is None:
        _refuse(
            "Of DECIPHER's links, those to a sequence variant, a gene or a place in "
            f"the browser are read; {_COPY}."
        )
    if text.casefold().startswith(_OF_GRCH37):
        return Told(text[len(_OF_GRCH37) :], "GRCh37")
    return Told(text, "GRCh38")


def _read_varsome(link: Link) -> Told:
    kind, assembly, text = (*link.path, "", "", "")[:3]
    if kind not in ("variant", "position", "gene") or find_assembly(assembly) is None:
        _refuse(f"Of VarSome's links, those with hg19 or hg38 are read; {_COPY}.")
    return Told(text, assembly)


def _is(*hosts: str) -> Callable[[Link], bool]:
    return lambda link: link.is_at(*hosts)


SITES: tuple[Site, ...] = (
    Site(name="Beacon Network, Scout", knows=_asks_network, read=_read_network),
    Site(name="a Beacon", knows=_asks_beacon, read=_read_beacon),
    Site(name="gnomAD", knows=_is("gnomad.broadinstitute.org"), read=_read_gnomad),
    Site(name="Franklin", knows=_is("franklin.genoox.com"), read=_read_franklin),
    Site(name="ClinVar, dbSNP", knows=_is("ncbi.nlm.nih.gov"), read=_read_ncbi),
    Site(name="UCSC", knows=_is("ucsc.edu"), read=_read_ucsc),
    Site(name="Ensembl", knows=_is("ensembl.org"), read=_read_ensembl),
    Site(
        name="DECIPHER",
        knows=_is("deciphergenomics.org", "decipher.sanger.ac.uk"),
        read=_read_decipher,
    ),
    Site(name="VarSome", knows=_is("varsome.com"), read=_read_varsome),
    Site(name="this beacon", knows=_is_ours, read=_read_ours),
    Site(name="Scout", knows=_is_coded, read=_read_coded),
)
"""Every kind of page whose address is read, in the order they are tried."""
