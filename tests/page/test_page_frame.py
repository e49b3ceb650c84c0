"""What every page has around it, as those hear it who do not see it: P5, P9.

Languages that are named, places that are marked, signs that are not read aloud.
"""

from __future__ import annotations

import re

import pytest

from tests.page.browser import LANGUAGES, SHOWN

VARIANT = "/v/GRCh37/22-16050408-T-C?wait=1"
_LINK = re.compile(r"<a [^>]*>")


def _html(site, path: str, language: str = "en") -> str:
    joint = "&" if "?" in path else "?"
    whole = f"{path}{joint}lang={language}"
    return site.ask("GET", whole, headers={"Accept": "text/html"}).body.decode()


def _named(tags: list[str], name: str) -> list[str]:
    """Return the values of an attribute, of those tags that have it."""
    return [found[1] for tag in tags if (found := re.search(f' {name}="([^"]*)"', tag))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_p09_each_language_is_offered_in_itself(site, language):
    """The page names its own; each link the one it leads to, and which is shown."""
    html = _html(site, "/about", language)
    links = [tag for tag in _LINK.findall(html) if "hreflang" in tag]
    current = [tag for tag in links if 'aria-current="true"' in tag]

    assert f'<html lang="{language}">' in html
    assert _named(links, "hreflang") == _named(links, "lang") == list(LANGUAGES)
    assert _named(links, "href") == [f"?lang={each}" for each in LANGUAGES]
    assert _named(current, "lang") == [language]


@pytest.mark.parametrize("path", ["/", "/batch", "/status", "/about"])
def test_p05_where_one_is_is_marked(site, path):
    """One link of the pages, and no other."""
    links = _LINK.findall(_html(site, path))
    current = [tag for tag in links if 'aria-current="page"' in tag]

    assert _named(current, "href") == [path]


def test_p05_the_first_link_skips_to_what_can_be_gone_to(site):
    """It leads past the head, to a place that takes the focus."""
    html = _html(site, VARIANT)

    assert _named(_LINK.findall(html)[:1], "href") == ["#main"]
    assert '<main id="main" tabindex="-1">' in html


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_p05_no_sign_is_read_aloud(network_site, name):
    """Beside each stands its word."""
    signs = re.findall(r'<span class="symbol"[^>]*>', _html(network_site, SHOWN[name]))

    assert set(_named(signs, "aria-hidden")) <= {"true"}
    assert len(_named(signs, "aria-hidden")) == len(signs) > 0


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_p05_what_describes_something_is_there(network_site, name):
    """A label, and whatever else is said to name or describe, is on the page, once."""
    html = _html(network_site, SHOWN[name])
    tags = re.findall(r"<[a-z][^>]*>", html)
    places = _named(tags, "id")
    used = [
        *_named(tags, "for"),
        *" ".join(_named(tags, "aria-describedby")).split(),
        *" ".join(_named(tags, "aria-labelledby")).split(),
    ]

    assert {"q", "box-help"} <= set(used) <= set(places)
    assert len(set(places)) == len(places)


@pytest.mark.parametrize("assembly", ["GRCh37", "GRCh38"])
@pytest.mark.parametrize("kind", ["v/{}/22-16050408-T-C?wait=1", "region/{}/22:1-9"])
def test_p09_the_toggle_stands_at_what_is_asked(site, assembly, kind):
    """A link's own assembly, not that of the first dataset."""
    html = _html(site, f"/{kind.format(assembly)}")
    form = html.partition('role="search"')[2].partition("</form>")[0]
    chosen = [tag for tag in re.findall(r"<input [^>]*>", form) if " checked" in tag]

    assert _named(chosen, "value") == [assembly]


@pytest.mark.parametrize("language", ["sv", "da"])
def test_p09_what_stays_english_is_marked(site, language):
    """So that it is read aloud in its own voice: why a text was not understood."""
    html = _html(site, "/?q=hello%3F", language)

    assert re.search(r'<p class="lead" lang="en">[^<]*is not a variant', html)
