"""The n-gram model: counted by hand in fractions, its entropy, and what long histories are worth."""

import math
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[float, float]

_WORDS, _LEARNT = 4, 6
"""Words of the vocabulary, of which number 0 never stands in a text; and how many of nine are counted."""


def _losses(tokens: "Tensor", n: int, k: float, held_out: float, words: int = _WORDS) -> "Tensor":
    from kb.reference.ngram_language_model import ngram_language_model

    return ngram_language_model(tokens, n=n, k=k, held_out=held_out, words=words)


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject's probabilities, as fractions, against those of held-out words, for n of 1, 2 and 3."""
    tokens = draw.integers(1, _WORDS, 2, 9)
    apart = []
    for n in (1, 2, 3):
        found = (-_losses(tokens, n, 0.5, 1 / 3)[:, _LEARNT:]).exp().flatten().tolist()
        expected = subject(tokens.tolist(), n, Fraction(1, 2))
        apart += [abs(one - other) for one, other in zip(found, expected, strict=True)]
    return Measurement(find_worst(apart))


def _cut(rows: list[list[int]], n: int) -> list[list[tuple[int, ...]]]:
    """Return for each row its words behind n - 1 words of history, marks in front of the first."""
    return [[tuple(([0] * n + row)[t + 1 : t + n + 1]) for t in range(len(row))] for row in rows]


def _share(grams: list[list[tuple[int, ...]]], k: Fraction, *, mass: Fraction, rows: bool = False) -> list[float]:
    """Return (c(h, w) + k) / (c(h) + mass) of the held-out places, counted in the first part of all rows."""
    shares = []
    for own in grams:
        learnt = [gram for row in ([own] if rows else grams) for gram in row[:_LEARNT]]
        for gram in own[_LEARNT:]:
            history = sum(one[:-1] == gram[:-1] for one in learnt)
            shares.append(float((learnt.count(gram) + k) / (history + mass)))
    return shares


def _add_k(rows: list[list[int]], n: int, k: Fraction) -> list[float]:
    return _share(_cut(rows, n), k, mass=k * _WORDS)


def _k_in_the_numerator_alone(rows: list[list[int]], n: int, k: Fraction) -> list[float]:
    return _share(_cut(rows, n), k, mass=k)


def _one_word_more(rows: list[list[int]], n: int, k: Fraction) -> list[float]:
    return _share(_cut(rows, n + 1), k, mass=k * _WORDS)


def _each_row_alone(rows: list[list[int]], n: int, k: Fraction) -> list[float]:
    return _share(_cut(rows, n), k, mass=k * _WORDS, rows=True)


def _order_lost(rows: list[list[int]], n: int, k: Fraction) -> list[float]:
    bags = [[(*sorted(gram[:-1]), gram[-1]) for gram in row] for row in _cut(rows, max(n, 3))]
    return _share(bags, k, mass=k * _WORDS)


def _check_entropy(subject: Subject, draw: Draw) -> Measurement:
    """Measure the mean loss of relative frequencies of single words against the subject's entropy of the text."""
    tokens = draw.integers(1, _WORDS, 2, 9)
    return Measurement(abs(float(_losses(tokens, 1, 0.0, 0.0).mean()) - subject(tokens)))


def _shares_of(tokens: "Tensor") -> "Tensor":
    count = tokens.flatten().bincount(minlength=_WORDS).double()
    return count[count > 0] / tokens.numel()


def _nats(tokens: "Tensor") -> float:
    share = _shares_of(tokens)
    return -float((share * share.log()).sum())


def _bits(tokens: "Tensor") -> float:
    share = _shares_of(tokens)
    return -float((share * share.log2()).sum())


def _of_a_vocabulary(tokens: "Tensor") -> float:
    return math.log(_WORDS)


def _perplexity(tokens: "Tensor") -> float:
    return math.exp(_nats(tokens))


def _check_sides(subject: Subject, draw: Draw) -> Measurement:
    """Measure by how much the mean loss of longer histories exceeds that of shorter ones on the shipped text."""
    import torch

    from kb.reference.text import number_words

    longer, shorter = subject(torch.tensor([number_words(128)]), 5, 2, 128)
    return Measurement(longer - shorter, f"{longer:.3f} nats with longer histories, {shorter:.3f} with shorter ones")


def _held_out(tokens: "Tensor", longer: int, shorter: int, words: int, share: float = 0.5) -> "Sides":
    """Return the mean losses of the words that are scored, with ``longer`` and with ``shorter`` for n."""
    scored = tokens.shape[1] - round(share * tokens.shape[1]) if share else 0
    found = [float(_losses(tokens, n, 0.01, share, words)[:, scored:].mean()) for n in (longer, shorter)]
    return found[0], found[1]


def _on_what_was_counted(tokens: "Tensor", longer: int, shorter: int, words: int) -> "Sides":
    return _held_out(tokens, longer, shorter, words, share=0.0)


def _one_word_or_none(tokens: "Tensor", longer: int, shorter: int, words: int) -> "Sides":
    return _held_out(tokens, 2, 1, words)


def _search(subject: Subject) -> Example | None:
    """Return the shortest text of two words on which one word of history is worse than none."""
    import torch

    for length in (2, 4, 6):
        for text in product((1, 2), repeat=length):
            with_history, without = subject(torch.tensor([text]), 2, 1, 3)
            if with_history > without + 1e-6:
                return Example(
                    inputs={"text": list(text)},
                    outputs={"a word of history": with_history, "no history": without},
                )
    return None


CLAIMS = (
    Claim(
        id="an-n-gram-model-counts-what-stood-behind-a-history",
        statement=(
            "The n-gram model gives a held-out word the share with which it stood behind the same n - 1 words in the "
            "counted part of all rows, k added to each count and k times the vocabulary to their sum."
        ),
        kind="equality",
        between=("ngram-language-model",),
        evidence=Evidence("doi:10.1002/j.1538-7305.1948.tb01338.x", "Part I, section 3"),
        inputs="two random texts of 9 of 3 words, of which 6 are counted; n 1, 2 and 3, k 1/2; fractions and float64",
        equation=r"p(w \mid h) = \frac{c(h, w) + k}{c(h) + k V}",
        bound=1e-14,
        why_bound="A quotient of small numbers and the exponential of its logarithm: a few units in the last place.",
        family="language-models",
        check=_check,
        subject=_add_k,
        wrong_variants={
            "k added above alone": _k_in_the_numerator_alone,
            "one word of history more": _one_word_more,
            "each row counted by itself": _each_row_alone,
            "the order of the history lost": _order_lost,
        },
        executes=("ngram-language-model",),
    ),
    Claim(
        id="the-loss-of-single-words-is-their-entropy",
        statement=(
            "Without history, without added counts and scored on what it counted, the n-gram model's mean loss is "
            "the entropy of the text's words, in nats."
        ),
        kind="reduction",
        between=("entropy", "perplexity", "ngram-language-model"),
        evidence=Evidence("doi:10.1002/j.1538-7305.1948.tb01338.x", "Part I, section 6"),
        inputs="two random texts of 9 of 3 words; n 1, k 0; float64",
        equation=r"-\frac{1}{T} \sum_t \ln p(w_t) = -\sum_w p(w) \ln p(w)",
        bound=1e-14,
        why_bound="The same eighteen terms, grouped: rounding is a few units in the last place.",
        pitfall=(
            "Entropy is mostly given in bits; the perplexity is the exponential of it in nats, or two to the bits."
        ),
        papers=("doi:10.1121/1.2016299",),
        family="language-models",
        check=_check_entropy,
        subject=_nats,
        wrong_variants={
            "bits": _bits,
            "all words of the vocabulary alike": _of_a_vocabulary,
            "the perplexity": _perplexity,
        },
        executes=("ngram-language-model",),
    ),
    Claim(
        id="a-longer-history-predicts-no-worse",
        statement="The more words of history an n-gram model counts, the less it is surprised.",
        kind="separation",
        between=("ngram-language-model", "katz-back-off"),
        evidence=Evidence("doi:10.1109/tassp.1987.1165125", "Abstract"),
        inputs="the shipped text, its second half held out; k 0.01; n 5 and 2; float64",
        bound=0.0,
        why_bound="Were it so, the mean loss of the longer histories would be at most that of the shorter ones.",
        pitfall=(
            "Most long histories of a new text were never seen, and then all words get the same. It holds of the "
            "text that was counted, which is what makes it believed; what falls back on shorter histories needs it "
            "less."
        ),
        family="language-models",
        check=_check_sides,
        subject=_held_out,
        wrong_variants={
            "scored on what was counted": _on_what_was_counted,
            "one word of history and none": _one_word_or_none,
        },
        executes=("ngram-language-model",),
        expected="refuted",
        smallest=_search,
        draws=1,
    ),
)
