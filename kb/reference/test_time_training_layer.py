r"""Test-time training layer: the hidden state is a model, and reading a token is a step of training it.

Paper       Sun, Li, Dalal, Xu, Vikram, Zhang, Dubois, Chen, Wang, Koyejo, Hashimoto, Guestrin (2024),
            arXiv:2407.04620 -- sections 2.1 and 2.4 to 2.7, TTT-Linear
Idea        Let the state learn while it reads, by gradient descent from keys to values, in mini-batches of tokens.
Equation    $$ W_t = W_{t-1} - \eta_t \nabla_W \left\lVert f(k_t; W_{t'}) - v_t \right\rVert^2, \qquad
            o_t = f(q_t; W_t), \qquad \eta_t = \beta_t / 2 $$
            $$ f(x; W) = W^\top x \quad \text{or, with norm,} \quad x + \mathrm{LN}(W^\top x) $$
Shapes      q, k (B, T, H, K); v, o, u (B, T, H, V), V = K with norm; state: W_{t'} and W_t (B, H, K, V) and the
            number of tokens of the mini-batch that have passed; t' is the last token of the mini-batch before, so all
            gradients of a mini-batch are taken at the same weights
Form        mixer
Gates       beta (B, T, H) 0..1 (beta=1 gives fast-weight-programmer with norm=false where batch >= T)
Parameters  form = chunkwise of recurrent | chunkwise;
            batch = 4 in 1..512 (batch=1 gives delta-rule with norm=false);
            norm = false
Assumes     causal: a token's own gradient counts for its own output. The printed loss has no 1/2, so beta = 2 eta;
            the authors' code differentiates half the loss, so beta is its eta. W starts from zero, where LN has a
            slope of 1000: with norm pass learned small weights as state, as the paper does. eps 1e-6
Cost        time O(T K V) and state O(K V); chunkwise (the paper's dual form) adds O(T b (K + V)) for mini-batches of
            b tokens and takes T / b steps one after the other; recurrent (primal) takes T
Parents     deltanet -- mini-batches of one token, no norm;
            linear-attention -- one mini-batch for all, no norm, beta = 1, and its features and denominator back;
            fast-weight-programmer -- the same without features
Leaves out  the mini-batch of 16 and the initial weights; bias, gain and centre of the inner model; the strength as a
            sigmoid of the token, divided by K and by the place in the mini-batch; rotary positions, convolutions,
            gate; TTT-MLP
Checked     gradient descent on the printed loss by autograd, token by token, and gradients through it; both forms,
            with and without norm, batches that do not divide T, first weights that are not zero; one token; runs in
            parts that end inside a mini-batch. Mutants killed: the half forgotten, gradient at the newest weights or
            always at the first, own gradient left out, later gradients read, mean of the gradients, LN not
            differentiated, mean, projection or deviation missing in its gradient, no residual in loss or answer, norm
            of the sum, answer without norm, place in the batch or weights before it not carried
"""
# ruff: noqa: PT028
# an idea whose name begins like a test's

import torch
from torch import Tensor, einsum

State = tuple[Tensor, Tensor, int]


def _norm(z: Tensor) -> tuple[Tensor, Tensor]:
    centred = z - z.mean(dim=-1, keepdim=True)
    deviation = (centred.square().mean(dim=-1, keepdim=True) + 1e-6).sqrt()
    return centred / deviation, deviation


def _error(z: Tensor, k: Tensor, v: Tensor, norm: bool) -> Tensor:
    """Return minus half the gradient of |f(k) - v|^2 with respect to z = W^T k."""
    if not norm:
        return v - z
    normed, deviation = _norm(z)
    # back through LN: its output moves neither along a constant nor along itself
    missing = v - (k + normed)
    missing = missing - missing.mean(dim=-1, keepdim=True)
    return (missing - normed * (missing * normed).mean(dim=-1, keepdim=True)) / deviation


def _answer(z: Tensor, q: Tensor, norm: bool) -> Tensor:
    # f(q; W), given z = W^T q
    return q + _norm(z)[0] if norm else z


def _recurrent(
    q: Tensor, k: Tensor, v: Tensor, beta: Tensor, start: Tensor, W: Tensor, norm: bool
) -> tuple[Tensor, Tensor]:
    outputs = []
    for t in range(k.shape[1]):
        # u_t = -eta_t dl/dz at W_{t'}, which is ``start``
        z = einsum("bhkv,bhk->bhv", start, k[:, t])
        u = beta[:, t, :, None] * _error(z, k[:, t], v[:, t], norm)
        # W_t = W_{t-1} + k_t u_t^T
        W = W + einsum("bhk,bhv->bhkv", k[:, t], u)
        outputs.append(_answer(einsum("bhkv,bhk->bhv", W, q[:, t]), q[:, t], norm))
    return torch.stack(outputs, dim=1), W


def _chunkwise(
    q: Tensor, k: Tensor, v: Tensor, beta: Tensor, start: Tensor, W: Tensor, norm: bool
) -> tuple[Tensor, Tensor]:
    # all u_t at once: none of them waits for another
    u = beta[..., None] * _error(einsum("bhkv,bthk->bthv", start, k), k, v, norm)
    # W_t^T q_t = W^T q_t + sum over i <= t of (q_t . k_i) u_i : no W_t is ever formed
    scores = einsum("bthk,bshk->bhts", q, k).tril()
    z = einsum("bhkv,bthk->bthv", W, q) + einsum("bhts,bshv->bthv", scores, u)
    return _answer(z, q, norm), W + einsum("bthk,bthv->bhkv", k, u)


def test_time_training_layer(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    beta: Tensor,
    state: State | None = None,
    *,
    form: str = "chunkwise",
    batch: int = 4,
    norm: bool = False,
) -> tuple[Tensor, State]:
    """Return outputs o (B, T, H, V) and the state: weights before the mini-batch, weights now, place in it."""
    B, T, H, K = k.shape
    assert q.shape == k.shape
    assert v.shape[:3] == beta.shape == (B, T, H)
    assert not norm or v.shape == k.shape
    zero = v.new_zeros(B, H, K, v.shape[-1])
    start, W, place = (zero, zero, 0) if state is None else state

    train = {"recurrent": _recurrent, "chunkwise": _chunkwise}[form]
    outputs, t = [], 0
    while t < T:
        now = slice(t, t + batch - place)
        o, W = train(q[:, now], k[:, now], v[:, now], beta[:, now], start, W, norm)
        outputs.append(o)
        t, place = t + o.shape[1], place + o.shape[1]
        if place == batch:
            # the mini-batch is over: from here on gradients are taken at the new weights
            start, place = W, 0
    return torch.cat(outputs, dim=1), (start, W, place)
