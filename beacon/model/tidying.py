"""Pasted text made plain: what editors, mail, web pages and tables do to a variant.

Nothing here knows a notation: characters, blanks, quotes, thousands separators,
words behind a variant, and the name of an assembly beside it.
"""

from __future__ import annotations

import re
from html import unescape

from beacon.model import assemblies
from beacon.model.reading import refuse

_LONGEST_TEXT = 100_000
_LONGEST_ASSEMBLY = 30

# Characters that word processors, mail and web pages put for the plain ones.
_PLAIN = str.maketrans(
    {
        "\u00a0": " ",
        "\u2009": " ",
        "\u202f": " ",
        "\u200b": None,
        "\ufeff": None,
        "\u2010": "-",
        "\u2011": "-",
        "\u2012": "-",
        "\u2013": "-",
        "\u2014": "-",
        "\u2212": "-",
        "\u2192": ">",
        "\u203a": ">",
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "\u2018": "'",
        "\u2019": "'",
        "\uff1a": ":",
    }
)


# Web pages escape characters; typography parts thousands by blanks of its own.
_ENTITY = re.compile(
    r"&(?:gt|lt|amp|quot|apos|nbsp|#[0-9]{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE
)
_THOUSANDS = re.compile(
    r"(?<![0-9])[0-9]{1,3}(?:[\u2009\u202f\u2019'][0-9]{3})+(?![0-9])"
    r"|(?<![0-9])[0-9]{1,3}(?:\u00a0[0-9]{3}){2,}(?![0-9])"
    r"|(?:(?<=[0-9XYMT] )|(?<=[:-])|(?<=[:,] ))[0-9]{1,3}(?: [0-9]{3}){2,}(?![0-9])",
    re.IGNORECASE,
)
_NOT_A_DIGIT = re.compile(r"[^0-9]")
_ZYGOSITY = re.compile(
    r"[\s(\[,;|]+(?:het|hom|hemi|heterozyg\w*|homozyg\w*|hemizyg\w*|de novo"
    r"|[01][/|][01])[)\].;]*\Z",
    re.IGNORECASE,
)
# What forms, reports and people write around the variant itself.
_LABEL = re.compile(
    r"(?:hgvsg?|variants?|positions?|pos|locus|coordinates?|genomic"
    r"|chromosome|chrom|kromosom)(?:\.?\s?[:=]\s?|\s)(?=\S)",
    re.IGNORECASE,
)
_POSITION = re.compile(
    r"(?<=[0-9XYMT])[,;]?\s(?:position|pos\.?)\s?[:=]?\s?(?=[0-9])", re.IGNORECASE
)
_BRACKETED = re.compile(r"\(([ACGT]+\s?[>/]\s?[ACGT]+)\)", re.IGNORECASE)
_PROTEIN_BESIDE = re.compile(r"(?<=[ACGTdelpinsv])[\s,;]+\(?p\.\S+\Z")
_GENE_BESIDE = re.compile(r"(>[ACGT]+|del|dup|ins[ACGT]+)\s\([A-Z][A-Z0-9-]{1,14}\)\Z")
_A_PLACE = re.compile(
    r"(?:chr)?(?:[0-9]{1,2}|[XYM]|MT|NC_[0-9.]+)[-:](?:g\.)?[0-9]{3}", re.IGNORECASE
)


def tidy(text: str) -> str:
    """Return a text as somebody would have typed it.

    Raises:
        NotUnderstood: when nothing is left, or it is more than one line.
    """
    if len(text) > _LONGEST_TEXT:
        refuse("The text is too long for one variant.")
    text = _ENTITY.sub(lambda entity: unescape(entity[0]), text)
    text = text.replace('"', "")
    text = _THOUSANDS.sub(lambda number: _NOT_A_DIGIT.sub("", number[0]), text)
    lines = [line for line in text.translate(_PLAIN).splitlines() if line.strip()]
    if len(lines) > 1:
        refuse("Several lines were given; ask for one variant at a time.")
    # Runs of blanks become one, so that no form below can backtrack over them.
    text = " ".join("".join(lines).split()).removeprefix("=").strip("\"'` ")
    text = _unlabelled(text)
    last = _ZYGOSITY.search(text, max(0, len(text) - _LONGEST_ASSEMBLY))
    text = text if last is None else text[: last.start()]
    text = text.removesuffix(",").removesuffix(";").strip("\"'` ")
    if not text:
        refuse("Nothing was given to ask for.")
    return text


def _unlabelled(text: str) -> str:
    """Return a text without the words around its variant."""
    label = _LABEL.match(text)
    while label is not None:
        text = text[label.end() :]
        label = _LABEL.match(text)
    text = _BRACKETED.sub(r"\1", _POSITION.sub(":", text))
    if _A_PLACE.match(text) is None:
        return text
    return _GENE_BESIDE.sub(r"\1", _PROTEIN_BESIDE.sub("", text))


_ASSEMBLY_WORDS = "|".join(
    re.escape(alias)
    for alias in sorted(
        {
            alias
            for known in assemblies.ASSEMBLIES.values()
            for alias in (known.name, *known.aliases)
            if not alias.isdigit()
        },
        key=len,
        reverse=True,
    )
)
_ASSEMBLY_FIRST = re.compile(
    rf"[(\[]?({_ASSEMBLY_WORDS})[)\]]?(?:\s*[-:/|_,]\s*|\s+)(.+)", re.IGNORECASE
)
_ASSEMBLY_LAST = re.compile(
    rf"[\s(\[,|:_@-]+({_ASSEMBLY_WORDS})[)\]]?\Z", re.IGNORECASE
)


def take_assembly(text: str) -> tuple[str | None, str]:
    """Split an assembly written before or after the rest from it."""
    first = _ASSEMBLY_FIRST.fullmatch(text)
    if first is not None:
        return first[1], first[2]
    last = _ASSEMBLY_LAST.search(text, max(1, len(text) - _LONGEST_ASSEMBLY))
    if last is not None:
        return last[1], text[: last.start()]
    return None, text


def without_assembly(text: str) -> str:
    """Return a text without an assembly written beside it."""
    return take_assembly(text)[1]
