"""``/d/{dataset}``: what a dataset of this beacon holds, as far as that may be told.

All numbers are those of ``/api/datasets/{id}/summary``; a dataset that a requester
does not see gives the very page that one that is not there gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

from beacon.model.classes import VariantClass
from beacon.model.dataset import CoverageKind
from beacon.model.summarised import Detail
from beacon.page.behind import BEHIND
from beacon.page.charts import (
    Bar,
    Column,
    Track,
    bars_svg,
    decades,
    histogram_svg,
    track_svg,
)
from beacon.page.examples import box_of
from beacon.page.home import KINDS
from beacon.page.rendering import render, words_of
from beacon.page.words import N_
from beacon.wire.summary import filters_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web
    from markupsafe import Markup

    from beacon.model.summarised import ContigCounts, PeopleBy, StepCount, Summarised
    from beacon.page.words import Words

CLASS_NAMES: Final[Mapping[VariantClass, str]] = {
    VariantClass.SNV: N_("Single base (SNV)"),
    VariantClass.MNV: N_("Several bases (MNV)"),
    VariantClass.INSERTION: N_("Insertion"),
    VariantClass.DELETION: N_("Deletion"),
    VariantClass.DELINS: N_("Deletion and insertion"),
    VariantClass.DEL: N_("Large deletion <DEL>"),
    VariantClass.DUP: N_("Duplication <DUP>"),
    VariantClass.CNV: N_("Copy number variant <CNV>"),
    VariantClass.INS: N_("Large insertion <INS>"),
    VariantClass.INV: N_("Inversion <INV>"),
    VariantClass.BND: N_("Breakend (BND)"),
    VariantClass.OTHER: N_("Other"),
}
COLUMN_NAMES: Final[Mapping[str, str]] = {
    "sex": N_("Sex"),
    "population": N_("Population"),
}
SEX_NAMES: Final[Mapping[str, str]] = {"F": N_("Women"), "M": N_("Men")}
RESTS_ON: Final[Mapping[CoverageKind | None, str]] = {
    None: N_(
        "The dataset does not declare where it looked. Where none of its records lies, "
        "a “not seen” says only that, and has no number behind it."
    ),
    CoverageKind.REGIONS: N_(
        "The dataset declares in which regions everybody was looked at. Elsewhere it "
        "answers “not covered”."
    ),
    CoverageKind.BLOCKS: N_(
        "The dataset knows of each person where it looked (reference blocks). Where "
        "nobody was looked at it answers “not covered”."
    ),
}
DETAILS: Final[Mapping[Detail, str]] = {
    Detail.NAMES: N_(
        "The rules of this dataset tell no more of it as a whole. Single variants can "
        "be asked for."
    ),
    Detail.NONE: N_(
        "This release has no summary: its files were loaded by an earlier version. It "
        "will have one when they are loaded again."
    ),
}


class Drawn(NamedTuple):
    """A picture, and the table that says the same."""

    picture: Markup | None
    rows: tuple[tuple[str, ...], ...]


async def show_dataset(request: web.Request) -> web.Response:
    """Show what a dataset holds."""
    behind, words = request.app[BEHIND], words_of(request)
    requester = behind.requester_of(request)
    name = request.match_info["dataset"]
    said = await behind.beacon_of(request).summary(name, requester)
    dataset, release = said.dataset, said.dataset.release
    contact = dataset.contact or ""
    return render(
        request,
        "dataset.html",
        box=await box_of(request, assembly=release.assembly if release else None),
        dataset=dataset,
        release=release,
        said=said,
        kinds=KINDS,
        rests_on=None if release is None else RESTS_ON[release.coverage],
        filters=None if release is None else filters_of(release.options),
        detail=DETAILS.get(said.detail),
        contact_link=contact if contact.startswith(_LINKS) else None,
        classes=_classes(said, words),
        counts=_counts(said, words),
        listed=next((s.alleles for s in said.steps if s.lowest is None), None),
        tracks=_tracks(said, words),
        people=[_people(by, words) for by in said.people],
        is_covered=any(one.covered is not None for one in said.contigs),
        api=f"/api/datasets/{quote(dataset.id, safe='')}/summary",
    )


_LINKS: Final = ("https://", "http://", "mailto:")


def _classes(said: Summarised, words: Words) -> Drawn | None:
    """Return the classes of variants, each with how many there are."""
    if not said.classes:
        return None
    named = [(words.gettext(CLASS_NAMES[one]), n) for one, n in said.classes]
    bars = [Bar(name, n, words.number(n)) for name, n in named if n is not None]
    label = words.gettext("Variants by class; the table below has the numbers")
    whole = said.alleles or 0
    rows = tuple(
        (
            name,
            words.gettext("too few to be told") if n is None else words.number(n),
            words.percent(n / whole) if n is not None and whole else "",
        )
        for name, n in named
    )
    return Drawn(bars_svg(bars, label) if bars else None, rows)


def _counts(said: Summarised, words: Words) -> Drawn | None:
    """Return how many variants were found how often."""
    if not said.steps:
        return None
    columns = [
        Column(step.lowest, _end(step), step.alleles or 0, _title(step, words))
        for step in said.steps
        if step.lowest is not None
    ]
    picture = None
    if any(column.value for column in columns):
        label = words.gettext(
            "Variants by allele count; the table below has the numbers"
        )
        most = words.number(max(column.value for column in columns))
        ticks = decades(columns[0].start, columns[-1].end)
        marks = [(count, words.number(count)) for count in ticks]
        picture = histogram_svg(columns, marks, most, label)
    rows = tuple(
        (
            _step_name(step, words),
            _frequency(step, said.copies, words),
            words.gettext("too few to be told")
            if step.alleles is None
            else words.number(step.alleles),
        )
        for step in said.steps
    )
    return Drawn(picture, rows)


_TO: Final = "\N{EN DASH}"


def _end(step: StepCount) -> int:
    """Return below which count a step is drawn to end; the last is as wide as any."""
    lowest = step.lowest or 1
    return 2 * lowest if step.highest is None else step.highest + 1


def _step_name(step: StepCount, words: Words) -> str:
    if step.lowest is None:
        return words.gettext("not counted")
    if step.highest is None:
        return words.gettext("%(count)s or more", count=words.number(step.lowest))
    if step.lowest == step.highest:
        return words.number(step.lowest)
    return f"{words.number(step.lowest)}{_TO}{words.number(step.highest)}"


def _title(step: StepCount, words: Words) -> str:
    shown = "" if step.alleles is None else words.number(step.alleles)
    return f"{_step_name(step, words)}: {shown}"


def _frequency(step: StepCount, copies: int | None, words: Words) -> str:
    """Return between which frequencies a step lies, where all copies were read."""
    if step.lowest is None or not copies:
        return ""
    low, high = step.lowest, min(step.highest or copies, copies)
    one = words.decimal(low / copies)
    return one if high <= low else f"{one}{_TO}{words.decimal(high / copies)}"


class ContigTrack(NamedTuple):
    """A contig as it is shown: its picture, and its numbers in words."""

    name: str
    picture: Markup
    alleles: str
    length: str
    dense: str
    covered: str


def _tracks(said: Summarised, words: Words) -> list[ContigTrack]:
    """Return what lies along each contig."""
    longest = max((one.length for one in said.contigs), default=1)
    most = max((max(one.alleles) for one in said.contigs), default=0) or 1
    return [_track(one, said.window, (longest, most), words) for one in said.contigs]


_MEGABASE: Final = 1_000_000


def _track(
    one: ContigCounts, window: int, scale: tuple[int, int], words: Words
) -> ContigTrack:
    longest, most = scale
    whole, covered, told = sum(one.alleles), None, ""
    if one.covered is not None:
        ends = range(window, one.length + window, window)
        sizes = [min(end, one.length) - end + window for end in ends]
        covered = [n / size for n, size in zip(one.covered, sizes, strict=True)]
        told = words.percent(sum(one.covered) / one.length)
    track = Track(
        share=one.length / longest,
        windows=one.length / window,
        values=[n / most for n in one.alleles],
        covered=covered,
    )
    label = words.ngettext(
        "Chromosome %(contig)s: %(num)s variant",
        "Chromosome %(contig)s: %(num)s variants",
        whole,
        contig=one.contig,
    )
    return ContigTrack(
        name=one.contig,
        picture=track_svg(track, label),
        alleles=words.number(whole),
        length=words.number(one.length),
        dense=words.decimal(whole / (one.length / _MEGABASE)) if whole else "0",
        covered=told,
    )


class ShownPeople(NamedTuple):
    """People by one thing that is told of them; pictures stand beside each other."""

    name: str
    pictures: tuple[Markup, ...]
    rows: tuple[tuple[str, ...], ...]


_BESIDE: Final = 9
"""So many bars are below each other at most, where others stand beside them."""


def _people(by: PeopleBy, words: Words) -> ShownPeople:
    known = COLUMN_NAMES.get(by.column)
    name = by.column if known is None else words.gettext(known)
    whole = sum(count.people for count in by.counts)
    rows = []
    for value, people in by.counts:
        if value is None:
            shown = words.gettext("not stated")
        elif by.column == "sex" and value in SEX_NAMES:
            shown = words.gettext(SEX_NAMES[value])
        else:
            shown = value
        rows.append((shown, people))
    bars = [Bar(shown, people, words.number(people)) for shown, people in rows]
    label = words.gettext(
        "People: %(column)s; the table below has the numbers", column=name
    )
    table = tuple(
        (shown, words.number(people), words.percent(people / whole))
        for shown, people in rows
    )
    most = max(bar.value for bar in bars)
    size = -(-len(bars) // -(-len(bars) // _BESIDE))
    pictures = (
        bars_svg(bars[at : at + size], label, most) for at in range(0, len(bars), size)
    )
    return ShownPeople(name, tuple(pictures), table)
