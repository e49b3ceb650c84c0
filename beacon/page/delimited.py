"""Tables for spreadsheets: CSV (RFC 4180) and TSV, which no cell can make act.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-`` or ``@`` for a formula;
such a cell gets a ``'`` before it, so that it stays the text that it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Cell = str | int | None
"""What stands in a cell; ``None``: nothing."""
CSV: Final = "text/csv"
TSV: Final = "text/tab-separated-values"
MARK: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""The byte order mark that stands before a file: spreadsheets look for it."""
_ACTS: Final = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")  # noqa: RUF001
_QUOTED: Final = re.compile(r'[",\r\n]')
_SPACES: Final = re.compile(r"[\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")


def csv_text(rows: Iterable[Sequence[Cell]]) -> str:
    """Return rows as CSV, each ended by CR LF."""
    return "".join(f"{','.join(map(_quoted, row))}\r\n" for row in rows)


def tsv_text(rows: Iterable[Sequence[Cell]]) -> str:
    """Return rows as TSV, a line each; there are no tabs or ends of lines in cells."""
    return "".join(f"{chr(9).join(map(_flat, row))}\n" for row in rows)


def _quoted(cell: Cell) -> str:
    text = harmless(cell)
    return '"{}"'.format(text.replace('"', '""')) if _QUOTED.search(text) else text


def _flat(cell: Cell) -> str:
    return _SPACES.sub(" ", harmless(cell))


def harmless(cell: Cell) -> str:
    """Return what stands in a cell, as text that no spreadsheet takes for a formula."""
    if cell is None:
        return ""
    text = str(cell)
    acts = not isinstance(cell, int) and _ACTS.match(text) is not None
    return f"'{text}" if acts else text
