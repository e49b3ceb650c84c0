"""The shorter way of a question gives what the long way gives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import orjson
import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from beacon.api.exchange import as_json
from beacon.api.handlers import variants
from beacon.api.keys import SPEAKERS
from beacon.api.routes import create_api
from beacon.api.sending import JsonAnswer
from beacon.model.errors import BeaconError, InvalidRequest
from beacon.model.query import Granularity
from beacon.model.requester import ANONYMOUS
from beacon.model.status import Status
from beacon.service import LocalBeacon
from beacon.store.variants import VariantStore
from beacon.wire import responses
from beacon.wire.forms import Alike, Sent, recognise
from beacon.wire.requests import Address, Understanding, understand
from tests.api.site import IDENTITY
from tests.service.test_service_many import KINDS, PLACES, POLICIES, covers
from tests.store.store_samples import load as load_records
from tests.store.test_store_coverage import load as load_covered
from tests.store.test_store_oracle import BASES, RECORDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp import web

    from beacon.model.counts import CoverageRun, VariantRecord
    from beacon.model.dataset import CoverageKind
    from beacon.model.genome import Contig
    from beacon.policy.policy import Policy
    from beacon.store.connection import StoreAddress
    from beacon.store.releases import Catalogue

HERE = Address()
POST = make_mocked_request("POST", "/api/g_variants", headers={"Host": "a.example"})


class Bases:
    """A reference that has the same four bases again and again, on one contig."""

    def bases(self, contig: Contig, start: int, end: int) -> str | None:
        """Return the bases of a stretch."""
        if contig.name != "22":
            return None
        first = start % 4
        return ("ACGT" * ((end - start) // 4 + 2))[first : first + end - start]


def posted(allele: tuple[int, str, str], manner: Mapping[str, object]) -> Sent:
    """Return a request for an allele, asked in a manner."""
    start, ref, alt = allele
    asked = {
        "assemblyId": "GRCh37",
        "referenceName": manner["contig"],
        "start": [start],
        "referenceBases": ref,
        "alternateBases": alt,
    }
    if manner["has_end"]:
        asked["end"] = [start + len(ref)]
    query: dict[str, object] = {
        "requestParameters": asked,
        "requestedGranularity": manner["granularity"],
        "includeResultsetResponses": manner["include"],
    }
    if manner["datasets"]:
        asked["datasetIds"] = manner["datasets"]
    return Sent("", lambda: (), json.dumps({"query": query}).encode())


async def the_long_way(
    app: web.Application, beacon: LocalBeacon, sent: Sent, known: Understanding
) -> object:
    """Return the answer to a request as it is made where nothing is kept."""
    query = understand(sent.gathered(), HERE, known)
    said = await beacon.answer(query, ANONYMOUS)
    if said.status is Status.NO_ANSWER:
        raise InvalidRequest(" ".join(said.warnings))
    here = app[SPEAKERS](POST.scheme, POST.host)
    answer = as_json(responses.result_sets(query, said, here))
    return answer.status, orjson.loads(answer.body)


async def the_short_way(app: web.Application, sent: Sent) -> object:
    """Return the answer to a request as it is sent."""
    said = await variants(app, POST, sent, HERE)
    answer = JsonAnswer(said) if isinstance(said, bytes) else said
    return answer.status, orjson.loads(answer.body)


async def told(way: object) -> object:
    """Return an answer, or all of why there is none."""
    try:
        return await way  # type: ignore[misc]
    except BeaconError as failure:
        return type(failure), str(failure)


MANNERS = st.fixed_dictionaries(
    {
        "contig": st.sampled_from(["22", "22", "22", "21", "X"]),
        "has_end": st.booleans(),
        "granularity": st.sampled_from(["boolean", "boolean", "count", "record"]),
        "include": st.sampled_from(["HIT", "MISS", "ALL", "NONE"]),
        "datasets": st.sampled_from([None, None, ["c", "a"], ["none"], ["100%"]]),
    }
)


@st.composite
def alleles(
    draw: st.DrawFn, known: Sequence[VariantRecord]
) -> list[tuple[int, str, str]]:
    """Draw alleles to be asked for: most are of a record, or stand beside one."""
    spelled = [r for r in known if r.alternate.isalpha()]
    near = st.tuples(PLACES, BASES, BASES)
    one = st.sampled_from([(r.start, r.reference, r.alternate) for r in spelled])
    base = st.tuples(st.sampled_from([r.start for r in known]), BASES, BASES)
    snv = base.map(lambda a: (a[0], a[1][0], a[2][0]))
    return draw(
        st.lists((one if spelled else near) | snv | snv | near, min_size=5, max_size=12)
    )


@settings(
    max_examples=25,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking takes minutes
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(
    worlds=st.tuples(RECORDS, RECORDS, RECORDS | st.none(), RECORDS),
    runs=covers(),
    kind=KINDS,
    policy=POLICIES,
    is_referenced=st.sampled_from([False, False, True]),
    data=st.data(),
)
async def test_whatever_is_stored_both_ways_answer_alike(
    catalogue: Catalogue,
    store_address: StoreAddress,
    worlds: tuple[list[VariantRecord], ...],
    runs: list[CoverageRun],
    kind: CoverageKind,
    policy: Policy,
    is_referenced: bool,
    data: st.DataObject,
) -> None:
    """Any datasets, policy, granularity and selection; any allele of a known form."""
    first, second, third, fourth = worlds
    load_records(catalogue, "a", first)
    before = load_records(catalogue, "b", second)
    if third is not None:
        load_records(catalogue, "b", third, before=before, earlier=second)
    load_covered(catalogue, "c", runs, fourth, kind)
    known = [*first, *second, *(third or ()), *fourth]
    references = {"GRCh37": Bases()} if is_referenced else {}
    store = await VariantStore.open(store_address)
    beacon = LocalBeacon(store, policy, references=references, deadline=5)
    app = create_api(beacon, IDENTITY)
    alone = Understanding(loaded={"GRCh37"}, references=references)
    try:
        for manner in data.draw(st.lists(MANNERS, min_size=1, max_size=3)):
            for allele in data.draw(alleles(known)):
                sent = posted(allele, manner)
                expected = await told(the_long_way(app, beacon, sent, alone))

                assert expected == await told(the_short_way(app, sent))
    finally:
        await store.close()


@pytest.mark.parametrize("granularity", ["boolean", "count"])
async def test_what_is_plain_goes_the_shorter_way(
    beacon: LocalBeacon, granularity: str
) -> None:
    """From the second request of its form on."""
    manner = {
        "contig": "22",
        "has_end": False,
        "granularity": granularity,
        "include": "ALL",
        "datasets": None,
    }
    app = create_api(beacon, IDENTITY)
    here = app[SPEAKERS]("http", "a.example")
    known = Understanding(loaded={"GRCh37"}, references={})
    recognise(posted((300, "C", "T"), manner), HERE, known)
    alike = recognise(posted((100, "T", "C"), manner), HERE, known)

    assert isinstance(alike, Alike)
    outline = alike.form.outline
    assert outline.is_plain
    assert outline.query.granularity is Granularity[granularity.upper()]
    said = await beacon.answer_alike(outline, alike.allele(), ANONYMOUS)
    assert alike.written(said, here) is not None
