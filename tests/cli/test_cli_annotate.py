"""``beacon annotate``: the same file, with what the store says of its alleles."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import signal
import subprocess
import threading
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from commands import DEADLINE

from loaders.packed import BGZF_END, packed
from tests.cli.forking import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from commands import Command

DEMO = (
    Path(__file__).resolve().parents[2]
    / "beacon/data/demo/1kg_p3.chr22.5samples.GRCh37.vcf.gz"
)
OURS = re.compile(r"BEACON_(?:AC|AN|AF|HOM|STATUS)=[^;\t\n]*;?")
HEADER = (
    "##fileformat=VCFv4.2\n##contig=<ID=22,length=51304566>\n"
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
)
SEEN, UNSEEN = "22\t50454000\t.\tG\tA", "22\t50300086\t.\tC\tT"

BCFTOOLS = shutil.which("bcftools") or ""
needs_bcftools = pytest.mark.skipif(not BCFTOOLS, reason="needs bcftools")


ONE = ("--datasets", "demo-1kg", "--assembly", "GRCh37")


def annotate(
    beacon: Command, *arguments: str, asked: tuple[str, ...] = ONE
) -> subprocess.CompletedProcess[str]:
    """Run the command, to ask the demonstration's first dataset."""
    return beacon("annotate", *arguments, *asked)


def small(path: Path, *records: str) -> Path:
    """Write a file of a few sites."""
    path.write_text(HEADER + "".join(f"{each}\t.\t.\t.\n" for each in records))
    return path


def text_of(path: Path) -> str:
    """Return the text of a compressed file."""
    return gzip.decompress(path.read_bytes()).decode()


def body(text: str) -> list[str]:
    """Return the records of a text."""
    return [line for line in text.splitlines() if not line.startswith("#")]


def values(record: str) -> dict[str, list[str]]:
    """Return our fields of a record."""
    fields = record.split("\t")[7].split(";")
    return {
        name.removeprefix("BEACON_"): said.split(",")
        for name, _, said in (field.partition("=") for field in fields)
        if name.startswith("BEACON_")
    }


@pytest.fixture(scope="module")
def annotated(beacon: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Annotate the demonstration's file with itself."""
    out = tmp_path_factory.mktemp("annotated") / "out.vcf.gz"
    done = annotate(beacon, str(DEMO), "-o", str(out))

    assert done.returncode == 0, done.stderr
    assert re.search(r"records, [\d,]+ alleles\n  dataset +seen", done.stdout)
    return out


def test_without_our_fields_it_is_the_file_it_was(annotated: Path) -> None:
    """Every header line, record, genotype and field, byte for byte."""
    text = text_of(annotated)
    lines = [
        OURS.sub("", line).replace(";\t", "\t")
        for line in text.splitlines()
        if not re.match(r"##(INFO=<ID=BEACON_|beacon_)", line)
    ]

    assert lines == text_of(DEMO).splitlines()
    assert str(DEMO.parent) not in text


def counted(record: str, number: int) -> tuple[int, int, int]:
    """Return AC, AN and homozygous people of an ALT, by its genotypes."""
    calls = [re.split(r"[|/]", c.split(":")[0]) for c in record.split("\t")[9:]]
    copies = [c for call in calls for c in call if c != "."]
    both = [call for call in calls if len(call) > 1 and set(call) == {str(number)}]
    return copies.count(str(number)), len(copies), len(both)


def test_the_numbers_are_those_of_its_genotypes(annotated: Path) -> None:
    """Of every allele that only one record declares: the dataset is this file."""
    records = body(text_of(annotated))
    places = Counter(tuple(r.split("\t")[:2]) for r in records)
    compared = 0
    for record in records:
        alternates = record.split("\t")[4].split(",")
        if places[tuple(record.split("\t")[:2])] > 1 or "<" in alternates[0]:
            continue
        said = values(record)
        for number in range(len(alternates)):
            ac, an, hom = counted(record, number + 1)
            if said["STATUS"][number] in ("no_answer", "not_covered"):
                continue
            compared += 1
            assert [said[k][number] for k in ("AC", "AN", "HOM")] == [
                str(ac),
                str(an),
                str(hom),
            ]
            assert said["STATUS"][number] == ("seen" if ac else "not_seen")
            assert float(said["AF"][number]) == pytest.approx(ac / an, rel=1e-5)

    assert compared > 500


def test_it_says_what_ask_says(beacon: Command, annotated: Path) -> None:
    """The word and the numbers of single questions."""
    for record in body(text_of(annotated))[5:500:200]:
        contig, pos, _, ref, alt = record.split("\t")[:5]
        done = beacon("ask", f"{contig}-{pos}-{ref}-{alt}", "--json")
        told = next(
            each
            for each in json.loads(done.stdout)["datasets"]
            if each["id"] == "demo-1kg"
        )
        said = {name: each[0] for name, each in values(record).items()}

        assert said["STATUS"] == told["status"]
        assert said["AC"] == str(told.get("alleleCount", "."))
        assert said["AN"] == str(told.get("alleleNumber", "."))
        assert said["HOM"] == str(told.get("homozygous", "."))


@needs_bcftools
def test_others_read_what_we_write(annotated: Path) -> None:
    """Its index counts its records, and bcftools finds nothing to complain of."""
    listed = subprocess.run(
        [BCFTOOLS, "index", "-s", str(annotated)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    viewed = subprocess.run(
        [BCFTOOLS, "view", "--no-version", str(annotated), "22:50300000-50310000"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    count = sum(int(line.split("\t")[2]) for line in listed.stdout.splitlines())

    assert count == len(body(text_of(annotated)))
    assert viewed.stderr == ""
    assert len(body(viewed.stdout)) > 10


@needs_bcftools
def test_bcf_in_and_out_says_the_same(
    beacon: Command, annotated: Path, tmp_path: Path
) -> None:
    """With an index of its own."""
    given, out = tmp_path / "in.bcf", tmp_path / "out.bcf"
    text = text_of(DEMO).replace("#CHROM", f"{HEADER.splitlines()[1]}\n#CHROM", 1)
    subprocess.run(
        [BCFTOOLS, "view", "-", "-Ob", "-o", str(given)],
        input=text.encode(),
        check=True,
    )
    done = annotate(beacon, str(given), "-o", str(out))
    shown = [
        subprocess.run(
            [BCFTOOLS, "query", "-f", "%CHROM %POS %ALT %BEACON_AC %BEACON_STATUS\n",
             str(path)],
            capture_output=True, text=True, check=True,
        ).stdout
        for path in (annotated, out)
    ]  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert shown[0] == shown[1]
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "in.bcf",
        "out.bcf",
        "out.bcf.csi",
    ]


def test_a_name_is_made_where_none_is_given(beacon: Command, tmp_path: Path) -> None:
    """Beside the input, compressed, with its index."""
    given = small(tmp_path / "x.vcf", UNSEEN, SEEN)
    done = annotate(beacon, str(given))
    words = [
        values(record)["STATUS"]
        for record in body(text_of(tmp_path / "x.beacon.vcf.gz"))
    ]

    assert done.returncode == 0, done.stderr
    assert words == [["not_seen"], ["seen"]]
    assert (tmp_path / "x.beacon.vcf.gz.tbi").exists()


def test_what_is_not_sorted_has_no_index(beacon: Command, tmp_path: Path) -> None:
    """And it is said; an older index goes."""
    given, out = small(tmp_path / "x.vcf", SEEN, UNSEEN), tmp_path / "y.vcf.gz"
    annotate(beacon, str(given), "-o", str(out))
    small(given, UNSEEN, SEEN, UNSEEN)
    Path(f"{out}.tbi").touch()
    annotate(beacon, str(given), "-o", str(out))
    small(given, SEEN, UNSEEN, SEEN)
    done = annotate(beacon, str(given), "-o", str(out))

    assert "not sorted" in done.stderr
    assert len(body(text_of(out))) == 3
    assert not Path(f"{out}.tbi").exists()


def test_a_pipe_in_and_a_pipe_out(beacon: Command) -> None:
    """Standard output is the file alone; what is told goes to standard error."""
    done = subprocess.run(
        [str(PROGRAM), "annotate", "-", *ONE, "--jobs", "1"],
        input=gzip.compress(f"{HEADER}{SEEN}\t.\t.\t.\n".encode()),
        env=beacon.environment,
        capture_output=True,
        timeout=DEADLINE,
        check=False,
    )
    (record,) = body(done.stdout.decode())

    assert done.returncode == 0, done.stderr
    assert values(record)["STATUS"] == ["seen"]
    assert b"1 records, 1 alleles" in done.stderr
    assert b"standard input" not in done.stdout


@pytest.mark.parametrize("left", [-1, -28, -500])
def test_a_truncated_file_gives_none(
    beacon: Command, tmp_path: Path, left: int
) -> None:
    """Nothing is left beside it, either."""
    given = tmp_path / "x.vcf.gz"
    records = "".join(f"22\t{50300000 + n}\t.\tA\tC\t.\t.\t.\n" for n in range(999))
    given.write_bytes((packed((HEADER + records).encode()) + BGZF_END)[:left])
    done = annotate(beacon, str(given))

    assert done.returncode == 1
    assert "truncated" in done.stderr
    assert done.stderr.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["x.vcf.gz"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["-o", "x.vcf"], "is the input itself"),
        (["-o", "y.txt"], "ends in none of"),
        (["-o", "nowhere/y.vcf"], "cannot be written"),
        (["--assembly", "GRCh99"], "not an assembly"),
        (["--datasets", "nobody"], "the datasets of GRCh37 are"),
        (["--assembly", "T2T-CHM13"], "no dataset of T2T-CHM13"),
        (["--url", "ftp://x"], "not an http"),
    ],
)
def test_what_cannot_mean_anything_is_refused(
    beacon: Command, tmp_path: Path, arguments: list[str], why: str
) -> None:
    """With exit code 2 and one sentence."""
    given = small(tmp_path / "x.vcf", SEEN)
    given.write_text(given.read_text().replace(",length=51304566", ""))
    if "--assembly" not in arguments:
        arguments = [*arguments, "--assembly", "GRCh37"]
    named = [
        str(tmp_path / each) if each.endswith((".vcf", ".txt")) else each
        for each in arguments
    ]
    done = annotate(beacon, str(given), *named, asked=())

    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert why in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["x.vcf"]


def test_a_header_that_names_no_assembly_needs_one(
    beacon: Command, tmp_path: Path
) -> None:
    """As a load does."""
    given = small(tmp_path / "x.vcf", SEEN)
    given.write_text(given.read_text().replace(",length=51304566", ""))
    done = annotate(beacon, str(given), asked=())

    assert done.returncode == 2
    assert "say which with --assembly" in done.stderr


def test_a_served_beacon_says_the_same_over_http(
    beacon: Command, demo_server: str, tmp_path: Path
) -> None:
    """Twice under one name, its datasets are told apart."""
    given = small(tmp_path / "x.vcf", UNSEEN, SEEN)
    local, out = tmp_path / "local.vcf.gz", tmp_path / "out.vcf.gz"
    annotate(beacon, str(given), "-o", str(local))
    both = ["--url", demo_server, "--url", f"{demo_server}/api"]
    done = annotate(beacon, str(given), "-o", str(out), *both)
    here, there = body(text_of(local)), body(text_of(out))

    assert done.returncode == 0, done.stderr
    for one, two in zip(here, there, strict=True):
        for name, said in values(one).items():
            assert values(two)[name] == [each for each in said for _ in (0, 1)]


def test_the_store_and_another_beacon_stand_side_by_side(
    beacon: Command, demo_server: str, tmp_path: Path
) -> None:
    """The store's dataset comes first, and both are named by whose they are."""
    given, out = small(tmp_path / "x.vcf", UNSEEN, SEEN), tmp_path / "out.vcf"
    with_both = ["--local", "--url", demo_server]
    done = annotate(beacon, str(given), "-o", str(out), *with_both)
    text = out.read_text()
    origins = re.findall(r'##beacon_annotate=<.*Address="([^"]*)"', text)

    assert done.returncode == 0, done.stderr
    assert origins[0] == "local store"
    assert len(origins) == 2
    assert text.count("##beacon_dataset=") == 2
    assert [values(r)["STATUS"] for r in body(text)] == [
        ["not_seen"] * 2,
        ["seen"] * 2,
    ]


def test_a_dead_beacon_beside_the_store_ends_it(
    beacon: Command, tmp_path: Path
) -> None:
    """Before anything is written: what datasets it has cannot be known."""
    given = small(tmp_path / "x.vcf", SEEN)
    dead = ["--local", "--url", "http://127.0.0.1:9"]
    done = annotate(beacon, str(given), *dead)

    assert done.returncode == 5
    assert "cannot be reached" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["x.vcf"]


INFO = {
    "response": {
        "id": "org.odd",
        "apiVersion": "v2.2.0",
        "info": {"datasets": [{"id": "d", "name": "D", "assembly": "GRCh37"}]},
    }
}


@contextmanager
def answering(answer: Callable[[list[dict]], tuple[int, bytes]]) -> Iterator[str]:
    """Serve a beacon that answers batches in its own way; give its address."""

    class Odd(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            self._send(200, json.dumps(INFO).encode())

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            self._send(*answer([json.loads(x) for x in sent.splitlines()]))

        def _send(self, code: int, content: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with ThreadingHTTPServer(("127.0.0.1", 0), Odd) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def _right(asked: list[dict]) -> list[bytes]:
    return [
        json.dumps(
            {
                "variant": each["variant"],
                "status": "not_seen",
                "datasets": [
                    {
                        "id": "d",
                        "status": "not_seen",
                        "alleleCount": 0,
                        "alleleNumber": 8,
                    }
                ],
            }
        ).encode()
        for each in asked
    ]


ODD: dict[str, Callable[[list[dict]], tuple[int, bytes]]] = {
    "reversed": lambda asked: (200, b"\n".join(_right(asked)[::-1])),
    "short": lambda asked: (200, b"\n".join(_right(asked)[:0])),
    "garbage": lambda _: (200, b"\x00<html>\n{}\n"),
    "a yes in a no": lambda asked: (
        200,
        b"\n".join(_right(asked)).replace(b'Count": 0', b'Count": 3'),
    ),
    "not found": lambda _: (404, b"{}"),
    "failing": lambda _: (500, b"{}"),
}


@pytest.mark.parametrize("how", ODD)
def test_what_a_beacon_says_beside_the_question_is_no_answer(
    beacon: Command, tmp_path: Path, how: str
) -> None:
    """The file is written, and the exit code says so."""
    given = small(tmp_path / "x.vcf", UNSEEN, SEEN)
    with answering(ODD[how]) as url:
        done = annotate(beacon, str(given), "-o", "-", "--url", url, asked=())

    assert done.returncode == 5, done.stderr
    assert [values(r)["STATUS"] for r in body(done.stdout)] == [["no_answer"]] * 2
    assert "failed to answer for 2 alleles" in done.stderr


def test_alleles_go_out_and_nothing_else(beacon: Command, tmp_path: Path) -> None:
    """No sample, genotype, INFO or name of a file; a refusal is one."""
    given, seen = tmp_path / "x.vcf", []
    given.write_text(
        HEADER.replace("INFO\n", "INFO\tFORMAT\tPATIENT\n")
        + f"{SEEN}\t.\tPASS\tSECRET=1\tGT\t0/1\n"
    )

    def answer(asked: list[dict]) -> tuple[int, bytes]:
        seen.extend(asked)
        return 403, b"{}"

    with answering(answer) as url:
        given_url = url.replace("://", "://somebody:secret@")
        done = annotate(beacon, str(given), "-o", "-", "--url", given_url, asked=())
    (record,) = body(done.stdout)

    assert "secret" not in done.stdout + done.stderr
    assert seen == [{"variant": "22-50454000-G-A", "assemblyId": "GRCh37"}]
    assert values(record)["STATUS"] == ["refused"]


def test_a_beacon_that_is_not_there_is_said_at_once(
    beacon: Command, tmp_path: Path
) -> None:
    """Nothing is written: its datasets are not known."""
    given = small(tmp_path / "x.vcf", SEEN)
    done = annotate(beacon, str(given), "--url", "http://127.0.0.1:9", asked=())

    assert done.returncode == 5
    assert "cannot be reached" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["x.vcf"]


def test_what_is_ended_leaves_nothing(beacon: Command, tmp_path: Path) -> None:
    """SIGTERM while records are still to come."""
    process = subprocess.Popen(
        [str(PROGRAM), "annotate", "-", "-o", str(tmp_path / "out.vcf.gz")],
        env=beacon.environment,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write((HEADER + f"{SEEN}\t.\t.\t.\n" * 20_000).encode())
    process.stdin.flush()
    while not list(tmp_path.iterdir()):
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=DEADLINE)

    assert process.returncode == 143
    assert list(tmp_path.iterdir()) == []
