r"""Skip-gram with negative sampling: tell the words around a word from words drawn at random.

Paper       Mikolov, Sutskever, Chen, Corrado, Dean (2013), arXiv:1310.4546 -- section 2.2, equation 4; the minimum is
            that of Levy, Goldberg (2014), Neural Word Embedding as Implicit Matrix Factorization
Idea        Do not ask which of all words stands here, only whether this one does: k questions in the place of V.
Equation    $$ \ell_t = -\sum_{0 < |j| \le m} \Big( \ln \sigma(u_{w_{t+j}}^\top v_{w_t}) +
            \sum_{i=1}^{k} \mathbb{E}_{n_i \sim P_n} \ln \sigma(-u_{n_i}^\top v_{w_t}) \Big), \qquad
            P_n(w) \propto c(w)^{3/4} $$
Shapes      tokens, losses (B, T); v (C, D) as a centre, u (C, D) as a context; logits (B, T, C); negatives (B, T, k)
Form        objective
Weights     centre, context (C, D)
Parameters  window = 5 in 1..20; negatives = 5 in 1..50;
            power = 0.75 in 0..1 (power=1 with noise=expected gives shifted-pmi-factorisation where it is least);
            noise = drawn of drawn | expected;
            seed = 0 in 0..1000000
Assumes     a word's loss is the sum over its contexts, not their mean; the window ends with the row. P_n is counted
            in the tokens given. Every pair draws k words of its own, with return, and may draw its context or its
            centre: the code of 2013 skips the former. drawn estimates expected, which sums over all words, unbiased
Cost        time O(B T m k D) where each pair reads 1 + k vectors. Here all C logits of a place are computed at once,
            O(B T C D), for C is small: what is drawn is looked up among them
Parents     neural-language-model -- the softmax over all words back, and a hidden layer between; word-embedding --
            the table v, which is what one keeps; noise-contrastive-estimation -- ln(k P_n) off every logit
Leaves out  dropping frequent words, windows of random width (near words count more), phrases, hierarchical-softmax
Checked     pair by pair in plain Python, with gradients, on the negatives that a gradient reveals; their shares;
            drawn goes to expected over many seeds; where u . v = PMI - ln k the gradient is zero; logits beyond 1000.
            Mutants killed: centre and context swapped, the word its own context, window one short, rows joined,
            negatives with the other sign, the mean of k, the same negatives for every pair, power 1, v twice
"""

import torch
from torch import Generator, Tensor
from torch.nn.functional import logsigmoid


def skip_gram_negative_sampling(
    tokens: Tensor,
    w: dict[str, Tensor],
    *,
    window: int = 5,
    negatives: int = 5,
    power: float = 0.75,
    noise: str = "drawn",
    seed: int = 0,
) -> Tensor:
    """Return losses (B, T): what it costs each word to be told from noise in its contexts."""
    T, C = tokens.shape[1], w["context"].shape[0]
    assert w["centre"].shape == w["context"].shape
    generator = Generator(tokens.device).manual_seed(seed)

    # u_o . v_c for every place's word c and every word o, (B, T, C)
    logits = w["centre"][tokens] @ w["context"].T
    # P_n(o) ~ c(o)^{3/4} : rare words are drawn oftener than they occur
    count = tokens.flatten().bincount(minlength=C).to(logits.dtype)
    p_noise = torch.where(count > 0, count**power, 0.0)
    p_noise = p_noise / p_noise.sum()

    losses = torch.zeros_like(logits[..., 0])
    place = torch.arange(T, device=tokens.device)
    for j in (*range(-window, 0), *range(1, window + 1)):
        # w_{t+j}, where the row has it
        there = (place + j >= 0) & (place + j < T)
        context = tokens[:, (place + j).clamp(0, T - 1), None]
        # ln sigma(u_{t+j} . v_t) : this pair was seen
        seen = logsigmoid(logits.gather(-1, context))[..., 0]
        # sum_i ln sigma(-u_{n_i} . v_t) : these were not, or only by chance
        if noise == "drawn":
            drawn = p_noise.multinomial(tokens.numel() * negatives, replacement=True, generator=generator)
            unseen = logsigmoid(-logits.gather(-1, drawn.view(*tokens.shape, negatives))).sum(dim=-1)
        else:
            unseen = negatives * (logsigmoid(-logits) @ p_noise)
        losses = losses - there * (seen + unseen)
    return losses
