"""A verdict to take along: a text for a report, and a table for a spreadsheet.

Every node is in it, in the same order always, those that did not answer too.  Numbers
are as machines write them, with a point and without spaces, in every language.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from beacon.model.status import Status
from beacon.page.beside import found_in
from beacon.page.glossary import FOUND, REASONS, STATUSES
from beacon.page.home import KINDS
from beacon.page.verdict import name_of, verdict
from beacon.page.words import N_, Words, fixed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from beacon.model.counts import AlleleCounts
    from beacon.model.disclosure import DatasetDisclosure
    from beacon.model.nodes import NetworkAnswer
    from beacon.model.pattern import VariantPattern
    from beacon.page.delimited import Cell
    from beacon.page.verdict import Frequency, Population, Row

_EXACT: Final = 6
_LONGEST_NOTE: Final = 300
_MOST_FOUND: Final = 20
_NO: Final = frozenset({Status.SEEN, Status.NOT_SEEN, Status.NOT_ASKED})
"""Words beside which nobody has to be told that they are no "no"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is taken along.

    Attributes:
        variant: as we write it.
        assembly: it is on.
        hgvs: the same in HGVS, of an allele.
        is_unchecked: whether nobody here could tell if its REF is right.
        pattern: what is asked.
        answer: of all nodes.
        rows: of all nodes, in their order.
        asked: when.
        question: the id under which nodes can find it in their logs.
        address: where it is asked again.
    """

    variant: str
    assembly: str
    hgvs: str | None
    pattern: VariantPattern
    answer: NetworkAnswer
    rows: tuple[Row, ...]
    asked: datetime
    question: str
    address: str
    is_unchecked: bool = False

    @property
    def moment(self) -> str:
        """When it was asked, in UTC."""
        return self.asked.strftime("%Y-%m-%d %H:%M UTC")


# --- as a text ---------------------------------------------------------------


def report_text(report: Report, words: Words) -> str:
    """Return a verdict as plain text."""
    plain = _Plain(words.language)
    gettext, found = plain.gettext, verdict(report.answer, report.pattern, plain)
    variant = gettext(
        "Variant: %(variant)s (%(assembly)s)",
        variant=report.variant,
        assembly=report.assembly,
    )
    lines = [
        variant,
        *([] if report.hgvs is None else [f"HGVS: {report.hgvs}"]),
        *([] if report.pattern.similar is None else [gettext(SIMILAR)]),
        gettext("Asked: %(moment)s", moment=report.moment),
        "",
        found.sentence,
        found.whole,
        *_unchecked(report, plain),
        "",
        *(
            f"{at}. {_line(row, report, plain)}"
            for at, row in enumerate(report.rows, 1)
        ),
        *_found(report, plain),
        "",
        gettext("Counts can include your own patient. Not a classification."),
        gettext("Question: %(id)s", id=report.question),
        report.address,
    ]
    return "\n".join(lines) + "\n"


def _unchecked(report: Report, words: Words) -> list[str]:
    """Return that REF may be wrong, where nobody is known to have seen the variant."""
    if not report.is_unchecked or report.answer.status is Status.SEEN:
        return []
    return [words.gettext(UNCHECKED, assembly=report.assembly)]


class _Plain(Words):
    """The texts of a language, with numbers as machines write them."""

    def number(self, count: int) -> str:
        """Return an integer in digits."""
        return str(count)

    def decimal(self, value: float, digits: int = 2) -> str:
        """Return a number with a point."""
        return fixed(value, digits)


def _found(report: Report, words: Words) -> list[str]:
    """Return the variants that a question found which may mean several."""
    if report.pattern.is_single_allele:
        return []
    found = found_in(report.answer, report.pattern)
    lines = [
        f"- {each.bar.text[:_LONGEST_NOTE]} ({name})"
        + ("" if counts is None else f": AC/AN {_of(counts, words)}")
        for each in found[:_MOST_FOUND]
        for name, counts in each.told
    ]
    more = ["- …"] if len(found) > _MOST_FOUND else []
    head = [words.gettext("What was found"), *lines, *more]
    return ["", *head] if lines else []


def _of(counts: AlleleCounts, words: Words) -> str:
    return f"{_or_not(counts.ac, words)}/{_or_not(counts.an, words)}"


def _line(row: Row, report: Report, words: Words) -> str:
    """Return what a dataset says, or that a node says nothing."""
    word = STATUSES[row.status].word
    if not report.pattern.is_single_allele:
        word = FOUND.get(row.status, word)
    said = [f"{_who(row, words)}: {words.gettext(word)}."]
    said += _reasons(row, words)
    if row.counts is not None:
        said += _numbers(row, row.counts, words)
    said += _of_the_data(row, words)
    return " ".join([*said, *_notes(row)])


def _notes(row: Row) -> list[str]:
    """Return what is to be known of an answer, a line each at most."""
    return [" ".join(note.split())[:_LONGEST_NOTE] for note in row.notes]


def _who(row: Row, words: Words) -> str:
    name, country = name_of(row.node, words), row.node.node.country
    node = name if country is None else f"{name} ({country})"
    if row.dataset is None:
        return node
    kind = KINDS.get(row.dataset.kind or "")
    called = row.dataset.part.name
    return f"{node}, {called}" + ("" if kind is None else f" [{words.gettext(kind)}]")


def _reasons(row: Row, words: Words) -> Iterator[str]:
    """Yield why there is no better word, and what it is not."""
    if row.dataset is None and row.node.reason is not None:
        yield words.gettext(REASONS[row.node.reason])
    if row.status is Status.WITHHELD:
        yield words.gettext(WITHHELD)
    if row.status not in _NO:
        yield words.gettext("This is not a “no”.")
    if row.node.is_partial:
        yield words.gettext("It says that not all whom it asked have answered.")
    if row.dataset is not None:
        yield from _of_the_place(row, row.dataset.part, words)


def _of_the_place(row: Row, part: DatasetDisclosure, words: Words) -> Iterator[str]:
    """Yield where a dataset was asked, and where and how it has looked."""
    if row.lift is not None:
        yield words.gettext(
            "Asked as %(variant)s on %(assembly)s.",
            variant=row.asked_as,
            assembly=row.lift.assembly,
        )
    if row.status is Status.NOT_SEEN and part.coverage in COVERAGES:
        yield words.gettext(COVERAGES[part.coverage])
    if part.filters and row.status is not Status.SEEN:
        yield words.gettext(
            "Only in records that failed %(filters)s.", filters=", ".join(part.filters)
        )


UNCHECKED: Final = N_(
    "Whether REF is right was not checked: there is no reference sequence of"
    " %(assembly)s here."
)
SIMILAR: Final = N_(
    "This asks for variants that are similar, not only for exactly this one."
)
WITHHELD: Final = N_("Its rules let no answer out: perhaps nobody, perhaps few.")
COVERAGES: Final = {
    "undeclared": N_("The dataset does not say where it has looked."),
    "partial": N_("Not all of this place was looked at."),
}
"""What is to be known of a "no", by what is known of the place."""


def _numbers(row: Row, counts: AlleleCounts, words: Words) -> Iterator[str]:
    carriers = [
        f"{count} {name}"
        for name, count in (
            ("het", counts.het),
            ("hom", counts.hom),
            ("hemi", counts.hemi),
        )
        if count is not None and (name != "hemi" or count)
    ]
    if row.status is Status.SEEN and carriers:
        yield words.gettext("Carriers: %(people)s.", people=", ".join(carriers))
    if counts.ac is not None or counts.an is not None:
        yield f"AC/AN {_of(counts, words)}."
    if row.dataset is not None and row.dataset.part.adjusted_to:
        yield words.gettext(
            "Counts are multiples of %(step)s.", step=row.dataset.part.adjusted_to
        )
    if row.frequency is not None:
        yield from _frequency(row.frequency, words)
    if row.faf is not None and row.faf.faf:
        yield f"FAF95 {fixed(row.faf.faf)} ({row.faf.label})."
        if row.faf.is_few:
            yield words.gettext("It says little: of fewer than 2,000 copies.")


def _or_not(count: int | None, words: Words) -> str:
    return words.gettext("not told") if count is None else str(count)


def _frequency(found: Frequency, words: Words) -> Iterator[str]:
    if found.below is not None:
        yield words.gettext(
            "Frequency below %(bound)s (95 %%, one-sided).", bound=fixed(found.below)
        )
        return
    share = fixed(found.share)
    if found.interval is None:
        yield words.gettext("Frequency about %(share)s.", share=share)
        return
    low, high = (fixed(each) for each in found.interval)
    yield words.gettext(
        "Frequency %(share)s (95 %%: %(low)s to %(high)s), 1 in %(people)s copies.",
        share=share,
        low=low,
        high=high,
        people=round(1 / found.share),
    )


def _of_the_data(row: Row, words: Words) -> Iterator[str]:
    part = None if row.dataset is None else row.dataset.part
    if part is not None and part.released is not None:
        yield words.gettext("Data of %(day)s.", day=f"{part.released:%Y-%m-%d}")
    if row.node.age >= 1:
        yield words.gettext(
            "Answered %(seconds)s s before.", seconds=round(row.node.age)
        )


# --- as a table --------------------------------------------------------------

COLUMNS: Final = (
    *("variant", "assembly", "node", "node_id", "country", "dataset", "dataset_id"),
    *("kind", "status", "reason", "population", "het", "hom", "hemi", "AC", "AN"),
    *("frequency", "low_95", "high_95", "below_95", "FAF95", "multiples_of"),
    *("coverage", "asked_as", "asked_on", "release", "data_date", "contact"),
    *("partial", "notes", "asked", "question"),
)
"""What a table has, in the words of the API, in every language."""


def report_table(report: Report, words: Words) -> list[Sequence[Cell]]:
    """Return a verdict as a table: its head, each row, and each row's populations."""
    table: list[Sequence[Cell]] = [COLUMNS]
    for row in report.rows:
        table.append(_cells(report, row, None, words))
        table += [_cells(report, row, each, words) for each in row.populations]
    return table


def _cells(
    report: Report, row: Row, population: Population | None, words: Words
) -> Sequence[Cell]:
    dataset, node = row.dataset, row.node
    part = None if dataset is None else dataset.part
    counts = row.counts if population is None else population.counts
    found = row.frequency if population is None else population.frequency
    label = population.label if population else ("Total" if counts else None)
    released = None if part is None or part.released is None else part.released
    return (
        report.variant,
        report.assembly,
        name_of(node, words),
        node.node.id,
        node.node.country,
        None if part is None else part.name,
        None if part is None else part.dataset,
        None if dataset is None else dataset.kind,
        row.status.value,
        None if node.reason is None else node.reason.value,
        label,
        *(
            (None, None, None, None, None)
            if counts is None
            else (counts.het, counts.hom, counts.hemi, counts.ac, counts.an)
        ),
        *_shares(found),
        None if population is None else _exactly(population.faf),
        None if part is None else part.adjusted_to,
        None if part is None else part.coverage,
        row.asked_as,
        None if row.lift is None else row.lift.assembly,
        None if part is None else part.release,
        None if released is None else f"{released:%Y-%m-%d}",
        None if dataset is None else dataset.contact,
        "partial" if node.is_partial else None,
        " ".join(_notes(row)) or None,
        report.moment,
        report.question,
    )


def _shares(found: Frequency | None) -> Sequence[Cell]:
    if found is None:
        return (None, None, None, None)
    low, high = (None, None) if found.interval is None else found.interval
    return tuple(map(_exactly, (found.share, low, high, found.below)))


def _exactly(share: float | None) -> str | None:
    return None if share is None else fixed(share, _EXACT)
