"""A new VCF or BCF file that appears whole, with its index, or not at all.

It is written under another name beside its place.  Records come as bytes: text,
or BGZF blocks where the file is one of those.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

import pysam

from beacon.model.errors import LoadRejected, UsageError
from loaders import bcf_writing
from loaders.packed import BGZF_END

if TYPE_CHECKING:
    from types import TracebackType

    from loaders.indexing import TabixIndex

LONGEST_TBI = 1 << 29
"""Bases of the longest contig that a .tbi can index."""
_MIN_SHIFT = 14


class Form(StrEnum):
    """How a file is written: its usual ending."""

    TEXT = ".vcf"
    PACKED = ".vcf.gz"
    BCF = ".bcf"


def form_of(path: Path) -> Form:
    """Return the form a file's name asks for.

    Raises:
        UsageError: it asks for none we write.
    """
    name = path.name.lower()
    if name.endswith(".vcf.bgz"):
        return Form.PACKED
    for form in Form:
        if name.endswith(form.value):
            return form
    message = f"-o {path} ends in none of .vcf.gz, .vcf.bgz, .bcf and .vcf"
    raise UsageError(message)


class NewFile:
    """Writes one file; without ``publish`` nothing is left of it.

    Raises:
        UsageError: there is no such directory, or it cannot be written to.
        LoadRejected: the records cannot be written.
    """

    def __init__(self, path: Path, form: Form) -> None:
        self._path = path
        self._form = form
        self._part = path.with_name(f".{path.name}.{os.getpid()}.part{form.value}")
        self._program: subprocess.Popen[bytes] | None = None
        self._file = self._open()

    def _open(self) -> IO[bytes]:
        try:
            file = self._part.open("xb")
        except OSError as error:
            message = f"-o {self._path} cannot be written ({error.strerror})"
            raise UsageError(message) from error
        if self._form is not Form.BCF:
            return file
        file.close()
        program = [sys.executable, "-P", str(Path(bcf_writing.__file__))]
        self._program = subprocess.Popen(  # noqa: S603 - our own program
            [*program, str(self._part)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if self._program.stdin is None:
            raise LoadRejected(_NO_BCF)
        return self._program.stdin

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._program is not None:
            self._program.kill()
            self._program.wait()
        with suppress(OSError):
            self._file.close()
        for path in (self._part, *_indexes(self._part)):
            path.unlink(missing_ok=True)

    def write(self, data: bytes) -> None:
        """Write what comes next."""
        try:
            self._file.write(data)
        except OSError as error:
            raise self._refusal(error) from error

    def publish(
        self, *, is_indexed: bool, longest: int, index: TabixIndex | None = None
    ) -> Path | None:
        """Put the file in its place; return its index, if it has one.

        Args:
            is_indexed: whether its records are in an order that has an index.
            longest: bases of its longest contig, as far as it says.
            index: where records of BGZF blocks stand, as far as that is told.
        """
        try:
            if self._form is Form.PACKED:
                self._file.write(BGZF_END)
            self._file.close()
        except OSError as error:
            raise self._refusal(error) from error
        if self._program is not None and self._program.wait():
            raise LoadRejected(_NO_BCF)
        made = self._index(longest, index) if is_indexed else None
        # An index of the file that was here before must not stay beside this one.
        for old in _indexes(self._path):
            old.unlink(missing_ok=True)
        self._part.replace(self._path)
        if made is None:
            return None
        beside = self._path.with_name(self._path.name + made.suffix)
        made.replace(beside)
        return beside

    def _index(self, longest: int, index: TabixIndex | None) -> Path | None:
        if self._form is Form.TEXT:
            return None
        is_csi = self._form is Form.BCF or longest > LONGEST_TBI
        suffix = ".csi" if is_csi else ".tbi"
        made = self._part.with_name(self._part.name + suffix)
        if index is not None and index.is_whole and not is_csi:
            made.write_bytes(index.written())
            return made
        preset = "bcf" if self._form is Form.BCF else "vcf"
        before = pysam.set_verbosity(0)  # what it finds odd was so in the input
        try:
            pysam.tabix_index(
                str(self._part),
                force=True,
                preset=preset,  # type: ignore[arg-type] # the stub leaves bcf out
                csi=is_csi,
                min_shift=_MIN_SHIFT if is_csi else -1,
            )
        except (OSError, ValueError):
            return None
        finally:
            pysam.set_verbosity(before)
        return made if made.exists() else None

    def _refusal(self, error: OSError) -> LoadRejected:
        if self._form is Form.BCF and isinstance(error, BrokenPipeError):
            return LoadRejected(_NO_BCF)
        return LoadRejected(f"{self._path} cannot be written ({error.strerror})")


_NO_BCF = (
    "the records cannot be written as BCF, which needs every contig, FILTER, INFO and"
    " FORMAT declared in the header; write .vcf.gz instead"
)


def _indexes(path: Path) -> tuple[Path, ...]:
    return tuple(path.with_name(path.name + suffix) for suffix in (".tbi", ".csi"))
