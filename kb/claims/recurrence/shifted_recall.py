"""Token shift and recall: one layer of attention finds what followed a key only if tokens see the one before."""

from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

_PAIRS, _WORDS, _WIDTH = 4, 8, 32
_BATCH, _STEPS, _RATE = 32, 250, 1e-2


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure how much more of the values is recalled with the token shift than without, the lesser of two mixers."""
    shares = [(subject(draw, mixer, True), subject(draw, mixer, False)) for mixer in ("softmax", "linear")]
    told = "; ".join(f"{shifted:.0%} and {plain:.0%}" for shifted, plain in shares)
    return Measurement(find_worst((shifted - plain for shifted, plain in shares), "at least"), told)


def _train(draw: Draw, mixer: str, shifted: bool, reach: int = 1) -> float:
    """Train one layer by Adam and return the share of a thousand fresh sequences in which it recalls the value.

    Keys and values take turns, each key once; the last token is one of the keys, and is to be answered with the value
    that stood behind it.

    Parameters
    ----------
    shifted : whether every token is mixed, half and half, with the one ``reach`` before
    """
    import torch
    from torch.nn.functional import cross_entropy

    words = draw.normal(2 * _WORDS, _WIDTH, scale=0.5)
    maps = draw.normal(4, _WIDTH, _WIDTH, scale=_WIDTH**-0.5)
    weights = [words.requires_grad_(), maps.requires_grad_()]
    descend = torch.optim.Adam(weights, lr=_RATE)
    for _ in range(_STEPS):
        tokens, wanted = _draw_sequences(draw, _BATCH)
        loss = cross_entropy(_answer(tokens, words, maps, mixer, reach if shifted else 0), wanted)
        for weight, slope in zip(weights, torch.autograd.grad(loss, weights), strict=True):
            weight.grad = slope
        descend.step()
    with torch.no_grad():
        tokens, wanted = _draw_sequences(draw, 1000)
        found = _answer(tokens, words, maps, mixer, reach if shifted else 0).argmax(dim=1)
    return float((found == wanted).double().mean())


def _draw_sequences(draw: Draw, B: int) -> "tuple[Tensor, Tensor]":
    """Return tokens (B, 2 pairs + 1), values counted on from the keys, and the value that is asked for (B)."""
    import torch

    keys = draw.uniform(0, 1, B, _WORDS).argsort(dim=1)[:, :_PAIRS]
    values, asked = draw.integers(0, _WORDS, B, _PAIRS), draw.integers(0, _PAIRS, B, 1)
    tokens = torch.stack([keys, values + _WORDS], dim=2).flatten(1)
    return torch.cat([tokens, keys.gather(1, asked)], dim=1), values.gather(1, asked)[:, 0]


def _answer(tokens: "Tensor", words: "Tensor", maps: "Tensor", mixer: str, reach: int) -> "Tensor":
    """Return the logits of the values (B, words) at the last token: one layer, keys and queries shifted."""
    from kb.reference.linear_attention import linear_attention
    from kb.reference.rwkv_4 import _shift
    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    x = words[tokens]
    mixed = x
    for _ in range(reach):
        # what the shipped block makes of its tokens, zero before the first
        mixed = _shift(mixed, 0 * x[:, 0])
    mixed = (x + mixed) / 2
    q, k, v = ((one @ weight)[:, :, None] for one, weight in zip((x, mixed, x), maps[:3], strict=True))
    attend = scaled_dot_product_attention if mixer == "softmax" else linear_attention
    o = attend(4 * q, 4 * k, v)[0][:, -1, 0]
    return o @ maps[3] @ words[_WORDS:].T


def _never(draw: Draw, mixer: str, shifted: bool) -> float:
    return _train(draw, mixer, False)


def _always(draw: Draw, mixer: str, shifted: bool) -> float:
    return _train(draw, mixer, True)


CLAIMS = (
    Claim(
        id="one-layer-recalls-with-token-shift-alone",
        statement=(
            "One layer of attention, softmax or linear, learns to recall the value that stood behind a key if "
            "the map to keys reads every token mixed with the one before; if not, it guesses among the four values "
            "at hand."
        ),
        kind="ordering",
        between=("token-shift", "associative-recall", "induction-head", "rwkv-4"),
        evidence=Evidence("arxiv:2305.13048", "Section on token shift"),
        inputs="4 of 8 keys, 8 values, width 32; 250 steps of Adam, 32 sequences a step; a thousand to test; float64",
        bound=0.4,
        why_bound=(
            "A margin of the ordering over seeds. Without the shift no token holds both a key and its value: one of "
            "four values at hand is right, 0.24 to 0.42 of the time since some are repeated; with it all are."
        ),
        pitfall="Two layers do without: the first can do what the shift does.",
        papers=("arxiv:2209.11895", "arxiv:2312.04927"),
        holds="at least",
        cost="trend",
        draws=3,
        family="recurrence",
        check=_check,
        subject=_train,
        wrong_variants={
            "no shift in either": _never,
            "a shift in both": _always,
            "a shift by two tokens": partial(_train, reach=2),
        },
        executes=("rwkv-4", "scaled-dot-product-attention", "linear-attention"),
    ),
)
