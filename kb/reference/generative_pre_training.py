r"""Generative pre-training: guess the next word of any text, with a Transformer that sees only what came before.

Paper       Radford, Narasimhan, Salimans, Sutskever (2018), "Improving Language Understanding by Generative
            Pre-Training" -- section 3.1, equations 1 and 2; the Pre-LN form is GPT-2's, of 2019 -- section 2.3
Idea        Every text is its own label: at each word one question, and all of them answered in one pass.
Equation    $$ \ell_t = -\ln p_\theta(w_t \mid w_{<t}), \qquad
            p_\theta(\cdot \mid w_{<t}) = \mathrm{softmax}(E\, h_{t-1}) $$
            $$ h^0_t = E_{w_t} + P_t, \qquad h = \mathrm{block}(h^0), \qquad
            \mathrm{GELU}(z) \approx \tfrac{z}{2} \big(1 + \tanh\sqrt{2/\pi}\,(z + 0.044715 z^3)\big) $$
Shapes      tokens, losses (B, T); hidden h (B, T, D); E (C, D), both ends share it; logits (B, T - 1, C)
Form        objective
Weights     embedding (C, D); position (T, D); w_q, w_k, w_v, w_o (D, D); w_1 (D, F); b_1 (F) zero; w_2 (F, D);
            b_2 (D) zero; g_1, g_2, g_last (D) one; c_1, c_2, c_last (D) zero
Parameters  heads = 2 in 1..16; norm = pre of pre | post
Assumes     one block, eps 1e-5, the tanh form of GELU, which GPT took for speed. A loss stands at the word that is
            guessed, so the first has none. norm=pre is GPT-2: a norm before each branch and g_last after the blocks;
            norm=post is GPT: on the sums, and g_last is not in it (its weight then changes nothing)
Cost        O(T^2 D + T D F + T C D) for T - 1 losses, each of another history: one by one, T times that
Parents     neural-language-model -- a window of n - 1 words and one hidden layer for the Transformer; pre-ln, post-ln
            -- the block; weight-tying -- E at both ends; recurrent-language-model -- a state for the past
Leaves out  fine-tuning, where the same loss stays on as a second term; attention biases; more blocks, with residual
            weights divided by the root of their number (GPT-2); dropout
Checked     transformers' GPT2LMHeadModel (pre) and OpenAIGPTLMHeadModel (post) with weights copied, with gradients;
            no loss depends on a later word; uniform logits cost ln C; one token; large logits. Mutants killed: no
            shift, a loss at the wrong place, no causal mask, mask one late, E untied, E scaled, no positions, erf
            GELU, no last norm, last norm in the post form, Pre-LN and Post-LN swapped, eps outside the root, the mean
"""

import math

import torch
from torch import Tensor, einsum
from torch.nn.functional import cross_entropy


def _layer_norm(x: Tensor, w: dict[str, Tensor], which: str) -> Tensor:
    centred = x - x.mean(dim=-1, keepdim=True)
    unit = centred / (centred.square().mean(dim=-1, keepdim=True) + 1e-5).sqrt()
    return unit * w[f"g_{which}"] + w[f"c_{which}"]


def _attention(x: Tensor, w: dict[str, Tensor], heads: int) -> Tensor:
    B, T, _ = x.shape
    q, k, v = ((x @ w[name]).view(B, T, heads, -1) for name in ("w_q", "w_k", "w_v"))
    scores = einsum("bthk,bshk->bhts", q, k) / q.shape[-1] ** 0.5
    # nobody reads what he has to guess
    future = torch.ones(T, T, dtype=torch.bool, device=x.device).triu(1)
    p = scores.masked_fill(future, float("-inf")).softmax(dim=-1)
    return einsum("bhts,bshv->bthv", p, v).flatten(-2) @ w["w_o"]


def _feed_forward(x: Tensor, w: dict[str, Tensor]) -> Tensor:
    z = x @ w["w_1"] + w["b_1"]
    # GELU(z) by tanh : within 0.0005 of z times the normal distribution function
    gelu = z / 2 * (1 + (math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)).tanh())
    return gelu @ w["w_2"] + w["b_2"]


def generative_pre_training(tokens: Tensor, w: dict[str, Tensor], *, heads: int = 2, norm: str = "pre") -> Tensor:
    """Return losses (B, T) in nats: what each word costs after those before it, the first none."""
    T, D = tokens.shape[1], w["embedding"].shape[1]
    assert D % heads == 0
    assert w["position"].shape[0] >= T

    # h^0 = E_w + P
    h = w["embedding"][tokens] + w["position"][:T]
    if norm == "pre":
        h = h + _attention(_layer_norm(h, w, "1"), w, heads)
        h = h + _feed_forward(_layer_norm(h, w, "2"), w)
        h = _layer_norm(h, w, "last")
    else:
        h = _layer_norm(h + _attention(h, w, heads), w, "1")
        h = _layer_norm(h + _feed_forward(h, w), w, "2")
    # E h_{t-1} : every word of the table is asked whether it comes next
    logits = h[:, :-1] @ w["embedding"].T
    # -ln p(w_t | w_{<t}) at t = 1, 2, ...; at t = 0 nothing was asked
    losses = cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten(), reduction="none")
    return torch.cat([losses.new_zeros(len(tokens), 1), losses.view(len(tokens), T - 1)], dim=1)
