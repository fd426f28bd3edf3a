r"""LSTM: a recurrent net whose memory is added to, not multiplied through, and guarded by gates.

Paper       Hochreiter, Schmidhuber (1997), Neural Computation 9(8), 1735-1780, doi:10.1162/neco.1997.9.8.1735 --
            section 4, squashing in the appendix; forget gate: Gers, Schmidhuber, Cummins (2000),
            doi:10.1162/089976600300015015
Idea        Carry the memory over with weight one, and let gates decide what enters, what stays and what shows.
Equation    $$ i_t, f_t, o_t = \sigma(x_t W + h_{t-1} U + b), \qquad g_t = \tanh(x_t W_g + h_{t-1} U_g + b_g) $$
            $$ c_t = f_t \odot c_{t-1} + i_t \odot g_t, \qquad h_t = o_t \odot \tanh(c_t) $$
Shapes      x, y (B, T, D), where y_t is h_t; state: h and c (B, D)
Form        recurrence
Weights     w_ifgo, u_ifgo (4, D, D); b_ifgo (4, D) zero
Parameters  forget_gate = true (forget_gate=false with squash=logistic gives lstm as printed in 1997);
            squash = tanh of tanh | logistic
Assumes     W, U and b hold the maps of i, f, g, o in this order, that of torch.nn; one bias, where libraries have
            two that only ever act as their sum. squash=logistic is 1997's: g_t within (-2, 2), the cell shown within
            (-1, 1)
Cost        time O(T D^2), step after step; state 2 D; 8 D^2 + 4 D parameters
Parents     simple-recurrent-network -- no gates, and h_t = tanh(x_t W + h_{t-1} U + b) is the only memory
Leaves out  peepholes; cells that share one gate (memory blocks); the truncated gradient and the gates that read one
            another, both of 1997
Checked     torch.nn.LSTM with its weights copied across, with gradients, and, its forget gates held open, for the
            cell without one; 1997's squashing in plain float64; gates driven to 0 and 1; one token; a run in two
            parts equals the whole run. Mutants killed: two gates swapped, memory forgotten by the input gate, no
            squashing of the cell, h and c swapped, sigmoid candidate, state ignored
"""

import torch
from torch import Tensor

State = tuple[Tensor, Tensor]


def lstm(
    x: Tensor, w: dict[str, Tensor], state: State | None = None, *, forget_gate: bool = True, squash: str = "tanh"
) -> tuple[Tensor, State]:
    """Return y (B, T, D) and the state: the last output h and the last cell c (B, D)."""
    B, T, D = x.shape
    assert w["w_ifgo"].shape == w["u_ifgo"].shape == (4, D, D)
    assert squash in ("tanh", "logistic")
    # 4 sigma(a) - 2 = 2 tanh(a / 2)  and  2 sigma(a) - 1 = tanh(a / 2)
    slope, reach = (1.0, 1.0) if squash == "tanh" else (0.5, 2.0)
    h, c = (x.new_zeros(B, D), x.new_zeros(B, D)) if state is None else state

    outputs = []
    for t in range(T):
        # x_t W + h_{t-1} U + b : four maps at once, (4, B, D)
        i, f, g, o = x[:, t] @ w["w_ifgo"] + h @ w["u_ifgo"] + w["b_ifgo"][:, None]
        # c_t = f_t * c_{t-1} + i_t * g_t : without a forget gate the old memory stays as it is
        kept = f.sigmoid() * c if forget_gate else c
        c = kept + i.sigmoid() * reach * (slope * g).tanh()
        # h_t = o_t * tanh(c_t) : the memory is shown, not changed
        h = o.sigmoid() * (slope * c).tanh()
        outputs.append(h)
    return torch.stack(outputs, dim=1), (h, c)
