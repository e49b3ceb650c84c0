"""The files of ``deploy/`` agree with each other and keep what they promise.

No container is run here: what is tested is their form.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

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
    here = {"./member.sh", "./init.js", "./files", "./journal"}
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
    read |= {"mongo_serve_password", "mongo_load_password"}

    assert (0, b"") == (checked.returncode, checked.stderr)
    assert read == set(SERVICES["mongo-init"]["secrets"])
