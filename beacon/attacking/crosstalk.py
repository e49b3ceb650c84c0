"""Whether requests at one time get each other's answers.

Each question is asked alone first, by each of those who ask; then all together, in
another order each round.  Whatever differs then has come from somebody else.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp

from beacon.attacking.asking import headers_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from beacon.attacking.asking import Account

_SECONDS = 120.0
_ATTEMPTS = 20
_AWAY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request, as somebody sends it."""

    account: Account = field(repr=False)
    method: str
    path: str
    body: bytes | None = None
    kind: str = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixed:
    """What came of all rounds.

    Attributes:
        asked: requests.
        differing: questions, by number, whose answer was another than alone, with
            both; one that was turned away, for want of room or time, has none.
        kinds: different answers to all questions, asked alone.
        statuses: how often each status came.
    """

    asked: int
    differing: Mapping[int, tuple[bytes, bytes]]
    kinds: int
    statuses: Mapping[int, int]


async def mix(
    url: str, questions: Sequence[Question], *, at_once: int, rounds: int, seed: int = 1
) -> Mixed:
    """Ask alone, then together; return what differed.

    Args:
        url: of the beacon's site.
        questions: of which each is asked at least once a round where there is room.
        at_once: requests that are on their way together.
        rounds: how often.
        seed: of the order.
    """
    order = random.Random(seed)  # noqa: S311 - what is drawn must be drawn again
    differing: dict[int, tuple[bytes, bytes]] = {}
    statuses: dict[int, int] = {}
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as session:
        alone = [await _alone(session, url, each) for each in questions]
        for _ in range(rounds):
            chosen = [n % len(questions) for n in range(at_once)]
            order.shuffle(chosen)
            answers = await asyncio.gather(
                *(_ask(session, url, questions[n]) for n in chosen)
            )
            for number, answer in zip(chosen, answers, strict=True):
                statuses[answer[0]] = statuses.get(answer[0], 0) + 1
                if answer != alone[number] and answer[0] not in _AWAY:
                    differing[number] = alone[number][1], answer[1]
    return Mixed(
        asked=at_once * rounds,
        differing=differing,
        kinds=len(set(alone)),
        statuses=statuses,
    )


async def _alone(
    session: aiohttp.ClientSession, url: str, question: Question
) -> tuple[int, bytes]:
    """Return the answer to a question that nothing else is asked beside."""
    for _ in range(_ATTEMPTS):
        answer = await _ask(session, url, question)
        if answer[0] != HTTPStatus.SERVICE_UNAVAILABLE:
            break
    return answer


async def _ask(
    session: aiohttp.ClientSession, url: str, question: Question
) -> tuple[int, bytes]:
    headers = headers_of(question.account)
    if question.body is not None:
        headers["Content-Type"] = question.kind
    async with session.request(
        question.method, url + question.path, data=question.body, headers=headers
    ) as response:
        return response.status, await response.read()
