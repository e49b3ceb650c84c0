"""Tables of samples → individuals or biosamples, as far as they tell.

The same tables say who is who when variants are loaded: columns ``sample``, and
any of ``individual``, ``sex``, ``population``, ``status``.  What has no place of
its own in a record is kept under ``info``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beacon.model.entry_types import BIOSAMPLE, INDIVIDUAL
from beacon.model.errors import ReadError
from loaders.documents import Found
from loaders.words import NO_SEX, UNKNOWN, is_sex, sex_term, term

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from beacon.model.records import Json
    from loaders.tables import Row

_ALIASES = {"gender": "sex", "pop": "population"}
_SAMPLE, _INDIVIDUAL, _SEX = "sample", "individual", "sex"
_ABSENT = frozenset(("", ".", "na", "n/a", "none"))


def is_roster(header: Sequence[str]) -> bool:
    """Whether a table's header is one of samples."""
    names = {name.lower() for name in header}
    return _SAMPLE in names and "id" not in names


def read_roster(
    file: str, header: Row, rows: Iterator[Row], entry_type: str
) -> Iterator[Found]:
    """Yield what a table of samples says of individuals, or of biosamples.

    Several samples of one individual are one individual, whose rows must agree.

    Raises:
        ReadError: naming the file and the line.
    """
    if entry_type not in (INDIVIDUAL.id, BIOSAMPLE.id):
        reason = "a table of samples describes individuals or biosamples, no others"
        raise ReadError(reason, path=file, line=header.line)
    names = [_ALIASES.get(name.lower(), name) for name in header.cells]
    names = [
        n.lower() if n.lower() in (_SAMPLE, _INDIVIDUAL, _SEX) else n for n in names
    ]
    told = [_Told(file, row, names) for row in rows]
    if not told:
        reason = "holds no sample below its header"
        raise ReadError(reason, path=file)
    if entry_type == BIOSAMPLE.id:
        yield from (one.biosample() for one in told)
        return
    people: dict[str, list[_Told]] = {}
    for one in told:
        people.setdefault(one.individual, []).append(one)
    for rows_of in people.values():
        yield rows_of[0].person(rows_of)


class _Told:
    """What one row says."""

    def __init__(self, file: str, row: Row, names: Sequence[str]) -> None:
        self._file = file
        self.line = row.line
        values = dict(zip(names, row.cells, strict=True))
        self.sample = values.pop(_SAMPLE)
        if not self.sample:
            reason = "the sample has no name"
            raise ReadError(reason, path=file, line=row.line)
        known = values.pop(_INDIVIDUAL, "")
        self.individual = self.sample if known.lower() in _ABSENT else known
        self.sex = values.pop(_SEX, "")
        self.others = {
            name: value
            for name, value in values.items()
            if name and value.lower() not in _ABSENT
        }

    def biosample(self) -> Found:
        """Return the sample as a biosample; the table does not say its status."""
        document: Json = {
            "id": self.sample,
            "individualId": self.individual,
            "biosampleStatus": term(UNKNOWN),
            "sampleOriginType": term(UNKNOWN),
        }
        if self.others:
            document["info"] = dict(self.others)
        return self._found(document)

    def person(self, rows: Sequence[_Told]) -> Found:
        """Return the individual that these rows, this one the first, are about."""
        for other in rows[1:]:
            if (other.sex, other.others) != (self.sex, self.others):
                reason = (
                    f"individual {self.individual[:100]!r} is described otherwise on"
                    f" line {self.line}"
                )
                raise ReadError(reason, path=self._file, line=other.line)
        info: Json = dict(self.others)
        samples = [row.sample for row in rows]
        if samples != [self.individual]:
            info["samples"] = samples
        document: Json = {"id": self.individual, "sex": sex_term(self.sex)}
        if info:
            document["info"] = info
        notes = () if is_sex(self.sex) else (NO_SEX,)
        return self._found(document, notes)

    def _found(self, document: Json, notes: tuple[str, ...] = ()) -> Found:
        return Found(document=document, file=self._file, line=self.line, notes=notes)
