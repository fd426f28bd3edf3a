"""Truth of the ULMFiT schedule."""

import math
import types

import pytest
import torch

FILE = "ulmfit"
FROZEN = "torch.arange(groups) >= groups - 1 - epoch[:, None]"
WRONG = {
    "peak one step late": ("max(1, math.floor(steps * cut_frac))", "math.floor(steps * cut_frac) + 1"),
    "symmetric triangle": ("max(1, math.floor(steps * cut_frac))", "steps // 2"),
    "fall as printed": ("(t - cut) / (steps - cut)", "(t - cut) / (cut * (1 / cut_frac - 1))"),
    "rises from zero": ("(1 + p * (ratio - 1)) / ratio", "p"),
    "ratio added twice": ("(ratio - 1)", "ratio"),
    "factor multiplied": ("factor ** -torch", "factor ** torch"),
    "first group highest": ("torch.arange(groups - 1, -1, -1, dtype", "torch.arange(groups, dtype"),
    "last group divided too": ("torch.arange(groups - 1, -1, -1, dtype", "torch.arange(groups, 0, -1, dtype"),
    "all thawed at once": (FROZEN, "torch.ones(steps, groups)"),
    "input thawed first": (FROZEN, "torch.arange(groups) <= epoch[:, None]"),
    "frozen for an epoch too long": (FROZEN, "torch.arange(groups) >= groups - epoch[:, None]"),
    "thawed an epoch too early": (FROZEN, "torch.arange(groups) >= groups - 2 - epoch[:, None]"),
}


def printed(t: int, T: int, eta_max: float, cut_frac: float, ratio: float) -> float:
    """The slanted triangular rate of step t as printed."""
    cut = math.floor(T * cut_frac)
    p = t / cut if t < cut else 1 - (t - cut) / (cut * (1 / cut_frac - 1))
    return eta_max * (1 + p * (ratio - 1)) / ratio


def check(module: types.ModuleType) -> None:
    for T, groups, eta_max, cut_frac, ratio in ((1000, 4, 0.01, 0.1, 32), (60, 3, 0.5, 0.25, 8), (80, 1, 1, 0.5, 2)):
        rates = module.ulmfit(T, groups, eta_max=eta_max, cut_frac=cut_frac, ratio=ratio, factor=2.6)
        assert rates.shape == (T, groups)
        for t in range(T):
            for group in range(groups):
                from_last = groups - 1 - group
                thawed = t // (T // groups) >= from_last
                wanted = printed(t, T, eta_max, cut_frac, ratio) / 2.6**from_last if thawed else 0.0
                assert rates[t, group].item() == pytest.approx(wanted, rel=1e-12)
    for T in range(1, 201):
        eta = module.slanted_triangular_rates(T)
        assert eta.min() >= 0.01 / 32 - 1e-15
        assert eta.max() <= 0.01 + 1e-15


def test_agrees_with_the_printed_formula(shipped):
    check(shipped(FILE))


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new))


def test_the_rate_starts_at_a_thirty_second_and_peaks_after_a_tenth(shipped):
    eta = shipped(FILE).slanted_triangular_rates(1000)

    assert eta[0].item() == pytest.approx(0.01 / 32)
    assert int(eta.argmax()) == 100
    assert eta[100].item() == pytest.approx(0.01)


def test_the_printed_fall_turns_negative_where_the_peak_is_no_whole_step(shipped):
    assert printed(18, 19, 0.01, 0.1, 32) < 0
    assert shipped(FILE).slanted_triangular_rates(19).min() > 0


@pytest.mark.parametrize(("steps", "cut_frac"), [(57, 0.25), (59, 0.25), (19, 0.1), (60, 0.05)])
def test_the_peak_is_the_whole_step_before_the_share_that_was_asked_for(steps, cut_frac, shipped):
    assert int(shipped(FILE).slanted_triangular_rates(steps, cut_frac=cut_frac).argmax()) == int(steps * cut_frac)


@pytest.mark.parametrize("steps", [2, 5, 9])
def test_a_training_too_short_for_a_rise_still_begins_at_the_lowest_rate(steps, shipped):
    eta = shipped(FILE).slanted_triangular_rates(steps)

    assert eta[0].item() == pytest.approx(0.01 / 32)
    assert eta[1].item() == pytest.approx(0.01)


def test_the_defaults_are_those_of_the_paper(shipped):
    """As the paper has them: cut_frac, ratio, eta_max and 2.6; the numbers of steps and groups are ours."""
    module = shipped(FILE)

    paper = module.ulmfit(100, 4, eta_max=0.01, cut_frac=0.1, ratio=32.0, factor=2.6)
    parts = module.slanted_triangular_rates(100)[:, None] * module.discriminative_rates(4)

    assert torch.equal(module.ulmfit(), paper)
    assert torch.equal(parts * module.gradual_unfreezing(100, 4), paper)


@pytest.mark.parametrize(
    "settings",
    [
        {"steps": 3, "groups": 4},
        {"groups": 0},
        {"cut_frac": 0.0},
        {"cut_frac": 1.0},
        {"cut_frac": -0.5},
        {"cut_frac": 1.5},
    ],
)
def test_what_makes_no_schedule_is_refused(settings, shipped):
    with pytest.raises(AssertionError):
        shipped(FILE).ulmfit(**settings)


def test_as_many_groups_as_steps_thaw_one_a_step(shipped):
    assert (shipped(FILE).ulmfit(5, 5) > 0).sum(dim=1).tolist() == [1, 2, 3, 4, 5]


def test_neutral_values_give_the_parts_alone(shipped):
    module = shipped(FILE)

    one_group = module.ulmfit(100, 1)
    flat = module.ulmfit(100, 4, ratio=1, factor=1)

    torch.testing.assert_close(one_group[:, 0], module.slanted_triangular_rates(100))
    torch.testing.assert_close(flat, 0.01 * module.gradual_unfreezing(100, 4))
    assert torch.equal(module.discriminative_rates(4, 1), torch.ones(4, dtype=torch.float64))


def test_steps_left_over_belong_to_the_last_epoch(shipped):
    thawed = shipped(FILE).gradual_unfreezing(11, 3)

    assert thawed.sum(dim=1).tolist() == [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]
