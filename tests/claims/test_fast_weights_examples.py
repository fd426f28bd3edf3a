"""The smallest inputs on which popular beliefs about fast weights fail, worked out by hand once."""

import math

import pytest
import torch

from kb.claims.registry import get_claim
from kb.records import Example

torch.set_num_threads(1)


def _example(id: str) -> Example:
    claim = get_claim(id)
    assert claim.smallest is not None
    found = claim.smallest(claim.subject)
    assert found is not None
    return found


def _flat(numbers: object) -> list[float]:
    return torch.tensor(numbers).flatten().tolist()


@pytest.mark.parametrize(
    ("id", "inputs", "outputs"),
    [
        # phi(0) = 1, phi(1) = 2: the product is 2, and 2 / 2 = 1 with the denominator
        (
            "normalised-linear-attention-is-the-1991-fast-weight-programmer",
            {"q": [0], "k": [1], "v": [1]},
            {"linear attention": [1], "fast weight programmer": [2]},
        ),
        # all logits 0: shares of one half; products of features 1 and 2: a share of two thirds
        (
            "softmax-and-linear-attention-are-one-function",
            {"q": [0, 0], "k": [0, 1], "v": [0, 1]},
            {"softmax attention": [0, 1 / 2], "linear attention": [0, 2 / 3]},
        ),
        (
            "reading-before-or-after-writing-is-the-same",
            {"q": [1], "k": [1], "v": [1]},
            {"read, then write": [0], "write, then read": [1]},
        ),
        # nothing happens at the second token but that the matrix is squashed once more
        (
            "squashing-the-matrix-or-each-write-is-the-same",
            {"q": [0, 1], "k": [1, 0], "v": [1, 0]},
            {
                "each write squashed": [0, math.tanh(1)],
                "the matrix squashed": [0, math.tanh(math.tanh(1))],
            },
        ),
        # 1 / (1 + 1/2) where lambda divides the penalty, 1 / (1 + 2) where it is the penalty
        (
            "lambda-of-the-mesa-layer-is-its-penalty",
            {"q": [1], "k": [1], "v": [1]},
            {"mesa layer at lambda 2": [2 / 3], "ridge with penalty 2": [1 / 3]},
        ),
        # values 0 and 1 under one key: half of the way by the delta rule, 1 / (2 + 1) by least squares
        (
            "one-pass-of-the-delta-rule-is-least-squares",
            {"q": [0, 1], "k": [1, 1], "v": [0, 1]},
            {"delta rule": [0, 1 / 2], "mesa layer": [0, 1 / 3]},
        ),
        # written 1/2, faded to 1/4, asked for nothing: the error takes half of 1/4 or half of 1/2 away
        (
            "gated-delta-rule-takes-its-error-before-it-fades",
            {"q": [0, 1], "k": [1, 1], "v": [1, 0], "beta": [1 / 2, 1 / 2], "decay": [1 / 2, 1 / 2]},
            {"gated delta rule": [0, 1 / 8], "error before decay": [0, 0]},
        ),
        # keys (1, 0) and (0.8, 0.6): the delta rule's second write undoes what the first key is told
        (
            "the-delta-rule-recalls-more-than-the-sum",
            {"k": [1, 0, 0.8, 0.6], "v": [1, -1]},
            {"sum answers": [0.2, -0.2], "delta rule answers": [-0.44, -1]},
        ),
        # phi(0) = 1 and phi(-8) = e^-8: their product is all that stands in the denominator
        (
            "the-constant-in-the-denominator-is-harmless",
            {"q": [0], "k": [-8], "v": [1]},
            {"with the constant": [math.exp(-8) / (math.exp(-8) + 1e-6)], "as printed": [1]},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_smallest_example_is_what_a_reader_gets_by_hand(
    id: str, inputs: dict[str, list[float]], outputs: dict[str, list[float]]
):
    found = _example(id)

    assert list(found.inputs) == list(inputs)
    for name, given in inputs.items():
        assert _flat(found.inputs[name]) == pytest.approx(given), name
    assert list(found.outputs) == list(outputs)
    for name, wanted in outputs.items():
        assert _flat(found.outputs[name]) == pytest.approx(wanted, abs=1e-6), name
