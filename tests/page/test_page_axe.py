"""P5: axe-core finds nothing on any page, in whatever way it is looked at.

A file of its own, so that another process may hold pages to their other laws.
"""

from __future__ import annotations

import pytest

from tests.page.browser import (
    COLOURS,
    LANGUAGES,
    SHOWN,
    WIDTHS,
    opened,
    settled,
    violations,
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SHOWN)
def test_p05_axe_finds_nothing(browser, network_site, name, language):
    """No violation of WCAG 2.2 AA: in any theme, width or language."""
    with opened(browser, network_site.address, language=language) as (page, _):
        page.goto(SHOWN[name])
        settled(page)
        found = [f"lang: {page.get_attribute('html', 'lang')}"]
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme="light")
            found += [f"{width} light: {each}" for each in violations(page)]
            page.emulate_media(color_scheme="dark")
            found += [f"{width} dark: {each}" for each in violations(page, COLOURS)]
        page.emulate_media(forced_colors="active")
        found += [f"forced colours: {each}" for each in violations(page, COLOURS)]

    assert found == [f"lang: {language}"]
