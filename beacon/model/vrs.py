"""GA4GH VRS ids of alleles: the same for every spelling of one allele.

An allele is first stretched over every place where it reads the same (fully
justified), then digested.  VRS 2 writes what the reference spells by its length
alone, VRS 1.3 spells it out; both ids begin ``ga4gh:VA.``.
VRS 2.0, https://vrs.ga4gh.org, "Normalization" and "Computed Identifiers".
"""

from __future__ import annotations

from binascii import b2a_base64
from hashlib import sha512
from typing import TYPE_CHECKING, NamedTuple

from beacon.model.variant import left_align, right_align, strip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from beacon.model.genome import Contig
    from beacon.model.variant import Allele, Reference

PREFIX = "ga4gh:VA."
_LONGEST_UNIT = 100_000
_FOR_URLS = bytes.maketrans(b"+/", b"-_")
_BASES = frozenset("ACGT")


class Justified(NamedTuple):
    """An allele in its one VRS form: what stands between ``start`` and ``end``.

    Attributes:
        sequence: the bases there, spelled out.
        subunit: bases of the unit that the reference repeats there; ``None``:
            the sequence is not the reference's own.
    """

    start: int
    end: int
    sequence: str
    subunit: int | None = None


class VrsIds(NamedTuple):
    """The digests of one allele, without ``ga4gh:VA.``."""

    v2: str
    v1: str


def sha512t24u(blob: bytes) -> str:
    """Return GA4GH's digest: 24 bytes of SHA-512, in base64 for URLs."""
    digest = b2a_base64(sha512(blob).digest()[:24], newline=False)
    return digest.translate(_FOR_URLS).decode()


def vrs_ids(allele: Allele, reference: Reference) -> VrsIds | None:
    """Return the VRS ids of a sequence allele.

    ``None`` where there is none to be sure of: the sequence has no digest here,
    bases are not known, or the allele is named instead of spelled.
    """
    digest = allele.contig.refget
    if digest is None or allele.is_symbolic:
        return None
    form = justified(allele, reference)
    return None if form is None else _digests(digest, form)


def justified(allele: Allele, reference: Reference) -> Justified | None:
    """Return an allele in its fully justified form; ``None``: bases are not known."""
    start, ref, alt = allele.start, allele.reference, allele.alternate
    if ref in _BASES and alt in _BASES and ref != alt:  # nearly every allele
        return Justified(start, start + 1, alt)
    start, ref, alt = strip(start, ref, alt)
    if (ref + alt).strip("ACGT") or len(ref) + len(alt) > _LONGEST_UNIT:
        return None
    if ref and alt:
        return Justified(start, start + len(ref), alt)
    first, unit_ref, unit_alt = _leftmost(allele, reference)
    last, _, _ = right_align(allele, reference)
    end = last + len(ref)
    held = _held(allele.contig, first, end, reference)
    if held is None or not held.startswith(unit_ref):
        return None
    sequence = unit_alt + held[len(unit_ref) :]
    return Justified(first, end, sequence, _subunit(held, sequence))


def _leftmost(allele: Allele, reference: Reference) -> tuple[int, str, str]:
    aligned = left_align(allele, reference)
    return strip(aligned.start, aligned.reference, aligned.alternate)


def _held(contig: Contig, start: int, end: int, reference: Reference) -> str | None:
    """Return the bases of a stretch and check those beside it; ``None``: not known.

    Where the next base is not known, nobody can tell how far the stretch reaches.
    """
    low, high = max(0, start - 1), min(contig.length, end + 1)
    held = reference.bases(contig, low, high)
    if held is None or len(held) != high - low or held.strip("ACGT"):
        return None
    return held[start - low : end - low]


def _subunit(held: str, sequence: str) -> int | None:
    """Return the unit by which the reference spells a sequence of another length."""
    if len(sequence) < len(held):
        return len(held) - len(sequence)
    for unit in _divisors(len(sequence) - len(held)):
        if unit <= len(held) and _repeats(held[-unit:], sequence[len(held) :]):
            return unit
    return None


def _divisors(number: int) -> Iterator[int]:
    """Yield what divides a number, largest first."""
    small = [n for n in range(1, int(number**0.5) + 1) if number % n == 0]
    yield from (number // n for n in small)
    yield from (n for n in reversed(small) if n * n != number)


def _repeats(unit: str, sequence: str) -> bool:
    return sequence == (unit * (len(sequence) // len(unit) + 1))[: len(sequence)]


def _digests(sequence: str, form: Justified) -> VrsIds:
    """Return both digests.  The JSON is canonical: sorted, without blanks, ASCII."""
    place_2 = (
        f'{{"end":{form.end},"sequenceReference":{{"refgetAccession":"SQ.{sequence}",'
        f'"type":"SequenceReference"}},"start":{form.start},"type":"SequenceLocation"}}'
    )
    place_1 = (
        f'{{"interval":{{"end":{{"type":"Number","value":{form.end}}},"start":'
        f'{{"type":"Number","value":{form.start}}},"type":"SequenceInterval"}},'
        f'"sequence_id":"{sequence}","type":"SequenceLocation"}}'
    )
    spelled = f'{{"sequence":"{form.sequence}","type":"LiteralSequenceExpression"}}'
    state = spelled
    if form.subunit is not None:
        state = (
            f'{{"length":{len(form.sequence)},"repeatSubunitLength":{form.subunit},'
            '"type":"ReferenceLengthExpression"}'
        )
    return VrsIds(v2=_allele(place_2, state), v1=_allele(place_1, spelled))


def _allele(place: str, state: str) -> str:
    location = sha512t24u(place.encode())
    return sha512t24u(
        f'{{"location":"{location}","state":{state},"type":"Allele"}}'.encode()
    )
