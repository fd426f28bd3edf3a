r"""Masked language model: hide some words and guess them from both sides at once.

Paper       Devlin, Chang, Lee, Toutanova (2018), arXiv:1810.04805 -- section 3.1, task 1, and appendix A.1
Idea        A word may see its left and its right if it cannot see itself: so take it out first.
Equation    $$ \ell_i = -[i \in M] \ln p_\theta(x_i \mid \tilde x), \qquad |M| = 0.15\, T $$
            $$ \tilde x_i = \text{<mask>, a random word or } x_i \ \text{with } 0.8,\ 0.1,\ 0.1 \ (i \in M), \qquad
            p_\theta = \mathrm{softmax}(E\, h_i + b) $$
Shapes      tokens, losses (B, T); hidden h (B, T, D); E (C, D), both ends share it; logits (B, T, C)
Form        objective
Weights     embedding (C, D); position (T, D); w_q, w_k, w_v, w_o (D, D); w_1 (D, F); b_1 (F) zero; w_2 (F, D);
            b_2 (D) zero; g_0, g_1, g_2 (D) one; c_0, c_1, c_2 (D) zero; b_word (C) zero
Parameters  heads = 2 in 1..16; rate = 0.15 in 0.01..1;
            masked = 0.8 in 0..1 (masked=1 with random=0 gives <mask> at every chosen place);
            random = 0.1 in 0..1; seed = 0 in 0..1000000
Assumes     the encoder is one Post-LN block without a mask on attention (erf GELU, eps 1e-12), norm behind the
            embeddings. The chosen places are drawn a row at a time, round(rate T) of them and at least one; a random
            word may be any of the C, its own too. masked + random <= 1, the rest is kept: then a word that stands
            there need not be the right one, nor wrong. seed draws anew, as dynamic-masking does at every reading
Cost        as the block, O(T^2 D + T D F), and O(T C D) for the logits: for 15 % of the places only, if one gathers
            them first; a word in seven teaches, where generative-pre-training learns from each
Parents     generative-pre-training -- hide nothing but the future, and score every word; post-ln -- the block;
            weight-tying -- E at both ends; context2vec -- two LSTMs for the encoder
Leaves out  next sentences and segments, the dense layer with GELU and norm before the logits, dropout, padding
Checked     transformers' BertModel with weights copied, with gradients, on the text as it was corrupted; that text by
            shares of 45,000 draws; a hidden word leaves no trace in the other losses. Mutants killed: loss at every
            place, loss elsewhere, the corrupted text as target, attention with a causal mask, E untied, Pre-LN, no
            norm on embeddings, embedding scaled, 80 % of the text masked, one random word, tanh GELU, another eps
"""

import torch
from torch import Generator, Tensor, einsum
from torch.nn.functional import cross_entropy, gelu

MASK = 0


def _layer_norm(x: Tensor, gain: Tensor, centre: Tensor) -> Tensor:
    centred = x - x.mean(dim=-1, keepdim=True)
    return centred / (centred.square().mean(dim=-1, keepdim=True) + 1e-12).sqrt() * gain + centre


def _attention(x: Tensor, w: dict[str, Tensor], heads: int) -> Tensor:
    q, k, v = ((x @ w[name]).view(*x.shape[:2], heads, -1) for name in ("w_q", "w_k", "w_v"))
    # no mask : every word reads both sides
    scores = einsum("bthk,bshk->bhts", q, k) / q.shape[-1] ** 0.5
    return einsum("bhts,bshv->bthv", scores.softmax(dim=-1), v).flatten(-2) @ w["w_o"]


def _encode(tokens: Tensor, w: dict[str, Tensor], heads: int) -> Tensor:
    x = _layer_norm(w["embedding"][tokens] + w["position"][: tokens.shape[1]], w["g_0"], w["c_0"])
    x = _layer_norm(x + _attention(x, w, heads), w["g_1"], w["c_1"])
    return _layer_norm(x + gelu(x @ w["w_1"] + w["b_1"]) @ w["w_2"] + w["b_2"], w["g_2"], w["c_2"])


def _corrupt(
    tokens: Tensor, C: int, *, rate: float, masked: float, random: float, seed: int
) -> tuple[Tensor, Tensor]:
    """Return the text with some words hidden, and the places M (B, T) that were chosen."""
    B, T = tokens.shape
    generator = Generator().manual_seed(seed)
    # M : each row's places are shuffled, and the first of them chosen
    order = torch.rand(B, T, generator=generator).argsort(dim=1).to(tokens.device)
    chosen = order < max(1, round(rate * T))
    # 80 % <mask>; 10 % another word, so that no word can be trusted; 10 % as it was, so that none can be ignored
    fate = torch.rand(B, T, generator=generator).to(tokens.device)
    other = torch.randint(C, (B, T), generator=generator).to(tokens.device)
    hidden = torch.where(fate < masked, MASK, torch.where(fate < masked + random, other, tokens))
    return torch.where(chosen, hidden, tokens), chosen


def masked_language_model(
    tokens: Tensor,
    w: dict[str, Tensor],
    *,
    heads: int = 2,
    rate: float = 0.15,
    masked: float = 0.8,
    random: float = 0.1,
    seed: int = 0,
) -> Tensor:
    """Return losses (B, T) in nats at the chosen places, 0 elsewhere."""
    C, D = w["embedding"].shape
    assert D % heads == 0
    assert masked + random <= 1 + 1e-9

    corrupted, chosen = _corrupt(tokens, C, rate=rate, masked=masked, random=random, seed=seed)
    # E h_i + b : how well each word of the table would fit in here
    logits = _encode(corrupted, w, heads) @ w["embedding"].T + w["b_word"]
    # -ln p(x_i | x~) : what stood there before, and where it was chosen only
    losses = cross_entropy(logits.flatten(0, 1), tokens.flatten(), reduction="none").view(tokens.shape)
    return losses * chosen
