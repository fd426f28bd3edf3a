r"""RWKV-4: attention without queries, whose weights fade at a learned pace, so that it also runs as an RNN.

Paper       Peng et al. (2023), arXiv:2305.13048 -- section 3 (equation 16 for wkv) and appendix D (stable recurrence)
Idea        Let a token's weight depend on its key and its age only: then the sum over the past is a running sum.
Equation    $$ wkv_t = \frac{\sum_{i<t} e^{-(t-1-i) w + k_i} v_i + e^{u + k_t} v_t}
            {\sum_{i<t} e^{-(t-1-i) w + k_i} + e^{u + k_t}}, \qquad w = e^{\mathrm{decay}} > 0 $$
            $$ \mathrm{time}(x) = (\sigma(r) \odot wkv) W_o, \qquad
            \mathrm{channel}(x) = \sigma(r') \odot \max(k', 0)^2 W_2 $$
Shapes      x, y, k, v (B, T, D): each channel is a head; state: last inputs of both mixings, a, b, p (B, D)
Form        block
Weights     g_1, g_2 (D) one; c_1, c_2 (D) zero; mu_r, mu_k, mu_v, nu_r, nu_k (D) 0..1; time_decay (D) -5..3;
            time_first (D) -1.2; w_r, w_k, w_v, w_o, w_gate (D, D); w_1 (D, F); w_2 (F, D)
Parameters  form = recurrent of recurrent | parallel
Assumes     causal; decay and first are given as logarithms, per channel; eps 1e-5
Cost        recurrent: time O(T D) beyond the projections, state 5 D; parallel: time O(T^2 D);
            13 D^2 + 11 D parameters where F = 4 D
Parents     attention-free-transformer -- let the bias be any function of (t, i); pre-ln -- attention and a plain
            feed-forward network in the two branches
Leaves out  the norm after the embedding, the small initial embedding, the authors' initial weights
Checked     RwkvBlock of transformers in training mode, a dense float64 loop for wkv, both forms against it, with
            gradients; k = 100 in float32 (recurrent is finite, parallel is not); 13 D^2 + 11 D parameters; a run in
            two parts equals the whole run. Mutants killed: bonus on the past, decay one step early, decay not
            exponentiated, growth for decay, relu not squared, no shift, shift mixed the other way round, receptance
            without sigmoid, no running maximum
"""

import torch
from torch import Tensor, einsum

State = tuple[Tensor, ...]


def _layer_norm(x: Tensor, gain: Tensor, centre: Tensor) -> Tensor:
    centred = x - x.mean(dim=-1, keepdim=True)
    return centred / (centred.square().mean(dim=-1, keepdim=True) + 1e-5).sqrt() * gain + centre


def _shift(x: Tensor, last: Tensor) -> Tensor:
    # token shift: every token sees the one before; ``last`` stands before the first
    return torch.cat([last[:, None], x[:, :-1]], dim=1)


def wkv_parallel(k: Tensor, v: Tensor, decay: Tensor, first: Tensor) -> Tensor:
    """Return wkv (B, T, D) by the fraction as printed: all pairs at once, exponentials that can overflow."""
    t = torch.arange(k.shape[1])
    age = (t[:, None] - 1 - t)[:, :, None].to(k.dtype)
    # -(t - 1 - i) w for i < t, u for i = t, minus infinity for the future
    bias = torch.where(age < 0, first, -age * decay.exp()).masked_fill(age < -1, float("-inf"))
    weight = (bias + k[:, None]).exp()  # (B, T, T, D)
    return einsum("btid,bid->btd", weight, v) / weight.sum(dim=2)


def wkv_recurrent(k: Tensor, v: Tensor, decay: Tensor, first: Tensor, state: State) -> tuple[Tensor, State]:
    """Return wkv (B, T, D) and the state: numerator a, denominator b, both scaled by e^{-p} (B, D)."""
    a, b, p = state
    outputs = []
    for t in range(k.shape[1]):
        # q = max(p, u + k_t) : the largest exponent in sight becomes e^0 = 1
        now = first + k[:, t]
        q = torch.maximum(p, now)
        old, new = (p - q).exp(), (now - q).exp()
        # wkv_t = (e^p a + e^{u + k_t} v_t) / (e^p b + e^{u + k_t})
        outputs.append((old * a + new * v[:, t]) / (old * b + new))
        # a <- e^{-w} a + e^{k_t} v_t : the past fades, the token joins it without the bonus u
        faded = p - decay.exp()
        p = torch.maximum(faded, k[:, t])
        old, new = (faded - p).exp(), (k[:, t] - p).exp()
        a, b = old * a + new * v[:, t], old * b + new
    return torch.stack(outputs, dim=1), (a, b, p)


def _time_mixing(x: Tensor, w: dict[str, Tensor], form: str, state: State) -> tuple[Tensor, State]:
    before = _shift(x, state[0])
    r = (w["mu_r"] * x + (1 - w["mu_r"]) * before) @ w["w_r"]
    k = (w["mu_k"] * x + (1 - w["mu_k"]) * before) @ w["w_k"]
    v = (w["mu_v"] * x + (1 - w["mu_v"]) * before) @ w["w_v"]
    memory: State = ()
    if form == "parallel":
        wkv = wkv_parallel(k, v, w["time_decay"], w["time_first"])
    else:
        wkv, memory = wkv_recurrent(k, v, w["time_decay"], w["time_first"], state[1:])
    # (sigma(r) * wkv) W_o : the receptance opens or closes each channel
    return (r.sigmoid() * wkv) @ w["w_o"], (x[:, -1], *memory)


def _channel_mixing(x: Tensor, w: dict[str, Tensor], last: Tensor) -> Tensor:
    before = _shift(x, last)
    r = (w["nu_r"] * x + (1 - w["nu_r"]) * before) @ w["w_gate"]
    k = (w["nu_k"] * x + (1 - w["nu_k"]) * before) @ w["w_1"]
    # sigma(r') * max(k', 0)^2 W_2
    return r.sigmoid() * (k.relu().square() @ w["w_2"])


def rwkv_4(
    x: Tensor, w: dict[str, Tensor], state: State | None = None, *, form: str = "recurrent"
) -> tuple[Tensor, State]:
    """Return y (B, T, D) and the state (five tensors, or the two last inputs after the parallel form)."""
    B, _, D = x.shape
    assert w["time_decay"].shape == w["time_first"].shape == (D,)
    assert state is None or form == "recurrent"
    if state is None:
        zero = x.new_zeros(B, D)
        state = zero, zero, zero, zero, zero - 1e38

    normed = _layer_norm(x, w["g_1"], w["c_1"])
    mixed, memory = _time_mixing(normed, w, form, (state[0], *state[2:]))
    x = x + mixed
    normed = _layer_norm(x, w["g_2"], w["c_2"])
    return x + _channel_mixing(normed, w, state[1]), (memory[0], normed[:, -1], *memory[1:])
