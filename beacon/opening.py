"""A beacon opened over its store, for whoever asks it: commands and servers alike.

What a command needs to ask and no more, so that it starts soon: nothing here
knows HTTP.  Settings become plain values here and are handed down.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from beacon import policy_file
from beacon.auth.secrets import Purpose, derive, read_secret
from beacon.model.lifting import Lifting
from beacon.policy.policy import OPEN
from beacon.policy_file import PolicyFile
from beacon.service import LocalBeacon
from beacon.service.guard import Guard, is_guarded
from beacon.service.lifting import LiftingBeacon
from beacon.store.accounts import Books
from beacon.store.variants import VariantStore
from loaders.chains import read_chains
from loaders.reference import FastaReference

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from beacon.model.variant import Reference
    from beacon.policy.policy import Policy
    from beacon.settings import Settings
    from beacon.store.connection import StoreAddress


def rules_of(settings: Settings) -> PolicyFile:
    """Return what the policy file says; without one everything is open.

    It is read once for a process, which so has one policy whatever becomes of the file.

    Raises:
        UsageError: for a policy file that cannot be acted on: answering without it
            would say more than the operator allowed.
    """
    path = settings.policy.file
    return PolicyFile(policy=OPEN) if path is None else policy_file.read(path)


def policy_of(settings: Settings) -> Policy:
    """Return what may be said to whom.

    Raises:
        UsageError: as ``rules_of`` does.
    """
    return rules_of(settings).policy


def references_of(settings: Settings) -> dict[str, Reference]:
    """Return the genomes that questions are normalised with, by assembly.

    Raises:
        UsageError: when one cannot be opened.
    """
    return {
        name: FastaReference(path, name)
        for name, path in settings.references.paths().items()
    }


def lifting_of(settings: Settings) -> Lifting:
    """Return what questions are lifted to other assemblies with.

    A beacon and its network share it: each file is opened once for a process.

    Raises:
        UsageError: when a reference or a chain file cannot be read, or is one of
            other genomes.
    """
    references = references_of(settings)
    paths = settings.liftover.paths()
    chains = {pair: read_chains(path, *pair) for pair, path in paths.items()}
    return Lifting(chains=chains, references=references)


@asynccontextmanager
async def open_beacon(
    settings: Settings,
    address: StoreAddress,
    lifting: Lifting | None = None,
) -> AsyncIterator[LocalBeacon]:
    """Give this beacon's own answers, over an open store, to its operator.

    Args:
        settings: of the whole beacon.
        address: of the store.
        lifting: references and chains that are open; ``None``: they are opened.
    """
    policy = policy_of(settings)  # what is wrong is told before anything is opened
    async with open_store(settings, address, is_shared=False) as store:
        yield beacon_over(settings, policy, store, lifting=lifting)


@asynccontextmanager
async def open_store(
    settings: Settings, address: StoreAddress, *, is_shared: bool = True
) -> AsyncIterator[VariantStore]:
    """Give the store, open; ``is_shared``: see ``VariantStore.open``."""
    deadline = settings.server.deadline
    store = await VariantStore.open(address, deadline, is_shared=is_shared)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def open_guard(
    settings: Settings, policy: Policy, address: StoreAddress, store: VariantStore
) -> AsyncIterator[Guard | None]:
    """Give what counts questions and charges for answers, where a policy wants it."""
    if not is_guarded(policy):
        yield None
        return
    key = derive(read_secret(settings.secret_path), Purpose.LEDGER)
    books = await Books.open(address, key, patience=settings.store.patience)
    guard = Guard(policy, books, store)
    await guard.open()
    try:
        yield guard
    finally:
        await guard.close()
        books.close()


def beacon_over(
    settings: Settings,
    policy: Policy,
    store: VariantStore,
    guard: Guard | None = None,
    lifting: Lifting | None = None,
) -> LocalBeacon:
    """Return this beacon over an open store.

    Args:
        settings: of the whole beacon.
        policy: what may be said to whom.
        store: the open store.
        guard: counts questions and charges for answers, where the policy wants it.
        lifting: references and chains that are open; ``None``: they are opened.

    Raises:
        UsageError: when a reference or a chain file cannot be read.
    """
    policy, lifting = _with_noise(settings, policy), lifting or lifting_of(settings)
    deadline, references = settings.server.deadline, lifting.references
    if not lifting.chains:
        return LocalBeacon(
            store, policy, references=references, deadline=deadline, guard=guard
        )
    return LiftingBeacon(
        store,
        policy,
        references=references,
        deadline=deadline,
        guard=guard,
        lifting=lifting,
    )


def _with_noise(settings: Settings, policy: Policy) -> Policy:
    """Return a policy with the key of its noise, where any profile has some."""
    if all(profile.noise_sd <= 0 for profile in policy.profiles.values()):
        return policy
    key = derive(read_secret(settings.secret_path), Purpose.NOISE)
    return replace(policy, noise_key=key)
