"""Where pages are, for whoever links to one; every template has these."""

from __future__ import annotations

from urllib.parse import quote


def dataset_path(dataset: str) -> str:
    """Return the path of the page of one of our own datasets."""
    return f"/d/{quote(dataset, safe='')}"
