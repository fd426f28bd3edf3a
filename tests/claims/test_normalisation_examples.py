"""Parts of the claims on norms, depth and training that are checked by themselves, and their examples by hand."""

import math

import pytest
import torch

from kb.claims.draw import Draw
from kb.claims.normalisation import weight_decay
from kb.claims.normalisation._blocks import at_rest, draw_block, without
from kb.claims.normalisation._stacks import slope
from kb.claims.verify import run_claim


def _example(id: str):
    found = run_claim(id, draws=1).example
    assert found is not None
    return found


@pytest.mark.parametrize(("kind", "factor"), [("Adam", "penalty"), ("AdamW", "decay")])
def test_the_optimisers_are_those_of_torch(kind: str, factor: str):
    matrix, slopes = weight_decay._draw(Draw(0))
    weight = matrix.clone()
    optimiser = getattr(torch.optim, kind)([weight], lr=0.1, weight_decay=0.2)
    for _ in range(4):
        weight.grad = slopes(weight)
        optimiser.step()

    found = weight_decay._adam(matrix, slopes, steps=4, **{factor: 0.2})

    assert torch.allclose(found, weight, rtol=1e-12, atol=1e-12)


def test_a_norm_leaves_tokens_at_rest_as_they_are():
    x = at_rest(Draw(0).normal(2, 3, 5))

    assert torch.allclose(torch.nn.functional.layer_norm(x, (5,), eps=1e-5), x, rtol=0, atol=1e-15)


def test_weights_are_silenced_by_name():
    w = without(draw_block(Draw(0), 4, 6), "w_o")

    assert not w["w_o"].any()
    assert w["w_2"].any()


def test_a_slope_is_the_exponent_of_a_power():
    assert slope((4, 16, 64), [3 / 2, 3 / 4, 3 / 8]) == pytest.approx(-0.5)


def test_layer_norm_takes_a_mean_away_that_rms_norm_leaves():
    example = _example("layer-norm-without-its-shift-is-rms-norm")

    # mean 1/2 and deviation 1/2; the root of the mean square is 1 / sqrt(2)
    assert example.inputs == {"x": [[0, 1]]}
    assert example.outputs["layer normalisation"] == [[-1, 1]]
    assert example.outputs["RMSNorm"] == [[0, pytest.approx(math.sqrt(2))]]


def test_a_constant_turns_the_sign_of_rms_norm():
    example = _example("rms-norm-does-not-see-a-constant")

    assert example.inputs == {"x": [[-1]], "c": [[2]]}
    assert list(example.outputs.values()) == [[[-1]], [[1]]]


def test_the_sample_deviation_of_two_channels_is_greater_by_the_root_of_two():
    example = _example("layer-norm-divides-by-the-sample-deviation")

    assert example.inputs == {"x": [[0, 1]]}
    assert example.outputs["divided by D"] == [[-1, 1]]
    assert example.outputs["divided by D - 1"] == [[pytest.approx(-(0.5**0.5)), pytest.approx(0.5**0.5)]]


def test_one_group_over_two_tokens_has_their_common_mean():
    example = _example("group-norm-with-one-group-is-layer-norm")

    # mean 0 and mean square 1/2 over all four numbers
    assert example.inputs == {"x": [[0, 1], [0, -1]]}
    assert example.outputs["layer normalisation"] == [[-1, 1], [1, -1]]
    assert example.outputs["one group"] == [[0, pytest.approx(2**0.5)], [0, pytest.approx(-(2**0.5))]]


def test_running_averages_of_two_numbers_shrink_what_training_gave():
    example = _example("batch-norm-in-use-gives-what-training-gave")

    assert example.inputs == {"x": [[0], [1]]}
    assert example.outputs["in training"] == [[-1], [1]]
    assert example.outputs["in use"] == [[pytest.approx(-(0.5**0.5))], [pytest.approx(0.5**0.5)]]


def test_pre_ln_and_post_ln_part_at_the_sum():
    example = _example("pre-ln-and-a-last-norm-are-post-ln")

    # the hidden unit reads 1 of the normalised (-1, 1) in both. Post-LN adds it to (-1, 1): (0, 1), normalised
    # (-1, 1); Pre-LN adds it to (0, 1): (1, 1), of which a norm leaves nothing
    assert example.inputs == {"x": [0, 1], "w_1": [[0], [1]], "w_2": [[1, 0]]}
    assert example.outputs == {"Post-LN": [[[-1, 1]]], "Pre-LN and a norm": [[[0, 0]]]}


def test_the_second_stream_of_residual_dual_hears_attention_to_the_raw_token():
    example = _example("residual-dual-without-its-post-stream-is-pre-ln")

    # W_O reads the first channel: 0 of the token itself, -1 of the normalised one, added to the second
    assert example.inputs == {"x": [0, 1], "w_o": [[0, 1], [0, 0]]}
    assert example.outputs == {"second stream of ResiDual": [[[-1, 1]]], "Pre-LN and a norm": [[[0, 0]]]}


def test_a_gradient_is_greater_behind_a_norm_that_divides_by_less():
    example = _example("the-order-of-the-norm-leaves-gradients-alone")

    # both hidden units read sqrt(2) of the normalised token; the norm of Post-LN then has a deviation of 1, that of
    # Pre-LN of sqrt(2) / 3, and the slope of a norm is 1 - 1/3 - 1/6 over it
    assert example.inputs == {"x": [0, 0, 1], "w_1": [[0], [0], [1]], "w_2": [[0, 0, 0]]}
    post, pre = (one[0][0] for one in example.outputs.values())
    assert post == pytest.approx(math.sqrt(2) / 2, abs=0.005)
    assert pre == pytest.approx(1.5, abs=0.005)


def test_a_penalty_moves_a_weight_without_gradient_by_the_whole_rate():
    example = _example("an-l2-penalty-in-adam-is-weight-decay")

    assert example.inputs == {"weight": [1], "slope": [0]}
    assert example.outputs == {"Adam with a penalty": [pytest.approx(0.9)], "AdamW": [pytest.approx(0.99)]}


def test_three_tokens_of_which_attention_picks_the_ends_move_apart():
    example = _example("softmax-attention-never-parts-tokens")

    # two tokens near 0 and one near 2 are further from their mean than 1, 0, 2 are
    before, after = (torch.tensor(one, dtype=torch.float64).flatten() for one in example.outputs.values())
    assert sorted(before.tolist()) == [0, 1, 2]
    assert sorted(after.tolist()) == [pytest.approx(0.052), pytest.approx(0.052), pytest.approx(1.948)]
    assert (after - after.mean()).norm() > (before - before.mean()).norm()
