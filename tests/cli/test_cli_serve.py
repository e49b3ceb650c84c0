"""``beacon serve`` and ``beacon demo``: starting, refusing, ending."""

from __future__ import annotations

import json
import signal
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest

from beacon.cli.serve import check_what_is_said, reread
from beacon.model.errors import UsageError
from beacon.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from commands import Command


def get(url: str) -> str:
    """Return what an address answers."""
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - ours
        said: bytes = answer.read()
    return said.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_line_then_a_calm_end(
    empty_beacon: Command, number: signal.Signals
) -> None:
    """A server without datasets says one line, answers, and ends with exit 0."""
    with empty_beacon.serving("serve", "--port", "0") as server:
        ready = json.loads(get(f"{server.url}/readyz"))
        began = time.monotonic()
        code, rest, _ = server.end(number)

    assert server.lines == [f"Nordic Beacon serves {server.url}/\n"]
    assert (code, rest, ready) == (0, "", {"status": "ready"})
    assert time.monotonic() - began < 30


def test_several_workers_serve_and_end_together(beacon: Command) -> None:
    """``--workers 2`` answers on one address and ends with exit 0."""
    with beacon.serving("serve", "--port", "0", "--workers", "2") as server:
        answers = {get(f"{server.url}/api/datasets?limit=1") for _ in range(8)}
        code, rest, _ = server.end()

    assert (code, rest) == (0, "")
    assert len(answers) == 1


def test_loopback_without_policy_says_that_all_is_open(empty_beacon: Command) -> None:
    """On loopback without a policy the server says once that everything is open."""
    with empty_beacon.serving("serve", "--port", "0") as server:
        _, _, errors = server.end()

    assert errors.count("No policy is set") == 1
    assert "every dataset is open at record granularity" in errors


def test_other_address_needs_a_policy(empty_beacon: Command) -> None:
    """Where others could reach it, the server refuses to start without a policy."""
    done = empty_beacon("serve", "--host", "0.0.0.0", "--port", "0")  # noqa: S104

    assert (done.returncode, done.stdout) == (2, "")
    assert "policy" in done.stderr


def test_open_policy_lets_it_serve_others(empty_beacon: Command) -> None:
    """With the open policy the server starts on any address and says nothing of it."""
    empty_beacon.variables["BEACON_POLICY__DEFAULT"] = "open"
    with empty_beacon.serving("serve", "--host", "0.0.0.0", "--port", "0") as server:  # noqa: S104
        code, _, errors = server.end()

    assert code == 0
    assert "policy" not in errors


def test_policy_file_that_is_not_there_stops_it(empty_beacon: Command) -> None:
    """Nothing is served without the policy that was given."""
    empty_beacon.variables["BEACON_POLICY__FILE"] = "policy.toml"
    done = empty_beacon("serve", "--port", "0")

    assert done.returncode == 2
    assert "policy.file" in done.stderr


def test_taken_port_is_one_sentence(empty_beacon: Command, demo_server: str) -> None:
    """A port that is in use is one sentence and a failure."""
    port = demo_server.rpartition(":")[2]
    done = empty_beacon("serve", "--port", port)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"beacon: cannot listen on 127.0.0.1 port {port}: address already in use"
    )


def test_page_is_served_beside_the_api(demo_server: str) -> None:
    """The address that was printed shows the page."""
    page = get(demo_server + "/")

    assert "demo-1kg" in page


def test_demo_shows_every_kind_of_answer(demo_output: str) -> None:
    """The demonstration shows a yes, a no, an uncovered place and a region."""
    printed = " ".join(demo_output.split())

    assert "3 of 10 alleles, 1 homozygous, 1 heterozygous" in printed
    assert "not_seen 1000 Genomes chr22 (demo-1kg): 0 of 10 alleles" in printed
    assert "13-32914437-GT-G (GRCh37): not_covered" in printed
    assert "22:50300000-50310000 (GRCh37): seen" in printed


def test_second_demo_changes_nothing_and_is_quick(
    demo_home: Path, demo_output: str, beacon: Command
) -> None:
    """A second demonstration prints the same within seconds, and loads nothing."""
    again = type(beacon)(home=demo_home)
    began = time.monotonic()
    done = again("demo", "--once")

    assert (done.returncode, done.stdout) == (0, demo_output)
    assert time.monotonic() - began < 20
    assert "\n1 *" in beacon("datasets", "releases", "demo-1kg").stdout


def test_demo_serves_after_its_questions(
    demo_home: Path, demo_output: str, beacon: Command
) -> None:
    """Without ``--once`` the demonstration serves until it is interrupted."""
    started = type(beacon)(home=demo_home)
    with started.serving("demo", "--port", "0") as server:
        code, _, _ = server.end(signal.SIGINT)

    assert code == 0
    assert server.lines[-1] == f"Nordic Beacon serves {server.url}/\n"
    assert "".join(server.lines[:-1]) == demo_output


def test_typed_settings_file_wins_over_the_environment(
    empty_beacon: Command, tmp_path: Path
) -> None:
    """``--config`` wins over ``$BEACON_CONFIG``, before and after the command."""
    typed, other = tmp_path / "typed.toml", tmp_path / "other.toml"
    typed.write_text("[server]\nhost = '192.0.2.1'\n")
    other.write_text("[server]\nnonsense = 1\n")
    empty_beacon.variables["BEACON_CONFIG"] = str(other)
    before = empty_beacon("--config", str(typed), "serve")
    after = empty_beacon("serve", "--config", str(typed))
    neither = empty_beacon("serve")

    assert before.stderr == after.stderr
    assert "192.0.2.1" in before.stderr
    assert "unknown key server.nonsense" in neither.stderr


ADDRESSES = {
    "public_url": "https://beacon.example.se",
    "organisation": {
        "welcome_url": "https://example.se",
        "contact_url": "mailto:beacon@example.se",
    },
}


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        ({"public_url": "http://beacon.example.se"}, "beacon.public_url must be"),
        ({"public_url": None}, "it is not set"),
        ({"organisation": {}}, "beacon.organisation.welcome_url must be"),
        (
            {"organisation": {"welcome_url": "https://example.se"}},
            "beacon.organisation.contact_url must be",
        ),
    ],
)
def test_production_needs_addresses_that_others_can_use(missing, named) -> None:
    """Networks drop a beacon whose documents name none."""
    told = {"environment": "prod", **ADDRESSES, **missing}
    settings = Settings.model_validate({"beacon": told})

    with pytest.raises(UsageError, match=named):
        check_what_is_said(settings)


@pytest.mark.parametrize(("name", "warned"), [("se.example", 0), ("org.example", 1)])
def test_an_id_without_a_country_is_said(name: str, warned: int) -> None:
    """Portals read the country from it; nothing else depends on it."""
    told = {"environment": "prod", **ADDRESSES, "id": name}
    notices = check_what_is_said(Settings.model_validate({"beacon": told}))

    assert sum("names no country" in notice for notice in notices) == warned


def test_a_peers_file_that_is_wrong_leaves_the_server_as_it_is(tmp_path: Path) -> None:
    """Told to read its settings again, it says what is wrong and keeps what it has."""
    path = tmp_path / "peers.toml"
    path.write_text("[federation]\n", encoding="utf-8")
    settings = Settings.model_validate({"network": {"peers": path}})
    fresh = reread(settings, lambda: settings)
    path.write_text("[federation]\nnope = 1\n", encoding="utf-8")

    assert fresh is settings
    with pytest.raises(UsageError, match=r"unknown key federation\.nope"):
        reread(settings, lambda: settings)
