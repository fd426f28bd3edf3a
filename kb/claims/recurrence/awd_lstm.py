"""AWD-LSTM: three LSTMs whose recurrent matrices are thinned once a sequence, and the size of the printed models."""

from functools import partial
from typing import TYPE_CHECKING, Any

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]
    Layers = list[tuple[Tensor, Tensor, Tensor]]

_WIDTH = 4
_ENDS = ("", "_2", "_3")


def _draw(draw: Draw) -> "tuple[Tensor, Weights]":
    w = {f"{one}_ifgo{end}": draw.normal(4, _WIDTH, _WIDTH) for end in _ENDS for one in "wu"}
    return draw.normal(2, 4, _WIDTH), w | {f"b_ifgo{end}": draw.normal(4, _WIDTH) for end in _ENDS}


def _run(x: "Tensor", layers: "Layers", **options: Any) -> "Tensor":
    """Return the answers of shipped LSTMs, one on top of the other."""
    from kb.reference.lstm import lstm

    for w, u, b in layers:
        x, _ = lstm(x, {"w_ifgo": w, "u_ifgo": u, "b_ifgo": b}, **options)
    return x


def _layers(w: "Weights", ends: tuple[str, ...] = _ENDS) -> "Layers":
    return [(w[f"w_ifgo{end}"], w[f"u_ifgo{end}"], w[f"b_ifgo{end}"]) for end in ends]


def _check_whole(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against three shipped LSTMs."""
    x, w = _draw(draw)
    return Measurement(relative(subject(x, w), _run(x, _layers(w))))


def _undropped(x: "Tensor", w: "Weights", weight_drop: float = 0.0, dropout: float = 0.0) -> "Tensor":
    import torch

    from kb.reference.awd_lstm import awd_lstm

    # interrupted behind the first token
    options: dict[str, Any] = {"weight_drop": weight_drop, "dropout": dropout}
    first, state = awd_lstm(x[:, :1], w, **options)
    return torch.cat([first, awd_lstm(x[:, 1:], w, state, **options)[0]], dim=1)


def _shared(x: "Tensor", w: "Weights") -> "Tensor":
    return _undropped(x, {name: w[name.rstrip("_23")] for name in w})


def _two_layers(x: "Tensor", w: "Weights") -> "Tensor":
    return _run(x, _layers(w)[:2])


def _check_masks(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject, which is given the masks that gradients reveal, against the shipped AWD-LSTM; one where
    all gates of a layer share a mask."""
    import torch

    from kb.reference.awd_lstm import awd_lstm

    x, w = _draw(draw)
    leaves = {name: one.requires_grad_() for name, one in w.items() if name[0] == "u"}
    y, _ = awd_lstm(x, w, weight_drop=0.5, seed=draw.seed)
    # a weight that is missing at every step has no influence, and no gradient
    slopes = torch.autograd.grad(y.square().sum(), list(leaves.values()))
    masks = [(slope != 0).to(x.dtype) for slope in slopes]
    # four gates with one mask between them would be another model
    shared = float(any(bool((mask == mask[:1]).all()) for mask in masks))
    with torch.no_grad():
        return Measurement(find_worst([relative(subject(x, w, masks), y), shared]))


def _thinned(x: "Tensor", w: "Weights", masks: "list[Tensor]", scale: float = 2.0, drops: str = "u") -> "Tensor":
    """Return three LSTMs whose matrices U, or W, or outputs, have lost what the masks cut."""
    layers = _layers(w)
    if drops == "w":
        return _run(x, [(W * scale * mask, u, b) for (W, u, b), mask in zip(layers, masks, strict=True)])
    return _run(x, [(W, u * scale * mask, b) for (W, u, b), mask in zip(layers, masks, strict=True)])


def _one_mask(x: "Tensor", w: "Weights", masks: "list[Tensor]") -> "Tensor":
    return _thinned(x, w, masks[:1] * 3)


def _one_gate(x: "Tensor", w: "Weights", masks: "list[Tensor]") -> "Tensor":
    return _thinned(x, w, [mask[:1].expand_as(mask) for mask in masks])


def _new_masks(x: "Tensor", w: "Weights", masks: "list[Tensor]") -> "Tensor":
    import torch

    from kb.reference.awd_lstm import awd_lstm

    # the third token and those behind it see what the first two did not
    half, rest = ({**w, **_masked(w, masks, kept)} for kept in (True, False))
    first, state = awd_lstm(x[:, :2], half, weight_drop=0.0)
    return torch.cat([first, awd_lstm(x[:, 2:], rest, state, weight_drop=0.0)[0]], dim=1)


def _masked(w: "Weights", masks: "list[Tensor]", kept: bool) -> "Weights":
    return {
        f"u_ifgo{end}": w[f"u_ifgo{end}"] * 2 * (mask if kept else 1 - mask)
        for end, mask in zip(_ENDS, masks, strict=True)
    }


def _check_sizes(subject: Subject, draw: Draw) -> Measurement:
    """Measure by how many millions the subject's counts, cut off, miss the two that are printed."""
    counts = subject(10_000), subject(33_278)
    apart = [abs(count // 1_000_000 - printed) for count, printed in zip(counts, (24, 33), strict=True)]
    return Measurement(find_worst(apart), f"{counts[0]:,} and {counts[1]:,}")


def _count(words: int, **other: Any) -> int:
    """Return the weights of the preset for a vocabulary: three layers of 1150, 1150 and 400 cells."""
    from kb.reference.presets.awd_lstm import AwdLstm
    from kb.reference.presets.parts import count_parts

    return sum(count_parts(AwdLstm(vocabulary=words, **other).list_parts()).values())


def _untied(words: int) -> int:
    return _count(words, tied=False)


_PAPER = "arxiv:1708.02182"
_INPUTS = "standard normal x, weights and biases; B 2, T 4, D 4, three layers; float64"

CLAIMS = (
    Claim(
        id="awd-lstm-with-nothing-dropped-is-three-lstms",
        statement="With nothing dropped, an AWD-LSTM is three LSTMs with forget gates, one on top of the other.",
        kind="reduction",
        between=("lstm", "forget-gate", "awd-lstm"),
        evidence=Evidence(_PAPER, "Section 2"),
        inputs=_INPUTS + "; in two parts",
        equation=r"M^l = 1,\ m^l = 1: \quad h^l_t = \mathrm{LSTM}\big(h^{l-1}_t, h^l_{t-1}\big)",
        bound=1e-12,
        why_bound="The same sums in three layers and four steps.",
        family="recurrence",
        check=_check_whole,
        subject=_undropped,
        wrong_variants={
            "three tenths of the recurrent weights dropped": partial(_undropped, weight_drop=0.3),
            "channels dropped": partial(_undropped, dropout=0.5),
            "one set of weights for the three layers": _shared,
            "two layers": _two_layers,
        },
        executes=("awd-lstm", "lstm"),
    ),
    Claim(
        id="awd-lstm-thins-its-recurrent-matrices-once-a-sequence",
        statement=(
            "In training an AWD-LSTM is three ordinary LSTMs whose recurrent matrices have lost the same weights at "
            "every step and for every sequence, a mask for each layer and gate, and what is left counts double where "
            "half is dropped."
        ),
        kind="equality",
        between=("dropconnect", "awd-lstm"),
        evidence=Evidence(_PAPER, "Section 2"),
        inputs=_INPUTS + "; half of the recurrent weights dropped, the masks read off the gradients",
        equation=r"U^l \mapsto M^l \odot U^l, \qquad M^l_{ij} \in \{0, \tfrac{1}{1 - p}\}",
        bound=1e-12,
        why_bound="The same sums in three layers and four steps.",
        pitfall="In use nothing is dropped and nothing is scaled.",
        family="recurrence",
        check=_check_masks,
        subject=_thinned,
        wrong_variants={
            "what is left not scaled up": partial(_thinned, scale=1.0),
            "the input's matrices thinned": partial(_thinned, drops="w"),
            "one mask for the three layers": _one_mask,
            "one mask for the four gates": _one_gate,
            "another mask behind the second token": _new_masks,
        },
        executes=("awd-lstm", "lstm"),
    ),
    Claim(
        id="awd-lstm-has-24-and-33-million-weights",
        statement=(
            "Three layers of 1,150, 1,150 and 400 cells with two biases each, and one matrix for embedding and head, "
            "have 24,221,600 weights for 10,000 words and 33,556,078 for 33,278: cut off, the 24 and 33 million that "
            "are printed."
        ),
        kind="count",
        between=("weight-tying", "awd-lstm"),
        evidence=Evidence(_PAPER, "Tables 1 and 2"),
        inputs="shapes alone: the vocabularies of Penn Treebank and WikiText-2",
        equation=r"N = 4 \sum_l \left(D_{l-1} D_l + D_l^2 + 2 D_l\right) + 400 V + V",
        bound=0,
        why_bound="Whole millions, cut off: they meet the printed ones or not.",
        pitfall=(
            "The library's default of 1,152 cells gives the same millions: 24,283,280 and 33,617,758; only the exact "
            "number of weights tells the two apart."
        ),
        family="recurrence",
        check=_check_sizes,
        subject=_count,
        wrong_variants={
            "embedding and head apart": _untied,
            "two layers": partial(_count, layers=2),
            "1,000 cells": partial(_count, hidden=1000),
        },
        executes=("awd-lstm",),
        draws=1,
    ),
)
