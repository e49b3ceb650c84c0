"""Every way of spoiling one member of a document, in place and made good again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DELETED = object()
"""Instead of a value: the member is taken away."""
ADDED = object()
"""Instead of a value: the object is given a member nobody knows."""
VALUES = (None, "x", -1, [1], {"a": 1})
"""What is put in the place of every member."""
MORE = {dict: ({},), list: ([],), int: (1.5, True), float: (True,)}
"""What is put, too, in the place of members of a type."""
UNKNOWN = "unheardOf"

Path = tuple[str | int, ...]


def places(node: object, path: Path = ()) -> Iterator[Path]:
    """Yield where the members of a document are, and the document itself."""
    yield path
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))
        else:
            yield (*path, key)


def at(document: object, path: Path) -> object:
    """Return what is at a place."""
    for key in path:
        document = document[key]
    return document


def spoiled(document: object, seen: set[object]) -> Iterator[tuple[Path, object]]:
    """Yield each place with what is put there, while it is there.

    Args:
        document: changed while the generator waits, and restored after.
        seen: places of one kind met before, in this document or another; they are
            passed over.
    """
    for path in list(places(document)):
        likeness = _likeness(document, path)
        if likeness in seen:
            continue
        seen.add(likeness)
        if isinstance(at(document, path), dict):
            yield from _extended(document, path)
        if path:
            yield from _replaced(document, path)


def _likeness(document: object, path: Path) -> object:
    """Return what places share that need to be spoiled only once.

    Within an object that names its type, the way to that object does not matter.
    """
    steps: tuple[object, ...] = ()
    node, around = document, None
    for step in path:
        node, around = node[step], node
        name = around.get("type") if isinstance(around, dict) else None
        if isinstance(name, str):
            steps = (name,)
        steps = (*steps, "*" if isinstance(step, int) else step)
    beside = frozenset(around) if isinstance(around, dict) else None
    inside = frozenset(node) if isinstance(node, dict) else type(node)
    return steps, beside, inside


def _extended(document: object, path: Path) -> Iterator[tuple[Path, object]]:
    node = at(document, path)
    node[UNKNOWN] = 1
    yield path, ADDED
    del node[UNKNOWN]


def _replaced(document: object, path: Path) -> Iterator[tuple[Path, object]]:
    *way, key = path
    node = at(document, tuple(way))
    kept = node[key]
    for value in (*VALUES, *MORE.get(type(kept), ())):
        node[key] = value
        yield path, value
    if isinstance(node, list):
        del node[key]
        yield path, DELETED
        node.insert(key, kept)
    else:
        before = dict(node)
        del node[key]
        yield path, DELETED
        node.clear()
        node.update(before)
        node[key] = kept
