r"""Additive attention: a decoder that looks back at every input, each time where its own state sends it.

Paper       Bahdanau, Cho, Bengio (2014), arXiv:1409.0473 -- section 3.1 and appendix A.1.2
Idea        Do not squeeze the past into one vector: score every annotation against the state, and read their mean.
Equation    $$ e_{tj} = v^\top \tanh(s_{t-1} W_a + h_j U_a), \qquad a_t = \mathrm{softmax}_j(e_t), \qquad
            c_t = \sum_j a_{tj} h_j $$
            $$ s_t = \mathrm{GRU}(c_t, s_{t-1}) $$
Shapes      x, y (B, T, D): x_j is the annotation h_j, y_t the state s_t; e, a (B, T, T); state: s (B, D) and the
            annotations so far (B, t, D), which grow
Form        recurrence
Weights     w_align, u_align (D, D); v_align (D); w_zrn, u_zrn (3, D, D); b_zrn (3, D) zero
Parameters  sees = past of past | all | present (sees=present gives gru, whose only annotation is the input)
Assumes     the query is the state before the step, s_{t-1}, not s_t. It is no mixer over q, k and v: its score has
            weights of its own, and its query depends on what was read before, so that no form is parallel in t; what
            made it so, q . k for the score and queries that do not wait, is scaled-dot-product-attention. sees=all
            is the paper's, for a source sentence that is there from the beginning; sees=past is causal. The gate z
            keeps the old state, as in the file of the GRU; the appendix writes 1 - z
Cost        time O(T^2 D) and O(T D^2), step after step; state O(T D): nothing is forgotten
Parents     encoder-decoder -- one annotation, the last, for all steps; gru -- the input itself in the place of the
            context
Leaves out  the bidirectional encoder that makes the annotations; the previous word as a further input; maxout
Checked     pair by pair in float64 around torch.nn.GRUCell, with gradients, for all that it may see; an attention
            layer with torch.nn.Linear and copied weights; weights that sum to one; scores in the hundreds; one
            token; a run in two parts equals the whole run; sees=present against the shipped GRU. Mutants killed: the
            query is s_t, q . k for the score, no tanh, mean without softmax, softmax over the wrong axis, the
            present not seen, U_a h_j read in the place of h_j
"""

import torch
from torch import Tensor

State = tuple[Tensor, Tensor]


def attend(s: Tensor, h: Tensor, w: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Return the context c (B, D) and the weights a (B, n) of a query s (B, D) over annotations h (B, n, D)."""
    # e_j = v^T tanh(s W_a + h_j U_a) : a net with one hidden layer for every pair
    hidden = ((s @ w["w_align"])[:, None] + h @ w["u_align"]).tanh()
    e = hidden @ w["v_align"]
    # a = softmax_j(e) : how far each annotation is meant
    a = e.softmax(dim=-1)
    # c = sum_j a_j h_j
    return (a[..., None] * h).sum(dim=1), a


def _step(c: Tensor, s: Tensor, w: dict[str, Tensor]) -> Tensor:
    # s_t = z * s_{t-1} + (1 - z) * tanh(c W_n + (r * s_{t-1}) U_n + b_n) : a gated unit whose input is the context
    u_z, u_r, u_n = w["u_zrn"]
    c_z, c_r, c_n = c @ w["w_zrn"] + w["b_zrn"][:, None]
    z = (c_z + s @ u_z).sigmoid()
    r = (c_r + s @ u_r).sigmoid()
    new: Tensor = z * s + (1 - z) * (c_n + (r * s) @ u_n).tanh()
    return new


def additive_attention(
    x: Tensor, w: dict[str, Tensor], state: State | None = None, *, sees: str = "past"
) -> tuple[Tensor, State]:
    """Return y (B, T, D) and the state: the last s (B, D) and all annotations (B, t, D)."""
    B, _, D = x.shape
    assert w["w_align"].shape == w["u_align"].shape == (D, D)
    assert sees in ("past", "all", "present")
    s, before = (x.new_zeros(B, D), x[:, :0]) if state is None else state

    h = torch.cat([before, x], dim=1)
    outputs = []
    for t in range(before.shape[1], h.shape[1]):
        # the past and the present, the whole source, or the present alone
        seen = {"past": h[:, : t + 1], "all": h, "present": h[:, t : t + 1]}[sees]
        # c_t from s_{t-1}, then s_t from c_t
        c, _ = attend(s, seen, w)
        s = _step(c, s, w)
        outputs.append(s)
    return torch.stack(outputs, dim=1), (s, h)
