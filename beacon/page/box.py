"""What stands in the box above every page, and what it says of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """The box: one field, and which assembly is meant.

    Attributes:
        text: that was typed.
        assembly: that is chosen; ``None``: the first.
        assemblies: there are to choose from.
        examples: texts to try, of what is loaded.
        examples_on: the assembly they are on.
    """

    text: str = ""
    assembly: str | None = None
    assemblies: tuple[str, ...] = ("GRCh38", "GRCh37")
    examples: tuple[str, ...] = ()
    examples_on: str | None = None
