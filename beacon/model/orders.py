"""An order to leave somebody out, and its line in a journal.  It stays for good."""

from __future__ import annotations

import json
from typing import NamedTuple


class Order(NamedTuple):
    """Somebody is to be left out of a dataset, whatever is loaded into it.

    Attributes:
        individual: their id there, or the name of one of their samples.
        at: when that was ordered, as ISO 8601 writes it.
    """

    dataset: str
    individual: str
    at: str

    @property
    def line(self) -> str:
        """The order as one line of JSON."""
        return json.dumps(self._asdict(), ensure_ascii=True)


def read_order(line: str) -> Order:
    """Return the order that a line holds.

    Raises:
        ValueError: when it holds none.
    """
    found = json.loads(line)
    told = [found.get(n) if isinstance(found, dict) else None for n in Order._fields]
    if not all(isinstance(value, str) for value in told):
        message = "it names no dataset, individual or time"
        raise ValueError(message)
    return Order(*map(str, told))
