"""P8: lists and files of variants, in a real browser and without its scripts.

Every file is made here; its names, genotypes and other columns hold words that are
looked for in everything the browser sends.
"""

from __future__ import annotations

import csv
import gzip
import os
import struct
import subprocess
import sys
import zlib
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pysam
import pytest

from beacon.model.status import Status
from beacon.page.delimited import csv_text
from beacon.page.listing import Entry, entries, exported, row_of
from beacon.page.verdict import rows
from beacon.policy_file import parsed
from loaders.packed import BGZF_END, packed
from tests.page.answers_samples import (
    PATTERN,
    TEXT,
    counts,
    dataset,
    node,
    said,
    together,
)
from tests.page.browser import WIDTHS, opened, overflow, violations
from tests.page.conftest import peer
from tests.served import served

LINES = 5_000
SEEN, UNSEEN, COMMON = "22-16050408-T-C", "22-16050608-C-G", "22-16050678-C-T"
SECRETS = (
    *("PATIENT", "SECRET", "0/1", "1|1", "0|1", "./.", "GT", "CHROM", "fileformat"),
    *("rs999", "QD=", "LowQual", "Ljungberg", "contig"),
)
HEAD = (
    "##fileformat=VCFv4.3\n"
    "##SECRETcommand=caller --patient Ljungberg\n"
    "##contig=<ID=22,length=51304566>\n"
    '##INFO=<ID=QD,Number=1,Type=Float,Description="SECRET">\n'
    '##INFO=<ID=BEACON_AC,Number=.,Type=Integer,Description="of an earlier time">\n'
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tPATIENT-771\tPATIENT-772\n"
)
ROWS = (
    *("T\tC", "T\tC,G", "T\tC,*", "T\t<DEL>", "TA\tT", "t\tc", "T\t*", "T\t."),
    *("T\t<NON_REF>", "T\tC,<NON_REF>", ".\tC", "T\tC[22:100["),
)
"""REF and ALT that lines at 22:16050408 have in turn."""


def record(pos: int, alleles: str, info: str = "QD=1.5") -> str:
    """Return a line of a VCF with two people."""
    return (
        f"22\t{pos}\trs999{pos}\t{alleles}\t37\tLowQual\t{info}\tGT:SECRET"
        "\t0/1:9\t1|1:8\n"
    )


def whole(lines: int = LINES) -> str:
    """Return a VCF of so many records: odd ones, known ones, unknown ones."""
    odd = [record(16050408, alleles) for alleles in ROWS]
    odd += [
        record(16050408, "T\tC", "."),
        record(16050408, "T\tC", "QD=2;BEACON_AC=7;BEACON_STATUS=seen"),
        record(16050608, "C\tG"),
        record(16050678, "C\tT,A"),
    ]
    rest = [record(16051000 + n, "A\tG") for n in range(lines - len(odd) - 1)]
    return (
        HEAD
        + "".join(odd)
        + "GL000\t5\t.\tA\tC\t.\t.\t.\tGT\t0/1\t0|1\n".join(["", "".join(rest)])
    )


def bgzf(text: str) -> bytes:
    """Return a text as a whole BGZF file."""
    return packed(text.encode()) + BGZF_END


def damaged(text: str) -> bytes:
    """Return the same with another base in it, which unpacks without a complaint."""
    data, press = text.encode(), zlib.compressobj(0, wbits=-15)
    body = (press.compress(data) + press.flush()).replace(b"\tT\tC\t", b"\tT\tG\t", 1)
    head = bytes.fromhex("1f8b08040000000000ff060042430200")
    size = struct.pack("<H", len(head) + 2 + len(body) + 8 - 1)
    return (
        head + size + body + struct.pack("<II", zlib.crc32(data), len(data)) + BGZF_END
    )


@contextmanager
def listening(browser, address: str, **more):
    """Open the page of lists; give it and all that the browser sends."""
    with opened(browser, address, **more) as (page, heard):
        sent: list[str] = []
        page.context.on(
            "request",
            lambda request: sent.append(
                f"{request.method} {request.url} {request.headers}"
                f" {request.post_data or ''}"
            ),
        )
        page.goto("/batch")
        yield page, sent, heard


def choose(page, name: str, data: bytes) -> None:
    """Choose a file."""
    page.set_input_files(
        "#file", {"name": name, "mimeType": "application/octet-stream", "buffer": data}
    )


def ended(page, timeout: int = 60_000) -> str:
    """Wait until a run is over; return what the page says of it."""
    page.locator("#stop").wait_for(state="hidden", timeout=timeout)
    return page.inner_text("#run-said")


def annotated(page, folder: Path) -> Path:
    """Download the annotated file."""
    with page.expect_download() as coming:
        page.click("#vcf")
    path = folder / coming.value.suggested_filename
    coming.value.save_as(path)
    return path


def by_command(address, source: Path, out: Path) -> None:
    """Annotate a file with ``beacon annotate``."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("BEACON_")}
    subprocess.run(
        [
            str(Path(sys.executable).with_name("beacon")),
            *("annotate", str(source), "-o", str(out), "--jobs", "1"),
        ],
        env=kept | {"BEACON_STORE": f"{address.uri}/{address.database}"},
        check=True,
        capture_output=True,
        timeout=120,
    )


def texts(path: Path) -> tuple[list[str], list[str]]:
    """Return the header lines and the records of a file, as pysam reads them."""
    with pysam.VariantFile(str(path)) as file:
        header = [
            line for line in str(file.header).splitlines() if "_annotate" not in line
        ]
        return header, [str(each) for each in file]


@pytest.fixture(scope="module")
def expected(populated_address, tmp_path_factory):
    """Give what ``beacon annotate`` writes of the whole file."""
    folder = tmp_path_factory.mktemp("expected")
    (folder / "own.vcf").write_text(whole())
    by_command(populated_address, folder / "own.vcf", folder / "own.vcf.gz")
    return texts(folder / "own.vcf.gz")


FORMS = {
    "own.vcf.gz": bgzf,
    "own.gz": lambda text: gzip.compress(text.encode()),
    "own.vcf": str.encode,
}


@pytest.mark.parametrize("name", FORMS)
def test_p08_a_file_of_5000_lines_stays_in_the_browser(
    browser, site, expected, tmp_path, name
):
    """Not a name or genotype is sent, and the file is what the command writes."""
    with listening(browser, site.address) as (page, sent, heard):
        choose(page, name, FORMS[name](whole()))
        said = ended(page)
        path = annotated(page, tmp_path)
        asked = "".join(sent)

    assert said.startswith("Done. Variants answered: 5,0")
    assert path.name == "own.beacon.vcf.gz"
    assert texts(path) == expected
    assert [word for word in SECRETS if word in asked] == []
    assert SEEN in asked
    assert heard.foreign(site.address) == []
    assert [c for c in heard.complaints if "Content Security" in c] == []


ODD = (
    *("chr22|16050408|t|c,C", "22|16050408|T|C,C|A=1;", "22|016050408|T|C|"),
    *("22| 16050408|T|C", "22|16050408|T|", "22|16050408|T|C,", "22|16050408|R|C"),
    *("22|16050408|T|R", "22|0|T|C", "22|99999999999|T|C", "22|-5|T|C", "22|1e3|T|C"),
    *("22|60000000|T|C", "22|16050408|U|C", "22|16050408|T|T", "22|16050408|T|-"),
    *("22|16050408|TA|CA", "22|16050408|T|<INS>", "22|16050408|T|.C", "23|5|T|C"),
    *("22|16050408|T|C|BEACON_STATUS=seen;BEACON_X=2;BEACON_AC", "MT|100|T|C"),
    *("NC_000022.10|16050408|T|C", "22|16050408|T|N|é;å=ö"),
)
"""Place, REF, ALT and INFO of lines that are read in more than one way, or in none."""


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_p08_odd_lines_are_read_as_the_command_reads_them(
    browser, site, populated_address, tmp_path, ending
):
    """Each word and number, and each byte of the rest."""
    text = HEAD
    for each in ODD:
        contig, pos, ref, alternates, *info = each.split("|")
        cells = [contig, pos, ".", ref, alternates, "1", "PASS", *(info or ["X"])]
        text += "\t".join([*cells, "GT", "0/1", "1/1"]) + "\n"
    source, out = tmp_path / "odd.vcf", tmp_path / "expected.vcf.gz"
    source.write_bytes(text.replace("\n", ending).encode())
    by_command(populated_address, source, out)
    with listening(browser, site.address) as (page, _, _):
        choose(page, "odd.vcf", source.read_bytes())
        ended(page)
        found = annotated(page, tmp_path)
    theirs, ours = (
        [
            line
            for line in gzip.decompress(path.read_bytes()).split(b"\n")
            if not line.startswith(b"##beacon_annotate")
        ]
        for path in (out, found)
    )

    assert ours == theirs
    assert len(ours) > len(ODD)


def test_p08_whoever_is_missing_in_an_answer_is_no_no(browser, site):
    """A node, a dataset, or all of them: whatever else an answer holds."""
    head = {
        "beacons": [{"beaconId": "a", "name": "A"}],
        "datasets": [{"beaconId": "a", "id": "x", "name": "x"}],
        "aligned": [],
    }
    other = {"beaconId": "a", "id": "y", "status": "not_seen"}
    answers = [
        None,
        {"beacons": [], "datasets": []},
        {"beacons": [{"beaconId": "b", "status": "not_seen"}], "datasets": []},
        {"beacons": [{"beaconId": "a", "status": "not_seen"}], "datasets": [other]},
        {"beacons": [{"beaconId": "a", "status": "seen"}], "datasets": []},
    ]
    with opened(browser, site.address) as (page, _):
        page.goto("/batch")
        words = page.evaluate(
            "async ([head, all]) => {"
            " const { Annotation } = await import('/static/vcf.js');"
            " const made = new Annotation(head, 'GRCh37', '');"
            " return all.map((each) => made.cell(made.columns[0], each).status); }",
            [head, answers],
        )

    assert words == ["no_answer"] * len(answers)


def test_p08_every_other_byte_is_as_it_was(browser, site, tmp_path):
    """Without our fields the lines are those of the file; CR LF is kept."""
    text = whole(40).replace("\n", "\r\n")
    with listening(browser, site.address) as (page, _, _):
        choose(page, "crlf.vcf", text.encode())
        ended(page)
        made = gzip.decompress(annotated(page, tmp_path).read_bytes()).decode()
    lines = [each for each in made.split("\r\n") if not each.startswith("##")]
    before = [each for each in text.split("\r\n") if not each.startswith("##")]
    kept = [each.split("\t")[:7] + each.split("\t")[8:] for each in lines]

    assert kept == [each.split("\t")[:7] + each.split("\t")[8:] for each in before]
    assert made.count("\r\n") == made.count("\n")
    assert made.endswith("\r\n")


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("cut.vcf.gz", bgzf(whole(2000))[:-400], "truncated"),
        ("noend.vcf.gz", packed(whole(40).encode()), "end of the file is missing"),
        ("other.vcf.gz", damaged(whole(40)), "truncated or damaged"),
        (
            "two.gz",
            gzip.compress(HEAD.encode()) + gzip.compress(record(5, "A\tC").encode()),
            "packed in several pieces",
        ),
        ("cut.gz", gzip.compress(whole(900).encode())[:-20], "truncated"),
        ("cut.vcf", whole(40)[:-12].encode(), "last record is cut off"),
        ("empty.vcf", b"", "empty"),
        ("bcf.bcf", b"BCF\x02\x02rest", "BCF"),
        ("bcf.gz", packed(b"BCF\x02\x02rest") + BGZF_END, "not a VCF"),
        ("words.vcf", b"hello\nworld\n", "not a VCF"),
        (
            "flat.vcf",
            HEAD.encode().replace(b"51304566", b"50818467"),
            "another assembly",
        ),
        ("old.vcf", b"##reference=hg18.fa\n" + HEAD.encode(), "NCBI36"),
        ("38.vcf", HEAD.replace("51304566", "50818468").encode(), "GRCh38"),
    ],
)
def test_p08_what_cannot_be_read_gets_its_sentence(browser, site, name, data, sentence):
    """And no annotated file, as it would look whole."""
    with listening(browser, site.address) as (page, _, _):
        choose(page, name, data)
        page.locator("#failed").wait_for()
        said, is_offered = page.inner_text("#failed"), page.is_visible("#vcf")

    assert sentence in said
    assert is_offered is False


def test_p08_bad_lines_are_listed_and_end_nothing(browser, site, tmp_path):
    """By number, with the reason; their neighbours are answered."""
    lines = [
        record(16050408, "T\tC"),
        "22\t16050408\tshort\n",
        record(16050408, ".\tC"),
        "22\tmany\t.\tT\tC\t.\t.\t.\tGT\t0/1\t0/1\n",
        "chrUn\t5\t.\tT\tC\t.\t.\t.\tGT\t0/1\t0/1\n",
        record(60000000, "T\tC"),
        record(16050608, "C\tG"),
    ]
    with listening(browser, site.address) as (page, sent, _):
        choose(page, "bad.vcf", (HEAD + "".join(lines)).encode())
        ended(page)
        page.click("#bad summary")
        listed = page.locator("#bad-rows td:first-child").all_inner_texts()
        shown = page.locator("#rows .status").all_inner_texts()
        made = gzip.decompress(annotated(page, tmp_path).read_bytes()).decode()

    assert listed == ["9", "10", "11", "12", "13"]
    assert [each.split()[-1] for each in shown] == [
        *("Seen", "answer", "answer", "answer", "answer", "seen"),
    ]
    assert lines[1] in made
    assert "short" not in "".join(sent)


@pytest.mark.parametrize("javascript", [True, False])
def test_p08_a_line_that_was_asked_is_none_that_could_not_be(browser, site, javascript):
    """Of an rsID that nobody has there is no answer; lines alike, scripts or none."""
    with opened(browser, site.address, javascript=javascript) as (page, _):
        page.goto("/batch")
        page.fill("#variants", "rs1\nnonsense\n22:100-900")
        page.click("#paste button[type=submit]")
        page.locator("#rows tr").nth(2).wait_for()
        page.click("#bad summary")
        told = page.locator("#bad-rows td:first-child").all_inner_texts()
        count = page.inner_text("#bad-count")
        words = page.locator("#rows .status").all_inner_texts()
        why = page.inner_text("#bad-rows")

    assert (told, count) == (["2", "3"], "2")
    assert words == ["⚠ No answer"] * 3
    assert "A list asks for alleles and rsIDs only" in why
    assert "ask for a region, a gene or a structural variant" in why


def test_p08_a_pasted_list_is_answered_row_by_row(browser, site):
    """Seen, not seen, not understood: filters and links; VCF lines send bases only."""
    pasted = (
        f"{SEEN}\n\n# a remark\n{UNSEEN}\nBRCA2\n22:g.16050678C>T\nrs149201999\n"
        + record(16050408, "T\tC,G")
    )
    with listening(browser, site.address) as (page, sent, _):
        page.fill("#variants", pasted)
        page.locator("#paste input[value=GRCh37]").check()
        page.click("text=Ask for the list")
        said = ended(page)
        words = page.locator("#rows .status").all_inner_texts()
        lines = page.locator("#rows td:first-child").all_inner_texts()
        links = page.locator("#rows a").evaluate_all("all => all.map(a => a.href)")
        page.click("#filters button:has-text('Not seen')")
        unseen = page.locator("#rows tr").count()
        page.goto(links[0])
        heading = page.inner_text("h1")

    assert said == "Done. Variants answered: 7."
    assert [each.split(maxsplit=1)[1] for each in words] == [
        *("Seen", "Not seen", "No answer", "Seen", "Seen", "Seen", "Not seen"),
    ]
    assert lines == ["1", "4", "5", "6", "7", "8", "8"]
    assert len(links) == 6
    assert unseen == 2
    assert SEEN in heading
    assert [word for word in SECRETS if word in "".join(sent)] == []


def test_p08_5000_rows_stay_usable(browser, site):
    """A hundred at a time, by filter, with a keyboard."""
    pasted = "\n".join([SEEN, *(f"22-{17000000 + n}-A-G" for n in range(LINES - 1))])
    with listening(browser, site.address) as (page, _, _):
        page.locator("#variants").evaluate("(box, text) => box.value = text", pasted)
        page.locator("#paste input[value=GRCh37]").check()
        page.click("text=Ask for the list")
        said = ended(page)
        first = page.inner_text("#rows-said"), page.locator("#rows tr").count()
        page.focus("#after")
        page.keyboard.press("Enter")
        second = page.inner_text("#rows-said")
        page.click("#filters button:has-text('Seen 1')")
        only = page.inner_text("#rows-said"), page.locator("#rows tr").count()

    assert said == "Done. Variants answered: 5,000."
    assert first == ("Rows 1 to 100 of 5,000", 100)
    assert second == "Rows 101 to 200 of 5,000"
    assert only == ("Rows 1 to 1 of 1", 1)


def test_p08_a_failing_beacon_is_asked_again_and_is_never_a_no(browser, site):
    """Two refusals are waited out; where nothing comes at all, rows say no answer."""
    failing = {"left": 2}

    def refuse(route) -> None:
        if failing["left"] > 0:
            failing["left"] -= 1
            route.fulfill(status=503, headers={"Retry-After": "1"}, body="{}")
        else:
            route.continue_()

    with listening(browser, site.address) as (page, _, _):
        page.route("**/network/batch", refuse)
        page.fill("#variants", f"{SEEN}\n{UNSEEN}")
        page.locator("#paste input[value=GRCh37]").check()
        page.click("text=Ask for the list")
        ended(page)
        again = page.locator("#rows .status").all_inner_texts()
        page.unroute("**/network/batch")
        said = '{"error": {"errorCode": 403, "errorMessage": "You may not."}}'
        page.route("**/network/batch", lambda r: r.fulfill(status=403, body=said))
        page.click("text=Ask for the list")
        ended(page)
        none = page.is_visible("#unheard"), page.locator("#rows tr").all_inner_texts()

    assert [each.split(maxsplit=1)[1] for each in again] == ["Seen", "Not seen"]
    assert none[0] is True
    assert [("No answer" in row, "You may not." in row) for row in none[1]] == [
        *((True, True), (True, True)),
    ]


def test_p08_a_login_that_ends_stops_the_list_and_says_so(browser, site):
    """What was not asked for has no rows, which would read as nobody's answer."""
    calls = []

    def end(route) -> None:
        calls.append(route)
        if len(calls) > 1:
            said = '{"error": {"errorCode": 401, "errorMessage": "Ended."}}'
            route.fulfill(status=401, body=said)
        else:
            route.continue_()

    with listening(browser, site.address) as (page, _, _):
        page.route("**/network/batch", end)
        page.fill("#variants", "\n".join([UNSEEN] * 150))
        page.locator("#paste input[value=GRCh37]").check()
        page.click("text=Ask for the list")
        ended(page)
        said = page.locator("#failed").inner_text()
        words = set(page.locator("#rows .status").all_inner_texts())
        is_unheard = page.is_visible("#unheard")

    assert said.startswith("Your login has ended, so the rest is not asked.")
    assert {"Not seen"} == {each.split(maxsplit=1)[1] for each in words}
    assert (2, False) == (len(calls), is_unheard)


def test_p08_an_answer_that_breaks_off_is_asked_on(browser, site):
    """What came of it is kept, the rest is asked again, and nothing is missing."""
    asked: list[int] = []

    def cut(route) -> None:
        asked.append(len(route.request.post_data.splitlines()))
        if len(asked) > 1:
            return route.continue_()
        answer = route.fetch()
        text = answer.text()
        return route.fulfill(response=answer, body=text[: len(text) * 2 // 3])

    pasted = "\n".join([SEEN, *(f"22-{17000000 + n}-A-G" for n in range(20))])
    with listening(browser, site.address) as (page, _, _):
        page.route("**/network/batch", cut)
        page.fill("#variants", pasted)
        page.locator("#paste input[value=GRCh37]").check()
        page.click("text=Ask for the list")
        said = ended(page)
        filters = page.locator("#filters button").all_inner_texts()

    assert said == "Done. Variants answered: 21."
    assert len(asked) == 2
    assert 0 < asked[1] < asked[0] == 21
    assert [each for each in filters if "No answer" in each] == []


def test_p08_a_file_is_dropped_or_chosen_with_the_keyboard(browser, site):
    """A drop is a choice; the button opens the same chooser by Enter."""
    text = HEAD + record(16050408, "T\tC")
    with listening(browser, site.address) as (page, _, _):
        # Choosers are listened for from now on, and so in time.
        choosers = []
        page.on("filechooser", lambda chooser: choosers.append(chooser))
        page.evaluate(
            """text => {
              const data = new DataTransfer();
              data.items.add(new File([text], 'dropped.vcf'));
              const told = { dataTransfer: data, bubbles: true, cancelable: true };
              const drop = new DragEvent('drop', told);
              document.getElementById('drop').dispatchEvent(drop);
            }""",
            text,
        )
        page.locator("#run-name:has-text('dropped.vcf')").wait_for()
        dropped = ended(page), page.inner_text("#run-name")
        page.focus("#choose")
        with page.expect_event("filechooser"):
            page.keyboard.press("Enter")
        choosers[0].set_files(
            {"name": "own.vcf", "mimeType": "text/vcf", "buffer": text.encode()}
        )
        page.locator("#run-name:has-text('own.vcf')").wait_for()
        chosen = ended(page), page.evaluate("document.activeElement.id")

    assert dropped[0].startswith("Done. Variants answered: 1, on GRCh37")
    assert dropped[1] == "dropped.vcf"
    assert chosen == (dropped[0], "run-head")


def test_p08_a_run_is_stopped_and_goes_on(browser, site):
    """What was answered stays; what was not is asked when it goes on."""
    held = {"is_held": True}

    def hold(route) -> None:
        if held["is_held"] and "17000400" in (route.request.post_data or ""):
            return  # neither answered nor refused
        route.continue_()

    pasted = "\n".join([SEEN, *(f"22-{17000000 + n}-A-G" for n in range(800))])
    with listening(browser, site.address) as (page, _, _):
        page.route("**/network/batch", hold)
        page.fill("#variants", pasted)
        page.locator("#paste input[value=GRCh37]").check()
        page.click("text=Ask for the list")
        page.wait_for_timeout(500)
        page.click("#stop")
        stopped = page.inner_text("#run-said")
        held["is_held"] = False
        page.click("#resume")
        page.focus("#filters button:has-text('Not seen')")
        said = ended(page)
        focused = page.evaluate("document.activeElement.dataset.word")

    assert focused == "not_seen"
    assert stopped.startswith("Stopped. ")
    assert said == "Done. Variants answered: 801."


def test_p08_a_silent_peer_has_its_word_in_every_row(
    browser, populated_address, hanging
):
    """Who takes lists and hangs is no answer; who takes none is named once."""
    peers = (
        peer("dk.hanging", hanging, "Hanging node", "DK", batch=True),
        peer("fi.single", hanging, "Single node", "FI"),
    )
    with (
        served(populated_address, peers=peers) as one,
        listening(browser, one.address) as (page, _, _),
    ):
        page.fill("#variants", f"{SEEN}\n{UNSEEN}")
        page.locator("#paste input[value=GRCh37]").check()
        page.click("text=Ask for the list")
        ended(page)
        rows = page.locator("#rows tr").all_inner_texts()
        single = page.inner_text("#single")

    assert "Single node" in single
    assert "No answer: Hanging node (It did not answer in time.)" in rows[0]
    assert "No answer" in rows[1].split("Where")[0]


def test_without_scripts_a_list_is_posted_and_a_table_comes(browser, site):
    """The same rows, and the same CSV as the script makes."""
    pasted = "\n".join((SEEN, UNSEEN, "nonsense", "=cmd()", record(16050408, "T\tC,G")))
    found = []
    for javascript in (True, False):
        with opened(browser, site.address, javascript=javascript) as (page, _):
            page.goto("/batch")
            page.fill("#variants", pasted)
            page.locator("#paste input[value=GRCh37]").check()
            page.click("text=Ask for the list")
            page.locator("#rows tr").nth(5).wait_for()
            rows = page.locator("#rows tr").all_inner_texts()
            with page.expect_download() as coming:
                page.locator("button:has-text('CSV'):visible").click()
            text = Path(coming.value.path()).read_bytes().decode()
            found.append((rows, text))
    scripted, plain = found

    assert plain == scripted
    assert "'=cmd()" in plain[1]
    assert plain[1].startswith("\ufeffline,input,variant,")


def test_rounded_counts_say_so(browser, populated_address):
    """In a row, and in the table: with scripts, and without."""
    rules = b"""[policy]
id = "page"

[tiers.public]
granularity = "count"
queries = ["allele"]

[datasets.ward]
kind = "reference"
access = { public = "about" }

[disclosure.about]
round_to = 10
"""
    policy, found = parsed(rules, "policy.toml").policy, []
    with served(populated_address, policy) as one:
        for javascript in (True, False):
            with opened(browser, one.address, javascript=javascript) as (page, _):
                page.goto("/batch")
                page.fill("#variants", COMMON)
                page.locator("#paste input[value=GRCh37]").check()
                page.click("text=Ask for the list")
                page.locator("#rows tr").wait_for()
                row = page.inner_text("#rows tr")
                with page.expect_download() as coming:
                    page.locator("button:has-text('CSV'):visible").click()
                text = Path(coming.value.path()).read_bytes().decode("utf-8-sig")
                found.append(text)
                assert "(rounded)" in row
    head, line = csv.reader(found[0].splitlines())

    assert found[0] == found[1]
    assert dict(zip(head, line, strict=True))["multiplesOf"] == "10"


def test_what_a_node_warns_of_stands_in_its_row():
    """Of a name that means several alleles, and of a node that proves nothing."""
    told = said(node("se"), dataset("x"), dataset("y"), warnings=("It names 2.",))
    asked = row_of(Entry(line=1, text="rs1"), None, together(told))

    assert asked.notes == ("It names 2.",)


def test_p08_a_dataset_of_which_two_nodes_tell_is_told_once():
    """As on its own page: whoever adds up a column counts nobody twice."""
    own = said(node("dk"), dataset("wgs", told=counts(3, 20, 3, 0, 0)))
    again = said(node("eu"), dataset("wgs", told=counts(3, 20, 3, 0, 0)))
    told = tuple(replace(each, beacon=own.node.id) for each in again.datasets)
    silence = said(node("se"), dataset("x", Status.NOT_SEEN, counts(0, 10)))
    answer = together(silence, own, replace(again, datasets=told))
    row = row_of(Entry(line=1, text=TEXT), None, answer)
    head, *lines = (dict(enumerate(each)) for each in exported([row]))
    at = {name: place for place, name in head.items()}

    assert [line[at["alleleCount"]] for line in lines] == [0, 3, None]
    assert [part.dataset and part.dataset.identity for part in row.parts] == [
        each.dataset and each.dataset.identity for each in rows(answer, PATTERN)
    ]


def post(one, headers: dict[str, str] | None = None, **form: str):
    """Post a list as a form does."""
    kind = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    body = urlencode({"assembly": "GRCh37", **form}).encode()
    return one.ask("POST", "/batch", body, kind | (headers or {}))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site", "Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 200),
        ({}, 200),
    ],
)
def test_a_page_of_another_site_can_post_no_list(site, headers, status):
    """Whoever sent it is told by the browser; nothing is asked."""
    assert post(site, headers, variants=SEEN).status == status


def test_an_empty_list_and_one_too_long_get_a_sentence(site, populated_address):
    """400 and 413; with a policy anybody may paste 200."""
    rules = b"""
[policy]
id = "lists"
[tiers.public]
granularity = "aggregate_record"
queries = ["allele"]
[disclosure.exact]
[datasets.ward]
kind = "reference"
access = { public = "exact" }
"""
    policy = parsed(rules, "policy.toml").policy
    lines = [f"22-{17000000 + n}-A-G" for n in range(201)]
    many, fewer = "\n".join(lines), "\n".join(lines[1:])
    with served(populated_address, policy) as one:
        told = [post(one, variants=text).status for text in ("\n#\n", many, fewer)]
        page = one.ask("GET", "/batch", headers={"Accept": "text/html"}).body

    assert told == [400, 413, 200]
    assert b"At most 200 variants" in page
    assert post(site, variants=many).status == 200


PASTES = (
    *("22-1-A-G", "  22 \t", "chr22:g.16050408T>C (p.Arg3Ter)", "22\t5\t.\tA\tC,G\t."),
    *("22\t5\trs1\tA\tC,*\tx", "22 5 . A C", "22 5 A C het", "22\t5\tA\tC,G\tBRCA1"),
    *(
        "22\t5\t.\tA\t<DEL>",
        "22\t5\t.\tA\tA[2:3[\tPATIENT",
        "#CHROM\tPOS",
        "##x\n\n1-1-A-C",
    ),
    *("22\t5\t.\tA\t*\tPATIENT", "1\r\n2\r3\n4", "a\u00a0b\u2028c", "22\tx\t.\tA\tC"),
)


def test_both_readers_of_lists_read_the_same(browser, site):
    """In the browser and on the server; tables send places and bases alone."""
    with opened(browser, site.address) as (page, _):
        page.goto("/batch")
        theirs = page.evaluate(
            "async all => (await import('/static/vcf.js'), "
            "all.map((await import('/static/vcf.js')).entriesOf))",
            list(PASTES),
        )
    ours = [[{"line": e.line, "text": e.text} for e in entries(p)] for p in PASTES]

    assert theirs == ours
    assert "PATIENT" not in str(ours)


COUNTS = [(0, 5), (1, 1024), (3, 1024), (1, 3), (41, 180_044), (1, 7), (10, 10)]
COUNTS += [(n, 2**k) for n in (1, 3, 5, 77) for k in (9, 12, 17)] + [(1, 10**6)]
CELLS = [
    ["=1", "+1", -1, "a,b"],
    ['"x"', None, "\tx", "é@", " @x"],
    ["\uff1dx", 0.5, "", 0],
]


def test_numbers_tables_and_blocks_are_those_of_the_server(browser, site):
    """Frequencies as C writes them, harmless cells, blocks that zlib unpacks."""
    with opened(browser, site.address) as (page, _):
        page.goto("/batch")
        shares = page.evaluate(
            "async all => { const { frequency } = await import('/static/vcf.js');"
            " return all.map(([ac, an]) => frequency(ac, an)); }",
            COUNTS,
        )
        table = page.evaluate(
            "async rows => (await import('/static/delimited.js')).csvText(rows)", CELLS
        )
        block = page.evaluate(
            "async () => { const { Packer } = await import('/static/bgzf.js');"
            " const packer = new Packer();"
            " const all = new Uint8Array(300000).map((_, n) => (n * 7919) % 251);"
            " const odd = new Uint8Array(70000);"
            " crypto.getRandomValues(odd.subarray(0, 65536));"
            " for (const each of [all, odd, all.subarray(0, 3)])"
            "   await packer.write(each);"
            " const blob = await packer.end();"
            " return [...new Uint8Array(await blob.arrayBuffer())]; }"
        )
    unpacked = gzip.decompress(bytes(block))

    assert shares == [f"{ac / an:.6g}" for ac, an in COUNTS]
    assert table == csv_text(CELLS)
    assert unpacked[:300000] == bytes((n * 7919) % 251 for n in range(300000))
    assert len(unpacked) == 370003


def test_p05_axe_finds_nothing_in_answers(browser, site):
    """Rows, filters and bad lines, in each theme and width."""
    with opened(browser, site.address, language="sv") as (page, _):
        page.goto("/batch")
        page.fill("#variants", f"{SEEN}\n{UNSEEN}\nnonsense")
        page.locator("#paste input[value=GRCh37]").check()
        page.click("#paste button[type=submit]")
        ended(page)
        page.click("#bad summary")
        found = []
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            for theme in ("light", "dark"):
                page.emulate_media(color_scheme=theme)
                found += [f"{width} {theme}: {each}" for each in violations(page)]
            found += [f"{width}: {overflow(page)} too wide"] if overflow(page) else []
        page.emulate_media(forced_colors="active")
        found += violations(page)

    assert found == []
