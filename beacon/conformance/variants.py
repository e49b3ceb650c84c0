"""Variants: what a record says is held against what the beacon answers about it.

A record that was listed is asked for again, exactly; then beside, in ranges and
brackets, with wildcards, on another assembly.  Where the exact question already
fails nothing that builds on it is asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from beacon.conformance.questions import Question
from beacon.conformance.reading import (
    at,
    int_at,
    list_at,
    number_at,
    shown,
    text_at,
    texts_at,
)
from beacon.conformance.walk import VARIANT
from beacon.model.assemblies import ASSEMBLIES, contigs_by_accession, find_contig
from beacon.model.errors import UnknownContig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beacon.conformance.exchange import Exchange
    from beacon.conformance.questions import Answer
    from beacon.conformance.reading import Json
    from beacon.conformance.walk import Sample, Walk
    from beacon.model.genome import Contig

_HGVS = re.compile(r".+:g\.(\d{1,12})([ACGT])>([ACGT])", re.ASCII)
_BASES = re.compile(r"[ACGT]+", re.ASCII)
_FAR = 777
"""Bases from a variant to where it is not."""
_BESIDE = 20
"""Bases a range goes on beside a variant."""
_NEAR = 1e-6
_ROUNDED = 5e-4
"""A frequency may be rounded to three or four digits."""
_MUST_FAIL: Mapping[str, tuple[str, Mapping[str, Json], str]] = {
    "negative start": ("R66", {"start": [-5]}, "a negative start"),
    "three starts": ("R66", {"start": [1, 2, 3]}, "three starts"),
    "odd bases": ("R66", {"alternateBases": "<X>"}, "bases outside the alphabet"),
    "no alternate": (
        "R84",
        {"alternateBases": None, "referenceBases": None},
        "start without end and alternateBases",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A small variant that a record shows.

    Attributes:
        start: 0-based, as its interval has it.
        told: the same as its HGVS name has it, where that tells.
    """

    id: str
    chromosome: str
    assembly: str
    start: int
    reference: str
    alternate: str
    kind: str | None
    gene: str | None
    told: int | None

    @property
    def end(self) -> int:
        """The end of its interval, exclusive."""
        return self.start + len(self.reference)

    @property
    def place(self) -> dict[str, Json]:
        """The sequence it is on, as parameters."""
        return {"assemblyId": self.assembly, "referenceName": self.chromosome}

    @property
    def exact(self) -> dict[str, Json]:
        """The parameters that spell it."""
        return {
            **self.place,
            "start": [self.start],
            "referenceBases": self.reference,
            "alternateBases": self.alternate,
        }


async def check_variants(walk: Walk) -> None:
    """Hold what records say, and ask about one of them."""
    sample = walk.samples.get(VARIANT)
    if sample is None or not sample.records:
        walk.notes.leave("variant questions", "no variant could be learnt")
        return
    exchange = await walk.send(sample.endpoint.root, sample.question)
    for record in sample.records:
        _judge_hgvs(walk, exchange, record)
        _judge_frequencies(walk, exchange, record)
    found = [each for record in sample.records if (each := known_of(record))]
    single = [v for v in found if len(v.reference) == len(v.alternate) == 1]
    if sample.question.test:
        walk.notes.leave("variant questions", "only synthetic variants are shown")
    elif not found:
        walk.notes.leave(
            "variant questions", "no record spells a small variant on a known sequence"
        )
    else:
        await _judge_variant(walk, sample, (single or found)[0])


def known_of(record: Json) -> Known | None:
    """Return the small variant a record spells, on a sequence that is known."""
    variation = at(record, "variation")
    location = at(variation, "location")
    start = int_at(location, "interval", "start", "value")
    name = text_at(record, "variantInternalId")
    reference = text_at(variation, "referenceBases") or ""
    alternate = text_at(variation, "alternateBases") or ""
    spelled = _BASES.fullmatch(reference) and _BASES.fullmatch(alternate)
    sequence = _sequence(record, text_at(location, "sequence_id") or "")
    if start is None or name is None or not spelled or sequence is None:
        return None
    return Known(
        id=name,
        chromosome=sequence[0],
        assembly=sequence[1],
        start=start,
        reference=reference,
        alternate=alternate,
        kind=text_at(variation, "variantType"),
        told=_told_start(record),
        gene=next(iter(texts_at(record, "molecularAttributes", "geneIds")), None),
    )


def _sequence(record: Json, sequence_id: str) -> tuple[str, str] | None:
    """Return chromosome and assembly, when an accession tells them."""
    hgvs = text_at(record, "identifiers", "genomicHGVSId") or ""
    for name in (sequence_id.rpartition(":")[2], hgvs.partition(":")[0]):
        try:
            contigs = contigs_by_accession(name)
        except UnknownContig:
            continue
        if len(contigs) == 1:
            return contigs[0].name, contigs[0].assembly
    return None


def _judge_hgvs(walk: Walk, exchange: Exchange, record: Json) -> None:
    """HGVS counts from 1, Beacon from 0: one substitution shows which is wrong."""
    told = _told_start(record)
    start = int_at(record, "variation", "location", "interval", "start", "value")
    if told is None or start is None or start == told:
        return
    name = text_at(record, "identifiers", "genomicHGVSId")
    walk.notes.find(
        "R82",
        "interval",
        exchange,
        f"coordinates are 0-based: {shown(name)} starts at {told}; {start} came",
    )


def _told_start(record: Json) -> int | None:
    """Return where a substitution starts, 0-based, by its HGVS name."""
    name = text_at(record, "identifiers", "genomicHGVSId") or ""
    spelled = _HGVS.fullmatch(name)
    return None if spelled is None else int(spelled[1]) - 1


def _judge_frequencies(walk: Walk, exchange: Exchange, record: Json) -> None:
    for study in list_at(record, "frequencyInPopulations"):
        for row in list_at(study, "frequencies"):
            frequency = number_at(row, "alleleFrequency")
            if frequency is not None and not 0 <= frequency <= 1:
                walk.notes.find(
                    "R102",
                    "range",
                    exchange,
                    f"an allele frequency lies between 0 and 1; {frequency} came",
                )
            _judge_counts(walk, exchange, row, frequency)


def _judge_counts(
    walk: Walk, exchange: Exchange, row: Json, frequency: float | None
) -> None:
    alleles, called = number_at(row, "alleleCount"), number_at(row, "alleleNumber")
    if alleles is None or called is None:
        return
    if alleles > called:
        walk.notes.find(
            "R103",
            "AC above AN",
            exchange,
            f"alleleCount is at most alleleNumber; {alleles:g} of {called:g} came",
        )
    elif called and frequency is not None and not _is_near(frequency, alleles / called):
        walk.notes.find(
            "R103",
            "AF",
            exchange,
            "alleleFrequency is alleleCount / alleleNumber, here "
            f"{alleles / called:.4f}; {frequency:g} came",
        )
    _judge_parts(walk, exchange, row, alleles)


def _is_near(frequency: float, exact: float) -> bool:
    return abs(frequency - exact) <= _ROUNDED


def _judge_parts(walk: Walk, exchange: Exchange, row: Json, alleles: float) -> None:
    parts = [number_at(row, f"alleleCount{each}") for each in _ZYGOSITIES]
    known = [each for each in parts if each is not None]
    if len(known) == len(parts) and abs(sum(known) - alleles) > _NEAR:
        walk.notes.find(
            "R103",
            "sum",
            exchange,
            "heterozygous, homozygous and hemizygous alleles add up to alleleCount "
            f"{alleles:g}; they add up to {sum(known):g}",
        )


_ZYGOSITIES = ("Heterozygous", "Homozygous", "Hemizygous")


async def _judge_variant(walk: Walk, sample: Sample, known: Known) -> None:
    _, here = await _ask(walk, sample, known.exact)
    if not _finds(here, known) and known.told not in (None, known.start):
        # The interval is wrong, and told to be; the name says where it is.
        known = replace(known, start=known.told or 0)
        _, here = await _ask(walk, sample, known.exact)
    is_found = _finds(here, known)
    if not await _is_placed(walk, sample, known, is_found=is_found):
        return
    if not is_found:
        exchange = await walk.send(sample.endpoint.root, _question(known.exact))
        sentence = (
            f"{shown(known.id)}, just listed, is found by its start and bases; "
            "it is not"
        )
        walk.notes.find("R83", "exact", exchange, sentence)
        return
    await _judge_exact(walk, sample, known)
    await _judge_ranges(walk, sample, known)
    await _judge_elsewhere(walk, sample, known)
    await _judge_spellings(walk, sample, known)
    await _judge_mistakes(walk, sample, known)


async def _is_placed(
    walk: Walk, sample: Sample, known: Known, *, is_found: bool | None
) -> bool:
    """Whether a variant is found nowhere but where it lies; note where it is."""
    far = {**known.exact, "start": [known.start + _FAR]}
    exchange, answer = await _ask(walk, sample, far)
    name = shown(known.id)
    if answer is not None and known.id in answer.ids:
        sentence = f"{name} lies at {known.start}, and is found {_FAR} bases away, too"
        walk.notes.find("R83", "any place", exchange, sentence)
        return False
    beside = {**known.exact, "start": [known.start + 1]}
    exchange, answer = await _ask(walk, sample, beside)
    is_beside = answer is not None and known.id in answer.ids
    if is_beside or (is_found is False and _finds(answer, known)):
        sentence = (
            f"coordinates are 0-based: {name} starts at {known.start} and is not found "
            f"at {known.start + 1}; it is"
        )
        walk.notes.find("R82", "query", exchange, sentence)
        return False
    return True


def _question(parameters: Mapping[str, Json]) -> Question:
    return Question(page=(0, 10), parameters=parameters)


async def _ask(
    walk: Walk, sample: Sample, parameters: Mapping[str, Json]
) -> tuple[Exchange, Answer | None]:
    return await walk.put(
        sample.endpoint.root, sample.endpoint.type, _question(parameters)
    )


def _finds(answer: Answer | None, known: Known) -> bool | None:
    """Whether an answer holds a variant, as far as it tells."""
    if answer is None:
        return None
    return known.id in answer.ids if answer.ids else answer.exists


async def _expect(
    walk: Walk,
    sample: Sample,
    known: Known,
    parameters: Mapping[str, Json],
    law: tuple[str, str, str],
) -> None:
    """Note where a question that must find a variant does not."""
    rule, cause, sentence = law
    exchange, answer = await _ask(walk, sample, parameters)
    is_paged = answer is not None and (answer.total or 0) > len(answer.ids)
    found = (answer and answer.exists) if is_paged else _finds(answer, known)
    if not found:
        walk.notes.find(
            rule, cause, exchange, f"{sentence} {shown(known.id)}; it is not found"
        )


async def _refuse(
    walk: Walk,
    sample: Sample,
    known: Known,
    parameters: Mapping[str, Json],
    law: tuple[str, str, str],
) -> None:
    """Note where a question that must not find a variant does."""
    rule, cause, sentence = law
    exchange, answer = await _ask(walk, sample, parameters)
    if answer is not None and known.id in answer.ids:
        walk.notes.find(
            rule, cause, exchange, f"{sentence} {shown(known.id)}; it is found"
        )


async def _judge_exact(walk: Walk, sample: Sample, known: Known) -> None:
    wild = {**known.exact, "alternateBases": "N" * len(known.alternate)}
    law = ("R85", "N", "N stands for any one base, so it finds")
    await _expect(walk, sample, known, wild, law)
    for base in "ACGT":
        if base not in (known.alternate, known.reference[:1]):
            other = {**known.exact, "alternateBases": base}
            law = ("R83", "other allele", "another allele at the place does not find")
            await _refuse(walk, sample, known, other, law)
            other = {**known.exact, "referenceBases": base}
            law = ("R83", "other reference", "other referenceBases do not find")
            await _refuse(walk, sample, known, other, law)
            break
    elsewhere = {
        **known.exact,
        "referenceName": "1" if known.chromosome != "1" else "2",
    }
    law = ("R83", "other sequence", "the same on another chromosome does not find")
    await _refuse(walk, sample, known, elsewhere, law)
    long = {**known.exact, "alternateBases": "N" * (len(known.alternate) + 1)}
    law = ("R85", "length", "N stands for one base, so one more does not find")
    await _refuse(walk, sample, known, long, law)


async def _judge_ranges(walk: Walk, sample: Sample, known: Known) -> None:
    start, end, place = known.start, known.end, known.place
    law = ("R87", "range", "a range over it finds")
    over = {**place, "start": [start], "end": [end]}
    await _expect(walk, sample, known, over, law)
    if not walk.notes.has("R87", "range"):
        wide = {**place, "start": [max(start - _BESIDE, 0)], "end": [end + _BESIDE]}
        law = ("R87", "wide", f"a range of {_BESIDE} bases more on both sides finds")
        await _expect(walk, sample, known, wide, law)
    law = ("R89", "bracket", "start[1] = start[0] + 1 and the same of the end find")
    bracket = {**place, "start": [start, start + 1], "end": [end, end + 1]}
    await _expect(walk, sample, known, bracket, law)
    if len(known.reference) != 1 or len(known.alternate) != 1:
        return
    law = ("R88", "adjacent", "a range that begins at its end does not find")
    after = {**place, "start": [end], "end": [end + 1]}
    await _refuse(walk, sample, known, after, law)
    if start > 0:
        law = ("R88", "adjacent", "a range that ends at its start does not find")
        before = {**place, "start": [start - 1], "end": [start]}
        await _refuse(walk, sample, known, before, law)
    law = ("R89", "closed", "a bracket that ends before it (half-open) does not find")
    before = {**bracket, "start": [max(start - 1, 0), start]}
    if start > 0:
        await _refuse(walk, sample, known, before, law)
    law = ("R92", "length", "a range narrowed to 50 bases and more does not find")
    await _refuse(walk, sample, known, {**over, "variantMinLength": 50}, law)
    law = ("R90", "type", "a range narrowed to deletions does not find")
    await _refuse(walk, sample, known, {**over, "variantType": "DEL"}, law)
    if known.kind and not walk.notes.has("R87", "range"):
        law = ("R90", "own type", "a range narrowed to its own variantType finds")
        await _expect(walk, sample, known, {**over, "variantType": known.kind}, law)


async def _judge_elsewhere(walk: Walk, sample: Sample, known: Known) -> None:
    for name, assembly in ASSEMBLIES.items():
        if name == known.assembly or find_contig(assembly, known.chromosome) is None:
            continue
        law = ("R96", "assembly", f"a question on {name} does not find the variant")
        other = {**known.exact, "assemblyId": name}
        await _refuse(walk, sample, known, other, law)
    if known.gene:
        law = ("R93", "gene", f"geneId {shown(known.gene)} finds the variant of it,")
        await _expect(walk, sample, known, {"geneId": known.gene}, law)


async def _judge_spellings(walk: Walk, sample: Sample, known: Known) -> None:
    """What real clients write for the same question."""
    accession = find_contig(ASSEMBLIES[known.assembly], known.chromosome)
    for rule, cause, changed in (
        ("R95", "chr", {"referenceName": f"chr{known.chromosome}"}),
        ("R95", "refseq", {"referenceName": f"refseq:{_refseq(accession)}"}),
        ("R65", "scalar", {"start": known.start}),
        ("R65", "text", {"start": str(known.start)}),
    ):
        law = (rule, cause, f"{shown(changed)} means the same, so it finds")
        await _expect(walk, sample, known, {**known.exact, **changed}, law)
    await _judge_flat(walk, sample, known)
    if VARIANT not in walk.deaf:
        await _judge_by_get(walk, sample, known)


async def _judge_by_get(walk: Walk, sample: Sample, known: Known) -> None:
    bracket = {
        **known.place,
        "start": [known.start, known.start + 1],
        "end": [known.end, known.end + 1],
    }
    for rule, cause, parameters, law in (
        ("R25", "variant by GET", known.exact, "GET finds what POST finds"),
        ("R63", "commas", bracket, "GET takes lists with commas between"),
    ):
        exchange, answer = await walk.put(
            sample.endpoint.root,
            sample.endpoint.type,
            _question(parameters),
            method="GET",
        )
        if not _finds(answer, known):
            sentence = f"{law}; {shown(known.id)} is not found so"
            walk.notes.find(rule, cause, exchange, sentence)
            return


def _refseq(contig: Contig | None) -> str:
    return "" if contig is None else contig.refseq


async def _judge_flat(walk: Walk, sample: Sample, known: Known) -> None:
    body = Question(page=(0, 10)).body(walk.spoken)
    query = {**_query(body), "requestParameters": known.exact}
    exchange = await walk.client.ask(
        sample.endpoint.root, method="POST", body={**body, "query": query}
    )
    exists = at(exchange.document, "responseSummary", "exists")
    if not exchange.is_answer or exists is False:
        walk.notes.find(
            "R62",
            "flat",
            exchange,
            "parameters of a variant mean the same without g_variant around them; "
            f"{shown(known.id)} is not found so",
        )


def _query(body: Mapping[str, Json]) -> dict[str, Json]:
    query = body["query"]
    return query if isinstance(query, dict) else {}


async def _judge_mistakes(walk: Walk, sample: Sample, known: Known) -> None:
    for cause, (rule, changed, mistake) in _MUST_FAIL.items():
        parameters = {
            name: value
            for name, value in {**known.exact, **changed}.items()
            if value is not None
        }
        exchange = await walk.send(sample.endpoint.root, _question(parameters))
        exists = at(exchange.document, "responseSummary", "exists")
        if exchange.is_answer and exists is not None:
            walk.notes.find(
                rule, cause, exchange, f"{mistake} gives an error; an answer came"
            )
