r"""MosaicBERT block: BERT's block with a slope on the scores for positions and a gated feed-forward layer.

Paper       Portes, Trott, Havens, King, Venigalla, Nadeem, Sardana, Khudia, Frankle (2023), arXiv:2312.17482 --
            section 2.1; the slopes are those of Press, Smith, Lewis (2021), arXiv:2108.12409
Idea        Put what decoders had learnt since BERT into an encoder that looks both ways, and keep the rest.
Equation    $$ p_{ij} = \mathrm{softmax}_j\Big(\frac{q_i^\top k_j}{\sqrt{d_k}} - m_h\,|i - j|\Big), \qquad
            m_h = 2^{-8h/n} $$
            $$ z = \mathrm{LN}(x + p\, v\, W_O), \qquad
            y = \mathrm{LN}\big(z + (\mathrm{GELU}(z W_1) \odot z W_3)\, W_2 + b_2\big) $$
Shapes      x, y (B, T, D); slopes m (heads); scores (B, heads, T, T); gate and value (B, T, F)
Form        block
Weights     w_q, w_k, w_v, w_o (D, D); w_1, w_3 (D, F); w_2 (F, D); b_2 (D) zero; g_1, g_2 (D) one; c_1, c_2 (D) zero
Parameters  heads = 2 in 1..16;
            strength = 1.0 in 0..8 (strength=0 with causal=false gives a block without positions);
            causal = true (causal=false gives the encoder as it is trained)
Assumes     an encoder: causal=false is the idea, causal=true only lets it stand beside decoders. Then no distance is
            negative, and the bias is that of alibi. Post-LN, erf GELU, eps 1e-12 as in BERT; W_1 and W_3 are one
            matrix of 2 F columns there, without bias, the gate first. Where heads is no power of two the slopes are
            those of the power below, then every other one of the power above. The bias is not scaled
Cost        time O(T^2 D + T D F); 4 D^2 + 3 D F + 5 D parameters: F = 2/3 of BERT's makes them as many, but what was
            released keeps BERT's F and is larger. No vectors for positions, so no greatest length
Parents     post-ln -- no bias on the scores, ReLU or GELU for the gate; alibi -- distances of the past only;
            gated-linear-unit -- the layer alone; flash-attention, masking-rate -- what else made it fast
Leaves out  no work on padding (sequences of all lengths end to end), flash attention with a bias, norms in 16 bits,
            30 % masking for 15 %; biases of attention
Checked     transformers' BertLayer with the bias for its mask and a gated layer put in, with gradients, 1, 2, 3, 4
            and 6 heads; the shipped alibi and gated-linear-unit inside; a text read backwards gives the same,
            backwards; one token. Mutants killed: distance with its sign, bias scaled, plus for minus, slopes from
            h = 0, one slope for all, halves of the next power in their order, gate and value swapped, no gate, both
            bent, Pre-LN, shortcut around the norm, tanh GELU, another eps
"""

import torch
from torch import Tensor, einsum
from torch.nn.functional import gelu


def _slopes(n: int) -> list[float]:
    below = 1 << (n.bit_length() - 1)  # the greatest power of two that is not above n
    series = [2 ** (-8 * h / below) for h in range(1, below + 1)]
    # h / 2 : the same series at twice the pace, of which every other one is new
    return series + [2 ** (-4 * h / below) for h in range(1, 2 * (n - below), 2)]


def _layer_norm(x: Tensor, gain: Tensor, centre: Tensor) -> Tensor:
    centred = x - x.mean(dim=-1, keepdim=True)
    return centred / (centred.square().mean(dim=-1, keepdim=True) + 1e-12).sqrt() * gain + centre


def _attention(x: Tensor, w: dict[str, Tensor], heads: int, strength: float, causal: bool) -> Tensor:
    B, T, _ = x.shape
    q, k, v = ((x @ w[name]).view(B, T, heads, -1) for name in ("w_q", "w_k", "w_v"))
    # |i - j| : on both sides what is far counts for less; i - j would prefer what is to come
    place = torch.arange(T, dtype=x.dtype, device=x.device)
    distance = (place[:, None] - place).abs()
    # q_i k_j / sqrt(d_k) - m_h |i - j|
    m = strength * x.new_tensor(_slopes(heads))[:, None, None]
    scores = einsum("bthk,bshk->bhts", q, k) / q.shape[-1] ** 0.5 - m * distance
    if causal:
        scores = scores.masked_fill(torch.ones(T, T, dtype=torch.bool, device=x.device).triu(1), float("-inf"))
    return einsum("bhts,bshv->bthv", scores.softmax(dim=-1), v).flatten(-2) @ w["w_o"]


def mosaic_bert(
    x: Tensor, w: dict[str, Tensor], *, heads: int = 2, strength: float = 1.0, causal: bool = True
) -> Tensor:
    """Return y (B, T, D)."""
    D = x.shape[-1]
    assert D % heads == 0
    assert w["w_1"].shape == w["w_3"].shape == w["w_2"].T.shape

    # z = LN(x + attention) : the norm stays on the sum, as in BERT
    z = _layer_norm(x + _attention(x, w, heads, strength, causal), w["g_1"], w["c_1"])
    # (GELU(z W_1) * z W_3) W_2 + b_2 : one half decides how much of the other goes through
    gated = gelu(z @ w["w_1"]) * (z @ w["w_3"])
    # y = LN(z + ...)
    return _layer_norm(z + gated @ w["w_2"] + w["b_2"], w["g_2"], w["c_2"])
