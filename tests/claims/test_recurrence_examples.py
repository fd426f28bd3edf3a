"""The smallest inputs on which popular beliefs about recurrences fail, worked out by hand once."""

import math

import pytest
import torch

from kb.claims.draw import Draw
from kb.claims.recurrence import fine_tuning, shifted_recall
from kb.claims.verify import run_claim
from kb.records import Example

torch.set_num_threads(1)


def _example(id: str) -> Example:
    found = run_claim(id, draws=1).example
    assert found is not None
    return found


def _sigmoid(a: float) -> float:
    return 1 / (1 + math.exp(-a))


def test_a_cell_with_a_forget_gate_forgets_at_the_second_token():
    example = _example("the-lstm-of-1997-is-the-lstm-of-libraries")

    # all maps are one: gates and candidate see x_t + h_{t-1}, and nothing comes in at the second token but h
    cell = _sigmoid(1) * math.tanh(1)
    h = _sigmoid(1) * math.tanh(cell)
    written, gate = _sigmoid(h) * math.tanh(h), _sigmoid(h)
    assert example.inputs == {"x": [[1], [0]]}
    assert example.outputs["without one"][1] == [pytest.approx(gate * math.tanh(cell + written))]
    assert example.outputs["with a forget gate"][1] == [pytest.approx(gate * math.tanh(gate * cell + written))]


def test_a_reset_gate_closes_another_channel_behind_the_map():
    example = _example("a-gru-may-reset-in-front-of-its-map-or-behind-it")

    # channel 1 was written at the first token; the map hands it to channel 0, whose gate is half open
    h = (1 - _sigmoid(1)) * math.tanh(1)
    assert example.inputs == {"x": [[0, 1], [0, 1]]}
    assert example.outputs["reset before the map"][1][0] == pytest.approx(0.5 * math.tanh(_sigmoid(1) * h))
    assert example.outputs["reset behind it"][1][0] == pytest.approx(0.5 * math.tanh(0.5 * h))


def test_a_step_that_reads_the_token_makes_minus_one_no_mirror_of_one():
    example = _example("the-selective-scan-is-a-convolution")

    # the step is softplus(x + 1): ln 2 at minus one, ln(1 + e^2) at one
    assert example.inputs == {"x": [[-1]]}
    assert example.outputs["selective state space"] == [[pytest.approx(-math.log(2))]]
    assert example.outputs["convolution with its answer to 1, 0, ..."] == [
        [pytest.approx(-math.log(1 + math.exp(2)))]
    ]


def test_two_exponentials_that_float32_holds_have_a_sum_that_it_does_not():
    example = _example("wkv-can-be-computed-in-float32-as-it-is-printed")

    assert example.inputs == {"k": [[88.5], [88.5]], "v": [[0], [1]]}
    assert math.exp(88.5) < torch.finfo(torch.float32).max < 2 * math.exp(88.5)
    assert example.outputs == {"the fraction in float32": [[0], [0]], "the recurrence": [[0], [0.5]]}


def test_a_token_beyond_the_window_takes_its_share():
    example = _example("aft-local-reads-nothing-beyond-its-window")

    # three equal keys and a query of zero: half of a third, where a window of two would give half of a half
    assert example.inputs["v"] == [[[0]], [[0]], [[1]]]
    assert example.outputs["AFT-local, window 2"][2] == [[pytest.approx(1 / 6)]]
    assert example.outputs["tokens beyond it unread"][2] == [[pytest.approx(1 / 4)]]


def test_the_printed_triangle_is_down_one_step_early_at_eleven_steps():
    example = _example("the-slanted-triangle-can-be-run-as-it-is-printed")

    # the peak is at step 1; the printed fall takes nine steps, and step 10 is the last
    assert example.inputs == {"steps": 11}
    assert example.outputs["last rate as printed"] == pytest.approx(0.01 / 32)
    assert example.outputs["last rate as run"] == pytest.approx(0.01 * (1 + 31 / 10) / 32)


def test_from_twelve_steps_on_the_printed_triangle_falls_below_zero():
    assert min(fine_tuning._printed(11)) > 0
    assert min(fine_tuning._printed(12)) < 0


def test_the_value_that_is_asked_for_stands_behind_its_key():
    tokens, wanted = shifted_recall._draw_sequences(Draw(0), 5)

    assert tokens.shape == (5, 2 * shifted_recall._PAIRS + 1)
    for row, value in zip(tokens.tolist(), wanted.tolist(), strict=True):
        place = row.index(row[-1])
        assert place % 2 == 0
        assert row[place + 1] == value + shifted_recall._WORDS
