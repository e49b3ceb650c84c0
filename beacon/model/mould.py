"""Frozen values that differ from one another in a few fields, made quickly.

What ``dataclasses.replace`` gives, without reading every field again: it matters
where thousands of questions a second differ in their allele alone.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Generic, TypeVar

V = TypeVar("V")


class Mould(Generic[V]):
    """Makes values like one, each with its own values of some fields.

    Args:
        model: the value they are like; of a frozen, slotted dataclass that checks
            nothing when it is made.
        varying: the names of the fields that differ.
    """

    def __init__(self, model: V, *varying: str) -> None:
        self._made = kind = type(model)
        if hasattr(kind, "__post_init__"):
            message = f"{kind.__name__} checks what it is made of"
            raise TypeError(message)
        names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
        self._alike = tuple(
            (getattr(kind, name).__set__, getattr(model, name))
            for name in names
            if name not in varying
        )
        self._varying = tuple(getattr(kind, name).__set__ for name in varying)

    def cast(self, *values: object) -> V:
        """Return the value with these values of the fields that differ."""
        made = object.__new__(self._made)
        for put, value in self._alike:
            put(made, value)
        for put, value in zip(self._varying, values, strict=True):
            put(made, value)
        return made
