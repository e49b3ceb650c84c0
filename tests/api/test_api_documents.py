"""Questions about documents over HTTP, on a beacon with everything in it."""

from __future__ import annotations

import pytest

from beacon.model.entry_types import ENTRY_TYPES
from tests.speaking import violations


async def asked(client, path, method="GET", **query):
    """Return the document that answers a question at record granularity."""
    query = {"requestedGranularity": "record", **query}
    if method == "GET":
        response = await client.get(f"/api/{path}", params=query)
    else:
        response = await client.post(f"/api/{path}", json={"query": query})
    assert response.status == 200, await response.text()
    return await response.json()


def found(answer):
    """Return the ids of the records of each result set."""
    return {
        each["id"]: [record["id"] for record in each["results"]]
        for each in answer["response"]["resultSets"]
    }


def words(answer):
    """Return the status of each result set."""
    return {
        each["id"]: each["info"]["status"] for each in answer["response"]["resultSets"]
    }


IDS = {
    "genomicVariant": "GRCh37-22-16050408-T-C",
    "individual": "I1",
    "biosample": "P1",
    "run": "R1",
    "analysis": "A1",
    "dataset": "ward",
    "cohort": "epilepsy",
}
PATHS = [
    (path, returned)
    for row in ENTRY_TYPES.values()
    for path, returned in (
        (row.path, row.id),
        (f"{row.path}/{IDS[row.id]}", row.id),
        *(
            (f"{row.path}/{IDS[row.id]}/{ENTRY_TYPES[other].path}", other)
            for other in row.related
        ),
    )
]


@pytest.mark.parametrize("granularity", ["boolean", "count", "record"])
@pytest.mark.parametrize(("path", "returned"), PATHS)
async def test_every_path_answers_alike_by_get_and_post(
    populated, path, returned, granularity
):
    """One shape at every granularity, valid, with the records that belong there."""
    got = await asked(populated, path, requestedGranularity=granularity)
    sent = await asked(populated, path, "POST", requestedGranularity=granularity)
    kind = "collections" if returned in ("dataset", "cohort") else "resultsets"

    assert got == sent
    assert got["meta"]["returnedSchemas"][0]["entityType"] == returned
    assert got["meta"]["returnedGranularity"] == granularity
    assert got["responseSummary"]["exists"] is True
    assert violations(got, kind, returned) == []
