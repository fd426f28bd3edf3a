"""The neural cache: attention to the past whose values are the words that followed."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

_WORDS, _SIZE, _SHARPNESS = 5, 4, 0.7


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject's distribution, at every token but the first, against a table filled word by word."""
    import torch

    states, words = draw.normal(9, _SIZE), draw.integers(0, _WORDS, 9)
    found, expected = [], []
    for t in range(1, 9):
        table = torch.zeros(_WORDS, dtype=states.dtype)
        for i in range(t):
            # word i + 1 followed state i, and is known when word t + 1 has to be guessed
            table[words[i + 1]] += (_SHARPNESS * (states[t] * states[i]).sum()).exp()
        expected.append(table / table.sum())
        found.append(subject(states[: t + 1], words[: t + 1]))
    return Measurement(relative(torch.stack(found), torch.stack(expected)))


def _read(query: "Tensor", keys: "Tensor", words: "Tensor") -> "Tensor":
    """Return attention of one query to states, with one-hot vectors of words for values and no root."""
    from torch.nn.functional import one_hot

    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    values = one_hot(words, _WORDS).to(keys.dtype)
    q, k, v = (x[None, :, None] for x in (query[None] * _SIZE**0.5, keys, values))
    return scaled_dot_product_attention(q, k, v, causal=False)[0][0, 0, 0]


def _words_that_followed(states: "Tensor", words: "Tensor") -> "Tensor":
    return _read(_SHARPNESS * states[-1], states[:-1], words[1:])


def _words_at_the_states(states: "Tensor", words: "Tensor") -> "Tensor":
    return _read(_SHARPNESS * states[-1], states[:-1], words[:-1])


def _every_word_alike(states: "Tensor", words: "Tensor") -> "Tensor":
    return _read(0 * states[-1], states[:-1], words[1:])


def _sharpness_one(states: "Tensor", words: "Tensor") -> "Tensor":
    return _read(states[-1], states[:-1], words[1:])


def _with_the_root(states: "Tensor", words: "Tensor") -> "Tensor":
    return _read(_SHARPNESS * states[-1] / _SIZE**0.5, states[:-1], words[1:])


def _query_before(states: "Tensor", words: "Tensor") -> "Tensor":
    return _read(_SHARPNESS * states[-2], states[:-1], words[1:])


CLAIMS = (
    Claim(
        id="a-neural-cache-is-attention-to-the-words-that-followed",
        statement=(
            "The neural cache's distribution is attention with the present state, times a sharpness, for its query, "
            "the past states for keys and, for values, one-hot vectors of the words that followed them."
        ),
        kind="reduction",
        between=("multiplicative-attention", "neural-cache"),
        evidence=Evidence("arxiv:1612.04426", "Section 3, the neural cache model"),
        inputs="normal states of 4 numbers, nine of 5 random words, sharpness 0.7; float64",
        equation=r"p(w) \propto \sum_{i < t} [x_{i+1} = w]\, e^{\theta h_t^\top h_i}",
        bound=1e-12,
        why_bound="The same sums of at most eight terms: rounding is near 1e-15.",
        pitfall=(
            "With sharpness zero it is the plain cache of counts. The products have no root of the size below them."
        ),
        family="language-models",
        check=_check,
        subject=_words_that_followed,
        wrong_variants={
            "the words at the states themselves": _words_at_the_states,
            "every word of the past alike": _every_word_alike,
            "sharpness one": _sharpness_one,
            "products over the root of their size": _with_the_root,
            "the state before for the query": _query_before,
        },
        executes=("scaled-dot-product-attention",),
    ),
)
