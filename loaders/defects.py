"""What is wrong with a header or a record that is loaded all the same.

htslib and most callers are lax, and so are we wherever a value can still be
understood; but what is wrong with a value we use is said.  A record that cannot
be used is ``vcf``'s to reject; what nobody here reads (QUAL, most of INFO and
FORMAT, descriptions) is nobody's concern.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from beacon.model.genome import Contig
    from loaders.report import FileReport

UNSORTED = "record stands before the one above it"
SCATTERED = "records of a contig are not together"
IDENTIFIER = "ID is not a list of names"
FILTER = "FILTER is not a list of names"
INFO = "INFO has a key with a space"
FORMAT = "FORMAT is not a list of names"
GT_LATE = "GT is not the first of FORMAT"
NUMBER_OF_COUNTS = "INFO AC has not one value per ALT"
TWICE = "INFO gives a count twice"
NO_COUNT = "INFO count is not a whole number"

_FORMAT = 8
_KEPT = 10_000
"""How many different values of a column are remembered, and how long ones."""
_LONGEST_KEPT = 1_000
_SHOWN = 40
_LONGEST_WORD, _MOST_WORDS = 100, 20
"""What is kept of a FILTER column."""

_VERSION = re.compile(r"##fileformat=VCFv4\.[1-5]\Z")
_SPACE_IN_KEY = re.compile(rb"(?:^|;)[^;=]*\s[^;=]*")
_NO_NAME = re.compile(rb"[\s,<>\x00-\x1f\x7f]|\A\Z")
_CONTIG = re.compile(r"##contig=<(?:.*?,)?ID=([^,>]*)(,[^=,>]*(?=[,>]))?")
_EMPTY = re.compile(r"##(reference|assembly)=\s*\Z")
_DECLARED = re.compile(r"##(INFO|FORMAT)=<ID=(AC|AN|END|SVLEN|GT|CN),(.*)")
_EXPECTED = {
    "AC": (("A", "."), ("Integer",)),
    "AN": (("1",), ("Integer",)),
    "END": (("1",), ("Integer",)),
    "SVLEN": (("1", "A", "."), ("Integer",)),
    "GT": (("1",), ("String",)),
    "CN": (("1",), ("Integer", "Float")),
}


def is_no_name(name: bytes) -> bool:
    """Whether a CHROM column is no sequence name (VCF 4.5, 1.4.7 and 1.6.1)."""
    if name.startswith(b"<") and name.endswith(b">"):
        name = name[1:-1]
    return _NO_NAME.search(name) is not None


def shown(value: bytes) -> str:
    """Return the beginning of a value, for a person to read."""
    return repr(value[:_SHOWN].decode("latin1"))


FilterWords = tuple[tuple[str, ...], bool]
"""The words that failed, and whether the column is malformed."""


class Filters(dict[bytes, FilterWords]):
    """FILTER column → its words, read once each; a bounded number is remembered.

    Args:
        keep_filtered: whether records that failed count like others.
    """

    def __init__(self, *, keep_filtered: bool) -> None:
        nothing: FilterWords = ((), False)
        super().__init__(dict.fromkeys((b"PASS", b".", b""), nothing))
        self._keep_filtered = keep_filtered

    def __missing__(self, field: bytes) -> FilterWords:
        words = field[: _LONGEST_WORD * _MOST_WORDS].decode("utf-8", "replace")
        split = words.split(";")
        failed = [w[:_LONGEST_WORD] for w in split if w not in ("", "PASS", ".")]
        is_odd = len(failed) < len(split) or any(
            w == "0" or any(c.isspace() for c in w) for w in failed
        )
        kept = () if self._keep_filtered else tuple(failed[:_MOST_WORDS])
        if len(self) < _KEPT and len(field) < _LONGEST_KEPT:
            self[field] = kept, is_odd
        return kept, is_odd


class Noticing:
    """Looks at each loaded record of one file and notes what is wrong with it."""

    def __init__(self, report: FileReport) -> None:
        self._report = report
        self._contig: Contig | None = None
        self._start = 0
        self._left: set[int] = set()
        self._formats: dict[bytes, str | None] = {}

    def look(
        self, line: int, contig: Contig, start: int, columns: Sequence[bytes]
    ) -> None:
        """Note what is wrong with a record's place, ID, INFO keys and FORMAT."""
        self.place(line, contig, start)
        identifier = columns[2]
        if identifier != b"." and not identifier.isalnum():
            self._identifier(line, identifier)
        if b" " in columns[7]:
            self._info(line, columns[7])
        if len(columns) > _FORMAT and columns[_FORMAT] != b"GT":
            self._format(line, columns[_FORMAT])

    def place(self, line: int, contig: Contig, start: int) -> None:
        """Note a record that stands out of order."""
        if contig is not self._contig or start < self._start:
            self._disorder(line, contig, start)
        self._start = start

    def follows(self, contig: Contig, first: int, last: int) -> bool:
        """Whether records in order, from ``first`` to ``last``, go on in order.

        If they do, they have been looked at.
        """
        if contig is not self._contig or first < self._start:
            return False
        self._start = last
        return True

    def _disorder(self, line: int, contig: Contig, start: int) -> None:
        if contig is self._contig:
            self._report.notice(line, UNSORTED, f"POS {start + 1}")
            return
        if self._contig is not None:
            self._left.add(self._contig.rank)
        if contig.rank in self._left:
            self._report.notice(line, SCATTERED, f"contig {contig.name}")
        self._contig = contig

    def _identifier(self, line: int, field: bytes) -> None:
        if not all(field.split(b";")) or field.split() != [field]:
            self._report.notice(line, IDENTIFIER, f"ID is {shown(field)}")

    def filters(self, line: int, field: bytes) -> None:
        """Note a malformed FILTER column."""
        self._report.notice(line, FILTER, f"FILTER is {shown(field)}")

    def _info(self, line: int, field: bytes) -> None:
        key = _SPACE_IN_KEY.search(field)
        if key is not None:
            self._report.notice(line, INFO, f"INFO has {shown(key[0])}")

    def _format(self, line: int, field: bytes) -> None:
        if field not in self._formats:
            if len(self._formats) >= _KEPT or len(field) > _LONGEST_KEPT:
                self._formats.clear()
            self._formats[field] = _format_defect(field)
        reason = self._formats[field]
        if reason is not None:
            self._report.notice(line, reason, f"FORMAT is {shown(field)}")

    def count(self, line: int, reason: str, detail: str) -> None:
        """Note a count of INFO that is not as it should be."""
        self._report.notice(line, reason, detail)


def _format_defect(field: bytes) -> str | None:
    keys = field.split(b":")
    if not all(keys) or field.split() != [field] or keys.count(b"GT") > 1:
        return FORMAT
    return GT_LATE if b"GT" in keys[1:] else None


def count_defect(
    fields: bytes, key: bytes, value: bytes | None, wanted: int | None
) -> tuple[str, str] | None:
    """Return what is wrong with a count of INFO, and its detail.

    Args:
        fields: INFO, after a semicolon.
        key: such as ``;AC=``.
        value: the first value of that key.
        wanted: how many numbers it must have; ``None``: any.
    """
    if value is None:
        return None
    name = key.strip(b";=").decode()
    numbers = value.split(b",") if value.count(b",") < _KEPT else [b"?"]
    if not all(n.isdigit() or n == b"." for n in numbers):
        return NO_COUNT, f"{name} is {shown(value)}"
    if fields.rfind(key) != fields.find(key):
        return TWICE, f"{name} is given twice"
    if wanted is not None and value != b"." and len(numbers) != wanted:
        return NUMBER_OF_COUNTS, f"{len(numbers)} values of {name} for {wanted} ALT"
    return None


def header_notes(lines: Sequence[str], columns: Sequence[str]) -> Iterator[str]:
    """Yield a sentence for each thing a header says wrongly, of those we read."""
    first = lines[0] if lines else ""
    if not first.startswith("##fileformat="):
        yield "the first line is not ##fileformat; it is read as VCF 4.x"
    elif not _VERSION.match(first):
        yield f"{first[:_SHOWN]} is not VCFv4.1 to VCFv4.5; it is read as if it were"
    if len(columns) == 9:
        yield "the #CHROM line names FORMAT but no sample; it is read as sites only"
    yield from _contig_notes(lines)
    for line in lines:
        if (empty := _EMPTY.match(line)) is not None:
            yield f"the header's ##{empty[1]} is empty; it says nothing"
        elif (declared := _DECLARED.match(line)) is not None:
            yield from _declaration_notes(*declared.groups())


def _contig_notes(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if not line.startswith("##contig="):
            continue
        found = _CONTIG.match(line)
        if found is None or not found[1]:
            yield f"a contig of the header has no ID: {line[:_SHOWN]}"
        elif found[2] or is_no_name(found[1].strip('"').encode()):
            yield f"a contig's ID is no sequence name: {line[:_SHOWN]}"


def _declaration_notes(column: str, key: str, rest: str) -> Iterator[str]:
    numbers, types = _EXPECTED[key]
    for name, wanted in (("Number", numbers), ("Type", types)):
        found = re.search(rf"(?:^|,){name}=([^,>]*)", rest)
        if found is not None and found[1] not in wanted:
            yield (
                f"the header declares {column} {key} with {name}={found[1][:_SHOWN]},"
                f" not {wanted[0]}; its values are read as they are written"
            )
