"""The layers of an edge in words."""

import pytest

from kb.library.layer_words import tell_cited, tell_executed
from kb.records import EdgeLayers


def _layers(citing: int | None = 0, **counts: int) -> EdgeLayers:
    return EdgeLayers("old", "new", "equals", citing, "verified" if counts else "", **counts)


@pytest.mark.parametrize(
    ("citing", "told"),
    [
        (None, "citations unknown"),
        (0, "no citation path"),
        (1, "cited"),
        (2, "cited by way of 1 paper"),
        (4, "cited by way of 3 papers"),
    ],
)
def test_whether_one_cites_the_other(citing: int | None, told: str) -> None:
    assert tell_cited(_layers(citing)) == told


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({}, "not executed"),
        ({"verified": 1}, "1 claim verified"),
        ({"verified": 2, "refuted": 1}, "2 claims verified; 1 refuted, a common belief"),
        ({"refuted": 2}, "2 claims refuted, common beliefs"),
        ({"unexpected": 1, "verified": 1, "waiting": 3}, "1 claim not as expected; 1 verified; 3 not run"),
        ({"waiting": 1}, "1 claim not run"),
    ],
)
def test_what_execution_says(counts: dict[str, int], told: str) -> None:
    assert tell_executed(_layers(**counts)) == told


def test_a_stale_verdict_says_that_the_code_has_changed() -> None:
    assert tell_executed(EdgeLayers("a", "b", "equals", 1, "verified", True, verified=1)).endswith(
        "verified (code changed since)"
    )
