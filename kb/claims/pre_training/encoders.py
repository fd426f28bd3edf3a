"""The masked language model's network, its gaps, and texts of unequal lengths end to end."""

from collections.abc import Sequence
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
    """Measure the subject's losses of a text with one gap against the library's encoder layer."""
    w = draw_text_model(draw, words=_WORDS, tokens=_TOKENS)
    tokens = draw.integers(1, _WORDS, 2, _TOKENS)
    return Measurement(relative(subject(tokens, w), _by_the_library(tokens, w)))


def _shipped(tokens: "Tensor", w: "Weights", **options: float) -> "Tensor":
    from kb.reference.masked_language_model import masked_language_model

    return masked_language_model(tokens, w, masked=1.0, random=0.0, **options)  # type: ignore[arg-type]


def _by_the_library(tokens: "Tensor", w: "Weights", *, norm_first: bool = False) -> "Tensor":
    """Return losses at the gaps: the shipped ones say where they are, torch's encoder layer what they cost."""
    from torch.nn.functional import cross_entropy, layer_norm

    gaps = _shipped(tokens, w) > 0
    x = w["embedding"][tokens.masked_fill(gaps, 0)] + w["position"]
    x = layer_norm(x, (_WIDTH,), w["g_0"], w["c_0"], 1e-12)
    h = run_library_layer(x, w, eps=1e-12, norm_first=norm_first)
    logits = h @ w["embedding"].T + w["b_word"]
    return cross_entropy(logits.transpose(1, 2), tokens, reduction="none") * gaps


def _as_shipped(tokens: "Tensor", w: "Weights") -> "Tensor":
    return _shipped(tokens, w)


def _norm_first(tokens: "Tensor", w: "Weights") -> "Tensor":
    return _by_the_library(tokens, w, norm_first=True)


def _without_places(tokens: "Tensor", w: "Weights") -> "Tensor":
    return _shipped(tokens, {**w, "position": 0 * w["position"]})


def _one_head(tokens: "Tensor", w: "Weights") -> "Tensor":
    return _shipped(tokens, w, heads=1)


def _no_bias_for_words(tokens: "Tensor", w: "Weights") -> "Tensor":
    return _shipped(tokens, {**w, "b_word": 0 * w["b_word"]})


def _left_context_alone(tokens: "Tensor", w: "Weights") -> "Tensor":
    from kb.reference.generative_pre_training import generative_pre_training

    return generative_pre_training(tokens, w, norm="post") * (_shipped(tokens, w) > 0)


def _check_ends(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject, which gets sequences of unequal lengths, against attention to each by itself."""
    from kb.reference.multi_head_attention import multi_head_attention

    sequences = [draw.normal(length, _WIDTH) for length in (3, 5, 2)]
    places = draw.normal(10, _WIDTH)
    w = {name: draw.normal(_WIDTH, _WIDTH, scale=0.5) for name in ("w_q", "w_k", "w_v", "w_o")}
    expected = [multi_head_attention((x + places[: len(x)])[None], w, causal=False)[0] for x in sequences]
    found = subject(sequences, places, w)
    return Measurement(find_worst(relative(one, other) for one, other in zip(found, expected, strict=True)))


def _attend(x: "Tensor", w: "Weights", seen: "Tensor") -> "Tensor":
    """Return attention of two heads among tokens (..., T, D), each to those it sees (..., T, T)."""
    q, k, v = ((x @ w[name]).view(*x.shape[:-1], 2, -1).transpose(-2, -3) for name in ("w_q", "w_k", "w_v"))
    scores = q @ k.transpose(-1, -2) / (_WIDTH // 2) ** 0.5
    shares = scores.masked_fill(~seen.unsqueeze(-3), float("-inf")).softmax(dim=-1)
    heads: Tensor = (shares @ v).transpose(-2, -3)
    return heads.flatten(-2) @ w["w_o"]


def _end_to_end(
    sequences: "Sequence[Tensor]", places: "Tensor", w: "Weights", *, restart: bool = True, blocks: bool = True
) -> "Sequence[Tensor]":
    import torch

    lengths = [len(x) for x in sequences]
    own = torch.cat([places[:length] for length in lengths]) if restart else places[: sum(lengths)]
    which = torch.arange(len(lengths)).repeat_interleave(torch.tensor(lengths))
    seen = which[:, None] == which if blocks else torch.ones(len(which), len(which), dtype=torch.bool)
    return torch.split(_attend(torch.cat(list(sequences)) + own, w, seen), lengths)


def _places_go_on(sequences: "Sequence[Tensor]", places: "Tensor", w: "Weights") -> "Sequence[Tensor]":
    return _end_to_end(sequences, places, w, restart=False)


def _all_see_all(sequences: "Sequence[Tensor]", places: "Tensor", w: "Weights") -> "Sequence[Tensor]":
    return _end_to_end(sequences, places, w, blocks=False)


def _padded(sequences: "Sequence[Tensor]", places: "Tensor", w: "Weights") -> "Sequence[Tensor]":
    """Return attention over rows of one length, padding left in sight."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    rows = pad_sequence(list(sequences), batch_first=True)
    seen = torch.ones(rows.shape[1], rows.shape[1], dtype=torch.bool).expand(len(rows), -1, -1)
    found = _attend(rows + places[: rows.shape[1]], w, seen)
    return [row[: len(x)] for row, x in zip(found, sequences, strict=True)]


CLAIMS = (
    Claim(
        id="bert-is-a-post-ln-encoder-that-guesses-gaps",
        statement=(
            "The masked language model is the library's encoder layer that normalises last, on normalised sums of "
            "words and places, whose outputs are scored against the table of words itself; only gaps cost anything."
        ),
        kind="equality",
        between=("post-ln", "weight-tying", "masked-language-model"),
        evidence=Evidence("arxiv:1810.04805", "Section 3 and appendix A"),
        inputs="two random texts of 6 of 6 words, one gap each; normal weights, width 4, 2 heads; float64",
        equation=r"\ell_i = -[i \in M] \ln \mathrm{softmax}(E h_i + b)_{x_i}",
        bound=1e-11,
        why_bound="The same layer in another library's order: rounding is near 1e-15, times a small variance.",
        family="pre-training",
        check=_check,
        subject=_as_shipped,
        wrong_variants={
            "a norm first": _norm_first,
            "without places": _without_places,
            "one head": _one_head,
            "no bias for the words": _no_bias_for_words,
            "context on the left alone": _left_context_alone,
        },
        executes=("masked-language-model", "generative-pre-training"),
    ),
    Claim(
        id="texts-end-to-end-need-a-mask-of-blocks-and-places-that-restart",
        statement=(
            "Texts of unequal lengths put end to end, without padding, give what each gives by itself, if a token "
            "sees its own text alone and every text counts its places from the start."
        ),
        kind="equality",
        between=("multi-head-attention", "masked-language-model", "mosaic-bert"),
        evidence=Evidence("arxiv:2312.17482", "Section on the changed architecture, the part on unpadding"),
        inputs="texts of 3, 5 and 2 normal tokens, normal places and weights; width 4, 2 heads; float64",
        bound=1e-12,
        why_bound="The same terms, zeros among them on one side: rounding is near 1e-15.",
        pitfall=(
            "Where positions are distances, as MosaicBERT's are, they need not restart; the mask is needed all the "
            "same."
        ),
        family="pre-training",
        check=_check_ends,
        subject=_end_to_end,
        wrong_variants={
            "places that go on": _places_go_on,
            "no mask": _all_see_all,
            "padding in sight": _padded,
        },
        executes=("multi-head-attention",),
    ),
)
