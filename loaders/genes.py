"""Tables of genes and of their names, read by the words of their header.

Every row becomes genes with places, further names, or both; what cannot be read
is an error with its file and line.  Starts are 1-based and ends inclusive, as
Ensembl and HGNC write them; BED's own column names, and .bed files, are 0-based.
"""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from beacon.model.assemblies import assembly as assembly_named
from beacon.model.assemblies import find_assembly, find_contig
from beacon.model.errors import ReadError
from beacon.model.genes import ALIAS, APPROVED, PREVIOUS, Gene, GeneName
from beacon.model.genome import Interval, start_from_pos
from loaders.reader import shown_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from beacon.model.assemblies import Assembly

Row = dict[str, str]
_Taker = Callable[[Row], None]

_GZIP = b"\x1f\x8b"
_LARGEST = 512 * 1024 * 1024
_ABSENT = frozenset(("", ".", "-", "NA", "N/A", "NULL", "None"))
_SYMBOL = (
    *("symbol", "approved_symbol", "gene_symbol", "hgnc_symbol", "gene_name"),
    *("external_gene_name", "gene"),
)
_HGNC = ("hgnc_id", "hgnc", "hgnc_gene_id")
_ENSEMBL = ("ensembl_gene_id", "gene_stable_id", "ensembl_id", "ensembl", "gene_id")
_CHROM = (
    *("chrom", "chr", "chromosome", "chromosome_name", "chromosome_scaffold_name"),
    *("seqname", "seqid", "contig"),
)
_START = ("start", "gene_start_bp", "start_position", "gene_start", "pos_start")
_END = ("end", "stop", "gene_end_bp", "end_position", "gene_end", "pos_end")
_START_0, _END_0 = ("chromstart", "chrom_start", "start0"), ("chromend", "chrom_end")
_ALIASES = {
    "alias": ALIAS,
    "alias_symbol": ALIAS,
    "alias_symbols": ALIAS,
    "synonyms": ALIAS,
    "prev_symbol": PREVIOUS,
    "previous_symbol": PREVIOUS,
    "previous_symbols": PREVIOUS,
}
_KINDS = {
    "alias": ALIAS,
    "synonym": ALIAS,
    "previous": PREVIOUS,
    "prev": PREVIOUS,
    "approved": APPROVED,
}
_BED = ("chrom", "chromstart", "chromend", "name")
_SUFFIXED = re.compile(r"(chrom|chr|chromosome|start|end)_(.+)")
_HGNC_ID = re.compile(r"(?:HGNC:)?([0-9]+)", re.IGNORECASE)
_LISTED = re.compile(r"[|,;]")


@dataclass(slots=True, kw_only=True)
class GeneFile:
    """What one or several tables say.

    Attributes:
        skipped: rows without a place or a name that can be kept, by reason.
    """

    genes: list[Gene] = field(default_factory=list)
    names: list[GeneName] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def read_genes(paths: Sequence[Path], assembly: str | None) -> GeneFile:
    """Return what the tables say, all together.

    Args:
        paths: tab-separated tables with a header line, plain or gzip.
        assembly: any name of the assembly of tables that do not name theirs.

    Raises:
        ReadError: naming the file, and the line where one is wrong.
        InvalidRequest: for an unknown assembly.
    """
    found = GeneFile()
    genome = None if assembly is None else assembly_named(assembly)
    for path in paths:
        _Table(path, genome, found).read()
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    """The columns that say where a gene lies on one assembly."""

    assembly: Assembly
    chrom: str
    start: str
    end: str
    is_zero_based: bool


class _Table:
    """One table being read."""

    def __init__(self, path: Path, assembly: Assembly | None, found: GeneFile) -> None:
        self._path = path
        self._assembly = assembly
        self._found = found
        self._line = 0

    def read(self) -> None:
        """Read the whole table."""
        lines = self._lines()
        head = next(lines, None)
        if head is None:
            self._refuse("the file is empty")
        columns, first = self._columns(head)
        takers = list(self._takers(columns))
        before = len(self._found.genes) + len(self._found.names)
        for line in (*first, *lines):
            row = self._row(columns, line)
            for take in takers:
                take(row)
        if before == len(self._found.genes) + len(self._found.names):
            self._line = 0
            self._refuse("holds no gene that can be kept")

    @property
    def _shown(self) -> str:
        return shown_name(self._path)

    def _refuse(self, reason: str) -> NoReturn:
        raise ReadError(reason, path=self._shown, line=self._line or None)

    def _lines(self) -> Iterator[str]:
        """Yield the lines that say something; comments before the header do not."""
        is_head = True
        for number, line in enumerate(self._text().splitlines(), start=1):
            self._line = number
            if not line.strip() or (is_head and _is_comment(line)):
                continue
            is_head = False
            yield line

    def _text(self) -> str:
        try:
            content = self._path.read_bytes()
            if content.startswith(_GZIP):
                with gzip.open(self._path) as file:
                    content = file.read(_LARGEST + 1)
        except (OSError, EOFError) as error:
            reason = f"cannot be read ({getattr(error, 'strerror', None) or error})"
            raise ReadError(reason, path=str(self._path)) from error
        if len(content) > _LARGEST:
            self._refuse("is too large for a table of genes")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            reason = "is not UTF-8 text"
            raise ReadError(reason, path=self._shown) from error

    def _columns(self, head: str) -> tuple[list[str], list[str]]:
        """Return the columns' plain names, and the first row of a file without head."""
        cells = head.lstrip("#").split("\t")
        if (
            ".bed" in self._path.suffixes
            and cells[1:2]
            and cells[1].strip().isdecimal()
        ):
            more = [f"column_{n}" for n in range(len(_BED) + 1, len(cells) + 1)]
            return [*_BED[: len(cells)], *more], [head]
        columns = [_plain(cell) for cell in cells]
        twice = [name for name, count in Counter(columns).items() if name and count > 1]
        if twice:
            self._refuse(f"the column {twice[0]} is there twice")
        return columns, []

    def _takers(self, columns: Sequence[str]) -> Iterator[_Taker]:
        """Yield what takes a row: its places, its names."""
        is_bed = _first(columns, _START_0) is not None
        symbol = _first(columns, (*_SYMBOL, "name") if is_bed else _SYMBOL)
        hgnc = _first(columns, _HGNC)
        ensembl = _first(columns, _ENSEMBL)
        places = list(self._places(columns))
        aliases = {name: kind for name, kind in _ALIASES.items() if name in columns}
        if places and (symbol or ensembl):
            named = (symbol or ensembl or "", hgnc, ensembl)
            yield lambda row: self._take_places(row, named, places)
        if symbol and aliases:
            yield lambda row: self._take_names(row, symbol, hgnc, aliases)
        elif symbol and hgnc and not places:
            yield lambda row: self._take_names(row, symbol, hgnc, {})
        elif not (places and (symbol or ensembl)):
            self._refuse(
                "these columns are no table of genes or of aliases: "
                f"{', '.join(columns)[:300]}; wanted are symbol, chrom, start and end "
                "(or chrom_38, start_38, end_38), or alias and approved_symbol"
            )

    def _places(self, columns: Sequence[str]) -> Iterator[_Places]:
        """Yield the assemblies the columns speak of."""
        suffixes = [m[2] for name in columns if (m := _SUFFIXED.fullmatch(name))]
        for suffix in dict.fromkeys(suffixes):
            known = find_assembly(suffix) or find_assembly(suffix.replace("_", "-"))
            chrom = _first(columns, [f"{word}_{suffix}" for word in _CHROM])
            ends = [f"start_{suffix}", f"end_{suffix}"]
            if known is not None and chrom and set(ends) <= set(columns):
                yield _Places(
                    assembly=known,
                    chrom=chrom,
                    start=ends[0],
                    end=ends[1],
                    is_zero_based=False,
                )
        chrom = _first(columns, _CHROM)
        start, end = _first(columns, _START), _first(columns, _END)
        start_0 = _first(columns, _START_0)
        end_0 = _first(columns, (*_END_0, *_END))
        if start_0 and end_0:
            start, end = start_0, end_0
        if not (chrom and start and end):
            return
        if self._assembly is None:
            self._refuse(
                "nothing says which assembly the places are on; give --assembly"
            )
        yield _Places(
            assembly=self._assembly,
            chrom=chrom,
            start=start,
            end=end,
            is_zero_based=bool(start_0 and end_0),
        )

    def _row(self, columns: Sequence[str], line: str) -> Row:
        cells = line.split("\t")
        if len(cells) != len(columns):
            self._refuse(
                f"{len(cells)} columns stand here, the header has {len(columns)}"
            )
        cells = [cell.strip().strip('"') for cell in cells]
        cells = ["" if cell in _ABSENT else cell for cell in cells]
        return dict(zip(columns, cells, strict=True))

    def _take_places(
        self,
        row: Row,
        named: tuple[str, str | None, str | None],
        places: Sequence[_Places],
    ) -> None:
        symbol, hgnc, ensembl = (row.get(name or "", "") for name in named)
        if not (symbol or ensembl):
            self._found.skipped["a gene without a name"] += 1
            return
        intervals = [i for i in (self._interval(row, p) for p in places) if i]
        for interval in intervals:
            self._found.genes.append(
                Gene(
                    symbol=symbol or ensembl,
                    hgnc=self._hgnc(hgnc),
                    ensembl=ensembl.partition(".")[0] or None,
                    interval=interval,
                    is_primary=row.get("primary", "1") not in ("0", "false", "no"),
                )
            )

    def _interval(self, row: Row, places: _Places) -> Interval | None:
        """Return where a row's gene lies; ``None``: not on that assembly."""
        written = (row[places.chrom], row[places.start], row[places.end])
        if not any(written):
            return None
        chrom, start, end = written
        contig = find_contig(places.assembly, chrom)
        if contig is None:
            self._found.skipped[f"not on a chromosome of {places.assembly.name}"] += 1
            return None
        if not (start.isdecimal() and end.isdecimal()):
            self._refuse(f"{start!r} to {end!r} are no positions")
        low = int(start) if places.is_zero_based else start_from_pos(int(start))
        if not 0 <= low < int(end) <= contig.length:
            self._refuse(
                f"{chrom}:{start}-{end} is no stretch of {places.assembly.name} "
                f"{contig.name}, which has {contig.length} bases"
            )
        return Interval(contig=contig, start=low, end=int(end))

    def _take_names(
        self, row: Row, symbol: str, hgnc: str | None, aliases: dict[str, str]
    ) -> None:
        approved, number = row[symbol], self._hgnc(row.get(hgnc or "", ""))
        if not approved:
            self._found.skipped["a name without a gene"] += 1
            return
        kept = self._found.names
        kept.append(GeneName(approved, APPROVED, number, approved))
        for column, kind in aliases.items():
            said = row.get("kind", "").lower() if column == "alias" else ""
            kept.extend(
                GeneName(name.strip(), _KINDS.get(said, kind), number, approved)
                for name in _LISTED.split(row[column])
                if name.strip() and name.strip() != approved
            )

    def _hgnc(self, text: str) -> str | None:
        if not text:
            return None
        found = _HGNC_ID.fullmatch(text)
        if found is None:
            self._refuse(f"{text[:60]!r} is no HGNC id such as HGNC:1100")
        return f"HGNC:{int(found[1])}"


def _is_comment(line: str) -> bool:
    if line.startswith(("##", "track ", "browser ")):
        return True
    return line.startswith("#") and "\t" not in line


def _plain(cell: str) -> str:
    """Return a column's name without case, quotes and punctuation."""
    return re.sub(r"[^a-z0-9]+", "_", cell.strip().lower()).strip("_")


def _first(columns: Sequence[str], wanted: Sequence[str]) -> str | None:
    """Return the first wanted name that is a column."""
    return next((name for name in wanted if name in columns), None)
