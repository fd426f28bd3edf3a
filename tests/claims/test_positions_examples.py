"""The smallest inputs on which popular beliefs about positions fail, worked out by hand once."""

import math

import pytest
import torch

from kb.claims.positions import sinusoids
from kb.claims.verify import run_claim
from kb.records import Example

torch.set_num_threads(1)


def _example(id: str) -> Example:
    found = run_claim(id, draws=1).example
    assert found is not None
    return found


def test_the_vectors_are_read_off_the_scores():
    table = sinusoids._table(5, 4, torch.zeros(1, dtype=torch.float64))

    assert table[2].tolist() == pytest.approx([math.sin(2), math.cos(2), math.sin(0.02), math.cos(0.02)])


def test_a_word_that_meets_a_place_is_not_relative():
    example = _example("sinusoidal-positions-make-scores-relative")

    # PE is (0, 1) at the first place and (sin 1, cos 1) at the second; the key is (0, 1)
    assert example.inputs == {"q": [[[0, 0]]], "k": [[[0, 1]]]}
    assert example.outputs["scores"] == [[[2]]]
    assert example.outputs["scores one place on"] == [[[pytest.approx(1 + math.cos(1))]]]


def test_the_second_clock_of_the_code_is_a_hundred_times_slower():
    example = _example("the-authors-sinusoids-are-the-printed-ones")

    assert example.outputs["the code's frequencies"][0][0][1] == pytest.approx(
        math.cos(1) + math.cos(1e-4), abs=1e-12
    )
    assert example.outputs["the printed frequencies"][0][0][1] == pytest.approx(
        math.cos(1) + math.cos(1e-2), abs=1e-12
    )


def test_channels_of_one_pair_belong_to_two_in_the_other_order():
    example = _example("rotary-weights-run-in-either-order-of-channels")

    # channels 2 and 3 are a pair that has turned by a hundredth; half a head apart, they never meet
    assert (example.inputs["q"][1], example.inputs["k"][0]) == ([[0, 0, 0, 1]], [[0, 0, 1, 0]])
    assert example.outputs["neighbours"][0][1][0] == pytest.approx(-math.sin(0.01))
    assert example.outputs["halves"][0][1][0] == 0


def test_three_heads_are_the_fewest_whose_slopes_differ():
    example = _example("alibi-slopes-are-one-series-for-any-number-of-heads")

    # the code has those of two heads, and the first of four
    assert example.outputs["slopes as printed"] == pytest.approx([2 ** (-8 / 3), 2 ** (-16 / 3), 2**-8])
    assert example.outputs["slopes of the code"] == [2**-4, 2**-8, 2**-2]


def test_the_first_of_two_tokens_looks_ahead_against_its_row():
    example = _example("alibi-both-ways-is-one-row-of-biases")

    # the slope of a single head is 2^-8: the token ahead is less for it, while the row makes it more
    share = 1 / (1 + math.exp(-(2**-8)))
    assert example.outputs["shares under -m |i - j|"][0][0] == pytest.approx([share, 1 - share])
    assert example.outputs["shares with the row m j"][0][0] == pytest.approx([1 - share, share])


def test_two_buckets_have_one_number_for_distances_one_and_two():
    example = _example("a-t5-bias-can-be-any-alibi-bias")

    # pairs of the past, row by row: distances 0; 1, 0; 2, 1, 0; the best number is the mean of 1, 1 and 2
    m = 2**-8
    assert example.outputs["ALiBi's biases of the past"][0] == [0, -m, 0, -2 * m, -m, 0]
    assert example.outputs["T5's, two buckets"][0] == pytest.approx([0, -4 / 3 * m, 0, -4 / 3 * m, -4 / 3 * m, 0])


def test_above_the_diagonal_the_shift_leaves_what_was_put_in_front():
    example = _example("the-relative-shift-lines-up-the-whole-matrix")

    # vectors 1, 2, 3 for one back, here and one ahead
    assert example.inputs == {"q": [[[1]], [[0]]]}
    assert example.outputs == {"shifted": [[[2, 0], [0, 0]]], "looked up": [[[2, 3], [0, 0]]]}
