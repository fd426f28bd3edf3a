r"""Selective state space (S6, the heart of Mamba): a linear recurrence whose token decides how far the clock runs on.

Paper       Gu, Dao (2023), arXiv:2312.00752 -- sections 3.2 and 3.3, algorithm 2
Idea        Let the token choose its step: a long one writes it and wipes what was there, a short one passes it by.
Equation    $$ h_t = e^{\Delta_t A} h_{t-1} + \Delta_t B_t x_t, \qquad y_t = C_t h_t + D x_t $$
            $$ \Delta_t = \mathrm{softplus}(x_t W_\Delta + b_\Delta), \quad B_t = x_t W_B, \quad C_t = x_t W_C, \quad
            A = -e^{A_{\log}} $$
Shapes      x, y, Delta (B, T, D); B_t, C_t (B, T, K), shared by all channels; A (D, K) diagonal; state h (B, D, K)
Form        recurrence
Weights     w_step_down (D, R); w_step_up (R, D); b_step (D) -4..-1; w_b, w_c (D, K); a_log (D, K) 0..2; skip (D) one
Parameters  form = recurrent of recurrent | scan;
            discretisation = euler of euler | zoh
Assumes     W_Delta has the rank R. euler, Delta_t B_t, is what the authors' code runs; zoh, (e^{Delta_t A} - 1) / A
            B_t, is what the paper prints in equation 4. The authors start a_log from log(1, 2, ..., K)
Cost        recurrent: time O(T D K), state D K; scan: O(T D K log T) in log2 T rounds, memory O(T D K); 2 D R + 3 D
            K + 2 D parameters
Parents     structured-state-space -- step, B and C the same for all tokens, and a convolution again;
            diagonal-state-space -- the same with a diagonal A; parallel-scan -- the scan over any a and b;
            forget-gate -- K = 1, A = -1, B = C = 1 and zoh: h_t = (1 - g) h_{t-1} + g x_t with a sigmoid gate g
Leaves out  the block around it: projections to twice the width, convolution over four tokens, SiLU gate; the scan in
            fast memory, which makes it pay
Checked     sums over all earlier tokens in float64, with gradients; MambaMixer of transformers with its weights
            copied across; both forms; 1, 2, 5 and 8 tokens; the shipped S4 where no map reads the token, the shipped
            minGRU as theorem 1 has it; no convolution gives it, for twice the input does not give twice the output;
            a run in two parts equals the whole run. Mutants killed: B not scaled by the step, growth for decay,
            a_log taken for A, no softplus, B and C swapped, skip left out, one round of the scan left out, the order
            of composition, state ignored
"""

import math

import torch
from torch import Tensor, einsum
from torch.nn.functional import softplus


def _scan(a: Tensor, b: Tensor, h: Tensor) -> Tensor:
    # log2 T rounds : after each, a pair stands for twice as many steps
    for rounds in range(math.ceil(math.log2(a.shape[1]))):
        reach = 2**rounds
        # (a_2, b_2) after (a_1, b_1) is (a_2 a_1, a_2 b_1 + b_2), for all t at once with its neighbour ``reach`` back
        b = torch.cat([b[:, :reach], a[:, reach:] * b[:, :-reach] + b[:, reach:]], dim=1)
        a = torch.cat([a[:, :reach], a[:, reach:] * a[:, :-reach]], dim=1)
    # a_t and b_t now take h_0 to h_t in one step
    return a * h[:, None] + b


def _recur(a: Tensor, b: Tensor, h: Tensor) -> Tensor:
    states = []
    for t in range(a.shape[1]):
        # h_t = e^{Delta_t A} h_{t-1} + Delta_t B_t x_t, channel by channel and number by number
        h = a[:, t] * h + b[:, t]
        states.append(h)
    return torch.stack(states, dim=1)


def selective_state_space(
    x: Tensor,
    w: dict[str, Tensor],
    state: Tensor | None = None,
    *,
    form: str = "recurrent",
    discretisation: str = "euler",
) -> tuple[Tensor, Tensor]:
    """Return y (B, T, D) and the last state h (B, D, K)."""
    B, _, D = x.shape
    assert w["a_log"].shape[0] == D
    assert discretisation in ("euler", "zoh")
    h = x.new_zeros(B, D, w["a_log"].shape[-1]) if state is None else state

    # Delta_t = softplus(x_t W_Delta + b) : how far the token lets the system run, (B, T, D, 1)
    step = softplus(x @ w["w_step_down"] @ w["w_step_up"] + w["b_step"])[..., None]
    # A = -exp(a_log) : never grows
    A = -w["a_log"].exp()
    # B_t and C_t : where the token is written and where it is read, (B, T, K)
    write, read = x @ w["w_b"], x @ w["w_c"]
    held = step if discretisation == "euler" else torch.expm1(step * A) / A
    # all of e^{Delta_t A} and Delta_t B_t x_t, (B, T, D, K)
    a, b = (step * A).exp(), held * write[:, :, None] * x[..., None]
    states = {"recurrent": _recur, "scan": _scan}[form](a, b, h)
    # y_t = C_t h_t + D x_t
    return einsum("btdk,btk->btd", states, read) + w["skip"] * x, states[:, -1]
