"""``beacon check``: what is wrong with a beacon, as anyone sees it from outside.

The verdict is printed here; how it comes about is the business of
``beacon.conformance``.  What cannot be reached is an error, never a verdict.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import click

from beacon.cli.tokens import token_of, token_option
from beacon.conformance.exchange import DEADLINE
from beacon.conformance.judge import (
    LONGEST,
    VERSIONS,
    Manner,
    Unreachable,
    address_of,
    judge,
)
from beacon.conformance.reading import shown
from beacon.conformance.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from beacon.conformance.finding import Finding
    from beacon.conformance.judge import Verdict

_LONGEST_LINE = 2000
_SOME = 1
_NO_ANSWER = 5
_WORDS = [f"{major}.{minor}" for major, minor in VERSIONS]


@click.command()
@click.argument("url")
@click.option(
    "--version",
    "wanted",
    type=click.Choice(_WORDS),
    help="Version of Beacon to judge by; otherwise the one it declares.",
)
@click.option("--strict", is_flag=True, help="Count advice as violations.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--rate",
    type=click.FloatRange(min=0),
    default=20.0,
    show_default=True,
    metavar="N",
    help="Requests per second at most; 0 for no bound.",
)
@click.option(
    "--deadline",
    type=click.FloatRange(min=0.1),
    default=DEADLINE,
    show_default=True,
    metavar="S",
    help="Seconds one answer may take.",
)
@click.option(
    "--longest",
    type=click.FloatRange(min=1),
    default=LONGEST,
    show_default=True,
    metavar="S",
    help="Seconds the whole walk may take.",
)
@token_option
@click.pass_context
def check(
    context: click.Context,
    url: str,
    wanted: str | None,
    strict: bool,  # noqa: FBT001 - click passes it by name
    as_json: bool,  # noqa: FBT001 - click passes it by name
    rate: float,
    deadline: float,
    longest: float,
    token_file: Path | None,
) -> None:
    """Judge the beacon at URL against the Beacon v2 specification.

    Exit code: 0 no violation, 1 some, 2 URL not usable, 5 not reachable, or not
    to the end.
    """
    manner = Manner(
        version=None if wanted is None else VERSIONS[_WORDS.index(wanted)],
        token=token_of(token_file),
        rate=rate,
        deadline=deadline,
        longest=longest,
        is_strict=strict,
    )
    try:
        verdict = asyncio.run(judge(address_of(url), manner))
    except Unreachable as failure:
        click.echo(f"beacon: {failure}; nothing is said about it", err=True)
        context.exit(_NO_ANSWER)
    if as_json:
        click.echo(json.dumps(plain_verdict(verdict), indent=2))
    else:
        click.echo("\n".join(lines_of(verdict)))
    if verdict.violations:
        context.exit(_SOME)
    context.exit(0 if verdict.is_whole else _NO_ANSWER)


def lines_of(verdict: Verdict) -> Iterator[str]:
    """Yield a verdict as people read it: violations numbered, then the rest.

    Foreign words are in it, so nothing reaches the terminal but plain text.
    """
    return (shown(line, _LONGEST_LINE) for line in _lines(verdict))


def _lines(verdict: Verdict) -> Iterator[str]:
    major, minor = verdict.version
    yield (
        f"{verdict.url} ({verdict.beacon_id or 'no id'}), judged by Beacon "
        f"v{major}.{minor} with {verdict.asked} requests"
    )
    yield ""
    yield _headline(len(verdict.violations), "violation")
    yield from _listed(verdict.violations)
    if verdict.advice:
        yield ""
        yield _headline(len(verdict.advice), "piece of advice", "pieces of advice")
        yield from _listed(verdict.advice)
    if not verdict.is_whole:
        yield ""
        yield "The walk was cut short: this is no verdict on the whole beacon."
    if verdict.unchecked:
        yield ""
        yield "Not checked:"
        yield from (f"  - {each.what}: {each.why}" for each in verdict.unchecked)


def _headline(number: int, one: str, many: str | None = None) -> str:
    words = one if number == 1 else many or f"{one}s"
    return f"{number} {words}{':' if number else ''}"


def _listed(findings: Sequence[Finding]) -> Iterator[str]:
    for number, finding in enumerate(findings, 1):
        more = f" (and {finding.more} more like it)" if finding.more else ""
        yield f"{number:3}. {finding.rule}: {finding.sentence}{more}"
        yield f"     {finding.request}"


def plain_verdict(verdict: Verdict) -> dict[str, object]:
    """Return a verdict as JSON; members are added to it, never changed."""
    return {
        "url": verdict.url,
        "beaconId": verdict.beacon_id,
        "version": "v{}.{}".format(*verdict.version),
        "requests": verdict.asked,
        "isWhole": verdict.is_whole,
        "violations": [_plain(each) for each in verdict.violations],
        "advice": [_plain(each) for each in verdict.advice],
        "notChecked": [
            {"what": each.what, "why": each.why} for each in verdict.unchecked
        ],
    }


def _plain(finding: Finding) -> dict[str, object]:
    request = finding.request
    rule = RULES[finding.rule]
    return {
        "rule": finding.rule,
        "ruleSentence": rule.sentence,
        "source": rule.source,
        "cause": finding.cause,
        "sentence": finding.sentence,
        "more": finding.more,
        "request": {"method": request.method, "url": request.url}
        | ({} if request.body is None else {"body": request.body}),
    }
