r"""minGRU: a GRU that never reads its state to decide anything, and can therefore be run all at once.

Paper       Feng et al. (2024), arXiv:2410.01201 -- section 3.1
Idea        If gates look at the input only, the recurrence is linear in its state, and a scan replaces the loop.
Equation    $$ z_t = \sigma(x_t W_z), \qquad \tilde h_t = x_t W_n, \qquad
            h_t = (1 - z_t) \odot h_{t-1} + z_t \odot \tilde h_t $$
            $$ (a_2, b_2) \bullet (a_1, b_1) = (a_2 a_1,\; a_2 b_1 + b_2) $$
Shapes      x, y (B, T, D), where y_t is h_t; state h (B, D)
Form        recurrence
Weights     w_update, w_candidate (D, D)
Parameters  form = recurrent of recurrent | scan;
            candidate = linear of linear | positive (candidate=linear gives strongly-typed-rnn without its biases)
Assumes     z writes the new value, as in the paper; in the file of the GRU z keeps the old one. candidate=positive
            is x + 1/2 above zero and the sigmoid below, with which the authors train in logarithms
Cost        time O(T D^2) for the maps and O(T D) for the recurrence, or O(T D log T) in log2 T rounds; state D; 2
            D^2 parameters
Parents     gru -- let gates and candidate read h_{t-1} again, with reset gate, tanh and biases; parallel-scan -- the
            same scan over any a and b
Leaves out  the expansion of D, biases, the form in logarithms, minLSTM
Checked     every h_t as a sum over all earlier candidates, each weighed with the product of what came after, in
            float64, with gradients; both forms against each other; 1, 2, 5 and 8 tokens; a run in two parts equals
            the whole run; gates at 0 and 1. Mutants killed: z and 1 - z swapped, one round of the scan left out or
            doubled, the order of composition, state ignored
"""

import math

import torch
from torch import Tensor


def scan(a: Tensor, b: Tensor, h: Tensor) -> Tensor:
    """Return every h_t = a_t h_{t-1} + b_t, where h stands before the first; a, b (B, T, ...), h (B, ...)."""
    # log2 T rounds : after each, a pair stands for twice as many steps
    for rounds in range(math.ceil(math.log2(a.shape[1]))):
        reach = 2**rounds
        # (a_t, b_t) composed with its neighbour ``reach`` steps back; the first ``reach`` pairs are finished
        b = torch.cat([b[:, :reach], a[:, reach:] * b[:, :-reach] + b[:, reach:]], dim=1)
        a = torch.cat([a[:, :reach], a[:, reach:] * a[:, :-reach]], dim=1)
    # now a_t and b_t take h_0 to h_t in one step
    return a * h[:, None] + b


def _recur(a: Tensor, b: Tensor, h: Tensor) -> Tensor:
    outputs = []
    for t in range(a.shape[1]):
        # h_t = a_t h_{t-1} + b_t
        h = a[:, t] * h + b[:, t]
        outputs.append(h)
    return torch.stack(outputs, dim=1)


def min_gru(
    x: Tensor,
    w: dict[str, Tensor],
    state: Tensor | None = None,
    *,
    form: str = "recurrent",
    candidate: str = "linear",
) -> tuple[Tensor, Tensor]:
    """Return y (B, T, D) and the state, which is the last output h (B, D)."""
    B, _, D = x.shape
    assert w["w_update"].shape == w["w_candidate"].shape == (D, D)
    assert candidate in ("linear", "positive")
    h = x.new_zeros(B, D) if state is None else state

    # z_t and the candidate know nothing of h : they are there for all t before the recurrence begins
    z = (x @ w["w_update"]).sigmoid()
    new = x @ w["w_candidate"]
    if candidate == "positive":
        new = torch.where(new > 0, new + 0.5, new.sigmoid())
    # h_t = (1 - z_t) * h_{t-1} + z_t * new_t
    y = {"recurrent": _recur, "scan": scan}[form](1 - z, z * new, h)
    return y, y[:, -1]
