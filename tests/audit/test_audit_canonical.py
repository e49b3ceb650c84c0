"""A code tells one question from every other, and says nothing else of it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from beacon.audit.canonical import (
    CASES,
    CHAINS,
    QUERIES,
    allele_of,
    code,
    question_text,
    subkey,
)
from beacon.model.assemblies import assembly, find_contig
from beacon.model.filters import TermFilter
from beacon.model.genome import Interval
from beacon.model.notation import parse
from beacon.model.outline import Outline
from beacon.model.pattern import VariantPattern
from beacon.model.query import Granularity, Page, Query
from beacon.model.records import Under
from beacon.model.spelling import region_pattern

CONTIG = find_contig(assembly("GRCh38"), "22")


def asked(text):
    """Return a question as it is typed."""
    pattern = parse(text, assembly="GRCh38", loaded=frozenset(), references={})
    return Query(pattern=pattern)


PLAIN = asked("22-100-A-G")
OTHERS = [
    asked("22-100-A-T"),
    asked("22-101-A-G"),
    asked("21-100-A-G"),
    Query(pattern=region_pattern(Interval(contig=CONTIG, start=0, end=100))),
    Query(pattern=region_pattern(Interval(contig=CONTIG, start=0, end=101))),
    Query(pattern=VariantPattern(contig=CONTIG, variant_type="DEL")),
    replace(PLAIN, excluded=("P1",)),
    replace(PLAIN, by=("sex",)),
    replace(PLAIN, cohort="c"),
    replace(PLAIN, filters=(frozenset({TermFilter(id="NCIT:C16576")}),)),
    replace(PLAIN, filters=(frozenset({TermFilter(id="NCIT:C20197")}),)),
    replace(PLAIN, under=Under(entry_type="individual", identity="P1")),
    replace(PLAIN, about="individual"),
    Query(about="individual", identity="P1"),
    Query(),
]


def test_each_question_has_a_text_of_its_own():
    """What narrows an answer is in it."""
    texts = [question_text(query) for query in (PLAIN, *OTHERS)]

    assert len(texts) == len(set(texts))


@pytest.mark.parametrize(
    "same",
    [
        asked("chr22:100:A:G"),
        asked("NC_000022.11:g.100A>G"),
        asked("NC_000022.11:99:A:G"),
        asked("22-99-CA-CG"),
        replace(PLAIN, granularity=Granularity.COUNT),
        replace(PLAIN, page=Page(limit=3)),
        replace(PLAIN, datasets=("a",)),
        replace(PLAIN, warnings=("Something.",)),
    ],
)
def test_how_it_is_asked_makes_no_difference(same):
    """Spelling, page, detail and datasets are not what is asked."""
    assert "GRCh38 22 99 A G" == question_text(PLAIN) == question_text(same)


def test_an_outline_is_coded_as_its_question():
    """The express way has the same code as the long one."""
    outline = Outline(PLAIN, None)

    assert outline.is_plain
    assert "GRCh38 22 99 A G" == allele_of(PLAIN)


def test_a_text_does_not_depend_on_the_process():
    """Sets have another order in each process; the text has not."""
    many = frozenset(TermFilter(id=f"HP:{n}") for n in range(20))
    program = (
        "from beacon.audit.canonical import question_text as t\n"
        "from beacon.model.filters import TermFilter as F\n"
        "from beacon.model.query import Query as Q\n"
        "s = frozenset(F(id=f'HP:{n}') for n in range(20))\n"
        "print(t(Q(about='individual', filters=(s,))))"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    here = question_text(Query(about="individual", filters=(many,)))
    assert here == said.stdout.strip()


@pytest.mark.parametrize("text", ["fall \udce5 17", "\ud800", "\udc80\ud800", "å"])
def test_whatever_bytes_came_have_a_code(text):
    """What is no UTF-8 in a header comes as halves of pairs; each has its code."""
    codes = {code(b"k", text), code(b"k", text + "\udce5"), code(b"k", "fall å 17")}

    assert 3 == len(codes)


def test_codes_need_the_key():
    """Another key, another use, another code; 128 bits of each."""
    key = b"k" * 32
    keys = [subkey(key, use) for use in (CHAINS, QUERIES, CASES)]
    codes = {code(one, "GRCh38 22 99 A G") for one in keys}

    assert 3 == len(codes)
    assert {32} == set(map(len, codes))
