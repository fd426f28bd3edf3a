"""Measured against expected: what counts as apart, and what is said where it does not."""

import pytest

from kb.reference.guest_judging import compare_scores, judge

EXPECTED = {"ahead": "a", "behind": "b", "evidence": "a paper", "says": "a is ahead"}
HIGH, LOW = [1.0, 0.8, 0.9, 0.9] * 8, [0.5, 0.4, 0.6, 0.5] * 8


def found(
    a: list[list[float]], b: list[list[float]], *, less: bool = False, chance: float = 0.1, failed: str = ""
) -> tuple[str, str]:
    judged = judge(EXPECTED, {"a": a, "b": b}, {"b": failed} if failed else {}, chance=chance, less=less)
    assert judged["evidence"] == "a paper"
    return judged["verdict"], judged["why"]


def test_who_is_clearly_ahead_is_as_expected_and_who_is_clearly_behind_is_not() -> None:
    assert found([HIGH], [LOW]) == ("as expected", "")
    assert found([LOW], [HIGH]) == ("the other way round", "")


def test_where_less_is_better_the_order_turns_round() -> None:
    assert found([LOW], [HIGH], less=True) == ("as expected", "")
    assert found([HIGH], [LOW], less=True) == ("the other way round", "")


def test_a_difference_within_the_noise_separates_nobody() -> None:
    noisy = [1.0, 0.0] * 16
    other = [0.0, 1.0] * 15 + [0.0, 0.0]
    assert found([noisy], [other], chance=0.0) == ("not separated", "")
    assert found([[0.5] * 9], [[0.49] * 9]) == ("not separated", "")


def test_two_that_solve_it_and_two_that_learned_nothing_are_told_so() -> None:
    assert found([[1.0] * 20], [[0.995] * 20]) == ("not separated", "both solve it")
    assert found([[0.1] * 20], [[0.11] * 20]) == ("not separated", "neither has learned it")


def test_every_seed_must_agree() -> None:
    apart = found([[0.9] * 8, [0.6] * 8, [0.9] * 8], [[0.5] * 8, [0.61] * 8, [0.5] * 8])
    assert apart == ("not separated", "")
    assert found([[0.9] * 8, [0.8] * 8, [0.9] * 8], [[0.5] * 8, [0.5] * 8, [0.5] * 8]) == ("as expected", "")


def test_an_idea_that_failed_was_not_measured() -> None:
    assert found([HIGH], [LOW], failed="diverged at step 1") == ("not measured", "b diverged at step 1")


def test_scores_on_the_same_sequences_are_compared_one_by_one() -> None:
    # the sequences differ much among one another, the two ideas by the same on each
    mine = [n / 20 for n in range(20)]
    gaps, margin = compare_scores([mine], [[one - 0.1 for one in mine]], sign=1)
    assert gaps == [pytest.approx(0.1)]
    assert margin == 0.02
    gaps, margin = compare_scores([[0.0, 1.0] * 8], [[0.0] * 16], sign=-1)
    assert gaps == [-0.5]
    assert margin == pytest.approx(2 * (0.25 * 16 / 15 / 16) ** 0.5)
