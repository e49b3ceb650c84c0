"""Many alleles asked of one dataset over HTTP, by accounts that attackers hold.

What is said of an allele becomes one number: its allele count, 1 where only "seen"
is said, 0 where nothing is, and ``NO_WORD`` where there was no answer.  How often
answers were refused, and why, is counted.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

import aiohttp
import numpy as np
import orjson

from beacon.attacking.cohort import ASSEMBLY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    Numbers = npt.NDArray[np.int64]

NO_WORD = -1
"""No answer, or a refusal: nothing can be made of it."""
_IN_REQUEST = 1_000
_AT_ONCE = 4
_SECONDS = 300.0
_NONE = frozenset({"not_seen", "withheld", "not_covered"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who asks.

    Attributes:
        token: bearer token or key; ``None``: anonymous.
        source: loopback address to ask from; ``None``: any.
    """

    token: str | None = field(default=None, repr=False)
    source: str | None = None


ANYBODY = Account()


class Asker:
    """Asks one dataset of one beacon; a context that holds its connections.

    Args:
        url: of the beacon's site, without a path.
        dataset: that is attacked.
    """

    def __init__(self, url: str, dataset: str) -> None:
        self._url = url
        self._dataset = dataset
        self._sessions: dict[str | None, aiohttp.ClientSession] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self.words: Counter[str] = Counter()
        """How often each word was said, and each refusal."""

    @property
    def heard(self) -> float:
        """The share of questions that got an answer: where none did, none is safe."""
        told = sum(self.words[word] for word in (*_NONE, "seen"))
        return told / max(1, self.words.total())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for session in self._sessions.values():
            await session.close()

    async def ask(
        self,
        variants: Sequence[str],
        account: Account = ANYBODY,
        without: Sequence[str] = (),
        alone: int = 0,
    ) -> Numbers:
        """Return what is said of each allele, in order.

        Args:
            variants: as they are asked for.
            account: who asks.
            without: individuals to be left out.
            alone: so many are asked one after the other, the rest together.
        """
        first = [await self._ask([v], account, without) for v in variants[:alone]]
        rest = variants[alone:]
        groups = [
            rest[start : start + _IN_REQUEST]
            for start in range(0, len(rest), _IN_REQUEST)
        ]
        said = await asyncio.gather(*(self._ask(g, account, without) for g in groups))
        return np.concatenate([np.empty(0, dtype=np.int64), *first, *said])

    async def _ask(
        self, variants: Sequence[str], account: Account, without: Sequence[str]
    ) -> Numbers:
        more = {"exclude": list(without)} if without else {}
        lines = [
            orjson.dumps(
                {"variant": each, "assemblyId": ASSEMBLY, "datasets": [self._dataset]}
                | more
            )
            for each in variants
        ]
        async with self._turns:
            code, body = await self.post(
                "/api/batch", b"\n".join(lines), "application/x-ndjson", account
            )
        if code != HTTPStatus.OK:
            self.words[f"HTTP {code}"] += len(variants)
            return np.full(len(variants), NO_WORD)
        answers = [orjson.loads(line) for line in body.splitlines()]
        if [each["variant"] for each in answers] != list(variants):
            message = "a batch came back in another order, or not whole"
            raise ValueError(message)
        return np.array([self._number(answer) for answer in answers])

    async def post(
        self, path: str, body: bytes, kind: str, account: Account = ANYBODY
    ) -> tuple[int, bytes]:
        """Send something; return the status and the body of the answer."""
        headers = headers_of(account) | {"Content-Type": kind}
        async with self._session(account.source).post(
            self._url + path, data=body, headers=headers
        ) as response:
            return response.status, await response.read()

    async def get(
        self, path: str, account: Account = ANYBODY, **parameters: str
    ) -> tuple[int, bytes]:
        """Ask with a query string; return status and body of the answer."""
        async with self._session(account.source).get(
            self._url + path, params=parameters, headers=headers_of(account)
        ) as response:
            return response.status, await response.read()

    def _session(self, source: str | None) -> aiohttp.ClientSession:
        if source not in self._sessions:
            local = None if source is None else (source, 0)
            self._sessions[source] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(local_addr=local, limit=0),
                timeout=aiohttp.ClientTimeout(total=_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._sessions[source]

    def _number(self, answer: Mapping[str, object]) -> int:
        parts = answer.get("datasets")
        mine = [
            part
            for part in (parts if isinstance(parts, list) else [])
            if part["id"] == self._dataset
        ]
        if not mine:
            self.words["invisible" if "error" not in answer else "no_answer"] += 1
            return NO_WORD
        word = mine[0]["status"]
        self.words[word] += 1
        if word == "seen":
            return int(mine[0].get("alleleCount", 1))
        return 0 if word in _NONE else NO_WORD


def headers_of(account: Account) -> dict[str, str]:
    """Return what an account proves itself by."""
    if account.token is None:
        return {}
    return {"Authorization": f"Bearer {account.token}"}
