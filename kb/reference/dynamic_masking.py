r"""Dynamic masking: hide other words at every reading, so that no text comes twice with the same gaps.

Paper       Liu, Ott, Goyal, Du, Joshi, Chen, Levy, Lewis, Zettlemoyer, Stoyanov (2019), arXiv:1907.11692 --
            section 4.1 and table 1
Idea        Draw the gaps when the text is read, not when it is stored.
Equation    $$ M_e = \text{the first } \mathrm{round}(0.15\, T) \text{ of the places as shuffled by } (s, e),
            \qquad \text{static: by } (s, e \bmod 10) $$
            $$ \ell_i = -[i \in M_e] \ln p(x_i \mid \tilde x), \qquad p = \mathrm{softmax}\Big(E\,
            \frac{1}{T} \sum_j E_{\tilde x_j} + b\Big) $$
Shapes      tokens, losses (B, T); E (C, D), both ends share it; logits (B, C), the same at all places of a row
Form        objective
Weights     embedding (C, D); b_word (C) zero
Parameters  reading = 0 in 0..10000;
            copies = 0 in 0..1000 (copies=10 gives masked-language-model with the masks that BERT stored);
            rate = 0.15 in 0.01..1; seed = 0 in 0..1000000
Assumes     reading is e, how often the text was read before. copies=0 is dynamic; with c copies of every text on disk
            reading e has the gaps of e mod c. The model is the smallest that reads a context at all, the mean of its
            words without their order: masks are the subject here. All chosen words become <mask> (number 0)
Cost        one draw a reading, O(B T log T), where c copies cost c times the disk; O(B C D) for the model
Parents     masked-language-model -- copies=10, an encoder for the mean, and 80-10-10 for <mask> alone
Leaves out  what RoBERTa changed besides: more text, larger batches, no next sentence, longer training
Checked     place by place in plain Python, with gradients; in 40 readings every place is hidden; with 4 copies four
            masks come up and come back in their order; seeds do not share masks. Mutants killed: one mask for ever,
            one mask for all rows, copies that never come back, the mean over words that are not hidden, the text not
            hidden, loss at every place, E untied, the bias left out, sum for mean
"""

import torch
from torch import Generator, Tensor

MASK = 0


def _choose(tokens: Tensor, *, reading: int, copies: int, rate: float, seed: int) -> Tensor:
    """Return M (B, T): the places that are hidden at this reading."""
    # static masks come back after as many readings as there are copies
    draw = reading % copies if copies else reading
    # every seed has a row of readings of its own
    generator = Generator().manual_seed(seed * 1_000_003 + draw)
    order = torch.rand(tokens.shape, generator=generator).argsort(dim=1)
    return (order < max(1, round(rate * tokens.shape[1]))).to(tokens.device)


def dynamic_masking(
    tokens: Tensor,
    w: dict[str, Tensor],
    *,
    reading: int = 0,
    copies: int = 0,
    rate: float = 0.15,
    seed: int = 0,
) -> Tensor:
    """Return losses (B, T) in nats at the places that this reading hides, 0 elsewhere."""
    E = w["embedding"]
    assert w["b_word"].shape == E.shape[:1]

    chosen = _choose(tokens, reading=reading, copies=copies, rate=rate, seed=seed)
    # x~ : the text with its gaps
    corrupted = torch.where(chosen, MASK, tokens)
    # p = softmax(E mean(E x~) + b)
    log_p = (E[corrupted].mean(dim=1) @ E.T + w["b_word"]).log_softmax(dim=-1)
    # -ln p(x_i | x~), where i was hidden
    return -log_p.gather(-1, tokens) * chosen
