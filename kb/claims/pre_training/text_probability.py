"""Which losses are the probability of a text: those of left-to-right prediction, not those of the cloze."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.pre_training._text_models import draw_text_model
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]

_WORDS, _TOKENS = 3, 2
_SEEDS = 12
"""So many readings of a text of two words, one of them hidden each time, hide both."""


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the subject's probabilities of all texts of two words are from adding up to one."""
    import torch

    w = draw_text_model(draw, words=_WORDS + 1, tokens=_TOKENS, width=8, hidden=12)
    # word 0 is <mask>: it stands in no text, and is not to be expected in one
    w["b_word"][0] = -1e3
    # attention that weighs more than the token itself: what stands beside a gap has to matter
    w["w_o"] = 10 * w["w_o"]
    words = torch.arange(1, _WORDS + 1)
    total = float(subject(torch.cartesian_prod(words, words), w).sum())
    return Measurement(abs(total - 1), f"all texts together have {total:.6f}")


def _forward(texts: "Tensor", w: "Weights", norm: str = "pre") -> "Tensor":
    """Return the losses of left-to-right prediction, of a table without <mask>."""
    from kb.reference.generative_pre_training import generative_pre_training

    return generative_pre_training(texts - 1, {**w, "embedding": w["embedding"][1:]}, norm=norm)


def _left_to_right(texts: "Tensor", w: "Weights") -> "Tensor":
    """Return the product of the shares of all words behind those before them; of the first, an equal share."""
    return (-_forward(texts, w).sum(dim=1)).exp() / _WORDS


def _left_to_right_post_ln(texts: "Tensor", w: "Weights") -> "Tensor":
    return (-_forward(texts, w, norm="post").sum(dim=1)).exp() / _WORDS


def _first_word_free(texts: "Tensor", w: "Weights") -> "Tensor":
    return (-_forward(texts, w).sum(dim=1)).exp()


def _mean_loss(texts: "Tensor", w: "Weights") -> "Tensor":
    return (-_forward(texts, w).mean(dim=1)).exp() / _WORDS


def _losses_of_the_cloze(texts: "Tensor", w: "Weights") -> "Tensor":
    """Return each word's loss (B, T) where it alone is hidden."""
    import torch

    from kb.reference.masked_language_model import masked_language_model

    readings = [
        masked_language_model(texts, w, rate=1 / _TOKENS, masked=1.0, random=0.0, seed=seed) for seed in range(_SEEDS)
    ]
    # a word that is not hidden costs nothing: of all readings the greatest is that of its own gap
    return torch.stack(readings).amax(dim=0)


def _cloze(texts: "Tensor", w: "Weights") -> "Tensor":
    return (-_losses_of_the_cloze(texts, w).sum(dim=1)).exp()


def _second_word_by_cloze(texts: "Tensor", w: "Weights") -> "Tensor":
    """Return an equal share for the first word, and the cloze's for the second, which sees the first alone."""
    return (-_losses_of_the_cloze(texts, w)[:, -1]).exp() / _WORDS


CLAIMS = (
    Claim(
        id="left-to-right-losses-are-the-probability-of-a-text",
        statement=(
            "The losses of generative pre-training add up to minus the logarithm of a probability of the text behind "
            "its first word: over all texts these probabilities add up to one, for whatever weights."
        ),
        kind="equality",
        between=("recurrent-language-model", "generative-pre-training"),
        evidence=Evidence("s2:cd18800a0fe0b668a1cc19f2ec95b5003d0a5035", "Section 3.1, equation 1"),
        inputs="all 9 texts of 2 of 3 words; a block of width 8 with normal weights, gains around 1; float64",
        equation=r"\sum_{w_1, w_2} \tfrac{1}{V}\, p(w_2 \mid w_1) = 1",
        bound=1e-12,
        why_bound="Shares of a softmax add up to one but for rounding.",
        pitfall="The first word has no loss: it is given, or has a share of its own.",
        family="pre-training",
        check=_check,
        subject=_left_to_right,
        wrong_variants={
            "no share for the first word": _first_word_free,
            "the mean of the losses for their sum": _mean_loss,
            "the cloze's losses": _cloze,
        },
        executes=("generative-pre-training", "masked-language-model"),
    ),
    Claim(
        id="a-masked-language-model-gives-the-probability-of-a-text",
        statement=(
            "A masked language model gives a text a probability just as well: the product of the shares of its "
            "words, each of them hidden in turn."
        ),
        kind="separation",
        between=("generative-pre-training", "masked-language-model"),
        evidence=Evidence("arxiv:1810.04805", "Section 3.1"),
        inputs="all 9 texts of 2 of 3 words; a block of width 8 with normal weights, gains around 1; float64",
        equation=r"\sum_{w_1, w_2} p(w_1 \mid w_2)\, p(w_2 \mid w_1) \neq 1",
        bound=1e-12,
        why_bound="Were it a probability, all texts together would have one, but for rounding.",
        pitfall=(
            "The product is useful as a score. Shares of each word given all others need not even come from any one "
            "distribution over texts."
        ),
        family="pre-training",
        check=_check,
        subject=_cloze,
        wrong_variants={
            "left to right, a norm first": _left_to_right,
            "left to right, a norm last": _left_to_right_post_ln,
            "the last word alone hidden": _second_word_by_cloze,
        },
        executes=("masked-language-model", "generative-pre-training"),
        expected="refuted",
    ),
)
