"""Variant ↔ one signed 64-bit number whose order is genome order.  Pure.

    63      59 58                    31 30                              0
    | contig | 0-based start (28 bits)| alleles (31 bits)               |   - 2**63

Alleles of at most 11 bases together, all of them A, C, G or T, are written out:
4 + 4 bits of lengths, 22 bits of bases, and a last bit 0 (the layout of
VariantKey, Asuni and Wilder 2019, doi:10.1101/473744).  Others are a hash of
30 bits and a last bit 1; whoever stores them keeps REF and ALT beside the key,
compares them, and takes the next ``salt`` where another allele sits already.
A site (no allele) has allele bits 0.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import NamedTuple

SALTS = 4

_POSITION_BITS = 28
_ALLELE_BITS = 31
_OFFSET = 1 << 63
_ALLELE_MASK = (1 << _ALLELE_BITS) - 1
_POSITION_MASK = HIGHEST_START = (1 << _POSITION_BITS) - 1
_LONGEST_WRITTEN = 11
PER_START = 1 << _ALLELE_BITS
"""How many keys begin at one base."""
_CODES = {"A": 0, "C": 1, "G": 2, "T": 3}


class Key(NamedTuple):
    """A key taken apart; the alleles are ``None`` where it holds their hash."""

    rank: int
    start: int
    reference: str | None
    alternate: str | None


def encode(rank: int, start: int, reference: str, alternate: str, salt: int = 0) -> int:
    """Return the key of an allele; ``salt`` matters only where it is hashed."""
    alleles = _allele_bits(reference, alternate, salt)
    return ((rank << _POSITION_BITS | start) << _ALLELE_BITS | alleles) - _OFFSET


def decode(key: int) -> Key:
    """Return what a key says."""
    number = key + _OFFSET
    place = number >> _ALLELE_BITS
    reference, alternate = _alleles(number & _ALLELE_MASK)
    return Key(place >> _POSITION_BITS, place & _POSITION_MASK, reference, alternate)


def position_range(rank: int, start: int, end: int) -> tuple[int, int]:
    """Return ``(low, high)``: keys ``low <= k < high`` begin in ``[start, end)``."""
    low = (rank << _POSITION_BITS) + max(0, start)
    high = (rank << _POSITION_BITS) + max(0, min(end, _POSITION_MASK + 1))
    return (low << _ALLELE_BITS) - _OFFSET, (high << _ALLELE_BITS) - _OFFSET


def lowest_key(rank: int, start: int) -> int:
    """Return the lowest of the ``PER_START`` keys that begin at ``start``."""
    return ((rank << _POSITION_BITS) + start << _ALLELE_BITS) - _OFFSET


def contig_range(rank: int) -> tuple[int, int]:
    """Return ``(low, high)``: the keys of a contig are ``low <= k < high``."""
    return position_range(rank, 0, _POSITION_MASK + 1)


def start_of(key: int) -> int:
    """Return the 0-based start a key names."""
    return key + _OFFSET >> _ALLELE_BITS & _POSITION_MASK


def place_key(rank: int, start: int) -> int:
    """Return one number for a contig and a start; its order is genome order."""
    return rank << _POSITION_BITS | start


def place_of_key(key: int) -> int:
    """Return the ``place_key`` of what a key names."""
    return key + _OFFSET >> _ALLELE_BITS


def rank_and_start(place: int) -> tuple[int, int]:
    """Return the contig's rank and the start that a ``place_key`` is of."""
    return place >> _POSITION_BITS, place & _POSITION_MASK


def is_site(key: int) -> bool:
    """Whether a key names a position without an allele."""
    return key & _ALLELE_MASK == 0


def is_hashed(reference: str, alternate: str) -> bool:
    """Whether a key holds only a hash of these alleles."""
    return bool(_allele_bits(reference, alternate, 0) & 1)


def allele_bits(key: int) -> int:
    """Return the bits of a key that spell its allele, or are their hash."""
    return key & _ALLELE_MASK


def spelled_bits(reference: str, alternate: str) -> int:
    """Return the bits of an allele; odd where they are a hash."""
    return _allele_bits(reference, alternate, 0)


def is_hashed_key(key: int) -> bool:
    """Whether a key holds a hash of its alleles, and not the alleles."""
    return bool(key + _OFFSET & 1)


def length_class(start: int, end: int) -> int:
    """Return ``ceil(log2(length))`` of a span; 0 for one base or none."""
    return max(0, end - start - 1).bit_length()


def long_key(rank: int, start: int, end: int, reference: str, alternate: str) -> bytes:
    """Return the key of a long or symbolic allele: a digest of all that it is."""
    whole = f"{rank}:{start}:{end}:{reference}:{alternate}"
    return hashlib.sha256(whole.encode()).digest()[:16]


@lru_cache(maxsize=1 << 16)
def _allele_bits(reference: str, alternate: str, salt: int) -> int:
    written = reference + alternate
    if len(written) > _LONGEST_WRITTEN or not _CODES.keys() >= set(written):
        return _hash_of(reference, alternate, salt) << 1 | 1
    bases = 0
    for base in written:
        bases = bases << 2 | _CODES[base]
    bases <<= 2 * (_LONGEST_WRITTEN - len(written))
    return (len(reference) << 4 | len(alternate)) << 23 | bases << 1


@lru_cache(maxsize=1 << 16)
def _alleles(bits: int) -> tuple[str | None, str | None]:
    if bits & 1:
        return None, None
    split, whole = bits >> 27, (bits >> 27) + (bits >> 23 & 15)
    shifts = range(21, 21 - 2 * whole, -2)
    written = "".join("ACGT"[bits >> shift & 3] for shift in shifts)
    return written[:split], written[split:]


def _hash_of(reference: str, alternate: str, salt: int) -> int:
    """Return 30 bits of a digest of the alleles."""
    whole = f"{salt}:{reference}:{alternate}"
    digest = hashlib.blake2b(whole.encode(), digest_size=4).digest()
    return int.from_bytes(digest) >> 2
