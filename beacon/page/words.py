"""The languages of the pages: which one a reader wants, its texts, its numbers.

Texts are written in English where they stand and found in the catalogues
(``locale/LANGUAGE/PART.po``, one for each part of the pages).  What machines read
(exports, addresses, attributes) is never written with this.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING, Final

from babel.dates import format_date
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, get_decimal_symbol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

LANGUAGES: Final[Mapping[str, str]] = {"en": "English", "sv": "Svenska", "da": "Dansk"}
"""Each by its own name; the first is what every text is written in."""
ENGLISH: Final = "en"
_LOCALES: Final = {"en": "en_GB", "sv": "sv_SE", "da": "da_DK"}
_RANGE: Final = re.compile(
    r"\s*([A-Za-z]{1,8})[A-Za-z0-9-]{0,60}\s*(?:;\s*q=([0-9.]{1,5}))?\s*"
)
"""One member of ``Accept-Language``; RFC 9110, section 12.5.4."""
_NEAR: Final = {"nb": "da", "no": "da", "nn": "sv"}
"""Languages we do not have, and what their speakers read more easily than English."""
_MOST_RANGES: Final = 20
_TEN: Final = 10


def language_of(
    asked: str | None = None, kept: str | None = None, accepted: str = ""
) -> str:
    """Return the language of a page.

    Args:
        asked: by the address.
        kept: from an earlier page.
        accepted: ``Accept-Language`` of the request.
    """
    for named in (asked, kept):
        if named is not None and named in LANGUAGES:
            return named
    return _accepted(accepted)


@lru_cache(maxsize=256)
def _accepted(text: str) -> str:
    best, language = 0.0, ENGLISH
    for each in text.split(",")[:_MOST_RANGES]:
        found = _RANGE.fullmatch(each)
        if found is None:
            continue
        name = found[1].lower()
        name = _NEAR.get(name, name)
        weight = _weight(found[2])
        if name in LANGUAGES and weight > best:
            best, language = weight, name
    return language


def _weight(text: str | None) -> float:
    try:
        return 1.0 if text is None else float(text)
    except ValueError:
        return 0.0


def N_(text: str) -> str:  # noqa: N802 - what tools for catalogues look for
    """Mark a text that is looked up later; it is returned as it is."""
    return text


class Words:
    """One language: its texts, and its numbers and days as people read them.

    Args:
        language: one of ``LANGUAGES``.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self.locale = self._locale = _LOCALES[language]
        self._texts = _texts(language)
        self._point = get_decimal_symbol(self._locale)

    # What Jinja takes: it fills in the values itself.

    def plain(self, text: str) -> str:
        """Return a text in this language, without its values."""
        return self._texts.gettext(text)

    def plain_plural(self, one: str, many: str, count: int) -> str:
        """Return the text for so many, without its values."""
        return self._texts.ngettext(one, many, count)

    # What Python says; a percent sign is doubled, as in templates.

    def gettext(self, text: str, /, **values: object) -> str:
        """Return a text in this language, with its values (``%(name)s``)."""
        return self.plain(text) % values

    def ngettext(self, one: str, many: str, count: int, /, **values: object) -> str:
        """Return the text for so many, with its values; ``num`` is how many."""
        said = {"num": self.number(count), **values}
        return self.plain_plural(one, many, count) % said

    def number(self, count: int) -> str:
        """Return an integer as people read it."""
        return str(format_decimal(count, locale=self._locale))

    def decimal(self, value: float, digits: int = 2) -> str:
        """Return a number with so many significant digits, never with an exponent."""
        return fixed(value, digits).replace(".", self._point)

    def percent(self, share: float) -> str:
        """Return a share of one in per cent, rounded down, so that 100 % is all."""
        text = f"{int(round(share * 1000, 6)) / 10:.1f}".removesuffix(".0")
        return text.replace(".", self._point) + "\N{NO-BREAK SPACE}%"

    def day(self, day: date) -> str:
        """Return a day as people read it."""
        return str(format_date(day, "medium", locale=self._locale))

    def seconds(self, seconds: float) -> str:
        """Return how long something takes, in milliseconds or seconds."""
        if seconds < 1:
            return f"{self.number(round(seconds * 1000))}\N{NO-BREAK SPACE}ms"
        text = self.decimal(seconds) if seconds < _TEN else self.number(round(seconds))
        return f"{text}\N{NO-BREAK SPACE}s"

    def listed(self, parts: Iterable[str]) -> str:
        """Return parts as a list within a sentence."""
        *first, last = parts
        join = self.gettext("and")
        return f"{', '.join(first)} {join} {last}" if first else last


def fixed(value: float, digits: int = 2) -> str:
    """Return a number with so many significant digits, as machines read it."""
    return format(Decimal(f"{value:.{digits - 1}e}"), "f")


@lru_cache(maxsize=len(LANGUAGES))
def words_in(language: str) -> Words:
    """Return the words of a language."""
    return Words(language)


def _texts(language: str) -> NullTranslations:
    """Return the texts of a language, from the catalogues of all parts."""
    if language == ENGLISH:
        return NullTranslations()  # as they are written
    whole = Catalog(locale=_LOCALES[language])
    folder = files("beacon.page") / "locale" / language
    for part in sorted(folder.iterdir(), key=lambda each: each.name):
        if not part.name.endswith(".po"):
            continue
        with part.open("rb") as lines:
            for message in read_po(lines, locale=_LOCALES[language]):
                if message.id and message.string:
                    whole.add(message.id, message.string, context=message.context)
    packed = BytesIO()
    write_mo(packed, whole)
    packed.seek(0)
    return GNUTranslations(packed)
