"""Examples of the claims on feed-forward layers and PanGu-pi, checked by hand."""

import math

import pytest

from kb.claims.draw import Draw
from kb.claims.feed_forward import swish
from kb.claims.verify import run_claim


def test_a_sigmoid_gate_and_its_value_do_not_change_places():
    example = run_claim("gate-and-value-may-change-places", draws=1).example

    # sigma(0) * 1 is one half, sigma(1) * 0 is nothing
    assert example is not None
    assert example.inputs == {"x": [[[1]]], "w_1": [[0]], "w_3": [[1]]}
    assert example.outputs == {"W_1 as gate": [[[0.5]]], "W_3 as gate": [[[0]]]}


def test_a_sigmoid_of_nothing_is_one_half():
    example = run_claim("a-shortcut-of-zero-weights-adds-nothing", draws=1).example

    assert example is not None
    assert example.inputs == {"x": [0, 0]}
    assert list(example.outputs.values()) == [[[[0, 0]]], [[[0.5, 0.5]]]]


def test_the_constant_of_swish_is_the_lambert_number():
    # w e^w = 1 / e
    assert swish._LAMBERT * math.exp(swish._LAMBERT) == pytest.approx(1 / math.e, rel=1e-15)


def test_swish_is_read_out_of_the_layer():
    z = Draw(0).normal(5)

    assert swish._swish(z, 3.0).tolist() == pytest.approx((z * (3 * z).sigmoid()).tolist())


def test_the_counts_of_pangu_pi_are_in_the_detail():
    detail = run_claim("pangu-pi-shares-one-matrix-among-its-activations").detail

    assert detail == "6.695 billion and 1.020 billion"


def test_the_count_of_a_gated_layer_is_in_the_detail():
    assert (
        run_claim("two-thirds-of-the-width-make-a-gated-layer-as-large").detail == "4,718,592 weights for 4,718,592"
    )
