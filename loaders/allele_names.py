"""Which ALT of a record an annotation names.

Annotators write an allele as they see it: VEP without the base that all alleles
share, SnpEff as in VCF.  A name that could be two alleles, or none, is nobody's:
an annotation on the wrong ALT is worse than a lost one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from beacon.model.variant import strip, strip_prefix_first

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

NO_ALLELES = frozenset(("*", "<*>", "<NON_REF>", "<X>", "."))
"""ALTs, and names of annotations, that are no alleles."""

_SYMBOLS = {
    "<CNV>": "copy_number_variation",
    "<DEL>": "deletion",
    "<DUP>": "duplication",
    "<DUP:TANDEM>": "tandem_duplication",
    "<INS>": "insertion",
    "<INV>": "inversion",
    "<TDUP>": "tandem_duplication",
}


class Names(NamedTuple):
    """The names a record's ALTs go by → their numbers (from 1)."""

    usual: Mapping[str, int]
    plain: Mapping[str, int]
    shortest: Mapping[str, frozenset[int]]


def vep_places(
    reference: str, alternates: Sequence[str], named: Collection[str]
) -> dict[str, int]:
    """Return the ALT number of every name VEP could have meant; others are left out.

    Args:
        reference: REF, upper case.
        alternates: every ALT of the record.
        named: the names all of the record's annotations use.
    """
    is_single = len(alternates) == 1 and len(alternates[0]) == len(reference) == 1
    if is_single and len(named) == 1:  # a second name would come from a split record
        return {name: 1 for name in named if name.upper() == alternates[0]}
    names = _vep_names(reference, alternates)
    real = [n for n in named if n not in NO_ALLELES]
    if len(real) > _count(alternates):
        return _of_split(names, reference, alternates, real, is_trimmed=True)
    if all(n.upper() in names.usual for n in real):
        chosen: Callable[[str], int | None] = names.usual.get
    elif all(n.upper() in names.plain for n in real):
        chosen = names.plain.get
    else:
        chosen = _either(names)
    is_partial = len(real) < _count(alternates)
    found = {}
    for name in real:
        number = chosen(name.upper())
        others = names.shortest.get(name.upper(), frozenset()) - {number}
        if number is not None and not (is_partial and others):
            found[name] = number
    return found


def snpeff_places(
    reference: str, alternates: Sequence[str], named: Collection[str]
) -> dict[str, int]:
    """Return the ALT number of every name SnpEff could have meant.

    It names an ALT as VCF does; ``T-C`` is the ALT ``T`` against ``C`` in a
    tumour.
    """
    plain = _plain(alternates)
    real = [n for n in named if n not in NO_ALLELES]
    spelled = {n: n if n.upper() in plain else n.partition("-")[0] for n in real}
    if len(set(spelled.values())) > _count(alternates):
        names = Names({}, plain, {})
        bare = _of_split(
            names, reference, alternates, set(spelled.values()), is_trimmed=False
        )
        return {n: bare[s] for n, s in spelled.items() if s in bare}
    return {n: plain[s.upper()] for n, s in spelled.items() if s.upper() in plain}


def may_be(name: str, reference: str, alternate: str) -> bool:
    """Whether a name that was placed nowhere may yet be this ALT's.

    A single base for another stays what it is, however a record is trimmed; an
    insertion or deletion may have been moved, too.
    """
    if len(reference) != len(alternate) or not alternate.isalpha():
        return True
    is_cut = alternate[0] == reference[0]
    return _may_name(name.upper(), alternate, is_cut=is_cut)


def _count(alternates: Sequence[str]) -> int:
    return sum(alternate not in NO_ALLELES for alternate in alternates)


def _either(names: Names) -> Callable[[str], int | None]:
    """Return how to find a name where the record follows no one manner."""

    def find(name: str) -> int | None:
        found = {names.usual.get(name), names.plain.get(name)} - {None}
        if not found:
            found |= names.shortest.get(name, frozenset())
        return found.pop() if len(found) == 1 else None

    return find


def _vep_names(reference: str, alternates: Sequence[str]) -> Names:
    plain = _plain(alternates)
    shortest: dict[str, set[int]] = {}
    usual: dict[str, int] = {}
    is_cut = _is_cut(reference, alternates)
    for number, alternate in enumerate(alternates, 1):
        if alternate in NO_ALLELES:
            continue
        if not alternate.isalpha():
            word = _SYMBOLS.get(alternate, alternate.strip("<>"))
            usual[word.upper()] = number
            continue
        usual[(alternate[1:] or "-") if is_cut else alternate] = number
        for cut in (strip, strip_prefix_first):
            name = cut(0, reference, alternate)[2] or "-"
            shortest.setdefault(name, set()).add(number)
    return Names(usual, plain, {n: frozenset(s) for n, s in shortest.items()})


def _plain(alternates: Sequence[str]) -> dict[str, int]:
    return {
        alternate.upper(): number
        for number, alternate in enumerate(alternates, 1)
        if alternate not in NO_ALLELES
    }


def _is_cut(reference: str, alternates: Sequence[str]) -> bool:
    """Whether VEP leaves out the first base: one that all share, beside an indel."""
    spelled = [a for a in alternates if a.isalpha()]
    if all(len(a) == len(reference) for a in alternates if a.isalpha() or a == "*"):
        return False
    return {a[0] for a in spelled} == {reference[0]}


def _of_split(
    names: Names,
    reference: str,
    alternates: Sequence[str],
    named: Collection[str],
    *,
    is_trimmed: bool,
) -> dict[str, int]:
    """Return the names of a record that was split after it was annotated.

    It still carries the annotations of its former neighbours, whose bases may
    have been trimmed since; only a name that no other ALT could have had, and
    an ALT that could have had no other name, belong together.
    """
    found = {}
    for number, alternate in enumerate(alternates, 1):
        if not alternate.isalpha():
            continue
        is_cut = is_trimmed and alternate[0] == reference[0]
        able = [n for n in named if _may_name(n.upper(), alternate, is_cut=is_cut)]
        if len(able) != 1:
            continue
        spelled = able[0].upper()
        if number in (names.usual.get(spelled), names.plain.get(spelled)):
            found[able[0]] = number
    return found


def _may_name(name: str, alternate: str, *, is_cut: bool) -> bool:
    """Whether a name may have been this ALT's, before bases were taken off it.

    ``is_cut``: whether the name may lack the ALT's first base.
    """
    bases = "" if name == "-" else name
    return alternate in bases or (is_cut and bases.startswith(alternate[1:]))
