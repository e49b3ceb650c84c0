"""The laws of every page, in a real browser: P5, P6, keyboard, and without scripts."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.page.browser import SHOWN, WIDTHS, opened, overflow, settled

_MIDDLE = 700
_INLINE = """() => [...document.querySelectorAll('*')].filter(element =>
  element.hasAttribute('style')
  || (element.tagName === 'SCRIPT' && !element.src)
  || element.tagName === 'STYLE'
  || [...element.attributes].some(each => each.name.startsWith('on'))
).map(element => element.outerHTML.slice(0, 120))"""
_FOCUSED = """() => {
  const it = document.activeElement, box = it.getBoundingClientRect();
  const shown = it.closest('.toggle') || it;
  return {
    what: it.id || it.getAttribute('href') || it.value || it.tagName,
    outline: getComputedStyle(shown).outlineStyle,
    isInView: box.bottom > 0 && box.top < innerHeight,
    isBody: it === document.body,
  };
}"""
_TABLE = ("table", "row", "cell", "rowheader", "columnheader")
_NUMBER = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9][0-9.:]*")
"""Times go on between two looks at a page, and each question has an id of its own."""
_FAILED = "error: Failed to load resource: the server responded with a status of 4"


def _complaints(heard):
    """Return what a page complained of, but that it is the page of a failure."""
    return [each for each in heard.complaints if not each.startswith(_FAILED)]


@pytest.mark.parametrize("name", SHOWN)
def test_p05_no_page_is_wider_than_its_window(browser, network_site, name):
    """Down to 320 pixels, in the language with the longest words."""
    with opened(browser, network_site.address, language="sv") as (page, _):
        page.goto(SHOWN[name])
        settled(page)
        wider = {}
        for width in (*WIDTHS, _MIDDLE):
            page.set_viewport_size({"width": width, "height": 900})
            wider[width] = overflow(page)

    assert wider == {1200: 0, 700: 0, 320: 0}


@pytest.mark.parametrize("name", SHOWN)
def test_p05_the_keyboard_reaches_everything(browser, network_site, name):
    """Each stop of the Tab key is marked and in view; the first skips ahead."""
    with opened(browser, network_site.address) as (page, _):
        page.goto(SHOWN[name])
        settled(page)
        wanted = page.locator("a[href]:visible, button:visible").count()
        stops = []
        for _ in range(wanted + 40):
            page.keyboard.press("Tab")
            stop = page.evaluate(_FOCUSED)
            if stop["isBody"]:
                break
            stops.append(stop)
        hidden = [each for each in stops if each["outline"] == "none"]
        unseen = [each for each in stops if not each["isInView"]]

    assert (stops[0]["what"], hidden, unseen) == ("#main", [], [])
    assert len(stops) >= wanted


@pytest.mark.parametrize("name", ["home", "status"])
def test_p05_a_table_that_became_cards_is_heard_as_a_table(browser, network_site, name):
    """Who hears a page moves through rows and heads, however narrow it is."""
    heard = []
    for width in WIDTHS:
        with opened(browser, network_site.address, width=width) as (page, _):
            page.goto(SHOWN[name])
            settled(page)
            tools = page.context.new_cdp_session(page)
            tree = tools.send("Accessibility.getFullAXTree")["nodes"]
            roles = Counter(node["role"]["value"] for node in tree)
            heard.append({role: roles[role] for role in _TABLE})

    assert heard[0] == heard[1]
    assert min(heard[0].values()) >= 1


def test_p05_the_skip_link_and_the_box_have_keys(browser, site):
    """Enter on the first stop goes to the content, ``/`` to the box; Escape empties."""
    with opened(browser, site.address) as (page, _):
        page.goto("/about")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        skipped = page.evaluate("document.activeElement.id")
        page.keyboard.press("/")
        asked = page.evaluate("document.activeElement.id")
        page.keyboard.type("17-43045711-T-C/")
        typed = page.input_value("#q")
        page.keyboard.press("Escape")

        assert (skipped, asked, typed, page.input_value("#q")) == (
            *("main", "q", "17-43045711-T-C/", ""),
        )


@pytest.mark.parametrize("name", SHOWN)
def test_p05_without_scripts_a_page_says_the_same(browser, site, name):
    """Nothing that is to be read needs JavaScript."""
    said = []
    for javascript in (True, False):
        with opened(browser, site.address, javascript=javascript) as (page, _):
            page.goto(SHOWN[name])
            settled(page)
            said.append(_NUMBER.sub("#", page.inner_text("body")))

    assert said[0] == said[1]


@pytest.mark.parametrize("name", SHOWN)
def test_p06_nothing_is_foreign_and_nothing_inline(browser, network_site, name):
    """Every request goes to the site, the policy is strict, and it is never broken."""
    with opened(browser, network_site.address) as (page, heard):
        answer = page.goto(SHOWN[name], wait_until="networkidle")
        policy = answer.headers["content-security-policy"]
        inline = page.evaluate(_INLINE)

    assert heard.foreign(network_site.address) == []
    assert (_complaints(heard), inline) == ([], [])
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy


def test_p06_the_policy_is_in_force(browser, site):
    """A script or a style that somebody writes into a page does nothing."""
    with opened(browser, site.address) as (page, heard):
        page.goto("/")
        page.evaluate("""() => {
            const script = document.createElement('script');
            script.textContent = 'document.title = "taken"';
            document.body.append(script);
            const picture = document.createElement('img');
            picture.src = 'http://192.0.2.1/seen.png';
            document.body.append(picture);
        }""")
        page.wait_for_timeout(100)
        title = page.title()

    assert "taken" not in title
    assert len([each for each in heard.complaints if "Content Security" in each]) == 2


def test_the_table_is_read_as_cards_where_it_is_narrow(network_site, browser):
    """Every cell says what it is, and none is cut off."""
    with opened(browser, network_site.address, width=320) as (tab, _):
        tab.goto("/status")
        head = tab.locator("thead th").all_inner_texts()[1:]
        labels = tab.locator("#node-2 td").evaluate_all(
            "cells => cells.map(cell => cell.dataset.label)"
        )

    assert labels == head
