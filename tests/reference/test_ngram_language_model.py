"""Truth of the n-gram language model."""

import math
import types
from collections import Counter

import pytest
import torch
from torch import Tensor

FILE = "ngram_language_model"
SIZES = {"B": 3, "T": 41}
LONG = {"B": 8, "T": 210}
WRONG = {
    "k V left out": ("alone + k * words", "alone + k"),
    "k counted once": ("alone + k * words", "alone + words"),
    "V of the words that occur": ("k * words", "k * len(tokens.unique())"),
    "not smoothed": ("(together + k) / (alone + k * words)", "together / alone"),
    "history one word longer": (
        "grams = pad(tokens, (n - 1, 0)).unfold(1, n, 1)",
        "grams = pad(tokens, (n, 0)).unfold(1, n + 1, 1)",
    ),
    "the word that follows, not that which stands there": ("pad(tokens, (n - 1, 0))", "pad(tokens, (0, n - 1))"),
    "history without order": (
        "together = ",
        "grams = torch.cat([grams[..., :-1].sort(dim=-1)[0], grams[..., -1:]], dim=-1)\n    together = ",
    ),
    "history without its newest word": ("grams[..., :-1]", "grams[..., 1:]"),
    "held-out words counted": ("_count(grams, counted)", "_count(grams, counted | True)"),
    "histories of held-out words counted": (
        "_count(grams[..., :-1], counted)",
        "_count(grams[..., :-1], counted | True)",
    ),
    "counted words scored": ("~counted if learnt < T else counted", "counted"),
    "rows run into one another": (
        "pad(tokens, (n - 1, 0)).unfold(1, n, 1)",
        "pad(tokens.flatten(), (n - 1, 0)).unfold(0, n, 1).view(B, T, n)",
    ),
    "every row for itself": (
        "together = _count(grams, counted)",
        "together = torch.cat([_count(g[None], c[None]) for g, c in zip(grams, counted)])",
    ),
    "bits": ("p.log()", "p.log2()"),
    "counts grow as it reads": (
        "(together + k)",
        "(together + torch.arange(T) / T + k)",
    ),
}


def count(tokens: Tensor, *, n: int, k: float, held_out: float, words: int) -> Tensor:
    """Two dictionaries, row by row and word by word."""
    rows, losses = tokens.tolist(), torch.zeros(tokens.shape, dtype=torch.float64)
    T = len(rows[0])
    learnt = T - round(held_out * T)
    grams, histories = Counter(), Counter()

    def history(row: list[int], t: int) -> tuple[int, ...]:
        return tuple(row[i] if i >= 0 else -1 for i in range(t - n + 1, t))

    for row in rows:
        for t in range(learnt):
            grams[(*history(row, t), row[t])] += 1
            histories[history(row, t)] += 1
    for b, row in enumerate(rows):
        for t in range(learnt if held_out else 0, T):
            h = history(row, t)
            losses[b, t] = -math.log((grams[(*h, row[t])] + k) / (histories[h] + k * words))
    return losses


def check(module: types.ModuleType, draw) -> None:
    model = module.ngram_language_model
    # few words, so that long histories come back; no 0, which marks a beginning
    tokens = draw(FILE, SIZES)["tokens"] % 7 + 1
    for n in range(1, 6):
        for k, held_out, words in ((0.5, 0.5, 128), (3.0, 0.3, 9), (1.0, 0.0, 8), (0.01, 0.9, 50)):
            settings = {"n": n, "k": k, "held_out": held_out, "words": words}
            torch.testing.assert_close(model(tokens, **settings), count(tokens, **settings))
    plain = draw(FILE, SIZES)["tokens"]
    torch.testing.assert_close(model(plain), count(plain, n=2, k=0.1, held_out=0.5, words=128))
    torch.testing.assert_close(
        model(plain[:, :1], held_out=0.0), count(plain[:, :1], n=2, k=0.1, held_out=0.0, words=128)
    )


def test_agrees_with_dictionaries(shipped, draw):
    check(shipped(FILE), draw)


@pytest.mark.parametrize(("old", "new"), WRONG.values(), ids=WRONG.keys())
def test_the_check_rejects(old, new, mutated, draw):
    with pytest.raises(AssertionError):
        check(mutated(FILE, old, new), draw)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_probabilities_of_all_words_sum_to_one(n, shipped, draw):
    model, row = shipped(FILE).ngram_language_model, draw(FILE, {"B": 1, "T": 30})["tokens"] % 5 + 1
    last = [torch.cat([row[:, :-1], torch.tensor([[word]])], dim=1) for word in range(9)]

    p = [model(tokens, n=n, held_out=1 / 30, words=9)[0, -1].neg().exp() for tokens in last]

    torch.testing.assert_close(sum(p), torch.tensor(1.0, dtype=torch.float64))


def test_relative_frequencies_of_single_words_cost_their_entropy(shipped, draw):
    tokens = draw(FILE, LONG)["tokens"]
    shares = tokens.flatten().bincount().double() / tokens.numel()

    losses = shipped(FILE).ngram_language_model(tokens, n=1, k=0.0, held_out=0.0)

    torch.testing.assert_close(losses.mean(), torch.special.entr(shares).sum())


def test_a_long_history_is_good_on_what_was_counted_and_bad_on_what_was_not(shipped, draw):
    tokens = draw(FILE, LONG)["tokens"]

    def perplexity(n: int, held_out: float) -> float:
        losses = shipped(FILE).ngram_language_model(tokens, n=n, k=0.01, held_out=held_out)
        return float(losses[losses > 0].mean().exp())

    assert perplexity(5, 0.0) < perplexity(2, 0.0) < perplexity(1, 0.0)
    assert perplexity(2, 0.5) < perplexity(1, 0.5)
    assert perplexity(2, 0.5) < perplexity(5, 0.5)


def test_what_is_new_behind_its_history_costs_infinitely_much_without_k(shipped):
    tokens = torch.tensor([[2, 3, 2, 3, 2, 4]])

    assert shipped(FILE).ngram_language_model(tokens, k=0.0, held_out=1 / 6)[0].tolist() == [0, 0, 0, 0, 0, math.inf]


def test_a_word_beyond_the_vocabulary_is_refused(shipped):
    tokens = torch.tensor([[2, 3, 2, 3, 2, 4]])

    assert shipped(FILE).ngram_language_model(tokens, words=5).isfinite().all()
    with pytest.raises(AssertionError):
        shipped(FILE).ngram_language_model(tokens, words=4)
