r"""GRU: a recurrent unit that keeps one part of its state and rewrites the other, as a gate decides.

Paper       Cho et al. (2014), arXiv:1406.1078 -- section 2.3, equations 5 to 8
Idea        One gate says how much of the old state to keep; what is not kept is replaced.
Equation    $$ z_t = \sigma(x_t W_z + h_{t-1} U_z + b_z), \qquad r_t = \sigma(x_t W_r + h_{t-1} U_r + b_r) $$
            $$ n_t = \tanh\big(x_t W_n + (r_t \odot h_{t-1}) U_n + b_n + b_u\big) $$
            $$ h_t = z_t \odot h_{t-1} + (1 - z_t) \odot n_t $$
Shapes      x, y (B, T, D), where y_t is h_t; state h (B, D)
Form        recurrence
Weights     w_zrn, u_zrn (3, D, D); b_zrn (3, D) zero; b_u (D) zero
Parameters  reset = before of before | after
Assumes     W, U and b hold the maps of z, r, n in this order. z keeps the old state, as printed and as in torch.nn;
            others, Chung et al. (2014) first, let z write: the same unit with the signs of W_z, U_z and b_z changed.
            reset=before is the printed unit; after, n_t = tanh(x_t W_n + b_n + r_t * (h_{t-1} U_n + b_u)), is that
            of torch.nn and of cuDNN, where U_n need not wait for r: weights trained for one do not fit the other
Cost        time O(T D^2), step after step; state D; 6 D^2 + 4 D parameters
Parents     lstm -- a cell of its own, an output gate, and input and forget gate that need not sum to one;
            simple-recurrent-network -- z = 0 and r = 1
Leaves out  the encoder and decoder for which it was made
Checked     torch.nn.GRU with its weights copied across (reset after), the printed unit in plain float64 (reset
            before), with gradients; onnxruntime's GRU, which knows both; gates driven to 0 and 1; one token; a run
            in two parts equals the whole run. Mutants killed: gates swapped, z and 1 - z swapped, reset on the wrong
            side or on the input, a bias left out or outside the reset, no tanh, state ignored
"""

import torch
from torch import Tensor


def gru(
    x: Tensor, w: dict[str, Tensor], state: Tensor | None = None, *, reset: str = "before"
) -> tuple[Tensor, Tensor]:
    """Return y (B, T, D) and the state, which is the last output h (B, D)."""
    B, T, D = x.shape
    assert w["w_zrn"].shape == w["u_zrn"].shape == (3, D, D)
    assert reset in ("before", "after")
    u_z, u_r, u_n = w["u_zrn"]
    h = x.new_zeros(B, D) if state is None else state

    outputs = []
    for t in range(T):
        # x_t W + b : what the input says to both gates and to the candidate, (3, B, D)
        x_z, x_r, x_n = x[:, t] @ w["w_zrn"] + w["b_zrn"][:, None]
        # z_t, how much is kept, and r_t, how much of the past the candidate may see
        z = (x_z + h @ u_z).sigmoid()
        r = (x_r + h @ u_r).sigmoid()
        # n_t : the candidate; the reset gate closes channels of h_{t-1} before or after they are mixed
        past = (r * h) @ u_n + w["b_u"] if reset == "before" else r * (h @ u_n + w["b_u"])
        n = (x_n + past).tanh()
        # h_t = z_t * h_{t-1} + (1 - z_t) * n_t
        h = z * h + (1 - z) * n
        outputs.append(h)
    return torch.stack(outputs, dim=1), h
