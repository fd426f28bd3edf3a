"""The smallest inputs on which popular beliefs about attention and histories fail, worked out by hand once."""

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


def _share(logit: float, others: int = 1) -> float:
    """Return the share of one token with this logit among others with logit zero."""
    return math.exp(logit) / (math.exp(logit) + others)


@pytest.mark.parametrize(
    ("id", "inputs", "outputs"),
    [
        # the second token looks at (0, 0) and itself: its product with itself is 1, over the root of 2 or of 1
        (
            "splitting-attention-into-heads-changes-nothing-but-its-layout",
            {"x": [0, 0, 0, 1]},
            {"one head": [0, 0, 0, _share(1 / math.sqrt(2))], "two heads": [0, 0, 0, _share(1)]},
        ),
        # all products 0, so a half each; but of the keys, 0 and 1, the softmax over tokens is 1 to e
        (
            "two-softmaxes-make-the-softmax-of-the-products",
            {"q": [0, 0], "k": [0, 1], "v": [0, 1]},
            {"softmax of the products": [1 / 2, 1 / 2], "two softmaxes": [_share(1), _share(1)]},
        ),
        # two heads with one channel each, products 0 or 1: the third token sees one other token, or two
        (
            "a-layer-with-a-memory-reads-the-whole-text",
            {"x": [0, 0, 0, 0, 0, 1]},
            {
                "segments of one token": [0, 0, 0, 0, 0, _share(1)],
                "the whole text": [0, 0, 0, 0, 0, _share(1, others=2)],
            },
        ),
        # one token: each head answers with its own value, or both with their mean
        (
            "averaging-the-heads-of-a-model-keeps-its-function",
            {"q": [0, 0], "k": [0, 0], "v": [0, 1]},
            {"keys for each head": [0, 1], "their mean for all": [1 / 2, 1 / 2]},
        ),
        # word 1 was counted once, behind the mark. Behind word 1 nothing was seen: one of three words, 1/3 each;
        # without history 1.01 of 1.03
        (
            "a-longer-history-predicts-no-worse",
            {"text": [1, 1]},
            {"a word of history": [math.log(3)], "no history": [-math.log(1.01 / 1.03)]},
        ),
    ],
)
def test_the_smallest_example_is_the_one_worked_out_by_hand(
    id: str, inputs: dict[str, list[float]], outputs: dict[str, list[float]]
):
    found = _example(id)

    assert {name: _flat(one) for name, one in found.inputs.items()} == inputs
    assert set(found.outputs) == set(outputs)
    for name, expected in outputs.items():
        assert _flat(found.outputs[name]) == pytest.approx(expected, abs=1e-6)
