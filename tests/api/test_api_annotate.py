"""``POST /annotate``: a VCF in, the annotated VCF out, whole or visibly broken."""

from __future__ import annotations

import asyncio
import gzip

import pytest
from aiohttp import ClientPayloadError

from beacon.model.errors import StoreUnavailable
from loaders.packed import BGZF_END, packed
from tests.api.site import application

HEADER = (
    "##fileformat=VCFv4.2\n##contig=<ID=22,length=51304566>\n"
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
)
SEEN, UNSEEN = "22\t101\t.\tT\tC\t.\t.\tDP=4\n", "22\t201\t.\tG\tA\t.\t.\t.\n"
TEXT = (HEADER + SEEN + UNSEEN).encode()


async def sent(client, data, status=200, **asked):
    """Return what a file is answered with."""
    response = await client.post("/annotate", data=data, **asked)
    body = await response.read()
    assert response.status == status, body
    return response, body


@pytest.mark.parametrize("data", [TEXT, gzip.compress(TEXT), packed(TEXT) + BGZF_END])
async def test_the_file_comes_back_with_what_both_datasets_say(client, data):
    """As BGZF, whatever the container it came in."""
    response, body = await sent(client, data)
    lines = gzip.decompress(body).decode().splitlines()

    assert response.content_type == "application/gzip"
    assert body.endswith(BGZF_END)
    assert lines[:2] == HEADER.splitlines()[:2]
    assert [line for line in lines if line.startswith("##beacon_dataset")] == [
        f'##beacon_dataset=<ID={name},Name="{name}",Release=1,'
        f"Released={_day(lines)},Samples={people}>"
        for name, people in (("clinic", 10), ("twins", 4))
    ]
    assert lines[-2] == (
        "22\t101\t.\tT\tC\t.\t.\tDP=4;BEACON_AC=3,2;BEACON_AN=20,8"
        ";BEACON_AF=0.15,0.25;BEACON_HOM=0,0;BEACON_STATUS=seen,seen"
    )
    assert "BEACON_AC=0,0;BEACON_AN=20,.;BEACON_AF=0,.;BEACON_HOM=0,0" in lines[-1]


def _day(lines: list[str]) -> str:
    return next(x for x in lines if "beacon_annotate" in x).split("Date=")[1][:10]


async def test_text_goes_out_where_text_came_and_is_accepted(client):
    """And BGZF where it was compressed."""
    accept = {"Accept": "text/vcf"}
    plain, body = await sent(client, TEXT, headers=accept)
    compressed, _ = await sent(client, gzip.compress(TEXT), headers=accept)

    assert plain.content_type == "text/vcf"
    assert body.startswith(b"##fileformat")
    assert compressed.content_type == "application/gzip"


async def test_the_assembly_may_be_said(client):
    """Where the header does not; without either it is an error."""
    bare = TEXT.replace(b",length=51304566", b"")
    _, body = await sent(client, bare, params={"assemblyId": "hg19"})
    _, refused = await sent(client, bare, status=400)

    assert b"Assembly=GRCh37" in gzip.decompress(body)
    assert b"say which with assemblyId" in refused


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"hello, this is no file at all\n", "no header"),
        (gzip.compress(TEXT)[:-9], "truncated"),
        (packed(TEXT), "end marker"),
        (TEXT + b"22\t300", "cut off"),
        (TEXT + b"22\t300\n22\t300\n", "fewer than eight"),
        (TEXT.replace(b"51304566", b"50818468"), "on GRCh38"),
    ],
)
async def test_what_cannot_be_read_is_said_in_one_document(client, data, why):
    """Before anything is sent; no answer is not a no."""
    response, _ = await sent(client, data, status=400)
    document = await response.json()

    assert why in document["error"]["errorMessage"]
    assert document["info"]["status"] == "no_answer"


@pytest.mark.parametrize(
    "limit",
    [{"annotate_body": 100}, {"annotate_text": 200}, {"annotate_records": 1}],
)
async def test_what_is_too_large_is_refused(aiohttp_client, beacon, limit):
    """By bytes as they are sent, by bytes of text, by records."""
    client = await aiohttp_client(application(beacon, **limit))
    response, _ = await sent(client, gzip.compress(TEXT * 1 + SEEN.encode() * 9), 413)

    assert (await response.json())["info"]["status"] == "no_answer"


async def test_a_store_that_fails_is_no_answer(client, beacon, monkeypatch):
    """Nothing was sent yet, so it is told."""

    async def fail(asked, requester, wording):
        del requester, wording
        return [StoreUnavailable("The store is away.")] * len(asked)

    monkeypatch.setattr(beacon, "answer_alleles", fail)
    response, _ = await sent(client, TEXT, status=503)

    assert (await response.json())["info"]["status"] == "no_answer"


async def test_a_failure_within_the_answer_breaks_it_off(client, beacon, monkeypatch):
    """The client sees that the file is not whole."""
    monkeypatch.setattr("beacon.api.annotate._HELD", 0)
    rest = HEADER.encode() + SEEN.encode() * 3000 + b"22\t300\n"

    with pytest.raises(ClientPayloadError):
        await sent(client, rest)


async def test_a_file_longer_than_what_is_held_comes_whole(client, monkeypatch):
    """It is sent while it comes."""
    monkeypatch.setattr("beacon.api.annotate._HELD", 1000)
    _, body = await sent(client, HEADER.encode() + SEEN.encode() * 5000)

    assert gzip.decompress(body).count(b"BEACON_AC=3,2;") == 5000


async def test_so_many_at_once_and_no_more(aiohttp_client, beacon):
    """Whoever comes too many is told to come again."""
    client = await aiohttp_client(application(beacon, annotations=1))
    held = asyncio.Event()

    async def slow():
        yield TEXT
        await held.wait()

    first = asyncio.create_task(sent(client, slow()))
    await asyncio.sleep(0.2)
    response, _ = await sent(client, TEXT, status=503)
    held.set()
    await first

    assert (await response.json())["info"]["status"] == "no_answer"
