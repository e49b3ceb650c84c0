"""What tests of documents share: small files, and the real ones beside the project."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
METADATA = SHARED / "metadata"
COHORT = SHARED / "synthetic_cohort"
NAMES = {
    "individuals": "individual",
    "biosamples": "biosample",
    "runs": "run",
    "analyses": "analysis",
    "cohorts": "cohort",
    "datasets": "dataset",
}


def shared(*parts: str, under: Path = METADATA) -> Path:
    """Return a file beside the project, or skip the test that needs it."""
    path = under.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{path.name} is not beside the project")
    return path


def written(folder: Path, content: str | bytes, name: str) -> Path:
    """Write a file; return its path."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path
