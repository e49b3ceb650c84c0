"""Every page has the same headers, languages and files; a failure is a page, too."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from aiohttp import web

from beacon.network.network import Alone, ourselves
from beacon.page.rendering import CONTENT_SECURITY_POLICY
from beacon.page.statics import STATICS
from tests.page.shelf import page, pages
from tests.speaking import IDENTITY

BROWSER = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}


@pytest.mark.parametrize("path", ["/", "/status", "/about"])
async def test_a_page_loads_its_own_and_runs_nothing_inline(aiohttp_client, path):
    """The policy forbids anything else, and the page needs nothing else."""
    response, html = await page(aiohttp_client, path=path)
    loaded = re.findall(r'(?:src|<link[^>]+href)="(?!/static/)[^"]*"', html)
    inline = re.findall(r"<style|style=|<script(?![^>]+src=)| on[a-z]+=", html)

    assert (response.status, loaded, inline) == (200, [], [])
    assert {
        name: response.headers[name]
        for name in (
            *("Content-Security-Policy", "Referrer-Policy", "Cache-Control"),
            *("X-Content-Type-Options", "Vary"),
        )
    } == {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept-Language, Cookie",
    }


def test_the_policy_is_the_strict_one():
    """Nothing but our own is loaded, sent to, or framed."""
    assert CONTENT_SECURITY_POLICY == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


@pytest.mark.parametrize(
    ("language", "title"),
    [("en", "How the nodes are"), ("sv", "Hur noderna mår"), ("da", "Hvordan noderne")],
)
async def test_a_page_is_in_the_language_of_the_browser(
    aiohttp_client, language, title
):
    """And says which one it is in."""
    _, html = await page(
        aiohttp_client, path="/status", headers={"Accept-Language": language}
    )

    assert (title in html, f'<html lang="{language}">' in html) == (True, True)


async def test_a_chosen_language_is_kept(aiohttp_client):
    """The address beats the browser, and the next page is in it, too."""
    client = await aiohttp_client(pages(identity=replace(IDENTITY, public_url=None)))
    headers = {"Accept-Language": "da"}
    chosen = await client.get("/about?lang=sv&next=1", headers=headers)
    html = await chosen.text()
    cookie = chosen.cookies["lang"]
    after = await (await client.get("/", headers=headers)).text()

    assert ("Om sidan" in html, "Så frågar du" in after) == (True, True)
    assert (cookie.value, cookie["httponly"], cookie["samesite"]) == ("sv", True, "Lax")
    assert 'href="?lang=da&amp;next=1"' in html


async def test_a_language_that_is_none_changes_nothing(aiohttp_client):
    """It is neither shown nor kept."""
    response, html = await page(aiohttp_client, path='/?lang="><b>')

    assert ('<html lang="en">' in html, "lang" in response.cookies) == (True, False)
    assert "<b>" not in html


async def test_below_a_path_every_address_is_below_it(aiohttp_client):
    """A beacon at https://hospital.example/beacon asks its browser for nothing else."""
    identity = replace(IDENTITY, public_url="https://hospital.example/beacon/")
    response, html = await page(aiohttp_client, path="/?lang=sv", identity=identity)
    addresses = re.findall(r'(?:href|src|action)="([^"]*)"', html)
    ours = ("/beacon/", "https://hospital.example/beacon/", "#", "?")
    elsewhere = [each for each in addresses if not each.startswith(ours)]
    said = {IDENTITY.welcome_url, IDENTITY.contact_url}

    assert [each for each in elsewhere if each not in said] == []
    assert response.cookies["lang"]["path"] == "/beacon/"
    assert response.cookies["lang"]["secure"]


# --- files -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("style.css", "text/css"),
        ("logo.svg", "image/svg+xml"),
        ("page.js", "text/javascript"),
    ],
)
async def test_a_file_is_kept_as_long_as_it_is_the_same(aiohttp_client, name, kind):
    """Its address changes with its bytes; by its plain name it is compared."""
    client = await aiohttp_client(pages())
    exact = await client.get(STATICS.address(name))
    plain = await client.get(f"/static/{name}")
    again = await client.get(
        f"/static/{name}", headers={"If-None-Match": plain.headers["ETag"]}
    )

    assert (exact.status, exact.content_type, exact.charset) == (200, kind, "utf-8")
    assert "immutable" in exact.headers["Cache-Control"]
    assert plain.headers["Cache-Control"] == "no-cache"
    assert (again.status, await again.read()) == (304, b"")


@pytest.mark.parametrize("name", ["nothing.css", "..%2fviews.py", "%2e%2e/views.py"])
async def test_no_other_file_is_served(aiohttp_client, name):
    """Whatever it is called."""
    response, _ = await page(aiohttp_client, path=f"/static/{name}")

    assert response.status == 404


# --- failures ----------------------------------------------------------------


def test_a_browser_is_shown_a_page_where_there_is_none(site):
    """In its language, with the status, and never as a no."""
    answer = site.ask("GET", "/nowhere", headers=BROWSER | {"Accept-Language": "sv"})
    html = answer.body.decode()

    assert (answer.status, answer.headers["content-type"]) == (
        404,
        "text/html; charset=utf-8",
    )
    assert "Det finns ingen sådan sida" in html
    assert "inte ett nej" in html
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/nowhere", "*/*"),
        ("/nowhere", "application/json"),
        ("/api/nowhere", BROWSER["Accept"]),
        ("/api/g_variants?start=x", BROWSER["Accept"]),
        ("/network/g_variants?start=x", BROWSER["Accept"]),
    ],
)
def test_a_program_and_the_api_keep_their_documents(site, path, accept):
    """Who looks at the API in a browser sees what programs see."""
    answer = site.ask("GET", path, headers={"Accept": accept})

    assert answer.status >= 400
    assert answer.document["error"]["errorCode"] == answer.status


def test_what_the_door_refuses_is_a_page_with_its_headers(site):
    """A token that proves nothing is refused before any page is asked."""
    answer = site.ask("GET", "/", headers=BROWSER | {"Authorization": "Bearer x.y.z"})
    html = answer.body.decode()

    assert (answer.status, "You have to show who you are" in html) == (401, True)
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_a_method_that_a_page_does_not_take_is_said(site):
    """With the ones that it takes."""
    answer = site.ask("POST", "/about", b"x", BROWSER)

    assert (answer.status, "GET" in answer.headers["allow"]) == (405, True)
    assert b"<!doctype html>" in answer.body


class Unwell(Alone):
    """A network that cannot say how it is, so that no page can be made."""

    def health(self):
        """Fail."""
        raise RuntimeError


async def test_where_no_page_can_be_made_the_document_is_sent(aiohttp_client):
    """A failure within a failure says the first one."""
    here = ourselves(IDENTITY.id, IDENTITY.name)
    app = pages(network=Unwell(here, "test"))

    async def fail(_):
        said = {"error": {"errorCode": 503, "errorMessage": "The store is gone."}}
        return web.json_response(said, status=503, headers={"Retry-After": "1"})

    app.router.add_get("/fails", fail)
    client = await aiohttp_client(app)
    response = await client.get("/fails", headers=BROWSER)

    assert (response.status, response.content_type) == (503, "application/json")
    assert (await response.json())["error"]["errorMessage"] == "The store is gone."
