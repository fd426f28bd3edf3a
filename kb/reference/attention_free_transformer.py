r"""Attention-free transformer: each channel averages its values by its own keys and a bias for every pair of places.

Paper       Zhai et al. (2021), arXiv:2105.14103 -- section 3
Idea        Weigh a value by its key and its place, never by the query; the query only opens or closes what comes
            out.
Equation    $$ o_t = \sigma(q_t) \odot \frac{\sum_{i \le t} e^{k_i + w_{ti}} \odot v_i}
            {\sum_{i \le t} e^{k_i + w_{ti}}}, \qquad w_{ti} = 0 \text{ for } t - i \ge \mathrm{window} $$
Shapes      q, k, v, o (B, T, H, K): V is K, and every channel is a head; bias w (T, T), the same for all channels
Form        mixer
Gates       bias (T, T) -1..1 (bias=0 gives attention-free-transformer with window=0)
Parameters  form = parallel of parallel | recurrent;
            window = 512 in 0..512 (window=0 gives AFT-simple, which has no biases)
Assumes     causal. Beyond the window the bias is zero, but keys and values are read all the same: local is the bias,
            not the view. A window of T or more is AFT-full
Cost        parallel: time and memory O(T^2 K); recurrent: time O(T window K) and memory O(T K), or, without biases,
            time O(T K) with two sums and a maximum a channel for a state
Parents     multi-head-attention -- one head a channel, q . k in the place of k_i + w_ti; linear-attention --
            positive features of the keys and sums over the past, but a matrix for a state and queries inside the
            quotient
Leaves out  the matrix of biases as a product of two of rank 128; one kernel a head for the biases (AFT-conv); the
            maps that make q, k and v
Checked     the quotient token by token and channel by channel in float64, with gradients; both forms, every window;
            wkv of the shipped RWKV-4 with its decay as bias; keys of 3000; one token. Mutants killed: view cut at
            the window, bias transposed, window one too long, no sigmoid, q in the exponent, the future seen, sums
            not rescaled, e^w for e^w - 1
"""

import torch
from torch import Tensor


def _parallel(k: Tensor, v: Tensor, bias: Tensor, window: int) -> Tensor:
    t = torch.arange(k.shape[1], device=k.device)
    age = t[:, None] - t
    # w_ti = 0 for t - i >= window, minus infinity for the future
    bias = torch.where(age < window, bias, 0).masked_fill(age < 0, float("-inf"))
    # k_i + w_ti for every t, every i and every channel : (B, T, T, H, K)
    logits = k[:, None] + bias[..., None, None]
    # e^{k_i + w_ti} over its sum : a softmax over i, in each channel by itself
    return (logits.softmax(dim=2) * v[:, None]).sum(dim=2)


def _recurrent(k: Tensor, v: Tensor, bias: Tensor, window: int) -> Tensor:
    # both sums are carried divided by e^top, where top is the largest key so far
    top, a, b = k[:, 0], torch.zeros_like(k[:, 0]), torch.zeros_like(k[:, 0])
    outputs = []
    for t in range(k.shape[1]):
        last, top = top, torch.maximum(top, k[:, t])
        fade, new = (last - top).exp(), (k[:, t] - top).exp()
        # sum_i e^{k_i} v_i and sum_i e^{k_i} : what AFT-simple needs, one step each
        a, b = fade * a + new * v[:, t], fade * b + new
        # inside the window e^{k_i + w} is e^{k_i} (1 + (e^w - 1)) : add what the bias adds
        near = slice(max(0, t + 1 - window), t + 1)
        more = bias[t, near].expm1()[:, None, None] * (k[:, near] - top[:, None]).exp()
        outputs.append((a + (more * v[:, near]).sum(dim=1)) / (b + more.sum(dim=1)))
    return torch.stack(outputs, dim=1)


def attention_free_transformer(
    q: Tensor, k: Tensor, v: Tensor, bias: Tensor, *, form: str = "parallel", window: int = 512
) -> Tensor:
    """Return outputs o (B, T, H, K)."""
    B, T, H, K = k.shape
    V = v.shape[-1]
    assert V == K, "every channel of v has its own key: V must be K"
    assert q.shape == k.shape
    assert v.shape[:3] == (B, T, H)
    assert bias.shape == (T, T)

    average = {"parallel": _parallel, "recurrent": _recurrent}[form]
    # sigma(q_t) : the query never meets a key
    return q.sigmoid() * average(k, v, bias, window)
