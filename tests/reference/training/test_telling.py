"""Scores and gaps in words."""

from kb.reference.training.telling import is_in_bits, tell_gap, tell_guess, tell_score, tell_settings

ROW = {"loss": 1.0, "accuracy": 0.5, "loss_by_seed": [1.1, 0.9], "accuracy_by_seed": [0.5]}
FIGURES = {
    "task": {"slug": "text", "length": 64},
    "training": {"steps": 150, "rate": 0.003},
    "chance": {"loss": 2.0, "accuracy": 0.25},
}


def test_a_score_is_a_share_or_bits_and_several_seeds_give_a_range() -> None:
    assert tell_score(ROW, bits=False) == "50.0\xa0%"
    assert tell_score(ROW, bits=True) == "1.44 (1.30 to 1.59)"
    assert tell_score({**ROW, "loss": None}, bits=True) == ""


def test_a_guess_is_told_like_a_score() -> None:
    assert is_in_bits(FIGURES)
    assert tell_guess(FIGURES) == "2.89"
    assert tell_guess({**FIGURES, "task": {"slug": "recall"}}) == "25.0\xa0%"


def test_a_gap_is_told_with_its_margin_and_what_else_is_known() -> None:
    gap = {"gap": -0.034, "margin": 0.02, "why": ""}
    assert tell_gap(gap, bits=False) == "ahead by -3.4 points; the margin is 2.0"
    told = tell_gap({**gap, "why": "both solve it"}, bits=True)
    assert told == "ahead by -0.03 bits; the margin is 0.02; both solve it"
    assert tell_gap({"gap": None, "margin": None, "why": "a diverged"}, bits=True) == "a diverged"


def test_all_that_was_set_is_told() -> None:
    assert tell_settings(FIGURES) == "length = 64, steps = 150, rate = 0.003"
