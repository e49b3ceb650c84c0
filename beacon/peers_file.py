"""The peers file: one TOML, read into a frozen ``Directory``, or refused.

A key that nobody knows, an address that is none, a peer that is ourselves: each is
one sentence and no network.  No file that it names is opened here: secrets stay where
they are until they are needed.
"""

from __future__ import annotations

import asyncio
import ipaddress
from typing import TYPE_CHECKING, Annotated, Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field
from yarl import URL

from beacon.model.assemblies import find_assembly
from beacon.model.errors import UsageError
from beacon.model.hosts import is_private
from beacon.model.nodes import Node, NodeKind
from beacon.network.peers import (
    Audience,
    Credentials,
    Directory,
    Peer,
    Proof,
    Terms,
)
from beacon.network.trust import stamp_of
from beacon.toml_form import formed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from beacon.network.trust import Stamp

_log = structlog.get_logger(__name__)

_LARGEST = 1_048_576
_MOST_PEERS = 500
_NO_PROXY = "none"
_LOOK_EVERY = 2.0
"""Seconds between two looks at a file that is served by."""

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]{1,128}$")]
Text = Annotated[str, Field(min_length=1, max_length=200)]
Country = Annotated[str, Field(pattern="^[A-Z]{2}$")]
Group = Annotated[str, Field(min_length=1, max_length=64)]
Same = Annotated[str, Field(pattern=r"^[^/\s]{1,128}/[^\s]{1,256}$")]
Header = Annotated[str, Field(pattern=r"^[\x21-\x7e]([\x20-\x7e]{0,198}[\x21-\x7e])?$")]
Names = dict[Annotated[str, Field(pattern="^[a-z]{2}$")], Text]
Kind = Literal["patients", "population"]


class _Section(BaseModel):
    """What every table shares: it does not change, and it knows its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class HereSection(_Section):
    """``[federation.here]``: how our own answers are shown beside the others'."""

    name: Text | Names | None = Field(
        default=None,
        description="What we are called; absent, `beacon.name` of the settings.",
    )
    country: Country | None = Field(default=None, description="Ours, in two letters.")
    overlap_group: Group | None = Field(
        default=None, description="As for a peer, of our own datasets."
    )
    overlap_groups: dict[str, Group] = Field(
        default={}, description="As for a peer, by dataset of ours."
    )
    datasets_same_as: dict[str, Same] = Field(
        default={}, description="As for a peer, of our own datasets."
    )


class AuthSection(_Section):
    """``auth`` of a peer: what it is shown of who asks."""

    type: Literal["none", "bearer", "token-exchange", "mtls"] = Field(
        default="none",
        description=(
            "`none`; `bearer`: the token of our service; `token-exchange`: a token for"
            " this peer, had for the requester's own by RFC 8693; `mtls`: our"
            " certificate alone."
        ),
    )
    token_file: Text | None = Field(
        default=None,
        description=(
            "File of our service's token (`bearer`), read again when it changes."
        ),
    )
    token_url: Text | None = Field(
        default=None,
        description=(
            "`https://` token endpoint of the peer's authorisation server; the one"
            " place that ever sees a requester's token."
        ),
    )
    client_id: Text | None = Field(default=None, description="Our name there.")
    client_secret_file: Text | None = Field(
        default=None, description="File of our secret there."
    )
    audience: Text | None = Field(
        default=None, description="Whom the exchanged token is for."
    )
    scope: Text | None = Field(default=None, description="What it is for.")
    cert: Text | None = Field(
        default=None,
        description="Our certificate (PEM), beside any of the others or alone.",
    )
    key: Text | None = Field(default=None, description="Its key (PEM).")


class PeerSection(_Section):
    """``[[federation.peer]]``: one beacon that we ask."""

    id: Id = Field(
        description="Its `meta.beaconId`; an answer with another one is refused."
    )
    url: Text = Field(
        description=(
            "Address of its API, as `https://beacon.example.dk/api`.  Plain `http://`"
            " only where `private_networks` is set, and with credentials only on this"
            " machine."
        )
    )
    name: Text | Names | None = Field(
        default=None,
        description='What it is called, `{ en = "…", sv = "…" }`; absent, its id.',
    )
    country: Country | None = Field(default=None, description="In two letters.")
    kind: Literal["beacon", "network", "v1"] = Field(
        default="beacon",
        description="A `beacon`, a `network` of them, or a `v1` beacon (`/query`).",
    )
    timeout_s: float = Field(
        default=5.0, gt=0, le=120, description="Seconds it has for an answer."
    )
    max_inflight: int = Field(
        default=4, ge=1, le=256, description="Questions it is asked at the same time."
    )
    max_bytes: int = Field(
        default=4_000_000,
        ge=1024,
        le=64_000_000,
        description="Bytes of an answer, unpacked; a larger one is none.",
    )
    auth: AuthSection = AuthSection()
    ask_for: Literal["anyone", "identified"] | None = Field(
        default=None,
        description=(
            "For whom it is asked: `anyone`, or who says who they are (`identified`)."
            "  Absent: anyone where nothing of ours is shown, else the identified."
        ),
    )
    ca_file: Text | None = Field(
        default=None,
        description="Certificates (PEM) of those who sign its own, instead of the"
        " system's.",
    )
    private_networks: list[str] = Field(
        default=[],
        description=(
            "Networks it may live in, `10.1.0.0/16`; absent, public addresses only."
        ),
    )
    proxy: Text | None = Field(
        default=None,
        description="As `proxy` of `[federation]`, for it alone; `none`: no proxy.",
    )
    coordinates: Literal["0-based", "1-based"] = Field(
        default="0-based", description="Starts it takes and gives."
    )
    method: Literal["POST", "GET"] = Field(
        default="POST", description="How it takes questions."
    )
    trimmed_again: bool = Field(
        default=False,
        description=(
            "Whether an insertion or deletion it has not is asked once more in its"
            " shortest form."
        ),
    )
    batch: bool = Field(default=False, description="Whether lists may be asked of it.")
    assemblies: list[str] = Field(
        default=[],
        description="It has; absent, those of the datasets in its `/info` and"
        " `/datasets` where each names one.  A v1 peer that does not say it of all"
        ' is not believed a "no".',
    )
    overlap_group: Group | None = Field(
        default=None,
        description="Datasets of one group may hold the same people: never added up.",
    )
    overlap_groups: dict[str, Group] = Field(
        default={},
        description=(
            "The same by dataset, before `overlap_group`; behind a network also by"
            " `beacon/dataset`, which comes first."
        ),
    )
    datasets_same_as: dict[str, Same] = Field(
        default={},
        description='What a dataset of it is elsewhere: `"GDID-x" = "se.gms/GOE-SE"`.',
    )
    dataset_kinds: dict[str, Kind] = Field(
        default={},
        description=(
            "`patients` or `population`, by dataset; `*` for all others.  The two are"
            " never one sum."
        ),
    )


class FederationSection(_Section):
    """``[federation]``: what holds for every question and every peer."""

    deadline_s: float = Field(
        default=8.0,
        gt=0,
        le=300,
        description="Seconds no question to the network runs longer than.",
    )
    max_questions: int = Field(
        default=16,
        ge=1,
        le=10_000,
        description="Questions at once, in each process; more get a 503.  One"
        " requester has half of them, two at least.",
    )
    max_connections: int = Field(
        default=64,
        ge=1,
        le=10_000,
        description="Connections to all peers together, in each process.",
    )
    answer_cache_s: float = Field(
        default=600.0,
        ge=0,
        le=86_400,
        description=(
            "Seconds a peer's answer to a question that nobody logged in for is"
            " remembered; failures never are."
        ),
    )
    no_cache_s: float = Field(
        default=120.0, ge=0, le=86_400, description="The same of a `not_seen`."
    )
    metadata_refresh_s: float = Field(
        default=3600.0,
        ge=1,
        le=604_800,
        description="Seconds, give or take a tenth, between two looks at a peer.",
    )
    user_agent: Header = Field(
        default="nordic-beacon", description="The `User-Agent` we go by."
    )
    proxy: Text | None = Field(
        default=None,
        description=(
            "`http://` address of a proxy that peers are asked by; what it lets through"
            " is its business then.  None of the environment is used."
        ),
    )
    max_hops: int = Field(
        default=3, ge=1, le=16, description="Networks a question may have passed."
    )
    here: HereSection = HereSection()
    peer: list[PeerSection] = Field(default=[], max_length=_MOST_PEERS)


class _File(_Section):
    federation: FederationSection


def read(path: Path, *, here: str, name: str) -> Directory:
    """Return whom a peers file says we ask.

    Args:
        path: of the file; what it names is looked for beside it.
        here: our own beacon id, which no peer has.
        name: what we are called where the file does not say.

    Raises:
        UsageError: one sentence naming the key, where it cannot be read or acted on.
    """
    try:
        data = path.read_bytes()
    except OSError as failure:
        message = f"network.peers: {path} cannot be read ({failure.strerror})"
        raise UsageError(message) from failure
    return parsed(data, path, here=here, name=name)


def parsed(data: bytes, path: Path, *, here: str, name: str) -> Directory:
    """Return whom the bytes of a peers file say we ask; see ``read``.

    Raises:
        UsageError: see ``read``.
    """
    if len(data) > _LARGEST:
        message = f"{path}: a peers file has at most {_LARGEST:,} bytes"
        raise UsageError(message)
    said = formed(data, str(path), _File, _TABLES).federation
    wrong = next(_contradictions(said, here), None)
    if wrong is not None:
        message = f"{path}: {wrong}"
        raise UsageError(message)
    return _frozen(said, path.parent, here, name)


class PeersWatch:
    """A peers file that is read again when it changes.

    A new one that is wrong changes nothing, and is said to be so once.

    Args:
        path: of the file.
        here: our own beacon id.
        name: what we are called where the file does not say.
    """

    def __init__(self, path: Path, *, here: str, name: str) -> None:
        self._path = path
        self._here = here
        self._name = name
        self._seen: Stamp = None

    def first(self) -> Directory:
        """Return what the file says now.

        Raises:
            UsageError: see ``read``.
        """
        self._seen = stamp_of(self._path)
        return read(self._path, here=self._here, name=self._name)

    async def run(self, take: Callable[[Directory], Awaitable[None]]) -> None:
        """Give away what the file says whenever that changes, until cancelled.

        One that is being written is read when it is left alone.
        """
        while True:
            before = stamp_of(self._path)
            await asyncio.sleep(_LOOK_EVERY)
            if stamp_of(self._path) != before:
                continue  # half of it may be a whole file, of fewer peers
            try:
                fresh = self.look()
                if fresh is not None:
                    await take(fresh)
            except Exception:  # noqa: BLE001 - a later change must be seen, too
                _log.exception("peers.not_taken")

    def look(self) -> Directory | None:
        """Return what the file says, if it is another one than was seen last."""
        if stamp_of(self._path) == self._seen:
            return None
        try:
            return self.first()
        except UsageError as failure:
            _log.warning("peers.not_taken", why=str(failure))
            return None


def _frozen(said: FederationSection, folder: Path, here: str, name: str) -> Directory:
    return Directory(
        here=Node(
            id=here,
            names=_names(said.here.name, name),
            country=said.here.country,
            kind=NodeKind.HERE,
        ),
        peers=tuple(_peer(each, folder, said.proxy) for each in said.peer),
        terms=Terms(
            deadline=said.deadline_s,
            questions=said.max_questions,
            connections=said.max_connections,
            remembered=said.answer_cache_s,
            remembered_no=said.no_cache_s,
            refresh=said.metadata_refresh_s,
            agent=said.user_agent,
            most_hops=said.max_hops,
        ),
        here_overlap=said.here.overlap_group,
        here_overlaps=said.here.overlap_groups,
        here_same_as=said.here.datasets_same_as,
    )


def _names(said: str | dict[str, str] | None, otherwise: str) -> dict[str, str]:
    if said is None:
        return {"en": otherwise}
    return {"en": said} if isinstance(said, str) else {"en": otherwise, **said}


def _peer(said: PeerSection, folder: Path, proxy: str | None) -> Peer:
    proxy = said.proxy or proxy
    return Peer(
        node=Node(
            id=said.id,
            names=_names(said.name, said.id),
            country=said.country,
            kind=NodeKind(said.kind),
        ),
        url=said.url.rstrip("/"),
        seconds=said.timeout_s,
        at_once=said.max_inflight,
        largest=said.max_bytes,
        credentials=_credentials(said, folder),
        audience=_audience(said),
        private=tuple(ipaddress.ip_network(each) for each in said.private_networks),
        proxy=None if proxy == _NO_PROXY else proxy,
        one_based=said.coordinates == "1-based",
        by_get=said.method == "GET",
        trims=said.trimmed_again,
        batch=said.batch,
        assemblies=frozenset(_assembly(each) or each for each in said.assemblies),
        overlap=said.overlap_group,
        overlaps=said.overlap_groups,
        same_as=said.datasets_same_as,
        kinds=said.dataset_kinds,
    )


def _audience(said: PeerSection) -> Audience:
    if said.ask_for is not None:
        return Audience(said.ask_for)
    shows_us = said.auth.type != "none" or said.auth.cert is not None
    return Audience.IDENTIFIED if shows_us else Audience.ANYONE


def _credentials(said: PeerSection, folder: Path) -> Credentials:
    def beside(name: str | None) -> Path | None:
        return None if name is None else folder / name

    auth = said.auth
    return Credentials(
        proof=Proof.NONE if auth.type == "mtls" else Proof(auth.type),
        token_file=beside(auth.token_file),
        token_url=auth.token_url,
        client_id=auth.client_id,
        client_secret_file=beside(auth.client_secret_file),
        audience=auth.audience,
        scope=auth.scope,
        certificate=beside(auth.cert),
        key=beside(auth.key),
        authorities=beside(said.ca_file),
    )


def _assembly(name: str) -> str | None:
    found = find_assembly(name)
    return None if found is None else found.name


def _contradictions(said: FederationSection, here: str) -> Iterator[str]:
    """Yield what no peers file may say, each in a sentence."""
    if said.proxy is not None:
        yield from (f"federation.{wrong}" for wrong in _of_proxy(said.proxy))
    ids: set[str] = {here}
    urls: dict[str, str] = {}
    for peer in said.peer:
        where = f"federation.peer {peer.id}"
        if peer.id == here:
            yield f"{where}: this is our own beacon.id, and we do not ask ourselves"
        elif peer.id in ids:
            yield f"{where}: there are two peers of this id"
        ids.add(peer.id)
        address = peer.url.rstrip("/")
        if address in urls:
            yield f"{where}: {urls[address]} has the same url"
        urls[address] = peer.id
        yield from (f"{where}: {wrong}" for wrong in _of_peer(peer))


def _of_peer(said: PeerSection) -> Iterator[str]:
    yield from _of_address(said)
    yield from _of_auth(said.auth)
    if said.proxy not in (None, _NO_PROXY):
        yield from _of_proxy(said.proxy)
    for each in said.private_networks:
        try:
            ipaddress.ip_network(each)
        except ValueError as failure:
            yield f"private_networks: {failure}"
    for each in said.assemblies:
        if _assembly(each) is None:
            yield f"assemblies: {each} is none we know"
    if said.kind == "v1" and said.batch:
        yield "batch: lists are not asked of a v1 beacon"


def _of_address(said: PeerSection) -> Iterator[str]:
    wrong = _wrong_with(said.url)
    if wrong is not None:
        yield f"url: {wrong}"
        return
    if URL(said.url).scheme == "https":
        return
    if said.auth.cert is not None or said.ca_file is not None:
        yield "url: certificates need an https:// address"
    if not said.private_networks:
        yield "url: a plain http:// address is asked in private_networks only"
    elif said.auth.type != "none" and not _is_private(said.url):
        yield "url: credentials need an https:// address"


def _of_proxy(address: str) -> Iterator[str]:
    wrong = _wrong_with(address)
    if wrong is not None:
        yield f"proxy: {wrong}"
    elif URL(address).scheme != "http" or URL(address).path.strip("/"):
        yield f"proxy: {address} is not http://HOST:PORT"


def _wrong_with(address: str) -> str | None:
    """Return what keeps an address from being one of an API."""
    try:
        url = URL(address)
    except ValueError as failure:
        return f"{address} is not an address: {failure}"
    if url.scheme not in {"http", "https"} or not url.host:
        return f"{address} is not an https:// address"
    if url.user is not None or url.password is not None:
        return "a name or a password does not belong into an address"
    if url.query_string or url.fragment:
        return f"{address} is the address of an API, without ? and #"
    return None


_NEEDED = {
    "none": (),
    "bearer": ("token_file",),
    "token-exchange": ("token_url",),
    "mtls": ("cert", "key"),
}
_ALLOWED = {
    "none": {"cert", "key"},
    "bearer": {"token_file", "cert", "key"},
    "token-exchange": {
        *("token_url", "client_id", "client_secret_file", "audience", "scope"),
        *("cert", "key"),
    },
    "mtls": {"cert", "key"},
}


def _of_auth(said: AuthSection) -> Iterator[str]:
    given = {name for name in said.model_fields_set if name != "type"}
    for name in _NEEDED[said.type]:
        if name not in given:
            yield f"auth: {said.type} needs {name}"
    for name in sorted(given - _ALLOWED[said.type]):
        yield f"auth: {name} is not of {said.type}"
    if (said.cert is None) != (said.key is None):
        yield "auth: cert and key come together"
    if said.client_secret_file is not None and said.client_id is None:
        yield "auth: client_secret_file needs client_id"
    if said.token_url is not None and (wrong := _wrong_with(said.token_url)):
        yield f"auth: token_url: {wrong}"
    elif said.token_url is not None and not _is_private(said.token_url):
        yield "auth: token_url is an https:// address"


def _is_private(address: str) -> bool:
    url = URL(address)
    return is_private(url.scheme, url.host or "")


_TABLES: dict[str, type[BaseModel]] = {
    "federation": FederationSection,
    "here": HereSection,
    "peer": PeerSection,
    "auth": AuthSection,
}


def keys_table() -> str:
    """Return every key as a Markdown table, as ``docs/peers.md`` shows it."""
    head = "| Table | Key | Default | Meaning |\n|---|---|---|---|\n"
    titles: dict[str, type[BaseModel]] = {
        "`[federation]`": FederationSection,
        "`[federation.here]`": HereSection,
        "`[[federation.peer]]`": PeerSection,
        "`auth` of a peer": AuthSection,
    }
    return head + "".join(
        line for title, model in titles.items() for line in _rows(title, model)
    )


def _rows(title: str, model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if field.description is None:
            continue
        default = "none" if field.default in (None, {}, []) else f"`{field.default}`"
        shown = "needed" if field.is_required() else default
        yield f"| {title} | `{name}` | {shown} | {field.description} |\n"
