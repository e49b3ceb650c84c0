"""Every text of the pages is there in every language; numbers read as people write."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis.strategies import floats, from_regex, text

from beacon.page.words import LANGUAGES, fixed, language_of, words_in
from tests.page import catalogues

_VALUE = re.compile(r"%\(\w+\)s|%%|<[^>]+>|&\w+;")


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_no_text_is_missing(language):
    """What is written on a page is there in Swedish and Danish."""
    lacking = [(m.id, m.locations) for m in catalogues.missing(language)]

    assert lacking == []


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_no_text_is_left_over(language):
    """A text that no page shows any more is in no catalogue."""
    written = {message.id for message in catalogues.written()}

    assert [
        each for each in catalogues.translated(language) if each not in written
    ] == []


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_a_text_keeps_its_values_and_marks(language):
    """Whatever language it is in, the same values are filled into it."""
    wrong = [
        message.id
        for message in catalogues.translated(language).values()
        if _values(message.id) != _values(message.string)
    ]

    assert wrong == []


def _values(text):
    """Return what stands in a text, or in its forms, beside words."""
    forms = text if isinstance(text, (tuple, list)) else [text]
    return [sorted(_VALUE.findall(form)) for form in forms]


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_a_text_is_in_one_catalogue_or_the_same_in_all(language):
    """Whichever part is read last changes nothing."""
    said = {}
    for part in catalogues.parts(language).values():
        for message in part:
            if message.id:
                said.setdefault(message.id, set()).add(str(message.string))

    assert [text for text, forms in said.items() if len(forms) > 1] == []


@pytest.mark.parametrize(
    ("asked", "kept", "accepted", "language"),
    [
        ("sv", "da", "en", "sv"),
        (None, "da", "sv", "da"),
        (None, None, "sv-SE,sv;q=0.9,en;q=0.8", "sv"),
        (None, None, "de, da;q=0.5, sv;q=0.7", "sv"),
        (None, None, "sv, da, en", "sv"),
        (None, None, "da;q=0.5, sv;q=0.5", "da"),
        (None, None, "nb-NO, en;q=0.3", "da"),
        (None, None, "nn, en;q=0.3", "sv"),
        (None, None, "fr", "en"),
        (None, None, "", "en"),
        (None, None, "sv;q=0, en;q=0.1", "en"),
        (None, None, "sv;q=9..9", "en"),
        ("xx", "yy", "da", "da"),
    ],
)
def test_the_address_beats_the_cookie_beats_the_browser(
    asked, kept, accepted, language
):
    """And a language we have not is no error."""
    assert language_of(asked, kept, accepted) == language


@given(accepted=text(max_size=200) | from_regex(r"([a-z]{2};q=[0-9.]{1,4},? ?){0,30}"))
def test_whatever_a_browser_accepts_a_page_has_a_language(accepted):
    """Nothing that is sent there is a failure."""
    assert language_of(None, None, accepted) in LANGUAGES


@given(value=floats(min_value=1e-12, max_value=1.0))
def test_two_digits_are_the_value_within_a_twentieth(value):
    """However small it is, and never with an exponent."""
    said = fixed(value)

    assert abs(float(said) - value) <= value / 20
    assert "e" not in said.lower()


@pytest.mark.parametrize(
    ("language", "count", "share", "day"),
    [
        ("en", "24,198", "0.00012", "14 Nov 2026"),
        ("sv", "24\N{NO-BREAK SPACE}198", "0,00012", "14 nov. 2026"),
        ("da", "24.198", "0,00012", "14. nov. 2026"),
    ],
)
def test_numbers_are_written_as_in_the_language(language, count, share, day):
    """Thousands, decimals, and days."""
    words = words_in(language)
    said = (
        words.number(24_198),
        words.decimal(3 / 24_198),
        words.day(date(2026, 11, 14)),
    )

    assert said == (count, share, day)


@pytest.mark.parametrize(
    ("value", "text"),
    [(9.626e-05, "0.000096"), (1e-9, "0.0000000010"), (0.5, "0.50"), (1.0, "1.0")],
)
def test_a_number_for_machines_has_no_exponent(value, text):
    """A decimal point, and so many significant digits."""
    assert fixed(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0124, "12 ms"),
        (0.9994, "999 ms"),
        (1.0, "1,0 s"),
        (9.96, "10 s"),
        (61, "61 s"),
    ],
)
def test_times_are_told_in_the_unit_they_are_read_in(seconds, text):
    """Below a second in thousandths; from ten on without any."""
    assert words_in("sv").seconds(seconds) == text.replace(" ", "\N{NO-BREAK SPACE}")


def test_a_share_is_never_rounded_up_to_all():
    """One failure of a thousand questions is not 100 %."""
    said = [words_in("en").percent(each) for each in (0.9999, 0.57, 1.0, 0.0)]

    assert said == [f"{each}\N{NO-BREAK SPACE}%" for each in ("99.9", 57, 100, 0)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_takes_its_values_from_code_as_from_templates(language):
    """A percent sign is doubled in both."""
    words = words_in(language)
    text = "%(well)s of %(total)s node answers."
    many = "%(well)s of %(total)s nodes answer."
    said = words.ngettext(text, many, 1, well=1, total=1)

    assert (said.startswith("1 "), "%" in said) == (True, False)
