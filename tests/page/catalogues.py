"""The texts of the pages, taken from their templates and code, beside what is there.

As a program it prints what is missing, ready to be put into the catalogue of a part:
``PYTHONPATH=. .venv/bin/python tests/page/catalogues.py``.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

PAGE = Path(str(files("beacon.page")))
TRANSLATED = ("sv", "da")
_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
_OPTIONS = {
    "templates/**.html": {
        "trimmed": "true",
        "silent": "false",
        "newstyle_gettext": "true",
    }
}
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}


@cache
def written() -> Catalog:
    """Return every text that pages are written with, and where it stands."""
    catalog = Catalog()
    found = extract_from_dir(PAGE, _METHODS, _OPTIONS, keywords=_KEYWORDS)
    for name, line, message, _, context in found:
        catalog.add(message, locations=[(name, line)], context=context)
    return catalog


def parts(language: str) -> dict[str, Catalog]:
    """Return the catalogues of a language, by the name of their part."""
    found = {}
    for path in sorted((PAGE / "locale" / language).glob("*.po")):
        with path.open("rb") as lines:
            found[path.stem] = read_po(lines, locale=language)
    return found


def translated(language: str) -> dict[object, Message]:
    """Return what is translated, by what it is written with."""
    return {
        message.id: message
        for part in parts(language).values()
        for message in part
        if message.id
    }


def missing(language: str) -> list[Message]:
    """Return what is written and has no text in a language."""
    there = translated(language)
    return [
        message
        for message in written()
        if message.id and not _is_said(there.get(message.id))
    ]


def _is_said(message: Message | None) -> bool:
    if message is None or message.fuzzy:
        return False
    said = message.string
    return all(said) if isinstance(said, (tuple, list)) else bool(said)


def main() -> None:
    """Print what is missing."""
    import sys  # noqa: PLC0415 - as a program only

    for language in TRANSLATED:
        lacking = Catalog(locale=language)
        for message in missing(language):
            lacking.add(message.id, locations=message.locations)
        sys.stdout.write(f"# --- {language}: {len(lacking)} missing\n")
        sys.stdout.flush()
        write_po(sys.stdout.buffer, lacking, omit_header=True, width=88)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
