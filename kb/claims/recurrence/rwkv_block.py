"""RWKV-4's block: put together from shifted tokens, AFT's average and a gated network, and its sizes."""

from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]

_WIDTH, _HIDDEN = 4, 6
_VECTORS = ("g_1", "g_2", "c_1", "c_2", "mu_r", "mu_k", "mu_v", "nu_r", "nu_k", "time_decay", "time_first")
_PARTS = ("shifted tokens", "norms", "gates", "squares")


def _check_block(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst difference between the subject and the shipped block, whole, in parts and in parallel."""
    import torch

    from kb.reference.rwkv_4 import rwkv_4

    x, w = draw.normal(2, 6, _WIDTH), {name: draw.normal(_WIDTH) for name in _VECTORS}
    w |= {name: draw.normal(_WIDTH, _WIDTH, scale=0.5) for name in ("w_r", "w_k", "w_v", "w_o", "w_gate")}
    w |= {"w_1": draw.normal(_WIDTH, _HIDDEN), "w_2": draw.normal(_HIDDEN, _WIDTH)}
    found, (first, state) = subject(x, w), rwkv_4(x[:, :2], w)
    parts = torch.cat([first, rwkv_4(x[:, 2:], w, state)[0]], dim=1)
    shipped = rwkv_4(x, w)[0], rwkv_4(x, w, form="parallel")[0], parts
    return Measurement(find_worst(relative(found, one) for one in shipped))


def _put_together(x: "Tensor", w: "Weights", without: str = "", back: int = 1) -> "Tensor":
    """Return the block from the shipped layer normalisation, AFT and squared ReLU, tokens shifted by a convolution.

    Parameters
    ----------
    without : one of the parts that is left out
    back    : how far behind the token is that each is mixed with
    """
    from kb.reference.layer_normalisation import layer_normalisation
    from kb.reference.squared_relu import squared_relu

    def norm(y: "Tensor", end: str) -> "Tensor":
        gain = {"g": w[f"g_{end}"], "b": w[f"c_{end}"]}
        return y if without == "norms" else layer_normalisation(y, gain, eps=1e-5)

    def mixed(y: "Tensor", share: str) -> "Tensor":
        return y if without == "shifted tokens" else _convolve(y, w[share], back)

    def gate(y: "Tensor") -> "Tensor":
        return y * 0 + 1 if without == "gates" else y.sigmoid()

    y = norm(x, "1")
    r, k, v = (mixed(y, f"mu_{one}") @ w[f"w_{one}"] for one in "rkv")
    x = x + (gate(r) * _average(k, v, w)) @ w["w_o"]
    y = norm(x, "2")
    r, k = mixed(y, "nu_r") @ w["w_gate"], mixed(y, "nu_k")
    plain = {"w_1": w["w_1"], "w_2": w["w_2"], "b_1": 0 * w["w_1"][0], "b_2": 0 * w["w_2"][0]}
    network = (k @ w["w_1"]).relu() @ w["w_2"] if without == "squares" else squared_relu(k, plain)
    return x + gate(r) * network


def _convolve(y: "Tensor", share: "Tensor", back: int) -> "Tensor":
    """Return every token's ``share`` of itself and the rest of a token before it, zero before the first."""
    import torch

    # a causal convolution over two tokens, each channel with a kernel of its own
    kernel = torch.stack([1 - share, share], dim=-1)[:, None]
    padded = torch.nn.functional.pad(y.mT, (back, 0))
    answers: Tensor = torch.nn.functional.conv1d(padded, kernel, groups=y.shape[-1], dilation=back)
    return answers.mT


def _average(k: "Tensor", v: "Tensor", w: "Weights") -> "Tensor":
    """Return wkv as AFT's average, a channel at a time, with decay and bonus for biases."""
    import torch

    from kb.reference.attention_free_transformer import attention_free_transformer

    t = torch.arange(k.shape[1], dtype=k.dtype)
    between, outputs = t[:, None] - 1 - t, []
    for channel in range(k.shape[-1]):
        bias = torch.where(between < 0, w["time_first"][channel], -between * w["time_decay"][channel].exp())
        one, value = (y[:, :, None, channel : channel + 1] for y in (k, v))
        outputs.append(2 * attention_free_transformer(0 * one, one, value, bias)[:, :, 0])
    return torch.cat(outputs, dim=-1)


def _check_counts(subject: Subject, draw: Draw) -> Measurement:
    """Measure by how many parameters the subject and the shipped models are apart, and by how many times its unit
    each of six printed figures is off."""
    from kb.reference.presets.listing import find_presets

    presets = find_presets("rwkv-4")
    apart = [abs(subject(one.config["layers"], one.config["width"]) - one.parameters.counted) for one in presets]
    apart += [int(not one.parameters.met) for one in presets]
    return Measurement(find_worst(apart), f"{len(presets)} models, all printed digits")


def _formula(L: int, D: int, matrices: int = 13, vectors: int = 11, tables: int = 2, ends: int = 4) -> int:
    return tables * 50_277 * D + matrices * D**2 * L + D * (vectors * L + ends)


def _check_flops(subject: Subject, draw: Draw) -> Measurement:
    """Measure how many of the six printed figures the subject misses, and by how many operations at most it is off
    what running the shipped block counts."""
    from kb.reference.presets.listing import find_presets
    from kb.reference.presets.printed import build_figure

    presets = find_presets("rwkv-4")
    found = [subject(one.config["layers"], one.config["width"]) for one in presets]
    printed = [one.flops[0] for one in presets]
    missed = sum(not build_figure(n, one.printed, "").met for n, one in zip(found, printed, strict=True))
    off = max(abs(n - one.counted) for n, one in zip(found, printed, strict=True))
    return Measurement(max(missed, off), f"{6 - missed} of 6 rows; of the text's formula none")


def _flops(L: int, D: int, tables: int = 1, matrices: int = 13, twice: int = 2) -> int:
    return twice * (tables * 50_277 * D + matrices * D**2 * L)


_PAPER = "arxiv:2305.13048"

CLAIMS = (
    Claim(
        id="rwkv-4-is-shifted-tokens-an-averaging-without-queries-and-a-gated-network",
        statement=(
            "RWKV-4's block is put together from what was there: layer normalisation first in both branches, a "
            "convolution over two tokens in front of every map, the attention-free transformer's average with a "
            "decay for its biases, and a network with squared rectifiers, both branches behind a sigmoid gate."
        ),
        kind="equality",
        between=("attention-free-transformer", "token-shift", "squared-relu", "pre-ln", "rwkv-4"),
        evidence=Evidence(_PAPER, "Section 3"),
        inputs="normal x and weights; B 2, T 6, D 4, F 6; whole, in two parts and in parallel; float64",
        equation=r"\tilde x_t = \mu \odot x_t + (1 - \mu) \odot x_{t-1} = (\kappa * x)_t,\ \kappa = (\mu, 1 - \mu)",
        bound=1e-12,
        bound_single=1e-3,
        why_bound="Sums of a few terms; two norms on the way, whose slopes are in the tens at most.",
        pitfall="Before the first token of a sequence stands zero, behind an interruption the last token.",
        papers=("arxiv:2105.14103",),
        family="recurrence",
        check=_check_block,
        subject=_put_together,
        wrong_variants={
            **{f"without {part}": partial(_put_together, without=part) for part in _PARTS},
            "tokens mixed with the last but one": partial(_put_together, back=2),
        },
        executes=("rwkv-4", "attention-free-transformer", "squared-relu", "layer-normalisation"),
    ),
    Claim(
        id="rwkv-4-has-as-many-parameters-as-its-formula",
        statement=(
            "The paper's formula, 2 V D + 13 D^2 L + D (11 L + 4), counts the shipped block in all six models to the "
            "last parameter, and all six printed figures to their last digit."
        ),
        kind="count",
        between=("rwkv-4",),
        evidence=Evidence(_PAPER, "Table 2 and the text beside it"),
        inputs="shapes alone: six models of 12 to 40 layers and widths of 768 to 5120, 50,277 words",
        equation=r"N = 2 V D + 13 D^2 L + D (11 L + 4)",
        bound=0,
        why_bound="Whole numbers.",
        pitfall=(
            "13 is 4 matrices of time mixing, and 9 of channel mixing, which is four times as wide; 11 is two norms, "
            "two vectors of wkv and five shares of the shift."
        ),
        family="recurrence",
        check=_check_counts,
        subject=_formula,
        wrong_variants={
            "twelve matrices a block, as in a Transformer": partial(_formula, matrices=12),
            "one table for words in and out": partial(_formula, tables=1),
            "ten vectors a block": partial(_formula, vectors=10),
            "no norm behind the embedding": partial(_formula, ends=2),
        },
        executes=("rwkv-4", "layer-normalisation"),
        draws=1,
    ),
    Claim(
        id="rwkv-4-flops-leave-the-embedding-out",
        statement=(
            "A token costs 2 (V D + 13 D^2 L) operations in the shipped model, and these are the printed figures in "
            "all six rows. The formula of the text, which has V D twice, gives none of them."
        ),
        kind="count",
        between=("rwkv-4",),
        evidence=Evidence(_PAPER, "Table 2 and the text beside it"),
        inputs="shapes alone: the six models' blocks run on one token without numbers, 50,277 words",
        equation=r"2 (V D + 13 D^2 L) \;\neq\; 2 (2 V D + 13 D^2 L)",
        bound=0,
        why_bound="Whole numbers, and rows met or missed.",
        pitfall="To look a token up costs no multiplication. What acts on single channels is left out, by both.",
        family="recurrence",
        check=_check_flops,
        subject=_flops,
        wrong_variants={
            "the text's formula": partial(_flops, tables=2),
            "without the head": partial(_flops, tables=0),
            "twelve matrices a block": partial(_flops, matrices=12),
            "multiplications alone": partial(_flops, twice=1),
        },
        executes=("rwkv-4", "layer-normalisation"),
        draws=1,
    ),
)
