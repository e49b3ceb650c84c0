"""Answers on a terminal: one calm block per question, 80 columns wide.

Text and JSON are made from the same disclosure; the words are those of the API.
"""

from __future__ import annotations

import os
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from beacon.cli.groups import group_lines, group_members
from beacon.model.genome import pos_from_start
from beacon.model.lifting import Lift, NotLifted
from beacon.model.pattern import VariantPattern, identity_of, type_of
from beacon.model.similarity import event_of
from beacon.model.spelling import normal_allele
from beacon.model.status import Status
from beacon.wire.info import given
from beacon.wire.responses import count_members, lift_members

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from beacon.model.disclosure import DatasetDisclosure, Disclosure
    from beacon.model.similarity import Event, Similar
    from beacon.model.variant import Allele, Reference

_WIDTH = 80
_INDENT = 2
_MARGIN = _INDENT + max(len(status) for status in Status) + 2
_UNBROKEN = "\u00a0"
"""Keeps a number and its word on one line."""

_COLOURS = {
    Status.SEEN: "green",
    Status.NOT_SEEN: "blue",
    Status.NO_ANSWER: "red",
    Status.REFUSED: "red",
}
_EXIT_CODES = {
    Status.SEEN: 0,
    Status.NOT_SEEN: 3,
    Status.NOT_COVERED: 4,
    Status.WITHHELD: 4,
    Status.NO_ANSWER: 5,
    Status.REFUSED: 5,
    Status.NOT_ASKED: 5,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is shown of one question.

    Attributes:
        typed: the question as it was typed.
        pattern: the question as it was understood.
        shown: the variant or region as we write it.
        disclosure: what may be said.
    """

    typed: str
    pattern: VariantPattern
    shown: str
    disclosure: Disclosure

    @property
    def exit_code(self) -> int:
        """The exit code that says the same as the status word."""
        return exit_code(self.disclosure.status)


def exit_code(status: Status) -> int:
    """Return the exit code that says the same as a status word."""
    return _EXIT_CODES[status]


def normalised(
    typed: str, pattern: VariantPattern, references: Mapping[str, Reference]
) -> str:
    """Return a question's variant or region as we write it: 1-based, plain names."""
    if pattern.contig is None:
        return pattern.name or typed
    if pattern.spellings:
        allele = normal_allele(pattern, references)
        return spelled(allele) if allele.is_anchored else typed
    if pattern.similar is not None:
        return f"similar to {spelled_event(pattern.similar.event)}"
    reach = pattern.overlap or pattern.reach()
    place = f"{pattern.sequence.name}:{pos_from_start(reach.low)}-{reach.high}"
    return " ".join(filter(None, [place, pattern.variant_type]))


def spelled(allele: Allele) -> str:
    """Return an allele as people write it, without its assembly."""
    return identity_of(allele).removeprefix(f"{allele.contig.assembly}-")


def spelled_event(event: Event) -> str:
    """Return an event as people write it: ``22:18912231-21465672 DEL``."""
    first = pos_from_start(event.start) if event.is_span else event.start
    place = f"{event.contig}:{first}"
    if event.is_span:
        return f"{place}-{event.end} {event.kind}"
    if event.kind == "INS":
        told = "" if event.length is None else f" of {event.length:,} bases"
        return f"{place} INS{told}"
    place = f"{event.contig}:{pos_from_start(event.start)} BND"
    mate = event.mate
    return place if mate is None else f"{place} to {mate.contig}:{mate.start + 1}"


def print_answer(answer: Answer) -> None:
    """Print one answer: the word over all, then a line per dataset."""
    status = answer.disclosure.status
    assembly = answer.pattern.assembly
    _echo(f"{answer.shown} ({assembly}): {coloured(status)}")
    alleles = answer.disclosure.alleles
    if len(alleles) == 1:
        _echo(f"  {answer.shown} is {spelled(alleles[0].allele)}.")
    asked = _asked_for(answer.pattern, answer.disclosure)
    for line in part_lines(answer.disclosure.datasets, asked):
        _echo(line)
    for named in alleles if len(alleles) > 1 else ():
        _echo(f"  {spelled(named.allele)}: {coloured(named.disclosure.status)}")
        parts = named.disclosure.datasets
        for line in part_lines(parts, _one(named.allele), deeper=_INDENT):
            _echo(line)
    if not answer.disclosure.datasets:
        _echo(f"  Nothing is loaded for {assembly}.")
    for warning in answer.disclosure.warnings:
        _echo(filled(warning, indent="  "))


def part_lines(
    parts: Sequence[DatasetDisclosure], pattern: VariantPattern, *, deeper: int = 0
) -> Iterator[str]:
    """Yield the lines of what datasets say, the strongest word first.

    Args:
        parts: of one answer.
        pattern: the question.
        deeper: columns by which they stand further in than those of an answer.
    """
    margin = " " * (_MARGIN + deeper)
    for some in _rows(parts):
        yield _row(some, pattern, deeper)
        lifted = some[0].lifted
        if lifted is not None:
            yield filled(lift_line(lifted), indent=margin)
        for line in _closest(some[0], pattern):
            yield filled(line, indent=margin)
        for line in group_lines(some[0].groups):
            yield f"{margin}{line}"


def lift_line(lift: Lift | NotLifted) -> str:
    """Return how a dataset of another assembly was asked, or why it was not."""
    match lift:
        case NotLifted(why=why):
            return f"not asked: {why}"
        case Lift():
            doubt = "" if lift.is_certain else "; which may be another place"
            return f"asked as {lift.lifted}{doubt}"


def _one(allele: Allele) -> VariantPattern:
    """Return a question for one allele, as far as showing its answer goes."""
    return VariantPattern(contig=allele.contig, identity=identity_of(allele))


def _asked_for(pattern: VariantPattern, said: Disclosure) -> VariantPattern:
    """Return what the counts of an answer are about: a name of one allele is it."""
    return _one(said.alleles[0].allele) if len(said.alleles) == 1 else pattern


def filled(text: str, *, indent: str = "") -> str:
    """Return a text in lines that fit a terminal of 80 columns."""
    return textwrap.fill(
        text,
        width=_WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def plain(answer: Answer) -> dict[str, object]:
    """Return one answer as JSON values, under the names a batch uses."""
    said = answer.disclosure
    document: dict[str, object] = {
        "variant": answer.typed,
        "normalised": answer.shown,
        "assemblyId": answer.pattern.assembly,
        "status": said.status.value,
        "datasets": [
            plain_part(part, _asked_for(answer.pattern, said)) for part in said.datasets
        ],
    }
    if said.alleles:
        document["alleles"] = [
            {
                "variant": spelled(named.allele),
                "status": named.disclosure.status.value,
                "datasets": [
                    plain_part(part, _one(named.allele))
                    for part in named.disclosure.datasets
                ],
            }
            for named in said.alleles
        ]
    if said.warnings:
        document["warnings"] = list(said.warnings)
    return document


def plain_part(part: DatasetDisclosure, pattern: VariantPattern) -> dict[str, object]:
    """Return what one dataset says as JSON values."""
    members = {"id": part.dataset, "status": part.status.value}
    counted = {} if part.counts is None else count_members(part.counts)
    known = given(
        variants=None if pattern.is_single_allele else part.total,
        coverage=part.coverage,
        filters=list(part.filters) or None,
        lifted=None if part.lifted is None else lift_members(part.lifted),
        groups=[group_members(group) for group in part.groups] or None,
        closest=[
            {"id": identity_of(v.allele), "type": type_of(v.allele)}
            | _alike(pattern.similar, v.allele)
            for v in part.variants
        ]
        if pattern.similar is not None
        else None,
    )
    return members | counted | known


def _alike(similar: Similar, allele: Allele) -> dict[str, object]:
    close = similar.closeness(allele)
    if close is None:
        return {}
    return given(overlap=close.overlap, breakpointDistance=close.distance)


def _rows(
    parts: Sequence[DatasetDisclosure],
) -> Iterator[tuple[DatasetDisclosure, ...]]:
    """Yield the datasets, strongest word first; those without a word to add as one."""
    silent = tuple(p for p in parts if _is_silent(p))
    for part in sorted(parts, key=lambda p: tuple(Status).index(p.status)):
        if not _is_silent(part):
            yield (part,)
    if silent:
        yield silent


def _is_silent(part: DatasetDisclosure) -> bool:
    return part.status is Status.NOT_COVERED and not part.filters


def _row(
    parts: tuple[DatasetDisclosure, ...], pattern: VariantPattern, deeper: int
) -> str:
    details = ", ".join(d.replace(" ", _UNBROKEN) for d in _details(parts[0], pattern))
    named = ", ".join(part.dataset for part in parts)
    if len(parts) == 1 and parts[0].name != named:
        named = f"{parts[0].name} ({named})"
    margin = " " * (_MARGIN + deeper)
    body = filled(f"{named}: {details}" if details else named, indent=margin)
    status = parts[0].status
    padding = " " * (_MARGIN - _INDENT - len(status))
    shown = f"{coloured(status)}{padding}{body[len(margin) :]}"
    return " " * (_INDENT + deeper) + shown.replace(_UNBROKEN, " ")


def _closest(part: DatasetDisclosure, pattern: VariantPattern) -> Iterator[str]:
    """Yield the closest similar variants: kind, place, how alike, how many carry it."""
    similar = pattern.similar
    for variant in part.variants:
        close = None if similar is None else similar.closeness(variant.allele)
        if close is None:
            continue
        event = event_of(variant.allele)
        named = type_of(variant.allele)
        place = spelled(variant.allele) if event is None else spelled_event(event)
        place = place if event is None or event.kind == named else f"{place} ({named})"
        bases = f"{close.distance:,} base{'' if close.distance == 1 else 's'}"
        alike = f"{bases} off"
        if close.overlap is not None:
            alike = f"overlap {close.overlap:.0%}, ends within {bases}"
        counts = variant.groups[0].counts if variant.groups else None
        carried = (
            ""
            if counts is None or counts.ac is None
            else (
                f", {counts.ac:,} of {counts.an:,} alleles"
                if counts.an is not None
                else f", {counts.ac:,} alleles"
            )
        )
        yield f"{place}: {alike}{carried}"


_NOTHING_SIMILAR = "no similar variants"
_EXPLAINED = {
    Status.NO_ANSWER: ("cannot be told here",),
    Status.WITHHELD: ("the policy does not allow an answer",),
}


def _details(part: DatasetDisclosure, pattern: VariantPattern) -> Iterator[str]:
    match part.status:
        case Status.SEEN if part.counts is not None:
            yield from _carried(part)
        case Status.SEEN if part.total is not None:
            yield _counted(part.total, pattern)
        case Status.NOT_SEEN if pattern.is_single_allele:
            yield _what_no_rests_on(part)
        case Status.NOT_SEEN:
            yield "no variants here" if pattern.similar is None else _NOTHING_SIMILAR
            if part.coverage == "partial":
                yield "but not all of it was looked at"
        case Status.NOT_COVERED if part.filters:
            yield f"only in records that failed {', '.join(part.filters)}"
        case Status.NOT_COVERED:
            yield "nothing known here"
        case _:
            yield from _EXPLAINED.get(part.status, ())


def _counted(total: int, pattern: VariantPattern) -> str:
    alike = "" if pattern.similar is None else "similar "
    return f"{total:,} {alike}variant{'' if total == 1 else 's'}"


def _carried(part: DatasetDisclosure) -> Iterator[str]:
    counts = part.counts
    if counts is None or counts.ac is None:
        yield "listed, without counts"
        return
    about = "" if part.adjusted_to is None else "about "
    yield (
        f"{about}{counts.ac:,} alleles"
        if counts.an is None
        else (f"{about}{counts.ac:,} of {counts.an:,} alleles")
    )
    if counts.hom is not None:
        yield f"{counts.hom:,} homozygous"
    if counts.het is not None:
        yield f"{counts.het:,} heterozygous"
    if counts.hemi:
        yield f"{counts.hemi:,} hemizygous"


def _what_no_rests_on(part: DatasetDisclosure) -> str:
    partly = ""
    if part.coverage == "partial":
        partly = " where it begins, and not all that it spans was looked at"
    if part.counts is not None and part.counts.an is not None:
        return f"0 of {part.counts.an:,} alleles{partly}"
    if part.coverage == "undeclared":
        return "no record here, and coverage is not declared"
    return f"not carried, and the alleles called are not known{partly}"


def coloured(status: Status) -> str:
    """Return a status word, in its colour on a terminal that has any."""
    if "NO_COLOR" in os.environ or status not in _COLOURS:
        return status.value
    return click.style(status.value, fg=_COLOURS[status])


def _echo(text: str) -> None:
    click.echo(text)
