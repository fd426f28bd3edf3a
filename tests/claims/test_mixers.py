"""Running a mixer with interruptions, and comparing two with their gradients."""

import math

import torch

from kb.claims.draw import Draw
from kb.claims.mixers import relative_with_gradients, run_in_parts, with_last


def _running_sum(x, state=None):
    y = x.cumsum(dim=1) + (0 if state is None else state)
    return y, y[:, -1:]


def test_the_state_is_handed_on_at_every_cut():
    x = Draw(0).normal(1, 6, 2)

    assert torch.allclose(run_in_parts(_running_sum, x), x.cumsum(dim=1))


def test_a_mixer_that_forgets_its_state_is_noticed():
    x = Draw(0).normal(1, 6, 2)
    forgotten = run_in_parts(lambda x, state: _running_sum(x), x)

    assert not torch.allclose(forgotten[:, 2:], x.cumsum(dim=1)[:, 2:])


def test_equal_functions_are_equal_with_their_gradients():
    x, y = Draw(0).normal(2, 3, 4)

    assert relative_with_gradients(lambda x, y: x * y + x, lambda x, y: x * (y + 1), x, y) < 1e-15


def test_a_gradient_that_is_cut_counts_although_the_outputs_agree():
    x = Draw(0).normal(5)

    assert relative_with_gradients(lambda x: x * x.detach(), lambda x: x * x, x) > 0.4


def test_an_input_that_one_of_the_two_ignores_is_as_far_apart_as_can_be():
    x, y = Draw(0).normal(2, 5)

    assert relative_with_gradients(lambda x, y: x + 0 * y, lambda x, y: x, x, y) == 0
    assert relative_with_gradients(lambda x, y: x + y - y.detach(), lambda x, y: x, x, y) == 1


def test_what_is_no_number_stays_none():
    x = Draw(0).normal(5)

    assert math.isnan(relative_with_gradients(lambda x: x * math.nan, lambda x: x, x))
    assert math.isnan(relative_with_gradients(lambda x: x, lambda x: x * math.nan, x))


def test_in_single_precision_outputs_alone_are_compared():
    x = Draw(0, "single").normal(5)

    assert relative_with_gradients(lambda x: x * x.detach(), lambda x: x * x, x) == 0


def test_the_last_arguments_of_a_subject_are_given():
    assert with_last(lambda *all: all, 3, 4)(1, 2) == (1, 2, 3, 4)
