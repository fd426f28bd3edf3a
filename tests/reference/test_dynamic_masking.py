"""Truth of dynamic masking."""

import types

import pytest
import torch
from torch import Tensor

FILE = "dynamic_masking"
SIZES = {"B": 3, "T": 12, "D": 6, "C": 30}
WRONG = {
    "one mask for ever": ("seed * 1_000_003 + draw", "seed * 1_000_003"),
    "always static": ("reading % copies if copies else reading", "reading % 10"),
    "copies never come back": ("reading % copies if copies else reading", "reading"),
    "copies stand for one reading after another": ("reading % copies", "reading // copies"),
    "seed and reading are one number": ("seed * 1_000_003 + draw", "seed + draw"),
    "seed ignored": ("seed * 1_000_003 + draw", "draw"),
    "one mask for all rows": (
        "torch.rand(tokens.shape, generator=generator)",
        "torch.rand(tokens.shape[1], generator=generator).expand(tokens.shape)",
    ),
    "shuffled across rows": (".argsort(dim=1)", ".argsort(dim=0)"),
    "rounded up": ("round(rate * tokens.shape[1])", "-int(-rate * tokens.shape[1] // 1)"),
    "none may be chosen": ("max(1, round(rate * tokens.shape[1]))", "round(rate * tokens.shape[1])"),
    "the text is not hidden": ("E[corrupted]", "E[tokens]"),
    "the mean over words that are not hidden": (
        "E[corrupted].mean(dim=1)",
        "E[tokens].mul(~chosen[..., None]).mean(dim=1)",
    ),
    "the sum of the words": ("mean(dim=1)", "sum(dim=1)"),
    "loss at every place": (" * chosen", ""),
    "loss where nothing was hidden": (" * chosen", " * ~chosen"),
    "a table of its own for the output": ("@ E.T", "@ E.detach().T"),
    "no bias of the words": (' + w["b_word"]', ' + 0 * w["b_word"]'),
    "another mask": ("MASK = 0", "MASK = 1"),
    "the hidden text as target": ("gather(-1, tokens)", "gather(-1, corrupted)"),
}


def guess(tokens: Tensor, embedding: Tensor, b_word: Tensor, hidden: list[list[bool]]) -> Tensor:
    """Row by row and place by place; ``hidden`` says where the gaps are."""
    losses = []
    for row, gaps in zip(tokens.tolist(), hidden, strict=True):
        read = [0 if gap else word for word, gap in zip(row, gaps, strict=True)]
        mean = sum(embedding[word] for word in read) / len(row)
        fit = torch.stack([(mean * one).sum() for one in embedding]) + b_word
        losses += [
            fit.exp().sum().log() - fit[word] if gap else 0 * fit[0] for word, gap in zip(row, gaps, strict=True)
        ]
    return torch.stack(losses).view(tokens.shape)


def check(module: types.ModuleType, draw, agree) -> None:
    function = module.dynamic_masking
    inputs = draw(FILE, SIZES)
    w = {name: tensor for name, tensor in inputs.items() if name != "tokens"}

    def gaps(T: int = 12, **settings) -> list[list[bool]]:
        return (function(inputs["tokens"][:, :T], w, **settings) > 0).tolist()

    for settings in ({}, {"reading": 5, "rate": 0.4}, {"reading": 9, "copies": 4, "seed": 2, "rate": 1.0}):
        hidden = gaps(**settings)
        share = settings.get("rate", 0.15)
        assert [sum(row) for row in hidden] == 3 * [round(12 * share)]
        agree(
            lambda tokens, settings=settings, **w: function(tokens, w, **settings),
            lambda hidden=hidden, **inputs: guess(**inputs, hidden=hidden),
            inputs,
        )
    assert [sum(row) for row in gaps(T=2)] == [1, 1, 1]
    assert [sum(row) for row in gaps(T=4, rate=0.3)] == [1, 1, 1]
    assert gaps(T=1) == [[True]] * 3
    assert gaps() == gaps(reading=0, copies=0, rate=0.15, seed=0)

    readings = [gaps(reading=e) for e in range(40)]
    assert torch.tensor(readings).any(dim=0).all()
    assert len({str(one) for one in readings}) == 40
    assert all(one[0] != one[1] or one[1] != one[2] for one in readings[:3])
    stored = [gaps(reading=e, copies=4) for e in range(12)]
    assert stored == 3 * readings[:4]
    others = [gaps(reading=e, seed=1) for e in range(40)]
    assert not [one for one in others if one in readings]
    loud = {**w, "embedding": 300 * w["embedding"]}
    assert function(inputs["tokens"], loud).isfinite().all()


def test_agrees_place_by_place(shipped, draw, agree):
    check(shipped(FILE), draw, agree)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw, agree):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw, agree)


def test_after_a_hundred_readings_a_stored_text_shows_ten_masks_and_a_drawn_one_a_hundred(shipped, draw):
    inputs = draw(FILE, {**SIZES, "T": 40})
    tokens = inputs.pop("tokens")

    def masks(copies: int) -> int:
        losses = [shipped(FILE).dynamic_masking(tokens, inputs, reading=e, copies=copies) for e in range(100)]
        return len({str((one > 0).tolist()) for one in losses})

    assert (masks(10), masks(0)) == (10, 100)
