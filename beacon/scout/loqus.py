"""What Scout asks of loqusdb ↔ what it is here: a question, and how it is answered.

Pure.  Scout takes an answer that is no 200 for "0 observations", so whatever happens
is a 200, and what is not known is -1, never 0.  Nobody is named: no families.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from beacon.model.assemblies import ASSEMBLIES, find_contig
from beacon.model.status import Status

VERSION = "2.5"
"""The loqusdb whose shape this is: Scout compares it as a text."""
UNKNOWN = -1
MOST_SIMILAR = 100
"""Similar structural variants that are counted together."""

_ID = re.compile(r"(?P<chrom>.{1,60})_(?P<pos>[0-9]{1,10})_(?P<ref>\w+)_(?P<alt>\w+)")
_BASES = re.compile(r"[ACGTN]{1,10000}", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,10}")
_SPANS = frozenset(("DEL", "DUP", "INV", "CNV"))
_TOTAL = "Total"
_PAIR = 2

Document = Mapping[str, object]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A dataset as it is asked: where, and on which assembly.

    Attributes:
        people: who were looked at wherever it is asked; ``None``: not told, or some
            of them in some places only.
    """

    dataset: str
    assembly: str
    people: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What is known of a variant.

    Attributes:
        status: the word of the answer.
        people: who carry it; ``None``: not told.
        homozygous, hemizygous: of them.
        total: people of the dataset who were looked at.
        message: a sentence, where the number needs one.
    """

    status: Status
    people: int | None = None
    homozygous: int | None = None
    hemizygous: int | None = None
    total: int | None = None
    message: str | None = None

    @property
    def members(self) -> dict[str, object]:
        """What loqusdbapi would say of it, and why where that is not all."""
        told: dict[str, object] = {
            "observations": _or_unknown(self.people),
            "homozygote": _or_unknown(self.homozygous),
            "hemizygote": _or_unknown(self.hemizygous),
            "total": _or_unknown(self.total),
            "families": [],
            "status": str(self.status),
        }
        return told if self.message is None else {**told, "message": self.message}


def _or_unknown(number: int | None) -> int:
    return UNKNOWN if number is None else number


def not_understood(message: str) -> Observed:
    """Return that a question is none we read."""
    return Observed(status=Status.NO_ANSWER, message=message)


# --- questions ----------------------------------------------------------------------


def allele_question(identity: str, assembly: str) -> dict[str, str] | None:
    """Return the parameters of a question for ``chrom_pos_ref_alt``; 1-based.

    ``None``: it is no such id.
    """
    found = _ID.fullmatch(identity)
    if found is None or not all(_BASES.fullmatch(found[n]) for n in ("ref", "alt")):
        return None
    if (
        find_contig(ASSEMBLIES[assembly], found["chrom"]) is None
        or int(found["pos"]) < 1
    ):
        return None
    return {
        "assemblyId": assembly,
        "referenceName": found["chrom"],
        "start": str(int(found["pos"]) - 1),
        "referenceBases": found["ref"].upper(),
        "alternateBases": found["alt"].upper(),
        "requestedGranularity": "count",
        "includeResultsetResponses": "ALL",
    }


def event_question(told: Mapping[str, str], assembly: str) -> dict[str, str] | None:
    """Return the parameters of a question for what is similar to an event.

    POS of VCF is the base before an event, so it is where its first base begins.
    ``None``: a parameter is missing or wrong, or nothing is said of such events.
    """
    kind = told.get("sv_type", "").upper()
    numbers = [told.get("pos", ""), told.get("end", "")]
    if not all(map(_NUMBER.fullmatch, numbers)):
        return None
    pos, end = map(int, numbers)
    known = ASSEMBLIES[assembly]
    chrom = told.get("chrom", "")
    other = told.get("end_chrom") or chrom
    if find_contig(known, chrom) is None or find_contig(known, other) is None:
        return None
    question = {
        "assemblyId": assembly,
        "referenceName": chrom,
        "variantType": kind,
        "similarity": "0.5",
        "requestedGranularity": "record",
        "includeResultsetResponses": "ALL",
        "limit": str(MOST_SIMILAR),
    }
    if kind in _SPANS and end > pos and other == chrom:
        return {**question, "start": str(pos), "end": str(end)}
    if kind == "INS":
        return {**question, "start": str(pos)}
    if kind == "BND" and end > 0:
        mate = {"mateName": other, "mateStart": str(end - 1)}
        return {**question, "start": str(max(0, pos - 1)), **mate}
    return None


# --- answers ------------------------------------------------------------------------


def place_of(document: Document) -> Place | None:
    """Return the dataset that an answer is about; ``None``: it serves nothing."""
    response = _as(document.get("response"), dict)
    for record in _as(response.get("collections"), list):
        told = _as(record, dict)
        information = _as(told.get("info"), dict)
        assembly = information.get("assembly")
        if isinstance(assembly, str) and assembly in ASSEMBLIES:
            people = information.get("sampleCount")
            return Place(
                dataset=str(told.get("id")),
                assembly=assembly,
                people=people if isinstance(people, int) else None,
            )
    return None


def allele_observed(document: Document, place: Place) -> Observed:
    """Return what an answer says of one allele."""
    information = _information(document)
    status = _status(information)
    if status is Status.NOT_SEEN:
        # Without alleles that could have shown it, it is not known who was looked at.
        is_known = isinstance(information.get("alleleNumber"), int)
        return _nobody(place if is_known else replace(place, people=None))
    counts = _counts(information, _ALLELE)
    if status is not Status.SEEN or counts is None:
        return _untold(status, place)
    hom, het, hemi = counts
    people = hom + het + hemi
    # Whoever has one called copy beside one that is not is none of the three.
    count = information.get("alleleCount")
    if isinstance(count, int) and "countAdjustedTo" not in _sets(document)[0]:
        people += max(0, count - _PAIR * hom - het - hemi)
    return _seen(people, hom, hemi, place)


def event_observed(document: Document, place: Place) -> Observed:
    """Return what an answer says of all variants that are similar to an event.

    Somebody with two of them is two observations, as in loqusdb.
    """
    information = _information(document)
    status = _status(information)
    if status is Status.NOT_SEEN:
        # Where not all was looked at, or nobody says it was, not all could show it.
        is_whole = information.get("coverage") is None
        return _nobody(place if is_whole else replace(place, people=None))
    records = [r for each in _sets(document) for r in _as(each.get("results"), list)]
    counts = [_total(_as(record, dict)) for record in records]
    known = [each for each in counts if each is not None]
    if status is not Status.SEEN or not known or len(known) < len(counts):
        return _untold(status, place)
    hom, het, hemi = (sum(each) for each in zip(*known, strict=True))
    said = _seen(hom + het + hemi, hom, hemi, place)
    if len(records) < MOST_SIMILAR:
        return said
    message = f"at least: the {MOST_SIMILAR} closest variants are counted"
    return replace(said, message=message)


def _nobody(place: Place) -> Observed:
    return Observed(
        status=Status.NOT_SEEN,
        people=0,
        homozygous=0,
        hemizygous=0,
        total=place.people,
    )


def _seen(people: int, hom: int, hemi: int, place: Place) -> Observed:
    return Observed(
        status=Status.SEEN,
        people=max(1, people),
        homozygous=hom,
        hemizygous=hemi,
        total=place.people,
    )


def _untold(status: Status, place: Place) -> Observed:
    return Observed(status=status, total=place.people, message=_SENTENCES[status])


_SENTENCES = {
    Status.SEEN: "it has been seen; how often is not told",
    Status.NOT_COVERED: "the dataset says nothing about this place",
    Status.WITHHELD: "the policy withholds the answer",
    Status.REFUSED: "the question was refused",
    Status.NO_ANSWER: "there is no answer",
    Status.NOT_ASKED: "the dataset was not asked",
    Status.NOT_SEEN: "it has not been seen",
}
_ALLELE = ("homozygous", "heterozygous", "hemizygous")
_GENOTYPES = ("genotypeHomozygous", "genotypeHeterozygous", "genotypeHemizygous")


def _status(information: Document) -> Status:
    try:
        return Status(str(information.get("status")))
    except ValueError:
        return Status.NO_ANSWER


def _sets(document: Document) -> list[Document]:
    response = _as(document.get("response"), dict)
    return [_as(each, dict) for each in _as(response.get("resultSets"), list)]


def _information(document: Document) -> Document:
    """Return what the one result set says of itself."""
    sets = _sets(document)
    return _as(sets[0].get("info"), dict) if len(sets) == 1 else {}


def _total(record: Document) -> tuple[int, ...] | None:
    """Return the people of a record, all together."""
    for source in _as(record.get("frequencyInPopulations"), list):
        for each in _as(_as(source, dict).get("frequencies"), list):
            if _as(each, dict).get("population") == _TOTAL:
                return _counts(each, _GENOTYPES)
    return None


def _counts(told: Document, names: Sequence[str]) -> tuple[int, ...] | None:
    found = [told.get(name) for name in names]
    counts = tuple(n for n in found if isinstance(n, int) and n >= 0)
    return counts if len(counts) == len(names) else None


def _as(value: object, kind: type[T]) -> T:
    """Return a value of its kind, or an empty one."""
    return value if isinstance(value, kind) else kind()
