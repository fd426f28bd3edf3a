"""The attention-free transformer: what its windows hide, what is left without biases, and wkv as a case of it."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.mixers import relative_with_gradients
from kb.claims.smallest import find_smallest
from kb.records import Evidence, Example

if TYPE_CHECKING:
    from torch import Tensor

    Sides = tuple[Tensor, Tensor]

_TOKENS, _WINDOW = 7, 3


def _check_forms(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst difference between the subject and both forms, with and without a window, gradients too."""
    inputs = (*draw.normal(3, 2, _TOKENS, 2, 3), draw.normal(_TOKENS, _TOKENS))
    apart = []
    for form, window in (("parallel", _WINDOW), ("recurrent", _WINDOW), ("recurrent", 0), ("parallel", 512)):
        shipped, expected = partial(_aft, form=form, window=window), partial(subject, window)
        if window == _WINDOW:
            apart.append(relative_with_gradients(shipped, expected, *inputs))
        else:
            apart.append(relative(shipped(*inputs), expected(*inputs)))
    return Measurement(find_worst(apart))


def _aft(
    q: "Tensor", k: "Tensor", v: "Tensor", bias: "Tensor", form: str = "parallel", window: int = 512
) -> "Tensor":
    from kb.reference.attention_free_transformer import attention_free_transformer

    return attention_free_transformer(q, k, v, bias, form=form, window=window)


def _quotient(window: int, q: "Tensor", k: "Tensor", v: "Tensor", bias: "Tensor", slip: str = "") -> "Tensor":
    """Return the printed quotient: weights e^{k_i + w_ti} for i <= t, the bias being zero beyond the window.

    Parameters
    ----------
    slip : what is done wrongly: the view ends with the window ("cut"), the bias is "transposed", the query is
           "within" the exponent instead of outside, or it is left "out", or the window is one token too "long"
    """
    import torch

    t = torch.arange(q.shape[1])
    age = t[:, None] - t
    bias = torch.where(age < window + (slip == "long"), bias.T if slip == "transposed" else bias, 0)
    seen = (age >= 0) & (age < max(window, 1)) if slip == "cut" else age >= 0
    weight = (k[:, None] + (q[:, :, None] if slip == "within" else 0) + bias[..., None, None]).exp()
    weight = weight * seen[..., None, None]
    # in each channel by itself
    average = torch.einsum("btshk,bshk->bthk", weight, v) / weight.sum(dim=2)
    return average if slip in ("within", "out") else q.sigmoid() * average


def _check_windows(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the two sides that the subject returns are apart."""
    return Measurement(relative(*subject(*draw.normal(3, 2, _TOKENS, 2, 3), draw.normal(_TOKENS, _TOKENS))))


def _window_cuts(q: "Tensor", k: "Tensor", v: "Tensor", bias: "Tensor", window: int = 2) -> "Sides":
    """Return AFT-local, and what it gives where tokens beyond the window are not read."""
    return _aft(q, k, v, bias, window=window), _quotient(window, q, k, v, bias, "cut")


def _silent_far_keys(q: "Tensor", k: "Tensor", v: "Tensor", bias: "Tensor") -> "Sides":
    import torch

    # one answer is asked for, that of the last token, and keys further back than the window have no weight
    far = torch.arange(_TOKENS) < _TOKENS - 2
    k = k.masked_fill(far[None, :, None, None], -200)
    found, expected = _window_cuts(q, k, v, bias)
    return found[:, -1], expected[:, -1]


def _search(subject: Subject) -> Example | None:
    import torch

    def run(inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        # queries of zero open every channel by one half; biases of zero
        x = inputs["v"]
        local, cut = subject(0 * x, inputs["k"], x, torch.zeros(x.shape[1], x.shape[1], dtype=x.dtype))
        return {"AFT-local, window 2": local, "tokens beyond it unread": cut}

    return find_smallest(run, [{"k": (T, 1, 1), "v": (T, 1, 1)} for T in (1, 2, 3)], (0, 1, 2))


def _check_simple(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst difference between the subject and AFT-simple, both forms, behind its gate."""
    import torch

    q, k, v = draw.normal(3, 2, _TOKENS, 2, 3)
    some, none = draw.normal(_TOKENS, _TOKENS), torch.zeros(_TOKENS, _TOKENS, dtype=q.dtype)
    found = subject(k, v)
    shipped = _aft(q, k, v, some, "recurrent", 0), _aft(q, k, v, none), _aft(q, k, v, some, "parallel", 0)
    return Measurement(find_worst(relative(q.sigmoid() * one, gated) for gated in shipped for one in found))


def _channel_by_channel(
    k: "Tensor", v: "Tensor", query: float = 1.0, root: bool = False, features: str = "exp"
) -> "list[Tensor]":
    """Return softmax attention with a head a channel and a constant query, and quotients of sums of e^k v and e^k."""
    from kb.reference.fast_weight_programmer import fast_weight_programmer
    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    B, T, H, K = k.shape
    one, value = (x.reshape(B, T, H * K, 1) for x in (k, v))
    softmax, _ = scaled_dot_product_attention(query * (one * 0 + 1) / (K**0.5 if root else 1), one, value)
    weight = one.exp() if features == "exp" else one.sigmoid()
    sums = [fast_weight_programmer(0 * one + 1, weight, it)[0] for it in (value, 0 * value + 1)]
    return [softmax.reshape(v.shape), (sums[0] / sums[1]).reshape(v.shape)]


def _heads_as_they_are(k: "Tensor", v: "Tensor") -> "list[Tensor]":
    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    return [scaled_dot_product_attention(0 * k + 1, k, v)[0]]


def _unnormalised(k: "Tensor", v: "Tensor") -> "list[Tensor]":
    return [(k.exp() * v).cumsum(dim=1)]


def _check_wkv(subject: Subject, draw: Draw) -> Measurement:
    """Measure the worst difference between the subject and wkv, both forms, in channels of their own pace."""
    from kb.reference.rwkv_4 import wkv_parallel, wkv_recurrent

    k, v = draw.normal(2, 2, _TOKENS, 3)
    decay, first, zero = draw.uniform(-3, 1, 3), draw.normal(3), k.new_zeros(2, 3)
    found = subject(k, v, decay, first)
    looped, _ = wkv_recurrent(k, v, decay, first, (zero, zero, zero - 1e38))
    return Measurement(find_worst([relative(found, wkv_parallel(k, v, decay, first)), relative(found, looped)]))


def _decaying_bias(k: "Tensor", v: "Tensor", decay: "Tensor", first: "Tensor", slip: str = "") -> "Tensor":
    """Return AFT's average, a channel at a time: its biases are -(t - 1 - i) e^decay for i < t, and u for i = t.

    Parameters
    ----------
    slip : what is done wrongly: the token before fades "already", the pace is taken "raw", or there is no "bonus"
    """
    import torch

    t = torch.arange(k.shape[1])
    age = (t[:, None] - t).to(k.dtype)
    outputs = []
    for channel in range(k.shape[2]):
        pace = decay[channel] if slip == "raw" else decay[channel].exp()
        bias = -(age - (0 if slip == "already" else 1)) * pace
        if slip != "bonus":
            bias = torch.where(age == 0, first[channel], bias)
        one = slice(channel, channel + 1)
        # a query of zero opens the channel by one half
        outputs.append(2 * _aft(0 * k[:, :, None, one], k[:, :, None, one], v[:, :, None, one], bias)[:, :, 0])
    return torch.cat(outputs, dim=-1)


_PAPER = "arxiv:2105.14103"
_INPUTS = "standard normal q, k, v and biases; B 2, T 7, H 2, K 3; "

CLAIMS = (
    Claim(
        id="the-attention-free-transformer-is-a-quotient-in-each-channel",
        statement=(
            "The attention-free transformer over all pairs and token by token, full, in a window and without biases, "
            "is one quotient in each channel, of values weighed by the exponential of key and bias; the query opens "
            "and closes what comes out."
        ),
        kind="equality",
        between=("attention-free-transformer",),
        evidence=Evidence(_PAPER, "Section 3"),
        inputs=_INPUTS + "windows of 0, 3 and all; float64 and float32",
        equation=(
            r"o_t = \sigma(q_t) \odot \frac{\sum_{i \le t} e^{k_i + w_{ti}} v_i}"
            r"{\sum_{i \le t} e^{k_i + w_{ti}}}"
        ),
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Means of seven values with the same weights.",
        family="recurrence",
        check=_check_forms,
        subject=_quotient,
        wrong_variants={
            "tokens beyond the window unread": partial(_quotient, slip="cut"),
            "the bias transposed": partial(_quotient, slip="transposed"),
            "the query within the exponent": partial(_quotient, slip="within"),
            "no gate": partial(_quotient, slip="out"),
            "the window one token too long": partial(_quotient, slip="long"),
        },
        executes=("attention-free-transformer",),
    ),
    Claim(
        id="aft-local-reads-nothing-beyond-its-window",
        statement="AFT-local is local attention: what stands further back than its window has no part in the answer.",
        kind="separation",
        between=("sliding-window-attention", "attention-free-transformer"),
        evidence=Evidence(_PAPER, "Section 3, AFT-local"),
        inputs=_INPUTS + "window 2; float64",
        equation=r"w_{ti} = 0 \;\neq\; w_{ti} = -\infty \quad \text{for } t - i \ge \mathrm{window}",
        bound=1e-12,
        why_bound="Were the view cut, both sides would be means of the same values.",
        pitfall="Only the bias ends with the window. A sequence no longer than the window cannot tell.",
        family="recurrence",
        check=_check_windows,
        subject=_window_cuts,
        wrong_variants={
            "a window as long as the sequence": partial(_window_cuts, window=_TOKENS),
            "keys beyond the window at -200": _silent_far_keys,
        },
        executes=("attention-free-transformer",),
        expected="refuted",
        smallest=_search,
    ),
    Claim(
        id="aft-simple-is-attention-with-a-head-a-channel",
        statement=(
            "Without biases, behind its gate, the attention-free transformer is softmax attention with a head for "
            "every channel and a query of one; and the quotient of two running sums, of e^k v and of e^k, which is "
            "linear attention with the exponential for its features."
        ),
        kind="reduction",
        between=("multi-head-attention", "linear-attention", "attention-free-transformer"),
        evidence=Evidence(_PAPER, "Section 3, AFT-simple"),
        inputs=_INPUTS + "float64 and float32",
        equation=r"w = 0: \quad o_t = \sigma(q_t) \odot \frac{\sum_{i \le t} e^{k_i} v_i}{\sum_{i \le t} e^{k_i}}",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Means of at most seven values with the same weights.",
        pitfall="A head of a single channel has a root of one to divide by.",
        family="recurrence",
        check=_check_simple,
        subject=_channel_by_channel,
        wrong_variants={
            "heads of three channels": _heads_as_they_are,
            "divided by the root of three": partial(_channel_by_channel, root=True),
            "queries of two": partial(_channel_by_channel, query=2.0),
            "the sigmoid for a feature": partial(_channel_by_channel, features="sigmoid"),
            "without the denominator": _unnormalised,
        },
        executes=("attention-free-transformer", "scaled-dot-product-attention", "fast-weight-programmer"),
    ),
    Claim(
        id="wkv-is-the-attention-free-transformer-with-a-decay-for-its-biases",
        statement=(
            "RWKV-4's wkv, in both forms, is the attention-free transformer's average, a channel at a time, whose "
            "biases are the channel's pace times minus the number of tokens between, and a bonus for the token "
            "itself."
        ),
        kind="reduction",
        between=("attention-free-transformer", "rwkv-4"),
        evidence=Evidence("arxiv:2305.13048", "Section 3, equation 16"),
        inputs="normal k, v and bonus, logarithms of paces -3 to 1; B 2, T 7, D 3; float64 and float32",
        equation=r"w_{ti} = -(t - 1 - i)\, e^{\mathrm{decay}} \text{ for } i < t, \qquad w_{tt} = u",
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Means of at most seven values with the same weights.",
        pitfall="The receptance, which plays the part of AFT's gate, is applied outside of wkv.",
        papers=(_PAPER,),
        family="recurrence",
        check=_check_wkv,
        subject=_decaying_bias,
        wrong_variants={
            "the token before fades already": partial(_decaying_bias, slip="already"),
            "the pace not exponentiated": partial(_decaying_bias, slip="raw"),
            "no bonus": partial(_decaying_bias, slip="bonus"),
        },
        executes=("rwkv-4", "attention-free-transformer"),
    ),
)
