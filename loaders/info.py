"""One field of an INFO column, found without splitting the rest.

What a value means is for whoever asks.
"""

from __future__ import annotations


def value_of(fields: bytes, key: bytes) -> bytes | None:
    """Return a field's value; ``fields`` and ``key`` begin with a semicolon."""
    place = fields.find(key)
    if place < 0:
        return None
    begin = place + len(key)
    end = fields.find(b";", begin)
    return fields[begin:] if end < 0 else fields[begin:end]
