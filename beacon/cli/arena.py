"""Where attacks are simulated: a store of their own, real servers, an issuer.

Nothing of what an operator has is touched: the store is an embedded one in a folder
that is made for it, the settings are the simulation's, and everything listens on
this machine alone.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from aiohttp import web

from beacon.attacking.asking import Account
from beacon.attacking.cohort import ASSEMBLY
from beacon.attacking.files import write, write_reference
from beacon.attacking.policies import AUDIENCE, DATASET, REFERENCE
from beacon.ingest import LoadRequest, load_variants
from beacon.model.errors import BeaconError
from beacon.store.releases import Catalogue
from loaders import LoadOptions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from beacon.attacking.cohort import Cohort
    from beacon.cli.issuer import Issuer
    from beacon.store.connection import StoreAddress

_SECONDS = 60.0
_SERVE = "from beacon.cli import main; main()"
_ADDRESS = re.compile(r" serves (http://\S+)/$")


def load(cohort: Cohort, address: StoreAddress, folder: Path) -> None:
    """Publish a cohort with its individuals, and the reference of its frequencies."""
    written = write(cohort, folder, cohort.plan.people)
    options = {
        DATASET: LoadOptions(
            assembly=ASSEMBLY,
            samples=written.samples,
            callable_regions=written.regions,
            keeps_people=True,
        ),
        REFERENCE: LoadOptions(assembly=ASSEMBLY),
    }
    files = {DATASET: written.variants, REFERENCE: write_reference(cohort, folder)}
    with Catalogue(address) as catalogue:
        for name, path in files.items():
            request = LoadRequest(
                dataset=name, paths=(path,), options=options[name], references={}
            )
            outcome = load_variants(catalogue, request)
            if outcome.release is None:
                message = f"the simulated dataset {name} could not be loaded"
                raise BeaconError(message)
        # Only frequencies of people who were not chosen price what a ledger charges.
        catalogue.describe(REFERENCE, kind="population")


@contextmanager
def serving(
    address: StoreAddress, data_dir: Path, policy: Path | None, workers: int = 1
) -> Iterator[str]:
    """Serve a store by ``beacon serve`` until the end of the block; give its address.

    Args:
        address: of the store.
        data_dir: where it keeps its secret and its audit.
        policy: its policy file; ``None``: it is open.
        workers: processes that answer.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith("BEACON_")}
    kept["BEACON_DATA_DIR"] = str(data_dir)
    kept["BEACON_STORE"] = f"{address.uri}/{address.database}"
    if policy is not None:
        kept["BEACON_POLICY__FILE"] = str(policy)
    command = [sys.executable, "-c", _SERVE, "serve", "--port", "0"]
    # What it says of itself goes to a file: nobody reads a pipe while it is asked.
    log = data_dir / "server.log"
    with (
        log.open("w", encoding="utf-8") as errors,
        subprocess.Popen(  # noqa: S603 - this program
            [*command, "--workers", str(workers)],
            env=kept,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        watch = threading.Timer(_SECONDS, process.kill)
        watch.start()
        try:
            url = _address_of(process)
            watch.cancel()
            if url is None:
                said = log.read_text(encoding="utf-8").strip().splitlines()
                message = f"the simulated server did not start: {' '.join(said[-1:])}"
                raise BeaconError(message)
            yield url
        finally:
            watch.cancel()
            process.terminate()


def _address_of(process: subprocess.Popen[str]) -> str | None:
    for line in process.stdout or ():
        found = _ADDRESS.search(line)
        if found is not None:
            return found[1]
    return None


@dataclass(frozen=True)
class Vouching:
    """Vouches for accounts of attackers, each of its own.

    Args:
        issuer: that signs.
    """

    issuer: Issuer
    _numbers: count[int] = field(default_factory=count)

    def accounts(self, tier: str | None, number: int = 1) -> tuple[Account, ...]:
        """Return new accounts of one tier, and of an organisation of their own.

        Args:
            tier: whose role they have; ``None``: anonymous, of networks of their own.
            number: how many.
        """
        employer = f"hospital-{next(self._numbers)}.example"
        return tuple(
            self._account(tier, employer, next(self._numbers)) for _ in range(number)
        )

    def _account(self, tier: str | None, employer: str, number: int) -> Account:
        if tier is None:
            return Account(source=f"127.{1 + number // 250 % 250}.{1 + number % 250}.1")
        token = self.issuer.token(
            f"attacker-{number}",
            aud=AUDIENCE,
            roles=[tier],
            organisation=employer,
        )
        return Account(token=token)


@contextmanager
def vouching() -> Iterator[Vouching]:
    """Serve the keys of an issuer until the end of the block; give what vouches.

    Raises:
        BeaconError: where the package that signs is not installed.
    """
    try:
        from beacon.cli.issuer import Issuer, new_key  # noqa: PLC0415 - an extra
    except ImportError as failure:
        message = "tokens of attackers need joserfc: install nordic-beacon[login]"
        raise BeaconError(message) from failure
    issuer = Issuer("", [new_key("ES256", "simulation")])
    ready = threading.Event()
    ended: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run() -> None:
        runner = web.AppRunner(issuer.application(), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        issuer.iss = f"http://127.0.0.1:{runner.addresses[0][1]}"
        stop = asyncio.Event()
        ended.append((asyncio.get_running_loop(), stop))
        ready.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    if not ready.wait(_SECONDS):
        message = "the issuer of the simulation did not start"
        raise BeaconError(message)
    try:
        yield Vouching(issuer)
    finally:
        loop, stop = ended[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(_SECONDS)
