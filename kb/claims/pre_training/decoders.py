"""Generative pre-training's network in its two orders, and masks between it and an encoder's."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.pre_training._text_models import draw_text_model, run_library_layer
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]

_WORDS, _TOKENS, _WIDTH = 7, 6, 4


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject, in both orders of the norm, against losses behind the library's encoder layer."""
    w = draw_text_model(draw, words=_WORDS, tokens=_TOKENS)
    tokens = draw.integers(0, _WORDS, 2, _TOKENS)
    return Measurement(
        find_worst(relative(subject(tokens, w, norm), _by_the_library(tokens, w, norm)) for norm in ("pre", "post"))
    )


def _by_the_library(tokens: "Tensor", w: "Weights", norm: str) -> "Tensor":
    """Return losses (B, T) of a causal layer on words and places, a norm behind it where the layer has none."""
    import torch
    from torch.nn.functional import cross_entropy, layer_norm

    x = w["embedding"][tokens] + w["position"]
    h = run_library_layer(x, w, eps=1e-5, norm_first=norm == "pre", causal=True, tanh=True)
    if norm == "pre":
        h = layer_norm(h, (_WIDTH,), w["g_last"], w["c_last"], 1e-5)
    logits = h[:, :-1] @ w["embedding"].T
    losses = cross_entropy(logits.transpose(1, 2), tokens[:, 1:], reduction="none")
    return torch.cat([0 * losses[:, :1], losses], dim=1)


def _shipped(tokens: "Tensor", w: "Weights", norm: str) -> "Tensor":
    from kb.reference.generative_pre_training import generative_pre_training

    return generative_pre_training(tokens, w, norm=norm)


def _orders_exchanged(tokens: "Tensor", w: "Weights", norm: str) -> "Tensor":
    return _shipped(tokens, w, "post" if norm == "pre" else "pre")


def _one_word_late(tokens: "Tensor", w: "Weights", norm: str) -> "Tensor":
    return _shipped(tokens, w, norm).roll(1, dims=1)


def _a_table_of_its_own(tokens: "Tensor", w: "Weights", norm: str) -> "Tensor":
    """Give words in and words out different tables, by turning all words before they are scored."""
    return _shipped((tokens + 1) % _WORDS, {**w, "position": w["position"]}, norm)


def _places_left_out(tokens: "Tensor", w: "Weights", norm: str) -> "Tensor":
    return _shipped(tokens, {**w, "position": 0 * w["position"]}, norm)


def _check_prefix(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject with no prefix against causal attention, and with a prefix of all against an encoder's."""
    from kb.reference.multi_head_attention import multi_head_attention

    x = draw.normal(2, _TOKENS, _WIDTH)
    w = {name: draw.normal(_WIDTH, _WIDTH, scale=0.5) for name in ("w_q", "w_k", "w_v", "w_o")}
    apart = [
        relative(subject(x, w, prefix), multi_head_attention(x, w, causal=not prefix)) for prefix in (0, _TOKENS)
    ]
    return Measurement(find_worst(apart), "no prefix {:.2g}, all of it {:.2g}".format(*apart))


def _see_prefix(x: "Tensor", w: "Weights", prefix: int, *, late: int = 0) -> "Tensor":
    """Return attention of two heads to what came before and, everywhere, to the first ``prefix`` tokens."""
    import torch

    q, k, v = ((x @ w[name]).view(*x.shape[:2], 2, -1).transpose(1, 2) for name in ("w_q", "w_k", "w_v"))
    t = torch.arange(_TOKENS)
    seen = (t <= t[:, None] + late) | (t < prefix)
    scores = (q @ k.transpose(-1, -2) / (_WIDTH // 2) ** 0.5).masked_fill(~seen, float("-inf"))
    heads: Tensor = (scores.softmax(dim=-1) @ v).transpose(1, 2)
    return heads.flatten(-2) @ w["w_o"]


def _plain_prefix(x: "Tensor", w: "Weights", prefix: int) -> "Tensor":
    return _see_prefix(x, w, prefix)


def _two_always(x: "Tensor", w: "Weights", prefix: int) -> "Tensor":
    return _see_prefix(x, w, max(2, prefix))


def _prefix_sees_itself_alone(x: "Tensor", w: "Weights", prefix: int) -> "Tensor":
    return _see_prefix(x, w, 0)


def _one_ahead(x: "Tensor", w: "Weights", prefix: int) -> "Tensor":
    return _see_prefix(x, w, prefix, late=1)


CLAIMS = (
    Claim(
        id="generative-pre-training-is-a-causal-layer-between-one-table",
        statement=(
            "Generative pre-training's losses are those of the library's encoder layer with a causal mask and GELU "
            "by tanh, between one table of words at both ends: with norms last as in GPT, or first, and one more "
            "behind the layer, as in GPT-2."
        ),
        kind="equality",
        between=("post-ln", "pre-ln", "weight-tying", "generative-pre-training"),
        evidence=Evidence("s2:cd18800a0fe0b668a1cc19f2ec95b5003d0a5035", "Section 3.1, equation 2"),
        inputs="two random texts of 6 of 7 words; normal weights, gains around 1, width 4, 2 heads; float64",
        equation=r"\ell_t = -\ln \mathrm{softmax}(E h_{t-1})_{w_t}",
        bound=1e-11,
        why_bound="The same layer in another library's order: rounding is near 1e-15, times a small variance.",
        papers=("s2:9405cc0d6169988371b2755e573cc28650d14dfe",),
        family="pre-training",
        check=_check,
        subject=_shipped,
        wrong_variants={
            "the two orders exchanged": _orders_exchanged,
            "losses one word late": _one_word_late,
            "other words": _a_table_of_its_own,
            "places left out": _places_left_out,
        },
        executes=("generative-pre-training",),
    ),
    Claim(
        id="attention-with-no-prefix-is-causal-and-with-all-of-it-an-encoders",
        statement=(
            "Attention in which all see a prefix, and each what came before, is causal attention where the prefix is "
            "empty and an encoder's where it is the whole text."
        ),
        kind="reduction",
        between=("generative-pre-training", "prefix-language-model"),
        evidence=Evidence("arxiv:1905.03197", "Section 2"),
        inputs="normal x and weights; B 2, T 6, width 4, 2 heads; prefixes of 0 and 6; float64",
        equation=r"m_{ij} = 0 \text{ where } j \le \max(i, n), \quad -\infty \text{ elsewhere}",
        bound=1e-12,
        why_bound="The same terms, zeros among them: rounding is near 1e-15.",
        pitfall="A prefix of one token changes nothing either, since all see the first one anyway.",
        family="pre-training",
        check=_check_prefix,
        subject=_plain_prefix,
        wrong_variants={
            "a prefix of two at least": _two_always,
            "a prefix that cannot look ahead": _prefix_sees_itself_alone,
            "the next token seen too": _one_ahead,
        },
        executes=("multi-head-attention",),
    ),
)
