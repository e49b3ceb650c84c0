"""The listener answers what Scout's code sends, in the shapes that it reads."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from yarl import URL

from beacon.api.routes import create_api
from beacon.auth.keys import KeyTerms, make_key
from beacon.auth.porter import Porter, Secrets
from beacon.cli.scout import Errand
from beacon.cli.scout_listener import Feeder, application
from beacon.ingest.submissions import Fed, Kind, Spool, State, Submission
from beacon.policy.policy import OPEN
from beacon.policy_file import parsed
from beacon.service import LocalBeacon
from beacon.settings import PolicySettings, ScoutSettings, Settings
from beacon.store.api_keys import ApiKeys
from beacon.store.releases import Catalogue
from beacon.store.variants import VariantStore
from tests.api import site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from aiohttp.test_utils import TestClient

    from beacon.store.connection import StoreAddress

TOKEN = "a-token-of-sixteen-letters"  # noqa: S105 - of these tests
VCF = (
    "##fileformat=VCFv4.2\n"
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tADM1059A1\tADM1059A2\n"
    "22\t20000100\t.\tA\tG\t.\tPASS\t.\tGT\t0/1\t0/0\n"
)
DATASET = {
    "id": "cust000_GRCh37",
    "name": "cust000_GRCh37",
    "description": "Scout dataset. Institute:Clinical - genome build:GRCh37",
    "build": "GRCh37",
    "authlevel": "public",
    "version": "v1.0",
}
SENT = {
    "User-Agent": "python-requests/2.32.3",
    "Accept": "*/*",
    "X-Auth-Token": TOKEN,
}
"""What ``requests`` sends for Scout."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Give settings with a listener for Scout."""
    cases, token = tmp_path / "cases", tmp_path / "token"
    cases.mkdir()
    (cases / "case.vcf").write_text(VCF)
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    scout = ScoutSettings(port=0, token_file=token, root=cases)
    return Settings(data_dir=tmp_path, scout=scout)


@pytest.fixture(scope="session")
def filled(shared_address: Callable[[str], StoreAddress]) -> Iterator[Catalogue]:
    """Give a catalogue with two datasets, into which nothing is loaded here."""
    with Catalogue(shared_address("scout")) as catalogue:
        site.fill(catalogue)
        yield catalogue


@pytest.fixture
async def scout(
    settings: Settings, filled: Catalogue, aiohttp_client
) -> AsyncIterator[TestClient]:
    """Give a client of the listener, beside a beacon with two datasets."""
    store = await VariantStore.open(filled.address)
    beacon = LocalBeacon(store, OPEN, references={}, deadline=5)
    runner = web.AppRunner(site.application(beacon))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    errand = Errand(settings, filled.address, f"http://127.0.0.1:{port}/api", -1)
    spool = Spool(settings.data_dir / "scout")
    spool.open()
    feeder = Feeder(errand, spool, filled, store)
    yield await aiohttp_client(application(errand, feeder))
    await runner.cleanup()
    await store.close()


def addition(settings: Settings, **change: object) -> dict:
    """Return what Scout sends to add a case."""
    return {
        "dataset_id": "cust000_GRCh37",
        "samples": ["ADM1059A1"],
        "assemblyId": "GRCh37",
        "vcf_path": f"{settings.scout.root}/case.vcf",
        **change,
    }


async def test_scouts_four_calls(scout: TestClient, settings: Settings) -> None:
    """A dataset is made, listed, fed and left, with the codes Scout looks for."""
    made = await scout.post("/scout/add_dataset", json=DATASET, headers=SENT)
    listed = await (await scout.get("/scout/")).json()
    added = await scout.post("/scout/add", json=addition(settings), headers=SENT)
    wish = {"dataset_id": "cust000_GRCh37", "samples": ["ADM1059A1"]}
    left = await scout.delete("/scout/delete", json=wish, headers=SENT)
    kept = Spool(settings.data_dir / "scout").submissions()

    assert (made.status, added.status, left.status) == (200, 202, 202)
    assert [each["id"] for each in listed["datasets"]] == ["cust000_GRCh37"]
    assert (await added.json())["message"] == "Saving variants to Beacon"
    assert (await left.json())["message"] == "Deleting variants from Beacon"
    assert [(s.kind.value, s.state) for s in kept] == [
        ("add", State.WAITING),
        ("delete", State.WAITING),
    ]


async def test_without_its_token_nothing_is_taken(
    scout: TestClient, settings: Settings
) -> None:
    """Nothing is kept of what comes without the token, nor told of submissions."""
    codes = []
    for token in (None, "", "wrong", TOKEN + "x", "ü" * 16):
        shown = {} if token is None else {"X-Auth-Token": token}
        answers = [
            await scout.post("/scout/add_dataset", json=DATASET, headers=shown),
            await scout.post("/scout/add", json=addition(settings), headers=shown),
            await scout.delete("/scout/delete", json={}, headers=shown),
            await scout.get("/scout/submissions", headers=shown),
        ]
        codes += [answer.status for answer in answers]

    assert codes == [401] * 20
    assert (await answers[0].json()) == {
        "message": "X-Auth-Token is missing or not valid"
    }
    assert Spool(settings.data_dir / "scout").datasets() == ()


async def test_ids_are_told_to_this_machine_alone(
    scout: TestClient, settings: Settings, aiohttp_client, filled: Catalogue
) -> None:
    """Without the token neither other machines nor pages learn what is fed."""
    await scout.post("/scout/add_dataset", json=DATASET, headers=SENT)
    given = settings.model_copy(
        update={"scout": settings.scout.model_copy(update={"host": "192.0.2.1"})}
    )
    store = await VariantStore.open(filled.address)
    errand = Errand(given, filled.address, "http://127.0.0.1:1/api", -1)
    spool = Spool(settings.data_dir / "scout")
    feeder = Feeder(errand, spool, filled, store)
    open_to_all = await aiohttp_client(application(errand, feeder))
    answers = [
        await scout.get("/scout/"),
        await open_to_all.get("/scout/", headers=SENT),
        await open_to_all.get("/scout/"),
        await scout.get("/scout/", headers={"Host": "evil.example.org"}),
        await scout.get("/scout/", headers={"Sec-Fetch-Site": "cross-site"}),
    ]
    told = [await answer.text() for answer in answers]
    await store.close()

    assert [answer.status for answer in answers] == [200, 200, 401, 401, 401]
    assert ["cust000" in text for text in told] == [True, True, False, False, False]


async def test_where_the_token_lies_is_not_told(
    scout: TestClient, settings: Settings
) -> None:
    """A token that cannot be read is its operator's matter: nothing is taken."""
    path = settings.scout.token_file
    assert path is not None
    path.chmod(0o644)
    readable = await scout.post("/scout/add", json=addition(settings), headers=SENT)
    path.unlink()
    gone = await scout.post("/scout/add", json=addition(settings), headers=SENT)

    assert (readable.status, gone.status) == (503, 503)
    assert await readable.json() == await gone.json()
    assert "token" not in await gone.text()


async def test_a_new_token_holds_at_once(scout: TestClient, settings: Settings) -> None:
    """The file of the token is read again."""
    path = settings.scout.token_file
    assert path is not None
    path.write_text("another-token-of-sixteen-letters")
    refused = await scout.post("/scout/add_dataset", json=DATASET, headers=SENT)

    assert refused.status == 401


async def test_what_cannot_be_added_is_one_sentence(
    scout: TestClient, settings: Settings
) -> None:
    """422 with a message, which Scout shows, and nothing is kept."""
    await scout.post("/scout/add_dataset", json=DATASET, headers=SENT)
    wrong = {
        "there is no such dataset to be fed": {"dataset_id": "FOO"},
        "dataset cust000_GRCh37 is GRCh37, not GRCh38": {"assemblyId": "GRCh38"},
        "the file has no sample FOO": {"samples": ["FOO"]},
        "no file below the folder": {"vcf_path": "/etc/passwd"},
        "No genes are loaded here": {"genes": {"ids": [1], "id_type": "HGNC"}},
    }
    for sentence, change in wrong.items():
        body = addition(settings, **change)
        refused = await scout.post("/scout/add", json=body, headers=SENT)

        assert refused.status == 422
        assert sentence in (await refused.json())["message"]
    assert Spool(settings.data_dir / "scout").submissions() == ()


async def test_a_body_that_is_none_is_refused(scout: TestClient) -> None:
    """What is no JSON object is a sentence."""
    for body in (b"", b"{", b"[]", b"\xff", b"[" * 100_000):
        refused = await scout.post("/scout/add", data=body, headers=SENT)

        assert refused.status == 422
        assert "JSON" in (await refused.json())["message"]


async def test_a_huge_body_is_refused(scout: TestClient) -> None:
    """A body has its limit."""
    refused = await scout.post(
        "/scout/add", data=BytesIO(b" " * (5 << 20)), headers=SENT
    )

    assert refused.status == 413


async def test_what_became_of_submissions_is_told(
    scout: TestClient, settings: Settings
) -> None:
    """People who have the token see what waits, what is done, and what failed."""
    await scout.post("/scout/add_dataset", json=DATASET, headers=SENT)
    await scout.post("/scout/add", json=addition(settings), headers=SENT)
    told = await (await scout.get("/scout/submissions", headers=SENT)).json()
    other = await (
        await scout.get("/scout/submissions?dataset_id=x", headers=SENT)
    ).json()

    assert [(s["submission"], s["state"]) for s in told["submissions"]] == [
        (1, "waiting")
    ]
    assert other == {"submissions": []}


RECORDED = (
    "User-Agent: python-requests/2.34.2\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "Accept: */*\r\n"
    "Connection: keep-alive\r\n"
)
"""Headers as Scout 4.115.2 sent them; its bodies follow in a packet of their own."""
BODIES = (
    (
        "POST /scout/add_dataset",
        '{"id": "cust000_GRCh37", "name": "cust000_GRCh37", "description": "Scout'
        ' dataset. Institute:Clinical - genome build:GRCh37", "build": "GRCh37",'
        ' "authlevel": "public", "version": "v1.0"}',
        200,
    ),
    ("GET /scout/", "", 200),
    (
        "POST /scout/add",
        '{"dataset_id": "cust000_GRCh37", "samples": ["ADM1059A1", "ADM1059A2"],'
        ' "assemblyId": "GRCh37", "vcf_path": "ROOT/case.vcf"}',
        202,
    ),
    (
        "DELETE /scout/delete",
        '{"dataset_id": "cust000_GRCh37", "samples": ["ADM1059A1", "ADM1059A2"]}',
        202,
    ),
    ("GET /loqus/clinic/", "", 200),
    ("GET /loqus/clinic/variants/22_20000100_A_G", "", 200),
    (
        "GET /loqus/clinic/svs/?chrom=22&end_chrom=22&pos=21000000&end=21005000"
        "&sv_type=DEL",
        "",
        200,
    ),
)


async def test_recorded_requests_are_answered(
    scout: TestClient, settings: Settings
) -> None:
    """What Scout itself sent, byte for byte, is answered as it expects."""
    codes = []
    for line, text, _ in BODIES:
        body = text.replace("ROOT", str(settings.scout.root)).encode()
        shown = f"X-Auth-Token: {TOKEN}\r\nContent-Length: {len(body)}\r\n"
        more = f"{shown}Content-Type: application/json\r\n" if body else ""
        head = f"{line} HTTP/1.1\r\nHost: 127.0.0.1:5060\r\n{RECORDED}{more}\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", scout.port)
        writer.write(head.encode())
        await writer.drain()
        writer.write(body)
        codes.append(int((await reader.readline()).split()[1]))
        writer.close()
        await writer.wait_closed()

    assert codes == [code for _, _, code in BODIES]


# --- observations -------------------------------------------------------------------


async def test_scout_finds_a_version_it_takes(scout: TestClient) -> None:
    """Scout asks for it when it starts, and compares it as a text."""
    told = await (await scout.get("/loqus/clinic/")).json()

    assert told["loqusdb_version"] >= "2.5"


async def test_a_variant_is_observed(scout: TestClient) -> None:
    """Three people carry it; the answer has what Scout's page shows."""
    told = await (await scout.get("/loqus/clinic/variants/22_101_T_C")).json()

    assert told == {
        "_id": "22_101_T_C",
        "chrom": "22",
        "start": 101,
        "end": 101,
        "ref": "T",
        "alt": "C",
        "observations": 3,
        "homozygote": 0,
        "hemizygote": 0,
        "total": 10,
        "families": [],
        "status": "seen",
    }


async def test_whatever_happens_is_a_200(scout: TestClient) -> None:
    """Scout takes any other code for 0; what is not known is -1."""
    place = "chrom=22&end_chrom=22"
    expected = {
        "clinic/variants/22_201_G_A": (200, 0, "not_seen"),
        "clinic/variants/1_201_G_A": (200, -1, "not_covered"),
        "clinic/variants/22_201_G": (200, -1, "no_answer"),
        "clinic/variants/22_201_G_<DEL>/x": (200, -1, "no_answer"),
        "nothing/variants/22_201_G_A": (200, -1, "no_answer"),
        f"clinic/svs/?{place}&pos=10&end=20&sv_type=STR": (200, -1, "no_answer"),
        f"clinic/svs/?{place}&pos=5000&end=9000&sv_type=DEL": (200, 0, "not_seen"),
        f"clinic/svs/svs/?{place}&pos=5000&end=9000&sv_type=DEL": (200, 0, "not_seen"),
    }
    found = {}
    for path in expected:
        answer = await scout.get(f"/loqus/{path}")
        told = await answer.json()
        found[path] = (answer.status, told["observations"], told["status"])

    assert found == expected


async def test_people_are_counted_as_cases(scout: TestClient) -> None:
    """``/cases`` tells how many people there are, and -1 where that is not told."""
    known = await (await scout.get("/loqus/clinic/cases")).json()
    unknown = await (await scout.get("/loqus/nothing/cases")).json()

    assert known == {"nr_cases_snvs": 10, "nr_cases_svs": 10}
    assert unknown == {"nr_cases_snvs": -1, "nr_cases_svs": -1}


async def test_what_is_no_dataset_is_not_asked(scout: TestClient) -> None:
    """An id that would lead elsewhere in the API has no address here."""
    for name in ("%2E", "%2e%2E", "..%2Fmap", "%00", "a%3Fb"):
        answer = await scout.get(URL(f"/loqus/{name}/cases", encoded=True))

        assert answer.status == 404
        assert "nr_cases" not in await answer.text()


async def test_who_was_not_looked_at_is_not_counted(
    scout: TestClient, settings: Settings
) -> None:
    """Where some were submitted for some genes alone, nobody says "0 of all"."""
    spool = Spool(settings.data_dir / "scout")
    part = Submission(
        number=0,
        kind=Kind.ADD,
        dataset="clinic",
        samples=("a",),
        received="2026-11-28",
        stretches=(("22", 0, 1000),),
        state=State.DONE,
    )
    spool.add(part)
    told = [
        await (await scout.get(f"/loqus/clinic/{path}")).json()
        for path in ("variants/22_101_T_C", "variants/22_201_G_A", "cases")
    ]

    assert [each.get("observations") for each in told] == [3, 0, None]
    assert [each.get("total") for each in told] == [-1, -1, None]
    assert told[2]["nr_cases_snvs"] == -1


async def test_a_beacon_that_is_gone_is_no_0(
    settings: Settings, filled: Catalogue, aiohttp_client
) -> None:
    """Where the API does not answer, nothing is known."""
    store = await VariantStore.open(filled.address)
    errand = Errand(settings, filled.address, "http://127.0.0.1:1/api", -1)
    feeder = Feeder(errand, Spool(settings.data_dir / "scout"), filled, store)
    client = await aiohttp_client(application(errand, feeder))
    answer = await client.get("/loqus/clinic/variants/22_101_T_C")
    told = await answer.json()
    await store.close()

    assert answer.status == 200
    assert (told["observations"], told["total"]) == (-1, -1)
    assert (told["status"], told["families"]) == ("no_answer", [])


async def test_nothing_can_be_changed_through_observations(scout: TestClient) -> None:
    """The calls by which loqusdbapi loads and deletes cases are not there."""
    codes = [
        (await scout.delete("/loqus/clinic/cases/1", headers=SENT)).status,
        (await scout.post("/loqus/clinic/cases/1", headers=SENT)).status,
        (await scout.get("/loqus/clinic/cases/1", headers=SENT)).status,
    ]

    assert codes == [404, 404, 404]


# --- policy -------------------------------------------------------------------------

PEPPER = b"p" * 32
POLICY = b"""
[policy]
id = "scout"
[tiers.public]
granularity = "aggregate_record"
queries = ["allele"]
[tiers.care]
granularity = "count"
require = { roles = ["care"] }
[disclosure.exact]
[disclosure.hidden]
min_count = 5
[datasets.clinic]
kind = "care"
legal_basis = "Example act, section 1"
access = { care = "exact" }
[datasets.twins]
kind = "reference"
access = { public = "hidden" }
"""


@pytest.fixture
async def ruled(
    settings: Settings, filled: Catalogue, aiohttp_client
) -> AsyncIterator[tuple[TestClient, TestClient]]:
    """Give clients of a listener that has no key, and of one that has a clinic's."""
    rules = parsed(POLICY, "policy.toml").policy
    store = await VariantStore.open(filled.address)
    secrets = Secrets(subjects=b"s" * 32, pepper=PEPPER, passports=b"v" * 32)
    porter = Porter((), secrets, keys=store.api_keys)
    beacon = LocalBeacon(store, rules, references={}, deadline=5)
    runner = web.AppRunner(create_api(beacon, site.IDENTITY, porter=porter))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    api = f"http://127.0.0.1:{runner.addresses[0][1]}/api"
    told = []
    for scout in (settings.scout, _with_key(settings, filled)):
        policy = PolicySettings(file=settings.data_dir / "policy.toml")
        given = settings.model_copy(update={"scout": scout, "policy": policy})
        errand = Errand(given, filled.address, api, -1)
        feeder = Feeder(errand, Spool(given.data_dir / "scout"), filled, store)
        told.append(await aiohttp_client(application(errand, feeder)))
    yield told[0], told[1]
    await runner.cleanup()
    await porter.close()
    await store.close()


def _with_key(settings: Settings, catalogue: Catalogue) -> ScoutSettings:
    """Return settings with the key of a clinic."""
    terms = KeyTerms(
        name="scout",
        life=timedelta(days=1),
        scopes=frozenset({"query"}),
        organisation="ward 3",
        roles=frozenset({"care"}),
    )
    key, text = make_key(terms, PEPPER, datetime.now(UTC))
    with ApiKeys(catalogue.address) as kept:
        kept.add(key)
    path = settings.data_dir / "key"
    path.write_text(text)
    path.chmod(0o600)
    return settings.scout.model_copy(update={"key_file": path})


async def test_ids_are_told_as_far_as_the_policy_goes(
    ruled: tuple[TestClient, TestClient], settings: Settings
) -> None:
    """Without the token what the policy shows to who asks; with it all that is fed."""
    spool = Spool(settings.data_dir / "scout")
    spool.open()
    for name in ("clinic", "unlisted"):
        spool.feed(Fed(id=name, assembly="GRCh37"))
    answers = [
        await client.get("/scout/", headers=headers)
        for client in ruled
        for headers in ({}, SENT)
    ]
    told = [[d["id"] for d in (await a.json())["datasets"]] for a in answers]
    wrong = await ruled[0].get("/scout/", headers={"X-Auth-Token": "wrong"})

    assert told == [[], ["clinic", "unlisted"], ["clinic"], ["clinic", "unlisted"]]
    assert wrong.status == 401


async def test_what_a_policy_shows_is_not_guessed(
    settings: Settings, filled: Catalogue, aiohttp_client
) -> None:
    """While the API does not answer no id is told."""
    policy = PolicySettings(file=settings.data_dir / "policy.toml")
    given = settings.model_copy(update={"policy": policy})
    store = await VariantStore.open(filled.address)
    spool = Spool(settings.data_dir / "scout")
    spool.open()
    spool.feed(Fed(id="clinic", assembly="GRCh37"))
    errand = Errand(given, filled.address, "http://127.0.0.1:1/api", -1)
    client = await aiohttp_client(
        application(errand, Feeder(errand, spool, filled, store))
    )
    answer = await client.get("/scout/")
    await store.close()

    assert answer.status == 503
    assert "clinic" not in await answer.text()


async def test_the_policy_holds(ruled: tuple[TestClient, TestClient]) -> None:
    """Scout is told what its key may learn; hidden, refused and unseen are never 0."""
    anybody, clinic = ruled
    told = {
        (name, path): await (await client.get(f"/loqus/{path}")).json()
        for name, client in (("anybody", anybody), ("clinic", clinic))
        for path in (
            "clinic/variants/22_101_T_C",
            "twins/variants/22_101_T_C",
            "twins/variants/22_102_T_C",
            "clinic/svs/?chrom=22&pos=5000&end=9000&sv_type=DEL",
        )
    }
    numbers = {where: said["observations"] for where, said in told.items()}

    assert numbers == {
        ("anybody", "clinic/variants/22_101_T_C"): -1,
        ("anybody", "twins/variants/22_101_T_C"): -1,
        ("anybody", "twins/variants/22_102_T_C"): -1,
        ("anybody", "clinic/svs/?chrom=22&pos=5000&end=9000&sv_type=DEL"): -1,
        ("clinic", "clinic/variants/22_101_T_C"): 3,
        ("clinic", "twins/variants/22_101_T_C"): -1,
        ("clinic", "twins/variants/22_102_T_C"): -1,
        ("clinic", "clinic/svs/?chrom=22&pos=5000&end=9000&sv_type=DEL"): -1,
    }
    assert told["anybody", "twins/variants/22_101_T_C"]["status"] == "withheld"


async def test_a_key_is_not_lent_to_pages(ruled: tuple[TestClient, TestClient]) -> None:
    """A browser that a page led here is told what anybody is."""
    _, clinic = ruled
    headers = (
        ({"Host": "evil.example.org:5060"}, -1),
        ({"Host": "localhost:5060", "Origin": "https://evil.example.org"}, -1),
        ({"Host": "localhost:5060", "Origin": "null"}, -1),
        ({"Sec-Fetch-Site": "cross-site"}, -1),
        ({"Sec-Fetch-Site": "same-site"}, -1),
        ({"Sec-Fetch-Site": "none"}, 3),
        ({"Host": "localhost:5060", "Sec-Fetch-Site": "same-origin"}, 3),
        ({"Host": "localhost:5060"}, 3),
    )
    for shown, observations in headers:
        path = "/loqus/clinic/variants/22_101_T_C"
        answer = await clinic.get(path, headers=shown)

        assert (await answer.json())["observations"] == observations, shown


async def test_a_key_that_is_gone_is_no_0(
    ruled: tuple[TestClient, TestClient], settings: Settings
) -> None:
    """Where something unforeseen happens, nothing is known, and Scout is told so."""
    _, clinic = ruled
    (settings.data_dir / "key").unlink()
    answer = await clinic.get("/loqus/clinic/variants/22_101_T_C")

    assert (answer.status, (await answer.json())["observations"]) == (200, -1)
