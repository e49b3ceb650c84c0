"""The page of the nodes says what ``/network/status`` says (F12), each in words."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from beacon.model.health import BreakerState, NodeHealth, NodeState
from beacon.model.nodes import Node, Reason
from beacon.model.status import Status
from beacon.network.network import Alone, ourselves
from beacon.page.glossary import REASONS, STATES, STATUSES
from tests.page.shelf import page
from tests.speaking import IDENTITY

MOMENT = datetime(2026, 11, 14, 8, 30, 5, tzinfo=UTC)
_NODES = re.compile(r'class="nodes">(.*?)</p>')
HERE = ourselves(IDENTITY.id, IDENTITY.name)
PAUSED = NodeHealth(
    node=Node(id="dk.ngc", names={"en": "Denmark", "sv": "Danmark"}, country="DK"),
    url="https://beacon.example.dk/api",
    state=NodeState.PAUSED,
    asked=MOMENT.timestamp(),
    answered=MOMENT.timestamp() - 60,
    word=Status.NO_ANSWER,
    reason=Reason.TIMEOUT,
    p50=0.1234,
    p95=4.95,
    success=0.9876,
    questions=1234,
    breaker=BreakerState.OPEN,
    again=29.6,
    version="v2.1.1",
    assemblies=("GRCh37", "GRCh38"),
    datasets=tuple(f"set-{number}" for number in range(8)),
    problems=("/map: <b>It</b> names an address that is not its own.",),
    certificate_days=12.7,
)


class Watched(Alone):
    """A network that is as it is said to be."""

    def __init__(self, *health: NodeHealth) -> None:
        super().__init__(HERE, "test")
        self._said = (*Alone(HERE, "test").health(), *health)

    def health(self):
        """Return it."""
        return self._said


def cells(html):
    """Return the text of each cell of the last row of the table."""
    row = html.rpartition("<tr")[2]
    found = re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", each).split()) for each in found]


async def test_a_node_is_told_with_all_that_is_known_of_it(aiohttp_client):
    """State, last question, answers, times, share, and what it says of itself."""
    _, html = await page(aiohttp_client, path="/status", network=Watched(PAUSED))

    assert cells(html) == [
        "Denmark (DK) dk.ngc",
        "‖ paused asked again in 30 s last answer 14 Nov 2026 08:29:05",
        "⚠ No answer It did not answer in time. 14 Nov 2026 08:30:05",
        "half within 123 ms 19 of 20 within 5.0 s",
        "98.7 % of 1,234",
        "Beacon v2.1.1 GRCh37, GRCh38 set-0, set-1, set-2, set-3, set-4, set-5 …"
        " certificate holds for 12 days"
        " ⚠ /map: &lt;b&gt;It&lt;/b&gt; names an address that is not its own.",
    ]
    assert "1 of 2 nodes answers." not in html
    assert "1 of 2 nodes answer." in html


async def test_it_is_told_in_the_readers_language(aiohttp_client):
    """The node's name, too, where it has one."""
    headers = {"Accept-Language": "sv"}
    _, html = await page(
        aiohttp_client, path="/status", network=Watched(PAUSED), headers=headers
    )
    said = cells(html)

    assert (said[0], said[3], said[4]) == (
        "Danmark (DK) dk.ngc",
        "hälften inom 123 ms 19 av 20 inom 5,0 s",
        "98,7 % av 1 234",
    )
    assert said[2].startswith("⚠ Inget svar Den svarade inte i tid. 14 nov. 2026")


async def test_every_page_counts_the_nodes(aiohttp_client):
    """Each state with its symbol, its number and its word."""
    _, html = await page(aiohttp_client, path="/about", network=Watched(PAUSED))
    line = re.sub(
        r"<[^>]+>", "", html.partition('class="nodes">')[2].partition("</p>")[0]
    )

    assert " ".join(line.split()) == "Nodes: ● 1 ok, ‖ 1 paused"


def test_every_word_has_its_own_sign():
    """No two are told apart by colour alone, and none is without a word."""
    assert {*STATUSES} == {*Status}
    assert {*STATES} == {*NodeState}
    assert {*REASONS} == {*Reason}
    assert len({sign.symbol for sign in STATUSES.values()}) == len(Status)
    assert len({sign.word for sign in STATUSES.values()}) == len(Status)


def _states(site):
    """Return what a program reads now: each node, and its state."""
    document = site.ask("GET", "/network/status").document
    return [(each["beaconId"], each["state"]) for each in document["nodes"]]


@pytest.mark.parametrize("language", ["en", "sv", "da"])
def test_f12_the_page_agrees_with_the_document(network_site, language):
    """Two peers with faults: what a program reads is what people read.

    A pause may begin or end between the two, so the page is read between two
    documents that say the same.
    """
    before, after, shown = [("", "")], [], []
    for _ in range(5):
        if before == after:
            break
        before = _states(network_site)
        html = network_site.ask(
            "GET", f"/status?lang={language}", headers={"Accept": "text/html"}
        ).body.decode()
        shown = re.findall(
            r'class="line quiet mono">([^<]+)</span>.*?data-state="([^"]+)"',
            html,
            re.DOTALL,
        )
        after = _states(network_site)

    assert shown == before == after
