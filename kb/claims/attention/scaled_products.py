"""Scaled dot-product attention: a mean of values, a smoother of 1964, and one step of a Hopfield network."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.claims.mixers import relative_with_gradients, run_in_parts
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

_QUERIES = 2000


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject against a loop over single queries, gradients too."""
    q, k, v = (draw.normal(2, 6, 2, width) for width in (4, 4, 3))
    return Measurement(relative_with_gradients(subject, _query_by_query, q, k, v))


def _query_by_query(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    import torch

    outputs = []
    for t in range(q.shape[1]):
        weight = ((q[:, t, None] * k[:, : t + 1]).sum(dim=-1) / q.shape[-1] ** 0.5).exp()
        outputs.append((weight[..., None] * v[:, : t + 1]).sum(dim=1) / weight.sum(dim=1)[..., None])
    return torch.stack(outputs, dim=1)


def _attend(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    return run_in_parts(scaled_dot_product_attention, q, k, v)


def _without_root(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    return _attend(q * k.shape[-1] ** 0.5, k, v)


def _by_the_size(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    return _attend(q / k.shape[-1] ** 0.5, k, v)


def _others_only(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    import torch

    # every query sees the token before its own and none after it; the first sees itself
    earlier_k, earlier_v = (torch.cat([one[:, :1], one[:, :-1]], dim=1) for one in (k, v))
    return _attend(q, earlier_k, earlier_v)


def _normalised_over_queries(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    import torch

    scores = torch.einsum("bthk,bshk->bhts", q, k) / q.shape[-1] ** 0.5
    future = torch.ones(q.shape[1], q.shape[1], dtype=torch.bool).triu(1)
    shares = scores.masked_fill(future, -torch.inf).softmax(dim=-2)
    return torch.einsum("bhts,bshv->bthv", shares, v)


def _unmasked(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    return scaled_dot_product_attention(q, k, v, causal=False)[0]


def _check_smoother(subject: Subject, draw: Draw) -> Measurement:
    """Measure attention against Nadaraya and Watson's quotient of sums with the subject's kernel."""
    q, k, v = draw.normal(2, 5, 2, 4), 2 * draw.normal(2, 7, 2, 4), draw.normal(2, 7, 2, 3)
    q, k = q / q.norm(dim=-1, keepdim=True), k / k.norm(dim=-1, keepdim=True)
    kernel = subject(q[:, :, None], k[:, None])
    smoothed = (kernel[..., None] * v[:, None]).sum(dim=2) / kernel.sum(dim=2)[..., None]
    return Measurement(relative(smoothed, _unmasked(q, k, v)))


def _exponential(q: "Tensor", k: "Tensor") -> "Tensor":
    similarity: Tensor = ((q * k).sum(dim=-1) / q.shape[-1] ** 0.5).exp()
    return similarity


def _gaussian(q: "Tensor", k: "Tensor") -> "Tensor":
    """Return exp(-|q - k|^2 / 2 sqrt(d)), a bell curve around every key; on keys of one length it is attention's."""
    near: Tensor = (-(q - k).square().sum(dim=-1) / 2 / q.shape[-1] ** 0.5).exp()
    return near


def _narrow_gaussian(q: "Tensor", k: "Tensor") -> "Tensor":
    near: Tensor = (-(q - k).square().sum(dim=-1) / 2).exp()
    return near


def _laplace(q: "Tensor", k: "Tensor") -> "Tensor":
    near: Tensor = (-(q - k).norm(dim=-1) / q.shape[-1] ** 0.5).exp()
    return near


def _positive_products(q: "Tensor", k: "Tensor") -> "Tensor":
    weight: Tensor = 1 + (q * k).sum(dim=-1) / q.shape[-1] ** 0.5
    return weight


def _check_variance(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the variance of the logits is from one, the worse of two key sizes.

    With the values (1, 0) and (0, 1) a query's output is its two shares: the difference of their logarithms is that
    of two logits, whose variance is twice that of one.
    """
    import torch

    apart = []
    for size in (4, 64):
        q, k = draw.normal(_QUERIES, 1, 1, size), draw.normal(_QUERIES, 2, 1, size)
        shares = subject(q, k, torch.eye(2, dtype=q.dtype)[:, None].expand(_QUERIES, 2, 1, 2)).log()
        apart.append(abs(float((shares[..., 0] - shares[..., 1]).var()) / 2 - 1))
    return Measurement(find_worst(apart), f"off by {apart[0]:.2g} at keys of size 4, by {apart[1]:.2g} at 64")


def _without_root_unmasked(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    return _unmasked(q * k.shape[-1] ** 0.5, k, v)


def _by_the_size_unmasked(q: "Tensor", k: "Tensor", v: "Tensor") -> "Tensor":
    return _unmasked(q / k.shape[-1] ** 0.5, k, v)


CLAIMS = (
    Claim(
        id="scaled-dot-product-attention-is-a-mean-of-values-seen-so-far",
        statement=(
            "Each output of scaled dot-product attention is a mean of the values up to its own token, weighted by "
            "the exponentials of the products of its query with their keys over the root of the key size. Read in "
            "parts, with the keys and values so far as state, it is the same function."
        ),
        kind="equality",
        between=("multiplicative-attention", "scaled-dot-product-attention"),
        evidence=Evidence("arxiv:1706.03762", "Section 3.2.1, equation 1"),
        inputs="standard normal q, k, v; B 2, T 6, H 2, K 4, V 3; run in three parts; float64 and float32, gradients",
        equation=(
            r"o_t = \frac{\sum_{s \le t} e^{q_t^\top k_s / \sqrt{d_k}}\, v_s}"
            r"{\sum_{s \le t} e^{q_t^\top k_s / \sqrt{d_k}}}"
        ),
        bound=1e-12,
        bound_single=1e-4,
        why_bound="Quotients of sums of at most six terms, by other operations: rounding is near 1e-15.",
        pitfall=(
            "Libraries' causal flag lines the mask up with the first keys; with a state the queries are the last."
        ),
        family="attention",
        check=_check,
        subject=_attend,
        wrong_variants={
            "without the root": _without_root,
            "divided by the key size itself": _by_the_size,
            "all tokens seen": _unmasked,
            "the token before in the place of one's own": _others_only,
            "softmax over the queries": _normalised_over_queries,
        },
        executes=("scaled-dot-product-attention",),
    ),
    Claim(
        id="attention-over-keys-of-one-length-is-a-gaussian-smoother",
        statement=(
            "Attention is the kernel smoother of Nadaraya and Watson. Its kernel is the exponential of the scaled "
            "product; where all keys have one length, the bell curve of the distance between query and key, of "
            "variance the root of the key size, gives the same."
        ),
        kind="equality",
        between=("scaled-dot-product-attention", "kernel-smoother-attention"),
        evidence=Evidence("arxiv:1908.11775", "Section 2"),
        inputs="normal values, unit queries and keys in random directions; B 2, T 5, S 7, H 2, K 4, V 3; float64",
        equation=r"e^{-\|q - k\|^2 / 2\sqrt{d}} = e^{-(\|q\|^2 + \|k\|^2) / 2\sqrt{d}}\; e^{q^\top k / \sqrt{d}}",
        bound=1e-12,
        why_bound="The factor of |q| and |k| cancels in the quotient but for rounding, near 1e-15.",
        pitfall="Keys of different lengths carry factors of their own: long keys then weigh more than near ones.",
        family="attention",
        check=_check_smoother,
        subject=_gaussian,
        wrong_variants={
            "a bell curve of variance one": _narrow_gaussian,
            "the exponential of the distance": _laplace,
            "products without an exponential": _positive_products,
        },
        executes=("scaled-dot-product-attention",),
    ),
    Claim(
        id="the-root-of-the-key-size-gives-logits-of-variance-one",
        statement=(
            "Of queries and keys with independent entries of variance one, the logits of scaled dot-product "
            "attention have variance one whatever the key size; without the root they have the key size for "
            "variance."
        ),
        kind="scaling",
        between=("multiplicative-attention", "scaled-dot-product-attention"),
        evidence=Evidence("arxiv:1706.03762", "Section 3.2.1, the footnote on the variance of products"),
        inputs="standard normal q and k, two keys a query; 2000 queries; K 4 and 64; float64",
        equation=r"\operatorname{var}\big(q^\top k / \sqrt{d_k}\big) = 1",
        bound=0.3,
        why_bound=(
            "The variance of 2000 differences scatters by the root of (kurtosis - 1) / 2000, five per cent at K 4 "
            "and three at K 64: the bound is six of these. The other readings are off by three quarters and more."
        ),
        pitfall="It is a statement on random vectors: queries and keys that were trained are not independent.",
        family="attention",
        check=_check_variance,
        subject=_unmasked,
        wrong_variants={
            "without the root": _without_root_unmasked,
            "divided by the key size itself": _by_the_size_unmasked,
        },
        executes=("scaled-dot-product-attention",),
    ),
)
