r"""n-gram language model: the next word depends on the n - 1 words before it, and its probability is a count.

Paper       Shannon (1948), doi:10.1002/j.1538-7305.1948.tb01338.x -- part I, section 3, the series of approximations
            to English; the chain is Markov's (1913), k = 1 is Laplace's rule of succession
Idea        Count what came after these words before, and pretend that every word came k times more.
Equation    $$ p(w_t \mid h_t) = \frac{c(h_t, w_t) + k}{c(h_t) + k V}, \qquad h_t = (w_{t-n+1}, \dots, w_{t-1}) $$
            $$ \ell_t = -\ln p(w_t \mid h_t), \qquad \mathrm{perplexity} = \exp(\mathrm{mean}\ \ell_t) $$
Shapes      tokens, losses (B, T); grams (B, T, n): every word behind the n - 1 words of its history
Form        objective
Parameters  n = 2 in 1..5;
            k = 0.1 in 0..100 (k=0 with n=1 and held_out=0 gives entropy as the mean loss: that of the words);
            held_out = 0.5 in 0..0.9;
            words = 128 in 2..128
Assumes     V, here words, is the size C of the vocabulary. The last part held_out of every row is not counted, and
            has losses; the rest is counted, and has none. held_out=0 counts and scores everything, so that a long
            history looks far too good. k=0 gives relative frequencies, and a word that is new behind its history
            costs infinitely much. Rows begin with n - 1 marks (0, which never stands in the text)
Cost        time O(B T log(B T)); of V^n possible counts those that occur
Parents     entropy -- its mean loss with k=0, of words behind n - 1 known ones, in nats; perplexity -- the
            exponential of its mean loss
Leaves out  shorter histories where the long one is new: jelinek-mercer-smoothing, katz-back-off and
            kneser-ney-smoothing mix or fall back, where add-k gives all new words the same
Checked     counting in plain Python with dictionaries, n = 1 to 5; the probabilities of all V words sum to one; the
            entropy of the words; on the text n = 5 beats n = 2 where it has counted what it scores, and loses where
            not. Mutants killed: k V left out, V of words that occur, history at its end counted too, history one
            word longer, order of the history lost, held-out words counted, counted words scored, rows run into one
            another, bits
"""

import torch
from torch import Tensor
from torch.nn.functional import pad


def _count(kinds: Tensor, counted: Tensor) -> Tensor:
    """Return for each place (B, T) how many of the counted places hold the same (B, T, any)."""
    names, which = torch.unique(kinds.flatten(0, 1), dim=0, return_inverse=True)
    often = torch.zeros(len(names), dtype=torch.float64, device=kinds.device)
    often = often.index_add(0, which, counted.flatten().double())
    return often[which].view(counted.shape)


def ngram_language_model(
    tokens: Tensor, *, n: int = 2, k: float = 0.1, held_out: float = 0.5, words: int = 128
) -> Tensor:
    """Return losses (B, T) in nats: of the held-out words, or of all where none is held out."""
    B, T = tokens.shape
    assert int(tokens.max()) < words, "the tokens have more words than that: lower C as well"

    learnt = T - round(held_out * T)
    counted = (torch.arange(T, device=tokens.device) < learnt).expand(B, T)
    scored = ~counted if learnt < T else counted
    # h_t and w_t side by side; a row's first words have marks for a past
    grams = pad(tokens, (n - 1, 0)).unfold(1, n, 1)
    # c(h, w), and c(h) : how often h stood before a word, whichever that was
    together = _count(grams, counted)
    alone = _count(grams[..., :-1], counted) if n > 1 else counted.sum()
    # p = (c(h, w) + k) / (c(h) + k V)
    p = (together + k) / (alone + k * words)
    return torch.where(scored, -p.log(), 0.0)
