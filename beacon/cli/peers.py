"""``beacon peers``: whom we ask, how they are now, and when they last answered.

Each is asked for what it says of itself, now; how it answers questions is known to
the server that runs with these settings, which is asked, too, if there is one.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from ipaddress import ip_address, ip_network
from time import monotonic
from typing import TYPE_CHECKING

import click

from beacon.app import directory_of
from beacon.cli.answers import filled
from beacon.cli.options import settings_of
from beacon.model.errors import InvalidRequest, UsageError
from beacon.model.health import BreakerState, NodeState
from beacon.model.nodes import Node, NodeKind
from beacon.network.credentials import TokenFile
from beacon.network.exchange import Exchange
from beacon.network.exchanged import Silence
from beacon.network.peers import Peer
from beacon.network.trust import trust_in
from beacon.wire.node_health import node_status
from beacon.wire.peers.plain import items, members, text
from beacon.wire.reading import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from beacon.model.health import NodeHealth
    from beacon.network.peers import Directory
    from beacon.settings import ServerSettings
    from beacon.wire.info import Document

_SOME = 1
_OF_SERVER = (
    *("lastAsked", "lastStatus", "lastReason", "lastAnswer", "p50Ms", "p95Ms"),
    *("success24h", "questions24h", "breaker", "askedAgainIn"),
)
"""What only who asks questions knows."""
_SECONDS = 2.0
_IPV6 = 6
_HEAD = (
    *("STATE", "ID", "KIND", "VERSION", "ASSEMBLIES", "DATASETS", "LOOK"),
    *("CERTIFICATE", "LAST WORD"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One peer, as it is now.

    Attributes:
        health: as it says.
        seconds: that it took to say so.
        is_well: whether it may be asked, as far as it and we can tell.
        served: what the server that runs knows of it.
    """

    health: NodeHealth
    seconds: float
    is_well: bool
    served: Document


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def peers(
    context: click.Context,
    as_json: bool,  # noqa: FBT001 - click passes it by name
) -> None:
    """Show whom we ask, how they are now, and when they last answered.

    Exit code: 0 all are well, 1 some are not, 2 the peers file cannot be used.
    """
    settings = settings_of(context)
    directory = directory_of(settings)
    if directory is None or not directory.peers:
        nobody = "We ask no other beacon: network.peers names none."
        click.echo('{"isServed": false, "peers": []}' if as_json else nobody)
        return
    seen, is_served = asyncio.run(look_at(directory, settings.server))
    if as_json:
        told = {"isServed": is_served, "peers": [plain(each) for each in seen]}
        click.echo(json.dumps(told, indent=2))
    else:
        click.echo("\n".join(lines_of(seen, is_served=is_served)))
    if not all(each.is_well for each in seen):
        context.exit(_SOME)


async def look_at(
    directory: Directory, server: ServerSettings
) -> tuple[list[Seen], bool]:
    """Return every peer as it is now, and whether a server told how it answers."""
    exchange = Exchange(directory)
    try:
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(_served(exchange, directory.here, server))
            looking = [
                group.create_task(_look(exchange, peer)) for peer in directory.peers
            ]
    finally:
        await exchange.close()
    served = serving.result()
    known = served or {}
    seen = (task.result() for task in looking)
    return [
        replace(each, served=known.get(each.health.node.id, {})) for each in seen
    ], served is not None


async def _look(exchange: Exchange, peer: Peer) -> Seen:
    began = monotonic()
    look = await exchange.metadata.look(peer)
    seconds = monotonic() - began
    problem = _of_credentials(peer)
    health = exchange.status_of(peer)
    is_refused = exchange.metadata.refusal(peer) is not None
    return Seen(
        health=health if problem is None else _with(health, problem),
        seconds=seconds,
        is_well=look.silence is None and not is_refused and problem is None,
        served={},
    )


def _with(health: NodeHealth, problem: str) -> NodeHealth:
    return replace(health, problems=(*health.problems, problem))


def _of_credentials(peer: Peer) -> str | None:
    """Return what is wrong with what a peer is shown, where that can be told."""
    said = peer.credentials
    try:
        trust_in(said)
    except UsageError as failure:
        return str(failure)
    for path in (said.token_file, said.client_secret_file):
        if path is not None and TokenFile(path).text() is None:
            return f"{path}: no secret of one line can be read there."
    return None


async def _served(
    exchange: Exchange, here: Node, server: ServerSettings
) -> dict[str, Document] | None:
    """Return what the server that runs knows of each peer; ``None``: none answers."""
    address = _address(server.host)
    shown = f"[{address}]" if ":" in address else address
    networks = [ip_network("127.0.0.0/8"), ip_network("::1/128")]
    with suppress(ValueError):
        networks.append(ip_network(address))
    ours = Peer(
        node=Node(id=here.id, names=here.names, kind=NodeKind.HERE),
        url=f"http://{shown}:{server.port}",
        private=tuple(networks),
    )
    came = await exchange.client.get(ours, "/network/status", deadline=_SECONDS)
    if isinstance(came, Silence) or came.status != HTTPStatus.OK:
        return None
    try:
        nodes = items(members(read_json(came.body)).get("nodes"))
    except InvalidRequest:
        return None
    return {
        str(each.get("beaconId")): {key: each[key] for key in _OF_SERVER if key in each}
        for each in map(members, nodes)
    }


def _address(host: str) -> str:
    """Return where a server that listens on ``host`` can be asked from here."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "::1" if address.version == _IPV6 else "127.0.0.1"


def plain(seen: Seen) -> Document:
    """Return one peer as JSON; what the server knows of it stands for itself."""
    return {
        **node_status(seen.health),
        **seen.served,
        "isWell": seen.is_well,
        "lookMs": round(seen.seconds * 1000, 1),
    }


def lines_of(seen: Sequence[Seen], *, is_served: bool) -> Iterator[str]:
    """Yield a table of the peers, then what is wrong with which."""
    rows = [_HEAD, *(_row(each) for each in seen)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
    problems = [(each, p) for each in seen for p in each.health.problems]
    if problems:
        yield ""
    for each, problem in problems:
        yield filled(f"{each.health.node.id}: {problem}")
    if not is_served:
        yield ""
        yield filled("No server runs with these settings: no last answers are known.")


def _row(seen: Seen) -> tuple[str, ...]:
    health, days = seen.health, seen.health.certificate_days
    return (
        _state(seen),
        health.node.id,
        health.node.kind.value,
        health.version or "-",
        ",".join(health.assemblies) or "-",
        str(len(health.datasets)) if health.datasets else "-",
        f"{seen.seconds * 1000:.0f} ms",
        "-" if days is None else f"{days:.0f} d",
        _last(seen.served),
    )


def _state(seen: Seen) -> str:
    """Return how a peer is: as it answers questions, where that is known."""
    is_paused = seen.served.get("breaker") == BreakerState.OPEN.value
    return NodeState.PAUSED.value if is_paused else seen.health.state.value


def _last(served: Document) -> str:
    """Return the last word of a peer, and when it last answered."""
    word = text(served.get("lastStatus"), 20)
    if word is None:
        return "-"
    reason, answered = text(served.get("lastReason"), 30), served.get("lastAnswer")
    said = word if reason is None else f"{word} ({reason})"
    return f"{said}; answered {text(answered, 30) or 'never'}"
