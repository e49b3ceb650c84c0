"""The journal of withdrawals: one line an order, on disk before anything is done.

It lies beside the store, not in it: a database that is restored from a backup
has forgotten orders, and learns them again from here.  Lines are only appended.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from beacon.model.errors import StoreUnavailable
from beacon.model.orders import Order, read_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

NAME = "withdrawals.jsonl"
_MODE = 0o600


class Journal:
    """The orders of one data directory.

    Every method raises ``StoreUnavailable`` where the file cannot be used.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / NAME

    def orders(self) -> tuple[Order, ...]:
        """Return all orders, oldest first; a line that was cut off is none."""
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ()
        except (OSError, UnicodeDecodeError) as error:
            raise self._unusable(error) from error
        lines = text.split("\n")
        whole = lines[:-1]  # what follows the last line's end was never acknowledged
        found = []
        for number, line in enumerate(whole, start=1):
            if not line.strip():
                continue
            try:
                found.append(read_order(line))
            except ValueError as error:
                message = f"{self._path}:{number}: this is no withdrawal ({error})"
                raise StoreUnavailable(message) from error
        return tuple(found)

    def append(self, orders: Sequence[Order]) -> None:
        """Add orders; they are on disk when this returns."""
        if not orders:
            return
        text = "".join(f"{order.line}\n" for order in orders)
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._opened() as file:
                os.write(file, text.encode())
                os.fsync(file)
        except OSError as error:
            raise self._unusable(error) from error

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """Give the file, ours alone, its last line ended."""
        is_new = not self._path.exists()
        file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, _MODE)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            size = os.fstat(file).st_size
            if size and os.pread(file, 1, size - 1) != b"\n":
                os.ftruncate(file, self._whole(file, size))
            yield file
            if is_new:
                self._keep_entry()
        finally:
            os.close(file)

    @staticmethod
    def _whole(file: int, size: int) -> int:
        """Return where the last whole line ends."""
        return os.pread(file, size, 0).rfind(b"\n") + 1

    def _keep_entry(self) -> None:
        """Make the file's name last, too."""
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _unusable(self, error: OSError | UnicodeDecodeError) -> StoreUnavailable:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        message = f"the journal of withdrawals {self._path} cannot be used ({reason})"
        return StoreUnavailable(message)
