"""The files of ``deploy/`` agree with each other and keep what they promise.

No container is run here: what is tested is their form.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
import tomllib
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from pymongo import MongoClient
from pymongo.errors import OperationFailure, ServerSelectionTimeoutError

from beacon.audit.chain import Head
from beacon.model.api_key import ApiKey
from beacon.model.passport import Shelved
from beacon.settings import ServerSettings
from beacon.store.accounts import Books
from beacon.store.anchors import AUDIT_HEADS, AnchorWriter
from beacon.store.api_keys import ApiKeys
from beacon.store.budgets import BUDGETS, Account, Budgets
from beacon.store.connection import StoreAddress
from beacon.store.embedded import find_mongod
from beacon.store.ledger import ALARMS, LEDGER, PAGES, Asking, Hit, Ledger, Overlap
from beacon.store.releases import Catalogue
from beacon.store.variants import VariantStore
from tests.api.site import fill

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPLOY = Path(__file__).resolve().parents[1] / "deploy"
COMPOSE: dict[str, Any] = json.loads((DEPLOY / "compose.json").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
MEMBERS = ("mongo1", "mongo2", "mongo3")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_bounded_and_without_new_privileges(name: str) -> None:
    """Each has limits, and only what answers people has a port, for this machine."""
    service = SERVICES[name]

    assert {"cpus", "memory"} == service["deploy"]["resources"]["limits"].keys()
    assert ["no-new-privileges:true"] == service["security_opt"]
    assert service.get("ports", []) == (
        ["127.0.0.1:5050:5050"] if name == "beacon" else []
    )


def test_what_is_named_is_declared() -> None:
    """Secrets, networks, volumes and services that are used are there, no others."""
    secrets = {s for service in SERVICES.values() for s in service.get("secrets", [])}
    networks = {n for service in SERVICES.values() for n in service.get("networks", [])}
    mounts = [m for service in SERVICES.values() for m in service.get("volumes", [])]
    sources = {mount.partition(":")[0] for mount in mounts}
    awaited = {a for each in SERVICES.values() for a in each.get("depends_on", {})}

    assert COMPOSE["secrets"].keys() == secrets
    assert COMPOSE["networks"].keys() == networks
    assert COMPOSE["volumes"].keys() == {s for s in sources if s[0] != "."}
    here = {"./member.sh", "./init.js", "./users.js", "./roles.json"}
    here |= {"./files", "./journal"}
    assert here == {s for s in sources if s[0] == "."}
    assert awaited <= SERVICES.keys()


def test_members_are_alike_and_private() -> None:
    """Three members of the set that is initiated, with a key, on no open network."""
    script = (DEPLOY / "init.js").read_text()
    hosts = re.search(r"const members = (\[.*?\])", script)
    commands = [SERVICES[name]["command"] for name in MEMBERS]

    assert hosts is not None
    assert [f"{name}:27017" for name in MEMBERS] == json.loads(hosts[1])
    assert all(command == commands[0] for command in commands)
    assert "beacon" == commands[0][commands[0].index("--replSet") + 1]
    assert '_id: "beacon"' in script
    assert "--keyFile" in (DEPLOY / "member.sh").read_text()
    for name in MEMBERS:
        assert SERVICES[name]["networks"] == ["data"]
        assert "ping" in SERVICES[name]["healthcheck"]["test"][-1]
    assert COMPOSE["networks"]["data"] == {"internal": True}


def test_no_secret_is_written_down() -> None:
    """Passwords come from files that are not kept here, never from the environment."""
    assert not any("environment" in service for service in SERVICES.values())
    assert all(
        secret == {"file": f"./secrets/{name}"}
        for name, secret in COMPOSE["secrets"].items()
    )
    assert "deploy/secrets/" in (DEPLOY.parent / ".gitignore").read_text()


def test_the_scripts_can_be_read() -> None:
    """The shell understands the member's script; every secret init reads is given."""
    checked = subprocess.run(
        ["/bin/bash", "-n", str(DEPLOY / "member.sh")], capture_output=True, check=False
    )
    read = set(re.findall(r'secret\("(\w+)"\)', (DEPLOY / "init.js").read_text()))
    read |= {"mongo_serve_password", "mongo_load_password"}  # by users.js

    assert (0, b"") == (checked.returncode, checked.stderr)
    assert read == set(SERVICES["mongo-init"]["secrets"])


def test_the_beacon_has_the_policy_it_is_told_of() -> None:
    """It answers other machines only by one; in each composition it is a secret."""
    for services in (SERVICES, ALONE):
        assert {"serve.toml", "policy.toml"} == set(services["beacon"]["secrets"])


def test_the_guide_fills_in_what_the_compositions_need() -> None:
    """Loads know the audit that the server writes; the proxy may read its key."""
    text = (DEPLOY.parent / "docs" / "operating.md").read_text()
    written = {
        name: tomllib.loads(
            "\n".join(
                bytes(part, "ascii").decode("unicode_escape")
                for part in re.findall(
                    rf"^printf '([^']*)' >> secrets/{name}", text, re.MULTILINE
                )
            )
        )
        for name in ("serve.toml", "load.toml")
    }
    data_dir = re.search(r"printf 'data_dir = \"([^\"]+)\"", text)

    assert data_dir is not None
    assert f"{data_dir[1]}/audit" == written["load.toml"]["audit"]["folder"]
    assert "/run/secrets/policy.toml" == written["serve.toml"]["policy"]["file"]
    assert "audit" not in written["serve.toml"]
    assert re.search(
        r"chown root:root \S*tls_\*\.pem && sudo chmod 400 \S*tls_key", text
    )
    assert not {"DAC_OVERRIDE", "DAC_READ_SEARCH"} & set(ALONE["proxy"]["cap_add"])


def test_no_database_runs_scripts() -> None:
    """JavaScript is off in every ``mongod`` of every composition."""
    databases = [
        each["command"]
        for services in (SERVICES, ALONE)
        for name, each in services.items()
        if each["image"] == "mongo:8" and name != "mongo-init"
    ]

    assert 4 == len(databases)
    assert all("--noscripting" in command for command in databases)


# --- one machine ------------------------------------------------------------------

SINGLE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
ALONE: dict[str, dict[str, Any]] = SINGLE["services"]


def test_the_small_composition_declares_what_it_uses() -> None:
    """Secrets, networks and volumes that are used are there, no others."""
    secrets = {s for service in ALONE.values() for s in service.get("secrets", [])}
    networks = {n for service in ALONE.values() for n in service["networks"]}
    mounts = [m for service in ALONE.values() for m in service.get("volumes", [])]
    sources = {mount.partition(":")[0] for mount in mounts}

    assert SINGLE["secrets"].keys() == secrets
    assert SINGLE["networks"].keys() == networks
    assert SINGLE["volumes"].keys() == {s for s in sources if s[0] != "."}
    assert all(
        (DEPLOY / source).exists()
        for source in sources
        if source[0] == "." and source not in ("./files", "./journal")
    )


def test_only_the_proxy_has_a_port_and_only_the_beacon_sees_both_networks() -> None:
    """The database has authentication and no way out; nobody may gain privileges."""
    mongo = ALONE["mongo"]

    assert ["proxy"] == [name for name, one in ALONE.items() if "ports" in one]
    assert {"internal": True} == SINGLE["networks"]["data"]
    assert ["beacon"] == [n for n, one in ALONE.items() if len(one["networks"]) > 1]
    assert "--auth" in mongo["command"]
    assert mongo["image"] == "mongo:8"
    for service in ALONE.values():
        assert ["no-new-privileges:true"] == service["security_opt"]
        assert {"cpus", "memory"} == service["deploy"]["resources"]["limits"].keys()
    for name in ("beacon", "load", "proxy"):
        assert (True, ["ALL"]) == (ALONE[name]["read_only"], ALONE[name]["cap_drop"])


def test_the_small_composition_writes_no_secret_down() -> None:
    """Passwords and keys come from files that are not kept here."""
    environment = ALONE["mongo"]["environment"]

    assert all("environment" not in one for n, one in ALONE.items() if n != "mongo")
    assert environment.keys() == {
        "MONGO_INITDB_ROOT_USERNAME",
        "MONGO_INITDB_ROOT_PASSWORD_FILE",
    }
    assert all(
        {"file": f"./secrets/{name}"} == secret
        for name, secret in SINGLE["secrets"].items()
    )


def test_the_proxy_speaks_tls_and_passes_on_what_the_beacon_needs() -> None:
    """TLS 1.3 alone, a client's address set and not added to, no query in its log."""
    text = (DEPLOY / "proxy.conf").read_text()

    assert "ssl_protocols TLSv1.3;" in text
    assert "Strict-Transport-Security" in text
    assert "X-Forwarded-For $remote_addr;" in text
    assert "location = /metrics { return 404; }" in text
    assert 'proxy_set_header Connection "";' in text
    assert {"http://beacon"} == set(re.findall(r"proxy_pass (\S+);", text))
    kept = re.search(r"upstream beacon {[^}]*keepalive_timeout (\d+)s;", text)
    assert kept is not None
    assert int(kept[1]) < ServerSettings().keep_alive
    assert re.search(r"upstream beacon {[^}]*keepalive \d+;", text)
    assert not re.search(r"log_format[^;]*\$(request|request_uri|args|uri)\b", text)


# --- least privilege, on a real mongod ----------------------------------------------

RIGHTS: dict[str, list[dict[str, Any]]] = json.loads(
    (DEPLOY / "roles.json").read_text()
)


NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
ASKING = Asking(
    who="ann",
    organisation="ward",
    dataset="clinic",
    question="1:a",
    most=4.0,
    first_always=True,
    org_most=5.5,
    user_hits=2,
    org_hits=3,
    window=90,
    cap=50,
    ttl=365,
)


@contextmanager
def guarded(folder: Path) -> Iterator[str]:
    """Run a mongod that asks for a password; give its socket, quoted for a URI."""
    socket = folder / "mongodb-1.sock"
    command = [str(find_mongod()), "--auth", "--dbpath", str(folder), "--port", "1"]
    bound = ["--bind_ip", str(socket), "--unixSocketPrefix", str(folder)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, *bound], stdout=log, stderr=log)
    try:
        for _ in range(300):
            if socket.exists():
                break
            time.sleep(0.1)
        yield str(socket).replace("/", "%2F")
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Give the addresses of the users that ``users.js`` makes, by name."""
    folder = tmp_path_factory.mktemp("m")
    with guarded(folder) as place:
        made = {"createUser": "admin", "pwd": "a", "roles": ["root"]}
        with MongoClient(f"mongodb://{place}") as first:
            first.admin.command(made)
        uri = f"mongodb://{{0}}:{{1}}@{place}/beacon?authSource=admin"
        with MongoClient(uri.format("admin", "a")) as admin:
            privileges = [
                {
                    "resource": {"db": "beacon", "collection": one["collection"]},
                    "actions": one["actions"],
                }
                for one in RIGHTS["serve"]
            ]
            admin.admin.command(
                "createRole", "beacon_serve", privileges=privileges, roles=[]
            )
            roles = {
                "serve": ["beacon_serve"],
                "load": [{"role": "readWrite", "db": "beacon"}],
            }
            for name, held in roles.items():
                admin.admin.command("createUser", name, pwd=name, roles=held)
        yield {name: uri.format(name, name) for name in roles}


def at(uri: str) -> StoreAddress:
    """Return a store at an address."""
    return StoreAddress(uri=uri, database="beacon", is_embedded=False, description="")


async def test_the_server_can_do_its_work_with_its_rights(
    users: dict[str, str],
) -> None:
    """It reads what was loaded, and writes heads of the audit and what was learnt."""
    with Catalogue(at(users["load"])) as catalogue:
        fill(catalogue)
    store = await VariantStore.open(at(users["serve"]))
    datasets = await store.datasets()
    await AnchorWriter(store._database).put(  # noqa: SLF001 - as it is put together
        "n", Head("c", 1, "s"), is_last=False
    )
    await store.close()

    assert ["clinic", "twins"] == [dataset.id for dataset in datasets]


async def test_the_server_can_look_at_keys_and_share_visas(
    users: dict[str, str],
) -> None:
    """A key that was made is found and noted as used; a passport has one asker.

    And a session begins and ends.
    """
    key = ApiKey(
        id="a",
        digest=b"d",
        name="pipeline",
        scopes=frozenset({"query"}),
        created=NOON,
        expires=NOON + timedelta(days=90),
    )
    with ApiKeys(at(users["load"])) as made:
        made.add(key)
    store = await VariantStore.open(at(users["serve"]))
    found = await store.api_keys.api_key("a")
    await store.api_keys.api_key_used("a", NOON)
    used = await store.api_keys.api_key("a")
    shelf = store.passports
    turns = [await shelf.turn("p", 100.0, 110.0) for _ in range(2)]
    await shelf.put("p", Shelved(sealed=b"s", found=100.0, again=3700.0), 100.0)
    kept = await shelf.look("p")
    until = datetime.now(UTC) + timedelta(hours=1)
    await store.sessions.put("m", b"s", until)
    session = await store.sessions.look("m")
    await store.sessions.drop("m")
    ended = await store.sessions.look("m")
    await store.close()

    assert key == found
    assert used is not None
    assert used.used is not None
    assert [Shelved(), None] == turns
    assert kept is not None
    assert b"s" == kept.sealed
    assert (b"s", None) == (session, ended)


async def test_the_server_can_keep_books_with_its_rights(
    users: dict[str, str],
) -> None:
    """It charges the ledger, turns its page, spends a budget and raises an alarm."""
    books = await Books.open(at(users["serve"]), b"k" * 32, patience=20)
    await books.prepare((BUDGETS, LEDGER, PAGES, ALARMS))
    budgets, ledger = Budgets(books), Ledger(books)
    account = Account("user", "ann", "care", 1, 1)
    told = await budgets.take(account, ["1:a", "1:b"])
    spent = await budgets.spent(account)
    out, _ = await ledger.charge(ASKING, [Hit("P1", 3.0)])
    page = await ledger.turn(ASKING, 1, 0.5)
    overlap = Overlap(
        kind="user", who="ann", dataset="clinic", person=b"p", hits=2, nats=5.0
    )
    alarms = [await ledger.alarm(overlap) for _ in range(2)]
    await budgets.close()
    await ledger.close()
    books.close()

    assert [True, False] == [told[text] is None for text in ("1:a", "1:b")]
    assert (1, frozenset()) == (spent.today, out)
    assert (1, True) == (page.shown, page.nats > 0)
    assert [True, False] == alarms


def test_rights_that_were_given_once_are_brought_up_to_date() -> None:
    """``users.js`` updates a role that is there."""
    script = (DEPLOY / "users.js").read_text()

    assert re.search(r'createRole\({ role: "beacon_serve", privileges', script)
    assert re.search(
        r'else {\s+admin\.updateRole\("beacon_serve", { privileges', script
    )


@pytest.mark.parametrize(
    "forbidden",
    [
        lambda db: db.datasets.update_one({}, {"$set": {"active": 1}}),
        lambda db: db.variants_GRCh37.insert_one({"_id": 1}),
        lambda db: db.variants_GRCh37.drop(),
        lambda db: db[AUDIT_HEADS].update_one({}, {"$set": {"n": 0}}),
        lambda db: db[AUDIT_HEADS].delete_many({}),
        lambda db: db.ledger.delete_many({}),
        lambda db: db.budgets.drop(),
        lambda db: db.passports.delete_many({}),
        lambda db: db.alarms.delete_many({}),
        lambda db: db.api_keys.insert_one({"_id": "mine"}),
        lambda db: db.command("dropDatabase"),
        lambda db: db.client.admin.command(
            {"createUser": "x", "pwd": "x", "roles": []}
        ),
        lambda db: db.client.admin.command("getParameter", "*"),
    ],
)
def test_the_server_can_do_nothing_else(users: dict[str, str], forbidden: Any) -> None:
    """With its password nobody changes data, takes back a head or mints a key."""
    with (
        MongoClient(users["serve"]) as client,
        pytest.raises(OperationFailure, match="not authorized"),
    ):
        forbidden(client["beacon"])


def test_without_a_password_there_is_nothing(users: dict[str, str]) -> None:
    """Not even a list of collections."""
    place = users["serve"].partition("@")[2].partition("/")[0]
    with (
        MongoClient(f"mongodb://{place}") as client,
        pytest.raises((OperationFailure, ServerSelectionTimeoutError)),
    ):
        client["beacon"].list_collection_names()
