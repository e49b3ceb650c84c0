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
_SMALLER = 10
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
        self._asked = self._heard = 0
        self.words: Counter[str] = Counter()
        """How often each word was said, and each refusal, however often asked again."""

    @property
    def heard(self) -> float:
        """The share of questions that got an answer: where none did, none is safe."""
        return self._heard / max(1, self._asked)

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
        said = np.full(len(variants), NO_WORD)
        for number in range(min(alone, len(variants))):
            said[number] = (await self._ask([variants[number]], account, without))[0]
        left, size = np.arange(alone, len(variants)), _IN_REQUEST
        while len(left):
            groups = [left[at : at + size] for at in range(0, len(left), size)]
            asked = [[variants[number] for number in each] for each in groups]
            told = [self._ask(each, account, without) for each in asked]
            said[left] = np.concatenate(await asyncio.gather(*told))
            again = np.flatnonzero(said == NO_WORD)
            if len(again) == len(left):
                break  # asking again brings nothing
            # What found no room beside the others is asked again, in smaller lots.
            left, size = again, max(1, size // _SMALLER)
        self._asked += len(said)
        self._heard += int((said != NO_WORD).sum())
        return said

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
