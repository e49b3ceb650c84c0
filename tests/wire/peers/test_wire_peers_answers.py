"""What deployed beacons answer is read into the right word, with its reason."""

from __future__ import annotations

import json

import pytest

from beacon.model.counts import AlleleCounts
from beacon.model.nodes import NodeKind, Reason
from beacon.model.query import Granularity, Page
from beacon.model.status import Status
from tests.wire.peers.speaking_peers import (
    ID,
    POS,
    SENT,
    START,
    a_record,
    a_row,
    a_set,
    peer,
    query,
    read,
    v1,
    v2,
)

NETWORK, FIRST = peer(NodeKind.NETWORK), peer(NodeKind.V1)
NESTED = {"g_variant": {**SENT, "start": str(START), "referenceName": "chr17"}}
RANGE = {"referenceName": "17", "start": [43045699], "end": [43045800]}
ERROR = {"errorCode": 503, "errorMessage": "fi.node error getting response"}


def _bare(reference, alternate, start=None):
    """Return a record that may lack its bases and its place."""
    record = a_record(START if start is None else start)
    if start is None:
        del record["variation"]["location"]
    record["variation"] |= {"referenceBases": reference, "alternateBases": alternate}
    return record


def _no(**members):
    return a_set(exists=False, **members)


@pytest.mark.parametrize(
    ("document", "whom", "status"),
    [
        # the production implementation of EGA: boolean without response, 2.2 sets
        (v2(exists=True, level="boolean"), None, "seen"),
        (v2(exists=False, level="boolean"), None, "not_seen"),
        (v2([{"id": "a", "exists": True}], exists=True, level="boolean"), None, "seen"),
        (
            v2([{"id": "a", "setType": "dataset", "exists": False}], exists=False),
            None,
            "not_seen",
        ),
        (v2([a_set(resultsCount=1)], exists=True, level="count"), None, "seen"),
        (v2([a_set(a_record())], exists=True), None, "seen"),
        # nested, with a start as text, and the sequence by another name
        (v2([a_set(a_record())], exists=True, echo=NESTED), None, "seen"),
        (v2([_no()], exists=False, echo=[NESTED]), None, "not_seen"),
        # serverless Beacon: one set without a name
        (v2([a_set(a_record(), id="", setType="")], exists=True), None, "seen"),
        # the network of ELIXIR: a boolean "yes" leaves its summary at "no"
        (
            v2([{"beaconId": "org.b", "exists": True, "results": []}], exists=False),
            NETWORK,
            "seen",
        ),
        (
            v2([{"beaconId": "org.b", "exists": False, "results": []}], exists=False),
            NETWORK,
            "not_seen",
        ),
        # cgbeacon2
        (v1(True, {"datasetId": "a", "exists": True, "callCount": 3}), FIRST, "seen"),
        (v1(False, {"datasetId": "a", "exists": False}), FIRST, "not_seen"),
        (v1(False), FIRST, "not_seen"),
    ],
)
def test_answers_of_deployed_beacons_are_read(document, whom, status):
    """Each shape that is sent today has its word."""
    said = read(document, whom)

    assert (Status(status), None) == (said.status, said.reason)


@pytest.mark.parametrize(
    ("document", "whom", "reason"),
    [
        (v2(exists=False) | {"error": ERROR}, None, Reason.TOLD_AN_ERROR),
        (v2([_no()], exists=False, info={"error": ERROR}), None, Reason.TOLD_AN_ERROR),
        (v2([_no(info={"error": ERROR})], exists=False), None, Reason.TOLD_AN_ERROR),
        (v2([_no(error="broken")], exists=False), None, Reason.TOLD_AN_ERROR),
        (
            v2([{"beaconId": "fi.x", "exists": False, "info": {"error": ERROR}}],
               exists=False),
            NETWORK,
            Reason.TOLD_AN_ERROR,
        ),
        (
            v2([{"beaconId": "fi.x", "exists": False}], exists=False),
            NETWORK,
            Reason.NOT_UNDERSTOOD,
        ),
        (v2([], exists=False), NETWORK, Reason.NOT_UNDERSTOOD),
        (v1(None), FIRST, Reason.TOLD_AN_ERROR),
        (v1(None, error=ERROR), FIRST, Reason.TOLD_AN_ERROR),
        (v1(False, error=ERROR), FIRST, Reason.TOLD_AN_ERROR),
        (v1(False, {"datasetId": "a", "exists": None}), FIRST, Reason.NOT_A_BEACON),
        (
            v1(False, {"datasetId": "a", "exists": False, "error": ERROR}),
            FIRST,
            Reason.TOLD_AN_ERROR,
        ),
        (
            v2([_no(info={"status": "no_answer"})], exists=False),
            None,
            Reason.TOLD_AN_ERROR,
        ),
        (
            v2([_no(info={"status": "failed"})], exists=False),
            None,
            Reason.NOT_UNDERSTOOD,
        ),
        (v2([a_set(exists=None)], exists=False), None, Reason.NOT_A_BEACON),
        (v2([a_set(exists=0)], exists=False), None, Reason.NOT_A_BEACON),
        (v2(["no"], exists=False), None, Reason.NOT_A_BEACON),
        (v2(exists=None), None, Reason.NOT_A_BEACON),
        ({"meta": {"beaconId": ID}}, None, Reason.NOT_A_BEACON),
        ({"hello": 1, "meta": {"beaconId": ID}}, None, Reason.NOT_A_BEACON),
        ({}, None, Reason.NOT_A_BEACON),
        ([], None, Reason.NOT_A_BEACON),
    ],
)  # fmt: skip
def test_f3_a_failure_in_a_good_answers_clothes_is_never_a_no(document, whom, reason):
    """200 with an error, null, or nothing to tell from is ``no_answer``."""
    said = read(document, whom)

    assert (Status.NO_ANSWER, reason) == (said.status, said.reason)


@pytest.mark.parametrize(
    ("document", "whom"),
    [
        # the whole database, of a node that read no parameter
        (v2(exists=True, echo={}, summary={"numTotalResults": 40_628_794}), None),
        (v2(exists=True, echo=None, summary={"numTotalResults": 1_001}), None),
        (v2([a_set(resultsCount=40_628_794)], exists=True), NETWORK),
        # its echo is empty, lacks the alternate bases, or is of another question
        (v2(exists=True, echo={}), None),
        (v2(exists=False, echo=[]), None),
        (v2(exists=True, echo={k: SENT[k] for k in list(SENT)[:4]}), None),
        (v2(exists=True, echo={**SENT, "alternateBases": "G"}), None),
        (v2(exists=False, echo={**SENT, "start": [START + 400]}), None),
        (v2(exists=False, echo={**SENT, "referenceName": "7"}), None),
        # what it found is something else
        (v2([a_set(a_record(alternate="G"))], exists=True), None),
        (v2([a_set(a_record(START + 9, "A"))], exists=True), None),
        (v2([a_set(a_record(sequence="chr7"))], exists=True), None),
        (v2([a_set(a_record(hgvs="NC_000017.11:g.7T>C"))], exists=True), None),
        # it looked on another assembly, or found something there
        (v2([_no()], exists=False, echo={**SENT, "assemblyId": "GRCh37"}), None),
        (v2([_no()], exists=False, echo={**SENT, "assemblyId": "hg19"}), None),
        (v1(False, echo={**SENT, "start": START, "assemblyId": "GRCh37"}), FIRST),
        (v2([a_set(a_record(sequence="NC_000017.10"))], exists=True), None),
        (v2([a_set(a_record(hgvs=f"NC_000017.10:g.{POS}T>C"))], exists=True), None),
        # what it found has other bases than its name, or other ones and no place
        (v2([a_set(a_record(alternate="G", hgvs=f"NC_000017.11:g.{POS}T>C"))],
            exists=True), None),
        (v2([a_set(_bare("T", "G"))], exists=True, echo=None), None),
        (v2([a_set(_bare(None, "G"))], exists=True, echo=None), None),
        (v2([a_set(_bare("A", None))], exists=True, echo=None), None),
        (v2([a_set(_bare(None, None), a_record(alternate="G"))], exists=True), None),
        # a word of nobody does not make it one of ours
        (v2([], exists=False, echo=None, info={"status": "ok"}), None),
        # it lists no set though all were asked for, and repeats nothing
        (v2([], exists=False, echo=None), None),
        (v1(True, echo={"referenceName": "17"}), FIRST),
    ],
)  # fmt: skip
def test_f4_a_peer_that_ignored_the_question_was_not_understood(document, whom):
    """What answers another, or a wider, question is no answer to ours."""
    said = read(document, whom)

    assert (Status.NO_ANSWER, Reason.NOT_UNDERSTOOD) == (said.status, said.reason)


def test_f4_a_record_counted_from_one_is_not_believed_and_says_why():
    """The base beside is another variant; the sentence names the setting."""
    shifted = read(v2([a_set(a_record(POS))], exists=True))
    named = read(
        v2([a_set(a_record(START, hgvs=f"NC_000017.11:g.{START}T>C"))], exists=True)
    )

    assert (Reason.NOT_UNDERSTOOD,) * 2 == (shifted.reason, named.reason)
    assert "1-based" in str(shifted.sentence)
    assert "1-based" in str(named.sentence)


def test_a_peer_set_to_count_from_one_is_read_so():
    """With the setting the same record is the allele."""
    record = a_record(POS, hgvs=f"NC_000017.11:g.{POS}T>C")
    echo = {**SENT, "start": [POS]}
    said = read(v2([a_set(record)], exists=True, echo=echo), peer(one_based=True))

    assert Status.SEEN is said.status
    assert () == said.datasets[0].warnings


def test_a_name_beats_a_start():
    """A record whose HGVS name is the allele's is it; its start is warned of."""
    record = a_record(POS, hgvs=f"NC_000017.11:g.{POS}T>C")
    said = read(v2([a_set(record)], exists=True))

    assert Status.SEEN is said.status
    assert ("It counts starts from 1.",) == said.datasets[0].warnings


@pytest.mark.parametrize(
    ("document", "whom"),
    [
        (v2(exists=False, beacon="se.other"), None),
        (v2(exists=True, beacon=None), None),
        (v2(exists=True, beacon=7), NETWORK),
        (v1(False) | {"beaconId": "x"}, FIRST),
        (v2([_no(beaconId="fi.other")], exists=False), None),
    ],
)
def test_f5_an_answer_of_another_beacon_is_refused(document, whom):
    """Only the beacon that was asked may answer; its silence on who it is, too."""
    said = read(document, whom)

    assert (Status.NO_ANSWER, Reason.WRONG_BEACON) == (said.status, said.reason)


def test_f5_a_networks_sets_keep_their_beacons():
    """Each set of a network is its member's, by way of the network."""
    sets = [
        a_set(a_record(), beaconId="pt.one", id="a"),
        {"beaconId": "fi.two", "exists": False, "info": {"error": ERROR}},
        _no(beaconId="es.three", id="b"),
    ]
    said = read(v2(sets, exists=True), NETWORK)

    assert [
        ("pt.one/a", "seen", (ID,)),
        ("fi.two/fi.two", "no_answer", (ID,)),
        ("es.three/b", "not_seen", (ID,)),
    ] == [(d.identity, d.part.status.value, d.via) for d in said.datasets]
    assert Status.SEEN is said.status


def test_f3_a_network_with_a_failed_member_has_not_said_no():
    """One member's failure keeps its place, and the whole is no "no"."""
    failed = {"beaconId": "fi.two", "exists": False, "info": {"error": ERROR}}
    said = read(v2([failed, _no(beaconId="es.three")], exists=False), NETWORK)

    assert Status.NO_ANSWER is said.status
    assert ["no_answer", "not_seen"] == [d.part.status.value for d in said.datasets]


@pytest.mark.parametrize("key", ["status", "verdict"])
def test_f3_members_a_network_lists_as_silent_keep_their_word(key):
    """What stands in ``info.beacons`` alone is not lost."""
    beacons = [{"beaconId": "fi.x", key: "refused", "reason": "refused"}]
    said = read(
        v2([_no(beaconId="es.y")], exists=False, info={"beacons": beacons}), NETWORK
    )

    assert Status.REFUSED is said.status
    assert ["es.y", "fi.x"] == [d.beacon for d in said.datasets]


def test_f3_an_incomplete_network_has_not_said_no():
    """``complete: false`` is never read as "no", whoever is missing."""
    said = read(
        v2([_no(beaconId="es.y")], exists=False, info={"complete": False}), NETWORK
    )

    assert Status.NO_ANSWER is said.status


@pytest.mark.parametrize(
    ("code", "headers", "status", "reason"),
    [
        (301, {}, "no_answer", Reason.REDIRECT),
        (400, {}, "no_answer", Reason.TOLD_AN_ERROR),
        (401, {}, "refused", Reason.REFUSED),
        (403, {}, "refused", Reason.REFUSED),
        (404, {}, "no_answer", Reason.TOLD_AN_ERROR),
        (429, {}, "no_answer", Reason.BUSY),
        (500, {}, "no_answer", Reason.TOLD_AN_ERROR),
        (503, {"Retry-After": "9"}, "no_answer", Reason.BUSY),
        (503, {}, "no_answer", Reason.TOLD_AN_ERROR),
        (204, {}, "no_answer", Reason.TOLD_AN_ERROR),
    ],
)
def test_http_statuses_have_their_words(code, headers, status, reason):
    """An HTTP error is believed before anything that its body says."""
    body = v2([_no()], exists=False) | {"error": ERROR}
    said = read(body, status=code, headers=headers)

    assert (Status(status), reason) == (said.status, said.reason)
    assert str(said.sentence).startswith(f"HTTP {code}: fi.node error")


def test_an_http_error_without_a_document_says_its_number():
    """A proxy's page is no sentence of a beacon."""
    said = read(b"<html>gateway</html>", status=502)

    assert (Reason.HTTP_ERROR, "HTTP 502") == (said.reason, said.sentence)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>log in</html>",
        b"\xff\xfe",
        b"{",
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"meta": NaN}',
        b'{"a": 1e999}',
        b"1" * 5_000,
        b'{"a": 1, "a": 2}',
        b'"\\ud800"',
    ],
)
def test_what_is_no_plain_json_is_no_answer(body):
    """Pages, bad text, nesting without end, NaN and endless numbers: ``not_json``."""
    said = read(body)

    assert (Status.NO_ANSWER, Reason.NOT_JSON) == (said.status, said.reason)


@pytest.mark.parametrize("told", ["3", " 3 ", 3.0, "3.0", 0.5, ">=5", "<5", -1, True])
def test_f3_any_number_of_results_contradicts_a_no(told):
    """However it is written, in a set or in the summary: some were found."""
    in_a_set = read(v2([_no(resultsCount=told)], exists=False))
    alone = read(v2(exists=False, summary={"numTotalResults": told}))
    beside = read(v2([_no()], exists=False, summary={"numTotalResults": told}))

    assert {(s.status, s.reason) for s in (in_a_set, alone, beside)} == {
        (Status.NO_ANSWER, Reason.CONTRADICTS)
    }


@pytest.mark.parametrize("told", [0, 0.0, "0", "0.00", "", None, False, "n/a"])
def test_no_number_of_results_is_none_beside_a_no(told):
    """Nothing, however it is written, and what is no number."""
    said = read(v2([_no(resultsCount=told)], exists=False))

    assert (said.status, said.reason) == (Status.NOT_SEEN, None)


@pytest.mark.parametrize("told", [5_000, 5_000.0, "5000"])
def test_f4_too_many_of_one_allele_are_not_understood(told):
    """However their number is written."""
    said = read(v2([a_set(a_record(), resultsCount=told)], exists=True))

    assert (said.status, said.reason) == (Status.NO_ANSWER, Reason.NOT_UNDERSTOOD)


def test_too_many_sets_are_no_answer():
    """More than a thousand sets are nobody's datasets."""
    said = read(v2([_no()] * 1_001, exists=False))

    assert Reason.TOO_LARGE is said.reason


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b",".join([b"{}"] * 1_300_000) + b"]",
        b"[" + b",".join([b'{"a":' * 20 + b"1" + b"}" * 20] * 20_000) + b"]",
        json.dumps(v2([_no()] * 100_000, exists=False)).encode(),
    ],
)
def test_f2_values_without_end_are_not_even_read(body):
    """What would keep everybody waiting is no answer, whatever it says.

    Of ranges a good peer may send as much, so it is not called what a broken one is.
    """
    said = read(body)

    assert (Status.NO_ANSWER, Reason.TOO_LARGE) == (said.status, said.reason)


def test_a_networks_recorded_shape_is_read():
    """Starts counted from one, no echo, one member of yes or no, and a broken one."""
    rows = [
        a_row("FR_F", 478, 30_153, alleleCountHomozygous=20,
              alleleCountHeterozygous=458, alleleCountHemizygous=0)
    ]  # fmt: skip
    record = a_record(
        *(10718, "C", "G"),
        hgvs="NC_000018.10:g.10718C>G",
        rows=rows,
        sequence="HGVSid:18:g.10718C>G",
    )
    sets = [
        a_set(record, beaconId="pt.biodata", id="GDID-becadf5a"),
        {"beaconId": "org.boolean.only", "exists": True, "results": []},
        {"beaconId": "org.is.broken", "exists": False, "info": {"error": ERROR}},
    ]
    whom = peer(NodeKind.NETWORK, one_based=True)
    document = v2(sets, exists=True, echo=None, summary={"numTotalResults": 2})
    said = read(document, whom, query("18-10718-C-G"))
    first, second, third = said.datasets

    assert (Status.SEEN, None) == (said.status, said.reason)
    assert [("FR_F", AlleleCounts(ac=478, an=30_153, het=458, hemi=0))] == [
        (g.label, g.counts) for g in first.part.variants[0].groups
    ]
    assert first.part.counts is None
    assert any("may count carriers" in warning for warning in first.warnings)
    assert (Status.SEEN, Status.NO_ANSWER) == (second.part.status, third.part.status)


@pytest.mark.parametrize(
    "document",
    [
        v2([_no(resultsCount=3)], exists=False),
        v2([_no(results=[a_record()])], exists=False),
        v2([a_set(resultsCount=0)], exists=True),
        v2([_no()], exists=True),
        v2([_no(info={"status": "seen"})], exists=False),
        v2([a_set(a_record(), info={"status": "withheld"})], exists=True),
        v2([_no(info={"status": "not_seen", "alleleCount": 4})], exists=False),
        v2([a_set(a_record(rows=[a_row(ac=0)]))], exists=True),
        v2(exists=False, summary={"numTotalResults": 2}),
        v2([_no()], exists=False, summary={"numTotalResults": 5}),
        v1(True, {"datasetId": "a", "exists": False}),
        v1(False, {"datasetId": "a", "exists": False, "callCount": 3}),
        v1(False, {"datasetId": "a", "exists": False, "variantCount": 1}),
        v1(False, {"datasetId": "a", "exists": False, "variantCount": "1"}),
        v1(False, {"datasetId": "a", "exists": False, "callCount": 3.0}),
    ],
)
def test_a_yes_and_a_no_at_once_are_neither(document):
    """An answer that contradicts itself is no answer."""
    said = read(document, FIRST if "datasetAlleleResponses" in document else None)

    assert (Status.NO_ANSWER, Reason.CONTRADICTS) == (said.status, said.reason)


@pytest.mark.parametrize("word", ["not_covered", "withheld", "not_seen", "not_asked"])
def test_our_own_words_survive(word):
    """A beacon of this kind says more than yes and no, and is believed."""
    said = read(v2([_no(info={"status": word})], exists=False))

    assert Status(word) is said.status
    assert Status(word) is said.datasets[0].part.status


def test_our_own_answer_without_sets_keeps_its_word():
    """Nothing loaded for an assembly is ``not_asked``, with the reason."""
    said = read(v2([], exists=False, info={"status": "not_asked"}))

    assert (Status.NOT_ASKED, Reason.ASSEMBLY) == (said.status, said.reason)


def test_our_own_set_is_read_whole():
    """Counts, coverage, filters, release and people of a set come through."""
    info = {
        "status": "not_seen",
        "release": 7,
        "releaseDate": "2026-11-14",
        "sampleCount": 15_560,
        "alleleCount": 0,
        "alleleNumber": 31_120,
        "homozygous": 0,
        "coverage": "partial",
        "filters": ["LowQual", "<script>alert(1)</script>"],
    }
    said = read(v2([_no(info=info)], exists=False), names={"ngc-wgs": "NGC genomes"})
    part = said.datasets[0].part

    assert AlleleCounts(ac=0, an=31_120, hom=0) == part.counts
    assert ("NGC genomes", 7, 15_560) == (part.name, part.release, part.sample_count)
    assert ("partial", ("LowQual",)) == (part.coverage, part.filters)
    assert "2026-11-14" == part.released.date().isoformat()
    assert Granularity.RECORD is said.granularity


def test_a_bare_no_says_that_its_coverage_is_not_known():
    """A "no" without a number of alleles rests on nothing declared."""
    said = read(v2([_no()], exists=False))

    assert "undeclared" == said.datasets[0].part.coverage


def test_nothing_called_is_no_no():
    """AN of 0 is a place that was not looked at."""
    info = {"alleleCount": 0, "alleleNumber": 0}
    said = read(v2([_no(info=info)], exists=False))

    assert Status.NOT_COVERED is said.status


@pytest.mark.parametrize("naming", ["frequencies", "populations"])
def test_populations_are_read_as_groups(naming):
    """Both names of the list are known; everybody together comes first."""
    rows = [
        a_row("SE_F", 21, 90_000, alleleCountHomozygous=0, alleleCountHeterozygous=21),
        a_row("Total", 41, 180_044, genotypeHomozygous=1, genotypeHeterozygous=39),
    ]
    said = read(v2([a_set(a_record(rows=rows, naming=naming))], exists=True))
    (variant,) = said.datasets[0].part.variants

    assert [
        ("Total", AlleleCounts(ac=41, an=180_044, hom=1, het=39)),
        ("SE_F", AlleleCounts(ac=21, an=90_000, hom=0, het=21)),
    ] == [(g.label, g.counts) for g in variant.groups]
    assert AlleleCounts(ac=41, an=180_044, hom=1, het=39) == (
        said.datasets[0].part.counts
    )


def test_groups_are_never_added_to_a_total():
    """Without a row of everybody there is no count of the dataset."""
    rows = [a_row("SE_F", 2, 90), a_row("SE_M", 3, 80)]
    said = read(v2([a_set(a_record(rows=rows))], exists=True))

    assert said.datasets[0].part.counts is None


@pytest.mark.parametrize(
    ("row", "counts", "warning"),
    [
        # two copies for each homozygote, or people twice over: nobody can tell
        (
            {"ac": 478, "an": 30_153, "alleleCountHomozygous": 20,
             "alleleCountHeterozygous": 458, "alleleCountHemizygous": 0},
            AlleleCounts(ac=478, an=30_153, het=458, hemi=0),
            "may count carriers",
        ),
        (
            {"ac": 12, "an": 100, "alleleCountHomozygous": 5,
             "alleleCountHeterozygous": 2},
            AlleleCounts(ac=12, an=100, hom=5, het=2),
            None,
        ),
        ({"ac": 9, "an": 8}, None, "cannot all be true"),
        ({"ac": 90, "an": 100, "genotypeHomozygous": 60},
         AlleleCounts(ac=90, an=100), "do not fit"),
        ({"ac": None, "an": 100, "genotypeHomozygous": 60},
         AlleleCounts(ac=None, an=100), "do not fit"),
        ({"ac": "<5", "an": 100}, AlleleCounts(ac=None, an=100), None),
        ({"ac": True, "an": 1.5}, None, None),
        ({"ac": -3, "an": -1}, None, None),
        ({"ac": None, "an": None, "alleleCountHomozygous": None}, None, None),
    ],
)  # fmt: skip
def test_only_counts_that_can_be_true_are_kept(row, counts, warning):
    """What contradicts itself is left out, and said."""
    said = read(v2([a_set(a_record(rows=[a_row(**row)]))], exists=True))
    (dataset,) = said.datasets

    assert counts == dataset.part.counts
    assert (warning is not None) == any(str(warning) in w for w in dataset.warnings)


def test_a_call_count_of_v1_counts_copies():
    """v1 says how many copies, and not of how many."""
    found = {"datasetId": "a", "exists": True, "callCount": 3, "variantCount": 1}
    said = read(v1(True, found), FIRST)

    assert AlleleCounts(ac=3, an=None) == said.datasets[0].part.counts


@pytest.mark.parametrize(
    ("precision", "total", "step"),
    [
        ({}, 12, None),
        ({"countPrecision": "exact"}, 12, None),
        ({"countPrecision": "rounded", "countAdjustedTo": [5]}, 12, 5),
        ({"countPrecision": "rounded", "countAdjustedTo": ["x"]}, None, None),
        ({"countPrecision": "imprecise"}, None, None),
    ],
)
def test_count_precision_is_kept(precision, total, step):
    """A rounded count stays rounded; an imprecise one is none."""
    found = a_set(resultsCount=12, **precision)
    said = read(v2([found], exists=True, level="count"))
    part = said.datasets[0].part

    assert (total, step) == (part.total, part.adjusted_to)


@pytest.mark.parametrize(
    ("members", "summary", "ac", "step"),
    [
        ({"countPrecision": "rounded"}, {}, None, None),
        ({"countPrecision": "imprecise"}, {}, None, None),
        ({"countPrecision": "exact"}, {"countPrecision": "imprecise"}, 10, None),
        ({}, {"countPrecision": "imprecise"}, None, None),
        ({}, {"countPrecision": "rounded"}, None, None),
        ({}, {"countPrecision": "rounded", "countAdjustedTo": [5, 10]}, 10, 10),
    ],
)
def test_counts_that_are_not_exact_do_not_pass_for_exact(members, summary, ac, step):
    """Without a step they are left out, and said; one told of all is of each."""
    info = {"alleleCount": 10, "alleleNumber": 1000}
    row = a_row(ac=10, an=1000)
    sets = [a_set(a_record(rows=[row]), info=info, **members)]
    (dataset,) = read(v2(sets, exists=True, summary=summary)).datasets
    part = dataset.part

    assert (ac, step) == (part.counts and part.counts.ac, part.adjusted_to)
    assert bool(part.variants[0].groups) is (ac is not None)
    assert (ac is None) == any("not exact" in each for each in dataset.warnings)


def test_a_set_of_ours_says_itself_how_its_counts_are_to_be_taken():
    """Beside a rounded one an exact one stays exact; ``imprecise`` is never exact."""
    info = {"status": "seen", "alleleCount": 10, "alleleNumber": 1000}
    rounded = {"countPrecision": "rounded", "countAdjustedTo": [5]}
    sets = [
        a_set(a_record(), info=info, id="exact"),
        a_set(a_record(), info=info, id="rounded", **rounded),
        a_set(a_record(), info=info, id="vague", countPrecision="imprecise"),
    ]
    said = read(v2(sets, exists=True, summary=rounded))

    assert [(10, None), (10, 5), (None, None)] == [
        (each.part.counts and each.part.counts.ac, each.part.adjusted_to)
        for each in said.datasets
    ]


def test_f4_a_deletion_of_another_place_is_not_the_one_asked_for():
    """A VRS allele far away, or of another length, is another; near, it may be it."""
    asked = query("17-43045711-TA-T")
    words = []
    for start, size in ((5, 4), (START - 3, 6), (START - 3, 5)):
        record = a_record(start)
        place = record["variation"]["location"]["interval"]
        record["variation"] |= {"state": {"sequence": "GAGA"}}
        place["end"] = start + size
        del record["variation"]["alternateBases"]
        del record["variation"]["referenceBases"]
        said = read(v2([a_set(record)], exists=True, echo=None), asked=asked)
        words.append((said.status, said.reason))

    assert [
        (Status.NO_ANSWER, Reason.NOT_UNDERSTOOD),
        (Status.NO_ANSWER, Reason.NOT_UNDERSTOOD),
        (Status.SEEN, None),
    ] == words


@pytest.mark.parametrize(
    "record",
    [_bare("T", "C"), _bare("TA", "CA"), _bare(None, "C"), _bare(None, None, START)],
)
def test_a_record_that_lacks_its_place_may_be_the_allele(record):
    """What it tells agrees; its numbers are still not shown."""
    (dataset,) = read(v2([a_set(record)], exists=True)).datasets

    assert Status.SEEN is dataset.part.status
    assert ("Its record does not say which variant it is.",) == dataset.warnings


def test_f4_a_count_of_everything_is_no_count_of_a_range():
    """Forty million in a thousand bases is a number of something else."""
    asked = query("17:43045000-43046000")
    found = a_set(resultsCount=40_628_794)
    (dataset,) = read(v2([found], exists=True, echo=None), asked=asked).datasets
    few = read(v2([a_set(resultsCount=300)], exists=True, echo=None), asked=asked)

    assert (Status.SEEN, None) == (dataset.part.status, dataset.part.total)
    assert any("more variants than" in each for each in dataset.warnings)
    assert 300 == few.datasets[0].part.total


def test_a_full_page_is_not_all_there_is():
    """A count of what was sent says nothing of what was not; ours is of all."""
    asked = query("17:43045000-43046000")
    records = [a_record(START - 600 + n) for n in range(asked.page.limit)]
    page = read(v2([a_set(*records)], exists=True, echo=None), asked=asked)
    ours = a_set(*records, info={"status": "seen"})
    told = read(v2([ours], exists=True, echo=None), asked=asked)

    assert page.datasets[0].part.total is None
    assert asked.page.limit == told.datasets[0].part.total


def test_a_dataset_that_answers_twice_has_no_numbers():
    """The stronger word stays; counts of either do not."""
    twice = [_no(), a_set(a_record(rows=[a_row()]))]
    said = read(v2(twice, exists=True))

    assert 1 == len(said.datasets)
    assert (Status.SEEN, None) == (said.status, said.datasets[0].part.counts)


def test_a_yes_without_numbers_has_none():
    """What stands in a count beside yes or no is no count."""
    counted = read(v2([a_set(resultsCount=1)], exists=True, level="boolean"))
    empty = read(v2([a_set(resultsCount=0)], exists=True, level="boolean"))

    assert (Status.SEEN, Status.SEEN) == (counted.status, empty.status)
    assert (None, None) == tuple(
        said.datasets[0].part.total for said in (counted, empty)
    )


def test_f3_one_failing_dataset_of_a_beacon_keeps_the_others():
    """The whole is no answer, and what the others said is not lost."""
    sets = [a_set(exists=False, id="a", info={"error": ERROR}), _no(id="b")]
    said = read(v2(sets, exists=False))

    assert (Status.NO_ANSWER, None) == (said.status, said.reason)
    assert ["no_answer", "not_seen"] == [d.part.status.value for d in said.datasets]
    assert said.datasets[0].warnings[0].startswith("It tells the error 503")


def test_a_member_that_answered_is_not_silent_as_well():
    """A network that lists its members beside their sets says each once."""
    beacons = [{"beaconId": "es.y", "status": "no_answer"}]
    said = read(
        v2([_no(beaconId="es.y")], exists=False, info={"beacons": beacons}), NETWORK
    )

    assert [Status.NOT_SEEN] == [row.part.status for row in said.datasets]


def test_a_deletion_that_is_spelled_otherwise_may_be_the_same():
    """Without a reference a deletion in a repeat can lie anywhere in it."""
    asked = query("17-43045711-AA-A")
    echo = {**SENT, "referenceBases": "AA", "alternateBases": "A"}
    found = a_set(a_record(START - 4, "GA", "G"))
    said = read(v2([found], exists=True, echo=echo), asked=asked)
    other = a_set(a_record(START - 4, "TG", "T"))
    unlike = read(v2([other], exists=True, echo=echo), asked=asked)

    assert Status.SEEN is said.status
    assert any("spells the variant otherwise" in w for w in said.datasets[0].warnings)
    assert Reason.NOT_UNDERSTOOD is unlike.reason


def test_foreign_text_becomes_plain_and_short():
    """Nothing that turns, hides or runs comes through in a name or a sentence."""
    loud = "\u202e<b>x</b>\x00\n" + "y" * 500
    said = read(v2([_no(id=loud)], exists=False, info={"warnings": [loud, 7]}))
    failed = read({"error": {"errorCode": 1, "errorMessage": loud}})

    assert said.datasets[0].part.dataset.startswith("<b>x</b> yy")
    assert 100 == len(said.datasets[0].part.dataset)
    assert [200] == [len(w) for w in said.warnings]
    assert 200 == len(str(failed.sentence))


def test_datasets_that_were_not_asked_for_are_left_out():
    """A peer that answers by dataset is narrowed; who cannot be was not asked."""
    sets = [a_set(a_record(), id="a"), _no(id="b")]
    narrowed = read(v2(sets, exists=True), asked=query(datasets=("b",)))
    without = read(v2(exists=True), asked=query(datasets=("b",)))

    assert (Status.NOT_SEEN, 1) == (narrowed.status, len(narrowed.datasets))
    assert (Status.NOT_ASKED, Reason.KIND_OF_QUESTION) == (
        without.status,
        without.reason,
    )


def test_an_unrepeated_question_is_warned_of():
    """Not to echo is allowed, and said."""
    said = read(v2(exists=True, echo=None))

    assert any("does not repeat" in warning for warning in said.warnings)


def test_a_peer_that_looks_for_single_bases_only_did_not_look():
    """A type that a peer adds itself to an insertion is another question."""
    asked = query("17-43045711-T-TCC")
    echo = {**SENT, "alternateBases": "TCC", "variantType": "SNP"}
    said = read(v2([], exists=False, echo=echo), asked=asked)

    assert Reason.NOT_UNDERSTOOD is said.reason


def test_a_vrs_allele_is_compared_by_its_place_and_state():
    """A record without reference bases is the allele where place and bases are."""
    record = a_record()
    record["variation"] |= {"state": {"type": "X", "sequence": "C"}}
    del record["variation"]["alternateBases"], record["variation"]["referenceBases"]
    said = read(v2([a_set(record)], exists=True))
    record["variation"]["state"]["sequence"] = "G"
    other = read(v2([a_set(record)], exists=True))

    assert (Status.SEEN, Reason.NOT_UNDERSTOOD) == (said.status, other.reason)


def test_a_record_that_cannot_be_read_proves_no_number():
    """Counts of a record that does not say what it is are not shown."""
    record = {"variantInternalId": "v", "frequencyInPopulations": []}
    said = read(v2([a_set(record)], exists=True))

    assert Status.SEEN is said.status
    assert ("Its record does not say which variant it is.",) == (
        said.datasets[0].warnings
    )


def test_the_configuration_says_what_its_datasets_are():
    """Overlap, kind and identity of a dataset are the operator's."""
    whom = peer(
        overlap="goe",
        overlaps={"ngc-wgs": "dk"},
        kinds={"*": "patients"},
        same_as={"ngc-wgs": "se.x/y"},
    )
    (dataset,) = read(v2([_no()], exists=False), whom).datasets

    assert ("dk", "patients", "se.x/y", "GRCh38") == (
        dataset.overlap,
        dataset.kind,
        dataset.identity,
        dataset.assembly,
    )


def test_variants_of_a_range_are_read_where_they_lie():
    """Records of a range become alleles of ours, structural ones too."""
    deletion = a_record(START)
    deletion["variation"] |= {"variantType": "DEL", "alternateBases": ""}
    deletion["variation"]["location"]["interval"]["end"] = START + 60
    del deletion["variation"]["referenceBases"]
    asked = query("17:43045700-43045800")
    echo = {"referenceName": "17", "start": [43045699], "end": [43045800]}
    said = read(v2([a_set(a_record(), deletion)], exists=True, echo=echo), asked=asked)
    part = said.datasets[0].part

    assert ["C", "<DEL>"] == [v.allele.alternate for v in part.variants]
    assert 2 == part.total


def test_a_further_page_of_one_allele_has_no_records():
    """They are asked for from the first, so they are on the first page only."""
    asked = query(page=Page(skip=1, limit=10))
    said = read(v2([a_set(a_record())], exists=True), asked=asked)
    first = read(v2([a_set(a_record())], exists=True))

    assert Status.SEEN is said.status
    assert first.datasets[0].part.counts == said.datasets[0].part.counts
    assert [1, 0] == [len(each.datasets[0].part.variants) for each in (first, said)]


@pytest.mark.parametrize(
    ("told", "is_shown"),
    [
        ({"skip": 2, "limit": 20}, True),
        ({}, True),
        ({"skip": 2, "limit": 10}, False),
        ({"skip": 0, "limit": 20}, False),
    ],
)
def test_records_of_another_page_are_not_shown(told, is_shown):
    """A peer that cuts pages short lists others than were asked for, and says so."""
    asked = query("17:43045700-43045800", page=Page(skip=2, limit=20))
    document = v2([a_set(a_record())], exists=True, echo=RANGE)
    document["meta"]["receivedRequestSummary"]["pagination"] = told
    said = read(document, asked=asked)

    assert Status.SEEN is said.status
    assert is_shown == bool(said.datasets[0].part.variants)
    assert is_shown != any("another length" in each for each in said.warnings)


@pytest.mark.parametrize("skip", [0, 1])
def test_a_no_of_a_further_page_is_none(skip):
    """Who has nothing on it may have a hundred before; our own software does not."""
    asked = query("17:43045700-43045800", page=Page(skip=skip, limit=20))
    empty, own = a_set(exists=False), {"info": {"status": "not_seen"}}
    document = v2([empty], exists=False, echo=RANGE)
    document["meta"]["receivedRequestSummary"]["pagination"]["skip"] = skip
    both = v2([empty, a_set(a_record()) | {"id": "b"}], exists=True, echo=RANGE)
    said = read(document, asked=asked)
    ours = read(document | own, asked=asked)

    assert [Status.NOT_SEEN, Status.NO_ANSWER][skip] is said.status
    assert [None, Reason.NOT_UNDERSTOOD][skip] is said.reason
    assert Status.NOT_SEEN is ours.status
    assert {Status.SEEN, said.status} == {
        row.part.status for row in read(both, asked=asked).datasets
    }


def test_f4_variants_of_another_range_were_not_asked_for():
    """A peer whose variants all lie elsewhere did not read the range."""
    asked = query("17:1000-2000")
    echo = {"referenceName": "17", "start": [999], "end": [2000]}
    said = read(v2([a_set(a_record())], exists=True, echo=echo), asked=asked)

    assert Reason.NOT_UNDERSTOOD is said.reason


@pytest.mark.parametrize(
    ("start", "inserted", "status"),
    [
        (START + 3, "CGTA", Status.SEEN),
        (START + 3, "AGCT", Status.NO_ANSWER),
        (None, "CGTA", Status.SEEN),
        (None, "AGCT", Status.NO_ANSWER),
    ],
)
def test_f4_other_bases_beside_the_place_are_another_insertion(start, inserted, status):
    """Along a repeat bases go round and keep their order; in another it is another."""
    asked = query("17-43045711-T-TACGT")
    echo = {**SENT, "referenceBases": "T", "alternateBases": "TACGT"}
    found = a_record(start or START, "A", f"A{inserted}", rows=[a_row()])
    if start is None:
        del found["variation"]["location"]
    said = read(v2([a_set(found)], exists=True, echo=echo), asked=asked)

    assert status is said.status
    assert (status is Status.NO_ANSWER) == (said.reason is Reason.NOT_UNDERSTOOD)
