"""Fusion, by hand."""

import pytest

from kb.search.rank import K, rank_fused


def keys(*args: list[str], **more: list[str]) -> list[str]:
    return [one.key for one in rank_fused(*args, **more)]  # type: ignore[arg-type]


def test_scores_are_reciprocal_ranks_added() -> None:
    first, second, third = rank_fused(["a", "b"], ["b", "c"])
    assert (first.key, first.score) == ("b", pytest.approx(1 / (K + 2) + 1 / (K + 1)))
    assert (second.key, second.score) == ("a", pytest.approx(1 / (K + 1)))
    assert (third.lexical_rank, third.dense_rank) == (None, 2)


def test_ties_break_by_key() -> None:
    assert keys(["z"], ["a"]) == ["a", "z"]


def test_an_exact_name_beats_the_first_of_both_lists() -> None:
    assert keys(["a", "b"], ["a", "c"], exact=["c"])[0] == "c"


def test_exact_names_keep_their_order_whatever_the_lists_say() -> None:
    assert keys(["b", "x"], ["b", "y"], exact=["a", "b"])[:2] == ["a", "b"]


def test_a_name_in_neither_list_is_still_a_hit() -> None:
    assert keys([], [], exact=["a"]) == ["a"]


def test_a_partial_name_outranks_its_neighbour_but_not_what_both_lists_put_first() -> None:
    assert keys(["a", "b", "c"], ["a", "b", "c"], part=["c"]) == ["c", "a", "b"]
    assert keys(["a", "b"], ["a", "d"], part=["b"])[0] == "a"


def test_a_dense_list_that_is_not_trusted_only_breaks_ties() -> None:
    ranked = rank_fused(["a", "b"], ["b", "a", "c"], dense_weight=0.0)
    assert [one.key for one in ranked] == ["a", "b", "c"]


def test_nothing_found_is_nothing() -> None:
    assert rank_fused([], []) == []


def test_the_paper_that_introduced_the_idea_comes_before_papers_that_only_speak_of_it() -> None:
    found = keys(["idea", "a", "first"], ["idea", "a", "first"], part=["idea"], origins=["first"])
    assert found.index("first") < found.index("a")
    assert keys(["idea", "a"], ["idea", "a"], part=["idea"], origins=["first"]) == ["idea", "a", "first"]
