"""Logging in with a browser, from the first page of the demonstration and back to it.

And that a login outlives a restart, and is known to every process of a server.
"""

from __future__ import annotations

import re
import socket
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from commands import Command
from playwright.sync_api import expect

from beacon.cli.login import logging_in
from tests.page.browser import (
    COLOURS,
    WIDTHS,
    browsing,
    opened,
    overflow,
    violations,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from commands import Server
    from playwright.sync_api import Browser, Page

VARIANT = "/v/GRCh37/22-50300078-A-G"
TITLE = "Nordic Test Login"
OFFERED = "told only to those who have logged in"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give a browser."""
    with browsing() as one:
        yield one


@pytest.fixture(scope="module")
def served(demo_home: Path, demo_output: str) -> Iterator[Server]:
    """Serve the demonstration with its login."""
    del demo_output  # asked for so that the data is there
    command = Command(home=demo_home)
    with command.serving("demo", "--with-login", "--port", "0", deadline=300) as server:
        yield server


def log_in(page: Page, name: str, path: str = "/") -> None:
    """Log in from a page, as somebody."""
    page.goto(path)
    page.get_by_role("banner").get_by_role("link", name="Log in").click()
    page.get_by_role("link", name=f"Log in with {TITLE}").click()
    page.get_by_role("link", name=name).click()


def listed(page: Page) -> set[str]:
    """Return the datasets that the first page lists."""
    page.goto("/")
    return set(re.findall(r"Synthetic cohort [ABC]|1000 Genomes chr22", page.content()))


@pytest.mark.parametrize("javascript", [True, False])
def test_each_person_is_shown_what_is_theirs(
    browser: Browser, served: Server, javascript: bool
) -> None:
    """Choose who you are, see other data, log out, see what everybody sees."""
    everybody = {"1000 Genomes chr22"}
    with opened(browser, served.url, javascript=javascript) as (page, heard):
        before = listed(page)
        page.goto(VARIANT)
        expect(page.get_by_text(OFFERED)).to_be_visible()
        found = {}
        for name in ("Astrid Berg", "Jonas Lund", "Karin Holm"):
            log_in(page, name, VARIANT)
            expect(page).to_have_url(served.url + VARIANT)
            expect(page.get_by_role("banner")).to_contain_text(name)
            expect(page.get_by_text(OFFERED)).to_have_count(0)
            found[name] = listed(page) - everybody
            page.get_by_role("button", name="Log out").click()
            expect(page.get_by_role("heading", level=1)).to_have_text(
                "You are logged out"
            )
            page.get_by_role("link", name=f"Log out at {TITLE}").click()
            expect(page).to_have_url(f"{served.url}/logout")
        after, cookies = listed(page), page.context.cookies()

    assert before == everybody == after
    assert found == {
        "Astrid Berg": set(),
        "Jonas Lund": {"Synthetic cohort A"},
        "Karin Holm": {f"Synthetic cohort {each}" for each in "ABC"},
    }
    assert cookies == []
    assert heard.complaints == []


def test_breaking_off_logs_nobody_in(browser: Browser, served: Server) -> None:
    """The page says so, and where to begin again."""
    with opened(browser, served.url) as (page, _):
        log_in(page, "Rather nobody")
        expect(page.get_by_role("alert")).to_contain_text("broken off")
        expect(page.get_by_role("link", name=f"Log in with {TITLE}")).to_be_visible()
        cookies = page.context.cookies()

    assert cookies == []


def test_coming_back_twice_logs_nobody_in(browser: Browser, served: Server) -> None:
    """The address one came back to is good once, in this browser and in any other."""
    with opened(browser, served.url) as (page, heard):
        log_in(page, "Karin Holm")
        expect(page.get_by_role("button", name="Log out")).to_be_visible()
        (back,) = [each for each in heard.requests if "/login/back?" in each]
        page.goto(back)
        again = page.get_by_role("alert").inner_text()
    with opened(browser, served.url) as (page, _):
        page.goto(back)
        elsewhere = page.get_by_role("alert").inner_text()
        cookies = page.context.cookies()

    assert "Begin again" in again
    assert "Begin again" in elsewhere
    assert cookies == []


def test_no_script_reads_the_cookie(browser: Browser, served: Server) -> None:
    """Nor is it sent along with what another site's page asks for."""
    with opened(browser, served.url) as (page, _):
        log_in(page, "Karin Holm")
        expect(page.get_by_role("button", name="Log out")).to_be_visible()
        read = page.evaluate("document.cookie")
        # A page of another site on this machine: the issuer's, by another name.
        page.goto(served.url.replace("127.0.0.1", "localhost") + "/about")
        statuses = page.evaluate(
            """site => Promise.all([
                fetch(site + '/api/datasets', {credentials: 'include'}),
                fetch(site + '/logout', {method: 'POST', mode: 'no-cors',
                      credentials: 'include'}),
            ].map(each => each.then(a => a.type, () => 'refused')))""",
            served.url,
        )
        page.goto(served.url + "/about")
        expect(page.get_by_role("banner")).to_contain_text("Karin Holm")

    assert read == ""
    assert "basic" not in statuses


def test_a_login_that_has_ended_says_so(browser: Browser, served: Server) -> None:
    """On the page one was on, with a way to log in again and one to go on without."""
    with opened(browser, served.url) as (page, _):
        log_in(page, "Karin Holm", VARIANT)
        expect(page.get_by_role("button", name="Log out")).to_be_visible()
        kept = page.context.cookies()
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("You are logged out")
        page.context.add_cookies(kept)  # as somebody who kept a copy
        answer = page.goto(VARIANT)
        ended = page.get_by_role("heading", level=1).inner_text()
        machine = page.request.get("/api/datasets").status
        looked = looked_at(page)
        page.get_by_role("button", name="Go on without a login").click()
        expect(page).to_have_url(served.url + VARIANT)
        expect(page.get_by_role("banner")).to_contain_text("Log in")
        cookies = page.context.cookies()

    assert answer is not None
    assert answer.status == 401
    assert ended == "Your login has ended"
    assert machine == 401
    assert cookies == []
    assert looked == []


def looked_at(page: Page) -> list[str]:
    """Return what is wrong with a page as it is, in any theme and width."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="light")
        found += violations(page)
        page.emulate_media(color_scheme="dark")
        found += violations(page, COLOURS)
        found += [f"{width} px are too few"] * (overflow(page) > 0)
    page.emulate_media(forced_colors="active")
    return found + violations(page, COLOURS)


def test_pages_of_the_logged_in_keep_the_laws(browser: Browser, served: Server) -> None:
    """P5: a name and a button beside the rest, in any theme and width."""
    with opened(browser, served.url) as (page, _):
        log_in(page, "Karin Holm", "/about")
        expect(page.get_by_role("button", name="Log out")).to_be_visible()
        here = looked_at(page)
        page.goto("/login")
        expect(page.get_by_text("You are logged in as Karin Holm")).to_be_visible()
        there = looked_at(page)

    assert (here, there) == ([], [])


def asked(port: int, path: str, cookies: str) -> tuple[int, dict[str, str], str]:
    """Ask on a connection of its own; return status, cookies and where one is sent."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"Cookie": cookies} if cookies else {})
    answer = connection.getresponse()
    body = answer.read().decode()
    given = {
        name: morsel.value
        for line in answer.headers.get_all("Set-Cookie", [])
        for name, morsel in SimpleCookie(line).items()
    }
    connection.close()
    return answer.status, given, answer.headers.get("Location") or body


def test_every_process_knows_who_is_logged_in(beacon: Command, tmp_path: Path) -> None:
    """And so does the server that follows; a new secret ends every login."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config, policy, secret = (
        tmp_path / name for name in ("beacon.toml", "policy.toml", "secret")
    )
    config.write_text(
        f'[beacon]\npublic_url = "http://127.0.0.1:{port}"\n'
        f'[policy]\nfile = "{policy}"\nsecret_file = "{secret}"\n'
    )
    serve = ("--config", str(config), "serve", "--port", str(port), "--workers", "2")
    with logging_in() as login:
        policy.write_text(login.policy)
        with beacon.serving(*serve):
            _, begun, address = asked(port, "/login?issuer=demo", "")
            there = urlsplit(address)
            _, _, page = asked(there.port or 0, f"{there.path}?{there.query}", "")
            choice = re.search(r'/choose\?ask=[^"]*person=clinician', page)
            assert choice is not None
            path = choice[0].replace("&amp;", "&")
            _, _, back = asked(there.port or 0, path, "")
            cookie = f"login={begun['login']}"
            status, given, _ = asked(port, back.partition(str(port))[2], cookie)
            session = f"session={given['session']}"
            known = [asked(port, "/about", session) for _ in range(20)]
        with beacon.serving(*serve):
            after = asked(port, "/about", session)
        secret.unlink()
        with beacon.serving(*serve):
            renewed = asked(port, "/about", session)

    assert status == 303
    assert {(200, True)} == {(each[0], "Karin Holm" in each[2]) for each in known}
    assert (200, True) == (after[0], "Karin Holm" in after[2])
    assert 401 == renewed[0]


@pytest.mark.parametrize(
    ("public", "words"), [("", "public_url"), ("http://beacon.example.org", "https://")]
)
def test_a_login_needs_an_address_to_come_back_to(
    beacon: Command, tmp_path: Path, public: str, words: str
) -> None:
    """Without it, or over a plain line, a server does not start."""
    policy = tmp_path / "policy.toml"
    policy.write_text(
        '[policy]\nid = "x"\n[issuers.hospital]\niss = "https://login.example.org/"\n'
        'client_id = "beacon"\n'
    )
    config = tmp_path / "beacon.toml"
    told = f'[beacon]\npublic_url = "{public}"\n' if public else ""
    config.write_text(f'{told}[policy]\nfile = "{policy}"\n')
    done = beacon("--config", str(config), "serve", "--port", "0")

    assert done.returncode == 2
    assert words in done.stderr
    assert "issuers.hospital" in done.stderr
