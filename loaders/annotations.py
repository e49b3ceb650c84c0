"""INFO and ID of a record → what they say of each of its ALTs.

A file's header says once which annotations it holds and in which order their
fields stand; of a record only the fields wanted are read.  Whatever cannot be
read, or names no ALT of the record, is counted and named; it never makes a
record bad, and never lands on another ALT.
ClinVar's VCF, and rs numbers; what tools write is in ``annotation_entries``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from beacon.model.annotation import Annotation, Unread
from loaders.annotation_claims import LONGEST_HGVS, NO_ALT, Reading
from loaders.annotation_entries import READERS
from loaders.info import value_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from loaders.annotation_layouts import Annotated
    from loaders.report import LoadReport
    from loaders.vcf import Site

_RS = re.compile(rb"(?<![A-Za-z0-9_.-])rs([0-9]{1,12})(?![A-Za-z0-9.-])", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,12}\Z")
_WHOLE = re.compile(rb"[0-9]{1,12}\Z")


class FileAnnotations:
    """The annotations of one file's records.

    Args:
        annotated: what the file's header says of them.
        beside: what the headers of all files of the load say; an ALT without what
            others have is marked, and no "no" rests on it.
    """

    def __init__(self, annotated: Annotated, beside: Sequence[Annotated] = ()) -> None:
        self._annotated = annotated
        self._is_missing = any(b.depth > annotated.depth for b in beside)
        self._is_plain = annotated.is_plain and not self._is_missing
        self._tells_changes = any(a.tells_changes for a in (annotated, *beside))

    def of(self, site: Site, report: LoadReport | None) -> Mapping[int, Annotation]:
        """Return the annotation of every ALT that has one, by number from 1.

        Args:
            site: a record that was not skipped.
            report: is told what could not be read; ``None``: it was told before.
        """
        if self._is_plain:
            if site.identifier == b".":
                return _NOTHING
            return _same_for_all(site, _rs_numbers(site.identifier))
        reading = Reading(site)
        self._read(b";" + site.fields, reading)
        if report is not None and reading.faults:
            _tell(report, reading)
        return reading.annotations(changes_are_told=self._tells_changes)

    def _read(self, fields: bytes, reading: Reading) -> None:
        annotated = self._annotated
        for layout in annotated.layouts:
            value = value_of(fields, layout.key)
            if value:
                READERS[layout.style](layout, value, reading)
        if self._is_missing:
            reading.miss()
        elif annotated.is_of_every_alt:
            reading.miss(but=reading.annotated)
        if annotated.has_clinvar:
            _read_clinvar(fields, reading, tells_effects=annotated.has_clinvar_effects)
        identifier = reading.site.identifier
        if annotated.has_clinvar_ids and _WHOLE.match(identifier):
            for number in reading.alleles:
                reading.of(number).clinvar = identifier.decode()
        _add_identifiers(fields if annotated.has_rs else b"", reading)


_NOTHING: Mapping[int, Annotation] = {}


def _tell(report: LoadReport, reading: Reading) -> None:
    site = reading.site
    report.annotations.update(reading.faults)
    for reason, example in reading.examples.items():
        file_report = report.files[site.file]
        file_report.remark(site.line, f"annotation {reason}", example or reason)


def _same_for_all(site: Site, identifiers: tuple[str, ...]) -> Mapping[int, Annotation]:
    if not identifiers:
        return _NOTHING
    one = Annotation(identifiers=identifiers)
    if len(site.alternates) == 1:
        return {1: one}
    return dict.fromkeys(range(1, len(site.alternates) + 1), one)


# --- ClinVar, and rs numbers ---


def _text(fields: bytes, key: bytes) -> str:
    value = value_of(fields, key)
    return "" if value is None else value.decode("utf-8", "replace")


def _read_clinvar(fields: bytes, reading: Reading, *, tells_effects: bool) -> None:
    """Read ClinVar's own fields; they are about the one ALT of its records.

    One without an effect, in a file that tells effects, may have any.
    """
    genes, effects = _text(fields, b";GENEINFO="), _text(fields, b";MC=")
    significance = _text(fields, b";CLNSIG=")
    count = len(reading.site.alternates)
    if count != 1 or not reading.alleles:
        if reading.alleles and (significance or genes or effects):
            reading.fault(NO_ALT, f"ClinVar's, of {count} ALTs")
            reading.doubt([Unread.WHOLE])
        return
    claims = reading.of(1)
    for pair in genes.split("|") if genes else ():
        reading.take_gene(pair.rpartition(":")[0] or pair, claims)
    for pair in effects.split(",") if effects else ():
        reading.take_effects(pair.partition("|")[0], claims)
    if tells_effects:
        reading.doubt_effects()
    claims.significance += _words(significance)
    claims.conditions += _words(_text(fields, b";CLNDN="))


def _words(text: str) -> list[str]:
    """Return ClinVar's words; some of its files join them with a comma."""
    words = (w.strip("_ ") for w in re.split(r"\||,(?=_)", text))
    return [w[:LONGEST_HGVS] for w in words if w and w != "." and w.isprintable()]


def _rs_numbers(identifier: bytes) -> tuple[str, ...]:
    """Return the rs numbers of an ID column, however they are joined.

    ``rs1;rs2`` is VCF; files hold ``rs1,rs2``, ``rs1|rs2``, ``dbSNP:rs1`` and
    ``rs1:C:T`` as well.
    """
    if identifier[:2] == b"rs" and identifier[2:].isdigit() and len(identifier) < 15:
        return (identifier.decode(),)
    found = _RS.findall(identifier)
    return tuple(dict.fromkeys(f"rs{digits.decode()}" for digits in found))


def _add_identifiers(fields: bytes, reading: Reading) -> None:
    """Add the rs numbers of the record; they name its place, so every ALT."""
    found = list(_rs_numbers(reading.site.identifier))
    for word in _text(fields, b";RS=").split(","):
        bare = word.removeprefix("rs")
        if _NUMBER.match(bare):
            found.append(f"rs{bare}")
    for number in reading.alleles if found else ():
        reading.of(number).identifiers += found
