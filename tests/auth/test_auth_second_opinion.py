"""Two libraries judge the same tokens; where they differ, we are the stricter (B1)."""

from __future__ import annotations

from tests.auth.second_opinion import STRICTER, judge

MANY = 2000


def test_both_agree_on_what_is_drawn() -> None:
    """Of thousands of tokens joserfc refuses none that we believe (B1)."""
    found = judge(range(MANY))

    assert found.wrong == []
    assert found.believed > MANY / 10
    assert found.refused > MANY / 10
    assert set(found.stricter) <= set(STRICTER)
