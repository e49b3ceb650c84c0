"""From the INFO fields a file has to the groups its counts are of.

A mapping is a preset or a user's file; both are one type, checked when read.
Patterns meet the names a header declares; nothing is guessed: a mapping that
does not fit is refused with the names that were found.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from beacon.model.errors import ReadError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TOTAL = "Total"
KINDS = ("ac", "an", "hom", "het", "hemi")
_SEXES = {
    "M": "M", "male": "M", "MALE": "M", "Male": "M", "XY": "M",
    "F": "F", "female": "F", "FEMALE": "F", "Female": "F", "XX": "F",
}  # fmt: skip
_WORD = "[A-Za-z0-9]+(?:[_-][A-Za-z0-9]+)*"
_PLACE = re.compile(r"\{(population|sex)\}")
_STRAY = re.compile(r"[{}]")
_FREQUENCY = re.compile(r"(?:.+_)?AF(?:_.+)?")
_OF_AF = re.compile(r"(?<![^_])AF(?![^_])")
_SHOWN = 60
_LARGEST = 1 << 20


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
"""INFO field names, or patterns of them; the first that a file has is read."""


class GroupFields(BaseModel):
    """Which fields hold the counts of one group, or of each group of a pattern.

    ``{population}`` and ``{sex}`` stand for the words a field's name has there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field(min_length=1, description="What the group is called.")
    ac: Names = Field(min_length=1, description="Copies of the allele.")
    an: Names = Field(default=(), description="Called copies.")
    hom: Names = Field(default=(), description="Homozygotes: people or alleles.")
    het: Names = Field(
        default=(), description="People who carry one copy beside another."
    )
    hemi: Names = Field(default=(), description="People of ploidy 1 who carry it.")
    people: Names = Field(default=(), description="People by genotype (see genotypes).")

    def fields(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield each kind of field with its names."""
        for kind in (*KINDS, "people"):
            yield kind, getattr(self, kind)

    @property
    def is_pattern(self) -> bool:
        """Whether it stands for several groups."""
        return bool(_PLACE.search(self.label))

    @model_validator(mode="after")
    def _places_agree(self) -> Self:
        wanted = sorted(_PLACE.findall(self.label))
        for kind, names in self.fields():
            for name in names:
                if sorted(_PLACE.findall(name)) != wanted:
                    message = f"{kind} {name!r} has other places than {self.label!r}"
                    raise ValueError(message)
                if _STRAY.search(_PLACE.sub("", name)):
                    message = f"{kind} {name!r}: only {{population}} and {{sex}}"
                    raise ValueError(message)
        return self


class CountMapping(BaseModel):
    """Where a sites-only source keeps its counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    about: str = Field(default="", description="The source.")
    total: str = Field(default="", description="What Total is, in words.")
    homozygous: Literal["people", "alleles"] = Field(
        default="people",
        description="What hom counts: people, or their alleles (two each).",
    )
    counts: Literal["alt", "alt,ref"] = Field(
        default="alt",
        description="Values of ac: one per ALT, or REF's behind; then AN is their sum.",
    )
    genotypes: str | None = Field(
        default=None,
        description="Field that names the genotypes of people, in their order.",
    )
    populations: tuple[str, ...] | None = Field(
        default=None, description="Words {population} may stand for; absent: any."
    )
    population_form: str | None = Field(
        default=None, description="Regular expression {population} must match."
    )
    sexes: dict[str, str] = Field(
        default=_SEXES, description="Words {sex} may stand for, and the label of each."
    )
    groups: tuple[GroupFields, ...] = Field(
        min_length=1, description="The groups; the first is Total."
    )
    needs_groups: bool = Field(
        default=False, description="Whether a file must have a group beside Total."
    )
    needs_field: str | None = Field(
        default=None,
        description="Regular expression of a field that shows a file is of the source.",
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.groups[0].label != TOTAL:
            message = f"the first group is {self.groups[0].label!r}, not {TOTAL!r}"
            raise ValueError(message)
        if self.counts == "alt" and any(not group.an for group in self.groups):
            message = "a group has no an; only counts 'alt,ref' have it in ac"
            raise ValueError(message)
        if any(group.people for group in self.groups) and self.genotypes is None:
            message = "people needs genotypes"
            raise ValueError(message)
        labels = [group.label for group in self.groups]
        twice = next((label for label in labels if labels.count(label) > 1), None)
        if twice is not None:
            message = f"two groups are called {twice!r}"
            raise ValueError(message)
        for group in self.groups:
            for pattern in group.ac:
                _check_form("population_form", _expression(self, pattern))
        _check_form("needs_field", self.needs_field or "")
        return self


def _check_form(name: str, form: str) -> None:
    try:
        re.compile(form)
    except (re.error, RecursionError) as error:
        message = f"{name} is no regular expression that can be used ({error})"
        raise ValueError(message) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What ``--info-counts`` named, and the forms it may take."""

    name: str
    forms: tuple[CountMapping, ...]
    is_preset: bool

    def told(self) -> object:
        """Return all that decides the counts, as JSON values; no file's name does."""
        forms = [form.model_dump(mode="json") for form in self.forms]
        return {"preset": self.name if self.is_preset else None, "forms": forms}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One group and the INFO field of each kind of count; ``None``: not told."""

    label: str
    ac: str
    an: str | None = None
    hom: str | None = None
    het: str | None = None
    hemi: str | None = None
    people: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCounts:
    """The groups one file tells of, Total first, and how its values read.

    Attributes:
        is_filled: whether what bcftools +fill-tags writes is read where it fits.
    """

    columns: tuple[Column, ...]
    mapping: CountMapping
    is_filled: bool = False


def read_choice(given: str, presets: Mapping[str, tuple[CountMapping, ...]]) -> Choice:
    """Return what ``--info-counts`` names: a preset, else a TOML or JSON file.

    Raises:
        UsageError: it is neither.
        ReadError: the file does not describe a mapping.
    """
    if given in presets:
        return Choice(name=given, forms=presets[given], is_preset=True)
    path = Path(given)
    if not path.is_file():
        known = ", ".join(presets)
        message = f"--info-counts {given} is neither a file nor one of {known}"
        raise UsageError(message)
    return Choice(name=path.name, forms=(_read_file(path),), is_preset=False)


def _read_file(path: Path) -> CountMapping:
    is_json = path.suffix.lower() == ".json"
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST).decode()
        return CountMapping.model_validate(
            json.loads(text) if is_json else tomllib.loads(text)
        )
    except OSError as error:
        reason = f"the mapping cannot be read ({error.strerror})"
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the mapping"
        reason = f"{where}: {first['msg'].removeprefix('Value error, ')}"
    except RecursionError:
        reason = "the mapping is nested too deeply"
    except (UnicodeDecodeError, ValueError) as error:
        reason = f"the mapping is no {'JSON' if is_json else 'TOML'} ({error})"
    raise ReadError(reason, path=str(path))


def fit(choice: Choice, fields: Sequence[str], path: str) -> FileCounts:
    """Return the columns that a file with these INFO fields has.

    Raises:
        UsageError: the choice does not fit, with the fields found.
    """
    reasons = []
    for form in choice.forms:
        columns, reason = _columns(form, fields, is_literal=not choice.is_preset)
        if reason is None:
            return FileCounts(columns=columns, mapping=form)
        reasons.append(reason)
    message = (
        f"--info-counts {choice.name} does not fit {path}: {' or '.join(reasons)};"
        f" INFO fields found: {shown(fields)}"
    )
    raise UsageError(message)


def shown(fields: Sequence[str]) -> str:
    """Return the names of fields, as many as can be read."""
    more = f" and {len(fields) - _SHOWN} more" if len(fields) > _SHOWN else ""
    return (", ".join(fields[:_SHOWN]) or "none") + more


def _columns(
    form: CountMapping, fields: Sequence[str], *, is_literal: bool
) -> tuple[tuple[Column, ...], str | None]:
    """Return the columns, and why the form does not fit where it does not.

    Of a user's own mapping everything must be there; a preset describes several
    files, of which each has some groups.
    """
    known = frozenset(fields)
    columns: dict[str, Column] = {}
    populations: set[str] = set()
    for group in form.groups:
        found = _matches(form, group, fields)
        populations |= {words.get("population", "") for _, words in found}
        matched = [_column(form, group, ac, words, known) for ac, words in found]
        mine = {column.label: column for column in reversed(matched) if column}
        columns.update((k, mine[k]) for k in sorted(mine) if k not in columns)
        if (is_literal and (lack := _lack(group, known, mine))) or (
            group.label == TOTAL and not mine
        ):
            return (), f"it has no {_named(group) if not mine else lack}"
    absent = [p for p in form.populations or () if p not in populations]
    if is_literal and absent:
        return (), f"it has no group of population {absent[0]}"
    if form.needs_field is not None and not _has(form.needs_field, fields):
        return (), f"it has no field such as {_example(form.needs_field)}"
    if form.needs_groups and len(columns) == 1:
        return (), f"it has no group beside Total, such as {_named(form.groups[1])}"
    return tuple(columns.values()), None


def _has(form: str, fields: Sequence[str]) -> bool:
    return any(re.fullmatch(form, field) for field in fields)


def _example(form: str) -> str:
    """Return the first way to write a field of a preset's own form."""
    return form.partition("|")[0]


def _named(group: GroupFields) -> str:
    return " and ".join(names[0] for names in (group.ac, group.an) if names)


def _lack(
    group: GroupFields, known: frozenset[str], found: Mapping[str, Column]
) -> str | None:
    """Return a field that a group of a user's mapping names and the file lacks."""
    if not found:
        return _named(group)
    if group.is_pattern:
        return None
    lacking = (n for _, n in group.fields() if n and known.isdisjoint(n))
    return next((names[0] for names in lacking), None)


def _matches(
    form: CountMapping, group: GroupFields, fields: Sequence[str]
) -> list[tuple[str, dict[str, str]]]:
    """Return the fields that are a group's AC, each with the words at its places."""
    has_sexes = any("{sex}" in g.label for g in form.groups)
    found = []
    for pattern in group.ac:
        expression = re.compile(_expression(form, pattern))
        for field in fields:
            match = expression.fullmatch(field)
            words = match.groupdict() if match else {}
            is_sex = has_sexes and words.get("population") in form.sexes
            if match and not is_sex:
                found.append((field, words))
    return found


def _expression(form: CountMapping, pattern: str) -> str:
    population = form.population_form or _WORD
    if form.populations is not None:
        population = "|".join(map(re.escape, form.populations))
    sex = "|".join(map(re.escape, form.sexes))
    places = {"population": f"(?P<population>{population})", "sex": f"(?P<sex>{sex})"}
    text, at = "", 0
    for place in _PLACE.finditer(pattern):
        text += re.escape(pattern[at : place.start()]) + places[place[1]]
        at = place.end()
    return text + re.escape(pattern[at:])


def _column(
    form: CountMapping,
    group: GroupFields,
    ac: str,
    words: Mapping[str, str],
    known: frozenset[str],
) -> Column | None:
    """Return one column; ``None`` where the file has no AN for it."""
    told = {
        kind: next((n for n in (_put(p, words) for p in names) if n in known), None)
        for kind, names in group.fields()
        if kind != "ac"
    }
    if form.counts == "alt" and told["an"] is None:
        return None
    labels = dict(words)
    if "sex" in labels:
        labels["sex"] = form.sexes[labels["sex"]]
    return Column(label=_put(group.label, labels), ac=ac, **told)


def _put(pattern: str, words: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: words[place[1]], pattern)


def uncounted(fields: Sequence[str]) -> tuple[str, ...]:
    """Return the frequencies that stand in a file without a count beside them."""
    known = frozenset(fields)
    return tuple(
        name
        for name in fields
        if _FREQUENCY.fullmatch(name) and _OF_AF.sub("AC", name) not in known
    )
